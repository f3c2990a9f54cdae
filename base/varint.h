/*
 * varint.h - whole numbers of seven bits a byte, the lowest first (LEB128).
 *
 * The top bit is set in all bytes but the last: 0x7f is 7f, 0x80 is 80 01, 300 is ac 02. So
 * protobuf, snappy and our own files have them. We write the shortest form, 1 to
 * VARINT_MAX_BYTES; a longer one (80 00 for 0) is read like it, as protobuf wants it.
 *
 * Reading fails when the number does not end before the bytes do, or does not fit into 64
 * (32) bits; nothing has moved then and *v is as before. Fewer than VARINT_MAX_BYTES
 * (VARINT32_MAX_BYTES) in front of `end` were cut off, else the number is too large: a
 * caller who has to say which of the two counts them.
 *
 * Pure functions, any thread.
 */
#ifndef BASE_VARINT_H
#define BASE_VARINT_H

#include "base/buf.h"

#include <stdint.h>

enum { VARINT_MAX_BYTES = 10, VARINT32_MAX_BYTES = 5 };

/* How many bytes varint_put() writes. */
static inline unsigned varint_bytes(uint64_t v)
{
	return (70 - (unsigned)__builtin_clzll(v | 1)) / 7;
}

/* Writes at p, where there is room, and says how many bytes. */
static inline size_t varint_put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

/* Appends; a buffer without memory notes it as with buf_put(). */
static inline void varint_add(struct buf *b, uint64_t v)
{
	uint8_t bytes[VARINT_MAX_BYTES];

	buf_put(b, bytes, varint_put(bytes, v));
}

/* Moves *p, at or before `end`, behind the number. Most have one byte, and the codecs read one or
 * two for every block of a column: nothing else is done for those. */
static inline bool varint_read(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	const uint8_t *at = *p;
	uint64_t x;

	if (at >= end)
		return false;
	x = *at++;
	if (x >= 0x80) {
		unsigned shift = 7;

		/* A tenth byte holds the highest bit alone, so the loop ends there at the latest.
		 */
		for (x &= 0x7f; at < end && *at >= 0x80; shift += 7) {
			if (shift == 63)
				return false;
			x |= (uint64_t)(*at++ & 0x7f) << shift;
		}
		if (at >= end || (shift == 63 && *at > 1))
			return false;
		x |= (uint64_t)*at++ << shift;
	}
	*v = x;
	*p = at;
	return true;
}

/* The same of at most 32 bits. */
static inline bool varint32_read(const uint8_t **p, const uint8_t *end, uint32_t *v)
{
	const uint8_t *at = *p;
	uint32_t x = 0;

	if (at < end && *at < 0x80) {
		*v = *at;
		*p = at + 1;
		return true;
	}
	for (unsigned shift = 0; at < end; shift += 7, at++) {
		if (shift == 28 && *at > 0x0f)
			return false;
		x |= (uint32_t)(*at & 0x7f) << shift;
		if (*at < 0x80) {
			*v = x;
			*p = at + 1;
			return true;
		}
	}
	return false;
}

/* Takes one off the front of a slice. */
static inline bool varint_take(struct slice *in, uint64_t *v)
{
	const uint8_t *p = (const uint8_t *)in->p, *end = p + in->n;

	if (!varint_read(&p, end, v))
		return false;
	*in = slice_of((const char *)p, (size_t)(end - p));
	return true;
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
