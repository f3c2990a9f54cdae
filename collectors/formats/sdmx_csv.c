/*
 * sdmx_csv.c - SDMX-CSV data messages 1.0, 2.0 and 2.1.
 *
 * From the field guides (sdmx-twg/sdmx-csv, data-message/docs/sdmx-csv-field-guide.md, versions
 * 1.0, 2.0.0 and 2.1.0). The byte behind the first word of the header is the delimiter. Where it is
 * a semicolon, values may have a decimal comma, which becomes a point.
 *
 * Labels: with "both" the header's cells are "ID: name", and so are coded cells; a cell counts as
 * labelled when what stands before ": " can be a code. With "name" (the header has STRUCTURE_NAME)
 * each id is followed by a column of names. Fields with several values, "ID[]", and texts in
 * several languages, "ID[en;fr]", are taken apart at the separator that the header gives.
 */
#include "collectors/cells.h"
#include "collectors/formats/csv_scan.h"
#include "collectors/formats/sdmx_table.h"

enum field_kind {
	FIELD_COMPONENT,
	FIELD_STRUCTURE, /* 1.0: DATAFLOW, which names it */
	FIELD_STRUCTURE_TYPE,
	FIELD_STRUCTURE_ID,
	FIELD_ACTION,
	FIELD_NAME, /* of the field before */
	FIELD_PASSED_OVER,
};

struct field {
	enum field_kind kind;
	struct slice id; /* kept */
	uint16_t column; /* of the table */
	bool labelled;   /* cells may be "code: name" */
	bool many, languages;
};

struct csv {
	struct csv_scan scan;
	struct sdmx_table *table;
	struct field *fields;
	size_t n;
	unsigned header_line, header_column;
	char separator; /* of sub-fields; '\0': none */
	bool v2, names;
	struct slice structure; /* that of the open table, kept; .p NULL before the first row */
};

/* --- the header ---------------------------------------------------------------------------- */

static struct slice first_word(struct slice body)
{
	size_t n = 0;

	if (slice_starts(body, "\xef\xbb\xbf"))
		body = slice_skip(body, 3);
	while (n < body.n && ((body.p[n] >= 'A' && body.p[n] <= 'Z') || body.p[n] == '"'))
		n++;
	return slice_of(body.p, n);
}

static bool is_delimiter(char c)
{
	return c == ',' || c == ';' || c == '\t' || c == '|';
}

/* What the first field says of the message: which version, which delimiter, which separator. */
static int look_at_start(struct csv *c, struct slice body, char *delimiter, struct err *e)
{
	struct slice word = first_word(body);
	const char *p = word.p + word.n, *end = body.p + body.n;

	if (word.n && *word.p == '"')
		word = slice_of(word.p + 1, word.n - 1);
	if (word.n && word.p[word.n - 1] == '"')
		word.n--;
	c->v2 = slice_is(word, "STRUCTURE");
	if (!c->v2 && !slice_is(word, "DATAFLOW"))
		return err_set(e, ERR_INVALID,
			       "line 1, column 1: the header begins neither with DATAFLOW nor with "
			       "STRUCTURE, so this is no SDMX-CSV");
	if (end - p >= 3 && p[0] == '[' && p[2] == ']') {
		c->separator = p[1];
		p += 3;
	}
	if (p < end && *p == '"')
		p++;
	*delimiter = p < end && is_delimiter(*p) ? *p : ',';
	return 0;
}

/* "ID", "ID: name", "ID[]", "ID[en;fr]" */
static void read_heading(struct csv *c, struct slice text, struct field *f)
{
	const char *label = memmem(text.p, text.n, ": ", 2);
	const char *bracket;

	if (label) {
		f->labelled = true;
		text.n = (size_t)(label - text.p);
	}
	bracket = memchr(text.p, '[', text.n);
	if (c->separator && bracket && text.p[text.n - 1] == ']') {
		size_t inside = (size_t)(text.p + text.n - bracket) - 2;

		f->many = inside == 0;
		f->languages = inside > 0;
		text.n = (size_t)(bracket - text.p);
	}
	f->id = cell_trim(text);
}

