/* test_check.c - store_check() finds what is wrong; a flipped byte never becomes a figure. */
#include "storage/layer.h"
#include "storage/vintage.h"
#include "storage/wal.h"
#include "storage/walk.h"
#include "tests/unit/storage/behind.h"

#include "base/alloc.h"
#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct view latest = { .as_of_ms = INT64_MAX };

enum { PARKS = 6, MONTHS = 120, SAMPLES = 900, STAGES = 3 };

/* Stage by stage: packed into partitions, sealed into a run, in the log and not packed yet. */
enum { STAGE_MONTHS = MONTHS / STAGES, STAGE_SAMPLES = SAMPLES / STAGES };

static double value_of(int park, int month)
{
	return park * 1000 + month + 0.25;
}

static double sample_of(int park, int i)
{
	return (double)((i * 7919 + park) % 1000) / 3;
}

/* Figures of six parks and a plain series for each; those of one stage. */
static void fill_stage(struct store *s, int stage)
{
	struct observation *o = calloc(PARKS * STAGE_MONTHS, sizeof(*o));
	struct plain_sample *x = calloc(PARKS * STAGE_SAMPLES, sizeof(*x));
	struct append a = { .submission = { .source = "fill",
					    .received_ms = SAMPLES * 1000,
					    .released_ms = SAMPLES * 1000 },
			    .obs = o,
			    .nobs = PARKS * STAGE_MONTHS,
			    .samples = x,
			    .nsamples = PARKS * STAGE_SAMPLES };
	struct labels *figures[PARKS], *plain[PARKS];
	struct err e = { 0 };

	for (int p = 0; p < PARKS; p++) {
		char park[16];

		snprintf(park, sizeof(park), "p%d", p);
		figures[p] = series_named("figure", park);
		plain[p] = series_named("plain", park);
		for (int i = 0; i < STAGE_MONTHS; i++) {
			int m = stage * STAGE_MONTHS + i;

			o[p * STAGE_MONTHS + i] = (struct observation){ .labels = figures[p],
									.stamp_ms = m * 86400000LL,
									.value = value_of(p, m) };
		}
		for (int i = 0; i < STAGE_SAMPLES; i++) {
			int k = stage * STAGE_SAMPLES + i;

			x[p * STAGE_SAMPLES + i] =
				(struct plain_sample){ plain[p], k * 1000, sample_of(p, k) };
		}
	}
	assert_ok(append_now(s, &a, &e), &e);
	for (int p = 0; p < PARKS; p++) {
		labels_unref(figures[p]);
		labels_unref(plain[p]);
	}
	free(o);
	free(x);
}

static void wait_for_a_run(struct store *s)
{
	struct store_status st = { 0 };

	for (int i = 0; i < 6000 && st.runs == 0; i++) {
		usleep(10000);
		store_status(s, &st);
	}
	assert_int_equal(st.runs, 1);
}

