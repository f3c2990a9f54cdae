/*
 * test_feed_pages.c - answers in pages over real HTTP on loopback: all of them or none.
 */
#include "tests/unit/collectors/feeds.h"

#include "base/inflate.h"
#include "loop/http_server.h"

/* The second begins with a byte order mark and has a unit that nobody knows. */
static const char *const pages[] = {
	"{\"pages\":3,\"value\":[{\"u\":\"jiahe\",\"t\":\"2026-09\",\"v\":1}]}",
	"\xef\xbb\xbf{\"pages\":3,\"value\":[{\"u\":\"jiahe\",\"t\":\"2026-10\",\"v\":2},\n"
	"{\"u\":\"无此园\",\"t\":\"2026-10\",\"v\":2}]}",
	"{\"pages\":3,\"value\":[{\"u\":\"yishan\",\"t\":\"2026-10\",\"v\":3}]}",
};

static const char all[] =
	"[{\"pages\":3,\"value\":[{\"u\":\"jiahe\",\"t\":\"2026-09\",\"v\":1}]},\n"
	"{\"pages\":3,\"value\":[{\"u\":\"jiahe\",\"t\":\"2026-10\",\"v\":2},\n"
	"{\"u\":\"无此园\",\"t\":\"2026-10\",\"v\":2}]},\n"
	"{\"pages\":3,\"value\":[{\"u\":\"yishan\",\"t\":\"2026-10\",\"v\":3}]}]";

struct served {
	struct feeds *f;
	struct http_server *s;
	unsigned asked, conditions;
	char queries[256]; /* the values of `page` in their order */
	int broken;        /* this page is answered with status 500 */
	bool same;         /* the first page is the answer to everything */
	bool packed;
	const char *link; /* of the second page */
};

static struct served served;

static void put(struct exchange *x, const char *body)
{
	struct buf gz;

	if (!served.packed) {
		buf_puts(&x->reply, body);
		return;
	}
	buf_init(&gz, 65536);
	assert_ok(deflate_body(slice_str(body), &gz, &served.f->e), &served.f->e);
	exchange_set_header(x, "Content-Encoding", "gzip");
	buf_put(&x->reply, gz.p, gz.n);
	buf_release(&gz);
}

static void serve_pages(struct exchange *x)
{
	struct slice page = exchange_param(x, "page");
	size_t n = strlen(served.queries);
	int i;

	served.asked++;
	served.conditions += exchange_header(x, "If-None-Match").n > 0;
	exchange_set_header(x, "ETag", "\"v1\"");
	snprintf(served.queries + n, sizeof(served.queries) - n, "%.*s,", SLICE_FMT(page));
	i = page.n == 1 ? page.p[0] - '0' : 0;
	if (i < 1 || i > 3 || i == served.broken) {
		x->status = 500;
		return;
	}
	put(x, pages[served.same ? 0 : i - 1]);
}

static void serve_links(struct exchange *x)
{
	served.asked++;
	buf_printf(&x->reply,
		   "{\"next\":\"%s\",\"value\":[{\"u\":\"jiahe\",\"t\":\"2026-09\",\"v\":1}]}",
		   served.link);
}

static void serve_last(struct exchange *x)
{
	served.asked++;
	buf_puts(&x->reply, "{\"value\":[{\"u\":\"yishan\",\"t\":\"2026-09\",\"v\":2}]}");
}

