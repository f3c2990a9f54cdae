/* audit_figures.c - see audit_figures.h. */
#include "storage/audit_figures.h"

#include "base/alloc.h"
#include "storage/apart.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

enum { ARENA_BYTES = 1 << 30 };

void audit_tell(const struct audit_teller *to, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	apart_fault(to->pipe, "%s", text);
	++*to->faults;
}

/* No memory is no fault of the store. */
static bool is_fault(const struct err *e)
{
	return e->code == ERR_CORRUPT || e->code == ERR_UNSUPPORTED || e->code == ERR_NOT_FOUND;
}

/* 0: told; -1. */
static int tell_why(const struct audit_figures *x, const struct err *why, struct err *e)
{
	if (is_fault(why)) {
		audit_tell(&x->tell, "%s", why->text);
		return 0;
	}
	*e = *why;
	return -1;
}

/* --- parts ---------------------------------------------------------------------------- */

static uint32_t last_id(const struct layout *l)
{
	return l->nparts ? l->parts[l->nparts - 1]->last_id : 0;
}

static int add_part(struct audit_figures *x, struct slice key, struct slice value, struct err *e)
{
	struct err why = { 0 };
	struct part *p;

	if (key.n != KEY_PART_BYTES) {
		audit_tell(&x->tell, "table \"parts\": a key of %zu bytes", key.n);
		return 0;
	}
	p = part_of_blob(get_be32(key.p), value, &why);
	if (!p) {
		err_wrap(&why, "part %u of the index", get_be32(key.p));
		return tell_why(x, &why, e);
	}
	if (p->number >= x->view.state.next_part || p->first_id <= last_id(x->view.layout))
		audit_tell(&x->tell, "part %u of the index stands where none should be", p->number);
	return layout_add_part(x->view.layout, p, e);
}

static int add_parts(struct audit_figures *x, struct err *e)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	uint32_t n = 0;
	int rc;

	if (db_cursor_open(x->view.t, DB_PARTS, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, how, &key, &value, e)) == 1 &&
	       (rc = add_part(x, key, value, e)) == 0) {
		how = DB_NEXT;
		n++;
	}
	db_cursor_close(c);
	if (rc < 0)
		return -1;
	if (n != x->view.state.parts)
		audit_tell(&x->tell, "%u parts of the index are there, %u should be", n,
			   x->view.state.parts);
	return 0;
}

static int verify_parts(struct audit_figures *x, struct err *e)
{
	for (size_t i = 0; i < x->view.index.nparts; i++) {
		struct err why = { 0 };

		if (index_part_verify(&x->view.parts[i], &why) == 0)
			continue;
		err_wrap(&why, "part %u of the index", x->view.layout->parts[i]->number);
		if (tell_why(x, &why, e) < 0)
			return -1;
	}
	return 0;
}

/* --- partitions -------------------------------------------------------------------------- */

/* What a chunk says of itself, and what is summed up of a segment. */
static void sum_chunk(struct segment_entry *sum, const struct chunk *k)
{
	if (sum->chunks == 0)
		*sum = (struct segment_entry){ .first_series = k->series,
					       .first_ms = k->first_ms,
					       .last_ms = k->last_ms };
	sum->last_series = k->series;
	if (k->first_ms < sum->first_ms)
		sum->first_ms = k->first_ms;
	if (k->last_ms > sum->last_ms)
		sum->last_ms = k->last_ms;
	sum->chunks++;
	sum->samples += k->count;
}

static bool same_entry(const struct segment_entry *a, const struct segment_entry *b)
{
	return a->first_series == b->first_series && a->last_series == b->last_series &&
	       a->first_ms == b->first_ms && a->last_ms == b->last_ms && a->chunks == b->chunks &&
	       a->samples == b->samples;
}

struct scan {
	struct segment_reader reader;
	struct figure_packer *packer;
	struct figure *figures; /* FIGURES_MAX */
};

static int scan_chunk(struct scan *s, const struct chunk *k, struct err *e)
{
	if (figures_unpack(s->packer, k, s->figures, e) < 0)
		return -1;
	if (k->count == 0 || s->figures[0].stamp_ms != k->first_ms ||
	    s->figures[k->count - 1].stamp_ms != k->last_ms)
		return err_set(e, ERR_CORRUPT, "its times are not those of its description");
	for (uint32_t i = 1; i < k->count; i++)
		if (figure_cmp(&s->figures[i - 1], &s->figures[i]) > 0)
			return err_set(e, ERR_CORRUPT, "its figures are out of order");
	return 0;
}

