/*
 * records.h - what targets that read records share: a sink that looks at all it is given.
 *
 * A table begins with its header, rows are as wide as it, places start at 1, and texts
 * are trimmed UTF-8 within reach.
 */
#ifndef TESTS_FUZZ_RECORDS_H
#define TESTS_FUZZ_RECORDS_H

#include "collectors/cells.h"
#include "collectors/formats/row.h"
#include "tests/fuzz/fuzz.h"

struct records {
	size_t width; /* of the header; 0: it comes next */
	size_t tables, rows, rows_max;
};

static inline int records_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct records *r = ctx;

	(void)e;
	MUST(records && utf8_bad_at(name) < 0);
	r->width = 0;
	r->tables++;
	return 0;
}

static inline int records_row(void *ctx, const struct row *row, struct err *e)
{
	struct records *r = ctx;

	(void)e;
	MUST(r->tables > 0 && row->n > 0 && row->n <= ROW_CELLS_MAX && row->line > 0 &&
	     !row->fault);
	MUST(!r->width || r->width == row->n);
	r->width = row->n;
	for (size_t i = 0; i < row->n; i++) {
		const struct cell *c = &row->cells[i];

		MUST(c->line > 0 && c->column > 0 && !c->repeated);
		MUST(utf8_bad_at(c->text) < 0 && text_trim(c->text).n == c->text.n);
	}
	return ++r->rows < r->rows_max;
}

static inline void records_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				     const char *text)
{
	(void)ctx;
	MUST(why < REFUSALS && line > 0 && column > 0);
	must_be_sentence(text);
}

static inline void read_records(row_reader reader, const uint8_t *data, size_t n)
{
	struct records r = { .rows_max = 100000 };
	struct row_sink sink = { records_table, records_row, records_complaint, &r };
	struct arena a;
	struct err e;

	arena_init(&a, 16 << 20);
	if (reader(slice_of((const char *)data, n), &a, &sink, &e) < 0)
		must_say_why(&e);
	else
		MUST(r.tables > 0);
	arena_release(&a);
}

#endif
