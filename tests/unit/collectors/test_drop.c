/*
 * Drop folders: which files are taken, where they go, and what does not stop the others.
 */
#include "tests/unit/collectors/in_folder.h"

#include "base/inflate.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char good[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.1\n乙山,1,2\n";

static const char feed_yaml[] = "- name: drop\n"
				"  folder: in\n"
				"  owner: bureau\n"
				"  format: csv\n"
				"  jitter: 0\n"
				"  body_limit: 1MiB\n"
				"  layout:\n"
				"    unit: {column: 园区}\n"
				"    indicator: {is: output_yuan}\n"
				"    period: {header: true}\n";

static int setup(void **state)
{
	struct feeds *f = feeds_open(false);

	assert_int_equal(mkdir(tmp_path(f->dir, "in"), 0777), 0);
	feeds_apply(f, feed_yaml);
	feeds_poll(f, "drop"); /* from here on every five seconds, at the end of a tick */
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

static void assert_content(struct feeds *f, const char *name, const char *want)
{
	size_t n;
	char *got = tmp_read(in(f, name), &n);

	if (!got)
		fail_msg("%s is not there", name);
	assert_string_equal(got, want);
	free(got);
}

static void assert_content_has(struct feeds *f, const char *name, const char *part)
{
	size_t n;
	char *got = tmp_read(in(f, name), &n);

	if (!got)
		fail_msg("%s is not there", name);
	assert_has(got, part);
	free(got);
}

/* Two looks far enough apart: a complete file is taken at the second. */
static void two_looks(struct feeds *f)
{
	feeds_tick(f, 5000);
	feeds_tick(f, 5000);
}

static void a_complete_file_is_stored_and_moved_to_accepted(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	put(f, "a.csv", good);
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 0);
	assert_true(there(f, "a.csv"));
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 1);
	assert_int_equal(f->nstored, 4);
	assert_string_equal(f->source, "drop");
	assert_string_equal(f->owner, "bureau");
	assert_string_equal(f->reason, "");
	assert_string_equal(f->address, "");
	feeds_assert_original(f, slice_str(good));
	assert_has(f->origin, "/in/a.csv");
	assert_int_equal(f->received_ms, clock_wall(&f->clock));
	assert_false(there(f, "a.csv"));
	assert_content(f, "accepted/a.csv", good);
	assert_false(there(f, "accepted/a.csv.reasons.txt"));

	s = feeds_status(f, "drop");
	assert_int_equal(s.health, FEED_OK);
	assert_string_equal(s.error, "");
	assert_int_equal(s.document->kept, 4);
	assert_int_equal(s.kept_total, 4);
	assert_int_equal(s.bytes_total, strlen(good));
	assert_int_equal(s.last_change_ms, clock_wall(&f->clock));
	assert_f64(feeds_counter(C_ROWS_KEPT, "drop"), 4);
	assert_int_equal(feeds_logged(f, "msg=\"document accepted\" feed=drop"), 1);
}

static void a_file_still_being_copied_is_left_alone(void **state)
{
	struct feeds *f = *state;
	char half[20];

	snprintf(half, sizeof(half), "%.18s", good);
	put(f, "a.csv", half);
	feeds_tick(f, 5000);
	put(f, "a.csv", good); /* it has grown */
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 0);
	/* Complete now, but written just before the look. */
	aged(f, "a.csv", -4500);
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 0);
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 1);
	assert_content(f, "accepted/a.csv", good);
}

static void a_file_from_the_future_counts_by_two_looks(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	aged(f, "a.csv", -3600000);
	two_looks(f);
	assert_true(there(f, "accepted/a.csv"));
}

static void a_locked_file_waits_for_its_writer(void **state)
{
	struct feeds *f = *state;
	int fd;

	put(f, "a.csv", good);
	fd = open(in(f, "a.csv"), O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	two_looks(f);
	assert_int_equal(f->emits, 0);
	assert_string_equal(feeds_status(f, "drop").error, "");
	close(fd);
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 1);
	assert_true(there(f, "accepted/a.csv"));
}

