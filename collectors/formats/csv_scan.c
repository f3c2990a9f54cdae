/*
 * csv_scan.c - see csv_scan.h.
 *
 * One pass over the bytes. An unquoted cell ends at a delimiter or a line end, which are looked for
 * eight bytes at a time; columns are counted on the way, as characters. When a quoted cell never
 * ends (or not within CSV_QUOTED_MAX), its quote is taken as a character, so that one stray quote
 * costs its row and not the rest of the file. That second look cannot be forced again and again:
 * the bytes passed over held quotes in pairs only, and a pair that begins a cell closes at once.
 */
#include "collectors/formats/csv_scan.h"
#include "collectors/cells.h"

#include <endian.h>

void csv_scan_init(struct csv_scan *s, struct slice body, char delimiter, struct arena *a)
{
	/* An empty body may be nowhere. */
	if (!body.p)
		body = slice_of("", 0);
	*s = (struct csv_scan){
		.p = body.p,
		.end = body.p + body.n,
		.line = 1,
		.column = 1,
		.arena = a,
		.delimiter = delimiter,
	};
	if (slice_starts(body, "\xef\xbb\xbf"))
		s->p += 3;
	s->stop[(unsigned char)delimiter] = 1;
	s->stop['\n'] = 1;
	s->stop['\r'] = 1;
}

/* Takes the line end at p. */
static void end_line(struct csv_scan *s)
{
	if (*s->p == '\r' && s->p + 1 < s->end && s->p[1] == '\n')
		s->p++;
	s->p++;
	s->line++;
	s->column = 1;
}

static void row_fault(struct csv_scan *s, unsigned line, unsigned column, const char *text)
{
	if (s->row.fault)
		return;
	s->row.fault = text;
	s->row.fault_line = line;
	s->row.fault_column = column;
}

/* Eight bytes at once, the first of them lowest. */
static const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;

/* The high bit of each byte that is c, up to the first that is: behind that others may have it. */
static uint64_t bytes_that_are(uint64_t eight, unsigned char c)
{
	uint64_t x = eight ^ ones * c;

	return (x - ones) & ~x & highs;
}

/* How many of them begin no character. */
static unsigned continuations(uint64_t eight)
{
	/* A sum of all bytes in the highest one. */
	return (unsigned)((eight >> 7 & ~(eight >> 6) & ones) * ones >> 56);
}

/* Bytes before the first delimiter or line end from p on, and how many of them begin no
 * character; those up to the end when fewer than eight are left. */
static const char *pass_eights(const struct csv_scan *s, const char *p, unsigned *inner)
{
	while (s->end - p >= 8) {
		uint64_t eight, stops;
		unsigned n;

		memcpy(&eight, p, sizeof(eight));
		eight = le64toh(eight);
		stops = bytes_that_are(eight, (unsigned char)s->delimiter) |
			bytes_that_are(eight, '\n') | bytes_that_are(eight, '\r');
		if (!stops) {
			*inner += continuations(eight);
			p += 8;
			continue;
		}
		n = (unsigned)__builtin_ctzll(stops) / 8;
		if (n)
			*inner += continuations(eight << (64 - n * 8));
		return p + n;
	}
	return p;
}

/* To the next delimiter or line end. */
static struct slice bare_text(struct csv_scan *s)
{
	const char *from = s->p, *p;
	unsigned inner = 0;

	p = pass_eights(s, from, &inner);
	while (p < s->end && !s->stop[(unsigned char)*p])
		inner += ((unsigned char)*p++ & 0xc0) == 0x80;
	s->p = p;
	s->column += (unsigned)(p - from) - inner;
	return slice_of(from, (size_t)(p - from));
}

