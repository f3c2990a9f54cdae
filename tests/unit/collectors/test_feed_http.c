/*
 * Feeds over real HTTP on loopback: what needs a server to be shown. The rest of a feed's
 * life is in test_feed.c, against a scripted client.
 */
#include "tests/unit/collectors/feeds.h"

#include "base/inflate.h"
#include "loop/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const char good[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.1\n乙山,1,2\n";

struct served {
	struct feeds *f;
	struct http_server *s;
	unsigned asked, not_modified;
	bool cut;        /* the gzip body is cut off */
	char target[64]; /* of the redirect */
};

static struct served served;

static void serve_good(struct exchange *x)
{
	struct served *s = x->ctx;

	s->asked++;
	exchange_set_header(x, "ETag", "\"v1\"");
	if (slice_is(exchange_header(x, "If-None-Match"), "\"v1\"")) {
		s->not_modified++;
		x->status = 304;
		return;
	}
	x->content_type = "text/csv";
	buf_puts(&x->reply, good);
}

static void serve_gzip(struct exchange *x)
{
	struct served *s = x->ctx;
	struct buf gz;

	buf_init(&gz, 65536);
	assert_ok(deflate_body(slice_str(good), &gz, &s->f->e), &s->f->e);
	exchange_set_header(x, "Content-Encoding", "gzip");
	buf_put(&x->reply, gz.p, s->cut ? gz.n - 9 : gz.n);
	buf_release(&gz);
}

static void serve_endless(struct exchange *x)
{
	for (int i = 0; i < 100000; i++)
		buf_puts(&x->reply, "甲河,1,2\n");
}

static void serve_redirect(struct exchange *x)
{
	struct served *s = x->ctx;

	x->status = 302;
	exchange_set_header(x, "Location", s->target);
}

static int setup(void **state)
{
	static const struct http_route routes[] = {
		{ .method = "GET", .path = "/good", .serve = serve_good, .ctx = &served },
		{ .method = "GET", .path = "/gzip", .serve = serve_gzip, .ctx = &served },
		{ .method = "GET", .path = "/endless", .serve = serve_endless, .ctx = &served },
		{ .method = "GET", .path = "/redirect", .serve = serve_redirect, .ctx = &served },
	};
	struct http_server_options o = { .host = "127.0.0.1" };
	struct feeds *f = feeds_open(true);

	served = (struct served){ .f = f };
	served.s = http_server_open(f->loop, &o, routes, sizeof(routes) / sizeof(*routes), &f->e);
	if (!served.s)
		fail_msg("%s", f->e.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct feeds *f = *state;

	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	http_server_close(served.s);
	feeds_close(f);
	return 0;
}

static void apply(struct feeds *f, int port, const char *path, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "- name: land\n"
		 "  url: http://127.0.0.1:%d%s\n"
		 "  format: csv\n"
		 "  jitter: 0\n%s"
		 "  layout:\n"
		 "    unit: {column: 园区}\n"
		 "    indicator: {is: output_yuan}\n"
		 "    period: {header: true}\n",
		 port, path, more);
	feeds_apply(f, yaml);
}

static void a_document_is_fetched_once_and_then_asked_for_conditionally(void **state)
{
	struct feeds *f = *state;

	apply(f, http_server_port(served.s), "/good", "");
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error, "");
	assert_int_equal(f->nstored, 4);
	assert_has(f->address, "127.0.0.1:");
	assert_int_equal(served.not_modified, 0);
	feeds_poll(f, "land");
	assert_int_equal(served.asked, 2);
	assert_int_equal(served.not_modified, 1);
	assert_int_equal(f->emits, 1);
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
}

static void a_packed_document_is_unpacked_and_a_cut_one_refused(void **state)
{
	struct feeds *f = *state;

	served.cut = true;
	apply(f, http_server_port(served.s), "/gzip", "");
	feeds_poll(f, "land");
	assert_has(feeds_status(f, "land").error, "gzip data ends after");
	assert_int_equal(f->emits, 0);
	served.cut = false;
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error, "");
	assert_int_equal(f->nstored, 4);
	/* Packing for the way is no part of what is kept. */
	assert_true(f->original_bytes > 0 && f->original[0] != '\x1f');
}

static void a_body_beyond_the_limit_is_cut_off_and_refused(void **state)
{
	struct feeds *f = *state;

	apply(f, http_server_port(served.s), "/endless", "  body_limit: 64KiB\n");
	feeds_poll(f, "land");
	assert_int_equal(feeds_status(f, "land").health, FEED_FAILING);
	assert_has(feeds_status(f, "land").error, "65536");
	assert_int_equal(f->emits, 0);
}

static void a_missing_page_is_a_failure_with_its_status(void **state)
{
	struct feeds *f = *state;

	apply(f, http_server_port(served.s), "/nothing-here", "");
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error, "the server answered HTTP status 404");
}

static void a_redirect_is_not_followed_unless_configured(void **state)
{
	struct feeds *f = *state;

	snprintf(served.target, sizeof(served.target), "/good");
	apply(f, http_server_port(served.s), "/redirect", "");
	feeds_poll(f, "land");
	assert_int_equal(feeds_status(f, "land").health, FEED_FAILING);
	assert_int_equal(f->emits, 0);
	/* Its own host and port are as good as the configured address. */
	apply(f, http_server_port(served.s), "/redirect", "  redirects: 1\n");
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error, "");
	assert_int_equal(f->nstored, 4);
}

/* A socket that listens and says nothing. */
static int silent(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void a_redirect_to_another_loopback_service_is_refused(void **state)
{
	struct feeds *f = *state;
	int port, fd = silent(&port);

	snprintf(served.target, sizeof(served.target), "http://127.0.0.2:%d/admin", port);
	apply(f, http_server_port(served.s), "/redirect", "  redirects: 3\n");
	feeds_poll(f, "land");
	assert_int_equal(feeds_status(f, "land").health, FEED_FAILING);
	assert_has(feeds_status(f, "land").error, "127.0.0.2");
	assert_int_equal(f->emits, 0);
	close(fd);
}

static void a_server_that_says_nothing_times_out(void **state)
{
	struct feeds *f = *state;
	int port, fd = silent(&port);

	apply(f, port, "/", "  timeout: 200ms\n");
	feeds_poll(f, "land");
	assert_int_equal(feeds_status(f, "land").health, FEED_FAILING);
	assert_true(*feeds_status(f, "land").error);
	assert_int_equal(f->emits, 0);
	close(fd);
}

static void a_feed_can_be_removed_while_its_server_is_silent(void **state)
{
	struct feeds *f = *state;
	int port, fd = silent(&port);

	apply(f, port, "/", "  timeout: 300ms\n");
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	feeds_apply(f, "[]");
	assert_int_equal(f->c->nleaving, 1);
	feeds_idle(f);
	assert_int_equal(f->c->nleaving, 0);
	close(fd);
}

static void closing_does_not_wait_for_a_silent_server(void **state)
{
	struct feeds *f = *state;
	int port, fd = silent(&port);

	apply(f, port, "/", "  timeout: 600s\n");
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	close(fd);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_document_is_fetched_once_and_then_asked_for_conditionally),
		T(a_packed_document_is_unpacked_and_a_cut_one_refused),
		T(a_body_beyond_the_limit_is_cut_off_and_refused),
		T(a_missing_page_is_a_failure_with_its_status),
		T(a_redirect_is_not_followed_unless_configured),
		T(a_redirect_to_another_loopback_service_is_refused),
		T(a_server_that_says_nothing_times_out),
		T(a_feed_can_be_removed_while_its_server_is_silent),
		T(closing_does_not_wait_for_a_silent_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