/* A table that says too little would hide figures from who asks for some times only. */
static int scan_segment(struct scan *s, const struct layer *l, struct db_txn *t, uint32_t i,
			struct err *e)
{
	static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };
	struct segment_entry sum = { 0 };
	struct slice bytes;
	struct chunk k;
	int rc;

	if (layer_segment(l, t, i, &bytes, e) < 0)
		return -1;
	rc = segment_open(&s->reader, bytes, e) < 0 ? -1 : 1;
	if (rc == 1 && s->reader.kind != SEGMENT_FIGURES)
		rc = err_set(e, ERR_CORRUPT, "it holds no figures");
	while (rc == 1 && (rc = segment_next(&s->reader, &all, &k, e)) == 1) {
		rc = scan_chunk(s, &k, e) < 0 ? -1 : 1;
		sum_chunk(&sum, &k);
	}
	if (rc == 0 && !same_entry(&sum, &l->segments[i]))
		rc = err_set(e, ERR_CORRUPT, "its partition says something else of it");
	return rc < 0 ? err_wrap(e, "segment %u of partition %u", i, l->number) : 0;
}

static int scan_layers(struct audit_figures *x, struct err *e)
{
	const struct layout *l = x->view.layout;
	struct scan s = { .packer = figure_packer_new(e) };
	int rc = s.packer ? 0 : -1;

	segment_reader_init(&s.reader);
	s.figures = mem_alloc(FIGURES_MAX * sizeof(*s.figures));
	if (!s.figures)
		rc = err_set(e, ERR_MEMORY, "no memory to read figures");
	for (uint32_t i = 0; i < l->nfigures && rc == 0; i++) {
		const struct layer *y = l->figures[i];

		for (uint32_t k = 0; k < y->nsegments && rc == 0; k++) {
			struct err why = { 0 };

			if (scan_segment(&s, y, x->view.t, k, &why) < 0)
				rc = tell_why(x, &why, e);
		}
	}
	segment_reader_release(&s.reader);
	mem_free(s.figures);
	figure_packer_free(s.packer);
	return rc;
}

/* Of a partition that was being made when the program ended there may be some. */
static int count_segments(struct audit_figures *x, uint64_t want, struct err *e)
{
	uint64_t entries;

	if (db_entries(x->view.t, DB_SEGMENTS, &entries, e) < 0)
		return -1;
	for (uint32_t i = 0; entries > want; i++, want++) {
		uint8_t key[KEY_SEGMENT_BYTES];
		struct slice value;
		int rc;

		key_segment(key, x->view.state.next_partition, i);
		rc = db_get(x->view.t, DB_SEGMENTS, key_slice(key, sizeof(key)), &value, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
	}
	if (entries != want)
		audit_tell(&x->tell, "%" PRIu64 " segments are there, %" PRIu64 " should be",
			   entries, want);
	return 0;
}

static int add_partitions(struct audit_figures *x, struct err *e)
{
	const struct state *state = &x->view.state;
	struct err why = { 0 };
	struct layer **list;
	uint32_t n, digest = 0;
	uint64_t segments = 0;
	int rc = 0;

	if (partitions_load(x->view.t, &list, &n, &why) < 0)
		return tell_why(x, &why, e);
	for (uint32_t i = 0; i < n; i++) {
		digest ^= list[i]->crc;
		segments += list[i]->nsegments;
		if (rc == 0 && list[i]->kind == SEGMENT_FIGURES)
			rc = layout_add_layer(x->view.layout, list[i], e);
		else
			layer_unref(list[i]);
	}
	mem_free(list);
	if (n != state->partitions || digest != state->digest)
		audit_tell(&x->tell, "%u partitions are there, %u should be, or one is an old one",
			   n, state->partitions);
	return rc < 0 || count_segments(x, segments, e) < 0 ? -1 : scan_layers(x, e);
}

/* --- fresh figures --------------------------------------------------------------------------- */

struct named {
	uint32_t id;
	bool statistic;
	struct labels *labels;
};

struct loading {
	struct audit_figures *x;
	uint64_t sequence; /* whose record is read */
	struct named *names;
	size_t n, cap;
	struct figure_packer *packer;
	struct figure *figures; /* FIGURES_MAX */
	uint32_t series, row;   /* of the chunk before */
};

static int take_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		     struct err *e)
{
	struct loading *k = ctx;

	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 256;
		struct named *more = mem_realloc(k->names, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory for names of series");
		k->names = more;
		k->cap = cap;
	}
	k->names[k->n] = (struct named){ id, statistic, labels_intern(l, n, e) };
	if (!k->names[k->n].labels)
		return -1;
	k->n++;
	return 0;
}