static void what_is_no_delivery_is_ignored(void **state)
{
	struct feeds *f = *state;
	static const char *const names[] = { "~$a.csv",     ".hidden.csv",   "a.csv.tmp",
					     "a.csv.PART",  "a.partial",     "a.crdownload",
					     ".a.csv.swp",  "a.csv~",        "b.swp",
					     ".nfs0000a1",  ".~lock.a.csv#", "Thumbs.db",
					     "DESKTOP.INI", ".DS_Store",     "a.csv.filepart" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		put(f, names[i], good);
	assert_int_equal(mkdir(in(f, "folder.csv"), 0777), 0);
	assert_int_equal(mkfifo(in(f, "pipe.csv"), 0666), 0);
	assert_int_equal(symlink("/etc/hostname", in(f, "link.csv")), 0);
	two_looks(f);
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(there(f, names[i]));
	assert_true(there(f, "link.csv"));
	assert_string_equal(feeds_status(f, "drop").error, "");
}

static void a_pattern_chooses_files(void **state)
{
	struct feeds *f = *state;
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "%s  pattern: '省*.csv'\n", feed_yaml);
	feeds_apply(f, yaml);
	put(f, "省1.csv", good);
	put(f, "other.csv", good);
	two_looks(f);
	feeds_tick(f, 5000);
	assert_true(there(f, "accepted/省1.csv"));
	assert_true(there(f, "other.csv"));
}

/* 园区,2026年10月 / 甲河,13.1 / 无此园,5 / 乙山,abc in GBK. */
static const char gbk[] = "\xd4\xb0\xc7\xf8,2026\xc4\xea"
			  "10\xd4\xc2\n\xbc\xd7\xba\xd3,13.1\n\xce\xde\xb4\xcb\xd4\xb0,5\n"
			  "\xd2\xd2\xc9\xbd,abc\n";

static void a_gbk_file_with_broken_rows_is_accepted_with_the_reasons_beside_it(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	put(f, "a.csv", gbk);
	two_looks(f);
	assert_int_equal(f->nstored, 1);
	assert_f64(f->stored[0].value, 1310000000.0);
	assert_content(f, "accepted/a.csv", gbk);
	assert_content_has(f, "accepted/a.csv.reasons.txt", "3:");
	assert_content_has(f, "accepted/a.csv.reasons.txt", ": unit: ");
	assert_content_has(f, "accepted/a.csv.reasons.txt", "无此园");
	assert_content_has(f, "accepted/a.csv.reasons.txt", "4:4: value: 'abc' is not a number\n");
	s = feeds_status(f, "drop");
	assert_int_equal(s.document->kept, 1);
	assert_int_equal(s.document->refused, 2);
	assert_int_equal(s.ncomplaints, 2);
	assert_int_equal(s.complaints[1].line, 4);
	assert_has(s.complaints[0].text, "无此园");
	assert_int_equal(s.health, FEED_OK);
}

static void an_empty_file_goes_to_rejected(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	put(f, "a.csv", "");
	two_looks(f);
	assert_false(there(f, "a.csv"));
	assert_content(f, "rejected/a.csv", "");
	assert_content(f, "rejected/a.csv.reasons.txt", "1:1: invalid: the file is empty\n");
	assert_string_equal(f->reason, "the file is empty");
	assert_int_equal(f->original_bytes, 0);
	s = feeds_status(f, "drop");
	assert_int_equal(s.health, FEED_OK);
	assert_int_equal(s.failures, 0);
	assert_string_equal(s.error, "'a.csv' was rejected: the file is empty");
	assert_int_equal(feeds_logged(f, "msg=\"document rejected\" feed=drop"), 1);
	/* It stays to be read until something good has come. */
	feeds_tick(f, 5000);
	assert_has(feeds_status(f, "drop").error, "was rejected");
	put(f, "b.csv", good);
	two_looks(f);
	assert_string_equal(feeds_status(f, "drop").error, "");
}

