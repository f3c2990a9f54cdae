/*
 * catalogue.h - what exists: units, indicators, targets, and when figures are due.
 *
 * Loaded from YAML files (docs/catalogue.md has the keys), checked as a whole,
 * then immutable and reference-counted: a reload makes a new catalogue and the
 * old one lives until its last reader is done. Any thread may read one it holds.
 *
 * Identifiers never change. Names, type, county and league are dated: each is a
 * list of values with the day from which it holds. Everything has a validity
 * from..to (both days included; year 0 means open).
 */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include "base/diag.h"
#include "base/labels.h"
#include "base/num.h"
#include "base/period.h"
#include "base/workdays.h"

struct catalogue;

enum unit_class {
	UNIT_PARK,     /* 产业集聚区 */
	UNIT_PRO_PARK, /* 专业园区 */
	UNIT_COUNTY,
	UNIT_ZONE, /* a development zone that reports as a county does */
	UNIT_DEPARTMENT,
	UNIT_CITY,
	UNIT_CONFERENCE,
	UNIT_PROJECT,
	UNIT_CLASSES
};

struct validity {
	struct date from, to; /* year 0: open */
};

struct dated_text {
	struct date from; /* year 0: since ever */
	const char *text;
};

struct unit {
	const char *id; /* [a-z0-9_-]{1,64} */
	enum unit_class class;
	const struct dated_text *names, *counties, *types, *leagues; /* by date, oldest first */
	size_t nnames, ncounties, ntypes, nleagues;
	const char *const *aliases;
	size_t naliases;
	const char *const *succeeds; /* ids of units that became part of this one */
	size_t nsucceeds;
	struct validity valid;
	unsigned index;   /* place in the catalogue */
	const char *file; /* where it was read */
	unsigned line;
};

enum figure_form {
	FORM_PERIOD, /* of the period alone */
	FORM_YTD,    /* cumulative since New Year */
	FORM_LEVEL,  /* at the end of the period */
	FORM_GROWTH, /* a published growth rate, stored as ratio */
};

enum direction { DIRECTION_NONE, DIRECTION_UP, DIRECTION_DOWN, DIRECTION_ZERO };

/* What becomes of a day of the month that is not worked. */
enum roll {
	ROLL_NONE,
	ROLL_NEXT,
	ROLL_PREVIOUS, /* unless that is in the period still: then the next */
};

/* One period of a release list and when it is due, local time. */
struct release_date {
	struct period period;
	struct date day;
	int minute;
};

/* When a period's figures must be in. */
struct release_rule {
	const char *id;
	enum freq freq;
	int working_day; /* the n-th working day after the period … */
	int day;         /* … or this day of the following month; one of the two is 0 */
	enum roll roll;  /* of `day` */
	int due_minute;  /* of that day, local time */
	int grace_working_days;
	bool january; /* false: January is not collected, February covers both */
	/* Periods whose due times are given one by one, rising; the others go by the rule … */
	const struct release_date *dates;
	size_t ndates;
	bool gaps; /* … but between the first and the last of them they are not collected */
};

/* What a reported figure is looked at for; docs/feeds.md. */
enum edit {
	EDIT_RANGE,     /* between min and max */
	EDIT_PART,      /* no more than what it is a part of */
	EDIT_TOTAL,     /* a sum is that of its parts */
	EDIT_UNIT_SLIP, /* written in another measure than the last ones */
	EDIT_YTD_FALLS, /* since New Year, and less than before */
	EDIT_RATIO,     /* a level far from the last one */
	EDIT_PANEL,     /* a change unlike that of its peers */
	EDIT_GROWTH,    /* a published growth rate unlike the ratio of levels */
	EDITS
};

enum edit_rule { EDIT_OFF, EDIT_SOFT, EDIT_HARD }; /* soft: kept, but doubted; hard: refused */

const char *edit_name(enum edit e); /* "range", "part", … as in the catalogue's files */

enum break_reason { BREAK_CLASSIFICATION, BREAK_THRESHOLD };

/* From that day on the figures are of another kind than before. */
struct series_break {
	struct date from;
	enum break_reason reason;
	double factor; /* a figure before it times this is on the new base; 0: nobody knows */
};

