/* test_arena.c - arenas: ceiling, marks, growing, recycling; complaints that live in one. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/diag.h"

#include <pthread.h>
#include <stdlib.h>

static void allocations_are_aligned_and_apart(void **state)
{
	struct arena a;
	char *last = NULL;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t n = 0; n < 100; n++) {
		char *p = arena_alloc(&a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_ptr_not_equal(p, last);
		memset(p, 0xaa, n);
		last = p;
	}
	assert_true(a.used >= 100 * 99 / 2);
	assert_true(a.held >= a.used);
	arena_release(&a);
	assert_int_equal(a.held, 0);
	assert_int_equal(a.used, 0);
}

static void a_small_request_holds_little(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64 << 20);
	assert_int_equal(a.held, 0);
	assert_non_null(arena_alloc(&a, 1000));
	assert_true(a.held <= 16 << 10);
	arena_release(&a);
}

static void the_ceiling_is_kept_and_used_up(void **state)
{
	enum { LIMIT = 1000000 };
	struct arena a;
	size_t got = 0;

	(void)state;
	arena_init(&a, LIMIT);
	while (arena_alloc(&a, 1024))
		got += 1024;
	assert_true(a.held <= LIMIT);
	assert_true(got > LIMIT * 95 / 100);
	assert_null(arena_alloc(&a, 1024));
	arena_release(&a);
	assert_non_null(arena_alloc(&a, 1024));
	arena_release(&a);
}

static void absurd_sizes_are_refused(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, SIZE_MAX);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 20));
	assert_null(arena_array(&a, SIZE_MAX / 8, 16));
	assert_null(arena_strndup(&a, "", SIZE_MAX));
	arena_release(&a);
	arena_init(&a, 0);
	assert_null(arena_alloc(&a, 1));
	arena_release(&a);
}

static void zeroed_memory_is_zero_after_reuse(void **state)
{
	struct arena a;

	(void)state;
	for (int round = 0; round < 3; round++) {
		arena_init(&a, 4 << 20);
		for (int i = 0; i < 10; i++) {
			unsigned char *p = arena_array(&a, 1000, 100);

			for (size_t k = 0; k < 100000; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xff, 100000);
		}
		arena_release(&a);
	}
}

static void a_block_is_used_again_by_the_same_thread(void **state)
{
	struct arena a;
	void *first, *second;

	(void)state;
	arena_init(&a, 4 << 20);
	arena_alloc(&a, 100);
	first = arena_alloc(&a, 200000);
	arena_release(&a);
	arena_init(&a, 4 << 20);
	arena_alloc(&a, 100);
	second = arena_alloc(&a, 200000);
	assert_ptr_equal(first, second);
	arena_release(&a);
}

static void reset_returns_to_the_mark(void **state)
{
	struct arena a;
	struct arena_mark empty, m;
	char *kept, *next;

	(void)state;
	arena_init(&a, 4 << 20);
	empty = arena_mark(&a);
	kept = arena_strdup(&a, "kept");
	m = arena_mark(&a);
	next = arena_alloc(&a, 100);
	for (int i = 0; i < 20; i++)
		assert_non_null(arena_alloc(&a, 100000));
	arena_reset(&a, m);
	assert_string_equal(kept, "kept");
	assert_int_equal(a.used, m.used);
	assert_ptr_equal(arena_alloc(&a, 100), next);
	arena_reset(&a, empty);
	assert_int_equal(a.used, 0);
	/* one block stays for what comes next, and only one */
	assert_in_range(a.held, 1, 256 << 10);
	arena_release(&a);
}

static void grow_works_in_place_or_copies(void **state)
{
	struct arena a;
	size_t cap = 0;
	int *p, *moved;

	(void)state;
	arena_init(&a, 1 << 20);
	p = arena_grow(&a, NULL, 0, &cap, 1, sizeof(*p));
	assert_true(cap >= 1);
	for (int i = 0; i < 100; i++) {
		int *q = arena_grow(&a, p, (size_t)i, &cap, (size_t)i + 1, sizeof(*p));

		assert_ptr_equal(q, p);
		q[i] = i;
	}
	arena_alloc(&a, 1);
	moved = arena_grow(&a, p, 100, &cap, cap + 1, sizeof(*p));
	assert_ptr_not_equal(moved, p);
	for (int i = 0; i < 100; i++)
		assert_int_equal(moved[i], i);
	arena_release(&a);
}

