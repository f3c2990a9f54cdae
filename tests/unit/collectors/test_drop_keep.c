/*
 * Folders whose files stay where they are: what is taken, what is known, and what a restart, a
 * crash, damage and an unmounted share leave of that.
 */
#include "tests/unit/collectors/in_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const char good[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.1\n乙山,1,2\n";
static const char other[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.9\n乙山,1,2\n"; /* as long */
static const char html[] = "<!DOCTYPE html><html><body>503</body></html>\n";
static const char partly[] = "园区,2026年10月\n甲河,13.1\n无此园,5\n";

static const char yaml_form[] = "- name: share\n"
				"  folder: in\n"
				"  keep: %s\n"
				"  format: csv\n"
				"  jitter: 0\n"
				"  body_limit: 1MiB\n"
				"  layout:\n"
				"    unit: {column: 园区}\n"
				"    indicator: {is: output_yuan}\n"
				"    period: {header: true}\n";

static void configure(struct feeds *f, const char *keep)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), yaml_form, keep);
	feeds_apply(f, yaml);
	feeds_poll(f, "share");
}

static int setup(void **state)
{
	struct feeds *f = feeds_open(false);

	assert_int_equal(mkdir(tmp_path(f->dir, "in"), 0777), 0);
	configure(f, "always");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

static const char *memory(struct feeds *f)
{
	return tmp_path(f->dir, "folders/share.folder");
}

static void two_looks(struct feeds *f)
{
	feeds_tick(f, 60000);
	feeds_tick(f, 60000);
}

/* As a new process finds it. */
static void restart(struct feeds *f, const char *keep)
{
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	f->closed = false;
	f->c = collector_new(&f->options, &f->e);
	assert_non_null(f->c);
	configure(f, keep);
}

static void what_was_taken_stays_and_is_not_taken_again(void **state)
{
	struct feeds *f = *state;
	double before = feeds_counter(C_FILES_TAKEN, "accepted");

	put(f, "a.csv", good);
	two_looks(f);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_int_equal(f->nstored, 4);
	assert_true(there(f, "a.csv"));
	assert_false(there(f, "accepted"));
	assert_false(there(f, "rejected"));
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	assert_string_equal(feeds_status(f, "share").error, "");
	assert_f64(feeds_counter(C_FILES_TAKEN, "accepted") - before, 1);
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 1);
}

static void files_are_taken_by_time_and_then_by_name(void **state)
{
	struct feeds *f = *state;

	put_aged(f, "c.csv", partly, 30000);
	put_aged(f, "b.csv", good, 20000);
	put_aged(f, "a.csv", other, 20000);
	two_looks(f);
	assert_int_equal(f->emits, 3);
	assert_has(f->origin, "/in/b.csv");
	assert_int_equal(f->nstored, 9);
	assert_f64(f->stored[2].value, 1390000000.0);
}

static void a_file_that_changed_is_a_new_document(void **state)
{
	struct feeds *f = *state;

	assert_int_equal(strlen(good), strlen(other));
	put(f, "a.csv", good);
	two_looks(f);
	put(f, "a.csv", other);
	two_looks(f);
	assert_int_equal(f->emits, 2);
	/* Back to what it was: that is news, too. */
	put(f, "a.csv", good);
	two_looks(f);
	assert_int_equal(f->emits, 3);
}

static void a_change_that_hides_behind_size_and_time_is_seen_by_the_inodes_time(void **state)
{
	struct feeds *f = *state;
	struct timespec t[2] = { { 1790000000, 0 }, { 1790000000, 0 } };

	put(f, "a.csv", good);
	assert_int_equal(utimensat(AT_FDCWD, in(f, "a.csv"), t, 0), 0);
	two_looks(f);
	tmp_write(in(f, "a.csv"), other, strlen(other));
	assert_int_equal(utimensat(AT_FDCWD, in(f, "a.csv"), t, 0), 0);
	two_looks(f);
	assert_int_equal(f->emits, 2);
}

