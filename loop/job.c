/*
 * job.c - the workers of each class and the way of a job through them.
 *
 * A class is a queue, a condition variable and some threads, so that a full
 * class holds up nobody else's. A worker takes a job, runs it without the lock,
 * puts it on the list of ended jobs and wakes the loop, which calls `done`.
 *
 *     IDLE ─start─▶ WAITING ─▶ WORKING ─▶ RAN ──────┐
 *       ▲              └─cancel──▶ DROPPED ──┐      │
 *       └───────────────────── done ─────────┴──────┘
 */
#include "loop/job.h"

#include "base/counter.h"
#include "loop/loop_private.h"

#include <signal.h>

enum state { JOB_IDLE, JOB_WAITING, JOB_WORKING, JOB_STATE_RAN, JOB_STATE_DROPPED };

static const char *const class_names[JOB_CLASSES] = {
	[JOB_DECODE] = "decode",     [JOB_QUERY] = "query",         [JOB_STORE] = "store",
	[JOB_LARGE] = "large",       [JOB_FILE] = "file",           [JOB_INGEST] = "ingest",
	[JOB_PASSWORD] = "password", [JOB_HANDSHAKE] = "handshake", [JOB_FOLDER] = "folder",
};

static const unsigned default_workers[JOB_CLASSES] = {
	[JOB_DECODE] = 2, [JOB_QUERY] = 2,    [JOB_STORE] = 1,     [JOB_LARGE] = 1,  [JOB_FILE] = 1,
	[JOB_INGEST] = 2, [JOB_PASSWORD] = 1, [JOB_HANDSHAKE] = 1, [JOB_FOLDER] = 1,
};

/* A connection has one handshake, and there may be twice as many as our server lets in. */
enum { DEFAULT_QUEUE = 256, HANDSHAKE_QUEUE = 1024, HURRY_MS = 1 };

const char *job_class_name(enum job_class class)
{
	return (unsigned)class < JOB_CLASSES ? class_names[class] : "unknown";
}

static struct slice class_label(enum job_class class)
{
	return slice_str(class_names[class]);
}

/* --- lists, under the lock ------------------------------------------------- */

