/*
 * num.c - see num.h.
 *
 * Reading: the text is checked and taken apart into sign, digits and a power of
 * ten. Up to 15 digits and powers up to 22 are one exact multiplication or
 * division of doubles (Clinger 1990); everything else is put together again as
 * "123e-4" for strtod(), which rounds correctly. A scale changes the power of
 * ten or the digits before any of that, so nothing is rounded twice.
 *
 * Printing: shortest digits that read back, the closest to the value where
 * several have that length, then laid out as Go's strconv does. Three ways:
 *
 *  - whole numbers below 2^53 are their own digits: a shorter text would be a
 *    multiple of ten at least 1 away, and half a step is at most 1/2;
 *  - i / 10^k with i of at most 15 digits and k at most 22: a division of
 *    exact doubles, so "i e-k" reads back; it is the only text of 15
 *    digits or fewer that does, since all of those survive the way through a
 *    double (DBL_DIG);
 *  - else the C++ library (num_shortest.h).
 */
#include "base/num.h"
#include "base/num_shortest.h"
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TEXT_MAX = 400, /* longest number read */
	DIGITS_MAX = TEXT_MAX + 64,
	QUOTIENT_DIGITS = 40,
	POWER_MAX = 100000, /* beyond the range of a double by any 464 digits */
};

