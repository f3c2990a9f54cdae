/*
 * writer.c - the one thread that writes.
 *
 * It takes what waits, as much as fits one transaction, writes it, commits, and
 * tells everybody. The next batch is what came in meanwhile, so the commit rate
 * follows the disk and nobody waits for a timer.
 *
 * When one append of a batch fails (a damaged record in its way, no memory), the
 * transaction is given up; those before it are written again without it, so each
 * append is written twice at most. When the map is full it grows (which needs a
 * moment without readers) and the batch is written again. When the disk is full
 * the batch fails and the store stays readable. When a sync fails nothing can be
 * promised any more: the owner is told and should end the process.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "storage/digest.h"
#include "storage/figures.h"
#include "storage/findings.h"
#include "storage/ledger.h"
#include "storage/originals.h"
#include "storage/refused_records.h"
#include "storage/submission.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
	PACK_FIGURES = 65536,
	ARENA_BYTES = 256 << 20, /* figures of one series and their likes */
	DIRTY_MAX = 32 << 20,    /* pages held in memory by one transaction, about */
	PAGE_BYTES = 4096,
	FIGURE_BYTES = 64,      /* of a figure in its record, generously */
	DOUBT_BYTES = 4096,     /* of its finding, likewise */
	REFUSED_BYTES = 1024,   /* of one that was refused, likewise */
	APPEND_BYTES = 8192,    /* of its submission and entry */
	DISK_RESERVE = 4 << 20, /* room that must remain for the next transaction */
	GROW_STEP_MS = 100,     /* how long to wait for readers before looking again */
	GROW_FORCE_MS = 10000,  /* then snapshots are taken away */
	GROW_GIVE_UP_MS = 20000,
	TICK_MS = 1000, /* overdue snapshots */
	DEAD_READERS_MS = 60000,
};

/* One observation in the order it is written in. */
struct place {
	uint32_t series, row;
	int64_t stamp_ms, known_from_ms;
};

struct batch {
	struct store *s;
	struct db_txn *t;
	struct reader reader;
	struct layout *layout;
	struct fresh_record *record;
	struct arena arena;
	struct state state;
	struct finding_counts findings;
	struct digest kept;        /* of the submission that is being written */
	struct view_of_store view; /* to look series up */
	bool disturbed;            /* figures were put into memory */
	uint32_t *named;           /* series whose labels are in a record for the first time */
	size_t nnamed, named_cap;
};

/* --- one call that waits for the writer ------------------------------------------- */

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool over;
};

static void call_done(struct append *a)
{
	struct waiting *w = a->ctx;

	pthread_mutex_lock(&w->lock);
	w->over = true;
	pthread_cond_signal(&w->finished);
	pthread_mutex_unlock(&w->lock);
}

int writer_do(struct store *s, struct append *a, struct err *e)
{
	struct waiting w = { .over = false };
	int rc;

	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.finished, NULL);
	a->done = call_done;
	a->ctx = &w;
	rc = writer_push(s, a, e);
	if (rc == 0) {
		pthread_mutex_lock(&w.lock);
		while (!w.over)
			pthread_cond_wait(&w.finished, &w.lock);
		pthread_mutex_unlock(&w.lock);
		if (a->err.code != ERR_NONE) {
			if (e)
				*e = a->err;
			rc = -1;
		}
	}
	a->ctx = NULL;
	pthread_cond_destroy(&w.finished);
	pthread_mutex_destroy(&w.lock);
	return rc;
}

/* What becomes of a submission. */
struct release {
	struct append a;
	uint64_t sequence;
	int64_t t_ms;
	const char *by, *reason; /* a reason: it is returned, not released */
};

static int release_task(struct append *a, struct write_task *t, struct err *e)
{
	struct release *r = (struct release *)a;

	if (r->reason)
		return ledger_return(t->t, r->sequence, r->t_ms, r->by, r->reason, e);
	return ledger_release(t->t, r->sequence, r->t_ms, r->by, e);
}

static int decide(struct store *s, struct release r, struct err *e)
{
	if (r.t_ms == 0)
		return err_set(e, ERR_INVALID, "the time of a release may not be 0");
	if (s->opt.read_only)
		return err_set(e, ERR_REFUSED, "the store in %s was opened for reading only",
			       s->dir);
	r.a.task = release_task;
	return writer_do(s, &r.a, e);
}

