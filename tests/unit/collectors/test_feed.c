/*
 * The life of a polled feed, against a scripted client: what is remembered of a body and when, how
 * a failure backs off, and what happens to an attempt when feeds are reloaded or closed.
 */
#include "tests/lib/starve.h"
#include "tests/unit/collectors/fake_client.h"
#include "tests/unit/collectors/feeds.h"

#include "base/inflate.h"

static const char good[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.1\n乙山,1,2\n";

#define LAYOUT                                                                                     \
	"  layout:\n"                                                                              \
	"    unit: {column: 园区}\n"                                                             \
	"    indicator: {is: output_yuan}\n"                                                       \
	"    period: {header: true}\n"

static const char land[] = "- name: land\n"
			   "  url: http://land.example/x.csv\n"
			   "  owner: bureau\n"
			   "  format: csv\n"
			   "  every: 10m\n"
			   "  jitter: 0\n" LAYOUT;

static const char node[] = "- {name: node, url: 'http://10.0.0.1:9100/metrics', format: "
			   "prometheus, every: 15s, jitter: 0}\n";

static int setup(void **state)
{
	struct feeds *f = feeds_open(true);

	f->client->reply = (struct fake_reply){ .status = 200, .body = slice_str(good) };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

static void reply(struct feeds *f, long status, const char *body)
{
	f->client->reply = (struct fake_reply){ .status = status, .body = slice_str(body) };
}

static void reply_err(struct feeds *f, enum err_code code, const char *text)
{
	f->client->reply = (struct fake_reply){ 0 };
	err_set(&f->client->reply.err, code, "%s", text);
}

static double sample(const struct feeds *f, const char *prefix)
{
	for (size_t i = f->nstored; i-- > 0;)
		if (!strncmp(f->stored[i].text, prefix, strlen(prefix)))
			return f->stored[i].value;
	fail_msg("no sample %s", prefix);
	return 0;
}

/* --- a good feed ------------------------------------------------------------------ */

static void the_first_attempt_comes_within_seconds(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	feeds_apply(f, land);
	s = feeds_status(f, "land");
	assert_int_equal(s.health, FEED_NEW);
	assert_string_equal(s.source, "http://land.example/x.csv");
	assert_in_range(s.next_ms, NOW_MS, NOW_MS + 5000);
	feeds_tick(f, 5000);
	assert_int_equal(f->client->asked, 1);
	assert_int_equal(f->emits, 1);
	assert_int_equal(f->nstored, 4);
	s = feeds_status(f, "land");
	assert_int_equal(s.health, FEED_OK);
	assert_int_equal(s.document->kept, 4);
	assert_int_equal(s.document->refused, 0);
	assert_int_equal(s.bytes_total, sizeof(good) - 1);
	assert_in_range(s.last_success_ms, NOW_MS, NOW_MS + 5000);
	assert_int_equal(s.next_ms, s.last_attempt_ms + 600000);
	assert_string_equal(f->origin, "http://land.example/x.csv");
	assert_string_equal(f->owner, "bureau");
	assert_f64(feeds_counter(C_FEED_UP, "land"), 1);
	assert_f64(feeds_counter(C_FEED_FAILURES, "land"), 0);
	assert_f64(feeds_counter(C_FEED_LAST_SUCCESS, "land"), (double)s.last_success_ms / 1e3);
	feeds_tick(f, 600000);
	assert_int_equal(f->client->asked, 2);
}

static void limits_and_headers_go_with_the_request(void **state)
{
	struct feeds *f = *state;
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "%s  headers: ['X-Key: k']\n  body_limit: 64KiB\n  timeout: 3s\n", land);
	feeds_apply(f, yaml);
	feeds_poll(f, "land");
	assert_string_equal(f->client->headers,
			    "X-Key: k\nAccept: text/csv,text/plain;q=0.9,*/*;q=0.5\n"
			    "Accept-Encoding: gzip\n");
	assert_int_equal(f->client->body_limit, 65536);
	assert_int_equal(f->client->timeout_ms, 3000);
}

static void an_equal_body_is_not_decoded_again(void **state)
{
	struct feeds *f = *state;
	int64_t changed;

	feeds_apply(f, land);
	feeds_poll(f, "land");
	/* The line ends here: no err="" where there is none. */
	assert_int_equal(feeds_logged(f, "submission=7\n"), 1);
	changed = feeds_status(f, "land").last_change_ms;
	feeds_tick(f, 600000);
	assert_int_equal(f->client->asked, 2);
	assert_int_equal(f->emits, 1);
	assert_int_equal(feeds_status(f, "land").last_change_ms, changed);
	assert_int_equal(feeds_status(f, "land").last_success_ms, clock_wall(&f->clock));
	reply(f, 200, "园区,2026年10月\n甲河,14\n");
	feeds_tick(f, 600000);
	assert_int_equal(f->emits, 2);
	assert_f64(f->stored[4].value, 1.4e9);
	assert_int_equal(feeds_status(f, "land").last_change_ms, clock_wall(&f->clock));
}

static void a_new_catalogue_reads_an_equal_body_again(void **state)
{
	struct feeds *f = *state;
	struct documents *other =
		documents_open(FEEDS_CATALOGUE "  - {code: tax_yuan, name: 税收, measure: 万元, "
					       "freq: M, form: period, release: m}\n",
			       NULL);
	struct catalogue *old = f->docs->cat;

	f->client->reply.etag = "\"v1\"";
	feeds_apply(f, land);
	feeds_poll(f, "land");
	feeds_poll(f, "land");
	assert_int_equal(f->emits, 1);
	assert_string_equal(f->client->etag, "\"v1\"");
	f->docs->cat = other->cat;
	feeds_poll(f, "land");
	/* Nor does the server get the chance to say that nothing has changed. */
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->emits, 2);
	f->docs->cat = old;
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	documents_close(other);
}

