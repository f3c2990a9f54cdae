/*
 * intake.c - see intake.h.
 *
 * A handover carries one append through: made on the loop, answered on the writer
 * thread, which only posts it back, finished on the loop. The store looks at each
 * value before it takes an append; of a large one that is done in a job, which also writes a large
 * body, and so are plain samples, which are written to the log by the thread that brings them. A
 * scrape is given away by the worker that read it.
 */
#include "daemon/intake.h"
#include "base/alloc.h"
#include "base/log.h"
#include "loop/job.h"

#include <pthread.h>
#include <stddef.h>

enum { APPEND_ON_LOOP_MAX = 5000, BODY_ON_LOOP_MAX = 4 << 20 };

struct handover {
	struct append append;
	struct post post;
	struct intake *in;
	struct emit_request *request; /* NULL: samples of our own */
	struct own_samples own;
};

static void finish_on_loop(struct post *p);

static struct handover *handover_of_post(struct post *p)
{
	return (struct handover *)((char *)p - offsetof(struct handover, post));
}

static void answered(struct append *a)
{
	struct handover *h = a->ctx;

	loop_post(h->in->loop, &h->post);
}

static struct handover *handover_new(struct intake *in, struct err *e)
{
	struct handover *h = mem_zalloc(sizeof(*h));

	if (!h) {
		err_set(e, ERR_MEMORY, "no memory to hand figures to the store");
		return NULL;
	}
	h->in = in;
	h->post.call = finish_on_loop;
	h->append.done = answered;
	h->append.ctx = h;
	return h;
}

/* Lives on its own: the answer may come, and the handover go, before the job's end is told. */
struct large {
	struct job job; /* first */
	struct handover *h;
};

static void give_up(struct handover *h, const struct err *e)
{
	h->append.err = *e;
	loop_post(h->in->loop, &h->post);
}

static void append_work(struct job *j)
{
	struct handover *h = ((struct large *)j)->h;
	struct err e;

	if (store_append(h->in->store, &h->append, &e) < 0)
		give_up(h, &e);
}

static void append_done(struct job *j, enum job_end how)
{
	struct large *l = (struct large *)j;
	struct err e;

	if (how == JOB_CANCELLED) {
		err_set(&e, ERR_CANCELLED, "not stored: the daemon is ending");
		give_up(l->h, &e);
	}
	mem_free(l);
}

static int hand_over(struct handover *h, struct err *e)
{
	struct append *a = &h->append;
	struct large *l;

	if (a->nobs <= APPEND_ON_LOOP_MAX && !a->nsamples &&
	    a->submission.body.n <= BODY_ON_LOOP_MAX)
		return store_append(h->in->store, a, e);
	l = mem_zalloc(sizeof(*l));
	if (!l)
		return err_set(e, ERR_MEMORY, "no memory to hand figures to the store");
	l->job.work = append_work;
	l->job.done = append_done;
	l->h = h;
	if (job_start(h->in->loop, &l->job, JOB_STORE, e) == 0)
		return 0;
	mem_free(l);
	return -1;
}

static void fill_append(struct append *a, const struct emit_request *r)
{
	const struct batch *b = r->batch;

	a->submission = (struct submission){
		.source = r->source,
		.owner = r->owner,
		.origin = r->origin,
		.address = r->address,
		.reason = r->reason,
		.rejected = *r->reason != '\0',
		.received_ms = r->received_ms,
		.released_ms = r->hold || *r->reason ? 0 : r->received_ms,
		.trusted = r->trusted,
		.body = r->original,
		.body_bytes = b->body_bytes,
		.refused = (uint32_t)r->refused,
	};
	memcpy(a->submission.body_sha256, r->original_sha256, SHA256_BYTES);
	a->obs = b->obs;
	a->nobs = b->nobs;
	a->doubts = b->doubts;
	a->ndoubts = b->ndoubts;
	a->cells = b->cells;
	a->ncells = b->ncells;
	a->samples = b->samples;
	a->nsamples = b->nsamples;
}

static struct emitted result_of(const struct append *a)
{
	return (struct emitted){
		.err = a->err,
		.submission = a->submission.sequence,
		.fresh = a->fresh,
		.revised = a->revised,
		.unchanged = a->unchanged,
	};
}

/* --- a portion: the worker that brings it waits ------------------------------------------ */

struct waiting {
	struct append append; /* first */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool answered;
};

