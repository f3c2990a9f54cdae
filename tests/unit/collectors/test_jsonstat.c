/*
 * test_jsonstat.c - JSON-stat to records: the dialects, real files, what is refused.
 *
 * What the real files must give was worked out by another program from the same files.
 */
#include "collectors/formats/jsonstat.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/records.h"

#define SMALL                                                                                        \
	"\"id\":[\"area\",\"year\"],\"size\":[2,2],\"dimension\":{"                                  \
	"\"area\":{\"category\":{\"index\":[\"N\",\"S\"],\"label\":{\"S\":\"南\",\"N\":\"北\"}}}," \
	"\"year\":{\"category\":{\"index\":{\"2025\":0,\"2026\":1}}}}"

#define HEADER_LINE "area|area.name|year|value|status\n"

static void read_as(const char *members, const char *want)
{
	char body[2048];

	snprintf(body, sizeof(body), "{\"class\":\"dataset\",\"label\":\"T\"," SMALL ",%s}",
		 members);
	assert_records(jsonstat_read, body, want);
}

static void refuse(const char *members, const char *why)
{
	char body[2048];

	snprintf(body, sizeof(body), "{\n\"class\":\"dataset\",\"label\":\"T\",\n" SMALL ",\n%s}",
		 members);
	assert_no_records(jsonstat_read, body, why);
}

static void the_last_dimension_changes_first(void **state)
{
	(void)state;
	read_as("\"value\":[1,2.50,\"3\",-4e1]", "= T\n" HEADER_LINE "N|北|2025|1|\n"
						 "N|北|2026|2.50|\n"
						 "S|南|2025|3|\n"
						 "S|南|2026|-4e1|\n");
}

static void a_figure_that_is_null_is_empty_and_keeps_its_status(void **state)
{
	(void)state;
	read_as("\"value\":[0,null,null,4],\"status\":[null,\":\",\"\",\"p\"]",
		"= T\n" HEADER_LINE "N|北|2025|0|\n"
		"N|北|2026||:\n"
		"S|南|2025||\n"
		"S|南|2026|4|p\n");
}

static void a_status_can_be_said_in_four_ways(void **state)
{
	static const char *const all[] = { "\"e\"", "[\"e\"]" };
	static const char *const one[] = { "[null,null,\"e\",null]", "{\"2\":\"e\"}",
					   "{\"2\":\"\\u0065\",\"0\":null}" };
	char members[256];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(members, sizeof(members), "\"status\":%s,\"value\":[1,2,3,4]", all[i]);
		read_as(members, "= T\n" HEADER_LINE "N|北|2025|1|e\nN|北|2026|2|e\n"
				 "S|南|2025|3|e\nS|南|2026|4|e\n");
	}
	for (size_t i = 0; i < 3; i++) {
		snprintf(members, sizeof(members), "\"value\":[1,2,3,4],\"status\":%s", one[i]);
		read_as(members, "= T\n" HEADER_LINE "N|北|2025|1|\nN|北|2026|2|\n"
				 "S|南|2025|3|e\nS|南|2026|4|\n");
	}
}

static void sparse_figures_come_in_their_order_and_lone_statuses_behind(void **state)
{
	(void)state;
	read_as("\"value\":{\"3\":4,\"0\":\"1\\u0030\",\"2\":null},"
		"\"status\":{\"3\":\"p\",\"1\":\":\",\"0\":\"e\"}",
		"= T\n" HEADER_LINE "S|南|2026|4|p\n"
		"N|北|2025|10|e\n"
		"S|南|2025||\n"
		"N|北|2026||:\n");
	read_as("\"value\":{}", "= T\n" HEADER_LINE);
}

static void ids_and_sizes_stand_within_dimension_in_1x(void **state)
{
	(void)state;
	assert_records(jsonstat_read,
		       "{\"dataset\":{\"label\":\" 产值 \",\"value\":[1,2],\"dimension\":{"
		       "\"id\":[\"t\",\"u\"],\"size\":[2,1],\"role\":{\"time\":[\"t\"]},"
		       "\"t\":{\"category\":{\"index\":{\"b\":1,\"a\":0}}},"
		       "\"u\":{\"category\":{\"label\":{\"x\":\"只有一个\"}}}}}}",
		       "= 产值\nt|u|u.name|value|status\na|x|只有一个|1|\nb|x|只有一个|2|\n");
}

