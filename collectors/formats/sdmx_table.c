/*
 * sdmx_table.c - see sdmx_table.h.
 */
#include "collectors/formats/sdmx_table.h"
#include "collectors/cells.h"

#include <stdio.h>
#include <strings.h>

enum { COMPLAINT_BYTES = 239 };

void sdmx_table_init(struct sdmx_table *t, struct arena *a, const struct sdmx_options *o,
		     const struct row_sink *sink)
{
	static const struct sdmx_options none = { 0 };

	memset(t, 0, sizeof(*t));
	t->arena = a;
	t->options = o ? o : &none;
	t->sink = sink;
}

void sdmx_complain(const struct sdmx_table *t, enum refusal why, unsigned line, unsigned column,
		   const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!t->sink->complain)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[slice_cut(slice_str(text), COMPLAINT_BYTES).n] = '\0';
	for (char *p = text; *p; p++) /* what a message says may have lines */
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	t->sink->complain(t->sink->ctx, why, line, column, text);
}

/* --- columns --------------------------------------------------------------------------- */

void sdmx_table_start(struct sdmx_table *t, struct slice name)
{
	t->n = 0;
	t->wanted = false;
	t->dsd = t->options->structure ? sdmx_structure_dsd(t->options->structure, name) : NULL;
}

/* The only definition there is may serve for names, even if the data set does not name it. */
static const struct sdmx_component *component(const struct sdmx_table *t, struct slice id)
{
	const struct sdmx_structure *s = t->options->structure;

	if (t->dsd)
		return sdmx_dsd_component(t->dsd, id);
	return s && s->ndsds == 1 ? sdmx_dsd_component(&s->dsds[0], id) : NULL;
}

static bool may_be_id(struct slice id)
{
	return id.n > 0 && id.n <= SDMX_ID_MAX && cell_trim(id).n == id.n;
}

int sdmx_table_column(struct sdmx_table *t, struct slice id, struct err *e)
{
	const struct sdmx_component *c;
	char shown[TEXT_SHOWN];

	for (size_t i = 0; i < t->n; i++)
		if (slice_eq(t->columns[i].id, id))
			return (int)i;
	if (!may_be_id(id))
		return err_set(e, ERR_INVALID, "%s cannot be the id of a dimension or an attribute",
			       text_shown(id, shown));
	if (t->n == SDMX_COLUMNS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d dimensions, measures and attributes",
			       SDMX_COLUMNS_MAX);
	c = component(t, id);
	t->columns[t->n] = (struct sdmx_column){ .id = id };
	t->values[t->n] = (struct sdmx_value){ 0 };
	if (c) {
		t->columns[t->n].role = c->role;
		t->columns[t->n].list = c->codes;
		t->columns[t->n].named = c->codes != NULL;
	} else if (slice_is(id, "OBS_VALUE")) {
		t->columns[t->n].role = SDMX_MEASURE;
	} else if (slice_is(id, "TIME_PERIOD")) { /* the one id SDMX fixes for a dimension */
		t->columns[t->n].role = SDMX_DIMENSION;
	}
	return (int)t->n++;
}

int sdmx_table_complete(struct sdmx_table *t, struct err *e)
{
	for (size_t i = 0; t->dsd && i < t->dsd->n; i++)
		if (t->dsd->components[i].role != SDMX_ATTRIBUTE &&
		    sdmx_table_column(t, t->dsd->components[i].id, e) < 0)
			return -1;
	return 0;
}

/* --- rows ------------------------------------------------------------------------------------ */

static int give(struct sdmx_table *t, size_t n, unsigned line, struct err *e)
{
	struct row row = { .cells = t->cells, .n = n, .line = line };
	int more = t->sink->row(t->sink->ctx, &row, e);

	t->wanted = more > 0;
	return more < 0 ? -1 : 0;
}

int sdmx_table_open(struct sdmx_table *t, struct slice name, unsigned line, unsigned column,
		    struct err *e)
{
	size_t n = 0;

