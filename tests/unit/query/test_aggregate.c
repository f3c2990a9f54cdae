/* test_aggregate.c - aggregates, against a calculation of each group and step by itself. */
#include "tests/unit/query/table.h"

enum { GROUPS = 5, MEMBERS = 40 };

static void fill_table(void)
{
	char a[8], b[8];

	for (int i = 0; i < GROUPS; i++)
		for (int j = 0; j < MEMBERS; j++) {
			snprintf(a, sizeof(a), "%d", i);
			snprintf(b, sizeof(b), "%d", j);
			if (chance(8))
				table_add_rough("x", a, b);
		}
}

/* --- what a naive calculation gives -------------------- */

struct group {
	double v[TABLE_ROWS_MAX];
	size_t n;
};

/* Values of a group at a step, in the order of label sets. */
static void collect(const char *a, size_t k, struct group *out)
{
	out->n = 0;
	for (size_t i = 0; i < table.n; i++)
		if (strcmp(table.rows[i].a, a) == 0 && !is_absent(table.rows[i].v[k]))
			out->v[out->n++] = table.rows[i].v[k];
}

static double naive_sum(struct group *g)
{
	double sum = g->v[0]; /* whole numbers, so there is no error */

	for (size_t i = 1; i < g->n; i++)
		sum += g->v[i];
	return sum;
}

static double naive_avg(struct group *g)
{
	return naive_sum(g) / (double)g->n;
}

static double naive_min(struct group *g)
{
	double r = NAN;

	for (size_t i = 0; i < g->n; i++)
		if (isnan(r) || g->v[i] < r)
			r = g->v[i];
	return r;
}

static double naive_max(struct group *g)
{
	double r = NAN;

	for (size_t i = 0; i < g->n; i++)
		if (isnan(r) || g->v[i] > r)
			r = g->v[i];
	return r;
}

static double naive_count(struct group *g)
{
	return (double)g->n;
}

static double naive_group(struct group *g)
{
	(void)g;
	return 1;
}

static double naive_stdvar(struct group *g)
{
	double mean = naive_avg(g), sum = 0;

	for (size_t i = 0; i < g->n; i++)
		sum += (g->v[i] - mean) * (g->v[i] - mean);
	return sum / (double)g->n;
}

static double naive_stddev(struct group *g)
{
	return sqrt(naive_stdvar(g));
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return isnan(y) - isnan(x); /* NaN first */
	return x < y ? -1 : x > y;
}

static double naive_quantile(struct group *g)
{
	double rank = 0.3 * (double)(g->n - 1), part = rank - floor(rank);
	size_t lo = (size_t)rank, hi = lo + 1 < g->n ? lo + 1 : lo;

	qsort(g->v, g->n, sizeof(*g->v), rising);
	return g->v[lo] * (1 - part) + g->v[hi] * part;
}

static void each_step_is_what_a_naive_calculation_gives(void **state)
{
	static const struct {
		const char *text;
		double (*naive)(struct group *g);
	} cases[] = {
		{ "sum by (a) (x)", naive_sum },
		{ "sum without (b) (x)", naive_sum },
		{ "avg by (a) (x)", naive_avg },
		{ "min by (a) (x)", naive_min },
		{ "max by (a) (x)", naive_max },
		{ "count by (a) (x)", naive_count },
		{ "group by (a) (x)", naive_group },
		{ "stdvar by (a) (x)", naive_stdvar },
		{ "stddev by (a) (x)", naive_stddev },
		{ "quantile by (a) (0.3, x)", naive_quantile },
		{ "sum by (a, nowhere) (x)", naive_sum },
	};
	static struct group g;
	struct query q;

	(void)state;
	fill_table();
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		size_t found = 0;
		char a[8];

		table_ask(cases[c].text, &q);
		for (int i = 0; i < GROUPS; i++)
			for (size_t k = 0; k < TABLE_STEPS; k++) {
				double got, want;

				snprintf(a, sizeof(a), "%d", i);
				collect(a, k, &g);
				if (!g.n)
					continue;
				found++;
				want = cases[c].naive(&g);
				got = value_at(&q, a, "", k);
				if (!about_same(got, want))
					fail_msg("%s: {%s} step %zu is %.17g, not %.17g",
						 cases[c].text, a, k, got, want);
			}
		assert_true(found > 0);
		assert_int_equal(values_in(&q), found);
		query_release(&q);
	}
}

