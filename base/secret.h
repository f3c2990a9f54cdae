/*
 * secret.h - what nobody may guess, or learn from how long we take.
 *
 * libsodium's random bytes, comparison, wiping and base64 (RFC 4648), in one place.
 * Any thread.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/slice.h"

void secret_random(void *p, size_t n);
/* Takes as long whether they differ in the first byte or nowhere. */
bool secret_equal(const void *a, const void *b, size_t n);
/* Overwrites, also where the compiler sees no use of it. */
void secret_wipe(void *p, size_t n);

/* With '-' and '_' and without padding, NUL-terminated: out has base64_url_size(n) bytes. */
static inline size_t base64_url_size(size_t n)
{
	return (n * 4 + 2) / 3 + 1;
}
char *base64_url(const void *p, size_t n, char *out);
/* The usual alphabet with padding, NUL-terminated: out has base64_size(n) bytes. */
static inline size_t base64_size(size_t n)
{
	return (n + 2) / 3 * 4 + 1;
}
char *base64(const void *p, size_t n, char *out);
/* The same back. false: it is none, or it has more than `max` bytes. */
bool base64_decode(struct slice text, void *out, size_t max, size_t *n);

#endif
