/*
 * ingest_samples.c - plain samples of our own on their way into the head; see ingest_impl.h.
 *
 * Scrapes and alert states come as label sets, which are interned: equal ones are one pointer. So
 * a series is found by that pointer, its labels are written out and hashed only when it is
 * new. In the log file they are named once, with a number that counts from 0 in each file;
 * a sample is then the number, a time and a value, mostly ten bytes. Nothing of it depends on
 * anything but the file, and what was refused is not written, so replaying asks nobody. A page of
 * a million series takes several records.
 */
#include "storage/ingest_impl.h"

#include "base/alloc.h"
#include "storage/log_samples.h"

enum {
	RECORD_SAMPLES = 100000,
	RECORD_LIST_BYTES = 8 << 20, /* no name is begun behind them */
};

/* --- taking them ---------------------------------------------------------------------- */

struct taking {
	struct resolving r;
	const struct plain_sample *x;
	size_t n;
};

/* The key of the label set; NO_KEY with why it has none. */
static uint32_t key_of(struct resolving *r, struct labels *ls, uint32_t after, struct err *why)
{
	struct head *h = &r->s->head;
	struct head_hash hash = head_hash_own(ls);
	uint32_t key = head_find(h, hash, after);
	struct head_slot *slot;
	int rc;

	if (key != NO_KEY)
		return key;
	rc = ingest_meet(r, ls->l, ls->n, hash, after, &key, why);
	if (key == NO_KEY)
		return NO_KEY;
	/* As long as there is the key, nothing else may come to lie at this address. */
	slot = &h->slots[h->keys[key].slot];
	if (!slot->labels)
		slot->labels = labels_ref(ls);
	return rc < 0 ? NO_KEY : key;
}

/* The slot of every sample, NO_KEY where it is refused. */
static int find_slots(struct taking *t, int64_t latest_ms, struct err *e)
{
	struct resolving *r = &t->r;
	const struct head *h = &r->s->head;
	uint32_t key = NO_KEY;

	for (size_t i = 0; i < t->n; i++) {
		const struct plain_sample *x = &t->x[i];
		const struct labels *ls = x->labels;
		struct err why = { 0 };
		bool plain;

		key = key_of(r, x->labels, key, &why);
		if (key == NO_KEY && ingest_is_failure(&why)) {
			*e = why;
			return -1;
		}
		plain = key != NO_KEY && h->slots[h->keys[key].slot].class == SERIES_PLAIN;
		r->d->slots[i] = NO_KEY;
		if (plain && ingest_stamp_lies(x->t_ms, latest_ms)) {
			r->d->slots[i] = h->keys[key].slot;
			r->d->nplain++;
			continue;
		}
		if (plain) {
			ingest_refuse_stamp(r, ls->l, ls->n, x->t_ms);
			continue;
		}
		if (why.code == ERR_NONE)
			ingest_say_statistic(ls->l, ls->n, &why);
		ingest_refuse(r, "series", 1, &why);
	}
	return 0;
}

/* The number of the series in the log file; named if it has none. */
static uint32_t number_of(struct resolving *r, struct head_slot *slot, const struct labels *ls,
			  uint32_t *named)
{
	if (slot->named_in == r->s->wal->number)
		return slot->name_number;
	log_put_series(&r->d->list, ls);
	slot->named_in = r->s->wal->number;
	return slot->name_number = (*named)++;
}

/* Writes samples from the i-th on; the first that is not in the record, or -1. */
static int64_t write_record(struct taking *t, size_t i, uint32_t *named, struct err *e)
{
	struct decoder *d = t->r.d;
	const struct write *w = t->r.w;
	size_t most = t->n - i < RECORD_SAMPLES ? t->n : i + RECORD_SAMPLES;
	uint8_t *p, *from;
	struct log_sample at = log_sample_before(w->received_ms);

	buf_clear(&d->raw);
	buf_clear(&d->list);
	p = from = (uint8_t *)buf_room(&d->raw, (most - i) * LOG_SAMPLE_MOST);
	for (; p && i < most && d->list.n < RECORD_LIST_BYTES; i++) {
		const struct plain_sample *x = &t->x[i];
		struct head_slot *slot;
		uint32_t number;

		if (d->slots[i] == NO_KEY)
			continue;
		slot = &t->r.s->head.slots[d->slots[i]];
		number = number_of(&t->r, slot, x->labels, named);
		p = log_put_sample(p, &at, &(struct log_sample){ number, x->t_ms, x->value });
	}
	if (p)
		buf_added(&d->raw, (size_t)(p - from));
	if (buf_check(&d->raw, e) < 0 || buf_check(&d->list, e) < 0)
		return -1;
	if (d->raw.n && ingest_log_record(t->r.s,
					  &(struct wal_record){ .kind = WAL_SAMPLES,
								.received_ms = w->received_ms,
								.list = buf_all(&d->list),
								.body = buf_all(&d->raw) },
					  e) < 0)
		return -1;
	return (int64_t)i;
}

