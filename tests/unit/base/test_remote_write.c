/* test_remote_write.c - remote write 1.0 requests: read, written, and refused with the place. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/remote_write.h"

#include <stdlib.h>

struct fixture {
	struct rw_reader *reader;
	struct rw_request r;
	struct remote_write_limits limits;
	struct buf raw;
	struct label l[LABELS_MAX];
	size_t n;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .limits = remote_write_defaults };
	f.reader = rw_reader_new(&f.e);
	buf_init(&f.raw, (size_t)128 << 20);
	*state = &f;
	return f.reader ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rw_reader_free(f->reader);
	buf_release(&f->raw);
	return 0;
}

#define RAW(text)          slice_of(text, sizeof(text) - 1)
#define LABEL(name, value) ((struct label){ slice_str(name), slice_str(value) })

static int read_raw(struct fixture *f, struct slice raw)
{
	return rw_read(f->reader, raw, &f->limits, &f->r, &f->e);
}

/* The buffer's bytes, of which none may be read behind the end. */
static int read_all(struct fixture *f)
{
	static char *copy;

	free(copy);
	copy = malloc(f->raw.n ? f->raw.n : 1);
	assert_non_null(copy);
	if (f->raw.n)
		memcpy(copy, f->raw.p, f->raw.n);
	return read_raw(f, slice_of(copy, f->raw.n));
}

static void put(struct fixture *f, const char *name, const char *key, const char *value,
		const struct rw_sample *s, size_t ns)
{
	const struct label l[] = { LABEL("__name__", name), LABEL(key, value) };

	rw_put_series(&f->raw, l, 2, s, ns);
	assert_ok(buf_check(&f->raw, &f->e), &f->e);
}

/* --- good requests ------------------------------------------------------------- */

static void an_empty_request_has_nothing(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_raw(f, slice_of(NULL, 0)), &f->e);
	assert_int_equal(f->r.nseries + f->r.nsamples + f->r.nmetadata, 0);
}

