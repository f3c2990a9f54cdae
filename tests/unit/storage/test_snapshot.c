/* test_snapshot.c - what a view sees: against models, real vintages, and while others write. */
#include "base/date.h"
#include "base/num.h"
#include "tests/unit/storage/model.h"

#include <math.h>
#include <stdatomic.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

/* --- against a naive model ------------------------------------------------------------ */

static void random_vintages_equal_a_naive_model(void **state)
{
	struct fixture *f = *state;
	struct model *m = calloc(1, sizeof(*m));
	struct labels *ls[SERIES];
	struct snapshot *v;
	uint64_t seed = 4242;

	model_series(ls);
	for (int op = 1; op <= OPS; op++) {
		model_step(m, f, ls, &seed);
		if (op % 150 == 0) {
			v = must_snapshot(f->s);
			model_compare_views(m, v, &f->arena, ls, &seed);
			snapshot_close(v);
		}
	}
	reopen(f);
	v = must_snapshot(f->s);
	model_compare(m, v, &f->arena, ls, latest);
	snapshot_close(v);
	for (int s = 0; s < SERIES; s++)
		labels_unref(ls[s]);
	free(m);
}

/* --- real vintages ---------------------------------------------------------------------------- */

struct change {
	struct labels *ls;
	char series[32];
	int64_t stamp_ms, known_ms;
	double value;
};

static int64_t day_ms(const char *text)
{
	struct err e = { 0 };
	struct date d;

	assert_ok(date_parse(slice_str(text), &d, &e), &e);
	return date_to_days(d) * INT64_C(86400000);
}

static FILE *open_changes(void)
{
	static const char file[] = "data/frbny-fred-vintages/vintages_changes_2010on.csv";
	const char *shared = getenv("PARKWATCH_SHARED");
	const char *roots[] = { shared, "../shared", "../../shared" };
	char path[4096];

	for (size_t i = 0; i < 3; i++) {
		FILE *f;

		if (!roots[i] || !*roots[i])
			continue;
		snprintf(path, sizeof(path), "%s/%s", roots[i], file);
		f = fopen(path, "r");
		if (f)
			return f;
	}
	return NULL;
}

static size_t read_changes(FILE *f, struct change *out, size_t max)
{
	char line[256], period[16], known[16], date[32];
	size_t n = 0;

	if (!fgets(line, sizeof(line), f))
		return 0;
	while (n < max && fgets(line, sizeof(line), f)) {
		struct change *c = &out[n++];
		struct err e = { 0 };
		char value[64];

		assert_int_equal(sscanf(line, "%31[^,],%15[^,],%15[^,],%63[^\r\n]", c->series,
					period, known, value),
				 4);
		snprintf(date, sizeof(date), "%s-01", period);
		c->stamp_ms = day_ms(date);
		c->known_ms = day_ms(known);
		assert_ok(num_parse(slice_str(value), &c->value, &e), &e);
		c->ls = series_named("fred", c->series);
	}
	return n;
}

/* Applies all changes until `as_of` in the order of the file's dates: the newest counts. */
static bool changed_value(const struct change *c, size_t n, const struct labels *ls, int64_t stamp,
			  int64_t as_of, double *value)
{
	const struct change *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (labels_cmp(c[i].ls, ls) == 0 && c[i].stamp_ms == stamp &&
		    c[i].known_ms <= as_of && (!best || c[i].known_ms > best->known_ms))
			best = &c[i];
	if (best)
		*value = best->value;
	return best;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t distinct_dates(const struct change *c, size_t n, int64_t *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		out[i] = c[i].known_ms;
	qsort(out, n, sizeof(*out), by_number);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return kept;
}

static void import_changes(struct fixture *f, const struct change *c, size_t n)
{
	struct observation *o = calloc(n, sizeof(*o));
	struct append a = { .submission = { .source = "import",
					    .received_ms = INT64_C(1795000000000),
					    .trusted = true },
			    .obs = o,
			    .nobs = n };

	/* Backwards, so that order of arrival is of no help. */
	for (size_t i = 0; i < n; i++)
		o[n - 1 - i] = (struct observation){ .labels = c[i].ls,
						     .stamp_ms = c[i].stamp_ms,
						     .value = c[i].value,
						     .months = 1,
						     .known_from_ms = c[i].known_ms };
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.fresh + a.revised, n);
	assert_int_equal(a.fresh, 2258);
	free(o);
}

