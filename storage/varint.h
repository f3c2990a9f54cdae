/*
 * varint.h - integers of seven bits a byte, lowest first, for directories of our files.
 *
 * Pure functions, any thread.
 */
#ifndef STORAGE_VARINT_H
#define STORAGE_VARINT_H

#include "base/buf.h"

#include <stdint.h>

enum { VARINT_MAX_BYTES = 10 };

static inline size_t varint_put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

static inline void varint_add(struct buf *b, uint64_t v)
{
	uint8_t bytes[VARINT_MAX_BYTES];

	buf_put(b, bytes, varint_put(bytes, v));
}

/* Takes one off the front; false when it is cut off or longer than 64 bits. */
static inline bool varint_take(struct slice *in, uint64_t *v)
{
	const uint8_t *p = (const uint8_t *)in->p, *end = p + in->n;
	uint64_t x = 0;

	for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
		uint8_t b = *p++;

		if (shift == 63 && b > 1)
			return false;
		x |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*in = slice_of((const char *)p, (size_t)(end - p));
			*v = x;
			return true;
		}
	}
	return false;
}

/* Small negative numbers to small positive ones: 0 -1 1 -2 … to 0 1 2 3 … */
static inline uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

#endif
