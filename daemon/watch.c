/*
 * watch.c - see watch.h.
 *
 *     timer ──▶ gather (loop: feeds' states, references) ──▶ work (worker: snapshot, assess,
 *     alerts) ──▶ done (loop: publish, store alert states, timer again)
 */
#include "daemon/watch.h"
#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "daemon/derived.h"

#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

enum {
	GATHER_MS = 200,
	RUN_ARENA_BYTES = 64 << 20,
	SNAPSHOT_MS = 30 * 1000,
	RESTORE_MS = 3600 * 1000, /* alert states older than this do not count after a restart */
};

struct run {
	struct config *config;
	struct catalogue *catalogue;
	int64_t now_ms;
	struct arena arena; /* of the feeds' states and conditions */
	struct feed_failure *failures;
	size_t nfailures;
	struct assessment *assessment; /* out */
	struct own_samples states;     /* out */
	struct err err;                /* out */
};

struct watch {
	struct loop *loop;
	struct store *store;
	struct intake *intake;
	struct collector *collector;
	struct config *config;
	struct catalogue *catalogue;
	struct timer timer;
	struct job job;
	struct run run;
	bool running, again, stopped, restored;
	bool poked; /* the timer runs for GATHER_MS, not until the next regular run */
	struct alerts *alerts;
	pthread_mutex_t lock; /* over `newest` */
	struct assessment *newest;
	struct derived derived; /* the worker's */
};

static void on_timer(struct timer *t);
static void assess_work(struct job *j);
static void assess_done(struct job *j, enum job_end how);

static struct watch *watch_of_job(struct job *j)
{
	return (struct watch *)((char *)j - offsetof(struct watch, job));
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- on the loop: what the run needs ------------------------------------------- */

static int gather_failures(struct watch *w, struct run *r, struct err *e)
{
	size_t n = collector_feeds(w->collector);

	r->failures = arena_array(&r->arena, n ? n : 1, sizeof(*r->failures));
	if (!r->failures)
		return err_set(e, ERR_LIMIT, "no room for the states of %zu feeds", n);
	for (size_t i = 0; i < n; i++) {
		struct feed_failure *f = &r->failures[r->nfailures];
		struct feed_status s;

		collector_status(w->collector, i, &s);
		if (s.health != FEED_FAILING)
			continue;
		f->name = arena_strdup(&r->arena, s.name);
		f->source = arena_strdup(&r->arena, s.source);
		f->owner = arena_strdup(&r->arena, s.owner);
		f->error = arena_strdup(&r->arena, s.error);
		f->since_ms = s.failing_since_ms;
		f->failures = s.failures;
		if (!f->name || !f->source || !f->owner || !f->error)
			return err_set(e, ERR_LIMIT, "no room for the states of %zu feeds", n);
		r->nfailures++;
	}
	return 0;
}

static void run_release(struct run *r)
{
	assessment_unref(r->assessment);
	config_unref(r->config);
	catalogue_unref(r->catalogue);
	arena_release(&r->arena);
	*r = (struct run){ 0 };
}

static void start_run(struct watch *w)
{
	struct run *r = &w->run;
	struct err e;

	*r = (struct run){ .config = config_ref(w->config),
			   .catalogue = catalogue_ref(w->catalogue),
			   .now_ms = loop_now(w->loop) };
	arena_init(&r->arena, RUN_ARENA_BYTES);
	if (gather_failures(w, r, &e) < 0 || job_start(w->loop, &w->job, JOB_QUERY, &e) < 0) {
		log_event(LOG_WARN, "assessment put off", log_err(&e));
		run_release(r);
		timer_start(&w->timer, w->config->assess_every_ms);
		return;
	}
	w->running = true;
}

static void on_timer(struct timer *t)
{
	struct watch *w = (struct watch *)((char *)t - offsetof(struct watch, timer));

	w->poked = false;
	if (w->stopped || !w->catalogue)
		return;
	if (w->running)
		w->again = true;
	else
		start_run(w);
}

/* --- on a worker ------------------------------------------------------------------ */

/* Here, because letting go of a province's old assessment takes a while. */
static void publish(struct watch *w, struct assessment *take)
{
	struct assessment *old;

	pthread_mutex_lock(&w->lock);
	old = w->newest;
	w->newest = take;
	pthread_mutex_unlock(&w->lock);
	assessment_unref(old);
}

static struct labels *without_name(const struct labels *ls, struct err *e)
{
	struct label l[LABELS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < ls->n; i++)
		if (!slice_is(ls->l[i].name, LABEL_NAME))
			l[n++] = ls->l[i];
	return labels_intern(l, n, e);
}

/* Alerts that were active before a restart go on from when they had begun. */
static int restore_alerts(struct watch *w, struct snapshot *v, int64_t now_ms, struct arena *a,
			  struct err *e)
{
	struct matcher m = { MATCH_EQ, slice_str(LABEL_NAME), slice_str("ALERTS_FOR_STATE") };
	struct series_ref *list;
	size_t n;

	if (snapshot_select(v, &m, 1, a, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct samples x;
		struct labels *ls;
		double last;

		if (snapshot_samples(v, list[i].id, now_ms - RESTORE_MS, now_ms, a, &x, e) < 0)
			return -1;
		last = x.n ? x.value[x.n - 1] : NAN;
		if (isnan(last))
			continue; /* none lately, or marked as ended */
		ls = without_name(list[i].labels, e);
		if (!ls)
			return -1;
		if (alerts_restore(w->alerts, ls, (int64_t)(last * 1000), e) < 0) {
			labels_unref(ls);
			return -1;
		}
		labels_unref(ls);
	}
	return 0;
}

static int evaluate_one(struct watch *w, const struct run *r, const char *name,
			const struct alert_config *c, const struct alert_instance *list, size_t n,
			struct err *e)
{
	struct alert_rule rule = { name, c->severity, c->for_ms, c->keep_firing_ms };

