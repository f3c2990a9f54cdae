/* test_remote_write.c - the endpoint over a real server, with a store that only pretends. */
#include "collectors/remote_write.h"
#include "tests/lib/assert.h"
#include "tests/lib/raw_client.h"

#include "base/counter.h"
#include "base/log.h"

enum { BODY_LIMIT = 1 << 20 };

/* What the pretended store does with a request. */
enum plan {
	AT_ONCE,   /* done() within write() */
	BY_THREAD, /* done() by a thread of its own */
	HOLD,      /* done() when the test says so */
	FAIL,      /* write() returns -1 */
	GATE,      /* write() waits */
};

struct fixture {
	struct loop *l;
	struct http_server *s;
	struct clock clock;
	struct remote_write_options o;
	struct err e;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool open;

	enum plan plan;
	struct err outcome;
	uint64_t samples, refused;
	bool series_limit;
	/* what write() was given */
	_Atomic(struct write_job *) held;
	atomic_uint inside;
	char body[64], origin[64];
	int64_t received_ms;
	pthread_t thread;
};

static void fill(struct fixture *f, struct write_job *w)
{
	w->err = f->outcome;
	w->samples = f->samples;
	w->refused = f->refused;
	w->series_limit = f->series_limit;
}

static void *answer(void *arg)
{
	struct write_job *w = arg;

	w->done(w);
	return NULL;
}

