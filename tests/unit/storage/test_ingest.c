/*
 * test_ingest.c - remote write requests: what is kept, what is refused and how it is said,
 * and what of it is there after a crash.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/num.h"
#include "storage/db.h"
#include "storage/keys.h"
#include "storage/wal.h"
#include "tests/unit/storage/help.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1790000000 };
static const int64_t now_ms = NOW * INT64_C(1000);

/* Families by the beginning of their name, as a catalogue would. */
static struct series_kind kind_of(void *ctx, const struct label *l, size_t n)
{
	struct series_kind kind = { .class = SERIES_PLAIN, .months = 3 };

	if (ctx)
		atomic_fetch_add((atomic_int *)ctx, 1);
	for (size_t i = 0; i < n; i++) {
		if (!slice_is(l[i].name, "__name__"))
			continue;
		if (slice_starts(l[i].value, "stat_"))
			kind.class = SERIES_STATISTIC;
		if (slice_starts(l[i].value, "refused_"))
			kind.class = SERIES_REFUSED;
		kind.preliminary = slice_is(l[i].value, "stat_preliminary");
	}
	return kind;
}

static struct store *open_classified(const char *dir, void *ctx)
{
	struct err e = { 0 };
	struct store *s = store_open(&(struct store_options){ .dir = dir,
							      .map_bytes = 1 << 30,
							      .classify = kind_of,
							      .classify_ctx = ctx },
				     &e);

	if (!s)
		fail_msg("the store does not open: %s", e.text);
	return s;
}

static void classified(struct fixture *f)
{
	store_close(f->s);
	f->s = open_classified(f->dir, NULL);
}

/* Adds one series with one sample. */
static void put_one(struct buf *raw, const char *name, const char *park, int64_t t_ms, double value)
{
	struct labels *ls = series_named(name, park);
	struct rw_sample x = { t_ms, value };

	put_series(raw, ls, &x, 1);
	labels_unref(ls);
}

static int write_one(struct fixture *f, const char *name, const char *park, int64_t t_ms,
		     double value, struct write *w)
{
	struct buf raw;
	int rc;

	buf_init(&raw, 1 << 20);
	put_one(&raw, name, park, t_ms, value);
	rc = write_now(f->s, &raw, now_ms, w, &f->e);
	buf_release(&raw);
	return rc;
}

static size_t samples_of(struct fixture *f, const char *name, const char *park, struct sample **out)
{
	struct labels *ls = series_named(name, park);
	struct snapshot *v = must_snapshot(f->s);
	struct series_ref ref;
	size_t n = 0;

	if (snapshot_find(v, ls, &ref, &f->e) == 0)
		assert_ok(read_samples(v, ref.id, INT64_MIN, INT64_MAX, &f->arena, out, &n, &f->e),
			  &f->e);
	snapshot_close(v);
	labels_unref(ls);
	return n;
}

static size_t vintages_of(struct fixture *f, const char *name, const char *park, int64_t stamp_ms,
			  struct vintage **out)
{
	struct labels *ls = series_named(name, park);
	struct snapshot *v = must_snapshot(f->s);
	struct series_ref ref;
	size_t n = 0;

	if (snapshot_find(v, ls, &ref, &f->e) == 0)
		assert_ok(snapshot_vintages(v, ref.id, stamp_ms, &f->arena, out, &n, &f->e), &f->e);
	snapshot_close(v);
	labels_unref(ls);
	return n;
}

/* --- what is kept ------------------------------------------------------------------------- */

static void a_request_is_kept_and_comes_back(void **state)
{
	struct fixture *f = *state;
	struct rw_sample x[3] = { { now_ms - 30000, 1 }, { now_ms - 15000, 2.5 }, { now_ms, -3 } };
	struct labels *ls = series_named("up", "a");
	struct sample *s;
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, x, 3);
	put_one(&raw, "up", "b", now_ms, 7);
	rw_put_metadata(&raw, &(struct rw_metadata){ .type = RW_GAUGE, .family = slice_str("up") });
	assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
	assert_int_equal(w.samples, 4);
	assert_int_equal(w.refused, 0);
	for (int again = 0; again < 3; again++) {
		assert_int_equal(samples_of(f, "up", "a", &s), 3);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(s[i].t_ms, x[i].t_ms);
			assert_f64(s[i].value, x[i].value);
		}
		assert_int_equal(samples_of(f, "up", "b", &s), 1);
		if (again == 0)
			reopen(f); /* from the log */
		else if (again == 1)
			assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	buf_release(&raw);
	labels_unref(ls);
}