struct indicator {
	const char *code; /* with unit suffix: industrial_value_added_yuan */
	const char *name; /* 规上工业增加值 */
	const char *name_en;
	const char *const *aliases;
	size_t naliases;
	const char *measure;    /* native unit as reported: 亿元, %, 亩 */
	struct num_scale scale; /* from the native unit to the base unit in the code */
	enum freq freq;
	enum figure_form form;
	const char *basis; /* label: "period", "ytd" or "level" */
	enum direction direction;
	const char *owner; /* id of the department that answers for it; may be NULL */
	const struct release_rule *release;
	bool preliminary; /* figures before the period's end are taken */
	bool has_min, has_max;
	double min, max; /* in the base unit */
	bool unit_slip;  /* check against a slip of the unit (×10⁴) */
	const struct indicator *part_of, *growth_of; /* NULL: none */
	const struct indicator *const *sum_of;
	size_t nsum_of;
	bool referred;                     /* others are held against it */
	double level_change;               /* 0.5: within ±50 % of the last level; 0: any */
	const struct series_break *breaks; /* oldest first */
	size_t nbreaks;
	uint8_t edits[EDITS];           /* enum edit_rule */
	const enum unit_class *classes; /* who reports it; nclasses 0: parks */
	size_t nclasses;
	struct validity valid;
	unsigned index;
	const char *file;
	unsigned line;
};

struct target {
	const struct unit *unit;
	const struct indicator *indicator;
	int year;
	double value; /* whole year, base unit */
	bool has_split;
	double split[12];   /* cumulative to the end of each month, base unit; the last is value */
	bool linear;        /* the target itself asks for m/12 */
	struct date set_on; /* when it was set; a later one replaces it from then on */
	const char *file;
	unsigned line;
};

/* Seasonal share of the year reached by the end of month m, shares[11] = 1. */
struct profile {
	const char *id;
	const char *source;
	double shares[12];
};

struct catalogue_options {
	struct zone *zone; /* taken, also on failure */
	struct work_hours hours;
};

/* Reads all files; every mistake of all of them is added to `d`. NULL when there was one. One
 * reference. */
struct catalogue *catalogue_load(const char *const *paths, size_t n,
				 const struct catalogue_options *o, struct diags *d);
struct catalogue *catalogue_ref(struct catalogue *c);
void catalogue_unref(struct catalogue *c);

/* XXH3 of all that was read, for provenance. */
uint64_t catalogue_version(const struct catalogue *c);
const struct zone *catalogue_zone(const struct catalogue *c);
const struct workdays *catalogue_workdays(const struct catalogue *c);
struct work_hours catalogue_hours(const struct catalogue *c);

/* --- look-up ------------------------------------------------------------------- */

size_t catalogue_units(const struct catalogue *c);
const struct unit *catalogue_unit_at(const struct catalogue *c, size_t i); /* in file order */
const struct unit *catalogue_unit(const struct catalogue *c, struct slice id);
/* By id, any name it had or has, or alias; names are compared as text_key() does. A name that two
 * units bear counts only for the one that bears it on `on`. NULL with ERR_NOT_FOUND ("no unit is
 * called '…'", with the nearest name when one is near), ERR_INVALID (two bear it, or the text is
 * not UTF-8) or ERR_MEMORY, which says nothing of the name. `class` UNIT_CLASSES: any. */
const struct unit *catalogue_find_unit(const struct catalogue *c, struct slice text,
				       enum unit_class class, struct date on, struct err *e);
/* The same without a look for the nearest name, which takes long in a large catalogue: for texts of
 * which there may be as many as rows. */
const struct unit *catalogue_find_unit_plainly(const struct catalogue *c, struct slice text,
					       enum unit_class class, struct date on,
					       struct err *e);
const char *unit_name(const struct unit *u, struct date on);   /* never NULL */
const char *unit_county(const struct unit *u, struct date on); /* "" when none */
const char *unit_type(const struct unit *u, struct date on);
const char *unit_league(const struct unit *u, struct date on);
bool validity_holds(struct validity v, struct date on);
const char *unit_class_name(enum unit_class class); /* "park", "pro_park", … */

size_t catalogue_indicators(const struct catalogue *c);
const struct indicator *catalogue_indicator_at(const struct catalogue *c, size_t i);
const struct indicator *catalogue_indicator(const struct catalogue *c, struct slice code);
/* By code, name or alias; a measure in brackets behind the name is cut off and given back in
 * *measure ("固定资产投资(万元)" → 万元; empty when none). Errors as for units. */
