/* fresh.c - see fresh.h. */
#include "storage/fresh.h"

#include "base/counter.h"
#include "base/varint.h"
#include "storage/keys.h"
#include "storage/walk.h"

enum { SLAB_BYTES = 256 << 10, RECORD_LIMIT = 256 << 20 };

struct fresh_node {
	struct fresh_node *next;
	struct figure f;
};

struct fresh_slab {
	struct fresh_slab *next;
	struct fresh_node nodes[];
};

struct fresh *fresh_new(struct err *e)
{
	struct fresh *f = mem_zalloc(sizeof(*f));

	if (!f) {
		err_set(e, ERR_MEMORY, "no memory for figures");
		return NULL;
	}
	atomic_init(&f->refs, 1);
	chunked_init(&f->series, sizeof(_Atomic(struct fresh_node *)));
	return f;
}

struct fresh *fresh_ref(struct fresh *f)
{
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	return f;
}

void fresh_unref(struct fresh *f)
{
	if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
		return;
	while (f->slabs) {
		struct fresh_slab *s = f->slabs;

		f->slabs = s->next;
		mem_free(s);
	}
	chunked_release(&f->series);
	mem_free(f);
}

static struct fresh_node *node_new(struct fresh *f)
{
	const size_t in_slab = (SLAB_BYTES - sizeof(struct fresh_slab)) / sizeof(struct fresh_node);

	if (!f->slabs || f->slab_used == in_slab) {
		struct fresh_slab *s = mem_alloc(SLAB_BYTES);

		if (!s)
			return NULL;
		s->next = f->slabs;
		f->slabs = s;
		f->slab_used = 0;
	}
	return &f->slabs->nodes[f->slab_used++];
}

int fresh_add(struct fresh *f, uint32_t series, const struct figure *x, struct err *e)
{
	_Atomic(struct fresh_node *) *head = chunked_at_make(&f->series, series);
	struct fresh_node *n = head ? node_new(f) : NULL;

	if (!n)
		return err_set(e, ERR_MEMORY, "no memory for figures");
	n->f = *x;
	n->next = atomic_load_explicit(head, memory_order_relaxed);
	atomic_store_explicit(head, n, memory_order_release);
	if (series > atomic_load_explicit(&f->top_series, memory_order_relaxed))
		atomic_store_explicit(&f->top_series, series, memory_order_release);
	if (x->sequence > f->last_sequence)
		f->last_sequence = x->sequence;
	atomic_fetch_add_explicit(&f->figures, 1, memory_order_relaxed);
	return 0;
}

uint32_t fresh_next_series(const struct fresh *f, uint32_t after)
{
	uint32_t top = atomic_load_explicit(&f->top_series, memory_order_acquire);

	for (uint64_t i = after + UINT64_C(1); i <= top; i++) {
		_Atomic(struct fresh_node *) *head = chunked_at(&f->series, (uint32_t)i);

		if (!head)
			i |= CHUNKED_BLOCK - 1;
		else if (atomic_load_explicit(head, memory_order_acquire))
			return (uint32_t)i;
	}
	return 0;
}

void fresh_forget(struct fresh *f, uint64_t sequence)
{
	uint32_t top = atomic_load_explicit(&f->top_series, memory_order_relaxed);

	for (uint64_t i = 0; i <= top; i++) {
		_Atomic(struct fresh_node *) *head = chunked_at(&f->series, (uint32_t)i);
		struct fresh_node *n;

		if (!head) {
			i |= CHUNKED_BLOCK - 1;
			continue;
		}
		n = atomic_load_explicit(head, memory_order_relaxed);
		for (; n && n->f.sequence > sequence; n = n->next)
			atomic_fetch_sub_explicit(&f->figures, 1, memory_order_relaxed);
		atomic_store_explicit(head, n, memory_order_release);
	}
	f->last_sequence = sequence;
}

int figures_room(struct arena *a, struct figures_run *r, size_t more, struct err *e)
{
	if (r->cap - r->n >= more)
		return 0;
	r->list = arena_grow(a, r->list, r->n, &r->cap, r->n + more, sizeof(*r->list));
	if (!r->list)
		return err_set(e, ERR_LIMIT, "the figures need more than %zu MiB", a->limit >> 20);
	return 0;
}

