/*
 * partition.c - layers in LMDB; see layer.h.
 *
 * Record, keyed by the partition's number: CRC 4, kind 1, zeros 3, order 8, then the
 * table of segments. Segments are keyed by partition and place. A partition is written
 * in several transactions, its record last; segments without a record are
 * what a crash left behind and are dropped when the store is opened.
 */
#include "storage/layer.h"

#include "base/alloc.h"
#include "storage/keys.h"
#include "storage/walk.h"

#include <stdlib.h>

enum { RECORD_HEAD = 16, RECORD_LIMIT = 64 << 20 };

int partition_put_segment(struct db_txn *t, uint32_t number, uint32_t i, struct slice bytes,
			  struct err *e)
{
	uint8_t key[KEY_SEGMENT_BYTES];

	key_segment(key, number, i);
	return db_put(t, DB_SEGMENTS, key_slice(key, sizeof(key)), bytes, e);
}

int partition_put(struct db_txn *t, enum segment_kind kind, uint32_t number, uint64_t order,
		  const struct segment_entry *s, uint32_t n, uint32_t *crc, struct err *e)
{
	uint8_t key[KEY_PARTITION_BYTES], head[RECORD_HEAD] = { 0 };
	struct buf b;
	int rc;

	head[4] = (uint8_t)kind;
	put_le64(head + 8, order);
	buf_init(&b, RECORD_LIMIT);
	buf_put(&b, head, sizeof(head));
	segments_write(s, n, &b);
	rc = buf_check(&b, e);
	key_partition(key, number);
	if (rc == 0)
		rc = record_put(t, DB_PARTITIONS, key_slice(key, sizeof(key)), (uint8_t *)b.p, b.n,
				e);
	if (rc == 0)
		*crc = get_le32(b.p);
	buf_release(&b);
	return rc;
}

int partition_crc(struct db_txn *t, uint32_t number, uint32_t *crc, struct err *e)
{
	uint8_t key[KEY_PARTITION_BYTES];
	struct slice value;
	int rc;

	key_partition(key, number);
	rc = record_get(t, DB_PARTITIONS, key_slice(key, sizeof(key)), &value, e);
	if (rc == 0)
		return record_bad(e, DB_PARTITIONS, "one is missing");
	if (rc == 1)
		*crc = record_crc(value);
	return rc < 0 ? -1 : 0;
}

int partition_drop_segments(struct db_txn *t, uint32_t number, uint32_t i, struct err *e)
{
	for (;; i++) {
		uint8_t key[KEY_SEGMENT_BYTES];
		struct slice value;
		int rc;

		key_segment(key, number, i);
		rc = db_get(t, DB_SEGMENTS, key_slice(key, sizeof(key)), &value, e);
		if (rc <= 0)
			return rc;
		if (db_del(t, DB_SEGMENTS, key_slice(key, sizeof(key)), e) < 0)
			return -1;
	}
}

int partition_drop(struct db_txn *t, uint32_t number, struct err *e)
{
	uint8_t key[KEY_PARTITION_BYTES];
	struct slice value;
	int rc;

	key_partition(key, number);
	rc = db_get(t, DB_PARTITIONS, key_slice(key, sizeof(key)), &value, e);
	if (rc < 0 || (rc == 1 && db_del(t, DB_PARTITIONS, key_slice(key, sizeof(key)), e) < 0))
		return -1;
	return partition_drop_segments(t, number, 0, e);
}

static struct layer *load_one(const struct record *r, struct err *e)
{
	struct layer *l = mem_zalloc(sizeof(*l));

	if (!l) {
		err_set(e, ERR_MEMORY, "no memory for a partition");
		return NULL;
	}
	atomic_init(&l->refs, 1);
	l->number = get_be32(r->key.p);
	if (r->value.n < RECORD_HEAD ||
	    (r->value.p[4] != SEGMENT_SAMPLES && r->value.p[4] != SEGMENT_FIGURES)) {
		record_bad(e, DB_PARTITIONS, "it has the wrong form");
		layer_unref(l);
		return NULL;
	}
	l->kind = (enum segment_kind)r->value.p[4];
	l->order = get_le64(r->value.p + 8);
	l->crc = record_crc(r->value);
	if (segments_read(l, slice_skip(r->value, RECORD_HEAD), e) < 0) {
		err_wrap(e, "partition %u", l->number);
		layer_unref(l);
		return NULL;
	}
	return l;
}

static int by_order(const void *a, const void *b)
{
	const struct layer *x = *(struct layer *const *)a, *y = *(struct layer *const *)b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int load_all(struct walk *w, struct layer **list, uint64_t want, uint32_t *n, struct err *e)
{
	uint8_t first[KEY_PARTITION_BYTES] = { 0 };

	if (walk_seek(w, key_slice(first, sizeof(first)), e) < 0)
		return -1;
	while (w->at.there && *n < want) {
		list[*n] = load_one(&w->at, e);
		if (!list[*n])
			return -1;
		++*n;
		if (walk_next(w, e) < 0)
			return -1;
	}
	return w->at.there || *n != want ? record_bad(e, DB_PARTITIONS, "one is missing") : 0;
}

int partitions_load(struct db_txn *t, struct layer ***out, uint32_t *n, struct err *e)
{
	struct walk w;
	uint64_t entries;
	int rc;

	*out = NULL;
	*n = 0;
	if (db_entries(t, DB_PARTITIONS, &entries, e) < 0 ||
	    walk_open(&w, t, DB_PARTITIONS, KEY_PARTITION_BYTES, e) < 0)
		return -1;
	*out = mem_zalloc((entries + 1) * sizeof(**out));
	rc = *out ? load_all(&w, *out, entries, n, e)
		  : err_set(e, ERR_MEMORY, "no memory for the partitions");
	walk_close(&w);
	if (rc < 0) {
		for (uint32_t i = 0; *out && i < *n; i++)
			layer_unref((*out)[i]);
		mem_free(*out);
		*out = NULL;
		*n = 0;
		return -1;
	}
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_order);
	return 0;
}
