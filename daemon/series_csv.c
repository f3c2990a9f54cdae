/* series_csv.c - see series_csv.h. */
#include "daemon/series_csv.h"

#include "base/alloc.h"
#include "base/text.h"
#include "query/parse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CELLS_MAX = 32,
	SERIES_ARENA = 1 << 20,
	LINE_MAX_BYTES = 1 << 20,
};

/* The years 0000 to 9999. */
#define YEARS_FROM_MS INT64_C(-62167219200000)
#define YEARS_TO_MS   INT64_C(253402300799999)

/* What Prometheus writes for a NaN and num_parse_prom() reads. */
static const uint64_t usual_nan = UINT64_C(0x7ff8000000000001);

static const char *const flag_names[] = { "provisional", "revised",    "estimated", "zero",
					  "suspect",     "suppressed", "flag6",     "flag7" };

/* --- times and values -------------------------------------------------------------------- */

size_t csv_value_print(double v, char out[CSV_VALUE_TEXT])
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	if (isnan(v) && bits != usual_nan)
		return (size_t)snprintf(out, CSV_VALUE_TEXT, "NaN:0x%016" PRIx64, bits);
	if (isfinite(v) && v != 0 && (fabs(v) < 1e-6 || fabs(v) >= 1e21))
		return num_print_g(v, out);
	return num_print(v, out);
}

static int parse_nan(struct slice text, double *v, struct err *e)
{
	char digits[17] = "", shown[TEXT_SHOWN];
	uint64_t bits = 0;
	char *end = digits;

	if (text.n == 16) {
		memcpy(digits, text.p, 16);
		if (strspn(digits, "0123456789abcdefABCDEF") == 16)
			bits = strtoull(digits, &end, 16);
	}
	memcpy(v, &bits, sizeof(*v));
	if (*end || end == digits || !isnan(*v))
		return err_set(e, ERR_INVALID,
			       "%s is not the 16 hexadecimal digits of a NaN, such as "
			       "7ff0000000000002",
			       text_shown(text, shown));
	return 0;
}

int csv_value_parse(struct slice text, double *v, struct err *e)
{
	if (slice_starts(text, "NaN:0x"))
		return parse_nan(slice_skip(text, 6), v, e);
	return num_parse_prom(text, v, e);
}

char *csv_time_print(int64_t ms, char out[TIME_TEXT])
{
	if (ms >= YEARS_FROM_MS && ms <= YEARS_TO_MS)
		return time_print_utc(ms, out);
	snprintf(out, TIME_TEXT, "%" PRId64, ms);
	return out;
}

int csv_time_parse(struct slice text, int64_t *ms, struct err *e)
{
	bool digits = text.n > 0;

	for (size_t i = 0; i < text.n; i++)
		digits = digits &&
			 ((text.p[i] >= '0' && text.p[i] <= '9') || (i == 0 && text.p[i] == '-'));
	return digits ? num_parse_i64(text, ms, e) : time_parse(text, ms, e);
}

/* --- writing -------------------------------------------------------------------------------- */

void csv_put_header(struct buf *out, bool vintages)
{
	buf_puts(out, vintages ? "series,stamp,value,months,flags,known_from,received,released,"
				 "submission,source\n"
			       : "series,time,value\n");
}

bool csv_is_formula(struct slice text)
{
	double v;

	return text.n && text.p[0] && strchr("=+-@\t\r", text.p[0]) &&
	       num_parse_prom(text, &v, NULL) < 0;
}

/* Rows are read line by line, so a control character in a text becomes a blank; labels have
 * escapes of their own for it. */
static void put_cell(struct buf *out, struct slice text)
{
	bool quote = false;

	for (size_t i = 0; i < text.n; i++)
		quote = quote || text.p[i] == '"' || text.p[i] == ',' || text.p[i] == '\r';
	if (!quote) {
		buf_slice(out, text);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, text.p[i]);
	}
	buf_putc(out, '"');
}

void csv_put_series(struct buf *out, const struct labels *ls)
{
	struct buf text;

	buf_init(&text, SERIES_TEXT_MAX_BYTES);
	labels_print(ls, &text);
	put_cell(out, buf_all(&text));
	if (text.failed)
		out->failed = text.failed;
	buf_release(&text);
}

/* `value` NULL: there is none. */
static void put_front(struct buf *out, struct slice series, int64_t t_ms, const double *value)
{
	char text[CSV_VALUE_TEXT], at[TIME_TEXT];
	size_t n = value ? csv_value_print(*value, text) : 0;

	buf_slice(out, series);
	buf_putc(out, ',');
	buf_puts(out, csv_time_print(t_ms, at));
	buf_putc(out, ',');
	buf_put(out, text, n);
}

