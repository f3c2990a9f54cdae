/* test_json_read.c - JSON in: the tree, places, what is refused and with which words. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_read.h"

struct fixture {
	struct arena a;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.a, 64 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->a);
	return 0;
}

static const struct json_node *parse(struct fixture *f, const char *text)
{
	const struct json_node *n = json_parse(slice_str(text), &f->a, &f->e);

	if (!n)
		fail_msg("%s: %s", text, f->e.text);
	return n;
}

static void refuse_slice(struct fixture *f, struct slice body, enum err_code code, const char *text)
{
	f->e.text[0] = '\0';
	if (json_parse(body, &f->a, &f->e))
		fail_msg("\"%.*s\" was accepted", SLICE_FMT(body));
	assert_string_equal(f->e.text, text);
	assert_int_equal(f->e.code, code);
}

static void refuse(struct fixture *f, const char *body, const char *text)
{
	refuse_slice(f, slice_str(body), ERR_INVALID, text);
}

static const struct json_node *at(const struct json_node *n, const char *pointer)
{
	return json_pointer(n, slice_str(pointer));
}

static void a_document_becomes_a_tree(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n = parse(f, "{\"a\": [1, true, null, \"x\", {}], \"b\": false}");

	assert_int_equal(n->type, JSON_OBJECT);
	assert_int_equal(n->n, 2);
	assert_int_equal(n->child->type, JSON_ARRAY);
	assert_slice(n->child->key, "a");
	assert_int_equal(n->child->n, 5);
	assert_int_equal(at(n, "/a/0")->type, JSON_NUMBER);
	assert_slice(at(n, "/a/0")->text, "1");
	assert_int_equal(at(n, "/a/1")->type, JSON_BOOL);
	assert_true(at(n, "/a/1")->boolean);
	assert_int_equal(at(n, "/a/2")->type, JSON_NULL);
	assert_slice(at(n, "/a/3")->text, "x");
	assert_int_equal(at(n, "/a/4")->type, JSON_OBJECT);
	assert_int_equal(at(n, "/a/4")->n, 0);
	assert_null(at(n, "/a/4")->next);
	assert_slice(json_member(n, slice_str("b"))->key, "b");
	assert_false(json_member(n, slice_str("b"))->boolean);
	assert_null(json_member(n, slice_str("c")));
	assert_null(json_member(n->child, slice_str("a")));
	assert_null(json_member(NULL, slice_str("a")));
}

static void numbers_keep_their_text(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n = parse(f, "[12.340, -0, 1e999, 9007199254740993, 1E+5,0.10]");

	assert_slice(at(n, "/0")->text, "12.340");
	assert_slice(at(n, "/1")->text, "-0");
	assert_slice(at(n, "/2")->text, "1e999");
	assert_slice(at(n, "/3")->text, "9007199254740993");
	assert_slice(at(n, "/4")->text, "1E+5");
	assert_slice(at(n, "/5")->text, "0.10");
}

static void a_single_value_is_a_document(void **state)
{
	struct fixture *f = *state;

	assert_slice(parse(f, "42")->text, "42");
	assert_slice(parse(f, " -1.5e3")->text, "-1.5e3");
	assert_slice(parse(f, "\"\"")->text, "");
	assert_slice(parse(f, "\"区\"\n")->text, "区");
	assert_int_equal(parse(f, "null")->type, JSON_NULL);
	assert_int_equal(parse(f, "true")->type, JSON_BOOL);
}

static void the_tree_outlives_the_body(void **state)
{
	struct fixture *f = *state;
	char body[] = "[\"text\", 12.5]";
	const struct json_node *n = json_parse(slice_of(body, strlen(body)), &f->a, &f->e);

	memset(body, 'x', sizeof(body));
	assert_slice(n->child->text, "text");
	assert_slice(n->child->next->text, "12.5");
}

static void escapes_are_undone(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n =
		parse(f,
		      "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u533a\\u0041\", \"\\uD83D\\uDE00!\", "
		      "\"\\\\u0000\", {\"\\u0061\\n\": 1}]");

	assert_slice(at(n, "/0")->text, "\"\\/\b\f\n\r\t");
	assert_slice(at(n, "/1")->text, "区A");
	assert_slice(at(n, "/2")->text, "😀!");
	assert_slice(at(n, "/3")->text, "\\u0000");
	assert_slice(at(n, "/4")->child->key, "a\n");
}

static void every_value_knows_its_place(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n =
		parse(f, "\xef\xbb\xbf{\n  \"区域\": [1,\n\t  \"a\\nb\" , -2.5],\r\n"
			 "  \"b\" : { \"c\":null }\n}");

	assert_int_equal(n->line, 1);
	assert_int_equal(n->column, 1);
	assert_int_equal(n->child->line, 2);
	assert_int_equal(n->child->column, 9); /* characters, not bytes */
	assert_int_equal(at(n, "/区域/0")->column, 10);
	assert_int_equal(at(n, "/区域/1")->line, 3);
	assert_int_equal(at(n, "/区域/1")->column, 4);
	assert_int_equal(at(n, "/区域/2")->column, 13);
	assert_int_equal(at(n, "/b")->line, 4);
	assert_int_equal(at(n, "/b")->column, 9);
	assert_int_equal(at(n, "/b/c")->line, 4);
	assert_int_equal(at(n, "/b/c")->column, 15);
}

