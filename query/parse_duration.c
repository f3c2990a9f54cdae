/* parse_duration.c - see parse_private.h. */
#include "query/parse_private.h"

#include "base/duration.h"
#include "query/functions.h"

#include <math.h>

/* --- numbers ---------------------------------------------------------------------------------- */

static int number_value(struct parser *p, double *v)
{
	struct err why = { 0 };
	int64_t ms;

	if (at_kind(p, TOKEN_DURATION)) {
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
	parser_advance(p);
	return 0;
}

struct node *parse_number(struct parser *p)
{
	struct node *n = parser_node(p, NODE_NUMBER, p->now.at);

	if (!n)
		return NULL;
	n->number.duration = at_kind(p, TOKEN_DURATION);
	return number_value(p, &n->number.value) == 0 ? n : NULL;
}

int parse_signed_value(struct parser *p, const char *where, const char *wanted, double *v)
{
	bool minus = false;

	while (at_sign(p)) {
		minus ^= p->now.op == OP_SUB;
		parser_advance(p);
	}
	if (!at_number(p))
		return parser_unexpected(p, where, wanted);
	if (number_value(p, v) < 0)
		return -1;
	if (minus)
		*v = -*v;
	return 0;
}

/* --- duration expressions --------------------------------------------------------------------- */

static struct node *parse_duration_expr(struct parser *p, unsigned above);

static struct node *parse_duration_whole(struct parser *p)
{
	return parse_duration_expr(p, 0);
}

static struct node *parse_duration_tight(struct parser *p)
{
	return parse_duration_expr(p, ABOVE_UNARY);
}

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

/* a, b of min_of() and max_of(). */
static int parse_duration_pair(struct parser *p, struct node *call)
{
	struct node **args = arena_array(p->a, 2, sizeof(*args));

	if (!args)
		return parser_no_memory(p);
	call->call.args = args;
	for (call->call.nargs = 0; call->call.nargs < 2; call->call.nargs++) {
		struct node **arg = &args[call->call.nargs];

		if (arg > args && parser_want(p, TOKEN_COMMA, "duration expression", "\",\"") < 0)
			return -1;
		*arg = parse_duration_whole(p);
		if (!*arg || parser_over(p, call, *arg) < 0)
			return -1;
	}
	return 0;
}

/* step(), range(), min_of(a, b), max_of(a, b). */
static struct node *parse_duration_call(struct parser *p)
{
	struct node *n = parser_node(p, NODE_CALL, p->now.at);
	enum word word = p->now.word;

	if (!n || parser_enter(p) < 0)
		return NULL;
	n->call.fn = function_find(slice_str(duration_function(word)));
	parser_advance(p);
	if (parser_want(p, TOKEN_LEFT_PAREN, "duration expression", "\"(\"") < 0)
		return NULL;
	if ((word == WORD_MIN_OF || word == WORD_MAX_OF) && parse_duration_pair(p, n) < 0)
		return NULL;
	p->depth--;
	n->at.to = p->now.at.to;
	return parser_want(p, TOKEN_RIGHT_PAREN, "duration expression", "\")\"") < 0 ? NULL : n;
}

static const char duration_starts[] = "number, duration, step(), or range()";

static struct node *parse_duration_atom(struct parser *p)
{
	if (at_number(p))
		return parse_number(p);
	if (at_kind(p, TOKEN_LEFT_PAREN))
		return parse_paren(p, parse_duration_whole, "duration expression");
	if (at_word(p, WORD_STEP) || at_word(p, WORD_RANGE) || at_word(p, WORD_MIN_OF) ||
	    at_word(p, WORD_MAX_OF))
		return parse_duration_call(p);
	parser_unexpected(p, p->in_range ? "subquery or range selector" : "offset",
			  duration_starts);
	return NULL;
}

static struct node *parse_duration_unary(struct parser *p)
{
	return at_sign(p) ? parse_sign(p, parse_duration_tight) : parse_duration_atom(p);
}

static struct node *parse_duration_expr(struct parser *p, unsigned above)
{
	struct node *lhs = parse_duration_unary(p);

	while (lhs && at_kind(p, TOKEN_OPERATOR) && p->now.op <= OP_POW &&
	       op_precedence(p->now.op) > above) {
		enum binary_op op = p->now.op;
		struct node *rhs;

		if (parser_enter(p) < 0)
			return NULL;
		parser_advance(p);
		rhs = parse_duration_expr(p, op_precedence(op) - (op == OP_POW));
		p->depth--;
		lhs = rhs ? parser_binary(p, op, lhs, rhs) : NULL;
	}
	return lhs;
}

int parser_seconds(struct parser *p, const struct node *n, int64_t *ms)
{
	double v = n->number.value * 1000;

	if (!(fabs(v) < 9.2e18 / 1e6)) /* as Go's durations: nanoseconds in 63 bits */
		return fault_at(p, n->at.from, "duration out of range");
	*ms = (int64_t)round(v);
	return 0;
}

int parse_range(struct parser *p, int64_t *ms, struct node **later)
{
	struct node *n;

	p->in_range = true;
	n = parse_duration_whole(p);
	p->in_range = false;
	if (!n)
		return -1;
	if (n->kind != NODE_NUMBER) {
		*later = n;
		return 0;
	}
	if (parser_seconds(p, n, ms) < 0)
		return -1;
	if (*ms <= 0)
		return fault_at(p, n->at.from, "duration must be greater than 0");
	return 0;
}

/* An offset takes one number, call or parenthesis, with signs before it. */
struct node *parse_offset_expr(struct parser *p)
{
	return at_sign(p) ? parse_sign(p, parse_offset_expr) : parse_duration_atom(p);
}
