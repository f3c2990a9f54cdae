/*
 * ask.h - one request to a daemon, waited for: what commands with --url do.
 *
 * A loop of its own; not for use inside the daemon.
 */
#ifndef DAEMON_ASK_H
#define DAEMON_ASK_H

#include "base/buf.h"

#include <stdint.h>

struct ask {
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	const char *ca_file;        /* NULL: the system's */
	bool posts;
	struct slice post; /* the body, with `posts` */
	int64_t timeout_ms;
};

/* 0: an answer came, of any status; its body is unpacked into `body`, within its limit. */
int ask(const struct ask *a, long *status, struct buf *body, struct err *e);

/* The header Authorization with what the file's first line says, a token or user:password, which no
 * sentence repeats. `out` has a limit of ASK_LOGIN_BYTES and goes with ask_forget(). */
enum ask_scheme { ASK_BEARER, ASK_BASIC };
enum { ASK_LOGIN_BYTES = 16 << 10 };
int ask_login(const char *path, enum ask_scheme scheme, struct buf *out, struct err *e);
void ask_forget(struct buf *login);
/* ERR_REFUSED: what logs in would go over the network for everybody to read. */
int ask_check_url(const char *url, struct err *e);

/* All of a file, or of standard input for "-". */
int ask_read_file(const char *path, struct buf *out, struct err *e);

/* `text` as it may stand in the query of a URL. */
void ask_escape(const char *text, struct buf *out);

#endif
