/*
 * decode_json.c - a JSON report to facts.
 *
 * The layout points to an array of rows; each axis is a pointer within a row, or
 * the row's member names are one axis (a "wide" row). A pointer without its slash
 * is a member's name. Numbers keep the text they were sent as. null, "" and a
 * member that is absent are missing figures; an object or a truth value where a
 * figure should be is said with its place. A step '*' in the pointer to the rows
 * stands for every element of an array, each with rows of its own: the series of an
 * answer, or its pages. Of a large document trees are made of some rows at a time (json_rows.h).
 */
#include "base/json_read.h"
#include "base/spool.h"
#include "collectors/body.h"
#include "collectors/cells.h"
#include "collectors/decode.h"
#include "collectors/json_rows.h"
#include "collectors/withheld.h"

#include <stdio.h>

struct reader {
	const struct layout *layout;
	const struct axis *axes; /* of the layout */
	const struct fact_sink *sink;
	struct arena *arena;
	int header_axis; /* or -1 */
	size_t rows;
	size_t values; /* of them those in which the value's member was there at all */
};

static int reader_init(struct reader *r, struct err *e)
{
	r->header_axis = -1;
	for (int i = 0; i < AXES; i++) {
		enum axis_where where = r->axes[i].where;

		if (where == AXIS_TITLE || where == AXIS_TABLE || r->axes[i].headed)
			return err_set(e, ERR_INVALID,
				       "the layout has the %s in a title, which JSON has not",
				       axis_names[i]);
		if (where == AXIS_COLUMN && r->axes[i].ncolumns == 0)
			return err_set(e, ERR_INVALID, "the layout has no pointer for the %s",
				       axis_names[i]);
		if (i <= AXIS_PERIOD && where == AXIS_NONE)
			return err_set(e, ERR_INVALID, "the layout does not say where the %s is",
				       axis_names[i]);
		if (where != AXIS_HEADER || i == AXIS_VALUE)
			continue;
		if (i > AXIS_VALUE || r->header_axis >= 0)
			return err_set(e, ERR_INVALID,
				       "the layout has the %s in the member names beside another "
				       "axis",
				       axis_names[i]);
		r->header_axis = i;
	}
	if ((r->header_axis < 0) != (r->axes[AXIS_VALUE].where == AXIS_COLUMN))
		return err_set(e, ERR_INVALID,
			       "the layout needs either an axis in the member names or a pointer "
			       "to the value");
	return 0;
}

static void complain(struct reader *r, enum refusal why, const struct json_node *at,
		     const char *text)
{
	r->sink->complain(r->sink->ctx, why, at->line, at->column, text);
}

/* "/a/b" is a pointer, "a" the member of that name. */
static const struct json_node *point(const struct json_node *row, const char *pointer)
{
	if (pointer[0] == '/' || pointer[0] == '\0')
		return json_pointer(row, slice_str(pointer));
	return json_member(row, slice_str(pointer));
}

static bool is_scalar(const struct json_node *n)
{
	return n->type == JSON_NUMBER || n->type == JSON_STRING;
}

/* --- one row ------------------------------------------------------------------------ */

/* One column of an axis as text. False, with a complaint, when a name or period is not there, or a
 * confidentiality is nothing that can be read. */
static bool column_text(struct reader *r, const struct json_node *row, int i, const char *pointer,
			struct slice *out, struct fact_place *at)
{
	const struct json_node *n = point(row, pointer);
	char text[200], shown[TEXT_SHOWN];

	if (n && !at->line)
		*at = (struct fact_place){ n->line, n->column };
	*out = n && is_scalar(n) ? cell_trim(n->text) : slice_of("", 0);
	if (n && i == AXIS_CONFIDENTIALITY && !is_scalar(n) && n->type != JSON_NULL) {
		/* Passed over it would show what it may keep secret. */
		snprintf(text, sizeof(text), "the %s at %s is neither text nor a number",
			 axis_names[i], text_shown(slice_str(pointer), shown));
		complain(r, REFUSED_LAYOUT, n, text);
		return false;
	}
	if (out->n || i > AXIS_VALUE)
		return true;
	snprintf(text, sizeof(text), "the %s is missing: %s is %s", axis_names[i],
		 text_shown(slice_str(pointer), shown),
		 !n                       ? "not in the row"
		 : n->type == JSON_NULL   ? "null"
		 : n->type == JSON_STRING ? "empty"
					  : "neither text nor a number");
	complain(r, REFUSED_LAYOUT, n ? n : row, text);
	return false;
}

