/* test_segment.c - chunks in a segment come back, and no changed byte passes for them. */
#include "base/alloc.h"
#include "base/crc32c.h"
#include "storage/keys.h"
#include "storage/segment.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };

struct world {
	struct segment_writer *w;
	struct segment_reader r;
	struct slice bytes;
	struct segment_entry entry;
	struct err e;
};

static int set_up(void **state)
{
	struct world *x = calloc(1, sizeof(*x));

	x->w = segment_writer_new(&x->e);
	segment_reader_init(&x->r);
	*state = x;
	return x->w ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *x = *state;

	segment_writer_free(x->w);
	segment_reader_release(&x->r);
	free(x);
	return 0;
}

/* A chunk whose columns are texts: a segment does not look into them. */
static struct chunk chunk_of(uint32_t series, const char *times, int64_t first_ms, uint32_t count,
			     const char *values)
{
	return (struct chunk){ .series = series,
			       .count = count,
			       .first_ms = first_ms,
			       .last_ms = first_ms + count * 1000,
			       .encoding = (uint8_t)(series % 4 + 1),
			       .times = slice_str(times),
			       .attributes = slice_str(""),
			       .values = slice_str(values) };
}

static void must_add(struct world *x, const struct chunk *c)
{
	assert_int_equal(segment_add(x->w, c, &x->e), 1);
}

static void finish(struct world *x)
{
	assert_ok(segment_finish(x->w, &x->bytes, &x->entry, &x->e), &x->e);
	assert_ok(segment_open(&x->r, x->bytes, &x->e), &x->e);
}

static void assert_same(const struct chunk *a, const struct chunk *b)
{
	assert_int_equal(a->series, b->series);
	assert_int_equal(a->count, b->count);
	assert_true(a->first_ms == b->first_ms && a->last_ms == b->last_ms);
	assert_int_equal(a->encoding, b->encoding);
	assert_true(slice_eq(a->times, b->times));
	assert_true(slice_eq(a->values, b->values));
	assert_true(slice_eq(a->attributes, b->attributes));
}

static struct chunk must_be_next(struct world *x, const struct chunk *want)
{
	struct chunk c;

	if (segment_next(&x->r, &all, &c, &x->e) != 1)
		fail_msg("no chunk: %s", x->e.text);
	assert_same(&c, want);
	return c;
}

static void chunks_come_back_in_their_order(void **state)
{
	struct world *x = *state;
	const struct chunk list[] = {
		chunk_of(1, "times a", -5000, 3, "one"),
		chunk_of(1, "times b", 9000, 2, "two"),
		chunk_of(7, "times c", INT64_MIN, 1, ""),
		chunk_of(UINT32_MAX, "t", INT64_MAX - 5000, 5, "far"),
	};
	struct chunk c;

	assert_true(segment_is_empty(x->w));
	for (int i = 0; i < 4; i++)
		must_add(x, &list[i]);
	assert_false(segment_is_empty(x->w));
	finish(x);
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < 4; i++)
			must_be_next(x, &list[i]);
		assert_int_equal(segment_next(&x->r, &all, &c, &x->e), 0);
		segment_rewind(&x->r);
	}
	assert_int_equal(x->entry.bytes, x->bytes.n);
	assert_int_equal(x->entry.crc, get_le32(x->bytes.p));
	assert_int_equal(x->entry.first_series, 1);
	assert_true(x->entry.last_series == UINT32_MAX);
	assert_true(x->entry.first_ms == INT64_MIN);
	assert_true(x->entry.last_ms == INT64_MAX);
	assert_int_equal(x->entry.chunks, 4);
	assert_int_equal(x->entry.samples, 11);
}

