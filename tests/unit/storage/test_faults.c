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
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };
static atomic_int sync_errno;
static atomic_int syncs;
static atomic_int starve_at; /* from this sync on there is no memory; 0: never */

int fdatasync(int fd)
{
	int e = atomic_load(&sync_errno);

	if (atomic_fetch_add(&syncs, 1) + 1 == atomic_load(&starve_at))
		mem_fail_after(0, 1);
	if (e) {
		errno = e;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static double noise(void)
{
	static uint64_t seed = 20261125;

	return (double)random_next(&seed) / 3;
}

/* `n` figures of noise at new stamps, so that the file has to grow. */
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
					     .value = noise() };
	rc = append_now(s, &a, e);
	free(o);
	return rc;
}

/* A request with `n` samples of noise. */
static int write_many(struct store *s, struct labels *ls, int64_t from, size_t n, struct err *e)
{
	struct rw_sample *x = calloc(n, sizeof(*x));
	struct write w;
	struct buf raw;
	int rc;

	for (size_t i = 0; i < n; i++)
		x[i] = (struct rw_sample){ from + (int64_t)i, noise() };
	buf_init(&raw, 32 << 20);
	put_series(&raw, ls, x, n);
	rc = write_now(s, &raw, INT64_MAX, &w, e);
	buf_release(&raw);
	free(x);
	return rc;
}

static size_t count_samples(struct store *s, const struct labels *ls)
{
	struct snapshot *v = must_snapshot(s);
	struct err e = { 0 };
	struct sample *x;
	struct arena a;
	size_t n;

	arena_init(&a, 256 << 20);
	assert_ok(read_samples(v, id_of(v, ls), INT64_MIN, INT64_MAX, &a, &x, &n, &e), &e);
	arena_release(&a);
	snapshot_close(v);
	return n;
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
	struct store_status st;

	assert_ok(put_many(f->s, ls, 0, 1000, &f->e), &f->e);
	tmp_limit(tmp_size(tmp_path(f->dir, "data.mdb")) + (200 << 10) + 1234);
	assert_fails(put_many(f->s, ls, 100000, 60000, &f->e), &f->e, ERR_FULL,
		     "no space left on the disk of");
	assert_int_equal(count_figures(f->s), 1000);
	assert_not_writable(f->s, "no space left");
	store_status(f->s, &st);
	assert_int_equal(st.submissions, 1);
	/* A small one still fits, and then the store is writable again. */
	assert_ok(put_many(f->s, ls, 5000, 1, &f->e), &f->e);
	assert_writable(f->s);
	tmp_unlimit();
	assert_ok(put_many(f->s, ls, 100000, 60000, &f->e), &f->e);
	assert_int_equal(count_figures(f->s), 61001);
	labels_unref(ls);
}

/* The log is cut back to where it was; what comes later stands behind whole requests. */
static void a_limit_of_the_log_fails_that_request_only(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	struct store_status st, before;

	assert_ok(write_many(f->s, ls, 0, 1000, &f->e), &f->e);
	store_status(f->s, &before);
	tmp_limit(before.log_bytes + 5000);
	assert_fails(write_many(f->s, ls, 100000, 1000, &f->e), &f->e, ERR_FULL,
		     "00000001.log: No space left on device");
	store_status(f->s, &st);
	assert_int_equal(st.log_bytes, before.log_bytes);
	assert_int_equal(tmp_size(tmp_path(f->dir, "log/00000001.log")), before.log_bytes);
	assert_not_writable(f->s, "No space left");
	assert_int_equal(count_samples(f->s, ls), 1000);
	assert_ok(write_many(f->s, ls, 5000, 10, &f->e), &f->e);
	assert_writable(f->s);
	tmp_unlimit();
	assert_ok(write_many(f->s, ls, 100000, 1000, &f->e), &f->e);
	reopen(f);
	assert_int_equal(count_samples(f->s, ls), 2010);
	labels_unref(ls);
}

