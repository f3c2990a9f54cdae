/*
 * test_csv.c - the CSV decoder by itself: rows, places, headers, what is refused.
 */
#include "collectors/formats/csv_scan.h"
#include "tests/unit/collectors/tables.h"

#include <stdio.h>
#include <stdlib.h>

/* 园区,2026年9月,2026年10月 */
#define WIDE                                                                                       \
	{                                                                                          \
		.unit = COLUMN("园区"), .indicator = FIXED("产值"), .period = HEADER               \
	}
/* 园区,期间,数值 */
#define LONG                                                                                       \
	{                                                                                          \
		.unit = COLUMN("园区"), .indicator = FIXED("产值"), .period = COLUMN("期间"),      \
		.value = COLUMN("数值")                                                            \
	}

static struct out *decode_n(const char *csv, size_t n, struct layout layout)
{
	return decode_with(decode_csv, slice_of(csv, n), layout);
}

static struct out *decode(const char *csv, struct layout layout)
{
	return decode_n(csv, strlen(csv), layout);
}

/* --- tokens ------------------------------------------------------------------------ */

static void cells_have_their_line_and_column_in_characters(void **state)
{
	const char *csv = "\xef\xbb\xbf甲, 乙 ,\"a,\"\"b\n丙\",x\r\n\r1\n";
	struct csv_scan s;
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 20);
	csv_scan_init(&s, slice_str(csv), ',', &a);
	assert_int_equal(csv_scan_next(&s, &e), 1);
	assert_int_equal(s.row.n, 4);
	assert_slice(s.row.cells[0].text, "甲");
	assert_int_equal(s.row.cells[0].column, 1);
	assert_slice(s.row.cells[1].text, "乙");
	assert_int_equal(s.row.cells[1].column, 3);
	assert_slice(s.row.cells[2].text, "a,\"b\n丙");
	assert_int_equal(s.row.cells[2].line, 1);
	assert_int_equal(s.row.cells[2].column, 7);
	assert_slice(s.row.cells[3].text, "x");
	assert_int_equal(s.row.cells[3].line, 2);
	assert_int_equal(s.row.cells[3].column, 4);
	assert_int_equal(csv_scan_next(&s, &e), 1);
	assert_int_equal(s.row.n, 1);
	assert_int_equal(s.row.cells[0].text.n, 0);
	assert_int_equal(csv_scan_next(&s, &e), 1);
	assert_slice(s.row.cells[0].text, "1");
	assert_int_equal(s.row.line, 4);
	assert_int_equal(csv_scan_next(&s, &e), 0);
	arena_release(&a);
}

/* Cells are looked through eight bytes at a time: each length, at each distance from the end. */
static void cells_of_any_length_end_where_they_should(void **state)
{
	static const char *const ends[] = { ",", "\n", "\r\n" };
	char csv[128];
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t n = 0; n < 60; n++)
		for (size_t wide = 0; wide <= 2; wide++) {
			struct csv_scan s;
			struct slice text;
			unsigned chars = 0;

			csv[0] = '\0';
			while (strlen(csv) + 3 <= n) {
				bool is_wide = wide && chars % 3 < wide;

				strcat(csv, is_wide ? "园" : "+");
				chars++;
			}
			text = slice_of(csv, strlen(csv));
			strcat(csv, ends[n % 3]);
			strcat(csv, "x,y");
			csv_scan_init(&s, slice_str(csv), ',', &a);
			assert_int_equal(csv_scan_next(&s, &e), 1);
			assert_true(slice_eq(s.row.cells[0].text, text));
			assert_int_equal(s.row.n, n % 3 ? 1 : 3);
			assert_int_equal(s.column, n % 3 ? 1 : chars + 5);
		}
	arena_release(&a);
}

static void a_quote_that_never_ends_costs_its_row_only(void **state)
{
	(void)state;
	assert_decodes("园区,期间,数值\n甲,2026-09,1\n\"乙,2026-09,2\n丙,2026-09,3\n",
		       "2:11 甲|产值|2026-09|1|\n"
		       "!3:1 layout: the quote that opens here is never closed\n"
		       "4:11 丙|产值|2026-09|3|\n",
		       LONG);
}

static void text_behind_a_closing_quote_is_refused(void **state)
{
	(void)state;
	assert_decodes("园区,期间,数值\n甲,2026-09,\"1\"2\n乙,2026-09, \"3\" \n",
		       "!2:14 layout: text stands behind the closing quote\n"
		       "3:12 乙|产值|2026-09|3|\n",
		       LONG);
}

