/* test_columns.c - packing arrays of times, values and small numbers. */
#include "storage/columns.h"

#include "base/alloc.h"
#include "base/date.h"
#include "tests/unit/storage/help.h"

enum { LONG = COLUMN_SAMPLES_MAX, ROOM = LONG + COLUMN_SLACK };

#define STALE UINT64_C(0x7ff0000000000002)
#define DAY   INT64_C(86400000)

static struct columns_scratch *scratch;

static int make_scratch(void **state)
{
	struct err e = { 0 };

	(void)state;
	scratch = columns_scratch_new(&e);
	return scratch ? 0 : -1;
}

static int free_scratch(void **state)
{
	(void)state;
	columns_scratch_free(scratch);
	return 0;
}

static double bits_value(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* --- there and back ------------------------------------------------------------------ */

/* One column of any sort, so that what holds for all is asked in one place. */
struct column {
	enum { TIMES, VALUES, INTS } sort;
	const void *in; /* n elements of eight bytes */
	size_t n;
	enum value_encoding encoding;
	uint8_t *bytes;
	size_t used;
};

static size_t column_bound(const struct column *c)
{
	return c->sort == TIMES    ? times_bound(c->n)
	       : c->sort == VALUES ? values_bound(c->n)
				   : ints_bound(c->n);
}

static size_t column_pack(struct column *c, uint8_t *out)
{
	switch (c->sort) {
	case TIMES:
		return times_pack(c->in, c->n, out, scratch);
	case VALUES:
		return values_pack(c->in, c->n, out, &c->encoding, scratch);
	default:
		return ints_pack(c->in, c->n, out, scratch);
	}
}

/* Both in memory of exactly the size that is asked for, so that the sanitizers see more. */
static int column_unpack(const struct column *c, size_t bytes, uint64_t *out, struct err *e)
{
	char *in = malloc(bytes ? bytes : 1);
	struct slice s = slice_of(in, bytes);
	int rc;

	memcpy(in, c->bytes, bytes);
	switch (c->sort) {
	case TIMES:
		rc = times_unpack(s, c->n, (int64_t *)out, scratch, e);
		break;
	case VALUES:
		rc = values_unpack(c->encoding, s, c->n, (double *)(void *)out, scratch, e);
		break;
	default:
		rc = ints_unpack(s, c->n, 0, c->n, out, scratch, e);
	}
	free(in);
	return rc;
}

/* A third of it from somewhere on, without the rest. */
static void must_have_parts(const struct column *c)
{
	uint64_t *back = malloc((c->n + COLUMN_SLACK) * sizeof(*back));
	struct slice s = slice_of((const char *)c->bytes, c->used);
	struct err e = { 0 };

	for (size_t from = 0; c->sort != TIMES && from < c->n; from += 1 + c->n / 7) {
		size_t to = c->n - from > c->n / 3 + 1 ? from + c->n / 3 + 1 : c->n;

		memset(back, 0xa5, (c->n + COLUMN_SLACK) * sizeof(*back));
		assert_ok(c->sort == VALUES
				  ? values_unpack_range(c->encoding, s, c->n, from, to,
							(double *)(void *)back, scratch, &e)
				  : ints_unpack(s, c->n, from, to, back, scratch, &e),
			  &e);
		if (memcmp(back + from, (const uint64_t *)c->in + from,
			   (to - from) * sizeof(*back)) != 0)
			fail_msg("%zu to %zu of a column of %zu came back changed", from, to, c->n);
	}
	free(back);
}

static void must_be_the_same(const struct column *c)
{
	uint64_t *back = malloc((c->n + COLUMN_SLACK) * sizeof(*back));
	struct err e = { 0 };

	assert_ok(column_unpack(c, c->used, back, &e), &e);
	if (memcmp(back, c->in, c->n * sizeof(*back)) != 0)
		fail_msg("a column of %zu came back changed", c->n);
	free(back);
}

/* Cut anywhere, or one byte longer, it is an error and never other numbers. */
static void must_be_whole(struct column *c)
{
	uint64_t *back = malloc((c->n + COLUMN_SLACK) * sizeof(*back));
	struct err e = { 0 };

	for (size_t cut = 0; cut<c->used; cut += c->n> 300 ? 1 + cut / 3 : 1) {
		if (column_unpack(c, cut, back, &e) == 0)
			fail_msg("a column cut to %zu of %zu bytes was read", cut, c->used);
		assert_int_equal(e.code, ERR_CORRUPT);
	}
	c->bytes[c->used] = 0;
	assert_fails(column_unpack(c, c->used + 1, back, &e), &e, ERR_CORRUPT,
		     "1 bytes are left over");
	free(back);
}

/* Packs, unpacks, compares; returns the bytes. */
static size_t round_trip(struct column *c)
{
	size_t bound = column_bound(c), again;
	uint8_t *other = malloc(bound);

	c->bytes = malloc(bound + 1);
	c->used = column_pack(c, c->bytes);
	assert_true(c->used > 0 && c->used <= bound);
	must_be_the_same(c);
	must_have_parts(c);
	must_be_whole(c);
	again = column_pack(c, other);
	assert_int_equal(again, c->used);
	assert_memory_equal(other, c->bytes, again);
	free(c->bytes);
	free(other);
	return c->used;
}

static size_t times_trip(const int64_t *t, size_t n)
{
	return round_trip(&(struct column){ .sort = TIMES, .in = t, .n = n });
}

static size_t values_trip(const double *v, size_t n, enum value_encoding *enc)
{
	struct column c = { .sort = VALUES, .in = v, .n = n };
	size_t used = round_trip(&c);

	if (enc)
		*enc = c.encoding;
	return used;
}

static size_t ints_trip(const uint64_t *x, size_t n)
{
	return round_trip(&(struct column){ .sort = INTS, .in = x, .n = n });
}

/* --- shapes -------------------------------------------------------------------------- */

enum { SHAPES = 14 };

static uint64_t shaped(unsigned shape, size_t i, uint64_t before, uint64_t *seed)
{
	uint64_t r = random_next(seed);

	switch (shape) {
	case 0:
		return 7;
	case 1:
		return 5 + i * 12345;
	case 2:
		return r % 100;
	case 3:
		return before + r % 9 - 4;
	case 4:
		return before + (r % 7 ? r / 8 % 100000 : 0);
	case 5:
		return i * i + r % 3;
	case 6:
		return r;
	case 7:
		return r % 40 ? r / 64 % 64 : r;
	case 8:
		return before + (r % 50 ? 3 : r >> 20);
	case 9:
		return i % 12 * 1000 + i / 12 * 50 + r % 20;
	case 10:
		return (before / 4096 + r % 64) * 4096;
	case 11:
		return r % 20 ? before : r >> (r % 64);
	case 12:
		return r % 2 ? UINT64_MAX : 0;
	default:
		return r >> (r % 64);
	}
}

/* Lengths 1 to 300, and the longest. */
static size_t length_of(size_t round)
{
	return round < 300 ? round + 1 : round == 300 ? LONG : LONG - 1;
}

static void small_numbers_of_every_shape_and_length_come_back(void **state)
{
	static uint64_t x[LONG];
	uint64_t seed = 1;

	(void)state;
	for (size_t round = 0; round < 302; round++)
		for (unsigned shape = 0; shape < SHAPES; shape++) {
			size_t n = length_of(round);

			for (size_t i = 0; i < n; i++)
				x[i] = shaped(shape, i, i ? x[i - 1] : 1000, &seed);
			ints_trip(x, n);
		}
}

static void times_of_every_shape_and_length_come_back(void **state)
{
	static int64_t t[LONG];
	uint64_t seed = 2;

	(void)state;
	for (size_t round = 0; round < 302; round++)
		for (unsigned shape = 0; shape < SHAPES; shape++) {
			size_t n = length_of(round);
			uint64_t at = random_next(&seed) >> 20, delta = 1000;

			at -= UINT64_C(1) << 43;
			for (size_t i = 0; i < n; i++) {
				t[i] = (int64_t)at;
				delta = shaped(shape, i, delta, &seed);
				at += delta >> 1 > (uint64_t)INT64_MAX / (2 * LONG) ? delta >> 16
										    : delta;
			}
			times_trip(t, n);
		}
}

static double shaped_value(unsigned shape, uint64_t x, uint64_t *seed)
{
	static const double power[5] = { 1, 10, 100, 1000, 1e9 };
	int64_t k = (int64_t)x;

	switch (shape % 8) {
	case 5:
		return (double)(float)k;
	case 6:
		return (double)k / 3;
	case 7:
		return bits_value(x);
	default:
		if (random_next(seed) % 60 == 0)
			return bits_value(random_next(seed) % 2 ? STALE : UINT64_C(1) << 63);
		return (double)k / power[shape % 8];
	}
}

static void values_of_every_shape_and_length_come_back(void **state)
{
	static double v[LONG];
	uint64_t seed = 3;

	(void)state;
	for (size_t round = 0; round < 302; round++)
		for (unsigned shape = 0; shape < SHAPES * 2; shape++) {
			size_t n = length_of(round);
			uint64_t x = 1000, scale = random_next(&seed);

			for (size_t i = 0; i < n; i++) {
				x = shaped(shape % SHAPES, i, x, &seed);
				v[i] = shaped_value((unsigned)scale % 8, x, &seed);
			}
			values_trip(v, n, NULL);
		}
}

/* --- values -------------------------------------------------------------------------- */

static void edge_values_come_back_bit_for_bit(void **state)
{
	static const uint64_t bits[] = { 0,
					 UINT64_C(0x8000000000000000),
					 STALE,
					 UINT64_C(0x7ff8000000000000),
					 UINT64_C(0xfff8000000abcdef),
					 1,
					 UINT64_C(0x800fffffffffffff),
					 UINT64_C(0x7fefffffffffffff),
					 UINT64_C(0x7ff0000000000000),
					 UINT64_C(0xfff0000000000000),
					 UINT64_C(0xffffffffffffffff),
					 UINT64_C(0x43e0000000000000), /* 2^63 */
					 UINT64_C(0xc3e0000000000000), /* -2^63 */
					 UINT64_C(0x4340000000000001), /* 2^53 + 2 */
					 UINT64_C(0x432fffffffffffff), /* just below 2^52 */
					 UINT64_C(0x3ff0000000000000) };
	enum { N = sizeof(bits) / sizeof(*bits) };
	double v[N * 3];

	(void)state;
	for (size_t i = 0; i < N * 3; i++)
		v[i] = bits_value(bits[i * 7 % N]);
	for (size_t n = 1; n <= N * 3; n++)
		values_trip(v, n, NULL);
	for (size_t i = 0; i < N; i++) {
		values_trip(&v[i], 1, NULL);
		/* One of them among decimals. */
		for (size_t k = 0; k < 12; k++) {
			double among[12] = { 1.5, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

			among[k] = v[i];
			values_trip(among, 12, NULL);
		}
	}
}

static void every_decimal_of_few_digits_is_one(void **state)
{
	static double v[2000];
	double power = 1;
	uint64_t seed = 11;

	(void)state;
	for (int decimals = 0; decimals <= 12; decimals++, power *= 10) {
		enum value_encoding enc;

		for (size_t i = 0; i < 2000; i++) {
			double cents = (double)(random_next(&seed) % 4000) - 2000;

			v[i] = (cents != 0 ? cents : 1) / power;
		}
		assert_in_range(values_trip(v, 2000, &enc), 1, 3200);
		assert_int_equal(enc, VALUES_DECIMAL);
	}
}

static void whole_numbers_beyond_all_digits_of_a_double_stay_small(void **state)
{
	static double v[1000];
	enum value_encoding enc;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		v[i] = 1.79e18 + (double)i * 15e9 + (double)(i % 5) * 1024;
	assert_in_range(values_trip(v, 1000, &enc), 1, 3000);
	assert_int_equal(enc, VALUES_DECIMAL);
}

static void marks_among_decimals_stay_cheap(void **state)
{
	static double v[1024];
	size_t plain, marked;
	enum value_encoding enc;
	uint64_t seed = 12;

	(void)state;
	for (size_t i = 0; i < 1024; i++)
		v[i] = (double)(1000 + random_next(&seed) % 60) / 100;
	plain = values_trip(v, 1024, &enc);
	for (size_t i = 0; i < 10; i++)
		v[i * 101] = i % 2 ? bits_value(STALE) : -0.0;
	marked = values_trip(v, 1024, &enc);
	assert_int_equal(enc, VALUES_DECIMAL);
	assert_in_range(marked, plain, plain + 12 * 11);
	for (size_t i = 0; i < 10; i++)
		v[i * 101] = bits_value(STALE);
	assert_in_range(values_trip(v, 1024, &enc), plain, plain + 10 * 3 + 12);
}

static void one_value_of_many_digits_does_not_widen_all(void **state)
{
	static double v[1024];
	enum value_encoding enc;
	size_t before;

	(void)state;
	for (size_t i = 0; i < 1024; i++)
		v[i] = (double)(i * 7919 % 64) / 10;
	before = values_trip(v, 1024, &enc);
	v[0] = 0.12345678901;
	v[500] = 1.0 / 3;
	assert_in_range(values_trip(v, 1024, &enc), before, before + 40);
	assert_int_equal(enc, VALUES_DECIMAL);
}

static void what_nothing_helps_is_kept_raw(void **state)
{
	static double v[1000];
	enum value_encoding enc;
	uint64_t seed = 13;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		v[i] = bits_value(random_next(&seed));
	assert_int_equal(values_trip(v, 1000, &enc), 8000);
	assert_int_equal(enc, VALUES_RAW);
}

static void full_doubles_cost_no_more_than_what_changes(void **state)
{
	static double v[1000];
	enum value_encoding enc;
	uint64_t seed = 14;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		v[i] = 1 + (double)(random_next(&seed) >> 12) * 0x1p-60;
	assert_in_range(values_trip(v, 1000, &enc), 1, 6200);
	/* Most share zeros at the low end with the one before, but not all, and none is a decimal.
	 */
	for (size_t i = 0; i < 1000; i++)
		v[i] = (random_next(&seed) % 5 ? (double)(16 + random_next(&seed) % 16)
					       : 70.0 / 3) *
		       0x1p-50;
	assert_in_range(values_trip(v, 1000, &enc), 1, 4500);
	assert_int_equal(enc, VALUES_XOR);
	for (size_t i = 0; i < 1000; i++)
		v[i] = bits_value(STALE);
	assert_in_range(values_trip(v, 1000, &enc), 1, 12);
}

/* --- times --------------------------------------------------------------------------- */

static void times_may_lie_as_far_apart_as_they_can(void **state)
{
	static const int64_t t[] = { INT64_MIN, INT64_MIN,     INT64_MIN + 1, -1,       0,
				     1,         INT64_MAX - 1, INT64_MAX,     INT64_MAX };

	(void)state;
	for (size_t from = 0; from < 9; from++)
		for (size_t n = 1; from + n <= 9; n++)
			times_trip(t + from, n);
	times_trip((const int64_t[]){ INT64_MIN, INT64_MAX }, 2);
}

static void regular_times_cost_nothing(void **state)
{
	static int64_t t[LONG];

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		t[i] = INT64_C(1795000000000) + (int64_t)i * 15000;
	assert_in_range(times_trip(t, LONG), 1, 12);
}

static void late_scrapes_cost_less_than_a_byte(void **state)
{
	static int64_t t[1024];
	uint64_t seed = 21;

	(void)state;
	for (size_t i = 0; i < 1024; i++)
		t[i] = INT64_C(1795000000000) + (int64_t)i * 15000 +
		       (int64_t)(random_next(&seed) % 41) - 20;
	assert_in_range(times_trip(t, 1024), 1, 820);
}

static void times_share_their_unit(void **state)
{
	static int64_t t[1000];
	int64_t at = -3 * DAY;
	uint64_t seed = 22;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		t[i] = at + 7;
		at += (int64_t)(random_next(&seed) % 4) * DAY;
	}
	assert_in_range(times_trip(t, 1000), 1, 300);
}

/* Stamps of `n` months from 2010 on: `day` from the first of the month on, or, when it is
 * negative, from the first of the next one back. */
static void month_stamps(int64_t *t, size_t n, int every, int day, int64_t offset_ms)
{
	for (size_t i = 0; i < n; i++) {
		int month = (int)i * every + (day < 0);
		struct date d = { .year = 2010 + month / 12, .month = month % 12 + 1, .day = 1 };

		t[i] = (date_to_days(d) + day) * DAY - offset_ms;
	}
}

static void months_cost_next_to_nothing(void **state)
{
	static const int every[] = { 1, 3, 6, 12 };
	int64_t t[200];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (int day = -2; day <= 2; day++) {
			month_stamps(t, 200, every[i], day, 8 * 3600000);
			assert_in_range(times_trip(t, 200), 1, 16);
			month_stamps(t, 200, every[i], day, 1);
			assert_in_range(times_trip(t, 200), 1, 16);
			month_stamps(t, 200, every[i], day, -5 * 3600000);
			assert_in_range(times_trip(t, 200), 1, 16);
		}
}

static void months_with_summer_time_and_gaps_stay_small(void **state)
{
	int64_t t[200];

	(void)state;
	month_stamps(t, 200, 1, -1, 3600000);
	for (size_t i = 0; i < 200; i++)
		if (i % 12 >= 2 && i % 12 < 9)
			t[i] -= 3600000;
	assert_in_range(times_trip(t, 200), 1, 60);
	month_stamps(t, 200, 1, -1, 8 * 3600000);
	memmove(t + 100, t + 107, 93 * sizeof(*t));
	assert_in_range(times_trip(t, 193), 1, 26);
}

static void vintages_of_months_stay_small(void **state)
{
	int64_t months[100], t[200];

	(void)state;
	month_stamps(months, 100, 1, -1, 8 * 3600000);
	for (size_t i = 0; i < 200; i++)
		t[i] = months[i / 2];
	assert_in_range(times_trip(t, 200), 1, 45);
}

/* --- small numbers ------------------------------------------------------------------- */

static void runs_and_bits_are_taken_where_they_are_smaller(void **state)
{
	uint64_t x[240], seed = 31;

	(void)state;
	for (size_t i = 0; i < 240; i++)
		x[i] = 1;
	assert_int_equal(ints_trip(x, 240), 2);
	for (size_t i = 100; i < 240; i++)
		x[i] = i < 150 ? 12 : 3;
	assert_in_range(ints_trip(x, 240), 1, 8);
	for (size_t i = 0; i < 240; i++)
		x[i] = random_next(&seed) % 4;
	assert_in_range(ints_trip(x, 240), 60, 68);
}

/* --- what cannot be ------------------------------------------------------------------ */

static int read_times(const char *bytes, size_t size, size_t n, struct err *e)
{
	int64_t t[300 + COLUMN_SLACK];

	return times_unpack(slice_of(bytes, size), n, t, scratch, e);
}

static int read_values(int enc, const char *bytes, size_t size, size_t n, struct err *e)
{
	double v[300 + COLUMN_SLACK];

	return values_unpack((enum value_encoding)enc, slice_of(bytes, size), n, v, scratch, e);
}

static int read_ints(const char *bytes, size_t size, size_t n, struct err *e)
{
	uint64_t x[300 + COLUMN_SLACK];

	return ints_unpack(slice_of(bytes, size), n, 0, n, x, scratch, e);
}

static void columns_of_impossible_lengths_are_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_fails(read_times("\1\0\2", 3, 0, &e), &e, ERR_CORRUPT,
		     "times: 0 elements are not one to 8192");
	assert_fails(read_times("\1\0\2", 3, LONG + 1, &e), &e, ERR_CORRUPT, "8193 elements");
	assert_fails(read_values(VALUES_RAW, "", 0, 0, &e), &e, ERR_CORRUPT, "values: 0 elements");
	assert_fails(read_values(VALUES_XOR, "", 0, LONG + 1, &e), &e, ERR_CORRUPT, "8193");
	assert_fails(read_ints("", 0, LONG + 1, &e), &e, ERR_CORRUPT, "numbers: 8193");
}

