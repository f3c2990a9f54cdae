/*
 * feed.c - the collector and the life of its feeds; see feed.h.
 *
 * A feed is made by collector_apply() and waits for its timer. feed_begin()
 * starts an attempt (fetch.c or drop.c); feed_finish() is where every attempt ends:
 * it sets health, counters and the next due time. A feed is freed at one place
 * only, leave(), and never while an attempt is under way: one that was removed
 * meanwhile waits in `leaving`.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/map.h"

#include <stdio.h>

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

enum {
	FEED_ARENA_BYTES = 64 << 20,
	COMPLAINTS_ARENA_BYTES = 1 << 20,
	/* A wall clock that was set is noticed within this time: timers run on the
	 * monotonic one. */
	LOOK_AGAIN_MS = 60000,
	/* How long the new version of a feed waits for the old one's attempt. */
	PREDECESSOR_MS = 1000,
};

static void on_timer(struct timer *t);

/* --- one feed ------------------------------------------------------------------------ */

static const char *feed_source(const struct feed *f)
{
	return f->config.url ? f->config.url : f->config.submit ? SUBMIT_PATH : f->config.folder;
}

static struct slice feed_name(const struct feed *f)
{
	return slice_str(f->config.name);
}

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

static void feed_free(struct feed *f)
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

static struct feed *feed_new(struct collector *c, const struct feed_config *config, struct err *e)
{
	struct feed *f = mem_zalloc(sizeof(*f));

	if (!f) {
		err_set(e, ERR_MEMORY, "feed %s: not enough memory", config->name);
		return NULL;
	}
	f->collector = c;
	arena_init(&f->arena, FEED_ARENA_BYTES);
	arena_init(&f->complaints_arena, COMPLAINTS_ARENA_BYTES);
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

static void plan(struct feed *f)
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

static void feed_begin(struct feed *f)
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

static void leave(struct feed *f);
static struct feed *find_in(struct feed **feeds, size_t n, const char *name);

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
		leave(f);
		return;
	}
	publish_health(f);
	plan(f);
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
		leave(f);
}

struct feed *feed_of_name(struct collector *c, const char *name)
{
	return find_in(c->feeds, c->nfeeds, name);
}

/* --- a document's place in the books ------------------------------------------------ */

static void keep_complaints(struct feed *f, const struct batch *b)
{
	size_t n = b && b->ncomplaints < FEED_COMPLAINTS ? b->ncomplaints : FEED_COMPLAINTS;

	arena_release(&f->complaints_arena);
	arena_init(&f->complaints_arena, COMPLAINTS_ARENA_BYTES);
	f->ncomplaints = 0;
	for (size_t i = 0; b && i < n; i++) {
		struct complaint c = b->complaints[i];

		c.text = arena_strdup(&f->complaints_arena, c.text);
		c.text_zh = arena_strdup(&f->complaints_arena, c.text_zh);
		c.place = arena_strdup(&f->complaints_arena, c.place);
		if (!c.text || !c.text_zh || !c.place)
			return;
		f->complaints[f->ncomplaints++] = c;
	}
}

static void count_reasons(const struct batch *b)
{
	for (int r = 0; r < REFUSALS; r++)
		if (b->count[r])
			counter_add_for(refusal_keeps((enum refusal)r) ? C_ROWS_SUSPECT
								       : C_ROWS_REFUSED,
					slice_str(refusal_name((enum refusal)r)),
					(double)b->count[r]);
}

/* A scrape every 15 seconds is no event; one that begins to lose samples is. */
static void log_document(struct feed *f, const struct intake *in, enum intake_end how)
{
	bool scrape = f->config.format == FORMAT_PROMETHEUS;
	enum log_level level = in->refused ? LOG_WARN : LOG_INFO;
	/* Of new series there may be some more each time; log_series() has said it. */
	uint64_t refused = in->refused - in->batch->count[REFUSED_SERIES];

	const struct log_field fields[] = {
		log_s("feed", f->config.name),
		log_s("origin", in->origin),
		log_i("kept", (int64_t)in->kept),
		log_i("refused", (int64_t)in->refused),
		log_i("suspect", (int64_t)in->suspect),
		log_i("new", in->fresh),
		log_i("revised", in->revised),
		log_i("unchanged", in->unchanged),
		log_i("submission", (int64_t)in->submission),
		log_err(&in->err), /* the last: only where there is one */
	};
	size_t n = sizeof(fields) / sizeof(*fields) - (in->err.code == ERR_NONE);

	if (scrape && refused == f->logged_refused)
		level = LOG_DEBUG;
	f->logged_refused = refused;
	log_write(how == INTAKE_REFUSED ? LOG_WARN : level,
		  how == INTAKE_REFUSED ? "document rejected" : "document accepted", fields, n);
}

