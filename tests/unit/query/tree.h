/*
 * tree.h - an expression and the arena it lives in, for tests of the parser and of what works on
 * its trees. One thread.
 */
#ifndef TESTS_UNIT_QUERY_TREE_H
#define TESTS_UNIT_QUERY_TREE_H

#include "query/parse.h"
#include "tests/lib/assert.h"

struct fixture {
	struct arena arena;
	struct expr x; /* released at the end, and before another is read */
	struct err e;
};

static inline int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	arena_init(&f.arena, 16 << 20);
	*state = &f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	expr_release(&f->x);
	arena_release(&f->arena);
	return 0;
}

/* With all features. */
static inline int read_query(struct fixture *f, struct slice text)
{
	expr_release(&f->x);
	return parse(text, ~0u, &f->arena, &f->x, &f->e);
}

#endif
