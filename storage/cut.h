/*
 * cut.h - taking plain samples out of partitions: deleting series, retention.
 *
 * A partition that holds something to be taken out is written anew without it. Only the packer's
 * thread does that; others ask and wait.
 */
#ifndef STORAGE_CUT_H
#define STORAGE_CUT_H

#include "storage/store_impl.h"

/* What is to go of each series. */
struct cut {
	/* false: nothing of this series. Times, both ends included. */
	bool (*range)(const void *ctx, uint32_t series, int64_t *from_ms, int64_t *to_ms);
	const void *ctx;
};

/* Partitions of samples for which wanted() says so are written anew. *samples: how many went. */
int cut_partitions(struct store *s, const struct cut *c,
		   bool (*wanted)(const struct layer *l, const void *ctx), uint64_t *samples,
		   struct err *e);

/* The packer's thread, when it is time: what is too old or too much by the rules of
 * store_set_retention(). */
int cut_retain(struct store *s, int64_t now_ms, struct err *e);

#endif