static void list_init(struct job_list *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void list_append(struct job_list *q, struct job *j)
{
	j->next = NULL;
	j->prev = q->last;
	*q->last = j;
	q->last = &j->next;
}

static void list_prepend(struct job_list *q, struct job *j)
{
	j->next = q->first;
	j->prev = &q->first;
	if (j->next)
		j->next->prev = &j->next;
	else
		q->last = &j->next;
	q->first = j;
}

static void list_remove(struct job_list *q, struct job *j)
{
	*j->prev = j->next;
	if (j->next)
		j->next->prev = j->prev;
	else
		q->last = j->prev;
	j->next = NULL;
	j->prev = NULL;
}

static void leave_queue(struct worker_class *c, struct job *j)
{
	list_remove(&c->queue, j);
	c->waiting--;
	counter_set_for(C_JOBS_WAITING, class_label(c->class), c->waiting);
}

static void end_job(struct loop *l, struct job *j, enum state how)
{
	j->state = how;
	list_append(&l->ended, j);
	pthread_cond_broadcast(&l->job_ended);
}

/* --- workers --------------------------------------------------------------- */

/* Under the lock: the next job; NULL when the loop is ending. `ended`: the loop does not know yet
 * of one that has. */
static struct job *next_job(struct worker_class *c, bool ended)
{
	struct loop *l = c->loop;
	struct job *j;

	while (!(j = c->queue.first) && !ended && !l->ending) {
		c->asleep++;
		pthread_cond_wait(&c->more, &l->lock);
		c->asleep--;
	}
	if (!j)
		return NULL;
	leave_queue(c, j);
	j->state = JOB_WORKING;
	list_append(&c->working, j);
	return j;
}

static void *worker(void *arg)
{
	struct worker_class *c = arg;
	struct loop *l = c->loop;
	bool ended = false;
	struct job *j;

	pthread_mutex_lock(&l->lock);
	while ((j = next_job(c, ended)) || ended) {
		pthread_mutex_unlock(&l->lock);
		if (ended)
			uv_async_send(&l->wake);
		if (j)
			j->work(j);
		pthread_mutex_lock(&l->lock);
		ended = j != NULL;
		if (!j)
			continue;
		list_remove(&c->working, j);
		end_job(l, j, JOB_STATE_RAN);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* Signals are the loop's: a worker that took one would interrupt a commit. */
static int start_thread(struct worker_class *c, struct err *e)
{
	pthread_t *t = &c->thread[c->threads];
	sigset_t all, old;
	char name[16];
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(t, NULL, worker, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return err_sys(e, r, "cannot start a thread for %s jobs", class_names[c->class]);
	snprintf(name, sizeof(name), "pw-%s", class_names[c->class]);
	pthread_setname_np(*t, name);
	c->threads++;
	return 0;
}

int workers_start(struct loop *l, const struct loop_options *o, struct err *e)
{
	list_init(&l->ended);
	for (int i = 0; i < JOB_CLASSES; i++) {
		struct worker_class *c = &l->classes[i];

		c->loop = l;
		c->class = (enum job_class)i;
		c->queue_max = o && o->queue_max[i] ? o->queue_max[i]
			       : i == JOB_HANDSHAKE ? HANDSHAKE_QUEUE
						    : DEFAULT_QUEUE;
		list_init(&c->queue);
		list_init(&c->working);
		pthread_cond_init(&c->more, NULL);
	}
	for (int i = 0; i < JOB_CLASSES; i++) {
		struct worker_class *c = &l->classes[i];
		unsigned want = o && o->workers[i] ? o->workers[i] : default_workers[i];

		if (want > WORKERS_MAX)
			want = WORKERS_MAX;
		while (c->threads < want) {
			if (start_thread(c, e) < 0)
				return -1;
		}
	}
	return 0;
}

void workers_stop(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	l->ending = true;
	for (int i = 0; i < JOB_CLASSES; i++) {
		struct worker_class *c = &l->classes[i];

		while (c->queue.first) {
			struct job *j = c->queue.first;

			atomic_store(&j->cancelled, true);
			leave_queue(c, j);
			end_job(l, j, JOB_STATE_DROPPED);
		}
		for (struct job *j = c->working.first; j; j = j->next)
			atomic_store(&j->cancelled, true);
		pthread_cond_broadcast(&c->more);
	}
	pthread_mutex_unlock(&l->lock);
	for (int i = 0; i < JOB_CLASSES; i++) {
		struct worker_class *c = &l->classes[i];

		for (unsigned k = 0; k < c->threads; k++)
			pthread_join(c->thread[k], NULL);
		c->threads = 0;
		pthread_cond_destroy(&c->more);
	}
}

/* --- jobs ------------------------------------------------------------------ */

/* How many of a class to wake: one for each job, but no more than there are processors, since those
 * awake take short jobs one after the other; unless `all`. */
static unsigned to_wake(const struct loop *l, const struct worker_class *c, bool all, bool *left)
{
	unsigned n = c->waiting < c->asleep ? c->waiting : c->asleep;
	unsigned awake = c->threads - c->asleep;

	if (all || awake + n <= l->processors)
		return n;
	*left = true;
	return awake < l->processors ? l->processors - awake : 0;
}

static void wake(struct loop *l, bool all)
{
	unsigned n[JOB_CLASSES];
	bool left = false;

	l->jobs_started = false;
	pthread_mutex_lock(&l->lock);
	for (int i = 0; i < JOB_CLASSES; i++)
		n[i] = to_wake(l, &l->classes[i], all, &left);
	pthread_mutex_unlock(&l->lock);
	for (int i = 0; i < JOB_CLASSES; i++)
		while (n[i]-- > 0)
			pthread_cond_signal(&l->classes[i].more);
	if (left && !uv_is_active((uv_handle_t *)&l->hurry))
		uv_timer_start(&l->hurry, jobs_hurry, HURRY_MS, 0);
}

void jobs_wake(struct loop *l)
{
	if (l->jobs_started)
		wake(l, false);
}

void jobs_hurry(uv_timer_t *h)
{
	wake(h->data, true);
}

enum place { PLACE_IF_ROOM, PLACE_LAST, PLACE_FIRST };

static int start(struct loop *l, struct job *j, enum job_class class, enum place place,
		 struct err *e)
{
	struct worker_class *c = &l->classes[class];

	pthread_mutex_lock(&l->lock);
	if (l->ending) {
		pthread_mutex_unlock(&l->lock);
		return err_set(e, ERR_CANCELLED, "no new %s job: the loop is ending",
			       class_names[class]);
	}
	if (place == PLACE_IF_ROOM && c->waiting >= c->queue_max) {
		pthread_mutex_unlock(&l->lock);
		counter_add_for(C_JOBS_REFUSED, class_label(class), 1);
		return err_set(e, ERR_BUSY, "%u %s jobs are waiting already", c->queue_max,
			       class_names[class]);
	}
	atomic_store(&j->cancelled, false);
	j->class = class;
	j->state = JOB_WAITING;
	j->queued_ns = (int64_t)uv_hrtime();
	(place == PLACE_FIRST ? list_prepend : list_append)(&c->queue, j);
	c->waiting++;
	counter_set_for(C_JOBS_WAITING, class_label(class), c->waiting);
	pthread_mutex_unlock(&l->lock);
	l->jobs_started = true;
	l->jobs_under_way++;
	if (!l->turning)
		wake(l, true);
	counter_add_for(C_JOBS_STARTED, class_label(class), 1);
	return 0;
}

int job_start(struct loop *l, struct job *j, enum job_class class, struct err *e)
{
	return start(l, j, class, PLACE_IF_ROOM, e);
}

int job_wait(struct loop *l, struct job *j, enum job_class class, struct err *e)
{
	return start(l, j, class, PLACE_LAST, e);
}

int job_continue(struct loop *l, struct job *j, enum job_class class, struct err *e)
{
	return start(l, j, class, PLACE_FIRST, e);
}

void job_cancel(struct loop *l, struct job *j)
{
	pthread_mutex_lock(&l->lock);
	if (j->state == JOB_WAITING) {
		atomic_store(&j->cancelled, true);
		leave_queue(&l->classes[j->class], j);
		end_job(l, j, JOB_STATE_DROPPED);
		uv_async_send(&l->wake);
	} else if (j->state == JOB_WORKING) {
		atomic_store(&j->cancelled, true);
	}
	pthread_mutex_unlock(&l->lock);
}

/* Under the lock; gives it up, since `done` may start the job again or free it. */
static void call_done(struct loop *l, struct job *j)
{
	enum job_end how = j->state == JOB_STATE_RAN ? JOB_RAN : JOB_CANCELLED;

	list_remove(&l->ended, j);
	j->state = JOB_IDLE;
	pthread_mutex_unlock(&l->lock);
	l->jobs_under_way--;
	j->done(j, how);
}

void jobs_run_done(struct loop *l)
{
	unsigned n = 0;

	/* Jobs that end meanwhile are for the next turn: I/O has its turn too. */
	pthread_mutex_lock(&l->lock);
	for (const struct job *j = l->ended.first; j; j = j->next)
		n++;
	while (n-- > 0 && l->ended.first) {
		call_done(l, l->ended.first);
		loop_called(l, CALL_JOB);
		pthread_mutex_lock(&l->lock);
	}
	if (l->ended.first)
		uv_async_send(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

void job_finish_now(struct loop *l, struct job *j)
{
	pthread_mutex_lock(&l->lock);
	if (j->state == JOB_IDLE) {
		pthread_mutex_unlock(&l->lock);
		return;
	}
	atomic_store(&j->cancelled, true);
	if (j->state == JOB_WAITING) {
		leave_queue(&l->classes[j->class], j);
		end_job(l, j, JOB_STATE_DROPPED);
	}
	while (j->state == JOB_WORKING)
		pthread_cond_wait(&l->job_ended, &l->lock);
	call_done(l, j);
}
