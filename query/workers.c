/*
 * workers.c - see workers.h.
 *
 * Posted batches hang in a list. A worker takes the first, counts itself in, and takes parts by an
 * atomic counter until none is left. The poster takes parts likewise, then takes the batch off
 * the list and waits until those counted in have left it.
 */
#include "query/workers.h"

#include "base/alloc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct batch {
	struct batch *next;
	void (*part)(void *arg, unsigned place, size_t i);
	void *arg;
	size_t parts;
	atomic_size_t taken;
	unsigned joined; /* ever, gives places */
	unsigned inside;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t posted, left;
	struct batch *first;
	bool closing;
	unsigned n;
	pthread_t thread[];
};

static void work(struct batch *b, unsigned place)
{
	size_t i;

	while ((i = atomic_fetch_add_explicit(&b->taken, 1, memory_order_relaxed)) < b->parts)
		b->part(b->arg, place, i);
}

static struct batch *with_parts_left(struct workers *ws)
{
	for (struct batch *b = ws->first; b; b = b->next)
		if (atomic_load_explicit(&b->taken, memory_order_relaxed) < b->parts)
			return b;
	return NULL;
}

static void *worker_main(void *arg)
{
	struct workers *ws = arg;

	pthread_mutex_lock(&ws->lock);
	while (!ws->closing) {
		struct batch *b = with_parts_left(ws);
		unsigned place;

		if (!b) {
			pthread_cond_wait(&ws->posted, &ws->lock);
			continue;
		}
		place = ++b->joined;
		b->inside++;
		pthread_mutex_unlock(&ws->lock);
		work(b, place);
		pthread_mutex_lock(&ws->lock);
		if (--b->inside == 0)
			pthread_cond_broadcast(&ws->left);
	}
	pthread_mutex_unlock(&ws->lock);
	return NULL;
}

struct workers *workers_new(unsigned n, struct err *e)
{
	struct workers *ws = mem_zalloc(sizeof(*ws) + n * sizeof(ws->thread[0]));

	if (!ws) {
		err_set(e, ERR_MEMORY, "no memory for query workers");
		return NULL;
	}
	pthread_mutex_init(&ws->lock, NULL);
	pthread_cond_init(&ws->posted, NULL);
	pthread_cond_init(&ws->left, NULL);
	for (; ws->n < n; ws->n++) {
		int r = pthread_create(&ws->thread[ws->n], NULL, worker_main, ws);

		if (r) {
			err_sys(e, r, "starting a query worker");
			workers_free(ws);
			return NULL;
		}
	}
	return ws;
}

void workers_free(struct workers *ws)
{
	if (!ws)
		return;
	pthread_mutex_lock(&ws->lock);
	ws->closing = true;
	pthread_cond_broadcast(&ws->posted);
	pthread_mutex_unlock(&ws->lock);
	for (unsigned i = 0; i < ws->n; i++)
		pthread_join(ws->thread[i], NULL);
	pthread_cond_destroy(&ws->left);
	pthread_cond_destroy(&ws->posted);
	pthread_mutex_destroy(&ws->lock);
	mem_free(ws);
}

unsigned workers_count(const struct workers *ws)
{
	return ws->n;
}

static void take_off(struct workers *ws, struct batch *b)
{
	struct batch **at = &ws->first;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
}

void workers_spread(struct workers *ws, size_t parts,
		    void (*part)(void *arg, unsigned place, size_t i), void *arg)
{
	struct batch b = { .part = part, .arg = arg, .parts = parts };

	if (parts < 2 || ws->n == 0) {
		work(&b, 0);
		return;
	}
	pthread_mutex_lock(&ws->lock);
	b.next = ws->first;
	/* cppcheck-suppress autoVariables ; it is taken off again below */
	ws->first = &b;
	if (parts > 2)
		pthread_cond_broadcast(&ws->posted);
	else
		pthread_cond_signal(&ws->posted);
	pthread_mutex_unlock(&ws->lock);
	work(&b, 0);
	pthread_mutex_lock(&ws->lock);
	take_off(ws, &b);
	while (b.inside > 0)
		pthread_cond_wait(&ws->left, &ws->lock);
	pthread_mutex_unlock(&ws->lock);
}