static void wait_for_gate(struct fixture *f)
{
	pthread_mutex_lock(&f->lock);
	while (!f->open)
		pthread_cond_wait(&f->moved, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static int pretend(void *ctx, struct write_job *w, struct err *e)
{
	struct fixture *f = ctx;

	snprintf(f->body, sizeof(f->body), "%.*s", (int)(w->body.n < 60 ? w->body.n : 60),
		 w->body.n ? w->body.p : "");
	snprintf(f->origin, sizeof(f->origin), "%.*s", SLICE_FMT(w->origin));
	f->received_ms = w->received_ms;
	atomic_fetch_add(&f->inside, 1);
	if (f->plan == GATE)
		wait_for_gate(f);
	fill(f, w);
	if (f->plan == FAIL) {
		*e = f->outcome;
		return -1;
	}
	if (f->plan == BY_THREAD)
		pthread_create(&f->thread, NULL, answer, w);
	else if (f->plan == HOLD)
		atomic_store(&f->held, w);
	else
		w->done(w);
	return 0;
}

static void open_server(struct fixture *f, int64_t deadline_ms)
{
	struct http_route routes[2] = { remote_write_route(&f->o) };
	struct http_server_options o = { .host = "127.0.0.1", .deadline_ms = deadline_ms };

	f->s = http_server_open(f->l, &o, routes, 1, &f->e);
	if (!f->s)
		fail_msg("%s", f->e.text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct loop_options lo = { .workers[JOB_INGEST] = 1, .queue_max[JOB_INGEST] = 1 };

	log_set_fd(-1);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->moved, NULL);
	clock_init_manual(&f->clock, 1790000000123);
	f->o = (struct remote_write_options){ pretend, f, BODY_LIMIT, &f->clock };
	f->l = loop_new(&lo, &f->e);
	if (!f->l)
		fail_msg("%s", f->e.text);
	open_server(f, 0);
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

#define USUAL                                                                                      \
	"Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"                     \
	"X-Prometheus-Remote-Write-Version: 0.1.0\r\n"

static const char *request(const char *headers)
{
	static char text[4][1024];
	static unsigned at;
	char *to = text[at++ % 4];

	snprintf(to, sizeof(text[0]),
		 "POST /api/v1/write HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s"
		 "Content-Length: 6\r\n\r\npacked",
		 headers);
	return to;
}

static const char *send_it(struct fixture *f, const char *headers)
{
	return raw_ask(f->l, http_server_port(f->s), request(headers), 0);
}

static struct client *start(struct fixture *f)
{
	struct client *c = raw_client_new(http_server_port(f->s), request(USUAL));

	raw_client_go(c);
	return c;
}

static bool inside(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->inside) > 0;
}

static bool is_held(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->held) != NULL;
}

static void settle(struct fixture *f, bool (*until)(void *ctx))
{
	assert_true(loop_settle(f->l, until, f, PATIENCE_MS));
}

static void let_go(struct fixture *f)
{
	pthread_t t;

	pthread_create(&t, NULL, answer, atomic_load(&f->held));
	pthread_join(t, NULL);
}

/* --- tests ------------------------------------------------------------------- */

static void what_is_taken_is_204_with_the_count(void **state)
{
	struct fixture *f = *state;
	double before = counter_get(C_WRITE_SAMPLES), bytes = counter_get(C_WRITE_BYTES);
	double requests = counter_get_for(C_WRITE_REQUESTS, slice_str("204"));
	const char *a;

	f->samples = 4711;
	a = send_it(f, USUAL);
	assert_status(a, "204");
	assert_has(a, "X-Prometheus-Remote-Write-Samples-Written: 4711\r\n");
	assert_null(strstr(a, "\r\nContent-Type"));
	assert_string_equal(body_of(a), "");
	assert_string_equal(f->body, "packed");
	assert_string_equal(f->origin, "127.0.0.1");
	assert_int_equal(f->received_ms, 1790000000123);
	assert_f64(counter_get(C_WRITE_SAMPLES), before + 4711);
	assert_f64(counter_get(C_WRITE_BYTES), bytes + 6);
	assert_f64(counter_get_for(C_WRITE_REQUESTS, slice_str("204")), requests + 1);
}

static void another_thread_may_answer(void **state)
{
	struct fixture *f = *state;

	f->plan = BY_THREAD;
	f->samples = 3;
	assert_status(send_it(f, USUAL), "204");
	pthread_join(f->thread, NULL);
}

static void a_kept_alive_connection_takes_one_after_another(void **state)
{
	struct fixture *f = *state;
	char text[2048];

	snprintf(text, sizeof(text),
		 "POST /api/v1/write HTTP/1.1\r\nHost: a\r\n%sContent-Length: 3\r\n\r\none%s",
		 USUAL, request(USUAL));
	assert_has(strstr(raw_ask(f->l, http_server_port(f->s), text, 0), "HTTP/1.1 204") + 1,
		   "HTTP/1.1 204");
	assert_int_equal(atomic_load(&f->inside), 2);
}

static void each_outcome_has_its_status(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum err_code code;
		const char *status;
	} cases[] = {
		{ ERR_INVALID, "400" },     { ERR_LIMIT, "400" },     { ERR_ORDER, "400" },
		{ ERR_EXISTS, "400" },      { ERR_NOT_FOUND, "400" }, { ERR_REFUSED, "403" },
		{ ERR_UNSUPPORTED, "415" }, { ERR_IO, "500" },        { ERR_CORRUPT, "500" },
		{ ERR_BUSY, "503" },        { ERR_MEMORY, "503" },    { ERR_TIMEOUT, "503" },
		{ ERR_CANCELLED, "503" },   { ERR_FULL, "507" },
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *a;

		f->plan = i % 2 ? FAIL : AT_ONCE;
		err_set(&f->outcome, cases[i / 2].code, "time series 17: no\n%d", 5);
		a = send_it(f, USUAL);
		if (strncmp(a + 9, cases[i / 2].status, 3) != 0)
			fail_msg("%s: %.60s", err_code_name(cases[i / 2].code), a);
		assert_has(a, "Content-Type: text/plain; charset=utf-8\r\n");
		assert_has(a, "X-Prometheus-Remote-Write-Samples-Written: 0\r\n");
		assert_string_equal(body_of(a), "time series 17: no?5\n");
		assert_int_equal(strstr(a, "Retry-After: 1\r\n") != NULL,
				 strcmp(cases[i / 2].status, "503") == 0);
	}
}

