/*
 * test_json.c - the JSON decoder by itself.
 */
#include "base/map.h"
#include "base/spool.h"
#include "tests/unit/collectors/tables.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG                                                                                       \
	{                                                                                          \
		.unit = COLUMN("/park"), .indicator = COLUMN("what"), .period = COLUMN("/at"),     \
		.value = COLUMN("/value"), .flag = COLUMN("/flag"), .rows = "/data/rows"           \
	}

/* Both ways, which must come to the same; sentences about broken JSON are the libraries'. */
static struct out *decode(const char *json, struct layout layout)
{
	struct out *whole = decode_with(decode_json, slice_str(json), layout);
	struct out *by_rows = decode_with(decode_json_by_rows, slice_str(json), layout);

	assert_int_equal(by_rows->rc, whole->rc);
	assert_int_equal(by_rows->e.code, whole->e.code);
	assert_string_equal(by_rows->text, whole->text);
	if (whole->rc == 0)
		assert_int_equal(by_rows->rows, whole->rows);
	else if (strncmp(whole->e.text, "line ", 5) != 0)
		assert_string_equal(by_rows->e.text, whole->e.text);
	free(by_rows);
	return whole;
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

static void a_figure_kept_secret_is_a_mark_or_missing_in_a_row_that_says_so(void **state)
{
	(void)state;
	assert_decodes("{\"data\":{\"rows\":[\n"
		       "{\"park\":\"甲\",\"what\":\"x\",\"at\":\"2026-10\",\"value\":null,\"flag\":"
		       "\"c\"},\n"
		       "{\"park\":\"甲\",\"what\":\"x\",\"at\":\"2026-09\",\"value\":\"\",\"flag\":"
		       "\"保密\"},\n"
		       "{\"park\":\"甲\",\"what\":\"x\",\"at\":\"2026-08\",\"value\":\"涉密\"},\n"
		       "{\"park\":\"甲\",\"what\":\"x\",\"at\":\"2026-07\",\"value\":null,\"flag\":"
		       "\"p\"},\n"
		       "{\"what\":\"x\",\"at\":\"2026-06\",\"value\":null}]}}",
		       "2:47 甲|x|2026-10||c withheld\n"
		       "3:47 甲|x|2026-09||保密 withheld\n"
		       "4:47 甲|x|2026-08|涉密| withheld\n",
		       LONG);
	assert_decodes("[{\"park\":\"甲\",\"flag\":\"c\",\"2026-09\":\"n\",\"2026-10\":null}]",
		       "1:35 甲|产值|2026-09|n|c withheld\n",
		       { .unit = COLUMN("/park"),
			 .indicator = FIXED("产值"),
			 .period = HEADER,
			 .flag = COLUMN("/flag"),
			 .suppressed = (const char *const[]){ "n" },
			 .nsuppressed = 1 });
}

/* What it means must not be guessed, and a number whose mark was passed over would be shown. */
static void a_confidentiality_that_is_no_text_refuses_the_row(void **state)
{
	(void)state;
	assert_decodes("[{\"v\":1,\"c\":true},\n"
		       "{\"v\":2,\"c\":{\"id\":\"C\"}},\n"
		       "{\"v\":null,\"c\":[\"C\"]},\n"
		       "{\"v\":4,\"c\":null},\n"
		       "{\"v\":5}]",
		       "!1:13 layout: the confidentiality at '/c' is neither text nor a number\n"
		       "!2:12 layout: the confidentiality at '/c' is neither text nor a number\n"
		       "!3:15 layout: the confidentiality at '/c' is neither text nor a number\n"
		       "4:6 甲|产值|2026-09|4|\n"
		       "5:6 甲|产值|2026-09|5|\n",
		       { .unit = FIXED("甲"),
			 .indicator = FIXED("产值"),
			 .period = FIXED("2026-09"),
			 .value = COLUMN("/v"),
			 .confidentiality = COLUMN("/c") });
}

static void a_member_that_is_not_there_is_missing_also_where_its_row_says_why(void **state)
{
	(void)state;
	assert_decodes("[{\"v\":1,\"f\":\"\"},{\"f\":\"c\"},{\"f\":\"p\"}]",
		       "1:7 甲|产值|2026-09|1|\n"
		       "1:17 甲|产值|2026-09||c withheld\n",
		       { .unit = FIXED("甲"),
			 .indicator = FIXED("产值"),
			 .period = FIXED("2026-09"),
			 .value = COLUMN("/v"),
			 .flag = COLUMN("/f") });
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

/* --- by rows ---------------------------------------------------------------------------------- */

struct tally {
	size_t facts, complaints;
	uint64_t hash; /* of texts and places */
};

static int tally_fact(void *ctx, const struct fact *f, struct err *e)
{
	struct tally *t = ctx;

	(void)e;
	for (int i = 0; i < AXES; i++)
		if (f->text[i].n)
			t->hash = t->hash * 31 + hash_bytes(f->text[i].p, f->text[i].n);
	t->hash = t->hash * 31 + f->at[AXIS_VALUE].line * UINT64_C(4099) + f->at[AXIS_VALUE].column;
	t->facts++;
	return 0;
}

static void tally_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			    const char *text)
{
	struct tally *t = ctx;

	(void)why;
	t->hash = t->hash * 31 + line * UINT64_C(4099) + column + hash_bytes(text, strlen(text));
	t->complaints++;
}

static int no_row(void *ctx, unsigned line, struct err *e)
{
	(void)ctx;
	(void)line;
	(void)e;
	return 0;
}

static int tally(decoder_fn decoder, const struct buf *json, struct tally *t, struct err *e)
{
	const struct layout layout = LONG;
	size_t read_bytes = 0;
	struct fact_sink sink = { NULL, tally_fact, tally_complaint, no_row, t, &read_bytes };
	struct arena a;
	int rc;

	*t = (struct tally){ 0 };
	arena_init(&a, 64 << 20);
	rc = decoder(buf_all(json), &layout, &a, &sink, e);
	arena_release(&a);
	assert_true(read_bytes <= json->n);
	return rc;
}

/* Every seventh row lacks its park; some lines have several rows. */
static void write_rows(struct buf *b, int n)
{
	buf_init(b, 64 << 20);
	buf_puts(b, "{\"code\":[{\"rows\":[]},\"x\"],\"data\":{\"other\":[1,[2]],\"rows\":[");
	for (int i = 0; i < n; i++)
		buf_printf(b,
			   "%s%s{\"%s\":\"园区%d\",\"what\":\"产\\u503c\",\"at\":\"2026-10\","
			   "\"value\":%d.50}",
			   i ? "," : "", i % 3 ? "\n " : "", i % 7 ? "park" : "parc", i % 90, i);
}

static void many_rows_come_in_pieces_with_their_places(void **state)
{
	struct tally whole, by_rows;
	struct err e;
	struct buf b;

	(void)state;
	write_rows(&b, 20000);
	buf_puts(&b, "],\"more\":{\"rows\":null}}}\n");
	assert_ok(tally(decode_json, &b, &whole, &e), &e);
	assert_int_equal(whole.facts, 20000 - 20000 / 7 - 1);
	assert_int_equal(whole.complaints, 20000 / 7 + 1);
	assert_ok(tally(decode_json_by_rows, &b, &by_rows, &e), &e);
	assert_int_equal(by_rows.facts, whole.facts);
	assert_int_equal(by_rows.complaints, whole.complaints);
	assert_true(by_rows.hash == whole.hash);
	buf_release(&b);
}

static void nothing_is_given_of_a_large_document_that_is_broken_at_its_end(void **state)
{
	static const char *const ends[] = { "],\"more\":{]}}}", "]}", "]}}]", "],\"rows\":[]}}" };
	static const char *const sentences[] = { "this does not belong here", "ends too early",
						 "this does not belong here",
						 "a key is given twice" };
	struct tally t;
	struct err e;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		write_rows(&b, 5000);
		buf_puts(&b, ends[i]);
		assert_fails(tally(decode_json_by_rows, &b, &t, &e), &e, ERR_INVALID, sentences[i]);
		assert_int_equal(t.facts + t.complaints, 0);
		buf_release(&b);
	}
}

