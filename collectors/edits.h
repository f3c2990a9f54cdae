/*
 * edits.h - what the edits of one document share. Private to collectors/.
 *
 *     checks.c        lays figures out by series and time, refuses conflicts, gives what is left
 *     edits_past.c    the figure of a unit, an indicator and a period: of the document or stored
 *     edits_say.c     what an edit that fails means for the figure, in two languages
 *     edits_doubt.c   doubts kept for findings
 *     edits_series.c  a figure and its own past: range, slip of the unit, fall, level
 *     edits_across.c  a figure and others of its unit and period: part, sum, growth
 *     edits_panel.c   a figure and those of its peers
 *     edits_totals.c  a column of a table and its 合计
 */
#ifndef COLLECTORS_EDITS_H
#define COLLECTORS_EDITS_H

#include "collectors/checks.h"

enum {
	SAID_MAX = 512,  /* of a sentence */
	RECENT_MAX = 12, /* figures whose median a slip of the unit is measured by … */
	RECENT_MIN = 3,  /* … when there are so many */
	LOOK_BACK = 24,  /* periods */
	FREQS = 5,
};

/* Stamps of a document, by frequency. */
struct span {
	int32_t first, last; /* period_index() */
	bool any;
};

struct edits {
	struct figures *figures; /* its list by series and time */
	const struct catalogue *catalogue;
	const struct zone *zone;
	const struct history *history; /* NULL: nothing is stored */
	void *at;                      /* the state of the store; NULL: not asked yet */
	struct span spans[FREQS];
	struct batch *batch;
	struct raised *raised; /* doubts so far, by edits as they ran */
	size_t nraised, raised_cap;
};

/* A doubt of a figure that may still be refused. */
struct raised {
	uint32_t series;
	int64_t stamp_ms;
	size_t place; /* in the order they were raised */
	struct doubt doubt;
};

/* --- edits_past.c ----------------------------------------------------------------------- */

/* A figure to hold another one against. */
struct point {
	bool found;
	double value, half;
	int64_t stamp_ms;
	int64_t index;    /* period_index() */
	struct figure *f; /* when it is of this document */
};

void edits_note_span(struct edits *w, enum freq freq, int32_t index);
/* What is stored of the series around the document's periods; looked up once. */
int edits_past(struct edits *w, struct series *s, struct err *e);
/* The figure of that period, from this document, or stored when the document has none. */
int edits_point(struct edits *w, struct series *s, int64_t index, struct point *out, struct err *e);

struct recent {
	struct point points[RECENT_MAX];
	size_t n;
};

/* The newest ones before `f`, of this document and stored, newest first, at most `max`. */
void edits_recent(struct edits *w, const struct series *s, const struct figure *f, size_t max,
		  struct recent *out);
void edits_close(struct edits *w);

/* --- edits_doubt.c ---------------------------------------------------------------------- */

struct failure;
/* A soft edit failed: somebody will be asked, if the figure stays. */
void edits_doubt(struct edits *w, const struct failure *x, const char *reason);
/* Lays doubts out as figures are: by series, then time. */
void edits_sort_doubts(struct edits *w);
/* Those of a figure that was given to the batch just now; *next goes on from figure to figure. */
int edits_give_doubts(struct edits *w, const struct figure *f, size_t *next, struct err *e);

/* --- edits_say.c ------------------------------------------------------------------------ */

/* An edit that a figure fails. */
struct failure {
	enum edit edit;
	struct figure *f;
	const struct series *series;
	double bound; /* what it was held against, for the finding */
	char zh[SAID_MAX], en[SAID_MAX];
};

/* False when the edit is off for the indicator. */
bool edit_is_on(const struct indicator *i, enum edit edit);
/* Begins the sentences with unit, indicator and period. */
void failure_init(struct edits *w, struct failure *x, enum edit edit, const struct series *s,
		  struct figure *f);
void failure_zh(struct failure *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void failure_en(struct failure *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Doubts the figure or dooms it, as the catalogue has it for the edit, and says so. True when it is
 * refused. */
bool failure_decide(struct edits *w, struct failure *x);
/* The same with a rule of its own. */
bool failure_decide_as(struct edits *w, struct failure *x, enum edit_rule rule);
/* The same, said at the place of another cell. */
bool failure_decide_at(struct edits *w, struct failure *x, enum edit_rule rule,
		       const struct figure *place);
/* The same fate for another figure, without a sentence. */
void failure_share(struct edits *w, struct figure *f, enum edit edit, enum edit_rule rule);

/* In the indicator's measure, for people: "12.3亿元". */
enum { MEASURED_TEXT = 128 };
const char *measured(const struct indicator *i, double value, char out[MEASURED_TEXT]);

struct period period_of_index(const struct indicator *i, int64_t index);

/* --- the edits --------------------------------------------------------------------------- */

/* False: refused. */
bool edit_range(struct edits *w, const struct series *s, struct figure *f);
/* 1: it may stay. 0: refused. The series' earlier figures have been looked at before. */
int edits_of_series(struct edits *w, struct series *s, struct figure *f, struct err *e);
int edits_across(struct edits *w, struct figure *f, struct err *e);
int edits_panel(struct edits *w, struct err *e);
/* Before the figures are laid out: in the order of the document. */
int edits_totals(struct edits *w, struct err *e);

/* --- numerics ---------------------------------------------------------------------------- */

/* Half a unit of the last decimal of a value that is known without its text: as written shortest
 * in the indicator's measure, at most half a whole one. */
double shown_half(const struct indicator *i, double value);

struct hb_options {
	double u;     /* exponent of the size, by which a change weighs */
	double a;     /* the least distance of a quartile, of a unit of median weight */
	double c;     /* so many distances are usual among endless units, … */
	double few;   /* … c · (1 + few / n) among n */
	size_t least; /* units */
};
extern const struct hb_options hb_defaults;

/* Hidiroglou and Berthelot's edit of n ratios: far[k] for now[k] and before[k], both positive, is
 * the distance from the median, 1 at the bound of what is usual. `room` holds 2n doubles, the first
 * n of which are the effects then. False: too few, or no scale; far is nothing. */
bool hb_edit(const double *now, const double *before, size_t n, const struct hb_options *o,
	     double *room, double *far, double *median_ratio);

#endif
