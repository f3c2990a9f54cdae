/*
 * segment.c - see segment.h, which has the layout.
 *
 * The writer keeps four growing buffers (the descriptions and the bytes of columns and of
 * chunks) and joins them at the end. Equal columns are found by a small hash table.
 */
#include "storage/segment.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/crc32c.h"
#include "base/map.h"
#include "base/varint.h"
#include "storage/keys.h"

enum { TABLE_SLOTS = 4096, COLUMN_ROOM = 40, CHUNK_ROOM = 40, FAR_AHEAD = 256 };

struct known_column {
	uint64_t hash;
	uint32_t at, bytes, crc;
	bool attributes;
	int64_t first_ms;
	uint32_t count;
};

struct segment_writer {
	enum segment_kind kind;
	struct buf column_list, column_bytes, chunk_list, chunk_bytes, whole;
	struct known_column *columns;
	uint32_t ncolumns, cap;
	uint32_t slots[TABLE_SLOTS]; /* number + 1, by hash */
	uint32_t used[TABLE_SLOTS], nused;
	int64_t times_before;
	uint32_t series_before;
	struct segment_entry entry;
};

/* --- checksums -------------------------------------------------------------------- */

static uint32_t times_crc(uint32_t count, int64_t first_ms, int64_t last_ms, struct slice bytes)
{
	uint8_t head[20];

	put_le32(head, count);
	put_le64(head + 4, (uint64_t)first_ms);
	put_le64(head + 12, (uint64_t)last_ms);
	return crc32c(crc32c(0, head, sizeof(head)), bytes.p, bytes.n);
}

static uint32_t chunk_crc(uint32_t series, uint8_t encoding, uint32_t times, uint32_t attributes,
			  struct slice values)
{
	uint8_t head[13];

	/* Written as it is read, or the processor waits until it is in its cache. */
	put_le64(head, series | (uint64_t)encoding << 32 | (uint64_t)times << 40);
	head[8] = (uint8_t)(times >> 24);
	put_le32(head + 9, attributes);
	return crc32c(crc32c(0, head, sizeof(head)), values.p, values.n);
}

/* --- writing ------------------------------------------------------------------------ */

struct segment_writer *segment_writer_new(struct err *e)
{
	struct segment_writer *w = mem_zalloc(sizeof(*w));
	struct buf *all[5];

	if (!w) {
		err_set(e, ERR_MEMORY, "no memory to write segments");
		return NULL;
	}
	all[0] = &w->column_list;
	all[1] = &w->column_bytes;
	all[2] = &w->chunk_list;
	all[3] = &w->chunk_bytes;
	all[4] = &w->whole;
	for (int i = 0; i < 5; i++)
		buf_init(all[i], 2 * SEGMENT_MAX_BYTES);
	segment_begin(w, SEGMENT_SAMPLES);
	return w;
}

void segment_writer_free(struct segment_writer *w)
{
	if (!w)
		return;
	buf_release(&w->column_list);
	buf_release(&w->column_bytes);
	buf_release(&w->chunk_list);
	buf_release(&w->chunk_bytes);
	buf_release(&w->whole);
	mem_free(w->columns);
	mem_free(w);
}

void segment_begin(struct segment_writer *w, enum segment_kind kind)
{
	w->kind = kind;
	buf_clear(&w->column_list);
	buf_clear(&w->column_bytes);
	buf_clear(&w->chunk_list);
	buf_clear(&w->chunk_bytes);
	for (uint32_t i = 0; i < w->nused; i++)
		w->slots[w->used[i]] = 0;
	w->nused = w->ncolumns = 0;
	w->times_before = 0;
	w->series_before = 0;
	w->entry = (struct segment_entry){ 0 };
}

bool segment_is_empty(const struct segment_writer *w)
{
	return w->entry.chunks == 0;
}

size_t segment_bytes(const struct segment_writer *w)
{
	return SEGMENT_HEAD_BYTES + w->column_list.n + w->column_bytes.n + w->chunk_list.n +
	       w->chunk_bytes.n;
}

