/*
 * checks.h - the figures of one document, and the edits that need more than one of them.
 *
 * A document's figures are collected first and checked together at its end,
 * because rows may come in any order (newest month first) and twice. One thread
 * at a time.
 */
#ifndef COLLECTORS_CHECKS_H
#define COLLECTORS_CHECKS_H

#include "collectors/mapping.h"

struct series {
	struct labels *labels; /* one reference */
	const struct unit *unit;
	const struct indicator *indicator;
	uint32_t id; /* place in figures.series */
};

struct figure {
	double value; /* base unit */
	int64_t stamp_ms;
	uint32_t series;
	uint32_t line, column;
	int32_t index; /* period_index() */
	int16_t year;
	uint8_t months, flags; /* as in struct observation */
	uint16_t table;        /* of the batch, for complaints */
};

struct figures {
	struct arena *arena; /* borrowed */
	struct figure *list;
	size_t n, cap;
	struct series **series;
	size_t nseries, series_cap;
};

void figures_init(struct figures *f, struct arena *a);
void figures_release(struct figures *f); /* the labels' references */

/* Takes the reference to `labels`, also on failure. NULL: ERR_LIMIT. */
struct series *figures_series(struct figures *f, const struct unit *u, const struct indicator *i,
			      struct labels *labels, struct err *e);
int figures_add(struct figures *f, const struct figure *one, struct err *e);

/* Outside the indicator's range? Says it to `b` and gives false. */
bool check_range(const struct indicator *i, const struct figure *f, struct batch *b);

/* Drops rows that disagree, doubts year-to-date figures that fall, refuses slips of the unit, and
 * gives the rest to `b`, by series and time. -1: ERR_LIMIT, or what `history` says. */
int figures_check(struct figures *f, const struct zone *z, const struct history *history,
		  struct batch *b, struct err *e);

#endif
