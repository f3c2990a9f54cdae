/*
 * sheet_value.c - see sheet_value.h.
 *
 * A format's code is walked token by token and the letters that stand for parts of a date are
 * collected; quoted, escaped and bracketed text is stepped over. An m is a minute when an h
 * stood before it or an s follows, else a month.
 */
#include "collectors/formats/sheet_value.h"
#include "base/date.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

enum {
	SECONDS_A_DAY = 86400,
	SERIAL_MAX = 2958465, /* 9999-12-31, from 1900 */
	DAYS_1904 = 1462,     /* by which serials from 1904 are lower */
};

/* --- formats ------------------------------------------------------------------------- */

enum {
	SHOWS_YEAR = 1,
	SHOWS_MONTH = 2,
	SHOWS_DAY = 4,
	SHOWS_TIME = 8,
	SHOWS_ELAPSED = 16,
	SHOWS_PERCENT = 32,
};

static enum sheet_format kind_of(unsigned shows)
{
	if (shows & SHOWS_ELAPSED)
		return SHEET_ELAPSED;
	if (shows & SHOWS_TIME)
		return shows & (SHOWS_YEAR | SHOWS_MONTH | SHOWS_DAY) ? SHEET_DATE_TIME
								      : SHEET_TIME;
	if (shows & SHOWS_DAY)
		return SHEET_DATE;
	if (shows & SHOWS_MONTH)
		return SHEET_MONTH;
	if (shows & SHOWS_YEAR)
		return SHEET_YEAR;
	return shows & SHOWS_PERCENT ? SHEET_PERCENT : SHEET_NUMBER;
}

static enum sheet_format built_in(unsigned id)
{
	switch (id) {
	case 9:
	case 10:
		return SHEET_PERCENT;
	case 14:
	case 15:
	case 16:
	case 28:
	case 29:
	case 30:
	case 31:
	case 51:
	case 53:
	case 54:
	case 58:
		return SHEET_DATE;
	case 17:
	case 27:
	case 36:
	case 50:
	case 52:
	case 57:
		return SHEET_MONTH;
	case 18:
	case 19:
	case 20:
	case 21:
	case 32:
	case 33:
	case 34:
	case 35:
	case 45:
	case 47:
	case 55:
	case 56:
		return SHEET_TIME;
	case 22:
		return SHEET_DATE_TIME;
	case 46:
		return SHEET_ELAPSED;
	default:
		return SHEET_NUMBER;
	}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool word_at(struct slice code, size_t at, const char *word)
{
	size_t n = strlen(word);

	return code.n - at >= n && strncasecmp(code.p + at, word, n) == 0;
}

/* [h], [mm], [ss]: time that has passed. Other brackets hold colours, conditions, languages. */
static bool elapsed_at(struct slice code, size_t at)
{
	static const char *const words[] = { "[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (word_at(code, at, words[i]))
			return true;
	return false;
}

/* Where the token at `at`, which says nothing of dates, ends; `at` itself when it is a letter
 * that may. */
static size_t step_over(struct slice code, size_t at, unsigned *shows)
{
	const char *end;

	switch (lower(code.p[at])) {
	case '"':
		end = memchr(code.p + at + 1, '"', code.n - at - 1);
		return end ? (size_t)(end - code.p) + 1 : code.n;
	case '[':
		end = memchr(code.p + at, ']', code.n - at);
		if (elapsed_at(code, at))
			*shows |= SHOWS_ELAPSED;
		return end ? (size_t)(end - code.p) + 1 : code.n;
	case '\\':
	case '_':
	case '*':
		return at + 2 < code.n ? at + 2 : code.n;
	case 'a':
		return at + (word_at(code, at, "am/pm") ? 5 : word_at(code, at, "a/p") ? 3 : 1);
	case 'g':
		return at + (word_at(code, at, "general") ? 7 : 1);
	case 'e': /* 0.00E+00; else the year of an era */
		return at + (word_at(code, at, "e+") || word_at(code, at, "e-") ? 2 : 0);
	default:
		return at;
	}
}

static enum sheet_format kind_of_code(struct slice code)
{
	unsigned shows = 0;
	char before = '\0'; /* the last letter of a date or time */

	for (size_t at = 0; at < code.n && code.p[at] != ';';) {
		size_t next = step_over(code, at, &shows);
		char c = lower(code.p[at]);

		if (next > at) {
			at = next;
			continue;
		}
		at++;
		if (c == '%')
			shows |= SHOWS_PERCENT;
		if (!strchr("yemdhs", c) || c == '\0' || c == before)
			continue;
		if (c == 'y' || c == 'e')
			shows |= SHOWS_YEAR;
		else if (c == 'd')
			shows |= SHOWS_DAY;
		else if (c == 'm' && before != 'h')
			shows |= SHOWS_MONTH;
		else if (c == 's' && before == 'm' && !(shows & SHOWS_TIME))
			shows = (shows & ~(unsigned)SHOWS_MONTH) | SHOWS_TIME;
		else
			shows |= SHOWS_TIME;
		before = c;
	}
	return kind_of(shows);
}

enum sheet_format sheet_format_kind(unsigned id, struct slice code)
{
	return code.n ? kind_of_code(code) : built_in(id);
}

/* --- numbers ------------------------------------------------------------------------- */

/* Significant digits of positional text. */
static int digits_of(const char *text)
{
	int n = 0, zeros = 0;

	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			continue;
		if (*text != '0') {
			n += zeros + 1;
			zeros = 0;
		} else if (n) {
			zeros++;
		}
	}
	return n;
}

/* Most texts have 15 digits or fewer, and those are what rounding to 15 would give. */
static size_t plain_number(double v, char out[SHEET_TEXT])
{
	size_t n = num_print(v == 0 ? 0.0 : v, out);
	double rounded;
	char *point;

	if (digits_of(out) <= 15 || (v == trunc(v) && fabs(v) <= 0x1p53))
		return n;
	snprintf(out, SHEET_TEXT, "%.14e", v);
	point = strchr(out, ',');
	if (point)
		*point = '.'; /* a locale's */
	/* The largest doubles would be rounded up to infinity. */
	return num_print(num_parse(slice_str(out), &rounded, NULL) < 0 ? v : rounded, out);
}

/* The point moves in the text, so that 0.07 is 7% and not 7.000000000000001%. */
static size_t percent(double v, char out[SHEET_TEXT])
{
	size_t n = plain_number(v, out);
	double moved;

	if (num_parse_scaled(slice_of(out, n), (struct num_scale){ 2, 1, 1 }, &moved, NULL) < 0)
		return n;
	n = num_print(moved, out);
	memcpy(out + n, "%", 2);
	return n + 1;
}

/* --- dates --------------------------------------------------------------------------- */

static size_t print_time(int64_t seconds, char *out)
{
	return (size_t)snprintf(out, 32, "%02lld:%02d:%02d", (long long)(seconds / 3600),
				(int)(seconds / 60 % 60), (int)(seconds % 60));
}

/* The day of a serial number from 1900. */
static struct date day_of(int64_t serial)
{
	static const struct date never = { 1900, 2, 29 };
	static const struct date before = { 1899, 12, 31 };

