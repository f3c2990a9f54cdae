/* test_authorization.c - the header Authorization, and base64. */
#include "base/authorization.h"
#include "base/secret.h"
#include "tests/lib/assert.h"

static void a_bearer_token_is_taken_in_any_case_of_the_scheme(void **state)
{
	struct slice t;

	(void)state;
	assert_true(authorization_bearer(slice_str("Bearer pw_aB-9_"), &t));
	assert_slice(t, "pw_aB-9_");
	assert_true(authorization_bearer(slice_str("bearer   a.b~c+d/e== "), &t));
	assert_slice(t, "a.b~c+d/e==");
}

static void what_is_no_bearer_token_is_refused(void **state)
{
	static const char *const bad[] = {
		"",           "Bearer",       "Bearer ",         "Bearer  ",   "Bearera",
		"Basic abc",  "Bearer a b",   "Bearer ==",       "Bearer a=b", "Bearer a\tb",
		"Bearer a,b", "Bearer \"a\"", "Bearer \xc3\xa9", " Bearer a"
	};
	struct slice t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (authorization_bearer(slice_str(bad[i]), &t))
			fail_msg("'%s' was taken", bad[i]);
}

static void basic_credentials_are_split_at_the_first_colon(void **state)
{
	struct basic_credentials c;

	(void)state;
	/* RFC 7617, section 2 */
	assert_true(authorization_basic(slice_str("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), &c));
	assert_slice(c.user, "Aladdin");
	assert_slice(c.password, "open sesame");
	assert_true(authorization_basic(slice_str("basic YTpiOmM="), &c));
	assert_slice(c.user, "a");
	assert_slice(c.password, "b:c");
	assert_true(authorization_basic(slice_str("Basic Og=="), &c));
	assert_int_equal(c.user.n, 0);
	assert_int_equal(c.password.n, 0);
}

static void broken_basic_credentials_are_refused(void **state)
{
	static const char *const bad[] = {
		"Basic ",         "Basic YTpi Yg", "Basic YTpiYw", /* no padding */
		"Basic YWJj",                                      /* no colon */
		"Basic YTpiCg==",                                  /* a line feed */
		"Basic YTpi-_==", "Bearer YTpi",
	};
	struct basic_credentials c;
	char long_one[2048] = "Basic ";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (authorization_basic(slice_str(bad[i]), &c))
			fail_msg("'%s' was taken", bad[i]);
	memset(long_one + 6, 'A', 1600);
	assert_false(authorization_basic(slice_str(long_one), &c));
}

static void base64url_has_no_padding_and_no_slash(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(base64_url("\xfb\xff\xfe", 3, out), "-__-");
	assert_string_equal(base64_url("a", 1, out), "YQ");
	assert_int_equal(base64_url_size(1), 3);
	assert_int_equal(base64_url_size(32), 44);
}

static void base64_comes_back(void **state)
{
	char text[16], bytes[8];
	size_t n;

	(void)state;
	assert_string_equal(base64("a:b", 3, text), "YTpi");
	assert_string_equal(base64("a:", 2, text), "YTo=");
	assert_true(base64_decode(slice_str("YTo="), bytes, sizeof(bytes), &n));
	assert_int_equal(n, 2);
	assert_memory_equal(bytes, "a:", 2);
	assert_false(base64_decode(slice_str("YTpiYTpiYTpi"), bytes, sizeof(bytes), &n));
}

static void random_bytes_differ(void **state)
{
	char a[32], b[32];

	(void)state;
	secret_random(a, sizeof(a));
	secret_random(b, sizeof(b));
	assert_false(secret_equal(a, b, sizeof(a)));
	assert_true(secret_equal(a, a, sizeof(a)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bearer_token_is_taken_in_any_case_of_the_scheme),
		cmocka_unit_test(what_is_no_bearer_token_is_refused),
		cmocka_unit_test(basic_credentials_are_split_at_the_first_colon),
		cmocka_unit_test(broken_basic_credentials_are_refused),
		cmocka_unit_test(base64url_has_no_padding_and_no_slash),
		cmocka_unit_test(base64_comes_back),
		cmocka_unit_test(random_bytes_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
