/*
 * parse.c - tokens to a tree, by recursive descent and precedence.
 *
 *     or  <  and unless  <  comparisons  <  + -  <  * / % atan2, unary + -  <  ^  <  offset @ [ ]
 *
 * Chains of one precedence are read in a loop; what nests is counted, so that no text can use up
 * the stack. Every node knows how deep its tree is for the same reason: evaluation descends it.
 */
#include "base/text.h"
#include "query/parse.h"

#include "base/duration.h"
#include "query/check.h"
#include "query/features.h"
#include "query/functions.h"
#include "query/lex.h"
#include "query/print.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

struct parser {
	struct lexer lex;
	struct token now;
	struct arena *a;
	struct expr *x;
	struct err *e;
	unsigned features;
	unsigned depth;   /* of the recursion */
	bool in_range;    /* between brackets, for messages */
	bool labels_only; /* in info()'s second argument and match[], which may select everything */
	bool series;      /* a series as text */
	size_t nodes;
};

/* --- complaints ------------------------------------------------------------------------------ */

void place_of(struct slice text, uint32_t at, unsigned *line, unsigned *column)
{
	*line = 1;
	*column = 1;
	for (uint32_t i = 0; i < at && i < text.n; i++) {
		if (text.p[i] == '\n') {
			(*line)++;
			*column = 1;
		} else {
			(*column)++;
		}
	}
}

int parse_error(struct slice text, uint32_t at, struct err *e, const char *fmt, ...)
{
	unsigned line, column;
	char what[240];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	place_of(text, at, &line, &column);
	return err_set(e, ERR_INVALID, "%u:%u: parse error: %s", line, column, what);
}

#define fault_at(p, at, ...) parse_error((p)->lex.text, (at), (p)->e, __VA_ARGS__)

static int no_memory(struct parser *p)
{
	return err_set(p->e, ERR_LIMIT, "query needs more than %zu MiB of memory",
		       p->a->limit >> 20);
}

/* What stands here cannot; `where` and `wanted` may be NULL. */
static int unexpected(struct parser *p, const char *where, const char *wanted)
{
	char what[120];

	if (p->now.kind == TOKEN_ERROR)
		return fault_at(p, p->now.at.from, "%s", p->lex.error);
	token_describe(&p->now, what, sizeof(what));
	return fault_at(p, p->now.at.from, "unexpected %s%s%s%s%s", what, where ? " in " : "",
			where ? where : "", wanted ? ", expected " : "", wanted ? wanted : "");
}

/* --- tokens -------------------------------------------------------------------------------------
 */

static void advance(struct parser *p)
{
	lex_next(&p->lex, &p->now);
}

static bool at_kind(const struct parser *p, enum token_kind kind)
{
	return p->now.kind == kind;
}

static bool at_word(const struct parser *p, enum word word)
{
	return p->now.kind == TOKEN_WORD && p->now.word == word;
}

static bool take(struct parser *p, enum token_kind kind)
{
	if (!at_kind(p, kind))
		return false;
	advance(p);
	return true;
}

static int want(struct parser *p, enum token_kind kind, const char *where, const char *wanted)
{
	return take(p, kind) ? 0 : unexpected(p, where, wanted);
}

/* The token after the present one. */
static struct token look_ahead(const struct parser *p)
{
	struct lexer x = p->lex;
	struct token t;

	lex_next(&x, &t);
	return t;
}

static bool at_sign(const struct parser *p)
{
	return at_kind(p, TOKEN_OPERATOR) && (p->now.op == OP_ADD || p->now.op == OP_SUB);
}

static int enter(struct parser *p)
{
	if (++p->depth > QUERY_DEPTH_MAX)
		return fault_at(p, p->now.at.from, "expression nests deeper than %d",
				QUERY_DEPTH_MAX);
	return 0;
}

static struct node *new_node(struct parser *p, enum node_kind kind, struct span at)
{
	struct node *n;

	if (++p->nodes > QUERY_NODES_MAX) {
		fault_at(p, at.from, "expression has more than %d parts", QUERY_NODES_MAX);
		return NULL;
	}
	n = arena_new(p->a, struct node);
	if (!n) {
		no_memory(p);
		return NULL;
	}
	n->kind = kind;
	n->at = at;
	n->depth = 1;
	return n;
}

/* `n` gets `child`, NULL counts nothing. */
static int over(struct parser *p, struct node *n, const struct node *child)
{
	if (child && child->depth >= n->depth)
		n->depth = (uint16_t)(child->depth + 1);
	if (n->depth > QUERY_DEPTH_MAX)
		return fault_at(p, n->at.from, "expression nests deeper than %d", QUERY_DEPTH_MAX);
	return 0;
}

/* --- numbers and durations ----------------------------------------------------------------------
 */

static struct node *parse_expr(struct parser *p, unsigned above);

