/*
 * fuzz_time.c - any bytes as an instant, a date, a duration and a size.
 *
 * What was read and is printed is read as the same.
 */
#include "base/yaml_read.h"
#include "base/zone.h"
#include "tests/fuzz/fuzz.h"

/* The years that have four digits in every zone, in ms. */
static const int64_t first_ms = -62135596800000 + 86400000;
static const int64_t last_ms = 253402300799999 - 86400000;

static void check_instant(int64_t ms)
{
	static struct zone *z;
	char text[TIME_TEXT];
	struct civil c;
	struct err e;
	int64_t again;

	if (!z)
		z = zone_open("Asia/Shanghai", &e);
	MUST(z);
	if (ms < first_ms || ms > last_ms)
		return;
	MUST(time_parse(slice_str(time_print_utc(ms, text)), &again, &e) == 0 && again == ms);
	MUST(time_parse(slice_str(zone_print(z, ms, text)), &again, &e) == 0);
	MUST(again <= ms && ms - again < 1000);
	c = zone_civil(z, ms);
	again = zone_ms(z, c.date, c.hour * 3600 + c.minute * 60 + c.second) + c.ms;
	/* One that exists twice is the earlier of the two. */
	MUST(again == ms || (again < ms && ms - again <= 2 * 3600000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice_of((const char *)data, n);
	char printed[DATE_TEXT];
	int64_t v;
	struct date d;
	struct err e;

	if (time_parse(text, &v, &e) == 0)
		check_instant(v);
	else
		must_say_why(&e);
	if (date_parse(text, &d, &e) == 0) {
		MUST(date_valid(d) && slice_is(text, date_print(d, printed)));
		MUST(date_cmp(date_from_days(date_to_days(d)), d) == 0);
	} else {
		must_say_why(&e);
	}
	if (duration_parse(text, &v, &e) == 0)
		MUST(v >= 0);
	else
		must_say_why(&e);
	if (size_parse(text, &v, &e) == 0)
		MUST(v >= 0);
	else
		must_say_why(&e);
	return 0;
}
