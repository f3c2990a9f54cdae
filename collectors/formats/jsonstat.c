/*
 * jsonstat.c - see jsonstat.h.
 *
 *     document ─▶ data sets ─▶ cube: dimensions, their categories
 *                                └▶ statuses by cell ─▶ figures one by one ─▶ rows
 *
 * Figures and statuses are most of a document, so they are kept as text and walked
 * through (json_read.h). A cell's number is row-major: the last dimension changes
 * first. From one figure to the next mostly only its code changes, and only cells
 * of dimensions that moved are set again.
 */
#include "collectors/formats/jsonstat.h"

#include "collectors/body.h"
#include "collectors/formats/jsonstat_cube.h"

enum { BUNDLE_DEPTH = 4 };

struct reader {
	struct arena *arena;
	const struct row_sink *sink;
	size_t tables;

	/* the data set at hand */
	struct cube cube;
	struct row row;
	uint32_t at[JSONSTAT_DIMENSIONS_MAX];   /* the category of each dimension */
	size_t column[JSONSTAT_DIMENSIONS_MAX]; /* of its code; what else is said of it follows */
	uint8_t *seen;                          /* sparse figures: a bit for each cell */
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

/* --- rows ---------------------------------------------------------------------------------- */

/* "area.name" */
static int give_heading(struct reader *r, struct cell **c, const struct dimension *d,
			const char *what, struct err *e)
{
	const char *name = arena_printf(r->arena, "%.*s.%s", SLICE_FMT(d->id), what);

	if (!name)
		return no_memory(e);
	*(*c)++ = cube_text(slice_str(name), d->node);
	return 0;
}

static int give_header(struct reader *r, struct err *e)
{
	const struct cube *q = &r->cube;
	struct cell *c = arena_array(r->arena, 4 * q->ndimensions + 2, sizeof(*c));

	r->row = (struct row){ .cells = c, .line = q->node->line };
	if (!c)
		return no_memory(e);
	for (size_t i = 0; i < q->ndimensions; i++) {
		const struct dimension *d = &q->dimensions[i];

		r->column[i] = (size_t)(c - r->row.cells);
		*c++ = cube_text(d->id, d->node);
		if ((d->named && give_heading(r, &c, d, "name", e) < 0) ||
		    (d->measured && give_heading(r, &c, d, "unit", e) < 0) ||
		    (d->multiplied && give_heading(r, &c, d, "multiplier", e) < 0))
			return -1;
	}
	*c++ = cube_text(slice_str("value"), q->node);
	*c++ = cube_text(slice_str("status"), q->node);
	r->row.n = (size_t)(c - r->row.cells);
	return r->sink->row(r->sink->ctx, &r->row, e);
}

static void show(struct reader *r, size_t i, uint32_t category)
{
	const struct dimension *d = &r->cube.dimensions[i];
	const struct category *now = &d->categories[category];
	struct cell *c = &r->row.cells[r->column[i]];

	r->at[i] = category;
	*c++ = now->code;
	if (d->named)
		*c++ = now->name;
	if (d->measured)
		*c++ = now->unit;
	if (d->multiplied)
		*c++ = now->multiplier;
}

static void go_to(struct reader *r, uint32_t cell)
{
	for (size_t i = r->cube.ndimensions; i-- > 0;) {
		uint32_t size = r->cube.dimensions[i].size;

		show(r, i, cell % size);
		cell /= size;
	}
}

static void go_on(struct reader *r)
{
	for (size_t i = r->cube.ndimensions; i-- > 0;) {
		uint32_t next = r->at[i] + 1;

		show(r, i, next < r->cube.dimensions[i].size ? next : 0);
		if (r->at[i])
			return;
	}
}

/* The row stands at the cell. As row(): 1, 0 or -1. */
static int give_figure(struct reader *r, uint32_t cell, const struct json_item *item, struct err *e)
{
	struct cell *value = &r->row.cells[r->row.n - 2], *status = value + 1;

	if (item->type == JSON_ARRAY || item->type == JSON_OBJECT || item->type == JSON_BOOL) {
		r->sink->complain(r->sink->ctx, REFUSED_VALUE, item->line, item->column,
				  item->type == JSON_BOOL
					  ? "a truth value stands where a figure was expected"
					  : "an object or array stands where a figure was "
					    "expected");
		return 1;
	}
	*value = *status = (struct cell){ .line = item->line, .column = item->column };
	value->text = item->type == JSON_NULL ? slice_of("", 0) : cell_trim(item->text);
	status->text = cube_status(&r->cube, cell);
	r->row.line = item->line;
	return r->sink->row(r->sink->ctx, &r->row, e);
}

/* "value": [1, 2, null, …] */
static int dense_figures(struct reader *r, const struct json_node *values, struct err *e)
{
	struct json_walk walk;
	struct json_item item;

	if (values->n != r->cube.cells)
		return cube_wrong_total(&r->cube, values, "figures", e);
	if (!values->n)
		return 0;
	json_walk_init(&walk, values);
	go_to(r, 0);
	for (uint32_t cell = 0;; cell++) {
		struct arena_mark mark = arena_mark(r->arena);
		int rc = json_walk_next(&walk, r->arena, &item, e);

		if (rc > 0)
			rc = give_figure(r, cell, &item, e);
		if (rc <= 0)
			return rc;
		arena_reset(r->arena, mark);
		go_on(r);
	}
}

/* Whether the cell is met for the first time. */
static bool see(struct reader *r, uint32_t cell)
{
	uint8_t *byte = &r->seen[cell / 8], bit = (uint8_t)(1 << cell % 8);
	bool first = !(*byte & bit);

	*byte |= bit;
	return first;
}

static int sparse_figure(struct reader *r, const struct json_item *item, struct err *e)
{
	uint32_t cell;

	if (cube_cell(&r->cube, item, &cell, e) < 0)
		return -1;
	if (!see(r, cell))
		return cube_fault(item, e, "figure %u is given twice", cell);
	go_to(r, cell);
	return give_figure(r, cell, item, e);
}

/* Cells that have a status and no figure. */
static int lone_statuses(struct reader *r, const struct json_node *values, struct err *e)
{
	struct json_item none = { .type = JSON_NULL,
				  .line = values->line,
				  .column = values->column };
	int rc = 1;

	for (size_t i = 0; i < r->cube.nmarks && rc > 0; i++) {
		uint32_t cell = r->cube.marks[i].cell;

		if (!see(r, cell))
			continue;
		go_to(r, cell);
		rc = give_figure(r, cell, &none, e);
	}
	return rc;
}

/* "value": {"0": 1, "17": 2} */
static int sparse_figures(struct reader *r, const struct json_node *values, struct err *e)
{
	struct json_walk walk;
	struct json_item item;

	r->seen = arena_zalloc(r->arena, r->cube.cells / 8 + 1);
	if (!r->seen)
		return no_memory(e);
	json_walk_init(&walk, values);
	for (;;) {
		struct arena_mark mark = arena_mark(r->arena);
		int rc = json_walk_next(&walk, r->arena, &item, e);

		if (rc == 0)
			return lone_statuses(r, values, e);
		if (rc > 0)
			rc = sparse_figure(r, &item, e);
		if (rc <= 0)
			return rc;
		arena_reset(r->arena, mark);
	}
}

/* --- one data set ------------------------------------------------------------------------ */

static int read_cube(struct reader *r, const struct json_node *node, struct slice name,
		     struct err *e)
{
	const struct json_node *label = json_member_of(node, "label", JSON_STRING);
	const struct json_node *values = json_member(node, slice_str("value"));
	int rc;