/* --- layouts ----------------------------------------------------------------------- */

static void a_wide_table_gives_one_fact_for_each_value(void **state)
{
	(void)state;
	assert_decodes("园区,2026年9月,2026年10月\r\n甲河,12.3,13.1\r\n乙山,\"1,234.5\",\r\n",
		       "2:4 甲河|产值|2026年9月|12.3|\n"
		       "2:9 甲河|产值|2026年10月|13.1|\n"
		       "3:4 乙山|产值|2026年9月|1,234.5|\n",
		       WIDE);
}

static void missing_figures_are_no_facts_and_rows_without_values_are_notes(void **state)
{
	(void)state;
	assert_decodes("园区,a,b,c,d,e,f\n甲,-,—,…,...,x,\n乙,,0,,－,N/"
		       "A,--\n注：甲河数据为快报数\n,,,,,,\n",
		       "3:4 乙|产值|b|0|\n", WIDE);
}

static void a_joined_period_and_ignored_columns(void **state)
{
	(void)state;
	assert_decodes("fips,state,year,month,pop,emp\n01,Alabama,2000,01,3370052,2024262\n",
		       "2:20 Alabama|pop|2000-01|3370052|\n"
		       "2:28 Alabama|emp|2000-01|2024262|\n",
		       { .unit = COLUMN("State"),
			 .period = COLUMN("year", "month"),
			 .indicator = HEADER,
			 .ignore = (const char *const[]){ "fips" },
			 .nignore = 1 });
}

static void titles_stand_above_the_header_with_either_colon_or_in_the_next_cell(void **state)
{
	(void)state;
	assert_decodes(
		"数据库：分省月度数据,,\n地 区：上海市,,\n指标,2019年12月,2019年11月\n投资,1,2\n"
		"数据来源：国家统计局,,\n",
		"4:4 上海市|投资|2019年12月|1|\n"
		"4:6 上海市|投资|2019年11月|2|\n",
		{ .unit = TITLE("地区"), .indicator = COLUMN("指标"), .period = HEADER });
	assert_decodes("表,,\n地区:,,上海市\n指标,2019年12月\n投资,1\n",
		       "4:4 上海市|投资|2019年12月|1|\n",
		       { .unit = TITLE("地区"), .indicator = COLUMN("指标"), .period = HEADER });
	assert_refused("表,,\n指标,2019年12月\n投资,1\n",
		       "no line '地区：…' stands above the header in line 2",
		       { .unit = TITLE("地区"), .indicator = COLUMN("指标"), .period = HEADER });
}

static void a_title_below_the_header_begins_a_new_table(void **state)
{
	(void)state;
	assert_decodes(
		"地区：甲\n指标,九月\n投资,1\n地区：乙\n指标,十月\n投资,2\n地区：丙\n投资,3\n",
		"3:4 甲|投资|九月|1|\n"
		"6:4 乙|投资|十月|2|\n"
		"!7:1 layout: a new table begins here, but no header row follows; it is left "
		"out\n",
		{ .unit = TITLE("地区"), .indicator = COLUMN("指标"), .period = HEADER });
}

#define FORMS                                                                                      \
	{                                                                                          \
		.unit = TITLE("单位"), .indicator = COLUMN("指标"), .value = COLUMN("值"),         \
		.period = {                                                                        \
			.where = AXIS_IN_TITLE                                                     \
		}                                                                                  \
	}

