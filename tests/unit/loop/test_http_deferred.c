/* test_http_deferred.c - replies that another thread makes, and what a route may say itself. */
#include "tests/lib/assert.h"
#include "tests/lib/raw_client.h"

#include "base/log.h"
#include "loop/http_server_private.h"

struct fixture {
	struct loop *l;
	struct http_server *s;
	struct err e;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool open; /* the gate of serve_gated() */
	/* Exchanges handed over and not yet finished. */
	_Atomic(struct exchange *) held[8];
	atomic_uint nheld;
	atomic_uint returned; /* serve() has */
};

/* --- handlers -------------------------------------------------------------- */

static void hand_over(struct fixture *f, struct exchange *x)
{
	x->deferred = true;
	atomic_store(&f->held[atomic_fetch_add(&f->nheld, 1)], x);
}

static void serve_deferred(struct exchange *x)
{
	struct fixture *f = x->ctx;

	hand_over(f, x);
	atomic_fetch_add(&f->returned, 1);
}

/* Returns only when the gate opens, although its exchange may be finished by then. */
static void serve_gated(struct exchange *x)
{
	struct fixture *f = x->ctx;

	hand_over(f, x);
	pthread_mutex_lock(&f->lock);
	while (!f->open)
		pthread_cond_wait(&f->moved, &f->lock);
	pthread_mutex_unlock(&f->lock);
	atomic_fetch_add(&f->returned, 1);
}

static void serve_at_once(struct exchange *x)
{
	buf_puts(&x->reply, "at once\n");
}

/* Its own route is no deferred one. */
static void serve_boasting(struct exchange *x)
{
	x->deferred = true;
	buf_puts(&x->reply, "not deferred\n");
}

static void serve_about(struct exchange *x)
{
	buf_printf(&x->reply, "client=%.*s agent=%.*s version=%.*s encoding=%.*s body=%zu\n",
		   SLICE_FMT(x->client), SLICE_FMT(exchange_header(x, "User-Agent")),
		   SLICE_FMT(exchange_header(x, "X-Prometheus-Remote-Write-Version")),
		   SLICE_FMT(exchange_header(x, "Content-Encoding")), x->body.n);
}

/* --- fixture --------------------------------------------------------------- */

static void open_server(struct fixture *f, int64_t deadline_ms)
{
	const struct http_route routes[] = {
		{ "POST", "/deferred", HTTP_DEFERRED, JOB_INGEST, serve_deferred, f,
		  .body_limit = 2000 },
		{ "POST", "/gated", HTTP_DEFERRED, JOB_INGEST, serve_gated, f },
		{ "POST", "/at-once", HTTP_DEFERRED, JOB_INGEST, serve_at_once, f },
		{ "GET", "/boasting", HTTP_ON_LOOP, 0, serve_boasting, f },
		{ "GET", "/boasting-job", HTTP_IN_JOB, JOB_QUERY, serve_boasting, f },
		{ "POST", "/about", HTTP_ON_LOOP, 0, serve_about, f, .body_limit = 2000 },
		{ "POST", "/small", HTTP_ON_LOOP, 0, serve_about, f, .body_limit = 10 },
		{ "POST", "/usual", HTTP_ON_LOOP, 0, serve_about, f },
	};
	struct http_server_options o = { .host = "127.0.0.1",
					 .body_limit = 1000,
					 .deadline_ms = deadline_ms };

	f->s = http_server_open(f->l, &o, routes, sizeof(routes) / sizeof(routes[0]), &f->e);
	if (!f->s)
		fail_msg("%s", f->e.text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_fd(-1);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->moved, NULL);
	f->l = loop_new(NULL, &f->e);
	if (!f->l)
		fail_msg("%s", f->e.text);
	open_server(f, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_server_close(f->s);
	loop_free(f->l);
	free(f);
	return 0;
}

static void *finish_one(void *arg)
{
	struct exchange *x = arg;

	x->status = 201;
	exchange_set_header(x, "X-Made-By", "another thread");
	buf_printf(&x->reply, "finished %.*s\n", SLICE_FMT(x->path));
	exchange_finish(x);
	return NULL;
}

/* By a thread that has ended when this returns. */
static void finish(struct fixture *f, unsigned i)
{
	pthread_t t;

	pthread_create(&t, NULL, finish_one, atomic_load(&f->held[i]));
	pthread_join(t, NULL);
}

static void open_gate(struct fixture *f)
{
	pthread_mutex_lock(&f->lock);
	f->open = true;
	pthread_cond_broadcast(&f->moved);
	pthread_mutex_unlock(&f->lock);
}

static struct client *post(struct fixture *f, const char *path)
{
	static char text[8][256];
	static unsigned at;
	char *to = text[at++ % 8];

	snprintf(to, sizeof(text[0]),
		 "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: "
		 "3\r\n\r\nabc",
		 path);
	return raw_client_new(http_server_port(f->s), to);
}

static bool one_held(void *ctx)
{
	struct fixture *f = ctx;

	return atomic_load(&f->held[0]) != NULL;
}

static bool serve_returned(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->returned) > 0;
}