static void some_refused_samples_are_a_400_that_says_how_many_were_kept(void **state)
{
	struct fixture *f = *state;
	double refused = counter_get_for(C_WRITE_REFUSED, slice_str("order"));
	const char *a;

	err_set(&f->outcome, ERR_ORDER, "2 of 12 samples are older than what is kept");
	f->samples = 10;
	f->refused = 2;
	a = send_it(f, USUAL);
	assert_status(a, "400");
	assert_has(a, "X-Prometheus-Remote-Write-Samples-Written: 10\r\n");
	assert_string_equal(body_of(a), "2 of 12 samples are older than what is kept\n");
	assert_f64(counter_get_for(C_WRITE_REFUSED, slice_str("order")), refused + 2);
	err_set(&f->outcome, ERR_LIMIT, "new series were refused");
	f->series_limit = true;
	refused = counter_get_for(C_WRITE_REFUSED, slice_str("series_limit"));
	assert_status(send_it(f, USUAL), "400");
	assert_f64(counter_get_for(C_WRITE_REFUSED, slice_str("series_limit")), refused + 2);
}

static void headers_are_judged_before_the_body(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *headers, *status, *why;
	} cases[] = {
		{ "", "204", "" },
		{ "Content-Type: application/x-protobuf\r\n", "204", "" },
		{ "Content-Encoding: snappy\r\n", "204", "" },
		{ "Content-Type: Application/X-Protobuf ; charset=x\r\nContent-Encoding: "
		  "Snappy\r\n",
		  "204", "" },
		{ "Content-Type: application/x-protobuf;proto=prometheus.WriteRequest\r\n", "204",
		  "" },
		{ "Content-Type: application/x-protobuf; a=b; "
		  "proto=\"prometheus.WriteRequest\"\r\n",
		  "204", "" },
		{ "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request\r\n",
		  "415",
		  "remote write 2.0 (io.prometheus.write.v2.Request) is not taken here, 1.0 is "
		  "(protobuf_message: prometheus.WriteRequest)\n" },
		{ "Content-Type: application/x-protobuf;proto=x.Y\r\n", "415",
		  "message 'x.Y' is not prometheus.WriteRequest\n" },
		{ "Content-Type: application/x-protobuf;proto=\r\n", "415",
		  "message '' is not prometheus.WriteRequest\n" },
		{ "Content-Type: application/json\r\n", "415",
		  "content type 'application/json' is not application/x-protobuf\n" },
		{ "Content-Type: application/x-protobuffer\r\n", "415", "is not" },
		{ "Content-Type: application/x-www-form-urlencoded\r\n", "415", "is not" },
		{ "Origin: http://page.example\r\n", "403",
		  "requests of web pages are not taken\n" },
		{ "Content-Encoding: gzip\r\n", "415", "content encoding 'gzip' is not snappy\n" },
		{ "Content-Encoding: snappy, gzip\r\n", "415",
		  "content encoding 'snappy, gzip' is not snappy\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned before = atomic_load(&f->inside);
		const char *a = send_it(f, cases[i].headers);

		if (strncmp(a + 9, cases[i].status, 3) != 0)
			fail_msg("%s: not %s: %.300s", cases[i].headers, cases[i].status, a);
		assert_has(body_of(a), cases[i].why);
		assert_int_equal(atomic_load(&f->inside) - before, cases[i].why[0] == '\0');
	}
}

static void other_methods_are_405(void **state)
{
	struct fixture *f = *state;
	const char *a = raw_ask(f->l, http_server_port(f->s),
				"GET /api/v1/write HTTP/1.1\r\nHost: a\r\nConnection: "
				"close\r\n\r\n",
				0);

	assert_status(a, "405");
	assert_has(a, "Allow: POST\r\n");
}

static void a_client_that_leaves_before_the_answer_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct client *c = raw_client_new(http_server_port(f->s), request(USUAL));
	atomic_bool go = false;

	f->plan = HOLD;
	c->leave = true;
	c->may_read = &go;
	raw_client_go(c);
	settle(f, is_held);
	atomic_store(&go, true);
	raw_client_wait(f->l, c);
	free(c);
	loop_settle(f->l, NULL, NULL, 20);
	assert_memory_equal(atomic_load(&f->held)->body.p, "packed", 6);
	let_go(f);
	f->plan = AT_ONCE;
	assert_status(send_it(f, USUAL), "204");
}

