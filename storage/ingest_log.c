/*
 * ingest_log.c - log files begun, ended and read again; see ingest_impl.h.
 *
 * Replaying a log file takes the way of new samples without writing. What was refused when a
 * request came is written beside it, so that it is refused again whatever the catalogue says then.
 */
#include "storage/ingest_impl.h"

#include "base/alloc.h"
#include "base/log.h"

#include <unistd.h>

enum { KEYS_KEPT = 100000 };

/* --- log files ----------------------------------------------------------------------- */

static struct wal *wal_new(const char *dir, uint64_t number, struct err *e)
{
	struct wal *w = mem_zalloc(sizeof(*w));

	if (!w) {
		err_set(e, ERR_MEMORY, "no memory for a log file");
		return NULL;
	}
	if (wal_create(w, dir, number, e) == 0)
		return w;
	mem_free(w);
	return NULL;
}

static int seal_active(struct layout *l, void *ctx, struct err *e)
{
	if (layout_set_names_aside(l, e) < 0)
		return -1;
	l->sealed = l->active;
	l->active = generation_ref(ctx);
	return 0;
}

int ingest_rotate(struct store *s, struct err *e)
{
	uint64_t number = s->active->number + 1;
	struct wal *next = wal_new(s->dir, number, e), *before = s->wal;
	struct generation *g = next ? generation_new(number, s->request + 1, e) : NULL;
	int rc = -1;

	if (g) {
		pthread_mutex_lock(&s->index_lock);
		rc = store_relayout(s, seal_active, g, e);
		pthread_mutex_unlock(&s->index_lock);
	}
	if (rc < 0) {
		generation_unref(g);
		if (next) {
			wal_close(next);
			unlink(next->path);
		}
		mem_free(next);
		return -1;
	}
	/* Keys of senders that are gone; those that are not are met again, once. */
	if (s->head.nkeys > KEYS_KEPT && s->head.nkeys / 4 > s->active->series)
		head_forget(&s->head);
	generation_unref(s->active);
	s->active = g;
	s->sealing = true;
	s->wal = next;
	if (before)
		sync_end(s, before);
	packer_wake(s);
	return 0;
}

/* --- opening ------------------------------------------------------------------------- */

static int replay_record(void *ctx, const struct wal_record *x, struct err *e)
{
	struct resolving *r = ctx;
	struct store *s = r->s;
	int rc;

	s->request++;
	rc = x->kind == WAL_SAMPLES ? ingest_replay_samples(r, x, e)
				    : ingest_replay_request(r, x, e);
	atomic_store(&s->completed, s->request);
	return rc;
}

static int replay_file(struct resolving *r, const struct wal_held *h, uint64_t marked, bool last,
		       struct err *e)
{
	char path[4096];
	uint64_t end;
	int unbegun;

	r->nnamed = 0;
	r->last_key = NO_KEY;
	if (numbered_path(path, r->s->dir, "log", h->number, ".log", e) < 0)
		return -1;
	unbegun = wal_never_begun(h, marked, path, e);
	if (unbegun < 0)
		return -1;
	/* It may stay for a while, and then log/LAST goes beyond it. */
	if (unbegun)
		return r->s->opt.read_only ? 0 : wal_begin_anew(path, h->number, e);
	if (wal_read_held(h, path, replay_record, r, &end, e) < 0)
		return -1;
	if (end == h->size || r->s->opt.read_only)
		return 0;
	if (!last)
		log_event(LOG_WARN, "a log file that is not the last one ends with half a request",
			  log_s("path", path));
	log_event(LOG_INFO, "cut off what was never acknowledged", log_s("path", path),
		  log_i("bytes", (int64_t)(h->size - end)));
	return wal_cut(path, end, e);
}

int ingest_replay(struct store *s, const struct wal_held *files, size_t n, uint64_t marked,
		  bool *any, struct err *e)
{
	struct resolving r = { .s = s, .skip_next = UINT64_MAX };
	int rc = 0;

	*any = false;
	r.d = decoder_take(s, e);
	if (!r.d)
		rc = -1;
	pthread_mutex_lock(&s->ingest_lock);
	for (size_t i = 0; i < n && rc == 0; i++) {
		s->active->number = files[i].number;
		rc = replay_file(&r, &files[i], marked, i + 1 == n, e);
	}
	pthread_mutex_unlock(&s->ingest_lock);
	view_close(&r.view);
	if (r.d)
		decoder_give(s, r.d);
	mem_free(r.named);
	/* What its series are was not asked. */
	head_forget(&s->head);
	*any = s->active->samples > 0;
	return rc;
}

int ingest_open(struct store *s, struct err *e)
{
	s->wal = wal_new(s->dir, s->active->number, e);
	return s->wal ? 0 : -1;
}

void ingest_close(struct store *s)
{
	struct decoder *d;

	while ((d = s->decoders)) {
		s->decoders = d->next;
		decoder_free(d);
	}
	if (s->wal) {
		wal_close(s->wal);
		mem_free(s->wal);
	}
	head_release(&s->head);
	generation_unref(s->active);
	s->active = NULL;
}
