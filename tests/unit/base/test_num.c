/* test_num.c - numbers from and to text. */
#include "base/num.h"
#include "tests/lib/assert.h"

#include <float.h>
#include <stdlib.h>

static double parsed(const char *text)
{
	struct err e = { 0 };
	double v;

	if (num_parse(slice_str(text), &v, &e) < 0)
		fail_msg("%s", e.text);
	return v;
}

static double scaled(const char *text, int shift, uint32_t mul, uint32_t div)
{
	struct err e = { 0 };
	double v;

	if (num_parse_scaled(slice_str(text), (struct num_scale){ shift, mul, div }, &v, &e) < 0)
		fail_msg("%s", e.text);
	return v;
}

/* xorshift64*: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static double any_double(uint64_t *state)
{
	double v;

	do {
		uint64_t bits = next_random(state);

		memcpy(&v, &bits, sizeof(v));
	} while (!isfinite(v));
	return v;
}

static void plain_numbers_are_read(void **state)
{
	(void)state;
	assert_f64(parsed("0"), 0.0);
	assert_f64(parsed("-0"), -0.0);
	assert_f64(parsed("-0.00e5"), -0.0);
	assert_f64(parsed("+12.5"), 12.5);
	assert_f64(parsed("007"), 7.0);
	assert_f64(parsed("1e3"), 1000.0);
	assert_f64(parsed("1E-3"), 0.001);
	assert_f64(parsed("0.1"), 0.1);
	assert_f64(parsed("9007199254740993"), 9007199254740992.0);
	assert_f64(parsed("9007199254740993.0000000000000000000000000001"), 9007199254740994.0);
	assert_f64(parsed("1.7976931348623157e308"), DBL_MAX);
	assert_f64(parsed("4.9e-324"), 4.9406564584124654e-324);
	assert_f64(parsed("2.2250738585072011e-308"), 2.2250738585072011e-308);
	assert_f64(parsed("1e-999"), 0.0);
	assert_f64(parsed("0e999999999999999999999"), 0.0);
	assert_f64(parsed("0.000000000000000000000000000000000000001e39"), 1.0);
	assert_f64(parsed("100000000000000000000000000000000000000e-38"), 1.0);
}

static void what_is_not_a_number_is_refused(void **state)
{
	static const char *const bad[] = { "",         "+",     "-",    ".",    ".5",    "5.",
					   "1e",       "1e+",   "1.e5", "0x10", "inf",   "NaN",
					   "1,5",      " 1",    "1 ",   "1 2",  "1__2",  "--1",
					   "1e5.",     "1.2.3", "１２", "12亿", "1e1e1", "1\n",
					   "infinity", "1e- 5" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		double v = 42;

		assert_fails(num_parse(slice_str(bad[i]), &v, &e), &e, ERR_INVALID,
			     *bad[i] ? "is not a number" : "empty where a number was expected");
		assert_f64(v, 42.0);
	}
	assert_int_equal(num_parse(slice_of("1\0", 2), &(double){ 0 }, NULL), -1);
}

static void too_large_and_too_long_are_limits(void **state)
{
	struct err e = { 0 };
	char text[402];
	double v;

	(void)state;
	assert_fails(num_parse(slice_str("1e999"), &v, &e), &e, ERR_LIMIT,
		     "'1e999' is beyond the range of a number");
	assert_fails(num_parse(slice_str("-1e309"), &v, &e), &e, ERR_LIMIT, "beyond the range");
	assert_fails(num_parse(slice_str("1.7976931348623159e308"), &v, &e), &e, ERR_LIMIT,
		     "beyond");
	assert_fails(num_parse(slice_str("1e99999999999999999999"), &v, &e), &e, ERR_LIMIT,
		     "beyond");
	memset(text, '9', sizeof(text));
	assert_fails(num_parse(slice_of(text, 401), &v, &e), &e, ERR_LIMIT,
		     "a number of 401 characters is longer than 400");
	assert_fails(num_parse(slice_of(text, 400), &v, &e), &e, ERR_LIMIT, "beyond the range");
	text[1] = '.';
	assert_ok(num_parse(slice_of(text, 400), &v, &e), &e);
	assert_f64(v, 10.0);
}

/* Against strtod, whose text we have checked is the same. */
static void reading_is_correctly_rounded(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char text[64];
		uint64_t r = next_random(&seed);
		int digits = 1 + (int)(r % 19);
		unsigned long long m =
			(next_random(&seed) % 10000000000000000000u) >> (r >> 32) % 60;

		snprintf(text, sizeof(text), "%s%.*llue%d", r & 4096 ? "-" : "", digits, m,
			 (int)(r >> 16 & 63) - 32);
		assert_f64(parsed(text), strtod(text, NULL));
	}
}

