/*
 * easyquery.c - see easyquery.h.
 *
 * First the dimensions and a table of the codes of each, then figure by figure.
 */
#include "collectors/formats/easyquery.h"

#include "base/json_read.h"
#include "base/map.h"
#include "collectors/body.h"
#include "collectors/cells.h"

#include <stdio.h>

struct dimension {
	struct slice id;   /* "zb" */
	struct map nodes;  /* by code */
	bool has_unit;     /* is the indicator */
	size_t column;     /* of its code; name and unit follow */
	uint64_t shown_in; /* the last figure that had it */
};

struct reader {
	struct arena *arena;
	const struct row_sink *sink;
	struct dimension dimensions[EASYQUERY_DIMENSIONS_MAX];
	size_t ndimensions;
	struct row row;
	uint64_t figures;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

#define fault(at, e, fmt, ...)                                                                     \
	err_set(e, ERR_INVALID, "line %u, column %u: " fmt, (at)->line, (at)->column, ##__VA_ARGS__)

static bool is_scalar(const struct json_node *n)
{
	return n && (n->type == JSON_STRING || n->type == JSON_NUMBER);
}

/* The member's text, with its place; "" with the place of `in` when there is none. */
static struct cell cell_of(const struct json_node *in, const char *key)
{
	const struct json_node *n = json_member(in, slice_str(key));

	if (!is_scalar(n))
		return (struct cell){ .text = slice_of("", 0),
				      .line = in->line,
				      .column = in->column };
	return (struct cell){ .text = cell_trim(n->text), .line = n->line, .column = n->column };
}

/* --- dimensions --------------------------------------------------------------------------- */

/* In a list of codes null stands for one that does not exist. */
static int take_nodes(struct dimension *d, const struct json_node *nodes, struct err *e)
{
	for (struct json_node *n = nodes ? nodes->child : NULL; n; n = n->next) {
		struct slice code =
			n->type == JSON_OBJECT ? cell_of(n, "code").text : slice_of("", 0);

		if (code.n && map_put(&d->nodes, code, n, e) < 0)
			return -1;
	}
	return 0;
}

static int take_dimensions(struct reader *r, const struct json_node *data, struct err *e)
{
	const struct json_node *list = json_member_of(data, "wdnodes", JSON_ARRAY);

	if (!list || !list->n)
		return fault(data, e, "there are no \"wdnodes\", which say what the codes mean");
	if (list->n > EASYQUERY_DIMENSIONS_MAX)
		return err_set(e, ERR_LIMIT,
			       "line %u, column %u: %u dimensions; at most %d can be read",
			       list->line, list->column, list->n, EASYQUERY_DIMENSIONS_MAX);
	for (const struct json_node *n = list->child; n; n = n->next) {
		struct dimension *d = &r->dimensions[r->ndimensions];
		struct slice id =
			n->type == JSON_OBJECT ? cell_of(n, "wdcode").text : slice_of("", 0);

		if (!id.n)
			return fault(n, e, "a dimension of \"wdnodes\" has no \"wdcode\"");
		*d = (struct dimension){ .id = id, .has_unit = slice_is(id, "zb") };
		map_init(&d->nodes);
		r->ndimensions++;
		if (take_nodes(d, json_member_of(n, "nodes", JSON_ARRAY), e) < 0)
			return -1;
	}
	return 0;
}

static struct dimension *find_dimension(struct reader *r, struct slice id)
{
	for (size_t i = 0; i < r->ndimensions; i++)
		if (slice_eq(r->dimensions[i].id, id))
			return &r->dimensions[i];
	return NULL;
}

static int give_header(struct reader *r, const struct json_node *at, struct err *e)
{
	struct cell *c = arena_array(r->arena, 3 * r->ndimensions + 1, sizeof(*c));
	struct cell here = { .line = at->line, .column = at->column };
	const char *name;

	r->row = (struct row){ .cells = c, .line = at->line };
	if (!c)
		return no_memory(e);
	for (size_t i = 0; i < r->ndimensions; i++) {
		struct dimension *d = &r->dimensions[i];

		d->column = (size_t)(c - r->row.cells);
		name = arena_printf(r->arena, "%.*s.name", SLICE_FMT(d->id));
		if (!name)
			return no_memory(e);
		here.text = d->id;
		*c++ = here;
		here.text = slice_str(name);
		*c++ = here;
		here.text = slice_str("unit");
		if (d->has_unit)
			*c++ = here;
	}
	here.text = slice_str("value");
	*c++ = here;
	r->row.n = (size_t)(c - r->row.cells);
	return r->sink->row(r->sink->ctx, &r->row, e);
}

/* --- figures ------------------------------------------------------------------------------ */

/* 2024B becomes 2024-Q2; all else stays. */
static int plain_period(struct reader *r, struct slice *code, struct err *e)
{
	const char *text;

	if (code->n != 5 || code->p[4] < 'A' || code->p[4] > 'D')
		return 0;
	for (int i = 0; i < 4; i++)
		if (code->p[i] < '0' || code->p[i] > '9')
			return 0;
	text = arena_printf(r->arena, "%.4s-Q%d", code->p, code->p[4] - 'A' + 1);
	if (!text)
		return no_memory(e);
	*code = slice_str(text);
	return 0;
}

static int complain(struct reader *r, const struct json_node *at, const char *text)
{
	r->sink->complain(r->sink->ctx, REFUSED_LAYOUT, at->line, at->column, text);
	return 0;
}

/* Puts a code of the figure into its dimension's cells. */
static int show(struct reader *r, struct dimension *d, struct cell code, struct err *e)
{
	const struct json_node *node = map_get(&d->nodes, code.text);
	struct cell *c = &r->row.cells[d->column];
	struct cell empty = { .text = slice_of("", 0), .line = code.line, .column = code.column };

	c[0] = code;
	c[1] = node ? cell_of(node, "name") : empty;
	if (node && !c[1].text.n)
		c[1] = cell_of(node, "cname");
	if (d->has_unit)
		c[2] = node ? cell_of(node, "unit") : empty;
	d->shown_in = r->figures;
	return slice_is(d->id, "sj") ? plain_period(r, &c[0].text, e) : 0;
}

/* The codes of a figure. 1: all are there. 0 with a complaint, or -1. */
static int take_codes(struct reader *r, const struct json_node *figure, struct err *e)
{
	const struct json_node *wds = json_member_of(figure, "wds", JSON_ARRAY);
	char text[128], shown[TEXT_SHOWN];

	r->figures++;
	for (const struct json_node *n = wds ? wds->child : NULL; n; n = n->next) {
		bool object = n->type == JSON_OBJECT;
		struct slice id = object ? cell_of(n, "wdcode").text : slice_of("", 0);
		struct dimension *d = find_dimension(r, id);

		if (!d) {
			snprintf(text, sizeof(text), "the answer does not describe dimension %s",
				 text_shown(id, shown));
			return complain(r, n, text);
		}
		if (show(r, d, cell_of(n, "valuecode"), e) < 0)
			return -1;
	}
	for (size_t i = 0; i < r->ndimensions; i++) {
		if (r->dimensions[i].shown_in == r->figures)
			continue;
		snprintf(text, sizeof(text), "the figure has no code of dimension %s",
			 text_shown(r->dimensions[i].id, shown));
		return complain(r, figure, text);
	}
	return 1;
}

/* strdata has the digits the bureau shows, data a number of the machine's. */
static struct cell value_of(const struct json_node *data)
{
	const struct json_node *has = json_member_of(data, "hasdata", JSON_BOOL);
	struct cell c = cell_of(data, "strdata");

	if (has && !has->boolean)
		c.text = slice_of("", 0);
	else if (has && !c.text.n)
		c = cell_of(data, "data");
	return c;
}

/* As row(): 1, 0 or -1. */
static int take_figure(struct reader *r, const struct json_node *figure, struct err *e)
{
	const struct json_node *data = json_member_of(figure, "data", JSON_OBJECT);
	int rc;

	if (!data) {
		complain(r, figure, "there is no \"data\" where a figure was expected");
		return 1;
	}
	rc = take_codes(r, figure, e);
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	r->row.cells[r->row.n - 1] = value_of(data);
	r->row.line = r->row.cells[r->row.n - 1].line;
	return r->sink->row(r->sink->ctx, &r->row, e);
}

/* --- the document -------------------------------------------------------------------------- */

static int read_figures(struct reader *r, const struct json_node *data, struct err *e)
{
	const struct json_node *list = json_member_of(data, "datanodes", JSON_ARRAY);
	int rc;

	if (!list)
		return fault(data, e, "there are no \"datanodes\", which hold the figures");
	if (take_dimensions(r, data, e) < 0)
		return -1;
	if (r->sink->table && r->sink->table(r->sink->ctx, slice_of("", 0), true, e) < 0)
		return -1;
	rc = give_header(r, data, e);
	for (const struct json_node *n = list->child; n && rc > 0; n = n->next) {
		struct arena_mark mark = arena_mark(r->arena);

		rc = take_figure(r, n, e);
		arena_reset(r->arena, mark);
	}
	return rc < 0 ? -1 : 0;
}

/* The list of a branch's indicators, as m=getTree gives it. */
static bool is_tree(const struct json_node *root)
{
	return root->type == JSON_ARRAY && json_member(root->child, slice_str("isParent"));
}

/* 501 and a text when there is nothing of the kind; a text can also stand beside 200. */
static int no_figures(const struct json_node *code, const struct json_node *data, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (data && data->type == JSON_STRING)
		return err_set(e, ERR_INVALID, "the server answers %.*s instead of figures: %.*s",
			       SLICE_FMT(slice_cut(code->text, 20)),
			       SLICE_FMT(slice_cut(cell_trim(data->text), 150)));
	return err_set(e, ERR_INVALID, "the server answers %s instead of figures",
		       text_shown(code->text, shown));
}

static int read_answer(struct reader *r, const struct json_node *root, struct err *e)
{
	const struct json_node *code = json_member(root, slice_str("returncode"));
	const struct json_node *data = json_member(root, slice_str("returndata"));

	if (is_tree(root))
		return err_set(e, ERR_INVALID,
			       "this is a tree of %u indicators, which holds no figures", root->n);
	if (!is_scalar(code))
		return err_set(e, ERR_INVALID,
			       "this is no answer of easyquery: there is no \"returncode\"");
	if (!slice_is(code->text, "200") || !data || data->type != JSON_OBJECT)
		return no_figures(code, data, e);
	return read_figures(r, data, e);
}

int easyquery_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e)
{
	struct reader r = { .arena = a, .sink = sink };
	const struct json_node *root;
	int rc;

	if (body_check(body, "JSON", e) < 0 || body_check_markup(body, "JSON", e) < 0)
		return -1;
	root = json_parse(body, a, e);
	if (!root)
		return -1;
	rc = read_answer(&r, root, e);
	for (size_t i = 0; i < r.ndimensions; i++)
		map_release(&r.dimensions[i].nodes);
	return rc;
}
