/* parse_call.c - see parse_private.h. */
#include "query/parse_private.h"

#include "query/features.h"
#include "query/functions.h"
#include "query/print.h"

/* --- lists of labels -------------------------------------------------------------------------- */

static int add_name(struct parser *p, struct names *to, struct slice name)
{
	struct slice *list = parser_grow(p, to->s, to->n, &to->room, sizeof(*list));

	if (!list)
		return -1;
	to->s = list;
	to->s[to->n++] = name;
	return 0;
}

static int parse_name(struct parser *p, struct names *to)
{
	struct slice name;

	if (at_kind(p, TOKEN_STRING)) {
		if (parse_text(p, &name) < 0)
			return -1;
		return add_name(p, to, name);
	}
	if (!at_kind(p, TOKEN_WORD))
		return parser_unexpected(p, "grouping opts", "label");
	name = p->now.text;
	parser_advance(p);
	return add_name(p, to, name);
}

int parse_names(struct parser *p, struct names *to)
{
	if (parser_want(p, TOKEN_LEFT_PAREN, "grouping opts", "\"(\"") < 0)
		return -1;
	while (!at_kind(p, TOKEN_RIGHT_PAREN)) {
		if (parse_name(p, to) < 0)
			return -1;
		if (at_kind(p, TOKEN_RIGHT_PAREN))
			break;
		if (parser_want(p, TOKEN_COMMA, "grouping opts", "\",\" or \")\"") < 0)
			return -1;
	}
	parser_advance(p);
	return 0;
}

/* --- calls and aggregates --------------------------------------------------------------------- */

struct args {
	struct node **a;
	size_t n, room;
};

/* ( expr , … ); *end is where it closes. */
static int parse_args(struct parser *p, bool info, struct args *to, uint32_t *end)
{
	bool outer = p->labels_only;
	uint32_t comma;

	if (parser_want(p, TOKEN_LEFT_PAREN, NULL, NULL) < 0 || parser_enter(p) < 0)
		return -1;
	while (!at_kind(p, TOKEN_RIGHT_PAREN)) {
		struct node *arg, **list;

		p->labels_only = info && to->n > 0;
		arg = parse_expr(p, 0);
		if (!arg)
			return -1;
		list = parser_grow(p, to->a, to->n, &to->room, sizeof(*list));
		if (!list)
			return -1;
		to->a = list;
		to->a[to->n++] = arg;
		if (at_kind(p, TOKEN_RIGHT_PAREN))
			break;
		comma = p->now.at.from;
		if (parser_want(p, TOKEN_COMMA, NULL, NULL) < 0)
			return -1;
		if (at_kind(p, TOKEN_RIGHT_PAREN)) {
			fault_at(p, comma, "trailing commas not allowed in function call args");
			return -1;
		}
	}
	p->depth--;
	p->labels_only = outer;
	*end = p->now.at.to;
	parser_advance(p);
	return 0;
}

struct node *parse_call(struct parser *p)
{
	struct node *n = parser_node(p, NODE_CALL, p->now.at);
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
	parser_advance(p);
	if (parse_args(p, slice_is(name, "info"), &args, &n->at.to) < 0)
		return NULL;
	n->call.args = args.a;
	n->call.nargs = args.n;
	for (size_t i = 0; i < args.n; i++)
		if (parser_over(p, n, args.a[i]) < 0)
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
	return parser_over(p, n, n->aggregate.param) < 0 ? -1
							 : parser_over(p, n, n->aggregate.expr);
}

static int parse_grouping(struct parser *p, struct node *n)
{
	struct names names = { 0 };

	n->aggregate.without = at_word(p, WORD_WITHOUT);
	parser_advance(p);
	if (parse_names(p, &names) < 0)
		return -1;
	n->aggregate.labels = names.s;
	n->aggregate.nlabels = names.n;
	return 0;
}

struct node *parse_aggregate(struct parser *p)
{
	struct node *n = parser_node(p, NODE_AGGREGATE, p->now.at);
	struct args args = { 0 };
	bool grouped = false;

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
	parser_advance(p);
	if (at_word(p, WORD_BY) || at_word(p, WORD_WITHOUT)) {
		grouped = true;
		if (parse_grouping(p, n) < 0)
			return NULL;
	}
	if (!at_kind(p, TOKEN_LEFT_PAREN)) {
		parser_unexpected(p, "aggregation", NULL);
		return NULL;
	}
	if (parse_args(p, false, &args, &n->at.to) < 0)
		return NULL;
	if (!grouped && (at_word(p, WORD_BY) || at_word(p, WORD_WITHOUT))) {
		if (parse_grouping(p, n) < 0)
			return NULL;
		n->at.to = p->behind;
	}
	return aggregate_args(p, n, &args) < 0 ? NULL : n;
}
