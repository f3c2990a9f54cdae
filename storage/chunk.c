/*
 * chunk.c - see chunk.h.
 *
 * XOR: for each sample after the first the change of the time step, zigzag, in
 * seven-bit groups: 0 while the interval stays. All arithmetic wraps, so any two
 * times can follow each other. For each value the bits XOR those before it:
 * what stays is zero bytes at both ends, so one byte says how many zero bytes are
 * at the low end (high half) and how many bytes follow (low half). An unchanged
 * sample costs two bytes.
 */
#include "storage/chunk.h"

#include "base/counter.h"
#include "storage/keys.h"

enum { PAYLOAD_MAX = CHUNK_MAX_BYTES - CHUNK_HEAD_BYTES, RAW_SAMPLE = 16, XOR_SAMPLE_MAX = 19 };

static uint64_t bits_of(double v)
{
	uint64_t b;

	memcpy(&b, &v, sizeof(b));
	return b;
}

static double double_of(uint64_t b)
{
	double v;

	memcpy(&v, &b, sizeof(v));
	return v;
}

/* --- raw ------------------------------------------------------------------------ */

static size_t raw_pack(const struct sample *s, size_t n, uint8_t *out, size_t *bytes)
{
	size_t take = n < PAYLOAD_MAX / RAW_SAMPLE ? n : PAYLOAD_MAX / RAW_SAMPLE;

	for (size_t i = 0; i < take; i++) {
		put_le64(out + i * RAW_SAMPLE, (uint64_t)s[i].t_ms);
		put_le64(out + i * RAW_SAMPLE + 8, bits_of(s[i].value));
	}
	*bytes = take * RAW_SAMPLE;
	return take;
}

static bool raw_unpack(struct slice in, struct sample *out, size_t n)
{
	if (in.n != n * RAW_SAMPLE)
		return false;
	for (size_t i = 0; i < n; i++) {
		out[i].t_ms = (int64_t)get_le64(in.p + i * RAW_SAMPLE);
		out[i].value = double_of(get_le64(in.p + i * RAW_SAMPLE + 8));
	}
	return true;
}

/* --- XOR ------------------------------------------------------------------------ */

static size_t put_varint(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

static bool get_varint(struct slice *in, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 70 && in->n > 0; shift += 7) {
		uint8_t b = (uint8_t)*in->p;

		*in = slice_skip(*in, 1);
		if (shift == 63 && b > 1)
			return false;
		*v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return true;
	}
	return false;
}

static uint64_t zigzag(uint64_t v)
{
	return v << 1 ^ (v >> 63 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t v)
{
	return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

static size_t put_xor(uint8_t *p, uint64_t x)
{
	unsigned low = x ? (unsigned)__builtin_ctzll(x) / 8 : 0;
	unsigned len = x ? 8 - (unsigned)__builtin_clzll(x) / 8 - low : 0;

	p[0] = (uint8_t)(low << 4 | len);
	x >>= low * 8;
	for (unsigned i = 0; i < len; i++)
		p[1 + i] = (uint8_t)(x >> (8 * i));
	return 1 + len;
}

static bool get_xor(struct slice *in, uint64_t *x)
{
	unsigned low, len;

	if (in->n < 1)
		return false;
	low = (uint8_t)*in->p >> 4;
	len = (uint8_t)*in->p & 15;
	if (low + len > 8 || in->n < 1 + len)
		return false;
	*x = 0;
	for (unsigned i = 0; i < len; i++)
		*x |= (uint64_t)(uint8_t)in->p[1 + i] << (8 * (low + i));
	*in = slice_skip(*in, 1 + len);
	return true;
}

static size_t xor_pack(const struct sample *s, size_t n, uint8_t *out, size_t *bytes)
{
	uint64_t step = 0, value = 0;
	uint8_t one[XOR_SAMPLE_MAX];
	size_t used = 0, i;

	for (i = 0; i < n && i < CHUNK_MAX_SAMPLES; i++) {
		size_t len = 0;

		if (i > 0) {
			uint64_t now = (uint64_t)s[i].t_ms - (uint64_t)s[i - 1].t_ms;

			len = put_varint(one, zigzag(now - step));
			step = now;
		}
		len += put_xor(one + len, bits_of(s[i].value) ^ value);
		value = bits_of(s[i].value);
		if (used + len > PAYLOAD_MAX)
			break;
		memcpy(out + used, one, len);
		used += len;
	}
	*bytes = used;
	return i;
}

static bool xor_unpack(struct slice in, int64_t first_ms, struct sample *out, size_t n)
{
	uint64_t t = (uint64_t)first_ms, step = 0, value = 0, x;

	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			if (!get_varint(&in, &x))
				return false;
			step += unzigzag(x);
			t += step;
		}
		if (!get_xor(&in, &x))
			return false;
		value ^= x;
		out[i] = (struct sample){ .t_ms = (int64_t)t, .value = double_of(value) };
	}
	return in.n == 0;
}

