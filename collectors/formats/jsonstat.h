/*
 * jsonstat.h - JSON-stat to records.
 *
 * After the format's description (json-stat.org, "JSON-stat 2.0" with its notes on
 * the 1.x versions). Read are a data set, a bundle of several ({"dataset": …} or data
 * sets by name, as in 1.x), and data sets within a collection; `id` and `size` may
 * stand beside `dimension` (2.0) or in it (1.x).
 *
 * Each data set is one table of records, named by its label, else by its name in the
 * bundle. Its header is the dimensions' ids in their order, "ID.name" behind an id
 * whose categories have labels, "ID.unit" where they have units (its base, else its label or
 * symbol), "ID.multiplier" where units have powers of ten; then `value` and `status`:
 *
 *     country,country.name,year,sex,sex.name,value,status
 *     CA,Canada,2012,T,total,34880.5,a
 *
 * A figure that is null has an empty value and keeps its status; of a sparse `value`
 * what is not there is not given, unless it has a status. Figures come in the order of
 * the document, and those with only a status behind them.
 *
 * What `role` says of the dimensions is not needed: a layout names them.
 */
#ifndef COLLECTORS_JSONSTAT_H
#define COLLECTORS_JSONSTAT_H

#include "collectors/formats/row.h"

enum {
	JSONSTAT_DIMENSIONS_MAX = 32,
	JSONSTAT_CELLS_MAX = 20000000, /* of one data set */
};

int jsonstat_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e);

#endif
