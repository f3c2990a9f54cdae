/* test_buckets.c - classic histograms: quantiles and shares, by hand and against a naive reckoning.
 */
#include "tests/lib/assert.h"

#include "query/stats/buckets.h"

enum { BUCKETS = 12, ROUNDS = 20000 };

static const struct bucket waits[] = { { 0.1, 2 }, { 0.5, 5 }, { 1, 8 }, { INFINITY, 10 } };

static void quantiles_lie_evenly_in_their_bucket(void **state)
{
	(void)state;
	assert_f64(buckets_quantile(waits, 4, 0.5), 0.5);
	assert_f64(buckets_quantile(waits, 4, 0.1), 0.05);
	assert_f64(buckets_quantile(waits, 4, 0.65), 0.75);
	assert_f64(buckets_quantile(waits, 4, 0), 0);
}

static void the_last_bucket_has_no_inside(void **state)
{
	(void)state;
	assert_f64(buckets_quantile(waits, 4, 0.95), 1);
	assert_f64(buckets_quantile(waits, 4, 1), 1);
}

static void phi_outside_its_bounds_is_infinite(void **state)
{
	(void)state;
	assert_f64(buckets_quantile(waits, 4, -0.1), -INFINITY);
	assert_f64(buckets_quantile(waits, 4, 1.1), INFINITY);
	assert_true(isnan(buckets_quantile(waits, 4, NAN)));
}

static void what_is_no_histogram_has_no_quantile(void **state)
{
	const struct bucket open[] = { { 1, 5 }, { 2, 9 } }, lone[] = { { INFINITY, 9 } },
			    empty[] = { { 1, 0 }, { INFINITY, 0 } };

	(void)state;
	assert_true(isnan(buckets_quantile(open, 2, 0.5)));
	assert_true(isnan(buckets_quantile(lone, 1, 0.5)));
	assert_true(isnan(buckets_quantile(empty, 2, 0.5)));
	assert_true(isnan(buckets_quantile(empty, 0, 0.5)));
	assert_true(isnan(buckets_fraction(open, 2, 0, 1)));
	assert_true(isnan(buckets_fraction(empty, 2, 0, 1)));
	assert_true(isnan(buckets_fraction(waits, 4, NAN, 1)));
}

static void below_zero_the_first_bucket_has_no_beginning(void **state)
{
	const struct bucket b[] = { { -2, 2 }, { -1, 6 }, { INFINITY, 8 } };

	(void)state;
	assert_f64(buckets_quantile(b, 3, 0.1), -2);
	assert_f64(buckets_quantile(b, 3, 0.5), -1.5);
	assert_f64(buckets_fraction(b, 3, -100, -2), 0);
	assert_f64(buckets_fraction(b, 3, -INFINITY, -2), 0.25);
}

static void equal_bounds_are_one_bucket(void **state)
{
	struct bucket b[] = { { 1, 2 }, { 1, 3 }, { 2, 10 }, { 2, 0 }, { INFINITY, 10 } };

	(void)state;
	assert_int_equal(buckets_join(b, 5), 3);
	assert_f64(b[0].count, 5);
	assert_f64(b[1].count, 10);
	assert_f64(b[2].bound, INFINITY);
	assert_int_equal(buckets_join(b, 0), 0);
}

static void counts_that_fall_are_lifted_and_told(void **state)
{
	struct bucket b[] = { { 1, 5 }, { 2, 3 }, { 3, 8 }, { INFINITY, 7 } };

	(void)state;
	assert_true(buckets_force(b, 4));
	assert_f64(b[1].count, 5);
	assert_f64(b[2].count, 8);
	assert_f64(b[3].count, 8);
	assert_false(buckets_force(b, 4));
	assert_false(buckets_force(b, 0));
}

static void differences_of_rounding_go_without_a_word(void **state)
{
	struct bucket b[] = {
		{ 1, 1 }, { 2, 0.9999999999999999 }, { 3, 1 + 1e-13 }, { INFINITY, 2 }
	};

	(void)state;
	assert_false(buckets_force(b, 4));
	assert_f64(b[1].count, 1);
	assert_f64(b[2].count, 1);
}

