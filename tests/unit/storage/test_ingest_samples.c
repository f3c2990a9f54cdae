/*
 * test_ingest_samples.c - samples of our own: how the log has them, what of them is there after a
 * crash or a full disk, what is refused.
 */
#include "base/log.h"
#include "storage/log_samples.h"
#include "tests/unit/storage/help.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t now_ms = 1790000000 * INT64_C(1000);

enum { SERIES = 20 };

static struct labels *numbered_series(int k)
{
	char park[24];

	snprintf(park, sizeof(park), "park-%d", k);
	return series_named("own", park);
}

/* One sample of each series from `from` to `to`: `v` and its number. */
static int append_range(struct store *s, int from, int to, int64_t t_ms, double v, struct err *e)
{
	struct plain_sample x[SERIES];
	struct append a = { .submission = { .received_ms = now_ms }, .samples = x };
	int rc;

	for (int k = from; k < to; k++)
		x[a.nsamples++] = (struct plain_sample){ numbered_series(k), t_ms, v + k };
	rc = append_now(s, &a, e);
	for (size_t i = 0; i < a.nsamples; i++)
		labels_unref(x[i].labels);
	return rc;
}

static size_t samples_of(struct fixture *f, int k, struct sample **out)
{
	struct labels *ls = numbered_series(k);
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

static off_t log_size(const struct fixture *f, int number)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/log/%08d.log", f->dir, number);
	return stat(path, &st) == 0 ? st.st_size : -1;
}

/* --- what the log has --------------------------------------------------------------------- */

static void a_series_is_named_once_in_a_log_file(void **state)
{
	struct fixture *f = *state;
	off_t first, second, third;

	assert_ok(append_range(f->s, 0, SERIES, now_ms, 0, &f->e), &f->e);
	first = log_size(f, 1) - WAL_HEAD_BYTES;
	assert_ok(append_range(f->s, 0, SERIES, now_ms + 1, 0, &f->e), &f->e);
	second = log_size(f, 1) - WAL_HEAD_BYTES - first;
	/* A byte for the number, one for the time, but the first. */
	assert_int_equal(second, (WAL_RECORD_HEAD + SERIES * 10 + 7) & ~7);
	assert_true(first > second + SERIES * (off_t)strlen("own park-10"));
	assert_ok(append_range(f->s, 5, 7, now_ms + 2, 0, &f->e), &f->e);
	third = log_size(f, 1) - WAL_HEAD_BYTES - first - second;
	assert_int_equal(third, (WAL_RECORD_HEAD + 2 * 10 + 7) & ~7);
}

static void they_come_back_from_the_log(void **state)
{
	struct fixture *f = *state;
	struct sample *x;

	assert_ok(append_range(f->s, 0, 10, now_ms, 100, &f->e), &f->e);
	assert_ok(append_range(f->s, 5, SERIES, now_ms + 1, 200, &f->e), &f->e);
	assert_ok(append_range(f->s, 0, SERIES, now_ms - 1, 300, &f->e), &f->e);
	store_close(f->s);
	assert_sound(f->dir);
	f->s = must_open(f->dir);
	for (int k = 0; k < SERIES; k++) {
		size_t n = samples_of(f, k, &x);

		assert_int_equal(n, 1 + (k < 10) + (k >= 5));
		assert_f64(x[0].value, 300 + k);
		assert_int_equal(x[0].t_ms, now_ms - 1);
		if (k < 10)
			assert_f64(x[1].value, 100 + k);
		if (k >= 5)
			assert_f64(x[n - 1].value, 200 + k);
	}
}

/* 43 MB of names, where a record has room for 32. */
static void a_page_of_many_series_takes_several_records(void **state)
{
	enum { MANY = 330000 };
	struct plain_sample *many = calloc(MANY, sizeof(*many));
	struct append a = { .submission = { .received_ms = now_ms },
			    .samples = many,
			    .nsamples = MANY };
	struct fixture *f = *state;
	struct sample *x;
	char name[130];

	assert_non_null(many);
	for (int k = 0; k < MANY; k++) {
		snprintf(name, sizeof(name), "%0120d", k);
		many[k] = (struct plain_sample){ series_named("own", name), now_ms, k };
	}
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	/* They are named now: ten bytes each. */
	for (int k = 0; k < MANY; k++)
		many[k].t_ms = now_ms + 1;
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_in_range(log_size(f, 1), MANY * 130, MANY * 190);
	store_close(f->s);
	assert_sound(f->dir);
	f->s = must_open(f->dir);
	for (int k = 0; k < MANY; k += MANY / 10 - 1) {
		struct snapshot *v = must_snapshot(f->s);
		struct series_ref ref;
		size_t n;

		assert_ok(snapshot_find(v, many[k].labels, &ref, &f->e), &f->e);
		assert_ok(read_samples(v, ref.id, INT64_MIN, INT64_MAX, &f->arena, &x, &n, &f->e),
			  &f->e);
		assert_int_equal(n, 2);
		assert_f64(x[0].value, k);
		assert_int_equal(x[1].t_ms, now_ms + 1);
		snapshot_close(v);
	}
	for (int k = 0; k < MANY; k++)
		labels_unref(many[k].labels);
	free(many);
}

