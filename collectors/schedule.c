/*
 * schedule.c - see schedule.h.
 *
 * Three things decide, in this order: a failure asks for a back-off, a release
 * calendar says from which instant on a new body is to be expected, and else the
 * interval counts from the last attempt. Jitter is a constant of the feed's name,
 * so a hundred feeds of one interval stay spread, and stay where they were when
 * the daemon is started again.
 *
 *     working_day: 3, freq: M          October ends   3rd working day of November
 *     ───────────────────────────────────────┼──────────────┼───▶
 *       changed in October's window: silence ─┘              └ every `every` until it changes
 */
#include "collectors/schedule.h"

/* First attempts are spread over so long, unless there are many. */
enum { START_SPREAD_MS = 5000 };

/* Keeps every × 2^n from overflowing; far above any back-off that is allowed. */
enum { DOUBLINGS_MAX = 20 };

/* A number in [0, 1) that depends on the seed alone (the end of splitmix64). */
static double fraction(uint64_t seed)
{
	seed += 0x9e3779b97f4a7c15u;
	seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
	seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
	seed ^= seed >> 31;
	return (double)(seed >> 11) / 9007199254740992.0;
}

/* Jitter only lengthens: who allows a poll every minute is never polled sooner. */
static int64_t jitter_ms(const struct schedule *s)
{
	return (int64_t)((double)s->every_ms * s->jitter * fraction(s->seed));
}

static int64_t first_attempt(const struct schedule *s, int64_t now_ms)
{
	int64_t spread = s->spread_ms ? s->spread_ms : START_SPREAD_MS;

	if (spread > s->every_ms)
		spread = s->every_ms;
	return now_ms + (int64_t)((double)spread * fraction(s->seed));
}

/* The first failure is tried again at the usual pace, each further one doubles it. */
static int64_t backoff_ms(const struct schedule *s, const struct schedule_state *st)
{
	unsigned doublings = st->failures - 1;
	int64_t ms = s->every_ms, asked = st->retry_after_ms;

	for (unsigned i = 0; i < doublings && i < DOUBLINGS_MAX && ms < s->backoff_max_ms; i++)
		ms *= 2;
	if (ms > s->backoff_max_ms)
		ms = s->backoff_max_ms;
	/* A source polled once a day with an hour of back-off keeps its day. */
	if (ms < s->every_ms)
		ms = s->every_ms;
	if (asked > s->backoff_max_ms)
		asked = s->backoff_max_ms;
	return ms > asked ? ms : asked;
}

/* 00:00 local time of the n-th working day after the period. */
static int64_t window_start(const struct schedule *s, struct period p, const struct workdays *w,
			    const struct zone *z)
{
	return zone_ms(z, workdays_after(w, period_last_day(p), s->working_day), 0);
}

/* The window now_ms lies in, and the one after it. */
static void window_find(const struct schedule *s, const struct workdays *w, const struct zone *z,
			int64_t now_ms, int64_t *start, int64_t *next)
{
	struct period p = period_of(s->freq, zone_civil(z, now_ms).date);

	/* Windows rise with their periods, so the first one that has begun is it. With
	 * many working days several periods may be waiting for theirs. */
	*start = window_start(s, p, w, z);
	do {
		*next = *start;
		p = period_add(p, -1);
		*start = window_start(s, p, w, z);
	} while (*start > now_ms);
}

int64_t schedule_next(const struct schedule *s, const struct schedule_state *st,
		      const struct workdays *w, const struct zone *z, int64_t now_ms)
{
	int64_t last = st->last_attempt_ms, start, next, at;

	if (!last)
		return first_attempt(s, now_ms);
	/* The clock was set back: what lies in the future did not happen. */
	if (last > now_ms)
		last = now_ms;

	if (st->failures) {
		at = last + backoff_ms(s, st) + jitter_ms(s);
	} else if (s->working_day > 0) {
		window_find(s, w, z, now_ms, &start, &next);
		if (st->last_change_ms >= start)
			at = next;
		else if (last < start)
			at = start;
		else
			at = last + s->every_ms < next ? last + s->every_ms : next;
		at += jitter_ms(s);
	} else {
		at = last + s->every_ms + jitter_ms(s);
	}
	return at > now_ms ? at : now_ms;
}
