/*
 * test_pack.c - samples and figures on their way from log to run to partition: nothing changes
 * for those who read, whatever is sealed, packed or merged meanwhile.
 */
#include "tests/unit/storage/behind.h"
#include "tests/unit/storage/model.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

/* Everything happens soon. */
static struct store *open_small(const char *dir, uint64_t seal, uint64_t pack, uint64_t figures)
{
	struct err e = { 0 };
	struct store *s = store_open(&(struct store_options){ .dir = dir,
							      .map_bytes = 1 << 30,
							      .seal_samples = seal,
							      .pack_samples = pack,
							      .pack_figures = figures },
				     &e);

	if (!s)
		fail_msg("the store does not open: %s", e.text);
	return s;
}

static void reopen_small(struct fixture *f, uint64_t seal, uint64_t pack, uint64_t figures)
{
	store_close(f->s);
	f->s = open_small(f->dir, seal, pack, figures);
}

static void flush(struct fixture *f)
{
	assert_ok(store_flush(f->s, &f->e), &f->e);
}

/* --- samples against a naive model ------------------------------------------------------- */

enum { PLAIN = 6, TIMES = 2400, HELD = 4 };

/* What is known at each of the possible times. */
struct truth {
	double value[PLAIN][TIMES];
	bool there[PLAIN][TIMES];
};

struct plain_test {
	int64_t times[TIMES];
	struct labels *ls[PLAIN];
	struct truth now;
	struct snapshot *held[HELD];
	struct truth then[HELD]; /* when the snapshot was taken */
	uint64_t seed;
};

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Long ago, around 1970, 2010 in even steps, and lately. */
static void make_times(struct plain_test *p)
{
	static const int64_t begin[4] = { -62135596800000, -400000, 1262304000000, 1790000000000 };
	int64_t t = INT64_MIN;

	for (int i = 0; i < TIMES; i++) {
		int k = i / (TIMES / 4);

		if (i % (TIMES / 4) == 0)
			t = i == 0 ? STAMP_EARLIEST_MS : begin[k];
		else if (i == 1)
			t = begin[0];
		else
			t += k == 2 ? 15000 : 1 + (int64_t)(random_next(&p->seed) % 9000);
		p->times[i] = t;
	}
	qsort(p->times, TIMES, sizeof(p->times[0]), by_time);
}

static double some_value(uint64_t *seed, int series)
{
	static const uint64_t special[] = { 0x7ff0000000000002, 0x8000000000000000,
					    0x7ff8000000000123, 0x7ff0000000000000 };
	uint64_t x = random_next(seed);
	double v;

	if (x % 41 == 0) {
		memcpy(&v, &special[x / 41 % 4], sizeof(v));
		return v;
	}
	switch (series % 3) {
	case 0:
		return (double)(x % 100000) / 100;
	case 1:
		return (double)(int64_t)(x % 5);
	default:
		return (double)x / 7;
	}
}

static void expect_range(const struct plain_test *p, const struct truth *w, struct snapshot *v,
			 struct arena *a, int series, int from, int to)
{
	struct arena_mark mark = arena_mark(a);
	struct series_ref ref;
	struct sample *x = NULL;
	struct err e = { 0 };
	size_t n = 0, at = 0;

	if (snapshot_find(v, p->ls[series], &ref, &e) == 0)
		assert_ok(read_samples(v, ref.id, p->times[from], p->times[to], a, &x, &n, &e), &e);
	else
		assert_int_equal(e.code, ERR_NOT_FOUND);
	for (int i = from; i <= to; i++) {
		if (!w->there[series][i])
			continue;
		if (at >= n || x[at].t_ms != p->times[i])
			fail_msg("series %d at %lld is missing", series, (long long)p->times[i]);
		if (!num_same(x[at].value, w->value[series][i]))
			fail_msg("series %d at %lld is %g, not %g", series, (long long)p->times[i],
				 x[at].value, w->value[series][i]);
		at++;
	}
	assert_int_equal(at, n);
	arena_reset(a, mark);
}