static void an_empty_request_is_nothing_and_is_answered(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("up", "a");
	struct store_status st;
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
	assert_int_equal(w.samples, 0);
	put_series(&raw, ls, NULL, 0);
	assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
	store_status(f->s, &st);
	assert_int_equal(st.head_samples, 0);
	assert_int_equal(st.log_bytes, WAL_HEAD_BYTES);
	buf_release(&raw);
	labels_unref(ls);
}

static void what_is_no_request_is_refused_whole(void **state)
{
	struct fixture *f = *state;
	struct write w = { .body = slice_str("this is no snappy block") };
	struct buf raw;

	assert_fails(store_write(f->s, &w, &f->e), &f->e, ERR_INVALID, "");
	buf_init(&raw, 1 << 20);
	buf_put(&raw, "\x0a\x7f half a series", 16);
	assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID, "time series 1");
	buf_release(&raw);
}

static void doubles_are_kept_bit_for_bit(void **state)
{
	static const uint64_t bits[] = {
		0x7ff0000000000002, /* staleness mark */
		0x8000000000000000, /* -0.0 */
		0x7ff8000000000001, 0xfff8dead0000beef, 0x7ff0000000000000, 0xfff0000000000000,
		0x0000000000000001, 0x7fefffffffffffff, 0x3ff0000000000000, 0x0000000000000000,
	};
	enum { N = sizeof(bits) / sizeof(bits[0]) };
	struct fixture *f = *state;
	struct labels *ls = series_named("up", "a");
	struct rw_sample x[N];
	struct sample *s;
	struct write w;
	struct buf raw;

	for (int i = 0; i < N; i++) {
		x[i].t_ms = now_ms + i;
		memcpy(&x[i].value, &bits[i], 8);
	}
	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, x, N);
	assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
	for (int again = 0; again < 4; again++) {
		assert_int_equal(samples_of(f, "up", "a", &s), N);
		for (int i = 0; i < N; i++)
			assert_memory_equal(&s[i].value, &bits[i], 8);
		if (again == 0)
			reopen(f);
		else if (again == 1)
			assert_ok(store_flush(f->s, &f->e), &f->e);
		else
			reopen(f);
	}
	buf_release(&raw);
	labels_unref(ls);
}

/* The same set of labels in other bytes is the same series. */
static void labels_in_another_order_name_the_same_series(void **state)
{
	struct fixture *f = *state;
	const struct label l[2][3] = {
		{ { slice_str("__name__"), slice_str("up") },
		  { slice_str("job"), slice_str("x") },
		  { slice_str("park"), slice_str("a") } },
		{ { slice_str("park"), slice_str("a") },
		  { slice_str("__name__"), slice_str("up") },
		  { slice_str("job"), slice_str("x") } },
	};
	struct store_status st;
	struct write w;
	struct buf raw;

	for (int i = 0; i < 4; i++) {
		struct rw_sample x = { now_ms + i, i };

		buf_init(&raw, 1 << 20);
		rw_put_series(&raw, l[i % 2], 3, &x, 1);
		assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
		buf_release(&raw);
	}
	store_status(f->s, &st);
	assert_int_equal(st.series, 1);
	assert_int_equal(st.head_samples, 4);
}

static void a_sample_that_repeats_the_last_one_costs_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_status st;
	struct sample *s;
	struct write w;

	for (int i = 0; i < 5; i++) {
		assert_ok(write_one(f, "up", "a", now_ms, 1, &w), &f->e);
		assert_int_equal(w.samples, 1);
	}
	store_status(f->s, &st);
	assert_int_equal(st.head_samples, 1);
	assert_int_equal(samples_of(f, "up", "a", &s), 1);
	/* Another value for the time counts; the latest one. */
	assert_ok(write_one(f, "up", "a", now_ms, 2, &w), &f->e);
	assert_ok(write_one(f, "up", "a", now_ms, -0.0, &w), &f->e);
	assert_ok(write_one(f, "up", "a", now_ms, 0.0, &w), &f->e);
	assert_int_equal(samples_of(f, "up", "a", &s), 1);
	assert_false(signbit(s->value));
	store_status(f->s, &st);
	assert_int_equal(st.head_samples, 4);
}

