/*
 * samples.h - writing samples of one plain series into its chunks.
 *
 * Any order of arrival: a sample is put into the chunk it belongs to, which is
 * unpacked, joined and packed again; what no longer fits is split. The writer's
 * thread only.
 */
#ifndef STORAGE_SAMPLES_H
#define STORAGE_SAMPLES_H

#include "storage/store.h"
#include "storage/tally.h"
#include "storage/walk.h"

/* `s` rises strictly in time; a sample for a known time replaces. The tally is changed,
 * not written. `w` is a walk over DB_SAMPLES in the same transaction. */
int samples_write(struct db_txn *t, struct walk *w, uint32_t series, struct tally *y,
		  const struct sample *s, size_t n, struct err *e);

#endif
