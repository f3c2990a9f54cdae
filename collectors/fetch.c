/*
 * fetch.c - one attempt to fetch a URL.
 *
 *     fetch_attempt ─▶ (on_secrets) ─▶ on_response ─▶ intake ─▶ on_intake ─▶ feed_finish
 *                                          └ 304 ──────────────────────────────▲
 *                                          └ failed ─▶ (a scrape: up = 0 is stored) ┘
 *
 * An answer in pages (pages.c) is asked for page by page before the intake.
 *
 * What the server said about its version (ETag, Last-Modified) is only remembered
 * once the body is durable or refused for good: a body that was fetched but not
 * stored is asked for in full again.
 */
#include "collectors/feed_private.h"

#include <stdio.h>

enum { URL_ARENA_BYTES = 64 << 10, DAY_MS = 86400000 };

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static void on_response(struct http_fetch *h);
static void on_secrets(struct feed *f, enum secrets_end how, const struct err *err);
static void on_page(struct feed *f, enum pages_end how, const struct err *err);
static void on_intake(struct intake *in, enum intake_end how);
static void on_down_stored(struct intake *in, enum intake_end how);
static void on_gone_stored(struct intake *in, enum intake_end how);

/* A scrape that brings the same text again brings new samples: they are stamped when
 * they are scraped. */
static bool is_scrape(const struct feed *f)
{
	return f->config.format == FORMAT_PROMETHEUS;
}

static bool catalogue_is_the_same(const struct feed *f)
{
	const struct collector_options *o = &f->collector->o;
	struct catalogue *cat = o->catalogue(o->catalogue_ctx);
	bool same = catalogue_version(cat) == f->processed.catalogue;

	catalogue_unref(cat);
	return same;
}

/* Whether a body equal to the last one needs no decoding. A catalogue that has changed
 * may understand what it refused, and a period that had not ended may have by now. */
