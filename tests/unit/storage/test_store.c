/* test_store.c - appending, releasing, opening, refusing. */
#include "storage/db.h"
#include "storage/keys.h"
#include "storage/lockfile.h"
#include "tests/unit/storage/help.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

static void a_figure_comes_back_with_all_it_was_given(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct observation o = { .labels = ls,
				 .stamp_ms = 1711814400000,
				 .value = -0.0,
				 .months = 2,
				 .flags = FIGURE_PROVISIONAL | FIGURE_SUSPECT };
	struct append a = { .submission = { .source = "east-feed",
					    .owner = "统计局",
					    .origin = "http://x/y.csv",
					    .received_ms = 5000,
					    .released_ms = 6000,
					    .body_bytes = 77,
					    .refused = 3 },
			    .obs = &o,
			    .nobs = 1 };
	struct submission sub;
	struct snapshot *v;
	struct vintage *x;
	size_t n;

	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.submission.sequence, 1);
	assert_int_equal(a.submission.kept, 1);
	assert_int_equal(a.fresh, 1);
	reopen(f);
	v = must_snapshot(f->s);
	assert_ok(snapshot_figures(v, id_of(v, ls), INT64_MIN, INT64_MAX, latest, &f->arena, &x, &n,
				   &f->e),
		  &f->e);
	assert_int_equal(n, 1);
	assert_int_equal(x->stamp_ms, 1711814400000);
	assert_true(signbit(x->value) && x->value == 0);
	assert_int_equal(x->months, 2);
	assert_int_equal(x->flags, FIGURE_PROVISIONAL | FIGURE_SUSPECT);
	assert_int_equal(x->known_from_ms, 5000);
	assert_int_equal(x->received_ms, 5000);
	assert_int_equal(x->released_ms, 6000);
	assert_int_equal(x->submission, 1);
	assert_int_equal(x->ordinal, 1);
	assert_int_equal(x->count, 1);
	assert_ok(snapshot_submission(v, 1, &f->arena, &sub, &f->e), &f->e);
	assert_string_equal(sub.source, "east-feed");
	assert_string_equal(sub.owner, "统计局");
	assert_string_equal(sub.origin, "http://x/y.csv");
	assert_int_equal(sub.body_bytes, 77);
	assert_int_equal(sub.refused, 3);
	assert_int_equal(sub.kept, 1);
	assert_int_equal(sub.released_ms, 6000);
	assert_false(sub.trusted);
	assert_fails(snapshot_submission(v, 2, &f->arena, &sub, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no submission 2");
	snapshot_close(v);
	labels_unref(ls);
}

static void a_correction_stands_beside_the_first_value(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct append a;
	struct snapshot *v;
	struct vintage *x, one;
	bool found;
	size_t n;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 1000, 1000, &a, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 2.0, 2000, 2000, &a, &f->e), &f->e);
	assert_int_equal(a.revised, 1);
	assert_int_equal(a.fresh, 0);
	v = must_snapshot(f->s);
	assert_ok(snapshot_vintages(v, id_of(v, ls), 100, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 2);
	assert_f64(x[0].value, 1.0);
	assert_f64(x[1].value, 2.0);
	assert_int_equal(x[1].ordinal, 2);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX,
				       (struct view){ .as_of_ms = 1999 }, &one, &found, &f->e),
		  &f->e);
	assert_true(found);
	assert_f64(one.value, 1.0);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), 99, latest, &one, &found, &f->e), &f->e);
	assert_false(found);
	snapshot_close(v);
	labels_unref(ls);
}

static int put_flagged(struct fixture *f, struct labels *ls, int64_t stamp_ms, double value,
		       unsigned flags, int64_t t_ms)
{
	struct observation o = {
		.labels = ls, .stamp_ms = stamp_ms, .value = value, .flags = (uint8_t)flags
	};
	struct append a = { .submission = { .received_ms = t_ms, .released_ms = t_ms },
			    .obs = &o,
			    .nobs = 1 };

	return append_now(f->s, &a, &f->e);
}

