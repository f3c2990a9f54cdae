/* Arguments of the API as Prometheus reads them, and what it says when it cannot. */
#include "exporters/params.h"
#include "tests/lib/assert.h"

struct asked {
	struct exchange x;
	struct http_param p[4];
	struct err e;
};

static struct exchange *with(struct asked *a, const char *name, const char *value)
{
	*a = (struct asked){ .p = { { slice_str(name), slice_str(value) } } };
	a->x.params = a->p;
	a->x.nparams = 1;
	return &a->x;
}

static void times_are_seconds_or_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "0", 0 },
		{ "1", 1000 },
		{ "-1.5", -1500 },
		{ "1795424700.123", 1795424700123 },
		{ "1.0004", 1000 },
		{ "1.0006", 1001 },
		{ "1e3", 1000000 },
		{ "2026-11-23T09:05:00Z", 1795424700000 },
		{ "2026-11-23T17:05:00.25+08:00", 1795424700250 },
		{ "-292273086-05-16T16:47:06Z", INT64_MIN },
		{ "292277025-08-18T07:12:54.999999999Z", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked a;
		int64_t ms = 0;
		bool there;

		with(&a, "time", cases[i].text);
		assert_ok(param_time(&a.x, "time", &ms, &there, &a.e), &a.e);
		assert_true(there);
		if (ms != cases[i].ms)
			fail_msg("%s is %lld", cases[i].text, (long long)ms);
	}
}

static void what_is_missing_or_empty_is_not_there(void **state)
{
	struct asked a;
	int64_t ms = 7;
	uint64_t limit = 7;
	bool there = true;

	(void)state;
	with(&a, "time", "");
	assert_ok(param_time(&a.x, "time", &ms, &there, &a.e), &a.e);
	assert_false(there);
	there = true;
	assert_ok(param_duration(&a.x, "timeout", &ms, &there, &a.e), &a.e);
	assert_false(there);
	assert_int_equal(ms, 7);
	assert_ok(param_limit(&a.x, "limit", &limit, &a.e), &a.e);
	assert_int_equal(limit, 0);
}

static void times_that_are_none_are_quoted(void **state)
{
	static const char *const cases[][2] = {
		{ "abc", "\"abc\"" },
		{ "NaN", "\"NaN\"" },
		{ "+Inf", "\"+Inf\"" },
		{ "1e30", "\"1e30\"" },
		{ "2026-11-23", "\"2026-11-23\"" },
		{ "5m", "\"5m\"" },
		{ "a\"b\\\n\1", "\"a\\\"b\\\\\\n\\x01\"" },
	};
	char want[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked a;
		int64_t ms;
		bool there;

		with(&a, "time", cases[i][0]);
		snprintf(want, sizeof(want),
			 "invalid parameter \"time\": Invalid time value for 'time': cannot parse "
			 "%s to a valid timestamp",
			 cases[i][1]);
		assert_int_equal(param_time(&a.x, "time", &ms, &there, &a.e), -1);
		assert_int_equal(a.e.code, ERR_INVALID);
		assert_string_equal(a.e.text, want);
	}
}

static void durations_are_seconds_or_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "15", 15000 },  { "0.5", 500 },     { "1m30s", 90000 }, { "2h", 7200000 },
		{ "250ms", 250 }, { "1d", 86400000 }, { "-5", -5000 },    { "1e3", 1000000 }
	};
	struct asked a;
	int64_t ms;
	bool there;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		with(&a, "step", cases[i].text);
		assert_ok(param_duration(&a.x, "step", &ms, &there, &a.e), &a.e);
		assert_int_equal(ms, cases[i].ms);
	}
	with(&a, "timeout", "soon");
	assert_int_equal(param_duration(&a.x, "timeout", &ms, &there, &a.e), -1);
	assert_string_equal(a.e.text, "invalid parameter \"timeout\": cannot parse \"soon\" to a "
				      "valid duration");
	with(&a, "step", "1e10");
	assert_int_equal(param_duration(&a.x, "step", &ms, &there, &a.e), -1);
	assert_string_equal(a.e.text, "invalid parameter \"step\": cannot parse \"1e10\" to a "
				      "valid duration. It overflows int64");
}

