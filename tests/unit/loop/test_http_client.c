/*
 * test_http_client.c - the client against our own server and against one that
 * misbehaves.
 *
 * The bad server is a thread with a plain socket; the path says how it behaves.
 * connect() is replaced here so that 1.2.3.4, a public address to the guard,
 * leads back to this machine: only so can a redirect between hosts be followed
 * without a network.
 */
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/inflate.h"
#include "base/log.h"
#include "loop/http_client.h"
#include "loop/http_server.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);
	struct sockaddr_in at;

	if (!real)
		real = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT,
									       "connect");
	if (to->sa_family == AF_INET && n >= sizeof(at)) {
		memcpy(&at, to, sizeof(at));
		if (at.sin_addr.s_addr == htonl(0x01020304)) {
			at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
			return real(fd, (struct sockaddr *)&at, sizeof(at));
		}
	}
	return real(fd, to, n);
}

/* --- the server that misbehaves -------------------------------------------- */

struct bad_server {
	int fd, port;
	atomic_bool stop;
	atomic_int connections;
	pthread_t thread;
};

static bool put(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool puts_to(int fd, const char *text)
{
	return put(fd, text, strlen(text));
}

static bool hung_up(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, ms) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void endless(int fd, const char *header, const char *before)
{
	static const char block[4096] = { 'x' };

	puts_to(fd, header);
	while (puts_to(fd, before) && put(fd, block, sizeof(block)) &&
	       (!*before || puts_to(fd, "\r\n")))
		;
}

static void drip(int fd, const struct bad_server *s)
{
	puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	while (!hung_up(fd, 10) && !atomic_load(&s->stop) && puts_to(fd, "x"))
		;
}

static void endless_headers(int fd)
{
	puts_to(fd, "HTTP/1.1 200 OK\r\n");
	while (puts_to(fd, "X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"))
		;
}

static void redirect(int fd, const char *request)
{
	const char *mark = strchr(request, '?');
	char text[1024];

	snprintf(text, sizeof(text),
		 "HTTP/1.1 302 Found\r\nLocation: %.*s\r\nContent-Length: 5\r\n\r\nmoved",
		 (int)strcspn(mark + 1, " "), mark + 1);
	puts_to(fd, text);
}

static void echo(int fd, const char *request)
{
	char head[128];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		 strlen(request));
	puts_to(fd, head);
	puts_to(fd, request);
}

static const struct {
	const char *path, *answer;
} canned[] = {
	{ "/truncated ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nseventeen bytes, " },
	{ "/broken-chunk ",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n7\r\nab" },
	{ "/no-chunk ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab" },
	{ "/garbage ", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nand more\r\n\r\n" },
	{ "/half-header ", "HTTP/1.1 200 OK\r\nContent-Ty" },
	{ "/silent ", "" },
	{ "/huge ", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc" },
	{ "/to-file ",
	  "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n" },
	{ "/to-gopher ",
	  "HTTP/1.1 301 x\r\nLocation: gopher://127.0.0.1:70/1\r\nContent-Length: 0\r\n\r\n" },
	{ "/to-user ",
	  "HTTP/1.1 301 x\r\nLocation: http://root:pw@1.2.3.4/\r\nContent-Length: 0\r\n\r\n" },
	{ "/to-control ",
	  "HTTP/1.1 301 x\r\nLocation: http://1.2.3.4/\x01\r\nContent-Length: 0\r\n\r\n" },
	{ "/to-nowhere ", "HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nlost" },
	{ "/relative/a ", "HTTP/1.1 308 x\r\nLocation: ../echo?a b\r\nContent-Length: 0\r\n\r\n" },
	{ "/loop ", "HTTP/1.1 307 x\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n" },
	{ "/later ", "HTTP/1.1 503 x\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n" },
	{ "/validators ",
	  "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Mon, 23 Nov 2026 08:00:00 GMT\r\n"
	  "Content-Type:text/csv \r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab" },
	{ "/codings ",
	  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX: y\r\ncontent-encoding:gzip \r\n"
	  "Content-Length: 2\r\n\r\nab" },
	{ "/long-coding ",
	  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n"
	  "Content-Length: 2\r\n\r\nab" },
	{ "/trailer ", "HTTP/1.1 200 OK\r\nETag: \"right\"\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "3\r\nabc\r\n0\r\nETag: \"wrong\"\r\n\r\n" },
	{ "/continue ", "HTTP/1.1 100 Continue\r\nETag: \"wrong\"\r\n\r\nHTTP/1.1 200 "
			"OK\r\nContent-Length: 2\r\n\r\nab" },
};

static void answer(struct bad_server *s, int fd, const char *request)
{
	const char *path = strchr(request, ' ');

	path = path ? path + 1 : "";
	for (size_t i = 0; i < sizeof(canned) / sizeof(canned[0]); i++) {
		if (strncmp(path, canned[i].path, strlen(canned[i].path)) == 0) {
			puts_to(fd, canned[i].answer);
			return;
		}
	}
	if (strncmp(path, "/endless ", 9) == 0)
		endless(fd, "HTTP/1.1 200 OK\r\n\r\n", "");
	else if (strncmp(path, "/endless-chunks ", 16) == 0)
		endless(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1000\r\n");
	else if (strncmp(path, "/headers ", 9) == 0)
		endless_headers(fd);
	else if (strncmp(path, "/drip ", 6) == 0)
		drip(fd, s);
	else if (strncmp(path, "/never ", 7) == 0)
		while (!hung_up(fd, 10) && !atomic_load(&s->stop))
			;
	else if (strncmp(path, "/redirect?", 10) == 0)
		redirect(fd, request);
	else
		echo(fd, request);
}

/* Requests of one connection until either side closes. */
static void serve_connection(struct bad_server *s, int fd)
{
	char request[8192];
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (atomic_load(&s->stop))
			return;
		if (poll(&p, 1, 10) == 0)
			continue;
		got = recv(fd, request + n, sizeof(request) - 1 - n, 0);
		if (got <= 0)
			return;
		n += (size_t)got;
		request[n] = '\0';
		if (!strstr(request, "\r\n\r\n"))
			continue;
		answer(s, fd, request);
		if (!strstr(request, " /keep") && !strstr(request, " /echo"))
			return;
		n = 0;
	}
}

struct one_connection {
	struct bad_server *s;
	int fd;
};

static void *connection_thread(void *arg)
{
	struct one_connection *c = arg;

	serve_connection(c->s, c->fd);
	close(c->fd);
	free(c);
	return NULL;
}

static void *bad_thread(void *arg)
{
	struct bad_server *s = arg;
	pthread_t threads[64];
	int n = 0;

	while (!atomic_load(&s->stop)) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };
		struct one_connection *c;
		int fd;

		if (poll(&p, 1, 10) != 1)
			continue;
		fd = accept(s->fd, NULL, NULL);
		if (fd < 0 || n == 64)
			abort();
		atomic_fetch_add(&s->connections, 1);
		c = malloc(sizeof(*c));
		*c = (struct one_connection){ s, fd };
		pthread_create(&threads[n++], NULL, connection_thread, c);
	}
	while (n > 0)
		pthread_join(threads[--n], NULL);
	return NULL;
}

static void bad_start(struct bad_server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&at, n) < 0 || listen(s->fd, 16) < 0)
		abort();
	getsockname(s->fd, (struct sockaddr *)&at, &n);
	s->port = ntohs(at.sin_port);
	pthread_create(&s->thread, NULL, bad_thread, s);
}