#define ONE(value)                                                                                 \
	"{\"id\":[\"a\"],\"size\":[1],\"dimension\":{\"a\":{\"category\":{\"index\":[\"x\"]}}},"   \
	"\"value\":[" value "]}"

static void a_bundle_gives_a_table_for_each_data_set(void **state)
{
	(void)state;
	assert_records(jsonstat_read, "{\"first\":" ONE("1") ",\"second\":" ONE("2") "}",
		       "= first\na|value|status\nx|1|\n= second\na|value|status\nx|2|\n");
	assert_records(jsonstat_read,
		       "{\"dataset\":{\"first\":" ONE("1") ",\"second\":" ONE("2") "}}",
		       "= first\na|value|status\nx|1|\n= second\na|value|status\nx|2|\n");
}

static void data_sets_within_a_collection_are_read(void **state)
{
	(void)state;
	assert_records(jsonstat_read,
		       "{\"class\":\"collection\",\"link\":{\"item\":[{\"class\":\"dataset\","
		       "\"href\":\"http://x\"}," ONE("7") "]}}",
		       "= \na|value|status\nx|7|\n");
	assert_no_records(
		jsonstat_read,
		"{\"class\":\"collection\",\"link\":{\"item\":[{\"class\":\"dataset\","
		"\"href\":\"http://x\"},{\"class\":\"dataset\"}]}}",
		"this JSON-stat collection holds no figures, it only links to 2 data sets");
}

static void dimensions_may_have_the_names_of_other_members(void **state)
{
	(void)state;
	assert_records(jsonstat_read,
		       "{\"id\":[\"status\",\"value\"],\"size\":[1,2],\"dimension\":{"
		       "\"value\":{\"category\":{\"index\":[\"v\",\"w\"]}},"
		       "\"status\":{\"category\":{\"index\":[\"s\"]}}},\"value\":[1,2]}",
		       "= \nstatus|value|value|status\ns|v|1|\ns|w|2|\n");
}

/* Written after Eurostat's description of its statistics API: sparse, and what is not available
 * has a status only. */
static void an_answer_of_eurostat_is_read(void **state)
{
	(void)state;
	assert_records(
		jsonstat_read,
		"{\"version\":\"2.0\",\"class\":\"dataset\",\"label\":\"Production in industry\","
		"\"source\":\"ESTAT\",\"updated\":\"2026-10-15T11:00:00+0200\","
		"\"value\":{\"0\":101.2,\"3\":99.8},\"status\":{\"1\":\":\",\"3\":\"p\"},"
		"\"id\":[\"freq\",\"geo\",\"time\"],\"size\":[1,2,2],\"dimension\":{"
		"\"freq\":{\"label\":\"Time frequency\",\"category\":{\"index\":{\"M\":0},"
		"\"label\":{\"M\":\"Monthly\"}}},"
		"\"geo\":{\"label\":\"Geopolitical "
		"entity\",\"category\":{\"index\":{\"AT\":0,\"BE\":1},"
		"\"label\":{\"AT\":\"Austria\",\"BE\":\"Belgium\"}}},"
		"\"time\":{\"label\":\"Time\",\"category\":{\"index\":{\"2026-08\":0,\"2026-09\":1}"
		","
		"\"label\":{\"2026-08\":\"2026-08\",\"2026-09\":\"2026-09\"}}}},"
		"\"extension\":{\"lang\":\"EN\",\"id\":\"STS_INPR_M\",\"status\":{\"label\":{\"p\":"
		"\"provisional\",\":\":\"not available\"}}}}",
		"= Production in industry\n"
		"freq|freq.name|geo|geo.name|time|time.name|value|status\n"
		"M|Monthly|AT|Austria|2026-08|2026-08|101.2|\n"
		"M|Monthly|BE|Belgium|2026-09|2026-09|99.8|p\n"
		"M|Monthly|AT|Austria|2026-09|2026-09||:\n");
}

static void a_category_without_a_label_has_an_empty_name(void **state)
{
	(void)state;
	assert_records(jsonstat_read,
		       "{\"id\":[\"a\"],\"size\":[3],\"dimension\":{\"a\":{\"category\":{"
		       "\"index\":[\"x\",\"y\",\"z\"],\"label\":{\"z\":\"Z\",\"x\":\"X\",\"q\":"
		       "\"Q\"}}}},\"value\":[1,2,3]}",
		       "= \na|a.name|value|status\nx|X|1|\ny||2|\nz|Z|3|\n");
}

