/*
 * help.h - what the tests of the store share: opening in a folder of their own,
 * appending and waiting for the answer.
 */
#ifndef TESTS_UNIT_STORAGE_HELP_H
#define TESTS_UNIT_STORAGE_HELP_H

#include "base/arena.h"
#include "base/labels.h"
#include "base/remote_write.h"
#include "base/snappy.h"
#include "storage/store.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <pthread.h>
#include <stdlib.h>

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool over;
};

static inline void wake_up(struct append *a)
{
	struct waiting *w = a->ctx;

	pthread_mutex_lock(&w->lock);
	w->over = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

/* Appends and waits; the outcome is in *e as if it were one call. */
static inline int append_now(struct store *s, struct append *a, struct err *e)
{
	struct waiting w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

	a->done = wake_up;
	a->ctx = &w;
	if (store_append(s, a, e) < 0)
		return -1;
	pthread_mutex_lock(&w.lock);
	while (!w.over)
		pthread_cond_wait(&w.cond, &w.lock);
	pthread_mutex_unlock(&w.lock);
	*e = a->err;
	return a->err.code == ERR_NONE ? 0 : -1;
}

static inline struct store *open_in(const char *dir, struct err *e)
{
	return store_open(&(struct store_options){ .dir = dir, .map_bytes = 1 << 30 }, e);
}

static inline struct store *must_open(const char *dir)
{
	struct err e = { 0 };
	struct store *s = open_in(dir, &e);

	if (!s)
		fail_msg("the store does not open: %s", e.text);
	return s;
}

/* It does not open, with this code and a sentence that has `part` in it. */
static inline void assert_not_opened(const char *dir, enum err_code code, const char *part)
{
	struct err e = { 0 };

	if (open_in(dir, &e))
		fail_msg("the store in %s opens", dir);
	if (e.code != code)
		fail_msg("%s, not %s: %s", err_code_name(e.code), err_code_name(code), e.text);
	assert_has(e.text, part);
}

static inline void assert_writable(struct store *s)
{
	struct store_status st;

	store_status(s, &st);
	if (!st.writable)
		fail_msg("not writable: %s", st.why);
}

static inline void assert_not_writable(struct store *s, const char *why)
{
	struct store_status st;

	store_status(s, &st);
	assert_false(st.writable);
	assert_has(st.why, why);
}

static inline struct snapshot *must_snapshot(struct store *s)
{
	struct err e = { 0 };
	struct snapshot *v = snapshot_open(s, 60000, &e);

	if (!v)
		fail_msg("no snapshot: %s", e.text);
	return v;
}

static inline struct labels *series_named(const char *name, const char *park)
{
	struct err e = { 0 };
	struct labels *ls = labels_make(&e, name, "park", park, NULL);

	if (!ls)
		fail_msg("no labels: %s", e.text);
	return ls;
}

/* One figure, released when received unless `released_ms` says otherwise. */
static inline int put_figure(struct store *s, struct labels *ls, int64_t stamp_ms, double value,
			     int64_t received_ms, int64_t released_ms, struct append *out,
			     struct err *e)
{
	struct observation o = { .labels = ls, .stamp_ms = stamp_ms, .value = value, .months = 1 };
	struct append a = { .submission = { .source = "test",
					    .owner = "park office",
					    .origin = "test.csv",
					    .received_ms = received_ms,
					    .released_ms = released_ms },
			    .obs = &o,
			    .nobs = 1 };
	int rc = append_now(s, &a, e);

	if (out)
		*out = a;
	return rc;
}

static inline int put_sample(struct store *s, struct labels *ls, int64_t t_ms, double value,
			     struct err *e)
{
	struct plain_sample x = { .labels = ls, .t_ms = t_ms, .value = value };
	struct append a = { .samples = &x, .nsamples = 1 };

	return append_now(s, &a, e);
}

/* One time series of a request under construction. */
static inline void put_series(struct buf *raw, const struct labels *ls, const struct rw_sample *x,
			      size_t n)
{
	rw_put_series(raw, ls->l, ls->n, x, n);
}

static inline void wake_writer(struct write *w)
{
	struct waiting *k = w->ctx;

	pthread_mutex_lock(&k->lock);
	k->over = true;
	pthread_cond_signal(&k->cond);
	pthread_mutex_unlock(&k->lock);
}

/* Sends the series as a request and waits; the outcome is in *e as if it were one call. */
static inline int write_now(struct store *s, const struct buf *raw, int64_t received_ms,
			    struct write *w, struct err *e)
{
	struct waiting k = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	struct buf body;
	int rc;

	buf_init(&body, 64 << 20);
	*w = (struct write){ .received_ms = received_ms, .done = wake_writer, .ctx = &k };
	if (snappy_encode(buf_all(raw), &body, e) < 0) {
		buf_release(&body);
		return -1;
	}
	w->body = buf_all(&body);
	rc = store_write(s, w, e);
	if (rc == 0) {
		pthread_mutex_lock(&k.lock);
		while (!k.over)
			pthread_cond_wait(&k.cond, &k.lock);
		pthread_mutex_unlock(&k.lock);
		*e = w->err;
		rc = w->err.code == ERR_NONE ? 0 : -1;
	}
	buf_release(&body);
	return rc;
}

struct sample {
	int64_t t_ms;
	double value;
};

/* snapshot_samples() as a list of pairs. */
static inline int read_samples(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
			       struct arena *a, struct sample **out, size_t *n, struct err *e)
{
	struct samples x = { 0 };

	*n = 0;
	*out = NULL;

	if (snapshot_samples(v, series, from_ms, to_ms, a, &x, e) < 0)
		return -1;
	*n = x.n;
	*out = arena_array(a, x.n + 1, sizeof(**out));
	for (size_t i = 0; *out && i < x.n; i++)
		(*out)[i] = (struct sample){ x.t_ms[i], x.value[i] };
	return *out ? 0 : err_set(e, ERR_LIMIT, "no room");
}

static inline uint32_t id_of(struct snapshot *v, const struct labels *ls)
{
	struct series_ref ref = { 0 };
	struct err e = { 0 };

	assert_ok(snapshot_find(v, ls, &ref, &e), &e);
	return ref.id;
}

/* xorshift: the same in every run. */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What store_check() prints about a folder, to be freed; the number of faults in *n. */
static inline char *check_text(const char *dir, long *n, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	*n = store_check(dir, to, e);
	fclose(to);
	return text;
}

static inline void assert_sound(const char *dir)
{
	struct err e = { 0 };
	long n;
	char *text = check_text(dir, &n, &e);

	if (n != 0)
		fail_msg("check found %ld faults (%s): %s", n, e.text, text);
	free(text);
}

struct fixture {
	char *dir;
	struct store *s;
	struct arena arena;
	struct err e;
};

static inline int fixture_open(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = tmp_make();
	f->s = must_open(f->dir);
	arena_init(&f->arena, (size_t)256 << 20);
	*state = f;
	return 0;
}

/* Every test ends with a sound store. */
static inline int fixture_close(void **state)
{
	struct fixture *f = *state;

	store_close(f->s);
	assert_sound(f->dir);
	arena_release(&f->arena);
	tmp_remove(f->dir);
	free(f);
	return 0;
}

static inline void reopen(struct fixture *f)
{
	store_close(f->s);
	f->s = must_open(f->dir);
}

#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

#endif
