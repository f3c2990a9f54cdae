/*
 * load_http.h - one connection that posts bodies and waits for each answer.
 *
 * HTTP/1.1, kept alive, loopback only (this is a bench, not a cannon). Blocking, with
 * a time limit on each step; owned by one thread.
 */
#ifndef BENCH_LOAD_HTTP_H
#define BENCH_LOAD_HTTP_H

#include "base/err.h"
#include "base/slice.h"

#include <netinet/in.h>

enum {
	LOAD_TIMEOUT_S = 120, /* of one send or receive */
	LOAD_REPLY_BYTES = 64 << 10,
};

struct load_target {
	struct sockaddr_in address;
	char host[40]; /* with the port, as the Host header has it */
	char path[256];
};

struct load_conn {
	const struct load_target *target; /* borrowed */
	int fd;                           /* -1: not connected */
	size_t got;                       /* bytes of the reply */
	char reply[LOAD_REPLY_BYTES + 1];
};

/* "http://127.0.0.1:9090/api/v1/write". ERR_INVALID, ERR_REFUSED beyond loopback. */
int load_target_parse(const char *url, struct load_target *t, struct err *e);

void load_conn_init(struct load_conn *c, const struct load_target *t);
void load_conn_release(struct load_conn *c);

/* Posts one remote write body. Returns the status; `text` is the answer's body, borrowed
 * until the next call. A kept connection that turns out to be closed is opened anew once.
 * -1: ERR_NET, and nobody knows whether the body was taken. */
int load_post(struct load_conn *c, struct slice body, struct slice *text, struct err *e);

#endif
