/*
 * clock.c - see clock.h.
 *
 * A real clock asks the kernel each time; a manual one is two numbers that only
 * a test changes. They are atomic because workers read the time too.
 */
#include "loop/clock.h"

#include <time.h>

static int64_t system_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void init(struct clock *c, bool manual, int64_t wall_ms)
{
	c->manual = manual;
	atomic_init(&c->wall_ms, wall_ms);
	atomic_init(&c->mono_ms, 0);
}

void clock_init_real(struct clock *c)
{
	init(c, false, 0);
}

void clock_init_manual(struct clock *c, int64_t wall_ms)
{
	init(c, true, wall_ms);
}

void clock_advance(struct clock *c, int64_t ms)
{
	if (!c->manual || ms <= 0)
		return;
	atomic_fetch_add(&c->wall_ms, ms);
	atomic_fetch_add(&c->mono_ms, ms);
}

void clock_set_wall(struct clock *c, int64_t wall_ms)
{
	if (c->manual)
		atomic_store(&c->wall_ms, wall_ms);
}

int64_t clock_wall(const struct clock *c)
{
	return c->manual ? atomic_load(&c->wall_ms) : system_ms(CLOCK_REALTIME);
}

int64_t clock_mono(const struct clock *c)
{
	return c->manual ? atomic_load(&c->mono_ms) : system_ms(CLOCK_MONOTONIC);
}