/* The file does not have the names after all. */
static void forget_names(const struct taking *t)
{
	const struct wal *wal = t->r.s->wal;

	for (size_t i = 0; i < t->n; i++) {
		struct head_slot *slot;

		if (t->r.d->slots[i] == NO_KEY)
			continue;
		slot = &t->r.s->head.slots[t->r.d->slots[i]];
		if (slot->named_in == wal->number && slot->name_number >= wal->named)
			slot->named_in = 0;
	}
}

static int64_t log_samples(struct taking *t, size_t from, struct err *e)
{
	struct wal *wal = t->r.s->wal;
	uint32_t named = wal->named;
	int64_t to = write_record(t, from, &named, e);

	if (to < 0)
		forget_names(t);
	else
		wal->named = named;
	return to;
}

static int put_samples(struct taking *t, size_t i, size_t to, struct err *e)
{
	struct store *s = t->r.s;
	struct generation *g = s->active;

	for (; i < to; i++) {
		const struct plain_sample *x = &t->x[i];
		struct head_slot *slot;

		ingest_prefetch(s, t->r.d->slots, i + 4, to);
		if (t->r.d->slots[i] == NO_KEY)
			continue;
		slot = &s->head.slots[t->r.d->slots[i]];
		if (!head_repeats(g, slot, x->t_ms, x->value) &&
		    head_append(g, slot, x->t_ms, x->value, s->request) < 0)
			return err_set(e, ERR_MEMORY, "no memory for samples");
	}
	return 0;
}

static int take_locked(struct taking *t, struct err *e)
{
	struct store *s = t->r.s;
	struct write *w = t->r.w;
	int64_t from = 0, to;

	if (ingest_begin(s, w->hurried, e) < 0 ||
	    find_slots(t, ingest_latest(w->received_ms), e) < 0)
		return -1;
	for (; (size_t)from < t->n; from = to) {
		to = log_samples(t, (size_t)from, e);
		if (to < 0)
			return -1;
		s->request += from == 0; /* one for all: readers see the whole */
		if (put_samples(t, (size_t)from, (size_t)to, e) < 0)
			return -1;
	}
	w->samples = t->r.d->nplain;
	ingest_commit(s, w, w->samples > 0, false);
	return 0;
}

int ingest_samples(struct store *s, struct write *w, const struct plain_sample *x, size_t n,
		   struct err *e)
{
	struct taking t = { .r = { .s = s, .w = w, .skip_next = UINT64_MAX }, .x = x, .n = n };
	int rc = -1;

	w->err = w->bad = w->failed = (struct err){ .code = ERR_NONE };
	w->samples = w->refused = 0;
	t.r.d = decoder_take(s, e);
	if (!t.r.d)
		return -1;
	if (decoder_room(t.r.d, n, e) == 0) {
		pthread_mutex_lock(&s->ingest_lock);
		rc = take_locked(&t, e);
		pthread_mutex_unlock(&s->ingest_lock);
		view_close(&t.r.view);
	}
	decoder_give(s, t.r.d);
	if (rc == 0)
		write_part_done(w, NULL);
	return rc;
}

/* --- replaying -------------------------------------------------------------------------- */

static int room_for_name(struct resolving *r, struct err *e)
{
	size_t cap = r->named_cap ? r->named_cap * 2 : 1024;
	uint32_t *more;

	if (r->nnamed < r->named_cap)
		return 0;
	more = mem_realloc(r->named, cap * sizeof(*more));
	if (!more)
		return err_set(e, ERR_MEMORY, "no memory for the series of a log file");
	r->named = more;
	r->named_cap = cap;
	return 0;
}

static int replay_series(void *ctx, struct slice bytes, struct err *e)
{
	struct resolving *r = ctx;
	struct head *h = &r->s->head;
	struct head_hash hash = head_hash(bytes);
	uint32_t key = head_find(h, hash, r->last_key);
	struct label l[LABELS_MAX];
	struct err why = { 0 };
	size_t n;

	if (room_for_name(r, e) < 0)
		return -1;
	if (key == NO_KEY &&
	    (rw_labels(bytes, l, &n, &why) < 0 ||
	     ingest_meet(r, l, n, hash, r->last_key, &key, &why) < 0) &&
	    ingest_is_failure(&why)) {
		*e = why;
		return -1;
	}
	r->last_key = key;
	r->named[r->nnamed++] = key == NO_KEY ? NO_KEY : h->keys[key].slot;
	return 0;
}

static int replay_sample(void *ctx, const struct log_sample *x, struct err *e)
{
	struct resolving *r = ctx;
	struct generation *g = r->s->active;
	uint32_t i = r->named[x->number];
	struct head_slot *slot;

	if (i == NO_KEY)
		return 0;
	slot = &r->s->head.slots[i];
	if (slot->class == SERIES_PLAIN && !head_repeats(g, slot, x->t_ms, x->value) &&
	    head_append(g, slot, x->t_ms, x->value, r->s->request) < 0)
		return err_set(e, ERR_MEMORY, "no memory for samples");
	return 0;
}

int ingest_replay_samples(struct resolving *r, const struct wal_record *x, struct err *e)
{
	const struct log_samples_visitor v = { replay_series, replay_sample, r };
	uint64_t named = r->nnamed;

	return log_samples_read(x, &v, &named, e);
}
