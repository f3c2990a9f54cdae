/* test_text.c - UTF-8, encodings, blanks, widths and keys. */
#include "base/text.h"
#include "base/alloc.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

#define BYTES(literal) slice_of((literal), sizeof(literal) - 1)

static int set_up(void **state)
{
	static struct arena a;

	arena_init(&a, 64 << 20);
	*state = &a;
	return 0;
}

static int tear_down(void **state)
{
	arena_release(*state);
	return 0;
}

static void repeat(char *out, struct slice s, size_t times)
{
	for (size_t i = 0; i < times; i++)
		memcpy(out + i * s.n, s.p, s.n);
}

/* --- UTF-8 ------------------------------------------------------------------------- */

static void good_utf8_is_good(void **state)
{
	(void)state;
	assert_int_equal(utf8_bad_at(slice_str("")), -1);
	assert_int_equal(utf8_bad_at(slice_str("plain text of some length, 1234567890")), -1);
	assert_int_equal(utf8_bad_at(slice_str("园区 é ß 𠮷 \u07ff\u0800\uffff")), -1);
	assert_int_equal(utf8_bad_at(BYTES("\xed\x9f\xbf\xee\x80\x80")), -1);
	assert_int_equal(utf8_bad_at(BYTES("\xf4\x8f\xbf\xbf")), -1);
	assert_int_equal(utf8_bad_at(BYTES("a\0b")), -1);
}

/* Wherever it stands in the eight bytes that are looked at together, and with more behind it. */
static void bad_utf8_is_found_behind(struct slice bad, long at)
{
	static const char *const before[] = { "a", "é", "园", "𠮷" };
	static const char *const behind[] = { "", "123456789", "园区园区园区" };
	char text[128];

	for (size_t k = 0; k < 4 * 3; k++)
		for (size_t times = 0; times < 12; times++) {
			struct slice more = slice_str(before[k / 3]);
			size_t n = more.n * times;

			repeat(text, more, times);
			memcpy(text + n, bad.p, bad.n);
			strcpy(text + n + bad.n, behind[k % 3]);
			assert_int_equal(utf8_bad_at(
						 slice_of(text, n + bad.n + strlen(behind[k % 3]))),
					 (long)n + at);
		}
}

static void bad_utf8_is_found_at_its_place(void **state)
{
	static const struct {
		struct slice text;
		long at;
	} cases[] = {
		{ { "\x80", 1 }, 0 },
		{ { "abc\xff", 4 }, 3 },
		{ { "12345678901234567\xc0\x80", 19 }, 17 }, /* overlong NUL */
		{ { "\xc1\xbf", 2 }, 0 },
		{ { "\xe0\x9f\xbf", 3 }, 0 },     /* overlong */
		{ { "\xed\xa0\x80", 3 }, 0 },     /* surrogate */
		{ { "\xf0\x8f\xbf\xbf", 4 }, 0 }, /* overlong */
		{ { "\xf4\x90\x80\x80", 4 }, 0 }, /* past U+10FFFF */
		{ { "\xf5\x80\x80\x80", 4 }, 0 },
		{ { "ab\xe5\x9b", 4 }, 2 }, /* cut off */
		{ { "\xe5\x9b\x41", 3 }, 0 },
		{ { "\xe5\x41\x9b", 3 }, 0 },
		{ { "\xc3\x41", 2 }, 0 },
		{ { "\xf0\xa0\xae", 3 }, 0 },
		{ { "\xe5\x9b\xad\xe5", 4 }, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(utf8_bad_at(cases[i].text), cases[i].at);
		bad_utf8_is_found_behind(cases[i].text, cases[i].at);
	}
}

/* Every code point is either good as encoded or a surrogate. */
static void all_code_points_are_judged(void **state)
{
	char line[32] = "abc";

	(void)state;
	for (unsigned c = 0x80; c < 0x120000; c++) {
		char p[4] = { 0 };
		size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bool good = c < 0x110000 && !(c >= 0xd800 && c < 0xe000);

		for (size_t i = n; i-- > 1;)
			p[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 63));
		p[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c >> (6 * (n - 1)));
		assert_int_equal(utf8_bad_at(slice_of(p, n)), good ? -1 : 0);
		assert_int_equal(utf8_bad_at(slice_of(p, n - 1)), 0);
		memcpy(line + 3, p, n);
		strcpy(line + 3 + n, "园区 12");
		assert_int_equal(utf8_bad_at(slice_str(line)), good ? -1 : 3);
	}
}

