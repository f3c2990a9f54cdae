/*
 * parse.c - tokens to a tree, by recursive descent and precedence.
 *
 *     or  <  and unless  <  comparisons  <  + -  <  * / % atan2, unary + -  <  ^  <  offset @ [ ]
 *
 * Chains of one precedence are read in a loop; what nests is counted, so that no text can use up
 * the stack. Every node knows how deep its tree is for the same reason: evaluation descends it.
 * parse_private.h says what is in which file.
 */
#include "query/parse_private.h"

#include "base/text.h"
#include "query/features.h"

/* --- operands --------------------------------------------------------------------------------- */

static struct node *parse_expr_whole(struct parser *p)
{
	return parse_expr(p, 0);
}

static struct node *parse_expr_tight(struct parser *p)
{
	return parse_expr(p, ABOVE_UNARY);
}

static struct node *parse_string(struct parser *p)
{
	struct node *n = parser_node(p, NODE_STRING, p->now.at);

	return n && parse_bytes(p, &n->string) == 0 ? n : NULL;
}

static struct node *parse_word(struct parser *p)
{
	struct token next = parser_ahead(p);
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
		parser_unexpected(p, NULL, NULL);
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
			parser_unexpected(p, NULL, NULL);
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
		return parse_paren(p, parse_expr_whole, NULL);
	case TOKEN_LEFT_BRACE:
	case TOKEN_METRIC:
		return parse_selector_node(p);
	case TOKEN_WORD:
		return parse_word(p);
	default:
		parser_unexpected(p, NULL, NULL);
		return NULL;
	}
}

static struct node *parse_unary(struct parser *p)
{
	return at_sign(p) ? parse_sign(p, parse_expr_tight) : parse_suffixes(p, parse_operand(p));
}

/* --- binary operations ------------------------------------------------------------------------ */

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
	parser_advance(p);
	if (at_kind(p, TOKEN_LEFT_PAREN) && parse_names(p, &names) < 0)
		return -1;
	m->include = names.s;
	m->ninclude = names.n;
	return 0;
}

static int parse_fill_value(struct parser *p, double *v)
{
	if (parser_want(p, TOKEN_LEFT_PAREN, "fill", "\"(\"") < 0 ||
	    parse_signed_value(p, "fill", "number", v) < 0)
		return -1;
	return parser_want(p, TOKEN_RIGHT_PAREN, "fill", "\")\"");
}

static int parse_fill(struct parser *p, struct matching *m)
{
	enum word word = p->now.word;
	double v = 0;

	if (!(p->features & FEATURE_FILL))
		return fault_at(p, p->now.at.from,
				"binop fill modifiers are experimental and not enabled");
	parser_advance(p);
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
		parser_advance(p);
	}
	if (at_word(p, WORD_ON) || at_word(p, WORD_IGNORING)) {
		m->on = at_word(p, WORD_ON);
		m->written = true;
		parser_advance(p);
		if (parse_names(p, &names) < 0)
			return -1;
		m->labels = names.s;
		m->nlabels = names.n;
		if ((at_word(p, WORD_GROUP_LEFT) || at_word(p, WORD_GROUP_RIGHT)) &&
		    parse_group(p, m) < 0)
			return -1;
	}
	while (at_fill(p) && parser_ahead(p).kind == TOKEN_LEFT_PAREN)
		if (parse_fill(p, m) < 0)
			return -1;
	return 0;
}

static struct node *parse_binary(struct parser *p, enum binary_op op, struct node *lhs)
{
	struct node_binary b = { .op = op, .lhs = lhs };
	struct node *rhs, *n;

	if (parser_enter(p) < 0)
		return NULL;
	parser_advance(p);
	if (parse_modifiers(p, &b) < 0)
		return NULL;
	rhs = parse_expr(p, op_precedence(op) - (op == OP_POW));
	p->depth--;
	n = rhs ? parser_binary(p, op, lhs, rhs) : NULL;
	if (n) {
		b.rhs = rhs;
		n->binary = b;
	}
	return n;
}

struct node *parse_expr(struct parser *p, unsigned above)
{
	struct node *n = parse_unary(p);
	enum binary_op op;

	while (n && at_binary(p, &op) && op_precedence(op) > above)
		n = parse_binary(p, op, n);
	return n;
}

/* --- the whole -------------------------------------------------------------------------------- */

static struct node *parse_only_selector(struct parser *p)
{
	if (at_kind(p, TOKEN_LEFT_BRACE) || at_kind(p, TOKEN_METRIC) ||
	    (at_kind(p, TOKEN_WORD) && (p->series || p->now.word != WORD_NUMBER)))
		return parse_selector_node(p);
	parser_unexpected(p, NULL, NULL);
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
		return err_set(&p->why, ERR_LIMIT, "query of %zu bytes; at most %zu are taken",
			       text.n, most);
	lex_init(&p->lex, text);
	/* Here, so that no message quotes bytes that are no text. */
	bad = utf8_bad_at(text);
	if (bad >= 0)
		return fault_at(p, (uint32_t)bad, "text is not UTF-8");
	parser_advance(p);
	p->x->root = p->labels_only ? parse_only_selector(p) : parse_only_expr(p);
	if (!p->x->root)
		return -1;
	if (!at_kind(p, TOKEN_EOF))
		return parser_unexpected(p, NULL, NULL);
	return check(p->x->root, text, p->features, &p->why);
}

/* What `p` is set up for; its tree goes to *out, its complaint to *e. */
static int parse_whole(struct parser *p, struct slice text, size_t most, struct expr *out,
		       struct err *e)
{
	*out = (struct expr){ .text = text };
	p->x = out;
	if (parse_root(p, text, most) == 0)
		return 0;
	expr_release(out);
	if (e)
		*e = p->why;
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