void csv_put_sample(struct buf *out, struct slice series, int64_t t_ms, double value, bool vintages)
{
	put_front(out, series, t_ms, &value);
	buf_puts(out, vintages ? ",,,,,,,\n" : "\n");
}

static void put_flags(struct buf *out, uint8_t flags)
{
	bool any = false;

	for (unsigned i = 0; i < 8; i++) {
		if (!(flags & 1u << i))
			continue;
		if (any)
			buf_putc(out, ' ');
		buf_puts(out, flag_names[i]);
		any = true;
	}
}

static void put_source(struct buf *out, struct slice source)
{
	struct buf text;

	buf_init(&text, source.n + 2);
	if (csv_is_formula(source))
		buf_putc(&text, '\'');
	for (size_t i = 0; i < source.n; i++)
		buf_putc(&text, (unsigned char)source.p[i] < ' ' ? ' ' : source.p[i]);
	put_cell(out, buf_all(&text));
	if (text.failed)
		out->failed = text.failed;
	buf_release(&text);
}

void csv_put_figure(struct buf *out, struct slice series, const struct vintage *v,
		    struct slice source)
{
	char at[TIME_TEXT];

	put_front(out, series, v->stamp_ms, v->flags & FIGURE_SUPPRESSED ? NULL : &v->value);
	buf_printf(out, ",%u,", v->months);
	put_flags(out, v->flags);
	buf_printf(out, ",%s", csv_time_print(v->known_from_ms, at));
	buf_printf(out, ",%s,", csv_time_print(v->received_ms, at));
	if (v->released_ms)
		buf_puts(out, csv_time_print(v->released_ms, at));
	buf_printf(out, ",%" PRIu64 ",", v->submission);
	put_source(out, source);
	buf_putc(out, '\n');
}

/* --- cells of a line ---------------------------------------------------------------- */

enum column { SERIES, TIME, VALUE, MONTHS, FLAGS, KNOWN_FROM, RELEASED, IGNORED, COLUMNS };

static const struct {
	const char *name;
	enum column column;
} names[] = {
	{ "series", SERIES },         { "time", TIME },         { "stamp", TIME },
	{ "value", VALUE },           { "months", MONTHS },     { "flags", FLAGS },
	{ "known_from", KNOWN_FROM }, { "released", RELEASED }, { "received", IGNORED },
	{ "submission", IGNORED },    { "source", IGNORED },
};

struct csv_reader {
	struct slice line;
	struct slice cells[CELLS_MAX];
	const char *at[CELLS_MAX]; /* where each begins in the line */
	size_t ncells, ncolumns;
	struct buf unquoted;
	int where[COLUMNS]; /* cell of a column; -1: there is none */

	struct arena arena; /* labels of the series at hand */
	struct arena_mark empty;
	struct buf series; /* its text */
	bool any;
	struct label l[LABELS_MAX];
	size_t n;
};

struct csv_reader *csv_reader_new(struct err *e)
{
	struct csv_reader *r = mem_zalloc(sizeof(*r));

	if (!r) {
		err_set(e, ERR_MEMORY, "no memory to read CSV");
		return NULL;
	}
	buf_init(&r->unquoted, LINE_MAX_BYTES);
	buf_init(&r->series, LINE_MAX_BYTES);
	arena_init(&r->arena, SERIES_ARENA);
	r->empty = arena_mark(&r->arena);
	return r;
}

void csv_reader_free(struct csv_reader *r)
{
	if (!r)
		return;
	buf_release(&r->unquoted);
	buf_release(&r->series);
	arena_release(&r->arena);
	mem_free(r);
}

static int fault(struct csv_reader *r, const char *at, unsigned *column, struct err *e,
		 const char *text)
{
	*column = text_column(r->line, (size_t)(at - r->line.p));
	return err_set(e, ERR_INVALID, "%s", text);
}

/* From behind the opening quote to behind the closing one; a cell that needs no copy is none. */
static int quoted_cell(struct csv_reader *r, const char **p, struct slice *out, unsigned *column,
		       struct err *e)
{
	const char *from = *p, *end = r->line.p + r->line.n, *q = from;
	size_t copied = r->unquoted.n;
	bool doubled = false;