static const double powers[23] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* ± digits × 10^power; no zeros in front or behind; n = 0 is zero. */
struct decimal {
	bool negative;
	int n;
	int power;
	char digits[DIGITS_MAX]; /* 0-9 as numbers */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- reading ------------------------------------------------------------------- */

static int not_a_number(struct slice text, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (!text.n)
		return err_set(e, ERR_INVALID, "empty where a number was expected");
	return err_set(e, ERR_INVALID, "%s is not a number", text_shown(text, shown));
}

static int too_large(struct slice text, struct err *e)
{
	char shown[TEXT_SHOWN];

	return err_set(e, ERR_LIMIT, "%s is beyond the range of a number", text_shown(text, shown));
}

static void add_digit(struct decimal *d, char c, bool behind_point)
{
	d->power -= behind_point;
	if (c != '0' || d->n)
		d->digits[d->n++] = (char)(c - '0');
}

static void drop_zeros(struct decimal *d)
{
	while (d->n && d->digits[d->n - 1] == 0) {
		d->n--;
		d->power++;
	}
}

/* e[+-]digits from p; a power too large to matter is held at POWER_MAX. */
static bool read_power(const char *p, const char *end, int *power)
{
	int v = 0, sign = 1;

	if (p < end && (*p == '+' || *p == '-'))
		sign = *p++ == '-' ? -1 : 1;
	if (p == end)
		return false;
	for (; p < end && is_digit(*p); p++)
		v = v < POWER_MAX ? v * 10 + (*p - '0') : POWER_MAX;
	if (v > POWER_MAX)
		v = POWER_MAX;
	*power += sign * v;
	return p == end;
}

static int decimal_read(struct slice text, struct decimal *d, struct err *e)
{
	const char *p = text.p, *end = text.p + text.n;
	bool any = false;

	d->n = d->power = 0;
	d->negative = false;
	if (text.n > TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a number of %zu characters is longer than %d", text.n,
			       TEXT_MAX);
	d->negative = p < end && *p == '-';
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	for (; p < end && is_digit(*p); p++, any = true)
		add_digit(d, *p, false);
	if (!any)
		return not_a_number(text, e);
	if (p < end && *p == '.') {
		if (++p == end || !is_digit(*p))
			return not_a_number(text, e);
		for (; p < end && is_digit(*p); p++)
			add_digit(d, *p, true);
	}
	if (p < end && (*p != 'e' && *p != 'E'))
		return not_a_number(text, e);
	if (p < end && !read_power(p + 1, end, &d->power))
		return not_a_number(text, e);
	drop_zeros(d);
	return 0;
}

/* Correctly rounded; infinite when it overflows. */
static double decimal_value(const struct decimal *d)
{
	char text[DIGITS_MAX + 16];
	double v;

	if (!d->n)
		return d->negative ? -0.0 : 0.0;
	/* Only where double arithmetic does not carry extra bits (x87 does). */
	if (FLT_EVAL_METHOD == 0 && d->n <= 15 && d->power >= -22 && d->power <= 22) {
		int64_t whole = 0;

		for (int i = 0; i < d->n; i++)
			whole = whole * 10 + d->digits[i];
		v = (double)whole;
		v = d->power < 0 ? v / powers[-d->power] : v * powers[d->power];
		return d->negative ? -v : v;
	}
	for (int i = 0; i < d->n; i++)
		text[i] = (char)('0' + d->digits[i]);
	snprintf(text + d->n, sizeof(text) - (size_t)d->n, "e%d", d->power);
	v = strtod(text, NULL);
	return d->negative ? -v : v;
}

/* Digits of d times a factor, exactly. */
static void decimal_mul(struct decimal *d, uint32_t factor)
{
	char out[DIGITS_MAX];
	uint64_t carry = 0;
	int at = DIGITS_MAX;

	for (int i = d->n - 1; i >= 0; i--) {
		carry += (uint64_t)d->digits[i] * factor;
		out[--at] = (char)(carry % 10);
		carry /= 10;
	}
	for (; carry; carry /= 10)
		out[--at] = (char)(carry % 10);
	d->n = DIGITS_MAX - at;
	memcpy(d->digits, out + at, (size_t)d->n);
	/* A factor of 0 leaves only zeros. */
	drop_zeros(d);
}

/* Long division. Where it does not come out even, at least 40 digits are kept
 * and a 1 behind says that there is more, so that a value just above the middle
 * of two doubles is not taken for the middle. */
static void decimal_div(struct decimal *d, uint32_t divisor)
{
	char out[DIGITS_MAX] = { 0 };
	uint64_t rest = 0;
	int n = 0, i = 0;

	while (i < d->n || (rest != 0 && n < QUOTIENT_DIGITS)) {
		uint64_t part = rest * 10 + (uint64_t)(i < d->n ? d->digits[i] : 0);

		if (n || part >= divisor)
			out[n++] = (char)(part / divisor);
		rest = part % divisor;
		i++;
	}
	d->power -= i - d->n;
	if (rest) {
		out[n++] = 1;
		d->power--;
	}
	d->n = n;
	memcpy(d->digits, out, (size_t)n);
	drop_zeros(d);
}

int num_parse_scaled(struct slice text, struct num_scale s, double *v, struct err *e)
{
	struct decimal d;
	double got;

	if (s.div == 0)
		return err_set(e, ERR_INVALID, "a scale divides by 0");
	if (decimal_read(text, &d, e) < 0)
		return -1;
	if (s.mul != 1)
		decimal_mul(&d, s.mul);
	if (s.div != 1)
		decimal_div(&d, s.div);
	if (s.shift > POWER_MAX || s.shift < -POWER_MAX)
		return err_set(e, ERR_INVALID, "a scale shifts by %d digits", s.shift);
	d.power += s.shift;
	got = decimal_value(&d);
	if (isinf(got))
		return too_large(text, e);
	*v = got;
	return 0;
}

int num_parse(struct slice text, double *v, struct err *e)
{
	return num_parse_scaled(text, NUM_SCALE_ONE, v, e);
}

static bool is_word(struct slice s, const char *lower)
{
	size_t n = strlen(lower);

	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((s.p[i] | 0x20) != lower[i])
			return false;
	return true;
}

int num_parse_prom(struct slice text, double *v, struct err *e)
{
	/* The NaN Prometheus itself writes; others (staleness) have meanings. */
	static const uint64_t plain_nan = 0x7ff8000000000001;
	struct slice rest = text;
	bool sign = rest.n && (*rest.p == '+' || *rest.p == '-');

	if (is_word(rest, "nan")) {
		memcpy(v, &plain_nan, sizeof(*v));
		return 0;
	}
	if (sign)
		rest = slice_skip(rest, 1);
	if (is_word(rest, "inf")) {
		*v = sign && text.p[0] == '-' ? -INFINITY : INFINITY;
		return 0;
	}
	return num_parse(text, v, e);
}

int num_parse_i64(struct slice text, int64_t *v, struct err *e)
{
	struct slice rest = text;
	bool negative = rest.n && rest.p[0] == '-';
	int64_t got = 0;

	if (rest.n && (rest.p[0] == '-' || rest.p[0] == '+'))
		rest = slice_skip(rest, 1);
	if (!rest.n)
		return not_a_number(text, e);
	for (size_t i = 0; i < rest.n; i++) {
		char shown[TEXT_SHOWN];

		if (!is_digit(rest.p[i]))
			return err_set(e, ERR_INVALID, "%s is not a whole number",
				       text_shown(text, shown));
	}
	/* Towards the sign, since -2^63 has no positive twin. */
	for (size_t i = 0; i < rest.n; i++) {
		int digit = rest.p[i] - '0';

		if (__builtin_mul_overflow(got, 10, &got) ||
		    __builtin_add_overflow(got, negative ? -digit : digit, &got))
			return too_large(text, e);
	}
	*v = got;
	return 0;
}

/* --- printing ------------------------------------------------------------------ */

enum { DIGITS_ROOM = 24 };

/* 0.d1d2d3… × 10^point, as Go's decimalSlice. */
struct shortest {
	int n;
	int point;
	const char *first; /* of the digits, within: */
	char digits[DIGITS_ROOM];
	char spare[DIGITS_ROOM]; /* for put() */
};

/* Two digits at a time, the last ones first. */
static void from_whole(uint64_t whole, int power, struct shortest *s)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char *at = s->digits + sizeof(s->digits);

