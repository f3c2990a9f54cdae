/* test_fresh.c - figures that are not packed yet: in memory, and in the record of a submission. */
#include "base/alloc.h"
#include "storage/fresh.h"
#include "storage/keys.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <pthread.h>
#include <stdlib.h>

struct world {
	struct fresh *f;
	struct fresh_record record;
	struct arena a;
	char *dir;
	struct db *db;
	struct err e;
};

static int set_up(void **state)
{
	struct world *x = calloc(1, sizeof(*x));
	struct db_options o;

	x->f = fresh_new(&x->e);
	x->dir = tmp_make();
	o = (struct db_options){ .dir = x->dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };
	x->db = db_open(&o, &x->e);
	arena_init(&x->a, 64 << 20);
	*state = x;
	assert_non_null(x->db);
	assert_ok(db_make_tables(x->db, &x->e), &x->e);
	return fresh_record_init(&x->record, &x->e);
}

static int tear_down(void **state)
{
	struct world *x = *state;

	fresh_unref(x->f);
	fresh_record_release(&x->record);
	arena_release(&x->a);
	db_close(x->db);
	tmp_remove(x->dir);
	free(x);
	return 0;
}

static struct figure figure_at(int64_t stamp_ms, uint64_t sequence, double value)
{
	return (struct figure){ .stamp_ms = stamp_ms,
				.known_from_ms = (int64_t)sequence,
				.received_ms = (int64_t)sequence,
				.sequence = sequence,
				.value = value,
				.months = 1 };
}

static void add(struct world *x, uint32_t series, int64_t stamp_ms, uint64_t sequence, double value)
{
	struct figure f = figure_at(stamp_ms, sequence, value);

	assert_ok(fresh_add(x->f, series, &f, &x->e), &x->e);
}

static struct figures_run read_run(struct world *x, uint32_t series, int64_t from_ms, int64_t to_ms,
				   uint64_t last)
{
	struct figures_run r = { 0 };

	assert_ok(fresh_read(x->f, series, from_ms, to_ms, last, &x->a, &r, &x->e), &x->e);
	if (r.n > 0)
		figures_sort(r.list, r.n);
	return r;
}

/* --- in memory -------------------------------------------------------------------------- */

static void figures_are_found_by_series_time_and_submission(void **state)
{
	struct world *x = *state;
	struct figures_run r;

	for (uint32_t s = 1; s <= 5000; s += 7)
		for (uint64_t k = 1; k <= 4; k++)
			add(x, s, (int64_t)k * 10, k, s + (double)k / 10);
	for (uint32_t s = 1; s <= 5000; s += 7) {
		r = read_run(x, s, INT64_MIN, INT64_MAX, UINT64_MAX);
		assert_int_equal(r.n, 4);
		for (uint64_t k = 1; k <= 4; k++)
			assert_f64(r.list[k - 1].value, s + (double)k / 10);
	}
	assert_int_equal(read_run(x, 2, INT64_MIN, INT64_MAX, UINT64_MAX).n, 0);
	assert_int_equal(read_run(x, UINT32_MAX, INT64_MIN, INT64_MAX, UINT64_MAX).n, 0);
	assert_int_equal(read_run(x, 8, 20, 30, UINT64_MAX).n, 2);
	assert_int_equal(read_run(x, 8, 21, 29, UINT64_MAX).n, 0);
	r = read_run(x, 8, INT64_MIN, INT64_MAX, 3);
	assert_int_equal(r.n, 3);
	assert_int_equal(r.list[2].sequence, 3);
	assert_int_equal(atomic_load(&x->f->figures), 715 * 4);
	assert_int_equal(x->f->last_sequence, 4);
	assert_int_equal(atomic_load(&x->f->top_series), 4999);
}

