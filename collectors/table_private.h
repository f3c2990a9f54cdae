/*
 * table_private.h - what the parts of a table share. Private to table*.c; table.h says what a table
 * does and when it may be called.
 *
 *     table.c         the way of a row: seeking a header or below one; sheets; beginning and end
 *     table_layout.c  the layout made ready
 *     table_titles.c  axes in lines above the header
 *     table_header.c  which rows are the header, and what it says of the columns
 *     table_row.c     a row below the header to facts
 */
#ifndef COLLECTORS_TABLE_PRIVATE_H
#define COLLECTORS_TABLE_PRIVATE_H

#include "collectors/table.h"

enum {
	AXIS_COLUMNS = 8, /* columns that one axis may be joined from */
	ONLY_MAX = 8,     /* columns that choose rows */
	SHEETS_MAX = 64,  /* that are chosen */
	NO_COLUMN = -1,
	YEARS = -1,       /* several */
	FORM_ROWS = 1000, /* of what people sign; not looked for below longer tables */
};

enum role {
	ROLE_OTHER, /* names a row, or is ignored */
	ROLE_VALUE,
	ROLE_UNNAMED, /* no heading: content there cannot be placed */
	ROLE_TOLD,    /* likewise, and it was said */
};

/* A column that the layout names. */
struct named {
	const char *name;
	struct slice key; /* as text_key() makes it; empty for "#3" */
	long column;      /* NO_COLUMN: not met */
	bool optional;    /* need not be met */
};

struct place {
	const struct axis *axis;
	struct named columns[AXIS_COLUMNS];
	struct slice title; /* the value in the title line */
	struct fact_place title_at;
	struct slice label; /* key of the title's label */
	bool titled;
	bool old; /* a period of the table before, until this one says its own */
};

/* How the named columns of the layout were met by one row. */
struct match {
	size_t named, found;
	const char *missing; /* one that was not */
	const char *twice;   /* one that stands there twice */
	size_t first, second;
};

/* The best of the rows that were no header, for the sentence. */
struct search {
	unsigned line;
	size_t found;
	const char *missing;
	unsigned rows;
};

struct table {
	const struct layout *layout;
	const struct fact_sink *sink;
	struct arena *arena;
	struct place places[AXES];
	struct named only[ONLY_MAX];
	bool spread; /* some axis stands in the header */
	bool titles; /* some axis stands in a title */
	bool blanks_merged, whole;

	/* the table that is read now */
	struct slice name;
	unsigned ntables; /* begun so far */
	bool skipped;     /* not among the sheets that are wanted */
	bool records;
	bool below;     /* the header was found */
	size_t rows;    /* with figures below it */
	unsigned block; /* line of a title whose header has not come yet, or 0 */
	int year;       /* that the name of the table or a line above says; 0: none */
	char noted[64]; /* a period in a line by itself behind the figures, or "" */
	struct fact_place noted_at;
	struct search best;
	struct row stack[HEADER_ROWS_MAX]; /* the last rows, while a stacked header is sought */
	size_t nstack;
	/* Those that would do, unless the next row is one of them, and what they say together. */
	struct row met[HEADER_ROWS_MAX], joined;
	bool any_met;
	struct slice *header;
	struct cell *headings[AXES]; /* what the header says of an axis that stands in it */
	enum role *roles;
	bool *single;   /* of periods in the header, as in a fact */
	size_t nheader; /* cells up to the last with a heading */
	struct slice
		value_measure; /* of "数值（万元）" over the values of a long table; may be empty */
	/* Where the layout does not say where the measure stands, it counts where it customarily
	 * does: in a column 单位 or "ID.unit", in a line "单位：万元"; and the multiplier in
	 * "ID.multiplier" or SDMX' UNIT_MULT. */
	long measure_column, power_column; /* NO_COLUMN: none */
	char measure[96];                  /* of the last such line; may be "" */
	struct fact_place measure_at;

