/*
 * http_client_private.h - between the files of the HTTP client, the only ones that
 * see curl: http_client.c (the multi handle, fetches, redirects), http_client_hop.c
 * (one request of curl's: settings, callbacks, what went wrong in words),
 * http_client_url.c, http_client_body.c and http_client_end.c. Nobody else includes it.
 */
#ifndef LOOP_HTTP_CLIENT_PRIVATE_H
#define LOOP_HTTP_CLIENT_PRIVATE_H

#include "loop/address.h"
#include "loop/http_client.h"
#include "loop/job.h"
#include "loop/loop_private.h"

#include <curl/curl.h>

enum { RECEIVE_BYTES = 4 << 10 };

struct origin {
	char scheme[8];
	char host[256];
	char port[8];
};

struct http_transfer {
	struct job job; /* first */
	struct http_fetch *f;
	struct http_client *c;
	CURL *easy;
	struct curl_slist *headers;
	CURLU *url;   /* of this hop */
	CURLU *named; /* the same with f->server_name for a host, and where to connect instead */
	struct curl_slist *connect_to;
	struct origin first, now;
	bool configured; /* this hop goes to the configured host and port */
	bool cancelled;
	unsigned hops;
	int64_t begun_ns, due_ns;
	char *location;
	size_t header_bytes;
	bool header_over;            /* its empty line has come */
	bool chunked;                /* by its header */
	bool tls_seen, tls_closed;   /* messages of TLS came; one of them was close_notify */
	char peer[ADDRESS_TEXT];     /* dialled last */
	struct err why;              /* what a callback stopped the hop for */
	const char *reason;          /* of the failure, for the metric; NULL: by its error's code */
	char words[CURL_ERROR_SIZE]; /* curl's own */

	/* of a large body; while `writing`, the job owns f->body and the piece */
	struct buf piece;
	bool writing, write_failed; /* the latter with `why` */
	bool over;                  /* curl is done with the hop, with `result` */
	CURLcode result;
};

struct watch {
	uv_poll_t poll; /* first */
	struct http_client *c;
	curl_socket_t fd;
	struct watch *next;
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	char *ca_file, *user_agent;
	uv_timer_t alarm;    /* curl's time-outs */
	uv_timer_t soon;     /* there are cancelled fetches to finish */
	uv_timer_t watchdog; /* while anything is under way */
	unsigned handles;    /* of libuv, not yet closed */
	struct watch *watches;
	struct http_fetch *fetches;
	bool closing;
};

/* --- http_client_url.c --- */

/* `base` NULL: an absolute URL somebody configured. Otherwise a Location, relative or not. */
CURLU *http_url_parse(const char *text, CURLU *base, struct origin *o, struct err *e);
bool origin_same_host(const struct origin *a, const struct origin *b); /* and port */
bool origin_same(const struct origin *a, const struct origin *b);

/* --- http_client_hop.c --- */

/* Sends the request for t->url. After a failure hop_end() is still due. */
int hop_start(struct http_transfer *t, struct err *e);
void hop_end(struct http_transfer *t);
/* Status and addresses of the answer into the fetch. */
void hop_read_answer(struct http_transfer *t);
/* What a result means for a person; CURLE_OK is one when the header broke off. */
void hop_say(struct http_transfer *t, CURLcode result, struct err *e);
void hop_say_timed_out(const struct http_transfer *t, struct err *e);

/* --- http_client_body.c --- */

size_t body_take(char *p, size_t one, size_t n, void *cls); /* CURLOPT_WRITEFUNCTION */
/* Writes the piece; client_written() follows. */
int body_write(struct http_transfer *t, struct err *e);

/* --- http_client_end.c --- */

/* Tells curl what is wanted to be known; not 0: it does not take it. */
int end_watch(struct http_transfer *t);
/* Transfer-Encoding of the answer. */
void end_note_coding(struct http_transfer *t, struct slice codings);
/* Of a hop that curl calls good: ERR_NET when the end of its body is not the server's. */
int end_check(struct http_transfer *t, struct err *e);

/* --- http_client.c --- */

void client_written(struct http_transfer *t);

/* CURLOPT_CLOSESOCKETFUNCTION; `cls` is the client. */
int client_close_socket(void *cls, curl_socket_t fd);

#endif
