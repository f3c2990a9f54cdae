/* test_export.c - a store out as text and into another store, which then writes the same bytes. */
#include "base/alloc.h"
#include "daemon/commands.h"
#include "daemon/export.h"
#include "daemon/import.h"
#include "tests/lib/starve.h"
#include "tests/unit/storage/help.h"

#include <fcntl.h>
#include <unistd.h>

#define DAY INT64_C(86400000)

struct pair {
	char *dir; /* of files */
	char *from_dir, *to_dir;
	struct store *from, *to;
	struct err e;
};

static int setup(void **state)
{
	static struct pair f;

	f = (struct pair){ .dir = tmp_make(), .from_dir = tmp_make(), .to_dir = tmp_make() };
	f.from = must_open(f.from_dir);
	f.to = must_open(f.to_dir);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct pair *f = *state;

	store_close(f->from);
	store_close(f->to);
	assert_sound(f->from_dir);
	assert_sound(f->to_dir);
	tmp_remove(f->dir);
	tmp_remove(f->from_dir);
	tmp_remove(f->to_dir);
	return 0;
}

static const struct export_options everything = { .format = EXPORT_OPENMETRICS,
						  .from_ms = INT64_MIN,
						  .to_ms = INT64_MAX,
						  .view = { .as_of_ms = INT64_MAX } };

/* The text, to be freed; also in a file of that name. */
static char *export_as(struct pair *f, struct store *s, struct export_options o, const char *name,
		       struct export_counts *counts)
{
	const char *path = tmp_path(f->dir, name);
	struct export_counts mine;
	size_t n;

	o.store = s;
	o.complaints = stderr;
	o.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(o.fd >= 0);
	assert_ok(export_run(&o, counts ? counts : &mine, &f->e), &f->e);
	close(o.fd);
	return tmp_read(path, &n);
}

static void assert_exports(struct pair *f, struct store *s, struct export_options o,
			   const char *want)
{
	char *text = export_as(f, s, o, "check", NULL);

	assert_string_equal(text, want);
	free(text);
}

struct outcome {
	struct import_counts counts;
	char *said; /* complaints, to be freed */
	int rc;
};

static struct outcome import_from(struct pair *f, struct store *s, const char *name, bool trusted)
{
	struct outcome r;
	size_t n;
	struct import_options o = { .store = s,
				    .source = trusted ? "office" : NULL,
				    .owner = "unit",
				    .trusted = trusted,
				    .complaints = open_memstream(&r.said, &n) };

	r.rc = import_file(&o, tmp_path(f->dir, name), &r.counts, &f->e);
	fclose(o.complaints);
	return r;
}

static void write_text(struct pair *f, const char *name, const char *text)
{
	tmp_write(tmp_path(f->dir, name), text, strlen(text));
}

static void must_import(struct pair *f, struct store *s, const char *name, bool trusted)
{
	struct outcome r = import_from(f, s, name, trusted);

	assert_ok(r.rc, &f->e);
	assert_string_equal(r.said, "");
	assert_int_equal(r.counts.refused, 0);
	free(r.said);
}

/* A text is imported, and of it is said each of what stands in `said`, up to NULL. */
static struct import_counts import_said(struct pair *f, struct store *s, const char *name,
					bool trusted, const char *text, const char *const *said)
{
	struct outcome r;

	write_text(f, name, text);
	r = import_from(f, s, name, trusted);
	assert_ok(r.rc, &f->e);
	for (; *said; said++)
		assert_has(r.said, *said);
	free(r.said);
	return r.counts;
}

#define IMPORT(f, s, name, trusted, text, ...)                                                     \
	import_said(f, s, name, trusted, text, (const char *const[]){ __VA_ARGS__, NULL })

/* A text that is no document at all. */
static void assert_import_fails(struct pair *f, const char *name, const char *text,
				enum err_code code, const char *why)
{
	struct outcome r;

