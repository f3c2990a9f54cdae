/*
 * test_http_client_tls.c - where an answer over TLS ends.
 *
 * Without a length the end of the stream is the end of the body, and whoever sits between can end a
 * TCP stream wherever he likes; only the close_notify of TLS is the server's own word that it has
 * said all. The server here is a thread with GnuTLS, and leaves in each of the ways there are.
 */
#include "tests/lib/assert.h"
#include "tests/lib/pem.h"
#include "tests/lib/tmp.h"

#include "base/log.h"
#include "loop/http_client.h"

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

enum leaving { SAYS_SO, JUST_CLOSES, RESETS };

struct server {
	int fd, port;
	pthread_t thread;
	gnutls_certificate_credentials_t identity;
	/* of the one connection */
	const char *versions, *answers[3]; /* NULL ends them */
	enum leaving how;
};

/* False: there was none. */
static bool read_request(gnutls_session_t tls)
{
	char request[4096];
	size_t n = 0;

	while (n < sizeof(request) - 1) {
		ssize_t got = gnutls_record_recv(tls, request + n, sizeof(request) - 1 - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
		request[n] = '\0';
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void answer(const struct server *s, gnutls_session_t tls)
{
	for (size_t i = 0; s->answers[i]; i++) {
		if (!read_request(tls))
			return;
		(void)gnutls_record_send(tls, s->answers[i], strlen(s->answers[i]));
	}
	if (s->how == SAYS_SO)
		(void)gnutls_bye(tls, GNUTLS_SHUT_WR);
}

static void *serve(void *arg)
{
	static const struct linger at_once = { .l_onoff = 1 };
	const struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	gnutls_session_t tls;

	if (fd < 0 || gnutls_init(&tls, GNUTLS_SERVER) < 0 ||
	    gnutls_priority_set_direct(tls, s->versions, NULL) < 0 ||
	    gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, s->identity) < 0)
		abort();
	gnutls_transport_set_int(tls, fd);
	if (gnutls_handshake(tls) == GNUTLS_E_SUCCESS)
		answer(s, tls);
	if (s->how == RESETS)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	gnutls_deinit(tls);
	close(fd);
	return NULL;
}

static void server_open(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	const gnutls_datum_t cert = { (unsigned char *)(uintptr_t)pem_cert_a,
				      sizeof(pem_cert_a) - 1 };
	const gnutls_datum_t key = { (unsigned char *)(uintptr_t)pem_key_a, sizeof(pem_key_a) - 1 };
	socklen_t n = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&at, n) < 0 || listen(s->fd, 4) < 0 ||
	    gnutls_certificate_allocate_credentials(&s->identity) < 0 ||
	    gnutls_certificate_set_x509_key_mem(s->identity, &cert, &key, GNUTLS_X509_FMT_PEM) < 0)
		abort();
	getsockname(s->fd, (struct sockaddr *)&at, &n);
	s->port = ntohs(at.sin_port);
}

struct fixture {
	struct loop *l;
	struct http_client *c;
	struct server s;
	struct http_fetch fetch;
	char *dir;
	char ca[300], url[64];
	bool done;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_fd(-1);
	f->l = loop_new(&(struct loop_options){ 0 }, &f->e);
	f->c = f->l ? http_client_new(f->l, NULL, &f->e) : NULL;
	if (!f->c)
		fail_msg("%s", f->e.text);
	f->dir = tmp_make();
	snprintf(f->ca, sizeof(f->ca), "%s/ca.pem", f->dir);
	tmp_write(f->ca, pem_cert_a, sizeof(pem_cert_a) - 1);
	server_open(&f->s);
	snprintf(f->url, sizeof(f->url), "https://127.0.0.1:%d/land.csv", f->s.port);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->c);
	loop_free(f->l);
	gnutls_certificate_free_credentials(f->s.identity);
	close(f->s.fd);
	tmp_remove(f->dir);
	free(f);
	return 0;
}

static void on_done(struct http_fetch *h)
{
	struct fixture *f = (struct fixture *)(void *)((char *)h - offsetof(struct fixture, fetch));

	f->done = true;
}

static bool is_done(void *ctx)
{
	return ((struct fixture *)ctx)->done;
}

