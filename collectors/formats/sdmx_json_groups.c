/*
 * sdmx_json_groups.c - see sdmx_json_groups.h.
 */
#include "collectors/formats/sdmx_json_groups.h"

bool sj_key_read(struct slice text, bool any, struct sj_key *out)
{
	const char *p = text.p, *end = p + text.n;

	for (out->n = 0; out->n < SDMX_COLUMNS_MAX; p++) {
		const char *from = p;
		int32_t v = 0;

		for (; p < end && *p >= '0' && *p <= '9' && p - from < 9; p++)
			v = v * 10 + (*p - '0');
		if (p == from && !any)
			return false;
		out->at[out->n++] = p == from ? SJ_ANY : v;
		if (p == end)
			return true;
		if (*p != ':')
			return false;
	}
	return false;
}

void sj_groups_release(struct sj_groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		map_release(&g->kinds[i]->groups);
	g->n = 0;
}

static struct slice indices_of(const struct sj_kind *k, const struct sj_key *key, int32_t *out)
{
	for (size_t i = 0; i < k->n; i++)
		out[i] = key->at[k->slots[i]];
	return slice_of((const char *)out, k->n * sizeof(*out));
}

static struct sj_kind *kind_of(struct sj_groups *g, const struct sj_key *key, struct arena *a,
			       struct err *e)
{
	struct sj_kind *k = arena_new(a, struct sj_kind);

	if (!k || g->n == SJ_KINDS_MAX) {
		err_set(e, ERR_LIMIT, k ? "more than %d kinds of groups" : "no room for groups",
			SJ_KINDS_MAX);
		return NULL;
	}
	for (size_t i = 0; i < key->n; i++)
		if (key->at[i] != SJ_ANY)
			k->slots[k->n++] = (uint16_t)i;
	for (size_t i = 0; i < g->n; i++)
		if (g->kinds[i]->n == k->n &&
		    memcmp(g->kinds[i]->slots, k->slots, k->n * sizeof(*k->slots)) == 0)
			return g->kinds[i];
	map_init(&k->groups);
	g->kinds[g->n++] = k;
	return k;
}

int sj_groups_add(struct sj_groups *g, const struct sj_key *key, struct sj_group_value *values,
		  struct arena *a, struct err *e)
{
	int32_t indices[SDMX_COLUMNS_MAX];
	struct arena_mark mark = arena_mark(a);
	size_t n = g->n;
	struct sj_kind *k = kind_of(g, key, a, e);
	struct slice text;

	if (!k)
		return -1;
	if (g->n == n)
		arena_reset(a, mark);
	text = indices_of(k, key, indices);
	text = arena_slice(a, text);
	if (!text.p)
		return err_set(e, ERR_LIMIT, "no room for groups");
	return map_put(&k->groups, text, values, e);
}

void sj_groups_fill(const struct sj_groups *g, const struct sj_key *key, struct sdmx_table *t)
{
	int32_t indices[SDMX_COLUMNS_MAX];

	for (size_t i = 0; i < g->n; i++) {
		const struct sj_kind *k = g->kinds[i];
		const struct sj_group_value *v = map_get(&k->groups, indices_of(k, key, indices));

		for (; v; v = v->next) {
			if (t->values[v->column].text.p)
				continue;
			sdmx_table_put(t, v->column, v->text, 0, 0);
			t->values[v->column].name = v->name;
		}
	}
}
