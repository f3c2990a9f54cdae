/*
 * eval_head.c - label sets of rows: what is seen of them once the name is dropped, and which rows
 * then are the same.
 */
#include "query/eval.h"
#include "query/lex.h"

#include <stdlib.h>

static const struct slice name_label = { LABEL_NAME, sizeof(LABEL_NAME) - 1 };

static bool goes_with_name(const struct eval *ev, struct slice label)
{
	if (slice_eq(label, name_label))
		return true;
	return (ev->features & FEATURE_TYPE_AND_UNIT) &&
	       (slice_is(label, "__type__") || slice_is(label, "__unit__"));
}

static bool name_is_gone(const struct eval *ev, const struct head *h)
{
	return h->drop_name && !(ev->features & FEATURE_DELAYED_NAME_REMOVAL);
}

bool head_hides(const struct eval *ev, const struct head *h, struct slice name)
{
	return name_is_gone(ev, h) && goes_with_name(ev, name);
}

struct slice head_label(const struct eval *ev, const struct head *h, struct slice name)
{
	return head_hides(ev, h, name) ? slice_of("", 0) : labels_get(h->labels, name);
}

struct slice head_name(const struct head *h)
{
	return labels_name(h->labels);
}

/* --- reading them --------------------------------------------------------------------- */

struct unread {
	uint32_t series, at;
};

static int by_series(const void *a, const void *b)
{
	const struct unread *x = a, *y = b;

	return x->series < y->series ? -1 : x->series > y->series;
}

static size_t find_unread(const struct head *heads, size_t n, struct unread *out)
{
	bool rising = true;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!heads[i].unread)
			continue;
		rising &= count == 0 || out[count - 1].series <= heads[i].series;
		out[count++] = (struct unread){ heads[i].series, (uint32_t)i };
	}
	if (!rising)
		qsort(out, count, sizeof(*out), by_series);
	return count;
}

static bool any_unread(const struct head *heads, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (heads[i].unread)
			return true;
	return false;
}

static bool is_among(const struct slice *names, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(names[i], name))
			return true;
	return false;
}

int heads_read(struct eval *ev, struct head *heads, size_t n, const struct slice *names,
	       size_t nnames, struct err *e)
{
	struct source *from = ev->source;
	const struct labels **ls;
	struct unread *list;
	uint32_t *ids;

	if (!any_unread(heads, n))
		return 0;
	list = eval_alloc(ev, n, sizeof(*list), e);
	ids = eval_alloc(ev, n, sizeof(*ids), e);
	ls = eval_alloc(ev, n, sizeof(*ls), e);
	if (!list || !ids || !ls)
		return -1;
	n = find_unread(heads, n, list);
	for (size_t i = 0; i < n; i++)
		ids[i] = list[i].series;
	if (from->f->labels(from, ids, n, names, nnames, ev->arena, ls, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct head *h = &heads[list[i].at];

		h->labels = ls[i];
		h->unread = nnames > 0;
		h->unnamed = nnames > 0 && !is_among(names, nnames, name_label);
	}
	return 0;
}

int heads_name(struct eval *ev, struct head *heads, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (heads[i].unnamed)
			return heads_read(ev, heads, n, &name_label, 1, e);
	return 0;
}

/* --- what is seen of them --------------------------------------------------------------- */

static const struct labels *without_name(const struct eval *ev, const struct labels *ls,
					 struct arena *a)
{
	struct label l[LABELS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < ls->n; i++)
		if (!goes_with_name(ev, ls->l[i].name))
			l[n++] = ls->l[i];
	return n == ls->n ? ls : labels_in_arena(a, l, n);
}

const struct labels *head_labels(const struct eval *ev, const struct head *h, struct arena *a)
{
	return name_is_gone(ev, h) ? without_name(ev, h->labels, a) : h->labels;
}

/* --- in messages ------------------------------------------------------------------------ */

void label_set_print(const struct labels *ls, struct buf *out)
{
	char text[2 * LABEL_VALUE_MAX_BYTES];

	buf_putc(out, '{');
	for (uint32_t i = 0; i < ls->n; i++) {
		struct slice name = ls->l[i].name;

		buf_puts(out, i ? ", " : "");
		if (label_name_is_plain(name)) {
			buf_slice(out, name);
		} else {
			quote(name, text, sizeof(text));
			buf_puts(out, text);
		}
		quote(ls->l[i].value, text, sizeof(text));
		buf_printf(out, "=%s", text);
	}
	buf_putc(out, '}');
}

/* --- rows that have become the same ------------------------------------------------------ */

/* Open addressing over seen label sets: which row a row is the same as. */
struct same {
	const struct labels **seen; /* by row */
	uint64_t *hash;             /* of them */
	uint32_t *slots;            /* row + 1 */
	size_t mask;
};

static uint32_t first_like(struct same *s, uint32_t row)
{
	size_t i = s->hash[row] & s->mask;

	for (; s->slots[i]; i = (i + 1) & s->mask) {
		uint32_t other = s->slots[i] - 1;

		if (s->hash[other] == s->hash[row] && labels_cmp(s->seen[other], s->seen[row]) == 0)
			return other;
	}
	s->slots[i] = row + 1;
	return row;
}

static int same_init(struct eval *ev, const struct vector *v, struct same *s, struct err *e)
{
	size_t size = 16;

	while (size < 2 * v->n)
		size *= 2;
	s->mask = size - 1;
	s->slots = eval_alloc(ev, size, sizeof(*s->slots), e);
	s->seen = eval_alloc(ev, v->n, sizeof(*s->seen), e);
	s->hash = eval_alloc(ev, v->n, sizeof(*s->hash), e);
	if (!s->slots || !s->seen || !s->hash)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		s->seen[i] = head_labels(ev, &v->heads[i], ev->arena);
		if (!s->seen[i])
			return eval_full(ev, e);
		s->hash[i] = labels_hash(s->seen[i]);
	}
	return 0;
}