/* The same series from a sender and from us. */
static void a_request_and_a_sample_of_our_own_mean_one_series(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = numbered_series(3);
	struct rw_sample theirs = { now_ms + 1, 7 };
	struct sample *x;
	struct write w;
	struct buf raw;

	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, &theirs, 1);
	assert_ok(append_range(f->s, 0, 5, now_ms, 0, &f->e), &f->e);
	assert_ok(write_now(f->s, &raw, now_ms, &w, &f->e), &f->e);
	assert_ok(append_range(f->s, 3, 4, now_ms + 2, 0, &f->e), &f->e);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(samples_of(f, 3, &x), 3);
		assert_f64(x[1].value, 7);
		assert_f64(x[2].value, 3);
		store_close(f->s);
		assert_sound(f->dir);
		f->s = must_open(f->dir);
	}
	buf_release(&raw);
	labels_unref(ls);
}

/* Log files begin and end meanwhile; each must name what it has. The process dies in the end. */
static void write_and_die(const char *dir)
{
	struct err e;
	struct store *s = store_open(&(struct store_options){ .dir = dir,
							      .map_bytes = 1 << 30,
							      .seal_samples = 70 },
				     &e);

	for (int i = 0; s && i < 200; i++)
		if (append_range(s, i % 3, SERIES - i % 2, now_ms + i, i * 1000, &e) < 0)
			_exit(1);
	kill(getpid(), s ? SIGKILL : SIGTERM);
}

static void every_log_file_names_its_series_itself(void **state)
{
	struct fixture *f = *state;
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
	for (int k = 0; k < SERIES; k++) {
		struct sample *x;
		size_t n = samples_of(f, k, &x), at = 0;

		for (int i = 0; i < 200; i++) {
			if (k < i % 3 || k >= SERIES - i % 2)
				continue;
			assert_true(at < n && x[at].t_ms == now_ms + i);
			assert_f64(x[at++].value, i * 1000 + k);
		}
		assert_int_equal(at, n);
	}
}

/* --- what fails ----------------------------------------------------------------------------- */

/* A record that finds no room names nothing: what comes next must name it again. In a process of
 * its own, for the limit. */
static void fill_and_go_on(const struct fixture *f)
{
	struct rlimit room = { .rlim_cur = (rlim_t)log_size(f, 1) + 100,
			       .rlim_max = RLIM_INFINITY };
	struct store *s;
	struct err e;

	signal(SIGXFSZ, SIG_IGN);
	s = must_open(f->dir);
	if (append_range(s, 0, 2, now_ms, 0, &e) < 0)
		_exit(1);
	room.rlim_cur = 4096;
	if (setrlimit(RLIMIT_FSIZE, &room) < 0)
		_exit(2);
	for (int i = 0; i < 200; i++)
		if (append_range(s, 0, 2, now_ms + 1 + i, 0, &e) < 0) {
			if (e.code != ERR_FULL || append_range(s, 0, SERIES, now_ms, 0, &e) == 0)
				_exit(3);
			room.rlim_cur = RLIM_INFINITY;
			setrlimit(RLIMIT_FSIZE, &room);
			for (int k = 0; k < 100; k++) { /* it looks again ten times a second */
				usleep(150000);
				if (append_range(s, 0, SERIES, now_ms + 1000, 0, &e) == 0)
					_exit(0);
			}
			_exit(4);
		}
	_exit(5);
}

static void what_found_no_room_is_named_by_what_follows(void **state)
{
	struct fixture *f = *state;
	struct sample *x;
	int status;
	pid_t child;

	store_close(f->s);
	child = fork();
	if (child == 0)
		fill_and_go_on(f);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_sound(f->dir);
	f->s = must_open(f->dir);
	for (int k = 2; k < SERIES; k++) {
		assert_int_equal(samples_of(f, k, &x), 1);
		assert_f64(x[0].value, k);
		assert_int_equal(x[0].t_ms, now_ms + 1000);
	}
}

static void of_the_future_only_the_sample_is_refused(void **state)
{
	struct fixture *f = *state;
	struct labels *a = numbered_series(0), *b = numbered_series(1);
	struct plain_sample s[] = { { a, now_ms, 1 },
				    { b, now_ms + 600001, 2 },
				    { b, now_ms + 600000, 3 } };
	struct append x = { .submission = { .received_ms = now_ms }, .samples = s, .nsamples = 3 };
	struct sample *got;

	assert_fails(
		append_now(f->s, &x, &f->e), &f->e, ERR_INVALID,
		"own{park=\"park-1\"} at 2026-09-21T14:23:20.001Z: more than 10 minutes in the "
		"future");
	for (int again = 0; again < 2; again++) {
		assert_int_equal(samples_of(f, 0, &got), 1);
		assert_int_equal(samples_of(f, 1, &got), 1);
		assert_f64(got[0].value, 3);
		reopen(f);
	}
	labels_unref(a);
	labels_unref(b);
}

