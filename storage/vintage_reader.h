/*
 * vintage_reader.h - what is known of the periods of one series after the other, as a view shows
 * it.
 *
 * Figures come out of a layout (reader.h); when they were released their submissions say, which
 * are looked up once a reader. Belongs to a view of the store and is used as long as that is open,
 * by one thread at a time; several may share the view when they share its lock.
 */
#ifndef STORAGE_VINTAGE_READER_H
#define STORAGE_VINTAGE_READER_H

#include "storage/store_impl.h"

/* Until when a reader may go on. */
struct deadline {
	int64_t end_ns, ms; /* ms: as it was asked for */
};
/* ERR_TIMEOUT when it is over … */
int deadline_check(const struct deadline *d, struct err *e);
/* … and that by itself. */
int deadline_over(const struct deadline *d, struct err *e);

/* Submission to release. */
struct release_cache {
	uint64_t *sequence; /* 0: empty place */
	int64_t *released_ms;
	size_t n, cap; /* cap: a power of two */
};

struct vintage_reader {
	struct reader reader;
	const struct view_of_store *view;
	const struct deadline *deadline;
	unsigned records; /* seen since the clock was looked at */
	struct release_cache releases;
	struct vintage *group; /* vintages of one period */
	size_t group_cap;
	struct arena arena; /* for one call */
};

/* Small; what it needs is made when it is needed. `lock` as in reader.h. */
void vintage_reader_init(struct vintage_reader *r, const struct view_of_store *v,
			 const struct deadline *d, pthread_mutex_t *lock);
void vintage_reader_release(struct vintage_reader *r);

/* As snapshot_figures(), snapshot_last_figure() and snapshot_history() (store.h), of a series that
 * is known to be a statistic. Errors about its values begin with its labels. */
int vintage_reader_figures(struct vintage_reader *r, uint32_t series, int64_t from_ms,
			   int64_t to_ms, struct view view, struct arena *a, struct vintage **out,
			   size_t *n, struct err *e);
int vintage_reader_last(struct vintage_reader *r, uint32_t series, int64_t at_ms, struct view view,
			struct vintage *out, bool *found, struct err *e);
int vintage_reader_history(struct vintage_reader *r, uint32_t series, int64_t from_ms,
			   int64_t to_ms, struct arena *a, struct vintage **out, size_t *n,
			   struct err *e);

/* Puts the labels of the series in front of an error about its values; -1. */
int vintage_reader_name(struct vintage_reader *r, uint32_t series, struct err *e);

#endif
