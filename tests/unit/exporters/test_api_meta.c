/* Series, labels, values and metadata, as Prometheus answers them. */
#include "exporters/match.h"
#include "tests/unit/exporters/api_help.h"

#define P1 "{\"__name__\":\"park_output_yuan\",\"freq\":\"M\",\"park\":\"p1\"}"
#define P2 "{\"__name__\":\"park_output_yuan\",\"freq\":\"M\",\"park\":\"p2\"}"
#define R(job, instance)                                                                           \
	"{\"__name__\":\"requests_total\",\"instance\":\"" instance "\",\"job\":\"" job "\"}"
#define OLD  "{\"__name__\":\"old\",\"job\":\"cron\",\"was\":\"here\"}"
#define GONE "{\"__name__\":\"gone\",\"job\":\"api\",\"q\":\"a\\\"b\\\\c\"}"

/* The parameters with start and end behind them, in a buffer of ours. */
static const char *within(const char *params, int64_t from_ms, int64_t to_ms)
{
	static char text[300];

	snprintf(text, sizeof(text), "%s&start=%.3f&end=%.3f", params, (double)from_ms / 1000,
		 (double)to_ms / 1000);
	return text;
}

/* --- series --------------------------------------------------------------------------------- */

static void series_come_sorted_and_once(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_series, "match[]=requests_total{job=\"web\"}",
		    "[" R("web", "h1") "," R("web", "h3") "]");
	assert_data(f, serve_series,
		    "match[]=requests_total{instance=\"h1\"}&match[]={job=\"web\"}&match[]=old",
		    "[" OLD "," R("api", "h1") "," R("web", "h1") "," R("web", "h3") "]");
	assert_data(f, serve_series, "match[]=nothing_of_it", "[]");
	assert_data(f, serve_series, "match[]=gone", "[" GONE "]");
}

static void a_series_counts_when_it_has_a_sample_in_the_time(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_series,
		    within("match[]={job!=\"\"}", NOW_MS - 2 * HOUR, NOW_MS - 30 * MINUTE),
		    "[" OLD "]");
	/* Both ends belong to it, and a moment between two samples has none. */
	assert_data(f, serve_series, within("match[]=old", NOW_MS - HOUR, NOW_MS - HOUR),
		    "[" OLD "]");
	assert_data(f, serve_series, within("match[]=requests_total", NOW_MS - 14999, NOW_MS - 1),
		    "[]");
	assert_data(f, serve_series, within("match[]=old", NOW_MS, NOW_MS - 2 * HOUR), "[]");
}

static void samples_are_found_the_same_when_they_are_packed(void **state)
{
	struct face *f = *state;

	assert_ok(store_flush(f->s, &f->e), &f->e);
	a_series_counts_when_it_has_a_sample_in_the_time(state);
	assert_data(f, serve_series,
		    within("match[]={job=\"web\"}", NOW_MS - 5 * MINUTE, NOW_MS - 5 * MINUTE),
		    "[" R("web", "h1") "," R("web", "h3") "]");
}

static void a_figure_counts_as_long_as_it_holds(void **state)
{
	struct face *f = *state;
	const char *now = within("match[]=park_output_yuan", NOW_MS - HOUR, NOW_MS);

	assert_data(f, serve_series, now, "[]");
	api_has_calendar = true;
	assert_data(f, serve_series, now, "[" P1 "," P2 "]");
	assert_data(f, serve_series,
		    within("match[]=park_output_yuan", OCTOBER + 40 * DAY - 1, OCTOBER + 50 * DAY),
		    "[" P1 "," P2 "]");
	assert_data(f, serve_series,
		    within("match[]=park_output_yuan", OCTOBER + 40 * DAY, OCTOBER + 50 * DAY),
		    "[]");
	assert_data(f, serve_series, within("match[]=park_output_yuan", OCTOBER, OCTOBER),
		    "[" P1 "," P2 "]");
	assert_data(f, serve_series, within("match[]=park_output_yuan", 0, OCTOBER - 100 * DAY),
		    "[]");
}

