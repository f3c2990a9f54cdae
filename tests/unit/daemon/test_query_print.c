/* test_query_print.c - answers of the API as people and programs see them, whoever gave them. */
#include "daemon/commands.h"
#include "daemon/query_print.h"
#include "tests/lib/assert.h"

#include <stdlib.h>
#include <unistd.h>

static struct {
	char *text, *said; /* the output, and what went to standard error */
	int code;
} shown;

static int teardown(void **state)
{
	(void)state;
	free(shown.text);
	free(shown.said);
	memset(&shown, 0, sizeof(shown));
	return 0;
}

static char *read_all(FILE *f)
{
	long n = ftell(f);
	char *text = calloc(1, (size_t)n + 1);

	assert_non_null(text);
	rewind(f);
	assert_int_equal(fread(text, 1, (size_t)n, f), n);
	fclose(f);
	return text;
}

static void show(const char *body, const char *expr, enum query_format format, bool terminal)
{
	FILE *to = tmpfile(), *said = tmpfile();
	int old = dup(STDERR_FILENO);

	teardown(NULL);
	assert_true(to && said && old >= 0);
	fflush(stderr);
	dup2(fileno(said), STDERR_FILENO);
	shown.code = query_print(slice_str(body), expr, format, terminal, to);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	fseek(said, 0, SEEK_END);
	shown.text = read_all(to);
	shown.said = read_all(said);
}

#define VECTOR(rows)                                                                               \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" rows "]}}"
#define MATRIX(rows)                                                                               \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[" rows "]}}"

static const char two[] = VECTOR(
	"{\"metric\":{\"__name__\":\"up\",\"job\":\"a\",\"园区\":\"甲\"},\"value\":[0.5,\"1\"]},"
	"{\"metric\":{},\"value\":[1793376000,\"NaN\"]}");

static void a_vector_is_a_table_of_values_and_labels(void **state)
{
	(void)state;
	show(two, "x", QUERY_TABLE, true);
	assert_int_equal(shown.code, EXIT_DONE);
	assert_string_equal(shown.text, "                       1  up{job=\"a\", 园区=\"甲\"}\n"
					"                     NaN  {}\n");
	assert_string_equal(shown.said, "");
}

static void a_label_in_a_table_reads_back_as_a_query(void **state)
{
	(void)state;
	show(VECTOR("{\"metric\":{\"a\":\"1\\\"\\n\\\\\"},\"value\":[0,\"1\"]}"), "x", QUERY_TABLE,
	     false);
	assert_string_equal(shown.text, "                       1  {a=\"1\\\"\\n\\\\\"}\n");
}

static void csv_has_a_row_a_point_and_all_labels_in_one_cell(void **state)
{
	(void)state;
	show(two, "x", QUERY_CSV, false);
	assert_string_equal(shown.text, "time,value,labels\n"
					"1970-01-01T00:00:00.500Z,1,__name__=up;job=a;园区=甲\n"
					"2026-10-30T16:00:00.000Z,NaN,\n");
}

static void what_csv_cannot_write_bare_is_quoted_as_a_whole_cell(void **state)
{
	(void)state;
	show(MATRIX("{\"metric\":{\"a\":\"1,2\",\"b\":\"\\\"x\\\"\"},\"values\":[[0,\"1\"],[1,"
		    "\"2\"]]}"),
	     "x", QUERY_CSV, false);
	assert_string_equal(shown.text, "time,value,labels\n"
					"1970-01-01T00:00:00.000Z,1,\"a=1,2;b=\"\"x\"\"\"\n"
					"1970-01-01T00:00:01.000Z,2,\"a=1,2;b=\"\"x\"\"\"\n");
	show("{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[0,\"a,\\r\"]}"
	     "}",
	     "x", QUERY_CSV, false);
	assert_string_equal(shown.text, "time,value,labels\n1970-01-01T00:00:00.000Z,\"a,\r\",\n");
}

