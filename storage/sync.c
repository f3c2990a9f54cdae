/*
 * sync.c - the thread that makes the log durable.
 *
 * It takes all requests that wait, synchronises the files they lie in once, and
 * answers them; those that come meanwhile are the next group. So the rate of syncs follows the
 * disk, and nobody waits for a timer but the patient: requests behind which nobody sits and waits
 * (scrapes) gather for PATIENCE_MS, for TOGETHER of them or for one that is in a hurry.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "storage/log_mark.h"

enum { PATIENCE_MS = 200, TOGETHER = 64 };

void write_part_done(struct write *w, const struct err *why)
{
	if (why && why->code != ERR_NONE)
		w->failed = *why;
	if (atomic_fetch_sub_explicit(&w->parts, 1, memory_order_acq_rel) != 1)
		return;
	w->err = w->failed.code != ERR_NONE ? w->failed : w->bad;
	if (w->failed.code != ERR_NONE)
		w->samples = 0;
	w->done(w);
}

void sync_push(struct store *s, struct write *w)
{
	w->next = NULL;
	w->wal = s->wal;
	w->upto = s->wal->written;
	pthread_mutex_lock(&s->sync_lock);
	if (s->sync_tail)
		s->sync_tail->next = w;
	else
		s->sync_head = w;
	s->sync_tail = w;
	if (s->sync_waiting++ == 0)
		s->sync_due_ns = mono_ns() + (int64_t)PATIENCE_MS * 1000000;
	s->sync_urgent = s->sync_urgent || !w->patient || s->sync_waiting >= TOGETHER;
	/* Of the patient the first sets the time, and the others do not wake anybody. */
	if (s->sync_urgent || s->sync_waiting == 1)
		pthread_cond_signal(&s->sync_wake);
	pthread_mutex_unlock(&s->sync_lock);
}

void sync_end(struct store *s, struct wal *take)
{
	pthread_mutex_lock(&s->sync_lock);
	take->next = s->ended;
	s->ended = take;
	pthread_cond_signal(&s->sync_wake);
	pthread_mutex_unlock(&s->sync_lock);
}

/* After one that failed a second one may say that all is well although pages were dropped. */
static int check_failed(struct store *s, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	if (s->failed) {
		*e = s->why;
		rc = -1;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* Once for each log file. Without it the file would not be missed if it went; what is in it is as
 * durable. */
static void mark_file(struct store *s, struct wal *wal)
{
	struct err e;

	if (wal->marked)
		return;
	wal->marked = true;
	if (log_mark_write(s->dir, wal->number, &e) < 0)
		log_event(LOG_WARN, "cannot note which log file is the last", log_err(&e));
}

static int sync_file(struct store *s, struct wal *wal, uint64_t upto, struct err *e)
{
	int64_t began = mono_ns();

	if (check_failed(s, e) < 0)
		return -1;
	if (upto <= atomic_load(&wal->durable))
		return 0;
	if (wal_sync(wal->fd, upto, wal->path, e) < 0)
		return -1;
	mark_file(s, wal);
	atomic_store(&wal->durable, upto);
	counter_observe(C_STORE_SYNC_SECONDS, (double)(mono_ns() - began) / 1e9);
	return 0;
}

/* The requests at the head of the list that lie in one file. */
static struct write *sync_group(struct store *s, struct write *list)
{
	struct wal *wal = list->wal;
	uint64_t upto = 0;
	struct err e = { 0 };

	for (const struct write *w = list; w && w->wal == wal; w = w->next)
		upto = w->upto;
	if (sync_file(s, wal, upto, &e) < 0)
		store_note_failed(s, &e);
	while (list && list->wal == wal) {
		struct write *next = list->next;

		write_part_done(list, &e);
		list = next;
	}
	return list;
}

static void end_files(struct store *s, struct wal *list)
{
	while (list) {
		struct wal *next = list->next;
		struct err e = { 0 };

		if (sync_file(s, list, list->written, &e) < 0)
			store_note_failed(s, &e);
		wal_close(list);
		mem_free(list);
		list = next;
	}
}

/* Until there is something to do. The lock is held. */
static void wait_for_work(struct store *s)
{
	while (!s->sync_urgent && !s->ended && !s->sync_stopping) {
		struct timespec until = { s->sync_due_ns / 1000000000,
					  s->sync_due_ns % 1000000000 };

		if (!s->sync_head)
			pthread_cond_wait(&s->sync_wake, &s->sync_lock);
		else if (mono_ns() >= s->sync_due_ns)
			return;
		else
			pthread_cond_timedwait(&s->sync_wake, &s->sync_lock, &until);
	}
}

static void *sync_main(void *arg)
{
	struct store *s = arg;

	for (;;) {
		struct write *list;
		struct wal *ended;
		bool stop;

		pthread_mutex_lock(&s->sync_lock);
		wait_for_work(s);
		list = s->sync_head;
		ended = s->ended;
		s->sync_head = s->sync_tail = NULL;
		s->sync_waiting = 0;
		s->sync_urgent = false;
		s->ended = NULL;
		stop = s->sync_stopping && !list && !ended;
		pthread_mutex_unlock(&s->sync_lock);
		if (stop)
			return NULL;
		while (list)
			list = sync_group(s, list);
		end_files(s, ended);
	}
}

int sync_start(struct store *s, struct err *e)
{
	int rc = pthread_create(&s->sync_thread, NULL, sync_main, s);

	if (rc)
		return err_sys(e, rc, "cannot start the sync thread");
	s->has_sync = true;
	return 0;
}

void sync_stop(struct store *s)
{
	if (!s->has_sync)
		return;
	pthread_mutex_lock(&s->sync_lock);
	s->sync_stopping = true;
	pthread_cond_signal(&s->sync_wake);
	pthread_mutex_unlock(&s->sync_lock);
	pthread_join(s->sync_thread, NULL);
	s->has_sync = false;
}
