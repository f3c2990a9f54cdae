/* test_series_quotas.c - quotas by name: each its own, their days together, and not without end. */
#include "collectors/series_quotas.h"
#include "tests/lib/assert.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAY_MS = 86400000 };

struct fixture {
	struct series_quotas *qs;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->qs = series_quotas_new(3, &f->e);
	assert_non_null(f->qs);
	series_quotas_begin(f->qs, 1000);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	series_quotas_free(f->qs);
	free(f);
	return 0;
}

/* How many of the series from..to-1 somebody may bring. */
static size_t admitted(struct fixture *f, const char *name, uint64_t from, uint64_t to)
{
	struct series_quota *q = series_quotas_of(f->qs, slice_str(name));
	size_t n = 0;

	for (uint64_t k = from; k < to; k++)
		n += series_quota_admits(q, k + 1);
	return n;
}

static void each_name_has_its_own(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f, "anna", 0, 10), 3);
	assert_int_equal(admitted(f, "ann", 0, 10), 3);
	assert_int_equal(admitted(f, "", 5, 20), 3);
	assert_int_equal(admitted(f, "anna", 0, 10), 3);
	assert_int_equal(admitted(f, "anna", 3, 10), 0);
}

static void a_day_begins_for_all_at_once(void **state)
{
	struct fixture *f = *state;
	struct series_quota *late;

	assert_int_equal(admitted(f, "anna", 0, 10), 3);
	late = series_quotas_of(f->qs, slice_str("late"));
	assert_int_equal(series_quota_count(late).since_ms, 1000);
	assert_int_equal(admitted(f, "late", 0, 10), 3);
	series_quotas_begin(f->qs, 1000 + DAY_MS);
	assert_int_equal(series_quota_count(late).since_ms, 1000 + DAY_MS);
	assert_int_equal(admitted(f, "late", 10, 20), 3);
	assert_int_equal(admitted(f, "anna", 10, 20), 3);
	/* What somebody brought the day before goes on, for him. */
	assert_int_equal(admitted(f, "anna", 0, 3), 3);
}

static void a_new_limit_is_for_those_that_are_there_and_those_to_come(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admitted(f, "anna", 0, 10), 3);
	series_quotas_set(f->qs, 5);
	assert_int_equal(admitted(f, "anna", 0, 10), 5);
	assert_int_equal(admitted(f, "bert", 0, 10), 5);
	series_quotas_set(f->qs, 0);
	assert_int_equal(admitted(f, "anna", 0, 100), 100);
}

static void names_without_end_share_one(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (int i = 0; i < SERIES_QUOTAS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(admitted(f, name, 0, 1), 1);
	}
	assert_int_equal(admitted(f, "one more", 0, 10), 3);
	assert_int_equal(admitted(f, "and another", 10, 20), 0);
	assert_ptr_equal(series_quotas_of(f->qs, slice_str("a third")),
			 series_quotas_of(f->qs, slice_str("a fourth")));
	assert_int_equal(admitted(f, "n7", 0, 10), 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_name_has_its_own),
		T(a_day_begins_for_all_at_once),
		T(a_new_limit_is_for_those_that_are_there_and_those_to_come),
		T(names_without_end_share_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
