/*
 * loop.c - libuv's loop with our timers, workers, posts and signals on it.
 *
 * Other threads reach the loop in one way: they put something on a list under
 * the lock and send `wake`. libuv merges wakes, so its callback looks at all
 * lists. Our timers fire from `alarm`, which is set again before each wait.
 *
 * Lag: before each wait we know how long the turn took and how long libuv slept
 * in it; the rest is what callbacks kept everybody waiting.
 *
 * The processor time of a callback costs a system call to ask for, so it is asked for once a
 * turn and after what took long by the clock, which costs next to nothing.
 */
#include "loop/loop.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "loop/loop_private.h"

#include <assert.h>
#include <signal.h>

enum {
	LONG_CALL_NS = 1000 * 1000,
	ADVANCE_PATIENCE_MS = 10000, /* of loop_advance() for each stop on its way */
	LOOK_AGAIN_MS = 5,           /* what `until` looks at may change without waking the loop */
};

/* --- lag ------------------------------------------------------------------- */

void loop_note_lag(struct loop *l, double late_ms)
{
	if (late_ms <= l->lag_max_ms)
		return;
	l->lag_max_ms = late_ms;
	counter_set(C_LOOP_LAG_MAX, late_ms / 1e3);
}

double loop_lag_max_ms(const struct loop *l)
{
	return l->lag_max_ms;
}

/* --- what callbacks take --------------------------------------------------- */

static uint64_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Callbacks before this one that were not long are in what the thread used since; by the clock it
 * cannot have used more. */
void loop_called(struct loop *l, enum loop_call kind)
{
	static const char *const kinds[LOOP_CALLS] = {
		[CALL_TIMER] = "timer", [CALL_POST] = "post",     [CALL_JOB] = "job",
		[CALL_FETCH] = "fetch", [CALL_SERVER] = "server", [CALL_SIGNAL] = "signal",
	};
	uint64_t now = uv_hrtime(), took = now - l->called_ns, cpu, used;
	double seconds;

	l->called_ns = now;
	if (took < LONG_CALL_NS)
		return;
	cpu = cpu_now();
	used = cpu - l->cpu_ns < took ? cpu - l->cpu_ns : took;
	l->cpu_ns = cpu;
	if (used < LONG_CALL_NS)
		return;
	seconds = (double)used / 1e9;
	counter_observe(C_LOOP_CALL_CPU, seconds);
	if (seconds <= l->cpu_max[kind])
		return;
	l->cpu_max[kind] = seconds;
	counter_set_for(C_LOOP_CALL_CPU_MAX, slice_str(kinds[kind]), seconds);
}

/* --- turns ----------------------------------------------------------------- */

static void begin_turn(struct loop *l)
{
	l->turn_ns = l->called_ns = uv_hrtime();
	l->cpu_ns = cpu_now();
	l->idle_ns = uv_metrics_idle_time(&l->uv);
}

static void end_turn(struct loop *l)
{
	uint64_t turn = l->turn_ns, idle = l->idle_ns, took, slept;

	begin_turn(l);
	took = l->turn_ns - turn;
	slept = l->idle_ns - idle;
	if (took > slept)
		loop_note_lag(l, (double)(took - slept) / 1e6);
}

static void on_prepare(uv_prepare_t *h)
{
	struct loop *l = h->data;

	end_turn(l);
	timers_arm(l);
	jobs_wake(l);
}

static void turn(struct loop *l, uv_run_mode mode)
{
	begin_turn(l);
	timers_arm(l);
	l->turning = true;
	uv_run(&l->uv, mode);
	l->turning = false;
	jobs_wake(l); /* those that the last callbacks started */
	end_turn(l);
}

/* --- what other threads hand over ------------------------------------------ */

void loop_post(struct loop *l, struct post *p)
{
	p->next = NULL;
	pthread_mutex_lock(&l->lock);
	*l->posts_last = p;
	l->posts_last = &p->next;
	uv_async_send(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

static struct post *take_post(struct loop *l)
{
	struct post *p;

	pthread_mutex_lock(&l->lock);
	p = l->posts;
	if (p) {
		l->posts = p->next;
		if (!p->next)
			l->posts_last = &l->posts;
	}
	pthread_mutex_unlock(&l->lock);
	return p;
}

/* A group commit answers thousands of appends at once. */
static void run_posts(struct loop *l)
{
	uint64_t end = uv_hrtime() + SLICE_NS;
	struct post *p;

	while ((p = take_post(l))) {
		p->call(p); /* the post may be gone now */
		loop_called(l, CALL_POST);
		if (uv_hrtime() < end)
			continue;
		uv_async_send(&l->wake);
		return;
	}
}

static void on_wake(uv_async_t *h)
{
	struct loop *l = h->data;

	if (atomic_load(&l->stop))
		uv_stop(&l->uv);
	run_posts(l);
	jobs_run_done(l);
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stop, true);
	uv_async_send(&l->wake);
}

/* --- life ------------------------------------------------------------------ */

static void ignore_sigpipe(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &sa, NULL);
}

static void init_handles(struct loop *l)
{
	uv_timer_init(&l->uv, &l->alarm);
	uv_timer_init(&l->uv, &l->patience);
	uv_timer_init(&l->uv, &l->hurry);
	l->hurry.data = l;
	uv_prepare_init(&l->uv, &l->prepare);
	l->alarm.data = l->prepare.data = l->wake.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
}

static void check_closing(uv_handle_t *h, void *left)
{
	if (uv_is_closing(h))
		return;
	log_event(LOG_ERROR, "something on the loop was not closed",
		  log_s("handle", uv_handle_type_name(h->type)));
	++*(int *)left;
}