static void scaling_is_exact_in_decimal(void **state)
{
	(void)state;
	/* 12.34 亿元; 12.34 * 1e8 as doubles happens to be right, these others are not. */
	assert_f64(scaled("12.34", 8, 1, 1), 1234000000.0);
	assert_f64(scaled("1.1", 8, 1, 1), 110000000.0);
	assert_f64(scaled("4.35", 2, 1, 1), 435.0);
	assert_true(4.35 * 100 != 435.0);
	assert_f64(scaled("8.41", 8, 1, 1), 841000000.0);
	assert_f64(scaled("56.7", -2, 1, 1), 0.567);
	assert_f64(scaled("-0.3", -2, 1, 1), -0.003);
	assert_f64(scaled("1e-8", 8, 1, 1), 1.0);
	assert_f64(scaled("1e400", -400, 1, 1), 1.0);
	/* 亩 to m²: 2000/3. */
	assert_f64(scaled("3", 0, 2000, 3), 2000.0);
	assert_f64(scaled("1", 0, 2000, 3), 2000.0 / 3);
	assert_f64(scaled("4.5", 0, 2000, 3), 3000.0);
	assert_f64(scaled("-1", 0, 1, 3), -1.0 / 3);
	assert_f64(scaled("0", 5, 2000, 3), 0.0);
	assert_f64(scaled("7", 0, 0, 3), 0.0);
	assert_f64(scaled("1", 0, 4294967295u, 4294967295u), 1.0);
	assert_f64(scaled("1", 0, 1, 4294967295u), 1.0 / 4294967295.0);
	assert_f64(scaled("1e308", 0, 3, 3), 1e308);
}

/* Against exact integer arithmetic: m × mul / div with everything below 2^53. */
static void scaled_quotients_are_correctly_rounded(void **state)
{
	uint64_t seed = 1234567;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint32_t m = (uint32_t)next_random(&seed), mul = (uint32_t)next_random(&seed) >> 11;
		uint32_t div = (uint32_t)(next_random(&seed) >> 40) + 1;
		char text[32];

		snprintf(text, sizeof(text), "%u", m);
		/* The product is exact, so the division rounds once. */
		assert_f64(scaled(text, 0, mul, div), (double)((uint64_t)m * mul) / div);
	}
}

static void a_quotient_just_above_the_middle_rounds_up(void **state)
{
	(void)state;
	/* 2^53 + 1 lies in the middle of two doubles and goes to the even one below; a third
	 * of 3·(2^53 + 1) + 1 lies 1/3 above it and must go up. */
	assert_f64(scaled("27021597764222979", 0, 1, 3), 9007199254740992.0);
	assert_f64(scaled("27021597764222980", 0, 1, 3), 9007199254740994.0);
	/* The difference only shows behind the 17th digit of a long text. */
	assert_f64(scaled("27021597764222979.00000000000000000001", 0, 1, 3), 9007199254740994.0);
}

static void impossible_scales_are_refused(void **state)
{
	struct err e = { 0 };
	double v;

	(void)state;
	assert_fails(num_parse_scaled(slice_str("1"), (struct num_scale){ 0, 1, 0 }, &v, &e), &e,
		     ERR_INVALID, "a scale divides by 0");
	assert_fails(num_parse_scaled(slice_str("1"), (struct num_scale){ INT32_MAX, 1, 1 }, &v,
				      &e),
		     &e, ERR_INVALID, "shifts by 2147483647 digits");
	assert_fails(num_parse_scaled(slice_str("1e308"), (struct num_scale){ 1, 1, 1 }, &v, &e),
		     &e, ERR_LIMIT, "'1e308' is beyond the range");
	assert_fails(num_parse_scaled(slice_str("一亿"), NUM_SCALE_ONE, &v, &e), &e, ERR_INVALID,
		     "'一亿' is not a number");
}

static void prometheus_words_are_read(void **state)
{
	static const struct {
		const char *text;
		double v;
	} words[] = { { "Inf", INFINITY }, { "+Inf", INFINITY },  { "-Inf", -INFINITY },
		      { "inf", INFINITY }, { "-INF", -INFINITY }, { "12.5e1", 125 } };
	struct err e = { 0 };
	uint64_t bits;
	double v;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_ok(num_parse_prom(slice_str(words[i].text), &v, &e), &e);
		assert_f64(v, words[i].v);
	}
	assert_ok(num_parse_prom(slice_str("nAn"), &v, &e), &e);
	memcpy(&bits, &v, sizeof(bits));
	assert_true(bits == 0x7ff8000000000001);
	assert_fails(num_parse_prom(slice_str("-NaN"), &v, &e), &e, ERR_INVALID, "is not a number");
	assert_fails(num_parse_prom(slice_str("Infinity"), &v, &e), &e, ERR_INVALID,
		     "not a number");
	assert_fails(num_parse_prom(slice_str("+-Inf"), &v, &e), &e, ERR_INVALID, "not a number");
	assert_fails(num_parse_prom(slice_str("0x1p4"), &v, &e), &e, ERR_INVALID, "not a number");
}

