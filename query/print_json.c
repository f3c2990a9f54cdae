/*
 * print_json.c - a tree as /api/v1/parse_query shows it: the shape that Prometheus' page draws
 * its explanations from.
 */
#include "query/functions.h"
#include "query/parse.h"
#include "query/print.h"

#include "base/num.h"

static void put_cstr(struct json_writer *j, const char *key, const char *text)
{
	json_key(j, key);
	json_cstr(j, text);
}

static void put_names(struct json_writer *j, const char *key, const struct slice *s, size_t n)
{
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n; i++)
		json_str(j, s[i]);
	json_end(j);
}

static void put_node(struct json_writer *j, const char *key, const struct node *n)
{
	json_key(j, key);
	if (n)
		print_json(n, j);
	else
		json_null(j);
}

static void put_shift(struct json_writer *j, const struct shift *s)
{
	json_key(j, "offset");
	json_i64(j, s->offset_ms);
	json_key(j, "timestamp");
	if (s->at == AT_TIME)
		json_i64(j, s->at_ms);
	else
		json_null(j);
	json_key(j, "startOrEnd");
	if (s->at == AT_START || s->at == AT_END)
		json_cstr(j, s->at == AT_START ? "start" : "end");
	else
		json_null(j);
}

static void put_matchers(struct json_writer *j, const struct node_selector *s)
{
	static const char *const ops[] = { "=", "!=", "=~", "!~" };

	json_key(j, "matchers");
	json_array(j);
	for (size_t i = 0; i < s->nm; i++) {
		json_object(j);
		json_key(j, "name");
		json_str(j, s->m[i].name);
		put_cstr(j, "type", ops[s->m[i].op]);
		json_key(j, "value");
		json_str(j, s->m[i].value);
		json_end(j);
	}
	json_end(j);
}

static void put_selector(struct json_writer *j, const struct node_selector *s)
{
	json_key(j, "name");
	json_str(j, s->name);
	put_matchers(j, s);
	put_shift(j, &s->shift);
	json_key(j, "anchored");
	json_bool(j, s->kind == RANGE_ANCHORED);
	json_key(j, "smoothed");
	json_bool(j, s->kind == RANGE_SMOOTHED);
}

static void put_number(struct json_writer *j, double v)
{
	char text[NUM_TEXT];

	num_print(v, text);
	put_cstr(j, "val", text);
}

static void put_function(struct json_writer *j, const struct function *fn)
{
	json_key(j, "func");
	json_object(j);
	put_cstr(j, "name", fn->name);
	json_key(j, "argTypes");
	json_array(j);
	for (unsigned i = 0; i < fn->nargs; i++)
		json_cstr(j, value_type_name(fn->args[i]));
	json_end(j);
	json_key(j, "variadic");
	json_i64(j, fn->variadic);
	put_cstr(j, "returnType", value_type_name(fn->result));
	json_end(j);
}

static void put_call(struct json_writer *j, const struct node_call *c)
{
	put_function(j, c->fn);
	json_key(j, "args");
	json_array(j);
	for (size_t i = 0; i < c->nargs; i++)
		print_json(c->args[i], j);
	json_end(j);
}

static void put_aggregate(struct json_writer *j, const struct node_aggregate *a)
{
	put_cstr(j, "op", aggregate_name(a->op));
	put_node(j, "expr", a->expr);
	put_node(j, "param", a->param);
	put_names(j, "grouping", a->labels, a->nlabels);
	json_key(j, "without");
	json_bool(j, a->without);
}

static void put_fill(struct json_writer *j, const char *key, bool there, double v)
{
	json_key(j, key);
	if (there)
		json_f64(j, v);
	else
		json_null(j);
}

static void put_matching(struct json_writer *j, const struct node_binary *b)
{
	static const char *const cards[] = { "one-to-one", "many-to-one", "one-to-many",
					     "many-to-many" };
	const struct matching *m = &b->matching;

	json_key(j, "matching");
	if (b->lhs->type != VALUE_VECTOR || b->rhs->type != VALUE_VECTOR) {
		json_null(j);
		return;
	}
	json_object(j);
	put_cstr(j, "card", cards[m->card]);
	put_names(j, "labels", m->labels, m->nlabels);
	json_key(j, "on");
	json_bool(j, m->on);
	put_names(j, "include", m->include, m->ninclude);
	json_key(j, "fillValues");
	json_object(j);
	put_fill(j, "lhs", m->has_fill_left, m->fill_left);
	put_fill(j, "rhs", m->has_fill_right, m->fill_right);
	json_end(j);
	json_end(j);
}

static void put_binary(struct json_writer *j, const struct node_binary *b)
{
	put_cstr(j, "op", binary_op_text(b->op));
	put_node(j, "lhs", b->lhs);
	put_node(j, "rhs", b->rhs);
	put_matching(j, b);
	json_key(j, "bool");
	json_bool(j, b->bool_modifier);
}

static void put_subquery(struct json_writer *j, const struct node_subquery *s)
{
	put_node(j, "expr", s->expr);
	json_key(j, "range");
	json_i64(j, s->range_ms);
	json_key(j, "step");
	json_i64(j, s->step_ms);
	put_shift(j, &s->shift);
}

static const char *type_of(const struct node *n)
{
	static const char *const names[] = {
		[NODE_NUMBER] = "numberLiteral",    [NODE_STRING] = "stringLiteral",
		[NODE_SELECTOR] = "vectorSelector", [NODE_MATRIX] = "matrixSelector",
		[NODE_SUBQUERY] = "subquery",       [NODE_CALL] = "call",
		[NODE_AGGREGATE] = "aggregation",   [NODE_UNARY] = "unaryExpr",
		[NODE_BINARY] = "binaryExpr",       [NODE_PAREN] = "parenExpr",
	};

	return names[n->kind];
}

void print_json(const struct node *n, struct json_writer *j)
{
	json_object(j);
	put_cstr(j, "type", type_of(n));
	switch (n->kind) {
	case NODE_NUMBER:
		put_number(j, n->number.value);
		break;
	case NODE_STRING:
		json_key(j, "val");
		json_str(j, n->string);
		break;
	case NODE_SELECTOR:
		put_selector(j, &n->selector);
		break;
	case NODE_MATRIX:
		put_selector(j, &n->matrix.selector->selector);
		json_key(j, "range");
		json_i64(j, n->matrix.range_ms);
		break;
	case NODE_SUBQUERY:
		put_subquery(j, &n->subquery);
		break;
	case NODE_CALL:
		put_call(j, &n->call);
		break;
	case NODE_AGGREGATE:
		put_aggregate(j, &n->aggregate);
		break;
	case NODE_UNARY:
		put_cstr(j, "op", n->unary.minus ? "-" : "+");
		put_node(j, "expr", n->unary.expr);
		break;
	case NODE_BINARY:
		put_binary(j, &n->binary);
		break;
	case NODE_PAREN:
		put_node(j, "expr", n->paren);
		break;
	}
	json_end(j);
}
