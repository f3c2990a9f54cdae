/* test_plan.c - what of a query its times decide: durations that are worked out, start() and end(),
 * and what is the same at every step. */
#include "query/plan.h"
#include "tests/unit/query/tree.h"

/* An hour from second 1000 on, every minute. */
static const struct plan_times hour = { 1000000, 4600000, 60000 };
static const struct plan_times instant = { 1000000, 1000000, 0 };
static int planned(struct fixture *f, const char *text, const struct plan_times *t)
{
	if (read_query(f, slice_str(text)) < 0)
		fail_msg("%s: %s", text, f->e.text);
	return plan(&f->x, t, &f->e);
}

static void durations_are_worked_out_of_the_querys_times(void **state)
{
	static const struct {
		const char *text;
		int64_t hour_ms, instant_ms;
	} ranges[] = {
		{ "x[5m]", 300000, 300000 },
		{ "x[range() + 1]", 3601000, 1000 },
		{ "x[step() + 1m]", 120000, 60000 },
		{ "x[min_of(step() + 1, 1h)]", 61000, 1000 },
		{ "x[max_of(range(), 2m)]", 3600000, 120000 },
		{ "x[-(1m - 3 * 1m)]", 120000, 120000 },
		{ "x[2 ^ 3 ^ 2 % 500]", 12000, 12000 },
		{ "x[1m / 7]", 8571, 8571 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		assert_ok(planned(f, ranges[i].text, &hour), &f->e);
		assert_int_equal(f->x.root->matrix.range_ms, ranges[i].hour_ms);
		assert_ok(planned(f, ranges[i].text, &instant), &f->e);
		assert_int_equal(f->x.root->matrix.range_ms, ranges[i].instant_ms);
	}
}

static void offsets_and_steps_are_worked_out_too(void **state)
{
	struct fixture *f = *state;

	assert_ok(planned(f, "x offset -(step() * 2)", &hour), &f->e);
	assert_int_equal(f->x.root->selector.shift.offset_ms, -120000);
	assert_ok(planned(f, "x[range():step()] offset (range())", &hour), &f->e);
	assert_int_equal(f->x.root->subquery.range_ms, 3600000);
	assert_int_equal(f->x.root->subquery.step_ms, 60000);
	assert_int_equal(f->x.root->subquery.shift.offset_ms, 3600000);
	assert_ok(planned(f, "sum(rate(x[range()] @ end() offset (step())))", &hour), &f->e);
}

static void a_range_that_comes_out_as_none_has_its_place(void **state)
{
	static const struct {
		const char *text;
		const struct plan_times *t;
		const char *why;
	} wrong[] = {
		{ "x[step()]", &instant, "1:3: duration must be greater than 0" },
		{ "x[1m - range()]", &hour, "1:3: duration must be greater than 0" },
		{ "x[1 / 10000 / 10000]", &hour, "1:3: duration must be greater than 0" },
		{ "1 +\n sum_over_time(x[5m:range()])", &instant,
		  "2:21: duration must be greater than 0" },
		{ "x[1m / (range() - 1h)]", &hour, "1:3: division by zero" },
		{ "x offset (5m % step())", &instant, "1:11: modulo by zero" },
		{ "x[10 ^ 10]", &hour, "1:3: duration is out of range" },
		{ "x offset (0 ^ -1)", &hour, "1:10: duration is out of range" },
		{ "x offset ((0 - 1) ^ 0.5)", &hour, "1:10: duration is out of range" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(planned(f, wrong[i].text, wrong[i].t), &f->e, ERR_INVALID,
			     wrong[i].why);
}

static void start_and_end_are_times(void **state)
{
	struct fixture *f = *state;

	assert_ok(planned(f, "x @ start()", &hour), &f->e);
	assert_int_equal(f->x.root->selector.shift.at_ms, 1000000);
	assert_ok(planned(f, "x[5m] @ end()", &hour), &f->e);
	assert_int_equal(f->x.root->matrix.selector->selector.shift.at_ms, 4600000);
	assert_ok(planned(f, "x[5m:] @ end()", &hour), &f->e);
	assert_int_equal(f->x.root->subquery.shift.at_ms, 4600000);
}

static void what_is_the_same_at_every_step_is_constant(void **state)
{
	static const struct {
		const char *text;
		bool constant;
	} queries[] = {
		{ "1 + 2", true },
		{ "'a'", true },
		{ "time()", false },
		{ "x", false },
		{ "x @ 5", true },
		{ "x @ start() + x @ end()", true },
		{ "x @ 5 + x", false },
		{ "sum by (a) (rate(x[5m] @ 5))", true },
		{ "topk(scalar(x), x @ 5)", false },
		{ "quantile(0.5, x @ 5)", true },
		{ "hour()", false },
		{ "-(x @ 5)", true },
		{ "max_over_time(x[1h:1m] @ 5)", true },
		{ "max_over_time((x @ 5)[1h:1m])", false },
		{ "vector(1)", true },
		{ "pi()", true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		assert_ok(planned(f, queries[i].text, &hour), &f->e);
		if (f->x.root->constant != queries[i].constant)
			fail_msg("%s is %sconstant", queries[i].text,
				 queries[i].constant ? "not " : "");
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(durations_are_worked_out_of_the_querys_times),
		T(offsets_and_steps_are_worked_out_too),
		T(a_range_that_comes_out_as_none_has_its_place),
		T(start_and_end_are_times),
		T(what_is_the_same_at_every_step_is_constant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
