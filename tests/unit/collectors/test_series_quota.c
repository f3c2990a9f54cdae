/* test_series_quota.c - which series a source may bring, from day to day. */
#include "base/alloc.h"
#include "collectors/series_quota.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

enum { DAY_MS = 86400000 };

struct fixture {
	struct series_quota *q;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->q = series_quota_new(3, &f->e);
	assert_non_null(f->q);
	series_quota_turn(f->q, 1000);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	series_quota_free(f->q);
	free(f);
	return 0;
}

/* How many of the series from..to-1 are admitted. */
static size_t admitted(struct series_quota *q, uint64_t from, uint64_t to)
{
	size_t n = 0;

	for (uint64_t k = from; k < to; k++)
		n += series_quota_admits(q, k + 1);
	return n;
}

static void new_ones_are_refused_and_known_ones_go_on(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f->q, 0, 10), 3);
	assert_int_equal(admitted(f->q, 0, 10), 3);
	assert_int_equal(series_quota_count(f->q).n, 3);
	series_quota_set(f->q, 5);
	assert_int_equal(admitted(f->q, 0, 10), 5);
	series_quota_set(f->q, 1);
	assert_int_equal(admitted(f->q, 0, 10), 5);
}

static void a_day_later_others_may_come(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f->q, 0, 3), 3);
	assert_false(series_quota_turn(f->q, 1000 + DAY_MS - 1));
	assert_int_equal(admitted(f->q, 3, 4), 0);
	assert_true(series_quota_turn(f->q, 1000 + DAY_MS));
	assert_int_equal(series_quota_count(f->q).n, 0);
	assert_int_equal(admitted(f->q, 10, 20), 3);
}

static void what_goes_on_is_never_refused_the_day_after(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f->q, 0, 3), 3);
	series_quota_turn(f->q, 1000 + DAY_MS);
	assert_int_equal(admitted(f->q, 10, 13), 3);
	assert_int_equal(admitted(f->q, 0, 3), 3);
	assert_int_equal(series_quota_count(f->q).n, 6);
	series_quota_turn(f->q, 1000 + 2 * DAY_MS);
	series_quota_turn(f->q, 1000 + 3 * DAY_MS);
	assert_int_equal(admitted(f->q, 20, 23), 3);
	assert_int_equal(admitted(f->q, 0, 3), 0);
}

static void what_is_kept_counts_and_is_known(void **state)
{
	struct fixture *f = *state;

	for (uint64_t k = 0; k < 4; k++)
		series_quota_keep(f->q, k + 1);
	assert_int_equal(series_quota_count(f->q).n, 4);
	assert_int_equal(admitted(f->q, 0, 10), 4);
}

static void after_two_days_of_silence_nothing_is_known(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f->q, 0, 3), 3);
	series_quota_turn(f->q, 1000 + 2 * DAY_MS);
	assert_int_equal(admitted(f->q, 10, 13), 3);
	assert_int_equal(admitted(f->q, 0, 3), 0);
}

static void a_clock_that_is_set_back_begins_a_day(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f->q, 0, 10), 3);
	assert_true(series_quota_turn(f->q, 1000 - 60001));
	assert_int_equal(admitted(f->q, 10, 20), 3);
	assert_int_equal(admitted(f->q, 0, 10), 3);
}

static void who_was_received_before_the_one_that_began_the_day_begins_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f->q, 0, 3), 3);
	assert_true(series_quota_turn(f->q, 1000 + DAY_MS));
	assert_false(series_quota_turn(f->q, 1000 + DAY_MS - 1));
	assert_int_equal(admitted(f->q, 10, 13), 3);
	assert_int_equal(admitted(f->q, 0, 3), 3);
}

static void a_refusal_is_news_once_a_day(void **state)
{
	struct fixture *f = *state;

	admitted(f->q, 0, 3);
	assert_false(series_quota_is_news(f->q));
	admitted(f->q, 3, 10);
	assert_true(series_quota_is_news(f->q));
	admitted(f->q, 10, 20);
	assert_false(series_quota_is_news(f->q));
	series_quota_turn(f->q, 1000 + DAY_MS);
	assert_false(series_quota_is_news(f->q));
	admitted(f->q, 10, 20);
	assert_true(series_quota_is_news(f->q));
}

