/* test_http_pieces.c - replies that are made while they are sent. */
#include "tests/lib/assert.h"
#include "tests/lib/raw_client.h"

#include "base/inflate.h"
#include "base/log.h"
#include "loop/http_server_private.h"

enum { PIECE = 50000, PIECES = 12 };

struct fixture {
	struct loop *l;
	struct http_server *s;
	struct err e;
	atomic_uint made;     /* pieces */
	atomic_uint given_up; /* more() was told that nobody wants any more */
	atomic_uint holds;    /* exchanges that keep something between pieces */
	atomic_uint break_at; /* the piece that gets too large; 0: none */
	atomic_uint all;      /* pieces of a reply */
	atomic_size_t keeps;  /* held_bytes */
	atomic_bool wait;     /* more() waits until this is false */
	pthread_t made_by;
};

struct held {
	struct fixture *f;
	unsigned next;
};

/* --- handlers -------------------------------------------------------------- */

static void put_piece(struct buf *out, unsigned i)
{
	char line[11];

	for (unsigned k = 0; k < PIECE / 10; k++) {
		snprintf(line, sizeof(line), "%03u %05u\n", i, k);
		buf_put(out, line, 10);
	}
}

static void make_more(struct exchange *x)
{
	struct held *h = x->state;
	struct fixture *f = h->f;

	while (atomic_load(&f->wait) && !atomic_load(&x->cancelled))
		usleep(500);
	if (atomic_load(&x->cancelled)) {
		atomic_fetch_add(&f->given_up, 1);
	} else {
		f->made_by = pthread_self();
		put_piece(&x->reply, h->next++);
		if (atomic_fetch_add(&f->made, 1) + 1 == atomic_load(&f->break_at))
			buf_room(&x->reply, x->reply.limit + 1);
		if (h->next < atomic_load(&f->all))
			return;
	}
	atomic_fetch_sub(&f->holds, 1);
	x->more = NULL;
}

static void serve_pieces(struct exchange *x)
{
	struct held *h = arena_new(&x->arena, struct held);

	*h = (struct held){ .f = x->ctx };
	atomic_fetch_add(&h->f->holds, 1);
	x->state = h;
	x->held_bytes = atomic_load(&h->f->keeps);
	x->more = make_more;
	put_piece(&x->reply, h->next++);
}

static void serve_late(struct exchange *x)
{
	while (!atomic_load(&x->cancelled))
		usleep(500);
	serve_pieces(x);
}

static void serve_small(struct exchange *x)
{
	buf_puts(&x->reply, "small\n");
}

static void write_refusal(unsigned status, bool late, const char *text, struct buf *out)
{
	buf_printf(out, "<%u %d %s>", status, late, text);
}

/* --- fixture --------------------------------------------------------------- */

static void open_server(struct fixture *f, struct http_server_options o)
{
	static const struct http_refusals form = { "text/x-refusal", write_refusal };
	const struct http_route routes[] = {
		{ "GET", "/pieces", HTTP_IN_JOB, JOB_QUERY, serve_pieces, f, .refusals = &form },
		{ "GET", "/late", HTTP_IN_JOB, JOB_STORE, serve_late, f, .deadline_ms = 3000,
		  .refusals = &form },
		{ "GET", "/small", HTTP_IN_JOB, JOB_QUERY, serve_small, f, .refusals = &form },
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
	atomic_store(&f->all, PIECES);
	f->l = loop_new(&o, &f->e);
	if (!f->l)
		fail_msg("%s", f->e.text);
	open_server(f, (struct http_server_options){ 0 });
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->wait, false);
	http_server_close(f->s);
	loop_free(f->l);
	assert_int_equal(atomic_load(&f->holds), 0); /* in each of these tests */
	free(f);
	return 0;
}

static bool something_in_flight(void *ctx)
{
	return ((struct fixture *)ctx)->s->in_flight != 0;
}

/* --- the client ------------------------------------------------------------ */

static struct client *ask(struct fixture *f, const char *line, const char *more)
{
	static char text[500];
	struct client *c;

	snprintf(text, sizeof(text), "%s\r\nHost: a\r\nConnection: close\r\n%s\r\n", line, more);
	c = raw_client_new(http_server_port(f->s), text);
	raw_client_go(c);
	raw_client_wait(f->l, c);
	return c;
}

/* Asks for a thousand pieces and does not read before *go. */
static struct client *start_slow(struct fixture *f, atomic_bool *go)
{
	struct client *c =
		raw_client_new(http_server_port(f->s), "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");