static void a_new_table_has_the_period_of_its_own_titles(void **state)
{
	(void)state;
	/* Behind the label, beside it, before it. */
	assert_decodes("2026年10月情况,\n单位：甲,\n指标,值\n投资,1\n"
		       "单位：乙,\n2026年9月情况,\n指标,值\n投资,2\n",
		       "4:4 甲|投资|2026年10月|1|\n8:4 乙|投资|2026年9月|2|\n", FORMS);
	assert_decodes("2026年10月情况,\n单位：甲,\n指标,值\n投资,1\n"
		       "单位：乙,2026年9月\n指标,值\n投资,2\n",
		       "4:4 甲|投资|2026年10月|1|\n7:4 乙|投资|2026年9月|2|\n", FORMS);
	assert_decodes("2026年10月情况,\n单位：甲,\n指标,值\n投资,1\n2026年11月5日,\n"
		       "2026年9月情况,\n单位：乙,\n指标,值\n投资,2\n",
		       "4:4 甲|投资|2026年10月|1|\n9:4 乙|投资|2026年9月|2|\n", FORMS);
	/* Said once for all; the day is that of a signature. */
	assert_decodes("2026年10月情况,\n单位：甲,\n指标,值\n投资,1\n2026年11月5日,\n"
		       "单位：乙,\n指标,值\n投资,2\n",
		       "4:4 甲|投资|2026年10月|1|\n8:4 乙|投资|2026年10月|2|\n", FORMS);
	/* Without a title of its own the header that comes again begins it. */
	assert_decodes("2026年9月情况,\n园区,投资\n甲,1\n乙,2\n2026年10月情况,\n园区,投资\n"
		       "甲,3\n第2页,\n园区,投资\n乙,4\n",
		       "3:3 甲|投资|2026年9月|1|\n4:3 乙|投资|2026年9月|2|\n"
		       "7:3 甲|投资|2026年10月|3|\n10:3 乙|投资|2026年10月|4|\n",
		       { .unit = COLUMN("园区"),
			 .indicator = HEADER,
			 .period = { .where = AXIS_IN_TITLE } });
}

static void the_period_is_a_month_rather_than_the_day_of_a_signature(void **state)
{
	(void)state;
	assert_decodes("2026年11月1日,\n单位：甲,\n2026年度报表,\n2026年10月情况,2026年9月\n指标,"
		       "值\n投资,1\n",
		       "6:4 甲|投资|2026年10月|1|\n", FORMS);
	assert_decodes("单位：甲,有效期至：2027年1月\n填报日期,2026年11月\n2026年10月5日,\n指标,"
		       "值\n投资,1\n",
		       "5:4 甲|投资|2026年10月5日|1|\n", FORMS);
	assert_refused("单位：甲,填报日期：2026年11月1日\n指标,值\n投资,1\n",
		       "no line above the header in line 2 has a period", FORMS);
}

/* The day is that of a signature, and two years leave it open. */
static void months_without_a_year_have_that_of_the_lines_above(void **state)
{
	const struct layout wide = WIDE;
	const struct layout rows = { .unit = COLUMN("园区"),
				     .indicator = FIXED("产值"),
				     .period = COLUMN("月份"),
				     .value = COLUMN("值") };

	(void)state;
	assert_decodes("2026年度报表\n2027年1月10日,有效期至2028年\n园区,1—2月,10月\n甲,1,2\n",
		       "4:3 甲|产值|2026年1—2月|1|\n4:5 甲|产值|2026年10月|2|\n", wide);
	assert_decodes("产值（2026年）\n园区,月份,值\n甲,上半年,1\n甲,10,2\n甲,2025-10,3\n",
		       "3:7 甲|产值|2026年上半年|1|\n4:6 甲|产值|10|2|\n"
		       "5:11 甲|产值|2025-10|3|\n",
		       rows);
	assert_decodes("2026年与2025年\n2025年\n园区,10月\n甲,1\n", "4:3 甲|产值|10月|1|\n", wide);
	assert_decodes("2027年1月10日\n园区,10月\n甲,1\n", "3:3 甲|产值|10月|1|\n", wide);
}

static void headings_of_its_own_begin_a_table_below(void **state)
{
	(void)state;
	assert_decodes("2026年10月,\n一、工业,\n园区,产值,税收\n甲,1,2\n\n二、投资,\n"
		       "园区,投资,税收\n甲,3,\n园区,x,-\n",
		       "4:3 甲|产值|2026年10月|1|\n4:5 甲|税收|2026年10月|2|\n"
		       "8:3 甲|投资|2026年10月|3|\n",
		       { .unit = COLUMN("园区"),
			 .indicator = HEADER,
			 .period = { .where = AXIS_IN_TITLE } });
}

static void the_columns_of_an_official_form_are_numbered(void **state)
{
	(void)state;
	assert_decodes(
		"指标,单位,代码,2026-09,2026-10\n甲,乙,丙,1,2\n投资,万元,01,3,4\n甲,乙,丙,1,2\n",
		"3:10 甲河|投资|2026-09|3|\n3:12 甲河|投资|2026-10|4|\n"
		"4:7 甲河|甲|2026-09|1|\n4:9 甲河|甲|2026-10|2|\n",
		{ .unit = FIXED("甲河"),
		  .indicator = COLUMN("指标"),
		  .period = HEADER,
		  .ignore = (const char *const[]){ "单位", "代码" },
		  .nignore = 2 });
}

