/*
 * submission.h - the record of who handed something in.
 *
 * One for each append with observations, numbered from 1 without gaps; written
 * in the same transaction, rewritten only when it is released.
 */
#ifndef STORAGE_SUBMISSION_H
#define STORAGE_SUBMISSION_H

#include "storage/db.h"
#include "storage/store.h"

enum { SUBMISSION_TEXT_MAX = 4096 }; /* bytes of source, owner, origin each */

/* ERR_LIMIT when a text is too long. NULL texts count as empty. */
int submission_check(const struct submission *s, struct err *e);

/* `unchanged`: figures that were known already and so were not kept. */
int submission_put(struct db_txn *t, const struct submission *s, uint32_t unchanged, struct err *e);

/* 1, 0 (no such record), -1. Texts are copied into the arena. */
int submission_get(struct db_txn *t, uint64_t sequence, struct arena *a, struct submission *out,
		   struct err *e);
/* Only whether and when it was released. 1, 0, -1. */
int submission_released(struct db_txn *t, uint64_t sequence, int64_t *released_ms, struct err *e);
int submission_set_released(struct db_txn *t, uint64_t sequence, int64_t released_ms,
			    struct err *e);

/* A verified record in its parts; texts point into `value` and are not terminated. */
struct submission_view {
	struct submission s; /* without texts */
	uint32_t unchanged;
	struct slice source, owner, origin;
};
int submission_read(struct slice value, struct submission_view *out, struct err *e);

#endif
