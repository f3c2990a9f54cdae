/*
 * columns_times.c - times in rising order, see columns.h.
 *
 * Three layouts, the shortest is taken:
 *
 *	1 plain   whole numbers (columns_whole.h). Regular times are a line there; others
 *	          are divided by their unit, which is a day for days and 1 s for seconds
 *	2 months  shift (signed varint), a column of months (year × 12 + month - 1), a column
 *	          of rests: time = first day of the month at 00:00 UTC + shift + rest.
 *	          Month ends of one zone have no rest, and rising months are a line;
 *	          summer time is a rest of one hour
 *	3 trend   step (signed varint), a column of rests: time i = i × step + rest. Scrapes
 *	          are due at regular moments and each is late by itself, so that the
 *	          distance to the line is half as wide as that between neighbours
 */
#include "base/date.h"
#include "storage/columns_whole.h"

enum { TIMES_PLAIN = 1, TIMES_MONTHS = 2, TIMES_TREND = 3 };
enum { DAY_MS = 86400000, HALF_MONTH_MS = 13 * DAY_MS, TREND_MIN = 8, MONTH_MAX = 12 * 10000 };

/* Years 1 to 9998, for which there are months. */
#define MONTHS_FROM INT64_C(-62135596800000)
#define MONTHS_TO   INT64_C(253370764800000)

static int64_t month_start(uint64_t month)
{
	struct date d = { .year = (int)(month / 12), .month = (int)(month % 12) + 1, .day = 1 };

	return date_to_days(d) * (int64_t)DAY_MS;
}

static uint64_t month_of(int64_t t)
{
	struct date d = date_from_days(t / DAY_MS - (t % DAY_MS < 0));

	return (uint64_t)d.year * 12 + (uint64_t)d.month - 1;
}

/* --- packing ------------------------------------------------------------------------- */

static size_t pack_plain(const int64_t *t, size_t n, uint8_t *out, struct columns_scratch *s)
{
	for (size_t i = 0; i < n; i++)
		s->numbers[i] = (uint64_t)t[i];
	*out = TIMES_PLAIN;
	return 1 + whole_pack(s->numbers, n, out + 1, s);
}

/* Whether no two different times are closer than about half a month. */
static bool may_be_months(const int64_t *t, size_t n)
{
	if (t[0] < MONTHS_FROM || t[n - 1] >= MONTHS_TO)
		return false;
	for (size_t i = 1; i < n; i++)
		if (t[i] != t[i - 1] && t[i] - t[i - 1] < HALF_MONTH_MS)
			return false;
	return true;
}

/* With half a day of room, so that summer time does not lead into the month before. */
static size_t pack_months(const int64_t *t, size_t n, int64_t shift, uint8_t *out,
			  struct columns_scratch *s)
{
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		s->numbers[i] = month_of(t[i] - shift + DAY_MS / 2);
		s->more[i] = (uint64_t)(t[i] - shift - month_start(s->numbers[i]));
	}
	*p++ = TIMES_MONTHS;
	p += varint_put(p, zigzag((uint64_t)shift));
	p += whole_pack(s->numbers, n, p, s);
	p += whole_pack(s->more, n, p, s);
	return (size_t)(p - out);
}

static int64_t median_step(const int64_t *t, size_t n)
{
	int64_t v[9] = { 0 };

	for (size_t i = 0; i < 9; i++) {
		size_t k = 1 + (n - 2) * i / 8;

		insert_sorted(v, i, t[k] - t[k - 1]);
	}
	return v[4];
}

/* The average where no time is missing, else what is usual. */
static int64_t trend_of(const int64_t *t, size_t n)
{
	int64_t usual = median_step(t, n), span = t[n - 1] - t[0], gaps = (int64_t)n - 1;
	int64_t average = (span + gaps / 2) / gaps;
	int64_t apart = average > usual ? average - usual : usual - average;

	return apart <= usual / 256 ? average : usual;
}

static size_t pack_trend(const int64_t *t, size_t n, uint8_t *out, struct columns_scratch *s)
{
	uint64_t step = (uint64_t)trend_of(t, n);
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++)
		s->numbers[i] = (uint64_t)t[i] - i * step;
	*p++ = TIMES_TREND;
	p += varint_put(p, zigzag(step));
	p += whole_pack(s->numbers, n, p, s);
	return (size_t)(p - out);
}

