/*
 * test_heading.c - what headings and labels of rows say, and that figures under them go to the
 * right indicator and period.
 */
#include "collectors/heading.h"
#include "tests/unit/collectors/documents.h"

#define GROWTH(code, name)                                                                         \
	"  - {code: " code ", name: " name ", measure: \"%\", freq: M, form: growth,\n"            \
	"     basis: ytd, release: m}\n"

static void words_of_form_are_taken_off_the_name(void **state)
{
	static const struct {
		const char *text, *name, *measure;
		enum heading_form form;
		bool year_ago, part;
	} cases[] = {
		{ "规上工业增加值", "规上工业增加值", "", HEADING_ANY, false, false },
		{ "规上工业增加值 本年累计(亿元)", "规上工业增加值", "亿元", HEADING_YTD, false,
		  false },
		{ "规上工业增加值累计增长（％）", "规上工业增加值", "％", HEADING_GROWTH, false,
		  false },
		{ "本月 用电量", "用电量", "", HEADING_PERIOD, false, false },
		{ "税收 上年同期", "税收", "", HEADING_ANY, true, false },
		{ "税收 上年同期累计（万元）", "税收", "万元", HEADING_YTD, true, false },
		{ "　其中：工业投资", "工业投资", "", HEADING_ANY, false, true },
		{ "（一）税收", "税收", "", HEADING_ANY, false, false },
		{ "二、1.税收 期末数", "税收", "", HEADING_LEVEL, false, false },
		{ "1.5亿元以上项目", "1.5亿元以上项目", "", HEADING_ANY, false, false },
		{ "同比增长(%)", "", "%", HEADING_GROWTH, false, false },
		{ "从业人员期末数", "从业人员", "", HEADING_LEVEL, false, false },
		/* Stacked: what the figure counts in stands before the words of form, or below. */
		{ "税收(万元) 本年累计", "税收", "万元", HEADING_YTD, false, false },
		{ "税收（千元） 上年同期", "税收", "千元", HEADING_ANY, true, false },
		{ "税收 万元", "税收", "万元", HEADING_ANY, false, false },
		{ "税收/万元", "税收", "万元", HEADING_ANY, false, false },
		{ "税收 本月 总量", "税收", "", HEADING_PERIOD, false, false },
		{ "税收 本月止累计 完成额", "税收", "", HEADING_YTD, false, false },
		{ "产销率%", "产销率", "%", HEADING_ANY, false, false },
		{ "税收 本月止累计 同比增长%", "税收", "%", HEADING_GROWTH, false, false },
		{ "税收 同比增长%", "税收", "%", HEADING_GROWTH, false, false },
		{ "同比%", "", "%", HEADING_GROWTH, false, false },
		/* 亿元 is of the figure that grows. */
		{ "税收(亿元) 增速", "税收", "", HEADING_GROWTH, false, false },
		{ "税收(亿元) 增减", "税收", "亿元", HEADING_GROWTH, false, false },
		{ "投资 其中：工业投资 累计", "工业投资", "", HEADING_YTD, false, true },
		{ "累计 其中：工业投资", "工业投资", "", HEADING_YTD, false, true },
		{ "", "", "", HEADING_ANY, false, false },
	};
	struct heading h;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(heading_read(slice_str(cases[i].text), &a, &h));
		assert_slice(h.name, cases[i].name);
		assert_slice(h.measure, cases[i].measure);
		assert_int_equal(h.form, cases[i].form);
		assert_int_equal(h.year_ago, cases[i].year_ago);
		assert_int_equal(h.part, cases[i].part);
	}
	assert_true(heading_is_total(slice_str("合　计"), &a));
	assert_false(heading_is_total(slice_str("合计河"), &a));
	assert_false(heading_read(slice_str("a\xff"), &a, &h));
	arena_release(&a);
}

/* The form of a park: one row an indicator, columns for the month, since New Year and a year ago.
 */
static const struct layout form = {
	.unit = TITLE("填报单位"),
	.indicator = { .where = AXIS_COLUMN,
		       .columns = (const char *const[]){ "指标名称" },
		       .ncolumns = 1,
		       .headed = true },
	.period = TITLE("报告期"),
	.measure = COLUMN("计量单位"),
};

