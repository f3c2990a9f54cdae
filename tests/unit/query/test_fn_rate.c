/* test_fn_rate.c - rates against Prometheus' own examples and against a plain way of counting. */
#include "tests/unit/query/range_row.h"

static int begin(void **state)
{
	static struct row f;

	row_begin(&f, "metric");
	*state = &f;
	return 0;
}

static int end(void **state)
{
	row_end(*state);
	return 0;
}

/* extended_vectors.test: 1+1x4 9+1x4 every 15 s. */
static void fill(struct row *f)
{
	static const double v[] = { 1, 2, 3, 4, 5, 9, 10, 11, 12, 13 };

	for (int i = 0; i < 10; i++)
		row_add(f, i * 15000, v[i]);
}

static void increase_extrapolates_to_near_edges_and_not_below_zero(void **state)
{
	struct row *f = *state;

	fill(f);
	assert_true(is_absent(row_at(f, range_increase, 5000)));
	assert_near(row_at(f, range_increase, 35000), 2.833333333, 1e-8);
	assert_f64(row_at(f, range_increase, 50000), 4.0);
	assert_f64(row_at(f, range_increase, 80000), 8.0);
	assert_near(row_at(f, range_rate, 80000), 8.0 / 60, 1e-15);
}

static void anchored_counts_from_the_last_point_at_or_before_the_window(void **state)
{
	struct row *f = *state;

	fill(f);
	f->m.kind = RANGE_ANCHORED;
	assert_f64(row_at(f, range_increase, 5000), 0.0);
	assert_f64(row_at(f, range_increase, 20000), 1.0);
	assert_f64(row_at(f, range_increase, 80000), 7.0);
	assert_f64(row_at(f, range_increase, 125000), 7.0);
	assert_true(is_absent(row_at(f, range_increase, 195001)));
}

static void smoothed_draws_lines_to_the_edges(void **state)
{
	struct row *f = *state;

	fill(f);
	f->m.kind = RANGE_SMOOTHED;
	assert_near(row_at(f, range_increase, 20000), 1.333333333, 1e-8);
	assert_near(row_at(f, range_increase, 50000), 3.333333333, 1e-8);
	assert_near(row_at(f, range_increase, 95000), 7, 1e-12);
	assert_near(row_at(f, range_increase, 125000), 7 - 1, 1e-12);
}

static void smoothed_begins_at_zero_where_a_counter_fell(void **state)
{
	struct row *f = *state;

	f->m.kind = RANGE_SMOOTHED;
	f->m.range_ms = 10000;
	row_add(f, 0, 100);
	row_add(f, 15000, 10);
	assert_near(row_at(f, range_rate, 12000), 0.666666666666667, 1e-14);
	f->r.points.n = 0;
	for (int i = 0; i < 4; i++)
		row_add(f, i * 60000, (double[]){ 9, 8, 5, 4 }[i]);
	f->m.range_ms = 120000;
	assert_f64(row_at(f, range_increase, 135000), 12.0);
}

static void smoothed_needs_points_on_both_sides_or_inside(void **state)
{
	struct row *f = *state;

	f->m.kind = RANGE_SMOOTHED;
	f->m.range_ms = 5000;
	row_add(f, 10000, 5);
	row_add(f, 20000, 6);
	assert_true(is_absent(row_at(f, range_rate, 5000)));
	assert_true(is_absent(row_at(f, range_rate, 30000)));
	assert_f64(row_at(f, range_increase, 17000), 0.5);
}

static void changes_and_resets_look_back_when_anchored(void **state)
{
	struct row *f = *state;

	row_add(f, 0, 2);
	row_add(f, 120000, 1);
	row_add(f, 480000, 0);
	assert_f64(row_at(f, range_changes, 120000), 0.0);
	f->m.kind = RANGE_ANCHORED;
	assert_f64(row_at(f, range_changes, 120000), 1.0);
	assert_true(is_absent(row_at(f, range_changes, 180000)));
	assert_f64(row_at(f, range_resets, 480000), 0.0);
	f->m.range_ms = 60001;
	assert_f64(row_at(f, range_resets, 480000), 1.0);
}

static void nan_after_nan_is_no_change(void **state)
{
	struct row *f = *state;

	row_add(f, 10000, NAN);
	row_add(f, 20000, NAN);
	row_add(f, 30000, 1);
	assert_f64(row_at(f, range_changes, 30000), 1.0);
	assert_f64(row_at(f, range_resets, 30000), 0.0);
}

static void irate_takes_a_fall_as_counted_from_zero(void **state)
{
	struct row *f = *state;

	row_add(f, 10000, 100);
	row_add(f, 20000, 30);
	assert_f64(row_at(f, range_irate, 30000), 3.0);
	assert_f64(row_at(f, range_idelta, 30000), -70.0);
	assert_true(is_absent(row_at(f, range_irate, 15000)));
}

