/*
 * period.c - see period.h.
 *
 * Reading goes in two steps. The spelling is first turned into a row of single
 * symbols: digits stay, Latin letters become capitals, each Chinese word becomes
 * a small letter (年 y, 月 m, 日 d, 季度 q, 第 p, 前 f, 个 g, 上半年 u, 下半年 x), Chinese
 * numerals become digits, all dashes of a run become '~'. "2026年第三季度" is then
 * "2026ypq" with a 3 in it: "2026yp3q". The rows are few and regular enough for a
 * scanner that reads the year and then looks at the next symbol.
 *
 * What fits no spelling and what fits one but cannot be (month 13) are
 * different complaints.
 */
#include "base/period.h"
#include "base/text.h"

#include <stdio.h>

enum { SYMBOLS_MAX = 64, TEXT_LONGEST = 96, FOUND_MAX_BYTES = 48 };

struct scan {
	char symbols[SYMBOLS_MAX + 1];
	const char *p;
	struct slice text; /* as given, for complaints */
	int year;
};

/* --- the spelling as symbols ----------------------------------------------------- */

struct word {
	const char *text;
	char symbol;
};

/* Longer words before their beginnings. */
static const struct word words[] = {
	{ "上半年", 'u' }, { "下半年", 'x' }, { "年度", 'y' }, { "全年", 'z' }, { "年", 'y' },
	{ "月份", 'm' },   { "月", 'm' },     { "日", 'd' },   { "号", 'd' },   { "季度", 'q' },
	{ "季", 'q' },     { "第", 'p' },     { "前", 'f' },   { "个", 'g' },   { "—", '~' },
	{ "–", '~' },      { "―", '~' },      { "‒", '~' },    { "−", '~' },    { "－", '~' },
	{ "~", '~' },      { "～", '~' },     { "〜", '~' },   { "至", '~' },   { "到", '~' },
};

static const char *const numerals[] = { "〇", "一", "二", "三", "四", "五",
					"六", "七", "八", "九", "十" };

static int malformed(const struct scan *s, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (!s->text.n)
		return err_set(e, ERR_INVALID, "empty where a period was expected");
	return err_set(e, ERR_INVALID, "%s is not a period such as 2026-10, 2026-Q3 or 2026年1-2月",
		       text_shown(s->text, shown));
}

/* 0-10 for a Chinese numeral at the text's start, else -1. */
static int numeral(struct slice text, size_t *n)
{
	for (int i = 0; i <= 10; i++) {
		if (slice_starts(text, numerals[i])) {
			*n = strlen(numerals[i]);
			return i;
		}
	}
	return -1;
}

/* A run of Chinese numerals as decimal digits: 三 3, 十 10, 十二 12, 二十 20, 三十一 31,
 * 二〇二六 2026. Two without 十 (一二月: January and February, or December?) have no
 * one meaning. Returns bytes read, 0 when it cannot be. */
static size_t read_numerals(struct slice text, char out[8])
{
	int digit[4], n = 0, v;
	size_t used = 0, len;

	while ((v = numeral(slice_skip(text, used), &len)) >= 0) {
		if (n == 4)
			return 0;
		digit[n++] = v;
		used += len;
	}
	if (n == 4) {
		for (int i = 0; i < 4; i++) {
			if (digit[i] == 10)
				return 0;
			out[i] = (char)('0' + digit[i]);
		}
		out[4] = '\0';
		return used;
	}
	if (n == 1)
		v = digit[0];
	else if (n == 2 && digit[0] == 10 && digit[1] % 10)
		v = 10 + digit[1];
	else if (n == 2 && digit[1] == 10 && digit[0] % 10)
		v = digit[0] * 10;
	else if (n == 3 && digit[1] == 10 && digit[0] % 10 && digit[2] % 10)
		v = digit[0] * 10 + digit[2];
	else
		return 0;
	snprintf(out, 8, "%d", v % 100);
	return used;
}

/* One word, letter or digit. Returns bytes read, 0 when nothing fits. */
static size_t read_symbol(struct slice text, char out[8])
{
	char c = text.p[0];

	out[1] = '\0';
	if ((c >= '0' && c <= '9') || strchr("-/.", c)) {
		out[0] = c;
		return c != '\0';
	}
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
		out[0] = (char)(c & ~0x20);
		return 1;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_starts(text, words[i].text)) {
			out[0] = words[i].symbol;
			return strlen(words[i].text);
		}
	}
	return read_numerals(text, out);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Blanks count for nothing ("2026 年 10 月") except between two digits, where
 * leaving them out would make another number. */
