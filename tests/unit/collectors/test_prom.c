/*
 * test_prom.c - the exposition format decoder by itself.
 */
#include "base/num.h"
#include "tests/unit/collectors/decoded.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW_MS 1795406400000

static int on_sample(void *ctx, const struct prom_sample *s, struct err *e)
{
	struct labels *labels = labels_intern(s->labels, s->nlabels, e);
	char value[NUM_TEXT];
	struct buf text;

	assert_non_null(labels);
	buf_init(&text, 4096);
	labels_print(labels, &text);
	num_print(s->v, value);
	say(ctx, "%u %.*s %s @%lld\n", s->line, SLICE_FMT(buf_all(&text)), value,
	    (long long)(s->t_ms - NOW_MS));
	buf_release(&text);
	labels_unref(labels);
	return 0;
}

static struct out *decode(const char *text, struct prom_options options)
{
	struct out *o = calloc(1, sizeof(*o));
	struct prom_sink sink = { .sample = on_sample, .complain = on_complaint, .ctx = o };
	struct arena a;

	assert_non_null(o);
	options.now_ms = NOW_MS;
	if (!options.samples_max)
		options.samples_max = 1000;
	arena_init(&a, 8 << 20);
	o->rc = decode_prom(slice_str(text), &options, &a, &sink, &o->e);
	arena_release(&a);
	return o;
}

#define assert_decodes(text_, want, ...)                                                           \
	do {                                                                                       \
		struct out *o_ = decode(text_, (struct prom_options)__VA_ARGS__);                  \
		if (o_->rc < 0)                                                                    \
			fail_msg("%s", o_->e.text);                                                \
		assert_string_equal(o_->text, want);                                               \
		free(o_);                                                                          \
	} while (0)

static void samples_have_names_labels_values_and_stamps(void **state)
{
	(void)state;
	assert_decodes(
		"# HELP up Whether it is.\n# TYPE up gauge\n"
		"up 1\n"
		"http:requests_total { method = \"post\" , code=\"200\", } 1027 1795406399000\n"
		"\n"
		"cpu{a=\"\"}\t-1.5e-3\r\n"
		"x{} NaN\ny +Inf\nz -Inf 0\n",
		"3 up 1 @0\n"
		"4 http:requests_total{code=\"200\",method=\"post\"} 1027 @-1000\n"
		"6 cpu -0.0015 @0\n"
		"7 x NaN @0\n8 y +Inf @0\n9 z -Inf @-1795406400000\n",
		{ 0 });
}

static void escapes_are_undone(void **state)
{
	(void)state;
	assert_decodes("m{a=\"q\\\"b\\\\c\\nd\",p=\"C:\\\\x\\y\"} 1\n",
		       "1 m{a=\"q\\\"b\\\\c\\nd\",p=\"C:\\\\x\\\\y\"} 1 @0\n", { 0 });
}

static void names_may_be_quoted(void **state)
{
	(void)state;
	assert_decodes("{\"my.metric\",\"a.b\"=\"c\",d=\"e\"} 1\n"
		       "{ x=\"y\" , \"m\" , } 2\n"
		       "{\"甲 \\\"q\\\\\"} 3 1795406399000\n"
		       "m{\"区\" = \"东\"} 4\n",
		       "1 {\"my.metric\",\"a.b\"=\"c\",d=\"e\"} 1 @0\n"
		       "2 m{x=\"y\"} 2 @0\n"
		       "3 {\"甲 \\\"q\\\\\"} 3 @-1000\n"
		       "4 m{\"区\"=\"东\"} 4 @0\n",
		       { 0 });
	assert_decodes("{} 1\n{x=\"y\"} 1\nm{\"n\"} 1\n{\"m\",\"n\"} 1\n{\"\"} 1\n"
		       "m{\"\"=\"x\"} 1\n{\"m\",\"__name__\"=\"x\"} 1\n{\"m\" \"n\"} 1\n"
		       "{\"m} 1\n{\"m\"=x} 1\n{\"a\"} 1\n",
		       "!1:1 layout: the metric has no name\n"
		       "!2:1 layout: the metric has no name\n"
		       "!3:3 layout: the metric has a name already\n"
		       "!4:6 layout: the metric has a name already\n"
		       "!5:2 layout: a metric name was expected here\n"
		       "!6:3 layout: a label name was expected here\n"
		       "!7:7 layout: __name__ cannot be given as a label\n"
		       "!8:6 layout: ',' or '}' was expected here\n"
		       "!9:2 layout: the value that begins here has no end\n"
		       "!10:6 layout: a quote was expected here\n"
		       "11 a 1 @0\n",
		       { 0 });
}

