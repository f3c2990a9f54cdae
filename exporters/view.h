/*
 * view.h - what the exporters can see; filled in by the daemon.
 *
 * Exporters read; they own nothing. Each function may be called from any
 * thread that serves a request.
 */
#ifndef EXPORTERS_VIEW_H
#define EXPORTERS_VIEW_H

#include "assess/assess.h"
#include "query/calendar.h"
#include "rules/alert.h"

/* A feed as people see it. Texts in the arena given. */
struct feed_row {
	const char *name, *source, *owner, *health, *state, *error;
	int64_t last_success_ms, last_change_ms, next_ms, failing_since_ms;
	uint64_t kept, refused;
	struct {
		const char *reason;
		unsigned line, column;
		const char *place;          /* "3:14", in a workbook "Sheet1!C5" */
		const char *text, *text_zh; /* NULL: only in one language */
	} * complaints;
	size_t ncomplaints;
};

struct exporter_view {
	void *ctx;
	/* The newest assessment with a reference for the caller; NULL before the first. */
	struct assessment *(*assessment)(void *ctx);
	struct alerts *alerts;
	int (*feeds)(void *ctx, struct arena *a, struct feed_row **out, size_t *n, struct err *e);
	bool (*ready)(void *ctx, const char **why); /* why: a sentence when not */
	struct store *store;
	bool admin_api;        /* whether samples may be deleted over HTTP */
	struct engine *engine; /* query/query.h */
	/* That of the present catalogue, to be given back; NULL when there is no memory. */
	const struct calendar *(*calendar_open)(void *ctx);
	void (*calendar_close)(const struct calendar *c);
	const char *title;  /* of the page: "示例市产业集聚区监测" */
	const char *notice; /* shown on every page when not NULL: "SIMULATION …" */
	int64_t (*now)(void *ctx);
};

#endif