static void what_is_no_figure_is_said_and_the_others_are_kept(void **state)
{
	(void)state;
	read_as("\n\"value\":[[1,\"]\"],true,{\"a\":\"\\\"}\"},\n 4]",
		"= T\n" HEADER_LINE
		"!2:10 value: an object or array stands where a figure was expected\n"
		"!2:18 value: a truth value stands where a figure was expected\n"
		"!2:23 value: an object or array stands where a figure was expected\n"
		"S|南|2026|4|\n");
}

static void a_reader_that_has_enough_gets_the_next_table(void **state)
{
	const char *body = "{\"a\":{" SMALL ",\"value\":[1,2,3,4]},\"b\":" ONE("9") "}";
	struct records r;

	(void)state;
	records_read_at_most(&r, jsonstat_read, slice_str(body), 2, 1 << 20);
	assert_int_equal(r.rc, 0);
	assert_string_equal(r.text.p, "= a\n" HEADER_LINE "N|北|2025|1|\nN|北|2026|2|\n"
				      "= b\na|value|status\nx|9|\n");
	records_release(&r);
}

/* Text within text: json_walk_next() unescapes what json_parse() would. */
static void escapes_in_figures_and_statuses_are_undone(void **state)
{
	(void)state;
	read_as("\"value\":[\"\\u0031\\u0030\",\"\\\"\",\"\\ud83d\\ude00\\n.\",\"\\\\\\/\"],"
		"\"status\":[\"\\u533a\",\"a]\",\"b,\",\"c:\"]",
		"= T\n" HEADER_LINE "N|北|2025|10|区\n"
		"N|北|2026|\"|a]\n"
		"S|南|2025|😀\n.|b,\n"
		"S|南|2026|\\/|c:\n");
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	refuse("\"value\":[1,2,3]",
	       "line 4, column 9: there are 3 figures, and the sizes of the dimensions make 4");
	refuse("\"value\":[1,2,3,4],\"status\":[\"a\",\"b\"]",
	       "line 4, column 28: there are 2 statuses, and the sizes of the dimensions make 4");
	refuse("\"value\":{\"4\":1}",
	       "line 4, column 14: there is no figure '4': the sizes of the dimensions make 4");
	refuse("\"value\":{\"01\":1}",
	       "line 4, column 15: there is no figure '01': the sizes of the dimensions make 4");
	refuse("\"value\":{\"1\":1,\n\"1\":2}", "line 5, column 5: figure 1 is given twice");
	refuse("\"value\":[1,2,3,4],\"status\":{\"1\":\"a\",\"0\":\"b\",\"1\":\"c\"}",
	       "line 4, column 28: figure 1 has two statuses");
	refuse("\"value\":[1,2,3,4],\"status\":{\"-1\":\"a\"}",
	       "line 4, column 34: there is no figure '-1': the sizes of the dimensions make 4");
	refuse("\"value\":[1,2,3,4],\"status\":[1,2,3,{}]",
	       "line 4, column 35: a status is neither text nor null");
	refuse("\"value\":5", "line 4, column 9: the figures are neither an array nor an object");
}

#define SHAPE(id, size, dimension)                                                                 \
	"{\"id\":" id ",\"size\":" size ",\"dimension\":{" dimension "},\"value\":[]}"

