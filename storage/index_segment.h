/*
 * index_segment.h - a part or a memory index, looked at in the same way.
 *
 * Within a segment series have ordinals, names have numbers and values have numbers; the
 * numbers of a part are in the order of texts, those of a memory index in none. Of the
 * ordinals only [lo, hi) are what the reader sees.
 *
 * A memory index has to be locked while it is looked at, except for texts of values and the
 * walk over them; for a part locking is nothing.
 */
#ifndef STORAGE_INDEX_SEGMENT_H
#define STORAGE_INDEX_SEGMENT_H

#include "storage/index_list.h"
#include "storage/index_memory.h"

struct segment {
	const struct index_part *part; /* or: */
	struct memory_index *memory;
	uint32_t lo, hi;
	uint32_t n;      /* bits that a set of ordinals needs; at least hi */
	uint32_t values; /* numbers of values are below */
};

/* Those of the set that have anything to see, rising. */
int segments_open(const struct index_set *x, struct arena *a, struct segment **out, size_t *n,
		  struct err *e);

static inline void segment_lock(const struct segment *g)
{
	if (g->memory)
		memory_lock(g->memory);
}

static inline void segment_unlock(const struct segment *g)
{
	if (g->memory)
		memory_unlock(g->memory);
}

static inline bool segment_is_whole(const struct segment *g)
{
	return g->part && !g->lo && g->hi == g->part->series;
}

/* What a full arena means. */
static inline int index_no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "looking up series needs more memory than is allowed");
}

static inline int index_no_series(uint32_t id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no series %u", id);
}

/* --- names and values ------------------------------------------------------------------ */

uint32_t segment_names(const struct segment *g);
int segment_name_text(const struct segment *g, uint32_t name, struct slice *out, struct err *e);
int segment_value_text(const struct segment *g, uint32_t value, struct slice *out, struct err *e);

/* INDEX_NONE when there is none. */
int segment_find_name(const struct segment *g, struct slice name, uint32_t *out, struct err *e);
int segment_find_value(const struct segment *g, uint32_t name, struct slice value, uint32_t *out,
		       struct err *e);

/* for (segment_walk(g, name, &w, e); value_next(&w, &v);); `total` says how many there are. */
struct value_walk {
	const struct segment *g;
	uint32_t next, end, total;
};
int segment_walk(const struct segment *g, uint32_t name, struct value_walk *w, struct err *e);
bool value_next(struct value_walk *w, uint32_t *value);

/* --- series of a value --------------------------------------------------------------------- */

/* How many series have it, those not seen among them. */
int segment_count(const struct segment *g, uint32_t value, uint32_t *n, struct err *e);
/* How many of those that are seen have it. */
int segment_count_seen(const struct segment *g, uint32_t value, uint32_t *n, struct err *e);
/* Whether one of `bits` has it, or, without bits, one that is seen. */
int segment_meets(const struct segment *g, uint32_t value, const uint64_t *bits, bool *meets,
		  struct err *e);
/* Those that are seen, rising; `out` has room for segment_count(). */
int segment_ordinals(const struct segment *g, uint32_t value, uint32_t *out, uint32_t *n,
		     struct err *e);
/* Puts all into `bits` (of g->n) or takes them out; also those not seen. */
int segment_apply(const struct segment *g, uint32_t value, uint64_t *bits, bool in, struct err *e);
/* The same for all series that have a label of this name. */
int segment_apply_name(const struct segment *g, uint32_t name, uint64_t *bits, bool in,
		       struct err *e);
/* Whether a series that is seen has the label. */
int segment_name_seen(const struct segment *g, uint32_t name, bool *seen, struct err *e);

/* --- series ------------------------------------------------------------------------- */

/* `at` as in part_series(). */
int segment_series(const struct segment *g, struct part_place *at, uint32_t ordinal,
		   struct series_ref *out, struct err *e);
int segment_is_statistic(const struct segment *g, struct part_place *at, uint32_t ordinal, bool *is,
			 struct err *e);
/* Rising ordinals become ids in place. */
int segment_ids(const struct segment *g, uint32_t *ordinals, size_t n, struct err *e);
/* Rising ids become ordinals in place. ERR_NOT_FOUND. Takes the lock itself, as
 * segment_last_id() does, which is that of the last series seen. */
int segment_find_ids(const struct segment *g, uint32_t *ids, size_t n, struct err *e);
uint32_t segment_last_id(const struct segment *g);

#endif