	if (!values->kept)
		return cube_fault(values, e, "the figures are neither an array nor an object");
	if (cube_read(&r->cube, node, r->arena, e) < 0)
		return -1;
	if (label && cell_trim(label->text).n)
		name = cell_trim(label->text);
	if (r->sink->table && r->sink->table(r->sink->ctx, name, true, e) < 0)
		return -1;
	rc = give_header(r, e);
	if (rc > 0)
		rc = values->type == JSON_ARRAY ? dense_figures(r, values, e)
						: sparse_figures(r, values, e);
	return rc < 0 ? -1 : 0;
}

/* --- the document ---------------------------------------------------------------------- */

static bool is_data_set(const struct json_node *n)
{
	return json_member_of(n, "dimension", JSON_OBJECT) && json_member(n, slice_str("value"));
}

/* A data set, or what holds several: a bundle's members, a collection's items. */
static int read_sets(struct reader *r, const struct json_node *n, struct slice name, int depth,
		     struct err *e)
{
	struct arena_mark mark = arena_mark(r->arena);
	char shown[TEXT_SHOWN];

	if (is_data_set(n)) {
		r->tables++;
		if (read_cube(r, n, name, e) < 0)
			return name.n ? err_wrap(e, "data set %s", text_shown(name, shown)) : -1;
		arena_reset(r->arena, mark);
		return 0;
	}
	if (depth == BUNDLE_DEPTH || n->kept)
		return 0;
	for (const struct json_node *m = n->child; m; m = m->next)
		if (read_sets(r, m, m->key, depth + 1, e) < 0)
			return -1;
	return 0;
}

/* Why there is nothing to read. */
static int nothing(const struct json_node *root, struct err *e)
{
	const struct json_node *class = json_member_of(root, "class", JSON_STRING);
	const struct json_node *items = json_pointer(root, slice_str("/link/item"));

	if (class && slice_is(class->text, "collection"))
		return err_set(e, ERR_INVALID,
			       "this JSON-stat collection holds no figures, it only links to %u "
			       "data sets",
			       items ? items->n : 0);
	if (class && slice_is(class->text, "dimension"))
		return err_set(e, ERR_INVALID,
			       "this is a dimension of JSON-stat, which holds no figures");
	return err_set(e, ERR_INVALID, "there is no JSON-stat data set in the document");
}

/* Under "dimension" these are ids. */
static bool is_large(struct slice within, struct slice key)
{
	return (slice_is(key, "value") || slice_is(key, "status")) &&
	       !slice_is(within, "dimension");
}

int jsonstat_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e)
{
	struct reader *r = arena_alloc(a, sizeof(*r));
	const struct json_node *root;

	if (!r)
		return no_memory(e);
	r->arena = a;
	r->sink = sink;
	r->tables = 0;
	if (body_check(body, "JSON-stat", e) < 0 || body_check_markup(body, "JSON-stat", e) < 0)
		return -1;
	root = json_parse_keeping(body, is_large, a, e);
	if (!root || read_sets(r, root, slice_of("", 0), 0, e) < 0)
		return -1;
	return r->tables ? 0 : nothing(root, e);
}
