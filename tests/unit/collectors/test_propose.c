/*
 * test_propose.c - layouts proposed for forms as offices hand them in, and what is read with them.
 */
#include "collectors/propose.h"
#include "collectors/sample.h"
#include "tests/unit/collectors/documents.h"
#include "tests/unit/collectors/workbook.h"

static const char catalogue_text[] =
	"units:\n"
	"  - {id: jiahe, class: park, name: 甲河产业集聚区, aliases: [甲河]}\n"
	"  - {id: yishan, class: park, name: 乙山产业集聚区, aliases: [乙山]}\n"
	"  - {id: bingquan, class: park, name: 丙泉产业集聚区, aliases: [丙泉]}\n"
	"releases:\n"
	"  - {id: m, freq: M, working_day: 10, january: false}\n"
	"indicators:\n"
	"  - {code: value_added_yuan, name: 规上工业增加值, measure: 亿元, freq: M, form: ytd, "
	"release: m}\n"
	"  - {code: value_added_growth_ratio, name: 规上工业增加值增速, measure: \"%\", freq: M,\n"
	"     form: growth, basis: ytd, release: m}\n"
	"  - {code: investment_yuan, name: 固定资产投资完成额, aliases: [固定资产投资], measure: "
	"亿元,\n"
	"     freq: M, form: ytd, release: m}\n"
	"  - {code: investment_growth_ratio, name: 固定资产投资增速, measure: \"%\", freq: M,\n"
	"     form: growth, basis: ytd, release: m}\n"
	"  - {code: industrial_investment_yuan, name: 工业投资, measure: 亿元, freq: M, form: ytd, "
	"release: m}\n"
	"  - {code: power_joules, name: 工业用电量, measure: 万千瓦时, freq: M, form: period}\n"
	"  - {code: enterprises, name: 规上工业企业数, measure: 家, freq: M, form: level, release: "
	"m}\n";

static int open_documents(void **state)
{
	*state = documents_open(catalogue_text, NULL);
	return 0;
}

static int close_documents(void **state)
{
	documents_close(*state);
	return 0;
}

/* What is proposed, to be released; then the document is read with it into d->b. */
static char *proposed_of(struct documents *d, struct slice body)
{
	struct document doc = {
		.format = format_guess(body), .class = UNIT_CLASSES, .body = body, .now_ms = NOW_MS
	};
	struct proposal p;
	struct arena a;
	struct buf out;
	char *yaml;

	arena_init(&a, 64 << 20);
	buf_init(&out, 1 << 20);
	assert_ok(propose(&doc, d->cat, &a, &p, &d->e), &d->e);
	proposal_print(&p, 0, &out);
	yaml = strndup(out.p, out.n);
	doc.layout = &p.layout;
	doc.format = p.format;
	assert_ok(documents_decode(d, &doc), &d->e);
	buf_release(&out);
	arena_release(&a);
	return yaml;
}

static char *proposed(struct documents *d, const char *text)
{
	return proposed_of(d, slice_str(text));
}

#define assert_proposed(d, text, want)                                                             \
	do {                                                                                       \
		char *yaml_ = proposed(d, text);                                                   \
		assert_string_equal(yaml_, want);                                                  \
		free(yaml_);                                                                       \
	} while (0)

static void parks_in_rows_under_a_stacked_header(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"全市产业集聚区2026年10月主要经济指标,,,,,\n"
			"单位：亿元,,,,,\n"
			"序号,园区,规上工业增加值,,固定资产投资,\n"
			",,累计,增速(%),累计,同比增长(%)\n"
			"1,甲河产业集聚区,12.3,8.1,33.2,10.5\n"
			"2,乙山产业集聚区,9.1,7.7,\"1,021.5\",△2.1\n"
			"注：数据来源于统计局\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"园区\"}\n"
			"  indicator: {header: true}\n"
			"  period: {in_title: true}\n"
			"  measure: {title: \"单位\"}\n"
			"  header_rows: 2\n"
			"  ignore: [\"序号\"]\n");
	assert_int_equal(d->b->nobs, 8);
	assert_int_equal(d->b->refused, 0);
	assert_figure(d, "jiahe", "value_added_yuan", "2026-10", 1.23e9);
	assert_figure(d, "yishan", "investment_yuan", "2026-10", 1.0215e11);
	assert_figure(d, "yishan", "investment_growth_ratio", "2026-10", -0.021);
}

