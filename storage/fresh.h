/*
 * fresh.h - figures that were committed and not yet packed.
 *
 * On disk each submission's figures are one record, written in the transaction of the
 * submission (table "fresh", keyed by its number):
 *
 *   CRC 4
 *   varint series that are named here first; for each varint id, statistic 1, varint labels, for
 * each label varint bytes, name, varint bytes, value varint segments; for each varint bytes, the
 * segment (segment.h)
 *
 * In memory they hang on their series, so that readers find them at once. One thread
 * adds (the writer's), any number read without a lock: what is shown is chosen by the number
 * of the submission. When there are enough of them they are frozen, packed into a
 * partition and forgotten with the last reader.
 */
#ifndef STORAGE_FRESH_H
#define STORAGE_FRESH_H

#include "base/arena.h"
#include "base/labels.h"
#include "storage/chunked.h"
#include "storage/db.h"
#include "storage/figure.h"

struct fresh {
	atomic_uint refs;
	struct chunked series; /* _Atomic(struct fresh_node *) by id */
	struct fresh_slab *slabs;
	size_t slab_used;
	_Atomic uint64_t figures;
	uint64_t last_sequence; /* the highest that was added */
	_Atomic uint32_t top_series;
};

struct fresh *fresh_new(struct err *e);
struct fresh *fresh_ref(struct fresh *f);
void fresh_unref(struct fresh *f);

int fresh_add(struct fresh *f, uint32_t series, const struct figure *x, struct err *e);

/* The next series above `after` that may have some; 0: none. */
uint32_t fresh_next_series(const struct fresh *f, uint32_t after);

/* Takes back those of submissions above `sequence`, which nobody was shown. */
void fresh_forget(struct fresh *f, uint64_t sequence);

struct figures_run {
	struct figure *list;
	size_t n, cap;
};
/* Room for `more` in the arena. */
int figures_room(struct arena *a, struct figures_run *r, size_t more, struct err *e);
/* Those of a series with stamps in the range, of submissions up to `last`, in no order. */
int fresh_read(const struct fresh *f, uint32_t series, int64_t from_ms, int64_t to_ms,
	       uint64_t last, struct arena *a, struct figures_run *out, struct err *e);

/* --- the record ------------------------------------------------------------------- */

/* A record under construction. */
struct fresh_record {
	struct buf names, segments;
	uint32_t nnames, nsegments;
	struct segment_writer *w;
	struct figure_packer *p;
};

int fresh_record_init(struct fresh_record *r, struct err *e);
void fresh_record_release(struct fresh_record *r);
void fresh_record_begin(struct fresh_record *r);
void fresh_record_name(struct fresh_record *r, uint32_t id, bool statistic,
		       const struct labels *ls);
/* Sorted figures of a series; series may not fall. */
int fresh_record_add(struct fresh_record *r, uint32_t series, const struct figure *f, size_t n,
		     struct err *e);
/* Writes it, if there is anything in it. */
int fresh_record_put(struct fresh_record *r, struct db_txn *t, uint64_t sequence, struct err *e);

/* Removes the records of submissions in (after, upto], but for damaged ones. */
int fresh_drop(struct db_txn *t, uint64_t after, uint64_t upto, struct err *e);

/* Reads a verified record: names first, then chunks in the order of series. */
struct fresh_visitor {
	int (*name)(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		    struct err *e);
	int (*chunk)(void *ctx, const struct chunk *c, struct err *e);
	void *ctx;
};
int fresh_record_read(struct slice value, const struct fresh_visitor *v, struct err *e);

/* Reads a damaged record as far as it goes: chunks of segments whose directory is good; `why` is
 * NULL for one that is good itself. Only an error of `each`, or no memory, is one. */
int fresh_record_salvage(struct slice value,
			 int (*each)(void *ctx, const struct chunk *c, const char *why,
				     struct err *e),
			 void *ctx, struct err *e);

#endif