	atomic_store(&f->all, 1000);
	c->may_read = go;
	c->leave = true;
	raw_client_go(c);
	if (!loop_settle(f->l, something_in_flight, f, PATIENCE_MS))
		fail_msg("nothing was sent");
	return c;
}

static void end_slow(struct fixture *f, struct client *c)
{
	atomic_store(c->may_read, true);
	raw_client_wait(f->l, c);
	free(c);
}

/* Takes the frames of chunked coding away; false: the last one is missing. */
static bool unchunk(const struct client *c, struct buf *out)
{
	const char *at = body_of(c->answer), *end = c->answer + c->n;

	buf_init(out, ANSWER_MAX);
	while (at < end) {
		char *text;
		size_t n = strtoul(at, &text, 16);

		if (n == 0)
			return true;
		buf_put(out, text + 2, n);
		at = text + 2 + n + 2;
	}
	return false;
}

static void assert_all_pieces(struct slice body, unsigned n)
{
	struct buf want;

	buf_init(&want, ANSWER_MAX);
	for (unsigned i = 0; i < n; i++)
		put_piece(&want, i);
	assert_int_equal(body.n, want.n);
	assert_memory_equal(body.p, want.p, want.n);
	buf_release(&want);
}

static bool nothing_held(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->holds) == 0;
}

static bool gone(void *ctx)
{
	struct fixture *f = ctx;

	return !f->s->requests && !f->s->nconnections;
}

/* --- tests ----------------------------------------------------------------- */

static void pieces_arrive_whole_and_in_order_made_by_a_worker(void **state)
{
	struct fixture *f = *state;
	struct client *c = ask(f, "GET /pieces HTTP/1.1", "");
	struct buf body;

	assert_status(c->answer, "200");
	assert_has(c->answer, "Transfer-Encoding: chunked\r\n");
	assert_null(strstr(c->answer, "Content-Length"));
	assert_true(unchunk(c, &body));
	assert_all_pieces(buf_all(&body), PIECES);
	assert_int_equal(atomic_load(&f->made), PIECES - 1);
	assert_false(pthread_equal(f->made_by, pthread_self()));
	assert_int_equal(f->s->in_flight, 0);
	buf_release(&body);
	free(c);
}

static void an_old_client_reads_until_the_end(void **state)
{
	struct fixture *f = *state;
	struct client *c = ask(f, "GET /pieces HTTP/1.0", "");
	const char *body = body_of(c->answer);

	assert_null(strstr(c->answer, "chunked"));
	assert_all_pieces(slice_of(body, c->n - (size_t)(body - c->answer)), PIECES);
	free(c);
}

static void pieces_are_one_gzip_stream(void **state)
{
	struct fixture *f = *state;
	struct client *c = ask(f, "GET /pieces HTTP/1.1", "Accept-Encoding: gzip\r\n");
	struct buf packed, plain;

	assert_has(c->answer, "Content-Encoding: gzip\r\n");
	assert_true(unchunk(c, &packed));
	assert_true(packed.n < PIECE * PIECES / 3);
	buf_init(&plain, ANSWER_MAX);
	assert_ok(inflate_body(buf_all(&packed), slice_str("gzip"), 1000, &plain, &f->e), &f->e);
	assert_all_pieces(buf_all(&plain), PIECES);
	buf_release(&packed);
	buf_release(&plain);
	free(c);
}

static void head_makes_no_more_than_the_first(void **state)
{
	struct fixture *f = *state;
	struct client *c = ask(f, "HEAD /pieces HTTP/1.1", "");

	assert_status(c->answer, "200");
	assert_string_equal(body_of(c->answer), "");
	assert_true(loop_settle(f->l, nothing_held, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->made), 0);
	assert_int_equal(atomic_load(&f->given_up), 1);
	free(c);
}

static void a_client_that_leaves_ends_the_making(void **state)
{
	struct fixture *f = *state;
	struct client *c =
		raw_client_new(http_server_port(f->s), "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");

	atomic_store(&f->all, 1000);
	c->stop_at = "000 00100";
	raw_client_go(c);
	raw_client_wait(f->l, c);
	assert_true(loop_settle(f->l, gone, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->given_up), 1);
	assert_true(atomic_load(&f->made) < 900);
	assert_int_equal(f->s->in_flight, 0);
	free(c);
}

static void a_client_that_does_not_read_holds_one_piece_and_no_worker(void **state)
{
	struct fixture *f = *state;
	struct client *slow, *c;
	atomic_bool go = false;

	atomic_store(&f->keeps, 1000000);
	slow = start_slow(f, &go);
	c = ask(f, "GET /small HTTP/1.1", ""); /* there is one worker */
	assert_status(c->answer, "200");
	assert_int_equal(f->s->in_flight, 1000000 + PIECE);
	assert_true(atomic_load(&f->made) < 900); /* 50 MB do not go into a socket */
	free(c);
	end_slow(f, slow);
	assert_true(loop_settle(f->l, gone, f, PATIENCE_MS));
}

