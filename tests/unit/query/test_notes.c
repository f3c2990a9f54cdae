/* test_notes.c - warnings and infos: each once, the first place, a limit. */
#include "query/notes.h"
#include "tests/lib/assert.h"

#include <stdio.h>

static void the_same_text_is_kept_once_with_its_first_place(void **state)
{
	struct notes s;

	(void)state;
	notes_init(&s);
	notes_add(&s, &s.infos, "PromQL info: a", " (1:24)", 23);
	notes_add(&s, &s.infos, "PromQL info: b", " (1:3)", 2);
	notes_add(&s, &s.infos, "PromQL info: a", " (1:6)", 5);
	notes_add(&s, &s.infos, "PromQL info: a", " (1:9)", 8);
	assert_int_equal(s.infos.n, 2);
	assert_int_equal(s.infos.more, 0);
	assert_string_equal(s.infos.text[0], "PromQL info: a (1:6)");
	assert_string_equal(s.infos.text[1], "PromQL info: b (1:3)");
	assert_int_equal(s.warnings.n, 0);
	notes_release(&s);
}

static void what_is_not_shown_is_counted_once_too(void **state)
{
	struct notes s;
	char text[16];

	(void)state;
	notes_init(&s);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < NOTES_MAX + 5; i++) {
			snprintf(text, sizeof(text), "note %d", i);
			notes_add(&s, &s.warnings, text, "", 0);
		}
	assert_int_equal(s.warnings.n, NOTES_MAX);
	assert_int_equal(s.warnings.more, 5);
	assert_string_equal(s.warnings.text[NOTES_MAX - 1], "note 9");
	notes_release(&s);
}

static void more_than_can_be_told_apart_are_not_counted(void **state)
{
	struct notes s;
	char text[16];

	(void)state;
	notes_init(&s);
	for (int i = 0; i < 2 * NOTES_KNOWN_MAX; i++) {
		snprintf(text, sizeof(text), "note %d", i);
		notes_add(&s, &s.warnings, text, "", 0);
	}
	assert_int_equal(s.warnings.n + s.warnings.more, NOTES_KNOWN_MAX);
	notes_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_text_is_kept_once_with_its_first_place),
		cmocka_unit_test(what_is_not_shown_is_counted_once_too),
		cmocka_unit_test(more_than_can_be_told_apart_are_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
