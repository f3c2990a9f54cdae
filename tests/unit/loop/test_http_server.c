/*
 * test_http_server.c - the server against a plain socket that may say anything.
 */
#include "tests/lib/assert.h"
#include "tests/lib/raw_client.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/inflate.h"
#include "base/log.h"
#include "loop/http_server_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

struct fixture {
	struct loop *l;
	struct http_server *s;
	struct err e;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool open;         /* the gate */
	atomic_int inside; /* handlers that have reached it */
	atomic_int saw_cancel;
	pthread_t served_by;
};

/* --- handlers -------------------------------------------------------------- */

static void serve_hello(struct exchange *x)
{
	struct fixture *f = x->ctx;

	f->served_by = pthread_self();
	buf_puts(&x->reply, "hello\n");
}

static void serve_echo(struct exchange *x)
{
	struct slice type = exchange_header(x, "content-TYPE");

	buf_printf(&x->reply, "%.*s %.*s\n", SLICE_FMT(x->method), SLICE_FMT(x->path));
	for (size_t i = 0; i < x->nparams; i++)
		buf_printf(&x->reply, "[%.*s]=[%.*s]\n", SLICE_FMT(x->params[i].name),
			   SLICE_FMT(x->params[i].value));
	buf_printf(&x->reply, "type=%.*s accept=%.*s other=%.*s\n", SLICE_FMT(type),
		   SLICE_FMT(exchange_header(x, "Accept")),
		   SLICE_FMT(exchange_header(x, "X-Other")));
	buf_printf(&x->reply, "body %zu: %.*s\n", x->body.n, (int)(x->body.n < 40 ? x->body.n : 40),
		   x->body.n ? x->body.p : "");
}

/* As many bytes as asked for. */
static void serve_many(struct exchange *x)
{
	size_t n = (size_t)atol(exchange_param(x, "n").p);

	char block[7000];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)('a' + i % 7);
	for (; n > sizeof(block); n -= sizeof(block))
		buf_put(&x->reply, block, sizeof(block));
	buf_put(&x->reply, block, n);
}

static void serve_custom(struct exchange *x)
{
	x->status = 202;
	x->content_type = "application/json";
	exchange_set_header(x, "X-One", "1");
	exchange_set_header(x, "x-one", "2");
	exchange_set_header(x, "Referrer-Policy", "same-origin");
	buf_puts(&x->reply, "{}");
}

static void serve_empty(struct exchange *x)
{
	x->status = 204;
}

static void serve_gated(struct exchange *x)
{
	struct fixture *f = x->ctx;

	pthread_mutex_lock(&f->lock);
	atomic_fetch_add(&f->inside, 1);
	while (!f->open)
		pthread_cond_wait(&f->moved, &f->lock);
	pthread_mutex_unlock(&f->lock);
	buf_puts(&x->reply, "gated\n");
}

/* Works until asked to stop. */
static void serve_long(struct exchange *x)
{
	struct fixture *f = x->ctx;

	atomic_fetch_add(&f->inside, 1);
	while (!atomic_load(&x->cancelled))
		usleep(500);
	atomic_fetch_add(&f->saw_cancel, 1);
	buf_puts(&x->reply, "too late\n");
}

/* --- fixture --------------------------------------------------------------- */

static void open_server(struct fixture *f, struct http_server_options o)
{
	const struct http_route routes[] = {
		{ "GET", "/hello", HTTP_ON_LOOP, 0, serve_hello, f },
		{ "GET", "/job", HTTP_IN_JOB, JOB_QUERY, serve_hello, f },
		{ NULL, "/echo", HTTP_ON_LOOP, 0, serve_echo, f },
		{ "POST", "/echo-job", HTTP_IN_JOB, JOB_DECODE, serve_echo, f },
		{ "GET", "/many", HTTP_ON_LOOP, 0, serve_many, f },
		{ "GET", "/many-job", HTTP_IN_JOB, JOB_QUERY, serve_many, f },
		{ "PUT", "/custom", HTTP_ON_LOOP, 0, serve_custom, f },
		{ "GET", "/custom", HTTP_ON_LOOP, 0, serve_custom, f },
		{ "GET", "/empty", HTTP_IN_JOB, JOB_QUERY, serve_empty, f },
		{ "GET", "/gated", HTTP_IN_JOB, JOB_STORE, serve_gated, f },
		{ "GET", "/long", HTTP_IN_JOB, JOB_STORE, serve_long, f },
		{ "GET", "/web/*", HTTP_ON_LOOP, 0, serve_echo, f },
		{ "GET", "/web/deep/*", HTTP_ON_LOOP, 0, serve_hello, f },
	};

	o.host = "127.0.0.1";
	f->s = http_server_open(f->l, &o, routes, sizeof(routes) / sizeof(routes[0]), &f->e);
	if (!f->s)
		fail_msg("%s", f->e.text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct loop_options o = { .workers = { 1, 1, 1, 1 }, .queue_max = { 10, 10, 1, 10 } };

	log_set_fd(-1);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->moved, NULL);
	f->l = loop_new(&o, &f->e);
	if (!f->l)
		fail_msg("%s", f->e.text);
	open_server(f, (struct http_server_options){ 0 });
	*state = f;
	return 0;
}

