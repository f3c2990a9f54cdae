/* Queries over HTTP: shapes of results, errors with their kind and status. */
#include "tests/unit/exporters/api_help.h"

#define NOW          "1795424700"
#define CUT          ",\"warnings\":[\"results truncated due to limit\"]"
#define VECTOR(rows) "{\"resultType\":\"vector\",\"result\":[" rows "]}"
#define MATRIX(rows) "{\"resultType\":\"matrix\",\"result\":[" rows "]}"

/* --- results -------------------------------------------------------------------------------- */

static void an_instant_query_gives_its_four_kinds(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_query, "query=1&time=2.5",
		    "{\"resultType\":\"scalar\",\"result\":[2.500,\"1\"]}");
	assert_data(f, serve_query, "query=\"a\\n甲\"&time=2",
		    "{\"resultType\":\"string\",\"result\":[2,\"a\\n甲\"]}");
	assert_data(f, serve_query, "query=requests_total{job=\"web\",instance=\"h1\"}&time=" NOW,
		    VECTOR("{\"metric\":{\"__name__\":\"requests_total\",\"instance\":\"h1\","
			   "\"job\":\"web\"},\"value\":[" NOW ",\"240\"]}"));
	assert_data(f, serve_query,
		    "query=requests_total{job=\"web\",instance=\"h1\"}[30s]&time=" NOW,
		    MATRIX("{\"metric\":{\"__name__\":\"requests_total\",\"instance\":\"h1\","
			   "\"job\":\"web\"},\"values\":[[1795424685,\"239\"],[" NOW
			   ",\"240\"]]}"));
	assert_data(f, serve_query, "query=nothing&time=" NOW, VECTOR(""));
	assert_data(f, serve_query, "query=nothing[5m]&time=" NOW, MATRIX(""));
}

static void without_a_time_it_is_now(void **state)
{
	assert_data((struct face *)*state, serve_query, "query=count(requests_total)",
		    VECTOR("{\"metric\":{},\"value\":[" NOW ",\"4\"]}"));
}

static void a_range_query_gives_a_matrix_by_labels(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_query_range,
		    "query=sum(requests_total)by(job)&start=1795424640&end=" NOW "&step=30",
		    MATRIX("{\"metric\":{\"job\":\"api\"},\"values\":[[1795424640,\"172\"],"
			   "[1795424670,\"176\"],[" NOW ",\"180\"]]},"
			   "{\"metric\":{\"job\":\"web\"},\"values\":[[1795424640,\"572\"],"
			   "[1795424670,\"576\"],[" NOW ",\"580\"]]}"));
	assert_data(f, serve_query_range, "query=1&start=0&end=1&step=0.5",
		    MATRIX("{\"metric\":{},\"values\":[[0,\"1\"],[0.500,\"1\"],[1,\"1\"]]}"));
	assert_data(f, serve_query_range, "query=nothing&start=0&end=1&step=1", MATRIX(""));
}

static void a_series_that_went_stale_has_no_value(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_query, "query=gone&time=" NOW, VECTOR(""));
	assert_data(
		f, serve_query_range, "query=gone&start=1795424580&end=" NOW "&step=60",
		MATRIX("{\"metric\":{\"__name__\":\"gone\",\"job\":\"api\",\"q\":\"a\\\"b\\\\c\""
		       "},\"values\":[[1795424580,\"1\"]]}"));
}

static void a_long_answer_comes_in_pieces(void **state)
{
	struct face *f = *state;
	struct buf want;

	buf_init(&want, 4 << 20);
	buf_puts(&want, "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[");
	for (int i = 0; i < 4; i++) {
		buf_printf(&want, "%s{\"metric\":{\"row\":\"%d\"},\"values\":[", i ? "," : "", i);
		for (int k = 0; k < 11000; k++)
			buf_printf(&want, "%s[%d,\"%d\"]", k ? "," : "", 5 * k, 5 * k);
		buf_puts(&want, "]}");
	}
	buf_puts(&want, "]}}");
	buf_putc(&want, '\0');
	assert_string_equal(api_ask(f, serve_query_range, "",
				    "start=0&end=54995&step=5&query="
				    "label_replace(vector(time()),\"row\",\"0\",\"\",\"\") or "
				    "label_replace(vector(time()),\"row\",\"1\",\"\",\"\") or "
				    "label_replace(vector(time()),\"row\",\"2\",\"\",\"\") or "
				    "label_replace(vector(time()),\"row\",\"3\",\"\",\"\")"),
			    want.p);
	assert_int_equal(api_pieces, 3);
	buf_release(&want);
}

static void an_answer_that_nobody_wants_any_more_is_given_back(void **state)
{
	struct face *f = *state;

	api_start(f, serve_query_range, "",
		  "start=0&end=109990&step=10&query="
		  "label_replace(vector(time()),\"a\",\"b\",\"\",\"\")"
		  " or vector(time())");
	assert_non_null(f->r.x.more);
	assert_true(f->r.x.held_bytes > 2 * 11000 * sizeof(double));
	atomic_store(&f->r.x.cancelled, true);
	buf_clear(&f->r.x.reply);
	f->r.x.more(&f->r.x);
	assert_null(f->r.x.more); /* leaks are for the sanitizer to find */
	assert_int_equal(f->r.x.reply.n, 0);
}

