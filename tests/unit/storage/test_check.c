/* test_check.c - store_check() finds what is wrong; a flipped byte never becomes a figure. */
#include "storage/chunk.h"
#include "storage/db.h"
#include "storage/keys.h"
#include "storage/vintage.h"
#include "storage/walk.h"
#include "tests/unit/storage/help.h"

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

enum { PARKS = 6, MONTHS = 120, SAMPLES = 900 };

static double value_of(int park, int month)
{
	return park * 1000 + month + 0.25;
}

static double sample_of(int park, int i)
{
	return (double)((i * 7919 + park) % 1000) / 3;
}

/* Figures of six parks over ten years, and a plain series for each. */
static void fill(const char *dir)
{
	struct observation *o = calloc(PARKS * MONTHS, sizeof(*o));
	struct plain_sample *x = calloc(PARKS * SAMPLES, sizeof(*x));
	struct append a = { .submission = { .source = "fill", .received_ms = 5, .released_ms = 5 },
			    .obs = o,
			    .nobs = PARKS * MONTHS,
			    .samples = x,
			    .nsamples = PARKS * SAMPLES };
	struct labels *figures[PARKS], *plain[PARKS];
	struct store *s = must_open(dir);
	struct err e = { 0 };

	for (int p = 0; p < PARKS; p++) {
		char park[8];

		snprintf(park, sizeof(park), "p%d", p);
		figures[p] = series_named("figure", park);
		plain[p] = series_named("plain", park);
		for (int m = 0; m < MONTHS; m++)
			o[p * MONTHS + m] = (struct observation){ .labels = figures[p],
								  .stamp_ms = m * 86400000LL,
								  .value = value_of(p, m) };
		for (int i = 0; i < SAMPLES; i++)
			x[p * SAMPLES + i] =
				(struct plain_sample){ plain[p], i * 1000, sample_of(p, i) };
	}
	assert_ok(append_now(s, &a, &e), &e);
	store_close(s);
	for (int p = 0; p < PARKS; p++) {
		labels_unref(figures[p]);
		labels_unref(plain[p]);
	}
	free(o);
	free(x);
}

/* --- reading a damaged store ------------------------------------------------------------------ */

enum outcome { ALL_RIGHT, DETECTED, WRONG, CRASHED, OUTCOMES };

static bool error_is_honest(const struct err *e)
{
	return e->code == ERR_CORRUPT;
}

/* WRONG also when something is missing without an error. */
static enum outcome read_park(struct snapshot *v, int p, struct arena *a)
{
	struct err e = { 0 };
	char park[8];
	struct series_ref figures, plain;
	enum outcome how = ALL_RIGHT;
	struct vintage *x, one;
	struct sample *s;
	bool found;
	size_t n;

	snprintf(park, sizeof(park), "p%d", p);
	if (snapshot_find(v, series_named("figure", park), &figures, &e) < 0 ||
	    snapshot_find(v, series_named("plain", park), &plain, &e) < 0)
		return WRONG;
	if (snapshot_figures(v, figures.id, INT64_MIN, INT64_MAX, latest, a, &x, &n, &e) < 0) {
		if (!error_is_honest(&e))
			return WRONG;
		how = DETECTED;
	} else {
		if (n != MONTHS)
			return WRONG;
		for (int m = 0; m < MONTHS; m++)
			if (x[m].stamp_ms != m * 86400000LL || x[m].value != value_of(p, m))
				return WRONG;
	}
	/* Narrow reads, which no tally protects. */
	for (int m = 0; m < MONTHS; m++) {
		int64_t t = m * 86400000LL;

		if (snapshot_figures(v, figures.id, t, t, latest, a, &x, &n, &e) < 0) {
			if (!error_is_honest(&e))
				return WRONG;
			how = DETECTED;
		} else if (n != 1 || x->stamp_ms != t || x->value != value_of(p, m)) {
			return WRONG;
		}
		if (snapshot_last_figure(v, figures.id, t + 5, latest, &one, &found, &e) < 0) {
			if (!error_is_honest(&e))
				return WRONG;
			how = DETECTED;
		} else if (!found || one.stamp_ms != t || one.value != value_of(p, m)) {
			return WRONG;
		}
	}
	for (int i = 0; i < SAMPLES; i += 50) {
		if (snapshot_samples(v, plain.id, i * 1000, (i + 50) * 1000 - 1, a, &s, &n, &e) <
		    0) {
			if (!error_is_honest(&e))
				return WRONG;
			how = DETECTED;
			continue;
		}
		if (n != 50)
			return WRONG;
		for (int k = 0; k < 50; k++)
			if (s[k].t_ms != (i + k) * 1000 || s[k].value != sample_of(p, i + k))
				return WRONG;
	}
	return how;
}

