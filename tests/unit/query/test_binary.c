/* test_binary.c - operations between vectors, against a calculation of each step by itself. */
#include "tests/unit/query/table.h"

/* --- what a naive calculation gives ---------------------------------------------------------- */

enum { LEFT = 12, RIGHT = 5 };

static void fill_table(void)
{
	char a[8], b[8];

	for (int i = 0; i < LEFT; i++)
		for (int j = 0; j < RIGHT; j++) {
			snprintf(a, sizeof(a), "%d", i);
			snprintf(b, sizeof(b), "%d", j);
			if (chance(6))
				table_add_rough("x", a, b);
			if (chance(6))
				table_add_rough("y", a, b);
		}
	for (int i = 0; i < LEFT - 2; i++) {
		snprintf(a, sizeof(a), "%d", i);
		table_add_rough("one", a, "");
	}
}

static double cell(const char *name, const char *a, const char *b, size_t k)
{
	for (size_t i = 0; i < table.n; i++) {
		const struct table_row *r = &table.rows[i];

		if (strcmp(r->name, name) == 0 && strcmp(r->a, a) == 0 && strcmp(r->b, b) == 0)
			return r->v[k];
	}
	return ABSENT;
}

typedef double (*naive_fn)(double x, double y);

/* NaN that is worked out is an ordinary one, never ABSENT. */
#define NAIVE(name, result)                                                                        \
	static double name(double x, double y)                                                     \
	{                                                                                          \
		return is_absent(x) || is_absent(y) ? ABSENT : (result);                           \
	}

NAIVE(naive_add, x + y)
NAIVE(naive_sub, x - y)
NAIVE(naive_mul, x *y)
NAIVE(naive_div, x / y)
NAIVE(naive_mod, fmod(x, y))
NAIVE(naive_pow, pow(x, y))
NAIVE(naive_atan2, atan2(x, y))
NAIVE(naive_gt, x > y ? x : ABSENT)
NAIVE(naive_eq, x == y ? x : ABSENT)
NAIVE(naive_ne, x != y ? x : ABSENT)
NAIVE(naive_le_bool, x <= y ? 1 : 0)
NAIVE(naive_and, x)

static double naive_unless(double x, double y)
{
	return is_absent(y) ? x : ABSENT;
}

static double naive_or(double x, double y)
{
	return is_absent(x) ? y : x;
}

static double naive_fill_both(double x, double y)
{
	if (is_absent(x) && is_absent(y))
		return ABSENT;
	return (is_absent(x) ? 3 : x) - (is_absent(y) ? 3 : y);
}

static double naive_fill_right(double x, double y)
{
	return is_absent(x) ? ABSENT : x - (is_absent(y) ? 7 : y);
}

static void assert_cells(const char *text, const char *y_name, naive_fn naive)
{
	struct query q;
	size_t found = 0;
	char a[8], b[8];

	table_ask(text, &q);
	for (int i = 0; i < LEFT; i++)
		for (int j = 0; j < RIGHT; j++)
			for (size_t k = 0; k < TABLE_STEPS; k++) {
				double want, got;

				snprintf(a, sizeof(a), "%d", i);
				snprintf(b, sizeof(b), "%d", j);
				want = naive(cell("x", a, b, k),
					     cell(y_name, a, *y_name == 'o' ? "" : b, k));
				got = value_at(&q, a, b, k);
				found += !is_absent(want);
				if (!about_same(got, want) || signbit(got) != signbit(want))
					fail_msg("%s: {%s,%s} step %zu is %.17g, not %.17g", text,
						 a, b, k, got, want);
			}
	assert_true(found > 0);
	assert_int_equal(values_in(&q), found);
	query_release(&q);
}

static void each_step_is_what_a_naive_calculation_gives(void **state)
{
	static const struct {
		const char *text, *y;
		naive_fn naive;
	} cases[] = {
		{ "x + y", "y", naive_add },
		{ "x - on(a, b) y", "y", naive_sub },
		{ "x * ignoring(c) y", "y", naive_mul },
		{ "x / y", "y", naive_div },
		{ "x % y", "y", naive_mod },
		{ "x ^ y", "y", naive_pow },
		{ "x atan2 y", "y", naive_atan2 },
		{ "x > y", "y", naive_gt },
		{ "x == y", "y", naive_eq },
		{ "x != y", "y", naive_ne },
		{ "x <= bool y", "y", naive_le_bool },
		{ "x and y", "y", naive_and },
		{ "x unless y", "y", naive_unless },
		{ "x * 1 or y * 1", "y", naive_or },
		{ "x - fill(3) y", "y", naive_fill_both },
		{ "x - fill_right(7) y", "y", naive_fill_right },
		{ "x + on(a) group_left one", "one", naive_add },
		{ "x / on(a) group_left one", "one", naive_div },
		{ "x > on(a) group_left one", "one", naive_gt },
		{ "x <= bool on(a) group_left one", "one", naive_le_bool },
		{ "one * on(a) group_right x", "one", naive_mul },
		{ "x and on(a) one", "one", naive_and },
		{ "x unless on(a) one", "one", naive_unless },
	};

	(void)state;
	fill_table();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_cells(cases[i].text, cases[i].y, cases[i].naive);
}