static enum field_kind kind_of(const struct csv *c, const struct field *f, size_t i)
{
	static const char *const passed_over[] = { "STRUCTURE_NAME", "SERIES_KEY", "OBS_KEY" };

	if (i == 0)
		return c->v2 ? FIELD_STRUCTURE_TYPE : FIELD_STRUCTURE;
	if (c->v2 && slice_is(f->id, "STRUCTURE_ID"))
		return FIELD_STRUCTURE_ID;
	if (c->v2 && slice_is(f->id, "ACTION"))
		return FIELD_ACTION;
	for (size_t k = 0; k < sizeof(passed_over) / sizeof(*passed_over); k++)
		if (slice_is(f->id, passed_over[k]))
			return FIELD_PASSED_OVER;
	return FIELD_COMPONENT;
}

static int read_fields(struct csv *c, struct err *e)
{
	const struct row *row = &c->scan.row;
	bool after_id = false, has_id = !c->v2, has_component = false;

	for (size_t i = 0; i < row->n; i++)
		c->names |= c->v2 && slice_is(row->cells[i].text, "STRUCTURE_NAME");
	for (size_t i = 0; i < row->n; i++) {
		struct field *f = &c->fields[i];

		if (c->names && after_id) {
			f->kind = FIELD_NAME;
			after_id = false;
			continue;
		}
		read_heading(c, row->cells[i].text, f);
		f->kind = kind_of(c, f, i);
		if (f->kind == FIELD_COMPONENT && f->id.n == 0)
			return err_set(e, ERR_INVALID,
				       "line %u, column %u: a column has no heading",
				       row->cells[i].line, row->cells[i].column);
		after_id = f->kind == FIELD_COMPONENT;
		has_id |= f->kind == FIELD_STRUCTURE_ID;
		has_component |= after_id;
	}
	if (!has_id)
		return err_set(e, ERR_INVALID, "line %u: the header has no column STRUCTURE_ID",
			       row->line);
	if (!has_component)
		return err_set(e, ERR_INVALID,
			       "line %u: the header names no dimension, measure or attribute",
			       row->line);
	return 0;
}

static int read_header(struct csv *c, struct err *e)
{
	const struct row *row = &c->scan.row;
	int rc = csv_scan_next(&c->scan, e);

	if (rc < 0)
		return -1;
	if (row->fault)
		return err_set(e, ERR_INVALID, "line %u, column %u: %s", row->fault_line,
			       row->fault_column, row->fault);
	if (row->n > 2 * SDMX_COLUMNS_MAX)
		return err_set(e, ERR_LIMIT, "line %u: more than %d columns", row->line,
			       2 * SDMX_COLUMNS_MAX);
	c->header_line = row->line;
	c->header_column = row->cells[0].column;
	c->n = row->n;
	c->fields = arena_array(c->scan.arena, row->n, sizeof(*c->fields));
	if (!c->fields)
		return err_set(e, ERR_LIMIT, "line %u: no room for the header", row->line);
	return read_fields(c, e);
}

/* --- tables ---------------------------------------------------------------------------------- */

