/*
 * test_lifetimes.c - the daemon is ended, reloaded and left alone by its clients at any moment.
 *
 * The offices live on a loop and a thread of their own, as they do in another process. Random
 * moments come from a seed that is printed, so that a failure can be played again.
 */
#include "base/counter.h"
#include "daemon/feed_board.h"
#include "loop/http_server.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"
#include "tests/scenario/scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PARKS = 20, MONTHS = 312, SEEDS = 30, ADDRESSES = 6 }; /* from January 2000 */

#define START "2026-01-20T08:00:00+08:00"

/* --- offices --------------------------------------------------------------------- */

struct office {
	struct loop *loop;
	struct http_server *server;
	pthread_t thread;
	atomic_uint edition; /* each one is another document */
};

/* Every park's figure of December 2025, another one in each edition; the answer takes 0 to 3 ms. */
static void serve_figures(struct exchange *x)
{
	struct office *o = x->ctx;
	unsigned edition = atomic_load(&o->edition);

	nanosleep(&(struct timespec){ .tv_nsec = (long)(x->path.p[1] % 4) * 1000000 }, NULL);
	buf_printf(&x->reply, "park,2025-12\n");
	for (int i = 0; i < PARKS; i++)
		buf_printf(&x->reply, "p%d,%u\n", i, edition * 100 + (unsigned)i);
	x->content_type = "text/csv";
}

static void serve_metrics(struct exchange *x)
{
	buf_printf(&x->reply, "# TYPE pumps gauge\npumps{yard=\"1\"} 4\npumps{yard=\"2\"} 5\n");
	x->content_type = "text/plain; version=0.0.4";
}

static void *office_thread(void *ctx)
{
	struct office *o = ctx;

	loop_run(o->loop);
	return NULL;
}

static void office_open(struct office *o)
{
	struct http_server_options so = { .host = "127.0.0.1" };
	struct http_route routes[] = {
		{ .path = "/metrics", .serve = serve_metrics },
		{ .path = "/*", .where = HTTP_IN_JOB, .class = JOB_QUERY, .serve = serve_figures },
	};
	struct err e;

	memset(o, 0, sizeof(*o));
	atomic_init(&o->edition, 1);
	routes[0].ctx = routes[1].ctx = o;
	o->loop = loop_new(NULL, &e);
	assert_non_null(o->loop);
	o->server = http_server_open(o->loop, &so, routes, 2, &e);
	assert_non_null(o->server);
	assert_int_equal(pthread_create(&o->thread, NULL, office_thread, o), 0);
}

static void office_close(struct office *o)
{
	loop_stop(o->loop);
	pthread_join(o->thread, NULL);
	http_server_close(o->server);
	loop_free(o->loop);
}

/* --- what the daemon is given ------------------------------------------------------ */

#define LAYOUT                                                                                     \
	"    format: csv\n    layout: {unit: {column: park}, indicator: {is: stock},"              \
	" period: {header: true}}\n"

static void write_catalogue(struct scene *s)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("units:\n", f);
	for (int i = 0; i < PARKS; i++)
		fprintf(f, "  - {id: p%d, class: park, name: Park %d}\n", i, i);
	fputs("releases:\n  - {id: monthly, freq: M, working_day: 10}\n"
	      "indicators:\n  - {code: stock, name: Stock, measure: 个, freq: M, form: level, "
	      "unit_slip: false}\n",
	      f);
	fclose(f);
	scene_write(s, "catalogue.yaml", "%s", text);
	free(text);
}

/* `without`: the number of an address that is left out, or -1. */
static void write_config(struct scene *s, const struct office *o, int without)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("listen: 127.0.0.1:0\ndata_dir: data\ncatalogue: [catalogue.yaml]\nfeeds:\n", f);
	for (int i = 0; o && i < ADDRESSES; i++)
		if (i != without)
			fprintf(f,
				"  - name: a%d\n    url: http://127.0.0.1:%d/%d\n    every: 2s\n"
				"    backoff_max: 2s\n" LAYOUT,
				i, http_server_port(o->server), i);
	if (o)
		fprintf(f,
			"  - {name: pumps, url: 'http://127.0.0.1:%d/metrics', format: prometheus, "
			"every: 1s}\n",
			http_server_port(o->server));
	fputs("  - name: files\n    folder: drop\n    every: 1s\n    settle: 0s\n" LAYOUT, f);
	fclose(f);
	scene_write(s, "parkwatch.yaml", "%s", text);
	free(text);
}

