/*
 * zone.c - see zone.h.
 *
 * A TZif file is a list of instants at which the offset from UTC changes, then
 * one line with the rule for all later times (a POSIX TZ string). Everything
 * here rests on one question: zone_span() - which offset holds at an instant,
 * since when and until when. Instants come from local times by walking the
 * spans in order: the first that contains the local time has the earlier of
 * two, and a local time that falls between two spans lies in a gap.
 *
 * RFC 8536 gives the layout: a header of 44 bytes and a block with 32-bit times,
 * then the same again with 64-bit times, then the rule between two newlines. Only
 * the second block is used. Files may be "fat" (every change up to 2037) or
 * "slim" (the rule as early as possible); both read the same.
 */
#include "base/zone.h"
#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX = 256 << 10, /* the largest in the database has 4 KiB */
	CHANGES_MAX = 10000,
	TYPES_MAX = 256,
	TEXT_MAX = 4096,
	NAME_LONGEST = 64,
	HEADER_BYTES = 44,
	OFFSET_MAX = 26 * 3600, /* RFC 8536 section 3.2 */
	DAY_S = 86400,
};

/* When in a year the rule's clock changes. */
struct rule_date {
	char form; /* 'M' month.week.weekday, 'J' day 1-365 without 29 February, 'N' day 0-365 */
	int month, week, weekday, day;
	int time_s; /* local, may be negative or beyond a day */
};

struct rule {
	bool present, has_dst;
	int standard_s, dst_s; /* east of UTC */
	struct rule_date start, end;
};

struct zone {
	char *name;
	size_t n;
	int64_t *at;   /* seconds, rising */
	int32_t *then; /* offset from at[i] on */
	int32_t first; /* offset before at[0] */
	struct rule rule;
};

/* The offset in force in [from, until). */
struct span {
	int64_t from, until;
	int offset_s;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* --- the rule behind the table ------------------------------------------------- */

/* An unsigned number of at most three digits; -1 when there is none. */
static int rule_number(const char **p)
{
	int v = 0, n = 0;

	for (; **p >= '0' && **p <= '9' && n < 3; n++, (*p)++)
		v = v * 10 + (**p - '0');
	return n ? v : -1;
}

/* CET or <+03>. */
static bool rule_name(const char **p)
{
	const char *start = *p;

	if (*start == '<') {
		const char *end = strchr(start, '>');

		if (!end || end == start + 1)
			return false;
		*p = end + 1;
		return true;
	}
	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
		(*p)++;
	return *p - start >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds, hours up to `hours_max`. */
static bool rule_time(const char **p, int hours_max, int *seconds)
{
	static const int unit[2] = { 60, 1 };
	int sign = 1, v;

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	v = rule_number(p);
	if (v < 0 || v > hours_max)
		return false;
	*seconds = v * 3600;
	for (int i = 0; i < 2 && **p == ':'; i++) {
		(*p)++;
		v = rule_number(p);
		if (v < 0 || v > 59)
			return false;
		*seconds += v * unit[i];
	}
	*seconds *= sign;
	return true;
}

static bool within(int v, int low, int high)
{
	return v >= low && v <= high;
}

/* ,M3.5.0/2 or ,J60 or ,59 */
static bool rule_date(const char **p, struct rule_date *d)
{
	d->time_s = 2 * 3600;
	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		d->form = 'M';
		(*p)++;
		d->month = rule_number(p);
		if (!within(d->month, 1, 12) || *(*p)++ != '.')
			return false;
		d->week = rule_number(p);
		if (!within(d->week, 1, 5) || *(*p)++ != '.')
			return false;
		d->weekday = rule_number(p);
		if (!within(d->weekday, 0, 6))
			return false;
	} else {
		d->form = **p == 'J' ? 'J' : 'N';
		*p += d->form == 'J';
		d->day = rule_number(p);
		if (!within(d->day, d->form == 'J', 365))
			return false;
	}
	if (**p != '/')
		return true;
	(*p)++;
	return rule_time(p, 167, &d->time_s);
}

/* POSIX counts west of Greenwich as positive; we count east. */
static bool rule_parse(const char *text, struct rule *r)
{
	const char *p = text;
	int west;

	if (!rule_name(&p) || !rule_time(&p, 24, &west))
		return false;
	r->present = true;
	r->standard_s = -west;
	if (!*p)
		return true;
	r->has_dst = true;
	r->dst_s = r->standard_s + 3600;
	if (!rule_name(&p))
		return false;
	if (*p != ',') {
		if (!rule_time(&p, 24, &west))
			return false;
		r->dst_s = -west;
	}
	return rule_date(&p, &r->start) && rule_date(&p, &r->end) && !*p;
}

/* Local seconds since 1970 at which the clock changes in that year. */
static int64_t rule_local(const struct rule_date *r, int year)
{
	struct date d = { .year = year, .month = 1, .day = 1 };
	int64_t day = date_to_days(d);

	if (r->form == 'M') {
		d.month = r->month;
		/* Sunday is 0 in the rule, Monday in date_weekday(). */
		d.day = 1 + (r->weekday + 6 - date_weekday(d)) % 7 + (r->week - 1) * 7;
		if (d.day > date_month_days(year, d.month))
			d.day -= 7;
		day = date_to_days(d);
	} else if (r->form == 'J') {
		day += r->day - 1 + (r->day >= 60 && date_month_days(year, 2) == 29);
	} else {
		day += r->day;
	}
	return day * DAY_S + r->time_s;
}

/* The rule's span at t. Times of a rule may reach a week into the neighbouring
 * years, so four years' changes are looked at. Where an end and a start fall on
 * the same instant (summer time all year), the start wins. */
static struct span rule_span(const struct rule *r, int64_t t)
{
	struct span s = { .from = INT64_MIN, .until = INT64_MAX, .offset_s = r->standard_s };
	int year = date_from_days(floor_div(t, DAY_S)).year;