static void what_nobody_was_shown_is_taken_back(void **state)
{
	struct world *x = *state;

	for (uint64_t k = 1; k <= 9; k++)
		for (uint32_t s = 1; s <= 3000; s += 100)
			add(x, s, 5, k, (double)k);
	fresh_forget(x->f, 6);
	assert_int_equal(atomic_load(&x->f->figures), 30 * 6);
	assert_int_equal(x->f->last_sequence, 6);
	for (uint32_t s = 1; s <= 3000; s += 100)
		assert_int_equal(read_run(x, s, 5, 5, UINT64_MAX).n, 6);
	/* Another attempt takes the place. */
	add(x, 1, 5, 7, 70);
	assert_f64(read_run(x, 1, 5, 5, UINT64_MAX).list[6].value, 70);
	fresh_forget(x->f, 0);
	assert_int_equal(atomic_load(&x->f->figures), 0);
	assert_int_equal(read_run(x, 1, 5, 5, UINT64_MAX).n, 0);
}

static void an_arena_that_is_too_small_is_a_limit(void **state)
{
	struct world *x = *state;
	struct figures_run r = { 0 };
	struct arena small;

	for (int i = 0; i < 5000; i++)
		add(x, 1, i, 1, i);
	arena_init(&small, 70 << 10);
	assert_fails(fresh_read(x->f, 1, INT64_MIN, INT64_MAX, 1, &small, &r, &x->e), &x->e,
		     ERR_LIMIT, "the figures need more than 0 MiB");
	arena_release(&small);
}

struct race {
	struct fresh *f;
	_Atomic uint64_t published;
	atomic_bool stop;
	atomic_int wrong;
};

/* Each submission brings one figure to each of three series. */
static void *read_on(void *arg)
{
	struct race *r = arg;
	struct arena a;

	arena_init(&a, 64 << 20);
	while (!atomic_load(&r->stop)) {
		uint64_t last = atomic_load_explicit(&r->published, memory_order_acquire);

		for (uint32_t s = 1; s <= 3; s++) {
			struct arena_mark mark = arena_mark(&a);
			struct figures_run x = { 0 };
			struct err e;

			if (fresh_read(r->f, s, INT64_MIN, INT64_MAX, last, &a, &x, &e) < 0 ||
			    x.n != last)
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
	struct race r = { .f = x->f };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
	for (uint64_t k = 1; k <= 3000; k++) {
		for (uint32_t s = 1; s <= 3; s++)
			add(x, s, (int64_t)k, k, (double)k);
		if (k % 10 == 0) { /* one that failed */
			add(x, 2, 0, k + 1, 0);
			fresh_forget(x->f, k);
		}
		atomic_store_explicit(&r.published, k, memory_order_release);
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&r.wrong), 0);
}

/* --- the record --------------------------------------------------------------------- */

struct seen {
	char text[8192];
	size_t n;
	struct figure_packer *p;
	uint32_t chunks, figures;
	int fail_at;
};

static int see_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		    struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "%u%c", id,
				 statistic ? 's' : 'p');
	for (size_t i = 0; i < n; i++)
		s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, " %.*s=%.*s",
					 SLICE_FMT(l[i].name), SLICE_FMT(l[i].value));
	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "\n");
	return 0;
}

static int see_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	static struct figure out[FIGURES_MAX];
	struct seen *s = ctx;

	if (s->fail_at && s->chunks + 1 == (uint32_t)s->fail_at)
		return err_set(e, ERR_INVALID, "enough");
	if (figures_unpack(s->p, c, out, e) < 0)
		return -1;
	for (uint32_t i = 0; i < c->count; i++)
		if (out[i].value != c->series * 1000.0 + (double)out[i].stamp_ms)
			return err_set(e, ERR_INVALID, "another figure");
	s->chunks++;
	s->figures += c->count;
	return 0;
}

static int read_it(struct world *x, struct slice value, struct seen *s)
{
	const struct fresh_visitor v = { see_name, see_chunk, s };
	int rc;

	s->p = figure_packer_new(&x->e);
	rc = fresh_record_read(value, &v, &x->e);
	figure_packer_free(s->p);
	return rc;
}

