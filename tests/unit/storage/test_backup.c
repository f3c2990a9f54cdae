/* test_backup.c - backup and restore of a store at rest: what is refused, damage, full disks. */
#include "base/crc32c.h"
#include "storage/backup.h"
#include "storage/manifest.h"
#include "tests/lib/starve.h"
#include "tests/unit/storage/help.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 256, PAGE = 4096 };

/* A folder with a store that has something of everything: partitions, a run, a log file. */
struct places {
	char *dir;
	char data[PATH_BYTES], backup[PATH_BYTES], new[PATH_BYTES];
	struct err e;
};

static void fill_store(const char *dir)
{
	struct labels *figure = series_named("figure", "p"), *plain = series_named("plain", "p");
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .seal_samples = 60 };
	struct err e = { 0 };
	struct store *s = store_open(&o, &e);

	assert_non_null(s);
	for (int i = 1; i <= 200; i++) {
		if (i % 10 == 0)
			assert_ok(put_figure(s, figure, i, i, 5, 5, NULL, &e), &e);
		assert_ok(put_sample(s, plain, i, i, &e), &e);
		if (i == 60)
			assert_ok(store_flush(s, &e), &e);
	}
	store_close(s);
	labels_unref(figure);
	labels_unref(plain);
}

static int set_up(void **state)
{
	struct places *p = calloc(1, sizeof(*p));

	p->dir = tmp_make();
	snprintf(p->data, sizeof(p->data), "%s", tmp_path(p->dir, "data"));
	snprintf(p->backup, sizeof(p->backup), "%s", tmp_path(p->dir, "backup"));
	snprintf(p->new, sizeof(p->new), "%s", tmp_path(p->dir, "new"));
	fill_store(p->data);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct places *p = *state;

	tmp_remove(p->dir);
	free(p);
	return 0;
}

static int back_up(struct places *p)
{
	return store_backup(&(struct backup_options){ .dir = p->data, .to = p->backup }, NULL,
			    &p->e);
}

static int bring_back(struct places *p)
{
	return store_restore(&(struct restore_options){ .from = p->backup, .dir = p->new }, NULL,
			     &p->e);
}

static bool exists(const char *dir, const char *name)
{
	struct stat st;

	return lstat(tmp_path(dir, name), &st) == 0;
}

static void assert_all_there(const char *dir)
{
	struct labels *figure = series_named("figure", "p"), *plain = series_named("plain", "p");
	struct store *s = must_open(dir);
	struct snapshot *v = must_snapshot(s);
	struct err e = { 0 };
	struct vintage *figures;
	struct sample *x;
	struct arena a;
	size_t n;

	arena_init(&a, 64 << 20);
	assert_ok(read_samples(v, id_of(v, plain), INT64_MIN, INT64_MAX, &a, &x, &n, &e), &e);
	assert_int_equal(n, 200);
	for (int i = 0; i < 200; i++)
		assert_f64(x[i].value, i + 1);
	assert_ok(snapshot_figures(v, id_of(v, figure), INT64_MIN, INT64_MAX, VIEW_LATEST, &a,
				   &figures, &n, &e),
		  &e);
	assert_int_equal(n, 20);
	for (int i = 0; i < 20; i++)
		assert_f64(figures[i].value, 10 * (i + 1));
	arena_release(&a);
	snapshot_close(v);
	store_close(s);
	labels_unref(figure);
	labels_unref(plain);
}

/* --- the straight way --------------------------------------------------------------------- */

static void what_is_restored_is_the_store_and_goes_on(void **state)
{
	struct places *p = *state;
	struct labels *plain = series_named("plain", "p");
	struct backup_result made, restored;
	struct store *s;

	assert_ok(store_backup(&(struct backup_options){ .dir = p->data, .to = p->backup }, &made,
			       &p->e),
		  &p->e);
	assert_int_equal(made.sequence, 20);
	assert_sound(p->backup);
	assert_ok(store_restore(&(struct restore_options){ .from = p->backup, .dir = p->new },
				&restored, &p->e),
		  &p->e);
	assert_int_equal(restored.files, made.files);
	assert_int_equal(restored.bytes, made.bytes);
	assert_int_equal(restored.made_ms, made.made_ms);
	assert_int_equal(restored.sequence, 20);
	assert_sound(p->new);
	assert_all_there(p->new);
	s = must_open(p->new);
	assert_ok(put_sample(s, plain, 1000, 5, &p->e), &p->e);
	assert_ok(store_flush(s, &p->e), &p->e);
	store_close(s);
	assert_sound(p->new);
	/* Neither the store nor the backup has changed. */
	assert_all_there(p->data);
	tmp_remove(strdup(p->new));
	assert_ok(bring_back(p), &p->e);
	assert_all_there(p->new);
	labels_unref(plain);
}

