/*
 * bulk.h - many samples and figures of one file into a store.
 *
 * Samples go as remote write requests of some thousand, several under way at once. Figures are
 * gathered and handed in as one submission for each 100,000 rows, those that are not released as
 * another one; its rows as they came are its original. Nothing counts as kept before the store has
 * said that it is durable.
 *
 * One thread. What the store refuses is told by line; an error of a call is one after which nothing
 * more can be written (disk full, store failed), except where it says otherwise.
 */
#ifndef DAEMON_BULK_H
#define DAEMON_BULK_H

#include "storage/store.h"

struct bulk_options {
	struct store *store;
	const char *source, *owner, *origin; /* of submissions; borrowed */
	bool trusted;
	/* What the store did not take of the lines from first to last. */
	void (*refused)(void *ctx, uint64_t first_line, uint64_t last_line, uint64_t values,
			const char *why);
	void *ctx;
};

struct bulk_counts {
	uint64_t samples;                   /* kept */
	uint64_t fresh, revised, unchanged; /* figures */
	uint64_t drafts;                    /* of these, not released */
	uint64_t submissions;
};

struct bulk;
struct bulk *bulk_new(const struct bulk_options *o, struct err *e);
void bulk_free(struct bulk *b); /* waits for what is under way; NULL is nothing */

/* The series of what follows; labels in any order, copied. An error is about these labels only. */
int bulk_series(struct bulk *b, const struct label *l, size_t n, struct err *e);
int bulk_sample(struct bulk *b, int64_t t_ms, double value, uint64_t line, struct err *e);
/* What the originals of submissions begin with: the line that names the columns, without its end.
 */
int bulk_header(struct bulk *b, struct slice line, struct err *e);
/* `o` without labels; `text` is its row as it came, without its end. With `draft` it is not
 * released. Among figures of one period that follow each other, one that became known before
 * another is not known later than it. */
int bulk_figure(struct bulk *b, const struct observation *o, bool draft, struct slice text,
		uint64_t line, struct err *e);
/* A row that was refused before it came here: the next submission says how many there were. */
void bulk_note_refused(struct bulk *b);
/* Writes what is left and waits. */
int bulk_finish(struct bulk *b, struct err *e);
void bulk_counts(const struct bulk *b, struct bulk_counts *out);

#endif