static void a_file_of_which_nothing_could_be_kept_goes_to_rejected(void **state)
{
	struct feeds *f = *state;

	put(f, "html.csv", "<!DOCTYPE html><html><body>503</body></html>\n");
	put(f, "none.csv", "园区,2026年10月\n谁,1\n");
	put(f, "zero.csv", "园区,2026年10月\n");
	two_looks(f);
	assert_int_equal(f->emits, 3); /* that they came is on record */
	assert_int_equal(f->nstored, 0);
	assert_content_has(f, "rejected/html.csv.reasons.txt", "HTML");
	assert_content_has(f, "rejected/none.csv.reasons.txt", "2:");
	assert_content_has(f, "rejected/none.csv.reasons.txt", ": unit: ");
	assert_content_has(f, "rejected/zero.csv.reasons.txt", "the file has no figures");
}

static void a_rejected_file_is_put_on_record_with_its_bytes_and_the_reason(void **state)
{
	static const char html[] = "<!DOCTYPE html><html><body>503</body></html>\n";
	struct feeds *f = *state;

	put(f, "html.csv", html);
	two_looks(f);
	assert_int_equal(f->emits, 1);
	assert_has(f->reason, "this is an HTML page");
	assert_has(f->origin, "/in/html.csv");
	feeds_assert_original(f, slice_str(html));
	put(f, "zero.csv", "园区,2026年10月\n");
	two_looks(f);
	assert_string_equal(f->reason, "the file has no figures");
	assert_content(f, "rejected/zero.csv.reasons.txt",
		       "1:1: invalid: the file has no figures\n");
}

static void a_rejected_file_waits_while_the_store_is_full(void **state)
{
	struct feeds *f = *state;

	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_FULL, "no space left");
	put(f, "a.csv", "<html>\n");
	put(f, "b.csv", "");
	two_looks(f);
	assert_true(there(f, "a.csv"));
	assert_true(there(f, "b.csv"));
	assert_has(feeds_status(f, "drop").error, "no space left");
	f->mood = STORE_GOOD;
	feeds_tick(f, 60000);
	assert_true(there(f, "rejected/a.csv"));
	assert_true(there(f, "rejected/b.csv"));
}

static void a_file_of_200_mb_is_rejected_unread(void **state)
{
	struct feeds *f = *state;
	double before = feeds_counter(C_FILES_TAKEN, "rejected");
	struct stat st;

	put(f, "big.csv", good);
	assert_int_equal(truncate(in(f, "big.csv"), 200 << 20), 0);
	aged(f, "big.csv", 10000);
	put(f, "small.csv", good);
	two_looks(f);
	assert_int_equal(stat(in(f, "rejected/big.csv"), &st), 0);
	assert_int_equal(st.st_size, 200 << 20);
	assert_content(f, "rejected/big.csv.reasons.txt",
		       "1:1: limit: the file has 209715200 bytes, more than the 1048576 of "
		       "body_limit\n");
	assert_true(there(f, "accepted/small.csv"));
	assert_f64(feeds_counter(C_FILES_TAKEN, "rejected") - before, 1);
}

static void a_name_that_is_taken_gets_a_number(void **state)
{
	struct feeds *f = *state;
	char broken[200];

	snprintf(broken, sizeof(broken), "%s谁,1,1\n", good);
	put(f, "a.csv", good);
	two_looks(f);
	put(f, "a.csv", broken);
	two_looks(f);
	put(f, "a.csv", broken);
	two_looks(f);
	assert_int_equal(f->emits, 3);
	assert_content(f, "accepted/a.csv", good);
	assert_content(f, "accepted/a.csv.1", broken);
	assert_content(f, "accepted/a.csv.2", broken);
	assert_false(there(f, "accepted/a.csv.reasons.txt"));
	assert_true(there(f, "accepted/a.csv.1.reasons.txt"));
	assert_true(there(f, "accepted/a.csv.2.reasons.txt"));
	assert_false(there(f, "accepted/.a.csv.tmp"));
}

static void a_name_as_long_as_a_name_can_be_is_moved_too(void **state)
{
	struct feeds *f = *state;
	char name[256], path[300];

	memset(name, 'n', 255);
	name[255] = '\0';
	put(f, name, "");
	two_looks(f);
	snprintf(path, sizeof(path), "rejected/%s", name);
	assert_true(there(f, path));
	memcpy(name + 243, ".reasons.txt", 12);
	snprintf(path, sizeof(path), "rejected/%s", name);
	assert_true(there(f, path));
}

