/*
 * index_merge.c - see index_merge.h.
 *
 * Values of a part are in order already and are read as they come. Those of a memory
 * index are listed and sorted, one name at a time.
 */
#include "storage/index_merge.h"

#include <stdlib.h>

/* --- names ------------------------------------------------------------------------ */

struct name_at {
	struct slice text;
	uint32_t segment, name;
};

static int by_text_and_segment(const void *a, const void *b)
{
	const struct name_at *x = a, *y = b;
	int c = slice_cmp(x->text, y->text);

	return c ? c : x->segment < y->segment ? -1 : x->segment > y->segment;
}

static int names_of(const struct segment *g, uint32_t segment, struct arena *a,
		    struct name_at **list, size_t *n, size_t *cap, struct err *e)
{
	uint32_t names = segment_names(g);

	*list = arena_grow(a, *list, *n, cap, *n + names, sizeof(**list));
	if (!*list)
		return index_no_room(e);
	for (uint32_t i = 0; i < names; i++) {
		struct name_at *at = &(*list)[*n];

		*at = (struct name_at){ .segment = segment, .name = i };
		if (segment_name_text(g, i, &at->text, e) < 0)
			return -1;
		++*n;
	}
	return 0;
}

static struct merged_name *group_names(const struct name_at *list, size_t n, size_t ng,
				       struct arena *a, size_t *n_out)
{
	struct merged_name *out = arena_alloc(a, n * sizeof(*out));

	*n_out = 0;
	for (size_t i = 0; out && i < n; i++) {
		if (!i || !slice_eq(list[i].text, list[i - 1].text)) {
			uint32_t *in = arena_alloc(a, ng * sizeof(*in));

			if (!in)
				return NULL;
			memset(in, 0xff, ng * sizeof(*in));
			out[(*n_out)++] = (struct merged_name){ list[i].text, in };
		}
		out[*n_out - 1].in[list[i].segment] = list[i].name;
	}
	return out;
}

int merge_names(const struct segment *g, size_t ng, struct arena *a, struct merged_name **out,
		size_t *n, struct err *e)
{
	struct name_at *list = NULL;
	size_t all = 0, cap = 0;

	for (size_t i = 0; i < ng; i++) {
		int rc;

		segment_lock(&g[i]);
		rc = names_of(&g[i], (uint32_t)i, a, &list, &all, &cap, e);
		segment_unlock(&g[i]);
		if (rc < 0)
			return -1;
	}
	if (all)
		qsort(list, all, sizeof(*list), by_text_and_segment);
	*out = group_names(list, all, ng, a, n);
	return *out ? 0 : index_no_room(e);
}

/* --- values ------------------------------------------------------------------------- */

struct text_at {
	struct slice text;
	uint32_t value;
};

struct value_cursor {
	struct value_walk walk; /* of a part */
	struct text_at *list;   /* of a memory index */
	size_t next, n;
	struct text_at at;
	bool ended;
};

static int by_text(const void *a, const void *b)
{
	const struct text_at *x = a, *y = b;

	return slice_cmp(x->text, y->text);
}

static int list_values(struct value_cursor *c, struct arena *a, struct err *e)
{
	uint32_t value;

	c->list = arena_alloc(a, c->walk.total * sizeof(*c->list));
	if (!c->list)
		return index_no_room(e);
	while (c->n < c->walk.total && value_next(&c->walk, &value)) {
		c->list[c->n].value = value;
		if (segment_value_text(c->walk.g, value, &c->list[c->n++].text, e) < 0)
			return -1;
	}
	qsort(c->list, c->n, sizeof(*c->list), by_text);
	return 0;
}

static int advance(struct value_cursor *c, struct err *e)
{
	if (c->list) {
		c->ended = c->next == c->n;
		if (!c->ended)
			c->at = c->list[c->next++];
		return 0;
	}
	c->ended = !value_next(&c->walk, &c->at.value);
	return c->ended ? 0 : segment_value_text(c->walk.g, c->at.value, &c->at.text, e);
}

static int open_cursor(const struct segment *g, uint32_t name, struct arena *a,
		       struct value_cursor *c, struct err *e)
{
	int rc;

	c->ended = true;
	if (name == INDEX_NONE)
		return 0;
	segment_lock(g);
	rc = segment_walk(g, name, &c->walk, e);
	segment_unlock(g);
	if (rc < 0 || (g->memory && list_values(c, a, e) < 0))
		return -1;
	return advance(c, e);
}

int merge_values(const struct segment *g, size_t ng, const uint32_t *names, struct arena *a,
		 struct value_merge *out, struct err *e)
{
	*out = (struct value_merge){
		.g = g,
		.ng = ng,
		.cursors = arena_array(a, ng, sizeof(*out->cursors)),
		.in = arena_array(a, ng, sizeof(*out->in)),
	};
	if (!out->cursors || !out->in)
		return index_no_room(e);
	for (size_t i = 0; i < ng; i++)
		if (open_cursor(&g[i], names[i], a, &out->cursors[i], e) < 0)
			return -1;
	return 0;
}

int merge_next(struct value_merge *m, struct err *e)
{
	const struct value_cursor *least = NULL;

	for (size_t i = 0; i < m->ng; i++) {
		const struct value_cursor *c = &m->cursors[i];

		if (!c->ended && (!least || slice_cmp(c->at.text, least->at.text) < 0))
			least = c;
	}
	if (!least)
		return 0;
	m->text = least->at.text;
	for (size_t i = 0; i < m->ng; i++) {
		struct value_cursor *c = &m->cursors[i];
		bool same = !c->ended && slice_eq(c->at.text, m->text);

		m->in[i] = same ? c->at.value : INDEX_NONE;
		if (same && advance(c, e) < 0)
			return -1;
	}
	return 1;
}
