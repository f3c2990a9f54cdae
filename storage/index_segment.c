/* index_segment.c - see index_segment.h. */
#include "storage/index_segment.h"

/* --- opening ------------------------------------------------------------------------ */

/* Fills *out and returns whether there is anything to see. Moves *after, the last id so far. */
static int open_part(const struct index_part *p, uint32_t max_id, uint32_t *after,
		     struct segment *out, struct err *e)
{
	*out = (struct segment){ .part = p, .n = p->series, .values = p->values };
	if (part_ordinals_upto(p, max_id, &out->hi, e) < 0 ||
	    part_ordinals_upto(p, *after, &out->lo, e) < 0)
		return -1;
	if (p->last_id > *after)
		*after = p->last_id;
	return 0;
}

static void open_memory(struct memory_index *m, uint32_t max_id, uint32_t *after,
			struct segment *out)
{
	*out = (struct segment){ .memory = m };
	memory_lock(m);
	out->hi = memory_ordinals_upto(m, max_id);
	out->lo = memory_ordinals_upto(m, *after);
	out->values = memory_pairs(m);
	if (out->hi > out->lo)
		*after = memory_id(m, out->hi - 1);
	memory_unlock(m);
	out->n = out->hi;
}

int segments_open(const struct index_set *x, struct arena *a, struct segment **out, size_t *n,
		  struct err *e)
{
	struct segment *list = arena_array(a, x->nparts + x->nmemories, sizeof(*list));
	uint32_t after = 0;

	*out = list;
	*n = 0;
	if (!list)
		return index_no_room(e);
	for (size_t i = 0; i < x->nparts; i++) {
		if (open_part(&x->parts[i], x->max_id, &after, &list[*n], e) < 0)
			return -1;
		*n += list[*n].lo < list[*n].hi;
	}
	for (size_t i = 0; i < x->nmemories; i++) {
		open_memory(x->memories[i], x->max_id, &after, &list[*n]);
		*n += list[*n].lo < list[*n].hi;
	}
	return 0;
}

/* --- names and values ------------------------------------------------------------------ */

uint32_t segment_names(const struct segment *g)
{
	return g->part ? g->part->names : memory_names(g->memory);
}

int segment_name_text(const struct segment *g, uint32_t name, struct slice *out, struct err *e)
{
	struct part_name at;

	if (g->memory) {
		*out = memory_name_text(g->memory, name);
		return 0;
	}
	if (part_name(g->part, name, &at, e) < 0)
		return -1;
	return part_text(g->part, at.text, out, e);
}

int segment_value_text(const struct segment *g, uint32_t value, struct slice *out, struct err *e)
{
	if (g->part)
		return part_value_text(g->part, value, out, e);
	*out = memory_pair_text(g->memory, value);
	return 0;
}

int segment_find_name(const struct segment *g, struct slice name, uint32_t *out, struct err *e)
{
	if (g->part)
		return part_find_name(g->part, name, out, e);
	*out = memory_find_name(g->memory, name);
	return 0;
}

int segment_find_value(const struct segment *g, uint32_t name, struct slice value, uint32_t *out,
		       struct err *e)
{
	struct part_name at;
	struct slice text;
	uint32_t found;

	if (g->memory) {
		*out = memory_find_pair(g->memory, name, value);
		if (*out >= g->values)
			*out = INDEX_NONE;
		return 0;
	}
	*out = INDEX_NONE;
	if (part_name(g->part, name, &at, e) < 0 ||
	    part_lower_value(g->part, at.first_value, at.end_value, value, &found, e) < 0)
		return -1;
	if (found == at.end_value)
		return 0;
	if (part_value_text(g->part, found, &text, e) < 0)
		return -1;
	if (slice_eq(text, value))
		*out = found;
	return 0;
}

int segment_walk(const struct segment *g, uint32_t name, struct value_walk *w, struct err *e)
{
	struct part_name at;

	*w = (struct value_walk){ .g = g, .next = INDEX_NONE, .end = INDEX_NONE };
	if (g->memory) {
		w->next = memory_first_pair(g->memory, name);
		w->total = memory_name_values(g->memory, name);
		return 0;
	}
	if (part_name(g->part, name, &at, e) < 0)
		return -1;
	w->next = at.first_value;
	w->end = at.end_value;
	w->total = at.end_value - at.first_value;
	return 0;
}

