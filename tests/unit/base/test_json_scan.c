/*
 * test_json_scan.c - JSON token by token: grammar, places, passing over and coming back.
 */
#include "base/buf.h"
#include "base/json_scan.h"
#include "tests/lib/assert.h"

/* Tokens as signs: { } [ ] k:text s:text n:text t f 0, and the error's sentence. */
static void assert_tokens(const char *json, const char *want)
{
	static const char *const signs[] = {
		"$", "{", "}", "[", "]", "k", "s", "n", "t", "f", "0"
	};
	struct json_scan s;
	struct arena a;
	struct err e = { ERR_NONE, "" };
	struct buf out;
	enum json_token t;

	buf_init(&out, 1 << 16);
	arena_init(&a, 1 << 20);
	if (json_scan_init(&s, slice_str(json), &e) == 0) {
		do {
			t = json_scan_next(&s);
			if (t == JSON_TOKEN_ERROR)
				break;
			buf_puts(&out, signs[t]);
			if (t >= JSON_TOKEN_KEY && t <= JSON_TOKEN_NUMBER) {
				struct slice text =
					t == JSON_TOKEN_NUMBER ? s.text : json_scan_text(&s, &a);

				buf_printf(&out, ":%.*s", SLICE_FMT(text));
			}
			buf_putc(&out, ' ');
		} while (t != JSON_TOKEN_END);
	}
	buf_puts(&out, e.text);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	arena_release(&a);
	buf_release(&out);
}

static void a_document_is_read_token_by_token(void **state)
{
	(void)state;
	assert_tokens("\xef\xbb\xbf {\"a\" : [1, -2.5e+3,\"x\"],\n\"b\":{}, \"c\":[], \"d\":null,"
		      "\"e\":true,\"f\":false} ",
		      "{ k:a [ n:1 n:-2.5e+3 s:x ] k:b { } k:c [ ] k:d 0 k:e t k:f f } $ ");
	assert_tokens("0", "n:0 $ ");
}

static void escapes_are_undone(void **state)
{
	(void)state;
	assert_tokens("[\"\\\"\\\\\\/\\b\\t \\u00e9\\ud83d\\ude00\"]", "[ s:\"\\/\b\t é😀 ] $ ");
	assert_tokens("[\"\\u0000\"]", "[ line 1, column 3: an escape that says no character");
	assert_tokens("[\"\\ud83d\"]", "[ line 1, column 3: an escape that says no character");
	assert_tokens("[\"\\ude00\"]", "[ line 1, column 3: an escape that says no character");
	assert_tokens("[\"\\ud83d\\u0041\"]",
		      "[ line 1, column 3: an escape that says no character");
	assert_tokens("[\"\\x\"]", "[ line 1, column 3: an escape that says no character");
	assert_tokens("[\"\\u12", "[ line 1, column 3: an escape that says no character");
}

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	assert_tokens("", "line 1, column 1: the document ends too early");
	assert_tokens("[1,\n 甲]", "[ n:1 line 2, column 2: this does not belong here in JSON");
	assert_tokens("[1,]", "[ n:1 line 1, column 4: this does not belong here in JSON");
	assert_tokens("[1 2]", "[ n:1 line 1, column 4: this does not belong here in JSON");
	assert_tokens("[1}", "[ n:1 line 1, column 3: this does not belong here in JSON");
	assert_tokens("{\"a\" 1}", "{ k:a line 1, column 6: this does not belong here in JSON");
	assert_tokens("{\"a\":}", "{ k:a line 1, column 6: this does not belong here in JSON");
	assert_tokens("{1:2}", "{ line 1, column 2: this does not belong here in JSON");
	assert_tokens("{\"a\":1,}",
		      "{ k:a n:1 line 1, column 8: this does not belong here in JSON");
	assert_tokens("{} x", "{ } line 1, column 4: this does not belong here in JSON");
	assert_tokens("[\"a", "[ line 1, column 2: the document ends inside this string");
	assert_tokens("[\"a\nb\"]", "[ line 1, column 4: a control character in a string");
	assert_tokens("[01]", "[ line 1, column 2: a number must begin with one zero or another "
			      "digit");
	assert_tokens("[-]", "[ line 1, column 2: a number must begin with one zero or another "
			     "digit");
	assert_tokens("[1.]", "[ line 1, column 2: a number lacks digits behind its point");
	assert_tokens("[1e]", "[ line 1, column 2: a number lacks the digits of its exponent");
	assert_tokens("[nul]", "[ line 1, column 2: this does not belong here in JSON");
	assert_tokens("[\n\"\xff\"]", "line 2, column 2: not UTF-8");
	assert_tokens("[[", "[ [ line 1, column 3: the document ends too early");
}

static void depth_ends_at_64(void **state)
{
	struct json_scan s;
	struct err e;
	char deep[130];

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_ok(json_scan_init(&s, slice_of(deep, 65), &e), &e);
	for (int i = 0; i < 64; i++)
		assert_int_equal(json_scan_next(&s), JSON_TOKEN_ARRAY);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_ERROR);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(e.text,
			    "line 1, column 65: more than 64 objects and arrays inside each "
			    "other");
	memset(deep + 64, ']', 64);
	assert_ok(json_scan_init(&s, slice_of(deep, 128), &e), &e);
	for (int i = 0; i < 128; i++)
		json_scan_next(&s);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_END);
}

static void a_value_can_be_passed_over_and_read_later(void **state)
{
	struct slice json = slice_str("{\"a\":{\"x\":[1,{}]},\n\"b\":2}");
	struct json_scan s, back;
	uint32_t line, column;
	struct err e;

	(void)state;
	assert_ok(json_scan_init(&s, json, &e), &e);
	json_scan_next(&s);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_KEY);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_OBJECT);
	back = s;
	assert_ok(json_scan_skip(&s), &e);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_KEY);
	assert_slice(s.text, "b");
	json_scan_place(&s, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 1);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_NUMBER);
	assert_ok(json_scan_skip(&s), &e); /* a plain value: nothing is left of it */
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_OBJECT_END);
	assert_int_equal(json_scan_next(&s), JSON_TOKEN_END);
	assert_int_equal(json_scan_next(&back), JSON_TOKEN_KEY);
	assert_slice(back.text, "x");
	json_scan_place(&back, &line, &column);
	assert_int_equal(line, 1);
	assert_int_equal(column, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_read_token_by_token),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(depth_ends_at_64),
		cmocka_unit_test(a_value_can_be_passed_over_and_read_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