static bool to_symbols(struct scan *s)
{
	struct slice rest = s->text;
	bool blank = false;
	size_t n = 0;

	if (rest.n > TEXT_LONGEST)
		return false;
	while (rest.n) {
		char next[8];
		size_t used, len;

		if (rest.p[0] == ' ' || rest.p[0] == '\t') {
			blank = true;
			rest = slice_skip(rest, 1);
			continue;
		}
		used = read_symbol(rest, next);
		if (!used)
			return false;
		if (blank && n && is_digit(s->symbols[n - 1]) && is_digit(next[0]))
			return false;
		len = strlen(next);
		if (*next == '~' && n && s->symbols[n - 1] == '~') /* a long dash is two */
			n--;
		if (n + len > SYMBOLS_MAX)
			return false;
		memcpy(s->symbols + n, next, len);
		n += len;
		blank = false;
		rest = slice_skip(rest, used);
	}
	s->symbols[n] = '\0';
	s->p = s->symbols;
	return n > 0;
}

/* --- scanning --------------------------------------------------------------------- */

static bool eat(struct scan *s, char symbol)
{
	if (*s->p != symbol || !symbol)
		return false;
	s->p++;
	return true;
}

/* A run's dash. */
static bool eat_dash(struct scan *s)
{
	return eat(s, '-') || eat(s, '~');
}

static bool at_end(const struct scan *s)
{
	return !*s->p;
}

static int digits_ahead(const char *p)
{
	int n = 0;

	while (is_digit(p[n]))
		n++;
	return n;
}

/* Exactly `n` digits. */
static int take_digits(struct scan *s, int n)
{
	int v = 0;

	while (n--)
		v = v * 10 + (*s->p++ - '0');
	return v;
}

/* One or two digits, the whole run of them; -1 when there are none or more. */
static int small_number(struct scan *s)
{
	int n = digits_ahead(s->p);

	return n == 1 || n == 2 ? take_digits(s, n) : -1;
}

static int check_month(int month, struct err *e)
{
	if (month < 1 || month > 12)
		return err_set(e, ERR_INVALID, "month %d does not exist", month);
	return 0;
}

static int check_year(int year, struct err *e)
{
	if (year < DATE_YEAR_MIN || year > DATE_YEAR_MAX)
		return err_set(e, ERR_INVALID, "year %04d is not within %d-%d", year, DATE_YEAR_MIN,
			       DATE_YEAR_MAX);
	return 0;
}

static int months(struct scan *s, enum freq f, int first, int last, struct period *p, struct err *e)
{
	if (check_month(first, e) < 0 || check_month(last, e) < 0)
		return -1;
	if (first > last)
		return err_set(e, ERR_INVALID, "months %d-%d run backwards", first, last);
	*p = (struct period){
		.freq = f, .year = s->year, .first_month = first, .last_month = last
	};
	return 0;
}

static int quarter(struct scan *s, int n, struct period *p, struct err *e)
{
	if (n < 1 || n > 4)
		return err_set(e, ERR_INVALID, "quarter %d does not exist", n);
	return months(s, FREQ_QUARTER, n * 3 - 2, n * 3, p, e);
}

static int half(struct scan *s, int n, struct period *p, struct err *e)
{
	if (n < 1 || n > 2)
		return err_set(e, ERR_INVALID, "half-year %d does not exist", n);
	return months(s, FREQ_HALF, n * 6 - 5, n * 6, p, e);
}

static int whole_year(struct scan *s, struct period *p, struct err *e)
{
	return months(s, FREQ_YEAR, 1, 12, p, e);
}

static int one_day(struct scan *s, int month, int day, struct period *p, struct err *e)
{
	struct date d = { s->year, month, day };

	if (check_month(month, e) < 0)
		return -1;
	if (!date_valid(d))
		return err_set(e, ERR_INVALID, "day %d does not exist: %04d-%02d has %d days", day,
			       s->year, month, date_month_days(s->year, month));
	*p = (struct period){ FREQ_DAY, s->year, month, month, day };
	return 0;
}

/* Quarters as months: 前三季度 and 1-3季度. */
static int quarter_run(struct scan *s, int first, int last, struct period *p, struct err *e)
{
	if (first < 1 || first > 4 || last < 1 || last > 4)
		return err_set(e, ERR_INVALID, "quarter %d does not exist",
			       first < 1 || first > 4 ? first : last);
	if (first > last)
		return err_set(e, ERR_INVALID, "quarters %d-%d run backwards", first, last);
	return months(s, FREQ_MONTH, first * 3 - 2, last * 3, p, e);
}

/* --- after "2026年" ----------------------------------------------------------------- */