/* --- both ------------------------------------------------------------------------- */

size_t chunk_pack(const struct sample *s, size_t n, uint8_t out[CHUNK_MAX_BYTES], size_t *bytes)
{
	uint8_t raw[PAYLOAD_MAX];
	size_t raw_bytes, xor_bytes;
	size_t raw_n = raw_pack(s, n, raw, &raw_bytes);
	size_t take = xor_pack(s, n, out + CHUNK_HEAD_BYTES, &xor_bytes);

	memset(out, 0, CHUNK_HEAD_BYTES);
	out[4] = CHUNK_XOR;
	*bytes = CHUNK_HEAD_BYTES + xor_bytes;
	if (raw_n > take || (raw_n == take && raw_bytes < xor_bytes)) {
		out[4] = CHUNK_RAW;
		memcpy(out + CHUNK_HEAD_BYTES, raw, raw_bytes);
		*bytes = CHUNK_HEAD_BYTES + raw_bytes;
		take = raw_n;
	}
	put_le16(out + 6, (uint16_t)take);
	put_le64(out + 8, (uint64_t)s[0].t_ms);
	put_le64(out + 16, (uint64_t)s[take - 1].t_ms);
	return take;
}

static int bad(struct err *e, const struct chunk_info *info, const char *why)
{
	char at[TIME_TEXT];

	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "damaged chunk at %s: %s", time_text(info->first_ms, at),
		       why);
}

int chunk_info(struct slice key, struct slice value, struct chunk_info *out, struct err *e)
{
	out->first_ms = get_be_time(key.p + 4);
	if (value.n < CHUNK_HEAD_BYTES || value.n > CHUNK_MAX_BYTES)
		return bad(e, out, "it has an impossible length");
	out->encoding = (enum chunk_encoding)(uint8_t)value.p[4];
	out->count = get_le16(value.p + 6);
	out->last_ms = (int64_t)get_le64(value.p + 16);
	if ((int64_t)get_le64(value.p + 8) != out->first_ms)
		return bad(e, out, "its first time is not that of its key");
	if (out->encoding != CHUNK_RAW && out->encoding != CHUNK_XOR)
		return bad(e, out, "its encoding is unknown");
	if (out->count == 0 || out->count > CHUNK_MAX_SAMPLES || out->last_ms < out->first_ms)
		return bad(e, out, "its count or range is impossible");
	return 0;
}

int chunk_unpack(const struct chunk_info *info, struct slice value, struct sample *out,
		 struct err *e)
{
	struct slice payload = slice_skip(value, CHUNK_HEAD_BYTES);
	bool good = info->encoding == CHUNK_RAW
			    ? raw_unpack(payload, out, info->count)
			    : xor_unpack(payload, info->first_ms, out, info->count);

	if (!good)
		return bad(e, info, "its payload has the wrong length");
	for (uint32_t i = 1; i < info->count; i++)
		if (out[i].t_ms <= out[i - 1].t_ms)
			return bad(e, info, "its times are out of order");
	if (out[0].t_ms != info->first_ms || out[info->count - 1].t_ms != info->last_ms)
		return bad(e, info, "its times are not those of its head");
	return 0;
}
