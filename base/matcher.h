/*
 * matcher.h - one condition on a label: a="x" or a!="x".
 *
 * An absent label equals the empty value, as in Prometheus. (=~ and !~ come
 * with the regular expression shim of the query engine.)
 */
#ifndef BASE_MATCHER_H
#define BASE_MATCHER_H

#include "base/labels.h"

enum matcher_op { MATCH_EQ, MATCH_NE };

struct matcher {
	enum matcher_op op;
	struct slice name, value; /* borrowed */
};

static inline bool matcher_holds(const struct matcher *m, struct slice value)
{
	return slice_eq(m->value, value) == (m->op == MATCH_EQ);
}

static inline bool matchers_hold(const struct matcher *m, size_t n, const struct labels *ls)
{
	for (size_t i = 0; i < n; i++)
		if (!matcher_holds(&m[i], labels_get(ls, m[i].name)))
			return false;
	return true;
}

#endif
