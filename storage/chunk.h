/*
 * chunk.h - a run of samples of one plain series, packed into one record.
 *
 * Samples rise strictly in time. Values are kept bit for bit: NaN payloads
 * survive, because a staleness mark is a NaN. A record is at most 4,080 bytes:
 * with LMDB's header that is one page of 4 KiB, one byte more takes two.
 *
 * Two encodings, the one that holds more samples (or takes fewer bytes) is
 * taken: XOR for what repeats or moves in steps, RAW for noise.
 *
 * Pure functions, any thread. The checksum is the record's (keys.h) and is
 * verified before anything here sees the bytes; lengths are checked all the same.
 */
#ifndef STORAGE_CHUNK_H
#define STORAGE_CHUNK_H

#include "storage/store.h"

enum chunk_encoding {
	CHUNK_RAW = 1, /* time and value, eight bytes each */
	CHUNK_XOR = 2, /* change of the time step, value against the one before */
};

enum {
	CHUNK_MAX_BYTES = 4080,
	CHUNK_HEAD_BYTES = 24,
	CHUNK_MAX_SAMPLES = 2040,
};

struct chunk_info {
	int64_t first_ms, last_ms;
	uint32_t count;
	enum chunk_encoding encoding;
};

/* Packs as many of the `n` samples (at least 1) as fit, from the first on. Returns how
 * many; `out` is the record without its checksum, *bytes long. */
size_t chunk_pack(const struct sample *s, size_t n, uint8_t out[CHUNK_MAX_BYTES], size_t *bytes);

/* What the head says. ERR_CORRUPT when it cannot be, or is not of this key. */
int chunk_info(struct slice key, struct slice value, struct chunk_info *out, struct err *e);

/* All samples; `out` has room for info->count. */
int chunk_unpack(const struct chunk_info *info, struct slice value, struct sample *out,
		 struct err *e);

#endif
