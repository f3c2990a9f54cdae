/* rank.c - see rank.h. */
#include "assess/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_league(const struct rank_item *a, const struct rank_item *b)
{
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return strcmp(a->league, b->league);
}

static int by_league_then_value(const void *pa, const void *pb)
{
	const struct rank_item *a = pa, *b = pb;
	int c = by_league(a, b);

	return c ? c : (a->value < b->value) - (a->value > b->value);
}

static void rank_league(struct rank_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool tie = i > 0 && items[i].value == items[i - 1].value;

		items[i].rank = tie ? items[i - 1].rank : (unsigned)i + 1;
		items[i].ranked = (unsigned)n;
	}
}

void rank_competition(struct rank_item *items, size_t n)
{
	size_t start = 0;

	if (n == 0)
		return;
	qsort(items, n, sizeof(*items), by_league_then_value);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && by_league(&items[start], &items[i]) == 0)
			continue;
		rank_league(&items[start], i - start);
		start = i;
	}
}

bool rank_oriented(enum direction d, double value, double *out)
{
	switch (d) {
	case DIRECTION_UP:
		*out = value;
		return true;
	case DIRECTION_DOWN:
		*out = -value;
		return true;
	case DIRECTION_ZERO:
		*out = -fabs(value);
		return true;
	case DIRECTION_NONE:
		break;
	}
	return false;
}