static bool same_column(const struct segment_writer *w, const struct known_column *k,
			const struct known_column *want, struct slice bytes)
{
	return k->hash == want->hash && k->attributes == want->attributes && k->bytes == bytes.n &&
	       k->count == want->count && k->first_ms == want->first_ms &&
	       memcmp(w->column_bytes.p + k->at, bytes.p, bytes.n) == 0;
}

/* The number of an equal column, or that of the next one; *slot is where it belongs. */
static uint32_t find_column(struct segment_writer *w, const struct known_column *want,
			    struct slice bytes, uint32_t *slot)
{
	uint32_t at = (uint32_t)want->hash % TABLE_SLOTS;

	for (; w->slots[at]; at = (at + 1) % TABLE_SLOTS)
		if (same_column(w, &w->columns[w->slots[at] - 1], want, bytes))
			return w->slots[at] - 1;
	*slot = at;
	return w->ncolumns;
}

static struct known_column column_of(const struct chunk *c, bool attributes)
{
	struct slice bytes = attributes ? c->attributes : c->times;
	struct known_column k = { .attributes = attributes, .bytes = (uint32_t)bytes.n };

	if (!attributes) {
		k.count = c->count;
		k.first_ms = c->first_ms;
	}
	k.hash =
		hash_seeded(bytes.p, bytes.n, (uint64_t)k.first_ms * 31 + k.count * 7 + attributes);
	return k;
}

static int add_column(struct segment_writer *w, struct known_column *k, const struct chunk *c,
		      struct slice bytes, uint32_t slot, struct err *e)
{
	uint8_t crc[4];

	if (w->ncolumns == w->cap) {
		uint32_t cap = w->cap ? w->cap * 2 : 64;
		struct known_column *more = mem_realloc(w->columns, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory to write segments");
		w->columns = more;
		w->cap = cap;
	}
	k->at = (uint32_t)w->column_bytes.n;
	k->crc = k->attributes ? crc32c(0, bytes.p, bytes.n)
			       : times_crc(c->count, c->first_ms, c->last_ms, bytes);
	varint_add(&w->column_list, (uint64_t)bytes.n << 1 | k->attributes);
	put_le32(crc, k->crc);
	buf_put(&w->column_list, crc, sizeof(crc));
	if (!k->attributes) {
		varint_add(&w->column_list, c->count);
		varint_add(&w->column_list,
			   zigzag((int64_t)((uint64_t)c->first_ms - (uint64_t)w->times_before)));
		varint_add(&w->column_list, (uint64_t)c->last_ms - (uint64_t)c->first_ms);
		w->times_before = c->first_ms;
	}
	buf_slice(&w->column_bytes, bytes);
	w->slots[slot] = ++w->ncolumns;
	w->used[w->nused++] = slot;
	w->columns[w->ncolumns - 1] = *k;
	return buf_check(&w->column_bytes, e); /* it is compared with those to come */
}

static void note_chunk(struct segment_entry *n, const struct chunk *c)
{
	if (n->chunks == 0) {
		n->first_series = c->series;
		n->first_ms = c->first_ms;
		n->last_ms = c->last_ms;
	}
	n->last_series = c->series;
	if (c->first_ms < n->first_ms)
		n->first_ms = c->first_ms;
	if (c->last_ms > n->last_ms)
		n->last_ms = c->last_ms;
	n->chunks++;
	n->samples += c->count;
}

static void add_chunk(struct segment_writer *w, const struct chunk *c, uint32_t times,
		      uint32_t attributes)
{
	uint32_t before = w->entry.chunks ? w->series_before : c->series;
	uint8_t crc[4];

	varint_add(&w->chunk_list, c->series - before);
	buf_putc(&w->chunk_list, (char)c->encoding);
	varint_add(&w->chunk_list, times);
	if (w->kind == SEGMENT_FIGURES)
		varint_add(&w->chunk_list, attributes);
	varint_add(&w->chunk_list, c->values.n);
	put_le32(crc,
		 chunk_crc(c->series, c->encoding, w->columns[times].crc,
			   w->kind == SEGMENT_FIGURES ? w->columns[attributes].crc : 0, c->values));
	buf_put(&w->chunk_list, crc, sizeof(crc));
	buf_slice(&w->chunk_bytes, c->values);
	w->series_before = c->series;
	note_chunk(&w->entry, c);
}

int segment_add(struct segment_writer *w, const struct chunk *c, struct err *e)
{
	struct known_column times = column_of(c, false), attributes = column_of(c, true);
	bool figures = w->kind == SEGMENT_FIGURES;
	uint32_t slot = 0, number, second = 0;
	size_t more = c->values.n + CHUNK_ROOM;

	number = find_column(w, &times, c->times, &slot);
	if (number == w->ncolumns)
		more += c->times.n + COLUMN_ROOM;
	if (figures)
		more += c->attributes.n + COLUMN_ROOM;
	if (segment_bytes(w) + more > SEGMENT_MAX_BYTES || w->ncolumns + 2 > TABLE_SLOTS / 2) {
		if (!segment_is_empty(w))
			return 0;
		return err_set(e, ERR_LIMIT, "a chunk of %zu bytes is too large", more);
	}
	if (number == w->ncolumns && add_column(w, &times, c, c->times, slot, e) < 0)
		return -1;
	if (figures) {
		second = find_column(w, &attributes, c->attributes, &slot);
		if (second == w->ncolumns &&
		    add_column(w, &attributes, c, c->attributes, slot, e) < 0)
			return -1;
	}
	add_chunk(w, c, number, second);
	return 1;
}

int segment_finish(struct segment_writer *w, struct slice *bytes, struct segment_entry *entry,
		   struct err *e)
{
	uint8_t head[SEGMENT_HEAD_BYTES] = { 0 };
	size_t dir = SEGMENT_HEAD_BYTES + w->column_list.n + w->chunk_list.n;

