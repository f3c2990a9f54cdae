/*
 * aggregate_pick.c - topk, bottomk, limitk, limit_ratio: rows of the input, each at the steps at
 * which it is among the chosen.
 */
#include "query/eval_aggregate.h"

#include "base/map.h"

#include <stdlib.h>

struct picking {
	struct grouping *g;
	uint8_t *
		chosen; /* a bit for each value, `stride` bytes a row: rows are one worker's each */
	size_t stride;
};

static inline void choose(const struct picking *p, size_t row, size_t k)
{
	p->chosen[row * p->stride + k / 8] |= (uint8_t)(1u << k % 8);
}

static inline bool is_chosen(const struct picking *p, size_t row, size_t k)
{
	return p->chosen[row * p->stride + k / 8] >> k % 8 & 1;
}

static bool any_chosen(const struct picking *p, size_t row)
{
	uint8_t any = 0;

	for (size_t i = 0; i < p->stride; i++)
		any |= p->chosen[row * p->stride + i];
	return any;
}

/* Whether a should come before b: larger ones of topk, smaller ones of bottomk, NaN last, and the
 * earlier of equals. */
static bool comes_before(bool top, double a, uint32_t i, double b, uint32_t j)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b) ? i < j : isnan(b);
	if (a != b)
		return top ? a > b : a < b;
	return i < j;
}

struct best {
	double v;
	uint32_t row;
};

/* Values in the heaps of several steps together: 256 KiB. */
enum { HEAPS_ROOM = 16384 };

/* A heap with the worst of the best at its root. */
static void sink(struct best *heap, size_t n, size_t i, bool top)
{
	for (;;) {
		size_t worst = i, l = 2 * i + 1, r = l + 1;

		if (l < n &&
		    comes_before(top, heap[worst].v, heap[worst].row, heap[l].v, heap[l].row))
			worst = l;
		if (r < n &&
		    comes_before(top, heap[worst].v, heap[worst].row, heap[r].v, heap[r].row))
			worst = r;
		if (worst == i)
			return;
		struct best swap = heap[i];
		heap[i] = heap[worst];
		heap[worst] = swap;
		i = worst;
	}
}

static void rise(struct best *heap, size_t i, bool top)
{
	while (i > 0) {
		size_t up = (i - 1) / 2;

		if (!comes_before(top, heap[up].v, heap[up].row, heap[i].v, heap[i].row))
			return;
		struct best swap = heap[i];
		heap[i] = heap[up];
		heap[up] = swap;
		i = up;
	}
}

static size_t rows_wanted(const struct grouping *g, size_t k, size_t there)
{
	double p = g->param[k];

	if (!(p >= 1))
		return 0;
	return p >= (double)there ? there : (size_t)p;
}

/* What a step has found so far: places [at, at + wanted) of the heaps, n of them taken. */
struct step_heap {
	size_t at, wanted, n;
};

static inline void offer(struct step_heap *h, struct best *heaps, struct best b, bool top)
{
	struct best *heap = heaps + h->at;

	if (h->n < h->wanted) {
		heap[h->n] = b;
		rise(heap, h->n++, top);
	} else if (h->wanted && comes_before(top, b.v, b.row, heap[0].v, heap[0].row)) {
		heap[0] = b;
		sink(heap, h->n, 0, top);
	}
}

/* The best at steps [from, to) at once: a row's steps lie together in memory. */
static void pick_steps(const struct picking *p, size_t key, size_t from, size_t to,
		       struct step_heap *steps, struct best *heaps)
{
	const struct grouping *g = p->g;
	const struct vector *rows = g->rows;
	bool top = g->node->aggregate.op == AGG_TOPK;

	for (size_t i = g->by.start[key]; i < g->by.start[key + 1]; i++) {
		uint32_t row = g->by.row[i];
		const double *v = rows->values + row * rows->width;

		for (size_t k = from; k < to; k++)
			if (!is_absent(v[k]))
				offer(&steps[k - from], heaps, (struct best){ v[k], row }, top);
	}
	for (size_t k = from; k < to; k++)
		for (size_t i = 0; i < steps[k - from].n; i++)
			choose(p, heaps[steps[k - from].at + i].row, k);
}

