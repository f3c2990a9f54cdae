/*
 * snappy.c - see snappy.h.
 *
 * The library checks every copy and every length and says only whether a block was good.
 * When it was not, explain() walks the elements again without unpacking them, to say
 * where and why: a sender's mistake is then told from a cut transfer.
 */
#include "base/snappy.h"
#include "base/varint.h"

#include <snappy-c.h>
#include <stdint.h>

enum { RATIO = 64 };

/* Stream identifier of the framed format: a chunk of type 0xff with 6 bytes. */
static const char framed[] = "\xff\x06\x00\x00sNaPpY";

/* As a block it would copy from before its beginning, so no good block starts like this. */
static bool is_framed(struct slice body)
{
	size_t n = sizeof(framed) - 1;

	return body.n >= n && memcmp(body.p, framed, n) == 0;
}

/* Room for n bytes; without it the buffer is as before and may be used on. */
static char *room_for(struct buf *out, size_t n, struct err *e)
{
	char *to = buf_room(out, n);

	if (!to) {
		buf_check(out, e);
		out->failed = ERR_NONE;
	}
	return to;
}

/* The declared plain size; what follows it starts at *at. */
static int declared_size(struct slice body, size_t *size, size_t *at, struct err *e)
{
	const uint8_t *start = (const uint8_t *)body.p, *p = start;
	uint32_t v;

	if (varint32_read(&p, start + body.n, &v)) {
		*size = v;
		*at = (size_t)(p - start);
		return 0;
	}
	if (body.n < VARINT32_MAX_BYTES)
		return err_set(e, ERR_INVALID, "snappy data of %zu bytes ends within its size",
			       body.n);
	return err_set(e, ERR_INVALID, "snappy data declares a size past 4 GiB");
}

struct element {
	size_t header, literal; /* bytes of the block */
	size_t length;          /* bytes it makes */
	size_t offset;          /* of a copy */
	bool copy;
};

static size_t le_bytes(const char *p, size_t n)
{
	size_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (size_t)(unsigned char)p[i] << 8 * i;
	return v;
}

/* False when the block ends within it. */
static bool element_at(struct slice body, size_t at, struct element *x)
{
	static const uint8_t copy_bytes[] = { 0, 1, 2, 4 };
	unsigned tag = (unsigned char)body.p[at], kind = tag & 3;
	size_t left = body.n - at - 1, more = copy_bytes[kind];
	const char *p = body.p + at + 1;

	*x = (struct element){ .copy = kind != 0, .length = (tag >> 2) + 1 };
	if (kind == 0 && x->length > 60)
		more = x->length - 60;
	if (more > left)
		return false;
	x->header = 1 + more;
	if (kind == 0) {
		if (more)
			x->length = le_bytes(p, more) + 1;
		x->literal = x->length;
		return x->literal <= left - more;
	}
	x->offset = le_bytes(p, more);
	if (kind == 1) {
		x->length = (tag >> 2 & 7) + 4;
		x->offset |= (size_t)(tag >> 5) << 8;
	}
	return true;
}

static int explain(struct slice body, size_t at, size_t size, struct err *e)
{
	struct element x;
	size_t made = 0;

	for (; at < body.n; at += x.header + x.literal, made += x.length) {
		if (!element_at(body, at, &x))
			return err_set(
				e, ERR_INVALID,
				"snappy data of %zu bytes ends within the element at byte %zu",
				body.n, at + 1);
		if (x.copy && (x.offset == 0 || x.offset > made))
			return err_set(e, ERR_INVALID,
				       "snappy data is damaged at byte %zu: a copy from %zu back "
				       "after %zu bytes",
				       at + 1, x.offset, made);
		if (x.length > size - made)
			return err_set(e, ERR_INVALID,
				       "snappy data makes more than the %zu bytes it declares, "
				       "from byte %zu on",
				       size, at + 1);
	}
	return err_set(e, ERR_INVALID, "snappy data makes %zu of the %zu bytes it declares", made,
		       size);
}

int snappy_decode(struct slice body, size_t cap, struct buf *out, struct err *e)
{
	size_t size = 0, at = 0;
	char *to;

	if (buf_check(out, e) < 0)
		return -1;
	if (body.n == 0)
		return err_set(e, ERR_INVALID, "an empty body is not snappy data");
	if (is_framed(body))
		return err_set(e, ERR_UNSUPPORTED,
			       "the body is framed snappy; only the block format is taken");
	if (declared_size(body, &size, &at, e) < 0)
		return -1;
	if (size > cap)
		return err_set(e, ERR_LIMIT,
			       "snappy data unpacks to %zu bytes, more than the allowed %zu", size,
			       cap);
	if ((size + RATIO - 1) / RATIO > body.n)
		return err_set(e, ERR_LIMIT,
			       "%zu bytes of snappy data declare %zu: refused as a bomb", body.n,
			       size);
	to = room_for(out, size, e);
	if (!to)
		return -1;
	if (snappy_uncompress(body.p, body.n, to, &size) != SNAPPY_OK)
		return explain(body, at, size, e);
	buf_added(out, size);
	return 0;
}

int snappy_encode(struct slice raw, struct buf *out, struct err *e)
{
	size_t room;
	char *to;

	if (buf_check(out, e) < 0)
		return -1;
	if (raw.n > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "%zu bytes are too many for one block of snappy",
			       raw.n);
	room = snappy_max_compressed_length(raw.n);
	to = room_for(out, room, e);
	if (!to)
		return -1;
	if (snappy_compress(raw.p ? raw.p : "", raw.n, to, &room) != SNAPPY_OK)
		return err_set(e, ERR_INVALID, "snappy cannot pack %zu bytes", raw.n);
	buf_added(out, room);
	return 0;
}
