/* test_rank.c - competition ranks within leagues. */
#include "tests/lib/assert.h"

#include "assess/rank.h"

static const struct rank_item *item_of(const struct rank_item *items, size_t n, const char *owner)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(items[i].owner, owner) == 0)
			return &items[i];
	fail_msg("%s is gone", owner);
	return NULL;
}

static void ties_share_a_rank_and_leave_the_next_place_empty(void **state)
{
	struct rank_item items[] = {
		{ .league = "", .value = 5, .owner = (char[]){ "c" } },
		{ .league = "", .value = 9, .owner = (char[]){ "a" } },
		{ .league = "", .value = 1, .owner = (char[]){ "e" } },
		{ .league = "", .value = 5, .owner = (char[]){ "b" } },
	};

	(void)state;
	rank_competition(items, 4);
	assert_int_equal(item_of(items, 4, "a")->rank, 1);
	assert_int_equal(item_of(items, 4, "b")->rank, 2);
	assert_int_equal(item_of(items, 4, "c")->rank, 2);
	assert_int_equal(item_of(items, 4, "e")->rank, 4);
	assert_int_equal(item_of(items, 4, "e")->ranked, 4);
}

static void leagues_and_classes_are_never_mixed(void **state)
{
	struct rank_item items[] = {
		{ .class = UNIT_PARK,
		  .league = "star",
		  .value = 1,
		  .owner = (char[]){ "park star" } },
		{ .class = UNIT_PARK, .league = "", .value = 7, .owner = (char[]){ "park" } },
		{ .class = UNIT_COUNTY, .league = "", .value = 3, .owner = (char[]){ "county" } },
		{ .class = UNIT_PARK,
		  .league = "star",
		  .value = 2,
		  .owner = (char[]){ "park star 2" } },
	};

	(void)state;
	rank_competition(items, 4);
	assert_int_equal(item_of(items, 4, "park star 2")->rank, 1);
	assert_int_equal(item_of(items, 4, "park star")->rank, 2);
	assert_int_equal(item_of(items, 4, "park star")->ranked, 2);
	assert_int_equal(item_of(items, 4, "park")->rank, 1);
	assert_int_equal(item_of(items, 4, "park")->ranked, 1);
	assert_int_equal(item_of(items, 4, "county")->rank, 1);
}

static void all_equal_are_all_first(void **state)
{
	struct rank_item items[] = {
		{ .league = "", .value = 0.0, .owner = (char[]){ "a" } },
		{ .league = "", .value = -0.0, .owner = (char[]){ "b" } },
		{ .league = "", .value = 0.0, .owner = (char[]){ "c" } },
	};

	(void)state;
	rank_competition(items, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(items[i].rank, 1);
	rank_competition(items, 0);
}

static void the_better_side_depends_on_the_direction(void **state)
{
	double v;

	(void)state;
	assert_true(rank_oriented(DIRECTION_UP, 3, &v));
	assert_f64(v, 3.0);
	assert_true(rank_oriented(DIRECTION_DOWN, 3, &v));
	assert_f64(v, -3.0);
	assert_true(rank_oriented(DIRECTION_ZERO, -3, &v));
	assert_f64(v, -3.0);
	assert_false(rank_oriented(DIRECTION_NONE, 3, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ties_share_a_rank_and_leave_the_next_place_empty),
		cmocka_unit_test(leagues_and_classes_are_never_mixed),
		cmocka_unit_test(all_equal_are_all_first),
		cmocka_unit_test(the_better_side_depends_on_the_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