/* 前三季度, 前10个月, 前10月 */
static int zh_first_n(struct scan *s, struct period *p, struct err *e)
{
	int n = small_number(s);

	if (n < 0)
		return malformed(s, e);
	eat(s, 'g');
	if (eat(s, 'q') && at_end(s)) {
		if (n == 1)
			return err_set(e, ERR_INVALID,
				       "前一季度 may be the first quarter or the one before");
		return quarter_run(s, 1, n, p, e);
	}
	if (eat(s, 'm') && at_end(s))
		return months(s, FREQ_MONTH, 1, n, p, e);
	return malformed(s, e);
}

/* Behind 2026年1- or 2026年1月-: 10月, 2026年10月, 3季度. */
static int zh_run(struct scan *s, int first, bool named_month, struct period *p, struct err *e)
{
	int last;

	if (digits_ahead(s->p) == 4) {
		int year = take_digits(s, 4);

		if (!eat(s, 'y'))
			return malformed(s, e);
		if (year != s->year)
			return err_set(e, ERR_INVALID, "a period may not reach from %d into %d",
				       s->year, year);
	}
	last = small_number(s);
	if (last < 0)
		return malformed(s, e);
	if (eat(s, 'm') && at_end(s))
		return months(s, FREQ_MONTH, first, last, p, e);
	if (!named_month && eat(s, 'q') && at_end(s))
		return quarter_run(s, first, last, p, e);
	return malformed(s, e);
}

static int after_zh_year(struct scan *s, struct period *p, struct err *e)
{
	bool ordinal;
	int n;

	if (at_end(s) || (eat(s, 'z') && at_end(s)))
		return whole_year(s, p, e);
	if (eat(s, 'u') && at_end(s))
		return half(s, 1, p, e);
	if (eat(s, 'x') && at_end(s))
		return half(s, 2, p, e);
	if (eat(s, 'f'))
		return zh_first_n(s, p, e);
	ordinal = eat(s, 'p');
	n = small_number(s);
	if (n < 0)
		return malformed(s, e);
	if (eat(s, 'q') && at_end(s))
		return quarter(s, n, p, e);
	if (ordinal)
		return malformed(s, e);
	if (eat_dash(s))
		return zh_run(s, n, false, p, e);
	if (!eat(s, 'm'))
		return malformed(s, e);
	if (at_end(s))
		return months(s, FREQ_MONTH, n, n, p, e);
	if (eat_dash(s))
		return zh_run(s, n, true, p, e);
	if (digits_ahead(s->p)) {
		int day = small_number(s);

		if (day >= 0 && eat(s, 'd') && at_end(s))
			return one_day(s, n, day, p, e);
	}
	return malformed(s, e);
}

/* --- after "2026", "2026-", "2026/" and "2026." ---------------------------------------- */

/* Q3, S1, M10, A1. H1 is common for a half-year too; it is read, never written. */
static int after_letter(struct scan *s, char letter, struct period *p, struct err *e)
{
	int n = small_number(s);

	if (n < 0 || !at_end(s))
		return malformed(s, e);
	switch (letter) {
	case 'M':
		return months(s, FREQ_MONTH, n, n, p, e);
	case 'Q':
		return quarter(s, n, p, e);
	case 'S':
	case 'H':
		return half(s, n, p, e);
	case 'A':
		return n == 1 ? whole_year(s, p, e) : malformed(s, e);
	default:
		return malformed(s, e);
	}
}

/* Behind 2026-01 and a slash or a run's dash: 2026-02. */
static int iso_run(struct scan *s, int first, struct period *p, struct err *e)
{
	int year, last;

	if (digits_ahead(s->p) != 4)
		return malformed(s, e);
	year = take_digits(s, 4);
	if (!eat(s, '-') || (last = small_number(s)) < 0 || !at_end(s))
		return malformed(s, e);
	if (year != s->year)
		return err_set(e, ERR_INVALID, "a period may not reach from %d into %d", s->year,
			       year);
	return months(s, FREQ_MONTH, first, last, p, e);
}

static int after_separator(struct scan *s, char separator, struct period *p, struct err *e)
{
	int width = digits_ahead(s->p), month = small_number(s), day;

	if (month < 0)
		return malformed(s, e);
	if (at_end(s)) {
		/* A spreadsheet that takes 2026.10 for a number shows 2026.1. */
		if (separator == '.' && width == 1)
			return err_set(e, ERR_INVALID,
				       "%d.%d may be month %d or %d0: write %d-%02d", s->year,
				       month, month, month, s->year, month);
		return months(s, FREQ_MONTH, month, month, p, e);
	}
	if (separator == '-' && (eat(s, '/') || eat(s, '~')))
		return iso_run(s, month, p, e);
	if (!eat(s, separator) || (day = small_number(s)) < 0 || !at_end(s))
		return malformed(s, e);
	return one_day(s, month, day, p, e);
}

