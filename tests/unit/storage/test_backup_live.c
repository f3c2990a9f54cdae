/*
 * test_backup_live.c - backups beside a process that writes, and ends at every step.
 *
 * The writer is a child with small limits, so that log files, runs and partitions come and go
 * all the time; what was acknowledged it notes in a file.
 */
#include "storage/backup.h"
#include "storage/wal.h"
#include "tests/unit/storage/busy_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

enum { NUMBERS_MOST = 1 << 20, PARKS = 7, ROUNDS = 4 };

static const enum backup_step steps[] = { BACKUP_BEGUN,    BACKUP_HELD,   BACKUP_READING,
					  BACKUP_DATABASE, BACKUP_COPIED, BACKUP_CHECKED,
					  BACKUP_SEALED,   BACKUP_MOVED };

/* --- the writer ------------------------------------------------------------------------- */

static int acks_fd; /* each acknowledged number, as it comes */

static void acknowledged(int64_t number)
{
	if (write(acks_fd, &number, sizeof(number)) != sizeof(number))
		_exit(3);
}

static struct labels *name_of(const char *family, int64_t number)
{
	char park[8];

	snprintf(park, sizeof(park), "p%d", (int)(number % PARKS));
	return series_named(family, park);
}

/* Number n is of park n % PARKS. */
static void write_for_ever(const char *dir, const char *path)
{
	struct err e = { 0 };
	struct store *s = open_busy(dir, &e);

	acks_fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (!s || acks_fd < 0)
		_exit(2);
	flights.kept = acknowledged;
	for (int64_t n = 1;; n++)
		if (flight_begin(s, flight_next(), n, name_of("figure", n), name_of("plain", n),
				 &e) < 0)
			_exit(4);
}

