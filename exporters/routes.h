/*
 * routes.h - the HTTP face: which path is answered by what.
 *
 *   /                          plain HTML table of units, lights, pace, period
 *   /unit?id=…  /indicator?code=…  one unit, one indicator
 *   /feeds                     where figures come from, and how that goes
 *   /metrics                   text 0.0.4 or OpenMetrics 1.0 by Accept
 *   /-/healthy  /-/ready
 *   /federate                  newest samples of chosen series
 *   /api/v1/…                  Prometheus' HTTP API: docs/http-api.md has the table
 *   /api/v1/admin/…            POST: deletion; flush packs all that waits, empties the log
 */
#ifndef EXPORTERS_ROUTES_H
#define EXPORTERS_ROUTES_H

#include "exporters/view.h"
#include "loop/http_server.h"

/* The table of routes over `view`, which must outlive the server; its engine is there. */
const struct http_route *exporter_routes(const struct exporter_view *view, struct arena *a,
					 size_t *n, struct err *e);

#endif
