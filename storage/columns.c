/*
 * columns.c - which encoding a column of values gets, and columns of small numbers.
 * See columns.h.
 */
#include "storage/columns.h"

#include "base/alloc.h"
#include "storage/columns_values.h"

struct columns_scratch *columns_scratch_new(struct err *e)
{
	struct columns_scratch *s = mem_alloc(sizeof(*s));

	if (!s) {
		err_set(e, ERR_MEMORY, "no memory to pack and unpack columns");
		return NULL;
	}
	s->quick = false; /* nothing else is read before it is written; it is too large to be zeroed
			   * for a single value */
	return s;
}

void columns_scratch_quick(struct columns_scratch *s)
{
	s->quick = true;
}

void columns_scratch_free(struct columns_scratch *s)
{
	mem_free(s);
}

/* --- values -------------------------------------------------------------------------- */

enum { GOOD_ENOUGH = 3 }; /* bytes a value */

static void raw_pack(const double *v, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		put_le64(out + i * 8, bits_of(v[i]));
}

static int raw_unpack(struct slice *in, size_t n, double *v, struct err *e)
{
	if (in->n < n * 8)
		return err_set(e, ERR_CORRUPT, "it is cut off");
	for (size_t i = 0; i < n; i++)
		v[i] = double_of(get_le64((const uint8_t *)in->p + i * 8));
	*in = slice_skip(*in, n * 8);
	return 0;
}

static size_t bits_column_pack(const double *v, size_t n, uint8_t *out, struct columns_scratch *s)
{
	for (size_t i = 0; i < n; i++)
		s->numbers[i] = bits_of(v[i]);
	return whole_pack(s->numbers, n, out, s);
}

static int bits_column_unpack(struct slice *in, size_t n, double *v, struct columns_scratch *s,
			      struct err *e)
{
	if (whole_unpack(in, n, s->numbers, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		v[i] = double_of(s->numbers[i]);
	return 0;
}

size_t values_bound(size_t n)
{
	return COLUMN_BOUND(n);
}

size_t values_pack(const double *v, size_t n, uint8_t *out, enum value_encoding *enc,
		   struct columns_scratch *s)
{
	size_t bytes = decimal_pack(v, n, out, s), other;

	*enc = VALUES_DECIMAL;
	if (bytes > 0 && bytes <= n * GOOD_ENOUGH)
		return bytes;
	other = bits_column_pack(v, n, s->other, s);
	if (bytes == 0 || other < bytes) {
		memcpy(out, s->other, other);
		bytes = other;
		*enc = VALUES_BITS;
	}
	other = xor_pack(v, n, s->other);
	if (other < bytes) {
		memcpy(out, s->other, other);
		bytes = other;
		*enc = VALUES_XOR;
	}
	if (n * 8 <= bytes) {
		raw_pack(v, n, out);
		bytes = n * 8;
		*enc = VALUES_RAW;
	}
	return bytes;
}

static int unpack_as(enum value_encoding enc, struct slice *in, size_t n, size_t from, size_t to,
		     double *v, struct columns_scratch *s, struct err *e)
{
	if (n < 1 || n > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "%zu elements are not one to %d", n,
			       COLUMN_SAMPLES_MAX);
	switch (enc) {
	case VALUES_RAW:
		return raw_unpack(in, n, v, e);
	case VALUES_XOR:
		return xor_unpack(in, n, v, e);
	case VALUES_DECIMAL:
		return decimal_unpack(in, n, from, to, v, s, e);
	case VALUES_BITS:
		return bits_column_unpack(in, n, v, s, e);
	default:
		return err_set(e, ERR_CORRUPT, "encoding %d is unknown", (int)enc);
	}
}

int values_unpack_range(enum value_encoding enc, struct slice in, size_t n, size_t from, size_t to,
			double *v, struct columns_scratch *s, struct err *e)
{
	if (unpack_as(enc, &in, n, from, to, v, s, e) < 0)
		return err_wrap(e, "values");
	if (in.n > 0)
		return err_set(e, ERR_CORRUPT, "values: %zu bytes are left over", in.n);
	return 0;
}

bool values_are_numbers(enum value_encoding enc, struct slice in)
{
	return enc == VALUES_DECIMAL && decimal_without_exceptions(in);
}

int values_unpack(enum value_encoding enc, struct slice in, size_t n, double *v,
		  struct columns_scratch *s, struct err *e)
{
	return values_unpack_range(enc, in, n, 0, n, v, s, e);
}

/* --- whole numbers ------------------------------------------------------------------- */

/* Runs are a head byte, WHOLE_RESERVED, and for each run its number and its length less
 * one, both varints, until the lengths add up. */

/* How many bytes runs take, as far as they are below `limit`. */
static size_t runs_bytes(const uint64_t *x, size_t n, size_t limit)
{
	size_t bytes = 1;

	for (size_t i = 0, end; i < n && bytes < limit; i = end) {
		for (end = i + 1; end < n && x[end] == x[i];)
			end++;
		bytes += varint_bytes(x[i]) + varint_bytes(end - i - 1);
	}
	return bytes;
}

static size_t runs_pack(const uint64_t *x, size_t n, uint8_t *out)
{
	uint8_t *p = out;

	*p++ = WHOLE_RESERVED;
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && x[end] == x[i];)
			end++;
		p += varint_put(p, x[i]);
		p += varint_put(p, end - i - 1);
	}
	return (size_t)(p - out);
}

static int runs_unpack(struct slice *in, size_t n, size_t from, size_t to, uint64_t *x,
		       struct err *e)
{
	uint64_t v, more;

	*in = slice_skip(*in, 1);
	for (size_t at = 0, end; at < n; at = end) {
		if (!varint_take(in, &v) || !varint_take(in, &more))
			return err_set(e, ERR_CORRUPT, "it is cut off");
		if (more >= n - at)
			return err_set(e, ERR_CORRUPT, "a run goes on behind its end");
		end = at + more + 1;
		for (size_t i = at > from ? at : from; i < end && i < to; i++)
			x[i] = v;
	}
	return 0;
}

size_t ints_bound(size_t n)
{
	return COLUMN_BOUND(n);
}

size_t ints_pack(const uint64_t *x, size_t n, uint8_t *out, struct columns_scratch *s)
{
	size_t bytes = whole_pack(x, n, out, s);

	return runs_bytes(x, n, bytes) < bytes ? runs_pack(x, n, out) : bytes;
}

bool ints_are_zero(struct slice in)
{
	static const uint8_t zero[] = { WHOLE_CONSTANT, 0 };

	return in.n == sizeof(zero) && memcmp(in.p, zero, sizeof(zero)) == 0;
}

int ints_unpack(struct slice in, size_t n, size_t from, size_t to, uint64_t *x,
		struct columns_scratch *s, struct err *e)
{
	bool runs = in.n > 0 && (uint8_t)*in.p == WHOLE_RESERVED;

	(void)s;
	if (n < 1 || n > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "numbers: %zu elements are not one to %d", n,
			       COLUMN_SAMPLES_MAX);
	if ((runs ? runs_unpack(&in, n, from, to, x, e)
		  : whole_unpack_range(&in, n, from, to, x, e)) < 0)
		return err_wrap(e, "numbers");
	if (in.n > 0)
		return err_set(e, ERR_CORRUPT, "numbers: %zu bytes are left over", in.n);
	return 0;
}
