/*
 * test_http_redirect.c - where a redirect may lead, however it is spelled.
 *
 * The server answers each request with a redirect to f->to, and counts who comes to /stolen. Names
 * under .test are resolved here, differently each time where a test wants that, and 1.2.3.4, a
 * public address to the guard, leads back to this machine.
 */
#include "tests/lib/assert.h"
#include "tests/lib/schemes.h"

#include "base/log.h"
#include "loop/http_client.h"
#include "loop/http_server.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <stdatomic.h>

enum { PATIENCE_MS = 20000 };

/* What names under .test are the first time, the second time …; the last one stays. */
static const char *const *answers;
static atomic_int lookups;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hint,
		struct addrinfo **out)
{
	typedef int fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	static fn *real;
	const char *dot = name ? strrchr(name, '.') : NULL;
	int at = 0, want;

	if (!real)
		real = (fn *)dlsym(RTLD_NEXT, "getaddrinfo");
	if (!dot || strcmp(dot, ".test") != 0)
		return real(name, service, hint, out);
	want = atomic_fetch_add(&lookups, 1);
	while (at < want && answers[at + 1])
		at++;
	return real(answers[at], service, hint, out);
}

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	typedef int fn(int, const struct sockaddr *, socklen_t);
	static fn *real;
	struct sockaddr_in at;

	if (!real)
		real = (fn *)dlsym(RTLD_NEXT, "connect");
	if (to->sa_family == AF_INET && n >= sizeof(at)) {
		memcpy(&at, to, sizeof(at));
		if (at.sin_addr.s_addr == htonl(0x01020304)) {
			at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
			return real(fd, (struct sockaddr *)&at, sizeof(at));
		}
	}
	return real(fd, to, n);
}

struct fixture {
	struct loop *l;
	struct http_client *c;
	struct http_server *s, *other;
	struct err e;
	char to[512], url[512];
	int stolen;
	bool carried; /* whoever came had a secret with him */
	bool done;
	struct http_fetch fetch;
};

static void serve_redirect(struct exchange *x)
{
	struct fixture *f = x->ctx;

	x->status = 302;
	exchange_set_header(x, "Location", f->to);
}