/* The quote that closes the cell whose text begins at p, or NULL. *doubled: quotes to undouble. */
static const char *closing_quote(const struct csv_scan *s, const char *p, bool *doubled)
{
	const char *limit = s->end - p > CSV_QUOTED_MAX ? p + CSV_QUOTED_MAX : s->end;

	*doubled = false;
	while ((p = memchr(p, '"', (size_t)(limit - p))) != NULL) {
		if (p + 1 == s->end || p[1] != '"')
			return p;
		*doubled = true;
		p += 2;
		if (p >= limit)
			return NULL;
	}
	return NULL;
}

static struct slice undouble(struct slice s, struct arena *a)
{
	char *out = arena_alloc(a, s.n);
	size_t n = 0;

	if (!out)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < s.n; i++) {
		out[n++] = s.p[i];
		i += s.p[i] == '"';
	}
	return slice_of(out, n);
}

/* Moves over quoted text, counting lines and characters. */
static void pass_over(struct csv_scan *s, const char *to)
{
	while (s->p < to) {
		if (*s->p == '\n' || *s->p == '\r') {
			end_line(s);
			continue;
		}
		s->column += ((unsigned char)*s->p++ & 0xc0) != 0x80;
	}
}

static int quoted_cell(struct csv_scan *s, struct cell *cell, struct err *e)
{
	unsigned line = s->line, column = s->column;
	bool doubled;
	const char *close = closing_quote(s, s->p + 1, &doubled);
	struct slice inside;

	cell->line = line;
	cell->column = column;
	if (!close) {
		row_fault(s, line, column, "the quote that opens here is never closed");
		cell->text = cell_trim(bare_text(s));
		return 0;
	}
	inside = slice_of(s->p + 1, (size_t)(close - s->p - 1));
	if (doubled)
		inside = undouble(inside, s->arena);
	if (!inside.p)
		return err_set(e, ERR_LIMIT, "line %u: a cell of %td bytes does not fit", line,
			       close - s->p);
	cell->text = cell_trim(inside);
	pass_over(s, close + 1);
	line = s->line;
	column = s->column;
	if (cell_trim(bare_text(s)).n)
		row_fault(s, line, column, "text stands behind the closing quote");
	return 0;
}

/* Blanks before an opening quote; leaves p alone when no quote follows. */
static void skip_to_quote(struct csv_scan *s)
{
	const char *p = s->p;

	while (p < s->end && *p == ' ')
		p++;
	if (p < s->end && *p == '"') {
		s->column += (unsigned)(p - s->p);
		s->p = p;
	}
}

static struct cell *new_cell(struct csv_scan *s, struct err *e)
{
	if (s->row.n == ROW_CELLS_MAX) {
		err_set(e, ERR_LIMIT, "line %u has more than %d cells", s->row.line, ROW_CELLS_MAX);
		return NULL;
	}
	if (s->row.n == s->cap) {
		void *p = arena_grow(s->arena, s->row.cells, s->row.n, &s->cap, s->row.n + 1,
				     sizeof(*s->row.cells));

		if (!p) {
			err_set(e, ERR_LIMIT, "line %u: no room for its cells", s->row.line);
			return NULL;
		}
		s->row.cells = p;
	}
	s->row.cells[s->row.n].repeated = false;
	return &s->row.cells[s->row.n++];
}

int csv_scan_next(struct csv_scan *s, struct err *e)
{
	if (s->p >= s->end)
		return 0;
	s->row.n = 0;
	s->row.line = s->line;
	s->row.fault = NULL;
	for (;;) {
		struct cell *cell = new_cell(s, e);

		if (!cell)
			return -1;
		if (s->p < s->end && *s->p == ' ')
			skip_to_quote(s);
		if (s->p < s->end && *s->p == '"') {
			if (quoted_cell(s, cell, e) < 0)
				return -1;
		} else {
			cell->line = s->line;
			cell->column = s->column;
			cell->text = cell_trim(bare_text(s));
		}
		if (s->p >= s->end)
			return 1;
		if (*s->p != s->delimiter) {
			end_line(s);
			return 1;
		}
		s->p++;
		s->column++;
	}
}
