/* test_snappy.c - blocks of snappy: good ones, cut, damaged, and far too large. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/snappy.h"

#include <stdlib.h>

struct fixture {
	struct buf out;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	buf_init(&f.out, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->out);
	return 0;
}

#define BLOCK(text) slice_of(text, sizeof(text) - 1)

static const size_t cap = 1 << 20;

/* Literals, then copies of each kind; written by hand after format_description.txt. */
static void hand_made_blocks_unpack(void **state)
{
	struct fixture *f = *state;
	const struct {
		struct slice block;
		const char *plain;
	} cases[] = {
		{ BLOCK("\x00"), "" },
		{ BLOCK("\x01\x00"
			"a"),
		  "a" },
		{ BLOCK("\x05\x10"
			"abcde"),
		  "abcde" },
		/* a copy of one byte's offset: 8 bytes from 1 back */
		{ BLOCK("\x09\x00"
			"a\x11\x01"),
		  "aaaaaaaaa" },
		/* of two bytes' offset: 6 bytes from 3 back */
		{ BLOCK("\x09\x08"
			"abc\x16\x03\x00"),
		  "abcabcabc" },
		/* of four bytes' offset: 3 bytes from 3 back */
		{ BLOCK("\x06\x08"
			"abc\x0b\x03\x00\x00\x00"),
		  "abcabc" },
		/* a literal with its length in a byte of its own, in two, in four */
		{ BLOCK("\x03\xf0\x02"
			"abc"),
		  "abc" },
		{ BLOCK("\x03\xf4\x02\x00"
			"abc"),
		  "abc" },
		{ BLOCK("\x03\xfc\x02\x00\x00\x00"
			"abc"),
		  "abc" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&f->out);
		assert_ok(snappy_decode(cases[i].block, cap, &f->out, &f->e), &f->e);
		assert_slice(buf_all(&f->out), cases[i].plain);
	}
}

static void damaged_blocks_are_refused_with_the_place(void **state)
{
	struct fixture *f = *state;
	const struct {
		struct slice block;
		enum err_code code;
		const char *why;
	} cases[] = {
		{ BLOCK(""), ERR_INVALID, "an empty body is not snappy data" },
		{ BLOCK("\xff\x06\x00\x00sNaPpY"), ERR_UNSUPPORTED,
		  "the body is framed snappy; only the block format is taken" },
		{ BLOCK("\xff\x06\x00\x00sNaPpY\x01\x05\x00\x00"), ERR_UNSUPPORTED, "framed" },
		{ BLOCK("\xff\xff\xff\xff\x0f\x00"
			"a"),
		  ERR_LIMIT, "unpacks to 4294967295 bytes, more than the allowed 1048576" },
		{ BLOCK("\x81\x80\x40\x00"
			"a"),
		  ERR_LIMIT, "unpacks to 1048577 bytes, more than the allowed" },
		{ BLOCK("\x81\x03\x00"
			"abc"),
		  ERR_LIMIT, "6 bytes of snappy data declare 385: refused as a bomb" },
		{ BLOCK("\x80"), ERR_INVALID, "snappy data of 1 bytes ends within its size" },
		{ BLOCK("\xff\xff"), ERR_INVALID, "of 2 bytes ends within its size" },
		{ BLOCK("\xff\xff\xff\xff\x10\x00"), ERR_INVALID, "declares a size past 4 GiB" },
		{ BLOCK("\x80\x80\x80\x80\x80\x80"), ERR_INVALID, "declares a size past 4 GiB" },
		{ BLOCK("\x05\x10"
			"abcd"),
		  ERR_INVALID, "of 6 bytes ends within the element at byte 2" },
		{ BLOCK("\x05\xf0"), ERR_INVALID, "of 2 bytes ends within the element at byte 2" },
		{ BLOCK("\x09\x00"
			"a\x11"),
		  ERR_INVALID, "of 4 bytes ends within the element at byte 4" },
		{ BLOCK("\x09\x00"
			"a\x16\x01"),
		  ERR_INVALID, "ends within the element at byte 4" },
		{ BLOCK("\x09\x00"
			"a\x11\x00"),
		  ERR_INVALID, "damaged at byte 4: a copy from 0 back after 1 bytes" },
		{ BLOCK("\x09\x00"
			"a\x11\x02"),
		  ERR_INVALID, "damaged at byte 4: a copy from 2 back after 1 bytes" },
		{ BLOCK("\x09\x00"
			"a\x31\x00"),
		  ERR_INVALID, "a copy from 256 back after 1 bytes" },
		{ BLOCK("\x09\x11\x01"), ERR_INVALID, "a copy from 1 back after 0 bytes" },
		{ BLOCK("\x02\x08"
			"abc"),
		  ERR_INVALID, "makes more than the 2 bytes it declares, from byte 2 on" },
		{ BLOCK("\x02\x00"
			"a\x11\x01"),
		  ERR_INVALID, "makes more than the 2 bytes it declares, from byte 4 on" },
		{ BLOCK("\x05\x00"
			"a"),
		  ERR_INVALID, "makes 1 of the 5 bytes it declares" },
		{ BLOCK("\x05"), ERR_INVALID, "makes 0 of the 5 bytes it declares" },
		{ BLOCK("\x00\x00"
			"a"),
		  ERR_INVALID, "makes more than the 0 bytes it declares, from byte 2 on" },
	};

	buf_puts(&f->out, "kept");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_fails(snappy_decode(cases[i].block, cap, &f->out, &f->e), &f->e,
			     cases[i].code, cases[i].why);
		assert_slice(buf_all(&f->out), "kept");
	}
}

