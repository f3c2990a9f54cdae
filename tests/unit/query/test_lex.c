/* test_lex.c - what a word is by its place, numbers and strings as Go reads them, and how tokens
 * are called in messages. */
#include "query/lex.h"
#include "tests/lib/assert.h"

static struct err e;

/* Tokens as messages call them, with blanks between; a mistake ends them. */
static const char *tokens(const char *text)
{
	static char out[1024];
	struct lexer x;
	struct token t;
	size_t n = 0;

	lex_init(&x, slice_str(text));
	do {
		char one[160];

		lex_next(&x, &t);
		if (t.kind == TOKEN_ERROR)
			snprintf(one, sizeof(one), "!%s", x.error);
		else
			token_describe(&t, one, sizeof(one));
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", n ? " " : "", one);
	} while (t.kind != TOKEN_EOF && t.kind != TOKEN_ERROR);
	return out;
}

static void a_word_is_a_keyword_where_the_language_has_one(void **state)
{
	(void)state;
	assert_string_equal(tokens("SUM by(a) on sum:rate5m :x"),
			    "<aggr:SUM> <by> \"(\" identifier \"a\" \")\" <on> metric identifier "
			    "\"sum:rate5m\" metric identifier \":x\" end of input");
	assert_string_equal(tokens("{by=\"x\", inf!~'y'}"),
			    "\"{\" identifier \"by\" \"=\" string \"\\\"x\\\"\" \",\" identifier "
			    "\"inf\" <op:!~> string \"'y'\" \"}\" end of input");
	assert_string_equal(tokens("x[5m:1m] @ 3"),
			    "identifier \"x\" \"[\" duration \"5m\" \":\" duration \"1m\" \"]\" "
			    "\"@\" number \"3\" end of input");
	assert_string_equal(tokens("nan atan2 1 </ 2 # to the end > of line\n=="),
			    "number \"nan\" <op:atan2> number \"1\" <op:</> number \"2\" <op:==> "
			    "end of input");
}

static void what_is_no_token_is_named(void **state)
{
	(void)state;
	assert_string_equal(tokens("a $"), "identifier \"a\" !unexpected character: '$'");
	assert_string_equal(tokens("园"), "!unexpected character: '园'");
	assert_string_equal(tokens("a ! b"),
			    "identifier \"a\" !unexpected character after '!': ' '");
	assert_string_equal(tokens("5mm"), "!bad number or duration syntax: \"5mm\"");
	assert_string_equal(tokens("'a"), "!unterminated quoted string");
	assert_string_equal(tokens("`a\nb"), "!unterminated raw string");
	assert_string_equal(tokens("{a"), "\"{\" identifier \"a\" !unexpected end of input inside "
					  "braces");
	assert_string_equal(tokens("(a"), "\"(\" identifier \"a\" !unclosed left parenthesis");
	assert_string_equal(tokens("a[1"),
			    "identifier \"a\" \"[\" number \"1\" !unclosed left bracket");
	assert_string_equal(tokens("{\x01"), "\"{\" !unexpected character inside braces: '\\x01'");
}

static void numbers_are_those_of_go(void **state)
{
	static const struct {
		const char *text;
		double v;
	} good[] = {
		{ "1", 1 },
		{ ".5", 0.5 },
		{ "5.", 5 },
		{ "1.e3", 1000 },
		{ "1_000.25", 1000.25 },
		{ "1e-400", 0 },
		{ "0x1F", 31 },
		{ "0x7fffffffffffffff", 9223372036854775807.0 },
		{ "010", 8 },
		{ "08", 8 },
		{ "010.5", 10.5 },
		{ "07777777777777777777777777", 7777777777777777777777777.0 },
		{ "iNf", INFINITY },
		{ "NaN", NAN },
	};
	static const char *const bad[] = { "0x8000000000000000", "0x", "1e400" };
	double v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_ok(number_parse(slice_str(good[i].text), &v, &e), &e);
		assert_f64(v, good[i].v);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(number_parse(slice_str(bad[i]), &v, &e), &e, ERR_INVALID,
			     "error parsing number: ");
}

static void strings_are_those_of_go(void **state)
{
	static const struct {
		const char *text, *bytes;
	} good[] = {
		{ "\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\"", "\a\b\f\n\r\t\v\\\"" },
		{ "'\\'\"'", "'\"" },
		{ "`\\n\"'\n`", "\\n\"'\n" },
		{ "\"\\x41\\101\\u56ed\\U0001f600\"", "AA园😀" },
		{ "\"\\xff\"", "\xff" },
		{ "\"\"", "" },
	};
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "\"\\q\"", "unknown escape sequence U+0071 'q'" },
		{ "\"\\'\"", "unknown escape sequence U+0027 '''" },
		{ "\"\\u12\"", "illegal character U+0022 '\"' in escape sequence" },
		{ "\"\\xg0\"", "illegal character U+0067 'g' in escape sequence" },
		{ "\"\\400\"", "invalid Unicode code point" },
		{ "\"\\ud800\"", "invalid Unicode code point" },
		{ "\"\\U00110000\"", "invalid Unicode code point" },
	};
	struct arena a;
	struct slice s;

	(void)state;
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_ok(string_unquote(slice_str(good[i].text), &a, &s, &e), &e);
		assert_slice(s, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(string_unquote(slice_str(bad[i].text), &a, &s, &e), &e, ERR_INVALID,
			     bad[i].why);
	arena_release(&a);
}

static const char *quoted(struct slice s, size_t room)
{
	static char out[64];

	quote(s, out, room);
	return out;
}

static void a_quoted_text_reads_back(void **state)
{
	(void)state;
	assert_string_equal(quoted(slice_str("a\"\\\n\a\v\x1b\x7f园"), 64),
			    "\"a\\\"\\\\\\n\\a\\v\\x1b\\x7f园\"");
	assert_string_equal(quoted(slice_of("\0\xe5\x9b", 3), 64), "\"\\x00\\xe5\\x9b\"");
	/* half a character would be no UTF-8 */
	assert_string_equal(quoted(slice_str("园区"), 6), "\"园\"");
	assert_string_equal(quoted(slice_str("园区"), 5), "\"\"");
}

static void what_is_long_is_cut_in_messages(void **state)
{
	(void)state;
	assert_string_equal(tokens("'123456789012345'"), "string \"'123456789\"... end of input");
	assert_string_equal(tokens("'园园园园'"), "string \"'园园园\"... end of input");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_a_keyword_where_the_language_has_one),
		cmocka_unit_test(what_is_no_token_is_named),
		cmocka_unit_test(numbers_are_those_of_go),
		cmocka_unit_test(strings_are_those_of_go),
		cmocka_unit_test(a_quoted_text_reads_back),
		cmocka_unit_test(what_is_long_is_cut_in_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
