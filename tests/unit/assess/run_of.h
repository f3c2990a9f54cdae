/*
 * run_of.h - a run of figures written down as in a table, for tests of assess/.
 *
 * NONE stands for a missing figure. Months without January start with February, as offices that
 * merge the two publish them.
 */
#ifndef TESTS_UNIT_ASSESS_RUN_OF_H
#define TESTS_UNIT_ASSESS_RUN_OF_H

#include "assess/axis.h"

#include <math.h>

#define NONE NAN

enum { RUN_PLACES = 120 };

struct table {
	struct period at[RUN_PLACES];
	double value[RUN_PLACES];
	uint8_t months[RUN_PLACES];
	struct run run;
};

/* n values from the first collected period of `year` on. */
static inline struct run *run_of(struct table *t, struct measure m, enum freq freq, int year,
				 bool january, const double *v, size_t n)
{
	struct period p = period_of(freq, (struct date){ year, 1, 1 });
	size_t k = 0;

	*t = (struct table){ 0 };
	for (; k < n; p = period_add(period_month(p.year, p.last_month), freq_months(freq))) {
		p = period_of(freq, period_last_day(p));
		if (freq == FREQ_MONTH && !january && p.last_month == 1)
			continue;
		t->at[k] = p;
		t->value[k] = v[k];
		k++;
	}
	t->run = (struct run){
		.axis = { t->at, n },
		.measure = m,
		.value = t->value,
		.months = t->months,
	};
	return &t->run;
}

#define RUN_OF(t, m, freq, year, january, ...)                                                     \
	run_of((t), (m), (freq), (year), (january), (const double[]){ __VA_ARGS__ },               \
	       sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

/* The place of a month (the last one of its period). */
static inline size_t place_of(const struct run *r, int year, int month)
{
	for (size_t i = 0; i < r->axis.n; i++)
		if (r->axis.at[i].year == year && r->axis.at[i].last_month == month)
			return i;
	return (size_t)-1;
}

static const struct measure ytd_up = { .form = FORM_YTD, .direction = DIRECTION_UP };
static const struct measure period_up = { .form = FORM_PERIOD, .direction = DIRECTION_UP };
static const struct measure level_up = { .form = FORM_LEVEL, .direction = DIRECTION_UP };
static const struct measure growth_up = {
	.form = FORM_GROWTH, .direction = DIRECTION_UP, .intensive = true, .ratio = true
};

#endif
