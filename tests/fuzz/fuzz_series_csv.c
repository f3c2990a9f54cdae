/*
 * fuzz_series_csv.c - any bytes as a file in the CSV of export and import.
 *
 * What is refused has a column within its line and a reason. A row that is read, written and read
 * again is the same, bit for bit.
 */
#include "daemon/series_csv.h"
#include "fuzz.h"

static const char header[] = "series,stamp,value,months,flags,known_from,received,released,"
			     "submission,source";

static struct slice written(const struct csv_row *row, struct buf *out)
{
	const struct vintage v = { .stamp_ms = row->t_ms,
				   .value = row->value,
				   .known_from_ms = row->known_from_ms,
				   .released_ms = row->released_ms,
				   .months = row->months,
				   .flags = row->flags };
	const struct labels *ls;
	struct buf series;
	struct arena a;

	arena_init(&a, 1 << 20);
	buf_init(&series, 1 << 20);
	ls = labels_in_arena(&a, row->l, row->n);
	MUST(ls);
	csv_put_series(&series, ls);
	if (row->figure)
		csv_put_figure(out, buf_all(&series), &v, slice_str("a \"source\", or\nso"));
	else
		csv_put_sample(out, buf_all(&series), row->t_ms, row->value, true);
	MUST(!out->failed && out->p[out->n - 1] == '\n');
	buf_release(&series);
	arena_release(&a);
	return slice_of(out->p, out->n - 1);
}

static void must_be_same(const struct csv_row *a, const struct csv_row *b)
{
	MUST(a->n == b->n && a->t_ms == b->t_ms && num_same(a->value, b->value));
	for (size_t i = 0; i < a->n; i++)
		MUST(slice_eq(a->l[i].name, b->l[i].name) &&
		     slice_eq(a->l[i].value, b->l[i].value));
	MUST(a->figure == b->figure);
	if (!a->figure)
		return;
	MUST(a->months == b->months && a->flags == b->flags);
	MUST(a->released_ms == b->released_ms);
	if (a->known)
		MUST(b->known && a->known_from_ms == b->known_from_ms);
}

static void must_come_back(const struct csv_row *row)
{
	struct csv_row again;
	struct csv_reader *r;
	struct buf out;
	struct err e;
	unsigned column;

	buf_init(&out, 1 << 20);
	r = csv_reader_new(&e);
	MUST(r && csv_reader_header(r, slice_str(header), &e) == 0);
	MUST(csv_reader_line(r, written(row, &out), &again, &column, &e) == 1);
	must_be_same(row, &again);
	csv_reader_free(r);
	buf_release(&out);
}

static void must_be_placed(struct slice line, unsigned column, const struct err *e)
{
	must_say_why(e);
	MUST(column >= 1 && column <= line.n + 1);
}

static struct slice cut_line(struct slice *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	struct slice line = slice_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);

	*rest = slice_skip(*rest, line.n + (end != NULL));
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = slice_of((const char *)data, n), line;
	struct csv_reader *r;
	struct csv_row row;
	struct err e;
	unsigned column;

	/* Import looks at this first. */
	if (n == 0 || utf8_bad_at(rest) >= 0)
		return 0;
	r = csv_reader_new(&e);
	MUST(r);
	if (csv_reader_header(r, cut_line(&rest), &e) < 0) {
		must_say_why(&e);
		rest.n = 0;
	}
	while (rest.n) {
		line = cut_line(&rest);
		column = 0;
		switch (csv_reader_line(r, line, &row, &column, &e)) {
		case 1:
			must_come_back(&row);
			break;
		case 0:
			MUST(line.n == 0 || slice_is(line, "\r"));
			break;
		default:
			must_be_placed(line, column, &e);
		}
	}
	csv_reader_free(r);
	return 0;
}
