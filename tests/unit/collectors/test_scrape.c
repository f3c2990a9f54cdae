/*
 * Feeds of samples from scrape to scrape: what ends and how that is said, what a feed's rules and
 * options make of its samples, and what is remembered.
 */
#include "base/num.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/fake_client.h"
#include "tests/unit/collectors/feeds.h"

#include <pthread.h>

#define FEED(options)                                                                              \
	"- {name: node, url: 'http://h:9100/metrics', format: prometheus, every: 15s, jitter: "    \
	"0" options "}\n"
#define OWN "instance=\"h:9100\",job=\"node\""

static int setup(void **state)
{
	*state = feeds_open(true);
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

/* A scrape that brings this page; only its samples are there afterwards. */
static void scrape(struct feeds *f, const char *page)
{
	f->client->reply = (struct fake_reply){ .status = page ? 200 : 500,
						.body = slice_str(page ? page : "") };
	f->nstored = 0;
	loop_advance(f->loop, 1000);
	feeds_poll(f, "node");
}

static const struct stored *find(const struct feeds *f, const char *series)
{
	size_t n = strlen(series);

	for (size_t i = 0; i < f->nstored; i++)
		if (!strncmp(f->stored[i].text, series, n) &&
		    !strncmp(f->stored[i].text + n, " @", 2))
			return &f->stored[i];
	return NULL;
}

static void assert_value(const struct feeds *f, const char *series, double v)
{
	const struct stored *s = find(f, series);

	if (!s)
		fail_msg("no sample of %s", series);
	assert_f64(s->value, v);
}

static void assert_ended(const struct feeds *f, const char *series)
{
	size_t n = strlen(series);

	for (size_t i = 0; i < f->nstored; i++)
		if (!strncmp(f->stored[i].text, series, n) && is_stale_mark(f->stored[i].value))
			return;
	fail_msg("%s has not ended", series);
}

static size_t ended(const struct feeds *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->nstored; i++)
		n += is_stale_mark(f->stored[i].value);
	return n;
}

/* --- its turn ----------------------------------------------------------------------------- */

enum { BLOCKERS = 258 }; /* two that work, and as many as may wait */

struct blocker {
	struct job job; /* first */
	atomic_bool *open;
};

static void block(struct job *j)
{
	while (!atomic_load(((struct blocker *)j)->open))
		usleep(500);
}

static void unblocked(struct job *j, enum job_end how)
{
	(void)j;
	(void)how;
}

static void *open_soon(void *open)
{
	usleep(50000);
	atomic_store((atomic_bool *)open, true);
	return NULL;
}

static void a_page_waits_for_its_turn_however_many_are_before_it(void **state)
{
	struct feeds *f = *state;
	struct blocker *b = calloc(BLOCKERS, sizeof(*b));
	atomic_bool open = false;
	pthread_t t;

	assert_non_null(b);
	feeds_apply(f, FEED(""));
	for (int i = 0; i < BLOCKERS; i++) {
		b[i] = (struct blocker){ { .work = block, .done = unblocked }, &open };
		if (i == 2)
			loop_settle(f->loop, NULL, NULL, 20); /* the workers have theirs */
		job_start(f->loop, &b[i].job, JOB_DECODE, &f->e);
	}
	assert_int_equal(pthread_create(&t, NULL, open_soon, &open), 0);
	scrape(f, "a 1\n");
	pthread_join(t, NULL);
	assert_value(f, "a{" OWN "}", 1);
	assert_value(f, "up{" OWN "}", 1);
	assert_true(loop_settle(f->loop, NULL, NULL, FEEDS_PATIENCE_MS));
	assert_int_equal(f->c->waiting_bytes, 0);
	free(b);
}

