/* test_params.c - queries and forms from anybody. */
#include "tests/lib/assert.h"

#include "loop/http_params.h"

#include <stdlib.h>

struct fixture {
	struct arena a;
	struct http_param *p;
	size_t n;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->a, 1 << 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->a);
	free(f);
	return 0;
}

static int parse(struct fixture *f, const char *text)
{
	return http_params_parse(slice_str(text), &f->a, &f->p, &f->n, &f->e);
}

static void names_and_values_are_decoded(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "query=up%7Bpark%3D%22p1%22%7D+%2B+1&time=1.5&match%5B%5D=a"), &f->e);
	assert_int_equal(f->n, 3);
	assert_slice(f->p[0].name, "query");
	assert_slice(f->p[0].value, "up{park=\"p1\"} + 1");
	assert_slice(f->p[1].value, "1.5");
	assert_slice(f->p[2].name, "match[]");
	assert_slice(f->p[2].value, "a");
}

static void chinese_comes_through(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "unit=%E5%9B%AD%E5%8C%BA&raw=园区&%E5%B9%B4=2026"), &f->e);
	assert_slice(f->p[0].value, "园区");
	assert_slice(f->p[1].value, "园区");
	assert_slice(f->p[2].name, "年");
}

static void odd_pieces_have_a_meaning(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "&&a&b=&=c&d=1=2&&e%3d=x&"), &f->e);
	assert_int_equal(f->n, 5);
	assert_slice(f->p[0].name, "a");
	assert_slice(f->p[0].value, "");
	assert_slice(f->p[1].name, "b");
	assert_slice(f->p[1].value, "");
	assert_slice(f->p[2].name, "");
	assert_slice(f->p[2].value, "c");
	assert_slice(f->p[3].value, "1=2");
	assert_slice(f->p[4].name, "e=");
}

static void nothing_is_no_parameter(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, ""), &f->e);
	assert_ok(http_params_parse(slice_of(NULL, 0), &f->a, &f->p, &f->n, &f->e), &f->e);
	assert_ok(parse(f, "&&&"), &f->e);
	assert_int_equal(f->n, 0);
	assert_null(f->p);
}

static void a_form_adds_to_the_query(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "a=1&b=2"), &f->e);
	assert_ok(parse(f, "a=3"), &f->e);
	assert_int_equal(f->n, 3);
	assert_slice(f->p[0].value, "1");
	assert_slice(f->p[2].name, "a");
	assert_slice(f->p[2].value, "3");
}

static void values_end_with_a_nul_for_c(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "a=12&b=3"), &f->e);
	assert_string_equal(f->p[0].value.p, "12");
	assert_string_equal(f->p[1].name.p, "b");
}

static void half_an_escape_is_refused(void **state)
{
	static const char *const bad[] = { "a=1&b=%", "a=1&b=%4", "a=1&b=%zz", "a=1&b=%4g",
					   "a=1&b=%%" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f->n = 0;
		assert_fails(parse(f, bad[i]), &f->e, ERR_INVALID,
			     "parameter 'b': the % at byte 1 lacks its two hex digits");
	}
	assert_fails(parse(f, "%4=1"), &f->e, ERR_INVALID, "name of parameter 1: the % at byte 1");
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_fails(parse(f, "park=ab%c7%f8"), &f->e, ERR_INVALID,
		     "parameter 'park': byte 3 (0xc7) is not UTF-8");
	assert_fails(parse(f, "a=%ed%a0%80"), &f->e, ERR_INVALID, "is not UTF-8");
	assert_fails(parse(f, "a=%c0%80"), &f->e, ERR_INVALID, "is not UTF-8");
	assert_fails(parse(f, "a=%f4%90%80%80"), &f->e, ERR_INVALID, "is not UTF-8");
}

static void a_name_is_shown_on_one_line_and_cut_at_a_character(void **state)
{
	struct fixture *f = *state;

	assert_fails(parse(f, "a%0Ab=%"), &f->e, ERR_INVALID, "parameter 'a?b': the %");
	f->n = 0;
	assert_fails(parse(f, "园园园园园园园园园园园园园园园园园园园园园园=%"), &f->e, ERR_INVALID,
		     "parameter '园园园园园园园园园园园园园园园园园园园…': the %");
}

static void a_nul_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_fails(parse(f, "a=1%002"), &f->e, ERR_INVALID, "parameter 'a': it holds a NUL byte");
	assert_fails(http_params_parse(slice_of("a=\0", 3), &f->a, &f->p, &f->n, &f->e), &f->e,
		     ERR_INVALID, "NUL");
}

static void a_thousand_is_the_most(void **state)
{
	struct fixture *f = *state;
	char text[2 * 1001];

	for (int i = 0; i < 1001; i++)
		memcpy(text + 2 * i, "a&", 2);
	assert_fails(http_params_parse(slice_of(text, 2002), &f->a, &f->p, &f->n, &f->e), &f->e,
		     ERR_LIMIT, "more than 1000 parameters");
	assert_ok(http_params_parse(slice_of(text, 2000), &f->a, &f->p, &f->n, &f->e), &f->e);
	assert_int_equal(f->n, 1000);
	assert_fails(parse(f, "b"), &f->e, ERR_LIMIT, "more than 1000 parameters");
}

static void the_arena_is_the_ceiling(void **state)
{
	struct fixture *f = *state;
	size_t n = 2 << 20;
	char *big = malloc(n);

	memset(big, 'x', n);
	big[1] = '=';
	assert_fails(http_params_parse(slice_of(big, n), &f->a, &f->p, &f->n, &f->e), &f->e,
		     ERR_LIMIT, "more than 1048576 bytes of request");
	free(big);
}

static void a_path_keeps_its_plus(void **state)
{
	struct fixture *f = *state;
	struct slice out;

	assert_ok(http_path_decode(slice_str("/a+b/%e5%9b%ad%2Fc"), &f->a, &out, &f->e), &f->e);
	assert_slice(out, "/a+b/园/c");
	assert_fails(http_path_decode(slice_str("/%"), &f->a, &out, &f->e), &f->e, ERR_INVALID,
		     "path: the % at byte 2");
	assert_fails(http_path_decode(slice_str("/%ff"), &f->a, &out, &f->e), &f->e, ERR_INVALID,
		     "path: byte 2 (0xff) is not UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(names_and_values_are_decoded),
		T(chinese_comes_through),
		T(odd_pieces_have_a_meaning),
		T(nothing_is_no_parameter),
		T(a_form_adds_to_the_query),
		T(values_end_with_a_nul_for_c),
		T(half_an_escape_is_refused),
		T(bytes_that_are_no_utf8_are_refused),
		T(a_name_is_shown_on_one_line_and_cut_at_a_character),
		T(a_nul_is_refused),
		T(a_thousand_is_the_most),
		T(the_arena_is_the_ceiling),
		T(a_path_keeps_its_plus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
