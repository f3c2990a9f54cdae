/*
 * fuzz_zone.c - any bytes as a zone file (TZif) with its rule.
 *
 * The folder of zones is that of our open files, so that a file in memory is a zone.
 * Local times of a zone that was read lead back to an instant that is not later, and
 * not further off than two offsets can be apart.
 */
#include "base/zone.h"
#include "tests/fuzz/fuzz.h"

static void check_at(const struct zone *z, int64_t ms)
{
	const int64_t apart_ms = 2 * 26 * 3600000;
	struct civil c = zone_civil(z, ms);
	char text[TIME_TEXT];
	int64_t back;

	MUST(c.hour >= 0 && c.hour < 24 && c.minute >= 0 && c.minute < 60);
	MUST(c.second >= 0 && c.second < 60 && c.ms >= 0 && c.ms < 1000);
	MUST(strlen(zone_print(z, ms, text)) < TIME_TEXT);
	back = zone_ms(z, c.date, c.hour * 3600 + c.minute * 60 + c.second) + c.ms;
	MUST(back <= ms && ms - back <= apart_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int64_t often_ms = 41 * 86400000LL + 12345678;
	static struct memory_file file;
	struct zone *z;
	struct err e;

	if (!file.path[0])
		setenv("TZDIR", "/proc/self/fd", 1);
	memory_file_write(&file, slice_of((const char *)data, n));
	z = zone_open(file.name, &e);
	if (!z) {
		must_say_why(&e);
		return 0;
	}
	MUST(strcmp(zone_name(z), file.name) == 0);
	for (int i = -300; i < 300; i++)
		check_at(z, i * often_ms);
	zone_civil(z, INT64_MIN);
	zone_civil(z, INT64_MAX);
	zone_close(z);
	return 0;
}
