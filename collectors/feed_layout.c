/*
 * feed_layout.c - see feed_layout.h.
 *
 * An axis is a map with exactly one of the keys that say where it stands. Which
 * of them there are depends on the format: CSV has columns, a header row and
 * titles, JSON has pointers and member names. Each is read into the same five
 * kinds (decode.h), so what joins the axes is checked once for both.
 */
#include "collectors/feed_layout.h"

#include "collectors/mapping.h"

#include <string.h>

struct raw_axis {
	const char *is, *column, *title, *pointer, *join;
	struct yaml_strings columns, pointers;
	bool header, keys;
};

#define AT(member) offsetof(struct raw_axis, member)
static const struct yaml_field csv_axis[] = {
	{ "is", YAML_STRING, AT(is), .help = "the same for the whole document" },
	{ "column", YAML_STRING, AT(column), .help = "name of a column, or \"#3\" for the third" },
	{ "columns", YAML_STRINGS, AT(columns), .help = "several columns, joined" },
	{ "join", YAML_STRING, AT(join), .help = "between them, default \"-\"" },
	{ "header", YAML_BOOL, AT(header), .help = "the cells of the header row" },
	{ "title", YAML_STRING, AT(title), .help = "label of a line above the header" },
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
	const struct yaml_node *unit, *indicator, *period, *value, *flag;
	struct yaml_strings ignore;
};

#define AT(member) offsetof(struct raw_layout, member)
static const struct yaml_field fields[] = {
	{ "unit", YAML_NODE, AT(unit), .required = true, .help = "where the unit stands" },
	{ "indicator", YAML_NODE, AT(indicator), .required = true,
	  .help = "where the indicator stands" },
	{ "period", YAML_NODE, AT(period), .required = true, .help = "where the period stands" },
	{ "value", YAML_NODE, AT(value), .help = "where the value stands" },
	{ "flag", YAML_NODE, AT(flag), .help = "where a mark such as 'provisional' stands" },
	{ "ignore", YAML_STRINGS, AT(ignore), .help = "header cells that are no figures" },
	{ "delimiter", YAML_STRING, AT(delimiter), .help = "CSV: between fields" },
	{ "rows", YAML_STRING, AT(rows), .help = "JSON: pointer to the list of rows" },
	{ NULL },
};
#undef AT

struct reader {
	int format;
	struct arena *a;
	struct diags *d;
	bool no_memory;
};

/* An axis may be joined from so many columns (the decoders' limit). */
enum { COLUMNS_MAX = 8 };

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
		if (rd->format == FORMAT_JSON && (!*c || (*c == '/' && !tildes_ok(c))))
			yaml_complain(node, rd->d,
				      "%s is no JSON pointer: a member's name, or names after '/' "
				      "in which '~' is written ~0",
				      text_shown(slice_str(c), shown));
		else if (rd->format == FORMAT_CSV && !*c)
			yaml_complain(node, rd->d, "the column's name is empty");
		else if (rd->format == FORMAT_CSV && *c == '#' &&
			 strspn(c + 1, "0123456789") == strlen(c + 1) &&
			 (c[1] == '0' || !c[1] || strlen(c) > 6))
			yaml_complain(node, rd->d, "column '%s': columns count from #1", c);
	}
}

static size_t axis_places(const struct raw_axis *r)
{
	return !!r->is + !!r->column + !!r->columns.n + !!r->title + r->header + !!r->pointer +
	       !!r->pointers.n + r->keys;
}

static void read_axis(const struct yaml_node *node, struct axis *x, struct reader *rd)
{
	bool csv = rd->format == FORMAT_CSV;
	struct raw_axis r = { 0 };

	*x = (struct axis){ .join = "-" };
	if (!node)
		return;
	if (yaml_fill(node, csv ? csv_axis : json_axis, &r, rd->a, rd->d) < 0)
		return;
	if (axis_places(&r) != 1) {
		yaml_complain(node, rd->d, "exactly one of: %s",
			      csv ? "is, column, columns, header, title"
				  : "is, pointer, pointers, keys");
		return;
	}
	if (r.join && !r.columns.n && !r.pointers.n)
		yaml_complain(node, rd->d, "'join' is only for '%s'", csv ? "columns" : "pointers");
	if (r.is || r.title) {
		x->where = r.is ? AXIS_FIXED : AXIS_TITLE;
		x->text = r.is ? r.is : r.title;
		if (!*x->text)
			yaml_complain(node, rd->d, "the text is empty");
	} else if (r.header || r.keys) {
		x->where = AXIS_HEADER;
	} else if (r.columns.n || r.pointers.n) {
		struct yaml_strings s = r.columns.n ? r.columns : r.pointers;

		axis_columns(x, (const char *const *)s.list, s.n, rd);
	} else {
		axis_columns(x, r.column ? &r.column : &r.pointer, 1, rd);
	}
	if (r.join)
		x->join = r.join;
	check_columns(node, x, rd);
}

/* --- what joins them ------------------------------------------------------------------ */

static void check_axes(const struct yaml_node *map, const struct layout *l, struct reader *rd)
{
	const char *header = rd->format == FORMAT_CSV ? "header" : "keys";
	const char *column = rd->format == FORMAT_CSV ? "column" : "pointer";
	bool spread = l->unit.where == AXIS_HEADER || l->indicator.where == AXIS_HEADER ||
		      l->period.where == AXIS_HEADER;
	int headers = (l->unit.where == AXIS_HEADER) + (l->indicator.where == AXIS_HEADER) +
		      (l->period.where == AXIS_HEADER);

	if (headers > 1)
		yaml_complain(map, rd->d,
			      "only one of unit, indicator and period can be {%s: true}", header);
	if (!spread && !yaml_get(map, "value"))
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
	if (l->flag.where != AXIS_NONE && l->flag.where != AXIS_COLUMN &&
	    l->flag.where != AXIS_FIXED)
		yaml_complain(yaml_get(map, "flag"), rd->d, "'flag' is {%s: …} or {is: …}", column);
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
	if (rd->format != FORMAT_CSV)
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
	if (r->rows && rd->format != FORMAT_JSON)
		yaml_complain(yaml_get(map, "rows"), rd->d, "'rows' is only for json");
	else if (*l->rows && (*l->rows != '/' || !tildes_ok(l->rows)))
		yaml_complain(yaml_get(map, "rows"), rd->d,
			      "'rows' is a JSON pointer such as /data/rows, or \"\" for the whole "
			      "document");
}

int feed_layout_read(const struct yaml_node *map, int format, struct layout *out, struct arena *a,
		     struct diags *d)
{
	struct reader rd = { .format = format, .a = a, .d = d };
	struct raw_layout r = { 0 };

	yaml_fill(map, fields, &r, a, d);
	*out = (struct layout){ .ignore = (const char *const *)r.ignore.list,
				.nignore = r.ignore.n };
	read_axis(r.unit, &out->unit, &rd);
	read_axis(r.indicator, &out->indicator, &rd);
	read_axis(r.period, &out->period, &rd);
	read_axis(r.value, &out->value, &rd);
	read_axis(r.flag, &out->flag, &rd);
	read_delimiter(map, &r, out, &rd);
	read_rows(map, &r, out, &rd);
	check_axes(map, out, &rd);
	return rd.no_memory ? -1 : 0;
}