static void log_series(const struct feed *f)
{
	struct series_count c = series_quota_count(f->quota);

	counter_set_for(C_FEED_SERIES, feed_name(f), (double)c.n);
	if (series_quota_is_news(f->quota))
		log_event(LOG_WARN, "new series refused: the feed has brought too many today",
			  log_s("feed", f->config.name), log_i("series", (int64_t)c.n),
			  log_i("series_limit", (int64_t)c.most));
}

static void keep_document(struct feed *f, const struct intake *in)
{
	f->document = (struct feed_document){
		.at_ms = loop_now(feed_loop(f)),
		.bytes = in->bytes,
		.rows = in->batch->rows,
		.kept = in->kept,
		.refused = in->refused,
		.suspect = in->suspect,
		.submission = in->submission,
		.fresh = in->fresh,
		.revised = in->revised,
		.unchanged = in->unchanged,
		.fetch_seconds = in->fetch_seconds,
		.decode_seconds = in->decode_seconds,
	};
	for (int r = 0; r < REFUSALS; r++)
		f->document.count[r] = in->batch->count[r];
	f->brought.bytes += in->bytes;
	f->brought.kept += in->kept;
	f->brought.refused += in->refused;
}

void feed_book(struct feed *f, const struct intake *in, enum intake_end how)
{
	struct slice name = feed_name(f);

	if (!in->batch)
		return;
	keep_document(f, in);
	f->kept_total += in->kept;
	f->refused_total += in->refused;
	f->bytes_total += in->bytes;
	counter_add_for(C_ROWS_KEPT, name, (double)in->kept);
	counter_add_for(C_ROWS_REFUSED_FEED, name, (double)in->refused);
	counter_add_for(C_ROWS_SUPPRESSED, name, (double)in->batch->suppressed);
	counter_add_for(C_FEED_BYTES, name, (double)in->bytes);
	count_reasons(in->batch);
	keep_complaints(f, in->batch);
	log_series(f);
	log_document(f, in, how);
}

/* --- the collector ------------------------------------------------------------------ */

struct collector *collector_new(const struct collector_options *o, struct err *e)
{
	struct collector *c = mem_zalloc(sizeof(*c));

	if (!c) {
		err_set(e, ERR_MEMORY, "not enough memory for the collector");
		return NULL;
	}
	c->o = *o;
	return c;
}

static struct feed *find_in(struct feed **feeds, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(feeds[i]->config.name, name))
			return feeds[i];
	return NULL;
}

static void drop_counters(const struct feed *f)
{
	static const enum counter_id of_feed[] = { C_FEED_UP,           C_FEED_LAST_SUCCESS,
						   C_FEED_LAST_CHANGE,  C_FEED_FAILURES,
						   C_FEED_BYTES,        C_ROWS_KEPT,
						   C_ROWS_REFUSED_FEED, C_FEED_SERIES,
						   C_ROWS_SUPPRESSED };

	for (size_t i = 0; i < sizeof(of_feed) / sizeof(*of_feed); i++)
		counter_drop_for(of_feed[i], feed_name(f));
}

/* Frees the collector once nothing is under way. */
static void close_if_idle(struct collector *c)
{
	void (*closed)(void *) = c->closed;
	void *ctx = c->closed_ctx;

	if (c->nfeeds || c->nleaving)
		return;
	mem_free(c->feeds);
	mem_free(c->leaving);
	mem_free(c);
	if (closed)
		closed(ctx);
}

static void take_out(struct feed **list, size_t *n, const struct feed *f)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i] == f) {
			memmove(list + i, list + i + 1, (*n - i - 1) * sizeof(*list));
			(*n)--;
			return;
		}
}

/* What a feed that is removed leaves behind: the one of its name goes on with its series, or they
 * end. True: that is being said, and feed_finish() follows. */