static void a_series_that_is_deleted_while_it_is_sent_keeps_its_labels(void **state)
{
	static const char labels[] = "{\"metric\":{\"__name__\":\"requests_total\",\"instance\":\"";
	const struct matcher all = { .op = MATCH_EQ,
				     .name = slice_str("__name__"),
				     .value = slice_str("requests_total") };
	struct face *f = *state;
	const char *at;
	uint64_t n;
	int seen = 0;

	api_start(f, serve_query_range, "",
		  "start=1795424100&end=1795424700&step=0.06&query=requests_total");
	assert_non_null(f->r.x.more);
	assert_ok(store_delete(f->s, &all, 1, INT64_MIN, INT64_MAX, &n, &f->e), &f->e);
	assert_true(n > 0);
	api_collect(f);
	for (at = f->r.x.reply.p; (at = strstr(at, labels)); at += sizeof(labels))
		seen++;
	assert_int_equal(seen, 4);
}

static void a_limit_cuts_series_and_warns(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_query, "query=count(requests_total)by(job)>bool 0&limit=2&time=" NOW,
		    VECTOR("{\"metric\":{\"job\":\"api\"},\"value\":[" NOW ",\"1\"]},"
			   "{\"metric\":{\"job\":\"web\"},\"value\":[" NOW ",\"1\"]}"));
	assert_string_equal(api_ask(f, serve_query_range, "",
				    "query=count(requests_total)by(job)&limit=1&start=" NOW
				    "&end=" NOW "&step=1"),
			    "{\"status\":\"success\",\"data\":" MATRIX(
				    "{\"metric\":{\"job\":\"api\"},\"values\":[[" NOW ",\"2\"]]}")
				    CUT "}");
}

static void notes_come_behind_the_data(void **state)
{
	struct face *f = *state;
	const char *reply =
		api_ask(f, serve_query, "", "query=quantile(2,requests_total)&time=" NOW);

	assert_non_null(strstr(reply, "\"value\":[" NOW ",\"+Inf\"]}]},\"warnings\":[\"PromQL "
				      "warning: quantile value should be between 0 and 1, got 2 "
				      "(1:10)\"]}"));
	api_sample(f, api_labels("heat", "job", "a", "b", "c"), NOW_MS - 30000, 1);
	api_sample(f, api_labels("heat", "job", "a", "b", "c"), NOW_MS, 2);
	reply = api_ask(f, serve_query, "", "query=rate(heat[5m])&time=" NOW);
	assert_non_null(strstr(reply,
			       "\"infos\":[\"PromQL info: metric might not be a counter, "
			       "name does not end in _total/_sum/_count/_bucket: \\\"heat\\\""
			       " (1:6)\"]}"));
	assert_null(strstr(reply, "warnings"));
}

static void stats_come_when_they_are_asked_for(void **state)
{
	struct face *f = *state;
	const char *reply = api_ask(f, serve_query, "", "query=requests_total&stats=all&time=" NOW);

	assert_non_null(strstr(reply, "\"stats\":{\"timings\":{\"evalTotalTime\":"));
	assert_non_null(strstr(reply, "\"samples\":{\"totalQueryableSamples\":"));
	assert_non_null(strstr(reply, "\"peakSamples\":"));
	assert_null(strstr(reply, "PerStep"));
	assert_null(strstr(api_ask(f, serve_query, "", "query=1"), "stats"));
}

static void samples_are_counted_by_step_when_that_is_switched_on(void **state)
{
	static const char ask[] =
		"query=rate(requests_total[1m])&start=1795424640&end=" NOW "&step=30&stats=";
	struct engine_options o = { .workers = ENGINE_NO_WORKERS,
				    .features = FEATURE_PER_STEP_STATS };
	struct face *f = *state;
	char params[200];

	engine_free(f->view.engine);
	f->view.engine = engine_new(&o, &f->e);
	snprintf(params, sizeof(params), "%sall", ask);
	assert_non_null(strstr(api_ask(f, serve_query_range, "", params),
			       "\"samples\":{\"totalQueryableSamplesPerStep\":[[1795424640,16],"
			       "[1795424670,16],[1795424700,16]],\"totalQueryableSamples\":48,"));
	snprintf(params, sizeof(params), "%strue", ask);
	assert_non_null(strstr(api_ask(f, serve_query_range, "", params),
			       "\"samples\":{\"totalQueryableSamples\":48,"));
}

static void the_lookback_can_be_chosen(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_query, "query=old&time=" NOW, VECTOR(""));
	assert_data(f, serve_query, "query=old&lookback_delta=2h&time=" NOW,
		    VECTOR("{\"metric\":{\"__name__\":\"old\",\"job\":\"cron\",\"was\":\"here\"},"
			   "\"value\":[" NOW ",\"1\"]}"));
}

/* --- errors ------------------------------------------------------------------------- */

