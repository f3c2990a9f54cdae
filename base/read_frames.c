/*
 * read_frames.c - see read_frames.h.
 *
 * Three lengths stand before what they measure, so a frame's labels and chunks are written first,
 * behind room for the longest head, and moved up to the one that it gets.
 */
#include "base/read_frames.h"

#include "base/crc32c.h"
#include "base/protobuf.h"
#include "base/xor_chunk.h"

enum {
	FRAME_BYTES = 1 << 20,
	CRC_BYTES = 4,
	HEAD_BYTES = VARINT_MAX_BYTES + CRC_BYTES + 1 + VARINT_MAX_BYTES,
	QUERY_BYTES = 1 + VARINT_MAX_BYTES,
	/* two times, the type, the data; tags and lengths of all of it */
	CHUNK_BYTES = XOR_CHUNK_BYTES + 5 + 4 * VARINT_MAX_BYTES,

	RESPONSE_SERIES = 1,
	RESPONSE_QUERY = 2,
	CHUNKED_CHUNKS = 2,
	CHUNK_FROM = 1,
	CHUNK_TO = 2,
	CHUNK_TYPE = 3,
	CHUNK_DATA = 4,
	TYPE_XOR = 1,
};

static uint8_t *put_number(uint8_t *p, unsigned number, uint64_t v)
{
	*p++ = PB_TAG(number, PB_VARINT);
	return p + varint_put(p, v);
}

static uint8_t *put_chunk(uint8_t *p, const struct rw_sample *s, size_t n)
{
	uint64_t from = (uint64_t)s[0].t_ms, to = (uint64_t)s[n - 1].t_ms;
	uint8_t data[XOR_CHUNK_BYTES];
	size_t bytes = xor_chunk_pack(s, n, data);

	p = pb_put_header(p, CHUNKED_CHUNKS,
			  1 + varint_bytes(from) + 1 + varint_bytes(to) + 2 + pb_bytes_size(bytes));
	p = put_number(p, CHUNK_FROM, from);
	p = put_number(p, CHUNK_TO, to);
	p = put_number(p, CHUNK_TYPE, TYPE_XOR);
	return pb_put_bytes(p, CHUNK_DATA, slice_of((const char *)data, bytes));
}

/* Makes a frame of the `bytes` of a series that lie HEAD_BYTES behind `frame`; its end. */
static uint8_t *close_frame(uint8_t *frame, size_t bytes, size_t query)
{
	const uint8_t *body = frame + HEAD_BYTES;
	size_t message = pb_bytes_size(bytes) + (query ? 1 + varint_bytes(query) : 0);
	uint8_t *crc = frame + varint_put(frame, message);
	uint8_t *p = pb_put_header(crc + CRC_BYTES, RESPONSE_SERIES, bytes);
	uint32_t sum;

	memmove(p, body, bytes);
	p += bytes;
	if (query)
		p = put_number(p, RESPONSE_QUERY, query);
	sum = crc32c(0, crc + CRC_BYTES, message);
	for (int i = 0; i < CRC_BYTES; i++)
		crc[i] = (uint8_t)(sum >> (24 - 8 * i));
	return p;
}

size_t read_put_frame(struct buf *out, size_t query, const struct label *l, size_t nl,
		      const struct rw_sample *s, size_t n)
{
	size_t labels = rw_labels_size(l, nl), taken = 0;
	size_t chunks = (n + XOR_CHUNK_SAMPLES - 1) / XOR_CHUNK_SAMPLES * CHUNK_BYTES;
	size_t most = FRAME_BYTES + CHUNK_BYTES;
	uint8_t *frame = (uint8_t *)buf_room(out, HEAD_BYTES + labels + QUERY_BYTES +
							  (chunks < most ? chunks : most));
	uint8_t *body, *p;

	if (!frame)
		return 0;
	body = frame + HEAD_BYTES;
	p = rw_write_labels(body, l, nl);
	while (taken < n && (taken == 0 || p - body < FRAME_BYTES)) {
		size_t some = n - taken < XOR_CHUNK_SAMPLES ? n - taken : XOR_CHUNK_SAMPLES;

		p = put_chunk(p, s + taken, some);
		taken += some;
	}
	p = close_frame(frame, (size_t)(p - body), query);
	buf_added(out, (size_t)(p - frame));
	return taken;
}
