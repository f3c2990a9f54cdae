/* test_regex.c - patterns of label matchers: short cuts, RE2, limits, errors. */
#include "base/matcher.h"
#include "base/regex.h"
#include "tests/lib/assert.h"
#include "tests/lib/starve.h"

#include <pthread.h>
#include <stdlib.h>

static struct regex *made(const char *pattern)
{
	struct err e = { 0 };
	struct regex *re = regex_new(slice_str(pattern), &e);

	if (!re)
		fail_msg("%s: %s", pattern, e.text);
	return re;
}

static void patterns_are_seen_for_what_they_are(void **state)
{
	static const struct {
		const char *pattern;
		enum regex_kind kind;
		size_t literals;
		const char *prefix;
		bool empty;
	} cases[] = {
		{ "", REGEX_LITERALS, 1, "", true },
		{ "()", REGEX_LITERALS, 1, "", true },
		{ "cpu", REGEX_LITERALS, 1, "", false },
		{ "a|b|c", REGEX_LITERALS, 3, "", false },
		{ "(a|b|c)", REGEX_LITERALS, 3, "", false },
		{ "(?:a|b|a)", REGEX_LITERALS, 2, "", false },
		{ "^(a|b)$", REGEX_LITERALS, 2, "", false },
		{ "a|", REGEX_LITERALS, 2, "", true },
		{ "^$", REGEX_LITERALS, 1, "", true },
		{ "10\\.0\\.0\\.1", REGEX_LITERALS, 1, "", false },
		{ "北京|上海", REGEX_LITERALS, 2, "", false },
		{ "a\\|b", REGEX_LITERALS, 1, "", false },
		{ ".*", REGEX_PREFIX, 0, "", true },
		{ ".+", REGEX_LONGER, 0, "", false },
		{ "(.*)", REGEX_PREFIX, 0, "", true },
		{ "^host_.*$", REGEX_PREFIX, 0, "host_", false },
		{ "host\\..+", REGEX_LONGER, 0, "host.", false },
		{ "host.", REGEX_OTHER, 0, "host", false },
		{ "host?", REGEX_OTHER, 0, "hos", false },
		{ "host{0}", REGEX_OTHER, 0, "hos", false },
		{ "京*", REGEX_OTHER, 0, "", true },
		{ "ab+", REGEX_OTHER, 0, "ab", false },
		{ "a.*|b", REGEX_OTHER, 0, "", false },
		{ "(a)|(b)", REGEX_OTHER, 0, "", false },
		{ "(?i)abc", REGEX_OTHER, 0, "", false },
		{ "(?P<x>a)", REGEX_OTHER, 0, "", false },
		{ "\\Qa.b\\E", REGEX_OTHER, 0, "", false },
		{ "a\\Q+\\E*", REGEX_OTHER, 0, "", false },
		{ "^*", REGEX_OTHER, 0, "", true },
		{ "a\\$", REGEX_LITERALS, 1, "", false },
		{ "a]", REGEX_OTHER, 0, "a", false },
		{ "a.*b", REGEX_OTHER, 0, "a", false },
		{ "\\d", REGEX_OTHER, 0, "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct regex *re = made(cases[i].pattern);
		const struct slice *literals;

		if (regex_kind(re) != cases[i].kind)
			fail_msg("%s is of kind %d", cases[i].pattern, regex_kind(re));
		if (regex_literals(re, &literals) != cases[i].literals)
			fail_msg("%s has other literals", cases[i].pattern);
		assert_slice(regex_prefix(re), cases[i].prefix);
		if (regex_matches_empty(re) != cases[i].empty)
			fail_msg("%s and the empty text", cases[i].pattern);
		assert_int_equal(regex_match(re, slice_str("")), cases[i].empty);
		assert_slice(regex_pattern(re), cases[i].pattern);
		regex_free(re);
	}
}

static void literals_are_sorted_and_unescaped(void **state)
{
	struct regex *re = made("b|a\\.b|a");
	const struct slice *l;

	(void)state;
	assert_int_equal(regex_literals(re, &l), 3);
	assert_slice(l[0], "a");
	assert_slice(l[1], "a.b");
	assert_slice(l[2], "b");
	regex_free(re);
}

static void the_whole_text_must_match(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{ "cpu", "cpu", true },        { "cpu", "cpu_total", false },
		{ "a|b", "b", true },          { "a|b", "ab", false },
		{ "cpu.*", "cpu", true },      { "cpu.*", "cp", false },
		{ "cpu.+", "cpu", false },     { "cpu.+", "cpu\n", true },
		{ ".*", "a\nb", true },        { "a.b", "a\nb", true },
		{ "a.b", "a京b", true },       { "a..b", "a京b", false },
		{ "[0-9]+", "123", true },     { "[0-9]+", "123a", false },
		{ "(?i)CPU", "cPu", true },    { "x.*y", "x--y", true },
		{ "x.*y", "--x--y", false },   { "\\pL+", "京津", true },
		{ "(?-s)a.b", "a\nb", false }, { "h.t|c.t", "cat", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct regex *re = made(cases[i].pattern);

		if (regex_match(re, slice_str(cases[i].text)) != cases[i].match)
			fail_msg("%s and %s", cases[i].pattern, cases[i].text);
		regex_free(re);
	}
}

static void matchers_hold_or_not(void **state)
{
	struct regex *re = made("a.c");
	struct matcher is = { MATCH_RE, slice_str("x"), slice_str("a.c"), re };
	struct matcher is_not = { MATCH_NRE, slice_str("x"), slice_str("a.c"), re };

	(void)state;
	assert_true(matcher_holds(&is, slice_str("abc")));
	assert_false(matcher_holds(&is, slice_str("")));
	assert_false(matcher_holds(&is_not, slice_str("abc")));
	assert_true(matcher_holds(&is_not, slice_str("")));
	regex_free(re);
}

static struct slice repeated(char c, size_t n)
{
	static char text[5000];

	memset(text, c, n);
	return slice_of(text, n);
}

static int make(struct slice pattern, struct err *e)
{
	struct regex *re = regex_new(pattern, e);

	regex_free(re);
	return re ? 0 : -1;
}

static void what_is_wrong_with_a_pattern_is_said(void **state)
{
	struct err e;

	(void)state;
	assert_fails(make(slice_str("a(b"), &e), &e, ERR_INVALID,
		     "regular expression 'a(b': missing ): a(b");
	assert_fails(make(slice_str("a)("), &e), &e, ERR_INVALID, "regular expression 'a)(': ");
	assert_fails(make(slice_str("*"), &e), &e, ERR_INVALID,
		     "no argument for repetition operator: *");
	assert_fails(make(slice_str("a{2000}"), &e), &e, ERR_INVALID,
		     "invalid repetition size: {2000}");
	assert_fails(make(slice_str("(?<=a)b"), &e), &e, ERR_INVALID, "invalid");
	assert_fails(make(slice_of("a\xff", 2), &e), &e, ERR_INVALID,
		     "regular expression is not UTF-8 at byte 2");
	assert_ok(make(repeated('a', 4096), &e), &e);
	assert_fails(make(repeated('a', 4097), &e), &e, ERR_LIMIT,
		     "has 4097 bytes, more than 4096");
	assert_fails(make(slice_str("(\\pL\\pN\\pS){300}"), &e), &e, ERR_LIMIT,
		     "needs too much memory");
}

static void without_memory_there_is_no_pattern(void **state)
{
	struct err e;
	struct starve s = { .keeps_nothing = true };

	(void)state;
	while (starve_again(&s)) {
		struct regex *re;

		starve_begin(&s);
		re = regex_new(slice_str("a|b.c"), &e);
		starve_end(&s, re != NULL, &e);
		regex_free(re);
	}
	assert_int_equal(s.failed, 3);
	regex_free(NULL);
}

static void *match_much(void *arg)
{
	const struct regex *re = arg;
	uintptr_t n = 0;
	char text[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "host_%d", i);
		n += regex_match(re, slice_str(text));
	}
	return (void *)n;
}

static void threads_share_a_pattern(void **state)
{
	struct regex *re = made("host_.*[37]5");
	pthread_t t[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, match_much, re), 0);
	for (int i = 0; i < 4; i++) {
		void *n;

		pthread_join(t[i], &n);
		assert_int_equal((uintptr_t)n, 400);
	}
	regex_free(re);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_seen_for_what_they_are),
		cmocka_unit_test(literals_are_sorted_and_unescaped),
		cmocka_unit_test(the_whole_text_must_match),
		cmocka_unit_test(matchers_hold_or_not),
		cmocka_unit_test(what_is_wrong_with_a_pattern_is_said),
		cmocka_unit_test(without_memory_there_is_no_pattern),
		cmocka_unit_test(threads_share_a_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
