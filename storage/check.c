/*
 * check.c - store_check(): reads every record and says what is wrong.
 *
 * LMDB believes its page headers; a damaged one may end the process that reads
 * it. So a child reads and reports line by line through a pipe, and its sudden end
 * is a fault like any other. The child is forked, hence: call this from a program
 * without other threads (`parkwatch check store`).
 *
 * Nothing is written, not even a lock file, unless a writer is running: then its
 * lock table is used, like any reader does.
 *
 * Besides checksums: ids and sequences without gaps, keys in order and of known
 * series of the right kind, chunks that do not overlap, and for each series and
 * submission as many records as its tally says, with the same digest.
 */
#include "storage/store.h"

#include "base/alloc.h"
#include "storage/chunk.h"
#include "storage/disk.h"
#include "storage/keys.h"
#include "storage/ledger.h"
#include "storage/lockfile.h"
#include "storage/originals.h"
#include "storage/series.h"
#include "storage/submission.h"
#include "storage/tally.h"
#include "storage/vintage.h"
#include "storage/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is known of one series while the tables go by. */
struct seen {
	struct labels *labels; /* NULL: its record is missing or damaged */
	bool statistic;
	bool has_tally;
	struct tally tally; /* as recorded */
	struct tally count; /* as found */
	int64_t last_stamp_ms;
};

struct checker {
	FILE *to; /* the pipe */
	struct db_txn *t;
	struct state state;
	struct seen *series;             /* [id - 1] */
	uint32_t *kept;                  /* [sequence - 1]: figures found */
	struct sample *run;              /* CHUNK_MAX_SAMPLES */
	struct original_follow original; /* the piece before */
};

/* Lines of the pipe: "F" a fault, "E" the end of trying, "D" done. */
static void fault(struct checker *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct checker *c, const char *fmt, ...)
{
	va_list ap;

	fputc('F', c->to);
	va_start(ap, fmt);
	vfprintf(c->to, fmt, ap);
	va_end(ap);
	fputc('\n', c->to);
}

static const char *name_of(struct checker *c, uint32_t id, char out[SERIES_TEXT])
{
	if (c->series && id >= 1 && id <= c->state.series && c->series[id - 1].labels)
		return series_text(c->series[id - 1].labels, out);
	snprintf(out, SERIES_TEXT, "series %u", id);
	return out;
}

static struct seen *seen_of(struct checker *c, uint32_t id)
{
	return id >= 1 && id <= c->state.series ? &c->series[id - 1] : NULL;
}

/* --- one table -------------------------------------------------------------------------- */

typedef void record_check(struct checker *c, struct slice key, struct slice value);

/* Calls `each` for all records whose key has the right length, in the order of the keys. */
static int scan(struct checker *c, enum db_table table, size_t key_bytes, record_check *each,
		struct err *e)
{
	uint8_t last[KEY_MAX_BYTES];
	struct slice key, value;
	struct db_cursor *cursor;
	uint64_t n = 0, entries;
	int rc;

