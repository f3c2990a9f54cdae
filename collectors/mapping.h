/*
 * mapping.h - facts to observations: names to codes, text to numbers, first checks.
 *
 * A mapping holds for one document: it belongs to one decode job. It remembers
 * what each distinct name meant, so a name is looked up once.
 */
#ifndef COLLECTORS_MAPPING_H
#define COLLECTORS_MAPPING_H

#include "catalogue/catalogue.h"
#include "collectors/format.h"
#include "collectors/progress.h"
#include "collectors/series_quota.h"
#include "collectors/tokens.h"

/* A figure that is stored and released. */
struct past {
	int64_t stamp_ms;
	double value;
};

/* What is already stored, given from above. On a worker thread. */
struct history {
	/* One state of the store, for all questions of one document, until close(). */
	int (*open)(void *ctx, void **at, struct err *e);
	/* The figures of the series with stamps in [from, to], rising, in the arena; *n 0 when
	 * there is no such series. */
	int (*figures)(void *at, const struct labels *labels, int64_t from_ms, int64_t to_ms,
		       struct arena *a, struct past **out, size_t *n, struct err *e);
	void (*close)(void *at);
	void *ctx;
};

struct scrape;

struct name_pair {
	const char *text, *code; /* as the source writes it; indicator code */
	const char *measure;     /* NULL: the indicator's own */
};

/* Where the figures of a large document go before it is read to its end. */
struct portions {
	size_t figures; /* so many make a portion, at the end of a row */
	/* On the thread that decodes: hands the batch's figures on and returns when they are
	 * durable. -1 ends the document with that error. */
	int (*store)(void *ctx, struct batch *b, struct err *e);
	void *ctx;
};

/* What one office answers in a day or two. */
enum { PANEL_QUESTIONS = 20 };

struct document {
	enum feed_format format;
	enum text_encoding encoding;
	const struct layout *layout;
	struct slice structure;        /* sdmx: a structure message to read it with; empty: none */
	enum unit_class class;         /* of the units named; UNIT_CLASSES: any */
	const struct name_pair *names; /* the source's own words for indicators */
	size_t nnames;
	const char *const *units; /* ids this source may report; n 0: all */
	size_t nunits;
	const struct token_rights *rights; /* of who hands it in, besides; NULL: no bounds */
	size_t rows_limit;                 /* 0: 1,000,000 */
	size_t panel_questions;            /* asked at most by the panel edit; 0: PANEL_QUESTIONS */
	struct slice body;                 /* as fetched, unpacked */
	struct slice content_type;         /* may be empty */
	const char *feed;                  /* name; the label `job` of plain samples */
	const char *instance;              /* host:port; label of plain samples */
	struct scrape *scrape;             /* of plain samples (samples.h); may be NULL */
	const struct portions *portions;   /* NULL: all figures are given at the end */
	struct series_quota *quota;        /* of the feed's series; NULL: any number */
	struct progress *progress;         /* kept up to date while it is read; may be NULL */
	int64_t now_ms;
};

/* Decodes the document and fills `b` with what is good, complaining about the rest. With
 * `portions` what is left in `b` is the last; figures are held against those of their portion
 * and what is stored. -1 only when
 * the document as a whole cannot be used; b then has what came before and a complaint for the
 * document. */
int document_decode(const struct document *d, const struct catalogue *cat,
		    const struct history *history, struct batch *b, struct err *e);

#endif
