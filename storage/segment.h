/*
 * segment.h - many chunks in one run of bytes.
 *
 * A chunk is a run of values of one series: a column of times, a column of values
 * and, for figures, a column of attributes (months, flags, submissions). A segment
 * holds the chunks of rising series; columns of times and attributes that are equal
 * are kept once, since the series of one target are scraped together and the
 * indicators of one park are reported together.
 *
 * A segment is written once and only read afterwards. It lies in a value of LMDB or
 * in a run file. At most SEGMENT_MAX_BYTES long: 32 pages less LMDB's header, so
 * that no page is taken for a few bytes.
 *
 * Integers are little-endian; `varint` is seven bits a byte, lowest first, the top
 * bit set on all but the last; `zigzag` maps -1 to 1, 1 to 2.
 *
 *    0  4  CRC-32C of the bytes from 4 to the end of the directory
 *    4  1  1 samples, 2 figures
 *    5  1  format: 1
 *    6  2  0
 *    8  4  columns
 *   12  4  chunks
 *   16  4  bytes of head and directory
 *   20  4  bytes in all
 *   24  4  first series
 *   28  4  last series
 *   32     directory: the columns, then the chunks
 *          the bytes of the columns, in that order
 *          the values of the chunks, in that order
 *
 *   a column: varint bytes × 2 (+ 1: attributes), CRC 4; of times also varint count,
 *             varint zigzag first time less that of the times before (0), varint last - first
 *   a chunk:  varint series less that of the chunk before (the head's first series),
 *             encoding 1, varint times column, of figures varint attributes column,
 *             varint bytes of the values, CRC 4
 *
 * CRC of a times column: over count 4, first 8, last 8 and its bytes; of an attributes column:
 * over its bytes; of a chunk: over series 4, encoding 1, the CRCs of its columns (4 and 4, 0
 * when there is none) and the bytes of its values.
 *
 * One thread at a time for each writer and reader.
 */
#ifndef STORAGE_SEGMENT_H
#define STORAGE_SEGMENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

enum segment_kind { SEGMENT_SAMPLES = 1, SEGMENT_FIGURES = 2 };

enum {
	SEGMENT_MAX_BYTES = 32 * 4096 - 16,
	SEGMENT_HEAD_BYTES = 32,
	SEGMENT_FORMAT = 1,
};

struct chunk {
	uint32_t series;
	uint32_t count;
	int64_t first_ms, last_ms;
	uint8_t encoding; /* enum value_encoding (columns.h) */
	struct slice times, attributes, values;
	uint32_t crc, times_crc, attributes_crc; /* as the directory has them; of a chunk read */
};

/* What a table of segments knows of each. */
struct segment_entry {
	uint32_t first_series, last_series;
	int64_t first_ms, last_ms;
	uint32_t bytes, crc; /* crc: the segment's first four bytes */
	uint32_t chunks, samples;
};

/* --- writing ----------------------------------------------------------------- */

struct segment_writer;

struct segment_writer *segment_writer_new(struct err *e);
void segment_writer_free(struct segment_writer *w);

void segment_begin(struct segment_writer *w, enum segment_kind kind);
/* Series may not fall. 1: taken; 0: it does not fit any more, the segment stays as it was; -1: no
 * memory, or a chunk that no segment can hold. Texts are copied. */
int segment_add(struct segment_writer *w, const struct chunk *c, struct err *e);
bool segment_is_empty(const struct segment_writer *w);
/* Bytes if it ended here. */
size_t segment_bytes(const struct segment_writer *w);
/* The bytes stay the writer's until segment_begin(). */
int segment_finish(struct segment_writer *w, struct slice *bytes, struct segment_entry *entry,
		   struct err *e);

/* --- reading ------------------------------------------------------------------ */

struct segment_column {
	uint32_t at, bytes, crc, count;
	int64_t first_ms, last_ms;
	bool attributes, good; /* good: its checksum was verified */
};

struct segment_reader {
	struct slice bytes;
	enum segment_kind kind;
	uint32_t first_series, last_series, crc;
	uint32_t ncolumns, nchunks;
	struct segment_column *columns; /* the reader's */
	size_t cap;

	struct segment_place {
		struct slice directory;
		uint32_t left, series;
		size_t values_at;
	} at, start; /* where segment_next() goes on; the first chunk */
};

void segment_reader_init(struct segment_reader *r);
void segment_reader_release(struct segment_reader *r);

/* Looks at head and directory of the columns; `bytes` is borrowed until the next call. ERR_CORRUPT.
 */
int segment_open(struct segment_reader *r, struct slice bytes, struct err *e);
/* Back to the first chunk. */
void segment_rewind(struct segment_reader *r);
/* What a reader wants: series and times, both ends included. */
struct segment_want {
	uint32_t from_series, to_series;
	int64_t from_ms, to_ms;
};

/* The next chunk that overlaps, with its checksums verified: 1, 0 when there is none (the first
 * chunk behind to_series is kept for the next call), -1. */
int segment_next(struct segment_reader *r, const struct segment_want *want, struct chunk *c,
		 struct err *e);
/* The same without a look at its values: chunk_verify() comes before they are used. */
int segment_find(struct segment_reader *r, const struct segment_want *want, struct chunk *c,
		 struct err *e);
/* Whether the checksum of a chunk is that of its values; ERR_CORRUPT. */
int chunk_verify(const struct chunk *c, struct err *e);

#endif