static void columns_count_characters(void **state)
{
	struct slice line = slice_str("县，GDP,园区");

	(void)state;
	assert_int_equal(text_column(line, 0), 1);
	assert_int_equal(text_column(line, 3), 2);
	assert_int_equal(text_column(line, 6), 3);
	assert_int_equal(text_column(line, 10), 7);
	assert_int_equal(text_column(line, 1000), 9);
}

static void widths_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(text_width(slice_str("ab")), 2);
	assert_int_equal(text_width(slice_str("县，a")), 5);
	assert_int_equal(text_width(slice_str("e\xcc\x81\xff")), 2);
	assert_int_equal(text_width(slice_str("")), 0);
}

static void what_is_shown_is_short_and_clean(void **state)
{
	char text[TEXT_SHOWN], longest[300];

	(void)state;
	assert_string_equal(text_shown(slice_str(""), text), "''");
	assert_string_equal(text_shown(slice_str("园区"), text), "'园区'");
	assert_string_equal(text_shown(BYTES("a\nb\0c\x7f\xff"
					     "d"),
				       text),
			    "'a?b?c??d'");
	assert_string_equal(text_shown(BYTES("\xe5\x9b"), text), "'?"
								 "?'");
	memset(longest, 'x', sizeof(longest));
	text_shown(slice_of(longest, sizeof(longest)), text);
	assert_int_equal(strlen(text), TEXT_SHOWN - 1);
	assert_string_equal(text + TEXT_SHOWN - 6, "x…'");
	for (size_t shift = 0; shift < 3; shift++) {
		memset(longest, 'x', shift);
		repeat(longest + shift, slice_str("园"), (297 - shift) / 3);
		text_shown(slice_of(longest, 297), text);
		assert_true(strlen(text) < TEXT_SHOWN);
		assert_int_equal(utf8_bad_at(slice_str(text)), -1);
		assert_string_equal(text + strlen(text) - 7, "园…'");
	}
}

/* --- encodings ------------------------------------------------------------------------ */

/* "园区,产值\n高新区,12.5\n" in GBK */
#define GBK_BODY "\xd4\xb0\xc7\xf8,\xb2\xfa\xd6\xb5\n\xb8\xdf\xd0\xc2\xc7\xf8,12.5\n"

static void encodings_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(text_detect(slice_str("")), TEXT_UTF8);
	assert_int_equal(text_detect(slice_str("plain")), TEXT_UTF8);
	assert_int_equal(text_detect(slice_str("园区,产值\n")), TEXT_UTF8);
	assert_int_equal(text_detect(BYTES(GBK_BODY)), TEXT_GB18030);
	/* With a BOM it is UTF-8 however broken. */
	assert_int_equal(text_detect(BYTES("\xef\xbb\xbf"
					   "a\xff")),
			 TEXT_UTF8);
	assert_int_equal(text_detect(BYTES("a\xff")), TEXT_GB18030);
}

static void a_body_cut_inside_a_character_is_still_utf8(void **state)
{
	struct slice body = slice_str("园区,产值");

	(void)state;
	/* Cut anywhere behind the first whole character. */
	for (size_t n = 3; n <= body.n; n++)
		assert_int_equal(text_detect(slice_of(body.p, n)), TEXT_UTF8);
	/* 涓 of GBK has the first two bytes of 中: nothing speaks for UTF-8. */
	assert_int_equal(text_detect(BYTES("park \xe4\xb8")), TEXT_GB18030);
	/* And a bad byte before the end is no cut. */
	assert_int_equal(text_detect(BYTES("园\xe4"
					   "a")),
			 TEXT_GB18030);
}