static void whole_numbers_have_their_range(void **state)
{
	struct err e = { 0 };
	int64_t v;

	(void)state;
	assert_ok(num_parse_i64(slice_str("-9223372036854775808"), &v, &e), &e);
	assert_true(v == INT64_MIN);
	assert_ok(num_parse_i64(slice_str("+9223372036854775807"), &v, &e), &e);
	assert_true(v == INT64_MAX);
	assert_fails(num_parse_i64(slice_str("9223372036854775808"), &v, &e), &e, ERR_LIMIT,
		     "beyond the range");
	assert_fails(num_parse_i64(slice_str("-9223372036854775809"), &v, &e), &e, ERR_LIMIT,
		     "beyond");
	assert_fails(num_parse_i64(slice_str("1.0"), &v, &e), &e, ERR_INVALID,
		     "'1.0' is not a whole number");
	assert_fails(num_parse_i64(slice_str(""), &v, &e), &e, ERR_INVALID, "empty");
	assert_fails(num_parse_i64(slice_str("-"), &v, &e), &e, ERR_INVALID, "'-' is not a number");
	assert_true(v == INT64_MAX);
}

/* --- printing ---------------------------------------------------------------------- */

static void both_notations_are_those_of_go(void **state)
{
	/* The two columns are strconv.FormatFloat(v, 'f', -1, 64) and (v, 'g', -1, 64). */
	static const struct {
		double v;
		const char *f, *g;
	} cases[] = {
		{ 0, "0", "0" },
		{ -0.0, "-0", "-0" },
		{ 1, "1", "1" },
		{ -1.5, "-1.5", "-1.5" },
		{ 0.1, "0.1", "0.1" },
		{ 0.3, "0.3", "0.3" },
		{ 0.1 + 0.2, "0.30000000000000004", "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333", "0.3333333333333333" },
		{ 100000, "100000", "100000" },
		{ 999999, "999999", "999999" },
		{ 999999.5, "999999.5", "999999.5" },
		{ 1e6, "1000000", "1e+06" },
		{ 1234567, "1234567", "1.234567e+06" },
		{ 1234567.5, "1234567.5", "1.2345675e+06" },
		{ 1234000000, "1234000000", "1.234e+09" },
		{ 0.001, "0.001", "0.001" },
		{ 0.0001, "0.0001", "0.0001" },
		{ 0.00001, "0.00001", "1e-05" },
		{ 0.000012345, "0.000012345", "1.2345e-05" },
		{ 9007199254740991, "9007199254740991", "9.007199254740991e+15" },
		{ 9007199254740992, "9007199254740992", "9.007199254740992e+15" },
		{ 9007199254740994, "9007199254740994", "9.007199254740994e+15" },
		{ 123456789012345678, "123456789012345680", "1.2345678901234568e+17" },
		{ 1e21, "1000000000000000000000", "1e+21" },
		{ 1e22, "10000000000000000000000", "1e+22" },
		{ 1e23, "100000000000000000000000", "1e+23" },
		{ 5.684341886080802e-14, "0.00000000000005684341886080802",
		  "5.684341886080802e-14" },
		{ 1e100, NULL, "1e+100" },
		{ 1e-100, NULL, "1e-100" },
		{ 5e-324, NULL, "5e-324" },
		{ 2.2250738585072014e-308, NULL, "2.2250738585072014e-308" },
		{ 1.5e-323, NULL, "1.5e-323" },
		{ DBL_MAX, NULL, "1.7976931348623157e+308" },
		{ INFINITY, "+Inf", "+Inf" },
		{ -INFINITY, "-Inf", "-Inf" },
		{ NAN, "NaN", "NaN" },
	};
	char text[NUM_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n;

		if (cases[i].f) {
			n = num_print(cases[i].v, text);
			assert_string_equal(text, cases[i].f);
			assert_int_equal(n, strlen(cases[i].f));
		}
		n = num_print_g(cases[i].v, text);
		assert_string_equal(text, cases[i].g);
		assert_int_equal(n, strlen(cases[i].g));
	}
}

static void the_longest_texts_fit(void **state)
{
	char text[NUM_TEXT];

	(void)state;
	assert_int_equal(num_print(-DBL_MAX, text), 310);
	assert_int_equal(num_print(-4.9406564584124654e-324, text), 327);
	assert_int_equal(num_print(-2.2250738585072014e-308, text), 327);
	assert_f64(parsed(text), -2.2250738585072014e-308);
}

