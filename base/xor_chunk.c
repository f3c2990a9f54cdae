/* xor_chunk.c - see xor_chunk.h. */
#include "base/xor_chunk.h"

#include "base/varint.h"

struct bits {
	uint8_t *p;
	uint64_t waiting; /* the lowest n of it, fewer than 8 between two calls */
	unsigned n;
};

/* n is 32 at most. */
static void put_short(struct bits *b, uint64_t v, unsigned n)
{
	b->waiting = b->waiting << n | (v & ((UINT64_C(1) << n) - 1));
	for (b->n += n; b->n >= 8; b->n -= 8)
		*b->p++ = (uint8_t)(b->waiting >> (b->n - 8));
}

static void put(struct bits *b, uint64_t v, unsigned n)
{
	if (n > 32) {
		put_short(b, v >> 32, n - 32);
		n = 32;
	}
	put_short(b, v, n);
}

static void put_varint(struct bits *b, uint64_t v)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	size_t n = varint_put(bytes, v);

	for (size_t i = 0; i < n; i++)
		put(b, bytes[i], 8);
}

static void put_change(struct bits *b, int64_t change)
{
	static const struct {
		unsigned prefix, prefix_bits, bits;
	} ways[] = { { 2, 2, 14 }, { 6, 3, 17 }, { 14, 4, 20 } };

	if (change == 0) {
		put(b, 0, 1);
		return;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int64_t half = INT64_C(1) << (ways[i].bits - 1);

		if (change > -half && change <= half) {
			put(b, ways[i].prefix, ways[i].prefix_bits);
			put(b, (uint64_t)change, ways[i].bits);
			return;
		}
	}
	put(b, 15, 4);
	put(b, (uint64_t)change, 64);
}

/* Where the last difference that told its place lay. */
struct window {
	bool there;
	unsigned before, behind; /* zeros */
};

static void put_difference(struct bits *b, uint64_t x, struct window *w)
{
	unsigned before, behind;

	put(b, x != 0, 1);
	if (x == 0)
		return;
	before = (unsigned)__builtin_clzll(x);
	behind = (unsigned)__builtin_ctzll(x);
	if (before > 31)
		before = 31;
	if (w->there && before >= w->before && behind >= w->behind) {
		put(b, 0, 1);
	} else {
		*w = (struct window){ true, before, behind };
		put(b, 1, 1);
		put(b, before, 5);
		put(b, 64 - before - behind, 6);
	}
	put(b, x >> w->behind, 64 - w->before - w->behind);
}

static uint64_t bits_of(double v)
{
	uint64_t x;

	memcpy(&x, &v, sizeof(x));
	return x;
}

size_t xor_chunk_pack(const struct rw_sample *s, size_t n, uint8_t out[XOR_CHUNK_BYTES])
{
	struct bits b = { .p = out };
	struct window w = { 0 };
	uint64_t distance = 0; /* times are any, so it may wrap around */

	put(&b, n, 16);
	put_varint(&b, zigzag(s[0].t_ms));
	put(&b, bits_of(s[0].value), 64);
	for (size_t i = 1; i < n; i++) {
		uint64_t now = (uint64_t)s[i].t_ms - (uint64_t)s[i - 1].t_ms;

		if (i == 1)
			put_varint(&b, now);
		else
			put_change(&b, (int64_t)(now - distance));
		distance = now;
		put_difference(&b, bits_of(s[i].value) ^ bits_of(s[i - 1].value), &w);
	}
	if (b.n)
		put(&b, 0, 8 - b.n);
	return (size_t)(b.p - out);
}
