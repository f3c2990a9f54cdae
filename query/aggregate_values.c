/* aggregate_values.c - count_values("label", …): a row for each value of a group. */
#include "query/eval_aggregate.h"

#include "base/num.h"

#include <sys/types.h>

struct counted {
	uint32_t key;
	double value; /* one NaN stands for all */
};

struct counting {
	struct grouping *g;
	bool unlabelled; /* `without` takes the label away again */
	struct counted *rows;
	size_t n, room;
	uint32_t *slots; /* row + 1 */
	size_t mask;
};

static uint64_t hash_of(const struct counted *c)
{
	uint64_t bits;

	/* Of doubles the high bits differ, of a table's places the low ones. */
	memcpy(&bits, &c->value, sizeof(bits));
	bits = (bits ^ c->key * 0xd6e8feb86659fd93u) * 0x9e3779b97f4a7c15u;
	bits = (bits ^ bits >> 32) * 0x9e3779b97f4a7c15u;
	return bits ^ bits >> 29;
}

static int grow(struct counting *c, struct err *e)
{
	size_t size = c->mask ? 2 * (c->mask + 1) : 64;
	uint32_t *slots;

	if (2 * (c->n + 1) <= c->mask)
		return 0;
	slots = eval_alloc(c->g->ev, size, sizeof(*slots), e);
	if (!slots)
		return -1;
	for (size_t i = 0; i < c->n; i++) {
		size_t at = hash_of(&c->rows[i]) & (size - 1);

		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = (uint32_t)i + 1;
	}
	c->slots = slots;
	c->mask = size - 1;
	return 0;
}

/* The row of a value in a group, made when there is none. -1 on error. */
static ssize_t row_of(struct counting *c, uint32_t key, double v, struct err *e)
{
	struct counted want = { key, isnan(v) ? NAN : v };
	size_t at;

	if (grow(c, e) < 0)
		return -1;
	for (at = hash_of(&want) & c->mask; c->slots[at]; at = (at + 1) & c->mask) {
		const struct counted *r = &c->rows[c->slots[at] - 1];

		if (r->key == key && num_same(r->value, want.value))
			return (ssize_t)c->slots[at] - 1;
	}
	if (c->n == c->room) {
		struct counted *more = arena_grow(c->g->ev->arena, c->rows, c->n, &c->room,
						  c->n + 1, sizeof(*more));

		if (!more)
			return eval_full(c->g->ev, e);
		c->rows = more;
	}
	c->rows[c->n++] = want;
	c->slots[at] = (uint32_t)c->n;
	return (ssize_t)c->n - 1;
}

static bool takes_away(const struct node_aggregate *a, struct slice label)
{
	if (a->without && slice_is(label, LABEL_NAME))
		return true;
	for (size_t i = 0; a->without && i < a->nlabels; i++)
		if (slice_eq(a->labels[i], label))
			return true;
	return false;
}

static int head_of(struct counting *c, const struct counted *row, struct slice label,
		   const struct head *group, struct head *out, struct err *e)
{
	struct arena *a = c->g->ev->arena;
	struct label l[LABELS_MAX];
	char text[NUM_TEXT];
	struct slice value;
	size_t n = 0, at = 0;

	*out = *group;
	if (c->unlabelled)
		return 0;
	num_print(row->value, text);
	value = arena_slice(a, slice_str(text));
	if (!value.p)
		return eval_full(c->g->ev, e);
	for (uint32_t i = 0; i < group->labels->n; i++)
		if (!slice_eq(group->labels->l[i].name, label))
			l[n++] = group->labels->l[i];
	if (n == LABELS_MAX)
		return eval_fail(c->g->ev, e, "more than %d labels", LABELS_MAX);
	while (at < n && slice_cmp(l[at].name, label) < 0)
		at++;
	memmove(&l[at + 1], &l[at], (n - at) * sizeof(*l));
	l[at] = (struct label){ label, value };
	out->labels = labels_in_arena(a, l, n + 1);
	return out->labels ? 0 : eval_full(c->g->ev, e);
}

/* Which row each value of the input counts for; in place, as numbers of rows. */
static int find_rows(struct counting *c, uint32_t *which, struct err *e)
{
	const struct vector *v = c->g->rows;

	for (size_t i = 0; i < v->n; i++) {
		if (eval_alive(c->g->ev, e) < 0)
			return -1;
		for (size_t k = 0; k < v->width; k++) {
			double x = v->values[i * v->width + k];
			ssize_t row = -1;

			if (!is_absent(x)) {
				row = row_of(c, c->g->by.key[i], c->unlabelled ? 0 : x, e);
				if (row < 0)
					return -1;
			}
			which[i * v->width + k] = (uint32_t)row;
		}
	}
	return 0;
}

static void count_row(const uint32_t *which, size_t width, double *values)
{
	for (size_t k = 0; k < width; k++) {
		double *to;

		if (which[k] == UINT32_MAX)
			continue;
		to = &values[which[k] * width + k];
		*to = is_absent(*to) ? 1 : *to + 1;
	}
}

int aggregate_values(struct grouping *g, struct slice label, struct vector *out, struct err *e)
{
	struct counting c = { .g = g, .unlabelled = takes_away(&g->node->aggregate, label) };
	struct head *groups = eval_alloc(g->ev, g->keys.n, sizeof(*groups), e);
	const struct vector *v = g->rows;
	uint32_t *which;
	double *values;

	if (!groups || group_heads(g, groups, e) < 0 ||
	    vector_materialize(g->ev, g->rows, false, e) < 0)
		return -1;
	which = eval_alloc(g->ev, v->n * v->width, sizeof(*which), e);
	if (!which || find_rows(&c, which, e) < 0 ||
	    vector_new(g->ev, c.n, v->width, out, &values, e) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		if (head_of(&c, &c.rows[i], label, &groups[c.rows[i].key], &out->heads[i], e) < 0)
			return -1;
	for (size_t i = 0; i < v->n; i++)
		count_row(which + i * v->width, v->width, values);
	return vector_merge_equal(g->ev, out, e);
}
