/* Prometheus' text format 0.0.4, OpenMetrics 1.0, and which of them is asked for. */
#include "exporters/expose.h"
#include "tests/lib/assert.h"

struct fixture {
	struct arena a;
	struct expose x;
	struct buf out;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.a, 1 << 20);
	expose_init(&f.x, &f.a);
	buf_init(&f.out, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	expose_release(&f->x);
	arena_release(&f->a);
	buf_release(&f->out);
	return 0;
}

static void finish(struct fixture *f, bool open_metrics, const char *want)
{
	assert_ok(expose_finish(&f->x, open_metrics, &f->out, &f->e), &f->e);
	buf_putc(&f->out, '\0');
	assert_string_equal(f->out.p, want);
}

static void add(struct fixture *f, const char *family, const char *park, double v)
{
	struct label l = { slice_str("park"), slice_str(park) };

	expose_add(&f->x, family, "Help.", EXPOSE_GAUGE, "", &l, 1, v);
}

static void families_are_grouped_in_the_order_they_first_came(void **state)
{
	struct fixture *f = *state;

	add(f, "b", "one", 1);
	add(f, "a", "one", 2);
	add(f, "b", "two", 3);
	finish(f, false,
	       "# HELP b Help.\n# TYPE b gauge\nb{park=\"one\"} 1\nb{park=\"two\"} 3\n"
	       "# HELP a Help.\n# TYPE a gauge\na{park=\"one\"} 2\n");
}

static void labels_are_escaped_and_empty_ones_left_out(void **state)
{
	struct fixture *f = *state;
	struct label l[] = { { slice_str("a"), slice_str("") },
			     { slice_str("b"), slice_str("x\\y\"z\n园") },
			     { slice_str("c"), slice_str("") } };

	expose_add(&f->x, "m", "Help.", EXPOSE_GAUGE, "", l, 3, 1.5);
	expose_add(&f->x, "m", "Help.", EXPOSE_GAUGE, "", l, 1, 2);
	finish(f, false, "# HELP m Help.\n# TYPE m gauge\nm{b=\"x\\\\y\\\"z\\n园\"} 1.5\nm 2\n");
}

static void help_escapes_quotes_in_open_metrics_only(void **state)
{
	struct fixture *f = *state;

	expose_add(&f->x, "m", "a \"b\" \\ c\nd", EXPOSE_GAUGE, "", NULL, 0, 0);
	assert_ok(expose_finish(&f->x, false, &f->out, &f->e), &f->e);
	finish(f, true,
	       "# HELP m a \"b\" \\\\ c\\nd\n# TYPE m gauge\nm 0\n"
	       "# HELP m a \\\"b\\\" \\\\ c\\nd\n# TYPE m gauge\nm 0\n# EOF\n");
}

static void values_that_are_no_numbers_have_their_names(void **state)
{
	struct fixture *f = *state;

	add(f, "m", "a", INFINITY);
	add(f, "m", "b", -INFINITY);
	add(f, "m", "c", NAN);
	add(f, "m", "d", 1234000000);
	finish(f, false,
	       "# HELP m Help.\n# TYPE m gauge\nm{park=\"a\"} +Inf\nm{park=\"b\"} -Inf\n"
	       "m{park=\"c\"} NaN\nm{park=\"d\"} 1.234e+09\n");
}

static void text_names_a_counter_with_its_total(void **state)
{
	struct fixture *f = *state;

	expose_add(&f->x, "polls_total", "Polls.", EXPOSE_COUNTER, "", NULL, 0, 7);
	finish(f, false, "# HELP polls_total Polls.\n# TYPE polls_total counter\npolls_total 7\n");
}

static void open_metrics_names_a_counter_without_its_total(void **state)
{
	struct fixture *f = *state;

	expose_add(&f->x, "polls_total", "Polls.", EXPOSE_COUNTER, "", NULL, 0, 7);
	expose_add(&f->x, "polls", "Polls.", EXPOSE_COUNTER, "", NULL, 0, 8);
	finish(f, true,
	       "# HELP polls Polls.\n# TYPE polls counter\npolls_total 7\n"
	       "# HELP polls Polls.\n# TYPE polls unknown\npolls 8\n# EOF\n");
}