static bool processed_holds(const struct feed *f)
{
	return f->processed.valid && !is_scrape(f) && catalogue_is_the_same(f) &&
	       (!f->processed.again_ms || f->attempt_ms < f->processed.again_ms);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* --- ends ------------------------------------------------------------------------------ */

/* The attempt failed: a scrape's failure is a sample too. */
static void fail(struct feed *f, const struct err *err)
{
	struct intake *in = &f->intake;
	double seconds = f->fetch.seconds;
	struct err e;

	secrets_end(f);
	pages_end(f);
	intake_release(in);
	if (!is_scrape(f) || f->collector->closing) {
		feed_finish(f, f->collector->closing ? ATTEMPT_CANCELLED : ATTEMPT_FAILED, err,
			    false);
		return;
	}
	f->attempt_err = *err;
	*in = (struct intake){
		.feed = f,
		.what = INTAKE_DOWN,
		.done = on_down_stored,
		.origin = f->config.url,
		.now_ms = f->attempt_ms,
		.fetch_seconds = seconds,
	};
	if (intake_start(in, &e) < 0)
		on_down_stored(in, INTAKE_FAILED);
}

static void on_down_stored(struct intake *in, enum intake_end how)
{
	struct feed *f = in->feed;
	struct err err = f->attempt_err;

	(void)how; /* the sample could not be kept; the attempt's own error matters more */
	intake_release(in);
	feed_finish(f, ATTEMPT_FAILED, &err, false);
}

/* The body is the one processed last, so what was thought of it still holds. */
static void finish_unchanged(struct feed *f)
{
	struct err verdict = f->processed.verdict;

	intake_release(&f->intake);
	if (verdict.code != ERR_NONE) {
		feed_finish(f, ATTEMPT_REFUSED, &verdict, false);
		return;
	}
	f->error = (struct err){ 0 };
	feed_finish(f, ATTEMPT_UNCHANGED, NULL, false);
}

/* 00:00 local time tomorrow, when the next period can have ended. */
static int64_t tomorrow(const struct intake *in)
{
	const struct zone *z = catalogue_zone(in->catalogue);
	int64_t today = date_to_days(zone_civil(z, in->now_ms).date);

	return zone_ms(z, date_from_days(today + 1), 0);
}

static void remember(struct feed *f, const struct intake *in)
{
	struct processed *p = &f->processed;
	int64_t again;

	p->valid = true;
	p->hash = in->hash;
	p->catalogue = catalogue_version(in->catalogue);
	again = in->batch && in->batch->count[REFUSED_NOT_ENDED] ? tomorrow(in) : 0;
	/* What a whole answer had too early does not come again with a part. */
	if (!f->asked_part || !p->again_ms || (again && again < p->again_ms))
		p->again_ms = again;
	p->verdict = in->err;
	snprintf(p->etag, sizeof(p->etag), "%s", f->fetch.new_etag);
	snprintf(p->last_modified, sizeof(p->last_modified), "%s", f->fetch.new_last_modified);
}

/* Stored, or refused for good. */
static void finish_processed(struct feed *f, struct intake *in, enum intake_end how)
{
	struct err err = in->err;
	bool changed = f->processed.valid && f->processed.hash != in->hash;

	feed_book(f, in, how);
	remember(f, in);
	intake_release(in);
	f->error = err;
	if (err.code != ERR_NONE)
		feed_finish(f, ATTEMPT_REFUSED, &err, changed);
	else
		feed_finish(f, ATTEMPT_CHANGED, NULL, changed);
}

/* --- the way ----------------------------------------------------------------------------- */

static void on_intake(struct intake *in, enum intake_end how)
{
	struct feed *f = in->feed;
	struct err err = in->err;

	switch (how) {
	case INTAKE_STORED:
	case INTAKE_NOTHING:
	case INTAKE_REFUSED:
		finish_processed(f, in, how);
		break;
	case INTAKE_SAME:
		/* The server may have given an equal body a new tag. */
		snprintf(f->processed.etag, sizeof(f->processed.etag), "%s", f->fetch.new_etag);
		snprintf(f->processed.last_modified, sizeof(f->processed.last_modified), "%s",
			 f->fetch.new_last_modified);
		finish_unchanged(f);
		break;
	case INTAKE_FAILED:
		/* The store, or memory: nothing of a scrape's own to report either. */
		if (!in->unpack_failed) {
			intake_release(in);
			feed_finish(f, ATTEMPT_FAILED, &err, false);
			break;
		}
		fail(f, &err);
		break;
	case INTAKE_CANCELLED:
		intake_release(in);
		feed_finish(f, ATTEMPT_CANCELLED, NULL, false);
		break;
	}
}

static void take_body(struct feed *f, struct buf body, const char *encoding)
{
	const struct collector_options *o = &f->collector->o;
	struct http_fetch *h = &f->fetch;
	struct intake *in = &f->intake;
	struct err e;

	secrets_end(f);
	*in = (struct intake){
		.feed = f,
		.done = on_intake,
		.body = body,
		.origin = f->config.url,
		.now_ms = f->attempt_ms,
		.fetch_seconds = h->seconds,
		.known = processed_holds(f),
		.known_hash = f->processed.hash,
		.catalogue = o->catalogue(o->catalogue_ctx),
	};
	snprintf(in->content_type, sizeof(in->content_type), "%s", h->content_type);
	snprintf(in->encoding, sizeof(in->encoding), "%s", encoding);
	snprintf(in->address, sizeof(in->address), "%s", h->address);
	if (intake_start(in, &e) < 0)
		fail(f, &e);
}

/* How SDMX services say that there are no figures of the kind (SDMX REST, error 100). */
static bool nothing_newer(const struct feed *f, const struct http_fetch *h)
{
	return f->asked_part && h->status == 404;
}

/* What the answer is worth before its body is looked at; ERR_NONE for a 200. */
static void judge_status(const struct feed *f, const struct http_fetch *h, bool conditional,
			 struct err *e)
{
	e->code = ERR_NONE;
	if (h->err.code != ERR_NONE)
		*e = h->err;
	else if (h->status == 304 && !conditional)
		err_set(e, ERR_NET,
			"the server answered HTTP status 304 to a request without a "
			"condition");
	else if (h->status != 200 && h->status != 304 && !nothing_newer(f, h))
		err_set(e, ERR_NET, "the server answered HTTP status %ld", h->status);
}

static void on_response(struct http_fetch *h)
{
	struct feed *f = container_of(h, struct feed, fetch);
	struct err err;
	struct buf body;
	int rc;

	judge_status(f, h, h->etag || h->last_modified, &err);
	if (err.code != ERR_NONE || h->status == 304 || nothing_newer(f, h) ||
	    f->collector->closing) {
		f->times.retry_after_ms = h->retry_after_ms;
		http_fetch_release(h);
		if (err.code != ERR_NONE || f->collector->closing)
			fail(f, &err);
		else
			finish_unchanged(f);
		return;
	}
	if (f->pages) {
		rc = pages_read(f, h, on_page, &err);
		http_fetch_release(h);
		if (rc < 0)
			fail(f, &err);
		return;
	}
	body = h->body;
	buf_init(&h->body, 0);
	http_fetch_release(h);
	take_body(f, body, h->content_encoding);
}

static void ask_as(const struct asking *q, struct http_fetch *h)
{
	h->cert_file = q->cert_file;
	h->key_file = q->key_file;
	h->server_name = q->server_name;
	h->proxy = q->proxy;
	h->posts = q->body != NULL;
	if (h->posts)
		h->post = slice_str(q->body);
}

/* Once a day all is asked for: what was taken back is in no part. A part is of use only when what
 * came before it is kept, and still understood as it was. */
static bool asks_part(const struct feed *f)
{
	return f->config.updated_after && f->good_ms && processed_holds(f) &&
	       f->processed.verdict.code == ERR_NONE && f->attempt_ms - f->full_ms < DAY_MS;
}

static int url_of_part(struct feed *f, const char **out, struct err *e)
{
	char when[TIME_TEXT];

	time_print_utc(f->good_ms, when);
	strcpy(strchr(when, '.'), "Z"); /* not all servers know fractions of a second */
	arena_release(&f->url_arena);
	arena_init(&f->url_arena, URL_ARENA_BYTES);
	return paging_with_parameter(f->config.url, "updatedAfter", when, &f->url_arena, out, e);
}

/* What the server says of one page's or a part's version says nothing of all of them, and
 * conditions are for GET (RFC 9110, 13.1). */
static void ask(struct feed *f)
{
	const struct feed_config *c = &f->config;
	struct http_fetch *h = &f->fetch;
	bool conditional = !f->pages && !c->asking.body && !c->updated_after && processed_holds(f);
	struct err e;

	http_fetch_init(h);
	h->url = f->pages ? pages_url(f) : c->url;
	f->asked_part = asks_part(f);
	h->headers = secrets_headers(f);
	ask_as(&c->asking, h);
	h->etag = conditional ? or_null(f->processed.etag) : NULL;
	h->last_modified = conditional ? or_null(f->processed.last_modified) : NULL;
	h->ca_file = c->ca_file;
	h->large = true;
	h->body_limit = f->pages ? pages_room(f) : (size_t)c->body_limit;
	h->timeout_ms = c->timeout_ms;
	h->redirects = (unsigned)c->redirects;
	h->done = on_response;
	if ((f->asked_part && url_of_part(f, &h->url, &e) < 0) ||
	    http_fetch_start(f->collector->o.client, h, &e) < 0)
		fail(f, &e);
}

static void on_page(struct feed *f, enum pages_end how, const struct err *err)
{
	struct err why;

	switch (how) {
	case PAGES_MORE:
		ask(f);
		break;
	case PAGES_ALL:
		take_body(f, pages_take(f), "");
		break;
	case PAGES_FAILED:
		why = *err; /* goes with the pages */
		fail(f, &why);
		break;
	case PAGES_CANCELLED:
		pages_end(f);
		feed_finish(f, ATTEMPT_CANCELLED, NULL, false);
		break;
	}
}

static void first_ask(struct feed *f)
{
	struct err e;

	if (f->config.paging.kind != PAGING_NONE && pages_begin(f, &e) < 0)
		fail(f, &e);
	else
		ask(f);
}

static void on_secrets(struct feed *f, enum secrets_end how, const struct err *err)
{
	struct err why;

	switch (how) {
	case SECRETS_READ:
		first_ask(f);
		break;
	case SECRETS_FAILED:
		why = *err; /* goes with the secrets */
		fail(f, &why);
		break;
	case SECRETS_CANCELLED:
		feed_finish(f, ATTEMPT_CANCELLED, NULL, false);
		break;
	}
}

void fetch_attempt(struct feed *f)
{
	struct err e;

	f->times.retry_after_ms = 0;
	f->fetch.seconds = 0;
	if (!asking_has_secrets(&f->config.asking))
		first_ask(f);
	else if (secrets_read(f, on_secrets, &e) < 0)
		fail(f, &e);
}

/* --- the end of a feed --------------------------------------------------------------------- */

bool fetch_say_gone(struct feed *f)
{
	struct intake *in = &f->intake;
	int64_t now = loop_now(feed_loop(f));
	struct err e;

	if (f->said_gone || !f->cache || !scrape_cache_any_live(f->cache))
		return false;
	f->said_gone = true;
	*in = (struct intake){
		.feed = f,
		.what = INTAKE_GONE,
		.done = on_gone_stored,
		.origin = f->config.url,
		.now_ms = now > f->attempt_ms ? now : f->attempt_ms + 1,
	};
	if (intake_start(in, &e) == 0)
		return true;
	intake_release(in);
	return false;
}

static void on_gone_stored(struct intake *in, enum intake_end how)
{
	struct feed *f = in->feed;

	(void)how; /* there is nobody left to try again */
	intake_release(in);
	feed_finish(f, ATTEMPT_CANCELLED, NULL, false);
}

void fetch_cancel(struct feed *f)
{
	if (secrets_cancel(f) || pages_cancel(f))
		return;
	if (f->stage == STAGE_FETCHING)
		http_fetch_cancel(&f->fetch);
	else
		intake_cancel(&f->intake);
}
