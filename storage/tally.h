/*
 * tally.h - what there must be of one series, in a record of its own.
 *
 * Checksums notice a record that was changed, not one that is gone. The tally is
 * written in the same transaction as the records it counts: their number, how far
 * they reach and the XOR of their checksums.
 */
#ifndef STORAGE_TALLY_H
#define STORAGE_TALLY_H

#include "storage/db.h"

struct tally {
	bool statistic;
	uint64_t records;          /* figures or chunks */
	uint64_t samples;          /* in the chunks; for a statistic the periods */
	int64_t first_ms, last_ms; /* stamps or sample times; nothing when records is 0 */
	uint32_t digest;
};

enum { TALLY_BYTES = 44 };

/* 1, 0 (no such record), -1. */
int tally_get(struct db_txn *t, uint32_t series, struct tally *out, struct err *e);
int tally_put(struct db_txn *t, uint32_t series, const struct tally *y, struct err *e);
int tally_read(struct slice value, struct tally *out, struct err *e);

/* Stretches first/last over one more time; before `records` is raised. */
void tally_reach(struct tally *y, int64_t t_ms);

#endif
