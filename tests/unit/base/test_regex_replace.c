/* test_regex_replace.c - templates as Go's regexp.Expand has them, limits, errors. */
#include "base/alloc.h"
#include "base/regex.h"
#include "base/regex_replace.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

static struct regex_replace *made(const char *pattern)
{
	struct err e = { 0 };
	struct regex_replace *re = regex_replace_new(slice_str(pattern), &e);

	if (!re)
		fail_msg("%s: %s", pattern, e.text);
	return re;
}

/* NULL in `want`: does not match. */
static void expands(const char *pattern, const char *text, const char *template, const char *want)
{
	struct regex_replace *re = made(pattern);
	struct err e = { 0 };
	struct buf out;
	bool matches;

	buf_init(&out, 1 << 20);
	matches = regex_replace_text(re, slice_str(text), slice_str(template), &out);
	assert_ok(buf_check(&out, &e), &e);
	if (matches != (want != NULL))
		fail_msg("%s %s %s", pattern, matches ? "matches" : "does not match", text);
	if (want && !slice_is(buf_all(&out), want))
		fail_msg("%s in %s, %s: \"%.*s\", not \"%s\"", pattern, text, template,
			 SLICE_FMT(buf_all(&out)), want);
	buf_release(&out);
	regex_replace_free(re);
}

static void groups_stand_for_what_they_matched(void **state)
{
	(void)state;
	expands("(.*)-(.*)", "a-b", "$2+$1", "b+a");
	expands("(.*)-(.*)", "a-b", "${2}0", "b0");
	expands("(?P<x>.*)-(?P<y2>.*)", "a-b", "$y2/${x}", "b/a");
	expands("a.c", "abc", "[$0]", "[abc]");
	expands("(a)|(b)", "b", "<$1|$2>", "<|b>");
	expands("()", "", "x${1}y", "xy");
	expands("(.*)", "line\none", "$1", "line\none");
}

static void the_whole_text_must_match(void **state)
{
	(void)state;
	expands("b", "abc", "x", NULL);
	expands("a|ab", "ab", "x", "x");
	expands("", "", "x", "x");
	expands("", "a", "x", NULL);
}

static void names_are_as_long_as_they_can_be(void **state)
{
	(void)state;
	expands("(.)", "a", "$1x", "");
	expands("(.)", "a", "$1_", "");
	expands("(.)", "a", "${1}x", "ax");
	expands("(.)", "a", "$1-x", "a-x");
	expands("(.)", "a", "$10", "");
	expands("(.)", "a", "$99999999999999999999", "");
}

static void letters_are_those_of_unicode(void **state)
{
	(void)state;
	expands("(.)", "a", "$1（x）", "a（x）");
	expands("(.)", "a", "$1、$1。", "a、a。");
	expands("(.)", "a", "<$1区>", "<>");
	expands("(.)", "a", "<$1é>", "<>");
	expands("(.)", "a", "<$1٣>", "<>"); /* U+0663, a decimal digit */
	expands("(.)", "a", "$1²", "a²");   /* U+00B2 is a number, but no digit */
}

static void zeros_in_front_make_a_name(void **state)
{
	(void)state;
	expands("(.)", "a", "<$01>", "<>");
	expands("(.)", "a", "<$00>", "<>");
	expands("(.)", "a", "<$0>", "<a>");
	expands("(?P<b1>.)", "a", "<$b1>", "<a>");
}

static void dollars_that_begin_no_name_stay(void **state)
{
	(void)state;
	expands("(.)", "a", "$", "$");
	expands("(.)", "a", "$$1", "$1");
	expands("(.)", "a", "$$$1", "$a");
	expands("(.)", "a", "$-$1", "$-a");
	expands("(.)", "a", "${1", "${1");
	expands("(.)", "a", "${1-}", "${1-}");
	expands("(.)", "a", "${}", "${}");
	expands("(.)", "a", "1 $ 2", "1 $ 2");
}

static void what_is_wrong_with_a_pattern_is_said(void **state)
{
	struct err e = { 0 };
	char text[REGEX_MAX_BYTES + 2];
	struct buf many;

	(void)state;
	assert_null(regex_replace_new(slice_str("(a"), &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_has(e.text, "missing )");
	assert_null(regex_replace_new(slice_str("\xff"), &e));
	assert_int_equal(e.code, ERR_INVALID);
	memset(text, 'a', sizeof(text));
	assert_null(regex_replace_new(slice_of(text, REGEX_MAX_BYTES + 1), &e));
	assert_int_equal(e.code, ERR_LIMIT);
	buf_init(&many, 4096);
	for (int i = 0; i < 100; i++)
		buf_puts(&many, "(a)");
	assert_null(regex_replace_new(buf_all(&many), &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_has(e.text, "more than 99 groups");
	buf_release(&many);
}

static void without_memory_there_is_no_pattern(void **state)
{
	struct err e = { 0 };

	(void)state;
	mem_fail_after(0, 1);
	assert_null(regex_replace_new(slice_str("(a)"), &e));
	mem_fail_after(-1, 0);
	assert_int_equal(e.code, ERR_MEMORY);
	regex_replace_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_stand_for_what_they_matched),
		cmocka_unit_test(the_whole_text_must_match),
		cmocka_unit_test(names_are_as_long_as_they_can_be),
		cmocka_unit_test(letters_are_those_of_unicode),
		cmocka_unit_test(zeros_in_front_make_a_name),
		cmocka_unit_test(dollars_that_begin_no_name_stay),
		cmocka_unit_test(what_is_wrong_with_a_pattern_is_said),
		cmocka_unit_test(without_memory_there_is_no_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
