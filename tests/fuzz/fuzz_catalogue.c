/*
 * fuzz_catalogue.c - any bytes as a catalogue file, and the questions put to what was read.
 *
 * A catalogue is refused exactly when something is said of it. Of one that was read,
 * each thing is found again by its identifier, and its calendar gives answers in order.
 */
#include "catalogue/catalogue.h"
#include "tests/fuzz/fuzz.h"

static const struct date today = { 2026, 9, 30 };

static void check_unit(const struct catalogue *c, const struct unit *u)
{
	struct err e;

	MUST(catalogue_unit(c, slice_str(u->id)) == u);
	MUST(unit_name(u, today) && unit_county(u, today));
	MUST(unit_type(u, today) && unit_league(u, today));
	MUST(catalogue_find_unit(c, slice_str(u->id), UNIT_CLASSES, today, &e) == u);
}

static void check_indicator(const struct catalogue *c, const struct indicator *i)
{
	struct period last;
	int64_t now_ms = 1795406400000;

	MUST(catalogue_indicator(c, slice_str(i->code)) == i);
	last = catalogue_last_ended(c, i, now_ms);
	MUST(period_end(last, catalogue_zone(c)) <= now_ms);
	MUST(catalogue_due(c, i, last) <= catalogue_grace_end(c, i, last));
	MUST(period_cmp(indicator_previous(i, last), last) < 0);
	MUST(period_cmp(indicator_next(i, last), last) > 0);
}

static void check_all(const struct catalogue *c)
{
	struct labels *ls;
	struct err e;

	for (size_t i = 0; i < catalogue_units(c); i++)
		check_unit(c, catalogue_unit_at(c, i));
	for (size_t i = 0; i < catalogue_indicators(c); i++) {
		check_indicator(c, catalogue_indicator_at(c, i));
		if (catalogue_units(c) == 0)
			continue;
		ls = catalogue_series(catalogue_unit_at(c, 0), catalogue_indicator_at(c, i), &e);
		MUST(ls);
		labels_unref(ls);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct memory_file file;
	struct catalogue_options o = { .hours = { 540, 1020 } };
	const char *paths[] = { file.path };
	struct catalogue *c;
	struct arena a;
	struct diags d;
	struct err e;

	memory_file_write(&file, slice_of((const char *)data, n));
	o.zone = zone_open("Asia/Shanghai", &e);
	MUST(o.zone);
	arena_init(&a, 16 << 20);
	diags_init(&d, &a, 50);
	c = catalogue_load(paths, 1, &o, &d);
	MUST(!c == (d.n > 0));
	must_be_complaints(&d);
	if (c)
		check_all(c);
	catalogue_unref(c);
	arena_release(&a);
	return 0;
}