static void a_304_is_a_success_and_asks_by_both_conditions(void **state)
{
	struct feeds *f = *state;

	f->client->reply.etag = "\"v1\"";
	f->client->reply.last_modified = "Mon, 23 Nov 2026 00:00:00 GMT";
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_string_equal(f->client->etag, "");
	reply(f, 304, "");
	feeds_tick(f, 600000);
	assert_string_equal(f->client->etag, "\"v1\"");
	assert_string_equal(f->client->last_modified, "Mon, 23 Nov 2026 00:00:00 GMT");
	assert_int_equal(f->emits, 1);
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
	assert_int_equal(feeds_status(f, "land").last_success_ms, clock_wall(&f->clock));
	/* The tags hold beyond the 304, which brings none. */
	feeds_tick(f, 600000);
	assert_string_equal(f->client->etag, "\"v1\"");
}

static void a_304_that_nobody_asked_for_is_a_failure(void **state)
{
	struct feeds *f = *state;

	reply(f, 304, "");
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error,
			    "the server answered HTTP status 304 to a request without a condition");
}

static void a_changed_encoding_is_followed(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, land);
	feeds_poll(f, "land");
	/* 园区,2026年10月 / 甲河,14 in GBK */
	reply(f, 200,
	      "\xd4\xb0\xc7\xf8,2026\xc4\xea"
	      "10\xd4\xc2\n\xbc\xd7\xba\xd3,14\n");
	feeds_tick(f, 600000);
	assert_int_equal(f->nstored, 5);
	assert_f64(f->stored[4].value, 1.4e9);
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
}

static void a_release_on_a_working_day_is_awaited(void **state)
{
	struct feeds *f = *state;
	char yaml[1024];
	struct feed_status s;

	/* Now is 23 November; November ends on a Monday, so the window opens on 3 December. */
	snprintf(yaml, sizeof(yaml), "%s  working_day: 3\n  freq: M\n", land);
	feeds_apply(f, yaml);
	feeds_poll(f, "land");
	s = feeds_status(f, "land");
	assert_int_equal(s.next_ms, s.last_attempt_ms + 600000); /* not known to be this month's */
	reply(f, 200, "园区,2026年10月\n甲河,14\n");
	feeds_tick(f, 600000);
	assert_int_equal(f->emits, 2);
	/* 2026-12-03T00:00:00+08:00 */
	assert_int_equal(feeds_status(f, "land").next_ms, 1796227200000);
	feeds_tick(f, 86400000);
	assert_int_equal(f->client->asked, 2);
	feeds_tick(f, 9 * 86400000LL);
	assert_true(f->client->asked > 2);
}

