/*
 * diag.h - a list of complaints about a text, each with its place.
 *
 * A catalogue with thirty mistakes is answered with thirty lines at once:
 *
 *     catalogue.yaml:17:9: unknown key 'contry', one of: county, id, league, name, type
 *
 * One line each: control characters in a complaint show as '?'.
 * Entries live in the list's arena. At most `max` are kept, the rest counted.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/arena.h"
#include "base/err.h"

#include <stdio.h>

struct diag {
	const char *file;
	unsigned line, column; /* from 1; 0 when the place is the whole file */
	const char *text;
};

struct diags {
	struct arena *arena; /* borrowed */
	struct diag *list;
	size_t n, cap;
	size_t max;
	size_t left_out;
};

void diags_init(struct diags *d, struct arena *arena, size_t max);
void diag_add(struct diags *d, const char *file, unsigned line, unsigned column, const char *fmt,
	      ...) __attribute__((format(printf, 5, 6)));

/* One line each, "file:line:column: text". */
void diags_print(const struct diags *d, FILE *to);

/* ERR_INVALID with the first complaint and the number of the others; 0 if none. */
int diags_check(const struct diags *d, struct err *e);

#endif