static void bad_stop(struct bad_server *s)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* --- fixture --------------------------------------------------------------- */

struct fixture {
	struct loop *l;
	struct http_client *c;
	struct http_server *good;
	struct bad_server bad, other;
	struct err e;
	char url[512];
	atomic_int at_once, most_at_once;
};

/* Says not modified to who knows the tag. */
static void serve_tagged(struct exchange *x)
{
	exchange_set_header(x, "ETag", "\"t7\"");
	if (slice_is(exchange_header(x, "If-None-Match"), "\"t7\"")) {
		x->status = 304;
		return;
	}
	for (int i = 0; i < 500; i++)
		buf_puts(&x->reply, "park,month,value\n");
}

static void serve_slowly(struct exchange *x)
{
	struct fixture *f = x->ctx;
	int n = atomic_fetch_add(&f->at_once, 1) + 1;

	if (n > atomic_load(&f->most_at_once))
		atomic_store(&f->most_at_once, n);
	usleep(5000);
	atomic_fetch_sub(&f->at_once, 1);
	buf_puts(&x->reply, "slow");
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct http_route routes[] = {
		{ "GET", "/tagged", HTTP_IN_JOB, JOB_QUERY, serve_tagged, f },
		{ "GET", "/slow", HTTP_IN_JOB, JOB_QUERY, serve_slowly, f },
	};
	struct http_server_options o = { .host = "127.0.0.1" };
	struct loop_options lo = { .workers = { 1, 8, 1, 1 } };

	log_set_fd(-1);
	f->l = loop_new(&lo, &f->e);
	f->c = f->l ? http_client_new(f->l, NULL, &f->e) : NULL;
	f->good = f->c ? http_server_open(f->l, &o, routes, 2, &f->e) : NULL;
	if (!f->good)
		fail_msg("%s", f->e.text);
	bad_start(&f->bad);
	bad_start(&f->other);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->c);
	http_server_close(f->good);
	loop_free(f->l);
	bad_stop(&f->bad);
	bad_stop(&f->other);
	free(f);
	return 0;
}

struct outcome {
	struct http_fetch f;
	int done;
};

static void on_done(struct http_fetch *f)
{
	((struct outcome *)f)->done++;
}

static bool is_done(void *ctx)
{
	return ((struct outcome *)ctx)->done > 0;
}

static const char *url_at(struct fixture *f, const char *host, int port, const char *path)
{
	snprintf(f->url, sizeof(f->url), "http://%s:%d%s", host, port, path);
	return f->url;
}

static const char *bad_url(struct fixture *f, const char *path)
{
	return url_at(f, "127.0.0.1", f->bad.port, path);
}

static void prepare(struct outcome *o, const char *url)
{
	memset(o, 0, sizeof(*o));
	http_fetch_init(&o->f);
	o->f.url = url;
	o->f.done = on_done;
	o->f.timeout_ms = 10000;
}

static void run(struct fixture *f, struct outcome *o)
{
	assert_ok(http_fetch_start(f->c, &o->f, &f->e), &f->e);
	assert_int_equal(o->done, 0);
	if (!loop_settle(f->l, is_done, o, PATIENCE_MS))
		fail_msg("the fetch of %s does not end", o->f.url);
	assert_int_equal(o->done, 1);
}

static void fetch(struct fixture *f, struct outcome *o, const char *url)
{
	prepare(o, url);
	run(f, o);
}

#define assert_fetch_ok(o)                                                                         \
	do {                                                                                       \
		if ((o)->f.err.code != ERR_NONE)                                                   \
			fail_msg("%s", (o)->f.err.text);                                           \
	} while (0)