static void a_period_that_had_not_ended_is_looked_at_again_tomorrow(void **state)
{
	struct feeds *f = *state;

	f->client->reply = (struct fake_reply){
		.status = 200,
		.body = slice_str("园区,2026年10月,2026年11月\n甲河,13,14\n"),
		.etag = "\"v1\"",
	};
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_int_equal(f->nstored, 1);
	assert_int_equal(feeds_status(f, "land").document->refused, 1);
	feeds_tick(f, 600000);
	assert_string_equal(f->client->etag, "\"v1\"");
	assert_int_equal(f->emits, 1);
	clock_advance(&f->clock, 8 * 86400000LL); /* 1 December */
	feeds_poll(f, "land");
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->emits, 2);
	assert_int_equal(f->nstored, 3);
	assert_int_equal(feeds_status(f, "land").document->refused, 0);
}

/* --- a bad one ------------------------------------------------------------------------ */

static void failures_back_off_and_are_logged_once(void **state)
{
	struct feeds *f = *state;
	static const int minutes[] = { 10, 20, 40, 60, 60 };
	struct feed_status s;

	feeds_apply(f, land);
	reply(f, 500, "oops");
	feeds_poll(f, "land");
	for (unsigned i = 0; i < 5; i++) {
		s = feeds_status(f, "land");
		assert_int_equal(s.failures, i + 1);
		assert_int_equal(s.next_ms - s.last_attempt_ms, minutes[i] * 60000);
		if (i < 4)
			feeds_tick(f, minutes[i] * 60000);
	}
	assert_int_equal(f->client->asked, 5);
	assert_int_equal(s.health, FEED_FAILING);
	assert_int_equal(s.failing_since_ms, NOW_MS);
	assert_string_equal(s.error, "the server answered HTTP status 500");
	assert_int_equal(feeds_logged(f, "msg=\"feed failed\" feed=land"), 1);
	assert_f64(feeds_counter(C_FEED_UP, "land"), 0);
	assert_f64(feeds_counter(C_FEED_FAILURES, "land"), 5);
	reply(f, 502, "");
	feeds_poll(f, "land");
	assert_int_equal(feeds_logged(f, "err=\"the server answered HTTP status 502\""), 1);
	reply(f, 200, good);
	feeds_tick(f, 3600000);
	s = feeds_status(f, "land");
	assert_int_equal(s.health, FEED_OK);
	assert_int_equal(s.failures, 0);
	assert_int_equal(s.failing_since_ms, 0);
	assert_string_equal(s.error, "");
	assert_int_equal(s.next_ms - s.last_attempt_ms, 600000);
	assert_int_equal(f->nstored, 4);
	assert_int_equal(feeds_logged(f, "msg=\"feed recovered\" feed=land"), 1);
}

static void a_feed_that_timed_out_comes_back(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, land);
	feeds_poll(f, "land");
	reply_err(f, ERR_TIMEOUT, "land.example took longer than 30 s");
	feeds_tick(f, 600000);
	assert_string_equal(feeds_status(f, "land").error, "land.example took longer than 30 s");
	reply(f, 200, good);
	feeds_tick(f, 600000);
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
	assert_int_equal(f->emits, 1); /* the body it had before */
}

static void retry_after_is_waited_for(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	feeds_apply(f, land);
	reply(f, 503, "");
	f->client->reply.retry_after_ms = 1800000;
	feeds_poll(f, "land");
	s = feeds_status(f, "land");
	assert_int_equal(s.next_ms - s.last_attempt_ms, 1800000);
	f->client->reply.retry_after_ms = 0;
	feeds_poll(f, "land");
	s = feeds_status(f, "land");
	assert_int_equal(s.next_ms - s.last_attempt_ms, 1200000);
}