static void compare_date(struct fixture *f, const struct change *c, size_t n, int64_t as_of)
{
	struct arena_mark mark = arena_mark(&f->arena);
	struct snapshot *v = must_snapshot(f->s);
	struct series_ref *refs;
	size_t nrefs, figures = 0, expected = 0;

	assert_ok(snapshot_select(v, NULL, 0, &f->arena, &refs, &nrefs, &f->e), &f->e);
	for (size_t i = 0; i < nrefs; i++) {
		struct vintage *x;
		size_t nx;

		assert_ok(snapshot_figures(v, refs[i].id, INT64_MIN, INT64_MAX,
					   (struct view){ .as_of_ms = as_of }, &f->arena, &x, &nx,
					   &f->e),
			  &f->e);
		for (size_t k = 0; k < nx; k++) {
			double want = 0;

			assert_true(
				changed_value(c, n, refs[i].labels, x[k].stamp_ms, as_of, &want));
			assert_f64(x[k].value, want);
		}
		figures += nx;
	}
	/* And none too few: one for each (series, period) that had appeared. */
	for (size_t i = 0; i < n; i++) {
		bool first = c[i].known_ms <= as_of;

		for (size_t k = 0; k < i && first; k++)
			first = c[k].ls != c[i].ls || c[k].stamp_ms != c[i].stamp_ms ||
				c[k].known_ms > as_of;
		expected += first;
	}
	assert_int_equal(figures, expected);
	snapshot_close(v);
	arena_reset(&f->arena, mark);
}

static void real_vintages_come_back_at_each_publication_date(void **state)
{
	enum { MAX = 4000 };
	struct fixture *f = *state;
	FILE *file = open_changes();
	struct change *c;
	int64_t *dates;
	size_t n, ndates;

	if (!file) {
		print_message(
			"SKIPPED: no vintages_changes_2010on.csv; set PARKWATCH_SHARED to the "
			"folder with data/frbny-fred-vintages\n");
		skip();
	}
	c = calloc(MAX, sizeof(*c));
	dates = calloc(MAX, sizeof(*dates));
	n = read_changes(file, c, MAX);
	fclose(file);
	assert_int_equal(n, 3072);
	ndates = distinct_dates(c, n, dates);
	assert_int_equal(ndates, 78);
	import_changes(f, c, n);
	reopen(f);
	for (size_t i = 0; i < ndates; i++)
		compare_date(f, c, n, dates[i]);
	compare_date(f, c, n, dates[0] - 1);
	for (size_t i = 0; i < n; i++)
		labels_unref(c[i].ls);
	free(c);
	free(dates);
}

/* --- while others write ------------------------------------------------------------- */

enum { READERS = 4, ROUNDS = 150 };

struct race {
	struct store *s;
	struct labels *a, *b, *plain;
	atomic_bool stop;
	atomic_int reads;
};

/* Both series are always written together, so a view that shows one value shows both; the sample of
 * the same append is written before them. */
static void read_once(struct race *r, struct arena *arena)
{
	struct err e = { 0 };
	struct snapshot *v = snapshot_open(r->s, 60000, &e);
	struct series_ref a, b, p, *all;
	struct vintage x, y;
	struct sample *run;
	bool fx, fy;
	size_t n, nall;

	if (!v)
		fail_msg("no snapshot: %s", e.text);
	assert_ok(snapshot_select(v, NULL, 0, arena, &all, &nall, &e), &e);
	if (snapshot_find(v, r->a, &a, &e) == 0 && snapshot_find(v, r->b, &b, &e) == 0) {
		assert_ok(snapshot_find(v, r->plain, &p, &e), &e);
		assert_ok(snapshot_last_figure(v, a.id, INT64_MAX, latest, &x, &fx, &e), &e);
		assert_ok(snapshot_last_figure(v, b.id, INT64_MAX, latest, &y, &fy, &e), &e);
		assert_true(fx == fy);
		if (!fx)
			x.value = y.value = 0;
		assert_f64(x.value, y.value);
		assert_ok(read_samples(v, p.id, INT64_MIN, INT64_MAX, arena, &run, &n, &e), &e);
		assert_in_range(n, (size_t)x.value, (size_t)x.value + 1);
		/* One new series a round, besides these three; some may have got their numbers
		 * only. */
		assert_in_range(nall, 3 + (size_t)x.value, 6 + (size_t)x.value);
	}
	snapshot_close(v);
	atomic_fetch_add(&r->reads, 1);
}