static void reasons_left_by_a_crash_are_written_anew(void **state)
{
	struct feeds *f = *state;

	feeds_tick(f, 5000); /* makes the folders */
	tmp_write(in(f, "rejected/a.csv.reasons.txt"), "half", 4);
	put(f, "a.csv", "");
	two_looks(f);
	assert_content(f, "rejected/a.csv", "");
	assert_content(f, "rejected/a.csv.reasons.txt", "1:1: invalid: the file is empty\n");
}

static void a_folder_that_disappears_is_warned_of_once_and_taken_up_again(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;
	int64_t gone;

	feeds_tick(f, 5000);
	assert_int_equal(rename(in(f, ""), tmp_path(f->dir, "away")), 0);
	feeds_logged(f, "time=");
	feeds_tick(f, 5000);
	gone = clock_wall(&f->clock);
	feeds_tick(f, 5000);
	feeds_tick(f, 10000);
	feeds_tick(f, 20000);
	s = feeds_status(f, "drop");
	assert_int_equal(s.health, FEED_FAILING);
	assert_true(s.failures >= 3);
	assert_in_range(s.failing_since_ms, gone - 5000, gone);
	assert_has(s.error, "/in: No such file or directory");
	assert_int_equal(feeds_logged(f, "msg=\"feed failed\" feed=drop"), 1);
	assert_f64(feeds_counter(C_FEED_UP, "drop"), 0);

	assert_int_equal(rename(tmp_path(f->dir, "away"), tmp_path(f->dir, "in")), 0);
	put(f, "a.csv", good);
	feeds_tick(f, 60000);
	feeds_tick(f, 5000);
	assert_true(there(f, "accepted/a.csv"));
	s = feeds_status(f, "drop");
	assert_int_equal(s.health, FEED_OK);
	assert_int_equal(s.failing_since_ms, 0);
	assert_string_equal(s.error, "");
	assert_f64(feeds_counter(C_FEED_UP, "drop"), 1);
	assert_int_equal(feeds_logged(f, "msg=\"feed recovered\" feed=drop"), 1);
}

/* Root may do everything, so that permissions only bite as somebody else. */
static void be_nobody(struct feeds *f, bool yes)
{
	if (getuid() != 0)
		return;
	if (yes) {
		assert_int_equal(chmod(f->dir, 0777), 0);
		assert_int_equal(chown(in(f, ""), 65534, 65534), 0);
		assert_int_equal(chown(in(f, "accepted"), 65534, 65534), 0);
		assert_int_equal(chown(in(f, "rejected"), 65534, 65534), 0);
	}
	assert_int_equal(seteuid(yes ? 65534 : 0), 0);
}

static void an_unreadable_file_is_rejected_and_holds_up_nobody(void **state)
{
	struct feeds *f = *state;

	be_nobody(f, true);
	put(f, "a.csv", good);
	aged(f, "a.csv", 20000);
	assert_int_equal(chmod(in(f, "a.csv"), 0), 0);
	put(f, "b.csv", good);
	two_looks(f);
	be_nobody(f, false);
	assert_true(there(f, "accepted/b.csv"));
	assert_true(there(f, "rejected/a.csv"));
	assert_content(f, "rejected/a.csv.reasons.txt",
		       "1:1: io: file 'a.csv' cannot be read: Permission denied\n");
}

static void with_keep_never_a_folder_that_cannot_be_written_takes_nothing(void **state)
{
	struct feeds *f = *state;

	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "%s  keep: never\n", feed_yaml);
	feeds_apply(f, yaml);
	feeds_poll(f, "drop");
	be_nobody(f, true);
	put(f, "a.csv", good);
	assert_int_equal(chmod(in(f, ""), 0555), 0);
	two_looks(f);
	assert_has(feeds_status(f, "drop").error,
		   "no file is taken, for it could not be moved away: drop folder");
	assert_has(feeds_status(f, "drop").error, "is not writable: Permission denied");
	assert_int_equal(feeds_status(f, "drop").health, FEED_FAILING);
	assert_int_equal(f->emits, 0);
	assert_int_equal(chmod(in(f, ""), 0755), 0);
	feeds_poll(f, "drop");
	feeds_tick(f, 5000);
	be_nobody(f, false);
	assert_true(there(f, "accepted/a.csv"));
	assert_string_equal(feeds_status(f, "drop").error, "");
}