static void times_that_cannot_be_are_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_fails(read_times("", 0, 1, &e), &e, ERR_CORRUPT, "times: it is empty");
	assert_fails(read_times("\4\0\0", 3, 1, &e), &e, ERR_CORRUPT, "layout is unknown");
	/* A line with the step -1. */
	assert_fails(read_times("\1\5\0\1", 4, 2, &e), &e, ERR_CORRUPT, "times: they fall");
	assert_fails(read_times("\1\5\0\1", 4, 3, &e), &e, ERR_CORRUPT, "times: they fall");
	/* Month 1,000,000, then the rest. */
	assert_fails(read_times("\2\0\0\x80\x89\x7a\0\0", 8, 1, &e), &e, ERR_CORRUPT,
		     "it names a month that is not");
}

static void numbers_that_cannot_be_are_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_fails(read_ints("\x80\0", 2, 1, &e), &e, ERR_CORRUPT, "its kind is unknown");
	/* Blocks by year, of which the first has nothing before it. */
	assert_fails(read_ints("\x32\0\0\0", 4, 2, &e), &e, ERR_CORRUPT, "nothing before it");
	assert_fails(read_ints("\x0a\0\0\0", 4, 12, &e), &e, ERR_CORRUPT, "no room for a year");
	/* A block of no bits with a patch at place 5 of 2. */
	assert_fails(read_ints("\2\0\x40\0\1\5\2", 7, 2, &e), &e, ERR_CORRUPT,
		     "a patch lies outside its block");
	assert_fails(read_ints("\2\0\x7f\0", 4, 2, &e), &e, ERR_CORRUPT,
		     "it patches numbers that are whole");
	/* Runs: number 7 four times in a column of three. */
	assert_fails(read_ints("\3\7\3", 3, 3, &e), &e, ERR_CORRUPT,
		     "a run goes on behind its end");
	/* A number of 70 bits. */
	assert_fails(read_ints("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, 1, &e), &e,
		     ERR_CORRUPT, "it is cut off");
}

