/*
 * feed.c - the life of one feed; see feed.h.
 *
 * A feed is made by collector_apply() and waits for its timer. feed_begin()
 * starts an attempt (fetch.c or drop.c); feed_finish() is where every attempt ends:
 * it sets health, counters and the next due time. A feed is freed at one place
 * only, collector_leave(), and never while an attempt is under way.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"

#include <stdio.h>

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

enum {
	FEED_ARENA_BYTES = 64 << 20,
	/* A wall clock that was set is noticed within this time: timers run on the
	 * monotonic one. */
	LOOK_AGAIN_MS = 60000,
	/* How long the new version of a feed waits for the old one's attempt. */
	PREDECESSOR_MS = 1000,
};

static void on_timer(struct timer *t);

/* --- one feed ------------------------------------------------------------------------ */

/* host:port of the URL, the port written out, as Prometheus labels its targets. */
static const char *instance_of(const char *url, struct arena *a)
{
	const char *host = strstr(url, "://"), *at;
	size_t n;

	host = host ? host + 3 : url;
	n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	/* A colon behind the last bracket (of an IPv6 address) is the port's. */
	at = memrchr(host, ']', n);
	at = at ? at : host;
	if (memchr(at, ':', n - (size_t)(at - host)))
		return arena_strndup(a, host, n);
	return arena_printf(a, "%.*s:%d", (int)n, host, strncasecmp(url, "https", 5) ? 80 : 443);
}

static bool header_given(const char *const *list, const char *name)
{
	size_t n = strlen(name);

	for (; list && *list; list++)
		if (!strncasecmp(*list, name, n) && (*list)[n] == ':')
			return true;
	return false;
}

/* The configured headers and those that a format wants. Packed bodies are asked for: we
 * unpack ourselves, with limits (base/inflate.h). */
static const char *const *headers_of(const struct feed_config *c, struct arena *a)
{
	const char **out;
	size_t n = 0;

	while (c->headers[n])
		n++;
	out = arena_array(a, n + 4, sizeof(*out));
	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++)
		out[i] = c->headers[i];
	if (!header_given(c->headers, "Accept"))
		out[n++] = format_of((enum feed_format)c->format)->accept;
	out[n++] = "Accept-Encoding: gzip";
	if (!c->asking.body)
		return out;
	out[n] = arena_printf(a, "Content-Type: %s", c->asking.content_type);
	return out[n] ? out : NULL;
}

void feed_free(struct feed *f)
{
	if (f->timer_held)
		timer_release(&f->timer);
	drop_free(f->drop);
	relabel_free(f->relabel);
	scrape_cache_free(f->cache);
	series_quota_free(f->quota);
	arena_release(&f->complaints_arena);
	arena_release(&f->url_arena);
	arena_release(&f->arena);
	mem_free(f);
}

static int scrape_prepare(struct feed *f, struct err *e)
{
	const struct feed_config *c = &f->config;

	f->cache = scrape_cache_new(e);
	if (!f->cache)
		return -1;
	if (c->nmetric_relabel_configs)
		f->relabel = relabel_new(c->metric_relabel_configs, c->nmetric_relabel_configs, e);
	return c->nmetric_relabel_configs && !f->relabel ? -1 : 0;
}

static int feed_prepare(struct feed *f, const struct feed_config *config, struct err *e)
{
	struct feed_config *c = &f->config;

	if (feed_config_copy(config, &f->arena, c, e) < 0)
		return -1;
	f->schedule = (struct schedule){
		.every_ms = c->every_ms,
		.jitter = c->jitter,
		.backoff_max_ms = c->backoff_max_ms,
		.working_day = c->working_day,
		.freq = (enum freq)c->freq,
		.seed = hash_bytes(c->name, strlen(c->name)),
	};
	f->instance = c->url ? instance_of(c->url, &f->arena) : "";
	f->request_headers = headers_of(c, &f->arena);
	if (!f->instance || !f->request_headers)
		return err_set(e, ERR_MEMORY, "feed %s: not enough memory", config->name);
	f->quota = series_quota_new((size_t)c->series_limit, e);
	if (!f->quota)
		return err_wrap(e, "feed %s", config->name);
	if (c->format == FORMAT_PROMETHEUS && scrape_prepare(f, e) < 0)
		return err_wrap(e, "feed %s", config->name);
	return c->folder ? drop_new(f, e) : 0;
}

