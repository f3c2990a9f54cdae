/*
 * jsonstat_cube.h - one data set of JSON-stat: its dimensions, categories and statuses.
 *
 * What jsonstat.c reads figures into rows with. All memory is the arena's; texts lie
 * in the document.
 */
#ifndef COLLECTORS_JSONSTAT_CUBE_H
#define COLLECTORS_JSONSTAT_CUBE_H

#include "base/json_read.h"
#include "collectors/cells.h"
#include "collectors/formats/jsonstat.h"

enum { STATUSES_MAX = 100 }; /* different ones, "none" with them */

struct category {
	struct cell code, name, unit, multiplier;
};

struct dimension {
	struct slice id;
	const struct json_node *node;
	struct category *categories;
	uint32_t size;
	bool named;      /* some category has a label, */
	bool measured;   /* a unit, */
	bool multiplied; /* a power of ten that its figures count in */
};

/* The status of one cell. */
struct mark {
	uint32_t cell;
	uint32_t status; /* in cube.statuses */
};

struct cube {
	struct arena *arena;
	const struct json_node *node;
	struct dimension dimensions[JSONSTAT_DIMENSIONS_MAX];
	size_t ndimensions;
	uint32_t cells; /* product of the sizes */

	struct slice statuses[STATUSES_MAX]; /* the first is "" */
	size_t nstatuses;
	uint32_t of_all;    /* the status of all cells, or: */
	struct mark *marks; /* by rising cell */
	size_t nmarks, marks_cap, next_mark;
};

/* `node` has members `dimension` and `value`, and those called `value` and `status` were kept as
 * text. ERR_INVALID or ERR_LIMIT with the place. */
int cube_read(struct cube *q, const struct json_node *node, struct arena *a, struct err *e);

/* "" when it has none. Quickest in the order of the cells. */
struct slice cube_status(struct cube *q, uint32_t cell);

/* The number of the cell that a member of a sparse `value` or `status` stands for. */
int cube_cell(const struct cube *q, const struct json_item *item, uint32_t *cell, struct err *e);

/* A complaint about the document at a value; -1. */
#define cube_fault(at, e, fmt, ...)                                                                \
	err_set(e, ERR_INVALID, "line %u, column %u: " fmt, (at)->line, (at)->column, ##__VA_ARGS__)

/* "there are 23 figures, and the sizes of the dimensions make 24"; -1. */
int cube_wrong_total(const struct cube *q, const struct json_node *at, const char *what,
		     struct err *e);

static inline struct cell cube_text(struct slice text, const struct json_node *at)
{
	return (struct cell){ .text = cell_trim(text), .line = at->line, .column = at->column };
}

#endif