static void own_labels_stay_and_stamps_go_when_that_is_wanted(void **state)
{
	static const struct label extra[] = { { { "job", 3 }, { "node", 4 } },
					      { { "instance", 8 }, { "h:1", 3 } } };

	(void)state;
	assert_decodes("a{job=\"x\",instance=\"\"} 1\nb 2\n",
		       "1 a{job=\"x\"} 1 @0\n2 b{instance=\"h:1\",job=\"node\"} 2 @0\n",
		       { .extra = extra, .nextra = 2, .honor_labels = true });
	assert_decodes("a 1 5\nb 2 9999999999999\nc 3 x\n",
		       "1 a 1 @0\n2 b 2 @0\n"
		       "!3:5 period: time stamp: 'x' is not a whole number\n",
		       { .ignore_timestamps = true });
}

static void job_and_instance_are_added_and_own_ones_become_exported(void **state)
{
	static const struct label extra[] = { { { "job", 3 }, { "node", 4 } },
					      { { "instance", 8 }, { "h:1", 3 } } };

	(void)state;
	assert_decodes("a 1\nb{job=\"x\",exported_job=\"y\"} 2\n",
		       "1 a{instance=\"h:1\",job=\"node\"} 1 @0\n"
		       "2 b{exported_exported_job=\"x\",exported_job=\"y\",instance=\"h:1\","
		       "job=\"node\"} 2 @0\n",
		       { .extra = extra, .nextra = 2 });
}

static void open_metrics_has_seconds_exemplars_and_an_end(void **state)
{
	struct out *o;

	(void)state;
	assert_decodes("# TYPE x counter\nx_total{a=\"b\"} 3 1795406399.25 # {id=\"1\"} 0.5\n"
		       "y_bucket{le=\"1\"} 4 # {id=\"2\"} 0.1 1\n# EOF\n",
		       "2 x_total{a=\"b\"} 3 @-750\n3 y_bucket{le=\"1\"} 4 @0\n",
		       { .open_metrics = true });
	assert_decodes("x 1\n# EOF\ny 2\nz 3\n",
		       "1 x 1 @0\n!3:1 layout: text stands behind '# EOF'; it is left out\n",
		       { .open_metrics = true });
	assert_decodes(
		"x 1 9223372036854775807\ny 1 -9223372036854775808\nz 1 -62167219201\nw 1\n# EOF\n",
		"!1:5 period: time stamp '9223372036854775807' is past the year 9999\n"
		"!2:5 period: time stamp '-9223372036854775808' is before the year 0\n"
		"!3:5 period: time stamp '-62167219201' is before the year 0\n4 w 1 @0\n",
		{ .open_metrics = true });
	o = decode("x 1\ny 2\n", (struct prom_options){ .open_metrics = true });
	assert_int_equal(o->rc, -1);
	assert_string_equal(o->e.text,
			    "the text ends without '# EOF' after line 2; it may be cut off");
	free(o);
}