static void take(struct documents *d, const char *csv)
{
	struct document doc = { .format = FORMAT_CSV,
				.layout = &form,
				.class = UNIT_PARK,
				.body = slice_str(csv),
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
}

#define TOP "填报单位：甲河,,,\n报告期：2026年10月,,,\n指标名称,计量单位,"

static void figures_of_a_year_ago_are_those_of_last_years_period(void **state)
{
	struct documents *d = *state;

	take(d, TOP "本月止累计,上年同期累计\n总产值,万元,120000,110000\n");
	assert_int_equal(d->b->refused, 0);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 1.2e9);
	assert_figure(d, "jiahe", "output_yuan", "2025-10", 1.1e9);
	assert_int_equal(d->b->nobs, 2);
}

static void a_form_that_the_catalogue_does_not_have_is_refused(void **state)
{
	struct documents *d = *state;

	take(d, TOP "本月,本月止累计\n总产值,亿元,1,12\n税收,万元,3,30\n");
	/* 总产值 is kept since New Year, 税收 by month. */
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 1.2e9);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 3e4);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->count[REFUSED_INDICATOR], 2);
}

/* One row, one figure, under a header of one indicator. */
static struct documents *under(struct documents *d, const char *heading)
{
	const struct layout wide = { .unit = COLUMN("u"),
				     .indicator = { .where = AXIS_HEADER },
				     .period = COLUMN("p") };
	char csv[512];
	struct document doc = {
		.format = FORMAT_CSV, .layout = &wide, .class = UNIT_PARK, .now_ms = NOW_MS
	};

	snprintf(csv, sizeof(csv), "u,p,%s\n甲河,2026-10,5\n", heading);
	doc.body = slice_str(csv);
	assert_ok(documents_decode(d, &doc), &d->e);
	return d;
}

static void words_in_brackets_count_as_those_without(void **state)
{
	struct documents *d = *state;

	assert_figure(under(d, "总产值(上年同期)"), "jiahe", "output_yuan", "2025-10", 5e8);
	assert_figure(under(d, "总产值（上年同期累计）"), "jiahe", "output_yuan", "2025-10", 5e8);
	assert_figure(under(d, "总产值(本年累计)"), "jiahe", "output_yuan", "2026-10", 5e8);
	assert_figure(under(d, "税收 (本月)"), "jiahe", "tax_yuan", "2026-10", 5e4);
	assert_int_equal(under(d, "总产值(本月)")->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_INDICATOR, 1, 5,
			 "'总产值(本月)' is a figure of the period, but output_yuan is kept as one "
			 "since New Year");
	assert_int_equal(under(d, "税收(累计)")->b->nobs, 0);
	assert_int_equal(under(d, "总产值(同比增长)")->b->nobs, 0);
}

static void growth_of_the_month_is_not_that_since_new_year(void **state)
{
	static const char *const of_month[] = { "产值 当月增速", "产值 本月 同比增长%",
						"产值 当月同比" };
	struct documents *d =
		documents_open(STANDARD_CATALOGUE GROWTH("value_growth_ratio", "产值增速"), NULL);

	(void)state;
	assert_figure(under(d, "产值 累计增速"), "jiahe", "value_growth_ratio", "2026-10", 0.05);
	assert_figure(under(d, "产值 增速"), "jiahe", "value_growth_ratio", "2026-10", 0.05);
	for (size_t i = 0; i < sizeof(of_month) / sizeof(of_month[0]); i++)
		assert_int_equal(under(d, of_month[i])->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_INDICATOR, 1, 5,
			 "'产值 当月同比' is a growth rate of the period, but "
			 "value_growth_ratio is kept as a growth rate since New Year");
	documents_close(d);
}