static void open_gate(struct fixture *f)
{
	pthread_mutex_lock(&f->lock);
	f->open = true;
	pthread_cond_broadcast(&f->moved);
	pthread_mutex_unlock(&f->lock);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	open_gate(f);
	http_server_close(f->s);
	loop_free(f->l);
	free(f);
	return 0;
}

static void reopen(struct fixture *f, struct http_server_options o)
{
	http_server_close(f->s);
	open_server(f, o);
}

/* --- the client ------------------------------------------------------------ */

static struct client *client_start(struct fixture *f, const char *text)
{
	return raw_client_new(http_server_port(f->s), text);
}

static void client_wait(struct fixture *f, struct client *c)
{
	raw_client_wait(f->l, c);
}

/* Sends `text` and gives what came until the server closed or fell silent. */
static const char *ask_raw(struct fixture *f, const char *text, size_t n)
{
	return raw_ask(f->l, http_server_port(f->s), text, n);
}

/* One request with the connection closed after it. */
static const char *ask(struct fixture *f, const char *line, const char *more)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line,
		 more);
	return ask_raw(f, text, 0);
}

static bool reached(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->inside) > 0;
}

/* --- tests ----------------------------------------------------------------- */

static void a_route_on_the_loop_answers(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /hello", "");

	assert_status(a, "200");
	assert_has(a, "Content-Type: text/plain; charset=utf-8\r\n");
	assert_has(a, "Content-Length: 6\r\n");
	assert_string_equal(body_of(a), "hello\n");
	assert_true(pthread_equal(f->served_by, pthread_self()));
}

static void a_route_in_a_job_answers_from_a_worker(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /job", "");

	assert_status(a, "200");
	assert_string_equal(body_of(a), "hello\n");
	assert_false(pthread_equal(f->served_by, pthread_self()));
	assert_status(ask(f, "GET /empty", ""), "204");
}

static void every_reply_has_the_security_headers(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = { "GET /hello", "GET /job", "GET /nowhere",
					     "POST /hello" };

	for (int i = 0; i < 4; i++) {
		const char *a = ask(f, lines[i], "Content-Length: 0\r\n");

		assert_has(a, "\r\nX-Content-Type-Options: nosniff\r\n");
		assert_has(a, "\r\nContent-Security-Policy: default-src 'self'; style-src 'self' "
			      "'unsafe-inline'; frame-ancestors 'none'\r\n");
		assert_has(a, "\r\nReferrer-Policy: no-referrer\r\n");
	}
}

static void a_handler_sets_status_type_and_headers(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /custom", "");

	assert_status(a, "202");
	assert_has(a, "Content-Type: application/json\r\n");
	assert_has(a, "x-one: 2\r\n");
	assert_null(strstr(a, "X-One: 1"));
	assert_has(a, "Referrer-Policy: same-origin\r\n");
	assert_null(strstr(a, "no-referrer"));
}

static void head_is_get_without_the_body(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "HEAD /hello", "");

	assert_status(a, "200");
	assert_has(a, "Content-Length: 6\r\n");
	assert_string_equal(body_of(a), "");
}

static void an_unknown_path_is_404(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /hello/", "");

	assert_status(a, "404");
	assert_string_equal(body_of(a), "nothing is at /hello/\n");
	assert_status(ask(f, "GET /web", ""), "404");
}

