/* What the API tells of the server itself, and what an administrator may do through it. */
#include "base/json_read.h"
#include "query/features.h"
#include "tests/unit/exporters/api_help.h"

static const struct json_node *ask(struct face *f, void (*serve)(struct exchange *x),
				   const char *params)
{
	const char *reply = api_ask(f, serve, "", params);
	struct json_node *root = json_parse(slice_str(reply), &f->r.x.arena, &f->e);

	if (!root)
		fail_msg("%s in %s", f->e.text, reply);
	assert_int_equal(f->r.x.status, 200);
	return root;
}

static const struct json_node *node_at(const struct json_node *root, const char *pointer)
{
	const struct json_node *n = json_pointer(root, slice_str(pointer));

	if (!n)
		fail_msg("nothing at %s", pointer);
	return n;
}

#define assert_text(root, pointer, want) assert_slice(node_at(root, pointer)->text, want)

/* --- feeds as targets -------------------------------------------------------------------- */

static struct feed_row feeds[] = {
	{ .name = "stat",
	  .source = "http://a/b",
	  .health = "ok",
	  .error = "",
	  .last_success_ms = NOW_MS },
	{ .name = "bad \"one\"", .source = "/srv/drop", .health = "failing", .error = "no answer" },
	{ .name = "fresh", .source = "/srv/new", .health = "new", .error = "" },
};

static void a_feed_is_told_with_its_last_document(void **state)
{
	static struct feed_reason reasons[] = { { "value", "不是数字", false, 12 } };
	struct face *f = *state;
	const struct json_node *root;
	struct feed_row row = { .name = "land",
				.source = "/srv",
				.owner = "nr",
				.health = "ok",
				.state = "waiting",
				.error = "",
				.format = "csv",
				.body_bytes = 2000,
				.read_bytes = 900,
				.document_ms = NOW_MS,
				.bytes = 4096,
				.rows = 41,
				.kept = 30,
				.refused = 12,
				.submission = 77,
				.fresh = 30,
				.reasons = reasons,
				.nreasons = 1,
				.nattempts = 1 };
	struct feed_row rows[] = { row, feeds[1] };

	rows[0].attempts[0].at_ms = NOW_MS;
	rows[0].attempts[0].result = "changed";
	f->feeds = rows;
	f->nfeeds = 2;
	root = ask(f, serve_api_feeds, "feed=land");
	assert_int_equal(node_at(root, "/data")->n, 1);
	assert_text(root, "/data/0/document/at", "2026-11-23T09:05:00.000Z");
	assert_text(root, "/data/0/document/submission", "77");
	assert_text(root, "/data/0/document/kept", "30");
	assert_text(root, "/data/0/progress/read", "900");
	assert_text(root, "/data/0/reasons/0/zh", "不是数字");
	assert_text(root, "/data/0/reasons/0/number", "12");
	assert_text(root, "/data/0/attempts/0/result", "changed");
	root = ask(f, serve_api_feeds, "health=failing");
	assert_int_equal(node_at(root, "/data")->n, 1);
	assert_text(root, "/data/0/error", "no answer");
	assert_int_equal(node_at(root, "/data/0/document")->type, JSON_NULL);
	root = ask(f, serve_api_feeds, "limit=1");
	assert_int_equal(node_at(root, "/data")->n, 1);
	assert_int_equal(node_at(root, "/warnings")->n, 1);
}

static void unknown_feeds_and_states_are_refused(void **state)
{
	struct face *f = *state;

	f->feeds = feeds;
	f->nfeeds = 3;
	face_get(f, serve_api_feeds, "", "feed", "nobody");
	assert_int_equal(f->r.x.status, 404);
	face_get(f, serve_api_feeds, "", "health", "well");
	assert_int_equal(f->r.x.status, 400);
	face_get(f, serve_api_feeds, "", "limit", "x");
	assert_int_equal(f->r.x.status, 400);
}

