/*
 * Drop folders on a server that answers with errors: openat(), fstatat() and renameat2() of the C
 * library stand behind ours here, which fail for one name when told to.
 */
#include "tests/unit/collectors/in_folder.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <sys/stat.h>

static struct {
	const char *name; /* NULL: no call fails */
	int at_open, at_stat, at_rename;
	void (*before)(void);
} fault;

static bool is_hit(const char *path)
{
	return fault.name && !strcmp(path, fault.name);
}

int openat(int dir, const char *path, int flags, ...)
{
	int (*next)(int, const char *, int, ...) =
		(int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (is_hit(path) && fault.before)
		fault.before();
	if (is_hit(path) && fault.at_open) {
		errno = fault.at_open;
		return -1;
	}
	return next(dir, path, flags, mode);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	int (*next)(int, const char *, struct stat *, int) =
		(int (*)(int, const char *, struct stat *, int))dlsym(RTLD_NEXT, "fstatat");

	if (is_hit(path) && fault.at_stat) {
		errno = fault.at_stat;
		return -1;
	}
	return next(dir, path, st, flags);
}

int renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
	int (*next)(int, const char *, int, const char *, unsigned) =
		(int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_NEXT,
									       "renameat2");

	if (is_hit(a) && fault.at_rename) {
		errno = fault.at_rename;
		return -1;
	}
	return next(from, a, to, b, flags);
}