static void virtual_labels_choose_no_series(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_series,
		    "match[]=park_output_yuan{park=\"p1\",__as_of__=\"2026-09-30\"}", "[" P1 "]");
}

#define CUT ",\"warnings\":[\"results truncated due to limit\"]"

static void a_limit_cuts_and_warns(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_series, "match[]=requests_total&limit=1", "[" R("api", "h1") "]" CUT);
	assert_data(f, serve_series, "match[]=park_output_yuan&limit=2", "[" P1 "," P2 "]");
	assert_data(f, serve_series, "match[]=old&limit=0", "[" OLD "]");
	assert_data(f, serve_labels, "limit=2", "[\"__name__\",\"freq\"]" CUT);
	assert_data(f, serve_labels, "limit=7",
		    "[\"__name__\",\"freq\",\"instance\",\"job\",\"park\",\"q\",\"was\"]");
}

static void what_cannot_be_read_is_named(void **state)
{
	struct face *f = *state;

#define REFUSED(params, sentence) assert_refused(f, serve_series, params, 400, "bad_data", sentence)
	REFUSED("", "no match[] parameter provided");
	REFUSED("match[]=", "invalid parameter \\\"match[]\\\": 1:1: parse error: unexpected end "
			    "of input");
	REFUSED("match[]=x(", "invalid parameter \\\"match[]\\\": 1:2: parse error: unexpected "
			      "\\\"(\\\"");
	REFUSED("match[]=up&match[]={}", "invalid parameter \\\"match[]\\\": match[] must contain "
					 "at least one non-empty matcher");
	REFUSED("match[]={job=\"\"}", "invalid parameter \\\"match[]\\\": match[] must contain at "
				      "least one non-empty matcher");
	REFUSED("match[]=up&start=x", "invalid parameter \\\"start\\\": Invalid time value for "
				      "'start': cannot parse \\\"x\\\" to a valid timestamp");
	REFUSED("match[]=up&end=1-1", "invalid parameter \\\"end\\\": Invalid time value for "
				      "'end': cannot parse \\\"1-1\\\" to a valid timestamp");
	REFUSED("match[]=up&limit=-1",
		"invalid parameter \\\"limit\\\": limit must be non-negative");
	REFUSED("match[]=up&limit=x", "invalid parameter \\\"limit\\\": strconv.Atoi: parsing "
				      "\\\"x\\\": invalid syntax");
	REFUSED("match[]=up&limit=99999999999999999999",
		"invalid parameter \\\"limit\\\": strconv.Atoi: parsing "
		"\\\"99999999999999999999\\\": value out of range");
	/* Of labels the sentence stands alone. */
	assert_refused(f, serve_labels, "match[]={}", 400, "bad_data",
		       "match[] must contain at least one non-empty matcher");
#undef REFUSED
}

/* --- labels ---------------------------------------------------------------------------------- */

static void labels_are_those_of_the_series_that_match(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_labels, "",
		    "[\"__name__\",\"freq\",\"instance\",\"job\",\"park\",\"q\",\"was\"]");
	assert_data(f, serve_labels, "match[]=old", "[\"__name__\",\"job\",\"was\"]");
	assert_data(f, serve_labels, "match[]=old&match[]=requests_total",
		    "[\"__name__\",\"instance\",\"job\",\"was\"]");
	assert_data(f, serve_labels, "match[]=nothing_of_it", "[]");
	assert_data(f, serve_labels, within("", NOW_MS - 2 * HOUR, NOW_MS - 30 * MINUTE),
		    "[\"__name__\",\"job\",\"was\"]");
	assert_data(f, serve_labels, within("", 0, 1000), "[]");
}

#define assert_values(f, path, params, data)                                                       \
	assert_string_equal(api_ask(f, serve_label_values, "/api/v1/label/" path, params),         \
			    "{\"status\":\"success\",\"data\":" data "}")