static void dimensions_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *body, *why;
	} cases[] = {
		{ SHAPE("[\"a\"]", "[1,2]", ""),
		  "line 1, column 20: there are 1 ids of dimensions and 2 sizes" },
		{ SHAPE("[]", "[]", ""),
		  "line 1, column 7: 0 dimensions; from 1 to 32 can be read" },
		{ SHAPE("5", "[1]", ""), "line 1, column 1: there is no \"id\" of the dimensions" },
		{ SHAPE("[\"a\"]", "{}", ""),
		  "line 1, column 1: there is no \"size\" of the dimensions" },
		{ SHAPE("[\"a\"]", "[-1]", ""), "line 1, column 21: the size of dimension 'a' is "
						"not a number from 0 to 20000000" },
		{ SHAPE("[\"a\"]", "[1.0]", ""), "line 1, column 21: the size of dimension 'a' is "
						 "not a number from 0 to 20000000" },
		{ SHAPE("[\"a\"]", "[99999999999999999999]", ""),
		  "line 1, column 21: the size of dimension 'a' is not a number from 0 to "
		  "20000000" },
		{ SHAPE("[\"a\"]", "[1]", ""), "line 1, column 8: dimension 'a' is not described" },
		{ SHAPE("[1]", "[1]", ""), "line 1, column 8: the id of a dimension is not text" },
		{ SHAPE("[\"a\",\"a\"]", "[1,1]", "\"a\":{\"category\":{\"index\":[\"x\"]}}"),
		  "line 1, column 12: dimension 'a' is named twice" },
		{ SHAPE("[\"a\"]", "[3]", "\"a\":{\"category\":{\"index\":[\"x\",\"y\"]}}"),
		  "line 1, column 62: dimension 'a' has 2 categories, and a size of 3" },
		{ SHAPE("[\"a\"]", "[1]", "\"a\":{\"category\":{\"index\":[null]}}"),
		  "line 1, column 63: the index of dimension 'a' holds something else than codes" },
		{ SHAPE("[\"a\"]", "[2]", "\"a\":{\"category\":{\"index\":{\"x\":0,\"y\":2}}}"),
		  "line 1, column 73: the place of 'y' in its dimension is not one of 0 to 1" },
		{ SHAPE("[\"a\"]", "[2]", "\"a\":{\"category\":{\"index\":{\"x\":1,\"y\":1}}}"),
		  "line 1, column 73: two categories of its dimension have the place of 'y'" },
		{ SHAPE("[\"a\"]", "[2]", "\"a\":{}"),
		  "line 1, column 41: dimension 'a' does not say what its categories are" },
		{ SHAPE("[\"a\"]", "[2]", "\"a\":{\"category\":{\"label\":{\"x\":\"X\"}}}"),
		  "line 1, column 41: dimension 'a' has 1 categories, and a size of 2" },
		{ SHAPE("[\"a\"]", "[1]", "\"a\":{\"category\":{\"index\":\"x\"}}"),
		  "line 1, column 62: dimension 'a' has 0 categories, and a size of 1" },
		{ "{\"x\":" SHAPE("[]", "[]", "") "}",
		  "data set 'x': line 1, column 12: 0 dimensions; from 1 to 32 can be read" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_no_records(jsonstat_read, cases[i].body, cases[i].why);
}

/* `n` dimensions of `size` categories, all described. */
static void put_dimensions(struct buf *b, int n, int size)
{
	buf_puts(b, "{\"id\":[");
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s\"d%d\"", i ? "," : "", i);
	buf_puts(b, "],\"size\":[");
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s%d", i ? "," : "", size);
	buf_puts(b, "],\"dimension\":{");
	for (int i = 0; i < n; i++) {
		buf_printf(b, "%s\"d%d\":{\"category\":{\"index\":[", i ? "," : "", i);
		for (int k = 0; k < size; k++)
			buf_printf(b, "%s\"%d\"", k ? "," : "", k);
		buf_puts(b, "]}}");
	}
	buf_puts(b, "},\"value\":{\"0\":1}}");
}

static void limits_hold(void **state)
{
	struct records r;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	put_dimensions(&b, 32, 1);
	records_read(&r, jsonstat_read, buf_all(&b));
	assert_int_equal(r.rows, 1);
	records_release(&r);

	buf_clear(&b);
	put_dimensions(&b, 33, 1);
	records_read(&r, jsonstat_read, buf_all(&b));
	assert_fails(r.rc, &r.e, ERR_LIMIT, "33 dimensions; from 1 to 32 can be read");
	records_release(&r);

	/* 30^32 does not fit 64 bits. */
	buf_clear(&b);
	put_dimensions(&b, 32, 30);
	records_read(&r, jsonstat_read, buf_all(&b));
	assert_fails(r.rc, &r.e, ERR_LIMIT,
		     "the sizes of the dimensions make more than 20000000 figures");
	records_release(&r);
	buf_release(&b);
}

static void too_many_different_statuses_are_refused(void **state)
{
	struct records r;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_puts(&b,
		 "{\"id\":[\"a\"],\"size\":[101],\"dimension\":{\"a\":{\"category\":{\"index\":[");
	for (int i = 0; i < 101; i++)
		buf_printf(&b, "%s\"%d\"", i ? "," : "", i);
	buf_puts(&b, "]}}},\"value\":{},\"status\":[");
	for (int i = 0; i < 101; i++)
		buf_printf(&b, "%s\"s%d\"", i ? "," : "", i);
	buf_puts(&b, "]}");
	records_read(&r, jsonstat_read, buf_all(&b));
	assert_fails(r.rc, &r.e, ERR_LIMIT, "more than 99 different statuses");
	records_release(&r);
	buf_release(&b);
}