int fresh_read(const struct fresh *f, uint32_t series, int64_t from_ms, int64_t to_ms,
	       uint64_t last, struct arena *a, struct figures_run *out, struct err *e)
{
	_Atomic(struct fresh_node *) *head = chunked_at(&f->series, series);
	const struct fresh_node *n = head ? atomic_load_explicit(head, memory_order_acquire) : NULL;

	for (; n; n = n->next) {
		if (n->f.sequence > last || n->f.stamp_ms < from_ms || n->f.stamp_ms > to_ms)
			continue;
		if (figures_room(a, out, 1, e) < 0)
			return -1;
		out->list[out->n++] = n->f;
	}
	return 0;
}

/* --- writing a record ------------------------------------------------------------------ */

int fresh_record_init(struct fresh_record *r, struct err *e)
{
	*r = (struct fresh_record){ 0 };
	buf_init(&r->names, RECORD_LIMIT);
	buf_init(&r->segments, RECORD_LIMIT);
	r->w = segment_writer_new(e);
	r->p = r->w ? figure_packer_new(e) : NULL;
	if (r->p)
		return 0;
	fresh_record_release(r);
	return -1;
}

void fresh_record_release(struct fresh_record *r)
{
	segment_writer_free(r->w);
	figure_packer_free(r->p);
	buf_release(&r->names);
	buf_release(&r->segments);
	*r = (struct fresh_record){ 0 };
}

void fresh_record_begin(struct fresh_record *r)
{
	buf_clear(&r->names);
	buf_clear(&r->segments);
	r->nnames = r->nsegments = 0;
	segment_begin(r->w, SEGMENT_FIGURES);
}

static void put_text(struct buf *b, struct slice s)
{
	varint_add(b, s.n);
	buf_slice(b, s);
}

void fresh_record_name(struct fresh_record *r, uint32_t id, bool statistic, const struct labels *ls)
{
	varint_add(&r->names, id);
	buf_putc(&r->names, statistic);
	varint_add(&r->names, ls->n);
	for (uint32_t i = 0; i < ls->n; i++) {
		put_text(&r->names, ls->l[i].name);
		put_text(&r->names, ls->l[i].value);
	}
	r->nnames++;
}

static int end_segment(struct fresh_record *r, struct err *e)
{
	struct segment_entry entry;
	struct slice bytes;

	if (segment_is_empty(r->w))
		return 0;
	if (segment_finish(r->w, &bytes, &entry, e) < 0)
		return -1;
	put_text(&r->segments, bytes);
	r->nsegments++;
	segment_begin(r->w, SEGMENT_FIGURES);
	return 0;
}

int fresh_record_add(struct fresh_record *r, uint32_t series, const struct figure *f, size_t n,
		     struct err *e)
{
	while (n > 0) {
		size_t take = n < FIGURES_MAX / 4 ? n : FIGURES_MAX / 4;
		struct chunk c;
		int rc;

		if (figures_pack(r->p, series, f, take, &c, e) < 0)
			return -1;
		rc = segment_add(r->w, &c, e);
		if (rc == 0)
			rc = end_segment(r, e) < 0 ? -1 : segment_add(r->w, &c, e);
		if (rc < 0)
			return -1;
		f += take;
		n -= take;
	}
	return 0;
}

int fresh_record_put(struct fresh_record *r, struct db_txn *t, uint64_t sequence, struct err *e)
{
	uint8_t key[KEY_SUBMISSION_BYTES], crc[RECORD_CRC_BYTES] = { 0 };
	struct buf whole;
	int rc;

	if (end_segment(r, e) < 0)
		return -1;
	if (r->nnames == 0 && r->nsegments == 0)
		return 0;
	buf_init(&whole, RECORD_LIMIT);
	buf_put(&whole, crc, sizeof(crc));
	varint_add(&whole, r->nnames);
	buf_slice(&whole, buf_all(&r->names));
	varint_add(&whole, r->nsegments);
	buf_slice(&whole, buf_all(&r->segments));
	key_submission(key, sequence);
	rc = buf_check(&r->names, e) < 0 || buf_check(&r->segments, e) < 0 ||
	     buf_check(&whole, e) < 0;
	rc = rc ? -1
		: record_put(t, DB_FRESH, key_slice(key, sizeof(key)), (uint8_t *)whole.p, whole.n,
			     e);
	buf_release(&whole);
	return rc;
}

int fresh_drop(struct db_txn *t, uint64_t after, uint64_t upto, struct err *e)
{
	for (uint64_t i = after + 1; i <= upto; i++) {
		uint8_t key[KEY_SUBMISSION_BYTES];
		struct slice value;
		int rc;

		key_submission(key, i);
		rc = db_get(t, DB_FRESH, key_slice(key, sizeof(key)), &value, e);
		if (rc == 1 && !record_good(key_slice(key, sizeof(key)), value))
			continue; /* what is damaged stays */
		if (rc < 0 || (rc == 1 && db_del(t, DB_FRESH, key_slice(key, sizeof(key)), e) < 0))
			return -1;
	}
	return 0;
}

