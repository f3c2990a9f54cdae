/*
 * MD5: the digests of RFC 1321 (section A.5), and texts around the ends of blocks.
 */
#include "base/md5.h"
#include "tests/lib/assert.h"

#include <stdio.h>

static const char *digest(struct slice s, char out[2 * MD5_BYTES + 1])
{
	uint8_t bytes[MD5_BYTES];

	md5_of(s, bytes);
	for (int i = 0; i < MD5_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return out;
}

static void the_digests_of_the_rfc_come_out(void **state)
{
	static const char *const rows[][2] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "0",
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};
	char out[2 * MD5_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(digest(slice_str(rows[i][0]), out), rows[i][1]);
}

static void a_block_may_end_anywhere(void **state)
{
	/* Of n times 'a', as md5sum has them. */
	static const struct {
		size_t n;
		const char *digest;
	} rows[] = {
		{ 55, "ef1772b6dff9a122358552954ad0df65" },
		{ 56, "3b0c8ac703f828b04c6c197006d17218" },
		{ 57, "652b906d60af96844ebd21b674f35e93" },
		{ 63, "b06521f39153d618550606be297466d5" },
		{ 64, "014842d480b571495a4a0363793f7367" },
		{ 65, "c743a45e0d2e6a95cb859adae0248435" },
		{ 119, "8a7bd0732ed6a28ce75f6dabc90e1613" },
		{ 120, "5f61c0ccad4cac44c75ff505e1f1e537" },
		{ 128, "e510683b3f5ffe4093d021808bc6ff70" },
		{ 200, "887f30b43b2867f4a9accceee7d16e6c" },
	};
	char text[200], out[2 * MD5_BYTES + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(digest(slice_of(text, rows[i].n), out), rows[i].digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digests_of_the_rfc_come_out),
		cmocka_unit_test(a_block_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
