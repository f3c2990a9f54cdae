/*
 * raw_client.h - a plain socket that may say anything to a server on our loop.
 *
 * The client is a thread: it sends pieces, reads until the server closes or a pattern has
 * come, and sets a flag; the test turns the loop until then. Loopback only.
 */
#ifndef TESTS_LIB_RAW_CLIENT_H
#define TESTS_LIB_RAW_CLIENT_H

#include "loop/loop.h"
#include "tests/lib/assert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, ANSWER_MAX = 1 << 20 };

struct client {
	int port;
	const char *piece[8];
	size_t length[8];      /* 0: a string */
	unsigned times[8];     /* 0: once */
	int pause_ms;          /* after each piece */
	const char *stop_at;   /* leave as soon as this was read */
	bool leave;            /* close without reading */
	atomic_bool *may_read; /* does not read until told */
	pthread_t thread;
	atomic_bool over;
	size_t sent, n;
	char answer[ANSWER_MAX + 1];
};

static inline int raw_dial(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		abort();
	return fd;
}

static inline bool raw_read_some(struct client *c, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t got;

	if (poll(&p, 1, PATIENCE_MS) != 1)
		return false;
	if (c->n == ANSWER_MAX)
		return false;
	got = recv(fd, c->answer + c->n, ANSWER_MAX - c->n, 0);
	if (got <= 0)
		return false;
	c->n += (size_t)got;
	c->answer[c->n] = '\0';
	return !c->stop_at || !strstr(c->answer, c->stop_at);
}

static inline bool raw_send_piece(struct client *c, int fd, int i)
{
	size_t n = c->length[i] ? c->length[i] : strlen(c->piece[i]);

	for (unsigned k = 0; k < (c->times[i] ? c->times[i] : 1); k++) {
		ssize_t sent = send(fd, c->piece[i], n, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		c->sent += (size_t)sent;
	}
	if (c->pause_ms)
		usleep((unsigned)c->pause_ms * 1000);
	return true;
}

static inline void *raw_talk(void *arg)
{
	struct client *c = arg;
	int fd = raw_dial(c->port);

	for (int i = 0; i < 8 && c->piece[i]; i++)
		if (!raw_send_piece(c, fd, i))
			break;
	while (c->may_read && !atomic_load(c->may_read))
		usleep(1000);
	while (!c->leave && raw_read_some(c, fd))
		;
	close(fd);
	atomic_store(&c->over, true);
	return NULL;
}

/* To be freed with free(). */
static inline struct client *raw_client_new(int port, const char *text)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->port = port;
	c->piece[0] = text;
	return c;
}

static inline void raw_client_go(struct client *c)
{
	pthread_create(&c->thread, NULL, raw_talk, c);
}

static inline bool raw_client_is_over(void *ctx)
{
	return atomic_load(&((struct client *)ctx)->over);
}

static inline void raw_client_wait(struct loop *l, struct client *c)
{
	if (!loop_settle(l, raw_client_is_over, c, 2 * PATIENCE_MS))
		fail_msg("the client does not end");
	pthread_join(c->thread, NULL);
}

/* Sends `text` (n 0: a string) and gives what came until the server closed or fell silent. */
static inline const char *raw_ask(struct loop *l, int port, const char *text, size_t n)
{
	static char answer[ANSWER_MAX + 1];
	struct client *c = raw_client_new(port, text);

	c->length[0] = n;
	raw_client_go(c);
	raw_client_wait(l, c);
	memcpy(answer, c->answer, c->n + 1);
	free(c);
	return answer;
}

static inline const char *body_of(const char *answer)
{
	const char *at = strstr(answer, "\r\n\r\n");

	return at ? at + 4 : "";
}

#define assert_status(answer, code)                                                                \
	do {                                                                                       \
		const char *a_ = (answer);                                                         \
		if (strncmp(a_, "HTTP/1.1 " code " ", 13) != 0)                                    \
			fail_msg("not " code ": %.200s", a_);                                      \
	} while (0)

#endif