	if (serial == 60)
		return never;
	return date_from_days(date_to_days(before) + serial - (serial > 60));
}

static size_t print_day(struct date d, enum sheet_format format, char *out)
{
	if (format == SHEET_YEAR)
		return (size_t)snprintf(out, 32, "%04d", d.year);
	if (format == SHEET_MONTH)
		return (size_t)snprintf(out, 32, "%04d-%02d", d.year, d.month);
	return (size_t)snprintf(out, 32, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static size_t date_text(double v, enum sheet_format format, bool date1904, char out[SHEET_TEXT])
{
	int64_t all = llround(v * SECONDS_A_DAY);
	int64_t day = all / SECONDS_A_DAY, seconds = all % SECONDS_A_DAY;
	bool dated = day > 0 || (date1904 && format != SHEET_TIME);
	size_t n;

	if (format == SHEET_ELAPSED)
		return print_time(all, out);
	if (!dated && (format == SHEET_TIME || format == SHEET_DATE_TIME))
		return print_time(seconds, out);
	if (!dated)
		return plain_number(v, out);
	n = print_day(day_of(day + (date1904 ? DAYS_1904 : 0)), format, out);
	if (seconds && (format == SHEET_TIME || format == SHEET_DATE_TIME)) {
		out[n++] = ' ';
		n += print_time(seconds, out + n);
	}
	return n;
}

size_t sheet_number_text(double v, enum sheet_format format, bool date1904, char out[SHEET_TEXT])
{
	if (format == SHEET_NUMBER || !isfinite(v))
		return plain_number(v, out);
	if (format == SHEET_PERCENT)
		return percent(v, out);
	if (v < 0 || v >= SERIAL_MAX + 1 - (date1904 ? DAYS_1904 : 0))
		return plain_number(v, out);
	return date_text(v, format, date1904, out);
}
