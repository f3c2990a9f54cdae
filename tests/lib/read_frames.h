/*
 * read_frames.h - remote read's streamed answer, read: frames, the chunks of their series, samples.
 *
 * Written from the same descriptions as base/read_frames.h and base/xor_chunk.h, and of nothing of
 * their code. What is not as it should be fails the test that asks.
 */
#ifndef TESTS_LIB_READ_FRAMES_H
#define TESTS_LIB_READ_FRAMES_H

#include "base/crc32c.h"
#include "base/protobuf.h"
#include "base/xor_chunk.h"
#include "tests/lib/assert.h"

struct bit_reader {
	struct slice in;
	size_t at; /* in bits */
};

static inline uint64_t take_bits(struct bit_reader *r, unsigned n)
{
	uint64_t v = 0;

	for (; n; n--, r->at++) {
		assert_true(r->at / 8 < r->in.n);
		v = v << 1 | (((uint8_t)r->in.p[r->at / 8] >> (7 - r->at % 8)) & 1);
	}
	return v;
}

static inline uint64_t take_varint(struct bit_reader *r)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;

	do {
		byte = take_bits(r, 8);
		v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return v;
}

static inline int64_t take_change(struct bit_reader *r)
{
	static const unsigned bits[] = { 0, 14, 17, 20, 64 };
	unsigned ones = 0;
	int64_t v;

	while (ones < 4 && take_bits(r, 1))
		ones++;
	v = (int64_t)take_bits(r, bits[ones]);
	if (ones > 0 && ones < 4 && v > INT64_C(1) << (bits[ones] - 1))
		v -= INT64_C(1) << bits[ones];
	return v;
}

struct bit_window {
	unsigned before, n;
};

static inline uint64_t take_difference(struct bit_reader *r, struct bit_window *w)
{
	if (!take_bits(r, 1))
		return 0;
	if (take_bits(r, 1)) {
		w->before = (unsigned)take_bits(r, 5);
		w->n = (unsigned)take_bits(r, 6);
		if (w->n == 0)
			w->n = 64;
	}
	assert_in_range(w->n, 1, 64 - w->before);
	return take_bits(r, w->n) << (64 - w->before - w->n);
}

/* All samples of a chunk; how many. */
static inline size_t xor_chunk_unpack(struct slice data, struct rw_sample out[XOR_CHUNK_SAMPLES])
{
	struct bit_reader r = { data, 0 };
	struct bit_window w = { 0 };
	size_t n = (size_t)take_bits(&r, 16);
	uint64_t t, distance = 0, value;

	assert_in_range(n, 1, XOR_CHUNK_SAMPLES);
	t = (uint64_t)unzigzag(take_varint(&r));
	value = take_bits(&r, 64);
	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			distance = i == 1 ? take_varint(&r) : distance + (uint64_t)take_change(&r);
			t += distance;
			value ^= take_difference(&r, &w);
		}
		out[i].t_ms = (int64_t)t;
		memcpy(&out[i].value, &value, sizeof(value));
	}
	assert_int_equal((r.at + 7) / 8, data.n);
	return n;
}

static inline bool take_field(struct slice *message, struct pb_field *f)
{
	const uint8_t *p = pb_start(*message), *end = p + message->n;
	struct err e;

	if (p == end)
		return false;
	p = pb_read(p, p, end, f, &e);
	assert_non_null(p);
	*message = slice_of((const char *)p, (size_t)(end - p));
	return true;
}

struct read_frame {
	uint64_t query;
	struct slice series; /* labels first, then chunks */
};

/* Takes the next frame off the front of an answer. */
static inline bool take_frame(struct slice *in, struct read_frame *out)
{
	struct slice message;
	struct pb_field f;
	uint32_t crc = 0;
	uint64_t n = 0;

	*out = (struct read_frame){ 0 };
	if (in->n == 0)
		return false;
	assert_true(varint_take(in, &n) && in->n >= 4 && n <= in->n - 4);
	for (int i = 0; i < 4; i++)
		crc = crc << 8 | (uint8_t)in->p[i];
	message = slice_of(in->p + 4, n);
	*in = slice_skip(*in, 4 + n);
	assert_int_equal(crc32c(0, message.p, message.n), crc);
	while (take_field(&message, &f)) {
		if (f.number == 1)
			out->series = f.s;
		else if (f.number == 2)
			out->query = f.value;
	}
	return true;
}

/* Takes what a series begins with: its labels, as a TimeSeries has them. */
static inline struct slice take_labels(struct slice *series)
{
	struct slice all = *series, rest = all;
	struct pb_field f;

	while (take_field(&rest, &f) && f.number == 1)
		*series = rest;
	return slice_of(all.p, (size_t)(series->p - all.p));
}

/* Takes the next chunk off the front of a series behind its labels. */
static inline bool take_chunk(struct slice *series, struct rw_sample out[XOR_CHUNK_SAMPLES],
			      size_t *n)
{
	uint64_t number[4] = { 0 };
	struct slice data = { 0 };
	struct pb_field f, of;

	if (!take_field(series, &f))
		return false;
	assert_int_equal(f.number, 2);
	while (take_field(&f.s, &of)) {
		assert_in_range(of.number, 1, 4);
		if (of.number == 4)
			data = of.s;
		else
			number[of.number] = of.value;
	}
	assert_int_equal(number[3], 1);
	*n = xor_chunk_unpack(data, out);
	assert_int_equal(out[0].t_ms, (int64_t)number[1]);
	assert_int_equal(out[*n - 1].t_ms, (int64_t)number[2]);
	return true;
}

#endif