static int number_value(struct parser *p, double *v, bool *duration)
{
	struct err why = { 0 };
	int64_t ms;

	*duration = at_kind(p, TOKEN_DURATION);
	if (*duration) {
		if (duration_parse(p->now.text, &ms, &why) < 0)
			return why.code == ERR_LIMIT
				       ? fault_at(p, p->now.at.from, "duration out of range")
				       : fault_at(p, p->now.at.from,
						  "not a valid duration string: \"%.*s\"",
						  SLICE_FMT(slice_cut(p->now.text, 80)));
		*v = (double)ms / 1000;
	} else if (number_parse(p->now.text, v, &why) < 0) {
		return fault_at(p, p->now.at.from, "%s", why.text);
	}
	advance(p);
	return 0;
}

static bool at_number(const struct parser *p)
{
	return at_kind(p, TOKEN_NUMBER) || at_kind(p, TOKEN_DURATION) || at_word(p, WORD_NUMBER);
}

static struct node *parse_number(struct parser *p)
{
	struct node *n = new_node(p, NODE_NUMBER, p->now.at);

	return n && number_value(p, &n->number.value, &n->number.duration) == 0 ? n : NULL;
}

static struct node *fold_sign(struct parser *p, bool minus, struct node *child, uint32_t from)
{
	struct node *n;

	if (child->kind == NODE_NUMBER) {
		if (minus)
			child->number.value = -child->number.value;
		child->at.from = from;
		return child;
	}
	n = new_node(p, NODE_UNARY, (struct span){ from, child->at.to });
	if (!n)
		return NULL;
	n->unary.minus = minus;
	n->unary.expr = child;
	return over(p, n, child) < 0 ? NULL : n;
}

static struct node *new_binary(struct parser *p, enum binary_op op, struct node *lhs,
			       struct node *rhs)
{
	struct node *n = new_node(p, NODE_BINARY, (struct span){ lhs->at.from, rhs->at.to });

	if (!n)
		return NULL;
	n->binary.op = op;
	n->binary.lhs = lhs;
	n->binary.rhs = rhs;
	return over(p, n, lhs) < 0 || over(p, n, rhs) < 0 ? NULL : n;
}

static unsigned precedence(enum binary_op op)
{
	switch (op) {
	case OP_OR:
		return 1;
	case OP_AND:
	case OP_UNLESS:
		return 2;
	case OP_ADD:
	case OP_SUB:
		return 4;
	case OP_MUL:
	case OP_DIV:
	case OP_MOD:
	case OP_ATAN2:
		return 5;
	case OP_POW:
		return 6;
	default:
		return 3;
	}
}

enum { ABOVE_UNARY = 5 };

/* --- duration expressions
 * -------------------------------------------------------------------------- */

static struct node *parse_duration_expr(struct parser *p, unsigned above);

/* Keywords here: case does not count. */
static const char *duration_function(enum word word)
{
	switch (word) {
	case WORD_STEP:
		return "step";
	case WORD_RANGE:
		return "range";
	case WORD_MIN_OF:
		return "min_of";
	default:
		return "max_of";
	}
}

/* step(), range(), min_of(a, b), max_of(a, b). */
static struct node *parse_duration_call(struct parser *p)
{
	struct node *n = new_node(p, NODE_CALL, p->now.at);
	enum word word = p->now.word;

	if (!n)
		return NULL;
	n->call.fn = function_find(slice_str(duration_function(word)));
	n->call.args = arena_array(p->a, 2, sizeof(*n->call.args));
	if (!n->call.args) {
		no_memory(p);
		return NULL;
	}
	advance(p);
	if (want(p, TOKEN_LEFT_PAREN, "duration expression", "\"(\"") < 0)
		return NULL;
	if (word == WORD_MIN_OF || word == WORD_MAX_OF) {
		for (size_t i = 0; i < 2; i++) {
			if (i == 1 && want(p, TOKEN_COMMA, "duration expression", "\",\"") < 0)
				return NULL;
			n->call.args[n->call.nargs] = parse_duration_expr(p, 0);
			if (!n->call.args[n->call.nargs] ||
			    over(p, n, n->call.args[n->call.nargs]) < 0)
				return NULL;
			n->call.nargs++;
		}
	}
	n->at.to = p->now.at.to;
	return want(p, TOKEN_RIGHT_PAREN, "duration expression", "\")\"") < 0 ? NULL : n;
}

static struct node *parse_duration_paren(struct parser *p)
{
	struct node *n = new_node(p, NODE_PAREN, p->now.at);

	if (!n || enter(p) < 0)
		return NULL;
	advance(p);
	n->paren = parse_duration_expr(p, 0);
	if (!n->paren || over(p, n, n->paren) < 0)
		return NULL;
	n->at.to = p->now.at.to;
	p->depth--;
	return want(p, TOKEN_RIGHT_PAREN, "duration expression", "\")\"") < 0 ? NULL : n;
}