static void what_waits_has_a_limit(void **state)
{
	struct feeds *f = *state;
	char text[4096];
	ssize_t n;

	feeds_apply(f, FEED(""));
	f->c->waiting_bytes = 256 << 20;
	scrape(f, "a 1\n");
	assert_null(find(f, "a{" OWN "}"));
	n = read(f->log[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_has(text, "err=\"268435456 bytes of other documents are waiting already\"");
	f->c->waiting_bytes = 0;
	scrape(f, "a 1\n");
	assert_value(f, "a{" OWN "}", 1);
}

/* --- what ends ---------------------------------------------------------------------------- */

static void a_series_that_is_missing_gets_one_mark(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\nb{x=\"1\"} 2\nb{x=\"2\"} 3\n");
	assert_int_equal(ended(f), 0);
	assert_value(f, "scrape_series_added{" OWN "}", 3);
	scrape(f, "a 1\nb{x=\"2\"} 3\nc 4\n");
	assert_int_equal(ended(f), 1);
	assert_ended(f, "b{" OWN ",x=\"1\"}");
	assert_value(f, "scrape_series_added{" OWN "}", 1);
	scrape(f, "a 1\nb{x=\"2\"} 3\nc 4\n");
	assert_int_equal(ended(f), 0);
	assert_value(f, "scrape_series_added{" OWN "}", 0);
	scrape(f, "a 1\nb{x=\"1\"} 5\nb{x=\"2\"} 3\nc 4\n");
	assert_int_equal(ended(f), 0);
	assert_value(f, "b{" OWN ",x=\"1\"}", 5);
	assert_value(f, "scrape_series_added{" OWN "}", 1);
}

static void the_same_labels_in_another_order_are_the_same_series(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "b{x=\"1\",y=\"2\"} 2\n");
	scrape(f, "b{y=\"2\",x=\"1\"} 3\n");
	assert_int_equal(ended(f), 0);
	assert_value(f, "b{" OWN ",x=\"1\",y=\"2\"}", 3);
}

static void a_scrape_that_fails_ends_all(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\nb 2\n");
	scrape(f, NULL);
	assert_int_equal(ended(f), 2);
	assert_ended(f, "a{" OWN "}");
	assert_value(f, "up{" OWN "}", 0);
	scrape(f, NULL);
	assert_int_equal(ended(f), 0);
	scrape(f, "a 1\nb 2\n");
	assert_value(f, "up{" OWN "}", 1);
	/* As in Prometheus: they were known. */
	assert_value(f, "scrape_series_added{" OWN "}", 0);
	/* A page that breaks off is no scrape: nothing of it is kept. */
	scrape(f, "a 1\nc 2\n# EOF\n");
	assert_ended(f, "b{" OWN "}");
	f->client->reply.content_type = "application/openmetrics-text";
	f->client->reply.body = slice_str("a 7\nc 2\n");
	f->nstored = 0;
	loop_advance(f->loop, 1000);
	feeds_poll(f, "node");
	assert_int_equal(ended(f), 2);
	assert_ended(f, "a{" OWN "}");
	assert_ended(f, "c{" OWN "}");
	assert_value(f, "up{" OWN "}", 0);
	assert_int_equal(f->nstored, 7);
}

static void stamped_samples_end_only_when_that_is_wanted(void **state)
{
	static const char page[] = "a 1 1795406399000\nb 2\n";
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, page);
	scrape(f, "b 2\n");
	assert_int_equal(ended(f), 0);
	/* A series that begins to be stamped is no longer watched. */
	scrape(f, "b 2 1795406399000\n");
	assert_ended(f, "b{" OWN "}");
	feeds_apply(f, FEED(", track_timestamps_staleness: true"));
	scrape(f, page);
	scrape(f, "b 2\n");
	assert_ended(f, "a{" OWN "}");
}

static void a_mark_that_is_not_stored_comes_again(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\nb 2\n");
	f->mood = STORE_FAILS;
	err_set(&f->mood_err, ERR_IO, "the commit failed");
	scrape(f, "a 1\n");
	assert_int_equal(f->nstored, 0);
	f->mood = STORE_GOOD;
	scrape(f, "a 1\n");
	assert_int_equal(ended(f), 1);
	assert_ended(f, "b{" OWN "}");
}

