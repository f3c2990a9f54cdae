/* print.c - a tree on one line, and broken into lines where it is long (print.h). */
#include "query/print.h"

#include "base/duration.h"
#include "base/num.h"
#include "query/functions.h"
#include "query/lex.h"
#include "query/parse.h"

enum { LINE_MAX_BYTES = 100 };

const char *value_type_name(enum value_type t)
{
	static const char *const names[] = { "none", "scalar", "vector", "matrix", "string" };

	return names[t];
}

const char *value_type_description(enum value_type t)
{
	static const char *const names[] = { "nothing", "scalar", "instant vector", "range vector",
					     "string" };

	return names[t];
}

const char *binary_op_text(enum binary_op op)
{
	static const char *const texts[] = { "+",     "-",  "*",  "/",   "%",  "^",
					     "atan2", "==", "!=", ">",   "<",  ">=",
					     "<=",    "</", ">/", "and", "or", "unless" };

	return texts[op];
}

const char *aggregate_name(enum aggregate_op op)
{
	static const char *const names[] = { "sum",    "avg",        "min",          "max",
					     "count",  "group",      "stddev",       "stdvar",
					     "topk",   "bottomk",    "count_values", "quantile",
					     "limitk", "limit_ratio" };

	return names[op];
}

/* --- small parts -------------------------------------------------------------------------- */

static void put_quoted(struct slice s, struct buf *out)
{
	char one[QUOTED_MAX];

	buf_putc(out, '"');
	for (size_t i = 0; i < s.n;) {
		quote_next(s, &i, one);
		buf_puts(out, one);
	}
	buf_putc(out, '"');
}

static void put_label_name(struct slice s, struct buf *out)
{
	if (label_name_is_plain(s))
		buf_slice(out, s);
	else
		put_quoted(s, out);
}

static void put_label_names(const struct slice *s, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? ", " : "");
		put_label_name(s[i], out);
	}
}

static void put_number(double v, struct buf *out)
{
	char text[NUM_TEXT];

	num_print(v, text);
	buf_puts(out, text);
}

static void put_duration(int64_t ms, struct buf *out)
{
	char text[DURATION_TEXT];

	buf_puts(out, duration_print(ms, text));
}

/* Written out, or the expression it is worked out of. */
static void put_span_of_time(int64_t ms, const struct node *expr, struct buf *out)
{
	if (expr)
		print_expr(expr, out);
	else
		put_duration(ms, out);
}

static void put_shift(const struct shift *s, struct buf *out)
{
	if (s->at == AT_TIME)
		buf_printf(out, " @ %.3f", (double)s->at_ms / 1000);
	else if (s->at == AT_START)
		buf_puts(out, " @ start()");
	else if (s->at == AT_END)
		buf_puts(out, " @ end()");
	if (!s->has_offset || (!s->offset && s->offset_ms == 0))
		return;
	buf_puts(out, " offset ");
	put_span_of_time(s->offset_ms, s->offset, out);
}

static const char *match_text(enum matcher_op op)
{
	static const char *const texts[] = { "=", "!=", "=~", "!~" };

	return texts[op];
}

/* Whether the condition is what the name before the braces says. */
static bool is_name(const struct node_selector *s, const struct matcher *m)
{
	return s->name.n && m->op == MATCH_EQ && slice_is(m->name, LABEL_NAME) &&
	       slice_eq(m->value, s->name);
}

static void put_selector(const struct node_selector *s, struct buf *out)
{
	bool plain = metric_name_is_plain(s->name), first = true;
	size_t conditions = s->nm - (s->name.n ? 1 : 0);

	if (plain)
		buf_slice(out, s->name);
	if (plain && conditions == 0)
		return;
	buf_putc(out, '{');
	if (s->name.n && !plain) {
		put_quoted(s->name, out);
		first = false;
	}
	for (size_t i = 0; i < s->nm; i++) {
		if (is_name(s, &s->m[i]))
			continue;
		buf_puts(out, first ? "" : ",");
		first = false;
		put_label_name(s->m[i].name, out);
		buf_puts(out, match_text(s->m[i].op));
		put_quoted(s->m[i].value, out);
	}
	buf_putc(out, '}');
}

