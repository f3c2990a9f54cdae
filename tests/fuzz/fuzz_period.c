/*
 * fuzz_period.c - any bytes as a period, as sources write them.
 *
 * What was read is printed in both spellings, each of which is read as the same
 * period; its arithmetic comes back to where it started.
 */
#include "base/period.h"
#include "tests/fuzz/fuzz.h"

static void check_printed(struct period p)
{
	char text[PERIOD_TEXT];
	struct period again;
	struct err e;

	MUST(period_parse(slice_str(period_print(p, text)), &again, &e) == 0);
	MUST(period_eq(p, again));
	MUST(period_parse(slice_str(period_print_zh(p, text)), &again, &e) == 0);
	MUST(period_eq(p, again));
}

static void check_arithmetic(struct period p)
{
	struct period single = period_from_index(p.freq, period_index(p));

	MUST(date_valid(period_first_day(p)) && date_valid(period_last_day(p)));
	MUST(date_cmp(period_first_day(p), period_last_day(p)) <= 0);
	MUST(period_index(single) == period_index(p));
	MUST(period_eq(period_of(p.freq, period_last_day(p)), single));
	MUST(period_eq(period_add(period_add(single, 7), -7), single));
	MUST(period_cmp(period_add(p, 1), p) > 0 && period_cmp(period_add(p, -1), p) < 0);
	MUST(period_eq(period_add(period_add(p, 12), -12), p));
	MUST(p.freq == FREQ_DAY || period_months(p) == p.last_month - p.first_month + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct period p;
	struct err e;

	if (period_parse(slice_of((const char *)data, n), &p, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	MUST(p.year >= DATE_YEAR_MIN && p.year <= DATE_YEAR_MAX);
	MUST(p.first_month >= 1 && p.first_month <= p.last_month && p.last_month <= 12);
	check_printed(p);
	check_arithmetic(p);
	return 0;
}