static void what_yaml_does_not_take_is_escaped(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"全市产业集聚区2026年10月主要经济指标,\n"
			"单位：亿元,\n"
			"园\xef\xbb\xbf\xe2\x80\xa8\x7f区,规上工业增加值\n"
			"甲河产业集聚区,12.3\n"
			"乙山产业集聚区,9.1\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"园\\ufeff\\u2028\\u007f区\"}\n"
			"  indicator: {header: true}\n"
			"  period: {in_title: true}\n"
			"  measure: {title: \"单位\"}\n");
}

/* "#2" would be the second column, "#" none. */
static void a_heading_with_a_hash_is_told_by_its_number(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"全市产业集聚区2026年10月主要经济指标,\n"
			"单位：亿元,\n"
			"#2,规上工业增加值\n"
			"甲河产业集聚区,12.3\n"
			"乙山产业集聚区,9.1\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"#1\"}\n"
			"  indicator: {header: true}\n"
			"  period: {in_title: true}\n"
			"  measure: {title: \"单位\"}\n");
	assert_figure(d, "jiahe", "value_added_yuan", "2026-10", 1.23e9);
}

static void a_park_hands_in_its_own_form(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"产业集聚区统计月报表,,,,,\n"
			"填报单位：甲河,,,报告期：2026年10月,,\n"
			"指标名称,计量单位,本月,本月止累计,上年同期累计,增减(%)\n"
			"一、规上工业增加值,亿元,1.2,12.3,11.1,10.8\n"
			"二、固定资产投资,万元,33000,332000,300000,10.7\n"
			"　　其中：工业投资,万元,20000,202000,…,-\n"
			"三、规上工业企业数,家,,,,\n"
			"单位负责人：,,,填表人：,,\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {title: \"填报单位\"}\n"
			"  indicator: {column: \"指标名称\", header: true}\n"
			"  period: {title: \"报告期\"}\n"
			"  measure: {column: \"计量单位\"}\n");
	assert_int_equal(d->b->nobs, 7);
	assert_figure(d, "jiahe", "value_added_yuan", "2025-10", 1.11e9);
	assert_figure(d, "jiahe", "value_added_growth_ratio", "2026-10", 0.108);
	assert_figure(d, "jiahe", "industrial_investment_yuan", "2026-10", 2.02e9);
	/* The month's own figures are not what the catalogue keeps. */
	assert_int_equal(d->b->refused, 3);
	assert_complaint(d, 0, REFUSED_INDICATOR, 3, 11,
			 "'一、规上工业增加值 本月' is a figure of the period, but "
			 "value_added_yuan is kept as one since New Year");
}

static void months_in_columns_parks_in_rows(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"各园区情况\n"
			"指标：规上工业企业数;;\n"
			"园区;2026年9月;2026年10月\n"
			"甲河;44;45\n乙山;31;31\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"园区\"}\n"
			"  indicator: {title: \"指标\"}\n"
			"  period: {header: true}\n"
			"  delimiter: \";\"\n");
	assert_int_equal(d->b->nobs, 4);
	assert_figure(d, "jiahe", "enterprises", "2026-10", 45);
}

static void one_figure_a_line(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"单位\t指标\t年\t月\t数值\t标志\n"
			"甲河\t规上工业增加值\t2026\t9\t11.1\t初步\n"
			"乙山\t规上工业增加值\t2026\t9\t8.1\t\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"单位\"}\n"
			"  indicator: {column: \"指标\"}\n"
			"  period: {columns: [\"年\", \"月\"]}\n"
			"  value: {column: \"数值\"}\n"
			"  flag: {column: \"标志\"}\n"
			"  delimiter: tab\n");
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(documents_figure(d, "jiahe", "value_added_yuan", "2026-09")->flags,
			 FIGURE_PROVISIONAL);
}

static void months_over_indicators_are_an_axis_each(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"园区,2026年8月,,2026年9月,\n"
			",规上工业增加值,固定资产投资,规上工业增加值,固定资产投资\n"
			"甲河,1,2,3,4\n乙山,5,6,7,8\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"园区\"}\n"
			"  indicator: {header_row: 2}\n"
			"  period: {header_row: 1}\n"
			"  header_rows: 2\n");
	assert_int_equal(d->b->nobs, 8);
	assert_figure(d, "yishan", "investment_yuan", "2026-08", 6e8);
	assert_figure(d, "jiahe", "value_added_yuan", "2026-09", 3e8);
}