/* The series that are there, by id. */
static size_t series_there(const struct plain_test *p, struct snapshot *v, uint32_t ids[PLAIN],
			   int of[PLAIN])
{
	size_t n = 0;

	for (int s = 0; s < PLAIN; s++) {
		struct series_ref ref;
		size_t at = n;

		if (snapshot_find(v, p->ls[s], &ref, NULL) < 0)
			continue;
		for (; at > 0 && ids[at - 1] > ref.id; at--) {
			ids[at] = ids[at - 1];
			of[at] = of[at - 1];
		}
		ids[at] = ref.id;
		of[at] = s;
		n++;
	}
	return n;
}

static void expect_lasts(const struct plain_test *p, const struct truth *w, struct snapshot *v,
			 int from, int to)
{
	struct snapshot_reader *r;
	uint32_t ids[PLAIN];
	int of[PLAIN];
	int64_t t[PLAIN];
	double value[PLAIN];
	size_t n = series_there(p, v, ids, of);
	struct err e = { 0 };

	from += from == 0; /* INT64_MIN says that there is none */
	r = snapshot_reader_open(v, &e);
	assert_non_null(r);
	assert_ok(snapshot_reader_last(r, ids, n, p->times[from], p->times[to], t, value, &e), &e);
	for (size_t i = 0; i < n; i++) {
		int at = to;

		while (at >= from && !w->there[of[i]][at])
			at--;
		assert_int_equal(t[i], at < from ? INT64_MIN : p->times[at]);
		if (at >= from && !num_same(value[i], w->value[of[i]][at]))
			fail_msg("series %d at %lld is %g, not %g", of[i], (long long)t[i],
				 value[i], w->value[of[i]][at]);
	}
	snapshot_reader_close(r);
}

static void expect_all(struct plain_test *p, const struct truth *w, struct snapshot *v,
		       struct arena *a)
{
	for (int k = 0; k < 40; k++) {
		int from = (int)(random_next(&p->seed) % (TIMES - 1));
		int left = TIMES - from, most = k % 2 ? left : left < 6 ? left : 6;

		expect_lasts(p, w, v, from, from + (int)(random_next(&p->seed) % (uint64_t)most));
	}
	for (int s = 0; s < PLAIN; s++) {
		expect_range(p, w, v, a, s, 0, TIMES - 1);
		for (int k = 0; k < 4; k++) {
			int from = (int)(random_next(&p->seed) % TIMES);

			expect_range(p, w, v, a, s, from,
				     from + (int)(random_next(&p->seed) %
						  (uint64_t)(TIMES - from)));
		}
	}
}

/* A request with up to forty samples of some series, in any order. */
static void write_some(struct plain_test *p, struct fixture *f)
{
	struct rw_sample x[40];
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	for (int s = 0; s < PLAIN; s++) {
		size_t n = random_next(&p->seed) % 41;

		if (random_next(&p->seed) % 3 == 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			size_t at = random_next(&p->seed) % TIMES;

			x[i] = (struct rw_sample){ p->times[at], some_value(&p->seed, s) };
			p->now.value[s][at] = x[i].value;
			p->now.there[s][at] = true;
		}
		put_series(&raw, p->ls[s], x, n);
	}
	assert_ok(write_now(f->s, &raw, INT64_MAX, &w, &f->e), &f->e);
	buf_release(&raw);
}

static void let_go(struct plain_test *p, struct arena *a, int i)
{
	if (!p->held[i])
		return;
	expect_all(p, &p->then[i], p->held[i], a);
	snapshot_close(p->held[i]);
	p->held[i] = NULL;
}

