/* test_http_guard.c - who may ask: what is known at once, what a worker finds out, and ends in
 * between. */
#include "tests/lib/assert.h"
#include "tests/lib/raw_client.h"

#include "base/log.h"
#include "loop/http_server_private.h"

struct fixture {
	struct loop *l;
	struct http_server *s;
	struct http_guard guard;
	struct err e;
	atomic_int checks, served;
	atomic_bool shut; /* check() waits while it is */
	bool open;        /* nobody is asked for a password */
	pthread_t checked_by, served_by;
};

/* anna:good, anna:ask */
#define ANNA_GOOD "Basic YW5uYTpnb29k"
#define ANNA_ASK  "Basic YW5uYTphc2s="

static enum http_pass known(void *ctx, struct slice header)
{
	const struct fixture *f = ctx;

	if (f->open)
		return PASS_OPEN;
	if (slice_is(header, ANNA_GOOD))
		return PASS_ALLOWED;
	if (slice_is(header, ANNA_ASK))
		return PASS_UNKNOWN;
	if (slice_is(header, "Basic good"))
		return PASS_ALLOWED;
	return slice_starts(header, "Basic ask") ? PASS_UNKNOWN : PASS_REFUSED;
}

static bool check(void *ctx, struct slice header)
{
	struct fixture *f = ctx;

	atomic_fetch_add(&f->checks, 1);
	while (atomic_load(&f->shut))
		usleep(500);
	f->checked_by = pthread_self();
	return slice_is(header, "Basic ask") || slice_is(header, ANNA_ASK);
}

static void serve(struct exchange *x)
{
	struct fixture *f = x->ctx;

	f->served_by = pthread_self();
	atomic_fetch_add(&f->served, 1);
	buf_printf(&x->reply, "served %zu\n", x->body.n);
	if (x->user.n)
		buf_printf(&x->reply, "for %.*s\n", (int)x->user.n, x->user.p);
}

static void serve_deferred(struct exchange *x)
{
	serve(x);
	x->deferred = true;
	exchange_finish(x);
}

static void open_server(struct fixture *f, int64_t deadline_ms)
{
	const struct http_route routes[] = {
		{ "GET", "/loop", HTTP_ON_LOOP, 0, serve, f },
		{ NULL, "/job", HTTP_IN_JOB, JOB_QUERY, serve, f },
		{ "GET", "/deferred", HTTP_DEFERRED, JOB_INGEST, serve_deferred, f },
		{ .method = "POST", .path = "/own", .serve = serve, .ctx = f, .own_tokens = true },
	};
	struct http_server_options o = { .host = "127.0.0.1",
					 .guard = &f->guard,
					 .deadline_ms = deadline_ms };

	f->s = http_server_open(f->l, &o, routes, 4, &f->e);
	if (!f->s)
		fail_msg("%s", f->e.text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_fd(-1);
	f->guard = (struct http_guard){
		.known = known, .check = check, .challenge = "Basic realm=\"x\"", .ctx = f
	};
	f->l = loop_new(&(struct loop_options){ 0 }, &f->e);
	assert_non_null(f->l);
	open_server(f, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->shut, false);
	http_server_close(f->s);
	loop_free(f->l);
	free(f);
	return 0;
}

static const char *ask(struct fixture *f, const char *line, const char *more)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line,
		 more);
	return raw_ask(f->l, http_server_port(f->s), text, 0);
}

static void the_handler_is_told_who_showed_a_password(void **state)
{
	static const char *const lines[] = { "GET /loop", "GET /job", "GET /deferred" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		f->open = false;
		assert_has(ask(f, lines[i], "Authorization: " ANNA_GOOD "\r\n"), "for anna\n");
		assert_has(ask(f, lines[i], "Authorization: " ANNA_ASK "\r\n"), "for anna\n");
		/* Where none is wanted nobody has looked whether it is right. */
		f->open = true;
		assert_null(strstr(ask(f, lines[i], "Authorization: " ANNA_GOOD "\r\n"), "anna"));
	}
}

static void who_is_not_known_gets_a_challenge_and_nothing_else(void **state)
{
	static const char *const lines[] = { "GET /loop", "GET /job", "GET /nowhere", "PUT /loop" };
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		const char *a = ask(f, lines[i], "");

		assert_status(a, "401");
		assert_has(a, "WWW-Authenticate: Basic realm=\"x\"\r\n");
	}
	assert_status(ask(f, "GET /loop", "Authorization: Basic bad\r\n"), "401");
	/* The body is not waited for. */
	assert_status(ask(f, "POST /job", "Content-Length: 1000000\r\n"), "401");
	assert_int_equal(f->served, 0);
	assert_int_equal(f->checks, 0);
}

