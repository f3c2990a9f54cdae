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

enum { FEED_ROW_ATTEMPTS = 8 };

/* A feed as people see it. Texts in the arena given. */
struct feed_row {
	const char *name, *source, *owner, *format, *health, *state, *error;
	int64_t last_attempt_ms, last_success_ms, last_change_ms, next_ms, failing_since_ms;
	int64_t every_ms; /* 0: it is not polled */
	unsigned failures;
	uint64_t kept, refused, kept_total, refused_total, bytes_total;
	uint64_t series, series_limit; /* different ones today; limit 0: not counted */
	/* Of the document that is being read; all 0 when there is none, or its format does not say.
	 */
	uint64_t body_bytes, read_bytes, stored_figures;
	/* The last document; document_ms 0: there was none. Bytes unpacked. */
	int64_t document_ms;
	uint64_t bytes, rows, suspect, submission, fresh, revised, unchanged;
	double fetch_seconds, decode_seconds;
	struct {
		const char *reason;
		unsigned line, column;
		const char *place;          /* "3:14", in a workbook "Sheet1!C5" */
		const char *text, *text_zh; /* NULL: only in one language */
	} * complaints;
	size_t ncomplaints;
	/* What was refused or doubted of it, by reason. */
	struct feed_reason {
		const char *reason, *zh; /* constants */
		bool kept;
		uint64_t n;
	} * reasons;
	size_t nreasons;
	struct {
		int64_t at_ms;
		double seconds;
		const char *result; /* a constant: "changed", "unchanged", "refused", "failed" */
		uint64_t bytes, kept, refused;
	} attempts[FEED_ROW_ATTEMPTS]; /* the newest first */
	size_t nattempts;
};

/* Who shows a token, and what it is for; empty lists are everything. */
struct bearer {
	const char *id, *owner;
	const char *const *units, *const *indicators;
	size_t nunits, nindicators;
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
	/* Whose token the header Authorization shows: 1, and the holder in the arena; 0: it shows
	 * none; -1: ERR_REFUSED (not known, or over), ERR_BUSY, ERR_MEMORY. NULL: there are none.
	 */
	int (*bearer)(void *ctx, struct slice header, struct arena *a, struct bearer *out,
		      struct err *e);
};

#endif
