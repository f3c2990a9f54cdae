/*
 * sdmx_table.h - a data set's columns, and observations as rows of them to a sink.
 *
 * What all SDMX readers have in common. A reader names the columns first, opens the table (which
 * gives the header), and then for each observation puts texts into columns and gives the row.
 * With a structure among the options, columns get their role and their names from it.
 */
#ifndef COLLECTORS_SDMX_TABLE_H
#define COLLECTORS_SDMX_TABLE_H

#include "collectors/formats/sdmx.h"
#include "collectors/formats/sdmx_structure.h"

struct sdmx_column {
	struct slice id;
	enum sdmx_role role;
	bool named;                       /* "ID.name" stands beside it */
	const struct sdmx_codelist *list; /* names of its codes */
	struct slice code, code_name;     /* looked up last */
};

struct sdmx_value {
	struct slice text, name; /* trimmed; .p NULL: nothing is there */
	unsigned line, column;
};

struct sdmx_table {
	struct arena *arena;
	const struct sdmx_options *options; /* never NULL */
	const struct row_sink *sink;
	struct sdmx_column columns[SDMX_COLUMNS_MAX];
	struct sdmx_value values[SDMX_COLUMNS_MAX]; /* of the observation that comes next */
	size_t n;
	struct cell cells[2 * SDMX_COLUMNS_MAX];
	const struct sdmx_dsd *dsd; /* that of the data set, or NULL */
	size_t tables;              /* opened so far */
	bool wanted;                /* the sink wants more rows of this table */
};

void sdmx_table_init(struct sdmx_table *t, struct arena *a, const struct sdmx_options *o,
		     const struct row_sink *sink);

/* Forgets the columns; a data set of that name ("AGENCY:ID(VERSION)", or "") comes next. */
void sdmx_table_start(struct sdmx_table *t, struct slice name);

/* The column of that id, which stays borrowed; a new one when there is none yet. -1: ERR_LIMIT when
 * there are too many, ERR_INVALID when it cannot be an id. */
int sdmx_table_column(struct sdmx_table *t, struct slice id, struct err *e);

/* Adds dimensions and measures of the structure that are missing. */
int sdmx_table_complete(struct sdmx_table *t, struct err *e);

/* Tells the sink of the table and gives the header, whose cells stand at that place. */
int sdmx_table_open(struct sdmx_table *t, struct slice name, unsigned line, unsigned column,
		    struct err *e);

static inline void sdmx_table_put(struct sdmx_table *t, size_t column, struct slice text,
				  unsigned line, unsigned at)
{
	struct sdmx_value *v = &t->values[column];

	v->text = text;
	v->name.p = NULL;
	v->line = line;
	v->column = at;
}

void sdmx_table_clear(struct sdmx_table *t); /* nothing in any column */

/* Gives the observation that `values` hold; they stay as they are. */
int sdmx_table_row(struct sdmx_table *t, unsigned line, unsigned column, struct err *e);

void sdmx_complain(const struct sdmx_table *t, enum refusal why, unsigned line, unsigned column,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* What an action (SDMX 3.0 Section 6, "Action type") asks for. */
enum sdmx_action { SDMX_TAKE, SDMX_DELETE, SDMX_NO_ACTION };

/* "Append", "Replace", "Merge", "Information" and "" are taken; of CSV the letters. */
enum sdmx_action sdmx_action_of(struct slice word);

/* Complains about a data set that is not taken; false: it is taken. */
bool sdmx_set_refused(const struct sdmx_table *t, struct slice action, unsigned line,
		      unsigned column);

/* The readers behind sdmx_read(), each of its format only. */
int sdmx_ml_read(struct slice body, struct sdmx_table *t, struct err *e);
int sdmx_json_read(struct slice body, struct sdmx_table *t, struct err *e);
int sdmx_csv_read(struct slice body, struct sdmx_table *t, struct err *e);

#endif