static enum outcome read_all(const char *dir)
{
	struct err e = { 0 };
	struct store *s = open_in(dir, &e);
	enum outcome how = ALL_RIGHT;
	struct snapshot *v;
	struct arena a;

	if (!s)
		return DETECTED;
	v = snapshot_open(s, 60000, &e);
	if (!v)
		return e.code == ERR_CORRUPT ? DETECTED : WRONG;
	arena_init(&a, 64 << 20);
	for (int p = 0; p < PARKS; p++) {
		enum outcome one = read_park(v, p, &a);

		if (one > how)
			how = one;
	}
	return how;
}

/* In a child: LMDB itself may fall over damaged page headers. */
static enum outcome read_in_child(const char *dir)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		/* A sanitizer's report of LMDB's fall would only be noise. */
		static const int falls[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
		int null = open("/dev/null", O_WRONLY);

		/* cmocka's handlers would go on with the test program. */
		for (size_t i = 0; i < sizeof(falls) / sizeof(falls[0]); i++)
			signal(falls[i], SIG_DFL);
		dup2(null, 2);
		log_set_fd(-1);
		_exit((int)read_all(dir));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= CRASHED)
		return CRASHED;
	return (enum outcome)WEXITSTATUS(status);
}

static void flip(const char *path, size_t at, unsigned bit)
{
	int fd = open(path, O_RDWR);
	uint8_t b;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, (off_t)at), 1);
	b ^= (uint8_t)(1u << bit);
	assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
	close(fd);
}

/* Where in the file the record with this key lies: key and, right behind, value. */
static size_t find_record(const char *file, size_t n, const uint8_t *key, size_t nkey)
{
	const char *at = memmem(file, n, key, nkey);

	if (!at)
		fail_msg("a record cannot be found in data.mdb");
	return (size_t)(at - file);
}

/* The first chunk of a plain series, which lies on a page of its own without its key. */
static size_t find_chunk(const char *file, size_t n, int park, size_t *bytes)
{
	static uint8_t record[CHUNK_MAX_BYTES];
	struct sample s[SAMPLES];
	const char *at;

	for (int i = 0; i < SAMPLES; i++)
		s[i] = (struct sample){ i * 1000, sample_of(park, i) };
	chunk_pack(s, SAMPLES, record, bytes);
	at = memmem(file, n, record + RECORD_CRC_BYTES, *bytes - RECORD_CRC_BYTES);
	if (!at)
		fail_msg("a chunk cannot be found in data.mdb");
	return (size_t)(at - file) - RECORD_CRC_BYTES;
}

