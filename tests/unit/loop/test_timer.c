/* test_timer.c - timers over a clock moved by hand, and over the real one. */
#include "tests/lib/assert.h"

#include "loop/timer.h"

#include <stdlib.h>

enum { MANY = 500 };

struct fixture {
	struct clock clock;
	struct loop *l;
	struct err e;
	char trace[256];
};

struct named {
	struct timer t;
	struct fixture *f;
	char name;
	int64_t again_ms; /* >= 0: starts itself again */
	int fired;
	int64_t fired_at;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	clock_init_manual(&f->clock, 1700000000000);
	f->l = loop_new(&(struct loop_options){ .clock = &f->clock }, &f->e);
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

static void on_named(struct timer *t)
{
	struct named *n = (struct named *)t;
	size_t at = strlen(n->f->trace);

	n->fired++;
	n->fired_at = clock_mono(loop_clock(t->loop));
	if (at + 1 < sizeof(n->f->trace))
		n->f->trace[at] = n->name;
	if (n->again_ms >= 0)
		timer_start(t, n->again_ms);
}

static void named_init(struct named *n, struct fixture *f, char name)
{
	*n = (struct named){ .f = f, .name = name, .again_ms = -1 };
	timer_init(&n->t, f->l, on_named);
}

static void fires_at_its_time_and_once(void **state)
{
	struct fixture *f = *state;
	struct named a;

	named_init(&a, f, 'a');
	timer_start(&a.t, 100);
	assert_true(timer_started(&a.t));
	loop_advance(f->l, 99);
	assert_int_equal(a.fired, 0);
	loop_advance(f->l, 1);
	assert_int_equal(a.fired, 1);
	assert_false(timer_started(&a.t));
	loop_advance(f->l, 1000);
	assert_int_equal(a.fired, 1);
	assert_int_equal(loop_now(f->l), 1700000001100);
}

static void timers_fire_in_order_of_time_then_of_starting(void **state)
{
	struct fixture *f = *state;
	struct named n[5];

	for (int i = 0; i < 5; i++)
		named_init(&n[i], f, (char)('a' + i));
	timer_start(&n[3].t, 20);
	timer_start(&n[0].t, 30);
	timer_start(&n[2].t, 10);
	timer_start(&n[4].t, 20);
	timer_start(&n[1].t, 20);
	loop_advance(f->l, 50);
	assert_string_equal(f->trace, "cdeba");
	assert_int_equal(n[2].fired_at, 10);
	assert_int_equal(n[0].fired_at, 30);
}

static void a_stopped_timer_stays_silent(void **state)
{
	struct fixture *f = *state;
	struct named a, b;

	named_init(&a, f, 'a');
	named_init(&b, f, 'b');
	timer_stop(&a.t);
	timer_start(&a.t, 10);
	timer_start(&b.t, 10);
	timer_stop(&a.t);
	timer_stop(&a.t);
	loop_advance(f->l, 20);
	assert_string_equal(f->trace, "b");
}

static void starting_again_moves_it(void **state)
{
	struct fixture *f = *state;
	struct named a;

	named_init(&a, f, 'a');
	timer_start(&a.t, 10);
	timer_start(&a.t, 30);
	loop_advance(f->l, 29);
	assert_int_equal(a.fired, 0);
	loop_advance(f->l, 1);
	assert_int_equal(a.fired, 1);
}

static void a_period_is_a_timer_started_in_its_own_callback(void **state)
{
	struct fixture *f = *state;
	struct named a;

	named_init(&a, f, 'a');
	a.again_ms = 7;
	timer_start(&a.t, 7);
	loop_advance(f->l, 70);
	assert_int_equal(a.fired, 10);
	timer_release(&a.t);
	loop_advance(f->l, 70);
	assert_int_equal(a.fired, 10);
}

static void no_delay_fires_later_and_not_from_within_start(void **state)
{
	struct fixture *f = *state;
	struct named a;

	named_init(&a, f, 'a');
	timer_start(&a.t, 0);
	assert_int_equal(a.fired, 0);
	assert_true(loop_settle(f->l, NULL, NULL, 1000));
	assert_int_equal(a.fired, 1);
	timer_start(&a.t, -5);
	assert_true(loop_settle(f->l, NULL, NULL, 1000));
	assert_int_equal(a.fired, 2);
}

static bool has_spun(void *ctx)
{
	return ((struct named *)ctx)->fired >= 50;
}

static void a_timer_without_delay_leaves_room_for_others(void **state)
{
	struct fixture *f = *state;
	struct named spin, b;

	named_init(&spin, f, 's');
	named_init(&b, f, 'b');
	spin.again_ms = 0;
	timer_start(&spin.t, 0);
	timer_start(&b.t, 0);
	assert_true(loop_settle(f->l, has_spun, &spin, 5000));
	assert_int_equal(b.fired, 1);
	assert_int_equal(f->trace[1], 'b');
	timer_release(&spin.t);
}

static void a_delay_past_the_end_of_time_is_never(void **state)
{
	struct fixture *f = *state;
	struct named a;

	named_init(&a, f, 'a');
	loop_advance(f->l, 5);
	timer_start(&a.t, INT64_MAX);
	assert_true(a.t.due_mono_ms == INT64_MAX);
	loop_advance(f->l, 1000);
	assert_int_equal(a.fired, 0);
	timer_release(&a.t);
}

static int64_t last_fired;
static int out_of_order;

static void on_ordered(struct timer *t)
{
	if (t->due_mono_ms < last_fired)
		out_of_order++;
	last_fired = t->due_mono_ms;
}

/* Starts, moves and stops at random, and compares with what must have remained. */
static void the_heap_keeps_order_under_random_use(void **state)
{
	struct fixture *f = *state;
	struct timer *t = calloc(MANY, sizeof(*t));
	uint64_t x = 88172645463325252u;
	int left = 0;

	last_fired = 0;
	out_of_order = 0;
	for (int i = 0; i < MANY; i++)
		timer_init(&t[i], f->l, on_ordered);
	for (int i = 0; i < 20 * MANY; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (x % 3)
			timer_start(&t[x % MANY], (int64_t)(x >> 40) % 1000 + 1);
		else
			timer_stop(&t[x % MANY]);
	}
	loop_advance(f->l, 500);
	for (int i = 0; i < MANY; i++) {
		if (timer_started(&t[i])) {
			assert_true(t[i].due_mono_ms > 500);
			left++;
		}
	}
	assert_true(left > 50);
	loop_advance(f->l, 500);
	for (int i = 0; i < MANY; i++)
		assert_false(timer_started(&t[i]));
	assert_int_equal(out_of_order, 0);
	assert_true(last_fired > 900);
	free(t);
}

static void the_wall_clock_can_jump_without_moving_timers(void **state)
{
	struct fixture *f = *state;
	struct named a;

	named_init(&a, f, 'a');
	timer_start(&a.t, 100);
	clock_set_wall(&f->clock, 4102444800000);
	assert_true(loop_settle(f->l, NULL, NULL, 100));
	assert_int_equal(a.fired, 0);
	assert_int_equal(loop_now(f->l), 4102444800000);
	loop_advance(f->l, 100);
	assert_int_equal(a.fired, 1);
}

static bool fired(void *ctx)
{
	return ((struct named *)ctx)->fired > 0;
}

static void on_the_real_clock_it_fires_no_earlier_than_asked(void **state)
{
	struct fixture *f = *state;
	struct loop *real = loop_new(NULL, &f->e);
	struct named a;
	int64_t from;

	assert_non_null(real);
	named_init(&a, f, 'a');
	timer_init(&a.t, real, on_named);
	from = clock_mono(loop_clock(real));
	timer_start(&a.t, 30);
	assert_true(loop_settle(real, fired, &a, 10000));
	assert_true(a.fired_at - from >= 30);
	assert_true(loop_lag_max_ms(real) >= 0);
	loop_free(real);
}

struct slow {
	struct timer t;
	struct loop *l;
	struct post post;
	char *trace;
	char name;
};

static void on_slow_post(struct post *p)
{
	struct slow *s = (struct slow *)((char *)p - offsetof(struct slow, post));

	s->trace[strlen(s->trace)] = (char)(s->name + 'A' - 'a');
}

/* Posts its capital and keeps the loop busy for 6 ms. */
static void on_slow(struct timer *t)
{
	struct slow *s = (struct slow *)t;
	struct clock c;
	int64_t end;

	clock_init_real(&c);
	s->trace[strlen(s->trace)] = s->name;
	s->post.call = on_slow_post;
	loop_post(s->l, &s->post);
	for (end = clock_mono(&c) + 7; clock_mono(&c) < end;)
		;
}

static void many_slow_timers_leave_room_for_others(void **state)
{
	struct fixture *f = *state;
	struct slow s[3];

	for (int i = 0; i < 3; i++) {
		s[i] = (struct slow){ .l = f->l, .trace = f->trace, .name = (char)('a' + i) };
		timer_init(&s[i].t, f->l, on_slow);
		timer_start(&s[i].t, 1);
	}
	loop_advance(f->l, 1);
	assert_string_equal(f->trace, "aAbBcC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(fires_at_its_time_and_once),
		T(timers_fire_in_order_of_time_then_of_starting),
		T(a_stopped_timer_stays_silent),
		T(starting_again_moves_it),
		T(a_period_is_a_timer_started_in_its_own_callback),
		T(no_delay_fires_later_and_not_from_within_start),
		T(a_timer_without_delay_leaves_room_for_others),
		T(many_slow_timers_leave_room_for_others),
		T(a_delay_past_the_end_of_time_is_never),
		T(the_heap_keeps_order_under_random_use),
		T(the_wall_clock_can_jump_without_moving_timers),
		T(on_the_real_clock_it_fires_no_earlier_than_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