static void assert_kept(struct store *s, const struct labels *plain, size_t samples, size_t figures)
{
	assert_int_equal(count_samples(s, plain), samples);
	assert_int_equal(count_figures(s), figures);
}

/* Sealing and packing need room as well: what waits for them stays in the log. */
static void what_cannot_be_packed_stays_where_it_is(void **state)
{
	struct fixture *f = *state;
	struct labels *ls[2] = { series_named("x", "y"), series_named("plain", "y") };

	assert_ok(put_many(f->s, ls[0], 0, 1000, &f->e), &f->e);
	assert_ok(write_many(f->s, ls[1], 0, 100000, &f->e), &f->e);
	tmp_limit(300 << 10);
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(store_flush(f->s, &f->e), 0);
		assert_true(f->e.code == ERR_FULL || f->e.code == ERR_IO);
		assert_kept(f->s, ls[1], 100000, 1000);
	}
	tmp_unlimit();
	reopen(f);
	assert_kept(f->s, ls[1], 100000, 1000);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	assert_kept(f->s, ls[1], 100000, 1000);
	labels_unref(ls[0]);
	labels_unref(ls[1]);
}

/* A disk of its own, of which a ballast takes a part. */
struct disk {
	char *dir, store[4096];
	int ballast;
};

/* Skips the test where it cannot be had. */
static void disk_make(struct disk *d, const char *size, off_t ballast)
{
	d->dir = tmp_make();
	if (geteuid() != 0 || mount("none", d->dir, "tmpfs", 0, size) != 0) {
		print_message("SKIPPED: a small tmpfs cannot be mounted here (root is needed)\n");
		tmp_remove(d->dir);
		skip();
	}
	snprintf(d->store, sizeof(d->store), "%s/store", d->dir);
	d->ballast = open(tmp_path(d->dir, "ballast"), O_WRONLY | O_CREAT, 0600);
	if (ballast)
		assert_int_equal(posix_fallocate(d->ballast, 0, ballast), 0);
}

static void disk_make_room(struct disk *d)
{
	assert_int_equal(ftruncate(d->ballast, 0), 0);
}

static void disk_end(struct disk *d)
{
	assert_sound(d->store);
	close(d->ballast);
	assert_int_equal(umount(d->dir), 0);
	tmp_remove(d->dir);
}

static void samples_leave_room_for_sealing_and_packing(void **state)
{
	struct labels *ls = series_named("x", "y");
	struct err e = { 0 };
	struct disk d;
	struct store *s;
	size_t kept = 0;

	(void)state;
	disk_make(&d, "size=40m", 18 << 20);
	s = must_open(d.store);
	while (kept < 10000000 && write_many(s, ls, (int64_t)kept, 20000, &e) == 0)
		kept += 20000;
	assert_true(kept > 0 && kept < 10000000);
	assert_int_equal(e.code, ERR_FULL);
	assert_has(e.text, "no space left on the disk of ");
	assert_not_writable(s, "");
	assert_int_equal(count_samples(s, ls), kept);
	/* What is there can be packed, which frees the log. */
	assert_ok(store_flush(s, &e), &e);
	assert_int_equal(count_samples(s, ls), kept);
	disk_make_room(&d);
	assert_ok(write_many(s, ls, (int64_t)kept, 1000, &e), &e);
	assert_writable(s);
	store_close(s);
	disk_end(&d);
	labels_unref(ls);
}

static void a_full_disk_is_refused_before_it_hurts(void **state)
{
	struct labels *ls = series_named("x", "y");
	struct err e = { 0 };
	struct disk d;
	struct store *s;
	size_t kept = 0;

	(void)state;
	disk_make(&d, "size=12m", 3 << 20);
	s = must_open(d.store);
	while (kept < 1000000 && put_many(s, ls, (int64_t)kept, 2000, &e) == 0)
		kept += 2000;
	assert_true(kept > 0 && kept < 1000000);
	assert_int_equal(e.code, ERR_FULL);
	assert_has(e.text, "no space left: the disk of ");
	assert_int_equal(count_figures(s), kept);
	assert_not_writable(s, "");
	disk_make_room(&d);
	assert_ok(put_many(s, ls, (int64_t)kept, 2000, &e), &e);
	assert_writable(s);
	store_close(s);
	disk_end(&d);
	labels_unref(ls);
}

