/*
 * fn_time.c - the evaluation time, times of points, and parts of dates. Dates are UTC and
 * proleptic Gregorian (days_to_civil of Howard Hinnant's "chrono-compatible low-level date
 * algorithms"), of any year that a double of seconds can say.
 */
#include "query/functions_impl.h"

int call_time(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	double *v = eval_alloc(ev, g->n, sizeof(*v), e);

	(void)call;
	if (!v)
		return -1;
	for (size_t k = 0; k < g->n; k++)
		v[k] = (double)grid_time(g, k) / 1000;
	out->scalar = v;
	return 0;
}

/* --- timestamp() ------------------------------------------------------------------------------ */

struct timed {
	struct vector child;
	struct grid grid;
};

static int timed_row(const struct vector *v, size_t i, struct worker *w, double *out, struct err *e)
{
	const struct timed *t = v->ctx;
	const double *row = vector_row(&t->child, i, w, e);

	if (!row)
		return -1;
	for (size_t k = 0; k < v->width; k++)
		out[k] = is_absent(row[k]) ? row[k] : (double)grid_time(&t->grid, k) / 1000;
	return 0;
}

int call_timestamp(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	const struct node *arg = node_inner(call->call.args[0]);
	struct vector *v = &out->vector;
	struct timed *t;

	if (arg->kind == NODE_SELECTOR) {
		if (eval_selector_see(ev, arg, g, SEE_TIME, v, e) < 0)
			return -1;
		return vector_drop_names(ev, v, e);
	}
	t = arena_new(ev->arena, struct timed);
	if (!t)
		return eval_full(ev, e);
	t->grid = *g;
	if (eval_rows(ev, call->call.args[0], g, &t->child, e) < 0)
		return -1;
	*v = (struct vector){ .n = t->child.n, .width = g->n, .compute = timed_row, .ctx = t };
	v->heads = t->child.heads;
	return vector_drop_names(ev, v, e);
}

/* Samples are kept without the time at which their counter began; where Prometheus has none, it
 * answers nothing, too. */
int call_start_timestamp(struct eval *ev, const struct node *call, const struct grid *g,
			 struct value *out, struct err *e)
{
	double *values;

	(void)call;
	return vector_new(ev, 0, g->n, &out->vector, &values, e);
}

/* --- dates ------------------------------------------------------------------------------------ */

struct date_parts {
	int64_t year, days; /* days: since 1970 */
	int month, day, yday, hour, minute;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int month_days(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

static struct date_parts parts_of(int64_t s)
{
	struct date_parts p = { .days = floor_div(s, 86400) };
	int64_t z = p.days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t left = s - p.days * 86400;

	p.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	p.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	p.year = yoe + era * 400 + (p.month <= 2);
	p.yday = p.day;
	for (int m = 1; m < p.month; m++)
		p.yday += month_days(p.year, m);
	p.hour = (int)(left / 3600);
	p.minute = (int)(left % 3600 / 60);
	return p;
}

struct dates {
	struct vector child;
	double (*part)(const struct date_parts *p);
};

static int dates_row(const struct vector *v, size_t i, struct worker *w, double *out, struct err *e)
{
	const struct dates *d = v->ctx;
	const double *row = vector_row(&d->child, i, w, e);

	if (!row)
		return -1;
	for (size_t k = 0; k < v->width; k++) {
		struct date_parts p;

		out[k] = row[k];
		if (is_absent(row[k]))
			continue;
		if (!(fabs(row[k]) < 9.2e18)) { /* NaN, and what int64_t does not hold */
			out[k] = NAN;
			continue;
		}
		p = parts_of((int64_t)row[k]);
		out[k] = d->part(&p);
	}
	return 0;
}

/* Of vector(time()) when no argument was written. */
static int eval_dates(struct eval *ev, const struct node *call, const struct grid *g,
		      double (*part)(const struct date_parts *p), struct vector *out, struct err *e)
{
	struct dates *d = arena_new(ev->arena, struct dates);

	if (!d)
		return eval_full(ev, e);
	d->part = part;
	if (call->call.nargs > 0) {
		if (eval_vector(ev, call->call.args[0], g, &d->child, e) < 0)
			return -1;
	} else {
		double *now;

		if (vector_new(ev, 1, g->n, &d->child, &now, e) < 0)
			return -1;
		for (size_t k = 0; k < g->n; k++)
			now[k] = (double)grid_time(g, k) / 1000;
		d->child.heads[0].labels = labels_in_arena(ev->arena, NULL, 0);
		if (!d->child.heads[0].labels)
			return eval_full(ev, e);
	}
	*out = (struct vector){ .n = d->child.n, .width = g->n, .compute = dates_row, .ctx = d };
	out->heads = d->child.heads;
	return vector_drop_names(ev, out, e);
}

#define DATE(name, result)                                                                         \
	static double name##_of(const struct date_parts *p)                                        \
	{                                                                                          \
		return (double)(result);                                                           \
	}                                                                                          \
                                                                                                   \
	int call_##name(struct eval *ev, const struct node *call, const struct grid *g,            \
			struct value *out, struct err *e)                                          \
	{                                                                                          \
		return eval_dates(ev, call, g, name##_of, &out->vector, e);                        \
	}

DATE(year, p->year)
DATE(month, p->month)
DATE(day_of_month, p->day)
DATE(day_of_year, p->yday)
DATE(days_in_month, month_days(p->year, p->month))
DATE(hour, p->hour)
DATE(minute, p->minute)
/* 0 is Sunday; 1970 began on a Thursday */
DATE(day_of_week, ((p->days + 4) % 7 + 7) % 7)
