/*
 * samples.h - a page of samples to a batch, and what a scrape says of itself.
 *
 * Each series of a page gets job and instance, goes through the feed's rules and is
 * remembered by the feed (scrape_cache.h). What ended gets a staleness mark, as Prometheus
 * sets it: series that are missing, all of them when the scrape failed or the feed is gone.
 * Samples with a stamp of their own are left alone. With a cache the batch borrows its labels from
 * it: they are good until the next scrape begins.
 */
#ifndef COLLECTORS_SAMPLES_H
#define COLLECTORS_SAMPLES_H

#include "collectors/mapping.h"
#include "collectors/relabel.h"
#include "collectors/scrape_cache.h"

/* How a feed wants its samples, and its memory; all may be absent. */
struct scrape {
	bool honor_labels;
	bool ignore_timestamps;
	bool track_timestamps; /* staleness of stamped samples, too */
	size_t sample_limit;   /* behind the rules; 0: none */
	const struct relabel *relabel;
	struct scrape_cache *cache;

	/* out; of a page that was given up what was met until then */
	size_t scraped; /* samples on the page */
	size_t kept;    /* behind the rules */
	size_t added;   /* series that the page before did not have */
};

/* Adds the samples of a document to the batch, complaining about the rest; -1 when the
 * document as a whole cannot be used. `scratch` is reset from line to line. `s` may be NULL. */
int samples_decode(const struct document *d, const struct catalogue *cat, size_t rows_limit,
		   struct scrape *s, struct arena *scratch, struct batch *b, struct err *e);

/* What is said of a scrape at its end. */
struct scrape_report {
	const char *job, *instance;
	int64_t now_ms;
	double seconds;
	bool up;
};

/* up, scrape_duration_seconds and so on, and marks for what has ended; of a scrape that is not up
 * all that the page had. */
int scrape_report(const struct scrape *s, const struct scrape_report *r, struct batch *b,
		  struct err *e);
/* The feed is gone: marks for all. */
int scrape_end(struct scrape_cache *c, int64_t now_ms, struct batch *b, struct err *e);

#endif
