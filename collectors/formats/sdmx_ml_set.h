/*
 * sdmx_ml_set.h - one data set of an SDMX-ML message, kept until it is complete.
 *
 * XML says only as it goes along which attributes there are, and a group's attributes belong to
 * series that may stand anywhere; the header of a table comes first. So a data set is kept in
 * the arena, a text that repeats the one above it only once, and given to the table when its
 * end tag has come.
 */
#ifndef COLLECTORS_SDMX_ML_SET_H
#define COLLECTORS_SDMX_ML_SET_H

#include "collectors/formats/sdmx_table.h"

enum ml_level { ML_SET, ML_GROUP, ML_SERIES, ML_OBS, ML_LEVELS };

struct ml_cell {
	const char *p;
	uint32_t n;
	uint16_t column;
	bool key;       /* said to be part of a key (generic messages say so) */
	bool own_place; /* stands where the record's value does */
};

/* A group, a series or an observation. */
struct ml_record {
	struct ml_record *next;
	union {
		const struct ml_record *series; /* of an observation; NULL when there is none */
		const struct ml_record *same;   /* of a group: the next with the same key */
	};
	unsigned line, column;             /* of the element */
	unsigned value_line, value_column; /* of its value, if elsewhere */
	unsigned n;
	struct ml_cell cells[];
};

struct ml_list {
	struct ml_record *first, *last;
	size_t n;
};

struct ml_column {
	size_t said[ML_LEVELS]; /* in how many elements of that level */
	bool key;
	struct slice last; /* its text in the record before, which is kept */
};

/* An element whose cells are being gathered. */
struct ml_open {
	struct ml_cell cells[SDMX_COLUMNS_MAX];
	unsigned n;
	unsigned line, column, value_line, value_column;
	uint16_t guess[SDMX_COLUMNS_MAX]; /* column of the k-th cell of the element before */
};

struct ml_set {
	struct sdmx_table *table;
	struct slice name;
	unsigned line, column;
	struct ml_open open[ML_LEVELS];
	struct ml_list groups, series, obs;
	struct ml_column columns[SDMX_COLUMNS_MAX];
	char *text; /* room for texts */
	size_t text_left;
	bool explicit_keys; /* a generic message */
};

void ml_set_start(struct ml_set *s, struct sdmx_table *t, struct slice name, bool explicit_keys,
		  unsigned line, unsigned column);

/* An element of that level begins. */
void ml_set_open(struct ml_set *s, enum ml_level level, unsigned line, unsigned column);
/* It says `text` of the column; both may go afterwards. */
int ml_set_put(struct ml_set *s, enum ml_level level, struct slice id, struct slice text, bool key,
	       struct err *e);
/* It is complete. A series must be closed before its first observation. */
int ml_set_close(struct ml_set *s, enum ml_level level, struct err *e);

/* Gives all of it to the table. */
int ml_set_finish(struct ml_set *s, struct err *e);

#endif
