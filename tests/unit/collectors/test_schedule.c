/*
 * When a feed is due: intervals, back-off, and the n-th working day after a period.
 */
#include "tests/lib/assert.h"

#include "collectors/schedule.h"

struct fixture {
	struct zone *z;
	struct workdays *w;
	struct schedule s;
	struct schedule_state st;
};

static int setup(void **state)
{
	static struct fixture f;
	struct err e;

	f = (struct fixture){ .z = zone_open("Asia/Shanghai", &e), .w = workdays_new() };
	f.s = (struct schedule){ .every_ms = 600000, .backoff_max_ms = 3600000, .seed = 7 };
	if (!f.z || !f.w)
		return -1;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zone_close(f->z);
	workdays_free(f->w);
	return 0;
}

static int64_t at(const char *text)
{
	struct err e;
	int64_t ms = 0;

	assert_ok(time_parse(slice_str(text), &ms, &e), &e);
	return ms;
}

static int64_t next(const struct fixture *f, int64_t now)
{
	return schedule_next(&f->s, &f->st, f->w, f->z, now);
}

#define assert_at(f, now, want)                                                                    \
	do {                                                                                       \
		char got_[TIME_TEXT];                                                              \
		zone_print((f)->z, next(f, at(now)), got_);                                        \
		assert_string_equal(got_, want);                                                   \
	} while (0)

static void the_first_attempt_comes_within_seconds_and_spread(void **state)
{
	struct fixture *f = *state;
	int64_t now = at("2026-11-23T08:00:00+08:00"), seen[50], distinct = 0;

	for (int i = 0; i < 50; i++) {
		f->s.seed = (uint64_t)i;
		seen[i] = next(f, now);
		assert_in_range(seen[i] - now, 0, 5000);
		distinct += i == 0 || seen[i] != seen[i - 1];
	}
	assert_true(distinct > 45);
	assert_int_equal(seen[3], (f->s.seed = 3, next(f, now)));
}

static void many_feeds_begin_over_a_longer_time_but_within_their_interval(void **state)
{
	struct fixture *f = *state;
	int64_t now = at("2026-11-23T08:00:00+08:00"), late = 0, last = 0;

	f->s.spread_ms = 100000;
	for (int i = 0; i < 100; i++) {
		f->s.seed = (uint64_t)i;
		assert_in_range(next(f, now) - now, 0, 100000);
		late += next(f, now) - now > 50000;
	}
	assert_in_range(late, 30, 70);
	f->s.every_ms = 15000;
	for (int i = 0; i < 100; i++) {
		f->s.seed = (uint64_t)i;
		last = next(f, now) - now > last ? next(f, now) - now : last;
	}
	assert_in_range(last, 14000, 15000);
}

static void the_interval_counts_from_the_last_attempt(void **state)
{
	struct fixture *f = *state;

	f->st.last_attempt_ms = at("2026-11-23T08:00:00+08:00");
	assert_at(f, "2026-11-23T08:00:02+08:00", "2026-11-23T08:10:00+08:00");
	assert_at(f, "2026-11-23T09:00:00+08:00", "2026-11-23T09:00:00+08:00");
}