	head[4] = (uint8_t)w->kind;
	head[5] = SEGMENT_FORMAT;
	put_le32(head + 8, w->ncolumns);
	put_le32(head + 12, w->entry.chunks);
	put_le32(head + 16, (uint32_t)dir);
	put_le32(head + 20, (uint32_t)segment_bytes(w));
	put_le32(head + 24, w->entry.first_series);
	put_le32(head + 28, w->entry.last_series);
	buf_clear(&w->whole);
	buf_put(&w->whole, head, sizeof(head));
	buf_slice(&w->whole, buf_all(&w->column_list));
	buf_slice(&w->whole, buf_all(&w->chunk_list));
	buf_slice(&w->whole, buf_all(&w->column_bytes));
	buf_slice(&w->whole, buf_all(&w->chunk_bytes));
	if (buf_check(&w->whole, e) < 0 || buf_check(&w->column_list, e) < 0 ||
	    buf_check(&w->chunk_list, e) < 0 || buf_check(&w->column_bytes, e) < 0 ||
	    buf_check(&w->chunk_bytes, e) < 0)
		return err_wrap(e, "cannot write a segment");
	w->entry.bytes = (uint32_t)w->whole.n;
	w->entry.crc = crc32c(0, w->whole.p + 4, dir - 4);
	put_le32((uint8_t *)w->whole.p, w->entry.crc);
	*bytes = buf_all(&w->whole);
	*entry = w->entry;
	return 0;
}

/* --- reading ------------------------------------------------------------------------- */

static int bad(struct err *e, const char *why)
{
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "damaged segment: %s", why);
}

void segment_reader_init(struct segment_reader *r)
{
	memset(r, 0, sizeof(*r));
}

void segment_reader_release(struct segment_reader *r)
{
	mem_free(r->columns);
	memset(r, 0, sizeof(*r));
}

static bool take_crc(struct slice *in, uint32_t *crc)
{
	if (in->n < 4)
		return false;
	*crc = get_le32(in->p);
	*in = slice_skip(*in, 4);
	return true;
}

