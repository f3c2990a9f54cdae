/*
 * reader.h - one series after the other out of a layout's layers.
 *
 * A reader keeps its place in each layer, so series asked for in rising order cost a step each,
 * and columns of times that series share are unpacked once. It may be used
 * as long as layout and transaction are; one thread at a time.
 *
 * Times of samples are the reader's own: they are given out to be read until it is asked again.
 * Whoever keeps or changes them has columns_run_own().
 */
#ifndef STORAGE_READER_H
#define STORAGE_READER_H

#include "storage/layout.h"

#include <pthread.h>

struct layer_cursor {
	const struct layer *layer;
	struct segment_reader segment;
	uint32_t at;           /* the segment that is open; UINT32_MAX: none */
	int64_t *stamps;       /* of figures: the column unpacked last … */
	const char *stamps_of; /* … and where it lies */
};

struct found_chunk {
	struct chunk k;
	const struct layer *layer;
	uint32_t segment;
};

/* Which attributes of figures lie unpacked in the reader's packer. */
struct unpacked_attributes {
	const char *of; /* where their column lies; NULL: none */
	uint32_t from, to;
};

struct reader {
	const struct layout *layout;
	struct db_txn *t;
	pthread_mutex_t *lock; /* held while the transaction is asked; NULL: it is not shared */
	struct layer_cursor *samples, *figures; /* by the layout's order */
	struct columns_scratch *scratch;
	struct figure_packer *packer;
	struct unpacked_attributes attributes;
	struct {
		struct found_chunk *list;
		uint32_t n, cap;
	} found; /* chunks of samples, in the order in which they count */
	struct {
		int64_t *t_ms;
		size_t room;
		const char **of; /* where their columns lie, n of them; room for found.cap */
		uint32_t n;
	} times;        /* of the chunks that were found, behind each other */
	double *values; /* of one chunk */
};

/* Small; what it needs is made when it is needed. */
void reader_init(struct reader *r, const struct layout *l, struct db_txn *t);
void reader_release(struct reader *r);

/* Samples with times in the range that requests up to `last_request` brought, rising in time, each
 * time once; values in the arena. ERR_LIMIT: more than fit below the arena's ceiling. */
int reader_samples(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms,
		   uint64_t last_request, struct arena *a, struct columns_run *out, struct err *e);
/* The last sample in the range of each of `n` series that rise: its time, INT64_MIN where there is
 * none (from_ms is above that), and value. Newest layers first; those that can say nothing newer
 * are not looked at. */
int reader_last(struct reader *r, const uint32_t *series, size_t n, int64_t from_ms, int64_t to_ms,
		uint64_t last_request, int64_t *t_ms, double *value, struct err *e);
/* Whether there is any; newest layers first. Without values, mostly without times. */
int reader_has_sample(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms,
		      uint64_t last_request, struct arena *scratch, bool *has, struct err *e);
/* All samples of some layers (for packing them). */
int reader_layer_samples(struct reader *r, uint32_t from_layer, uint32_t nlayers, uint32_t series,
			 struct arena *a, struct columns_run *out, struct err *e);
/* Figures with stamps in the range of submissions up to `last`, sorted (figure.h). */
int reader_figures(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms, uint64_t last,
		   struct arena *a, struct figures_run *out, struct err *e);
int reader_layer_figures(struct reader *r, uint32_t layer, uint32_t series, int64_t from_ms,
			 int64_t to_ms, struct arena *a, struct figures_run *out, struct err *e);

/* Sorts by time, in place; of samples for one time the last in the order of arrival stays. */
int columns_run_sort(struct columns_run *r, struct err *e);
/* Gives the run times of its own, in the arena. */
int columns_run_own(struct columns_run *r, struct arena *a, struct err *e);

/* --- between reader.c, reader_samples.c and reader_last.c ------------------------------------- */

struct layer_cursor *reader_cursors(struct layer *const *layers, uint32_t n, struct err *e);
/* Calls each() for the chunks of one series in one layer that overlap; it verifies their values. */
int reader_walk(struct reader *r, struct layer_cursor *c, const struct segment_want *w,
		int (*each)(void *ctx, const struct layer *l, uint32_t segment,
			    const struct chunk *k, struct err *e),
		void *ctx, struct err *e);
/* Says where it was; -1. */
int reader_wrap(const struct layer *l, uint32_t segment, struct err *e);
/* Makes what reading samples needs. */
int reader_prepare(struct reader *r, struct err *e);
/* Unpacks the times of one chunk into the reader's, unless they are there; its values likewise. */
int reader_chunk_times(struct reader *r, const struct chunk *k, struct err *e);
int reader_chunk_values(struct reader *r, const struct chunk *k, struct err *e);

/* The first of rising times that is not before. */
static inline size_t first_at(const int64_t *t, size_t n, int64_t from_ms)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t[mid] < from_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#endif
