/* ask.c - see ask.h. */
#include "daemon/ask.h"

#include "base/inflate.h"
#include "loop/http_client.h"

enum { PACKED_RATIO = 1000 };

struct asking {
	struct http_fetch fetch; /* first */
	struct loop *loop;
};

static void on_answer(struct http_fetch *f)
{
	loop_stop(((struct asking *)f)->loop);
}

static int fetch(const struct ask *q, struct loop *l, struct http_client *c, long *status,
		 struct buf *body, struct err *e)
{
	struct asking a = { .loop = l };
	int rc = 0;

	http_fetch_init(&a.fetch);
	a.fetch.url = q->url;
	a.fetch.headers = q->headers;
	a.fetch.ca_file = q->ca_file;
	a.fetch.posts = q->posts;
	a.fetch.post = q->post;
	a.fetch.body_limit = body->limit;
	a.fetch.timeout_ms = q->timeout_ms;
	/* An answer that is being worked on sends nothing: the time for all of it is enough. */
	a.fetch.low_speed_ms = q->timeout_ms;
	a.fetch.done = on_answer;
	if (http_fetch_start(c, &a.fetch, e) < 0)
		return -1;
	loop_run(l);
	*status = a.fetch.status;
	if (a.fetch.err.code != ERR_NONE) {
		*e = a.fetch.err;
		rc = -1;
	} else {
		rc = inflate_body(buf_all(&a.fetch.body), slice_str(a.fetch.content_encoding),
				  PACKED_RATIO, body, e);
	}
	http_fetch_release(&a.fetch);
	return rc;
}

int ask(const struct ask *a, long *status, struct buf *body, struct err *e)
{
	struct loop *l = loop_new(&(struct loop_options){ 0 }, e);
	struct http_client *c =
		l ? http_client_new(l, &(struct http_client_options){ 0 }, e) : NULL;
	int rc = c ? fetch(a, l, c, status, body, e) : -1;

	if (c)
		http_client_free(c);
	loop_free(l);
	return rc;
}

void ask_escape(const char *text, struct buf *out)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			buf_putc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}
