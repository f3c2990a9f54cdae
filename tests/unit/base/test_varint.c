/* test_varint.c - whole numbers of seven bits a byte. */
#include "tests/lib/assert.h"
#include "base/varint.h"

static const struct {
	uint64_t v;
	const char *bytes;
	size_t n;
} cases[] = {
	{ 0, "\x00", 1 },
	{ 1, "\x01", 1 },
	{ 0x7f, "\x7f", 1 },
	{ 0x80, "\x80\x01", 2 },
	{ 300, "\xac\x02", 2 },
	{ 0x3fff, "\xff\x7f", 2 },
	{ 0x4000, "\x80\x80\x01", 3 },
	{ UINT32_MAX, "\xff\xff\xff\xff\x0f", 5 },
	{ (uint64_t)UINT32_MAX + 1, "\x80\x80\x80\x80\x10", 5 },
	{ (uint64_t)1 << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10 },
	{ UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
};

static void numbers_have_the_bytes_of_protobuf(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[VARINT_MAX_BYTES];

		assert_int_equal(varint_put(bytes, cases[i].v), cases[i].n);
		assert_memory_equal(bytes, cases[i].bytes, cases[i].n);
		assert_int_equal(varint_bytes(cases[i].v), cases[i].n);
	}
}

static void sizes_change_at_every_seventh_bit(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t v = (uint64_t)1 << bit;
		uint8_t bytes[VARINT_MAX_BYTES];

		assert_int_equal(varint_bytes(v), bit / 7 + 1);
		assert_int_equal(varint_put(bytes, v), bit / 7 + 1);
		assert_int_equal(varint_put(bytes, v - 1), varint_bytes(v - 1));
	}
}

static void reading_goes_behind_the_number_and_no_further(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[VARINT_MAX_BYTES + 1];
		const uint8_t *p = bytes;
		uint64_t v = 0;
		uint32_t low = 0;

		memcpy(bytes, cases[i].bytes, cases[i].n);
		bytes[cases[i].n] = 0x55;
		assert_true(varint_read(&p, bytes + cases[i].n + 1, &v));
		assert_ptr_equal(p, bytes + cases[i].n);
		assert_int_equal(v, cases[i].v);
		p = bytes;
		assert_int_equal(varint32_read(&p, bytes + cases[i].n + 1, &low),
				 cases[i].v <= UINT32_MAX);
		if (cases[i].v <= UINT32_MAX) {
			assert_ptr_equal(p, bytes + cases[i].n);
			assert_int_equal(low, cases[i].v);
		}
	}
}

/* Neither reads the bytes, moves, nor changes the number. */
static void assert_neither_reads(const char *bytes, size_t n)
{
	const uint8_t *start = (const uint8_t *)bytes, *p = start;
	uint64_t v = 42;
	uint32_t low = 43;

	assert_false(varint_read(&p, start + n, &v));
	assert_false(varint32_read(&p, start + n, &low));
	assert_ptr_equal(p, start);
	assert_int_equal(v, 42);
	assert_int_equal(low, 43);
}

static void a_number_that_is_cut_off_is_not_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t n = 0; n < cases[i].n; n++)
			assert_neither_reads(cases[i].bytes, n);
}

static void a_number_that_is_too_large_is_not_read(void **state)
{
	const uint8_t five[] = { 0xff, 0xff, 0xff, 0xff, 0x1f }, *p = five;
	uint32_t low = 43;

	(void)state;
	assert_neither_reads("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	assert_neither_reads("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
	assert_false(varint32_read(&p, five + sizeof(five), &low));
	assert_ptr_equal(p, five);
	assert_int_equal(low, 43);
}

static void a_longer_form_is_read_like_the_shortest(void **state)
{
	struct slice in = slice_of("\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10);
	const uint8_t bytes[] = { 0x85, 0x80, 0x80, 0x80, 0x00 }, *p = bytes;
	uint64_t v = 0;
	uint32_t low = 0;

	(void)state;
	assert_true(varint_take(&in, &v));
	assert_int_equal(v, 5);
	assert_int_equal(in.n, 0);
	assert_true(varint32_read(&p, bytes + sizeof(bytes), &low));
	assert_int_equal(low, 5);
}

static void what_is_added_is_taken_in_turn(void **state)
{
	struct buf b;
	struct slice in;
	uint64_t v;

	(void)state;
	buf_init(&b, 1 << 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		varint_add(&b, cases[i].v);
	in = buf_all(&b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(varint_take(&in, &v));
		assert_int_equal(v, cases[i].v);
	}
	assert_int_equal(in.n, 0);
	assert_false(varint_take(&in, &v));
	buf_release(&b);
}

static void zigzag_keeps_every_sign(void **state)
{
	const struct {
		int64_t v;
		uint64_t z;
	} both[] = {
		{ 0, 0 },
		{ -1, 1 },
		{ 1, 2 },
		{ -2, 3 },
		{ INT64_MAX, UINT64_MAX - 1 },
		{ INT64_MIN, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		assert_true(zigzag(both[i].v) == both[i].z);
		assert_true(unzigzag(both[i].z) == both[i].v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_bytes_of_protobuf),
		cmocka_unit_test(sizes_change_at_every_seventh_bit),
		cmocka_unit_test(reading_goes_behind_the_number_and_no_further),
		cmocka_unit_test(a_number_that_is_cut_off_is_not_read),
		cmocka_unit_test(a_number_that_is_too_large_is_not_read),
		cmocka_unit_test(a_longer_form_is_read_like_the_shortest),
		cmocka_unit_test(what_is_added_is_taken_in_turn),
		cmocka_unit_test(zigzag_keeps_every_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