/* --- reading one --------------------------------------------------------------------------- */

static int bad(struct err *e)
{
	return record_bad(e, DB_FRESH, "it has the wrong form");
}

static bool take_text(struct slice *in, struct slice *out)
{
	uint64_t n;

	if (!varint_take(in, &n) || n > in->n)
		return false;
	*out = slice_of(in->p, n);
	*in = slice_skip(*in, n);
	return true;
}

static int take_name(struct slice *in, const struct fresh_visitor *v, struct err *e)
{
	struct label l[LABELS_MAX];
	uint64_t id, n;
	bool statistic;

	if (!varint_take(in, &id) || id == 0 || id > UINT32_MAX || in->n == 0)
		return bad(e);
	statistic = *in->p != 0;
	*in = slice_skip(*in, 1);
	if (!varint_take(in, &n) || n > LABELS_MAX)
		return bad(e);
	for (uint64_t i = 0; i < n; i++)
		if (!take_text(in, &l[i].name) || !take_text(in, &l[i].value))
			return bad(e);
	return v->name ? v->name(v->ctx, (uint32_t)id, statistic, l, n, e) : 0;
}

static int read_segment(struct segment_reader *r, struct slice bytes, const struct fresh_visitor *v,
			struct err *e)
{
	static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };
	struct chunk c;
	int rc;

	if (segment_open(r, bytes, e) < 0)
		return -1;
	while ((rc = segment_next(r, &all, &c, e)) == 1)
		if (v->chunk && v->chunk(v->ctx, &c, e) < 0)
			return -1;
	return rc;
}

int fresh_record_read(struct slice value, const struct fresh_visitor *v, struct err *e)
{
	struct slice in = slice_skip(value, RECORD_CRC_BYTES), bytes;
	struct segment_reader r;
	uint64_t n;
	int rc = 0;

	if (!varint_take(&in, &n))
		return bad(e);
	for (; n > 0; n--)
		if (take_name(&in, v, e) < 0)
			return -1;
	if (!varint_take(&in, &n))
		return bad(e);
	segment_reader_init(&r);
	for (; n > 0 && rc == 0; n--)
		rc = take_text(&in, &bytes) ? read_segment(&r, bytes, v, e) : bad(e);
	segment_reader_release(&r);
	return rc == 0 && in.n != 0 ? bad(e) : rc;
}

/* --- reading a damaged one ------------------------------------------------------------------- */

struct salvage {
	int (*each)(void *ctx, const struct chunk *c, const char *why, struct err *e);
	void *ctx;
};

static int salvage_segment(struct segment_reader *r, struct slice bytes, const struct salvage *s,
			   struct err *e)
{
	static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };
	struct err why = { 0 };

	if (segment_open(r, bytes, &why) < 0 || r->kind != SEGMENT_FIGURES)
		return why.code == ERR_MEMORY ? err_set(e, ERR_MEMORY, "%s", why.text) : 0;
	while (r->at.left > 0) {
		uint32_t left = r->at.left;
		struct chunk c;
		int rc = segment_next(r, &all, &c, &why);

		if (rc < 0 && r->at.left == left)
			return 0;
		if (s->each(s->ctx, &c, rc < 0 ? why.text : NULL, e) < 0)
			return -1;
	}
	return 0;
}

int fresh_record_salvage(struct slice value,
			 int (*each)(void *ctx, const struct chunk *c, const char *why,
				     struct err *e),
			 void *ctx, struct err *e)
{
	const struct fresh_visitor nobody = { NULL, NULL, NULL };
	const struct salvage s = { each, ctx };
	struct slice in, bytes;
	struct segment_reader r;
	uint64_t n;
	int rc = 0;

	if (value.n < RECORD_CRC_BYTES)
		return 0;
	in = slice_skip(value, RECORD_CRC_BYTES);
	if (!varint_take(&in, &n))
		return 0;
	for (; n > 0; n--)
		if (take_name(&in, &nobody, NULL) < 0)
			return 0;
	if (!varint_take(&in, &n))
		return 0;
	segment_reader_init(&r);
	for (; n > 0 && rc == 0 && take_text(&in, &bytes); n--)
		rc = salvage_segment(&r, bytes, &s, e);
	segment_reader_release(&r);
	return rc;
}
