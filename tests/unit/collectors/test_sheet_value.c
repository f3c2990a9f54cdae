/* What numbers of a workbook say under their formats. */
#include "collectors/formats/sheet_value.h"

#include "tests/lib/assert.h"

#define assert_kind(code, want)                                                                    \
	do {                                                                                       \
		int got_ = (int)sheet_format_kind(0, slice_str(code));                             \
		if (got_ != (want))                                                                \
			fail_msg("%s is of kind %d, not %d", code, got_, (int)(want));             \
	} while (0)

#define assert_says(v, format, date1904, want)                                                     \
	do {                                                                                       \
		char out_[SHEET_TEXT];                                                             \
		size_t n_ = sheet_number_text(v, format, date1904, out_);                          \
		if (strcmp(out_, want) != 0)                                                       \
			fail_msg("%.17g says %s, not %s", (double)(v), out_, want);                \
		assert_int_equal(n_, strlen(out_));                                                \
	} while (0)

static void a_format_with_a_day_is_a_date(void **state)
{
	(void)state;
	assert_kind("yyyy\\-mm\\-dd;@", SHEET_DATE);
	assert_kind("m/d/yy", SHEET_DATE);
	assert_kind("[$-804]yyyy\"年\"m\"月\"d\"日\"", SHEET_DATE);
	assert_kind("[DBNum1][$-804]yyyy年m月d日", SHEET_DATE);
	assert_kind("D-MMM", SHEET_DATE);
	assert_kind("[$-404]e/m/d", SHEET_DATE);
}

static void a_format_with_year_and_month_is_a_month(void **state)
{
	(void)state;
	assert_kind("yyyy\"年\"m\"月\"", SHEET_MONTH);
	assert_kind("mmm\\-yy", SHEET_MONTH);
	assert_kind("yyyy/mm", SHEET_MONTH);
	assert_kind("yyyy", SHEET_YEAR);
	assert_kind("yyyy\"年\"", SHEET_YEAR);
}

static void an_m_beside_hours_or_seconds_is_a_minute(void **state)
{
	(void)state;
	assert_kind("h:mm AM/PM", SHEET_TIME);
	assert_kind("mm:ss.0", SHEET_TIME);
	assert_kind("yyyy-mm-dd hh:mm:ss", SHEET_DATE_TIME);
	assert_kind("m/d h:mm", SHEET_DATE_TIME);
	assert_kind("d mm:ss", SHEET_DATE_TIME);
	assert_kind("[h]:mm:ss", SHEET_ELAPSED);
	assert_kind("[mm]:ss", SHEET_ELAPSED);
}

static void letters_in_quotes_brackets_and_escapes_are_no_dates(void **state)
{
	(void)state;
	assert_kind("General", SHEET_NUMBER);
	assert_kind("0.00E+00", SHEET_NUMBER);
	assert_kind("##0.0e-0", SHEET_NUMBER);
	assert_kind("[Red]0.0", SHEET_NUMBER);
	assert_kind("[Magenta]0", SHEET_NUMBER);
	assert_kind("#,##0.0\"yd\"", SHEET_NUMBER);
	assert_kind("0\\d", SHEET_NUMBER);
	assert_kind("0_d", SHEET_NUMBER);
	assert_kind("0*y", SHEET_NUMBER);
	assert_kind("0;yyyy", SHEET_NUMBER);
	assert_kind("@", SHEET_NUMBER);
	assert_kind("0\\%", SHEET_NUMBER);
	assert_kind("0\"%\"", SHEET_NUMBER);
	assert_kind("0\"", SHEET_NUMBER);
	assert_kind("[h", SHEET_NUMBER);
	assert_kind("[", SHEET_NUMBER);
	assert_kind("0\\", SHEET_NUMBER);
	assert_kind("0.0%", SHEET_PERCENT);
}

