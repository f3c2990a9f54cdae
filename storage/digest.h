/*
 * digest.h - one SHA-256 over all figures that a submission kept.
 *
 * It binds the figures to the ledger: an entry names it, so a figure that is changed,
 * taken away, added or moved to another series no longer fits.
 *
 * What is hashed, in the order of the figures' keys (series id, stamp, known from,
 * row; the submission is the same for all):
 *
 *   where a series begins   'S', number of labels 2, and for each label, sorted by
 *                           name: length 2, name, length 2, value (little-endian, as
 *                           in the table `series`)
 *   each figure             'F', bytes 4 … 31 of its key, bytes 4 … 31 of its value
 *                           (the table `figures`)
 *
 * No figure: the SHA-256 of nothing, e3b0c442….
 */
#ifndef STORAGE_DIGEST_H
#define STORAGE_DIGEST_H

#include "base/labels.h"
#include "base/sha256.h"
#include "storage/vintage.h"

/* Records in the order of their keys: for who reads them from the table. */
struct digest {
	struct sha256 sha;
	const struct labels *series; /* the last one */
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const struct labels *ls, const uint8_t key[KEY_FIGURE_BYTES],
		const uint8_t value[FIGURE_BYTES]);
void digest_end(struct digest *d, uint8_t out[SHA256_BYTES]);

/* For who writes them: series and stamps rise, the figures of one period may come in
 * any order (the writer may move a known-from). */
struct digest_writer {
	struct digest d;
	const struct labels *labels;
	struct figure *period; /* of one stamp, not hashed yet; owned */
	size_t n, cap;
};

void digest_writer_init(struct digest_writer *w);
void digest_writer_release(struct digest_writer *w);
int digest_writer_add(struct digest_writer *w, const struct labels *ls, const struct figure *f,
		      struct err *e);
void digest_writer_end(struct digest_writer *w, uint8_t out[SHA256_BYTES]);

#endif