static void samples_of_any_age_equal_a_naive_model(void **state)
{
	struct fixture *f = *state;
	struct plain_test *p = calloc(1, sizeof(*p));
	struct snapshot *v;
	uint64_t merges = 0;

	p->seed = 20261124;
	make_times(p);
	for (int s = 0; s < PLAIN; s++)
		p->ls[s] =
			series_named("plain", (const char *[]){ "a", "b", "c", "d", "e", "f" }[s]);
	reopen_small(f, 600, 3000, 0);
	for (int round = 0; round < 400; round++) {
		int i = (int)(random_next(&p->seed) % HELD);
		struct store_status before, after;

		write_some(p, f);
		store_status(f->s, &before);
		if (round % 20 == 0)
			flush(f);
		store_status(f->s, &after);
		merges += after.partitions < before.partitions;
		v = must_snapshot(f->s);
		expect_range(p, &p->now, v, &f->arena, round % PLAIN, 0, TIMES - 1);
		snapshot_close(v);
		if (round % 7 == 0) {
			let_go(p, &f->arena, i);
			p->held[i] = snapshot_open(f->s, 600000, &f->e);
			assert_non_null(p->held[i]);
			p->then[i] = p->now;
		}
		if (round % 67 == 66) {
			for (int k = 0; k < HELD; k++)
				let_go(p, &f->arena, k);
			reopen_small(f, 600, 3000, 0);
		}
	}
	for (int k = 0; k < HELD; k++)
		let_go(p, &f->arena, k);
	assert_true(merges > 0); /* else this test proves less than it says */
	reopen(f);
	v = must_snapshot(f->s);
	expect_all(p, &p->now, v, &f->arena);
	snapshot_close(v);
	for (int s = 0; s < PLAIN; s++)
		labels_unref(p->ls[s]);
	free(p);
}

/* --- figures against a naive model --------------------------------------------------------- */

static void vintages_equal_a_naive_model_while_they_are_packed(void **state)
{
	struct fixture *f = *state;
	struct model *m = calloc(1, sizeof(*m)), *then = calloc(HELD, sizeof(*then));
	struct snapshot *held[HELD] = { NULL }, *v;
	struct labels *ls[SERIES];
	uint64_t seed = 777;

	model_series(ls);
	reopen_small(f, 0, 0, 20);
	for (int op = 1; op < OPS; op++) {
		model_step(m, f, ls, &seed);
		if (op % 60 == 0)
			flush(f);
		if (op % 100 == 0) {
			int i = op / 100 % HELD;

			if (held[i]) {
				model_compare_views(&then[i], held[i], &f->arena, ls, &seed);
				snapshot_close(held[i]);
			}
			held[i] = snapshot_open(f->s, 600000, &f->e);
			assert_non_null(held[i]);
			then[i] = *m;
			model_compare_views(m, held[i], &f->arena, ls, &seed);
		}
		if (op % 490 == 0) {
			for (int i = 0; i < HELD; i++)
				snapshot_close(held[i]);
			memset(held, 0, sizeof(held));
			reopen_small(f, 0, 0, 20);
		}
	}
	for (int i = 0; i < HELD; i++) {
		if (held[i])
			model_compare_views(&then[i], held[i], &f->arena, ls, &seed);
		snapshot_close(held[i]);
	}
	reopen(f);
	v = must_snapshot(f->s);
	model_compare_views(m, v, &f->arena, ls, &seed);
	snapshot_close(v);
	for (int s = 0; s < SERIES; s++)
		labels_unref(ls[s]);
	free(m);
	free(then);
}

/* --- many revisions of one period ------------------------------------------------------------ */

enum { REVISIONS = 100000 };

/* Known from the first millisecond on, each two after the one before. */
static void put_revisions(struct fixture *f, struct labels *ls, int64_t first_ms)
{
	struct observation *o = calloc(REVISIONS, sizeof(*o));
	struct append a = { .submission = { .source = "test", .received_ms = 1, .trusted = true },
			    .obs = o,
			    .nobs = REVISIONS };

	for (int i = 0; i < REVISIONS; i++)
		o[i] = (struct observation){ .labels = ls,
					     .stamp_ms = 1,
					     .value = (double)(first_ms + 2 * (int64_t)i),
					     .months = 1,
					     .known_from_ms = first_ms + 2 * (int64_t)i };
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.fresh + a.revised, REVISIONS);
	free(o);
}