static void a_large_request_leaves_no_room_behind(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("up", "a");
	struct rw_sample x[100];
	struct write w;
	struct buf raw;

	for (int i = 0; i < 100; i++)
		x[i] = (struct rw_sample){ now_ms, 1 };
	assert_ok(write_one(f, "up", "a", now_ms, 1, &w), &f->e);
	buf_init(&raw, 8 << 20);
	while (raw.n < 5 << 20)
		put_series(&raw, ls, x, 100);
	mem_count(1);
	assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
	assert_true(mem_held() < 0); /* also what the small one had left for it */
	mem_count(0);
	buf_release(&raw);
	labels_unref(ls);
}

/* --- what is refused ------------------------------------------------------------------------ */

static void bad_labels_are_refused_and_their_neighbours_kept(void **state)
{
	struct fixture *f = *state;
	const struct label no_name = { slice_str("park"), slice_str("a") };
	const struct label twice[3] = { { slice_str("__name__"), slice_str("up") },
					{ slice_str("park"), slice_str("a") },
					{ slice_str("park"), slice_str("b") } };
	struct rw_sample x[2] = { { now_ms, 1 }, { now_ms + 1, 2 } };
	struct sample *s;
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	put_one(&raw, "up", "first", now_ms, 1);
	rw_put_series(&raw, &no_name, 1, x, 2);
	put_one(&raw, "up", "middle", now_ms, 2);
	rw_put_series(&raw, twice, 3, x, 1);
	put_one(&raw, "up", "last", now_ms, 3);
	for (int again = 0; again < 2; again++) {
		assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID, "name");
		assert_int_equal(w.samples, 3);
		assert_int_equal(w.refused, 3);
	}
	reopen(f);
	assert_int_equal(samples_of(f, "up", "first", &s), 1);
	assert_int_equal(samples_of(f, "up", "middle", &s), 1);
	assert_f64(s->value, 2);
	assert_int_equal(samples_of(f, "up", "last", &s), 1);
	buf_release(&raw);
}

static void samples_of_the_future_are_refused_by_name(void **state)
{
	struct fixture *f = *state;
	const int64_t last = now_ms + 600000;
	struct rw_sample x[4] = { { now_ms, 1 }, { last, 2 }, { last + 1, 3 }, { INT64_MAX, 4 } };
	struct labels *ls = series_named("up", "a");
	struct sample *s;
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, x, 4);
	put_one(&raw, "up", "b", now_ms, 7);
	assert_fails(
		write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID,
		"up{park=\"a\"} at 2026-09-21T14:23:20.001Z: more than 10 minutes in the future");
	assert_int_equal(w.samples, 3);
	assert_int_equal(w.refused, 2);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(samples_of(f, "up", "a", &s), 2);
		assert_int_equal(s[1].t_ms, last);
		assert_int_equal(samples_of(f, "up", "b", &s), 1);
		reopen(f); /* the log remembers when it came */
	}
	buf_release(&raw);
	labels_unref(ls);
}

static void samples_before_the_year_0_are_refused_by_name(void **state)
{
	struct fixture *f = *state;
	struct rw_sample x[4] = { { INT64_MIN, 1 },
				  { STAMP_EARLIEST_MS - 1, 2 },
				  { STAMP_EARLIEST_MS, 3 },
				  { now_ms, 4 } };
	struct labels *ls = series_named("up", "a");
	struct sample *s;
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, x, 4);
	put_one(&raw, "up", "b", now_ms, 7);
	assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID,
		     "up{park=\"a\"} at -9223372036854775808 ms: before the year 0");
	assert_int_equal(w.samples, 3);
	assert_int_equal(w.refused, 2);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(samples_of(f, "up", "a", &s), 2);
		assert_true(s[0].t_ms == STAMP_EARLIEST_MS);
		assert_int_equal(samples_of(f, "up", "b", &s), 1);
		reopen(f);
	}
	buf_release(&raw);
	labels_unref(ls);
}

