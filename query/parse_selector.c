/* parse_selector.c - see parse_private.h. */
#include "query/parse_private.h"

#include "base/text.h"
#include "query/features.h"

#include <math.h>
#include <stdio.h>

/* --- selectors -------------------------------------------------------------------------------- */

static struct regex *new_regex(struct parser *p, struct slice pattern, uint32_t at)
{
	struct expr *x = p->x;
	struct regex **list =
		parser_grow(p, x->regexes, x->nregexes, &x->regex_room, sizeof(*list));
	struct err why = { 0 };
	struct regex *re;

	if (!list)
		return NULL;
	x->regexes = list;
	re = regex_new(pattern, &why);
	if (!re) {
		if (why.code == ERR_MEMORY)
			p->why = why;
		else
			fault_at(p, at, "error parsing regexp: %s", why.text);
		return NULL;
	}
	x->regexes[x->nregexes++] = re;
	return re;
}

struct matchers {
	struct matcher *m;
	size_t n, room;
};

static int add_matcher(struct parser *p, struct matchers *to, enum matcher_op op, struct slice name,
		       struct slice value, uint32_t at)
{
	struct matcher *list = parser_grow(p, to->m, to->n, &to->room, sizeof(*list));

	if (!list)
		return -1;
	to->m = list;
	to->m[to->n] = (struct matcher){ .op = op, .name = name, .value = value };
	if (op == MATCH_RE || op == MATCH_NRE) {
		to->m[to->n].re = new_regex(p, value, at);
		if (!to->m[to->n].re)
			return -1;
	}
	to->n++;
	return 0;
}

int parse_bytes(struct parser *p, struct slice *out)
{
	struct err why = { 0 };

	if (string_unquote(p->now.text, p->a, out, &why) < 0)
		return why.code == ERR_LIMIT ? parser_no_memory(p)
					     : fault_at(p, p->now.at.from, "%s", why.text);
	parser_advance(p);
	return 0;
}

int parse_text(struct parser *p, struct slice *out)
{
	uint32_t at = p->now.at.from;

	if (parse_bytes(p, out) < 0)
		return -1;
	return utf8_bad_at(*out) < 0 ? 0 : fault_at(p, at, "text is not UTF-8");
}

static int match_op(struct parser *p, enum matcher_op *op)
{
	if (at_kind(p, TOKEN_EQ))
		*op = MATCH_EQ;
	else if (at_kind(p, TOKEN_EQ_REGEX))
		*op = MATCH_RE;
	else if (at_kind(p, TOKEN_NE_REGEX))
		*op = MATCH_NRE;
	else if (at_kind(p, TOKEN_OPERATOR) && p->now.op == OP_NE)
		*op = MATCH_NE;
	else
		return parser_unexpected(p, "label matching", "label matching operator");
	parser_advance(p);
	return 0;
}

static int name_twice(struct parser *p, struct slice a, struct slice b, uint32_t at)
{
	char x[80], y[80];

	quote(slice_cut(a, 60), x, sizeof(x));
	quote(slice_cut(b, 60), y, sizeof(y));
	return fault_at(p, at, "metric name must not be set twice: %s or %s", x, y);
}

/* One condition, or the metric name in quotes. */
static int parse_matcher(struct parser *p, struct matchers *to, struct slice *metric)
{
	struct slice name, value;
	enum matcher_op op = MATCH_EQ;
	bool quoted = at_kind(p, TOKEN_STRING);
	uint32_t at = p->now.at.from;

	if (quoted) {
		if (parse_text(p, &name) < 0)
			return -1;
		if (at_kind(p, TOKEN_COMMA) || at_kind(p, TOKEN_RIGHT_BRACE)) {
			if (metric->n)
				return name_twice(p, *metric, name, at);
			*metric = name;
			return 0;
		}
	} else if (at_kind(p, TOKEN_WORD)) {
		name = p->now.text;
		parser_advance(p);
	} else {
		return parser_unexpected(p, "label matching", "identifier or \"}\"");
	}
	if (match_op(p, &op) < 0)
		return -1;
	if (!at_kind(p, TOKEN_STRING))
		return parser_unexpected(p, "label matching", "string");
	if (parse_text(p, &value) < 0)
		return -1;
	return add_matcher(p, to, op, name, value, at);
}

