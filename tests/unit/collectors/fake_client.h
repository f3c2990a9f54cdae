/*
 * fake_client.h - the HTTP client as a script: what is answered next, and what was asked.
 *
 * Defines the functions of loop/http_client.h, so that a test that includes it has no network.
 * Answers come through the loop, as real ones do. One file of a program includes it.
 */
#ifndef TESTS_UNIT_COLLECTORS_FAKE_CLIENT_H
#define TESTS_UNIT_COLLECTORS_FAKE_CLIENT_H

#include "loop/http_client.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

enum { FAKE_FETCHES = 8 };

struct fake_reply {
	long status;
	struct slice body;
	const char *etag, *last_modified, *content_type, *encoding;
	int64_t retry_after_ms;
	struct err err;
	bool hold; /* no answer until fake_release() */
};

struct http_client {
	struct loop *loop;
	struct fake_reply reply;
	unsigned asked;
	char etag[256], last_modified[64]; /* of the last request; "" when not sent */
	char url[512], headers[1024], post[256];
	char ways[512]; /* CA, certificate, key, server's name, proxy; - for none */
	size_t body_limit;
	int64_t timeout_ms;
	struct fake_pending {
		struct post post;
		struct http_client *client;
		struct http_fetch *fetch;
		bool posted, cancelled;
	} pending[FAKE_FETCHES];
};

static inline void fake_answer(struct post *p)
{
	struct fake_pending *d =
		(struct fake_pending *)(void *)((char *)p - offsetof(struct fake_pending, post));
	const struct fake_reply *r = &d->client->reply;
	struct http_fetch *f = d->fetch;

	if (d->cancelled) {
		err_set(&f->err, ERR_CANCELLED, "cancelled");
	} else {
		f->err = r->err;
		f->status = r->status;
		f->seconds = 0.25;
		f->retry_after_ms = r->retry_after_ms;
		buf_init(&f->body, 64 << 20);
		buf_slice(&f->body, r->body);
		snprintf(f->content_type, sizeof(f->content_type), "%s",
			 r->content_type ? r->content_type : "");
		snprintf(f->content_encoding, sizeof(f->content_encoding), "%s",
			 r->encoding ? r->encoding : "");
		snprintf(f->new_etag, sizeof(f->new_etag), "%s", r->etag ? r->etag : "");
		snprintf(f->new_last_modified, sizeof(f->new_last_modified), "%s",
			 r->last_modified ? r->last_modified : "");
	}
	d->fetch = NULL;
	f->done(f);
}

static inline void fake_post(struct fake_pending *d)
{
	if (d->posted)
		return;
	d->posted = true;
	d->post.call = fake_answer;
	loop_post(d->client->loop, &d->post);
}

/* Answers what is held, with what the reply is now. */
static inline void fake_release(struct http_client *c)
{
	c->reply.hold = false;
	for (size_t i = 0; i < FAKE_FETCHES; i++)
		if (c->pending[i].fetch)
			fake_post(&c->pending[i]);
}

static inline bool fake_is_asked(void *ctx)
{
	const struct http_client *c = ctx;

	for (size_t i = 0; i < FAKE_FETCHES; i++)
		if (c->pending[i].fetch)
			return true;
	return false;
}

struct http_client *http_client_new(struct loop *l, const struct http_client_options *o,
				    struct err *e)
{
	struct http_client *c = calloc(1, sizeof(*c));

	(void)o;
	(void)e;
	assert_non_null(c);
	c->loop = l;
	return c;
}

void http_client_free(struct http_client *c)
{
	assert_false(fake_is_asked(c));
	free(c);
}

int http_url_follow(const char *from, const char *link, struct arena *a, const char **out,
		    struct err *e)
{
	(void)from;
	*out = arena_strdup(a, link);
	return *out ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

int http_url_check(const char *url, struct err *e)
{
	if (strncmp(url, "http", 4) != 0)
		return err_set(e, ERR_REFUSED, "no http");
	return 0;
}

int http_proxy_check(const char *url, struct err *e)
{
	return http_url_check(url, e);
}

void http_fetch_init(struct http_fetch *f)
{
	*f = (struct http_fetch){ 0 };
}

static inline const char *or_dash(const char *text)
{
	return text ? text : "-";
}

int http_fetch_start(struct http_client *c, struct http_fetch *f, struct err *e)
{
	size_t n = 0, i = 0;

	(void)e;
	c->asked++;
	snprintf(c->etag, sizeof(c->etag), "%s", f->etag ? f->etag : "");
	snprintf(c->last_modified, sizeof(c->last_modified), "%s",
		 f->last_modified ? f->last_modified : "");
	c->headers[0] = '\0';
	for (const char *const *h = f->headers; h && *h; h++)
		n += (size_t)snprintf(c->headers + n, sizeof(c->headers) - n, "%s\n", *h);
	snprintf(c->url, sizeof(c->url), "%s", f->url);
	snprintf(c->post, sizeof(c->post), "%.*s", f->posts ? (int)f->post.n : 0, f->post.p);
	snprintf(c->ways, sizeof(c->ways), "%s %s %s %s %s", or_dash(f->ca_file),
		 or_dash(f->cert_file), or_dash(f->key_file), or_dash(f->server_name),
		 or_dash(f->proxy));
	c->body_limit = f->body_limit;
	c->timeout_ms = f->timeout_ms;
	f->client = c;
	while (c->pending[i].fetch)
		assert_true(++i < FAKE_FETCHES);
	c->pending[i] = (struct fake_pending){ .client = c, .fetch = f };
	if (!c->reply.hold)
		fake_post(&c->pending[i]);
	return 0;
}

void http_fetch_cancel(struct http_fetch *f)
{
	struct http_client *c = f->client;

	for (size_t i = 0; i < FAKE_FETCHES; i++)
		if (c->pending[i].fetch == f) {
			c->pending[i].cancelled = true;
			fake_post(&c->pending[i]);
		}
}

void http_fetch_release(struct http_fetch *f)
{
	buf_release(&f->body);
}

#endif