static void values_that_cannot_be_are_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_fails(read_values(16, "\0\0\0", 3, 1, &e), &e, ERR_CORRUPT,
		     "values: encoding 16 is unknown");
	assert_fails(read_values(VALUES_DECIMAL, "", 0, 1, &e), &e, ERR_CORRUPT, "it is empty");
	assert_fails(read_values(VALUES_DECIMAL, "\x13\0\0", 3, 1, &e), &e, ERR_CORRUPT,
		     "its exponent is impossible");
	assert_fails(read_values(VALUES_DECIMAL, "\x40\0\0", 3, 1, &e), &e, ERR_CORRUPT,
		     "its exponent is impossible");
	/* A constant of two, with an exception at place 2. */
	assert_fails(read_values(VALUES_DECIMAL, "\x20\0\2\1\4\0\0\0\0\0\0\0\0", 13, 2, &e), &e,
		     ERR_CORRUPT, "an exception lies behind its end");
}

static void no_memory_for_a_scratch_is_said(void **state)
{
	struct err e = { 0 };
	struct columns_scratch *s;

	(void)state;
	mem_fail_after(0, 1);
	s = columns_scratch_new(&e);
	mem_fail_after(-1, 0);
	assert_null(s);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_has(e.text, "no memory to pack and unpack columns");
	columns_scratch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_numbers_of_every_shape_and_length_come_back),
		cmocka_unit_test(times_of_every_shape_and_length_come_back),
		cmocka_unit_test(values_of_every_shape_and_length_come_back),
		cmocka_unit_test(edge_values_come_back_bit_for_bit),
		cmocka_unit_test(every_decimal_of_few_digits_is_one),
		cmocka_unit_test(whole_numbers_beyond_all_digits_of_a_double_stay_small),
		cmocka_unit_test(marks_among_decimals_stay_cheap),
		cmocka_unit_test(one_value_of_many_digits_does_not_widen_all),
		cmocka_unit_test(what_nothing_helps_is_kept_raw),
		cmocka_unit_test(full_doubles_cost_no_more_than_what_changes),
		cmocka_unit_test(times_may_lie_as_far_apart_as_they_can),
		cmocka_unit_test(regular_times_cost_nothing),
		cmocka_unit_test(late_scrapes_cost_less_than_a_byte),
		cmocka_unit_test(times_share_their_unit),
		cmocka_unit_test(months_cost_next_to_nothing),
		cmocka_unit_test(months_with_summer_time_and_gaps_stay_small),
		cmocka_unit_test(vintages_of_months_stay_small),
		cmocka_unit_test(runs_and_bits_are_taken_where_they_are_smaller),
		cmocka_unit_test(columns_of_impossible_lengths_are_refused),
		cmocka_unit_test(times_that_cannot_be_are_refused),
		cmocka_unit_test(numbers_that_cannot_be_are_refused),
		cmocka_unit_test(values_that_cannot_be_are_refused),
		cmocka_unit_test(no_memory_for_a_scratch_is_said),
	};

	return cmocka_run_group_tests(tests, make_scratch, free_scratch);
}
