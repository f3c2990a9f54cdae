/*
 * packing.h - making runs and partitions out of what is new (packing.c); pack.c says when.
 *
 * The packer's thread only.
 */
#ifndef STORAGE_PACKING_H
#define STORAGE_PACKING_H

#include "storage/store_impl.h"

enum { CHUNK_SAMPLES = 4096 }; /* of one chunk at most: what a reader unpacks at once */

/* All samples of a sealed generation as a run file. NULL: nothing is left of it. */
struct layer *generation_to_run(const char *dir, struct generation *g, struct err *e);

/* A partition under construction: segments go to the writer's thread in pieces. */
struct partition_writer {
	struct store *s;
	enum segment_kind kind;
	uint32_t number;
	struct segment_writer *w;
	struct buf pending; /* segments not handed over yet */
	uint32_t sent;      /* segments that were */
	struct segment_entry *entries;
	uint32_t n, cap;
	/* What it is made from; its transaction is given back while a piece is written, since the
	 * map may have to grow, and freed pages are not used again as long as somebody reads. */
	struct view_of_store *view;
	struct reader *reader;
	/* May take samples out of what goes into it; NULL: all stay. */
	void (*edit)(void *ctx, uint32_t series, struct columns_run *r);
	void *edit_ctx;
};

struct partition_writer *partition_writer_new(struct store *s, enum segment_kind kind,
					      uint32_t number, struct err *e);
void partition_writer_free(struct partition_writer *p); /* NULL is nothing */

/* All samples of `n` layers of the view, from the first on. The view's transaction has ended
 * afterwards, likewise below. */
int partition_add_samples(struct partition_writer *p, struct view_of_store *v, uint32_t first,
			  uint32_t n, struct err *e);
/* All figures of the partitions with these numbers. */
int partition_add_figures(struct partition_writer *p, struct view_of_store *v,
			  const uint32_t *numbers, uint32_t n, struct err *e);
int partition_add_fresh(struct partition_writer *p, const struct fresh *f, struct err *e);
/* pack.c: writes the i-th partition of samples of the view's layout anew, through edit(). */
int partition_replace(struct store *s, struct view_of_store *v, uint32_t i,
		      void (*edit)(void *ctx, uint32_t series, struct columns_run *r), void *ctx,
		      struct err *e);
/* pack.c: makes one part of the whole index, without the series for which drop() says so. With the
 * ingest lock. */
int index_rebuild(struct store *s, bool (*drop)(void *ctx, uint32_t id), void *ctx, struct err *e);
/* The last segments; all are in the transactions of the writer then. */
int partition_end(struct partition_writer *p, struct err *e);

#endif
