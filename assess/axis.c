/* axis.c - see axis.h. */
#include "assess/axis.h"

#include <math.h>

struct measure measure_of(const struct indicator *i)
{
	return (struct measure){
		.form = i->form,
		.direction = i->direction,
		.ratio = slice_ends(slice_str(i->code), "_ratio"),
		.intensive = indicator_is_rate(i),
		.breaks = i->breaks,
		.nbreaks = i->nbreaks,
	};
}

int axis_build(const struct indicator *i, int first_year, struct date last, struct arena *a,
	       struct axis *out, struct err *e)
{
	struct period first = period_of(i->freq, (struct date){ first_year, 1, 1 });
	struct period end = period_of(i->freq, last);
	int64_t span = period_index(end) - period_index(first) + 1;
	struct period *at = arena_array(a, span > 0 ? (size_t)span : 1, sizeof(*at)), p;
	size_t n = 0;

	if (!at)
		return err_set(e, ERR_LIMIT, "%s: no memory for its periods", i->code);
	/* From the period before, since the first one may be an uncollected January. */
	p = indicator_next(i, period_add(first, -1));
	for (; period_index(p) <= period_index(end); p = indicator_next(i, p))
		at[n++] = p;
	*out = (struct axis){ .at = at, .n = n };
	return 0;
}

ssize_t axis_find(const struct axis *x, struct period p)
{
	int64_t want = period_index(p);
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (period_index(x->at[mid]) < want)
			low = mid + 1;
		else
			high = mid;
	}
	return low < x->n && period_index(x->at[low]) == want ? (ssize_t)low : -1;
}

ssize_t axis_year_before(const struct axis *x, size_t i)
{
	struct period p = x->at[i];

	/* 29 February has no equal day a year earlier. */
	if (p.freq == FREQ_DAY && p.last_month == 2 && p.day == 29)
		return -1;
	p.year--;
	return axis_find(x, p);
}

bool axis_starts_year(const struct axis *x, size_t i)
{
	return i == 0 || x->at[i - 1].year != x->at[i].year;
}

bool axis_year(const struct axis *x, int year, size_t *first, size_t *last)
{
	size_t i = 0;

	while (i < x->n && x->at[i].year < year)
		i++;
	*first = i;
	while (i < x->n && x->at[i].year == year)
		i++;
	if (i == *first)
		return false;
	*last = i - 1;
	return x->at[*last].last_month == 12 &&
	       (x->at[*last].freq != FREQ_DAY || x->at[*last].day == 31);
}

bool run_has(const struct run *r, size_t i)
{
	return !isnan(r->value[i]);
}

bool run_linked(const struct run *r, size_t j, size_t i, double *factor)
{
	return breaks_linked(r->measure.breaks, r->measure.nbreaks, r->axis.at[j], r->axis.at[i],
			     factor);
}

int run_months(const struct run *r, size_t i)
{
	const struct period *at = r->axis.at;

	if (at[i].freq == FREQ_DAY)
		return 0;
	if (r->measure.form == FORM_YTD)
		return axis_starts_year(&r->axis, i) ? at[i].last_month
						     : at[i].last_month - at[i - 1].last_month;
	if (r->measure.form == FORM_PERIOD && r->months && r->months[i])
		return r->months[i];
	return period_months(at[i]);
}
