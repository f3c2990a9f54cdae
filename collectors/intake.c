/*
 * intake.c - one document from the bytes as they came to the store's answer.
 *
 *     intake_start ─▶ decode_work ─▶ on_decoded ─▶ emit ─▶ on_emitted ─▶ done
 *                     (decode job)      └ same, refused, failed ────────▶ done
 *     a scrape:       decode_work ─▶ on_decoded, on_emitted in any order ▶ done
 *                        └ store_samples
 *
 * The job unpacks, hashes, and only when the bytes are new decodes and maps them.
 * Of a large document a portion goes to the store whenever there are so many figures; the job
 * waits until it is durable, the loop does not. When one is not taken the attempt has failed: the
 * document is read again, and what is stored already is then unchanged. A scrape goes to the store
 * from the job, which has its samples at hand: the loop has thousands of them to look after.
 * Whatever was understood goes to the store, also when the document as a whole
 * turned out broken further down: a bad row costs that row. So does a statistic's document
 * that is refused as a whole: that it came, and its bytes, are kept with the reason.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/inflate.h"
#include "base/map.h"
#include "base/spool.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

/* Figures of a document that are in memory at once, and the longest wait for a store that is
 * busy between two attempts to give them away. */
enum { PORTION_FIGURES = 100000, BUSY_MS = 50, ORIGIN_SHOWN = 4000 };

/* Real figures pack about twenty to one. */
enum { PLAIN_FOR_PACKED = 20 };

static const size_t WAITING_BYTES_MAX = 256 << 20;

/* Freeing a million figures takes 50 ms; so many take the loop a tenth of one. */
enum { FREE_ON_LOOP_MAX = 2000 };

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static void on_decoded(struct job *j, enum job_end how);
static void on_emitted(struct emit_request *r, const struct emitted *how);

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool intake_for_good(enum err_code code)
{
	switch (code) {
	case ERR_INVALID:
	case ERR_LIMIT:
	case ERR_ORDER:
	case ERR_REFUSED:
	case ERR_UNSUPPORTED:
		return true;
	default:
		return false;
	}
}

/* --- in the job ------------------------------------------------------------------ */

static bool is_packed(const struct intake *in)
{
	return *in->encoding && strcasecmp(in->encoding, "identity") != 0;
}

/* Plain samples are no statement that anybody could be asked about later. */
static bool is_statistic(const struct intake *in)
{
	return in->feed->config.format != FORMAT_PROMETHEUS;
}

static struct scrape scrape_of(const struct feed *f)
{
	const struct feed_config *c = &f->config;

	return (struct scrape){
		.honor_labels = c->honor_labels,
		.ignore_timestamps = !c->honor_timestamps,
		.track_timestamps = c->track_timestamps_staleness,
		.sample_limit = (size_t)c->sample_limit,
		.relabel = f->relabel,
		.cache = f->cache,
	};
}

/* What a scrape says of itself; the error of this counts when there was none before. */
static void report(struct intake *in, const struct scrape *s, bool up)
{
	size_t before = up ? in->batch->nsamples : 0;
	struct scrape_report r = {
		.job = in->feed->config.name,
		.instance = in->feed->instance,
		.now_ms = in->now_ms,
		.seconds = in->fetch_seconds,
		.up = up,
	};
	struct err e;

	if (scrape_report(s, &r, in->batch, &e) < 0)
		in->err = e;
	in->own = in->batch->nsamples - before;
}

/* What the store is told beside the figures; `origin` is borrowed. */
static struct emit_request request_of(struct intake *in, const char *origin)
{
	const struct feed *f = in->feed;
	struct emit_request r = {
		.batch = in->batch,
		.source = f->config.name,
		.owner = f->config.owner,
		.origin = origin,
		.address = in->address,
		.reason = "",
		.refused = in->batch->refused - in->refused_told,
		.received_ms = loop_now(f->collector->o.loop),
		.trusted = f->config.trusted,
		.hold = f->config.hold,
	};

	memcpy(r.original_sha256, in->original_sha256, SHA256_BYTES);
	return r;
}

static void note_emitted(struct intake *in, const struct emitted *how)
{
	assert(in->batch); /* there was one to give away */
	in->submission = how->submission;
	in->fresh += how->fresh;
	in->revised += how->revised;
	in->unchanged += how->unchanged;
	in->refused_told = in->batch->refused;
}

