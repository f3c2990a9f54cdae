/*
 * remote_write.c - see remote_write.h.
 *
 * Headers are judged as Prometheus' own receiver does: senders older than the
 * specification leave Content-Type and Content-Encoding out, so nothing at all counts
 * as right and anything else must be.
 */
#include "collectors/remote_write.h"
#include "base/counter.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

enum { BODY_LIMIT = 16 << 20, PARAMS_MAX = 16 };

struct writing {
	struct write_job job; /* first */
	struct exchange *x;
};

/* --- replies --------------------------------------------------------------------- */

static void count_request(unsigned status)
{
	char code[16];

	snprintf(code, sizeof(code), "%u", status);
	counter_add_for(C_WRITE_REQUESTS, slice_str(code), 1);
}

__attribute__((format(printf, 3, 4))) static void refuse(struct exchange *x, unsigned status,
							 const char *fmt, ...)
{
	char text[sizeof((struct err *)0)->text + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	x->status = status;
	buf_puts(&x->reply, text);
	buf_putc(&x->reply, '\n');
	if (status == 503)
		exchange_set_header(x, "Retry-After", "1");
	count_request(status);
}

static unsigned status_of(enum err_code code)
{
	switch (code) {
	case ERR_REFUSED:
		return 403;
	case ERR_UNSUPPORTED:
		return 415;
	case ERR_IO:
	case ERR_CORRUPT:
	case ERR_NET:
		return 500;
	case ERR_BUSY:
	case ERR_MEMORY:
	case ERR_TIMEOUT:
	case ERR_CANCELLED:
		return 503;
	case ERR_FULL:
		return 507;
	default:
		return 400;
	}
}

/* What write() or done() said becomes the reply. */
static void reply(struct exchange *x, const struct write_job *w)
{
	char count[32];

	snprintf(count, sizeof(count), "%llu", (unsigned long long)w->samples);
	exchange_set_header(x, "X-Prometheus-Remote-Write-Samples-Written", count);
	counter_add(C_WRITE_SAMPLES, (double)w->samples);
	if (w->refused)
		counter_add_for(C_WRITE_REFUSED,
				slice_str(w->series_limit ? "series_limit"
							  : err_code_name(w->err.code)),
				(double)w->refused);
	if (w->err.code != ERR_NONE) {
		refuse(x, status_of(w->err.code), "%s", w->err.text);
		return;
	}
	x->status = 204;
	x->content_type = NULL;
	count_request(204);
}

/* --- headers ---------------------------------------------------------------------- */

static struct slice trim(struct slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Takes what is before `end` off the front of *rest; all of it when there is none. */
static struct slice take(struct slice *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct slice item = slice_of(rest->p, at ? (size_t)(at - rest->p) : rest->n);

	*rest = slice_skip(*rest, item.n + (at ? 1 : 0));
	return trim(item);
}

static bool is_nocase(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static struct slice unquoted(struct slice s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return slice_of(s.p + 1, s.n - 2);
	return s;
}

static int check_message(struct slice name, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (slice_is(name, "prometheus.WriteRequest"))
		return 0;
	if (slice_is(name, "io.prometheus.write.v2.Request"))
		return err_set(e, ERR_UNSUPPORTED,
			       "remote write 2.0 (io.prometheus.write.v2.Request) is not taken "
			       "here, 1.0 is (protobuf_message: prometheus.WriteRequest)");
	return err_set(e, ERR_UNSUPPORTED, "message %s is not prometheus.WriteRequest",
		       text_shown(name, shown));
}

static int check_type(struct slice type, struct err *e)
{
	char shown[TEXT_SHOWN];
	struct slice rest = type, media = take(&rest, ';');

	if (trim(type).n == 0)
		return 0;
	if (!is_nocase(media, "application/x-protobuf"))
		return err_set(e, ERR_UNSUPPORTED, "content type %s is not application/x-protobuf",
			       text_shown(media, shown));
	for (int i = 0; rest.n && i < PARAMS_MAX; i++) {
		struct slice value = take(&rest, ';'), name = take(&value, '=');

		if (is_nocase(name, "proto") && check_message(unquoted(trim(value)), e) < 0)
			return -1;
	}
	return 0;
}

static int check_encoding(struct slice encoding, struct err *e)
{
	char shown[TEXT_SHOWN];

	encoding = trim(encoding);
	if (encoding.n == 0 || is_nocase(encoding, "snappy"))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "content encoding %s is not snappy",
		       text_shown(encoding, shown));
}

static int check_headers(const struct exchange *x, struct err *e)
{
	if (check_type(exchange_header(x, "Content-Type"), e) < 0)
		return -1;
	return check_encoding(exchange_header(x, "Content-Encoding"), e);
}

/* --- a request ---------------------------------------------------------------------- */

static void on_done(struct write_job *w)
{
	struct exchange *x = ((struct writing *)w)->x;

	reply(x, w);
	exchange_finish(x);
}

static void serve(struct exchange *x)
{
	const struct remote_write_options *o = x->ctx;
	struct writing *w;
	struct err e = { 0 };

	counter_add(C_WRITE_BYTES, (double)x->body.n);
	/* A browser sends along what password it knows, whoever made the page. */
	if (exchange_header(x, "Origin").n) {
		refuse(x, 403, "requests of web pages are not taken");
		return;
	}
	if (check_headers(x, &e) < 0) {
		refuse(x, 415, "%s", e.text);
		return;
	}
	w = arena_new(&x->arena, struct writing);
	if (!w) {
		refuse(x, 503, "no memory for this request");
		return;
	}
	w->x = x;
	w->job = (struct write_job){
		.body = x->body,
		.received_ms = clock_wall(o->clock),
		.origin = x->client,
		.user = x->user,
		.done = on_done,
	};
	/* Before write(): afterwards the exchange may be another thread's. */
	x->deferred = true;
	if (o->write(o->ctx, &w->job, &e) == 0)
		return;
	x->deferred = false;
	w->job.err = e;
	reply(x, &w->job);
}

struct http_route remote_write_route(struct remote_write_options *o)
{
	return (struct http_route){
		.method = "POST",
		.path = "/api/v1/write",
		.where = HTTP_DEFERRED,
		.class = JOB_INGEST,
		.serve = serve,
		.ctx = o,
		.body_limit = o->body_limit ? o->body_limit : BODY_LIMIT,
	};
}