static void a_store_that_is_full_leaves_the_files_where_they_are(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	put(f, "b.csv", good);
	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_FULL, "the disk is full");
	two_looks(f);
	assert_int_equal(f->emits, 1); /* the second would fare no better */
	assert_true(there(f, "a.csv"));
	assert_true(there(f, "b.csv"));
	assert_string_equal(feeds_status(f, "drop").error, "the disk is full");
	assert_int_equal(feeds_status(f, "drop").health, FEED_FAILING);
	f->mood = STORE_GOOD;
	feeds_tick(f, 10000);
	assert_int_equal(f->nstored, 8);
	assert_true(there(f, "accepted/a.csv"));
	assert_true(there(f, "accepted/b.csv"));
	assert_int_equal(feeds_status(f, "drop").health, FEED_OK);
}

static void a_commit_that_fails_leaves_the_file_where_it_is(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	f->mood = STORE_FAILS;
	err_set(&f->mood_err, ERR_IO, "the commit failed");
	two_looks(f);
	assert_true(there(f, "a.csv"));
	assert_string_equal(feeds_status(f, "drop").error, "the commit failed");
	f->mood = STORE_GOOD;
	feeds_tick(f, 10000);
	assert_true(there(f, "accepted/a.csv"));
}

/* a.csv is read, and the store does not answer yet. */
static void give_to_slow_store(struct feeds *f)
{
	put(f, "a.csv", good);
	feeds_tick(f, 5000);
	f->mood = STORE_SLOW;
	loop_advance(f->loop, 5000);
	loop_settle(f->loop, NULL, NULL, FEEDS_PATIENCE_MS);
	assert_non_null(f->waiting);
}

static void a_file_replaced_after_it_was_read_is_not_moved_unread(void **state)
{
	struct feeds *f = *state;

	give_to_slow_store(f);
	/* Its office sends another file under the name while the store writes. */
	tmp_write(in(f, "new"), "园区,2026年10月\n甲河,99\n", strlen("园区,2026年10月\n甲河,99\n"));
	assert_int_equal(rename(in(f, "new"), in(f, "a.csv")), 0);
	aged(f, "a.csv", 10000);
	f->mood = STORE_GOOD;
	feeds_keep(f, f->waiting->batch);
	feeds_answer(f->waiting, NULL);
	f->waiting = NULL;
	feeds_idle(f);
	assert_true(there(f, "a.csv"));
	assert_false(there(f, "accepted/a.csv"));
	two_looks(f);
	assert_int_equal(f->nstored, 5);
	assert_f64(f->stored[4].value, 9.9e9);
	assert_true(there(f, "accepted/a.csv"));
}

static void packed_files_are_unpacked_and_broken_ones_rejected(void **state)
{
	struct feeds *f = *state;
	struct buf gz;

	buf_init(&gz, 65536);
	assert_ok(deflate_body(slice_str(good), &gz, &f->e), &f->e);
	tmp_write(in(f, "a.csv.gz"), gz.p, gz.n);
	aged(f, "a.csv.gz", 10000);
	tmp_write(in(f, "b.csv.gz"), gz.p, gz.n - 9);
	aged(f, "b.csv.gz", 10000);
	two_looks(f);
	assert_int_equal(f->nstored, 4);
	assert_true(there(f, "accepted/a.csv.gz"));
	/* What lies in the folder is the original, packed as it is; of the broken one too. */
	assert_int_equal(f->emits, 2);
	feeds_assert_original(f, slice_of(gz.p, gz.n - 9));
	assert_has(f->reason, "gzip data ends after");
	assert_content_has(f, "rejected/b.csv.gz.reasons.txt",
			   "1:1: invalid: gzip data ends after");
	buf_release(&gz);
}