	if (!c->enabled) {
		alerts_drop_rule(w->alerts, name, r->now_ms);
		return 0;
	}
	return alerts_evaluate(w->alerts, &rule, list, n, r->now_ms, e);
}

static int evaluate_alerts(struct watch *w, struct run *r, struct err *e)
{
	struct conditions c = { .arena = &r->arena };
	int rc = -1;

	if (conditions_make(r->config, r->assessment, r->failures, r->nfailures, &c, e) == 0 &&
	    evaluate_one(w, r, "ParkLagging", &r->config->lagging, c.lagging, c.nlagging, e) == 0 &&
	    evaluate_one(w, r, "ReportLate", &r->config->late, c.late, c.nlate, e) == 0 &&
	    evaluate_one(w, r, "FeedDown", &r->config->feed_down, c.feeds, c.nfeeds, e) == 0 &&
	    evaluate_one(w, r, "CalendarMissing", &r->config->calendar_missing, c.calendar,
			 c.ncalendar, e) == 0)
		rc = alerts_samples(w->alerts, r->now_ms, &r->states.arena, &r->states.list,
				    &r->states.n, e);
	counter_set(C_CALENDAR_MISSING, (double)c.ncalendar);
	conditions_release(&c);
	return rc;
}

static void assess_work(struct job *j)
{
	struct watch *w = watch_of_job(j);
	struct run *r = &w->run;
	double start = seconds_now();
	struct snapshot *v = snapshot_open(w->store, SNAPSHOT_MS, &r->err);

	arena_init(&r->states.arena, RUN_ARENA_BYTES);
	if (!v)
		return;
	if (!w->restored) {
		struct err e;

		if (restore_alerts(w, v, r->now_ms, &r->arena, &e) < 0)
			log_event(LOG_WARN, "alert states not restored", log_err(&e));
		w->restored = true;
	}
	r->assessment = assess_run(v, r->catalogue, r->now_ms, &r->config->assess, &r->err);
	snapshot_close(v);
	if (!r->assessment)
		return;
	r->err.code = ERR_NONE;
	if (evaluate_alerts(w, r, &r->err) < 0)
		err_wrap(&r->err, "alerts");
	else if (derived_store(&w->derived, w->store, r->assessment, r->now_ms, &r->err) < 0)
		err_wrap(&r->err, "derived series");
	publish(w, assessment_ref(r->assessment));
	counter_observe(C_ASSESS_SECONDS, seconds_now() - start);
}

/* --- on the loop again ---------------------------------------------------------------- */

static void plan_next(struct watch *w)
{
	w->poked = w->again;
	w->again = false;
	if (!w->stopped)
		timer_start(&w->timer, w->poked ? GATHER_MS : w->config->assess_every_ms);
}

static void assess_done(struct job *j, enum job_end how)
{
	struct watch *w = watch_of_job(j);
	struct run *r = &w->run;
	bool failed = how == JOB_RAN && (!r->assessment || r->err.code != ERR_NONE);

	if (failed)
		log_event(LOG_ERROR, "assessment failed", log_err(&r->err));
	if (how == JOB_RAN) {
		counter_add_for(C_ASSESS_RUNS, slice_str(failed ? "error" : "ok"), 1);
		intake_own(w->intake, &r->states);
	}
	run_release(r);
	w->running = false;
	plan_next(w);
}

/* --- public ----------------------------------------------------------------------------- */

struct watch *watch_new(const struct watch_options *o, struct err *e)
{
	struct watch *w = mem_zalloc(sizeof(*w));

	if (!w) {
		err_set(e, ERR_MEMORY, "no memory for the watch");
		return NULL;
	}
	w->loop = o->loop;
	w->store = o->store;
	w->intake = o->intake;
	w->collector = o->collector;
	w->alerts = alerts_new(e);
	if (!w->alerts) {
		mem_free(w);
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	timer_init(&w->timer, w->loop, on_timer);
	w->job.work = assess_work;
	w->job.done = assess_done;
	return w;
}

void watch_configure(struct watch *w, struct config *config, struct catalogue *catalogue)
{
	struct config *old_config = w->config;
	struct catalogue *old_catalogue = w->catalogue;

	w->config = config_ref(config);
	w->catalogue = catalogue_ref(catalogue);
	config_unref(old_config);
	if (old_catalogue)
		catalogue_unref(old_catalogue);
	watch_poke(w);
}

void watch_poke(struct watch *w)
{
	if (w->stopped)
		return;
	if (w->running) {
		w->again = true;
	} else if (!w->poked) {
		/* Where figures come all the time the first poke counts, or no run would ever be.
		 * The first run of all need not gather: readiness waits for it. */
		w->poked = true;
		timer_start(&w->timer, w->newest ? GATHER_MS : 0);
	}
}

bool watch_stop(struct watch *w)
{
	w->stopped = true;
	timer_stop(&w->timer);
	if (w->running)
		job_cancel(w->loop, &w->job);
	return !w->running;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	publish(w, NULL);
	timer_release(&w->timer);
	derived_release(&w->derived);
	alerts_free(w->alerts);
	config_unref(w->config);
	if (w->catalogue)
		catalogue_unref(w->catalogue);
	pthread_mutex_destroy(&w->lock);
	mem_free(w);
}

struct assessment *watch_assessment(struct watch *w)
{
	struct assessment *a;

	pthread_mutex_lock(&w->lock);
	a = w->newest ? assessment_ref(w->newest) : NULL;
	pthread_mutex_unlock(&w->lock);
	return a;
}

struct alerts *watch_alerts(struct watch *w)
{
	return w->alerts;
}
