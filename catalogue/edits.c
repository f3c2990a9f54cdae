/*
 * edits.c - names of edits, and what lies between two figures of one series.
 */
#include "catalogue/catalogue.h"

static const char *const edit_names[EDITS] = {
	[EDIT_RANGE] = "range",         [EDIT_PART] = "part",           [EDIT_TOTAL] = "total",
	[EDIT_UNIT_SLIP] = "unit_slip", [EDIT_YTD_FALLS] = "ytd_falls", [EDIT_RATIO] = "ratio",
	[EDIT_PANEL] = "panel",         [EDIT_GROWTH] = "growth",
};

const char *edit_name(enum edit e)
{
	return edit_names[e];
}

bool breaks_linked(const struct series_break *b, size_t n, struct period then, struct period now,
		   double *factor)
{
	struct date from = period_last_day(then), to = period_last_day(now);

	*factor = 1;
	for (size_t k = 0; k < n; k++) {
		if (date_cmp(b[k].from, from) <= 0 || date_cmp(b[k].from, to) > 0)
			continue;
		*factor *= b[k].factor;
	}
	return *factor != 0;
}