/* New, in the log of LMDB, and packed: the same each time. */
static void expect_suppressed(struct fixture *f, struct labels *ls)
{
	struct view all = { .as_of_ms = INT64_MAX, .suppressed = true };
	struct snapshot *v = must_snapshot(f->s);
	uint32_t id = id_of(v, ls);
	struct vintage *x, one;
	bool found;
	size_t n;

	assert_ok(snapshot_figures(v, id, 0, 300, latest, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_int_equal(x[0].stamp_ms, 100);
	assert_ok(snapshot_last_figure(v, id, 300, latest, &one, &found, &f->e), &f->e);
	assert_true(found);
	assert_int_equal(one.stamp_ms, 100);
	assert_ok(snapshot_last_figure(v, id, 300, all, &one, &found, &f->e), &f->e);
	assert_int_equal(one.stamp_ms, 300);
	assert_int_equal(one.flags, FIGURE_SUPPRESSED);
	assert_ok(snapshot_figures(v, id, 0, 300, all, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 3);
	assert_ok(snapshot_vintages(v, id, 200, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 2);
	assert_f64(x[0].value, 2);
	assert_true(num_same(x[1].value, figure_no_value()));
	assert_int_equal(x[1].flags, FIGURE_SUPPRESSED);
	snapshot_close(v);
}

static void a_suppressed_figure_is_in_and_never_a_value(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");

	assert_ok(put_flagged(f, ls, 100, 1, 0, 1000), &f->e);
	assert_ok(put_flagged(f, ls, 200, 2, 0, 1000), &f->e);
	assert_ok(put_flagged(f, ls, 200, figure_no_value(), FIGURE_SUPPRESSED, 2000), &f->e);
	/* Whatever NaN it comes as: it is one vintage. */
	assert_ok(put_flagged(f, ls, 200, -NAN, FIGURE_SUPPRESSED, 3000), &f->e);
	assert_ok(put_flagged(f, ls, 300, -NAN, FIGURE_SUPPRESSED, 3000), &f->e);
	expect_suppressed(f, ls);
	reopen(f);
	expect_suppressed(f, ls);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	expect_suppressed(f, ls);
	reopen(f);
	expect_suppressed(f, ls);
	assert_fails(put_flagged(f, ls, 200, 0, FIGURE_SUPPRESSED, 4000), &f->e, ERR_INVALID,
		     "a suppressed figure has no value");
	assert_fails(put_flagged(f, ls, 200, NAN, 0, 4000), &f->e, ERR_INVALID,
		     "a figure must be a finite number");
	labels_unref(ls);
}

static void the_same_figure_again_is_unchanged_but_on_record(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct submission sub;
	struct snapshot *v;
	struct append a;
	struct vintage *x;
	size_t n;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 1000, 1000, &a, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 1.0, 2000, 2000, &a, &f->e), &f->e);
	assert_int_equal(a.unchanged, 1);
	assert_int_equal(a.submission.sequence, 2);
	assert_int_equal(a.submission.kept, 0);
	v = must_snapshot(f->s);
	assert_ok(snapshot_vintages(v, id_of(v, ls), 100, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_ok(snapshot_submission(v, 2, &f->arena, &sub, &f->e), &f->e);
	assert_int_equal(sub.kept, 0);
	snapshot_close(v);
	labels_unref(ls);
}

static void a_history_is_every_vintage_of_every_period(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct snapshot *v;
	struct vintage *x;
	uint32_t id;
	size_t n;

	assert_ok(put_figure(f->s, ls, 200, 5.0, 1000, 0, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 1.0, 1000, 1000, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 2.0, 2000, 2000, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 300, 3.0, 2000, 2000, NULL, &f->e), &f->e);
	v = must_snapshot(f->s);
	id = id_of(v, ls);
	assert_ok(snapshot_history(v, id, INT64_MIN, INT64_MAX, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 4);
	assert_f64(x[0].value, 1.0);
	assert_f64(x[1].value, 2.0);
	assert_int_equal(x[1].ordinal, 2);
	assert_int_equal(x[1].count, 2);
	/* Not released: it is in the history all the same. */
	assert_f64(x[2].value, 5.0);
	assert_int_equal(x[2].ordinal, 0);
	assert_int_equal(x[3].count, 1);
	assert_ok(snapshot_history(v, id, 101, 299, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_ok(snapshot_history(v, id, 301, INT64_MAX, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 0);
	snapshot_close(v);
	labels_unref(ls);
}

static void a_release_shows_what_was_handed_in_as_a_draft(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct vintage one, *x;
	struct snapshot *v;
	bool found;
	size_t n;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 1000, 0, NULL, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, latest, &one, &found, &f->e),
		  &f->e);
	assert_false(found);
	assert_ok(store_release(f->s, 1, 1500, &f->e), &f->e);
	/* The snapshot is of before. */
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, latest, &one, &found, &f->e),
		  &f->e);
	assert_false(found);
	snapshot_close(v);
	v = must_snapshot(f->s);
	assert_ok(snapshot_vintages(v, id_of(v, ls), 100, &f->arena, &x, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_int_equal(x->released_ms, 1500);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), 100, (struct view){ .as_of_ms = 1499 },
				       &one, &found, &f->e),
		  &f->e);
	assert_false(found);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), 100, (struct view){ .as_of_ms = 1500 },
				       &one, &found, &f->e),
		  &f->e);
	assert_true(found);
	snapshot_close(v);
	assert_ok(store_release(f->s, 1, 1500, &f->e), &f->e);
	assert_fails(store_release(f->s, 1, 1600, &f->e), &f->e, ERR_EXISTS,
		     "submission 1 was released at 1970-01-01T00:00:01.500Z already");
	assert_fails(store_release(f->s, 9, 1600, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no submission 9");
	assert_fails(store_release(f->s, 1, 0, &f->e), &f->e, ERR_INVALID, "may not be 0");
	labels_unref(ls);
}

/* Else the office that releases the signed copy would release nothing. */
static void a_draft_does_not_swallow_its_signed_copy(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct vintage one;
	struct snapshot *v;
	struct append a;
	bool found;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 1000, 0, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 1.0, 2000, 0, &a, &f->e), &f->e);
	assert_int_equal(a.unchanged, 0);
	assert_int_equal(a.revised, 1);
	assert_ok(store_release(f->s, 2, 2500, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, latest, &one, &found, &f->e),
		  &f->e);
	assert_true(found);
	assert_int_equal(one.submission, 2);
	snapshot_close(v);
	labels_unref(ls);
}

