/*
 * collector.c - all feeds: a new list of them, the end, what can be seen of each; see feed.h.
 *
 * A new list keeps the feeds that mean the same. One that was removed while an attempt is under
 * way waits in `leaving`.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/map.h"

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

struct feed *feed_of_name(struct collector *c, const char *name)
{
	for (size_t i = 0; i < c->nfeeds; i++)
		if (!strcmp(c->feeds[i]->config.name, name))
			return c->feeds[i];
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
	struct feed *heir = feed_of_name(c, f->config.name);

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

void collector_leave(struct feed *f)
{
	struct collector *c = f->collector;

	if (hand_over(f))
		return;
	take_out(c->leaving, &c->nleaving, f);
	take_out(c->feeds, &c->nfeeds, f);
	if (f->removed && !feed_of_name(c, f->config.name))
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

enum { BEGIN_EVERY_MS = 10, BEGIN_WITHIN_MS = 5000 };

/* A hundred a second begin, or as many as the shortest intervals make: ten thousand that all began
 * within seconds would come so again and again. */
static void plan_made(const struct replacement *r)
{
	int64_t spread_ms = 0;

	for (size_t i = 0; i < r->n; i++)
		spread_ms += r->made[i] ? BEGIN_EVERY_MS : 0;
	if (spread_ms < BEGIN_WITHIN_MS)
		spread_ms = BEGIN_WITHIN_MS;
	for (size_t i = 0; i < r->n; i++) {
		if (!r->made[i])
			continue;
		r->feeds[i]->schedule.spread_ms = spread_ms;
		feed_plan(r->feeds[i]);
	}
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
			collector_leave(c->leaving[i]);
	plan_made(&r);
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

static const char *source_of(const struct feed *f)
{
	return f->config.url ? f->config.url : f->config.submit ? SUBMIT_PATH : f->config.folder;
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

/* A folder on a server that hangs ends no attempt: each DROP_PATIENCE_MS count as one that failed.
 */
static void status_of_silence(const struct feed *f, struct feed_status *out)
{
	int64_t silent = drop_silent_ms(f);

	if (silent < DROP_PATIENCE_MS)
		return;
	out->health = FEED_FAILING;
	out->failures += (unsigned)(silent / DROP_PATIENCE_MS);
	if (!out->failing_since_ms)
		out->failing_since_ms = loop_now(f->collector->o.loop) - silent;
	out->error = "the folder does not answer: its server is silent, or other folders that "
		     "do not answer hold all workers";
}

void collector_status(const struct collector *c, size_t i, struct feed_status *out)
{
	static const char *const stages[] = { "waiting", "fetching", "decoding", "storing" };
	const struct feed *f = c->feeds[i];
	const struct series_count series = series_quota_count(f->quota);

	*out = (struct feed_status){
		.name = f->config.name,
		.source = source_of(f),
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
	status_of_silence(f, out);
}

int collector_poll(struct collector *c, const char *name, struct err *e)
{
	struct feed *f = feed_of_name(c, name);

	if (!f)
		return err_set(e, ERR_NOT_FOUND, "no feed is called '%s'", name);
	if (f->config.submit)
		return err_set(e, ERR_INVALID, "documents of feed '%s' are handed in", name);
	feed_begin(f);
	return 0;
}
