/*
 * load_http.c - see load_http.h. The answer is read into one buffer: head up to the
 * blank line, then as many bytes as it announces.
 */
#include "bench/load_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int load_target_parse(const char *url, struct load_target *t, struct err *e)
{
	char host[32] = "";
	unsigned port = 0;

	memset(t, 0, sizeof(*t));
	if (sscanf(url, "http://%31[0-9.]:%5u%255s", host, &port, t->path) != 3 || port > 65535 ||
	    t->path[0] != '/' || inet_pton(AF_INET, host, &t->address.sin_addr) != 1)
		return err_set(e, ERR_INVALID,
			       "'%s' is not like http://127.0.0.1:9090/api/v1/write", url);
	if (ntohl(t->address.sin_addr.s_addr) >> 24 != 127)
		return err_set(e, ERR_REFUSED, "%s is not a loopback address", host);
	t->address.sin_family = AF_INET;
	t->address.sin_port = htons((uint16_t)port);
	snprintf(t->host, sizeof(t->host), "%s:%u", host, port);
	return 0;
}

void load_conn_init(struct load_conn *c, const struct load_target *t)
{
	c->target = t;
	c->fd = -1;
	c->got = 0;
}

void load_conn_release(struct load_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static int dial(struct load_conn *c, struct err *e)
{
	const struct timeval limit = { .tv_sec = LOAD_TIMEOUT_S };
	const struct sockaddr *to = (const struct sockaddr *)&c->target->address;
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_sys(e, errno, "a socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(c->fd, to, sizeof(c->target->address)) == 0)
		return 0;
	err_sys(e, errno, "%s", c->target->host);
	load_conn_release(c);
	return -1;
}

/* Head and body leave together, as one packet where they fit. */
static int send_all(struct load_conn *c, struct slice head, struct slice body, struct err *e)
{
	struct iovec v[2] = { { (void *)head.p, head.n }, { (void *)body.p, body.n } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	ssize_t n;

	while (v[1].iov_len || v[0].iov_len) {
		n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "%s: sending", c->target->host);
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)n < v[i].iov_len ? (size_t)n : v[i].iov_len;

			v[i].iov_base = (char *)v[i].iov_base + part;
			v[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	return 0;
}

/* More of the reply; 0 when the other side has closed. */
static int receive(struct load_conn *c, struct err *e)
{
	ssize_t n;

	if (c->got == LOAD_REPLY_BYTES)
		return err_set(e, ERR_NET, "%s: an answer of more than %d bytes", c->target->host,
			       LOAD_REPLY_BYTES);
	do
		n = recv(c->fd, c->reply + c->got, LOAD_REPLY_BYTES - c->got, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "%s: receiving", c->target->host);
	c->got += (size_t)n;
	c->reply[c->got] = '\0';
	return n > 0;
}

/* The value of a header in the reply's head, or NULL. */
static const char *header(const struct load_conn *c, const char *head_end, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(c->reply, "\r\n"); p && p < head_end; p = strstr(p + 2, "\r\n"))
		if (strncasecmp(p + 2, name, n) == 0 && p[2 + n] == ':')
			return p + 3 + n + strspn(p + 3 + n, " ");
	return NULL;
}

static int receive_head(struct load_conn *c, char **body, struct err *e)
{
	char *end;
	int rc;

	c->got = 0;
	c->reply[0] = '\0';
	while (!(end = strstr(c->reply, "\r\n\r\n"))) {
		rc = receive(c, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return err_set(e, ERR_NET, "%s: closed after %zu bytes of an answer",
				       c->target->host, c->got);
	}
	*body = end + 4;
	return 0;
}

/* Reads the body; what has no length ends with the connection. */
static int receive_body(struct load_conn *c, int status, const char *body, struct slice *text,
			struct err *e)
{
	size_t head = (size_t)(body - c->reply), length = SIZE_MAX;
	const char *said = header(c, body, "Content-Length");
	const char *coding = header(c, body, "Transfer-Encoding");
	const char *after = header(c, body, "Connection");
	bool chunked = coding && strncasecmp(coding, "chunked", 7) == 0;
	int rc = 1;

	if (said)
		length = strtoul(said, NULL, 10);
	else if (status == 204 || status == 304)
		length = 0;
	while (rc > 0 && (chunked ? !strstr(body, "0\r\n\r\n") : c->got - head < length))
		rc = receive(c, e);
	if (rc < 0)
		return -1;
	*text = slice_of(body, c->got - head);
	if (rc == 0 || (after && strncasecmp(after, "close", 5) == 0))
		load_conn_release(c);
	return 0;
}

static int try_post(struct load_conn *c, struct slice body, struct slice *text, struct err *e)
{
	char head[640], *end = c->reply;
	int n, status;

	c->got = 0;
	n = snprintf(head, sizeof(head),
		     "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: parkwatch-load\r\n"
		     "Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n"
		     "X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: %zu\r\n\r\n",
		     c->target->path, c->target->host, body.n);
	if (send_all(c, slice_of(head, (size_t)n), body, e) < 0 || receive_head(c, &end, e) < 0)
		return -1;
	status = strncmp(c->reply, "HTTP/1.", 7) == 0 ? atoi(c->reply + 9) : 0;
	if (status < 200 || status > 599)
		return err_set(e, ERR_NET, "%s: the answer is not HTTP", c->target->host);
	return receive_body(c, status, end, text, e) < 0 ? -1 : status;
}

int load_post(struct load_conn *c, struct slice body, struct slice *text, struct err *e)
{
	bool kept = c->fd >= 0;
	int status;

	*text = slice_str("");
	if (!kept && dial(c, e) < 0)
		return -1;
	status = try_post(c, body, text, e);
	if (status < 0 && kept && c->got == 0) {
		/* closed while idle; writing the same samples twice does no harm */
		load_conn_release(c);
		if (dial(c, e) < 0)
			return -1;
		status = try_post(c, body, text, e);
	}
	if (status < 0)
		load_conn_release(c);
	return status;
}