static void jitter_is_the_same_each_time_and_within_its_part(void **state)
{
	struct fixture *f = *state;
	int64_t now = at("2026-11-23T08:00:00+08:00"), least = INT64_MAX, most = 0;

	f->s.jitter = 0.1;
	f->st.last_attempt_ms = now;
	for (uint64_t seed = 0; seed < 200; seed++) {
		int64_t wait;

		f->s.seed = seed;
		wait = next(f, now) - now;
		assert_int_equal(wait, next(f, now) - now);
		assert_in_range(wait, 600000, 660000);
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_true(least < 605000);
	assert_true(most > 655000);
}

static void failures_double_the_wait_up_to_the_longest(void **state)
{
	struct fixture *f = *state;
	static const int64_t minutes[] = { 10, 20, 40, 60, 60 };
	int64_t now = at("2026-11-23T08:00:00+08:00");

	f->st.last_attempt_ms = now;
	for (unsigned i = 0; i < 5; i++) {
		f->st.failures = i + 1;
		assert_int_equal(next(f, now) - now, minutes[i] * 60000);
	}
	f->st.failures = 4000000000u;
	assert_int_equal(next(f, now) - now, 3600000);
}

static void a_back_off_is_never_shorter_than_the_interval(void **state)
{
	struct fixture *f = *state;
	int64_t now = at("2026-11-23T08:00:00+08:00");

	f->s.every_ms = 86400000;
	f->st = (struct schedule_state){ .last_attempt_ms = now, .failures = 3 };
	assert_int_equal(next(f, now) - now, 86400000);
}

static void retry_after_is_honoured_up_to_the_longest_back_off(void **state)
{
	struct fixture *f = *state;
	int64_t now = at("2026-11-23T08:00:00+08:00");

	f->st = (struct schedule_state){ .last_attempt_ms = now,
					 .failures = 1,
					 .retry_after_ms = 1800000 };
	assert_int_equal(next(f, now) - now, 1800000);
	f->st.retry_after_ms = 10000; /* less than the interval is no invitation */
	assert_int_equal(next(f, now) - now, 600000);
	f->st.retry_after_ms = INT64_MAX;
	assert_int_equal(next(f, now) - now, 3600000);
}

static void a_clock_that_was_set_back_does_not_stop_a_feed(void **state)
{
	struct fixture *f = *state;

	f->st.last_attempt_ms = at("2027-11-23T08:00:00+08:00");
	assert_at(f, "2026-11-23T08:00:00+08:00", "2026-11-23T08:10:00+08:00");
}

/* October 2026 ends on a Saturday: working days are 2, 3, 4 November … */
static void monthly(struct fixture *f, const char *last_attempt, const char *last_change)
{
	f->s.working_day = 3;
	f->s.freq = FREQ_MONTH;
	f->st = (struct schedule_state){ .last_attempt_ms = at(last_attempt),
					 .last_change_ms = last_change ? at(last_change) : 0 };
}

static void a_release_is_expected_from_the_nth_working_day_on(void **state)
{
	struct fixture *f = *state;

	monthly(f, "2026-10-12T10:00:00+08:00", "2026-10-12T10:00:00+08:00");
	assert_at(f, "2026-10-12T10:00:01+08:00", "2026-11-04T00:00:00+08:00");
	/* Its hour has passed without an attempt (the daemon was off). */
	assert_at(f, "2026-11-05T15:00:00+08:00", "2026-11-05T15:00:00+08:00");
}

static void it_is_asked_for_again_until_the_body_has_changed(void **state)
{
	struct fixture *f = *state;

	monthly(f, "2026-11-04T00:00:05+08:00", "2026-10-12T10:00:00+08:00");
	assert_at(f, "2026-11-04T00:00:06+08:00", "2026-11-04T00:10:05+08:00");
	monthly(f, "2026-11-20T09:00:00+08:00", "2026-10-12T10:00:00+08:00");
	assert_at(f, "2026-11-20T09:00:06+08:00", "2026-11-20T09:10:00+08:00");
	monthly(f, "2026-11-20T09:10:00+08:00", "2026-11-20T09:10:00+08:00");
	/* November ends on a Monday, December's third working day is a Thursday. */
	assert_at(f, "2026-11-20T09:10:01+08:00", "2026-12-03T00:00:00+08:00");
}

static void a_body_that_never_changed_before_counts_as_not_yet_changed(void **state)
{
	struct fixture *f = *state;

	monthly(f, "2026-11-20T09:00:00+08:00", NULL);
	assert_at(f, "2026-11-20T09:00:06+08:00", "2026-11-20T09:10:00+08:00");
}

static void a_long_interval_does_not_jump_over_the_next_window(void **state)
{
	struct fixture *f = *state;

	monthly(f, "2026-11-25T00:00:00+08:00", NULL);
	f->s.every_ms = 20 * 86400000LL;
	assert_at(f, "2026-11-25T00:00:01+08:00", "2026-12-03T00:00:00+08:00");
}

static void holidays_move_the_window(void **state)
{
	struct fixture *f = *state;
	struct err e;

	monthly(f, "2026-09-10T10:00:00+08:00", "2026-09-10T10:00:00+08:00");
	for (int day = 1; day <= 7; day++)
		assert_ok(workdays_add_holiday(f->w, (struct date){ 2026, 10, day }, &e), &e);
	assert_at(f, "2026-09-30T12:00:00+08:00", "2026-10-12T00:00:00+08:00");
}

static void quarters_and_days_have_windows_too(void **state)
{
	struct fixture *f = *state;

	monthly(f, "2026-07-20T10:00:00+08:00", "2026-07-20T10:00:00+08:00");
	f->s.freq = FREQ_QUARTER;
	assert_at(f, "2026-08-01T00:00:00+08:00", "2026-10-05T00:00:00+08:00");
	monthly(f, "2026-11-20T00:05:00+08:00", "2026-11-20T00:05:00+08:00");
	f->s.freq = FREQ_DAY;
	f->s.working_day = 1;
	/* Friday's figures are expected on Monday, as are the weekend's. */
	assert_at(f, "2026-11-20T00:05:01+08:00", "2026-11-23T00:00:00+08:00");
}

static void a_failure_inside_a_window_backs_off(void **state)
{
	struct fixture *f = *state;

	monthly(f, "2026-11-04T00:00:05+08:00", "2026-10-12T10:00:00+08:00");
	f->st.failures = 2;
	assert_at(f, "2026-11-04T00:00:06+08:00", "2026-11-04T00:20:05+08:00");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_attempt_comes_within_seconds_and_spread),
		T(many_feeds_begin_over_a_longer_time_but_within_their_interval),
		T(the_interval_counts_from_the_last_attempt),
		T(jitter_is_the_same_each_time_and_within_its_part),
		T(failures_double_the_wait_up_to_the_longest),
		T(a_back_off_is_never_shorter_than_the_interval),
		T(retry_after_is_honoured_up_to_the_longest_back_off),
		T(a_clock_that_was_set_back_does_not_stop_a_feed),
		T(a_release_is_expected_from_the_nth_working_day_on),
		T(it_is_asked_for_again_until_the_body_has_changed),
		T(a_body_that_never_changed_before_counts_as_not_yet_changed),
		T(a_long_interval_does_not_jump_over_the_next_window),
		T(holidays_move_the_window),
		T(quarters_and_days_have_windows_too),
		T(a_failure_inside_a_window_backs_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
