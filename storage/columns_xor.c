/*
 * columns_xor.c - doubles of which neighbours share their first or last bits.
 *
 * Each value's bits are XORed with those before it; what stays the same is zeros at
 * both ends. The first value is kept in 64 bits, then for each two bits that say
 * which case it is (written lowest bit first, as everything here):
 *
 *	0  equal to the value before
 *	1  more than six zeros at the low end: 3 bits for the zeros at the high end, 6 bits for
 *	   how many bits follow (less one), those bits
 *	2  as many zeros at the high end as in the last value of case 1 or 3 (none before
 *	   there was one): all bits behind them
 *	3  3 bits for the zeros at the high end, all bits behind them
 *
 * The three bits choose from 0, 8, 12, 16, 18, 20, 22, 24 zeros, rounded down. These
 * cases are those of Chimp (Liakos, Papakonstantinopoulou, Kotidis: Chimp: Efficient
 * Lossless Floating Point Compression for Time Series Databases, VLDB 2022).
 */
#include "storage/columns_values.h"

enum { CASE_SAME, CASE_TRAILING, CASE_LEADING, CASE_NEW_LEADING };
enum { CASE_BITS = 2, LEADING_BITS = 3, LENGTH_BITS = 6, TRAILING_MIN = 7 };

static const uint8_t leading_zeros[8] = { 0, 8, 12, 16, 18, 20, 22, 24 };

static unsigned leading_code(uint64_t x)
{
	unsigned zeros = 64 - width_of(x), code = 7;

	while (leading_zeros[code] > zeros)
		code--;
	return code;
}

/* --- packing ------------------------------------------------------------------------- */

struct bit_writer {
	uint8_t *p;
	uint64_t word;
	unsigned fill; /* below 64 */
};

static inline void put_bits(struct bit_writer *w, uint64_t v, unsigned n)
{
	w->word |= v << w->fill;
	w->fill += n;
	if (w->fill >= 64) {
		put_le64(w->p, w->word);
		w->p += 8;
		w->fill -= 64;
		w->word = w->fill ? v >> (n - w->fill) : 0;
	}
}

static void put_xor(struct bit_writer *w, uint64_t x, unsigned *leading)
{
	unsigned code = leading_code(x), zeros = leading_zeros[code];
	unsigned trailing = (unsigned)__builtin_ctzll(x);

	if (trailing >= TRAILING_MIN) {
		unsigned length = 64 - zeros - trailing;

		put_bits(w,
			 CASE_TRAILING | code << CASE_BITS |
				 (length - 1) << (CASE_BITS + LEADING_BITS),
			 CASE_BITS + LEADING_BITS + LENGTH_BITS);
		put_bits(w, x >> trailing, length);
	} else if (code == *leading) {
		put_bits(w, CASE_LEADING, CASE_BITS);
		put_bits(w, x, 64 - zeros);
	} else {
		put_bits(w, CASE_NEW_LEADING | code << CASE_BITS, CASE_BITS + LEADING_BITS);
		put_bits(w, x, 64 - zeros);
	}
	*leading = code;
}

size_t xor_pack(const double *v, size_t n, uint8_t *out)
{
	struct bit_writer w = { .p = out };
	uint64_t before = bits_of(v[0]);
	unsigned leading = 0;

	put_bits(&w, before, 64);
	for (size_t i = 1; i < n; i++) {
		uint64_t x = bits_of(v[i]) ^ before;

		before ^= x;
		if (x)
			put_xor(&w, x, &leading);
		else
			put_bits(&w, CASE_SAME, CASE_BITS);
	}
	for (unsigned done = 0; done < w.fill; done += 8, w.word >>= 8)
		*w.p++ = (uint8_t)w.word;
	return (size_t)(w.p - out);
}

/* --- unpacking ----------------------------------------------------------------------- */

struct bit_reader {
	const uint8_t *p;
	size_t bytes;
	uint64_t bit; /* of the next; may point behind the end */
};

static uint64_t near_end(const struct bit_reader *r, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t at = r->bit + i;

		if (at / 8 < r->bytes)
			v |= (uint64_t)(r->p[at / 8] >> (at % 8) & 1) << i;
	}
	return v;
}

/* n from 1 to 64. Behind the end there are zeros; whoever reads compares `bit` at last. */
static inline uint64_t get_bits(struct bit_reader *r, unsigned n)
{
	unsigned shift = r->bit % 8;
	uint64_t v;

	if (r->bit / 8 + 9 <= r->bytes) {
		const uint8_t *p = r->p + r->bit / 8;

		v = (get_le64(p) >> shift | (uint64_t)p[8] << 1 << (63 - shift)) & mask_of(n);
	} else {
		v = near_end(r, n);
	}
	r->bit += n;
	return v;
}

static inline uint64_t get_xor(struct bit_reader *r, unsigned *zeros)
{
	unsigned how = (unsigned)get_bits(r, CASE_BITS), length;

	if (how == CASE_SAME)
		return 0;
	if (how == CASE_LEADING)
		return get_bits(r, 64 - *zeros);
	*zeros = leading_zeros[get_bits(r, LEADING_BITS)];
	if (how == CASE_NEW_LEADING)
		return get_bits(r, 64 - *zeros);
	length = (unsigned)get_bits(r, LENGTH_BITS) + 1;
	if (length + *zeros > 64)
		length = 64 - *zeros;
	return get_bits(r, length) << (64 - *zeros - length);
}

int xor_unpack(struct slice *in, size_t n, double *v, struct err *e)
{
	struct bit_reader r = { .p = (const uint8_t *)in->p, .bytes = in->n };
	unsigned zeros = 0;
	uint64_t bits;

	bits = get_bits(&r, 64);
	v[0] = double_of(bits);
	for (size_t i = 1; i < n; i++) {
		bits ^= get_xor(&r, &zeros);
		v[i] = double_of(bits);
	}
	if ((r.bit + 7) / 8 > in->n)
		return err_set(e, ERR_CORRUPT, "it is cut off");
	*in = slice_skip(*in, (size_t)((r.bit + 7) / 8));
	return 0;
}
