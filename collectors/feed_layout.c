/*
 * feed_layout.c - see feed_layout.h.
 *
 * An axis is a map with exactly one of the keys that say where it stands. Which
 * of them there are depends on the kind of format: grids have columns, a header, titles
 * and sheets, records have columns, JSON has pointers and member names. Each is read into
 * the same kinds (decode.h), so what joins the axes is checked once for all.
 */
#include "collectors/feed_layout.h"

#include "collectors/cells.h"
#include "collectors/mapping.h"

#include <string.h>

struct raw_axis {
	const char *is, *column, *title, *pointer, *join;
	struct yaml_strings columns, pointers;
	bool header, keys, sheet, in_title;
	int64_t header_row;
};

#define AT(member) offsetof(struct raw_axis, member)
static const struct yaml_field grid_axis[] = {
	{ "is", YAML_STRING, AT(is), .help = "the same for the whole document" },
	{ "column", YAML_STRING, AT(column), .help = "name of a column, or \"#3\" for the third" },
	{ "columns", YAML_STRINGS, AT(columns), .help = "several columns, joined" },
	{ "join", YAML_STRING, AT(join), .help = "between them, default \"-\"" },
	{ "header", YAML_BOOL, AT(header), .help = "the cells of the header" },
	{ "header_row", YAML_INT, AT(header_row), .min = 1, .max = HEADER_ROWS_MAX,
	  .help = "one row of a stacked header" },
	{ "title", YAML_STRING, AT(title), .help = "label of a line above the header" },
	{ "in_title", YAML_BOOL, AT(in_title), .help = "within a line above the header" },
	{ "sheet", YAML_BOOL, AT(sheet), .help = "the sheet's name" },
	{ NULL },
};

static const struct yaml_field records_axis[] = {
	{ "is", YAML_STRING, AT(is), .help = "the same for the whole document" },
	{ "column", YAML_STRING, AT(column), .help = "id of a dimension, \"ID.name\" for names" },
	{ "columns", YAML_STRINGS, AT(columns), .help = "several of them, joined" },
	{ "join", YAML_STRING, AT(join), .help = "between them, default \"-\"" },
	{ "header", YAML_BOOL, AT(header), .help = "the names of measures" },
	{ "sheet", YAML_BOOL, AT(sheet), .help = "the data set's name" },
	{ NULL },
};

static const struct yaml_field json_axis[] = {
	{ "is", YAML_STRING, AT(is), .help = "the same for the whole document" },
	{ "pointer", YAML_STRING, AT(pointer), .help = "JSON pointer within a row" },
	{ "pointers", YAML_STRINGS, AT(pointers), .help = "several of them, joined" },
	{ "join", YAML_STRING, AT(join), .help = "between them, default \"-\"" },
	{ "keys", YAML_BOOL, AT(keys), .help = "the names of the row's members" },
	{ NULL },
};
#undef AT

struct raw_layout {
	const char *delimiter, *rows;
	const struct yaml_node *axes[AXES], *only;
	struct yaml_strings ignore, sheets, suppressed;
	int64_t header_rows;
};

#define AT(member) offsetof(struct raw_layout, member)
static const struct yaml_field fields[] = {
	{ "unit", YAML_NODE, AT(axes[AXIS_UNIT]), .required = true,
	  .help = "where the unit stands" },
	{ "indicator", YAML_NODE, AT(axes[AXIS_INDICATOR]), .required = true,
	  .help = "where the indicator stands" },
	{ "period", YAML_NODE, AT(axes[AXIS_PERIOD]), .help = "where the period stands" },
	{ "value", YAML_NODE, AT(axes[AXIS_VALUE]), .help = "where the value stands" },
	{ "flag", YAML_NODE, AT(axes[AXIS_FLAG]),
	  .help = "where a mark such as 'provisional' stands" },
	{ "measure", YAML_NODE, AT(axes[AXIS_MEASURE]), .help = "where 亿元 or % stands" },
	{ "multiplier", YAML_NODE, AT(axes[AXIS_MULTIPLIER]),
	  .help = "where the power of ten stands in which values count" },
	{ "confidentiality", YAML_NODE, AT(axes[AXIS_CONFIDENTIALITY]),
	  .help = "where it stands that a figure is kept secret: CONF_STATUS, 密级" },
	{ "suppressed", YAML_STRINGS, AT(suppressed),
	  .help = "cells that stand for figures kept secret, beside 保密 and 涉密" },
	{ "only", YAML_NODE, AT(only), .help = "rows taken: column: [texts]" },
	{ "header_rows", YAML_INT, AT(header_rows), .min = 1, .max = HEADER_ROWS_MAX,
	  .help = "rows the header is stacked of" },
	{ "sheets", YAML_STRINGS, AT(sheets), .help = "of a workbook: names, or \"#2\"" },
	{ "ignore", YAML_STRINGS, AT(ignore), .help = "header cells that are no figures" },
	{ "delimiter", YAML_STRING, AT(delimiter), .help = "CSV: between fields" },
	{ "rows", YAML_STRING, AT(rows), .help = "JSON: pointer to the list of rows" },
	{ NULL },
};
#undef AT

