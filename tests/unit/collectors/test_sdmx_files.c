/*
 * test_sdmx_files.c - messages that others have written: real figures, and samples of the formats.
 *
 * The production index of INSEE is compared figure by figure with a search for strings in the same
 * file. Of each sample the table says what must come out, or why nothing can.
 */
#include "collectors/formats/sdmx.h"
#include "tests/lib/tmp.h"
#include "tests/unit/collectors/documents.h"
#include "tests/unit/collectors/sdmx_records.h"

#define INSEE   "data/insee-ipi-sdmx/IPI-2010-A21.xml"
#define SAMPLES "data/formats-sdmx/"

/* --- the production index ------------------------------------------------------------------ */

struct compare {
	const char *obs, *series; /* where the search stands */
	size_t rows, months;
	double sum;
};

/* The value of the attribute behind `tag`. */
static struct slice value_behind(const char *p, const char *tag)
{
	const char *from = strstr(p, tag), *end;

	assert_non_null(from);
	from += strlen(tag);
	end = strchr(from, '"');
	assert_non_null(end);
	return slice_of(from, (size_t)(end - from));
}

#define assert_same(cell, want)                                                                    \
	do {                                                                                       \
		struct slice w_ = want;                                                            \
		if (!slice_eq((cell).text, w_))                                                    \
			fail_msg("line %u: %.*s is not %.*s", (cell).line, SLICE_FMT((cell).text), \
				 SLICE_FMT(w_));                                                   \
	} while (0)

static void compare_key(struct compare *c, const struct row *row)
{
	const char *next;

	while ((next = strstr(c->series + 1, "<generic:SeriesKey>")) != NULL && next < c->obs)
		c->series = next;
	assert_same(row->cells[0], value_behind(c->series, "id=\"FREQ\" value=\""));
	assert_same(row->cells[1], value_behind(c->series, "id=\"PRODUIT\" value=\""));
	assert_same(row->cells[2], value_behind(c->series, "id=\"NATURE\" value=\""));
	assert_same(row->cells[3], value_behind(c->series, "id=\"IDBANK\" value=\""));
	c->months += slice_is(row->cells[0].text, "M");
}

static int compare_row(void *ctx, const struct row *row, struct err *e)
{
	struct compare *c = ctx;
	double value;

	assert_int_equal(row->n, 15);
	if (c->rows++ == 0) {
		assert_slice(row->cells[12].text, "TIME_PERIOD");
		assert_slice(row->cells[13].text, "OBS_VALUE");
		assert_slice(row->cells[14].text, "OBS_STATUS");
		return 1;
	}
	c->obs = strstr(c->obs + 1, "<generic:Obs>");
	assert_non_null(c->obs);
	compare_key(c, row);
	assert_same(row->cells[12], value_behind(c->obs, "<generic:ObsDimension value=\""));
	assert_same(row->cells[13], value_behind(c->obs, "<generic:ObsValue value=\""));
	assert_same(row->cells[14], value_behind(c->obs, "id=\"OBS_STATUS\" value=\""));
	assert_ok(num_parse(row->cells[13].text, &value, e), e);
	c->sum += value;
	return 1;
}

static void all_3230_figures_of_the_production_index_come_out(void **state)
{
	const char *path = shared_path(INSEE);
	struct compare c = { .rows = 0 };
	struct row_sink sink = { .row = compare_row, .ctx = &c };
	struct arena a;
	struct err e;
	char *xml;
	size_t n;

	(void)state;
	if (!path)
		skip();
	xml = tmp_read(path, &n);
	c.obs = c.series = xml;
	arena_init(&a, 16 << 20);
	assert_ok(sdmx_read(slice_of(xml, n), &a, NULL, &sink, &e), &e);
	assert_int_equal(c.rows, 1 + 3230);
	assert_null(strstr(c.obs + 1, "<generic:Obs>"));
	assert_int_equal(c.months, 3100);
	assert_near(c.sum, 606499.29, 1e-6); /* as Python's decimal adds them up */
	arena_release(&a);
	free(xml);
}

