/* virtual_values.c - see virtual_values.h. */
#include "exporters/virtual_values.h"

#include <stdio.h>
#include <stdlib.h>

struct listing {
	const struct calendar *c;
	struct slice label;
	struct arena *a;
	struct slice *list;
	size_t n, room;
	unsigned releases; /* most of one period */
};

static int add(struct listing *x, const char *text, struct err *e)
{
	struct slice *list = arena_grow(x->a, x->list, x->n, &x->room, x->n + 1, sizeof(*list));
	char *copy = arena_strdup(x->a, text);

	if (!list || !copy)
		return err_set(e, ERR_LIMIT, "the values need more than %zu MiB",
			       x->a->limit >> 20);
	x->list = list;
	x->list[x->n++] = slice_str(copy);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void sort_once(struct listing *x)
{
	size_t kept = 0;

	if (x->n == 0)
		return;
	qsort(x->list, x->n, sizeof(*x->list), by_text);
	for (size_t i = 0; i < x->n; i++)
		if (kept == 0 || !slice_eq(x->list[kept - 1], x->list[i]))
			x->list[kept++] = x->list[i];
	x->n = kept;
}

static int note(struct listing *x, const struct labels *ls, const struct vintage *list, size_t n,
		struct err *e)
{
	char text[CALENDAR_TEXT];

	for (size_t i = 0; i < n; i++) {
		bool again = i > 0 && list[i].stamp_ms == list[i - 1].stamp_ms;

		if (list[i].released_ms == 0)
			continue;
		if (list[i].ordinal > x->releases)
			x->releases = list[i].ordinal;
		if (slice_is(x->label, "__period__") && !again &&
		    add(x, x->c->period_text(x->c, ls, list[i].stamp_ms, text), e) < 0)
			return -1;
		if (slice_is(x->label, "__as_of__") &&
		    add(x, x->c->day_text(x->c, list[i].released_ms, text), e) < 0)
			return -1;
	}
	return 0;
}

static int gather(struct listing *x, struct snapshot *v, const struct series_ref *series,
		  size_t nseries, struct err *e)
{
	size_t looked_at = 0;

	for (size_t i = 0; i < nseries && looked_at < VIRTUAL_SERIES_MAX; i++) {
		struct vintage *list;
		size_t n;

		if (!series[i].statistic)
			continue;
		looked_at++;
		if (snapshot_history(v, series[i].id, INT64_MIN, INT64_MAX, x->a, &list, &n, e) <
			    0 ||
		    note(x, series[i].labels, list, n, e) < 0)
			return -1;
		sort_once(x);
	}
	return 0;
}

static int add_words(struct listing *x, struct err *e)
{
	char text[16];

	if (x->releases == 0 || slice_is(x->label, "__as_of__"))
		return 0;
	if (add(x, "latest", e) < 0)
		return -1;
	if (slice_is(x->label, "__period__"))
		return 0;
	for (unsigned i = 2; i <= x->releases; i++) {
		snprintf(text, sizeof(text), "%u", i);
		if (add(x, text, e) < 0)
			return -1;
	}
	return add(x, "first", e);
}

int virtual_values(struct snapshot *v, const struct calendar *c, struct slice label,
		   const struct series_ref *series, size_t nseries, struct arena *a,
		   struct slice **out, size_t *n, struct err *e)
{
	struct listing x = { .c = c, .label = label, .a = a };

	if (c && (gather(&x, v, series, nseries, e) < 0 || add_words(&x, e) < 0))
		return -1;
	sort_once(&x);
	*out = x.list;
	*n = x.n;
	return 0;
}