/* Names of codes come with the cells, or from the structure. */
static int open_table(struct csv *c, struct slice structure, struct err *e)
{
	struct sdmx_table *t = c->table;
	int column = -1;

	c->structure = arena_slice(c->scan.arena, structure);
	if (!c->structure.p)
		return err_set(e, ERR_LIMIT, "line %u: no room for its structure",
			       c->scan.row.line);
	sdmx_table_start(t, c->structure);
	for (size_t i = 0; i < c->n; i++) {
		struct field *f = &c->fields[i];

		if (f->kind == FIELD_NAME && column >= 0) {
			t->columns[column].named = t->columns[column].role != SDMX_MEASURE;
			f->column = (uint16_t)column;
		}
		column = -1;
		if (f->kind != FIELD_COMPONENT)
			continue;
		column = sdmx_table_column(t, f->id, e);
		if (column < 0)
			return err_wrap(e, "line %u", c->header_line);
		if ((size_t)column + 1 != t->n)
			return err_set(e, ERR_INVALID, "line %u: two columns are called %.*s",
				       c->header_line, SLICE_FMT(slice_cut(f->id, SDMX_ID_MAX)));
		if (t->columns[column].role != SDMX_MEASURE)
			t->columns[column].named |= f->labelled;
		f->column = (uint16_t)column;
	}
	if (sdmx_table_complete(t, e) < 0)
		return err_wrap(e, "line %u", c->header_line);
	return sdmx_table_open(t, c->structure, c->header_line, c->header_column, e);
}

/* --- cells -------------------------------------------------------------------------- */

/* The next part of `rest` up to the separator; quotes around a part go away. */
static bool next_part(struct slice *rest, char separator, struct slice *part)
{
	bool quoted = false;
	size_t n = 0;

	if (!rest->p)
		return false;
	for (; n < rest->n && (quoted || rest->p[n] != separator); n++)
		quoted ^= rest->p[n] == '"';
	*part = cell_trim(slice_of(rest->p, n));
	if (part->n >= 2 && part->p[0] == '"' && part->p[part->n - 1] == '"')
		*part = slice_of(part->p + 1, part->n - 2);
	*rest = n < rest->n ? slice_skip(*rest, n + 1) : slice_of(NULL, 0);
	return true;
}

/* What stands before ": " can be a code. */
static bool split_label(struct slice text, struct slice *code, struct slice *name)
{
	const char *at = memmem(text.p, text.n, ": ", 2);

	*code = text;
	*name = slice_str("");
	if (!at || at == text.p)
		return false;
	for (const char *p = text.p; p < at; p++)
		if ((unsigned char)*p <= ' ')
			return false;
	*code = slice_of(text.p, (size_t)(at - text.p));
	*name = cell_trim(slice_skip(text, code->n + 2));
	return true;
}

static void join(struct buf *b, struct slice text)
{
	if (b->n)
		buf_put(b, "; ", 2);
	buf_slice(b, text);
}

static int put_joined(struct csv *c, const struct cell *cell, const struct field *f,
		      struct buf *texts, struct buf *names, struct err *e)
{
	struct slice text = arena_slice(c->scan.arena, buf_all(texts));
	struct slice name = arena_slice(c->scan.arena, buf_all(names));

	if (buf_check(texts, e) < 0 || buf_check(names, e) < 0)
		return err_wrap(e, "line %u, column %u", cell->line, cell->column);
	if (!text.p || !name.p)
		return err_set(e, ERR_LIMIT, "line %u: no room for its cells", cell->line);
	sdmx_table_put(c->table, f->column, text, cell->line, cell->column);
	if (f->labelled)
		c->table->values[f->column].name = name;
	return 0;
}

/* "A: Value A;B: Value B" as "A; B". */
static int put_many(struct csv *c, const struct cell *cell, const struct field *f, struct err *e)
{
	struct slice rest = cell->text, part, code, name;
	struct buf texts, names;
	int rc;

	buf_init(&texts, SDMX_TEXT_MAX);
	buf_init(&names, SDMX_TEXT_MAX);
	while (next_part(&rest, c->separator, &part)) {
		code = part;
		name = slice_str("");
		if (f->labelled)
			split_label(part, &code, &name);
		join(&texts, code);
		join(&names, name);
	}
	rc = put_joined(c, cell, f, &texts, &names, e);
	buf_release(&texts);
	buf_release(&names);
	return rc;
}

