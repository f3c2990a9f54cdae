/*
 * api_status.c - what Prometheus' API tells of the server itself
 * (prometheus.io/docs/prometheus/latest/querying/api, "Status", "Targets", "Rules").
 *
 * Feeds stand for targets. What parkwatch has nothing of (alertmanagers, groups of rules) is an
 * empty list in the shape that clients expect. No secret is told: the configuration that is shown
 * names the feeds only.
 */
#include "exporters/handlers.h"
#include "exporters/members.h"

#include "base/counter.h"
#include "base/duration.h"
#include "base/num.h"
#include "base/zone.h"
#include "query/features.h"
#include "query/functions.h"
#include "query/query.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { SNAPSHOT_MS = 30 * 1000, TOP_DEFAULT = 10, TOP_MAX = 10000, YAML_BYTES = 4 << 20 };

static void put_empty_list(struct json_writer *j, const char *key)
{
	json_key(j, key);
	json_array(j);
	json_end(j);
}

/* --- feeds as targets -------------------------------------------------------------------- */

/* -1: the client has its error. */
static int read_feeds(struct exchange *x, struct feed_row **rows, size_t *n)
{
	const struct exporter_view *view = x->ctx;
	struct err e = { 0 };

	*n = 0;
	if (view->feeds(view->ctx, &x->arena, rows, n, &e) == 0)
		return 0;
	reply_api_error(x, 500, "internal", &e);
	return -1;
}

static const char *target_health(const struct feed_row *f)
{
	if (strcmp(f->health, "ok") == 0)
		return "up";
	return strcmp(f->health, "failing") == 0 ? "down" : "unknown";
}

static void put_labels_of_feed(struct json_writer *j, const struct feed_row *f)
{
	json_key(j, "discoveredLabels");
	json_object(j);
	put_text(j, "__address__", f->source);
	put_text(j, "job", f->name);
	json_end(j);
	json_key(j, "labels");
	json_object(j);
	put_text(j, "instance", f->source);
	put_text(j, "job", f->name);
	json_end(j);
}

static void put_target(struct json_writer *j, const struct feed_row *f)
{
	json_object(j);
	put_labels_of_feed(j, f);
	put_text(j, "scrapePool", f->name);
	put_text(j, "scrapeUrl", f->source);
	put_text(j, "globalUrl", f->source);
	put_text(j, "lastError", f->error);
	if (f->last_success_ms)
		put_time(j, "lastScrape", f->last_success_ms);
	else
		put_text(j, "lastScrape", "0001-01-01T00:00:00Z");
	put_number(j, "lastScrapeDuration", 0);
	put_text(j, "health", target_health(f));
	put_text(j, "scrapeInterval", "");
	put_text(j, "scrapeTimeout", "");
	json_end(j);
}

static void put_targets(struct json_writer *j, const struct feed_row *rows, size_t n,
			struct slice pool)
{
	json_key(j, "activeTargets");
	json_array(j);
	for (size_t i = 0; i < n; i++)
		if (pool.n == 0 || slice_is(pool, rows[i].name))
			put_target(j, &rows[i]);
	json_end(j);
}

/* `state` is read as Prometheus reads it: only these two words leave something out. */
void serve_targets(struct exchange *x)
{
	struct slice state = exchange_param(x, "state");
	struct json_writer j;
	struct feed_row *rows;
	size_t n;

	if (read_feeds(x, &rows, &n) < 0)
		return;
	if (slice_is(state, "dropped"))
		n = 0;
	api_begin(&j, x);
	json_object(&j);
	put_targets(&j, rows, n, exchange_param(x, "scrapePool"));
	put_empty_list(&j, "droppedTargets");
	json_key(&j, "droppedTargetCounts");
	if (slice_is(state, "active")) {
		json_null(&j);
	} else {
		json_object(&j);
		json_end(&j);
	}
	json_end(&j);
	api_end(&j);
}

/* Feeds tell no metadata of their own: /api/v1/metadata has that of the store. */
void serve_targets_metadata(struct exchange *x)
{
	struct json_writer j;

	api_begin(&j, x);
	json_array(&j);
	json_end(&j);
	api_end(&j);
}

void serve_scrape_pools(struct exchange *x)
{
	struct json_writer j;
	struct feed_row *rows;
	size_t n;

	if (read_feeds(x, &rows, &n) < 0)
		return;
	api_begin(&j, x);
	json_object(&j);
	json_key(&j, "scrapePools");
	json_array(&j);
	for (size_t i = 0; i < n; i++)
		json_cstr(&j, rows[i].name);
	json_end(&j);
	json_end(&j);
	api_end(&j);
}

void serve_config(struct exchange *x)
{
	struct json_writer j, quoted;
	struct feed_row *rows;
	struct buf yaml;
	size_t n;

	if (read_feeds(x, &rows, &n) < 0)
		return;
	buf_init(&yaml, YAML_BYTES);
	buf_puts(&yaml, "global: {}\n");
	if (n)
		buf_puts(&yaml, "scrape_configs:\n");
	for (size_t i = 0; i < n; i++) {
		/* A text of JSON is one of YAML. */
		buf_puts(&yaml, "- job_name: ");
		json_init(&quoted, &yaml);
		json_cstr(&quoted, rows[i].name);
		buf_putc(&yaml, '\n');
	}
	api_begin(&j, x);
	json_object(&j);
	json_key(&j, "yaml");
	json_str(&j, buf_all(&yaml));
	json_end(&j);
	api_end(&j);
	buf_release(&yaml);
}

