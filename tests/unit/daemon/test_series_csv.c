/* test_series_csv.c - rows of the CSV of export and import, there and back. */
#include "daemon/series_csv.h"
#include "tests/lib/assert.h"

struct fixture {
	struct csv_reader *r;
	struct csv_row row;
	unsigned column;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.r = csv_reader_new(&f.e);
	assert_non_null(f.r);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	csv_reader_free(f->r);
	return 0;
}

static int header(struct fixture *f, const char *text)
{
	return csv_reader_header(f->r, slice_str(text), &f->e);
}

static int line(struct fixture *f, const char *text)
{
	return csv_reader_line(f->r, slice_str(text), &f->row, &f->column, &f->e);
}

static void must_read(struct fixture *f, const char *text)
{
	int rc = line(f, text);

	if (rc != 1)
		fail_msg("%s: %s", text, rc < 0 ? f->e.text : "empty");
}

static double from_bits(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static void values_come_back_bit_for_bit(void **state)
{
	static const struct {
		uint64_t bits;
		const char *text;
	} values[] = {
		{ 0x3ff8000000000000, "1.5" },
		{ 0x8000000000000000, "-0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0x41d26580b4800000, "1234567890" },
		{ 0x7ff0000000000000, "+Inf" },
		{ 0xfff0000000000000, "-Inf" },
		{ 0x7ff8000000000001, "NaN" },
		{ 0x7ff0000000000002, "NaN:0x7ff0000000000002" },
		{ 0x7ff8000000000000, "NaN:0x7ff8000000000000" },
		{ 0xffffffffffffffff, "NaN:0xffffffffffffffff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char text[CSV_VALUE_TEXT];
		struct err e;
		double v;

		csv_value_print(from_bits(values[i].bits), text);
		assert_string_equal(text, values[i].text);
		assert_ok(csv_value_parse(slice_str(text), &v, &e), &e);
		assert_true(num_same(v, from_bits(values[i].bits)));
	}
}

static void what_is_no_nan_is_refused(void **state)
{
	static const char *const wrong[] = { "NaN:0x7ff0000000000000", "NaN:0x3ff0000000000000",
					     "NaN:0x7ff000000000000",  "NaN:0x7ff00000000000022",
					     "NaN:0x7ff000000000000g", "NaN:0x" };
	struct err e;
	double v;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(csv_value_parse(slice_str(wrong[i]), &v, &e), &e, ERR_INVALID,
			     "is not the 16 hexadecimal digits of a NaN");
}

static void times_come_back_whatever_their_year(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} times[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ 253402300800000, "253402300800000" },
		{ -62167219200000, "0000-01-01T00:00:00.000Z" },
		{ -62167219200001, "-62167219200001" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[TIME_TEXT];
		struct err e;
		int64_t ms;

		assert_string_equal(csv_time_print(times[i].ms, text), times[i].text);
		assert_ok(csv_time_parse(slice_str(text), &ms, &e), &e);
		assert_true(ms == times[i].ms);
	}
}

static void a_plain_sample_is_read(void **state)
{
	struct fixture *f = *state;

	assert_ok(header(f, "\xef\xbb\xbfseries,time,value\r"), &f->e);
	must_read(f, "\"up{a=\"\"1,2\"\"}\",2026-10-31T00:00:00+08:00,-1.25\r");
	assert_int_equal(f->row.n, 2);
	assert_slice(f->row.l[0].value, "up");
	assert_slice(f->row.l[1].value, "1,2");
	assert_true(f->row.t_ms == INT64_C(1793376000000));
	assert_f64(f->row.value, -1.25);
	assert_false(f->row.figure);
	assert_false(f->row.same_series);
	must_read(f, "\"up{a=\"\"1,2\"\"}\",-5,7");
	assert_true(f->row.same_series);
	assert_true(f->row.t_ms == -5);
	must_read(f, "up,5,7");
	assert_false(f->row.same_series);
	assert_int_equal(line(f, ""), 0);
	assert_int_equal(line(f, "\r"), 0);
}

static void a_figure_is_what_has_months(void **state)
{
	struct fixture *f = *state;

	assert_ok(header(f, "value,series,months,stamp,flags,known_from,released"), &f->e);
	must_read(f, "5,x,3,2026-09-30T00:00:00Z,revised suspect,2026-10-20T00:00:00Z,"
		     "2026-10-21T00:00:00Z");
	assert_true(f->row.figure && f->row.known && !f->row.unreleased);
	assert_int_equal(f->row.months, 3);
	assert_int_equal(f->row.flags, FIGURE_REVISED | FIGURE_SUSPECT);
	assert_true(f->row.released_ms - f->row.known_from_ms == 86400000);
	must_read(f, "5,x,0,2026-09-30T00:00:00Z,,,");
	assert_true(f->row.figure && !f->row.known && f->row.unreleased);
	must_read(f, "NaN,x,,2026-09-30T00:00:00Z,,,");
	assert_false(f->row.figure);
	assert_ok(header(f, "series,stamp,value,months"), &f->e);
	must_read(f, "x,0,1,1");
	assert_false(f->row.unreleased);
}

static void what_is_written_is_read(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = labels_make(&f->e, "x", "a", "1,\"\n", NULL);
	const struct vintage v = { .stamp_ms = -86400000,
				   .value = 0.1,
				   .known_from_ms = 5,
				   .received_ms = 6,
				   .released_ms = 7,
				   .submission = 8,
				   .months = 2,
				   .flags = 0x81 };
	struct buf series, out;

	assert_non_null(ls);
	buf_init(&series, 1000);
	buf_init(&out, 10000);
	csv_put_series(&series, ls);
	csv_put_figure(&out, buf_all(&series), &v, slice_str("a,\nb"));
	assert_slice(buf_all(&out),
		     "\"x{a=\"\"1,\\\"\"\\n\"\"}\",1969-12-31T00:00:00.000Z,0.1,2,provisional "
		     "flag7,1970-01-01T00:00:00.005Z,1970-01-01T00:00:00.006Z,"
		     "1970-01-01T00:00:00.007Z,8,\"a, b\"\n");
	out.p[out.n - 1] = '\0';
	assert_ok(header(f, "series,stamp,value,months,flags,known_from,received,released,"
			    "submission,source"),
		  &f->e);
	must_read(f, out.p);
	assert_slice(f->row.l[1].value, "1,\"\n");
	assert_int_equal(f->row.flags, 0x81);
	assert_true(f->row.known_from_ms == 5 && f->row.released_ms == 7);
	buf_clear(&out);
	csv_put_sample(&out, buf_all(&series), 0, 1, true);
	out.p[out.n - 1] = '\0';
	must_read(f, out.p);
	assert_false(f->row.figure);
	buf_release(&out);
	buf_release(&series);
	labels_unref(ls);
}

static void a_suppressed_figure_has_an_empty_value(void **state)
{
	const struct vintage v = { .value = figure_no_value(),
				   .months = 1,
				   .submission = 8,
				   .flags = FIGURE_REVISED | FIGURE_SUPPRESSED };
	struct fixture *f = *state;
	struct buf out;

	buf_init(&out, 1000);
	csv_put_figure(&out, slice_str("x"), &v, slice_str("a"));
	assert_slice(buf_all(&out), "x,1970-01-01T00:00:00.000Z,,1,revised suppressed,"
				    "1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.000Z,,8,a\n");
	out.p[out.n - 1] = '\0';
	assert_ok(header(f, "series,stamp,value,months,flags,known_from,received,released,"
			    "submission,source"),
		  &f->e);
	must_read(f, out.p);
	assert_int_equal(f->row.flags, v.flags);
	assert_true(num_same(f->row.value, v.value));
	buf_release(&out);
}

static void the_name_of_a_source_is_no_formula(void **state)
{
	static const struct {
		const char *source, *cell;
	} t[] = {
		{ "=1+1", "'=1+1" },
		{ "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0" },
		{ "+1+1", "'+1+1" },
		{ "-1+1", "'-1+1" },
		{ "-", "'-" },
		{ "--1", "'--1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "\t=1", "' =1" },
		{ "\r=1", "' =1" },
		{ "=A1,B1", "\"'=A1,B1\"" },
		{ "=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"" },
		{ "+\xef\xbc\x91", "'+\xef\xbc\x91" },
		{ "-1.5", "-1.5" },
		{ "+7e3", "+7e3" },
		{ "a=1", "a=1" },
		{ "'=1", "'=1" },
		{ "", "" },
	};
	const struct vintage v = { .stamp_ms = 0, .value = -1.5, .months = 1, .submission = 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf out;
		char want[200];

		buf_init(&out, 10000);
		csv_put_figure(&out, slice_str("x"), &v, slice_str(t[i].source));
		snprintf(want, sizeof(want),
			 "x,1970-01-01T00:00:00.000Z,-1.5,1,,1970-01-01T00:00:00.000Z,"
			 "1970-01-01T00:00:00.000Z,,8,%s\n",
			 t[i].cell);
		assert_slice(buf_all(&out), want);
		buf_release(&out);
	}
}

static void bad_headers_say_what_is_wrong(void **state)
{
	struct fixture *f = *state;

	assert_fails(header(f, "series,time,valu"), &f->e, ERR_INVALID,
		     "there is no column 'valu'; there are series, time or stamp, value");
	assert_fails(header(f, "series,time"), &f->e, ERR_INVALID,
		     "the first line does not name the columns series, time (or stamp) and value");
	assert_fails(header(f, "series,time,stamp,value"), &f->e, ERR_INVALID,
		     "the column 'stamp' is there twice");
	assert_fails(header(f, "series,stamp,value,known_from"), &f->e, ERR_INVALID,
		     "columns of figures without months");
	assert_fails(header(f, ""), &f->e, ERR_INVALID, "there is no column ''");
}

static void bad_rows_have_their_column(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *why;
	} wrong[] = {
		{ "x,0", 1, "the row has 2 cells, the first line 6" },
		{ "x,0,1,1,,,,", 1, "the row has 8 cells, the first line 6" },
		{ "\"x,0,1,1,,", 1, "the quote that begins here has no end on this line" },
		{ "\"x\"y,0,1,1,,", 4, "text stands behind a closing quote" },
		{ "x{,0,1,1,,", 1, "series: 1:3: parse error: unexpected end of input inside" },
		{ "x,soon,1,1,,", 3, "'soon' is not a time such as" },
		{ "x,0,one,1,,", 5, "'one' is not a number" },
		{ "x,0,NaN,1,,", 5, "a figure must be a finite number" },
		{ "x,0,1,256,,", 7, "'256' is not a number of months" },
		{ "x,0,1,-1,,", 7, "'-1' is not a number of months" },
		{ "x,0,1,1,good,", 9, "'good' is not a flag; there are provisional" },
		{ "x,0,1,1,,then", 10, "'then' is not a time" },
		{ "x,0,,1,,", 5, "only a figure that is suppressed has no value" },
		{ "x,0,,,,", 5, "only a figure that is suppressed has no value" },
		{ "x,0,,,suppressed,", 5, "only a figure that is suppressed has no value" },
		{ "x,0,1,1,suppressed,", 5, "a suppressed figure has no value: leave it empty" },
		{ "x,0,NaN,1,suppressed,", 5, "a suppressed figure has no value: leave it empty" },
		{ "x,0,,1,zero suppressed,", 5, "a suppressed figure is no zero" },
		{ "x,0,1,,zero,", 8, "a row without months is a plain sample" },
		{ "\"x{a=\"\"园\"\"}\",0,1,1,,then", 21, "'then' is not a time" },
	};
	struct fixture *f = *state;

	assert_ok(header(f, "series,stamp,value,months,flags,known_from"), &f->e);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc = line(f, wrong[i].text);

		assert_fails(rc, &f->e, ERR_INVALID, wrong[i].why);
		if (f->column != wrong[i].column)
			fail_msg("%s: column %u", wrong[i].text, f->column);
	}
	must_read(f, "x,0,1,1,,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_bit_for_bit),
		cmocka_unit_test(what_is_no_nan_is_refused),
		cmocka_unit_test(times_come_back_whatever_their_year),
		cmocka_unit_test_setup_teardown(a_plain_sample_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_figure_is_what_has_months, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_suppressed_figure_has_an_empty_value, setup,
						teardown),
		cmocka_unit_test(the_name_of_a_source_is_no_formula),
		cmocka_unit_test_setup_teardown(bad_headers_say_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_rows_have_their_column, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
