/* test_date.c - civil dates against counting by hand and against libc. */
#include "base/date.h"
#include "tests/lib/assert.h"

#include <time.h>

static struct date day(int y, int m, int d)
{
	return (struct date){ y, m, d };
}

static void known_days_have_known_numbers(void **state)
{
	(void)state;
	assert_int_equal(date_to_days(day(1970, 1, 1)), 0);
	assert_int_equal(date_to_days(day(1969, 12, 31)), -1);
	assert_int_equal(date_to_days(day(2000, 2, 29)), 11016);
	assert_int_equal(date_to_days(day(2026, 10, 31)), 20757);
	assert_int_equal(date_weekday(day(1970, 1, 1)), 3);
	assert_int_equal(date_weekday(day(2026, 11, 23)), 0);
	assert_int_equal(date_weekday(day(1900, 1, 1)), 0);
	assert_int_equal(date_weekday(day(1949, 10, 1)), 5);
}

static void every_day_of_three_centuries_agrees_with_libc(void **state)
{
	int64_t first = date_to_days(day(DATE_YEAR_MIN, 1, 1));
	int64_t last = date_to_days(day(DATE_YEAR_MAX, 12, 31));

	(void)state;
	assert_int_equal(last - first + 1, 109573);
	for (int64_t n = first; n <= last; n++) {
		time_t t = (time_t)(n * 86400);
		struct date d = date_from_days(n);
		struct tm tm;

		gmtime_r(&t, &tm);
		assert_int_equal(d.year, tm.tm_year + 1900);
		assert_int_equal(d.month, tm.tm_mon + 1);
		assert_int_equal(d.day, tm.tm_mday);
		assert_int_equal(date_weekday(d), (tm.tm_wday + 6) % 7);
		assert_true(date_valid(d));
		assert_int_equal(date_to_days(d), n);
	}
}

static void far_days_do_not_break_the_arithmetic(void **state)
{
	static const int64_t far[] = { -106751991167, 106751991167, -719468, -719469, -1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		assert_int_equal(date_to_days(date_from_days(far[i])), far[i]);
	assert_int_equal(date_from_days(-719468).year, 0);
	assert_int_equal(date_from_days(-719469).month, 2);
}

static void months_have_their_days(void **state)
{
	(void)state;
	assert_int_equal(date_month_days(2026, 2), 28);
	assert_int_equal(date_month_days(2024, 2), 29);
	assert_int_equal(date_month_days(1900, 2), 28);
	assert_int_equal(date_month_days(2000, 2), 29);
	assert_int_equal(date_month_days(2026, 4), 30);
	assert_int_equal(date_month_days(2026, 12), 31);
	assert_int_equal(date_month_days(2026, 0), 0);
	assert_int_equal(date_month_days(2026, 13), 0);
}

static void what_does_not_exist_is_not_valid(void **state)
{
	(void)state;
	assert_true(date_valid(day(2024, 2, 29)));
	assert_false(date_valid(day(2026, 2, 29)));
	assert_false(date_valid(day(2026, 13, 1)));
	assert_false(date_valid(day(2026, 1, 0)));
	assert_false(date_valid(day(1899, 12, 31)));
	assert_false(date_valid(day(2200, 1, 1)));
}

static void parse_reads_what_print_writes(void **state)
{
	struct err e = { 0 };
	char text[DATE_TEXT];
	struct date d;

	(void)state;
	assert_ok(date_parse(slice_str("2026-09-30"), &d, &e), &e);
	assert_int_equal(date_cmp(d, day(2026, 9, 30)), 0);
	assert_string_equal(date_print(d, text), "2026-09-30");
	assert_string_equal(date_print(day(1900, 1, 1), text), "1900-01-01");
	/* Longer than any valid date: cut, never beyond the buffer. */
	assert_string_equal(date_print(date_from_days(-106751991167), text), "-292275055-05-1");
}

static void parse_says_what_is_wrong(void **state)
{
	struct err e = { 0 };
	struct date d = { 1, 2, 3 };

	(void)state;
	assert_fails(date_parse(slice_str("2026-9-30"), &d, &e), &e, ERR_INVALID,
		     "'2026-9-30' is not a date such as 2026-09-30");
	assert_fails(date_parse(slice_str("2026/09/30"), &d, &e), &e, ERR_INVALID, "is not a date");
	assert_fails(date_parse(slice_str("2026-09-3x"), &d, &e), &e, ERR_INVALID, "is not a date");
	assert_fails(date_parse(slice_str("2026-09-300"), &d, &e), &e, ERR_INVALID,
		     "is not a date");
	assert_fails(date_parse(slice_str(""), &d, &e), &e, ERR_INVALID, "'' is not a date");
	assert_fails(date_parse(slice_str("2026-13-01"), &d, &e), &e, ERR_INVALID,
		     "month 13 does not exist");
	assert_fails(date_parse(slice_str("2026-02-30"), &d, &e), &e, ERR_INVALID,
		     "day 30 does not exist: 2026-02 has 28 days");
	assert_fails(date_parse(slice_str("1066-10-14"), &d, &e), &e, ERR_INVALID,
		     "year 1066 is not within 1900-2199");
	/* Nothing was stored. */
	assert_int_equal(d.year, 1);
}

static void dates_are_ordered(void **state)
{
	(void)state;
	assert_true(date_cmp(day(2026, 1, 1), day(2025, 12, 31)) > 0);
	assert_true(date_cmp(day(2026, 1, 31), day(2026, 2, 1)) < 0);
	assert_true(date_cmp(day(2026, 2, 1), day(2026, 2, 2)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_days_have_known_numbers),
		cmocka_unit_test(every_day_of_three_centuries_agrees_with_libc),
		cmocka_unit_test(far_days_do_not_break_the_arithmetic),
		cmocka_unit_test(months_have_their_days),
		cmocka_unit_test(what_does_not_exist_is_not_valid),
		cmocka_unit_test(parse_reads_what_print_writes),
		cmocka_unit_test(parse_says_what_is_wrong),
		cmocka_unit_test(dates_are_ordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