	for (; whole >= 100; whole /= 100)
		memcpy(at -= 2, pairs + 2 * (whole % 100), 2);
	if (whole >= 10)
		memcpy(at -= 2, pairs + 2 * whole, 2);
	else
		*--at = (char)('0' + whole);
	s->n = (int)(s->digits + sizeof(s->digits) - at);
	s->point = s->n + power;
	s->first = at;
	while (s->n && at[s->n - 1] == '0')
		s->n--;
}

/* v is finite and above 0. */
static void shortest_of(double v, struct shortest *s)
{
	uint64_t whole = v < 9007199254740992.0 ? (uint64_t)v : 0;
	int power = 0;

	if ((double)whole != v)
		whole = num_shortest(v, &power);
	from_whole(whole, power, s);
}

/* Copies more than is wanted: a length that the compiler knows is several times as fast. There is
 * room, since NUM_TEXT is meant for 300 digits and these are 17. */
static char *put(char *p, const char *from, int n)
{
	memcpy(p, from, DIGITS_ROOM);
	return p + n;
}

static char *put_zeros(char *p, int n)
{
	for (; n > 0; n--)
		*p++ = '0';
	return p;
}

static char *put_positional(char *p, const struct shortest *s)
{
	int before = s->point < s->n ? s->point : s->n;

	if (s->point > 0) {
		p = put(p, s->first, before);
		p = put_zeros(p, s->point - s->n);
	} else {
		*p++ = '0';
		before = 0;
	}
	if (s->n > before) {
		*p++ = '.';
		p = put_zeros(p, -s->point);
		p = put(p, s->first + before, s->n - before);
	}
	return p;
}

/* d.ddde+09: at least two digits of exponent. */
static char *put_exponent(char *p, const struct shortest *s)
{
	int exponent = s->point - 1;

	*p++ = s->first[0];
	if (s->n > 1) {
		*p++ = '.';
		p = put(p, s->first + 1, s->n - 1);
	}
	return p + snprintf(p, 8, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent) % 1000);
}

/* NaN, the infinities and zero print the same in both notations; 0 for others. */
static size_t print_special(double v, char *out)
{
	const char *text;

	if (isnan(v))
		text = "NaN";
	else if (isinf(v))
		text = v < 0 ? "-Inf" : "+Inf";
	else if (v == 0)
		text = signbit(v) ? "-0" : "0";
	else
		return 0;
	memcpy(out, text, strlen(text) + 1);
	return strlen(text);
}

static size_t print(double v, bool may_use_exponent, char *out)
{
	size_t n = print_special(v, out);
	struct shortest s = { 0 };
	char *p = out;

	if (n)
		return n;
	if (v < 0)
		*p++ = '-';
	shortest_of(fabs(v), &s);
	/* strconv.formatDigits: "if precision was the shortest possible, use precision 6
	 * for this decision" (fmt's %v uses 21, the exposition format does not). */
	if (may_use_exponent && (s.point - 1 < -4 || s.point - 1 >= 6))
		p = put_exponent(p, &s);
	else
		p = put_positional(p, &s);
	*p = '\0';
	return (size_t)(p - out);
}

size_t num_print(double v, char out[NUM_TEXT])
{
	return print(v, false, out);
}

size_t num_print_g(double v, char out[NUM_TEXT])
{
	return print(v, true, out);
}

bool num_same(double a, double b)
{
	uint64_t x, y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return x == y;
}