/* 1, 0 with a complaint, or -1: no memory. */
static int axis_value(struct reader *r, const struct json_node *row, int i, struct slice *out,
		      struct fact_place *at, struct err *e)
{
	const struct axis *axis = &r->axes[i];
	const char *join = axis->join ? axis->join : "-";
	struct slice part;

	*out = slice_of("", 0);
	*at = (struct fact_place){ 0 };
	if (axis->where == AXIS_FIXED)
		*out = slice_str(axis->text);
	if (axis->where != AXIS_COLUMN)
		return 1;
	if (!column_text(r, row, i, axis->columns[0], out, at))
		return 0;
	for (size_t k = 1; k < axis->ncolumns; k++) {
		char *joined;

		if (!column_text(r, row, i, axis->columns[k], &part, at))
			return 0;
		joined = arena_printf(r->arena, "%.*s%s%.*s", SLICE_FMT(*out), join,
				      SLICE_FMT(part));
		if (!joined)
			return err_set(e, ERR_LIMIT,
				       "the document needs more memory than it may have");
		*out = slice_str(joined);
	}
	return 1;
}

static bool is_missing(const struct json_node *value)
{
	return value->type == JSON_NULL ||
	       (is_scalar(value) && cell_missing(cell_trim(value->text)));
}

/* As in a table: by a mark, or missing in a row that says so and has one period only. */
static bool is_withheld(const struct reader *r, const struct fact *f, const struct json_node *value)
{
	if (is_scalar(value) && mark_withholds(r->layout, cell_trim(value->text)))
		return true;
	return is_missing(value) && r->header_axis != AXIS_PERIOD && fact_withholds(f);
}

static int give(struct reader *r, struct fact *f, const struct json_node *value, struct err *e)
{
	f->withheld = is_withheld(r, f, value);
	if (!f->withheld && is_missing(value))
		return 0;
	if (!f->withheld && !is_scalar(value)) {
		complain(r, REFUSED_VALUE, value,
			 value->type == JSON_BOOL
				 ? "a truth value stands where a figure was expected"
				 : "an object or array stands where a figure was expected");
		return 0;
	}
	f->text[AXIS_VALUE] = is_scalar(value) ? cell_trim(value->text) : slice_of("", 0);
	f->at[AXIS_VALUE] = (struct fact_place){ value->line, value->column };
	return r->sink->fact(r->sink->ctx, f, e);
}

/* Members that other axes use, or that the layout ignores. */
static bool is_other(const struct reader *r, struct slice key)
{
	for (int i = 0; i < AXES; i++) {
		const struct axis *axis = &r->axes[i];

		for (size_t k = 0; axis->where == AXIS_COLUMN && k < axis->ncolumns; k++) {
			const char *name = axis->columns[k];
			size_t n;

			name += name[0] == '/';
			n = strcspn(name, "/");
			if (slice_eq(key, slice_of(name, n)))
				return true;
		}
	}
	for (size_t k = 0; k < r->layout->nignore; k++) {
		const char *name = r->layout->ignore[k];

		if (slice_is(key, name + (name[0] == '/')))
			return true;
	}
	return false;
}

static int wide_row(struct reader *r, const struct json_node *row, struct fact *f, struct err *e)
{
	for (const struct json_node *n = row->child; n; n = n->next) {
		struct slice key = cell_trim(n->key);

		if (is_other(r, n->key) || !key.n)
			continue;
		r->values++;
		f->text[r->header_axis] = key;
		if (give(r, f, n, e) < 0)
			return -1;
	}
	return 0;
}

/* A row without a figure is no row, unless it says that the figure is kept secret. */
static bool row_withholds(struct reader *r, const struct json_node *row)
{
	static const int axes[] = { AXIS_FLAG, AXIS_CONFIDENTIALITY };
	struct fact f = { 0 };

	for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++)
		if (axis_value(r, row, axes[i], &f.text[axes[i]], &f.at[axes[i]], NULL) <= 0)
			return false;
	return fact_withholds(&f);
}