#define assert_fetch_err(o, want, part)                                                            \
	assert_fails((o)->f.err.code == ERR_NONE ? 0 : -1, &(o)->f.err, want, part)

/* Fetches a path of the bad server that must fail so. */
static void expect(struct fixture *f, const char *path, enum err_code code, const char *part)
{
	struct outcome o;

	prepare(&o, bad_url(f, path));
	o.f.redirects = 3;
	run(f, &o);
	assert_fetch_err(&o, code, part);
	http_fetch_release(&o.f);
}

/* --- what works ------------------------------------------------------------ */

static void a_body_comes_packed_with_its_headers(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	struct buf plain;

	fetch(f, &o, url_at(f, "127.0.0.1", http_server_port(f->good), "/tagged"));
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 200);
	assert_string_equal(o.f.content_type, "text/plain; charset=utf-8");
	assert_string_equal(o.f.content_encoding, "gzip");
	assert_string_equal(o.f.new_etag, "\"t7\"");
	assert_true(o.f.body.n < 500);
	buf_init(&plain, 20000);
	assert_ok(inflate_body(buf_all(&o.f.body), slice_str(o.f.content_encoding), 1000, &plain,
			       &f->e),
		  &f->e);
	assert_int_equal(plain.n, 8500);
	buf_release(&plain);
	http_fetch_release(&o.f);
	snprintf(f->url, sizeof(f->url), "127.0.0.1:%d", http_server_port(f->good));
	assert_string_equal(o.f.address, f->url);
	assert_true(o.f.seconds > 0);
}

static void a_known_tag_is_answered_with_304(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	prepare(&o, url_at(f, "127.0.0.1", http_server_port(f->good), "/tagged"));
	o.f.etag = "\"t7\"";
	run(f, &o);
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 304);
	assert_int_equal(o.f.body.n, 0);
	http_fetch_release(&o.f);
}

static void any_status_is_an_answer(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, url_at(f, "127.0.0.1", http_server_port(f->good), "/missing"));
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 404);
	assert_slice(buf_all(&o.f.body), "nothing is at /missing\n");
	http_fetch_release(&o.f);
	fetch(f, &o, bad_url(f, "/later"));
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 503);
	assert_int_equal(o.f.retry_after_ms, 120000);
	http_fetch_release(&o.f);
}

static void the_request_says_what_was_asked(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	const char *const headers[] = { "Authorization: Bearer x", "X-Other: 1", NULL };

	prepare(&o, bad_url(f, "/echo?q=%E5%9B%AD&z=园#part"));
	o.f.headers = headers;
	o.f.etag = "\"e\"";
	o.f.last_modified = "Mon, 23 Nov 2026 08:00:00 GMT";
	run(f, &o);
	assert_fetch_ok(&o);
	buf_putc(&o.f.body, '\0');
	assert_has(o.f.body.p, "GET /echo?q=%E5%9B%AD&z=%e5%9b%ad HTTP/1.1\r\n");
	assert_has(o.f.body.p, "\r\nAuthorization: Bearer x\r\n");
	assert_has(o.f.body.p, "\r\nX-Other: 1\r\n");
	assert_has(o.f.body.p, "\r\nAccept-Encoding: gzip\r\n");
	assert_has(o.f.body.p, "\r\nIf-None-Match: \"e\"\r\n");
	assert_has(o.f.body.p, "\r\nIf-Modified-Since: Mon, 23 Nov 2026 08:00:00 GMT\r\n");
	assert_has(o.f.body.p, "\r\nUser-Agent: parkwatch/");
	http_fetch_release(&o.f);
}

static void validators_of_the_final_answer_are_kept(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, bad_url(f, "/validators"));
	assert_fetch_ok(&o);
	assert_string_equal(o.f.new_etag, "\"v1\"");
	assert_string_equal(o.f.new_last_modified, "Mon, 23 Nov 2026 08:00:00 GMT");
	assert_string_equal(o.f.content_type, "text/csv");
	assert_string_equal(o.f.content_encoding, "gzip");
	assert_slice(buf_all(&o.f.body), "ab"); /* not undone, whatever it is */
	http_fetch_release(&o.f);
	fetch(f, &o, bad_url(f, "/continue"));
	assert_fetch_ok(&o);
	assert_string_equal(o.f.new_etag, "");
	http_fetch_release(&o.f);
	fetch(f, &o, bad_url(f, "/trailer"));
	assert_fetch_ok(&o);
	assert_string_equal(o.f.new_etag, "\"right\"");
	assert_slice(buf_all(&o.f.body), "abc");
	http_fetch_release(&o.f);
}

/* Neither is taken for one that we know, or for none. */
static void codings_are_one_list_and_a_long_one_is_cut(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, bad_url(f, "/codings"));
	assert_fetch_ok(&o);
	assert_string_equal(o.f.content_encoding, "gzip, gzip");
	http_fetch_release(&o.f);
	fetch(f, &o, bad_url(f, "/long-coding"));
	assert_fetch_ok(&o);
	assert_string_equal(o.f.content_encoding, "gzip, gzip, gzip, gzip, gzip, g");
	http_fetch_release(&o.f);
}

static void a_fetch_can_be_used_again(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	prepare(&o, bad_url(f, "/validators"));
	run(f, &o);
	o.done = 0;
	o.f.url = bad_url(f, "/silent");
	run(f, &o);
	assert_int_equal(o.f.err.code, ERR_NET);
	assert_int_equal(o.f.status, 0);
	assert_string_equal(o.f.new_etag, "");
	assert_int_equal(o.f.body.n, 0);
	http_fetch_release(&o.f);
}

