/* test_err.c - errors: sentences, wrapping, cutting. */
#include "tests/lib/assert.h"

#include <errno.h>

static void set_keeps_code_and_sentence(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, ERR_LIMIT, "%d rows, more than %d", 7, 5), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(e.text, "7 rows, more than 5");
}

static void nobody_asking_is_fine(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_LIMIT, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
	assert_int_equal(err_sys(NULL, EIO, "x"), -1);
}

static void wrap_puts_context_in_front(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_CORRUPT, "cut off after 37 of 120 samples");
	err_wrap(&e, "series %u", 812u);
	assert_int_equal(err_wrap(&e, "query failed"), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_string_equal(e.text, "query failed: series 812: cut off after 37 of 120 samples");
}

static void own_text_may_be_an_argument(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_NET, "connection reset");
	err_set(&e, ERR_TIMEOUT, "gave up after: %s", e.text);
	assert_string_equal(e.text, "gave up after: connection reset");
	err_wrap(&e, "<%s>", e.text);
	assert_string_equal(e.text,
			    "<gave up after: connection reset>: gave up after: connection reset");
}

static void long_text_is_cut_at_a_character(void **state)
{
	char long_text[600];
	struct err e;

	(void)state;
	/* 239 bytes fit: with two letters in front, 79 characters of three bytes do. */
	memcpy(long_text, "ab", 3);
	for (size_t i = 0; i < 150; i++)
		memcpy(long_text + 2 + 3 * i, "区", 4);
	err_set(&e, ERR_INVALID, "%s", long_text);
	assert_int_equal(strlen(e.text), 239);
	err_set(&e, ERR_INVALID, "%s", long_text + 1);
	assert_int_equal(strlen(e.text), 238);
	assert_memory_equal(e.text + 235, "区", 4);
}

static void a_long_context_leaves_room_for_the_cause(void **state)
{
	char long_text[400];
	struct err e;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	err_set(&e, ERR_IO, "the cause");
	err_wrap(&e, "%s", long_text);
	assert_int_equal(strlen(e.text), 239);
	assert_has(e.text, "xxx: the cause");
}

static void system_errors_get_their_code(void **state)
{
	struct err e;

	(void)state;
	assert_fails(err_sys(&e, ENOENT, "opening %s", "a.csv"), &e, ERR_NOT_FOUND,
		     "opening a.csv: No such file or directory");
	assert_fails(err_sys(&e, ENOSPC, "writing"), &e, ERR_FULL, "No space left on device");
	assert_fails(err_sys(&e, EDQUOT, "writing"), &e, ERR_FULL, "writing: ");
	assert_fails(err_sys(&e, ENOMEM, "reading"), &e, ERR_MEMORY, "reading: ");
	assert_fails(err_sys(&e, EACCES, "reading"), &e, ERR_IO, "reading: Permission denied");
}

static void every_code_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(err_code_name(ERR_NONE), "none");
	assert_string_equal(err_code_name(ERR_NOT_FOUND), "not_found");
	assert_string_equal(err_code_name(ERR_UNSUPPORTED), "unsupported");
	assert_string_equal(err_code_name((enum err_code)999), "unknown");
	for (int c = ERR_NONE; c <= ERR_UNSUPPORTED; c++)
		assert_non_null(err_code_name((enum err_code)c));
}

static void a_sentence_is_one_line_whatever_it_quotes(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_INVALID, "'%s' is no park", "a\nlevel=error msg=\"forged\"\x1b[2J\x7f");
	assert_string_equal(e.text, "'a?level=error msg=\"forged\"?[2J?' is no park");
	err_wrap(&e, "row\r%d", 7);
	assert_string_equal(e.text, "row?7: 'a?level=error msg=\"forged\"?[2J?' is no park");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_is_one_line_whatever_it_quotes),
		cmocka_unit_test(set_keeps_code_and_sentence),
		cmocka_unit_test(nobody_asking_is_fine),
		cmocka_unit_test(wrap_puts_context_in_front),
		cmocka_unit_test(own_text_may_be_an_argument),
		cmocka_unit_test(long_text_is_cut_at_a_character),
		cmocka_unit_test(a_long_context_leaves_room_for_the_cause),
		cmocka_unit_test(system_errors_get_their_code),
		cmocka_unit_test(every_code_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
