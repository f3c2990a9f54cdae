/* secret.c - see secret.h; all of it is libsodium's. */
#include "base/secret.h"

#include <sodium.h>
#include <stdlib.h>

void secret_random(void *p, size_t n)
{
	/* Opens the system's source once, for all threads; without one nothing may go on. */
	if (sodium_init() < 0)
		abort();
	randombytes_buf(p, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void secret_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

char *base64_url(const void *p, size_t n, char *out)
{
	return sodium_bin2base64(out, base64_url_size(n), p, n,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

char *base64(const void *p, size_t n, char *out)
{
	return sodium_bin2base64(out, base64_size(n), p, n, sodium_base64_VARIANT_ORIGINAL);
}

bool base64_decode(struct slice text, void *out, size_t max, size_t *n)
{
	const char *end = NULL;

	return sodium_base642bin(out, max, text.p, text.n, NULL, n, &end,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       end == text.p + text.n;
}
