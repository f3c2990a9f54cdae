/*
 * counter.c - see counter.h.
 *
 * Plain metrics are atomics. A metric with a label is a list of values sorted by
 * label value behind a lock of its own: values are found by halving, and walking
 * gives them in order without copying anything. "other" always has a place, so
 * a count is not lost when there is no memory.
 */
#include "base/counter.h"
#include "base/alloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { VALUES_MAX = 4096 };

struct plain {
	_Atomic double value; /* histograms: the sum */
	_Atomic uint64_t buckets[COUNTER_BUCKETS + 1];
};

struct labelled_value {
	double value;
	size_t n;
	char text[];
};

struct labelled {
	pthread_mutex_t lock;
	struct labelled_value **list; /* sorted by text */
	size_t n, cap;
	double other;
	bool other_used;
};

const struct counter_info counter_infos[COUNTER_IDS] = {
#define COUNTER(id, name_, type_, label_, help_)                                                   \
	[id] = { .name = (name_), .type = (type_), .label = (label_), .help = (help_) },
#include "base/counters.def"
#undef COUNTER
};

const double counter_bounds[COUNTER_BUCKETS] = {
	0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30,
};

static struct plain plain[COUNTER_IDS];
static struct labelled labelled[COUNTER_IDS] = {
	[0 ... COUNTER_IDS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER },
};

static bool has_label(enum counter_id id)
{
	return counter_infos[id].label[0] != '\0';
}

static void atomic_add(_Atomic double *to, double n)
{
	double old = atomic_load_explicit(to, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(to, &old, old + n, memory_order_relaxed,
						      memory_order_relaxed))
		;
}

/* --- plain ones ----------------------------------------------------------------- */

void counter_add(enum counter_id id, double n)
{
	assert(!has_label(id) && counter_infos[id].type != COUNTER_HISTOGRAM);
	atomic_add(&plain[id].value, n);
}

void counter_set(enum counter_id id, double v)
{
	assert(!has_label(id) && counter_infos[id].type != COUNTER_HISTOGRAM);
	atomic_store_explicit(&plain[id].value, v, memory_order_relaxed);
}

/* A clock that was set back must not make a duration negative. */
void counter_observe(enum counter_id id, double seconds)
{
	size_t b = 0;

	assert(counter_infos[id].type == COUNTER_HISTOGRAM);
	if (!(seconds > 0))
		seconds = 0;
	while (b < COUNTER_BUCKETS && seconds > counter_bounds[b])
		b++;
	atomic_fetch_add_explicit(&plain[id].buckets[b], 1, memory_order_relaxed);
	atomic_add(&plain[id].value, seconds);
}

static uint64_t observed(const struct plain *p, uint64_t buckets[COUNTER_BUCKETS + 1])
{
	uint64_t count = 0;

	for (size_t b = 0; b <= COUNTER_BUCKETS; b++) {
		buckets[b] = atomic_load_explicit(&p->buckets[b], memory_order_relaxed);
		count += buckets[b];
	}
	return count;
}

double counter_get(enum counter_id id)
{
	uint64_t buckets[COUNTER_BUCKETS + 1];

	if (counter_infos[id].type == COUNTER_HISTOGRAM)
		return (double)observed(&plain[id], buckets);
	return atomic_load_explicit(&plain[id].value, memory_order_relaxed);
}

/* --- with a label; the metric's lock is held --------------------------------------- */