	if (text)
		write_text(f, name, text);
	r = import_from(f, f->to, name, false);
	assert_fails(r.rc, &f->e, code, why);
	free(r.said);
}

/* What is in both stores is the same; `want` NULL: whatever that is. */
static void assert_same_exports(struct pair *f, struct export_options o, const char *want)
{
	char *first = export_as(f, f->from, o, "first", NULL);
	char *second = export_as(f, f->to, o, "second", NULL);

	if (want)
		assert_string_equal(first, want);
	assert_true(strcmp(first, second) == 0);
	free(first);
	free(second);
}

/* By way of a file of that name. */
static void carry_over(struct pair *f, struct export_options o, const char *name, bool trusted)
{
	free(export_as(f, f->from, o, name, NULL));
	must_import(f, f->to, name, trusted);
}

static double from_bits(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static void put(struct pair *f, const char *name, const char *park, int64_t t_ms, double v)
{
	struct labels *ls = series_named(name, park);

	assert_ok(put_sample(f->from, ls, t_ms, v, &f->e), &f->e);
	labels_unref(ls);
}

/* --- plain samples ----------------------------------------------------------------------- */

static void openmetrics_has_families_together_and_ends(void **state)
{
	struct pair *f = *state;
	struct export_counts counts;
	char *text;

	put(f, "b", "2", 1500, 0.1);
	put(f, "a_total", "1", 1001, 1e21);
	put(f, "b", "1", -1500, INFINITY);
	put(f, "b", "1", 0, -0.0);
	put(f, "b", "1", 20, from_bits(0x7ff8000000000005));
	put(f, "b", "1", 30, from_bits(0x7ff0000000000002));
	put(f, "gone", "1", 30, from_bits(0x7ff0000000000002));
	put(f, "odd name", "1", 30, 1);
	text = export_as(f, f->from, everything, "x", &counts);
	assert_string_equal(text, "# TYPE a_total unknown\n"
				  "a_total{park=\"1\"} 1e+21 1.0012\n"
				  "# TYPE b unknown\n"
				  "b{park=\"1\"} +Inf -1.5\n"
				  "b{park=\"1\"} -0 0\n"
				  "b{park=\"1\"} NaN 0.02\n"
				  "b{park=\"2\"} 0.1 1.5\n"
				  "# EOF\n");
	assert_int_equal(counts.stale, 2);
	assert_int_equal(counts.unnamed, 1);
	assert_int_equal(counts.values, 5);
	free(text);
}

static void an_empty_store_is_an_empty_document(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;

	assert_exports(f, f->from, o, "# EOF\n");
	o.format = EXPORT_CSV;
	assert_exports(f, f->from, o, "series,time,value\n");
}

static void seconds_survive_who_cuts_and_who_rounds(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t ms = (int64_t)(random_next(&seed) >> (14 + i % 50));
		double seconds;
		struct buf b;
		struct err e;

		if (ms > INT64_C(253402300800000))
			continue;
		if (i % 2)
			ms = -ms;
		buf_init(&b, 100);
		export_put_seconds(&b, ms);
		assert_ok(num_parse(buf_all(&b), &seconds, &e), &e);
		if ((int64_t)(seconds * 1000) != ms || llround(seconds * 1000) != ms)
			fail_msg("%lld is %.*s", (long long)ms, SLICE_FMT(buf_all(&b)));
		buf_release(&b);
	}
}