static void revisions_between_others_are_not_slow(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	struct snapshot *v;
	struct vintage *x;
	clock_t began;
	double seconds;
	size_t n;

	put_revisions(f, ls, 1);
	began = clock();
	put_revisions(f, ls, 2);
	seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
	print_message("%d revisions between as many: %.2f s\n", REVISIONS, seconds);
	assert_true(seconds < 2); /* 0.1; more than 5 when each moves all behind it */
	v = must_snapshot(f->s);
	assert_ok(snapshot_vintages(v, id_of(v, ls), 1, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 2 * REVISIONS);
	for (size_t i = 0; i < n; i++)
		assert_f64(x[i].value, (double)(i + 1));
	snapshot_close(v);
	labels_unref(ls);
}

/* Merges drop partitions; a figure that stands behind one in the same transaction must not be
 * read by what was dropped. */
struct crowd {
	struct store *s;
	struct labels *ls;
	int number;
	struct err e;
	int failed;
};

enum { CROWD = 4, PER_WRITER = 150 };

static void *append_for_long(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < PER_WRITER && !c->failed; i++)
		c->failed = put_figure(c->s, c->ls, i % 5, c->number * 1000 + i, i + 1, i + 1, NULL,
				       &c->e);
	return NULL;
}

static void figures_are_taken_while_partitions_are_merged(void **state)
{
	struct fixture *f = *state;
	struct crowd crowd[CROWD] = { { 0 } };
	pthread_t threads[CROWD];
	struct snapshot *v;
	uint64_t total = 0;

	reopen_small(f, 0, 0, 1);
	for (int i = 0; i < CROWD; i++) {
		char park[16];

		snprintf(park, sizeof(park), "p%d", i);
		crowd[i] = (struct crowd){ f->s, series_named("x", park), i, { 0 }, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, append_for_long, &crowd[i]), 0);
	}
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	flush(f);
	v = must_snapshot(f->s);
	for (int i = 0; i < CROWD; i++) {
		if (crowd[i].failed)
			fail_msg("an append failed: %s", crowd[i].e.text);
		for (int t = 0; t < 5; t++) {
			struct vintage *x;
			size_t n;

			assert_ok(snapshot_vintages(v, id_of(v, crowd[i].ls), t, &f->arena, &x, &n,
						    &f->e),
				  &f->e);
			assert_int_equal(n, PER_WRITER / 5);
			total += n;
		}
		labels_unref(crowd[i].ls);
	}
	assert_int_equal(total, CROWD * PER_WRITER);
	snapshot_close(v);
}

/* --- what lies where ---------------------------------------------------------------- */

static void what_is_written_moves_from_log_to_run_to_partition(void **state)
{
	struct fixture *f = *state;
	struct labels *plain = series_named("plain", "x"), *figure = series_named("figure", "x");
	struct store_status st;

	for (int i = 0; i < 100; i++)
		assert_ok(put_sample(f->s, plain, i * 1000, i, &f->e), &f->e);
	for (int i = 0; i < 10; i++)
		assert_ok(put_figure(f->s, figure, i, i, 1, 1, NULL, &f->e), &f->e);
	store_status(f->s, &st);
	assert_int_equal(st.series, 2);
	assert_int_equal(st.head_samples, 100);
	assert_true(st.log_bytes > 100);
	assert_int_equal(st.runs + st.partitions + st.index_parts, 0);
	assert_int_equal(st.fresh_figures, 10);
	flush(f);
	store_status(f->s, &st);
	assert_int_equal(st.series, 2);
	assert_int_equal(st.head_samples, 0);
	assert_int_equal(st.fresh_figures, 0);
	assert_int_equal(st.runs, 0);
	assert_int_equal(st.partitions, 2);
	assert_int_equal(st.packed_samples, 100);
	assert_int_equal(st.packed_figures, 10);
	assert_int_equal(st.index_parts, 1);
	/* One log file, empty; no run. */
	assert_true(st.log_bytes < 100);
	assert_int_not_equal(access(tmp_path(f->dir, "log/00000001.log"), F_OK), 0);
	assert_int_equal(access(tmp_path(f->dir, "log/00000002.log"), F_OK), 0);
	assert_int_not_equal(access(tmp_path(f->dir, "runs/00000001.run"), F_OK), 0);
	/* With nothing new nothing is done. */
	flush(f);
	store_status(f->s, &st);
	assert_int_equal(st.partitions, 2);
	labels_unref(plain);
	labels_unref(figure);
}

