/* test_map.c - the hash table, against a plain list where it matters. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/map.h"

static void what_is_put_is_found(void **state)
{
	int one = 1, two = 2;
	struct map m;
	struct err e;

	(void)state;
	map_init(&m);
	assert_null(map_get(&m, slice_str("a")));
	assert_null(map_remove(&m, slice_str("a")));
	assert_ok(map_put(&m, slice_str("a"), &one, &e), &e);
	assert_ok(map_put(&m, slice_str(""), &two, &e), &e);
	assert_ptr_equal(map_get(&m, slice_str("a")), &one);
	assert_ptr_equal(map_get(&m, slice_str("")), &two);
	assert_null(map_get(&m, slice_str("b")));
	assert_int_equal(m.n, 2);
	map_release(&m);
}

static void a_second_put_replaces_value_and_key(void **state)
{
	char first[] = "key", second[] = "key";
	const struct map_entry *entry;
	int one = 1, two = 2;
	struct map m;
	struct err e;
	size_t i = 0;

	(void)state;
	map_init(&m);
	assert_ok(map_put(&m, slice_str(first), &one, &e), &e);
	assert_ok(map_put(&m, slice_str(second), &two, &e), &e);
	assert_int_equal(m.n, 1);
	entry = map_next(&m, &i);
	assert_ptr_equal(entry->value, &two);
	assert_ptr_equal(entry->key.p, second);
	assert_null(map_next(&m, &i));
	map_release(&m);
}

static void null_is_refused(void **state)
{
	struct map m;
	struct err e;

	(void)state;
	map_init(&m);
	assert_fails(map_put(&m, slice_str("a"), NULL, &e), &e, ERR_INVALID, "cannot hold NULL");
	map_release(&m);
}

enum { KEYS = 500 };

static char names[KEYS][16];
static int values[KEYS];

static void make_names(void)
{
	for (int i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof(names[i]), "key-%d", i);
}

/* A fixed sequence that looks random. */
static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void many_puts_and_removals_agree_with_a_list(void **state)
{
	bool in[KEYS] = { false };
	unsigned seed = 7;
	size_t n = 0, seen = 0, i = 0;
	struct map m;
	struct err e;

	(void)state;
	make_names();
	map_init(&m);
	for (int round = 0; round < 20000; round++) {
		unsigned k = next_random(&seed) % KEYS;
		/* Waves: mostly filling, then mostly emptying. */
		bool put = next_random(&seed) % 10 < (round / 2500 % 2 ? 2u : 8u);

		if (put) {
			assert_ok(map_put(&m, slice_str(names[k]), &values[k], &e), &e);
			n += !in[k];
		} else {
			void *gone = map_remove(&m, slice_str(names[k]));

			assert_ptr_equal(gone, in[k] ? &values[k] : NULL);
			n -= in[k];
		}
		in[k] = put;
		assert_int_equal(m.n, n);
	}
	for (int k = 0; k < KEYS; k++)
		assert_ptr_equal(map_get(&m, slice_str(names[k])), in[k] ? &values[k] : NULL);
	while (map_next(&m, &i))
		seen++;
	assert_int_equal(seen, n);
	map_release(&m);
}

static void no_memory_leaves_the_map_as_it_was(void **state)
{
	struct map m;
	struct err e;
	int k = 0;

	(void)state;
	make_names();
	map_init(&m);
	mem_fail_after(0, 1);
	assert_fails(map_put(&m, slice_str("a"), &k, &e), &e, ERR_MEMORY,
		     "no memory for a table of 1 keys");
	mem_fail_after(1, 1);
	while (map_put(&m, slice_str(names[k]), &values[k], &e) == 0)
		k++;
	mem_fail_after(-1, 0);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_int_equal(m.n, k);
	while (k--)
		assert_ptr_equal(map_get(&m, slice_str(names[k])), &values[k]);
	map_release(&m);
}

static void the_hash_of_the_house_never_changes(void **state)
{
	(void)state;
	/* XXH3_64bits("") and of "abc", as xxhsum -H3 prints them. */
	assert_int_equal(hash_bytes("", 0), 0x2d06800538d394c2u);
	assert_int_equal(hash_bytes("abc", 3), 0x78af5f94892f3950u);
	assert_int_equal(hash_seeded("abc", 3, 0), hash_bytes("abc", 3));
	assert_int_not_equal(hash_seeded("abc", 3, 1), hash_bytes("abc", 3));
	assert_int_equal(hash_seed(), hash_seed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found),
		cmocka_unit_test(a_second_put_replaces_value_and_key),
		cmocka_unit_test(null_is_refused),
		cmocka_unit_test(many_puts_and_removals_agree_with_a_list),
		cmocka_unit_test(no_memory_leaves_the_map_as_it_was),
		cmocka_unit_test(the_hash_of_the_house_never_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
