/*
 * columns_bits.h - numbers of equal width side by side; those of seven bits a byte are in
 * base/varint.h.
 *
 * The ground the column codecs stand on (columns.h); nobody else includes it. All that
 * is written is little-endian (base/little_endian.h).
 * Pure functions, any thread.
 */
#ifndef STORAGE_COLUMNS_BITS_H
#define STORAGE_COLUMNS_BITS_H

#include "base/little_endian.h"
#include "base/slice.h"
#include "base/varint.h"

#include <stdint.h>

enum {
	BLOCK = 128, /* numbers of one width */
};

/* Two numbers side by side, as the compilers' own vectors (GCC and clang, any processor). */
typedef uint64_t u64x2 __attribute__((vector_size(16)));

/* --- bytes --------------------------------------------------------------------------- */

static inline uint64_t bits_of(double v)
{
	uint64_t b;

	memcpy(&b, &v, sizeof(b));
	return b;
}

static inline double double_of(uint64_t b)
{
	double v;

	memcpy(&v, &b, sizeof(v));
	return v;
}

/* --- numbers ------------------------------------------------------------------------- */

/* How many bits hold `v`: 0 for 0. */
static inline unsigned width_of(uint64_t v)
{
	/* Without a branch: zeros come as they please. */
	return 64 - (unsigned)__builtin_clzll(v | 1) - (v == 0);
}

/* The lowest `width` bits set, 0 to 64. */
static inline uint64_t mask_of(unsigned width)
{
	return width ? UINT64_MAX >> (64 - width) : 0;
}

/* Puts one among n that are in order; for a few numbers. */
static inline void insert_sorted(int64_t *sorted, size_t n, int64_t v)
{
	for (; n > 0 && sorted[n - 1] > v; n--)
		sorted[n] = sorted[n - 1];
	sorted[n] = v;
}

static inline bool get_byte(struct slice *in, uint8_t *b)
{
	if (in->n == 0)
		return false;
	*b = (uint8_t)*in->p;
	*in = slice_skip(*in, 1);
	return true;
}

/* --- runs of one width --------------------------------------------------------------- */

static inline size_t bits_bytes(size_t n, unsigned width)
{
	return (n * width + 7) / 8;
}

/* Packs the lowest `width` bits of n <= BLOCK numbers, bits_bytes() long. A whole BLOCK of
 * up to 32 bits is laid out in four lanes of 32-bit words that take turns, so that
 * vectors unpack it: of the numbers 4r to 4r + 3 the first is the r-th in lane 0, the
 * others in lanes 2, 1 and 3 (two lanes are one 64-bit word, which so splits into
 * neighbours). A lane's numbers follow each other from its lowest bit on. All else is
 * one number after the other, lowest bit first. */
void bits_pack(const uint64_t *x, size_t n, unsigned width, uint8_t *out);

/* x[i] = base + the i-th number. `in` holds at least bits_bytes(). */
void bits_unpack(struct slice in, size_t n, unsigned width, uint64_t base, uint64_t *x);

/* As bits_unpack(), but only for the elements whose bit is set in `present`, of which `packed`
 * are; the others become 0. The layout is always one after the other. */
void bits_unpack_sparse(struct slice in, size_t packed, unsigned width, uint64_t base,
			const uint8_t *present, size_t n, uint64_t *x);
/* The packing that belongs to it, for any n <= BLOCK. */
void bits_pack_plain(const uint64_t *x, size_t n, unsigned width, uint8_t *out);

#endif