int period_parse(struct slice text, struct period *p, struct err *e)
{
	struct scan s = { .text = text };
	char separator = 0;
	int n;

	if (!to_symbols(&s))
		return malformed(&s, e);
	n = digits_ahead(s.p);
	if (n != 4 && !(n == 6 && !s.p[6]))
		return malformed(&s, e);
	s.year = take_digits(&s, 4);
	if (check_year(s.year, e) < 0)
		return -1;
	if (n == 6) {
		int month = take_digits(&s, 2);

		return months(&s, FREQ_MONTH, month, month, p, e);
	}
	if (at_end(&s))
		return whole_year(&s, p, e);
	if (eat(&s, 'y'))
		return after_zh_year(&s, p, e);
	if (*s.p == '-' || *s.p == '/' || *s.p == '.')
		separator = *s.p++;
	if (*s.p >= 'A' && *s.p <= 'Z' && (!separator || separator == '-'))
		return after_letter(&s, *s.p++, p, e);
	if (!separator)
		return malformed(&s, e);
	return after_separator(&s, separator, p, e);
}

/* The longest period that begins at `from`; 0: none does. */
static size_t period_length(struct slice from)
{
	struct period p;

	for (size_t n = from.n < FOUND_MAX_BYTES ? from.n : FOUND_MAX_BYTES; n > 4; n--) {
		struct slice s = slice_of(from.p, n);

		if (n < from.n && ((unsigned char)from.p[n] & 0xc0) == 0x80)
			continue;
		if (n < from.n && is_digit(from.p[n]) && is_digit(from.p[n - 1]))
			continue;
		if (text_trim(s).n == n && period_parse(s, &p, NULL) == 0)
			return n;
	}
	return 0;
}