/* The index is packed once for what came until figures were frozen; what comes until samples are
 * sealed must not be forgotten with its log file. */
static void names_survive_what_they_were_written_in(void **state)
{
	struct fixture *f = *state;
	enum { N = 300 };

	reopen_small(f, 3, 10, 2);
	for (int i = 0; i < N; i++) {
		char park[16];
		struct labels *plain, *figure;

		snprintf(park, sizeof(park), "p%d", i);
		plain = series_named("plain", park);
		figure = series_named("figure", park);
		assert_ok(put_sample(f->s, plain, i, i, &f->e), &f->e);
		assert_ok(put_figure(f->s, figure, i, i, 1, 1, NULL, &f->e), &f->e);
		labels_unref(plain);
		labels_unref(figure);
	}
	reopen(f);
	{
		struct snapshot *v = must_snapshot(f->s);

		for (int i = 0; i < N; i++) {
			char park[16];
			struct labels *plain, *figure;
			struct vintage x;
			struct sample *s;
			bool found;
			size_t n;

			snprintf(park, sizeof(park), "p%d", i);
			plain = series_named("plain", park);
			figure = series_named("figure", park);
			assert_ok(read_samples(v, id_of(v, plain), 0, N, &f->arena, &s, &n, &f->e),
				  &f->e);
			assert_int_equal(n, 1);
			assert_f64(s->value, i);
			assert_ok(snapshot_last_figure(v, id_of(v, figure), N, latest, &x, &found,
						       &f->e),
				  &f->e);
			assert_true(found);
			assert_f64(x.value, i);
			labels_unref(plain);
			labels_unref(figure);
		}
		snapshot_close(v);
	}
}

/* A crash between the pieces of a partition leaves segments without a record. */
static void segments_of_an_unfinished_partition_are_removed(void **state)
{
	struct fixture *f = *state;
	struct labels *plain = series_named("plain", "x");
	static char bytes[5000];
	uint64_t before, after;
	struct behind b;

	assert_ok(put_sample(f->s, plain, 1, 1, &f->e), &f->e);
	flush(f);
	store_close(f->s);
	behind_open(&b, f->dir);
	assert_ok(db_entries(b.t, DB_SEGMENTS, &before, &b.e), &b.e);
	for (uint32_t i = 0; i < 3; i++) {
		uint8_t key[KEY_SEGMENT_BYTES];

		key_segment(key, 2, i);
		assert_ok(db_put(b.t, DB_SEGMENTS, key_slice(key, sizeof(key)),
				 slice_of(bytes, sizeof(bytes)), &b.e),
			  &b.e);
	}
	behind_close(&b);
	assert_sound(f->dir);
	store_close(must_open(f->dir));
	behind_open(&b, f->dir);
	assert_ok(db_entries(b.t, DB_SEGMENTS, &after, &b.e), &b.e);
	behind_close(&b);
	assert_int_equal(after, before);
	f->s = must_open(f->dir);
	labels_unref(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(samples_of_any_age_equal_a_naive_model),
		STORE_TEST(revisions_between_others_are_not_slow),
		STORE_TEST(vintages_equal_a_naive_model_while_they_are_packed),
		STORE_TEST(figures_are_taken_while_partitions_are_merged),
		STORE_TEST(what_is_written_moves_from_log_to_run_to_partition),
		STORE_TEST(names_survive_what_they_were_written_in),
		STORE_TEST(segments_of_an_unfinished_partition_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