static void serve_stolen(struct exchange *x)
{
	struct fixture *f = x->ctx;

	f->stolen++;
	f->carried |= exchange_header(x, "Authorization").n || exchange_header(x, "X-Api-Key").n;
	buf_puts(&x->reply, "stolen");
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct http_route routes[] = {
		{ .method = "GET", .path = "/", .serve = serve_redirect, .ctx = f },
		{ .method = "GET", .path = "/stolen", .serve = serve_stolen, .ctx = f },
	};
	struct http_server_options o = { .host = "127.0.0.1" };

	log_set_fd(-1);
	atomic_store(&lookups, 0);
	f->l = loop_new(&(struct loop_options){ 0 }, &f->e);
	f->c = f->l ? http_client_new(f->l, NULL, &f->e) : NULL;
	f->s = f->c ? http_server_open(f->l, &o, routes, 2, &f->e) : NULL;
	f->other = f->s ? http_server_open(f->l, &o, routes, 2, &f->e) : NULL;
	if (!f->other)
		fail_msg("%s", f->e.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->c);
	http_server_close(f->s);
	http_server_close(f->other);
	loop_free(f->l);
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

static void fetch(struct fixture *f, const char *host)
{
	static const char *const headers[] = { "Authorization: Bearer geheim", "X-Api-Key: geheim",
					       NULL };

	snprintf(f->url, sizeof(f->url), "http://%s:%d/", host, http_server_port(f->s));
	http_fetch_init(&f->fetch);
	f->fetch.url = f->url;
	f->fetch.headers = headers;
	f->fetch.redirects = 1;
	f->fetch.timeout_ms = 10000;
	f->fetch.done = on_done;
	f->done = false;
	assert_ok(http_fetch_start(f->c, &f->fetch, &f->e), &f->e);
	assert_true(loop_settle(f->l, is_done, f, PATIENCE_MS));
	http_fetch_release(&f->fetch);
}

/* Follows a redirect to that host, at the other server's port. */
static void lead_to(struct fixture *f, const char *host)
{
	snprintf(f->to, sizeof(f->to), "http://%s:%d/stolen", host, http_server_port(f->other));
	fetch(f, "127.0.0.1");
}

/* A client that has looked nothing up yet. */
static void forget_names(struct fixture *f)
{
	http_client_free(f->c);
	f->c = http_client_new(f->l, NULL, &f->e);
	assert_non_null(f->c);
}

static void no_spelling_leads_inside(void **state)
{
	static const struct {
		const char *host, *said;
	} cases[] = {
		/* this machine */
		{ "127.0.0.1", "redirect to 127.0.0.1 refused" },
		{ "127.1", "redirect to 127.0.0.1 refused" },
		{ "127.0.1", "redirect to 127.0.0.1 refused" },
		{ "127.255.255.254", "refused" },
		{ "0x7f.1", "redirect to 127.0.0.1 refused" },
		{ "0x7f.0x0.0x0.0x1", "redirect to 127.0.0.1 refused" },
		{ "0X7F000001", "redirect to 127.0.0.1 refused" },
		{ "2130706433", "redirect to 127.0.0.1 refused" },
		{ "017700000001", "redirect to 127.0.0.1 refused" },
		{ "0177.0.0.01", "redirect to 127.0.0.1 refused" },
		{ "127.0.0.1.", "" },
		{ "%31%32%37.0.0.1", "redirect to 127.0.0.1 refused" },
		{ "localhost", "refused" },
		{ "LocalHost", "refused" },
		{ "localhost.", "" },
		{ "[::1]", "redirect to ::1 refused" },
		{ "[0:0:0:0:0:0:0:1]", "redirect to ::1 refused" },
		{ "[::ffff:127.0.0.1]", "refused" },
		{ "[::ffff:7f00:1]", "refused" },
		{ "[::127.0.0.1]", "refused" },
		{ "[64:ff9b::7f00:1]", "refused" },
		{ "[2002:7f00:1::]", "refused" },
		/* metadata of clouds */
		{ "169.254.169.254", "redirect to 169.254.169.254 refused" },
		{ "169.254.43518", "redirect to 169.254.169.254 refused" },
		{ "2852039166", "redirect to 169.254.169.254 refused" },
		{ "0xa9fea9fe", "redirect to 169.254.169.254 refused" },
		{ "0xa9.0xfe.0xa9.0xfe", "redirect to 169.254.169.254 refused" },
		{ "025177524776", "redirect to 169.254.169.254 refused" },
		{ "0251.0376.0251.0376", "redirect to 169.254.169.254 refused" },
		{ "[::ffff:169.254.169.254]", "refused" },
		{ "[::ffff:a9fe:a9fe]", "refused" },
		{ "[64:ff9b::a9fe:a9fe]", "refused" },
		{ "[fd00:ec2::254]", "redirect to fd00:ec2::254 refused" },
		/* networks of one's own */
		{ "10.0.0.1", "refused" },
		{ "012.1", "redirect to 10.0.0.1 refused" },
		{ "172.16.0.1", "refused" },
		{ "192.168.257", "redirect to 192.168.1.1 refused" },
		{ "3232235777", "redirect to 192.168.1.1 refused" },
		{ "100.64.0.1", "refused" },
		{ "100.127.255.255", "refused" },
		{ "[fc00::1]", "refused" },
		{ "[fdff::1]", "refused" },
		{ "[fec0::1]", "refused" },
		/* the link, with and without its name */
		{ "[fe80::1]", "redirect to fe80::1 refused" },
		{ "[fe80::1%25lo]", "refused" },
		{ "[fe80::1%25nothere]", "" },
		{ "[::1%25lo]", "" },
		/* everybody and nobody */
		{ "224.0.0.1", "refused" },
		{ "239.255.255.250", "refused" },
		{ "[ff02::1]", "refused" },
		{ "255.255.255.255", "refused" },
		{ "0.0.0.0", "refused" },
		{ "0", "redirect to 0.0.0.0 refused" },
		{ "0x0", "refused" },
		{ "[::]", "redirect to :: refused" },
		/* one name before the other */
		{ "1.2.3.4@127.0.0.1", "user name or password" },
		{ "1.2.3.4:80@127.0.0.1", "user name or password" },
		{ "1.2.3.4%40127.0.0.1", "" },
		{ "127.0.0.1\\@1.2.3.4", "" },
		{ "1.2.3.4#@127.0.0.1", "" },
	};
	struct fixture *f = *state;
	size_t right = 0, n = sizeof(cases) / sizeof(cases[0]);

	for (size_t i = 0; i < n; i++) {
		lead_to(f, cases[i].host);
		if (f->fetch.err.code != ERR_NONE && strstr(f->fetch.err.text, cases[i].said))
			right++;
		else
			print_error("%s: %d %ld %s\n", cases[i].host, f->fetch.err.code,
				    f->fetch.status, f->fetch.err.text);
	}
	assert_int_equal(right, n);
	assert_int_equal(f->stolen, 0);
}

static void assert_scheme_refused(const char *url, const char *scheme, struct err *e)
{
	char want[128];
	struct arena a;
	const char *out;

	snprintf(want, sizeof(want), "scheme '%s' refused: only http and https are fetched",
		 scheme);
	assert_fails(http_url_check(url, e), e, ERR_REFUSED, want);
	assert_fails(http_proxy_check(url, e), e, ERR_REFUSED, want);
	arena_init(&a, 1 << 20);
	assert_fails(http_url_follow("http://stat.example/a", url, &a, &out, e), e, ERR_REFUSED,
		     want);
	arena_release(&a);
}

/* As a URL, as a proxy, as a link to the next page, and as where a redirect leads. */
static void no_scheme_but_http_and_https_is_spoken(void **state)
{
	struct fixture *f = *state;
	char want[128];

	for (size_t i = 0; i < OTHER_SCHEMES; i++) {
		const char *scheme = other_schemes[i].scheme;

		assert_scheme_refused(other_schemes[i].url, scheme, &f->e);
		snprintf(f->to, sizeof(f->to), "%s", other_schemes[i].url);
		fetch(f, "127.0.0.1");
		snprintf(want, sizeof(want), "redirect: scheme '%s' refused: only http", scheme);
		assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_REFUSED,
			     want);
	}
	assert_int_equal(f->stolen, 0);
}