/* 单位：万元 wherever offices put it: no figure may be taken in 亿元 then. */
static void the_measure_above_a_table_counts_wherever_it_stands(void **state)
{
	static const struct {
		const char *top, *axis;
	} cases[] = {
		{ "2026年10月,单位：万元\n园区,固定资产投资\n", "  measure: {title: \"单位\"}\n" },
		{ "2026年10月主要指标（单位：万元）\n园区,固定资产投资\n",
		  "  measure: {title: \"单位\"}\n" },
		{ "主要指标,计量单位：万元  2026年10月\n园区,固定资产投资\n",
		  "  measure: {title: \"计量单位\"}\n" },
		{ "2026年10月,单位（万元）\n园区,固定资产投资\n",
		  "  measure: {title: \"单位\"}\n" },
		{ "2026年10月,,\n,,万元\n园区,固定资产投资,\n", "  measure: {is: \"万元\"}\n" },
		{ "2026年10月主要指标（万元）\n园区,固定资产投资\n",
		  "  measure: {is: \"万元\"}\n" },
		{ "2026年10月\n单位：万元,固定资产投资,工业投资\n", "  measure: {is: \"万元\"}\n" },
		{ "2026年10月\n园区,固定资产投资,工业投资\n,万元,万元\n", "  header_rows: 2\n" },
		{ "2026年10月\n指标：固定资产投资（万元）\n园区,数值\n",
		  "  indicator: {title: \"指标\"}\n" },
		{ "固定资产投资（万元）\n2026年10月\n园区,数值\n",
		  "  indicator: {is: \"固定资产投资（万元）\"}\n" },
		{ "2026年10月\n指标：固定资产投资\n园区,数值/万元\n",
		  "  value: {column: \"数值/万元\"}\n" },
	};
	struct documents *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], *yaml;

		snprintf(text, sizeof(text), "%s甲河,5\n乙山,7\n", cases[i].top);
		yaml = proposed(d, text);
		if (!strstr(yaml, cases[i].axis))
			assert_string_equal(yaml, cases[i].axis);
		free(yaml);
		assert_figure(d, "jiahe", "investment_yuan", "2026-10", 5e4);
	}
}

/* The numbers of the rows, a rate or last month's figure are not the value of a layout that has
 * one. */
static void a_column_of_something_else_is_no_value(void **state)
{
	static const char *const cases[] = {
		"填报单位：甲河\n2026年10月\n指标,代码\n固定资产投资,01\n工业投资,02\n",
		"填报单位：甲河\n2026年10月\n指标,年度目标\n固定资产投资,1\n工业投资,2\n",
		"填报单位：甲河\n2026年10月\n指标,上月\n固定资产投资,1\n工业投资,2\n",
		/* Which of two it is they do not say. */
		"填报单位：甲河\n2026年10月\n指标,甲,乙\n固定资产投资,1,3\n工业投资,2,4\n",
		"填报单位：甲河\n2026年10月\n指标,2026年,2025年\n固定资产投资,1,3\n工业投资,2,4\n",
		/* Of an indicator that the title names it may be a part, or another. */
		"填报单位：甲河\n2026年10月固定资产投资情况\n园区,房地产开发投资\n甲河,1\n乙山,2\n",
		"2026年10月民间固定资产投资情况\n园区,完成额\n甲河,1\n乙山,2\n",
		"2026年10月固定资产投资占比\n园区,数值\n甲河,1\n乙山,2\n",
		/* A row of the header that is left out names no indicator of all. */
		"2026年10月\n,规上工业增加值,工业用电量\n园区,上月,年初\n甲河,1,2\n乙山,3,4\n",
	};
	struct documents *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct document doc = { .format = FORMAT_TABLE,
					.class = UNIT_CLASSES,
					.body = slice_str(cases[i]),
					.now_ms = NOW_MS };
		struct proposal p;
		struct arena a;

		arena_init(&a, 64 << 20);
		assert_int_equal(propose(&doc, d->cat, &a, &p, &d->e), -1);
		assert_int_equal(d->e.code, ERR_NOT_FOUND);
		arena_release(&a);
	}
}

