/*
 * test_easyquery.c - answers of the statistics bureau: recorded ones, and what may go wrong.
 */
#include "collectors/formats/easyquery.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/records.h"

#define ANSWER(nodes, dimensions)                                                                  \
	"{\"returncode\":200,\"returndata\":{\"datanodes\":[" nodes "],\"wdnodes\":[" dimensions   \
	"]}}"
#define VALUE(text) "\"data\":{\"data\":0.0,\"hasdata\":true,\"strdata\":\"" text "\"}"
#define NONE        "\"data\":{\"data\":0.0,\"hasdata\":false,\"strdata\":\"\"}"
#define CODES(zb, sj)                                                                              \
	"\"wds\":[{\"valuecode\":\"" sj "\",\"wdcode\":\"sj\"},{\"valuecode\":\"" zb               \
	"\",\"wdcode\":\"zb\"}]"
#define ZB                                                                                            \
	"{\"wdcode\":\"zb\",\"nodes\":[{\"code\":\"A01\",\"name\":\" 产值 \",\"unit\":\"亿元\"}," \
	"{\"code\":\"A02\",\"name\":\"\",\"cname\":\"税收\",\"unit\":\"\"}]}"
#define SJ          "{\"wdcode\":\"sj\",\"nodes\":[{\"code\":\"2024B\",\"name\":\"2024年第二季度\"}]}"
#define HEADER_LINE "= \nzb|zb.name|unit|sj|sj.name|value\n"

static void codes_are_put_into_the_order_of_the_dimensions(void **state)
{
	(void)state;
	assert_records(easyquery_read,
		       ANSWER("{" VALUE("1.50") "," CODES(
				      "A01", "2024B") "},"
						      "{" VALUE("2") "," CODES(
							      "A02",
							      "2024B") "},"
								       "{" VALUE("3") "," CODES(
									       "A03", "2023") "}",
			      ZB "," SJ),
		       HEADER_LINE "A01|产值|亿元|2024-Q2|2024年第二季度|1.50\n"
				   "A02|税收||2024-Q2|2024年第二季度|2\n"
				   "A03|||2023||3\n");
}

static void a_figure_without_data_is_missing_and_not_zero(void **state)
{
	(void)state;
	assert_records(
		easyquery_read,
		ANSWER("{" NONE "," CODES(
			       "A01",
			       "202402") "},"
					 "{\"data\":{\"data\":0.0,\"hasdata\":false,\"strdata\":"
					 "\"0\"}," CODES(
						 "A01",
						 "202403") "},"
							   "{\"data\":{\"data\":0.0,\"hasdata\":"
							   "true,\"strdata\":\"0\"}," CODES(
								   "A01",
								   "202404") "},"
									     "{\"data\":{\"data\":"
									     "1.25,\"hasdata\":"
									     "true,\"strdata\":"
									     "\"\"}," CODES(
										     "A01",
										     "202405") "},"
											       "{\""
											       "dat"
											       "a\""
											       ":{"
											       "\"d"
											       "ata"
											       "\":"
											       "7,"
											       "\"s"
											       "trd"
											       "ata"
											       "\":"
											       "\""
											       "\"}"
											       "," CODES(
												       "A01",
												       "202406") "}",
		       ZB "," SJ),
		HEADER_LINE "A01|产值|亿元|202402||\n"
			    "A01|产值|亿元|202403||\n"
			    "A01|产值|亿元|202404||0\n"
			    "A01|产值|亿元|202405||1.25\n"
			    "A01|产值|亿元|202406||\n");
}

