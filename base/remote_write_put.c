/*
 * remote_write_put.c - the writing half of remote_write.h.
 *
 * Sizes first, since a message's length stands before it; then everything is written in
 * one go into room taken once.
 */
#include "base/protobuf.h"
#include "base/remote_write.h"
#include "base/remote_write_fields.h"

static size_t label_size(const struct label *l)
{
	return pb_bytes_size(l->name.n) + pb_bytes_size(l->value.n);
}

static size_t sample_size(const struct rw_sample *s)
{
	return 1 + PB_DOUBLE_BYTES + 1 + varint_bytes((uint64_t)s->t_ms);
}

size_t rw_labels_size(const struct label *l, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += pb_bytes_size(label_size(&l[i]));
	return bytes;
}

uint8_t *rw_write_labels(uint8_t *p, const struct label *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p = pb_put_header(p, SERIES_LABELS, label_size(&l[i]));
		p = pb_put_bytes(p, LABEL_NAMES, l[i].name);
		p = pb_put_bytes(p, LABEL_VALUES, l[i].value);
	}
	return p;
}

/* The value is written even when it is 0, which proto3 could leave out: -0.0 is not 0. */
static uint8_t *put_sample(uint8_t *p, const struct rw_sample *s)
{
	p = pb_put_header(p, SERIES_SAMPLES, sample_size(s));
	p = pb_put_double(p, SAMPLE_VALUE, s->value);
	*p++ = PB_TAG(SAMPLE_TIME, PB_VARINT);
	return p + varint_put(p, (uint64_t)s->t_ms);
}

void rw_put_series(struct buf *out, const struct label *l, size_t n, const struct rw_sample *s,
		   size_t ns)
{
	size_t bytes = rw_labels_size(l, n);
	uint8_t *p;

	for (size_t i = 0; i < ns; i++)
		bytes += pb_bytes_size(sample_size(&s[i]));
	p = (uint8_t *)buf_room(out, pb_bytes_size(bytes));
	if (!p)
		return;
	p = pb_put_header(p, REQUEST_SERIES, bytes);
	p = rw_write_labels(p, l, n);
	for (size_t i = 0; i < ns; i++)
		p = put_sample(p, &s[i]);
	buf_added(out, pb_bytes_size(bytes));
}

void rw_put_metadata(struct buf *out, const struct rw_metadata *m)
{
	size_t bytes = 1 + varint_bytes((uint64_t)m->type) + pb_bytes_size(m->family.n) +
		       pb_bytes_size(m->help.n) + pb_bytes_size(m->unit.n);
	uint8_t *p = (uint8_t *)buf_room(out, pb_bytes_size(bytes));

	if (!p)
		return;
	p = pb_put_header(p, REQUEST_METADATA, bytes);
	*p++ = PB_TAG(METADATA_TYPE, PB_VARINT);
	p += varint_put(p, (uint64_t)m->type);
	p = pb_put_bytes(p, METADATA_FAMILY, m->family);
	p = pb_put_bytes(p, METADATA_HELP, m->help);
	pb_put_bytes(p, METADATA_UNIT, m->unit);
	buf_added(out, pb_bytes_size(bytes));
}
