/* test_labels.c - interned label sets: identity, checks, counting references, threads. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/labels.h"
#include "tests/lib/starve.h"

#include <pthread.h>

static size_t sets(void)
{
	size_t n, strings;

	labels_count(&n, &strings);
	return n;
}

static size_t strings(void)
{
	size_t n, count;

	labels_count(&n, &count);
	return count;
}

static int nothing_is_left(void **state)
{
	(void)state;
	if (sets() || strings())
		fail_msg("%zu sets and %zu strings are left", sets(), strings());
	return 0;
}

static struct label label(const char *name, const char *value)
{
	return (struct label){ slice_str(name), slice_str(value) };
}

static const char *printed(const struct labels *ls)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	labels_print(ls, &b);
	memcpy(text, b.p, b.n);
	text[b.n] = '\0';
	buf_release(&b);
	return text;
}

static void equal_sets_are_the_same_pointer(void **state)
{
	struct label one[] = { label("park", "p1"), label("__name__", "up"), label("b", "") };
	struct label two[] = { label("__name__", "up"), label("park", "p1") };
	struct err e;
	struct labels *a = labels_intern(one, 3, &e), *b = labels_intern(two, 2, &e);
	struct labels *c = labels_make(&e, "up", "park", "p2", NULL);

	(void)state;
	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(a->n, 2);
	assert_int_equal(atomic_load(&a->refs), 2);
	assert_int_equal(sets(), 2);
	assert_int_equal(strings(), 5); /* __name__ up park p1 p2 */
	labels_unref(a);
	assert_string_equal(printed(b), "up{park=\"p1\"}");
	labels_unref(b);
	labels_unref(c);
	labels_unref(NULL);
}

static void strings_are_shared_and_terminated(void **state)
{
	struct err e;
	struct labels *a = labels_make(&e, "up", "park", "p1", "zone", "p1", NULL);
	struct labels *b = labels_make(&e, "down", "park", "p1", NULL);

	(void)state;
	assert_ptr_equal(labels_get(a, slice_str("park")).p, labels_get(b, slice_str("park")).p);
	assert_ptr_equal(labels_get(a, slice_str("park")).p, labels_get(a, slice_str("zone")).p);
	assert_int_equal(strlen(labels_get(a, slice_str("park")).p), 2);
	assert_slice(labels_name(b), "down");
	assert_slice(labels_get(b, slice_str("zone")), "");
	labels_unref(a);
	assert_slice(labels_get(b, slice_str("park")), "p1");
	labels_unref(b);
}

static void the_empty_set_is_a_set(void **state)
{
	struct label none = label("a", "");
	struct err e;
	struct labels *a = labels_intern(NULL, 0, &e), *b = labels_intern(&none, 1, &e);

	(void)state;
	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_string_equal(printed(a), "{}");
	assert_slice(labels_name(a), "");
	labels_unref(a);
	labels_unref(b);
}

static void the_hash_is_the_same_in_every_process(void **state)
{
	struct err e;
	struct labels *a = labels_make(&e, "up", "job", "node", NULL);
	struct labels *b = labels_make(&e, "up", "jobn", "ode", NULL);

	(void)state;
	assert_int_equal(labels_hash(a), 0xe3dbbbe1a411bccau);
	assert_int_not_equal(labels_hash(a), labels_hash(b));
	labels_unref(a);
	labels_unref(b);
}

static void assert_refused(const struct label *l, size_t n, enum err_code code, const char *part)
{
	struct err e;

	assert_fails(labels_intern(l, n, &e) ? 0 : -1, &e, code, part);
}

