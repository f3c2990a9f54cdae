/*
 * loop_private.h - what the files of this room share; nobody else includes it.
 *
 * One mutex guards everything that workers and the loop both touch: the queues
 * of jobs, the finished jobs and the posts. It is held for a few pointer moves
 * only. Everything else belongs to the loop's thread.
 */
#ifndef LOOP_LOOP_PRIVATE_H
#define LOOP_LOOP_PRIVATE_H

#include "loop/job.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <pthread.h>
#include <uv.h>

enum {
	WORKERS_MAX = 64,
	SIGNALS_MAX = 8,
	/* Callbacks of one kind in a row, before I/O has its turn again. */
	SLICE_NS = 5 * 1000 * 1000,
};

/* Kinds of callbacks. */
enum loop_call {
	CALL_TIMER,
	CALL_POST,
	CALL_JOB,
	CALL_FETCH,
	CALL_SERVER,
	CALL_SIGNAL,
	LOOP_CALLS
};

struct job_list {
	struct job *first, **last;
};

struct worker_class {
	struct loop *loop;
	enum job_class class;
	pthread_cond_t more; /* there are jobs, or the end is near */
	struct job_list queue, working;
	unsigned waiting, queue_max;
	unsigned asleep;  /* threads */
	unsigned threads; /* started so far */
	pthread_t thread[WORKERS_MAX];
};

struct loop_signal {
	uv_signal_t uv;
	struct loop *l;
	void (*call)(void *ctx, int signum);
	void *ctx;
};

struct loop {
	uv_loop_t uv;
	struct clock own_clock, *clock;

	uv_async_t wake;     /* something was posted, a job has ended, or loop_stop() */
	uv_timer_t alarm;    /* when the first of our timers is due */
	uv_timer_t patience; /* ends a turn of loop_settle() */
	uv_timer_t hurry;    /* until more workers are woken than there are processors */
	uv_prepare_t prepare;
	struct loop_signal signals[SIGNALS_MAX];
	unsigned nsignals;
	atomic_bool stop;

	struct timer *timers; /* top of the heap */
	uint64_t timer_order;
	int64_t alarm_due;

	/* lag */
	uint64_t turn_ns, idle_ns;
	double lag_max_ms;

	/* what callbacks take */
	uint64_t called_ns; /* when the last one ended */
	uint64_t cpu_ns; /* what the thread had used then, or at a wait or long callback before */
	double cpu_max[LOOP_CALLS];

	/* under `lock` */
	pthread_mutex_t lock;
	pthread_cond_t job_ended; /* for job_finish_now() */
	struct worker_class classes[JOB_CLASSES];
	struct job_list ended;
	struct post *posts, **posts_last;
	bool ending; /* workers go home, no new jobs */

	/* loop thread */
	unsigned jobs_under_way; /* started and `done` not yet called */
	bool jobs_started;       /* since workers were woken last */
	bool turning;            /* inside uv_run() */
	unsigned processors;
};

/* --- timer.c --- */
void timers_run(struct loop *l); /* fires what is due now */
void timers_arm(struct loop *l); /* sets `alarm` for the first timer */

/* --- job.c --- */
int workers_start(struct loop *l, const struct loop_options *o, struct err *e);
/* Cancels what waits, asks what works to stop, joins the threads; every job is then ended. */
void workers_stop(struct loop *l);
/* Wakes workers for the jobs started in this turn of the loop, before it waits: woken for each of
 * them, a worker would be asleep again by the next. */
void jobs_wake(struct loop *l);
/* Of `hurry`: jobs wait although workers sleep, since those awake are at long ones. */
void jobs_hurry(uv_timer_t *h);
/* Calls `done` of at most as many jobs as have ended by now. */
void jobs_run_done(struct loop *l);
/* Cancels `j`, waits until it has ended and calls its `done` before returning. For closing
 * something from the loop's thread; nothing happens when it is not under way. */
void job_finish_now(struct loop *l, struct job *j);

/* --- loop.c --- */
void loop_note_lag(struct loop *l, double late_ms);
/* After each callback: what it took of the processor goes into the metrics when it was long. */
void loop_called(struct loop *l, enum loop_call kind);

#endif