static void other_documents_are_told_apart(void **state)
{
	(void)state;
	assert_no_records(jsonstat_read, "", "the document is empty");
	assert_no_records(jsonstat_read, "<html><title>x</title>",
			  "this is an HTML page, not JSON-stat: 'x'");
	assert_no_records(jsonstat_read, "[1]", "there is no JSON-stat data set in the document");
	assert_no_records(jsonstat_read, "{\"class\":\"dimension\",\"category\":{}}",
			  "this is a dimension of JSON-stat, which holds no figures");
	assert_no_records(jsonstat_read, "{\"value\":[1,",
			  "line 1, column 13: the document ends too early");
}

static void the_unit_of_a_category_is_a_column(void **state)
{
	(void)state;
	/* Its base, else what words or a symbol say; the power of ten it counts in apart. */
	assert_records(jsonstat_read,
		       "{\"id\":[\"i\"],\"size\":[4],\"dimension\":{\"i\":{\"category\":{"
		       "\"index\":[\"a\",\"b\",\"c\",\"d\"],\"unit\":{"
		       "\"b\":{\"label\":\"万元\",\"decimals\":1,\"multiplier\":0},"
		       "\"a\":{\"label\":\"thousand\",\"base\":\"元\",\"multiplier\":3},"
		       "\"c\":{\"symbol\":\"€\",\"label\":4},\"x\":{\"base\":\"人\"}}}}},"
		       "\"value\":[1,2,3,4]}",
		       "= \ni|i.unit|i.multiplier|value|status\n"
		       "a|元|3|1|\nb|万元||2|\nc|€||3|\nd|||4|\n");
	assert_records(jsonstat_read,
		       "{\"id\":[\"i\"],\"size\":[1],\"dimension\":{\"i\":{\"category\":{"
		       "\"index\":[\"a\"],\"unit\":{\"a\":7}}}},\"value\":[1]}",
		       "= \ni|value|status\na|1|\n");
}

/* --- real files ------------------------------------------------------------------------- */

#define FORMATS "data/formats-jsonstat"
#define GDP                                                                                        \
	"Gross Domestic Product at Constant Factor Cost (chain linked annually and referenced to " \
	"2013)"
#define CANADA_HEADER                                                                              \
	"country|country.name|year|age|age.name|concept|concept.name|concept.unit|concept."        \
	"multiplier|sex|sex.name|value|status"
#define CANADA_FIRST "CA|Canada|2012|T|total|POP|population|people|3|T|total|34880.5|a"
#define CANADA_LAST                                                                                \
	"CA|Canada|2012|older|90 and older|PERCENT|weight of age group in the "                    \
	"population|per cent||F|female|1.0|a"
#define OECD_HEADER "concept|concept.name|concept.unit|area|area.name|year|value|status"
#define OECD_FIRST  "UNR|unemployment rate|per cent|AU|Australia|2003|5.943826289|"
#define OECD_LAST   "UNR|unemployment rate|per cent|OECD|total|2014|8.004598637|e"

static const struct expected files[] = {
	{ "canada.json", NULL, 1, 120, 120, 140121.4, CANADA_HEADER, CANADA_FIRST, CANADA_LAST },
	{ "collection.json",
	  "this JSON-stat collection holds no figures, it only links to 8 data sets", 0, 0, 0, 0,
	  NULL, NULL, NULL },
	{ "cso_ie-NQQ25.json", NULL, 1, 1216, 1216, 12665486,
	  "Sector|Sector.name|Quarter|Quarter.name|Statistic|Statistic.name|Statistic.unit|value|"
	  "status",
	  "0|All Sectors|1997Q1|1997Q1|NQQ25C01|" GDP " (Euro Million)|Euro Million|19960|",
	  "08|Industry - Transportable Goods Industries and Utilities|2015Q4|2015Q4|NQQ25S1|" GDP
	  " (Seasonally Adjusted) (Euro Million)|Euro Million|12521|" },
	{ "galicia.json", NULL, 1, 3960, 3956, 87493659,
	  "birth|birth.name|age|age.name|gender|gender.name|time|residence|residence.name|concept|"
	  "concept.name|concept.unit|value|status",
	  "T|total|T|total|T|total|2001|T|total|pop|population|persons|2695880|",
	  "F|abroad|100|100+|F|female|2011|36|Pontevedra|pop|population|persons|11|" },
	{ "hierarchy.json", NULL, 1, 1, 0, 0, "commodity|commodity.name|value|status", "T|Total||",
	  "T|Total||" },
	/* Two data sets: the header is that of the second. */
	{ "oecd-canada.json", NULL, 2, 552, 552, 3323.825331658 + 140121.4, CANADA_HEADER,
	  OECD_FIRST, CANADA_LAST },
	{ "oecd.json", NULL, 1, 432, 432, 3323.825331658, OECD_HEADER, OECD_FIRST, OECD_LAST },
	{ "order.json", NULL, 1, 24, 24, 0, "A|B|C|value|status", "1|1|1|A1B1C1|",
	  "3|2|4|A3B2C4|" },
};