static void a_refused_family_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("refused_output", "a");
	struct snapshot *v;
	struct series_ref ref;
	struct sample *s;
	struct write w;
	struct buf raw;

	classified(f);
	buf_init(&raw, 1 << 20);
	put_one(&raw, "up", "a", now_ms, 1);
	put_one(&raw, "refused_output", "a", now_ms, 2);
	for (int i = 0; i < 3; i++) {
		assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID,
			     "refused_output{park=\"a\"} is a statistic and cannot take plain "
			     "samples (remote write is not named as a source of its family)");
		assert_int_equal(w.samples, 1);
		assert_int_equal(w.refused, 1);
	}
	/* Replayed by a store whose catalogue would allow it: refused again. */
	reopen(f);
	assert_int_equal(samples_of(f, "up", "a", &s), 1);
	v = must_snapshot(f->s);
	assert_fails(snapshot_find(v, ls, &ref, &f->e), &f->e, ERR_NOT_FOUND, "no series");
	snapshot_close(v);
	buf_release(&raw);
	labels_unref(ls);
}

static void a_statistic_that_others_brought_takes_no_plain_samples(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "a");
	struct vintage *x;
	struct write w;

	assert_ok(put_figure(f->s, ls, 100, 1, 200, 200, NULL, &f->e), &f->e);
	for (int i = 0; i < 3; i++) {
		assert_fails(write_one(f, "output", "a", 100, 2, &w), &f->e, ERR_INVALID,
			     "output{park=\"a\"} is a statistic and cannot take plain samples");
		assert_int_equal(w.samples, 0);
		assert_int_equal(w.refused, 1);
		if (i == 1)
			reopen(f);
	}
	assert_int_equal(vintages_of(f, "output", "a", 100, &x), 1);
	assert_f64(x->value, 1);
	labels_unref(ls);
}

/* Its samples stay; new ones would be neither samples nor figures. */
static void a_family_that_became_a_statistic_says_what_to_do_with_its_samples(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("stat_output", "a");
	struct sample *s;
	struct write w;

	assert_ok(write_one(f, "stat_output", "a", 100, 2, &w), &f->e);
	classified(f);
	for (int i = 0; i < 3; i++) {
		assert_fails(write_one(f, "stat_output", "a", 200, 3, &w), &f->e, ERR_INVALID,
			     "stat_output{park=\"a\"} is a statistic now and has plain samples: "
			     "export, delete and import it");
		assert_int_equal(w.refused, 1);
		store_reclassify(f->s);
	}
	assert_fails(put_figure(f->s, ls, 100, 1, 200, 200, NULL, &f->e), &f->e, ERR_INVALID,
		     "stat_output{park=\"a\"} is a plain series and cannot take an observation: "
		     "export, delete and import it");
	assert_int_equal(samples_of(f, "stat_output", "a", &s), 1);
	labels_unref(ls);
}

/* --- statistics ----------------------------------------------------------------------------- */

