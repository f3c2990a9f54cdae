/* test_remote_intake.c - how many series those who push samples may bring, over a real store. */
#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/remote_write.h"
#include "base/snappy.h"
#include "daemon/remote_intake.h"
#include "tests/unit/collectors/documents.h"

#include <stdlib.h>
#include <unistd.h>

enum { DAY_MS = 86400000 };

struct fixture {
	struct documents *docs;
	char *dir;
	struct store *store;
	struct remote_intake in;
	struct config *config;
	int64_t now_ms;
	int log[2];
	const char *user, *address; /* of the sender */
	struct err e;
	/* the last request */
	struct write_job job; /* first of what done() sees */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool answered;
};

static struct config *limited_to(struct fixture *f, const char *text)
{
	const char *path = tmp_path(f->dir, "parkwatch.yaml");
	struct arena a;
	struct diags d;
	struct config *c;

	arena_init(&a, 1 << 20);
	diags_init(&d, &a, 10);
	tmp_write(path, text, strlen(text));
	c = config_load(path, NULL, &d, &f->e);
	if (!c)
		fail_msg("%s", f->e.text);
	arena_release(&a);
	return c;
}

static void configure(struct fixture *f, const char *text)
{
	struct config *c = limited_to(f, text);

	remote_intake_configure(&f->in, c, f->docs->cat);
	config_unref(c);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct store_options o = { .map_bytes = 1 << 30, .classify = remote_intake_classify };

	assert_non_null(f);
	assert_int_equal(pipe(f->log), 0);
	log_set_fd(f->log[1]);
	f->docs = documents_open(NULL, "examples/provinces/catalogue.yaml");
	f->dir = tmp_make();
	f->now_ms = NOW_MS;
	f->user = "";
	f->address = "10.0.0.7";
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	remote_intake_init(&f->in);
	configure(f, "remote_write: {series_limit: 3}\n");
	o.dir = tmp_path(f->dir, "data");
	o.classify_ctx = &f->in;
	f->store = f->in.store = store_open(&o, &f->e);
	if (!f->store)
		fail_msg("%s", f->e.text);
	assert_ok(remote_intake_limit_series(&f->in, &f->e), &f->e);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	remote_intake_release(&f->in);
	log_set_fd(2);
	close(f->log[0]);
	close(f->log[1]);
	tmp_remove(f->dir);
	documents_close(f->docs);
	free(f);
	return 0;
}

static void on_done(struct write_job *job)
{
	struct fixture *f = (struct fixture *)(void *)((char *)job - offsetof(struct fixture, job));

	pthread_mutex_lock(&f->lock);
	f->answered = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* One sample of each of the series from..to-1; how many were kept. */
static uint64_t push(struct fixture *f, int from, int to)
{
	struct buf raw, body;

	buf_init(&raw, 1 << 20);
	buf_init(&body, 1 << 20);
	f->now_ms += 1000;
	for (int k = from; k < to; k++) {
		char id[16];
		struct rw_sample s = { f->now_ms, k };
		struct label l[] = { { slice_str(LABEL_NAME), slice_str("m") },
				     { slice_str("id"), slice_of(id, 0) } };

		l[1].value.n = (size_t)sprintf(id, "%d", k);
		rw_put_series(&raw, l, 2, &s, 1);
	}
	assert_ok(snappy_encode(buf_all(&raw), &body, &f->e), &f->e);
	f->answered = false;
	f->job = (struct write_job){ .body = buf_all(&body),
				     .received_ms = f->now_ms,
				     .origin = slice_str(f->address),
				     .user = slice_str(f->user),
				     .done = on_done };
	assert_ok(remote_intake_write(&f->in, &f->job, &f->e), &f->e);
	pthread_mutex_lock(&f->lock);
	while (!f->answered)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
	buf_release(&raw);
	buf_release(&body);
	return f->job.samples;
}

static void known_series_are_kept_and_new_ones_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(push(f, 0, 3), 3);
	assert_int_equal(f->job.err.code, ERR_NONE);
	assert_false(f->job.series_limit);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(push(f, 2, 10 * i), 1);
		assert_int_equal(f->job.refused, 10 * i - 3);
		assert_true(f->job.series_limit);
		assert_int_equal(f->job.err.code, ERR_LIMIT);
		assert_string_equal(
			f->job.err.text,
			"new series were refused: remote write has brought 3 different "
			"series since 2026-11-23T04:00:01.000Z, and may bring 3 in a day "
			"(series_limit)");
	}
	assert_int_equal(push(f, 50, 60), 0);
	assert_int_equal(f->job.err.code, ERR_LIMIT);
	assert_int_equal(push(f, 0, 3), 3);
	assert_int_equal(f->job.err.code, ERR_NONE);
	assert_f64(counter_get(C_WRITE_SERIES), 3);
}