static void the_year_of_months_across_stands_above(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"甲河产业集聚区2026年各月指标,,,\n指标,单位,1-2月,1-3月\n"
			"固定资产投资,万元,3,5\n规上工业增加值,亿元,1,2\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {is: \"jiahe\"}\n"
			"  indicator: {column: \"指标\"}\n"
			"  period: {header: true}\n"
			"  measure: {column: \"单位\"}\n");
	assert_int_equal(d->b->nobs, 4);
	assert_figure(d, "jiahe", "investment_yuan", "2026-02", 3e4);
	assert_figure(d, "jiahe", "value_added_yuan", "2026-03", 2e8);
}

#define CUBE(unit)                                                                                 \
	"{\"class\":\"dataset\",\"id\":[\"area\",\"month\",\"what\"],\"size\":[2,1,1],"            \
	"\"dimension\":{\"area\":{\"category\":{\"index\":[\"甲河\",\"乙山\"]}},"              \
	"\"month\":{\"category\":{\"index\":[\"2026-10\"]}},"                                      \
	"\"what\":{\"category\":{\"index\":[\"固定资产投资\"],\"unit\":{\"固定资产投资\":" unit    \
	"}}}},\"value\":[5,7]}"

static void a_unit_that_the_document_says_counts_known_or_not(void **state)
{
	static const char *const unknown[] = {
		CUBE("{\"base\":\"十万元\"}"), CUBE("{\"base\":\"亩\"}"),
		"填报单位：甲河\n2026年10月\n指标,计量单位,累计\n固定资产投资,十万元,1\n",
		"填报单位：甲河\n2026年10月,单位：十万元\n指标,累计\n固定资产投资,1\n"
	};
	struct documents *d = *state;

	assert_proposed(d, CUBE("{\"base\":\"元\",\"multiplier\":4}"),
			"format: json-stat\nclass: any\nlayout:\n"
			"  unit: {column: \"area\"}\n"
			"  indicator: {column: \"what\"}\n"
			"  period: {column: \"month\"}\n"
			"  value: {column: \"value\"}\n"
			"  measure: {column: \"what.unit\"}\n"
			"  multiplier: {column: \"what.multiplier\"}\n");
	assert_figure(d, "jiahe", "investment_yuan", "2026-10", 5e4);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct document doc = { .format = format_guess(slice_str(unknown[i])),
					.class = UNIT_CLASSES,
					.body = slice_str(unknown[i]),
					.now_ms = NOW_MS };
		struct proposal p;
		struct arena a;

		arena_init(&a, 64 << 20);
		assert_int_equal(propose(&doc, d->cat, &a, &p, &d->e), -1);
		assert_non_null(strstr(d->e.text, i == 1 ? "is not in a measure of"
							 : "'十万元' is no measure known here"));
		arena_release(&a);
	}
}

static void the_indicator_of_all_stands_in_the_title(void **state)
{
	struct documents *d = *state;

	assert_proposed(
		d,
		"2026年10月各园区规上工业增加值完成情况（万元）,,\n园区,本月,累计,增速%,上月\n"
		"甲河,12,120,8.1,1\n乙山,13,130,-8.2,2\n",
		"format: table\nclass: any\nlayout:\n"
		"  unit: {column: \"园区\"}\n"
		"  indicator: {is: \"规上工业增加值(万元)\", header: true}\n"
		"  period: {in_title: true}\n"
		"  measure: {is: \"万元\"}\n"
		"  ignore: [\"上月\"]\n");
	assert_int_equal(d->b->nobs, 4);
	assert_figure(d, "jiahe", "value_added_yuan", "2026-10", 1.2e6);
	assert_figure(d, "yishan", "value_added_growth_ratio", "2026-10", -0.082);
	assert_proposed(d,
			"2026年10月,\n指标：固定资产投资,\n园区,累计,上年同期\n"
			"甲河,12,11\n乙山,13,10\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"园区\"}\n"
			"  indicator: {title: \"指标\", header: true}\n"
			"  period: {in_title: true}\n");
	assert_figure(d, "jiahe", "investment_yuan", "2025-10", 1.1e9);
	assert_proposed(
		d,
		"甲河产业集聚区2026年\n各园区固定资产投资一览表（单位：万元）,\n园区,1-2月,1-3月\n"
		"甲河,12,13\n乙山,13,14\n",
		"format: table\nclass: any\nlayout:\n"
		"  unit: {column: \"园区\"}\n"
		"  indicator: {is: \"固定资产投资(万元)\"}\n"
		"  period: {header: true}\n"
		"  measure: {title: \"单位\"}\n");
	assert_figure(d, "yishan", "investment_yuan", "2026-03", 14e4);
}