static bool hand_over(struct feed *f)
{
	struct collector *c = f->collector;
	struct feed *heir = find_in(c->feeds, c->nfeeds, f->config.name);

	if (c->closing || !f->removed)
		return false;
	if (heir)
		series_quota_inherit(heir->quota, f->quota);
	if (!f->cache)
		return false;
	if (heir && heir->cache) {
		scrape_cache_inherit(heir->cache, f->cache);
		return false;
	}
	if (!fetch_say_gone(f))
		return false;
	f->busy = true;
	return true;
}

/* The end of a feed that was removed or whose collector is closing. */
static void leave(struct feed *f)
{
	struct collector *c = f->collector;

	if (hand_over(f))
		return;
	take_out(c->leaving, &c->nleaving, f);
	take_out(c->feeds, &c->nfeeds, f);
	if (f->removed && !find_in(c->feeds, c->nfeeds, f->config.name))
		drop_counters(f);
	feed_free(f);
	if (c->closing)
		close_if_idle(c);
}

/* --- a new list --------------------------------------------------------------------- */

static bool keeps(const struct feed *f, const struct feed_config *config)
{
	return f && feed_config_same(&f->config, config);
}

struct replacement {
	struct feed **feeds;
	bool *made; /* made for this list, not taken over */
	size_t n;
	struct map by_name; /* of the list: name -> what stands in `feeds` */
};

static void replacement_release(struct replacement *r)
{
	map_release(&r->by_name);
	mem_free(r->made);
}

static void replacement_undo(struct replacement *r)
{
	for (size_t i = 0; r->made && r->feeds && i < r->n; i++)
		if (r->made[i])
			feed_free(r->feeds[i]);
	mem_free(r->feeds);
	replacement_release(r);
}

static int replacement_fill(struct collector *c, const struct map *now,
			    const struct feed_config *list, size_t n, struct replacement *r,
			    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct feed *f = map_get(now, slice_str(list[i].name));
		bool keep = keeps(f, &list[i]);

		if (map_get(&r->by_name, slice_str(list[i].name)))
			return err_set(e, ERR_EXISTS, "feed %s is there twice", list[i].name);
		if (!keep)
			f = feed_new(c, &list[i], e);
		if (!f)
			return -1;
		r->made[r->n] = !keep;
		r->feeds[r->n++] = f;
		if (map_put(&r->by_name, feed_name(f), f, e) < 0)
			return -1;
	}
	return 0;
}

/* All memory that the change needs; after this it cannot fail. */
static int replacement_make(struct collector *c, const struct feed_config *list, size_t n,
			    struct replacement *r, struct err *e)
{
	struct feed **leaving =
		mem_realloc(c->leaving, (c->nleaving + c->nfeeds + 1) * sizeof(*leaving));
	struct map now;
	int rc = -1;

	*r = (struct replacement){ .feeds = mem_zalloc((n + 1) * sizeof(*r->feeds)),
				   .made = mem_zalloc(n + 1) };
	map_init(&r->by_name);
	map_init(&now);
	if (leaving)
		c->leaving = leaving;
	if (!leaving || !r->feeds || !r->made) {
		err_set(e, ERR_MEMORY, "not enough memory for %zu feeds", n);
		goto out;
	}
	for (size_t i = 0; i < c->nfeeds; i++)
		if (map_put(&now, feed_name(c->feeds[i]), c->feeds[i], e) < 0)
			goto out;
	rc = replacement_fill(c, &now, list, n, r, e);
out:
	map_release(&now);
	if (rc < 0)
		replacement_undo(r);
	return rc;
}

static void retire(struct collector *c, struct feed *f, bool replaced)
{
	f->removed = true;
	timer_stop(&f->timer);
	if (!replaced) {
		log_event(LOG_INFO, "feed removed", log_s("feed", f->config.name));
		drop_counters(f);
	}
	c->leaving[c->nleaving++] = f;
}

int collector_apply(struct collector *c, const struct feed_config *list, size_t n, struct err *e)
{
	struct replacement r;

	if (replacement_make(c, list, n, &r, e) < 0)
		return err_wrap(e, "the feeds stay as they were");
	for (size_t i = 0; i < c->nfeeds; i++) {
		const struct feed *next = map_get(&r.by_name, feed_name(c->feeds[i]));

		if (next != c->feeds[i])
			retire(c, c->feeds[i], next != NULL);
	}
	mem_free(c->feeds);
	c->feeds = r.feeds;
	c->nfeeds = r.n;
	for (size_t i = c->nleaving; i-- > 0;)
		if (!c->leaving[i]->busy)
			leave(c->leaving[i]);
	for (size_t i = 0; i < r.n; i++)
		if (r.made[i])
			plan(r.feeds[i]);
	replacement_release(&r);
	return 0;
}

