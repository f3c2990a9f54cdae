/*
 * protobuf.h - protobuf's wire format, one field at a time.
 *
 * A message is fields one after another, each a tag (number and wire type) and a value
 * (protobuf.dev/programming-guides/encoding). Whoever knows a message walks it with
 * pb_read() and skips the numbers it does not know. Places in errors are bytes counted
 * from 1, from `raw` on, the beginning of the outermost message. Bytes are borrowed.
 *
 * Pure functions; any thread.
 */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include "base/err.h"
#include "base/little_endian.h"
#include "base/slice.h"
#include "base/varint.h"

#include <stdint.h>

enum pb_wire { PB_VARINT, PB_FIXED64, PB_BYTES, PB_GROUP, PB_GROUP_END, PB_FIXED32 };

enum { PB_DOUBLE_BYTES = 8 };

/* The tag of a field whose number is below 16: one byte. */
#define PB_TAG(number, wire) (uint8_t)((number) << 3 | (wire))

struct pb_field {
	uint32_t number;
	uint32_t wire;
	uint64_t value; /* PB_VARINT, PB_FIXED64, PB_FIXED32 */
	struct slice s; /* PB_BYTES; otherwise empty */
};

/* Reads the field at p < end. Its end, or NULL with the error set and f->number as far as known
 * (else 0). ERR_INVALID: cut off, a number of more than 64 bits, no such wire type or field
 * number. ERR_UNSUPPORTED: groups. */
const uint8_t *pb_read(const uint8_t *raw, const uint8_t *p, const uint8_t *end, struct pb_field *f,
		       struct err *e);

/* ERR_INVALID when the field, which begins at `at`, is not of that wire type. */
int pb_want(const uint8_t *raw, const uint8_t *at, const struct pb_field *f, enum pb_wire wire,
	    struct err *e);

static inline const uint8_t *pb_start(struct slice s)
{
	return (const uint8_t *)s.p;
}

static inline double pb_double(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* --- writing: the caller has the room, pb_..._size() says how much ------------------- */

/* Of a field with n bytes of contents. */
static inline size_t pb_bytes_size(size_t n)
{
	return 1 + varint_bytes(n) + n;
}

/* Tag and length of a field whose n bytes follow. */
static inline uint8_t *pb_put_header(uint8_t *p, unsigned number, size_t n)
{
	*p++ = PB_TAG(number, PB_BYTES);
	return p + varint_put(p, n);
}

static inline uint8_t *pb_put_bytes(uint8_t *p, unsigned number, struct slice s)
{
	p = pb_put_header(p, number, s.n);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static inline uint8_t *pb_put_double(uint8_t *p, unsigned number, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	*p++ = PB_TAG(number, PB_FIXED64);
	for (int i = 0; i < PB_DOUBLE_BYTES; i++)
		*p++ = (uint8_t)(bits >> 8 * i);
	return p;
}

#endif
