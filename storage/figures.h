/*
 * figures.h - writing observations beside what is known of their periods.
 *
 * The writer's thread only.
 */
#ifndef STORAGE_FIGURES_H
#define STORAGE_FIGURES_H

#include "storage/fresh.h"
#include "storage/reader.h"

enum figure_result { FIGURE_FRESH, FIGURE_NEW_VINTAGE, FIGURE_UNCHANGED };

/* Sorted, in an array with a gap. */
struct known_figures {
	struct figure *list;
	size_t cap;
	size_t before, behind; /* the gap */
};

struct figure_writer {
	struct db_txn *t;
	struct reader *reader;
	uint64_t sequence;              /* the submission being written … */
	int64_t submission_released_ms; /* … and its release, 0: none */
	struct arena *arena;
	struct known_figures known; /* of the series in hand */
};

/* Takes a series in hand: reads what is known of its periods from `from_ms` to `to_ms`. */
int figure_writer_begin(struct figure_writer *fw, uint32_t series, int64_t from_ms, int64_t to_ms,
			struct err *e);
/* Puts `f` among them unless it repeats its predecessor. A known-from that is our clock's is moved
 * up to that of the last value that our clock stamped for the period: a clock that was set back
 * must not put a correction behind the value it corrects. */
int figure_writer_add(struct figure_writer *fw, struct figure *f, enum figure_result *what,
		      struct err *e);

#endif