static void end_child(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static size_t acks_now(const char *acks)
{
	struct stat st;

	return stat(acks, &st) < 0 ? 0 : (size_t)st.st_size / sizeof(int64_t);
}

static void wait_for_acks(pid_t child, const char *acks, size_t n)
{
	int status;

	while (acks_now(acks) < n) {
		if (waitpid(child, &status, WNOHANG) != 0)
			fail_msg("the writer ended with status %d", status);
		usleep(1000);
	}
}

/* --- what a restored store must hold ------------------------------------------------------- */

/* Marks in `seen` what is there; every value is what its time says, and no sample is later than
 * `last`. */
static void read_park(struct snapshot *v, struct arena *a, int park, uint8_t *seen, size_t last)
{
	struct labels *figures = name_of("figure", park), *plain = name_of("plain", park);
	struct err e = { 0 };
	struct vintage *x;
	struct sample *s;
	size_t n;

	assert_ok(snapshot_figures(v, id_of(v, figures), INT64_MIN, INT64_MAX, latest, a, &x, &n,
				   &e),
		  &e);
	for (size_t i = 0; i < n; i++) {
		assert_true(x[i].stamp_ms > 0 && x[i].stamp_ms < NUMBERS_MOST);
		assert_int_equal(x[i].stamp_ms % PARKS, park);
		assert_f64(x[i].value, (double)x[i].stamp_ms / 4);
		assert_int_equal(x[i].received_ms, x[i].stamp_ms + 1);
		seen[x[i].stamp_ms] |= 1;
	}
	assert_ok(read_samples(v, id_of(v, plain), INT64_MIN, INT64_MAX, a, &s, &n, &e), &e);
	for (size_t i = 0; i < n; i++) {
		assert_true(s[i].t_ms > 0 && (size_t)s[i].t_ms <= last);
		assert_int_equal(s[i].t_ms % PARKS, park);
		assert_f64(s[i].value, (double)s[i].t_ms);
		seen[s[i].t_ms] |= 2;
	}
	labels_unref(figures);
	labels_unref(plain);
}

static void check_restored(const char *dir, const int64_t *acks, size_t n, size_t last)
{
	struct store *s = must_open(dir);
	struct snapshot *v = must_snapshot(s);
	uint8_t *seen = calloc(NUMBERS_MOST, 1);
	struct arena a;

	arena_init(&a, (size_t)256 << 20);
	for (int i = 0; i < PARKS; i++)
		read_park(v, &a, i, seen, last);
	for (size_t i = 0; i < n; i++)
		if (seen[acks[i]] != 3)
			fail_msg("number %lld was acknowledged before; there is %s of it",
				 (long long)acks[i],
				 seen[acks[i]] == 0   ? "nothing"
				 : seen[acks[i]] == 1 ? "only the figure"
						      : "only the sample");
	arena_release(&a);
	free(seen);
	snapshot_close(v);
	store_close(s);
}

static void append_more(const char *dir)
{
	struct labels *figure = series_named("figure", "p0"), *plain = series_named("plain", "new");
	struct err e = { 0 };
	struct store *s = must_open(dir);
	struct snapshot *v;
	struct sample *x;
	struct arena a;
	size_t n;

	assert_ok(put_figure(s, figure, 1 << 21, 5.5, 9, 9, NULL, &e), &e);
	assert_ok(put_sample(s, plain, 77, 7.5, &e), &e);
	assert_ok(store_flush(s, &e), &e);
	store_close(s);
	s = must_open(dir);
	v = must_snapshot(s);
	arena_init(&a, 64 << 20);
	assert_ok(read_samples(v, id_of(v, plain), 0, 100, &a, &x, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_f64(x[0].value, 7.5);
	arena_release(&a);
	snapshot_close(v);
	store_close(s);
	assert_sound(dir);
	labels_unref(figure);
	labels_unref(plain);
}

static uint64_t last_log(const char *dir)
{
	uint64_t *numbers, last = 0;
	struct err e = { 0 };
	size_t n;

	assert_ok(numbered_files(dir, "log", ".log", &numbers, &n, &e), &e);
	if (n)
		last = numbers[n - 1];
	free(numbers);
	return last;
}

static void restore_and_check(const char *dir, const char *backup, const char *acks, size_t before,
			      size_t last)
{
	const char *to = tmp_path(dir, "restored");
	struct backup_result made;
	struct err e = { 0 };
	size_t bytes;
	char *list = tmp_read(acks, &bytes);

	assert_true(bytes >= before * sizeof(int64_t));
	assert_ok(store_restore(&(struct restore_options){ .from = backup, .dir = to }, &made, &e),
		  &e);
	assert_true(made.sequence >= before);
	assert_sound(to);
	check_restored(to, (const int64_t *)(const void *)list, before, last);
	append_more(to);
	free(list);
}

/* Files that were held are gone, and others come, while the rest is copied. */
struct watch {
	pid_t writer;
	const char *data, *acks;
	bool wait;
	size_t begun; /* no later number had been handed in when the transaction began */
};

static void look_and_wait(void *ctx, enum backup_step step)
{
	struct watch *w = ctx;
	uint64_t log = last_log(w->data);

	if (step == BACKUP_READING)
		w->begun = acks_now(w->acks) + IN_FLIGHT;
	if (w->wait && (step == BACKUP_HELD || step == BACKUP_READING))
		while (last_log(w->data) < log + 3)
			wait_for_acks(w->writer, w->acks, acks_now(w->acks) + 1);
	if (step == BACKUP_DATABASE) /* what grows now is not for this backup */
		wait_for_acks(w->writer, w->acks, acks_now(w->acks) + 50);
}

static void a_backup_beside_a_writer_holds_all_that_was_acknowledged(void **state)
{
	char *dir = tmp_make();
	char *acks = strdup(tmp_path(dir, "acks")), *data = strdup(tmp_path(dir, "data"));
	pid_t child = fork_child();
	struct watch watch = { .writer = child, .data = data, .acks = acks };

	(void)state;
	if (child == 0)
		write_for_ever(data, acks);
	wait_for_acks(child, acks, 2000);
	for (int i = 0; i < ROUNDS; i++) {
		char name[16], *work = tmp_make(), *to;
		size_t before = acks_now(acks);
		struct err e = { 0 };

		snprintf(name, sizeof(name), "backup-%d", i);
		to = strdup(tmp_path(work, name));
		watch.wait = i & 1;
		assert_ok(store_backup(&(struct backup_options){ .dir = data,
								 .to = to,
								 .step = look_and_wait,
								 .ctx = &watch },
				       NULL, &e),
			  &e);
		restore_and_check(work, to, acks, before, watch.begun);
		free(to);
		tmp_remove(work);
		wait_for_acks(child, acks, before + 300);
	}
	end_child(child);
	assert_sound(data);
	print_message("%d backups, %zu appends acknowledged\n", ROUNDS, acks_now(acks));
	free(acks);
	free(data);
	tmp_remove(dir);
}

/* --- a store that opens while it is copied ---------------------------------------------------- */

struct newcomer {
	const char *dir;
	bool came;
};

/* Another process opens the store, writes, moves all there is to partitions and goes. */
static void come_and_go(void *ctx, enum backup_step step)
{
	struct newcomer *x = ctx;
	int status;
	pid_t child;

	if (step != BACKUP_READING || x->came)
		return;
	x->came = true;
	child = fork_child();
	if (child == 0) {
		struct labels *figure = series_named("late", "p"),
			      *plain = series_named("plain", "p");
		struct err e = { 0 };
		struct store *s = open_busy(x->dir, &e);

		for (int i = 0; s && i < 300; i++)
			if (put_figure(s, figure, i, i, 5, 5, NULL, &e) < 0 ||
			    put_sample(s, plain, 1000 + i, i, &e) < 0)
				_exit(1);
		if (!s || store_flush(s, &e) < 0)
			_exit(1);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_store_may_be_opened_while_it_is_copied(void **state)
{
	char *dir = tmp_make();
	char *data = strdup(tmp_path(dir, "data")), *to = strdup(tmp_path(dir, "backup"));
	struct labels *plain = series_named("plain", "p"), *late = series_named("late", "p");
	struct newcomer x = { .dir = data };
	struct backup_result made;
	struct series_ref ref;
	struct store *s = must_open(data);
	struct snapshot *v;
	struct sample *list;
	struct arena a;
	struct err e = { 0 };
	size_t n;

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_ok(put_sample(s, plain, i, i, &e), &e);
	store_close(s);
	assert_ok(store_backup(&(struct backup_options){ .dir = data,
							 .to = to,
							 .step = come_and_go,
							 .ctx = &x },
			       &made, &e),
		  &e);
	assert_true(x.came);
	assert_int_equal(made.sequence, 0);
	/* A backup is a store as well. */
	s = must_open(to);
	v = must_snapshot(s);
	arena_init(&a, 64 << 20);
	assert_fails(snapshot_find(v, late, &ref, &e), &e, ERR_NOT_FOUND, "");
	assert_ok(read_samples(v, id_of(v, plain), INT64_MIN, INT64_MAX, &a, &list, &n, &e), &e);
	assert_int_equal(n, 50);
	for (int i = 0; i < 50; i++)
		assert_f64(list[i].value, i);
	arena_release(&a);
	snapshot_close(v);
	store_close(s);
	assert_sound(data);
	labels_unref(plain);
	labels_unref(late);
	free(data);
	free(to);
	tmp_remove(dir);
}

/* --- SIGKILL at each step ----------------------------------------------------------- */

static void die_at(void *ctx, enum backup_step step)
{
	if (*(enum backup_step *)ctx == step)
		kill(getpid(), SIGKILL);
}

static void killed_in(int (*what)(const char *dir, enum backup_step *at, struct err *e),
		      const char *dir, enum backup_step at)
{
	struct err e = { 0 };
	int status;
	pid_t child = fork_child();

	if (child == 0) {
		what(dir, &at, &e);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int back_up(const char *dir, enum backup_step *at, struct err *e)
{
	return store_backup(&(struct backup_options){ .dir = tmp_path(dir, "data"),
						      .to = tmp_path(dir, "backup"),
						      .step = at ? die_at : NULL,
						      .ctx = at },
			    NULL, e);
}

static int bring_back(const char *dir, enum backup_step *at, struct err *e)
{
	return store_restore(&(struct restore_options){ .from = tmp_path(dir, "backup"),
							.dir = tmp_path(dir, "new"),
							.step = at ? die_at : NULL,
							.ctx = at },
			     NULL, e);
}

/* Figures in a partition and fresh ones, samples in a partition, a run and a log file. */
static void fill_store(const char *dir)
{
	struct labels *figure = series_named("figure", "p0"), *plain = series_named("plain", "p0");
	struct err e = { 0 };
	struct store *s = open_busy(dir, &e);

	assert_non_null(s);
	for (int i = 1; i <= 500; i++) {
		if (i % 10 == 0)
			assert_ok(put_figure(s, figure, i, i, 5, 5, NULL, &e), &e);
		assert_ok(put_sample(s, plain, i, i, &e), &e);
		if (i == 200)
			assert_ok(store_flush(s, &e), &e);
	}
	store_close(s);
	labels_unref(figure);
	labels_unref(plain);
}

static size_t samples_in(const char *dir)
{
	struct labels *plain = series_named("plain", "p0");
	struct store *s = must_open(dir);
	struct snapshot *v = must_snapshot(s);
	struct err e = { 0 };
	struct sample *x;
	struct arena a;
	size_t n;

	arena_init(&a, 64 << 20);
	assert_ok(read_samples(v, id_of(v, plain), INT64_MIN, INT64_MAX, &a, &x, &n, &e), &e);
	for (size_t i = 0; i < n; i++)
		assert_f64(x[i].value, (double)x[i].t_ms);
	arena_release(&a);
	snapshot_close(v);
	store_close(s);
	labels_unref(plain);
	return n;
}

static bool exists(const char *dir, const char *name)
{
	return access(tmp_path(dir, name), F_OK) == 0;
}

static void a_backup_that_is_killed_leaves_no_half_of_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char *dir = tmp_make();
		struct err e = { 0 };

		fill_store(tmp_path(dir, "data"));
		killed_in(back_up, dir, steps[i]);
		assert_sound(tmp_path(dir, "data"));
		assert_int_equal(exists(dir, "backup"), steps[i] == BACKUP_MOVED);
		assert_int_equal(exists(dir, "backup.unfinished"), steps[i] != BACKUP_MOVED);
		if (steps[i] != BACKUP_MOVED)
			assert_ok(back_up(dir, NULL, &e), &e);
		assert_false(exists(dir, "backup.unfinished"));
		assert_ok(bring_back(dir, NULL, &e), &e);
		assert_int_equal(samples_in(tmp_path(dir, "new")), 500);
		assert_int_equal(samples_in(tmp_path(dir, "data")), 500);
		tmp_remove(dir);
	}
}

static void a_restore_that_is_killed_is_no_store_and_can_be_done_again(void **state)
{
	char *dir = tmp_make();
	struct err e = { 0 };
	char *text;
	long n;

	(void)state;
	fill_store(tmp_path(dir, "data"));
	assert_ok(back_up(dir, NULL, &e), &e);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const char *new = tmp_path(dir, "new");

		if (steps[i] == BACKUP_HELD || steps[i] == BACKUP_READING ||
		    steps[i] == BACKUP_DATABASE)
			continue;
		killed_in(bring_back, dir, steps[i]);
		assert_null(open_in(new, &e));
		assert_has(e.text, "was not finished: do it again");
		assert_int_equal(e.code, ERR_CORRUPT);
		text = check_text(new, &n, &e);
		assert_int_equal(n, 1);
		assert_has(text, "was not finished: do it again");
		free(text);
	}
	assert_ok(bring_back(dir, NULL, &e), &e);
	assert_int_equal(samples_in(tmp_path(dir, "new")), 500);
	assert_false(exists(dir, "new/restore.unfinished"));
	tmp_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backup_beside_a_writer_holds_all_that_was_acknowledged),
		cmocka_unit_test(a_store_may_be_opened_while_it_is_copied),
		cmocka_unit_test(a_backup_that_is_killed_leaves_no_half_of_one),
		cmocka_unit_test(a_restore_that_is_killed_is_no_store_and_can_be_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
