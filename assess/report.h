/*
 * report.h - whether a unit's figures are in, awaited or late. Private to assess/.
 *
 * A pure function over the axis of an indicator; docs/methods.md says which periods are
 * expected of a unit and why.
 */
#ifndef ASSESS_REPORT_H
#define ASSESS_REPORT_H

#include "assess/assess.h"
#include "assess/axis.h"

enum report_in {
	IN_MISSING,
	IN_UNRELEASED, /* received, nobody may see it yet */
	IN_RETURNED,   /* received and given back */
	IN_RELEASED,
};

struct reports {
	const struct axis *axis;
	const uint8_t *in;  /* enum report_in, by place */
	const bool *valid;  /* unit and indicator existed at the end of the period, by place */
	ssize_t ended, due; /* newest ended and newest due place, -1: none */
	unsigned window;    /* due periods that are looked at */
	bool declared;      /* the catalogue says from when the indicator is collected */
	bool earlier;       /* something was reported before the axis begins */
};

struct report_result {
	enum report_state state;
	ssize_t missing; /* oldest missing due place, -1 */
	ssize_t newest;  /* newest ended place that is owed, -1 */
};

/* The first place of the window of due ones. */
ssize_t report_window(ssize_t due, unsigned window);

/* Whether the unit should have reported the period of place i by its due time. */
bool report_expected(const struct reports *r, ssize_t i);

struct report_result report_judge(const struct reports *r);

#endif
