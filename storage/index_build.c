/*
 * index_build.c - index_part_build() of index.h: several segments become one part.
 *
 * 1. Which series stay, and their ids. Each gets its new ordinal; where something is
 *    dropped, a table leads from old ordinals to new ones.
 * 2. Names in order, of each its values in order: their lists from all segments are put
 *    one behind the other and written. A value without a series left is not taken over.
 *    A table per segment leads from old numbers of values to new ones.
 * 3. The series, their labels written with the new numbers. Their hashes are put together
 *    from those of the pairs, so no text is looked at again.
 * 4. The hash table, then everything into one blob with its checksums.
 *
 * Beside the parts of the blob this holds 4 bytes per old value, 12 per new one and 8 per
 * series, and 4 more per series while lists are written.
 */
#include "storage/index_build.h"
#include "base/alloc.h"

#include <stdlib.h>

enum { BATCH = 512 }; /* series or ids looked at under one lock */

/* --- small things ---------------------------------------------------------------------- */

static void put_u32(struct buf *b, uint32_t v)
{
	uint8_t p[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	buf_put(b, p, sizeof(p));
}

static int inconsistent(struct err *e)
{
	return err_set(e, ERR_CORRUPT, "lists and series of an index contradict each other");
}

/* --- texts ------------------------------------------------------------------------------ */

static struct slice text_at(const struct build *b, uint32_t at)
{
	const struct buf *texts = &b->sections[PART_TEXTS];
	const uint8_t *p = (const uint8_t *)texts->p + at;
	uint32_t n = 0;

	varint32_read(&p, (const uint8_t *)texts->p + texts->n, &n);
	return slice_of((const char *)p, n);
}

static uint64_t text_hash(struct slice s)
{
	return hash_seeded(s.p, s.n, hash_seed());
}

static bool texts_grow(struct build *b)
{
	struct build_texts *t = &b->texts;
	size_t size = t->size ? t->size * 2 : 1024;
	uint32_t *slots;

	if (t->used < t->size / 2)
		return true;
	slots = mem_zalloc(size * sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < t->size; i++) {
		size_t to;

		if (!t->slots[i])
			continue;
		to = text_hash(text_at(b, t->slots[i] - 1)) & (size - 1);
		while (slots[to])
			to = (to + 1) & (size - 1);
		slots[to] = t->slots[i];
	}
	mem_free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

/* Where the text stands; it is written when it is new. */
static int put_text(struct build *b, struct slice s, uint32_t *at, struct err *e)
{
	struct buf *texts = &b->sections[PART_TEXTS];
	uint8_t head[VARINT32_MAX_BYTES];
	size_t i;

	if (!texts_grow(b))
		return build_no_memory(e);
	i = text_hash(s) & (b->texts.size - 1);
	for (; b->texts.slots[i]; i = (i + 1) & (b->texts.size - 1)) {
		*at = b->texts.slots[i] - 1;
		if (slice_eq(text_at(b, *at), s))
			return 0;
	}
	*at = (uint32_t)texts->n;
	buf_put(texts, head, varint_put(head, (uint32_t)s.n));
	buf_slice(texts, s);
	b->texts.slots[i] = *at + 1;
	b->texts.used++;
	return buf_check(texts, e);
}

/* --- 1: which series ------------------------------------------------------------------------ */

static void add_id(struct build *b, uint32_t id)
{
	if (!b->series || id != b->last_id + 1) {
		put_u32(&b->sections[PART_RUNS], id);
		put_u32(&b->sections[PART_RUNS], b->series);
		b->nruns++;
	}
	if (!b->series)
		b->first_id = id;
	b->last_id = id;
	b->series++;
}

static int keep_batch(struct build *b, const struct segment *g, struct build_source *s,
		      uint32_t from, uint32_t n, struct err *e)
{
	uint32_t ids[BATCH];
	int rc;

	for (uint32_t i = 0; i < n; i++)
		ids[i] = from + i;
	segment_lock(g);
	rc = segment_ids(g, ids, n, e);
	segment_unlock(g);
	if (rc < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		bool dropped = b->drop && b->drop(b->ctx, ids[i]);

		if (s->remap)
			s->remap[from + i - g->lo] = dropped ? INDEX_NONE : b->series;
		if (!dropped)
			add_id(b, ids[i]);
	}
	return 0;
}

static int keep_series(struct build *b, struct err *e)
{
	for (size_t i = 0; i < b->ng; i++) {
		const struct segment *g = &b->g[i];
		struct build_source *s = &b->sources[i];

		s->base = b->series;
		if (g->hi - g->lo > PART_SERIES_MAX - b->series)
			return err_set(e, ERR_LIMIT, "more than %d series in an index part",
				       PART_SERIES_MAX);
		if (b->drop) {
			s->remap = mem_alloc((size_t)(g->hi - g->lo) * sizeof(*s->remap));
			if (!s->remap)
				return build_no_memory(e);
		}
		for (uint32_t from = g->lo, n; from < g->hi; from += n) {
			n = g->hi - from < BATCH ? g->hi - from : BATCH;
			if (keep_batch(b, g, s, from, n, e) < 0)
				return -1;
		}
	}
	return buf_check(&b->sections[PART_RUNS], e);
}

static uint32_t new_ordinal(const struct build *b, size_t source, uint32_t ordinal)
{
	const struct build_source *s = &b->sources[source];
	uint32_t i = ordinal - b->g[source].lo;

	return s->remap ? s->remap[i] : s->base + i;
}

/* --- 2: names, values, lists ------------------------------------------------------------------ */

/* The new ordinals of all series that have the value. */
static int gather(struct build *b, const struct value_merge *m, uint32_t *n, struct err *e)
{
	*n = 0;
	for (size_t i = 0; i < b->ng; i++) {
		uint32_t *old = b->list + *n, count, kept = 0;
		int rc;

		if (m->in[i] == INDEX_NONE)
			continue;
		segment_lock(&b->g[i]);
		rc = segment_ordinals(&b->g[i], m->in[i], old, &count, e);
		segment_unlock(&b->g[i]);
		if (rc < 0)
			return -1;
		for (uint32_t k = 0; k < count; k++) {
			old[kept] = new_ordinal(b, i, old[k]);
			kept += old[kept] != INDEX_NONE;
		}
		*n += kept;
	}
	return 0;
}

static int add_value(struct build *b, struct slice name, const struct value_merge *m, uint32_t rank,
		     uint32_t n, struct err *e)
{
	struct buf *values = &b->sections[PART_VALUES];
	struct build_value info = { b->nnames, rank, index_pair_hash(name, m->text, b->seed) };
	uint32_t text;

	if (put_text(b, m->text, &text, e) < 0)
		return -1;
	put_u32(values, text);
	put_u32(values, (uint32_t)b->sections[PART_LISTS].n);
	list_write(&b->sections[PART_LISTS], b->list, n);
	buf_put(&b->value_info, &info, sizeof(info));
	for (size_t i = 0; i < b->ng; i++)
		if (m->in[i] != INDEX_NONE)
			b->sources[i].values[m->in[i]] = b->nvalues;
	b->nvalues++;
	if (n > b->series - b->name_list_n)
		return inconsistent(e);
	memcpy(b->name_list + b->name_list_n, b->list, n * sizeof(*b->list));
	b->name_list_n += n;
	if (buf_check(values, e) < 0 || buf_check(&b->value_info, e) < 0)
		return -1;
	return buf_check(&b->sections[PART_LISTS], e);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts what the values' lists have brought together. A set of bits is quicker unless there
 * is little to sort; with many names of few series it would be cleared too often. */
static int sort_name_list(struct build *b, struct err *e)
{
	struct arena_mark mark = arena_mark(&b->arena);
	uint64_t *bits;
	uint32_t n = b->name_list_n;

	if (n < b->series / 256) {
		qsort(b->name_list, n, sizeof(*b->name_list), by_number);
	} else {
		bits = arena_array(&b->arena, bits_words(b->series), sizeof(*bits));
		if (!bits)
			return build_no_memory(e);
		for (uint32_t i = 0; i < n; i++)
			bits_add(bits, b->name_list[i]);
		b->name_list_n = bits_list(bits, b->series, b->name_list);
		arena_reset(&b->arena, mark);
	}
	for (uint32_t i = 1; i < n; i++)
		if (n != b->name_list_n || b->name_list[i] == b->name_list[i - 1])
			return inconsistent(e);
	return 0;
}

static int add_name(struct build *b, struct slice name, uint32_t first_value, struct err *e)
{
	struct buf *names = &b->sections[PART_NAMES], *lists = &b->sections[PART_LISTS];
	uint32_t text, list = (uint32_t)lists->n;

	if (put_text(b, name, &text, e) < 0)
		return -1;
	if (b->nvalues - first_value == 1) {
		list = get_le32((const uint8_t *)b->sections[PART_VALUES].p +
				(size_t)first_value * PART_VALUE_ENTRY + 4);
	} else {
		if (sort_name_list(b, e) < 0)
			return -1;
		list_write(lists, b->name_list, b->name_list_n);
	}
	put_u32(names, text);
	put_u32(names, first_value);
	put_u32(names, list);
	b->nnames++;
	return buf_check(names, e);
}

static int write_name(struct build *b, const struct merged_name *name, struct err *e)
{
	uint32_t first = b->nvalues, n;
	struct value_merge m;
	int rc;

	b->name_list_n = 0;
	if (merge_values(b->g, b->ng, name->in, &b->arena, &m, e) < 0)
		return -1;
	while ((rc = merge_next(&m, e)) > 0) {
		if (gather(b, &m, &n, e) < 0)
			return -1;
		if (n && add_value(b, name->text, &m, b->nvalues - first, n, e) < 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	return b->nvalues > first ? add_name(b, name->text, first, e) : 0;
}

static int value_tables(struct build *b, struct err *e)
{
	uint32_t most = b->series;

	for (size_t i = 0; i < b->ng; i++) {
		size_t bytes = (size_t)b->g[i].values * sizeof(uint32_t);

		b->sources[i].values = mem_alloc(bytes);
		if (!b->sources[i].values)
			return build_no_memory(e);
		memset(b->sources[i].values, 0xff, bytes);
	}
	/* Lists name dropped series, too, before those are taken out. */
	for (size_t i = 0; i < b->ng; i++)
		most = b->g[i].n > most ? b->g[i].n : most;
	b->list = mem_alloc(((size_t)b->series + most) * sizeof(*b->list));
	b->name_list = mem_alloc((size_t)b->series * sizeof(*b->name_list));
	return b->list && b->name_list ? 0 : build_no_memory(e);
}

static int write_names(struct build *b, struct err *e)
{
	struct buf *names = &b->sections[PART_NAMES];
	struct merged_name *list;
	size_t n;

	if (value_tables(b, e) < 0 || merge_names(b->g, b->ng, &b->arena, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct arena_mark mark = arena_mark(&b->arena);

		if (write_name(b, &list[i], e) < 0)
			return -1;
		arena_reset(&b->arena, mark);
	}
	put_u32(names, 0);
	put_u32(names, b->nvalues);
	put_u32(names, 0);
	mem_free(b->list);
	mem_free(b->name_list);
	b->list = b->name_list = NULL;
	return buf_check(names, e);
}

/* --- 3: series ---------------------------------------------------------------------- */

static int new_shape(struct build *b, struct slice bytes, uint32_t *shape, struct err *e)
{
	uintptr_t found = (uintptr_t)map_get(&b->shapes, bytes);

	if (found) {
		*shape = (uint32_t)(found - 1);
		return 0;
	}
	bytes = arena_slice(&b->arena, bytes);
	if (!bytes.p)
		return build_no_memory(e);
	put_u32(&b->sections[PART_SHAPES], (uint32_t)b->sections[PART_SHAPE_NAMES].n);
	buf_slice(&b->sections[PART_SHAPE_NAMES], bytes);
	*shape = b->nshapes++;
	/* The map keeps numbers where it thinks to keep pointers. */
	return map_put(&b->shapes, bytes, (void *)((uintptr_t)*shape + 1), e);
}

/* Most series have the labels of the one before them. */
static int find_shape(struct build *b, struct slice bytes, uint32_t *shape, struct err *e)
{
	if (b->last_shape.p && slice_eq(b->last_shape, bytes)) {
		*shape = b->last_shape_number;
		return 0;
	}
	if (new_shape(b, bytes, shape, e) < 0)
		return -1;
	b->last_shape_number = *shape;
	/* The section's own copy would do, but it moves. */
	b->last_shape = arena_slice(&b->arena, bytes);
	return b->last_shape.p ? 0 : build_no_memory(e);
}

static int write_series(struct build *b, size_t source, const struct series_ref *s,
			uint32_t ordinal, struct err *e)
{
	uint8_t names[LABELS_MAX * VARINT32_MAX_BYTES], body[(LABELS_MAX + 1) * VARINT32_MAX_BYTES];
	uint8_t ranks[LABELS_MAX * VARINT32_MAX_BYTES], head[VARINT32_MAX_BYTES];
	uint32_t shape = 0, nn = 0, nr = 0, n;
	struct buf *to = &b->sections[PART_SERIES];
	uint64_t h = b->seed;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t value = b->sources[source].values[s->l[i].value];
		const struct build_value *info;

		if (value == INDEX_NONE)
			return inconsistent(e);
		info = build_value(b, value);
		nn += varint_put(names + nn, info->name);
		nr += varint_put(ranks + nr, info->rank);
		h = index_hash_add(h, info->hash);
	}
	if (find_shape(b, slice_of((const char *)names, nn), &shape, e) < 0)
		return -1;
	if (ordinal % PART_SAMPLE == 0)
		put_u32(&b->sections[PART_SAMPLES], (uint32_t)to->n);
	n = varint_put(body, shape << 1 | s->statistic);
	memcpy(body + n, ranks, nr);
	buf_put(to, head, varint_put(head, n + nr));
	buf_put(to, body, n + nr);
	b->hashes[ordinal] = h;
	return buf_check(to, e);
}

static int write_batch(struct build *b, size_t source, uint32_t from, uint32_t to, struct err *e)
{
	struct part_place at = { 0 };
	struct series_ref s;

	for (uint32_t o = from; o < to; o++) {
		uint32_t ordinal = new_ordinal(b, source, o);

		if (ordinal == INDEX_NONE)
			continue;
		if (segment_series(&b->g[source], &at, o, &s, e) < 0 ||
		    write_series(b, source, &s, ordinal, e) < 0)
			return -1;
	}
	return 0;
}

static int write_all_series(struct build *b, struct err *e)
{
	b->hashes = mem_alloc((size_t)b->series * sizeof(*b->hashes));
	if (!b->hashes)
		return build_no_memory(e);
	for (size_t i = 0; i < b->ng; i++) {
		const struct segment *g = &b->g[i];

		for (uint32_t from = g->lo, to; from < g->hi; from = to) {
			int rc;

			to = g->hi - from < BATCH ? g->hi : from + BATCH;
			segment_lock(g);
			rc = write_batch(b, i, from, to, e);
			segment_unlock(g);
			if (rc < 0)
				return -1;
		}
	}
	put_u32(&b->sections[PART_SHAPES], (uint32_t)b->sections[PART_SHAPE_NAMES].n);
	if (buf_check(&b->sections[PART_SHAPE_NAMES], e) < 0 ||
	    buf_check(&b->sections[PART_SAMPLES], e) < 0)
		return -1;
	return buf_check(&b->sections[PART_SHAPES], e);
}

/* --- all of it ---------------------------------------------------------------------- */

static void build_release(struct build *b)
{
	for (size_t i = 0; b->sources && i < b->ng; i++) {
		mem_free(b->sources[i].remap);
		mem_free(b->sources[i].values);
	}
	for (int i = 0; i < INDEX_SECTIONS; i++)
		buf_release(&b->sections[i]);
	buf_release(&b->value_info);
	map_release(&b->shapes);
	mem_free(b->texts.slots);
	mem_free(b->list);
	mem_free(b->name_list);
	mem_free(b->hashes);
	arena_release(&b->arena);
}

static int build_all(struct build *b, const struct index_set *from, struct buf *out, struct err *e)
{
	if (segments_open(from, &b->arena, &b->g, &b->ng, e) < 0)
		return -1;
	b->sources = arena_array(&b->arena, b->ng, sizeof(*b->sources));
	if (!b->sources)
		return build_no_memory(e);
	if (keep_series(b, e) < 0)
		return -1;
	if (!b->series)
		return 0;
	if (write_names(b, e) < 0 || write_all_series(b, e) < 0)
		return -1;
	return build_blob(b, out, e);
}

int index_part_build(const struct index_set *from, bool (*drop)(void *ctx, uint32_t id), void *ctx,
		     struct buf *out, struct err *e)
{
	struct build b = { .drop = drop, .ctx = ctx, .seed = BUILD_FIRST_SEED };
	int rc;

	arena_init(&b.arena, SIZE_MAX / 2);
	for (int i = 0; i < INDEX_SECTIONS; i++)
		buf_init(&b.sections[i], UINT32_MAX);
	buf_init(&b.value_info, SIZE_MAX / 2);
	map_init(&b.shapes);
	rc = build_all(&b, from, out, e);
	build_release(&b);
	return rc < 0 ? err_wrap(e, "building an index part") : 0;
}