static void bad_labels_are_refused_with_a_reason(void **state)
{
	char long_text[LABEL_VALUE_MAX_BYTES + 2];
	struct label l[2];

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	l[0] = label("a", "1");
	l[1] = label("a", "2");
	assert_refused(l, 2, ERR_INVALID, "label 'a' is given twice");
	l[1] = label("a", "");
	assert_refused(l, 2, ERR_INVALID, "label 'a' is given twice");
	l[1] = label("", "x");
	assert_refused(l, 2, ERR_INVALID, "a label without a name");
	l[1] = label("b\xff", "x");
	assert_refused(l, 2, ERR_INVALID, "label name is not UTF-8 at byte 2");
	l[1] = label("b", "ok\xc0\x80");
	assert_refused(l, 2, ERR_INVALID, "value of label 'b' is not UTF-8 at byte 3");
	l[1] = (struct label){ slice_str("b"), slice_of("x\0y", 3) };
	assert_refused(l, 2, ERR_INVALID, "value of label 'b' contains a NUL byte");
	l[1] = (struct label){ slice_str("b\n"), slice_of("x\0y", 3) };
	assert_refused(l, 2, ERR_INVALID, "value of label 'b?' contains a NUL byte");
	l[1] = (struct label){ slice_of("b\0", 2), slice_str("x") };
	assert_refused(l, 2, ERR_INVALID, "label name contains a NUL byte");
	l[1] = label("b", long_text);
	assert_refused(l, 2, ERR_LIMIT, "value of label 'b' has 2049 bytes, more than 2048");
	l[1] = (struct label){ slice_of(long_text, 257), slice_str("x") };
	assert_refused(l, 2, ERR_LIMIT, "has 257 bytes, more than 256");
}

static void limits_are_inclusive(void **state)
{
	static char long_text[LABEL_VALUE_MAX_BYTES];
	struct label l[LABELS_MAX + 1];
	char names[LABELS_MAX + 1][8];
	struct labels *ls;
	struct err e;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	for (int i = 0; i <= LABELS_MAX; i++) {
		/* Backwards, so that sorting has something to do. */
		snprintf(names[i], sizeof(names[i]), "l%03d", 900 - i);
		l[i] = (struct label){ slice_str(names[i]), slice_str("v") };
	}
	l[0].name = slice_of(long_text, LABEL_NAME_MAX_BYTES);
	l[0].value = slice_of(long_text, LABEL_VALUE_MAX_BYTES);
	assert_refused(l, LABELS_MAX + 1, ERR_LIMIT, "65 labels, more than 64");
	ls = labels_intern(l, LABELS_MAX, &e);
	assert_non_null(ls);
	assert_int_equal(ls->n, LABELS_MAX);
	for (uint32_t i = 1; i < ls->n; i++)
		assert_true(slice_cmp(ls->l[i - 1].name, ls->l[i].name) < 0);
	labels_unref(ls);
}

static void make_takes_eight_pairs(void **state)
{
	struct err e;
	struct labels *ls = labels_make(&e, "m", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1",
					"f", "1", "g", "1", "h", "1", NULL);

	(void)state;
	assert_int_equal(ls->n, 9);
	labels_unref(ls);
	assert_null(labels_make(&e, "m", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1",
				"g", "1", "h", "1", "i", "1", NULL));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(e.text, "more than 8 labels");
	ls = labels_make(&e, NULL, "a", "1", NULL);
	assert_string_equal(printed(ls), "{a=\"1\"}");
	labels_unref(ls);
}

static void sets_are_ordered_as_prometheus_does(void **state)
{
	struct err e;
	struct labels *in_order[] = {
		labels_make(&e, NULL, NULL),
		labels_make(&e, NULL, "a", "1", NULL),
		labels_make(&e, NULL, "a", "1", "b", "1", NULL),
		labels_make(&e, NULL, "a", "10", NULL),
		labels_make(&e, NULL, "a", "2", NULL),
		labels_make(&e, NULL, "b", "0", NULL),
		labels_make(&e, NULL, "区", "0", NULL),
	};
	enum { N = sizeof(in_order) / sizeof(in_order[0]) };

	(void)state;
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++) {
			int c = labels_cmp(in_order[i], in_order[k]);

			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
	for (size_t i = 0; i < N; i++)
		labels_unref(in_order[i]);
}

