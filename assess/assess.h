/*
 * assess.h - what the figures mean: growth, attainment, schedule, pace, lights, lateness, ranks.
 *
 * An assessment is a pure function of (snapshot, catalogue, as-of, options). It is
 * worked out in a job, then immutable and reference-counted; any thread may
 * read one it holds. Nothing of it is stored: it can always be worked out again.
 *
 * Formulas and their sources: docs/methods.md. L is a year-to-date level, T the
 * year's target, m a month.
 *
 *   period value     p(m) = L(m) - L(m-1), p(1) = L(1); not clipped when negative
 *   growth yoy       p(t) / p(t - 1 year) - 1, none while either is missing or the base is <= 0
 *   growth ytd       L(t) / L(t - 1 year) - 1
 *   attainment       a = L / T
 *   schedule         s(m): share of the year that should be reached
 *   pace             a / s
 *
 * The period that is judged is the newest closed one of each indicator, the same
 * for all units: closed when every unit due has reported it, at the latest when
 * the grace is over. So no table mixes months.
 */
#ifndef ASSESS_ASSESS_H
#define ASSESS_ASSESS_H

#include "catalogue/catalogue.h"
#include "storage/store.h"

/* What became of the report of one period. Of a figure as a whole (struct figure) these say how its
 * reporting stands, but for confirmed_zero and released. */
enum report_state {
	REPORT_NOT_COLLECTED,  /* not owed by this unit; figure: nothing owed has ended */
	REPORT_NOT_DUE,        /* has not ended; figure: the newest ended period is in */
	REPORT_DUE,            /* ended, awaited and not yet due; figure: and all before is in */
	REPORT_LATE,           /* due and missing; figure: such a period is among the last ones */
	REPORT_RECEIVED,       /* in, waits for its release */
	REPORT_RETURNED,       /* was in and given back */
	REPORT_REJECTED,       /* what came was refused, and nothing good came since */
	REPORT_CONFIRMED_ZERO, /* released: nothing, and somebody says so */
	REPORT_SUPPRESSED,     /* in, its value kept secret; figure: the newest ended period is */
	REPORT_RELEASED,
	REPORT_STATES
};

/* One ended or newly begun period of an indicator, the same for all units. */
struct report_period {
	struct period period;
	int64_t end_ms, due_ms, grace_ms; /* it is over; due; due with grace */
};

enum delivery_mark {
	DELIVERY_EXPECTED = 1 << 0, /* the unit owes it (docs/methods.md, "Reports") */
	DELIVERY_ZERO = 1 << 1,     /* the newest visible figure is a confirmed zero */
	DELIVERY_RETURNED = 1 << 2, /* what came last and was not released was given back */
	/* What came last was refused by a check (storage/refused.h). It is not in: it counts as
	 * missing, and as late once it is due. */
	DELIVERY_REJECTED = 1 << 3,
	DELIVERY_SUPPRESSED = 1 << 4, /* what is visible, or else what came last, has no value */
	/* History: it was due before anybody here was listening, or asking. Whether it was reported
	 * in time is not known, so it counts neither way. */
	DELIVERY_BACKFILLED = 1 << 5,
};

/* What a unit handed in for one period. Times 0: it did not happen by the time assessed. */
struct delivery {
	int64_t first_ms;    /* the first vintage arrived; corrections do not move it */
	int64_t released_ms; /* the first one could be seen */
	unsigned marks;      /* enum delivery_mark */
	int64_t last_ms;     /* the last vintage arrived */
	/* Of DELIVERY_REJECTED: the last refusal, why, and the submission it came with. */
	int64_t refused_ms;
	const char *refused_why;
	uint64_t refused_submission;
};

/* The state at a time. Of later times than the one assessed only the due times speak. */
enum report_state delivery_state(const struct report_period *p, const struct delivery *d,
				 int64_t at_ms);
/* It is owed, was due by then and is no history: it counts in the on-time ratio. */
bool delivery_counts(const struct report_period *p, const struct delivery *d, int64_t at_ms);
bool delivery_on_time(const struct report_period *p, const struct delivery *d);

enum light { LIGHT_NONE, LIGHT_GREEN, LIGHT_WATCH, LIGHT_YELLOW, LIGHT_RED };

enum schedule_source {
	SCHEDULE_NONE,
	SCHEDULE_SPLIT,      /* the target's own monthly split */
	SCHEDULE_OWN,        /* the unit's history, shrunk to its peers' */
	SCHEDULE_PEERS,      /* the peers' alone */
	SCHEDULE_PROVINCIAL, /* the shipped provincial profile */
	SCHEDULE_LINEAR,     /* m/12, because the target says so */
};

struct assess_options {
	double green, watch, yellow; /* pace from which the light is so; 1, 0.95, 0.85 */
	double red_at_once;          /* below this one release is enough for red; 0.7 */
	int red_from_month;          /* no red before this month's release; 3 */
	unsigned history_years;      /* for own profiles; 3 */
	double shrink;               /* weight of the peers in years of own history; 2 */
	unsigned report_periods; /* due periods looked at for missing ones and on-time ratios; 12 */
};

