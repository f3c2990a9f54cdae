/* virtual.c - see virtual.h. */
#include "query/virtual.h"

#include "base/num.h"
#include "base/period.h"
#include "query/calendar.h"

enum { RELEASE_MAX = 10000 };

bool is_virtual_label(struct slice name)
{
	return slice_is(name, "__period__") || slice_is(name, "__as_of__") ||
	       slice_is(name, "__release__");
}

static int wrong(struct eval *ev, const struct matcher *m, const char *wanted, struct err *e)
{
	return eval_fail(ev, e, "%.*s=\"%.*s\": %s", SLICE_FMT(m->name),
			 SLICE_FMT(slice_cut(m->value, 100)), wanted);
}

static int take_period(struct eval *ev, const struct matcher *m, struct selection *sel,
		       struct err *e)
{
	static const char wanted[] =
		"wanted is a period such as 2026-10, 2026-Q3 or 2026, or latest, or latest-12";
	struct period p;
	int64_t back;

	if (slice_is(m->value, "latest")) {
		sel->period = PERIOD_LATEST;
		return 0;
	}
	if (slice_starts(m->value, "latest-")) {
		if (num_parse_i64(slice_skip(m->value, 7), &back, NULL) < 0 || back < 0 ||
		    back > CLOSINGS_BACK_MAX)
			return wrong(ev, m, wanted, e);
		sel->period = PERIOD_LATEST;
		sel->back = (int)back;
		return 0;
	}
	if (period_parse(m->value, &p, NULL) < 0)
		return wrong(ev, m, wanted, e);
	sel->period = PERIOD_FIXED;
	sel->period_text = m->value;
	return 0;
}

static int take_release(struct eval *ev, const struct matcher *m, struct selection *sel,
			struct err *e)
{
	int64_t n;

	if (slice_is(m->value, "latest")) {
		sel->release = 0;
	} else if (slice_is(m->value, "first")) {
		sel->release = 1;
	} else {
		if (num_parse_i64(m->value, &n, NULL) < 0 || n < 1 || n > RELEASE_MAX)
			return wrong(ev, m, "wanted is first, latest, or a number from 1", e);
		sel->release = (unsigned)n;
	}
	return 0;
}

static int take_as_of(struct eval *ev, const struct matcher *m, struct selection *sel,
		      struct err *e)
{
	const struct source_vtable *f = ev->source->f;
	struct err why = { 0 };

	if (f->as_of && f->as_of(ev->source, m->value, &sel->as_of_ms, &why) == 0)
		return 0;
	return wrong(ev, m, why.code ? why.text : "there are no vintages here", e);
}

static int take_one(struct eval *ev, const struct matcher *m, struct selection *sel, struct err *e)
{
	if (m->op != MATCH_EQ)
		return eval_fail(ev, e, "%.*s is no label: it can only be set, with \"=\"",
				 SLICE_FMT(m->name));
	sel->is_virtual = true;
	if (m->value.n == 0)
		return wrong(ev, m, "the value is empty", e);
	if (slice_is(m->name, "__period__"))
		return take_period(ev, m, sel, e);
	if (slice_is(m->name, "__release__"))
		return take_release(ev, m, sel, e);
	return take_as_of(ev, m, sel, e);
}

int virtual_take(struct eval *ev, const struct node *selector, struct matcher *rest, size_t *nrest,
		 struct selection *sel, struct err *e)
{
	const struct node_selector *s = &selector->selector;

	*nrest = 0;
	for (size_t i = 0; i < s->nm; i++) {
		if (!is_virtual_label(s->m[i].name))
			rest[(*nrest)++] = s->m[i];
		else if (take_one(ev, &s->m[i], sel, e) < 0)
			return -1;
	}
	return 0;
}
