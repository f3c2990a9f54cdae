/* test_crc32c.c - CRC-32C: published values, and its two ways against each other. */
#include "tests/lib/assert.h"
#include "base/crc32c.h"
#include "base/crc32c_ways.h"

static void published_values_come_out(void **state)
{
	unsigned char data[32];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(crc32c(0, "", 0), 0);
	/* RFC 3720 B.4 */
	memset(data, 0, sizeof(data));
	assert_int_equal(crc32c(0, data, sizeof(data)), 0x8a9136aau);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(crc32c(0, data, sizeof(data)), 0x62a8ab43u);
	for (int i = 0; i < 32; i++)
		data[i] = (unsigned char)i;
	assert_int_equal(crc32c(0, data, sizeof(data)), 0x46dd794eu);
	for (int i = 0; i < 32; i++)
		data[i] = (unsigned char)(31 - i);
	assert_int_equal(crc32c(0, data, sizeof(data)), 0x113fdb5cu);
}

static void the_table_gives_them_too(void **state)
{
	(void)state;
	assert_int_equal(crc32c_by_table(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(crc32c_by_table(0, "", 0), 0);
}

static void fill(unsigned char *p, size_t n)
{
	unsigned seed = 3;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (unsigned char)(seed >> 24);
	}
}

static void both_ways_agree_at_every_length_and_offset(void **state)
{
	unsigned char data[300];

	(void)state;
	if (!crc32c_has_instruction())
		skip();
	fill(data, sizeof(data));
	for (size_t at = 0; at < 16; at++)
		for (size_t n = 0; n + at <= sizeof(data); n++)
			assert_int_equal(crc32c_by_instruction(0x1234567, data + at, n),
					 crc32c_by_table(0x1234567, data + at, n));
}

static void parts_add_up_to_the_whole(void **state)
{
	unsigned char data[100];

	(void)state;
	fill(data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++)
		assert_int_equal(crc32c(crc32c(0, data, cut), data + cut, sizeof(data) - cut),
				 crc32c(0, data, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_come_out),
		cmocka_unit_test(the_table_gives_them_too),
		cmocka_unit_test(both_ways_agree_at_every_length_and_offset),
		cmocka_unit_test(parts_add_up_to_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
