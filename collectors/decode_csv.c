/*
 * decode_csv.c - a CSV report to facts.
 *
 * Of several possible delimiters the one that gives the header row most cells wins.
 * The rest is a table as in other containers: table.h.
 */
#include "base/spool.h"
#include "collectors/body.h"
#include "collectors/formats/csv_scan.h"
#include "collectors/table.h"

/* What has been read of a large body need not stay in memory. */
static void note_read(const struct row_sink *rows, struct slice body, size_t at, size_t *left)
{
	if (rows->read_bytes)
		*rows->read_bytes = at;
	if (at - *left < SPOOL_STEP_BYTES)
		return;
	spool_leave(slice_of(body.p + *left, at - *left));
	*left = at;
}

/* Tells all rows; with `probe` only until the table has its header. */
static int tell_rows(struct slice body, char delimiter, struct arena *a, struct table *t,
		     bool probe, struct err *e)
{
	struct row_sink rows = table_sink(t);
	struct arena_mark mark = arena_mark(a);
	struct csv_scan scan;
	size_t cap = 0, left = 0;
	int rc;

	csv_scan_init(&scan, body, delimiter, a);
	while (!(probe && table_header_cells(t)) && (rc = csv_scan_next(&scan, e)) != 0) {
		if (rc < 0)
			return -1;
		note_read(&rows, body, (size_t)(scan.p - body.p), &left);
		rc = rows.row(rows.ctx, &scan.row, e);
		if (rc <= 0)
			return rc;
		/* The array of cells grows in this arena too and must not be given back. */
		if (scan.cap == cap)
			arena_reset(a, mark);
		else
			mark = arena_mark(a);
		cap = scan.cap;
	}
	return 0;
}

static int nothing_fact(void *ctx, const struct fact *f, struct err *e)
{
	(void)ctx;
	(void)f;
	(void)e;
	return 0;
}

static int nothing_row(void *ctx, unsigned line, struct err *e)
{
	(void)ctx;
	(void)line;
	(void)e;
	return 0;
}

static void nothing_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			      const char *text)
{
	(void)ctx;
	(void)why;
	(void)line;
	(void)column;
	(void)text;
}

/* How many cells the header has when this is the delimiter; 0: there is no header then. */
static int try_delimiter(struct slice body, char delimiter, const struct layout *l, struct arena *a,
			 size_t *cells, struct err *e)
{
	const struct fact_sink nobody = { NULL,        nothing_fact, nothing_complaint,
					  nothing_row, NULL,         NULL };
	struct arena own;
	struct table *t;
	struct err why = { .code = ERR_NONE };
	int rc = -1;

	arena_init(&own, a->limit);
	t = table_new(l, &own, &nobody, &why);
	if (t) {
		table_blanks_were_merged(t);
		rc = tell_rows(body, delimiter, a, t, true, &why);
		*cells = table_header_cells(t);
	}
	arena_release(&own);
	if (rc == 0 || (t && why.code == ERR_INVALID))
		return 0;
	*e = why;
	return -1;
}

static int guess_delimiter(struct slice body, const struct layout *l, struct arena *a,
			   char *delimiter, struct err *e)
{
	static const char candidates[] = { ',', ';', '\t' };
	size_t most = 0, cells;

	*delimiter = ',';
	for (size_t i = 0; i < sizeof(candidates); i++) {
		cells = 0;
		if (try_delimiter(body, candidates[i], l, a, &cells, e) < 0)
			return -1;
		if (cells > most) {
			most = cells;
			*delimiter = candidates[i];
		}
	}
	return 0;
}

int decode_csv(struct slice body, const struct layout *l, struct arena *a,
	       const struct fact_sink *sink, struct err *e)
{
	struct err own = { .code = ERR_NONE };
	char delimiter = l->delimiter;
	struct arena kept;
	struct table *t;
	int rc = -1;

	e = e ? e : &own;
	if (body_check(body, "CSV", e) < 0 || body_check_markup(body, "CSV", e) < 0)
		return -1;
	if (!delimiter && guess_delimiter(body, l, a, &delimiter, e) < 0)
		return -1;
	arena_init(&kept, a->limit);
	t = table_new(l, &kept, sink, e);
	if (t) {
		table_blanks_were_merged(t);
		if (!utf8_has_replacement(body))
			table_is_whole(t);
		rc = tell_rows(body, delimiter, a, t, false, e);
	}
	if (rc == 0)
		rc = table_end(t, e);
	a->refused |= kept.refused;
	arena_release(&kept);
	return rc;
}