static int many_left;

static void on_one_of_many(struct http_fetch *f)
{
	assert_int_equal(f->err.code, ERR_NONE);
	assert_slice(buf_all(&f->body), "slow");
	http_fetch_release(f);
	many_left--;
}

static bool none_left(void *ctx)
{
	(void)ctx;
	return many_left == 0;
}

static void one_host_gets_few_connections_at_once(void **state)
{
	struct fixture *f = *state;
	enum { N = 40 };
	struct http_fetch *all = calloc(N, sizeof(*all));

	url_at(f, "127.0.0.1", http_server_port(f->good), "/slow");
	many_left = N;
	for (int i = 0; i < N; i++) {
		http_fetch_init(&all[i]);
		all[i].url = f->url;
		all[i].done = on_one_of_many;
		assert_ok(http_fetch_start(f->c, &all[i], &f->e), &f->e);
	}
	assert_true(loop_settle(f->l, none_left, NULL, PATIENCE_MS));
	assert_in_range(atomic_load(&f->most_at_once), 2, 6);
	assert_in_range((int)counter_get(C_HTTP_CONNECTIONS), 2, 6);
	free(all);
}

/* --- limits ---------------------------------------------------------------- */

static void an_endless_body_stops_at_the_limit(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "/endless", "/endless-chunks" };

	for (int i = 0; i < 2; i++) {
		struct outcome o;

		prepare(&o, bad_url(f, paths[i]));
		o.f.body_limit = 100000;
		run(f, &o);
		assert_fetch_err(&o, ERR_LIMIT, "body is larger than 100000 bytes");
		assert_true(o.f.body.n <= 100000);
		assert_true(o.f.body.cap <= 100000);
		http_fetch_release(&o.f);
	}
	expect(f, "/endless", ERR_LIMIT, "body is larger than 4194304 bytes");
}

static void an_announced_size_past_the_limit_is_refused_at_once(void **state)
{
	struct fixture *f = *state;

	expect(f, "/huge", ERR_LIMIT, "body is larger than 4194304 bytes");
}

static void endless_headers_stop_too(void **state)
{
	struct fixture *f = *state;

	expect(f, "/headers", ERR_LIMIT, "headers are larger than 65536 bytes");
}

static void a_dripping_body_times_out_and_says_how_much_came(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	bool some = false;
	char want[64];

	/* Longer should the server not get the processor in time. */
	for (int ms = 300; !some && ms < PATIENCE_MS; ms *= 2) {
		prepare(&o, bad_url(f, "/drip"));
		o.f.timeout_ms = ms;
		run(f, &o);
		snprintf(want, sizeof(want), "timed out after %d ms with %zu bytes received", ms,
			 o.f.body.n);
		assert_fetch_err(&o, ERR_TIMEOUT, want);
		some = o.f.body.n > 0;
		http_fetch_release(&o.f);
	}
	assert_true(some);
}

static void a_body_slower_than_allowed_fails(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	prepare(&o, bad_url(f, "/drip"));
	o.f.low_speed_ms = 1000;
	o.f.low_speed_bytes = 5000;
	run(f, &o);
	assert_fetch_err(&o, ERR_TIMEOUT, "slower than 5000 bytes a second for 1000 ms");
	http_fetch_release(&o.f);
}

static void no_answer_at_all_times_out(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	prepare(&o, bad_url(f, "/never"));
	o.f.timeout_ms = 150;
	run(f, &o);
	assert_fetch_err(&o, ERR_TIMEOUT, "timed out after 150 ms with 0 bytes received");
	http_fetch_release(&o.f);
}

static void waiting_for_a_connection_counts_as_time(void **state)
{
	struct fixture *f = *state;
	struct outcome hold[2], waits;
	char url[128];

	strcpy(url, bad_url(f, "/never"));
	for (int i = 0; i < 2; i++) {
		prepare(&hold[i], url);
		assert_ok(http_fetch_start(f->c, &hold[i].f, &f->e), &f->e);
	}
	prepare(&waits, url);
	waits.f.timeout_ms = 200;
	run(f, &waits);
	assert_fetch_err(&waits, ERR_TIMEOUT, "timed out after 200 ms with 0 bytes received");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hold[i].done, 0);
		http_fetch_cancel(&hold[i].f);
		assert_true(loop_settle(f->l, is_done, &hold[i], PATIENCE_MS));
		http_fetch_release(&hold[i].f);
	}
	http_fetch_release(&waits.f);
}

/* --- broken answers -------------------------------------------------------- */

static void a_body_that_breaks_off_is_an_error(void **state)
{
	struct fixture *f = *state;

	expect(f, "/truncated", ERR_NET, "the body broke off after 17 bytes");
	expect(f, "/broken-chunk", ERR_NET, "the body broke off after 7 bytes");
	expect(f, "/no-chunk", ERR_NET, "the body broke off after 0 bytes");
}

static void what_is_not_http_is_said_to_be_so(void **state)
{
	struct fixture *f = *state;
	char want[128];

	expect(f, "/garbage", ERR_NET, "what 127.0.0.1 answers is not HTTP");
	snprintf(want, sizeof(want), "127.0.0.1:%d closed the connection without an answer",
		 f->bad.port);
	expect(f, "/silent", ERR_NET, want);
}

static void a_header_that_breaks_off_is_no_answer(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, bad_url(f, "/half-header"));
	assert_fetch_err(&o, ERR_NET, "the header of the answer broke off");
	http_fetch_release(&o.f);
}