static void every_vintage_of_a_statistic_is_kept(void **state)
{
	struct fixture *f = *state;
	struct submission sub;
	struct snapshot *v;
	struct vintage *x;
	struct write w;

	classified(f);
	assert_ok(write_one(f, "stat_output", "a", 1000, 1, &w), &f->e);
	assert_ok(write_one(f, "stat_output", "a", 1000, 2, &w), &f->e);
	assert_ok(write_one(f, "stat_output", "a", 1000, 2, &w), &f->e); /* free */
	assert_ok(write_one(f, "stat_output", "a", 1000, 1, &w), &f->e);
	assert_int_equal(w.samples, 1);
	for (int again = 0; again < 3; again++) {
		assert_int_equal(vintages_of(f, "stat_output", "a", 1000, &x), 3);
		assert_f64(x[0].value, 1);
		assert_f64(x[1].value, 2);
		assert_f64(x[2].value, 1);
		assert_int_equal(x[2].months, 3);
		assert_int_equal(x[2].received_ms, now_ms);
		assert_int_equal(x[2].released_ms, now_ms);
		if (again == 0)
			reopen(f);
		else if (again == 1)
			assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	v = must_snapshot(f->s);
	assert_ok(snapshot_submission(v, 2, &f->arena, &sub, &f->e), &f->e);
	assert_string_equal(sub.source, "remote_write");
	assert_int_equal(sub.kept, 1);
	snapshot_close(v);
}

static void figures_that_cannot_be_are_refused_alone(void **state)
{
	struct fixture *f = *state;
	struct rw_sample x[3] = { { 1000, NAN }, { now_ms + 1, 5 }, { 2000, 3 } };
	struct labels *ls = series_named("stat_output", "a");
	struct vintage *out;
	struct write w;
	struct buf raw;

	classified(f);
	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, x, 3);
	put_one(&raw, "stat_preliminary", "a", now_ms + 5, 6);
	put_one(&raw, "stat_preliminary", "a", INT64_MAX, 6);
	put_one(&raw, "stat_preliminary", "a", INT64_MIN, 6);
	assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID,
		     "stat_output{park=\"a\"} at 1970-01-01T00:00:01Z: a figure must be a finite "
		     "number");
	assert_int_equal(w.samples, 2);
	assert_int_equal(w.refused, 4);
	assert_int_equal(vintages_of(f, "stat_preliminary", "a", INT64_MAX, &out), 0);
	assert_int_equal(vintages_of(f, "stat_output", "a", 2000, &out), 1);
	assert_int_equal(vintages_of(f, "stat_output", "a", now_ms + 1, &out), 0);
	assert_int_equal(vintages_of(f, "stat_preliminary", "a", now_ms + 5, &out), 1);
	buf_clear(&raw);
	put_series(&raw, ls, x + 1, 1);
	assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID,
		     ": its period has not ended");
	buf_release(&raw);
	labels_unref(ls);
}

