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
#include "storage/ledger.h"
#include "storage/samples.h"
#include "storage/submission.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
	DIRTY_MAX = 32 << 20,   /* pages held in memory by one transaction, about */
	PAGE_BYTES = 4096,      /* an observation touches a page of its own at worst */
	DISK_RESERVE = 4 << 20, /* room that must remain for the next transaction */
	GROW_STEP_MS = 100,     /* how long to wait for readers before looking again */
	GROW_FORCE_MS = 10000,  /* then snapshots are taken away */
	GROW_GIVE_UP_MS = 20000,
	TICK_MS = 1000, /* overdue snapshots */
	DEAD_READERS_MS = 60000,
};

/* One observation or sample in the order it is written in. */
struct place {
	uint32_t series, row;
	int64_t a, b;
};

struct batch {
	struct store *s;
	struct db_txn *t;
	struct walk figures, samples;
	struct state state;
	uint32_t tally_of; /* series whose tally is held here; 0: none */
	struct tally tally;
};

struct release {
	struct append a;
	uint64_t sequence;
	int64_t t_ms;
	const char *by, *reason; /* a reason: it is returned, not released */
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool over;
};

/* --- releases travel through the same queue -------------------------------------- */

static void release_done(struct append *a)
{
	struct release *r = (struct release *)a;

	pthread_mutex_lock(&r->lock);
	r->over = true;
	pthread_cond_signal(&r->finished);
	pthread_mutex_unlock(&r->lock);
}

