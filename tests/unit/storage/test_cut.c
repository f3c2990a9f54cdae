/* test_cut.c - deleting plain series, and retention. */
#include "tests/unit/storage/help.h"

#include <time.h>

static const int64_t minute = 60000;

/* `n` samples a minute apart from `from_ms` on, value i. */
static void put_run(struct fixture *f, const char *name, const char *park, int64_t from_ms, int n)
{
	struct labels *ls = series_named(name, park);
	struct plain_sample *x = calloc((size_t)n, sizeof(*x));
	struct append a = { .submission = { .received_ms = INT64_MAX / 2 },
			    .samples = x,
			    .nsamples = (size_t)n };

	for (int i = 0; i < n; i++)
		x[i] = (struct plain_sample){ ls, from_ms + i * minute, i };
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	labels_unref(ls);
	free(x);
}

static size_t count(struct fixture *f, const char *name, const char *park, int64_t from_ms,
		    int64_t to_ms)
{
	struct labels *ls = series_named(name, park);
	struct snapshot *v = must_snapshot(f->s);
	struct series_ref ref;
	struct sample *list;
	size_t n = 0;

	if (snapshot_find(v, ls, &ref, &f->e) == 0)
		assert_ok(read_samples(v, ref.id, from_ms, to_ms, &f->arena, &list, &n, &f->e),
			  &f->e);
	snapshot_close(v);
	labels_unref(ls);
	return n;
}

static size_t count_all(struct fixture *f, const char *name, const char *park)
{
	return count(f, name, park, INT64_MIN, INT64_MAX);
}

static bool is_listed(struct fixture *f, const char *name)
{
	struct snapshot *v = must_snapshot(f->s);
	struct slice *list;
	bool found = false;
	size_t n;

	assert_ok(snapshot_label_values(v, slice_str(LABEL_NAME), NULL, 0, &f->arena, &list, &n,
					&f->e),
		  &f->e);
	for (size_t i = 0; i < n; i++)
		found = found || slice_is(list[i], name);
	snapshot_close(v);
	return found;
}

static struct matcher name_is(const char *name)
{
	return (struct matcher){ .op = MATCH_EQ,
				 .name = slice_str(LABEL_NAME),
				 .value = slice_str(name) };
}

static void a_deleted_series_is_gone_and_the_others_stay(void **state)
{
	struct fixture *f = *state;
	struct matcher m = name_is("gone");
	uint64_t n;

	put_run(f, "gone", "east", 0, 300);
	put_run(f, "kept", "east", 0, 300);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	put_run(f, "gone", "west", 1000 * minute, 50); /* not packed yet */
	assert_ok(store_delete(f->s, &m, 1, INT64_MIN, INT64_MAX, &n, &f->e), &f->e);
	assert_int_equal(n, 350);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(count_all(f, "gone", "east"), 0);
		assert_int_equal(count_all(f, "gone", "west"), 0);
		assert_int_equal(count_all(f, "kept", "east"), 300);
		assert_false(is_listed(f, "gone"));
		assert_true(is_listed(f, "kept"));
		reopen(f);
	}
	/* It may come back, as another series. */
	put_run(f, "gone", "east", 7 * minute, 3);
	assert_int_equal(count_all(f, "gone", "east"), 3);
	reopen(f);
	assert_int_equal(count_all(f, "gone", "east"), 3);
}

static void all_series_may_be_deleted(void **state)
{
	struct fixture *f = *state;
	struct matcher m = name_is("gone");
	uint64_t n;

	put_run(f, "gone", "east", 0, 10);
	assert_ok(store_delete(f->s, &m, 1, INT64_MIN, INT64_MAX, &n, &f->e), &f->e);
	assert_int_equal(n, 10);
	assert_false(is_listed(f, "gone"));
	reopen(f);
	assert_false(is_listed(f, "gone"));
	put_run(f, "gone", "east", 0, 4);
	reopen(f);
	assert_int_equal(count_all(f, "gone", "east"), 4);
}

static void a_range_of_time_is_deleted_exactly(void **state)
{
	struct fixture *f = *state;
	struct matcher m = name_is("x");
	uint64_t n;

	put_run(f, "x", "east", 0, 100);
	assert_ok(store_delete(f->s, &m, 1, 10 * minute, 19 * minute, &n, &f->e), &f->e);
	assert_int_equal(n, 10);
	assert_int_equal(count_all(f, "x", "east"), 90);
	assert_int_equal(count(f, "x", "east", 10 * minute, 19 * minute), 0);
	assert_int_equal(count(f, "x", "east", 9 * minute, 9 * minute), 1);
	assert_int_equal(count(f, "x", "east", 20 * minute, 20 * minute), 1);
	assert_true(is_listed(f, "x"));
}

static void statistics_are_not_deleted(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct matcher m = name_is("park_output_yuan");
	uint64_t n;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 1000, 1000, NULL, &f->e), &f->e);
	assert_fails(store_delete(f->s, &m, 1, INT64_MIN, INT64_MAX, &n, &f->e), &f->e, ERR_INVALID,
		     "park_output_yuan{park=\"east\"} is a statistic: its figures are kept for "
		     "ever");
	assert_fails(store_delete(f->s, NULL, 0, INT64_MIN, INT64_MAX, &n, &f->e), &f->e,
		     ERR_INVALID, "at least one matcher");
	labels_unref(ls);
}

static void what_is_too_old_goes_by_its_family(void **state)
{
	const struct retention rules[] = { { "short_*", 100 * minute, 0 } };
	struct fixture *f = *state;
	/* Of today: the packer keeps to new rules by itself as well, by the clock. */
	int64_t now = (int64_t)time(NULL) * 1000, begin = now - 1060 * minute;

	put_run(f, "short_x", "east", begin, 60);
	put_run(f, "long_x", "east", begin, 60);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	put_run(f, "short_x", "east", begin + 1000 * minute, 60);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	assert_ok(store_set_retention(f->s, rules, 1, &f->e), &f->e);
	assert_ok(store_retain(f->s, now, &f->e), &f->e);
	assert_int_equal(count_all(f, "short_x", "east"), 60);
	assert_int_equal(count(f, "short_x", "east", begin, begin + 500 * minute), 0);
	assert_int_equal(count_all(f, "long_x", "east"), 60);
}

static void what_is_too_much_goes_from_the_old_end(void **state)
{
	const struct retention rules[] = { { "*", 0, 3000 } };
	struct fixture *f = *state;
	uint64_t seed = 7;

	for (int i = 0; i < 5; i++) {
		struct labels *ls = series_named("noise", "east");

		for (int k = 0; k < 100; k++)
			assert_ok(put_sample(f->s, ls, (i * 1000 + k) * minute,
					     (double)random_next(&seed) / 3, &f->e),
				  &f->e);
		labels_unref(ls);
		assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	assert_ok(store_set_retention(f->s, rules, 1, &f->e), &f->e);
	assert_ok(store_retain(f->s, 1, &f->e), &f->e);
	assert_in_range(count_all(f, "noise", "east"), 200, 400);
	assert_int_equal(count(f, "noise", "east", 4000 * minute, INT64_MAX), 100);
	assert_int_equal(count(f, "noise", "east", 0, 999 * minute), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_deleted_series_is_gone_and_the_others_stay),
		STORE_TEST(all_series_may_be_deleted),
		STORE_TEST(a_range_of_time_is_deleted_exactly),
		STORE_TEST(statistics_are_not_deleted),
		STORE_TEST(what_is_too_old_goes_by_its_family),
		STORE_TEST(what_is_too_much_goes_from_the_old_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