static void a_backup_can_be_backed_up(void **state)
{
	struct places *p = *state;

	assert_ok(back_up(p), &p->e);
	assert_ok(store_backup(&(struct backup_options){ .dir = p->backup, .to = p->new }, NULL,
			       &p->e),
		  &p->e);
	assert_all_there(p->new);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void it_keeps_to_its_rate(void **state)
{
	struct places *p = *state;
	const uint64_t rate = 200 << 10;
	struct backup_result made;
	int64_t began = now_ns();

	assert_ok(store_backup(
			  &(struct backup_options){ .dir = p->data, .to = p->backup, .rate = rate },
			  &made, &p->e),
		  &p->e);
	assert_true(made.bytes > rate / 20);
	assert_true((double)(now_ns() - began) >= 1e9 * (double)made.bytes / (double)rate);
}

static void a_lost_and_found_is_no_content(void **state)
{
	struct places *p = *state;

	assert_ok(back_up(p), &p->e);
	assert_int_equal(mkdir(p->new, 0700), 0);
	assert_int_equal(mkdir(tmp_path(p->new, "lost+found"), 0700), 0);
	assert_ok(bring_back(p), &p->e);
	assert_all_there(p->new);
}

/* --- what is refused ------------------------------------------------------------------------ */

static void a_backup_does_not_replace_anything(void **state)
{
	struct places *p = *state;

	assert_int_equal(mkdir(p->backup, 0700), 0);
	assert_fails(back_up(p), &p->e, ERR_EXISTS,
		     "/backup is there already: name a folder that is not");
	assert_int_equal(rmdir(p->backup), 0);
	tmp_write(p->backup, "x", 1);
	assert_fails(back_up(p), &p->e, ERR_EXISTS, "is there already");
	assert_int_equal(unlink(p->backup), 0);
	/* Something of that name that parkwatch has not made. */
	assert_int_equal(mkdir(tmp_path(p->dir, "backup.unfinished"), 0700), 0);
	tmp_write(tmp_path(p->dir, "backup.unfinished/letters"), "x", 1);
	assert_fails(back_up(p), &p->e, ERR_EXISTS,
		     "/backup.unfinished is in the way, and nothing that parkwatch left there");
	tmp_write(tmp_path(p->dir, "backup.unfinished/MANIFEST"), "of Communism", 12);
	assert_fails(back_up(p), &p->e, ERR_EXISTS, "is in the way");
	tmp_write(tmp_path(p->dir, "backup.unfinished/MANIFEST"), manifest_unfinished,
		  strlen(manifest_unfinished));
	assert_fails(back_up(p), &p->e, ERR_EXISTS,
		     "backup.unfinished holds what is no part of a store: letters");
	assert_true(exists(p->dir, "backup.unfinished/letters"));
	assert_int_equal(unlink(tmp_path(p->dir, "backup.unfinished/letters")), 0);
	assert_ok(back_up(p), &p->e);
}

static void without_a_store_there_is_no_backup(void **state)
{
	struct places *p = *state;
	struct backup_options o = { .dir = p->new, .to = p->backup };

	assert_fails(store_backup(&o, NULL, &p->e), &p->e, ERR_NOT_FOUND, "cannot look at ");
	assert_int_equal(mkdir(p->new, 0700), 0);
	assert_fails(store_backup(&o, NULL, &p->e), &p->e, ERR_NOT_FOUND, "there is no store in ");
	o = (struct backup_options){ .dir = p->data, .to = tmp_path(p->dir, "not/there") };
	assert_fails(store_backup(&o, NULL, &p->e), &p->e, ERR_NOT_FOUND, "/not: No such file");
	o.to = "";
	assert_fails(store_backup(&o, NULL, &p->e), &p->e, ERR_INVALID, "'' is no name");
	assert_false(exists(p->dir, "backup.unfinished"));
}

static void a_process_does_not_back_up_what_it_has_open(void **state)
{
	struct places *p = *state;
	struct store *s = must_open(p->data);

	assert_fails(back_up(p), &p->e, ERR_BUSY, "is open in this very process");
	store_close(s);
}

static void once_more(void *ctx, enum backup_step step)
{
	struct places *p = ctx;
	struct err e = { 0 };

	if (step == BACKUP_HELD)
		assert_fails(store_backup(&(struct backup_options){ .dir = p->data,
								    .to = p->backup },
					  NULL, &e),
			     &e, ERR_BUSY, "");
	if (step == BACKUP_READING)
		assert_fails(store_backup(&(struct backup_options){ .dir = p->data,
								    .to = p->backup },
					  NULL, &e),
			     &e, ERR_BUSY, "another process is filling ");
}

static void two_backups_to_one_name_do_not_mix(void **state)
{
	struct places *p = *state;

	assert_ok(store_backup(&(struct backup_options){ .dir = p->data,
							 .to = p->backup,
							 .step = once_more,
							 .ctx = p },
			       NULL, &p->e),
		  &p->e);
	assert_ok(bring_back(p), &p->e);
	assert_all_there(p->new);
}

static void a_restore_does_not_replace_anything(void **state)
{
	struct places *p = *state;
	struct restore_options o = { .from = p->backup, .dir = p->data };
	struct store *s;

	assert_ok(back_up(p), &p->e);
	assert_fails(store_restore(&o, NULL, &p->e), &p->e, ERR_EXISTS, " is not empty, it holds ");
	assert_all_there(p->data);
	s = must_open(p->data);
	assert_fails(store_restore(&o, NULL, &p->e), &p->e, ERR_EXISTS, " is not empty, it holds ");
	store_close(s);
	o.dir = tmp_path(p->backup, "VERSION");
	assert_fails(store_restore(&o, NULL, &p->e), &p->e, ERR_INVALID, " is not a folder");
}

/* --- damage -------------------------------------------------------------------------------- */

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t x;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &x, 1, at), 1);
	x ^= 0x10;
	assert_int_equal(pwrite(fd, &x, 1, at), 1);
	close(fd);
}