static const char duration_starts[] = "number, duration, step(), or range()";

static struct node *parse_duration_atom(struct parser *p)
{
	if (at_number(p))
		return parse_number(p);
	if (at_kind(p, TOKEN_LEFT_PAREN))
		return parse_duration_paren(p);
	if (at_word(p, WORD_STEP) || at_word(p, WORD_RANGE) || at_word(p, WORD_MIN_OF) ||
	    at_word(p, WORD_MAX_OF))
		return parse_duration_call(p);
	unexpected(p, p->in_range ? "subquery or range selector" : "offset", duration_starts);
	return NULL;
}

static struct node *parse_duration_unary(struct parser *p)
{
	uint32_t from = p->now.at.from;
	bool minus = p->now.op == OP_SUB;
	struct node *child;

	if (!at_sign(p))
		return parse_duration_atom(p);
	if (enter(p) < 0)
		return NULL;
	advance(p);
	child = parse_duration_expr(p, ABOVE_UNARY);
	p->depth--;
	return child ? fold_sign(p, minus, child, from) : NULL;
}

static struct node *parse_duration_expr(struct parser *p, unsigned above)
{
	struct node *lhs = parse_duration_unary(p);

	while (lhs && at_kind(p, TOKEN_OPERATOR) && p->now.op <= OP_POW &&
	       precedence(p->now.op) > above) {
		enum binary_op op = p->now.op;
		struct node *rhs;

		if (enter(p) < 0)
			return NULL;
		advance(p);
		rhs = parse_duration_expr(p, precedence(op) - (op == OP_POW));
		p->depth--;
		lhs = rhs ? new_binary(p, op, lhs, rhs) : NULL;
	}
	return lhs;
}

static int seconds_to_ms(struct parser *p, const struct node *n, int64_t *ms)
{
	double v = n->number.value * 1000;

	if (!(fabs(v) < 9.2e18 / 1e6)) /* as Go's durations: nanoseconds in 63 bits */
		return fault_at(p, n->at.from, "duration out of range");
	*ms = (int64_t)round(v);
	return 0;
}

/* A range or step: written out, or left to plan. */
static int parse_range(struct parser *p, int64_t *ms, struct node **later)
{
	struct node *n;

	p->in_range = true;
	n = parse_duration_expr(p, 0);
	p->in_range = false;
	if (!n)
		return -1;
	if (n->kind != NODE_NUMBER) {
		*later = n;
		return 0;
	}
	if (seconds_to_ms(p, n, ms) < 0)
		return -1;
	if (*ms <= 0)
		return fault_at(p, n->at.from, "duration must be greater than 0");
	return 0;
}

/* --- selectors
 * ------------------------------------------------------------------------------------------ */

static struct regex *new_regex(struct parser *p, struct slice pattern, uint32_t at)
{
	struct expr *x = p->x;
	struct err why = { 0 };
	struct regex *re;

	if (x->nregexes == x->regex_room) {
		struct regex **more = arena_grow(p->a, x->regexes, x->nregexes, &x->regex_room,
						 x->nregexes + 1, sizeof(*more));

		if (!more) {
			no_memory(p);
			return NULL;
		}
		x->regexes = more;
	}
	re = regex_new(pattern, &why);
	if (!re) {
		if (why.code == ERR_MEMORY)
			*p->e = why;
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
	struct matcher *more;

	if (to->n == to->room) {
		more = arena_grow(p->a, to->m, to->n, &to->room, to->n + 1, sizeof(*more));
		if (!more)
			return no_memory(p);
		to->m = more;
	}
	to->m[to->n] = (struct matcher){ .op = op, .name = name, .value = value };
	if (op == MATCH_RE || op == MATCH_NRE) {
		to->m[to->n].re = new_regex(p, value, at);
		if (!to->m[to->n].re)
			return -1;
	}
	to->n++;
	return 0;
}

/* A string as an expression may be any bytes, names and values of labels are texts. */
static int unquote_bytes(struct parser *p, struct slice *out)
{
	struct err why = { 0 };

	if (string_unquote(p->now.text, p->a, out, &why) < 0)
		return why.code == ERR_LIMIT ? no_memory(p)
					     : fault_at(p, p->now.at.from, "%s", why.text);
	advance(p);
	return 0;
}

static int unquote(struct parser *p, struct slice *out)
{
	uint32_t at = p->now.at.from;

	if (unquote_bytes(p, out) < 0)
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
		return unexpected(p, "label matching", "label matching operator");
	advance(p);
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
		if (unquote(p, &name) < 0)
			return -1;
		if (at_kind(p, TOKEN_COMMA) || at_kind(p, TOKEN_RIGHT_BRACE)) {
			if (metric->n)
				return name_twice(p, *metric, name, at);
			*metric = name;
			return 0;
		}
	} else if (at_kind(p, TOKEN_WORD)) {
		name = p->now.text;
		advance(p);
	} else {
		return unexpected(p, "label matching", "identifier or \"}\"");
	}
	if (match_op(p, &op) < 0)
		return -1;
	if (!at_kind(p, TOKEN_STRING))
		return unexpected(p, "label matching", "string");
	if (unquote(p, &value) < 0)
		return -1;
	return add_matcher(p, to, op, name, value, at);
}