static void grow_takes_just_enough_near_the_ceiling(void **state)
{
	struct arena a;
	size_t cap = 0, before;
	char *p;

	(void)state;
	arena_init(&a, 100000);
	p = arena_grow(&a, NULL, 0, &cap, 60000, 1);
	assert_non_null(p);
	assert_int_equal(cap, 60000);
	assert_non_null(p = arena_grow(&a, p, cap, &cap, 90000, 1));
	assert_int_equal(cap, 90000);
	before = cap;
	assert_null(arena_grow(&a, p, cap, &cap, 200000, 1));
	assert_int_equal(cap, before);
	assert_null(arena_grow(&a, p, cap, &cap, SIZE_MAX, 16));
	arena_release(&a);
}

static void texts_are_copied(void **state)
{
	struct arena a;
	struct slice s;

	(void)state;
	arena_init(&a, 1 << 20);
	s = arena_slice(&a, slice_of("abcdef", 3));
	assert_slice(s, "abc");
	assert_int_equal(s.p[3], '\0');
	assert_string_equal(arena_printf(&a, "%s-%d", "区", 7), "区-7");
	assert_string_equal(arena_strndup(&a, NULL, 0), "");
	arena_release(&a);
}

static void no_memory_is_an_answer(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64 << 20);
	mem_count(1);
	mem_fail_after(0, 1);
	assert_null(arena_alloc(&a, 100));
	assert_null(arena_printf(&a, "%d", 1));
	mem_fail_after(-1, 0);
	assert_int_equal(a.held, 0);
	assert_int_equal(mem_held(), 0);
	assert_non_null(arena_alloc(&a, 100));
	assert_int_equal(mem_held(), 1);
	arena_release(&a);
	assert_int_equal(mem_held(), 0);
	mem_count(0);
}

enum { KEPT_MOST = 16 << 20 };

static void what_is_kept_is_bounded(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64 << 20);
	for (int k = 0; k < 200; k++)
		memset(arena_alloc(&a, 200000), k, 200000);
	assert_true(a.held > 2 * KEPT_MOST);
	arena_release(&a);
	assert_in_range(arena_kept_bytes(), KEPT_MOST - 300000, KEPT_MOST);
}

static void *release_elsewhere(void *ctx)
{
	arena_release(ctx);
	return NULL;
}

/* Takes all that is kept, so that the next block is what a test has given back. */
static void take_all(struct arena *a)
{
	arena_init(a, 128 << 20);
	for (size_t n = 200000; arena_kept_bytes() > 0; n += n / 3) {
		size_t before;

		do {
			before = arena_kept_bytes();
			assert_non_null(arena_alloc(a, n));
		} while (arena_kept_bytes() < before);
	}
}

static void a_block_of_one_thread_is_the_next_of_another(void **state)
{
	struct arena a, all;
	pthread_t t;
	char *p;

	(void)state;
	take_all(&all);
	arena_init(&a, 16 << 20);
	p = arena_alloc(&a, 5000000);
	memset(p, 1, 5000000);
	assert_int_equal(pthread_create(&t, NULL, release_elsewhere, &a), 0);
	pthread_join(t, NULL);
	assert_in_range(arena_kept_bytes(), 5000000, 5100000);
	arena_init(&a, 16 << 20);
	assert_ptr_equal(arena_alloc(&a, 4000000), p);
	assert_true(a.held >= 5000000);
	arena_release(&a);
	arena_init(&a, 16 << 20);
	assert_non_null(arena_alloc(&a, 3000000)); /* that would waste too much */
	assert_true(a.held < 4000000);
	arena_release(&a);
	arena_release(&all);
}

static void of_what_comes_seldom_large_blocks_are_not_kept(void **state)
{
	struct arena a, all;

	(void)state;
	take_all(&all);
	arena_init(&a, 16 << 20);
	a.seldom = true;
	assert_non_null(arena_alloc(&a, 5000000));
	assert_non_null(arena_alloc(&a, 100000));
	assert_non_null(arena_alloc(&a, 200000));
	arena_release(&a);
	assert_in_range(arena_kept_bytes(), 200000, 600000);
	arena_release(&all);
}