static int take_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	struct loading *k = ctx;

	if (figures_unpack(k->packer, c, k->figures, e) < 0)
		return -1;
	if (c->series != k->series)
		k->row = 0;
	k->series = c->series;
	for (uint32_t i = 0; i < c->count; i++) {
		struct figure *f = &k->figures[i];

		f->row = k->row++;
		if (f->sequence != k->sequence)
			return err_set(e, ERR_CORRUPT, "a figure is of submission %" PRIu64,
				       f->sequence);
		if (fresh_add(k->x->view.layout->fresh, c->series, f, e) < 0)
			return -1;
	}
	return 0;
}

static int read_record(struct loading *k, struct slice key, struct slice value, struct err *e)
{
	const struct fresh_visitor visitor = { take_name, take_chunk, k };
	const struct state *state = &k->x->view.state;
	struct err why = { 0 };

	if (key.n != KEY_SUBMISSION_BYTES || !record_good(key, value)) {
		audit_tell(&k->x->tell,
			   "a record of fresh figures is damaged: the checksum is wrong");
		return 0;
	}
	k->sequence = get_be64(key.p);
	k->series = 0;
	if (k->sequence <= state->packed_sequence || k->sequence > state->sequence) {
		audit_tell(&k->x->tell,
			   "figures of submission %" PRIu64 " stand where none should be",
			   k->sequence);
		return 0;
	}
	if (fresh_record_read(value, &visitor, &why) == 0)
		return 0;
	/* Labels that nobody could have written, for one. */
	if (why.code == ERR_INVALID || why.code == ERR_LIMIT)
		why.code = ERR_CORRUPT;
	err_wrap(&why, "figures of submission %" PRIu64, k->sequence);
	return tell_why(k->x, &why, e);
}

static int read_records(struct loading *k, struct err *e)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	int rc;

	if (db_cursor_open(k->x->view.t, DB_FRESH, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, how, &key, &value, e)) == 1 &&
	       (rc = read_record(k, key, value, e)) == 0)
		how = DB_NEXT;
	db_cursor_close(c);
	return rc < 0 ? -1 : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Series that no part has yet. */
static int add_names(struct loading *k, struct err *e)
{
	const struct layout *l = k->x->view.layout;
	uint32_t last = last_id(l);

	if (k->n > 1)
		qsort(k->names, k->n, sizeof(*k->names), by_id);
	for (size_t i = 0; i < k->n; i++) {
		const struct named *x = &k->names[i];

		if (x->id <= last)
			continue;
		last = x->id;
		if (memory_index_add(l->memories[0], x->id, x->labels->l, x->labels->n,
				     x->statistic, e) < 0)
			return -1;
	}
	return 0;
}

/* A name that was written twice, or is in a part already, is the same there. */
static int compare_names(struct loading *k, struct err *e)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct named *x = &k->names[i];
		struct err why = { 0 };
		char text[SERIES_TEXT];
		bool statistic = false;
		uint32_t id = 0;

		if (index_find(&k->x->view.index, x->labels->l, x->labels->n, &id, &statistic,
			       &why) < 0 &&
		    tell_why(k->x, &why, e) < 0)
			return -1;
		if (id != x->id || statistic != x->statistic)
			audit_tell(&k->x->tell,
				   "%s: the index knows it otherwise than as series %u",
				   series_text(x->labels, text), x->id);
	}
	return 0;
}

