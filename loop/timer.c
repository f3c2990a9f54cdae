/*
 * timer.c - a pairing heap of all timers, and one alarm of libuv for its top.
 *
 * libuv's own timers follow the real clock; ours must follow a clock that a test
 * moves. So the heap is ours and libuv is only told when to wake up. A pairing
 * heap keeps its links in the timers: nothing to allocate, nothing to fail.
 *
 *     top ── child ⇄ next ⇄ next      a child's `prev` is its elder sibling,
 *              └─ child ⇄ next        the first one's is the parent
 */
#include "loop/timer.h"

#include "base/counter.h"
#include "loop/loop_private.h"

static bool before(const struct timer *a, const struct timer *b)
{
	if (a->due_mono_ms != b->due_mono_ms)
		return a->due_mono_ms < b->due_mono_ms;
	return a->order < b->order;
}

/* Two heaps into one: the later top becomes the first child of the other. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (before(b, a)) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* A list of siblings into one heap: neighbours first, then all pairs from the back. */
static struct timer *meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *top = NULL;

	while (first) {
		struct timer *a = first, *b = a->next, *pair;

		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct timer *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		top = meld(top, pair);
	}
	return top;
}

static void heap_remove(struct loop *l, struct timer *t)
{
	struct timer *below = meld_siblings(t->child);

	if (t == l->timers) {
		l->timers = below;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next)
			t->next->prev = t->prev;
		l->timers = meld(l->timers, below);
	}
	t->child = t->next = t->prev = NULL;
	t->order = 0;
}

void timer_init(struct timer *t, struct loop *l, void (*fire)(struct timer *t))
{
	*t = (struct timer){ .loop = l, .fire = fire };
}

void timer_start(struct timer *t, int64_t delay_ms)
{
	struct loop *l = t->loop;
	int64_t now = clock_mono(l->clock);

	if (t->order)
		heap_remove(l, t);
	if (delay_ms < 0)
		delay_ms = 0;
	t->due_mono_ms = delay_ms > INT64_MAX - now ? INT64_MAX : now + delay_ms;
	t->order = ++l->timer_order;
	l->timers = meld(l->timers, t);
}

void timer_stop(struct timer *t)
{
	if (t->order)
		heap_remove(t->loop, t);
}

bool timer_started(const struct timer *t)
{
	return t->order != 0;
}

void timer_release(struct timer *t)
{
	timer_stop(t);
}

static void note_lateness(struct loop *l, const struct timer *t)
{
	double late_ms;

	if (l->clock->manual)
		return;
	/* uv_hrtime() and our real clock are both CLOCK_MONOTONIC. */
	late_ms = (double)uv_hrtime() / 1e6 - (double)t->due_mono_ms;
	if (late_ms < 0)
		late_ms = 0;
	counter_observe(C_LOOP_LAG, late_ms / 1e3);
	loop_note_lag(l, late_ms);
}

void timers_run(struct loop *l)
{
	int64_t now = clock_mono(l->clock);
	/* What a callback starts anew waits for the next round, or a timer that
	 * restarts itself with no delay would never let go of the loop. */
	uint64_t last = l->timer_order, end = uv_hrtime() + SLICE_NS;

	while (l->timers && l->timers->due_mono_ms <= now && l->timers->order <= last) {
		struct timer *t = l->timers;

		heap_remove(l, t);
		note_lateness(l, t);
		t->fire(t);
		loop_called(l, CALL_TIMER);
		if (uv_hrtime() >= end)
			return; /* timers_arm() sees to the rest */
	}
}

static void on_alarm(uv_timer_t *h)
{
	timers_run(h->data);
}

void timers_arm(struct loop *l)
{
	const struct timer *t = l->timers;
	int64_t delay;

	if (t && uv_is_active((uv_handle_t *)&l->alarm) && t->due_mono_ms == l->alarm_due)
		return;
	delay = t ? t->due_mono_ms - clock_mono(l->clock) : 0;
	if (!t || (l->clock->manual && delay > 0)) {
		uv_timer_stop(&l->alarm);
		return;
	}
	l->alarm_due = t->due_mono_ms;
	uv_update_time(&l->uv);
	uv_timer_start(&l->alarm, on_alarm, delay > 0 ? (uint64_t)delay : 0, 0);
}
