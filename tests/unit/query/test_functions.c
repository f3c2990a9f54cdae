/* test_functions.c - the table of functions, and those of single values. */
#include "query/functions.h"
#include "query/functions_impl.h"
#include "tests/lib/assert.h"

static void every_function_is_found_by_its_name(void **state)
{
	size_t n;
	const struct function *all = functions_all(&n);

	(void)state;
	assert_true(n > 80);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(function_find(slice_str(all[i].name)), &all[i]);
		assert_true(i == 0 || strcmp(all[i - 1].name, all[i].name) < 0);
	}
	assert_null(function_find(slice_str("Rate")));
	assert_null(function_find(slice_str("rat")));
	assert_null(function_find(slice_str("")));
}

static void every_row_is_complete(void **state)
{
	size_t n;
	const struct function *all = functions_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct function *f = &all[i];

		assert_int_equal(f->math != NULL, f->kind == FN_MATH);
		assert_int_equal(f->window != NULL, f->kind == FN_WINDOW);
		assert_int_equal(f->range != NULL, f->kind == FN_RANGE);
		assert_int_equal(f->special != NULL, f->kind == FN_SPECIAL);
		assert_true(f->result == VALUE_SCALAR || f->result == VALUE_VECTOR);
		assert_true(f->nargs > 0 || f->variadic == 0);
		for (unsigned k = 0; k < FUNCTION_ARGS_MAX; k++)
			assert_int_equal(f->args[k] != VALUE_NONE, k < f->nargs);
		if (f->kind == FN_WINDOW || f->kind == FN_RANGE)
			assert_true(f->args[0] == VALUE_MATRIX || f->args[1] == VALUE_MATRIX);
	}
}

static double of(const char *name, double v)
{
	return function_find(slice_str(name))->math(v, NULL);
}

static void single_values_are_as_in_go(void **state)
{
	(void)state;
	assert_f64(of("abs", -0.0), 0.0);
	assert_f64(of("ceil", -0.5), -0.0);
	assert_f64(of("floor", -0.5), -1);
	assert_f64(of("sgn", -3), -1);
	assert_f64(of("sgn", -0.0), -0.0);
	assert_true(isnan(of("sgn", NAN)));
	assert_f64(of("ln", 0), -INFINITY);
	assert_true(isnan(of("ln", -1)));
	assert_true(isnan(of("sqrt", -1)));
	assert_f64(of("log2", 8), 3);
	assert_f64(of("log10", 1000), 3);
	assert_f64(of("deg", M_PI), 180);
	assert_f64(of("rad", 180), M_PI);
	assert_true(isnan(of("acosh", 0.5)));
	assert_f64(of("atanh", 1), INFINITY);
}

static void of_two_the_larger_is_as_in_go(void **state)
{
	(void)state;
	assert_f64(math_larger(1, 2), 2);
	assert_f64(math_larger(NAN, INFINITY), INFINITY);
	assert_f64(math_larger(INFINITY, NAN), INFINITY);
	assert_true(isnan(math_larger(NAN, -INFINITY)));
	assert_true(isnan(math_larger(1, NAN)));
	assert_f64(math_larger(0.0, -0.0), 0.0);
	assert_f64(math_larger(-0.0, 0.0), 0.0);
	assert_f64(math_larger(-0.0, -0.0), -0.0);
}

static void of_two_the_smaller_is_as_in_go(void **state)
{
	(void)state;
	assert_f64(math_smaller(1, 2), 1);
	assert_f64(math_smaller(NAN, -INFINITY), -INFINITY);
	assert_f64(math_smaller(-INFINITY, NAN), -INFINITY);
	assert_true(isnan(math_smaller(NAN, INFINITY)));
	assert_f64(math_smaller(0.0, -0.0), -0.0);
	assert_f64(math_smaller(-0.0, 0.0), -0.0);
	assert_f64(math_smaller(0.0, 0.0), 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_is_found_by_its_name),
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(single_values_are_as_in_go),
		cmocka_unit_test(of_two_the_larger_is_as_in_go),
		cmocka_unit_test(of_two_the_smaller_is_as_in_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
