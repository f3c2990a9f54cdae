/*
 * clock.h - what time it is, real or moved by a test.
 *
 * Timers run on the monotonic clock, stamps come from the wall clock. A manual
 * clock stands still until clock_advance(); moving it never sleeps.
 * Reading is safe from any thread.
 */
#ifndef LOOP_CLOCK_H
#define LOOP_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
	bool manual;
	_Atomic int64_t wall_ms; /* of a manual clock */
	_Atomic int64_t mono_ms;
};

/* The system's clocks. */
void clock_init_real(struct clock *c);
/* Stands at `wall_ms`, monotonic time 0. */
void clock_init_manual(struct clock *c, int64_t wall_ms);
/* Moves both clocks of a manual clock; use loop_advance() to also fire timers. */
void clock_advance(struct clock *c, int64_t ms);
/* Sets the wall clock alone, as an administrator or NTP would. */
void clock_set_wall(struct clock *c, int64_t wall_ms);

int64_t clock_wall(const struct clock *c); /* ms since 1970 UTC */
int64_t clock_mono(const struct clock *c); /* ms, never goes back */

#endif