static void equal_columns_are_kept_once(void **state)
{
	struct world *x = *state;
	const char *first;
	size_t before;

	for (uint32_t i = 1; i <= 50; i++) {
		struct chunk c = chunk_of(i, "the same long column of times", 1000, 8, "v");

		before = segment_bytes(x->w);
		must_add(x, &c);
		if (i > 1)
			assert_true(segment_bytes(x->w) - before < 12);
	}
	/* Equal bytes that mean other times are another column. */
	for (uint32_t i = 0; i < 2; i++) {
		struct chunk c =
			chunk_of(60 + i, "the same long column of times", 2000 + i, 8 - i, "v");

		must_add(x, &c);
	}
	finish(x);
	first = x->r.bytes.p + x->r.columns[0].at;
	assert_int_equal(x->r.ncolumns, 3);
	for (uint32_t i = 1; i <= 50; i++) {
		struct chunk c = chunk_of(i, "the same long column of times", 1000, 8, "v");

		assert_ptr_equal(must_be_next(x, &c).times.p, first);
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct chunk c =
			chunk_of(60 + i, "the same long column of times", 2000 + i, 8 - i, "v");

		assert_ptr_equal(must_be_next(x, &c).times.p,
				 x->r.bytes.p + x->r.columns[1 + i].at);
	}
}

static void figures_share_attributes_too(void **state)
{
	struct world *x = *state;
	struct chunk got[6];

	segment_begin(x->w, SEGMENT_FIGURES);
	for (uint32_t i = 0; i < 6; i++) {
		struct chunk c = chunk_of(i + 1, i % 2 ? "odd" : "even", 5, 2, "value");

		/* As bytes equal to a column of times, but another kind. */
		c.attributes = slice_str(i < 3 ? "even" : "attributes of the others");
		must_add(x, &c);
	}
	finish(x);
	for (uint32_t i = 0; i < 6; i++) {
		struct chunk c = chunk_of(i + 1, i % 2 ? "odd" : "even", 5, 2, "value");

		c.attributes = slice_str(i < 3 ? "even" : "attributes of the others");
		got[i] = must_be_next(x, &c);
	}
	assert_ptr_equal(got[0].times.p, got[2].times.p);
	assert_ptr_equal(got[0].attributes.p, got[1].attributes.p);
	assert_ptr_not_equal(got[0].times.p, got[0].attributes.p);
	assert_ptr_not_equal(got[2].attributes.p, got[3].attributes.p);
	assert_ptr_equal(got[3].attributes.p, got[5].attributes.p);
}