static void past_the_deadline_it_is_503(void **state)
{
	struct fixture *f = *state;
	const char *a;

	http_server_close(f->s);
	open_server(f, 3000);
	f->plan = HOLD;
	a = send_it(f, USUAL);
	assert_status(a, "503");
	assert_has(a, "Retry-After: 1\r\n");
	let_go(f);
}

static void closing_with_an_open_answer_is_503(void **state)
{
	struct fixture *f = *state;
	struct client *c;

	f->plan = HOLD;
	c = start(f);
	settle(f, is_held);
	http_server_close(f->s);
	f->s = NULL;
	raw_client_wait(f->l, c);
	assert_status(c->answer, "503");
	free(c);
	let_go(f);
}

static void overload_is_503_at_once(void **state)
{
	struct fixture *f = *state;
	struct client *working, *waiting;
	const char *a;

	f->plan = GATE;
	working = start(f);
	settle(f, inside);
	waiting = start(f);
	while (counter_get_for(C_JOBS_WAITING, slice_str("ingest")) < 1)
		loop_settle(f->l, inside, f, 10);
	a = send_it(f, USUAL);
	assert_status(a, "503");
	assert_has(a, "Retry-After: 1\r\n");
	assert_string_equal(body_of(a), "1 ingest jobs are waiting already\n");
	open_gate(f);
	raw_client_wait(f->l, working);
	raw_client_wait(f->l, waiting);
	assert_status(working->answer, "204");
	assert_status(waiting->answer, "204");
	free(working);
	free(waiting);
}

static void a_body_announced_too_large_is_413_before_it_comes(void **state)
{
	struct fixture *f = *state;
	const char *a = raw_ask(f->l, http_server_port(f->s),
				"POST /api/v1/write HTTP/1.1\r\nHost: a\r\n" USUAL
				"Content-Length: 10737418240\r\n\r\n",
				0);

	assert_status(a, "413");
	assert_string_equal(body_of(a), "the body is larger than 1048576 bytes\n");
	assert_int_equal(atomic_load(&f->inside), 0);
}

static void ten_gigabytes_in_chunks_are_cut_off_soon(void **state)
{
	struct fixture *f = *state;
	struct client *c = raw_client_new(http_server_port(f->s),
					  "POST /api/v1/write HTTP/1.1\r\nHost: a\r\n" USUAL
					  "Transfer-Encoding: chunked\r\n\r\n");
	static const char size[] = "100000\r\n";
	size_t n = sizeof(size) - 1 + (1 << 20) + 2;
	char *chunk = malloc(n + 1);

	assert_non_null(chunk);
	memset(chunk, 'x', n);
	memcpy(chunk, size, sizeof(size) - 1);
	memcpy(chunk + n - 2, "\r\n", 3);
	c->piece[1] = chunk;
	c->length[1] = n;
	c->times[1] = 10240;
	raw_client_go(c);
	raw_client_wait(f->l, c);
	assert_true(c->sent < (size_t)64 << 20);
	assert_int_equal(atomic_load(&f->inside), 0);
	free(c);
	free(chunk);
}

static void the_largest_body_is_taken_whole(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, BODY_LIMIT + 1000);
	size_t at;

	assert_non_null(text);
	at = (size_t)
		snprintf(text, 1000,
			 "POST /api/v1/write HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" USUAL
			 "Content-Length: %d\r\n\r\n",
			 BODY_LIMIT);
	memset(text + at, 'x', BODY_LIMIT);
	assert_status(raw_ask(f->l, http_server_port(f->s), text, at + BODY_LIMIT), "204");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(what_is_taken_is_204_with_the_count),
		T(another_thread_may_answer),
		T(a_kept_alive_connection_takes_one_after_another),
		T(each_outcome_has_its_status),
		T(some_refused_samples_are_a_400_that_says_how_many_were_kept),
		T(headers_are_judged_before_the_body),
		T(other_methods_are_405),
		T(a_client_that_leaves_before_the_answer_does_no_harm),
		T(past_the_deadline_it_is_503),
		T(closing_with_an_open_answer_is_503),
		T(overload_is_503_at_once),
		T(a_body_announced_too_large_is_413_before_it_comes),
		T(ten_gigabytes_in_chunks_are_cut_off_soon),
		T(the_largest_body_is_taken_whole),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