static void quarters_become_plain_and_other_periods_stay(void **state)
{
	(void)state;
	assert_records(
		easyquery_read,
		ANSWER("{" VALUE("1") "," CODES(
			       "A01",
			       "2024A") "},"
					"{" VALUE("1") "," CODES(
						"A01",
						"2024D") "},"
							 "{" VALUE("1") "," CODES(
								 "2024A",
								 "2024E") "},"
									  "{" VALUE("1") "," CODES(
										  "A01",
										  "202402") "},"
											    "{" VALUE("1") "," CODES(
												    "A01",
												    "2023") "}",
		       ZB "," SJ),
		HEADER_LINE "A01|产值|亿元|2024-Q1||1\n"
			    "A01|产值|亿元|2024-Q4||1\n"
			    "2024A|||2024E||1\n"
			    "A01|产值|亿元|202402||1\n"
			    "A01|产值|亿元|2023||1\n");
}

static void a_figure_that_cannot_be_placed_is_said(void **state)
{
	(void)state;
	assert_records(
		easyquery_read,
		ANSWER("\n{" VALUE(
			       "1") "},\n"
				    "{" VALUE(
					    "2") ",\"wds\":[{\"valuecode\":\"x\",\"wdcode\":"
						 "\"reg\"}]},\n"
						 "{" VALUE(
							 "3") ",\"wds\":[{\"valuecode\":\"A01\","
							      "\"wdcode\":\"zb\"}]},\n"
							      "17,\n{" VALUE(
								      "4") ",\"wds\":[5]},\n"
									   "{" VALUE("5") "," CODES(
										   "A01",
										   "2023") "}",
		       ZB "," SJ),
		HEADER_LINE "!2:1 layout: the figure has no code of dimension 'zb'\n"
			    "!3:58 layout: the answer does not describe dimension 'reg'\n"
			    "!4:1 layout: the figure has no code of dimension 'sj'\n"
			    "!5:1 layout: there is no \"data\" where a figure was expected\n"
			    "!6:58 layout: the answer does not describe dimension ''\n"
			    "A01|产值|亿元|2023||5\n");
}

