/*
 * lex.h - the text of a query as tokens.
 *
 * The lexer is asked for one token after another. What a word is depends on where it stands: in
 * braces there are names and strings only. A mistake comes as TOKEN_ERROR with its sentence in
 * `error`, in Prometheus' words.
 *
 * Tokens are those of prometheus.io/docs/prometheus/latest/querying/basics; their texts are slices
 * of the query's text, which stays borrowed. A lexer takes no memory and is copied to look ahead.
 * One thread each.
 */
#ifndef QUERY_LEX_H
#define QUERY_LEX_H

#include "query/ast.h"

enum token_kind {
	TOKEN_EOF,
	TOKEN_ERROR,
	TOKEN_WORD,   /* identifier or keyword: which one the parser decides by place */
	TOKEN_METRIC, /* a word with a colon in it */
	TOKEN_STRING, /* with its quotes */
	TOKEN_NUMBER,
	TOKEN_DURATION, /* 5m, 1h30m */
	TOKEN_LEFT_PAREN,
	TOKEN_RIGHT_PAREN,
	TOKEN_LEFT_BRACE,
	TOKEN_RIGHT_BRACE,
	TOKEN_LEFT_BRACKET,
	TOKEN_RIGHT_BRACKET,
	TOKEN_COMMA,
	TOKEN_COLON,
	TOKEN_AT,
	TOKEN_EQ, /* = of a matcher */
	TOKEN_EQ_REGEX,
	TOKEN_NE_REGEX,
	TOKEN_OPERATOR, /* of an expression, `op`; != of a matcher is OP_NE */
};

enum word {
	WORD_NONE, /* no keyword */
	WORD_AND,
	WORD_OR,
	WORD_UNLESS,
	WORD_ATAN2,
	WORD_AGGREGATE,
	WORD_BY,
	WORD_WITHOUT,
	WORD_ON,
	WORD_IGNORING,
	WORD_GROUP_LEFT,
	WORD_GROUP_RIGHT,
	WORD_BOOL,
	WORD_OFFSET,
	WORD_ANCHORED,
	WORD_SMOOTHED,
	WORD_FILL,
	WORD_FILL_LEFT,
	WORD_FILL_RIGHT,
	WORD_START,
	WORD_END,
	WORD_STEP,
	WORD_RANGE,
	WORD_MIN_OF,
	WORD_MAX_OF,
	WORD_NUMBER, /* inf, nan */
};

struct token {
	enum token_kind kind;
	struct span at;
	struct slice text;
	enum word word;              /* TOKEN_WORD */
	enum binary_op op;           /* TOKEN_OPERATOR, words that are operators */
	enum aggregate_op aggregate; /* WORD_AGGREGATE */
};

struct lexer {
	struct slice text;
	uint32_t at;
	unsigned parens;
	bool in_braces, in_brackets;
	char error[128];
};

void lex_init(struct lexer *x, struct slice text);
void lex_next(struct lexer *x, struct token *t);

/* As messages call a token: `identifier "foo"`, `<op:*>`, `end of input`. */
void token_describe(const struct token *t, char *out, size_t room);

/* What stands between the quotes of a TOKEN_STRING, escapes undone, in the arena: "\xff" makes
 * bytes that are not UTF-8. ERR_INVALID, ERR_LIMIT: the arena is full. */
int string_unquote(struct slice quoted, struct arena *a, struct slice *out, struct err *e);
/* Go's %q, cut where there is no room. */
void quote(struct slice s, char *out, size_t room);
/* Of it, the character at s.p[*at], which goes on behind it. */
enum { QUOTED_MAX = 8 };
void quote_next(struct slice s, size_t *at, char out[QUOTED_MAX]);

/* As Prometheus reads numbers: decimal, 0x…, 1_000, exponent, Inf, NaN. */
int number_parse(struct slice text, double *v, struct err *e);

#endif
