/* packing.c - see packing.h. */
#include "storage/packing.h"

#include "base/alloc.h"

enum {
	PIECE_BYTES = 4 << 20, /* of one transaction, about */
	PENDING_LIMIT = 64 << 20,
	ARENA_BYTES = 1 << 30,
};

/* --- one chunk of samples ----------------------------------------------------------------- */

struct sample_packer {
	struct columns_scratch *scratch;
	struct buf times, values;
};

static int packer_init(struct sample_packer *p, struct err *e)
{
	buf_init(&p->times, PENDING_LIMIT);
	buf_init(&p->values, PENDING_LIMIT);
	p->scratch = columns_scratch_new(e);
	return p->scratch ? 0 : -1;
}

static void packer_release(struct sample_packer *p)
{
	columns_scratch_free(p->scratch);
	buf_release(&p->times);
	buf_release(&p->values);
}

static int pack(struct sample_packer *p, uint32_t series, const int64_t *t, const double *v,
		size_t n, struct chunk *c, struct err *e)
{
	enum value_encoding encoding;
	char *times, *values;

	buf_clear(&p->times);
	buf_clear(&p->values);
	times = buf_room(&p->times, times_bound(n));
	values = buf_room(&p->values, values_bound(n));
	if (!times || !values)
		return err_set(e, ERR_MEMORY, "no memory to pack samples");
	buf_added(&p->times, times_pack(t, n, (uint8_t *)times, p->scratch));
	buf_added(&p->values, values_pack(v, n, (uint8_t *)values, &encoding, p->scratch));
	*c = (struct chunk){ .series = series,
			     .count = (uint32_t)n,
			     .first_ms = t[0],
			     .last_ms = t[n - 1],
			     .encoding = (uint8_t)encoding,
			     .times = buf_all(&p->times),
			     .values = buf_all(&p->values) };
	return 0;
}

/* --- generation to run ---------------------------------------------------------------------- */

struct sealing {
	struct run_writer run;
	struct segment_writer *w;
	struct sample_packer packer;
	struct arena arena;
};

static int end_run_segment(struct sealing *x, struct err *e)
{
	struct segment_entry entry;
	struct slice bytes;

	if (segment_is_empty(x->w))
		return 0;
	if (segment_finish(x->w, &bytes, &entry, e) < 0 || run_add(&x->run, bytes, &entry, e) < 0)
		return -1;
	segment_begin(x->w, SEGMENT_SAMPLES);
	return 0;
}

static int seal_series(struct sealing *x, const struct generation *g, uint32_t series,
		       struct err *e)
{
	struct arena_mark mark = arena_mark(&x->arena);
	struct columns_run r = { 0 };
	bool rising = true;
	int rc = generation_read(g, series, UINT64_MAX, &x->arena, &r, &rising, e);

	if (rc == 0 && !rising)
		rc = columns_run_sort(&r, e);
	for (size_t i = 0; i < r.n && rc == 0; i += CHUNK_SAMPLES) {
		size_t n = r.n - i < CHUNK_SAMPLES ? r.n - i : CHUNK_SAMPLES;
		struct chunk c;

		rc = pack(&x->packer, series, r.t_ms + i, r.value + i, n, &c, e);
		if (rc < 0)
			break;
		rc = segment_add(x->w, &c, e);
		if (rc == 0)
			rc = end_run_segment(x, e) < 0 ? -1 : segment_add(x->w, &c, e);
		rc = rc == 1 ? 0 : -1;
	}
	arena_reset(&x->arena, mark);
	return rc;
}

static int seal_all(struct sealing *x, const struct generation *g, struct err *e)
{
	for (uint64_t i = 1; i <= g->top_series; i++) {
		if (!chunked_at(&g->chains, (uint32_t)i)) {
			i |= CHUNKED_BLOCK - 1;
			continue;
		}
		if (generation_count(g, (uint32_t)i) && seal_series(x, g, (uint32_t)i, e) < 0)
			return -1;
	}
	return end_run_segment(x, e);
}

/* A run lives until the next packing only. */
static int seal_packer_init(struct sample_packer *p, struct err *e)
{
	if (packer_init(p, e) < 0)
		return -1;
	columns_scratch_quick(p->scratch);
	return 0;
}

struct layer *generation_to_run(const char *dir, struct generation *g, struct err *e)
{
	struct sealing x = { .w = segment_writer_new(e) };
	struct layer *l = NULL;

