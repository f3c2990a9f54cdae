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
 * first 8 (0 in a piece that was written before that), then this piece of the encoded document.
 */
#ifndef STORAGE_ORIGINALS_H
#define STORAGE_ORIGINALS_H

#include "base/buf.h"
#include "base/sha256.h"
#include "storage/db.h"
#include "storage/store.h"

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

/* One that is ready to be written. */
struct original_draft {
	uint8_t sha256[SHA256_BYTES];
	struct slice bytes; /* of `packed`, or of the body where that is no longer */
	struct buf packed;
	bool is_packed;
	uint64_t plain_bytes;
};

/* Packs; any thread. `body` is borrowed until original_draft_release(), also after -1. */
int original_draft_make(struct original_draft *d, const uint8_t sha256[SHA256_BYTES],
			struct slice body, struct err *e);
void original_draft_release(struct original_draft *d);
uint32_t original_draft_pieces(const struct original_draft *d);

/* The writer's thread. Nothing when it is there already; one that is damaged is written anew. */
int original_put(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct slice body,
		 uint64_t submission, struct err *e);

/* A large one is too much for a transaction: all its pieces but the first are put in several before
 * its submission, with 0 for its sequence; the first, which makes it an original, goes with the
 * submission. Pieces [from, to) of those: */
int original_put_pieces(struct db_txn *t, const struct original_draft *d, uint32_t from,
			uint32_t to, struct err *e);
int original_put_first(struct db_txn *t, const struct original_draft *d, uint64_t submission,
		       struct err *e);
/* Deletes pieces that wait for a first one that never came, but not those of `sha256`. */
int original_sweep(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct err *e);

/* The first piece: whether it is there at all. 1, 0, -1. */
int original_find(struct db_txn *t, const uint8_t sha256[SHA256_BYTES],
		  struct original_piece *first, struct err *e);

/* Appends the document to `out`, whose limit holds, and checks its hash. 1, 0, -1: ERR_CORRUPT
 * says what is wrong. */
int original_get(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct buf *out,
		 struct err *e);

/* For who reads the whole table in order: whether each piece follows the one before. Pieces without
 * a first one that were put before a submission which did not come are passed over.
 * Zeroed at first; after the last record once with a NULL piece. */
struct original_follow {
	uint8_t sha256[SHA256_BYTES];
	uint32_t next, pieces;
	bool packed;
	uint64_t bytes, submission;
};
int original_follow(struct original_follow *f, const struct original_piece *p, struct err *e);

/* --- for the store: one that is too large for a transaction ------------------------------- */

enum { ORIGINAL_LARGE_BYTES = 4 << 20 };

bool original_is_large(const struct submission *u);
/* store_append() of such: on the calling thread, until all but the first piece is durable. -1: as
 * store_append(). */
int original_push_large(struct store *s, struct append *a, struct err *e);
void original_forget_draft(struct append *a); /* nothing when there is none */

#endif