/* --- lists that are empty ----------------------------------------------------------- */

void serve_rules(struct exchange *x)
{
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	put_empty_list(&j, "groups");
	json_end(&j);
	api_end(&j);
}

void serve_alertmanagers(struct exchange *x)
{
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	put_empty_list(&j, "activeAlertmanagers");
	put_empty_list(&j, "droppedAlertmanagers");
	json_end(&j);
	api_end(&j);
}

void serve_notifications(struct exchange *x)
{
	struct json_writer j;

	api_begin(&j, x);
	json_array(&j);
	json_end(&j);
	api_end(&j);
}

/* --- the process --------------------------------------------------------------------------- */

static void put_features_list(unsigned set, char *out, size_t room)
{
	size_t n = 0;

	*out = '\0';
	for (unsigned bit = 1; bit && bit <= set; bit <<= 1)
		if (set & bit && n < room)
			n += (size_t)snprintf(out + n, room - n, "%s%s", n ? "," : "",
					      feature_name((enum query_feature)bit));
}

/* By the names Prometheus gives what has a counterpart; clients look for the lookback and the
 * switches of the API. */
void serve_flags(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	const struct engine_options *o = engine_options(view->engine);
	struct json_writer j;
	char text[400];

	api_begin(&j, x);
	json_object(&j);
	put_features_list(o->features, text, sizeof(text));
	put_text(&j, "enable-feature", text);
	duration_print(o->lookback_ms, text);
	put_text(&j, "query.lookback-delta", text);
	snprintf(text, sizeof(text), "%u", o->concurrent);
	put_text(&j, "query.max-concurrency", text);
	snprintf(text, sizeof(text), "%zu", o->max_points);
	put_text(&j, "query.max-samples", text);
	snprintf(text, sizeof(text), "%zu", o->memory_bytes);
	put_text(&j, "query.max-memory", text); /* ours, bytes */
	duration_print(o->timeout_ms, text);
	put_text(&j, "query.timeout", text);
	put_text(&j, "web.enable-admin-api", view->admin_api ? "true" : "false");
	put_text(&j, "web.enable-lifecycle", "false");
	json_end(&j);
	api_end(&j);
}

static int64_t count_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int64_t n = 0;

	if (!d)
		return 0;
	for (const struct dirent *t = readdir(d); t; t = readdir(d))
		n += t->d_name[0] != '.';
	closedir(d);
	return n;
}

static void put_places(struct json_writer *j)
{
	char text[4096];

	put_text(j, "CWD", getcwd(text, sizeof(text)) ? text : "");
	put_text(j, "hostname", gethostname(text, sizeof(text) - 1) == 0 ? text : "");
}

void serve_runtimeinfo(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct store_status s;
	struct json_writer j;

	store_status(view->store, &s);
	api_begin(&j, x);
	json_object(&j);
	put_time(&j, "startTime", (int64_t)(counter_get(C_PROCESS_START) * 1000));
	put_places(&j);
	put_time(&j, "serverTime", view->now(view->ctx));
	put_flag(&j, "reloadConfigSuccess", counter_get(C_RELOAD_OK) != 0);
	put_time(&j, "lastConfigTime", (int64_t)(counter_get(C_RELOAD_TIME) * 1000));
	put_number(&j, "corruptionCount", (int64_t)s.damaged);
	put_number(&j, "goroutineCount", count_threads());
	put_number(&j, "GOMAXPROCS", (int64_t)sysconf(_SC_NPROCESSORS_ONLN));
	put_number(&j, "GOMEMLIMIT", INT64_MAX);
	put_text(&j, "GOGC", "");
	put_text(&j, "GODEBUG", "");
	put_text(&j, "storageRetention", "");
	json_end(&j);
	api_end(&j);
}

/* The log is read before anything is served. */
void serve_walreplay(struct exchange *x)
{
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	put_number(&j, "min", 0);
	put_number(&j, "max", 0);
	put_number(&j, "current", 0);
	json_end(&j);
	api_end(&j);
}

/* --- the store ------------------------------------------------------------------------------ */

static void put_counts(struct json_writer *j, const char *key, const struct index_count *list,
		       size_t n)
{
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n; i++) {
		json_object(j);
		json_key(j, "name");
		json_str(j, list[i].name);
		put_number(j, "value", (int64_t)list[i].n);
		json_end(j);
	}
	json_end(j);
}