static bool matches_something(const struct matcher *m)
{
	return !matcher_holds(m, slice_of("", 0));
}

static int finish_selector(struct parser *p, struct node *n, struct matchers *m, bool written)
{
	const struct slice name = slice_str(LABEL_NAME);
	bool any = false;

	for (size_t i = 0; i < m->n && n->selector.name.n; i++)
		if (slice_eq(m->m[i].name, name) && written)
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

/* `name` {…}; either may be missing, not both. */
static struct node *parse_selector_node(struct parser *p)
{
	struct node *n = new_node(p, NODE_SELECTOR, p->now.at);
	struct matchers m = { 0 };
	struct slice metric = { 0 };

	if (!n)
		return NULL;
	if (!at_kind(p, TOKEN_LEFT_BRACE)) {
		metric = p->now.text;
		advance(p);
	}
	n->selector.name = metric;
	if (at_kind(p, TOKEN_LEFT_BRACE)) {
		advance(p);
		while (!at_kind(p, TOKEN_RIGHT_BRACE)) {
			if (parse_matcher(p, &m, &metric) < 0)
				return NULL;
			if (at_kind(p, TOKEN_RIGHT_BRACE))
				break;
			if (want(p, TOKEN_COMMA, "label matching", "\",\" or \"}\"") < 0)
				return NULL;
		}
		n->at.to = p->now.at.to;
		advance(p);
	}
	n->selector.name = metric;
	return finish_selector(p, n, &m, true) < 0 ? NULL : n;
}

/* --- lists of labels
 * ------------------------------------------------------------------------------------ */

struct names {
	struct slice *s;
	size_t n, room;
};

static int add_name(struct parser *p, struct names *to, struct slice name)
{
	if (to->n == to->room) {
		struct slice *more =
			arena_grow(p->a, to->s, to->n, &to->room, to->n + 1, sizeof(*more));

		if (!more)
			return no_memory(p);
		to->s = more;
	}
	to->s[to->n++] = name;
	return 0;
}

static int parse_name(struct parser *p, struct names *to)
{
	struct slice name;

	if (at_kind(p, TOKEN_STRING)) {
		if (unquote(p, &name) < 0)
			return -1;
		return add_name(p, to, name);
	}
	if (!at_kind(p, TOKEN_WORD))
		return unexpected(p, "grouping opts", "label");
	name = p->now.text;
	advance(p);
	return add_name(p, to, name);
}

static int parse_names(struct parser *p, struct names *to)
{
	if (want(p, TOKEN_LEFT_PAREN, "grouping opts", "\"(\"") < 0)
		return -1;
	while (!at_kind(p, TOKEN_RIGHT_PAREN)) {
		if (parse_name(p, to) < 0)
			return -1;
		if (at_kind(p, TOKEN_RIGHT_PAREN))
			break;
		if (want(p, TOKEN_COMMA, "grouping opts", "\",\" or \")\"") < 0)
			return -1;
	}
	advance(p);
	return 0;
}

/* --- calls and aggregates
 * ---------------------------------------------------------------------------------- */

struct args {
	struct node **a;
	size_t n, room;
};

/* ( expr , … ); *end is where it closes. */
static int parse_args(struct parser *p, bool info, struct args *to, uint32_t *end)
{
	bool outer = p->labels_only;
	uint32_t comma;

	if (want(p, TOKEN_LEFT_PAREN, NULL, NULL) < 0 || enter(p) < 0)
		return -1;
	while (!at_kind(p, TOKEN_RIGHT_PAREN)) {
		struct node *arg;

		p->labels_only = info && to->n > 0;
		arg = parse_expr(p, 0);
		if (!arg)
			return -1;
		if (to->n == to->room) {
			struct node **more =
				arena_grow(p->a, to->a, to->n, &to->room, to->n + 1, sizeof(*more));

			if (!more)
				return no_memory(p);
			to->a = more;
		}
		to->a[to->n++] = arg;
		if (at_kind(p, TOKEN_RIGHT_PAREN))
			break;
		comma = p->now.at.from;
		if (want(p, TOKEN_COMMA, NULL, NULL) < 0)
			return -1;
		if (at_kind(p, TOKEN_RIGHT_PAREN)) {
			fault_at(p, comma, "trailing commas not allowed in function call args");
			return -1;
		}
	}
	p->depth--;
	p->labels_only = outer;
	*end = p->now.at.to;
	advance(p);
	return 0;
}

static struct node *parse_call(struct parser *p)
{
	struct node *n = new_node(p, NODE_CALL, p->now.at);
	struct slice name = p->now.text;
	struct args args = { 0 };

	if (!n)
		return NULL;
	n->call.fn = function_find(name);
	if (!n->call.fn) {
		fault_at(p, n->at.from, "unknown function with name \"%.*s\"",
			 SLICE_FMT(slice_cut(name, 80)));
		return NULL;
	}
	if ((n->call.fn->flags & FN_EXPERIMENTAL) &&
	    !(p->features & FEATURE_EXPERIMENTAL_FUNCTIONS)) {
		fault_at(p, n->at.from, "function \"%.*s\" is not enabled", SLICE_FMT(name));
		return NULL;
	}
	advance(p);
	if (parse_args(p, slice_is(name, "info"), &args, &n->at.to) < 0)
		return NULL;
	n->call.args = args.a;
	n->call.nargs = args.n;
	for (size_t i = 0; i < args.n; i++)
		if (over(p, n, args.a[i]) < 0)
			return NULL;
	return n;
}

static bool takes_param(enum aggregate_op op)
{
	return op == AGG_TOPK || op == AGG_BOTTOMK || op == AGG_COUNT_VALUES ||
	       op == AGG_QUANTILE || op == AGG_LIMITK || op == AGG_LIMIT_RATIO;
}

static int aggregate_args(struct parser *p, struct node *n, const struct args *args)
{
	size_t wanted = takes_param(n->aggregate.op) ? 2 : 1;

	if (args->n == 0)
		return fault_at(p, n->at.from, "no arguments for aggregate expression provided");
	if (args->n != wanted)
		return fault_at(p, n->at.from,
				"wrong number of arguments for aggregate expression provided, "
				"expected %zu, got %zu",
				wanted, args->n);
	if (wanted == 2)
		n->aggregate.param = args->a[0];
	n->aggregate.expr = args->a[wanted - 1];
	return over(p, n, n->aggregate.param) < 0 ? -1 : over(p, n, n->aggregate.expr);
}

static int parse_grouping(struct parser *p, struct node *n, uint32_t *end)
{
	struct names names = { 0 };

	n->aggregate.without = at_word(p, WORD_WITHOUT);
	advance(p);
	if (parse_names(p, &names) < 0)
		return -1;
	n->aggregate.labels = names.s;
	n->aggregate.nlabels = names.n;
	*end = p->lex.at; /* refined by the caller when arguments follow */
	return 0;
}

static struct node *parse_aggregate(struct parser *p)
{
	struct node *n = new_node(p, NODE_AGGREGATE, p->now.at);
	struct args args = { 0 };
	bool grouped = false;
	uint32_t ignored, last;

	if (!n)
		return NULL;
	n->aggregate.op = p->now.aggregate;
	if (n->aggregate.op >= AGG_LIMITK && !(p->features & FEATURE_EXPERIMENTAL_FUNCTIONS)) {
		fault_at(p, n->at.from,
			 "%s() is experimental and must be enabled with "
			 "--enable-feature=promql-experimental-functions",
			 aggregate_name(n->aggregate.op));
		return NULL;
	}
	advance(p);
	if (at_word(p, WORD_BY) || at_word(p, WORD_WITHOUT)) {
		grouped = true;
		if (parse_grouping(p, n, &ignored) < 0)
			return NULL;
	}
	if (!at_kind(p, TOKEN_LEFT_PAREN)) {
		unexpected(p, "aggregation", NULL);
		return NULL;
	}
	if (parse_args(p, false, &args, &n->at.to) < 0)
		return NULL;
	if (!grouped && (at_word(p, WORD_BY) || at_word(p, WORD_WITHOUT))) {
		struct lexer before = p->lex;

		if (parse_grouping(p, n, &ignored) < 0)
			return NULL;
		/* the closing parenthesis is the last one before what stands there now */
		for (last = before.at; last < p->now.at.from; last++)
			if (p->lex.text.p[last] == ')')
				n->at.to = last + 1;
	}
	return aggregate_args(p, n, &args) < 0 ? NULL : n;
}

/* --- what stands behind: [range], [range:step], offset, @
 * ------------------------------------------------------ */

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
	struct node *n = new_node(p, NODE_SUBQUERY, inner->at);

	if (!n)
		return NULL;
	n->subquery.expr = inner;
	n->subquery.range_ms = range_ms;
	n->subquery.range = range;
	advance(p); /* the colon */
	if (!at_kind(p, TOKEN_RIGHT_BRACKET) &&
	    parse_range(p, &n->subquery.step_ms, &n->subquery.step) < 0)
		return NULL;
	n->at.to = p->now.at.to;
	if (want(p, TOKEN_RIGHT_BRACKET, "subquery selector", "\"]\"") < 0)
		return NULL;
	return over(p, n, inner) < 0 ? NULL : n;
}