static void the_same_bytes_are_no_new_document(void **state)
{
	struct feeds *f = *state;
	double before = feeds_counter(C_FILES_TAKEN, "same");

	put(f, "a.csv", good);
	two_looks(f);
	aged(f, "a.csv", 5000); /* touched */
	put(f, "b.csv", good);  /* copied */
	two_looks(f);
	assert_int_equal(rename(in(f, "b.csv"), in(f, "B.CSV")), 0);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_f64(feeds_counter(C_FILES_TAKEN, "same") - before, 3);
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 1);
}

static void a_file_of_which_rows_were_refused_is_tried_again_when_it_is_touched(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", partly);
	two_looks(f);
	assert_int_equal(feeds_status(f, "share").ncomplaints, 1);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	aged(f, "a.csv", 5000);
	two_looks(f);
	assert_int_equal(f->emits, 2);
}

static void a_rejected_file_stays_so_until_it_changes(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", html);
	put(f, "b.csv", "");
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	assert_has(feeds_status(f, "share").error, "2 of 2 files were rejected, the last: '");
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_has(feeds_status(f, "share").error, "2 of 2 files were rejected, the last: '");
	put(f, "b.csv", good);
	two_looks(f);
	assert_int_equal(f->nstored, 4);
	assert_has(feeds_status(f, "share").error,
		   "1 of 2 files were rejected, the last: 'a.csv': ");
	assert_has(feeds_status(f, "share").error, "HTML");
	put(f, "a.csv", other);
	two_looks(f);
	assert_string_equal(feeds_status(f, "share").error, "");
}

static void a_name_that_is_no_text_is_known_too(void **state)
{
	struct feeds *f = *state;

	put(f, "\xb1\xed a%\x01\xff.csv", good);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 1);
}

static void a_full_store_leaves_nothing_known(void **state)
{
	struct feeds *f = *state;

	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_FULL, "no space left");
	put(f, "a.csv", good);
	two_looks(f);
	restart(f, "always");
	f->mood = STORE_GOOD;
	two_looks(f);
	assert_int_equal(f->nstored, 4);
}

/* Killed after the store has answered and before that was written down. */
static void closing_before_it_is_written_down_reads_the_one_file_again(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	feeds_tick(f, 5000);
	f->mood = STORE_SLOW;
	loop_advance(f->loop, 5000);
	loop_settle(f->loop, NULL, NULL, FEEDS_PATIENCE_MS);
	assert_non_null(f->waiting);
	feeds_shut(f);
	feeds_answer(f->waiting, NULL);
	f->waiting = NULL;
	f->mood = STORE_GOOD;
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 2);
	two_looks(f);
	assert_int_equal(f->emits, 2);
}

static void a_torn_last_line_is_a_crash_and_costs_its_file_only(void **state)
{
	struct feeds *f = *state;
	struct stat st;

	put_aged(f, "a.csv", good, 20000);
	put(f, "b.csv", other);
	two_looks(f);
	assert_int_equal(stat(memory(f), &st), 0);
	feeds_shut(f);
	assert_int_equal(truncate(memory(f), st.st_size - 5), 0);
	feeds_logged(f, "time=");
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 3);
	assert_has(f->origin, "/in/b.csv");
	assert_int_equal(feeds_logged(f, "is damaged"), 0);
}

static void damage_is_said_and_costs_its_lines_only(void **state)
{
	struct feeds *f = *state;
	char *text, *at;
	size_t n;

	put_aged(f, "a.csv", good, 20000);
	put(f, "b.csv", other);
	two_looks(f);
	feeds_shut(f);
	text = tmp_read(memory(f), &n);
	at = strstr(text, "a.csv");
	assert_non_null(at);
	*at = 'x';
	tmp_write(memory(f), text, n);
	free(text);
	restart(f, "always");
	two_looks(f);
	assert_int_equal(feeds_logged(f, "is damaged\" feed=share"), 1);
	assert_int_equal(f->emits, 3);
	assert_has(f->origin, "/in/a.csv");
	/* It was written anew. */
	restart(f, "always");
	two_looks(f);
	assert_int_equal(feeds_logged(f, "is damaged"), 0);
	assert_int_equal(f->emits, 3);
}

