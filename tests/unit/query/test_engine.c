/*
 * test_engine.c - whole queries over a few hundred series: the same answer with and without
 * workers, and what a naive calculation gives.
 */
#include "query/query.h"
#include "tests/lib/assert.h"
#include "tests/promql/source_memory.h"

#include <stdlib.h>

enum { GROUPS = 7, SERIES = 400, POINTS = 80, STEP_MS = 15000, END_MS = POINTS * STEP_MS };

static struct source_memory source;
static struct engine *alone, *together;
static struct err e;

/* --- series --------------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static double stale(void)
{
	return ABSENT;
}

/* A third of the series have holes, marks and NaN. */
static void add_series(struct labels *ls, bool rough)
{
	double v = chance(1000);

	for (int i = 0; i < POINTS; i++) {
		double x = v += (double)chance(100) / 8 - 5;

		if (rough && chance(10) == 0)
			x = chance(3) ? stale() : NAN;
		if (rough && chance(6) == 0)
			continue;
		assert_ok(source_memory_add(&source, ls, (int64_t)i * STEP_MS + chance(1000), x,
					    &e),
			  &e);
	}
	labels_unref(ls);
}

static int begin(void **state)
{
	struct engine_options o = { .features = ~0u };
	char g[12], i[12];

	(void)state;
	seed = 20231115;
	source_memory_init(&source);
	for (int k = 0; k < SERIES; k++) {
		snprintf(g, sizeof(g), "%d", k % GROUPS);
		snprintf(i, sizeof(i), "%d", k);
		add_series(labels_make(&e, "m", "g", g, "i", i, NULL), k % 3 == 0);
		add_series(labels_make(&e, "c_total", "g", g, "i", i, NULL), k % 3 == 1);
	}
	for (int k = 0; k < GROUPS - 1; k++) {
		snprintf(g, sizeof(g), "%d", k);
		add_series(labels_make(&e, "one", "g", g, NULL), k == 2);
	}
	o.workers = ENGINE_NO_WORKERS;
	alone = engine_new(&o, &e);
	o.workers = 3;
	together = engine_new(&o, &e);
	assert_non_null(alone);
	assert_non_null(together);
	return 0;
}

static int end(void **state)
{
	(void)state;
	engine_free(alone);
	engine_free(together);
	source_memory_release(&source);
	return 0;
}

static int run(struct engine *en, const char *text, int64_t start_ms, int64_t step_ms,
	       struct query *q)
{
	query_init(q, en);
	q->text = slice_str(text);
	q->start_ms = start_ms;
	q->end_ms = END_MS;
	q->step_ms = step_ms;
	q->source = &source.source;
	return query_run(en, q);
}

static void ask(const char *text, struct query *q)
{
	if (run(alone, text, 60000, 40000, q) < 0)
		fail_msg("%s: %s", text, q->error);
}

/* --- workers ---------------------------------------------------------------------------------- */

/* Sums of parts are put together in an order that depends on the number of workers: the last bits
 * may differ, nothing else. */
static bool same_value(double x, double y)
{
	if (is_absent(x) || is_absent(y) || isnan(x) || isnan(y))
		return is_absent(x) == is_absent(y) && isnan(x) == isnan(y);
	return x == y || fabs(x - y) <= 1e-12 * fabs(x);
}

static void assert_same_vector(const char *text, const struct vector *a, const struct vector *b)
{
	if (a->n != b->n || a->width != b->width)
		fail_msg("%s: %zu rows, with workers %zu", text, a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		if (labels_cmp(a->heads[i].labels, b->heads[i].labels) != 0)
			fail_msg("%s: row %zu has other labels with workers", text, i);
		for (size_t k = 0; k < a->width; k++) {
			double x = a->values[i * a->width + k], y = b->values[i * b->width + k];

			if (!same_value(x, y))
				fail_msg("%s: row %zu, step %zu: %.17g, with workers %.17g", text,
					 i, k, x, y);
		}
	}
}

static void assert_same_points(const char *text, const struct query *a, const struct query *b)
{
	if (a->nrows != b->nrows)
		fail_msg("%s: %zu rows, with workers %zu", text, a->nrows, b->nrows);
	for (size_t i = 0; i < a->nrows; i++) {
		assert_int_equal(labels_cmp(a->rows[i].labels, b->rows[i].labels), 0);
		assert_int_equal(a->rows[i].n, b->rows[i].n);
		assert_memory_equal(a->rows[i].v, b->rows[i].v, a->rows[i].n * sizeof(double));
	}
}

