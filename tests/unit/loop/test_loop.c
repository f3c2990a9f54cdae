/* test_loop.c - posts, stopping, signals, settling, lag. */
#include "tests/lib/assert.h"

#include "base/counter.h"
#include "loop/job.h"
#include "loop/timer.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum { POSTS = 1000 };

/* In front of libuv's: the processor is taken away for `away_ms` after each timer started. */
static int away_ms;

int uv_timer_start(uv_timer_t *h, uv_timer_cb call, uint64_t timeout, uint64_t repeat)
{
	static int (*libuv)(uv_timer_t *, uv_timer_cb, uint64_t, uint64_t);
	int r;

	if (!libuv)
		*(void **)&libuv = dlsym(RTLD_NEXT, "uv_timer_start");
	r = libuv(h, call, timeout, repeat);
	nanosleep(&(struct timespec){ .tv_nsec = away_ms * 1000000L }, NULL);
	return r;
}

struct fixture {
	struct loop *l;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->l = loop_new(NULL, &f->e);
	if (!f->l)
		fail_msg("%s", f->e.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->l);
	free(f);
	return 0;
}

struct note {
	struct post post;
	int number;
	int *last;
	int *wrong;
};

static void on_note(struct post *p)
{
	struct note *n = (struct note *)p;

	if (n->number != *n->last + 1)
		++*n->wrong;
	*n->last = n->number;
	free(n);
}

struct poster {
	struct loop *l;
	int last, wrong;
};

static void *post_many(void *arg)
{
	struct poster *p = arg;

	for (int i = 1; i <= POSTS; i++) {
		struct note *n = calloc(1, sizeof(*n));

		*n = (struct note){ { .call = on_note }, i, &p->last, &p->wrong };
		loop_post(p->l, &n->post);
	}
	loop_stop(p->l);
	return NULL;
}

static void posts_of_a_thread_arrive_in_order_and_all(void **state)
{
	struct fixture *f = *state;
	struct poster p = { .l = f->l };
	pthread_t t;

	pthread_create(&t, NULL, post_many, &p);
	loop_run(f->l);
	pthread_join(t, NULL);
	assert_true(loop_settle(f->l, NULL, NULL, 5000));
	assert_int_equal(p.last, POSTS);
	assert_int_equal(p.wrong, 0);
}

static void a_post_left_over_is_called_by_free(void **state)
{
	struct fixture *f = *state;
	int last = 0, wrong = 0;
	struct note *n = calloc(1, sizeof(*n));

	*n = (struct note){ { .call = on_note }, 1, &last, &wrong };
	loop_post(f->l, &n->post);
	assert_int_equal(last, 0);
	loop_free(f->l);
	f->l = NULL;
	assert_int_equal(last, 1);
}

static void stopping_before_running_returns_at_once(void **state)
{
	struct fixture *f = *state;

	loop_stop(f->l);
	loop_run(f->l);
}

static void stop_soon(struct timer *t)
{
	loop_stop(t->loop);
}

static void a_stopped_loop_can_run_again(void **state)
{
	struct fixture *f = *state;
	struct timer t;

	loop_stop(f->l);
	loop_run(f->l);
	timer_init(&t, f->l, stop_soon);
	timer_start(&t, 1);
	loop_run(f->l);
	assert_false(timer_started(&t));
}

struct caught {
	struct loop *l;
	int signum;
};

static void on_signal(void *ctx, int signum)
{
	struct caught *c = ctx;

	c->signum = signum;
	loop_stop(c->l);
}

static void signals_are_callbacks_on_the_loop(void **state)
{
	struct fixture *f = *state;
	struct caught c = { .l = f->l };

	assert_ok(loop_on_signal(f->l, SIGUSR1, on_signal, &c, &f->e), &f->e);
	kill(getpid(), SIGUSR1);
	loop_run(f->l);
	assert_int_equal(c.signum, SIGUSR1);
}

static void nine_signals_are_one_too_many(void **state)
{
	struct fixture *f = *state;
	struct caught c = { .l = f->l };

	for (int i = 0; i < 8; i++)
		assert_ok(loop_on_signal(f->l, SIGUSR2, on_signal, &c, &f->e), &f->e);
	assert_fails(loop_on_signal(f->l, SIGUSR2, on_signal, &c, &f->e), &f->e, ERR_LIMIT,
		     "more than 8 signals");
}

static void a_signal_that_cannot_be_caught_is_an_error(void **state)
{
	struct fixture *f = *state;

	assert_fails(loop_on_signal(f->l, SIGKILL, on_signal, NULL, &f->e), &f->e, ERR_IO,
		     "cannot listen for signal 9: Invalid argument");
}

static void a_broken_pipe_does_not_kill(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	assert_int_equal(write(fd[1], "x", 1), -1);
	close(fd[1]);
}

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

static void settling_gives_up_in_the_end(void **state)
{
	struct fixture *f = *state;

	assert_false(loop_settle(f->l, never, NULL, 20));
	assert_true(loop_settle(f->l, NULL, NULL, 20));
}

/* What ends the wait is over before the wait begins. */
static void settling_gives_up_although_it_got_no_processor(void **state)
{
	struct fixture *f = *state;

	away_ms = 20;
	alarm(20); /* ends the test should it wait without end */
	assert_false(loop_settle(f->l, never, NULL, 1));
	alarm(0);
	away_ms = 0;
}

static void hold_the_loop(struct timer *t)
{
	struct timespec from, now;

	(void)t;
	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 30000000);
}

