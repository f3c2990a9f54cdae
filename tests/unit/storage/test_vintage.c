/* test_vintage.c - which value of a period a view sees. */
#include "storage/vintage.h"
#include "tests/lib/assert.h"

/* Known at 10, 20, 30; the second was never released, the third late. */
static const struct vintage group[] = {
	{ .value = 1, .known_from_ms = 10, .released_ms = 15 },
	{ .value = 2, .known_from_ms = 20, .released_ms = 0 },
	{ .value = 3, .known_from_ms = 30, .released_ms = 50 },
};

static bool pick(int64_t as_of_ms, unsigned release, struct vintage *out)
{
	return vintage_pick(group, 3, (struct view){ .as_of_ms = as_of_ms, .release = release },
			    out);
}

static void nothing_is_seen_before_its_release(void **state)
{
	struct vintage v;

	(void)state;
	assert_false(pick(9, 0, &v));
	assert_false(pick(14, 0, &v));
	assert_true(pick(15, 0, &v));
	assert_f64(v.value, 1);
	assert_int_equal(v.ordinal, 1);
	assert_int_equal(v.count, 1);
	assert_true(pick(49, 0, &v));
	assert_f64(v.value, 1);
	assert_true(pick(50, 0, &v));
	assert_f64(v.value, 3);
	assert_int_equal(v.ordinal, 2);
	assert_int_equal(v.count, 2);
}

static void a_suppressed_one_hides_its_period_from_who_wants_values(void **state)
{
	const struct vintage told[] = {
		{ .value = 1, .known_from_ms = 10, .released_ms = 10 },
		{ .value = figure_no_value(),
		  .known_from_ms = 20,
		  .released_ms = 20,
		  .flags = FIGURE_SUPPRESSED },
	};
	struct view values = { .as_of_ms = 20 }, all = { .as_of_ms = 20, .suppressed = true };
	struct vintage v;

	(void)state;
	assert_false(vintage_pick(told, 2, values, &v));
	assert_true(vintage_pick(told, 2, all, &v));
	assert_int_equal(v.flags, FIGURE_SUPPRESSED);
	assert_int_equal(v.count, 2);
	/* What was said before it is still what was known then. */
	values.as_of_ms = 19;
	assert_true(vintage_pick(told, 2, values, &v));
	assert_f64(v.value, 1);
	values = (struct view){ .as_of_ms = 20, .release = 2 };
	assert_false(vintage_pick(told, 2, values, &v));
	values.release = 1;
	assert_true(vintage_pick(told, 2, values, &v));
}

static void the_nth_release_counts_only_what_was_released(void **state)
{
	struct vintage v;

	(void)state;
	assert_true(pick(INT64_MAX, 1, &v));
	assert_f64(v.value, 1);
	assert_int_equal(v.count, 2);
	assert_true(pick(INT64_MAX, 2, &v));
	assert_f64(v.value, 3);
	assert_false(pick(INT64_MAX, 3, &v));
	assert_false(pick(40, 2, &v));
}

/* A release can be dated before the figure is known to us. */
static void a_release_does_not_show_what_was_not_known(void **state)
{
	const struct vintage x = { .known_from_ms = 30, .released_ms = 20 };

	(void)state;
	assert_false(vintage_visible(&x, 29));
	assert_true(vintage_visible(&x, 30));
}

static void drafts_have_no_number(void **state)
{
	struct vintage g[3];

	(void)state;
	memcpy(g, group, sizeof(g));
	vintage_number(g, 3);
	assert_int_equal(g[0].ordinal, 1);
	assert_int_equal(g[1].ordinal, 0);
	assert_int_equal(g[2].ordinal, 2);
	assert_int_equal(g[1].count, 2);
}

static void only_what_is_public_and_equal_is_a_repetition(void **state)
{
	const struct figure old = { .sequence = 1, .value = 0.0, .months = 1 };
	struct figure f = { .sequence = 2, .value = 0.0, .months = 1 };

	(void)state;
	assert_true(vintage_repeats(&f, 20, &old, 10));
	assert_true(vintage_repeats(&f, 10, &old, 10));
	assert_true(vintage_repeats(&f, 0, &old, 10));  /* a draft of what is public */
	assert_false(vintage_repeats(&f, 20, &old, 0)); /* publishes a draft */
	assert_false(vintage_repeats(&f, 0, &old, 0));
	assert_false(vintage_repeats(&f, 5, &old, 10)); /* public earlier */
	f.value = -0.0;
	assert_false(vintage_repeats(&f, 20, &old, 10));
	f.value = 0.0;
	f.months = 2;
	assert_false(vintage_repeats(&f, 20, &old, 10));
	f.months = 1;
	f.flags = FIGURE_REVISED;
	assert_false(vintage_repeats(&f, 20, &old, 10));
	f.flags = 0;
	f.sequence = 1;
	assert_true(vintage_repeats(&f, 0, &old, 0)); /* twice in one document */
}

static void a_vintage_says_what_its_figure_says(void **state)
{
	const struct figure f = { .stamp_ms = -4,
				  .known_from_ms = 5,
				  .sequence = 6,
				  .row = 7,
				  .value = -1e-300,
				  .received_ms = -8,
				  .months = 12,
				  .flags = 31 };
	struct vintage v = vintage_of(&f, INT64_MAX);

	(void)state;
	assert_true(v.stamp_ms == -4 && v.known_from_ms == 5 && v.submission == 6);
	assert_true(v.received_ms == -8 && v.released_ms == INT64_MAX);
	assert_f64(v.value, -1e-300);
	assert_int_equal(v.months, 12);
	assert_int_equal(v.flags, 31);
	assert_int_equal(v.ordinal, 0);
	assert_int_equal(v.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_seen_before_its_release),
		cmocka_unit_test(a_suppressed_one_hides_its_period_from_who_wants_values),
		cmocka_unit_test(the_nth_release_counts_only_what_was_released),
		cmocka_unit_test(a_release_does_not_show_what_was_not_known),
		cmocka_unit_test(drafts_have_no_number),
		cmocka_unit_test(only_what_is_public_and_equal_is_a_repetition),
		cmocka_unit_test(a_vintage_says_what_its_figure_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
