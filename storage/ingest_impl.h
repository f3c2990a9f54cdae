/*
 * ingest_impl.h - what the files of plain samples share on their way into the head.
 *
 *   ingest.c          remote write requests, and what all that bring samples do with the store
 *   ingest_samples.c  samples of our own (scrapes, alert states), which know their label sets
 *   ingest_series.c   which series a set of labels is
 *   ingest_log.c      log files begun, ended and read again
 */
#ifndef STORAGE_INGEST_IMPL_H
#define STORAGE_INGEST_IMPL_H

#include "storage/store_impl.h"

#include "base/remote_write.h"

enum { NO_KEY = UINT32_MAX };

/* What one request needs while it is decoded; kept for the next one, unless it became large. */
struct decoder {
	struct decoder *next;
	struct rw_reader *reader;
	struct buf raw, list; /* the request, plain; the record's list (wal.h) */
	struct rw_request request;
	uint32_t *slots; /* of each time series or sample; NO_KEY: refused */
	size_t cap;
	struct observation *obs;
	size_t nobs, obs_cap;
	size_t nplain;
};

/* One taken from the store's, or a new one. */
struct decoder *decoder_take(struct store *s, struct err *e);
void decoder_give(struct store *s, struct decoder *d);
void decoder_free(struct decoder *d);
/* Room for n slots. */
int decoder_room(struct decoder *d, size_t n, struct err *e);
/* Takes a request apart. */
int decoder_read(struct decoder *d, struct slice body, struct err *e);

struct resolving {
	struct store *s;
	struct decoder *d;
	struct view_of_store view; /* opened when something new comes */
	struct write *w;           /* NULL: replaying */
	/* Replaying a request: what was refused. */
	struct slice skip;
	uint64_t skip_next;
	/* Replaying a file: the slots of the series it has named. */
	uint32_t *named;
	size_t nnamed, named_cap;
	uint32_t last_key;
};

/* --- ingest_series.c --------------------------------------------------------------- */

/* Counts what is refused and why; the first sentence is the request's. */
void ingest_refuse(struct resolving *r, const char *reason, uint64_t n, const struct err *why);
/* The sentence of a series that is a statistic. */
void ingest_say_statistic(const struct label *l, size_t n, struct err *why);
/* Refuses a sample whose stamp does not lie where stamps may. */
void ingest_refuse_stamp(struct resolving *r, const struct label *l, size_t n, int64_t t_ms);
/* A key for a label set whose hash was never seen. -1: refused, with the sentence, or the store's
 * failure (ingest_is_failure()). */
int ingest_meet(struct resolving *r, const struct label *l, size_t n, struct head_hash hash,
		uint32_t after, uint32_t *key, struct err *e);
/* Not the series' fault: nothing of the request can be used. */
bool ingest_is_failure(const struct err *e);

/* --- ingest.c: the same for all that bring samples, with the ingest lock held ------------ */

/* Asks the processor for what the i-th of n slots needs soon. */
void ingest_prefetch(const struct store *s, const uint32_t *slots, size_t i, size_t n);
/* Whether the store can take samples, and a log file for them. */
int ingest_begin(struct store *s, bool hurried, struct err *e);
int ingest_log_record(struct store *s, const struct wal_record *r, struct err *e);
/* Samples with times behind it lie too far ahead. */
int64_t ingest_latest(int64_t received_ms);

static inline bool ingest_stamp_lies(int64_t t_ms, int64_t latest_ms)
{
	return t_ms >= STAMP_EARLIEST_MS && t_ms <= latest_ms;
}

/* They are in the head: shows them, and has them made durable if there are plain ones among them.
 * One part of `w` is the caller's (write_part_done()), one each the plain samples' and the
 * figures'. */
void ingest_commit(struct store *s, struct write *w, bool plain, bool figures);

/* Reads a record of the log file again. */
int ingest_replay_request(struct resolving *r, const struct wal_record *x, struct err *e);
int ingest_replay_samples(struct resolving *r, const struct wal_record *x, struct err *e);

#endif