static void answers_without_figures_say_why(void **state)
{
	static const struct {
		const char *body, *why;
	} cases[] = {
		{ "{\"returncode\":501,\"returndata\":\"对不起\"}",
		  "the server answers 501 instead of figures: 对不起" },
		{ "{\"returncode\":200,\"returndata\":\" later \"}",
		  "the server answers 200 instead of figures: later" },
		{ "{\"returncode\":\"500\",\"returndata\":[]}",
		  "the server answers '500' instead of figures" },
		{ "{\"returncode\":200}", "the server answers '200' instead of figures" },
		{ "{\"returndata\":{}}",
		  "this is no answer of easyquery: there is no \"returncode\"" },
		{ "[]", "this is no answer of easyquery: there is no \"returncode\"" },
		{ "[{\"id\":\"A01\",\"isParent\":true}]",
		  "this is a tree of 1 indicators, which holds no figures" },
		{ "{\"returncode\":200,\"returndata\":{}}",
		  "line 1, column 32: there are no \"datanodes\", which hold the figures" },
		{ ANSWER("", ""),
		  "line 1, column 32: there are no \"wdnodes\", which say what the codes mean" },
		{ ANSWER("", "{}"),
		  "line 1, column 59: a dimension of \"wdnodes\" has no \"wdcode\"" },
		{ ANSWER("", "1,2,3,4,5,6,7,8,9"),
		  "line 1, column 58: 9 dimensions; at most 8 can be read" },
		{ "<html><head><title>国家数据</title>",
		  "this is an HTML page, not JSON: '国家数据'" },
		{ "", "the document is empty" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_no_records(easyquery_read, cases[i].body, cases[i].why);
}

/* --- recorded answers ---------------------------------------------------------------------- */

#define TWO   "zb|zb.name|unit|sj|sj.name|value"
#define THREE "zb|zb.name|unit|reg|reg.name|sj|sj.name|value"
#define CPI   "A01010101|居民消费价格指数(上年同月=100)||"
#define VA    "A020101|规上工业增加值_同比增长|%|"
#define M2    "A0D0101|货币和准货币(M2)供应量_期末值|亿元|"

static const struct expected files[] = {
	{ "csnd_cities_empty_datanodes.json", NULL, 1, 0, 0, 0, THREE, "", "" },
	{ "error_501_no_data.json",
	  "the server answers 501 instead of figures: 对不起，未能找到符合查询条件的信息。", 0, 0,
	  0, 0, NULL, NULL, NULL },
	{ "fsnd_A010101_beijing_2023.json", NULL, 1, 1, 0, 0, THREE,
	  "A010101|地级区划数|个|110000|北京市|2023|2023年|",
	  "A010101|地级区划数|个|110000|北京市|2023|2023年|" },
	{ "fsyd_A01010101_31prov_x_13months_all_missing.json", NULL, 1, 403, 0, 0, THREE,
	  CPI "110000|北京市|202601|2026年1月|", CPI "650000|新疆维吾尔自治区|202501|2025年1月|" },
	{ "fsyd_A010101_beijing_202312_all_missing.json", NULL, 1, 9, 0, 0, THREE,
	  CPI "110000|北京市|202312|2023年12月|",
	  "A01010109|其他用品和服务类居民消费价格指数(上年同月=100)||110000|北京市|202312|"
	  "2023年12月|" },
	{ "hgyd_A020101_202312_with_memo.json", NULL, 1, 1, 1, 6.8, TWO, VA "202312|2023年12月|6.8",
	  VA "202312|2023年12月|6.8" },
	{ "hgyd_A020101_industrial_va_yoy_2024.json", NULL, 1, 12, 10, 54.0, TWO,
	  VA "202412|2024年12月|6.2", VA "202401|2024年1月|" },
	{ "hgyd_A0D0101_two_periods.json", NULL, 1, 2, 2, 4813922.28, TWO,
	  M2 "202201|2022年1月|2431022.72", M2 "202112|2021年12月|2382899.56" },
	{ "hgyd_A0D01_money_multi_indicator.json", NULL, 1, 6, 6, 3151097.34, TWO,
	  M2 "202201|2022年1月|2431022.72",
	  "A0D0106|流通中现金(M0)供应量_同比增长|%|202201|2022年1月|18.5" },
	{ "tree_A020M_enterprise_indicators.json",
	  "this is a tree of 17 indicators, which holds no figures", 0, 0, 0, 0, NULL, NULL, NULL },
	{ "tree_A02_industry.json", "this is a tree of 20 indicators, which holds no figures", 0, 0,
	  0, 0, NULL, NULL, NULL },
	{ "tree_A04_fai_with_classification_breaks.json",
	  "this is a tree of 11 indicators, which holds no figures", 0, 0, 0, 0, NULL, NULL, NULL },
};

static void recorded_answers_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!records_check_file(easyquery_read, "data/nbs-easyquery-json", &files[i])) {
			skip();
			return;
		}
}

/* --- memory ---------------------------------------------------------------------------------- */

static int count_rows(void *ctx, const struct row *row, struct err *e)
{
	(void)row;
	(void)e;
	++*(unsigned *)ctx;
	return 1;
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	const char *body = ANSWER("{" VALUE("1") "," CODES("A01", "2024A") "}", ZB "," SJ);
	unsigned rows = 0;
	struct row_sink sink = { .row = count_rows, .ctx = &rows };
	struct arena a;
	struct err e;
	struct starve s = { .keeps_nothing = true };

	(void)state;
	while (starve_again(&s)) {
		int rc;

		rows = 0;
		arena_init(&a, STARVED_ARENA);
		starve_begin(&s);
		rc = easyquery_read(slice_str(body), &a, &sink, &e);
		starve_end(&s, rc == 0, &e);
		arena_release(&a);
	}
	assert_true(s.failed > 2);
	assert_int_equal(rows, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_put_into_the_order_of_the_dimensions),
		cmocka_unit_test(a_figure_without_data_is_missing_and_not_zero),
		cmocka_unit_test(quarters_become_plain_and_other_periods_stay),
		cmocka_unit_test(a_figure_that_cannot_be_placed_is_said),
		cmocka_unit_test(answers_without_figures_say_why),
		cmocka_unit_test(recorded_answers_are_read),
		cmocka_unit_test(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