/* --- rules of each step ------------------------------------------------------------- */

static const double all[TABLE_STEPS] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

/* A row with a value at these steps only. */
static void add_at(const char *name, const char *a, const char *b, size_t from, size_t to)
{
	double v[TABLE_STEPS];

	for (size_t k = 0; k < TABLE_STEPS; k++)
		v[k] = k >= from && k < to ? (double)k : ABSENT;
	table_add(name, a, b, v);
}

static void two_rows_of_the_one_side_are_refused(void **state)
{
	(void)state;
	table_add("m", "1", "", all);
	table_add("n", "1", "x", all);
	table_add("n", "1", "y", all);
	assert_refused("m + on(a) n",
		       "found duplicate series for the match group {a=\"1\"} on the right "
		       "hand-side of the operation: [{__name__=\"n\", a=\"1\", b=\"y\"}, "
		       "{__name__=\"n\", a=\"1\", b=\"x\"}];many-to-many matching not allowed: "
		       "matching labels must be unique on one side");
	assert_refused("n + on(a) group_right m",
		       "found duplicate series for the match group {a=\"1\"} on the left "
		       "hand-side of the operation: [{__name__=\"n\", a=\"1\", b=\"y\"}, "
		       "{__name__=\"n\", a=\"1\", b=\"x\"}];many-to-many matching not allowed: "
		       "matching labels must be unique on one side");
	assert_refused("n + on(a) m", "multiple matches for labels: many-to-one matching must be "
				      "explicit (group_left/group_right)");
	/* also where the comparison would take both away */
	assert_refused("n > on(a) (m + 100)",
		       "multiple matches for labels: many-to-one matching must be explicit "
		       "(group_left/group_right)");
}

static void rows_that_take_turns_are_no_duplicates(void **state)
{
	struct query q;

	(void)state;
	table_add("m", "1", "", all);
	add_at("n", "1", "x", 0, 4);
	add_at("n", "1", "y", 4, 9);
	table_ask("m + on(a) n", &q);
	assert_int_equal(q.value.vector.n, 1);
	for (size_t k = 0; k < TABLE_STEPS; k++)
		assert_f64(value_at(&q, "1", "", k), all[k] + (double)k);
	query_release(&q);
	/* the other way round they are many that never meet */
	table_ask("n + on(a) m", &q);
	assert_int_equal(values_in(&q), TABLE_STEPS);
	query_release(&q);
}

/* Row i of each side has its only value at step i: one result a row, not one for each two. */
static void rows_that_take_turns_on_both_sides_do_not_multiply(void **state)
{
	enum { TURNS = 400 };
	const int64_t step_ms = 600000;
	struct engine_options o = { .workers = ENGINE_NO_WORKERS,
				    .features = ~FEATURE_DELAYED_NAME_REMOVAL,
				    .memory_bytes = 12 << 20 };
	struct engine *narrow = engine_new(&o, &table.e);
	struct query q;

	(void)state;
	for (int i = 0; i < 2 * TURNS; i++) {
		char b[16];
		struct labels *ls;

		int step = i / 2;

		snprintf(b, sizeof(b), "%d", step);
		ls = labels_make(&table.e, i % 2 ? "n" : "m", "a", "1", "b", b, NULL);
		assert_ok(source_memory_add(&table.source, ls, step * step_ms, step, &table.e),
			  &table.e);
		labels_unref(ls);
	}
	query_init(&q, narrow);
	q.text = slice_str("m + on(a) n");
	q.end_ms = (TURNS - 1) * step_ms;
	q.step_ms = step_ms;
	q.source = &table.source.source;
	if (query_run(narrow, &q) < 0)
		fail_msg("%s", q.error);
	assert_int_equal(q.value.vector.n, 1);
	assert_int_equal(q.value.vector.width, TURNS);
	for (int k = 0; k < TURNS; k++)
		assert_f64(q.value.vector.values[k], 2 * k);
	query_release(&q);
	engine_free(narrow);
}