static void bodies_become_utf8_without_bom(void **state)
{
	static const struct {
		struct slice body;
		enum text_encoding from;
		const char *want;
	} cases[] = {
		{ { "", 0 }, TEXT_AUTO, "" },
		{ { "\xef\xbb\xbf"
		    "a,b",
		    6 },
		  TEXT_AUTO,
		  "a,b" },
		{ { "\xef\xbb\xbf", 3 }, TEXT_UTF8, "" },
		{ { "园区", 6 }, TEXT_AUTO, "园区" },
		{ { GBK_BODY, sizeof(GBK_BODY) - 1 }, TEXT_AUTO, "园区,产值\n高新区,12.5\n" },
		{ { GBK_BODY, sizeof(GBK_BODY) - 1 }, TEXT_GB18030, "园区,产值\n高新区,12.5\n" },
		/* Four bytes of GB18030: U+20BB7, U+00E9 is two in GBK (a8a6), U+0100 four. */
		{ { "\x95\x34\xb2\x35", 4 }, TEXT_GB18030, "\U00020bb7" },
		{ { "\xa8\xa6\x81\x30\x8b\x38", 6 }, TEXT_GB18030, "\u00e9\u0100" },
		{ { "\x84\x31\x95\x33"
		    "a",
		    5 },
		  TEXT_GB18030,
		  "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };
		struct buf out;

		buf_init(&out, 1 << 20);
		buf_puts(&out, ">");
		assert_ok(text_decode(cases[i].body, cases[i].from, &out, &e), &e);
		assert_slice(slice_skip(buf_all(&out), 1), cases[i].want);
		buf_release(&out);
	}
}

static void bad_bytes_are_named_with_line_and_byte(void **state)
{
	static const struct {
		struct slice body;
		enum text_encoding from;
		const char *why;
	} cases[] = {
		{ { GBK_BODY "abc\xff,1\n", sizeof(GBK_BODY) + 6 },
		  TEXT_AUTO,
		  "line 3, byte 4: 0xff is not GB18030" },
		{ { "\xff", 1 }, TEXT_GB18030, "line 1, byte 1: 0xff is not GB18030" },
		{ { "a\nb\n\xd4", 5 },
		  TEXT_GB18030,
		  "line 3, byte 1: the text ends inside a character of GB18030" },
		{ { "园区\n\n,\xd4\xf0", 11 }, TEXT_UTF8, "line 3, byte 2: 0xd4 is not UTF-8" },
		{ { "园区\n\xe5\x9b", 9 },
		  TEXT_UTF8,
		  "line 2, byte 1: the text ends inside a character of UTF-8" },
		{ { "\xff\xfe"
		    "a\0\x00\xd8",
		    6 },
		  TEXT_AUTO,
		  "the text ends inside a character of UTF-16LE" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };
		struct buf out;

		buf_init(&out, 1 << 20);
		assert_fails(text_decode(cases[i].body, cases[i].from, &out, &e), &e, ERR_INVALID,
			     cases[i].why);
		buf_release(&out);
	}
}

/* A character of two bytes lies over every border of the pieces in turn. */
static void a_large_body_is_decoded_piece_by_piece(void **state)
{
	enum { PAIRS = 300000 };
	char *body = malloc(PAIRS * 2 + 1);
	struct buf out;
	struct err e = { 0 };

	(void)state;
	assert_non_null(body);
	for (int shift = 0; shift < 2; shift++) {
		memset(body, 'x', 1);
		for (size_t i = 0; i < PAIRS; i++)
			memcpy(body + shift + i * 2, "\xd4\xb0", 2);
		buf_init(&out, PAIRS * 3 + 1);
		assert_ok(text_decode(slice_of(body, (size_t)shift + PAIRS * 2), TEXT_GB18030, &out,
				      &e),
			  &e);
		assert_int_equal(out.n, shift + PAIRS * 3);
		for (size_t i = 0; i < PAIRS; i++)
			assert_memory_equal(out.p + shift + i * 3, "园", 3);
		buf_release(&out);
	}
	/* The result's limit holds. */
	buf_init(&out, PAIRS * 3 - 1);
	assert_fails(text_decode(slice_of(body + 1, PAIRS * 2), TEXT_GB18030, &out, &e), &e,
		     ERR_LIMIT, "");
	buf_release(&out);
	free(body);
}

/* --- blanks and widths ----------------------------------------------------------------- */

static void blanks_of_all_kinds_are_trimmed(void **state)
{
	(void)state;
	assert_slice(text_trim(slice_str(" \t a b \r\n")), "a b");
	assert_slice(text_trim(slice_str("\u3000 \u00a0\ufeff园 区\u200b \u3000")), "园 区");
	assert_slice(text_trim(slice_str("\u3000 \u3000")), "");
	assert_slice(text_trim(slice_str("")), "");
	assert_slice(text_trim(slice_str("x")), "x");
	/* é ends in a byte that is no blank by itself. */
	assert_slice(text_trim(slice_str("\u00e0")), "\u00e0");
}

static void full_width_becomes_ascii(void **state)
{
	struct arena *a = *state;
	bool folded;
	struct slice s = slice_str("plain 12.5 园区");

	assert_ptr_equal(text_fold_width(s, a, &folded).p, s.p);
	assert_false(folded);
	assert_slice(text_fold_width(slice_str("２０２６年１－２月　（ＡＢｃ）～！"), a, &folded),
		     "2026年1-2月 (ABc)~!");
	assert_true(folded);
	assert_slice(text_fold_width(slice_str("12．34％"), a, &folded), "12.34%");
	/* These have meanings of their own. */
	assert_slice(text_fold_width(slice_str("1—2−3、「x」ｶ￥"), a, &folded), "1—2−3、「x」ｶ￥");
	assert_false(folded);
	assert_slice(text_fold_width(BYTES("a\xef\xbc"), a, &folded), "a\xef\xbc");
}

/* --- keys ------------------------------------------------------------------------------ */

static void assert_same_key(struct arena *a, const char *x, const char *y)
{
	struct slice kx = text_key(slice_str(x), a), ky = text_key(slice_str(y), a);

	if (!kx.p || !ky.p || !slice_eq(kx, ky))
		fail_msg("keys of %s and %s: %.*s, %.*s", x, y, SLICE_FMT(kx), SLICE_FMT(ky));
}

static void names_that_mean_the_same_meet(void **state)
{
	struct arena *a = *state;

	assert_slice(text_key(slice_str("  GDP (Total) \n"), a), "gdptotal");
	assert_slice(text_key(slice_str("高新区（一期）"), a), "高新区一期");
	assert_same_key(a, "高新区（一期）", "高新区(一期)");
	assert_same_key(a, "高新区　一期", "高新区一期");
	assert_same_key(a, "ＧＤＰ增速", "gdp增速");
	assert_same_key(a, "Ⅱ期", "II期");
	assert_same_key(a, "STRASSE", "straße");
	assert_same_key(a, "caf\u00e9", "cafe\u0301");
	assert_same_key(a, "园\u200b区", "园区");
	assert_same_key(a, "①号园", "1号园");
	assert_same_key(a, "园\u00a0区", "园区");
	assert_slice(text_key(slice_str(""), a), "");
	assert_slice(text_key(slice_str("（ ）"), a), "");
}

static void different_names_stay_apart(void **state)
{
	struct arena *a = *state;

	assert_false(slice_eq(text_key(slice_str("一区"), a), text_key(slice_str("二区"), a)));
	assert_false(slice_eq(text_key(slice_str("东-区"), a), text_key(slice_str("东区"), a)));
}

static void long_names_have_keys_too(void **state)
{
	struct arena *a = *state;
	char text[3 * 2000], want[3 * 2000];
	struct slice key;

	/* Around the size that fits on the stack, and far beyond. */
	for (size_t n = 120; n <= 2000; n += n < 140 ? 1 : 465) {
		repeat(text, slice_str("Ａ"), n);
		memset(want, 'a', n);
		key = text_key(slice_of(text, n * 3), a);
		assert_int_equal(key.n, n);
		assert_memory_equal(key.p, want, n);
	}
}

static void bad_utf8_has_no_key(void **state)
{
	struct arena *a = *state;

	assert_null(text_key(BYTES("a\xff"), a).p);
	assert_null(text_key(BYTES("园\xed\xa0\x80"), a).p);
}

static void everything_survives_failed_allocations(void **state)
{
	struct slice body = BYTES(GBK_BODY);
	bool done = false;
	char wide[3 * 300];

	(void)state;
	repeat(wide, slice_str("Ａ"), 300);
	for (long k = 0; !done && k < 50; k++) {
		struct err e = { 0 };
		struct arena a;
		struct buf out;
		bool folded, ok = true;

		arena_init(&a, 1 << 20);
		buf_init(&out, 1 << 20);
		mem_fail_after(k, 1);
		if (text_decode(body, TEXT_AUTO, &out, &e) < 0) {
			assert_int_equal(e.code, ERR_MEMORY);
			ok = false;
		}
		ok &= text_fold_width(slice_of(wide, sizeof(wide)), &a, &folded).p != NULL;
		ok &= text_key(slice_of(wide, sizeof(wide)), &a).p != NULL;
		ok &= text_key(slice_str("abc"), &a).p != NULL;
		mem_fail_after(-1, 0);
		buf_release(&out);
		arena_release(&a);
		done = ok;
		if (k == 0)
			assert_false(ok);
	}
	assert_true(done);
}

static void an_arena_that_is_full_is_an_answer(void **state)
{
	struct arena a;
	char wide[3000];
	bool folded;

	(void)state;
	repeat(wide, slice_str("Ａ"), 1000);
	arena_init(&a, 64);
	assert_null(text_key(slice_of(wide, sizeof(wide)), &a).p);
	assert_null(text_fold_width(slice_of(wide, sizeof(wide)), &a, &folded).p);
	arena_release(&a);
}

static int natural(const char *a, const char *b)
{
	int c = text_natural_cmp(slice_str(a), slice_str(b));

	return (c > 0) - (c < 0);
}

static void numbers_in_texts_count_as_numbers(void **state)
{
	(void)state;
	assert_int_equal(natural("node2", "node10"), -1);
	assert_int_equal(natural("1.10", "1.9"), 1);
	assert_int_equal(natural("a", "a"), 0);
	assert_int_equal(natural("", "a"), -1);
	assert_int_equal(natural("a", "a1"), -1);
	assert_int_equal(natural("9", "a"), -1);
	assert_int_equal(natural("18446744073709551617", "2"), 1);
	/* the same number: bytes decide */
	assert_int_equal(natural("a01", "a1"), -1);
	assert_int_equal(natural("a01b", "a1a"), 1);
}

/* "host" against "host-", then "1" against nothing. */
static void runs_of_letters_are_compared_as_a_whole(void **state)
{
	(void)state;
	assert_int_equal(natural("host1", "host-1"), -1);
	assert_int_equal(natural("host9", "hosta"), -1);
	assert_int_equal(natural("host1", "hosT1"), 1);
	assert_int_equal(natural("a1b", "a1-b"), 1);
}

static void natural_order_is_an_order(void **state)
{
	enum { TEXTS = 60 };
	char text[TEXTS][6];
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		seed = seed * 1103515245 + 12345;
		for (int k = 0; k < 5; k++)
			text[i][k] = "01-a"[seed >> (8 + 2 * k) & 3];
		text[i][1 + (seed >> 20) % 5] = '\0';
		text[i][5] = '\0';
	}
	for (int i = 0; i < TEXTS; i++)
		for (int j = 0; j < TEXTS; j++) {
			assert_int_equal(natural(text[i], text[j]), -natural(text[j], text[i]));
			assert_int_equal(natural(text[i], text[j]) == 0,
					 strcmp(text[i], text[j]) == 0);
			for (int k = 0; k < TEXTS; k++)
				if (natural(text[i], text[j]) < 0 && natural(text[j], text[k]) < 0)
					assert_int_equal(natural(text[i], text[k]), -1);
		}
}