/* How well "fr:" of "fr:Valeur" suits: 3 asked for, 2 English, 1 any. */
static int suits(struct slice part, const char *language)
{
	struct sdmx_name tag = { .language = part, .text = slice_str("") };
	const char *colon = memchr(part.p, ':', part.n);

	if (!colon)
		return 1;
	tag.language.n = (size_t)(colon - part.p);
	if (slice_is(tag.language, language) || slice_starts(tag.language, language))
		return 3;
	return slice_is(tag.language, "en") ? 2 : 1;
}

/* Of "en:Value;fr:Valeur" the text in the language asked for; of several sets, each in quotes, that
 * of each. */
static struct slice in_language(struct slice set, char separator, const char *language)
{
	struct slice part, best = slice_str("");
	const char *colon;
	int found = 0;

	while (next_part(&set, separator, &part)) {
		if (suits(part, language) <= found)
			continue;
		found = suits(part, language);
		best = part;
	}
	colon = best.n ? memchr(best.p, ':', best.n) : NULL;
	return colon ? cell_trim(slice_skip(best, (size_t)(colon - best.p) + 1)) : best;
}

static int put_language(struct csv *c, const struct cell *cell, const struct field *f,
			struct err *e)
{
	const char *language = c->table->options->language ? c->table->options->language : "zh";
	struct slice rest = cell->text, set;
	struct buf texts, names;
	int rc;

	if (cell->text.n == 0 || *cell->text.p != '"') {
		sdmx_table_put(c->table, f->column, in_language(cell->text, c->separator, language),
			       cell->line, cell->column);
		return 0;
	}
	buf_init(&texts, SDMX_TEXT_MAX);
	buf_init(&names, 0);
	while (next_part(&rest, c->separator, &set))
		join(&texts, in_language(set, c->separator, language));
	rc = put_joined(c, cell, f, &texts, &names, e);
	buf_release(&texts);
	buf_release(&names);
	return rc;
}

/* 1,5 between semicolons: digits, one comma, digits. */
static bool decimal_comma(struct slice s, size_t *at)
{
	size_t commas = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ',') {
			commas++;
			*at = i;
		} else if (s.p[i] == '.') {
			return false;
		}
	}
	return commas == 1;
}

static int put_value(struct csv *c, const struct cell *cell, const struct field *f,
		     struct slice text, struct err *e)
{
	size_t at = 0;
	struct slice copy;

	if (c->scan.delimiter == ';' && c->table->columns[f->column].role == SDMX_MEASURE &&
	    decimal_comma(text, &at)) {
		copy = arena_slice(c->scan.arena, text);
		if (!copy.p)
			return err_set(e, ERR_LIMIT, "line %u: no room for its cells", cell->line);
		((char *)copy.p)[at] = '.';
		text = copy;
	}
	sdmx_table_put(c->table, f->column, text, cell->line, cell->column);
	return 0;
}

static int put_cell(struct csv *c, const struct cell *cell, const struct field *f, struct err *e)
{
	struct slice code, name;

	if (f->many && cell->text.n)
		return put_many(c, cell, f, e);
	if (f->languages)
		return put_language(c, cell, f, e);
	if (!f->labelled)
		return put_value(c, cell, f, cell->text, e);
	if (split_label(cell->text, &code, &name)) {
		if (put_value(c, cell, f, code, e) < 0)
			return -1;
		c->table->values[f->column].name = name;
		return 0;
	}
	return put_value(c, cell, f, cell->text, e);
}

/* --- rows --------------------------------------------------------------------------- */

/* The row's structure without its label. */
static struct slice structure_of(const struct csv *c)
{
	const struct row *row = &c->scan.row;
	struct slice code, name;

	for (size_t i = 0; i < row->n; i++) {
		if (c->fields[i].kind != FIELD_STRUCTURE && c->fields[i].kind != FIELD_STRUCTURE_ID)
			continue;
		split_label(row->cells[i].text, &code, &name);
		return code;
	}
	return slice_str("");
}

