/*
 * ingest.c - remote write requests on their way into the head.
 *
 * On the calling thread: unpack and delimit (no lock, a decoder of one's own). Then, with the
 * ingest lock, in the order that counts: find the series of each label set, write the request as it
 * came to the log file, put its samples into the head. Then the sync thread has it.
 *
 * Series are found by a hash of the bytes of their labels. Only bytes never seen before are looked
 * into (ingest_series.c).
 */
#include "storage/ingest_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/snappy.h"
#include "base/varint.h"
#include "storage/disk.h"
#include "storage/metadata.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

enum {
	AHEAD_MS = 10 * 60 * 1000, /* how far in the future a plain sample may lie */
	DISK_LOOK_MS = 100,
	DISK_LOOK_BYTES = 1 << 20, /* logged: a fast sender fills a disk meanwhile */
	DISK_RESERVE = 16 << 20,   /* for sealing and packing what is in memory */
	WAIT_MS = 10000,           /* for a sealed generation to go */
	SEAL_SAMPLES = 600000,
	SEAL_PER_SERIES = 2 * HEAD_BLOCK, /* its blocks are full then */
	SEAL_TWO_BLOCKS = 8000000, /* beyond, one block each is to do, which it takes anyway */
	SEAL_MOST = 24000000,
	LIST_LIMIT = 32 << 20,
	RAW_KEPT = 2 << 20,
};

/* --- decoders ------------------------------------------------------------------------ */

void decoder_free(struct decoder *d)
{
	rw_reader_free(d->reader);
	buf_release(&d->raw);
	buf_release(&d->list);
	mem_free(d->slots);
	mem_free(d->obs);
	mem_free(d);
}

static struct decoder *decoder_new(struct err *e)
{
	struct decoder *d = mem_zalloc(sizeof(*d));

	if (!d) {
		err_set(e, ERR_MEMORY, "no memory to read a request");
		return NULL;
	}
	buf_init(&d->raw, remote_write_defaults.raw_bytes + 64);
	buf_init(&d->list, LIST_LIMIT);
	d->reader = rw_reader_new(e);
	if (d->reader)
		return d;
	decoder_free(d);
	return NULL;
}

struct decoder *decoder_take(struct store *s, struct err *e)
{
	struct decoder *d;

	pthread_mutex_lock(&s->decoders_lock);
	d = s->decoders;
	if (d)
		s->decoders = d->next;
	pthread_mutex_unlock(&s->decoders_lock);
	if (!d)
		return decoder_new(e);
	buf_clear(&d->raw);
	buf_clear(&d->list);
	d->nplain = 0;
	return d;
}

void decoder_give(struct store *s, struct decoder *d)
{
	for (size_t i = 0; i < d->nobs; i++)
		labels_unref(d->obs[i].labels);
	d->nobs = 0;
	if (d->raw.cap > RAW_KEPT) {
		decoder_free(d);
		return;
	}
	pthread_mutex_lock(&s->decoders_lock);
	d->next = s->decoders;
	s->decoders = d;
	pthread_mutex_unlock(&s->decoders_lock);
}

int decoder_room(struct decoder *d, size_t n, struct err *e)
{
	if (n <= d->cap)
		return 0;
	mem_free(d->slots);
	d->slots = mem_alloc(n * sizeof(*d->slots));
	d->cap = d->slots ? n : 0;
	return d->slots ? 0 : err_set(e, ERR_MEMORY, "no memory to read a request");
}

int decoder_read(struct decoder *d, struct slice body, struct err *e)
{
	if (snappy_decode(body, remote_write_defaults.raw_bytes, &d->raw, e) < 0 ||
	    rw_read(d->reader, buf_all(&d->raw), &remote_write_defaults, &d->request, e) < 0)
		return -1;
	return decoder_room(d, d->request.nseries, e);
}

/* --- finding the series of a request ---------------------------------------------------- */

