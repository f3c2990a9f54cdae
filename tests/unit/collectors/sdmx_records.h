/*
 * sdmx_records.h - what a reader of records gave, written down line by line.
 *
 *     = ECB:EXR(1.0)                a table
 *     FREQ|FREQ.name|OBS_VALUE      its header
 *     7:3 D|Daily|1.5               a row: place of its last cell that is not empty, cells
 *     !3:1 layout: …                a complaint
 */
#ifndef TESTS_UNIT_COLLECTORS_SDMX_RECORDS_H
#define TESTS_UNIT_COLLECTORS_SDMX_RECORDS_H

#include "collectors/formats/sdmx.h"
#include "collectors/formats/sdmx_structure.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

enum { RECORDS_ARENA = 64 << 20 };

struct records {
	struct buf text;
	const char *first, *last; /* rows as text, within `text` */
	size_t tables, rows, complaints;
	bool header_next;
	size_t columns;
	size_t stop_after; /* rows; 0: never */
	struct err e;
	int rc;
};

static inline int records_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct records *r = ctx;

	(void)e;
	assert_true(records);
	buf_printf(&r->text, "= %.*s\n", SLICE_FMT(name));
	r->tables++;
	r->header_next = true;
	return 0;
}

static inline void records_cells(struct records *r, const struct row *row)
{
	for (size_t i = 0; i < row->n; i++)
		buf_printf(&r->text, "%s%.*s", i ? "|" : "", SLICE_FMT(row->cells[i].text));
	buf_putc(&r->text, '\n');
}

static inline int records_row(void *ctx, const struct row *row, struct err *e)
{
	struct records *r = ctx;
	const struct cell *at = &row->cells[0];

	(void)e;
	assert_null(row->fault);
	if (r->header_next) {
		r->header_next = false;
		r->columns = row->n;
		records_cells(r, row);
		return 1;
	}
	assert_int_equal(row->n, r->columns);
	for (size_t i = 0; i < row->n; i++) {
		assert_true(row->cells[i].line > 0 && row->cells[i].column > 0);
		if (row->cells[i].text.n)
			at = &row->cells[i];
	}
	buf_printf(&r->text, "%u:%u ", at->line, at->column);
	records_cells(r, row);
	r->rows++;
	return r->stop_after == 0 || r->rows < r->stop_after;
}

static inline void records_complain(void *ctx, enum refusal why, unsigned line, unsigned column,
				    const char *text)
{
	struct records *r = ctx;

	buf_printf(&r->text, "!%u:%u %s: %s\n", line, column, refusal_name(why), text);
	r->complaints++;
}

/* To be released with records_release(). */
static inline void records_read(struct records *r, struct slice body, const struct sdmx_options *o)
{
	const struct row_sink sink = { records_table, records_row, records_complain, r };
	struct arena a;

	buf_init(&r->text, 256 << 20);
	arena_init(&a, RECORDS_ARENA);
	r->rc = sdmx_read(body, &a, o, &sink, &r->e);
	arena_release(&a);
	buf_putc(&r->text, '\0');
	r->text.n--;
}

static inline void records_release(struct records *r)
{
	buf_release(&r->text);
}

#define assert_records_with(body, options, want)                                                   \
	do {                                                                                       \
		struct records r_ = { .rc = 0 };                                                   \
		records_read(&r_, slice_str(body), options);                                       \
		if (r_.rc < 0)                                                                     \
			fail_msg("%s", r_.e.text);                                                 \
		assert_string_equal(r_.text.p, want);                                              \
		records_release(&r_);                                                              \
	} while (0)

#define assert_records(body, want) assert_records_with(body, NULL, want)

#define assert_no_records(body, code_, want)                                                       \
	do {                                                                                       \
		struct records r_ = { .rc = 0 };                                                   \
		records_read(&r_, slice_str(body), NULL);                                          \
		assert_int_equal(r_.rc, -1);                                                       \
		assert_string_equal(r_.e.text, want);                                              \
		assert_int_equal(r_.e.code, code_);                                                \
		records_release(&r_);                                                              \
	} while (0)

#endif
