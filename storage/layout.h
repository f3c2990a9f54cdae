/*
 * layout.h - what lies where at one moment: all places that a reader has to look into.
 *
 *   samples   partitions, then runs, in the order in which they count; behind them the
 *             generation that is being sealed and the one that is being filled
 *   figures   partitions; behind them the figures that are being packed and the fresh ones
 *   series    parts of the index (in LMDB), then one or two memory indexes
 *
 * A layout is immutable and counted. A change makes a new one and puts it in the place of the
 * old one; readers keep theirs as long as they need it. Its epoch says which
 * transaction of LMDB it belongs to: a reader takes a layout and a transaction of one epoch.
 */
#ifndef STORAGE_LAYOUT_H
#define STORAGE_LAYOUT_H

#include "storage/damage.h"
#include "storage/fresh.h"
#include "storage/head.h"
#include "storage/index.h"
#include "storage/layer.h"

/* One part of the index, counted. LMDB aligns only what fills pages of its own, so a small part is
 * kept here as well. */
struct part {
	atomic_uint refs;
	uint32_t number;
	uint32_t first_id, last_id;
	size_t bytes;
	uint32_t series;
	char *copy; /* NULL: used where it lies in the map */
	struct index_verified *verified;
};

struct part *part_of_blob(uint32_t number, struct slice blob, struct err *e);
struct part *part_ref(struct part *p);
void part_unref(struct part *p);

struct layout {
	atomic_uint refs;
	uint64_t epoch;
	struct layer **samples, **figures; /* by order */
	uint32_t nsamples, nfigures;
	uint32_t npartitions;               /* of samples, before the runs */
	struct generation *sealed, *active; /* sealed: NULL when there is none */
	struct fresh *frozen, *fresh;       /* frozen: likewise */
	struct damage *damage;              /* NULL: none */
	struct part **parts;
	uint32_t nparts;
	struct memory_index *memories[2]; /* the last one is being filled */
	uint32_t nmemories;
};

/* A copy with references to all of it, to be changed before it is shown to anybody. */
struct layout *layout_copy(const struct layout *l, struct err *e);
struct layout *layout_new(struct err *e);
struct layout *layout_ref(struct layout *l);
void layout_unref(struct layout *l); /* NULL is nothing */

/* Take the reference of what they add. */
int layout_add_layer(struct layout *l, struct layer *take, struct err *e);
int layout_add_part(struct layout *l, struct part *take, struct err *e);
/* Takes layers out for which drop() says so. */
void layout_drop_layers(struct layout *l, bool (*drop)(const struct layer *x, const void *ctx),
			const void *ctx);
void layout_drop_parts(struct layout *l, uint32_t from_number, uint32_t to_number);
/* New series go to an empty memory index from now on, so that the one so far can be packed: not
 * where it is empty or one is being packed already. ERR_MEMORY. */
int layout_set_names_aside(struct layout *l, struct err *e);

#endif
