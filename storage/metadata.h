/*
 * metadata.h - type, help and unit of metric families, as senders tell them.
 *
 * Kept in the table "metadata", keyed by the family's name: CRC 4, type 1, 0 1, bytes of the unit
 * 2, unit, help. Written when something changed, behind the samples and not waited for: a sender
 * tells it again every minute. Texts are cut at METADATA_TEXT_MAX.
 */
#ifndef STORAGE_METADATA_H
#define STORAGE_METADATA_H

#include "base/remote_write.h"
#include "storage/store_impl.h"

enum { METADATA_TEXT_MAX = 4096, METADATA_FAMILIES_MAX = 100000 };

/* Hands what differs from what is known to the writer. Any thread. */
void metadata_note(struct store *s, const struct rw_metadata *list, size_t n);
/* Forgets what is known to be written. */
void metadata_release(struct store *s);

/* All of them, by family; texts in the arena. */
int metadata_read(struct db_txn *t, struct arena *a, struct family_metadata **out, size_t *n,
		  struct err *e);

#endif
