/*
 * names.c - finding things by what people call them.
 *
 * A table from keys (text_key(): one width, one case, no blanks) to lists of
 * names, since two units may have borne one name in turn. What is not found is
 * compared with every name, so that a complaint can say what was meant.
 */
#include "catalogue/private.h"

#include "base/text.h"

void names_init(struct names *t, struct arena *a)
{
	*t = (struct names){ .arena = a };
	map_init(&t->by_key);
}

void names_release(struct names *t)
{
	map_release(&t->by_key);
}

const struct name *names_add(struct names *t, const struct name *n, struct err *e)
{
	struct name *kept = arena_new(t->arena, struct name), *first;
	char shown[TEXT_SHOWN];
	struct name **all;

	all = arena_grow(t->arena, t->all, t->n, &t->cap, t->n + 1, sizeof(struct name *));
	if (all)
		t->all = all;
	if (!kept || !all) {
		err_set(e, ERR_MEMORY, "no memory for the names");
		return NULL;
	}
	*kept = *n;
	kept->next = NULL;
	if (name_key(slice_str(n->text), t->arena, &kept->key, e) < 0)
		return NULL;
	if (kept->key.n == 0) {
		err_set(e, ERR_INVALID, "%s is no name", text_shown(slice_str(n->text), shown));
		return NULL;
	}
	first = map_get(&t->by_key, kept->key);
	if (first) {
		kept->next = first->next;
		first->next = kept;
	} else if (map_put(&t->by_key, kept->key, kept, e) < 0) {
		return NULL;
	}
	t->all[t->n++] = kept;
	return kept;
}

int name_key(struct slice text, struct arena *a, struct slice *key, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (utf8_bad_at(text) >= 0)
		return err_set(e, ERR_INVALID, "%s is not UTF-8", text_shown(text, shown));
	*key = text_key(text, a);
	return key->p ? 0 : err_set(e, ERR_MEMORY, "no memory to look up a name");
}

const struct name *names_get(const struct names *t, struct slice key)
{
	return map_get(&t->by_key, key);
}

/* Whether there is a day on which both hold. */
bool validity_meets(struct validity a, struct validity b)
{
	if (a.to.year && b.from.year && date_cmp(a.to, b.from) < 0)
		return false;
	if (b.to.year && a.from.year && date_cmp(b.to, a.from) < 0)
		return false;
	return true;
}

/* --- the nearest ----------------------------------------------------------------- */

/* The characters of valid UTF-8; `max` + 1 when there are more. */
static size_t characters(struct slice s, uint32_t out[NEAR_CHARS])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; n++) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		uint32_t v = 0;

		if (n == NEAR_CHARS || len > s.n - i)
			return NEAR_CHARS + 1;
		for (size_t k = 0; k < len; k++)
			v = v << 8 | (unsigned char)s.p[i + k];
		out[n] = v;
		i += len;
	}
	return n;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours; three rows suffice. */
static unsigned distance(const uint32_t *a, size_t na, const uint32_t *b, size_t nb)
{
	unsigned rows[3][NEAR_CHARS + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *t;

	for (size_t j = 0; j <= nb; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		t = before;
		before = above;
		above = row;
		row = t;
	}
	return above[nb];
}

void nearest_init(struct nearest *m, struct slice want)
{
	*m = (struct nearest){ 0 };
	m->n = characters(want, m->want);
	/* Two characters with one wrong resemble half the dictionary. */
	m->limit = m->n > NEAR_CHARS ? 0 : (unsigned)(m->n / 3);
	m->best = m->limit + 1;
}

void nearest_offer(struct nearest *m, struct slice candidate, const char *text)
{
	uint32_t other[NEAR_CHARS];
	size_t n;
	unsigned d;

	if (m->limit == 0)
		return;
	n = characters(candidate, other);
	if (n > NEAR_CHARS || n + m->limit < m->n || m->n + m->limit < n)
		return;
	d = distance(m->want, m->n, other, n);
	if (d < m->best) {
		m->best = d;
		m->text = text;
	}
}

const char *names_nearest(const struct names *t, struct slice key)
{
	struct nearest m;

	nearest_init(&m, key);
	for (size_t i = 0; i < t->n; i++)
		nearest_offer(&m, t->all[i]->key, t->all[i]->text);
	return m.text;
}