/* Takes all the room there is. */
static void disk_fill(struct disk *d)
{
	static const char block[4096];
	off_t at = 0;

	while (pwrite(d->ballast, block, sizeof(block), at) == (ssize_t)sizeof(block))
		at += (off_t)sizeof(block);
	assert_int_equal(errno, ENOSPC);
}

enum { READERS = 250 };

/* LMDB maps its table of readers: a page of it that the disk has no room for is SIGBUS. */
static void use_on_a_full_disk(struct store *s, const char *dir, struct labels *ls[2],
			       size_t samples)
{
	struct snapshot *open_now[READERS];
	struct err e = { 0 };

	for (int i = 0; i < READERS; i++)
		open_now[i] = must_snapshot(s);
	for (int i = 0; i < READERS; i++)
		snapshot_close(open_now[i]);
	assert_kept(s, ls[1], samples, 1000);
	assert_fails(put_many(s, ls[0], 5000, 10, &e), &e, ERR_FULL, "no space left: the disk of ");
	assert_fails(write_many(s, ls[1], 5000, 10, &e), &e, ERR_FULL,
		     "no space left on the disk of ");
	assert_kept(s, ls[1], samples, 1000);
	/* Another folder on the same disk cannot even begin. */
	assert_not_opened(tmp_path(dir, "second"), ERR_FULL, "no space left");
}

/* With samples in the log that could not be sealed, or with an empty one. */
static void open_on_a_full_disk(struct disk *d, bool packed)
{
	struct labels *ls[2] = { series_named("x", "y"), series_named("plain", "y") };
	struct store *s = must_open(d->store);
	struct err e = { 0 };

	assert_ok(put_many(s, ls[0], 0, 1000, &e), &e);
	assert_ok(write_many(s, ls[1], 0, 1000, &e), &e);
	if (packed)
		assert_ok(store_flush(s, &e), &e);
	store_close(s);
	disk_fill(d);
	for (int i = 0; i < 2; i++) {
		s = must_open(d->store);
		use_on_a_full_disk(s, d->dir, ls, 1000);
		if (i == 0)
			store_close(s);
	}
	disk_make_room(d);
	assert_ok(write_many(s, ls[1], 5000, 10, &e), &e);
	assert_ok(put_many(s, ls[0], 5000, 10, &e), &e);
	assert_writable(s);
	if (!packed)
		assert_ok(store_flush(s, &e), &e);
	assert_int_equal(count_samples(s, ls[1]), 1010);
	store_close(s);
	assert_sound(d->store);
	s = must_open(d->store);
	assert_kept(s, ls[1], 1010, 1010);
	store_close(s);
	s = must_open(tmp_path(d->dir, "second"));
	assert_ok(put_many(s, ls[0], 0, 10, &e), &e);
	store_close(s);
	labels_unref(ls[0]);
	labels_unref(ls[1]);
}

static void a_store_opens_and_is_read_on_a_full_disk(void **state)
{
	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		struct disk d;

		disk_make(&d, "size=40m", 0);
		open_on_a_full_disk(&d, packed);
		disk_end(&d);
	}
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

/* A store that tells `failure` when it fails. */
static struct store *open_told(const char *dir, struct failure *failure)
{
	struct store_options o = {
		.dir = dir, .map_bytes = 1 << 30, .failed = note_failure, .ctx = failure
	};
	struct err e = { 0 };
	struct store *s = store_open(&o, &e);

	assert_non_null(s);
	return s;
}