static void put_kind(enum range_kind kind, struct buf *out)
{
	buf_puts(out, kind == RANGE_ANCHORED   ? " anchored"
		      : kind == RANGE_SMOOTHED ? " smoothed"
					       : "");
}

static void put_label_list(const char *word, const struct slice *s, size_t n, struct buf *out)
{
	buf_printf(out, " %s (", word);
	put_label_names(s, n, out);
	buf_putc(out, ')');
}

static void put_fill(const char *word, double v, struct buf *out)
{
	buf_printf(out, " %s (", word);
	put_number(v, out);
	buf_putc(out, ')');
}

static void put_matching(const struct node_binary *b, struct buf *out)
{
	const struct matching *m = &b->matching;
	bool grouped = m->card == MANY_TO_ONE || m->card == ONE_TO_MANY;

	buf_puts(out, b->bool_modifier ? " bool" : "");
	/* group_left stands behind on or ignoring only */
	if (m->nlabels || m->on || grouped)
		put_label_list(m->on ? "on" : "ignoring", m->labels, m->nlabels, out);
	if (grouped)
		put_label_list(m->card == MANY_TO_ONE ? "group_left" : "group_right", m->include,
			       m->ninclude, out);
	if (m->has_fill_left && m->has_fill_right && num_same(m->fill_left, m->fill_right)) {
		put_fill("fill", m->fill_left, out);
		return;
	}
	if (m->has_fill_left)
		put_fill("fill_left", m->fill_left, out);
	if (m->has_fill_right)
		put_fill("fill_right", m->fill_right, out);
}

static void put_aggregate_head(const struct node_aggregate *a, struct buf *out)
{
	buf_puts(out, aggregate_name(a->op));
	if (a->without) {
		buf_puts(out, " without (");
	} else if (a->nlabels) {
		buf_puts(out, " by (");
	} else {
		return;
	}
	put_label_names(a->labels, a->nlabels, out);
	buf_puts(out, ") ");
}

static void put_aggregate(const struct node_aggregate *a, struct buf *out)
{
	put_aggregate_head(a, out);
	buf_putc(out, '(');
	if (a->param) {
		print_expr(a->param, out);
		buf_puts(out, ", ");
	}
	print_expr(a->expr, out);
	buf_putc(out, ')');
}

static void put_subquery_suffix(const struct node_subquery *s, struct buf *out)
{
	buf_putc(out, '[');
	put_span_of_time(s->range_ms, s->range, out);
	buf_putc(out, ':');
	if (s->step_ms || s->step)
		put_span_of_time(s->step_ms, s->step, out);
	buf_putc(out, ']');
	put_shift(&s->shift, out);
}

static void put_literal(const struct node *n, struct buf *out)
{
	if (n->number.duration)
		put_duration((int64_t)round(n->number.value * 1000), out);
	else
		put_number(n->number.value, out);
}

/* A sign binds less than ^: +Inf ^ 2 is the sign of a power, so here the number has none. */
static bool is_infinite_base(const struct node_binary *b)
{
	return b->op == OP_POW && b->lhs->kind == NODE_NUMBER && isinf(b->lhs->number.value);
}

static void put_matrix(const struct node_matrix *m, struct buf *out)
{
	const struct node_selector *s = &m->selector->selector;

	put_selector(s, out);
	buf_putc(out, '[');
	put_span_of_time(m->range_ms, m->range, out);
	buf_putc(out, ']');
	put_kind(s->kind, out);
	put_shift(&s->shift, out);
}

void print_expr(const struct node *n, struct buf *out)
{
	switch (n->kind) {
	case NODE_NUMBER:
		put_literal(n, out);
		break;
	case NODE_STRING:
		put_quoted(n->string, out);
		break;
	case NODE_SELECTOR:
		put_selector(&n->selector, out);
		put_kind(n->selector.kind, out);
		put_shift(&n->selector.shift, out);
		break;
	case NODE_MATRIX:
		put_matrix(&n->matrix, out);
		break;
	case NODE_SUBQUERY:
		print_expr(n->subquery.expr, out);
		put_subquery_suffix(&n->subquery, out);
		break;
	case NODE_CALL:
		buf_printf(out, "%s(", n->call.fn->name);
		for (size_t i = 0; i < n->call.nargs; i++) {
			buf_puts(out, i ? ", " : "");
			print_expr(n->call.args[i], out);
		}
		buf_putc(out, ')');
		break;
	case NODE_AGGREGATE:
		put_aggregate(&n->aggregate, out);
		break;
	case NODE_UNARY:
		buf_putc(out, n->unary.minus ? '-' : '+');
		print_expr(n->unary.expr, out);
		break;
	case NODE_BINARY:
		if (is_infinite_base(&n->binary))
			buf_puts(out, "Inf");
		else
			print_expr(n->binary.lhs, out);
		buf_printf(out, " %s", binary_op_text(n->binary.op));
		put_matching(&n->binary, out);
		buf_putc(out, ' ');
		print_expr(n->binary.rhs, out);
		break;
	case NODE_PAREN:
		buf_putc(out, '(');
		print_expr(n->paren, out);
		buf_putc(out, ')');
		break;
	}
}

