/*
 * columns_whole.h - a column of 64-bit whole numbers; what times, decimals and small numbers are
 * packed by (columns.h).
 *
 * All arithmetic is modulo 2^64, so signed and unsigned numbers are the same here. The
 * first number is kept as it is, all others as multiples of a unit away from it, in
 * blocks of 128. Each block takes the cheapest of four predictions for its numbers
 * (none, the one before, a straight line through the two before, the one twelve before,
 * which is a year of months), and keeps what is left over in as many bits as most of
 * them need; the few that need more are patched. Zeros among large leftovers can
 * be left out of the bits.
 *
 * Layout. Numbers written as "varint" are groups of seven bits, lowest first; "signed"
 * ones are zigzag before that.
 *
 *	head     1 byte: kind in the lowest two bits (0 constant, 1 line, 2 blocks; 3 is
 *	         never written here), 0x04 a unit follows, 0x08 the first block has only
 *	         twelve numbers, 0x30 the prediction of all blocks, or 0x40 each has its own
 *	first    signed
 *	unit     signed, with 0x04, else 1
 *	orders   with 0x40: two bits a block, lowest first, whole bytes
 *	blocks
 *
 * A constant has nothing more; number i of a line is first + i × unit. A block is
 *
 *	width    1 byte: bits 0 to 62, 63 for 64; 0x40 patches, 0x80 zeros left out
 *	base     signed
 *	slope    signed, only in the column's first block with a line as prediction: how far
 *	         the second number lies from the first, in units
 *	present  with 0x80: a bit for each number that is not left out, whole bytes
 *	bits     numbers of `width` bits (columns_bits.h)
 *	patches  with 0x40: their count (1 byte), their places in the block (1 byte
 *	         each, rising), then for each a signed number
 *
 * A leftover is base + bits + (patch << width), or 0 where left out, and what a number differs
 * from its prediction by, in units. The column's first number is `first` whatever its
 * leftover says, and after a line as first prediction the second is first + slope × unit:
 * those leftovers are written so that they cost nothing.
 */
#ifndef STORAGE_COLUMNS_WHOLE_H
#define STORAGE_COLUMNS_WHOLE_H

#include "storage/columns.h"
#include "storage/columns_bits.h"

enum { WHOLE_YEAR = 12 };

enum whole_order {
	ORDER_PLAIN, /* distance to the column's first number */
	ORDER_DELTA, /* to the number before */
	ORDER_SLOPE, /* to the line through the two before */
	ORDER_YEAR,  /* to the number twelve before */
	ORDERS,
};

enum whole_kind { WHOLE_CONSTANT, WHOLE_LINE, WHOLE_BLOCKS, WHOLE_RESERVED };
enum { WHOLE_KIND_MASK = 3 };

/* Bytes that whole_pack() may touch: the longest block has 64 bits a number, width, base, slope
 * and present bits, and patches are only taken where they save. */
#define WHOLE_BOUND(n) (64 + (n)*8 + ((n) / BLOCK + 2) * 64)
/* Bytes that any other function may touch: two such columns (times), or one with ten bytes
 * for half of the values (decimals with exceptions). */
#define COLUMN_BOUND(n) (2 * WHOLE_BOUND(n) + 2 * VARINT_MAX_BYTES)

/* How a block's leftovers are kept. */
struct whole_plan {
	uint64_t base;
	unsigned width;
	unsigned patches;
	bool sparse;
	size_t bits; /* about what it takes, without the head */
};

struct columns_scratch {
	uint64_t numbers[COLUMN_SAMPLES_MAX + COLUMN_SLACK]; /* what a caller of whole_*() packs */
	uint64_t more[COLUMN_SAMPLES_MAX + COLUMN_SLACK];    /* a second column of it */
	uint64_t units[COLUMN_SAMPLES_MAX + COLUMN_SLACK];   /* whole_pack()'s own */
	uint8_t other[COLUMN_BOUND(COLUMN_SAMPLES_MAX)];     /* a candidate for the smallest */
	bool quick;                                          /* no search for patches and zeros */
};

size_t whole_pack(const uint64_t *x, size_t n, uint8_t *out, struct columns_scratch *s);
/* Takes the column off the front of `in`. x may be any array but s->units. */
int whole_unpack(struct slice *in, size_t n, uint64_t *x, struct err *e);
/* The same where only x[from] … x[to - 1] are wanted; what the others are then is not said. */
int whole_unpack_range(struct slice *in, size_t n, size_t from, size_t to, uint64_t *x,
		       struct err *e);

/* columns_plan.c: how a block of leftovers is best kept, and how dear leftovers would be, from a
 * sample of at most 255, to compare orders. */
void whole_plan(const uint64_t *left, size_t n, bool quick, struct whole_plan *p);
unsigned whole_cost(const uint64_t *left, size_t n);

#endif
