/*
 * series.h - all series in memory: labels to id, id to labels, and the postings.
 *
 * Ids run from 1 without gaps. The writer's thread adds series before it commits
 * the transaction that makes them; readers are told how many series their
 * transaction knew and see no others, so what is taken back was never seen. Any
 * number of readers run while the writer adds: a read-write lock, held for the
 * time of one look-up.
 *
 * A struct series and its labels live until the index is released.
 */
#ifndef STORAGE_SERIES_H
#define STORAGE_SERIES_H

#include "base/matcher.h"
#include "storage/db.h"
#include "storage/postings.h"
#include "storage/store.h"

#include <pthread.h>

struct series {
	struct labels *labels;
	uint32_t id;
	bool statistic;
	/* Records and digest of the tally for which all records were last found present. */
	_Atomic uint64_t present;
};

struct series_index {
	pthread_rwlock_t lock;
	struct map by_labels; /* key: the bytes of the interned pointer */
	struct series **list; /* list[id - 1] */
	uint32_t n, cap;
	struct postings postings;
};

int series_index_init(struct series_index *x, struct err *e);
void series_index_release(struct series_index *x);

/* Adds all series with ids from n + 1 up to `upto` that the transaction has. ERR_CORRUPT
 * when one is missing or damaged. */
int series_index_load(struct series_index *x, struct db_txn *t, uint32_t upto, struct err *e);

/* Adds one with the next id; takes a reference of the labels. */
int series_index_add(struct series_index *x, struct labels *ls, bool statistic, uint32_t *id,
		     struct err *e);
/* Takes back all with ids above `n`. */
void series_index_truncate(struct series_index *x, uint32_t n);

uint32_t series_index_count(struct series_index *x);
/* NULL when there is none (with an id up to `max`). */
const struct series *series_by_labels(struct series_index *x, const struct labels *ls,
				      uint32_t max);
struct series *series_by_id(struct series_index *x, uint32_t id, uint32_t max);

/* The ones that meet all matchers, by labels in order, in the arena. */
int series_select(struct series_index *x, uint32_t max, const struct matcher *m, size_t nm,
		  struct arena *a, const struct series ***out, size_t *n, struct err *e);
int series_label_names(struct series_index *x, uint32_t max, const struct matcher *m, size_t nm,
		       struct arena *a, struct slice **out, size_t *n, struct err *e);
int series_label_values(struct series_index *x, uint32_t max, struct slice name,
			const struct matcher *m, size_t nm, struct arena *a, struct slice **out,
			size_t *n, struct err *e);

/* The record. */
int series_put(struct db_txn *t, uint32_t id, const struct labels *ls, bool statistic,
	       struct err *e);
/* A verified record; one reference to the labels for the caller. */
int series_read(struct slice value, struct labels **ls, bool *statistic, struct err *e);

/* Labels as a person writes them, cut to fit. */
enum { SERIES_TEXT = 160 };
char *series_text(const struct labels *ls, char out[SERIES_TEXT]);

#endif