bool value_next(struct value_walk *w, uint32_t *value)
{
	/* Pairs that have come since the segment was opened are nobody's we see. */
	while (w->g->memory && w->next != w->end && w->next >= w->g->values)
		w->next = memory_next_pair(w->g->memory, w->next);
	if (w->next == w->end)
		return false;
	*value = w->next;
	w->next = w->g->part ? w->next + 1 : memory_next_pair(w->g->memory, w->next);
	return true;
}

/* --- series of a value --------------------------------------------------------------------- */

static int open_list(const struct segment *g, uint32_t value, struct list *out, struct err *e)
{
	struct part_value v = { 0 };

	if (part_value(g->part, value, &v, e) < 0)
		return -1;
	return list_open(g->part, v.list, out, e);
}

static uint32_t count_below(const uint32_t *list, uint32_t n, uint32_t limit)
{
	uint32_t lo = 0;

	while (lo < n) {
		uint32_t mid = lo + (n - lo) / 2;

		if (list[mid] < limit)
			lo = mid + 1;
		else
			n = mid;
	}
	return lo;
}

/* The part of a memory index's list that lies in [lo, hi). */
static const uint32_t *memory_seen(const struct segment *g, uint32_t value, uint32_t *n)
{
	const uint32_t *list = memory_list(g->memory, value, n);
	uint32_t from = g->lo ? count_below(list, *n, g->lo) : 0;

	if (*n && list[*n - 1] >= g->hi)
		*n = count_below(list, *n, g->hi);
	*n -= from;
	return list + from;
}

int segment_count(const struct segment *g, uint32_t value, uint32_t *n, struct err *e)
{
	struct list l = { 0 };

	if (g->memory) {
		memory_list(g->memory, value, n);
		return 0;
	}
	if (open_list(g, value, &l, e) < 0)
		return -1;
	*n = l.count;
	return 0;
}

static int bad_list(const struct segment *g, struct err *e)
{
	return part_corrupt(g->part, e, "a list names series that are not there");
}

int segment_count_seen(const struct segment *g, uint32_t value, uint32_t *n, struct err *e)
{
	struct list_walk w;
	struct list l;
	uint32_t o;

	if (g->memory) {
		memory_seen(g, value, n);
		return 0;
	}
	if (segment_is_whole(g))
		return segment_count(g, value, n, e);
	*n = 0;
	if (open_list(g, value, &l, e) < 0)
		return -1;
	list_walk_init(&w, &l, g->n);
	while (list_next(&w, &o) && o < g->hi)
		*n += o >= g->lo;
	return w.bad ? bad_list(g, e) : 0;
}

static bool is_met(const struct segment *g, const uint64_t *bits, uint32_t o)
{
	return bits ? bits_has(bits, o) : o >= g->lo;
}

int segment_meets(const struct segment *g, uint32_t value, const uint64_t *bits, bool *meets,
		  struct err *e)
{
	struct list_walk w;
	struct list l;
	uint32_t o;

	*meets = false;
	if (g->memory) {
		uint32_t n;
		const uint32_t *list = memory_seen(g, value, &n);

		for (uint32_t i = 0; i < n && !*meets; i++)
			*meets = is_met(g, bits, list[i]);
		return 0;
	}
	if (open_list(g, value, &l, e) < 0)
		return -1;
	list_walk_init(&w, &l, g->n);
	while (!*meets && list_next(&w, &o) && o < g->hi)
		*meets = is_met(g, bits, o);
	return w.bad ? bad_list(g, e) : 0;
}

int segment_ordinals(const struct segment *g, uint32_t value, uint32_t *out, uint32_t *n,
		     struct err *e)
{
	struct list_walk w;
	struct list l;
	uint32_t o;

	if (g->memory) {
		const uint32_t *list = memory_seen(g, value, n);

		if (*n)
			memcpy(out, list, *n * sizeof(*out));
		return 0;
	}
	*n = 0;
	if (open_list(g, value, &l, e) < 0)
		return -1;
	list_walk_init(&w, &l, g->n);
	while (list_next(&w, &o) && o < g->hi)
		if (o >= g->lo)
			out[(*n)++] = o;
	return w.bad ? bad_list(g, e) : 0;
}

