/*
 * resolve.h - names of a document to units, indicators and periods, each looked up once.
 *
 * What a text means depends on other texts (a unit's name on the day, a period on
 * the indicator's frequency), so answers are kept for pairs. An answer may be a
 * refusal; the first figure refused for it gets the sentence, the others are
 * counted, and the sentence says at the end how many there were.
 *
 * One document, one thread.
 */
#ifndef COLLECTORS_RESOLVE_H
#define COLLECTORS_RESOLVE_H

#include "base/map.h"
#include "collectors/checks.h"
#include "collectors/pairs.h"

/* Why what a name stands for is refused. text NULL: it is not. */
struct refused {
	enum refusal why;
	const char *text;
	size_t complaint; /* its place in the batch, when `said` */
	size_t more;      /* figures after the first */
	bool said;
	struct refused *next; /* all that were said */
};

struct known_indicator {
	struct refused refused;
	const struct indicator *indicator;
	struct num_scale scale; /* of the measure this document has for it */
	const char *base;       /* of the indicator's own measure */
	bool year_ago;          /* the figures are those of a year before: 上年同期 */
	bool measured;          /* the heading says in what they count */
	bool rate; /* growth in %: 单位：万元 above is about the figures beside it */
	uint32_t id;
};

struct known_period {
	struct refused refused;
	struct refused
		single; /* the month's own figure of an indicator that is kept since New Year */
	struct period period; /* single, of the indicator's frequency */
	struct date last_day;
	uint32_t day;  /* its number */
	int32_t index; /* period_index() */
	int64_t stamp_ms;
	uint8_t months;
	uint8_t flags; /* FIGURE_PROVISIONAL while it has not ended */
};

struct known_series {
	struct refused refused;
	struct series *series;  /* NULL: refused, or a total */
	enum column_cell total; /* COLUMN_PART: it is of a unit */
};

/* The texts of one axis, numbered; the one seen last, and what came behind it before, need no
 * look-up. */
struct texts {
	struct map map;
	struct text_entry *last;
	uint32_t n;
};

/* A name of the catalogue without words such as 累计 or 增速. */
struct bare_name {
	struct slice key;
	struct slice unremarked; /* without what stands in brackets, either */
	const struct indicator *indicator;
	const struct bare_name *same_key, *same_unremarked; /* the next, in the catalogue's order */
};

struct resolver {
	const struct document *doc;
	const struct catalogue *cat;
	struct figures *figures;
	struct batch *batch;
	struct arena *arena;
	struct texts unit_texts, indicator_texts, period_texts;
	struct map name_pairs;        /* struct name_pair by text_key() */
	struct bare_name *bare_names; /* of the catalogue; NULL: not asked for yet */
	size_t nbare_names;
	struct map by_key, by_unremarked; /* the first of each */
	struct pairs units, periods, series;
	uint64_t last_key; /* of series, and what it led to: that of the row before, as a rule */
	struct known_series *last_series;
	struct refused *said;
};

int resolver_init(struct resolver *r, const struct document *d, const struct catalogue *cat,
		  struct figures *figures, struct batch *b, struct arena *a, struct err *e);
/* Completes the sentences with their numbers. */
void resolver_finish(struct resolver *r);
void resolver_release(struct resolver *r);

/* All give NULL with ERR_LIMIT only. A refusal is in the answer: see resolver_refuses(). */
struct known_indicator *resolve_indicator(struct resolver *r, struct slice text, struct err *e);
struct known_period *resolve_period(struct resolver *r, struct slice text,
				    const struct known_indicator *i, struct err *e);
/* Refuses it when its heading stands beside that of all months since New Year (fact.single). */
void resolve_single(struct resolver *r, struct slice text, const struct known_indicator *i,
		    struct known_period *p);
struct known_series *resolve_series(struct resolver *r, struct slice unit_text,
				    const struct known_indicator *i, const struct known_period *p,
				    struct err *e);

/* True when it is refused, which is then said, at the place of what is wrong, or counted for this
 * figure. */
bool resolver_refuses(struct resolver *r, struct refused *why, const struct fact *f);

#endif
