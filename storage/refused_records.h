/*
 * refused_records.h - the records of refused.h: written by the writer, walked by who checks.
 */
#ifndef STORAGE_REFUSED_RECORDS_H
#define STORAGE_REFUSED_RECORDS_H

#include "base/observation.h"
#include "storage/db.h"
#include "storage/keys.h"
#include "storage/refused.h"

/* CRC-32C of the labels as the record has them 4, stamp 8, submission 8, its place there 2. */
enum { KEY_REFUSED_BYTES = 22 };

/* A record in its parts; texts point into `value`. */
struct refused_view {
	int64_t stamp_ms, received_ms;
	uint64_t submission;
	struct slice reason;
	struct slice labels; /* number 2, for each: length 2, name, length 2, value */
};

/* Of a verified record. ERR_CORRUPT. */
int refused_read(struct slice key, struct slice value, struct refused_view *out, struct err *e);

/* Writes those of a submission, as many as the limits allow; *kept of them. */
int refused_put(struct db_txn *t, uint64_t submission, int64_t received_ms,
		const struct refused_cell *cells, size_t n, uint32_t *kept, struct err *e);

/* Counts all records: of submission k in kept[k - 1], for k up to `last`. What is wrong with one
 * is told. */
int refused_count(struct db_txn *t, uint64_t last, uint32_t *kept,
		  void (*fault)(void *ctx, const char *text), void *ctx, struct err *e);

/* The labels of a series in the form of a record; the first bytes of its keys. */
int refused_labels(const struct labels *ls, struct buf *out, struct err *e);
void refused_key(uint8_t key[KEY_REFUSED_BYTES], struct slice labels, int64_t stamp_ms,
		 uint64_t submission, uint16_t place);

#endif