static void an_answer_may_come_before_the_job_has_ended(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	f->answer_first = true;
	scrape(f, "a 1\nb 2\n");
	scrape(f, "a 1\n");
	assert_int_equal(f->samples_asked, 2);
	assert_true(f->told);
	assert_ended(f, "b{" OWN "}");
	assert_value(f, "a{" OWN "}", 1);
	f->mood = STORE_FAILS;
	err_set(&f->mood_err, ERR_IO, "the commit failed");
	f->answer_first = false;
	scrape(f, "a 1\n");
	assert_string_equal(feeds_status(f, "node").error, "the commit failed");
}

static void where_there_is_no_room_the_loop_hands_a_scrape_over(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	f->samples_busy = true;
	scrape(f, "a 1\nb 2\n");
	assert_int_equal(f->samples_asked, 1);
	assert_int_equal(f->emits, 1);
	assert_value(f, "b{" OWN "}", 2);
	assert_int_equal(feeds_status(f, "node").document->kept, 2);
	scrape(f, "a 1\n");
	assert_ended(f, "b{" OWN "}");
	/* No room there, either. */
	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_BUSY, "the queue is full");
	scrape(f, "a 1\nb 3\n");
	assert_string_equal(feeds_status(f, "node").error, "the queue is full");
}

static void a_store_that_cannot_take_a_scrape_is_not_asked_twice(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_FULL, "no space left on the disk");
	scrape(f, "a 1\n");
	assert_int_equal(f->samples_asked, 1);
	assert_int_equal(f->emits, 1);
	assert_string_equal(feeds_status(f, "node").error, "no space left on the disk");
	f->mood = STORE_GOOD;
	scrape(f, "a 1\n");
	assert_value(f, "a{" OWN "}", 1);
	assert_value(f, "up{" OWN "}", 1);
}

static void closing_waits_for_the_answer_to_a_scrape(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	f->mood = STORE_SLOW;
	f->client->reply = (struct fake_reply){ .status = 200, .body = slice_str("a 1\n") };
	loop_advance(f->loop, 16000);
	for (int i = 0; i < FEEDS_PATIENCE_MS && !f->waiting; i++) {
		loop_settle(f->loop, feeds_is_closed, &f->closed, 1);
	}
	assert_non_null(f->waiting);
	feeds_shut(f);
	loop_settle(f->loop, feeds_is_closed, &f->closed, 20);
	assert_false(f->closed);
	feeds_answer(f->waiting, NULL);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
}

static void a_feed_that_is_removed_ends_all_it_had(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\nb 2\n");
	f->nstored = 0;
	feeds_apply(f, "[]\n");
	feeds_idle(f);
	assert_int_equal(f->nstored, 7);
	assert_int_equal(ended(f), 7);
	assert_ended(f, "a{" OWN "}");
	assert_ended(f, "up{" OWN "}");
	assert_int_equal(collector_feeds(f->c), 0);
}

static void a_feed_that_has_ended_is_not_ended_again_when_it_is_removed(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\n");
	scrape(f, NULL);
	f->nstored = 0;
	feeds_apply(f, "[]\n");
	feeds_idle(f);
	assert_int_equal(f->nstored, 5);
	assert_int_equal(ended(f), 5); /* up and the like */
}

static void a_feed_that_is_changed_ends_what_the_new_one_does_not_have(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\nb 2\n");
	feeds_apply(f, FEED(", metric_relabel_configs: [{source_labels: [__name__], regex: b, "
			    "action: drop}]"));
	scrape(f, "a 1\nb 2\n");
	assert_int_equal(ended(f), 1);
	assert_ended(f, "b{" OWN "}");
	assert_value(f, "scrape_samples_scraped{" OWN "}", 2);
	assert_value(f, "scrape_samples_post_metric_relabeling{" OWN "}", 1);
}

static void closing_ends_nothing(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\n");
	f->nstored = 0;
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->nstored, 0);
}

/* --- options --------------------------------------------------------------------------------- */

