/*
 * web.h - who may ask our HTTP server and how it shows who it is, kept up to date.
 *
 * A `struct web` is one reading of the file of web_config.h with the certificates it names:
 * immutable, counted, made by any thread. The keeper holds the present one for the server,
 * judges passwords, and once a minute looks whether the files have changed: a renewed
 * certificate is shown to connections that begin afterwards, and nobody is cut off.
 */
#ifndef DAEMON_WEB_H
#define DAEMON_WEB_H

#include "base/sha256.h"
#include "daemon/web_config.h"
#include "loop/http_server.h"
#include "loop/timer.h"

#include <pthread.h>
#include <stdio.h>

struct web {
	atomic_uint refs;
	struct arena arena;
	const char *path;
	struct web_config config;
	struct http_tls *tls;   /* NULL: none */
	const char *cert, *key; /* PEM */
	uint64_t stamp;         /* of the files as they were */
};

/* NULL with ERR_INVALID (mistakes are in `d`), or what of the certificates cannot be used. */
struct web *web_load(const char *path, struct diags *d, struct err *e);
struct web *web_ref(struct web *w);
void web_unref(struct web *w); /* NULL is nothing */
/* Whether everybody who asks is known: TLS, with passwords or clients' certificates. */
bool web_is_guarded(const struct web *w);

enum { WEB_REMEMBERED = 64 };

struct web_keeper {
	struct loop *loop;
	struct http_server *server; /* once it is open */
	FILE *complaints;
	bool open_to_others; /* it listens beyond this host: may not become unguarded */
	struct http_guard guard;

	pthread_mutex_t lock; /* over all below it, up to the job */
	struct web *now;
	uint8_t secret[SHA256_BYTES]; /* so that nobody can choose what is remembered */
	uint8_t good[WEB_REMEMBERED][SHA256_BYTES], bad[WEB_REMEMBERED][SHA256_BYTES];
	size_t ngood, nbad; /* ever; the oldest goes */

	struct timer timer;
	struct job job;
	bool running;
	struct web *fresh; /* out; NULL: unchanged, or `err` */
	struct err err;    /* out */
};

/* Takes a reference. With `w` NULL nothing is guarded and nothing is looked at. */
void web_keeper_init(struct web_keeper *k, struct loop *l, struct web *w, FILE *complaints);
void web_keeper_start(struct web_keeper *k, struct http_server *s);
/* A reading that a reload brought. Loop thread. */
void web_keeper_take(struct web_keeper *k, struct web *w);
void web_keeper_stop(struct web_keeper *k); /* after the server was closed */
bool web_keeper_ended(const struct web_keeper *k);
void web_keeper_release(struct web_keeper *k);

#endif