/* Every park and month: enough that it is decoded, checked, stored and freed off the loop. */
static void drop_large_file(struct scene *s, unsigned edition)
{
	char *text, name[64];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("park", f);
	for (int m = 0; m < MONTHS; m++)
		fprintf(f, ",%d-%02d", 2000 + m / 12, m % 12 + 1);
	for (int i = 0; i < PARKS; i++) {
		fprintf(f, "\np%d", i);
		for (int m = 0; m < MONTHS; m++)
			fprintf(f, ",%d", i * 1000 + m);
	}
	fputc('\n', f);
	fclose(f);
	snprintf(name, sizeof(name), "drop/large-%u.csv", edition);
	scene_write(s, name, "%s", text);
	free(text);
}

static void make(struct scene *s, const struct office *o)
{
	scene_make(s, START);
	scene_write(s, "drop/.keep", "%s", "");
	write_catalogue(s);
	write_config(s, o, -1);
}

/* --- any moment ----------------------------------------------------------------------- */

static unsigned below(uint64_t *state, unsigned n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % n;
}

/* One small thing that happens while feeds are fetching, decoding, storing. */
static void something(struct scene *s, struct office *o, uint64_t *r)
{
	struct err e;

	switch (below(r, 8)) {
	case 0:
		write_config(s, o, (int)below(r, ADDRESSES + 1) - 1);
		assert_ok(daemon_reload(s->d, &e), &e);
		break;
	case 1:
		write_config(s, o, (int)below(r, ADDRESSES + 1) - 1);
		raise(SIGHUP);
		break;
	case 2:
		atomic_fetch_add(&o->edition, 1);
		break;
	default:
		clock_advance(&s->clock, below(r, 1500));
		loop_settle(daemon_loop(s->d), NULL, NULL, (int)below(r, 4));
		break;
	}
}

static size_t count(struct scene *s)
{
	return scene_count_figures(s);
}

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

/* Every feed went well at last; the offices answer in real time, so they are given some. */
static bool feeds_are_well(struct scene *s)
{
	struct collector *c = daemon_collector(s->d);

	loop_settle(daemon_loop(s->d), never, NULL, 2);
	for (size_t i = 0; i < collector_feeds(c); i++) {
		struct feed_status f;

		collector_status(c, i, &f);
		if (f.health != FEED_OK)
			return false;
	}
	return true;
}

static bool all_stored(struct scene *s, void *ctx)
{
	(void)ctx;
	return feeds_are_well(s) && count(s) == PARKS * MONTHS;
}

static void ended_at_any_moment_it_keeps_what_it_had(void **state)
{
	struct office o;
	struct scene s;
	size_t before = 0;
	struct err e;

	(void)state;
	office_open(&o);
	make(&s, &o);
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		uint64_t r = seed * 7919 + 1;

		print_message("seed %u\n", seed);
		drop_large_file(&s, seed);
		write_config(&s, &o, -1);
		scene_open(&s);
		assert_true(count(&s) >= before);
		for (unsigned n = below(&r, 40); n > 0; n--)
			something(&s, &o, &r);
		before = count(&s);
		scene_close(&s);
		assert_int_equal(store_check(tmp_path(s.dir, "data"), stderr, &e), 0);
	}
	write_config(&s, &o, -1);
	scene_open(&s);
	scene_until(&s, all_stored, NULL, 10 * 60 * 1000, 1000, "all figures");
	assert_f64(scene_figure(&s, "park_stock", "p3", "level", "2025-11-30"), 3310);
	assert_f64(scene_figure(&s, "park_stock", "p19", "level", "2000-01-31"), 19000);
	scene_end(&s);
	office_close(&o);
}

