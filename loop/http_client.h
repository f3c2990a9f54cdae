/*
 * http_client.h - fetching, with limits and an address guard.
 *
 * curl's multi interface on the loop. One `struct http_fetch` is one attempt:
 * the caller fills in what it wants, http_fetch_start() begins, `done` is called
 * exactly once, on the loop, also after http_fetch_cancel(). Retries and
 * schedules are the caller's.
 *
 * The guard looks at the address a connection really goes to, after name
 * resolution: the configured host may be private or loopback; a redirect may not
 * go to loopback, private (RFC 1918, RFC 4193, 100.64/10), link-local, multicast or
 * unspecified addresses unless it is the configured host itself; link-local,
 * multicast and unspecified are refused always. IPv4 in IPv6 counts as IPv4. Only http and
 * https, on redirects too; credentials and the client's certificate are never shown to another
 * host; a proxy only when the fetch names one, never from the environment. Behind a proxy nobody
 * sees which address a name is, so there a redirect stays with the configured host.
 *
 * Loop thread only.
 */
#ifndef LOOP_HTTP_CLIENT_H
#define LOOP_HTTP_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "loop/loop.h"

struct http_client;

struct http_client_options {
	const char *ca_file;      /* NULL: the system's bundle */
	unsigned max_connections; /* 0: 256 */
	unsigned max_per_host;    /* 0: 6: one that hangs must not hold up the rest of its host */
	const char *user_agent;   /* NULL: "parkwatch/VERSION" */
};

struct http_client *http_client_new(struct loop *l, const struct http_client_options *o,
				    struct err *e);
/* Cancels what is under way: every `done` is called before it returns. */
void http_client_free(struct http_client *c);

/* Whether the URL could be fetched at all (scheme, host, no control bytes, no user info);
 * for configuration. ERR_REFUSED names the scheme, ERR_INVALID the fault. */
int http_url_check(const char *url, struct err *e);
/* The same for a proxy, which is asked over http only. */
int http_proxy_check(const char *url, struct err *e);

/* The URL that a link found in what `from` answered leads to, resolved against it (RFC 3986) and
 * without fragment, in `a`; any thread. ERR_REFUSED when it leaves the server: another scheme, host
 * or port. */
int http_url_follow(const char *from, const char *link, struct arena *a, const char **out,
		    struct err *e);

struct http_fetch {
	/* in; texts are borrowed until done */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	bool posts;                 /* POST instead of GET; never redirected */
	struct slice post;          /* its body */
	const char *etag;           /* sent as If-None-Match when not NULL */
	const char *last_modified;  /* sent as If-Modified-Since when not NULL */
	const char *ca_file;        /* overrides the client's */
	const char *cert_file;      /* PEM, shown to a server that wants one; with its */
	const char *key_file;       /* unencrypted; read by curl for each connection */
	const char *server_name;    /* instead of the URL's host, in TLS and its certificate */
	const char *proxy;          /* "http://host:port"; NULL: none */
	bool large;                 /* of the body, what is too much for memory goes to a file */
	size_t body_limit;          /* bytes as they come, still packed; 0: 4 MiB */
	int64_t timeout_ms;         /* for all of it; 0: 30 s */
	int64_t low_speed_ms;       /* slower than low_speed_bytes/s for so long (rounded up to
				     * seconds) fails; 0: 10 s */
	unsigned low_speed_bytes;   /* 0: 100 */
	unsigned redirects;         /* followed at most; 0: none, a 302 is then the answer */
	void (*done)(struct http_fetch *f);

	/* out, valid in done until it returns; the body may be taken by buf move */
	struct err err;  /* ERR_NONE: an answer came (any status) */
	long status;     /* 200, 304, 404 … */
	struct buf body; /* bytes as they came (Content-Encoding not undone) */
	char content_type[128];
	char content_encoding[32]; /* a list, when there are several; cut when it does not fit */
	char new_etag[256];
	char new_last_modified[64];
	char address[64];       /* peer, "127.0.0.1:8080" */
	int64_t retry_after_ms; /* from a Retry-After header; 0: none */
	double seconds;

	/* private */
	struct http_client *client;
	struct http_transfer *transfer; /* NULL: not under way */
	struct http_fetch *prev, *next;
};

/* Zeroes, keeps nothing: call before filling in. */
void http_fetch_init(struct http_fetch *f);
/* -1: it could not even begin and `done` will not be called. */
int http_fetch_start(struct http_client *c, struct http_fetch *f, struct err *e);
/* `done` follows on the loop with ERR_CANCELLED; never from within this call. */
void http_fetch_cancel(struct http_fetch *f);
/* Frees the body and what is left; in or after done. */
void http_fetch_release(struct http_fetch *f);

#endif
