/* sha256.c - see sha256.h; the arithmetic is libsodium's. */
#include "base/sha256.h"

#include "base/spool.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256), "no room for the state");
_Static_assert(_Alignof(struct sha256) >= _Alignof(crypto_hash_sha256_state), "badly aligned");
_Static_assert((int)SHA256_BYTES == (int)crypto_hash_sha256_BYTES, "another digest");

static crypto_hash_sha256_state *state_of(struct sha256 *h)
{
	return (crypto_hash_sha256_state *)(void *)h->opaque;
}

void sha256_init(struct sha256 *h)
{
	crypto_hash_sha256_init(state_of(h));
}

void sha256_add(struct sha256 *h, const void *p, size_t n)
{
	if (n)
		crypto_hash_sha256_update(state_of(h), p, n);
}

void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES])
{
	crypto_hash_sha256_final(state_of(h), out);
}

void sha256_of(struct slice s, uint8_t out[SHA256_BYTES])
{
	struct slice step = { 0 };
	struct sha256 h;

	sha256_init(&h);
	while (spool_step(&s, &step))
		sha256_add(&h, step.p, step.n);
	sha256_end(&h, out);
}

char *sha256_hex(const uint8_t digest[SHA256_BYTES], char out[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[SHA256_HEX - 1] = '\0';
	return out;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sha256_parse(struct slice hex, uint8_t out[SHA256_BYTES])
{
	if (hex.n != SHA256_HEX - 1)
		return false;
	for (int i = 0; i < SHA256_BYTES; i++) {
		int high = digit_of(hex.p[2 * i]), low = digit_of(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