static void flipped_bytes_in_records_never_become_figures(void **state)
{
	char *dir = tmp_make();
	const char *path;
	unsigned counts[OUTCOMES] = { 0 };
	uint64_t seed = 60;
	char *file;
	size_t n;

	(void)state;
	fill(dir);
	path = tmp_path(dir, "data.mdb");
	file = tmp_read(path, &n);
	for (int i = 0; i < 60; i++) {
		uint8_t key[KEY_FIGURE_BYTES];
		size_t at, len, byte;
		unsigned bit = (unsigned)(random_next(&seed) % 8);
		enum outcome how;

		if (i % 3) {
			uint32_t row = (uint32_t)(random_next(&seed) % (PARKS * MONTHS));

			key_figure(key, &(struct figure_key){ .series = row / MONTHS + 1,
							      .stamp_ms = row % MONTHS *
									  INT64_C(86400000),
							      .known_from_ms = 5,
							      .sequence = 1,
							      .row = row });
			at = find_record(file, n, key, KEY_FIGURE_BYTES);
			len = KEY_FIGURE_BYTES + FIGURE_BYTES;
		} else {
			int park = (int)(random_next(&seed) % PARKS);

			at = find_chunk(file, n, park, &len);
		}
		byte = at + random_next(&seed) % len;
		flip(path, byte, bit);
		how = read_in_child(dir);
		counts[how]++;
		if (how == WRONG || how == CRASHED)
			print_message("flip %d at byte %zu of the record at %zu, bit %u: %s\n", i,
				      byte - at, at, bit, how == WRONG ? "wrong" : "crash");
		flip(path, byte, bit);
	}
	print_message("60 flips in records: %u harmless, %u detected, %u wrong, %u crashes\n",
		      counts[ALL_RIGHT], counts[DETECTED], counts[WRONG], counts[CRASHED]);
	assert_int_equal(counts[WRONG], 0);
	assert_int_equal(counts[CRASHED], 0);
	/* A page that was split keeps a copy in its free part; hitting that does no harm. */
	assert_true(counts[DETECTED] >= 57);
	assert_sound(dir);
	free(file);
	tmp_remove(dir);
}

/* Page headers included: LMDB may fall over them, but no wrong figure comes out, and the check
 * survives. */
static void flipped_bytes_anywhere_never_become_figures(void **state)
{
	char *dir = tmp_make();
	const char *path;
	unsigned counts[OUTCOMES] = { 0 }, unseen = 0;
	uint64_t seed = 4711;
	struct stat st;

	(void)state;
	fill(dir);
	path = tmp_path(dir, "data.mdb");
	assert_int_equal(stat(path, &st), 0);
	for (int i = 0; i < 60; i++) {
		/* Every other one among the first bytes of a page. */
		size_t pages = (size_t)st.st_size / 4096;
		size_t at = random_next(&seed) % pages * 4096 +
			    random_next(&seed) % (i % 2 ? 64 : 4096);
		unsigned bit = (unsigned)(random_next(&seed) % 8);
		struct err e = { 0 };
		enum outcome how;
		char *text;
		long faults;

		flip(path, at, bit);
		how = read_in_child(dir);
		counts[how]++;
		text = check_text(dir, &faults, &e);
		if (how != ALL_RIGHT && faults == 0) {
			unseen++;
			print_message("flip at %zu, bit %u: seen by a reader, not by the check\n",
				      at, bit);
		}
		if (how == WRONG)
			print_message("flip at %zu, bit %u: wrong\n", at, bit);
		free(text);
		flip(path, at, bit);
	}
	print_message("60 flips anywhere: %u harmless, %u detected, %u wrong, %u crashes of LMDB\n",
		      counts[ALL_RIGHT], counts[DETECTED], counts[WRONG], counts[CRASHED]);
	assert_int_equal(counts[WRONG], 0);
	assert_int_equal(unseen, 0);
	assert_sound(dir);
	tmp_remove(dir);
}

/* Flips the bytes of the second key of a branch page one by one; returns how many. */
static unsigned flip_branch_key(const char *dir, const char *path, const uint8_t *page, size_t at)
{
	uint16_t node, key_bytes;
	unsigned seen = 0;
	long faults;

	memcpy(&node, page + 16 + sizeof(node), sizeof(node));
	memcpy(&key_bytes, page + node + 6, sizeof(key_bytes));
	for (size_t i = 0; i < key_bytes; i++) {
		struct err e = { 0 };
		enum outcome how;

		flip(path, at + node + 8 + i, 0);
		how = read_in_child(dir);
		free(check_text(dir, &faults, &e));
		assert_int_not_equal(how, WRONG);
		if (how == DETECTED && faults == 0)
			fail_msg("byte %zu of the key: seen by a reader, not by the check", i);
		seen += faults > 0;
		flip(path, at + node + 8 + i, 0);
	}
	return seen;
}