static void its_sentence_names_source_number_and_time(void **state)
{
	struct fixture *f = *state;
	char said[SERIES_QUOTA_TEXT];

	admitted(f->q, 0, 9);
	series_quota_say(f->q, "feed land", "series_limit", said);
	assert_string_equal(said, "feed land has brought 3 different series since "
				  "1970-01-01T00:00:01.000Z, and may bring 3 in a day "
				  "(series_limit)");
}

static void a_copy_counts_for_itself(void **state)
{
	struct fixture *f = *state;
	struct series_quota *copy;

	admitted(f->q, 0, 2);
	copy = series_quota_copy(f->q, &f->e);
	assert_non_null(copy);
	assert_int_equal(admitted(copy, 0, 10), 3);
	assert_false(series_quota_turn(copy, 1001));
	assert_int_equal(series_quota_count(f->q).n, 2);
	assert_int_equal(admitted(f->q, 5, 10), 1);
	series_quota_free(copy);
}

static void an_heir_knows_what_the_other_knew(void **state)
{
	struct fixture *f = *state;
	struct series_quota *heir = series_quota_new(4, &f->e);

	assert_non_null(heir);
	admitted(f->q, 0, 3);
	series_quota_turn(f->q, 1000 + DAY_MS);
	admitted(f->q, 10, 13);
	series_quota_inherit(heir, f->q);
	assert_int_equal(series_quota_count(heir).since_ms, 1000 + DAY_MS);
	assert_int_equal(admitted(heir, 20, 30), 1);
	assert_int_equal(admitted(heir, 0, 3), 3);
	assert_int_equal(admitted(heir, 10, 13), 3);
	series_quota_free(heir);
}

static void a_hundred_thousand_are_told_apart(void **state)
{
	struct fixture *f = *state;

	series_quota_set(f->q, 100000);
	for (uint64_t i = 0; i < 200000; i++) {
		char text[24];
		struct label l = { slice_str("id"), slice_of(text, 0) };

		l.value.n = (size_t)sprintf(text, "%llu", (unsigned long long)i);
		assert_int_equal(series_quota_admits(f->q, series_quota_key(&l, 1)), i < 100000);
	}
	assert_int_equal(series_quota_count(f->q).n, 100000);
}

static void where_a_name_ends_counts(void **state)
{
	const struct label a[] = { { slice_str("ab"), slice_str("c") } };
	const struct label b[] = { { slice_str("a"), slice_str("bc") } };

	(void)state;
	assert_true(series_quota_key(a, 1) != series_quota_key(b, 1));
	assert_true(series_quota_key(a, 1) == series_quota_key(a, 1));
}

static void without_a_limit_all_may_come_and_nothing_is_kept(void **state)
{
	struct fixture *f = *state;

	series_quota_set(f->q, 0);
	assert_int_equal(admitted(f->q, 0, 1000), 1000);
	assert_int_equal(series_quota_count(f->q).n, 0);
	assert_false(series_quota_is_news(f->q));
}

static void without_memory_a_new_one_is_refused(void **state)
{
	struct fixture *f = *state;

	series_quota_set(f->q, 1000);
	mem_fail_after(0, 0);
	assert_int_equal(admitted(f->q, 0, 1), 0);
	mem_fail_after(-1, 0);
	assert_int_equal(admitted(f->q, 0, 1), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(new_ones_are_refused_and_known_ones_go_on),
		T(a_day_later_others_may_come),
		T(what_goes_on_is_never_refused_the_day_after),
		T(what_is_kept_counts_and_is_known),
		T(after_two_days_of_silence_nothing_is_known),
		T(a_clock_that_is_set_back_begins_a_day),
		T(who_was_received_before_the_one_that_began_the_day_begins_none),
		T(a_refusal_is_news_once_a_day),
		T(its_sentence_names_source_number_and_time),
		T(a_copy_counts_for_itself),
		T(an_heir_knows_what_the_other_knew),
		T(a_hundred_thousand_are_told_apart),
		T(where_a_name_ends_counts),
		T(without_a_limit_all_may_come_and_nothing_is_kept),
		T(without_memory_a_new_one_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
