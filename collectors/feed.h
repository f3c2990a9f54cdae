/*
 * feed.h - feeds: what is polled, how often, within which limits, and how it went.
 *
 * A feed is an http(s) URL or a drop folder. The collector owns all feeds and
 * runs on the loop: a timer says when, an attempt fetches (or a file job reads
 * the folder), a decode job makes a batch, the batch is emitted, and when the
 * store has it the attempt is finished: the next due time is set, the file is
 * moved. One attempt of a feed at a time.
 *
 *     waiting ──due──▶ fetching ──▶ decoding ──▶ storing ──▶ waiting
 *        ▲                │304, same body │refused whole │failed
 *        └────────────────┴───────────────┴──────────────┘  back-off when it failed
 *
 * The collector knows neither store nor daemon: it is given functions.
 * Loop thread only, except the functions it is given where they say otherwise.
 */
#ifndef COLLECTORS_FEED_H
#define COLLECTORS_FEED_H

#include "base/sha256.h"
#include "base/yaml_read.h"
#include "catalogue/catalogue.h"
#include "collectors/asking.h"
#include "collectors/mapping.h"
#include "collectors/paging.h"
#include "collectors/relabel.h"
#include "loop/http_client.h"
#include "loop/job.h"
#include "loop/timer.h"

/* One entry of `feeds:` in the configuration; all texts in the configuration's arena. */
struct feed_config {
	const char *name;    /* [a-zA-Z0-9_.-]{1,64}, unique */
	const char *url;     /* http(s)://…, or */
	const char *folder;  /* a drop folder, or */
	bool submit;         /* documents are handed in (exactly one of the three) */
	const char *pattern; /* file names taken, shell pattern; NULL: all */
	const char *owner;   /* department or unit that answers for it; NULL: "" */
	int format;          /* enum feed_format */
	int encoding;        /* enum text_encoding */
	struct layout layout;
	const char *structure_file; /* sdmx: of a structure message; NULL: none */
	struct slice structure;     /* what was in it when the configuration was read */
	struct paging paging; /* the answer comes in pages; the layout's rows are those of all */
	struct name_pair *names;
	size_t nnames;
	struct yaml_strings units; /* may report only these; empty: all */
	int class;                 /* enum unit_class; default park */
	bool trusted;
	bool hold; /* figures wait for a release instead of being released on receipt */

	int64_t every_ms; /* between attempts; default 10 m (30 s for a folder: 5 s) */
	int working_day;  /* >0: attempts begin on the n-th working day after each period of */
	int freq;         /* enum freq, and are repeated every `every_ms` until the body changed */
	double jitter;    /* part of every_ms, default 0.1; deterministic by name */
	int64_t backoff_max_ms;  /* default 1 h */
	int64_t timeout_ms;      /* default 30 s */
	int64_t body_limit;      /* packed and unpacked, default 16 MiB */
	int64_t rows_limit;      /* default 1,000,000 */
	int64_t series_limit;    /* different ones in a day, default 200,000; 0: any number */
	int64_t panel_questions; /* asked at most of one document by the panel edit, default 20 */
	int64_t redirects;       /* default 0 */
	int64_t settle_ms;       /* folder: a file must be unchanged for so long, default 2 s */
	int keep;                /* folder: enum drop_keep, whether files stay where they are */
	const char *ca_file;
	const char *const *headers; /* "Name: value", NULL-terminated */
	struct asking asking;       /* what else goes with a request */
	bool updated_after;         /* sdmx: only what is newer than the last good attempt */

	/* of samples; Prometheus' words */
	bool honor_labels, honor_timestamps, track_timestamps_staleness;
	int64_t sample_limit; /* 0: none */
	struct relabel_rule *metric_relabel_configs;
	size_t nmetric_relabel_configs;

	const char *file; /* where it was configured */
	unsigned line;
};

/* How its documents are to be read; body, content type, instance and time are left to fill in. */
struct document feed_document(const struct feed_config *c);

/* Reads the list under `feeds:`. All mistakes are added to `d`. Paths are relative to the
 * configuration file's folder. */
int feed_configs_read(const struct yaml_node *list, const char *base_dir, struct arena *a,
		      struct diags *d, struct feed_config **out, size_t *n);

/* --- given by the daemon ---------------------------------------------------------- */

/* What the store made of a batch. */
struct emitted {
	struct err err; /* ERR_NONE: durable */
	uint64_t submission;
	uint32_t fresh, revised, unchanged;
};

