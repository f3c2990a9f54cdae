/* test_key.c - rows that belong together by some of their labels. */
#include "query/key.h"
#include "tests/lib/assert.h"

enum { ROWS = 3000 };

static struct eval ev;
static struct arena arena;
static struct buf failure;
static struct err e;

static int begin(void **state)
{
	(void)state;
	memset(&ev, 0, sizeof(ev));
	arena_init(&arena, 256 << 20);
	buf_init(&failure, 4096);
	ev.arena = &arena;
	ev.failure = &failure;
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_release(&arena);
	buf_release(&failure);
	return 0;
}

static struct head head(const char *name, const char *a, const char *b)
{
	struct label l[3] = { { slice_str(LABEL_NAME), slice_str(name) } };
	size_t n = 1;

	if (a)
		l[n++] = (struct label){ slice_str("a"), slice_str(a) };
	if (b)
		l[n++] = (struct label){ slice_str("b"), slice_str(b) };
	return (struct head){ .labels = labels_in_arena(&arena, l, n) };
}

static struct key_spec spec_of(const char *x, const char *y, bool listed)
{
	struct slice names[2] = { slice_str(x), slice_str(y) };
	struct key_spec s;

	assert_ok(key_spec_init(&ev, names, x ? y ? 2 : 1 : 0, listed, &s, &e), &e);
	return s;
}

static bool same_key(const struct key_spec *s, struct head x, struct head y)
{
	struct keys k;

	assert_ok(keys_init(&ev, s, 2, &k, &e), &e);
	return keys_add(&ev, &k, &x) == keys_add(&ev, &k, &y);
}

static void names_are_sorted_and_each_is_there_once(void **state)
{
	struct slice names[] = { slice_str("site"), slice_str("line"), slice_str("site") };
	struct key_spec s;

	(void)state;
	assert_ok(key_spec_init(&ev, names, 3, true, &s, &e), &e);
	assert_int_equal(s.n, 2);
	assert_slice(s.names[0], "line");
	assert_slice(s.names[1], "site");
}

static void listed_labels_alone_make_a_key(void **state)
{
	struct key_spec s = spec_of("a", NULL, true);

	(void)state;
	assert_true(same_key(&s, head("x", "1", "1"), head("y", "1", "2")));
	assert_false(same_key(&s, head("x", "1", "1"), head("x", "2", "1")));
	/* what is not there is empty */
	assert_true(same_key(&s, head("x", NULL, "1"), head("y", NULL, NULL)));
	assert_false(same_key(&s, head("x", NULL, "1"), head("x", "1", "1")));
}

static void a_name_counts_only_where_it_is_listed(void **state)
{
	struct key_spec by = spec_of(LABEL_NAME, NULL, true), without = spec_of("b", NULL, false);
	struct head x = head("x", "1", NULL), y = head("y", "1", NULL);

	(void)state;
	assert_false(same_key(&by, x, y));
	assert_true(same_key(&without, x, y));
	x.drop_name = y.drop_name = true;
	assert_true(same_key(&by, x, y));
	/* with delayed removal it is there until the end */
	ev.features = FEATURE_DELAYED_NAME_REMOVAL;
	assert_false(same_key(&by, x, y));
}

static void what_is_left_out_makes_no_difference(void **state)
{
	struct key_spec s = spec_of("b", "zz", false);

	(void)state;
	assert_true(same_key(&s, head("x", "1", "1"), head("y", "1", NULL)));
	assert_false(same_key(&s, head("x", "1", "1"), head("x", NULL, "1")));
	/* a="1" is not b="1" */
	s = spec_of(NULL, NULL, false);
	assert_false(same_key(&s, head("x", "1", NULL), head("x", NULL, "1")));
}

static void labels_of_a_key_are_those_it_is_made_of(void **state)
{
	struct key_spec by = spec_of("b", "nowhere", true), without = spec_of("b", NULL, false);
	struct head h = head("x", "1", "2");
	struct labels *want_by = labels_make(&e, NULL, "b", "2", NULL);
	struct labels *want_without = labels_make(&e, NULL, "a", "1", NULL);

	(void)state;
	assert_int_equal(labels_cmp(key_labels(&ev, &by, &h, &e), want_by), 0);
	assert_int_equal(labels_cmp(key_labels(&ev, &without, &h, &e), want_without), 0);
	labels_unref(want_by);
	labels_unref(want_without);
}

