/*
 * layer.h - segments that belong together, with a table of them.
 *
 * A layer holds what was packed at one time: chunks of many series, in segments in the
 * order of series. There are two places for one:
 *
 *   run         a file in the folder "runs": sealed samples, soon to be packed
 *   partition   values in LMDB: packed for good
 *
 * Layers of samples have an order: of two samples for one time the one in the later layer
 * counts. Layers of figures do not need one, since each figure says when it became known.
 *
 * The table of segments is the same in both: in the partition's record, and at the
 * end of the run's file. It holds the checksum of each segment's head, so that a segment that is
 * missing, damaged or old is noticed.
 *
 *   varint number of segments, then for each
 *     varint first series less the last series of the one before (0), varint last - first,
 *     varint zigzag first time less that of the one before (0), varint last - first,
 *     varint bytes, varint chunks, varint samples, the segment's CRC 4
 *
 * A layer is immutable and counted; any thread may read one it holds.
 */
#ifndef STORAGE_LAYER_H
#define STORAGE_LAYER_H

#include "storage/db.h"
#include "storage/segment.h"

#include <stdatomic.h>

struct layer {
	atomic_uint refs;
	enum segment_kind kind;
	bool run;
	uint32_t number; /* of the partition, or of the run */
	uint64_t order;  /* of samples: the last run that went into it */
	uint64_t from;   /* a run: the first log file that went into it */
	struct segment_entry *segments;
	uint64_t *offsets; /* a run: where each begins */
	uint32_t nsegments;
	uint64_t samples, bytes;
	int64_t first_ms, last_ms;
	uint32_t first_series, last_series;
	uint32_t crc;     /* a partition: of its record */
	struct slice map; /* a run: the file */
};

struct layer *layer_ref(struct layer *l);
void layer_unref(struct layer *l); /* NULL is nothing; a run is unmapped */

/* The first segment that may hold the series; nsegments: none. */
uint32_t layer_find(const struct layer *l, uint32_t series);
/* The next series above `after` that any of the layers may have; 0: none. */
uint32_t layers_next_series(struct layer *const *layers, uint32_t n, uint32_t after);
/* The bytes of one segment, from the map or from the transaction (valid until its end).
 * ERR_CORRUPT. */
int layer_segment(const struct layer *l, struct db_txn *t, uint32_t i, struct slice *bytes,
		  struct err *e);

/* --- the table ------------------------------------------------------------------- */

void segments_write(const struct segment_entry *s, uint32_t n, struct buf *out);
/* Fills the layer's segments and what is summed up from them. */
int segments_read(struct layer *l, struct slice in, struct err *e);

/* --- partitions -------------------------------------------------------------------- */

/* Writes one segment as the i-th of a partition that is being made. */
int partition_put_segment(struct db_txn *t, uint32_t number, uint32_t i, struct slice bytes,
			  struct err *e);
/* Removes segments from the i-th on: a longer attempt that failed may have left them. */
int partition_drop_segments(struct db_txn *t, uint32_t number, uint32_t i, struct err *e);
/* Writes its record: from now on it exists. *crc is the record's checksum. */
int partition_put(struct db_txn *t, enum segment_kind kind, uint32_t number, uint64_t order,
		  const struct segment_entry *s, uint32_t n, uint32_t *crc, struct err *e);
/* The checksum of its record. */
int partition_crc(struct db_txn *t, uint32_t number, uint32_t *crc, struct err *e);
/* Removes record and segments; of one that has no record as many segments as are there. */
int partition_drop(struct db_txn *t, uint32_t number, struct err *e);
/* What partitions_load() would make of it; the table is copied. */
struct layer *layer_of_segments(enum segment_kind kind, uint32_t number, uint64_t order,
				const struct segment_entry *s, uint32_t n, struct err *e);
/* All of them, by order and number; one reference each; the array is for mem_free(). */
int partitions_load(struct db_txn *t, struct layer ***out, uint32_t *n, struct err *e);

/* --- runs ---------------------------------------------------------------------------- */

struct run_writer {
	int fd;
	uint64_t number, at;
	char path[4096], temporary[4096];
	struct segment_entry *segments;
	uint32_t n, cap;
};

/* `from`: the first log file that goes into it, `number`: the last. */
int run_create(struct run_writer *w, const char *dir, uint64_t from, uint64_t number,
	       struct err *e);
int run_add(struct run_writer *w, struct slice bytes, const struct segment_entry *s, struct err *e);
/* Makes file and name durable and opens it. On failure nothing is left of it. */
struct layer *run_finish(struct run_writer *w, struct err *e);
void run_abandon(struct run_writer *w);

/* Opens one: head and table are verified, segments when they are read. */
struct layer *run_open(const char *dir, uint64_t number, struct err *e);
int run_remove(const char *dir, uint64_t number, struct err *e);

#endif