static void html_is_refused_and_not_asked_for_again_in_full(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	f->client->reply = (struct fake_reply){
		.status = 200,
		.body = slice_str("<!DOCTYPE html><html><title>Login</title></html>"),
		.content_type = "text/html",
		.etag = "\"login\"",
	};
	feeds_apply(f, land);
	feeds_poll(f, "land");
	s = feeds_status(f, "land");
	assert_int_equal(s.health, FEED_FAILING);
	assert_has(s.error, "HTML");
	assert_int_equal(f->emits, 1); /* that it came, why it was refused, and its bytes */
	assert_int_equal(f->nstored, 0);
	assert_has(f->reason, "this is an HTML page");
	feeds_assert_original(f, f->client->reply.body);
	assert_int_equal(s.ncomplaints, 1);
	/* What the server says is unchanged stays refused. */
	reply(f, 304, "");
	feeds_poll(f, "land");
	assert_string_equal(f->client->etag, "\"login\"");
	s = feeds_status(f, "land");
	assert_int_equal(s.failures, 2);
	assert_has(s.error, "HTML");
	reply(f, 200, good);
	feeds_poll(f, "land");
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
	assert_int_equal(f->nstored, 4);
}

static void good_rows_are_kept_and_bad_ones_counted(void **state)
{
	struct feeds *f = *state;
	double before = feeds_counter(C_ROWS_REFUSED, "unit");
	double of_feed = feeds_counter(C_ROWS_REFUSED_FEED, "land");
	struct feed_status s;

	reply(f, 200, "园区,2026年10月\n甲河,14\n谁,1\n乙山,abc\n");
	feeds_apply(f, land);
	feeds_poll(f, "land");
	s = feeds_status(f, "land");
	assert_int_equal(s.health, FEED_OK);
	assert_int_equal(s.document->kept, 1);
	assert_int_equal(s.document->refused, 2);
	assert_int_equal(s.ncomplaints, 2);
	assert_int_equal(s.complaints[0].line, 3);
	assert_int_equal(s.complaints[1].line, 4);
	assert_f64(feeds_counter(C_ROWS_REFUSED, "unit") - before, 1);
	assert_f64(feeds_counter(C_ROWS_REFUSED_FEED, "land") - of_feed, 2);
	/* A new body's complaints replace them. */
	reply(f, 200, good);
	feeds_poll(f, "land");
	assert_int_equal(feeds_status(f, "land").ncomplaints, 0);
	assert_int_equal(feeds_status(f, "land").refused_total, 2);
}

static void the_last_document_and_the_last_attempts_are_remembered(void **state)
{
	struct feeds *f = *state;
	char body[256];
	struct feed_status s;

	feeds_apply(f, land);
	assert_int_equal(feeds_status(f, "land").nattempts, 0);
	assert_int_equal(feeds_status(f, "land").document->at_ms, 0);
	snprintf(body, sizeof(body), "%s无此园,1,2\n", good);
	reply(f, 200, body);
	feeds_poll(f, "land");
	s = feeds_status(f, "land");
	assert_string_equal(s.format, "csv");
	assert_int_equal(s.document->at_ms, NOW_MS);
	assert_int_equal(s.document->bytes, strlen(body));
	assert_int_equal(s.document->rows, 3);
	assert_int_equal(s.document->kept, 4);
	assert_int_equal(s.document->refused, 2);
	assert_int_equal(s.document->count[REFUSED_UNIT], 2);
	assert_int_equal(s.document->submission, 7);
	assert_int_equal(s.nattempts, 1);
	assert_string_equal(s.attempts[0].result, "changed");
	assert_int_equal(s.attempts[0].bytes, strlen(body));
	assert_int_equal(s.attempts[0].refused, 2);
	for (int k = 0; k < FEED_ATTEMPTS; k++)
		feeds_tick(f, 600000);
	reply(f, 500, "");
	feeds_tick(f, 600000);
	s = feeds_status(f, "land");
	assert_int_equal(s.nattempts, FEED_ATTEMPTS);
	assert_string_equal(s.attempts[0].result, "failed");
	assert_int_equal(s.attempts[0].bytes, 0);
	assert_string_equal(s.attempts[1].result, "unchanged");
	assert_string_equal(s.attempts[FEED_ATTEMPTS - 1].result, "unchanged");
	assert_true(s.attempts[0].at_ms > s.attempts[1].at_ms);
	/* The document stays the last one that came. */
	assert_int_equal(s.document->kept, 4);
}