static void put_figures(struct world *x, uint32_t series, size_t n)
{
	struct figure *f = calloc(n, sizeof(*f));

	for (size_t i = 0; i < n; i++)
		f[i] = figure_at((int64_t)i, 3, series * 1000.0 + (double)i);
	assert_ok(fresh_record_add(&x->record, series, f, n, &x->e), &x->e);
	free(f);
}

static void put_record(struct world *x, uint64_t sequence)
{
	struct db_txn *t;

	assert_ok(db_write_begin(x->db, &t, &x->e), &x->e);
	assert_ok(fresh_record_put(&x->record, t, sequence, &x->e), &x->e);
	assert_ok(db_write_commit(t, &x->e), &x->e);
}

/* To be freed with free(); .p is NULL when there is none. */
static struct slice get_record(struct world *x, uint64_t sequence)
{
	uint8_t key[KEY_SUBMISSION_BYTES];
	struct slice value, copy = { 0 };
	struct db_txn *t;
	int rc;

	key_submission(key, sequence);
	assert_ok(db_read_begin(x->db, &t, &x->e), &x->e);
	rc = db_get(t, DB_FRESH, key_slice(key, sizeof(key)), &value, &x->e);
	if (rc == 1) {
		assert_true(record_good(key_slice(key, sizeof(key)), value));
		copy = slice_of(malloc(value.n), value.n);
		memcpy((void *)(uintptr_t)copy.p, value.p, value.n);
	}
	db_read_end(t);
	return copy;
}

static void names_and_figures_of_a_record_come_back(void **state)
{
	struct world *x = *state;
	struct labels *a = labels_make(&x->e, "figure", "park", "a", NULL);
	struct labels *b = labels_make(&x->e, "plain", NULL);
	struct slice value;

	/* One series with more figures than a chunk takes. */
	for (int again = 0; again < 2; again++) {
		struct seen s = { 0 };

		fresh_record_begin(&x->record);
		fresh_record_name(&x->record, 5, true, a);
		fresh_record_name(&x->record, 9, false, b);
		put_figures(x, 5, 10);
		put_figures(x, 9, 5000);
		put_figures(x, UINT32_MAX, 1);
		put_record(x, 3 + (uint64_t)again);
		value = get_record(x, 3 + (uint64_t)again);
		assert_ok(read_it(x, value, &s), &x->e);
		assert_string_equal(s.text, "5s __name__=figure park=a\n9p __name__=plain\n");
		assert_int_equal(s.figures, 5011);
		assert_int_equal(s.chunks, 5);
		free((void *)(uintptr_t)value.p);
	}
	labels_unref(a);
	labels_unref(b);
}

static void a_record_without_anything_is_not_written(void **state)
{
	struct world *x = *state;

	fresh_record_begin(&x->record);
	put_record(x, 1);
	assert_null(get_record(x, 1).p);
}

static void records_are_dropped_up_to_a_number(void **state)
{
	struct world *x = *state;
	struct db_txn *t;

	for (uint64_t k = 1; k <= 6; k++) {
		if (k == 3)
			continue;
		fresh_record_begin(&x->record);
		put_figures(x, 1, 2);
		put_record(x, k);
	}
	assert_ok(db_write_begin(x->db, &t, &x->e), &x->e);
	assert_ok(fresh_drop(t, 1, 5, &x->e), &x->e);
	assert_ok(db_write_commit(t, &x->e), &x->e);
	for (uint64_t k = 1; k <= 6; k++) {
		struct slice value = get_record(x, k);

		assert_int_equal(value.p != NULL, k == 1 || k == 6);
		free((void *)(uintptr_t)value.p);
	}
}

static void a_visitor_can_end_it(void **state)
{
	struct world *x = *state;
	struct seen s = { .fail_at = 2 };
	struct slice value;

	fresh_record_begin(&x->record);
	for (uint32_t i = 1; i < 5; i++)
		put_figures(x, i, 2);
	put_record(x, 1);
	value = get_record(x, 1);
	assert_fails(read_it(x, value, &s), &x->e, ERR_INVALID, "enough");
	assert_int_equal(s.chunks, 1);
	free((void *)(uintptr_t)value.p);
}

