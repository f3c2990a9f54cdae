/*
 * refused.h - figures that came and were refused, by the figure they would have been.
 *
 * A submission leaves one for each of its refused figures of which unit, indicator and period were
 * understood (struct refused_cell), REFUSED_OF_APPEND_MAX at most, and REFUSED_OF_CELL_MAX of one
 * figure in all; the others are counted in the submission alone. They say that something came and
 * why it could not be taken, which no figure does. Written with the submission, also with one that
 * was refused as a whole, never changed, and kept for ever.
 *
 * They are found by labels and not by the number of a series: of a figure that never was any there
 * may be no series.
 */
#ifndef STORAGE_REFUSED_H
#define STORAGE_REFUSED_H

#include "base/arena.h"
#include "base/err.h"
#include "base/labels.h"

enum {
	REFUSED_OF_APPEND_MAX = 1000,
	REFUSED_OF_CELL_MAX = 8,
	REFUSED_REASON_MAX = 64, /* bytes */
};

struct snapshot;

struct refused_figure {
	const struct labels *labels; /* of snapshot_all_refused(); else NULL */
	int64_t stamp_ms, received_ms;
	uint64_t submission;
	const char *reason; /* the word: "range" */
};

/* Those of one series with stamps in [from, to], by stamp, then submission; in the arena. */
int snapshot_refused(struct snapshot *v, const struct labels *labels, int64_t from_ms,
		     int64_t to_ms, struct arena *a, struct refused_figure **out, size_t *n,
		     struct err *e);
/* All there are, in no order that means anything. */
int snapshot_all_refused(struct snapshot *v, struct arena *a, struct refused_figure **out,
			 size_t *n, struct err *e);

#endif
