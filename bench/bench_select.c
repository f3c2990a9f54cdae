/*
 * bench_select.c - selecting among a million series: queries, series and values of labels as the
 * HTTP API answers them (without sockets), while the samples lie in memory and once they are
 *packed.
 *
 * Series `i` has job i / 1000 and instance i % 10000, so a job is 1,000 series and `instance` has
 * 10,000 values; two samples each. CPU of all threads.
 *
 *	bench_select [SERIES [RUNS]]
 */
#include "bench/bench.h"
#include "exporters/handlers.h"
#include "loop/http_server_private.h"
#include "query/query.h"

#include <pthread.h>

enum { BATCH = 10000, SAMPLES = 2, STEP_MS = 15000, METRICS = 10, JOB = 1000, INSTANCES = 10000 };

#define BEGIN_MS INT64_C(1767225600000)
#define END_MS   (BEGIN_MS + (SAMPLES - 1) * STEP_MS)

/* --- filling -------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static bool is_done;

static void on_done(struct append *a)
{
	(void)a;
	pthread_mutex_lock(&lock);
	is_done = true;
	pthread_cond_signal(&answered);
	pthread_mutex_unlock(&lock);
}

static struct labels *series(uint32_t i)
{
	char name[32], job[16], instance[24], rack[8];
	struct err e;

	snprintf(name, sizeof(name), "node_thing_%u_bytes", i % METRICS);
	snprintf(job, sizeof(job), "job-%u", i / JOB);
	snprintf(instance, sizeof(instance), "10.0.%u.%u:9100", i % INSTANCES / 100, i % 100);
	snprintf(rack, sizeof(rack), "%u", i * 2654435761u % 100);
	return must_have(labels_make(&e, name, "job", job, "instance", instance, "rack", rack,
				     "region", "eu-central-1", "team",
				     i % 3 ? "storage" : "network", "environment", "production",
				     NULL));
}

static void append_batch(struct store *s, uint32_t first, uint32_t n, int64_t t_ms)
{
	static struct plain_sample x[BATCH];
	struct append a = { .submission = { .received_ms = END_MS },
			    .samples = x,
			    .nsamples = n,
			    .done = on_done };
	struct err e;

	for (uint32_t i = 0; i < n; i++)
		x[i] = (struct plain_sample){ series(first + i), t_ms, first + i };
	is_done = false;
	must(store_append(s, &a, &e), &e);
	pthread_mutex_lock(&lock);
	while (!is_done)
		pthread_cond_wait(&answered, &lock);
	pthread_mutex_unlock(&lock);
	must(a.err.code ? -1 : 0, &a.err);
	for (uint32_t i = 0; i < n; i++)
		labels_unref((struct labels *)(uintptr_t)x[i].labels);
}

static struct store *fill(uint32_t n)
{
	struct store_options o = { .dir = folder_make(), .map_bytes = (size_t)4 << 30 };
	struct err e;
	struct store *s = store_open(&o, &e);

	must(s ? 0 : -1, &e);
	for (int64_t t = BEGIN_MS; t <= END_MS; t += STEP_MS)
		for (uint32_t i = 0; i < n; i += BATCH)
			append_batch(s, i, n - i < BATCH ? n - i : BATCH, t);
	return s;
}

/* --- asking ---------------------------------------------------------------------------------- */

static const struct calendar *no_calendar(void *ctx)
{
	(void)ctx;
	return NULL;
}

static void give_back(const struct calendar *c)
{
	(void)c;
}

static int64_t at_the_end(void *ctx)
{
	(void)ctx;
	return END_MS;
}

struct question {
	const char *name;
	void (*serve)(struct exchange *x);
	const char *path;
	const char *param, *value; /* the first; `time` or start and end go with it */
	bool timed;
};

static const struct question questions[] = {
	{ "query_count_all", serve_query, "", "query", "count({__name__=~\".+\"})", true },
	{ "query_1000", serve_query, "", "query", "{job=\"job-77\"}", true },
	{ "query_count_1000", serve_query, "", "query", "count({job=\"job-77\"})", true },
	{ "query_sum_by_of_1000", serve_query, "", "query", "sum by (rack) ({job=\"job-77\"})",
	  true },
	{ "query_1000_far_apart", serve_query, "", "query",
	  "count({rack=\"7\",instance=~\"10.0.7.*\"})", true },
	{ "query_pattern", serve_query, "", "query",
	  "count({instance=~\".*77:.*\",job=~\"job-7.\"})", true },
	{ "values_10000", serve_label_values, "/api/v1/label/instance/values", NULL, NULL, false },
	{ "values_10000_in_a_time", serve_label_values, "/api/v1/label/instance/values", NULL, NULL,
	  true },
	{ "values_of_1000_series", serve_label_values, "/api/v1/label/instance/values", "match[]",
	  "{job=\"job-77\"}", false },
	{ "series_1000", serve_series, "", "match[]", "{job=\"job-77\"}", false },
	{ "series_1000_in_a_time", serve_series, "", "match[]", "{job=\"job-77\"}", true },
};

/* Bytes of the answer. */
static size_t ask(const struct exporter_view *view, const struct question *q)
{
	char start[24], end[24];
	struct http_param params[3] = { { slice_str(q->param ? q->param : "unused"),
					  slice_str(q->value ? q->value : "") } };
	struct request r = { 0 };
	size_t bytes;

	snprintf(start, sizeof(start), "%.3f", (double)BEGIN_MS / 1000);
	snprintf(end, sizeof(end), "%.3f", (double)END_MS / 1000);
	params[1] = (struct http_param){ slice_str(q->serve == serve_query ? "time" : "end"),
					 slice_str(end) };
	params[2] = (struct http_param){ slice_str("start"), slice_str(start) };
	r.x.private = &r;
	r.x.ctx = (void *)(uintptr_t)view;
	r.x.status = 200;
	r.x.path = slice_str(q->path);
	r.x.params = params;
	r.x.nparams = q->timed ? 3 : 1;
	arena_init(&r.x.arena, 16 << 20);
	buf_init(&r.x.reply, 256 << 20);
	q->serve(&r.x);
	if (r.x.status != 200)
		die("%s: %.*s", q->name, (int)r.x.reply.n, r.x.reply.p);
	bytes = r.x.reply.n;
	arena_release(&r.x.arena);
	buf_release(&r.x.reply);
	return bytes;
}

static void measure(const struct exporter_view *view, const char *where, uint32_t n, size_t runs)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *q = &questions[i];
		size_t bytes = ask(view, q);
		struct runs cpu = { 0 };

		for (size_t k = 0; k < runs; k++) {
			struct took from = took_now();

			ask(view, q);
			runs_add(&cpu, took_since(from).cpu * 1e3);
		}
		report_runs(name_of("select_%u_%s_%s", n, where, q->name), &cpu,
			    name_of("CPU-ms (%zu B)", bytes));
	}
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atol(argv[1]) : 1000000;
	size_t runs = argc > 2 ? (size_t)atol(argv[2]) : 7;
	struct engine_options o = { 0 };
	struct exporter_view view = { .calendar_open = no_calendar,
				      .calendar_close = give_back,
				      .now = at_the_end };
	struct err e;

	view.store = fill(n);
	view.engine = engine_new(&o, &e);
	must(view.engine ? 0 : -1, &e);
	measure(&view, "memory", n, runs);
	must(store_flush(view.store, &e), &e);
	measure(&view, "packed", n, runs);
	engine_free(view.engine);
	store_close(view.store);
	return 0;
}
