/*
 * timer.h - call me later, on the loop.
 *
 * Embedded in what needs it. One heap of all timers over the loop's clock, so
 * that a test moves the clock and the timers follow. The heap's links are in the
 * timers themselves: starting one needs no memory and cannot fail. One shot;
 * start it again in the callback for a period. Timers due at the same time fire
 * in the order they were started. Loop thread only.
 */
#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

#include "loop/loop.h"

struct timer {
	struct loop *loop;
	void (*fire)(struct timer *t);
	int64_t due_mono_ms;
	/* private */
	uint64_t order; /* of starting; 0: not started */
	struct timer *child, *next, *prev;
};

void timer_init(struct timer *t, struct loop *l, void (*fire)(struct timer *t));
/* Starts, or moves when already started. delay_ms <= 0 fires in the next round, never from
 * within timer_start(). */
void timer_start(struct timer *t, int64_t delay_ms);
void timer_stop(struct timer *t); /* a stopped one is left alone */
bool timer_started(const struct timer *t);
/* Stops it; after this it may be freed. A timer that was only zeroed is left alone. */
void timer_release(struct timer *t);

#endif