static void csv_keeps_what_openmetrics_cannot(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;

	o.format = EXPORT_CSV;
	put(f, "a", "x,\"\n\\", STAMP_EARLIEST_MS, from_bits(0x7ff0000000000002));
	put(f, "a", "x,\"\n\\", -1, -0.0);
	put(f, "a", "园", 1001, -INFINITY);
	put(f, "odd name", "1", 30, 5e-324);
	put(f, "odd name", "1", 31, from_bits(0xfff8000000000001));
	carry_over(f, o, "x.csv", false);
	assert_same_exports(
		f, o,
		"series,time,value\n"
		"\"a{park=\"\"x,\\\"\"\\n\\\\\"\"}\",0000-01-01T00:00:00.000Z,"
		"NaN:0x7ff0000000000002\n"
		"\"a{park=\"\"x,\\\"\"\\n\\\\\"\"}\",1969-12-31T23:59:59.999Z,-0\n"
		"\"a{park=\"\"园\"\"}\",1970-01-01T00:00:01.001Z,-Inf\n"
		"\"{\"\"odd name\"\",park=\"\"1\"\"}\",1970-01-01T00:00:00.030Z,5e-324\n"
		"\"{\"\"odd name\"\",park=\"\"1\"\"}\",1970-01-01T00:00:00.031Z,"
		"NaN:0xfff8000000000001\n");
}

static void fill(struct pair *f, int series, int samples)
{
	struct plain_sample *x = calloc((size_t)samples, sizeof(*x));
	uint64_t seed = 7;

	assert_non_null(x);
	for (int s = 0; s < series; s++) {
		char park[16];
		struct labels *ls;
		struct append a = { .samples = x, .nsamples = (size_t)samples };

		snprintf(park, sizeof(park), "p%d", s);
		ls = series_named("load", park);
		for (int i = 0; i < samples; i++)
			x[i] = (struct plain_sample){ ls, INT64_C(1700000000000) + i * 1003,
						      (double)(int64_t)(random_next(&seed) >> 40) /
							      100 };
		assert_ok(append_now(f->from, &a, &f->e), &f->e);
		labels_unref(ls);
	}
	free(x);
}

static void many_samples_come_back_as_the_same_bytes(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;

	/* More than one request and more than one block of a file. */
	fill(f, 7, 9001);
	carry_over(f, o, "x", false);
	assert_true(tmp_size(tmp_path(f->dir, "x")) > (2 << 20));
	assert_same_exports(f, o, NULL);
	o.format = EXPORT_CSV;
	assert_same_exports(f, o, NULL);
	carry_over(f, o, "x.csv", false);
}

static void selectors_and_times_choose(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;
	struct expr s[2];
	struct arena a;

	put(f, "a", "1", 1000, 1);
	put(f, "a", "2", 1000, 2);
	put(f, "b", "1", 1000, 3);
	put(f, "b", "1", 2000, 4);
	put(f, "c", "3", 1000, 5);
	arena_init(&a, 1 << 20);
	assert_ok(parse_selector(slice_str("{park=~\"1|3\",__name__!=\"c\"}"), &a, &s[0], &f->e),
		  &f->e);
	assert_ok(parse_selector(slice_str("a"), &a, &s[1], &f->e), &f->e);
	o.selectors = s;
	o.nselectors = 2;
	o.to_ms = 1500;
	assert_exports(f, f->from, o,
		       "# TYPE a unknown\na{park=\"1\"} 1 1\na{park=\"2\"} 2 1\n"
		       "# TYPE b unknown\nb{park=\"1\"} 3 1\n# EOF\n");
	o.nselectors = 1;
	o.from_ms = 1500;
	o.to_ms = INT64_MAX;
	assert_exports(f, f->from, o, "# TYPE b unknown\nb{park=\"1\"} 4 2\n# EOF\n");
	expr_release(&s[0]);
	expr_release(&s[1]);
	arena_release(&a);
}

/* --- lines that cannot be used -------------------------------------------------------------- */

static void bad_lines_of_openmetrics_are_refused_alone(void **state)
{
	struct pair *f = *state;
	struct import_counts n =
		IMPORT(f, f->to, "x", false,
		       "# TYPE a gauge\na{x=\"1\"} 1 1\na{x=1} 1 1\na one 1\na 1 9e11\n"
		       "a 2 2 # {t=\"1\"} 1\n",
		       "/x:3:5: a quote was expected here\n", "/x:4:3: 'one' is not a number\n",
		       "/x:5:5: time stamp '9e11' is past the year 9999\n",
		       "/x:7:1: the file ends without '# EOF' and may be cut off\n");

	assert_int_equal(n.kept.samples, 2);
	assert_int_equal(n.refused, 4);
	assert_exports(f, f->to, everything, "# TYPE a unknown\na 2 2\na{x=\"1\"} 1 1\n# EOF\n");
}

