/* test_recovery.c - SIGKILL at any moment: what was acknowledged is there. */
#include "tests/unit/storage/help.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

enum { KILLS = 30, PARKS = 7, IN_FLIGHT = 16, MAX_ACKS = 1 << 20 };

/* Reported by the child for each acknowledged append, written in one piece. */
struct ack {
	uint64_t sequence;
	int64_t number;
};

struct flight {
	struct append a;
	struct observation o;
	struct plain_sample x[2];
	int64_t number;
	int fd;
	pthread_mutex_t *lock;
	pthread_cond_t *cond;
	bool *busy;
};

static void report(struct append *a)
{
	struct flight *fl = a->ctx;
	struct ack ack = { .sequence = a->submission.sequence, .number = fl->number };

	if (a->err.code == ERR_NONE && write(fl->fd, &ack, sizeof(ack)) != sizeof(ack))
		_exit(3);
	pthread_mutex_lock(fl->lock);
	*fl->busy = false;
	pthread_cond_signal(fl->cond);
	pthread_mutex_unlock(fl->lock);
}

/* Seals, packs and merges come often, so that kills hit them too. */
static struct store *open_small(const char *dir, struct err *e)
{
	return store_open(&(struct store_options){ .dir = dir,
						   .map_bytes = 1 << 30,
						   .seal_samples = 25,
						   .pack_samples = 60,
						   .pack_figures = 9 },
			  e);
}

static int find_free(const bool *busy)
{
	for (int i = 0; i < IN_FLIGHT; i++)
		if (!busy[i])
			return i;
	return -1;
}

/* A series that each number has of its own: names must survive as well. */
static struct labels *own_series(int64_t number)
{
	char park[24];

	snprintf(park, sizeof(park), "n%" PRId64, number);
	return series_named("own", park);
}

/* Appends until it is killed: number n is the figure n of park n % PARKS, stamped n, and the
 * plain sample n of that park, and one of a new series. */
static void write_for_ever(const char *dir, int fd, int64_t number)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	static struct flight flights[IN_FLIGHT];
	static bool busy[IN_FLIGHT];
	struct labels *figures[PARKS], *plain[PARKS];
	struct err e = { 0 };
	struct store *s = open_small(dir, &e);

	if (!s) {
		fprintf(stderr, "the child cannot open the store: %s\n", e.text);
		_exit(2);
	}
	for (int i = 0; i < PARKS; i++) {
		char park[16];

		snprintf(park, sizeof(park), "p%d", i);
		figures[i] = series_named("figure", park);
		plain[i] = series_named("plain", park);
	}
	for (;; number++) {
		struct flight *fl;
		int i;

		pthread_mutex_lock(&lock);
		while ((i = find_free(busy)) < 0)
			pthread_cond_wait(&cond, &lock);
		busy[i] = true;
		pthread_mutex_unlock(&lock);
		fl = &flights[i];
		labels_unref(fl->x[1].labels);
		*fl = (struct flight){
			.number = number, .fd = fd, .lock = &lock, .cond = &cond, .busy = &busy[i]
		};
		fl->o = (struct observation){ .labels = figures[number % PARKS],
					      .stamp_ms = number,
					      .value = (double)number / 4 };
		fl->x[0] = (struct plain_sample){ plain[number % PARKS], number, (double)number };
		fl->x[1] = (struct plain_sample){ own_series(number), -number, (double)-number };
		fl->a = (struct append){ .submission = { .received_ms = number + 1,
							 .released_ms = number + 1 },
					 .obs = &fl->o,
					 .nobs = 1,
					 .samples = fl->x,
					 .nsamples = 2,
					 .done = report,
					 .ctx = fl };
		if (store_append(s, &fl->a, &e) < 0)
			_exit(4);
	}
}

/* Lets the child work until it has acknowledged `least` and `ms` are over, kills it, and
 * reads what it reported until then. */
static size_t run_and_kill(const char *dir, struct ack *acks, size_t n, size_t least, int ms)
{
	int ends[2], status;
	size_t got = 0, bytes = 0;
	bool killed = false;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		write_for_ever(dir, ends[1], n ? acks[n - 1].number + 1000 : 1);
	}
	close(ends[1]);
	for (;;) {
		struct pollfd p = { .fd = ends[0], .events = POLLIN };
		int rc = poll(&p, 1, killed ? -1 : got >= least ? ms : 60000);
		ssize_t k;

		if (!killed && (rc == 0 || (got >= least && ms-- <= 0))) {
			kill(child, SIGKILL);
			killed = true;
			continue;
		}
		k = read(ends[0], (char *)(acks + n) + bytes, 4096);
		if (k <= 0)
			break;
		bytes += (size_t)k;
		got = bytes / sizeof(*acks);
		assert_true(n + got + 512 < MAX_ACKS);
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(got >= least);
	return n + got;
}

