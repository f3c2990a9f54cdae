/*
 * series_quota.c - see series_quota.h.
 *
 * Two sets of keys, today's and yesterday's: the second is looked into for what goes on, which is
 * then in the first, and is dropped with the next day.
 */
#include "collectors/series_quota.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/zone.h"

#include <pthread.h>
#include <stdio.h>

enum { FIRST_SLOTS = 64 };

static const int64_t DAY_MS = 86400000;
/* Of two that come at one time the later received may be asked for first; and a clock is set back
 * a little now and then. */
static const int64_t JITTER_MS = 60000;

/* Open addressing, at most three quarters full; 0 is an empty place. */
struct key_set {
	uint64_t *slots;
	size_t n, cap;
};

struct series_quota {
	pthread_mutex_t lock; /* all */
	struct key_set today, before;
	size_t most;
	int64_t since_ms;
	bool begun, refused, said; /* the last two: today */
};

/* --- a set ------------------------------------------------------------------------------- */

/* The keys are hashes with a secret seed, so their bits are as good as any. */
static uint64_t *place_of(const struct key_set *s, uint64_t key)
{
	size_t at = (size_t)key & (s->cap - 1);

	while (s->slots[at] && s->slots[at] != key)
		at = (at + 1) & (s->cap - 1);
	return &s->slots[at];
}

static bool set_has(const struct key_set *s, uint64_t key)
{
	return s->cap && *place_of(s, key);
}

static bool set_grow(struct key_set *s)
{
	struct key_set more = { .n = s->n, .cap = s->cap ? 2 * s->cap : FIRST_SLOTS };

	more.slots = mem_zalloc(more.cap * sizeof(*more.slots));
	if (!more.slots)
		return false;
	for (size_t i = 0; i < s->cap; i++)
		if (s->slots[i])
			*place_of(&more, s->slots[i]) = s->slots[i];
	mem_free(s->slots);
	*s = more;
	return true;
}

static bool set_add(struct key_set *s, uint64_t key)
{
	uint64_t *place;

	if (s->n * 4 >= s->cap * 3 && !set_grow(s))
		return false;
	place = place_of(s, key);
	s->n += !*place;
	*place = key;
	return true;
}

static void set_merge(struct key_set *to, const struct key_set *from)
{
	for (size_t i = 0; i < from->cap; i++)
		if (from->slots[i] && !set_add(to, from->slots[i]))
			return;
}

static void set_release(struct key_set *s)
{
	mem_free(s->slots);
	*s = (struct key_set){ 0 };
}

/* --- life ---------------------------------------------------------------------------------- */

struct series_quota *series_quota_new(size_t most, struct err *e)
{
	struct series_quota *q = mem_zalloc(sizeof(*q));

	if (!q) {
		err_set(e, ERR_MEMORY, "no memory to count series");
		return NULL;
	}
	pthread_mutex_init(&q->lock, NULL);
	q->most = most;
	return q;
}

void series_quota_free(struct series_quota *q)
{
	if (!q)
		return;
	set_release(&q->today);
	set_release(&q->before);
	pthread_mutex_destroy(&q->lock);
	mem_free(q);
}

void series_quota_set(struct series_quota *q, size_t most)
{
	pthread_mutex_lock(&q->lock);
	q->most = most;
	pthread_mutex_unlock(&q->lock);
}

struct series_quota *series_quota_copy(struct series_quota *q, struct err *e)
{
	struct series_quota *copy = series_quota_new(0, e);

	if (!copy)
		return NULL;
	series_quota_inherit(copy, q);
	copy->most = series_quota_count(q).most;
	return copy;
}

/* One lock at a time: nobody else takes two, and that is to stay so. */
void series_quota_inherit(struct series_quota *to, struct series_quota *from)
{
	struct key_set today = { 0 }, before = { 0 };
	int64_t since_ms;
	bool begun;

	pthread_mutex_lock(&from->lock);
	set_merge(&today, &from->today);
	set_merge(&before, &from->before);
	since_ms = from->since_ms;
	begun = from->begun;
	pthread_mutex_unlock(&from->lock);
	pthread_mutex_lock(&to->lock);
	set_merge(&to->today, &today);
	set_merge(&to->before, &before);
	if (begun)
		to->since_ms = since_ms;
	to->begun |= begun;
	pthread_mutex_unlock(&to->lock);
	set_release(&today);
	set_release(&before);
}