static bool take_column(struct slice *in, struct segment_column *c, int64_t *times_before)
{
	uint64_t bytes, count, first, span;

	if (!varint_take(in, &bytes) || bytes >> 1 > SEGMENT_MAX_BYTES || !take_crc(in, &c->crc))
		return false;
	c->bytes = (uint32_t)(bytes >> 1);
	c->attributes = bytes & 1;
	c->good = false;
	if (c->attributes)
		return true;
	if (!varint_take(in, &count) || !varint_take(in, &first) || !varint_take(in, &span) ||
	    count == 0 || count > UINT32_MAX)
		return false;
	c->count = (uint32_t)count;
	c->first_ms = (int64_t)((uint64_t)*times_before + (uint64_t)unzigzag(first));
	c->last_ms = (int64_t)((uint64_t)c->first_ms + span);
	*times_before = c->first_ms;
	return c->last_ms >= c->first_ms;
}

static int read_columns(struct segment_reader *r, struct slice *in, size_t at, struct err *e)
{
	int64_t times_before = 0;

	if (r->ncolumns > r->cap) {
		struct segment_column *more =
			mem_realloc(r->columns, r->ncolumns * sizeof(*r->columns));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory to read a segment");
		r->columns = more;
		r->cap = r->ncolumns;
	}
	for (uint32_t i = 0; i < r->ncolumns; i++) {
		struct segment_column *c = &r->columns[i];

		if (!take_column(in, c, &times_before))
			return bad(e, "its list of columns is wrong");
		if (c->bytes > r->bytes.n - at)
			return bad(e, "a column lies outside");
		c->at = (uint32_t)at;
		at += c->bytes;
	}
	r->start.values_at = at;
	return 0;
}

int segment_open(struct segment_reader *r, struct slice bytes, struct err *e)
{
	struct slice in;
	uint32_t dir;

	if (bytes.n < SEGMENT_HEAD_BYTES || bytes.n > SEGMENT_MAX_BYTES ||
	    get_le32(bytes.p + 20) != bytes.n)
		return bad(e, "it has the wrong length");
	dir = get_le32(bytes.p + 16);
	if (dir < SEGMENT_HEAD_BYTES || dir > bytes.n)
		return bad(e, "its directory has the wrong length");
	r->crc = get_le32(bytes.p);
	if (crc32c(0, bytes.p + 4, dir - 4) != r->crc)
		return bad(e, "the checksum of its directory is wrong");
	if ((bytes.p[4] != SEGMENT_SAMPLES && bytes.p[4] != SEGMENT_FIGURES) ||
	    bytes.p[5] != SEGMENT_FORMAT)
		return bad(e, "its kind or format is unknown");
	r->bytes = bytes;
	r->kind = (enum segment_kind)bytes.p[4];
	r->ncolumns = get_le32(bytes.p + 8);
	r->nchunks = get_le32(bytes.p + 12);
	r->first_series = get_le32(bytes.p + 24);
	r->last_series = get_le32(bytes.p + 28);
	if (r->ncolumns > dir || r->nchunks > dir)
		return bad(e, "its counts are impossible");
	in = slice_of(bytes.p + SEGMENT_HEAD_BYTES, dir - SEGMENT_HEAD_BYTES);
	if (read_columns(r, &in, dir, e) < 0)
		return -1;
	r->start.directory = in;
	r->start.left = r->nchunks;
	r->start.series = r->first_series;
	segment_rewind(r);
	return 0;
}

void segment_rewind(struct segment_reader *r)
{
	r->at = r->start;
}

/* What the directory says of a chunk. */
struct chunk_entry {
	uint32_t series;
	uint8_t encoding;
	uint64_t times, attributes, bytes;
	const uint8_t *crc;
};

/* Takes the next one; most are those of other series, so nothing else is made of it here. */
static inline bool take_entry(const struct segment_reader *r, struct segment_place *at,
			      struct chunk_entry *x)
{
	const uint8_t *p = (const uint8_t *)at->directory.p, *end = p + at->directory.n;
	bool figures = r->kind == SEGMENT_FIGURES;
	uint64_t series;