static void feeds_are_targets(void **state)
{
	struct face *f = *state;
	const struct json_node *root;

	f->feeds = feeds;
	f->nfeeds = 3;
	root = ask(f, serve_targets, "");
	assert_int_equal(node_at(root, "/data/activeTargets")->n, 3);
	assert_text(root, "/data/activeTargets/0/labels/job", "stat");
	assert_text(root, "/data/activeTargets/0/scrapeUrl", "http://a/b");
	assert_text(root, "/data/activeTargets/0/health", "up");
	assert_text(root, "/data/activeTargets/0/lastScrape", "2026-11-23T09:05:00.000Z");
	assert_text(root, "/data/activeTargets/1/health", "down");
	assert_text(root, "/data/activeTargets/1/lastError", "no answer");
	assert_text(root, "/data/activeTargets/1/lastScrape", "0001-01-01T00:00:00Z");
	assert_text(root, "/data/activeTargets/2/health", "unknown");
	assert_int_equal(node_at(root, "/data/droppedTargets")->n, 0);
	root = ask(f, serve_targets, "scrapePool=fresh");
	assert_int_equal(node_at(root, "/data/activeTargets")->n, 1);
	assert_text(root, "/data/activeTargets/0/scrapePool", "fresh");
	assert_int_equal(node_at(ask(f, serve_targets, "state=dropped"), "/data/activeTargets")->n,
			 0);
	assert_data(f, serve_scrape_pools, "",
		    "{\"scrapePools\":[\"stat\",\"bad \\\"one\\\"\",\"fresh\"]}");
	assert_data(f, serve_config, "",
		    "{\"yaml\":\"global: {}\\nscrape_configs:\\n- job_name: \\\"stat\\\"\\n- "
		    "job_name: \\\"bad \\\\\\\"one\\\\\\\"\\\"\\n- job_name: \\\"fresh\\\"\\n\"}");
}

static void what_there_is_nothing_of_is_an_empty_list(void **state)
{
	struct face *f = *state;

	assert_data(f, serve_targets, "",
		    "{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{}}");
	assert_data(f, serve_targets, "state=active",
		    "{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":null}");
	assert_data(f, serve_targets_metadata, "", "[]");
	assert_data(f, serve_scrape_pools, "", "{\"scrapePools\":[]}");
	assert_data(f, serve_config, "", "{\"yaml\":\"global: {}\\n\"}");
	assert_data(f, serve_rules, "", "{\"groups\":[]}");
	assert_data(f, serve_alertmanagers, "",
		    "{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}");
	assert_data(f, serve_notifications, "", "[]");
	assert_data(f, serve_walreplay, "", "{\"min\":0,\"max\":0,\"current\":0}");
}

/* --- the process ---------------------------------------------------------------------------- */

static void flags_have_prometheus_names_and_are_texts(void **state)
{
	static const char *const has[][2] = {
		{ "/data/query.lookback-delta", "1m30s" },
		{ "/data/query.max-samples", "1000" },
		{ "/data/query.max-concurrency", "3" },
		{ "/data/query.max-memory", "1048576" },
		{ "/data/query.timeout", "10s" },
		{ "/data/web.enable-admin-api", "true" },
		{ "/data/enable-feature",
		  "promql-experimental-functions,promql-delayed-name-removal" },
	};
	struct engine_options o = { .workers = ENGINE_NO_WORKERS,
				    .lookback_ms = 90000,
				    .timeout_ms = 10000,
				    .memory_bytes = 1 << 20,
				    .max_points = 1000,
				    .concurrent = 3,
				    .features = FEATURE_EXPERIMENTAL_FUNCTIONS |
						FEATURE_DELAYED_NAME_REMOVAL };
	struct face *f = *state;
	const struct json_node *root;

	engine_free(f->view.engine);
	f->view.engine = engine_new(&o, &f->e);
	root = ask(f, serve_flags, "");
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++) {
		assert_text(root, has[i][0], has[i][1]);
		assert_int_equal(node_at(root, has[i][0])->type, JSON_STRING);
	}
}

