/* test_http_tls.c - an identity from PEM texts. */
#include "loop/http_tls.h"
#include "tests/lib/assert.h"
#include "tests/lib/pem.h"

static struct http_tls_options options(void)
{
	return (struct http_tls_options){ .cert = slice_str(pem_cert_a),
					  .key = slice_str(pem_key_a),
					  .min = TLS_1_2,
					  .max = TLS_1_3 };
}

static void a_certificate_with_its_key_is_an_identity(void **state)
{
	struct http_tls_options o = options();
	struct err e;
	struct http_tls *t = http_tls_new(&o, &e);

	(void)state;
	assert_non_null(t);
	assert_int_equal(http_tls_expiry_s(t), PEM_A_EXPIRY_S);
	http_tls_unref(t);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
	struct http_tls_options o = options();
	struct err e;

	(void)state;
	o.key = slice_str(pem_key_b);
	assert_null(http_tls_new(&o, &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_has(e.text, "the key is not that of the certificate");
}

static void texts_that_are_no_pem_are_refused(void **state)
{
	struct http_tls_options o = options();
	struct err e;

	(void)state;
	o.cert = slice_str("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n");
	assert_null(http_tls_new(&o, &e));
	assert_has(e.text, "the certificate cannot be read");
	o = options();
	o.key = slice_str("");
	assert_null(http_tls_new(&o, &e));
	o = options();
	o.client = TLS_CLIENT_REQUIRED;
	o.client_ca = slice_str("nobody");
	assert_null(http_tls_new(&o, &e));
	assert_has(e.text, "clients' authority");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_with_its_key_is_an_identity),
		cmocka_unit_test(a_key_of_another_certificate_is_refused),
		cmocka_unit_test(texts_that_are_no_pem_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
