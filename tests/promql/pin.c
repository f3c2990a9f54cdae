/*
 * pin.c - walks the tree and notes where selectors end.
 */
#include "tests/promql/pin.h"

#include "base/buf.h"
#include "query/functions.h"

#include <stdlib.h>

enum { PINS_MAX = 256 };

struct pins {
	uint32_t at[PINS_MAX];
	size_t n;
	bool unsafe;
};

static void walk(const struct node *n, struct pins *p);

/* Whose answer depends on the evaluation time itself; info() looks for its labels at that time. */
static bool tells_time(struct slice name)
{
	static const char *const names[] = {
		"days_in_month", "day_of_month", "day_of_week",    "day_of_year", "hour",  "minute",
		"month",         "year",         "time",           "timestamp",   "start", "end",
		"range",         "step",         "predict_linear", "info",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static void note_shift(const struct shift *s, uint32_t end, struct pins *p)
{
	if (s->at == AT_TIME)
		return;
	if (s->at != AT_NONE || p->n == PINS_MAX)
		p->unsafe = true;
	else
		p->at[p->n++] = end;
}

static void walk_call(const struct node *n, struct pins *p)
{
	if (tells_time(slice_str(n->call.fn->name)))
		p->unsafe = true;
	for (size_t i = 0; i < n->call.nargs; i++)
		walk(n->call.args[i], p);
}

static void walk(const struct node *n, struct pins *p)
{
	switch (n->kind) {
	case NODE_SELECTOR:
		note_shift(&n->selector.shift, n->at.to, p);
		break;
	case NODE_MATRIX:
		note_shift(&n->matrix.selector->selector.shift, n->at.to, p);
		break;
	case NODE_SUBQUERY:
		note_shift(&n->subquery.shift, n->at.to, p);
		break;
	case NODE_CALL:
		walk_call(n, p);
		break;
	case NODE_AGGREGATE:
		if (n->aggregate.param)
			walk(n->aggregate.param, p);
		walk(n->aggregate.expr, p);
		break;
	case NODE_UNARY:
		walk(n->unary.expr, p);
		break;
	case NODE_BINARY:
		walk(n->binary.lhs, p);
		walk(n->binary.rhs, p);
		break;
	case NODE_PAREN:
		walk(n->paren, p);
		break;
	case NODE_NUMBER:
	case NODE_STRING:
		break;
	}
}

static int rising(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

bool pin(const struct expr *x, int64_t at_ms, struct arena *a, struct slice *out)
{
	struct pins p = { .n = 0 };
	uint32_t from = 0;
	struct buf text;

	walk(x->root, &p);
	if (p.unsafe || memmem(x->text.p, x->text.n, "()", 2))
		return false;
	qsort(p.at, p.n, sizeof(*p.at), rising);
	buf_init(&text, QUERY_TEXT_MAX_BYTES);
	for (size_t i = 0; i < p.n; i++) {
		buf_put(&text, x->text.p + from, p.at[i] - from);
		buf_printf(&text, " @ %.3f", (double)at_ms / 1000);
		from = p.at[i];
	}
	buf_put(&text, x->text.p + from, x->text.n - from);
	*out = arena_slice(a, buf_all(&text));
	buf_release(&text);
	return out->p != NULL;
}
