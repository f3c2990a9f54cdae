/* test_index.c - what is asked of parts and memory indexes is what a list of all series says. */
#include "tests/unit/storage/made_series.h"

#include <pthread.h>

static void assert_texts(const struct slice *out, size_t n, const char **want, size_t nwant)
{
	for (size_t i = 0; i < n && i < nwant; i++)
		assert_slice(out[i], want[i]);
	assert_int_equal(n, nwant);
}

static void plain_questions(void **state)
{
	struct fixture *f = *state;
	struct matcher cpu = { MATCH_EQ, slice_str("__name__"), slice_str("cpu") };
	const char *zones[] = { "n", "north\nwest", "东区", "西区" };
	const char *all[] = { "__name__", "always", "hostname", "n", "zone" };
	struct slice *out;
	size_t n;

	assert_ok(index_label_values(&f->set, slice_str("zone"), &cpu, 1, &f->a, &out, &n, &f->e),
		  &f->e);
	assert_texts(out, n, zones, 4);
	f->set.max_id = 30;
	assert_ok(index_label_names(&f->set, NULL, 0, &f->a, &out, &n, &f->e), &f->e);
	assert_texts(out, n, all, 5);
	assert_ok(index_label_values(&f->set, slice_str("nope"), NULL, 0, &f->a, &out, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 0);
}

static void any_matchers_give_what_a_naive_filter_gives(void **state)
{
	struct fixture *f = *state;
	struct matcher m[4];

	for (int round = 0; round < 6000; round++) {
		struct arena_mark mark = arena_mark(&f->a);
		size_t nm = chance(4);

		for (size_t i = 0; i < nm; i++)
			make_matcher(&m[i]);
		f->set.max_id = chance(3) ? UINT32_MAX : chance(3200);
		assert_selects(f, m, nm);
		arena_reset(&f->a, mark);
	}
}

static void every_single_matcher_gives_what_a_naive_filter_gives(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < 7; k++) {
		struct matcher m = { .name = slice_str(names[k]) };

		for (size_t i = 0; i < 11 * 2; i++) {
			m.op = i % 2 ? MATCH_EQ : MATCH_NE;
			m.value = slice_str(values[i / 2]);
			assert_selects(f, &m, 1);
		}
		for (size_t i = 0; i < 2 * sizeof(patterns) / sizeof(patterns[0]); i++) {
			m.op = i % 2 ? MATCH_RE : MATCH_NRE;
			m.value = slice_str(patterns[i / 2]);
			m.re = compiled[i / 2];
			assert_selects(f, &m, 1);
		}
	}
}

static void names_and_values_are_those_of_what_matches(void **state)
{
	struct fixture *f = *state;
	struct matcher m[3];

	for (int round = 0; round < 400; round++) {
		struct arena_mark mark = arena_mark(&f->a);
		size_t nm = chance(3);

		for (size_t i = 0; i < nm; i++)
			make_matcher(&m[i]);
		f->set.max_id = chance(3) ? UINT32_MAX : chance(3200);
		assert_lists(f, NULL, m, nm);
		assert_lists(f, names[chance(7)], m, nm);
		arena_reset(&f->a, mark);
	}
}

static void every_series_is_found_by_its_labels_and_by_its_id(void **state)
{
	assert_finds_all(*state);
}

static bool is_among(const struct slice *list, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(list[i], name))
			return true;
	return false;
}

static void assert_labels(const struct labels *ls, const struct made *s, const struct slice *wanted,
			  size_t n)
{
	uint32_t at = 0;

	for (size_t k = 0; k < s->n; k++) {
		if (n && !is_among(wanted, n, s->l[k].name))
			continue;
		assert_true(at < ls->n && slice_eq(ls->l[at].name, s->l[k].name) &&
			    slice_eq(ls->l[at].value, s->l[k].value));
		at++;
	}
	assert_int_equal(ls->n, at);
}

