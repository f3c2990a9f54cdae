/* test_window.c - finding the points of window after window. */
#include "tests/unit/query/range_row.h"

static struct row f;

static void windows_are_open_on_the_left(void **state)
{
	size_t lo = 0, hi = 0;

	(void)state;
	row_begin(&f, "m");
	for (int i = 0; i < 10; i++)
		row_add(&f, i * 10000, i);
	row_windows(&f, 60000, 10000, 3);
	window_move(&f.r, 0, &lo, &hi);
	assert_int_equal(lo, 1);
	assert_int_equal(hi, 7);
	window_move(&f.r, 2, &lo, &hi);
	assert_int_equal(lo, 3);
	assert_int_equal(hi, 9);
	row_end(&f);
}

static void fixed_windows_stay_and_ends_may_be_missing_or_fall(void **state)
{
	int64_t ends[] = { 90000, INT64_MIN, 60000 };
	size_t lo = 0, hi = 0;

	(void)state;
	row_begin(&f, "m");
	for (int i = 0; i < 10; i++)
		row_add(&f, i * 10000, i);
	row_windows(&f, 60000, 10000, 3);
	f.m.fixed = true;
	window_move(&f.r, 2, &lo, &hi);
	assert_int_equal(lo, 1);
	assert_int_equal(hi, 7);
	f.r.row_ends = ends;
	window_move(&f.r, 0, &lo, &hi);
	assert_int_equal(lo, 4);
	assert_int_equal(hi, 10);
	window_move(&f.r, 1, &lo, &hi);
	assert_int_equal(lo, hi);
	window_move(&f.r, 2, &lo, &hi);
	assert_int_equal(lo, 1);
	assert_int_equal(hi, 7);
	row_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_open_on_the_left),
		cmocka_unit_test(fixed_windows_stay_and_ends_may_be_missing_or_fall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
