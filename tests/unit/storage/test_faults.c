/*
 * test_faults.c - full disks, failed syncs, no memory.
 *
 * fdatasync() below stands in front of the C library's for the whole program,
 * liblmdb included.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "tests/unit/storage/help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };
static atomic_int sync_errno;
static atomic_int syncs;

int fdatasync(int fd)
{
	int e = atomic_load(&sync_errno);

	atomic_fetch_add(&syncs, 1);
	if (e) {
		errno = e;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

/* `n` figures at new stamps, so that the file has to grow. */
static int put_many(struct store *s, struct labels *ls, int64_t from, size_t n, struct err *e)
{
	struct observation *o = calloc(n, sizeof(*o));
	struct append a = { .submission = { .received_ms = 1, .released_ms = 1 },
			    .obs = o,
			    .nobs = n };
	int rc;

	for (size_t i = 0; i < n; i++)
		o[i] = (struct observation){ .labels = ls,
					     .stamp_ms = from + (int64_t)i,
					     .value = (double)i };
	rc = append_now(s, &a, e);
	free(o);
	return rc;
}

static size_t count_figures(struct store *s)
{
	struct snapshot *v = must_snapshot(s);
	struct err e = { 0 };
	struct vintage *x;
	struct arena a;
	size_t n;

	arena_init(&a, 256 << 20);
	assert_ok(snapshot_figures(v, 1, INT64_MIN, INT64_MAX, latest, &a, &x, &n, &e), &e);
	arena_release(&a);
	snapshot_close(v);
	return n;
}

static void a_limit_of_the_file_fails_that_append_only(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	struct rlimit old, tight;
	struct store_status st;
	struct stat file;

	signal(SIGXFSZ, SIG_IGN);
	assert_ok(put_many(f->s, ls, 0, 1000, &f->e), &f->e);
	assert_int_equal(stat(tmp_path(f->dir, "data.mdb"), &file), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)file.st_size + (200 << 10) + 1234;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_fails(put_many(f->s, ls, 100000, 20000, &f->e), &f->e, ERR_FULL,
		     "no space left on the disk of");
	assert_int_equal(count_figures(f->s), 1000);
	store_status(f->s, &st);
	assert_false(st.writable);
	assert_has(st.why, "no space left");
	assert_int_equal(st.submissions, 1);
	/* A small one still fits, and then the store is writable again. */
	assert_ok(put_many(f->s, ls, 5000, 1, &f->e), &f->e);
	store_status(f->s, &st);
	assert_true(st.writable);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_ok(put_many(f->s, ls, 100000, 20000, &f->e), &f->e);
	assert_int_equal(count_figures(f->s), 21001);
	labels_unref(ls);
}