static struct node *parse_brackets(struct parser *p, struct node *inner)
{
	uint32_t bracket = p->now.at.from;
	uint32_t at = inner->at.from;
	struct node *range = NULL, *n;
	int64_t range_ms = 0;

	advance(p);
	if (parse_range(p, &range_ms, &range) < 0)
		return NULL;
	if (at_kind(p, TOKEN_COLON))
		return parse_subquery(p, inner, range_ms, range);
	if (!at_kind(p, TOKEN_RIGHT_BRACKET)) {
		unexpected(p, "subquery or range selector", "\"]\" or \":\"");
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
	n = new_node(p, NODE_MATRIX, (struct span){ at, p->now.at.to });
	if (!n)
		return NULL;
	advance(p);
	n->matrix.selector = inner;
	n->matrix.range_ms = range_ms;
	n->matrix.range = range;
	return over(p, n, inner) < 0 ? NULL : n;
}

/* An offset takes one number, call or parenthesis, with signs before it. */
static struct node *parse_offset_expr(struct parser *p)
{
	uint32_t from = p->now.at.from;
	bool minus = p->now.op == OP_SUB;
	struct node *n;

	if (!at_sign(p))
		return parse_duration_atom(p);
	if (enter(p) < 0)
		return NULL;
	advance(p);
	n = parse_offset_expr(p);
	p->depth--;
	return n ? fold_sign(p, minus, n, from) : NULL;
}

static int parse_offset(struct parser *p, struct node *n)
{
	struct shift *shift = shift_of(n);
	uint32_t at = n->at.from;
	struct node *by;

	advance(p);
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
		return seconds_to_ms(p, by, &shift->offset_ms);
	shift->offset = by;
	return 0;
}

static int parse_at_time(struct parser *p, struct shift *shift)
{
	bool minus = false, duration;
	uint32_t at = p->now.at.from;
	double v = 0;

	if (at_word(p, WORD_START) || at_word(p, WORD_END)) {
		shift->at = at_word(p, WORD_START) ? AT_START : AT_END;
		advance(p);
		if (want(p, TOKEN_LEFT_PAREN, "@", "timestamp") < 0)
			return -1;
		return want(p, TOKEN_RIGHT_PAREN, "@", "timestamp");
	}
	while (at_sign(p)) {
		minus ^= p->now.op == OP_SUB;
		advance(p);
	}
	if (!at_number(p))
		return unexpected(p, "@", "timestamp");
	if (number_value(p, &v, &duration) < 0)
		return -1;
	if (minus)
		v = -v;
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

	advance(p);
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
	n->at.to = p->now.at.to;
	if (parse_at_time(p, shift) < 0)
		return -1;
	/* up to the last character before what comes now that is no blank */
	for (uint32_t i = n->at.to; i < p->now.at.from; i++)
		if (!strchr(" \t\r\n", p->lex.text.p[i]))
			n->at.to = i + 1;
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
	advance(p);
	return 0;
}

static struct node *parse_suffixes(struct parser *p, struct node *n)
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

/* --- operands
 * --------------------------------------------------------------------------------------------------------
 */

static struct node *parse_paren(struct parser *p)
{
	struct node *n = new_node(p, NODE_PAREN, p->now.at);

