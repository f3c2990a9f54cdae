/*
 * store.c - opening, closing, the queue's front door, the state.
 *
 * Opening: the folder and its file system, our lock, the mark of an earlier store,
 * LMDB, the format record, the tables, one scan of the series into memory. Each step
 * that fails says which; nothing is made in a folder that holds a newer store.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "storage/disk.h"
#include "storage/ledger.h"
#include "storage/lockfile.h"
#include "storage/submission.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <time.h>

enum { DEFAULT_SNAPSHOTS = 254 };
static const size_t default_queue = (size_t)256 << 20;

int64_t mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- opening ------------------------------------------------------------------------- */

static int begin_new(struct store *s, struct err *e)
{
	uint8_t format[FORMAT_BYTES], state[STATE_BYTES];
	struct state none = { 0 };
	struct db_txn *t;

	if (db_make_tables(s->db, e) < 0 || db_write_begin(s->db, &t, e) < 0)
		return -1;
	format_write(STORE_FORMAT, format);
	state_write(&none, state);
	if (db_put(t, DB_META, key_format, key_slice(format, sizeof(format)), e) < 0 ||
	    db_put(t, DB_META, key_state, key_slice(state, sizeof(state)), e) < 0) {
		db_write_abort(t);
		return -1;
	}
	return db_write_commit(t, e);
}

/* Without a format record this is either a store that was never finished, or one that
 * lost it. */
static int check_empty(struct db_txn *t, bool marked, struct err *e)
{
	uint64_t n, sum = 0;

	for (int i = 0; i < DB_TABLES; i++) {
		if (db_entries(t, (enum db_table)i, &n, e) < 0)
			return -1;
		sum += n;
	}
	if (sum > 0 || marked)
		return err_set(e, ERR_CORRUPT, "the store's format record is missing");
	return 0;
}

static int check_format(struct store *s, bool marked, bool *fresh, struct err *e)
{
	struct db_txn *t;
	struct slice value;
	int rc;

	if (db_read_begin(s->db, &t, e) < 0)
		return -1;
	rc = db_get(t, DB_META, key_format, &value, e);
	*fresh = rc == 0;
	if (rc == 1)
		rc = format_read(value, e);
	else if (rc == 0)
		rc = check_empty(t, marked, e);
	db_read_end(t);
	if (rc == 0 && *fresh && s->opt.read_only)
		return err_set(e, ERR_NOT_FOUND, "there is no store in %s", s->dir);
	return rc;
}

static int check_entries(struct db_txn *t, enum db_table table, uint64_t want, struct err *e)
{
	uint64_t n;

	if (db_entries(t, table, &n, e) < 0)
		return -1;
	if (n != want)
		return err_set(e, ERR_CORRUPT,
			       "the table \"%s\" has %" PRIu64 " records, it must have %" PRIu64,
			       db_table_name(table), n, want);
	return 0;
}

static int load(struct store *s, struct db_txn *t, struct err *e)
{
	struct slice value;
	int rc = db_get(t, DB_META, key_state, &value, e);

	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	if (rc < 0 || state_read(value, &s->state, e) < 0)
		return -1;
	s->shown = s->state;
	if (check_entries(t, DB_SERIES, s->state.series, e) < 0 ||
	    check_entries(t, DB_TALLIES, s->state.series, e) < 0 ||
	    check_entries(t, DB_SUBMISSIONS, s->state.sequence, e) < 0 ||
	    ledger_check_count(t, e) < 0 || db_used_bytes(t, &s->used_bytes, e) < 0)
		return -1;
	return series_index_load(&s->index, t, s->state.series, e);
}

static int load_state(struct store *s, struct err *e)
{
	struct db_txn *t;
	int rc;

	if (db_read_begin(s->db, &t, e) < 0)
		return -1;
	rc = load(s, t, e);
	db_read_end(t);
	return rc;
}

static int open_parts(struct store *s, struct err *e)
{
	struct db_options o = { .dir = s->dir,
				.mode = s->opt.read_only ? DB_READ : DB_WRITE,
				.map_bytes = s->opt.map_bytes,
				.max_readers = s->opt.max_snapshots };
	bool marked = false, fresh;

	if (disk_folder_open(s->dir, !s->opt.read_only, e) < 0)
		return -1;
	if (!s->opt.read_only && (s->lock_fd = lockfile_take(s->dir, e)) < 0)
		return -1;
	if (version_check(s->dir, &marked, e) < 0)
		return -1;
	s->db = db_open(&o, e);
	if (!s->db || check_format(s, marked, &fresh, e) < 0)
		return -1;
	if (fresh && begin_new(s, e) < 0)
		return -1;
	if (!s->opt.read_only && !marked && version_write(s->dir, e) < 0)
		return -1;
	return load_state(s, e);
}

static struct store *store_new(const struct store_options *o, struct err *e)
{
	struct store *s = mem_zalloc(sizeof(*s));
	pthread_condattr_t attr;

	if (!s || !(s->dir = mem_strdup(o->dir)) || series_index_init(&s->index, e) < 0) {
		err_set(e, ERR_MEMORY, "no memory to open the store");
		if (s)
			mem_free(s->dir);
		mem_free(s);
		return NULL;
	}
	s->opt = *o;
	s->opt.dir = s->dir;
	if (s->opt.max_snapshots == 0)
		s->opt.max_snapshots = DEFAULT_SNAPSHOTS;
	if (s->opt.queue_bytes == 0)
		s->opt.queue_bytes = default_queue;
	s->lock_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->snap_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	return s;
}