static void labels_are_honored_when_that_is_wanted(void **state)
{
	static const char page[] = "a{job=\"x\"} 1\nb{instance=\"\"} 2\n";
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, page);
	assert_value(f, "a{exported_job=\"x\"," OWN "}", 1);
	assert_value(f, "b{" OWN "}", 2);
	feeds_apply(f, FEED(", honor_labels: true"));
	scrape(f, page);
	assert_value(f, "a{instance=\"h:9100\",job=\"x\"}", 1);
	assert_value(f, "b{job=\"node\"}", 2);
	assert_ended(f, "b{" OWN "}");
}

/* Else a target could say that it was up while it was not. */
static void what_a_scrape_says_of_itself_is_not_taken_from_its_page(void **state)
{
	static const char page[] = "up 0 1795406399000\nup 0\na 1\nb 2\nup{x=\"1\"} 3\n"
				   "up{job=\"node\",instance=\"h:9100\"} 4\n"
				   "scrape_samples_scraped 99\n";
	struct feeds *f = *state;

	feeds_apply(f, FEED(", metric_relabel_configs: [{source_labels: [__name__], regex: b, "
			    "target_label: __name__, replacement: scrape_series_added}]"));
	for (int i = 0; i < 2; i++) {
		scrape(f, page);
		assert_int_equal(f->nstored, 3 + 5);
		assert_value(f, "up{" OWN "}", 1);
		assert_value(f, "up{" OWN ",x=\"1\"}", 3);
		assert_value(f, "up{exported_instance=\"h:9100\",exported_job=\"node\"," OWN "}",
			     4);
		assert_value(f, "scrape_samples_scraped{" OWN "}", 7);
		assert_value(f, "scrape_series_added{" OWN "}", i ? 0 : 3);
		assert_int_equal(feeds_status(f, "node").document->count[REFUSED_SCRAPE], 4);
	}
	feeds_apply(f, FEED(", honor_labels: true"));
	scrape(f, "up{job=\"node\",instance=\"h:9100\"} 0\nup{job=\"other\"} 0\na 1\n");
	assert_value(f, "up{" OWN "}", 1);
	assert_value(f, "up{instance=\"h:9100\",job=\"other\"}", 0);
	assert_int_equal(feeds_status(f, "node").document->count[REFUSED_SCRAPE], 1);
}

static void stamps_are_ignored_when_that_is_wanted(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(", honor_timestamps: false"));
	scrape(f, "a 1 5000\nb 2 9999999999999\n");
	assert_non_null(find(f, "a{" OWN "}"));
	assert_non_null(strstr(find(f, "a{" OWN "}")->text, "@17954064"));
	assert_non_null(find(f, "b{" OWN "}"));
	scrape(f, "b 2 5000\n");
	assert_ended(f, "a{" OWN "}");
}

static void too_many_samples_behind_the_rules_fail_the_scrape(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(", sample_limit: 2, metric_relabel_configs: [{source_labels: "
			    "[__name__], regex: 'go_.*', action: drop}]"));
	scrape(f, "go_a 1\ngo_b 1\na 1\nb 2\n");
	assert_value(f, "up{" OWN "}", 1);
	scrape(f, "a 1\nb 2\nc 3\n");
	assert_value(f, "up{" OWN "}", 0);
	assert_int_equal(ended(f), 2);
	assert_string_equal(feeds_status(f, "node").error,
			    "3 samples are left by the rules, more than the sample_limit of 2");
	assert_value(f, "scrape_samples_scraped{" OWN "}", 3);
	assert_value(f, "scrape_samples_post_metric_relabeling{" OWN "}", 3);
	assert_value(f, "scrape_series_added{" OWN "}", 0);
}