static struct series_kind all_statistics(void *ctx, const struct label *l, size_t n)
{
	(void)ctx;
	(void)l;
	(void)n;
	return (struct series_kind){ .class = SERIES_STATISTIC, .months = 1 };
}

static void a_statistic_takes_none(void **state)
{
	struct fixture *f = *state;

	store_close(f->s);
	f->s = store_open(&(struct store_options){ .dir = f->dir,
						   .map_bytes = 1 << 30,
						   .classify = all_statistics },
			  &f->e);
	assert_non_null(f->s);
	for (int again = 0; again < 2; again++)
		assert_fails(append_range(f->s, 0, 2, now_ms, 0, &f->e), &f->e, ERR_INVALID,
			     "own{park=\"park-0\"} is a statistic and cannot take plain samples");
	/* Nothing was written. */
	assert_int_equal(log_size(f, 1), WAL_HEAD_BYTES);
}

/* Sets come and go, so that one comes to lie where another was. */
static void an_address_that_is_used_again_means_another_series(void **state)
{
	struct fixture *f = *state;

	for (int k = 0; k < 2000; k++)
		assert_ok(append_range(f->s, k, k + 1, now_ms, 0, &f->e), &f->e);
	for (int k = 0; k < 2000; k++) {
		struct sample *x;

		arena_release(&f->arena);
		arena_init(&f->arena, 1 << 20);
		assert_int_equal(samples_of(f, k, &x), 1);
		assert_f64(x[0].value, k);
	}
}

/* --- records ------------------------------------------------------------------------ */

static void extremes_come_back(void **state)
{
	static const struct log_sample x[] = {
		{ 0, INT64_MIN, 1 }, { UINT32_MAX, INT64_MAX, -0.0 }, { 0, 0, 5e-324 },
		{ 5, -1, 1e308 },    { 5, INT64_MIN, 0.1 },           { 4, INT64_MAX, 3 },
	};
	struct log_sample before = log_sample_before(now_ms), at = before;
	uint8_t bytes[6 * LOG_SAMPLE_MOST], *p = bytes;
	struct slice left;

	(void)state;
	for (int i = 0; i < 6; i++)
		p = log_put_sample(p, &before, &x[i]);
	left = slice_of((char *)bytes, (size_t)(p - bytes));
	for (int i = 0; i < 6; i++) {
		assert_true(log_take_sample(&left, &at));
		assert_int_equal(at.number, x[i].number);
		assert_int_equal(at.t_ms, x[i].t_ms);
		assert_memory_equal(&at.value, &x[i].value, 8);
	}
	assert_int_equal(left.n, 0);
	assert_false(log_take_sample(&left, &at));
}

static void a_record_that_cannot_be_is_said_so(void **state)
{
	static const struct log_samples_visitor nothing = { 0 };
	static const struct {
		const char *list, *body;
		size_t nlist, nbody;
		const char *why;
	} bad[] = {
		{ "\x05"
		  "abc",
		  "", 4, 0, "the labels of a series are cut off" },
		{ "\xff", "", 1, 0, "the labels of a series are cut off" },
		{ "",
		  "\x02\x00"
		  "1234567",
		  0, 9, "a sample is cut off" },
		{ "",
		  "\x02\x00"
		  "12345678",
		  0, 10, "a sample of a series that is not named" },
		{ "\x01"
		  "a",
		  "\x04\x00"
		  "12345678",
		  2, 10, "a sample of a series that is not named" },
		{ "\x01"
		  "a",
		  "\x01\x00"
		  "12345678",
		  2, 10, "a sample of a series that is not named" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wal_record r = { .kind = WAL_SAMPLES,
					.list = slice_of(bad[i].list, bad[i].nlist),
					.body = slice_of(bad[i].body, bad[i].nbody) };
		uint64_t named = 0;
		struct err e;

		assert_fails(log_samples_read(&r, &nothing, &named, &e), &e, ERR_CORRUPT,
			     bad[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_series_is_named_once_in_a_log_file),
		STORE_TEST(they_come_back_from_the_log),
		STORE_TEST(a_page_of_many_series_takes_several_records),
		STORE_TEST(a_request_and_a_sample_of_our_own_mean_one_series),
		STORE_TEST(every_log_file_names_its_series_itself),
		STORE_TEST(what_found_no_room_is_named_by_what_follows),
		STORE_TEST(of_the_future_only_the_sample_is_refused),
		STORE_TEST(a_statistic_takes_none),
		STORE_TEST(an_address_that_is_used_again_means_another_series),
		cmocka_unit_test(extremes_come_back),
		cmocka_unit_test(a_record_that_cannot_be_is_said_so),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
