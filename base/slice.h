/*
 * slice.h - a run of bytes somebody else owns.
 *
 * A slice is a pointer and a length. It never owns and is not terminated by a
 * NUL; print one with "%.*s" and SLICE_FMT(). Every text that crosses a module
 * border is UTF-8 unless its name says otherwise.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE_FMT(s) (int)(s).n, (s).p

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){ .p = p, .n = n };
}

/* A NULL text gives an empty slice. */
static inline struct slice slice_str(const char *text)
{
	return (struct slice){ .p = text ? text : "", .n = text ? strlen(text) : 0 };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
	return slice_eq(a, slice_str(text));
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

static inline bool slice_ends(struct slice a, const char *suffix)
{
	size_t n = strlen(suffix);

	return a.n >= n && memcmp(a.p + a.n - n, suffix, n) == 0;
}

/* Byte order, shorter first where one is the other's beginning. */
static inline int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

/* Without the first `n` bytes; n may not exceed the length. */
static inline struct slice slice_skip(struct slice a, size_t n)
{
	return slice_of(a.p + n, a.n - n);
}

/* The first `max` bytes at most; a UTF-8 character at the cut goes as a whole. */
static inline struct slice slice_cut(struct slice a, size_t max)
{
	if (a.n <= max)
		return a;
	while (max > 0 && ((unsigned char)a.p[max] & 0xc0) == 0x80)
		max--;
	return slice_of(a.p, max);
}

#endif
