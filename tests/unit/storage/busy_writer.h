/*
 * busy_writer.h - a child that appends without end, and the appends it has under way.
 *
 * Limits are small, so that log files, runs and partitions come and go all the time. Of the
 * writer's process; one writes.
 */
#ifndef TESTS_UNIT_STORAGE_BUSY_WRITER_H
#define TESTS_UNIT_STORAGE_BUSY_WRITER_H

#include "tests/unit/storage/help.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { IN_FLIGHT = 16 };

/* A figure and a sample, one number for both. */
struct flight {
	struct append a;
	struct observation o;
	struct plain_sample x;
	struct labels *labels[2]; /* of the two, references */
	int64_t number;
	bool busy;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct flight list[IN_FLIGHT];
	void (*kept)(int64_t number); /* before the next is begun; any thread of the store */
} flights = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

static inline void flight_ended(struct append *a)
{
	struct flight *f = a->ctx;

	if (a->err.code == ERR_NONE)
		flights.kept(f->number);
	pthread_mutex_lock(&flights.lock);
	f->busy = false;
	pthread_cond_signal(&flights.cond);
	pthread_mutex_unlock(&flights.lock);
}

/* Waits for one that is over. */
static inline struct flight *flight_next(void)
{
	struct flight *f = NULL;

	pthread_mutex_lock(&flights.lock);
	while (!f) {
		for (int i = 0; i < IN_FLIGHT && !f; i++)
			if (!flights.list[i].busy)
				f = &flights.list[i];
		if (!f)
			pthread_cond_wait(&flights.cond, &flights.lock);
	}
	pthread_mutex_unlock(&flights.lock);
	labels_unref(f->labels[0]);
	labels_unref(f->labels[1]);
	return f;
}

/* Number n is the figure n / 4 and the sample n, both stamped n. Takes the references. -1 as
 * store_append(). */
static inline int flight_begin(struct store *s, struct flight *f, int64_t n, struct labels *figures,
			       struct labels *samples, struct err *e)
{
	*f = (struct flight){ .labels = { figures, samples }, .number = n, .busy = true };
	f->o = (struct observation){ .labels = figures, .stamp_ms = n, .value = (double)n / 4 };
	f->x = (struct plain_sample){ samples, n, (double)n };
	f->a = (struct append){ .submission = { .received_ms = n + 1, .released_ms = n + 1 },
				.obs = &f->o,
				.nobs = 1,
				.samples = &f->x,
				.nsamples = 1,
				.done = flight_ended,
				.ctx = f };
	return store_append(s, &f->a, e);
}

static inline struct store *open_busy(const char *dir, struct err *e)
{
	return store_open(&(struct store_options){ .dir = dir,
						   .map_bytes = 1 << 30,
						   .seal_samples = 200,
						   .pack_samples = 900,
						   .pack_figures = 300 },
			  e);
}

/* A child that does not outlive us. */
static inline pid_t fork_child(void)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

#endif