static void keys_that_are_not_there_are_not_found(void **state)
{
	struct key_spec s = spec_of("a", NULL, true);
	struct head x = head("x", "1", NULL), y = head("x", "2", NULL);
	struct keys k;

	(void)state;
	assert_ok(keys_init(&ev, &s, 1, &k, &e), &e);
	assert_int_equal(keys_find(&ev, &k, &x), KEY_NONE);
	assert_int_equal(keys_add(&ev, &k, &x), 0);
	assert_int_equal(keys_find(&ev, &k, &x), 0);
	assert_int_equal(keys_find(&ev, &k, &y), KEY_NONE);
}

/* Keys count from 0 in the order they come, rows of a key keep theirs. */
static void rows_are_sorted_by_key(void **state)
{
	struct key_spec s = spec_of("a", NULL, true);
	struct head heads[ROWS];
	struct by_key by;
	struct keys k;
	uint32_t seen = 0;

	(void)state;
	for (int i = 0; i < ROWS; i++) {
		char *a = arena_printf(&arena, "%d", i * 7919 % 613);

		heads[i] = head("x", a, arena_printf(&arena, "%d", i));
	}
	assert_ok(keys_init(&ev, &s, ROWS, &k, &e), &e);
	assert_ok(keys_sort(&ev, &k, heads, ROWS, &by, &e), &e);
	assert_int_equal(k.n, 613);
	assert_int_equal(by.start[k.n], ROWS);
	for (uint32_t i = 0; i < ROWS; i++) {
		assert_true(by.key[i] <= seen);
		seen += by.key[i] == seen;
	}
	for (uint32_t key = 0; key < k.n; key++)
		for (uint32_t i = by.start[key]; i < by.start[key + 1]; i++) {
			const struct labels *ls = heads[by.row[i]].labels;

			assert_int_equal(by.key[by.row[i]], key);
			assert_true(slice_eq(labels_get(ls, slice_str("a")),
					     labels_get(k.key[key].head->labels, slice_str("a"))));
			assert_true(i == by.start[key] || by.row[i - 1] < by.row[i]);
		}
}

/* What two rows are told apart by, as text. */
static void key_text(const struct key_spec *s, const struct head *h, char *out, size_t room)
{
	size_t n = 0;

	out[0] = 0;
	for (uint32_t i = 0; i < h->labels->n; i++) {
		const struct label *l = &h->labels->l[i];
		bool listed = false, name = slice_is(l->name, LABEL_NAME);

		for (size_t k = 0; k < s->n; k++)
			listed |= slice_eq(s->names[k], l->name);
		if (listed != s->listed || (name && h->drop_name) ||
		    (name && !s->listed && !s->with_name))
			continue;
		n += (size_t)snprintf(out + n, room - n, "%.*s=%.*s;", SLICE_FMT(l->name),
				      SLICE_FMT(l->value));
	}
}

static void rows_have_one_key_when_their_labels_say_so(void **state)
{
	static const char *const values[] = { NULL, "1", "2" }, *const names[] = { "x", "y" };
	struct key_spec specs[] = {
		spec_of("a", NULL, true),   spec_of("a", "b", true),
		spec_of(NULL, NULL, true),  spec_of(LABEL_NAME, "b", true),
		spec_of("a", NULL, false),  spec_of("b", "zz", false),
		spec_of(NULL, NULL, false), spec_of(NULL, NULL, false),
	};
	struct head heads[36];
	size_t n = 0;

	(void)state;
	specs[7].with_name = true;
	for (size_t i = 0; i < 36; i++) {
		heads[n] = head(names[i % 2], values[i / 2 % 3], values[i / 6 % 3]);
		heads[n++].drop_name = i >= 18;
	}
	for (size_t s = 0; s < sizeof(specs) / sizeof(*specs); s++)
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++) {
				char x[100], y[100];

				key_text(&specs[s], &heads[i], x, sizeof(x));
				key_text(&specs[s], &heads[j], y, sizeof(y));
				if (same_key(&specs[s], heads[i], heads[j]) != (strcmp(x, y) == 0))
					fail_msg("spec %zu: \"%s\" and \"%s\"", s, x, y);
			}
}

static void no_memory_is_an_answer(void **state)
{
	struct key_spec s = spec_of("a", NULL, true);
	struct keys k;

	(void)state;
	arena.limit = arena.held;
	assert_fails(keys_init(&ev, &s, 10000000, &k, &e), &e, ERR_LIMIT, "query needs more than");
}

#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(names_are_sorted_and_each_is_there_once),
		test(listed_labels_alone_make_a_key),
		test(a_name_counts_only_where_it_is_listed),
		test(what_is_left_out_makes_no_difference),
		test(labels_of_a_key_are_those_it_is_made_of),
		test(keys_that_are_not_there_are_not_found),
		test(rows_are_sorted_by_key),
		test(rows_have_one_key_when_their_labels_say_so),
		test(no_memory_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