static bool is_structure_type(struct slice s)
{
	static const char *const types[] = { "dataflow", "datastructure", "dataprovision" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (s.n == strlen(types[i]) && strncasecmp(s.p, types[i], s.n) == 0)
			return true;
	return false;
}

/* Whether the row's action is one that is taken; complains about others. */
static bool takes_action(struct csv *c, const struct cell *cell)
{
	char shown[TEXT_SHOWN];

	if (cell->text.n == 0 || (cell->text.n == 1 && strchr("IARM", *cell->text.p)))
		return true;
	if (slice_is(cell->text, "D"))
		sdmx_complain(c->table, REFUSED_LAYOUT, cell->line, cell->column,
			      "the row deletes figures; deletions are not taken");
	else
		sdmx_complain(c->table, REFUSED_LAYOUT, cell->line, cell->column,
			      "the action %s is none of I, A, R, M, D; the row is left out",
			      text_shown(cell->text, shown));
	return false;
}

static bool row_is_sound(struct csv *c)
{
	const struct row *row = &c->scan.row;
	char shown[TEXT_SHOWN];

	if (row->fault) {
		sdmx_complain(c->table, REFUSED_LAYOUT, row->fault_line, row->fault_column, "%s",
			      row->fault);
		return false;
	}
	if (row->n != c->n) { /* one cell too few moves all others */
		sdmx_complain(c->table, REFUSED_LAYOUT, row->line, row->cells[0].column,
			      "the row has %zu cells, the header %zu; the row is left out", row->n,
			      c->n);
		return false;
	}
	for (size_t i = 0; i < row->n; i++) {
		const struct cell *cell = &row->cells[i];

		if (c->fields[i].kind == FIELD_ACTION && !takes_action(c, cell))
			return false;
		if (c->fields[i].kind == FIELD_STRUCTURE_TYPE && !is_structure_type(cell->text)) {
			sdmx_complain(c->table, REFUSED_LAYOUT, cell->line, cell->column,
				      "%s is none of dataflow, datastructure, dataprovision; the "
				      "row is left out",
				      text_shown(cell->text, shown));
			return false;
		}
	}
	return true;
}

static int read_row(struct csv *c, struct err *e)
{
	const struct row *row = &c->scan.row;

	sdmx_table_clear(c->table);
	for (size_t i = 0; i < row->n; i++) {
		const struct field *f = &c->fields[i];

		if (f->kind == FIELD_COMPONENT && put_cell(c, &row->cells[i], f, e) < 0)
			return -1;
		if (f->kind == FIELD_NAME && i > 0 && c->fields[i - 1].kind == FIELD_COMPONENT)
			c->table->values[f->column].name = row->cells[i].text;
	}
	return sdmx_table_row(c->table, row->line, row->cells[0].column, e);
}

static int read_rows(struct csv *c, struct err *e)
{
	struct arena_mark mark = arena_mark(c->scan.arena);
	size_t cap = c->scan.cap;
	int rc;

	while ((rc = csv_scan_next(&c->scan, e)) > 0) {
		const struct row *row = &c->scan.row;
		bool opens;

		if (row->n == 1 && row->cells[0].text.n == 0 && !row->fault)
			continue; /* an empty line */
		if (!row_is_sound(c))
			continue;
		opens = !c->structure.p || !slice_eq(c->structure, structure_of(c));
		if (opens && open_table(c, structure_of(c), e) < 0)
			return -1;
		if (read_row(c, e) < 0)
			return -1;
		/* The array of cells and the table's texts must not be given back. */
		if (!opens && c->scan.cap == cap)
			arena_reset(c->scan.arena, mark);
		else
			mark = arena_mark(c->scan.arena);
		cap = c->scan.cap;
	}
	return rc;
}

int sdmx_csv_read(struct slice body, struct sdmx_table *t, struct err *e)
{
	struct csv c = { .table = t };
	char delimiter = ',';

	if (look_at_start(&c, body, &delimiter, e) < 0)
		return -1;
	csv_scan_init(&c.scan, body, delimiter, t->arena);
	if (read_header(&c, e) < 0)
		return -1;
	return read_rows(&c, e);
}