static void mistakes_are_told_with_their_place(void **state)
{
	struct fixture *f = *state;

	refuse(f, "", "line 1, column 1: the document is empty");
	refuse(f, " \n ", "line 2, column 2: the document is empty");
	refuse(f, "{\"a\": 1,\n \"b\": }",
	       "line 2, column 7: unallowed token at this point in JSON text");
	refuse(f, "[1,\n 2\n", "line 3, column 1: the document ends too early");
	refuse(f, "{\"a\": \"xyz", "line 1, column 7: the document ends too early");
	refuse(f, "[1,,2]", "line 1, column 4: unallowed token at this point in JSON text");
	refuse(f, "[1 2]", "line 1, column 4: after array element, I expect ',' or ']'");
	refuse(f, "{\"a\" \"b\"}",
	       "line 1, column 6: object key and value must be separated by a colon (':')");
	refuse(f, "[tru]", "line 1, column 2: invalid string in json text");
	refuse(f, "[NaN]", "line 1, column 2: invalid char in json text");
	refuse(f, "[01]", "line 1, column 3: after array element, I expect ',' or ']'");
	refuse(f, "[1]\n  x", "line 2, column 3: trailing garbage");
	refuse(f, "[1] [2]", "line 1, column 5: trailing garbage");
	refuse(f, "<html>", "line 1, column 1: invalid char in json text");
	refuse(f, "[1] // note", "line 1, column 5: trailing garbage");
	refuse(f, "[1,\n \f2,\v3]",
	       "line 2, column 2: a control character that is no blank in JSON");
	refuse(f, "[1\v]", "line 1, column 3: a control character that is no blank in JSON");
}

static void strings_from_outside_are_checked(void **state)
{
	struct fixture *f = *state;

	refuse(f, "[\"a\",\n \"\xff\"]", "line 2, column 3: not UTF-8");
	refuse(f, "[\"\xed\xa0\x80\"]", "line 1, column 3: not UTF-8");
	refuse(f, "[1, \"x\\u0000\"]", "line 1, column 5: \\u0000 in a string");
	refuse(f, "{\"\\u0000\": 1}", "line 1, column 2: \\u0000 in a string");
	refuse(f, "[\"\\ud800\"]",
	       "line 1, column 2: the first half of a surrogate pair without the second");
	refuse(f, "[\"\\ud800\\n\"]",
	       "line 1, column 2: the first half of a surrogate pair without the second");
	refuse(f, "[\"\\ud800\\u0041\"]",
	       "line 1, column 2: the first half of a surrogate pair without the second");
	refuse(f, "[\"\\uDC00\"]",
	       "line 1, column 2: the second half of a surrogate pair without the first");
	refuse_slice(f, slice_of("[\"a\0b\"]", 7), ERR_INVALID,
		     "line 1, column 2: invalid character inside string");
	refuse_slice(f, slice_of("[1]\0", 4), ERR_INVALID, "line 1, column 4: trailing garbage");
	refuse(f, "[\"a\nb\"]", "line 1, column 2: invalid character inside string");
	refuse(f, "[\"\\x41\"]",
	       "line 1, column 2: inside a string, '\\' occurs before a character which it may "
	       "not");
}