/* The first file in a folder of the backup. */
static void first_file(char out[PATH_BYTES], const char *dir, const char *sub)
{
	char *list = NULL, command[2 * PATH_BYTES];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "ls %s/%s", dir, sub);
	f = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_true(getline(&list, &n, f) > 1);
	list[strcspn(list, "\n")] = '\0';
	pclose(f);
	snprintf(out, PATH_BYTES, "%s", tmp_path(tmp_path(dir, sub), list));
	free(list);
}

static void assert_refused(struct places *p, const char *file, const char *why)
{
	assert_fails(bring_back(p), &p->e, ERR_CORRUPT, why);
	assert_has(p->e.text, file);
	assert_false(exists(p->dir, "new"));
}

static void a_damaged_backup_is_refused_and_the_file_named(void **state)
{
	struct places *p = *state;
	char run[PATH_BYTES], log[PATH_BYTES], aside[PATH_BYTES], data[PATH_BYTES];
	struct stat st;

	assert_ok(back_up(p), &p->e);
	first_file(run, p->backup, "runs");
	first_file(log, p->backup, "log");
	snprintf(data, sizeof(data), "%s", tmp_path(p->backup, "data.mdb"));
	snprintf(aside, sizeof(aside), "%s", tmp_path(p->dir, "aside"));
	assert_int_equal(stat(log, &st), 0);

	flip(data, 5 * PAGE + 100);
	assert_refused(p, data, "is damaged: its checksum is not that in the manifest");
	flip(data, 5 * PAGE + 100);
	assert_int_equal(rename(run, aside), 0);
	assert_refused(p, run, "is missing");
	assert_int_equal(symlink(aside, run), 0);
	assert_fails(bring_back(p), &p->e, ERR_IO, run);
	assert_int_equal(rename(aside, run), 0);
	assert_int_equal(truncate(log, st.st_size - 1), 0);
	assert_refused(p, log, "is damaged: its length is not that in the manifest");
	assert_int_equal(truncate(log, st.st_size), 0);
	flip(log, st.st_size - 1);
	assert_refused(p, log, "is damaged: its checksum");
	flip(tmp_path(p->backup, "MANIFEST"), 40);
	assert_fails(bring_back(p), &p->e, ERR_CORRUPT, "MANIFEST");
	assert_has(p->e.text, p->backup);
	tmp_write(tmp_path(p->backup, "MANIFEST"), manifest_unfinished,
		  strlen(manifest_unfinished));
	assert_refused(p, p->backup, "the backup was not finished");
	assert_int_equal(unlink(tmp_path(p->backup, "MANIFEST")), 0);
	assert_fails(bring_back(p), &p->e, ERR_NOT_FOUND, "is no backup: it has no MANIFEST");
	assert_false(exists(p->dir, "new"));
}