static void columns_may_be_given_by_number(void **state)
{
	(void)state;
	/* Without a header: the first row is data. */
	assert_decodes("甲;2026-09;12\n乙;2026-09;13\n",
		       "1:11 甲|产值|2026-09|12|\n2:11 乙|产值|2026-09|13|\n",
		       { .unit = COLUMN("#1"),
			 .indicator = FIXED("产值"),
			 .period = COLUMN("#2"),
			 .value = COLUMN("#3"),
			 .delimiter = ';' });
	assert_decodes("a,b,c\n乙,2026-09,13\n", "2:11 乙|产值|2026-09|13|\n",
		       { .unit = COLUMN("#1"),
			 .indicator = FIXED("产值"),
			 .period = COLUMN("#2"),
			 .value = COLUMN("#3") });
}

static void the_delimiter_is_the_one_that_gives_a_header(void **state)
{
	(void)state;
	assert_decodes("园区\t期间\t数值\n甲\t2026-09\t1,234\n", "2:11 甲|产值|2026-09|1,234|\n",
		       LONG);
	assert_decodes("a,b,c,d;e\n园区;期间;数值\n甲;2026-09;5\n", "3:11 甲|产值|2026-09|5|\n",
		       LONG);
}

static void a_flag_column_goes_with_each_fact(void **state)
{
	(void)state;
	assert_decodes("园区,期间,数值,状态\n甲,2026-09,1,p\n乙,2026-09,2\n",
		       "2:11 甲|产值|2026-09|1|p\n3:11 乙|产值|2026-09|2|\n",
		       { .unit = COLUMN("园区"),
			 .indicator = FIXED("产值"),
			 .period = COLUMN("期间"),
			 .value = COLUMN("数值"),
			 .flag = COLUMN("状态") });
}

static void a_repeated_header_is_no_row(void **state)
{
	(void)state;
	assert_decodes("园区,期间,数值\n甲,2026-09,1\n园区,期间,数值\n乙,2026-09,2\n",
		       "2:11 甲|产值|2026-09|1|\n4:11 乙|产值|2026-09|2|\n", LONG);
}

/* --- what is refused ----------------------------------------------------------------- */

static void a_row_longer_than_the_header_is_refused(void **state)
{
	(void)state;
	assert_decodes(
		"园区,九月,十月,,\n甲,1,234,5,6\n乙,7,8,,\n丙,9\n",
		"!2:9 layout: the row has 4 cells, the header 3 (is a comma inside a number?); "
		"the row is left out\n"
		"3:3 乙|产值|九月|7|\n3:5 乙|产值|十月|8|\n4:3 丙|产值|九月|9|\n",
		WIDE);
}

static void a_row_without_its_unit_is_refused(void **state)
{
	(void)state;
	assert_decodes("园区,期间,数值\n,2026-09,1\n甲,2026-09,2\n",
		       "!2:0 layout: the unit is missing: column '园区' is empty\n"
		       "3:11 甲|产值|2026-09|2|\n",
		       LONG);
}

static void a_value_without_a_heading_is_said_once(void **state)
{
	(void)state;
	assert_decodes(",园区,九月,,十月\n1,甲,2,3,4\n2,乙,5,6,7\n",
		       "2:5 甲|产值|九月|2|\n"
		       "!2:7 layout: column 4 has no heading; what stands there is left out\n"
		       "2:9 甲|产值|十月|4|\n"
		       "3:5 乙|产值|九月|5|\n3:9 乙|产值|十月|7|\n",
		       WIDE);
}

static void a_row_with_lost_characters_is_refused(void **state)
{
	(void)state;
	assert_decodes(
		"园区,期间,数值\n甲\xef\xbf\xbd,2026-09,1\n乙,2026-09,2\n",
		"!2:1 encoding: characters of this row were lost in a conversion (U+FFFD); the "
		"row is left out\n"
		"3:11 乙|产值|2026-09|2|\n",
		LONG);
}

