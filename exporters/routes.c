/*
 * routes.c - see routes.h. What walks figures runs as a query job; what only looks something up
 * runs on the loop, so that health checks stay quick whatever the workers do.
 */
#include "exporters/routes.h"
#include "exporters/handlers.h"

const struct http_route *exporter_routes(const struct exporter_view *view, struct arena *a,
					 size_t *n, struct err *e)
{
	static const struct {
		const char *path;
		enum http_where where;
		void (*serve)(struct exchange *x);
		const char *method; /* NULL: GET */
	} table[] = {
		{ "/", HTTP_IN_JOB, serve_overview },
		{ "/unit", HTTP_IN_JOB, serve_unit },
		{ "/indicator", HTTP_IN_JOB, serve_indicator },
		{ "/feeds", HTTP_IN_JOB, serve_feeds },
		{ "/metrics", HTTP_IN_JOB, serve_metrics },
		{ "/-/healthy", HTTP_ON_LOOP, serve_healthy },
		{ "/-/ready", HTTP_ON_LOOP, serve_ready },
		{ "/api/v1/alerts", HTTP_IN_JOB, serve_alerts },
		{ "/api/v1/status/buildinfo", HTTP_ON_LOOP, serve_buildinfo },
		{ "/api/v1/admin/flush", HTTP_IN_JOB, serve_flush, "POST" },
	};
	struct http_route *routes;

	*n = sizeof(table) / sizeof(table[0]);
	routes = arena_array(a, *n, sizeof(*routes));
	if (!routes) {
		err_set(e, ERR_MEMORY, "no memory for the routes");
		return NULL;
	}
	for (size_t i = 0; i < *n; i++)
		routes[i] =
			(struct http_route){ .method = table[i].method ? table[i].method : "GET",
					     .path = table[i].path,
					     .where = table[i].where,
					     .class = table[i].method ? JOB_STORE : JOB_QUERY,
					     .serve = table[i].serve,
					     .ctx = (void *)view };
	return routes;
}
