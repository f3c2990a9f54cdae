/*
 * matcher.h - one condition on a label: a="x", a!="x", a=~"x.*", a!~"x.*".
 *
 * An absent label equals the empty value, as in Prometheus: a!="x" and a=~".*" hold
 * where there is no a, and a="" and a!~".+" hold only there.
 */
#ifndef BASE_MATCHER_H
#define BASE_MATCHER_H

#include "base/labels.h"
#include "base/regex.h"

enum matcher_op { MATCH_EQ, MATCH_NE, MATCH_RE, MATCH_NRE };

struct matcher {
	enum matcher_op op;
	struct slice name, value; /* borrowed; of MATCH_RE and MATCH_NRE the pattern, for texts */
	const struct regex *re;   /* borrowed; MATCH_RE and MATCH_NRE only */
};

static inline bool matcher_is_negative(const struct matcher *m)
{
	return m->op == MATCH_NE || m->op == MATCH_NRE;
}

static inline bool matcher_holds(const struct matcher *m, struct slice value)
{
	bool same = m->op == MATCH_EQ || m->op == MATCH_NE ? slice_eq(m->value, value)
							   : regex_match(m->re, value);

	return same != matcher_is_negative(m);
}

static inline bool matchers_hold(const struct matcher *m, size_t n, const struct labels *ls)
{
	for (size_t i = 0; i < n; i++)
		if (!matcher_holds(&m[i], labels_get(ls, m[i].name)))
			return false;
	return true;
}

#endif
