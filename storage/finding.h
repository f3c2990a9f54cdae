/*
 * finding.h - a figure that was kept and doubted, and what came of it.
 *
 * What statisticians call a query (质疑, 核实): a soft edit failed, and somebody is asked. One for
 * each series, period, edit and value:
 *
 *     open ──▶ answered ──▶ accepted        by people, with who, when and what they wrote
 *       └──────────┴──────▶ corrected       by a later vintage of the period with another value
 *
 * Nothing of it is overwritten: each step is an event behind the others. A doubt that comes
 * again with the value it had opens nothing, unless that value was corrected since; one that was
 * accepted stays so for ever. Steps of people are entries of the ledger.
 *
 * Public through store.h.
 */
#ifndef STORAGE_FINDING_H
#define STORAGE_FINDING_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	FINDING_TEXT_MAX = 2000,       /* bytes of an answer or acceptance */
	FINDING_BY_MAX = 128,          /* bytes of who wrote it */
	FINDING_EVENTS_MAX = 50,       /* of one; then no more answers are taken */
	FINDINGS_OF_APPEND_MAX = 1000, /* opened by one append; further doubts are counted only */
	FINDINGS_PENDING_MAX = 100000, /* open and answered ones; likewise */
	FINDINGS_SHOWN_MAX = 1000,     /* of one snapshot_findings() */
};

enum finding_state { FINDING_OPEN, FINDING_ANSWERED, FINDING_ACCEPTED, FINDING_CORRECTED };
enum { FINDING_STATES = FINDING_CORRECTED + 1 };

const char *finding_state_name(enum finding_state s); /* "open" */
bool finding_state_parse(struct slice word, enum finding_state *out);
/* Somebody still has to do something. */
static inline bool finding_pends(enum finding_state s)
{
	return s == FINDING_OPEN || s == FINDING_ANSWERED;
}

struct finding_event {
	enum finding_state to; /* never FINDING_OPEN */
	int64_t t_ms;
	const char *by, *text; /* "" when the figures did it */
	uint64_t submission;   /* that corrected it; else 0 */
	uint64_t entry;        /* of the ledger; else 0 */
};

struct finding {
	uint64_t id; /* from 1, without gaps */
	enum finding_state state;
	uint32_t series;
	int64_t stamp_ms, known_from_ms; /* of the vintage that is doubted */
	double value, against;           /* base unit; against NaN: nothing single */
	uint64_t submission;             /* that brought it */
	int64_t opened_ms;
	const char *reason, *unit, *indicator, *freq, *basis, *period;
	const char *source, *owner; /* of the submission */
	const char *text, *text_zh;
	struct finding_event *events;
	size_t nevents;
};

/* Empty texts and 0 are any. */
struct finding_wanted {
	unsigned states; /* bits 1 << state; 0: all */
	struct slice source, owner, unit, indicator, period, reason;
	/* Empty lists are any. */
	const char *const *units, *const *indicators;
	size_t nunits, nindicators;
	uint64_t before; /* ids below */
	size_t limit;    /* 0: FINDINGS_SHOWN_MAX */
};
bool finding_fits(const struct finding *f, const struct finding_wanted *want);

struct finding_act {
	uint64_t finding;
	enum finding_state to; /* FINDING_ANSWERED or FINDING_ACCEPTED */
	int64_t t_ms;
	const char *by;   /* whom it is of; may be "" */
	const char *text; /* an answer has one */
};

/* NULL, or what is wrong with a text of a person: too long, no UTF-8, a control character other
 * than a line feed or tab. */
const char *finding_text_fault(struct slice text, size_t max);

#endif