static void nobody_listening_is_connection_refused(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, "http://127.0.0.1:1/x");
	assert_fetch_err(&o, ERR_NET, "connection refused by 127.0.0.1:1");
	http_fetch_release(&o.f);
}

static void a_name_that_is_none_cannot_be_resolved(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, "http://no-such-host.invalid/");
	assert_fetch_err(&o, ERR_NET, "host 'no-such-host.invalid' cannot be resolved");
	http_fetch_release(&o.f);
}

/* --- redirects and the guard ------------------------------------------------ */

static void redirect_to(struct fixture *f, struct outcome *o, const char *to)
{
	char path[256];

	snprintf(path, sizeof(path), "/redirect?%s", to);
	prepare(o, bad_url(f, path));
	o->f.redirects = 2;
	run(f, o);
}

static void a_redirect_within_the_host_is_followed(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	prepare(&o, bad_url(f, "/relative/a"));
	o.f.redirects = 1;
	o.f.etag = "\"e\"";
	run(f, &o);
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 200);
	buf_putc(&o.f.body, '\0');
	assert_has(o.f.body.p, "GET /echo?a+b HTTP/1.1\r\n");
	assert_has(o.f.body.p, "\r\nIf-None-Match: \"e\"\r\n");
	http_fetch_release(&o.f);
}

static void without_leave_a_redirect_is_the_answer(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, bad_url(f, "/relative/a"));
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 308);
	http_fetch_release(&o.f);
	prepare(&o, bad_url(f, "/to-nowhere"));
	o.f.redirects = 5;
	run(f, &o);
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 302);
	assert_slice(buf_all(&o.f.body), "lost");
	http_fetch_release(&o.f);
}

static void a_circle_of_redirects_ends(void **state)
{
	struct fixture *f = *state;

	expect(f, "/loop", ERR_LIMIT, "more than 3 redirects, the last to '/loop'");
	assert_int_equal(atomic_load(&f->bad.connections), 4);
}

static void a_redirect_to_another_port_of_this_machine_is_refused(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	char to[128];

	snprintf(to, sizeof(to), "http://127.0.0.1:%d/echo", f->other.port);
	redirect_to(f, &o, to);
	assert_fetch_err(&o, ERR_REFUSED,
			 "redirect to 127.0.0.1 refused: not a public address and "
			 "not the configured host");
	assert_int_equal(atomic_load(&f->other.connections), 0);
	http_fetch_release(&o.f);
}

static void spellings_of_this_machine_are_refused_too(void **state)
{
	struct fixture *f = *state;
	static const char *const hosts[] = {
		"localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0177.0.0.1"
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct outcome o;
		char to[128];

		snprintf(to, sizeof(to), "http://%s:%d/echo", hosts[i], f->other.port);
		redirect_to(f, &o, to);
		assert_fetch_err(&o, ERR_REFUSED, "refused: not a public address");
		http_fetch_release(&o.f);
	}
	assert_int_equal(atomic_load(&f->other.connections), 0);
}

static void a_redirect_to_cloud_metadata_is_refused(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	redirect_to(f, &o, "http://169.254.169.254/latest/meta-data/");
	assert_fetch_err(&o, ERR_REFUSED,
			 "redirect to 169.254.169.254 refused: not a public "
			 "address and not the configured host");
	http_fetch_release(&o.f);
	redirect_to(f, &o, "http://10.0.0.1/");
	assert_fetch_err(&o, ERR_REFUSED, "redirect to 10.0.0.1 refused");
	http_fetch_release(&o.f);
	redirect_to(f, &o, "http://[fe80::1]/");
	assert_fetch_err(&o, ERR_REFUSED, "redirect to fe80::1 refused");
	http_fetch_release(&o.f);
}

static void link_local_is_refused_even_when_configured(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	fetch(f, &o, "http://169.254.169.254/");
	assert_fetch_err(&o, ERR_REFUSED, "connection to 169.254.169.254 refused: a link-local");
	http_fetch_release(&o.f);
	fetch(f, &o, "http://0.0.0.0:1/");
	assert_fetch_err(&o, ERR_REFUSED, "connection to 0.0.0.0 refused: an unspecified");
	http_fetch_release(&o.f);
}

static void a_redirect_to_another_scheme_is_refused(void **state)
{
	struct fixture *f = *state;

	expect(f, "/to-file", ERR_REFUSED,
	       "redirect: scheme 'file' refused: only http and https are fetched");
	expect(f, "/to-gopher", ERR_REFUSED, "redirect: scheme 'gopher' refused");
	expect(f, "/to-user", ERR_INVALID, "redirect: the URL holds a user name or password");
	expect(f, "/to-control", ERR_INVALID,
	       "redirect: byte 16 of the URL is a control byte (0x01)");
}

static void another_host_gets_no_credentials(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	const char *const headers[] = { "Authorization: Bearer x", "Cookie: a=b", "X-Api-Key: k",
					"Accept: text/csv", NULL };
	char path[256];

	snprintf(path, sizeof(path), "/redirect?http://1.2.3.4:%d/echo", f->other.port);
	for (int i = 0; i < 2; i++) {
		prepare(&o, bad_url(f, path));
		o.f.redirects = 1;
		o.f.headers = headers;
		o.f.etag = "\"e\"";
		o.f.last_modified = "Mon, 23 Nov 2026 08:00:00 GMT";
		run(f, &o);
		assert_fetch_ok(&o);
		buf_putc(&o.f.body, '\0');
		assert_has(o.f.body.p, "GET /echo HTTP/1.1\r\n");
		assert_has(o.f.body.p, "\r\nAccept: text/csv\r\n");
		assert_null(strstr(o.f.body.p, "Bearer"));
		assert_null(strstr(o.f.body.p, "Cookie"));
		assert_null(strstr(o.f.body.p, "X-Api-Key"));
		assert_null(strstr(o.f.body.p, "If-"));
		http_fetch_release(&o.f);
	}
	/* Each time a connection of its own: none is kept for later. */
	assert_int_equal(atomic_load(&f->other.connections), 2);
}