/* As a workbook tells it: 增减(%) is merged over both rows of the header. */
static void what_is_merged_over_both_rows_is_not_lost(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"填报单位：甲河,,,报告期：2026年10月,\n"
			"指标名称,计量单位,规模以上,规模以上,增减(%)\n"
			"指标名称,计量单位,本月止累计,上年同期累计,增减(%)\n"
			"一、规上工业增加值,亿元,12,11,8.1\n二、固定资产投资,万元,5,4,10.7\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {title: \"填报单位\"}\n"
			"  indicator: {column: \"指标名称\", header_row: 2}\n"
			"  period: {title: \"报告期\"}\n"
			"  measure: {column: \"计量单位\"}\n"
			"  header_rows: 2\n");
	assert_int_equal(d->b->nobs, 6);
	assert_figure(d, "jiahe", "investment_yuan", "2025-10", 4e4);
}

#define TEXT(text) "<c t=\"inlineStr\"><is><t>" text "</t></is></c>"
#define SHEET(title, indicator, last)                                                              \
	"<sheetData><row>" TEXT(title) "</row><row>" TEXT("园区")                                  \
		TEXT(indicator) "</row><row>" TEXT("甲河") "<c><v>5</v></c></row><row>" TEXT(      \
			"乙山") "<c><v>7</v></c></row>" last "</sheetData>"
#define ONE_MORE "<row>" TEXT("丙泉") "<c><v>9</v></c></row>"

/* 万元 on one sheet is not 万元 on the next, nor is nothing. */
static void what_one_sheet_says_is_not_taken_for_the_others(void **state)
{
	static const struct {
		const char *first, *second, *axis;
	} cases[] = {
		{ SHEET("2026年10月情况（万元）", "固定资产投资", ONE_MORE),
		  SHEET("2026年10月情况（亿元）", "规上工业增加值", ""),
		  "measure: {is: \"万元\"}" },
		{ SHEET("2026年10月固定资产投资（万元）", "累计", ONE_MORE),
		  SHEET("2026年10月规上工业增加值（亿元）", "累计", ""),
		  "indicator: {is: \"固定资产投资(万元)\", header: true}" },
		{ SHEET("2026年10月情况", "固定资产投资（万元）", ONE_MORE),
		  SHEET("2026年10月情况，单位：万元", "规上工业增加值", ""), "header: true" },
	};
	struct documents *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct book b = {
			.sheets = { cases[i].first, cases[i].second },
			.workbook = "<workbook xmlns='" MADE_MAIN "' xmlns:r='" MADE_RELATIONS
				    "'><sheets><sheet name='表1' sheetId='1' r:id='s1'/>"
				    "<sheet name='表2' sheetId='2' r:id='s2'/></sheets></workbook>"
		};
		void *made = NULL;
		char *yaml;

		setup(&made);
		yaml = proposed_of(d, make(made, &b));
		assert_non_null(strstr(yaml, cases[i].axis));
		assert_non_null(strstr(yaml, "  sheets: [\"表1\"]"));
		assert_figure(d, "bingquan", "investment_yuan", "2026-10", 9e4);
		assert_int_equal(d->b->nobs, 3);
		free(yaml);
		teardown(&made);
	}
}

static void the_single_word_of_a_lower_header_counts(void **state)
{
	struct documents *d = *state;

	free(proposed(d, "2026年10月\n园区,规上工业增加值\n,同比增长%\n甲河,8.8\n乙山,9.9\n"));
	assert_int_equal(d->b->nobs, 2);
	assert_figure(d, "jiahe", "value_added_growth_ratio", "2026-10", 0.088);
}

