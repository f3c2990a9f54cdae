/*
 * columns_bits.c - see columns_bits.h.
 *
 * The vectors are the compilers' own (GCC and clang, any processor): where there are
 * no such registers they become plain arithmetic.
 */
#include "storage/columns_bits.h"

enum { LANES = 4, ROWS = BLOCK / LANES, WORD = 16, LANES_WIDTH_MAX = 32 };

typedef uint32_t lanes __attribute__((vector_size(16)));

static inline lanes little_endian(lanes v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	for (int i = 0; i < LANES; i++)
		v[i] = __builtin_bswap32(v[i]);
#endif
	return v;
}

/* Which number of four each lane has. */
static const uint8_t number_of[LANES] = { 0, 2, 1, 3 };

static inline u64x2 even_lanes(lanes v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (u64x2)v >> 32;
#else
	return (u64x2)v & UINT64_C(0xffffffff);
#endif
}

static inline u64x2 odd_lanes(lanes v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (u64x2)v & UINT64_C(0xffffffff);
#else
	return (u64x2)v >> 32;
#endif
}

static inline lanes load_lanes(const uint8_t *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return little_endian(v);
}

static inline void store_lanes(uint8_t *p, lanes v)
{
	v = little_endian(v);
	memcpy(p, &v, sizeof(v));
}

/* --- four lanes ---------------------------------------------------------------------- */

static void lanes_pack(const uint64_t *x, unsigned width, uint8_t *out)
{
	lanes word = { 0 };
	unsigned fill = 0;

	for (unsigned row = 0; row < ROWS; row++) {
		lanes v = { 0 };

		for (unsigned i = 0; i < LANES; i++)
			v[i] = (uint32_t)(x[row * LANES + number_of[i]] & mask_of(width));
		word |= v << fill;
		if (fill + width >= 32) {
			store_lanes(out, word);
			out += WORD;
			word = v >> 1 >> (31 - fill); /* 32 at once would be no shift */
		}
		fill = (fill + width) % 32;
	}
}

/* The second word of a number is the one its last bit is in. Where that is the first
 * word again, what it adds lies above the mask: no branch, and no word too far. */
static void lanes_unpack(const uint8_t *in, unsigned width, uint64_t base, uint64_t *x)
{
	uint32_t mask = (uint32_t)mask_of(width);

	for (unsigned row = 0, bit = 0; row < ROWS; row++, bit += width) {
		unsigned shift = bit % 32;
		lanes low = load_lanes(in + (size_t)(bit / 32) * WORD);
		lanes high = load_lanes(in + (size_t)((bit + width - 1) / 32) * WORD);
		lanes v = (low >> shift | high << 1 << (31 - shift)) & mask;
		u64x2 first = even_lanes(v) + base, second = odd_lanes(v) + base;

		memcpy(x + (size_t)row * LANES, &first, sizeof(first));
		memcpy(x + (size_t)row * LANES + 2, &second, sizeof(second));
	}
}

/* --- one after the other ------------------------------------------------------------- */

void bits_pack_plain(const uint64_t *x, size_t n, unsigned width, uint8_t *out)
{
	uint64_t mask = mask_of(width), word = 0;
	size_t bytes = bits_bytes(n, width);
	unsigned fill = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v = x[i] & mask;

		word |= v << fill;
		fill += width;
		if (fill >= 64) {
			put_le64(out, word);
			out += 8;
			bytes -= 8;
			fill -= 64;
			word = fill ? v >> (width - fill) : 0;
		}
	}
	for (; bytes > 0; bytes--, word >>= 8)
		*out++ = (uint8_t)word;
}

/* Reads nine bytes at the bit's place. */
static inline uint64_t at_bit(const uint8_t *in, size_t bit, uint64_t mask)
{
	unsigned shift = bit % 8;
	const uint8_t *p = in + bit / 8;

	return (get_le64(p) >> shift | (uint64_t)p[8] << 1 << (63 - shift)) & mask;
}

/* The same for up to 57 bits with eight bytes. */
static inline uint64_t at_bit_short(const uint8_t *in, size_t bit, uint64_t mask)
{
	return get_le64(in + bit / 8) >> (bit % 8) & mask;
}

static void plain_unpack(const uint8_t *in, size_t n, unsigned width, uint64_t base, uint64_t *x)
{
	uint64_t mask = mask_of(width);

	if (width <= 57)
		for (size_t i = 0; i < n; i++)
			x[i] = base + at_bit_short(in, i * width, mask);
	else
		for (size_t i = 0; i < n; i++)
			x[i] = base + at_bit(in, i * width, mask);
}

static void sparse_unpack(const uint8_t *in, unsigned width, uint64_t base, const uint8_t *present,
			  size_t n, uint64_t *x)
{
	uint64_t mask = mask_of(width);
	bool narrow = width <= 57;
	size_t bit = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t have = 0 - (uint64_t)(present[i / 8] >> (i % 8) & 1);
		uint64_t v = narrow ? at_bit_short(in, bit, mask) : at_bit(in, bit, mask);

		x[i] = (base + v) & have;
		bit += width & have;
	}
}

/* What may be read nine bytes at a time from any bit of `bytes`: `in` itself, or a copy. */
static const uint8_t *padded(struct slice in, size_t bytes, uint8_t copy[BLOCK * 8 + 16])
{
	if (in.n >= bytes + 9)
		return (const uint8_t *)in.p;
	memcpy(copy, in.p, bytes);
	memset(copy + bytes, 0, 16);
	return copy;
}

/* --- both ---------------------------------------------------------------------------- */

void bits_pack(const uint64_t *x, size_t n, unsigned width, uint8_t *out)
{
	if (n == BLOCK && width <= LANES_WIDTH_MAX)
		lanes_pack(x, width, out);
	else
		bits_pack_plain(x, n, width, out);
}

void bits_unpack(struct slice in, size_t n, unsigned width, uint64_t base, uint64_t *x)
{
	uint8_t copy[BLOCK * 8 + 16];

	if (width == 0)
		for (size_t i = 0; i < n; i++)
			x[i] = base;
	else if (n == BLOCK && width <= LANES_WIDTH_MAX)
		lanes_unpack((const uint8_t *)in.p, width, base, x);
	else
		plain_unpack(padded(in, bits_bytes(n, width), copy), n, width, base, x);
}

void bits_unpack_sparse(struct slice in, size_t packed, unsigned width, uint64_t base,
			const uint8_t *present, size_t n, uint64_t *x)
{
	uint8_t copy[BLOCK * 8 + 16];

	sparse_unpack(padded(in, bits_bytes(packed, width), copy), width, base, present, n, x);
}
