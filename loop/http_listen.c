/*
 * http_listen.c - the socket a server listens on.
 *
 * Made here rather than by the HTTP library, so that a failure names the address
 * and the system's reason.
 */
#include "loop/http_server_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

static int listen_at(const struct addrinfo *at, const char *host, int port, struct err *e)
{
	int one = 1;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, errno, "cannot make a socket to listen on %s", host);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
		err_sys(e, errno, "cannot listen on %s port %d", host, port);
		close(fd);
		return -1;
	}
	return fd;
}

static int port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} at = { 0 };
	socklen_t n = sizeof(at);

	if (getsockname(fd, &at.any, &n) < 0)
		return 0;
	return ntohs(at.any.sa_family == AF_INET6 ? at.six.sin6_port : at.four.sin_port);
}

int http_listen(const char *host, int port, int *family, int *got_port, struct err *e)
{
	struct addrinfo hint = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				 .ai_socktype = SOCK_STREAM };
	struct addrinfo *at;
	char text[16];
	int fd;

	if (port < 0 || port > 65535)
		return err_set(e, ERR_INVALID, "%d is no port", port);
	snprintf(text, sizeof(text), "%d", port);
	if (!host || getaddrinfo(host, text, &hint, &at) != 0)
		return err_set(e, ERR_INVALID, "'%s' is no numeric address to listen on",
			       host ? host : "");
	*family = at->ai_family;
	fd = listen_at(at, host, port, e);
	freeaddrinfo(at);
	if (fd >= 0)
		*got_port = port_of(fd);
	return fd;
}