	if (!x.w)
		return NULL;
	arena_init(&x.arena, ARENA_BYTES);
	if (seal_packer_init(&x.packer, e) == 0 &&
	    run_create(&x.run, dir, g->from, g->number, e) == 0) {
		if (seal_all(&x, g, e) == 0)
			l = run_finish(&x.run, e);
		else
			run_abandon(&x.run);
	}
	packer_release(&x.packer);
	arena_release(&x.arena);
	segment_writer_free(x.w);
	return l;
}

/* --- partitions --------------------------------------------------------------------- */

struct partition_writer *partition_writer_new(struct store *s, enum segment_kind kind,
					      uint32_t number, struct err *e)
{
	struct partition_writer *p = mem_zalloc(sizeof(*p));

	if (!p) {
		err_set(e, ERR_MEMORY, "no memory to pack");
		return NULL;
	}
	p->s = s;
	p->kind = kind;
	p->number = number;
	buf_init(&p->pending, PENDING_LIMIT);
	p->w = segment_writer_new(e);
	if (!p->w) {
		mem_free(p);
		return NULL;
	}
	segment_begin(p->w, kind);
	return p;
}

void partition_writer_free(struct partition_writer *p)
{
	if (!p)
		return;
	segment_writer_free(p->w);
	buf_release(&p->pending);
	mem_free(p->entries);
	mem_free(p);
}

struct piece {
	struct append a;
	struct partition_writer *p;
};

static int piece_task(struct append *a, struct write_task *t, struct err *e)
{
	struct partition_writer *p = ((struct piece *)a)->p;
	size_t at = 0;

	for (uint32_t i = p->sent; i < p->n; i++) {
		struct slice bytes = slice_of(p->pending.p + at, p->entries[i].bytes);

		if (partition_put_segment(t->t, p->number, i, bytes, e) < 0)
			return -1;
		at += bytes.n;
	}
	return 0;
}

/* Only the packer's thread changes what lies in partitions, so a later transaction will do as well.
 */
static void stop_reading(struct partition_writer *p)
{
	if (!p->view)
		return;
	reader_release(p->reader);
	db_read_end(p->view->t);
	p->view->t = NULL;
}

static int go_on_reading(struct partition_writer *p, struct err *e)
{
	if (!p->view)
		return 0;
	if (db_read_begin(p->s->db, &p->view->t, e) < 0)
		return -1;
	reader_init(p->reader, p->view->layout, p->view->t);
	return 0;
}

/* Hands over what is pending. */
static int send(struct partition_writer *p, struct err *e)
{
	struct piece x = { .a = { .task = piece_task, .task_bytes = p->pending.n }, .p = p };

	if (p->sent == p->n)
		return 0;
	stop_reading(p);
	if (writer_do(p->s, &x.a, e) < 0)
		return -1;
	p->sent = p->n;
	buf_clear(&p->pending);
	return go_on_reading(p, e);
}

static void read_from(struct partition_writer *p, struct view_of_store *v, struct reader *r)
{
	reader_init(r, v->layout, v->t);
	p->view = v;
	p->reader = r;
}

static void read_no_more(struct partition_writer *p)
{
	stop_reading(p);
	p->view = NULL;
	p->reader = NULL;
}

static int end_segment(struct partition_writer *p, struct err *e)
{
	struct slice bytes;

	if (segment_is_empty(p->w))
		return 0;
	if (p->n == p->cap) {
		uint32_t cap = p->cap ? p->cap * 2 : 64;
		struct segment_entry *more = mem_realloc(p->entries, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory to pack");
		p->entries = more;
		p->cap = cap;
	}
	if (segment_finish(p->w, &bytes, &p->entries[p->n], e) < 0)
		return -1;
	p->n++;
	buf_slice(&p->pending, bytes);
	segment_begin(p->w, p->kind);
	if (buf_check(&p->pending, e) < 0)
		return -1;
	return p->pending.n >= PIECE_BYTES ? send(p, e) : 0;
}

static int add_chunk(struct partition_writer *p, const struct chunk *c, struct err *e)
{
	int rc = segment_add(p->w, c, e);

	if (rc == 0)
		rc = end_segment(p, e) < 0 ? -1 : segment_add(p->w, c, e);
	return rc == 1 ? 0 : -1;
}

int partition_end(struct partition_writer *p, struct err *e)
{
	return end_segment(p, e) < 0 ? -1 : send(p, e);
}

/* --- samples ------------------------------------------------------------------------ */

static int add_run(struct partition_writer *p, struct sample_packer *k, uint32_t series,
		   const struct columns_run *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i += CHUNK_SAMPLES) {
		size_t n = r->n - i < CHUNK_SAMPLES ? r->n - i : CHUNK_SAMPLES;
		struct chunk c;

		if (pack(k, series, r->t_ms + i, r->value + i, n, &c, e) < 0 ||
		    add_chunk(p, &c, e) < 0)
			return -1;
	}
	return 0;
}