static void errors_have_kind_and_status(void **state)
{
	struct face *f = *state;

	assert_refused(f, serve_query, "", 400, "bad_data",
		       "invalid parameter \\\"query\\\": 1:1: parse error: no expression found in "
		       "input");
	assert_refused(f, serve_query, "query=1%2B", 400, "bad_data",
		       "invalid parameter \\\"query\\\": 1:3: parse error: unexpected end of "
		       "input");
	assert_refused(f, serve_query, "query=rate(up)", 400, "bad_data",
		       "invalid parameter \\\"query\\\": 1:6: parse error: expected type range "
		       "vector in call to function \\\"rate\\\", got instant vector");
	assert_refused(f, serve_query, "query=1&time=x", 400, "bad_data",
		       "invalid parameter \\\"time\\\": Invalid time value for 'time': cannot "
		       "parse \\\"x\\\" to a valid timestamp");
	assert_refused(f, serve_query, "query=1&timeout=x", 400, "bad_data",
		       "invalid parameter \\\"timeout\\\": cannot parse \\\"x\\\" to a valid "
		       "duration");
	assert_refused(f, serve_query, "query=1&limit=-1", 400, "bad_data",
		       "invalid parameter \\\"limit\\\": limit must be non-negative");
	assert_refused(f, serve_query_range, "query=1&start=0&end=11001&step=1", 400, "bad_data",
		       "exceeded maximum resolution of 11,000 points per timeseries. Try "
		       "decreasing the query resolution (?step=XX)");
	assert_refused(f, serve_query_range, "query=up[5m]&start=0&end=1&step=1", 400, "bad_data",
		       "invalid parameter \\\"query\\\": invalid expression type \\\"range "
		       "vector\\\" for range query, must be Scalar or instant Vector");
	assert_refused(f, serve_query,
		       "query=label_replace(requests_total,\"a\",\"b\",\"c\",\"(\")", 422,
		       "execution", "invalid regular expression in label_replace(): (");
}

static void what_a_query_would_hold_is_limited(void **state)
{
	struct engine_options o = { .workers = ENGINE_NO_WORKERS, .max_points = 10 };
	struct face *f = *state;

	engine_free(f->view.engine);
	f->view.engine = engine_new(&o, &f->e);
	assert_refused(f, serve_query_range,
		       "query=requests_total&start=1795424640&end=" NOW "&step=30", 422,
		       "execution",
		       "query processing would load too many samples into memory in query "
		       "execution");
	assert_refused(f, serve_query, "query=requests_total[365d]", 422, "execution",
		       "query processing would load too many samples into memory in query "
		       "execution");
}

/* --- about queries ------------------------------------------------------------------ */

static void queries_are_formatted_and_parsed(void **state)
{
	struct face *f = *state;
	const char *reply;

	assert_data(f, serve_format_query, "query=sum by(a)(x{b='c'})",
		    "\"sum by (a) (x{b=\\\"c\\\"})\"");
	assert_refused(f, serve_format_query, "query=sum(", 400, "bad_data",
		       "invalid parameter \\\"query\\\": 1:5: parse error: unclosed left "
		       "parenthesis");
	reply = api_ask(f, serve_parse_query, "", "query=-x");
	assert_non_null(strstr(reply, "\"type\":\"unaryExpr\""));
	assert_refused(f, serve_parse_query, "query=", 400, "bad_data",
		       "invalid parameter \\\"query\\\": 1:1: parse error: no expression found in "
		       "input");
}

static void there_are_no_exemplars_and_nothing_runs(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_query_exemplars, "query=requests_total", "[]");
	assert_data(f, serve_query_exemplars, "query=up&start=4&end=5", "[]");
	assert_refused(f, serve_query_exemplars, "query=(", 400, "bad_data",
		       "1:2: parse error: unclosed left parenthesis");
	assert_refused(f, serve_query_exemplars, "query=(&start=5&end=4", 400, "bad_data",
		       "end timestamp must not be before start timestamp");
	assert_refused(f, serve_query_exemplars, "query=up&end=x", 400, "bad_data",
		       "invalid parameter \\\"end\\\": Invalid time value for 'end': cannot parse "
		       "\\\"x\\\" to a valid timestamp");
	assert_data(f, serve_queries, "", "[]");
}

#define T(f) cmocka_unit_test_setup_teardown(f, api_setup_filled, api_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_instant_query_gives_its_four_kinds),
		T(without_a_time_it_is_now),
		T(a_range_query_gives_a_matrix_by_labels),
		T(a_series_that_went_stale_has_no_value),
		T(a_long_answer_comes_in_pieces),
		T(an_answer_that_nobody_wants_any_more_is_given_back),
		T(a_series_that_is_deleted_while_it_is_sent_keeps_its_labels),
		T(a_limit_cuts_series_and_warns),
		T(notes_come_behind_the_data),
		T(stats_come_when_they_are_asked_for),
		T(samples_are_counted_by_step_when_that_is_switched_on),
		T(the_lookback_can_be_chosen),
		T(errors_have_kind_and_status),
		T(what_a_query_would_hold_is_limited),
		T(queries_are_formatted_and_parsed),
		T(there_are_no_exemplars_and_nothing_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