static void nothing_is_read_behind_the_end(void **state)
{
	struct pair *f = *state;
	struct import_counts n = IMPORT(f, f->to, "x", false, "a 1 1\n# EOF\na 2 2\n",
					"/x:3:1: text stands behind '# EOF'; it is left out\n");

	assert_int_equal(n.kept.samples, 1);
	write_text(f, "x", "# EOF\n");
	must_import(f, f->to, "x", false);
	assert_import_fails(f, "x", "<html><title>Login</title>\n", ERR_INVALID,
			    "/x, from line 1: this is an HTML page, not metrics: 'Login'");
}

static void bad_lines_of_csv_are_refused_alone(void **state)
{
	struct pair *f = *state;
	struct import_counts n =
		IMPORT(f, f->to, "x.csv", false,
		       "series,time,value\r\na,1000,1\r\na,soon,1\n\xff,1,1\na,9000000000000000,1\n"
		       "\"a,1,1\na{b=\"c\",b=\"d\"},1,1\na,2000,2\na,3000,3",
		       "/x.csv:3:3: 'soon' is not a time", "/x.csv:4:1: this is not UTF-8\n",
		       "/x.csv:5:1: its time lies more than 10 minutes ahead of the clock\n",
		       "/x.csv:6:1: the quote that begins here has no end on this line\n",
		       "/x.csv:7:1: ", "/x.csv:9:1: the last line has no end and may be cut off");

	assert_int_equal(n.kept.samples, 2);
	assert_int_equal(n.refused, 6);
	assert_import_fails(f, "x.csv", "time,value\n1,1\n", ERR_INVALID,
			    "/x.csv:1: the first line does not name");
	IMPORT(f, f->to, "x.csv", false, "",
	       "/x.csv:1:1: the file has no line that names the columns\n");
	assert_import_fails(f, "missing.csv", NULL, ERR_NOT_FOUND, "cannot read");
}

static void a_line_longer_than_a_block_is_refused_alone(void **state)
{
	struct pair *f = *state;
	const char *path = tmp_path(f->dir, "x.csv");
	struct outcome r;
	struct buf b;

	buf_init(&b, 10 << 20);
	buf_puts(&b, "series,time,value\na,1,1\n");
	for (int i = 0; i < 5 << 20; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "\na,2,2\n");
	for (int i = 0; i < 3 << 19; i++)
		buf_putc(&b, 'y');
	buf_puts(&b, "\na,3,3\n");
	tmp_write(path, b.p, b.n);
	buf_release(&b);
	r = import_from(f, f->to, "x.csv", false);
	assert_ok(r.rc, &f->e);
	assert_int_equal(r.counts.kept.samples, 3);
	assert_has(r.said, "/x.csv:3:1: the line is too long\n");
	assert_has(r.said, "/x.csv:5:1: the line has 1572864 bytes, more than 1048576\n");
	free(r.said);
}

/* --- figures --------------------------------------------------------------------------------- */

static const char history[] =
	"series,stamp,value,months,flags,known_from,received,released,submission,source\n"
	"a,2020-01-31T00:00:00.000Z,1,1,,2020-02-10T00:00:00.000Z,,2020-02-10T00:00:00.000Z,1,s\n"
	"a,2020-01-31T00:00:00.000Z,2.5,1,revised,2020-03-10T00:00:00.000Z,,"
	"2020-03-10T00:00:00.000Z,1,s\n"
	"a,2020-02-29T00:00:00.000Z,-0,2,zero suspect,2020-03-10T00:00:00.000Z,,"
	"2020-03-10T00:00:00.000Z,1,s\n"
	"\"b{park=\"\"p\"\"}\",2020-02-29T00:00:00.000Z,7,0,,2020-03-11T00:00:00.001Z,,"
	"2020-03-11T00:00:00.001Z,1,s\n"
	"c,2020-02-29T00:00:00.000Z,NaN,,,,,,,\n";

