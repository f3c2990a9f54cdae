/*
 * json_rows.h - the rows of a JSON report that is too large for a tree of all of it.
 *
 * The text is gone through twice. First it is looked at as a whole, for JSON is whole or nothing:
 * the grammar, and whether there is what the pointer says. Then trees are made of the rows, some
 * hundred at a time. Of what stands beside the rows keys given twice are not seen (but those on
 * the way to them); in a row they end the document there, with what was read before.
 */
#ifndef COLLECTORS_JSON_ROWS_H
#define COLLECTORS_JSON_ROWS_H

#include "base/json_read.h"

struct json_rows {
	const char *
		pointer; /* to the array; a step '*' is each element, a text without '/' a member */
	struct arena *arena; /* for the trees, one after the other */
	/* An array of the next rows, valid during the call. -1 ends it. */
	int (*take)(void *ctx, const struct json_node *some, struct err *e);
	void *ctx;
	size_t *read_bytes; /* how far it is; may be NULL */
};

int json_rows_read(struct slice body, const struct json_rows *rows, struct err *e);

#endif