static void close_handles(struct loop *l)
{
	int left = 0, r;

	uv_close((uv_handle_t *)&l->wake, NULL);
	uv_close((uv_handle_t *)&l->alarm, NULL);
	uv_close((uv_handle_t *)&l->patience, NULL);
	uv_close((uv_handle_t *)&l->hurry, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	for (unsigned i = 0; i < l->nsignals; i++)
		uv_close((uv_handle_t *)&l->signals[i].uv, NULL);
	uv_walk(&l->uv, check_closing, &left);
	assert(left == 0);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	r = uv_loop_close(&l->uv);
	assert(r == 0);
	(void)r;
}

static void free_memory(struct loop *l)
{
	pthread_cond_destroy(&l->job_ended);
	pthread_mutex_destroy(&l->lock);
	mem_free(l);
}

struct loop *loop_new(const struct loop_options *o, struct err *e)
{
	struct loop *l = mem_zalloc(sizeof(*l));
	int r;

	if (!l) {
		err_set(e, ERR_MEMORY, "no memory for the event loop");
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->job_ended, NULL);
	l->posts_last = &l->posts;
	clock_init_real(&l->own_clock);
	l->clock = o && o->clock ? o->clock : &l->own_clock;
	ignore_sigpipe();

	r = uv_loop_init(&l->uv);
	if (r < 0) {
		err_sys(e, -r, "cannot make an event loop");
		goto no_loop;
	}
	uv_loop_configure(&l->uv, UV_METRICS_IDLE_TIME);
	r = uv_async_init(&l->uv, &l->wake, on_wake);
	if (r < 0) {
		err_sys(e, -r, "cannot make the event loop's wake-up");
		goto no_wake;
	}
	init_handles(l);
	l->processors = uv_available_parallelism();
	l->processors -= l->processors > 1; /* the loop has one */
	if (workers_start(l, o, e) < 0)
		goto no_workers;
	begin_turn(l);
	return l;

no_workers:
	workers_stop(l);
	close_handles(l);
	free_memory(l);
	return NULL;
no_wake:
	uv_loop_close(&l->uv);
no_loop:
	free_memory(l);
	return NULL;
}

static bool something_handed_over(struct loop *l)
{
	bool some;

	pthread_mutex_lock(&l->lock);
	some = l->posts || l->ended.first;
	pthread_mutex_unlock(&l->lock);
	return some;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	workers_stop(l);
	while (something_handed_over(l)) {
		run_posts(l);
		jobs_run_done(l);
	}
	close_handles(l);
	free_memory(l);
}

void loop_run(struct loop *l)
{
	while (!atomic_load(&l->stop))
		turn(l, UV_RUN_DEFAULT);
	atomic_store(&l->stop, false);
}

const struct clock *loop_clock(const struct loop *l)
{
	return l->clock;
}

int64_t loop_now(const struct loop *l)
{
	return clock_wall(l->clock);
}

/* --- signals --------------------------------------------------------------- */

static void on_signal(uv_signal_t *h, int signum)
{
	struct loop_signal *s = h->data;

	s->call(s->ctx, signum);
	loop_called(s->l, CALL_SIGNAL);
}

int loop_on_signal(struct loop *l, int signum, void (*call)(void *ctx, int signum), void *ctx,
		   struct err *e)
{
	struct loop_signal *s = &l->signals[l->nsignals];
	int r;

	if (l->nsignals == SIGNALS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d signals", SIGNALS_MAX);
	s->l = l;
	s->call = call;
	s->ctx = ctx;
	s->uv.data = s;
	uv_signal_init(&l->uv, &s->uv);
	l->nsignals++;
	r = uv_signal_start(&s->uv, on_signal, signum);
	if (r < 0)
		return err_sys(e, -r, "cannot listen for signal %d", signum);
	return 0;
}

/* --- for tests ------------------------------------------------------------- */

static void on_patience_over(uv_timer_t *h)
{
	(void)h; /* only ends the wait */
}

static bool idle(struct loop *l)
{
	if (l->jobs_under_way || something_handed_over(l))
		return false;
	return !l->timers || l->timers->due_mono_ms > clock_mono(l->clock);
}

bool loop_settle(struct loop *l, bool (*until)(void *ctx), void *ctx, int real_ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)(real_ms > 0 ? real_ms : 0) * 1000000;

	for (;;) {
		uint64_t now, left_ms;

		/* Twice: what the first turn started may be ready at once. */
		turn(l, UV_RUN_NOWAIT);
		turn(l, UV_RUN_NOWAIT);
		if (until ? until(ctx) : idle(l))
			return true;
		now = uv_hrtime();
		if (now >= end)
			return false;
		uv_update_time(&l->uv);
		left_ms = (end - now) / 1000000 + 1;
		/* Again and again: should it be over before libuv waits, nothing else would end the
		 * wait. */
		uv_timer_start(&l->patience, on_patience_over,
			       left_ms < LOOK_AGAIN_MS ? left_ms : LOOK_AGAIN_MS, LOOK_AGAIN_MS);
		turn(l, UV_RUN_ONCE);
		uv_timer_stop(&l->patience);
	}
}

void loop_advance(struct loop *l, int64_t ms)
{
	int64_t end = clock_mono(l->clock) + ms;

	assert(l->clock->manual);
	while (l->timers && l->timers->due_mono_ms <= end) {
		clock_advance(l->clock, l->timers->due_mono_ms - clock_mono(l->clock));
		if (!loop_settle(l, NULL, NULL, ADVANCE_PATIENCE_MS))
			break;
	}
	clock_advance(l->clock, end - clock_mono(l->clock));
	loop_settle(l, NULL, NULL, ADVANCE_PATIENCE_MS);
}