static void a_kept_connection_does_not_let_a_redirect_in(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	char to[128];

	fetch(f, &o, url_at(f, "127.0.0.1", f->other.port, "/echo"));
	assert_fetch_ok(&o);
	http_fetch_release(&o.f);
	fetch(f, &o, url_at(f, "127.0.0.1", f->other.port, "/echo"));
	assert_fetch_ok(&o);
	http_fetch_release(&o.f);
	assert_int_equal(atomic_load(&f->other.connections), 1); /* it is kept */
	snprintf(to, sizeof(to), "http://127.0.0.1:%d/echo", f->other.port);
	redirect_to(f, &o, to);
	assert_fetch_err(&o, ERR_REFUSED, "redirect to 127.0.0.1 refused");
	http_fetch_release(&o.f);
}

static void the_time_is_for_all_hops_together(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	char path[64];

	snprintf(path, sizeof(path), "/redirect?http://127.0.0.1:%d/never", f->bad.port);
	prepare(&o, bad_url(f, path));
	o.f.redirects = 1;
	o.f.timeout_ms = 200;
	run(f, &o);
	assert_fetch_err(&o, ERR_TIMEOUT, "timed out after 200 ms");
	http_fetch_release(&o.f);
}

/* --- URLs ------------------------------------------------------------------ */

static void urls_that_cannot_be_fetched_are_refused_beforehand(void **state)
{
	static const struct {
		const char *url;
		enum err_code code;
		const char *part;
	} bad[] = {
		{ "file:///etc/passwd", ERR_REFUSED, "scheme 'file' refused" },
		{ "ftp://host/x", ERR_REFUSED, "scheme 'ftp' refused" },
		{ "gopher://host/", ERR_REFUSED, "scheme 'gopher' refused" },
		{ "FILE:///etc/passwd", ERR_REFUSED, "refused: only http and https" },
		{ "dict://h:1/", ERR_REFUSED, "scheme 'dict' refused" },
		{ "http://", ERR_INVALID, "is no URL" },
		{ "", ERR_INVALID, "is no URL" },
		{ "host/path", ERR_INVALID, "is no URL" },
		{ "ho\xffst/path", ERR_INVALID, "'ho?st/path' is no URL" },
		{ "http://user@host/", ERR_INVALID, "user name or password" },
		{ "http://user:pw@host/", ERR_INVALID, "user name or password" },
		{ "http://host/a\nb", ERR_INVALID, "byte 14 of the URL is a control byte (0x0a)" },
		{ "http://host/a b", ERR_INVALID, "byte 14 of the URL is a blank, write %20" },
		{ "http://host:99999/", ERR_INVALID, "is no URL" },
		{ "http://[::1/", ERR_INVALID, "is no URL" },
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(http_url_check(bad[i].url, &e), &e, bad[i].code, bad[i].part);
	assert_ok(http_url_check("http://127.0.0.1:8080/a?b=c#d", &e), &e);
	assert_ok(http_url_check("https://[2001:db8::1]:8443/", &e), &e);
	assert_ok(http_url_check("HTTP://Host.example", &e), &e);
	assert_ok(http_url_check("http://host/数据/2026年.csv", &e), &e);
}

static void a_long_url_is_refused(void **state)
{
	char url[9000];
	struct err e = { 0 };

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "http://h/", 9);
	url[8001] = '\0';
	assert_fails(http_url_check(url, &e), &e, ERR_LIMIT, "longer than 8000 bytes");
	url[8000] = '\0';
	assert_ok(http_url_check(url, &e), &e);
}

static void a_fetch_that_cannot_begin_says_so_and_is_never_done(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	const char *const headers[] = { "X: a\r\nY: b", NULL };

	prepare(&o, "file:///etc/passwd");
	assert_fails(http_fetch_start(f->c, &o.f, &f->e), &f->e, ERR_REFUSED, "scheme 'file'");
	prepare(&o, "http://127.0.0.1:1/");
	o.f.headers = headers;
	assert_fails(http_fetch_start(f->c, &o.f, &f->e), &f->e, ERR_INVALID,
		     "a request header holds a control byte");
	assert_true(loop_settle(f->l, NULL, NULL, 1000));
	assert_int_equal(o.done, 0);
	http_fetch_release(&o.f);
}

/* --- ends ------------------------------------------------------------------ */

static void cancelling_calls_done_once_and_later(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	prepare(&o, bad_url(f, "/never"));
	assert_ok(http_fetch_start(f->c, &o.f, &f->e), &f->e);
	http_fetch_cancel(&o.f);
	http_fetch_cancel(&o.f);
	assert_int_equal(o.done, 0);
	assert_true(loop_settle(f->l, is_done, &o, PATIENCE_MS));
	assert_fetch_err(&o, ERR_CANCELLED, "the fetch was cancelled");
	http_fetch_cancel(&o.f); /* over: nothing */
	loop_settle(f->l, NULL, NULL, 20);
	assert_int_equal(o.done, 1);
	http_fetch_release(&o.f);
}

static void start_another(struct http_fetch *f)
{
	struct outcome *o = (struct outcome *)f;
	struct err e;

	o->done++;
	if (o->done == 1)
		assert_int_equal(http_fetch_start(f->client, f, &e), -1);
}

