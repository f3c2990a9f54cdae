/*
 * records.h - what a reader of records gave, for the tests of one reader each.
 *
 * Small documents are compared line by line:
 *
 *     = Population                          a table
 *     country|country.name|value|status     a row, its cells
 *     !3:1 value: …                         a complaint
 *
 * and of large ones the number of rows, the first, the last and the sum.
 */
#ifndef TESTS_UNIT_COLLECTORS_RECORDS_H
#define TESTS_UNIT_COLLECTORS_RECORDS_H

#include "collectors/formats/row.h"
#include "tests/unit/collectors/documents.h"

struct records {
	struct buf text;  /* all of it */
	struct buf cells; /* of the row at hand */
	char header[512], first[512], last[512];
	unsigned tables, rows, figures; /* rows: without headers */
	double sum;                     /* of the figures that are numbers */
	bool at_header;
	unsigned stop_after; /* rows of a table; 0: none */
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

static inline int records_row(void *ctx, const struct row *row, struct err *e)
{
	struct records *r = ctx;
	struct slice value;
	double v;

	(void)e;
	assert_null(row->fault);
	assert_true(row->line > 0 && row->n >= 2);
	buf_clear(&r->cells);
	for (size_t i = 0; i < row->n; i++) {
		assert_true(row->cells[i].line > 0 && row->cells[i].column > 0);
		buf_printf(&r->cells, "%s%.*s", i ? "|" : "", SLICE_FMT(row->cells[i].text));
	}
	buf_printf(&r->text, "%.*s\n", SLICE_FMT(buf_all(&r->cells)));
	if (r->at_header) {
		records_copy(r->header, r);
		r->at_header = false;
		return 1;
	}
	if (!r->rows++)
		records_copy(r->first, r);
	records_copy(r->last, r);
	value = row->cells[row->n - (strstr(r->header, "|status") ? 2 : 1)].text;
	r->figures += value.n > 0;
	if (value.n && num_parse(value, &v, NULL) == 0)
		r->sum += v;
	return r->rows != r->stop_after;
}

static inline void records_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				     const char *text)
{
	struct records *r = ctx;

	buf_printf(&r->text, "!%u:%u %s: %s\n", line, column, refusal_name(why), text);
}

static inline const char *records_text(struct records *r)
{
	buf_putc(&r->text, '\0');
	assert_ok(buf_check(&r->text, &r->e), &r->e);
	return r->text.p;
}

/* The body is copied to its exact size, so that a byte too far is seen. */
static inline void records_read_at_most(struct records *r, row_reader reader, struct slice body,
					unsigned stop_after, size_t limit)
{
	struct row_sink sink = { records_table, records_row, records_complaint, r };
	char *exact = malloc(body.n + 1);
	struct arena a;

	assert_non_null(exact);
	memcpy(exact, body.p, body.n);
	*r = (struct records){ .stop_after = stop_after };
	buf_init(&r->text, 16 << 20);
	buf_init(&r->cells, 1 << 20);
	arena_init(&a, limit);
	r->rc = reader(slice_of(exact, body.n), &a, &sink, &r->e);
	arena_release(&a);
	free(exact);
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
	assert_string_equal(records_text(&r), want);
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
	unsigned tables, rows, figures;
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