static void rules_see_job_and_instance_and_may_rewrite_the_name(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(", metric_relabel_configs: [{source_labels: [__name__, job], regex: "
			    "'(a);(.*)', target_label: __name__, replacement: '${1}_of_$2'}, "
			    "{regex: instance, action: labeldrop}]"));
	for (int i = 0; i < 2; i++) {
		scrape(f, "a 1\nb 2\n");
		assert_value(f, "a_of_node{job=\"node\"}", 1);
		assert_value(f, "b{job=\"node\"}", 2);
	}
	feeds_apply(f, FEED(", metric_relabel_configs: [{source_labels: [__name__], regex: b, "
			    "target_label: __name__, replacement: park_output_yuan}, "
			    "{source_labels: [__name__], regex: c, target_label: __name__, "
			    "replacement: ''}]"));
	scrape(f, "a 1\nb 2\nb{x=\"1\"} 2\nc 3\n");
	assert_int_equal(feeds_status(f, "node").document->kept, 1);
	assert_int_equal(feeds_status(f, "node").document->refused, 3);
	assert_int_equal(feeds_status(f, "node").ncomplaints, 2);
	assert_string_equal(feeds_status(f, "node").complaints[1].text,
			    "the rules leave no metric name");
}

/* --- how many there may be -------------------------------------------------------------------- */

/* A page with one series that stays and two that are new each time. */
static void scrape_new(struct feeds *f, int i)
{
	char page[96];

	snprintf(page, sizeof(page), "a 1\nb{id=\"%d\"} 2\nb{id=\"%d\"} 3\n", 2 * i, 2 * i + 1);
	scrape(f, page);
}

static void a_feed_whose_labels_change_brings_no_more_than_its_limit(void **state)
{
	const double before = counter_get_for(C_ROWS_REFUSED, slice_str("series_limit"));
	struct feeds *f = *state;

	feeds_apply(f, FEED(", series_limit: 4"));
	scrape_new(f, 0);
	assert_int_equal(feeds_status(f, "node").document->refused, 0);
	scrape_new(f, 1);
	assert_int_equal(feeds_status(f, "node").document->kept, 2);
	assert_int_equal(feeds_status(f, "node").document->count[REFUSED_SERIES], 1);
	for (int i = 2; i < 10; i++) {
		scrape_new(f, i);
		assert_value(f, "a{" OWN "}", 1);
		assert_value(f, "up{" OWN "}", 1);
		assert_value(f, "scrape_series_added{" OWN "}", 0);
		assert_int_equal(feeds_status(f, "node").document->kept, 1);
		assert_int_equal(feeds_status(f, "node").ncomplaints, 1);
	}
	assert_string_equal(feeds_status(f, "node").complaints[0].text,
			    "the series is new; feed node has brought 4 different series since "
			    "2026-11-23T04:00:01.000Z, and may bring 4 in a day (series_limit)");
	assert_int_equal(feeds_status(f, "node").complaints[0].line, 2);
	assert_int_equal(feeds_status(f, "node").series, 4);
	assert_int_equal(feeds_status(f, "node").series_limit, 4);
	assert_f64(counter_get_for(C_FEED_SERIES, slice_str("node")), 4);
	assert_f64(counter_get_for(C_ROWS_REFUSED, slice_str("series_limit")) - before, 17);
}

static void a_series_that_comes_back_is_not_new(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(", series_limit: 3"));
	scrape(f, "a 1\nb 2\nc 3\n");
	scrape(f, "a 1\n");
	scrape(f, "a 1\nd 2\nc 3\n");
	assert_int_equal(feeds_status(f, "node").document->refused, 1);
	assert_value(f, "c{" OWN "}", 3);
	scrape(f, "a 1\nb 2\nd 4\n");
	assert_value(f, "b{" OWN "}", 2);
	assert_ended(f, "c{" OWN "}");
}

