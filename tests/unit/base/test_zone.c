/* test_zone.c - local times against libc, known gaps and overlaps, broken files. */
#include "base/zone.h"
#include "tests/lib/assert.h"
#include "tests/lib/starve.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static struct zone *open_zone(const char *name)
{
	struct err e = { 0 };
	struct zone *z = zone_open(name, &e);

	if (!z)
		fail_msg("%s", e.text);
	return z;
}

static int64_t utc(const char *text)
{
	struct err e = { 0 };
	int64_t ms;

	if (time_parse(slice_str(text), &ms, &e) < 0)
		fail_msg("%s", e.text);
	return ms;
}

/* The instant of a local time, as text in UTC. */
static const char *instant(const struct zone *z, int y, int m, int d, int second_of_day)
{
	static char text[TIME_TEXT];

	return time_print_utc(zone_ms(z, (struct date){ y, m, d }, second_of_day), text);
}

static void china_is_eight_hours_east(void **state)
{
	struct zone *z = open_zone("Asia/Shanghai");
	char text[TIME_TEXT];

	(void)state;
	assert_string_equal(zone_name(z), "Asia/Shanghai");
	assert_string_equal(instant(z, 2026, 10, 31, 0), "2026-10-30T16:00:00.000Z");
	assert_string_equal(zone_print(z, utc("2026-10-30T16:00:00Z"), text),
			    "2026-10-31T00:00:00+08:00");
	/* Beyond the table, by the rule at the file's end. */
	assert_string_equal(instant(z, 2199, 12, 31, 0), "2199-12-30T16:00:00.000Z");
	zone_close(z);
}

static void chinas_summer_time_is_known(void **state)
{
	struct zone *z = open_zone("Asia/Shanghai");
	char text[TIME_TEXT];

	(void)state;
	assert_string_equal(instant(z, 1988, 7, 1, 0), "1988-06-30T15:00:00.000Z");
	assert_string_equal(instant(z, 1991, 9, 14, 0), "1991-09-13T15:00:00.000Z");
	assert_string_equal(instant(z, 1991, 9, 15, 43200), "1991-09-15T04:00:00.000Z");
	assert_string_equal(zone_print(z, utc("1986-05-31T00:00:00Z"), text),
			    "1986-05-31T09:00:00+09:00");
	zone_close(z);
}

static void a_midnight_that_does_not_exist_becomes_the_first_instant_after(void **state)
{
	/* The clocks of Shanghai were put from 00:00 to 01:00 on these days. */
	static const struct {
		int y, m, d;
		const char *instant;
	} gaps[] = {
		{ 1919, 4, 13, "1919-04-12T16:00:00.000Z" },
		{ 1940, 6, 1, "1940-05-31T16:00:00.000Z" },
		{ 1941, 3, 15, "1941-03-14T16:00:00.000Z" },
		{ 1942, 1, 31, "1942-01-30T16:00:00.000Z" },
		{ 1946, 5, 15, "1946-05-14T16:00:00.000Z" },
	};
	struct zone *z = open_zone("Asia/Shanghai");

	(void)state;
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		struct civil c;
		int64_t ms = zone_ms(z, (struct date){ gaps[i].y, gaps[i].m, gaps[i].d }, 0);
		char text[TIME_TEXT];

		assert_string_equal(time_print_utc(ms, text), gaps[i].instant);
		c = zone_civil(z, ms);
		assert_int_equal(c.date.day, gaps[i].d);
		assert_int_equal(c.hour, 1);
		c = zone_civil(z, ms - 1);
		assert_int_not_equal(c.date.day, gaps[i].d);
		assert_int_equal(c.hour, 23);
		assert_int_equal(c.ms, 999);
		/* All of the hour that is missing. */
		assert_int_equal(zone_ms(z, (struct date){ gaps[i].y, gaps[i].m, gaps[i].d }, 3599),
				 ms);
		assert_int_equal(zone_ms(z, (struct date){ gaps[i].y, gaps[i].m, gaps[i].d }, 3600),
				 ms);
	}
	zone_close(z);
}