/* The digits that count: "1.230e-07" and "0.000000123" have "123". */
static size_t digits_of(const char *text, char out[64])
{
	size_t n = 0, last = 0;

	for (; *text && *text != 'e' && n < 63; text++) {
		if (*text < '0' || *text > '9' || (*text == '0' && !n))
			continue;
		out[n++] = *text;
		if (*text != '0')
			last = n;
	}
	out[last] = '\0';
	return last;
}

/* No text of fewer digits reads back, and none of as many is closer. printf's digits are
 * the nearest of their number; at a power of two a farther one may read back
 * where the nearest does not, so the neighbour above is tried as well. */
static void check_shortest(double v)
{
	char text[NUM_TEXT], other[64], up[64], digits[64], nearest[64];
	size_t n;

	num_print_g(v, text);
	assert_true(num_same(strtod(text, NULL), v));
	n = digits_of(text, digits);
	if (n == 0)
		return;
	for (int p = 0; p < (int)n - 1; p++) {
		int exponent;

		snprintf(other, sizeof(other), "%.*e", p, v);
		if (strtod(other, NULL) == v)
			fail_msg("%.17g: %s is longer than %s", v, text, other);
		exponent = (int)strtol(strchr(other, 'e') + 1, NULL, 10);
		snprintf(up, sizeof(up), "%s1e%d", v < 0 ? "-" : "", exponent - p);
		snprintf(up, sizeof(up), "%.*e", p, strtod(other, NULL) + strtod(up, NULL));
		if (strtod(up, NULL) == v)
			fail_msg("%.17g: %s is longer than %s", v, text, up);
	}
	snprintf(other, sizeof(other), "%.*e", (int)n - 1, v);
	digits_of(other, nearest);
	/* Where the nearest reads back it is the one to print. */
	if (strtod(other, NULL) == v)
		assert_string_equal(nearest, digits);
	num_print(v, text);
	assert_true(num_same(strtod(text, NULL), v));
	digits_of(text, nearest);
	assert_string_equal(nearest, digits);
}

static void random_doubles_print_shortest(void **state)
{
	uint64_t seed = 20261031;

	(void)state;
	/* Reading back for a million, the expensive comparison for every 32nd. */
	for (int i = 0; i < 1 << 20; i++) {
		double v = any_double(&seed);
		char text[NUM_TEXT];

		num_print_g(v, text);
		assert_true(num_same(strtod(text, NULL), v));
		if (i % 32 == 0)
			check_shortest(v);
	}
}

static void ordinary_figures_print_shortest(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t r = next_random(&seed);
		double v = (double)(r >> 11 >> r % 50) / pow(10, (double)(r >> 5 & 15));

		check_shortest(v);
		check_shortest(nextafter(v, INFINITY));
		check_shortest(-nextafter(v, 0));
	}
}

static void powers_of_two_and_ten_and_their_neighbours_print_shortest(void **state)
{
	(void)state;
	for (int i = -1074; i < 1024; i++) {
		double v = ldexp(1, i);

		check_shortest(v);
		check_shortest(nextafter(v, 0));
		check_shortest(nextafter(v, INFINITY));
	}
	for (int i = -323; i <= 308; i++) {
		char text[16];
		double v;

		snprintf(text, sizeof(text), "1e%d", i);
		v = strtod(text, NULL);
		check_shortest(v);
		check_shortest(nextafter(v, 0));
		check_shortest(nextafter(v, INFINITY));
	}
}

static void same_means_bit_for_bit(void **state)
{
	uint64_t stale = 0x7ff0000000000002, plain = 0x7ff8000000000001;
	double a, b;

	(void)state;
	memcpy(&a, &stale, sizeof(a));
	memcpy(&b, &plain, sizeof(b));
	assert_true(num_same(a, a));
	assert_false(num_same(a, b));
	assert_false(num_same(0.0, -0.0));
	assert_true(num_same(1.5, 1.5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_numbers_are_read),
		cmocka_unit_test(what_is_not_a_number_is_refused),
		cmocka_unit_test(too_large_and_too_long_are_limits),
		cmocka_unit_test(reading_is_correctly_rounded),
		cmocka_unit_test(scaling_is_exact_in_decimal),
		cmocka_unit_test(scaled_quotients_are_correctly_rounded),
		cmocka_unit_test(a_quotient_just_above_the_middle_rounds_up),
		cmocka_unit_test(impossible_scales_are_refused),
		cmocka_unit_test(prometheus_words_are_read),
		cmocka_unit_test(whole_numbers_have_their_range),
		cmocka_unit_test(both_notations_are_those_of_go),
		cmocka_unit_test(the_longest_texts_fit),
		cmocka_unit_test(random_doubles_print_shortest),
		cmocka_unit_test(ordinary_figures_print_shortest),
		cmocka_unit_test(powers_of_two_and_ten_and_their_neighbours_print_shortest),
		cmocka_unit_test(same_means_bit_for_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