	if (!r->has_dst)
		return s;
	for (int y = year - 2; y <= year + 2; y++) {
		int64_t end = rule_local(&r->end, y) - r->dst_s;
		int64_t start = rule_local(&r->start, y) - r->standard_s;

		if (end <= t && end > s.from) {
			s.from = end;
			s.offset_s = r->standard_s;
		} else if (end > t && end < s.until) {
			s.until = end;
		}
		if (start <= t && start >= s.from) {
			s.from = start;
			s.offset_s = r->dst_s;
		} else if (start > t && start < s.until) {
			s.until = start;
		}
	}
	return s;
}

/* --- the table ------------------------------------------------------------------- */

static struct span zone_span(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->n; /* at[low - 1] <= t < at[high] */
	struct span s;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (z->at[mid] <= t)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->n && z->rule.present) {
		s = rule_span(&z->rule, t);
		if (z->n && s.from < z->at[z->n - 1])
			s.from = z->at[z->n - 1];
		return s;
	}
	s.from = low ? z->at[low - 1] : INT64_MIN;
	s.until = low < z->n ? z->at[low] : INT64_MAX;
	s.offset_s = low ? z->then[low - 1] : z->first;
	return s;
}

int64_t zone_ms(const struct zone *z, struct date d, int second_of_day)
{
	int64_t local = date_to_days(d) * DAY_S + second_of_day;
	struct span s = zone_span(z, local - OFFSET_MAX);

	for (;;) {
		int64_t t = local - s.offset_s;

		if (t < s.from) /* later than the span before, earlier than this: a gap */
			return s.from * 1000;
		if (t < s.until)
			return t * 1000;
		s = zone_span(z, s.until);
	}
}

static struct civil civil_at(int64_t ms, int offset_s)
{
	int64_t seconds = floor_div(ms, 1000);
	int64_t local = seconds + offset_s;
	int64_t day = floor_div(local, DAY_S);
	int rest = (int)(local - day * DAY_S);

	return (struct civil){
		.date = date_from_days(day),
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
		.ms = (int)(ms % 1000 + (ms % 1000 < 0 ? 1000 : 0)),
		.offset_s = offset_s,
	};
}