static void a_histogram_has_buckets_sum_and_count(void **state)
{
	struct fixture *f = *state;
	struct label le[] = { { slice_str("le"), slice_str("1.0") },
			      { slice_str("le"), slice_str("+Inf") } };

	expose_add(&f->x, "h", "H.", EXPOSE_HISTOGRAM, "_bucket", &le[0], 1, 2);
	expose_add(&f->x, "h", "H.", EXPOSE_HISTOGRAM, "_bucket", &le[1], 1, 3);
	expose_add(&f->x, "h", "H.", EXPOSE_HISTOGRAM, "_sum", NULL, 0, 4.25);
	expose_add(&f->x, "h", "H.", EXPOSE_HISTOGRAM, "_count", NULL, 0, 3);
	finish(f, true,
	       "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 3\n"
	       "h_sum 4.25\nh_count 3\n# EOF\n");
}

static void nothing_is_still_an_open_metrics_page(void **state)
{
	finish(*state, true, "# EOF\n");
}

static void a_page_without_room_says_so_instead_of_ending_early(void **state)
{
	struct fixture *f = *state;
	struct arena small;
	struct expose x;
	char park[16];

	arena_init(&small, 128 << 10);
	expose_init(&x, &small);
	for (int i = 0; i < 10000; i++) {
		struct label l = { slice_str("park"), slice_str(park) };

		snprintf(park, sizeof(park), "%d", i);
		l.value = slice_str(park);
		expose_add(&x, "m", "Help.", EXPOSE_GAUGE, "", &l, 1, i);
	}
	assert_fails(expose_finish(&x, false, &f->out, &f->e), &f->e, ERR_LIMIT,
		     "the metrics need more than 128 KiB");
	expose_release(&x);
	arena_release(&small);
}

static void a_reply_without_room_says_so(void **state)
{
	struct fixture *f = *state;
	struct buf small;

	buf_init(&small, 20);
	add(f, "m", "a", 1);
	assert_fails(expose_finish(&f->x, false, &small, &f->e), &f->e, ERR_LIMIT, "20");
	buf_release(&small);
}

static void the_accept_header_decides(void **state)
{
	static const struct {
		const char *accept;
		bool open;
	} table[] = {
		/* Prometheus 2 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  true },
		/* Prometheus 3 */
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		  "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
		  "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		  true },
		/* with native histograms: protobuf first, which we do not have */
		{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		  "encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,"
		  "text/plain;version=0.0.4;q=0.7",
		  true },
		{ "", false },
		{ "*/*", false },
		{ "text/plain", false },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false },
		{ "application/json", false },
		{ "application/openmetrics-text", true },
		{ "application/openmetrics-text; version=\"1.0.0\"", true },
		{ "Application/OpenMetrics-Text;Version=1.0.0;Q=0.4", true },
		{ "application/openmetrics-text;version=0.0.1", false },
		{ "application/openmetrics-text;version=1.0.0-rc1", false },
		{ "application/openmetrics-textual", false },
		{ "application/openmetrics-text;q=0", false },
		{ "application/openmetrics-text;q=0,*/*;q=0", false },
		{ "application/openmetrics-text;q=high", false },
		{ "text/plain;q=0.6,application/openmetrics-text;q=0.5", false },
		{ "text/plain;q=0.5,application/openmetrics-text;q=0.5", true },
		{ "application/openmetrics-text;q=0.5,*/*;q=0.9", false },
		/* the range does not speak for a type that is named */
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.1,*/*;q=0.9", true },
		/* "freq=1" is no weight */
		{ "application/openmetrics-text;freq=0;q=0.9,text/plain;q=0.5", true },
		{ ",;,application/openmetrics-text ; q=1 ,", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (expose_wants_open_metrics(slice_str(table[i].accept)) != table[i].open)
			fail_msg("\"%s\" gives %s", table[i].accept,
				 table[i].open ? "text" : "OpenMetrics");
	assert_false(expose_wants_open_metrics(slice_of(NULL, 0)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(families_are_grouped_in_the_order_they_first_came),
		T(labels_are_escaped_and_empty_ones_left_out),
		T(help_escapes_quotes_in_open_metrics_only),
		T(values_that_are_no_numbers_have_their_names),
		T(text_names_a_counter_with_its_total),
		T(open_metrics_names_a_counter_without_its_total),
		T(a_histogram_has_buckets_sum_and_count),
		T(nothing_is_still_an_open_metrics_page),
		T(a_page_without_room_says_so_instead_of_ending_early),
		T(a_reply_without_room_says_so),
		cmocka_unit_test(the_accept_header_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
