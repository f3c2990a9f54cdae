/* test_counter.c - own metrics: plain, labelled, histograms. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/counter.h"

#include <pthread.h>

struct seen {
	size_t n;
	char text[5000][24];
	double value[5000];
	struct counter_value last;
};

static struct seen seen;

static void note(void *ctx, const struct counter_value *v)
{
	struct seen *s = ctx;

	assert_true(s->n < 5000);
	snprintf(s->text[s->n], sizeof(s->text[0]), "%.*s", SLICE_FMT(v->label_value));
	s->value[s->n++] = v->value;
	s->last = *v;
}

static void walk(enum counter_id id)
{
	seen.n = 0;
	counter_walk(id, note, &seen);
}

static void the_table_is_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNTER_IDS; i++) {
		const struct counter_info *c = &counter_infos[i];
		size_t n = strlen(c->name);
		bool total = n > 6 && strcmp(c->name + n - 6, "_total") == 0;

		assert_int_equal(strspn(c->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), n);
		assert_int_equal(total, c->type == COUNTER_SUM);
		assert_int_equal(c->help[strlen(c->help) - 1], '.');
		assert_true(c->type != COUNTER_HISTOGRAM || c->label[0] == '\0');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(counter_infos[k].name, c->name);
	}
	for (size_t b = 1; b < COUNTER_BUCKETS; b++)
		assert_true(counter_bounds[b] > counter_bounds[b - 1]);
}

static void plain_ones_add_and_set(void **state)
{
	(void)state;
	assert_f64(counter_get(C_STORE_SAMPLES), 0);
	counter_add(C_STORE_SAMPLES, 2);
	counter_add(C_STORE_SAMPLES, 0.5);
	assert_f64(counter_get(C_STORE_SAMPLES), 2.5);
	counter_set(C_STORE_SERIES, 7);
	counter_add(C_STORE_SERIES, -3);
	walk(C_STORE_SERIES);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.text[0], "");
	assert_f64(seen.value[0], 4);
}

static void labelled_ones_are_walked_in_order(void **state)
{
	(void)state;
	walk(C_FEED_UP);
	assert_int_equal(seen.n, 0);
	counter_set_for(C_FEED_UP, slice_str("b"), 1);
	counter_set_for(C_FEED_UP, slice_str("a"), 0);
	counter_set_for(C_FEED_UP, slice_str("区"), 1);
	counter_add_for(C_FEED_UP, slice_str("b"), 2);
	walk(C_FEED_UP);
	assert_int_equal(seen.n, 3);
	assert_string_equal(seen.text[0], "a");
	assert_string_equal(seen.text[1], "b");
	assert_string_equal(seen.text[2], "区");
	assert_f64(seen.value[1], 3);
	assert_f64(counter_get_for(C_FEED_UP, slice_str("b")), 3);
	assert_f64(counter_get_for(C_FEED_UP, slice_str("none")), 0);
}

static void a_dropped_value_is_gone(void **state)
{
	(void)state;
	counter_set_for(C_FEED_FAILURES, slice_str("x"), 5);
	counter_set_for(C_FEED_FAILURES, slice_str("y"), 6);
	counter_drop_for(C_FEED_FAILURES, slice_str("x"));
	counter_drop_for(C_FEED_FAILURES, slice_str("never"));
	walk(C_FEED_FAILURES);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.text[0], "y");
	counter_drop_for(C_FEED_FAILURES, slice_str("y"));
	walk(C_FEED_FAILURES);
	assert_int_equal(seen.n, 0);
}

static void too_many_values_become_other(void **state)
{
	char text[24];

	(void)state;
	for (int i = 0; i < 4200; i++) {
		snprintf(text, sizeof(text), "%s%d", i % 2 ? "z" : "a", i);
		counter_add_for(C_FEED_BYTES, slice_str(text), 1);
	}
	walk(C_FEED_BYTES);
	assert_int_equal(seen.n, 4097);
	assert_f64(counter_get_for(C_FEED_BYTES, slice_str("other")), 104);
	for (size_t i = 1; i < seen.n; i++)
		assert_true(strcmp(seen.text[i - 1], seen.text[i]) < 0);
	counter_add_for(C_FEED_BYTES, slice_str("a0"), 1);
	assert_f64(counter_get_for(C_FEED_BYTES, slice_str("a0")), 2);
}

static void no_memory_counts_under_other(void **state)
{
	(void)state;
	mem_fail_after(0, 1);
	counter_add_for(C_ROWS_REFUSED, slice_str("reason"), 2);
	mem_fail_after(1, 1); /* room for the list, not for the value */
	counter_add_for(C_ROWS_REFUSED, slice_str("reason"), 3);
	mem_fail_after(-1, 0);
	walk(C_ROWS_REFUSED);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.text[0], "other");
	assert_f64(seen.value[0], 5);
	counter_drop_for(C_ROWS_REFUSED, slice_str("other"));
	walk(C_ROWS_REFUSED);
	assert_int_equal(seen.n, 0);
}

static void observations_fall_into_their_buckets(void **state)
{
	(void)state;
	counter_observe(C_FETCH_SECONDS, 0.001); /* a bound belongs to its bucket */
	counter_observe(C_FETCH_SECONDS, 0.0011);
	counter_observe(C_FETCH_SECONDS, -5); /* the clock was set back */
	counter_observe(C_FETCH_SECONDS, 30);
	counter_observe(C_FETCH_SECONDS, 31);
	walk(C_FETCH_SECONDS);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.last.count, 5);
	assert_near(seen.last.sum, 61.0021, 1e-9);
	assert_int_equal(seen.last.buckets[0], 2);
	assert_int_equal(seen.last.buckets[1], 1);
	assert_int_equal(seen.last.buckets[COUNTER_BUCKETS - 1], 1);
	assert_int_equal(seen.last.buckets[COUNTER_BUCKETS], 1);
	assert_f64(counter_get(C_FETCH_SECONDS), 5);
}

enum { THREADS = 4, ROUNDS = 5000 };

static void *add_much(void *ctx)
{
	char own[8];

	snprintf(own, sizeof(own), "own%d", *(int *)ctx);
	for (int i = 0; i < ROUNDS; i++) {
		counter_add(C_STORE_CORRUPT, 1);
		counter_add_for(C_JOBS_STARTED, slice_str("shared"), 1);
		counter_add_for(C_JOBS_STARTED, slice_str(own), 1);
		counter_observe(C_DECODE_SECONDS, 0.5);
		if (i % 1000 == 0)
			counter_get_for(C_JOBS_STARTED, slice_str("shared"));
	}
	return NULL;
}

static void several_threads_lose_nothing(void **state)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, add_much, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_f64(counter_get(C_STORE_CORRUPT), THREADS * ROUNDS);
	assert_f64(counter_get_for(C_JOBS_STARTED, slice_str("shared")), THREADS * ROUNDS);
	assert_f64(counter_get_for(C_JOBS_STARTED, slice_str("own2")), ROUNDS);
	assert_f64(counter_get(C_DECODE_SECONDS), THREADS * ROUNDS);
	walk(C_DECODE_SECONDS);
	assert_f64(seen.last.sum, THREADS * ROUNDS * 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_well_formed),
		cmocka_unit_test(plain_ones_add_and_set),
		cmocka_unit_test(labelled_ones_are_walked_in_order),
		cmocka_unit_test(a_dropped_value_is_gone),
		cmocka_unit_test(too_many_values_become_other),
		cmocka_unit_test(no_memory_counts_under_other),
		cmocka_unit_test(observations_fall_into_their_buckets),
		cmocka_unit_test(several_threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
