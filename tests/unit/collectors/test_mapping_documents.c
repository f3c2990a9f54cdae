/* test_mapping_documents.c - documents as a whole: encodings, limits, memory, plain samples. */
#include "base/alloc.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/standard.h"

static void a_broken_byte_in_gbk_costs_its_row(void **state)
{
	struct documents *d = *state;
	/* 园区,指标,期间,数值,状态 / 甲河,总产值,… / 乙 + a byte that is none / 乙山,… */
	struct document doc = standard("\xd4\xb0\xc7\xf8,\xd6\xb8\xb1\xea,\xc6\xda\xbc\xe4,"
				       "\xca\xfd\xd6\xb5,\xd7\xb4\xcc\xac\n"
				       "\xbc\xd7\xba\xd3,\xd7\xdc\xb2\xfa\xd6\xb5,2026-10,12.3\n"
				       "\xd2\xd2\xff,\xd7\xdc\xb2\xfa\xd6\xb5,2026-09,1\n"
				       "\xd2\xd2\xc9\xbd,\xd7\xdc\xb2\xfa\xd6\xb5,2026-10,2\n");

	for (int k = 0; k < 2; k++) {
		doc.encoding = k ? TEXT_GB18030 : TEXT_AUTO;
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_int_equal(d->b->nobs, 2);
		assert_int_equal(d->b->refused, 1);
		assert_complaint(d, 0, REFUSED_ENCODING, 3, 3,
				 "line 3, byte 3: 0xff is not GB18030; the line is left out");
		assert_figure(d, "jiahe", "output_yuan", "2026-10", 1230000000.0);
		assert_figure(d, "yishan", "output_yuan", "2026-10", 2e8);
	}
}

static void progress_counts_bytes_as_they_came(void **state)
{
	struct documents *d = *state;
	struct progress progress = { 0 };
	struct document doc = standard("");
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "\xd4\xb0\xc7\xf8,\xd6\xb8\xb1\xea,\xc6\xda\xbc\xe4,"
		     "\xca\xfd\xd6\xb5,\xd7\xb4\xcc\xac\n");
	for (int i = 0; i < 100; i++) /* 乙山,总产值 */
		buf_puts(&b, "\xd2\xd2\xc9\xbd,\xd7\xdc\xb2\xfa\xd6\xb5,2026-10,1\n");
	doc.body = buf_all(&b);
	doc.progress = &progress;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nobs, 1);
	assert_true(atomic_load(&progress.read_bytes) > b.n - 30);
	assert_true(atomic_load(&progress.read_bytes) <= b.n);
	buf_release(&b);
}

static void a_broken_byte_in_utf8_costs_its_row_and_does_not_make_it_gbk(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,总产值,2026-10,12.3\n"
					    "乙山\xe5,总产值,2026-09,1\n"
					    "乙山,总产值,2026-10,2\n");

	for (int k = 0; k < 2; k++) {
		doc.encoding = k ? TEXT_UTF8 : TEXT_AUTO;
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_int_equal(d->b->nobs, 2);
		assert_int_equal(d->b->refused, 1);
		assert_complaint(d, 0, REFUSED_ENCODING, 3, 7,
				 "line 3, byte 7: 0xe5 is not UTF-8; the line is left out");
	}
}

static void refuses_document(struct documents *d, enum feed_format format, struct slice body,
			     enum refusal why, const char *text)
{
	struct document doc = standard("");

	doc.format = format;
	doc.body = body;
	doc.feed = "f";
	doc.instance = "h:1";
	assert_fails(documents_decode(d, &doc), &d->e, ERR_INVALID, text);
	assert_int_equal(d->b->nobs, 0);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, why, 0, 0, text);
}