static void runtimeinfo_has_prometheus_members(void **state)
{
	static const char *const members[] = {
		"startTime",
		"CWD",
		"hostname",
		"serverTime",
		"reloadConfigSuccess",
		"lastConfigTime",
		"corruptionCount",
		"goroutineCount",
		"GOMAXPROCS",
		"GOMEMLIMIT",
		"GOGC",
		"GODEBUG",
		"storageRetention",
	};
	const struct json_node *root = ask(*state, serve_runtimeinfo, "");
	char pointer[60];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snprintf(pointer, sizeof(pointer), "/data/%s", members[i]);
		node_at(root, pointer);
	}
	assert_int_equal(node_at(root, "/data")->n, sizeof(members) / sizeof(members[0]));
	assert_text(root, "/data/serverTime", "2026-11-23T09:05:00.000Z");
	assert_text(root, "/data/corruptionCount", "0");
	assert_int_equal(node_at(root, "/data/reloadConfigSuccess")->type, JSON_BOOL);
}

static void features_tell_what_is_switched_on(void **state)
{
	struct face *f = *state;
	const struct json_node *root = ask(f, serve_features, "");

	assert_true(node_at(root, "/data/promql_functions/rate")->boolean);
	assert_false(node_at(root, "/data/promql_functions/mad_over_time")->boolean);
	assert_true(node_at(root, "/data/promql/at_modifier")->boolean);
	assert_false(node_at(root, "/data/promql/fill")->boolean);
	assert_true(node_at(root, "/data/promql_operators/unless")->boolean);
	assert_true(node_at(root, "/data/api/admin")->boolean);
}

/* --- the store ------------------------------------------------------------------------------ */

static void tsdb_counts_series_and_labels(void **state)
{
	struct face *f = *state;
	const struct json_node *root;

	root = ask(f, serve_tsdb_status, "");
	assert_text(root, "/data/headStats/minTime", "9223372036854775807");
	assert_text(root, "/data/headStats/maxTime", "-9223372036854775808");
	api_fill(f);
	root = ask(f, serve_tsdb_status, "limit=2");
	assert_text(root, "/data/headStats/numSeries", "8");
	assert_text(root, "/data/headStats/numLabelPairs", "15");
	assert_text(root, "/data/headStats/minTime", "1788080700000");
	assert_text(root, "/data/headStats/maxTime", "1795424700000");
	assert_text(root, "/data/headStats/chunkCount", "8");
	assert_int_equal(node_at(root, "/data/seriesCountByMetricName")->n, 2);
	assert_text(root, "/data/seriesCountByMetricName/0/name", "requests_total");
	assert_text(root, "/data/seriesCountByMetricName/0/value", "4");
	assert_text(root, "/data/labelValueCountByLabelName/0/name", "__name__");
	assert_text(root, "/data/labelValueCountByLabelName/0/value", "4");
	assert_text(root, "/data/seriesCountByLabelValuePair/0/name", "__name__=requests_total");
	node_at(root, "/data/memoryInBytesByLabelName/1");
	assert_ok(store_flush(f->s, &f->e), &f->e);
	root = ask(f, serve_tsdb_status, "");
	assert_text(root, "/data/headStats/minTime", "1788080700000");
	assert_text(root, "/data/headStats/maxTime", "1795424700000");
	assert_text(root, "/data/headStats/chunkCount", "8");
	assert_refused(f, serve_tsdb_status, "limit=0", 400, "bad_data",
		       "limit must be a positive number");
	assert_refused(f, serve_tsdb_status, "limit=x", 400, "bad_data",
		       "limit must be a positive number");
	assert_refused(f, serve_tsdb_status, "limit=10001", 400, "bad_data",
		       "limit must not exceed 10000");
}

/* --- administration --------------------------------------------------------------------------- */

static void without_the_switch_nothing_is_deleted(void **state)
{
	void (*const served[])(struct exchange * x) = { serve_delete_series, serve_clean_tombstones,
							serve_tsdb_snapshot };
	struct face *f = *state;

	api_fill(f);
	f->view.admin_api = false;
	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		assert_refused(f, served[i], "match[]=old", 500, "unavailable",
			       "admin APIs disabled");
	assert_data(f, serve_series, "match[]=old",
		    "[{\"__name__\":\"old\",\"job\":\"cron\",\"was\":\"here\"}]");
	assert_text(ask(f, serve_flags, ""), "/data/web.enable-admin-api", "false");
	assert_false(node_at(ask(f, serve_features, ""), "/data/api/admin")->boolean);
	api_ask(f, serve_flush, "", "");
	assert_int_equal(f->r.x.status, 204);
}