static void a_full_segment_takes_no_more_and_stays_as_it_was(void **state)
{
	struct world *x = *state;
	char values[1000], times[16];
	uint32_t n = 0;
	struct chunk c;
	size_t before;
	int rc;

	memset(values, 'v', sizeof(values));
	for (;;) {
		snprintf(times, sizeof(times), "t%u", n);
		c = chunk_of(n + 1, times, n, 1, "");
		c.values = slice_of(values, sizeof(values));
		before = segment_bytes(x->w);
		rc = segment_add(x->w, &c, &x->e);
		if (rc != 1)
			break;
		n++;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(segment_bytes(x->w), before);
	assert_true(n > 120);
	finish(x);
	assert_true(x->bytes.n <= SEGMENT_MAX_BYTES);
	assert_true(x->bytes.n > SEGMENT_MAX_BYTES - 1200);
	assert_int_equal(x->entry.chunks, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(segment_next(&x->r, &all, &c, &x->e), 1);
	/* The next one begins empty. */
	segment_begin(x->w, SEGMENT_SAMPLES);
	assert_true(segment_is_empty(x->w));
	must_add(x, &c);
	finish(x);
	assert_int_equal(x->entry.chunks, 1);
}

static void a_chunk_that_no_segment_can_hold_is_an_error(void **state)
{
	struct world *x = *state;
	struct chunk c = chunk_of(1, "t", 0, 1, "");
	char *large = calloc(1, SEGMENT_MAX_BYTES);

	c.values = slice_of(large, SEGMENT_MAX_BYTES - 10);
	assert_int_equal(segment_add(x->w, &c, &x->e), -1);
	assert_int_equal(x->e.code, ERR_LIMIT);
	assert_has(x->e.text, "a chunk of ");
	assert_true(segment_is_empty(x->w));
	free(large);
}

/* Many small columns of their own: the table of columns has an end before the bytes have. */
static void the_number_of_columns_is_limited(void **state)
{
	struct world *x = *state;
	uint32_t n = 0;
	struct chunk c;
	int rc;

	do {
		char times[8];

		snprintf(times, sizeof(times), "%x", n);
		c = chunk_of(n + 1, times, n, 1, "v");
		rc = segment_add(x->w, &c, &x->e);
		n += rc == 1;
	} while (rc == 1);
	assert_int_equal(rc, 0);
	assert_true(n > 1000 && n < 4096);
	finish(x);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(segment_next(&x->r, &all, &c, &x->e), 1);
		assert_int_equal(c.series, i + 1);
		assert_ptr_equal(c.times.p, x->r.bytes.p + x->r.columns[i].at);
	}
}

static void only_what_is_wanted_is_given(void **state)
{
	struct world *x = *state;
	const struct segment_want some = { 3, 5, 2500, 6000 };
	struct chunk c;
	int n = 0;

	for (uint32_t s = 1; s <= 8; s++)
		for (int64_t t = 0; t < 10000; t += 2000) {
			struct chunk k = chunk_of(s, "t", t, 1, "v"); /* up to t + 1000 */

			must_add(x, &k);
		}
	finish(x);
	while (segment_next(&x->r, &some, &c, &x->e) == 1) {
		assert_in_range(c.series, 3, 5);
		assert_true(c.first_ms == 2000 || c.first_ms == 4000 || c.first_ms == 6000);
		n++;
	}
	assert_int_equal(n, 9);
	/* The first one behind is kept for whoever asks for a later series. */
	assert_int_equal(segment_next(&x->r, &(struct segment_want){ 6, 6, 0, 0 }, &c, &x->e), 1);
	assert_int_equal(c.series, 6);
	assert_true(c.first_ms == 0);
}

static void an_empty_segment_holds_nothing(void **state)
{
	struct world *x = *state;
	struct chunk c;

	finish(x);
	assert_int_equal(x->bytes.n, SEGMENT_HEAD_BYTES);
	assert_int_equal(segment_next(&x->r, &all, &c, &x->e), 0);
}

/* --- damage --------------------------------------------------------------------------------- */

enum { CHUNKS = 12 };

static struct chunk some_chunk(int i)
{
	static const char *const times[] = { "one column", "another", "third" };
	struct chunk c =
		chunk_of((uint32_t)i * 3 + 1, times[i % 3], i % 3 * 1000, 4, "values of it");

	c.attributes = slice_str(i % 2 ? "attributes" : "others");
	return c;
}

static void make_some(struct world *x, enum segment_kind kind)
{
	segment_begin(x->w, kind);
	for (int i = 0; i < CHUNKS; i++) {
		struct chunk c = some_chunk(i);

		if (kind == SEGMENT_SAMPLES)
			c.attributes = slice_of(NULL, 0);
		must_add(x, &c);
	}
	finish(x);
}

/* How many chunks came, all of them right; *damaged: an error was met. */
static int read_what_is_right(struct segment_reader *r, struct slice bytes, enum segment_kind kind,
			      bool *damaged)
{
	struct err e = { 0 };
	struct chunk c;
	int n = 0;

	*damaged = true;
	if (segment_open(r, bytes, &e) < 0) {
		assert_int_equal(e.code, ERR_CORRUPT);
		assert_has(e.text, "damaged segment: ");
		return 0;
	}
	*damaged = false;
	while (r->at.left > 0) {
		uint32_t left = r->at.left;
		int rc = segment_next(r, &all, &c, &e);

		if (rc == 1) {
			struct chunk want = some_chunk((int)(c.series - 1) / 3);

			if (kind == SEGMENT_SAMPLES)
				want.attributes = slice_of(NULL, 0);
			assert_same(&c, &want);
			n++;
			continue;
		}
		assert_int_equal(rc, -1);
		assert_int_equal(e.code, ERR_CORRUPT);
		*damaged = true;
		if (r->at.left == left)
			break;
	}
	return n;
}

static void every_flipped_bit_is_noticed(void **state)
{
	static const enum segment_kind kinds[] = { SEGMENT_SAMPLES, SEGMENT_FIGURES };
	struct world *x = *state;

	for (int k = 0; k < 2; k++) {
		char *copy;

		make_some(x, kinds[k]);
		/* Of its own size, so that a byte too far is seen. */
		copy = malloc(x->bytes.n);
		memcpy(copy, x->bytes.p, x->bytes.n);
		for (size_t bit = 0; bit < x->bytes.n * 8; bit++) {
			bool damaged;
			int n;

			copy[bit / 8] ^= (char)(1 << bit % 8);
			n = read_what_is_right(&x->r, slice_of(copy, x->bytes.n), kinds[k],
					       &damaged);
			if (!damaged)
				fail_msg("bit %zu of byte %zu: %d chunks and no complaint", bit % 8,
					 bit / 8, n);
			copy[bit / 8] ^= (char)(1 << bit % 8);
		}
		free(copy);
	}
}

/* One damaged chunk does not take the others with it. */
static void the_others_of_a_damaged_chunk_can_be_read(void **state)
{
	struct world *x = *state;
	bool damaged;
	char *copy;

	make_some(x, SEGMENT_SAMPLES);
	copy = malloc(x->bytes.n);
	memcpy(copy, x->bytes.p, x->bytes.n);
	copy[x->bytes.n - 1] ^= 1; /* values of the last one */
	assert_int_equal(read_what_is_right(&x->r, slice_of(copy, x->bytes.n), SEGMENT_SAMPLES,
					    &damaged),
			 CHUNKS - 1);
	assert_true(damaged);
	free(copy);
}

static void every_truncation_is_noticed(void **state)
{
	struct world *x = *state;

	make_some(x, SEGMENT_FIGURES);
	for (size_t n = 0; n < x->bytes.n; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, x->bytes.p, n);
		assert_fails(segment_open(&x->r, slice_of(copy, n), &x->e), &x->e, ERR_CORRUPT,
			     "damaged segment: it has the wrong length");
		free(copy);
	}
}

