/* test_sha256.c - the vectors of FIPS 180-4 and NIST's examples, in any pieces. */
#include "base/sha256.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

static void assert_hash(struct slice s, const char *want)
{
	uint8_t is[SHA256_BYTES];
	char hex[SHA256_HEX];

	sha256_of(s, is);
	assert_string_equal(sha256_hex(is, hex), want);
}

static void published_vectors_come_out(void **state)
{
	char *many = malloc(1000000);

	(void)state;
	assert_hash(slice_str(""),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hash(slice_of(NULL, 0),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hash(slice_str("abc"),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hash(slice_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(many, 'a', 1000000);
	assert_hash(slice_of(many, 1000000),
		    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(many);
}

static void pieces_of_any_size_give_the_same(void **state)
{
	char text[1000];
	uint8_t whole[SHA256_BYTES], is[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	sha256_of(slice_of(text, sizeof(text)), whole);
	for (size_t step = 1; step < 200; step++) {
		struct sha256 h;

		sha256_init(&h);
		for (size_t at = 0; at < sizeof(text); at += step)
			sha256_add(&h, text + at,
				   sizeof(text) - at < step ? sizeof(text) - at : step);
		sha256_end(&h, is);
		assert_memory_equal(is, whole, SHA256_BYTES);
	}
}

static void a_copy_goes_on_by_itself(void **state)
{
	uint8_t is[SHA256_BYTES], want[SHA256_BYTES];
	struct sha256 h, copy;

	(void)state;
	sha256_init(&h);
	sha256_add(&h, "ab", 2);
	copy = h;
	sha256_add(&h, "x", 1);
	sha256_add(&copy, "c", 1);
	sha256_end(&copy, is);
	sha256_of(slice_str("abc"), want);
	assert_memory_equal(is, want, SHA256_BYTES);
	sha256_end(&h, is);
	sha256_of(slice_str("abx"), want);
	assert_memory_equal(is, want, SHA256_BYTES);
}

static void digits_are_read_back_and_nothing_else(void **state)
{
	uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
	char hex[SHA256_HEX];

	(void)state;
	sha256_of(slice_str("abc"), a);
	assert_true(sha256_parse(slice_str(sha256_hex(a, hex)), b));
	assert_memory_equal(a, b, SHA256_BYTES);
	assert_false(sha256_parse(slice_of(hex, 63), b));
	hex[5] = 'G';
	assert_false(sha256_parse(slice_str(hex), b));
	hex[5] = 'A';
	assert_false(sha256_parse(slice_str(hex), b));
	assert_false(sha256_parse(slice_str(""), b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out),
		cmocka_unit_test(pieces_of_any_size_give_the_same),
		cmocka_unit_test(a_copy_goes_on_by_itself),
		cmocka_unit_test(digits_are_read_back_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