static void *reader(void *arg)
{
	struct race *r = arg;
	struct arena arena;

	arena_init(&arena, 64 << 20);
	while (!atomic_load(&r->stop)) {
		struct arena_mark mark = arena_mark(&arena);

		read_once(r, &arena);
		arena_reset(&arena, mark);
	}
	arena_release(&arena);
	return NULL;
}

static void readers_see_whole_transactions_while_the_writer_writes(void **state)
{
	struct fixture *f = *state;
	struct race r = { .s = f->s,
			  .a = series_named("a", "x"),
			  .b = series_named("b", "x"),
			  .plain = series_named("plain", "x") };
	pthread_t threads[READERS];

	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, &r), 0);
	for (int i = 1; i <= ROUNDS; i++) {
		char name[16];
		struct labels *fresh;
		struct observation o[3];
		struct plain_sample x = { r.plain, i * 1000, i };
		struct append a = { .submission = { .received_ms = i, .released_ms = i },
				    .obs = o,
				    .nobs = 3,
				    .samples = &x,
				    .nsamples = 1 };

		snprintf(name, sizeof(name), "%d", i);
		fresh = series_named("fresh", name);
		o[0] = (struct observation){ .labels = r.a, .stamp_ms = i / 3, .value = i };
		o[1] = (struct observation){ .labels = r.b, .stamp_ms = i / 3, .value = i };
		o[2] = (struct observation){ .labels = fresh, .stamp_ms = 0, .value = i };
		assert_ok(append_now(f->s, &a, &f->e), &f->e);
		labels_unref(fresh);
	}
	while (atomic_load(&r.reads) < READERS)
		usleep(1000);
	atomic_store(&r.stop, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	labels_unref(r.a);
	labels_unref(r.b);
	labels_unref(r.plain);
}

/* --- one reader, many series ---------------------------------------------------------------- */

enum { PATTERNS = 3, PATTERN_SERIES = 12, PATTERN_SAMPLES = 40 };

/* Some series share their times, some have others, and one has gaps. */
static int64_t pattern_time(int series, int k)
{
	return series % PATTERNS == 2 ? (int64_t)k * k * 50 : k * 1000 + series % PATTERNS;
}

static double pattern_value(int series, int k)
{
	return series == 5 && k == 7 ? NAN : series * 1000 + k;
}

/* Samples `from` to `to`, one a request. */
static void put_patterns(struct fixture *f, struct labels **ls, int from, int to)
{
	struct plain_sample x[PATTERN_SERIES];

	for (int k = from; k < to; k++) {
		struct append a = { .submission = { .received_ms = INT64_MAX / 2 },
				    .samples = x,
				    .nsamples = PATTERN_SERIES };

		for (int i = 0; i < PATTERN_SERIES; i++)
			x[i] = (struct plain_sample){ ls[i], pattern_time(i, k),
						      pattern_value(i, k) };
		assert_ok(append_now(f->s, &a, &f->e), &f->e);
	}
}

static void assert_pattern(const struct samples *x, int series, int64_t from_ms, int64_t to_ms)
{
	size_t n = 0;

	for (int k = 0; k < PATTERN_SAMPLES; k++) {
		int64_t t = pattern_time(series, k);

		if (t < from_ms || t > to_ms)
			continue;
		assert_true(n < x->n);
		assert_int_equal(x->t_ms[n], t);
		assert_true(num_same(x->value[n++], pattern_value(series, k)));
	}
	assert_int_equal(x->n, n);
	for (size_t i = 0; i < n; i++)
		assert_true(!x->numbers || !isnan(x->value[i]));
}