/* Behind a right checksum: what can be in a directory of somebody's own making. */
static void a_directory_that_lies_is_refused(void **state)
{
	struct world *x = *state;
	uint32_t dir;
	char *copy;

	make_some(x, SEGMENT_FIGURES);
	dir = get_le32(x->bytes.p + 16);
	copy = malloc(x->bytes.n);
	for (size_t at = 4; at < dir; at++)
		for (unsigned byte = 0; byte < 256; byte += 17) {
			struct err e = { 0 };
			struct chunk c;

			memcpy(copy, x->bytes.p, x->bytes.n);
			copy[at] = (char)byte;
			put_le32((uint8_t *)copy, crc32c(0, copy + 4, dir - 4));
			if (segment_open(&x->r, slice_of(copy, x->bytes.n), &e) < 0) {
				assert_int_equal(e.code, ERR_CORRUPT);
				continue;
			}
			while (x->r.at.left > 0) {
				uint32_t left = x->r.at.left;

				segment_next(&x->r, &all, &c, &e);
				if (x->r.at.left == left)
					break;
			}
		}
	free(copy);
}

static void without_memory_nothing_half_is_written(void **state)
{
	struct world *x = *state;
	int errors = 0;

	for (long k = 0; k < 60; k++) {
		struct err e = { 0 };
		struct segment_writer *w;
		struct segment_entry entry;
		struct slice bytes;
		int rc = 0;
		bool damaged;

		mem_fail_after(k, 0);
		w = segment_writer_new(&e);
		if (w)
			segment_begin(w, SEGMENT_FIGURES);
		for (int i = 0; w && i < CHUNKS && rc == 0; i++) {
			struct chunk c = some_chunk(i);

			rc = segment_add(w, &c, &e) == 1 ? 0 : -1;
		}
		if (w && rc == 0)
			rc = segment_finish(w, &bytes, &entry, &e);
		mem_fail_after(-1, 0);
		if (!w || rc < 0) {
			assert_int_equal(e.code, ERR_MEMORY);
			errors++;
		} else {
			assert_int_equal(read_what_is_right(&x->r, bytes, SEGMENT_FIGURES,
							    &damaged),
					 CHUNKS);
			assert_false(damaged);
		}
		segment_writer_free(w);
	}
	assert_true(errors > 5);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(chunks_come_back_in_their_order),
		TEST(equal_columns_are_kept_once),
		TEST(figures_share_attributes_too),
		TEST(a_full_segment_takes_no_more_and_stays_as_it_was),
		TEST(a_chunk_that_no_segment_can_hold_is_an_error),
		TEST(the_number_of_columns_is_limited),
		TEST(only_what_is_wanted_is_given),
		TEST(an_empty_segment_holds_nothing),
		TEST(every_flipped_bit_is_noticed),
		TEST(the_others_of_a_damaged_chunk_can_be_read),
		TEST(every_truncation_is_noticed),
		TEST(a_directory_that_lies_is_refused),
		TEST(without_memory_nothing_half_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
