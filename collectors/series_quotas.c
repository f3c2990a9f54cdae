/* series_quotas.c - see series_quotas.h. */
#include "collectors/series_quotas.h"

#include "base/alloc.h"
#include "base/map.h"

#include <pthread.h>

struct named {
	struct named *next;
	struct series_quota *quota;
	char name[];
};

struct series_quotas {
	pthread_mutex_t lock; /* all */
	struct map by_name;
	struct named *list;
	struct series_quota *others;
	size_t most;
	int64_t since_ms; /* of the day; 0: none has begun */
};

struct series_quotas *series_quotas_new(size_t most, struct err *e)
{
	struct series_quotas *qs = mem_zalloc(sizeof(*qs));

	if (qs)
		qs->others = series_quota_new(most, NULL);
	if (!qs || !qs->others) {
		mem_free(qs);
		err_set(e, ERR_MEMORY, "no memory to count series");
		return NULL;
	}
	pthread_mutex_init(&qs->lock, NULL);
	map_init(&qs->by_name);
	qs->most = most;
	return qs;
}

void series_quotas_free(struct series_quotas *qs)
{
	struct named *next;

	if (!qs)
		return;
	for (struct named *n = qs->list; n; n = next) {
		next = n->next;
		series_quota_free(n->quota);
		mem_free(n);
	}
	series_quota_free(qs->others);
	map_release(&qs->by_name);
	pthread_mutex_destroy(&qs->lock);
	mem_free(qs);
}

void series_quotas_set(struct series_quotas *qs, size_t most)
{
	pthread_mutex_lock(&qs->lock);
	qs->most = most;
	series_quota_set(qs->others, most);
	for (struct named *n = qs->list; n; n = n->next)
		series_quota_set(n->quota, most);
	pthread_mutex_unlock(&qs->lock);
}

void series_quotas_begin(struct series_quotas *qs, int64_t now_ms)
{
	pthread_mutex_lock(&qs->lock);
	qs->since_ms = now_ms;
	series_quota_begin(qs->others, now_ms);
	for (struct named *n = qs->list; n; n = n->next)
		series_quota_begin(n->quota, now_ms);
	pthread_mutex_unlock(&qs->lock);
}

/* Under the lock; NULL: there is no room for one more. */
static struct named *add(struct series_quotas *qs, struct slice name)
{
	struct named *n;

	if (qs->by_name.n >= SERIES_QUOTAS_MAX)
		return NULL;
	n = mem_zalloc(sizeof(*n) + name.n + 1);
	if (!n)
		return NULL;
	if (name.n)
		memcpy(n->name, name.p, name.n);
	n->quota = series_quota_new(qs->most, NULL);
	if (!n->quota || map_put(&qs->by_name, slice_of(n->name, name.n), n, NULL) < 0) {
		series_quota_free(n->quota);
		mem_free(n);
		return NULL;
	}
	if (qs->since_ms)
		series_quota_begin(n->quota, qs->since_ms);
	n->next = qs->list;
	qs->list = n;
	return n;
}

struct series_quota *series_quotas_of(struct series_quotas *qs, struct slice name)
{
	struct series_quota *q;
	struct named *n;

	pthread_mutex_lock(&qs->lock);
	n = map_get(&qs->by_name, name);
	if (!n)
		n = add(qs, name);
	q = n ? n->quota : qs->others;
	pthread_mutex_unlock(&qs->lock);
	return q;
}
