/* test_head.c - samples in memory: keys, chains, what a reader of an earlier moment sees. */
#include "storage/head.h"
#include "storage/reader.h"
#include "tests/lib/assert.h"

#include <pthread.h>
#include <stdlib.h>

enum { NO_KEY = UINT32_MAX };

struct world {
	struct head h;
	struct generation *g;
	struct arena a;
	struct err e;
};

static int set_up(void **state)
{
	struct world *x = calloc(1, sizeof(*x));

	head_init(&x->h);
	x->g = generation_new(1, 1, &x->e);
	arena_init(&x->a, 64 << 20);
	*state = x;
	return x->g ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *x = *state;

	head_release(&x->h);
	generation_unref(x->g);
	arena_release(&x->a);
	free(x);
	return 0;
}

static struct head_hash hash_of(const char *text)
{
	return head_hash(slice_str(text));
}

static struct head_slot *slot_of(struct world *x, const char *labels, uint32_t series)
{
	uint32_t key = head_find(&x->h, hash_of(labels), NO_KEY);

	if (key == NO_KEY)
		assert_ok(head_add(&x->h, hash_of(labels), NO_KEY, series, &key, &x->e), &x->e);
	return &x->h.slots[x->h.keys[key].slot];
}

static struct columns_run read_run(struct world *x, uint32_t series, uint64_t last, bool *rising)
{
	struct columns_run r = { 0 };

	*rising = true;
	assert_ok(generation_read(x->g, series, last, &x->a, &r, rising, &x->e), &x->e);
	return r;
}

/* --- keys ------------------------------------------------------------------------------- */

static void keys_are_found_by_their_bytes(void **state)
{
	struct world *x = *state;
	char text[16];
	uint32_t key;

	assert_int_equal(head_find(&x->h, hash_of("nothing"), NO_KEY), NO_KEY);
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "series %u", i);
		assert_int_equal(head_find(&x->h, hash_of(text), NO_KEY), NO_KEY);
		assert_ok(head_add(&x->h, hash_of(text), NO_KEY, i + 1, &key, &x->e), &x->e);
		assert_int_equal(key, i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "series %u", i);
		key = head_find(&x->h, hash_of(text), i * 7 % 5000);
		assert_int_equal(key, i);
		assert_int_equal(x->h.slots[x->h.keys[key].slot].series, i + 1);
	}
	assert_int_equal(head_find(&x->h, hash_of("series 5000"), 3), NO_KEY);
}

static void two_ways_to_write_labels_lead_to_one_slot(void **state)
{
	struct world *x = *state;

	assert_ptr_equal(slot_of(x, "a then b", 4), slot_of(x, "b then a", 4));
	assert_int_equal(x->h.nkeys, 2);
	assert_int_equal(x->h.nslots, 1);
	assert_int_not_equal(slot_of(x, "c", 5)->series, 4);
	assert_int_equal(x->h.nslots, 2);
}

static void a_key_remembers_which_one_followed_it(void **state)
{
	struct world *x = *state;
	uint32_t key[4], after = NO_KEY;
	char text[2] = "a";

	for (int i = 0; i < 4; i++, text[0]++) {
		assert_ok(head_add(&x->h, hash_of(text), after, (uint32_t)i + 1, &key[i], &x->e),
			  &x->e);
		after = key[i];
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(x->h.keys[key[i]].next, key[i + 1]);
	/* Another order is found, and is the expected one from then on. */
	assert_int_equal(head_find(&x->h, hash_of("d"), key[0]), key[3]);
	assert_int_equal(x->h.keys[key[0]].next, key[3]);
	assert_int_equal(head_find(&x->h, hash_of("b"), key[3]), key[1]);
}

static void what_was_forgotten_is_met_anew(void **state)
{
	struct world *x = *state;
	bool rising;
	struct columns_run r;

	for (int i = 0; i < 30; i++)
		assert_int_equal(head_append(x->g, slot_of(x, "a", 9), i, i, 1), 0);
	head_forget(&x->h);
	assert_int_equal(x->h.nkeys, 0);
	assert_int_equal(head_find(&x->h, hash_of("a"), NO_KEY), NO_KEY);
	/* Its chain goes on where it was. */
	for (int i = 30; i < 40; i++)
		assert_int_equal(head_append(x->g, slot_of(x, "a", 9), i, i, 2), 0);
	r = read_run(x, 9, 2, &rising);
	assert_int_equal(r.n, 40);
	assert_true(rising);
	for (int i = 0; i < 40; i++)
		assert_int_equal(r.t_ms[i], i);
	assert_true(head_repeats(x->g, slot_of(x, "a", 9), 39, 39));
}

/* --- chains --------------------------------------------------------------------------------- */

static void samples_come_back_as_they_came(void **state)
{
	struct world *x = *state;
	bool rising;

	for (int i = 0; i < 1000; i++)
		for (uint32_t s = 1; s <= 3; s++) {
			struct head_slot *slot =
				slot_of(x, (const char *[]){ "", "a", "b", "c" }[s], s * 1000);

			assert_int_equal(head_append(x->g, slot, i, i * s, 1 + (uint64_t)i), 0);
		}
	assert_int_equal(x->g->samples, 3000);
	assert_int_equal(x->g->top_series, 3000);
	for (uint32_t s = 1; s <= 3; s++) {
		struct columns_run r = read_run(x, s * 1000, UINT64_MAX, &rising);

		assert_true(rising);
		assert_int_equal(r.n, 1000);
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(r.t_ms[i], i);
			assert_f64(r.value[i], i * s);
		}
		assert_int_not_equal(generation_count(x->g, s * 1000), 0);
	}
	assert_int_equal(generation_count(x->g, 1001), 0);
	assert_int_equal(generation_count(x->g, UINT32_MAX), 0);
	assert_int_equal(read_run(x, 1001, UINT64_MAX, &rising).n, 0);
}