static void assert_told_once(struct failure *failure, const char *why)
{
	assert_int_equal(atomic_load(&failure->calls), 1);
	assert_has(failure->why.text, why);
}

static void after_a_failed_sync_nothing_is_acknowledged(void **state)
{
	struct labels *ls = series_named("x", "y");
	struct failure failure = { 0 };
	char *dir = tmp_make();
	struct store *s = open_told(dir, &failure);
	struct err e = { 0 };
	int before;

	(void)state;
	before = atomic_load(&syncs);
	assert_ok(put_many(s, ls, 0, 10, &e), &e);
	assert_true(atomic_load(&syncs) > before); /* else this test proves nothing */
	atomic_store(&sync_errno, EIO);
	assert_fails(put_many(s, ls, 100, 10, &e), &e, ERR_IO, "cannot commit");
	atomic_store(&sync_errno, 0);
	assert_told_once(&failure, "cannot commit");
	/* Linux forgets a failed sync; the next one would succeed. We do not try. */
	assert_fails(put_many(s, ls, 200, 10, &e), &e, ERR_IO, "the store failed: cannot commit");
	assert_told_once(&failure, "cannot commit");
	assert_not_writable(s, "cannot commit");
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

static void after_a_failed_sync_of_the_log_nothing_is_acknowledged(void **state)
{
	struct labels *ls = series_named("x", "y");
	struct failure failure = { 0 };
	char *dir = tmp_make();
	struct store *s = open_told(dir, &failure);
	struct err e = { 0 };

	(void)state;
	assert_ok(write_many(s, ls, 0, 10, &e), &e);
	atomic_store(&sync_errno, EIO);
	assert_fails(write_many(s, ls, 100, 10, &e), &e, ERR_IO, "cannot sync ");
	atomic_store(&sync_errno, 0);
	assert_told_once(&failure, "00000001.log");
	assert_fails(write_many(s, ls, 200, 10, &e), &e, ERR_IO, "the store failed: cannot sync ");
	assert_fails(put_many(s, ls, 200, 10, &e), &e, ERR_IO, "the store failed: cannot sync ");
	assert_told_once(&failure, "00000001.log");
	assert_not_writable(s, "cannot sync ");
	store_close(s);
	/* What was not acknowledged may be there; what was is. */
	s = must_open(dir);
	assert_true(count_samples(s, ls) >= 10);
	assert_ok(write_many(s, ls, 300, 10, &e), &e);
	store_close(s);
	assert_sound(dir);
	tmp_remove(dir);
	labels_unref(ls);
}

enum { STARVED_RUNS = 160 };

/* Every way to read, once; ls: a statistic and a plain series. */
static int read_everything(struct store *s, struct labels **ls, struct err *e)
{
	struct matcher m = { MATCH_EQ, slice_str("park"), slice_str("y") };
	struct snapshot *v = snapshot_open(s, 60000, e);
	struct snapshot_reader *r = NULL;
	struct series_ref *refs, figure, plain;
	struct submission sub;
	struct vintage *vs, last;
	struct sample *run;
	struct samples samples;
	struct slice *texts;
	struct arena arena;
	uint32_t *ids;
	bool found;
	size_t n;
	int rc = -1;

	arena_init(&arena, 64 << 20);
	if (v && snapshot_select(v, &m, 1, &arena, &refs, &n, e) == 0 &&
	    snapshot_ids(v, &m, 1, &arena, &ids, &n, e) == 0 &&
	    snapshot_find(v, ls[0], &figure, e) == 0 && snapshot_find(v, ls[1], &plain, e) == 0 &&
	    snapshot_figures(v, figure.id, INT64_MIN, INT64_MAX, latest, &arena, &vs, &n, e) == 0 &&
	    snapshot_last_figure(v, figure.id, INT64_MAX, latest, &last, &found, e) == 0 &&
	    snapshot_vintages(v, figure.id, 1, &arena, &vs, &n, e) == 0 &&
	    read_samples(v, plain.id, INT64_MIN, INT64_MAX, &arena, &run, &n, e) == 0 &&
	    (r = snapshot_reader_open(v, e)) &&
	    snapshot_reader_samples(r, plain.id, INT64_MIN, INT64_MAX, &arena, &samples, e) == 0 &&
	    snapshot_reader_figures(r, figure.id, INT64_MIN, INT64_MAX, latest, &arena, &vs, &n,
				    e) == 0 &&
	    snapshot_reader_last_figure(r, figure.id, INT64_MAX, latest, &last, &found, e) == 0 &&
	    snapshot_label_names(v, NULL, 0, &arena, &texts, &n, e) == 0 &&
	    snapshot_label_values(v, slice_str("park"), &m, 1, &arena, &texts, &n, e) == 0 &&
	    snapshot_submission(v, 1, &arena, &sub, e) == 0)
		rc = 0;
	snapshot_reader_close(r);
	snapshot_close(v);
	arena_release(&arena);
	return rc;
}

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
	struct store *s = open_in(dir, e);
	int rc = -1;

	if (!s)
		return -1;
	if (append_now(s, &a, e) == 0 && store_release(s, a.submission.sequence, 7, e) == 0)
		rc = read_everything(s, ls, e);
	store_close(s);
	return rc;
}

