/*
 * table_layout.c - a layout made ready for the rows of a table. See table_private.h.
 *
 * Names of columns and labels of titles become keys once, and what contradicts itself is refused
 * before the first row.
 */
#include "collectors/table_private.h"

#include <stdlib.h>

long table_numbered_column(const char *name)
{
	char *end;
	long n;

	if (name[0] != '#' || name[1] < '1' || name[1] > '9')
		return NO_COLUMN;
	n = strtol(name + 1, &end, 10);
	return *end || n > ROW_CELLS_MAX ? NO_COLUMN : n - 1;
}

static int named_init(struct table *t, struct named *n, const char *name, struct err *e)
{
	*n = (struct named){ .name = name, .column = table_numbered_column(name) };
	if (n->column != NO_COLUMN)
		return 0;
	n->key = text_key(slice_str(name), t->arena);
	return n->key.p ? 0 : table_no_room(e);
}

/* Several axes may stand in the header when each has a row of it for itself. */
static int header_init(struct table *t, int i, struct err *e)
{
	const struct axis *axes = t->layout->axes;

	if (i >= AXIS_VALUE && i < AXES)
		return err_set(e, ERR_INVALID, "the layout has the %s in the header",
			       axis_names[i]);
	if (axes[i].row > t->layout->header_rows)
		return err_set(e, ERR_INVALID, "the layout has the %s in row %u of %u header rows",
			       axis_names[i], axes[i].row, t->layout->header_rows);
	for (int k = 0; k < i; k++)
		if (table_axis_in_header(&axes[k]) && (!axes[i].row || axes[k].row == axes[i].row))
			return err_set(e, ERR_INVALID,
				       "the layout has both %s and %s in the header", axis_names[k],
				       axis_names[i]);
	t->spread = true;
	return 0;
}

static int place_init(struct table *t, int i, struct err *e)
{
	struct place *p = &t->places[i];
	const struct axis *axis = &t->layout->axes[i];

	p->axis = axis;
	if (axis->where == AXIS_IN_TITLE && i != AXIS_PERIOD)
		return err_set(e, ERR_INVALID, "the layout looks for the %s within titles",
			       axis_names[i]);
	t->titles |= axis->where == AXIS_IN_TITLE;
	if (axis->where == AXIS_TITLE) {
		p->label = text_key(slice_str(axis->text), t->arena);
		t->titles = true;
		if (!p->label.p)
			return table_no_room(e);
	}
	if (table_axis_in_header(axis) && i != AXIS_VALUE && header_init(t, i, e) < 0)
		return -1;
	if (axis->where != AXIS_COLUMN)
		return 0;
	if (axis->ncolumns == 0 || axis->ncolumns > AXIS_COLUMNS)
		return err_set(e, ERR_INVALID, "the layout has %zu columns for the %s, not 1 to %d",
			       axis->ncolumns, axis_names[i], AXIS_COLUMNS);
	for (size_t k = 0; k < axis->ncolumns; k++) {
		if (named_init(t, &p->columns[k], axis->columns[k], e) < 0)
			return -1;
		p->columns[k].optional = axis->optional;
	}
	return 0;
}

int table_layout_init(struct table *t, struct err *e)
{
	const struct layout *l = t->layout;

	for (int i = 0; i < AXES; i++)
		if (place_init(t, i, e) < 0)
			return -1;
	for (int i = 0; i <= AXIS_PERIOD; i++)
		if (t->places[i].axis->where == AXIS_NONE)
			return err_set(e, ERR_INVALID, "the layout does not say where the %s is",
				       axis_names[i]);
	if (t->spread == (l->value.where == AXIS_COLUMN))
		return err_set(e, ERR_INVALID,
			       "the layout needs either an axis in the header or a column with "
			       "the value");
	if (l->header_rows > HEADER_ROWS_MAX)
		return err_set(e, ERR_INVALID,
			       "the layout stacks the header of %u rows, not 1 to %d",
			       l->header_rows, HEADER_ROWS_MAX);
	if (l->nonly > ONLY_MAX || l->nsheets > sizeof(t->sheet_met))
		return err_set(
			e, ERR_INVALID,
			"the layout chooses by %zu columns and %zu sheets, at most %d and %zu",
			l->nonly, l->nsheets, ONLY_MAX, sizeof(t->sheet_met));
	for (size_t k = 0; k < l->nonly; k++)
		if (named_init(t, &t->only[k], l->only[k].column, e) < 0)
			return -1;
	return 0;
}

bool table_each_named(struct table *t, bool (*each)(struct named *n, void *ctx), void *ctx)
{
	for (int i = 0; i < AXES; i++) {
		struct place *p = &t->places[i];

		for (size_t k = 0; p->axis->where == AXIS_COLUMN && k < p->axis->ncolumns; k++)
			if (!each(&p->columns[k], ctx))
				return false;
	}
	for (size_t k = 0; k < t->layout->nonly; k++)
		if (!each(&t->only[k], ctx))
			return false;
	return true;
}