static int put_together(struct eval *ev, double *into, const double *row, size_t width,
			struct err *e)
{
	for (size_t k = 0; k < width; k++) {
		if (is_absent(row[k]))
			continue;
		if (!is_absent(into[k]))
			return eval_fail(ev, e,
					 "vector cannot contain metrics with the same labelset");
		into[k] = row[k];
	}
	return 0;
}

int vector_merge_equal(struct eval *ev, struct vector *v, struct err *e)
{
	struct same s;
	uint32_t *like;
	double *values;
	size_t kept = 0;
	bool any = false;

	if (v->n < 2)
		return 0;
	if (heads_read(ev, v->heads, v->n, NULL, 0, e) < 0)
		return -1;
	like = eval_alloc(ev, v->n, sizeof(*like), e);
	if (!like || same_init(ev, v, &s, e) < 0)
		return -1;
	for (uint32_t i = 0; i < v->n; i++) {
		like[i] = first_like(&s, i);
		any |= like[i] != i;
	}
	if (!any)
		return 0;
	if (vector_materialize(ev, v, false, e) < 0)
		return -1;
	values = (double *)v->values;
	for (size_t i = 0; i < v->n; i++) {
		double *row = values + i * v->width;

		if (like[i] != i) {
			if (put_together(ev, values + like[like[i]] * v->width, row, v->width, e) <
			    0)
				return -1;
			continue;
		}
		/* rows move up; from now on like[] of a first row says where it went */
		if (kept != i)
			memcpy(values + kept * v->width, row, v->width * sizeof(*row));
		v->heads[kept] = v->heads[i];
		like[i] = (uint32_t)kept++;
	}
	v->n = kept;
	return 0;
}

/* Whether all names are the same: then sets that differed with them differ without. */
static bool one_name(const struct vector *v)
{
	struct slice first;

	if (v->n == 0)
		return true;
	first = head_name(&v->heads[0]);
	for (size_t i = 1; i < v->n; i++) {
		const struct head *h = &v->heads[i];

		if (h->drop_name != v->heads[0].drop_name ||
		    (h->labels != v->heads[0].labels && !slice_eq(first, head_name(h))))
			return false;
	}
	return true;
}

int vector_drop_names(struct eval *ev, struct vector *v, struct err *e)
{
	bool may_meet;

	if (heads_name(ev, v->heads, v->n, e) < 0)
		return -1;
	/* type and unit may differ where names do not */
	may_meet = (ev->features & FEATURE_TYPE_AND_UNIT) || !one_name(v);
	for (size_t i = 0; i < v->n; i++)
		v->heads[i].drop_name = true;
	if (!may_meet || (ev->features & FEATURE_DELAYED_NAME_REMOVAL))
		return 0;
	return vector_merge_equal(ev, v, e);
}