static void built_in_formats_are_those_of_a_chinese_workbook(void **state)
{
	static const struct {
		unsigned id;
		enum sheet_format want;
	} ids[] = {
		{ 0, SHEET_NUMBER },   { 9, SHEET_PERCENT },    { 10, SHEET_PERCENT },
		{ 11, SHEET_NUMBER },  { 14, SHEET_DATE },      { 17, SHEET_MONTH },
		{ 21, SHEET_TIME },    { 22, SHEET_DATE_TIME }, { 27, SHEET_MONTH },
		{ 31, SHEET_DATE },    { 36, SHEET_MONTH },     { 37, SHEET_NUMBER },
		{ 46, SHEET_ELAPSED }, { 49, SHEET_NUMBER },    { 50, SHEET_MONTH },
		{ 58, SHEET_DATE },    { 59, SHEET_NUMBER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		assert_int_equal(sheet_format_kind(ids[i].id, slice_str("")), ids[i].want);
	/* A code of the workbook's own comes first. */
	assert_int_equal(sheet_format_kind(14, slice_str("0.0")), SHEET_NUMBER);
}

static void numbers_have_fifteen_digits(void **state)
{
	(void)state;
	assert_says(4.0999999999999996, SHEET_NUMBER, false, "4.1");
	assert_says(0.1 + 0.2, SHEET_NUMBER, false, "0.3");
	assert_says(1.0 / 3, SHEET_NUMBER, false, "0.333333333333333");
	assert_says(2.0 / 3, SHEET_NUMBER, false, "0.666666666666667");
	assert_says(9007199254740991.0, SHEET_NUMBER, false, "9007199254740991");
	assert_says(-123456789012345678.0, SHEET_NUMBER, false, "-123456789012346000");
	assert_says(1e21, SHEET_NUMBER, false, "1000000000000000000000");
	assert_says(-0.0, SHEET_NUMBER, false, "0");
	assert_says(0.000123, SHEET_NUMBER, false, "0.000123");
	assert_says(1.7976931348623157e308, SHEET_NUMBER, false,
		    "179769313486231570000000000000000000000000000000000000000000000000000000000000"
		    "000000000000000000000000000000000000000000000000000000000000000000000000000000"
		    "000000000000000000000000000000000000000000000000000000000000000000000000000000"
		    "000000000000000000000000000000000000000000000000000000000000000000000000000");
}

static void percentages_move_the_point_only(void **state)
{
	(void)state;
	assert_says(0.123, SHEET_PERCENT, false, "12.3%");
	assert_says(0.07, SHEET_PERCENT, false, "7%");
	assert_says(0.56999999999999995, SHEET_PERCENT, false, "57%");
	assert_says(0.57 * 1.1, SHEET_PERCENT, false, "62.7%");
	assert_says(-1.234567, SHEET_PERCENT, false, "-123.4567%");
	assert_says(0, SHEET_PERCENT, false, "0%");
	assert_says(12, SHEET_PERCENT, false, "1200%");
}

static void days_are_counted_with_the_leap_day_that_never_was(void **state)
{
	(void)state;
	assert_says(1, SHEET_DATE, false, "1900-01-01");
	assert_says(59, SHEET_DATE, false, "1900-02-28");
	assert_says(60, SHEET_DATE, false, "1900-02-29");
	assert_says(61, SHEET_DATE, false, "1900-03-01");
	assert_says(46326, SHEET_DATE, false, "2026-10-31");
	assert_says(46326, SHEET_MONTH, false, "2026-10");
	assert_says(46326, SHEET_YEAR, false, "2026");
	assert_says(2958465, SHEET_DATE, false, "9999-12-31");
}

static void days_from_1904_are_four_years_later(void **state)
{
	(void)state;
	assert_says(0, SHEET_DATE, true, "1904-01-01");
	assert_says(44864, SHEET_DATE, true, "2026-10-31");
	assert_says(2957003, SHEET_DATE, true, "9999-12-31");
	assert_says(2957004, SHEET_DATE, true, "2957004");
}

static void times_are_to_the_second(void **state)
{
	(void)state;
	assert_says(46326.354166666664, SHEET_DATE_TIME, false, "2026-10-31 08:30:00");
	assert_says(46326.354166666664, SHEET_DATE, false, "2026-10-31");
	assert_says(46326, SHEET_DATE_TIME, false, "2026-10-31");
	assert_says(46325.999999999, SHEET_DATE_TIME, false, "2026-10-31");
	assert_says(0.354166666666667, SHEET_TIME, false, "08:30:00");
	assert_says(0.354166666666667, SHEET_TIME, true, "08:30:00");
	assert_says(0.354166666666667, SHEET_DATE_TIME, true, "1904-01-01 08:30:00");
	assert_says(46326.5, SHEET_TIME, false, "2026-10-31 12:00:00");
	assert_says(1.5, SHEET_ELAPSED, false, "36:00:00");
}

static void what_no_date_can_be_is_a_number(void **state)
{
	(void)state;
	assert_says(-1, SHEET_DATE, false, "-1");
	assert_says(0, SHEET_DATE, false, "0");
	assert_says(0.5, SHEET_DATE, false, "0.5");
	assert_says(2958466, SHEET_DATE, false, "2958466");
	assert_says(1e300, SHEET_MONTH, false,
		    "100000000000000000000000000000000000000000000000000000000000000000000000000000"
		    "000000000000000000000000000000000000000000000000000000000000000000000000000000"
		    "000000000000000000000000000000000000000000000000000000000000000000000000000000"
		    "0000000000000000000000000000000000000000000000000000000000000000000");
	assert_says(NAN, SHEET_DATE, false, "NaN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_format_with_a_day_is_a_date),
		cmocka_unit_test(a_format_with_year_and_month_is_a_month),
		cmocka_unit_test(an_m_beside_hours_or_seconds_is_a_minute),
		cmocka_unit_test(letters_in_quotes_brackets_and_escapes_are_no_dates),
		cmocka_unit_test(built_in_formats_are_those_of_a_chinese_workbook),
		cmocka_unit_test(numbers_have_fifteen_digits),
		cmocka_unit_test(percentages_move_the_point_only),
		cmocka_unit_test(days_are_counted_with_the_leap_day_that_never_was),
		cmocka_unit_test(days_from_1904_are_four_years_later),
		cmocka_unit_test(times_are_to_the_second),
		cmocka_unit_test(what_no_date_can_be_is_a_number),
	};

	return cmocka_run_group_tests_name("sheet_value", tests, NULL, NULL);
}