static void limits_are_whole_and_not_negative(void **state)
{
	static const char *const bad[][2] = {
		{ "-1", "limit must be non-negative" },
		{ "1.5", "strconv.Atoi: parsing \"1.5\": invalid syntax" },
		{ "x", "strconv.Atoi: parsing \"x\": invalid syntax" },
		{ "9223372036854775808",
		  "strconv.Atoi: parsing \"9223372036854775808\": value out of range" },
	};
	struct asked a;
	uint64_t limit;
	char want[200];

	(void)state;
	with(&a, "limit", "12");
	assert_ok(param_limit(&a.x, "limit", &limit, &a.e), &a.e);
	assert_int_equal(limit, 12);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		with(&a, "limit", bad[i][0]);
		snprintf(want, sizeof(want), "invalid parameter \"limit\": %s", bad[i][1]);
		assert_int_equal(param_limit(&a.x, "limit", &limit, &a.e), -1);
		assert_string_equal(a.e.text, want);
	}
}

/* NULL: not given. */
static int range(struct asked *a, const char *start, const char *end, const char *step,
		 struct param_range *out)
{
	static const char *const names[] = { "start", "end", "step" };
	const char *values[] = { start, end, step };

	*a = (struct asked){ 0 };
	a->x.params = a->p;
	for (int i = 0; i < 3; i++)
		if (values[i])
			a->p[a->x.nparams++] =
				(struct http_param){ slice_str(names[i]), slice_str(values[i]) };
	return param_range(&a->x, out, &a->e);
}

static void a_range_has_start_end_and_step(void **state)
{
	struct param_range r;
	struct asked a;

	(void)state;
	assert_ok(range(&a, "1", "2.5", "500ms", &r), &a.e);
	assert_int_equal(r.start_ms, 1000);
	assert_int_equal(r.end_ms, 2500);
	assert_int_equal(r.step_ms, 500);
	assert_ok(range(&a, "1", "1", "1", &r), &a.e);
	assert_ok(range(&a, "0", "11000", "1", &r), &a.e);
	assert_ok(range(&a, "0", "11000.999", "1", &r), &a.e);
}

static void a_bad_range_says_what_is_wrong(void **state)
{
	static const char *const cases[][4] = {
		{ NULL, "1", "1",
		  "invalid parameter \"start\": cannot parse \"\" to a valid timestamp" },
		{ "x", "1", "1",
		  "invalid parameter \"start\": cannot parse \"x\" to a valid timestamp" },
		{ "1", NULL, "1",
		  "invalid parameter \"end\": cannot parse \"\" to a valid timestamp" },
		{ "2", "1", "1",
		  "invalid parameter \"end\": end timestamp must not be before start time" },
		{ "1", "2", NULL,
		  "invalid parameter \"step\": cannot parse \"\" to a valid duration" },
		{ "1", "2", "0",
		  "invalid parameter \"step\": zero or negative query resolution step widths are "
		  "not accepted. Try a positive integer" },
		{ "1", "2", "-1",
		  "invalid parameter \"step\": zero or negative query resolution step widths are "
		  "not accepted. Try a positive integer" },
		{ "0", "11001", "1",
		  "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
		  "query resolution (?step=XX)" },
		{ "-9e15", "9e15", "1",
		  "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
		  "query resolution (?step=XX)" },
	};
	struct param_range r;
	struct asked a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(range(&a, cases[i][0], cases[i][1], cases[i][2], &r), -1);
		assert_string_equal(a.e.text, cases[i][3]);
		assert_int_equal(a.e.code, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_seconds_or_dates),
		cmocka_unit_test(what_is_missing_or_empty_is_not_there),
		cmocka_unit_test(times_that_are_none_are_quoted),
		cmocka_unit_test(durations_are_seconds_or_have_units),
		cmocka_unit_test(limits_are_whole_and_not_negative),
		cmocka_unit_test(a_range_has_start_end_and_step),
		cmocka_unit_test(a_bad_range_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