static void shares_are_of_counts_as_they_are(void **state)
{
	const struct bucket falls[] = { { 1, 6 }, { 2, 4 }, { INFINITY, 8 } };

	(void)state;
	assert_f64(buckets_fraction(waits, 4, 0.1, 0.3), 0.15);
	assert_f64(buckets_fraction(waits, 4, -INFINITY, INFINITY), 1);
	assert_f64(buckets_fraction(waits, 4, 0.5, 0.1), 0);
	assert_f64(buckets_fraction(waits, 4, 5, 100), 0);
	assert_f64(buckets_fraction(falls, 3, 1, 2), -0.25);
}

/* --- against observations ----------------------------------------------------------- */

static uint64_t seed = 42;

static double chance(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(seed >> 11) * 0x1p-53;
}

/* Bounds that rise from above zero, observations in them that do not fall. */
static size_t make(struct bucket *b)
{
	size_t n = 2 + (size_t)(chance() * (BUCKETS - 2));
	double bound = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		bound += 0.1 + chance();
		count += floor(chance() * 4) * floor(chance() * 5);
		b[i] = (struct bucket){ i + 1 < n ? bound : INFINITY, count };
	}
	return n;
}

/* Observations up to v: those of whole buckets, and of the one with v their share. */
static double naive_rank(const struct bucket *b, size_t n, double v)
{
	double rank = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		double from = i ? b[i - 1].bound : 0, own = b[i].count - (i ? b[i - 1].count : 0);

		rank += own * fmin(1, fmax(0, (v - from) / (b[i].bound - from)));
	}
	return rank;
}

/* A quantile q is where a share of q lies below, unless that is in the last bucket. */
static void quantiles_and_shares_undo_each_other(void **state)
{
	struct bucket b[BUCKETS];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = make(b);
		double all = b[n - 1].count, q = chance(), v = buckets_quantile(b, n, q);

		if (all == 0) {
			assert_true(isnan(v));
			continue;
		}
		if (q * all > b[n - 2].count) {
			assert_f64(v, b[n - 2].bound);
			continue;
		}
		assert_near(naive_rank(b, n, v), q * all, 1e-9);
		assert_near(buckets_fraction(b, n, 0, v), q, 1e-9);
	}
}

static void shares_are_those_of_a_naive_reckoning(void **state)
{
	struct bucket b[BUCKETS];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = make(b);
		double lower = chance() * 8 - 1, upper = lower + chance() * 8;
		double all = b[n - 1].count;

		if (all > 0)
			assert_near(buckets_fraction(b, n, lower, upper),
				    (naive_rank(b, n, upper) - naive_rank(b, n, lower)) / all,
				    1e-9);
	}
}

static void quantiles_rise_with_phi(void **state)
{
	struct bucket b[BUCKETS];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = make(b);
		double p = chance(), q = chance();

		if (b[n - 1].count > 0)
			assert_true(buckets_quantile(b, n, fmin(p, q)) <=
				    buckets_quantile(b, n, fmax(p, q)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_lie_evenly_in_their_bucket),
		cmocka_unit_test(the_last_bucket_has_no_inside),
		cmocka_unit_test(phi_outside_its_bounds_is_infinite),
		cmocka_unit_test(what_is_no_histogram_has_no_quantile),
		cmocka_unit_test(below_zero_the_first_bucket_has_no_beginning),
		cmocka_unit_test(equal_bounds_are_one_bucket),
		cmocka_unit_test(counts_that_fall_are_lifted_and_told),
		cmocka_unit_test(differences_of_rounding_go_without_a_word),
		cmocka_unit_test(shares_are_of_counts_as_they_are),
		cmocka_unit_test(quantiles_and_shares_undo_each_other),
		cmocka_unit_test(shares_are_those_of_a_naive_reckoning),
		cmocka_unit_test(quantiles_rise_with_phi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