static void a_day_later_a_feed_may_bring_others_beside_those_that_go_on(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, "- {name: node, url: 'http://h:9100/metrics', format: prometheus, "
		       "every: 12h, series_limit: 3}\n");
	scrape(f, "a 1\nb 2\nc 3\nd 4\n");
	assert_int_equal(feeds_status(f, "node").document->refused, 1);
	loop_advance(f->loop, 86400000);
	feeds_idle(f);
	scrape(f, "b 2\na 1\nd 4\n");
	assert_int_equal(feeds_status(f, "node").document->refused, 1);
	assert_int_equal(feeds_status(f, "node").series, 3);
	loop_advance(f->loop, 86400000);
	scrape(f, "e 5\na 1\nb 2\n");
	assert_int_equal(feeds_status(f, "node").document->refused, 0);
	assert_int_equal(feeds_status(f, "node").series, 3);
}

static void a_reload_does_not_begin_to_count_anew(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(", series_limit: 3"));
	scrape_new(f, 0);
	feeds_apply(f, FEED(", series_limit: 4"));
	scrape_new(f, 1);
	assert_int_equal(feeds_status(f, "node").document->refused, 1);
	assert_int_equal(feeds_status(f, "node").series, 4);
	feeds_apply(f, FEED(", series_limit: 0"));
	scrape_new(f, 2);
	assert_int_equal(feeds_status(f, "node").document->refused, 0);
}

static void the_log_says_once_that_new_series_are_refused(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(", series_limit: 1"));
	for (int i = 0; i < 5; i++)
		scrape_new(f, i);
	assert_int_equal(feeds_logged(f, "level=warn"), 1);
	for (int i = 5; i < 10; i++)
		scrape_new(f, i);
	assert_int_equal(feeds_logged(f, "level=warn"), 0);
}

/* --- what is remembered ---------------------------------------------------------------------- */

static void texts_that_do_not_come_again_are_forgotten(void **state)
{
	struct feeds *f = *state;
	char page[64];
	size_t texts, series;

	feeds_apply(f, FEED(""));
	for (int i = 0; i < 50; i++) {
		snprintf(page, sizeof(page), "a 1\nb{x=\"%d\"} 2\n", i);
		scrape(f, page);
		assert_int_equal(ended(f), i > 0);
	}
	scrape_cache_count(f->c->feeds[0]->cache, &texts, &series);
	assert_in_range(texts, 2, 3);
	assert_in_range(series, 7, 8);
}

static void a_name_is_not_taken_for_a_longer_one(void **state)
{
	struct feeds *f = *state;

	feeds_apply(f, FEED(""));
	scrape(f, "a 1\nb 2\n");
	scrape(f, "ab 3\na {x=\"1\"} 4\na\t{x=\"2\"} 5\na  6\nb\n");
	assert_value(f, "ab{" OWN "}", 3);
	assert_value(f, "a{" OWN ",x=\"1\"}", 4);
	assert_value(f, "a{" OWN ",x=\"2\"}", 5);
	assert_value(f, "a{" OWN "}", 6);
	assert_ended(f, "b{" OWN "}");
	assert_int_equal(feeds_status(f, "node").document->refused, 1);
}

/* Pages of which lines come, go, change places and are there twice, with and without a memory. */
static void a_known_page_is_read_as_a_new_one(void **state)
{
	static const char *const lines[] = {
		"a",         "ab",          "b{x=\"1\"}",    "b{x=\"}\"}",
		"{\"c.d\"}", "c {y=\"2\"}", "b{x=\"\\\"\"}", "a{}",
	};
	enum { LINES = sizeof(lines) / sizeof(lines[0]) };
	struct feeds *f = *state;
	struct err e;
	struct scrape scrape = { .cache = scrape_cache_new(&e) };
	struct document d = { .format = FORMAT_PROMETHEUS, .feed = "node", .instance = "h:9100" };
	uint64_t seed = 1;

	assert_non_null(scrape.cache);
	for (int round = 0; round < 300; round++) {
		struct batch *known = batch_new(1 << 20, &e), *fresh = batch_new(1 << 20, &e);
		char page[1024], *to = page;

		for (int i = 0; i < 12; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			to += sprintf(
				to, "%s %d\n",
				lines[(seed >> 33) % 4 ? (size_t)i % LINES : (seed >> 40) % LINES],
				i);
		}
		d.now_ms = round;
		d.body = slice_str(page);
		d.scrape = &scrape;
		assert_ok(document_decode(&d, f->docs->cat, &f->docs->history, known, &e), &e);
		if (round % 7)
			scrape_cache_stored(scrape.cache);
		d.scrape = NULL;
		assert_ok(document_decode(&d, f->docs->cat, &f->docs->history, fresh, &e), &e);
		assert_int_equal(known->nsamples, 12);
		assert_int_equal(fresh->nsamples, 12);
		for (size_t i = 0; i < 12; i++) {
			assert_ptr_equal(known->samples[i].labels, fresh->samples[i].labels);
			assert_f64(known->samples[i].value, fresh->samples[i].value);
		}
		batch_free(known);
		batch_free(fresh);
	}
	scrape_cache_free(scrape.cache);
}