static void a_key_given_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	refuse(f, "{\"a\": 1,\n \"b\": 2, \"a\": 3}",
	       "line 2, column 10: key \"a\" is given twice");
	refuse(f, "{\"a\": 1, \"\\u0061\": 3}", "line 1, column 10: key \"a\" is given twice");
	parse(f, "[{\"a\": {\"a\": 1}}, {\"a\": 2}]");

	for (int twice = 0; twice < 40; twice++) {
		buf_init(&b, 1 << 20);
		buf_putc(&b, '{');
		for (int i = 0; i < 40; i++)
			buf_printf(&b, "\"k%d\":%d,", i, i);
		buf_printf(&b, "\n\"k%d\":0}", twice);
		assert_null(json_parse(buf_all(&b), &f->a, &f->e));
		assert_has(f->e.text, "line 2, column 1: key \"k");
		assert_has(f->e.text, "\" is given twice");
		buf_release(&b);
	}
}

static void a_hundred_thousand_keys_are_read(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n;
	struct buf b;

	buf_init(&b, 8 << 20);
	buf_putc(&b, '{');
	for (int i = 0; i < 100000; i++)
		buf_printf(&b, "%s\"key-%d\":%d", i ? "," : "", i, i);
	buf_putc(&b, '}');
	n = json_parse(buf_all(&b), &f->a, &f->e);
	buf_release(&b);
	assert_non_null(n);
	assert_int_equal(n->n, 100000);
	assert_slice(json_member(n, slice_str("key-99999"))->text, "99999");
}

static void nested(struct buf *b, int depth)
{
	buf_clear(b);
	for (int i = 0; i < depth; i++)
		buf_puts(b, i % 2 ? "{\"a\":" : "[");
	buf_puts(b, "1");
	for (int i = depth; i-- > 0;)
		buf_puts(b, i % 2 ? "}" : "]");
}

static void depth_ends_at_64(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 4 << 20);
	nested(&b, 64);
	assert_non_null(json_parse(buf_all(&b), &f->a, &f->e));
	nested(&b, 65);
	assert_null(json_parse(buf_all(&b), &f->a, &f->e));
	assert_int_equal(f->e.code, ERR_LIMIT);
	assert_string_equal(f->e.text, "line 1, column 193: more than 64 objects and arrays inside "
				       "each other");
	buf_clear(&b);
	for (int i = 0; i < 1000000; i++)
		buf_putc(&b, '[');
	assert_null(json_parse(buf_all(&b), &f->a, &f->e));
	assert_string_equal(f->e.text, "line 1, column 65: more than 64 objects and arrays inside "
				       "each other");
	buf_release(&b);
}

static void the_ceiling_of_the_arena_holds(void **state)
{
	struct fixture *f = *state;
	struct arena small;
	struct buf b;

	buf_init(&b, 4 << 20);
	buf_puts(&b, "[0");
	for (int i = 0; i < 10000; i++)
		buf_puts(&b, ",\n0");
	buf_puts(&b, "]");
	arena_init(&small, 100000);
	assert_null(json_parse(buf_all(&b), &small, &f->e));
	assert_int_equal(f->e.code, ERR_LIMIT);
	assert_has(f->e.text, ": the document needs more than the allowed 100000 bytes of memory");
	assert_true(small.held <= 100000);
	arena_release(&small);
	arena_init(&small, 1000);
	assert_null(json_parse(buf_all(&b), &small, &f->e));
	assert_string_equal(f->e.text,
			    "line 1: the document needs more than the allowed 1000 bytes "
			    "of memory");
	arena_release(&small);
	buf_release(&b);
}

