/*
 * columns_decimal.c - values that are decimals of few digits, as whole numbers.
 *
 * A value v is kept as k where v == (double)k / 10^e, bit for bit, with one e for the
 * column: a division of two doubles that are exact (k below 2^53, e up to 22) gives
 * the double nearest to the decimal, which is what reading its text gave. A
 * multiplication by 10^-e would not. Whole numbers up to 2^63 are their own k with
 * e = 0. What has no such k (NaN, infinities, -0.0, a third) is an exception: its place
 * and bits are kept beside, and its k is that of the value before.
 *
 * The idea of taking one exponent by sampling, and exceptions, is ALP's (Afroozeh, Kuffó,
 * Boncz: ALP: Adaptive Lossless floating-Point Compression, SIGMOD 2023); it divides
 * in place of two multiplications and so needs one exponent rather than two.
 *
 *	head        1 byte: e, 0x20 there are exceptions
 *	numbers     whole numbers (columns_whole.h)
 *	exceptions  with 0x20: their count (varint), then for each a varint, of which the lowest
 *	            bit says that its bits are those of the exception before and the rest
 *	            how many values lie between the two; then, if not, its 8 bytes
 */
#include "storage/columns_values.h"

#include <float.h>
#include <math.h>

enum {
	EXPONENT_MAX = 18,
	HEAD_EXPONENT = 0x1f,
	HEAD_EXCEPTIONS = 0x20,
	SAMPLES = 16,       /* values that choose the exponent */
	RETRY_SAMPLES = 32, /* of those that it did not fit */
	EXCEPTION_BITS = 76,
	DIGIT_BITS_100 = 332, /* what a decimal digit takes, in hundredths of a bit */
};

/* Intermediate results wider than a double would round twice. */
_Static_assert(FLT_EVAL_METHOD == 0, "doubles are computed as doubles");

static const double power[EXPONENT_MAX + 1] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
						1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
						1e14, 1e15, 1e16, 1e17, 1e18 };

typedef double f64x2 __attribute__((vector_size(16)));

/* (double)(int64_t)k, which many processors have no vector instruction for: the upper half as
 * a multiple of 2^32 between 2^84 and 2^85, the lower between 2^52 and 2^53; their sum
 * rounds once. 0x1.00000801p+84 is 2^84 + 2^63 + 2^52. */
static inline f64x2 to_double(u64x2 k)
{
	u64x2 high = (k >> 32) ^ UINT64_C(0x4530000080000000);
	u64x2 low = (k & UINT64_C(0xffffffff)) | UINT64_C(0x4330000000000000);

	return ((f64x2)high - 0x1.00000801p+84) + (f64x2)low;
}

/* --- one value ----------------------------------------------------------------------- */

/* Whether v is k / 10^e. */
static bool scale_one(double v, unsigned e, uint64_t *k)
{
	double scaled = v * power[e];

	if (!(fabs(scaled) < 0x1p63) || (e > 0 && fabs(scaled) > 0x1p53))
		return false;
	*k = (uint64_t)(int64_t)rint(scaled);
	return bits_of((double)(int64_t)*k / power[e]) == bits_of(v);
}

/* The smallest exponent from `e` on; EXPONENT_MAX + 1 when there is none. */
static unsigned exponent_of(double v, unsigned e)
{
	uint64_t k;

	for (; e <= EXPONENT_MAX; e++) {
		if (scale_one(v, e, &k))
			return e;
		if (!(fabs(v) * power[e] < 0x1p53))
			break;
	}
	return EXPONENT_MAX + 1;
}

/* need[e] values need the exponent e, the last ones none will do. The cheapest of `from` and more.
 */
static unsigned cheapest(const size_t need[EXPONENT_MAX + 2], unsigned from, size_t n)
{
	size_t without = 0, least = SIZE_MAX;
	unsigned best = from;

	for (unsigned e = from + 1; e < EXPONENT_MAX + 2; e++)
		without += need[e];
	for (unsigned e = from; e <= EXPONENT_MAX; e++) {
		size_t cost = n * (e - from) * DIGIT_BITS_100 / 100 + without * EXCEPTION_BITS;

		if (cost < least) {
			least = cost;
			best = e;
		}
		without -= need[e + 1];
	}
	return best;
}

/* False when most of the sample is no decimal. */
static bool sample_exponent(const double *v, size_t n, unsigned *exponent)
{
	size_t need[EXPONENT_MAX + 2] = { 0 }, count = n < SAMPLES ? n : SAMPLES;

	for (size_t i = 0; i < count; i++)
		need[exponent_of(v[n * i / count], 0)]++;
	*exponent = cheapest(need, 0, count);
	return need[EXPONENT_MAX + 1] <= count / 2;
}

/* --- all values ---------------------------------------------------------------------- */

/* The usual way, for |k| < 2^51: adding 1.5 × 2^52 leaves the rounded number in the lowest
 * bits. What does not come back is looked at again. */
static bool scale_two(const double *v, double p, uint64_t *k)
{
	f64x2 x, scaled, back;
	u64x2 n, in;

	memcpy(&x, v, sizeof(x));
	scaled = x * p; /* by itself, or it might be fused with the sum and rounded elsewhere */
	n = (u64x2)(scaled + 0x1.8p52) - UINT64_C(0x4338000000000000);
	back = to_double(n) / p;
	memcpy(k, &n, sizeof(n));
	in = (u64x2)x ^ (u64x2)back;
	return (in[0] | in[1]) == 0;
}