/* Behind the checksum: lengths that lie. */
static void a_record_in_the_wrong_form_is_refused(void **state)
{
	struct world *x = *state;
	struct labels *ls = labels_make(&x->e, "figure", "park", "a", NULL);
	struct slice value;
	char *copy;

	fresh_record_begin(&x->record);
	fresh_record_name(&x->record, 1, true, ls);
	put_figures(x, 1, 3);
	put_record(x, 1);
	value = get_record(x, 1);
	copy = malloc(value.n + 1);
	for (size_t n = RECORD_CRC_BYTES; n < value.n; n++) {
		struct seen s = { 0 };
		char *part = malloc(n);

		memcpy(part, value.p, n);
		assert_fails(read_it(x, slice_of(part, n), &s), &x->e, ERR_CORRUPT, "");
		free(part);
	}
	memcpy(copy, value.p, value.n);
	copy[value.n] = 0;
	{
		struct seen s = { 0 };

		assert_fails(read_it(x, slice_of(copy, value.n + 1), &s), &x->e, ERR_CORRUPT,
			     "damaged record in table \"fresh\": it has the wrong form");
	}
	for (size_t at = RECORD_CRC_BYTES; at < value.n; at++)
		for (unsigned byte = 0; byte < 256; byte += 51) {
			struct seen s = { 0 };

			memcpy(copy, value.p, value.n);
			copy[at] = (char)byte;
			if (read_it(x, slice_of(copy, value.n), &s) < 0)
				assert_true(x->e.code == ERR_CORRUPT || x->e.code == ERR_INVALID);
		}
	free(copy);
	free((void *)(uintptr_t)value.p);
	labels_unref(ls);
}

static void without_memory_no_half_record_is_written(void **state)
{
	struct world *x = *state;
	long errors = 0;

	for (long k = 0; k < 60; k++) {
		struct figure f[50];
		struct fresh_record r;
		struct db_txn *t;
		struct err e = { 0 };
		int rc;

		assert_ok(db_write_begin(x->db, &t, &x->e), &x->e);
		mem_fail_after(k, 0);
		rc = fresh_record_init(&r, &e);
		if (rc == 0)
			fresh_record_begin(&r);
		for (uint32_t s = 1; s <= 5 && rc == 0; s++) {
			for (int i = 0; i < 50; i++)
				f[i] = figure_at(i, 3, s * 1000.0 + i);
			rc = fresh_record_add(&r, s, f, 50, &e);
			if (rc == 0)
				rc = fresh_record_put(&r, t, 10, &e) < 0 ? -1 : 0;
		}
		mem_fail_after(-1, 0);
		if (rc < 0) {
			assert_int_equal(e.code, ERR_MEMORY);
			errors++;
			db_write_abort(t);
		} else {
			assert_ok(db_write_commit(t, &x->e), &x->e);
		}
		fresh_record_release(&r);
	}
	assert_true(errors > 5 && errors < 60);
	{
		struct slice value = get_record(x, 10);
		struct seen s = { 0 };

		assert_ok(read_it(x, value, &s), &x->e);
		assert_int_equal(s.figures, 250);
		free((void *)(uintptr_t)value.p);
	}
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(figures_are_found_by_series_time_and_submission),
		TEST(what_nobody_was_shown_is_taken_back),
		TEST(an_arena_that_is_too_small_is_a_limit),
		TEST(readers_need_no_lock),
		TEST(names_and_figures_of_a_record_come_back),
		TEST(a_record_without_anything_is_not_written),
		TEST(records_are_dropped_up_to_a_number),
		TEST(a_visitor_can_end_it),
		TEST(a_record_in_the_wrong_form_is_refused),
		TEST(without_memory_no_half_record_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
