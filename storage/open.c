/*
 * open.c - what a store is when it is opened: parts, partitions, runs, fresh figures, log.
 *
 * Of a crash there may be left: a run that was not finished (its log is still there), log files
 * that a run covers already, runs that a partition covers already, segments of a partition without
 * a record, and the torn end of the last log file. All of it is removed; what is
 * missing instead is an error.
 */
#include "storage/open.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "storage/ledger.h"
#include "storage/log_mark.h"
#include "storage/submission.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- LMDB --------------------------------------------------------------------------------- */

static int load_parts(struct layout *l, struct db_txn *t, const struct state *state, struct err *e)
{
	struct db_cursor *c;
	struct slice key, value;
	int rc;

	if (db_cursor_open(t, DB_PARTS, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, l->nparts ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		struct part *p;

		if (key.n != KEY_PART_BYTES) {
			rc = record_bad(e, DB_PARTS, "a key has the wrong length");
			break;
		}
		p = part_of_blob(get_be32(key.p), value, e);
		if (!p || layout_add_part(l, p, e) < 0) {
			rc = err_wrap(e, "part %u of the index", get_be32(key.p));
			break;
		}
	}
	db_cursor_close(c);
	if (rc < 0)
		return -1;
	return l->nparts == state->parts ? 0 : record_bad(e, DB_PARTS, "one is missing");
}

static int load_partitions(struct layout *l, struct db_txn *t, const struct state *state,
			   struct err *e)
{
	struct layer **list;
	uint32_t n, digest = 0;
	int rc = 0;

	if (partitions_load(t, &list, &n, e) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		digest ^= list[i]->crc;
		if (rc == 0)
			rc = layout_add_layer(l, list[i], e);
		else
			layer_unref(list[i]);
	}
	mem_free(list);
	if (rc == 0 && (n != state->partitions || digest != state->digest))
		rc = record_bad(e, DB_PARTITIONS, "one is missing, or an old one came back");
	return rc;
}

/* --- fresh figures ---------------------------------------------------------------------------- */

struct named {
	uint32_t id;
	bool statistic;
	struct labels *labels;
};

struct loading {
	struct store *s;
	struct layout *l;
	struct named *names;
	size_t n, cap;
	struct figure_packer *packer;
	struct figure *figures;
	uint32_t series, row; /* of the chunk before */
	uint64_t sequence;    /* of the last good record */
	uint64_t lost;        /* figures in damaged ones */
};

static int take_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		     struct err *e)
{
	struct loading *x = ctx;

	if (x->n == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 256;
		struct named *more = mem_realloc(x->names, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory for the series index");
		x->names = more;
		x->cap = cap;
	}
	x->names[x->n] = (struct named){ id, statistic, labels_intern(l, n, e) };
	return x->names[x->n].labels ? (x->n++, 0) : -1;
}

static int take_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	struct loading *x = ctx;

	if (figures_unpack(x->packer, c, x->figures, e) < 0)
		return -1;
	if (c->series != x->series)
		x->row = 0;
	x->series = c->series;
	for (uint32_t i = 0; i < c->count; i++) {
		/* Chunks are cut anywhere: the order goes on from the one before. */
		x->figures[i].row = x->row++;
		if (fresh_add(x->l->fresh, c->series, &x->figures[i], e) < 0)
			return -1;
	}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Series that no part has yet; one may have been named twice. */
static int add_names(struct loading *x, struct err *e)
{
	const struct layout *l = x->l;
	uint32_t last = l->nparts ? l->parts[l->nparts - 1]->last_id : 0;

	if (x->n > 1)
		qsort(x->names, x->n, sizeof(*x->names), by_id);
	for (size_t i = 0; i < x->n; i++) {
		const struct named *k = &x->names[i];

		if (k->id >= x->s->next_series)
			x->s->next_series = k->id + 1;
		if (k->id <= last)
			continue;
		last = k->id;
		if (memory_index_add(l->memories[0], k->id, k->labels->l, k->labels->n,
				     k->statistic, e) < 0)
			return -1;
		store_note_named(x->s, k->id);
	}
	return 0;
}

/* What a submission kept; 0 when it does not say. */
static uint64_t kept_by(struct db_txn *t, struct slice key)
{
	struct submission_view view;
	struct slice value;

	if (record_get(t, DB_SUBMISSIONS, key, &value, NULL) != 1 ||
	    submission_read(value, &view, NULL) < 0)
		return 0;
	return view.s.kept;
}

/* It stays where it is; `packed` ones are counted as well. */
static int set_apart(struct loading *x, struct db_txn *t, struct slice key, struct slice value,
		     uint64_t packed, struct err *e)
{
	uint64_t sequence = key.n == KEY_SUBMISSION_BYTES ? get_be64(key.p) : 0;
	uint64_t kept = sequence ? kept_by(t, key) : 0;
	struct damage *d = x->l->damage;
	size_t before = d ? d->n : 0;

	if (!d && !(d = x->l->damage = damage_new(e)))
		return -1;
	if (damage_add(d, value, kept, e) < 0)
		return -1;
	if (sequence > packed)
		x->lost += kept;
	counter_add(C_STORE_CORRUPT, 1);
	log_event(LOG_ERROR,
		  "figures of a submission are damaged; they are left out, and what was known "
		  "before of the same periods too",
		  log_i("submission", (int64_t)sequence), log_i("figures", (int64_t)kept),
		  log_i("ranges", (int64_t)(d->n - before)));
	return 0;
}

static int read_record(struct loading *x, struct db_txn *t, struct slice key, struct slice value,
		       uint64_t packed, struct err *e)
{
	const struct fresh_visitor visitor = { take_name, take_chunk, x };
	uint64_t sequence;

	if (key.n != KEY_SUBMISSION_BYTES || !record_good(key, value))
		return set_apart(x, t, key, value, packed, e);
	sequence = get_be64(key.p);
	if (sequence <= packed)
		return record_bad(e, DB_FRESH, "one should have been packed");
	if (sequence <= x->sequence)
		return record_bad(e, DB_FRESH, "the keys are out of order");
	x->sequence = sequence;
	if (fresh_record_read(value, &visitor, e) == 0)
		return 0;
	return err_wrap(e, "figures of submission %" PRIu64, sequence);
}

static int read_records(struct loading *x, struct db_txn *t, uint64_t packed, struct err *e)
{
	struct db_cursor *c;
	struct slice key, value;
	uint64_t n = 0, entries;
	int rc;

	if (db_entries(t, DB_FRESH, &entries, e) < 0 || db_cursor_open(t, DB_FRESH, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, n ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		n++;
		if (read_record(x, t, key, value, packed, e) < 0) {
			rc = -1;
			break;
		}
	}
	db_cursor_close(c);
	if (rc == 0 && n != entries)
		rc = record_bad(e, DB_FRESH, "one is missing");
	return rc;
}

/* Whether the figures that were read are all that submissions kept since the last packing. */
static int check_kept(struct loading *x, struct db_txn *t, uint64_t packed, struct err *e)
{
	uint64_t kept = 0, found = atomic_load(&x->l->fresh->figures) + x->lost;
	uint8_t first[KEY_SUBMISSION_BYTES];
	struct walk w;
	int rc;

	if (walk_open(&w, t, DB_SUBMISSIONS, KEY_SUBMISSION_BYTES, e) < 0)
		return -1;
	key_submission(first, packed + 1);
	rc = walk_seek(&w, key_slice(first, sizeof(first)), e);
	while (rc == 0 && w.at.there) {
		struct submission_view view;

		rc = submission_read(w.at.value, &view, e);
		if (rc == 0) {
			kept += view.s.kept;
			rc = walk_next(&w, e);
		}
	}
	walk_close(&w);
	/* One whose key is damaged is of one that is missing. */
	if (rc == 0 && x->l->damage && found < kept) {
		x->l->damage->vague++;
		return 0;
	}
	if (rc == 0 && kept != found)
		return err_set(e, ERR_CORRUPT,
			       "%" PRIu64
			       " figures are not packed yet, the submissions kept %" PRIu64,
			       found, kept);
	return rc;
}

static int load_fresh(struct store *s, struct layout *l, struct db_txn *t,
		      const struct state *state, struct err *e)
{
	struct loading x = { .s = s, .l = l };
	int rc = -1;

	x.packer = figure_packer_new(e);
	x.figures = mem_alloc(FIGURES_MAX * sizeof(*x.figures));
	if (x.packer && x.figures)
		rc = read_records(&x, t, state->packed_sequence, e);
	else
		err_set(e, ERR_MEMORY, "no memory to read figures");
	if (rc == 0)
		rc = check_kept(&x, t, state->packed_sequence, e);
	if (rc == 0)
		rc = add_names(&x, e);
	for (size_t i = 0; i < x.n; i++)
		labels_unref(x.names[i].labels);
	mem_free(x.names);
	mem_free(x.figures);
	figure_packer_free(x.packer);
	return rc;
}

/* --- runs and log files ------------------------------------------------------------- */

static void remove_unfinished(const char *dir)
{
	uint64_t *numbers;
	size_t n;

	if (numbered_files(dir, "runs", ".new", &numbers, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		char path[4096];

		if (numbered_path(path, dir, "runs", numbers[i], ".new", NULL) == 0)
			unlink(path);
	}
	mem_free(numbers);
}

/* What samples lie in, in the order in which they go: log files are held, then runs, then the
 * transaction begins. A file that has gone meanwhile is covered by what is looked at later, so
 * beside a writer nothing is missed. */
struct held {
	uint64_t marked; /* by the log's mark, before all of it */
	struct wal_held *logs;
	size_t nlogs;
	struct layer **runs;
	size_t nruns;
};

static int hold_logs(const char *dir, struct held *h, struct err *e)
{
	uint64_t *numbers;
	size_t n;
	int rc = 0;

	if (numbered_files(dir, "log", ".log", &numbers, &n, e) < 0)
		return -1;
	h->logs = mem_alloc((n + 1) * sizeof(*h->logs));
	if (!h->logs)
		rc = err_set(e, ERR_MEMORY, "no memory to hold the log files");
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct err why = { .code = ERR_NONE };
		char path[4096];

		rc = numbered_path(path, dir, "log", numbers[i], ".log", e);
		if (rc == 0 && wal_hold(path, numbers[i], &h->logs[h->nlogs], &why) == 0)
			h->nlogs++;
		if (why.code != ERR_NONE && why.code != ERR_NOT_FOUND) {
			*e = why;
			rc = -1;
		}
	}
	mem_free(numbers);
	return rc;
}

/* Those that no partition covers. */
static int hold_runs(const char *dir, uint64_t packed, struct held *h, struct err *e)
{
	uint64_t *numbers;
	size_t n;
	int rc = 0;

	if (numbered_files(dir, "runs", ".run", &numbers, &n, e) < 0)
		return -1;
	h->runs = mem_alloc((n + 1) * sizeof(struct layer *));
	if (!h->runs)
		rc = err_set(e, ERR_MEMORY, "no memory to hold the runs");
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct err why;

		if (numbers[i] <= packed)
			continue;
		h->runs[h->nruns] = run_open(dir, numbers[i], &why);
		if (h->runs[h->nruns]) {
			h->nruns++;
		} else if (why.code != ERR_NOT_FOUND) {
			*e = why;
			rc = -1;
		}
	}
	mem_free(numbers);
	return rc;
}

static void let_go(struct held *h)
{
	for (size_t i = 0; i < h->nlogs; i++)
		wal_let_go(&h->logs[i]);
	for (size_t i = 0; i < h->nruns; i++)
		layer_unref(h->runs[i]);
	mem_free(h->logs);
	mem_free(h->runs);
}

/* *covered: the last log file that is in a run or partition. */
static int place_runs(struct layout *l, const struct held *h, uint64_t packed, uint64_t *covered,
		      struct err *e)
{
	*covered = packed;
	for (size_t i = 0; i < h->nruns; i++) {
		struct layer *run = h->runs[i];

		if (run->order <= packed)
			continue;
		if (run->from > *covered + 1)
			return numbers_missing(true, *covered + 1, run->from - 1, e);
		*covered = run->order;
		if (layout_add_layer(l, layer_ref(run), e) < 0)
			return -1;
	}
	return 0;
}

/* What a crash left although it is covered. */
static int remove_covered(struct store *s, uint64_t packed, uint64_t covered, struct err *e)
{
	uint64_t *numbers;
	size_t n;
	int rc = 0;

	if (numbered_files(s->dir, "runs", ".run", &numbers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && numbers[i] <= packed && rc == 0; i++)
		rc = run_remove(s->dir, numbers[i], e);
	mem_free(numbers);
	if (rc < 0 || numbered_files(s->dir, "log", ".log", &numbers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && numbers[i] <= covered; i++) {
		char path[4096];

		if (numbered_path(path, s->dir, "log", numbers[i], ".log", NULL) == 0)
			unlink(path);
	}
	mem_free(numbers);
	return 0;
}

/* Those behind `covered` must follow without a gap. *at: the first of them. */
static int look_at_logs(const struct held *h, uint64_t covered, size_t *at, struct err *e)
{
	uint64_t last = covered;

	for (*at = 0; *at < h->nlogs && h->logs[*at].number <= covered; ++*at)
		;
	for (size_t i = *at; i < h->nlogs; i++) {
		if (h->logs[i].number != last + 1)
			return numbers_missing(false, last + 1, h->logs[i].number - 1, e);
		last = h->logs[i].number;
	}
	return log_mark_check(h->marked, last, e);
}

static void remove_logs(struct store *s, uint64_t first, uint64_t last)
{
	/* Backwards, so that no gap is left when this is interrupted. */
	for (uint64_t i = last; first && i >= first; i--) {
		char path[4096];

		if (numbered_path(path, s->dir, "log", i, ".log", NULL) == 0)
			unlink(path);
	}
}

/* Before log files go that had something, of which nothing was kept: their numbers are given anew.
 */
static int lower_mark(struct store *s, uint64_t covered, struct err *e)
{
	uint64_t marked;

	if (log_mark_read(s->dir, &marked, e) < 0)
		return -1;
	return marked > covered ? log_mark_remove(s->dir, e) : 0;
}

/* A new log file. On a full disk there will be one when there is room. */
static int begin_log(struct store *s, uint64_t first, uint64_t last, bool any, struct err *e)
{
	struct err why;
	int rc;

	pthread_mutex_lock(&s->ingest_lock);
	if (any) {
		s->active->number = last;
		rc = ingest_rotate(s, &why);
	} else {
		s->active->number = s->active->from;
		rc = lower_mark(s, s->active->from - 1, &why);
		if (rc == 0) {
			remove_logs(s, first, last);
			rc = ingest_open(s, &why);
		}
	}
	pthread_mutex_unlock(&s->ingest_lock);
	if (rc == 0)
		return 0;
	if (why.code != ERR_FULL) {
		*e = why;
		return -1;
	}
	log_event(LOG_WARN, "the store is open, but there is no room for its log", log_err(&why));
	return 0;
}

/* What was logged is read into a generation; when there is something, that is sealed at once. */
static int load_log(struct store *s, const struct held *h, uint64_t covered, struct err *e)
{
	uint64_t first = 0, last = 0;
	bool any = false;
	size_t at;

	if (look_at_logs(h, covered, &at, e) < 0)
		return -1;
	if (at < h->nlogs) {
		first = h->logs[at].number;
		last = h->logs[h->nlogs - 1].number;
	}
	s->active->from = s->active->number = first ? first : covered + 1;
	if (first && ingest_replay(s, h->logs + at, h->nlogs - at, h->marked, &any, e) < 0)
		return -1;
	return s->opt.read_only ? 0 : begin_log(s, first, last, any, e);
}

/* --- all of it ---------------------------------------------------------------------- */

static int drop_orphans(struct store *s, const struct state *state, struct err *e)
{
	uint8_t key[KEY_SEGMENT_BYTES];
	struct db_txn *t;
	struct slice value;
	int rc;

	if (db_write_begin(s->db, &t, e) < 0)
		return -1;
	key_segment(key, state->next_partition, 0);
	rc = db_get(t, DB_SEGMENTS, key_slice(key, sizeof(key)), &value, e);
	if (rc == 1)
		rc = partition_drop(t, state->next_partition, e) < 0 ? -1 : 1;
	if (rc != 1) {
		db_write_abort(t);
		return rc;
	}
	return db_write_commit(t, e);
}

static struct layout *new_layout(struct err *e)
{
	struct layout *l = layout_new(e);

	if (!l)
		return NULL;
	l->active = generation_new(1, 1, e);
	l->fresh = l->active ? fresh_new(e) : NULL;
	l->memories[0] = l->fresh ? memory_index_new(e) : NULL;
	if (l->memories[0]) {
		l->nmemories = 1;
		return l;
	}
	layout_unref(l);
	return NULL;
}

static int load_tables(struct store *s, struct layout *l, struct db_txn *t, struct err *e)
{
	uint64_t n;

	l->epoch = s->state.epoch;
	s->next_series = s->state.series + 1;
	if (db_entries(t, DB_SUBMISSIONS, &n, e) < 0)
		return -1;
	if (n != s->state.sequence)
		return err_set(e, ERR_CORRUPT,
			       "the table \"submissions\" has %" PRIu64
			       " records, it must have %" PRIu64,
			       n, s->state.sequence);
	if (ledger_check_count(t, e) < 0 || finding_counts_get(t, &s->findings, e) < 0 ||
	    findings_check_count(t, &s->findings, e) < 0 || load_parts(l, t, &s->state, e) < 0 ||
	    load_partitions(l, t, &s->state, e) < 0 || load_fresh(s, l, t, &s->state, e) < 0)
		return -1;
	if (l->nparts && l->parts[l->nparts - 1]->last_id >= s->next_series)
		s->next_series = l->parts[l->nparts - 1]->last_id + 1;
	return db_used_bytes(t, &s->used_bytes, e);
}

static int read_state(struct store *s, struct db_txn *t, struct err *e)
{
	struct slice value;
	int rc = db_get(t, DB_META, key_state, &value, e);

	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	return rc < 0 ? -1 : state_read(value, &s->state, e);
}

static int packed_run(struct store *s, uint64_t *packed, struct err *e)
{
	struct db_txn *t;
	int rc;

	if (db_read_begin(s->db, &t, e) < 0)
		return -1;
	rc = read_state(s, t, e);
	db_read_end(t);
	*packed = s->state.packed_run;
	return rc;
}

static int hold_files(struct store *s, struct held *h, struct err *e)
{
	uint64_t packed;

	if (log_mark_read(s->dir, &h->marked, e) < 0 || hold_logs(s->dir, h, e) < 0 ||
	    packed_run(s, &packed, e) < 0)
		return -1;
	return hold_runs(s->dir, packed, h, e);
}

static int tidy_up(struct store *s, uint64_t covered, struct err *e)
{
	remove_unfinished(s->dir);
	/* On a full disk the next partition writes over them. */
	if (drop_orphans(s, &s->state, e) < 0 && e->code != ERR_FULL)
		return -1;
	return remove_covered(s, s->state.packed_run, covered, e);
}

/* A reader keeps the transaction for its snapshot, so that a writer which goes on meanwhile does
 * not make it begin anew. */
static int load_layout(struct store *s, struct layout *l, const struct held *h, uint64_t *covered,
		       struct err *e)
{
	struct db_txn *t;
	int rc;

	if (db_read_begin(s->db, &t, e) < 0)
		return -1;
	rc = read_state(s, t, e);
	if (rc == 0)
		rc = load_tables(s, l, t, e);
	if (rc == 0)
		rc = place_runs(l, h, s->state.packed_run, covered, e);
	if (rc == 0 && s->opt.read_only)
		s->held = db_read_ref(t);
	db_read_end(t);
	return rc < 0 || s->opt.read_only ? rc : tidy_up(s, *covered, e);
}

int store_load(struct store *s, struct err *e)
{
	struct layout *l = new_layout(e);
	struct held h = { 0 };
	uint64_t covered = 0;
	int rc = l ? hold_files(s, &h, e) : -1;

	if (rc == 0)
		rc = load_layout(s, l, &h, &covered, e);
	if (rc < 0) {
		layout_unref(l);
		let_go(&h);
		return -1;
	}
	s->shown = s->state;
	s->fresh = l->fresh;
	s->active = generation_ref(l->active);
	atomic_store(&s->published, s->state.sequence);
	s->layout = l;
	rc = load_log(s, &h, covered, e);
	let_go(&h);
	return rc;
}

void store_let_go(struct store *s)
{
	if (!s->held)
		return;
	db_read_end(s->held);
	s->held = NULL;
}

void store_unload(struct store *s)
{
	store_let_go(s);
	ingest_close(s);
	layout_unref(s->layout);
	s->layout = NULL;
	s->fresh = NULL;
	for (size_t i = 0; i < s->nretention; i++)
		mem_free((char *)(uintptr_t)s->retention[i].families);
	mem_free(s->retention);
	s->retention = NULL;
	s->nretention = 0;
	mem_free(s->named);
	s->named = NULL;
	s->named_cap = 0;
	s->request = 0;
	atomic_store(&s->completed, 0);
}
