/*
 * loop.h - the event loop, its workers and its end.
 *
 * One loop, one thread: whoever calls loop_run(). Callbacks run on it and hand
 * anything slow to a job. Everything here is called on the loop's thread except
 * loop_post(), loop_stop() and what job.h says.
 *
 * Order of shutdown: loop_stop() makes loop_run() return; the owner then closes
 * servers, clients and timers; loop_free() waits for running jobs, runs every
 * outstanding `done`, and closes the rest.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/err.h"
#include "loop/clock.h"

struct loop;

/* A class has its own queue and threads, so that queries, decoding, commits, files, folders on a
 * share that hangs, samples pushed to us, passwords and TLS handshakes never wait for each other.
 */
enum job_class {
	JOB_DECODE,
	JOB_QUERY,
	JOB_STORE,
	JOB_FILE,
	JOB_FOLDER, /* drop folders, which may be on a server that does not answer */
	JOB_INGEST,
	JOB_PASSWORD,
	JOB_HANDSHAKE,
	JOB_LARGE, /* documents that take long: one at a time, beside the others */
	JOB_CLASSES
};

struct loop_options {
	struct clock *clock;             /* borrowed; NULL: the real clock */
	unsigned workers[JOB_CLASSES];   /* 0: a default of 1 or 2 */
	unsigned queue_max[JOB_CLASSES]; /* waiting jobs; 0: 256, of handshakes 1,024 */
};

struct loop *loop_new(const struct loop_options *o, struct err *e);
void loop_free(struct loop *l); /* NULL is nothing */

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
/* Any thread, and signal callbacks. Safe before loop_run(). */
void loop_stop(struct loop *l);

const struct clock *loop_clock(const struct loop *l);
int64_t loop_now(const struct loop *l); /* wall clock, ms */

/* A call on the loop from another thread. The struct is the caller's and must live until
 * `call` begins; posts are called in order. */
struct post {
	void (*call)(struct post *p);
	struct post *next;
};
void loop_post(struct loop *l, struct post *p);

/* At most 8 signals; `call` runs on the loop. */
int loop_on_signal(struct loop *l, int signum, void (*call)(void *ctx, int signum), void *ctx,
		   struct err *e);

/* --- for tests with a manual clock ---------------------------------------- */

/* Runs what is ready (I/O, finished jobs, posts) until `until` says true (NULL: until no job
 * is under way) or `real_ms` of real time have passed; returns whether it came true. Timers fire
 * only for time that has been reached. */
bool loop_settle(struct loop *l, bool (*until)(void *ctx), void *ctx, int real_ms);
/* Moves the manual clock by `ms`, stopping at each timer on the way to run it and settle. */
void loop_advance(struct loop *l, int64_t ms);

/* Longest time a callback kept the loop waiting since start, in ms of wall time. */
double loop_lag_max_ms(const struct loop *l);

#endif
