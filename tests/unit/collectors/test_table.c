/*
 * test_table.c - rows of tables to facts, without any container: what merged cells, stacked
 * headers, sheets and records mean to a layout.
 *
 * The rows are written down in a notation of the test's own: a line is a row, '|' parts cells, a
 * cell "^" is covered by a merged cell whose text stands above it, "<" by one to its left; "==
 * name" begins a sheet, "== name records" a data set.
 */
#include "collectors/table.h"
#include "tests/unit/collectors/tables.h"

enum { CELLS = 16 };

struct notation {
	struct cell above[CELLS];
	struct cell cells[CELLS];
	size_t n;
	unsigned line;
};

static void take_cell(struct notation *x, struct slice text)
{
	struct cell *c = &x->cells[x->n];

	*c = (struct cell){ .text = text, .line = x->line, .column = (unsigned)x->n + 1 };
	if (slice_is(text, "^"))
		*c = x->above[x->n];
	if (slice_is(text, "<"))
		*c = x->cells[x->n - 1];
	c->repeated = slice_is(text, "^") || slice_is(text, "<");
	x->n++;
}

static struct slice cut(struct slice *rest, char at)
{
	const char *end = memchr(rest->p, at, rest->n);
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	struct slice piece = slice_of(rest->p, n);

	*rest = slice_skip(*rest, end ? n + 1 : n);
	return piece;
}

static int read_notation(struct slice body, struct arena *a, const struct row_sink *sink,
			 struct err *e)
{
	struct notation x = { .line = 0 };
	int rc = 1;