/* Largest first, NaN last; which of equal ones is left out does not matter. */
static void assert_best(const char *text, size_t wanted, bool top)
{
	static struct group in, out;
	struct query q;
	const struct vector *v = &q.value.vector;
	char a[8];

	table_ask(text, &q);
	for (int i = 0; i < GROUPS; i++)
		for (size_t k = 0; k < TABLE_STEPS; k++) {
			size_t nans = 0, want;

			snprintf(a, sizeof(a), "%d", i);
			collect(a, k, &in);
			out.n = 0;
			for (size_t r = 0; r < v->n; r++) {
				double x = v->values[r * v->width + k];

				if (slice_is(labels_get(v->heads[r].labels, slice_str("a")), a) &&
				    !is_absent(x))
					out.v[out.n++] = x;
			}
			want = in.n < wanted ? in.n : wanted;
			assert_int_equal(out.n, want);
			qsort(in.v, in.n, sizeof(double), rising);
			qsort(out.v, out.n, sizeof(double), rising);
			while (nans < in.n && isnan(in.v[nans]))
				nans++;
			assert_true(in.n - nans >= want);
			for (size_t n = 0; n < want; n++) {
				double x = in.v[top ? in.n - want + n : nans + n];

				assert_true(x == out.v[n]);
			}
		}
	query_release(&q);
}

static void the_best_are_as_many_as_wanted_and_none_better_is_left_out(void **state)
{
	(void)state;
	fill_table();
	assert_best("topk by (a) (4, x)", 4, true);
	assert_best("bottomk by (a) (4.9, x)", 4, false);
	assert_best("topk by (a) (1, x)", 1, true);
}

static void limitk_keeps_the_first(void **state)
{
	struct query q;
	static struct group in;

	(void)state;
	fill_table();
	table_ask("limitk by (a) (3, x)", &q);
	for (size_t k = 0; k < TABLE_STEPS; k++) {
		size_t n = 0;

		collect("2", k, &in);
		for (size_t i = 0; i < q.value.vector.n; i++) {
			const struct vector *v = &q.value.vector;
			double x = v->values[i * v->width + k];

			n += slice_is(labels_get(v->heads[i].labels, slice_str("a")), "2") &&
			     !is_absent(x);
		}
		assert_int_equal(n, in.n < 3 ? in.n : 3);
	}
	query_release(&q);
}

static void ratios_part_the_rows_without_gap_or_overlap(void **state)
{
	struct query all, low, high;

	(void)state;
	fill_table();
	table_ask("x", &all);
	table_ask("limit_ratio(0.3, x)", &low);
	table_ask("limit_ratio(-0.7, x)", &high);
	assert_true(values_in(&low) > 0);
	assert_true(values_in(&high) > values_in(&low));
	assert_int_equal(values_in(&low) + values_in(&high), values_in(&all));
	query_release(&all);
	query_release(&low);
	query_release(&high);
	table_ask("limit_ratio(0.3, x) and limit_ratio(-0.7, x)", &low);
	assert_int_equal(values_in(&low), 0);
	query_release(&low);
}

