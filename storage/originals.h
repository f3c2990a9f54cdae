/*
 * originals.h - documents as they came, kept for ever under their SHA-256.
 *
 * A document that comes twice is there once. It is packed (Zstandard) unless that
 * makes it larger, and cut into pieces so that no value of the table is large. Who
 * sent it is in the ledger.
 *
 * Key, 36 bytes: SHA-256 of the document 32, number of the piece 4, from 0.
 * Value: crc 4, encoding 1 (1 as it came, 2 one Zstandard frame), 0 3, number of
 * pieces 4, 0 4, bytes of the whole document 8, sequence of the submission that brought it
 * first 8, then this piece of the encoded document.
 */
#ifndef STORAGE_ORIGINALS_H
#define STORAGE_ORIGINALS_H

#include "base/buf.h"
#include "base/sha256.h"
#include "storage/db.h"

enum {
	KEY_ORIGINAL_BYTES = SHA256_BYTES + 4,
	/* LMDB puts 16 bytes before a large value: this fills whole pages. */
	ORIGINAL_VALUE_MAX = (1 << 20) - 16,
	ORIGINAL_MAX_BYTES = 1 << 30,
};

/* A verified record in its parts, which point into key and value. */
struct original_piece {
	const uint8_t *sha256;
	uint32_t number, pieces;
	bool packed;
	uint64_t bytes; /* of the whole document */
	uint64_t submission;
	struct slice payload;
};

int original_read(struct slice key, struct slice value, struct original_piece *out, struct err *e);

/* The writer's thread. Nothing when it is there already; one that is damaged is written anew. */
int original_put(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct slice body,
		 uint64_t submission, struct err *e);

/* The first piece: whether it is there at all. 1, 0, -1. */
int original_find(struct db_txn *t, const uint8_t sha256[SHA256_BYTES],
		  struct original_piece *first, struct err *e);

/* Appends the document to `out`, whose limit holds, and checks its hash. 1, 0, -1: ERR_CORRUPT
 * says what is wrong. */
int original_get(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct buf *out,
		 struct err *e);

/* For who reads the whole table in order: whether each piece follows the one before.
 * Zeroed at first; after the last record once with a NULL piece. */
struct original_follow {
	uint8_t sha256[SHA256_BYTES];
	uint32_t next, pieces;
	bool packed;
	uint64_t bytes, submission;
};
int original_follow(struct original_follow *f, const struct original_piece *p, struct err *e);

#endif