static void a_full_disk_is_refused_before_it_hurts(void **state)
{
	struct labels *ls = series_named("x", "y");
	char *dir = tmp_make();
	struct err e = { 0 };
	struct store_status st;
	struct store *s;
	size_t kept = 0;
	int ballast;

	(void)state;
	if (geteuid() != 0 || mount("none", dir, "tmpfs", 0, "size=12m") < 0) {
		print_message("SKIPPED: a small tmpfs cannot be mounted here (root is needed)\n");
		tmp_remove(dir);
		labels_unref(ls);
		skip();
	}
	ballast = open(tmp_path(dir, "ballast"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(posix_fallocate(ballast, 0, 3 << 20), 0);
	s = must_open(tmp_path(dir, "store"));
	while (kept < 1000000 && put_many(s, ls, (int64_t)kept, 2000, &e) == 0)
		kept += 2000;
	assert_true(kept > 0 && kept < 1000000);
	assert_int_equal(e.code, ERR_FULL);
	assert_has(e.text, "no space left: the disk of ");
	assert_int_equal(count_figures(s), kept);
	store_status(s, &st);
	assert_false(st.writable);
	assert_int_equal(ftruncate(ballast, 0), 0);
	assert_ok(put_many(s, ls, (int64_t)kept, 2000, &e), &e);
	store_status(s, &st);
	assert_true(st.writable);
	store_close(s);
	assert_sound(tmp_path(dir, "store"));
	close(ballast);
	assert_int_equal(umount(dir), 0);
	tmp_remove(dir);
	labels_unref(ls);
}

/* Takes all the room there is. */
static void fill_up(int fd)
{
	static const char block[4096];
	off_t at = 0;

	while (pwrite(fd, block, sizeof(block), at) == (ssize_t)sizeof(block))
		at += (off_t)sizeof(block);
	assert_int_equal(errno, ENOSPC);
}

enum { READERS = 250 };

/* LMDB maps its table of readers: a page of it that the disk has no room for is SIGBUS. */
static void a_store_opens_and_is_read_on_a_full_disk(void **state)
{
	struct labels *ls = series_named("x", "y");
	struct snapshot *open_now[READERS];
	char *dir = tmp_make();
	struct err e = { 0 };
	struct store *s;
	int ballast;

	(void)state;
	if (geteuid() != 0 || mount("none", dir, "tmpfs", 0, "size=12m") < 0) {
		print_message("SKIPPED: a small tmpfs cannot be mounted here (root is needed)\n");
		tmp_remove(dir);
		labels_unref(ls);
		skip();
	}
	ballast = open(tmp_path(dir, "ballast"), O_WRONLY | O_CREAT, 0600);
	s = must_open(tmp_path(dir, "store"));
	assert_ok(put_many(s, ls, 0, 1000, &e), &e);
	store_close(s);
	fill_up(ballast);
	s = must_open(tmp_path(dir, "store"));
	for (int i = 0; i < READERS; i++)
		open_now[i] = must_snapshot(s);
	for (int i = 0; i < READERS; i++)
		snapshot_close(open_now[i]);
	assert_int_equal(count_figures(s), 1000);
	assert_fails(put_many(s, ls, 5000, 10, &e), &e, ERR_FULL, "no space left: the disk of ");
	assert_int_equal(count_figures(s), 1000);
	/* Another folder on the same disk cannot even begin. */
	assert_null(open_in(tmp_path(dir, "second"), &e));
	assert_int_equal(e.code, ERR_FULL);
	assert_has(e.text, "no space left");
	assert_int_equal(ftruncate(ballast, 0), 0);
	assert_ok(put_many(s, ls, 5000, 10, &e), &e);
	store_close(s);
	assert_sound(tmp_path(dir, "store"));
	s = must_open(tmp_path(dir, "second"));
	assert_ok(put_many(s, ls, 0, 10, &e), &e);
	store_close(s);
	close(ballast);
	assert_int_equal(umount(dir), 0);
	tmp_remove(dir);
	labels_unref(ls);
}

struct failure {
	atomic_int calls;
	struct err why;
};

static void note_failure(void *ctx, const struct err *why)
{
	struct failure *f = ctx;

	f->why = *why;
	atomic_fetch_add(&f->calls, 1);
}

static void after_a_failed_sync_nothing_is_acknowledged(void **state)
{
	struct labels *ls = series_named("x", "y");
	struct failure failure = { 0 };
	char *dir = tmp_make();
	struct store_options o = {
		.dir = dir, .map_bytes = 1 << 30, .failed = note_failure, .ctx = &failure
	};
	struct err e = { 0 };
	struct store_status st;
	struct store *s = store_open(&o, &e);
	int before;

	(void)state;
	assert_non_null(s);
	before = atomic_load(&syncs);
	assert_ok(put_many(s, ls, 0, 10, &e), &e);
	assert_true(atomic_load(&syncs) > before); /* else this test proves nothing */
	atomic_store(&sync_errno, EIO);
	assert_fails(put_many(s, ls, 100, 10, &e), &e, ERR_IO, "cannot commit");
	atomic_store(&sync_errno, 0);
	assert_int_equal(atomic_load(&failure.calls), 1);
	assert_has(failure.why.text, "cannot commit");
	/* Linux forgets a failed sync; the next one would succeed. We do not try. */
	assert_fails(put_many(s, ls, 200, 10, &e), &e, ERR_IO, "the store failed: cannot commit");
	assert_int_equal(atomic_load(&failure.calls), 1);
	store_status(s, &st);
	assert_false(st.writable);
	assert_int_equal(count_figures(s), 10);
	store_close(s);
	s = must_open(dir);
	assert_int_equal(count_figures(s), 10);
	assert_ok(put_many(s, ls, 200, 10, &e), &e);
	store_close(s);
	assert_sound(dir);
	tmp_remove(dir);
	labels_unref(ls);
}

enum { STARVED_RUNS = 100 };

/* Opens, appends, reads; -1 where the first error shows. */
static int one_life(const char *dir, struct labels **ls, int64_t round, struct err *e)
{
	struct observation o = { .labels = ls[0], .stamp_ms = round, .value = 1 };
	struct plain_sample x[2] = { { ls[1], round, 1 }, { ls[1], -round, 2 } };
	struct append a = { .submission = { .received_ms = 1, .source = "s" },
			    .obs = &o,
			    .nobs = 1,
			    .samples = x,
			    .nsamples = 2 };
	struct matcher m = { MATCH_EQ, slice_str("park"), slice_str("y") };
	struct snapshot *v = NULL;
	struct series_ref *refs;
	struct submission sub;
	struct vintage *vs;
	struct sample *run;
	struct slice *texts;
	struct arena arena;
	struct store *s;
	size_t n;
	int rc = -1;

	s = open_in(dir, e);
	if (!s)
		return -1;
	arena_init(&arena, 1 << 20);
	if (append_now(s, &a, e) == 0 && store_release(s, a.submission.sequence, 7, e) == 0 &&
	    (v = snapshot_open(s, 60000, e)) &&
	    snapshot_select(v, &m, 1, &arena, &refs, &n, e) == 0 &&
	    snapshot_figures(v, 1, round, round, latest, &arena, &vs, &n, e) == 0 &&
	    read_samples(v, 2, INT64_MIN, INT64_MAX, &arena, &run, &n, e) == 0 &&
	    snapshot_label_values(v, slice_str("park"), NULL, 0, &arena, &texts, &n, e) == 0 &&
	    snapshot_submission(v, 1, &arena, &sub, e) == 0)
		rc = 0;
	snapshot_close(v);
	arena_release(&arena);
	store_close(s);
	return rc;
}

/* Fails allocation after allocation; a run may also get by without one (a hash table that does
 * not grow). Returns how many runs ended with an error; *last is the last of them. */
static long starve(const char *dir, bool fresh, int sticky, long *last)
{
	struct labels *ls[2] = { series_named("figure", "y"), series_named("plain", "y") };
	struct err e = { 0 };
	long failed = 0;

	for (long k = 0; k < STARVED_RUNS; k++) {
		char path[4096];
		int rc;

		snprintf(path, sizeof(path), "%s/%ld", dir, fresh ? k : 0);
		mem_fail_after(k, sticky);
		rc = one_life(path, ls, k + 1, &e);
		mem_fail_after(-1, 0);
		if (rc == 0)
			continue;
		failed++;
		*last = k;
		if (e.code != ERR_MEMORY && e.code != ERR_LIMIT)
			fail_msg("allocation %ld failed and the error is %s: %s", k,
				 err_code_name(e.code), e.text);
		if (fresh && k % 16 == 0) {
			/* What was begun can be used. */
			assert_ok(one_life(path, ls, 1, &e), &e);
			assert_sound(path);
		}
	}
	labels_unref(ls[0]);
	labels_unref(ls[1]);
	return failed;
}

static void without_memory_there_is_an_error_and_nothing_is_lost(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		char *dir = tmp_make();
		long last = 0, failed = starve(dir, way & 1, way >> 1, &last);

		print_message("%ld of %d runs ended with an error, the last at allocation %ld\n",
			      failed, STARVED_RUNS, last);
		assert_true(failed > 30);
		/* The walk went past the last allocation there is. */
		assert_true(last < STARVED_RUNS - 30);
		if (!(way & 1))
			assert_sound(tmp_path(dir, "0"));
		tmp_remove(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_limit_of_the_file_fails_that_append_only),
		cmocka_unit_test(a_full_disk_is_refused_before_it_hurts),
		cmocka_unit_test(a_store_opens_and_is_read_on_a_full_disk),
		cmocka_unit_test(after_a_failed_sync_nothing_is_acknowledged),
		cmocka_unit_test(without_memory_there_is_an_error_and_nothing_is_lost),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