static void a_wrong_method_is_405_and_says_which_are_right(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "DELETE /custom", "");

	assert_status(a, "405");
	assert_has(a, "\r\nAllow: PUT, GET, HEAD\r\n");
	assert_string_equal(body_of(a), "method DELETE is not allowed here\n");
}

static void a_route_with_a_star_takes_what_is_below(void **state)
{
	struct fixture *f = *state;

	assert_has(ask(f, "GET /web/a/b.js", ""), "GET /web/a/b.js\n");
	assert_has(ask(f, "GET /web/", ""), "GET /web/\n");
	assert_string_equal(body_of(ask(f, "GET /web/deep/x", "")), "hello\n");
}

static void parameters_come_from_the_query(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /echo?a=1+2&b=%E5%9B%AD&match%5B%5D=x?y", "Accept: text/x\r\n");

	assert_has(a, "GET /echo\n[a]=[1 2]\n[b]=[园]\n[match[]]=[x?y]\n");
	assert_has(a, "accept=text/x other=\n");
}

static void a_forms_parameters_come_before_those_of_the_query(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "POST /echo-job?q=1",
			    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
			    "Content-Length: 9\r\n\r\nb=%2B&c=3");

	assert_has(a, "[b]=[+]\n[c]=[3]\n[q]=[1]\n");
	assert_has(a, "body 0: \n");
}

static void another_body_comes_as_it_is(void **state)
{
	struct fixture *f = *state;
	const char *a =
		ask(f, "PUT /echo", "Content-Type: text/csv\r\nContent-Length: 9\r\n\r\nb=%2B&c=3");

	assert_has(a, "PUT /echo\ntype=text/csv");
	assert_has(a, "body 9: b=%2B&c=3\n");
	a = ask(f, "POST /echo-job",
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n");
	assert_has(a, "body 5: abcde\n");
}

static void a_parameter_that_cannot_be_is_a_400(void **state)
{
	struct fixture *f = *state;
	const char *a = ask(f, "GET /echo?a=1&time=%zz", "");

	assert_status(a, "400");
	assert_string_equal(body_of(a),
			    "parameter 'time': the % at byte 1 lacks its two hex digits\n");
	assert_status(ask(f, "GET /echo?a=%ff", ""), "400");
	assert_status(ask(f, "GET /echo?a=%00", ""), "400");
	a = ask(f, "GET /we%ffb/", "");
	assert_status(a, "400");
	assert_has(a, "path: byte 4 (0xff) is not UTF-8\n");
	a = ask(f, "POST /echo-job",
		"Content-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: 3\r\n\r\na=%");
	assert_status(a, "400");
	assert_has(a, "form: parameter 'a': the %");
}

static void a_thousand_parameters_are_the_most(void **state)
{
	struct fixture *f = *state;
	char text[8192];
	int n = snprintf(text, sizeof(text),
			 "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: "
			 "application/x-www-form-urlencoded\r\nContent-Length: 2002\r\n\r\n");
	const char *a;

	for (int i = 0; i < 1001; i++)
		memcpy(text + n + 2 * i, "a&", 2);
	text[n + 2002] = '\0';
	a = ask_raw(f, text, 0);
	assert_status(a, "413");
	assert_has(a, "form: more than 1000 parameters\n");
}

static void a_path_that_does_not_begin_with_a_slash_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_status(ask(f, "GET http://other/hello", ""), "400");
	assert_status(ask(f, "OPTIONS *", ""), "400");
}

static void a_body_past_the_limit_is_413(void **state)
{
	struct fixture *f = *state;
	const char *a;

	reopen(f, (struct http_server_options){ .body_limit = 10 });
	a = ask(f, "POST /echo", "Content-Length: 11\r\n");
	assert_status(a, "413");
	assert_string_equal(body_of(a), "the body is larger than 10 bytes\n");
	a = ask(f, "POST /echo",
		"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n");
	assert_status(a, "413");
	assert_status(ask(f, "POST /echo", "Content-Length: 10\r\n\r\n0123456789"), "200");
}