/* To be released by the caller. */
static void fetch(struct fixture *f)
{
	http_fetch_init(&f->fetch);
	f->fetch.url = f->url;
	f->fetch.ca_file = f->ca;
	f->fetch.server_name = "a"; /* its certificate's */
	f->fetch.timeout_ms = 10000;
	f->fetch.done = on_done;
	f->done = false;
	assert_ok(http_fetch_start(f->c, &f->fetch, &f->e), &f->e);
	assert_true(loop_settle(f->l, is_done, f, PATIENCE_MS));
}

static void serve_and_fetch(struct fixture *f, const char *said, enum leaving how,
			    const char *versions)
{
	f->s.answers[0] = said;
	f->s.answers[1] = NULL;
	f->s.how = how;
	f->s.versions = versions;
	pthread_create(&f->s.thread, NULL, serve, &f->s);
	fetch(f);
	pthread_join(f->s.thread, NULL);
}

static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.2",
					"NORMAL:-VERS-ALL:+VERS-TLS1.3" };

#define UNTIL_THE_END "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npark,value\n"
#define OLD           "HTTP/1.0 200 OK\r\n\r\npark,value\n"
#define COUNTED       "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\npark,value\n"
#define COUNTED_MORE                                                                               \
	"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\npark,value\n"
#define CHUNKED_LIST                                                                               \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, Chunked "                                 \
	"\r\n\r\nb\r\npark,value\n\r\n0\r\n\r\n"
#define KEPT    "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\npark,value\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\npark,value\n\r\n"

static void a_body_that_is_all_there_is_taken(void **state)
{
	static const struct {
		const char *said;
		enum leaving how;
	} cases[] = {
		{ UNTIL_THE_END, SAYS_SO },
		{ OLD, SAYS_SO },
		{ COUNTED, SAYS_SO },
		{ COUNTED, JUST_CLOSES },
		{ CHUNKED_LIST, JUST_CLOSES },
		{ CHUNKED "0\r\n\r\n", SAYS_SO },
		{ CHUNKED "0\r\n\r\n", JUST_CLOSES },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		serve_and_fetch(f, cases[i / 2].said, cases[i / 2].how, versions[i % 2]);
		assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
		assert_slice(buf_all(&f->fetch.body), "park,value\n");
		http_fetch_release(&f->fetch);
	}
}

static void a_stream_cut_off_without_close_notify_is_not_taken_as_complete(void **state)
{
	static const struct {
		const char *said;
		enum leaving how;
	} cases[] = {
		{ UNTIL_THE_END, JUST_CLOSES }, { OLD, JUST_CLOSES }, { COUNTED_MORE, SAYS_SO },
		{ COUNTED_MORE, JUST_CLOSES },  { CHUNKED, SAYS_SO }, { CHUNKED, JUST_CLOSES },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		serve_and_fetch(f, cases[i / 2].said, cases[i / 2].how, versions[i % 2]);
		assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_NET,
			     "the body broke off after 11 bytes");
		http_fetch_release(&f->fetch);
	}
}

static void an_answer_that_has_no_body_needs_no_end(void **state)
{
	static const char *const said[] = { "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n",
					    "HTTP/1.1 204 No Content\r\n\r\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		serve_and_fetch(f, said[i / 2], JUST_CLOSES, versions[i % 2]);
		assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
		assert_int_equal(f->fetch.status, i < 2 ? 304 : 204);
		http_fetch_release(&f->fetch);
	}
}

static void a_connection_used_again_is_watched_as_well(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		f->s.answers[0] = KEPT;
		f->s.answers[1] = UNTIL_THE_END;
		f->s.how = i / 2 ? SAYS_SO : JUST_CLOSES;
		f->s.versions = versions[i % 2];
		pthread_create(&f->s.thread, NULL, serve, &f->s);
		fetch(f);
		assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
		http_fetch_release(&f->fetch);
		fetch(f);
		if (i / 2)
			assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
		else
			assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_NET,
				     "the body broke off after 11 bytes");
		http_fetch_release(&f->fetch);
		pthread_join(f->s.thread, NULL);
	}
}

/* How much came before is not ours to say. */
static void a_stream_that_is_reset_is_not_taken_as_complete(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		serve_and_fetch(f, UNTIL_THE_END, RESETS, versions[i]);
		assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_NET, "");
		http_fetch_release(&f->fetch);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_body_that_is_all_there_is_taken),
		T(a_stream_cut_off_without_close_notify_is_not_taken_as_complete),
		T(an_answer_that_has_no_body_needs_no_end),
		T(a_connection_used_again_is_watched_as_well),
		T(a_stream_that_is_reset_is_not_taken_as_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