static void a_document_of_which_nothing_is_kept_is_refused(void **state)
{
	struct feeds *f = *state;

	reply(f, 200, "园区,2026年10月\n谁,1\n");
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_int_equal(f->emits, 1);
	assert_int_equal(f->nstored, 0);
	assert_has(f->reason, "none of 1 figures could be kept");
	/* The same again is not even decoded. */
	feeds_poll(f, "land");
	assert_int_equal(f->emits, 1);
	assert_has(feeds_status(f, "land").error,
		   "none of 1 figures could be kept; the first, at 2:");
}

static void a_truncated_gzip_stores_nothing(void **state)
{
	struct feeds *f = *state;
	struct buf gz;

	buf_init(&gz, 65536);
	assert_ok(deflate_body(slice_str(good), &gz, &f->e), &f->e);
	f->client->reply = (struct fake_reply){ .status = 200,
						.body = slice_of(gz.p, gz.n - 9),
						.encoding = "gzip",
						.etag = "\"cut\"" };
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_int_equal(f->emits, 0);
	assert_has(feeds_status(f, "land").error, "gzip data ends after");
	/* The whole one comes under the same tag, so nothing of it was remembered. */
	f->client->reply.body = buf_all(&gz);
	feeds_poll(f, "land");
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->nstored, 4);
	buf_release(&gz);
}

static void a_bomb_is_refused(void **state)
{
	struct feeds *f = *state;
	struct buf plain, gz;

	buf_init(&plain, 32 << 20);
	memset(buf_room(&plain, 20 << 20), 'a', 20 << 20);
	buf_added(&plain, 20 << 20);
	buf_init(&gz, 1 << 20);
	assert_ok(deflate_body(buf_all(&plain), &gz, &f->e), &f->e);
	f->client->reply =
		(struct fake_reply){ .status = 200, .body = buf_all(&gz), .encoding = "gzip" };
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_int_equal(f->emits, 0);
	assert_int_equal(feeds_status(f, "land").health, FEED_FAILING);
	assert_has(feeds_status(f, "land").error, "gzip");
	buf_release(&plain);
	buf_release(&gz);
}

/* --- the store says no --------------------------------------------------------------- */

static void a_full_store_loses_nothing(void **state)
{
	struct feeds *f = *state;

	f->client->reply.etag = "\"v1\"";
	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_FULL, "the disk is full");
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error, "the disk is full");
	assert_int_equal(feeds_status(f, "land").kept_total, 0);
	feeds_tick(f, 600000);
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->emits, 2);
	f->mood = STORE_GOOD;
	feeds_tick(f, 1200000);
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->nstored, 4);
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
	feeds_tick(f, 600000);
	assert_string_equal(f->client->etag, "\"v1\"");
}

static void a_commit_that_fails_is_tried_again(void **state)
{
	struct feeds *f = *state;

	f->client->reply.etag = "\"v1\"";
	f->mood = STORE_FAILS;
	err_set(&f->mood_err, ERR_IO, "the commit failed");
	feeds_apply(f, land);
	feeds_poll(f, "land");
	assert_string_equal(feeds_status(f, "land").error, "the commit failed");
	f->mood = STORE_GOOD;
	feeds_tick(f, 600000);
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->nstored, 4);
}

/* --- scrapes ---------------------------------------------------------------------------- */

static void a_scrape_is_taken_each_time_with_its_own_samples(void **state)
{
	struct feeds *f = *state;

	reply(f, 200, "# TYPE a counter\na 1\nb{x=\"y\"} 2.5\n");
	f->client->reply.etag = "\"v1\"";
	feeds_apply(f, node);
	feeds_poll(f, "node");
	assert_int_equal(f->nstored, 7);
	assert_f64(sample(f, "a{instance=\"10.0.0.1:9100\",job=\"node\"} @1795406400000"), 1);
	assert_f64(sample(f, "up{instance=\"10.0.0.1:9100\",job=\"node\"}"), 1);
	assert_f64(sample(f, "scrape_duration_seconds{"), 0.25);
	assert_f64(sample(f, "scrape_samples_scraped{"), 2);
	/* The same text is new samples: it is neither skipped nor asked for conditionally. */
	feeds_tick(f, 15000);
	assert_string_equal(f->client->etag, "");
	assert_int_equal(f->nstored, 14);
	assert_f64(sample(f, "a{instance=\"10.0.0.1:9100\",job=\"node\"} @1795406415000"), 1);
}

