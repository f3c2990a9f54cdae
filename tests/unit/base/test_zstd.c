/* test_zstd.c - packing, and unpacking that believes nothing. */
#include "base/zstd.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

static void fill(struct buf *b, size_t n, unsigned alphabet)
{
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		buf_putc(b, (char)(x >> 24 & (alphabet - 1)));
	}
}

static void assert_back(struct slice plain)
{
	struct buf packed, again;
	struct err e = { 0 };

	buf_init(&packed, plain.n + 65536);
	buf_init(&again, plain.n);
	assert_ok(zstd_pack(plain, &packed, &e), &e);
	assert_ok(zstd_unpack(buf_all(&packed), &again, &e), &e);
	assert_true(slice_eq(plain, buf_all(&again)));
	buf_release(&packed);
	buf_release(&again);
}

static void what_was_packed_comes_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 1000, 131072, 131073, 5000000 };
	struct buf plain;

	(void)state;
	buf_init(&plain, 8 << 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (unsigned alphabet = 2; alphabet <= 256; alphabet *= 16) {
			buf_clear(&plain);
			fill(&plain, sizes[i], alphabet);
			assert_back(buf_all(&plain));
		}
	}
	buf_release(&plain);
}

static void packing_stops_at_the_limit(void **state)
{
	struct buf plain, packed;
	struct err e = { 0 };

	(void)state;
	buf_init(&plain, 1 << 20);
	fill(&plain, 500000, 256);
	buf_init(&packed, plain.n - 1);
	buf_puts(&packed, "before");
	assert_fails(zstd_pack(buf_all(&plain), &packed, &e), &e, ERR_LIMIT, "packed data needs");
	assert_slice(buf_all(&packed), "before");
	buf_release(&plain);
	buf_release(&packed);
}

static void a_bomb_and_a_tight_limit_are_refused(void **state)
{
	struct buf plain, packed, out;
	struct err e = { 0 };

	(void)state;
	buf_init(&plain, 64 << 20);
	memset(buf_room(&plain, 50 << 20), 0, 50 << 20);
	buf_added(&plain, 50 << 20);
	buf_init(&packed, 1 << 20);
	assert_ok(zstd_pack(buf_all(&plain), &packed, &e), &e);
	buf_init(&out, (50 << 20) - 1);
	assert_fails(zstd_unpack(buf_all(&packed), &out, &e), &e, ERR_LIMIT,
		     "unpacks to more than the allowed 52428799 bytes");
	assert_int_equal(out.n, 0);
	assert_null(out.p); /* nothing was taken for it */
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&out);
}

/* The size in the frame is left out: only unpacking shows how large it is. */
static void a_frame_without_its_size_meets_the_limit_too(void **state)
{
	/* Made by hand: magic, descriptor (window, no size, no checksum), window 1 KiB, then
	 * repeat blocks of 1,000 bytes, the second the last. */
	static const char frame[] = "\x28\xb5\x2f\xfd\x00\x00\x42\x1f\x00\x61\x43\x1f\x00\x62";
	struct buf out;
	struct err e = { 0 };

	(void)state;
	buf_init(&out, 2000);
	assert_ok(zstd_unpack(slice_of(frame, sizeof(frame) - 1), &out, &e), &e);
	assert_int_equal(out.n, 2000);
	assert_int_equal(out.p[999], 'a');
	assert_int_equal(out.p[1000], 'b');
	buf_release(&out);
	for (size_t limit = 0; limit < 2000; limit += 333) {
		buf_init(&out, limit);
		assert_fails(zstd_unpack(slice_of(frame, sizeof(frame) - 1), &out, &e), &e,
			     ERR_LIMIT, "unpacks to more");
		assert_int_equal(out.n, 0);
		buf_release(&out);
	}
}

static void damage_is_told_and_leaves_nothing(void **state)
{
	struct buf plain, packed, out;
	struct err e = { 0 };
	int told = 0;

	(void)state;
	buf_init(&plain, 1 << 20);
	fill(&plain, 3000, 16);
	buf_init(&packed, 1 << 20);
	assert_ok(zstd_pack(buf_all(&plain), &packed, &e), &e);
	for (size_t n = 0; n < packed.n; n++) {
		buf_init(&out, 1 << 16);
		assert_fails(zstd_unpack(slice_of(packed.p, n), &out, &e), &e, ERR_INVALID, "zstd");
		assert_int_equal(out.n, 0);
		buf_release(&out);
	}
	for (size_t i = 0; i < packed.n; i++) {
		packed.p[i] ^= 0x10;
		buf_init(&out, 1 << 16);
		/* A bit of the head has no meaning. */
		if (zstd_unpack(buf_all(&packed), &out, &e) < 0)
			told += out.n == 0;
		else
			assert_true(slice_eq(buf_all(&out), buf_all(&plain)));
		buf_release(&out);
		packed.p[i] ^= 0x10;
	}
	assert_int_equal(told, packed.n - 1);
	buf_init(&out, 1 << 16);
	buf_putc(&packed, '!');
	assert_fails(zstd_unpack(buf_all(&packed), &out, &e), &e, ERR_INVALID,
		     "1 bytes follow the end of the zstd data");
	assert_fails(zstd_unpack(slice_str("not zstd"), &out, &e), &e, ERR_INVALID,
		     "cannot unpack zstd data");
	buf_release(&out);
	buf_release(&plain);
	buf_release(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_comes_back),
		cmocka_unit_test(packing_stops_at_the_limit),
		cmocka_unit_test(a_bomb_and_a_tight_limit_are_refused),
		cmocka_unit_test(a_frame_without_its_size_meets_the_limit_too),
		cmocka_unit_test(damage_is_told_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