static void a_bad_line_is_complained_about_and_the_others_kept(void **state)
{
	(void)state;
	assert_decodes(
		"1bad 2\n"
		"a{b=\"1\",b=\"2\"} 3\n"
		"a{b=\"1} 3\n"
		"a{b:\"1\"} 3\n"
		"a{b=\"甲\"x} 3\n"
		"a 0x10\n"
		"a 1e999\n"
		"a\n"
		"a 1 2 3\n"
		"a 1 12.5\n"
		"a{__name__=\"b\"} 1\n"
		"a{b=\"\xff\"} 1\n"
		"a 1 # {x=\"y\"} 1\n"
		"a 1 1795407001000\n"
		"a 1 1795407000000\n"
		"a 1 9223372036854775807\n"
		"a 1 -9223372036854775808\n"
		"a 1 9223372036854775808\n"
		"good 1\n"
		"cut 12",
		"!1:1 layout: a metric name was expected here\n"
		"!2:9 layout: label 'b' is given twice\n"
		"!3:5 layout: the value that begins here has no end\n"
		"!4:4 layout: '=' was expected here\n"
		"!5:8 layout: ',' or '}' was expected here\n"
		"!6:3 value: '0x10' is not a number\n"
		"!7:3 value: '1e999' is beyond the range of a number\n"
		"!8:2 layout: the sample has no value\n"
		"!9:7 layout: text stands behind the sample\n"
		"!10:5 period: time stamp: '12.5' is not a whole number\n"
		"!11:3 layout: __name__ cannot be given as a label\n"
		"!12:6 encoding: byte 6: 0xff is not UTF-8\n"
		"!13:5 layout: text stands behind the sample\n"
		"!14:5 period: time stamp '1795407001000' lies 601 s ahead of the clock here, "
		"more than 600 s\n"
		"15 a 1 @600000\n"
		"!16:5 period: time stamp '9223372036854775807' is past the year 9999\n"
		"!17:5 period: time stamp '-9223372036854775808' is before the year 0\n"
		"!18:5 period: time stamp: '9223372036854775808' is beyond the range of a number\n"
		"19 good 1 @0\n"
		"!20:1 layout: the last line has no end and may be cut off; it is left out\n",
		{ 0 });
}

static void what_is_no_exposition_at_all_is_refused(void **state)
{
	static const char *const texts[] = { "", "<html></html>\n", "{\"a\": 1}\n",
					     "\xff\xfe\x01\n" };
	static const char *const wants[] = { "the document is empty",
					     "this is an HTML page, not metrics",
					     "none of its 1 lines is a sample",
					     "this is UTF-16 text, not metrics" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct out *o = decode(texts[i], (struct prom_options){ 0 });

		assert_int_equal(o->rc, -1);
		assert_string_equal(o->e.text, wants[i]);
		free(o);
	}
}

static void more_samples_than_allowed_are_a_limit(void **state)
{
	struct out *o = decode("a 1\nb 2\nc 3\n", (struct prom_options){ .samples_max = 2 });

	(void)state;
	assert_int_equal(o->rc, -1);
	assert_int_equal(o->e.code, ERR_LIMIT);
	assert_string_equal(o->e.text, "line 3: more than 2 samples");
	assert_string_equal(o->text, "1 a 1 @0\n2 b 2 @0\n");
	free(o);
}

static void more_labels_than_allowed_are_refused(void **state)
{
	char text[2048], *to = stpcpy(text, "a{");
	struct out *o;

	(void)state;
	for (int i = 0; i < LABELS_MAX; i++)
		to += sprintf(to, "l%d=\"v\",", i);
	snprintf(to, sizeof(text) - (size_t)(to - text), "} 1\nb 2\n");
	o = decode(text, (struct prom_options){ 0 });
	assert_int_equal(o->rc, 0);
	assert_string_equal(o->text, "!1:497 limit: more than 63 labels\n2 b 2 @0\n");
	free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_have_names_labels_values_and_stamps),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(names_may_be_quoted),
		cmocka_unit_test(own_labels_stay_and_stamps_go_when_that_is_wanted),
		cmocka_unit_test(job_and_instance_are_added_and_own_ones_become_exported),
		cmocka_unit_test(open_metrics_has_seconds_exemplars_and_an_end),
		cmocka_unit_test(a_bad_line_is_complained_about_and_the_others_kept),
		cmocka_unit_test(what_is_no_exposition_at_all_is_refused),
		cmocka_unit_test(more_samples_than_allowed_are_a_limit),
		cmocka_unit_test(more_labels_than_allowed_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
