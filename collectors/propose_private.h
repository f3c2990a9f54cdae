/*
 * propose_private.h - what the parts of a proposal share. Private to propose*.c; propose.h says
 * what a proposal is and when it may be asked for.
 *
 *     propose.c         tries what is possible with each header, and keeps the best
 *     propose_places.c  where each axis may stand
 *     propose_print.c   the layout as configuration
 */
#ifndef COLLECTORS_PROPOSE_PRIVATE_H
#define COLLECTORS_PROPOSE_PRIVATE_H

#include "collectors/propose.h"
#include "collectors/sample.h"

enum {
	PLACES_MOST = 6, /* where one axis may stand */
	TRIED_MOST = 64,
	TRIED_ROWS = 2000,
	ARENA_BYTES = 64 << 20,
	IGNORED_MOST = 32,
};

struct places {
	struct axis list[PLACES_MOST];
	size_t n;
};

struct proposing {
	const struct document *doc;
	const struct catalogue *cat;
	struct arena *arena;
	struct samples samples;
	struct sample *sample; /* the table that has most rows with figures */
	struct places places[AXES];
	const char *sheet[1]; /* its name */
	const char **ignored;
	size_t nignored;
	struct proposal *best;
	unsigned tried; /* with this header */
	size_t refused; /* most figures that were refused where none was kept, */
	char why[200];  /* and the first reason */
	bool failed;    /* no memory */
};

static inline unsigned propose_kinds_at(const struct sample *s, size_t row, size_t column)
{
	return column < s->rows[row].n ? s->kinds[row][column] : 0;
}

/* All places with the header that the sample has now, to x->places. */
void propose_look(struct proposing *x);
/* A copy that stays; "" with x->failed when there is no memory. */
const char *propose_text(struct proposing *x, struct slice s);
/* The unit whose name stands within the text, the longest of them; NULL when there is none. */
const struct unit *propose_unit_within(const struct proposing *x, struct slice text);
/* Whether a column so headed holds numbers of rows, or figures of something else than the period.
 */
bool propose_is_no_value(struct slice heading);
/* 数值, 完成额, 本期 and nothing else. */
bool propose_is_value_word(struct proposing *x, struct slice heading);

#endif
