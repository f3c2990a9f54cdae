/* test_http_large.c - bodies that are too large for memory, fetched or taken into a file. */
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include "base/log.h"
#include "base/spool.h"
#include "loop/http_client.h"
#include "loop/http_server_private.h"

#include <stdlib.h>

enum { PATIENCE_MS = 20000, LINE = 64, LINES = 200000, TURNS = 40 };

struct fixture {
	struct loop *l;
	struct http_client *c;
	struct http_server *s;
	struct http_fetch f;
	struct err e;
	char *dir, url[128];
	int done, turns;
};

static void serve_large(struct exchange *x)
{
	for (int i = 0; i < LINES; i++)
		buf_printf(&x->reply, "%0*d\n", LINE - 1, i);
}

static bool is_whole(struct slice body)
{
	char want[LINE + 1];

	for (int i = 0; body.n == (size_t)LINE * LINES && i < LINES; i++) {
		snprintf(want, sizeof(want), "%0*d\n", LINE - 1, i);
		if (memcmp(body.p + (size_t)i * LINE, want, LINE) != 0)
			return false;
	}
	return body.n == (size_t)LINE * LINES;
}

/* Says what it was given. */
static void take_large(struct exchange *x)
{
	struct buf body = exchange_take_body(x);

	buf_printf(&x->reply, "%s in %s, %zu left", is_whole(buf_all(&body)) ? "whole" : "broken",
		   body.spool ? "a file" : "memory", x->body.n);
	buf_release(&body);
}

static void on_done(struct http_fetch *h)
{
	((struct fixture *)(void *)((char *)h - offsetof(struct fixture, f)))->done++;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct http_route routes[] = {
		{ "GET", "/large", HTTP_IN_JOB, JOB_QUERY, serve_large, f },
		{ .method = "POST",
		  .path = "/take",
		  .where = HTTP_IN_JOB,
		  .class = JOB_QUERY,
		  .serve = take_large,
		  .body_limit = 64 << 20,
		  .raw_body = true,
		  .large_body = true },
	};
	struct http_server_options o = { .host = "127.0.0.1" };
	struct loop_options lo = { 0 };

	log_set_fd(-1);
	f->dir = tmp_make();
	assert_ok(spool_set_folder(f->dir, 0, &f->e), &f->e);
	f->l = loop_new(&lo, &f->e);
	f->c = http_client_new(f->l, NULL, &f->e);
	f->s = http_server_open(f->l, &o, routes, 2, &f->e);
	assert_non_null(f->s);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/large", http_server_port(f->s));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->c);
	http_server_close(f->s);
	loop_free(f->l);
	spool_set_folder(NULL, 0, NULL);
	tmp_remove(f->dir);
	free(f);
	return 0;
}

static bool is_done(void *ctx)
{
	return ((struct fixture *)ctx)->done > 0;
}

static bool turned(void *ctx)
{
	struct fixture *f = ctx;

	return f->done || f->turns-- <= 0;
}

static void start_within(struct fixture *f, bool large, size_t limit)
{
	static const char *const headers[] = { "Accept-Encoding: identity", NULL };

	http_fetch_init(&f->f);
	f->f.url = f->url;
	f->f.headers = headers;
	f->f.done = on_done;
	f->f.body_limit = limit;
	f->f.large = large;
	f->done = 0;
	assert_ok(http_fetch_start(f->c, &f->f, &f->e), &f->e);
}

static void start(struct fixture *f, bool large)
{
	start_within(f, large, 64 << 20);
}

static void finish(struct fixture *f)
{
	assert_true(loop_settle(f->l, is_done, f, PATIENCE_MS));
	assert_int_equal(f->done, 1);
}

static void assert_whole(const struct fixture *f)
{
	assert_int_equal(f->f.err.code, ERR_NONE);
	assert_true(is_whole(buf_all(&f->f.body)));
}

static void a_large_body_comes_whole_into_a_file(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	finish(f);
	assert_whole(f);
	assert_non_null(f->f.body.spool);
	http_fetch_release(&f->f);
}

static void who_does_not_ask_for_it_gets_memory(void **state)
{
	struct fixture *f = *state;

	start(f, false);
	finish(f);
	assert_whole(f);
	assert_null(f->f.body.spool);
	http_fetch_release(&f->f);
}

static void the_limit_holds_in_a_file_too(void **state)
{
	struct fixture *f = *state;

	start_within(f, true, 6 << 20);
	finish(f);
	assert_int_equal(f->f.err.code, ERR_LIMIT);
	http_fetch_release(&f->f);
}

