/*
 * carried.c - see carried.h.
 *
 * Each matcher has lists of series, rising; the first one of them that is there is enough. Series
 * are looked at in the order of all lists together, from a heap of lists, since going through
 * the store in order is far faster than to and fro.
 */
#include "exporters/carried.h"

enum { LOOK_EVERY = 64 };

/* What is left of a list; its first series beside it, where a heap finds it fast. */
struct carriers {
	const uint32_t *ids;
	size_t n;
	uint32_t first;
	uint32_t of; /* which matcher */
};

struct heap {
	struct carriers *l;
	size_t n;
};

static void sink(struct heap *h, size_t i)
{
	for (;;) {
		size_t least = i, child = 2 * i + 1;

		for (size_t k = child; k < child + 2 && k < h->n; k++)
			if (h->l[k].first < h->l[least].first)
				least = k;
		if (least == i)
			return;
		struct carriers swap = h->l[i];
		h->l[i] = h->l[least];
		h->l[least] = swap;
		i = least;
	}
}

static int no_memory(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the request needs more than %zu MiB", a->limit >> 20);
}

static int check_client(atomic_bool *cancelled, struct err *e)
{
	return atomic_load_explicit(cancelled, memory_order_relaxed)
		       ? err_set(e, ERR_CANCELLED, "the request was given up")
		       : 0;
}

/* The series of matcher `of` and one set (NULL: of it alone) go to the end. */
static int add_list(struct heap *h, struct snapshot *v, const struct match_set *s,
		    const struct matcher *has, size_t of, struct arena *a, struct err *e)
{
	size_t nm = s ? s->nm : 0, n;
	struct matcher *with = arena_array(a, nm + 1, sizeof(*with));
	uint32_t *ids;

	if (!with)
		return no_memory(a, e);
	with[0] = *has;
	if (nm)
		memcpy(with + 1, s->m, nm * sizeof(*with));
	if (snapshot_ids(v, with, nm + 1, a, &ids, &n, e) < 0)
		return -1;
	if (n)
		h->l[h->n++] = (struct carriers){ ids, n, ids[0], (uint32_t)of };
	return 0;
}

static int make_heap(struct heap *h, struct snapshot *v, const struct matches *m,
		     const struct matcher *has, size_t n, atomic_bool *cancelled, struct arena *a,
		     struct err *e)
{
	size_t sets = m->n ? m->n : 1;

	*h = (struct heap){ .l = arena_array(a, n * sets, sizeof(*h->l)) };
	if (!h->l)
		return no_memory(a, e);
	for (size_t i = 0; i < n; i++) {
		if (i % LOOK_EVERY == 0 && check_client(cancelled, e) < 0)
			return -1;
		for (size_t k = 0; k < sets; k++)
			if (add_list(h, v, m->n ? &m->sets[k] : NULL, &has[i], i, a, e) < 0)
				return -1;
	}
	for (size_t i = h->n / 2; i-- > 0;)
		sink(h, i);
	return 0;
}

static int look_at(const struct presence *p, uint32_t id, struct arena *a, bool *is, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct series_ref ref;
	int rc = snapshot_series(p->v, id, a, &ref, e);

	if (rc == 0)
		rc = presence_of(p, &ref, is, e);
	arena_reset(a, mark);
	return rc;
}

static int look_in_order(const struct presence *p, struct heap *h, atomic_bool *cancelled,
			 struct arena *a, bool *is, struct err *e)
{
	for (size_t looked = 0; h->n; looked++) {
		struct carriers *first = &h->l[0];

		if (looked % LOOK_EVERY == 0 && check_client(cancelled, e) < 0)
			return -1;
		if (!is[first->of] && look_at(p, first->first, a, &is[first->of], e) < 0)
			return -1;
		if (--first->n == 0 || is[first->of])
			*first = h->l[--h->n];
		else
			first->first = *++first->ids;
		sink(h, 0);
	}
	return 0;
}

int carried(const struct presence *p, const struct matches *m, const struct matcher *has, size_t n,
	    atomic_bool *cancelled, struct arena *a, bool *is, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct heap h;
	int rc;

	for (size_t i = 0; i < n; i++)
		is[i] = false;
	rc = make_heap(&h, p->v, m, has, n, cancelled, a, e);
	if (rc == 0)
		rc = look_in_order(p, &h, cancelled, a, is, e);
	arena_reset(a, mark);
	return rc;
}
