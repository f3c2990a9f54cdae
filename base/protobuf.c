/* protobuf.c - see protobuf.h. */
#include "base/protobuf.h"

static size_t place(const uint8_t *raw, const uint8_t *p)
{
	return (size_t)(p - raw) + 1;
}

/* The end of the varint at p, or NULL with the error set. */
static const uint8_t *read_varint(const uint8_t *raw, const uint8_t *p, const uint8_t *end,
				  uint64_t *v, struct err *e)
{
	if (varint_read(&p, end, v))
		return p;
	if (end - p < VARINT_MAX_BYTES)
		err_set(e, ERR_INVALID, "byte %zu: a number is cut off", place(raw, p));
	else
		err_set(e, ERR_INVALID, "byte %zu: a number has more than 64 bits", place(raw, p));
	return NULL;
}

static const uint8_t *read_tag(const uint8_t *raw, const uint8_t *p, const uint8_t *end,
			       struct pb_field *f, struct err *e)
{
	const uint8_t *from = p;
	uint64_t tag;

	p = read_varint(raw, p, end, &tag, e);
	if (!p)
		return NULL;
	if (tag >> 3 == 0 || tag >> 3 >= (uint64_t)1 << 29) {
		err_set(e, ERR_INVALID, "byte %zu: there is no field number %llu", place(raw, from),
			(unsigned long long)(tag >> 3));
		return NULL;
	}
	f->number = (uint32_t)(tag >> 3);
	f->wire = (uint32_t)tag & 7;
	return p;
}

static const uint8_t *too_long(const uint8_t *raw, const uint8_t *from, uint64_t n, size_t left,
			       struct err *e)
{
	err_set(e, ERR_INVALID, "byte %zu: a field of %llu bytes where %zu remain",
		place(raw, from), (unsigned long long)n, left);
	return NULL;
}

static const uint8_t *read_bytes(const uint8_t *raw, const uint8_t *from, const uint8_t *p,
				 const uint8_t *end, struct pb_field *f, struct err *e)
{
	uint64_t n;

	p = read_varint(raw, p, end, &n, e);
	if (!p)
		return NULL;
	if (n > (size_t)(end - p))
		return too_long(raw, from, n, (size_t)(end - p), e);
	f->s = slice_of((const char *)p, (size_t)n);
	return p + n;
}

static const uint8_t *read_fixed(const uint8_t *raw, const uint8_t *from, const uint8_t *p,
				 const uint8_t *end, struct pb_field *f, struct err *e)
{
	size_t n = f->wire == PB_FIXED64 ? 8 : 4;

	if (n > (size_t)(end - p))
		return too_long(raw, from, n, (size_t)(end - p), e);
	for (size_t i = 0; i < n; i++)
		f->value |= (uint64_t)p[i] << 8 * i;
	return p + n;
}

const uint8_t *pb_read(const uint8_t *raw, const uint8_t *p, const uint8_t *end, struct pb_field *f,
		       struct err *e)
{
	const uint8_t *from = p;

	*f = (struct pb_field){ .s = slice_of("", 0) };
	p = read_tag(raw, p, end, f, e);
	if (!p)
		return NULL;
	switch (f->wire) {
	case PB_VARINT:
		return read_varint(raw, p, end, &f->value, e);
	case PB_BYTES:
		return read_bytes(raw, from, p, end, f, e);
	case PB_FIXED64:
	case PB_FIXED32:
		return read_fixed(raw, from, p, end, f, e);
	case PB_GROUP:
	case PB_GROUP_END:
		err_set(e, ERR_UNSUPPORTED, "byte %zu: groups are not taken", place(raw, from));
		return NULL;
	default:
		err_set(e, ERR_INVALID, "byte %zu: there is no wire type %u", place(raw, from),
			f->wire);
		return NULL;
	}
}

int pb_want(const uint8_t *raw, const uint8_t *at, const struct pb_field *f, enum pb_wire wire,
	    struct err *e)
{
	if (f->wire == wire)
		return 0;
	return err_set(e, ERR_INVALID, "byte %zu: field %u has wire type %u, not %d",
		       place(raw, at), f->number, f->wire, wire);
}