static void compare_workers(const char *text, int64_t step_ms)
{
	struct query a, b;

	if (run(alone, text, step_ms ? 60000 : END_MS - 5000, step_ms, &a) < 0)
		fail_msg("%s: %s", text, a.error);
	if (run(together, text, step_ms ? 60000 : END_MS - 5000, step_ms, &b) < 0)
		fail_msg("%s, with workers: %s", text, b.error);
	assert_int_equal(a.value.type, b.value.type);
	if (a.value.type == VALUE_VECTOR)
		assert_same_vector(text, &a.value.vector, &b.value.vector);
	else if (a.value.type == VALUE_MATRIX)
		assert_same_points(text, &a, &b);
	assert_int_equal(a.notes.infos.n, b.notes.infos.n);
	assert_int_equal(a.notes.warnings.n, b.notes.warnings.n);
	assert_int_equal(a.stats.series, b.stats.series);
	assert_int_equal(a.stats.points, b.stats.points);
	query_release(&a);
	query_release(&b);
}

static void workers_do_not_change_an_answer(void **state)
{
	static const char *const texts[] = {
		"m",
		"-m",
		"abs(m) + 1",
		"m > 500",
		"rate(c_total[2m])",
		"sum(rate(c_total[2m]))",
		"sum by (g) (rate(c_total[2m]))",
		"sum by (g, i) (m)",
		"sum without (i) (m * 2)",
		"avg by (g) (m)",
		"min(m)",
		"max by (g) (m)",
		"count(m)",
		"group by (g) (m)",
		"stddev by (g) (m)",
		"stdvar(m)",
		"quantile by (g) (0.9, m)",
		"topk(5, m)",
		"topk by (g) (2, m)",
		"bottomk(3, m)",
		"limitk(7, m)",
		"limit_ratio(0.3, m)",
		"count_values by (g) (\"v\", round(m, 100))",
		"m / c_total",
		"m * on (g) group_left one",
		"m > bool on (g) group_left one",
		"one - on (g) group_right m",
		"m and on (i) c_total > 300",
		"m unless on (g) one",
		"m or c_total",
		"m + on (g, i) fill(0) c_total{i=~\".*[1-5]\"}",
		"sum_over_time(m[3m])",
		"avg_over_time(m[3m])",
		"stddev_over_time(m[3m])",
		"quantile_over_time(0.5, m[3m])",
		"max_over_time(rate(c_total[1m])[5m:30s])",
		"avg_over_time(sum by (g) (m)[4m:30s])",
		"deriv(m[4m])",
		"predict_linear(m[4m], 600)",
		"increase(c_total[2m] anchored)",
		"rate(c_total[2m] smoothed)",
		"m smoothed",
		"m offset 1m",
		"m @ 600",
		"rate(c_total[2m] @ end())",
		"label_replace(m, \"x\", \"$1\", \"i\", \"(.).*\")",
		"absent(m{i=\"1000\"})",
		"scalar(sum(m))",
		"sort_by_label(m, \"i\")",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		compare_workers(texts[i], 40000);
		compare_workers(texts[i], 0);
	}
	compare_workers("m[5m]", 0);
	compare_workers("rate(c_total[1m])[5m:30s]", 0);
}

/* Which workers come first must not decide which error is told, only that one is. */
static void an_error_is_one_with_workers_too(void **state)
{
	struct query a, b;

	(void)state;
	assert_int_equal(run(alone, "m * on (g) c_total", 60000, 40000, &a), -1);
	assert_int_equal(run(together, "m * on (g) c_total", 60000, 40000, &b), -1);
	assert_string_equal(a.error, b.error);
	assert_int_equal(b.failure, QUERY_EXECUTION);
	query_release(&a);
	query_release(&b);
}

/* --- aggregates ------------------------------------------------------------------------------- */

/* Values of a group at a step, in the order of the rows. */
struct group {
	double v[SERIES];
	size_t n;
};

static int group_of(const struct labels *ls)
{
	struct slice g = labels_get(ls, slice_str("g"));

	return g.n == 1 ? g.p[0] - '0' : -1;
}

static void collect(const struct vector *m, int g, size_t k, struct group *out)
{
	out->n = 0;
	for (size_t i = 0; i < m->n; i++) {
		double v = m->values[i * m->width + k];

		if (group_of(m->heads[i].labels) == g && !is_absent(v))
			out->v[out->n++] = v;
	}
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return isnan(y) - isnan(x); /* NaN first */
	return x < y ? -1 : x > y;
}