static void a_document_that_is_no_csv_is_named(void **state)
{
	struct out *o;

	(void)state;
	assert_refused("", "the document is empty", LONG);
	assert_refused("\xef\xbb\xbf \r\n", "the document is empty", LONG);
	assert_refused("\n<!DOCTYPE html>\n<html><head><title>\n 502 Bad Gateway </title></head>",
		       "this is an HTML page, not CSV: '502 Bad Gateway'", LONG);
	assert_refused("<HTML><body>x", "this is an HTML page, not CSV", LONG);
	assert_refused("<?xml version='1.0'?><a/>", "this is XML, not CSV", LONG);
	assert_refused("PK\x03\x04zip", "this is a ZIP archive or an XLSX workbook, not CSV", LONG);
	o = decode_n("园区,期间\n甲\0", 19, (struct layout)LONG);
	assert_int_equal(o->rc, -1);
	assert_string_equal(o->e.text, "this is not text: a NUL byte at byte 18, line 2");
	free(o);
}

static void a_missing_column_is_named(void **state)
{
	(void)state;
	assert_refused("报表\n园区,期间,值\n甲,2026-09,1\n",
		       "line 2: looks like the header, but column '数值' is not in it", LONG);
	assert_refused("a,b\n1,2\n",
		       "no header row: column '数值' is not in any of the first 2 rows", LONG);
	assert_refused("园区,数值,期间,数值\n",
		       "line 1: column '数值' stands twice in the header, as column 2 and 4", LONG);
}

static void an_impossible_layout_is_an_error(void **state)
{
	(void)state;
	assert_refused("a\n", "the layout does not say where the period is",
		       { .unit = FIXED("a"), .indicator = FIXED("b") });
	assert_refused("a\n", "the layout has both indicator and period in the header",
		       { .unit = FIXED("a"), .indicator = HEADER, .period = HEADER });
	assert_refused("a\n",
		       "the layout needs either an axis in the header or a column with the value",
		       { .unit = FIXED("a"), .indicator = FIXED("b"), .period = FIXED("c") });
}

static void too_many_cells_are_a_limit(void **state)
{
	size_t n = ROW_CELLS_MAX + 10;
	char *csv = malloc(n + 1);
	struct out *o;

	(void)state;
	memset(csv, ',', n);
	csv[0] = 'a';
	csv[n] = '\0';
	o = decode(csv, (struct layout)WIDE);
	assert_int_equal(o->rc, -1);
	assert_int_equal(o->e.code, ERR_LIMIT);
	assert_string_equal(o->e.text, "line 1 has more than 16384 cells");
	free(o);
	free(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_have_their_line_and_column_in_characters),
		cmocka_unit_test(cells_of_any_length_end_where_they_should),
		cmocka_unit_test(a_quote_that_never_ends_costs_its_row_only),
		cmocka_unit_test(text_behind_a_closing_quote_is_refused),
		cmocka_unit_test(a_wide_table_gives_one_fact_for_each_value),
		cmocka_unit_test(missing_figures_are_no_facts_and_rows_without_values_are_notes),
		cmocka_unit_test(a_joined_period_and_ignored_columns),
		cmocka_unit_test(
			titles_stand_above_the_header_with_either_colon_or_in_the_next_cell),
		cmocka_unit_test(a_title_below_the_header_begins_a_new_table),
		cmocka_unit_test(a_new_table_has_the_period_of_its_own_titles),
		cmocka_unit_test(the_period_is_a_month_rather_than_the_day_of_a_signature),
		cmocka_unit_test(months_without_a_year_have_that_of_the_lines_above),
		cmocka_unit_test(headings_of_its_own_begin_a_table_below),
		cmocka_unit_test(the_columns_of_an_official_form_are_numbered),
		cmocka_unit_test(columns_may_be_given_by_number),
		cmocka_unit_test(the_delimiter_is_the_one_that_gives_a_header),
		cmocka_unit_test(a_flag_column_goes_with_each_fact),
		cmocka_unit_test(a_repeated_header_is_no_row),
		cmocka_unit_test(a_row_longer_than_the_header_is_refused),
		cmocka_unit_test(a_row_without_its_unit_is_refused),
		cmocka_unit_test(a_value_without_a_heading_is_said_once),
		cmocka_unit_test(a_row_with_lost_characters_is_refused),
		cmocka_unit_test(a_document_that_is_no_csv_is_named),
		cmocka_unit_test(a_missing_column_is_named),
		cmocka_unit_test(an_impossible_layout_is_an_error),
		cmocka_unit_test(too_many_cells_are_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