static void at_most_a_hundred_files_are_taken_at_once_oldest_first(void **state)
{
	struct feeds *f = *state;
	char name[20];

	for (int i = 0; i < 103; i++) {
		snprintf(name, sizeof(name), "%03d.csv", i);
		put(f, name, good);
		aged(f, name, 10000 + i * 1000); /* the last is the oldest */
	}
	two_looks(f);
	assert_int_equal(f->emits, 100);
	assert_true(there(f, "accepted/102.csv"));
	assert_true(there(f, "accepted/003.csv"));
	assert_true(there(f, "002.csv"));
	feeds_tick(f, 5000);
	assert_int_equal(f->emits, 103);
	assert_true(there(f, "accepted/000.csv"));
}

static void closing_while_the_store_writes_waits_for_its_answer(void **state)
{
	struct feeds *f = *state;

	give_to_slow_store(f);
	feeds_shut(f);
	assert_false(f->closed);
	feeds_answer(f->waiting, NULL);
	assert_true(f->closed);
	/* Not moved: at the next start it is read again, and equal figures are free. */
	assert_true(there(f, "a.csv"));
}

static void closing_in_the_middle_of_a_look_ends_it(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	assert_ok(collector_poll(f->c, "drop", &f->e), &f->e);
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->emits, 0);
}

static void a_feed_that_was_removed_finishes_the_file_in_hand(void **state)
{
	struct feeds *f = *state;

	put(f, "a.csv", good);
	aged(f, "a.csv", 20000);
	put(f, "b.csv", good);
	feeds_tick(f, 5000);
	f->mood = STORE_SLOW;
	loop_advance(f->loop, 5000);
	loop_settle(f->loop, NULL, NULL, FEEDS_PATIENCE_MS);
	feeds_apply(f, "[]");
	assert_int_equal(collector_feeds(f->c), 0);
	f->mood = STORE_GOOD;
	feeds_answer(f->waiting, NULL);
	f->waiting = NULL;
	feeds_idle(f);
	assert_true(there(f, "accepted/a.csv"));
	assert_true(there(f, "b.csv"));
	assert_int_equal(f->emits, 1);
	assert_f64(feeds_counter(C_ROWS_KEPT, "drop"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_complete_file_is_stored_and_moved_to_accepted),
		T(a_file_still_being_copied_is_left_alone),
		T(a_file_from_the_future_counts_by_two_looks),
		T(a_locked_file_waits_for_its_writer),
		T(what_is_no_delivery_is_ignored),
		T(a_pattern_chooses_files),
		T(a_gbk_file_with_broken_rows_is_accepted_with_the_reasons_beside_it),
		T(an_empty_file_goes_to_rejected),
		T(a_file_of_which_nothing_could_be_kept_goes_to_rejected),
		T(a_rejected_file_is_put_on_record_with_its_bytes_and_the_reason),
		T(a_rejected_file_waits_while_the_store_is_full),
		T(a_file_of_200_mb_is_rejected_unread),
		T(a_name_that_is_taken_gets_a_number),
		T(a_name_as_long_as_a_name_can_be_is_moved_too),
		T(reasons_left_by_a_crash_are_written_anew),
		T(a_folder_that_disappears_is_warned_of_once_and_taken_up_again),
		T(an_unreadable_file_is_rejected_and_holds_up_nobody),
		T(with_keep_never_a_folder_that_cannot_be_written_takes_nothing),
		T(a_store_that_is_full_leaves_the_files_where_they_are),
		T(a_commit_that_fails_leaves_the_file_where_it_is),
		T(a_file_replaced_after_it_was_read_is_not_moved_unread),
		T(packed_files_are_unpacked_and_broken_ones_rejected),
		T(at_most_a_hundred_files_are_taken_at_once_oldest_first),
		T(closing_while_the_store_writes_waits_for_its_answer),
		T(closing_in_the_middle_of_a_look_ends_it),
		T(a_feed_that_was_removed_finishes_the_file_in_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