static void duplicates_that_nobody_looks_at_are_let_be(void **state)
{
	struct query q;

	(void)state;
	add_at("m", "1", "", 0, 3);
	add_at("n", "1", "x", 0, 9);
	add_at("n", "1", "y", 3, 9);
	table_ask("m + on(a) n", &q);
	assert_int_equal(values_in(&q), 3);
	query_release(&q);
	assert_refused("m + on(a) fill_left(0) n",
		       "found duplicate series for the match group {a=\"1\"} on the right "
		       "hand-side of the operation: [{__name__=\"n\", a=\"1\", b=\"y\"}, "
		       "{__name__=\"n\", a=\"1\", b=\"x\"}];many-to-many matching not allowed: "
		       "matching labels must be unique on one side");
}

/* The names that told rows apart are gone. */
static void results_are_told_apart_by_labels_as_they_are_seen(void **state)
{
	(void)state;
	table_add("m", "1", "", all);
	table_add("n", "1", "x", all);
	table_add("o", "1", "x", all);
	assert_refused("{__name__=~\"n|o\"} * on(a) group_left m",
		       "multiple matches for labels: grouping labels must ensure unique matches");
	assert_refused("{__name__=~\"n|o\"} == bool on(a) group_left m",
		       "multiple matches for labels: grouping labels must ensure unique matches");
	{
		struct query q;

		table_ask("{__name__=~\"n|o\"} == on(a) group_left m", &q);
		assert_int_equal(q.value.vector.n, 2);
		query_release(&q);
	}
}

static void labels_that_are_taken_over_may_make_results_equal(void **state)
{
	(void)state;
	table_add("m", "1", "z", all);
	table_add("n", "1", "x", all);
	table_add("n", "1", "y", all);
	assert_refused("n * on(a) group_left(b) m",
		       "multiple matches for labels: grouping labels must ensure unique matches");
}

/* A filled-in partner counts for its key like a real one. */
static void rows_with_filled_in_partners_may_not_meet(void **state)
{
	(void)state;
	table_add("n", "1", "x", all);
	table_add("n", "1", "y", all);
	table_add("m", "2", "", all);
	assert_refused("n + on(a) fill_right(0) m",
		       "multiple matches for labels: many-to-one matching must be explicit "
		       "(group_left/group_right)");
}

static void many_rows_without_keys_fail_at_once(void **state)
{
	char a[8];
	struct query q;

	(void)state;
	for (int i = 0; i < 140; i++) {
		snprintf(a, sizeof(a), "%d", i);
		table_add("m", a, "", all);
		table_add("n", a, "", all);
	}
	assert_int_equal(table_run(table.alone, "m + on() n", &q), -1);
	assert_non_null(strstr(q.error, "found duplicate series for the match group {} on the "
					"right hand-side of the operation: "));
	query_release(&q);
}

static void more_labels_than_a_set_can_have_are_refused(void **state)
{
	struct label l[LABELS_MAX];
	static char names[LABELS_MAX][8];
	struct labels *wide;
	char sentence[64];

	(void)state;
	for (size_t i = 0; i < LABELS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "l%03zu", i);
		l[i] = (struct label){ slice_str(names[i]), slice_str("1") };
	}
	wide = labels_intern(l, LABELS_MAX, &table.e);
	if (!wide)
		fail_msg("%s", table.e.text);
	for (int64_t k = 0; k < TABLE_STEPS; k++)
		assert_ok(source_memory_add(&table.source, wide, k * TABLE_STEP_MS, 1, &table.e),
			  &table.e);
	labels_unref(wide);
	table_add("m", "1", "z", all);
	snprintf(sentence, sizeof(sentence), "more than %d labels", LABELS_MAX);
	assert_refused("{l000=\"1\"} * on() group_left(b) m", sentence);
}

static void lack_of_memory_is_an_error_and_no_end(void **state)
{
	(void)state;
	fill_table();
	assert_survives_lack_of_memory("x + y");
	assert_survives_lack_of_memory("x * on(a) group_left(c) one");
	assert_survives_lack_of_memory("x - fill(0) y");
	assert_survives_lack_of_memory("x and on(a) one or y");
}

#define T(f) cmocka_unit_test_setup_teardown(f, table_setup, table_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_step_is_what_a_naive_calculation_gives),
		T(two_rows_of_the_one_side_are_refused),
		T(rows_that_take_turns_are_no_duplicates),
		T(rows_that_take_turns_on_both_sides_do_not_multiply),
		T(duplicates_that_nobody_looks_at_are_let_be),
		T(results_are_told_apart_by_labels_as_they_are_seen),
		T(labels_that_are_taken_over_may_make_results_equal),
		T(rows_with_filled_in_partners_may_not_meet),
		T(many_rows_without_keys_fail_at_once),
		T(more_labels_than_a_set_can_have_are_refused),
		T(lack_of_memory_is_an_error_and_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
