/* layer.c - the table of segments, and finding one; see layer.h. */
#include "storage/layer.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/varint.h"
#include "storage/keys.h"

#include <sys/mman.h>

struct layer *layer_ref(struct layer *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void layer_unref(struct layer *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (l->map.p)
		munmap((void *)(uintptr_t)l->map.p, l->map.n);
	mem_free(l->segments);
	mem_free(l->offsets);
	mem_free(l);
}

uint32_t layer_find(const struct layer *l, uint32_t series)
{
	uint32_t lo = 0, hi = l->nsegments;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (l->segments[mid].last_series < series)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t layers_next_series(struct layer *const *layers, uint32_t n, uint32_t after)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct layer *l = layers[i];
		uint32_t at, series;

		if (l->nsegments == 0 || after >= l->last_series)
			continue;
		at = layer_find(l, after + 1);
		series = l->segments[at].first_series > after ? l->segments[at].first_series
							      : after + 1;
		if (best == 0 || series < best)
			best = series;
	}
	return best;
}

/* --- the table ------------------------------------------------------------------------- */

void segments_write(const struct segment_entry *s, uint32_t n, struct buf *out)
{
	uint32_t series = 0;
	int64_t t = 0;

	varint_add(out, n);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t crc[4];

		varint_add(out, s[i].first_series - series);
		varint_add(out, s[i].last_series - s[i].first_series);
		varint_add(out, zigzag((int64_t)((uint64_t)s[i].first_ms - (uint64_t)t)));
		varint_add(out, (uint64_t)s[i].last_ms - (uint64_t)s[i].first_ms);
		varint_add(out, s[i].bytes);
		varint_add(out, s[i].chunks);
		varint_add(out, s[i].samples);
		put_le32(crc, s[i].crc);
		buf_put(out, crc, sizeof(crc));
		series = s[i].last_series;
		t = s[i].first_ms;
	}
}

static int bad_table(struct err *e)
{
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "the table of segments is damaged");
}

static bool take_entry(struct slice *in, struct segment_entry *s, uint32_t series, int64_t t)
{
	uint64_t v[7];

	for (int i = 0; i < 7; i++)
		if (!varint_take(in, &v[i]))
			return false;
	if (in->n < 4 || v[0] > UINT32_MAX - series || v[1] > UINT32_MAX - series - v[0] ||
	    v[4] > SEGMENT_MAX_BYTES || v[5] > UINT32_MAX || v[6] > UINT32_MAX)
		return false;
	s->first_series = series + (uint32_t)v[0];
	s->last_series = s->first_series + (uint32_t)v[1];
	s->first_ms = (int64_t)((uint64_t)t + (uint64_t)unzigzag(v[2]));
	s->last_ms = (int64_t)((uint64_t)s->first_ms + v[3]);
	s->bytes = (uint32_t)v[4];
	s->chunks = (uint32_t)v[5];
	s->samples = (uint32_t)v[6];
	s->crc = get_le32(in->p);
	*in = slice_skip(*in, 4);
	return s->last_ms >= s->first_ms;
}

static void sum_up(struct layer *l)
{
	for (uint32_t i = 0; i < l->nsegments; i++) {
		const struct segment_entry *s = &l->segments[i];

		l->samples += s->samples;
		l->bytes += s->bytes;
		if (i == 0 || s->first_ms < l->first_ms)
			l->first_ms = s->first_ms;
		if (i == 0 || s->last_ms > l->last_ms)
			l->last_ms = s->last_ms;
	}
	if (l->nsegments) {
		l->first_series = l->segments[0].first_series;
		l->last_series = l->segments[l->nsegments - 1].last_series;
	}
}

int segments_read(struct layer *l, struct slice in, struct err *e)
{
	uint64_t n;
	uint32_t series = 0;
	int64_t t = 0;

	if (!varint_take(&in, &n) || n > in.n)
		return bad_table(e);
	l->segments = mem_alloc((n + 1) * sizeof(*l->segments));
	if (!l->segments)
		return err_set(e, ERR_MEMORY, "no memory for the table of segments");
	l->nsegments = (uint32_t)n;
	for (uint32_t i = 0; i < l->nsegments; i++) {
		if (!take_entry(&in, &l->segments[i], series, t))
			return bad_table(e);
		series = l->segments[i].last_series;
		t = l->segments[i].first_ms;
	}
	if (in.n != 0)
		return bad_table(e);
	sum_up(l);
	return 0;
}

struct layer *layer_of_segments(enum segment_kind kind, uint32_t number, uint64_t order,
				const struct segment_entry *s, uint32_t n, struct err *e)
{
	struct layer *l = mem_zalloc(sizeof(*l));
	struct segment_entry *copy = mem_alloc((n + (size_t)1) * sizeof(*copy));

	if (!l || !copy) {
		mem_free(l);
		mem_free(copy);
		err_set(e, ERR_MEMORY, "no memory for a partition");
		return NULL;
	}
	atomic_init(&l->refs, 1);
	if (n > 0)
		memcpy(copy, s, n * sizeof(*copy));
	l->kind = kind;
	l->number = number;
	l->order = order;
	l->segments = copy;
	l->nsegments = n;
	sum_up(l);
	return l;
}

/* --- a segment ---------------------------------------------------------------------------- */

int layer_segment(const struct layer *l, struct db_txn *t, uint32_t i, struct slice *bytes,
		  struct err *e)
{
	const struct segment_entry *s = &l->segments[i];
	uint8_t key[KEY_SEGMENT_BYTES];
	int rc = 1;

	if (l->run) {
		*bytes = slice_of(l->map.p + l->offsets[i], s->bytes);
	} else {
		key_segment(key, l->number, i);
		rc = db_get(t, DB_SEGMENTS, key_slice(key, sizeof(key)), bytes, e);
	}
	if (rc < 0)
		return -1;
	if (rc == 1 && bytes->n == s->bytes && get_le32(bytes->p) == s->crc)
		return 0;
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "segment %u of %s %u (series %u to %u) is %s", i,
		       l->run ? "run" : "partition", l->number, s->first_series, s->last_series,
		       rc == 0 ? "missing" : "not the one that was written");
}