	if (t->tables++ == SDMX_SETS_MAX)
		return err_set(e, ERR_LIMIT, "line %u: more than %d data sets", line,
			       SDMX_SETS_MAX);
	if (t->sink->table && t->sink->table(t->sink->ctx, name, true, e) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		const struct sdmx_column *c = &t->columns[i];
		char *text;

		t->cells[n++] = (struct cell){ c->id, line, column, false };
		if (!c->named)
			continue;
		text = arena_printf(t->arena, "%.*s.name", SLICE_FMT(c->id));
		if (!text)
			return err_set(e, ERR_LIMIT, "line %u: no room for the header", line);
		t->cells[n++] = (struct cell){ slice_str(text), line, column, false };
	}
	return give(t, n, line, e);
}

void sdmx_table_clear(struct sdmx_table *t)
{
	memset(t->values, 0, t->n * sizeof(*t->values));
}

/* SDMX 3.0 Section 6: "NaN" for numbers and "#N/A" for texts that are missing on purpose. */
static bool says_missing(struct slice s)
{
	if (s.n < 3 || s.n > 4 || (s.p[0] != 'N' && s.p[0] != '#'))
		return false;
	return slice_is(s, "NaN") || slice_is(s, "#N/A") || slice_is(s, "#NA");
}

static struct slice name_of(struct sdmx_table *t, struct sdmx_column *c, struct slice code)
{
	const struct sdmx_code *found;

	if (!c->list || code.n == 0)
		return slice_str("");
	if (slice_eq(c->code, code))
		return c->code_name;
	found = sdmx_code_find(c->list, code);
	if (!found)
		return slice_str("");
	c->code = found->id; /* which stays, unlike `code` */
	c->code_name = sdmx_name_in(found->names, t->options->language);
	return c->code_name;
}

/* What is wrong with the text of a column; false: nothing. */
static bool refuse_value(const struct sdmx_table *t, const struct sdmx_column *c, struct slice text,
			 unsigned line, unsigned column)
{
	if (c->role == SDMX_DIMENSION && text.n == 0) {
		sdmx_complain(t, REFUSED_LAYOUT, line, column,
			      "the observation has no value of dimension %.*s; it is left out",
			      SLICE_FMT(c->id));
		return true;
	}
	if (text.n > SDMX_TEXT_MAX) {
		sdmx_complain(t, REFUSED_LIMIT, line, column,
			      "%.*s has a text of %zu bytes, more than %d; the observation is left "
			      "out",
			      SLICE_FMT(c->id), text.n, SDMX_TEXT_MAX);
		return true;
	}
	return false;
}

int sdmx_table_row(struct sdmx_table *t, unsigned line, unsigned column, struct err *e)
{
	size_t n = 0;

	if (!t->wanted)
		return 0;
	for (size_t i = 0; i < t->n; i++) {
		struct sdmx_column *c = &t->columns[i];
		const struct sdmx_value *v = &t->values[i];
		struct cell *out = &t->cells[n++];

		out->text = v->text.p ? v->text : slice_of("", 0);
		if (c->role != SDMX_DIMENSION && says_missing(out->text))
			out->text.n = 0;
		if (refuse_value(t, c, out->text, line, column))
			return 0;
		out->line = v->line ? v->line : line;
		out->column = v->line ? v->column : column;
		if (!c->named)
			continue;
		t->cells[n] = *out;
		t->cells[n++].text = v->name.p ? v->name : name_of(t, c, out->text);
	}
	return give(t, n, line, e);
}

/* --- actions --------------------------------------------------------------------------------- */

enum sdmx_action sdmx_action_of(struct slice word)
{
	static const char *const taken[] = { "Append", "Replace", "Merge", "Information", "" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (strlen(taken[i]) == word.n && strncasecmp(taken[i], word.p, word.n) == 0)
			return SDMX_TAKE;
	return word.n == 6 && strncasecmp("Delete", word.p, 6) == 0 ? SDMX_DELETE : SDMX_NO_ACTION;
}

bool sdmx_set_refused(const struct sdmx_table *t, struct slice action, unsigned line,
		      unsigned column)
{
	char shown[TEXT_SHOWN];

	switch (sdmx_action_of(action)) {
	case SDMX_TAKE:
		return false;
	case SDMX_DELETE:
		sdmx_complain(t, REFUSED_LAYOUT, line, column,
			      "the data set deletes figures; deletions are not taken");
		return true;
	default:
		sdmx_complain(t, REFUSED_LAYOUT, line, column,
			      "the data set's action %s is none of Append, Replace, Merge, "
			      "Information, Delete; it is left out",
			      text_shown(action, shown));
		return true;
	}
}