	if (!n || enter(p) < 0)
		return NULL;
	advance(p);
	n->paren = parse_expr(p, 0);
	if (!n->paren || over(p, n, n->paren) < 0)
		return NULL;
	p->depth--;
	n->at.to = p->now.at.to;
	return want(p, TOKEN_RIGHT_PAREN, NULL, NULL) < 0 ? NULL : n;
}

static struct node *parse_string(struct parser *p)
{
	struct node *n = new_node(p, NODE_STRING, p->now.at);

	return n && unquote_bytes(p, &n->string) == 0 ? n : NULL;
}

static struct node *parse_word(struct parser *p)
{
	struct token next = look_ahead(p);
	bool call = next.kind == TOKEN_LEFT_PAREN;

	switch (p->now.word) {
	case WORD_NUMBER:
		return parse_number(p);
	case WORD_ATAN2: /* these are no metric's names but in braces */
	case WORD_ON:
	case WORD_IGNORING:
	case WORD_GROUP_LEFT:
	case WORD_GROUP_RIGHT:
	case WORD_BOOL:
		unexpected(p, NULL, NULL);
		return NULL;
	case WORD_AGGREGATE:
		if (call || (next.kind == TOKEN_WORD &&
			     (next.word == WORD_BY || next.word == WORD_WITHOUT)))
			return parse_aggregate(p);
		return parse_selector_node(p);
	case WORD_AND:
	case WORD_OR:
	case WORD_UNLESS:
	case WORD_BY:
	case WORD_WITHOUT:
	case WORD_OFFSET:
	case WORD_ANCHORED:
	case WORD_SMOOTHED:
	case WORD_FILL:
	case WORD_FILL_LEFT:
	case WORD_FILL_RIGHT:
		if (call && p->now.word != WORD_BY && p->now.word != WORD_OFFSET) {
			unexpected(p, NULL, NULL);
			return NULL;
		}
		return parse_selector_node(p);
	default:
		return call ? parse_call(p) : parse_selector_node(p);
	}
}

static struct node *parse_operand(struct parser *p)
{
	switch (p->now.kind) {
	case TOKEN_NUMBER:
	case TOKEN_DURATION:
		return parse_number(p);
	case TOKEN_STRING:
		return parse_string(p);
	case TOKEN_LEFT_PAREN:
		return parse_paren(p);
	case TOKEN_LEFT_BRACE:
	case TOKEN_METRIC:
		return parse_selector_node(p);
	case TOKEN_WORD:
		return parse_word(p);
	default:
		unexpected(p, NULL, NULL);
		return NULL;
	}
}

static struct node *parse_unary(struct parser *p)
{
	uint32_t from = p->now.at.from;
	bool minus = p->now.op == OP_SUB;
	struct node *child;