static void import_history(struct pair *f)
{
	write_text(f, "h.csv", history);
	must_import(f, f->from, "h.csv", true);
}

/* Without what says when and from whom this store has it. */
static char *without_receipt(char *text)
{
	char *out = calloc(strlen(text) + 1, 1), *to = out;

	assert_non_null(out);
	for (char *line = text; *line;) {
		char *end = strchr(line, '\n'), *cut[5] = { 0 };

		for (char *p = end; p > line && !cut[4]; p--)
			if (*p == ',')
				for (int i = 0; i < 5; i++)
					if (!cut[i]) {
						cut[i] = p;
						break;
					}
		/* … known_from [3] received [2] released [1] submission [0] source */
		to = mempcpy(to, line, (size_t)(cut[3] - line));
		to = mempcpy(to, cut[2], (size_t)(cut[1] - cut[2]));
		*to++ = '\n';
		line = end + 1;
	}
	free(text);
	return out;
}

static void every_vintage_comes_back(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;
	char *want = without_receipt(strdup(history)), *first, *second;

	o.format = EXPORT_CSV;
	o.vintages = true;
	import_history(f);
	first = without_receipt(export_as(f, f->from, o, "x.csv", NULL));
	assert_string_equal(first, want);
	must_import(f, f->to, "x.csv", true);
	second = without_receipt(export_as(f, f->to, o, "y.csv", NULL));
	assert_string_equal(second, want);
	free(want);
	free(first);
	free(second);
}

static void as_of_is_what_was_known_then(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;

	import_history(f);
	assert_exports(f, f->from, o,
		       "# TYPE a unknown\na 2.5 1580428800\na -0 1582934400\n"
		       "# TYPE b unknown\nb{park=\"p\"} 7 1582934400\n"
		       "# TYPE c unknown\nc NaN 1582934400\n# EOF\n");
	o.view.as_of_ms = INT64_C(1583798399999);
	assert_exports(f, f->from, o,
		       "# TYPE a unknown\na 1 1580428800\n# TYPE c unknown\nc NaN 1582934400\n"
		       "# EOF\n");
	o.format = EXPORT_CSV;
	o.vintages = true;
	o.view.as_of_ms = INT64_C(1583798400000);
	o.from_ms = INT64_C(1582934400000);
	{
		char *text = export_as(f, f->from, o, "x", NULL);

		assert_has(text, "\na,2020-02-29T00:00:00.000Z,-0,2,zero suspect,2020-03-10T");
		assert_null(strstr(text, "2020-01-31"));
		assert_null(strstr(text, "\"b{"));
		free(text);
	}
}

/* Released late: first known on day 10 and released on day 50, corrected on day 20, released on day
 * 30. Handed in and not released: a draft. */
static const char reviewed[] =
	"series,stamp,value,months,known_from,released\n"
	"a,1970-01-02T00:00:00Z,1,1,1970-01-11T00:00:00Z,1970-02-20T00:00:00Z\n"
	"a,1970-01-02T00:00:00Z,2,1,1970-01-21T00:00:00Z,1970-01-31T00:00:00Z\n"
	"a,1970-01-03T00:00:00Z,3,1,1970-01-11T00:00:00Z,1970-01-31T00:00:00Z\n"
	"a,1970-01-03T00:00:00Z,4,1,1970-01-21T00:00:00Z,\n";

