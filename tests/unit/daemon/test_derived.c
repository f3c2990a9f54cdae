/* test_derived.c - what an assessment works out is stored as samples, and what it no longer has
 * ends. */
#include "daemon/derived.h"
#include "tests/unit/assess/city.h"

struct deriving {
	struct city *city;
	struct derived derived;
};

static int setup(void **state)
{
	struct deriving *f = calloc(1, sizeof(*f));
	void *city = NULL;

	if (!f || city_setup(&city) < 0)
		return -1;
	f->city = city;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct deriving *f = *state;
	void *city = f->city;

	derived_release(&f->derived);
	free(f);
	return city_teardown(&city);
}

static int store_derived(struct deriving *f, const char *as_of)
{
	const struct assessment *a = city_assess(f->city, as_of);

	return derived_store(&f->derived, f->city->s, a, at_time(as_of), &f->city->e);
}

/* Samples of park jia's light: "09T09:00=1 16T09:00=stale". */
static const char *light_of_jia(struct deriving *f, const char *light)
{
	static char text[256];
	struct city *c = f->city;
	struct labels *ls = labels_make(&c->e, "park_light", "park", "jia", "indicator", ADDED,
					"light", light, NULL);
	struct snapshot *v = must_snapshot(c->s);
	struct series_ref ref;
	struct samples s;
	size_t n = 0;

	text[0] = '\0';
	if (snapshot_find(v, ls, &ref, &c->e) == 0) {
		assert_false(ref.statistic);
		assert_ok(snapshot_samples(v, ref.id, INT64_MIN, INT64_MAX, &c->arena, &s, &c->e),
			  &c->e);
		for (size_t i = 0; i < s.n; i++) {
			char at[TIME_TEXT];

			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.8s=%s", i ? " " : "",
					      zone_print(c->zone, s.t_ms[i], at) + 8,
					      isnan(s.value[i]) ? "stale"
					      : s.value[i] == 1 ? "1"
								: "?");
		}
	}
	snapshot_close(v);
	labels_unref(ls);
	return text;
}

static void a_light_that_changes_ends_and_the_new_one_begins(void **state)
{
	struct deriving *f = *state;

	city_year(f->city, "jia", 2026, 9, 1000, "2026-10-13T10:00");
	assert_ok(store_derived(f, "2026-11-02T09:00"), &f->city->e);
	assert_ok(store_derived(f, "2026-11-03T09:00"), &f->city->e);
	assert_string_equal(light_of_jia(f, "green"), "02T09:00=1 03T09:00=1");
	city_put(f->city, "jia", ADDED, 2026, 10, 500, "2026-11-04T10:00");
	assert_ok(store_derived(f, "2026-11-16T09:00"), &f->city->e);
	assert_ok(store_derived(f, "2026-11-17T09:00"), &f->city->e);
	/* one mark, not one each time */
	assert_string_equal(light_of_jia(f, "green"), "02T09:00=1 03T09:00=1 16T09:00=stale");
	assert_string_equal(light_of_jia(f, "red"), "16T09:00=1 17T09:00=1");
}

static void what_could_not_be_stored_ends_the_next_time(void **state)
{
	struct deriving *f = *state;
	const struct assessment *a;
	int rc;

	city_year(f->city, "jia", 2026, 9, 1000, "2026-10-13T10:00");
	assert_ok(store_derived(f, "2026-11-02T09:00"), &f->city->e);
	city_put(f->city, "jia", ADDED, 2026, 10, 500, "2026-11-04T10:00");
	a = city_assess(f->city, "2026-11-16T09:00");
	mem_fail_after(0, 1);
	rc = derived_store(&f->derived, f->city->s, a, at_time("2026-11-16T09:00"), &f->city->e);
	mem_fail_after(-1, 0);
	assert_int_equal(rc, -1);
	assert_ok(store_derived(f, "2026-11-17T09:00"), &f->city->e);
	assert_string_equal(light_of_jia(f, "green"), "02T09:00=1 17T09:00=stale");
	assert_string_equal(light_of_jia(f, "red"), "17T09:00=1");
}

static void the_same_assessment_twice_is_the_same_samples(void **state)
{
	struct deriving *f = *state;

	city_year(f->city, "jia", 2026, 9, 1000, "2026-10-13T10:00");
	assert_ok(store_derived(f, "2026-11-02T09:00"), &f->city->e);
	assert_ok(store_derived(f, "2026-11-02T09:00"), &f->city->e);
	assert_string_equal(light_of_jia(f, "green"), "02T09:00=1");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_light_that_changes_ends_and_the_new_one_begins),
		T(what_could_not_be_stored_ends_the_next_time),
		T(the_same_assessment_twice_is_the_same_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
