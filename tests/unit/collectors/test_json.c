/*
 * test_json.c - the JSON decoder by itself.
 */
#include "tests/unit/collectors/tables.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG                                                                                       \
	{                                                                                          \
		.unit = COLUMN("/park"), .indicator = COLUMN("what"), .period = COLUMN("/at"),     \
		.value = COLUMN("/value"), .flag = COLUMN("/flag"), .rows = "/data/rows"           \
	}

static struct out *decode(const char *json, struct layout layout)
{
	return decode_with(decode_json, slice_str(json), layout);
}

/* Part of the sentence: the rest is the library's. */
#define assert_refused_with(json, part, ...)                                                       \
	do {                                                                                       \
		struct layout l_ = __VA_ARGS__;                                                    \
		struct out *o_ = decode(json, l_);                                                 \
		assert_fails(o_->rc, &o_->e, ERR_INVALID, part);                                   \
		free(o_);                                                                          \
	} while (0)

static void numbers_keep_their_text_and_their_place(void **state)
{
	(void)state;
	assert_decodes(
		"{\"data\":{\"rows\":[\n"
		"{\"park\":\"甲河\",\"what\":\"产值\",\"at\":\"2026-10\",\"value\":12.340},\n"
		"{\"park\":7,\"what\":\"产值\",\"at\":202610,\"value\":\" 1e3 "
		"\",\"flag\":\"p\"}]}}",
		"2:49 甲河|产值|2026-10|12.340|\n"
		"3:43 7|产值|202610|1e3|p\n",
		LONG);
}

static void a_wide_row_has_an_axis_in_its_member_names(void **state)
{
	(void)state;
	assert_decodes("[{\"park\":\"甲\",\"id\":1,\"2026-09\":1.5,\"2026-10\":null},\n"
		       " {\"2026-09\":\"\",\"2026-10\":2,\"park\":\"乙\"}]",
		       "1:31 甲|产值|2026-09|1.5|\n"
		       "2:26 乙|产值|2026-10|2|\n",
		       { .unit = COLUMN("/park"),
			 .indicator = FIXED("产值"),
			 .period = HEADER,
			 .ignore = (const char *const[]){ "id" },
			 .nignore = 1 });
}

static void nested_and_joined_pointers_reach_the_statistics_bureaus_answer(void **state)
{
	(void)state;
	/* Shape of data.stats.gov.cn's easyquery: a missing figure has data 0 and an empty strdata.
	 */
	assert_decodes("{\"returncode\":200,\"returndata\":{\"datanodes\":[\n"
		       "{\"data\":{\"data\":7.0,\"hasdata\":true,\"strdata\":\"7.0\"},"
		       "\"wds\":[{\"valuecode\":\"A02\"},{\"valuecode\":\"202403\"}]},\n"
		       "{\"data\":{\"data\":0.0,\"hasdata\":false,\"strdata\":\"\"},"
		       "\"wds\":[{\"valuecode\":\"A02\"},{\"valuecode\":\"202401\"}]}]}}",
		       "2:46 city|A02|202403|7.0|\n",
		       { .unit = FIXED("city"),
			 .indicator = COLUMN("/wds/0/valuecode"),
			 .period = COLUMN("/wds/1/valuecode"),
			 .value = COLUMN("/data/strdata"),
			 .rows = "/returndata/datanodes" });
	assert_decodes("[{\"y\":2026,\"m\":3,\"v\":1}]", "1:22 u|i|2026M3|1|\n",
		       { .unit = FIXED("u"),
			 .indicator = FIXED("i"),
			 .period = { .where = AXIS_COLUMN,
				     .columns = (const char *const[]){ "y", "m" },
				     .ncolumns = 2,
				     .join = "M" },
			 .value = COLUMN("v") });
}

static void a_star_stands_for_every_element(void **state)
{
	const struct layout points = { .unit = FIXED("u"),
				       .indicator = FIXED("i"),
				       .period = COLUMN("t"),
				       .value = COLUMN("v"),
				       .rows = "/series/*/points" };
	const struct layout pages = { .unit = FIXED("u"),
				      .indicator = FIXED("i"),
				      .period = COLUMN("t"),
				      .value = COLUMN("v"),
				      .rows = "/*/*" };

	(void)state;
	assert_decodes("{\"series\":[{\"points\":[{\"t\":2024,\"v\":1},{\"t\":2025,\"v\":2}]},"
		       "{\"points\":null},\n{\"points\":[]},{\"points\":[{\"t\":2024,\"v\":3}]}]}",
		       "1:37 u|i|2024|1|\n1:54 u|i|2025|2|\n2:40 u|i|2024|3|\n", points);
	assert_decodes("[[],[[{\"t\":1,\"v\":1}],null]]", "1:18 u|i|1|1|\n", pages);
	assert_decodes("{\"*a\":[{\"t\":1,\"v\":1}]}", "1:19 u|i|1|1|\n",
		       { .unit = FIXED("u"),
			 .indicator = FIXED("i"),
			 .period = COLUMN("t"),
			 .value = COLUMN("v"),
			 .rows = "/*a" });
	assert_refused_with("{\"series\":{}}",
			    "line 1, column 11: the rows at '/series/*/points' are not an array",
			    points);
	assert_refused_with("{\"series\":[{\"points\":[]},{}]}",
			    "the document has nothing at '/series/*/points', where the rows are",
			    points);
	assert_refused_with("[1]", "the document has nothing at '/series/*/points'", points);
}

/* Written after the description of the World Bank's API, version 2: a page is [paging, rows], a
 * year without a figure is null, and per_page is a number in one answer and a text in another. */