/* --- counting ------------------------------------------------------------------------------- */

uint64_t series_quota_key(const struct label *l, size_t n)
{
	uint64_t h = hash_seed();

	for (size_t i = 0; i < n; i++) {
		h = hash_seeded(l[i].name.p, l[i].name.n, h);
		h = hash_seeded(l[i].value.p, l[i].value.n, h);
	}
	return h;
}

/* 0 is an empty place. */
static uint64_t not_empty(uint64_t key)
{
	return key ? key : 1;
}

static bool day_is_over(int64_t since_ms, int64_t now_ms)
{
	return now_ms < since_ms - JITTER_MS || now_ms - since_ms >= DAY_MS;
}

static void begin_day(struct series_quota *q, int64_t now_ms)
{
	set_release(&q->before);
	if (q->begun && now_ms - q->since_ms < 2 * DAY_MS)
		q->before = q->today;
	else
		set_release(&q->today);
	q->today = (struct key_set){ 0 };
	q->since_ms = now_ms;
	q->begun = true;
	q->refused = q->said = false;
}

bool series_quota_turn(struct series_quota *q, int64_t now_ms)
{
	bool over;

	pthread_mutex_lock(&q->lock);
	over = !q->begun || day_is_over(q->since_ms, now_ms);
	if (over)
		begin_day(q, now_ms);
	pthread_mutex_unlock(&q->lock);
	return over;
}

void series_quota_begin(struct series_quota *q, int64_t now_ms)
{
	pthread_mutex_lock(&q->lock);
	begin_day(q, now_ms);
	pthread_mutex_unlock(&q->lock);
}

void series_quota_keep(struct series_quota *q, uint64_t key)
{
	pthread_mutex_lock(&q->lock);
	set_add(&q->today, not_empty(key)); /* without memory it is new again, at worst */
	pthread_mutex_unlock(&q->lock);
}

static bool admits(struct series_quota *q, uint64_t key)
{
	if (set_has(&q->today, key))
		return true;
	if (set_has(&q->before, key)) {
		set_add(&q->today, key);
		return true;
	}
	return q->today.n < q->most && set_add(&q->today, key);
}

bool series_quota_admits(struct series_quota *q, uint64_t key)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	ok = !q->most || admits(q, not_empty(key));
	q->refused |= !ok;
	pthread_mutex_unlock(&q->lock);
	return ok;
}

static bool knows(const struct series_quota *q, uint64_t key)
{
	return set_has(&q->today, key) || set_has(&q->before, key);
}

bool series_quota_knows(struct series_quota *q, uint64_t key)
{
	bool known;

	pthread_mutex_lock(&q->lock);
	known = knows(q, not_empty(key));
	pthread_mutex_unlock(&q->lock);
	return known;
}

bool series_quota_has_room(struct series_quota *q, uint64_t key)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	ok = !q->most || q->today.n < q->most || knows(q, not_empty(key));
	q->refused |= !ok;
	pthread_mutex_unlock(&q->lock);
	return ok;
}

/* --- saying so ------------------------------------------------------------------------------- */

struct series_count series_quota_count(struct series_quota *q)
{
	struct series_count c;

	pthread_mutex_lock(&q->lock);
	c = (struct series_count){ q->today.n, q->most, q->since_ms };
	pthread_mutex_unlock(&q->lock);
	return c;
}

bool series_quota_is_news(struct series_quota *q)
{
	bool news;

	pthread_mutex_lock(&q->lock);
	news = q->refused && !q->said;
	q->said |= news;
	pthread_mutex_unlock(&q->lock);
	return news;
}

void series_quota_say(struct series_quota *q, const char *who, const char *option,
		      char out[SERIES_QUOTA_TEXT])
{
	struct series_count c = series_quota_count(q);
	char since[TIME_TEXT];

	time_print_utc(c.since_ms, since);
	snprintf(out, SERIES_QUOTA_TEXT,
		 "%s has brought %zu different series since %s, and may bring %zu in a day "
		 "(%s)",
		 who, c.n, since, c.most, option);
}
