/*
 * xls_record.c - see xls_record.h.
 */
#include "collectors/formats/xls_record.h"

enum { HEADER = 4 };

int xls_next(struct slice stream, size_t *at, struct xls_record *r, struct err *e)
{
	size_t left = stream.n - *at, n;

	if (left == 0)
		return 0;
	if (left < HEADER)
		return err_set(e, ERR_INVALID, "cut off at byte %zu, within a record", stream.n);
	n = get_le16(stream.p + *at + 2);
	r->type = get_le16(stream.p + *at);
	r->at = *at;
	if (n > XLS_RECORD_MAX)
		return err_set(e, ERR_INVALID,
			       "damaged at byte %zu: a record of %zu bytes, more than the %d one "
			       "can have",
			       *at, n, XLS_RECORD_MAX);
	if (n > left - HEADER)
		return err_set(e, ERR_INVALID,
			       "cut off: the record 0x%x at byte %zu needs %zu bytes of %zu",
			       r->type, *at, n, left - HEADER);
	r->data = slice_of(stream.p + *at + HEADER, n);
	*at += HEADER + n;
	return 1;
}

int xls_need(const struct xls_record *r, size_t n, struct err *e)
{
	if (r->data.n >= n)
		return 0;
	return err_set(e, ERR_INVALID,
		       "damaged at byte %zu: the record 0x%x has %zu bytes and needs %zu", r->at,
		       r->type, r->data.n, n);
}

void xls_parts_init(struct xls_parts *p, struct slice stream, const struct xls_record *r,
		    size_t skip)
{
	*p = (struct xls_parts){
		.stream = stream,
		.part = slice_skip(r->data, skip),
		.next = (size_t)(r->data.p - stream.p) + r->data.n,
	};
}

bool xls_parts_more(struct xls_parts *p)
{
	struct xls_record r;
	size_t at = p->next;

	if (p->cut || xls_next(p->stream, &at, &r, NULL) <= 0 || r.type != XLS_CONTINUE) {
		p->cut = true;
		p->part.n = 0;
		return false;
	}
	p->part = r.data;
	p->next = at;
	return true;
}

size_t xls_parts_left(const struct xls_parts *p)
{
	struct xls_parts walk = *p;
	size_t n = walk.part.n;

	while (xls_parts_more(&walk))
		n += walk.part.n;
	return n;
}

void xls_skip(struct xls_parts *p, size_t n)
{
	while (n > p->part.n) {
		n -= p->part.n;
		if (!xls_parts_more(p))
			return;
	}
	p->part = slice_skip(p->part, n);
}

unsigned xls_take_8(struct xls_parts *p)
{
	unsigned v;

	while (p->part.n == 0)
		if (!xls_parts_more(p))
			return 0;
	v = (unsigned char)*p->part.p;
	p->part = slice_skip(p->part, 1);
	return v;
}

unsigned xls_take_16(struct xls_parts *p)
{
	unsigned low = xls_take_8(p);

	return low | xls_take_8(p) << 8;
}

uint32_t xls_take_32(struct xls_parts *p)
{
	uint32_t low = xls_take_16(p);

	return low | (uint32_t)xls_take_16(p) << 16;
}
