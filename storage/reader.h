/*
 * reader.h - one series after the other out of a layout's layers.
 *
 * A reader keeps its place in each layer, so series asked for in rising order cost a step each,
 * and columns of times that series share are unpacked once. It may be used
 * as long as layout and transaction are; one thread at a time.
 */
#ifndef STORAGE_READER_H
#define STORAGE_READER_H

#include "storage/layout.h"

#include <pthread.h>

struct layer_cursor {
	const struct layer *layer;
	struct segment_reader segment;
	uint32_t at;       /* the segment that is open; UINT32_MAX: none */
	uint32_t times_of; /* column whose times lie in the reader's; UINT32_MAX: none */
	int64_t *times;
};

struct reader {
	const struct layout *layout;
	struct db_txn *t;
	pthread_mutex_t *lock; /* held while the transaction is asked; NULL: it is not shared */
	struct layer_cursor *samples, *figures; /* by the layout's order */
	struct columns_scratch *scratch;
	struct figure_packer *packer;
	double *values;
};

/* Small; what it needs is made when it is needed. */
void reader_init(struct reader *r, const struct layout *l, struct db_txn *t);
void reader_release(struct reader *r);

/* Samples with times in the range that requests up to `last_request` brought, rising in time, each
 * time once, added to *out in the arena. */
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
/* As reader_samples() from the first `nlayers` layers only (for packing them). */
int reader_layer_samples(struct reader *r, uint32_t from_layer, uint32_t nlayers, uint32_t series,
			 int64_t from_ms, int64_t to_ms, struct arena *a, struct columns_run *out,
			 struct err *e);
/* Figures with stamps in the range of submissions up to `last`, sorted (figure.h). */
int reader_figures(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms, uint64_t last,
		   struct arena *a, struct figures_run *out, struct err *e);
int reader_layer_figures(struct reader *r, uint32_t layer, uint32_t series, int64_t from_ms,
			 int64_t to_ms, struct arena *a, struct figures_run *out, struct err *e);

/* Sorts by time; of samples for one time the last in the order of arrival stays. `from` is where to
 * begin. */
int columns_run_sort(struct columns_run *r, size_t from, struct err *e);

/* --- between reader.c and reader_last.c ------------------------------------------------------- */

/* Makes what reading samples needs. */
int reader_prepare(struct reader *r, struct err *e);
/* Calls each() for the chunks of one series in one layer that overlap. */
int reader_walk(struct reader *r, struct layer_cursor *c, const struct segment_want *w,
		int (*each)(void *ctx, struct layer_cursor *c, const struct chunk *k,
			    uint32_t times_column, struct err *e),
		void *ctx, struct err *e);
/* Unpacks the times of a chunk, unless they are the cursor's already. */
int reader_times(const struct reader *r, struct layer_cursor *c, const struct chunk *k,
		 uint32_t column, struct err *e);

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
