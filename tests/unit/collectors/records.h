/*
 * records.h - what a reader of records gave, written down line by line.
 *
 *     = Population                          a table
 *     country|country.name|value|status     its header
 *     NO|Norway|5.5|                        a row, its cells
 *     7:3 NO|Norway|5.5|                    with `places`: behind that of its last cell with a text
 *     !3:1 value: …                         a complaint
 *
 * Small documents are compared as a whole; of large ones the number of rows, the first, the last
 * and the sum. What SDMX adds is in sdmx_records.h.
 */
#ifndef TESTS_UNIT_COLLECTORS_RECORDS_H
#define TESTS_UNIT_COLLECTORS_RECORDS_H

#include "collectors/formats/row.h"
#include "tests/unit/collectors/documents.h"

struct records {
	bool places;       /* how rows are written down */
	size_t stop_after; /* rows; 0: never */
	struct buf text;   /* all of it, with a NUL behind its end */
	struct buf cells;  /* of the row at hand */
	char header[512], first[512], last[512];
	size_t tables, rows, complaints; /* rows: without headers */
	size_t figures;                  /* rows with a value … */
	double sum;                      /* … and what they add up to, where they are numbers */
	size_t columns;
	bool at_header;
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
	r->at_header = true;
	return 0;
}

static inline void records_copy(char out[512], struct records *r)
{
	struct slice s = buf_all(&r->cells);

	snprintf(out, 512, "%.*s", SLICE_FMT(s));
}

static inline void records_header(struct records *r, const struct row *row)
{
	r->at_header = false;
	r->columns = row->n;
	records_copy(r->header, r);
	buf_printf(&r->text, "%.*s\n", SLICE_FMT(buf_all(&r->cells)));
}

static inline void records_sum(struct records *r, const struct row *row)
{
	struct slice value = row->cells[row->n - (strstr(r->header, "|status") ? 2 : 1)].text;
	double v;

	r->figures += value.n > 0;
	if (value.n && num_parse(value, &v, NULL) == 0)
		r->sum += v;
}

static inline int records_row(void *ctx, const struct row *row, struct err *e)
{
	struct records *r = ctx;
	const struct cell *at = &row->cells[0];

	(void)e;
	assert_null(row->fault);
	assert_true(row->line > 0 && row->n > 0);
	buf_clear(&r->cells);
	for (size_t i = 0; i < row->n; i++) {
		assert_true(row->cells[i].line > 0 && row->cells[i].column > 0);
		buf_printf(&r->cells, "%s%.*s", i ? "|" : "", SLICE_FMT(row->cells[i].text));
		if (row->cells[i].text.n)
			at = &row->cells[i];
	}
	if (r->at_header) {
		records_header(r, row);
		return 1;
	}
	assert_int_equal(row->n, r->columns);
	if (r->places)
		buf_printf(&r->text, "%u:%u ", at->line, at->column);
	buf_printf(&r->text, "%.*s\n", SLICE_FMT(buf_all(&r->cells)));
	if (!r->rows++)
		records_copy(r->first, r);
	records_copy(r->last, r);
	records_sum(r, row);
	return r->stop_after == 0 || r->rows < r->stop_after;
}

static inline void records_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				     const char *text)
{
	struct records *r = ctx;

	buf_printf(&r->text, "!%u:%u %s: %s\n", line, column, refusal_name(why), text);
	r->complaints++;
}

/* Reads in any way: `read` is told the options as it was given them. The body is copied to its
 * exact size, so that a byte too far is seen. */
static inline void records_read_by(struct records *r,
				   int (*read)(struct slice body, struct arena *a,
					       const struct row_sink *sink, const void *options,
					       struct err *e),
				   const void *options, struct slice body, size_t limit)
{
	const struct row_sink sink = { records_table, records_row, records_complaint, r };
	char *exact = malloc(body.n + 1);
	struct arena a;

	assert_non_null(exact);
	memcpy(exact, body.p, body.n);
	buf_init(&r->text, 256 << 20);
	buf_init(&r->cells, 1 << 20);
	arena_init(&a, limit);
	r->rc = read(slice_of(exact, body.n), &a, &sink, options, &r->e);
	arena_release(&a);
	free(exact);
	buf_putc(&r->text, '\0');
	if (r->text.failed)
		fail_msg("more than can be written down");
	r->text.n--;
}

static inline int records_by_reader(struct slice body, struct arena *a, const struct row_sink *sink,
				    const void *options, struct err *e)
{
	return (*(const row_reader *)options)(body, a, sink, e);
}

static inline void records_read_at_most(struct records *r, row_reader reader, struct slice body,
					size_t stop_after, size_t limit)
{
	*r = (struct records){ .stop_after = stop_after };
	records_read_by(r, records_by_reader, &reader, body, limit);
}

static inline void records_read(struct records *r, row_reader reader, struct slice body)
{
	records_read_at_most(r, reader, body, 0, 64 << 20);
}

static inline void records_release(struct records *r)
{
	buf_release(&r->text);
	buf_release(&r->cells);
}

static inline void assert_records(row_reader reader, const char *body, const char *want)
{
	struct records r;

	records_read(&r, reader, slice_str(body));
	if (r.rc < 0)
		fail_msg("%s", r.e.text);
	assert_string_equal(r.text.p, want);
	records_release(&r);
}

static inline void assert_no_records(row_reader reader, const char *body, const char *why)
{
	struct records r;

	records_read(&r, reader, slice_str(body));
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, why);
	records_release(&r);
}

/* What a real file must give; with `why` it is refused with that sentence. */
struct expected {
	const char *file, *why;
	size_t tables, rows, figures;
	double sum;
	const char *header, *first, *last;
};

/* False, loudly, when the file is not there. */
static inline bool records_check_file(row_reader reader, const char *folder,
				      const struct expected *want)
{
	const char *path = shared_path(tmp_path(folder, want->file));
	struct records r;
	char *body;
	size_t n;

	if (!path)
		return false;
	body = tmp_read(path, &n);
	assert_non_null(body);
	records_read(&r, reader, slice_of(body, n));
	free(body);
	if (want->why) {
		assert_int_equal(r.rc, -1);
		assert_string_equal(r.e.text, want->why);
	} else {
		if (r.rc < 0)
			fail_msg("%s: %s", want->file, r.e.text);
		assert_int_equal(r.tables, want->tables);
		assert_int_equal(r.rows, want->rows);
		assert_int_equal(r.figures, want->figures);
		assert_near(r.sum, want->sum, 1e-6);
		assert_string_equal(r.header, want->header);
		assert_string_equal(r.first, want->first);
		assert_string_equal(r.last, want->last);
	}
	records_release(&r);
	return true;
}

#endif