static void a_row_with_a_key_twice_ends_a_large_document_there(void **state)
{
	struct tally t;
	struct err e;
	struct buf b;

	(void)state;
	write_rows(&b, 5000);
	buf_puts(&b, ",\n{\"park\":\"a\",\"park\":\"b\"}]}}");
	assert_fails(tally(decode_json_by_rows, &b, &t, &e), &e, ERR_INVALID,
		     "line 3335, column 13: key \"park\" is given twice");
	assert_true(t.facts > 1000);
	buf_release(&b);
}

/* The tree of all of them would take 16 MB. */
static void rows_need_no_room_for_a_tree_of_all(void **state)
{
	const struct layout layout = LONG;
	struct fact_sink sink = { NULL, tally_fact, tally_complaint, no_row, NULL, NULL };
	struct tally t = { 0 };
	struct arena a;
	struct err e;
	struct buf b;

	(void)state;
	sink.ctx = &t;
	write_rows(&b, 50000);
	buf_puts(&b, "]}}");
	arena_init(&a, 4 << 20);
	assert_fails(decode_json(slice_cut(buf_all(&b), SPOOL_MEMORY_BYTES), &layout, &a, &sink,
				 &e),
		     &e, ERR_LIMIT, "needs more than the allowed 4194304 bytes of memory");
	arena_release(&a);
	arena_init(&a, 4 << 20);
	assert_ok(decode_json_by_rows(buf_all(&b), &layout, &a, &sink, &e), &e);
	assert_int_equal(t.facts, 50000 - 50000 / 7 - 1);
	arena_release(&a);
	buf_release(&b);
}