static void look_for(struct snapshot *v, struct arena *arena, const struct ack *ack,
		     const uint32_t *figures, const uint32_t *plain)
{
	struct arena_mark mark = arena_mark(arena);
	struct err e = { 0 };
	struct labels *own;
	struct submission sub;
	struct vintage *x;
	struct sample *s;
	size_t n;

	assert_ok(snapshot_submission(v, ack->sequence, arena, &sub, &e), &e);
	assert_int_equal(sub.received_ms, ack->number + 1);
	assert_ok(snapshot_figures(v, figures[ack->number % PARKS], ack->number, ack->number,
				   latest, arena, &x, &n, &e),
		  &e);
	assert_int_equal(n, 1);
	assert_f64(x->value, (double)ack->number / 4);
	assert_true(x->submission == ack->sequence);
	assert_ok(read_samples(v, plain[ack->number % PARKS], ack->number, ack->number, arena, &s,
			       &n, &e),
		  &e);
	assert_int_equal(n, 1);
	assert_f64(s->value, (double)ack->number);
	own = own_series(ack->number);
	assert_ok(read_samples(v, id_of(v, own), INT64_MIN, INT64_MAX, arena, &s, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(s->t_ms, -ack->number);
	assert_f64(s->value, (double)-ack->number);
	labels_unref(own);
	arena_reset(arena, mark);
}

static void check_all(const char *dir, const struct ack *acks, size_t n, bool flush)
{
	struct err e = { 0 };
	struct store *s = open_small(dir, &e);
	uint32_t figures[PARKS], plain[PARKS];
	struct snapshot *v;
	struct arena arena;

	if (!s)
		fail_msg("the store does not open: %s", e.text);
	if (flush)
		assert_ok(store_flush(s, &e), &e);
	v = must_snapshot(s);
	for (int i = 0; i < PARKS; i++) {
		char park[16];
		struct labels *ls;

		snprintf(park, sizeof(park), "p%d", i);
		ls = series_named("figure", park);
		figures[i] = id_of(v, ls);
		labels_unref(ls);
		ls = series_named("plain", park);
		plain[i] = id_of(v, ls);
		labels_unref(ls);
	}
	arena_init(&arena, 256 << 20);
	for (size_t i = 0; i < n; i++)
		look_for(v, &arena, &acks[i], figures, plain);
	arena_release(&arena);
	snapshot_close(v);
	store_close(s);
}

static void nothing_acknowledged_is_lost_by_sigkill(void **state)
{
	struct ack *acks = calloc(MAX_ACKS, sizeof(*acks));
	char *dir = tmp_make();
	uint64_t seed = 20261123;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < KILLS; i++) {
		size_t least = PARKS + random_next(&seed) % 60;
		size_t before = n;

		n = run_and_kill(dir, acks, n, least, (int)(random_next(&seed) % 12));
		/* The newest each time; all of them at the end. */
		assert_sound(dir);
		check_all(dir, acks + before, n - before, i % 4 == 3);
	}
	check_all(dir, acks, n, false);
	check_all(dir, acks, n, true);
	assert_sound(dir);
	print_message("%d kills, %zu acknowledged appends, none lost\n", KILLS, n);
	tmp_remove(dir);
	free(acks);
}

/* Zeros where a power cut left out the sectors of LMDB's first pages. */
static void write_zeros(const char *dir, size_t bytes)
{
	int fd = open(tmp_path(dir, "data.mdb"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

static void a_store_that_a_power_cut_left_half_made_is_made_anew(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *dir = tmp_make();

	(void)state;
	for (size_t pages = 1; pages <= 16; pages++) {
		write_zeros(dir, pages * page);
		store_close(must_open(dir));
		assert_sound(dir);
		unlink(tmp_path(dir, "VERSION"));
	}
	tmp_remove(dir);
}

static void a_file_that_may_have_been_a_store_is_not_made_anew(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n;
	char *dir = tmp_make(), *file;
	struct err e = { 0 };

	(void)state;
	write_zeros(dir, 17 * page);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	unlink(tmp_path(dir, "data.mdb"));
	store_close(must_open(dir));
	write_zeros(dir, 2 * page);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	file = tmp_read(tmp_path(dir, "data.mdb"), &n);
	assert_int_equal(n, 2 * page);
	free(file);
	tmp_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_acknowledged_is_lost_by_sigkill),
		cmocka_unit_test(a_store_that_a_power_cut_left_half_made_is_made_anew),
		cmocka_unit_test(a_file_that_may_have_been_a_store_is_not_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
