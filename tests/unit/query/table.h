/*
 * table.h - a table of series for tests of whole queries: what a step shows is known.
 *
 * A row is one series with a value at each step, ABSENT where it has none (a staleness mark in the
 * source). Queries run over all steps with two engines, one without workers and one with three;
 * their answers must be the same. One thread.
 */
#ifndef TESTS_UNIT_QUERY_TABLE_H
#define TESTS_UNIT_QUERY_TABLE_H

#include "base/alloc.h"
#include "query/query.h"
#include "tests/lib/assert.h"
#include "tests/promql/source_memory.h"

#include <stdlib.h>

enum { TABLE_STEPS = 9, TABLE_ROWS_MAX = 300, TABLE_STEP_MS = 15000 };

static struct table {
	struct source_memory source;
	struct engine *alone, *together;
	struct table_row {
		char name[16], a[8], b[8];
		double v[TABLE_STEPS];
	} rows[TABLE_ROWS_MAX];
	size_t n;
	uint64_t seed;
	struct err e;
} table;

static int table_setup(void **state)
{
	struct engine_options o = { .features = ~FEATURE_DELAYED_NAME_REMOVAL };

	(void)state;
	memset(&table, 0, sizeof(table));
	table.seed = 7;
	source_memory_init(&table.source);
	o.workers = ENGINE_NO_WORKERS;
	table.alone = engine_new(&o, &table.e);
	o.workers = 3;
	table.together = engine_new(&o, &table.e);
	assert_non_null(table.alone);
	assert_non_null(table.together);
	return 0;
}

static int table_teardown(void **state)
{
	(void)state;
	engine_free(table.alone);
	engine_free(table.together);
	source_memory_release(&table.source);
	return 0;
}

static inline uint32_t chance(uint32_t below)
{
	table.seed = table.seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(table.seed >> 33) % below;
}

/* Whole numbers that often meet, and all that is no ordinary number. */
static inline double rough_value(void)
{
	switch (chance(24)) {
	case 0:
	case 1:
	case 2:
		return ABSENT;
	case 3:
		return NAN;
	case 4:
		return chance(2) ? INFINITY : -INFINITY;
	case 5:
		return -0.0;
	default:
		return (double)chance(40) - 12;
	}
}

/* Empty labels are none. */
static inline void table_add(const char *name, const char *a, const char *b, const double *v)
{
	struct table_row *r = &table.rows[table.n++];
	struct label l[3] = { { slice_str(LABEL_NAME), slice_str(name) } };
	size_t n = 1;
	struct labels *ls;

	assert_true(table.n <= TABLE_ROWS_MAX);
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->a, sizeof(r->a), "%s", a);
	snprintf(r->b, sizeof(r->b), "%s", b);
	memcpy(r->v, v, sizeof(r->v));
	if (*a)
		l[n++] = (struct label){ slice_str("a"), slice_str(a) };
	if (*b)
		l[n++] = (struct label){ slice_str("b"), slice_str(b) };
	ls = labels_intern(l, n, &table.e);
	assert_non_null(ls);
	for (int64_t k = 0; k < TABLE_STEPS; k++)
		assert_ok(source_memory_add(&table.source, ls, k * TABLE_STEP_MS, v[k], &table.e),
			  &table.e);
	labels_unref(ls);
}

static inline void table_add_rough(const char *name, const char *a, const char *b)
{
	double v[TABLE_STEPS];

	for (size_t k = 0; k < TABLE_STEPS; k++)
		v[k] = rough_value();
	table_add(name, a, b, v);
}

static inline int table_run(struct engine *en, const char *text, struct query *q)
{
	query_init(q, en);
	q->text = slice_str(text);
	q->end_ms = (TABLE_STEPS - 1) * TABLE_STEP_MS;
	q->step_ms = TABLE_STEP_MS;
	q->source = &table.source.source;
	return query_run(en, q);
}

/* Sums of parts are put together in an order that depends on the number of workers. */
static inline bool about_same(double x, double y)
{
	if (is_absent(x) || is_absent(y))
		return is_absent(x) && is_absent(y);
	if (isnan(x) || isnan(y))
		return isnan(x) && isnan(y);
	return x == y || fabs(x - y) <= 1e-11 * fmax(1, fabs(x));
}

static inline void assert_same_answers(const char *text, const struct vector *x,
				       const struct vector *y)
{
	assert_int_equal(x->n, y->n);
	for (size_t i = 0; i < x->n; i++) {
		if (labels_cmp(x->heads[i].labels, y->heads[i].labels) != 0)
			fail_msg("%s: row %zu has other labels with workers", text, i);
		for (size_t k = 0; k < x->width; k++)
			if (!about_same(x->values[i * x->width + k], y->values[i * x->width + k]))
				fail_msg("%s: row %zu, step %zu differ with workers", text, i, k);
	}
}

/* The answer, which is the same with workers; the caller's to release. */
static inline void table_ask(const char *text, struct query *q)
{
	struct query other;

	if (table_run(table.alone, text, q) < 0)
		fail_msg("%s: %s", text, q->error);
	if (table_run(table.together, text, &other) < 0)
		fail_msg("%s, with workers: %s", text, other.error);
	assert_same_answers(text, &q->value.vector, &other.value.vector);
	query_release(&other);
}

/* Fails with just this sentence, with and without workers. */
static inline void assert_refused(const char *text, const char *sentence)
{
	struct engine *const engines[] = { table.alone, table.together };
	struct query q;

	for (size_t i = 0; i < 2; i++) {
		if (table_run(engines[i], text, &q) == 0)
			fail_msg("%s succeeded", text);
		assert_int_equal(q.failure, QUERY_EXECUTION);
		assert_string_equal(q.error, sentence);
		query_release(&q);
	}
}

static inline bool has_labels(const struct head *h, const char *a, const char *b)
{
	return slice_is(labels_get(h->labels, slice_str("a")), a) &&
	       slice_is(labels_get(h->labels, slice_str("b")), b);
}

/* The value of the row with these labels; ABSENT when there is none. */
static inline double value_at(const struct query *q, const char *a, const char *b, size_t k)
{
	const struct vector *v = &q->value.vector;

	for (size_t i = 0; i < v->n; i++)
		if (has_labels(&v->heads[i], a, b))
			return v->values[i * v->width + k];
	return ABSENT;
}

/* How many values an answer has, to see that none is there that was not looked for. */
static inline size_t values_in(const struct query *q)
{
	const struct vector *v = &q->value.vector;
	size_t n = 0;

	for (size_t i = 0; i < v->n * v->width; i++)
		n += !is_absent(v->values[i]);
	return n;
}

/* Every allocation of a query fails once: it ends with a sentence, and works again afterwards. */
static inline void assert_survives_lack_of_memory(const char *text)
{
	struct query q;
	unsigned failed = 0;

	for (long k = 0;; k++) {
		int r;

		mem_fail_after(k, 0);
		r = table_run(table.alone, text, &q);
		mem_fail_after(-1, 0);
		if (r < 0) {
			assert_non_null(q.error);
			assert_true(strlen(q.error) > 0);
			failed++;
		}
		query_release(&q);
		if (k > 2 && r == 0 && failed + 40 < (unsigned)k)
			break;
		if (k > 5000)
			break;
	}
	assert_true(failed > 0);
	if (table_run(table.alone, text, &q) < 0)
		fail_msg("%s: %s", text, q.error);
	query_release(&q);
}

#endif