/* A folder with a store of all stages, to be removed with tmp_remove(). */
static char *filled(void)
{
	char *dir = tmp_make();
	struct err e = { 0 };
	struct store *s = must_open(dir);

	fill_stage(s, 0);
	assert_ok(store_flush(s, &e), &e);
	store_close(s);
	s = store_open(&(struct store_options){ .dir = dir,
						.map_bytes = 1 << 30,
						.seal_samples = PARKS * STAGE_SAMPLES },
		       &e);
	assert_non_null(s);
	fill_stage(s, 1);
	wait_for_a_run(s);
	store_close(s);
	s = must_open(dir);
	fill_stage(s, 2);
	store_close(s);
	return dir;
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
	char park[16];
	struct series_ref figures, plain;
	enum outcome how = ALL_RIGHT;
	struct vintage *x, one;
	struct sample *s;
	bool found;
	size_t n;

	snprintf(park, sizeof(park), "p%d", p);
	if (snapshot_find(v, series_named("figure", park), &figures, &e) < 0 ||
	    snapshot_find(v, series_named("plain", park), &plain, &e) < 0)
		return error_is_honest(&e) ? DETECTED : WRONG;
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
	/* Narrow reads, which look at less. */
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
		if (read_samples(v, plain.id, i * 1000, (i + 50) * 1000 - 1, a, &s, &n, &e) < 0) {
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
	/* For reading: the next flip finds the folder as it was. */
	struct store *s = store_open(
		&(struct store_options){ .dir = dir, .map_bytes = 1 << 30, .read_only = true }, &e);
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

/* Flips bits of one file, each for itself, at offsets that `place` chooses. */
static void flip_and_read(const char *dir, const char *name, int flips, uint64_t seed,
			  size_t (*place)(uint64_t *seed, size_t size), unsigned counts[OUTCOMES])
{
	char path[4096];
	size_t size;
	unsigned unseen = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	size = tmp_size(path);
	memset(counts, 0, OUTCOMES * sizeof(*counts));
	for (int i = 0; i < flips; i++) {
		size_t at = place(&seed, size);
		unsigned bit = (unsigned)(random_next(&seed) % 8);
		char *before, *text;
		struct err e = { 0 };
		enum outcome how;
		size_t n;
		long faults;

		before = tmp_read(path, &n);
		flip(path, at, bit);
		text = check_text(dir, &faults, &e);
		how = read_in_child(dir);
		counts[how]++;
		if (how != ALL_RIGHT && faults == 0) {
			unseen++;
			print_message(
				"%s: flip at %zu, bit %u: seen by a reader, not by the check\n",
				name, at, bit);
		}
		if (how == WRONG)
			print_message("%s: flip at %zu, bit %u: wrong\n%s\n", name, at, bit, text);
		free(text);
		tmp_write(path, before, n);
		free(before);
	}
	print_message("%s: %d flips: %u harmless, %u detected, %u wrong, %u crashes\n", name, flips,
		      counts[ALL_RIGHT], counts[DETECTED], counts[WRONG], counts[CRASHED]);
	assert_int_equal(counts[WRONG], 0);
	assert_int_equal(unseen, 0);
	assert_sound(dir);
}

static size_t anywhere(uint64_t *seed, size_t size)
{
	return random_next(seed) % size;
}

/* Every other one among the first bytes of a page, where LMDB keeps its own things. */
static size_t in_pages(uint64_t *seed, size_t size)
{
	size_t page = random_next(seed) % (size / 4096) * 4096;

	return page + random_next(seed) % (random_next(seed) % 2 ? 64 : 4096);
}

/* LMDB may fall over its page headers, but no wrong figure comes out, and the check survives. */
static void flipped_bytes_of_lmdb_never_become_figures(void **state)
{
	char *dir = tmp_make();
	unsigned counts[OUTCOMES];
	struct err e = { 0 };
	struct store *s;

	(void)state;
	/* As little beside as possible, since reading must not change the folder. */
	s = must_open(dir);
	for (int i = 0; i < STAGES; i++) {
		fill_stage(s, i);
		if (i < 2)
			assert_ok(store_flush(s, &e), &e);
	}
	store_close(s);
	flip_and_read(dir, "data.mdb", 200, 4711, in_pages, counts);
	assert_true(counts[DETECTED] > 15);
	tmp_remove(dir);
}

static void flipped_bytes_of_the_log_never_become_samples(void **state)
{
	char *dir = filled();
	unsigned counts[OUTCOMES];

	(void)state;
	flip_and_read(dir, "log/00000003.log", 60, 815, anywhere, counts);
	assert_int_equal(counts[CRASHED], 0);
	/* What is not covered by a checksum says nothing: padding, a word of zeros. */
	assert_true(counts[DETECTED] >= 58);
	tmp_remove(dir);
}

static void flipped_bytes_of_a_run_never_become_samples(void **state)
{
	char *dir = filled();
	unsigned counts[OUTCOMES];

	(void)state;
	flip_and_read(dir, "runs/00000002.run", 60, 99, anywhere, counts);
	assert_int_equal(counts[CRASHED], 0);
	assert_true(counts[DETECTED] >= 55);
	tmp_remove(dir);
}

/* --- what the check says ------------------------------------------------------------ */

/* The check finds so many faults (0: some) and says each of these, up to NULL. */
static void expect_faults(const char *dir, long want, const char *const *said)
{
	struct err e = { 0 };
	long faults;
	char *text = check_text(dir, &faults, &e);

	if (want ? faults != want : faults <= 0)
		fail_msg("%ld faults, not %ld (%s): %s", faults, want, e.text, text);
	for (; *said; said++)
		assert_has(text, *said);
	free(text);
}

#define assert_faults(dir, want, ...)                                                              \
	expect_faults(dir, want, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_missed(const char *dir, const char *on_opening, const char *by_the_check)
{
	assert_not_opened(dir, ERR_CORRUPT, on_opening);
	assert_faults(dir, 0, by_the_check);
}

/* Where in data.mdb the values of a series begin, in its first partition of that kind. */
static size_t place_of_values(const char *dir, enum segment_kind kind, uint32_t series)
{
	const struct segment_want want = { series, series, INT64_MIN, INT64_MAX };
	struct db_options o = { .dir = dir, .mode = DB_READ_ALONE, .map_bytes = 1 << 30 };
	struct err e = { 0 };
	struct db *db = db_open(&o, &e);
	struct segment_reader r;
	struct layer **layers;
	struct db_txn *t;
	size_t size, at = 0;
	char *file = tmp_read(tmp_path(dir, "data.mdb"), &size);
	uint32_t n;

	assert_non_null(db);
	assert_ok(db_read_begin(db, &t, &e), &e);
	assert_ok(partitions_load(t, &layers, &n, &e), &e);
	segment_reader_init(&r);
	for (uint32_t i = 0; i < n; i++) {
		struct slice bytes;
		struct chunk c;
		const char *found;

		if (layers[i]->kind == kind && at == 0) {
			assert_ok(layer_segment(layers[i], t, layer_find(layers[i], series), &bytes,
						&e),
				  &e);
			assert_ok(segment_open(&r, bytes, &e), &e);
			assert_int_equal(segment_next(&r, &want, &c, &e), 1);
			found = memmem(file, size, bytes.p, bytes.n);
			assert_non_null(found);
			at = (size_t)(found - file) + (size_t)(c.values.p - bytes.p);
		}
		layer_unref(layers[i]);
	}
	mem_free(layers);
	segment_reader_release(&r);
	db_read_end(t);
	db_close(db);
	free(file);
	assert_true(at > 0);
	return at;
}

static void the_check_names_series_time_and_cause(void **state)
{
	char *dir = filled();
	const char *path;
	struct err e = { 0 };
	struct store *s;
	struct snapshot *v;
	struct sample *x;
	struct vintage *vs;
	struct labels *ls[2] = { series_named("figure", "p2"), series_named("plain", "p2") };
	uint32_t figure, plain;
	struct snapshot_reader *r;
	int64_t t_ms;
	double value;
	struct arena a;
	size_t n;

	(void)state;
	s = must_open(dir);
	v = must_snapshot(s);
	figure = id_of(v, ls[0]);
	plain = id_of(v, ls[1]);
	snapshot_close(v);
	store_close(s);
	path = tmp_path(dir, "data.mdb");
	flip(path, place_of_values(dir, SEGMENT_FIGURES, figure), 3);
	flip(path, place_of_values(dir, SEGMENT_SAMPLES, plain), 3);
	assert_faults(dir, 3,
		      "figure{park=\"p2\"}, 1970-01-01T00:00:00Z to 1970-02-09T00:00:00Z, "
		      "segment 0 of partition ",
		      ": damaged segment: the checksum of a chunk is wrong\n",
		      "plain{park=\"p2\"}, 1970-01-01T00:00:00Z to 1970-01-01T00:04:59Z, "
		      "segment 0 of partition ",
		      "submission 1 kept 240 figures, 200 are there\n");

	s = must_open(dir);
	v = must_snapshot(s);
	arena_init(&a, 1 << 20);
	assert_fails(snapshot_figures(v, figure, INT64_MIN, INT64_MAX, latest, &a, &vs, &n, &e), &e,
		     ERR_CORRUPT, "figure{park=\"p2\"}: segment 0 of partition ");
	assert_fails(read_samples(v, plain, INT64_MIN, INT64_MAX, &a, &x, &n, &e), &e, ERR_CORRUPT,
		     "plain{park=\"p2\"}: segment 0 of partition ");
	r = snapshot_reader_open(v, &e);
	assert_non_null(r);
	assert_fails(snapshot_reader_last(r, &plain, 1, 0, 1000, &t_ms, &value, &e), &e,
		     ERR_CORRUPT, ": damaged segment: the checksum of a chunk is wrong");
	snapshot_reader_close(r);
	/* Others, and what lies in other chunks, can be read. */
	assert_ok(read_samples(v, plain, SAMPLES / 2 * 1000, INT64_MAX, &a, &x, &n, &e), &e);
	assert_int_equal(n, SAMPLES / 2);
	assert_int_equal(read_park(v, 1, &a), ALL_RIGHT);
	assert_int_equal(read_park(v, 2, &a), DETECTED);
	arena_release(&a);
	snapshot_close(v);
	store_close(s);
	labels_unref(ls[0]);
	labels_unref(ls[1]);
	tmp_remove(dir);
}

static void records_that_are_gone_are_missed(void **state)
{
	static const struct {
		enum db_table table;
		size_t key_bytes;
		uint8_t key[KEY_SUBMISSION_BYTES]; /* numbers, the last byte is the lowest */
		const char *on_opening, *by_the_check;
	} gone[] = {
		{ DB_PARTITIONS,
		  KEY_PARTITION_BYTES,
		  { [3] = 1 },
		  "table \"partitions\": one is missing, or an old one came back",
		  "1 partitions are there, 2 should be, or one is an old one\n" },
		{ DB_PARTS,
		  KEY_PART_BYTES,
		  { [3] = 1 },
		  "table \"parts\": one is missing",
		  "0 parts of the index are there, 1 should be\n" },
		{ DB_SUBMISSIONS,
		  KEY_SUBMISSION_BYTES,
		  { [7] = 2 },
		  "the table \"submissions\" has 2 records, it must have 3",
		  "2 submissions are there, 3 should be\n" },
		{ DB_FRESH,
		  KEY_SUBMISSION_BYTES,
		  { [7] = 3 },
		  "240 figures are not packed yet, the submissions kept 480",
		  "submission 3 kept 240 figures, 0 are there\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		char *dir = filled();

		remove_record(dir, gone[i].table, gone[i].key, gone[i].key_bytes);
		assert_missed(dir, gone[i].on_opening, gone[i].by_the_check);
		tmp_remove(dir);
	}
}

/* Figures of two parks: stamps 1 to 3 in a first submission, 3 and 4 of the first park in a second,
 * and 1 of the second park in a third. */
static void fill_apart(const char *dir, struct labels *a, struct labels *b)
{
	struct observation first[] = {
		{ .labels = a, .stamp_ms = 1, .value = 1 },
		{ .labels = a, .stamp_ms = 2, .value = 2 },
		{ .labels = a, .stamp_ms = 3, .value = 3 },
		{ .labels = b, .stamp_ms = 1, .value = 5 },
	};
	struct observation second[] = { { .labels = a, .stamp_ms = 3, .value = 33 },
					{ .labels = a, .stamp_ms = 4, .value = 4 } };
	struct append x = { .submission = { .received_ms = 10, .released_ms = 10, .source = "t" },
			    .obs = first,
			    .nobs = 4 };
	struct store *s = must_open(dir);
	struct err e = { 0 };

	assert_ok(append_now(s, &x, &e), &e);
	x.submission.received_ms = x.submission.released_ms = 20;
	x.obs = second;
	x.nobs = 2;
	assert_ok(append_now(s, &x, &e), &e);
	assert_ok(put_figure(s, b, 1, 55, 30, 30, NULL, &e), &e);
	store_close(s);
}

/* The figures of a series as a text, oldest period first. */
static void expect_figures(struct store *s, const struct labels *ls, const char *want)
{
	struct snapshot *v = must_snapshot(s);
	struct err e = { 0 };
	struct vintage *x;
	struct arena a;
	char text[256] = "";
	size_t n, at = 0;

	arena_init(&a, 1 << 20);
	assert_ok(snapshot_figures(v, id_of(v, ls), INT64_MIN, INT64_MAX, latest, &a, &x, &n, &e),
		  &e);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%d:%g ", (int)x[i].stamp_ms,
				       x[i].value);
	assert_string_equal(text, want);
	arena_release(&a);
	snapshot_close(v);
}

/* Opened, written to, packed and opened again: what is good is there, of what is damaged nothing is
 * shown, nor what it may have corrected. */
static void a_damaged_record_of_fresh_figures_is_set_apart(void **state)
{
	struct labels *a = series_named("output", "a"), *b = series_named("output", "b");
	char *dir = tmp_make();
	uint8_t key[KEY_SUBMISSION_BYTES];
	struct store_status st;
	struct err e = { 0 };
	struct store *s;

	(void)state;
	fill_apart(dir, a, b);
	key_submission(key, 2);
	damage_record(dir, DB_FRESH, key, sizeof(key), 1); /* in a value of the chunk */
	for (int round = 0; round < 3; round++) {
		s = must_open(dir);
		store_status(s, &st);
		assert_int_equal(st.damaged, 1);
		expect_figures(s, a, round ? "1:1 2:2 9:9 " : "1:1 2:2 ");
		expect_figures(s, b, "1:55 ");
		assert_ok(put_figure(s, a, 9, 9, 40 + round, 40 + round, NULL, &e), &e);
		assert_ok(put_figure(s, a, 3, 34 + round, 40 + round, 40 + round, NULL, &e), &e);
		expect_figures(s, a, "1:1 2:2 9:9 ");
		if (round == 1)
			assert_ok(store_flush(s, &e), &e);
		store_close(s);
		assert_faults(dir, 3, "figures of submission 2: the checksum is wrong\n",
			      "output{park=\"a\"}, 1970-01-01T00:00:00.003Z to "
			      "1970-01-01T00:00:00.004Z, not packed yet: ",
			      "submission 2 kept 2 figures, 0 are there\n");
	}
	labels_unref(a);
	labels_unref(b);
	tmp_remove(dir);
}

/* Also one that named series, where nothing says which they are. */
static void figures_of_series_that_lost_their_names_do_no_harm(void **state)
{
	struct labels *a = series_named("output", "a"), *b = series_named("output", "b");
	uint8_t key[KEY_SUBMISSION_BYTES];
	char *dir = tmp_make();
	struct series_ref ref;
	struct err e = { 0 };
	struct snapshot *v;
	struct store *s;

	(void)state;
	fill_apart(dir, a, b);
	key_submission(key, 1);
	damage_record(dir, DB_FRESH, key, sizeof(key), 1);
	for (int round = 0; round < 3; round++) {
		s = must_open(dir);
		v = must_snapshot(s);
		if (round == 0)
			assert_fails(snapshot_find(v, a, &ref, &e), &e, ERR_NOT_FOUND, "no series");
		snapshot_close(v);
		assert_ok(put_figure(s, a, 7, 7, 50, 50, NULL, &e), &e);
		assert_ok(store_flush(s, &e), &e);
		expect_figures(s, a, "7:7 ");
		store_close(s);
	}
	labels_unref(a);
	labels_unref(b);
	tmp_remove(dir);
}

static void a_segment_that_is_gone_is_missed_by_who_reads_it(void **state)
{
	char *dir = filled();
	uint8_t key[KEY_SEGMENT_BYTES];
	struct store *s;
	struct snapshot *v;
	struct arena a;

	(void)state;
	key_segment(key, 1, 0);
	remove_record(dir, DB_SEGMENTS, key, sizeof(key));
	assert_faults(dir, 0, "segment 0 of partition 1 ", " is missing\n",
		      "1 segments are there, 2 should be\n");
	arena_init(&a, 1 << 20);
	s = must_open(dir);
	v = must_snapshot(s);
	assert_int_equal(read_park(v, 0, &a), DETECTED);
	snapshot_close(v);
	store_close(s);
	arena_release(&a);
	tmp_remove(dir);
}

static void files_that_are_gone_are_missed(void **state)
{
	char *dir = filled();
	const char *from = tmp_path(dir, "runs/00000002.run"), *to = tmp_path(dir, "kept"),
		   *name = tmp_path(dir, "runs/00000003.run");

	(void)state;
	assert_int_equal(rename(from, to), 0);
	assert_missed(dir, "the log file 2 is missing", "the log file 2 is missing\n");
	/* One of another number, or another one's contents. */
	assert_int_equal(rename(to, name), 0);
	assert_missed(dir, "run 3: this is no run, or its head is damaged",
		      "run 3: this is no run, or its head is damaged\n");
	assert_int_equal(rename(name, from), 0);
	assert_int_equal(truncate(from, 100), 0);
	assert_not_opened(dir, ERR_CORRUPT, "run 2: ");
	tmp_remove(dir);
}

/* Whether the store takes a sample and is closed; then its last log file goes. */
static void lose_last_log(const char *dir, uint64_t number)
{
	struct labels *ls = series_named("plain", "y");
	struct store *s = must_open(dir);
	char path[4096];
	struct err e = { 0 };

	assert_ok(put_sample(s, ls, 1, 1, &e), &e);
	store_close(s);
	labels_unref(ls);
	assert_sound(dir);
	assert_ok(numbered_path(path, dir, "log", number, ".log", &e), &e);
	assert_int_equal(unlink(path), 0);
}

static void the_last_log_file_is_missed(void **state)
{
	char *dir = tmp_make();

	(void)state;
	lose_last_log(dir, 1);
	assert_missed(dir, "the log file 1 is missing", "the log file 1 is missing\n");
	tmp_remove(dir);
	/* Behind a run, which the log file before is sealed into when it is opened. */
	dir = filled();
	lose_last_log(dir, 4);
	assert_missed(dir, "the log file 4 is missing", "the log file 4 is missing\n");
	tmp_remove(dir);
}

/* Nothing was acknowledged from it, or what was is not needed: no fault. */
static void a_last_log_file_without_anything_is_not_missed(void **state)
{
	char *dir = tmp_make();
	struct labels *ls = series_named("plain", "y");
	struct rw_sample ahead = { INT64_MAX, 1 };
	struct store *s = must_open(dir);
	struct err e = { 0 };
	struct write w;
	struct buf raw;

	(void)state;
	store_close(s);
	assert_int_equal(unlink(tmp_path(dir, "log/00000001.log")), 0);
	assert_sound(dir);
	/* All of it refused, hence logged without a sample: its number is given anew. */
	s = must_open(dir);
	buf_init(&raw, 1 << 20);
	put_series(&raw, ls, &ahead, 1);
	assert_fails(write_now(s, &raw, 1, &w, &e), &e, ERR_INVALID, "in the future");
	buf_release(&raw);
	store_close(s);
	assert_int_equal(access(tmp_path(dir, "log/LAST"), F_OK), 0);
	assert_sound(dir);
	store_close(must_open(dir));
	assert_int_equal(unlink(tmp_path(dir, "log/00000001.log")), 0);
	assert_sound(dir);
	store_close(must_open(dir));
	assert_sound(dir);
	labels_unref(ls);
	tmp_remove(dir);
}

static void a_damaged_number_of_the_last_log_file_is_named(void **state)
{
	char *dir = tmp_make();
	struct labels *ls = series_named("plain", "y");
	struct store *s = must_open(dir);
	struct err e = { 0 };

	(void)state;
	assert_ok(put_sample(s, ls, 1, 1, &e), &e);
	store_close(s);
	flip(tmp_path(dir, "log/LAST"), 5, 1);
	assert_missed(dir, "log/LAST, the number of the last log file, is damaged",
		      "log/LAST, the number of the last log file, is damaged\n");
	labels_unref(ls);
	tmp_remove(dir);
}

static void a_newer_store_is_refused_and_left_alone(void **state)
{
	char *dir = filled();
	uint8_t format[FORMAT_BYTES];
	struct err e = { 0 };
	struct behind b;
	long faults;

	(void)state;
	behind_open(&b, dir);
	format_write(3, format);
	assert_ok(db_put(b.t, DB_META, key_format, key_slice(format, sizeof(format)), &b.e), &b.e);
	behind_close(&b);
	assert_not_opened(dir, ERR_UNSUPPORTED,
			  "the store has format 3, this version of parkwatch reads up to 2: use "
			  "the newer one");
	free(check_text(dir, &faults, &e));
	assert_int_equal(faults, -1);
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	/* The mark beside it says so even before the data is looked at. */
	tmp_write(tmp_path(dir, "VERSION"), "parkwatch store, format 4\n", 26);
	assert_not_opened(dir, ERR_UNSUPPORTED, "has format 4");
	tmp_remove(dir);
}

static void lost_and_cut_files_are_refused(void **state)
{
	char *dir = filled();
	const char *path = tmp_path(dir, "data.mdb");
	size_t half = tmp_size(path) / 2;

	(void)state;
	assert_int_equal(truncate(path, (off_t)half), 0);
	assert_not_opened(dir, ERR_CORRUPT, "data.mdb is cut off: ");
	assert_int_equal(tmp_size(path), half);
	assert_faults(dir, 1, "data.mdb is cut off");
	assert_int_equal(truncate(path, 0), 0);
	assert_not_opened(dir, ERR_CORRUPT, "its data.mdb is missing or empty");
	assert_faults(dir, 1, "data.mdb is missing or empty");
	tmp_write(path, "this is no store at all, but some text\n", 39);
	assert_not_opened(dir, ERR_CORRUPT, "");
	assert_int_equal(unlink(path), 0);
	assert_not_opened(dir, ERR_CORRUPT, "its data.mdb is missing or empty");
	tmp_remove(dir);
}

/* In one transaction. */
static void put_and_remove(const char *dir, struct slice value)
{
	const struct slice key = slice_str("large");
	struct behind b;

	behind_open(&b, dir);
	assert_ok(db_put(b.t, DB_META, key, value, &b.e), &b.e);
	assert_ok(db_del(b.t, DB_META, key, &b.e), &b.e);
	behind_close(&b);
}

/* LMDB never writes a page that was taken and given back in one transaction: when such pages
 * are the last ones, the file is shorter than it counts, and nothing is wrong. */
static void a_file_that_ends_before_its_free_pages_is_whole(void **state)
{
	static char large[1 << 18];
	char *dir = filled();
	const char *path = tmp_path(dir, "data.mdb");
	size_t before;

	(void)state;
	/* Leaves pages to be used again, so that only the large one goes to the end. */
	for (int i = 0; i < 4; i++)
		put_and_remove(dir, slice_of(large, 1));
	before = tmp_size(path);
	put_and_remove(dir, slice_of(large, sizeof(large)));
	/* Else this test proves nothing. */
	assert_true(tmp_size(path) < before + sizeof(large));
	assert_sound(dir);
	store_close(must_open(dir));
	assert_sound(dir);
	tmp_remove(dir);
}

static void the_check_changes_nothing(void **state)
{
	char *dir = filled(), *before, *after;
	struct err e = { 0 };
	size_t n, m;
	long faults;

	(void)state;
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
	char *dir = filled();
	int ready[2], end[2], status;
	char c;
	pid_t child;

	(void)state;
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
		cmocka_unit_test(flipped_bytes_of_lmdb_never_become_figures),
		cmocka_unit_test(flipped_bytes_of_the_log_never_become_samples),
		cmocka_unit_test(flipped_bytes_of_a_run_never_become_samples),
		cmocka_unit_test(the_check_names_series_time_and_cause),
		cmocka_unit_test(records_that_are_gone_are_missed),
		cmocka_unit_test(a_damaged_record_of_fresh_figures_is_set_apart),
		cmocka_unit_test(figures_of_series_that_lost_their_names_do_no_harm),
		cmocka_unit_test(a_segment_that_is_gone_is_missed_by_who_reads_it),
		cmocka_unit_test(files_that_are_gone_are_missed),
		cmocka_unit_test(the_last_log_file_is_missed),
		cmocka_unit_test(a_last_log_file_without_anything_is_not_missed),
		cmocka_unit_test(a_damaged_number_of_the_last_log_file_is_named),
		cmocka_unit_test(a_newer_store_is_refused_and_left_alone),
		cmocka_unit_test(lost_and_cut_files_are_refused),
		cmocka_unit_test(a_file_that_ends_before_its_free_pages_is_whole),
		cmocka_unit_test(the_check_changes_nothing),
		cmocka_unit_test(the_check_runs_beside_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