static void freeing_the_client_ends_every_fetch(void **state)
{
	struct fixture *f = *state;
	struct outcome o[3];
	char url[128];

	strcpy(url, bad_url(f, "/drip"));
	for (int i = 0; i < 3; i++) {
		prepare(&o[i], url);
		o[i].f.done = start_another;
		assert_ok(http_fetch_start(f->c, &o[i].f, &f->e), &f->e);
	}
	loop_settle(f->l, NULL, NULL, 20);
	http_client_free(f->c);
	f->c = NULL;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(o[i].done, 1);
		assert_int_equal(o[i].f.err.code, ERR_CANCELLED);
		http_fetch_release(&o[i].f);
	}
}

static void without_memory_nothing_begins_and_nothing_leaks(void **state)
{
	struct fixture *f = *state;
	struct http_client *c = NULL;
	struct outcome o;
	long k = 0;
	int r = -1;

	while (!c) {
		mem_fail_after(k++, 1);
		c = http_client_new(f->l, NULL, &f->e);
		mem_fail_after(-1, 0);
		if (!c)
			assert_int_equal(f->e.code, ERR_MEMORY);
	}
	prepare(&o, bad_url(f, "/echo"));
	for (k = 0; r < 0; k++) {
		mem_fail_after(k, 1);
		r = http_fetch_start(c, &o.f, &f->e);
		mem_fail_after(-1, 0);
		if (r < 0)
			assert_int_equal(f->e.code, ERR_MEMORY);
	}
	assert_true(k > 1);
	http_client_free(c);
	assert_int_equal(o.done, 1);
	http_fetch_release(&o.f);
}

struct chain {
	struct http_fetch f;
	struct fixture *fixture;
	int left;
};

static void next_of_chain(struct http_fetch *f)
{
	struct chain *c = (struct chain *)f;

	assert_int_equal(f->err.code, ERR_NONE);
	http_fetch_release(f);
	if (--c->left > 0)
		assert_ok(http_fetch_start(c->fixture->c, f, &c->fixture->e), &c->fixture->e);
}

static bool chain_over(void *ctx)
{
	return ((struct chain *)ctx)->left == 0;
}

static void done_may_start_the_next_fetch(void **state)
{
	struct fixture *f = *state;
	struct chain c = { .fixture = f, .left = 20 };

	http_fetch_init(&c.f);
	c.f.url = url_at(f, "127.0.0.1", http_server_port(f->good), "/slow");
	c.f.done = next_of_chain;
	assert_ok(http_fetch_start(f->c, &c.f, &f->e), &f->e);
	assert_true(loop_settle(f->l, chain_over, &c, PATIENCE_MS));
	assert_f64(counter_get(C_HTTP_CONNECTIONS), 1); /* all over one connection */
}

/* --- TLS: openssl's own server ---------------------------------------------- */

static const char ca_config[] =
	"[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\n"
	"serial = serial\nnew_certs_dir = .\ndefault_md = sha256\n"
	"policy = any\nx509_extensions = ext\n[any]\ncommonName = supplied\n"
	"[ext]\nsubjectAltName = IP:127.0.0.1\n"
	"basicConstraints = critical,CA:TRUE\n";

struct tls_server {
	pid_t pid;
	int port;
	FILE *out;
};

static void sh(const char *dir, const char *command)
{
	char text[1024];

	snprintf(text, sizeof(text), "cd %s && (%s) >log 2>&1", dir, command);
	if (system(text) != 0)
		fail_msg("%s failed", command);
}

static void make_certificates(const char *dir)
{
	tmp_write(tmp_path(dir, "ca.cnf"), ca_config, strlen(ca_config));
	sh(dir, "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
		"-subj /CN=test -out req.pem");
	sh(dir, ": >index.txt; echo 01 >serial; openssl ca -batch -selfsign -config ca.cnf -in "
		"req.pem -keyfile key.pem -notext -out expired.pem -startdate 200101000000Z "
		"-enddate 200201000000Z");
	sh(dir, ": >index.txt; openssl ca -batch -selfsign -config ca.cnf -in req.pem -keyfile "
		"key.pem -notext -out future.pem -startdate 20600101000000Z -enddate "
		"20610101000000Z");
	sh(dir, ": >index.txt; openssl ca -batch -selfsign -config ca.cnf -in req.pem -keyfile "
		"key.pem -notext -out good.pem -days 3650");
	/* Of good.pem, which signs them. */
	sh(dir,
	   "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout sha1.key "
	   "-subj /CN=sha1 -out sha1.req; : >index.txt; openssl ca -batch -config ca.cnf -in "
	   "sha1.req -cert good.pem -keyfile key.pem -md sha1 -notext -out sha1.pem -days 3650");
	sh(dir, "openssl req -newkey rsa:1024 -nodes -keyout small.key -subj /CN=small -out "
		"small.req; : >index.txt; openssl ca -batch -config ca.cnf -in small.req -cert "
		"good.pem -keyfile key.pem -notext -out small.pem -days 3650");
}