static void values_are_counted_by_themselves(void **state)
{
	struct query q;
	static struct group g;
	char a[8];

	(void)state;
	fill_table();
	table_ask("count_values by (a) (\"b\", x)", &q);
	for (int i = 0; i < GROUPS; i++)
		for (size_t k = 0; k < TABLE_STEPS; k++) {
			size_t n = 0, nan = 0, minus = 0;

			snprintf(a, sizeof(a), "%d", i);
			collect(a, k, &g);
			for (size_t j = 0; j < g.n; j++) {
				n += g.v[j] == 5;
				nan += isnan(g.v[j]);
				minus += g.v[j] == 0 && signbit(g.v[j]);
			}
			assert_f64(value_at(&q, a, "5", k), n ? (double)n : ABSENT);
			assert_f64(value_at(&q, a, "NaN", k), nan ? (double)nan : ABSENT);
			assert_f64(value_at(&q, a, "-0", k), minus ? (double)minus : ABSENT);
		}
	query_release(&q);
}

/* --- accuracy ------------------------------------------------------------ */

static void add_same(const char *name, const char *a, double x)
{
	double v[TABLE_STEPS];

	for (size_t k = 0; k < TABLE_STEPS; k++)
		v[k] = x;
	table_add(name, a, "", v);
}

static double one_value(const char *text)
{
	struct query q;
	double v;

	table_ask(text, &q);
	assert_int_equal(q.value.vector.n, 1);
	v = q.value.vector.values[TABLE_STEPS - 1];
	query_release(&q);
	return v;
}

static void sums_keep_what_large_numbers_hide(void **state)
{
	(void)state;
	add_same("x", "1", 1e100);
	add_same("x", "2", 1);
	add_same("x", "3", -1e100);
	add_same("x", "4", 1);
	assert_f64(one_value("sum(x)"), 2);
	assert_f64(one_value("avg(x)"), 0.5);
	add_same("z", "1", -0.0);
	/* the error that is added, 0, takes the sign away; it does in Prometheus, too */
	assert_f64(one_value("sum(z)"), 0);
	assert_f64(one_value("max(z)"), -0.0);
}

static void means_of_numbers_too_large_to_be_summed_are_exact(void **state)
{
	(void)state;
	add_same("x", "1", 1.5e308);
	add_same("x", "2", 1.5e308);
	assert_f64(one_value("sum(x)"), INFINITY);
	assert_f64(one_value("avg(x)"), 1.5e308);
	add_same("x", "3", -1.5e308);
	add_same("x", "4", -1.5e308);
	/* each is weighted by its share, and the errors of that are carried along */
	assert_true(fabs(one_value("avg(x)")) < 1e293);
	add_same("y", "1", INFINITY);
	add_same("y", "2", 1e308);
	add_same("y", "3", 1e308);
	assert_f64(one_value("avg(y)"), INFINITY);
	add_same("y", "4", -INFINITY);
	assert_f64(one_value("avg(y)"), NAN);
}

/* What Prometheus does from 3.6 on, so that the last bits are the same. */
static double running_mean(const double *x, size_t n)
{
	double mean = x[0], error = 0;

	for (size_t i = 1; i < n; i++) {
		double all = (double)i + 1, a = (double)i / all * mean, b = x[i] / all;
		double sum = a + b;

		error *= (double)i / all;
		error += fabs(a) >= fabs(b) ? (a - sum) + b : (b - sum) + a;
		mean = sum;
	}
	return mean + error;
}

static void running_means_carry_the_error_of_their_additions(void **state)
{
	double x[40];
	char a[8];

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		snprintf(a, sizeof(a), "%02zu", i);
		x[i] = 1e308 + (double)chance(1000000) * 1.7e301;
		add_same("x", a, x[i]);
	}
	assert_f64(one_value("avg(x)"), running_mean(x, 40));
}

/* --- parameters ------------------------------------------------------------ */

static void assert_warned(const char *text, size_t n, const char *part)
{
	struct query q;

	if (table_run(table.alone, text, &q) < 0)
		fail_msg("%s: %s", text, q.error);
	assert_int_equal(q.notes.warnings.n, n);
	if (n) {
		bool found = false;

		for (size_t i = 0; i < n; i++)
			found |= strstr(q.notes.warnings.text[i], part) != NULL;
		if (!found)
			fail_msg("%s: \"%s\"", text, q.notes.warnings.text[0]);
	}
	query_release(&q);
}