static void a_time_that_exists_twice_becomes_the_earlier_instant(void **state)
{
	struct zone *z = open_zone("Asia/Shanghai");

	(void)state;
	/* 1940-10-12: at 24:00 the clocks went back to 23:00. */
	assert_string_equal(instant(z, 1940, 10, 12, 23 * 3600 + 1800), "1940-10-12T14:30:00.000Z");
	zone_close(z);
	z = open_zone("Europe/Berlin");
	assert_string_equal(instant(z, 2026, 10, 25, 2 * 3600 + 1800), "2026-10-25T00:30:00.000Z");
	assert_string_equal(instant(z, 2026, 10, 25, 3 * 3600), "2026-10-25T02:00:00.000Z");
	/* By the rule, far behind the table. */
	assert_string_equal(instant(z, 2150, 10, 25, 2 * 3600 + 1800), "2150-10-25T00:30:00.000Z");
	assert_string_equal(instant(z, 2150, 3, 29, 2 * 3600 + 1800), "2150-03-29T01:00:00.000Z");
	zone_close(z);
}

static void use_libc_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void compare_with_libc(const char *name, const struct zone *z, int64_t t)
{
	struct civil c = zone_civil(z, t * 1000 + 7);
	time_t when = (time_t)t;
	struct tm tm;

	localtime_r(&when, &tm);
	if (c.date.year != tm.tm_year + 1900 || c.date.month != tm.tm_mon + 1 ||
	    c.date.day != tm.tm_mday || c.hour != tm.tm_hour || c.minute != tm.tm_min ||
	    c.second != tm.tm_sec || c.offset_s != tm.tm_gmtoff || c.ms != 7)
		fail_msg("%s at %lld: %d-%d-%d %d:%d:%d%+d, libc says %d:%d:%d%+ld", name,
			 (long long)t, c.date.year, c.date.month, c.date.day, c.hour, c.minute,
			 c.second, c.offset_s, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_gmtoff);
}

static void local_times_are_those_of_libc(void **state)
{
	static const char *const names[] = {
		"Asia/Shanghai",  "Europe/Berlin",       "America/New_York",  "UTC",
		"Europe/Dublin",  "Australia/Lord_Howe", "Africa/Casablanca", "America/Nuuk",
		"Asia/Kathmandu", "Pacific/Apia",        "America/Sao_Paulo", "Asia/Gaza",
		"EST5EDT",        "Etc/GMT+12",          "Pacific/Kiritimati"
	};
	/* An odd step of 25.6 hours from 1905 to 2199 meets every hour of the day. */
	const int64_t from = -2051222400, until = 7258032000, step = 92017;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *z = open_zone(names[i]);

		use_libc_zone(names[i]);
		for (int64_t t = from; t < until; t += step)
			compare_with_libc(names[i], z, t);
		zone_close(z);
	}
	use_libc_zone("UTC");
}

/* Every instant is found again from its local time, unless that exists twice; then
 * an earlier one with the same local time is. */
static void instants_come_back_from_local_times(void **state)
{
	static const char *const names[] = { "Asia/Shanghai", "Europe/Berlin", "America/New_York",
					     "Australia/Lord_Howe", "Pacific/Apia" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *z = open_zone(names[i]);
		size_t twice = 0;

		for (int64_t t = -2051222400; t < 7258032000; t += 92017) {
			struct civil c = zone_civil(z, t * 1000);
			int64_t back = zone_ms(z, c.date, c.hour * 3600 + c.minute * 60 + c.second);

			if (back != t * 1000) {
				struct civil again = zone_civil(z, back);

				assert_true(back < t * 1000);
				assert_int_equal(again.hour, c.hour);
				assert_int_equal(again.minute, c.minute);
				assert_int_equal(date_cmp(again.date, c.date), 0);
				twice++;
			}
		}
		assert_true(twice < 400);
		zone_close(z);
	}
}

static void a_day_that_was_left_out_becomes_the_next(void **state)
{
	struct zone *z = open_zone("Pacific/Apia");

	(void)state;
	/* Samoa crossed the date line: there was no 2011-12-30. */
	assert_string_equal(instant(z, 2011, 12, 30, 43200), "2011-12-30T10:00:00.000Z");
	assert_string_equal(instant(z, 2011, 12, 31, 0), "2011-12-30T10:00:00.000Z");
	assert_string_equal(instant(z, 2011, 12, 29, 86399), "2011-12-30T09:59:59.000Z");
	zone_close(z);
}