static void a_reload_asked_for_while_ending_is_not_begun(void **state)
{
	struct scene s;

	(void)state;
	make(&s, NULL);
	scene_open(&s);
	scene_write(&s, "parkwatch.yaml", "no: configuration\n");
	raise(SIGHUP); /* waits in the loop's pipe until the loop turns */
	scene_close(&s);
	assert_f64(counter_get(C_RELOAD_OK), 1);
	scene_end(&s);
}

static void a_reload_under_way_is_waited_for(void **state)
{
	struct scene s;

	(void)state;
	make(&s, NULL);
	scene_open(&s);
	daemon_start_reload(s.d);
	daemon_start_reload(s.d);
	scene_end(&s);
}

/* The run would ask the collector, which is gone by then. */
static void an_assessment_that_falls_due_while_ending_is_not_begun(void **state)
{
	struct scene s;

	(void)state;
	make(&s, NULL);
	scene_open(&s);
	clock_advance(&s.clock, 24 * 3600 * 1000);
	scene_end(&s);
}

/* --- reloads --------------------------------------------------------------------------- */

static int64_t assessed_at(struct scene *s)
{
	struct assessment *a = daemon_assessment(s->d);
	int64_t at = a ? a->as_of_ms : 0;

	if (a)
		assessment_unref(a);
	return at;
}

static void figures_that_come_all_the_time_do_not_put_the_assessment_off(void **state)
{
	struct scene s;
	int64_t begin;

	(void)state;
	make(&s, NULL);
	scene_open(&s);
	begin = clock_wall(&s.clock);
	for (int i = 0; i < 40; i++) {
		assert_ok(daemon_reload(s.d, &s.e), &s.e); /* pokes, as stored figures do */
		loop_advance(daemon_loop(s.d), 100);
	}
	assert_true(assessed_at(&s) >= begin + 3000);
	scene_end(&s);
}

static void write_thirty_mistakes(struct scene *s)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("units:\n", f);
	for (int i = 0; i < 30; i++)
		fprintf(f, "  - {id: p%d, class: park, name: Park %d, contry: x}\n", i, i);
	fclose(f);
	scene_write(s, "catalogue.yaml", "%s", text);
	free(text);
}

static size_t lines_with(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text++;
		n++;
	}
	return n;
}

static bool first_in(struct scene *s, void *ctx)
{
	(void)ctx;
	return feeds_are_well(s) && count(s) >= PARKS;
}

static bool figure_is(struct scene *s, void *ctx)
{
	loop_settle(daemon_loop(s->d), never, NULL, 2);
	return scene_figure(s, "park_stock", "p0", "level", "2025-12-31") == *(double *)ctx;
}

static void a_catalogue_with_thirty_mistakes_changes_nothing(void **state)
{
	struct office o;
	struct scene s;
	struct daemon_options options;
	char *said;
	size_t size;
	double next;

	(void)state;
	office_open(&o);
	make(&s, &o);
	options = (struct daemon_options){ .config_path = tmp_path(s.dir, "parkwatch.yaml"),
					   .clock = &s.clock,
					   .complaints = open_memstream(&said, &size) };
	s.d = daemon_open(&options, &s.e);
	assert_non_null(s.d);
	scene_until(&s, first_in, NULL, 60000, 500, "first figures");

	write_thirty_mistakes(&s);
	assert_fails(daemon_reload(s.d, &s.e), &s.e, ERR_INVALID, "contry");
	daemon_start_reload(s.d);
	assert_true(loop_settle(daemon_loop(s.d), NULL, NULL, 10000));
	assert_f64(counter_get(C_RELOAD_OK), 0);
	fflush(options.complaints);
	/* Both times all thirty, each with its line: the last unit stands in line 31. */
	assert_int_equal(lines_with(said, "unknown key 'contry'"), 60);
	assert_int_equal(lines_with(said, "catalogue.yaml:31:"), 2);

	/* The feeds go on, with the catalogue there was. */
	next = (atomic_fetch_add(&o.edition, 1) + 1) * 100.0;
	scene_until(&s, figure_is, &next, 60000, 500, "the next edition");
	assert_int_equal(collector_feeds(daemon_collector(s.d)), ADDRESSES + 2);
	scene_end(&s);
	fclose(options.complaints);
	free(said);
	office_close(&o);
}