static void a_few_known_headings_among_others_are_enough(void **state)
{
	struct documents *d = *state;

	assert_proposed(d,
			"填报日期：2026年11月1日,,,\n2026年10月情况\n"
			"园区,固定资产投资(万元),较上月增减,计划,完成进度\n甲河,12,1,20,60%\n乙山,"
			"13,2,20,65%\n",
			"format: table\nclass: any\nlayout:\n"
			"  unit: {column: \"园区\"}\n"
			"  indicator: {header: true}\n"
			"  period: {in_title: true}\n"
			"  ignore: [\"较上月增减\", \"计划\", \"完成进度\"]\n");
	assert_int_equal(d->b->nobs, 2);
	assert_figure(d, "jiahe", "investment_yuan", "2026-10", 12e4);
}

/* Each of one row under its header. */
static void tables_beyond_the_last_sample_are_left_out(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_JSONSTAT, .class = UNIT_CLASSES };
	struct samples samples;
	struct arena a;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < SAMPLE_TABLES + 3; i++)
		buf_printf(&b,
			   "%s\"t%d\":{\"id\":[\"x\"],\"size\":[1],\"dimension\":{\"x\":{"
			   "\"category\":{\"index\":[\"甲河\"]}}},\"value\":[%d]}",
			   i ? "," : "{", i, i);
	buf_putc(&b, '}');
	doc.body = buf_all(&b);
	arena_init(&a, 64 << 20);
	assert_ok(samples_read(&doc, doc.body, d->cat, &a, &samples, &d->e), &d->e);
	assert_int_equal(samples.n, SAMPLE_TABLES);
	for (size_t i = 0; i < samples.n; i++)
		assert_int_equal(samples.list[i].n, 2);
	arena_release(&a);
	buf_release(&b);
}

static void what_is_missing_is_said(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_TABLE, .class = UNIT_CLASSES, .now_ms = NOW_MS };
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "a,b\n1,2\n", "no cell, title or sheet is a unit of the catalogue" },
		{ "园区,2026-09\n甲河,2\n",
		  "no row, column or heading is an indicator of the catalogue" },
		{ "园区,固定资产投资\n甲河,2\n",
		  "no cell, title or sheet is a period such as 2026年10月" },
		{ "2026年度\n园区,固定资产投资\n甲河,2\n乙山,3\n",
		  "1 layouts were tried, and none gave a figure; under the nearest: line 1: 2026 "
		  "is a year, but investment_yuan is reported by month (and 1 more figure)" },
		{ "2026年10月\n园区,固定资产投资,园区,固定资产投资\n甲河,-,丙泉,2\n乙山,3,丙泉,4\n",
		  "columns 1 and 3 are both headed '园区': two tables stand beside each other, of "
		  "which no layout can make one; put one below the other" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proposal p;
		struct arena a;

		arena_init(&a, 64 << 20);
		doc.body = slice_str(cases[i].text);
		assert_fails(propose(&doc, d->cat, &a, &p, &d->e), &d->e, ERR_NOT_FOUND,
			     cases[i].why);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parks_in_rows_under_a_stacked_header),
		cmocka_unit_test(a_heading_with_a_hash_is_told_by_its_number),
		cmocka_unit_test(a_park_hands_in_its_own_form),
		cmocka_unit_test(what_yaml_does_not_take_is_escaped),
		cmocka_unit_test(months_in_columns_parks_in_rows),
		cmocka_unit_test(one_figure_a_line),
		cmocka_unit_test(months_over_indicators_are_an_axis_each),
		cmocka_unit_test(the_measure_above_a_table_counts_wherever_it_stands),
		cmocka_unit_test(a_column_of_something_else_is_no_value),
		cmocka_unit_test(the_year_of_months_across_stands_above),
		cmocka_unit_test(a_unit_that_the_document_says_counts_known_or_not),
		cmocka_unit_test(the_indicator_of_all_stands_in_the_title),
		cmocka_unit_test(what_one_sheet_says_is_not_taken_for_the_others),
		cmocka_unit_test(what_is_merged_over_both_rows_is_not_lost),
		cmocka_unit_test(the_single_word_of_a_lower_header_counts),
		cmocka_unit_test(a_few_known_headings_among_others_are_enough),
		cmocka_unit_test(tables_beyond_the_last_sample_are_left_out),
		cmocka_unit_test(what_is_missing_is_said),
	};

	return cmocka_run_group_tests(tests, open_documents, close_documents);
}