static void offsets_with_seconds_print_the_same_instant(void **state)
{
	struct zone *z = open_zone("Asia/Shanghai");
	int64_t ms = utc("1900-06-01T00:00:00Z");
	char text[TIME_TEXT];

	(void)state;
	assert_int_equal(zone_civil(z, ms).offset_s, 29143);
	assert_string_equal(zone_print(z, ms, text), "1900-06-01T08:05:00+08:05");
	assert_int_equal(utc(text), ms);
	zone_close(z);
	z = open_zone("America/New_York");
	assert_string_equal(zone_print(z, utc("2026-07-01T12:00:00Z"), text),
			    "2026-07-01T08:00:00-04:00");
	zone_close(z);
}

static void unknown_zones_are_named_with_the_folder(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(zone_open("Asia/Shanghia", &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_string_equal(e.text, "zone 'Asia/Shanghia' is not in /usr/share/zoneinfo");
	assert_null(zone_open("Asia", &e));
	assert_string_equal(e.text,
			    "zone 'Asia': /usr/share/zoneinfo/Asia is not a time zone file");
	assert_null(zone_open("tzdata.zi", NULL));
}

static void names_cannot_leave_the_folder(void **state)
{
	static const char *const names[] = { "",
					     "/etc/localtime",
					     "../../etc/passwd",
					     "Asia/../UTC",
					     "Asia//Shanghai",
					     "Asia/Shanghai\n",
					     "./UTC",
					     "Asia/",
					     "a b" };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_null(zone_open(names[i], &e));
		assert_int_equal(e.code, ERR_INVALID);
		assert_has(e.text, "is not a zone name such as Asia/Shanghai");
	}
}

static void times_are_read_with_any_offset(void **state)
{
	static const struct {
		const char *text, *utc;
	} good[] = {
		{ "2026-10-31T00:00:00+08:00", "2026-10-30T16:00:00.000Z" },
		{ "2026-10-30T16:00:00Z", "2026-10-30T16:00:00.000Z" },
		{ "2026-10-30t16:00:00z", "2026-10-30T16:00:00.000Z" },
		{ "2026-10-30 16:00:00Z", "2026-10-30T16:00:00.000Z" },
		{ "2026-10-30T16:00:00.5Z", "2026-10-30T16:00:00.500Z" },
		{ "2026-10-30T16:00:00.123456789-09:30", "2026-10-31T01:30:00.123Z" },
		{ "1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z" },
		{ "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z" },
		{ "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
		{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[TIME_TEXT];

		assert_string_equal(time_print_utc(utc(good[i].text), text), good[i].utc);
	}
}

static void impossible_times_are_explained(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "2026-10-31", "is not a time such as 2026-10-31T00:00:00+08:00" },
		{ "2026-10-31T00:00:00", "is not a time" },
		{ "2026-10-31T00:00:00+0800", "is not a time" },
		{ "2026-10-31T00:00:00+08:00 ", "is not a time" },
		{ "2026-10-31T00:00:00.Z", "is not a time" },
		{ "2026-10-31T00:00:00+24:00", "is not a time" },
		{ "", "'' is not a time" },
		{ "2026-13-31T00:00:00Z", "'2026-13-31T00:00:00Z': there is no such month" },
		{ "2026-02-29T00:00:00Z", "there is no such day" },
		{ "2026-02-28T24:00:00Z", "there is no such hour" },
		{ "2026-02-28T23:60:00Z", "there is no such minute" },
		{ "2026-02-28T23:00:61Z", "there is no such second" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		int64_t ms;

		assert_fails(time_parse(slice_str(bad[i].text), &ms, &e), &e, ERR_INVALID,
			     bad[i].why);
	}
	/* A NUL where the T belongs. */
	assert_int_equal(time_parse(slice_of("2026-10-31\0"
					     "00:00:00Z",
					     20),
				    &(int64_t){ 0 }, NULL),
			 -1);
}

static void the_ends_of_time_print_without_harm(void **state)
{
	struct zone *z = open_zone("Asia/Shanghai");
	char text[TIME_TEXT];

	(void)state;
	assert_string_equal(time_print_utc(INT64_MAX, text), "292278994-08-17T07:12:55.807Z");
	assert_string_equal(time_print_utc(INT64_MIN, text), "-292275055-05-16T16:47:04.192Z");
	zone_print(z, INT64_MAX, text);
	zone_print(z, INT64_MIN, text);
	zone_close(z);
}

/* --- files made for the test -------------------------------------------------------- */

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* A version 2 file without changes, one type at UTC, and this rule. */
static size_t make_file(unsigned char *p, const char *rule)
{
	memset(p, 0, 44 + 8 + 44 + 8);
	for (int i = 0; i < 2; i++, p += 44 + 8) {
		memcpy(p, (const char[5]){ 'T', 'Z', 'i', 'f', '2' }, 5);
		put32(p + 36, 1);
		put32(p + 40, 2);
	}
	return 104 + (size_t)sprintf((char *)p, "\n%s\n", rule);
}

static void set_up_folder(char **dir)
{
	*dir = tmp_make();
	setenv("TZDIR", *dir, 1);
}

static void tear_down_folder(char *dir)
{
	unsetenv("TZDIR");
	tmp_remove(dir);
}

static void rules_of_every_form_are_read_as_libc_reads_them(void **state)
{
	static const char *const rules[] = {
		"CST-8",
		"<+03>-3",
		"CET-1CEST,M3.5.0,M10.5.0/3",
		"EST5EDT,M3.2.0,M11.1.0",
		"AEST-10AEDT,M10.1.0,M4.1.0/3",
		"IST-1GMT0,M10.5.0,M3.5.0/1",
		"<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
		"XXX3YYY,J60/2:30:30,J300",
		"XXX-5:45YYY-6:15,59/0,299/25",
	};
	char *dir;

	(void)state;
	set_up_folder(&dir);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		unsigned char file[256];
		struct zone *z;

		tmp_write(tmp_path(dir, "Made"), file, make_file(file, rules[i]));
		z = open_zone("Made");
		use_libc_zone(rules[i]);
		/* 1971 on: for earlier years libc's own handling of such rules differs. */
		for (int64_t t = 31536000; t < 4102444800; t += 9973)
			compare_with_libc(rules[i], z, t);
		zone_close(z);
	}
	use_libc_zone("UTC");
	tear_down_folder(dir);
}

static void summer_time_all_year_is_a_rule_too(void **state)
{
	unsigned char file[256];
	struct zone *z;
	char *dir;

	(void)state;
	set_up_folder(&dir);
	/* RFC 8536 section 3.3.1: from 1 January 00:00 standard time to the same next year. */
	tmp_write(tmp_path(dir, "Made"), file, make_file(file, "EST5EDT,0/0,J365/25"));
	z = open_zone("Made");
	for (int64_t t = 0; t < 4102444800; t += 9973)
		assert_int_equal(zone_civil(z, t * 1000).offset_s, -14400);
	assert_string_equal(instant(z, 2026, 1, 1, 0), "2026-01-01T04:00:00.000Z");
	zone_close(z);
	/* 1972's start lies 100 hours before 3 January: still in 1971 (libc misses it). */
	tmp_write(tmp_path(dir, "Made"), file, make_file(file, "AAA0BBB,M1.1.1/-100,M12.5.6/100"));
	z = open_zone("Made");
	assert_int_equal(zone_civil(z, utc("1971-12-29T02:59:59Z")).offset_s, 3600);
	assert_int_equal(zone_civil(z, utc("1971-12-29T03:00:00Z")).offset_s, 0);
	assert_int_equal(zone_civil(z, utc("1971-12-29T19:59:59Z")).offset_s, 0);
	assert_int_equal(zone_civil(z, utc("1971-12-29T20:00:00Z")).offset_s, 3600);
	zone_close(z);
	tear_down_folder(dir);
}

static void broken_files_are_refused_with_the_reason(void **state)
{
	unsigned char good[256], file[256];
	size_t n = make_file(good, "CST-8");
	char *dir;
	struct err e = { 0 };

	(void)state;
	set_up_folder(&dir);
	for (size_t cut = 0; cut < n; cut++) {
		tmp_write(tmp_path(dir, "Made"), good, cut);
		assert_null(zone_open("Made", &e));
		assert_int_equal(e.code, ERR_CORRUPT);
		assert_has(e.text, "zone 'Made': ");
	}
	assert_has(e.text, "the rule at the end is cut off");
	tmp_write(tmp_path(dir, "Made"), file, make_file(file, "CST-8CDT,M13.1.1,M1.1.1"));
	assert_null(zone_open("Made", &e));
	assert_has(e.text, "rule 'CST-8CDT,M13.1.1,M1.1.1' is not understood");

	memcpy(file, good, n);
	file[4] = 0; /* version 1 */
	tmp_write(tmp_path(dir, "Made"), file, n);
	assert_null(zone_open("Made", &e));
	assert_int_equal(e.code, ERR_UNSUPPORTED);

	memcpy(file, good, n);
	put32(file + 32, 0xffffffff); /* four thousand million changes */
	tmp_write(tmp_path(dir, "Made"), file, n);
	assert_null(zone_open("Made", &e));
	assert_int_equal(e.code, ERR_LIMIT);

	memcpy(file, good, n);
	put32(file + 52 + 36, 0); /* no type */
	tmp_write(tmp_path(dir, "Made"), file, n);
	assert_null(zone_open("Made", &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	tear_down_folder(dir);
}

static void flipped_bytes_never_crash(void **state)
{
	size_t n;
	char *file = tmp_read("/usr/share/zoneinfo/Europe/Berlin", &n);
	char *dir;
	size_t refused = 0;

	(void)state;
	assert_non_null(file);
	set_up_folder(&dir);
	for (size_t i = 0; i < n; i++) {
		struct zone *z;

		file[i] = (char)~file[i];
		tmp_write(tmp_path(dir, "Made"), file, n);
		z = zone_open("Made", NULL);
		refused += !z;
		if (z) {
			zone_civil(z, 1700000000000);
			zone_ms(z, (struct date){ 2026, 3, 29 }, 9000);
		}
		zone_close(z);
		file[i] = (char)~file[i];
	}
	assert_true(refused > 100);
	free(file);
	tear_down_folder(dir);
}

static void opening_survives_every_failed_allocation(void **state)
{
	struct starve s = { 0 };

	(void)state;
	while (starve_again(&s)) {
		struct err e = { 0 };
		struct zone *z;

		starve_begin(&s);
		z = zone_open("Asia/Shanghai", &e);
		starve_end(&s, z != NULL, &e);
		zone_close(z);
	}
	assert_true(s.failed > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(china_is_eight_hours_east),
		cmocka_unit_test(chinas_summer_time_is_known),
		cmocka_unit_test(a_midnight_that_does_not_exist_becomes_the_first_instant_after),
		cmocka_unit_test(a_time_that_exists_twice_becomes_the_earlier_instant),
		cmocka_unit_test(local_times_are_those_of_libc),
		cmocka_unit_test(instants_come_back_from_local_times),
		cmocka_unit_test(a_day_that_was_left_out_becomes_the_next),
		cmocka_unit_test(offsets_with_seconds_print_the_same_instant),
		cmocka_unit_test(unknown_zones_are_named_with_the_folder),
		cmocka_unit_test(names_cannot_leave_the_folder),
		cmocka_unit_test(times_are_read_with_any_offset),
		cmocka_unit_test(impossible_times_are_explained),
		cmocka_unit_test(the_ends_of_time_print_without_harm),
		cmocka_unit_test(rules_of_every_form_are_read_as_libc_reads_them),
		cmocka_unit_test(summer_time_all_year_is_a_rule_too),
		cmocka_unit_test(broken_files_are_refused_with_the_reason),
		cmocka_unit_test(flipped_bytes_never_crash),
		cmocka_unit_test(opening_survives_every_failed_allocation),
	};

	unsetenv("TZDIR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