struct feed *feed_new(struct collector *c, const struct feed_config *config, struct err *e)
{
	struct feed *f = mem_zalloc(sizeof(*f));

	if (!f) {
		err_set(e, ERR_MEMORY, "feed %s: not enough memory", config->name);
		return NULL;
	}
	f->collector = c;
	arena_init(&f->arena, FEED_ARENA_BYTES);
	arena_init(&f->complaints_arena, FEED_COMPLAINTS_BYTES);
	if (feed_prepare(f, config, e) < 0) {
		feed_free(f);
		return NULL;
	}
	timer_init(&f->timer, c->o.loop, on_timer);
	f->timer_held = true;
	return f;
}

/* --- when it is due --------------------------------------------------------------------- */

static int64_t due_time(const struct feed *f, int64_t now)
{
	const struct collector_options *o = &f->collector->o;
	struct catalogue *cat = o->catalogue(o->catalogue_ctx);
	int64_t at = schedule_next(&f->schedule, &f->times, catalogue_workdays(cat),
				   catalogue_zone(cat), now);

	catalogue_unref(cat);
	return at;
}

static void arm(struct feed *f, int64_t now)
{
	int64_t wait = f->next_ms - now;

	timer_start(&f->timer, wait < LOOK_AGAIN_MS ? wait : LOOK_AGAIN_MS);
}

void feed_plan(struct feed *f)
{
	int64_t now = loop_now(feed_loop(f));

	if (f->config.submit)
		return; /* its owner knows when */
	f->next_ms = due_time(f, now);
	arm(f, now);
}

/* The version of this feed that a reload replaced is still at its last attempt. */
static bool predecessor_busy(const struct feed *f)
{
	const struct collector *c = f->collector;

	for (size_t i = 0; i < c->nleaving; i++)
		if (!strcmp(c->leaving[i]->config.name, f->config.name))
			return true;
	return false;
}

void feed_begin(struct feed *f)
{
	int64_t now = loop_now(feed_loop(f));

	if (f->busy || f->collector->closing)
		return;
	if (predecessor_busy(f)) {
		f->next_ms = now + PREDECESSOR_MS;
		arm(f, now);
		return;
	}
	timer_stop(&f->timer);
	f->busy = true;
	f->attempt_ms = now;
	f->brought = (struct feed_attempt){ .at_ms = now };
	f->stage = STAGE_FETCHING;
	if (f->config.folder)
		drop_attempt(f);
	else
		fetch_attempt(f);
}

static void on_timer(struct timer *t)
{
	struct feed *f = container_of(t, struct feed, timer);
	int64_t now = loop_now(feed_loop(f)), due;

	if (now < f->next_ms) {
		/* Either the wait was longer than a look, or the wall clock was set back:
		 * then what is planned lies too far ahead. */
		due = due_time(f, now);
		if (due < f->next_ms)
			f->next_ms = due;
		if (now < f->next_ms) {
			arm(f, now);
			return;
		}
	}
	feed_begin(f);
}

/* --- the end of an attempt ------------------------------------------------------------------ */

static const char *result_name(enum attempt_result how)
{
	static const char *const names[] = { "changed", "unchanged", "refused", "failed",
					     "cancelled" };

	return names[how];
}

static void log_failure(struct feed *f, const struct err *err)
{
	if (f->logged.code == err->code && !strcmp(f->logged.text, err->text))
		return;
	f->logged = *err;
	log_event(LOG_WARN, "feed failed", log_s("feed", f->config.name), log_err(err),
		  log_i("failures", f->times.failures));
}