static void portion_answered(struct append *a)
{
	struct waiting *w = (struct waiting *)a;

	pthread_mutex_lock(&w->lock);
	w->answered = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

int intake_store_portion(void *ctx, struct emit_request *r, struct emitted *how, struct err *e)
{
	struct intake *in = ctx;
	struct waiting w = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };

	fill_append(&w.append, r);
	w.append.done = portion_answered;
	if (store_append(in->store, &w.append, e) < 0)
		return -1;
	pthread_mutex_lock(&w.lock);
	while (!w.answered)
		pthread_cond_wait(&w.changed, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.changed);
	pthread_mutex_destroy(&w.lock);
	*how = result_of(&w.append);
	if (how->err.code == ERR_NONE)
		return 0;
	*e = how->err;
	return -1;
}

/* --- a document: the loop is told -------------------------------------------------------- */

int intake_emit(void *ctx, struct emit_request *r, struct err *e)
{
	struct intake *in = ctx;
	struct handover *h = handover_new(in, e);

	if (!h)
		return -1;
	h->request = r;
	fill_append(&h->append, r);
	/* Samples are a scrape's, and the next one is seconds away. */
	h->append.patient = true;
	if (hand_over(h, e) < 0) {
		mem_free(h);
		return -1;
	}
	atomic_fetch_add(&in->under_way, 1);
	return 0;
}

int intake_store_samples(void *ctx, struct emit_request *r, struct err *e)
{
	struct intake *in = ctx;
	struct handover *h = handover_new(in, e);

	if (!h)
		return -1;
	h->request = r;
	fill_append(&h->append, r);
	h->append.patient = true;
	h->append.hurried = true; /* the worker has others to read */
	atomic_fetch_add(&in->under_way, 1);
	if (store_append(in->store, &h->append, e) == 0)
		return 0;
	atomic_fetch_sub(&in->under_way, 1);
	mem_free(h);
	return -1;
}

static void own_release(struct own_samples *own)
{
	for (size_t i = 0; i < own->n; i++)
		labels_unref(own->list[i].labels);
	arena_release(&own->arena);
}

static void finish_on_loop(struct post *p)
{
	struct handover *h = handover_of_post(p);
	struct intake *in = h->in;
	struct append *a = &h->append;

	atomic_fetch_sub(&in->under_way, 1);
	if (h->request) {
		struct emitted how = result_of(a);
		struct emit_request *r = h->request;

		r->done(r, &how);
		if (a->err.code == ERR_NONE && (a->nobs || a->submission.cells) && in->stored)
			in->stored(in->ctx);
	} else {
		if (a->err.code != ERR_NONE)
			log_event(LOG_WARN, "alert states not stored", log_err(&a->err));
		own_release(&h->own);
	}
	mem_free(h);
}

void intake_own(struct intake *in, struct own_samples *take)
{
	struct err e = { 0 };
	struct handover *h;

	if (!take->n) {
		own_release(take);
		return;
	}
	h = handover_new(in, &e);
	if (h) {
		h->own = *take;
		h->append.samples = h->own.list;
		h->append.nsamples = h->own.n;
		h->append.submission.received_ms = loop_now(in->loop);
		if (hand_over(h, &e) == 0) {
			atomic_fetch_add(&in->under_way, 1);
			return;
		}
		mem_free(h);
	}
	log_event(LOG_WARN, "alert states not stored", log_err(&e));
	own_release(take);
}

/* --- what the edits hold figures against ------------------------------------------------- */

/* Long enough for a document of a province's history, short enough for the file not to grow. */
enum { HISTORY_MS = 60000, PAST_BYTES = 64 << 20 };

static int open_history(void *ctx, void **at, struct err *e)
{
	struct intake *in = ctx;

	*at = snapshot_open(in->store, HISTORY_MS, e);
	/* All readers are at work: that says nothing against the document. */
	if (!*at && e->code == ERR_LIMIT)
		e->code = ERR_BUSY;
	return *at ? 0 : -1;
}

static int past_figures(void *at, const struct labels *labels, int64_t from_ms, int64_t to_ms,
			struct arena *a, struct past **out, size_t *n, struct err *e)
{
	struct series_ref ref;
	struct vintage *v;
	struct arena scratch;
	int rc;

	*n = 0;
	*out = NULL;
	if (snapshot_find(at, labels, &ref, e) < 0)
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	arena_init(&scratch, PAST_BYTES);
	rc = snapshot_figures(at, ref.id, from_ms, to_ms, VIEW_LATEST, &scratch, &v, n, e);
	if (rc == 0 && *n) {
		*out = arena_array(a, *n, sizeof(**out));
		for (size_t k = 0; *out && k < *n; k++)
			(*out)[k] = (struct past){ v[k].stamp_ms, v[k].value };
		if (!*out)
			rc = err_set(e, ERR_LIMIT, "no room for %zu figures of the past", *n);
	}
	arena_release(&scratch);
	return rc;
}

static void close_history(void *at)
{
	snapshot_close(at);
}

struct history intake_history(struct intake *in)
{
	return (struct history){ open_history, past_figures, close_history, in };
}
