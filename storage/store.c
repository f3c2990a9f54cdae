/*
 * store.c - opening, closing, the front door of appends, the state.
 *
 * Opening: the folder and its file system, our lock, the mark of an earlier store,
 * LMDB, the format record, then what open.c reads. Each step
 * that fails says which; nothing is made in a folder that holds a newer store.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/remote_write.h"
#include "base/snappy.h"
#include "storage/disk.h"
#include "storage/lockfile.h"
#include "storage/metadata.h"
#include "storage/originals.h"
#include "storage/open.h"
#include "storage/submission.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
	struct state none = { .next_part = 1, .next_partition = 1 };
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

/* A power cut while a store is made may leave a data.mdb that LMDB does not take for its own. The
 * mark in VERSION is durable before anything is acknowledged, so without it nothing can be
 * lost; a file longer than what making a store writes is left alone all the same. */
enum { MAKING_PAGES = 16 };

static int open_db(struct store *s, const struct db_options *o, bool marked, struct err *e)
{
	uint64_t most = MAKING_PAGES * (uint64_t)sysconf(_SC_PAGESIZE);
	struct err why = { 0 };

	s->db = db_open(o, &why);
	if (!s->db && why.code == ERR_CORRUPT && o->mode == DB_WRITE && !marked &&
	    disk_remove_small(s->dir, "data.mdb", most)) {
		log_event(LOG_WARN, "a store that was never finished is made anew",
			  log_s("dir", s->dir), log_err(&why));
		s->db = db_open(o, &why);
	}
	if (!s->db && e)
		*e = why;
	return s->db ? 0 : -1;
}

static int take_lock(struct store *s, struct err *e)
{
	struct err why = { .code = ERR_NONE };

	s->lock_fd = s->opt.read_only ? lockfile_share_read_only(s->dir, &why)
				      : lockfile_take(s->dir, &why);
	if (why.code == ERR_NONE)
		return 0;
	if (e)
		*e = why;
	return -1;
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
	if (take_lock(s, e) < 0)
		return -1;
	if (version_check(s->dir, &marked, e) < 0)
		return -1;
	if (open_db(s, &o, marked, e) < 0 || check_format(s, marked, &fresh, e) < 0)
		return -1;
	if (fresh && begin_new(s, e) < 0)
		return -1;
	if (!s->opt.read_only && db_add_tables(s->db, e) < 0)
		return -1;
	if (!s->opt.read_only && !marked && version_write(s->dir, e) < 0)
		return -1;
	return s->opt.read_only ? store_follow(s, e) : store_load(s, e);
}