/* What the form says of its figures, 单位：万元, is not about the growth rates among them. */
static void growth_is_in_percent_whatever_the_figures_beside_it_count_in(void **state)
{
	struct layout l = { .unit = COLUMN("u"),
			    .indicator = HEADER,
			    .period = COLUMN("p"),
			    .measure = TITLE("单位") };
	struct document doc = {
		.format = FORMAT_CSV, .layout = &l, .class = UNIT_PARK, .now_ms = NOW_MS
	};
	struct documents *d =
		documents_open(STANDARD_CATALOGUE GROWTH("value_growth_ratio", "产值增速"), NULL);

	(void)state;
	doc.body = slice_str("单位：万元\nu,p,总产值,产值 增速,产值 增减\n甲河,2026-10,7,5,6\n");
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 7e4);
	assert_figure(d, "jiahe", "value_growth_ratio", "2026-10", 0.05);
	/* 增减 may be an amount. */
	assert_int_equal(d->b->nobs, 2);
	assert_complaint(d, 0, REFUSED_MEASURE, 3, 16,
			 "'万元' is not in a measure of value_growth_ratio, which is in %");
	documents_close(d);
}

/* A line of signatures is looked for below a form, not in each row of a long table. */
static void what_looks_signed_below_a_long_table_is_refused_and_said(void **state)
{
	struct layout l = { .unit = COLUMN("u"),
			    .indicator = COLUMN("i"),
			    .period = { .where = AXIS_HEADER } };
	struct document doc = {
		.format = FORMAT_CSV, .layout = &l, .class = UNIT_PARK, .now_ms = NOW_MS
	};
	struct documents *d = *state;
	struct buf b;

	for (int rows = 999; rows <= 1000; rows++) {
		buf_init(&b, 1 << 20);
		buf_puts(&b, "u,i,2026年10月\n");
		for (int i = 0; i < rows; i++)
			buf_puts(&b, "甲河,总产值,12\n");
		buf_puts(&b, "单位负责人：某,,3\n");
		doc.body = buf_all(&b);
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_int_equal(d->b->refused, rows < 1000 ? 0 : 1);
		buf_release(&b);
	}
}

/* Else the month would be taken for all where the other cell is empty. */
static void a_month_beside_all_since_new_year_is_the_month_alone(void **state)
{
	struct layout l = { .unit = COLUMN("u"),
			    .indicator = COLUMN("i"),
			    .period = { .where = AXIS_HEADER } };
	struct document doc = {
		.format = FORMAT_CSV, .layout = &l, .class = UNIT_PARK, .now_ms = NOW_MS
	};
	struct documents *d = *state;

	doc.body =
		slice_str("2026年\nu,i,9月,10月,1-10月\n甲河,总产值,9,1,12\n乙山,总产值,8,2,-\n"
			  "甲河,税收,5,6,\n单位负责人：某,,填表人：,某,某\n联系电话：,,,12345,\n");
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 12e8);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 6e4);
	assert_int_equal(d->b->nobs, 3);
	assert_int_equal(d->b->refused, 4);
	assert_complaint(d, 1, REFUSED_PERIOD, 2, 8,
			 "'2026年10月' stands beside the months since New Year and is the month by "
			 "itself, but output_yuan is kept since New Year (and 1 more figure)");
}

static void the_heading_of_the_values_says_in_what_they_count(void **state)
{
	struct layout l = { .unit = COLUMN("u"),
			    .indicator = COLUMN("i"),
			    .period = COLUMN("p"),
			    .value = COLUMN("数值（万元）") };
	struct document doc = {
		.format = FORMAT_CSV, .layout = &l, .class = UNIT_PARK, .now_ms = NOW_MS
	};
	struct documents *d = *state;

	doc.body = slice_str("u,i,p,数值（万元）,m\n甲河,总产值,2026-10,5,千元\n"
			     "甲河,利润率,2026-10,5,\n");
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 5e4);
	assert_int_equal(d->b->nobs, 1);
	assert_complaint(d, 0, REFUSED_MEASURE, 3, 16,
			 "'万元' is not in a measure of margin_ratio, which is in %");
	/* The row itself knows better. */
	l.measure = (struct axis)COLUMN("m");
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 5e3);
}

static void a_remark_in_brackets_makes_another_name(void **state)
{
	struct documents *d = *state;

	assert_int_equal(under(d, "总产值(不含农户)")->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_INDICATOR, 1, 5,
			 "no indicator is called '总产值(不含农户)': without the brackets it is "
			 "output_yuan, but what is in them is no measure");
	assert_int_equal(under(d, "总产值 累计（不含农户）")->b->nobs, 0);
	/* Which of them would be a guess of four powers of ten. */
	assert_int_equal(under(d, "总产值(万元、%)")->b->nobs, 0);
	assert_int_equal(under(d, "利润率 累计(%)")->b->nobs, 1);
}