static void must_be_about_memory(const struct err *e, long k)
{
	if (e->code != ERR_MEMORY && e->code != ERR_LIMIT)
		fail_msg("allocation %ld failed and the error is %s: %s", k, err_code_name(e->code),
			 e->text);
}

/* Which allocation fails in the k-th attempt: each of the first, then with growing steps, since
 * what is tried needs more of them the more there is. */
static long allocation(long k)
{
	return k + k * k / 24;
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
		mem_fail_after(allocation(k), sticky);
		rc = one_life(path, ls, k + 1, &e);
		mem_fail_after(-1, 0);
		if (rc == 0)
			continue;
		failed++;
		*last = k;
		must_be_about_memory(&e, k);
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
	/* A store with a past packs beside us, and what was committed waits for memory to be shown:
	 * there all that follow may not fail too. */
	static const struct {
		bool fresh;
		int sticky;
	} ways[] = { { false, 0 }, { true, 0 }, { true, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char *dir = tmp_make();
		long last = 0, failed = starve(dir, ways[i].fresh, ways[i].sticky, &last);

		print_message("%ld of %d runs ended with an error, the last at allocation %ld\n",
			      failed, STARVED_RUNS, allocation(last));
		assert_true(failed > 30);
		/* The walk went past the last allocation there is. */
		assert_true(last < STARVED_RUNS - 30);
		if (!ways[i].fresh)
			assert_sound(tmp_path(dir, "0"));
		tmp_remove(dir);
	}
}

/* A store that packs each figure and takes one, the n-th sync from there on being the last thing
 * that had memory. False when there was no such sync. */
static bool close_without_memory(const char *dir, struct labels *ls, int n)
{
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .pack_figures = 1 };
	struct err e = { 0 };
	struct store *s = store_open(&o, &e);
	bool starved;

	assert_non_null(s);
	atomic_store(&starve_at, atomic_load(&syncs) + n);
	assert_ok(put_figure(s, ls, n, n, 1, 1, NULL, &e), &e);
	for (int i = 0; i < 200 && atomic_load(&syncs) < atomic_load(&starve_at); i++)
		usleep(10000);
	starved = atomic_load(&syncs) >= atomic_load(&starve_at);
	store_close(s);
	mem_fail_after(-1, 0);
	atomic_store(&starve_at, 0);
	return starved;
}

static void a_store_is_closed_although_no_memory_comes_back(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("x", "y");
	int n = 0;

	store_close(f->s);
	alarm(60); /* it used to wait for ever */
	do {
		n++;
	} while (close_without_memory(f->dir, ls, n));
	alarm(0);
	print_message("no memory from each of %d syncs on\n", n - 1);
	assert_true(n > 3); /* the append, a part of the index, a partition */
	f->s = must_open(f->dir);
	assert_int_equal(count_figures(f->s), n);
	labels_unref(ls);
}

