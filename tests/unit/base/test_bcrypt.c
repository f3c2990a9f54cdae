/* test_bcrypt.c - hashes of passwords. The vectors are those of crypt_blowfish 1.3 (wrapper.c). */
#include "base/bcrypt.h"
#include "tests/lib/assert.h"

static void published_hashes_fit_their_passwords(void **state)
{
	static const struct {
		const char *hash, *password;
	} table[] = {
		{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U" },
		{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*" },
		{ "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U" },
		{ "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "\xff\xff\xa3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct err e;

		assert_ok(bcrypt_check(slice_str(table[i].hash), &e), &e);
		if (!bcrypt_fits(table[i].hash, slice_str(table[i].password)))
			fail_msg("%s does not fit", table[i].hash);
		assert_false(bcrypt_fits(table[i].hash, slice_str("U*V")));
	}
}

static void what_is_no_bcrypt_hash_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"secret",
		"$1$abc$def",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
		"$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2a$5.$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC:E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(bcrypt_check(slice_str(bad[i]), &e), &e, ERR_INVALID,
			     "no bcrypt hash");
	assert_fails(
		bcrypt_check(
			slice_str("$2a$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
			&e),
		&e, ERR_LIMIT, "cost 16");
	assert_false(bcrypt_fits("secret", slice_str("secret")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_hashes_fit_their_passwords),
		cmocka_unit_test(what_is_no_bcrypt_hash_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