struct emit_request {
	struct batch *batch; /* borrowed until done, as all below */
	const char *source, *owner, *origin;
	size_t refused;      /* figures, beside those of the batch */
	const char *address; /* network address of the sender; "" */
	const char *reason;  /* refused as a whole, and why: the batch has no figures; else "" */
	/* The document as it came, to be kept with its submission; empty: it is not kept. */
	struct slice original;
	uint8_t original_sha256[SHA256_BYTES];
	int64_t received_ms;
	bool trusted, hold;
	/* On the loop, exactly once; not called by store_portion(). */
	void (*done)(struct emit_request *r, const struct emitted *how);
	void *private; /* the receiver's */
};

struct collector_options {
	struct loop *loop;
	struct http_client *client;
	/* -1: done is not called (the store is busy or full; tried again later). */
	int (*emit)(void *ctx, struct emit_request *r, struct err *e);
	/* A portion of a document that is still being read: returns when it is durable. On the
	 * worker that reads it. -1: nothing of it was stored; ERR_BUSY: soon perhaps. NULL:
	 * documents go to the store as a whole. */
	int (*store_portion)(void *ctx, struct emit_request *r, struct emitted *how, struct err *e);
	/* A scrape, on the worker that read it: its samples are borrowed for the call alone, and
	 * `done` follows on the loop, perhaps before it returns. -1: ERR_BUSY, the store has no
	 * room for a while; it then goes to emit(). NULL: emit() has scrapes, too. */
	int (*store_samples)(void *ctx, struct emit_request *r, struct err *e);
	void *emit_ctx;
	size_t portion_figures; /* so many make a portion; 0: 100,000 */
	struct history history;
	/* The catalogue now, with a reference for the caller. Loop thread. */
	struct catalogue *(*catalogue)(void *ctx);
	void *catalogue_ctx;
	/* Where it is written down what came of files that stay where they are; made when it is
	 * needed. Borrowed; NULL: files must be moved. */
	const char *state_dir;
};

/* --- the collector ------------------------------------------------------------------ */

struct collector;

struct collector *collector_new(const struct collector_options *o, struct err *e);
/* Makes the feeds what `list` says: unchanged ones go on, removed ones end after their attempt. The
 * texts are copied. First attempts come within seconds, spread. */
int collector_apply(struct collector *c, const struct feed_config *list, size_t n, struct err *e);
/* Ends attempts under way and frees; call before the client and the loop are freed. Every `emit`
 * that was taken must have been answered before (drain the store first) or is answered while the
 * loop settles. */
void collector_close(struct collector *c, void (*closed)(void *ctx), void *ctx);

enum feed_health { FEED_NEW, FEED_OK, FEED_FAILING };

enum { FEED_ATTEMPTS = 8 };

/* An attempt that ended, or a document that was handed in. */
struct feed_attempt {
	int64_t at_ms; /* when it began */
	double seconds;
	const char *result;            /* "changed", "unchanged", "refused", "failed" */
	uint64_t bytes, kept, refused; /* of what it brought, unpacked */
};

/* The last document that was decided on. */
struct feed_document {
	int64_t at_ms;                                /* 0: there was none yet */
	uint64_t bytes, rows, kept, refused, suspect; /* bytes unpacked */
	uint64_t submission;                          /* 0: it has none */
	uint32_t fresh, revised, unchanged;           /* figures, as the store has met them */
	double fetch_seconds, decode_seconds;
	uint64_t count[REFUSALS]; /* by reason, of what was refused or doubted */
};

struct feed_status {
	const char *name, *source, *owner; /* source: URL without user info, or folder */
	enum feed_health health;
	const char *state; /* "waiting", "fetching", "decoding", "storing" */
	int64_t last_attempt_ms, last_success_ms, last_change_ms, next_ms;
	int64_t failing_since_ms; /* 0 when not */
	unsigned failures;        /* in a row */
	int64_t every_ms;
	uint64_t kept_total, refused_total, bytes_total;
	uint64_t series, series_limit; /* different ones today; 0: not counted */
	const char *error;             /* of the last attempt, "" when it went well */
	const char *format;
	const struct feed_document *document;
	struct feed_attempt attempts[FEED_ATTEMPTS]; /* the newest first */
	size_t nattempts;
	/* complaints of the last document, the first 20 */
	const struct complaint *complaints;
	size_t ncomplaints;
	/* Of the document that is being read (the oldest that is handed in); all 0 when there is
	 * none, or its format does not say. */
	uint64_t body_bytes, read_bytes;
	uint64_t stored_figures; /* durable, though the rest of it is not read yet */
};

/* Texts are valid until the loop runs again. */
size_t collector_feeds(const struct collector *c);
void collector_status(const struct collector *c, size_t i, struct feed_status *out);
/* Attempts now (tests, POST /-/poll). ERR_NOT_FOUND. */
int collector_poll(struct collector *c, const char *name, struct err *e);

#endif
