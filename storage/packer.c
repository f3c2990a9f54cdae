/*
 * packer.c - the packer's thread: when what pack.c does is done, and what others ask for.
 *
 * A wish is served after what is due has been done; who made it waits until it is over, also when
 * the store is being closed.
 */
#include "storage/cut.h"
#include "storage/packing.h"

#include "base/alloc.h"
#include "base/log.h"

#include <time.h>

enum { RETRY_MS = 5000, TICK_MS = 1000, RETAIN_S = 3600 };

void packer_wake(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	pthread_cond_signal(&s->pack_wake);
	pthread_mutex_unlock(&s->lock);
}

/* --- wishes ---------------------------------------------------------------------------- */

int packer_wish(struct store *s, struct wish *w, struct err *e)
{
	struct wish **end = &s->wishes;

	if (s->opt.read_only)
		return err_set(e, ERR_REFUSED, "the store in %s was opened for reading only",
			       s->dir);
	pthread_mutex_lock(&s->lock);
	while (*end)
		end = &(*end)->next;
	*end = w;
	if (s->pack_stopping) {
		*end = NULL;
		w->over = true;
		err_set(&w->err, ERR_BUSY, "the store is being closed");
	}
	pthread_cond_signal(&s->pack_wake);
	while (!w->over)
		pthread_cond_wait(&s->pack_done, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (w->err.code == ERR_NONE)
		return 0;
	if (e)
		*e = w->err;
	return -1;
}

static void wish_is_over(struct store *s, struct wish *w, const struct err *why)
{
	pthread_mutex_lock(&s->lock);
	s->wishes = w->next;
	w->err = *why;
	w->over = true;
	pthread_cond_broadcast(&s->pack_done);
	pthread_mutex_unlock(&s->lock);
}

static struct wish *first_wish(struct store *s)
{
	struct wish *w;

	pthread_mutex_lock(&s->lock);
	w = s->wishes;
	pthread_mutex_unlock(&s->lock);
	return w;
}

/* --- flushing ----------------------------------------------------------------------------- */

static int work_off(struct store *s, bool all, struct err *e)
{
	bool did = true;

	while (did)
		if (pack_work(s, all, &did, e) < 0)
			return -1;
	return 0;
}

static int nothing(struct append *a, struct write_task *t, struct err *e)
{
	(void)a;
	(void)t;
	(void)e;
	return 0;
}

struct freeze_all {
	struct append a;
	struct store *s;
};

static void freeze_committed(struct append *a)
{
	writer_freeze(((struct freeze_all *)a)->s, true);
}

int packer_flush(struct store *s, struct err *e)
{
	struct freeze_all f = { .a = { .task = nothing, .committed = freeze_committed }, .s = s };
	int rc = 0;

	if (work_off(s, false, e) < 0)
		return -1;
	pthread_mutex_lock(&s->ingest_lock);
	if (!s->sealing && (s->wal ? s->wal->written > WAL_HEAD_BYTES : s->active->samples > 0))
		rc = ingest_rotate(s, e);
	pthread_mutex_unlock(&s->ingest_lock);
	if (rc < 0 || writer_do(s, &f.a, e) < 0)
		return -1;
	return work_off(s, true, e);
}

static int serve_flush(struct store *s, struct wish *w, struct err *e)
{
	(void)w;
	return packer_flush(s, e);
}

int store_flush(struct store *s, struct err *e)
{
	struct wish w = { .serve = serve_flush };

	return packer_wish(s, &w, e);
}

/* --- the thread ----------------------------------------------------------------------------- */

static bool wait_for_work(struct store *s, int64_t ms)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&s->lock);
	if (!s->pack_stopping && !s->wishes)
		pthread_cond_timedwait(&s->pack_wake, &s->lock, &until);
	stop = s->pack_stopping;
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Once an hour, and soon after the rules have changed. */
static void keep_to_retention(struct store *s)
{
	struct err e;
	int64_t now = mono_ns();
	bool due;

	pthread_mutex_lock(&s->lock);
	due = s->nretention > 0 &&
	      (s->retained_ns == 0 || now - s->retained_ns > (int64_t)RETAIN_S * 1000000000);
	if (due)
		s->retained_ns = now;
	pthread_mutex_unlock(&s->lock);
	if (due && cut_retain(s, wall_ms(), &e) < 0)
		log_event(LOG_ERROR, "cannot keep to the rules of retention", log_err(&e));
}

static void serve_wishes(struct store *s)
{
	struct wish *w;

	while ((w = first_wish(s))) {
		struct err e = { .code = ERR_NONE };

		w->serve(s, w, &e);
		wish_is_over(s, w, &e);
	}
}

static void refuse_wishes(struct store *s)
{
	struct wish *w;
	struct err e;

	err_set(&e, ERR_BUSY, "the store is being closed");
	while ((w = first_wish(s)))
		wish_is_over(s, w, &e);
}

static void *packer_main(void *arg)
{
	struct store *s = arg;
	int64_t wait_ms = 0;

	while (wait_for_work(s, wait_ms)) {
		struct err e;
		int rc = work_off(s, false, &e);

		if (rc < 0)
			log_event(LOG_ERROR, "cannot pack what is new; it stays where it is",
				  log_err(&e));
		wait_ms = rc < 0 ? RETRY_MS : TICK_MS;
		serve_wishes(s);
		keep_to_retention(s);
	}
	refuse_wishes(s);
	return NULL;
}

int packer_start(struct store *s, struct err *e)
{
	int rc = pthread_create(&s->packer, NULL, packer_main, s);

	if (rc)
		return err_sys(e, rc, "cannot start the packer's thread");
	s->has_packer = true;
	return 0;
}

void packer_stop(struct store *s)
{
	if (!s->has_packer)
		return;
	pthread_mutex_lock(&s->lock);
	s->pack_stopping = true;
	pthread_cond_broadcast(&s->pack_wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->packer, NULL);
	s->has_packer = false;
}