static void labels_of_many_series_are_those_of_each(void **state)
{
	struct fixture *f = *state;
	const struct labels *ls[SERIES];
	uint32_t ids[SERIES], at[SERIES];
	bool statistic[SERIES];
	struct slice wanted[7];

	for (int round = 0; round < 60; round++) {
		struct arena_mark mark = arena_mark(&f->a);
		struct index_wanted some = { wanted, chance(4) };
		uint32_t n = 0, step = chance(3) * chance(100);

		for (size_t i = 0; i < some.n; i++)
			wanted[i] = slice_str(names[chance(7)]);
		some.n = unique(wanted, some.n);
		for (uint32_t i = chance(100); i < f->n && n < SERIES; i += 1 + chance(step + 1)) {
			at[n] = i;
			ids[n++] = f->s[i].id;
		}
		assert_ok(index_labels(&f->set, ids, n, some.n ? &some : NULL, &f->a, ls, &f->e),
			  &f->e);
		assert_ok(index_kinds(&f->set, ids, n, &f->a, statistic, &f->e), &f->e);
		for (uint32_t i = 0; i < n; i++) {
			assert_labels(ls[i], &f->s[at[i]], wanted, some.n);
			assert_int_equal(statistic[i], f->s[at[i]].statistic);
		}
		arena_reset(&f->a, mark);
	}
}

static void one_that_is_not_there_is_missed_among_many(void **state)
{
	struct fixture *f = *state;
	const uint32_t missing[] = { 1, 520, 97 * 25, f->s[SERIES - 1].id + 1, 100000 };
	const struct labels *ls[3];
	bool statistic[3];

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		uint32_t ids[3] = { missing[i], missing[i], f->s[SERIES - 1].id };
		size_t n = missing[i] < ids[2] ? 3 : 2;

		assert_fails(index_labels(&f->set, ids, n, NULL, &f->a, ls, &f->e), &f->e,
			     ERR_NOT_FOUND, "there is no series");
		assert_fails(index_kinds(&f->set, ids, n, &f->a, statistic, &f->e), &f->e,
			     ERR_NOT_FOUND, "there is no series");
	}
	f->set.max_id = f->s[1499].id;
	assert_fails(index_labels(&f->set, &f->s[1500].id, 1, NULL, &f->a, ls, &f->e), &f->e,
		     ERR_NOT_FOUND, "there is no series");
}