static void an_endless_body_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct client *c;

	reopen(f, (struct http_server_options){ .body_limit = 10 });
	c = client_start(f, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 1; i < 8; i++)
		c->piece[i] = "10\r\n0123456789abcdef\r\n";
	raw_client_go(c);
	client_wait(f, c); /* ends although no last chunk was sent */
	assert_int_equal(c->n, 0);
	free(c);
}

static void a_url_longer_than_the_room_is_414(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, 70000);
	size_t n = (size_t)sprintf(text, "GET /hello?x=");

	memset(text + n, 'y', 60000);
	strcat(text, " HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_status(ask_raw(f, text, 0), "414");
	strcpy(text + n + 20000, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_status(ask_raw(f, text, 0), "200");
	strcpy(text, "GET /hello HTTP/1.1\r\nHost: a\r\nX-Long: ");
	n = strlen(text);
	memset(text + n, 'y', 60000);
	strcpy(text + n + 60000, "\r\n\r\n");
	assert_status(ask_raw(f, text, 0), "431");
	free(text);
}

static void many_small_arguments_do_no_harm(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, 70000);
	const char *a;

	strcpy(text, "GET /echo?");
	for (int i = 0; i < 5000; i++)
		strcat(text + 2 * i, "a&");
	strcat(text, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	a = ask_raw(f, text, 0);
	assert_status(a, "413");
	assert_has(a, "more than 1000 parameters\n");
	free(text);
	assert_status(ask(f, "GET /hello", ""), "200");
}

static void what_two_programs_read_differently_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *headers, *why;
	} bad[] = {
		{ "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  "both Content-Length and Transfer-Encoding" },
		{ "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		  "more than one Content-Length" },
		{ "Transfer-Encoding: gzip\r\n\r\n", "the only transfer encoding here is chunked" },
		{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  "the only transfer encoding here is chunked" },
		{ "Host: b\r\n\r\n", "more than one Host" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[512];
		const char *a;

		snprintf(text, sizeof(text),
			 "POST /echo HTTP/1.1\r\nHost: a\r\n%sGET /hello HTTP/1.1\r\nHost: "
			 "a\r\n\r\n",
			 bad[i].headers);
		a = ask_raw(f, text, 0); /* no Connection: close: the server must close */
		assert_status(a, "400");
		assert_has(a, bad[i].why);
		assert_null(strstr(a, "hello")); /* nothing smuggled behind it */
	}
}

static void no_host_at_all_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_status(ask_raw(f, "GET /hello HTTP/1.1\r\n\r\n", 0), "400");
}

static void rubbish_does_no_harm(void **state)
{
	struct fixture *f = *state;
	static const char rubbish[] = "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n";

	ask_raw(f, rubbish, sizeof(rubbish) - 1);
	ask_raw(f, "\r\n\r\n\r\n\r\nGET\r\n\r\n", 0);
	ask_raw(f, "GET / HTTP/9.9\r\n\r\n", 0);
	ask_raw(f, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 0);
	ask_raw(f, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
		0);
	ask_raw(f, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0);
	assert_status(ask(f, "GET /hello", ""), "200");
}

static void large_text_is_packed_for_who_takes_it(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = { "GET /many?n=5000", "GET /many-job?n=5000" };

	for (int i = 0; i < 2; i++) {
		struct client *c;
		struct buf plain;
		char text[256];
		const char *body;

		snprintf(text, sizeof(text),
			 "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			 "Accept-Encoding: br, gzip;q=0.5\r\n\r\n",
			 lines[i]);
		c = client_start(f, text);
		raw_client_go(c);
		client_wait(f, c);
		assert_status(c->answer, "200");
		assert_has(c->answer, "Content-Encoding: gzip\r\n");
		assert_has(c->answer, "Vary: Accept-Encoding\r\n");
		body = body_of(c->answer);
		buf_init(&plain, 10000);
		assert_ok(inflate_body(slice_of(body, c->n - (size_t)(body - c->answer)),
				       slice_str("gzip"), 1000, &plain, &f->e),
			  &f->e);
		assert_int_equal(plain.n, 5000);
		assert_memory_equal(plain.p, "abcdefgabc", 10);
		buf_release(&plain);
		free(c);
	}
}

static void small_or_unwanted_is_not_packed(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
		{ "GET /many?n=1000", "Accept-Encoding: gzip\r\n" },
		{ "GET /many?n=5000", "" },
		{ "GET /many?n=5000", "Accept-Encoding: gzip;q=0\r\n" },
		{ "GET /many?n=5000", "Accept-Encoding: gzip ; q=0.000, deflate\r\n" },
		{ "GET /many?n=5000", "Accept-Encoding: x-gzip, identity\r\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *a = ask(f, cases[i][0], cases[i][1]);

		assert_status(a, "200");
		assert_null(strstr(a, "Content-Encoding"));
		assert_memory_equal(body_of(a), "abcdefgabc", 10);
	}
}

static void a_reply_past_its_limit_is_an_error(void **state)
{
	struct fixture *f = *state;
	const char *a;

	reopen(f, (struct http_server_options){ .reply_limit = 2000 });
	a = ask(f, "GET /many-job?n=2001", "");
	assert_status(a, "500");
	assert_has(a, "the reply is too large");
	assert_status(ask(f, "GET /many-job?n=2000", ""), "200");
}

static void too_many_bytes_on_their_way_are_503(void **state)
{
	struct fixture *f = *state;
	const char *a;

	f->s->in_flight_max = 3000;
	f->s->small_reply = 0;
	a = ask(f, "GET /many?n=3001", "");
	assert_status(a, "503");
	assert_has(a, "too many replies are on their way\n");
	assert_has(a, "Retry-After: 1\r\n");
	for (int i = 0; i < 5; i++) /* what was counted is given back */
		assert_status(ask(f, "GET /many?n=2900", ""), "200");
	assert_int_equal(f->s->in_flight, 0);
}

static void a_connection_serves_one_request_after_another(void **state)
{
	struct fixture *f = *state;
	const char *a =
		ask_raw(f,
			"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
			"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
			"GET /job HTTP/1.1\r\nHost: a\r\n\r\n"
			"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
			"GET /many-job?n=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			0);
	int n = 0;

	for (const char *p = a; (p = strstr(p, "HTTP/1.1 ")); p++)
		n++;
	assert_int_equal(n, 5);
	assert_has(a, "body 2: ab\n");
	assert_string_equal(a + strlen(a) - 3, "abc");
}

static void a_full_queue_is_503_with_retry_after(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "GET /gated HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	struct client *working = client_start(f, text), *waiting = client_start(f, text);
	double refused = counter_get_for(C_HTTP_REQUESTS, slice_str("503"));
	const char *a;

	raw_client_go(working);
	assert_true(loop_settle(f->l, reached, f, PATIENCE_MS));
	raw_client_go(waiting);
	while (counter_get_for(C_JOBS_WAITING, slice_str("store")) < 1)
		loop_settle(f->l, reached, f, 10);
	a = ask(f, "GET /gated", "");
	assert_status(a, "503");
	assert_has(a, "Retry-After: 1\r\n");
	assert_has(a, "1 store jobs are waiting already\n");
	assert_f64(counter_get_for(C_HTTP_REQUESTS, slice_str("503")), refused + 1);
	assert_status(ask(f, "GET /job", ""), "200"); /* another class is free */
	open_gate(f);
	client_wait(f, working);
	client_wait(f, waiting);
	assert_status(working->answer, "200");
	assert_status(waiting->answer, "200");
	free(working);
	free(waiting);
}

static bool cancel_seen(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->saw_cancel) > 0;
}

static void a_client_that_leaves_cancels_its_work(void **state)
{
	struct fixture *f = *state;
	struct client *c = client_start(f, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
	atomic_bool go = false;

	c->may_read = &go;
	c->leave = true;
	raw_client_go(c);
	assert_true(loop_settle(f->l, reached, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->saw_cancel), 0);
	atomic_store(&go, true);
	assert_true(loop_settle(f->l, cancel_seen, f, PATIENCE_MS));
	client_wait(f, c);
	assert_true(loop_settle(f->l, NULL, NULL, PATIENCE_MS));
	free(c);
}

static void a_client_that_leaves_takes_its_waiting_job_along(void **state)
{
	struct fixture *f = *state;
	struct client *first = client_start(f, "GET /gated HTTP/1.1\r\nHost: a\r\nConnection: "
					       "close\r\n\r\n");
	struct client *second = client_start(f, "GET /gated HTTP/1.1\r\nHost: a\r\n\r\n");
	atomic_bool go = false;

	raw_client_go(first);
	assert_true(loop_settle(f->l, reached, f, PATIENCE_MS));
	second->leave = true;
	second->may_read = &go;
	raw_client_go(second);
	while (counter_get_for(C_JOBS_WAITING, slice_str("store")) < 1)
		loop_settle(f->l, reached, f, 10);
	atomic_store(&go, true);
	client_wait(f, second);
	while (counter_get_for(C_JOBS_WAITING, slice_str("store")) > 0)
		loop_settle(f->l, reached, f, 10);
	open_gate(f);
	client_wait(f, first);
	assert_true(loop_settle(f->l, NULL, NULL, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->inside), 1); /* the second never ran */
	free(first);
	free(second);
}

/* What the server answers when the time is over; it runs only once the handler is inside, which
 * may take long without a processor. */
static struct client *ask_past_the_deadline(struct fixture *f, const char *text)
{
	struct client *c = client_start(f, text);

	raw_client_go(c);
	assert_true(loop_settle(f->l, reached, f, PATIENCE_MS));
	f->s->o.deadline_ms = 100;
	client_wait(f, c);
	return c;
}

static void past_the_deadline_the_answer_is_503_although_the_job_goes_on(void **state)
{
	struct fixture *f = *state;
	struct client *c = ask_past_the_deadline(
		f, "GET /gated HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

	assert_status(c->answer, "503");
	assert_has(c->answer, "no answer within 100 ms\n");
	assert_int_equal(atomic_load(&f->inside), 1);
	free(c);
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, PATIENCE_MS));
	assert_null(f->s->requests);
}

static void the_deadline_asks_the_job_to_stop(void **state)
{
	struct fixture *f = *state;
	struct client *c =
		ask_past_the_deadline(f,
				      "GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

	assert_status(c->answer, "503");
	free(c);
	assert_true(loop_settle(f->l, cancel_seen, f, PATIENCE_MS));
}

static void a_dripping_header_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct client *c;

	reopen(f, (struct http_server_options){ .idle_ms = 50 });
	c = client_start(f, "GET /hello HTTP/1.1\r\n");
	for (int i = 1; i < 8; i++)
		c->piece[i] = "X: y\r\n";
	c->pause_ms = 40;
	raw_client_go(c);
	client_wait(f, c);
	assert_int_equal(c->n, 0);
	free(c);
}

static void a_dripping_body_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct client *c;

	reopen(f, (struct http_server_options){ .deadline_ms = 100 });
	c = client_start(f, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 1; i < 8; i++)
		c->piece[i] = "abc";
	c->pause_ms = 30;
	raw_client_go(c);
	client_wait(f, c);
	assert_int_equal(c->n, 0);
	free(c);
}