	(void)a;
	while (body.n) {
		struct slice line = cut(&body, '\n');

		if (slice_starts(line, "== ")) {
			struct slice name = slice_skip(line, 3);
			bool records = slice_ends(name, " records");

			if (records)
				name = slice_of(name.p, name.n - strlen(" records"));
			x.line = 0;
			rc = 1;
			if (sink->table(sink->ctx, name, records, e) < 0)
				return -1;
			continue;
		}
		x.line++;
		x.n = 0;
		while (line.n)
			take_cell(&x, cut(&line, '|'));
		memcpy(x.above, x.cells, sizeof(x.above));
		if (rc > 0)
			rc = sink->row(sink->ctx,
				       &(struct row){ .cells = x.cells, .n = x.n, .line = x.line },
				       e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int decode_notation(struct slice body, const struct layout *l, struct arena *a,
			   const struct fact_sink *sink, struct err *e)
{
	return decode_table(read_notation, body, l, a, sink, e);
}

static struct out *decode(const char *text, struct layout layout)
{
	return decode_with(decode_notation, slice_str(text), layout);
}

#define HEADED(name)                                                                               \
	{                                                                                          \
		.where = AXIS_COLUMN, .columns = (const char *const[]){ name }, .ncolumns = 1,     \
		.headed = true                                                                     \
	}
#define HEADER_ROW(k)                                                                              \
	{                                                                                          \
		.where = AXIS_HEADER, .row = (k)                                                   \
	}
#define SHEET                                                                                      \
	{                                                                                          \
		.where = AXIS_TABLE                                                                \
	}

/* --- stacked headers -------------------------------------------------------------------- */

static void a_stacked_heading_reads_from_top_to_bottom(void **state)
{
	struct layout l = { .unit = COLUMN("园区"),
			    .indicator = HEADER,
			    .period = TITLE("时间"),
			    .header_rows = 2 };

	(void)state;
	assert_decodes("时间：2026年10月\n"
		       "园区|增加值|<|投资\n"
		       "^|累计(亿元)|增速(%)|累计\n"
		       "甲河|12|3|4\n",
		       "4:2 甲河|增加值 累计(亿元)|2026年10月|12|\n"
		       "4:3 甲河|增加值 增速(%)|2026年10月|3|\n"
		       "4:4 甲河|投资 累计|2026年10月|4|\n",
		       l);
}

static void rows_of_a_header_may_be_an_axis_each(void **state)
{
	struct layout l = { .unit = COLUMN("园区"),
			    .indicator = HEADER_ROW(2),
			    .period = HEADER_ROW(1),
			    .header_rows = 2 };

	(void)state;
	assert_decodes("园区|9月|<|10月|<\n"
		       "^|产值|税收|产值|税收\n"
		       "甲河|1|2|3|\n",
		       "3:2 甲河|产值|9月|1|\n"
		       "3:3 甲河|税收|9月|2|\n"
		       "3:4 甲河|产值|10月|3|\n",
		       l);
}

static void two_axes_in_one_row_of_the_header_are_a_contradiction(void **state)
{
	(void)state;
	assert_refused("a|b\n", "the layout has both unit and period in the header",
		       { .unit = HEADER_ROW(1),
			 .indicator = FIXED("x"),
			 .period = HEADER_ROW(1),
			 .header_rows = 2 });
	assert_refused("a|b\n", "the layout has the period in row 3 of 2 header rows",
		       { .unit = COLUMN("a"),
			 .indicator = FIXED("x"),
			 .period = HEADER_ROW(3),
			 .header_rows = 2 });
}

static void the_label_of_a_row_and_the_heading_are_one_indicator(void **state)
{
	struct layout l = { .unit = TITLE("单位"),
			    .indicator = HEADED("指标"),
			    .period = TITLE("时间"),
			    .measure = COLUMN("计量单位") };

	(void)state;
	assert_decodes("单位：甲河\n时间：2026年10月\n"
		       "指标|计量单位|本月止累计|上年同期\n"
		       "总产值|亿元|12|11\n",
		       "4:3 甲河|总产值 本月止累计|2026年10月|12|\n"
		       "4:4 甲河|总产值 上年同期|2026年10月|11|\n",
		       l);
}

static void a_unit_merged_over_rows_is_that_of_each(void **state)
{
	struct layout l = { .unit = COLUMN("园区"), .indicator = COLUMN("指标"), .period = HEADER };

	(void)state;
	assert_decodes("园区|指标|2026-10\n"
		       "甲河|产值|1\n"
		       "^|税收|2\n",
		       "2:3 甲河|产值|2026-10|1|\n"
		       "3:3 甲河|税收|2026-10|2|\n",
		       l);
}

static void a_merged_figure_is_not_taken_twice(void **state)
{
	struct layout l = { .unit = COLUMN("园区"), .indicator = FIXED("x"), .period = HEADER };

	(void)state;
	assert_decodes(
		"园区|9月|10月\n"
		"甲河|5|<\n"
		"乙山|^|7\n",
		"2:2 甲河|x|9月|5|\n"
		"!2:2 layout: a merged cell covers several figures; only the first is taken\n"
		"!2:2 layout: a merged cell covers several figures; only the first is taken\n"
		"3:3 乙山|x|10月|7|\n",
		l);
}

/* --- choosing ----------------------------------------------------------------------------- */

static void rows_that_say_something_else_are_left_out(void **state)
{
	const struct only only = { "类型", (const char *const[]){ "当月", "月" }, 2 };
	struct layout l = { .unit = COLUMN("园区"),
			    .indicator = FIXED("x"),
			    .period = COLUMN("期"),
			    .value = COLUMN("值"),
			    .only = &only,
			    .nonly = 1 };

	(void)state;
	assert_decodes("园区|期|类型|值\n甲|1|当月|5\n甲|1|累计|50\n乙|1|月|6\n",
		       "2:4 甲|x|1|5|\n4:4 乙|x|1|6|\n", l);
	assert_refused("园区|期|值\n甲|1|5\n",
		       "line 1: looks like the header, but column '类型' is not in it", l);
}

static void sheets_are_chosen_by_name_or_number(void **state)
{
	static const char *const wanted[] = { "十月", "#3" }, *const absent[] = { "十二月" };
	struct layout l = { .unit = COLUMN("园区"),
			    .indicator = FIXED("x"),
			    .period = SHEET,
			    .value = COLUMN("值"),
			    .sheets = wanted,
			    .nsheets = 2 };
	const char *book =
		"== 九月\n园区|值\n甲|1\n== 十月\n园区|值\n甲|2\n== 十一月\n园区|值\n甲|3\n";

	(void)state;
	assert_decodes(book, "2:2 甲|x|十月|2|\n2:2 甲|x|十一月|3|\n", l);
	l.sheets = absent;
	l.nsheets = 1;
	assert_refused(book, "there is no sheet '十二月'; there are '九月', '十月', '十一月'", l);
}

static void a_sheet_without_the_header_is_said_and_the_others_are_read(void **state)
{
	struct layout l = { .unit = COLUMN("园区"),
			    .indicator = FIXED("x"),
			    .period = FIXED("1"),
			    .value = COLUMN("值") };

	(void)state;
	assert_decodes("== 说明\n本表由各园区填报\n== 空\n== 表\n园区|值\n甲|2\n",
		       "!1:1 layout: no header row: column '值' is not in any of the first 1 rows\n"
		       "2:2 甲|x|1|2|\n",
		       l);
	assert_refused("== 说明\n本表由各园区填报\n",
		       "no header row: column '值' is not in any of the first 1 rows", l);
}

static void titles_of_one_sheet_do_not_hold_for_the_next(void **state)
{
	struct layout l = { .unit = TITLE("地区"), .indicator = FIXED("x"), .period = HEADER };
	struct out *o;

	(void)state;
	o = decode("== a\n地区：甲\n序|1月\n1|5\n== b\n序|1月\n1|6\n", l);
	assert_int_equal(o->rc, -1);
	assert_string_equal(o->e.text, "no line '地区：…' stands above the header in line 1");
	free(o);
}

/* --- records ------------------------------------------------------------------------------ */

static void the_first_row_of_records_is_their_header(void **state)
{
	struct layout l = { .unit = COLUMN("REF_AREA"),
			    .indicator = FIXED("x"),
			    .period = COLUMN("TIME_PERIOD"),
			    .value = COLUMN("OBS_VALUE"),
			    .flag = COLUMN("OBS_STATUS"),
			    .header_rows = 1 };

	(void)state;
	assert_decodes("== d records\n"
		       "REF_AREA|TIME_PERIOD|OBS_VALUE|OBS_STATUS\n"
		       "甲|2026-10|5|p\n"
		       "甲|2026-09||\n",
		       "2:3 甲|x|2026-10|5|p\n", l);
	assert_refused("== d records\nREF_AREA|TIME|OBS_VALUE|OBS_STATUS\n甲|2026-10|5|p\n",
		       "line 1: looks like the header, but column 'TIME_PERIOD' is not in it", l);
}

/* --- what is kept secret ------------------------------------------------------------------- */

static void a_row_without_a_number_counts_when_it_says_that_it_is_secret(void **state)
{
	struct layout l = { .unit = COLUMN("REF_AREA"),
			    .indicator = FIXED("x"),
			    .period = COLUMN("TIME_PERIOD"),
			    .value = COLUMN("OBS_VALUE"),
			    .flag = COLUMN("OBS_STATUS"),
			    .confidentiality = { .where = AXIS_COLUMN,
						 .columns = (const char *const[]){ "CONF_STATUS" },
						 .ncolumns = 1,
						 .optional = true },
			    .header_rows = 1 };

	(void)state;
	assert_decodes("== d records\n"
		       "REF_AREA|TIME_PERIOD|OBS_VALUE|OBS_STATUS|CONF_STATUS\n"
		       "甲|2026-10||Q|\n"
		       "甲|2026-09||M|F\n"
		       "甲|2026-08||M|N\n"
		       "甲|2026-07|5|A|C\n",
		       "2:3 甲|x|2026-10||Q withheld\n"
		       "4:3 甲|x|2026-08||M withheld\n"
		       "5:3 甲|x|2026-07|5|A\n",
		       l);
	/* The column need not be there. */
	assert_decodes("== d records\n"
		       "REF_AREA|TIME_PERIOD|OBS_VALUE|OBS_STATUS\n"
		       "甲|2026-10|5|A\n"
		       "甲|2026-09||\n",
		       "2:3 甲|x|2026-10|5|A\n", l);
}

static void a_mark_counts_for_its_cell_and_a_row_of_months_has_no_other(void **state)
{
	(void)state;
	assert_decodes("== d\n园区|2026-09|2026-10|2026-11|标志\n"
		       "甲|1|保密||c\n"
		       "乙|涉密|<|2|\n",
		       "2:2 甲|x|2026-09|1|c\n"
		       "2:3 甲|x|2026-10|保密|c withheld\n"
		       "3:2 乙|x|2026-09|涉密| withheld\n"
		       "3:2 乙|x|2026-10|涉密| withheld\n"
		       "3:4 乙|x|2026-11|2|\n",
		       { .unit = COLUMN("园区"),
			 .indicator = FIXED("x"),
			 .period = HEADER,
			 .flag = COLUMN("标志"),
			 .header_rows = 1 });
	assert_decodes("== d\n园区|税收|产值|标志\n甲|1||c\n乙||2|p\n",
		       "2:2 甲|税收|2026-10|1|c\n"
		       "2:3 甲|产值|2026-10||c withheld\n"
		       "3:3 乙|产值|2026-10|2|p\n",
		       { .unit = COLUMN("园区"),
			 .indicator = HEADER,
			 .period = FIXED("2026-10"),
			 .flag = COLUMN("标志"),
			 .header_rows = 1 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stacked_heading_reads_from_top_to_bottom),
		cmocka_unit_test(rows_of_a_header_may_be_an_axis_each),
		cmocka_unit_test(two_axes_in_one_row_of_the_header_are_a_contradiction),
		cmocka_unit_test(the_label_of_a_row_and_the_heading_are_one_indicator),
		cmocka_unit_test(a_unit_merged_over_rows_is_that_of_each),
		cmocka_unit_test(a_merged_figure_is_not_taken_twice),
		cmocka_unit_test(rows_that_say_something_else_are_left_out),
		cmocka_unit_test(a_row_without_a_number_counts_when_it_says_that_it_is_secret),
		cmocka_unit_test(a_mark_counts_for_its_cell_and_a_row_of_months_has_no_other),
		cmocka_unit_test(sheets_are_chosen_by_name_or_number),
		cmocka_unit_test(a_sheet_without_the_header_is_said_and_the_others_are_read),
		cmocka_unit_test(titles_of_one_sheet_do_not_hold_for_the_next),
		cmocka_unit_test(the_first_row_of_records_is_their_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