static void a_proxy_is_asked_over_http_and_without_a_password(void **state)
{
	struct fixture *f = *state;

	assert_ok(http_proxy_check("http://10.0.0.8:3128", &f->e), &f->e);
	assert_fails(http_proxy_check("https://10.0.0.8:3128", &f->e), &f->e, ERR_REFUSED,
		     "scheme 'https' refused: a proxy is asked over http");
	assert_fails(http_proxy_check("socks5://10.0.0.8", &f->e), &f->e, ERR_REFUSED,
		     "scheme 'socks5' refused");
	assert_fails(http_proxy_check("http://a:b@10.0.0.8", &f->e), &f->e, ERR_INVALID,
		     "user name or password");
}

static void a_public_host_is_followed_without_secrets(void **state)
{
	struct fixture *f = *state;

	lead_to(f, "1.2.3.4");
	assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
	assert_int_equal(f->fetch.status, 200);
	assert_int_equal(f->stolen, 1);
	assert_false(f->carried);
}

static void a_name_is_judged_by_the_address_it_has_this_time(void **state)
{
	static const char *const turns[] = { "1.2.3.4",  "127.0.0.1",        "169.254.169.254",
					     "10.0.0.1", "::ffff:127.0.0.1", NULL };
	struct fixture *f = *state;

	answers = turns;
	lead_to(f, "twice.test");
	assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
	assert_int_equal(f->stolen, 1);
	for (int i = 1; turns[i]; i++) {
		forget_names(f);
		lead_to(f, "twice.test");
		assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_REFUSED,
			     "refused: not a public address and not the configured host");
		assert_int_equal(atomic_load(&lookups), i + 1);
	}
	assert_int_equal(f->stolen, 1);
}

static void a_configured_name_may_turn_private_but_never_to_the_link(void **state)
{
	static const char *const turns[] = { "127.0.0.1", "169.254.169.254", "0.0.0.0", NULL };
	struct fixture *f = *state;

	answers = turns;
	snprintf(f->to, sizeof(f->to), "/stolen");
	fetch(f, "stat.test");
	assert_ok(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err);
	assert_int_equal(f->stolen, 1);
	assert_true(f->carried); /* it is the same server */
	forget_names(f);
	fetch(f, "stat.test");
	assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_REFUSED,
		     "connection to 169.254.169.254 refused: a link-local address");
	forget_names(f);
	fetch(f, "stat.test");
	assert_fails(f->fetch.err.code == ERR_NONE ? 0 : -1, &f->fetch.err, ERR_REFUSED,
		     "connection to 0.0.0.0 refused: an unspecified address");
	assert_int_equal(f->stolen, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_spelling_leads_inside),
		T(no_scheme_but_http_and_https_is_spoken),
		T(a_proxy_is_asked_over_http_and_without_a_password),
		T(a_public_host_is_followed_without_secrets),
		T(a_name_is_judged_by_the_address_it_has_this_time),
		T(a_configured_name_may_turn_private_but_never_to_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
