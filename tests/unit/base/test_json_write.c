/* test_json_write.c - JSON out: commas, escapes, numbers. */
#include "tests/lib/assert.h"
#include "base/json_read.h"
#include "base/json_write.h"

#include <float.h>

struct fixture {
	struct buf out;
	struct json_writer j;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	buf_init(&f.out, 1 << 20);
	json_init(&f.j, &f.out);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->out);
	return 0;
}

static void an_answer_is_put_together(void **state)
{
	struct fixture *f = *state;
	struct json_writer *j = &f->j;

	json_object(j);
	json_key(j, "status");
	json_str(j, slice_str("success"));
	json_key(j, "data");
	json_array(j);
	json_i64(j, -7);
	json_array(j);
	json_end(j);
	json_object(j);
	json_end(j);
	json_bool(j, true);
	json_bool(j, false);
	json_null(j);
	json_cstr(j, NULL);
	json_cstr(j, "x");
	json_end(j);
	json_key_slice(j, slice_of("endless", 3));
	json_i64(j, INT64_MIN);
	json_end(j);
	assert_ok(buf_check(&f->out, &f->e), &f->e);
	assert_slice(buf_all(&f->out), "{\"status\":\"success\",\"data\":[-7,[],{},true,false,"
				       "null,null,\"x\"],\"end\":-9223372036854775808}");
	assert_int_equal(j->depth, 0);
}

static void strings_are_escaped(void **state)
{
	struct fixture *f = *state;

	json_str(&f->j, slice_of("\"\\/\b\f\n\r\t\x01\x1f\x7f区\0", 15));
	assert_slice(buf_all(&f->out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f区\\u0000\"");
}

static void broken_utf8_becomes_a_replacement(void **state)
{
	struct fixture *f = *state;

	json_str(&f->j, slice_str("a\xff\"b\xe5\x8c"));
	assert_slice(buf_all(&f->out), "\"a\xef\xbf\xbd\\\"b\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void numbers_are_short_and_exact(void **state)
{
	struct fixture *f = *state;

	json_array(&f->j);
	json_f64(&f->j, 1234000000);
	json_f64(&f->j, 0.1);
	json_f64(&f->j, NAN);
	json_f64(&f->j, INFINITY);
	json_f64(&f->j, -INFINITY);
	json_f64(&f->j, -0.0);
	json_end(&f->j);
	assert_slice(buf_all(&f->out), "[1234000000,0.1,\"NaN\",\"+Inf\",\"-Inf\",-0]");
}

static void the_reader_reads_what_was_written(void **state)
{
	struct fixture *f = *state;
	const struct json_node *root, *n;
	char text[256];
	struct arena a;

	for (int i = 1; i < 256; i++)
		text[i - 1] = (char)(i < 128 ? i : 'x');
	json_object(&f->j);
	json_key_slice(&f->j, slice_of(text, 255));
	json_str(&f->j, slice_of(text, 255));
	json_key(&f->j, "v");
	json_f64(&f->j, DBL_MIN);
	json_end(&f->j);

	arena_init(&a, 1 << 20);
	root = json_parse(buf_all(&f->out), &a, &f->e);
	assert_non_null(root);
	n = json_member(root, slice_of(text, 255));
	assert_non_null(n);
	assert_true(slice_eq(n->text, slice_of(text, 255)));
	assert_non_null(json_member(root, slice_str("v")));
	arena_release(&a);
}

static void thirty_two_levels_are_allowed(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 32; i++)
		json_array(&f->j);
	for (int i = 0; i < 32; i++)
		json_end(&f->j);
	assert_int_equal(f->out.n, 64);
	assert_int_equal(f->out.p[31], '[');
	assert_int_equal(f->out.p[32], ']');
}

static void too_much_is_told_at_the_end(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->out);
	buf_init(&f->out, 10);
	json_array(&f->j);
	for (int i = 0; i < 100; i++)
		json_i64(&f->j, i);
	json_end(&f->j);
	assert_fails(buf_check(&f->out, &f->e), &f->e, ERR_LIMIT, "10 bytes");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_answer_is_put_together),         T(strings_are_escaped),
		T(broken_utf8_becomes_a_replacement), T(numbers_are_short_and_exact),
		T(the_reader_reads_what_was_written), T(thirty_two_levels_are_allowed),
		T(too_much_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
