/*
 * regex_replace.h - a text made anew out of the groups of a regular expression.
 *
 * The pattern must match the whole text, as in regex.h. In the template $1, ${1}, $name and ${name}
 * stand for groups, $$ for a dollar, as Go's regexp.Expand has it: a name is as long as it can be,
 * one that is not there is empty, a dollar that begins no name stays.
 *
 * A struct regex_replace does not change once it is made; any number of threads.
 */
#ifndef BASE_REGEX_REPLACE_H
#define BASE_REGEX_REPLACE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct regex_replace;

/* Errors as regex_new(). The pattern is copied. */
struct regex_replace *regex_replace_new(struct slice pattern, struct err *e);
void regex_replace_free(struct regex_replace *re); /* NULL is nothing */

/* Whether `text` matches; then what the template gives is appended to `out`. */
bool regex_replace_text(const struct regex_replace *re, struct slice text, struct slice template,
			struct buf *out);

#endif
