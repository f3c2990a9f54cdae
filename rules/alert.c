/*
 * alert.c - see alert.h.
 *
 * An evaluation goes by four steps:
 *
 *   1. gather   every instance gets its full label set and an entry, new ones inactive.
 *               All that can fail happens here, so a failure changes no alert.
 *   2. apply    entries of instances move towards firing, the rule's others away from it.
 *   3. tell     one log line a move, without the lock: a log nobody reads must not hold
 *               up alerts_list(). Only the evaluating thread changes entries, so it may look.
 *   4. sweep    what is over goes: resolved ones after a quarter of an hour, inactive ones
 *               once their staleness marks have been handed out by alerts_samples().
 *
 * Label sets are interned, so the table of entries is keyed by the set's address.
 */
#include "rules/alert.h"
#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/map.h"
#include "base/num.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	MAX_ALERTS = 10000,
	RESOLVED_KEPT_MS = 15 * 60 * 1000,
	LOGGED_LABEL_BYTES = 2048,
};

enum entry_state { INACTIVE, PENDING, FIRING, RESOLVED };

struct entry {
	struct labels *labels; /* also the key, by its address */
	char *rule;
	enum entry_state state, before; /* `before` the running evaluation */
	enum entry_state shown; /* last given out by alerts_samples(): INACTIVE, PENDING, FIRING */
	int64_t active_ms, fired_ms, resolved_ms;
	int64_t absent_ms; /* since when keep_firing holds it; 0: it is not absent */
	double value;
	char *summary, *description;
	uint64_t seen;           /* evaluation that last had it */
	struct entry *next_over; /* in sweep() */
};

struct restored {
	struct labels *labels;
	int64_t active_ms;
	struct restored *next_over; /* in restored_drop() */
};

struct alerts {
	pthread_mutex_t lock;
	struct map entries;  /* address of labels -> entry */
	struct map restored; /* address of labels -> restored */
	uint64_t evaluations;
};

/* An instance on its way through one evaluation. */
struct wanted {
	struct entry *entry; /* NULL: over the limit */
	char *summary, *description;
	double value;
};

static struct slice key_of(struct labels *const *labels)
{
	return slice_of((const char *)labels, sizeof(struct labels *));
}

static void entry_free(struct entry *t)
{
	if (!t)
		return;
	labels_unref(t->labels);
	mem_free(t->rule);
	mem_free(t->summary);
	mem_free(t->description);
	mem_free(t);
}

static void restored_free(struct restored *r)
{
	labels_unref(r->labels);
	mem_free(r);
}

struct alerts *alerts_new(struct err *e)
{
	struct alerts *a = mem_zalloc(sizeof(*a));

	if (!a) {
		err_set(e, ERR_MEMORY, "no memory for the alerts");
		return NULL;
	}
	pthread_mutex_init(&a->lock, NULL);
	map_init(&a->entries);
	map_init(&a->restored);
	return a;
}

void alerts_free(struct alerts *a)
{
	const struct map_entry *m;

	if (!a)
		return;
	for (size_t i = 0; (m = map_next(&a->entries, &i));)
		entry_free(m->value);
	for (size_t i = 0; (m = map_next(&a->restored, &i));)
		restored_free(m->value);
	map_release(&a->entries);
	map_release(&a->restored);
	pthread_mutex_destroy(&a->lock);
	mem_free(a);
}

/* --- label sets ----------------------------------------------------------------- */

/* `ls` without the names in `extra` and without its metric name, then `extra`. Extra ones with an
 * empty value only take away. */
static struct labels *labels_with(const struct labels *ls, const struct label *extra, size_t nextra,
				  struct err *e)
{
	struct label all[LABELS_MAX + 4];
	size_t n = 0;

	for (uint32_t i = 0; i < ls->n; i++) {
		bool replaced = slice_is(ls->l[i].name, LABEL_NAME);

		for (size_t k = 0; k < nextra; k++)
			replaced = replaced || slice_eq(ls->l[i].name, extra[k].name);
		if (!replaced)
			all[n++] = ls->l[i];
	}
	for (size_t k = 0; k < nextra; k++)
		if (extra[k].value.n)
			all[n++] = extra[k];
	return labels_intern(all, n, e);
}