/* --- over several lines ------------------------------------------------------------- */

static void indent(unsigned level, struct buf *out)
{
	for (unsigned i = 0; i < level; i++)
		buf_puts(out, "  ");
}

/* Whether the node is longer than a line. Printing stops at that length. */
static bool is_long(const struct node *n)
{
	struct buf line;
	bool more;

	buf_init(&line, LINE_MAX_BYTES);
	print_expr(n, &line);
	more = line.failed != ERR_NONE;
	buf_release(&line);
	return more;
}

static void pretty(const struct node *n, unsigned level, struct buf *out);

static void pretty_binary(const struct node_binary *b, unsigned level, struct buf *out)
{
	if (is_infinite_base(b)) {
		indent(level + 1, out);
		buf_puts(out, "Inf");
	} else {
		pretty(b->lhs, level + 1, out);
	}
	buf_putc(out, '\n');
	indent(level, out);
	buf_puts(out, binary_op_text(b->op));
	put_matching(b, out);
	buf_putc(out, '\n');
	pretty(b->rhs, level + 1, out);
}

static void pretty_args(struct node *const *args, size_t n, unsigned level, struct buf *out)
{
	buf_puts(out, "(\n");
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? ",\n" : "");
		pretty(args[i], level + 1, out);
	}
	buf_putc(out, '\n');
	indent(level, out);
	buf_putc(out, ')');
}

static void pretty_long(const struct node *n, unsigned level, struct buf *out)
{
	struct node *args[2];
	size_t nargs = 0;

	switch (n->kind) {
	case NODE_BINARY:
		pretty_binary(&n->binary, level, out);
		break;
	case NODE_AGGREGATE:
		if (n->aggregate.param)
			args[nargs++] = n->aggregate.param;
		args[nargs++] = n->aggregate.expr;
		indent(level, out);
		put_aggregate_head(&n->aggregate, out);
		pretty_args(args, nargs, level, out);
		break;
	case NODE_CALL:
		indent(level, out);
		buf_puts(out, n->call.fn->name);
		pretty_args(n->call.args, n->call.nargs, level, out);
		break;
	case NODE_PAREN:
		args[0] = n->paren;
		indent(level, out);
		pretty_args(args, 1, level, out);
		break;
	case NODE_SUBQUERY:
		pretty(n->subquery.expr, level, out);
		put_subquery_suffix(&n->subquery, out);
		break;
	default:
		indent(level, out);
		print_expr(n, out);
	}
}

/* A sign stands right before what it is of, which is indented already. */
static void pretty_unary(const struct node *n, unsigned level, struct buf *out)
{
	struct buf inner;
	size_t skip = 0;

	buf_init(&inner, out->limit);
	pretty(n->unary.expr, level, &inner);
	while (skip < inner.n && inner.p[skip] == ' ')
		skip++;
	indent(level, out);
	buf_putc(out, n->unary.minus ? '-' : '+');
	buf_put(out, inner.p + skip, inner.n - skip);
	if (inner.failed != ERR_NONE)
		out->failed = inner.failed;
	buf_release(&inner);
}

static void pretty(const struct node *n, unsigned level, struct buf *out)
{
	if (n->kind == NODE_UNARY) {
		pretty_unary(n, level, out);
	} else if (is_long(n)) {
		pretty_long(n, level, out);
	} else {
		indent(level, out);
		print_expr(n, out);
	}
}

void print_pretty(const struct node *n, struct buf *out)
{
	pretty(n, 0, out);
}
