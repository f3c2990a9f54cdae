/* test_report.c - which periods are expected of a unit, and the state of its reports. */
#include "tests/lib/assert.h"

#include "assess/report.h"

enum { PLACES = 20 };

struct fixture {
	struct period at[PLACES];
	struct axis axis;
	uint8_t in[PLACES];
	bool valid[PLACES];
	struct reports r;
};

/* Twenty months, all of them valid and released; the last ended is 19, the last due 18. */
static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	for (int i = 0; i < PLACES; i++) {
		f.at[i] = period_add(period_month(2025, 1), i);
		f.in[i] = IN_RELEASED;
		f.valid[i] = true;
	}
	f.axis = (struct axis){ f.at, PLACES };
	f.r = (struct reports){
		.axis = &f.axis, .in = f.in, .valid = f.valid, .ended = 19, .due = 18, .window = 12
	};
	*state = &f;
	return 0;
}

static void expect(struct fixture *f, enum report_state state, ssize_t missing)
{
	struct report_result got = report_judge(&f->r);

	assert_string_equal(report_state_name(got.state), report_state_name(state));
	assert_int_equal(got.missing, missing);
}

static void all_in_is_not_due(void **state)
{
	expect(*state, REPORT_NOT_DUE, -1);
}

static void ended_and_awaited_is_due_while_its_time_has_not_come(void **state)
{
	struct fixture *f = *state;

	f->in[19] = IN_MISSING;
	expect(f, REPORT_DUE, -1);
	f->r.due = 19;
	expect(f, REPORT_LATE, 19);
}

static void the_oldest_missing_period_decides(void **state)
{
	struct fixture *f = *state;

	f->in[18] = f->in[15] = IN_MISSING;
	expect(f, REPORT_LATE, 15);
	/* The newest one being in does not make up for it. */
	f->in[18] = IN_RELEASED;
	expect(f, REPORT_LATE, 15);
}

static void received_but_unreleased_is_not_late(void **state)
{
	struct fixture *f = *state;

	f->in[19] = IN_UNRELEASED;
	expect(f, REPORT_RECEIVED, -1);
	f->in[18] = IN_UNRELEASED;
	f->in[19] = IN_MISSING;
	expect(f, REPORT_DUE, -1);
}

static void what_is_missing_for_more_than_twelve_periods_is_forgotten(void **state)
{
	struct fixture *f = *state;

	f->in[6] = IN_MISSING; /* 7..18 are the last twelve due */
	expect(f, REPORT_NOT_DUE, -1);
	f->in[7] = IN_MISSING;
	expect(f, REPORT_LATE, 7);
}

static void a_silent_unit_is_late_and_not_gone(void **state)
{
	struct fixture *f = *state;

	memset(&f->in[2], IN_MISSING, PLACES - 2);
	expect(f, REPORT_LATE, 7);
	/* Also when it spoke only before the axis begins. */
	memset(f->in, IN_MISSING, sizeof(f->in));
	f->r.earlier = true;
	expect(f, REPORT_LATE, 7);
}

static void a_new_indicator_asks_only_for_its_newest_period(void **state)
{
	struct fixture *f = *state;

	memset(f->in, IN_MISSING, sizeof(f->in));
	expect(f, REPORT_LATE, 18);
	/* It begins with that one: what came before was never promised. */
	f->in[18] = IN_RELEASED;
	expect(f, REPORT_DUE, -1);
	assert_false(report_expected(&f->r, 17));
	assert_true(report_expected(&f->r, 18));
}

static void a_declared_beginning_makes_every_period_from_then_on_expected(void **state)
{
	struct fixture *f = *state;

	memset(f->in, IN_MISSING, sizeof(f->in));
	memset(f->valid, false, 12 * sizeof(f->valid[0]));
	f->r.declared = true;
	expect(f, REPORT_LATE, 12);
}

static void a_unit_owes_nothing_for_times_in_which_it_did_not_exist(void **state)
{
	struct fixture *f = *state;

	memset(&f->in[10], IN_MISSING, PLACES - 10);
	memset(&f->valid[10], false, (PLACES - 10) * sizeof(f->valid[0]));
	expect(f, REPORT_NOT_DUE, -1);
	memset(f->in, IN_MISSING, sizeof(f->in));
	memset(f->valid, false, sizeof(f->valid));
	expect(f, REPORT_NOT_COLLECTED, -1);
	/* It exists since the period that has just ended. */
	f->valid[19] = true;
	expect(f, REPORT_DUE, -1);
}

static void before_the_first_period_nothing_is_collected(void **state)
{
	struct fixture *f = *state;

	f->r.ended = f->r.due = -1;
	expect(f, REPORT_NOT_COLLECTED, -1);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_in_is_not_due),
		TEST(ended_and_awaited_is_due_while_its_time_has_not_come),
		TEST(the_oldest_missing_period_decides),
		TEST(received_but_unreleased_is_not_late),
		TEST(what_is_missing_for_more_than_twelve_periods_is_forgotten),
		TEST(a_silent_unit_is_late_and_not_gone),
		TEST(a_new_indicator_asks_only_for_its_newest_period),
		TEST(a_declared_beginning_makes_every_period_from_then_on_expected),
		TEST(a_unit_owes_nothing_for_times_in_which_it_did_not_exist),
		TEST(before_the_first_period_nothing_is_collected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