int store_release(struct store *s, uint64_t sequence, int64_t released_ms, struct err *e)
{
	return store_release_by(s, sequence, released_ms, "", e);
}

int store_release_by(struct store *s, uint64_t sequence, int64_t released_ms, const char *by,
		     struct err *e)
{
	return decide(s, (struct release){ .sequence = sequence, .t_ms = released_ms, .by = by },
		      e);
}

int store_return(struct store *s, uint64_t sequence, int64_t returned_ms, const char *by,
		 const char *reason, struct err *e)
{
	return decide(s,
		      (struct release){ .sequence = sequence,
					.t_ms = returned_ms,
					.by = by,
					.reason = reason ? reason : "" },
		      e);
}

/* --- one append into the open transaction ------------------------------------------ */

static int wrong_kind(const struct labels *ls, struct err *e)
{
	char text[SERIES_TEXT];

	return err_set(e, ERR_INVALID,
		       "%s is a plain series and cannot take an observation: export, delete and "
		       "import it",
		       series_text(ls, text));
}

/* The series, named in the record when nothing on disk does so yet. */
static int resolve(struct batch *b, const struct labels *ls, uint32_t *id, struct err *e)
{
	bool statistic;

	if (store_find_or_add(b->s, &b->view, ls->l, ls->n, true, id, &statistic, e) < 0)
		return -1;
	if (!statistic)
		return wrong_kind(ls, e);
	if (*id > b->state.series)
		b->state.series = *id;
	return 0;
}

static int by_place(const void *x, const void *y)
{
	const struct place *p = x, *q = y;

	if (p->series != q->series)
		return p->series < q->series ? -1 : 1;
	if (p->stamp_ms != q->stamp_ms)
		return p->stamp_ms < q->stamp_ms ? -1 : 1;
	if (p->known_from_ms != q->known_from_ms)
		return p->known_from_ms < q->known_from_ms ? -1 : 1;
	return p->row < q->row ? -1 : p->row > q->row;
}

static bool known_given(const struct append *a, const struct observation *o)
{
	return a->submission.trusted && o->known_from_ms != 0;
}

/* A full disk or a failed one is not the fault of the series that was being written. */
static bool whole_store(const struct err *e)
{
	return e->code == ERR_FULL || e->code == ERR_IO;
}

static int append_one(struct append *a, struct figure_writer *fw, const struct place *p,
		      struct figures_run *added, struct err *e)
{
	const struct observation *o = &a->obs[p->row];
	bool given = known_given(a, o);
	struct figure f = {
		.stamp_ms = o->stamp_ms,
		.known_from_ms = p->known_from_ms,
		.sequence = fw->sequence,
		.row = p->row,
		.value = o->flags & FIGURE_SUPPRESSED ? figure_no_value() : o->value,
		.received_ms = a->submission.received_ms,
		.released_ms = given ? o->known_from_ms : a->submission.released_ms,
		.months = o->months,
		.flags = o->flags,
		.known = given ? KNOWN_GIVEN : KNOWN_RECEIVED,
	};
	enum figure_result what;

	if (figure_writer_add(fw, &f, &what, e) < 0)
		return -1;
	if (what == FIGURE_UNCHANGED) {
		a->unchanged++;
		return 0;
	}
	if (figures_room(fw->arena, added, 1, e) < 0)
		return -1;
	added->list[added->n++] = f;
	if (what == FIGURE_FRESH)
		a->fresh++;
	else
		a->revised++;
	return 0;
}

/* What was added of one series: into the record, the digest and memory. */
static int keep_added(struct batch *b, uint32_t series, const struct labels *ls,
		      struct figures_run *added, struct err *e)
{
	if (added->n == 0)
		return 0;
	figures_sort(added->list, added->n);
	if (fresh_record_add(b->record, series, added->list, added->n, e) < 0)
		return -1;
	b->disturbed = true;
	for (size_t i = 0; i < added->n; i++) {
		digest_add(&b->kept, series, ls, &added->list[i]);
		if (fresh_add(b->s->fresh, series, &added->list[i], e) < 0)
			return -1;
	}
	return 0;
}

/* What was asked about the series before, and what is asked now. */
static int settle_findings(struct batch *b, struct append *a, const struct place *p, size_t n,
			   struct err *e)
{
	struct arena_mark mark = arena_mark(&b->arena);
	struct finding_writer w = { b->t, &b->arena, &b->findings, a };
	struct finding_cell *cells;
	int rc;