static void store_free(struct store *s)
{
	series_index_release(&s->index);
	db_close(s->db);
	lockfile_release(s->lock_fd);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->snap_lock);
	pthread_mutex_destroy(&s->lock);
	mem_free(s->dir);
	mem_free(s);
}

struct store *store_open(const struct store_options *o, struct err *e)
{
	struct store *s = store_new(o, e);

	if (!s)
		return NULL;
	if (open_parts(s, e) < 0 || (!o->read_only && writer_start(s, e) < 0)) {
		store_free(s);
		return NULL;
	}
	counter_set(C_STORE_SERIES, s->state.series);
	counter_set(C_STORE_BYTES, (double)s->used_bytes);
	counter_set(C_STORE_WRITABLE, o->read_only ? 0 : 1);
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	writer_stop(s);
	assert(s->nsnaps == 0);
	store_free(s);
}

/* --- the queue's front door -------------------------------------------------------------- */

/* Only among the `known_ids` committed series: younger ones may be taken back any moment.
 * The writer looks again. */
static int check_kind(struct store *s, uint32_t known_ids, const struct labels *ls, bool statistic,
		      struct err *e)
{
	const struct series *known;
	char text[SERIES_TEXT];

	if (!ls)
		return err_set(e, ERR_INVALID, "a value without labels");
	known = series_by_labels(&s->index, ls, known_ids);
	if (!known || known->statistic == statistic)
		return 0;
	return err_set(e, ERR_INVALID, "%s is a %s and cannot take %s", series_text(ls, text),
		       known->statistic ? "statistic" : "plain series",
		       statistic ? "an observation" : "plain samples");
}

static int check_observation(struct store *s, uint32_t known_ids, const struct append *a,
			     const struct observation *o, struct err *e)
{
	char text[SERIES_TEXT], at[TIME_TEXT];

	if (check_kind(s, known_ids, o->labels, true, e) < 0)
		return -1;
	if (!isfinite(o->value))
		return err_set(e, ERR_INVALID, "%s at %s: a figure must be a finite number",
			       series_text(o->labels, text), time_text(o->stamp_ms, at));
	if (o->known_from_ms != 0 && !a->submission.trusted)
		return err_set(e, ERR_INVALID,
			       "%s at %s: only a trusted source may say since when a figure is "
			       "known",
			       series_text(o->labels, text), time_text(o->stamp_ms, at));
	return 0;
}

static int check_append(struct store *s, const struct append *a, struct err *e)
{
	uint32_t known_ids;

	pthread_mutex_lock(&s->lock);
	known_ids = s->shown.series;
	pthread_mutex_unlock(&s->lock);
	if (a->nobs > UINT32_MAX || a->nsamples > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "too many values at once");
	if ((a->nobs || a->submission.rejected) && submission_check(&a->submission, a->nobs, e) < 0)
		return -1;
	for (size_t i = 0; i < a->nobs; i++)
		if (check_observation(s, known_ids, a, &a->obs[i], e) < 0)
			return -1;
	for (size_t i = 0; i < a->nsamples; i++)
		if (check_kind(s, known_ids, a->samples[i].labels, false, e) < 0)
			return -1;
	return 0;
}

static int push_locked(struct store *s, struct append *a, struct err *e)
{
	size_t bytes = append_bytes(a);

	if (s->failed)
		return err_set(e, ERR_IO, "the store failed: %s", s->why.text);
	if (s->stopping)
		return err_set(e, ERR_BUSY, "the store is being closed");
	/* One that is larger than the queue is taken when nothing else waits. */
	if (s->queued_bytes > 0 && s->queued_bytes + bytes > s->opt.queue_bytes)
		return err_set(e, ERR_BUSY, "%zu KiB wait to be written already",
			       s->queued_bytes >> 10);
	s->queued_bytes += bytes;
	a->next = NULL;
	if (s->tail)
		s->tail->next = a;
	else
		s->head = a;
	s->tail = a;
	pthread_cond_signal(&s->wake);
	return 0;
}

int store_append(struct store *s, struct append *a, struct err *e)
{
	int rc;

	a->err = (struct err){ .code = ERR_NONE };
	if (s->opt.read_only)
		return err_set(e, ERR_REFUSED, "the store in %s was opened for reading only",
			       s->dir);
	if (check_append(s, a, e) < 0)
		return -1;
	pthread_mutex_lock(&s->lock);
	rc = push_locked(s, a, e);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* --- state ----------------------------------------------------------------------------------- */

void store_status(struct store *s, struct store_status *out)
{
	struct db_info info;

	*out = (struct store_status){ 0 };
	db_info(s->db, &info);
	out->map_bytes = info.map_bytes;
	out->file_bytes = info.file_bytes;
	out->disk_free_bytes = info.disk_free_bytes;
	out->commits = info.last_txn;
	pthread_mutex_lock(&s->snap_lock);
	out->snapshots = s->nsnaps;
	pthread_mutex_unlock(&s->snap_lock);
	pthread_mutex_lock(&s->lock);
	out->series = s->shown.series;
	out->statistics = s->shown.statistics;
	out->submissions = s->shown.sequence;
	out->used_bytes = s->used_bytes;
	out->writable = !s->failed && !s->full && !s->opt.read_only;
	if (s->opt.read_only)
		snprintf(out->why, sizeof(out->why), "opened for reading only");
	else if (!out->writable)
		memcpy(out->why, s->why.text, sizeof(out->why));
	pthread_mutex_unlock(&s->lock);
}
