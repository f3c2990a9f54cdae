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

/* `text` as it may stand in the query of a URL. */
void ask_escape(const char *text, struct buf *out);

#endif