	if (!at_sign(p))
		return parse_suffixes(p, parse_operand(p));
	if (enter(p) < 0)
		return NULL;
	advance(p);
	child = parse_expr(p, ABOVE_UNARY);
	p->depth--;
	return child ? fold_sign(p, minus, child, from) : NULL;
}

/* --- binary operations
 * ---------------------------------------------------------------------------------------------------
 */

static bool at_binary(const struct parser *p, enum binary_op *op)
{
	if (at_kind(p, TOKEN_OPERATOR) || at_word(p, WORD_AND) || at_word(p, WORD_OR) ||
	    at_word(p, WORD_UNLESS) || at_word(p, WORD_ATAN2)) {
		*op = p->now.op;
		return true;
	}
	return false;
}

static int parse_group(struct parser *p, struct matching *m)
{
	struct names names = { 0 };

	m->card = at_word(p, WORD_GROUP_LEFT) ? MANY_TO_ONE : ONE_TO_MANY;
	advance(p);
	if (at_kind(p, TOKEN_LEFT_PAREN) && parse_names(p, &names) < 0)
		return -1;
	m->include = names.s;
	m->ninclude = names.n;
	return 0;
}

static int parse_fill_value(struct parser *p, double *v)
{
	bool minus = false, duration;

	if (want(p, TOKEN_LEFT_PAREN, "fill", "\"(\"") < 0)
		return -1;
	while (at_sign(p)) {
		minus ^= p->now.op == OP_SUB;
		advance(p);
	}
	if (!at_number(p))
		return unexpected(p, "fill", "number");
	if (number_value(p, v, &duration) < 0)
		return -1;
	if (minus)
		*v = -*v;
	return want(p, TOKEN_RIGHT_PAREN, "fill", "\")\"");
}

static int parse_fill(struct parser *p, struct matching *m)
{
	enum word word = p->now.word;
	double v = 0;

	if (!(p->features & FEATURE_FILL))
		return fault_at(p, p->now.at.from,
				"binop fill modifiers are experimental and not enabled");
	advance(p);
	if (parse_fill_value(p, &v) < 0)
		return -1;
	if (word != WORD_FILL_RIGHT) {
		m->has_fill_left = true;
		m->fill_left = v;
	}
	if (word != WORD_FILL_LEFT) {
		m->has_fill_right = true;
		m->fill_right = v;
	}
	return 0;
}

static bool at_fill(const struct parser *p)
{
	return at_word(p, WORD_FILL) || at_word(p, WORD_FILL_LEFT) || at_word(p, WORD_FILL_RIGHT);
}

/* bool, on(…), ignoring(…), group_left(…), group_right(…), fill(…). */
static int parse_modifiers(struct parser *p, struct node_binary *b)
{
	struct matching *m = &b->matching;
	struct names names = { 0 };

	m->card = op_is_set(b->op) ? MANY_TO_MANY : ONE_TO_ONE;
	if (at_word(p, WORD_BOOL)) {
		b->bool_modifier = true;
		advance(p);
	}
	if (at_word(p, WORD_ON) || at_word(p, WORD_IGNORING)) {
		m->on = at_word(p, WORD_ON);
		m->written = true;
		advance(p);
		if (parse_names(p, &names) < 0)
			return -1;
		m->labels = names.s;
		m->nlabels = names.n;
		if ((at_word(p, WORD_GROUP_LEFT) || at_word(p, WORD_GROUP_RIGHT)) &&
		    parse_group(p, m) < 0)
			return -1;
	}
	while (at_fill(p) && look_ahead(p).kind == TOKEN_LEFT_PAREN)
		if (parse_fill(p, m) < 0)
			return -1;
	return 0;
}

static struct node *parse_binary(struct parser *p, enum binary_op op, struct node *lhs)
{
	struct node_binary b = { .op = op, .lhs = lhs };
	struct node *rhs, *n;