static void the_next_day_others_may_come_beside_those_that_go_on(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(push(f, 0, 3), 3);
	for (int day = 1; day < 4; day++) {
		f->now_ms += DAY_MS;
		assert_int_equal(push(f, 0, 2), 2);
		assert_int_equal(push(f, 10 * day, 10 * day + 5), 1);
	}
	assert_int_equal(push(f, 0, 2), 2);
}

static void a_reload_asks_again_and_may_raise_the_limit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(push(f, 0, 5), 3);
	configure(f, "remote_write: {series_limit: 4}\n");
	assert_int_equal(push(f, 0, 3), 3);
	assert_int_equal(push(f, 0, 6), 4);
	configure(f, "remote_write: {series_limit: 0}\n");
	assert_int_equal(push(f, 0, 6), 6);
}

static void one_sender_leaves_room_for_the_others(void **state)
{
	struct fixture *f = *state;

	configure(f, "remote_write: {series_limit: 6, sender_series_limit: 3}\n");
	for (int i = 0; i < 3; i++)
		assert_int_equal(push(f, 0, 100), 3);
	assert_string_equal(f->job.err.text,
			    "new series were refused: remote write of 10.0.0.7 has brought 3 "
			    "different series since 2026-11-23T04:00:01.000Z, and may bring 3 in a "
			    "day (sender_series_limit)");
	/* A user is the same wherever he is. */
	f->user = "anna";
	assert_int_equal(push(f, 200, 202), 2);
	f->address = "10.0.0.8";
	assert_int_equal(push(f, 200, 210), 3);
	assert_has(f->job.err.text, "remote write of anna has brought 3 ");
	/* What all may bring is used up now, though not by this one. */
	f->user = "";
	assert_int_equal(push(f, 300, 310), 0);
	assert_has(f->job.err.text, "remote write has brought 6 ");
	/* What there is may be sent by anybody. */
	assert_int_equal(push(f, 0, 3), 3);
	assert_int_equal(push(f, 200, 203), 3);
	/* So nothing of it counts for 10.0.0.8. */
	configure(f, "remote_write: {series_limit: 9, sender_series_limit: 3}\n");
	assert_int_equal(push(f, 300, 310), 3);
	/* The next day each begins anew. */
	f->now_ms += DAY_MS;
	assert_int_equal(push(f, 310, 320), 3);
	assert_int_equal(push(f, 0, 3), 3);
	assert_int_equal(f->job.err.code, ERR_NONE);
}

static void what_is_refused_for_one_is_asked_again_for_another(void **state)
{
	struct fixture *f = *state;

	configure(f, "remote_write: {series_limit: 100, sender_series_limit: 3}\n");
	assert_int_equal(push(f, 0, 3), 3);
	/* Nobody brings them for two days, so they are new again, but the store has them. */
	f->now_ms += DAY_MS;
	assert_int_equal(push(f, 10, 13), 3);
	f->now_ms += DAY_MS;
	assert_int_equal(push(f, 20, 23), 3);
	assert_int_equal(push(f, 0, 3), 0);
	f->address = "10.0.0.8";
	assert_int_equal(push(f, 0, 3), 3);
	f->address = "10.0.0.7";
	assert_int_equal(push(f, 0, 3), 3);
}

static void without_a_limit_for_all_what_is_known_counts_for_nobody_either(void **state)
{
	struct fixture *f = *state;

	configure(f, "remote_write: {series_limit: 0, sender_series_limit: 3}\n");
	assert_int_equal(push(f, 0, 10), 3);
	f->now_ms += DAY_MS;
	/* The other one takes over, beside what it has itself. */
	f->address = "10.0.0.8";
	assert_int_equal(push(f, 10, 20), 3);
	assert_int_equal(push(f, 0, 3), 3);
}

static void the_log_says_it_once_with_the_sender(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	ssize_t n;

	for (int i = 0; i < 5; i++)
		push(f, 10 * i, 10 * i + 10);
	log_event(LOG_INFO, "end of log", log_i("n", 0)); /* so that read() never waits */
	n = read(f->log[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_ptr_equal(strchr(strchr(text, '\n') + 1, '\n'), text + n - 1);
	assert_has(text, "msg=\"new series refused: too many were brought today\" "
			 "who=\"remote write\" address=10.0.0.7 series=3 series_limit=3");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(known_series_are_kept_and_new_ones_refused),
		T(the_next_day_others_may_come_beside_those_that_go_on),
		T(a_reload_asks_again_and_may_raise_the_limit),
		T(one_sender_leaves_room_for_the_others),
		T(what_is_refused_for_one_is_asked_again_for_another),
		T(without_a_limit_for_all_what_is_known_counts_for_nobody_either),
		T(the_log_says_it_once_with_the_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