static void plain_samples_and_statistics_come_in_one_request(void **state)
{
	struct fixture *f = *state;
	struct vintage *x;
	struct sample *s;
	struct write w;
	struct buf raw;

	classified(f);
	buf_init(&raw, 1 << 20);
	for (int round = 0; round < 20; round++) {
		buf_clear(&raw);
		put_one(&raw, "up", "a", now_ms + round, round);
		put_one(&raw, "stat_output", "a", 1000, round);
		put_one(&raw, "refused_x", "a", 1000, round);
		put_one(&raw, "stat_output", "b", 1000, round % 2);
		put_one(&raw, "up", "b", now_ms + round, -round);
		assert_fails(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e, ERR_INVALID,
			     "refused_x");
		assert_int_equal(w.samples, 4);
		assert_int_equal(w.refused, 1);
		if (round == 10)
			assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	for (int again = 0; again < 2; again++) {
		assert_int_equal(samples_of(f, "up", "a", &s), 20);
		assert_int_equal(samples_of(f, "up", "b", &s), 20);
		assert_f64(s[19].value, -19);
		assert_int_equal(vintages_of(f, "stat_output", "a", 1000, &x), 20);
		assert_int_equal(vintages_of(f, "stat_output", "b", 1000, &x), 20);
		classified(f);
	}
	buf_release(&raw);
}

static void the_catalogue_is_asked_once_a_series(void **state)
{
	struct fixture *f = *state;
	atomic_int asked = 0;
	struct write w;

	store_close(f->s);
	f->s = open_classified(f->dir, &asked);
	for (int i = 0; i < 10; i++) {
		assert_ok(write_one(f, "up", "a", now_ms + i, i, &w), &f->e);
		assert_ok(write_one(f, "stat_output", "a", 1000, i, &w), &f->e);
	}
	assert_int_equal(atomic_load(&asked), 2);
}

/* --- several threads ---------------------------------------------------------------- */

enum { WRITERS = 4, ROUNDS = 200, TOGETHER = 8 };

struct crowd {
	struct store *s;
	int number;
	atomic_bool *stop;
	struct err e;
	int failed;
	long seen;
};

/* Each request brings one sample to each of eight series, the same value to all. */
static void *write_rounds(void *arg)
{
	struct crowd *c = arg;
	struct labels *ls[TOGETHER];
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	for (int k = 0; k < TOGETHER; k++) {
		char park[16];

		snprintf(park, sizeof(park), "w%d-%d", c->number, k);
		ls[k] = series_named("together", park);
	}
	for (int i = 0; i < ROUNDS && !c->failed; i++) {
		struct rw_sample x = { now_ms + i, i };

		buf_clear(&raw);
		for (int k = 0; k < TOGETHER; k++)
			put_series(&raw, ls[k], &x, 1);
		c->failed = write_now(c->s, &raw, now_ms, &w, &c->e);
	}
	for (int k = 0; k < TOGETHER; k++)
		labels_unref(ls[k]);
	buf_release(&raw);
	return NULL;
}

/* Reads one writer's series: all of them are equally long in any snapshot. */
static int read_together(struct crowd *c, struct snapshot *v, struct arena *a, int writer)
{
	struct arena_mark mark = arena_mark(a);
	size_t want = 0;

	for (int k = 0; k < TOGETHER; k++) {
		char park[16];
		struct labels *ls;
		struct series_ref ref;
		struct samples x = { 0 };
		int rc;

		snprintf(park, sizeof(park), "w%d-%d", writer, k);
		ls = labels_make(&c->e, "together", "park", park, NULL);
		rc = snapshot_find(v, ls, &ref, &c->e);
		labels_unref(ls);
		if (rc == 0 && snapshot_samples(v, ref.id, INT64_MIN, INT64_MAX, a, &x, &c->e) < 0)
			return -1;
		if (rc < 0 && c->e.code != ERR_NOT_FOUND)
			return -1;
		if (k == 0)
			want = x.n;
		if (x.n != want || (x.n > 0 && x.value[x.n - 1] != (double)x.n - 1))
			return err_set(&c->e, ERR_INVALID, "series %d of %d: %zu samples, not %zu",
				       k, writer, x.n, want);
	}
	c->seen += (long)want;
	arena_reset(a, mark);
	return 0;
}

static void *read_rounds(void *arg)
{
	struct crowd *c = arg;
	struct arena a;

	arena_init(&a, 64 << 20);
	while (!atomic_load(c->stop) && !c->failed) {
		struct snapshot *v = snapshot_open(c->s, 60000, &c->e);

		c->failed = !v;
		for (int i = 0; i < WRITERS && !c->failed; i++)
			c->failed = read_together(c, v, &a, i);
		snapshot_close(v);
	}
	arena_release(&a);
	return NULL;
}

static void a_snapshot_sees_requests_whole_while_many_write(void **state)
{
	struct fixture *f = *state;
	struct crowd c[WRITERS + 2] = { { 0 } };
	pthread_t threads[WRITERS + 2];
	atomic_bool stop = false;

	store_close(f->s);
	f->s = store_open(&(struct store_options){ .dir = f->dir,
						   .map_bytes = 1 << 30,
						   .seal_samples = 900,
						   .pack_samples = 4000 },
			  &f->e);
	assert_non_null(f->s);
	for (int i = 0; i < WRITERS + 2; i++) {
		c[i] = (struct crowd){ .s = f->s, .number = i, .stop = &stop };
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < WRITERS ? write_rounds : read_rounds, &c[i]),
				 0);
	}
	for (int i = 0; i < WRITERS + 2; i++) {
		if (i == WRITERS)
			atomic_store(&stop, true);
		pthread_join(threads[i], NULL);
	}
	for (int i = 0; i < WRITERS + 2; i++)
		if (c[i].failed)
			fail_msg("thread %d: %s", i, c[i].e.text);
	for (int again = 0; again < 2; again++) {
		struct snapshot *v = must_snapshot(f->s);

		c[0].seen = 0;
		for (int i = 0; i < WRITERS; i++)
			if (read_together(&c[0], v, &f->arena, i) < 0)
				fail_msg("%s", c[0].e.text);
		snapshot_close(v);
		assert_int_equal(c[0].seen, WRITERS * ROUNDS);
		c[0].s = f->s;
		if (again == 0) {
			reopen(f);
			c[0].s = f->s;
		}
	}
}

/* --- after the end ------------------------------------------------------------------ */

