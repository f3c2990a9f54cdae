/*
 * job.h - work off the loop.
 *
 * A job is embedded in the request that needs it. `work` runs on a worker of its
 * class and touches only its own job; `done` runs on the loop, always, exactly
 * once. Memory goes in `done`, never earlier.
 *
 *     idle ──job_start──▶ waiting ──▶ working ──▶ done(JOB_RAN)
 *                            └──job_cancel──────▶ done(JOB_CANCELLED): work never ran
 *
 * Cancelling asks: a waiting job is taken off the queue, a working one sees
 * `cancelled` and may stop early (its done still says JOB_RAN).
 */
#ifndef LOOP_JOB_H
#define LOOP_JOB_H

#include "loop/loop.h"

#include <stdatomic.h>

enum job_end { JOB_RAN, JOB_CANCELLED };

struct job {
	void (*work)(struct job *j);
	void (*done)(struct job *j, enum job_end how);
	atomic_bool cancelled;
	/* private */
	struct job *next, **prev;
	enum job_class class;
	int state;
	int64_t queued_ns;
};

/* ERR_BUSY when the class' queue is full: `done` is then not called. Loop thread only. */
int job_start(struct loop *l, struct job *j, enum job_class class, struct err *e);
/* The same however many are waiting: the caller bounds what that may take. */
int job_wait(struct loop *l, struct job *j, enum job_class class, struct err *e);
/* Goes on with what is under way: goes first and is not refused for a full queue; ERR_CANCELLED
 * when the loop is ending. */
int job_continue(struct loop *l, struct job *j, enum job_class class, struct err *e);
void job_cancel(struct loop *l, struct job *j);
const char *job_class_name(enum job_class class); /* "decode", … */

#endif
