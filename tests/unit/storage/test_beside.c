/*
 * test_beside.c - stores opened for reading only beside a process that writes.
 *
 * The writer is a child with small limits, so that log files, runs, partitions and parts of the
 * index come and go all the time. Readers are asked for all that had been acknowledged before they
 * looked, and for nothing that was never written.
 */
#include "storage/audit.h"
#include "storage/lockfile.h"
#include "tests/unit/storage/busy_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

/* Numbers of an era have plain series of their own. */
enum {
	NUMBERS_MOST = 1 << 20,
	PARKS = 7,
	ERA = 300,
	LOOKS = 200,
	STEP = 40,
	KILLED = 300,
	MADE = 40,
	KILLS = 12
};

/* Seen by all processes of a test. */
struct shared {
	_Atomic int64_t upto;    /* the highest acknowledged number */
	_Atomic int64_t granted; /* the writer goes no further, so that slow readers come along */
	_Atomic int looks;
	_Atomic uint8_t acknowledged[NUMBERS_MOST];
};

static struct shared *shared;

/* --- the writer ------------------------------------------------------------------------- */

static void acknowledged(int64_t number)
{
	atomic_store(&shared->acknowledged[number], 1);
	for (int64_t upto = atomic_load(&shared->upto);
	     upto < number && !atomic_compare_exchange_weak(&shared->upto, &upto, number);)
		;
}

static struct labels *figures_of(int64_t n)
{
	char park[8];

	snprintf(park, sizeof(park), "p%d", (int)(n % PARKS));
	return series_named("figure", park);
}

static struct labels *samples_of(int64_t n)
{
	char park[32];

	snprintf(park, sizeof(park), "e%d-p%d", (int)(n / ERA), (int)(n % PARKS));
	return series_named("plain", park);
}

static void write_for_ever(const char *dir)
{
	struct err e = { 0 };
	struct store *s = open_busy(dir, &e);

	flights.kept = acknowledged;
	for (int64_t n = atomic_load(&shared->upto) + IN_FLIGHT + 1; s && n < NUMBERS_MOST; n++) {
		struct flight *f = flight_next();

		while (n > atomic_load(&shared->granted))
			usleep(500);
		if (flight_begin(s, f, n, figures_of(n), samples_of(n), &e) < 0)
			break;
	}
	fprintf(stderr, "# writer: %s\n", e.text);
	_exit(2);
}

static pid_t start_writer(const char *dir)
{
	int64_t before = atomic_load(&shared->upto);
	pid_t child;

	atomic_store(&shared->granted, before + ERA);
	child = fork_child();
	if (child == 0)
		write_for_ever(dir);
	while (atomic_load(&shared->upto) < before + ERA / 2) {
		assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
		usleep(1000);
	}
	return child;
}

