/*
 * walk.h - a cursor that believes nothing it has not checked.
 *
 * LMDB has no checksums: a changed byte in a key sends a search to the wrong
 * place and a figure would be missing without a word. So each record that is
 * shown is verified, and a search also verifies its two neighbours: the record
 * before the place must be before what was wanted, the one at the place not
 * before it. A key that was changed, in a leaf or in a branch, breaks one of these.
 * A page header or slot that was changed can hide records from a search; that is what
 * walk_presence() and the tally are for.
 *
 * A walk belongs to one transaction and one thread at a time.
 */
#ifndef STORAGE_WALK_H
#define STORAGE_WALK_H

#include "storage/db.h"

struct record {
	struct slice key, value;
	bool there;
};

struct walk {
	struct db_cursor *cursor;
	enum db_table table;
	size_t key_bytes;     /* of every key in the table */
	struct record at;     /* where the walk is; not there: at the end */
	struct record before; /* after walk_seek(): the one before `at` */
	bool before_start;
};

int walk_open(struct walk *w, struct db_txn *t, enum db_table table, size_t key_bytes,
	      struct err *e);
void walk_close(struct walk *w); /* also when it was never opened (zeroed) */

/* To the first record at or behind `key`; `at` and `before` say what was found. */
int walk_seek(struct walk *w, struct slice key, struct err *e);
/* One on, one back. Moving on from the end, or back from the start, stays there. */
int walk_next(struct walk *w, struct err *e);
int walk_prev(struct walk *w, struct err *e);

/* Counts the records whose keys begin as `first` does (its first `prefix` bytes), from `first`
 * on, and XORs the checksums they carry, without verifying each: keys must rise. For
 * the question whether all are there. The walk is nowhere afterwards. */
int walk_presence(struct walk *w, struct slice first, size_t prefix, uint64_t *records,
		  uint32_t *digest, struct err *e);

/* A single record, verified. 1, 0 (not there), -1. When it is not there the
 * neighbours are not looked at: for tables where absence is a fault anyway. */
int record_get(struct db_txn *t, enum db_table table, struct slice key, struct slice *value,
	       struct err *e);

/* Seals `value` (room for the checksum at its start) and writes it. */
int record_put(struct db_txn *t, enum db_table table, struct slice key, uint8_t *value, size_t n,
	       struct err *e);

/* ERR_CORRUPT, counted in the daemon's metrics. */
int record_bad(struct err *e, enum db_table table, const char *why);

#endif
