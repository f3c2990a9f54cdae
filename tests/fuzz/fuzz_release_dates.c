/*
 * fuzz_release_dates.c - any bytes as a release list in CSV, of months and of days.
 *
 * What is taken is in order: no period twice, none due before it has ended or before the one
 * before it, unless something was said.
 */
#include "catalogue/release_dates.h"
#include "tests/fuzz/fuzz.h"

static void check_order(const struct release_dates *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct release_date *x = &r->list[i].at;

		MUST(x->period.freq == r->freq && date_valid(x->day));
		MUST(x->minute >= 0 && x->minute < 24 * 60);
		if (r->d->n)
			continue;
		MUST(date_cmp(x->day, period_last_day(x->period)) > 0);
		MUST(i == 0 || period_index(x[0].period) > period_index(r->list[i - 1].at.period));
		MUST(i == 0 || date_cmp(r->list[i - 1].at.day, x->day) <= 0);
	}
}

static void read_list(enum freq freq, struct slice body)
{
	struct arena a;
	struct diags d;
	struct release_dates r = { .freq = freq, .minute = 17 * 60, .arena = &a, .d = &d };

	arena_init(&a, 4 << 20);
	diags_init(&d, &a, 20);
	release_dates_read_csv(&r, body, "dates.csv");
	release_dates_check(&r);
	must_be_complaints(&d);
	check_order(&r);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_list(FREQ_MONTH, slice_of((const char *)data, n));
	read_list(FREQ_DAY, slice_of((const char *)data, n));
	return 0;
}