/* The rule's own labels win over the instance's, as in Prometheus. */
static struct labels *alert_labels(const struct alert_rule *rule, const struct labels *instance,
				   struct err *e)
{
	struct label extra[2] = { { slice_str("alertname"), slice_str(rule->name) } };
	size_t n = 1;

	if (rule->severity)
		extra[n++] = (struct label){ slice_str("severity"), slice_str(rule->severity) };
	return labels_with(instance, extra, n, e);
}

/* --- one evaluation: gather ------------------------------------------------------ */

/* The entry of these labels, made (inactive) when there is none; takes the reference of `labels`.
 * *out is NULL when there are too many already. */
static int entry_get(struct alerts *a, const char *rule, struct labels *labels, struct entry **out,
		     struct err *e)
{
	struct entry *t = map_get(&a->entries, key_of(&labels));

	*out = t;
	if (t || a->entries.n >= MAX_ALERTS) {
		labels_unref(labels);
		return 0;
	}
	t = mem_zalloc(sizeof(*t));
	if (!t) {
		labels_unref(labels);
		return err_set(e, ERR_MEMORY, "no memory for an alert");
	}
	t->labels = labels;
	t->rule = mem_strdup(rule);
	if (!t->rule || map_put(&a->entries, key_of(&t->labels), t, NULL) < 0) {
		entry_free(t);
		return err_set(e, ERR_MEMORY, "no memory for an alert");
	}
	*out = t;
	return 0;
}

static int copy_text(const char *text, char **out, struct err *e)
{
	*out = text ? mem_strdup(text) : NULL;
	return text && !*out ? err_set(e, ERR_MEMORY, "no memory for an alert's text") : 0;
}

static int gather_one(struct alerts *a, const struct alert_rule *rule,
		      const struct alert_instance *in, struct wanted *w, struct err *e)
{
	struct labels *labels = alert_labels(rule, in->labels, e);

	if (!labels)
		return err_wrap(e, "labels of an alert");
	if (entry_get(a, rule->name, labels, &w->entry, e) < 0)
		return -1;
	if (!w->entry)
		return 0;
	if (w->entry->seen == a->evaluations) {
		struct buf text;

		buf_init(&text, LOGGED_LABEL_BYTES);
		labels_print(w->entry->labels, &text);
		err_set(e, ERR_INVALID, "two instances have the labels %.*s",
			SLICE_FMT(buf_all(&text)));
		buf_release(&text);
		return -1;
	}
	w->entry->seen = a->evaluations;
	w->value = in->value;
	if (copy_text(in->summary, &w->summary, e) < 0)
		return -1;
	return copy_text(in->description, &w->description, e);
}

static int gather(struct alerts *a, const struct alert_rule *rule,
		  const struct alert_instance *list, size_t n, struct wanted *w, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (gather_one(a, rule, &list[i], &w[i], e) < 0)
			return -1;
	return 0;
}

/* --- apply ------------------------------------------------------------------------ */

static int64_t active_since(const struct alerts *a, struct labels *const *labels, int64_t now_ms)
{
	const struct restored *r = map_get(&a->restored, key_of(labels));

	/* A clock that was set back must not leave an alert waiting for the future. */
	return r && r->active_ms < now_ms ? r->active_ms : now_ms;
}

/* The condition holds. */
static void entry_hold(struct alerts *a, struct entry *t, const struct alert_rule *rule,
		       struct wanted *w, int64_t now_ms)
{
	if (t->state == INACTIVE || t->state == RESOLVED) {
		t->state = PENDING;
		t->active_ms = active_since(a, &t->labels, now_ms);
		t->fired_ms = t->resolved_ms = 0;
	}
	if (t->state == PENDING && now_ms - t->active_ms >= rule->for_ms) {
		t->state = FIRING;
		t->fired_ms = now_ms;
	}
	t->absent_ms = 0;
	t->value = w->value;
	mem_free(t->summary);
	mem_free(t->description);
	t->summary = w->summary;
	t->description = w->description;
	w->summary = w->description = NULL;
}

