/*
 * model.h - vintages kept in the simplest way, to compare the store with.
 *
 * Each period's vintages are one array in the order in which they became known.
 */
#ifndef TESTS_UNIT_STORAGE_MODEL_H
#define TESTS_UNIT_STORAGE_MODEL_H

#include "base/num.h"
#include "tests/unit/storage/help.h"

enum { SERIES = 4, STAMPS = 12, OPS = 1500 };

struct model_vintage {
	double value;
	int64_t known, released; /* 0: the submission's */
	uint64_t sequence;
};

struct model {
	struct model_vintage v[SERIES][STAMPS][OPS];
	size_t n[SERIES][STAMPS];
	int64_t submission[OPS + 1]; /* released_ms by sequence */
	uint64_t sequence;           /* of the last one */
};

static int64_t model_released(const struct model *m, const struct model_vintage *v)
{
	return v->released ? v->released : m->submission[v->sequence];
}

/* Where (known, sequence) belongs. */
static size_t model_place(const struct model *m, int s, int t, int64_t known, uint64_t sequence)
{
	size_t i = 0;

	while (i < m->n[s][t] &&
	       (m->v[s][t][i].known < known ||
		(m->v[s][t][i].known == known && m->v[s][t][i].sequence < sequence)))
		i++;
	return i;
}

static bool model_add(struct model *m, int s, int t, struct model_vintage x)
{
	size_t at = model_place(m, s, t, x.known, x.sequence);
	struct model_vintage *v = m->v[s][t];

	if (at > 0 && num_same(v[at - 1].value, x.value)) {
		int64_t before = model_released(m, &v[at - 1]), mine = model_released(m, &x);

		if (before != 0 && (mine == 0 || before <= mine))
			return false;
	}
	memmove(v + at + 1, v + at, (m->n[s][t] - at) * sizeof(*v));
	v[at] = x;
	m->n[s][t]++;
	return true;
}

static bool model_pick(const struct model *m, int s, int t, struct view view, double *value,
		       unsigned *count)
{
	unsigned seen = 0;
	bool found = false;

	for (size_t i = 0; i < m->n[s][t]; i++) {
		const struct model_vintage *v = &m->v[s][t][i];
		int64_t released = model_released(m, v);

		if (released == 0 || released > view.as_of_ms || v->known > view.as_of_ms)
			continue;
		seen++;
		if (view.release == 0 || view.release == seen) {
			*value = v->value;
			found = true;
		}
	}
	*count = seen;
	return found;
}

/* Adds to the store and to the model, and releases a draft now and then. Values repeat often. */
static void model_step(struct model *m, struct fixture *f, struct labels **ls, uint64_t *seed)
{
	int s = (int)(random_next(seed) % SERIES), t = (int)(random_next(seed) % STAMPS);
	bool trusted = random_next(seed) % 3 == 0, draft = random_next(seed) % 4 == 0;
	int64_t now = (int64_t)(m->sequence + 1) * 10;
	struct observation o = { .labels = ls[s],
				 .stamp_ms = t * 1000 - 5000,
				 .value = (double)(random_next(seed) % 3),
				 .months = 1 };
	struct append a = { .submission = { .received_ms = now,
					    .released_ms = draft ? 0 : now + 5,
					    .trusted = trusted },
			    .obs = &o,
			    .nobs = 1 };
	struct model_vintage x = { .value = o.value, .known = now };

	if (random_next(seed) % 5 == 0 && m->sequence > 0) {
		uint64_t which = 1 + random_next(seed) % m->sequence;

		if (m->submission[which] == 0) {
			assert_ok(store_release(f->s, which, now, &f->e), &f->e);
			m->submission[which] = now;
		}
	}
	if (trusted) {
		o.known_from_ms = 1 + (int64_t)(random_next(seed) % OPS) * 10;
		x.known = x.released = o.known_from_ms;
	}
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	x.sequence = ++m->sequence;
	assert_true(a.submission.sequence == x.sequence);
	m->submission[x.sequence] = a.submission.released_ms;
	assert_int_equal(a.fresh + a.revised, model_add(m, s, t, x));
}

/* A thread's own reader shows of each range what the snapshot shows of all. */
static void model_compare_reader(struct snapshot *v, uint32_t id, struct view view,
				 const struct vintage *all, size_t n, struct arena *a)
{
	struct err e = { 0 };
	struct snapshot_reader *r = snapshot_reader_open(v, &e);
	struct vintage *x, last;
	bool found;
	size_t got;

	assert_non_null(r);
	for (size_t from = 0; from < n; from++)
		for (size_t to = from; to < n; to++) {
			assert_ok(snapshot_reader_figures(r, id, all[from].stamp_ms,
							  all[to].stamp_ms, view, a, &x, &got, &e),
				  &e);
			assert_int_equal(got, to - from + 1);
			assert_memory_equal(x, &all[from], got * sizeof(*x));
		}
	assert_ok(snapshot_reader_last_figure(r, id, INT64_MAX, view, &last, &found, &e), &e);
	assert_int_equal(found, n > 0);
	if (found)
		assert_memory_equal(&last, &all[n - 1], sizeof(last));
	snapshot_reader_close(r);
}

static void model_compare(const struct model *m, struct snapshot *v, struct arena *a,
			  struct labels **ls, struct view view)
{
	struct arena_mark mark = arena_mark(a);
	struct err e = { 0 };

	for (int s = 0; s < SERIES; s++) {
		struct vintage *x, last;
		struct series_ref ref;
		bool found, want_last = false;
		double value, last_value = 0;
		unsigned count;
		size_t n, at = 0;

		if (snapshot_find(v, ls[s], &ref, &e) < 0)
			continue;
		assert_ok(snapshot_figures(v, ref.id, INT64_MIN, INT64_MAX, view, a, &x, &n, &e),
			  &e);
		for (int t = 0; t < STAMPS; t++) {
			if (!model_pick(m, s, t, view, &value, &count))
				continue;
			assert_true(at < n);
			assert_int_equal(x[at].stamp_ms, t * 1000 - 5000);
			assert_f64(x[at].value, value);
			assert_int_equal(x[at].count, count);
			at++;
			want_last = true;
			last_value = value;
		}
		assert_int_equal(at, n);
		model_compare_reader(v, ref.id, view, x, n, a);
		assert_ok(snapshot_last_figure(v, ref.id, INT64_MAX, view, &last, &found, &e), &e);
		assert_int_equal(found, want_last);
		if (found)
			assert_f64(last.value, last_value);
	}
	arena_reset(a, mark);
}

/* By the newest values, by n-th releases, and as of some days. */
static void model_compare_views(const struct model *m, struct snapshot *v, struct arena *a,
				struct labels **ls, uint64_t *seed)
{
	for (unsigned r = 0; r <= 3; r++)
		model_compare(m, v, a, ls, (struct view){ .as_of_ms = INT64_MAX, .release = r });
	for (int k = 0; k < 5; k++)
		model_compare(m, v, a, ls,
			      (struct view){ .as_of_ms = (int64_t)(random_next(seed) % OPS) * 11 });
}

static inline void model_series(struct labels *ls[SERIES])
{
	for (int s = 0; s < SERIES; s++)
		ls[s] = series_named("figure", (const char *[]){ "a", "b", "c", "d" }[s]);
}

#endif
