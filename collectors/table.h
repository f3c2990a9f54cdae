/*
 * table.h - rows of a table to facts, by a layout.
 *
 * Offices hand in tables with title lines above, notes below, a header that may be
 * stacked of several rows, and the figures either in one column ("long") or spread
 * over columns headed by a period, an indicator or a unit ("wide"). So, table by table:
 *
 *   1. The header is searched: the first row (with `header_rows`, the first so many rows)
 *      that has all columns the layout names. In records (row.h) it is the first row.
 *   2. From the rows above it come the axes that stand in a title ("地区：上海市"), and the
 *      measure of "单位：万元" unless the layout has one.
 *   3. Each later row gives one fact for each cell that has a value. A row without
 *      any value is a note. A title below the header begins a new table.
 *
 * A heading that is stacked reads from top to bottom, with a blank between: "规上工业增加值
 * 累计(亿元)". A cell merged over several rows counts once.
 *
 * A row that does not fit the header is refused as a whole: a comma too many has
 * moved its cells, and every value would land under the wrong heading.
 *
 * One document, one thread.
 */
#ifndef COLLECTORS_TABLE_H
#define COLLECTORS_TABLE_H

#include "collectors/decode.h"
#include "collectors/formats/row.h"

struct table;

/* `a` is for the table alone, until its last call: it is not to be reset. `l` and `sink` are
 * borrowed as long. NULL: the layout contradicts itself, or no memory. */
struct table *table_new(const struct layout *l, struct arena *a, const struct fact_sink *sink,
			struct err *e);
/* For CSV: a cell merged over several columns has come as one with a text and empty ones behind it,
 * so an empty cell in the upper rows of a header means what its left neighbour does. */
void table_blanks_were_merged(struct table *t);
/* No character of the document was lost in a conversion (U+FFFD): rows are not searched for it. */
void table_is_whole(struct table *t);
/* To what a row_reader is to tell its rows. */
struct row_sink table_sink(struct table *t);
/* Cells of the header found last; 0: none was yet. */
size_t table_header_cells(const struct table *t);
/* All rows were told. -1: no table had the header (e has the place and what was found), or a sheet
 * the layout names is not there. */
int table_end(struct table *t, struct err *e);

#endif
