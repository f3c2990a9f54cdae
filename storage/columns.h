/*
 * columns.h - arrays of times, values and small whole numbers as few bytes.
 *
 * A chunk of the store is a times column, a values column and, for statistics, columns
 * of small whole numbers. Each is packed by itself and knows neither its length in
 * elements nor a checksum: whoever keeps it keeps those beside it. Packing is
 * deterministic, so equal times of two series are equal bytes and are kept once.
 * docs/storage-format.md has the layouts; how one is chosen is in the .c files.
 *
 * What comes out is what went in, bit for bit: NaN payloads, -0.0, any 64-bit time.
 *
 * The unpacking functions take bytes nobody has vouched for: whatever is in them, nothing
 * outside the slice is read, nothing behind n + COLUMN_SLACK elements is written, and
 * what cannot be is ERR_CORRUPT. The slice must be used up to its last byte.
 *
 * Pure functions on the caller's memory. Any thread; a scratch serves one thread at a
 * time and remembers nothing from call to call.
 */
#ifndef STORAGE_COLUMNS_H
#define STORAGE_COLUMNS_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

enum {
	COLUMN_SLACK = 64,         /* elements every output array has room for behind the n-th */
	COLUMN_SAMPLES_MAX = 8192, /* elements of a column; the fewest are 1 */
};

/* About 330 KiB of working memory. NULL is ERR_MEMORY. */
struct columns_scratch;
struct columns_scratch *columns_scratch_new(struct err *e);
void columns_scratch_free(struct columns_scratch *s);
/* Packs with less care from now on, faster by a third and larger by a tenth: for what is soon
 * packed anew. */
void columns_scratch_quick(struct columns_scratch *s);

/* --- times: milliseconds, not falling (vintages of one period have the same) --------- */

/* How many bytes `out` of times_pack() must have; *_pack() return how many they used. */
size_t times_bound(size_t n);
size_t times_pack(const int64_t *t, size_t n, uint8_t *out, struct columns_scratch *s);
int times_unpack(struct slice in, size_t n, int64_t *t, struct columns_scratch *s, struct err *e);

/* --- values -------------------------------------------------------------------------- */

/* Kept beside the column; 16 and above are left for histograms. */
enum value_encoding {
	VALUES_RAW = 1,     /* eight bytes each */
	VALUES_XOR = 2,     /* bits that differ from the value before */
	VALUES_DECIMAL = 3, /* whole numbers over one power of ten, with exceptions */
	VALUES_BITS = 4,    /* the doubles' bits as whole numbers */
};

size_t values_bound(size_t n);
/* Takes the encoding with the fewest bytes. Those that keep full doubles are not
 * tried where decimals take less than three bytes a value. */
size_t values_pack(const double *v, size_t n, uint8_t *out, enum value_encoding *enc,
		   struct columns_scratch *s);
int values_unpack(enum value_encoding enc, struct slice in, size_t n, double *v,
		  struct columns_scratch *s, struct err *e);
/* Where only v[from] … v[to - 1] are wanted, from < to <= n; what the others are then is not said.
 * Cheaper by what is done for each value by itself. Likewise below. */
int values_unpack_range(enum value_encoding enc, struct slice in, size_t n, size_t from, size_t to,
			double *v, struct columns_scratch *s, struct err *e);

/* Whether the bytes show, without being unpacked, that no value is a NaN. */
bool values_are_numbers(enum value_encoding enc, struct slice in);

/* --- whole numbers: months, flags, numbers of a dictionary --------------------------- */

/* Run lengths or packed bits, whichever is smaller. Any number is kept, small ones well. */
size_t ints_bound(size_t n);
size_t ints_pack(const uint64_t *x, size_t n, uint8_t *out, struct columns_scratch *s);
/* Whether all of a column are 0, from its bytes alone; false: perhaps not. */
bool ints_are_zero(struct slice in);
int ints_unpack(struct slice in, size_t n, size_t from, size_t to, uint64_t *x,
		struct columns_scratch *s, struct err *e);

#endif