/* --- samples --------------------------------------------------------------------------------- */

static const struct sample {
	const char *file;
	size_t tables, rows, complaints;
	const char *first, *last; /* how the first and the last row end */
	const char *said;         /* the error, or a complaint */
} samples[] = {
	{ "csv1/csv_labels_both.csv", 1, 1, 0, "A|A|B|B|C|C|D|D|1|2020|2020", NULL, NULL },
	{ "csv1/csv_nulls_10.csv", 1, 4, 0, "2:16 ", "5:16 ", NULL }, /* NaN and #NA */
	{ "csv1/data_v1.csv", 1, 1000, 0, "|2002|K|S|M|F|", "|2009|K|S|M|F|", NULL },
	{ "csv1/data_v1_attached.csv", 1, 14, 0, "|2002|K|S|M|F||3|6|USD", "|2015|K|S|M|F||3|6|USD",
	  NULL },
	{ "csv1/data_v1_datetime.csv", 1, 1, 0, "M|1999-01|1|2025-12-19T14:30:00Z", NULL, NULL },
	{ "csv1/data_v1_exception.csv", 0, 0, 0, NULL, NULL, /* has no column of the data flow */
	  "line 1, column 1: the header begins neither with DATAFLOW nor with STRUCTURE, so this "
	  "is no SDMX-CSV" },
	{ "csv1/data_v1_no_freq_cols.csv", 1, 7, 0,
	  "GHA|Ghana|GCI|GlobalCompetitivenessIndex|RANK|Rank|A|Annual|2008||102", "|2014||111",
	  NULL },
	{ "csv2/csv_keys_both.csv", 1, 1, 0, "A|B|C|D|1|2020", NULL, NULL },
	{ "csv2/csv_labels_both.csv", 1, 1, 0, "A|A|B|B|C|C|D|D|1|2020|2020", NULL, NULL },
	{ "csv2/csv_labels_name.csv", 1, 1, 0,
	  "A|Value A|B|Value B|C|Value C|D|Value D|1|2020|Year 2020", NULL, NULL },
	{ "csv2/csv_nulls_20.csv", 1, 4, 0, "2:27 ", "5:27 ", NULL },
	{ "csv2/data_v2.csv", 1, 20, 0, "|2002|K|S|M|F|", "|1993|K|S|M|F|", NULL },
	{ "csv2/data_v2_action_col.csv", 0, 0, 20, NULL, NULL, /* a cell is missing in each row */
	  "!2:1 layout: the row has 22 cells, the header 23; the row is left out" },
	{ "csv2/data_v2_datetime.csv", 1, 1, 0, "M|1999-01|1|2025-12-19T14:30:00Z", NULL, NULL },
	{ "csv2/data_v2_exception.csv", 0, 0, 0, NULL, NULL,
	  "line 1, column 1: the header begins neither with DATAFLOW nor with STRUCTURE, so this "
	  "is no SDMX-CSV" },
	{ "csv2/data_v2_invalid_action.csv", 0, 0, 1, NULL, NULL,
	  "!2:33 layout: the action 'E' is none of I, A, R, M, D; the row is left out" },
	{ "csv2/data_v2_merge_action.csv", 1, 1, 0, "A|A|1", NULL, NULL },
	{ "csv2/data_v2_no_freq_cols.csv", 1, 7, 0,
	  "GHA|Ghana|GCI|GlobalCompetitivenessIndex|RANK|Rank|A|Annual|2008||102", "|2014||111",
	  NULL },
	{ "csv2/data_v2_structures.csv", 3, 3, 0, /* rows of three structures in one file */
	  "DIMVAL_A1B1|DIMVAL_A2|DIMVAL_A3C2||||MEASVAL_A1B1C1||ATTRVAL_A1|",
	  "||DIMVAL_A3C2||DIMVAL_C1|DIMVAL_C3|MEAS_A1B1C1|MEAS_C2||", NULL },
	{ "csv2/data_v2_structures_exception.csv", 2, 2, 1, NULL, NULL,
	  "!4:1 layout: 'dataTESTERROR' is none of dataflow, datastructure, dataprovision; the "
	  "row is left out" },
	{ "csv2/data_v2_structures_uppercase.csv", 3, 3, 0,
	  "DIMVAL_A1B1|DIMVAL_A2|DIMVAL_A3C2||||MEASVAL_A1B1C1||ATTRVAL_A1|",
	  "||DIMVAL_A3C2||DIMVAL_C1|DIMVAL_C3|MEAS_A1B1C1|MEAS_C2||", NULL },
	{ "csv2/data_v2_three_actions.csv", 1, 3, 1, "3:39 A|A|6", "5:39 A|C|2",
	  "!2:33 layout: the row deletes figures; deletions are not taken" },
	{ "csv2/data_v2_two_actions.csv", 1, 2, 1, "3:39 A|A|6", "4:39 A|B|1",
	  "!2:33 layout: the row deletes figures; deletions are not taken" },
	{ "json1/bis-json1.0-data.json", 1, 0, 8, NULL, NULL, /* cut: 8 of 16 dimensions */
	  "!1:377 layout: the key '0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0' does not say a value of each "
	  "of 8 dimensions; it is left out" },
	{ "json1/ecb_exr-action-delete.json", 1, 2, 1,
	  "|2013-01-18|40.3426|Russian rouble (RUB)|A|Normal value",
	  "|2013-01-21|40.3000|Russian rouble (RUB)|A|Normal value",
	  "!145:12 layout: the data set deletes figures; deletions are not taken" },
	{ "json1/ecb_exr-flat.json", 1, 4, 0,
	  "|2013-01-18|1.5931|New Zealand dollar (NZD)|A|Normal value",
	  "|2013-01-21|40.3000|Russian rouble (RUB)|A|Normal value", NULL },
	{ "json1/ecb_exr-ts.json", 1, 4, 0,
	  "|2013-01-18|1.5931|New Zealand dollar (NZD)|A|Normal value",
	  "|2013-01-21|40.3000|Russian rouble (RUB)|A|Normal value", NULL },
	{ "json1/ecb_exr-xs.json", 1, 4, 0,
	  "|2013-01-18|1.5931|A|Normal value|New Zealand dollar (NZD)",
	  "|2013-01-21|40.3000|A|Normal value|Russian rouble (RUB)", NULL },
	{ "json2/exr-time-series-json2.1-data.json", 1, 4, 0,
	  "|2013-01-18|1.5931|P1D|Daily|New Zealand dollar (NZD)|A|Normal value",
	  "|2013-01-21|40.3|P1D|Daily|Russian rouble (RUB)|A|Normal value", NULL },
	{ "ml21/bis-str_ser.xml", 1, 1000, 0, "|2002||M|F|3|6|USD", "|2009||M|F|3|6|USD", NULL },
	{ "ml21/ecb_exr-M.USD.EUR.SP00.A.xml", 1, 252, 0, "|1999-01|1.16078|A",
	  "|2019-12|1.111345|A", NULL },
	{ "ml21/ecb_exr-ng-flat.xml", 1, 12, 0,
	  "M|CHF|EUR|SP00|E|2010-08|1.3413|A|F|4|CHF|0|Average of observations through "
	  "period|ECB reference exchange rate, Swiss franc/Euro",
	  "|2010-10|1.3898|A|F|4|USD|0|Average of observations through period|ECB reference "
	  "exchange rate, U.S. dollar/Euro",
	  NULL },
	{ "ml21/ecb_exr-ng-ts-ss.xml", 1, 12, 0, "|2010-08|1.3413|A|F", "|2010-10|1.3898|A|F",
	  NULL },
	{ "ml21/ecb_exr-ng-ts.xml", 1, 12, 0, "|2010-08|1.3413|A|F", "|2010-10|1.3898|A|F", NULL },
	{ "ml21/ecb_exr-ng-xs.xml", 1, 12, 0,
	  "|2010-08|Average of observations through period|CHF|1.3413|A|F|4|CHF|0|ECB reference "
	  "exchange rate, Swiss franc/Euro",
	  "|USD|1.3898|A|F|4|USD|0|ECB reference exchange rate, U.S. dollar/Euro", NULL },
	{ "ml21/ecb_exr-rg-ts.xml", 1, 12, 0, /* attributes of two kinds of groups */
	  "SP00|E|CHF|EUR|M|2010-08|1.3413|A|F|Average of observations through "
	  "period|4|CHF|0|ECB reference exchange rate, Swiss franc/Euro",
	  "|2010-10|1.3898|A|F|Average of observations through period|4|USD|0|ECB reference "
	  "exchange rate, U.S. dollar/Euro",
	  NULL },
	{ "ml21/ecb_exr-sg-ts.xml", 1, 12, 0,
	  "|2010-08|1.3413|A|F|ECB reference exchange rate, Swiss franc/Euro",
	  "|2010-10|1.3898|A|F|ECB reference exchange rate, U.S. dollar/Euro", NULL },
	{ "ml21/estat-footer.xml", 0, 0, 0, NULL, NULL,
	  "no figures, the answer comes later (message 413): Due to the large query the response "
	  "will be written to a file which will be located under URL: "
	  "http://ec.europa.eu/eurostat/SDMX/diss-web/file/wHsvjs7hQCy7Dqf4 " },
	{ "ml21/estat-footer2.xml", 0, 0, 0, NULL, NULL,
	  "no figures, the answer comes later (message 413): Due to the large query the response "
	  "will be written to a file which will be located under URL: "
	  "http://ec.europa.eu/eurostat/SDMX/diss-web/file/7JUdWyAy4fmjBSWT " },
	{ "ml30/data_dataflow_3.0.xml", 1, 2, 0, "|2002|K|S|M|F|3|6|USD|", "|2003|K|S|M|F|3|6|USD|",
	  NULL },
	{ "ml30/data_datastructure_3.0_series.xml", 1, 3, 0, "|1983-Q4|561783.0|A|F|3|6|USD",
	  "|1984-Q4|683104.0|A|F|3|6|USD", NULL },
	{ "ml30/data_prov_agree_3.0.xml", 1, 3, 0, "4|A|1|10|7|3|6|USD|", "6|C|3|12|9|3|6|USD|",
	  NULL },
	{ "structure/bis_der-structure-json2.0.json", 0, 0, 0, NULL, NULL,
	  "the message holds structures and no figures" },
	{ "structure/data_structure.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/data_structure_metadata.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/data_structure_no_structure.xml", 0, 0, 0, NULL, NULL, /* called data */
	  "the message holds no data set" },
	{ "structure/dataflow_final_version.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/dataflow_no_structure_specific.xml", 0, 0, 0, NULL, NULL, /* and data */
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/dataflow_structure.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/datastructure_complete_with_link.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/datastructure_concept_id_with_ref.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
	{ "structure/datastructure_group.xml", 0, 0, 0, NULL, NULL,
	  "line 2, column 1: the message holds structures and no figures" },
};

/* The n-th line that is a row, from the front or from the back. */
static struct slice row_line(const struct records *r, bool last)
{
	struct slice found = slice_str("");

	for (const char *p = r->text.p; *p; p = strchr(p, '\n') + 1) {
		struct slice line = slice_of(p, (size_t)(strchr(p, '\n') - p));

		if (*p < '0' || *p > '9' || !memchr(p, ':', line.n) || !memchr(p, ' ', line.n))
			continue;
		found = line;
		if (!last)
			break;
	}
	return found;
}

static void assert_row_ends(const struct sample *s, struct slice row, const char *end)
{
	if (end && !slice_ends(row, end))
		fail_msg("%s: \"%.*s\" does not end with \"%s\"", s->file, SLICE_FMT(row), end);
}

static void check_sample(const struct sample *s, const struct records *r)
{
	bool refused = s->said && s->said[0] != '!';

	if (refused != (r->rc < 0))
		fail_msg("%s: %s", s->file, r->rc < 0 ? r->e.text : "was not refused");
	if (refused && strcmp(r->e.text, s->said) != 0)
		fail_msg("%s: %s", s->file, r->e.text);
	if (s->said && !refused && !strstr(r->text.p, s->said))
		fail_msg("%s: nobody says \"%s\" in\n%s", s->file, s->said, r->text.p);
	if (r->tables != s->tables || r->rows != s->rows || r->complaints != s->complaints)
		fail_msg("%s: %zu tables, %zu rows, %zu complaints", s->file, r->tables, r->rows,
			 r->complaints);
	assert_row_ends(s, row_line(r, false), s->first);
	assert_row_ends(s, row_line(r, true), s->last);
}

static void each_sample_gives_what_is_known_of_it(void **state)
{
	(void)state;
	if (!shared_path(INSEE))
		skip();
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		struct records r = { .rc = 0 };
		char name[256], *body;
		const char *path;
		size_t n;

		snprintf(name, sizeof(name), SAMPLES "%s", samples[i].file);
		path = shared_path(name);
		assert_non_null(path);
		body = tmp_read(path, &n);
		sdmx_records_read(&r, slice_of(body, n), NULL);
		check_sample(&samples[i], &r);
		records_release(&r);
		free(body);
	}
}