static void a_clock_set_back_does_not_hide_a_correction(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct vintage one;
	struct snapshot *v;
	bool found;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 9000, 9000, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 2.0, 3000, 3000, NULL, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, latest, &one, &found, &f->e),
		  &f->e);
	assert_f64(one.value, 2.0);
	assert_int_equal(one.known_from_ms, 9000);
	assert_int_equal(one.received_ms, 3000);
	snapshot_close(v);
	labels_unref(ls);
}

static void a_clock_set_back_hides_no_later_correction_either(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct observation o = {
		.labels = ls, .stamp_ms = 100, .value = 1.5, .months = 1, .known_from_ms = 9500
	};
	struct append trusted = { .submission = { .received_ms = 9600, .trusted = true },
				  .obs = &o,
				  .nobs = 1 };
	struct view view = latest;
	struct vintage one;
	struct snapshot *v;
	bool found;

	assert_ok(put_figure(f->s, ls, 100, 1.0, 9000, 9000, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 2.0, 3000, 3000, NULL, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 3.0, 4000, 4000, NULL, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, view, &one, &found, &f->e),
		  &f->e);
	assert_f64(one.value, 3.0);
	assert_int_equal(one.count, 3);
	snapshot_close(v);
	/* A value given from outside lies on top; below it our own order stays. */
	assert_ok(append_now(f->s, &trusted, &f->e), &f->e);
	assert_ok(put_figure(f->s, ls, 100, 4.0, 5000, 5000, NULL, &f->e), &f->e);
	view.as_of_ms = 9400;
	v = must_snapshot(f->s);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, view, &one, &found, &f->e),
		  &f->e);
	assert_f64(one.value, 4.0);
	assert_int_equal(one.known_from_ms, 9000);
	assert_ok(snapshot_last_figure(v, id_of(v, ls), INT64_MAX, latest, &one, &found, &f->e),
		  &f->e);
	assert_f64(one.value, 1.5);
	snapshot_close(v);
	labels_unref(ls);
}

