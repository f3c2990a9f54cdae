/* Numbers and times of results, as Prometheus' JSON has them. */
#include "exporters/json_result.h"
#include "tests/lib/assert.h"

static void values_are_short_with_exponents_only_at_the_ends(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -17, "-17" },
		{ 0.1, "0.1" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1e-6, "0.000001" },
		{ 9.99e-7, "9.99e-07" },
		{ 1e-7, "1e-07" },
		{ -1e-300, "-1e-300" },
		{ 1e20, "100000000000000000000" },
		{ 999999999999999868928.0, "999999999999999900000" },
		{ 1e21, "1e+21" },
		{ -1.5e21, "-1.5e+21" },
		{ 1e100, "1e+100" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 9007199254740992.0, "9007199254740992" },
		{ -9007199254740994.0, "-9007199254740994" },
		{ 5e-324, "5e-324" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 123456.789, "123456.789" },
		{ NAN, "NaN" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
	};
	char text[JSON_VALUE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = json_value(cases[i].v, text);

		assert_slice(slice_of(text, n), cases[i].text);
	}
}

static void times_have_three_decimals_or_none(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1000, "1" },
		{ 1050, "1.050" },
		{ 1001, "1.001" },
		{ 999, "0.999" },
		{ -1, "-0.001" },
		{ -1500, "-1.500" },
		{ -2000, "-2" },
		{ 1795424700123, "1795424700.123" },
		{ INT64_MAX, "9223372036854775.807" },
		{ INT64_MIN, "-9223372036854775.808" },
	};
	char text[JSON_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = json_time(cases[i].ms, text);

		assert_slice(slice_of(text, n), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_short_with_exponents_only_at_the_ends),
		cmocka_unit_test(times_have_three_decimals_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
