/* derived.c - see derived.h. */
#include "daemon/derived.h"

#include "base/alloc.h"
#include "base/num.h"
#include "storage/store.h"

#include <pthread.h>

#include <stdlib.h>

enum { DERIVED_BYTES = 256 << 20 };

struct listing {
	struct labels **list;
	double *value;
	size_t n, list_room, value_room;
	struct arena *arena;
};

static int add(void *ctx, const char *family, const char *help, const struct label *l, size_t n,
	       double v, struct err *e)
{
	struct listing *x = ctx;
	struct label all[LABELS_MAX];
	struct labels **list;
	double *value;

	(void)help;
	if (n + 1 > LABELS_MAX)
		return err_set(e, ERR_LIMIT, "%s has more than %d labels", family, LABELS_MAX);
	list = arena_grow(x->arena, x->list, x->n, &x->list_room, x->n + 1,
			  sizeof(struct labels *));
	value = arena_grow(x->arena, x->value, x->n, &x->value_room, x->n + 1, sizeof(*value));
	if (!list || !value)
		return err_set(e, ERR_LIMIT, "no memory for what is derived");
	x->list = list;
	x->value = value;
	all[0] = (struct label){ slice_str(LABEL_NAME), slice_str(family) };
	memcpy(all + 1, l, n * sizeof(*l));
	x->list[x->n] = labels_intern(all, n + 1, e);
	if (!x->list[x->n])
		return -1;
	x->value[x->n++] = v;
	return 0;
}

static void drop(struct labels **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		labels_unref(list[i]);
}

static int by_address(const void *a, const void *b)
{
	const struct labels *x = *(struct labels *const *)a, *y = *(struct labels *const *)b;

	return (x > y) - (x < y);
}

static void put_samples(struct derived *d, const struct listing *x, struct labels **sorted,
			int64_t now_ms, struct plain_sample *out, size_t *n)
{
	for (size_t i = 0; i < x->n; i++)
		out[(*n)++] = (struct plain_sample){ x->list[i], now_ms, x->value[i] };
	for (size_t i = 0; i < d->n; i++)
		if (!bsearch(&d->last[i], sorted, x->n, sizeof(struct labels *), by_address))
			out[(*n)++] = (struct plain_sample){ d->last[i], now_ms, stale_mark() };
}

/* --- storing ------------------------------------------------------------------------------ */

struct waiting {
	struct append append; /* first */
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void on_stored(struct append *a)
{
	struct waiting *w = (struct waiting *)a;

	pthread_mutex_lock(&w->lock);
	w->is_done = true;
	pthread_cond_signal(&w->done);
	pthread_mutex_unlock(&w->lock);
}

static int store_all(struct store *s, const struct plain_sample *list, size_t n, int64_t now_ms,
		     struct err *e)
{
	struct waiting w = { .append = { .samples = list, .nsamples = n, .done = on_stored } };
	int r;

	w.append.submission.received_ms = now_ms;
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.done, NULL);
	r = store_append(s, &w.append, e);
	pthread_mutex_lock(&w.lock);
	while (r == 0 && !w.is_done)
		pthread_cond_wait(&w.done, &w.lock);
	pthread_mutex_unlock(&w.lock);
	if (r == 0 && w.append.err.code != ERR_NONE) {
		*e = w.append.err;
		r = -1;
	}
	pthread_cond_destroy(&w.done);
	pthread_mutex_destroy(&w.lock);
	return r;
}

static int store_listing(struct derived *d, struct store *s, struct listing *x, int64_t now_ms,
			 struct err *e)
{
	struct labels **sorted = mem_alloc((x->n + 1) * sizeof(struct labels *));
	struct plain_sample *all = arena_array(x->arena, x->n + d->n + 1, sizeof(*all));
	size_t n = 0;
	int r;

	if (!all || !sorted) {
		mem_free(sorted);
		return err_set(e, ERR_LIMIT, "no memory for what is derived");
	}
	if (x->n)
		memcpy(sorted, x->list, x->n * sizeof(struct labels *));
	qsort(sorted, x->n, sizeof(struct labels *), by_address);
	put_samples(d, x, sorted, now_ms, all, &n);
	r = n ? store_all(s, all, n, now_ms, e) : 0;
	if (r < 0) { /* what ended is marked the next time */
		mem_free(sorted);
		return -1;
	}
	derived_release(d);
	*d = (struct derived){ sorted, x->n };
	for (size_t i = 0; i < x->n; i++)
		labels_ref(sorted[i]);
	return 0;
}

int derived_store(struct derived *d, struct store *s, const struct assessment *a, int64_t now_ms,
		  struct err *e)
{
	struct arena arena;
	struct listing x = { .arena = &arena };
	int r;

	arena_init(&arena, DERIVED_BYTES);
	r = assessment_series(a, add, &x, e);
	if (r == 0)
		r = store_listing(d, s, &x, now_ms, e);
	drop(x.list, x.n);
	arena_release(&arena);
	return r;
}

void derived_release(struct derived *d)
{
	drop(d->last, d->n);
	mem_free(d->last);
	*d = (struct derived){ 0 };
}