static bool no_connection(void *ctx)
{
	return !((struct fixture *)ctx)->s->connections;
}

static bool much_in_flight(void *ctx)
{
	return ((struct fixture *)ctx)->s->in_flight == 20000000;
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
	struct fixture *f = *state;
	atomic_bool go = false;
	struct client *c;

	/* Long enough to make the answer, also under a sanitizer without a processor for a while.
	 */
	reopen(f, (struct http_server_options){ .deadline_ms = 5000 });
	f->s->send_bytes_per_s = (size_t)1 << 30;
	c = client_start(f, "GET /many-job?n=20000000 HTTP/1.1\r\nHost: a\r\n\r\n");
	c->may_read = &go;
	c->leave = true;
	raw_client_go(c);
	assert_true(loop_settle(f->l, much_in_flight, f, PATIENCE_MS));
	assert_true(loop_settle(f->l, no_connection, f, PATIENCE_MS));
	assert_int_equal(f->s->in_flight, 0);
	atomic_store(&go, true);
	client_wait(f, c);
	free(c);
}

static void leaving_in_the_middle_leaks_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const parts[] = {
		"GET",
		"GET /hello HTTP/1.1\r\n",
		"GET /hello HTTP/1.1\r\nHost: a\r\n",
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
		"GET /job HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /many-job?n=1000000 HTTP/1.1\r\nHost: a\r\n\r\n",
	};

	/* libmicrohttpd can miss an end of stream that came together with data; then idleness
	 * ends the connection. */
	reopen(f, (struct http_server_options){ .idle_ms = 3000 });
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct client *c = client_start(f, parts[i]);

		c->leave = true;
		raw_client_go(c);
		client_wait(f, c);
		free(c);
	}
	assert_true(loop_settle(f->l, no_connection, f, PATIENCE_MS));
	assert_null(f->s->requests);
	assert_int_equal(f->s->in_flight, 0);
	assert_status(ask(f, "GET /hello", ""), "200");
}