static void printing_escapes_and_quotes(void **state)
{
	struct err e;
	struct labels *ls = labels_make(&e, "m:x", "b", "a\"b\\c\nd", "a", "\t区", NULL);

	(void)state;
	assert_string_equal(printed(ls), "m:x{a=\"\t区\",b=\"a\\\"b\\\\c\\nd\"}");
	labels_unref(ls);
	ls = labels_make(&e, "bare", NULL);
	assert_string_equal(printed(ls), "bare");
	labels_unref(ls);
	ls = labels_make(&e, "park.output", "区 1", "x", "a:b", "y", NULL);
	assert_string_equal(printed(ls), "{\"park.output\",\"a:b\"=\"y\",\"区 1\"=\"x\"}");
	labels_unref(ls);
}

static void many_sets_come_and_go(void **state)
{
	enum { N = 20000 };
	static struct labels *ls[N];
	char value[16];
	struct err e;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(value, sizeof(value), "v%d", i);
		ls[i] = labels_make(&e, "m", "l", value, NULL);
	}
	assert_int_equal(sets(), N);
	assert_int_equal(strings(), N + 3);
	for (int i = 0; i < N; i++) {
		snprintf(value, sizeof(value), "v%d", i);
		assert_slice(labels_get(ls[i], slice_str("l")), value);
		assert_ptr_equal(labels_make(&e, "m", "l", value, NULL), ls[i]);
		labels_unref(ls[i]);
	}
	for (int i = 0; i < N; i++)
		labels_unref(ls[i]);
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	struct label l[] = { label("__name__", "up"), label("a", "1"), label("b", "1") };
	struct starve s = { .keeps_nothing = true };
	struct err e;

	(void)state;
	while (starve_again(&s)) {
		struct labels *ls;

		starve_begin(&s);
		ls = labels_intern(l, 3, &e);
		starve_end(&s, ls != NULL, &e);
		if (!ls)
			assert_string_equal(e.text, "no memory for a label set");
		labels_unref(ls);
		assert_int_equal(strings(), 0);
	}
	assert_int_equal(s.failed, 6); /* the set and five strings */
}

static void a_table_that_cannot_grow_still_works(void **state)
{
	enum { N = 3000 };
	static struct labels *ls[N];
	char value[16];
	struct err e;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(value, sizeof(value), "v%d", i);
		/* Three allocations make a set; the first growing of a part fails. */
		for (long k = 2; k < 4 && !ls[i]; k++) {
			mem_fail_after(k, 0);
			ls[i] = labels_make(&e, NULL, "l", value, NULL);
			mem_fail_after(-1, 0);
		}
		assert_non_null(ls[i]);
	}
	assert_int_equal(sets(), N);
	for (int i = 0; i < N; i++)
		labels_unref(ls[i]);
}

enum { THREADS = 4, SHARED = 8, ROUNDS = 4000 };

/* Each thread takes and drops the same few sets again and again, so that the last
 * reference goes in one thread while another asks for the set. */
static void *take_and_drop(void *ctx)
{
	unsigned seed = (unsigned)*(int *)ctx + 1;
	size_t wrong = 0;
	struct err e;

	for (int i = 0; i < ROUNDS; i++) {
		struct labels *a, *b;
		char value[8];

		seed = seed * 1664525u + 1013904223u;
		snprintf(value, sizeof(value), "v%u", (seed >> 16) % SHARED);
		a = labels_make(&e, "m", "l", value, NULL);
		b = labels_intern_like((struct label[]){ label("__name__", "m"),
							 label("l", value) },
				       2, a, &e);
		wrong += a != b || !slice_is(labels_get(a, slice_str("l")), value);
		labels_unref(b);
		b = labels_ref(a);
		labels_unref(a);
		wrong += !slice_is(labels_name(b), "m");
		labels_unref(b);
	}
	return wrong ? ctx : NULL;
}