static void parameters_that_cannot_be_are_refused(void **state)
{
	static const double ramp[TABLE_STEPS] = { -1e300, 0, 1, 2, 3, 4, 5, 6, 7 };

	(void)state;
	add_same("x", "1", 1);
	table_add("p", "", "", ramp);
	assert_refused("topk(NaN, x)", "Parameter value is NaN");
	assert_refused("limitk(NaN, x)", "Parameter value is NaN");
	assert_refused("limit_ratio(NaN, x)", "Ratio value is NaN");
	assert_refused("topk(1e19, x)", "Scalar value 1e+19 overflows int64");
	assert_refused("bottomk(Inf, x)", "Scalar value +Inf overflows int64");
	assert_refused("limitk(9223372036854775807, x)",
		       "Scalar value 9.223372036854776e+18 overflows int64");
	assert_refused("topk(scalar(p), x)", "Scalar value -1e+300 underflows int64");
}

static void where_no_row_is_wanted_there_is_none(void **state)
{
	static const char *const texts[] = { "topk(0, x)",      "topk(-3, x)",
					     "bottomk(0.9, x)", "limitk(-Inf, x)",
					     "topk(-1e300, x)", "limit_ratio(0, x)" };

	(void)state;
	add_same("x", "1", 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct query q;

		table_ask(texts[i], &q);
		assert_int_equal(q.value.vector.n, 0);
		query_release(&q);
	}
}

static void parameters_that_are_capped_are_told_of(void **state)
{
	static const double ramp[TABLE_STEPS] = { -2, -1, 0, 1, 2, 3, 4, 1e21, 5 };

	(void)state;
	add_same("x", "1", 1);
	table_add("p", "", "", ramp);
	assert_warned("quantile(0.5, x)", 0, "");
	assert_warned("quantile(1.5, x)", 1, "quantile value should be between 0 and 1, got 1.5 (");
	assert_warned("quantile(-Inf, x)", 1,
		      "quantile value should be between 0 and 1, got -Inf (");
	assert_warned("quantile(NaN, x)", 1, "quantile value should be between 0 and 1, got NaN (");
	/* of all steps the largest and the smallest */
	assert_warned("quantile(scalar(p), x)", 2,
		      "quantile value should be between 0 and 1, got 1e+21 (");
	assert_warned("quantile(scalar(p), x)", 2,
		      "quantile value should be between 0 and 1, got -2 (");
	assert_warned("limit_ratio(1.5, x)", 1,
		      "ratio value should be between -1 and 1, got 1.5, capping to 1 (");
	assert_warned("limit_ratio(-1.25, x)", 1,
		      "ratio value should be between -1 and 1, got -1.25, capping to -1 (");
}

static void lack_of_memory_is_an_error_and_no_end(void **state)
{
	(void)state;
	fill_table();
	assert_survives_lack_of_memory("sum by (a) (x)");
	assert_survives_lack_of_memory("quantile by (a) (0.3, x)");
	assert_survives_lack_of_memory("topk by (a) (3, x)");
	assert_survives_lack_of_memory("limit_ratio(0.5, x)");
	assert_survives_lack_of_memory("count_values(\"v\", x)");
}

#define T(f) cmocka_unit_test_setup_teardown(f, table_setup, table_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_step_is_what_a_naive_calculation_gives),
		T(the_best_are_as_many_as_wanted_and_none_better_is_left_out),
		T(limitk_keeps_the_first),
		T(ratios_part_the_rows_without_gap_or_overlap),
		T(values_are_counted_by_themselves),
		T(sums_keep_what_large_numbers_hide),
		T(means_of_numbers_too_large_to_be_summed_are_exact),
		T(running_means_carry_the_error_of_their_additions),
		T(parameters_that_cannot_be_are_refused),
		T(where_no_row_is_wanted_there_is_none),
		T(parameters_that_are_capped_are_told_of),
		T(lack_of_memory_is_an_error_and_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
