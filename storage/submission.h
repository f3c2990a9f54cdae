/*
 * submission.h - the record of who handed something in.
 *
 * One for each append with observations and for each document that was refused as
 * a whole, numbered from 1 without gaps; written in the same transaction, rewritten only
 * when it is released or returned. What is in it is also in the ledger (ledger.h), which
 * proves it; this record is for looking up.
 */
#ifndef STORAGE_SUBMISSION_H
#define STORAGE_SUBMISSION_H

#include "storage/db.h"
#include "storage/store.h"

enum { SUBMISSION_TEXT_MAX = 4096 }; /* bytes of each text */

/* ERR_LIMIT when a text or the body is too long; ERR_INVALID for a rejected one with `nobs`
 * observations, or without a reason. NULL texts count as empty. */
int submission_check(const struct submission *s, size_t nobs, struct err *e);

/* `unchanged`: figures that were known already and so were not kept. */
int submission_put(struct db_txn *t, const struct submission *s, uint32_t unchanged, struct err *e);

/* 1, 0 (no such record), -1. Texts are copied into the arena. */
int submission_get(struct db_txn *t, uint64_t sequence, struct arena *a, struct submission *out,
		   struct err *e);
/* Only whether and when it was released. 1, 0, -1. */
int submission_released(struct db_txn *t, uint64_t sequence, int64_t *released_ms, struct err *e);
/* 1: it was not yet; 0: at this very time, already; -1. */
int submission_set_released(struct db_txn *t, uint64_t sequence, int64_t released_ms,
			    struct err *e);
int submission_set_returned(struct db_txn *t, uint64_t sequence, int64_t returned_ms,
			    struct err *e);

/* Whether the last submission of this source, up to `last`, was refused for the same
 * reason with the same original; then *sequence is that one. 1, 0, -1. */
int submission_repeats(struct db_txn *t, uint64_t last, const struct submission *s,
		       uint64_t *sequence, struct err *e);

/* A verified record in its parts; texts point into `value` and are not terminated. */
struct submission_view {
	struct submission s; /* without texts */
	uint32_t unchanged;
	struct slice source, owner, origin, address, reason;
};
int submission_read(struct slice value, struct submission_view *out, struct err *e);

#endif
