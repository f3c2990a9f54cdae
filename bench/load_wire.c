/*
 * load_wire.c - see load_wire.h. A message is written with its length in front, so
 * each length is worked out before: all fields here have sizes known beforehand.
 */
#include "bench/load_wire.h"

#include "base/alloc.h"
#include "base/varint.h"

#include <snappy-c.h>

enum {
	SAMPLE_BYTES = 2 + 9 + 1 + VARINT_MAX_BYTES,
	/* field << 3 | wire type: 2 is bytes with a length, 1 eight bytes, 0 a varint */
	TAG_1_BYTES = 1 << 3 | 2,
	TAG_2_BYTES = 2 << 3 | 2,
	TAG_1_FIXED = 1 << 3 | 1,
	TAG_2_VARINT = 2 << 3 | 0,
};

int load_request_init(struct load_request *r, uint32_t samples, struct err *e)
{
	size_t message =
		LOAD_LABEL_BYTES + LOAD_MESSAGE_SAMPLES * SAMPLE_BYTES + 2 * VARINT_MAX_BYTES;

	memset(r, 0, sizeof(*r));
	/* the worst: each sample brings its labels along */
	r->raw_room = samples * (size_t)(LOAD_LABEL_BYTES + SAMPLE_BYTES + 2 * VARINT_MAX_BYTES) +
		      message;
	r->packed_room = snappy_max_compressed_length(r->raw_room);
	r->raw = mem_alloc(r->raw_room);
	r->packed = mem_alloc(r->packed_room);
	if (r->raw && r->packed)
		return 0;
	load_request_release(r);
	return err_set(e, ERR_MEMORY, "no memory for a request of %u samples", samples);
}

void load_request_release(struct load_request *r)
{
	mem_free(r->raw);
	mem_free(r->packed);
	memset(r, 0, sizeof(*r));
}

void load_request_clear(struct load_request *r)
{
	r->raw_bytes = 0;
	r->packed_bytes = 0;
	r->samples = 0;
}

static uint8_t *put_text(uint8_t *p, uint8_t tag, const char *text, size_t n)
{
	*p++ = tag;
	p += varint_put(p, n);
	memcpy(p, text, n);
	return p + n;
}

size_t load_request_labels(const struct load_labels *labels, uint8_t *out)
{
	uint8_t *p = out;

	for (size_t i = 0; i < labels->n; i++) {
		const struct load_label *l = &labels->label[i];
		size_t name = strlen(l->name), value = strlen(l->value);

		*p++ = TAG_1_BYTES;
		p += varint_put(p, 2 + varint_bytes(name) + name + varint_bytes(value) + value);
		p = put_text(p, TAG_1_BYTES, l->name, name);
		p = put_text(p, TAG_2_BYTES, l->value, value);
	}
	return (size_t)(p - out);
}

static uint8_t *put_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	for (int i = 0; i < 8; i++)
		*p++ = (uint8_t)(bits >> 8 * i);
	return p;
}

static uint8_t *put_sample(uint8_t *p, int64_t t_ms, double v)
{
	*p++ = TAG_2_BYTES;
	*p++ = (uint8_t)(1 + 8 + 1 + varint_bytes((uint64_t)t_ms));
	*p++ = TAG_1_FIXED;
	p = put_double(p, v);
	*p++ = TAG_2_VARINT;
	return p + varint_put(p, (uint64_t)t_ms);
}

void load_request_add(struct load_request *r, const uint8_t *labels, size_t label_bytes,
		      const int64_t *t_ms, const double *v, uint32_t n)
{
	uint8_t *p = r->raw + r->raw_bytes;
	size_t body = label_bytes;

	for (uint32_t i = 0; i < n; i++)
		body += 2 + 1 + 8 + 1 + varint_bytes((uint64_t)t_ms[i]);
	*p++ = TAG_1_BYTES;
	p += varint_put(p, body);
	memcpy(p, labels, label_bytes);
	p += label_bytes;
	for (uint32_t i = 0; i < n; i++)
		p = put_sample(p, t_ms[i], v[i]);
	r->raw_bytes = (size_t)(p - r->raw);
	r->samples += n;
}

void load_request_pack(struct load_request *r)
{
	r->packed_bytes = r->packed_room;
	snappy_compress((const char *)r->raw, r->raw_bytes, r->packed, &r->packed_bytes);
}