	for (;; q++) {
		q = q < end ? memchr(q, '"', (size_t)(end - q)) : NULL;
		if (!q)
			return fault(r, from - 1, column, e,
				     "the quote that begins here has no end on this line");
		if (q + 1 == end || q[1] != '"')
			break;
		q++;
		doubled = true;
	}
	*out = slice_of(from, (size_t)(q - from));
	*p = q + 1;
	if (!doubled)
		return 0;
	for (const char *c = from; c < q; c++) {
		buf_putc(&r->unquoted, *c);
		c += *c == '"';
	}
	*out = slice_of(r->unquoted.p + copied, r->unquoted.n - copied);
	return 0;
}

/* The copies of a line never outgrow it, so that they stay where they are. */
static int make_room(struct csv_reader *r, unsigned *column, struct err *e)
{
	buf_clear(&r->unquoted);
	*column = 1;
	if (r->line.n >= LINE_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "the line has %zu bytes, more than %d", r->line.n,
			       LINE_MAX_BYTES);
	buf_room(&r->unquoted, r->line.n + 1);
	return buf_check(&r->unquoted, e);
}

static int split(struct csv_reader *r, struct slice line, unsigned *column, struct err *e)
{
	const char *p = line.p, *end = line.p + line.n;

	r->line = line;
	r->ncells = 0;
	if (make_room(r, column, e) < 0)
		return -1;
	for (;; p++) {
		const char *from = p;

		if (r->ncells == CELLS_MAX)
			return fault(r, p, column, e, "more cells than any row has");
		r->at[r->ncells] = p;
		if (p < end && *p == '"') {
			p++;
			if (quoted_cell(r, &p, &r->cells[r->ncells], column, e) < 0)
				return -1;
			if (p < end && *p != ',')
				return fault(r, p, column, e, "text stands behind a closing quote");
		} else {
			const char *comma = memchr(p, ',', (size_t)(end - p));

			p = comma ? comma : end;
			r->cells[r->ncells] = slice_of(from, (size_t)(p - from));
		}
		r->ncells++;
		if (p >= end)
			return 0;
	}
}

/* --- the header --------------------------------------------------------------------- */

static int find_column(struct slice text, enum column *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(text, names[i].name)) {
			*out = names[i].column;
			return 0;
		}
	return -1;
}

static int take_columns(struct csv_reader *r, struct err *e)
{
	char shown[TEXT_SHOWN];

	for (size_t i = 0; i < r->ncells; i++) {
		enum column c;

		if (find_column(r->cells[i], &c) < 0)
			return err_set(e, ERR_INVALID,
				       "there is no column %s; there are series, time or stamp, "
				       "value, months, flags, known_from, received, released, "
				       "submission, source",
				       text_shown(r->cells[i], shown));
		if (c != IGNORED && r->where[c] >= 0)
			return err_set(e, ERR_INVALID, "the column %s is there twice",
				       text_shown(r->cells[i], shown));
		r->where[c] = (int)i;
	}
	if (r->where[SERIES] < 0 || r->where[TIME] < 0 || r->where[VALUE] < 0)
		return err_set(e, ERR_INVALID,
			       "the first line does not name the columns series, time (or stamp) "
			       "and value");
	if (r->where[MONTHS] < 0 && (r->where[FLAGS] >= 0 || r->where[KNOWN_FROM] >= 0))
		return err_set(
			e, ERR_INVALID,
			"columns of figures without months: how many months a figure covers");
	r->ncolumns = r->ncells;
	return 0;
}

static struct slice without_return(struct slice line)
{
	return line.n && line.p[line.n - 1] == '\r' ? slice_of(line.p, line.n - 1) : line;
}

int csv_reader_header(struct csv_reader *r, struct slice line, struct err *e)
{
	unsigned column;

	if (slice_starts(line, "\xef\xbb\xbf"))
		line = slice_skip(line, 3);
	for (int i = 0; i < COLUMNS; i++)
		r->where[i] = -1;
	r->any = false;
	if (split(r, without_return(line), &column, e) < 0)
		return -1;
	return take_columns(r, e);
}

/* --- rows --------------------------------------------------------------------------- */

static int take_series(struct csv_reader *r, struct slice text, struct csv_row *row, struct err *e)
{
	row->same_series = r->any && slice_eq(text, buf_all(&r->series));
	if (!row->same_series) {
		r->any = false;
		arena_reset(&r->arena, r->empty);
		buf_clear(&r->series);
		buf_slice(&r->series, text);
		/* The labels point into the copy. */
		if (buf_check(&r->series, e) < 0)
			return -1;
		if (parse_series(buf_all(&r->series), &r->arena, r->l, &r->n, e) < 0)
			return err_wrap(e, "series");
		r->any = true;
	}
	row->l = r->l;
	row->n = r->n;
	return 0;
}