/* As protoc writes it. */
static void a_request_by_hand_is_read(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_raw(f, RAW("\x0a\x2b"
				  "\x0a\x0f\x0a\x08__name__\x12\x03up1"
				  "\x0a\x06\x0a\x01"
				  "a\x12\x01"
				  "b"
				  "\x12\x10\x09\x00\x00\x00\x00\x00\x00\xf8\x3f"
				  "\x10\x80\xb8\xb2\xe0\x8b\x34")),
		  &f->e);
	assert_int_equal(f->r.nseries, 1);
	assert_int_equal(f->r.nsamples, 1);
	assert_int_equal(f->r.series[0].first, 0);
	assert_int_equal(f->r.series[0].n, 1);
	assert_f64(f->r.samples[0].value, 1.5);
	assert_int_equal(f->r.samples[0].t_ms, 1789861338112);
	assert_int_equal(f->r.series[0].labels.n, 25);
	assert_ok(rw_labels(f->r.series[0].labels, f->l, &f->n, &f->e), &f->e);
	assert_int_equal(f->n, 2);
	assert_slice(f->l[0].name, "__name__");
	assert_slice(f->l[0].value, "up1");
	assert_slice(f->l[1].name, "a");
	assert_slice(f->l[1].value, "b");
}

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static double with_bits(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static void every_time_and_value_comes_back_bit_for_bit(void **state)
{
	struct fixture *f = *state;
	static const int64_t times[] = { 0,
					 1,
					 127,
					 128,
					 16383,
					 16384,
					 1LL << 34,
					 1LL << 35,
					 1LL << 41,
					 1LL << 42,
					 -1,
					 -62135596800000,
					 253402300800000,
					 1LL << 48,
					 1LL << 55,
					 (1LL << 56) - 1,
					 1LL << 56,
					 INT64_MAX,
					 INT64_MIN };
	static const uint64_t values[] = { 0,
					   0x8000000000000000, /* -0.0 */
					   0x7ff0000000000002, /* Prometheus' staleness mark */
					   0x7ff8000000000001,
					   0xfff8000000000bad,
					   0x7ff0000000000000,
					   1,
					   0x3ff0000000000000 };
	enum {
		TIMES = sizeof(times) / sizeof(times[0]),
		VALUES = sizeof(values) / sizeof(values[0])
	};
	struct rw_sample s[TIMES * VALUES];

	for (size_t i = 0; i < TIMES * VALUES; i++)
		s[i] = (struct rw_sample){ times[i / VALUES], with_bits(values[i % VALUES]) };
	put(f, "m", "a", "b", s, TIMES * VALUES);
	for (size_t i = 0; i < TIMES * VALUES; i++)
		put(f, "m", "a", "b", &s[i], 1);
	assert_ok(read_all(f), &f->e);
	assert_int_equal(f->r.nsamples, 2 * TIMES * VALUES);
	for (size_t i = 0; i < f->r.nsamples; i++) {
		assert_int_equal(f->r.samples[i].t_ms, times[i % (TIMES * VALUES) / VALUES]);
		assert_true(bits_of(f->r.samples[i].value) == values[i % VALUES]);
	}
}

static void what_is_written_is_read(void **state)
{
	struct fixture *f = *state;
	struct rw_sample s[3] = { { 1, 1 }, { 2, 2 }, { 3, 3 } };
	static char longest[LABEL_VALUE_MAX_BYTES + 1];
	char name[32];

	memset(longest, 'x', sizeof(longest) - 1);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "metric_%u", i);
		put(f, name, "long", longest + (i * 8) % LABEL_VALUE_MAX_BYTES, s, i % 4);
	}
	assert_ok(read_all(f), &f->e);
	assert_int_equal(f->r.nseries, 300);
	assert_int_equal(f->r.nsamples, 75 * (1 + 2 + 3));
	for (unsigned i = 0, at = 0; i < 300; at += i++ % 4) {
		const struct rw_series *x = &f->r.series[i];

		assert_int_equal(x->n, i % 4);
		assert_int_equal(x->first, at);
		for (unsigned k = 0; k < x->n; k++)
			assert_f64(f->r.samples[x->first + k].value, k + 1);
		assert_ok(rw_labels(x->labels, f->l, &f->n, &f->e), &f->e);
		snprintf(name, sizeof(name), "metric_%u", i);
		assert_slice(f->l[0].value, name);
		assert_slice(f->l[1].value, longest + (i * 8) % LABEL_VALUE_MAX_BYTES);
	}
}

static void missing_fields_of_a_sample_are_zero_and_repeated_ones_the_last(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_raw(f, RAW("\x0a\x1b"
				  "\x12\x00"
				  "\x12\x02\x10\x05"
				  "\x12\x09\x09\x00\x00\x00\x00\x00\x00\xf8\x3f"
				  "\x12\x08\x10\x07\x18\x01\x10\x08\x18\x02")),
		  &f->e);
	assert_int_equal(f->r.nsamples, 4);
	assert_int_equal(f->r.samples[0].t_ms, 0);
	assert_f64(f->r.samples[0].value, 0);
	assert_int_equal(f->r.samples[1].t_ms, 5);
	assert_int_equal(f->r.samples[2].t_ms, 0);
	assert_f64(f->r.samples[2].value, 1.5);
	assert_int_equal(f->r.samples[3].t_ms, 8);
}

static void fields_may_come_in_any_order(void **state)
{
	struct fixture *f = *state;

	/* A sample (time first) before the labels, unknown fields of every wire type between, and
	 * an exemplar and a histogram. */
	assert_ok(read_raw(f, RAW("\x0a\x33"
				  "\x12\x0b\x10\x07\x09\x00\x00\x00\x00\x00\x00\xf8\x3f"
				  "\x28\x05"
				  "\x0a\x06\x0a\x01"
				  "a\x12\x01"
				  "b"
				  "\x0a\x0d\x12\x01m\x0a\x08__name__"
				  "\x1a\x00\x22\x00"
				  "\x35\x01\x02\x03\x04"
				  "\x32\x02zz")),
		  &f->e);
	assert_int_equal(f->r.nseries, 1);
	assert_int_equal(f->r.nsamples, 1);
	assert_int_equal(f->r.samples[0].t_ms, 7);
	assert_f64(f->r.samples[0].value, 1.5);
	assert_int_equal(f->r.exemplars, 1);
	assert_int_equal(f->r.histograms, 1);
	assert_ok(rw_labels(f->r.series[0].labels, f->l, &f->n, &f->e), &f->e);
	assert_int_equal(f->n, 2);
	assert_slice(f->l[0].value, "m");
	assert_slice(f->l[1].name, "a");
}

