/*
 * http_params.h - what follows the "?" of a URL, and forms.
 *
 * Pure functions over bytes from outside; any thread. Results live in the arena.
 * ERR_INVALID says which parameter and what is wrong with it, ERR_LIMIT that
 * there are too many or that they are too large.
 */
#ifndef LOOP_HTTP_PARAMS_H
#define LOOP_HTTP_PARAMS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum { HTTP_PARAMS_MAX = 1000 };

struct http_param {
	struct slice name, value; /* percent-decoded, valid UTF-8, without NUL */
};

/* "a=1&b=%E5%9B%AD+2" of a query or an x-www-form-urlencoded body, without the "?". Empty
 * pieces are skipped, a piece without "=" has an empty value. The parameters are appended to
 * the *n there are at *out already (0 and NULL at first). */
int http_params_parse(struct slice query, struct arena *a, struct http_param **out, size_t *n,
		      struct err *e);

/* A URL's path: percent-decoded ("+" stays), valid UTF-8, without NUL. */
int http_path_decode(struct slice raw, struct arena *a, struct slice *out, struct err *e);

#endif