/* The condition no longer holds. */
static void entry_fade(struct entry *t, int64_t keep_firing_ms, int64_t now_ms)
{
	if (t->state == PENDING)
		t->state = INACTIVE;
	if (t->state != FIRING)
		return;
	if (t->absent_ms == 0)
		t->absent_ms = now_ms;
	if (now_ms - t->absent_ms < keep_firing_ms)
		return;
	t->state = RESOLVED;
	t->resolved_ms = now_ms;
}

/* What was restored for this rule has been taken up by now, or is over. */
static void restored_drop(struct alerts *a, const char *rule)
{
	struct restored *over = NULL;
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&a->restored, &i));) {
		struct restored *r = m->value;

		if (!slice_is(labels_get(r->labels, slice_str("alertname")), rule))
			continue;
		r->next_over = over;
		over = r;
	}
	while (over) {
		struct restored *r = over;

		over = r->next_over;
		map_remove(&a->restored, key_of(&r->labels));
		restored_free(r);
	}
}

/* --- tell ------------------------------------------------------------------------- */

static void tell_move(const struct entry *t)
{
	static const char *const said[] = { "alert no longer pending", "alert pending",
					    "alert firing", "alert resolved" };
	struct buf text;

	if (t->state == t->before)
		return;
	buf_init(&text, LOGGED_LABEL_BYTES);
	labels_print(t->labels, &text);
	log_event(t->state == FIRING ? LOG_WARN : LOG_INFO, said[t->state], log_s("alert", t->rule),
		  log_sl("labels", buf_all(&text)), log_d("value", t->value),
		  log_s("summary", t->summary));
	buf_release(&text);
}

static void tell(struct alerts *a)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&a->entries, &i));)
		tell_move(m->value);
}

static void mark_before(struct alerts *a)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&a->entries, &i));) {
		struct entry *t = m->value;

		t->before = t->state;
	}
}

/* --- sweep ------------------------------------------------------------------------ */

static bool entry_over(const struct entry *t, int64_t now_ms)
{
	if (t->shown != INACTIVE)
		return false;
	return t->state == INACTIVE ||
	       (t->state == RESOLVED && now_ms - t->resolved_ms > RESOLVED_KEPT_MS);
}

static void sweep(struct alerts *a, int64_t now_ms)
{
	size_t counts[4] = { 0 };
	struct entry *over = NULL;
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&a->entries, &i));) {
		struct entry *t = m->value;

		if (entry_over(t, now_ms)) {
			t->next_over = over;
			over = t;
		} else {
			counts[t->state]++;
		}
	}
	while (over) {
		struct entry *t = over;

		over = t->next_over;
		map_remove(&a->entries, key_of(&t->labels));
		entry_free(t);
	}
	counter_set_for(C_ALERTS, slice_str("pending"), (double)counts[PENDING]);
	counter_set_for(C_ALERTS, slice_str("firing"), (double)counts[FIRING]);
	counter_set_for(C_ALERTS, slice_str("resolved"), (double)counts[RESOLVED]);
}

/* --- public ----------------------------------------------------------------------- */

/* Step 2; how many instances found no room. */
static size_t apply(struct alerts *a, const struct alert_rule *rule, struct wanted *w, size_t n,
		    int64_t now_ms)
{
	const struct map_entry *m;
	size_t left_out = 0;

	for (size_t i = 0; i < n; i++) {
		if (w[i].entry)
			entry_hold(a, w[i].entry, rule, &w[i], now_ms);
		else
			left_out++;
	}
	for (size_t i = 0; (m = map_next(&a->entries, &i));) {
		struct entry *t = m->value;

		if (t->seen != a->evaluations && strcmp(t->rule, rule->name) == 0)
			entry_fade(t, rule->keep_firing_ms, now_ms);
	}
	restored_drop(a, rule->name);
	return left_out;
}