static void what_is_no_memory_at_all_is_begun_anew(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	two_looks(f);
	feeds_shut(f);
	tmp_write(memory(f), "\0\0\0\0\n\n", 6);
	restart(f, "always");
	two_looks(f);
	assert_int_equal(feeds_logged(f, "is damaged\" feed=share"), 1);
	assert_int_equal(f->emits, 2);
}

static void who_takes_the_memory_away_has_everything_read_again(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	two_looks(f);
	assert_int_equal(unlink(memory(f)), 0);
	two_looks(f);
	assert_int_equal(f->emits, 2);
	two_looks(f);
	assert_int_equal(f->emits, 2);
}

static void a_memory_that_cannot_be_written_is_said_and_written_later(void **state)
{
	struct feeds *f = *state;

	assert_int_equal(mkdir(tmp_path(f->dir, "folders"), 0777), 0);
	assert_int_equal(mkdir(tmp_path(f->dir, "folders/share.folder.tmp"), 0777), 0);
	put(f, "a.csv", good);
	two_looks(f);
	assert_int_equal(feeds_status(f, "share").health, FEED_FAILING);
	assert_has(feeds_status(f, "share").error, "cannot be written");
	assert_int_equal(rmdir(tmp_path(f->dir, "folders/share.folder.tmp")), 0);
	two_looks(f);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	restart(f, "always");
	two_looks(f);
	assert_int_equal(f->emits, 1);
}

static void a_share_that_is_not_mounted_is_said_and_nothing_is_forgotten(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	put(f, "b.csv", other);
	two_looks(f);
	assert_int_equal(rename(in(f, ""), tmp_path(f->dir, "away")), 0);
	assert_int_equal(mkdir(in(f, ""), 0777), 0); /* the empty mount point */
	for (int day = 0; day < 30; day++)
		feeds_tick(f, 86400000);
	assert_has(feeds_status(f, "share").error,
		   "the folder is empty, and 2 files of it are known: is the share mounted?");
	assert_int_equal(feeds_logged(f, "msg=\"folder is empty\" feed=share"), 1);
	assert_int_equal(rmdir(in(f, "")), 0);
	assert_int_equal(rename(tmp_path(f->dir, "away"), in(f, "")), 0);
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_string_equal(feeds_status(f, "share").error, "");
}

static void a_file_that_is_missing_for_a_week_is_forgotten(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	put(f, "b.csv", other);
	two_looks(f);
	assert_int_equal(rename(in(f, "a.csv"), tmp_path(f->dir, "a.csv")), 0);
	for (int day = 0; day < 9; day++)
		feeds_tick(f, 86400000);
	assert_int_equal(rename(tmp_path(f->dir, "a.csv"), in(f, "a.csv")), 0);
	two_looks(f);
	assert_int_equal(f->emits, 3);
}

/* --- permissions -------------------------------------------------------------------------- */

/* Root may do everything, so that permissions only bite as somebody else. */
static void be_nobody(struct feeds *f, bool yes)
{
	if (getuid() != 0)
		return;
	if (yes) {
		assert_int_equal(chmod(f->dir, 0777), 0);
		assert_int_equal(chown(in(f, ""), 65534, 65534), 0);
	}
	assert_int_equal(seteuid(yes ? 65534 : 0), 0);
}