struct civil zone_civil(const struct zone *z, int64_t ms)
{
	return civil_at(ms, zone_span(z, floor_div(ms, 1000)).offset_s);
}

/* --- reading the file -------------------------------------------------------------- */

struct header {
	char version;
	size_t isut, isstd, leaps, changes, types, chars;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Bytes of the block behind the header, with times of `width` bytes. */
static size_t block_bytes(const struct header *h, size_t width)
{
	return h->changes * (width + 1) + h->types * 6 + h->chars + h->leaps * (width + 4) +
	       h->isstd + h->isut;
}

static int read_header(struct slice *rest, struct header *h, struct err *e)
{
	const unsigned char *p = (const unsigned char *)rest->p;

	if (rest->n < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return err_set(e, ERR_CORRUPT, "not a time zone file (TZif)");
	*h = (struct header){
		.version = (char)p[4],
		.isut = be32(p + 20),
		.isstd = be32(p + 24),
		.leaps = be32(p + 28),
		.changes = be32(p + 32),
		.types = be32(p + 36),
		.chars = be32(p + 40),
	};
	if (h->changes > CHANGES_MAX || h->types > TYPES_MAX || h->chars > TEXT_MAX ||
	    h->leaps > CHANGES_MAX || h->isstd > TYPES_MAX || h->isut > TYPES_MAX)
		return err_set(e, ERR_LIMIT, "counts in the header are beyond any zone");
	*rest = slice_skip(*rest, HEADER_BYTES);
	return 0;
}

static int read_table(struct zone *z, const struct header *h, const unsigned char *p, struct err *e)
{
	const unsigned char *index = p + h->changes * 8;
	const unsigned char *types = index + h->changes;

	z->n = h->changes;
	z->at = mem_alloc(z->n * sizeof(*z->at));
	z->then = mem_alloc(z->n * sizeof(*z->then));
	if (!z->at || !z->then)
		return err_set(e, ERR_MEMORY, "no memory for %zu clock changes", z->n);
	for (size_t i = 0; i < h->types; i++) {
		int32_t offset = (int32_t)be32(types + i * 6);

		if (offset < -OFFSET_MAX || offset > OFFSET_MAX)
			return err_set(e, ERR_CORRUPT, "an offset of %d seconds", (int)offset);
	}
	z->first = (int32_t)be32(types);
	for (size_t i = 0; i < z->n; i++) {
		z->at[i] = be64(p + i * 8);
		if (i && z->at[i] <= z->at[i - 1])
			return err_set(e, ERR_CORRUPT, "clock changes are not in order");
		if (index[i] >= h->types)
			return err_set(e, ERR_CORRUPT, "clock change %zu has no type", i);
		z->then[i] = (int32_t)be32(types + (size_t)index[i] * 6);
	}
	return 0;
}

/* "\nCST-8\n"; an empty rule is allowed and means that the last offset stays. */
static int read_footer(struct zone *z, struct slice rest, struct err *e)
{
	char text[256];
	const char *end;

	if (!rest.n || rest.p[0] != '\n')
		return err_set(e, ERR_CORRUPT, "the rule at the end is missing");
	rest = slice_skip(rest, 1);
	end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
	if (!end)
		return err_set(e, ERR_CORRUPT, "the rule at the end is cut off");
	rest.n = (size_t)(end - rest.p);
	if (!rest.n)
		return 0;
	if (rest.n >= sizeof(text))
		return err_set(e, ERR_LIMIT, "the rule at the end has %zu bytes", rest.n);
	memcpy(text, rest.p, rest.n);
	text[rest.n] = '\0';
	if (strlen(text) != rest.n || !rule_parse(text, &z->rule)) {
		char shown[TEXT_SHOWN];

		return err_set(e, ERR_CORRUPT, "rule %s is not understood",
			       text_shown(rest, shown));
	}
	return 0;
}

static int read_zone(struct zone *z, struct slice body, struct err *e)
{
	struct header h = { 0 };
	size_t need;

	if (read_header(&body, &h, e) < 0)
		return -1;
	if (h.version < '2')
		return err_set(e, ERR_UNSUPPORTED, "version 1 of the format ends in 2037");
	need = block_bytes(&h, 4);
	if (body.n < need)
		return err_set(e, ERR_CORRUPT, "cut off in the first block");
	body = slice_skip(body, need);
	if (read_header(&body, &h, e) < 0)
		return -1;
	if (h.leaps)
		return err_set(e, ERR_UNSUPPORTED, "it counts leap seconds");
	need = block_bytes(&h, 8);
	if (body.n < need)
		return err_set(e, ERR_CORRUPT, "cut off in the second block");
	if (!h.types)
		return err_set(e, ERR_CORRUPT, "it has no local time type");
	if (read_table(z, &h, (const unsigned char *)body.p, e) < 0)
		return -1;
	return read_footer(z, slice_skip(body, need), e);
}

/* Names come from configuration: they may not lead out of the folder. */
static int check_name(const char *name, struct err *e)
{
	size_t n = strlen(name);
	char shown[TEXT_SHOWN];
	bool ok = n > 0 && n <= NAME_LONGEST && name[0] != '/' && name[n - 1] != '/' &&
		  !strstr(name, "..") && !strstr(name, "//") && name[0] != '.';

	for (size_t i = 0; ok && i < n; i++)
		ok = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		     (name[i] >= '0' && name[i] <= '9') || strchr("/_+-.", name[i]);
	if (!ok)
		return err_set(e, ERR_INVALID, "%s is not a zone name such as Asia/Shanghai",
			       text_shown(slice_str(name), shown));
	return 0;
}

/* Reads at most FILE_MAX bytes; *body.p is to be freed. */
static int read_file(const char *path, struct slice *body, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *p;
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return err_sys(e, errno, "%s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		close(fd);
		return err_set(e, ERR_INVALID, "%s is not a time zone file", path);
	}
	p = mem_alloc(FILE_MAX);
	if (!p) {
		close(fd);
		return err_set(e, ERR_MEMORY, "no memory to read %s", path);
	}
	while (n < FILE_MAX && (got = read(fd, p + n, FILE_MAX - n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_sys(e, errno, "%s", path);
			close(fd);
			mem_free(p);
			return -1;
		}
		n += (size_t)got;
	}
	close(fd);
	*body = slice_of(p, n);
	return 0;
}

struct zone *zone_open(const char *name, struct err *e)
{
	const char *folder = getenv("TZDIR");
	struct slice body = { 0 };
	struct err why = { 0 };
	struct zone *z;
	char path[4096];

	if (check_name(name, e) < 0)
		return NULL;
	if (!folder || !*folder)
		folder = "/usr/share/zoneinfo";
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
		err_set(e, ERR_LIMIT, "the folder of time zones has a path of %zu bytes",
			strlen(folder));
		return NULL;
	}
	if (read_file(path, &body, &why) < 0) {
		if (why.code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "zone '%s' is not in %s", name, folder);
		else
			err_set(e, why.code, "zone '%s': %s", name, why.text);
		return NULL;
	}
	z = mem_zalloc(sizeof(*z));
	if (z)
		z->name = mem_strdup(name);
	if (!z || !z->name) {
		err_set(e, ERR_MEMORY, "no memory for zone '%s'", name);
	} else if (read_zone(z, body, &why) < 0) {
		err_set(e, why.code, "zone '%s': %s: %s", name, path, why.text);
	} else {
		mem_free((void *)body.p);
		return z;
	}
	zone_close(z);
	mem_free((void *)body.p);
	return NULL;
}

void zone_close(struct zone *z)
{
	if (!z)
		return;
	mem_free(z->at);
	mem_free(z->then);
	mem_free(z->name);
	mem_free(z);
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

/* --- text --------------------------------------------------------------------------- */

char *zone_print(const struct zone *z, int64_t ms, char out[TIME_TEXT])
{
	int offset = zone_span(z, floor_div(ms, 1000)).offset_s;
	struct civil c;
	int minutes;

	/* RFC 3339 has no seconds in an offset (Shanghai was at +08:05:43 until 1901): the
	 * local time moves with the rounding, so that the text is still the same instant. */
	offset -= offset % 60;
	c = civil_at(ms, offset);
	minutes = (offset < 0 ? -offset : offset) / 60;
	snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.date.year,
		 c.date.month, c.date.day, c.hour, c.minute, c.second, offset < 0 ? '-' : '+',
		 minutes / 60 % 100, minutes % 60);
	return out;
}

char *time_print_utc(int64_t ms, char out[TIME_TEXT])
{
	struct civil c = civil_at(ms, 0);

	snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.date.year, c.date.month,
		 c.date.day, c.hour, c.minute, c.second, c.ms);
	return out;
}

/* Digits and punctuation by a picture: '9' is a digit, the rest stands for itself. */
static bool matches(struct slice text, const char *picture)
{
	size_t n = strlen(picture);

	if (text.n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool digit = text.p[i] >= '0' && text.p[i] <= '9';

		if (picture[i] == '9' ? !digit : text.p[i] != picture[i])
			return false;
	}
	return true;
}

static int two(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* .123456 in ms, cut off behind the third digit; `rest` moves behind it. */
static bool parse_fraction(struct slice *rest, int *ms)
{
	int unit = 100;

	*ms = 0;
	if (!rest->n || rest->p[0] != '.')
		return true;
	*rest = slice_skip(*rest, 1);
	if (!matches(*rest, "9"))
		return false;
	for (; matches(*rest, "9"); unit /= 10) {
		*ms += (rest->p[0] - '0') * unit;
		*rest = slice_skip(*rest, 1);
	}
	return true;
}

/* Z or +08:00, and nothing behind. */
static bool parse_offset(struct slice rest, int *offset_s)
{
	*offset_s = 0;
	if (rest.n == 1 && (rest.p[0] == 'Z' || rest.p[0] == 'z'))
		return true;
	if (rest.n != 6 || !(matches(rest, "+99:99") || matches(rest, "-99:99")))
		return false;
	if (two(rest.p + 1) > 23 || two(rest.p + 4) > 59)
		return false;
	*offset_s = two(rest.p + 1) * 3600 + two(rest.p + 4) * 60;
	if (rest.p[0] == '-')
		*offset_s = -*offset_s;
	return true;
}

static const char *impossible_part(struct date d, int hour, int minute, int second)
{
	if (d.month < 1 || d.month > 12)
		return "there is no such month";
	if (d.day < 1 || d.day > date_month_days(d.year, d.month))
		return "there is no such day";
	if (hour > 23)
		return "there is no such hour";
	if (minute > 59)
		return "there is no such minute";
	/* 60 is a leap second and means the same as the next minute's first. */
	return second > 60 ? "there is no such second" : NULL;
}

int time_parse(struct slice text, int64_t *ms, struct err *e)
{
	struct slice rest = text;
	char shown[TEXT_SHOWN];
	const char *why;
	struct date d;
	int hour, minute, second, fraction, offset_s;

	if (!matches(text, "9999-99-99") || text.n < 20)
		goto malformed;
	if (text.p[10] != 'T' && text.p[10] != 't' && text.p[10] != ' ')
		goto malformed;
	if (!matches(slice_skip(text, 11), "99:99:99"))
		goto malformed;
	d = (struct date){ .year = two(text.p) * 100 + two(text.p + 2),
			   .month = two(text.p + 5),
			   .day = two(text.p + 8) };
	hour = two(text.p + 11);
	minute = two(text.p + 14);
	second = two(text.p + 17);
	rest = slice_skip(text, 19);
	if (!parse_fraction(&rest, &fraction) || !parse_offset(rest, &offset_s))
		goto malformed;
	why = impossible_part(d, hour, minute, second);
	if (why)
		return err_set(e, ERR_INVALID, "%s: %s", text_shown(text, shown), why);
	second += hour * 3600 + minute * 60 - offset_s;
	*ms = (date_to_days(d) * DAY_S + second) * 1000 + fraction;
	return 0;

malformed:
	return err_set(e, ERR_INVALID, "%s is not a time such as 2026-10-31T00:00:00+08:00",
		       text_shown(text, shown));
}
