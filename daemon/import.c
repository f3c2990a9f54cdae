/*
 * import.c - see import.h.
 *
 * A block is a run of whole lines. What decodes them is the decoder of feeds for OpenMetrics and
 * csv_reader_line() for CSV; both know lines of a block, we add how many came before it.
 */
#include "daemon/import.h"

#include "base/alloc.h"
#include "base/text.h"
#include "collectors/decode.h"
#include "daemon/series_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	BLOCK_BYTES = 2 << 20, /* longer lines are refused */
	COMPLAINTS_MAX = 100,
	AHEAD_MS = 10 * 60 * 1000, /* what the store takes of plain samples */
	DECODE_ARENA = 16 << 20,
};

static const char eof_line[] = "# EOF\n";

struct import {
	const struct import_options *o;
	const char *path;
	struct import_counts *counts;
	struct bulk *bulk;
	uint64_t complaints;
	int64_t now_ms;

	int fd;
	char *p; /* BLOCK_BYTES, and room for eof_line */
	size_t n, used;
	uint64_t line; /* of the block's first line, from 1 */
	bool ended;

	struct slice lines;  /* OpenMetrics: of the block, from … */
	uint64_t lines_from; /* … this one on */

	struct csv_reader *csv;
	bool eof; /* OpenMetrics' last line was seen */
};

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void refuse(struct import *x, uint64_t line, unsigned column, const char *why)
{
	x->counts->refused++;
	bulk_note_refused(x->bulk);
	if (++x->complaints <= COMPLAINTS_MAX)
		fprintf(x->o->complaints, "%s:%" PRIu64 ":%u: %s\n", x->path, line, column, why);
}