static void interrupted_labels_are_joined(void **state)
{
	struct fixture *f = *state;
	const struct slice together = RAW("\x0a\x0d\x0a\x08__name__\x12\x01m"
					  "\x0a\x06\x0a\x01"
					  "a\x12\x01"
					  "b"
					  "\x0a\x06\x0a\x01"
					  "c\x12\x01"
					  "d");

	for (int i = 0; i < 3; i++)
		buf_slice(&f->raw, RAW("\x0a\x25"
				       "\x0a\x0d\x0a\x08__name__\x12\x01m"
				       "\x12\x02\x10\x05"
				       "\x0a\x06\x0a\x01"
				       "a\x12\x01"
				       "b"
				       "\x1a\x00"
				       "\x0a\x06\x0a\x01"
				       "c\x12\x01"
				       "d"));
	for (int again = 0; again < 3; again++) {
		assert_ok(read_all(f), &f->e);
		assert_int_equal(f->r.nseries, 3);
		for (int i = 0; i < 3; i++)
			assert_true(slice_eq(f->r.series[i].labels, together));
		assert_int_equal(f->r.nsamples, 3);
	}
}

static void metadata_is_read_and_written(void **state)
{
	struct fixture *f = *state;
	const struct rw_metadata m = { RW_COUNTER, slice_str("http_requests"),
				       slice_str("How many, 次"), slice_str("s") };

	rw_put_metadata(&f->raw, &m);
	put(f, "m", "a", "b", &(struct rw_sample){ 1, 1 }, 1);
	buf_slice(&f->raw, RAW("\x1a\x00\x1a\x02\x08\x63\x1a\x05\x08\x07\x1a\x01z"));
	assert_ok(read_all(f), &f->e);
	assert_int_equal(f->r.nmetadata, 4);
	assert_int_equal(f->r.nseries, 1);
	assert_int_equal(f->r.metadata[0].type, RW_COUNTER);
	assert_slice(f->r.metadata[0].family, "http_requests");
	assert_slice(f->r.metadata[0].help, "How many, 次");
	assert_slice(f->r.metadata[0].unit, "s");
	assert_int_equal(f->r.metadata[1].type, RW_UNKNOWN);
	assert_slice(f->r.metadata[1].family, "");
	assert_int_equal(f->r.metadata[2].type, RW_UNKNOWN); /* 99 */
	assert_int_equal(f->r.metadata[3].type, RW_STATE_SET);
}

/* --- refused ----------------------------------------------------------------------- */

struct refusal {
	struct slice raw;
	enum err_code code;
	const char *why;
};

