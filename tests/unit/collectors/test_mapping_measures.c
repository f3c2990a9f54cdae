/* test_mapping_measures.c - in what a figure counts: what the catalogue, the configuration and the
 * document say. */
#include "tests/unit/collectors/standard.h"

static const struct layout multiplied = { .unit = COLUMN("u"),
					  .indicator = COLUMN("i"),
					  .period = FIXED("2026-09"),
					  .value = COLUMN("v"),
					  .measure = COLUMN("m"),
					  .multiplier = COLUMN("x") };

static void take_multiplied(struct documents *d, const char *csv)
{
	struct document doc = standard(csv);

	doc.layout = &multiplied;
	assert_ok(documents_decode(d, &doc), &d->e);
}

/* 亿元 and 10^8 say the same: taken twice they make 10^16. */
static void a_multiplier_counts_in_what_the_source_says(void **state)
{
	struct documents *d = *state;

	take_multiplied(d, "u,i,v,m,x\n甲河,总产值,5,元,8\n乙山,总产值,5,,0\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 5e8);
	assert_figure(d, "yishan", "output_yuan", "2026-09", 5e8);
	assert_int_equal(d->b->refused, 0);
	take_multiplied(d, "u,i,v,m,x\n甲河,总产值,5,,8\n乙山,总产值(亿元),5,,8\n");
	assert_int_equal(d->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_MEASURE, 2, 8,
			 "the multiplier '8' of what its cell, its heading or the catalogue "
			 "scales already; 'measure' must say in what the source counts");
	assert_int_equal(d->b->count[REFUSED_MEASURE], 2);
}

static void the_sources_own_words_and_measures_are_understood(void **state)
{
	static const struct name_pair names[] = {
		{ "工业总产值", "output_yuan", "万元" },
		{ "入库税金", "tax_yuan", NULL },
		{ "坏", "no_such_code", NULL },
	};
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,工业总产值,2026-10,123400\n"
					    "乙山,工业 总产值（亿元）,2026-10,1\n"
					    "甲河,入库税金,2026-10,5\n"
					    "甲河,坏,2026-10,5\n");

	doc.names = names;
	doc.nnames = 3;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 1234000000.0);
	assert_figure(d, "yishan", "output_yuan", "2026-10", 1e8);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 50000.0);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, REFUSED_INDICATOR, 5, 4, "no indicator has the code 'no_such_code'");
}

static const struct layout parks = { .unit = COLUMN("园区"),
				     .indicator = { .where = AXIS_HEADER },
				     .period = FIXED("2026-09") };

static void take_by(struct documents *d, const struct layout *l, const char *text)
{
	struct document doc = standard(text);

	doc.layout = l;
	assert_ok(documents_decode(d, &doc), &d->e);
}

static void a_line_above_says_the_measure(void **state)
{
	static const char *const lines[] = {
		"单位：万元\n",
		"2026年9月 计量单位: 万元、%\n",
		",主要指标（单位：万元）\n",
		"填报单位：亿元公司,单位：,万元\n",
		"制表单位：甲河\n,,单位:万元\n",
	};
	struct documents *d = *state;
	char csv[512];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(csv, sizeof(csv), "%s园区,总产值,税收（亿元）,用电量\n甲河,20000,3,40\n",
			 lines[i]);
		take_by(d, &parks, csv);
		assert_int_equal(d->b->ncomplaints, 0);
		assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
		assert_figure(d, "jiahe", "tax_yuan", "2026-09", 3e8);
		assert_figure(d, "jiahe", "power_joules", "2026-09", 144e6);
	}
}