static void who_is_known_is_served_at_once(void **state)
{
	struct fixture *f = *state;

	assert_status(ask(f, "GET /loop", "Authorization: Basic good\r\n"), "200");
	assert_status(ask(f, "GET /job", "Authorization: Basic good\r\n"), "200");
	assert_int_equal(f->checks, 0);
}

static void a_worker_finds_out_and_the_route_follows_where_it_belongs(void **state)
{
	struct fixture *f = *state;

	assert_status(ask(f, "GET /loop", "Authorization: Basic ask\r\n"), "200");
	assert_false(pthread_equal(f->checked_by, pthread_self()));
	assert_true(pthread_equal(f->served_by, pthread_self()));
	assert_status(ask(f, "GET /job", "Authorization: Basic ask\r\n"), "200");
	assert_false(pthread_equal(f->served_by, pthread_self()));
	assert_status(ask(f, "GET /deferred", "Authorization: Basic ask\r\n"), "200");
	assert_has(ask(f, "POST /job", "Authorization: Basic ask\r\nContent-Length: 3\r\n\r\nabc"),
		   "served 3\n");
	assert_int_equal(f->checks, 4);
	assert_int_equal(f->served, 4);
}

static void who_a_worker_does_not_know_gets_a_challenge(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /job", "Authorization: Basic ask nobody\r\n");

	assert_status(a, "401");
	assert_has(a, "WWW-Authenticate: ");
	assert_int_equal(f->served, 0);
}

static void a_route_with_tokens_of_its_own_judges_them_itself(void **state)
{
	struct fixture *f = *state;

	assert_status(ask(f, "POST /own", "Authorization: Bearer x\r\nContent-Length: 0\r\n"),
		      "200");
	assert_status(ask(f, "POST /own", "Content-Length: 0\r\n"), "401");
	assert_status(ask(f, "GET /loop", "Authorization: Bearer x\r\n"), "401");
}

static void a_connection_goes_on_after_a_check(void **state)
{
	static const char one[] =
		"GET /loop HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ask\r\n\r\n";
	static const char last[] = "GET /job HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ask\r\n"
				   "Connection: close\r\n\r\n";
	struct fixture *f = *state;
	char both[512];
	const char *a;

	snprintf(both, sizeof(both), "%s%s", one, last);
	a = raw_ask(f->l, http_server_port(f->s), both, 0);
	assert_status(a, "200");
	a = strstr(a, "served 0\n");
	assert_non_null(a);
	assert_has(a + 9, "served 0\n");
}

static bool is_checking(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->checks) > 0;
}

static void past_the_deadline_the_answer_is_503(void **state)
{
	struct fixture *f = *state;

	http_server_close(f->s);
	open_server(f, 100);
	atomic_store(&f->shut, true);
	assert_status(ask(f, "GET /job", "Authorization: Basic ask\r\n"), "503");
	atomic_store(&f->shut, false);
	assert_true(loop_settle(f->l, NULL, NULL, PATIENCE_MS));
	assert_int_equal(f->served, 0);
}

static void *open_soon(void *arg)
{
	struct fixture *f = arg;

	usleep(20000);
	atomic_store(&f->shut, false);
	return NULL;
}

static void closing_waits_for_the_check_and_serves_nobody(void **state)
{
	struct fixture *f = *state;
	struct client *c;
	pthread_t t;

	atomic_store(&f->shut, true);
	c = raw_client_new(http_server_port(f->s), "GET /job HTTP/1.1\r\nHost: a\r\n"
						   "Authorization: Basic ask\r\n\r\n");
	raw_client_go(c);
	assert_true(loop_settle(f->l, is_checking, f, PATIENCE_MS));
	pthread_create(&t, NULL, open_soon, f);
	http_server_close(f->s);
	pthread_join(t, NULL);
	raw_client_wait(f->l, c);
	assert_status(c->answer, "503");
	assert_int_equal(f->served, 0);
	free(c);
	open_server(f, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_handler_is_told_who_showed_a_password),
		T(who_is_not_known_gets_a_challenge_and_nothing_else),
		T(who_is_known_is_served_at_once),
		T(a_worker_finds_out_and_the_route_follows_where_it_belongs),
		T(who_a_worker_does_not_know_gets_a_challenge),
		T(a_route_with_tokens_of_its_own_judges_them_itself),
		T(a_connection_goes_on_after_a_check),
		T(past_the_deadline_the_answer_is_503),
		T(closing_waits_for_the_check_and_serves_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