static void without_memory_a_scrape_fails_and_leaks_nothing(void **state)
{
	static const char *const pages[] = { "a 1\nb{x=\"1\"} 2\nc 3\n", "a 1\nd 4\n" };
	struct feeds *f = *state;
	struct document d = { .format = FORMAT_PROMETHEUS, .feed = "node", .instance = "h:9100" };
	struct scrape_report report = { .job = "node", .instance = "h:9100", .up = true };
	struct starve s = { .one_only = true };

	while (starve_again(&s)) {
		struct err e = { 0 };
		struct scrape scrape = { 0 };
		int rc;

		starve_begin(&s);
		scrape.cache = scrape_cache_new(&e);
		d.scrape = &scrape;
		rc = scrape.cache ? 0 : -1;
		for (int i = 0; i < 2 && rc == 0; i++) {
			struct batch *b = batch_new(1 << 20, &e);

			d.body = slice_str(pages[i]);
			rc = b ? document_decode(&d, f->docs->cat, &f->docs->history, b, &e) : -1;
			if (rc == 0)
				rc = scrape_report(&scrape, &report, b, &e);
			if (rc == 0)
				scrape_cache_stored(scrape.cache);
			batch_free(b);
		}
		starve_end(&s, rc == 0, &e);
		scrape_cache_free(scrape.cache);
	}
	assert_true(s.failed > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_page_waits_for_its_turn_however_many_are_before_it),
		T(what_waits_has_a_limit),
		T(a_series_that_is_missing_gets_one_mark),
		T(the_same_labels_in_another_order_are_the_same_series),
		T(a_scrape_that_fails_ends_all),
		T(stamped_samples_end_only_when_that_is_wanted),
		T(a_mark_that_is_not_stored_comes_again),
		T(an_answer_may_come_before_the_job_has_ended),
		T(where_there_is_no_room_the_loop_hands_a_scrape_over),
		T(a_store_that_cannot_take_a_scrape_is_not_asked_twice),
		T(closing_waits_for_the_answer_to_a_scrape),
		T(a_feed_that_is_removed_ends_all_it_had),
		T(a_feed_that_has_ended_is_not_ended_again_when_it_is_removed),
		T(a_feed_that_is_changed_ends_what_the_new_one_does_not_have),
		T(closing_ends_nothing),
		T(labels_are_honored_when_that_is_wanted),
		T(what_a_scrape_says_of_itself_is_not_taken_from_its_page),
		T(stamps_are_ignored_when_that_is_wanted),
		T(too_many_samples_behind_the_rules_fail_the_scrape),
		T(rules_see_job_and_instance_and_may_rewrite_the_name),
		T(a_feed_whose_labels_change_brings_no_more_than_its_limit),
		T(a_series_that_comes_back_is_not_new),
		T(a_day_later_a_feed_may_bring_others_beside_those_that_go_on),
		T(a_reload_does_not_begin_to_count_anew),
		T(the_log_says_once_that_new_series_are_refused),
		T(texts_that_do_not_come_again_are_forgotten),
		T(a_name_is_not_taken_for_a_longer_one),
		T(a_known_page_is_read_as_a_new_one),
		T(without_memory_a_scrape_fails_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