/* Room for the heaps of as many steps as are looked at together: all when they are small, at least
 * any one. */
static size_t heaps_room(const struct grouping *g, size_t n)
{
	size_t all = 0, largest = 0;

	for (size_t k = 0; k < g->rows->width; k++) {
		size_t wanted = rows_wanted(g, k, n);

		all += wanted;
		if (wanted > largest)
			largest = wanted;
	}
	if (all <= HEAPS_ROOM)
		return all;
	return largest > HEAPS_ROOM ? largest : HEAPS_ROOM;
}

static int pick_best(const struct picking *p, struct worker *w, size_t key, struct err *e)
{
	const struct grouping *g = p->g;
	size_t width = g->rows->width, n = g->by.start[key + 1] - g->by.start[key];
	size_t room = heaps_room(g, n), from = 0;
	struct step_heap *steps = scratch_alloc(w, width, sizeof(*steps), e);
	struct best *heaps = scratch_alloc(w, room, sizeof(*heaps), e);

	if (!steps || !heaps)
		return -1;
	while (from < width) {
		size_t to = from, used = 0;

		for (; to < width; to++) {
			size_t wanted = rows_wanted(g, to, n);

			if (used + wanted > room)
				break;
			steps[to - from] = (struct step_heap){ .at = used, .wanted = wanted };
			used += wanted;
		}
		if (eval_alive(g->ev, e) < 0)
			return -1;
		pick_steps(p, key, from, to, steps, heaps);
		from = to;
	}
	return 0;
}

static void pick_first(const struct picking *p, size_t key, size_t k)
{
	const struct grouping *g = p->g;
	size_t first = g->by.start[key], last = g->by.start[key + 1];
	size_t wanted = rows_wanted(g, k, last - first);

	for (size_t i = first; i < last && wanted; i++) {
		size_t row = g->by.row[i];

		if (is_absent(g->rows->values[row * g->rows->width + k]))
			continue;
		choose(p, row, k);
		wanted--;
	}
}

/* A text with its length before it: a byte, or 255 and three. */
static unsigned char *put_text(unsigned char *to, struct slice s)
{
	if (s.n < 255) {
		*to++ = (unsigned char)s.n;
	} else {
		*to++ = 255;
		for (int shift = 0; shift < 24; shift += 8)
			*to++ = (unsigned char)(s.n >> shift);
	}
	memcpy(to, s.p, s.n);
	return to + s.n;
}

/* Where a label set lies between 0 and 1. The hash is Prometheus', over its labels as they lie in
 * its memory, so that both sample the same series. NAN when the scratch is full. */
static double sample_place(struct worker *w, const struct head *h, struct err *e)
{
	struct arena_mark mark = arena_mark(&w->scratch);
	const struct labels *ls = head_labels(w->ev, h, &w->scratch);
	unsigned char *text, *end;
	size_t room = 0;
	double at;

	for (uint32_t i = 0; ls && i < ls->n; i++)
		room += ls->l[i].name.n + ls->l[i].value.n + 8;
	text = end = scratch_alloc(w, room, 1, e);
	if (!ls || !text)
		return NAN;
	for (uint32_t i = 0; i < ls->n; i++)
		end = put_text(put_text(end, ls->l[i].name), ls->l[i].value);
	at = (double)hash_xxh64(text, (size_t)(end - text)) / 18446744073709551615.0;
	arena_reset(&w->scratch, mark);
	return at;
}

