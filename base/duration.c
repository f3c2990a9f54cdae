/* duration.c - see duration.h. */
#include "base/duration.h"

#include "base/text.h"

#include <stdio.h>

static const struct unit {
	const char *text;
	int64_t ms;
	bool whole; /* printed only when it divides what is left */
} units[] = {
	{ "y", INT64_C(365) * 86400000, true },
	{ "w", 7 * 86400000, true },
	{ "d", 86400000, true },
	{ "h", 3600000, false },
	{ "m", 60000, false },
	{ "s", 1000, false },
	{ "ms", 1, false },
};

enum { UNITS = sizeof(units) / sizeof(units[0]) };

static int not_one(struct slice text, struct err *e)
{
	char shown[TEXT_SHOWN];

	return err_set(e, ERR_INVALID, "%s is not a duration such as 30s or 1h30m",
		       text_shown(text, shown));
}

static int too_long(struct slice text, struct err *e)
{
	char shown[TEXT_SHOWN];

	return err_set(e, ERR_LIMIT, "%s is too long a duration", text_shown(text, shown));
}

/* The unit at the start of `s`, searched from *from on; *from goes behind it. */
static const struct unit *unit_at(struct slice s, size_t *from)
{
	bool milli = s.n > 1 && s.p[0] == 'm' && s.p[1] == 's';

	for (size_t i = *from; i < UNITS; i++) {
		bool is_ms = units[i].text[1] != '\0';

		if (milli ? is_ms : (!is_ms && s.n > 0 && s.p[0] == units[i].text[0])) {
			*from = i + 1;
			return &units[i];
		}
	}
	return NULL;
}

int duration_parse(struct slice text, int64_t *ms, struct err *e)
{
	struct slice s = text;
	int64_t sum = 0;
	size_t from = 0;

	if (text.n == 0)
		return not_one(text, e);
	if (slice_is(text, "0")) {
		*ms = 0;
		return 0;
	}
	while (s.n > 0) {
		const struct unit *u;
		int64_t n = 0;
		size_t i = 0;

		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			if (__builtin_mul_overflow(n, 10, &n) ||
			    __builtin_add_overflow(n, s.p[i] - '0', &n))
				return too_long(text, e);
		if (i == 0)
			return not_one(text, e);
		s = slice_skip(s, i);
		u = unit_at(s, &from);
		if (!u)
			return not_one(text, e);
		s = slice_skip(s, strlen(u->text));
		/* Go's durations are nanoseconds in 63 bits */
		if (__builtin_mul_overflow(n, u->ms, &n) || __builtin_add_overflow(sum, n, &sum) ||
		    sum > INT64_MAX / 1000000)
			return too_long(text, e);
	}
	*ms = sum;
	return 0;
}

char *duration_print(int64_t ms, char out[DURATION_TEXT])
{
	uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	size_t n = 0;

	if (ms == 0)
		return strcpy(out, "0s");
	if (ms < 0)
		out[n++] = '-';
	for (size_t i = 0; i < UNITS; i++) {
		uint64_t unit = (uint64_t)units[i].ms, count = left / unit;

		if (count == 0 || (units[i].whole && left % unit))
			continue;
		n += (size_t)snprintf(out + n, DURATION_TEXT - n, "%llu%s",
				      (unsigned long long)count, units[i].text);
		left -= count * unit;
	}
	return out;
}