/* LMDB's pages: flags at byte 10 (1: branch), offsets of the nodes from 16 on; a node's key begins
 * at its byte 8, the length of it stands at 6. */
static void the_check_notices_a_key_that_misleads_searches(void **state)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), n;
	char *dir = tmp_make(), *file;
	unsigned seen = 0;
	const char *path;

	(void)state;
	fill(dir);
	path = tmp_path(dir, "data.mdb");
	file = tmp_read(path, &n);
	for (size_t at = 2 * page_bytes; at + page_bytes <= n; at += page_bytes) {
		const uint8_t *page = (const uint8_t *)file + at;

		if (page[10] == 1 && page[11] == 0)
			seen += flip_branch_key(dir, path, page, at);
	}
	assert_true(seen > 0);
	assert_sound(dir);
	free(file);
	tmp_remove(dir);
}

/* --- what the check says -------------------------------------------------------------------------
 */

static void the_check_names_series_time_and_cause(void **state)
{
	char *dir = tmp_make(), *file, *text;
	const char *path;
	struct err e = { 0 };
	uint8_t key[KEY_FIGURE_BYTES];
	struct store *s;
	struct snapshot *v;
	struct vintage *x;
	struct arena a;
	size_t at, n;
	long faults;

	(void)state;
	fill(dir);
	path = tmp_path(dir, "data.mdb");
	file = tmp_read(path, &n);
	key_figure(key, &(struct figure_key){ .series = 3,
					      .stamp_ms = 7 * INT64_C(86400000),
					      .known_from_ms = 5,
					      .sequence = 1,
					      .row = 2 * MONTHS + 7 });
	at = find_record(file, n, key, KEY_FIGURE_BYTES);
	flip(path, at + KEY_FIGURE_BYTES + 10, 3);
	text = check_text(dir, &faults, &e);
	assert_has(text, "figure{park=\"p2\"}: the figure of 1970-01-08T00:00:00Z is damaged: the "
			 "checksum is wrong\n");
	assert_has(text, "figure{park=\"p2\"}: 119 figures are there, 120 should be, from "
			 "1970-01-01T00:00:00Z to 1970-04-30T00:00:00Z\n");
	assert_has(text, "submission 1 kept 720 figures, 719 are there\n");
	assert_int_equal(faults, 3);
	free(text);

	s = must_open(dir);
	v = must_snapshot(s);
	arena_init(&a, 1 << 20);
	assert_fails(snapshot_figures(v, 3, INT64_MIN, INT64_MAX, latest, &a, &x, &n, &e), &e,
		     ERR_CORRUPT,
		     "figure{park=\"p2\"}: damaged record in table \"figures\": the checksum is "
		     "wrong");
	assert_ok(snapshot_figures(v, 1, INT64_MIN, INT64_MAX, latest, &a, &x, &n, &e), &e);
	arena_release(&a);
	snapshot_close(v);
	store_close(s);
	free(file);
	tmp_remove(dir);
}

/* Takes records out behind the store's back. */
static void remove_record(const char *dir, enum db_table table, const uint8_t *key, size_t n)
{
	struct db_options o = { .dir = dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };
	struct err e = { 0 };
	struct db *db = db_open(&o, &e);
	struct db_txn *t;

	assert_non_null(db);
	assert_ok(db_write_begin(db, &t, &e), &e);
	assert_ok(db_del(t, table, key_slice(key, n), &e), &e);
	assert_ok(db_write_commit(t, &e), &e);
	db_close(db);
}