/* Rows in the first part r of all places, or in the last part -r. */
static int pick_ratio(const struct picking *p, struct worker *w, size_t key, struct err *e)
{
	const struct grouping *g = p->g;
	size_t width = g->rows->width;

	for (size_t i = g->by.start[key]; i < g->by.start[key + 1]; i++) {
		size_t row = g->by.row[i];
		double place = sample_place(w, &g->rows->heads[row], e);

		if (isnan(place))
			return -1;
		for (size_t k = 0; k < width; k++) {
			double r = fmax(-1, fmin(1, g->param[k]));

			if ((r >= 0 ? place < r : place >= 1 + r) &&
			    !is_absent(g->rows->values[row * width + k]))
				choose(p, row, k);
		}
	}
	return 0;
}

static int pick_group(const struct picking *p, struct worker *w, size_t key, struct err *e)
{
	const struct grouping *g = p->g;

	switch (g->node->aggregate.op) {
	case AGG_LIMIT_RATIO:
		return pick_ratio(p, w, key, e);
	case AGG_LIMITK:
		for (size_t k = 0; k < g->rows->width; k++)
			pick_first(p, key, k);
		return 0;
	default:
		return pick_best(p, w, key, e);
	}
}

static int pick_part(void *arg, struct worker *w, size_t part, size_t from, size_t to,
		     struct err *e)
{
	const struct picking *p = arg;

	(void)part;
	for (size_t key = from; key < to; key++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		int r = eval_alive(p->g->ev, e);

		if (r == 0)
			r = pick_group(p, w, key, e);
		arena_reset(&w->scratch, mark);
		if (r < 0)
			return -1;
	}
	return 0;
}

/* --- the order of an instant answer: groups in turn, best first --------------------------- */

struct ranked {
	double v;
	uint32_t row, key;
	bool top;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->row == y->row)
		return 0;
	return comes_before(x->top, x->v, x->row, y->v, y->row) ? -1 : 1;
}

static int in_order(const struct picking *p, struct vector *out, struct err *e)
{
	const struct grouping *g = p->g;
	struct ranked *r = eval_alloc(g->ev, g->rows->n, sizeof(*r), e);
	double *values;
	size_t n = 0;

	if (!r)
		return -1;
	for (uint32_t i = 0; i < g->rows->n; i++)
		if (is_chosen(p, i, 0))
			r[n++] = (struct ranked){ g->rows->values[i], i, g->by.key[i],
						  g->node->aggregate.op == AGG_TOPK };
	qsort(r, n, sizeof(*r), by_rank);
	if (vector_new(g->ev, n, 1, out, &values, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		out->heads[i] = g->rows->heads[r[i].row];
		values[i] = r[i].v;
	}
	out->ordered = true;
	return 0;
}

/* Rows that are chosen at some step; most are at none, so only these are copied. */
static int chosen_rows(const struct picking *p, struct vector *out, struct err *e)
{
	const struct vector *rows = p->g->rows;
	size_t n = 0, width = rows->width;
	double *values;

	for (size_t i = 0; i < rows->n; i++)
		n += any_chosen(p, i);
	if (vector_new(p->g->ev, n, width, out, &values, e) < 0)
		return -1;
	n = 0;
	for (size_t i = 0; i < rows->n; i++) {
		if (!any_chosen(p, i))
			continue;
		out->heads[n] = rows->heads[i];
		for (size_t k = 0; k < width; k++)
			if (is_chosen(p, i, k))
				values[n * width + k] = rows->values[i * width + k];
		n++;
	}
	return 0;
}

int aggregate_pick(struct grouping *g, struct vector *out, struct err *e)
{
	enum aggregate_op op = g->node->aggregate.op;
	struct picking p = { .g = g, .stride = (g->rows->width + 7) / 8 };

	if (vector_materialize(g->ev, g->rows, false, e) < 0)
		return -1;
	p.chosen = eval_alloc(g->ev, g->rows->n, p.stride, e);
	if (!p.chosen || eval_spread(g->ev, g->keys.n, pick_part, &p, e) < 0)
		return -1;
	if (g->ev->range_query || g->rows->width != 1 || (op != AGG_TOPK && op != AGG_BOTTOMK))
		return chosen_rows(&p, out, e);
	return in_order(&p, out, e);
}