static void no_cell_of_csv_is_a_formula_and_numbers_stay(void **state)
{
	(void)state;
	show(VECTOR("{\"metric\":{\"=cmd\":\"x\"},\"value\":[0,\"-1\"]},"
		    "{\"metric\":{\"@a\":\"1,2\"},\"value\":[0,\"+Inf\"]}"),
	     "x", QUERY_CSV, false);
	assert_non_null(strstr(shown.text, ",-1,'=cmd=x\n"));
	assert_non_null(strstr(shown.text, ",+Inf,\"'@a=1,2\"\n"));
	show("{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[0,\"=1+1\"]}"
	     "}",
	     "x", QUERY_CSV, false);
	assert_non_null(strstr(shown.text, ",'=1+1,"));
}

/* The same as in exports (test_series_csv). JSON's escapes stand for TAB and CR. */
static void texts_that_a_sheet_would_work_out_are_texts(void **state)
{
	static const struct {
		const char *text, *cell;
	} t[] = {
		{ "=1+1", "'=1+1" },
		{ "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0" },
		{ "+1+1", "'+1+1" },
		{ "-1+1", "'-1+1" },
		{ "-", "'-" },
		{ "--1", "'--1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "\\t=1", "'\t=1" },
		{ "\\r=1", "\"'\r=1\"" },
		{ "=A1,B1", "\"'=A1,B1\"" },
		{ "=HYPERLINK(\\\"x\\\")", "\"'=HYPERLINK(\"\"x\"\")\"" },
		{ "+\xef\xbc\x91", "'+\xef\xbc\x91" },
		{ "-1.5", "-1.5" },
		{ "+7e3", "+7e3" },
		{ "-Inf", "-Inf" },
		{ "a=1", "a=1" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char body[300], want[200];

		snprintf(
			body, sizeof(body),
			"{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[0,"
			"\"%s\"]}}",
			t[i].text);
		show(body, "x", QUERY_CSV, false);
		snprintf(want, sizeof(want), "time,value,labels\n1970-01-01T00:00:00.000Z,%s,\n",
			 t[i].cell);
		assert_string_equal(shown.text, want);
	}
}

static void a_scalar_is_its_value_and_json_is_what_came(void **state)
{
	static const char scalar[] = "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
				     "\"result\":[0,\"2.5\"]}}";

	(void)state;
	show(scalar, "2.5", QUERY_TABLE, false);
	assert_string_equal(shown.text, "2.5\n");
	show(scalar, "2.5", QUERY_JSON, false);
	assert_int_equal(strncmp(shown.text, scalar, strlen(scalar)), 0);
}

static void a_range_is_drawn_on_a_terminal_only(void **state)
{
	static const char rising[] =
		MATRIX("{\"metric\":{\"__name__\":\"x\"},\"values\":[[0,\"0\"],[60,\"NaN\"],[120,"
		       "\"7\"],[180,\"3.5\"]]}");

	(void)state;
	show(rising, "x", QUERY_TABLE, true);
	assert_string_equal(shown.text, "x{}\n  ▁ █▄  3.5 at 1970-01-01T00:03:00.000Z\n");
	show(rising, "x", QUERY_TABLE, false);
	assert_string_equal(shown.text, "x{}\n"
					"  1970-01-01T00:00:00.000Z  0\n"
					"  1970-01-01T00:01:00.000Z  NaN\n"
					"  1970-01-01T00:02:00.000Z  7\n"
					"  1970-01-01T00:03:00.000Z  3.5\n");
}

static void a_chart_stands_any_numbers(void **state)
{
	(void)state;
	show(MATRIX("{\"metric\":{},\"values\":[[0,\"-1.7e308\"],[1,\"1.7e308\"],[2,\"+Inf\"],[3,"
		    "\"0\"]]}"),
	     "x", QUERY_TABLE, true);
	assert_string_equal(shown.text, "{}\n  ▁█ ▄  0 at 1970-01-01T00:00:03.000Z\n");
	show(MATRIX("{\"metric\":{},\"values\":[[0,\"5\"],[1,\"5\"]]}"), "x", QUERY_TABLE, true);
	assert_string_equal(shown.text, "{}\n  ▄▄  5 at 1970-01-01T00:00:01.000Z\n");
	show(MATRIX("{\"metric\":{},\"values\":[[0,\"NaN\"],[1,\"NaN\"]]}"), "x", QUERY_TABLE,
	     true);
	assert_string_equal(shown.text, "{}\n      NaN at 1970-01-01T00:00:01.000Z\n");
}

/* 120 points in 60 cells: the mean of two each, here of the largest numbers there are. */
static void a_long_range_is_drawn_by_means(void **state)
{
	char body[8192];
	size_t n = (size_t)snprintf(body, sizeof(body), "%s",
				    "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\","
				    "\"result\":[{\"metric\":{},\"values\":[");
	const char *at;
	size_t cells = 0;

	(void)state;
	for (int i = 0; i < 120; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n, "%s[%d,\"%s\"]", i ? "," : "", i,
				      i < 60 ? "1.7e308" : "1");
	snprintf(body + n, sizeof(body) - n, "]}]}}");
	show(body, "x", QUERY_TABLE, true);
	for (at = strchr(shown.text, '\n') + 3; strncmp(at, "█", 3) == 0; at += 3)
		cells++;
	assert_int_equal(cells, 30);
	for (; strncmp(at, "▁", 3) == 0; at += 3)
		cells++;
	assert_int_equal(cells, 60);
}

static void a_mistake_is_marked_under_its_character(void **state)
{
	(void)state;
	show("{\"status\":\"error\",\"error\":\"invalid parameter \\\"query\\\": 1:12: parse "
	     "error: "
	     "unexpected \\\")\\\"\"}",
	     "x{a=\"园\"} )", QUERY_TABLE, false);
	assert_int_equal(shown.code, EXIT_FAILED);
	assert_string_equal(shown.said, "parkwatch query: invalid parameter \"query\": 1:12: parse "
					"error: unexpected \")\"\n"
					"  x{a=\"园\"} )\n"
					"            ^\n");
	show("{\"status\":\"error\",\"error\":\"2:3: parse error: unexpected \\\"x\\\": "
	     "\\\"y\\\"\"}",
	     "sum(\n  )\n", QUERY_TABLE, false);
	assert_string_equal(shown.said,
			    "parkwatch query: 2:3: parse error: unexpected \"x\": \"y\"\n"
			    "    )\n"
			    "    ^\n");
	show("{\"status\":\"error\",\"error\":\"query timed out\"}", "x", QUERY_TABLE, false);
	assert_string_equal(shown.said, "parkwatch query: query timed out\n");
}

static void warnings_go_beside_the_answer(void **state)
{
	(void)state;
	show("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
	     "\"warnings\":[\"w\"],\"infos\":[\"i\"]}",
	     "x", QUERY_TABLE, false);
	assert_string_equal(shown.text, "");
	assert_string_equal(shown.said, "w\ni\n");
}

static void an_answer_of_somebody_else_is_no_crash(void **state)
{
	static const char *const odd[] = {
		"",
		"<html>",
		"[]",
		"{\"status\":\"success\"}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[]}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":5}}",
		VECTOR("{\"metric\":{},\"value\":[]}"),
		VECTOR("{\"metric\":5,\"value\":5},7,null"),
		MATRIX("{\"values\":[[0,\"1\"],[]]}"),
		MATRIX("{\"values\":[[],[]]},{\"histograms\":[[0,{}]]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		show(odd[i], "x", QUERY_TABLE, true);
		assert_int_equal(shown.code, i < 3 ? EXIT_FAILED : EXIT_DONE);
		if (i < 3)
			assert_non_null(
				strstr(shown.said, "the answer is none of Prometheus' API"));
		show(odd[i], "x", QUERY_TABLE, false);
		show(odd[i], "x", QUERY_CSV, false);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		T(a_vector_is_a_table_of_values_and_labels),
		T(a_label_in_a_table_reads_back_as_a_query),
		T(csv_has_a_row_a_point_and_all_labels_in_one_cell),
		T(what_csv_cannot_write_bare_is_quoted_as_a_whole_cell),
		T(no_cell_of_csv_is_a_formula_and_numbers_stay),
		T(texts_that_a_sheet_would_work_out_are_texts),
		T(a_scalar_is_its_value_and_json_is_what_came),
		T(a_range_is_drawn_on_a_terminal_only),
		T(a_chart_stands_any_numbers),
		T(a_long_range_is_drawn_by_means),
		T(a_mistake_is_marked_under_its_character),
		T(warnings_go_beside_the_answer),
		T(an_answer_of_somebody_else_is_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