static void a_document_that_is_something_else_is_refused_as_a_whole(void **state)
{
	struct documents *d = *state;

	refuses_document(d, FORMAT_CSV, slice_str(""), REFUSED_LAYOUT, "the document is empty");
	refuses_document(d, FORMAT_JSON, slice_str(" "), REFUSED_LAYOUT, "the document is empty");
	refuses_document(d, FORMAT_CSV,
			 slice_str("<!DOCTYPE HTML><html><head><TITLE>\xb5\xc7\xc2\xbc</TITLE>"),
			 REFUSED_LAYOUT, "this is an HTML page, not CSV: '登录'");
	refuses_document(d, FORMAT_CSV, slice_of("a,\0\n", 4), REFUSED_LAYOUT,
			 "this is not text: a NUL byte at byte 3, line 1");
	refuses_document(d, FORMAT_PROMETHEUS, slice_str("<html>"), REFUSED_LAYOUT,
			 "this is an HTML page, not metrics");
	refuses_document(d, FORMAT_JSON, slice_str("[\"\xff\xff\"]"), REFUSED_ENCODING,
			 "line 1, byte 3: 0xff is not GB18030");
	refuses_document(d, FORMAT_CSV, slice_str("园区,期间,数值\n"), REFUSED_LAYOUT,
			 "line 1: looks like the header, but column '状态' is not in it");
}

static void more_rows_than_allowed_end_the_document_and_keep_what_came_before(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,税收,2026-08,1\n甲河,税收,2026-09,2\n"
					    "甲河,税收,2026-10,3\n");

	doc.rows_limit = 2;
	assert_fails(documents_decode(d, &doc), &d->e, ERR_LIMIT, "line 4: more than 2 rows");
	assert_int_equal(d->b->nobs, 2);
	assert_complaint(d, 0, REFUSED_LIMIT, 0, 0, "line 4: more than 2 rows");
}

static void a_batch_that_is_too_small_is_a_limit(void **state)
{
	struct documents *d = *state;
	struct document doc = standard("");
	char *csv = malloc(1 << 20), *to = stpcpy(csv, HEAD);

	for (int year = 1950; year < 2020; year++)
		for (int month = 2; month <= 12; month++)
			for (int k = 0; k < 8; k++)
				to += sprintf(to, "甲河,税收,%d-%02d,%d\n", year, month, 5);
	doc.body = slice_str(csv);
	batch_free(d->b);
	d->b = batch_new(64 << 10, &d->e);
	assert_fails(document_decode(&doc, d->cat, &d->history, d->b, &d->e), &d->e, ERR_LIMIT,
		     "more memory than it may have");
	free(csv);
}

static void a_document_has_half_a_gibibyte_at_most(void **state)
{
	(void)state;
	assert_int_equal(batch_room(0), 64 << 20);
	assert_int_equal(batch_room(4 << 20), 128 << 20);
	assert_int_equal(batch_room(28 << 20), 512 << 20);
	assert_int_equal(batch_room((28 << 20) + 1), 512 << 20);
	assert_int_equal(batch_room(UINT64_MAX), 512 << 20);
}

static void complaints_are_limited_but_counted(void **state)
{
	struct documents *d = *state;
	char *csv = malloc(1 << 20), *to = stpcpy(csv, HEAD);

	for (int i = 0; i < 3000; i++)
		to += sprintf(to, "甲河,税收,2026-10,x%d\n", i);
	take(d, csv);
	assert_int_equal(d->b->ncomplaints, BATCH_COMPLAINTS_MAX);
	assert_int_equal(d->b->count[REFUSED_VALUE], 3000);
	assert_int_equal(d->b->refused, 3000);
	assert_int_equal(d->b->rows, 3000);
	free(csv);
}

static void running_out_of_memory_anywhere_is_an_error_and_leaks_nothing(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,总产值(亿元),2026-09,\"1,200\"\n"
					    "甲河,总产值,2026-10,１３\n丙水,税收,2026-10,1\n");
	struct starve s = { 0 };
	long held = 0;

	batch_free(d->b);
	d->b = NULL;
	while (starve_again(&s)) {
		int rc = -1;

		mem_count(1);
		starve_begin(&s);
		d->b = batch_new(1 << 20, &d->e);
		if (d->b)
			rc = document_decode(&doc, d->cat, &d->history, d->b, &d->e);
		/* A name that could not be looked up is not an unknown one: no row is refused for
		 * want of memory, the document fails as a whole. */
		starve_end(&s, rc == 0, &d->e);
		if (rc == 0)
			break;
		batch_free(d->b);
		d->b = NULL;
		/* Arenas keep blocks for reuse, the first time round. */
		if (s.failed > 51)
			assert_true(mem_held() <= held);
		held = mem_held() > held ? mem_held() : held;
	}
	mem_count(0);
	assert_non_null(d->b);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->refused, 1);
}