static void what_is_not_there_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct made s = f->s[10];
	const struct labels *ls;
	uint32_t id = 7;

	assert_ok(index_find(&f->set, s.l, s.n - 1, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	s.l[0].value = slice_str("other");
	assert_ok(index_find(&f->set, s.l, s.n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	/* A gap in a part, between the parts and behind all; 0. */
	assert_fails(index_series(&f->set, 520, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 520");
	assert_fails(index_series(&f->set, 100000, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 100000");
	assert_fails(index_series(&f->set, 0, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 0");
	for (uint32_t i = 1; i < 3200; i++)
		if (has_gap(i))
			assert_int_equal(index_series(&f->set, i, &f->a, &ls, NULL, &f->e), -1);
}

static void later_series_are_not_seen(void **state)
{
	struct fixture *f = *state;
	const struct made *last = &f->s[1499], *next = &f->s[1500], *newest = &f->s[2999];
	const struct labels *ls;
	uint32_t id;

	f->set.max_id = last->id;
	assert_ok(index_find(&f->set, last->l, last->n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, last->id);
	assert_ok(index_find(&f->set, next->l, next->n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	assert_ok(index_find(&f->set, newest->l, newest->n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	assert_fails(index_series(&f->set, next->id, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series");
}

static void an_arena_that_is_full_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct matcher m = { MATCH_RE, slice_str("n"), slice_str("[0-9]+5"), compiled[19] };
	struct arena small;
	struct slice *out;
	uint32_t *ids;
	size_t n;

	arena_init(&small, 600);
	assert_fails(index_select(&f->set, &m, 1, &small, &ids, &n, &f->e), &f->e, ERR_LIMIT,
		     "needs more memory than is allowed");
	assert_fails(index_label_values(&f->set, slice_str("n"), NULL, 0, &small, &out, &n, &f->e),
		     &f->e, ERR_LIMIT, "needs more memory than is allowed");
	arena_release(&small);
}

/* --- cardinality ----------------------------------------------------------------------- */

static void cardinality_counts_all_segments(void **state)
{
	struct fixture *f = *state;
	struct index_cardinality c;
	struct slice *names_list, *values_list;
	uint64_t pairs = 0, in_metrics = 0;
	size_t n, nv;

	assert_ok(index_cardinality(&f->set, 3, &f->a, &c, &f->e), &f->e);
	assert_int_equal(c.series, SERIES);
	assert_ok(index_label_names(&f->set, NULL, 0, &f->a, &names_list, &n, &f->e), &f->e);
	assert_int_equal(c.names, n);
	for (size_t i = 0; i < n; i++) {
		assert_ok(index_label_values(&f->set, names_list[i], NULL, 0, &f->a, &values_list,
					     &nv, &f->e),
			  &f->e);
		pairs += nv;
	}
	assert_int_equal(c.pairs, pairs);
	assert_int_equal(c.nmetrics, 3);
	assert_true(c.metrics[0].n >= c.metrics[1].n && c.metrics[1].n >= c.metrics[2].n);
	assert_slice(c.label_values[0].name, "n");
	assert_int_equal(c.label_values[0].n, SERIES);
	assert_slice(c.label_values[1].name, "hostname");
	assert_int_equal(c.label_values[1].n, 150);
	assert_slice(c.label_bytes[0].name, "hostname");
	assert_slice(c.label_pairs[0].name, "always=1");
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < f->n; k++)
			in_metrics += slice_eq(value_of(&f->s[k], slice_str("__name__")),
					       c.metrics[i].name);
	assert_int_equal(in_metrics, c.metrics[0].n + c.metrics[1].n + c.metrics[2].n);
	f->set.max_id = 0;
	assert_ok(index_cardinality(&f->set, 3, &f->a, &c, &f->e), &f->e);
	assert_int_equal(c.series, 0);
	assert_int_equal(c.pairs, 0);
	assert_int_equal(c.nmetrics, 0);
}

/* --- threads --------------------------------------------------------------------------- */

struct reader {
	pthread_t thread;
	struct fixture *f;
	atomic_bool *stop;
	int rc;
	size_t rounds;
	struct err e;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct index_set x = r->f->set;
	struct matcher m[2] = {
		{ MATCH_RE, slice_str("hostname"), slice_str(".*7"), compiled[12] },
		{ MATCH_NE, slice_str("zone"), slice_str("东区") },
	};

	x.max_id = r->f->s[2799].id;
	do {
		struct arena a;
		uint32_t *ids;
		size_t n;

		arena_init(&a, 8 << 20);
		r->rc = index_select(&x, m, 2, &a, &ids, &n, &r->e);
		for (size_t i = 1; r->rc == 0 && i < n; i++)
			if (ids[i] <= ids[i - 1] || ids[i] > x.max_id)
				r->rc = -1;
		arena_release(&a);
		r->rounds++;
	} while (r->rc == 0 && !atomic_load(r->stop));
	return NULL;
}

static void readers_go_on_while_series_are_added_and_taken_back(void **state)
{
	struct fixture *f = *state;
	struct reader r[2];
	atomic_bool stop = false;

	memory_index_truncate(f->memories[1], f->s[2799].id);
	for (int i = 0; i < 2; i++) {
		r[i] = (struct reader){ .f = f, .stop = &stop };
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_on, &r[i]), 0);
	}
	for (int round = 0; round < 50; round++) {
		add_all(f, f->memories[1], 2800, SERIES);
		memory_index_truncate(f->memories[1], f->s[2799 + round % 3].id);
		memory_index_truncate(f->memories[1], f->s[2799].id);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		assert_ok(r[i].rc, &r[i].e);
		assert_true(r[i].rounds > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(plain_questions),
		INDEX_TEST(any_matchers_give_what_a_naive_filter_gives),
		INDEX_TEST(every_single_matcher_gives_what_a_naive_filter_gives),
		INDEX_TEST(names_and_values_are_those_of_what_matches),
		INDEX_TEST(every_series_is_found_by_its_labels_and_by_its_id),
		INDEX_TEST(labels_of_many_series_are_those_of_each),
		INDEX_TEST(one_that_is_not_there_is_missed_among_many),
		INDEX_TEST(what_is_not_there_is_not_found),
		INDEX_TEST(later_series_are_not_seen),
		INDEX_TEST(an_arena_that_is_full_is_an_error),
		INDEX_TEST(cardinality_counts_all_segments),
		INDEX_TEST(readers_go_on_while_series_are_added_and_taken_back),
	};

	return cmocka_run_group_tests(tests, compile, forget);
}