static bool matches_something(const struct matcher *m)
{
	return !matcher_holds(m, slice_of("", 0));
}

static int finish_selector(struct parser *p, struct node *n, struct matchers *m)
{
	const struct slice name = slice_str(LABEL_NAME);
	bool any = false;

	for (size_t i = 0; i < m->n && n->selector.name.n; i++)
		if (slice_eq(m->m[i].name, name))
			return name_twice(p, n->selector.name, m->m[i].value, n->at.from);
	if (n->selector.name.n &&
	    add_matcher(p, m, MATCH_EQ, name, n->selector.name, n->at.from) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		any |= matches_something(&m->m[i]);
	if (!any && !p->labels_only)
		return fault_at(p, n->at.from,
				"vector selector must contain at least one non-empty matcher");
	n->selector.m = m->m;
	n->selector.nm = m->n;
	return 0;
}

struct node *parse_selector_node(struct parser *p)
{
	struct node *n = parser_node(p, NODE_SELECTOR, p->now.at);
	struct matchers m = { 0 };

	if (!n)
		return NULL;
	if (!at_kind(p, TOKEN_LEFT_BRACE)) {
		n->selector.name = p->now.text;
		parser_advance(p);
	}
	if (at_kind(p, TOKEN_LEFT_BRACE)) {
		parser_advance(p);
		while (!at_kind(p, TOKEN_RIGHT_BRACE)) {
			if (parse_matcher(p, &m, &n->selector.name) < 0)
				return NULL;
			if (at_kind(p, TOKEN_RIGHT_BRACE))
				break;
			if (parser_want(p, TOKEN_COMMA, "label matching", "\",\" or \"}\"") < 0)
				return NULL;
		}
		n->at.to = p->now.at.to;
		parser_advance(p);
	}
	return finish_selector(p, n, &m) < 0 ? NULL : n;
}

/* --- what stands behind ----------------------------------------------------------------------- */

static struct shift *shift_of(struct node *n)
{
	if (n->kind == NODE_SELECTOR)
		return &n->selector.shift;
	if (n->kind == NODE_MATRIX)
		return &n->matrix.selector->selector.shift;
	return n->kind == NODE_SUBQUERY ? &n->subquery.shift : NULL;
}

static struct node *parse_subquery(struct parser *p, struct node *inner, int64_t range_ms,
				   struct node *range)
{
	struct node *n = parser_node(p, NODE_SUBQUERY, inner->at);

	if (!n)
		return NULL;
	n->subquery.expr = inner;
	n->subquery.range_ms = range_ms;
	n->subquery.range = range;
	parser_advance(p); /* the colon */
	if (!at_kind(p, TOKEN_RIGHT_BRACKET) &&
	    parse_range(p, &n->subquery.step_ms, &n->subquery.step) < 0)
		return NULL;
	n->at.to = p->now.at.to;
	if (parser_want(p, TOKEN_RIGHT_BRACKET, "subquery selector", "\"]\"") < 0)
		return NULL;
	return parser_over(p, n, inner) < 0 ? NULL : n;
}

static struct node *parse_brackets(struct parser *p, struct node *inner)
{
	uint32_t bracket = p->now.at.from;
	uint32_t at = inner->at.from;
	struct node *range = NULL, *n;
	int64_t range_ms = 0;

	parser_advance(p);
	if (parse_range(p, &range_ms, &range) < 0)
		return NULL;
	if (at_kind(p, TOKEN_COLON))
		return parse_subquery(p, inner, range_ms, range);
	if (!at_kind(p, TOKEN_RIGHT_BRACKET)) {
		parser_unexpected(p, "subquery or range selector", "\"]\" or \":\"");
		return NULL;
	}
	if (inner->kind != NODE_SELECTOR) {
		fault_at(p, bracket, "ranges only allowed for vector selectors");
		return NULL;
	}
	if (inner->selector.shift.has_offset) {
		fault_at(p, bracket, "no offset modifiers allowed before range");
		return NULL;
	}
	if (inner->selector.shift.at != AT_NONE) {
		fault_at(p, bracket, "no @ modifiers allowed before range");
		return NULL;
	}
	n = parser_node(p, NODE_MATRIX, (struct span){ at, p->now.at.to });
	if (!n)
		return NULL;
	parser_advance(p);
	n->matrix.selector = inner;
	n->matrix.range_ms = range_ms;
	n->matrix.range = range;
	return parser_over(p, n, inner) < 0 ? NULL : n;
}

static int parse_offset(struct parser *p, struct node *n)
{
	struct shift *shift = shift_of(n);
	uint32_t at = n->at.from;
	struct node *by;

	parser_advance(p);
	by = parse_offset_expr(p);
	if (!by)
		return -1;
	if (!shift)
		return fault_at(p, at,
				"offset modifier must be preceded by an instant vector selector or "
				"range vector selector or a subquery");
	if (shift->has_offset)
		return fault_at(p, at, "offset may not be set multiple times");
	shift->has_offset = true;
	n->at.to = by->at.to;
	if (by->kind == NODE_NUMBER)
		return parser_seconds(p, by, &shift->offset_ms);
	shift->offset = by;
	return 0;
}

static int parse_at_time(struct parser *p, struct shift *shift)
{
	uint32_t at = p->now.at.from;
	double v;

	if (at_word(p, WORD_START) || at_word(p, WORD_END)) {
		shift->at = at_word(p, WORD_START) ? AT_START : AT_END;
		parser_advance(p);
		if (parser_want(p, TOKEN_LEFT_PAREN, "@", "timestamp") < 0)
			return -1;
		return parser_want(p, TOKEN_RIGHT_PAREN, "@", "timestamp");
	}
	if (parse_signed_value(p, "@", "timestamp", &v) < 0)
		return -1;
	if (isnan(v) || isinf(v) || fabs(v) >= 9.223372036854775807e18 / 1000)
		return fault_at(p, at, "timestamp out of bounds for @ modifier: %f", v);
	shift->at = AT_TIME;
	shift->at_ms = (int64_t)round(v * 1000);
	return 0;
}

static int parse_at(struct parser *p, struct node *n)
{
	struct shift *shift = shift_of(n), unused = { 0 };
	uint32_t at = n->at.from;

	parser_advance(p);
	if (!shift) {
		if (parse_at_time(p, &unused) < 0)
			return -1;
		return fault_at(
			p, at,
			"@ modifier must be preceded by an instant vector selector or range "
			"vector selector or a subquery");
	}
	if (shift->at != AT_NONE)
		return fault_at(p, at, "@ <timestamp> may not be set multiple times");
	if (parse_at_time(p, shift) < 0)
		return -1;
	n->at.to = p->behind;
	return 0;
}

static int parse_extended(struct parser *p, struct node *n)
{
	bool anchored = at_word(p, WORD_ANCHORED);
	const char *name = anchored ? "anchored" : "smoothed";
	struct node *selector = n->kind == NODE_MATRIX ? n->matrix.selector : n;

	if (!(p->features & FEATURE_EXTENDED_RANGES))
		return fault_at(p, p->now.at.from, "%s modifier is experimental and not enabled",
				name);
	if (selector->kind != NODE_SELECTOR || (anchored && n->kind != NODE_MATRIX))
		return fault_at(p, p->now.at.from, "%s modifier not implemented", name);
	if (selector->selector.kind != RANGE_PLAIN)
		return fault_at(p, p->now.at.from,
				"anchored and smoothed modifiers cannot be used together");
	selector->selector.kind = anchored ? RANGE_ANCHORED : RANGE_SMOOTHED;
	n->at.to = p->now.at.to;
	parser_advance(p);
	return 0;
}

struct node *parse_suffixes(struct parser *p, struct node *n)
{
	while (n) {
		if (at_kind(p, TOKEN_LEFT_BRACKET)) {
			n = parse_brackets(p, n);
		} else if (at_word(p, WORD_OFFSET)) {
			if (parse_offset(p, n) < 0)
				return NULL;
		} else if (at_kind(p, TOKEN_AT)) {
			if (parse_at(p, n) < 0)
				return NULL;
		} else if (at_word(p, WORD_ANCHORED) || at_word(p, WORD_SMOOTHED)) {
			if (parse_extended(p, n) < 0)
				return NULL;
		} else {
			break;
		}
	}
	return n;
}