static void a_kept_block_does_not_lift_the_ceiling(void **state)
{
	struct arena a, all;

	(void)state;
	take_all(&all);
	arena_init(&a, 16 << 20);
	assert_non_null(arena_alloc(&a, 1000000));
	arena_release(&a);
	arena_init(&a, 900000);
	assert_non_null(arena_alloc(&a, 800000));
	assert_true(a.held <= 900000);
	arena_release(&a);
	arena_release(&all);
}

static void complaints_are_listed_with_their_places(void **state)
{
	char *text = NULL;
	struct diags d;
	struct arena a;
	struct err e;
	size_t n;
	FILE *f;

	(void)state;
	arena_init(&a, 1 << 20);
	diags_init(&d, &a, 3);
	assert_ok(diags_check(&d, &e), &e);
	diag_add(&d, "c.yaml", 17, 9, "unknown key '%s'", "contry");
	assert_fails(diags_check(&d, &e), &e, ERR_INVALID, "c.yaml:17:9: unknown key 'contry'");
	assert_null(strstr(e.text, "more"));
	diag_add(&d, "c.yaml", 20, 0, "no name");
	diag_add(&d, "other.yaml", 0, 0, "empty");
	diag_add(&d, "other.yaml", 1, 1, "too many");
	assert_int_equal(d.n, 3);
	assert_int_equal(d.left_out, 1);
	assert_ptr_equal(d.list[0].file, d.list[1].file);
	assert_fails(diags_check(&d, &e), &e, ERR_INVALID, "'contry' (and 3 more)");

	f = open_memstream(&text, &n);
	diags_print(&d, f);
	fclose(f);
	assert_string_equal(text, "c.yaml:17:9: unknown key 'contry'\n"
				  "c.yaml:20: no name\n"
				  "other.yaml: empty\n"
				  "... and 1 more\n");
	free(text);
	arena_release(&a);
}

static void a_complaint_without_memory_still_counts(void **state)
{
	struct diags d;
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, 0);
	diags_init(&d, &a, 100);
	diag_add(&d, "c.yaml", 1, 1, "one");
	diag_add(&d, "c.yaml", 2, 1, "two");
	assert_fails(diags_check(&d, &e), &e, ERR_INVALID, "2 mistakes, and no memory");
	arena_release(&a);
}

static void a_complaint_stays_on_its_line(void **state)
{
	struct diags d;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	diags_init(&d, &a, 100);
	diag_add(&d, "c.yaml", 1, 1, "no unit '%s'", "年\nd.yaml:2:1: \x1b[1m\x7f");
	assert_string_equal(d.list[0].text, "no unit '年?d.yaml:2:1: ?[1m?'");
	arena_release(&a);
}

static void a_long_complaint_keeps_the_number_of_the_others(void **state)
{
	char long_text[900];
	struct diags d;
	struct arena a;
	struct err e;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	arena_init(&a, 1 << 20);
	diags_init(&d, &a, 100);
	diag_add(&d, "c.yaml", 1, 1, "%s", long_text);
	diag_add(&d, "c.yaml", 2, 1, "two");
	assert_int_equal(strlen(d.list[0].text), 899);
	assert_fails(diags_check(&d, &e), &e, ERR_INVALID, "xxx (and 1 more)");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_aligned_and_apart),
		cmocka_unit_test(a_small_request_holds_little),
		cmocka_unit_test(the_ceiling_is_kept_and_used_up),
		cmocka_unit_test(absurd_sizes_are_refused),
		cmocka_unit_test(zeroed_memory_is_zero_after_reuse),
		cmocka_unit_test(a_block_is_used_again_by_the_same_thread),
		cmocka_unit_test(reset_returns_to_the_mark),
		cmocka_unit_test(grow_works_in_place_or_copies),
		cmocka_unit_test(grow_takes_just_enough_near_the_ceiling),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(no_memory_is_an_answer),
		cmocka_unit_test(what_is_kept_is_bounded),
		cmocka_unit_test(a_block_of_one_thread_is_the_next_of_another),
		cmocka_unit_test(of_what_comes_seldom_large_blocks_are_not_kept),
		cmocka_unit_test(a_kept_block_does_not_lift_the_ceiling),
		cmocka_unit_test(complaints_are_listed_with_their_places),
		cmocka_unit_test(a_complaint_without_memory_still_counts),
		cmocka_unit_test(a_complaint_stays_on_its_line),
		cmocka_unit_test(a_long_complaint_keeps_the_number_of_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