static void put_tsdb(struct exchange *x, const struct index_cardinality *c,
		     const struct stored_extent *extent)
{
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	json_key(&j, "headStats");
	json_object(&j);
	put_number(&j, "numSeries", (int64_t)c->series);
	put_number(&j, "numLabelPairs", (int64_t)c->pairs);
	put_number(&j, "chunkCount", (int64_t)extent->chunks);
	put_number(&j, "minTime", extent->first_ms);
	put_number(&j, "maxTime", extent->last_ms);
	json_end(&j);
	put_counts(&j, "seriesCountByMetricName", c->metrics, c->nmetrics);
	put_counts(&j, "labelValueCountByLabelName", c->label_values, c->nlabel_values);
	put_counts(&j, "memoryInBytesByLabelName", c->label_bytes, c->nlabel_bytes);
	put_counts(&j, "seriesCountByLabelValuePair", c->label_pairs, c->nlabel_pairs);
	json_end(&j);
	api_end(&j);
}

static int read_top(const struct exchange *x, int64_t *top, struct err *e)
{
	struct slice text = exchange_param(x, "limit");

	*top = TOP_DEFAULT;
	if (text.n && (num_parse_i64(text, top, NULL) < 0 || *top < 1))
		return err_set(e, ERR_INVALID, "limit must be a positive number");
	if (*top > TOP_MAX)
		return err_set(e, ERR_INVALID, "limit must not exceed 10000");
	return 0;
}

void serve_tsdb_status(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct index_cardinality c;
	struct stored_extent extent;
	struct err e = { 0 };
	struct snapshot *v;
	int64_t top;

	if (read_top(x, &top, &e) < 0) {
		reply_api_error(x, 400, "bad_data", &e);
		return;
	}
	v = snapshot_open(view->store, SNAPSHOT_MS, &e);
	if (!v) {
		reply_store_error(x, &e);
		return;
	}
	if (snapshot_cardinality(v, (size_t)top, &x->arena, &c, &e) < 0 ||
	    snapshot_extent(v, &extent, &e) < 0)
		reply_store_error(x, &e);
	else
		put_tsdb(x, &c, &extent);
	snapshot_close(v);
}

/* --- features --------------------------------------------------------------------------------- */

static void put_all_true(struct json_writer *j, const char *const *names)
{
	for (; *names; names++)
		put_flag(j, *names, true);
}

static void put_api(struct json_writer *j, bool admin)
{
	static const char *const names[] = { "label_values_match", "labels",
					     "lookback_delta",     "query_stats",
					     "query_warnings",     "query_infos",
					     "series_limit",       NULL };

	json_key(j, "api");
	json_object(j);
	put_flag(j, "admin", admin);
	put_all_true(j, names);
	json_end(j);
}

static void put_language(struct json_writer *j, unsigned set)
{
	json_key(j, "promql");
	json_object(j);
	put_flag(j, "anchored", set & FEATURE_EXTENDED_RANGES);
	put_flag(j, "at_modifier", true);
	put_flag(j, "bool", true);
	put_flag(j, "by", true);
	put_flag(j, "delayed_name_removal", set & FEATURE_DELAYED_NAME_REMOVAL);
	put_flag(j, "duration_expr", true);
	put_flag(j, "fill", set & FEATURE_FILL);
	put_flag(j, "group_left", true);
	put_flag(j, "group_right", true);
	put_flag(j, "ignoring", true);
	put_flag(j, "negative_offset", true);
	put_flag(j, "offset", true);
	put_flag(j, "on", true);
	put_flag(j, "per_query_lookback_delta", true);
	put_flag(j, "per_step_stats", set & FEATURE_PER_STEP_STATS);
	put_flag(j, "smoothed", set & FEATURE_EXTENDED_RANGES);
	put_flag(j, "subqueries", true);
	put_flag(j, "type_and_unit_labels", set & FEATURE_TYPE_AND_UNIT);
	put_flag(j, "without", true);
	json_end(j);
}

static void put_functions(struct json_writer *j, unsigned set)
{
	size_t n;
	const struct function *f = functions_all(&n);
	bool all = set & FEATURE_EXPERIMENTAL_FUNCTIONS;

	json_key(j, "promql_functions");
	json_object(j);
	for (size_t i = 0; i < n; i++)
		put_flag(j, f[i].name, all || !(f[i].flags & FN_EXPERIMENTAL));
	json_end(j);
}

void serve_features(struct exchange *x)
{
	static const char *const operators[] = { "!=",
						 "%",
						 "*",
						 "+",
						 "-",
						 "/",
						 "<",
						 "<=",
						 "==",
						 ">",
						 ">=",
						 "@",
						 "^",
						 "and",
						 "atan2",
						 "avg",
						 "bottomk",
						 "count",
						 "count_values",
						 "group",
						 "max",
						 "min",
						 "or",
						 "quantile",
						 "stddev",
						 "stdvar",
						 "sum",
						 "topk",
						 "unless",
						 NULL };
	const struct exporter_view *view = x->ctx;
	unsigned set = engine_options(view->engine)->features;
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	put_api(&j, view->admin_api);
	put_language(&j, set);
	put_functions(&j, set);
	json_key(&j, "promql_operators");
	json_object(&j);
	put_all_true(&j, operators);
	json_end(&j);
	json_end(&j);
	api_end(&j);
}