static void what_was_released_late_is_seen_from_then_on(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;
	struct import_counts n = IMPORT(f, f->from, "h.csv", true, reviewed, NULL);

	assert_int_equal(n.kept.fresh + n.kept.revised, 4);
	assert_int_equal(n.kept.drafts, 1);
	assert_int_equal(n.kept.submissions, 2);
	o.view.as_of_ms = 30 * DAY - 1;
	assert_exports(f, f->from, o, "# EOF\n");
	o.view.as_of_ms = 30 * DAY;
	assert_exports(f, f->from, o, "# TYPE a unknown\na 2 86400\na 3 172800\n# EOF\n");
	assert_exports(f, f->from, everything, "# TYPE a unknown\na 2 86400\na 3 172800\n# EOF\n");
	o = everything;
	o.format = EXPORT_CSV;
	o.vintages = true;
	{
		char *text = export_as(f, f->from, o, "x", NULL);
		char *draft = strstr(text, "1970-01-03T00:00:00.000Z,4,1,,");

		assert_non_null(draft);
		assert_has(draft, "Z,,2,office\n");
		free(text);
	}
}

static void only_a_trusted_import_says_since_when(void **state)
{
	struct pair *f = *state;
	struct import_counts c;
	char *text;
	size_t n;
	struct import_options o = { .store = f->to, .source = "office" };

	c = IMPORT(f, f->to, "h.csv", false, history,
		   "/h.csv:2:1: this is a figure: --source says who answers for it\n");
	assert_int_equal(c.kept.samples, 1);
	write_text(f, "h.csv",
		   "series,stamp,value,months,known_from\na,1000,1,1,2000\na,1000,2,1,\n"
		   "a,9000000000000000,2,1,\n");
	o.complaints = open_memstream(&text, &n);
	assert_ok(import_file(&o, tmp_path(f->dir, "h.csv"), &c, &f->e), &f->e);
	fclose(o.complaints);
	assert_int_equal(c.kept.fresh, 1);
	assert_has(text, "/h.csv:2:1: only a trusted import may say since when a figure is known");
	assert_has(text, "/h.csv:4:1: its period has not ended");
	free(text);
	c = IMPORT(f, f->to, "h.csv", true,
		   "series,stamp,value,months,known_from\na,1000,1,1,9000000000000000\n"
		   "a,1000,1,1,0\n",
		   "/h.csv:2:1: known_from lies ahead of the clock");
	assert_int_equal(c.refused, 2);
	c = IMPORT(f, f->to, "h.csv", true,
		   "series,stamp,value,months\na,9223372036854775807,1,1\na,-9223372036854775808,1,"
		   "1\n",
		   "/h.csv:2:1: its period lies outside the years 0 to 9999");
	assert_int_equal(c.refused, 2);
	c = IMPORT(f, f->to, "h.csv", false,
		   "series,time,value\nb,-9223372036854775808,1\nb,9223372036854775807,1\nb,5,1\n",
		   "/h.csv:2:1: its time lies before the year 0");
	assert_int_equal(c.refused, 2);
	assert_int_equal(c.kept.samples, 1);
}

static void the_two_kinds_do_not_mix(void **state)
{
	struct pair *f = *state;
	struct import_counts n;

	put(f, "plain", "1", 1, 1);
	n = IMPORT(f, f->from, "h.csv", true,
		   "series,stamp,value,months\nstat,1,1,1\n\"plain{park=\"\"1\"\"}\",1,1,1\n"
		   "new,1,5,\nnew,1,1,1\nstat,2,1,1\n",
		   "/h.csv:3:1: the series is plain and cannot take a figure: export, "
		   "delete and import it\n",
		   "/h.csv:5:1: the series is plain and cannot take a figure: export, "
		   "delete and import it\n");
	assert_int_equal(n.kept.fresh, 2);
	assert_int_equal(n.kept.samples, 1);
	n = IMPORT(f, f->from, "h.csv", false, "series,time,value\nstat,1,9\nnew,2,6\n",
		   "/h.csv:2: 1 values from here to line 3 are refused, the first because",
		   "stat is a statistic and cannot take plain samples");
	assert_int_equal(n.kept.samples, 1);
	assert_int_equal(n.refused, 1);
}