struct reader {
	const struct format *format;
	struct arena *a;
	struct diags *d;
	bool no_memory;
};

/* An axis may be joined from so many columns, rows chosen by so many (table_private.h's limits). */
enum { COLUMNS_MAX = 8, ONLY_MAX = 8, SHEETS_MAX = 64, MARKS_MAX = 16 };

static bool by_pointers(const struct reader *rd)
{
	return rd->format->kind == KIND_POINTERS;
}

/* RFC 6901: '~' is only written as ~0, '/' as ~1. */
static bool tildes_ok(const char *p)
{
	for (; (p = strchr(p, '~')); p++)
		if (p[1] != '0' && p[1] != '1')
			return false;
	return true;
}

/* --- one axis ----------------------------------------------------------------------- */

static void axis_columns(struct axis *x, const char *const *list, size_t n, struct reader *rd)
{
	const char **columns = arena_array(rd->a, n, sizeof(*columns));

	if (!columns) {
		rd->no_memory = true;
		return;
	}
	memcpy(columns, list, n * sizeof(*columns));
	x->where = AXIS_COLUMN;
	x->columns = columns;
	x->ncolumns = n;
}

static void check_columns(const struct yaml_node *node, const struct axis *x, struct reader *rd)
{
	char shown[TEXT_SHOWN];

	if (x->ncolumns > COLUMNS_MAX)
		yaml_complain(node, rd->d, "%zu columns, at most %d can be joined", x->ncolumns,
			      COLUMNS_MAX);
	for (size_t i = 0; i < x->ncolumns; i++) {
		const char *c = x->columns[i];

		/* A pointer without its slash is a member's name, whatever is in it. */
		if (by_pointers(rd) && (!*c || (*c == '/' && !tildes_ok(c))))
			yaml_complain(node, rd->d,
				      "%s is no JSON pointer: a member's name, or names after '/' "
				      "in which '~' is written ~0",
				      text_shown(slice_str(c), shown));
		else if (!by_pointers(rd) && !*c)
			yaml_complain(node, rd->d, "the column's name is empty");
		else if (!by_pointers(rd) && *c == '#' &&
			 strspn(c + 1, "0123456789") == strlen(c + 1) &&
			 (c[1] == '0' || !c[1] || strlen(c) > 6))
			yaml_complain(node, rd->d, "column '%s': columns count from #1", c);
	}
}

static size_t axis_places(const struct raw_axis *r)
{
	/* A heading may be joined to what names the rows, and is then no place of its own. */
	bool headed = r->header && (r->column || r->columns.n || r->is || r->title);

	return !!r->is + !!r->column + !!r->columns.n + !!r->title + (r->header && !headed) +
	       !!r->pointer + !!r->pointers.n + r->keys + r->sheet + r->in_title;
}

static void read_axis(const struct yaml_node *node, struct axis *x, struct reader *rd)
{
	const struct yaml_field *keys = by_pointers(rd)                    ? json_axis
					: rd->format->kind == KIND_RECORDS ? records_axis
									   : grid_axis;
	struct raw_axis r = { 0 };

	*x = (struct axis){ .join = "-" };
	if (!node)
		return;
	if (yaml_fill(node, keys, &r, rd->a, rd->d) < 0)
		return;
	r.header |= r.header_row > 0;
	x->row = (unsigned)r.header_row;
	if (axis_places(&r) != 1) {
		yaml_complain(
			node, rd->d, "exactly one of: %s",
			keys == grid_axis
				? "is, column, columns, header, header_row, title, in_title, sheet"
			: keys == json_axis ? "is, pointer, pointers, keys"
					    : "is, column, columns, header, sheet");
		return;
	}
	if (r.join && !r.columns.n && !r.pointers.n)
		yaml_complain(node, rd->d, "'join' is only for '%s'",
			      by_pointers(rd) ? "pointers" : "columns");
	if (r.is || r.title) {
		x->where = r.is ? AXIS_FIXED : AXIS_TITLE;
		x->text = r.is ? r.is : r.title;
		if (!*x->text)
			yaml_complain(node, rd->d, "the text is empty");
	} else if (r.sheet || r.in_title) {
		x->where = r.sheet ? AXIS_TABLE : AXIS_IN_TITLE;
	} else if ((r.header && !r.column && !r.columns.n) || r.keys) {
		x->where = AXIS_HEADER;
	} else if (r.columns.n || r.pointers.n) {
		struct yaml_strings s = r.columns.n ? r.columns : r.pointers;

		axis_columns(x, (const char *const *)s.list, s.n, rd);
	} else {
		axis_columns(x, r.column ? &r.column : &r.pointer, 1, rd);
	}
	x->headed = r.header && x->where != AXIS_HEADER;
	if (r.join)
		x->join = r.join;
	check_columns(node, x, rd);
}