	if (!a->ndoubts && !b->findings.of[FINDING_OPEN] && !b->findings.of[FINDING_ANSWERED])
		return 0;
	cells = arena_array(&b->arena, n, sizeof(*cells));
	if (!cells)
		return err_set(e, ERR_LIMIT, "no room for the findings of a series");
	for (size_t i = 0; i < n; i++)
		cells[i] = (struct finding_cell){ p[i].series, p[i].row, p[i].stamp_ms,
						  p[i].known_from_ms };
	rc = findings_settle(&w, cells, n, e);
	arena_reset(&b->arena, mark);
	return rc;
}

/* The observations of one series, places p[0 … n). */
static int append_series(struct batch *b, struct append *a, struct figure_writer *fw,
			 const struct place *p, size_t n, struct err *e)
{
	const struct labels *ls = a->obs[p[0].row].labels;
	struct arena_mark mark = arena_mark(fw->arena);
	struct figures_run added = { 0 };
	char text[SERIES_TEXT], at[TIME_TEXT];
	int rc;

	rc = figure_writer_begin(fw, p[0].series, p[0].stamp_ms, p[n - 1].stamp_ms, e);
	if (rc < 0 && !whole_store(e))
		err_wrap(e, "%s", series_text(ls, text));
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = append_one(a, fw, &p[i], &added, e);
		if (rc < 0 && !whole_store(e))
			err_wrap(e, "%s at %s", series_text(ls, text),
				 time_text(p[i].stamp_ms, at));
	}
	if (rc == 0)
		rc = keep_added(b, p[0].series, ls, &added, e);
	arena_reset(fw->arena, mark);
	return rc;
}

static int place_all(struct batch *b, const struct append *a, struct place *p, struct err *e)
{
	for (size_t i = 0; i < a->nobs; i++) {
		const struct observation *o = &a->obs[i];

		p[i].row = (uint32_t)i;
		p[i].stamp_ms = o->stamp_ms;
		p[i].known_from_ms =
			known_given(a, o) ? o->known_from_ms : a->submission.received_ms;
		if (i > 0 && o->labels == a->obs[i - 1].labels)
			p[i].series = p[i - 1].series;
		else if (resolve(b, o->labels, &p[i].series, e) < 0)
			return -1;
	}
	qsort(p, a->nobs, sizeof(*p), by_place);
	return 0;
}