static void one_reader_gives_each_series_its_own_times(void **state)
{
	static const int64_t ranges[][2] = { { INT64_MIN, INT64_MAX }, { 7000, 21000 },
					     { 12500, 12700 },         { 30000, INT64_MAX },
					     { INT64_MIN, 3001 },      { 5000, 4000 } };
	struct fixture *f = *state;
	struct labels *ls[PATTERN_SERIES];
	struct snapshot_reader *r;
	struct snapshot *v;
	struct samples x;

	for (int i = 0; i < PATTERN_SERIES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%03d", i);
		ls[i] = series_named("x", name);
	}
	/* The last samples first: of two parts in files and one in memory none follows on. */
	put_patterns(f, ls, 25, PATTERN_SAMPLES);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	put_patterns(f, ls, 0, 15);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	put_patterns(f, ls, 15, 25);
	v = must_snapshot(f->s);
	r = snapshot_reader_open(v, &f->e);
	assert_non_null(r);
	for (size_t k = 0; k < sizeof(ranges) / sizeof(*ranges); k++)
		for (int i = 0; i < 2 * PATTERN_SERIES; i++) {
			int series = i < PATTERN_SERIES ? i : i * 5 % PATTERN_SERIES;

			assert_ok(snapshot_reader_samples(r, id_of(v, ls[series]), ranges[k][0],
							  ranges[k][1], &f->arena, &x, &f->e),
				  &f->e);
			assert_pattern(&x, series, ranges[k][0], ranges[k][1]);
		}
	assert_ok(snapshot_reader_samples(r, id_of(v, ls[4]), 30000, INT64_MAX, &f->arena, &x,
					  &f->e),
		  &f->e);
	assert_true(x.numbers);
	snapshot_reader_close(r);
	snapshot_close(v);
	for (int i = 0; i < PATTERN_SERIES; i++)
		labels_unref(ls[i]);
}

/* --- several threads on one snapshot ------------------------------------------------------ */

enum { SPREAD_SERIES = 400, SPREAD_SAMPLES = 50, SPREAD_THREADS = 3 };

struct share {
	pthread_t thread;
	struct snapshot *v;
	const uint32_t *ids;
	size_t n;
	size_t samples, wrong;
};

static void *read_share(void *arg)
{
	struct share *x = arg;
	struct err e = { 0 };
	struct snapshot_reader *r = snapshot_reader_open(x->v, &e);
	struct arena arena;

	arena_init(&arena, 64 << 20);
	for (size_t i = 0; r && i < x->n; i++) {
		struct arena_mark mark = arena_mark(&arena);
		struct samples s;

		if (snapshot_reader_samples(r, x->ids[i], INT64_MIN, INT64_MAX, &arena, &s, &e) < 0)
			break;
		x->samples += s.n;
		for (size_t k = 0; k < s.n; k++)
			x->wrong += s.value[k] != (double)s.t_ms[k] / 1000;
		arena_reset(&arena, mark);
	}
	snapshot_reader_close(r);
	arena_release(&arena);
	return NULL;
}