static double naive_sum(struct group *g)
{
	long double sum = 0;

	for (size_t i = 0; i < g->n; i++)
		sum += g->v[i];
	return (double)sum;
}

static double naive_avg(struct group *g)
{
	return naive_sum(g) / (double)g->n;
}

static double naive_min(struct group *g)
{
	double r = NAN;

	for (size_t i = 0; i < g->n; i++)
		r = fmin(r, g->v[i]); /* prefers numbers */
	return r;
}

static double naive_max(struct group *g)
{
	double r = NAN;

	for (size_t i = 0; i < g->n; i++)
		r = fmax(r, g->v[i]);
	return r;
}

static double naive_count(struct group *g)
{
	return (double)g->n;
}

static double naive_stdvar(struct group *g)
{
	long double mean = 0, sum = 0;

	for (size_t i = 0; i < g->n; i++)
		mean += g->v[i];
	mean /= g->n;
	for (size_t i = 0; i < g->n; i++)
		sum += (g->v[i] - mean) * (g->v[i] - mean);
	return (double)(sum / g->n);
}

static double naive_quantile(struct group *g)
{
	double rank = 0.8 * (double)(g->n - 1);
	size_t lo = (size_t)rank, hi = lo + 1 < g->n ? lo + 1 : lo;

	qsort(g->v, g->n, sizeof(*g->v), rising);
	return g->v[lo] * (1 - (rank - (double)lo)) + g->v[hi] * (rank - (double)lo);
}

static void assert_like(const char *text, double got, double want)
{
	if (isnan(got) && isnan(want))
		return;
	if (!(fabs(got - want) <= 1e-9 * (1 + fabs(want))))
		fail_msg("%s: %.17g, not %.17g", text, got, want);
}

static void aggregates_are_what_a_naive_calculation_gives(void **state)
{
	static const struct {
		const char *text;
		double (*naive)(struct group *g);
	} cases[] = {
		{ "sum by (g) (m)", naive_sum },
		{ "avg by (g) (m)", naive_avg },
		{ "min by (g) (m)", naive_min },
		{ "max by (g) (m)", naive_max },
		{ "count by (g) (m)", naive_count },
		{ "stdvar by (g) (m)", naive_stdvar },
		{ "quantile by (g) (0.8, m)", naive_quantile },
	};
	static struct group group;
	struct query m, q;

	(void)state;
	ask("m", &m);
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		const struct vector *v = &q.value.vector;

		ask(cases[c].text, &q);
		assert_int_equal(v->n, GROUPS);
		for (size_t i = 0; i < v->n; i++)
			for (size_t k = 0; k < v->width; k++) {
				collect(&m.value.vector, group_of(v->heads[i].labels), k, &group);
				assert_true(group.n > 0);
				assert_like(cases[c].text, v->values[i * v->width + k],
					    cases[c].naive(&group));
			}
		query_release(&q);
	}
	query_release(&m);
}

/* As many as asked for, and none left out is larger. */
static void topk_leaves_no_larger_one_out(void **state)
{
	struct query m, q;
	const struct vector *all = &m.value.vector, *top = &q.value.vector;

	(void)state;
	ask("m{i=~\".*[02468]\"}", &m);
	ask("topk by (g) (3, m{i=~\".*[02468]\"})", &q);
	for (size_t k = 0; k < all->width; k++)
		for (int g = 0; g < GROUPS; g++) {
			static struct group in, out;

			collect(all, g, k, &in);
			collect(top, g, k, &out);
			assert_int_equal(out.n, 3);
			qsort(in.v, in.n, sizeof(*in.v), rising);
			qsort(out.v, out.n, sizeof(*out.v), rising);
			for (size_t i = 0; i < 3; i++)
				assert_f64(out.v[i], in.v[in.n - 3 + i]);
		}
	query_release(&m);
	query_release(&q);
}

/* --- operators ---------------------------------------------------------------------- */

static double value_of(const struct vector *v, const char *label, struct slice value, size_t k)
{
	for (size_t i = 0; i < v->n; i++)
		if (slice_eq(labels_get(v->heads[i].labels, slice_str(label)), value))
			return v->values[i * v->width + k];
	return ABSENT;
}

static double divided(double a, double b)
{
	return is_absent(a) || is_absent(b) ? ABSENT : a / b;
}

static double if_greater(double a, double b)
{
	return !is_absent(a) && !is_absent(b) && a > b ? a : ABSENT;
}

static double if_both(double a, double b)
{
	return is_absent(b) ? ABSENT : a;
}

static double if_alone(double a, double b)
{
	return is_absent(b) ? a : ABSENT;
}