static void values_are_those_of_the_series_that_match(void **state)
{
	struct face *f = *state;

	assert_values(f, "job/values", "", "[\"api\",\"cron\",\"web\"]");
	assert_values(f, "__name__/values", "",
		      "[\"gone\",\"old\",\"park_output_yuan\",\"requests_total\"]");
	assert_values(f, "job/values", "match[]=requests_total", "[\"api\",\"web\"]");
	assert_values(f, "job/values", "match[]=old&match[]=gone", "[\"api\",\"cron\"]");
	assert_values(f, "nothing/values", "", "[]");
	assert_values(f, "a label/values", "", "[]");
	assert_values(f, "job/values", within("", NOW_MS - 2 * HOUR, NOW_MS - HOUR), "[\"cron\"]");
	assert_values(f, "instance/values", "match[]={job=\"api\"}&start=1", "[\"h1\",\"h2\"]");
	assert_values(f, "job/values", "limit=1", "[\"api\"]" CUT);
	assert_values(f, "job/values", "start=1&limit=1", "[\"api\"]" CUT);
}

enum { HOSTS = 40, PARTS_OF_HOST = 3 };

/* Host h has three series; that of part h % 4 is there lately (of part 3 there is none), the others
 * were there an hour ago. The last hosts come first. */
static void add_hosts(struct face *f)
{
	for (int part = 0; part < PARTS_OF_HOST; part++)
		for (int h = HOSTS; h-- > 0;) {
			char host[8], of[4];

			snprintf(host, sizeof(host), "h%02d", h);
			snprintf(of, sizeof(of), "%d", part);
			api_sample(f, api_labels("load", "host", host, "part", of),
				   part == h % 4 ? NOW_MS : NOW_MS - HOUR, 1);
		}
}

static const char *hosts_of(bool (*is)(int h), char *text, size_t size)
{
	size_t n = 0;

	for (int h = 0; h < HOSTS; h++)
		if (is(h))
			n += (size_t)snprintf(text + n, size - n, "%s\"h%02d\"", n ? "," : "", h);
	return text;
}

static bool is_there(int h)
{
	return h % 4 < 3;
}

static bool is_there_in_the_last_part(int h)
{
	return h % 4 == 2;
}

static void a_value_is_kept_for_any_of_its_series(void **state)
{
	struct face *f = *state;
	char want[1000], list[900];

	add_hosts(f);
	for (int packed = 0; packed < 2; packed++) {
		snprintf(want, sizeof(want), "{\"status\":\"success\",\"data\":[%s]}",
			 hosts_of(is_there, list, sizeof(list)));
		assert_string_equal(api_ask(f, serve_label_values, "/api/v1/label/host/values",
					    within("", NOW_MS - MINUTE, NOW_MS)),
				    want);
		assert_string_equal(
			api_ask(f, serve_label_values, "/api/v1/label/host/values",
				within("match[]=load{part=\"0\"}&match[]={part=~\"1|2\"}",
				       NOW_MS - MINUTE, NOW_MS)),
			want);
		snprintf(want, sizeof(want), "{\"status\":\"success\",\"data\":[%s]}",
			 hosts_of(is_there_in_the_last_part, list, sizeof(list)));
		assert_string_equal(api_ask(f, serve_label_values, "/api/v1/label/host/values",
					    within("match[]=load{part=\"2\"}", NOW_MS - MINUTE,
						   NOW_MS)),
				    want);
		assert_values(f, "host/values", within("limit=3", NOW_MS - MINUTE, NOW_MS),
			      "[\"h00\",\"h01\",\"h02\"]" CUT);
		assert_ok(store_flush(f->s, &f->e), &f->e);
	}
}