static bool begins_with_year(struct slice text)
{
	size_t n = 0;

	while (n < 4 && n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n == 4;
}

bool period_is_yearless(struct slice text)
{
	char with[48];
	struct period p;

	/* Most begin with their year, and this is asked of each row of a table. */
	if (text.n < 2 || text.n > 24 || begins_with_year(text) ||
	    !(memmem(text.p, text.n, "月", 3) || memmem(text.p, text.n, "季", 3) ||
	      memmem(text.p, text.n, "半年", 6)))
		return false;
	/* A year in which all days exist. */
	snprintf(with, sizeof(with), "2024年%.*s", SLICE_FMT(text));
	return period_parse(slice_str(with), &p, NULL) == 0;
}

bool period_find(struct slice text, struct slice *found)
{
	for (size_t i = 0; i + 4 < text.n; i++) {
		size_t n;

		if (!begins_with_year(slice_skip(text, i)) || (i > 0 && is_digit(text.p[i - 1])))
			continue;
		n = period_length(slice_skip(text, i));
		if (!n)
			continue;
		*found = slice_of(text.p + i, n);
		return true;
	}
	return false;
}

enum freq freq_parse(struct slice text)
{
	if (text.n != 1 || !strchr("MQSAD", text.p[0]))
		return FREQ_NONE;
	return (enum freq)text.p[0];
}

/* --- printing -------------------------------------------------------------------- */

char *period_print(struct period p, char out[PERIOD_TEXT])
{
	switch (p.freq) {
	case FREQ_MONTH:
		if (p.first_month == p.last_month)
			snprintf(out, PERIOD_TEXT, "%04d-%02d", p.year, p.last_month);
		else
			snprintf(out, PERIOD_TEXT, "%04d-%02d/%04d-%02d", p.year, p.first_month,
				 p.year, p.last_month);
		break;
	case FREQ_QUARTER:
		snprintf(out, PERIOD_TEXT, "%04d-Q%d", p.year, p.last_month / 3);
		break;
	case FREQ_HALF:
		snprintf(out, PERIOD_TEXT, "%04d-S%d", p.year, p.last_month / 6);
		break;
	case FREQ_YEAR:
		snprintf(out, PERIOD_TEXT, "%04d", p.year);
		break;
	case FREQ_DAY:
		snprintf(out, PERIOD_TEXT, "%04d-%02d-%02d", p.year, p.last_month, p.day);
		break;
	default:
		snprintf(out, PERIOD_TEXT, "none");
	}
	return out;
}

char *period_print_zh(struct period p, char out[PERIOD_TEXT])
{
	switch (p.freq) {
	case FREQ_MONTH:
		if (p.first_month == p.last_month)
			snprintf(out, PERIOD_TEXT, "%d年%d月", p.year, p.last_month);
		else
			snprintf(out, PERIOD_TEXT, "%d年%d-%d月", p.year, p.first_month,
				 p.last_month);
		break;
	case FREQ_QUARTER:
		snprintf(out, PERIOD_TEXT, "%d年%s季度", p.year, numerals[p.last_month / 3 % 11]);
		break;
	case FREQ_HALF:
		snprintf(out, PERIOD_TEXT, "%d年%s半年", p.year, p.last_month <= 6 ? "上" : "下");
		break;
	case FREQ_YEAR:
		snprintf(out, PERIOD_TEXT, "%d年", p.year);
		break;
	case FREQ_DAY:
		snprintf(out, PERIOD_TEXT, "%d年%d月%d日", p.year, p.last_month, p.day);
		break;
	default:
		snprintf(out, PERIOD_TEXT, "无");
	}
	return out;
}

/* --- arithmetic -------------------------------------------------------------------- */

int freq_months(enum freq f)
{
	switch (f) {
	case FREQ_MONTH:
		return 1;
	case FREQ_QUARTER:
		return 3;
	case FREQ_HALF:
		return 6;
	case FREQ_YEAR:
		return 12;
	default:
		return 0;
	}
}

int freq_per_year(enum freq f)
{
	if (f == FREQ_DAY)
		return 365;
	return freq_months(f) ? 12 / freq_months(f) : 0;
}

struct period period_month(int year, int month)
{
	return (struct period){
		.freq = FREQ_MONTH, .year = year, .first_month = month, .last_month = month
	};
}

struct period period_of(enum freq f, struct date d)
{
	int n = freq_months(f);
	struct period p = { .freq = f, .year = d.year };

	if (f == FREQ_DAY) {
		p.first_month = p.last_month = d.month;
		p.day = d.day;
	} else if (n) {
		p.last_month = ((d.month - 1) / n + 1) * n;
		p.first_month = p.last_month - n + 1;
	}
	return p;
}

int64_t period_index(struct period p)
{
	int n = freq_months(p.freq);

	if (p.freq == FREQ_DAY)
		return date_to_days((struct date){ p.year, p.last_month, p.day });
	return n ? (int64_t)p.year * (12 / n) + (p.last_month - 1) / n : 0;
}

struct period period_from_index(enum freq f, int64_t index)
{
	int n = freq_months(f);
	int64_t year;

	if (f == FREQ_DAY)
		return period_of(f, date_from_days(index));
	if (!n)
		return (struct period){ .freq = f };
	year = index / (12 / n) - (index % (12 / n) < 0);
	return period_of(f, (struct date){ (int)year, (int)(index - year * (12 / n)) * n + 1, 1 });
}

struct period period_add(struct period p, int n)
{
	if (p.freq == FREQ_MONTH && p.first_month != p.last_month && n % 12 == 0) {
		p.year += n / 12;
		return p;
	}
	return period_from_index(p.freq, period_index(p) + n);
}

int period_cmp(struct period a, struct period b)
{
	int64_t x = period_index(a), y = period_index(b);

	if (x != y)
		return x < y ? -1 : 1;
	return a.first_month < b.first_month ? -1 : a.first_month > b.first_month;
}

bool period_eq(struct period a, struct period b)
{
	return a.freq == b.freq && a.year == b.year && a.first_month == b.first_month &&
	       a.last_month == b.last_month && a.day == b.day;
}

int period_months(struct period p)
{
	if (p.freq == FREQ_DAY || p.freq == FREQ_NONE)
		return 0;
	return p.last_month - p.first_month + 1;
}

struct date period_first_day(struct period p)
{
	return (struct date){ p.year, p.first_month, p.freq == FREQ_DAY ? p.day : 1 };
}

struct date period_last_day(struct period p)
{
	int last = date_month_days(p.year, p.last_month);

	return (struct date){ p.year, p.last_month, p.freq == FREQ_DAY ? p.day : last };
}

/* --- on the time axis --------------------------------------------------------------- */

int64_t period_stamp(struct period p, const struct zone *z)
{
	return zone_ms(z, period_last_day(p), 0);
}

int64_t period_end(struct period p, const struct zone *z)
{
	struct date next = date_from_days(date_to_days(period_last_day(p)) + 1);

	return zone_ms(z, next, 0);
}

struct period period_from_stamp(enum freq f, int64_t stamp_ms, const struct zone *z)
{
	return period_of(f, zone_civil(z, stamp_ms).date);
}
