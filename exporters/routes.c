/*
 * routes.c - see routes.h. What walks figures runs as a query job; what only looks something up
 * runs on the loop, so that health checks stay quick whatever the workers do.
 */
#include "exporters/routes.h"
#include "exporters/handlers.h"
#include "query/query.h"

/* What a browser asks before it lets a page of elsewhere ask. */
static struct http_route options_of(const struct http_route *r)
{
	struct http_route options = *r;

	options.method = "OPTIONS";
	options.where = HTTP_ON_LOOP;
	options.serve = serve_options;
	return options;
}

static bool waits_for_writer(const char *path)
{
	return strstr(path, "/admin/") || strcmp(path, "/api/v1/findings/answer") == 0;
}

const struct http_route *exporter_routes(const struct exporter_view *view, struct arena *a,
					 size_t *n, struct err *e)
{
	static const struct {
		const char *path;
		enum http_where where;
		void (*serve)(struct exchange *x);
		const char *method; /* NULL: GET; else one or two */
	} table[] = {
		{ "/", HTTP_IN_JOB, serve_overview },
		{ "/unit", HTTP_IN_JOB, serve_unit },
		{ "/indicator", HTTP_IN_JOB, serve_indicator },
		{ "/feeds", HTTP_IN_JOB, serve_feeds },
		{ "/feed", HTTP_IN_JOB, serve_feed },
		{ "/findings", HTTP_IN_JOB, serve_findings_page },
		{ "/metrics", HTTP_IN_JOB, serve_metrics },
		{ "/federate", HTTP_IN_JOB, serve_federate },
		{ "/-/healthy", HTTP_ON_LOOP, serve_healthy },
		{ "/-/ready", HTTP_ON_LOOP, serve_ready },
		{ "/api/v1/alerts", HTTP_IN_JOB, serve_alerts },
		{ "/api/v1/reporting", HTTP_IN_JOB, serve_reporting },
		{ "/api/v1/feeds", HTTP_IN_JOB, serve_api_feeds },
		{ "/api/v1/findings", HTTP_IN_JOB, serve_findings },
		{ "/api/v1/findings/answer", HTTP_IN_JOB, serve_finding_answer, "POST" },
		{ "/api/v1/admin/findings/accept", HTTP_IN_JOB, serve_finding_accept, "POST" },
		{ "/api/v1/status/buildinfo", HTTP_ON_LOOP, serve_buildinfo },
		{ "/api/v1/admin/flush", HTTP_IN_JOB, serve_flush, "POST" },
		{ "/api/v1/admin/tsdb/delete_series", HTTP_IN_JOB, serve_delete_series,
		  "POST PUT" },
		{ "/api/v1/admin/tsdb/clean_tombstones", HTTP_IN_JOB, serve_clean_tombstones,
		  "POST PUT" },
		{ "/api/v1/admin/tsdb/snapshot", HTTP_IN_JOB, serve_tsdb_snapshot, "POST PUT" },
		{ "/api/v1/query", HTTP_IN_JOB, serve_query, "GET POST" },
		{ "/api/v1/query_range", HTTP_IN_JOB, serve_query_range, "GET POST" },
		{ "/api/v1/query_exemplars", HTTP_IN_JOB, serve_query_exemplars, "GET POST" },
		{ "/api/v1/format_query", HTTP_IN_JOB, serve_format_query, "GET POST" },
		{ "/api/v1/parse_query", HTTP_IN_JOB, serve_parse_query, "GET POST" },
		{ "/api/v1/series", HTTP_IN_JOB, serve_series, "GET POST" },
		{ "/api/v1/labels", HTTP_IN_JOB, serve_labels, "GET POST" },
		{ "/api/v1/label/*", HTTP_IN_JOB, serve_label_values },
		{ "/api/v1/metadata", HTTP_IN_JOB, serve_metadata },
		{ "/api/v1/read", HTTP_IN_JOB, serve_read, "POST" },
		{ "/api/v1/status/config", HTTP_IN_JOB, serve_config },
		{ "/api/v1/status/flags", HTTP_ON_LOOP, serve_flags },
		{ "/api/v1/status/runtimeinfo", HTTP_IN_JOB, serve_runtimeinfo },
		{ "/api/v1/status/tsdb", HTTP_IN_JOB, serve_tsdb_status },
		{ "/api/v1/status/walreplay", HTTP_ON_LOOP, serve_walreplay },
		{ "/api/v1/features", HTTP_ON_LOOP, serve_features },
		{ "/api/v1/targets", HTTP_IN_JOB, serve_targets },
		{ "/api/v1/targets/metadata", HTTP_ON_LOOP, serve_targets_metadata },
		{ "/api/v1/scrape_pools", HTTP_IN_JOB, serve_scrape_pools },
		{ "/api/v1/rules", HTTP_ON_LOOP, serve_rules },
		{ "/api/v1/alertmanagers", HTTP_ON_LOOP, serve_alertmanagers },
		{ "/api/v1/notifications", HTTP_ON_LOOP, serve_notifications },
		{ "/api/v1/status/queries", HTTP_ON_LOOP, serve_queries },
	};
	struct http_route *routes;
	const size_t rows = sizeof(table) / sizeof(table[0]);

	*n = 0;
	routes = arena_array(a, 3 * rows, sizeof(*routes));
	if (!routes) {
		err_set(e, ERR_MEMORY, "no memory for the routes");
		return NULL;
	}
	for (size_t i = 0; i < rows; i++) {
		const char *method = table[i].method ? table[i].method : "GET";
		const char *second = strchr(method, ' ');
		struct http_route r = {
			.method = method,
			.path = table[i].path,
			.where = table[i].where,
			.class = waits_for_writer(table[i].path) ? JOB_STORE : JOB_QUERY,
			.own_tokens = strncmp(table[i].path, "/api/v1/findings", 16) == 0,
			.serve = table[i].serve,
			.ctx = (void *)view
		};

		if (strncmp(table[i].path, "/api/", 5) == 0)
			r.refusals = &api_refusals;
		if (strncmp(table[i].path, "/api/v1/query", 13) == 0)
			r.deadline_ms =
				engine_options(view->engine)->timeout_ms + QUERY_DEADLINE_SPARE_MS;

		if (second) {
			r.method = second + 1;
			routes[(*n)++] = r;
			r.method = *method == 'P' ? "POST" : "GET";
		}
		routes[(*n)++] = r;
		if (strncmp(r.path, "/api/v1/", 8) == 0)
			routes[(*n)++] = options_of(&r);
	}
	return routes;
}