static void a_submission_keeps_its_rows_as_they_came(void **state)
{
	static const char rows[] = "series,stamp,value,months,known_from\r\n"
				   "a,1000,1,1,2000\r\nb,soon,1,1,2000\nb,1000,1,1,2000\n";
	struct pair *f = *state;
	struct submission sub;
	struct snapshot *v;
	struct arena a;
	struct buf b;

	IMPORT(f, f->to, "h.csv", true, rows, NULL);
	arena_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	v = must_snapshot(f->to);
	assert_ok(snapshot_submission(v, 1, &a, &sub, &f->e), &f->e);
	assert_string_equal(sub.source, "office");
	assert_string_equal(sub.owner, "unit");
	assert_has(sub.origin, "/h.csv");
	assert_int_equal(sub.kept, 2);
	assert_int_equal(sub.refused, 1);
	assert_true(sub.trusted && sub.has_original);
	assert_ok(snapshot_original(v, sub.body_sha256, &b, &f->e), &f->e);
	assert_slice(buf_all(&b), "series,stamp,value,months,known_from\r\na,1000,1,1,2000\r\n"
				  "b,1000,1,1,2000\n");
	snapshot_close(v);
	buf_release(&b);
	arena_release(&a);
}

/* --- without memory ----------------------------------------------------------------- */

static void an_export_without_memory_is_an_error(void **state)
{
	struct pair *f = *state;
	struct export_options o = everything;
	struct export_counts counts;
	struct starve s = { 0 };

	put(f, "a", "1", 1000, 1);
	import_history(f);
	o.format = EXPORT_CSV;
	o.vintages = true;
	o.store = f->from;
	o.complaints = stderr;
	o.fd = open(tmp_path(f->dir, "x"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (starve_again(&s)) {
		int rc;

		starve_begin(&s);
		rc = export_run(&o, &counts, &f->e);
		starve_end(&s, rc == 0, &f->e);
		assert_int_equal(counts.damaged, 0);
	}
	assert_true(s.failed > 10);
	assert_int_equal(counts.values, 6);
	close(o.fd);
}

static void an_import_without_memory_is_an_error(void **state)
{
	struct pair *f = *state;
	long k;

	write_text(f, "h.csv", history);
	for (k = 0;; k++) {
		struct outcome r = { .said = NULL };
		size_t n;
		struct import_options o = { .store = f->to,
					    .source = "office",
					    .owner = "unit",
					    .trusted = true,
					    .complaints = open_memstream(&r.said, &n) };
		const char *path = tmp_path(f->dir, "h.csv");

		mem_fail_after(k, 1);
		r.rc = import_file(&o, path, &r.counts, &f->e);
		mem_fail_after(-1, 0);
		fclose(o.complaints);
		free(r.said);
		if (r.rc == 0 && r.counts.refused == 0)
			break;
		if (r.rc < 0)
			assert_true(f->e.code == ERR_MEMORY || f->e.code == ERR_LIMIT);
	}
	assert_true(k > 10);
	assert_exports(f, f->to, everything,
		       "# TYPE a unknown\na 2.5 1580428800\na -0 1582934400\n"
		       "# TYPE b unknown\nb{park=\"p\"} 7 1582934400\n"
		       "# TYPE c unknown\nc NaN 1582934400\n# EOF\n");
}

/* --- the commands ------------------------------------------------------------------- */

static int run(int (*command)(int argc, char **argv), const char *const *words)
{
	char *argv[16] = { NULL };
	int argc = 0, rc;

	for (; words[argc] && argc < 15; argc++)
		argv[argc] = strdup(words[argc]);
	rc = command(argc, argv);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return rc;
}

#define RUN(command, ...) run(command, (const char *const[]){ __VA_ARGS__, NULL })

static void a_store_in_use_is_exported_but_not_filled(void **state)
{
	struct pair *f = *state;
	char *out = strdup(tmp_path(f->dir, "out")), *dir = f->from_dir, *text;
	size_t n;

	put(f, "a", "1", 1000, 1);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--to", out), EXIT_DONE);
	text = tmp_read(out, &n);
	assert_string_equal(text, "# TYPE a unknown\na{park=\"1\"} 1 1\n# EOF\n");
	free(text);
	assert_null(tmp_read(tmp_path(f->dir, "out.part"), &n));
	assert_int_equal(RUN(command_import, "import", "--data-dir", dir, out), EXIT_FAILED);
	store_close(f->to);
	assert_int_equal(RUN(command_import, "import", "--data-dir", f->to_dir, out), EXIT_DONE);
	write_text(f, "bad.csv", "series,time,value\na,x,1\n");
	assert_int_equal(RUN(command_import, "import", "--data-dir", f->to_dir,
			     tmp_path(f->dir, "bad.csv"), out),
			 EXIT_FAULTS);
	f->to = must_open(f->to_dir);
	assert_exports(f, f->to, everything, "# TYPE a unknown\na{park=\"1\"} 1 1\n# EOF\n");
	free(out);
}

static void options_are_looked_at(void **state)
{
	struct pair *f = *state;
	const char *dir = f->from_dir, *nowhere = tmp_path(f->dir, "nowhere");

	assert_int_equal(RUN(command_export, "export"), EXIT_USAGE);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "x"), EXIT_USAGE);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--format", "x"),
			 EXIT_USAGE);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--match", "x{"),
			 EXIT_USAGE);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--as-of", "x"),
			 EXIT_USAGE);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--vintages"),
			 EXIT_USAGE);
	assert_int_equal(RUN(command_export, "export", "--data-dir", nowhere), EXIT_FAILED);
	assert_int_equal(RUN(command_import, "import", "--data-dir", dir), EXIT_USAGE);
	assert_int_equal(RUN(command_import, "import", "x"), EXIT_USAGE);
	assert_int_equal(RUN(command_import, "import", "--data-dir", dir, "--trusted", "x"),
			 EXIT_USAGE);
}