/* As if it had been made of a damaged store: the manifest agrees. */
static void a_backup_is_checked_besides_its_sums(void **state)
{
	struct places *p = *state;
	struct manifest m;
	struct buf text;
	char *was, *run;
	size_t n;

	assert_ok(back_up(p), &p->e);
	was = tmp_read(tmp_path(p->backup, "MANIFEST"), &n);
	assert_ok(manifest_read(&m, slice_of(was, n), &p->e), &p->e);
	for (size_t i = 0; i < m.n; i++) {
		if (strncmp(m.files[i].name, "runs/", 5) != 0)
			continue;
		flip(tmp_path(p->backup, m.files[i].name), 60);
		run = tmp_read(tmp_path(p->backup, m.files[i].name), &n);
		m.files[i].crc = crc32c(0, run, n);
		free(run);
		break;
	}
	buf_init(&text, 1 << 20);
	manifest_write(&m, &text);
	tmp_write(tmp_path(p->backup, "MANIFEST"), text.p, text.n);
	buf_release(&text);
	manifest_release(&m);
	free(was);
	assert_refused(p, p->backup, "1 faults, the first one: ");
	assert_has(p->e.text, "plain{park=\"p\"}");
}

static void a_damaged_store_gives_no_backup(void **state)
{
	struct places *p = *state;
	char run[PATH_BYTES];

	first_file(run, p->data, "runs");
	flip(run, 60);
	assert_fails(back_up(p), &p->e, ERR_CORRUPT, "faults, the first one: ");
	assert_has(p->e.text, p->data);
	assert_false(exists(p->dir, "backup"));
	assert_false(exists(p->dir, "backup.unfinished"));
	flip(run, 60);
	assert_ok(back_up(p), &p->e);
}

static void a_store_that_is_cut_off_gives_no_backup(void **state)
{
	struct places *p = *state;

	assert_int_equal(truncate(tmp_path(p->data, "data.mdb"), 3 * PAGE), 0);
	assert_fails(back_up(p), &p->e, ERR_CORRUPT, "");
	assert_false(exists(p->dir, "backup.unfinished"));
	assert_int_equal(truncate(tmp_path(p->data, "data.mdb"), 0), 0);
	assert_fails(back_up(p), &p->e, ERR_CORRUPT, "data.mdb is missing or empty");
}

/* LMDB does not copy such a file by walking its trees. Both meta pages are told of one page more.
 */
static void a_page_that_nobody_owns_does_not_stop_a_backup(void **state)
{
	struct places *p = *state;
	int fd = open(tmp_path(p->data, "data.mdb"), O_RDWR);
	struct stat st;
	uint64_t last = 0, one;

	assert_true(fd >= 0);
	for (int meta = 0; meta < 2; meta++) {
		assert_int_equal(pread(fd, &one, 8, meta * PAGE + 136), 8);
		if (one > last)
			last = one;
	}
	last++;
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(last * PAGE <= (uint64_t)st.st_size + PAGE);
	assert_int_equal(ftruncate(fd, (off_t)(last + 1) * PAGE), 0);
	for (int meta = 0; meta < 2; meta++)
		assert_int_equal(pwrite(fd, &last, 8, meta * PAGE + 136), 8);
	close(fd);
	assert_ok(back_up(p), &p->e);
	assert_int_equal(stat(tmp_path(p->backup, "data.mdb"), &st), 0);
	assert_int_equal(st.st_size, (off_t)(last + 1) * PAGE);
	assert_ok(bring_back(p), &p->e);
	assert_all_there(p->new);
}

/* --- no room, no memory ----------------------------------------------------------------------- */

static void a_full_disk_ends_a_backup_and_gets_its_room_back(void **state)
{
	struct places *p = *state;
	char *small = tmp_make();
	struct backup_options o = { .dir = p->data, .to = tmp_path(small, "backup") };

	if (geteuid() != 0 || mount("none", small, "tmpfs", 0, "size=32k") < 0) {
		print_message("SKIPPED: a small tmpfs cannot be mounted here (root is needed)\n");
		tmp_remove(small);
		skip();
	}
	assert_fails(store_backup(&o, NULL, &p->e), &p->e, ERR_FULL, "No space left");
	assert_false(exists(small, "backup"));
	assert_false(exists(small, "backup.unfinished"));
	assert_ok(back_up(p), &p->e);
	assert_fails(store_restore(&(struct restore_options){ .from = p->backup,
							      .dir = tmp_path(small, "new") },
				   NULL, &p->e),
		     &p->e, ERR_FULL, "No space left");
	assert_false(exists(small, "new"));
	assert_int_equal(umount(small), 0);
	tmp_remove(small);
	assert_all_there(p->data);
}