static bool anybody(struct scene *s, const char *state)
{
	struct collector *c = daemon_collector(s->d);

	for (size_t i = 0; i < collector_feeds(c); i++) {
		struct feed_status f;

		collector_status(c, i, &f);
		if (strcmp(f.state, state) == 0)
			return true;
	}
	return false;
}

static bool somebody_fetches(struct scene *s, void *ctx)
{
	(void)ctx;
	return anybody(s, "fetching");
}

static void a_feed_removed_and_added_again_goes_on(void **state)
{
	struct office o;
	struct scene s;
	double next;

	(void)state;
	office_open(&o);
	make(&s, &o);
	scene_open(&s);
	for (int i = 0; i < 10; i++) {
		scene_until(&s, somebody_fetches, NULL, 60000, 100, "an attempt");
		for (int k = 0; k < ADDRESSES; k++) {
			write_config(&s, &o, k);
			assert_ok(daemon_reload(s.d, &s.e), &s.e);
		}
		write_config(&s, &o, -1);
		assert_ok(daemon_reload(s.d, &s.e), &s.e);
		assert_int_equal(collector_feeds(daemon_collector(s.d)), ADDRESSES + 2);
	}
	scene_until(&s, first_in, NULL, 60000, 500, "figures");
	next = (atomic_fetch_add(&o.edition, 1) + 1) * 100.0;
	scene_until(&s, figure_is, &next, 60000, 500, "the next edition");
	assert_f64(counter_get_for(C_FEED_UP, slice_str("a0")), 1);
	scene_end(&s);
	office_close(&o);
}

/* Nobody listens there; what the feeds make of it is not asked here. */
static void write_many_feeds(struct scene *s, int n)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("listen: 127.0.0.1:0\ndata_dir: data\ncatalogue: [catalogue.yaml]\nfeeds:\n", f);
	for (int i = 0; i < n; i++)
		fprintf(f,
			"  - {name: m%d, url: 'http://127.0.0.1:1/', format: prometheus, every: "
			"1h, "
			"owner: o%d}\n",
			i, i);
	fclose(f);
	scene_write(s, "parkwatch.yaml", "%s", text);
	free(text);
}

static void check_board(struct scene *s, struct feed_board *b, size_t feeds)
{
	struct feed_row *rows;
	struct arena a;
	char name[32];
	size_t n;

	arena_init(&a, 16 << 20);
	assert_ok(feed_board_rows(b, &a, &rows, &n, &s->e), &s->e);
	assert_int_equal(n, feeds);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		assert_string_equal(rows[i].name, name);
		name[0] = 'o';
		assert_string_equal(rows[i].owner, name);
	}
	arena_release(&a);
}

static void the_board_shows_every_feed_although_it_copies_some_at_a_time(void **state)
{
	struct feed_board *b;
	struct scene s;

	(void)state;
	make(&s, NULL);
	write_many_feeds(&s, 450);
	scene_open(&s);
	b = feed_board_new(daemon_loop(s.d), daemon_collector(s.d), &s.e);
	assert_non_null(b);
	check_board(&s, b, 0); /* before the first copy */
	loop_advance(daemon_loop(s.d), 10);
	check_board(&s, b, 450);
	write_many_feeds(&s, 203);
	assert_ok(daemon_reload(s.d, &s.e), &s.e);
	check_board(&s, b, 450);
	loop_advance(daemon_loop(s.d), 2000);
	check_board(&s, b, 203);
	feed_board_free(b);
	scene_end(&s);
}

/* --- clients ------------------------------------------------------------------------------ */