static void an_answer_of_the_world_bank_is_read(void **state)
{
	const struct layout layout = { .unit = COLUMN("/countryiso3code"),
				       .indicator = COLUMN("/indicator/id"),
				       .period = COLUMN("date"),
				       .value = COLUMN("value"),
				       .flag = COLUMN("obs_status"),
				       .rows = "/1" };
#define POPULATION(year, value, status)                                                            \
	"{\"indicator\":{\"id\":\"SP.POP.TOTL\",\"value\":\"Population, total\"},"                 \
	"\"country\":{\"id\":\"CN\",\"value\":\"China\"},\"countryiso3code\":\"CHN\",\"date\":"    \
	"\"" year "\",\"value\":" value ",\"unit\":\"\",\"obs_status\":\"" status                  \
	"\",\"decimal\":0}"

	(void)state;
	assert_decodes(
		"[{\"page\":1,\"pages\":1,\"per_page\":\"50\",\"total\":3,\"sourceid\":\"2\","
		"\"lastupdated\":\"2026-07-01\"},[\n" POPULATION(
			"2025", "null",
			"") ",\n" POPULATION("2024", "1408975000",
					     "") ",\n" POPULATION("2023", "1410710000", "E") "]]",
		"3:147 CHN|SP.POP.TOTL|2024|1408975000|\n"
		"4:147 CHN|SP.POP.TOTL|2023|1410710000|E\n",
		layout);
	/* What it answers to a code that it does not know. */
	assert_refused_with("[{\"message\":[{\"id\":\"120\",\"key\":\"Invalid value\"}]}]",
			    "the document has nothing at '/1', where the rows are", layout);
	assert_decodes("[{\"page\":0,\"pages\":0,\"total\":0},null]", "", layout);
}

/* Written after OData 4 (JSON format): rows in `value`, the link to the next page beside. */
static void an_answer_of_odata_is_read(void **state)
{
	(void)state;
	assert_decodes(
		"{\"@odata.context\":\"https://h/v4/$metadata#Observations\",\"value\":[\n"
		"{\"Id\":0,\"Measure\":\"T001\",\"Regions\":\"NL01  \",\"Periods\":\"2025JJ00\","
		"\"Value\":17.5,\"ValueAttribute\":\"None\"},\n"
		"{\"Id\":1,\"Measure\":\"T001\",\"Regions\":\"NL01  \",\"Periods\":\"2026JJ00\","
		"\"Value\":null,\"ValueAttribute\":\"Impossible\"}],"
		"\"@odata.nextLink\":\"https://h/v4/Observations?$skip=2\"}",
		"2:74 NL01|T001|2025JJ00|17.5|\n",
		{ .unit = COLUMN("Regions"),
		  .indicator = COLUMN("Measure"),
		  .period = COLUMN("Periods"),
		  .value = COLUMN("Value"),
		  .rows = "/value" });
}

static void a_bad_row_is_refused_and_the_others_kept(void **state)
{
	(void)state;
	assert_decodes(
		"{\"data\":{\"rows\":[\n"
		"{\"what\":\"产值\",\"at\":\"2026-10\",\"value\":1},\n"
		"{\"park\":null,\"what\":\"产值\",\"at\":\"2026-10\",\"value\":1},\n"
		"{\"park\":\"a\",\"what\":{},\"at\":\"2026-10\",\"value\":1},\n"
		"{\"park\":\"a\",\"what\":\"产值\",\"at\":\"2026-10\",\"value\":true},\n"
		"{\"park\":\"a\",\"what\":\"产值\",\"at\":\"2026-10\",\"value\":[1]},\n"
		"17,\n"
		"{\"park\":\"b\",\"what\":\"产值\",\"at\":\"2026-10\",\"value\":3}]}}",
		"!2:1 layout: the unit is missing: '/park' is not in the row\n"
		"!3:9 layout: the unit is missing: '/park' is null\n"
		"!4:20 layout: the indicator is missing: 'what' is neither text nor a number\n"
		"!5:48 value: a truth value stands where a figure was expected\n"
		"!6:48 value: an object or array stands where a figure was expected\n"
		"!7:1 layout: a row must be an object\n"
		"8:48 b|产值|2026-10|3|\n",
		LONG);
}

static void a_document_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	assert_refused_with("", "the document is empty", LONG);
	assert_refused_with("<html><title>登录</title>", "this is an HTML page, not JSON: '登录'",
			    LONG);
	assert_refused_with("{\"data\":[1,2]}",
			    "the document has nothing at '/data/rows', where the rows are", LONG);
	assert_refused_with("{\"data\":{\"rows\":\n 5}}",
			    "line 2, column 2: the rows at '/data/rows' are not an array", LONG);
	assert_refused_with("{\"data\":{\"rows\":[{},\n{]}}", "line 2, column 2", LONG);
	assert_refused_with("{\"data\":{\"rows\":[{\"park\":\"a\"},{}]}}",
			    "none of the 2 rows has '/value'", LONG);
	assert_refused_with("[]", "the layout has the unit in a title, which JSON has not",
			    { .unit = TITLE("x") });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_their_text_and_their_place),
		cmocka_unit_test(a_wide_row_has_an_axis_in_its_member_names),
		cmocka_unit_test(nested_and_joined_pointers_reach_the_statistics_bureaus_answer),
		cmocka_unit_test(a_star_stands_for_every_element),
		cmocka_unit_test(an_answer_of_the_world_bank_is_read),
		cmocka_unit_test(an_answer_of_odata_is_read),
		cmocka_unit_test(a_bad_row_is_refused_and_the_others_kept),
		cmocka_unit_test(a_document_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