/* Writes plain samples and statistics, then kills itself. */
static void write_and_die(const char *dir)
{
	struct store *s = open_classified(dir, NULL);
	struct err e = { 0 };
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	for (int i = 0; i < 50; i++) {
		buf_clear(&raw);
		put_one(&raw, "up", "a", now_ms + i, i);
		put_one(&raw, "refused_x", "a", now_ms, 1);
		put_one(&raw, "stat_output", "a", 1000, i);
		put_one(&raw, "up", i % 2 ? "b" : "c", now_ms + i, i);
		if (write_now(s, &raw, now_ms, &w, &e) == 0 || e.code != ERR_INVALID ||
		    w.samples != 3)
			_exit(1);
	}
	kill(getpid(), SIGKILL);
}

static void what_was_acknowledged_is_there_after_sigkill(void **state)
{
	struct fixture *f = *state;
	struct vintage *x;
	struct sample *s;
	int status;
	pid_t child;

	store_close(f->s);
	child = fork();
	if (child == 0)
		write_and_die(f->dir);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_sound(f->dir);
	f->s = must_open(f->dir);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(samples_of(f, "up", "a", &s), 50);
		assert_int_equal(samples_of(f, "up", "b", &s), 25);
		assert_int_equal(samples_of(f, "up", "c", &s), 25);
		assert_f64(s[24].value, 48);
		assert_int_equal(samples_of(f, "refused_x", "a", &s), 0);
		assert_int_equal(vintages_of(f, "stat_output", "a", 1000, &x), 50);
		reopen(f);
	}
}

/* What was being written when the machine stopped. */
static void a_torn_end_of_the_log_is_cut_off(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct sample *s;
	struct write w;
	FILE *log;

	assert_ok(write_one(f, "up", "a", now_ms, 1, &w), &f->e);
	store_close(f->s);
	path = tmp_path(f->dir, "log/00000001.log");
	log = fopen(path, "ab");
	assert_non_null(log);
	assert_int_equal(fwrite("half a request, never acknowledged", 1, 34, log), 34);
	assert_int_equal(fclose(log), 0);
	assert_sound(f->dir);
	f->s = must_open(f->dir);
	assert_int_equal(samples_of(f, "up", "a", &s), 1);
}

static void a_damaged_request_in_the_log_is_an_error(void **state)
{
	struct fixture *f = *state;
	size_t n;
	struct write w;
	char *file, *text;
	long faults;
	char path[4096];

	for (int i = 0; i < 3; i++)
		assert_ok(write_one(f, "up", "a", now_ms + i, 1, &w), &f->e);
	store_close(f->s);
	snprintf(path, sizeof(path), "%s/log/00000001.log", f->dir);
	file = tmp_read(path, &n);
	file[WAL_HEAD_BYTES + WAL_RECORD_HEAD + 3] ^= 1;
	tmp_write(path, file, n);
	assert_not_opened(
		f->dir, ERR_CORRUPT,
		"00000001.log, byte 40: the record is damaged although it had been durable");
	text = check_text(f->dir, &faults, &f->e);
	assert_int_equal(faults, 1);
	assert_has(text, "byte 40: the record is damaged");
	free(text);
	file[WAL_HEAD_BYTES + WAL_RECORD_HEAD + 3] ^= 1;
	tmp_write(path, file, n);
	free(file);
	f->s = must_open(f->dir);
}

static void a_log_file_that_is_gone_is_missed(void **state)
{
	struct fixture *f = *state;
	char from[4096], to[4096];
	struct write w;

	assert_ok(write_one(f, "up", "a", now_ms, 1, &w), &f->e);
	store_close(f->s);
	snprintf(from, sizeof(from), "%s/log/00000001.log", f->dir);
	snprintf(to, sizeof(to), "%s/log/00000003.log", f->dir);
	assert_int_equal(rename(from, to), 0);
	assert_not_opened(f->dir, ERR_CORRUPT, "the log files 1 to 2 are missing");
	assert_int_equal(rename(to, from), 0);
	f->s = must_open(f->dir);
}

static void behind_the_last_log(const char *dir, char path[4096])
{
	uint64_t *numbers;
	size_t n;
	struct err e;

	assert_ok(numbered_files(dir, "log", ".log", &numbers, &n, &e), &e);
	assert_ok(numbered_path(path, dir, "log", numbers[n - 1] + 1, ".log", &e), &e);
	mem_free(numbers);
}