void assess_options_init(struct assess_options *o); /* the defaults above */

/* One unit × indicator that should report. */
struct figure {
	const struct unit *unit;
	const struct indicator *indicator;
	const struct labels *labels; /* of the reported series; the assessment holds it */

	/* reporting */
	enum report_state state;
	struct period due;     /* newest period whose due time has passed */
	int64_t due_ms;        /* when it was due */
	struct period missing; /* oldest missing due period of the window; freq NONE when none */
	double late_hours; /* working hours: since `missing` was due, while late; else of the newest
			    * due period's arrival after its due time, 0 when on time */

	/* by the periods of the indicator's summary, as many */
	const struct delivery *deliveries;

	/* the newest released value */
	bool has_value;
	struct period period; /* of the value (months it covers included) */
	double value;
	int64_t stamp_ms, received_ms, known_from_ms;
	uint64_t submission;
	unsigned vintages; /* releases of that period so far */
	unsigned flags;    /* enum figure_flag */
	bool current;      /* it holds: the next one is not due plus grace yet */

	/* the judged (newest closed) period; each has_ tells whether there is an answer */
	struct period judged; /* freq NONE: none closed yet */
	bool has_judged;      /* this unit's figure of it is there */
	double judged_value;
	bool has_period_value, has_growth_yoy, has_growth_ytd, has_attainment, has_schedule,
		has_pace;
	double period_value;
	int period_months;     /* covered by period_value: 2 for January-February */
	bool implied_revision; /* the period value came out negative from a falling year-to-date */
	double growth_yoy, growth_ytd;
	bool growth_yoy_linked, growth_ytd_linked; /* across a break, by its factor: derived */
	const struct target *target;
	double attainment, schedule, pace;
	enum schedule_source schedule_source;
	bool has_previous_pace;
	double previous_pace; /* at the release before */
	enum light light;
	unsigned rank, ranked; /* by judged_value within class and league, direction-aware, 1,2,2,4;
				  0: none */
};

/* Reports that were due in the window, and those of them that came no later. */
struct punctuality {
	unsigned due, on_time;
};

/* What one unit adds up to, over its indicators with a target. */
struct unit_summary {
	const struct unit *unit;
	unsigned lights[5]; /* by enum light */
	enum light worst;
	unsigned with_pace;
	double mean_pace;               /* unweighted, over with_pace */
	unsigned late;                  /* figures late */
	double late_hours;              /* the largest */
	struct punctuality punctuality; /* of the reports it owes */
	unsigned rank, ranked;          /* by mean_pace within class and league, 0: no pace */
	const char *league;
};

/* Who answers for an indicator, mostly a department: of all its units' reports of the indicators it
 * answers for and of those it owes itself. */
struct owner_summary {
	const struct unit *unit;
	struct punctuality punctuality;
};

struct indicator_summary {
	const struct indicator *indicator;
	struct period closed; /* freq NONE: none yet */
	int64_t closed_ms;
	unsigned reporting, expected; /* units in for `closed`, units due */
	/* The window: the last due ones (report_periods) and those that have ended since. */
	const struct report_period *periods;
	size_t nperiods;
};

struct assessment {
	int64_t as_of_ms;
	uint64_t catalogue_version;
	const struct figure *figures; /* by indicator, then unit */
	size_t nfigures;
	const struct unit_summary
		*units; /* every unit that reports something, in catalogue order */
	size_t nunits;
	const struct indicator_summary *indicators; /* all, in catalogue order */
	size_t nindicators;
	const struct owner_summary *owners; /* in catalogue order */
	size_t nowners;
	unsigned report_periods;
};

/* Reads what it needs of the snapshot. as_of: what was known and released then (also "now" for due
 * times). ERR_CORRUPT of single figures leaves those out and is counted. */
struct assessment *assess_run(struct snapshot *v, struct catalogue *c, int64_t as_of_ms,
			      const struct assess_options *o, struct err *e);
struct assessment *assessment_ref(struct assessment *a);
void assessment_unref(struct assessment *a);
struct catalogue *assessment_catalogue(const struct assessment *a); /* borrowed */
/* NULL when the unit answers for no indicator. */
const struct owner_summary *assessment_owner(const struct assessment *a, const struct unit *u);

const char *light_name(enum light l);               /* "green", … "none" */
const char *report_state_name(enum report_state s); /* "late", … */
/* REPORT_STATES when there is no such state. */
enum report_state report_state_parse(struct slice name);
const char *schedule_source_name(enum schedule_source s); /* "split", … */

/* The derived quantities as families of series, for /metrics and recording: calls `each` with the
 * family name ("park_pace_ratio"), its help, labels and value. Lights and states come as one series
 * per figure with the state as label and value 1. Stops and returns -1 when each does. */
int assessment_series(const struct assessment *a,
		      int (*each)(void *ctx, const char *family, const char *help,
				  const struct label *l, size_t n, double v, struct err *e),
		      void *ctx, struct err *e);

#endif
