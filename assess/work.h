/*
 * work.h - what one assessment holds while it is worked out. Private to assess/.
 *
 * One indicator at a time: read.c fills the subjects (its units) from the snapshot, judge.c
 * turns them into figures. Everything here lives in the scratch arena and is gone with the
 * next indicator; labels go to the figures and stay. One thread.
 */
#ifndef ASSESS_WORK_H
#define ASSESS_WORK_H

#include "assess/assess.h"
#include "assess/axis.h"

/* One unit of the indicator at hand. */
struct subject {
	struct figure *f;
	struct run run; /* of the two arrays below */
	double *value;
	uint8_t *months;
	const struct vintage **seen; /* by place; NULL: not visible; suppressed ones too */
	bool *valid;                 /* by place: unit_owes() */
	uint8_t *in;                 /* enum report_in, by place */
	struct delivery *deliveries; /* by place from work's `window` on; the figure keeps them */
	bool stored;                 /* the store has such a series */
	bool earlier;                /* it has figures before the axis */
	int64_t first_ms;            /* the first figure of all arrived; 0: none did */
	uint32_t series;
};

struct late_memo {
	int64_t from_ms, to_ms; /* both 0: nothing remembered */
	double hours;
};

/* Whether a submission was given back by the time assessed. */
struct returned_memo {
	uint64_t submission; /* 0: nothing remembered */
	bool returned;
};

struct work {
	struct snapshot *v;
	struct catalogue *c;
	const struct assess_options *o;
	int64_t as_of_ms;
	int64_t listening_ms; /* the store's first submission came; 0: not known */
	struct date today;
	struct view view;
	struct arena *scratch;
	struct arena *keep; /* the assessment's */

	const struct indicator *indicator;
	struct axis axis;
	ssize_t ended, due; /* places; -1: none on the axis */
	size_t window;      /* place of the first period of the reports looked at … */
	struct report_period *periods;
	int64_t *stamps; /* of their figures */
	size_t nperiods; /* … and how many there are */
	struct subject *subjects;
	size_t nsubjects;
	struct late_memo late;
	struct returned_memo returned;
};

/* Axis, ended, due and periods of reports of w->indicator. */
int work_axis(struct work *w, struct err *e);

/* Whether the unit reports the indicator now, or did when the newest periods ended. */
bool work_concerns(const struct work *w, const struct unit *u);

/* Reads the figures of w->subjects[..].f->unit. */
int work_read(struct work *w, struct subject *s, struct err *e);

/* The first part of it: labels (one reference, to f->labels), arrays, and what is visible along the
 * axis. */
int work_read_run(struct work *w, struct subject *s, struct err *e);

/* Gives a unit that succeeds others their summed values in the years before its own. */
int work_inherit(struct work *w, struct subject *s, struct err *e);

/* When somebody could first see the figure. */
int work_first_visible(struct work *w, const struct subject *s, size_t place, int64_t *ms,
		       struct err *e);

/* Closes a period and fills all figures and the summary of the indicator. */
int work_judge(struct work *w, struct indicator_summary *sum, struct err *e);

#endif
