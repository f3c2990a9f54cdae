/*
 * edits_series.c - a figure and the past of its own series. See edits.h.
 *
 * A slip of the unit is looked for against the median of the last figures, which one odd
 * figure among them does not move. Figures since New Year grow from month to month; so of them the
 * mean of a month, L(m) / m, is compared, which leaves a factor of about two for the season. With
 * fewer than RECENT_MIN figures the last one has to do, of a new year's first figure the same
 * period a year before.
 */
#include "collectors/edits.h"

#include <math.h>

/* A tenth on either side of a power of ten is growth; beyond 0.8 · 10³ nothing grows. */
static const double slip_hard = 800, slip_ten_low = 8, slip_ten_high = 12.5;

bool edit_range(struct edits *w, const struct series *s, struct figure *f)
{
	const struct indicator *i = s->indicator;
	bool low = i->has_min && f->value < i->min, high = i->has_max && f->value > i->max;
	char value[NUM_TEXT], bound[NUM_TEXT], shown[MEASURED_TEXT];
	struct failure x;

	if ((!low && !high) || !edit_is_on(i, EDIT_RANGE))
		return true;
	num_print(f->value, value);
	num_print(low ? i->min : i->max, bound);
	failure_init(w, &x, EDIT_RANGE, s, f);
	x.bound = low ? i->min : i->max;
	failure_en(&x, "%s is %s than %s allowed", value, low ? "less" : "more", bound);
	failure_zh(&x, "，%s允许的%s %s", low ? "低于" : "高于", low ? "下限" : "上限",
		   measured(i, x.bound, shown));
	return !failure_decide(w, &x);
}

/* --- slips of the unit ------------------------------------------------------------------- */

/* The last month of a period. */
static int month_of(enum freq freq, int64_t index)
{
	uint32_t k = (uint32_t)index;

	/* Asked a dozen times for each figure of a document: of the years that have figures the
	 * index is positive, and dividing by what is known is no division. */
	if (index >= 0 && index <= UINT32_MAX) {
		if (freq == FREQ_MONTH)
			return (int)(k % 12) + 1;
		if (freq == FREQ_QUARTER)
			return (int)(k % 4 + 1) * 3;
	}
	return period_from_index(freq, index).last_month;
}

/* What is compared of a figure: of one since New Year the mean of its months. */
static double pace_of(const struct indicator *i, int64_t index, double value)
{
	return i->form == FORM_YTD ? fabs(value) / month_of(i->freq, index) : fabs(value);
}

struct measure_of_past {
	double ratio;  /* 0: nothing to compare with */
	double than;   /* the value or the median */
	size_t n;      /* figures of the median; 0: a single one … */
	int64_t index; /* … of this period */
};

/* Nothing near the smallest and the largest of them is a slip against what lies between. */
static bool is_near_all(double now, const double *x, size_t n)
{
	double low = x[0], high = x[0];

	for (size_t i = 1; i < n; i++) {
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
	}
	return low > 0 && now < slip_ten_low * low && slip_ten_low * now > high;
}

/* Once for each figure of a document, so without a call for each comparison. */
static double median_of_few(double *x, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		double v = x[i];
		size_t k = i;

		for (; k > 0 && x[k - 1] > v; k--)
			x[k] = x[k - 1];
		x[k] = v;
	}
	return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static bool by_median(const struct series *s, const struct figure *f, const struct recent *r,
		      struct measure_of_past *out)
{
	double pace[RECENT_MAX], now;
	size_t m = 0;

	for (size_t k = 0; k < r->n; k++)
		if (r->points[k].value != 0)
			pace[m++] = pace_of(s->indicator, r->points[k].index, r->points[k].value);
	if (m < RECENT_MIN)
		return false;
	out->n = m;
	out->ratio = 1;
	now = pace_of(s->indicator, f->index, f->value);
	if (is_near_all(now, pace, m))
		return true;
	out->than = median_of_few(pace, m);
	out->ratio = now / out->than;
	return true;
}

/* The last figure; of a new year's first one since New Year, that of a year before. */
static int by_last(struct edits *w, struct series *s, const struct figure *f,
		   const struct recent *r, struct measure_of_past *out, struct err *e)
{
	const struct indicator *i = s->indicator;
	struct point than = { 0 };
	bool found = r->n > 0;

	if (found)
		than = r->points[0];
	if (i->form == FORM_YTD && i->freq != FREQ_DAY &&
	    !(found && period_from_index(i->freq, than.index).year == f->year)) {
		if (edits_point(w, s, f->index - freq_per_year(i->freq), &than, e) < 0)
			return -1;
		found = than.found;
	}
	if (!found || than.value == 0)
		return 0;
	out->than = than.value;
	out->index = than.index;
	out->ratio = fabs(f->value / than.value);
	return 0;
}

/* A factor of ten is told from growth by a median only, and never for certain. */
static enum edit_rule slip_rule(const struct indicator *i, const struct measure_of_past *m)
{
	double up = m->ratio < 1 ? 1 / m->ratio : m->ratio;

	if (up >= slip_hard)
		return (enum edit_rule)i->edits[EDIT_UNIT_SLIP];
	return m->n && up >= slip_ten_low && up <= slip_ten_high ? EDIT_SOFT : EDIT_OFF;
}