/* Sets k[] and lists the places of those that have none. */
static size_t scale_all(const double *v, size_t n, unsigned e, uint64_t *k, uint64_t *places)
{
	size_t count = 0, i;

	for (i = 0; i + 2 <= n; i += 2) {
		if (scale_two(v + i, power[e], k + i))
			continue;
		for (size_t j = i; j < i + 2; j++)
			if (!scale_one(v[j], e, &k[j])) {
				places[count++] = j;
				k[j] = j > 0 ? k[j - 1] : 0;
			}
	}
	if (i < n && !scale_one(v[i], e, &k[i])) {
		places[count++] = i;
		k[i] = i > 0 ? k[i - 1] : 0;
	}
	return count;
}

/* A higher exponent where that is cheaper than the exceptions. */
static unsigned reconsider(const double *v, size_t n, unsigned e, const uint64_t *places,
			   size_t count)
{
	size_t need[EXPONENT_MAX + 2] = { 0 };
	size_t looked = count < RETRY_SAMPLES ? count : RETRY_SAMPLES;

	for (size_t i = 0; i < looked; i++)
		need[exponent_of(v[places[i * count / looked]], e + 1)]++;
	return cheapest(need, e, n * looked / count);
}

/* The first values are as the first that has a number, so that the column begins near it. */
static void fill_front(uint64_t *k, size_t n, const uint64_t *places, size_t count)
{
	size_t front = 0;

	while (front < count && places[front] == front)
		front++;
	for (size_t i = 0; i < front; i++)
		k[i] = front < n ? k[front] : 0;
}

static uint8_t *put_exceptions(uint8_t *p, const double *v, const uint64_t *places, size_t count)
{
	uint64_t before = 0, next = 0;

	p += varint_put(p, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t bits = bits_of(v[places[i]]), same = i > 0 && bits == before;

		p += varint_put(p, (places[i] - next) << 1 | same);
		if (!same) {
			put_le64(p, bits);
			p += 8;
		}
		before = bits;
		next = places[i] + 1;
	}
	return p;
}

size_t decimal_pack(const double *v, size_t n, uint8_t *out, struct columns_scratch *s)
{
	uint64_t *places = s->more;
	unsigned e, better;
	size_t count;
	uint8_t *p = out;

	if (!sample_exponent(v, n, &e))
		return 0;
	count = scale_all(v, n, e, s->numbers, places);
	if (count > 0 && (better = reconsider(v, n, e, places, count)) != e) {
		e = better;
		count = scale_all(v, n, e, s->numbers, places);
	}
	/* With more, another encoding is as good; the bound holds. */
	if (count > n / 2)
		return 0;
	fill_front(s->numbers, n, places, count);
	*p++ = (uint8_t)(e | (count ? HEAD_EXCEPTIONS : 0));
	p += whole_pack(s->numbers, n, p, s);
	if (count)
		p = put_exceptions(p, v, places, count);
	return (size_t)(p - out);
}

/* --- unpacking ----------------------------------------------------------------------- */

/* Two at a time: both arrays have room behind the last. */
static void divide_all(const uint64_t *k, size_t n, double p, double *v)
{
	for (size_t i = 0; i < n; i += 2) {
		f64x2 x;
		u64x2 two;

		memcpy(&two, k + i, sizeof(two));
		x = to_double(two) / p;
		memcpy(v + i, &x, sizeof(x));
	}
}

static void convert_all(const uint64_t *k, size_t n, double *v)
{
	for (size_t i = 0; i < n; i += 2) {
		f64x2 x;
		u64x2 two;

		memcpy(&two, k + i, sizeof(two));
		x = to_double(two);
		memcpy(v + i, &x, sizeof(x));
	}
}

static int get_exceptions(struct slice *in, size_t n, double *v, struct err *e)
{
	uint64_t count, gap, bits = 0, at = 0;

	if (!varint_take(in, &count))
		return err_set(e, ERR_CORRUPT, "it is cut off");
	for (uint64_t i = 0; i < count; i++) {
		if (!varint_take(in, &gap) || (!(gap & 1) && in->n < 8))
			return err_set(e, ERR_CORRUPT, "it is cut off");
		if (gap >> 1 >= n - at)
			return err_set(e, ERR_CORRUPT, "an exception lies behind its end");
		if (!(gap & 1)) {
			bits = get_le64((const uint8_t *)in->p);
			*in = slice_skip(*in, 8);
		}
		at += gap >> 1;
		v[at++] = double_of(bits);
	}
	return 0;
}

bool decimal_without_exceptions(struct slice in)
{
	return in.n > 0 && !((uint8_t)*in.p & HEAD_EXCEPTIONS);
}

int decimal_unpack(struct slice *in, size_t n, size_t from, size_t to, double *v,
		   struct columns_scratch *s, struct err *e)
{
	uint8_t head;

	if (!get_byte(in, &head))
		return err_set(e, ERR_CORRUPT, "it is empty");
	if ((head & HEAD_EXPONENT) > EXPONENT_MAX || (head & ~(HEAD_EXPONENT | HEAD_EXCEPTIONS)))
		return err_set(e, ERR_CORRUPT, "its exponent is impossible");
	if (whole_unpack_range(in, n, from, to, s->numbers, e) < 0)
		return -1;
	if (head & HEAD_EXPONENT)
		divide_all(s->numbers + from, to - from, power[head & HEAD_EXPONENT], v + from);
	else
		convert_all(s->numbers + from, to - from, v + from);
	return head & HEAD_EXCEPTIONS ? get_exceptions(in, n, v, e) : 0;
}