int alerts_evaluate(struct alerts *a, const struct alert_rule *rule,
		    const struct alert_instance *list, size_t n, int64_t now_ms, struct err *e)
{
	struct wanted *w = n < SIZE_MAX / sizeof(*w) ? mem_zalloc(n * sizeof(*w)) : NULL;
	size_t left_out = 0;
	int rc;

	if (!w)
		return err_set(e, ERR_MEMORY, "no memory for %zu alerts of %s", n, rule->name);
	pthread_mutex_lock(&a->lock);
	a->evaluations++;
	mark_before(a);
	rc = gather(a, rule, list, n, w, e);
	if (rc == 0)
		left_out = apply(a, rule, w, n, now_ms);
	pthread_mutex_unlock(&a->lock);

	tell(a);

	pthread_mutex_lock(&a->lock);
	sweep(a, now_ms);
	pthread_mutex_unlock(&a->lock);
	for (size_t i = 0; i < n; i++) {
		mem_free(w[i].summary);
		mem_free(w[i].description);
	}
	mem_free(w);
	if (rc < 0)
		return err_wrap(e, "alert %s", rule->name);
	if (left_out)
		return err_set(e, ERR_LIMIT,
			       "alert %s: %zu of %zu left out, %d alerts are kept at most",
			       rule->name, left_out, n, MAX_ALERTS);
	return 0;
}

void alerts_drop_rule(struct alerts *a, const char *name, int64_t now_ms)
{
	const struct map_entry *m;

	pthread_mutex_lock(&a->lock);
	mark_before(a);
	for (size_t i = 0; (m = map_next(&a->entries, &i));) {
		struct entry *t = m->value;

		if (strcmp(t->rule, name) == 0)
			entry_fade(t, 0, now_ms);
	}
	restored_drop(a, name);
	pthread_mutex_unlock(&a->lock);

	tell(a);

	pthread_mutex_lock(&a->lock);
	sweep(a, now_ms);
	pthread_mutex_unlock(&a->lock);
}

int alerts_restore(struct alerts *a, struct labels *labels, int64_t active_ms, struct err *e)
{
	struct restored *r, *earlier = NULL;

	if (labels_get(labels, slice_str("alertname")).n == 0)
		return err_set(e, ERR_INVALID, "an alert to restore has no alertname");
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return err_set(e, ERR_MEMORY, "no memory to restore an alert");
	r->active_ms = active_ms;
	/* Without __name__: they come from ALERTS_FOR_STATE. */
	r->labels = labels_with(labels, NULL, 0, e);
	if (!r->labels) {
		mem_free(r);
		return err_wrap(e, "an alert to restore");
	}
	pthread_mutex_lock(&a->lock);
	earlier = map_get(&a->restored, key_of(&r->labels));
	if (!earlier && a->restored.n >= MAX_ALERTS)
		err_set(e, ERR_LIMIT, "more than %d alerts to restore", MAX_ALERTS);
	else if (map_put(&a->restored, key_of(&r->labels), r, e) == 0)
		r = NULL; /* taken */
	else
		earlier = NULL; /* stays in the table */
	pthread_mutex_unlock(&a->lock);
	if (earlier)
		restored_free(earlier);
	if (!r)
		return 0;
	restored_free(r);
	return -1;
}

/* --- showing ---------------------------------------------------------------------- */

static int by_rule_then_labels(const void *pa, const void *pb)
{
	const struct alert *x = pa, *y = pb;
	int c = strcmp(x->rule, y->rule);

	return c ? c : labels_cmp(x->labels, y->labels);
}

static bool entry_listed(const struct entry *t, bool resolved)
{
	return t->state == PENDING || t->state == FIRING || (resolved && t->state == RESOLVED);
}

/* False when the arena is full. */
static bool copy_out(const struct entry *t, struct arena *arena, struct alert *out)
{
	*out = (struct alert){
		.state = t->state == PENDING  ? ALERT_PENDING
			 : t->state == FIRING ? ALERT_FIRING
					      : ALERT_RESOLVED,
		.active_ms = t->active_ms,
		.fired_ms = t->fired_ms,
		.resolved_ms = t->resolved_ms,
		.value = t->value,
		.rule = arena_strdup(arena, t->rule),
		.summary = t->summary ? arena_strdup(arena, t->summary) : NULL,
		.description = t->description ? arena_strdup(arena, t->description) : NULL,
	};
	if (!out->rule || (t->summary && !out->summary) || (t->description && !out->description))
		return false;
	out->labels = labels_ref(t->labels);
	return true;
}

int alerts_list(struct alerts *a, bool resolved, struct arena *arena, struct alert **out, size_t *n,
		struct err *e)
{
	const struct map_entry *m;
	struct alert *list;
	size_t k = 0;
	bool ok = true;

