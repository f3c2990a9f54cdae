/*
 * figures.h - the simulated figures of the example city.
 *
 * A SIMULATION: no real park is described. Sizes follow published anchors of
 * Henan's industrial parks (2012 average of 180 parks: investment 56 亿元, revenue
 * 137 亿元, 16,700 employees; docs of the city name them), the year's course
 * follows the shipped provincial profile.
 *
 * Every figure is a pure function of (unit, indicator, period), so each run and
 * each office gives the same ones, for any day of any year.
 */
#ifndef EXAMPLES_CITY_FIGURES_H
#define EXAMPLES_CITY_FIGURES_H

#include "catalogue/catalogue.h"

#include <stdio.h>

/* The parts that units of class park play, by their place among the parks. */
enum part {
	PART_PLAIN,
	PART_LAGS,     /* reaches about three quarters of its targets */
	PART_LATE,     /* owes the newest due month */
	PART_CORRECTS, /* corrects one figure after a while */
	PART_GBK,      /* hands in GBK files, one row of them broken */
};

enum part figure_part(const struct catalogue *c, const struct unit *u);

/* The figure as its office writes it, in the indicator's native measure. `corrected`: the value
 * after the correction, which differs for one figure only. */
void figure_text(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		 struct period p, bool corrected, char out[32]);

/* The one figure that is corrected: this indicator's newest due period of the unit whose part it
 * is. */
bool figure_is_corrected(const struct catalogue *c, const struct unit *u, const struct indicator *i,
			 struct period p, int64_t now_ms);

/* Whether the unit has handed the period in by now: the newest due one and older; the late one owes
 * its newest month. */
bool figure_is_in(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		  struct period p, int64_t now_ms);

/* First month of the simulated history at `now_ms`: January, four years before. */
struct period figure_first(const struct indicator *i, const struct catalogue *c, int64_t now_ms);

/* Targets of flows for the years around `now_ms` that the catalogue does not have, as YAML. */
int figures_write_targets(const struct catalogue *c, int64_t now_ms, FILE *to);

#endif