static void a_row_that_does_not_fit_fails_the_document_and_not_the_row(void **state)
{
	enum { WIDE = 700000 };
	static const char *const joined[] = { "年", "月" };
	struct documents *d = *state;
	struct document doc = standard(NULL);
	struct layout l = *&long_layout;
	char *csv = malloc(2 * WIDE + 200), *to;

	l.period.columns = joined;
	l.period.ncolumns = 2;
	to = stpcpy(csv, "园区,指标,年,月,数值,状态\n甲河,税收,2026,10,5,\n乙山,税收,");
	memset(to, '1', 2 * WIDE);
	to[WIDE] = ',';
	strcpy(to + 2 * WIDE, ",5,\n");
	doc.layout = &l;
	doc.body = slice_str(csv);
	batch_free(d->b);
	d->b = batch_new(1 << 20, &d->e);
	assert_fails(document_decode(&doc, d->cat, &d->history, d->b, &d->e), &d->e, ERR_LIMIT,
		     "the document needs more memory than it may have (1 MiB for this document; in "
		     "smaller parts it can be taken)");
	/* What was read before stays. */
	assert_int_equal(d->b->nobs, 1);
	free(csv);
}

static void plain_samples_get_job_and_instance(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_PROMETHEUS,
				.body = slice_str(
					"# TYPE heat gauge\nheat 1\ntemp{job=\"x\"} 2.5 "
					"1795406399000\npark_output_yuan{park=\"jiahe\"} 3\n"
					"park_output_yuan{park=\"yishan\"} 4\nbad\n"),
				.feed = "node",
				.instance = "127.0.0.1:9100",
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nsamples, 2);
	assert_slice(labels_name(d->b->samples[0].labels), "heat");
	assert_slice(labels_get(d->b->samples[0].labels, slice_str("job")), "node");
	assert_slice(labels_get(d->b->samples[0].labels, slice_str("instance")), "127.0.0.1:9100");
	assert_f64(d->b->samples[0].value, 1.0);
	assert_int_equal(d->b->samples[0].t_ms, NOW_MS);
	assert_slice(labels_get(d->b->samples[1].labels, slice_str("exported_job")), "x");
	assert_int_equal(d->b->samples[1].t_ms, NOW_MS - 1000);
	assert_int_equal(d->b->refused, 3);
	assert_int_equal(d->b->count[REFUSED_CATALOGUED], 2);
	assert_complaint(
		d, 0, REFUSED_CATALOGUED, 4, 1,
		"'park_output_yuan' is a statistic of the catalogue and is not taken as a plain "
		"metric");
	assert_complaint(d, 1, REFUSED_LAYOUT, 6, 4, "the sample has no value");
}

static void open_metrics_is_known_by_its_type_or_its_end(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_PROMETHEUS,
				.body = slice_str("a 1 1795406399.5\n# EOF\n"),
				.feed = "f",
				.instance = "h:1",
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->samples[0].t_ms, NOW_MS - 500);
	doc.content_type = slice_str("application/openmetrics-text; version=1.0.0");
	doc.body = slice_str("a 1\n");
	assert_fails(documents_decode(d, &doc), &d->e, ERR_INVALID,
		     "the text ends without '# EOF'");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, no_history)
	const struct CMUnitTest tests[] = {
		CASE(a_broken_byte_in_gbk_costs_its_row),
		CASE(progress_counts_bytes_as_they_came),
		CASE(a_broken_byte_in_utf8_costs_its_row_and_does_not_make_it_gbk),
		CASE(a_document_that_is_something_else_is_refused_as_a_whole),
		CASE(more_rows_than_allowed_end_the_document_and_keep_what_came_before),
		CASE(a_batch_that_is_too_small_is_a_limit),
		CASE(a_document_has_half_a_gibibyte_at_most),
		CASE(complaints_are_limited_but_counted),
		CASE(running_out_of_memory_anywhere_is_an_error_and_leaks_nothing),
		CASE(a_row_that_does_not_fit_fails_the_document_and_not_the_row),
		CASE(plain_samples_get_job_and_instance),
		CASE(open_metrics_is_known_by_its_type_or_its_end),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