static void the_samples_of_the_format_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!records_check_file(jsonstat_read, FORMATS, &files[i])) {
			skip();
			return;
		}
}

static void norways_production_index_is_read(void **state)
{
	static const struct expected want = {
		"ssb-29843.json",
		NULL,
		1,
		20 * 6 * 312,
		30240,
		2901152.0,
		"PKoder|PKoder.name|ContentsCode|ContentsCode.name|ContentsCode.unit|Tid|Tid.name|"
		"value|status",
		"P1021|Extraction of crude petroleum|Sesongjustert|Seasonally "
		"adjusted|index|1990M01|1990M01||.",
		"P120|Furniture and manufacturing n.e.c.|Vekter|Weights|per 1 "
		"000|2015M12|2015M12|5.8|"
	};

	(void)state;
	if (!records_check_file(jsonstat_read, "data/ssb-production-index-jsonstat", &want))
		skip();
}

/* --- memory ------------------------------------------------------------------------------ */

/* Labels in another order than the categories need a table. */
#define MEMORY_BODY                                                                                \
	"{\"a\":{" SMALL ",\"value\":{\"0\":\"\\u0031\",\"3\":2},"                                 \
	"\"status\":{\"1\":\"\\u0065\"}},\"b\":" ONE("9") "}"

static void every_ceiling_of_memory_is_an_error(void **state)
{
	struct records r;

	(void)state;
	for (size_t limit = 256;; limit += 64) {
		records_read_at_most(&r, jsonstat_read, slice_str(MEMORY_BODY), 0, limit);
		if (r.rc == 0)
			break;
		assert_int_equal(r.e.code, ERR_LIMIT);
		records_release(&r);
		assert_true(limit < 1 << 20);
	}
	assert_int_equal(r.rows, 4);
	records_release(&r);
}

static int count_rows(void *ctx, const struct row *row, struct err *e)
{
	(void)row;
	(void)e;
	++*(unsigned *)ctx;
	return 1;
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
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
		rc = jsonstat_read(slice_str(MEMORY_BODY), &a, &sink, &e);
		starve_end(&s, rc == 0, &e);
		arena_release(&a);
	}
	assert_true(s.failed > 2);
	assert_int_equal(rows, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_dimension_changes_first),
		cmocka_unit_test(a_figure_that_is_null_is_empty_and_keeps_its_status),
		cmocka_unit_test(a_status_can_be_said_in_four_ways),
		cmocka_unit_test(sparse_figures_come_in_their_order_and_lone_statuses_behind),
		cmocka_unit_test(ids_and_sizes_stand_within_dimension_in_1x),
		cmocka_unit_test(a_bundle_gives_a_table_for_each_data_set),
		cmocka_unit_test(data_sets_within_a_collection_are_read),
		cmocka_unit_test(dimensions_may_have_the_names_of_other_members),
		cmocka_unit_test(an_answer_of_eurostat_is_read),
		cmocka_unit_test(a_category_without_a_label_has_an_empty_name),
		cmocka_unit_test(what_is_no_figure_is_said_and_the_others_are_kept),
		cmocka_unit_test(a_reader_that_has_enough_gets_the_next_table),
		cmocka_unit_test(escapes_in_figures_and_statuses_are_undone),
		cmocka_unit_test(sizes_that_do_not_fit_are_refused),
		cmocka_unit_test(dimensions_that_cannot_be_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(too_many_different_statuses_are_refused),
		cmocka_unit_test(other_documents_are_told_apart),
		cmocka_unit_test(the_unit_of_a_category_is_a_column),
		cmocka_unit_test(the_samples_of_the_format_are_read),
		cmocka_unit_test(norways_production_index_is_read),
		cmocka_unit_test(every_ceiling_of_memory_is_an_error),
		cmocka_unit_test(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