/* Replaying: whether the i-th time series was refused. */
static bool was_skipped(struct resolving *r, uint64_t i)
{
	uint64_t step;

	if (r->skip_next != i)
		return false;
	r->skip_next = varint_take(&r->skip, &step) ? i + 1 + step : UINT64_MAX;
	return true;
}

static int note_refused(struct decoder *d, size_t i, size_t *before)
{
	varint_add(&d->list, i - *before);
	*before = i + 1;
	return buf_check(&d->list, NULL);
}

static int meet(struct resolving *r, struct slice bytes, struct head_hash hash, uint32_t after,
		uint32_t *key, struct err *e)
{
	struct label l[LABELS_MAX];
	size_t n;

	if (rw_labels(bytes, l, &n, e) < 0)
		return -1;
	return ingest_meet(r, l, n, hash, after, key, e);
}

static void say_refused(struct slice bytes, struct err *why)
{
	struct label l[LABELS_MAX];
	size_t n;

	if (rw_labels(bytes, l, &n, why) < 0)
		n = 0;
	ingest_say_statistic(l, n, why);
}

/* The slot of every time series. -1: nothing of the request can be used. */
static int resolve(struct resolving *r, struct err *e)
{
	struct decoder *d = r->d;
	struct head *h = &r->s->head;
	uint32_t after = NO_KEY;
	size_t before = 0;

	for (size_t i = 0; i < d->request.nseries; i++) {
		const struct rw_series *x = &d->request.series[i];
		struct head_hash hash;
		uint32_t key;
		struct err why = { 0 };

		d->slots[i] = NO_KEY;
		if (r->skip_next != UINT64_MAX && was_skipped(r, i))
			continue;
		hash = head_hash(x->labels);
		key = head_find(h, hash, after);
		if (key == NO_KEY && meet(r, x->labels, hash, after, &key, &why) < 0) {
			if (ingest_is_failure(&why)) {
				*e = why;
				return -1;
			}
			key = NO_KEY;
		}
		after = key;
		if (key != NO_KEY && h->slots[h->keys[key].slot].class != SERIES_REFUSED)
			d->slots[i] = h->keys[key].slot;
		if (d->slots[i] == NO_KEY || h->slots[d->slots[i]].class == SERIES_STATISTIC) {
			if (note_refused(d, i, &before) < 0)
				return err_set(e, ERR_LIMIT, "too many series are refused");
		} else {
			d->nplain += x->n;
		}
		if (d->slots[i] == NO_KEY) {
			if (why.code == ERR_NONE)
				say_refused(x->labels, &why);
			ingest_refuse(r, "series", x->n, &why);
		}
	}
	return 0;
}

/* --- statistics among it ------------------------------------------------------------------- */