static void a_reader_sees_the_requests_that_were_whole_when_it_began(void **state)
{
	struct world *x = *state;
	bool rising;

	generation_unref(x->g);
	x->g = generation_new(5, 100, &x->e);
	/* Three samples a request, from the hundredth on. */
	for (int i = 0; i < 300; i++)
		assert_int_equal(head_append(x->g, slot_of(x, "a", 1), i, i, 100 + (uint64_t)i / 3),
				 0);
	assert_int_equal(read_run(x, 1, 0, &rising).n, 0);
	assert_int_equal(read_run(x, 1, 99, &rising).n, 0);
	for (uint64_t last = 100; last < 200; last++) {
		struct columns_run r = read_run(x, 1, last, &rising);

		assert_int_equal(r.n, (last - 99) * 3);
		assert_int_equal(r.t_ms[r.n - 1], r.n - 1);
	}
	assert_int_equal(read_run(x, 1, UINT64_MAX, &rising).n, 300);
}

static void what_is_out_of_order_is_told(void **state)
{
	static const int64_t times[] = { 5, 6, 4, 6, INT64_MIN, INT64_MAX };
	struct world *x = *state;
	struct columns_run r;
	bool rising;

	for (int i = 0; i < 6; i++)
		assert_int_equal(head_append(x->g, slot_of(x, "a", 1), times[i], i,
					     1 + (uint64_t)i),
				 0);
	r = read_run(x, 1, 2, &rising);
	assert_int_equal(r.n, 2);
	assert_true(rising);
	read_run(x, 1, 3, &rising);
	assert_false(rising);
	r = read_run(x, 1, UINT64_MAX, &rising);
	assert_false(rising);
	assert_ok(columns_run_sort(&r, &x->e), &x->e);
	/* Of two for one time the later one. */
	assert_int_equal(r.n, 5);
	assert_true(r.t_ms[0] == INT64_MIN && r.t_ms[4] == INT64_MAX);
	assert_int_equal(r.t_ms[3], 6);
	assert_f64(r.value[3], 3);
	/* An equal time is not rising either. */
	head_append(x->g, slot_of(x, "b", 2), 1, 1, 7);
	head_append(x->g, slot_of(x, "b", 2), 1, 2, 7);
	r = read_run(x, 2, UINT64_MAX, &rising);
	assert_false(rising);
}

static void what_is_read_comes_behind_what_is_there(void **state)
{
	struct world *x = *state;
	struct columns_run r = { 0 };
	bool rising = true;

	for (int i = 0; i < 20; i++)
		assert_int_equal(head_append(x->g, slot_of(x, "a", 1), 10 + i, i, 1), 0);
	for (int again = 0; again < 3; again++)
		assert_ok(generation_read(x->g, 1, 1, &x->a, &r, &rising, &x->e), &x->e);
	assert_false(rising);
	assert_int_equal(r.n, 60);
	assert_int_equal(r.t_ms[20], 10);
	assert_int_equal(r.t_ms[59], 29);
}

static void a_repetition_is_known_by_time_and_bits(void **state)
{
	struct world *x = *state;
	struct head_slot *s = slot_of(x, "a", 1);
	struct generation *next;

	assert_false(head_repeats(x->g, s, 0, 0)); /* nothing yet */
	for (int i = 0; i < 30; i++) {
		assert_int_equal(head_append(x->g, s, i, i % 2 ? NAN : 0.0, 1), 0);
		assert_true(head_repeats(x->g, s, i, i % 2 ? NAN : 0.0));
		assert_false(head_repeats(x->g, s, i, -0.0));
		assert_false(head_repeats(x->g, s, i + 1, i % 2 ? NAN : 0.0));
		assert_false(head_repeats(x->g, s, i - 1, i % 2 ? 0.0 : NAN));
	}
	/* A new generation has nothing of it. */
	next = generation_new(2, 2, &x->e);
	assert_non_null(next);
	assert_false(head_repeats(next, s, 29, NAN));
	assert_int_equal(head_append(next, s, 29, NAN, 2), 0);
	assert_true(head_repeats(next, s, 29, NAN));
	assert_int_equal(next->samples, 1);
	assert_int_equal(x->g->samples, 30);
	generation_unref(next);
}