	if (!varint_read(&p, end, &series) || series > UINT32_MAX - at->series || p == end)
		return false;
	x->encoding = *p++;
	if (!varint_read(&p, end, &x->times) ||
	    (figures && !varint_read(&p, end, &x->attributes)) ||
	    !varint_read(&p, end, &x->bytes) || end - p < 4)
		return false;
	x->crc = p;
	x->series = at->series += (uint32_t)series;
	at->directory = slice_of((const char *)p + 4, (size_t)(end - p) - 4);
	at->left--;
	return true;
}

static bool column_good(struct segment_reader *r, uint64_t number, bool attributes)
{
	struct segment_column *k = &r->columns[number];
	struct slice bytes = slice_of(r->bytes.p + k->at, k->bytes);

	if (!k->good)
		k->good = k->crc == (attributes
					     ? crc32c(0, bytes.p, bytes.n)
					     : times_crc(k->count, k->first_ms, k->last_ms, bytes));
	return k->good;
}

static bool lies_inside(const struct segment_reader *r, const struct chunk_entry *x,
			size_t values_at)
{
	if (x->times >= r->ncolumns || r->columns[x->times].attributes ||
	    x->bytes > r->bytes.n - values_at)
		return false;
	return r->kind != SEGMENT_FIGURES ||
	       (x->attributes < r->ncolumns && r->columns[x->attributes].attributes);
}

/* Says all there is about the chunk, then verifies its columns. */
static int make_chunk(struct segment_reader *r, const struct chunk_entry *x, size_t values_at,
		      struct chunk *c, struct err *e)
{
	const struct segment_column *t = &r->columns[x->times];
	bool figures = r->kind == SEGMENT_FIGURES;

	*c = (struct chunk){
		.series = x->series,
		.count = t->count,
		.first_ms = t->first_ms,
		.last_ms = t->last_ms,
		.encoding = x->encoding,
		.times = slice_of(r->bytes.p + t->at, t->bytes),
		.values = slice_of(r->bytes.p + values_at, x->bytes),
		.crc = get_le32(x->crc),
		.times_crc = t->crc,
	};
	if (figures) {
		const struct segment_column *a = &r->columns[x->attributes];

		c->attributes = slice_of(r->bytes.p + a->at, a->bytes);
		c->attributes_crc = a->crc;
	}
	if (!column_good(r, x->times, false) || (figures && !column_good(r, x->attributes, true)))
		return bad(e, "the checksum of a chunk is wrong");
	return 1;
}

int segment_find(struct segment_reader *r, const struct segment_want *want, struct chunk *c,
		 struct err *e)
{
	struct segment_place at = r->at;
	struct chunk_entry x = { 0 };

	/* Directories of several layers are read in turn: too many at once for the processor to
	 * see where each goes on. */
	__builtin_prefetch(at.directory.p + FAR_AHEAD);

	while (at.left > 0) {
		size_t values_at = at.values_at;
		const struct segment_column *t;

		if (!take_entry(r, &at, &x))
			return bad(e, "its list of chunks is wrong");
		if (!lies_inside(r, &x, values_at))
			return bad(e, "a chunk lies outside");
		if (x.series > want->to_series)
			return 0;
		at.values_at += x.bytes;
		r->at = at;
		t = &r->columns[x.times];
		if (x.series >= want->from_series && t->first_ms <= want->to_ms &&
		    t->last_ms >= want->from_ms)
			return make_chunk(r, &x, values_at, c, e);
	}
	return 0;
}

int chunk_verify(const struct chunk *c, struct err *e)
{
	if (chunk_crc(c->series, c->encoding, c->times_crc, c->attributes_crc, c->values) != c->crc)
		return bad(e, "the checksum of a chunk is wrong");
	return 0;
}

int segment_next(struct segment_reader *r, const struct segment_want *want, struct chunk *c,
		 struct err *e)
{
	int rc = segment_find(r, want, c, e);

	return rc == 1 && chunk_verify(c, e) < 0 ? -1 : rc;
}
