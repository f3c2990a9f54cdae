/*
 * keys.h - how keys and records look on disk, and the checksum all records share.
 *
 * Keys sort as bytes in the order of what they say: integers are big-endian,
 * signed ones with the sign bit turned over. Values are little-endian and begin
 * with a CRC-32C over the key and everything behind it, so that neither a
 * changed value nor a changed key passes for a figure. docs/storage-format.md
 * has the layout of every table.
 *
 * Pure functions, any thread.
 */
#ifndef STORAGE_KEYS_H
#define STORAGE_KEYS_H

#include "base/err.h"
#include "base/little_endian.h"
#include "base/slice.h"

#include <stdint.h>

enum {
	STORE_FORMAT = 2, /* what this program writes and reads */

	KEY_PART_BYTES = 4,
	KEY_PARTITION_BYTES = 4,
	KEY_SEGMENT_BYTES = 8,
	KEY_SUBMISSION_BYTES = 8,
	KEY_MAX_BYTES = 64,

	RECORD_CRC_BYTES = 4,
};

/* --- integers ------------------------------------------------------------- */

void put_be32(uint8_t *p, uint32_t v);
void put_be64(uint8_t *p, uint64_t v);
uint32_t get_be32(const void *p);
uint64_t get_be64(const void *p);

/* Signed, sortable: INT64_MIN first, INT64_MAX last. */
void put_be_time(uint8_t *p, int64_t t_ms);
int64_t get_be_time(const void *p);

/* --- keys ----------------------------------------------------------------- */

void key_part(uint8_t out[KEY_PART_BYTES], uint32_t number);
void key_partition(uint8_t out[KEY_PARTITION_BYTES], uint32_t number);
void key_segment(uint8_t out[KEY_SEGMENT_BYTES], uint32_t partition, uint32_t place);
void key_submission(uint8_t out[KEY_SUBMISSION_BYTES], uint64_t sequence);

static inline struct slice key_slice(const uint8_t *key, size_t n)
{
	return slice_of((const char *)key, n);
}

/* --- records -------------------------------------------------------------- */

/* Writes the checksum into the first four bytes of `value`. */
void record_seal(struct slice key, uint8_t *value, size_t n);
/* Whether value's checksum is right for this key. */
bool record_good(struct slice key, struct slice value);
/* The checksum that a sealed record carries. */
uint32_t record_crc(struct slice value);

/* What the whole store knows of itself, updated in each transaction (key "state"). */
struct state {
	uint64_t epoch;           /* grows when parts, partitions or runs change their places */
	uint64_t sequence;        /* of the last submission; 0: none yet */
	uint64_t packed_sequence; /* figures of submissions up to here are in partitions */
	uint64_t packed_run;      /* samples of runs up to here are in partitions */
	uint32_t series; /* the highest id that was given in this or an earlier transaction */
	uint32_t parts, partitions; /* how many there are */
	uint32_t next_part, next_partition;
	uint32_t digest; /* XOR of the checksums of all partitions' records */
};

enum { STATE_BYTES = 64, FORMAT_BYTES = 24 };

extern const struct slice key_state, key_format;

void state_write(const struct state *s, uint8_t out[STATE_BYTES]);
int state_read(struct slice value, struct state *s, struct err *e);
void format_write(uint32_t version, uint8_t out[FORMAT_BYTES]);
/* ERR_UNSUPPORTED for a newer version, ERR_CORRUPT for a damaged one. */
int format_read(struct slice value, struct err *e);

/* --- times in texts --------------------------------------------------------- */

enum { TIME_TEXT = 40 };

/* 2026-10-31T00:00:00Z, with .123 when there are milliseconds; far times as "N ms". */
char *time_text(int64_t t_ms, char out[TIME_TEXT]);

#endif
