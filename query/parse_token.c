/* parse_token.c - see parse_private.h. */
#include "query/parse_private.h"

#include <stdarg.h>
#include <stdio.h>

/* --- complaints ------------------------------------------------------------------------------- */

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

int parser_no_memory(struct parser *p)
{
	return err_set(&p->why, ERR_LIMIT, "query needs more than %zu MiB of memory",
		       p->a->limit >> 20);
}

int parser_unexpected(struct parser *p, const char *where, const char *wanted)
{
	char what[120];

	if (p->now.kind == TOKEN_ERROR)
		return fault_at(p, p->now.at.from, "%s", p->lex.error);
	token_describe(&p->now, what, sizeof(what));
	return fault_at(p, p->now.at.from, "unexpected %s%s%s%s%s", what, where ? " in " : "",
			where ? where : "", wanted ? ", expected " : "", wanted ? wanted : "");
}

/* --- tokens ----------------------------------------------------------------------------------- */

void parser_advance(struct parser *p)
{
	p->behind = p->now.at.to;
	lex_next(&p->lex, &p->now);
}

int parser_want(struct parser *p, enum token_kind kind, const char *where, const char *wanted)
{
	if (!at_kind(p, kind))
		return parser_unexpected(p, where, wanted);
	parser_advance(p);
	return 0;
}

struct token parser_ahead(const struct parser *p)
{
	struct lexer x = p->lex;
	struct token t;

	lex_next(&x, &t);
	return t;
}

/* --- nodes ------------------------------------------------------------------------------------ */

int parser_enter(struct parser *p)
{
	if (++p->depth > QUERY_DEPTH_MAX)
		return fault_at(p, p->now.at.from, "expression nests deeper than %d",
				QUERY_DEPTH_MAX);
	return 0;
}

struct node *parser_node(struct parser *p, enum node_kind kind, struct span at)
{
	struct node *n;

	if (++p->nodes > QUERY_NODES_MAX) {
		fault_at(p, at.from, "expression has more than %d parts", QUERY_NODES_MAX);
		return NULL;
	}
	n = arena_new(p->a, struct node);
	if (!n) {
		parser_no_memory(p);
		return NULL;
	}
	n->kind = kind;
	n->at = at;
	n->depth = 1;
	return n;
}

int parser_over(struct parser *p, struct node *n, const struct node *child)
{
	if (child && child->depth >= n->depth)
		n->depth = (uint16_t)(child->depth + 1);
	if (n->depth > QUERY_DEPTH_MAX)
		return fault_at(p, n->at.from, "expression nests deeper than %d", QUERY_DEPTH_MAX);
	return 0;
}

void *parser_grow(struct parser *p, void *list, size_t n, size_t *room, size_t size)
{
	void *more = n < *room ? list : arena_grow(p->a, list, n, room, n + 1, size);

	if (!more)
		parser_no_memory(p);
	return more;
}

static struct node *with_sign(struct parser *p, bool minus, struct node *child, uint32_t from)
{
	struct node *n;

	if (child->kind == NODE_NUMBER) {
		if (minus)
			child->number.value = -child->number.value;
		child->at.from = from;
		return child;
	}
	n = parser_node(p, NODE_UNARY, (struct span){ from, child->at.to });
	if (!n)
		return NULL;
	n->unary.minus = minus;
	n->unary.expr = child;
	return parser_over(p, n, child) < 0 ? NULL : n;
}

struct node *parse_sign(struct parser *p, production operand)
{
	uint32_t from = p->now.at.from;
	bool minus = p->now.op == OP_SUB;
	struct node *child;

	if (parser_enter(p) < 0)
		return NULL;
	parser_advance(p);
	child = operand(p);
	p->depth--;
	return child ? with_sign(p, minus, child, from) : NULL;
}

struct node *parse_paren(struct parser *p, production inner, const char *where)
{
	struct node *n = parser_node(p, NODE_PAREN, p->now.at);

	if (!n || parser_enter(p) < 0)
		return NULL;
	parser_advance(p);
	n->paren = inner(p);
	if (!n->paren || parser_over(p, n, n->paren) < 0)
		return NULL;
	p->depth--;
	n->at.to = p->now.at.to;
	return parser_want(p, TOKEN_RIGHT_PAREN, where, where ? "\")\"" : NULL) < 0 ? NULL : n;
}

struct node *parser_binary(struct parser *p, enum binary_op op, struct node *lhs, struct node *rhs)
{
	struct node *n = parser_node(p, NODE_BINARY, (struct span){ lhs->at.from, rhs->at.to });

	if (!n)
		return NULL;
	n->binary.op = op;
	n->binary.lhs = lhs;
	n->binary.rhs = rhs;
	return parser_over(p, n, lhs) < 0 || parser_over(p, n, rhs) < 0 ? NULL : n;
}

unsigned op_precedence(enum binary_op op)
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
