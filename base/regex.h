/*
 * regex.h - regular expressions of label matchers: RE2's syntax, the whole text.
 *
 * As in Prometheus a pattern must match from the first to the last byte, `.` matches a
 * newline too, and `^` and `$` add nothing. Matching takes time in proportion to the
 * text, whatever the pattern; a compiled pattern takes 8 MiB at most.
 *
 * What most patterns are is recognised and answered without RE2: a list of texts
 * (`a`, `a|b`, `(a|b)`, ``) and a text with anything behind it (`a.*`, `a.+`, `.*`,
 * `.+`). An index asks for these to look values up rather than try each of them.
 *
 * A struct regex does not change once it is made and may be used from any number of
 * threads. Texts are valid UTF-8, as label values are.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/err.h"
#include "base/slice.h"

enum { REGEX_MAX_BYTES = 4096 };

enum regex_kind {
	REGEX_LITERALS, /* one of regex_literals() */
	REGEX_PREFIX,   /* regex_prefix() and anything, also nothing, behind it */
	REGEX_LONGER,   /* regex_prefix() and at least one character more */
	REGEX_OTHER,    /* RE2 has to be asked; the text begins with regex_prefix() */
};

struct regex;

/* NULL with ERR_INVALID (not UTF-8, or what RE2 says is wrong with it), ERR_LIMIT (too
 * long, or too large when compiled), ERR_MEMORY. The pattern is copied. */
struct regex *regex_new(struct slice pattern, struct err *e);
void regex_free(struct regex *re); /* NULL is nothing */

bool regex_match(const struct regex *re, struct slice text);

enum regex_kind regex_kind(const struct regex *re);
/* The texts it matches and their number, sorted, none twice; 0 unless REGEX_LITERALS. */
size_t regex_literals(const struct regex *re, const struct slice **out);
/* What every text that matches begins with; may be empty. */
struct slice regex_prefix(const struct regex *re);
/* Whether it matches the empty text: then a label may be absent. */
bool regex_matches_empty(const struct regex *re);
struct slice regex_pattern(const struct regex *re);

#endif