static bool no_request(void *ctx)
{
	return !((struct fixture *)ctx)->s->requests;
}

static bool was_cancelled(void *ctx)
{
	struct fixture *f = ctx;

	return atomic_load(&atomic_load(&f->held[0])->cancelled);
}

static void settle(struct fixture *f, bool (*until)(void *ctx))
{
	assert_true(loop_settle(f->l, until, f, PATIENCE_MS));
}

/* --- tests ----------------------------------------------------------------- */

static void a_deferred_reply_waits_for_another_thread(void **state)
{
	struct fixture *f = *state;
	struct client *c = post(f, "/deferred");

	raw_client_go(c);
	settle(f, serve_returned);
	loop_settle(f->l, raw_client_is_over, c, 50);
	assert_false(raw_client_is_over(c));
	assert_int_equal(f->s->requests->state, REQUEST_SERVING);
	assert_slice(atomic_load(&f->held[0])->body, "abc");
	finish(f, 0);
	raw_client_wait(f->l, c);
	assert_status(c->answer, "201");
	assert_has(c->answer, "X-Made-By: another thread\r\n");
	assert_string_equal(body_of(c->answer), "finished /deferred\n");
	free(c);
	settle(f, no_request);
	assert_int_equal(f->s->in_flight, 0);
}

static void it_may_be_finished_before_the_handler_returns(void **state)
{
	struct fixture *f = *state;
	struct client *c = post(f, "/gated");

	raw_client_go(c);
	settle(f, one_held);
	finish(f, 0);
	loop_settle(f->l, raw_client_is_over, c, 50);
	assert_false(raw_client_is_over(c));
	open_gate(f);
	raw_client_wait(f->l, c);
	assert_status(c->answer, "201");
	free(c);
	settle(f, no_request);
}

static void many_are_finished_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct client *c[5];

	for (unsigned i = 0; i < 5; i++) {
		c[i] = post(f, "/deferred");
		raw_client_go(c[i]);
	}
	while (atomic_load(&f->returned) < 5)
		loop_settle(f->l, NULL, NULL, 10);
	for (unsigned i = 5; i-- > 0;)
		finish(f, i);
	for (unsigned i = 0; i < 5; i++) {
		raw_client_wait(f->l, c[i]);
		assert_status(c[i]->answer, "201");
		free(c[i]);
	}
}

static void a_handler_of_such_a_route_may_answer_itself(void **state)
{
	struct fixture *f = *state;
	struct client *c = post(f, "/at-once");

	raw_client_go(c);
	raw_client_wait(f->l, c);
	assert_status(c->answer, "200");
	assert_string_equal(body_of(c->answer), "at once\n");
	free(c);
}

static void other_routes_do_not_defer(void **state)
{
	struct fixture *f = *state;
	const char *a = raw_ask(f->l, http_server_port(f->s),
				"GET /boasting HTTP/1.1\r\nHost: a\r\n\r\nGET /boasting-job "
				"HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
				0);

	assert_status(a, "200");
	assert_has(strstr(a, "not deferred\n") + 1, "not deferred\n");
}

static void past_the_deadline_it_is_503_and_finishing_is_still_safe(void **state)
{
	struct fixture *f = *state;
	struct client *c = post(f, "/deferred");

	raw_client_go(c);
	settle(f, serve_returned);
	f->s->o.deadline_ms = 100;
	raw_client_wait(f->l, c);
	assert_status(c->answer, "503");
	assert_string_equal(body_of(c->answer), "no answer within 100 ms\n");
	free(c);
	assert_true(was_cancelled(f));
	assert_non_null(f->s->requests);
	assert_slice(atomic_load(&f->held[0])->body, "abc");
	finish(f, 0);
	settle(f, no_request);
}