static double filled(double a, double b)
{
	if (is_absent(a))
		return ABSENT;
	return a + (is_absent(b) ? 1000 : b);
}

static void partners_are_who_a_naive_search_finds(void **state)
{
	static const struct {
		const char *text, *rhs, *on;
		double (*naive)(double a, double b);
	} cases[] = {
		{ "m / on (i) c_total", "c_total", "i", divided },
		{ "m / ignoring (g) c_total{g=\"3\"}", "c_total{g=\"3\"}", "i", divided },
		{ "m / on (g) group_left one", "one", "g", divided },
		{ "m > on (g) group_left one", "one", "g", if_greater },
		{ "m and on (i) (c_total > 400)", "c_total > 400", "i", if_both },
		{ "m unless on (i) (c_total > 400)", "c_total > 400", "i", if_alone },
		{ "m + on (g) group_left fill_right(1000) one", "one", "g", filled },
	};
	struct query m, b, q;

	(void)state;
	ask("m", &m);
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		const struct vector *a = &m.value.vector;

		ask(cases[c].rhs, &b);
		ask(cases[c].text, &q);
		for (size_t i = 0; i < a->n; i++)
			for (size_t k = 0; k < a->width; k++) {
				const struct labels *ls = a->heads[i].labels;
				struct slice on = labels_get(ls, slice_str(cases[c].on));
				double y = value_of(&b.value.vector, cases[c].on, on, k);
				double want = cases[c].naive(a->values[i * a->width + k], y);
				double got = value_of(&q.value.vector, "i",
						      labels_get(ls, slice_str("i")), k);

				if (is_absent(want) != is_absent(got))
					fail_msg("%s: i=%.*s, step %zu: there is %s", cases[c].text,
						 SLICE_FMT(labels_get(ls, slice_str("i"))), k,
						 is_absent(got) ? "none" : "one");
				if (!is_absent(want))
					assert_f64(got, want);
			}
		query_release(&b);
		query_release(&q);
	}
	query_release(&m);
}

/* --- statistics ---------------------------------------------------------------------------- */

static void count_steps(struct engine *en, const char *text, struct query *q)
{
	query_init(q, en);
	q->text = slice_str(text);
	q->start_ms = 60000;
	q->end_ms = END_MS;
	q->step_ms = 40000;
	q->source = &source.source;
	q->count_steps = true;
	if (query_run(en, q) < 0)
		fail_msg("%s: %s", text, q->error);
}

static void samples_of_a_step_are_what_it_shows(void **state)
{
	struct query shown, counted;

	(void)state;
	ask("count(m) + sum(count_over_time(m[2m])) + 3 * count(m @ 900)", &shown);
	assert_null(shown.stats.step_points);
	for (int i = 0; i < 2; i++) {
		count_steps(i ? together : alone,
			    "m or rate(m[2m]) or max_over_time((m @ 900)[2m:40s])", &counted);
		for (size_t k = 0; k < shown.grid.n; k++)
			assert_f64((double)counted.stats.step_points[k],
				   shown.value.vector.values[k]);
		query_release(&counted);
	}
	query_release(&shown);
}

/* --- limits ------------------------------------------------------------------------- */

static void assert_refused(const struct engine_options *o, const char *text, enum query_failure how,
			   const char *part)
{
	struct engine *en = engine_new(o, &e);
	struct engine_status status;
	struct query q;

	assert_non_null(en);
	assert_int_equal(run(en, text, 0, 10, &q), -1);
	assert_int_equal(q.failure, how);
	assert_has(q.error, part);
	query_release(&q);
	engine_status(en, &status);
	assert_int_equal(status.failed, 1);
	assert_int_equal(status.running, 0);
	engine_free(en);
}

static void limits_are_told_by_name(void **state)
{
	struct engine_options few = { .max_points = 1000 }, small = { .memory_bytes = 4 << 20 };

	(void)state;
	assert_refused(&few, "m", QUERY_EXECUTION,
		       "query processing would load too many samples into memory in query "
		       "execution");
	assert_refused(&small, "m", QUERY_EXECUTION, "query needs more than 4 MiB of memory");
}

static int run_instant(struct engine *en, const char *text, struct query *q)
{
	query_init(q, en);
	q->text = slice_str(text);
	q->start_ms = END_MS;
	q->source = &source.source;
	return query_run(en, q);
}