/* A store that stands in the place of the output must stay one. */
static void what_is_no_file_is_not_replaced(void **state)
{
	struct pair *f = *state;
	char *dir = f->from_dir, *part;

	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--to", f->to_dir),
			 EXIT_FAILED);
	part = strdup(tmp_path(f->dir, "out.part"));
	assert_int_equal(symlink("elsewhere", part), 0);
	assert_int_equal(RUN(command_export, "export", "--data-dir", dir, "--to",
			     tmp_path(f->dir, "out")),
			 EXIT_FAILED);
	free(part);
}

#define PAIR_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(openmetrics_has_families_together_and_ends),
		PAIR_TEST(an_empty_store_is_an_empty_document),
		cmocka_unit_test(seconds_survive_who_cuts_and_who_rounds),
		PAIR_TEST(csv_keeps_what_openmetrics_cannot),
		PAIR_TEST(many_samples_come_back_as_the_same_bytes),
		PAIR_TEST(selectors_and_times_choose),
		PAIR_TEST(bad_lines_of_openmetrics_are_refused_alone),
		PAIR_TEST(nothing_is_read_behind_the_end),
		PAIR_TEST(bad_lines_of_csv_are_refused_alone),
		PAIR_TEST(a_line_longer_than_a_block_is_refused_alone),
		PAIR_TEST(every_vintage_comes_back),
		PAIR_TEST(as_of_is_what_was_known_then),
		PAIR_TEST(what_was_released_late_is_seen_from_then_on),
		PAIR_TEST(only_a_trusted_import_says_since_when),
		PAIR_TEST(the_two_kinds_do_not_mix),
		PAIR_TEST(a_submission_keeps_its_rows_as_they_came),
		PAIR_TEST(an_export_without_memory_is_an_error),
		PAIR_TEST(an_import_without_memory_is_an_error),
		PAIR_TEST(a_store_in_use_is_exported_but_not_filled),
		PAIR_TEST(options_are_looked_at),
		PAIR_TEST(what_is_no_file_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