/* A series that two appends of a batch name does no harm. */
static int name_series(struct batch *b, uint32_t id, const struct labels *ls, struct err *e)
{
	if (b->nnamed == b->named_cap) {
		size_t cap = b->named_cap ? b->named_cap * 2 : 256;
		uint32_t *more = mem_realloc(b->named, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory to name new series");
		b->named = more;
		b->named_cap = cap;
	}
	b->named[b->nnamed++] = id;
	fresh_record_name(b->record, id, true, ls);
	return 0;
}

static int put_refused(struct batch *b, struct append *a, struct err *e)
{
	struct submission *s = &a->submission;

	return refused_put(b->t, s->sequence, s->received_ms, a->cells, a->ncells, &s->cells, e);
}

/* Without figures, but perhaps with what they would have been. */
static int append_rejected(struct batch *b, struct append *a, struct err *e)
{
	int rc = ledger_repeats(b->t, b->state.sequence, &a->submission, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	a->submission.sequence = ++b->state.sequence;
	return put_refused(b, a, e) < 0 ? -1 : ledger_reject(b->t, &a->submission, e);
}

static int append_figures(struct batch *b, struct append *a, struct place *p, struct err *e)
{
	struct figure_writer fw = { .t = b->t,
				    .reader = &b->reader,
				    .sequence = ++b->state.sequence,
				    .submission_released_ms = a->submission.released_ms,
				    .arena = &b->arena };
	uint8_t kept_sha256[SHA256_BYTES];
	size_t n;

	a->submission.sequence = fw.sequence;
	fresh_record_begin(b->record);
	digest_init(&b->kept);
	if (place_all(b, a, p, e) < 0)
		return -1;
	for (size_t i = 0; i < a->nobs; i += n) {
		for (n = 1; i + n < a->nobs && p[i + n].series == p[i].series; n++)
			;
		if (!store_is_named(b->s, p[i].series) &&
		    name_series(b, p[i].series, a->obs[p[i].row].labels, e) < 0)
			return -1;
		if (append_series(b, a, &fw, p + i, n, e) < 0 ||
		    settle_findings(b, a, p + i, n, e) < 0)
			return -1;
	}
	if (fresh_record_put(b->record, b->t, fw.sequence, e) < 0)
		return -1;
	if (put_refused(b, a, e) < 0)
		return -1;
	a->submission.kept = a->fresh + a->revised;
	digest_end(&b->kept, kept_sha256);
	return ledger_submit(b->t, &a->submission, a->unchanged, kept_sha256, e);
}

static void forget_results(struct append *a)
{
	a->fresh = a->revised = a->unchanged = 0;
	a->opened = a->not_opened = 0;
	a->submission.sequence = 0;
	a->submission.kept = 0;
	a->submission.cells = 0;
}

static int apply(struct batch *b, struct append *a, struct err *e)
{
	struct place *p;
	int rc;

	if (a->task) {
		struct write_task t = { b->s, b->t, &b->state, &b->findings };

		return a->task(a, &t, e);
	}
	forget_results(a);
	if (a->submission.rejected)
		return append_rejected(b, a, e);
	p = a->nobs <= UINT32_MAX ? mem_alloc((a->nobs + 1) * sizeof(*p)) : NULL;
	if (!p)
		return err_set(e, ERR_MEMORY, "no memory to write %zu values", a->nobs);
	rc = append_figures(b, a, p, e);
	mem_free(p);
	return rc;
}

/* --- one transaction ------------------------------------------------------------------ */

/* 0, or -1 with *bad set to the append at fault, NULL when it is the whole batch. */
static int attempt(struct batch *b, struct append *list, size_t n, struct append **bad,
		   struct err *e)
{
	uint8_t state[STATE_BYTES];
	uint64_t used;

	*bad = NULL;
	for (struct append *a = list; n > 0; a = a->next, n--) {
		if (apply(b, a, e) < 0) {
			*bad = a;
			return -1;
		}
	}
	state_write(&b->state, state);
	if (memcmp(&b->findings, &b->s->findings, sizeof(b->findings)) != 0 &&
	    finding_counts_put(b->t, &b->findings, e) < 0)
		return -1;
	if (db_put(b->t, DB_META, key_state, key_slice(state, sizeof(state)), e) < 0 ||
	    db_used_bytes(b->t, &used, e) < 0)
		return -1;
	pthread_mutex_lock(&b->s->lock);
	b->s->used_bytes = used;
	pthread_mutex_unlock(&b->s->lock);
	return 0;
}

/* What the commit made true in memory, before anybody is told. */
static void publish(struct store *s, const struct batch *b, struct append *list, size_t n)
{
	for (size_t i = 0; i < b->nnamed; i++)
		store_note_named(s, b->named[i]);
	for (struct append *a = list; n > 0; a = a->next, n--)
		if (a->committed)
			a->committed(a);
}

/* What is about to be written follows from what is in memory, so that must be what is in the
 * file: else this would be written over what somebody else was told is kept. */
static int check_state(const struct batch *b, struct err *e)
{
	uint8_t expected[STATE_BYTES];
	struct slice found;
	int rc = db_get(b->t, DB_META, key_state, &found, e);

	if (rc < 0)
		return -1;
	state_write(&b->s->state, expected);
	if (rc == 1 && slice_eq(found, key_slice(expected, sizeof(expected))))
		return 0;
	err_set(e, ERR_CORRUPT,
		"the store in %s is not as this process left it: somebody else writes it",
		b->s->dir);
	store_note_failed(b->s, e);
	return -1;
}

static int begin_batch(struct batch *b, struct store *s, struct err *e)
{
	*b = (struct batch){
		.s = s, .state = s->state, .findings = s->findings, .record = &s->record
	};
	arena_init(&b->arena, ARENA_BYTES);
	if (db_write_begin(s->db, &b->t, e) < 0)
		return -1;
	if (check_state(b, e) < 0) {
		db_write_abort(b->t);
		return -1;
	}
	b->layout = store_layout(s);
	reader_init(&b->reader, b->layout, b->t);
	return 0;
}

static void end_batch(struct batch *b)
{
	view_close(&b->view);
	if (b->layout)
		reader_release(&b->reader);
	layout_unref(b->layout);
	arena_release(&b->arena);
	mem_free(b->named);
}

/* Begins, writes, commits. The error's kind is db_fault()'s when *bad is NULL or the
 * fault is the disk's. */
static int transact(struct store *s, struct append *list, size_t n, struct append **bad,
		    struct err *e)
{
	struct batch b;
	int rc;

	*bad = NULL;
	rc = begin_batch(&b, s, e);
	if (rc == 0) {
		rc = attempt(&b, list, n, bad, e);
		if (rc < 0)
			db_write_abort(b.t);
		else
			rc = db_write_commit(b.t, e);
	}
	if (rc == 0) {
		s->state = b.state;
		s->findings = b.findings;
		publish(s, &b, list, n);
		atomic_store_explicit(&s->published, b.state.sequence, memory_order_release);
	} else if (b.disturbed) {
		fresh_forget(s->fresh, s->state.sequence);
	}
	end_batch(&b);
	return rc;
}

/* --- fresh figures that are enough for a partition -------------------------------------- */

static int freeze(struct layout *l, void *ctx, struct err *e)
{
	if (layout_set_names_aside(l, e) < 0)
		return -1;
	l->frozen = l->fresh;
	l->fresh = fresh_ref(ctx);
	return 0;
}

/* On the writer's thread: what is being written must not change its place meanwhile. */
void writer_freeze(struct store *s, bool all)
{
	uint64_t limit = s->opt.pack_figures ? s->opt.pack_figures : PACK_FIGURES;
	struct layout *l = store_layout(s);
	uint64_t n = atomic_load(&s->fresh->figures);
	struct fresh *next;
	struct err e;
	int rc = -1;

	if (!l->frozen && n > 0 && (all || n >= limit) && (next = fresh_new(&e))) {
		pthread_mutex_lock(&s->index_lock);
		rc = store_relayout(s, freeze, next, &e);
		pthread_mutex_unlock(&s->index_lock);
		if (rc == 0)
			s->fresh = next;
		fresh_unref(next); /* the layout has its own */
	}
	layout_unref(l);
	if (rc == 0)
		packer_wake(s);
}

static int grow(struct store *s, struct err *e)
{
	for (unsigned waited = 0;; waited += GROW_STEP_MS) {
		struct db_info info;

		if (db_grow(s->db, GROW_STEP_MS, e) == 0) {
			db_info(s->db, &info);
			log_event(LOG_INFO, "the store's map was enlarged",
				  log_i("bytes", (int64_t)info.map_bytes));
			return 0;
		}
		if (e->code != ERR_BUSY)
			return -1;
		if (waited >= GROW_GIVE_UP_MS)
			break;
		snapshots_expire(s, waited >= GROW_FORCE_MS);
	}
	db_grow_give_up(s->db);
	return err_wrap(e, "the store's map is full and cannot grow");
}

/* Of a large original only the first piece is still to be written. */
static size_t body_bytes(const struct append *a)
{
	return a->submission.draft ? ORIGINAL_VALUE_MAX : a->submission.body.n;
}

/* The room of a batch on disk: generous, but not one page a value. */
static uint64_t disk_bytes(const struct append *list, size_t n)
{
	uint64_t sum = DISK_RESERVE;

	for (; n > 0; list = list->next, n--)
		sum += list->nobs * FIGURE_BYTES + list->ndoubts * DOUBT_BYTES +
		       list->ncells * REFUSED_BYTES + body_bytes(list) + list->task_bytes +
		       APPEND_BYTES;
	return sum;
}

static int check_disk(struct store *s, const struct append *list, size_t n, struct err *e)
{
	uint64_t need = disk_bytes(list, n);
	struct db_info info;

	db_info(s->db, &info);
	if (info.disk_free_bytes >= need)
		return 0;
	return err_set(e, ERR_FULL,
		       "no space left: the disk of %s has %" PRIu64 " KiB, writing needs %" PRIu64,
		       s->dir, info.disk_free_bytes >> 10, need >> 10);
}

void store_note_full(struct store *s, const struct err *why)
{
	bool news;

	pthread_mutex_lock(&s->lock);
	news = !s->full;
	s->full = true;
	s->why = *why;
	pthread_mutex_unlock(&s->lock);
	counter_set(C_STORE_WRITABLE, 0);
	if (news)
		log_event(LOG_ERROR, "the store takes no writes", log_err(why));
}

void store_note_failed(struct store *s, const struct err *why)
{
	bool news;

	pthread_mutex_lock(&s->lock);
	news = !s->failed;
	s->failed = true;
	s->why = *why;
	pthread_mutex_unlock(&s->lock);
	counter_set(C_STORE_WRITABLE, 0);
	if (!news)
		return;
	log_event(LOG_ERROR, "the store failed and acknowledges nothing any more", log_err(why));
	if (s->opt.failed)
		s->opt.failed(s->opt.ctx, why);
}

void store_note_room(struct store *s)
{
	bool news;

	pthread_mutex_lock(&s->lock);
	news = s->full && !s->failed;
	s->full = false;
	pthread_mutex_unlock(&s->lock);
	if (!news)
		return;
	counter_set(C_STORE_WRITABLE, 1);
	log_event(LOG_INFO, "the store takes writes again", log_s("dir", s->dir));
}

static void note_commit(struct store *s, int64_t began_ns)
{
	pthread_mutex_lock(&s->lock);
	s->shown = s->state;
	counter_set(C_STORE_BYTES, (double)s->used_bytes);
	pthread_mutex_unlock(&s->lock);
	store_note_room(s);
	counter_add_for(C_STORE_COMMITS, slice_str("ok"), 1);
	counter_observe(C_STORE_COMMIT_SECONDS, (double)(mono_ns() - began_ns) / 1e9);
	counter_set(C_STORE_SERIES, s->state.series);
	finding_counts_show(&s->findings);
}

/* Writes the first `n` of the list, whatever it takes. On failure *bad as in attempt(). */
static int write_batch(struct store *s, struct append *list, size_t n, struct append **bad,
		       struct err *e)
{
	int64_t began = mono_ns();

	*bad = NULL;
	if (check_disk(s, list, n, e) < 0) {
		store_note_full(s, e);
		return -1;
	}
	for (;;) {
		if (transact(s, list, n, bad, e) == 0) {
			note_commit(s, began);
			return 0;
		}
		if (db_fault(s->db) != DB_FAULT_MAP_FULL)
			break;
		*bad = NULL;
		if (grow(s, e) < 0)
			break;
	}
	counter_add_for(C_STORE_COMMITS, slice_str("failed"), 1);
	switch (db_fault(s->db)) {
	case DB_FAULT_DISK_FULL:
	case DB_FAULT_MAP_FULL:
		*bad = NULL;
		store_note_full(s, e);
		break;
	case DB_FAULT_FAILED:
		*bad = NULL;
		store_note_failed(s, e);
		break;
	default:
		break;
	}
	return -1;
}

/* --- the queue --------------------------------------------------------------------------- */

size_t append_bytes(const struct append *a)
{
	return sizeof(*a) + a->nobs * sizeof(*a->obs) + a->nsamples * sizeof(*a->samples) +
	       body_bytes(a);
}

/* Memory of the pages that an append may touch. */
static size_t dirty_bytes(const struct append *a)
{
	return 4 * PAGE_BYTES + a->nobs * FIGURE_BYTES + a->ndoubts * DOUBT_BYTES +
	       a->ncells * PAGE_BYTES + body_bytes(a) + a->task_bytes;
}

/* How many from the list's start make one transaction: at least one. */
static size_t batch_length(const struct append *list)
{
	size_t n = 0, sum = 0;

	for (; list; list = list->next, n++) {
		sum += dirty_bytes(list);
		if (n > 0 && sum > DIRTY_MAX)
			break;
		/* What moves things moves them under the layout that those behind it would read by.
		 */
		if (list->committed)
			return n + 1;
	}
	return n;
}

static void count_append(const struct append *a)
{
	counter_add_for(C_STORE_OBSERVATIONS, slice_str("new"), a->fresh);
	counter_add_for(C_STORE_OBSERVATIONS, slice_str("revised"), a->revised);
	counter_add_for(C_STORE_OBSERVATIONS, slice_str("unchanged"), a->unchanged);
	counter_add(C_FINDINGS_NOT_OPENED, a->not_opened);
}

static void leave_queue(struct store *s, const struct append *a)
{
	pthread_mutex_lock(&s->lock);
	s->queued_bytes -= append_bytes(a);
	pthread_mutex_unlock(&s->lock);
}

/* Tells the first `n` and drops them from the list. After done() the append may be gone. */
static struct append *finish(struct store *s, struct append *list, size_t n, const struct err *why)
{
	for (; n > 0; n--) {
		struct append *next = list->next;

		leave_queue(s, list);
		original_forget_draft(list);
		if (why) {
			forget_results(list);
			list->err = *why;
		} else {
			list->err = (struct err){ .code = ERR_NONE };
			count_append(list);
		}
		if (list->done)
			list->done(list);
		list = next;
	}
	return list;
}

static size_t position(const struct append *list, const struct append *a)
{
	size_t n = 0;

	for (; list != a; list = list->next)
		n++;
	return n;
}

/* A batch with one at fault: those before it once more, without it. */
static struct append *write_around(struct store *s, struct append *list, struct append *bad,
				   const struct err *why)
{
	size_t before = position(list, bad);
	struct append *again;
	struct err e = { 0 };

	if (before > 0) {
		bool good = write_batch(s, list, before, &again, &e) == 0;

		list = finish(s, list, before, good ? NULL : &e);
	}
	return finish(s, list, 1, why);
}

static bool has_failed(struct store *s, struct err *why)
{
	bool failed;

	pthread_mutex_lock(&s->lock);
	failed = s->failed;
	if (failed)
		*why = s->why;
	pthread_mutex_unlock(&s->lock);
	return failed;
}

static void write_list(struct store *s, struct append *list)
{
	while (list) {
		size_t n = batch_length(list);
		struct append *bad;
		struct err e = { 0 };

		if (has_failed(s, &e)) {
			list = finish(s, list, 1, &e);
			continue;
		}
		/* What is too much for a nearly full disk together may fit one by one. */
		if (n > 1 && check_disk(s, list, n, &e) < 0)
			n = 1;
		if (write_batch(s, list, n, &bad, &e) == 0)
			list = finish(s, list, n, NULL);
		else if (bad)
			list = write_around(s, list, bad, &e);
		else
			list = finish(s, list, n, &e);
		snapshots_expire(s, false);
	}
}

static void wait_a_tick(struct store *s)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TICK_MS / 1000;
	pthread_cond_timedwait(&s->wake, &s->lock, &until);
}

static void *writer_main(void *arg)
{
	struct store *s = arg;
	int64_t cleared = mono_ns();

	for (;;) {
		struct append *list;
		bool stop;

		pthread_mutex_lock(&s->lock);
		if (!s->first && !s->stopping)
			wait_a_tick(s);
		list = s->first;
		s->first = s->last = NULL;
		stop = s->stopping && !list;
		pthread_mutex_unlock(&s->lock);
		if (stop)
			return NULL;
		write_list(s, list);
		writer_freeze(s, false);
		snapshots_expire(s, false);
		if (mono_ns() - cleared > (int64_t)DEAD_READERS_MS * 1000000) {
			db_clear_dead_readers(s->db);
			cleared = mono_ns();
		}
	}
}

int writer_push(struct store *s, struct append *a, struct err *e)
{
	size_t bytes = append_bytes(a);
	int rc = 0;

	a->err = (struct err){ .code = ERR_NONE };
	pthread_mutex_lock(&s->lock);
	if (s->failed)
		rc = err_set(e, ERR_IO, "the store failed: %s", s->why.text);
	else if (s->stopping)
		rc = err_set(e, ERR_BUSY, "the store is being closed");
	/* One that is larger than the queue is taken when nothing else waits; what the store itself
	 * wants to write must not wait for others. */
	else if (!a->task && s->queued_bytes > 0 && s->queued_bytes + bytes > s->opt.queue_bytes)
		rc = err_set(e, ERR_BUSY, "%zu KiB wait to be written already",
			     s->queued_bytes >> 10);
	if (rc == 0) {
		s->queued_bytes += bytes;
		a->next = NULL;
		if (s->last)
			s->last->next = a;
		else
			s->first = a;
		s->last = a;
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int writer_start(struct store *s, struct err *e)
{
	int rc = pthread_create(&s->writer, NULL, writer_main, s);

	if (rc)
		return err_sys(e, rc, "cannot start the writer's thread");
	s->has_writer = true;
	return 0;
}

void writer_stop(struct store *s)
{
	if (!s->has_writer)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->writer, NULL);
	s->has_writer = false;
}