/* --- what joins them ------------------------------------------------------------------ */

static bool is_spread(const struct axis *x)
{
	return x->where == AXIS_HEADER || x->headed;
}

static void check_axes(const struct yaml_node *map, const struct layout *l, struct reader *rd)
{
	const char *header = by_pointers(rd) ? "keys" : "header";
	const char *column = by_pointers(rd) ? "pointer" : "column";
	int headers = is_spread(&l->unit) + is_spread(&l->indicator) + is_spread(&l->period);
	bool spread = headers > 0;

	if (l->unit.where == AXIS_IN_TITLE || l->indicator.where == AXIS_IN_TITLE)
		yaml_complain(map, rd->d, "only a period is found within a title");
	if (l->period.where == AXIS_NONE && !yaml_get(map, "period"))
		yaml_complain(map, rd->d, "'period' is needed: where the period stands");
	for (int i = 0; i < AXIS_VALUE; i++)
		for (int k = 0; k < i; k++)
			if (is_spread(&l->axes[i]) && is_spread(&l->axes[k]) &&
			    (!l->axes[i].row || l->axes[i].row == l->axes[k].row))
				yaml_complain(map, rd->d,
					      "only one of unit, indicator and period can be {%s: "
					      "true}",
					      header);
	for (int i = 0; i < AXIS_VALUE; i++)
		if (l->axes[i].row > l->header_rows)
			yaml_complain(yaml_get(map, axis_names[i]), rd->d,
				      "row %u of a header of %u rows: see 'header_rows'",
				      l->axes[i].row, l->header_rows);
	if (!spread && l->value.where == AXIS_NONE && !yaml_get(map, "value"))
		yaml_complain(map, rd->d,
			      "'value' is needed: {%s: …}, unless unit, indicator or period is "
			      "{%s: true}",
			      column, header);
	if (spread && yaml_get(map, "value"))
		yaml_complain(yaml_get(map, "value"), rd->d,
			      "with {%s: true} the values are the cells themselves: leave 'value' "
			      "out",
			      header);
	else if (yaml_get(map, "value") && l->value.where != AXIS_NONE &&
		 (l->value.where != AXIS_COLUMN || l->value.ncolumns != 1))
		yaml_complain(yaml_get(map, "value"), rd->d, "the value stands in one %s: {%s: …}",
			      column, column);
	for (int i = AXIS_FLAG; i < AXES; i++)
		if (l->axes[i].headed ||
		    (l->axes[i].where != AXIS_NONE && l->axes[i].where != AXIS_COLUMN &&
		     l->axes[i].where != AXIS_FIXED && l->axes[i].where != AXIS_TITLE))
			yaml_complain(yaml_get(map, axis_names[i]), rd->d,
				      "'%s' is {%s: …} or {is: …}", axis_names[i], column);
	if (l->nignore && !spread)
		yaml_complain(yaml_get(map, "ignore"), rd->d,
			      "'ignore' is only for a layout with {%s: true}", header);
}

static void read_delimiter(const struct yaml_node *map, const struct raw_layout *r,
			   struct layout *l, struct reader *rd)
{
	const char *t = r->delimiter;

	if (!t)
		return;
	if (rd->format->kind != KIND_GRID || rd->format->read)
		yaml_complain(yaml_get(map, "delimiter"), rd->d, "'delimiter' is only for csv");
	else if (!strcmp(t, "tab") || !strcmp(t, "\t") || !strcmp(t, "\\t"))
		l->delimiter = '\t';
	else if (strlen(t) == 1 && strchr(",;|:", *t))
		l->delimiter = *t;
	else
		yaml_complain(yaml_get(map, "delimiter"), rd->d,
			      "the delimiter is one of: \",\", \";\", \"|\", \":\", tab");
}

static void read_rows(const struct yaml_node *map, const struct raw_layout *r, struct layout *l,
		      struct reader *rd)
{
	l->rows = r->rows ? r->rows : "";
	if (r->rows && !by_pointers(rd))
		yaml_complain(yaml_get(map, "rows"), rd->d, "'rows' is only for json");
	else if (*l->rows && (*l->rows != '/' || !tildes_ok(l->rows)))
		yaml_complain(yaml_get(map, "rows"), rd->d,
			      "'rows' is a JSON pointer such as /data/rows, or \"\" for the whole "
			      "document");
}