static void closing_waits_for_handlers_and_answers(void **state)
{
	struct fixture *f = *state;
	struct client *c = client_start(f, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");

	raw_client_go(c);
	assert_true(loop_settle(f->l, reached, f, PATIENCE_MS));
	http_server_close(f->s);
	f->s = NULL;
	assert_int_equal(atomic_load(&f->saw_cancel), 1);
	client_wait(f, c);
	assert_status(c->answer, "200");
	assert_string_equal(body_of(c->answer), "too late\n");
	free(c);
}

static void closing_ends_idle_connections(void **state)
{
	struct fixture *f = *state;
	struct client *c = client_start(f, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");

	raw_client_go(c);
	while (counter_get(C_HTTP_CONNECTIONS) < 1)
		loop_settle(f->l, reached, f, 10);
	loop_settle(f->l, reached, f, 20);
	http_server_close(f->s);
	f->s = NULL;
	client_wait(f, c);
	assert_f64(counter_get(C_HTTP_CONNECTIONS), 0);
	free(c);
}

static void one_address_has_a_limited_number_of_connections(void **state)
{
	struct fixture *f = *state;
	int held[2];
	const char *a;

	reopen(f, (struct http_server_options){ .per_address = 2 });
	for (int i = 0; i < 2; i++)
		held[i] = raw_dial(http_server_port(f->s));
	while (counter_get(C_HTTP_CONNECTIONS) < 2)
		loop_settle(f->l, reached, f, 10);
	a = ask(f, "GET /hello", "");
	assert_string_equal(a, "");
	close(held[0]);
	close(held[1]);
	assert_true(loop_settle(f->l, no_connection, f, PATIENCE_MS));
	assert_status(ask(f, "GET /hello", ""), "200");
}

static bool is_readable(void *ctx)
{
	struct pollfd p = { .fd = *(int *)ctx, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static bool has_turned(void *ctx)
{
	return --*(int *)ctx < 0;
}

static void send_hello(int fd)
{
	static const char text[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

	assert_int_equal(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1);
}

static void out_of_descriptors_it_listens_again_once_a_connection_has_ended(void **state)
{
	struct fixture *f = *state;
	int first = raw_dial(http_server_port(f->s)), second, next, turns = 20;
	struct rlimit usual, none;

	send_hello(first);
	assert_true(loop_settle(f->l, is_readable, &first, PATIENCE_MS));
	second = raw_dial(http_server_port(f->s));
	send_hello(second);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	next = dup(first);
	close(next);
	none = usual;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_settle(f->l, has_turned, &turns, PATIENCE_MS);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	assert_false(is_readable(&second));
	close(first);
	assert_true(loop_settle(f->l, is_readable, &second, PATIENCE_MS));
	close(second);
}

static void a_port_in_use_and_a_name_are_errors_that_say_so(void **state)
{
	struct fixture *f = *state;
	struct http_server_options o = { .host = "127.0.0.1", .port = http_server_port(f->s) };
	struct http_route r = { "GET", "/", HTTP_ON_LOOP, 0, serve_hello, f };
	char want[128];

	snprintf(want, sizeof(want), "cannot listen on 127.0.0.1 port %d: Address already in use",
		 o.port);
	assert_null(http_server_open(f->l, &o, &r, 1, &f->e));
	assert_int_equal(f->e.code, ERR_IO);
	assert_string_equal(f->e.text, want);
	o.host = "localhost";
	assert_null(http_server_open(f->l, &o, &r, 1, &f->e));
	assert_int_equal(f->e.code, ERR_INVALID);
	assert_has(f->e.text, "'localhost' is no numeric address");
	o = (struct http_server_options){ .host = "127.0.0.1", .port = 65536 };
	assert_null(http_server_open(f->l, &o, &r, 1, &f->e));
	assert_has(f->e.text, "65536 is no port");
}

static void it_listens_on_ipv6_too(void **state)
{
	struct fixture *f = *state;
	struct http_server_options o = { .host = "::1" };
	struct http_route r = { "GET", "/", HTTP_ON_LOOP, 0, serve_hello, f };
	struct http_server *s = http_server_open(f->l, &o, &r, 1, &f->e);
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	char answer[512] = "";
	int fd;

	if (!s) {
		fprintf(stderr, "SKIPPED: no IPv6 here: %s\n", f->e.text);
		skip();
	}
	at.sin6_port = htons((uint16_t)http_server_port(s));
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, 0), 27);
	while (recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) <= 0)
		loop_settle(f->l, reached, f, 1);
	assert_status(answer, "200");
	close(fd);
	http_server_close(s);
}

static void without_memory_it_does_not_open_and_leaks_nothing(void **state)
{
	struct fixture *f = *state;
	struct http_server_options o = { .host = "127.0.0.1" };
	struct http_route r = { "GET", "/", HTTP_ON_LOOP, 0, serve_hello, f };
	struct http_server *s = NULL;
	long k = 0;

	while (!s) {
		mem_fail_after(k++, 1);
		s = http_server_open(f->l, &o, &r, 1, &f->e);
		mem_fail_after(-1, 0);
		if (!s)
			assert_int_equal(f->e.code, ERR_MEMORY);
	}
	assert_true(k > 2);
	http_server_close(s);
}

static void requests_are_counted_by_status(void **state)
{
	struct fixture *f = *state;
	double ok = counter_get_for(C_HTTP_REQUESTS, slice_str("200"));
	double missing = counter_get_for(C_HTTP_REQUESTS, slice_str("404"));

	ask(f, "GET /hello", "");
	ask(f, "GET /job", "");
	ask(f, "GET /nowhere", "");
	assert_f64(counter_get_for(C_HTTP_REQUESTS, slice_str("200")), ok + 2);
	assert_f64(counter_get_for(C_HTTP_REQUESTS, slice_str("404")), missing + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_route_on_the_loop_answers),
		T(a_route_in_a_job_answers_from_a_worker),
		T(every_reply_has_the_security_headers),
		T(a_handler_sets_status_type_and_headers),
		T(head_is_get_without_the_body),
		T(an_unknown_path_is_404),
		T(a_wrong_method_is_405_and_says_which_are_right),
		T(a_route_with_a_star_takes_what_is_below),
		T(parameters_come_from_the_query),
		T(a_forms_parameters_come_before_those_of_the_query),
		T(another_body_comes_as_it_is),
		T(a_parameter_that_cannot_be_is_a_400),
		T(a_thousand_parameters_are_the_most),
		T(a_path_that_does_not_begin_with_a_slash_is_refused),
		T(a_body_past_the_limit_is_413),
		T(an_endless_body_is_cut_off),
		T(a_url_longer_than_the_room_is_414),
		T(many_small_arguments_do_no_harm),
		T(what_two_programs_read_differently_is_refused),
		T(no_host_at_all_is_refused),
		T(rubbish_does_no_harm),
		T(large_text_is_packed_for_who_takes_it),
		T(small_or_unwanted_is_not_packed),
		T(a_reply_past_its_limit_is_an_error),
		T(too_many_bytes_on_their_way_are_503),
		T(a_connection_serves_one_request_after_another),
		T(a_full_queue_is_503_with_retry_after),
		T(a_client_that_leaves_cancels_its_work),
		T(a_client_that_leaves_takes_its_waiting_job_along),
		T(past_the_deadline_the_answer_is_503_although_the_job_goes_on),
		T(the_deadline_asks_the_job_to_stop),
		T(a_dripping_header_is_cut_off),
		T(a_dripping_body_is_cut_off),
		T(a_client_that_does_not_read_is_cut_off),
		T(leaving_in_the_middle_leaks_nothing),
		T(closing_waits_for_handlers_and_answers),
		T(closing_ends_idle_connections),
		T(one_address_has_a_limited_number_of_connections),
		T(out_of_descriptors_it_listens_again_once_a_connection_has_ended),
		T(a_port_in_use_and_a_name_are_errors_that_say_so),
		T(it_listens_on_ipv6_too),
		T(without_memory_it_does_not_open_and_leaks_nothing),
		T(requests_are_counted_by_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