static void of_two_names_that_differ_in_their_remark_none_is_guessed(void **state)
{
	static const char one[] =
		STANDARD_CATALOGUE GROWTH("real_growth_ratio", "增加值增速(可比价)");
	static const char two[] =
		STANDARD_CATALOGUE GROWTH("real_growth_ratio", "增加值增速(可比价)")
			GROWTH("nominal_growth_ratio", "增加值增速(现价)");
	struct documents *d = documents_open(one, NULL);

	(void)state;
	assert_figure(under(d, "增加值 累计增速"), "jiahe", "real_growth_ratio", "2026-10", 0.05);
	documents_close(d);
	d = documents_open(two, NULL);
	assert_int_equal(under(d, "增加值 累计增速")->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_INDICATOR, 1, 5,
			 "'增加值 累计增速' may be real_growth_ratio or nominal_growth_ratio");
	assert_figure(under(d, "增加值(现价) 增速"), "jiahe", "nominal_growth_ratio", "2026-10",
		      0.05);
	documents_close(d);
}

static void the_measure_beside_a_figure_counts_and_must_fit(void **state)
{
	struct documents *d = *state;

	take(d, TOP "本月止累计\n总产值,千元,120000\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 1.2e8);
	take(d, TOP "本月止累计\n总产值,亩,120000\n");
	assert_int_equal(d->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_MEASURE, 4, 7,
			 "'亩' is not in a measure of output_yuan, which is in 亿元");
}

static void accountants_write_a_minus_otherwise(void **state)
{
	struct documents *d = *state;

	take(d, TOP "本月\n税收,万元,\"(1,234.5)\"\n");
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", -12345000.0);
	assert_complaint(d, 0, SUSPECT_MINUS, 4, 7, "'(1,234.5)' is taken as -1234.5");
	take(d, TOP "本月\n税收,万元,△3\n");
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", -30000.0);
	assert_int_equal(d->b->suspect, 1);
	assert_int_equal(d->b->obs[0].flags & FIGURE_SUSPECT, 0);
}

static void utf16_is_found_out(void **state)
{
	static const char text[] = "\xff\xfe"
				   "a\0,\0p\0,\0v\0\n\0"
				   "\x32\x75\xb3\x6c,\0"
				   "2\0"
				   "0\0"
				   "2\0"
				   "6\0-\0"
				   "1\0"
				   "0\0,\0"
				   "5\0";
	struct layout l = { .unit = COLUMN("a"),
			    .indicator = FIXED("税收"),
			    .period = COLUMN("p"),
			    .value = COLUMN("v") };
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_CSV,
				.layout = &l,
				.class = UNIT_PARK,
				.body = slice_of(text, sizeof(text) - 1),
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 50000.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_form_are_taken_off_the_name),
		cmocka_unit_test(figures_of_a_year_ago_are_those_of_last_years_period),
		cmocka_unit_test(a_form_that_the_catalogue_does_not_have_is_refused),
		cmocka_unit_test(words_in_brackets_count_as_those_without),
		cmocka_unit_test(growth_of_the_month_is_not_that_since_new_year),
		cmocka_unit_test(growth_is_in_percent_whatever_the_figures_beside_it_count_in),
		cmocka_unit_test(what_looks_signed_below_a_long_table_is_refused_and_said),
		cmocka_unit_test(a_month_beside_all_since_new_year_is_the_month_alone),
		cmocka_unit_test(the_heading_of_the_values_says_in_what_they_count),
		cmocka_unit_test(a_remark_in_brackets_makes_another_name),
		cmocka_unit_test(of_two_names_that_differ_in_their_remark_none_is_guessed),
		cmocka_unit_test(the_measure_beside_a_figure_counts_and_must_fit),
		cmocka_unit_test(accountants_write_a_minus_otherwise),
		cmocka_unit_test(utf16_is_found_out),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