static void a_scrape_that_fails_says_so_in_up(void **state)
{
	struct feeds *f = *state;

	reply_err(f, ERR_NET, "connection refused");
	feeds_apply(f, node);
	feeds_poll(f, "node");
	assert_int_equal(f->nstored, 5);
	assert_f64(sample(f, "up{instance=\"10.0.0.1:9100\",job=\"node\"} @1795406400000"), 0);
	assert_f64(sample(f, "scrape_samples_scraped{"), 0);
	assert_string_equal(feeds_status(f, "node").error, "connection refused");
	assert_int_equal(feeds_status(f, "node").failures, 1);
	reply(f, 500, "");
	feeds_poll(f, "node");
	assert_int_equal(f->nstored, 10);
	/* A store that does not take even this changes nothing about the failure. */
	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_BUSY, "busy");
	feeds_poll(f, "node");
	assert_string_equal(feeds_status(f, "node").error, "the server answered HTTP status 500");
	assert_int_equal(feeds_status(f, "node").failures, 3);
}

/* --- reload and close ----------------------------------------------------------------------- */

static void an_unchanged_feed_goes_on_through_a_reload(void **state)
{
	struct feeds *f = *state;
	char yaml[2048];

	feeds_apply(f, land);
	feeds_poll(f, "land");
	snprintf(yaml, sizeof(yaml), "%s%s", node, land);
	feeds_apply(f, yaml);
	assert_int_equal(collector_feeds(f->c), 2);
	assert_int_equal(feeds_status(f, "land").health, FEED_OK);
	assert_int_equal(feeds_status(f, "node").health, FEED_NEW);
	snprintf(yaml, sizeof(yaml), "%s  redirects: 1\n", land);
	feeds_apply(f, yaml);
	assert_int_equal(collector_feeds(f->c), 1);
	assert_int_equal(feeds_status(f, "land").health, FEED_NEW);
}

static void a_feed_removed_while_it_is_fetched_ends_after_the_attempt(void **state)
{
	struct feeds *f = *state;

	f->client->reply.hold = true;
	feeds_apply(f, land);
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	assert_string_equal(feeds_status(f, "land").state, "fetching");
	feeds_apply(f, "[]");
	assert_int_equal(collector_feeds(f->c), 0);
	assert_int_equal(f->c->nleaving, 1);
	fake_release(f->client);
	feeds_idle(f);
	assert_int_equal(f->nstored, 4);
	assert_f64(feeds_counter(C_ROWS_KEPT, "land"), 0); /* forgotten with the feed */
	feeds_tick(f, 3600000);
	assert_int_equal(f->client->asked, 1);
}

static void a_changed_feed_waits_for_the_attempt_of_the_old_one(void **state)
{
	struct feeds *f = *state;
	char yaml[1024];

	f->client->reply.hold = true;
	feeds_apply(f, land);
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	snprintf(yaml, sizeof(yaml), "%s  redirects: 1\n", land);
	feeds_apply(f, yaml);
	loop_advance(f->loop, 20000);
	assert_int_equal(f->client->asked, 1);
	fake_release(f->client);
	feeds_idle(f);
	feeds_tick(f, 2000);
	assert_int_equal(f->client->asked, 2);
	assert_int_equal(f->nstored, 8);
}

static void a_new_list_that_is_wrong_changes_nothing(void **state)
{
	struct feeds *f = *state;
	struct feed_config twice[2];

	feeds_apply(f, land);
	twice[0] = twice[1] = f->c->feeds[0]->config;
	assert_fails(collector_apply(f->c, twice, 2, &f->e), &f->e, ERR_EXISTS,
		     "the feeds stay as they were: feed land is there twice");
	assert_int_equal(collector_feeds(f->c), 1);
	feeds_poll(f, "land");
	assert_int_equal(f->nstored, 4);
}