static void pointers_lead_by_index_star_and_escape(void **state)
{
	static const char json[] = "{\"a/b\":[[1],{\"r~\":[[{\"u\":\"x\",\"v\":1}],null,"
				   "[{\"u\":\"y\",\"v\":2},{\"u\":\"z\",\"v\":3}]]}]}";

	(void)state;
	assert_decodes(json, "1:34 x|i|p|1|\n1:57 y|i|p|2|\n1:73 z|i|p|3|\n",
		       { .unit = COLUMN("u"),
			 .indicator = FIXED("i"),
			 .period = FIXED("p"),
			 .value = COLUMN("v"),
			 .rows = "/a~1b/1/r~0/*" });
	assert_refused(json, "the document has nothing at '/a~1b/2', where the rows are",
		       { .unit = COLUMN("u"),
			 .indicator = FIXED("i"),
			 .period = FIXED("p"),
			 .value = COLUMN("v"),
			 .rows = "/a~1b/2" });
	assert_decodes("{\"rows\":null}", "",
		       { .unit = COLUMN("u"),
			 .indicator = FIXED("i"),
			 .period = FIXED("p"),
			 .value = COLUMN("v"),
			 .rows = "rows" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_their_text_and_their_place),
		cmocka_unit_test(a_figure_kept_secret_is_a_mark_or_missing_in_a_row_that_says_so),
		cmocka_unit_test(a_confidentiality_that_is_no_text_refuses_the_row),
		cmocka_unit_test(a_member_that_is_not_there_is_missing_also_where_its_row_says_why),
		cmocka_unit_test(a_wide_row_has_an_axis_in_its_member_names),
		cmocka_unit_test(nested_and_joined_pointers_reach_the_statistics_bureaus_answer),
		cmocka_unit_test(a_star_stands_for_every_element),
		cmocka_unit_test(an_answer_of_the_world_bank_is_read),
		cmocka_unit_test(an_answer_of_odata_is_read),
		cmocka_unit_test(a_bad_row_is_refused_and_the_others_kept),
		cmocka_unit_test(a_document_that_does_not_fit_is_refused),
		cmocka_unit_test(many_rows_come_in_pieces_with_their_places),
		cmocka_unit_test(nothing_is_given_of_a_large_document_that_is_broken_at_its_end),
		cmocka_unit_test(a_row_with_a_key_twice_ends_a_large_document_there),
		cmocka_unit_test(rows_need_no_room_for_a_tree_of_all),
		cmocka_unit_test(pointers_lead_by_index_star_and_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