static size_t shorter(uint8_t *out, size_t bytes, const uint8_t *other, size_t other_bytes)
{
	if (other_bytes >= bytes)
		return bytes;
	memcpy(out, other, other_bytes);
	return other_bytes;
}

size_t times_bound(size_t n)
{
	return COLUMN_BOUND(n);
}

size_t times_pack(const int64_t *t, size_t n, uint8_t *out, struct columns_scratch *s)
{
	size_t bytes = pack_plain(t, n, out, s);
	uint8_t *other = s->other;

	if ((out[1] & WHOLE_KIND_MASK) != WHOLE_BLOCKS)
		return bytes;
	if (may_be_months(t, n)) {
		int64_t start = month_start(month_of(t[0]));
		int64_t end = month_start(month_of(t[0]) + 1);

		bytes = shorter(out, bytes, other, pack_months(t, n, t[0] - start, other, s));
		bytes = shorter(out, bytes, other, pack_months(t, n, t[0] - end, other, s));
	} else if (n >= TREND_MIN && (uint64_t)t[n - 1] - (uint64_t)t[0] < INT64_MAX / 2) {
		bytes = shorter(out, bytes, other, pack_trend(t, n, other, s));
	}
	return bytes;
}

/* --- unpacking ----------------------------------------------------------------------- */

/* The start of a month, quickly where it is that after `*month`, which starts at `start`. */
static int64_t next_start(uint64_t *month, int64_t start, uint64_t wanted)
{
	uint64_t before = *month;

	*month = wanted;
	if (wanted == before)
		return start;
	if (wanted == before + 1)
		return start + date_month_days((int)(before / 12), (int)(before % 12) + 1) *
				       (int64_t)DAY_MS;
	return month_start(wanted);
}

static int unpack_months(struct slice *in, uint64_t shift, size_t n, uint64_t *t,
			 struct columns_scratch *s, struct err *e)
{
	uint64_t month = 0;
	int64_t start = month_start(0);

	if (whole_unpack(in, n, s->numbers, e) < 0 || whole_unpack(in, n, t, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s->numbers[i] >= MONTH_MAX)
			return err_set(e, ERR_CORRUPT, "it names a month that is not");
		start = next_start(&month, start, s->numbers[i]);
		t[i] += (uint64_t)start + shift;
	}
	return 0;
}

static int unpack_kind(struct slice *in, size_t n, uint64_t *t, struct columns_scratch *s,
		       struct err *e)
{
	uint64_t varint;
	uint8_t kind;

	if (!get_byte(in, &kind))
		return err_set(e, ERR_CORRUPT, "it is empty");
	if (kind == TIMES_PLAIN)
		return whole_unpack(in, n, t, e);
	if (kind != TIMES_MONTHS && kind != TIMES_TREND)
		return err_set(e, ERR_CORRUPT, "its layout is unknown");
	if (!varint_take(in, &varint))
		return err_set(e, ERR_CORRUPT, "it is cut off");
	varint = unzigzag(varint);
	if (kind == TIMES_MONTHS)
		return unpack_months(in, varint, n, t, s, e);
	if (whole_unpack(in, n, t, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		t[i] += i * varint;
	return 0;
}

/* Whether a time is before the one before it: the sign of the difference, or, where
 * the two have different signs, that of the time. Two at a time. */
static bool they_fall(const uint64_t *t, size_t n)
{
	u64x2 falls = { 0 }, before, now;
	size_t i;

	for (i = 1; i + 2 <= n; i += 2) {
		memcpy(&before, t + i - 1, sizeof(before));
		memcpy(&now, t + i, sizeof(now));
		falls |= (now & ~before) | (~(now ^ before) & (now - before));
	}
	if (i < n && (int64_t)t[i] < (int64_t)t[i - 1])
		return true;
	return (falls[0] | falls[1]) >> 63;
}

int times_unpack(struct slice in, size_t n, int64_t *t, struct columns_scratch *s, struct err *e)
{
	/* The signed and the unsigned type of one size may share memory. */
	uint64_t *x = (uint64_t *)t;

	if (unpack_kind(&in, n, x, s, e) < 0)
		return err_wrap(e, "times");
	if (in.n > 0)
		return err_set(e, ERR_CORRUPT, "times: %zu bytes are left over", in.n);
	if (they_fall(x, n))
		return err_set(e, ERR_CORRUPT, "times: they fall");
	return 0;
}