static int decide(struct store *s, struct release r, struct err *e)
{
	int rc;

	if (r.t_ms == 0)
		return err_set(e, ERR_INVALID, "the time of a release may not be 0");
	r.a.done = release_done;
	pthread_mutex_init(&r.lock, NULL);
	pthread_cond_init(&r.finished, NULL);
	rc = store_append(s, &r.a, e);
	if (rc == 0) {
		pthread_mutex_lock(&r.lock);
		while (!r.over)
			pthread_cond_wait(&r.finished, &r.lock);
		pthread_mutex_unlock(&r.lock);
		if (r.a.err.code != ERR_NONE) {
			if (e)
				*e = r.a.err;
			rc = -1;
		}
	}
	pthread_cond_destroy(&r.finished);
	pthread_mutex_destroy(&r.lock);
	return rc;
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

static int apply_decision(struct db_txn *t, const struct release *r, struct err *e)
{
	if (r->reason)
		return ledger_return(t, r->sequence, r->t_ms, r->by, r->reason, e);
	return ledger_release(t, r->sequence, r->t_ms, r->by, e);
}

/* --- one append into the open transaction ------------------------------------------ */

static int keep_tally(struct batch *b, struct err *e)
{
	uint32_t id = b->tally_of;

	b->tally_of = 0;
	return id ? tally_put(b->t, id, &b->tally, e) : 0;
}

/* Makes b->tally that of the series. */
static int use_tally(struct batch *b, uint32_t id, struct err *e)
{
	int rc;

	if (b->tally_of == id)
		return 0;
	if (keep_tally(b, e) < 0)
		return -1;
	rc = tally_get(b->t, id, &b->tally, e);
	if (rc == 0)
		return record_bad(e, DB_TALLIES, "the one of a series is missing");
	if (rc < 0)
		return -1;
	b->tally_of = id;
	return 0;
}

static int wrong_kind(const struct labels *ls, bool statistic, struct err *e)
{
	char text[SERIES_TEXT];

	return err_set(e, ERR_INVALID, "%s is a %s and cannot take %s", series_text(ls, text),
		       statistic ? "plain series" : "statistic",
		       statistic ? "an observation" : "plain samples");
}

static int new_series(struct batch *b, struct labels *ls, bool statistic, uint32_t *id,
		      struct err *e)
{
	struct tally none = { .statistic = statistic };

	if (series_index_add(&b->s->index, ls, statistic, id, e) < 0)
		return -1;
	b->state.series = *id;
	b->state.statistics += statistic;
	if (series_put(b->t, *id, ls, statistic, e) < 0)
		return -1;
	return tally_put(b->t, *id, &none, e);
}

static int resolve(struct batch *b, struct labels *ls, bool statistic, uint32_t *id, struct err *e)
{
	const struct series *s = series_by_labels(&b->s->index, ls, UINT32_MAX);

	if (!s)
		return new_series(b, ls, statistic, id, e);
	if (s->statistic != statistic)
		return wrong_kind(ls, statistic, e);
	*id = s->id;
	return 0;
}

static int by_place(const void *x, const void *y)
{
	const struct place *p = x, *q = y;

	if (p->series != q->series)
		return p->series < q->series ? -1 : 1;
	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	return p->row < q->row ? -1 : p->row > q->row;
}

static struct place *places_new(size_t n, struct err *e)
{
	struct place *p = n <= UINT32_MAX ? mem_alloc(n * sizeof(*p)) : NULL;

	if (!p)
		err_set(e, ERR_MEMORY, "no memory to write %zu values", n);
	return p;
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

static int append_one(struct batch *b, struct append *a, struct figure_writer *fw,
		      struct digest_writer *kept, const struct place *p, struct err *e)
{
	const struct observation *o = &a->obs[p->row];
	bool given = known_given(a, o);
	struct figure f = {
		.key = { .series = p->series,
			 .stamp_ms = o->stamp_ms,
			 .known_from_ms = p->b,
			 .sequence = fw->sequence,
			 .row = p->row },
		.value = o->value,
		.received_ms = a->submission.received_ms,
		.released_ms = given ? o->known_from_ms : a->submission.released_ms,
		.months = o->months,
		.flags = o->flags,
		.known_given = given,
	};
	char text[SERIES_TEXT], at[TIME_TEXT];
	enum figure_result what;

	if (use_tally(b, p->series, e) < 0 || figure_append(fw, &f, &b->tally, &what, e) < 0)
		return whole_store(e) ? -1
				      : err_wrap(e, "%s at %s", series_text(o->labels, text),
						 time_text(o->stamp_ms, at));
	if (what == FIGURE_FRESH)
		a->fresh++;
	else if (what == FIGURE_NEW_VINTAGE)
		a->revised++;
	else
		a->unchanged++;
	return what == FIGURE_UNCHANGED ? 0 : digest_writer_add(kept, o->labels, &f, e);
}

static int append_places(struct batch *b, struct append *a, struct figure_writer *fw,
			 const struct place *p, struct err *e)
{
	uint8_t kept_sha256[SHA256_BYTES];
	struct digest_writer kept;
	int rc = 0;

	digest_writer_init(&kept);
	for (size_t i = 0; rc == 0 && i < a->nobs; i++)
		rc = append_one(b, a, fw, &kept, &p[i], e);
	digest_writer_end(&kept, kept_sha256);
	digest_writer_release(&kept);
	if (rc < 0)
		return -1;
	a->submission.sequence = fw->sequence;
	a->submission.kept = a->fresh + a->revised;
	return ledger_submit(b->t, &a->submission, a->unchanged, kept_sha256, e);
}

static int append_figures(struct batch *b, struct append *a, struct place *p, struct err *e)
{
	struct figure_writer fw = { .t = b->t,
				    .w = &b->figures,
				    .sequence = ++b->state.sequence,
				    .submission_released_ms = a->submission.released_ms };

	for (size_t i = 0; i < a->nobs; i++) {
		const struct observation *o = &a->obs[i];

		p[i].row = (uint32_t)i;
		p[i].a = o->stamp_ms;
		p[i].b = known_given(a, o) ? o->known_from_ms : a->submission.received_ms;
		if (resolve(b, o->labels, true, &p[i].series, e) < 0)
			return -1;
	}
	qsort(p, a->nobs, sizeof(*p), by_place);
	return append_places(b, a, &fw, p, e);
}

/* Runs of one series; of two samples for one time the later row counts. */
static int append_runs(struct batch *b, struct append *a, const struct place *p, struct sample *run,
		       struct err *e)
{
	size_t i = 0, n;

	while (i < a->nsamples) {
		uint32_t series = p[i].series;
		char text[SERIES_TEXT];

		for (n = 0; i < a->nsamples && p[i].series == series; i++) {
			if (n > 0 && run[n - 1].t_ms == p[i].a)
				n--;
			run[n].t_ms = p[i].a;
			run[n++].value = a->samples[p[i].row].value;
		}
		if (use_tally(b, series, e) < 0 ||
		    samples_write(b->t, &b->samples, series, &b->tally, run, n, e) < 0)
			return whole_store(e)
				       ? -1
				       : err_wrap(e, "%s",
						  series_text(a->samples[p[i - 1].row].labels,
							      text));
	}
	return 0;
}

static int append_samples(struct batch *b, struct append *a, struct place *p, struct err *e)
{
	struct sample *run;
	int rc;

	for (size_t i = 0; i < a->nsamples; i++) {
		p[i] = (struct place){ .row = (uint32_t)i, .a = a->samples[i].t_ms };
		if (resolve(b, a->samples[i].labels, false, &p[i].series, e) < 0)
			return -1;
	}
	qsort(p, a->nsamples, sizeof(*p), by_place);
	run = mem_alloc(a->nsamples * sizeof(*run));
	if (!run)
		return err_set(e, ERR_MEMORY, "no memory to write %zu samples", a->nsamples);
	rc = append_runs(b, a, p, run, e);
	mem_free(run);
	return rc;
}

static void forget_results(struct append *a)
{
	a->fresh = a->revised = a->unchanged = 0;
	a->submission.sequence = 0;
	a->submission.kept = 0;
}

static int apply(struct batch *b, struct append *a, struct err *e)
{
	struct place *p;
	int rc = 0;

	if (a->done == release_done)
		return apply_decision(b->t, (struct release *)a, e);
	forget_results(a);
	if (a->submission.rejected)
		return ledger_reject(b->t, &b->state.sequence, &a->submission, e);
	p = places_new(a->nobs > a->nsamples ? a->nobs : a->nsamples, e);
	if (!p)
		return -1;
	if (a->nobs)
		rc = append_figures(b, a, p, e);
	if (rc == 0 && a->nsamples)
		rc = append_samples(b, a, p, e);
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
	if (walk_open(&b->figures, b->t, DB_FIGURES, KEY_FIGURE_BYTES, e) < 0 ||
	    walk_open(&b->samples, b->t, DB_SAMPLES, KEY_CHUNK_BYTES, e) < 0)
		return -1;
	for (struct append *a = list; n > 0; a = a->next, n--) {
		if (apply(b, a, e) < 0) {
			*bad = a;
			return -1;
		}
	}
	state_write(&b->state, state);
	if (keep_tally(b, e) < 0 ||
	    db_put(b->t, DB_META, key_state, key_slice(state, sizeof(state)), e) < 0 ||
	    db_used_bytes(b->t, &used, e) < 0)
		return -1;
	pthread_mutex_lock(&b->s->lock);
	b->s->used_bytes = used;
	pthread_mutex_unlock(&b->s->lock);
	return 0;
}

/* Begins, writes, commits. The error's kind is db_fault()'s when *bad is NULL or the
 * fault is the disk's. */
static int transact(struct store *s, struct append *list, size_t n, struct append **bad,
		    struct err *e)
{
	struct batch b = { .s = s, .state = s->state };
	int rc;

	*bad = NULL;
	if (db_write_begin(s->db, &b.t, e) < 0)
		return -1;
	rc = attempt(&b, list, n, bad, e);
	walk_close(&b.figures);
	walk_close(&b.samples);
	if (rc < 0)
		db_write_abort(b.t);
	else
		rc = db_write_commit(b.t, e);
	if (rc < 0) {
		series_index_truncate(&s->index, s->state.series);
		return -1;
	}
	s->state = b.state;
	return 0;
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

/* The room of a batch on disk: generous, but not one page a value. */
static uint64_t disk_bytes(const struct append *list, size_t n)
{
	uint64_t sum = DISK_RESERVE;

	for (; n > 0; list = list->next, n--)
		sum += list->nobs * 192 + list->nsamples * 32 + list->submission.body.n + 8192;
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

static void note_full(struct store *s, const struct err *why)
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

static void note_failed(struct store *s, const struct err *why)
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

static void note_commit(struct store *s, int64_t began_ns)
{
	bool news;

	pthread_mutex_lock(&s->lock);
	news = s->full;
	s->full = false;
	s->shown = s->state;
	counter_set(C_STORE_BYTES, (double)s->used_bytes);
	pthread_mutex_unlock(&s->lock);
	counter_add_for(C_STORE_COMMITS, slice_str("ok"), 1);
	counter_observe(C_STORE_COMMIT_SECONDS, (double)(mono_ns() - began_ns) / 1e9);
	counter_set(C_STORE_SERIES, s->state.series);
	if (news) {
		counter_set(C_STORE_WRITABLE, 1);
		log_event(LOG_INFO, "the store takes writes again", log_s("dir", s->dir));
	}
}

/* Writes the first `n` of the list, whatever it takes. On failure *bad as in attempt(). */
static int write_batch(struct store *s, struct append *list, size_t n, struct append **bad,
		       struct err *e)
{
	int64_t began = mono_ns();

	*bad = NULL;
	if (check_disk(s, list, n, e) < 0) {
		note_full(s, e);
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
		note_full(s, e);
		break;
	case DB_FAULT_FAILED:
		*bad = NULL;
		note_failed(s, e);
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
	       a->submission.body.n;
}

/* Memory of the pages that an append may touch. Samples of one series that follow each
 * other share a chunk. */
static size_t dirty_bytes(const struct append *a)
{
	size_t runs = a->nsamples > 0;

	for (size_t i = 1; i < a->nsamples; i++)
		runs += a->samples[i].labels != a->samples[i - 1].labels;
	return (a->nobs + runs + 4) * PAGE_BYTES + a->nsamples * sizeof(struct sample) +
	       a->submission.body.n;
}

/* How many from the list's start make one transaction: at least one. */
static size_t batch_length(const struct append *list)
{
	size_t n = 0, sum = 0;

	for (; list; list = list->next, n++) {
		sum += dirty_bytes(list);
		if (n > 0 && sum > DIRTY_MAX)
			break;
	}
	return n;
}

static void count_append(const struct append *a)
{
	counter_add_for(C_STORE_OBSERVATIONS, slice_str("new"), a->fresh);
	counter_add_for(C_STORE_OBSERVATIONS, slice_str("revised"), a->revised);
	counter_add_for(C_STORE_OBSERVATIONS, slice_str("unchanged"), a->unchanged);
	counter_add(C_STORE_SAMPLES, (double)a->nsamples);
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
		if (!s->head && !s->stopping)
			wait_a_tick(s);
		list = s->head;
		s->head = s->tail = NULL;
		stop = s->stopping && !list;
		pthread_mutex_unlock(&s->lock);
		if (stop)
			return NULL;
		write_list(s, list);
		snapshots_expire(s, false);
		if (mono_ns() - cleared > (int64_t)DEAD_READERS_MS * 1000000) {
			db_clear_dead_readers(s->db);
			cleared = mono_ns();
		}
	}
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