	if (db_entries(c->t, table, &entries, e) < 0 || db_cursor_open(c->t, table, &cursor, e) < 0)
		return -1;
	while ((rc = db_move(cursor, n ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		n++;
		if (key.n != key_bytes) {
			fault(c, "table \"%s\": record %" PRIu64 " has a key of %zu bytes",
			      db_table_name(table), n, key.n);
			continue;
		}
		if (n > 1 && slice_cmp(slice_of((const char *)last, key_bytes), key) >= 0)
			fault(c, "table \"%s\": record %" PRIu64 " is out of order",
			      db_table_name(table), n);
		memcpy(last, key.p, key_bytes);
		each(c, key, value);
	}
	db_cursor_close(cursor);
	if (rc < 0)
		return -1;
	if (n != entries)
		fault(c, "table \"%s\": %" PRIu64 " records are there, %" PRIu64 " should be",
		      db_table_name(table), n, entries);
	return 0;
}

static void check_series(struct checker *c, struct slice key, struct slice value)
{
	uint32_t id = get_be32(key.p);
	struct seen *s = seen_of(c, id);
	struct err e;

	if (!record_good(key, value))
		fault(c, "series %u: its record is damaged: the checksum is wrong", id);
	else if (!s)
		fault(c, "series %u: the store knows only %u", id, c->state.series);
	else if (series_read(value, &s->labels, &s->statistic, &e) < 0)
		fault(c, "series %u: %s", id, e.text);
}

static void check_tally(struct checker *c, struct slice key, struct slice value)
{
	uint32_t id = get_be32(key.p);
	struct seen *s = seen_of(c, id);
	char name[SERIES_TEXT];
	struct err e;

	if (!record_good(key, value))
		fault(c, "%s: its tally is damaged: the checksum is wrong", name_of(c, id, name));
	else if (!s)
		fault(c, "series %u: a tally without a series", id);
	else if (tally_read(value, &s->tally, &e) < 0)
		fault(c, "%s: %s", name_of(c, id, name), e.text);
	else
		s->has_tally = true;
}

static void check_figure(struct checker *c, struct slice key, struct slice value)
{
	char name[SERIES_TEXT], at[TIME_TEXT];
	struct figure f;
	struct seen *s;
	struct err e;

	key_figure_read(key, &f.key);
	s = seen_of(c, f.key.series);
	if (!record_good(key, value)) {
		fault(c, "%s: the figure of %s is damaged: the checksum is wrong",
		      name_of(c, f.key.series, name), time_text(f.key.stamp_ms, at));
		return;
	}
	if (figure_read(key, value, &f, &e) < 0) {
		fault(c, "%s: the figure of %s: %s", name_of(c, f.key.series, name),
		      time_text(f.key.stamp_ms, at), e.text);
		return;
	}
	if (!s || (s->labels && !s->statistic)) {
		fault(c, "%s: a figure of %s where no statistic is", name_of(c, f.key.series, name),
		      time_text(f.key.stamp_ms, at));
		return;
	}
	if (f.key.sequence < 1 || f.key.sequence > c->state.sequence)
		fault(c, "%s: the figure of %s names submission %" PRIu64 ", which does not exist",
		      name_of(c, f.key.series, name), time_text(f.key.stamp_ms, at),
		      f.key.sequence);
	else
		c->kept[f.key.sequence - 1]++;
	s->count.samples += s->count.records == 0 || s->last_stamp_ms != f.key.stamp_ms;
	s->last_stamp_ms = f.key.stamp_ms;
	tally_reach(&s->count, f.key.stamp_ms);
	s->count.records++;
	s->count.digest ^= record_crc(value);
}

static void check_chunk(struct checker *c, struct slice key, struct slice value)
{
	uint32_t id = get_be32(key.p);
	struct seen *s = seen_of(c, id);
	char name[SERIES_TEXT], at[TIME_TEXT];
	struct chunk_info info;
	struct err e;

	time_text(get_be_time(key.p + 4), at);
	if (!record_good(key, value)) {
		fault(c, "%s: the chunk at %s is damaged: the checksum is wrong",
		      name_of(c, id, name), at);
		return;
	}
	if (chunk_info(key, value, &info, &e) < 0 || chunk_unpack(&info, value, c->run, &e) < 0) {
		fault(c, "%s: %s", name_of(c, id, name), e.text);
		return;
	}
	if (!s || (s->labels && s->statistic)) {
		fault(c, "%s: a chunk at %s where no plain series is", name_of(c, id, name), at);
		return;
	}
	if (s->count.records > 0 && info.first_ms <= s->count.last_ms)
		fault(c, "%s: the chunk at %s overlaps the one before", name_of(c, id, name), at);
	tally_reach(&s->count, info.first_ms);
	s->count.records++;
	tally_reach(&s->count, info.last_ms);
	s->count.samples += info.count;
	s->count.digest ^= record_crc(value);
}

static void check_submission(struct checker *c, struct slice key, struct slice value)
{
	uint64_t sequence = get_be64(key.p);
	struct submission_view view;
	struct err e;

	if (!record_good(key, value))
		fault(c, "submission %" PRIu64 " is damaged: the checksum is wrong", sequence);
	else if (sequence < 1 || sequence > c->state.sequence)
		fault(c, "submission %" PRIu64 ": the store knows only %" PRIu64, sequence,
		      c->state.sequence);
	else if (submission_read(value, &view, &e) < 0)
		fault(c, "submission %" PRIu64 ": %s", sequence, e.text);
	else if (view.s.kept != c->kept[sequence - 1])
		fault(c, "submission %" PRIu64 " kept %u figures, %u are there", sequence,
		      view.s.kept, c->kept[sequence - 1]);
}

static void check_entry(struct checker *c, struct slice key, struct slice value)
{
	uint64_t number = get_be64(key.p);
	struct ledger_view view;
	struct err e;

	if (!record_good(key, value))
		fault(c, "entry %" PRIu64 " of the ledger is damaged: the checksum is wrong",
		      number);
	else if (ledger_read(key, value, &view, &e) < 0)
		fault(c, "entry %" PRIu64 " of the ledger: %s", number, e.text);
	else if (view.submission > c->state.sequence)
		fault(c,
		      "entry %" PRIu64 " of the ledger names submission %" PRIu64
		      ", which does not exist",
		      number, view.submission);
}

static void check_original(struct checker *c, struct slice key, struct slice value)
{
	struct original_piece p;
	char hex[SHA256_HEX];
	struct err e;

	sha256_hex((const uint8_t *)key.p, hex);
	if (!record_good(key, value))
		fault(c, "original %s is damaged: the checksum is wrong", hex);
	else if (original_read(key, value, &p, &e) < 0 || original_follow(&c->original, &p, &e) < 0)
		fault(c, "original %s: %s", hex, e.text);
}

/* --- what must be there --------------------------------------------------------------------- */

static void compare_tally(struct checker *c, uint32_t id)
{
	const struct seen *s = &c->series[id - 1];
	const struct tally *want = &s->tally, *is = &s->count;
	const char *what = s->statistic ? "figures" : "chunks";
	char name[SERIES_TEXT], a[TIME_TEXT], b[TIME_TEXT];

	name_of(c, id, name);
	if (!s->labels)
		fault(c, "series %u: its record is missing or damaged", id);
	if (!s->has_tally)
		fault(c, "%s: its tally is missing or damaged", name);
	else if (is->records != want->records)
		fault(c, "%s: %" PRIu64 " %s are there, %" PRIu64 " should be, from %s to %s", name,
		      is->records, what, want->records, time_text(want->first_ms, a),
		      time_text(want->last_ms, b));
	else if (is->samples != want->samples || is->digest != want->digest)
		fault(c, "%s: its %s are not the ones that were written last", name, what);
	else if (is->records > 0 &&
		 (is->first_ms != want->first_ms || is->last_ms != want->last_ms))
		fault(c, "%s: its %s do not reach from %s to %s", name, what,
		      time_text(want->first_ms, a), time_text(want->last_ms, b));
	if (s->has_tally && s->labels && want->statistic != s->statistic)
		fault(c, "%s: its tally is that of another kind of series", name);
}

static void compare_totals(struct checker *c)
{
	uint32_t statistics = 0;

	for (uint32_t id = 1; id <= c->state.series; id++) {
		compare_tally(c, id);
		statistics += c->series[id - 1].labels && c->series[id - 1].statistic;
	}
	if (statistics != c->state.statistics)
		fault(c, "%u statistics are there, %u should be", statistics, c->state.statistics);
}

static void compare_submissions(struct checker *c, uint64_t entries)
{
	if (entries != c->state.sequence)
		fault(c, "%" PRIu64 " submissions are there, %" PRIu64 " should be", entries,
		      c->state.sequence);
}

static void compare_ledger(struct checker *c)
{
	struct err e;

	if (ledger_check_count(c->t, &e) < 0)
		fault(c, "%s", e.text);
	if (original_follow(&c->original, NULL, &e) < 0)
		fault(c, "the last original: %s", e.text);
}

static int read_heads(struct checker *c, struct err *e)
{
	struct slice value;
	int rc = db_get(c->t, DB_META, key_format, &value, e);

	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's format record is missing");
	if (rc < 0 || format_read(value, e) < 0)
		return -1;
	rc = db_get(c->t, DB_META, key_state, &value, e);
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	return rc < 0 ? -1 : state_read(value, &c->state, e);
}

static int check_tables(struct checker *c, struct err *e)
{
	uint64_t submissions;

	if (read_heads(c, e) < 0)
		return -1;
	c->series = mem_zalloc((size_t)c->state.series * sizeof(*c->series));
	c->kept = mem_zalloc((size_t)c->state.sequence * sizeof(*c->kept));
	c->run = mem_alloc(CHUNK_MAX_SAMPLES * sizeof(*c->run));
	if (!c->series || !c->kept || !c->run)
		return err_set(e, ERR_MEMORY, "no memory to check the store");
	if (scan(c, DB_SERIES, KEY_SERIES_BYTES, check_series, e) < 0 ||
	    scan(c, DB_TALLIES, KEY_TALLY_BYTES, check_tally, e) < 0 ||
	    scan(c, DB_FIGURES, KEY_FIGURE_BYTES, check_figure, e) < 0 ||
	    scan(c, DB_SAMPLES, KEY_CHUNK_BYTES, check_chunk, e) < 0 ||
	    scan(c, DB_SUBMISSIONS, KEY_SUBMISSION_BYTES, check_submission, e) < 0 ||
	    scan(c, DB_LEDGER, KEY_LEDGER_BYTES, check_entry, e) < 0 ||
	    scan(c, DB_ORIGINALS, KEY_ORIGINAL_BYTES, check_original, e) < 0 ||
	    db_entries(c->t, DB_SUBMISSIONS, &submissions, e) < 0)
		return -1;
	compare_totals(c);
	compare_submissions(c, submissions);
	compare_ledger(c);
	return 0;
}

static void release_checker(struct checker *c)
{
	for (uint32_t i = 0; c->series && i < c->state.series; i++)
		labels_unref(c->series[i].labels);
	mem_free(c->series);
	mem_free(c->kept);
	mem_free(c->run);
}

/* --- child and parent --------------------------------------------------------------------------
 */

/* What could not be read on is a fault too, once the store itself was open. */
static void check_in_child(const char *dir, bool alone, FILE *to)
{
	struct db_options o = { .dir = dir, .mode = alone ? DB_READ_ALONE : DB_READ };
	struct checker c = { .to = to };
	struct err e = { 0 };
	struct db *db = db_open(&o, &e);
	int rc = -1;

	if (db && db_read_begin(db, &c.t, &e) == 0) {
		rc = check_tables(&c, &e);
		release_checker(&c);
		db_read_end(c.t);
	}
	db_close(db);
	if (rc < 0 && e.code == ERR_CORRUPT) {
		fault(&c, "%s", e.text);
		rc = 0;
	}
	if (rc < 0)
		fprintf(to, "E%d %s\n", e.code, e.text);
	else
		fprintf(to, "D\n");
}

static long collect(FILE *from, FILE *to, bool *ended, struct err *e)
{
	char *line = NULL;
	size_t cap = 0;
	long faults = 0;
	ssize_t n;

	*ended = false;
	while ((n = getline(&line, &cap, from)) > 0) {
		line[n - 1] = '\0';
		if (line[0] == 'F') {
			fprintf(to, "%s\n", line + 1);
			faults++;
		} else if (line[0] == 'D') {
			*ended = true;
		} else if (line[0] == 'E') {
			char *text;
			long code = strtol(line + 1, &text, 10);

			*ended = true;
			faults = err_set(e, (enum err_code)code, "%s", text + (*text == ' '));
			break;
		}
	}
	free(line);
	return faults;
}

static void tell_end(FILE *to, int signal)
{
	if (signal == SIGBUS)
		fprintf(to,
			"reading ended with signal %d: data.mdb is cut off, or the disk does "
			"not give all of it\n",
			signal);
	else
		fprintf(to, "reading ended with signal %d: the pages of data.mdb are damaged\n",
			signal);
}

static long check_with_child(const char *dir, bool alone, FILE *to, struct err *e)
{
	int ends[2], status = 0;
	FILE *from;
	bool ended = false;
	long faults;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot check the store");
	fflush(to);
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_sys(e, errno, "cannot check the store");
	}
	if (child == 0) {
		static const int falls[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
		FILE *pipe_to = fdopen(ends[1], "w");

		/* A handler of the program would go on with the program. */
		for (size_t i = 0; i < sizeof(falls) / sizeof(falls[0]); i++)
			signal(falls[i], SIG_DFL);
		if (pipe_to) {
			check_in_child(dir, alone, pipe_to);
			fflush(pipe_to);
		}
		_exit(0);
	}
	close(ends[1]);
	from = fdopen(ends[0], "r");
	faults = from ? collect(from, to, &ended, e) : err_sys(e, errno, "cannot check the store");
	if (from)
		fclose(from);
	else
		close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (faults >= 0 && !ended) {
		tell_end(to, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		faults++;
	}
	return faults;
}

long store_check(const char *dir, FILE *to, struct err *e)
{
	struct err why = { 0 };
	bool marked, busy;
	long faults;
	int lock;

	if (disk_folder_open(dir, false, e) < 0)
		return -1;
	lock = lockfile_take_existing(dir, &why);
	busy = lock < 0 && why.code == ERR_BUSY;
	if (lock < 0 && !busy && why.code != ERR_NONE) {
		if (e)
			*e = why;
		return -1;
	}
	if (version_check(dir, &marked, &why) == 0) {
		faults = check_with_child(dir, !busy, to, e);
	} else if (why.code == ERR_CORRUPT) {
		fprintf(to, "%s\n", why.text);
		faults = 1;
	} else {
		faults = -1;
		if (e)
			*e = why;
	}
	lockfile_release(lock);
	return faults;
}
