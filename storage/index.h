/*
 * index.h - which series there are and which of them a query means.
 *
 * A series has an id (above 0, rising in the order series appear, gaps allowed), a set of
 * labels and a mark that says whether it is a statistic. The index answers: which id has
 * these labels, which ids meet these matchers, what are the labels of this id, which
 * names and values of labels are there.
 *
 * What is old lies in *parts*: blobs that are written once, lie in mapped values of the
 * store and are used in place, so opening one costs nothing (index_part.h has the
 * format). What is new lies in a *memory index*, until it becomes a part. A reader has
 * both as an index_set, in the order of ids.
 *
 * All questions may be asked from any number of threads at a time, also while a memory
 * index is added to. Every byte of a part that is looked at was checked against the
 * checksum of its block first, once for all readers; a damaged one is ERR_CORRUPT, never
 * a wrong answer. Answers live in the caller's arena (ERR_LIMIT when it is full).
 */
#ifndef STORAGE_INDEX_H
#define STORAGE_INDEX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/labels.h"
#include "base/matcher.h"
#include "storage/cardinality.h"

/* --- parts ------------------------------------------------------------------------ */

/* Which blocks of a part have had their checksum verified. Shared by all readers of that
 * part, lives as long as the owner wants to remember. */
struct index_verified;

struct index_verified *index_verified_new(size_t blob_bytes, struct err *e);
void index_verified_free(struct index_verified *v); /* NULL is nothing */

enum { INDEX_SECTIONS = 11 };

/* An opened part. A plain value without anything to release; everything behind
 * `verified` is index_part.c's. */
struct index_part {
	struct slice blob; /* borrowed */
	uint32_t first_id, last_id;
	uint32_t series;
	struct index_verified *verified; /* borrowed */

	uint32_t runs, names, values, shapes, hash_slots;
	uint64_t hash_seed;
	struct index_section {
		uint32_t at, bytes;
	} sections[INDEX_SECTIONS];
};

/* Reads the head only, which has a checksum of its own. `blob` is aligned to 8 bytes. `v`
 * was made for a blob of this size; NULL means that somebody has vouched for the bytes
 * and no checksums are looked at. ERR_CORRUPT, ERR_UNSUPPORTED (a newer format). */
int index_part_open(struct slice blob, struct index_verified *v, struct index_part *out,
		    struct err *e);

/* Reads all of it: every block's checksum, whatever `verified` remembers, then that every
 * series and list can be read and that each series is found by its labels. ERR_CORRUPT. */
int index_part_verify(const struct index_part *p, struct err *e);

/* --- what is new -------------------------------------------------------------------- */

/* Reference counted. One thread adds and truncates, any number read. */
struct memory_index;

struct memory_index *memory_index_new(struct err *e);
struct memory_index *memory_index_ref(struct memory_index *m);
void memory_index_unref(struct memory_index *m); /* NULL is nothing */

/* `id` is higher than all in it. Labels are sorted by name, no name twice, values not empty,
 * within the limits of labels.h; texts are copied. ERR_MEMORY leaves it as it was. */
int memory_index_add(struct memory_index *m, uint32_t id, const struct label *l, size_t n,
		     bool statistic, struct err *e);
/* Takes back all ids above `last_id`. */
void memory_index_truncate(struct memory_index *m, uint32_t last_id);

uint32_t memory_index_count(struct memory_index *m);
/* The lowest and the highest id in it; 0 when it is empty. */
uint32_t memory_index_first(struct memory_index *m);
uint32_t memory_index_last(struct memory_index *m);
size_t memory_index_bytes(struct memory_index *m); /* allocated */

/* --- questions ------------------------------------------------------------------------ */

/* What a reader sees. Ids rise from part to part and on through the memories; of a memory
 * only ids behind those of the part or memory before it are looked at, so a memory may
 * still hold what has become a part meanwhile. */
struct index_set {
	const struct index_part *parts;
	size_t nparts;
	struct memory_index *const *memories;
	size_t nmemories;
	uint32_t max_id; /* series above it are not seen */
};

/* The series with exactly these labels (sorted, as for memory_index_add()). *id is 0 when
 * there is none; *statistic may be NULL. */
int index_find(const struct index_set *x, const struct label *l, size_t n, uint32_t *id,
	       bool *statistic, struct err *e);

/* The ids of all series that meet all matchers, rising. Without a matcher: all. */
int index_select(const struct index_set *x, const struct matcher *m, size_t nm, struct arena *a,
		 uint32_t **ids, size_t *n, struct err *e);

/* Labels of one series, as labels_in_arena(); their texts lie in the part's blob or the
 * memory index, so they are valid as long as those are held. *statistic may be NULL.
 * ERR_NOT_FOUND. */
int index_series(const struct index_set *x, uint32_t id, struct arena *a, const struct labels **ls,
		 bool *statistic, struct err *e);

/* Labels of `n` series, as index_series() has them: all, or those wanted alone (of a series that
 * has none of them the empty set). Sets of wanted labels that are equal are mostly one. Ids rise,
 * not strictly. ERR_NOT_FOUND. */
struct index_wanted {
	const struct slice *names; /* sorted, none twice */
	size_t n;                  /* at least 1 */
};
int index_labels(const struct index_set *x, const uint32_t *ids, size_t n,
		 const struct index_wanted *wanted, struct arena *a, const struct labels **out,
		 struct err *e);
/* Which of them are statistics. `a` says how much memory it may take meanwhile. */
int index_kinds(const struct index_set *x, const uint32_t *ids, size_t n, const struct arena *a,
		bool *statistic, struct err *e);

/* Names of labels, and values of the label `name`, of the series that meet all matchers:
 * sorted, none twice. Texts are borrowed as in index_series(). */
int index_label_names(const struct index_set *x, const struct matcher *m, size_t nm,
		      struct arena *a, struct slice **out, size_t *n, struct err *e);
int index_label_values(const struct index_set *x, struct slice name, const struct matcher *m,
		       size_t nm, struct arena *a, struct slice **out, size_t *n, struct err *e);

int index_cardinality(const struct index_set *x, size_t top, struct arena *a,
		      struct index_cardinality *out, struct err *e);

/* --- making a part ------------------------------------------------------------------------ */

/* Merges all series of the set into one new blob, except those for which drop(ctx, id) is
 * true (`drop` may be NULL). `out` stays empty when none is left. Reads memories under
 * their lock bit by bit; series added meanwhile above max_id do not matter. ERR_LIMIT when
 * the part would exceed 4 GiB or the limit of `out`. */
int index_part_build(const struct index_set *from, bool (*drop)(void *ctx, uint32_t id), void *ctx,
		     struct buf *out, struct err *e);

#endif
