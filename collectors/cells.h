/*
 * cells.h - what a single cell of a report says.
 *
 * Pure functions; any thread. Texts are UTF-8.
 */
#ifndef COLLECTORS_CELLS_H
#define COLLECTORS_CELLS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#include <stdint.h>

/* text_trim(), without the cost for cells that have nothing to trim. */
static inline struct slice cell_trim(struct slice s)
{
	unsigned char first, last;

	if (s.n == 0)
		return s;
	first = (unsigned char)s.p[0];
	last = (unsigned char)s.p[s.n - 1];
	if (first > ' ' && first < 0x80 && last > ' ' && last < 0x80)
		return s;
	return text_trim(s);
}

/* No figure: empty, dashes, dots of omission, x, NA. `s` is trimmed. */
bool cell_missing(struct slice s);

/* A number as offices write it, taken apart. */
struct cell_number {
	struct slice number;  /* for num_parse_scaled(); in `a` or within the cell */
	struct slice measure; /* what stands behind it: "%", "亿元"; may be empty */
	bool full_width;      /* had full-width characters */
	bool minus;           /* written as accountants do: (12.3), △12.3 */
};

/* Taken: 1234.5, -1.5e3, 1,234.5 (groups of three), full-width digits and signs, U+2212, (12.3) and
 * △12.3 for a minus, a measure behind. ERR_INVALID in a sentence: blanks inside, NaN, infinity,
 * hexadecimal, a spreadsheet's error. The number itself is checked by who parses it. ERR_MEMORY
 * says nothing of the cell. */
int cell_number(struct slice s, struct arena *a, struct cell_number *out, struct err *e);

/* The next of several words of a cell, cut off: blanks, commas, semicolons, slashes and 、 part
 * them. It may be empty. */
struct slice cell_word(struct slice *rest);

/* Words and letters of a flag column to enum figure_flag: p, r, e, 初步, 修订, 估计 … ERR_INVALID
 * names the word that is not known. */
int cell_flags(struct slice s, uint8_t *flags, struct err *e);

#endif