static int take_row(struct reader *r, const struct json_node *row, struct err *e)
{
	const struct json_node absent = { .type = JSON_NULL,
					  .line = row->line,
					  .column = row->column };
	const struct json_node *value = NULL;
	struct fact f = { 0 };

	if (r->sink->row(r->sink->ctx, row->line, e) < 0)
		return -1;
	if (row->type != JSON_OBJECT && !(row->type == JSON_ARRAY && r->header_axis < 0)) {
		complain(r, REFUSED_LAYOUT, row, "a row must be an object");
		return 0;
	}
	if (r->header_axis < 0) {
		value = point(row, r->axes[AXIS_VALUE].columns[0]);
		r->values += value != NULL;
		value = value ? value : &absent;
		if (value->type == JSON_NULL && !row_withholds(r, row))
			return 0;
	}
	for (int i = 0; i < AXES; i++) {
		int rc = i == AXIS_VALUE ? 1 : axis_value(r, row, i, &f.text[i], &f.at[i], e);

		if (rc <= 0)
			return rc;
	}
	return value ? give(r, &f, value, e) : wide_row(r, row, &f, e);
}

/* --- the document ------------------------------------------------------------------- */

static int read_rows(void *ctx, const struct json_node *rows, struct err *e)
{
	struct reader *r = ctx;

	for (const struct json_node *n = rows->child; n; n = n->next) {
		struct arena_mark mark = arena_mark(r->arena);

		if (take_row(r, n, e) < 0)
			return -1;
		arena_reset(r->arena, mark);
	}
	r->rows += rows->n;
	return 0;
}

/* The rows at what is left of the pointer; null is what some servers send for none. */
static int find_rows(struct reader *r, const struct json_node *from, const char *pointer,
		     struct err *e)
{
	const char *star = strstr(pointer, "/*");
	const struct json_node *at;
	char shown[TEXT_SHOWN];

	while (star && star[2] && star[2] != '/')
		star = strstr(star + 2, "/*");
	at = star ? json_pointer(from, slice_of(pointer, (size_t)(star - pointer)))
		  : point(from, pointer);
	text_shown(slice_str(r->layout->rows), shown);
	if (!at)
		return err_set(e, ERR_INVALID, "the document has nothing at %s, where the rows are",
			       shown);
	if (at->type == JSON_NULL)
		return 0;
	if (at->type != JSON_ARRAY)
		return err_set(e, ERR_INVALID,
			       "line %u, column %u: the rows at %s are not an array", at->line,
			       at->column, shown);
	if (!star)
		return read_rows(r, at, e);
	for (const struct json_node *n = at->child; n; n = n->next)
		if (find_rows(r, n, star + 2, e) < 0)
			return -1;
	return 0;
}

static int read_whole(struct reader *r, struct slice body, const char *pointer, struct err *e)
{
	const struct json_node *root = json_parse(body, r->arena, e);

	return root ? find_rows(r, root, pointer, e) : -1;
}

static int read_by_rows(struct reader *r, struct slice body, const char *pointer, struct err *e)
{
	const struct json_rows rows = { .pointer = pointer,
					.arena = r->arena,
					.take = read_rows,
					.ctx = r,
					.read_bytes = r->sink->read_bytes };

	return json_rows_read(body, &rows, e);
}

static int decode(struct slice body, const struct layout *l, bool by_rows, struct arena *a,
		  const struct fact_sink *sink, struct err *e)
{
	struct reader r = { .layout = l, .axes = l->axes, .sink = sink, .arena = a };
	const char *pointer = l->rows ? l->rows : "";
	char shown[TEXT_SHOWN];

	if (body_check(body, "JSON", e) < 0 || body_check_markup(body, "JSON", e) < 0 ||
	    reader_init(&r, e) < 0)
		return -1;
	if ((by_rows ? read_by_rows : read_whole)(&r, body, pointer, e) < 0)
		return -1;
	if (r.rows && !r.values && r.header_axis < 0)
		return err_set(e, ERR_INVALID, "none of the %zu rows has %s", r.rows,
			       text_shown(slice_str(r.axes[AXIS_VALUE].columns[0]), shown));
	return 0;
}

int decode_json(struct slice body, const struct layout *l, struct arena *a,
		const struct fact_sink *sink, struct err *e)
{
	return decode(body, l, body.n > SPOOL_MEMORY_BYTES, a, sink, e);
}

int decode_json_by_rows(struct slice body, const struct layout *l, struct arena *a,
			const struct fact_sink *sink, struct err *e)
{
	return decode(body, l, true, a, sink, e);
}
