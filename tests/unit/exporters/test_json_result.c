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

/* --- pieces ----------------------------------------------------------------------------------- */

static void write_all(struct query *q, size_t enough, struct buf *out)
{
	struct json_result r;
	size_t steps = 0;
	bool more;

	buf_clear(out);
	json_result_init(&r, q, 0);
	do {
		struct buf piece;

		buf_init(&piece, 1 << 20);
		more = json_result_next(&r, enough, &piece);
		assert_int_equal(piece.failed, 0);
		buf_slice(out, buf_all(&piece));
		buf_release(&piece);
		assert_true(++steps < 1000);
	} while (more);
	json_result_notes(q, false, out);
	buf_putc(out, '\0');
}

static void assert_same_in_pieces(struct query *q, const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t enough = 1; enough < 300; enough++) {
		write_all(q, enough, &out);
		assert_string_equal(out.p, want);
	}
	write_all(q, SIZE_MAX, &out);
	assert_string_equal(out.p, want);
	buf_release(&out);
}

static void pieces_of_any_size_make_the_same_text(void **state)
{
	struct err e = { 0 };
	struct labels *a = labels_make(&e, "m", "x", "1", NULL), *b = labels_make(&e, NULL, NULL);
	struct head heads[2] = { { .labels = a }, { .labels = b } };
	double values[] = { 1, ABSENT, 2.5, ABSENT, NAN, -1 };
	struct query_points rows[] = { { a, 3, (int64_t[]){ 1, 2, 1500 }, values },
				       { b, 1, (int64_t[]){ 7000 }, values + 5 } };
	struct query q = { .grid = { 1000, 500, 3 }, .step_ms = 500, .rows = rows, .nrows = 2 };

	(void)state;
	arena_init(&q.arena, 1 << 20);
	q.value = (struct value){ .type = VALUE_VECTOR };
	q.value.vector.n = 2;
	q.value.vector.width = 3;
	q.value.vector.heads = heads;
	q.value.vector.values = values;
	assert_same_in_pieces(&q, "{\"resultType\":\"matrix\",\"result\":["
				  "{\"metric\":{\"__name__\":\"m\",\"x\":\"1\"},"
				  "\"values\":[[1,\"1\"],[2,\"2.5\"]]},"
				  "{\"metric\":{},\"values\":[[1.500,\"NaN\"],[2,\"-1\"]]}]");
	q.value.type = VALUE_MATRIX;
	q.step_ms = 0;
	rows[0].n = 1;
	assert_same_in_pieces(
		&q, "{\"resultType\":\"matrix\",\"result\":["
		    "{\"metric\":{\"__name__\":\"m\",\"x\":\"1\"},\"values\":[[0.001,\"1\"]]},"
		    "{\"metric\":{},\"values\":[[7,\"-1\"]]}]");
	q.value.type = VALUE_VECTOR;
	q.value.vector.width = 1;
	values[1] = NAN;
	assert_same_in_pieces(&q,
			      "{\"resultType\":\"vector\",\"result\":["
			      "{\"metric\":{\"__name__\":\"m\",\"x\":\"1\"},\"value\":[1,\"1\"]},"
			      "{\"metric\":{},\"value\":[1,\"NaN\"]}]");
	q.value.vector.n = 0;
	assert_same_in_pieces(&q, "{\"resultType\":\"vector\",\"result\":[]");
	arena_release(&q.arena);
	labels_unref(a);
	labels_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_short_with_exponents_only_at_the_ends),
		cmocka_unit_test(times_have_three_decimals_or_none),
		cmocka_unit_test(pieces_of_any_size_make_the_same_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