static void kill_writer(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* --- readers ------------------------------------------------------------------------------ */

struct seen {
	uint8_t figure[NUMBERS_MOST], sample[NUMBERS_MOST];
};

struct reading {
	struct arena arena;
	struct seen *seen;
	struct err e;
};

static int strange(struct reading *r, const char *what, int64_t n)
{
	return err_set(&r->e, ERR_CORRUPT, "%s %lld", what, (long long)n);
}

/* A value of a series of which the first is stamped `first`. */
static int note(struct reading *r, bool statistic, int64_t first, int64_t stamp, double value)
{
	uint8_t *seen = statistic ? r->seen->figure : r->seen->sample;

	if (stamp < 0 || stamp >= NUMBERS_MOST || stamp % PARKS != first % PARKS ||
	    (!statistic && stamp / ERA != first / ERA) ||
	    value * (statistic ? 4 : 1) != (double)stamp)
		return strange(r, "not what was written:", stamp);
	return seen[stamp]++ ? strange(r, "twice:", stamp) : 0;
}

static int note_series(struct reading *r, const struct series_ref *s, int64_t first)
{
	struct labels *expected = s->statistic ? figures_of(first) : samples_of(first);
	bool right = labels_cmp(expected, s->labels) == 0;

	labels_unref(expected);
	return right ? 0 : strange(r, "in another series:", first);
}

static int read_figures(struct reading *r, struct snapshot *v, const struct series_ref *s)
{
	struct vintage *x;
	size_t n;

	if (snapshot_figures(v, s->id, INT64_MIN, INT64_MAX, latest, &r->arena, &x, &n, &r->e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (note(r, true, x[0].stamp_ms, x[i].stamp_ms, x[i].value) < 0)
			return -1;
	return n ? note_series(r, s, x[0].stamp_ms) : 0;
}

static int read_plain(struct reading *r, struct snapshot *v, const struct series_ref *s)
{
	struct samples x = { 0 };

	if (snapshot_samples(v, s->id, INT64_MIN, INT64_MAX, &r->arena, &x, &r->e) < 0)
		return -1;
	for (size_t i = 0; i < x.n; i++)
		if (note(r, false, x.t_ms[0], x.t_ms[i], x.value[i]) < 0)
			return -1;
	return x.n ? note_series(r, s, x.t_ms[0]) : 0;
}

static int read_everything(struct reading *r, struct snapshot *v)
{
	struct series_ref *list;
	size_t n;

	if (snapshot_select(v, NULL, 0, &r->arena, &list, &n, &r->e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((list[i].statistic ? read_figures : read_plain)(r, v, &list[i]) < 0)
			return -1;
	return 0;
}

static int compare(struct reading *r, const uint8_t *owed, int64_t upto)
{
	for (int64_t n = 0; n <= upto; n++) {
		if (owed[n] && !r->seen->sample[n])
			return strange(r, "missing: sample", n);
		if (owed[n] && !r->seen->figure[n])
			return strange(r, "missing: figure", n);
	}
	return 0;
}

/* A snapshot opened now must have all that was acknowledged before. */
static int look(struct reading *r, struct store *s)
{
	int64_t upto = atomic_load(&shared->upto);
	uint8_t *owed = malloc((size_t)upto + 1);
	struct arena_mark mark = arena_mark(&r->arena);
	struct snapshot *v;
	int rc = -1;

	atomic_fetch_add(&shared->granted, STEP);
	atomic_fetch_add(&shared->looks, 1);
	for (int64_t n = 0; n <= upto; n++)
		owed[n] = atomic_load(&shared->acknowledged[n]);
	memset(r->seen, 0, sizeof(*r->seen));
	v = snapshot_open(s, 60000, &r->e);
	if (v && read_everything(r, v) == 0)
		rc = compare(r, owed, upto);
	if (v)
		snapshot_close(v);
	arena_reset(&r->arena, mark);
	free(owed);
	return rc;
}

static int open_and_look(struct reading *r, const char *dir)
{
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .read_only = true };
	struct store *s = store_open(&o, &r->e);
	int rc;

	if (!s)
		return err_wrap(&r->e, "opening");
	rc = look(r, s);
	if (rc == 0)
		rc = look(r, s);
	store_close(s);
	return rc;
}

static void read_again_and_again(const char *dir, int times)
{
	struct reading r = { .seen = malloc(sizeof(struct seen)) };

	arena_init(&r.arena, (size_t)1 << 30);
	for (int i = 0; i < times; i++)
		if (open_and_look(&r, dir) < 0) {
			fprintf(stderr, "# look %d: %s\n", i, r.e.text);
			_exit(1);
		}
	_exit(0);
}

static void expect_end(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- the tests -------------------------------------------------------------------------- */

static void readers_see_all_that_was_acknowledged(void **state)
{
	struct fixture *f = *state;
	pid_t writer_child, readers[2];

	writer_child = start_writer(f->dir);
	for (int i = 0; i < 2; i++) {
		readers[i] = fork_child();
		if (readers[i] == 0)
			read_again_and_again(f->dir, LOOKS);
	}
	for (int i = 0; i < 2; i++)
		expect_end(readers[i]);
	kill_writer(writer_child);
	assert_sound(f->dir);
}

static bool has_ended(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid != 0;
}

static void readers_see_all_while_the_writer_is_killed_and_starts_again(void **state)
{
	struct fixture *f = *state;
	pid_t writer_child = start_writer(f->dir), reader = fork_child(), ended;
	int status;

	if (reader == 0)
		read_again_and_again(f->dir, LOOKS / 4);
	while (!(ended = waitpid(reader, &status, WNOHANG))) {
		int looks = atomic_load(&shared->looks);

		kill_writer(writer_child);
		writer_child = start_writer(f->dir);
		while (atomic_load(&shared->looks) == looks && !has_ended(reader))
			usleep(500);
	}
	assert_int_equal(ended, reader);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	kill_writer(writer_child);
	assert_sound(f->dir);
}

/* LMDB makes its lock file anew only when nobody has it open. Else what a writer had written when
 * it was killed, and did not live to tell, is known to the next only when that writes. */
static void a_writer_goes_on_after_the_last_transaction_although_the_store_is_held(void **state)
{
	struct fixture *f = *state;
	struct store_options o = { .dir = f->dir, .map_bytes = 1 << 30, .read_only = true };
	pid_t holder;

	kill_writer(start_writer(f->dir));
	holder = fork_child();
	if (holder == 0) {
		if (!store_open(&o, &f->e))
			_exit(1);
		for (;;)
			pause();
	}
	for (int i = 0; i < KILLS; i++) {
		kill_writer(start_writer(f->dir));
		assert_int_equal(waitpid(holder, NULL, WNOHANG), 0);
	}
	kill_writer(holder);
	assert_sound(f->dir);
	assert_int_equal(store_audit(f->dir, NULL, stderr, &f->e), 0);
}

/* Each holds a snapshot when it is killed; there are more of them than slots. */
static void readers_that_are_killed_leave_room_for_others(void **state)
{
	struct fixture *f = *state;
	struct store_options o = { .dir = f->dir, .map_bytes = 1 << 30, .read_only = true };
	struct err e = { 0 };
	int status;

	kill_writer(start_writer(f->dir));
	for (int i = 0; i < KILLED; i++) {
		pid_t child = fork_child();

		if (child == 0) {
			struct store *s = store_open(&o, &e);

			if (!s || !snapshot_open(s, 60000, &e)) {
				fprintf(stderr, "# reader %d: %s\n", i, e.text);
				_exit(1);
			}
			raise(SIGKILL);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
	}
}

static void open_until_it_is_there(const char *dir)
{
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .read_only = true };
	struct reading r = { .seen = malloc(sizeof(struct seen)) };

	arena_init(&r.arena, 1 << 20);
	for (;;) {
		struct err e = { 0 };
		struct store *s = store_open(&o, &e);

		if (!s && e.code != ERR_NOT_FOUND) {
			fprintf(stderr, "# %s\n", e.text);
			_exit(1);
		}
		if (s)
			_exit(look(&r, s) < 0 ? 2 : 0);
	}
}

static void a_store_that_is_being_made_is_there_or_not(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < MADE; i++) {
		char name[16];
		const char *dir;
		struct store *s;
		pid_t readers[2];

		snprintf(name, sizeof(name), "s%d", i);
		dir = tmp_path(f->dir, name);
		for (int k = 0; k < 2; k++) {
			readers[k] = fork_child();
			if (readers[k] == 0)
				open_until_it_is_there(dir);
		}
		s = must_open(dir);
		for (int k = 0; k < 2; k++)
			expect_end(readers[k]);
		store_close(s);
	}
}

/* Its mark comes last. */
static void a_store_that_is_being_made_has_no_faults(void **state)
{
	struct fixture *f = *state;
	int lock;

	store_close(must_open(f->dir));
	assert_int_equal(unlink(tmp_path(f->dir, "VERSION")), 0);
	lock = lockfile_take(f->dir, &f->e);
	assert_true(lock >= 0);
	assert_fails(store_check(f->dir, stderr, &f->e), &f->e, ERR_NOT_FOUND, "it is being made");
	assert_fails(store_audit(f->dir, NULL, stderr, &f->e), &f->e, ERR_NOT_FOUND,
		     "it is being made");
	lockfile_release(lock);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = tmp_make();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_true(shared != MAP_FAILED);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	munmap(shared, sizeof(*shared));
	tmp_remove(f->dir);
	free(f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_see_all_that_was_acknowledged, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			readers_see_all_while_the_writer_is_killed_and_starts_again, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_writer_goes_on_after_the_last_transaction_although_the_store_is_held,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(readers_that_are_killed_leave_room_for_others,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_that_is_being_made_is_there_or_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_store_that_is_being_made_has_no_faults, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