static void a_small_arena_is_a_limit(void **state)
{
	struct world *x = *state;
	struct columns_run r = { 0 };
	struct arena small;
	bool rising = true;

	for (int i = 0; i < 20000; i++)
		assert_int_equal(head_append(x->g, slot_of(x, "a", 1), i, i, 1), 0);
	arena_init(&small, 100 << 10);
	assert_fails(generation_read(x->g, 1, 1, &small, &r, &rising, &x->e), &x->e, ERR_LIMIT,
		     "the samples need more than 0 MiB");
	arena_release(&small);
}

static void without_memory_nothing_is_changed(void **state)
{
	struct world *x = *state;
	struct head_slot *s = slot_of(x, "a", 1);
	char text[16];
	bool rising;
	uint32_t n = 0, key;

	for (int i = 0; i < 100; i++) {
		mem_fail_after(i % 3, 0);
		n += head_append(x->g, s, n, n, 1) == 0;
		mem_fail_after(-1, 0);
		assert_int_equal(x->g->samples, n);
	}
	assert_true(n > 90);
	assert_int_equal(read_run(x, 1, 1, &rising).n, n);
	assert_true(rising);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t keys = x->h.nkeys;

		snprintf(text, sizeof(text), "series %u", i);
		mem_fail_after((long)i % 4, 0);
		if (head_add(&x->h, hash_of(text), NO_KEY, i + 2, &key, &x->e) < 0) {
			mem_fail_after(-1, 0);
			assert_int_equal(x->e.code, ERR_MEMORY);
			assert_int_equal(x->h.nkeys, keys);
			assert_int_equal(head_find(&x->h, hash_of(text), NO_KEY), NO_KEY);
			assert_ok(head_add(&x->h, hash_of(text), NO_KEY, i + 2, &key, &x->e),
				  &x->e);
		}
		mem_fail_after(-1, 0);
	}
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "series %u", i);
		assert_int_equal(slot_of(x, text, 0)->series, i + 2);
	}
}

/* --- readers beside the writer ------------------------------------------------------ */

struct race {
	struct generation *g;
	_Atomic uint64_t completed;
	atomic_bool stop;
	atomic_int wrong;
};

static void *read_on(void *arg)
{
	struct race *r = arg;
	struct arena a;

	arena_init(&a, 64 << 20);
	while (!atomic_load(&r->stop)) {
		uint64_t last = atomic_load_explicit(&r->completed, memory_order_acquire);

		for (uint32_t s = 1; s <= 4; s++) {
			struct arena_mark mark = arena_mark(&a);
			struct columns_run x = { 0 };
			bool rising = true;
			struct err e;

			if (generation_read(r->g, s, last, &a, &x, &rising, &e) < 0 ||
			    x.n != last || !rising || (x.n > 0 && x.value[x.n - 1] != (double)last))
				atomic_store(&r->wrong, 1);
			arena_reset(&a, mark);
		}
	}
	arena_release(&a);
	return NULL;
}

static void readers_need_no_lock(void **state)
{
	struct world *x = *state;
	struct race r = { .g = x->g };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
	for (uint64_t request = 1; request <= 5000; request++) {
		for (uint32_t s = 1; s <= 4; s++)
			assert_int_equal(head_append(x->g,
						     slot_of(x,
							     (const char *[]){ "", "a", "b", "c",
									       "d" }[s],
							     s),
						     (int64_t)request, (double)request, request),
					 0);
		atomic_store_explicit(&r.completed, request, memory_order_release);
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&r.wrong), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_are_found_by_their_bytes),
		TEST(two_ways_to_write_labels_lead_to_one_slot),
		TEST(a_key_remembers_which_one_followed_it),
		TEST(what_was_forgotten_is_met_anew),
		TEST(samples_come_back_as_they_came),
		TEST(a_reader_sees_the_requests_that_were_whole_when_it_began),
		TEST(what_is_out_of_order_is_told),
		TEST(what_is_read_comes_behind_what_is_there),
		TEST(a_repetition_is_known_by_time_and_bits),
		TEST(a_small_arena_is_a_limit),
		TEST(without_memory_nothing_is_changed),
		TEST(readers_need_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