static void a_client_that_reads_too_slowly_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct client *slow;
	atomic_bool go = false;

	http_server_close(f->s);
	open_server(f, (struct http_server_options){ .deadline_ms = 300 });
	f->s->piece_bytes_per_s = (size_t)1 << 40;
	slow = start_slow(f, &go);
	assert_true(loop_settle(f->l, gone, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->given_up), 1);
	end_slow(f, slow);
}

static void what_is_kept_counts_as_in_flight_and_small_replies_go_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct client *slow, *c;
	atomic_bool go = false;

	atomic_store(&f->keeps, (size_t)300 << 20); /* more than all that may be: alone it goes */
	slow = start_slow(f, &go);
	c = ask(f, "GET /pieces HTTP/1.1", "");
	assert_status(c->answer, "503");
	assert_has(c->answer, "Content-Type: text/x-refusal\r\n");
	assert_has(c->answer, "<503 0 too many replies are on their way>");
	free(c);
	c = ask(f, "GET /small HTTP/1.1", "");
	assert_status(c->answer, "200");
	free(c);
	end_slow(f, slow);
	assert_true(loop_settle(f->l, gone, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->given_up), 2);
	assert_int_equal(f->s->in_flight, 0);
}

static void a_reply_that_cannot_be_made_to_the_end_has_no_end(void **state)
{
	struct fixture *f = *state;
	struct client *c;
	struct buf body;

	atomic_store(&f->break_at, 3);
	c = ask(f, "GET /pieces HTTP/1.1", "");
	assert_status(c->answer, "200");
	assert_false(unchunk(c, &body));
	assert_all_pieces(buf_all(&body), 3);
	assert_true(loop_settle(f->l, gone, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->given_up), 1);
	buf_release(&body);
	free(c);
}

static void one_that_comes_after_its_deadline_gives_back_what_it_holds(void **state)
{
	struct fixture *f = *state;
	struct client *c;

	http_server_close(f->s);
	open_server(f, (struct http_server_options){ .idle_ms = 10000 });
	c = ask(f, "GET /late HTTP/1.1", "");
	assert_status(c->answer, "503");
	assert_has(c->answer, "<503 1 no answer within 3000 ms>");
	assert_true(loop_settle(f->l, gone, f, PATIENCE_MS));
	assert_int_equal(atomic_load(&f->given_up), 1);
	free(c);
}

static void closing_the_server_ends_what_is_being_made(void **state)
{
	struct fixture *f = *state;
	struct client *c =
		raw_client_new(http_server_port(f->s), "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");

	atomic_store(&f->wait, true);
	raw_client_go(c);
	assert_true(loop_settle(f->l, something_in_flight, f, PATIENCE_MS));
	for (int i = 0; i < PATIENCE_MS / 10 && !(f->s->requests && f->s->requests->job_runs); i++)
		loop_settle(f->l, nothing_held, f, 10);
	assert_true(f->s->requests->job_runs);
	http_server_close(f->s);
	assert_int_equal(atomic_load(&f->holds), 0);
	open_server(f, (struct http_server_options){ 0 });
	raw_client_wait(f->l, c);
	free(c);
}

static void arguments_that_cannot_be_read_are_refused_in_the_routes_own_form(void **state)
{
	struct fixture *f = *state;
	struct client *c = ask(f, "GET /small?a=%zz HTTP/1.1", "");

	assert_status(c->answer, "400");
	assert_has(c->answer, "<400 0 ");
	free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_arrive_whole_and_in_order_made_by_a_worker),
		TEST(an_old_client_reads_until_the_end),
		TEST(pieces_are_one_gzip_stream),
		TEST(head_makes_no_more_than_the_first),
		TEST(a_client_that_leaves_ends_the_making),
		TEST(a_client_that_does_not_read_holds_one_piece_and_no_worker),
		TEST(a_client_that_reads_too_slowly_is_cut_off),
		TEST(what_is_kept_counts_as_in_flight_and_small_replies_go_all_the_same),
		TEST(a_reply_that_cannot_be_made_to_the_end_has_no_end),
		TEST(one_that_comes_after_its_deadline_gives_back_what_it_holds),
		TEST(closing_the_server_ends_what_is_being_made),
		TEST(arguments_that_cannot_be_read_are_refused_in_the_routes_own_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
