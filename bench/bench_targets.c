/*
 * bench_targets.c - what is polled: many hosts on loopback, in one process.
 *
 *	bench_targets HOSTS          listens on 127.1.0.1, 127.1.0.2, … at one port, which it prints
 *	bench_targets catalogue PARKS INDICATORS DIR
 *	                             writes the catalogue these documents fit, prints the file
 *
 *	/report/PARK/N    CSV, one month of the first N indicators, each time with other values:
 *	                  every poll is a correction
 *	/same/PARK/N      the same document each time
 *	/samples/ID/N     Prometheus text, N samples of which every second one changes
 *
 * Bodies have no validators, so each poll transfers one. Every host has its own
 * address because pollers limit connections by host. One thread, epoll; a
 * request that is no plain GET ends its connection. Runs until it is killed.
 */
#include "bench/made.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	HOSTS_MAX = 4000,
	REQUEST_MAX = 8192,
	SAMPLES_MAX = 100000,
	FIGURES_MAX = 1000,
	EVENTS = 256
};

/* One for each listening socket and each connection. */
struct peer {
	int fd;
	bool listens;
	size_t have;
	char request[REQUEST_MAX];
	char *out;
	size_t out_n, out_sent;
};

static int epoll_fd;
static unsigned long served; /* makes every answer differ */

/* --- documents --------------------------------------------------------------------- */

static void write_figures(FILE *to, int park, int n, unsigned long turn)
{
	char code[32];

	fputs("单位,指标,期间,数值\n", to);
	for (int i = 0; i < n; i++) {
		made_code(i, code);
		fprintf(to, "p%03d,%s,2024-09,%d.%04lu\n", park, code, 10000 + i, turn % 10000);
	}
}

static void write_samples(FILE *to, int n, unsigned long turn)
{
	for (int i = 0; i < n; i++) {
		if (i % 100 == 0)
			fprintf(to, "# TYPE node_thing_%03d_bytes gauge\n", i / 100);
		fprintf(to, "node_thing_%03d_bytes{device=\"sd%02d\",mode=\"idle\"} %lu\n", i / 100,
			i % 100, 1000000 + (unsigned long)i * 17 + (i % 2 ? turn * 3 : 0));
	}
}

static bool write_document(FILE *to, const char *path)
{
	int id, n;

	if (sscanf(path, "/report/%d/%d", &id, &n) == 2 && n > 0 && n <= FIGURES_MAX)
		write_figures(to, id, n, ++served);
	else if (sscanf(path, "/samples/%d/%d", &id, &n) == 2 && n > 0 && n <= SAMPLES_MAX)
		write_samples(to, n, ++served);
	else if (sscanf(path, "/same/%d/%d", &id, &n) == 2 && n > 0 && n <= FIGURES_MAX)
		write_figures(to, id, n, 0);
	else
		return false;
	return true;
}

/* --- connections --------------------------------------------------------------------- */

static void peer_close(struct peer *p)
{
	close(p->fd);
	free(p->out);
	free(p);
}

static void watch(struct peer *p, unsigned events, int op)
{
	struct epoll_event ev = { .events = events, .data.ptr = p };

	if (epoll_ctl(epoll_fd, op, p->fd, &ev) < 0)
		die("epoll: %s", strerror(errno));
}

/* -1: it is gone. */
static int peer_send(struct peer *p)
{
	while (p->out_sent < p->out_n) {
		ssize_t n = send(p->fd, p->out + p->out_sent, p->out_n - p->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			watch(p, EPOLLOUT, EPOLL_CTL_MOD);
			return 0;
		}
		if (n <= 0)
			return -1;
		p->out_sent += (size_t)n;
	}
	free(p->out);
	p->out = NULL;
	watch(p, EPOLLIN, EPOLL_CTL_MOD);
	return 0;
}

static int answer(struct peer *p)
{
	char path[256], *body = NULL;
	size_t body_n = 0, head_n;
	FILE *to;
	bool found;

	if (sscanf(p->request, "GET %255s HTTP/1.1", path) != 1)
		return -1;
	to = must_have(open_memstream(&body, &body_n));
	found = write_document(to, path);
	if (fclose(to) != 0)
		die("no memory");
	p->out = must_have(malloc(body_n + 256));
	head_n = (size_t)sprintf(p->out,
				 "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
				 found ? "200 OK" : "404 Not Found",
				 strncmp(path, "/samples", 8) == 0 ? "text/plain; version=0.0.4"
								   : "text/csv; charset=utf-8",
				 body_n);
	memcpy(p->out + head_n, body, body_n);
	p->out_n = head_n + body_n;
	p->out_sent = 0;
	p->have = 0;
	free(body);
	return peer_send(p);
}

static int peer_read(struct peer *p)
{
	ssize_t n = recv(p->fd, p->request + p->have, sizeof(p->request) - 1 - p->have, 0);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	p->have += (size_t)n;
	p->request[p->have] = '\0';
	if (strstr(p->request, "\r\n\r\n"))
		return answer(p);
	return p->have < sizeof(p->request) - 1 ? 0 : -1;
}

static struct peer *peer_new(int fd, bool listens)
{
	struct peer *p = must_have(calloc(1, sizeof(*p)));

	p->fd = fd;
	p->listens = listens;
	watch(p, EPOLLIN, EPOLL_CTL_ADD);
	return p;
}

static void peer_accept(const struct peer *p)
{
	int fd, on = 1;

	while ((fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		peer_new(fd, false);
	}
}

/* --- listening ----------------------------------------------------------------------- */

/* `port` 0: any; the port it got. -1: taken there. */
static int listen_on(unsigned host, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(0x7f010000u + host) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listening on 127.1.%u.%u: %s", host >> 8, host & 255, strerror(errno));
	peer_new(fd, true);
	return ntohs(a.sin_port);
}

static void serve(unsigned hosts)
{
	struct epoll_event ev[EVENTS];
	int port = 0;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned h = 1; h <= hosts; h++)
		port = listen_on(h, port);
	printf("%d\n", port);
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll_fd, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = ev[i].data.ptr;

			if (p->listens)
				peer_accept(p);
			else if ((p->out ? peer_send(p) : peer_read(p)) < 0)
				peer_close(p);
		}
	}
}

int main(int argc, char **argv)
{
	char paths[MADE_FILES_MAX][MADE_PATH];
	struct made m = { 0 };

	if (argc == 5 && strcmp(argv[1], "catalogue") == 0) {
		m.parks = atoi(argv[2]);
		m.indicators = atoi(argv[3]);
		made_files(&m, argv[4], paths);
		puts(paths[0]);
		return 0;
	}
	if (argc != 2 || atoi(argv[1]) < 1 || atoi(argv[1]) > HOSTS_MAX)
		die("say how many hosts, 1 to %d", HOSTS_MAX);
	serve((unsigned)atoi(argv[1]));
}