static void tls_start(struct tls_server *s, const char *dir, const char *certificate,
		      const char *key)
{
	int out[2];
	char line[256];

	assert_int_equal(pipe(out), 0);
	s->pid = fork();
	if (s->pid == 0) {
		dup2(out[1], 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		close(out[0]);
		if (chdir(dir) < 0)
			_exit(127);
		execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
		       certificate, "-key", key, "-cipher", "DEFAULT@SECLEVEL=0", "-HTTP",
		       (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	s->out = fdopen(out[0], "r");
	s->port = 0;
	while (!s->port && fgets(line, sizeof(line), s->out))
		sscanf(line, "ACCEPT 127.0.0.1:%d", &s->port);
	if (!s->port)
		fail_msg("openssl s_server does not start");
}

static void tls_stop(struct tls_server *s)
{
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	fclose(s->out);
}

static void tls_fetch(struct fixture *f, struct outcome *o, const char *host, int port,
		      const char *path, const char *ca)
{
	snprintf(f->url, sizeof(f->url), "https://%s:%d%s", host, port, path);
	prepare(o, f->url);
	o->f.ca_file = ca;
	o->f.redirects = 3;
	run(f, o);
	http_fetch_release(&o->f);
}

static void certificates_are_verified(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *certificate, *key, *trusted, *fault;
	} bad[] = {
		{ "expired.pem", "key.pem", "expired.pem", "certificate has expired" },
		{ "future.pem", "key.pem", "future.pem", "certificate is not yet valid" },
		{ "sha1.pem", "sha1.key", "good.pem", "CA signature digest algorithm too weak" },
		{ "small.pem", "small.key", "good.pem", "EE certificate key too weak" },
	};
	double before = counter_get_for(C_FETCH_FAILURES, slice_str("certificate"));
	struct tls_server s;
	struct outcome o;
	char *dir = tmp_make(), good[256], trusted[256], why[256];

	if (system("openssl version >/dev/null 2>&1") != 0) {
		fprintf(stderr, "SKIPPED: no openssl command, certificates were not tested\n");
		tmp_remove(dir);
		skip();
	}
	make_certificates(dir);
	tmp_write(tmp_path(dir, "page"), "HTTP/1.0 200 OK\r\nX: y\r\n\r\nsecret", 31);
	tmp_write(tmp_path(dir, "down"), "HTTP/1.0 302 Found\r\nLocation: http://1.2.3.4/\r\n\r\n",
		  49);
	snprintf(good, sizeof(good), "%s/good.pem", dir);

	tls_start(&s, dir, "good.pem", "key.pem");
	tls_fetch(f, &o, "127.0.0.1", s.port, "/page", good);
	assert_fetch_ok(&o);
	assert_int_equal(o.f.status, 200);
	tls_fetch(f, &o, "127.0.0.1", s.port, "/down", good);
	assert_fetch_err(&o, ERR_REFUSED, "redirect from https to http refused");
	tls_fetch(f, &o, "localhost", s.port, "/page", good);
	assert_fetch_err(&o, ERR_NET,
			 "the certificate of localhost is refused: SSL: no alternative "
			 "certificate subject name matches");
	tls_fetch(f, &o, "127.0.0.1", s.port, "/page", NULL);
	assert_fetch_err(&o, ERR_NET, "the certificate of 127.0.0.1 is refused: self-signed");
	tls_stop(&s);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tls_start(&s, dir, bad[i].certificate, bad[i].key);
		snprintf(trusted, sizeof(trusted), "%s/%s", dir, bad[i].trusted);
		tls_fetch(f, &o, "127.0.0.1", s.port, "/page", trusted);
		snprintf(why, sizeof(why), "the certificate of 127.0.0.1 is refused: %s",
			 bad[i].fault);
		assert_fetch_err(&o, ERR_NET, why);
		tls_stop(&s);
	}
	assert_f64(counter_get_for(C_FETCH_FAILURES, slice_str("certificate")) - before, 6);
	tmp_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_body_comes_packed_with_its_headers),
		T(a_known_tag_is_answered_with_304),
		T(any_status_is_an_answer),
		T(the_request_says_what_was_asked),
		T(validators_of_the_final_answer_are_kept),
		T(codings_are_one_list_and_a_long_one_is_cut),
		T(a_fetch_can_be_used_again),
		T(one_host_gets_few_connections_at_once),
		T(an_endless_body_stops_at_the_limit),
		T(an_announced_size_past_the_limit_is_refused_at_once),
		T(endless_headers_stop_too),
		T(a_dripping_body_times_out_and_says_how_much_came),
		T(a_body_slower_than_allowed_fails),
		T(no_answer_at_all_times_out),
		T(waiting_for_a_connection_counts_as_time),
		T(a_body_that_breaks_off_is_an_error),
		T(what_is_not_http_is_said_to_be_so),
		T(a_header_that_breaks_off_is_no_answer),
		T(nobody_listening_is_connection_refused),
		T(a_name_that_is_none_cannot_be_resolved),
		T(a_redirect_within_the_host_is_followed),
		T(without_leave_a_redirect_is_the_answer),
		T(a_circle_of_redirects_ends),
		T(a_redirect_to_another_port_of_this_machine_is_refused),
		T(spellings_of_this_machine_are_refused_too),
		T(a_redirect_to_cloud_metadata_is_refused),
		T(link_local_is_refused_even_when_configured),
		T(a_redirect_to_another_scheme_is_refused),
		T(another_host_gets_no_credentials),
		T(a_kept_connection_does_not_let_a_redirect_in),
		T(the_time_is_for_all_hops_together),
		T(urls_that_cannot_be_fetched_are_refused_beforehand),
		T(a_long_url_is_refused),
		T(a_fetch_that_cannot_begin_says_so_and_is_never_done),
		T(cancelling_calls_done_once_and_later),
		T(freeing_the_client_ends_every_fetch),
		T(without_memory_nothing_begins_and_nothing_leaks),
		T(done_may_start_the_next_fetch),
		T(certificates_are_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
