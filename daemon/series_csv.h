/*
 * series_csv.h - the CSV of `parkwatch export` and `import`: rows to text and back, without loss.
 *
 * UTF-8, comma, double quotes (RFC 4180), one row a line, the first line names the columns:
 *
 *     series,time,value
 *     "up{instance=""a:1"",job=""node""}",2026-10-31T00:00:00.000Z,1
 *
 * and with every vintage
 *
 *     series,stamp,value,months,flags,known_from,received,released,submission,source
 *
 * where plain samples leave everything behind the value empty: a row is a figure when it has
 * months. docs/import-export.md says what each column holds.
 *
 * Values are the shortest text that reads back bit for bit; a NaN with another payload than the
 * usual one is NaN:0x7ff0000000000002, and a suppressed figure's is empty. Times are RFC 3339 in
 * UTC with milliseconds, or a bare number of milliseconds since 1970 where RFC 3339 has no year for
 * it.
 *
 * Reading takes the columns in any order and does without those that may be missing. One thread at
 * a time.
 */
#ifndef DAEMON_SERIES_CSV_H
#define DAEMON_SERIES_CSV_H

#include "base/buf.h"
#include "base/labels.h"
#include "base/num.h"
#include "base/zone.h"
#include "storage/store.h"

enum { CSV_VALUE_TEXT = NUM_TEXT };

/* --- writing --------------------------------------------------------------------------- */

void csv_put_header(struct buf *out, bool vintages);
/* `ls` as a quoted cell, to be given to the functions below. */
void csv_put_series(struct buf *out, const struct labels *ls);
void csv_put_sample(struct buf *out, struct slice series, int64_t t_ms, double value,
		    bool vintages);
void csv_put_figure(struct buf *out, struct slice series, const struct vintage *v,
		    struct slice source);

size_t csv_value_print(double v, char out[CSV_VALUE_TEXT]);
char *csv_time_print(int64_t ms, char out[TIME_TEXT]);

/* --- reading --------------------------------------------------------------------------- */

int csv_value_parse(struct slice text, double *v, struct err *e);
int csv_time_parse(struct slice text, int64_t *ms, struct err *e);

struct csv_row {
	const struct label *l; /* as a set holds them; valid until the series changes */
	size_t n;
	bool same_series; /* as the row before */
	int64_t t_ms;
	double value;
	bool empty; /* there is no value: a suppressed figure */

	bool figure; /* the rest is given */
	uint8_t months, flags;
	bool known, unreleased; /* known_from is given; there is a column for the release and it is
				   empty */
	int64_t known_from_ms, released_ms; /* 0: not given */
};

struct csv_reader;
struct csv_reader *csv_reader_new(struct err *e);
void csv_reader_free(struct csv_reader *r); /* NULL is nothing */

/* The first line of a file, without its end. ERR_INVALID says which column is unknown or missing.
 */
int csv_reader_header(struct csv_reader *r, struct slice line, struct err *e);
/* 1: *row is what the line says. 0: it is empty. -1: refused, with *column (of the cell, from 1, in
 * characters) and the reason. */
int csv_reader_line(struct csv_reader *r, struct slice line, struct csv_row *row, unsigned *column,
		    struct err *e);

/* What a spreadsheet would run: text that begins with = + - @ TAB or CR and is no number. Cells of
 * other people's text get a ' before it. */
bool csv_is_formula(struct slice text);

#endif
