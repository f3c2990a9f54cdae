/*
 * ast.h - an expression of PromQL as a tree.
 *
 * Nodes live in an arena, their texts are slices of it or of the query's text, which must outlive
 * them. parse.h makes a tree whose types are checked; plan.h then works out what depends on the
 * query's times (duration expressions, start(), end()) and what is the same at every step. From
 * then on a tree is only read, by any thread.
 *
 * The shapes follow prometheus.io/docs/prometheus/latest/querying/basics and …/operators; a node
 * keeps the bytes of the text it came from, so that every message can point at them.
 */
#ifndef QUERY_AST_H
#define QUERY_AST_H

#include "base/matcher.h"

#include <stdint.h>

struct function; /* functions.h */

/* Bytes [from, to) of the query's text. */
struct span {
	uint32_t from, to;
};

enum value_type { VALUE_NONE, VALUE_SCALAR, VALUE_VECTOR, VALUE_MATRIX, VALUE_STRING };

enum node_kind {
	NODE_NUMBER,
	NODE_STRING,
	NODE_SELECTOR, /* instant vector selector */
	NODE_MATRIX,   /* selector with a range */
	NODE_SUBQUERY,
	NODE_CALL,
	NODE_AGGREGATE,
	NODE_UNARY,
	NODE_BINARY,
	NODE_PAREN,
};

enum binary_op {
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_POW,
	OP_ATAN2,
	OP_EQ,
	OP_NE,
	OP_GT,
	OP_LT,
	OP_GE,
	OP_LE,
	OP_TRIM_UPPER,
	OP_TRIM_LOWER, /* </ and >/, of histograms only */
	OP_AND,
	OP_OR,
	OP_UNLESS,
};

static inline bool op_is_comparison(enum binary_op op)
{
	return op >= OP_EQ && op <= OP_LE;
}

static inline bool op_is_set(enum binary_op op)
{
	return op >= OP_AND;
}

enum aggregate_op {
	AGG_SUM,
	AGG_AVG,
	AGG_MIN,
	AGG_MAX,
	AGG_COUNT,
	AGG_GROUP,
	AGG_STDDEV,
	AGG_STDVAR,
	AGG_TOPK,
	AGG_BOTTOMK,
	AGG_COUNT_VALUES,
	AGG_QUANTILE,
	AGG_LIMITK,
	AGG_LIMIT_RATIO, /* experimental */
};

enum at_kind { AT_NONE, AT_TIME, AT_START, AT_END };

/* offset and @ of a selector or a subquery. plan makes of them one time for each step:
 * evaluation time t becomes (at_ms if `fixed`, else t) - offset_ms. */
struct shift {
	int64_t offset_ms;   /* as written; of an expression: from plan on */
	struct node *offset; /* a duration expression, or NULL */
	bool has_offset;     /* written at all, for printing */
	enum at_kind at;
	int64_t at_ms; /* AT_TIME; of the others from plan on */
};

enum range_kind { RANGE_PLAIN, RANGE_ANCHORED, RANGE_SMOOTHED };

struct node_selector {
	struct slice name; /* the metric name written before the braces or quoted in them; may be
			      empty */
	struct matcher *m; /* all conditions, that of __name__ among them */
	size_t nm;
	struct shift shift;
	enum range_kind kind; /* anchored, smoothed */
};

struct node_matrix {
	struct node *selector; /* NODE_SELECTOR; it has the shift */
	int64_t range_ms;
	struct node *range; /* a duration expression, or NULL */
};

struct node_subquery {
	struct node *expr;
	int64_t range_ms, step_ms; /* step 0: the engine's default */
	struct node *range, *step; /* duration expressions, or NULL */
	struct shift shift;
};

enum { CALL_ARGS_MAX = 1000 };

struct node_call {
	const struct function *fn;
	struct node **args;
	size_t nargs; /* as written; left out ones are the function's matter */
};

struct node_aggregate {
	enum aggregate_op op;
	struct node *expr, *param; /* param NULL: takes none */
	bool without;
	struct slice *labels; /* of by or without, as written */
	size_t nlabels;
};

enum cardinality { ONE_TO_ONE, MANY_TO_ONE, ONE_TO_MANY, MANY_TO_MANY };

/* How the sides of a binary operation between two vectors find each other. */
struct matching {
	enum cardinality card; /* group_left is MANY_TO_ONE, group_right ONE_TO_MANY */
	bool on;               /* labels are those to match on; else those to ignore */
	bool written;          /* on or ignoring stands there, for printing */
	struct slice *labels, *include;
	size_t nlabels, ninclude;
	bool has_fill_left, has_fill_right; /* values for a side that is missing */
	double fill_left, fill_right;
};

struct node_binary {
	enum binary_op op;
	bool bool_modifier;
	struct node *lhs, *rhs;
	struct matching matching; /* of two vectors */
};

struct node {
	enum node_kind kind;
	enum value_type type;
	struct span at; /* the whole expression */
	bool constant;  /* from plan on: the same at every step of the query */
	uint16_t depth; /* of the tree below, with itself */
	union {
		struct {
			double value;
			bool duration; /* written as one: 5m */
		} number;
		struct slice string;
		struct node_selector selector;
		struct node_matrix matrix;
		struct node_subquery subquery;
		struct node_call call;
		struct node_aggregate aggregate;
		struct {
			bool minus;
			struct node *expr;
		} unary;
		struct node_binary binary;
		struct node *paren;
	};
};

/* The expression without the parentheses around it. */
static inline const struct node *node_inner(const struct node *n)
{
	while (n->kind == NODE_PAREN)
		n = n->paren;
	return n;
}

#endif