static bool both_fired(void *ctx)
{
	struct timer *t = ctx;

	return !timer_started(&t[0]) && !timer_started(&t[1]);
}

static uint64_t lateness_seen(void);

static void a_callback_that_blocks_shows_as_lag(void **state)
{
	struct fixture *f = *state;
	struct timer t[2];
	uint64_t before = lateness_seen();

	timer_init(&t[0], f->l, hold_the_loop);
	timer_init(&t[1], f->l, hold_the_loop);
	timer_start(&t[0], 1);
	timer_start(&t[1], 2);
	assert_true(loop_settle(f->l, both_fired, t, 10000));
	assert_true(loop_lag_max_ms(f->l) >= 30);
	assert_true(counter_get(C_LOOP_LAG_MAX) >= 0.030);
	assert_int_equal(lateness_seen(), before + 2);
}

static void take_count(void *ctx, const struct counter_value *v)
{
	*(uint64_t *)ctx = v->count;
}

static uint64_t lateness_seen(void)
{
	uint64_t n = 0;

	counter_walk(C_LOOP_LAG, take_count, &n);
	return n;
}

/* By the thread's own clock, since others may hold the processor meanwhile. */
static void use_processor(struct timer *t)
{
	struct timespec from, now;

	(void)t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 30000000);
}

static void only_sleep(struct timer *t)
{
	(void)t;
	usleep(300000);
}

static double most_of_timers(void)
{
	return counter_get_for(C_LOOP_CALL_CPU_MAX, slice_str("timer"));
}

static bool fired(void *ctx)
{
	return !timer_started(ctx);
}

static void what_a_callback_takes_of_the_processor_is_counted(void **state)
{
	struct fixture *f = *state;
	double before = counter_get(C_LOOP_CALL_CPU);
	struct timer t;

	timer_init(&t, f->l, use_processor);
	timer_start(&t, 1);
	assert_true(loop_settle(f->l, fired, &t, 10000));
	assert_true(most_of_timers() >= 0.030);
	assert_true(counter_get(C_LOOP_CALL_CPU) >= before + 1);
}

static void a_callback_that_only_waits_took_nothing_of_the_processor(void **state)
{
	struct fixture *f = *state;
	struct timer t;

	counter_set_for(C_LOOP_CALL_CPU_MAX, slice_str("timer"), 0);
	timer_init(&t, f->l, only_sleep);
	timer_start(&t, 1);
	assert_true(loop_settle(f->l, fired, &t, 10000));
	assert_true(most_of_timers() < 0.2);
	assert_true(loop_lag_max_ms(f->l) >= 300);
}

static void stop_the_loop(struct timer *t)
{
	loop_stop(t->loop);
}

/* Being without a processor is lag, and may come at any time: one try of some must go without.
 * Waiting would be lag in each. */
static void waiting_is_no_lag(void **state)
{
	struct fixture *f = *state;
	double lag_ms = 300;

	for (int i = 0; i < 20 && lag_ms >= 300; i++) {
		struct loop *l = loop_new(NULL, &f->e);
		struct timer t;

		assert_non_null(l);
		timer_init(&t, l, stop_the_loop);
		timer_start(&t, 400);
		loop_run(l);
		lag_ms = loop_lag_max_ms(l);
		loop_free(l);
	}
	assert_true(lag_ms < 300);
}

struct sleeper {
	struct timer t;
	struct job job;
	int fired;
	int64_t at[4];
};

static void job_work(struct job *j)
{
	(void)j;
}

static void job_done(struct job *j, enum job_end how)
{
	struct sleeper *s = (struct sleeper *)((char *)j - offsetof(struct sleeper, job));

	assert_int_equal(how, JOB_RAN);
	s->at[s->fired++] = clock_mono(loop_clock(s->t.loop));
	if (s->fired < 4)
		timer_start(&s->t, 10);
}

static void start_job(struct timer *t)
{
	job_start(t->loop, &((struct sleeper *)t)->job, JOB_DECODE, NULL);
}

/* timer → job → timer …: advancing waits for each job where it belongs in time. */
static void advancing_settles_at_each_timer(void **state)
{
	struct fixture *f = *state;
	struct clock c;
	struct loop *l;
	struct sleeper s = { .job = { .work = job_work, .done = job_done } };

	clock_init_manual(&c, 0);
	l = loop_new(&(struct loop_options){ .clock = &c }, &f->e);
	timer_init(&s.t, l, start_job);
	timer_start(&s.t, 10);
	loop_advance(l, 100);
	assert_int_equal(s.fired, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(s.at[i], 10 * (i + 1));
	assert_int_equal(clock_mono(&c), 100);
	assert_int_equal(loop_now(l), 100);
	loop_free(l);
}

static void freeing_nothing_is_nothing(void **state)
{
	(void)state;
	loop_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(posts_of_a_thread_arrive_in_order_and_all),
		T(a_post_left_over_is_called_by_free),
		T(stopping_before_running_returns_at_once),
		T(a_stopped_loop_can_run_again),
		T(signals_are_callbacks_on_the_loop),
		T(nine_signals_are_one_too_many),
		T(a_signal_that_cannot_be_caught_is_an_error),
		T(a_broken_pipe_does_not_kill),
		T(settling_gives_up_in_the_end),
		T(settling_gives_up_although_it_got_no_processor),
		T(a_callback_that_blocks_shows_as_lag),
		T(what_a_callback_takes_of_the_processor_is_counted),
		T(a_callback_that_only_waits_took_nothing_of_the_processor),
		T(waiting_is_no_lag),
		T(advancing_settles_at_each_timer),
		T(freeing_nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