static void long_strings_with_escapes_are_read(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n;
	struct buf b;

	buf_init(&b, 8 << 20);
	buf_puts(&b, "[\"");
	for (int i = 0; i < 300000; i++)
		buf_puts(&b, "\\n区");
	buf_puts(&b, "\", \"short\\t\"]");
	n = json_parse(buf_all(&b), &f->a, &f->e);
	assert_non_null(n);
	assert_int_equal(n->child->text.n, 300000 * 4);
	assert_slice(slice_cut(n->child->text, 8), "\n区\n区");
	assert_slice(n->child->next->text, "short\t");
	/* A string that never ends is as long as the document. */
	b.n = 2 + 5 * 290000;
	assert_null(json_parse(buf_all(&b), &f->a, &f->e));
	assert_string_equal(f->e.text, "line 1, column 2: the document ends too early");
	buf_release(&b);
}

static void pointers_follow_rfc_6901(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n =
		parse(f,
		      "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\"~1\":9}");

	assert_ptr_equal(at(n, ""), n);
	assert_int_equal(at(n, "/foo")->n, 2);
	assert_slice(at(n, "/foo/0")->text, "bar");
	assert_slice(at(n, "/foo/1")->text, "baz");
	assert_slice(at(n, "/")->text, "0");
	assert_slice(at(n, "/a~1b")->text, "1");
	assert_slice(at(n, "/c%d")->text, "2");
	assert_slice(at(n, "/m~0n")->text, "8");
	assert_slice(at(n, "/~01")->text, "9");
	assert_null(at(n, "foo"));
	assert_null(at(n, "/foo/2"));
	assert_null(at(n, "/foo/01"));
	assert_null(at(n, "/foo/-"));
	assert_null(at(n, "/foo/"));
	assert_null(at(n, "/foo/99999999999999999999"));
	assert_null(at(n, "/foo/0/x"));
	assert_null(at(n, "/m~n"));
	assert_null(at(n, "/m~"));
	assert_null(at(n, "/fo"));
	assert_null(at(n, "/fooo"));
	assert_null(json_pointer(NULL, slice_str("/a")));
}

static bool keep_figures(struct slice within, struct slice key)
{
	return slice_is(key, "v") && !slice_is(within, "not");
}

static const struct json_node *keeping(struct fixture *f, const char *text)
{
	const struct json_node *n = json_parse_keeping(slice_str(text), keep_figures, &f->a, &f->e);

	if (!n)
		fail_msg("%s: %s", text, f->e.text);
	return n;
}

static void what_is_kept_has_no_nodes(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n = keeping(f, "{\"a\":[{\"v\":[1, {\"b\":[2]},\n3 ]}],"
					       "\"not\":{\"v\":[1]},\"v\":{},\"z\":5}");

	assert_true(at(n, "/a/0/v")->kept);
	assert_int_equal(at(n, "/a/0/v")->n, 3);
	assert_null(at(n, "/a/0/v")->child);
	assert_slice(at(n, "/a/0/v")->text, "[1, {\"b\":[2]},\n3 ]");
	assert_int_equal(at(n, "/a/0/v")->column, 12);
	assert_null(at(n, "/a/0/v/0"));
	assert_false(at(n, "/not/v")->kept);
	assert_slice(at(n, "/not/v/0")->text, "1");
	assert_slice(at(n, "/v")->text, "{}");
	assert_int_equal(at(n, "/z")->line, 2);
	assert_int_equal(at(n, "/z")->column, 34);
	/* A value that is neither array nor object has a node as ever. */
	assert_slice(at(keeping(f, "{\"v\":7}"), "/v")->text, "7");
}