static void a_client_that_leaves_is_noticed_and_finishing_is_still_safe(void **state)
{
	struct fixture *f = *state;
	struct client *c = post(f, "/deferred");
	atomic_bool go = false;

	c->leave = true;
	c->may_read = &go;
	raw_client_go(c);
	settle(f, serve_returned);
	assert_false(was_cancelled(f));
	atomic_store(&go, true);
	settle(f, was_cancelled);
	raw_client_wait(f->l, c);
	free(c);
	assert_non_null(f->s->requests);
	finish(f, 0);
	settle(f, no_request);
}

static void closing_answers_503_and_finishing_is_still_safe(void **state)
{
	struct fixture *f = *state;
	struct client *c = post(f, "/deferred");

	raw_client_go(c);
	settle(f, serve_returned);
	http_server_close(f->s);
	f->s = NULL;
	raw_client_wait(f->l, c);
	assert_status(c->answer, "503");
	assert_string_equal(body_of(c->answer), "the server is closing\n");
	free(c);
	assert_true(was_cancelled(f));
	loop_settle(f->l, NULL, NULL, 20); /* its handles close */
	finish(f, 0);                      /* the last one frees the server */
	loop_settle(f->l, NULL, NULL, 20);
}

static void closing_with_one_finished_and_one_not_frees_both(void **state)
{
	struct fixture *f = *state;
	struct client *c[2];

	for (unsigned i = 0; i < 2; i++) {
		c[i] = post(f, "/deferred");
		raw_client_go(c[i]);
		while (atomic_load(&f->returned) < i + 1)
			loop_settle(f->l, NULL, NULL, 10);
	}
	finish(f, 0); /* the loop has not heard of it yet */
	http_server_close(f->s);
	f->s = NULL;
	finish(f, 1); /* before the handles are closed */
	for (unsigned i = 0; i < 2; i++) {
		raw_client_wait(f->l, c[i]);
		assert_status(c[i]->answer, "503");
		free(c[i]);
	}
}

static void ask_with_body(struct fixture *f, const char *path, size_t n, const char *code,
			  const char *part)
{
	char *text = calloc(1, n + 1000);
	size_t at = (size_t)snprintf(text, 1000,
				     "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
				     "Content-Length: %zu\r\n\r\n",
				     path, n);
	const char *a;

	memset(text + at, 'x', n);
	a = raw_ask(f->l, http_server_port(f->s), text, at + n);
	if (strncmp(a + 9, code, 3) != 0 || !strstr(a, part))
		fail_msg("%s with %zu bytes: not %s with \"%s\": %.300s", path, n, code, part, a);
	free(text);
}

static void a_route_has_a_body_limit_of_its_own(void **state)
{
	struct fixture *f = *state;

	ask_with_body(f, "/about", 2000, "200", "body=2000\n");
	ask_with_body(f, "/about", 2001, "413", "the body is larger than 2000 bytes\n");
	ask_with_body(f, "/small", 10, "200", "body=10\n");
	ask_with_body(f, "/small", 11, "413", "the body is larger than 10 bytes\n");
	ask_with_body(f, "/usual", 1000, "200", "body=1000\n");
	ask_with_body(f, "/usual", 1001, "413", "the body is larger than 1000 bytes\n");
	ask_with_body(f, "/nowhere", 100000, "404", "nothing is at /nowhere\n");
}

static void a_packed_body_comes_as_it_is_with_its_headers(void **state)
{
	struct fixture *f = *state;
	const char *a = raw_ask(f->l, http_server_port(f->s),
				"POST /about HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
				"Content-Encoding: snappy\r\nUser-Agent: Prometheus/3.1\r\n"
				"X-Prometheus-Remote-Write-Version: 0.1.0\r\n"
				"Content-Length: 4\r\n\r\nabcd",
				0);

	assert_status(a, "200");
	assert_string_equal(body_of(a), "client=127.0.0.1 agent=Prometheus/3.1 version=0.1.0 "
					"encoding=snappy body=4\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_deferred_reply_waits_for_another_thread),
		T(it_may_be_finished_before_the_handler_returns),
		T(many_are_finished_in_any_order),
		T(a_handler_of_such_a_route_may_answer_itself),
		T(other_routes_do_not_defer),
		T(past_the_deadline_it_is_503_and_finishing_is_still_safe),
		T(a_client_that_leaves_is_noticed_and_finishing_is_still_safe),
		T(closing_answers_503_and_finishing_is_still_safe),
		T(closing_with_one_finished_and_one_not_frees_both),
		T(a_route_has_a_body_limit_of_its_own),
		T(a_packed_body_comes_as_it_is_with_its_headers),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