static void a_set_like_another_is_the_same_as_interned_alone(void **state)
{
	static const char *const rows[][3] = {
		/* job, le, zone; "" is none */
		{ "a", "0.5", "" }, { "a", "1", "" }, { "", "1", "z" },  { "b", "", "" },
		{ "a", "0.5", "" }, { "", "", "" },   { "a", "1", "z" }, { "0.5", "a", "1" },
	};
	struct labels *like = NULL;
	struct err e;

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct label l[] = { label("zone", rows[k][2]), label("le", rows[k][1]),
				     label("job", rows[k][0]), label("__name__", "m") };
		struct labels *next = labels_intern_like(l, 4, like, &e), *alone;

		assert_non_null(next);
		/* What it took stays when what it was taken from goes. */
		labels_unref(like);
		alone = labels_intern(l, 4, &e);
		assert_ptr_equal(alone, next);
		assert_slice(labels_name(next), "m");
		assert_slice(labels_get(next, slice_str("le")), rows[k][1]);
		labels_unref(alone);
		like = next;
	}
	labels_unref(like);
}

static void a_copy_has_texts_of_its_own(void **state)
{
	char value[] = "p1";
	struct label l[] = { label("__name__", "up"), label("park", value) };
	const struct labels *ls, *copy;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 14);
	ls = labels_in_arena(&a, l, 2);
	copy = labels_copy(&a, ls);
	assert_non_null(copy);
	assert_int_equal(labels_cmp(copy, ls), 0);
	assert_true(labels_hash(copy) == labels_hash(ls));
	value[0] = 'q';
	assert_slice(labels_get(ls, slice_str("park")), "q1");
	assert_slice(labels_get(copy, slice_str("park")), "p1");
	assert_int_equal(labels_copy(&a, labels_in_arena(&a, NULL, 0))->n, 0);
	arena_release(&a);
}

static void threads_may_race_for_the_last_reference(void **state)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	void *wrong;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_drop, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void a_set_in_an_arena_is_in_no_table(void **state)
{
	struct label l[] = { label("__name__", "up"), label("park", "p1") };
	struct err e;
	struct labels *interned = labels_intern(l, 2, &e);
	const struct labels *ls, *empty;
	struct arena a;
	size_t before = sets();

	(void)state;
	arena_init(&a, 1 << 14);
	ls = labels_in_arena(&a, l, 2);
	empty = labels_in_arena(&a, NULL, 0);
	assert_non_null(ls);
	assert_int_equal(sets(), before);
	assert_true(labels_hash(ls) == labels_hash(interned));
	assert_int_equal(labels_cmp(ls, interned), 0);
	assert_true(labels_cmp(empty, ls) < 0);
	assert_slice(labels_get(ls, slice_str("park")), "p1");
	assert_string_equal(printed(ls), "up{park=\"p1\"}");
	arena_release(&a);
	arena_init(&a, 16);
	assert_null(labels_in_arena(&a, l, 2));
	arena_release(&a);
	labels_unref(interned);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, NULL, nothing_is_left)
	const struct CMUnitTest tests[] = {
		T(equal_sets_are_the_same_pointer),
		T(strings_are_shared_and_terminated),
		T(the_empty_set_is_a_set),
		T(the_hash_is_the_same_in_every_process),
		T(bad_labels_are_refused_with_a_reason),
		T(limits_are_inclusive),
		T(make_takes_eight_pairs),
		T(sets_are_ordered_as_prometheus_does),
		T(printing_escapes_and_quotes),
		T(many_sets_come_and_go),
		T(every_failed_allocation_is_an_error_without_a_leak),
		T(a_table_that_cannot_grow_still_works),
		T(a_set_in_an_arena_is_in_no_table),
		T(a_set_like_another_is_the_same_as_interned_alone),
		T(a_copy_has_texts_of_its_own),
		T(threads_may_race_for_the_last_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
