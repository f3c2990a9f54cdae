/*
 * authorization.h - the request header of that name (RFC 9110, section 11.6.2).
 *
 * Two schemes: "Bearer" with a token (RFC 6750, section 2.1) and "Basic" with user and
 * password (RFC 7617). Pure functions; any thread.
 */
#ifndef BASE_AUTHORIZATION_H
#define BASE_AUTHORIZATION_H

#include "base/slice.h"

/* The scheme in any case, blanks, and one token of RFC 9110's characters, within `header`. */
bool authorization_bearer(struct slice header, struct slice *token);

enum { BASIC_BYTES = 512 };

struct basic_credentials {
	char bytes[BASIC_BYTES]; /* "user:password", to be wiped */
	struct slice user, password;
};

/* Refuses control characters and what is longer than BASIC_BYTES - 1. */
bool authorization_basic(struct slice header, struct basic_credentials *out);

#endif