static void init_locks(struct store *s)
{
	pthread_mutex_t *locks[] = { &s->original_lock, &s->ingest_lock, &s->index_lock,
				     &s->layout_lock,   &s->sync_lock,   &s->decoders_lock,
				     &s->lock,          &s->snap_lock,   &s->metadata_lock };
	pthread_cond_t *conds[] = { &s->room, &s->sync_wake, &s->wake, &s->pack_wake,
				    &s->pack_done };
	pthread_condattr_t attr;

	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
		pthread_mutex_init(locks[i], NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (size_t i = 0; i < sizeof(conds) / sizeof(conds[0]); i++)
		pthread_cond_init(conds[i], &attr);
	pthread_condattr_destroy(&attr);
}

static _Atomic uint64_t openings;

static struct store *store_new(const struct store_options *o, struct err *e)
{
	struct store *s = mem_zalloc(sizeof(*s));

	if (!s || !(s->dir = mem_strdup(o->dir)) || fresh_record_init(&s->record, e) < 0) {
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
	s->opening = atomic_fetch_add_explicit(&openings, 1, memory_order_relaxed) + 1;
	s->lock_fd = -1;
	head_init(&s->head);
	map_init(&s->metadata);
	init_locks(s);
	return s;
}

static void stop_threads(struct store *s)
{
	packer_stop(s);
	sync_stop(s);
	writer_stop(s);
}

static void store_free(struct store *s)
{
	pthread_mutex_t *locks[] = { &s->original_lock, &s->ingest_lock, &s->index_lock,
				     &s->layout_lock,   &s->sync_lock,   &s->decoders_lock,
				     &s->lock,          &s->snap_lock,   &s->metadata_lock };
	pthread_cond_t *conds[] = { &s->room, &s->sync_wake, &s->wake, &s->pack_wake,
				    &s->pack_done };

	store_unload(s);
	metadata_release(s);
	fresh_record_release(&s->record);
	db_close(s->db);
	lockfile_release(s->lock_fd);
	for (size_t i = 0; i < sizeof(conds) / sizeof(conds[0]); i++)
		pthread_cond_destroy(conds[i]);
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
		pthread_mutex_destroy(locks[i]);
	mem_free(s->dir);
	mem_free(s);
}

static int start_threads(struct store *s, struct err *e)
{
	if (s->opt.read_only)
		return 0;
	return writer_start(s, e) < 0 || sync_start(s, e) < 0 || packer_start(s, e) < 0 ? -1 : 0;
}

struct store *store_open(const struct store_options *o, struct err *e)
{
	struct store *s = store_new(o, e);

	if (!s)
		return NULL;
	if (open_parts(s, e) < 0)
		goto fail;
	store_let_go(s);
	/* As long as nobody else changes what they show. */
	counter_set(C_STORE_SERIES, s->next_series - 1);
	counter_set(C_STORE_BYTES, (double)s->used_bytes);
	counter_set(C_STORE_WRITABLE, o->read_only ? 0 : 1);
	if (start_threads(s, e) == 0)
		return s;
fail:
	stop_threads(s);
	store_free(s);
	return NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	stop_threads(s);
	assert(s->nsnaps == 0);
	store_free(s);
}

/* --- a store that another process writes ------------------------------------------------ */

/* Numbers and lengths of log files and runs, and how far LMDB is: whether anything changed. */
static uint64_t fingerprint(struct store *s, const struct state *state)
{
	static const char *const kinds[][2] = { { "log", ".log" }, { "runs", ".run" } };
	uint64_t sum = state->epoch * 31 + state->sequence;

	for (int k = 0; k < 2; k++) {
		uint64_t *numbers;
		size_t n;

		if (numbered_files(s->dir, kinds[k][0], kinds[k][1], &numbers, &n, NULL) < 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			char path[4096];
			struct stat st;

			if (numbered_path(path, s->dir, kinds[k][0], numbers[i], kinds[k][1],
					  NULL) == 0 &&
			    stat(path, &st) == 0)
				sum = sum * 1000003 + numbers[i] * 31 + (uint64_t)st.st_size;
		}
		mem_free(numbers);
	}
	return sum;
}

static int shown_state(struct store *s, struct state *state, struct err *e)
{
	struct db_txn *t;
	struct slice value;
	int rc;

	if (db_read_begin(s->db, &t, e) < 0)
		return -1;
	rc = db_get(t, DB_META, key_state, &value, e);
	if (rc == 0)
		rc = err_set(e, ERR_CORRUPT, "the store's state record is missing");
	else if (rc == 1)
		rc = state_read(value, state, e);
	db_read_end(t);
	return rc < 0 ? -1 : 0;
}

/* One look: 1 when a failure may be one of files that went while they were read. */
static int look_again(struct store *s, struct err *e)
{
	struct state state = { 0 };
	uint64_t now;

	if (shown_state(s, &state, e) < 0)
		return -1;
	now = fingerprint(s, &state);
	if (s->layout && now == s->seen)
		return 0;
	store_unload(s);
	s->seen = now;
	if (store_load(s, e) == 0)
		return 0;
	store_unload(s);
	if (shown_state(s, &state, NULL) < 0)
		return -1;
	return fingerprint(s, &state) == now ? -1 : 1;
}

enum { FOLLOW_TRIES = 20 };

int store_follow(struct store *s, struct err *e)
{
	int rc = 1;

	if (!s->opt.read_only)
		return 0;
	pthread_mutex_lock(&s->snap_lock);
	for (int i = 0; i < FOLLOW_TRIES && rc == 1; i++)
		rc = look_again(s, e);
	pthread_mutex_unlock(&s->snap_lock);
	return rc == 0 ? 0 : -1;
}

/* --- the queue's front door -------------------------------------------------------------- */

static int check_observation(const struct append *a, const struct observation *o, struct err *e)
{
	char text[SERIES_TEXT], at[TIME_TEXT];

	if (!o->labels)
		return err_set(e, ERR_INVALID, "a value without labels");
	if (!figure_is_sound(o->value, o->flags))
		return err_set(e, ERR_INVALID,
			       o->flags & FIGURE_SUPPRESSED
				       ? "%s at %s: a suppressed figure has no value"
				       : "%s at %s: a figure must be a finite number",
			       series_text(o->labels, text), time_text(o->stamp_ms, at));
	if (o->known_from_ms != 0 && !a->submission.trusted)
		return err_set(e, ERR_INVALID,
			       "%s at %s: only a trusted source may say since when a figure is "
			       "known",
			       series_text(o->labels, text), time_text(o->stamp_ms, at));
	return 0;
}

static bool doubt_is_sound(const struct append *a, size_t i)
{
	const struct doubt *d = &a->doubts[i];
	const char *const texts[] = { d->reason, d->unit,   d->indicator, d->freq,
				      d->basis,  d->period, d->text,      d->text_zh };

	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
		if (!texts[k] || strlen(texts[k]) > SUBMISSION_TEXT_MAX)
			return false;
	return d->row < a->nobs && (i == 0 || a->doubts[i - 1].row <= d->row);
}

static bool refused_cell_is_sound(const struct refused_cell *c)
{
	return c->labels && c->reason && *c->reason && strlen(c->reason) <= REFUSED_REASON_MAX;
}

static int check_append(const struct append *a, struct err *e)
{
	if (a->nobs > UINT32_MAX || a->nsamples > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "too many values at once");
	if ((a->nobs || a->submission.rejected) && submission_check(&a->submission, a->nobs, e) < 0)
		return -1;
	for (size_t i = 0; i < a->nobs; i++)
		if (check_observation(a, &a->obs[i], e) < 0)
			return -1;
	for (size_t i = 0; i < a->ndoubts; i++)
		if (!doubt_is_sound(a, i))
			return err_set(e, ERR_INVALID,
				       "doubt %zu is of no value, out of order, or without a text",
				       i);
	for (size_t i = 0; i < a->ncells; i++)
		if (!refused_cell_is_sound(&a->cells[i]))
			return err_set(e, ERR_INVALID,
				       "refused figure %zu has no labels, or no short reason", i);
	for (size_t i = 0; i < a->nsamples; i++)
		if (!a->samples[i].labels)
			return err_set(e, ERR_INVALID, "a value without labels");
	return 0;
}

/* Samples of our own, then the observations. */
struct own_write {
	struct write w;
	struct store *s;
	struct append *a;
};

static void finish_append(struct append *a)
{
	if (a->done)
		a->done(a);
}

/* Now the observations of the same append, if it brings some. */
static void own_done(struct write *w)
{
	struct own_write *o = w->ctx;
	struct append *a = o->a;
	struct store *s = o->s;

	a->err = w->err;
	mem_free(o);
	if (a->nobs == 0 || a->err.code != ERR_NONE) {
		finish_append(a);
	} else {
		struct err e;

		if (writer_push(s, a, &e) < 0) {
			a->err = e;
			finish_append(a);
		}
	}
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int append_samples(struct store *s, struct append *a, struct err *e)
{
	struct own_write *o = mem_zalloc(sizeof(*o));

	if (!o)
		return err_set(e, ERR_MEMORY, "no memory to write samples");
	o->s = s;
	o->a = a;
	o->w.done = own_done;
	o->w.ctx = o;
	o->w.patient = a->patient && a->nobs == 0;
	o->w.hurried = a->hurried;
	o->w.received_ms = a->submission.received_ms ? a->submission.received_ms : wall_ms();
	if (ingest_samples(s, &o->w, a->samples, a->nsamples, e) == 0)
		return 0;
	mem_free(o);
	return -1;
}

int store_append(struct store *s, struct append *a, struct err *e)
{
	a->err = (struct err){ .code = ERR_NONE };
	a->task = NULL;
	a->committed = NULL;
	a->task_bytes = 0;
	a->submission.draft = NULL;
	if (s->opt.read_only)
		return err_set(e, ERR_REFUSED, "the store in %s was opened for reading only",
			       s->dir);
	if (check_append(a, e) < 0)
		return -1;
	if (a->nsamples)
		return append_samples(s, a, e);
	return original_is_large(&a->submission) ? original_push_large(s, a, e)
						 : writer_push(s, a, e);
}

/* --- state ----------------------------------------------------------------------------------- */

static void sum_layers(struct layer *const *list, uint32_t n, bool runs, uint64_t *count,
		       uint64_t *samples, uint64_t *bytes)
{
	for (uint32_t i = 0; i < n; i++) {
		if (list[i]->run != runs)
			continue;
		++*count;
		*samples += list[i]->samples;
		*bytes += list[i]->bytes;
	}
}

static void status_of_layout(const struct layout *l, struct store_status *out)
{
	sum_layers(l->samples, l->nsamples, true, &out->runs, &out->run_samples, &out->run_bytes);
	sum_layers(l->samples, l->nsamples, false, &out->partitions, &out->packed_samples,
		   &out->packed_bytes);
	sum_layers(l->figures, l->nfigures, false, &out->partitions, &out->packed_figures,
		   &out->figure_bytes);
	for (uint32_t i = 0; i < l->nparts; i++) {
		out->series += l->parts[i]->series;
		out->index_bytes += l->parts[i]->bytes;
	}
	out->index_parts = l->nparts;
	out->damaged = l->damage ? l->damage->records : 0;
	for (uint32_t i = 0; i < l->nmemories; i++)
		out->series += memory_index_count(l->memories[i]);
	out->fresh_figures = (l->fresh ? atomic_load(&l->fresh->figures) : 0) +
			     (l->frozen ? atomic_load(&l->frozen->figures) : 0);
	out->fresh_bytes = out->fresh_figures * sizeof(struct figure);
}

void store_status(struct store *s, struct store_status *out)
{
	struct layout *l = store_layout(s);
	struct db_info info;

	*out = (struct store_status){ 0 };
	if (l)
		status_of_layout(l, out);
	layout_unref(l);
	pthread_mutex_lock(&s->ingest_lock);
	out->head_samples = s->active ? s->active->samples : 0;
	out->log_bytes = s->wal ? s->wal->written : 0;
	pthread_mutex_unlock(&s->ingest_lock);
	db_info(s->db, &info);
	out->map_bytes = info.map_bytes;
	out->file_bytes = info.file_bytes;
	out->disk_free_bytes = info.disk_free_bytes;
	out->commits = info.last_txn;
	pthread_mutex_lock(&s->snap_lock);
	out->snapshots = s->nsnaps;
	pthread_mutex_unlock(&s->snap_lock);
	pthread_mutex_lock(&s->lock);
	out->submissions = s->shown.sequence;
	out->used_bytes = s->used_bytes;
	out->writable = !s->failed && !s->full && !s->opt.read_only;
	if (s->opt.read_only)
		snprintf(out->why, sizeof(out->why), "opened for reading only");
	else if (!out->writable)
		memcpy(out->why, s->why.text, sizeof(out->why));
	pthread_mutex_unlock(&s->lock);
}