static const char good[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.1\n乙山,1,2\n";
static const char other[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.9\n乙山,1,2\n";

static struct feeds *now; /* of the test that runs */

static int setup_as(void **state, const char *keep)
{
	struct feeds *f = feeds_open(false);
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "- {name: share, folder: in, keep: %s, format: csv, jitter: 0, layout: {unit: "
		 "{column: 园区}, indicator: {is: output_yuan}, period: {header: true}}}\n",
		 keep);
	assert_int_equal(mkdir(tmp_path(f->dir, "in"), 0777), 0);
	feeds_apply(f, yaml);
	feeds_poll(f, "share");
	*state = now = f;
	return 0;
}

static int setup_kept(void **state)
{
	return setup_as(state, "always");
}

static int setup_moved(void **state)
{
	return setup_as(state, "auto");
}

static int teardown(void **state)
{
	memset(&fault, 0, sizeof(fault));
	feeds_close(*state);
	return 0;
}

static void two_looks(struct feeds *f)
{
	feeds_tick(f, 60000);
	feeds_tick(f, 60000);
}

static void assert_held_up_alone(struct feeds *f, int errnum, bool said)
{
	struct feed_status s;

	fault.name = "a.csv";
	put(f, "a.csv", good);
	put(f, "b.csv", other);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_has(f->origin, "/in/b.csv");
	s = feeds_status(f, "share");
	assert_int_equal(s.health, said ? FEED_FAILING : FEED_OK);
	if (said)
		assert_has(s.error, strerror(errnum));
	fault.name = NULL;
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_has(f->origin, "/in/a.csv");
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
}

static void a_file_that_cannot_be_opened_for_eio_is_said_and_taken_later(void **state)
{
	fault.at_open = EIO;
	assert_held_up_alone(*state, EIO, true);
}

static void a_stale_handle_is_said_and_the_file_taken_later(void **state)
{
	fault.at_open = ESTALE;
	assert_held_up_alone(*state, ESTALE, true);
}

static void a_file_that_somebody_holds_for_himself_waits_without_a_word(void **state)
{
	fault.at_open = EBUSY;
	assert_held_up_alone(*state, EBUSY, false);
}

static const char broken[] = "园区,2026年9月,2026年10月\n甲河,12.3,没有\n乙山,1,2\n";

/* As Excel does: others may read the file, and not move it. */
static atomic_bool hanging;
static sem_t answer;

static void hang(void)
{
	atomic_store(&hanging, true);
	while (sem_wait(&answer) < 0)
		;
}

static bool it_hangs(void *ctx)
{
	(void)ctx;
	return atomic_load(&hanging);
}

static void a_server_that_does_not_answer_counts_as_failing_until_it_does(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	atomic_store(&hanging, false);
	assert_int_equal(sem_init(&answer, 0, 0), 0);
	put(f, "a.csv", good);
	fault.name = "a.csv";
	fault.before = hang;
	for (int looks = 0; looks < 10 && !it_hangs(NULL); looks++) {
		clock_advance(&f->clock, 5000);
		loop_settle(f->loop, it_hangs, NULL, 100);
	}
	assert_true(loop_settle(f->loop, it_hangs, NULL, FEEDS_PATIENCE_MS));
	clock_advance(&f->clock, DROP_PATIENCE_MS - 1);
	s = feeds_status(f, "share");
	assert_int_equal(s.health, FEED_OK);
	clock_advance(&f->clock, 1);
	s = feeds_status(f, "share");
	assert_int_equal(s.health, FEED_FAILING);
	assert_int_equal(s.failures, 1);
	assert_has(s.error, "the folder does not answer");
	assert_true(s.failing_since_ms == clock_wall(&f->clock) - DROP_PATIENCE_MS);
	clock_advance(&f->clock, 2 * DROP_PATIENCE_MS);
	assert_int_equal(feeds_status(f, "share").failures, 3);
	fault.name = NULL;
	sem_post(&answer);
	feeds_idle(f);
	assert_int_equal(f->emits, 1);
	s = feeds_status(f, "share");
	assert_int_equal(s.health, FEED_OK);
	assert_int_equal(s.failures, 0);
	assert_string_equal(s.error, "");
}

static void a_file_that_cannot_be_moved_yet_is_taken_once_and_moved_later(void **state)
{
	struct feeds *f = *state;

	fault.name = "a.csv";
	fault.at_rename = EBUSY;
	put(f, "a.csv", broken);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_has(feeds_status(f, "share").error, "cannot be moved to");
	put(f, "b.csv", other);
	two_looks(f);
	two_looks(f);
	/* The other file was taken, this one not again. */
	assert_int_equal(f->emits, 2);
	assert_has(f->origin, "/in/b.csv");
	assert_int_equal(feeds_status(f, "share").health, FEED_FAILING);
	fault.name = NULL;
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	assert_true(there(f, "accepted/a.csv") && !there(f, "a.csv"));
	assert_true(there(f, "accepted/a.csv.reasons.txt"));
}

static void a_file_that_could_not_be_moved_and_changes_is_taken_again(void **state)
{
	struct feeds *f = *state;

	fault.name = "a.csv";
	fault.at_rename = EBUSY;
	put(f, "a.csv", good);
	two_looks(f);
	put(f, "a.csv", other);
	two_looks(f);
	assert_int_equal(f->emits, 2);
	two_looks(f);
	assert_int_equal(f->emits, 2);
}

static void a_file_that_cannot_be_looked_at_is_said_and_taken_later(void **state)
{
	fault.at_stat = EIO;
	assert_held_up_alone(*state, EIO, true);
}

static void remove_a(void)
{
	unlink(in(now, "a.csv"));
}

static void a_file_that_goes_between_look_and_reading_is_no_trouble(void **state)
{
	struct feeds *f = *state;

	fault.name = "a.csv";
	fault.before = remove_a;
	put(f, "a.csv", good);
	put(f, "b.csv", other);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	assert_string_equal(feeds_status(f, "share").error, "");
}

static void link_a(void)
{
	unlink(in(now, "a.csv"));
	assert_int_equal(symlink("b.csv", in(now, "a.csv")), 0);
}

static void a_link_that_takes_a_files_place_is_not_followed(void **state)
{
	struct feeds *f = *state;

	fault.name = "a.csv";
	fault.before = link_a;
	put(f, "a.csv", good);
	two_looks(f);
	fault.before = NULL;
	two_looks(f);
	assert_int_equal(f->emits, 0);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
}

#define KEPT(name)                                                                                 \
	{                                                                                          \
#name " (kept)", name, setup_kept, teardown, NULL                                  \
	}
#define MOVED(name)                                                                                \
	{                                                                                          \
#name " (moved)", name, setup_moved, teardown, NULL                                \
	}
#define BOTH(name) KEPT(name), MOVED(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_file_that_cannot_be_opened_for_eio_is_said_and_taken_later),
		BOTH(a_server_that_does_not_answer_counts_as_failing_until_it_does),
		MOVED(a_file_that_cannot_be_moved_yet_is_taken_once_and_moved_later),
		MOVED(a_file_that_could_not_be_moved_and_changes_is_taken_again),
		BOTH(a_stale_handle_is_said_and_the_file_taken_later),
		BOTH(a_file_that_somebody_holds_for_himself_waits_without_a_word),
		BOTH(a_file_that_cannot_be_looked_at_is_said_and_taken_later),
		BOTH(a_file_that_goes_between_look_and_reading_is_no_trouble),
		BOTH(a_link_that_takes_a_files_place_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
