/*
 * fuzz_num.c - any bytes as a number, and any double as text.
 *
 * The first byte picks a scale. A number is what strtod() makes of the same text; a
 * scaled one is within rounding of value × mul / div × 10^shift; both printed forms
 * are read back bit for bit.
 */
#include "base/num.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

static const struct num_scale scales[] = {
	{ 8, 1, 1 },  { -2, 1, 1 },         { 0, 2000, 3 }, { 4, 1, 1 },
	{ 0, 1, 15 }, { 3, 4294967295, 7 }, { 0, 0, 1 },    { -300, 1, 1 },
};

static void check_printed(double v)
{
	char text[NUM_TEXT];
	struct err e;
	double again;

	MUST(num_print(v, text) == strlen(text));
	MUST(num_parse_prom(slice_str(text), &again, &e) == 0);
	MUST(isnan(v) ? isnan(again) : num_same(v, again));
	MUST(num_print_g(v, text) == strlen(text));
	MUST(num_parse_prom(slice_str(text), &again, &e) == 0);
	MUST(isnan(v) ? isnan(again) : num_same(v, again));
}

static void check_scaled(struct slice text, double v, struct num_scale s)
{
	double scaled, expected;
	struct err e;

	expected = v * s.mul / s.div * pow(10, s.shift);
	if (num_parse_scaled(text, s, &scaled, &e) < 0) {
		must_say_why(&e);
		MUST(!(fabs(expected) < 1e308));
		return;
	}
	MUST(isfinite(scaled));
	check_printed(scaled);
	if (fabs(v) > 1e-290 && fabs(expected) < 1e290 && fabs(expected) > 1e-290)
		MUST(fabs(scaled - expected) <= fabs(expected) * 1e-13);
}

static void check_whole(struct slice text)
{
	int64_t whole, again;
	char printed[32];
	struct err e;

	if (num_parse_i64(text, &whole, &e) < 0) {
		must_say_why(&e);
		return;
	}
	snprintf(printed, sizeof(printed), "%lld", (long long)whole);
	MUST(num_parse_i64(slice_str(printed), &again, &e) == 0 && again == whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char copy[512];
	struct slice text;
	struct err e;
	double v;

	if (n < 1 || n > sizeof(copy))
		return 0;
	text = slice_of((const char *)data + 1, n - 1);
	if (text.n >= sizeof(v)) {
		memcpy(&v, text.p, sizeof(v));
		check_printed(v);
	}
	check_whole(text);
	if (num_parse_prom(text, &v, &e) == 0)
		check_printed(v);
	else
		must_say_why(&e);
	if (num_parse(text, &v, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	MUST(isfinite(v) && num_same(v, strtod(copy, NULL)));
	check_printed(v);
	check_scaled(text, v, scales[data[0] % (sizeof(scales) / sizeof(*scales))]);
	return 0;
}