static void names_in_the_path_may_be_escaped(void **state)
{
	struct face *f = *state;

	api_sample(f, api_labels("dotted", "a.b", "1", "甲", "2"), NOW_MS, 1);
	assert_values(f, "U__a_2e_b/values", "", "[\"1\"]");
	assert_values(f, "a.b/values", "", "[\"1\"]");
	assert_values(f, "U___7532_/values", "", "[\"2\"]");
	assert_values(f, "U__jo_62_/values", "", "[\"api\",\"cron\",\"web\"]");
	api_ask(f, serve_label_values, "/api/v1/label/job", "");
	assert_int_equal(f->r.x.status, 404);
	assert_string_equal(api_ask(f, serve_label_values, "/api/v1/label//values", ""),
			    "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid "
			    "label name: \\\"\\\"\"}");
}

static void escapes_that_are_none_stay_as_they_are(void **state)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "U__a__b", "a_b" },
		{ "U__a_", "U__a_" },
		{ "U__a_2x_", "U__a_2x_" },
		{ "U___10FFFF_", "U___10FFFF_" },
		{ "U___2e", "U___2e" },
		{ "U___1f600_", "\360\237\230\200" },
		{ "U___d800_", "U___d800_" },
		{ "U__", "" },
		{ "U___E9_", "\303\251" },
	};
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_slice(label_unescape(slice_str(cases[i][0]), &a), cases[i][1]);
	arena_release(&a);
}

/* --- metadata -------------------------------------------------------------------------------- */

#define FAMILY(name, measure)                                                                      \
	"[{\"type\":\"gauge\",\"help\":\"" name " (reported in " measure ")\",\"unit\":\"\"}]"

static void metadata_tell_of_the_catalogues_indicators(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_metadata, "",
		    "{\"park_" ADDED
		    "\":" FAMILY("规上工业增加值", "亿元") ",\"park_" TAXES
							   "\":" FAMILY("税收收入", "万元") "}");
	assert_data(f, serve_metadata, "metric=park_" TAXES,
		    "{\"park_" TAXES "\":" FAMILY("税收收入", "万元") "}");
	assert_data(f, serve_metadata, "limit=1",
		    "{\"park_" ADDED "\":" FAMILY("规上工业增加值", "亿元") "}");
	assert_data(f, serve_metadata, "limit=0", "{}");
	assert_data(f, serve_metadata, "metric=up", "{}");
	assert_refused(f, serve_metadata, "limit=x", 400, "bad_data", "limit must be a number");
	assert_refused(f, serve_metadata, "limit_per_metric=x", 400, "bad_data",
		       "limit_per_metric must be a number");
}

static void send_metadata(struct face *f, enum rw_type type, const char *family, const char *help)
{
	struct rw_metadata m = { .type = (int)type,
				 .family = slice_str(family),
				 .help = slice_str(help),
				 .unit = slice_str("") };
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 16);
	rw_put_metadata(&raw, &m);
	assert_ok(write_now(f->s, &raw, NOW_MS, &w, &f->e), &f->e);
	buf_release(&raw);
	/* It is written behind the request and not waited for, but before what comes later. */
	api_figure(f, "p3", OCTOBER, 1);
}

static void metadata_tell_what_senders_told(void **state)
{
	struct face *f = *state;

	send_metadata(f, RW_COUNTER, "requests", "All of them.");
	assert_data(
		f, serve_metadata, "metric=requests",
		"{\"requests\":[{\"type\":\"counter\",\"help\":\"All of them.\",\"unit\":\"\"}]}");
}