static void threads_read_disjoint_series_of_one_snapshot(void **state)
{
	struct fixture *f = *state;
	struct share shares[SPREAD_THREADS] = { 0 };
	struct plain_sample x[SPREAD_SERIES];
	struct snapshot *v;
	uint32_t *ids;
	size_t n, samples = 0;

	for (int k = 0; k < SPREAD_SAMPLES; k++) {
		struct append a = { .submission = { .received_ms = INT64_MAX / 2 },
				    .samples = x,
				    .nsamples = SPREAD_SERIES };

		for (int i = 0; i < SPREAD_SERIES; i++) {
			char name[16];

			snprintf(name, sizeof(name), "%03d", i);
			x[i] = (struct plain_sample){ series_named("x", name), k * 1000, k };
		}
		assert_ok(append_now(f->s, &a, &f->e), &f->e);
		for (int i = 0; i < SPREAD_SERIES; i++)
			labels_unref(x[i].labels);
		if (k == SPREAD_SAMPLES / 2)
			assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	v = must_snapshot(f->s);
	assert_ok(snapshot_ids(v, NULL, 0, &f->arena, &ids, &n, &f->e), &f->e);
	assert_int_equal(n, SPREAD_SERIES);
	for (size_t i = 0; i < SPREAD_THREADS; i++) {
		size_t from = n * i / SPREAD_THREADS, to = n * (i + 1) / SPREAD_THREADS;

		shares[i] = (struct share){ .v = v, .ids = ids + from, .n = to - from };
		assert_int_equal(pthread_create(&shares[i].thread, NULL, read_share, &shares[i]),
				 0);
	}
	for (size_t i = 0; i < SPREAD_THREADS; i++) {
		pthread_join(shares[i].thread, NULL);
		assert_int_equal(shares[i].wrong, 0);
		samples += shares[i].samples;
	}
	assert_int_equal(samples, SPREAD_SERIES * SPREAD_SAMPLES);
	snapshot_close(v);
}

static void a_snapshot_does_not_see_later_series(void **state)
{
	struct fixture *f = *state;
	struct labels *one = series_named("x", "1"), *two = series_named("x", "2");
	struct matcher x = { MATCH_EQ, slice_str("__name__"), slice_str("x") };
	struct series_ref ref, *all;
	struct snapshot *v;
	struct slice *out;
	size_t n;

	assert_ok(put_figure(f->s, one, 1, 1, 1, 1, NULL, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(put_figure(f->s, two, 1, 1, 1, 1, NULL, &f->e), &f->e);
	assert_fails(snapshot_find(v, two, &ref, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series x{park=\"2\"}");
	assert_ok(snapshot_select(v, &x, 1, &f->arena, &all, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_ok(snapshot_label_values(v, slice_str("park"), NULL, 0, &f->arena, &out, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 1);
	snapshot_close(v);
	v = must_snapshot(f->s);
	assert_ok(snapshot_find(v, two, &ref, &f->e), &f->e);
	assert_int_equal(ref.id, 2);
	assert_true(ref.statistic);
	snapshot_close(v);
	labels_unref(one);
	labels_unref(two);
}

static void a_snapshot_past_its_deadline_reads_no_more(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "1");
	struct series_ref *all;
	struct store_status st;
	struct snapshot *v;
	struct vintage x;
	bool found;
	size_t n;

	assert_ok(put_figure(f->s, ls, 1, 1, 1, 1, NULL, &f->e), &f->e);
	v = snapshot_open(f->s, 1, &f->e);
	assert_non_null(v);
	usleep(3000);
	assert_fails(snapshot_last_figure(v, 1, 9, latest, &x, &found, &f->e), &f->e, ERR_TIMEOUT,
		     "the snapshot was open for longer than its 1 ms");
	assert_fails(snapshot_select(v, NULL, 0, &f->arena, &all, &n, &f->e), &f->e, ERR_TIMEOUT,
		     "longer");
	store_status(f->s, &st);
	assert_int_equal(st.snapshots, 1);
	snapshot_close(v);
	store_status(f->s, &st);
	assert_int_equal(st.snapshots, 0);
	labels_unref(ls);
}

static void there_are_only_so_many_snapshots(void **state)
{
	struct err e = { 0 };
	char *dir = tmp_make();
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .max_snapshots = 3 };
	struct store *s = store_open(&o, &e);
	struct snapshot *v[3];

	(void)state;
	assert_non_null(s);
	for (int i = 0; i < 3; i++)
		v[i] = must_snapshot(s);
	assert_null(snapshot_open(s, 0, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_has(e.text, "3 snapshots are open already");
	snapshot_close(v[1]);
	v[1] = must_snapshot(s);
	for (int i = 0; i < 3; i++)
		snapshot_close(v[i]);
	store_close(s);
	tmp_remove(dir);
}

static void an_arena_that_is_too_small_is_a_limit(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "1");
	struct snapshot *v;
	struct vintage *x;
	struct arena small;
	size_t n;

	assert_ok(put_figure(f->s, ls, 1, 1, 1, 1, NULL, &f->e), &f->e);
	arena_init(&small, 16);
	v = must_snapshot(f->s);
	assert_fails(snapshot_figures(v, 1, 0, 9, latest, &small, &x, &n, &f->e), &f->e, ERR_LIMIT,
		     "the result needs more than 0 MiB");
	assert_fails(snapshot_vintages(v, 1, 1, &small, &x, &n, &f->e), &f->e, ERR_LIMIT, "MiB");
	snapshot_close(v);
	arena_release(&small);
	labels_unref(ls);
}

/* --- whether there is a sample ------------------------------------------------------------- */

static void compare_presence(struct fixture *f, uint64_t *seed, bool last)
{
	struct snapshot *v = must_snapshot(f->s);

	for (int i = 0; i < 300; i++) {
		uint32_t id = 1 + (uint32_t)(random_next(seed) % 3);
		int64_t from = (int64_t)(random_next(seed) % 4200) - 100;
		int64_t to = from + (int64_t)(random_next(seed) % 40) - 2;
		struct samples x;
		bool has;

		assert_ok(snapshot_samples(v, id, from, to, &f->arena, &x, &f->e), &f->e);
		assert_ok(snapshot_has_sample(v, id, from, to, &has, &f->e), &f->e);
		if (has != (x.n > 0))
			fail_msg("series %u in [%d, %d]: %zu samples, has: %d%s", id, (int)from,
				 (int)to, x.n, has, last ? " (packed)" : "");
	}
	snapshot_close(v);
}

/* Some in chunks of many samples, some in memory, with holes between them. */
static void a_sample_is_found_exactly_where_one_can_be_read(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 77;

	for (int round = 0; round < 4; round++) {
		struct buf raw;
		struct write w;

		buf_init(&raw, 1 << 20);
		for (int s = 0; s < 3; s++) {
			struct labels *ls = series_named("up", s == 0 ? "a" : s == 1 ? "b" : "c");
			struct rw_sample x[100];

			for (int k = 0; k < 100; k++)
				x[k] = (struct rw_sample){ .t_ms = round * 1000 + k * 10 +
								   (int64_t)(random_next(&seed) %
									     10),
							   .value = k };
			put_series(&raw, ls, x, 100);
			labels_unref(ls);
		}
		assert_ok(write_now(f->s, &raw, 1000000, &w, &f->e), &f->e);
		buf_release(&raw);
		compare_presence(f, &seed, false);
		if (round % 2 == 0)
			assert_ok(store_flush(f->s, &f->e), &f->e);
		compare_presence(f, &seed, true);
	}
}

static void a_series_is_found_by_its_id(void **state)
{
	struct fixture *f = *state;
	struct labels *a = series_named("figure", "a"), *b = series_named("up", "b");
	struct series_ref ref;
	struct snapshot *v;

	assert_ok(put_figure(f->s, a, 1, 1, 1, 1, NULL, &f->e), &f->e);
	assert_ok(put_sample(f->s, b, 5000, 1, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(snapshot_series(v, id_of(v, a), &f->arena, &ref, &f->e), &f->e);
	assert_true(ref.statistic);
	assert_int_equal(labels_cmp(ref.labels, a), 0);
	assert_ok(snapshot_series(v, id_of(v, b), &f->arena, &ref, &f->e), &f->e);
	assert_false(ref.statistic);
	assert_int_equal(labels_cmp(ref.labels, b), 0);
	assert_fails(snapshot_series(v, 3, &f->arena, &ref, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 3");
	snapshot_close(v);
	labels_unref(a);
	labels_unref(b);
}

static void assert_extent(struct fixture *f, int64_t first_ms, int64_t last_ms, uint64_t chunks)
{
	struct snapshot *v = must_snapshot(f->s);
	struct stored_extent x;

	assert_ok(snapshot_extent(v, &x, &f->e), &f->e);
	assert_int_equal(x.first_ms, first_ms);
	assert_int_equal(x.last_ms, last_ms);
	assert_int_equal(x.chunks, chunks);
	snapshot_close(v);
}

static void the_extent_is_of_what_is_packed_and_what_is_not(void **state)
{
	struct fixture *f = *state;
	struct labels *a = series_named("figure", "a"), *b = series_named("up", "b");

	assert_extent(f, INT64_MAX, INT64_MIN, 0);
	assert_ok(put_sample(f->s, b, 5000, 1, &f->e), &f->e);
	assert_ok(put_sample(f->s, b, 4000, 1, &f->e), &f->e);
	assert_extent(f, 4000, 5000, 1);
	assert_ok(put_figure(f->s, a, 1, 1, 1, 1, NULL, &f->e), &f->e);
	assert_extent(f, 1, 5000, 2);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	assert_extent(f, 1, 5000, 2);
	assert_ok(put_sample(f->s, b, 6000, 1, &f->e), &f->e);
	assert_extent(f, 1, 6000, 3);
	labels_unref(a);
	labels_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_sample_is_found_exactly_where_one_can_be_read),
		STORE_TEST(a_series_is_found_by_its_id),
		STORE_TEST(the_extent_is_of_what_is_packed_and_what_is_not),
		STORE_TEST(random_vintages_equal_a_naive_model),
		STORE_TEST(real_vintages_come_back_at_each_publication_date),
		STORE_TEST(readers_see_whole_transactions_while_the_writer_writes),
		STORE_TEST(one_reader_gives_each_series_its_own_times),
		STORE_TEST(threads_read_disjoint_series_of_one_snapshot),
		STORE_TEST(a_snapshot_does_not_see_later_series),
		STORE_TEST(a_snapshot_past_its_deadline_reads_no_more),
		cmocka_unit_test(there_are_only_so_many_snapshots),
		STORE_TEST(an_arena_that_is_too_small_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
