/*
 * sha256.h - SHA-256 (FIPS 180-4), at once or piece by piece.
 *
 * The same digest that sha256sum prints, so that what is kept under it can be
 * checked without this program. A `struct sha256` may be copied to go on in two
 * ways from one beginning. Pure functions; any thread.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/slice.h"

#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX = 2 * SHA256_BYTES + 1 };

struct sha256 {
	uint64_t opaque[13];
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *p, size_t n);
/* Once; `h` means nothing afterwards. */
void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES]);

void sha256_of(struct slice s, uint8_t out[SHA256_BYTES]);

/* Lower case, NUL-terminated; returns `out`. */
char *sha256_hex(const uint8_t digest[SHA256_BYTES], char out[SHA256_HEX]);
/* The whole text: 64 digits, lower case. */
bool sha256_parse(struct slice hex, uint8_t out[SHA256_BYTES]);

#endif