	if (enter(p) < 0)
		return NULL;
	advance(p);
	if (parse_modifiers(p, &b) < 0)
		return NULL;
	rhs = parse_expr(p, precedence(op) - (op == OP_POW));
	p->depth--;
	n = rhs ? new_binary(p, op, lhs, rhs) : NULL;
	if (n) {
		b.rhs = rhs;
		n->binary = b;
	}
	return n;
}

/* Operators that bind tighter than `above`. */
static struct node *parse_expr(struct parser *p, unsigned above)
{
	struct node *n = parse_unary(p);
	enum binary_op op;

	while (n && at_binary(p, &op) && precedence(op) > above)
		n = parse_binary(p, op, n);
	return n;
}

/* --- the whole
 * -------------------------------------------------------------------------------------------------------------
 */

static struct node *parse_only_selector(struct parser *p)
{
	if (at_kind(p, TOKEN_LEFT_BRACE) || at_kind(p, TOKEN_METRIC) ||
	    (at_kind(p, TOKEN_WORD) && (p->series || p->now.word != WORD_NUMBER)))
		return parse_selector_node(p);
	unexpected(p, NULL, NULL);
	return NULL;
}

static struct node *parse_only_expr(struct parser *p)
{
	if (!at_kind(p, TOKEN_EOF))
		return parse_expr(p, 0);
	fault_at(p, 0, "no expression found in input");
	return NULL;
}

static int parse_root(struct parser *p, struct slice text, size_t most)
{
	long bad;

	if (text.n > most)
		return err_set(p->e, ERR_LIMIT, "query of %zu bytes; at most %zu are taken", text.n,
			       most);
	lex_init(&p->lex, text);
	/* Here, so that no message quotes bytes that are no text. */
	bad = utf8_bad_at(text);
	if (bad >= 0)
		return fault_at(p, (uint32_t)bad, "text is not UTF-8");
	advance(p);
	p->x->root = p->labels_only ? parse_only_selector(p) : parse_only_expr(p);
	if (!p->x->root)
		return -1;
	if (!at_kind(p, TOKEN_EOF))
		return unexpected(p, NULL, NULL);
	return check(p->x->root, text, p->features, p->e);
}

/* What `p` is set up for; its tree goes to *out, its complaint to *e. */
static int parse_whole(struct parser *p, struct slice text, size_t most, struct expr *out,
		       struct err *e)
{
	struct err why = { 0 };

	*out = (struct expr){ .text = text };
	p->x = out;
	p->e = &why;
	if (parse_root(p, text, most) == 0)
		return 0;
	expr_release(out);
	if (e)
		*e = why;
	return -1;
}

int parse(struct slice text, unsigned features, struct arena *a, struct expr *out, struct err *e)
{
	struct parser p = { .a = a, .features = features };

	return parse_whole(&p, text, QUERY_TEXT_MAX_BYTES, out, e);
}

int parse_selector(struct slice text, struct arena *a, struct expr *out, struct err *e)
{
	struct parser p = { .a = a, .labels_only = true };

	return parse_whole(&p, text, QUERY_TEXT_MAX_BYTES, out, e);
}

static int series_labels(const struct node_selector *s, struct label out[LABELS_MAX], size_t *n,
			 struct err *e)
{
	bool named = false;

	if (s->nm > LABELS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d labels", LABELS_MAX);
	for (size_t i = 0; i < s->nm; i++) {
		if (s->m[i].op != MATCH_EQ)
			return err_set(e, ERR_INVALID, "a series has labels with = only");
		out[i] = (struct label){ s->m[i].name, s->m[i].value };
	}
	if (labels_normalize(out, s->nm, out, n, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		named |= slice_is(out[i].name, LABEL_NAME);
	return named ? 0 : err_set(e, ERR_INVALID, "a series without a metric name");
}

int parse_series(struct slice text, struct arena *a, struct label out[LABELS_MAX], size_t *n,
		 struct err *e)
{
	struct parser p = { .a = a, .labels_only = true, .series = true };
	struct expr x;
	int rc;

	if (parse_whole(&p, text, SERIES_TEXT_MAX_BYTES, &x, e) < 0)
		return -1;
	rc = series_labels(&x.root->selector, out, n, e);
	expr_release(&x);
	return rc;
}

void expr_release(struct expr *x)
{
	for (size_t i = 0; i < x->nregexes; i++)
		regex_free(x->regexes[i]);
	x->nregexes = 0;
	x->root = NULL;
}