/* What a power cut leaves of a file that was about to be begun behind one with samples. */
static void a_log_file_whose_making_the_power_cut_ended_is_begun_anew(void **state)
{
	struct fixture *f = *state;
	const size_t sizes[] = { 0, 7, WAL_HEAD_BYTES, 4096 };
	static const char zeros[4096];
	struct sample *s;
	struct write w;
	char path[4096];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_ok(write_one(f, "up", "a", now_ms + (int64_t)i, 1, &w), &f->e);
		store_close(f->s);
		behind_the_last_log(f->dir, path);
		tmp_write(path, zeros, sizes[i]);
		assert_sound(f->dir);
		f->s = must_open(f->dir);
		assert_int_equal(samples_of(f, "up", "a", &s), i + 1);
	}
}

static void a_damaged_head_of_a_log_file_that_had_samples_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct write w;
	size_t n;
	char path[4096], *file;

	assert_ok(write_one(f, "up", "a", now_ms, 1, &w), &f->e);
	store_close(f->s);
	snprintf(path, sizeof(path), "%s/log/00000001.log", f->dir);
	file = tmp_read(path, &n);
	tmp_write(path, file, WAL_HEAD_BYTES - 1);
	assert_not_opened(f->dir, ERR_CORRUPT, "00000001.log, byte 39: the file is cut off");
	file[0] ^= 1;
	tmp_write(path, file, n);
	assert_not_opened(f->dir, ERR_CORRUPT,
			  "00000001.log, byte 0: this is no log file, or its head is damaged");
	file[0] ^= 1;
	tmp_write(path, file, n);
	free(file);
	f->s = must_open(f->dir);
}

static void a_store_for_reading_takes_no_requests(void **state)
{
	struct fixture *f = *state;
	struct write w;
	struct sample *s;

	assert_ok(write_one(f, "up", "a", now_ms, 1, &w), &f->e);
	store_close(f->s);
	f->s = store_open(&(struct store_options){ .dir = f->dir, .read_only = true }, &f->e);
	assert_non_null(f->s);
	assert_fails(write_one(f, "up", "a", now_ms, 1, &w), &f->e, ERR_REFUSED,
		     "was opened for reading only");
	assert_fails(store_flush(f->s, &f->e), &f->e, ERR_REFUSED, "was opened for reading only");
	assert_int_equal(samples_of(f, "up", "a", &s), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_request_is_kept_and_comes_back),
		STORE_TEST(an_empty_request_is_nothing_and_is_answered),
		STORE_TEST(what_is_no_request_is_refused_whole),
		STORE_TEST(doubles_are_kept_bit_for_bit),
		STORE_TEST(labels_in_another_order_name_the_same_series),
		STORE_TEST(a_sample_that_repeats_the_last_one_costs_nothing),
		STORE_TEST(a_large_request_leaves_no_room_behind),
		STORE_TEST(bad_labels_are_refused_and_their_neighbours_kept),
		STORE_TEST(samples_of_the_future_are_refused_by_name),
		STORE_TEST(samples_before_the_year_0_are_refused_by_name),
		STORE_TEST(a_refused_family_is_refused_by_name),
		STORE_TEST(a_statistic_that_others_brought_takes_no_plain_samples),
		STORE_TEST(a_family_that_became_a_statistic_says_what_to_do_with_its_samples),
		STORE_TEST(every_vintage_of_a_statistic_is_kept),
		STORE_TEST(figures_that_cannot_be_are_refused_alone),
		STORE_TEST(plain_samples_and_statistics_come_in_one_request),
		STORE_TEST(the_catalogue_is_asked_once_a_series),
		STORE_TEST(a_snapshot_sees_requests_whole_while_many_write),
		STORE_TEST(what_was_acknowledged_is_there_after_sigkill),
		STORE_TEST(a_torn_end_of_the_log_is_cut_off),
		STORE_TEST(a_damaged_request_in_the_log_is_an_error),
		STORE_TEST(a_log_file_that_is_gone_is_missed),
		STORE_TEST(a_log_file_whose_making_the_power_cut_ended_is_begun_anew),
		STORE_TEST(a_damaged_head_of_a_log_file_that_had_samples_is_an_error),
		STORE_TEST(a_store_for_reading_takes_no_requests),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