static void a_full_disk_fails_the_fetch_and_nothing_else(void **state)
{
	struct fixture *f = *state;

	tmp_limit(5 << 20);
	start(f, true);
	finish(f);
	tmp_unlimit();
	assert_int_equal(f->f.err.code, ERR_FULL);
	assert_non_null(strstr(f->f.err.text, "no space left on the disk for a temporary file"));
	http_fetch_release(&f->f);
	start(f, true);
	finish(f);
	assert_whole(f);
	http_fetch_release(&f->f);
}

static void it_may_be_cancelled_at_any_time(void **state)
{
	struct fixture *f = *state;

	for (int k = 0; k < TURNS; k++) {
		start(f, true);
		f->turns = k;
		assert_true(loop_settle(f->l, turned, f, PATIENCE_MS));
		http_fetch_cancel(&f->f);
		finish(f);
		if (f->f.err.code == ERR_NONE)
			assert_whole(f);
		else
			assert_int_equal(f->f.err.code, ERR_CANCELLED);
		http_fetch_release(&f->f);
	}
}

static void a_client_may_go_at_any_time(void **state)
{
	struct fixture *f = *state;

	for (int k = 0; k < TURNS; k++) {
		start(f, true);
		f->turns = k;
		assert_true(loop_settle(f->l, turned, f, PATIENCE_MS));
		http_client_free(f->c);
		assert_int_equal(f->done, 1);
		http_fetch_release(&f->f);
		f->c = http_client_new(f->l, NULL, &f->e);
		assert_non_null(f->c);
	}
}

/* --- taken ----------------------------------------------------------------------------- */

static void post(struct fixture *f, struct slice body)
{
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/take", http_server_port(f->s));
	http_fetch_init(&f->f);
	f->f.url = f->url;
	f->f.done = on_done;
	f->f.posts = true;
	f->f.post = body;
	f->done = 0;
	assert_ok(http_fetch_start(f->c, &f->f, &f->e), &f->e);
}

static struct buf lines(void)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (int i = 0; i < LINES; i++)
		buf_printf(&b, "%0*d\n", LINE - 1, i);
	return b;
}

static void a_large_request_is_taken_into_a_file(void **state)
{
	struct fixture *f = *state;
	struct buf b = lines();

	for (int i = 0; i < 2; i++) {
		post(f, buf_all(&b));
		finish(f);
		assert_int_equal(f->f.err.code, ERR_NONE);
		assert_int_equal(f->f.status, 200);
		assert_true(slice_is(buf_all(&f->f.body), "whole in a file, 0 left"));
		http_fetch_release(&f->f);
	}
	buf_release(&b);
}

static void a_full_disk_refuses_the_request(void **state)
{
	struct fixture *f = *state;
	struct buf b = lines();

	tmp_limit(5 << 20);
	post(f, buf_all(&b));
	finish(f);
	tmp_unlimit();
	assert_int_equal(f->f.status, 507);
	http_fetch_release(&f->f);
	post(f, buf_all(&b));
	finish(f);
	assert_int_equal(f->f.status, 200);
	http_fetch_release(&f->f);
	buf_release(&b);
}

static void large_requests_together_have_a_limit(void **state)
{
	struct fixture *f = *state;
	struct buf b = lines();

	f->s->in_files_max = 1 << 20;
	post(f, buf_all(&b));
	finish(f);
	assert_int_equal(f->f.status, 503);
	http_fetch_release(&f->f);
	f->s->in_files_max = 64 << 20;
	for (int i = 0; i < 8; i++) {
		post(f, buf_all(&b));
		finish(f);
		assert_int_equal(f->f.status, 200);
		http_fetch_release(&f->f);
	}
	buf_release(&b);
}

static void a_request_may_be_given_up_at_any_time(void **state)
{
	struct fixture *f = *state;
	struct buf b = lines();

	for (int k = 0; k < TURNS; k++) {
		post(f, buf_all(&b));
		f->turns = 3 * k;
		assert_true(loop_settle(f->l, turned, f, PATIENCE_MS));
		http_fetch_cancel(&f->f);
		finish(f);
		http_fetch_release(&f->f);
	}
	post(f, buf_all(&b));
	f->turns = 30;
	assert_true(loop_settle(f->l, turned, f, PATIENCE_MS));
	http_client_free(f->c);
	f->c = NULL;
	http_fetch_release(&f->f);
	buf_release(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_large_body_comes_whole_into_a_file),
		T(who_does_not_ask_for_it_gets_memory),
		T(the_limit_holds_in_a_file_too),
		T(a_full_disk_fails_the_fetch_and_nothing_else),
		T(it_may_be_cancelled_at_any_time),
		T(a_client_may_go_at_any_time),
		T(a_large_request_is_taken_into_a_file),
		T(a_full_disk_refuses_the_request),
		T(large_requests_together_have_a_limit),
		T(a_request_may_be_given_up_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
