/*
 * page.h - what the pages share: the frame, the words, the cells.
 *
 * A page is written into the exchange's reply from top to bottom by the thread that
 * serves it. It holds a reference to the newest assessment from page_open() to
 * page_close(); before the first assessment there is none, and then no catalogue and
 * no zone either.
 */
#ifndef EXPORTERS_PAGE_H
#define EXPORTERS_PAGE_H

#include "exporters/handlers.h"
#include "exporters/html.h"

struct page {
	struct exchange *x;
	const struct exporter_view *view;
	struct buf *b;             /* the reply */
	struct assessment *a;      /* with a reference; NULL before the first */
	const struct catalogue *c; /* NULL with it */
	const struct zone *zone;
	struct date today; /* of the assessment, local */
};

/* --- page.c: the frame ------------------------------------------------------------- */

void page_open(struct page *p, struct exchange *x);
void page_close(struct page *p);
/* Everything down to the heading; the notice is above it. */
void page_head(struct page *p, const char *heading);
void page_foot(struct page *p);
/* A page of its own that says why there is nothing to see; empties what was written. */
void page_refuse(struct page *p, unsigned status, const char *heading, const char *why);
/* As page_refuse(), for a failure. */
void page_fail(struct page *p, const struct err *e);
/* What to do while there is no assessment. */
void page_nothing_yet(struct page *p);
/* <section><h2>heading</h2> … </section> */
void page_section(struct page *p, const char *heading);
void page_section_end(struct page *p);

/* --- page_cells.c: words ------------------------------------------------------------ */

const char *word_class(enum unit_class class); /* 产业集聚区 */
const char *word_form(enum figure_form form);  /* 累计 */
const char *word_freq(enum freq f);            /* 月 */
const char *word_light(enum light l);          /* 绿 */
const char *word_schedule(enum schedule_source s);

/* --- page_cells.c: cells ------------------------------------------------------------ */

/* None of them writes anything when there is no figure: the table puts a dash. */

/* "2026-11-23 09:05", local; UTC and marked so while there is no zone. 0 is no time. */
void cell_time(struct buf *b, const struct page *p, int64_t ms);
void cell_period(struct buf *b, struct period period);
/* A value in the indicator's native measure, with it. */
void cell_amount(struct buf *b, const struct indicator *i, double value);
void cell_fixed(struct buf *b, double v, int decimals); /* "-0.0" is "0.0" */
void cell_percent(struct buf *b, double ratio);         /* 12.3 % */
void cell_change(struct buf *b, double ratio);          /* +12.3 % */
void cell_light(struct buf *b, enum light l);           /* shape, word and colour */
/* "迟报 3 项，最长 12.5 工作小时", marked. */
void cell_late(struct buf *b, unsigned figures, double hours);
/* "11 / 12": on time of due, and as a percentage. */
void cell_punctuality(struct buf *b, const struct punctuality *p);
/* The name of the county whose id this is; "" writes nothing. */
void cell_county(struct buf *b, const struct page *p, const struct unit *u);
void cell_unit_link(struct buf *b, const struct page *p, const struct unit *u);
void cell_indicator_link(struct buf *b, const struct indicator *i);

/* The heading of a table of units that are ranked together. */
void page_group_heading(struct buf *b, enum unit_class class, const char *league);

/* --- page_tables.c: the two tables of the overview ------------------------------------- */

/* Units by class and league, ranked by mean pace; those without one below, with the reason. */
int page_unit_ranks(struct page *p, struct err *e);
/* One row for each indicator that has a target; links to the others below. */
int page_indicator_matrix(struct page *p, struct err *e);

#endif
