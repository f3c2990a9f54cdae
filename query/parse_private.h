/*
 * parse_private.h - what the files of the parser share, by the file it is in. Nobody else includes
 * it but those files.
 *
 *     parse.c           the way in; operands and binary operations
 *     parse_call.c      calls, aggregates, lists of labels
 *     parse_selector.c  selectors, strings; what stands behind: [range], [range:step], offset, @
 *     parse_duration.c  numbers, durations, duration expressions
 *     parse_token.c     one token after another, nodes, complaints
 *
 * A production begins at the token `now`, which is its first one, and ends with `now` behind its
 * last one. Nodes and texts live in the arena. NULL or -1 with the complaint in p->why: ERR_INVALID
 * with its place, ERR_LIMIT, ERR_MEMORY; nothing has to be released but the expression's regexes,
 * which parse() does. One thread.
 */
#ifndef QUERY_PARSE_PRIVATE_H
#define QUERY_PARSE_PRIVATE_H

#include "query/check.h"
#include "query/lex.h"
#include "query/parse.h"

struct parser {
	struct lexer lex;
	struct token now;
	uint32_t behind; /* where the token before `now` ended */
	struct arena *a;
	struct expr *x;
	struct err why; /* its complaint */
	unsigned features;
	unsigned depth;   /* of the recursion */
	bool in_range;    /* between brackets, for messages */
	bool labels_only; /* in info()'s second argument and match[], which may select everything */
	bool series;      /* a series as text */
	size_t nodes;
};

/* --- parse_token.c ---------------------------------------------------------------------------- */

#define fault_at(p, at, ...) parse_error((p)->lex.text, (at), &(p)->why, __VA_ARGS__)

int parser_no_memory(struct parser *p);
/* What stands here cannot; `where` and `wanted` may be NULL. */
int parser_unexpected(struct parser *p, const char *where, const char *wanted);

void parser_advance(struct parser *p);
int parser_want(struct parser *p, enum token_kind kind, const char *where, const char *wanted);
/* The token after the present one. */
struct token parser_ahead(const struct parser *p);

static inline bool at_kind(const struct parser *p, enum token_kind kind)
{
	return p->now.kind == kind;
}

static inline bool at_word(const struct parser *p, enum word word)
{
	return p->now.kind == TOKEN_WORD && p->now.word == word;
}

static inline bool at_sign(const struct parser *p)
{
	return at_kind(p, TOKEN_OPERATOR) && (p->now.op == OP_ADD || p->now.op == OP_SUB);
}

static inline bool at_number(const struct parser *p)
{
	return at_kind(p, TOKEN_NUMBER) || at_kind(p, TOKEN_DURATION) || at_word(p, WORD_NUMBER);
}

/* Before what nests; depth-- behind it. */
int parser_enter(struct parser *p);
struct node *parser_node(struct parser *p, enum node_kind kind, struct span at);
/* `n` gets `child`, NULL counts nothing. */
int parser_over(struct parser *p, struct node *n, const struct node *child);
/* A list of `n` with room for one more. */
void *parser_grow(struct parser *p, void *list, size_t n, size_t *room, size_t size);

enum { ABOVE_UNARY = 5 };

unsigned op_precedence(enum binary_op op);
struct node *parser_binary(struct parser *p, enum binary_op op, struct node *lhs, struct node *rhs);

typedef struct node *(*production)(struct parser *p);

/* A sign and what it is of; a number takes it. */
struct node *parse_sign(struct parser *p, production operand);
/* ( inner ); `where` is for messages and may be NULL. */
struct node *parse_paren(struct parser *p, production inner, const char *where);

/* --- parse_duration.c ------------------------------------------------------------------------- */

struct node *parse_number(struct parser *p);
/* Signs, then a number, as @ and fill() have it; `where` and `wanted` for messages. */
int parse_signed_value(struct parser *p, const char *where, const char *wanted, double *v);
/* A range or a step: written out in *ms, or left to plan in *later. */
int parse_range(struct parser *p, int64_t *ms, struct node **later);
/* Behind `offset`. */
struct node *parse_offset_expr(struct parser *p);
/* ERR_INVALID when it is out of a duration's range. */
int parser_seconds(struct parser *p, const struct node *number, int64_t *ms);

/* --- parse_selector.c ------------------------------------------------------------------------- */

/* A string as an expression may be any bytes, names and values of labels are texts. */
int parse_bytes(struct parser *p, struct slice *out);
int parse_text(struct parser *p, struct slice *out);
/* `name` {…}; either may be missing, not both. */
struct node *parse_selector_node(struct parser *p);
/* What stands behind `n`; NULL stays NULL. */
struct node *parse_suffixes(struct parser *p, struct node *n);

/* --- parse_call.c ----------------------------------------------------------------------------- */

struct names {
	struct slice *s;
	size_t n, room;
};

/* ( label , … ) */
int parse_names(struct parser *p, struct names *to);
struct node *parse_call(struct parser *p);
struct node *parse_aggregate(struct parser *p);

/* --- parse.c ---------------------------------------------------------------------------------- */

/* Operators that bind tighter than `above`. */
struct node *parse_expr(struct parser *p, unsigned above);

#endif