static void a_trusted_figure_is_released_since_it_was_known(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("park_output_yuan", "east");
	struct observation o[2] = {
		{ .labels = ls, .stamp_ms = 100, .value = 2, .known_from_ms = 500 },
		{ .labels = ls, .stamp_ms = 100, .value = 1, .known_from_ms = 300 },
	};
	struct append a = { .submission = { .received_ms = 9000, .trusted = true },
			    .obs = o,
			    .nobs = 2 };
	struct snapshot *v;
	struct vintage *x;
	size_t n;

	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(snapshot_figures(v, id_of(v, ls), 100, 100, (struct view){ .as_of_ms = 499 },
				   &f->arena, &x, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 1);
	assert_f64(x->value, 1);
	assert_int_equal(x->released_ms, 300);
	assert_int_equal(x->received_ms, 9000);
	assert_ok(snapshot_figures(v, id_of(v, ls), 100, 100,
				   (struct view){ .as_of_ms = INT64_MAX, .release = 2 }, &f->arena,
				   &x, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 1);
	assert_f64(x->value, 2);
	snapshot_close(v);
	a.submission.trusted = false;
	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID,
		     "park_output_yuan{park=\"east\"} at 1970-01-01T00:00:00.100Z: only a trusted "
		     "source may say since when a figure is known");
	labels_unref(ls);
}

static void kinds_of_series_do_not_mix(void **state)
{
	struct fixture *f = *state;
	struct labels *stat = series_named("park_output_yuan", "east");
	struct labels *plain = series_named("up", "east"), *new = series_named("new", "east");
	struct observation o = { .labels = new, .stamp_ms = 1, .value = 1 };
	struct plain_sample x = { .labels = new, .t_ms = 1, .value = 1 };
	struct append both = { .obs = &o, .nobs = 1, .samples = &x, .nsamples = 1 };
	struct store_status st;
	struct arena *a = &f->arena;
	struct snapshot *v;
	struct vintage *vs;
	struct sample *xs;
	size_t n;

	assert_ok(put_figure(f->s, stat, 100, 1.0, 1000, 1000, NULL, &f->e), &f->e);
	assert_ok(put_sample(f->s, plain, 100, 1.0, &f->e), &f->e);
	assert_fails(
		put_sample(f->s, stat, 100, 1.0, &f->e), &f->e, ERR_INVALID,
		"park_output_yuan{park=\"east\"} is a statistic and cannot take plain samples");
	assert_fails(put_figure(f->s, plain, 100, 1.0, 1, 1, NULL, &f->e), &f->e, ERR_INVALID,
		     "up{park=\"east\"} is a plain series and cannot take an observation");
	/* The sample was first; of the observation nothing is written. */
	assert_fails(append_now(f->s, &both, &f->e), &f->e, ERR_INVALID, "new{park=\"east\"} is");
	assert_int_equal(both.submission.sequence, 0);
	store_status(f->s, &st);
	assert_int_equal(st.series, 3);
	assert_int_equal(st.submissions, 1);
	v = must_snapshot(f->s);
	assert_fails(read_samples(v, id_of(v, stat), 0, 1, a, &xs, &n, &f->e), &f->e, ERR_INVALID,
		     "is a statistic, it has no plain samples");
	assert_fails(snapshot_figures(v, id_of(v, plain), 0, 1, latest, a, &vs, &n, &f->e), &f->e,
		     ERR_INVALID, "is a plain series, it has no figures");
	assert_fails(read_samples(v, 77, 0, 1, a, &xs, &n, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series with id 77");
	snapshot_close(v);
	labels_unref(stat);
	labels_unref(plain);
	labels_unref(new);
}

static void a_figure_must_be_finite(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "east");

	assert_fails(put_figure(f->s, ls, 0, NAN, 1, 1, NULL, &f->e), &f->e, ERR_INVALID,
		     "x{park=\"east\"} at 1970-01-01T00:00:00Z: a figure must be a finite number");
	assert_fails(put_figure(f->s, ls, 0, INFINITY, 1, 1, NULL, &f->e), &f->e, ERR_INVALID,
		     "finite");
	assert_fails(put_figure(f->s, NULL, 0, 1, 1, 1, NULL, &f->e), &f->e, ERR_INVALID,
		     "without labels");
	labels_unref(ls);
}

static void plain_samples_survive_bit_for_bit(void **state)
{
	static const uint64_t bits[] = {
		0x7ff0000000000002, 0x8000000000000000, 1,
		0x7fefffffffffffff, 0xfff8000000000123, 0x3ff0000000000000
	};
	static const int64_t times[] = { STAMP_EARLIEST_MS, STAMP_EARLIEST_MS + 1, -1, 0, 1,
					 INT64_MAX };
	struct fixture *f = *state;
	struct labels *ls = series_named("up", "east");
	struct plain_sample x[6];
	struct append a = { .submission = { .received_ms =
						    INT64_MAX }, /* nothing is in its future */
			    .samples = x,
			    .nsamples = 6 };
	struct snapshot *v;
	struct sample *out;
	size_t n;

	for (size_t i = 0; i < 6; i++) {
		x[5 - i] = (struct plain_sample){ .labels = ls, .t_ms = times[i] };
		memcpy(&x[5 - i].value, &bits[i], 8);
	}
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.submission.sequence, 0);
	reopen(f);
	v = must_snapshot(f->s);
	assert_ok(read_samples(v, id_of(v, ls), INT64_MIN, INT64_MAX, &f->arena, &out, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++) {
		assert_true(out[i].t_ms == times[i]);
		assert_memory_equal(&out[i].value, &bits[i], 8);
	}
	assert_ok(read_samples(v, id_of(v, ls), 0, 0, &f->arena, &out, &n, &f->e), &f->e);
	assert_int_equal(n, 1);
	assert_fails(snapshot_submission(v, 1, &f->arena, &(struct submission){ 0 }, &f->e), &f->e,
		     ERR_NOT_FOUND, "no submission 1");
	snapshot_close(v);
	labels_unref(ls);
}

struct known {
	int64_t t;
	double value;
};

static int by_time(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->t < y->t ? -1 : x->t > y->t;
}

static void samples_in_any_order_equal_a_naive_model(void **state)
{
	enum { N = 1 << 16, PER = 512 };
	struct fixture *f = *state;
	struct labels *ls[3] = { series_named("a", "1"), series_named("b", "2"),
				 series_named("c", "3") };
	struct known *all = calloc(N, sizeof(*all));
	struct plain_sample *batch = calloc(PER, sizeof(*batch));
	uint64_t seed = 88172645463325252u;
	struct snapshot *v;

	for (size_t i = 0; i < N; i++) {
		all[i].t = (int64_t)i * 15000 - 300000000 + (int64_t)(random_next(&seed) % 9000);
		/* Some are noise, some repeat, so that both encodings occur. */
		all[i].value =
			i % 9000 < 3000 ? (double)random_next(&seed) / 7 : (double)(i - i % 700);
	}
	for (size_t i = N - 1; i > 0; i--) {
		size_t j = random_next(&seed) % (i + 1);
		struct known keep = all[i];

		all[i] = all[j];
		all[j] = keep;
	}
	for (size_t i = 0; i < N; i += PER) {
		struct append a = { .samples = batch, .nsamples = PER };

		for (size_t k = 0; k < PER; k++)
			batch[k] = (struct plain_sample){ .labels = ls[(uint64_t)all[i + k].t % 3],
							  .t_ms = all[i + k].t,
							  .value = all[i + k].value };
		assert_ok(append_now(f->s, &a, &f->e), &f->e);
	}
	qsort(all, N, sizeof(*all), by_time);
	reopen(f);
	v = must_snapshot(f->s);
	for (unsigned k = 0; k < 3; k++) {
		struct arena_mark mark = arena_mark(&f->arena);
		struct sample *out;
		size_t n, at = 0;

		assert_ok(read_samples(v, id_of(v, ls[k]), INT64_MIN, INT64_MAX, &f->arena, &out,
				       &n, &f->e),
			  &f->e);
		for (size_t i = 0; i < N; i++) {
			if ((uint64_t)all[i].t % 3 != k)
				continue;
			assert_true(at < n && out[at].t_ms == all[i].t);
			assert_f64(out[at].value, all[i].value);
			at++;
		}
		assert_int_equal(at, n);
		for (int r = 0; r < 50; r++) {
			int64_t from = all[random_next(&seed) % N].t;
			int64_t to = from + (int64_t)(random_next(&seed) % 100000000);
			size_t want = 0;

			for (size_t i = 0; i < N; i++)
				want += (uint64_t)all[i].t % 3 == k && all[i].t >= from &&
					all[i].t <= to;
			assert_ok(read_samples(v, id_of(v, ls[k]), from, to, &f->arena, &out, &n,
					       &f->e),
				  &f->e);
			assert_int_equal(n, want);
		}
		arena_reset(&f->arena, mark);
		labels_unref(ls[k]);
	}
	snapshot_close(v);
	free(all);
	free(batch);
}

static void a_later_sample_for_one_time_replaces(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("up", "east");
	struct plain_sample x[3] = { { ls, 10, 1 }, { ls, 20, 2 }, { ls, 10, 3 } };
	struct append a = { .samples = x, .nsamples = 3 };
	struct snapshot *v;
	struct sample *out;
	size_t n;

	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_ok(put_sample(f->s, ls, 20, 7, &f->e), &f->e);
	assert_ok(put_sample(f->s, ls, 5, 0, &f->e), &f->e);
	v = must_snapshot(f->s);
	assert_ok(read_samples(v, id_of(v, ls), 0, 100, &f->arena, &out, &n, &f->e), &f->e);
	assert_int_equal(n, 3);
	assert_f64(out[0].value, 0);
	assert_f64(out[1].value, 3);
	assert_f64(out[2].value, 7);
	snapshot_close(v);
	labels_unref(ls);
}

static void the_map_grows_while_snapshots_come_and_go(void **state)
{
	struct err e = { 0 };
	char *dir = tmp_make();
	struct store_options o = { .dir = dir, .map_bytes = 1 << 20 };
	struct store *s = store_open(&o, &e);
	struct labels *ls = series_named("x", "y");
	struct observation *obs = calloc(20000, sizeof(*obs));
	uint64_t seed = 1;
	struct append a = { .submission = { .received_ms = 1, .released_ms = 1 },
			    .obs = obs,
			    .nobs = 20000 };
	struct snapshot *held;
	struct store_status st;
	struct arena arena;
	struct vintage *x;
	size_t n;

	(void)state;
	assert_non_null(s);
	arena_init(&arena, 64 << 20);
	assert_ok(put_figure(s, ls, -1, 1, 1, 1, NULL, &e), &e);
	/* One that is forgotten is taken away when its time is up. */
	held = snapshot_open(s, 300, &e);
	for (size_t i = 0; i < a.nobs; i++)
		obs[i] = (struct observation){ .labels = ls, .stamp_ms = (int64_t)i };
	for (int k = 0; k < 8; k++) { /* noise, which cannot be packed */
		for (size_t i = 0; i < a.nobs; i++)
			obs[i].value = (double)random_next(&seed) / 3;
		assert_ok(append_now(s, &a, &e), &e);
	}
	assert_int_equal(a.revised, 20000);
	assert_fails(snapshot_figures(held, 1, 0, 5, latest, &arena, &x, &n, &e), &e, ERR_TIMEOUT,
		     "longer than its 300 ms");
	snapshot_close(held);
	store_status(s, &st);
	assert_true(st.map_bytes > 1 << 20);
	assert_true(st.writable);
	held = must_snapshot(s);
	assert_ok(snapshot_figures(held, 1, INT64_MIN, INT64_MAX, latest, &arena, &x, &n, &e), &e);
	assert_int_equal(n, 20001);
	snapshot_close(held);
	arena_release(&arena);
	store_close(s);
	assert_sound(dir);
	tmp_remove(dir);
	free(obs);
	labels_unref(ls);
}

static void a_failing_append_takes_no_number_and_the_others_are_kept(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y"), *mixed = series_named("mixed", "y");
	struct append a[5];
	struct observation o[5];
	struct plain_sample x = { mixed, 1, 1 };
	struct waiting w[5];
	uint64_t next = 0;

	/* Queued together or one by one: the outcome is the same. */
	for (int i = 0; i < 5; i++) {
		w[i] = (struct waiting){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
					 false };
		o[i] = (struct observation){ .labels = i == 2 ? mixed : ls,
					     .stamp_ms = i,
					     .value = i };
		a[i] = (struct append){ .submission = { .received_ms = 1, .released_ms = 1 },
					.obs = &o[i],
					.nobs = 1,
					.done = wake_up,
					.ctx = &w[i] };
	}
	a[2].samples = &x;
	a[2].nsamples = 1;
	for (int i = 0; i < 5; i++)
		assert_ok(store_append(f->s, &a[i], &f->e), &f->e);
	for (int i = 0; i < 5; i++) {
		pthread_mutex_lock(&w[i].lock);
		while (!w[i].over)
			pthread_cond_wait(&w[i].cond, &w[i].lock);
		pthread_mutex_unlock(&w[i].lock);
		assert_int_equal(a[i].err.code, i == 2 ? ERR_INVALID : ERR_NONE);
		assert_int_equal(a[i].submission.sequence, i == 2 ? 0 : ++next);
	}
	labels_unref(ls);
	labels_unref(mixed);
}

enum { PATIENT = 200 };

static void patient_samples_are_answered_alone_together_and_with_the_hurried(void **state)
{
	static const int groups[] = { 1, 3, PATIENT };
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	struct plain_sample x[PATIENT];
	struct append a[PATIENT];
	struct waiting w[PATIENT];

	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		for (int i = 0; i < groups[g]; i++) {
			w[i] = (struct waiting){ PTHREAD_MUTEX_INITIALIZER,
						 PTHREAD_COND_INITIALIZER, false };
			x[i] = (struct plain_sample){ ls, i + 1, i };
			a[i] = (struct append){ .samples = &x[i],
						.nsamples = 1,
						.patient = groups[g] != 3 || i != 2,
						.done = wake_up,
						.ctx = &w[i] };
			assert_ok(store_append(f->s, &a[i], &f->e), &f->e);
		}
		for (int i = 0; i < groups[g]; i++) {
			pthread_mutex_lock(&w[i].lock);
			while (!w[i].over)
				pthread_cond_wait(&w[i].cond, &w[i].lock);
			pthread_mutex_unlock(&w[i].lock);
			assert_int_equal(a[i].err.code, ERR_NONE);
		}
	}
	/* Closing does not wait for the end of their patience, and loses none. */
	w[0].over = false;
	assert_ok(store_append(f->s, &a[0], &f->e), &f->e);
	store_close(f->s);
	assert_true(w[0].over);
	f->s = must_open(f->dir);
	labels_unref(ls);
}

static void a_second_process_is_refused_with_the_first_ones_number(void **state)
{
	struct fixture *f = *state;
	char want[64];
	struct err e = { 0 };
	int status;
	pid_t child;

	snprintf(want, sizeof(want), "in use by process %ld", (long)getpid());
	child = fork();
	if (child == 0) {
		struct store *s = open_in(f->dir, &e);

		_exit(!s && e.code == ERR_BUSY && strstr(e.text, want) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* And within one process, which LMDB would not survive. */
	assert_not_opened(f->dir, ERR_BUSY, ", this one");
}

/* Commands that read hold the lock while nobody writes, and do not leave their number. */
static void a_number_of_a_process_that_is_gone_is_not_told(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };
	char text[16];
	pid_t gone = fork();
	int lock;

	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	store_close(f->s);
	snprintf(text, sizeof(text), "%ld\n", (long)gone);
	tmp_write(tmp_path(f->dir, "parkwatch.lock"), text, strlen(text));
	lock = lockfile_take_existing(f->dir, &e);
	assert_true(lock >= 0);
	assert_not_opened(f->dir, ERR_BUSY, "in use by another process");
	lockfile_release(lock);
	f->s = must_open(f->dir);
}

static void another_process_reads_beside_the_writer(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	int to_child[2], status;
	pid_t child;

	assert_ok(put_figure(f->s, ls, 1, 11, 1, 1, NULL, &f->e), &f->e);
	store_close(f->s); /* no LMDB environment may be carried over a fork */
	assert_int_equal(pipe(to_child), 0);
	child = fork();
	if (child == 0) {
		struct store_options o = { .dir = f->dir, .read_only = true, .map_bytes = 1 << 30 };
		struct err e = { 0 };
		struct store *s;
		struct snapshot *v;
		struct vintage x;
		struct series_ref ref;
		bool found = false;
		char c;

		/* The parent writes a new series after we opened. */
		s = store_open(&o, &e);
		if (!s || read(to_child[0], &c, 1) != 1)
			_exit(1);
		v = snapshot_open(s, 0, &e);
		if (!v || snapshot_find(v, ls, &ref, &e) < 0 ||
		    snapshot_last_figure(v, 2, 9, latest, &x, &found, &e) < 0 || !found ||
		    x.value != 22)
			_exit(2);
		snapshot_close(v);
		if (put_figure(s, ls, 1, 2, 3, 4, NULL, &e) == 0 || e.code != ERR_REFUSED)
			_exit(3);
		store_close(s);
		_exit(0);
	}
	f->s = must_open(f->dir);
	{
		struct labels *other = series_named("x", "z");

		assert_ok(put_figure(f->s, other, 1, 22, 1, 1, NULL, &f->e), &f->e);
		labels_unref(other);
	}
	assert_int_equal(write(to_child[1], "x", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(WIFEXITED(status));
	close(to_child[0]);
	close(to_child[1]);
	labels_unref(ls);
}

/* Opens and looks until the pipe ends; 1, 2: it could not. */
static int open_again_and_again(const char *dir, int until)
{
	struct store_options o = { .dir = dir, .read_only = true, .map_bytes = 1 << 30 };
	struct pollfd ended = { .fd = until };

	while (poll(&ended, 1, 0) == 0) {
		struct err e = { 0 };
		struct store *s = store_open(&o, &e);
		struct snapshot *v = s ? snapshot_open(s, 0, &e) : NULL;

		if (!v) {
			fprintf(stderr, "# %s\n", e.text);
			return s ? 2 : 1;
		}
		snapshot_close(v);
		store_close(s);
	}
	return 0;
}

static void a_reader_opens_while_log_files_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	int until[2], status;
	pid_t child;

	store_close(f->s);
	f->s = NULL;
	assert_int_equal(pipe(until), 0);
	child = fork();
	if (child == 0) {
		close(until[1]);
		_exit(open_again_and_again(f->dir, until[0]));
	}
	for (int i = 0; i < 100; i++) {
		f->s = must_open(f->dir);
		assert_ok(put_sample(f->s, ls, i, i, &f->e), &f->e);
		store_close(f->s);
		/* Without anything to keep the file goes and comes under the same number. */
		f->s = must_open(f->dir);
		store_close(f->s);
	}
	close(until[0]);
	close(until[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	f->s = must_open(f->dir);
	labels_unref(ls);
}

/* Changes the state record past the store's lock; 0 when it did. */
static int write_past_the_lock(const char *dir)
{
	struct db_options o = { .dir = dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };
	uint8_t bytes[STATE_BYTES];
	struct state state;
	struct err e = { 0 };
	struct db *db = db_open(&o, &e);
	struct db_txn *t;
	struct slice value;

	if (!db || db_write_begin(db, &t, &e) < 0 ||
	    db_get(t, DB_META, key_state, &value, &e) != 1 || state_read(value, &state, &e) < 0)
		return 1;
	state.epoch++;
	state_write(&state, bytes);
	if (db_put(t, DB_META, key_state, key_slice(bytes, sizeof(bytes)), &e) < 0 ||
	    db_write_commit(t, &e) < 0)
		return 2;
	db_close(db);
	return 0;
}

static void what_somebody_else_wrote_is_not_written_over(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	int go[2], status;
	char c;
	pid_t child;

	store_close(f->s);
	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0)
		_exit(read(go[0], &c, 1) == 1 ? write_past_the_lock(f->dir) : 3);
	f->s = must_open(f->dir);
	assert_ok(put_figure(f->s, ls, 1, 11, 1, 1, NULL, &f->e), &f->e);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_fails(put_figure(f->s, ls, 2, 12, 1, 1, NULL, &f->e), &f->e, ERR_CORRUPT,
		     "is not as this process left it: somebody else writes it");
	/* For good: nobody knows what else was changed. */
	assert_true(put_figure(f->s, ls, 3, 13, 1, 1, NULL, &f->e) < 0);
	close(go[0]);
	close(go[1]);
	labels_unref(ls);
}

static void folder_and_descriptors_are_private(void **state)
{
	struct fixture *f = *state;
	const char *sub = tmp_path(f->dir, "new");
	struct err e = { 0 };
	struct store *s = open_in(sub, &e);
	struct stat st;

	assert_non_null(s);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(tmp_path(sub, "data.mdb"), &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	for (int fd = 3; fd < 64; fd++) {
		char link[64], path[4096];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path) - 1);
		if (n <= 0)
			continue;
		path[n] = '\0';
		if (strstr(path, f->dir) && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			fail_msg("%s stays open in a program we start", path);
	}
	store_close(s);
}

static void a_full_queue_says_busy(void **state)
{
	struct err e = { 0 };
	char *dir = tmp_make();
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .queue_bytes = 1 };
	struct store *s = store_open(&o, &e);
	struct labels *ls = series_named("x", "y");
	struct waiting w[200];
	struct append a[200];
	struct observation x = { .labels = ls, .stamp_ms = 1, .value = 1 };
	int refused = 0, taken = 0;

	(void)state;
	assert_non_null(s);
	for (int i = 0; i < 200; i++) {
		w[i] = (struct waiting){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
					 false };
		a[i] = (struct append){ .obs = &x, .nobs = 1, .done = wake_up, .ctx = &w[i] };
		if (store_append(s, &a[i], &e) == 0) {
			taken++;
			continue;
		}
		assert_int_equal(e.code, ERR_BUSY);
		assert_has(e.text, "wait to be written already");
		w[i].over = true;
		refused++;
	}
	assert_true(taken > 0 && refused > 0);
	store_close(s); /* writes what waits */
	for (int i = 0; i < 200; i++)
		assert_true(w[i].over);
	tmp_remove(dir);
	labels_unref(ls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_figure_comes_back_with_all_it_was_given),
		STORE_TEST(a_correction_stands_beside_the_first_value),
		STORE_TEST(a_suppressed_figure_is_in_and_never_a_value),
		STORE_TEST(the_same_figure_again_is_unchanged_but_on_record),
		STORE_TEST(a_history_is_every_vintage_of_every_period),
		STORE_TEST(a_release_shows_what_was_handed_in_as_a_draft),
		STORE_TEST(a_draft_does_not_swallow_its_signed_copy),
		STORE_TEST(a_clock_set_back_does_not_hide_a_correction),
		STORE_TEST(a_clock_set_back_hides_no_later_correction_either),
		STORE_TEST(a_trusted_figure_is_released_since_it_was_known),
		STORE_TEST(kinds_of_series_do_not_mix),
		STORE_TEST(a_figure_must_be_finite),
		STORE_TEST(plain_samples_survive_bit_for_bit),
		STORE_TEST(samples_in_any_order_equal_a_naive_model),
		STORE_TEST(a_later_sample_for_one_time_replaces),
		cmocka_unit_test(the_map_grows_while_snapshots_come_and_go),
		STORE_TEST(a_failing_append_takes_no_number_and_the_others_are_kept),
		STORE_TEST(patient_samples_are_answered_alone_together_and_with_the_hurried),
		STORE_TEST(a_second_process_is_refused_with_the_first_ones_number),
		STORE_TEST(a_number_of_a_process_that_is_gone_is_not_told),
		STORE_TEST(another_process_reads_beside_the_writer),
		STORE_TEST(a_reader_opens_while_log_files_come_and_go),
		STORE_TEST(what_somebody_else_wrote_is_not_written_over),
		STORE_TEST(folder_and_descriptors_are_private),
		cmocka_unit_test(a_full_queue_says_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