/* The answer's own number of points is the least limit under which it comes. */
static void points_of_a_range_selector_count(void **state)
{
	static const char *const texts[] = { "m[5m]", "m[5m] @ end() offset 1m", "m[5m] smoothed",
					     "c_total[5m] anchored", "m[5m:10s]" };
	struct engine_options o = { .features = ~0u, .workers = ENGINE_NO_WORKERS };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t points = 0;
		struct query q;

		assert_int_equal(run_instant(alone, texts[i], &q), 0);
		for (size_t k = 0; k < q.nrows; k++)
			points += q.rows[k].n;
		assert_true(points > SERIES);
		assert_int_equal(q.stats.peak_points, points);
		query_release(&q);
		for (int less = 0; less < 2; less++) {
			struct engine *en;

			o.max_points = points - (size_t)less;
			en = engine_new(&o, &e);
			assert_int_equal(run_instant(en, texts[i], &q), -less);
			if (less)
				assert_string_equal(q.error,
						    "query processing would load too many samples "
						    "into memory in query execution");
			query_release(&q);
			engine_free(en);
		}
	}
}

static void a_query_has_the_time_of_its_engine(void **state)
{
	struct engine_options o = { .timeout_ms = 7000, .workers = ENGINE_NO_WORKERS };
	struct engine *en = engine_new(&o, &e);
	struct query q;

	(void)state;
	query_init(&q, en);
	assert_int_equal(q.timeout_ms, 7000);
	query_release(&q);
	engine_free(en);
	query_init(&q, alone);
	assert_int_equal(q.timeout_ms, 2 * 60 * 1000);
	query_release(&q);
}

static void a_query_that_nobody_wants_ends(void **state)
{
	atomic_bool cancelled = true;
	struct query q;

	(void)state;
	query_init(&q, alone);
	q.text = slice_str("m");
	q.source = &source.source;
	q.cancelled = &cancelled;
	assert_int_equal(query_run(alone, &q), -1);
	assert_int_equal(q.failure, QUERY_CANCELLED);
	assert_string_equal(q.error, "query was canceled in expression evaluation");
	query_release(&q);
}

static const struct source_vtable *memory;
static atomic_bool client_left;

static int points_and_the_client_leaves(struct source_reader *r, const struct selection *sel,
					const struct source_series *series, int64_t from_ms,
					int64_t to_ms, struct arena *a, struct points *out,
					struct err *err)
{
	atomic_store(&client_left, true);
	return memory->points(r, sel, series, from_ms, to_ms, a, out, err);
}

/* One series, 24,000 windows of up to 80 points. */
static void a_row_of_many_windows_is_left_in_the_middle(void **state)
{
	static const char *const texts[] = {
		"quantile_over_time(0.5, m{i='1'}[20m])", "stddev_over_time(m{i='1'}[20m])",
		"max_over_time(m{i='1'}[20m])",           "rate(c_total{i='1'}[20m])",
		"increase(c_total{i='1'}[20m] anchored)",
	};
	struct source_vtable leaving;

	(void)state;
	memory = source.source.f;
	leaving = *memory;
	leaving.points = points_and_the_client_leaves;
	source.source.f = &leaving;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct query q;

		atomic_store(&client_left, false);
		query_init(&q, alone);
		q.text = slice_str(texts[i]);
		q.end_ms = END_MS;
		q.step_ms = 50;
		q.source = &source.source;
		q.cancelled = &client_left;
		if (query_run(alone, &q) == 0)
			fail_msg("%s came to its end", texts[i]);
		assert_int_equal(q.failure, QUERY_CANCELLED);
		query_release(&q);
	}
	source.source.f = memory;
}

static void text_that_cannot_be_read_is_bad_data(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(run(alone, "sum(m", 0, 0, &q), -1);
	assert_int_equal(q.failure, QUERY_BAD_DATA);
	assert_has(q.error, "parse error: unclosed left parenthesis");
	query_release(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_do_not_change_an_answer),
		cmocka_unit_test(an_error_is_one_with_workers_too),
		cmocka_unit_test(aggregates_are_what_a_naive_calculation_gives),
		cmocka_unit_test(topk_leaves_no_larger_one_out),
		cmocka_unit_test(partners_are_who_a_naive_search_finds),
		cmocka_unit_test(samples_of_a_step_are_what_it_shows),
		cmocka_unit_test(limits_are_told_by_name),
		cmocka_unit_test(points_of_a_range_selector_count),
		cmocka_unit_test(a_query_has_the_time_of_its_engine),
		cmocka_unit_test(a_query_that_nobody_wants_ends),
		cmocka_unit_test(a_row_of_many_windows_is_left_in_the_middle),
		cmocka_unit_test(text_that_cannot_be_read_is_bad_data),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