static void damaged_requests_are_refused_with_the_place(void **state)
{
	struct fixture *f = *state;
	const struct refusal cases[] = {
		{ RAW("\x0a"), ERR_INVALID, "time series 1: byte 2: a number is cut off" },
		{ RAW("\x0a\x05\x0a\x00"), ERR_INVALID,
		  "time series 1: byte 1: a field of 5 bytes where 2 remain" },
		{ RAW("\x0a\x00\x0a\x00\x0a\x03\x0a\x02x"), ERR_INVALID,
		  "time series 3, label 1: byte 7: a field of 2 bytes where 1 remain" },
		{ RAW("\x0a\x0a\x0a\x02xx\x0a\x02xx\x0a\x01"), ERR_INVALID,
		  "time series 1, label 3: byte 11: a field of 1 bytes where 0 remain" },
		{ RAW("\x0a\x0a\x12\x02\x10\x05\x12\x04\x10\x05\x09\x00"), ERR_INVALID,
		  "time series 1, sample 2: byte 11: a field of 8 bytes where 1 remain" },
		{ RAW("\x0a\x04\x12\x02\x09\x00"), ERR_INVALID,
		  "time series 1, sample 1: byte 5: a field of 8 bytes where 1 remain" },
		{ RAW("\x0a\x04\x12\x02\x08\x00"), ERR_INVALID,
		  "time series 1, sample 1: byte 5: field 1 has wire type 0, not 1" },
		{ RAW("\x0a\x07\x12\x05\x15\x00\x00\x00\x00"), ERR_INVALID,
		  "time series 1, sample 1: byte 5: field 2 has wire type 5, not 0" },
		{ RAW("\x0a\x02\x10\x05"), ERR_INVALID,
		  "time series 1, sample 1: byte 3: field 2 has wire type 0, not 2" },
		{ RAW("\x0a\x02\x08\x05"), ERR_INVALID,
		  "time series 1, label 1: byte 3: field 1 has wire type 0, not 2" },
		{ RAW("\x0a\x02\x18\x05"), ERR_INVALID,
		  "time series 1, exemplar 1: byte 3: field 3 has wire type 0, not 2" },
		{ RAW("\x08\x05"), ERR_INVALID, "byte 1: field 1 has wire type 0, not 2" },
		{ RAW("\x18\x05"), ERR_INVALID, "byte 1: field 3 has wire type 0, not 2" },
		{ RAW("\x00"), ERR_INVALID, "byte 1: there is no field number 0" },
		{ RAW("\xff\xff\xff\xff\xff\x01"), ERR_INVALID,
		  "byte 1: there is no field number 8589934591" },
		{ RAW("\x23\x24"), ERR_UNSUPPORTED, "byte 1: groups are not taken" },
		{ RAW("\x24"), ERR_UNSUPPORTED, "byte 1: groups are not taken" },
		{ RAW("\x26"), ERR_INVALID, "byte 1: there is no wire type 6" },
		{ RAW("\x27"), ERR_INVALID, "byte 1: there is no wire type 7" },
		{ RAW("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), ERR_INVALID,
		  "byte 2: a number has more than 64 bits" },
		{ RAW("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ERR_INVALID,
		  "byte 2: a number has more than 64 bits" },
		{ RAW("\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ERR_INVALID,
		  "byte 1: a field of 18446744073709551615 bytes where 0 remain" },
		{ RAW("\x1a\x03\x12\x01\xff"), ERR_INVALID,
		  "metadata 1: the name is not UTF-8 at byte 1" },
		{ RAW("\x1a\x00\x1a\x03\x22\x01\xff"), ERR_INVALID,
		  "metadata 2: the help is not UTF-8 at byte 1" },
		{ RAW("\x1a\x03\x0a\x01\x00"), ERR_INVALID,
		  "metadata 1: byte 3: field 1 has wire type 2, not 0" },
		{ RAW("\x1a\x02\x10\x01"), ERR_INVALID,
		  "metadata 1: byte 3: field 2 has wire type 0, not 2" },
		{ RAW("\x1a\x02\x12\x09"), ERR_INVALID,
		  "metadata 1: byte 3: a field of 9 bytes where 0 remain" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&f->raw);
		buf_slice(&f->raw, cases[i].raw);
		assert_fails(read_all(f), &f->e, cases[i].code, cases[i].why);
		assert_null(f->r.series);
	}
}

static void a_request_cut_anywhere_is_refused_or_shorter(void **state)
{
	struct fixture *f = *state;
	struct rw_sample s[2] = { { 1790000000000, 1.5 }, { 1790000015000, 2 } };
	size_t whole;

	for (int i = 0; i < 3; i++)
		put(f, "metric", "label", "value", s, 2);
	whole = f->raw.n;
	for (size_t n = 1; n < whole; n++) {
		f->raw.n = n;
		if (n % (whole / 3) == 0) {
			assert_ok(read_all(f), &f->e);
			assert_int_equal(f->r.nsamples, 2 * (n / (whole / 3)));
		} else {
			assert_fails(read_all(f), &f->e, ERR_INVALID, "byte ");
		}
	}
}

static void limits_hold_while_reading(void **state)
{
	struct fixture *f = *state;
	struct rw_sample s[5] = { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 } };

	f->limits = (struct remote_write_limits){ .raw_bytes = 1000, .series = 3, .samples = 10 };
	for (int i = 0; i < 3; i++)
		put(f, "m", "a", "b", s, 3);
	assert_ok(read_all(f), &f->e);
	put(f, "m", "a", "b", s, 0);
	assert_fails(read_all(f), &f->e, ERR_LIMIT,
		     "more than the allowed 3 time series in one request");
	f->limits.series = 4;
	assert_ok(read_all(f), &f->e);
	f->limits.samples = 9;
	assert_ok(read_all(f), &f->e);
	f->limits.samples = 8;
	assert_fails(read_all(f), &f->e, ERR_LIMIT,
		     "time series 3: more than the allowed 8 samples in one request");
	f->limits.raw_bytes = f->raw.n - 1;
	assert_fails(read_all(f), &f->e, ERR_LIMIT, "bytes, more than the allowed");
	buf_clear(&f->raw);
	for (int i = 0; i < 5; i++)
		buf_slice(&f->raw, RAW("\x1a\x00"));
	assert_fails(read_all(f), &f->e, ERR_LIMIT,
		     "more than the allowed 4 entries of metadata in one request");
}

/* Fields of nothing with that tag. */
static void fill_pairs(char *p, size_t n, char tag)
{
	for (size_t i = 0; i < n; i += 2) {
		p[i] = tag;
		p[i + 1] = 0;
	}
}

static void a_bomb_of_empty_series_is_refused_early(void **state)
{
	struct fixture *f = *state;
	size_t n = (size_t)64 << 20;
	char *p = buf_room(&f->raw, n);

	assert_non_null(p);
	fill_pairs(p, n, 0x0a);
	buf_added(&f->raw, n);
	assert_fails(read_raw(f, buf_all(&f->raw)), &f->e, ERR_LIMIT,
		     "a request of 67108864 bytes, more than the allowed 33554432");
	f->limits.raw_bytes = n;
	mem_count(1);
	assert_fails(read_raw(f, buf_all(&f->raw)), &f->e, ERR_LIMIT,
		     "more than the allowed 100000 time series in one request");
	assert_true(mem_held() <= 3); /* one array */
	mem_count(0);

	/* The same within one series: labels, and samples, of nothing. */
	f->limits.samples = 1000;
	memcpy(p, "\x0a\xfa\xff\xff\x1f", 5);
	fill_pairs(p + 5, n - 6, 0x0a);
	assert_ok(read_raw(f, slice_of(p, n - 1)), &f->e);
	assert_fails(rw_labels(f->r.series[0].labels, f->l, &f->n, &f->e), &f->e, ERR_LIMIT,
		     "more than 64 labels");
	fill_pairs(p + 5, n - 6, 0x12);
	assert_fails(read_raw(f, slice_of(p, n - 1)), &f->e, ERR_LIMIT,
		     "time series 1, sample 1001: more than the allowed 1000 samples");
}

/* --- labels ----------------------------------------------------------------------------- */

static void labels_are_sorted_and_empty_ones_dropped(void **state)
{
	struct fixture *f = *state;
	const struct label l[] = { LABEL("z", "1"), LABEL("gone", ""), LABEL("__name__", "m"),
				   LABEL("区", "东"), LABEL("a", "2") };

	rw_put_series(&f->raw, l, 5, NULL, 0);
	assert_ok(read_all(f), &f->e);
	assert_ok(rw_labels(f->r.series[0].labels, f->l, &f->n, &f->e), &f->e);
	assert_int_equal(f->n, 4);
	assert_slice(f->l[0].name, "__name__");
	assert_slice(f->l[1].name, "a");
	assert_slice(f->l[2].name, "z");
	assert_slice(f->l[3].name, "区");
	assert_true(f->l[3].value.p > f->r.series[0].labels.p);
}

static void labels_that_make_no_set_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct refusal cases[] = {
		{ RAW(""), ERR_INVALID, "a time series without a metric name" },
		{ RAW("\x0a\x06\x0a\x01"
		      "a\x12\x01"
		      "b"),
		  ERR_INVALID, "a time series without a metric name" },
		{ RAW("\x0a\x0a\x0a\x08__name__"), ERR_INVALID, "without a metric name" },
		{ RAW("\x0a\x0d\x0a\x08__name__\x12\x01m\x0a\x0d\x0a\x08__name__\x12\x01n"),
		  ERR_INVALID, "label '__name__' is given twice" },
		{ RAW("\x0a\x03\x12\x01m"), ERR_INVALID, "a label without a name" },
		{ RAW("\x0a\x06\x0a\x01\xff\x12\x01m"), ERR_INVALID,
		  "label name is not UTF-8 at byte 1" },
		{ RAW("\x0a\x07\x0a\x01"
		      "a\x12\x02m\xc3"),
		  ERR_INVALID, "value of label 'a' is not UTF-8 at byte 2" },
		{ RAW("\x0a\x07\x0a\x01"
		      "a\x12\x02m\x00"),
		  ERR_INVALID, "value of label 'a' contains a NUL byte" },
		{ RAW("\x0a\x02\x0fx"), ERR_INVALID, "label 1: byte 3: there is no wire type 7" },
		{ RAW("\x0a\x00\x0a\x02\x0a\x01"), ERR_INVALID,
		  "label 2: byte 5: a field of 1 bytes where 0 remain" },
		{ RAW("\x0a\x00\x0a\x02\x08\x01"), ERR_INVALID,
		  "label 2: byte 5: field 1 has wire type 0, not 2" },
		{ RAW("\x0a\x05zz"), ERR_INVALID, "label 1: byte 1: a field of 5 bytes" },
		{ RAW("\x08\x05"), ERR_INVALID, "label 1: byte 1: field 1 has wire type 0" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(rw_labels(cases[i].raw, f->l, &f->n, &f->e), &f->e, cases[i].code,
			     cases[i].why);
}

/* xorshift64*: the same numbers in every run. */
static size_t below(uint64_t *state, size_t n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (size_t)((*state * 0x2545f4914f6cdd1dULL >> 32) * n >> 32);
}

/* Sets that come close to each other, with names given twice, empty ones, empty values, and more
 * than one metric name. */
static size_t make_set(struct label *l, uint64_t *seed)
{
	static const char *const names[] = { "__name__", "job",       "instance", "a",
					     "b",        "",          "Job",      "job ",
					     "__name",   "__name__ ", "区",       "exported_job" };
	static const char *const values[] = { "", "node", "evil", "x\",job=\"evil", "区", "\n" };
	size_t n = below(seed, 6);

	for (size_t i = 0; i < n; i++)
		l[i] = LABEL(names[below(seed, sizeof(names) / sizeof(names[0]))],
			     values[below(seed, sizeof(values) / sizeof(values[0]))]);
	if (below(seed, 4))
		l[n++] = LABEL("__name__", "m");
	return n;
}

static const struct label *label_of(const struct label *l, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(l[i].name, name))
			return &l[i];
	return NULL;
}

static bool makes_a_set(const struct label *l, size_t n)
{
	const struct label *name = label_of(l, n, slice_str("__name__"));

	for (size_t i = 0; i < n; i++)
		if (!l[i].name.n || label_of(l, n, l[i].name) != &l[i])
			return false;
	return name && name->value.n;
}

static void check_set(struct fixture *f, const struct label *l, size_t n)
{
	size_t values = 0;

	for (size_t i = 0; i < n; i++) {
		const struct label *got = label_of(f->l, f->n, l[i].name);

		values += l[i].value.n > 0;
		assert_true(l[i].value.n ? got && slice_eq(got->value, l[i].value) : !got);
	}
	assert_int_equal(f->n, values);
}

static void of_random_labels_none_takes_the_place_of_another(void **state)
{
	enum { REQUESTS = 200, SERIES = 1000 };
	static struct label sets[SERIES][8];
	static size_t n[SERIES];
	struct fixture *f = *state;
	uint64_t seed = 4711;
	size_t refused = 0;

	for (int k = 0; k < REQUESTS; k++) {
		buf_clear(&f->raw);
		for (size_t i = 0; i < SERIES; i++) {
			n[i] = make_set(sets[i], &seed);
			rw_put_series(&f->raw, sets[i], n[i], NULL, 0);
		}
		assert_ok(read_all(f), &f->e);
		assert_int_equal(f->r.nseries, SERIES);
		for (size_t i = 0; i < SERIES; i++) {
			bool good = rw_labels(f->r.series[i].labels, f->l, &f->n, &f->e) == 0;

			assert_int_equal(good, makes_a_set(sets[i], n[i]));
			refused += !good;
			if (good)
				check_set(f, sets[i], n[i]);
		}
	}
	assert_in_range(refused, REQUESTS * SERIES / 5, REQUESTS * SERIES * 4 / 5);
}

static void label_limits_hold(void **state)
{
	struct fixture *f = *state;
	static char big[LABEL_VALUE_MAX_BYTES + 2];
	struct label l[LABELS_MAX + 1] = { LABEL("__name__", "m") };
	char names[LABELS_MAX + 1][8];

	for (int i = 1; i <= LABELS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "n%02d", i);
		l[i] = LABEL(names[i], "v");
	}
	rw_put_series(&f->raw, l, LABELS_MAX, NULL, 0);
	rw_put_series(&f->raw, l, LABELS_MAX + 1, NULL, 0);
	memset(big, 'x', sizeof(big) - 1);
	l[1] = LABEL("big", big);
	rw_put_series(&f->raw, l, 2, NULL, 0);
	l[1] = (struct label){ slice_of(big, LABEL_NAME_MAX_BYTES + 1), slice_str("v") };
	rw_put_series(&f->raw, l, 2, NULL, 0);
	assert_ok(read_all(f), &f->e);
	assert_ok(rw_labels(f->r.series[0].labels, f->l, &f->n, &f->e), &f->e);
	assert_int_equal(f->n, LABELS_MAX);
	assert_fails(rw_labels(f->r.series[1].labels, f->l, &f->n, &f->e), &f->e, ERR_LIMIT,
		     "more than 64 labels");
	assert_fails(rw_labels(f->r.series[2].labels, f->l, &f->n, &f->e), &f->e, ERR_LIMIT,
		     "value of label 'big' has 2049 bytes, more than 2048");
	assert_fails(rw_labels(f->r.series[3].labels, f->l, &f->n, &f->e), &f->e, ERR_LIMIT,
		     "has 257 bytes, more than 256");
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	struct fixture *f = *state;
	struct rw_sample s[40];
	long ok;

	for (int i = 0; i < 40; i++)
		s[i] = (struct rw_sample){ i, i };
	for (int i = 0; i < 70; i++)
		put(f, "m", "a", "b", s, 40);
	for (int i = 0; i < 70; i++)
		buf_slice(&f->raw, RAW("\x1a\x00\x0a\x08\x0a\x01x\x12\x00\x0a\x01y"));
	rw_reader_free(f->reader);
	f->reader = NULL;
	mem_count(1);
	for (ok = 0;; ok++) {
		struct rw_reader *r;
		int result;

		mem_fail_after(ok, 0);
		r = rw_reader_new(&f->e);
		result = r ? rw_read(r, buf_all(&f->raw), &f->limits, &f->r, &f->e) : -1;
		mem_fail_after(-1, 0);
		rw_reader_free(r);
		if (result == 0)
			break;
		assert_int_equal(f->e.code, ERR_MEMORY);
		assert_has(f->e.text, "no memory");
	}
	assert_true(ok > 8);
	assert_true(mem_held() <= 1); /* a block the arena keeps */
	mem_count(0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_empty_request_has_nothing),
		T(a_request_by_hand_is_read),
		T(every_time_and_value_comes_back_bit_for_bit),
		T(what_is_written_is_read),
		T(missing_fields_of_a_sample_are_zero_and_repeated_ones_the_last),
		T(fields_may_come_in_any_order),
		T(interrupted_labels_are_joined),
		T(metadata_is_read_and_written),
		T(damaged_requests_are_refused_with_the_place),
		T(a_request_cut_anywhere_is_refused_or_shorter),
		T(limits_hold_while_reading),
		T(a_bomb_of_empty_series_is_refused_early),
		T(labels_are_sorted_and_empty_ones_dropped),
		T(labels_that_make_no_set_are_refused),
		T(of_random_labels_none_takes_the_place_of_another),
		T(label_limits_hold),
		T(every_failed_allocation_is_an_error_without_a_leak),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
