/*
 * rows_seen.h - what a reader of rows gave, written down line by line.
 *
 *     = T                        a table
 *     3: 甲|1.5|乙@2:1           a row: its cells; behind @ where a merged one stands
 *     !3:1 layout: …             a complaint
 */
#ifndef TESTS_UNIT_COLLECTORS_ROWS_SEEN_H
#define TESTS_UNIT_COLLECTORS_ROWS_SEEN_H

#include "collectors/formats/row.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

struct seen {
	char *text;
	size_t n, size;
	FILE *to;
	unsigned stop_at; /* row() answers 0 in this line */
	int rc;
	struct err e;
};

static inline int seen_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	assert_false(records);
	fprintf(s->to, "= %.*s\n", SLICE_FMT(name));
	return 0;
}

static inline int seen_row(void *ctx, const struct row *r, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	assert_null(r->fault);
	fprintf(s->to, "%u: ", r->line);
	for (size_t i = 0; i < r->n; i++) {
		const struct cell *c = &r->cells[i];

		fprintf(s->to, "%s%.*s", i ? "|" : "", SLICE_FMT(c->text));
		if (c->repeated)
			fprintf(s->to, "@%u:%u", c->line, c->column);
		else
			assert_true(c->line == r->line && c->column == i + 1);
	}
	fputc('\n', s->to);
	return r->line != s->stop_at;
}

static inline void seen_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				  const char *text)
{
	fprintf(((struct seen *)ctx)->to, "!%u:%u %s: %s\n", line, column, refusal_name(why), text);
}

/* The body is copied to its exact size, so that a byte too far is seen. */
static inline void seen_read(struct seen *s, row_reader reader, struct slice body)
{
	struct row_sink sink = { seen_table, seen_row, seen_complaint, s };
	char *exact = malloc(body.n + 1);
	struct arena a;

	s->to = open_memstream(&s->text, &s->size);
	assert_non_null(s->to);
	assert_non_null(exact);
	memcpy(exact, body.p, body.n);
	arena_init(&a, 32 << 20);
	s->rc = reader(slice_of(exact, body.n), &a, &sink, &s->e);
	arena_release(&a);
	free(exact);
	fclose(s->to);
}

static inline void seen_release(struct seen *s)
{
	free(s->text);
	s->text = NULL;
}

#endif