static void store_refused(void *ctx, uint64_t first_line, uint64_t last_line, uint64_t values,
			  const char *why)
{
	struct import *x = ctx;

	x->counts->refused += values;
	if (++x->complaints > COMPLAINTS_MAX)
		return;
	if (first_line == last_line)
		fprintf(x->o->complaints, "%s:%" PRIu64 ":1: %s\n", x->path, first_line, why);
	else
		fprintf(x->o->complaints,
			"%s:%" PRIu64 ": %" PRIu64 " values from here to line %" PRIu64
			" are refused, the first because %s\n",
			x->path, first_line, values, last_line, why);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static int fill(struct import *x, struct err *e)
{
	memmove(x->p, x->p + x->used, x->n - x->used);
	x->n -= x->used;
	x->used = 0;
	while (!x->ended && x->n < BLOCK_BYTES) {
		ssize_t got = read(x->fd, x->p + x->n, BLOCK_BYTES - x->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, errno, "cannot read %s", x->path);
		x->ended = got == 0;
		x->n += (size_t)got;
	}
	return 0;
}

/* Up to behind the end of a line that does not fit a block. */
static int skip_line(struct import *x, struct err *e)
{
	const char *end;

	refuse(x, x->line, 1, "the line is too long");
	do {
		x->used = x->n;
		if (fill(x, e) < 0)
			return -1;
		end = memchr(x->p, '\n', x->n);
	} while (!end && x->n > 0);
	x->used = end ? (size_t)(end - x->p) + 1 : 0;
	x->line++;
	return 0;
}

/* 1: whole lines, each with its end. 0: no more. */
static int next_block(struct import *x, struct slice *out, struct err *e)
{
	const char *end;

	for (;;) {
		if (fill(x, e) < 0)
			return -1;
		if (x->n == 0)
			return 0;
		end = memrchr(x->p, '\n', x->n);
		if (end)
			break;
		if (x->ended) {
			x->used = x->n;
			*out = slice_of(x->p, x->n);
			return 1;
		}
		if (skip_line(x, e) < 0)
			return -1;
	}
	*out = slice_of(x->p, (size_t)(end - x->p) + 1);
	x->used = out->n;
	return 1;
}

static uint64_t count_lines(struct slice s)
{
	const char *p = s.p, *end = s.p + s.n;
	uint64_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

/* --- values ----------------------------------------------------------------------------------- */

static int refuse_row(struct import *x, uint64_t line, const char *why)
{
	refuse(x, line, 1, why);
	return 0;
}

static int take_plain(struct import *x, const struct csv_row *row, uint64_t line, struct err *e)
{
	if (row->t_ms > x->now_ms + AHEAD_MS)
		return refuse_row(x, line, "its time lies more than 10 minutes ahead of the clock");
	if (row->t_ms < STAMP_EARLIEST_MS)
		return refuse_row(x, line, "its time lies before the year 0");
	return bulk_sample(x->bulk, row->t_ms, row->value, line, e);
}

/* `preliminary`: it may be known before its period ends. */
static int take_figure(struct import *x, const struct csv_row *row, bool preliminary,
		       struct slice text, uint64_t line, struct err *e)
{
	struct observation o = { .stamp_ms = row->t_ms,
				 .value = row->value,
				 .months = row->months,
				 .flags = row->flags };
	bool known = row->known && !row->unreleased;

	if (!x->o->source)
		return refuse_row(x, line, "this is a figure: --source says who answers for it");
	if (row->known && !x->o->trusted)
		return refuse_row(x, line,
				  "only a trusted import may say since when a figure is known");
	if (row->known && (row->known_from_ms > x->now_ms || row->known_from_ms == 0))
		return refuse_row(x, line, "known_from lies ahead of the clock or is 1970 itself");
	if (row->t_ms > x->now_ms && !x->o->trusted && !preliminary)
		return refuse_row(x, line, "its period has not ended");
	if (row->t_ms < STAMP_EARLIEST_MS || row->t_ms > STAMP_LATEST_MS)
		return refuse_row(x, line, "its period lies outside the years 0 to 9999");
	/* What was known before it was released was seen from the release on. */
	if (known)
		o.known_from_ms = row->released_ms > row->known_from_ms ? row->released_ms
									: row->known_from_ms;
	return bulk_figure(x->bulk, &o, row->unreleased, text, line, e);
}

/* A value that does not say what it is; `l` as in bulk_series(). */
static int take_sample(struct import *x, const struct label *l, size_t n, struct csv_row *row,
		       struct slice text, uint64_t line, struct err *e)
{
	struct series_kind kind = { .class = SERIES_PLAIN };

	if (x->o->classify)
		kind = x->o->classify(x->o->classify_ctx, l, n);
	if (kind.class == SERIES_PLAIN)
		return take_plain(x, row, line, e);
	if (!isfinite(row->value))
		return refuse_row(x, line, "a figure must be a finite number");
	row->months = kind.months;
	return take_figure(x, row, kind.preliminary, text, line, e);
}

/* --- OpenMetrics -------------------------------------------------------------------- */

struct prom_block {
	struct import *x;
	struct err *e; /* set when nothing more can be written */
	bool failed;
};

/* Lines are asked for in order. */
static struct slice line_at(struct import *x, uint64_t line)
{
	const char *end;

	while (x->lines_from < line && (end = memchr(x->lines.p, '\n', x->lines.n))) {
		x->lines = slice_skip(x->lines, (size_t)(end - x->lines.p) + 1);
		x->lines_from++;
	}
	end = memchr(x->lines.p, '\n', x->lines.n);
	return slice_of(x->lines.p, end ? (size_t)(end - x->lines.p) : x->lines.n);
}

static int prom_sample(void *ctx, const struct prom_sample *s, struct err *e)
{
	struct prom_block *b = ctx;
	struct import *x = b->x;
	uint64_t at = x->line + s->line - 1;
	struct csv_row row = { .t_ms = s->t_ms, .value = s->v };
	struct err why;

	if (bulk_series(x->bulk, s->labels, s->nlabels, &why) < 0) {
		refuse(x, at, 1, why.text);
		return 0;
	}
	b->failed = take_sample(x, s->labels, s->nlabels, &row, line_at(x, at), at, e) < 0;
	return b->failed ? -1 : 0;
}

static void prom_complain(void *ctx, enum refusal why, unsigned line, unsigned column,
			  const char *text)
{
	struct prom_block *b = ctx;

	(void)why;
	refuse(b->x, b->x->line + line - 1, column, text);
}

/* Whole lines with "# EOF" behind, as a document of its own. */
static int decode_lines(struct import *x, struct slice lines, struct err *e)
{
	struct prom_block b = { .x = x };
	struct prom_options o = { .open_metrics = true,
				  .now_ms = x->now_ms,
				  .samples_max = SIZE_MAX };
	struct prom_sink sink = { .sample = prom_sample, .complain = prom_complain, .ctx = &b };
	uint64_t before = x->counts->refused;
	struct arena a;
	int rc;

	x->lines = lines;
	x->lines_from = x->line;
	arena_init(&a, DECODE_ARENA);
	rc = decode_prom(lines, &o, &a, &sink, e);
	arena_release(&a);
	/* That none of its lines can be used was said line by line. */
	if (rc < 0 && !b.failed && e->code == ERR_INVALID && x->counts->refused > before)
		return 0;
	return rc < 0 && !b.failed ? err_wrap(e, "%s, from line %" PRIu64, x->path, x->line) : rc;
}

/* Where the line "# EOF" begins; NULL when there is none. */
static char *find_eof(struct slice s)
{
	const size_t n = sizeof(eof_line) - 1;
	char *p = (char *)s.p;

	if (slice_starts(s, eof_line))
		return p;
	p = memmem(s.p, s.n, "\n# EOF\n", n + 1);
	return p ? p + 1 : NULL;
}

static int openmetrics_block(struct import *x, struct slice block, struct err *e)
{
	const size_t n = sizeof(eof_line) - 1;
	char *eof, kept[sizeof(eof_line)];
	int rc;

	if (x->eof) {
		refuse(x, x->line, 1, "text stands behind '# EOF'; it is left out");
		return 0;
	}
	eof = find_eof(block);
	x->eof = eof != NULL;
	if (eof) {
		size_t upto = (size_t)(eof - block.p) + n;

		rc = decode_lines(x, slice_of(block.p, upto), e);
		x->line += count_lines(slice_of(block.p, upto));
		if (rc == 0 && upto < block.n)
			refuse(x, x->line, 1, "text stands behind '# EOF'; it is left out");
		return rc;
	}
	/* The decoder wants an end; what the next block begins with makes room for a moment. */
	eof = x->p + block.n;
	memcpy(kept, eof, n);
	memcpy(eof, eof_line, n);
	rc = decode_lines(x, slice_of(block.p, block.n + n), e);
	memcpy(eof, kept, n);
	return rc;
}

/* --- CSV ---------------------------------------------------------------------------- */

static int csv_line(struct import *x, struct slice text, uint64_t line, struct err *e)
{
	struct csv_row row;
	unsigned column = 1;
	struct err why;
	long bad = utf8_bad_at(text);
	int rc;

	if (bad >= 0) {
		refuse(x, line, text_column(text, (size_t)bad), "this is not UTF-8");
		return 0;
	}
	rc = csv_reader_line(x->csv, text, &row, &column, &why);
	if (rc == 1 && bulk_series(x->bulk, row.l, row.n, &why) < 0) {
		column = 1;
		rc = -1;
	}
	if (rc < 0)
		refuse(x, line, column, why.text);
	if (rc != 1)
		return 0;
	return row.figure ? take_figure(x, &row, false, text, line, e)
			  : take_sample(x, row.l, row.n, &row, text, line, e);
}

static int csv_block(struct import *x, struct slice block, struct err *e)
{
	const char *p = block.p, *end = block.p + block.n, *stop;

	for (uint64_t line = x->line; p < end; line++, p = stop + 1) {
		struct slice text;

		stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop)
			return refuse_row(x, line,
					  "the last line has no end and may be cut off; it is "
					  "left out");
		text = slice_of(p, (size_t)(stop - p));
		if (line == 1) {
			if (csv_reader_header(x->csv, text, e) < 0 ||
			    bulk_header(x->bulk, text, e) < 0)
				return err_wrap(e, "%s:1", x->path);
		} else if (csv_line(x, text, line, e) < 0) {
			return -1;
		}
	}
	return 0;
}

/* --- a file ------------------------------------------------------------------------- */

static bool is_csv(const struct import *x)
{
	if (x->o->format == IMPORT_BY_NAME)
		return slice_ends(slice_str(x->path), ".csv");
	return x->o->format == IMPORT_CSV;
}

static int read_blocks(struct import *x, struct err *e)
{
	bool csv = is_csv(x);
	struct slice block;
	int rc;

	while ((rc = next_block(x, &block, e)) == 1) {
		uint64_t first = x->line;

		rc = csv ? csv_block(x, block, e) : openmetrics_block(x, block, e);
		if (rc < 0)
			break;
		x->line = first + count_lines(block);
	}
	if (rc == 0 && !csv && !x->eof)
		refuse(x, x->line, 1, "the file ends without '# EOF' and may be cut off");
	if (rc == 0 && csv && x->line == 1)
		refuse(x, 1, 1, "the file has no line that names the columns");
	return rc;
}

static int open_file(struct import *x, struct err *e)
{
	struct bulk_options b = { .store = x->o->store,
				  .source = x->o->source ? x->o->source : "",
				  .owner = x->o->owner ? x->o->owner : "",
				  .origin = x->path,
				  .trusted = x->o->trusted,
				  .refused = store_refused,
				  .ctx = x };

	x->fd = strcmp(x->path, "-") == 0 ? dup(STDIN_FILENO) : open(x->path, O_RDONLY | O_CLOEXEC);
	if (x->fd < 0)
		return err_sys(e, errno, "cannot read %s", x->path);
	x->p = mem_alloc(BLOCK_BYTES + sizeof(eof_line));
	if (!x->p)
		return err_set(e, ERR_MEMORY, "no memory to read %s", x->path);
	x->csv = csv_reader_new(e);
	x->bulk = x->csv ? bulk_new(&b, e) : NULL;
	return x->bulk ? 0 : -1;
}

int import_file(const struct import_options *o, const char *path, struct import_counts *out,
		struct err *e)
{
	struct import x = {
		.o = o, .path = path, .counts = out, .now_ms = wall_ms(), .fd = -1, .line = 1
	};
	int rc;

	*out = (struct import_counts){ .refused = 0 };
	rc = open_file(&x, e);
	if (rc == 0)
		rc = read_blocks(&x, e);
	if (x.bulk) {
		struct err why;

		/* What was read before an error is kept all the same. */
		if (bulk_finish(x.bulk, rc < 0 ? &why : e) < 0)
			rc = -1;
		bulk_counts(x.bulk, &out->kept);
	}
	if (x.complaints > COMPLAINTS_MAX)
		fprintf(o->complaints, "%s: and %" PRIu64 " complaints more\n", path,
			x.complaints - COMPLAINTS_MAX);
	bulk_free(x.bulk);
	csv_reader_free(x.csv);
	mem_free(x.p);
	if (x.fd >= 0)
		close(x.fd);
	return rc;
}
