/*
 * handlers.h - what routes.c joins; each serves one path, `x->ctx` being the view.
 */
#ifndef EXPORTERS_HANDLERS_H
#define EXPORTERS_HANDLERS_H

#include "base/json_write.h"
#include "base/version.h"
#include "exporters/view.h"
#include "loop/http_server.h"

/* A query has ended by itself, with its own words, before the server gives it up. */
enum { QUERY_DEADLINE_SPARE_MS = 5000 };

/* Of a long reply a piece is finished when it has this much. */
enum { REPLY_PIECE_BYTES = 256 << 10 };

void serve_metrics(struct exchange *x); /* metrics.c */
void serve_healthy(struct exchange *x); /* api.c */
void serve_ready(struct exchange *x);
void serve_options(struct exchange *x);
void serve_alerts(struct exchange *x);
void serve_buildinfo(struct exchange *x);
void serve_reporting(struct exchange *x); /* api_reporting.c */
void serve_overview(struct exchange *x);  /* page_overview.c */
void serve_unit(struct exchange *x);      /* page_figures.c */
void serve_indicator(struct exchange *x);
void serve_feeds(struct exchange *x);         /* page_feeds.c */
void serve_feed(struct exchange *x);          /* page_feed.c */
void serve_api_feeds(struct exchange *x);     /* api_feeds.c */
void serve_findings_page(struct exchange *x); /* page_findings.c */
void serve_findings(struct exchange *x);      /* api_findings.c */
void serve_finding_answer(struct exchange *x);
void serve_finding_accept(struct exchange *x); /* admin.c */
void serve_flush(struct exchange *x);
void serve_delete_series(struct exchange *x);
void serve_clean_tombstones(struct exchange *x);
void serve_tsdb_snapshot(struct exchange *x);
void serve_query(struct exchange *x); /* api_query.c */
void serve_query_range(struct exchange *x);
void serve_query_exemplars(struct exchange *x);
void serve_format_query(struct exchange *x);
void serve_parse_query(struct exchange *x);
void serve_queries(struct exchange *x);
void serve_series(struct exchange *x); /* api_series.c */
void serve_labels(struct exchange *x); /* api_meta.c */
void serve_label_values(struct exchange *x);
void serve_metadata(struct exchange *x);
void serve_config(struct exchange *x); /* api_status.c */
void serve_flags(struct exchange *x);
void serve_runtimeinfo(struct exchange *x);
void serve_tsdb_status(struct exchange *x);
void serve_walreplay(struct exchange *x);
void serve_features(struct exchange *x);
void serve_targets(struct exchange *x);
void serve_targets_metadata(struct exchange *x);
void serve_scrape_pools(struct exchange *x);
void serve_rules(struct exchange *x);
void serve_alertmanagers(struct exchange *x);
void serve_notifications(struct exchange *x);
void serve_federate(struct exchange *x); /* federate.c */
void serve_read(struct exchange *x);     /* read.c */
/* The error of a store or an arena in the words of Prometheus' API (api_meta.c). */
void reply_store_error(struct exchange *x, const struct err *e);

/* All that /metrics shows, in one of its two formats. */
int metrics_write(const struct exporter_view *view, bool open_metrics, struct arena *a,
		  struct buf *out, struct err *e);

/* What the server itself refuses, in the shape of Prometheus' API. */
extern const struct http_refusals api_refusals;

/* Empties what was written and answers with the sentence, as plain text. */
void reply_error(struct exchange *x, unsigned status, const struct err *e);
/* The beginning of an answer: what is written next is its data. api_end() closes it. */
void api_begin(struct json_writer *j, struct exchange *x);
void api_end(struct json_writer *j);
/* As reply_error(), in the shape of Prometheus' API. */
void reply_api_error(struct exchange *x, unsigned status, const char *type, const struct err *e);
void reply_api_text(struct exchange *x, unsigned status, const char *type, const char *text);

#endif