static void a_list_without_memory_changes_nothing(void **state)
{
	struct feeds *f = *state;
	struct feed_config now;
	struct starve s = { .one_only = true };

	feeds_apply(f, land);
	now = f->c->feeds[0]->config;
	now.redirects = 3;
	while (starve_again(&s)) {
		int rc;

		starve_begin(&s);
		rc = collector_apply(f->c, &now, 1, &f->e);
		starve_end(&s, rc == 0, &f->e);
		assert_int_equal(collector_feeds(f->c), 1);
		assert_int_equal(f->c->feeds[0]->config.redirects, rc == 0 ? 3 : 0);
	}
	assert_true(s.failed > 3);
}

static void closing_ends_a_fetch(void **state)
{
	struct feeds *f = *state;

	f->client->reply.hold = true;
	feeds_apply(f, land);
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	feeds_shut(f);
	assert_false(f->closed);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->emits, 0);
}

static void closing_while_decoding_stores_nothing(void **state)
{
	struct feeds *f = *state;

	f->client->reply.hold = true;
	feeds_apply(f, land);
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	/* The answer itself, without turning the loop further: the decode job has begun. */
	f->client->pending[0].posted = true;
	fake_answer(&f->client->pending[0].post);
	assert_string_equal(feeds_status(f, "land").state, "decoding");
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->emits, 0);
}

static void closing_while_storing_waits_for_the_store(void **state)
{
	struct feeds *f = *state;

	f->mood = STORE_SLOW;
	feeds_apply(f, land);
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	for (int i = 0; i < 1000 && !f->waiting; i++)
		loop_settle(f->loop, NULL, NULL, 100);
	assert_non_null(f->waiting);
	assert_string_equal(feeds_status(f, "land").state, "storing");
	feeds_shut(f);
	assert_false(f->closed);
	feeds_answer(f->waiting, NULL);
	assert_true(f->closed);
}

static void an_idle_collector_closes_at_once(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, land);
	feeds_poll(f, "land");
	feeds_shut(f);
	assert_true(f->closed);
}

static void a_feed_nobody_knows_cannot_be_polled(void **state)
{
	struct feeds *f = *state;

	assert_fails(collector_poll(f->c, "nix", &f->e), &f->e, ERR_NOT_FOUND,
		     "no feed is called 'nix'");
}

static void a_clock_set_back_does_not_silence_a_feed(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, land);
	feeds_poll(f, "land");
	clock_set_wall(&f->clock, NOW_MS - 30 * 86400000LL);
	feeds_tick(f, 700000);
	assert_int_equal(f->client->asked, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_attempt_comes_within_seconds),
		T(limits_and_headers_go_with_the_request),
		T(an_equal_body_is_not_decoded_again),
		T(a_new_catalogue_reads_an_equal_body_again),
		T(a_304_is_a_success_and_asks_by_both_conditions),
		T(a_304_that_nobody_asked_for_is_a_failure),
		T(a_changed_encoding_is_followed),
		T(a_release_on_a_working_day_is_awaited),
		T(a_period_that_had_not_ended_is_looked_at_again_tomorrow),
		T(failures_back_off_and_are_logged_once),
		T(a_feed_that_timed_out_comes_back),
		T(retry_after_is_waited_for),
		T(html_is_refused_and_not_asked_for_again_in_full),
		T(good_rows_are_kept_and_bad_ones_counted),
		T(the_last_document_and_the_last_attempts_are_remembered),
		T(a_document_of_which_nothing_is_kept_is_refused),
		T(a_truncated_gzip_stores_nothing),
		T(a_bomb_is_refused),
		T(a_full_store_loses_nothing),
		T(a_commit_that_fails_is_tried_again),
		T(a_scrape_is_taken_each_time_with_its_own_samples),
		T(a_scrape_that_fails_says_so_in_up),
		T(an_unchanged_feed_goes_on_through_a_reload),
		T(a_feed_removed_while_it_is_fetched_ends_after_the_attempt),
		T(a_changed_feed_waits_for_the_attempt_of_the_old_one),
		T(a_new_list_that_is_wrong_changes_nothing),
		T(a_list_without_memory_changes_nothing),
		T(closing_ends_a_fetch),
		T(closing_while_decoding_stores_nothing),
		T(closing_while_storing_waits_for_the_store),
		T(an_idle_collector_closes_at_once),
		T(a_feed_nobody_knows_cannot_be_polled),
		T(a_clock_set_back_does_not_silence_a_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