/* --- the same figures in two formats ------------------------------------------------ */

static const char *const compared[] = { "FREQ",          "DER_TYPE",  "DER_CURR_LEG1",
					"DER_CURR_LEG2", "DER_BASIS", "AVAILABILITY",
					"TIME_PERIOD",   "OBS_VALUE", "OBS_STATUS",
					"OBS_CONF" };
enum { COMPARED = sizeof(compared) / sizeof(*compared) };

struct written {
	struct buf text;
	size_t at[COMPARED], rows;
};

static int write_row(void *ctx, const struct row *row, struct err *e)
{
	struct written *w = ctx;

	(void)e;
	for (size_t i = 0; i < COMPARED; i++) {
		for (size_t k = 0; w->rows == 0 && k < row->n; k++)
			if (slice_is(row->cells[k].text, compared[i]))
				w->at[i] = k;
		buf_printf(&w->text, "%.*s|", SLICE_FMT(row->cells[w->at[i]].text));
	}
	buf_putc(&w->text, '\n');
	w->rows++;
	return 1;
}

static void write_sample(struct written *w, const char *file)
{
	struct row_sink sink = { .row = write_row, .ctx = w };
	struct arena a;
	struct err e;
	size_t n;
	char *body = tmp_read(shared_path(file), &n);

	buf_init(&w->text, 1 << 20);
	arena_init(&a, 16 << 20);
	assert_ok(sdmx_read(slice_of(body, n), &a, NULL, &sink, &e), &e);
	arena_release(&a);
	free(body);
	buf_putc(&w->text, '\0');
	assert_ok(buf_check(&w->text, &e), &e);
}

static void a_thousand_figures_are_the_same_in_csv_and_xml(void **state)
{
	struct written csv = { .rows = 0 }, ml = { .rows = 0 };

	(void)state;
	if (!shared_path(INSEE))
		skip();
	write_sample(&csv, SAMPLES "csv1/data_v1.csv");
	write_sample(&ml, SAMPLES "ml21/bis-str_ser.xml");
	assert_int_equal(csv.rows, 1001);
	assert_string_equal(csv.text.p, ml.text.p);
	buf_release(&csv.text);
	buf_release(&ml.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_3230_figures_of_the_production_index_come_out),
		cmocka_unit_test(each_sample_gives_what_is_known_of_it),
		cmocka_unit_test(a_thousand_figures_are_the_same_in_csv_and_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
