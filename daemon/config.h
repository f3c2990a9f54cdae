/*
 * config.h - the configuration file, typed.
 *
 * Read once into an arena of its own, checked as a whole, then immutable and
 * reference-counted. A reload reads a new one; the old one stays when the new
 * one has a mistake. Any thread may read one it holds.
 * Paths in the file are relative to the file.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "assess/assess.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/workdays.h"
#include "collectors/feed.h"
#include "daemon/web.h"
#include "query/query.h"
#include "storage/store.h"

#include <stdatomic.h>

/* What raises an alert, and how patient it is. */
struct alert_config {
	bool enabled;
	const char *severity;
	int64_t for_ms, keep_firing_ms;
	/* lagging: this light and worse (enum light); late: more working hours than this;
	 * feed: more failures in a row than this */
	int light;
	double hours;
	int64_t failures;
};

/* Samples pushed by a Prometheus. */
struct remote_write_config {
	bool enabled;
	int64_t body_limit;          /* bytes, packed */
	int64_t series_limit;        /* different ones in a day, of all senders; 0: any number */
	int64_t sender_series_limit; /* and of each of them */
	/* Families of statistics: each a metric name, '*' in it for any run of characters. What
	 * comes under them is a figure, not a plain sample. */
	struct yaml_strings statistics;
	const char *source; /* of those figures */
};

/* What queries may take: Prometheus' flags query.lookback-delta, query.timeout, query.max-samples
 * and query.max-concurrency, and the bytes of one query. */
struct query_config {
	int64_t lookback_ms, timeout_ms, max_samples, max_concurrency, max_memory;
};

struct config {
	struct arena arena;
	atomic_uint refs;
	const char *path; /* NULL: no file, all defaults */
	const char *base_dir;
	const char *title, *notice;
	struct web *web;  /* TLS and passwords of the server; NULL: none. A reference */
	const char *host; /* listen address */
	int port;
	const char *data_dir;
	const char *tokens; /* file of those who may hand in */
	const char *timezone;
	struct work_hours hours;
	struct yaml_strings catalogue; /* absolute paths */
	struct feed_config *feeds;
	size_t nfeeds;
	struct assess_options assess;
	int64_t assess_every_ms;
	struct alert_config lagging, late, feed_down, calendar_missing;
	struct remote_write_config remote_write;
	struct query_config query;
	bool admin_api;
	struct retention *retention; /* of plain series; one for each family that a rule names */
	size_t nretention;
	int64_t map_bytes;
};

/* What the command line overrides; NULL or empty: leave. */
struct config_overrides {
	const char *data_dir, *listen, *web_config;
};

/* `path` NULL gives the defaults. One reference. NULL with
 * ERR_INVALID and all mistakes in `d`. */
struct config *config_load(const char *path, const struct config_overrides *o, struct diags *d,
			   struct err *e);
struct config *config_ref(struct config *c);
void config_unref(struct config *c); /* NULL is nothing */

/* Largest document of all feeds that take some by hand; 0: none does. */
size_t config_submit_limit(const struct config *c);

struct engine_options config_engine(const struct config *c, unsigned features);

/* "127.0.0.1:9290", "[::1]:9290", ":9290" is refused (say which address). */
int listen_parse(struct slice text, struct arena *a, const char **host, int *port, struct err *e);
bool host_is_loopback(const char *host); /* a numeric address */

#endif
