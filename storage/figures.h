/*
 * figures.h - writing one observation beside what is known of its period.
 *
 * The writer's thread only.
 */
#ifndef STORAGE_FIGURES_H
#define STORAGE_FIGURES_H

#include "storage/tally.h"
#include "storage/vintage.h"
#include "storage/walk.h"

enum figure_result { FIGURE_FRESH, FIGURE_NEW_VINTAGE, FIGURE_UNCHANGED };

struct figure_writer {
	struct db_txn *t;
	struct walk *w;                 /* over DB_FIGURES, in the same transaction */
	uint64_t sequence;              /* the submission being written … */
	int64_t submission_released_ms; /* … and its release, 0: none */
};

/* Writes `f` unless it repeats its predecessor. A known-from that is our clock's is moved up to
 * that of the last value that our clock stamped for the period: a clock that was set back must
 * not put a correction behind the value it corrects. The tally is changed, not written. */
int figure_append(struct figure_writer *fw, struct figure *f, struct tally *y,
		  enum figure_result *what, struct err *e);

#endif
