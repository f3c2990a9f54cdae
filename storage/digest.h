/*
 * digest.h - one SHA-256 over all figures that a submission kept.
 *
 * It binds the figures to the ledger: an entry names it, so a figure that is changed,
 * taken away, added or moved to another series no longer fits. What is hashed does not depend on
 * where figures lie, so packing and merging leave it as it was.
 *
 * What is hashed, series in the order of their ids, figures of one in the order of stamp,
 * known-from and row (figure.h); all numbers little-endian:
 *
 *   where a series begins   'S', number of labels 2, and for each label, sorted by
 *                           name: length 2, name, length 2, value
 *   each figure             'F', stamp 8, known-from 8, value as bits of a double 8,
 *                           months 1, flags 1, kind of known-from 1
 *
 * Times of receipt and release are those of the submission, which the entry names itself; a
 * figure whose known-from was given is released from then on. No figure: the SHA-256 of nothing,
 * e3b0c442….
 */
#ifndef STORAGE_DIGEST_H
#define STORAGE_DIGEST_H

#include "base/labels.h"
#include "base/sha256.h"
#include "storage/figure.h"

struct digest {
	struct sha256 sha;
	uint32_t series; /* the last one; 0: none yet */
};

void digest_init(struct digest *d);
/* In the order above. `ls` are the labels of `series`. */
void digest_add(struct digest *d, uint32_t series, const struct labels *ls, const struct figure *f);
void digest_end(struct digest *d, uint8_t out[SHA256_BYTES]);

#endif
