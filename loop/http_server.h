/*
 * http_server.h - HTTP in: routes, exchanges, limits.
 *
 * libmicrohttpd in epoll mode, its descriptor polled by the loop. A request that
 * matches a route becomes an exchange with an arena of its own. The route says
 * where its handler runs: on the loop (only look-ups) or as a job of a class;
 * then the connection is suspended, the handler fills the reply on a worker,
 * and the exchange is resumed on the loop. A deferred handler may also return without a
 * reply and leave that to another thread (a writer that answers when data are on
 * disk). A long reply goes in pieces, each made when the one before has been sent. A handler
 * never sees libmicrohttpd.
 *
 * Limits: connections in all and per address, header and body size, idle time
 * and a deadline for the whole request, bytes of replies in flight (503 beyond; replies below
 * 64 KiB, such as that of a health check, always go). A client must read 32 KiB a second, or 256
 * of a reply in pieces, on the average. A suspended exchange whose client leaves has `cancelled`
 * set.
 */
#ifndef LOOP_HTTP_SERVER_H
#define LOOP_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "loop/http_params.h"
#include "loop/http_tls.h"
#include "loop/job.h"
#include "loop/loop.h"

struct http_server;
struct exchange;

struct exchange {
	/* the request; all texts live in the arena */
	struct arena arena;
	struct slice method, path;
	const struct http_param *params; /* a form body's first, then those of the URL */
	size_t nparams;
	struct slice body;   /* of POST and PUT, when it is no form; as it came */
	struct slice client; /* its numeric address without port; empty when unknown */
	struct slice user;   /* whose password the guard has let in; empty where none is wanted */
	void *ctx;           /* the route's */

	/* the reply, to be filled by the handler */
	unsigned status;           /* 200 */
	const char *content_type;  /* "text/plain; charset=utf-8"; NULL: none is sent */
	struct buf reply;          /* limit from the server's options */
	const char *headers[8][2]; /* name, value; name NULL ends */

	/* Set by serve() of HTTP_IN_JOB when `reply` is only the first piece. Each time a piece has
	 * been sent, more() is called by a worker of the route's class, with an empty `reply`, to
	 * make the next. It sets `more` to NULL with the last one. With `cancelled` set nobody
	 * wants any more: then it gives back what it holds and sets it to NULL at once. It is
	 * called on until then in any case. */
	void (*more)(struct exchange *x);
	void *state;       /* the handler's, between pieces */
	size_t held_bytes; /* that `state` keeps; counts as in flight */

	bool deferred;         /* set by serve(): see exchange_finish() */
	atomic_bool cancelled; /* the client left, or the deadline passed, or we stop */
	void *private;
};

enum http_where { HTTP_ON_LOOP, HTTP_IN_JOB, HTTP_DEFERRED };

/* The form of what the server itself refuses (too many requests, no answer in time, arguments that
 * cannot be read), where that is not to be a line of plain text. */
struct http_refusals {
	const char *content_type;
	/* late: no answer in time. The text is a sentence without a full stop. */
	void (*write)(unsigned status, bool late, const char *text, struct buf *out);
};

/* Who may ask at all, by the header Authorization. A request without one is refused before its body
 * is read; one that is not known yet is judged by a worker of JOB_PASSWORD. */
enum http_pass {
	PASS_REFUSED,
	PASS_ALLOWED, /* by user and password */
	PASS_OPEN,    /* none is wanted */
	PASS_UNKNOWN
};

struct http_guard {
	/* On the loop, at once. */
	enum http_pass (*known)(void *ctx, struct slice header);
	bool (*check)(void *ctx, struct slice header); /* a worker, one at a time */
	const char *challenge;                         /* of the 401: WWW-Authenticate */
	void *ctx;
};

struct http_route {
	const char *method; /* "GET" also answers HEAD; NULL: any */
	const char *path;   /* exact; ending in "/" + "*" it takes everything below */
	enum http_where where;
	enum job_class class; /* with HTTP_IN_JOB, HTTP_DEFERRED */
	void (*serve)(struct exchange *x);
	void *ctx;
	size_t body_limit;                    /* 0: the server's */
	int64_t deadline_ms;                  /* 0: the server's */
	const struct http_refusals *refusals; /* NULL: plain text */
	bool own_tokens;                      /* "Bearer" is judged by the handler, not the guard */
	bool raw_body;                        /* the body is no form, whatever its type says */
	bool large_body; /* what of it is too much for memory goes to a file (base/spool.h) */
};

struct http_server_options {
	const char *host;     /* numeric address */
	int port;             /* 0: any free one */
	size_t body_limit;    /* 0: 4 MiB */
	size_t reply_limit;   /* 0: 64 MiB, of one reply */
	size_t arena_limit;   /* 0: 64 MiB, of one exchange */
	unsigned connections; /* 0: 512 */
	unsigned per_address; /* 0: 256 */
	int64_t idle_ms;      /* 0: 10 s */
	int64_t deadline_ms;  /* 0: 30 s, header to end of handler; then 503 */
	struct http_tls *tls; /* NULL: none; a reference is taken */
	/* The same in PEM, which the library wants at its start. */
	const char *tls_cert, *tls_key;
	const struct http_guard *guard; /* NULL: everybody; borrowed until the server is closed */
};

/* `routes` are copied (texts and ctx borrowed). ERR_IO names address and reason ("address in use").
 */
struct http_server *http_server_open(struct loop *l, const struct http_server_options *o,
				     const struct http_route *routes, size_t n, struct err *e);
/* Stops listening, cancels and ends every exchange (handlers that run are waited for, deferred
 * replies are not: their clients get a 503). */
void http_server_close(struct http_server *s);
int http_server_port(const struct http_server *s);
/* For connections that begin from now on; only of a server that was opened with one. */
void http_server_set_tls(struct http_server *s, struct http_tls *t);

/* --- for handlers ---------------------------------------------------------- */

/* First value of the parameter; .p NULL when absent. */
struct slice exchange_param(const struct exchange *x, const char *name);
/* Value of a request header by name in any case; empty when absent. Copied in the arena before the
 * handler runs: Accept, Accept-Encoding, Content-Type, Content-Encoding, Authorization, Host,
 * If-None-Match, User-Agent, Origin, X-Prometheus-Remote-Write-Version. */
struct slice exchange_header(const struct exchange *x, const char *name);
/* The body, for the handler to own; x->body is empty from then on. */
struct buf exchange_take_body(struct exchange *x);
void exchange_set_header(struct exchange *x, const char *name, const char *value);

/* By more(), when the rest of a reply cannot be made: the connection ends without the reply's end,
 * so that the client sees that something is missing. The handler says why in the log. */
void exchange_break(struct exchange *x);

/* With HTTP_DEFERRED: after a serve() that set x->deferred the reply is sent only when this was
 * called, by any thread, exactly once, also before serve() has returned. Until then the exchange
 * belongs to whoever will call it, with its arena, body and reply: serve() touches none of them
 * after it has handed them over. The exchange lives until both are done even when its client has
 * left, got a 503 at the deadline or the server was closed; what is replied then goes nowhere.
 * Every deferred exchange must be finished before loop_free(). */
void exchange_finish(struct exchange *x);

#endif