static void records_that_are_gone_are_missed(void **state)
{
	char *dir = tmp_make(), *text;
	struct err e = { 0 };
	uint8_t key[KEY_MAX_BYTES];
	struct store *s;
	struct snapshot *v;
	struct arena a;
	struct vintage *x, one;
	struct sample *run;
	bool found;
	size_t n;
	long faults;

	(void)state;
	fill(dir);
	/* The last figure of the first park, the only chunk of a plain series. */
	key_figure(key, &(struct figure_key){ .series = 1,
					      .stamp_ms = (MONTHS - 1) * INT64_C(86400000),
					      .known_from_ms = 5,
					      .sequence = 1,
					      .row = MONTHS - 1 });
	remove_record(dir, DB_FIGURES, key, KEY_FIGURE_BYTES);
	key_chunk(key, PARKS + 1, 0);
	remove_record(dir, DB_SAMPLES, key, KEY_CHUNK_BYTES);
	text = check_text(dir, &faults, &e);
	assert_has(text, "figure{park=\"p0\"}: 119 figures are there, 120 should be");
	assert_has(text, "plain{park=\"p0\"}: ");
	assert_has(text, "chunks are there, ");
	free(text);
	arena_init(&a, 1 << 20);
	s = must_open(dir);
	v = must_snapshot(s);
	assert_fails(snapshot_figures(v, 1, INT64_MIN, INT64_MAX, latest, &a, &x, &n, &e), &e,
		     ERR_CORRUPT, "119 of 120 records are there");
	assert_fails(snapshot_last_figure(v, 1, INT64_MAX, latest, &one, &found, &e), &e,
		     ERR_CORRUPT, "119 of 120 records are there");
	assert_fails(snapshot_vintages(v, 1, (MONTHS - 1) * INT64_C(86400000), &a, &x, &n, &e), &e,
		     ERR_CORRUPT, "119 of 120 records are there");
	assert_fails(snapshot_samples(v, PARKS + 1, INT64_MIN, INT64_MAX, &a, &run, &n, &e), &e,
		     ERR_CORRUPT, "the series is not whole");
	snapshot_close(v);
	store_close(s);
	/* A series or a submission that is gone is noticed on opening. */
	key_series(key, 4);
	remove_record(dir, DB_SERIES, key, KEY_SERIES_BYTES);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_has(e.text, "the table \"series\" has 11 records, it must have 12");
	text = check_text(dir, &faults, &e);
	assert_has(text, "series 4: its record is missing or damaged\n");
	free(text);
	arena_release(&a);
	tmp_remove(dir);
}

static void a_newer_store_is_refused_and_left_alone(void **state)
{
	char *dir = tmp_make();
	struct db_options o = { .dir = dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };
	uint8_t format[FORMAT_BYTES];
	struct err e = { 0 };
	struct db_txn *t;
	struct db *db;
	long faults;

	(void)state;
	fill(dir);
	db = db_open(&o, &e);
	assert_non_null(db);
	assert_ok(db_write_begin(db, &t, &e), &e);
	format_write(2, format);
	assert_ok(db_put(t, DB_META, key_format, key_slice(format, sizeof(format)), &e), &e);
	assert_ok(db_write_commit(t, &e), &e);
	db_close(db);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	assert_has(e.text, "the store has format 2, this version of parkwatch reads up to 1: use "
			   "the newer one");
	free(check_text(dir, &faults, &e));
	assert_int_equal(faults, -1);
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	/* The mark beside it says so even before the data is looked at. */
	tmp_write(tmp_path(dir, "VERSION"), "parkwatch store, format 3\n", 26);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	assert_has(e.text, "has format 3");
	tmp_remove(dir);
}

static void lost_and_cut_files_are_refused(void **state)
{
	char *dir = tmp_make(), *text;
	const char *path;
	struct err e = { 0 };
	struct stat st, after;
	long faults;

	(void)state;
	fill(dir);
	path = tmp_path(dir, "data.mdb");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_has(e.text, "data.mdb is cut off: ");
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, st.st_size / 2);
	text = check_text(dir, &faults, &e);
	assert_int_equal(faults, 1);
	assert_has(text, "data.mdb is cut off");
	free(text);
	assert_int_equal(truncate(path, 0), 0);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_has(e.text, "its data.mdb is missing or empty");
	text = check_text(dir, &faults, &e);
	assert_int_equal(faults, 1);
	free(text);
	tmp_write(path, "this is no store at all, but some text\n", 39);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_int_equal(unlink(path), 0);
	assert_null(open_in(dir, &e));
	assert_int_equal(e.code, ERR_CORRUPT);
	tmp_remove(dir);
}

/* LMDB never writes a page that was taken and given back in one transaction: when such pages
 * are the last ones, the file is shorter than it counts, and nothing is wrong. */
