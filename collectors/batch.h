/*
 * batch.h - what one document brought: figures, samples, and what was refused.
 *
 * A batch owns its arena and the labels in its lists, but for samples_borrowed. It is filled by a
 * decode job, then handed over whole (struct batch * moves: decode job -> emit -> done).
 */
#ifndef COLLECTORS_BATCH_H
#define COLLECTORS_BATCH_H

#include "base/arena.h"
#include "base/counter.h"
#include "base/observation.h"

/* Why a figure was refused or doubted; the words are the label of the counters. */
enum refusal {
	REFUSED_LAYOUT,    /* "layout": the document is not laid out as configured */
	REFUSED_ENCODING,  /* "encoding" */
	REFUSED_UNIT,      /* "unit": no such unit, or not the feed's */
	REFUSED_INDICATOR, /* "indicator" */
	REFUSED_PERIOD,    /* "period": cannot be read or does not exist */
	REFUSED_NOT_ENDED, /* "not_ended": the period has not ended yet */
	REFUSED_VALUE,     /* "value": not a number, NaN, infinite, overflow */
	REFUSED_RANGE,     /* "range": outside what the indicator allows */
	REFUSED_UNIT_SLIP, /* "unit_slip": ten thousand times the last figure */
	REFUSED_PART,      /* "part": more than what it is a part of */
	REFUSED_TOTAL,     /* "total": a sum that is not that of its parts */
	REFUSED_YTD_FALLS, /* the edits that doubt, where the catalogue has them refuse … */
	REFUSED_RATIO,
	REFUSED_PANEL,
	REFUSED_GROWTH,
	REFUSED_CONFLICT,   /* "conflict": two rows that disagree */
	REFUSED_MEASURE,    /* "measure": a measure that does not fit the indicator */
	REFUSED_LIMIT,      /* "limit": more than the feed may bring */
	REFUSED_CATALOGUED, /* "catalogued": a plain sample under a statistic's name */
	REFUSED_SCRAPE,     /* "scrape": a sample of a series that the scrape itself writes */
	REFUSED_SERIES,     /* "series_limit": a new series, of a feed that has brought enough */
	/* what the token that handed it in may not write */
	REFUSED_TOKEN_UNIT,      /* "token_unit" */
	REFUSED_TOKEN_INDICATOR, /* "token_indicator" */
	/* kept, but flagged FIGURE_SUSPECT */
	SUSPECT_YTD_FALLS, /* "ytd_falls": a year-to-date figure below the month before */
	SUSPECT_RATIO,     /* "ratio": a level far from the last one */
	SUSPECT_PANEL,     /* "panel": a change unlike that of its peers */
	SUSPECT_GROWTH,    /* "growth": a published rate unlike the ratio of levels */
	SUSPECT_RANGE,     /* … and those that refuse, where it has them doubt */
	SUSPECT_UNIT_SLIP,
	SUSPECT_PART,
	SUSPECT_TOTAL,
	SUSPECT_FULL_WIDTH, /* "full_width": digits folded from full width (kept, not flagged) */
	SUSPECT_MINUS,      /* "minus": (12.3) or △12.3 taken as -12.3 (kept, not flagged) */
	SUSPECT_HIDDEN, /* "hidden": hidden rows and columns (kept), a hidden sheet (not read) */
	REFUSALS
};

const char *refusal_name(enum refusal r);
const char *refusal_zh(enum refusal r); /* what it means, for who reports: "没有这个单位" */
bool refusal_keeps(enum refusal r);     /* the figure was kept all the same */

struct complaint {
	enum refusal why;
	unsigned line, column; /* from 1; column counts characters in CSV fields' first character */
	unsigned table;        /* of batch.tables; 0: the document has no tables by name */
	const char *place;     /* for people: "3:14", in a workbook "Sheet1!C5" */
	const char *text;      /* a sentence, with what was found */
	const char *text_zh;   /* the same for who reports it; never NULL */
};

struct batch {
	struct arena arena;
	struct observation *obs;
	size_t nobs, obs_cap;
	struct plain_sample *samples;
	size_t nsamples, samples_cap;
	bool samples_borrowed; /* their labels are those of the feed's scrape cache */
	struct doubt *doubts;  /* of observations, rows rising; the first BATCH_DOUBTS_MAX */
	size_t ndoubts, doubts_cap;
	size_t doubts_stored;       /* with portions before */
	size_t panel_asked;         /* questions about figures unlike those of their peers */
	struct refused_cell *cells; /* what was refused would have been; the first ones */
	size_t ncells, cells_cap;
	struct complaint *complaints; /* the first `complaints_max`; the counts are exact */
	size_t ncomplaints, complaints_cap;
	size_t refused;    /* figures refused */
	size_t suspect;    /* figures kept with a complaint */
	size_t suppressed; /* figures kept without a value */
	size_t count[REFUSALS];
	const char **tables;        /* names of sheets or data sets; [0] is "" */
	size_t ntables, tables_cap; /* the last is the one that is read now */
	bool sheets;                /* they are sheets: places are cells, such as B7 */
	size_t rows;                /* rows or lines looked at */
	size_t portions, stored;    /* given to the store before the end; figures in them */
	uint64_t body_bytes;
};

enum { BATCH_COMPLAINTS_MAX = 1000, BATCH_DOUBTS_MAX = 1000, BATCH_CELLS_MAX = 1000 };

/* What may be needed for a document of so many bytes: its figures, and a tree of all of it for
 * readers that make one. */
size_t batch_room(uint64_t body_bytes);

struct batch *batch_new(size_t arena_limit, struct err *e);
void batch_free(struct batch *b); /* drops the labels' references too */
/* What follows is of the sheet or data set of this name; complaints say so. */
int batch_table(struct batch *b, struct slice name, struct err *e);
/* Counts `n` figures without a sentence: the same one was said already. */
void batch_count(struct batch *b, enum refusal why, size_t n);
/* The figures it has are stored: forgets them, and is ready for the next. */
void batch_portion_stored(struct batch *b);
/* Room for n more figures at once. */
int batch_reserve(struct batch *b, size_t n, struct err *e);
/* Takes the reference to o.labels, also on failure. */
int batch_observe(struct batch *b, struct observation o, struct err *e);
/* Of the observation that was given last. Its texts are borrowed as long as the batch lives. */
int batch_doubt(struct batch *b, const struct doubt *d, struct err *e);
/* A figure of this series and period was refused; it was complained about elsewhere. Takes a
 * reference of its own to the labels. */
int batch_refused(struct batch *b, struct labels *labels, int64_t stamp_ms, enum refusal why,
		  struct err *e);
/* Takes the reference to s.labels, also on failure, unless they are borrowed. */
int batch_sample(struct batch *b, struct plain_sample s, struct err *e);
/* Forgets its samples: they are stored, or not to be. */
void batch_drop_samples(struct batch *b);
void batch_complain(struct batch *b, enum refusal why, unsigned line, unsigned column,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* With what was found in the document, for the Chinese sentence: refusal_zh() and `found`. */
void batch_complain_of(struct batch *b, enum refusal why, unsigned line, unsigned column,
		       struct slice found, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* Two sentences; `c` has the reason and the place. */
void batch_say(struct batch *b, struct complaint c, const char *zh, const char *en);
/* The same of a table read before. */
void batch_complain_in(struct batch *b, unsigned table, enum refusal why, unsigned line,
		       unsigned column, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

#endif
