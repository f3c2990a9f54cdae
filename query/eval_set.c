/*
 * eval_set.c - and, or, unless: rows of one side kept where the other has, or has not, a partner.
 */
#include "query/eval_binary.h"
#include "query/key.h"

struct masked {
	const struct vector *from;
	const uint32_t *rows; /* of `from` */
	const uint32_t *key;  /* of each, KEY_NONE: no partner ever */
	const uint8_t *there; /* [key][step]: a partner is */
	bool keep_there;      /* keeps the value where a partner is; else where none is */
};

static int masked_row(const struct vector *v, size_t i, struct worker *w, double *out,
		      struct err *e)
{
	const struct masked *m = v->ctx;
	const double *row = vector_row(m->from, i, w, e);
	const uint8_t *there;

	if (!row)
		return -1;
	if (m->key[i] == KEY_NONE) {
		for (size_t k = 0; k < v->width; k++)
			out[k] = m->keep_there ? ABSENT : row[k];
		return 0;
	}
	there = m->there + (size_t)m->key[i] * v->width;
	for (size_t k = 0; k < v->width; k++)
		out[k] = (bool)there[k] == m->keep_there ? row[k] : ABSENT;
	return 0;
}

/* By key of `v`'s rows and step: whether there is a value. */
static int presence(struct eval *ev, struct vector *v, struct keys *keys, uint8_t **out,
		    struct err *e)
{
	uint8_t *there;

	if (vector_materialize(ev, v, false, e) < 0)
		return -1;
	there = eval_alloc(ev, v->n * v->width, 1, e);
	if (!there)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		uint8_t *to = there + (size_t)keys_add(ev, keys, &v->heads[i]) * v->width;
		const double *row = v->values + i * v->width;

		if (eval_alive(ev, e) < 0)
			return -1;
		for (size_t k = 0; k < v->width; k++)
			to[k] |= !is_absent(row[k]);
	}
	*out = there;
	return 0;
}

static int mask(struct eval *ev, const struct vector *v, struct vector *by, struct keys *keys,
		bool keep_there, struct vector *out, struct err *e)
{
	struct masked *m = arena_new(ev->arena, struct masked);
	uint32_t *key = eval_alloc(ev, v->n, sizeof(*key), e);
	uint8_t *there;

	if (!m || !key)
		return eval_full(ev, e);
	if (presence(ev, by, keys, &there, e) < 0)
		return -1;
	for (size_t i = 0; i < v->n; i++)
		key[i] = keys_find(ev, keys, &v->heads[i]);
	*m = (struct masked){ .from = v, .key = key, .there = there, .keep_there = keep_there };
	*out = (struct vector){ .n = v->n, .width = v->width, .compute = masked_row, .ctx = m };
	out->heads = v->heads;
	return 0;
}

/* Both in one: the left rows, then the right ones where the left has no partner. */
static int either(struct eval *ev, struct vector *lhs, struct vector *rest, struct vector *out,
		  struct err *e)
{
	double *values;

	if (vector_materialize(ev, rest, true, e) < 0 ||
	    vector_new(ev, lhs->n + rest->n, lhs->width, out, &values, e) < 0)
		return -1;
	for (size_t i = 0; i < lhs->n; i++)
		out->heads[i] = lhs->heads[i];
	for (size_t i = 0; i < rest->n; i++)
		out->heads[lhs->n + i] = rest->heads[i];
	if (lhs->n)
		memcpy(values, lhs->values, lhs->n * lhs->width * sizeof(*values));
	if (rest->n)
		memcpy(values + lhs->n * lhs->width, rest->values,
		       rest->n * lhs->width * sizeof(*values));
	return vector_merge_equal(ev, out, e);
}

int eval_set(struct eval *ev, const struct node *n, struct vector *lhs, struct vector *rhs,
	     struct vector *out, struct err *e)
{
	const struct matching *m = &n->binary.matching;
	bool is_or = n->binary.op == OP_OR;
	struct vector *by = is_or ? lhs : rhs, *rest;
	struct key_spec spec;
	struct keys keys;

	if (key_spec_init(ev, m->labels, m->nlabels, m->on, &spec, e) < 0 ||
	    keys_init(ev, &spec, by->n, &keys, e) < 0)
		return -1;
	if (!is_or)
		return mask(ev, lhs, rhs, &keys, n->binary.op == OP_AND, out, e);
	rest = arena_new(ev->arena, struct vector);
	if (!rest)
		return eval_full(ev, e);
	if (mask(ev, rhs, lhs, &keys, false, rest, e) < 0)
		return -1;
	return either(ev, lhs, rest, out, e);
}