/* --- against a plain way ---------------------------------------------------------------- */

static double plainly(const struct row *f, int64_t end_ms)
{
	size_t n = 0, first = 0;
	double got, span, before, after, gap, zero;

	for (size_t i = 0; i < f->r.points.n; i++)
		if (f->t[i] > end_ms - f->m.range_ms && f->t[i] <= end_ms && n++ == 0)
			first = i;
	if (n < 2)
		return ABSENT;
	got = f->v[first + n - 1] - f->v[first];
	for (size_t i = first + 1; i < first + n; i++)
		if (f->v[i] < f->v[i - 1])
			got += f->v[i - 1];
	span = (double)(f->t[first + n - 1] - f->t[first]) / 1000;
	gap = span / (double)(n - 1);
	before = (double)(f->t[first] - end_ms + f->m.range_ms) / 1000;
	after = (double)(end_ms - f->t[first + n - 1]) / 1000;
	before = before >= gap * 1.1 ? gap / 2 : before;
	zero = got > 0 && f->v[first] >= 0 ? span * (f->v[first] / got) : before;
	before = zero < before ? zero : before;
	after = after >= gap * 1.1 ? gap / 2 : after;
	return got * ((span + before + after) / span / ((double)f->m.range_ms / 1000));
}

static void rate_is_that_of_every_window_by_itself(void **state)
{
	struct row *f = *state;
	uint64_t seed = 42;
	int64_t t = 0;
	double v = 0;

	for (int i = 0; i < 3000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		t += 15000 + (int64_t)(seed >> 52) + (seed >> 33 & 63 ? 0 : 400000);
		v = seed >> 40 & 7 ? v + (double)(seed >> 50 & 1023) : (double)(seed >> 50 & 255);
		row_add(f, t, seed >> 20 & 127 ? v : NAN);
	}
	f->m.range_ms = 300000;
	row_windows(f, -60000, 17000, 3500);
	assert_ok(range_rate(&f->r, f->out, &f->e), &f->e);
	for (size_t k = 0; k < 3500; k++)
		assert_f64(f->out[k], plainly(f, grid_time(&f->grid, k)));
}

/* From zero, from just below and above where a window's line would lead below zero, from far away.
 */
static void a_counter_that_only_rises_is_cut_at_zero_wherever_it_began(void **state)
{
	struct row *f = *state;

	f->m.range_ms = 300000;
	for (double first = 0; first < 2000; first += 12.5) {
		f->r.points.n = 0;
		for (int i = 0; i < 24; i++)
			row_add(f, i * 15000, first + i * 1000);
		row_windows(f, 285000, 1000, 60); /* full ones */
		assert_ok(range_rate(&f->r, f->out, &f->e), &f->e);
		for (size_t k = 0; k < 60; k++)
			assert_f64(f->out[k], plainly(f, grid_time(&f->grid, k)));
	}
}

static void rows_with_ends_of_their_own_have_no_result_without_an_end(void **state)
{
	struct row *f = *state;
	int64_t ends[] = { 50000, INT64_MIN, 50000, 80000 };

	fill(f);
	row_windows(f, 0, 1000, 4);
	f->r.row_ends = ends;
	assert_ok(range_increase(&f->r, f->out, &f->e), &f->e);
	assert_f64(f->out[0], 4.0);
	assert_true(is_absent(f->out[1]));
	assert_f64(f->out[2], 4.0);
	assert_f64(f->out[3], 8.0);
}

static void a_name_that_is_no_counters_is_remarked_once_there_is_a_result(void **state)
{
	struct row *f = *state;

	fill(f);
	row_windows(f, 5000, 0, 1);
	assert_ok(remark_counter(&f->r, &f->e), &f->e);
	assert_int_equal(f->notes.infos.n, 0);
	row_windows(f, 5000, 30000, 2);
	assert_ok(remark_counter(&f->r, &f->e), &f->e);
	assert_int_equal(f->notes.infos.n, 1);
	assert_string_equal(f->notes.infos.text[0],
			    "PromQL info: metric might not be a counter, name does not end in "
			    "_total/_sum/_count/_bucket: \"metric\" (1:6)");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(increase_extrapolates_to_near_edges_and_not_below_zero),
		T(anchored_counts_from_the_last_point_at_or_before_the_window),
		T(smoothed_draws_lines_to_the_edges),
		T(smoothed_begins_at_zero_where_a_counter_fell),
		T(smoothed_needs_points_on_both_sides_or_inside),
		T(changes_and_resets_look_back_when_anchored),
		T(nan_after_nan_is_no_change),
		T(irate_takes_a_fall_as_counted_from_zero),
		T(rate_is_that_of_every_window_by_itself),
		T(a_counter_that_only_rises_is_cut_at_zero_wherever_it_began),
		T(rows_with_ends_of_their_own_have_no_result_without_an_end),
		T(a_name_that_is_no_counters_is_remarked_once_there_is_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