static void cancel(struct feed *f)
{
	if (f->config.submit)
		hand_in_cancel(f);
	else if (f->config.folder)
		drop_cancel(f);
	else
		fetch_cancel(f);
}

void collector_close(struct collector *c, void (*closed)(void *ctx), void *ctx)
{
	if (!c) {
		if (closed)
			closed(ctx);
		return;
	}
	c->closing = true;
	c->closed = closed;
	c->closed_ctx = ctx;
	for (size_t i = c->nfeeds; i-- > 0;) {
		struct feed *f = c->feeds[i];

		/* The loop may go before the last answer comes; its timers first. */
		timer_release(&f->timer);
		f->timer_held = false;
		if (f->busy) {
			cancel(f);
		} else {
			take_out(c->feeds, &c->nfeeds, f);
			feed_free(f);
		}
	}
	for (size_t i = 0; i < c->nleaving; i++) {
		timer_release(&c->leaving[i]->timer);
		c->leaving[i]->timer_held = false;
		cancel(c->leaving[i]);
	}
	close_if_idle(c);
}

/* --- looking ------------------------------------------------------------------------ */

size_t collector_feeds(const struct collector *c)
{
	return c->nfeeds;
}

static enum feed_health health(const struct feed *f)
{
	if (f->times.failures)
		return FEED_FAILING;
	return f->last_success_ms ? FEED_OK : FEED_NEW;
}

/* The intake whose document is being read, or NULL. */
static const struct intake *reading(const struct feed *f)
{
	const struct hand_in *h = f->hand_ins;

	if (f->stage != STAGE_DECODING)
		return NULL;
	while (h && h->next)
		h = h->next;
	return h ? &h->intake : &f->intake;
}

static void status_of_reading(const struct feed *f, struct feed_status *out)
{
	const struct intake *in = reading(f);

	if (!in)
		return;
	out->body_bytes = atomic_load(&in->progress.body_bytes);
	out->read_bytes = atomic_load(&in->progress.read_bytes);
	out->stored_figures = atomic_load(&in->progress.stored);
}

void collector_status(const struct collector *c, size_t i, struct feed_status *out)
{
	static const char *const stages[] = { "waiting", "fetching", "decoding", "storing" };
	const struct feed *f = c->feeds[i];
	const struct series_count series = series_quota_count(f->quota);

	*out = (struct feed_status){
		.name = f->config.name,
		.source = feed_source(f),
		.owner = f->config.owner,
		.health = health(f),
		.state = stages[f->stage],
		.last_attempt_ms = f->times.last_attempt_ms,
		.last_success_ms = f->last_success_ms,
		.last_change_ms = f->last_change_ms,
		.next_ms = f->next_ms,
		.failing_since_ms = f->failing_since_ms,
		.failures = f->times.failures,
		.every_ms = f->config.every_ms,
		.kept_total = f->kept_total,
		.refused_total = f->refused_total,
		.bytes_total = f->bytes_total,
		.series = series.n,
		.series_limit = series.most,
		.error = f->error.code == ERR_NONE ? "" : f->error.text,
		.complaints = f->complaints,
		.ncomplaints = f->ncomplaints,
		.format = format_of((enum feed_format)f->config.format)->name,
		.document = &f->document,
		.nattempts = f->nattempts,
	};
	for (size_t k = 0; k < f->nattempts; k++)
		out->attempts[k] =
			f->attempts[(f->next_attempt + FEED_ATTEMPTS - 1 - k) % FEED_ATTEMPTS];
	status_of_reading(f, out);
}

int collector_poll(struct collector *c, const char *name, struct err *e)
{
	struct feed *f = find_in(c->feeds, c->nfeeds, name);

	if (!f)
		return err_set(e, ERR_NOT_FOUND, "no feed is called '%s'", name);
	if (f->config.submit)
		return err_set(e, ERR_INVALID, "documents of feed '%s' are handed in", name);
	feed_begin(f);
	return 0;
}