	pthread_mutex_lock(&a->lock);
	list = arena_array(arena, a->entries.n + 1, sizeof(*list));
	if (!list) {
		pthread_mutex_unlock(&a->lock);
		return err_set(e, ERR_LIMIT,
			       "the list of alerts does not fit in the memory allowed");
	}
	for (size_t i = 0; ok && (m = map_next(&a->entries, &i));) {
		if (!entry_listed(m->value, resolved))
			continue;
		ok = copy_out(m->value, arena, &list[k]);
		k += ok;
	}
	pthread_mutex_unlock(&a->lock);
	if (!ok) {
		alerts_list_release(list, k);
		return err_set(e, ERR_LIMIT,
			       "the list of alerts does not fit in the memory allowed");
	}
	qsort(list, k, sizeof(*list), by_rule_then_labels);
	*out = list;
	*n = k;
	return 0;
}

void alerts_list_release(struct alert *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		labels_unref(list[i].labels);
}

const char *alert_state_name(enum alert_state s)
{
	static const char *const names[] = { "pending", "firing", "resolved" };

	return names[s];
}

/* As a sample's series: ALERTS with the state, or ALERTS_FOR_STATE when `state` is INACTIVE. */
static struct labels *series_of(const struct entry *t, enum entry_state state, struct err *e)
{
	struct label extra[2] = {
		{ slice_str(LABEL_NAME),
		  slice_str(state == INACTIVE ? "ALERTS_FOR_STATE" : "ALERTS") },
		{ slice_str("alertstate"), slice_str("") },
	};

	if (state != INACTIVE)
		extra[1].value = slice_str(state == PENDING ? "pending" : "firing");
	return labels_with(t->labels, extra, 2, e);
}

struct sample_list {
	struct plain_sample *at;
	size_t n;
	int64_t now_ms;
};

static int put_sample(struct sample_list *s, const struct entry *t, enum entry_state state,
		      double v, struct err *e)
{
	struct labels *labels = series_of(t, state, e);

	if (!labels)
		return -1;
	s->at[s->n++] = (struct plain_sample){ .labels = labels, .t_ms = s->now_ms, .value = v };
	return 0;
}

static enum entry_state to_show(const struct entry *t)
{
	return t->state == PENDING || t->state == FIRING ? t->state : INACTIVE;
}

/* At most three: the end of the state shown before, the state now, since when. */
static int put_samples(struct sample_list *s, const struct entry *t, struct err *e)
{
	enum entry_state now = to_show(t);
	int64_t active_s = t->active_ms / 1000; /* whole seconds, as Prometheus writes them */

	if (t->shown != INACTIVE && t->shown != now &&
	    put_sample(s, t, t->shown, stale_mark(), e) < 0)
		return -1;
	if (now == INACTIVE)
		return t->shown != INACTIVE ? put_sample(s, t, INACTIVE, stale_mark(), e) : 0;
	if (put_sample(s, t, now, 1, e) < 0)
		return -1;
	return put_sample(s, t, INACTIVE, (double)active_s, e);
}

int alerts_samples(struct alerts *a, int64_t now_ms, struct arena *arena, struct plain_sample **out,
		   size_t *n, struct err *e)
{
	struct sample_list s = { .now_ms = now_ms };
	const struct map_entry *m;
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	s.at = arena_array(arena, a->entries.n * 3 + 1, sizeof(*s.at));
	if (!s.at) {
		pthread_mutex_unlock(&a->lock);
		return err_set(e, ERR_LIMIT,
			       "the alerts' samples do not fit in the memory allowed");
	}
	for (size_t i = 0; rc == 0 && (m = map_next(&a->entries, &i));)
		rc = put_samples(&s, m->value, e);
	/* Only now: after a failure the marks are still owed. */
	for (size_t i = 0; rc == 0 && (m = map_next(&a->entries, &i));) {
		struct entry *t = m->value;

		t->shown = to_show(t);
	}
	pthread_mutex_unlock(&a->lock);
	if (rc < 0) {
		for (size_t i = 0; i < s.n; i++)
			labels_unref(s.at[i].labels);
		return err_wrap(e, "series of the alerts");
	}
	*out = s.at;
	*n = s.n;
	return 0;
}
