/*
 * index_build.h - a part in the making. For index_build.c, which fills the sections, and
 * index_blob.c, which makes a blob of them.
 */
#ifndef STORAGE_INDEX_BUILD_H
#define STORAGE_INDEX_BUILD_H

#include "base/map.h"
#include "storage/index_merge.h"

enum { BUILD_FIRST_SEED = 1 };

/* Distinct texts by hash; offsets + 1 in the section of texts. */
struct build_texts {
	uint32_t *slots;
	size_t size, used;
};

struct build_source {
	uint32_t base;    /* new ordinal of its first series */
	uint32_t *remap;  /* new ordinal by old one less lo, INDEX_NONE: dropped; NULL: none is */
	uint32_t *values; /* new number of a value by its old one */
};

struct build {
	struct segment *g;
	size_t ng;
	struct arena arena;
	struct build_source *sources;
	bool (*drop)(void *ctx, uint32_t id);
	void *ctx;

	uint32_t series, first_id, last_id;
	uint32_t nruns, nnames, nvalues, nshapes;
	struct buf sections[INDEX_SECTIONS];
	struct build_texts texts;
	struct map shapes; /* by their bytes, to number + 1 */
	struct slice last_shape;
	uint32_t last_shape_number;

	uint32_t *list;      /* of the value that is being written */
	uint32_t *name_list; /* of its name */
	uint32_t name_list_n;
	struct buf value_info; /* struct build_value per new value */
	uint64_t *hashes;      /* per series */
	uint64_t seed;
};

/* A new value: its name, its place among the values of that, the hash of the pair. */
struct build_value {
	uint32_t name, rank;
	uint64_t hash;
};

static inline struct build_value *build_value(const struct build *b, uint32_t value)
{
	return (struct build_value *)(void *)b->value_info.p + value;
}

static inline int build_no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory to build an index part");
}

/* Appends the part to `out`; all sections but the hash table and the checksums are filled,
 * and so are the hashes. */
int build_blob(struct build *b, struct buf *out, struct err *e);

#endif