static int add_fresh(struct audit_figures *x, struct err *e)
{
	struct loading k = { .x = x, .packer = figure_packer_new(e) };
	int rc = -1;

	k.figures = mem_alloc(FIGURES_MAX * sizeof(*k.figures));
	if (!k.figures || !k.packer)
		err_set(e, ERR_MEMORY, "no memory to read figures");
	else
		rc = read_records(&k, e);
	if (rc == 0)
		rc = add_names(&k, e);
	if (rc == 0)
		rc = view_open_index(&x->view, e);
	if (rc == 0)
		rc = compare_names(&k, e);
	for (size_t i = 0; i < k.n; i++)
		labels_unref(k.names[i].labels);
	mem_free(k.names);
	mem_free(k.figures);
	figure_packer_free(k.packer);
	return rc;
}

/* --- all of them ---------------------------------------------------------------------------- */

int audit_figures_open(struct audit_figures *x, struct db_txn *t, const struct state *state,
		       struct audit_teller tell, struct err *e)
{
	struct layout *l = layout_new(e);

	*x = (struct audit_figures){ .tell = tell,
				     .view = { .layout = l, .t = t, .state = *state } };
	arena_init(&x->arena, ARENA_BYTES);
	if (!l)
		return -1;
	l->fresh = fresh_new(e);
	l->memories[0] = l->fresh ? memory_index_new(e) : NULL;
	if (!l->memories[0])
		return -1;
	l->nmemories = 1;
	if (add_parts(x, e) < 0 || add_partitions(x, e) < 0 || add_fresh(x, e) < 0)
		return -1;
	reader_init(&x->reader, l, t);
	return verify_parts(x, e);
}

void audit_figures_close(struct audit_figures *x)
{
	reader_release(&x->reader);
	layout_unref(x->view.layout);
	mem_free(x->view.parts);
	arena_release(&x->arena);
}

static uint32_t next_series(const struct audit_figures *x, uint32_t after)
{
	const struct layout *l = x->view.layout;
	uint32_t packed = layers_next_series(l->figures, l->nfigures, after);
	uint32_t fresh = fresh_next_series(l->fresh, after);

	return !packed || (fresh && fresh < packed) ? fresh : packed;
}

static void tell_series(struct audit_figures *x, uint32_t id, const struct labels *ls,
			const char *why)
{
	char name[SERIES_TEXT];

	if (ls)
		series_text(ls, name);
	else
		snprintf(name, sizeof(name), "series %u", id);
	audit_tell(&x->tell, "%s: %s", name, why);
}

/* NULL when there is no statistic of that number. */
static const struct labels *labels_of(struct audit_figures *x, uint32_t id, struct err *why)
{
	const struct labels *ls;
	bool statistic;

	if (index_series(&x->view.index, id, &x->arena, &ls, &statistic, why) < 0)
		return NULL;
	if (statistic)
		return ls;
	err_set(why, ERR_CORRUPT, "there is no such statistic");
	return NULL;
}

static int walk_series(struct audit_figures *x, uint32_t id, bool telling,
		       void (*each)(void *ctx, uint32_t series, const struct labels *ls,
				    const struct figure *f),
		       void *ctx, struct err *e)
{
	struct figures_run run = { 0 };
	struct err why = { 0 };
	const struct labels *ls = NULL;
	int rc = reader_figures(&x->reader, id, INT64_MIN, INT64_MAX, UINT64_MAX, &x->arena, &run,
				&why);

	if (rc == 0 && run.n == 0)
		return 0;
	if (rc == 0) {
		ls = labels_of(x, id, &why);
		rc = ls ? 0 : -1;
	}
	if (rc < 0 && !is_fault(&why)) {
		*e = why;
		return -1;
	}
	if (rc < 0 && telling)
		tell_series(x, id, ls, why.text);
	for (size_t i = 0; rc == 0 && i < run.n; i++)
		each(ctx, id, ls, &run.list[i]);
	return 0;
}

int audit_figures_walk(struct audit_figures *x, bool telling,
		       void (*each)(void *ctx, uint32_t series, const struct labels *ls,
				    const struct figure *f),
		       void *ctx, struct err *e)
{
	uint32_t id = 0;

	while ((id = next_series(x, id)) != 0) {
		struct arena_mark mark = arena_mark(&x->arena);
		int rc = walk_series(x, id, telling, each, ctx, e);

		arena_reset(&x->arena, mark);
		if (rc < 0)
			return -1;
	}
	return 0;
}