static void a_declared_size_takes_no_memory_before_it_is_judged(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	buf_init(&out, (size_t)8 << 30);
	mem_fail_after(0, 1);
	assert_fails(snappy_decode(BLOCK("\xff\xff\xff\xff\x0f\x00"
					 "a"),
				   (size_t)8 << 30, &out, &f->e),
		     &f->e, ERR_LIMIT, "7 bytes of snappy data declare 4294967295");
	assert_null(out.p);
	assert_fails(snappy_decode(BLOCK("\x01\x00"
					 "a"),
				   cap, &out, &f->e),
		     &f->e, ERR_MEMORY, "no memory");
	mem_fail_after(-1, 0);
	assert_ok(snappy_decode(BLOCK("\x01\x00"
				      "a"),
				cap, &out, &f->e),
		  &f->e);
	buf_release(&out);
}

static void the_buffers_limit_holds_as_well(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	buf_init(&out, 4);
	assert_fails(snappy_decode(BLOCK("\x05\x10"
					 "abcde"),
				   cap, &out, &f->e),
		     &f->e, ERR_LIMIT, "more than the allowed 4 bytes");
	assert_ok(snappy_decode(BLOCK("\x04\x0c"
				      "abcd"),
				cap, &out, &f->e),
		  &f->e);
	assert_slice(buf_all(&out), "abcd");
	buf_release(&out);
}

/* Half noise, half repeats. */
static void fill(char *p, size_t n)
{
	unsigned seed = 5;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = i % 256 < 128 ? (char)(seed >> 24) : (char)('a' + i % 7);
	}
}

static void what_is_packed_comes_back(void **state)
{
	struct fixture *f = *state;
	static char text[300000];
	static const size_t sizes[] = { 0,   1,   2,   60,    61,    64,    65,
					255, 256, 257, 65535, 65536, 65537, sizeof(text) };
	struct buf packed;

	fill(text, sizeof(text));
	buf_init(&packed, 1 << 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_clear(&packed);
		buf_clear(&f->out);
		buf_puts(&f->out, "before:");
		assert_ok(snappy_encode(slice_of(text, sizes[i]), &packed, &f->e), &f->e);
		assert_ok(snappy_decode(buf_all(&packed), cap, &f->out, &f->e), &f->e);
		assert_int_equal(f->out.n, 7 + sizes[i]);
		assert_memory_equal(f->out.p, "before:", 7);
		assert_memory_equal(f->out.p + 7, text, sizes[i]);
	}
	assert_true(packed.n < sizeof(text) * 3 / 4);
	buf_release(&packed);
}

static void a_block_cut_anywhere_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[1000];
	struct buf packed;

	fill(text, sizeof(text));
	buf_init(&packed, 1 << 20);
	assert_ok(snappy_encode(slice_of(text, sizeof(text)), &packed, &f->e), &f->e);
	for (size_t n = 2; n < packed.n; n++) {
		char *cut = malloc(n); /* so that a sanitizer sees reads past the end */

		assert_non_null(cut);
		memcpy(cut, packed.p, n);
		assert_int_equal(snappy_decode(slice_of(cut, n), cap, &f->out, &f->e), -1);
		assert_true(f->e.code == ERR_INVALID || f->e.code == ERR_LIMIT);
		assert_int_equal(f->out.n, 0);
		free(cut);
	}
	buf_release(&packed);
}

static void packing_past_the_limit_is_an_error_and_the_buffer_goes_on(void **state)
{
	struct fixture *f = *state;
	static const char zeros[100] = "";
	struct buf out;

	buf_init(&out, 120);
	assert_ok(snappy_encode(slice_of(zeros, 50), &out, &f->e), &f->e);
	assert_fails(snappy_encode(slice_of(zeros, sizeof(zeros)), &out, &f->e), &f->e, ERR_LIMIT,
		     "more than the allowed 120 bytes");
	assert_ok(snappy_decode(buf_all(&out), cap, &f->out, &f->e), &f->e);
	assert_int_equal(f->out.n, 50);
	mem_fail_after(0, 0);
	buf_release(&out);
	assert_fails(snappy_encode(slice_of(zeros, 1), &out, &f->e), &f->e, ERR_MEMORY,
		     "no memory");
	mem_fail_after(-1, 0);
	buf_release(&out);
}

static void a_failed_buffer_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	buf_init(&out, 1);
	buf_puts(&out, "two");
	assert_fails(snappy_decode(BLOCK("\x00"), cap, &out, &f->e), &f->e, ERR_LIMIT, "allowed 1");
	assert_fails(snappy_encode(BLOCK(""), &out, &f->e), &f->e, ERR_LIMIT, "allowed 1");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(hand_made_blocks_unpack),
		T(damaged_blocks_are_refused_with_the_place),
		T(a_declared_size_takes_no_memory_before_it_is_judged),
		T(the_buffers_limit_holds_as_well),
		T(what_is_packed_comes_back),
		T(a_block_cut_anywhere_is_refused),
		T(packing_past_the_limit_is_an_error_and_the_buffer_goes_on),
		T(a_failed_buffer_is_refused),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
