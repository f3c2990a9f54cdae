/*
 * checks.h - the figures of one document, and the edits that need more than one of them.
 *
 * A document's figures are collected first and checked together at its end,
 * because rows may come in any order (newest month first) and twice. One thread
 * at a time. docs/feeds.md says what is looked for; the edits themselves are in edits_*.c.
 */
#ifndef COLLECTORS_CHECKS_H
#define COLLECTORS_CHECKS_H

#include "collectors/mapping.h"
#include "collectors/pairs.h"

struct series {
	struct labels *labels; /* one reference */
	const struct unit *unit;
	const struct indicator *indicator;
	uint32_t id;     /* place in figures.series */
	size_t first, n; /* its figures, by time, once they are laid out */
	uint32_t round;  /* of edits_totals.c: met in this sum */
	bool asked;      /* what is stored of it was looked up: */
	struct past *past;
	size_t npast;
};

struct figure {
	double value; /* base unit; figure_no_value() when it is suppressed, see figure_is_secret()
		       */
	double half;  /* of the last decimal that was written, base unit */
	int64_t stamp_ms;
	uint32_t series;
	uint32_t line, column;
	int32_t index; /* period_index() */
	int16_t year;
	uint8_t months, flags; /* as in struct observation */
	uint16_t table;        /* of the batch, for complaints */
	bool dropped;          /* refused before figures were held against each other */
	bool doomed;           /* refused, but the others are still held against it */
	bool in_panel;         /* the panel of its period has been looked at */
	uint8_t why;           /* it was refused: enum refusal + 1; else 0 */
};

/* In, without a value: nothing can be held against it. */
static inline bool figure_is_secret(const struct figure *f)
{
	return f->flags & FIGURE_SUPPRESSED;
}

/* What stands in a column of a table. */
enum column_cell {
	COLUMN_PART,     /* the figure of a unit */
	COLUMN_SUBTOTAL, /* 小计: of the parts since the one before */
	COLUMN_TOTAL,    /* 合计: of all parts */
	COLUMN_HOLE, /* of a unit that is not known, or no number: the sum is not known either */
};

/* One that is no figure. */
struct column_entry {
	const struct indicator *indicator;
	enum column_cell what;
	struct figure f; /* of no series */
};

enum { NO_TABLE = -1 };

struct figures {
	struct arena *arena; /* borrowed */
	struct figure *list;
	size_t n, cap;
	size_t expected; /* if there are many: about so many; 0: not known */
	struct series **series;
	size_t nseries, series_cap;
	bool portion;           /* of a large document, so peers are those that are in it */
	size_t panel_questions; /* at most, of one document */
	/* The tables that have cells in a portion before, and perhaps in the next; or NO_TABLE. */
	int table_before, table_after;
	struct pairs by_pair; /* unit and indicator to series */
	struct column_entry *entries;
	size_t nentries, entries_cap, ntotals;
};

void figures_init(struct figures *f, struct arena *a);
void figures_release(struct figures *f); /* the labels' references */

/* That of the unit and the indicator, made when it is not there. NULL: ERR_LIMIT, ERR_MEMORY. */
struct series *figures_series(struct figures *f, const struct unit *u, const struct indicator *i,
			      struct err *e);
int figures_add(struct figures *f, const struct figure *one, struct err *e);
int figures_entry(struct figures *f, const struct column_entry *one, struct err *e);

/* Refuses rows that disagree and what fails a hard edit, doubts what fails a soft one, and gives
 * the rest to `b`, by series and time. -1: ERR_LIMIT, or what `history` says. */
int figures_check(struct figures *f, const struct catalogue *c, const struct history *history,
		  struct batch *b, struct err *e);

#endif