static void log_recovery(struct feed *f, int64_t now)
{
	if (f->logged.code == ERR_NONE)
		return;
	f->logged = (struct err){ 0 };
	log_event(LOG_INFO, "feed recovered", log_s("feed", f->config.name),
		  log_i("failures", f->times.failures),
		  log_d("failing_seconds", (double)(now - f->failing_since_ms) / 1e3));
}

static void note_good(struct feed *f, int64_t now)
{
	log_recovery(f, now);
	f->times.failures = 0;
	f->times.retry_after_ms = 0;
	f->failing_since_ms = 0;
	f->last_success_ms = now;
	f->good_ms = f->attempt_ms;
	if (!f->asked_part)
		f->full_ms = f->attempt_ms;
}

static void note_bad(struct feed *f, const struct err *err, int64_t now)
{
	if (!f->failing_since_ms)
		f->failing_since_ms = now;
	f->times.failures++;
	f->error = *err;
	log_failure(f, err);
}

static void publish_health(const struct feed *f)
{
	struct slice name = feed_name(f);

	counter_set_for(C_FEED_UP, name, f->times.failures == 0);
	counter_set_for(C_FEED_FAILURES, name, f->times.failures);
	if (f->last_success_ms)
		counter_set_for(C_FEED_LAST_SUCCESS, name, (double)f->last_success_ms / 1e3);
	if (f->last_change_ms)
		counter_set_for(C_FEED_LAST_CHANGE, name, (double)f->last_change_ms / 1e3);
}

static void remember_attempt(struct feed *f, const char *result, int64_t now)
{
	f->brought.seconds = (double)(now - f->brought.at_ms) / 1e3;
	f->brought.result = result;
	f->attempts[f->next_attempt] = f->brought;
	f->next_attempt = (f->next_attempt + 1) % FEED_ATTEMPTS;
	if (f->nattempts < FEED_ATTEMPTS)
		f->nattempts++;
}

void feed_finish(struct feed *f, enum attempt_result how, const struct err *err, bool changed)
{
	int64_t now = loop_now(feed_loop(f));

	secrets_end(f);
	f->busy = false;
	f->stage = STAGE_WAITING;
	if (how != ATTEMPT_CANCELLED) {
		f->times.last_attempt_ms = f->attempt_ms;
		if (how == ATTEMPT_CHANGED)
			f->last_change_ms = now;
		/* The first body after a start may be last month's: only one that differs
		 * from a body we have seen ends the wait for a release. */
		if (how == ATTEMPT_CHANGED && changed)
			f->times.last_change_ms = now;
		if (how == ATTEMPT_CHANGED || how == ATTEMPT_UNCHANGED)
			note_good(f, now);
		else if (err)
			note_bad(f, err, now);
		counter_add_for(C_FEED_POLLS, slice_str(result_name(how)), 1);
		remember_attempt(f, result_name(how), now);
	}
	if (feed_ending(f)) {
		collector_leave(f);
		return;
	}
	publish_health(f);
	feed_plan(f);
}

static const char *handed_in_name(enum intake_end how)
{
	switch (how) {
	case INTAKE_STORED:
		return result_name(ATTEMPT_CHANGED);
	case INTAKE_REFUSED:
		return result_name(ATTEMPT_REFUSED);
	case INTAKE_NOTHING:
	case INTAKE_SAME:
		return result_name(ATTEMPT_UNCHANGED);
	default:
		return result_name(ATTEMPT_FAILED);
	}
}

void feed_handed_in(struct feed *f, const struct intake *in, enum intake_end how)
{
	int64_t now = loop_now(feed_loop(f));

	f->times.last_attempt_ms = now;
	if (how == INTAKE_STORED)
		f->last_success_ms = f->last_change_ms = now;
	/* Whoever handed it in has been told: the feed itself has not failed. */
	f->error = in->err;
	f->brought = (struct feed_attempt){ .at_ms = in->now_ms };
	feed_book(f, in, how);
	remember_attempt(f, handed_in_name(how), now);
	publish_health(f);
}

void feed_rest(struct feed *f)
{
	f->busy = false;
	f->stage = STAGE_WAITING;
	if (feed_ending(f))
		collector_leave(f);
}