/* As many families as `limit` says, the first ones by name; of each as many as the other one. */
static void metadata_that_differ_in_type_are_two(void **state)
{
	struct face *f = *state;

	send_metadata(f, RW_COUNTER, "park_" TAXES, "税收收入 (reported in 万元)");
	assert_data(f, serve_metadata, "metric=park_" TAXES,
		    "{\"park_" TAXES "\":[{\"type\":\"counter\",\"help\":\"税收收入 (reported in "
		    "万元)\",\"unit\":\"\"},{\"type\":\"gauge\",\"help\":\"税收收入 (reported in "
		    "万元)\",\"unit\":\"\"}]}");
	assert_data(f, serve_metadata, "limit_per_metric=1&limit=2",
		    "{\"park_" ADDED "\":" FAMILY(
			    "规上工业增加值",
			    "亿元") ",\"park_" TAXES
				    "\":[{\"type\":\"counter\",\"help\":\"税收收入 (reported in "
				    "万元)\",\"unit\":\"\"}]}");
	send_metadata(f, RW_GAUGE, "park_" TAXES, "税收收入 (reported in 万元)");
	assert_data(f, serve_metadata, "metric=park_" TAXES "&limit_per_metric=0&limit=-1",
		    "{\"park_" TAXES "\":" FAMILY("税收收入", "万元") "}");
}

enum { MANY = 6000 };

static void add_many(struct face *f)
{
	static struct plain_sample x[MANY];
	struct append a = { .submission = { .received_ms = NOW_MS },
			    .samples = x,
			    .nsamples = MANY };
	char number[8];

	for (int i = 0; i < MANY; i++) {
		snprintf(number, sizeof(number), "%05d", i);
		x[i] = (struct plain_sample){ .labels = api_labels("many", "n", number, "of",
								   "a list that is long"),
					      .t_ms = NOW_MS,
					      .value = i };
	}
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	for (int i = 0; i < MANY; i++)
		labels_unref((struct labels *)(uintptr_t)x[i].labels);
}

/* The reply is the list of `many` from 0 on without those from `gap` up to `end`. */
static void assert_list(const char *reply, int gap, int end)
{
	struct buf want;

	buf_init(&want, 2 << 20);
	buf_puts(&want, "{\"status\":\"success\",\"data\":[");
	for (int i = 0; i < MANY; i++)
		if (i < gap || i >= end)
			buf_printf(
				&want,
				"%s{\"__name__\":\"many\",\"n\":\"%05d\",\"of\":\"a list that is "
				"long\"}",
				i ? "," : "", i);
	buf_puts(&want, "]}");
	buf_putc(&want, '\0');
	assert_string_equal(reply, want.p);
	buf_release(&want);
}

static void a_long_list_of_series_comes_in_pieces(void **state)
{
	struct face *f = *state;

	add_many(f);
	assert_list(api_ask(f, serve_series, "", "match[]=many"), MANY, MANY);
	assert_int_equal(api_pieces, 2);
}

static void series_that_are_deleted_meanwhile_are_not_listed(void **state)
{
	const struct matcher late = { .op = MATCH_EQ,
				      .name = slice_str("n"),
				      .value = slice_str("05990") };
	struct face *f = *state;
	uint64_t n;

	add_many(f);
	api_start(f, serve_series, "", "match[]=many");
	assert_non_null(f->r.x.more);
	assert_ok(store_delete(f->s, &late, 1, INT64_MIN, INT64_MAX, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	api_collect(f);
	assert_list(f->r.x.reply.p, 5990, 5991);
}

#define T(f) cmocka_unit_test_setup_teardown(f, api_setup_filled, api_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(series_come_sorted_and_once),
		T(a_series_counts_when_it_has_a_sample_in_the_time),
		T(a_long_list_of_series_comes_in_pieces),
		T(series_that_are_deleted_meanwhile_are_not_listed),
		T(samples_are_found_the_same_when_they_are_packed),
		T(a_figure_counts_as_long_as_it_holds),
		T(virtual_labels_choose_no_series),
		T(a_limit_cuts_and_warns),
		T(what_cannot_be_read_is_named),
		T(labels_are_those_of_the_series_that_match),
		T(values_are_those_of_the_series_that_match),
		T(a_value_is_kept_for_any_of_its_series),
		T(names_in_the_path_may_be_escaped),
		cmocka_unit_test(escapes_that_are_none_stay_as_they_are),
		T(metadata_tell_of_the_catalogues_indicators),
		T(metadata_tell_what_senders_told),
		T(metadata_that_differ_in_type_are_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