/* --- one operation ---------------------------------------------------------------------- */

/* What a hungry operation works on: the k-th attempt has names and times of its own. */
struct hungry {
	struct fixture *f;
	long k;
	struct labels *ls[2];
};

static struct series_kind stat_or_plain(void *ctx, const struct label *l, size_t n)
{
	struct series_kind kind = { .class = SERIES_PLAIN, .months = 1 };

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		if (slice_is(l[i].name, "__name__") && slice_is(l[i].value, "figure"))
			kind.class = SERIES_STATISTIC;
	return kind;
}

/* A plain sample and a figure of two series nobody has seen, and of two that are known. */
static int hungry_write(struct hungry *h, struct err *e)
{
	struct rw_sample x = { h->k, (double)h->k };
	const struct label known[2][2] = {
		{ { slice_str("__name__"), slice_str("figure") },
		  { slice_str("park"), slice_str("y") } },
		{ { slice_str("__name__"), slice_str("plain") },
		  { slice_str("park"), slice_str("y") } },
	};
	struct label fresh[2][2];
	char park[24];
	struct write w;
	struct buf raw;
	int rc;

	snprintf(park, sizeof(park), "p%ld", h->k);
	memcpy(fresh, known, sizeof(fresh));
	fresh[0][1].value = fresh[1][1].value = slice_str(park);
	buf_init(&raw, 1 << 20);
	for (int i = 0; i < 2; i++) {
		rw_put_series(&raw, known[i], 2, &x, 1);
		rw_put_series(&raw, fresh[i], 2, &x, 1);
	}
	rc = buf_check(&raw, e);
	if (rc == 0)
		rc = write_now(h->f->s, &raw, 1 << 30, &w, e);
	buf_release(&raw);
	return rc;
}

static int hungry_append(struct hungry *h, struct err *e)
{
	struct observation o = { .labels = h->ls[0], .stamp_ms = h->k, .value = (double)h->k };
	struct plain_sample x = { h->ls[1], h->k, (double)h->k };
	struct append a = { .submission = { .received_ms = 1 << 30, .released_ms = 1 << 30 },
			    .obs = &o,
			    .nobs = 1,
			    .samples = &x,
			    .nsamples = 1 };

	return append_now(h->f->s, &a, e);
}

static int hungry_flush(struct hungry *h, struct err *e)
{
	return store_flush(h->f->s, e);
}

static int hungry_read(struct hungry *h, struct err *e)
{
	return read_everything(h->f->s, h->ls, e);
}

static int nothing_before(struct hungry *h, struct err *e)
{
	(void)h;
	(void)e;
	return 0;
}

/* All that attempts 0 … k brought is there once, with its value. */
static void expect_attempts(struct hungry *h, long k)
{
	struct fixture *f = h->f;
	struct arena_mark mark = arena_mark(&f->arena);
	struct snapshot *v = must_snapshot(f->s);
	struct vintage *x;
	struct sample *s;
	size_t n;

	assert_ok(snapshot_figures(v, id_of(v, h->ls[0]), 0, k, latest, &f->arena, &x, &n, &f->e),
		  &f->e);
	assert_int_equal(n, k + 1);
	for (long i = 0; i <= k; i++)
		assert_f64(x[i].value, (double)i);
	assert_ok(read_samples(v, id_of(v, h->ls[1]), 0, k, &f->arena, &s, &n, &f->e), &f->e);
	assert_int_equal(n, k + 1);
	for (long i = 0; i <= k; i++)
		assert_f64(s[i].value, (double)i);
	snapshot_close(v);
	arena_reset(&f->arena, mark);
}

/* Repeats `op` with allocation after allocation failing, until thirty attempts in a row got by
 * without one. What failed is done again with memory. */