/* With the 1st, 2nd, 3rd … allocation failing, until it succeeds; how often it failed. */
static long fail_one_by_one(struct places *p, int (*run)(struct places *p), const char *made,
			    const char *unfinished)
{
	struct starve s = { 0 };

	while (starve_again(&s)) {
		int rc;

		starve_begin(&s);
		rc = run(p);
		starve_end(&s, rc == 0, &p->e);
		if (rc == 0)
			break;
		assert_false(exists(p->dir, made));
		assert_false(unfinished && exists(p->dir, unfinished));
	}
	return s.failed;
}

static void without_memory_there_is_an_error_and_nothing_left(void **state)
{
	struct places *p = *state;
	long failed = fail_one_by_one(p, back_up, "backup", "backup.unfinished");

	failed += fail_one_by_one(p, bring_back, "new", NULL);
	assert_true(failed > 10);
	assert_all_there(p->new);
}

/* --- the manifest ------------------------------------------------------------------- */

static void read_fails(const char *text, enum err_code code, const char *why)
{
	struct err e = { 0 };
	struct manifest m;

	assert_fails(manifest_read(&m, slice_str(text), &e), &e, code, why);
	manifest_release(&m);
}

static void a_manifest_is_read_strictly(void **state)
{
#define HEAD "parkwatch backup, format 1\nmade 1\nstore 2\nepoch 3\nsequence 4\n"
	(void)state;
	read_fails("", ERR_CORRUPT, "MANIFEST, line 1: this is no manifest of a backup");
	read_fails("parkwatch backup, format 2\n", ERR_UNSUPPORTED,
		   "the backup has format 2, this version of parkwatch reads up to 1");
	read_fails("parkwatch backup, format 1\nmade x\n", ERR_CORRUPT,
		   "line 2: it must be \"made\" and a number");
	read_fails(HEAD "file 1 0000000 data.mdb\n", ERR_CORRUPT,
		   "line 6: it must be \"file\", bytes, checksum and name");
	read_fails(HEAD "file -1 00000000 data.mdb\n", ERR_CORRUPT, "line 6: it must be");
	read_fails(HEAD "file 1 00000000 log/../../etc/passwd\n", ERR_CORRUPT,
		   "line 6: a store has no file of this name");
	read_fails(HEAD "file 1 00000000 log/1.log\n", ERR_CORRUPT, "no file of this name");
	read_fails(HEAD "file 1 00000000 data.mdb\n", ERR_CORRUPT, "line 7: it is cut off");
	read_fails(HEAD "end 00000000\n", ERR_CORRUPT, "the checksum is wrong");
	read_fails(HEAD "end 6c0f1da1\nx", ERR_CORRUPT, "line 6: it must end with \"end\"");
	read_fails(HEAD "fil\n", ERR_CORRUPT, "it must begin with \"file\" or \"end\"");
	assert_true(manifest_names("runs/00000001.run"));
	assert_false(manifest_names("runs/00000001.log"));
	assert_false(manifest_names("log/00000000000000000000000001.log"));
#undef HEAD
}

#define BACKUP_TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BACKUP_TEST(what_is_restored_is_the_store_and_goes_on),
		BACKUP_TEST(a_backup_can_be_backed_up),
		BACKUP_TEST(it_keeps_to_its_rate),
		BACKUP_TEST(a_lost_and_found_is_no_content),
		BACKUP_TEST(a_backup_does_not_replace_anything),
		BACKUP_TEST(without_a_store_there_is_no_backup),
		BACKUP_TEST(a_process_does_not_back_up_what_it_has_open),
		BACKUP_TEST(two_backups_to_one_name_do_not_mix),
		BACKUP_TEST(a_restore_does_not_replace_anything),
		BACKUP_TEST(a_damaged_backup_is_refused_and_the_file_named),
		BACKUP_TEST(a_backup_is_checked_besides_its_sums),
		BACKUP_TEST(a_damaged_store_gives_no_backup),
		BACKUP_TEST(a_store_that_is_cut_off_gives_no_backup),
		BACKUP_TEST(a_page_that_nobody_owns_does_not_stop_a_backup),
		BACKUP_TEST(a_full_disk_ends_a_backup_and_gets_its_room_back),
		BACKUP_TEST(without_memory_there_is_an_error_and_nothing_left),
		cmocka_unit_test(a_manifest_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
