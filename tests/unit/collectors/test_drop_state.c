/*
 * What is known of a folder's files, as a file: its form, its limits, and that it stays small.
 */
#include "collectors/drop_state.h"

#include "base/crc32c.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

struct memory {
	char *dir;
	struct drop_state s;
	size_t damaged;
	struct err e;
};

static int setup(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));

	m->dir = tmp_make();
	drop_state_init(&m->s, "/mnt/share");
	assert_ok(drop_state_open(&m->s, tmp_path(m->dir, "folders"), "f", &m->damaged, &m->e),
		  &m->e);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct memory *m = *state;

	drop_state_release(&m->s);
	tmp_remove(m->dir);
	free(m);
	return 0;
}

static const char *file(struct memory *m)
{
	return tmp_path(m->dir, "folders/f.folder");
}

static struct drop_known known(const char *name)
{
	return (struct drop_known){ .name = name, .reason = "", .stamp = { 1, 2, 3 } };
}

static void again(struct memory *m, const char *folder)
{
	drop_state_release(&m->s);
	drop_state_init(&m->s, folder);
	assert_ok(drop_state_open(&m->s, tmp_path(m->dir, "folders"), "f", &m->damaged, &m->e),
		  &m->e);
}

static void it_reads_as_the_header_says(void **state)
{
	struct memory *m = *state;
	struct drop_known k = known("a b%.csv");
	char *text;
	size_t n;

	k.result = RESULT_REJECTED;
	k.submission = 7;
	k.taken_ms = 5;
	k.reason = "at 3:1: \nno";
	assert_ok(drop_state_put(&m->s, &k, &m->e), &m->e);
	assert_ok(drop_state_forget(&m->s, "a b%.csv", &m->e), &m->e);
	text = tmp_read(file(m), &n);
	assert_non_null(text);
	assert_has(text, " folder 1 /mnt/share\n");
	assert_has(text, " file rejected 1 2 3 "
			 "0000000000000000000000000000000000000000000000000000000000000000 "
			 "7 5 a%20b%25.csv at%203:1:%20%0Ano\n");
	assert_has(text, " gone a%20b%25.csv\n");
	free(text);
	again(m, "/mnt/share");
	assert_int_equal(m->damaged, 0);
	assert_int_equal(m->s.known.n, 0);
}

static void it_is_of_one_folder(void **state)
{
	struct memory *m = *state;
	struct drop_known k = known("a");

	assert_ok(drop_state_put(&m->s, &k, &m->e), &m->e);
	again(m, "/mnt/other");
	assert_null(drop_state_find(&m->s, "a"));
	assert_int_equal(m->damaged, 0);
	k = known("b");
	assert_ok(drop_state_put(&m->s, &k, &m->e), &m->e);
	again(m, "/mnt/other");
	assert_non_null(drop_state_find(&m->s, "b"));
}

static void nobody_else_may_read_it(void **state)
{
	struct memory *m = *state;
	struct drop_known k = known("a");
	struct stat st;

	assert_ok(drop_state_put(&m->s, &k, &m->e), &m->e);
	assert_int_equal(stat(file(m), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(tmp_path(m->dir, "folders"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_file_that_changes_for_ever_leaves_it_small(void **state)
{
	struct memory *m = *state;
	struct drop_known k = known("a");
	struct stat st;

	for (int i = 0; i < 1500; i++) {
		k.stamp.mtime_ns = i;
		assert_ok(drop_state_put(&m->s, &k, &m->e), &m->e);
		assert_ok(drop_state_tidy(&m->s, &m->e), &m->e);
	}
	assert_int_equal(stat(file(m), &st), 0);
	assert_true(st.st_size < 1010 * 130);
	again(m, "/mnt/share");
	assert_int_equal(drop_state_find(&m->s, "a")->stamp.mtime_ns, 1499);
}

static void a_later_version_is_left_alone(void **state)
{
	static const char later[] = "folder 2 /mnt/share";
	struct memory *m = *state;
	struct drop_known k = known("a");
	char line[64];

	assert_ok(drop_state_put(&m->s, &k, &m->e), &m->e);
	snprintf(line, sizeof(line), "%08x %s\n", crc32c(0, later, sizeof(later) - 1), later);
	tmp_write(file(m), line, strlen(line));
	drop_state_release(&m->s);
	assert_int_equal(drop_state_open(&m->s, tmp_path(m->dir, "folders"), "f", &m->damaged,
					 &m->e),
			 -1);
	assert_int_equal(m->e.code, ERR_UNSUPPORTED);
	assert_has(m->e.text, "has version 2, and 1 is understood");
}

static void there_is_room_for_20000_and_the_longest_missing_goes_first(void **state)
{
	struct memory *m = *state;
	struct drop_known k;
	char name[32];

	for (int i = 0; i < DROP_STATE_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		k = known(name);
		assert_ok(drop_state_remember(&m->s, &k, &m->e), &m->e);
	}
	k = known("more");
	assert_int_equal(drop_state_remember(&m->s, &k, &m->e), -1);
	assert_int_equal(m->e.code, ERR_LIMIT);
	drop_state_find(&m->s, "7")->missing_mono_ms = 20;
	drop_state_find(&m->s, "8")->missing_mono_ms = 10;
	assert_ok(drop_state_remember(&m->s, &k, &m->e), &m->e);
	assert_null(drop_state_find(&m->s, "8"));
	assert_non_null(drop_state_find(&m->s, "7"));
	assert_ok(drop_state_tidy(&m->s, &m->e), &m->e);
	again(m, "/mnt/share");
	assert_int_equal(m->s.known.n, DROP_STATE_FILES_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_reads_as_the_header_says),
		T(it_is_of_one_folder),
		T(nobody_else_may_read_it),
		T(a_file_that_changes_for_ever_leaves_it_small),
		T(a_later_version_is_left_alone),
		T(there_is_room_for_20000_and_the_longest_missing_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