static void what_is_deleted_is_gone(void **state)
{
	struct face *f = *state;

	api_fill(f);
	api_ask(f, serve_delete_series, "", "match[]=old&match[]=requests_total{job=\"api\"}");
	assert_int_equal(f->r.x.status, 204);
	assert_string_equal(f->r.x.reply.p, "");
	assert_string_equal(api_ask(f, serve_label_values, "/api/v1/label/job/values",
				    "match[]=old&match[]=requests_total"),
			    "{\"status\":\"success\",\"data\":[\"web\"]}");
	api_ask(f, serve_clean_tombstones, "", "");
	assert_int_equal(f->r.x.status, 204);
}

static void only_samples_in_the_time_are_deleted(void **state)
{
	struct face *f = *state;
	char params[100];

	api_fill(f);
	snprintf(params, sizeof(params), "match[]=requests_total&end=%.3f",
		 (double)(NOW_MS - MINUTE) / 1000);
	api_ask(f, serve_delete_series, "", params);
	assert_int_equal(f->r.x.status, 204);
	assert_data(f, serve_series, params, "[]");
	assert_data(f, serve_series, "match[]=requests_total{job=\"web\",instance=\"h3\"}",
		    "[{\"__name__\":\"requests_total\",\"instance\":\"h3\",\"job\":\"web\"}]");
}

static void deletion_is_refused_with_a_reason(void **state)
{
	struct face *f = *state;
	const char *reply;

	api_fill(f);
	assert_refused(f, serve_delete_series, "", 400, "bad_data",
		       "no match[] parameter provided");
	assert_refused(f, serve_delete_series, "match[]=x(", 400, "bad_data",
		       "invalid parameter \\\"match[]\\\": 1:2: parse error: unexpected "
		       "\\\"(\\\"");
	assert_refused(f, serve_delete_series, "match[]=x&start=y", 400, "bad_data",
		       "invalid parameter \\\"start\\\": Invalid time value for 'start': cannot "
		       "parse \\\"y\\\" to a valid timestamp");
	/* Figures are kept for ever. */
	reply = api_ask(f, serve_delete_series, "", "match[]=park_output_yuan");
	assert_int_equal(f->r.x.status, 400);
	assert_non_null(strstr(reply, "\"errorType\":\"bad_data\""));
	assert_non_null(strstr(reply, "park_output_yuan"));
	assert_data(f, serve_labels, "match[]=park_output_yuan",
		    "[\"__name__\",\"freq\",\"park\"]");
	/* Not even all at once by a selector that means everything. */
	assert_refused(f, serve_delete_series, "match[]={}", 400, "bad_data",
		       "match[] must contain at least one non-empty matcher");
	assert_refused(f, serve_delete_series, "match[]=old{__period__=\"2026-10\"}", 400,
		       "bad_data",
		       "__period__, __as_of__ and __release__ choose figures, which are never "
		       "deleted");
	assert_data(f, serve_series, "match[]=old",
		    "[{\"__name__\":\"old\",\"job\":\"cron\",\"was\":\"here\"}]");
}

static void snapshots_are_made_by_another_process(void **state)
{
	assert_refused((struct face *)*state, serve_tsdb_snapshot, "", 500, "unavailable",
		       "snapshots are made beside the running daemon, by parkwatch backup "
		       "--data-dir DIR --to FOLDER");
}

#define T(f) cmocka_unit_test_setup_teardown(f, api_setup, api_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(feeds_are_targets),
		T(a_feed_is_told_with_its_last_document),
		T(unknown_feeds_and_states_are_refused),
		T(what_there_is_nothing_of_is_an_empty_list),
		T(flags_have_prometheus_names_and_are_texts),
		T(runtimeinfo_has_prometheus_members),
		T(features_tell_what_is_switched_on),
		T(tsdb_counts_series_and_labels),
		T(without_the_switch_nothing_is_deleted),
		T(what_is_deleted_is_gone),
		T(only_samples_in_the_time_are_deleted),
		T(deletion_is_refused_with_a_reason),
		T(snapshots_are_made_by_another_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
