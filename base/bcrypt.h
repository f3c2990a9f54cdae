/*
 * bcrypt.h - passwords that are kept as bcrypt's hashes ("$2a$", "$2b$", "$2y$").
 *
 * libcrypt does the work, which is meant to be slow: a twentieth of a second at cost 10,
 * twice as much with each more. Any thread, never the loop's.
 */
#ifndef BASE_BCRYPT_H
#define BASE_BCRYPT_H

#include "base/err.h"
#include "base/slice.h"

enum { BCRYPT_COST_MAX = 15 };

/* Form, alphabet and cost of a hash. ERR_INVALID, ERR_LIMIT; the hash is not quoted. */
int bcrypt_check(struct slice hash, struct err *e);
/* As elsewhere the password counts to its 72nd byte. false also when there is no memory. */
bool bcrypt_fits(const char *hash, struct slice password);

#endif
