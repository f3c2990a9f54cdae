/*
 * rows.h - what targets that read tables share: a sink that looks at all it is given.
 *
 * Lines rise within a table, cells stand in their columns unless they are repeated, texts are
 * UTF-8, complaints are sentences.
 */
#ifndef TESTS_FUZZ_ROWS_H
#define TESTS_FUZZ_ROWS_H

#include "collectors/formats/row.h"

#include "fuzz.h"

struct rows_seen {
	unsigned line;
	bool records;
};

static inline int rows_on_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct rows_seen *s = ctx;

	(void)e;
	MUST(utf8_bad_at(name) < 0);
	*s = (struct rows_seen){ .records = records };
	return 0;
}

static inline int rows_on_row(void *ctx, const struct row *r, struct err *e)
{
	struct rows_seen *s = ctx;

	(void)e;
	MUST(r->line > s->line && r->n <= ROW_CELLS_MAX);
	s->line = r->line;
	for (size_t i = 0; i < r->n; i++) {
		const struct cell *c = &r->cells[i];

		MUST(utf8_bad_at(c->text) < 0);
		MUST(text_trim(c->text).n == c->text.n);
		MUST(c->line > 0 && c->column > 0 && c->line <= r->line);
		MUST(c->repeated || (c->line == r->line && c->column == i + 1));
	}
	return r->n % 7 != 6; /* now and then nothing more of this table is wanted */
}

static inline void rows_on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				     const char *text)
{
	(void)ctx;
	MUST(why < REFUSALS);
	/* Of a hidden sheet as a whole. */
	MUST((line > 0 && column > 0) || (why == SUSPECT_HIDDEN && line == 0 && column == 0));
	must_be_sentence(text);
}

static inline void read_rows(row_reader reader, const uint8_t *data, size_t n)
{
	struct rows_seen seen = { 0 };
	struct row_sink sink = { rows_on_table, rows_on_row, rows_on_complaint, &seen };
	struct err e = { 0 };
	struct arena a;

	arena_init(&a, 16 << 20);
	if (reader(slice_of((const char *)data, n), &a, &sink, &e) < 0)
		must_say_why(&e);
	arena_release(&a);
}

#endif