static void a_file_that_ends_before_its_free_pages_is_whole(void **state)
{
	static char large[1 << 18];
	const struct slice key = slice_str("large");
	char *dir = tmp_make(), *text;
	struct db_options o = { .dir = dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };
	struct stat before, after;
	struct err e = { 0 };
	struct db_txn *t;
	struct db *db;
	long n;

	(void)state;
	fill(dir);
	db = db_open(&o, &e);
	assert_non_null(db);
	/* Leaves pages to be used again, so that only the large one goes to the end. */
	for (int i = 0; i < 4; i++) {
		assert_ok(db_write_begin(db, &t, &e), &e);
		assert_ok(db_put(t, DB_META, key, slice_of(large, 1), &e), &e);
		assert_ok(db_del(t, DB_META, key, &e), &e);
		assert_ok(db_write_commit(t, &e), &e);
	}
	assert_int_equal(stat(tmp_path(dir, "data.mdb"), &before), 0);
	assert_ok(db_write_begin(db, &t, &e), &e);
	assert_ok(db_put(t, DB_META, key, slice_of(large, sizeof(large)), &e), &e);
	assert_ok(db_del(t, DB_META, key, &e), &e);
	assert_ok(db_write_commit(t, &e), &e);
	db_close(db);
	assert_int_equal(stat(tmp_path(dir, "data.mdb"), &after), 0);
	/* Else this test proves nothing. */
	assert_true(after.st_size < before.st_size + (off_t)sizeof(large));
	text = check_text(dir, &n, &e);
	if (n != 0)
		fail_msg("%ld faults in a store that is whole: %s%s", n, text, n < 0 ? e.text : "");
	free(text);
	store_close(must_open(dir));
	assert_sound(dir);
	tmp_remove(dir);
}

static void the_check_changes_nothing(void **state)
{
	char *dir = tmp_make();
	struct err e = { 0 };
	char *before, *after;
	size_t n, m;
	long faults;

	(void)state;
	fill(dir);
	assert_int_equal(unlink(tmp_path(dir, "lock.mdb")), 0);
	assert_int_equal(unlink(tmp_path(dir, "parkwatch.lock")), 0);
	before = tmp_read(tmp_path(dir, "data.mdb"), &n);
	free(check_text(dir, &faults, &e));
	assert_int_equal(faults, 0);
	after = tmp_read(tmp_path(dir, "data.mdb"), &m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	assert_int_not_equal(access(tmp_path(dir, "lock.mdb"), F_OK), 0);
	assert_int_not_equal(access(tmp_path(dir, "parkwatch.lock"), F_OK), 0);
	free(before);
	free(after);
	free(check_text(tmp_path(dir, "nowhere"), &faults, &e));
	assert_int_equal(faults, -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	tmp_remove(dir);
}

static void the_check_runs_beside_a_writer(void **state)
{
	char *dir = tmp_make();
	int ready[2], end[2], status;
	char c;
	pid_t child;

	(void)state;
	fill(dir);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	child = fork();
	if (child == 0) {
		struct err e = { 0 };
		struct store *s = open_in(dir, &e);

		close(end[1]);
		if (!s || write(ready[1], "x", 1) != 1 || read(end[0], &c, 1) != 0)
			_exit(1);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_sound(dir);
	close(end[0]);
	close(end[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
	tmp_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flipped_bytes_in_records_never_become_figures),
		cmocka_unit_test(flipped_bytes_anywhere_never_become_figures),
		cmocka_unit_test(the_check_notices_a_key_that_misleads_searches),
		cmocka_unit_test(the_check_names_series_time_and_cause),
		cmocka_unit_test(records_that_are_gone_are_missed),
		cmocka_unit_test(a_newer_store_is_refused_and_left_alone),
		cmocka_unit_test(lost_and_cut_files_are_refused),
		cmocka_unit_test(a_file_that_ends_before_its_free_pages_is_whole),
		cmocka_unit_test(the_check_changes_nothing),
		cmocka_unit_test(the_check_runs_beside_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
