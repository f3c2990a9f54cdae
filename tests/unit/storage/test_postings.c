/* test_postings.c - the index in memory: adding, taking back, selecting. */
#include "storage/series.h"
#include "tests/unit/storage/help.h"

static struct labels *set(const char *name, const char *park, const char *freq)
{
	struct err e = { 0 };
	struct labels *ls = labels_make(&e, name, "park", park, "freq", freq, NULL);

	assert_non_null(ls);
	return ls;
}

struct index_fixture {
	struct series_index x;
	struct labels *ls[6];
	struct arena a;
	struct err e;
};

static int index_open(void **state)
{
	struct index_fixture *f = calloc(1, sizeof(*f));
	uint32_t id;

	assert_ok(series_index_init(&f->x, &f->e), &f->e);
	arena_init(&f->a, 1 << 20);
	f->ls[0] = set("output", "west", "M");
	f->ls[1] = set("output", "east", "M");
	f->ls[2] = set("output", "east", "Q");
	f->ls[3] = set("jobs", "east", "M");
	f->ls[4] = set("jobs", "north", "M");
	f->ls[5] = set("up", "", "");
	for (int i = 0; i < 6; i++) {
		assert_ok(series_index_add(&f->x, f->ls[i], i % 2, &id, &f->e), &f->e);
		assert_int_equal(id, i + 1);
	}
	*state = f;
	return 0;
}

static int index_close(void **state)
{
	struct index_fixture *f = *state;
	size_t sets, strings;

	series_index_release(&f->x);
	for (int i = 0; i < 6; i++)
		labels_unref(f->ls[i]);
	labels_count(&sets, &strings);
	assert_int_equal(sets, 0);
	assert_int_equal(strings, 0);
	arena_release(&f->a);
	free(f);
	return 0;
}

static size_t count(struct index_fixture *f, uint32_t max, const struct matcher *m, size_t nm,
		    const struct series ***out)
{
	size_t n = 999;

	assert_ok(series_select(&f->x, max, m, nm, &f->a, out, &n, &f->e), &f->e);
	return n;
}

static void selecting_follows_the_matchers(void **state)
{
	struct index_fixture *f = *state;
	const struct series **s;
	struct matcher east = { MATCH_EQ, slice_str("park"), slice_str("east") };
	struct matcher monthly = { MATCH_EQ, slice_str("freq"), slice_str("M") };
	struct matcher not_output = { MATCH_NE, slice_str("__name__"), slice_str("output") };
	struct matcher no_park = { MATCH_EQ, slice_str("park"), slice_str("") };
	struct matcher a_park = { MATCH_NE, slice_str("park"), slice_str("") };
	struct matcher unknown = { MATCH_EQ, slice_str("park"), slice_str("south") };

	assert_int_equal(count(f, 6, NULL, 0, &s), 6);
	assert_slice(labels_name(s[0]->labels), "jobs"); /* by labels in order */
	assert_slice(labels_name(s[5]->labels), "up");
	assert_int_equal(count(f, 6, &east, 1, &s), 3);
	assert_int_equal(count(f, 6, (struct matcher[]){ east, monthly }, 2, &s), 2);
	assert_int_equal(count(f, 6, (struct matcher[]){ east, monthly, not_output }, 3, &s), 1);
	assert_int_equal(s[0]->id, 4);
	assert_int_equal(count(f, 6, &no_park, 1, &s), 1);
	assert_int_equal(s[0]->id, 6);
	assert_int_equal(count(f, 6, &a_park, 1, &s), 5);
	assert_int_equal(count(f, 6, (struct matcher[]){ east, unknown }, 2, &s), 0);
}

static void later_series_are_not_seen(void **state)
{
	struct index_fixture *f = *state;
	const struct series **s;
	struct matcher east = { MATCH_EQ, slice_str("park"), slice_str("east") };
	struct slice *out;
	size_t n;

	assert_int_equal(count(f, 2, &east, 1, &s), 1);
	assert_int_equal(count(f, 0, NULL, 0, &s), 0);
	assert_null(series_by_labels(&f->x, f->ls[3], 3));
	assert_ptr_equal(series_by_labels(&f->x, f->ls[3], 4)->labels, f->ls[3]);
	assert_null(series_by_id(&f->x, 4, 3));
	assert_null(series_by_id(&f->x, 0, 6));
	assert_null(series_by_id(&f->x, 7, 7));
	assert_ok(series_label_values(&f->x, 3, slice_str("park"), NULL, 0, &f->a, &out, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 2);
	assert_slice(out[0], "east");
	assert_slice(out[1], "west");
	assert_ok(series_label_names(&f->x, 0, NULL, 0, &f->a, &out, &n, &f->e), &f->e);
	assert_int_equal(n, 0);
}

static void names_and_values_of_what_matches(void **state)
{
	struct index_fixture *f = *state;
	struct matcher jobs = { MATCH_EQ, slice_str("__name__"), slice_str("jobs") };
	struct matcher up = { MATCH_EQ, slice_str("__name__"), slice_str("up") };
	struct slice *out;
	size_t n;

	assert_ok(series_label_values(&f->x, 6, slice_str("park"), &jobs, 1, &f->a, &out, &n,
				      &f->e),
		  &f->e);
	assert_int_equal(n, 2);
	assert_slice(out[0], "east");
	assert_slice(out[1], "north");
	assert_ok(series_label_names(&f->x, 6, NULL, 0, &f->a, &out, &n, &f->e), &f->e);
	assert_int_equal(n, 3);
	assert_slice(out[0], "__name__");
	assert_slice(out[1], "freq");
	assert_slice(out[2], "park");
	assert_ok(series_label_names(&f->x, 6, &up, 1, &f->a, &out, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_ok(series_label_values(&f->x, 6, slice_str("nope"), NULL, 0, &f->a, &out, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 0);
}

static void what_is_taken_back_leaves_nothing(void **state)
{
	struct index_fixture *f = *state;
	struct matcher q = { MATCH_EQ, slice_str("freq"), slice_str("Q") };
	const struct series **s;
	struct slice *out;
	uint32_t id;
	size_t n;

	series_index_truncate(&f->x, 2);
	assert_int_equal(series_index_count(&f->x), 2);
	assert_null(series_by_labels(&f->x, f->ls[2], UINT32_MAX));
	assert_int_equal(count(f, 6, &q, 1, &s), 0);
	assert_ok(series_label_values(&f->x, 6, slice_str("__name__"), NULL, 0, &f->a, &out, &n,
				      &f->e),
		  &f->e);
	assert_int_equal(n, 1);
	assert_ok(series_index_add(&f->x, f->ls[2], true, &id, &f->e), &f->e);
	assert_int_equal(id, 3);
	assert_int_equal(count(f, 6, &q, 1, &s), 1);
}

static void too_many_for_the_arena_is_a_limit(void **state)
{
	struct index_fixture *f = *state;
	struct arena small;
	const struct series **s;
	size_t n;

	arena_init(&small, 8);
	assert_fails(series_select(&f->x, 6, NULL, 0, &small, &s, &n, &f->e), &f->e, ERR_LIMIT,
		     "selecting series needs more than 0 MiB");
	arena_release(&small);
}

int main(void)
{
#define INDEX_TEST(t) cmocka_unit_test_setup_teardown(t, index_open, index_close)
	const struct CMUnitTest tests[] = {
		INDEX_TEST(selecting_follows_the_matchers),
		INDEX_TEST(later_series_are_not_seen),
		INDEX_TEST(names_and_values_of_what_matches),
		INDEX_TEST(what_is_taken_back_leaves_nothing),
		INDEX_TEST(too_many_for_the_arena_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