static void what_is_kept_is_checked(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[][2] = {
		{ "{\"v\":[1,\n2,,3]}",
		  "line 2, column 3: unallowed token at this point in JSON text" },
		{ "{\"v\":[\"\\ud800\"]}",
		  "line 1, column 7: the first half of a surrogate pair without the second" },
		{ "{\"v\":{\"\\u0000\":1}}", "line 1, column 7: \\u0000 in a string" },
		{ "{\"v\":[1", "line 1, column 8: the document ends too early" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(json_parse_keeping(slice_str(bad[i][0]), keep_figures, &f->a, &f->e));
		assert_string_equal(f->e.text, bad[i][1]);
	}
}

static void check_item(struct json_walk *w, struct arena *a, enum json_type type, const char *key,
		       const char *text, unsigned line, unsigned column)
{
	struct json_item item;
	struct err e;

	assert_int_equal(json_walk_next(w, a, &item, &e), 1);
	assert_int_equal(item.type, type);
	assert_slice(item.key, key);
	assert_slice(item.text, text);
	assert_int_equal(item.line, line);
	assert_int_equal(item.column, column);
}

static void what_is_kept_is_walked_through(void **state)
{
	struct fixture *f = *state;
	struct json_item item;
	struct json_walk w;

	json_walk_init(&w,
		       at(keeping(f, "{\"v\" : [ 12.50,-1e5 ,\"区\",\n\t\"\\u533a\\n\", null,true,"
				     "[\"]\",[]], {\"a\":\"\\\"}\"},false]}"),
			  "/v"));
	check_item(&w, &f->a, JSON_NUMBER, "", "12.50", 1, 10);
	check_item(&w, &f->a, JSON_NUMBER, "", "-1e5", 1, 16);
	check_item(&w, &f->a, JSON_STRING, "", "区", 1, 22);
	check_item(&w, &f->a, JSON_STRING, "", "区\n", 2, 2);
	check_item(&w, &f->a, JSON_NULL, "", "null", 2, 14);
	check_item(&w, &f->a, JSON_BOOL, "", "true", 2, 19);
	check_item(&w, &f->a, JSON_ARRAY, "", "[\"]\",[]]", 2, 24);
	check_item(&w, &f->a, JSON_OBJECT, "", "{\"a\":\"\\\"}\"}", 2, 34);
	check_item(&w, &f->a, JSON_BOOL, "", "false", 2, 46);
	assert_int_equal(json_walk_next(&w, &f->a, &item, &f->e), 0);

	json_walk_init(&w, at(keeping(f, "{\"v\":{ \"0\":1,\n\"\\u0061\" : \"x\" } }"), "/v"));
	check_item(&w, &f->a, JSON_NUMBER, "0", "1", 1, 12);
	check_item(&w, &f->a, JSON_STRING, "a", "x", 2, 12);
	assert_int_equal(json_walk_next(&w, &f->a, &item, &f->e), 0);
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	struct fixture *f = *state;
	const struct json_node *n = NULL;
	struct arena a;
	struct buf b;
	long k;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "[{\"x\\n\": \"");
	for (int i = 0; i < 3000; i++)
		buf_puts(&b, "\\u533a");
	buf_puts(&b, "\"},{");
	for (int i = 0; i < 300; i++)
		buf_printf(&b, "%s\"k%d\":[1]", i ? "," : "", i);
	buf_puts(&b, "}]");
	/* Blocks this thread keeps would not be allocated: take them all. */
	arena_init(&f->a, 64 << 20);
	for (int i = 0; i < 20; i++)
		arena_alloc(&f->a, 200000);

	mem_count(1);
	for (k = 0; !n; k++) {
		arena_init(&a, 200 << 10); /* less than a usual block: nothing is kept */
		mem_fail_after(k, 1);
		n = json_parse(buf_all(&b), &a, &f->e);
		mem_fail_after(-1, 0);
		if (!n) {
			assert_int_equal(f->e.code, ERR_MEMORY);
			assert_has(f->e.text, "no memory");
			arena_release(&a);
			assert_int_equal(mem_held(), 0);
		}
	}
	assert_int_equal(at(n, "/1")->n, 300);
	assert_true(k > 8);
	arena_release(&a);
	mem_count(0);
	buf_release(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_document_becomes_a_tree),
		T(numbers_keep_their_text),
		T(a_single_value_is_a_document),
		T(the_tree_outlives_the_body),
		T(escapes_are_undone),
		T(every_value_knows_its_place),
		T(mistakes_are_told_with_their_place),
		T(strings_from_outside_are_checked),
		T(a_key_given_twice_is_refused),
		T(a_hundred_thousand_keys_are_read),
		T(depth_ends_at_64),
		T(the_ceiling_of_the_arena_holds),
		T(long_strings_with_escapes_are_read),
		T(pointers_follow_rfc_6901),
		T(what_is_kept_has_no_nodes),
		T(what_is_kept_is_checked),
		T(what_is_kept_is_walked_through),
		T(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