static void apply_memory(const struct segment *g, uint32_t value, uint64_t *bits, bool in)
{
	uint32_t n;
	const uint32_t *list = memory_list(g->memory, value, &n);

	for (uint32_t i = 0; i < n && list[i] < g->n; i++) {
		if (in)
			bits_add(bits, list[i]);
		else
			bits_drop(bits, list[i]);
	}
}

int segment_apply(const struct segment *g, uint32_t value, uint64_t *bits, bool in, struct err *e)
{
	struct list l;

	if (g->memory) {
		apply_memory(g, value, bits, in);
		return 0;
	}
	if (open_list(g, value, &l, e) < 0)
		return -1;
	return list_apply(g->part, &l, bits, in, e);
}

int segment_apply_name(const struct segment *g, uint32_t name, uint64_t *bits, bool in,
		       struct err *e)
{
	struct part_name at;
	struct value_walk w;
	struct list l;
	uint32_t v;

	if (g->part) {
		if (part_name(g->part, name, &at, e) < 0 || list_open(g->part, at.list, &l, e) < 0)
			return -1;
		return list_apply(g->part, &l, bits, in, e);
	}
	if (segment_walk(g, name, &w, e) < 0)
		return -1;
	while (value_next(&w, &v))
		apply_memory(g, v, bits, in);
	return 0;
}

int segment_name_seen(const struct segment *g, uint32_t name, bool *seen, struct err *e)
{
	struct value_walk w;
	uint32_t v;

	*seen = segment_is_whole(g);
	if (*seen)
		return 0;
	if (segment_walk(g, name, &w, e) < 0)
		return -1;
	while (!*seen && value_next(&w, &v))
		if (segment_meets(g, v, NULL, seen, e) < 0)
			return -1;
	return 0;
}

/* --- series ------------------------------------------------------------------------- */

static int taken_back(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "a series was taken back while it was looked at");
}

int segment_series(const struct segment *g, struct part_place *at, uint32_t ordinal,
		   struct series_ref *out, struct err *e)
{
	if (g->part)
		return part_series(g->part, at, ordinal, out, e);
	if (ordinal >= memory_rows(g->memory))
		return taken_back(e);
	memory_series(g->memory, ordinal, out);
	return 0;
}

int segment_ids(const struct segment *g, uint32_t *ordinals, size_t n, struct err *e)
{
	if (g->part)
		return part_ids(g->part, ordinals, n, e);
	if (n && ordinals[n - 1] >= memory_rows(g->memory))
		return taken_back(e);
	for (size_t i = 0; i < n; i++)
		ordinals[i] = memory_id(g->memory, ordinals[i]);
	return 0;
}

int segment_is_statistic(const struct segment *g, struct part_place *at, uint32_t ordinal, bool *is,
			 struct err *e)
{
	if (g->part)
		return part_is_statistic(g->part, at, ordinal, is, e);
	if (ordinal >= memory_rows(g->memory))
		return taken_back(e);
	*is = memory_is_statistic(g->memory, ordinal);
	return 0;
}

static int find_in_memory(struct memory_index *m, uint32_t *ids, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t id = ids[i], next = i ? ids[i - 1] + 1 : 0;

		if (next >= memory_rows(m) || memory_id(m, next) != id) {
			next = memory_ordinals_upto(m, id);
			if (next == 0 || memory_id(m, --next) != id)
				return index_no_series(id, e);
		}
		ids[i] = next;
	}
	return 0;
}

int segment_find_ids(const struct segment *g, uint32_t *ids, size_t n, struct err *e)
{
	int rc;

	if (g->part)
		return part_find_ids(g->part, ids, n, e);
	memory_lock(g->memory);
	rc = find_in_memory(g->memory, ids, n, e);
	memory_unlock(g->memory);
	return rc;
}

uint32_t segment_last_id(const struct segment *g)
{
	uint32_t id;

	if (g->part)
		return g->part->last_id;
	memory_lock(g->memory);
	id = g->hi <= memory_rows(g->memory) ? memory_id(g->memory, g->hi - 1) : 0;
	memory_unlock(g->memory);
	return id;
}