static int say(int port, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void clients_may_leave_at_any_moment(void **state)
{
	static const char *const asked[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
		"GET /api/v1/alerts HTTP/1.1\r\nHo",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
	};
	struct office o;
	struct scene s;
	uint64_t r = 1;

	(void)state;
	office_open(&o);
	make(&s, &o);
	drop_large_file(&s, 1);
	for (int round = 0; round < 8; round++) {
		int fd[32];

		scene_open(&s);
		for (int i = 0; i < 32; i++)
			fd[i] = say(daemon_port(s.d), asked[below(&r, 4)]);
		for (int i = 0; i < 32; i++) {
			if (below(&r, 2)) {
				close(fd[i]);
				fd[i] = -1;
			}
			if (below(&r, 3) == 0)
				loop_settle(daemon_loop(s.d), NULL, NULL, (int)below(&r, 3));
		}
		scene_close(&s); /* with what is still open */
		for (int i = 0; i < 32; i++)
			if (fd[i] >= 0)
				close(fd[i]);
	}
	scene_end(&s);
	office_close(&o);
}

/* --- a share that does not answer ------------------------------------------------------------ */

struct stuck {
	struct job job;
	sem_t begun, never;
};

/* The thread sanitizer's defaults for this program: the workers that are given up when the process
 * ends within its time are left on purpose. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}

static void stuck_work(struct job *j)
{
	struct stuck *k = (struct stuck *)j;

	sem_post(&k->begun);
	while (sem_wait(&k->never) < 0 && errno == EINTR)
		;
}

static void stuck_done(struct job *j, enum job_end how)
{
	(void)j;
	(void)how;
}

static void end_with_a_stuck_job(struct scene *s)
{
	static struct stuck k = { .job = { .work = stuck_work, .done = stuck_done } };

	scene_open(s);
	sem_init(&k.begun, 0, 0);
	sem_init(&k.never, 0, 0);
	if (job_start(daemon_loop(s->d), &k.job, JOB_FILE, &s->e) < 0)
		_exit(10);
	sem_wait(&k.begun);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	daemon_close_within(s->d, 1);
	_exit(11);
}

static void a_share_that_never_answers_does_not_hold_the_end_up(void **state)
{
	struct scene s;
	struct err e;
	int status;
	pid_t child;

	(void)state;
	make(&s, NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		end_with_a_stuck_job(&s);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_int_equal(store_check(tmp_path(s.dir, "data"), stderr, &e), 0);
	/* And the next start finds all in order. */
	scene_open(&s);
	scene_end(&s);
}

static bool dropped_is_in(struct scene *s, void *ctx)
{
	(void)ctx;
	loop_settle(daemon_loop(s->d), never, NULL, 2);
	return count(s) == PARKS * MONTHS;
}

static void a_share_that_hangs_does_not_hold_other_folders_up(void **state)
{
	static struct stuck k = { .job = { .work = stuck_work, .done = stuck_done } };
	struct scene s;

	(void)state;
	make(&s, NULL);
	scene_open(&s);
	sem_init(&k.begun, 0, 0);
	sem_init(&k.never, 0, 0);
	assert_ok(job_start(daemon_loop(s.d), &k.job, JOB_FILE, &s.e), &s.e);
	sem_wait(&k.begun);
	drop_large_file(&s, 1);
	for (int i = 0; i < 20000 && !dropped_is_in(&s, NULL); i++) {
		clock_advance(&s.clock, 100);
		loop_settle(daemon_loop(s.d), never, NULL, 1);
	}
	assert_true(dropped_is_in(&s, NULL));
	sem_post(&k.never);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: it forks, which is for a process without threads. */
		cmocka_unit_test(a_share_that_never_answers_does_not_hold_the_end_up),
		cmocka_unit_test(a_share_that_hangs_does_not_hold_other_folders_up),
		cmocka_unit_test(a_reload_asked_for_while_ending_is_not_begun),
		cmocka_unit_test(a_reload_under_way_is_waited_for),
		cmocka_unit_test(an_assessment_that_falls_due_while_ending_is_not_begun),
		cmocka_unit_test(figures_that_come_all_the_time_do_not_put_the_assessment_off),
		cmocka_unit_test(a_catalogue_with_thirty_mistakes_changes_nothing),
		cmocka_unit_test(a_feed_removed_and_added_again_goes_on),
		cmocka_unit_test(the_board_shows_every_feed_although_it_copies_some_at_a_time),
		cmocka_unit_test(clients_may_leave_at_any_moment),
		cmocka_unit_test(ended_at_any_moment_it_keeps_what_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