	/* all tables */
	unsigned headers; /* found */
	bool sheet_met[SHEETS_MAX];
	struct err none; /* why the first table without a header had none */
	char names[256]; /* of the sheets there are */
};

static inline int table_no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

static inline void table_complain(struct table *t, enum refusal why, unsigned line, unsigned column,
				  const char *text)
{
	t->sink->complain(t->sink->ctx, why, line, column, text);
}

static inline struct fact_place table_place_of_cell(const struct cell *c)
{
	return (struct fact_place){ c->line, c->column };
}

static inline struct slice table_cell_at(const struct row *row, long column)
{
	if (column < 0 || (size_t)column >= row->n)
		return slice_of("", 0);
	return row->cells[column].text;
}

static inline bool table_axis_in_header(const struct axis *x)
{
	return x->where == AXIS_HEADER || x->headed;
}

static inline bool table_measure_is_customary(const struct table *t)
{
	return t->layout->measure.where == AXIS_NONE;
}

/* --- table_layout.c ----------------------------------------------------------------- */

/* "#3" is the third column, 2; NO_COLUMN when it is a name. */
long table_numbered_column(const char *name);
/* ERR_INVALID when the layout contradicts itself. */
int table_layout_init(struct table *t, struct err *e);
/* Calls `each` for every column the layout names, until one gives false. */
bool table_each_named(struct table *t, bool (*each)(struct named *n, void *ctx), void *ctx);

/* --- table_titles.c ----------------------------------------------------------------- */

/* Whether the text means what was configured, given as its key. */
bool table_means(struct table *t, struct slice text, struct slice key);
/* Takes what the row says of axes in titles. In the rows of a table only a label with its colon
 * counts (`strict`), for there the label may be a value. True when it said something. */
bool table_take_titles(struct table *t, const struct row *row, bool strict);
/* Notes the measure that a cell like "单位：万元" names, where the layout does not say where
 * measures stand; true when it names one. */
bool table_note_measure(struct table *t, const struct row *row, size_t c);
/* The first period that stands in a line above the header. */
void table_take_period(struct table *t, const struct row *row);
/* The year of a period within the text is that of months in the header that have none: 1-10月. */
void table_note_year(struct table *t, struct slice text);
/* Puts the year in front of such a period. */
int table_complete_period(struct table *t, struct slice *text, struct err *e);
bool table_might_be_title(const struct row *row);
/* What `text` says at `at` is the period of the table. */
void table_set_period(struct table *t, struct slice text, struct fact_place at);
/* Below the figures: a period in a line by itself may be the title of the table that comes next. */
void table_note_period(struct table *t, const struct row *row);
/* Of a table that begins with this title: its own period, or the one noted before, which may still
 * be that of all. */
void table_renew_period(struct table *t, const struct row *row);

/* --- table_header.c ------------------------------------------------------------------ */

/* Adds the row to those that may be the header. 1: `out` is the header they would make. 0: there
 * are not yet enough of them. */
int table_stack_row(struct table *t, const struct row *row, struct row *out, struct err *e);
size_t table_filled_cells(const struct row *row);
/* Where nothing is named, the header is the first row with two cells that is no title. */
bool table_is_header(struct table *t, const struct row *row, struct match *m);
/* -1, and why none of the rows that were searched was the header. */
int table_no_header(const struct search *best, struct err *e);
/* Keeps the header, whose cells go with the next row. */
int table_take_header(struct table *t, const struct row *row, struct err *e);

/* --- table_row.c ---------------------------------------------------------------------- */

bool table_has_value(const struct table *t, const struct row *row);
/* A long table that was printed in pages has its header again and again. */
bool table_repeats_header(const struct table *t, const struct row *row);
/* In a table with several figures a row: a second one below the first, under headings of its own:
 * what the layout names is headed as before, and texts stand over the figures. */
bool table_has_other_header(struct table *t, const struct row *row);
/* The row's facts to the sink; `first`: it is the header, and there is none. */
int table_take_row(struct table *t, const struct row *row, bool first, struct err *e);

#endif