const struct indicator *catalogue_find_indicator(const struct catalogue *c, struct slice text,
						 struct slice *measure, struct err *e);
const struct indicator *catalogue_find_indicator_plainly(const struct catalogue *c,
							 struct slice text, struct slice *measure,
							 struct err *e);
bool indicator_reports(const struct indicator *i, enum unit_class class);
/* A rate or a ratio of two quantities, as the unit in the code says (_ratio, or with _per_): its
 * figures cannot be added or subtracted, and one "since New Year" may fall. */
bool indicator_is_rate(const struct indicator *i);

/* Whether a figure of `then` can be compared with one of `now`, later: no break lies between the
 * last days of the two, or all that do have a factor. *factor puts the older one on the base of the
 * newer; 1 without a break. */
bool breaks_linked(const struct series_break *b, size_t n, struct period then, struct period now,
		   double *factor);

/* Factor from a measure as offices write it (亿元, 万元, 万人, %, ‰, 亩, 万平方米, 公里 …) to its
 * base unit, whose suffix comes back ("yuan", "square_meters", "ratio", "" for plain counts).
 * ERR_NOT_FOUND, or ERR_MEMORY, which says nothing of the measure. */
int measure_find(struct slice measure, struct num_scale *scale, const char **base, struct err *e);

/* The target in force on `as_of`; NULL when none. */
const struct target *catalogue_target(const struct catalogue *c, const struct unit *u,
				      const struct indicator *i, int year, struct date as_of);
size_t catalogue_targets(const struct catalogue *c);
const struct target *catalogue_target_at(const struct catalogue *c, size_t i);

/* The profile of that id, or the shipped provincial one for NULL. */
const struct profile *catalogue_profile(const struct catalogue *c, const char *id);

/* --- series -------------------------------------------------------------------- */

/* Labels of the reported statistic: <class>_<code>{<class>=<id>, freq, basis}. Interned, one
 * reference. */
struct labels *catalogue_series(const struct unit *u, const struct indicator *i, struct err *e);

/* The indicator whose figures are this family (<class>_<code>); NULL when it is none of ours. */
const struct indicator *catalogue_family(const struct catalogue *c, struct slice metric);

/* --- calendar -------------------------------------------------------------------- */

/* Whether figures of this single period exist at all (January may not). */
bool indicator_collects(const struct indicator *i, struct period p);
/* The period as collected: February of an indicator without January covers two months when its form
 * is FORM_PERIOD; else p itself. */
struct period indicator_period(const struct indicator *i, struct period p);
/* Whether the unit reports this period: its class does, and unit and indicator existed on the
 * period's last day. */
bool unit_owes(const struct unit *u, const struct indicator *i, struct period p);
/* The collected period after / before p. */
struct period indicator_next(const struct indicator *i, struct period p);
struct period indicator_previous(const struct indicator *i, struct period p);

int64_t catalogue_due(const struct catalogue *c, const struct indicator *i, struct period p);
/* Due plus grace: the end of the grace_working_days-th working day's hours after the due day. */
int64_t catalogue_grace_end(const struct catalogue *c, const struct indicator *i, struct period p);
/* The newest collected period that has ended by now. */
struct period catalogue_last_ended(const struct catalogue *c, const struct indicator *i,
				   int64_t now_ms);
/* The newest collected period whose due time has passed. */
struct period catalogue_last_due(const struct catalogue *c, const struct indicator *i,
				 int64_t now_ms);
/* Until when the figure of p is current: the next collected period's due time plus grace. */
int64_t catalogue_holds_until(const struct catalogue *c, const struct indicator *i,
			      struct period p);

/* The figures of one period as they could first be seen: how many, the first and the last. */
struct arrivals {
	uint32_t n;
	int64_t first_ms, last_ms; /* n 0: not set */
};

void arrivals_add(struct arrivals *a, int64_t seen_ms);
/* When the period was closed: the last figure owed was seen (`all` are) or the grace was over,
 * whichever came first, but neither before the first was seen nor before `end_ms`. n > 0. */
int64_t arrivals_closed_ms(const struct arrivals *a, bool all, int64_t grace_ms, int64_t end_ms);

#endif