static void a_line_between_parts_is_about_those_below(void **state)
{
	struct documents *d = *state;

	take_by(d, &parks,
		"单位：亿元\n园区,总产值,税收\n甲河,2,3\n,单位：万元\n园区,总产值,税收\n乙山,2,"
		"3\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 3e8);
	assert_figure(d, "yishan", "output_yuan", "2026-09", 20000);
	assert_figure(d, "yishan", "tax_yuan", "2026-09", 30000);
}

static void a_corner_says_the_measure(void **state)
{
	struct layout l = parks;
	struct documents *d = *state;

	l.unit = (struct axis)COLUMN("园区（单位：万元）");
	take_by(d, &l, "园区（单位：万元）,总产值\n甲河,2\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 20000);
}

static void a_column_of_measures_counts_row_by_row(void **state)
{
	const struct layout months = { .unit = COLUMN("园区"),
				       .indicator = COLUMN("指标"),
				       .period = { .where = AXIS_HEADER } };
	struct documents *d = *state;

	take_by(d, &months,
		"单位：亿元\n园区,指标,计量单位,2026年8月,2026年9月\n"
		"甲河,总产值,万元,1,2\n甲河,税收,,1,2\n乙山,总产值,见说明,1,2\n乙山,税收,人,1,2\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 20000);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 2e8);
	assert_figure(d, "yishan", "output_yuan", "2026-09", 2e8);
	assert_int_equal(d->b->nobs, 6);
	assert_int_equal(d->b->count[REFUSED_MEASURE], 2);
	assert_complaint(d, 0, REFUSED_MEASURE, 6, 9,
			 "'人' is not in a measure of tax_yuan, which is in 万元");
}

static void what_is_configured_goes_before_a_customary_place(void **state)
{
	static const struct name_pair names[] = { { "总产值", "output_yuan", "亿元" } };
	static const char csv[] = "单位：万元\n园区,总产值,单位\n甲河,2,元\n";
	struct document doc = standard(csv);
	struct layout l = parks;
	struct documents *d = *state;

	doc.layout = &parks;
	doc.names = names;
	doc.nnames = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
	l.measure = (struct axis)FIXED("亿元");
	l.ignore = (const char *const[]){ "单位" };
	l.nignore = 1;
	take_by(d, &l, csv);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
}

static void a_column_of_the_layout_or_of_two_alike_is_not_one_of_measures(void **state)
{
	const struct layout by_unit = { .unit = COLUMN("单位"),
					.indicator = COLUMN("i"),
					.period = FIXED("2026-09"),
					.value = COLUMN("v") };
	const struct layout by_park = { .unit = COLUMN("u"),
					.indicator = COLUMN("i"),
					.period = FIXED("2026-09"),
					.value = COLUMN("v") };
	struct documents *d = *state;

	take_by(d, &by_unit, "单位,i,v\n甲河,总产值,2\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
	take_by(d, &by_park, "u,i,v,单位,单位\n甲河,总产值,2,元,万元\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
}

/* 元 and 10^4 of it. A unit that is no measure here says nothing, its power does. */
static void records_bring_the_measure_along(void **state)
{
	const struct layout cube = { .unit = COLUMN("u"),
				     .indicator = COLUMN("i"),
				     .period = COLUMN("t"),
				     .value = COLUMN("value") };
	struct documents *d = *state;
	struct document doc = standard(
		"{\"version\":\"2.0\",\"class\":\"dataset\",\"id\":[\"u\",\"i\",\"t\"],"
		"\"size\":[1,2,2],\"dimension\":{"
		"\"u\":{\"category\":{\"index\":[\"jiahe\"]}},"
		"\"i\":{\"category\":{\"index\":[\"output_yuan\",\"staff_persons\"],\"unit\":{"
		"\"output_yuan\":{\"base\":\"元\",\"multiplier\":4},"
		"\"staff_persons\":{\"base\":\"heads\",\"multiplier\":3}}}},"
		"\"t\":{\"category\":{\"index\":[\"2026-09\",\"2026-Q3\"]}}},"
		"\"value\":{\"0\":5,\"3\":7}}");

	doc.format = FORMAT_JSONSTAT;
	doc.layout = &cube;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->ncomplaints, 0);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 50000);
	doc.names = (const struct name_pair[]){ { "output_yuan", "output_yuan", "万元" } };
	doc.nnames = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 50000);
	assert_figure(d, "jiahe", "staff_persons", "2026-Q3", 7000);
}

/* Millions of whatever the catalogue counts in: 5e6 persons, but nobody knows 10^6 of what is 亿元.
 */
static void the_multiplier_of_sdmx_is_never_passed_over(void **state)
{
	static const char csv[] = "DATAFLOW,AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT\n"
				  "A:F(1.0),jiahe,staff_persons,2026-Q3,5,6\nA:F(1.0),jiahe,output_"
				  "yuan,2026-09,5,6\n";
	const struct layout l = { .unit = COLUMN("AREA"),
				  .indicator = COLUMN("INDICATOR"),
				  .period = COLUMN("TIME_PERIOD"),
				  .value = COLUMN("OBS_VALUE") };
	const struct name_pair names[] = { { "output_yuan", "output_yuan", "万元" } };
	struct document doc = standard(csv);
	struct documents *d = *state;

	doc.format = FORMAT_SDMX;
	doc.layout = &l;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "staff_persons", "2026-Q3", 5e6);
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->count[REFUSED_MEASURE], 1);
	doc.names = names;
	doc.nnames = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 50000);
}

static void a_measure_that_does_not_fit_is_refused(void **state)
{
	refuses_row(*state, "甲河,总产值(亩),2026-10,1", REFUSED_MEASURE, 4,
		    "'亩' cannot be a measure of output_yuan, which is in 亿元");
	refuses_row(*state, "甲河,总产值,2026-10,5%", REFUSED_MEASURE, 16,
		    "'5%' is not in a measure of output_yuan, which is in 亿元");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, no_history)
	const struct CMUnitTest tests[] = {
		CASE(a_multiplier_counts_in_what_the_source_says),
		CASE(the_sources_own_words_and_measures_are_understood),
		CASE(a_line_above_says_the_measure),
		CASE(a_line_between_parts_is_about_those_below),
		CASE(a_corner_says_the_measure),
		CASE(a_column_of_measures_counts_row_by_row),
		CASE(what_is_configured_goes_before_a_customary_place),
		CASE(a_column_of_the_layout_or_of_two_alike_is_not_one_of_measures),
		CASE(records_bring_the_measure_along),
		CASE(the_multiplier_of_sdmx_is_never_passed_over),
		CASE(a_measure_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