static bool say_slip(struct edits *w, const struct series *s, struct figure *f,
		     const struct measure_of_past *m, enum edit_rule rule)
{
	const struct indicator *i = s->indicator;
	char mine[NUM_TEXT], theirs[NUM_TEXT], period[PERIOD_TEXT], shown[MEASURED_TEXT];
	double sign = !m->n && f->value / m->than < 0 ? -1 : 1;
	struct failure x;

	num_print(f->value, mine);
	num_print(m->than, theirs);
	failure_init(w, &x, EDIT_UNIT_SLIP, s, f);
	x.bound = m->than;
	measured(i, m->than, shown);
	if (m->n) {
		failure_en(&x, "%s is%s %.5g times the median %s of its last %zu figures", mine,
			   i->form == FORM_YTD ? ", by the month," : "", m->ratio, theirs, m->n);
		failure_zh(&x, "，%s为此前 %zu 期中位数 %s 的 %.5g 倍",
			   i->form == FORM_YTD ? "按月平均" : "", m->n, shown, m->ratio);
	} else {
		failure_en(&x, "%s is %.5g times %s of %s", mine, sign * m->ratio, theirs,
			   period_print(period_from_index(i->freq, m->index), period));
		failure_zh(&x, "，为%s %s 的 %.5g 倍",
			   period_print_zh(period_of_index(i, m->index), period), shown,
			   sign * m->ratio);
	}
	failure_en(&x, "; is it in another measure than the header says?");
	failure_zh(&x, "，是否计量单位填错");
	return !failure_decide_as(w, &x, rule);
}

/* 1: no slip. 0: refused. */
static int edit_slip(struct edits *w, struct series *s, struct figure *f, const struct recent *r,
		     struct err *e)
{
	struct measure_of_past m = { 0 };
	enum edit_rule rule;

	if (!s->indicator->unit_slip || !edit_is_on(s->indicator, EDIT_UNIT_SLIP) || f->value == 0)
		return 1;
	if (!by_median(s, f, r, &m) && by_last(w, s, f, r, &m, e) < 0)
		return -1;
	rule = m.ratio > 0 ? slip_rule(s->indicator, &m) : EDIT_OFF;
	return rule == EDIT_OFF || say_slip(w, s, f, &m, rule);
}

/* --- the one before ---------------------------------------------------------------------- */

static bool comparable(const struct indicator *i, const struct figure *f, int64_t then,
		       double *factor)
{
	return breaks_linked(i->breaks, i->nbreaks, period_from_index(i->freq, then),
			     period_from_index(i->freq, f->index), factor);
}

/* False: refused. */
static bool edit_fall(struct edits *w, const struct series *s, struct figure *f,
		      const struct point *b)
{
	const struct indicator *i = s->indicator;
	char mine[NUM_TEXT], theirs[NUM_TEXT], period[PERIOD_TEXT], shown[MEASURED_TEXT];
	struct period then;
	struct failure x;
	double factor;

	/* The margin of ten months may well be below that of nine. */
	if (f->value >= b->value || i->form != FORM_YTD || indicator_is_rate(i) ||
	    !edit_is_on(i, EDIT_YTD_FALLS))
		return true;
	then = period_from_index(i->freq, b->index);
	if (then.year != f->year || !comparable(i, f, b->index, &factor) || factor != 1)
		return true;
	num_print(f->value, mine);
	num_print(b->value, theirs);
	failure_init(w, &x, EDIT_YTD_FALLS, s, f);
	x.bound = b->value;
	failure_en(&x, "%s is cumulative, but less than %s of %s", mine, theirs,
		   period_print(then, period));
	failure_zh(&x, "是累计数，却小于%s的 %s",
		   period_print_zh(period_of_index(i, b->index), period),
		   measured(i, b->value, shown));
	return !failure_decide(w, &x);
}

/* False: refused. */
static bool edit_level(struct edits *w, const struct series *s, struct figure *f,
		       const struct point *b)
{
	const struct indicator *i = s->indicator;
	char mine[NUM_TEXT], theirs[NUM_TEXT], period[PERIOD_TEXT], shown[MEASURED_TEXT];
	struct failure x;
	double factor, base, change;

	if (!i->level_change || !edit_is_on(i, EDIT_RATIO) || !comparable(i, f, b->index, &factor))
		return true;
	base = b->value * factor;
	/* Of nothing there is no per cent; a change of sign is more than any. */
	change = base == 0 ? 0 : f->value / base - 1;
	if (fabs(f->value - base) <= i->level_change * fabs(base) * (1 + 1e-12) || base == 0)
		return true;
	num_print(f->value, mine);
	num_print(base, theirs);
	failure_init(w, &x, EDIT_RATIO, s, f);
	x.bound = base;
	failure_en(&x, "%s is %+.4g %% against %s of %s; up to %.4g %% is usual", mine,
		   change * 100, theirs, period_print(period_from_index(i->freq, b->index), period),
		   i->level_change * 100);
	failure_zh(&x, "，比%s的 %s 变动 %+.4g%%，超过 ±%.4g%%",
		   period_print_zh(period_of_index(i, b->index), period), measured(i, base, shown),
		   change * 100, i->level_change * 100);
	return !failure_decide(w, &x);
}

int edits_of_series(struct edits *w, struct series *s, struct figure *f, struct err *e)
{
	const struct indicator *i = s->indicator;
	struct recent r;
	int rc;

	if (!edit_range(w, s, f))
		return 0;
	if (!i->unit_slip && i->form != FORM_YTD && !i->level_change)
		return 1;
	if (edits_past(w, s, e) < 0)
		return -1;
	edits_recent(w, s, f, i->unit_slip ? RECENT_MAX : 1, &r);
	rc = edit_slip(w, s, f, &r, e);
	if (rc <= 0 || !r.n)
		return rc;
	return edit_fall(w, s, f, &r.points[0]) && edit_level(w, s, f, &r.points[0]);
}