/* The place of `text`, or where it belongs. */
static size_t find(const struct labelled *m, struct slice text, bool *there)
{
	size_t low = 0, high = m->n;

	*there = false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = slice_cmp(slice_of(m->list[middle]->text, m->list[middle]->n), text);

		if (c == 0) {
			*there = true;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_room(struct labelled *m)
{
	size_t cap = m->cap ? m->cap * 2 : 8;
	void *list;

	if (m->n < m->cap)
		return true;
	list = mem_realloc(m->list, cap * sizeof(void *));
	if (!list)
		return false;
	m->list = list;
	m->cap = cap;
	return true;
}

static double *insert(struct labelled *m, size_t at, struct slice text)
{
	struct labelled_value *v;

	if (m->n >= VALUES_MAX || !make_room(m))
		return NULL;
	v = mem_alloc(sizeof(*v) + text.n + 1);
	if (!v)
		return NULL;
	v->value = 0;
	v->n = text.n;
	if (text.n)
		memcpy(v->text, text.p, text.n);
	v->text[text.n] = '\0';
	memmove(m->list + at + 1, m->list + at, (m->n - at) * sizeof(void *));
	m->list[at] = v;
	m->n++;
	return &v->value;
}

/* Never NULL: what finds no place is "other". */
static double *place(struct labelled *m, struct slice text)
{
	bool there;
	size_t at = find(m, text, &there);
	double *v = NULL;

	if (there)
		return &m->list[at]->value;
	if (!slice_is(text, "other"))
		v = insert(m, at, text);
	if (v)
		return v;
	m->other_used = true;
	return &m->other;
}

void counter_add_for(enum counter_id id, struct slice label_value, double n)
{
	struct labelled *m = &labelled[id];

	assert(has_label(id));
	pthread_mutex_lock(&m->lock);
	*place(m, label_value) += n;
	pthread_mutex_unlock(&m->lock);
}

void counter_set_for(enum counter_id id, struct slice label_value, double v)
{
	struct labelled *m = &labelled[id];

	assert(has_label(id));
	pthread_mutex_lock(&m->lock);
	*place(m, label_value) = v;
	pthread_mutex_unlock(&m->lock);
}

static void remove_at(struct labelled *m, size_t at)
{
	mem_free(m->list[at]);
	m->n--;
	memmove(m->list + at, m->list + at + 1, (m->n - at) * sizeof(void *));
	if (m->n == 0) {
		mem_free(m->list);
		m->list = NULL;
		m->cap = 0;
	}
}

void counter_drop_for(enum counter_id id, struct slice label_value)
{
	struct labelled *m = &labelled[id];
	bool there;
	size_t at;

	assert(has_label(id));
	pthread_mutex_lock(&m->lock);
	at = find(m, label_value, &there);
	if (there) {
		remove_at(m, at);
	} else if (slice_is(label_value, "other")) {
		m->other = 0;
		m->other_used = false;
	}
	pthread_mutex_unlock(&m->lock);
}

double counter_get_for(enum counter_id id, struct slice label_value)
{
	struct labelled *m = &labelled[id];
	double v = 0;
	bool there;
	size_t at;

	assert(has_label(id));
	pthread_mutex_lock(&m->lock);
	at = find(m, label_value, &there);
	if (there)
		v = m->list[at]->value;
	else if (slice_is(label_value, "other"))
		v = m->other;
	pthread_mutex_unlock(&m->lock);
	return v;
}

/* --- walking ------------------------------------------------------------------------ */

static void walk_plain(enum counter_id id, void (*each)(void *, const struct counter_value *),
		       void *ctx)
{
	struct counter_value v = { .label_value = slice_str("") };

	v.value = atomic_load_explicit(&plain[id].value, memory_order_relaxed);
	if (counter_infos[id].type == COUNTER_HISTOGRAM) {
		v.sum = v.value;
		v.count = observed(&plain[id], v.buckets);
		v.value = (double)v.count;
	}
	each(ctx, &v);
}

void counter_walk(enum counter_id id, void (*each)(void *ctx, const struct counter_value *v),
		  void *ctx)
{
	struct labelled *m = &labelled[id];
	bool other_due;

	if (!has_label(id)) {
		walk_plain(id, each, ctx);
		return;
	}
	pthread_mutex_lock(&m->lock);
	other_due = m->other_used;
	for (size_t i = 0; i < m->n || other_due; i++) {
		struct counter_value v = { .label_value = slice_str("other"), .value = m->other };
		struct slice text = v.label_value;

		if (i < m->n)
			text = slice_of(m->list[i]->text, m->list[i]->n);
		if (other_due && (i == m->n || slice_cmp(text, v.label_value) > 0)) {
			each(ctx, &v);
			other_due = false;
		}
		if (i == m->n)
			break;
		v.label_value = text;
		v.value = m->list[i]->value;
		each(ctx, &v);
	}
	pthread_mutex_unlock(&m->lock);
}