static void starve_operation(struct fixture *f, int (*before)(struct hungry *h, struct err *e),
			     int (*op)(struct hungry *h, struct err *e), int sticky)
{
	struct hungry h = { f, 0, { series_named("figure", "y"), series_named("plain", "y") } };
	long failed = 0, good = 0;

	store_close(f->s);
	f->s = store_open(&(struct store_options){ .dir = f->dir,
						   .map_bytes = 1 << 30,
						   .classify = stat_or_plain },
			  &f->e);
	assert_non_null(f->s);
	assert_ok(hungry_append(&h, &f->e), &f->e);
	for (h.k = 0; good < 30; h.k++) {
		struct err e = { 0 };
		int rc;

		assert_true(h.k < 2000);
		assert_ok(before(&h, &f->e), &f->e);
		mem_fail_after(allocation(h.k), sticky);
		rc = op(&h, &e);
		mem_fail_after(-1, 0);
		good = rc == 0 ? good + 1 : 0;
		if (rc == 0)
			continue;
		failed++;
		must_be_about_memory(&e, h.k);
		assert_ok(op(&h, &f->e), &f->e);
		if (failed % 16 == 0 && op != hungry_read)
			expect_attempts(&h, h.k);
	}
	print_message("%ld of %ld attempts failed\n", failed, h.k);
	assert_true(failed > 5);
	if (op != hungry_read) {
		expect_attempts(&h, h.k - 1);
		reopen(f);
		expect_attempts(&h, h.k - 1);
	}
	labels_unref(h.ls[0]);
	labels_unref(h.ls[1]);
}

static void a_request_without_memory_is_refused_and_can_come_again(void **state)
{
	starve_operation(*state, nothing_before, hungry_write, 0);
}

static void a_request_is_refused_while_there_is_no_memory(void **state)
{
	starve_operation(*state, nothing_before, hungry_write, 1);
}

static void an_append_without_memory_fails_and_can_come_again(void **state)
{
	starve_operation(*state, nothing_before, hungry_append, 0);
}

static void an_append_fails_while_there_is_no_memory(void **state)
{
	starve_operation(*state, nothing_before, hungry_append, 1);
}

/* Not with all that follow failing too: what was committed waits for memory to be shown. */
static void what_is_flushed_without_memory_stays_whole(void **state)
{
	starve_operation(*state, hungry_write, hungry_flush, 0);
}

static void reading_without_memory_is_an_error(void **state)
{
	struct fixture *f = *state;

	for (int sticky = 0; sticky < 2; sticky++) {
		starve_operation(f, nothing_before, hungry_read, sticky);
		assert_ok(store_flush(f->s, &f->e), &f->e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_limit_of_the_file_fails_that_append_only),
		STORE_TEST(a_limit_of_the_log_fails_that_request_only),
		STORE_TEST(what_cannot_be_packed_stays_where_it_is),
		cmocka_unit_test(samples_leave_room_for_sealing_and_packing),
		cmocka_unit_test(a_full_disk_is_refused_before_it_hurts),
		cmocka_unit_test(a_store_opens_and_is_read_on_a_full_disk),
		cmocka_unit_test(after_a_failed_sync_nothing_is_acknowledged),
		cmocka_unit_test(after_a_failed_sync_of_the_log_nothing_is_acknowledged),
		STORE_TEST(a_request_without_memory_is_refused_and_can_come_again),
		STORE_TEST(a_request_is_refused_while_there_is_no_memory),
		STORE_TEST(an_append_fails_while_there_is_no_memory),
		STORE_TEST(an_append_without_memory_fails_and_can_come_again),
		STORE_TEST(what_is_flushed_without_memory_stays_whole),
		STORE_TEST(reading_without_memory_is_an_error),
		STORE_TEST(a_store_is_closed_although_no_memory_comes_back),
		cmocka_unit_test(without_memory_there_is_an_error_and_nothing_is_lost),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