static int add_observation(struct decoder *d, const struct head_slot *slot,
			   const struct rw_sample *x, struct err *e)
{
	if (d->nobs == d->obs_cap) {
		size_t cap = d->obs_cap ? d->obs_cap * 2 : 1024;
		struct observation *more = mem_realloc(d->obs, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory for the figures of a request");
		d->obs = more;
		d->obs_cap = cap;
	}
	d->obs[d->nobs++] = (struct observation){
		.labels = labels_ref(slot->labels), /* the slot may be forgotten */
		.stamp_ms = x->t_ms,
		.value = x->value,
		.months = slot->months,
	};
	return 0;
}

/* What is wrong with one of its values, in *why. */
static int check_figure(const struct resolving *r, const struct head_slot *slot,
			const struct rw_sample *p, struct err *why)
{
	char text[SERIES_TEXT], at[TIME_TEXT];
	const char *wrong = NULL;

	if (!isfinite(p->value))
		wrong = "a figure must be a finite number";
	else if (p->t_ms < STAMP_EARLIEST_MS)
		wrong = "before the year 0";
	else if (p->t_ms > STAMP_LATEST_MS)
		wrong = "past the year 9999";
	else if (p->t_ms > r->w->received_ms && !slot->preliminary)
		wrong = "its period has not ended";
	return wrong ? err_set(why, ERR_INVALID, "%s at %s: %s", series_text(slot->labels, text),
			       time_text(p->t_ms, at), wrong)
		     : 0;
}

static int take_statistic(struct resolving *r, const struct head_slot *slot,
			  const struct rw_series *x, struct err *e)
{
	for (uint32_t i = 0; i < x->n; i++) {
		const struct rw_sample *p = &r->d->request.samples[x->first + i];
		struct err why;

		if (check_figure(r, slot, p, &why) < 0)
			ingest_refuse(r, "figure", 1, &why);
		else if (add_observation(r->d, slot, p, e) < 0)
			return -1;
	}
	return 0;
}

struct write_figures {
	struct append a;
	struct write *w;
	struct observation obs[];
};

static void figures_done(struct append *a)
{
	struct write_figures *f = a->ctx;
	struct write *w = f->w;
	struct err why = a->err;

	for (size_t i = 0; i < a->nobs; i++)
		labels_unref(f->obs[i].labels);
	mem_free(f);
	write_part_done(w, &why);
}

/* Hands the observations to the writer; the request is done when both parts are. */
static int hand_over_figures(struct store *s, struct decoder *d, struct write *w, struct err *e)
{
	struct write_figures *f = mem_zalloc(sizeof(*f) + d->nobs * sizeof(*d->obs));

	if (!f)
		return err_set(e, ERR_MEMORY, "no memory for the figures of a request");
	f->w = w;
	f->a = (struct append){ .submission = { .source = w->source ? w->source : "remote_write",
						.owner = "",
						.origin = w->origin ? w->origin : "",
						.address = w->address ? w->address : "",
						.received_ms = w->received_ms,
						.released_ms = w->received_ms,
						.body_bytes = w->body.n,
						.refused = (uint32_t)w->refused },
				.obs = f->obs,
				.nobs = d->nobs,
				.done = figures_done,
				.ctx = f };
	sha256_of(w->body, f->a.submission.body_sha256);
	memcpy(f->obs, d->obs, d->nobs * sizeof(*d->obs));
	w->samples += d->nobs;
	if (writer_push(s, &f->a, e) == 0) {
		d->nobs = 0;
		return 0;
	}
	mem_free(f);
	return -1;
}

/* --- putting it into the head ----------------------------------------------------------- */

static void refuse_stamp(struct resolving *r, const struct rw_series *x, int64_t t_ms)
{
	struct label l[LABELS_MAX];
	struct err why;
	size_t n;

	if (rw_labels(x->labels, l, &n, &why) < 0)
		n = 0;
	ingest_refuse_stamp(r, l, n, t_ms);
}

static int take_plain(struct resolving *r, struct generation *g, struct head_slot *slot,
		      const struct rw_series *x, int64_t latest_ms, struct err *e)
{
	const struct rw_sample *p = &r->d->request.samples[x->first];
	uint64_t kept = 0;

	for (uint32_t i = 0; i < x->n; i++) {
		if (!ingest_stamp_lies(p[i].t_ms, latest_ms)) {
			refuse_stamp(r, x, p[i].t_ms);
			continue;
		}
		kept++;
		if (!head_repeats(g, slot, p[i].t_ms, p[i].value) &&
		    head_append(g, slot, p[i].t_ms, p[i].value, r->s->request) < 0)
			return err_set(e, ERR_MEMORY, "no memory for samples");
	}
	if (r->w)
		r->w->samples += kept;
	return 0;
}

void ingest_prefetch(const struct store *s, const uint32_t *slots, size_t i, size_t n)
{
	const struct head_slot *slot;

	if (i >= n || slots[i] == NO_KEY)
		return;
	slot = &s->head.slots[slots[i]];
	if (slot->generation != s->active->number)
		return;
	__builtin_prefetch(&slot->tail->samples[slot->n % HEAD_BLOCK], 1);
	__builtin_prefetch(&slot->tail->request[slot->n % HEAD_BLOCK], 1);
	__builtin_prefetch(slot->chain, 1);
}

int64_t ingest_latest(int64_t received_ms)
{
	return received_ms > INT64_MAX - AHEAD_MS ? INT64_MAX : received_ms + AHEAD_MS;
}

static int apply(struct resolving *r, struct generation *g, int64_t received_ms, struct err *e)
{
	struct decoder *d = r->d;
	struct head *h = &r->s->head;
	int64_t latest_ms = ingest_latest(received_ms);

	for (size_t i = 0; i < d->request.nseries; i++) {
		struct head_slot *slot;

		ingest_prefetch(r->s, d->slots, i + 4, d->request.nseries);
		if (d->slots[i] == NO_KEY)
			continue;
		slot = &h->slots[d->slots[i]];
		if (slot->class == SERIES_PLAIN &&
		    take_plain(r, g, slot, &d->request.series[i], latest_ms, e) < 0)
			return -1;
		if (slot->class == SERIES_STATISTIC && r->w &&
		    take_statistic(r, slot, &d->request.series[i], e) < 0)
			return -1;
	}
	return 0;
}

/* --- a request -------------------------------------------------------------------------- */

uint64_t ingest_seal_limit(const struct store *s)
{
	uint64_t series = s->head.nslots, n = series * SEAL_PER_SERIES;

	if (s->opt.seal_samples)
		return s->opt.seal_samples;
	if (n < SEAL_SAMPLES)
		return SEAL_SAMPLES;
	if (n <= SEAL_TWO_BLOCKS)
		return n;
	n = series * HEAD_BLOCK;
	if (n < SEAL_TWO_BLOCKS)
		return SEAL_TWO_BLOCKS;
	return n > SEAL_MOST ? SEAL_MOST : n;
}

/* Whether the last generation is still being sealed while this one is full as well. */
static bool too_full(const struct store *s)
{
	return s->sealing && s->active->samples >= ingest_seal_limit(s);
}

static int wait_for_room(struct store *s, bool hurried, struct err *e)
{
	struct timespec until;

	if (!too_full(s))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_MS / 1000;
	while (too_full(s))
		if (hurried || pthread_cond_timedwait(&s->room, &s->ingest_lock, &until) != 0)
			return err_set(e, ERR_BUSY,
				       "the samples that came before are not sealed yet");
	return 0;
}

static int note_short(struct store *s, const struct err *e)
{
	s->disk_short = s->told_short = true;
	store_note_full(s, e);
	return -1;
}

static int check_store(struct store *s, struct err *e)
{
	int64_t now = mono_ns();
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	if (s->failed)
		rc = err_set(e, ERR_IO, "the store failed: %s", s->why.text);
	else if (s->stopping)
		rc = err_set(e, ERR_BUSY, "the store is being closed");
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		return -1;
	if (now - s->disk_looked_ns > (int64_t)DISK_LOOK_MS * 1000000 || s->disk_short ||
	    s->disk_logged >= DISK_LOOK_BYTES) {
		s->disk_looked_ns = now;
		s->disk_logged = 0;
		s->disk_short = disk_free(s->dir) < DISK_RESERVE;
	}
	if (!s->disk_short)
		return 0;
	err_set(e, ERR_FULL, "no space left on the disk of %s", s->dir);
	return note_short(s, e);
}

int ingest_log_record(struct store *s, const struct wal_record *r, struct err *e)
{
	if (wal_append(s->wal, r, e) < 0)
		return e->code == ERR_FULL ? note_short(s, e) : -1;
	s->disk_logged += r->list.n + r->body.n;
	if (s->told_short)
		store_note_room(s);
	s->told_short = false;
	return 0;
}

/* There is none when the store was opened on a full disk. */
static int need_log(struct store *s, struct err *e)
{
	if (s->wal)
		return 0;
	return s->active->samples > 0 ? ingest_rotate(s, e) : ingest_open(s, e);
}

int ingest_begin(struct store *s, bool hurried, struct err *e)
{
	return check_store(s, e) < 0 || need_log(s, e) < 0 || wait_for_room(s, hurried, e) < 0 ? -1
											       : 0;
}

void ingest_commit(struct store *s, struct write *w, bool plain, bool figures)
{
	struct err why;

	atomic_store_explicit(&s->completed, s->request, memory_order_release);
	/* One part is ours until both others are on their way. */
	atomic_store_explicit(&w->parts, 1 + plain + figures, memory_order_release);
	if (plain) {
		counter_add(C_STORE_SAMPLES, (double)w->samples);
		sync_push(s, w);
	}
	if (s->active->samples < ingest_seal_limit(s) || s->sealing)
		return;
	if (ingest_rotate(s, &why) < 0)
		log_event(LOG_WARN, "cannot begin a new log file", log_err(&why));
}

static int log_request(struct store *s, const struct decoder *d, const struct write *w,
		       struct err *e)
{
	if (!d->nplain)
		return 0;
	return ingest_log_record(s,
				 &(struct wal_record){ .kind = WAL_REQUEST,
						       .received_ms = w->received_ms,
						       .list = buf_all(&d->list),
						       .body = w->body },
				 e);
}

static int write_locked(struct resolving *r, struct write *w, struct err *e)
{
	struct store *s = r->s;

	if (ingest_begin(s, w->hurried, e) < 0 || resolve(r, e) < 0 ||
	    log_request(s, r->d, w, e) < 0)
		return -1;
	s->request++;
	if (apply(r, s->active, w->received_ms, e) < 0)
		return -1;
	ingest_commit(s, w, r->d->nplain > 0, r->d->nobs > 0);
	return 0;
}

int store_write(struct store *s, struct write *w, struct err *e)
{
	struct resolving r = { .s = s, .w = w, .skip_next = UINT64_MAX };
	struct err why = { 0 };
	int rc;

	w->err = w->bad = w->failed = (struct err){ .code = ERR_NONE };
	w->samples = w->refused = 0;
	if (s->opt.read_only)
		return err_set(e, ERR_REFUSED, "the store in %s was opened for reading only",
			       s->dir);
	r.d = decoder_take(s, e);
	if (!r.d)
		return -1;
	if (decoder_read(r.d, w->body, e) < 0) {
		decoder_give(s, r.d);
		return -1;
	}
	pthread_mutex_lock(&s->ingest_lock);
	rc = write_locked(&r, w, e);
	pthread_mutex_unlock(&s->ingest_lock);
	view_close(&r.view);
	if (rc == 0)
		metadata_note(s, r.d->request.metadata, r.d->request.nmetadata);
	if (rc == 0 && r.d->nobs && hand_over_figures(s, r.d, w, &why) < 0)
		write_part_done(w, &why); /* in the figures' stead */
	decoder_give(s, r.d);
	if (rc == 0)
		write_part_done(w, NULL);
	return rc;
}

void store_reclassify(struct store *s)
{
	pthread_mutex_lock(&s->ingest_lock);
	head_forget(&s->head);
	pthread_mutex_unlock(&s->ingest_lock);
}

int ingest_replay_request(struct resolving *r, const struct wal_record *x, struct err *e)
{
	uint64_t first;

	buf_clear(&r->d->raw);
	buf_clear(&r->d->list);
	if (decoder_read(r->d, x->body, e) < 0)
		return -1;
	r->skip = x->list;
	r->skip_next = varint_take(&r->skip, &first) ? first : UINT64_MAX;
	if (resolve(r, e) < 0)
		return -1;
	return apply(r, r->s->active, x->received_ms, e);
}