int partition_add_samples(struct partition_writer *p, struct view_of_store *v, uint32_t first,
			  uint32_t n, struct err *e)
{
	struct layer *const *layers = v->layout->samples + first;
	struct sample_packer k;
	struct reader r;
	struct arena arena;
	uint32_t series = 0;
	int rc = packer_init(&k, e);

	read_from(p, v, &r);
	arena_init(&arena, ARENA_BYTES);
	while (rc == 0 && (series = layers_next_series(layers, n, series)) != 0) {
		struct arena_mark mark = arena_mark(&arena);
		struct columns_run run = { 0 };

		rc = reader_layer_samples(&r, first, n, series, &arena, &run, e);
		if (rc == 0)
			rc = columns_run_own(&run, &arena, e);
		if (rc == 0 && p->edit)
			p->edit(p->edit_ctx, series, &run);
		if (rc == 0)
			rc = add_run(p, &k, series, &run, e);
		arena_reset(&arena, mark);
	}
	read_no_more(p);
	arena_release(&arena);
	packer_release(&k);
	return rc;
}

/* --- figures ------------------------------------------------------------------------ */

static int add_figures(struct partition_writer *p, struct figure_packer *k, uint32_t series,
		       const struct figures_run *r, struct err *e)
{
	const size_t most = FIGURES_MAX / 4;

	for (size_t i = 0; i < r->n; i += most) {
		struct chunk c;

		if (figures_pack(k, series, r->list + i, r->n - i < most ? r->n - i : most, &c, e) <
			    0 ||
		    add_chunk(p, &c, e) < 0)
			return -1;
	}
	return 0;
}

int partition_add_fresh(struct partition_writer *p, const struct fresh *f, struct err *e)
{
	struct figure_packer *k = figure_packer_new(e);
	uint32_t top = atomic_load_explicit(&f->top_series, memory_order_acquire);
	struct arena arena;
	int rc = k ? 0 : -1;

	arena_init(&arena, ARENA_BYTES);
	for (uint64_t i = 1; i <= top && rc == 0; i++) {
		struct arena_mark mark = arena_mark(&arena);
		struct figures_run run = { 0 };

		if (!chunked_at(&f->series, (uint32_t)i)) {
			i |= CHUNKED_BLOCK - 1;
			continue;
		}
		rc = fresh_read(f, (uint32_t)i, INT64_MIN, INT64_MAX, UINT64_MAX, &arena, &run, e);
		if (rc == 0 && run.n > 0) {
			figures_sort(run.list, run.n);
			rc = add_figures(p, k, (uint32_t)i, &run, e);
		}
		arena_reset(&arena, mark);
	}
	arena_release(&arena);
	figure_packer_free(k);
	return rc;
}

static uint32_t place_of(const struct layout *l, uint32_t number)
{
	uint32_t i = 0;

	while (i < l->nfigures && l->figures[i]->number != number)
		i++;
	return i;
}

int partition_add_figures(struct partition_writer *p, struct view_of_store *v,
			  const uint32_t *numbers, uint32_t n, struct err *e)
{
	struct figure_packer *k = figure_packer_new(e);
	struct layer **layers = mem_alloc((n + (size_t)1) * sizeof(struct layer *));
	uint32_t *places = mem_alloc((n + (size_t)1) * sizeof(*places));
	struct reader r;
	struct arena arena;
	uint32_t series = 0;
	int rc = k ? 0 : -1;

	read_from(p, v, &r);
	arena_init(&arena, ARENA_BYTES);
	if (!layers || !places)
		rc = err_set(e, ERR_MEMORY, "no memory to merge partitions");
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		places[i] = place_of(v->layout, numbers[i]);
		if (places[i] == v->layout->nfigures)
			rc = err_set(e, ERR_NOT_FOUND, "partition %u is gone", numbers[i]);
		else
			layers[i] = v->layout->figures[places[i]];
	}
	while (rc == 0 && (series = layers_next_series(layers, n, series)) != 0) {
		struct arena_mark mark = arena_mark(&arena);
		struct figures_run run = { 0 };

		for (uint32_t i = 0; i < n && rc == 0; i++)
			rc = reader_layer_figures(&r, places[i], series, INT64_MIN, INT64_MAX,
						  &arena, &run, e);
		if (rc == 0 && run.n > 0) {
			figures_sort(run.list, run.n);
			rc = add_figures(p, k, series, &run, e);
		}
		arena_reset(&arena, mark);
	}
	read_no_more(p);
	arena_release(&arena);
	mem_free(layers);
	mem_free(places);
	figure_packer_free(k);
	return rc;
}
