/* test_period.c - the spellings of periods and the arithmetic on them. */
#include "base/period.h"
#include "tests/lib/assert.h"

static struct period parsed(const char *text)
{
	struct err e = { 0 };
	struct period p = { 0 };

	if (period_parse(slice_str(text), &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static struct zone *china(void)
{
	struct err e = { 0 };
	struct zone *z = zone_open("Asia/Shanghai", &e);

	if (!z)
		fail_msg("%s", e.text);
	return z;
}

static void the_usual_spellings_are_read(void **state)
{
	static const struct {
		const char *text;
		struct period p;
	} cases[] = {
		{ "2026-10", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026-1", { FREQ_MONTH, 2026, 1, 1, 0 } },
		{ "2026/10", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026.10", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026.01", { FREQ_MONTH, 2026, 1, 1, 0 } },
		{ "202610", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026M10", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026M1", { FREQ_MONTH, 2026, 1, 1, 0 } },
		{ "2026-M10", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026m10", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026年10月", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026年1月", { FREQ_MONTH, 2026, 1, 1, 0 } },
		{ "2026年01月", { FREQ_MONTH, 2026, 1, 1, 0 } },
		{ "2026年10月份", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026年十月", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026年十二月", { FREQ_MONTH, 2026, 12, 12, 0 } },
		{ "二〇二六年十月", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026 年 10 月", { FREQ_MONTH, 2026, 10, 10, 0 } },
		{ "2026Q3", { FREQ_QUARTER, 2026, 7, 9, 0 } },
		{ "2026-Q3", { FREQ_QUARTER, 2026, 7, 9, 0 } },
		{ "2026q1", { FREQ_QUARTER, 2026, 1, 3, 0 } },
		{ "2026年3季度", { FREQ_QUARTER, 2026, 7, 9, 0 } },
		{ "2026年第3季度", { FREQ_QUARTER, 2026, 7, 9, 0 } },
		{ "2026年第三季度", { FREQ_QUARTER, 2026, 7, 9, 0 } },
		{ "2026年三季度", { FREQ_QUARTER, 2026, 7, 9, 0 } },
		{ "2026年一季度", { FREQ_QUARTER, 2026, 1, 3, 0 } },
		{ "2026年四季度", { FREQ_QUARTER, 2026, 10, 12, 0 } },
		{ "2026-S1", { FREQ_HALF, 2026, 1, 6, 0 } },
		{ "2026S2", { FREQ_HALF, 2026, 7, 12, 0 } },
		{ "2026H1", { FREQ_HALF, 2026, 1, 6, 0 } },
		{ "2026年上半年", { FREQ_HALF, 2026, 1, 6, 0 } },
		{ "2026年下半年", { FREQ_HALF, 2026, 7, 12, 0 } },
		{ "2026", { FREQ_YEAR, 2026, 1, 12, 0 } },
		{ "2026年", { FREQ_YEAR, 2026, 1, 12, 0 } },
		{ "2026年度", { FREQ_YEAR, 2026, 1, 12, 0 } },
		{ "2026年全年", { FREQ_YEAR, 2026, 1, 12, 0 } },
		{ "2026-A1", { FREQ_YEAR, 2026, 1, 12, 0 } },
		{ "2026-10-31", { FREQ_DAY, 2026, 10, 10, 31 } },
		{ "2026/1/5", { FREQ_DAY, 2026, 1, 1, 5 } },
		{ "2026年10月31日", { FREQ_DAY, 2026, 10, 10, 31 } },
		{ "2024年2月29日", { FREQ_DAY, 2024, 2, 2, 29 } },
		{ "2026年1-2月", { FREQ_MONTH, 2026, 1, 2, 0 } },
		{ "2026年1-2月份", { FREQ_MONTH, 2026, 1, 2, 0 } },
		{ "2026年1—10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1——10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1–10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1－10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1~10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1～10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1至10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1月到10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年1月至2026年10月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年一至十月", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年4-6月", { FREQ_MONTH, 2026, 4, 6, 0 } },
		{ "2026年3-3月", { FREQ_MONTH, 2026, 3, 3, 0 } },
		{ "2026-01/2026-02", { FREQ_MONTH, 2026, 1, 2, 0 } },
		{ "2026-01~2026-10", { FREQ_MONTH, 2026, 1, 10, 0 } },
		{ "2026年前三季度", { FREQ_MONTH, 2026, 1, 9, 0 } },
		{ "2026年前3季度", { FREQ_MONTH, 2026, 1, 9, 0 } },
		{ "2026年1-3季度", { FREQ_MONTH, 2026, 1, 9, 0 } },
		{ "2026年前10个月", { FREQ_MONTH, 2026, 1, 10, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct period p = parsed(cases[i].text);

		if (!period_eq(p, cases[i].p))
			fail_msg("%s: %c %d %d-%d day %d", cases[i].text, p.freq, p.year,
				 p.first_month, p.last_month, p.day);
	}
}

static void what_cannot_be_is_named(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "2026-13", "month 13 does not exist" },
		{ "2026-00", "month 0 does not exist" },
		{ "202613", "month 13 does not exist" },
		{ "2026年13月", "month 13 does not exist" },
		{ "2026M13", "month 13 does not exist" },
		{ "2026年1-13月", "month 13 does not exist" },
		{ "2026Q5", "quarter 5 does not exist" },
		{ "2026Q0", "quarter 0 does not exist" },
		{ "2026年第五季度", "quarter 5 does not exist" },
		{ "2026年1-5季度", "quarter 5 does not exist" },
		{ "2026-S3", "half-year 3 does not exist" },
		{ "2026-02-30", "day 30 does not exist: 2026-02 has 28 days" },
		{ "2026年2月29日", "day 29 does not exist: 2026-02 has 28 days" },
		{ "1850-10", "year 1850 is not within 1900-2199" },
		{ "2200", "year 2200 is not within 1900-2199" },
		{ "2026年10-2月", "months 10-2 run backwards" },
		{ "2026年3-1季度", "quarters 3-1 run backwards" },
		{ "2025-12/2026-02", "a period may not reach from 2025 into 2026" },
		{ "2025年12月-2026年2月", "a period may not reach from 2025 into 2026" },
		{ "2026.1", "2026.1 may be month 1 or 10: write 2026-01" },
		{ "2026年前一季度", "前一季度 may be the first quarter or the one before" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };
		struct period p = { 0 };

		assert_fails(period_parse(slice_str(cases[i].text), &p, &e), &e, ERR_INVALID,
			     cases[i].why);
		assert_string_equal(e.text, cases[i].why);
		assert_int_equal(p.freq, FREQ_NONE);
	}
}

static void what_is_no_period_is_quoted(void **state)
{
	static const char *const bad[] = {
		"26-10",        "2026-",          "2026-10-",     "2026--10",   "2026_10",
		"2026-10x",     "x2026-10",       "2026-010",     "2026 10",    "20261",
		"20261031",     "2026年10",       "2026年月",     "2026年10日", "2026年第10月",
		"2026年一二月", "10月",           "2026Q",        "2026Q31x",   "2026/Q3",
		"2026W3",       "2026年上半年度", "本月",         "合计",       "2026-A2",
		"2026年1-2",    "2026年1-2日",    "2026-01/2026", "２０２６",   "2026年1月-3季度",
		"2026-10/2026", "2026\xff",       "2026年前三年", "2026.10/11", "-2026-10",
		"2026年１月",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		struct period p;

		assert_fails(period_parse(slice_str(bad[i]), &p, &e), &e, ERR_INVALID,
			     "is not a period such as 2026-10, 2026-Q3 or 2026年1-2月");
	}
}

static void empty_and_endless_texts_are_refused(void **state)
{
	struct err e = { 0 };
	struct period p;
	char text[5000];

	(void)state;
	assert_fails(period_parse(slice_str(""), &p, &e), &e, ERR_INVALID,
		     "empty where a period was expected");
	assert_fails(period_parse(slice_str("  "), &p, &e), &e, ERR_INVALID, "is not a period");
	assert_fails(period_parse(slice_of("2026\0", 5), &p, &e), &e, ERR_INVALID,
		     "'2026?' is not");
	memset(text, '1', sizeof(text));
	assert_fails(period_parse(slice_of(text, sizeof(text)), &p, &e), &e, ERR_INVALID,
		     "111…' is not a period");
	memcpy(text, "2026年", 7);
	for (size_t i = 7; i + 3 <= 96; i += 3)
		memcpy(text + i, "—", 3);
	assert_fails(period_parse(slice_of(text, 94), &p, &e), &e, ERR_INVALID, "is not a period");
}

static void both_printed_forms_read_back(void **state)
{
	static const struct {
		const char *text, *sdmx, *zh;
	} cases[] = {
		{ "2026年10月", "2026-10", "2026年10月" },
		{ "2026年1-2月", "2026-01/2026-02", "2026年1-2月" },
		{ "2026年三季度", "2026-Q3", "2026年三季度" },
		{ "2026Q4", "2026-Q4", "2026年四季度" },
		{ "2026年上半年", "2026-S1", "2026年上半年" },
		{ "2026-S2", "2026-S2", "2026年下半年" },
		{ "2026年", "2026", "2026年" },
		{ "2026-01-05", "2026-01-05", "2026年1月5日" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct period p = parsed(cases[i].text);
		char text[PERIOD_TEXT];

		assert_string_equal(period_print(p, text), cases[i].sdmx);
		assert_true(period_eq(parsed(text), p));
		assert_string_equal(period_print_zh(p, text), cases[i].zh);
		assert_true(period_eq(parsed(text), p));
	}
}

static void every_period_of_every_frequency_goes_round(void **state)
{
	static const enum freq all[] = { FREQ_MONTH, FREQ_QUARTER, FREQ_HALF, FREQ_YEAR, FREQ_DAY };
	struct zone *z = china();

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct period p = period_of(all[i], (struct date){ 1901, 1, 1 });

		for (; p.year < 2199; p = period_add(p, 1)) {
			struct period next = period_add(p, 1);
			char text[PERIOD_TEXT];

			assert_true(period_eq(parsed(period_print(p, text)), p));
			assert_true(period_eq(parsed(period_print_zh(p, text)), p));
			assert_int_equal(period_index(next) - period_index(p), 1);
			assert_true(period_eq(period_add(next, -1), p));
			assert_true(period_eq(period_from_index(p.freq, period_index(p)), p));
			assert_int_equal(date_to_days(period_first_day(next)),
					 date_to_days(period_last_day(p)) + 1);
			assert_true(period_eq(period_from_stamp(p.freq, period_stamp(p, z), z), p));
			assert_true(period_end(p, z) > period_stamp(p, z));
			assert_true(period_cmp(p, next) < 0);
		}
	}
	zone_close(z);
}

static void adding_crosses_years_both_ways(void **state)
{
	char text[PERIOD_TEXT];

	(void)state;
	assert_string_equal(period_print(period_add(parsed("2026-01"), -1), text), "2025-12");
	assert_string_equal(period_print(period_add(parsed("2026-12"), 13), text), "2028-01");
	assert_string_equal(period_print(period_add(parsed("2026-Q1"), -5), text), "2024-Q4");
	assert_string_equal(period_print(period_add(parsed("2026-S2"), 1), text), "2027-S1");
	assert_string_equal(period_print(period_add(parsed("2026"), -100), text), "1926");
	assert_string_equal(period_print(period_add(parsed("2024-02-28"), 2), text), "2024-03-01");
}

static void a_merged_run_keeps_its_months_by_whole_years_only(void **state)
{
	struct period run = parsed("2026年1-2月");
	char text[PERIOD_TEXT];

	(void)state;
	assert_int_equal(period_months(run), 2);
	assert_string_equal(period_print(period_add(run, -12), text), "2025-01/2025-02");
	assert_string_equal(period_print(period_add(run, 1), text), "2026-03");
	assert_string_equal(period_print(period_add(run, -1), text), "2026-01");
	assert_true(period_index(run) == period_index(period_month(2026, 2)));
	assert_true(period_cmp(run, period_month(2026, 2)) < 0);
	assert_false(period_eq(run, period_month(2026, 2)));
	assert_int_equal(date_cmp(period_first_day(run), (struct date){ 2026, 1, 1 }), 0);
	assert_int_equal(date_cmp(period_last_day(run), (struct date){ 2026, 2, 28 }), 0);
}

static void a_figure_is_stamped_on_the_last_day(void **state)
{
	static const struct {
		const char *period, *stamp, *end;
	} cases[] = {
		{ "2026-10", "2026-10-31T00:00:00+08:00", "2026-11-01T00:00:00+08:00" },
		{ "2026-02", "2026-02-28T00:00:00+08:00", "2026-03-01T00:00:00+08:00" },
		{ "2024-Q1", "2024-03-31T00:00:00+08:00", "2024-04-01T00:00:00+08:00" },
		{ "2026-S1", "2026-06-30T00:00:00+08:00", "2026-07-01T00:00:00+08:00" },
		{ "2026", "2026-12-31T00:00:00+08:00", "2027-01-01T00:00:00+08:00" },
		{ "2026-10-31", "2026-10-31T00:00:00+08:00", "2026-11-01T00:00:00+08:00" },
		{ "1988-07", "1988-07-31T00:00:00+09:00", "1988-08-01T00:00:00+09:00" },
		/* The month ends in a day whose midnight exists, the next begins in one
		 * whose midnight does not. */
		{ "1940-05", "1940-05-31T00:00:00+08:00", "1940-06-01T01:00:00+09:00" },
		{ "1942-01-31", "1942-01-31T01:00:00+09:00", "1942-02-01T00:00:00+09:00" },
	};
	struct zone *z = china();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct period p = parsed(cases[i].period);
		char text[TIME_TEXT];

		assert_string_equal(zone_print(z, period_stamp(p, z), text), cases[i].stamp);
		assert_string_equal(zone_print(z, period_end(p, z), text), cases[i].end);
		assert_true(period_eq(period_from_stamp(p.freq, period_stamp(p, z), z), p));
	}
	zone_close(z);
}

static void frequencies_have_sdmx_codes(void **state)
{
	(void)state;
	assert_int_equal(freq_parse(slice_str("M")), FREQ_MONTH);
	assert_int_equal(freq_parse(slice_str("S")), FREQ_HALF);
	assert_int_equal(freq_parse(slice_str("H")), FREQ_NONE);
	assert_int_equal(freq_parse(slice_str("m")), FREQ_NONE);
	assert_int_equal(freq_parse(slice_str("MM")), FREQ_NONE);
	assert_int_equal(freq_parse(slice_str("")), FREQ_NONE);
	assert_int_equal(freq_parse(slice_of("\0", 1)), FREQ_NONE);
	assert_int_equal(freq_months(FREQ_QUARTER), 3);
	assert_int_equal(freq_months(FREQ_DAY), 0);
	assert_int_equal(freq_per_year(FREQ_QUARTER), 4);
	assert_int_equal(freq_per_year(FREQ_DAY), 365);
	assert_int_equal(freq_per_year(FREQ_NONE), 0);
	assert_int_equal(period_months(parsed("2026-Q3")), 3);
	assert_int_equal(period_months(parsed("2026")), 12);
	assert_int_equal(period_months(parsed("2026-10-31")), 0);
}

static void a_period_may_lack_its_year(void **state)
{
	static const char *const yearless[] = { "10月",   "1-10月",   "1—10月", "10月份",
						"三季度", "前三季度", "上半年" };
	static const char *const others[] = { "2026年10月", "2026-10", "10",
					      "1-10",       "13月",    "本月",
					      "月",         "",        "规上工业增加值10月" };

	(void)state;
	for (size_t i = 0; i < sizeof(yearless) / sizeof(yearless[0]); i++)
		assert_true(period_is_yearless(slice_str(yearless[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(period_is_yearless(slice_str(others[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_spellings_are_read),
		cmocka_unit_test(a_period_may_lack_its_year),
		cmocka_unit_test(what_cannot_be_is_named),
		cmocka_unit_test(what_is_no_period_is_quoted),
		cmocka_unit_test(empty_and_endless_texts_are_refused),
		cmocka_unit_test(both_printed_forms_read_back),
		cmocka_unit_test(every_period_of_every_frequency_goes_round),
		cmocka_unit_test(adding_crosses_years_both_ways),
		cmocka_unit_test(a_merged_run_keeps_its_months_by_whole_years_only),
		cmocka_unit_test(a_figure_is_stamped_on_the_last_day),
		cmocka_unit_test(frequencies_have_sdmx_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