static void letters_of_any_script_change_their_case(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	text_lower(slice_str("ÄB-Я 甲1"), &b);
	buf_putc(&b, '|');
	text_upper(slice_str("äb-я 甲1"), &b);
	assert_slice(buf_all(&b), "äb-я 甲1|ÄB-Я 甲1");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_utf8_is_good),
		cmocka_unit_test(bad_utf8_is_found_at_its_place),
		cmocka_unit_test(all_code_points_are_judged),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(widths_are_those_of_a_terminal),
		cmocka_unit_test(what_is_shown_is_short_and_clean),
		cmocka_unit_test(encodings_are_told_apart),
		cmocka_unit_test(a_body_cut_inside_a_character_is_still_utf8),
		cmocka_unit_test(bodies_become_utf8_without_bom),
		cmocka_unit_test(bad_bytes_are_named_with_line_and_byte),
		cmocka_unit_test(a_large_body_is_decoded_piece_by_piece),
		cmocka_unit_test(blanks_of_all_kinds_are_trimmed),
		cmocka_unit_test(full_width_becomes_ascii),
		cmocka_unit_test(names_that_mean_the_same_meet),
		cmocka_unit_test(different_names_stay_apart),
		cmocka_unit_test(long_names_have_keys_too),
		cmocka_unit_test(bad_utf8_has_no_key),
		cmocka_unit_test(numbers_in_texts_count_as_numbers),
		cmocka_unit_test(runs_of_letters_are_compared_as_a_whole),
		cmocka_unit_test(natural_order_is_an_order),
		cmocka_unit_test(everything_survives_failed_allocations),
		cmocka_unit_test(an_arena_that_is_full_is_an_answer),
		cmocka_unit_test(letters_of_any_script_change_their_case),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