static void a_folder_that_may_not_be_written_keeps_its_files_and_says_so_once(void **state)
{
	struct feeds *f = *state;

	restart(f, "never");
	be_nobody(f, true);
	put(f, "a.csv", good);
	put(f, "b.csv", html);
	assert_int_equal(chmod(in(f, ""), 0555), 0);
	configure(f, "auto");
	two_looks(f);
	two_looks(f);
	be_nobody(f, false);
	assert_int_equal(f->emits, 2);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	assert_has(feeds_status(f, "share").error, "1 of 2 files were rejected, the last: 'b.csv'");
	assert_int_equal(feeds_logged(f, "msg=\"files and their reasons stay unmoved\" feed=share"),
			 1);
}

static void once_it_may_be_written_what_is_known_is_moved_unread(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	put(f, "b.csv", html);
	two_looks(f);
	assert_int_equal(f->emits, 2);
	restart(f, "auto");
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_true(there(f, "accepted/a.csv"));
	assert_true(there(f, "rejected/b.csv"));
	assert_true(there(f, "rejected/b.csv.reasons.txt"));
}

/* Everybody may make files, and nobody take another's away: a sticky folder. */
static void a_file_that_may_not_be_moved_is_known_from_then_on(void **state)
{
	struct feeds *f = *state;

	if (getuid() != 0)
		skip();
	put(f, "a.csv", good);
	put(f, "b.csv", html);
	assert_int_equal(chmod(in(f, ""), 01777), 0);
	assert_int_equal(chmod(f->dir, 0777), 0);
	assert_int_equal(seteuid(65534), 0);
	configure(f, "auto");
	two_looks(f);
	two_looks(f);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(f->emits, 2);
	assert_true(there(f, "a.csv"));
	assert_true(there(f, "b.csv"));
	assert_false(there(f, "rejected/b.csv.reasons.txt"));
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
	assert_int_equal(feeds_logged(f, "msg=\"files and their reasons stay unmoved\" feed=share"),
			 1);
}

static void a_file_that_may_not_be_read_is_taken_when_it_may(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	put(f, "b.csv", other);
	be_nobody(f, true);
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(chmod(in(f, "a.csv"), 0600), 0);
		assert_int_equal(seteuid(65534), 0);
	} else {
		assert_int_equal(chmod(in(f, "a.csv"), 0), 0);
	}
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_has(feeds_status(f, "share").error, "file 'a.csv' cannot be read: Permission");
	assert_int_equal(feeds_status(f, "share").health, FEED_FAILING);
	be_nobody(f, false);
	assert_int_equal(chmod(in(f, "a.csv"), 0644), 0);
	two_looks(f);
	assert_int_equal(f->emits, 2);
	assert_int_equal(feeds_status(f, "share").health, FEED_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_taken_stays_and_is_not_taken_again),
		T(files_are_taken_by_time_and_then_by_name),
		T(a_file_that_changed_is_a_new_document),
		T(a_change_that_hides_behind_size_and_time_is_seen_by_the_inodes_time),
		T(the_same_bytes_are_no_new_document),
		T(a_file_of_which_rows_were_refused_is_tried_again_when_it_is_touched),
		T(a_rejected_file_stays_so_until_it_changes),
		T(a_name_that_is_no_text_is_known_too),
		T(a_full_store_leaves_nothing_known),
		T(closing_before_it_is_written_down_reads_the_one_file_again),
		T(a_torn_last_line_is_a_crash_and_costs_its_file_only),
		T(damage_is_said_and_costs_its_lines_only),
		T(what_is_no_memory_at_all_is_begun_anew),
		T(who_takes_the_memory_away_has_everything_read_again),
		T(a_memory_that_cannot_be_written_is_said_and_written_later),
		T(a_share_that_is_not_mounted_is_said_and_nothing_is_forgotten),
		T(a_file_that_is_missing_for_a_week_is_forgotten),
		T(a_folder_that_may_not_be_written_keeps_its_files_and_says_so_once),
		T(once_it_may_be_written_what_is_known_is_moved_unread),
		T(a_file_that_may_not_be_moved_is_known_from_then_on),
		T(a_file_that_may_not_be_read_is_taken_when_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