/* `only: {FREQ: [M, Q], …}` */
static void read_only(const struct raw_layout *r, struct layout *l, struct reader *rd)
{
	struct only *out;
	size_t n = 0;

	if (!r->only)
		return;
	if (r->only->type != YAML_MAP || r->only->n > ONLY_MAX || by_pointers(rd)) {
		yaml_complain(r->only, rd->d,
			      "'only' is a map of at most %d columns, each with the texts of the "
			      "rows that are taken",
			      ONLY_MAX);
		return;
	}
	out = arena_array(rd->a, r->only->n ? r->only->n : 1, sizeof(*out));
	for (const struct yaml_node *c = r->only->child; out && c; c = c->next) {
		struct yaml_strings values = { 0 };
		const char *column = arena_strndup(rd->a, c->key->text.p, c->key->text.n);

		if (yaml_strings_read(c, &values, rd->a, rd->d) < 0)
			continue;
		if (!column || (values.n && !values.list))
			out = NULL;
		else
			out[n++] =
				(struct only){ column, (const char *const *)values.list, values.n };
	}
	rd->no_memory |= !out;
	l->only = out;
	l->nonly = n;
}

/* A number that stood for a secret would be one that somebody reports some day. */
static void check_marks(const struct yaml_node *map, const struct layout *l, struct reader *rd)
{
	const struct yaml_node *node = yaml_get(map, "suppressed");
	struct cell_number n;

	if (l->nsuppressed > MARKS_MAX)
		yaml_complain(node, rd->d, "at most %d marks", MARKS_MAX);
	for (size_t i = 0; i < l->nsuppressed; i++) {
		struct slice mark = slice_str(l->suppressed[i]);
		char shown[TEXT_SHOWN];

		if (!mark.n || !slice_eq(mark, cell_trim(mark)))
			yaml_complain(node, rd->d,
				      "a mark is a text without blanks around it, not %s",
				      text_shown(mark, shown));
		else if (cell_number(mark, rd->a, &n, NULL) == 0)
			yaml_complain(node, rd->d, "%s is a number and no mark",
				      text_shown(mark, shown));
	}
}

/* What records call their columns when nothing else is said. */
static void default_axis(struct axis *x, const char *const *column)
{
	if (x->where != AXIS_NONE || !*column)
		return;
	*x = (struct axis){ .where = AXIS_COLUMN, .columns = column, .ncolumns = 1, .join = "-" };
}

static void default_axes(struct layout *l, const struct format *f)
{
	bool spread = is_spread(&l->unit) || is_spread(&l->indicator) || is_spread(&l->period);

	default_axis(&l->period, &f->period);
	if (!spread)
		default_axis(&l->value, &f->value);
	if (l->confidentiality.where == AXIS_NONE && f->nconfidentiality)
		l->confidentiality = (struct axis){ .where = AXIS_COLUMN,
						    .columns = f->confidentiality,
						    .ncolumns = f->nconfidentiality,
						    .join = " ",
						    .optional = true };
}

int feed_layout_read(const struct yaml_node *map, int format, struct layout *out, struct arena *a,
		     struct diags *d)
{
	struct reader rd = { .format = format_of((enum feed_format)format), .a = a, .d = d };
	struct raw_layout r = { .header_rows = 1 };

	yaml_fill(map, fields, &r, a, d);
	*out = (struct layout){ .ignore = (const char *const *)r.ignore.list,
				.nignore = r.ignore.n,
				.sheets = (const char *const *)r.sheets.list,
				.nsheets = r.sheets.n,
				.suppressed = (const char *const *)r.suppressed.list,
				.nsuppressed = r.suppressed.n,
				.header_rows = (unsigned)r.header_rows };
	for (int i = 0; i < AXES; i++)
		read_axis(r.axes[i], &out->axes[i], &rd);
	default_axes(out, rd.format);
	read_only(&r, out, &rd);
	read_delimiter(map, &r, out, &rd);
	read_rows(map, &r, out, &rd);
	check_marks(map, out, &rd);
	if (r.sheets.n > SHEETS_MAX)
		yaml_complain(yaml_get(map, "sheets"), d, "at most %d sheets", SHEETS_MAX);
	if (rd.format->kind != KIND_GRID && (r.header_rows > 1 || r.sheets.n))
		yaml_complain(map, d, "'header_rows' and 'sheets' are for tables");
	check_axes(map, out, &rd);
	return rd.no_memory ? -1 : 0;
}