static int parse_flags(struct slice text, uint8_t *flags, struct err *e)
{
	while (text.n) {
		const char *blank = memchr(text.p, ' ', text.n);
		struct slice word = slice_of(text.p, blank ? (size_t)(blank - text.p) : text.n);
		char shown[TEXT_SHOWN];
		unsigned i = 0;

		while (i < 8 && !slice_is(word, flag_names[i]))
			i++;
		if (i == 8)
			return err_set(e, ERR_INVALID,
				       "%s is not a flag; there are provisional, revised, "
				       "estimated, zero, suspect, suppressed",
				       text_shown(word, shown));
		*flags |= (uint8_t)(1u << i);
		text = slice_skip(text, word.n + (blank != NULL));
	}
	return 0;
}

static int parse_months(struct slice text, uint8_t *months, struct err *e)
{
	char shown[TEXT_SHOWN];
	int64_t n;

	if (num_parse_i64(text, &n, NULL) < 0 || n < 0 || n > UINT8_MAX)
		return err_set(e, ERR_INVALID,
			       "%s is not a number of months (0 for a day, at most 255)",
			       text_shown(text, shown));
	*months = (uint8_t)n;
	return 0;
}

/* Empty when the file has no such column. */
static struct slice cell(const struct csv_reader *r, enum column c)
{
	return r->where[c] < 0 ? slice_of("", 0) : r->cells[r->where[c]];
}

static int parse_cell(struct csv_reader *r, enum column c, struct csv_row *row, struct err *e)
{
	struct slice text = cell(r, c);

	switch (c) {
	case SERIES:
		return take_series(r, text, row, e);
	case TIME:
		return csv_time_parse(text, &row->t_ms, e);
	case VALUE:
		if (text.n)
			return csv_value_parse(text, &row->value, e);
		/* Right where the flags, which come later, say so; see check_figure(). */
		row->value = figure_no_value();
		row->empty = true;
		return 0;
	case MONTHS:
		row->figure = text.n > 0;
		return row->figure ? parse_months(text, &row->months, e) : 0;
	case FLAGS:
		return parse_flags(text, &row->flags, e);
	case KNOWN_FROM:
		row->known = text.n > 0;
		return row->known ? csv_time_parse(text, &row->known_from_ms, e) : 0;
	case RELEASED:
		row->unreleased = r->where[c] >= 0 && text.n == 0;
		return text.n ? csv_time_parse(text, &row->released_ms, e) : 0;
	default:
		return 0;
	}
}

static int check_figure(struct csv_reader *r, const struct csv_row *row, unsigned *column,
			struct err *e)
{
	static const enum column only_figures[] = { FLAGS, KNOWN_FROM, RELEASED };

	bool suppressed = row->figure && row->flags & FIGURE_SUPPRESSED;

	if (row->empty != suppressed)
		return fault(r, r->at[r->where[VALUE]], column, e,
			     row->empty ? "only a figure that is suppressed has no value"
					: "a suppressed figure has no value: leave it empty");
	if (row->figure && !figure_is_sound(row->value, row->flags))
		return fault(r, r->at[r->where[VALUE]], column, e,
			     suppressed ? "a suppressed figure is no zero"
					: "a figure must be a finite number");
	if (row->figure)
		return 0;
	for (size_t i = 0; i < sizeof(only_figures) / sizeof(only_figures[0]); i++)
		if (cell(r, only_figures[i]).n)
			return fault(r, r->at[r->where[only_figures[i]]], column, e,
				     "this is for figures, and a row without months is a plain "
				     "sample");
	return 0;
}

static int check_count(struct csv_reader *r, unsigned *column, struct err *e)
{
	char text[80];

	if (r->ncells == r->ncolumns)
		return 0;
	snprintf(text, sizeof(text), "the row has %zu cells, the first line %zu", r->ncells,
		 r->ncolumns);
	return fault(r, r->line.p, column, e, text);
}

int csv_reader_line(struct csv_reader *r, struct slice line, struct csv_row *row, unsigned *column,
		    struct err *e)
{
	*row = (struct csv_row){ .figure = false };
	line = without_return(line);
	if (!line.n)
		return 0;
	if (split(r, line, column, e) < 0 || check_count(r, column, e) < 0)
		return -1;
	for (int c = 0; c < IGNORED; c++) {
		if (parse_cell(r, (enum column)c, row, e) == 0)
			continue;
		*column = text_column(line, (size_t)(r->at[r->where[c]] - line.p));
		return -1;
	}
	return check_figure(r, row, column, e) < 0 ? -1 : 1;
}