/* "/srv/drop/2026.csv (part 3)" */
static const char *name_part(struct intake *in, bool last)
{
	struct slice origin = slice_cut(slice_str(in->origin), ORIGIN_SHOWN);
	const char *text = arena_printf(&in->batch->arena, "%.*s (part %zu%s)", SLICE_FMT(origin),
					in->batch->portions + 1, last ? ", the last" : "");

	return text ? text : in->origin;
}

static void pause_ms(unsigned ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* A part of a document is a submission of its own; the bytes are kept with the last. */
static int store_portion(void *ctx, struct batch *b, struct err *e)
{
	struct intake *in = ctx;
	const struct collector_options *o = &in->feed->collector->o;
	const char *origin;
	struct emit_request r;
	struct emitted how;
	int rc;

	if (in->dry_run)
		return 0;
	origin = name_part(in, false);
	for (;;) {
		if (atomic_load(&in->job.cancelled)) {
			rc = err_set(e, ERR_CANCELLED, "the daemon is ending");
			break;
		}
		r = request_of(in, origin);
		rc = o->store_portion(o->emit_ctx, &r, &how, e);
		if (rc == 0)
			note_emitted(in, &how);
		if (rc == 0 || e->code != ERR_BUSY)
			break;
		pause_ms(BUSY_MS);
	}
	in->store_failed = rc < 0;
	if (rc == 0) {
		counter_add(C_PORTIONS, 1);
		atomic_fetch_add(&in->progress.stored, b->nobs);
	}
	return rc;
}

/* What is only tried counts for itself; without memory it does not. */
static struct series_quota *quota_of(const struct intake *in)
{
	return in->dry_run ? series_quota_copy(in->feed->quota, NULL) : in->feed->quota;
}

static void decode_body(struct intake *in, struct slice body)
{
	const struct collector_options *o = &in->feed->collector->o;
	const struct portions portions = {
		.figures = o->portion_figures ? o->portion_figures : PORTION_FIGURES,
		.store = store_portion,
		.ctx = in,
	};
	const struct feed *f = in->feed;
	const struct feed_config *c = &f->config;
	struct scrape scrape = scrape_of(f);
	struct document d = feed_document(c);

	d.scrape = &scrape;
	d.rights = in->rights;
	d.body = body;
	d.content_type = slice_str(in->content_type);
	d.instance = f->instance;
	d.now_ms = in->now_ms;
	d.portions = o->store_portion ? &portions : NULL;
	d.progress = &in->progress;
	atomic_store(&in->progress.body_bytes, body.n);
	in->batch = batch_new(batch_room(body.n), &in->err);
	if (!in->batch)
		return;
	in->batch->body_bytes = body.n;
	d.quota = quota_of(in);
	if (document_decode(&d, in->catalogue, &f->collector->o.history, in->batch, &in->err) == 0)
		in->err = (struct err){ 0 };
	if (in->dry_run)
		series_quota_free(d.quota);
	if (!is_statistic(in) && (in->err.code == ERR_NONE || intake_for_good(in->err.code)))
		report(in, &scrape, in->err.code == ERR_NONE);
}

/* Nothing came: what there is to say of a scrape. */
static void no_document(struct intake *in)
{
	struct scrape scrape = scrape_of(in->feed);
	struct err e;

	in->batch = batch_new(batch_room(0), &in->err);
	if (!in->batch)
		return;
	if (in->what == INTAKE_DOWN)
		report(in, &scrape, false);
	else if (scrape_end(in->feed->cache, in->now_ms, in->batch, &e) < 0)
		in->err = e;
	in->own = in->batch->nsamples;
}

/* What the sender made: a file as it lies there; of a reply what is left without the packing
 * that was for the way. */
static struct buf *original_of(struct intake *in, struct buf *plain)
{
	return in->handed_in && in->body.n ? &in->body : plain;
}

static void keep_original(struct intake *in, struct buf *plain)
{
	struct buf *from = original_of(in, plain);

	if (!is_statistic(in) || in->same)
		return;
	in->original = *from;
	*from = (struct buf){ 0 };
}

/* A file that does not unpack: an empty batch for the record of its refusal. */
static void give_up_unpacking(struct intake *in)
{
	struct err e;

	if (!in->handed_in || !intake_for_good(in->err.code))
		return;
	in->batch = batch_new(batch_room(0), &e);
	if (!in->batch)
		in->err = e;
}

static int unpack(struct intake *in, struct buf *plain)
{
	buf_init_large(plain, (size_t)in->feed->config.body_limit);
	if (!is_packed(in)) {
		buf_release(plain);
		*plain = in->body;
		in->body = (struct buf){ 0 };
		return 0;
	}
	if (inflate_body(buf_all(&in->body), slice_str(in->encoding), BOMB_RATIO, plain, &in->err) <
	    0) {
		in->unpack_failed = true;
		return -1;
	}
	return 0;
}

static void nothing_kept(struct intake *in)
{
	const struct batch *b = in->batch;
	const struct complaint *first = b->ncomplaints ? &b->complaints[0] : NULL;

	if (in->err.code != ERR_NONE)
		return;
	if (first)
		err_set(&in->err, ERR_INVALID,
			"none of %zu figures could be kept; the first, at %s: %s", b->refused,
			first->place, first->text);
	else
		err_set(&in->err, ERR_INVALID, "none of %zu figures could be kept", b->refused);
}

/* What the batch amounts to, before the store has seen it. */
static enum intake_end judge(struct intake *in)
{
	const struct batch *b = in->batch;

	in->kept = b->stored + b->nobs + b->nsamples - in->own;
	in->refused = b->refused;
	in->suspect = b->suspect;
	if (in->kept)
		return INTAKE_STORED;
	if (!b->refused && in->err.code == ERR_NONE && !in->handed_in)
		return INTAKE_NOTHING;
	if (!b->refused && in->err.code == ERR_NONE)
		err_set(&in->err, ERR_INVALID, "the file has no figures");
	nothing_kept(in);
	return INTAKE_REFUSED;
}

/* Whether there is something for the store, and what it amounts to. */
static bool wants_store(struct intake *in)
{
	in->how = in->what == INTAKE_DOCUMENT ? judge(in) : INTAKE_NOTHING;
	return !in->dry_run && (in->own || in->how != INTAKE_NOTHING);
}

static bool was_read(const struct intake *in)
{
	return in->batch && !in->store_failed && (!in->unpack_failed || in->handed_in) &&
	       (in->err.code == ERR_NONE || intake_for_good(in->err.code));
}

/* When the store has no room at the moment the loop hands it over, to wait elsewhere. */
static void store_scrape(struct intake *in)
{
	const struct collector_options *o = &in->feed->collector->o;
	struct err e;

	if (!o->store_samples || in->same || atomic_load(&in->job.cancelled) || !was_read(in) ||
	    !wants_store(in))
		return;
	in->request = request_of(in, in->origin);
	in->request.done = on_emitted;
	if (o->store_samples(o->emit_ctx, &in->request, &e) == 0) {
		in->at_store = true;
		batch_drop_samples(in->batch);
	} else if (e.code != ERR_BUSY) {
		in->store_failed = true;
		in->err = e;
	}
}

static void decode_document(struct intake *in)
{
	double start = seconds_now();
	struct buf plain;

	if (unpack(in, &plain) == 0) {
		in->bytes = plain.n;
		in->hash = hash_bytes(plain.p, plain.n);
		in->same = in->known && in->hash == in->known_hash;
		if (is_statistic(in) && !in->same)
			sha256_of(buf_all(original_of(in, &plain)), in->original_sha256);
		if (!in->same && !atomic_load(&in->job.cancelled))
			decode_body(in, buf_all(&plain));
	} else {
		give_up_unpacking(in);
		sha256_of(buf_all(original_of(in, &plain)), in->original_sha256);
	}
	keep_original(in, &plain);
	buf_release(&plain);
	buf_release(&in->body);
	in->decode_seconds = seconds_now() - start;
}

static void decode_work(struct job *j)
{
	struct intake *in = container_of(j, struct intake, job);

	in->err.code = ERR_NONE;
	if (in->what == INTAKE_DOCUMENT)
		decode_document(in);
	else
		no_document(in);
	if (!is_statistic(in))
		store_scrape(in);
}

/* --- on the loop ------------------------------------------------------------------ */

static void end(struct intake *in, enum intake_end how)
{
	in->feed->stage = STAGE_STORING; /* until the attempt says otherwise */
	in->done(in, how);
}

/* 0: on_emitted() follows or has already run; `in` may be gone. */
static int emit(struct intake *in, struct err *e)
{
	const struct collector_options *o = &in->feed->collector->o;

	in->request = request_of(in, in->batch->portions ? name_part(in, true) : in->origin);
	if (in->how == INTAKE_REFUSED && is_statistic(in))
		in->request.reason = in->err.text;
	in->request.original = buf_all(&in->original);
	in->request.done = on_emitted;
	in->feed->stage = STAGE_STORING;
	return o->emit(o->emit_ctx, &in->request, e);
}

static void finish_stored(struct intake *in)
{
	const struct emitted *how = &in->answer;

	if (how->err.code != ERR_NONE) {
		in->err = how->err;
		end(in, INTAKE_FAILED);
		return;
	}
	if (in->feed->cache)
		scrape_cache_stored(in->feed->cache);
	note_emitted(in, how);
	end(in, in->how);
}

static void on_decoded(struct job *j, enum job_end how)
{
	struct intake *in = container_of(j, struct intake, job);
	struct err e;

	in->feed->collector->waiting_bytes -= in->waiting_bytes;
	in->waiting_bytes = 0;
	in->decoding = false;
	if (in->batch && in->what == INTAKE_DOCUMENT)
		counter_observe(C_DECODE_SECONDS, in->decode_seconds);
	if (in->at_store) {
		in->feed->stage = STAGE_STORING;
		if (in->answered)
			finish_stored(in);
	} else if (how == JOB_CANCELLED || in->feed->collector->closing) {
		end(in, INTAKE_CANCELLED);
	} else if (in->same) {
		end(in, INTAKE_SAME);
	} else if (!was_read(in)) {
		end(in, INTAKE_FAILED);
	} else if (!wants_store(in)) {
		end(in, in->how);
	} else if (emit(in, &e) < 0) {
		in->err = e;
		end(in, INTAKE_FAILED);
	}
}

static void on_emitted(struct emit_request *r, const struct emitted *how)
{
	struct intake *in = container_of(r, struct intake, request);

	in->answer = *how;
	in->answered = true;
	if (!in->decoding)
		finish_stored(in);
}

/* Whether it may have to wait for the store at portions. A scrape never does, and is not to wait
 * for a document that takes long. */
static bool is_large(const struct intake *in)
{
	size_t most = is_packed(in) ? SPOOL_MEMORY_BYTES / PLAIN_FOR_PACKED : SPOOL_MEMORY_BYTES;

	return is_statistic(in) && in->body.n > most;
}

/* Who hands a document in is told to come again; what was fetched waits, as long as all that waits
 * does not take too much memory. */
static int queue(struct intake *in, struct err *e)
{
	struct collector *c = in->feed->collector;
	struct loop *l = c->o.loop;

	if (is_large(in))
		return job_start(l, &in->job, JOB_LARGE, e);
	if (in->handed_in)
		return job_start(l, &in->job, JOB_DECODE, e);
	if (c->waiting_bytes + in->body.cap > WAITING_BYTES_MAX)
		return err_set(e, ERR_BUSY, "%zu bytes of other documents are waiting already",
			       c->waiting_bytes);
	in->waiting_bytes = in->body.cap; /* from then on the body is the worker's */
	if (job_wait(l, &in->job, JOB_DECODE, e) < 0)
		return -1;
	c->waiting_bytes += in->waiting_bytes;
	return 0;
}

int intake_start(struct intake *in, struct err *e)
{
	in->job.work = decode_work;
	in->job.done = on_decoded;
	in->feed->stage = STAGE_DECODING;
	in->decoding = queue(in, e) == 0;
	return in->decoding ? 0 : -1;
}

int intake_start_refused(struct intake *in, const struct err *why, struct err *e)
{
	in->how = INTAKE_REFUSED;
	in->err = *why;
	in->batch = batch_new(batch_room(0), e);
	return in->batch ? emit(in, e) : -1;
}

void intake_cancel(struct intake *in)
{
	if (in->decoding)
		job_cancel(feed_loop(in->feed), &in->job);
}

struct discard {
	struct job job;
	struct batch *batch;
};

static void discard_work(struct job *j)
{
	struct discard *d = container_of(j, struct discard, job);

	batch_free(d->batch);
	d->batch = NULL;
}

static void on_discarded(struct job *j, enum job_end how)
{
	struct discard *d = container_of(j, struct discard, job);

	(void)how; /* dropped from the queue: it is still there */
	batch_free(d->batch);
	mem_free(d);
}

static void discard(struct loop *l, struct batch *b)
{
	struct discard *d = NULL;

	if (b->nobs + b->nsamples > FREE_ON_LOOP_MAX)
		d = mem_zalloc(sizeof(*d));
	if (d) {
		d->job.work = discard_work;
		d->job.done = on_discarded;
		d->batch = b;
		if (job_start(l, &d->job, JOB_DECODE, NULL) == 0)
			return;
		mem_free(d);
	}
	batch_free(b);
}

void intake_release(struct intake *in)
{
	buf_release(&in->body);
	buf_release(&in->original);
	if (in->batch)
		discard(feed_loop(in->feed), in->batch);
	if (in->catalogue)
		catalogue_unref(in->catalogue);
	*in = (struct intake){ 0 };
}
