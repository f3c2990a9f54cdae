/*
 * regex_re2.h - RE2 with a C face. Only regex.c needs it.
 *
 * Implemented in C++ (regex_re2.cc); no exception leaves it.
 */
#ifndef BASE_REGEX_RE2_H
#define BASE_REGEX_RE2_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct regex_re2;

enum regex_re2_result {
	REGEX_RE2_OK,
	REGEX_RE2_BAD,    /* `text` says what is wrong */
	REGEX_RE2_LARGE,  /* over the limit of memory */
	REGEX_RE2_MEMORY, /* the system has none */
};

/* Compiles p[0 … n). On REGEX_RE2_BAD the reason is in text, NUL-terminated. */
enum regex_re2_result regex_re2_new(const char *p, size_t n, struct regex_re2 **out, char *text,
				    size_t text_bytes);
void regex_re2_free(struct regex_re2 *re);

/* 1 when all of p[0 … n) matches, else 0 (also when there is no memory to say). */
int regex_re2_match(const struct regex_re2 *re, const char *p, size_t n);

/* The same with groups: start[i] and bytes[i] of group i (0: all of it) for i in [0, n); a group
 * that took no part has start NULL. Never more groups than there are, plus one, are asked for. */
int regex_re2_groups(const struct regex_re2 *re, const char *p, size_t len, const char **start,
		     size_t *bytes, size_t n);
size_t regex_re2_group_count(const struct regex_re2 *re);
/* The number of a group with a name, 0: there is none. */
size_t regex_re2_group_named(const struct regex_re2 *re, const char *name, size_t n);

#ifdef __cplusplus
}
#endif

#endif