static int setup(void **state)
{
	static const struct http_route routes[] = {
		{ .method = "GET", .path = "/pages", .serve = serve_pages },
		{ .method = "GET", .path = "/links", .serve = serve_links },
		{ .method = "GET", .path = "/last", .serve = serve_last },
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

static void apply(struct feeds *f, const char *path, const char *paging, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "- name: api\n"
		 "  url: http://127.0.0.1:%d%s\n"
		 "  format: json\n"
		 "  jitter: 0\n"
		 "  paging: {%s}\n%s"
		 "  layout:\n"
		 "    rows: /value\n"
		 "    unit: {pointer: u}\n"
		 "    indicator: {is: output_yuan}\n"
		 "    period: {pointer: t}\n"
		 "    value: {pointer: v}\n",
		 http_server_port(served.s), path, paging, more);
	feeds_apply(f, yaml);
}

#define NUMBERED "kind: page, parameter: page, pages: /pages"
#define LINKED   "kind: next, next: /next"

static void all_pages_are_one_document(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	apply(f, "/pages?x=1", NUMBERED, "");
	feeds_poll(f, "api");
	s = feeds_status(f, "api");
	assert_string_equal(s.error, "");
	assert_string_equal(served.queries, "1,2,3,");
	assert_int_equal(f->emits, 1);
	assert_int_equal(f->nstored, 3);
	assert_int_equal(s.document->kept, 3);
	assert_int_equal(s.document->refused, 1);
	feeds_assert_original(f, slice_str(all));
	/* The place is in the document as it is kept. */
	assert_int_equal(s.complaints[0].line, 3);
	assert_string_equal(s.complaints[0].text, "no unit is called '无此园'");
	assert_has(f->origin, "/pages?x=1");
}

static void the_same_pages_again_are_unchanged(void **state)
{
	struct feeds *f = *state;

	apply(f, "/pages", NUMBERED, "");
	feeds_poll(f, "api");
	feeds_poll(f, "api");
	assert_string_equal(feeds_status(f, "api").error, "");
	assert_string_equal(served.queries, "1,2,3,1,2,3,");
	/* A page's tag says nothing of the others. */
	assert_int_equal(served.conditions, 0);
	assert_int_equal(f->emits, 1);
}

static void a_page_that_fails_leaves_nothing_stored(void **state)
{
	struct feeds *f = *state;

	served.broken = 3;
	apply(f, "/pages", NUMBERED, "");
	feeds_poll(f, "api");
	assert_string_equal(feeds_status(f, "api").error, "the server answered HTTP status 500");
	assert_int_equal(f->emits, 0);
	served.broken = 0;
	feeds_poll(f, "api");
	assert_string_equal(feeds_status(f, "api").error, "");
	assert_int_equal(f->nstored, 3);
	assert_string_equal(served.queries, "1,2,3,1,2,3,");
}

static void packed_pages_are_unpacked(void **state)
{
	struct feeds *f = *state;

	served.packed = true;
	apply(f, "/pages", NUMBERED, "");
	feeds_poll(f, "api");
	assert_string_equal(feeds_status(f, "api").error, "");
	feeds_assert_original(f, slice_str(all));
}

static void a_page_that_is_wrong_fails_the_attempt(void **state)
{
	struct feeds *f = *state;

	served.same = true;
	apply(f, "/pages", NUMBERED, "");
	feeds_poll(f, "api");
	assert_has(feeds_status(f, "api").error, "page 2: the page is the one before once more");
	assert_int_equal(f->emits, 0);
	assert_int_equal(served.asked, 2);
}

static void links_are_followed_on_the_same_server_only(void **state)
{
	struct feeds *f = *state;

	served.link = "last?a=1";
	apply(f, "/links", LINKED, "");
	feeds_poll(f, "api");
	assert_string_equal(feeds_status(f, "api").error, "");
	assert_int_equal(f->nstored, 2);

	served.link = "http://127.0.0.2:1/x";
	feeds_poll(f, "api");
	assert_has(feeds_status(f, "api").error, "page 1: the link leads from 'http://127.0.0.1:");
	assert_int_equal(f->emits, 1);
}

static void limits_hold_for_all_pages_together(void **state)
{
	struct feeds *f = *state;
	char link[1000] = "last?";

	apply(f, "/pages", NUMBERED ", most: 2", "");
	feeds_poll(f, "api");
	assert_string_equal(feeds_status(f, "api").error,
			    "there are more than the allowed 2 pages");
	/* One page fits, two do not. */
	memset(link + 5, 'a', 940);
	served.link = link;
	apply(f, "/links", LINKED, "  body_limit: 1KiB\n");
	feeds_poll(f, "api");
	assert_int_equal(feeds_status(f, "api").health, FEED_FAILING);
	assert_has(feeds_status(f, "api").error, "bytes");
	assert_int_equal(f->emits, 0);
}

static void a_feed_can_be_removed_between_pages(void **state)
{
	struct feeds *f = *state;

	apply(f, "/pages", NUMBERED, "");
	assert_ok(collector_poll(f->c, "api", &f->e), &f->e);
	feeds_apply(f, "[]");
	feeds_idle(f);
	assert_int_equal(f->c->nleaving, 0);
	assert_int_equal(f->emits, 0);
}

static bool is_asked_twice(void *ctx)
{
	(void)ctx;
	return served.asked >= 2;
}

static void closing_ends_an_attempt_amid_its_pages(void **state)
{
	struct feeds *f = *state;

	apply(f, "/pages", NUMBERED, "");
	assert_ok(collector_poll(f->c, "api", &f->e), &f->e);
	assert_true(loop_settle(f->loop, is_asked_twice, NULL, FEEDS_PATIENCE_MS));
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->emits, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_pages_are_one_document),
		T(the_same_pages_again_are_unchanged),
		T(a_page_that_fails_leaves_nothing_stored),
		T(packed_pages_are_unpacked),
		T(a_page_that_is_wrong_fails_the_attempt),
		T(links_are_followed_on_the_same_server_only),
		T(limits_hold_for_all_pages_together),
		T(a_feed_can_be_removed_between_pages),
		T(closing_ends_an_attempt_amid_its_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
