/*
 * api_query.c - queries over HTTP: arguments in, an evaluated query out
 * (prometheus.io/docs/prometheus/latest/querying/api, "Expression queries").
 */
#include "exporters/handlers.h"
#include "exporters/json_result.h"
#include "exporters/params.h"
#include "query/print.h"
#include "query/query.h"
#include "query/source_store.h"

#include <stdio.h>

enum {
	SNAPSHOT_SPARE_MS = 10 * 1000,
	FORMAT_BYTES = 4 << 20,
};

/* In the exchange's arena; its query lives until the last piece of the answer is written. */
struct ask {
	struct exchange *x;
	const struct exporter_view *view;
	struct query q;
	struct json_result result;
	uint64_t limit;
	bool stats, step_stats;
};

static void bad_data(struct exchange *x, const struct err *e)
{
	reply_api_error(x, 400, "bad_data", e);
}

/* --- answers ------------------------------------------------------------------------------- */

static void put_seconds(struct buf *out, const char *key, int64_t ns)
{
	buf_printf(out, "\"%s\":%.9f,", key, (double)ns / 1e9);
}

/* Points seen in all; those of each step as Prometheus has them. */
static size_t put_steps(struct buf *out, const struct query *q, bool each)
{
	size_t sum = 0;

	if (each)
		buf_puts(out, "\"totalQueryableSamplesPerStep\":[");
	for (size_t k = 0; k < q->grid.n; k++) {
		char time[JSON_TIME_TEXT];

		sum += q->stats.step_points[k];
		if (each)
			buf_printf(out, "%s[%.*s,%zu]", k ? "," : "",
				   (int)json_time(grid_time(&q->grid, k), time), time,
				   q->stats.step_points[k]);
	}
	if (each)
		buf_puts(out, "],");
	return sum;
}

static void put_stats(struct buf *out, const struct query *q, bool step_stats)
{
	const struct query_stats *s = &q->stats;
	size_t seen;

	buf_puts(out, ",\"stats\":{\"timings\":{");
	put_seconds(out, "evalTotalTime", s->eval_ns);
	put_seconds(out, "resultSortTime", s->sort_ns);
	put_seconds(out, "queryPreparationTime", s->parse_ns);
	put_seconds(out, "innerEvalTime", s->inner_ns);
	put_seconds(out, "execQueueTime", s->queue_ns);
	buf_printf(out, "\"execTotalTime\":%.9f},", (double)(s->eval_ns + s->queue_ns) / 1e9);
	buf_puts(out, "\"samples\":{");
	seen = put_steps(out, q, step_stats);
	buf_printf(out, "\"totalQueryableSamples\":%zu,\"peakSamples\":%zu}}", seen,
		   s->peak_points);
}

static void reply_end(struct ask *a)
{
	struct buf *out = &a->x->reply;
	bool truncated = a->limit && json_result_series(&a->q) > a->limit;

	if (a->stats)
		put_stats(out, &a->q, a->step_stats);
	buf_putc(out, '}');
	json_result_notes(&a->q, truncated, out);
	buf_putc(out, '}');
}

/* The next piece; after the last the query is given back. */
static void reply_more(struct exchange *x)
{
	struct ask *a = x->state;
	bool wanted = !atomic_load(&x->cancelled);

	if (wanted && json_result_next(&a->result, REPLY_PIECE_BYTES, &x->reply))
		return;
	if (wanted)
		reply_end(a);
	query_release(&a->q);
	x->more = NULL;
}

static void reply_result(struct ask *a)
{
	struct exchange *x = a->x;

	x->content_type = "application/json";
	buf_puts(&x->reply, "{\"status\":\"success\",\"data\":");
	json_result_init(&a->result, &a->q, a->limit);
	x->state = a;
	x->more = reply_more;
	x->held_bytes = a->q.arena.held;
	reply_more(x);
}

static void reply_failure(struct ask *a)
{
	static const struct {
		unsigned status;
		const char *type;
	} answers[] = {
		[QUERY_OK] = { 500, "internal" },         [QUERY_BAD_DATA] = { 400, "bad_data" },
		[QUERY_EXECUTION] = { 422, "execution" }, [QUERY_TIMEOUT] = { 503, "timeout" },
		[QUERY_CANCELLED] = { 499, "canceled" },  [QUERY_INTERNAL] = { 500, "internal" },
	};
	struct buf text;

	buf_init(&text, 16 << 10);
	if (a->q.failure == QUERY_BAD_DATA)
		buf_puts(&text, "invalid parameter \"query\": ");
	buf_puts(&text, a->q.error);
	buf_putc(&text, '\0');
	reply_api_text(a->x, answers[a->q.failure].status, answers[a->q.failure].type, text.p);
	buf_release(&text);
}

/* --- asking ---------------------------------------------------------------------------------- */

static int read_common(struct ask *a, struct err *e)
{
	struct exchange *x = a->x;
	struct slice stats = exchange_param(x, "stats");
	int64_t timeout, lookback;
	bool there;

	a->stats = a->q.count_steps = stats.n > 0;
	a->step_stats = slice_is(stats, "all") &&
			engine_options(a->view->engine)->features & FEATURE_PER_STEP_STATS;
	a->q.text = exchange_param(x, "query");
	a->q.cancelled = &x->cancelled;
	if (param_limit(x, "limit", &a->limit, e) < 0 ||
	    param_duration(x, "timeout", &timeout, &there, e) < 0)
		return -1;
	if (there && timeout < a->q.timeout_ms)
		a->q.timeout_ms = timeout > 0 ? timeout : 1;
	if (param_duration(x, "lookback_delta", &lookback, &there, e) < 0)
		return -1;
	if (there && lookback > 0)
		a->q.lookback_ms = lookback;
	if (param_time(x, "as_of", &a->q.as_of_ms, &there, e) < 0) /* ours */
		return -1;
	return 0;
}

/* 0, or -1 and the client has its error. */
static int run_over(struct ask *a, const struct calendar *calendar)
{
	struct err e = { 0 };
	int done = -1;

	a->q.source = source_store_open(a->view->store, calendar,
					a->q.timeout_ms + SNAPSHOT_SPARE_MS, &e);
	if (!a->q.source) {
		bool busy = e.code == ERR_LIMIT || e.code == ERR_BUSY;

		reply_api_error(a->x, busy ? 503 : 500, busy ? "unavailable" : "internal", &e);
		return -1;
	}
	if (query_run(a->view->engine, &a->q) < 0)
		reply_failure(a);
	else
		done = 0;
	source_store_close(a->q.source);
	return done;
}

static void run(struct ask *a)
{
	const struct calendar *calendar = a->view->calendar_open(a->view->ctx);
	int done = run_over(a, calendar);

	a->view->calendar_close(calendar);
	if (done == 0)
		reply_result(a);
	else
		query_release(&a->q);
}

static struct ask *ask_new(struct exchange *x)
{
	struct ask *a = arena_new(&x->arena, struct ask);

	if (!a) {
		reply_api_text(x, 503, "unavailable", "no memory for this query");
		return NULL;
	}
	a->x = x;
	a->view = x->ctx;
	query_init(&a->q, a->view->engine);
	return a;
}

void serve_query(struct exchange *x)
{
	struct ask *a = ask_new(x);
	struct err e = { 0 };
	bool there;

	if (!a)
		return;
	a->q.start_ms = a->view->now(a->view->ctx);
	if (param_time(x, "time", &a->q.start_ms, &there, &e) == 0 && read_common(a, &e) == 0) {
		run(a);
	} else {
		bad_data(x, &e);
		query_release(&a->q);
	}
}

void serve_query_range(struct exchange *x)
{
	struct ask *a = ask_new(x);
	struct param_range r;
	struct err e = { 0 };

	if (!a)
		return;
	if (param_range(x, &r, &e) == 0 && read_common(a, &e) == 0) {
		a->q.start_ms = r.start_ms;
		a->q.end_ms = r.end_ms;
		a->q.step_ms = r.step_ms;
		run(a);
	} else {
		bad_data(x, &e);
		query_release(&a->q);
	}
}

/* --- about queries ------------------------------------------------------------------ */

static int parse_query(struct exchange *x, struct expr *out, struct err *e)
{
	const struct exporter_view *view = x->ctx;

	return parse(exchange_param(x, "query"), engine_options(view->engine)->features, &x->arena,
		     out, e);
}

static int read_exemplars(struct exchange *x, struct expr *expr, struct err *e)
{
	int64_t start = INT64_MIN, end = INT64_MAX;
	bool there;

	if (param_time(x, "start", &start, &there, e) < 0 ||
	    param_time(x, "end", &end, &there, e) < 0)
		return -1;
	if (end < start)
		return err_set(e, ERR_INVALID, "end timestamp must not be before start timestamp");
	return parse_query(x, expr, e); /* here Prometheus does not name the parameter */
}

/* Samples come without exemplars: there is never one. The arguments are read all the same. */
void serve_query_exemplars(struct exchange *x)
{
	struct json_writer j;
	struct expr expr;
	struct err e = { 0 };

	if (read_exemplars(x, &expr, &e) < 0) {
		bad_data(x, &e);
		return;
	}
	expr_release(&expr);
	api_begin(&j, x);
	json_array(&j);
	json_end(&j);
	api_end(&j);
}

/* -1: the client has its error. */
static int parse_param(struct exchange *x, struct expr *out)
{
	struct err e = { 0 };

	if (parse_query(x, out, &e) == 0)
		return 0;
	param_invalid("query", &e);
	bad_data(x, &e);
	return -1;
}

void serve_format_query(struct exchange *x)
{
	struct json_writer j;
	struct expr expr;
	struct buf text;

	if (parse_param(x, &expr) < 0)
		return;
	buf_init(&text, FORMAT_BYTES);
	print_pretty(expr.root, &text);
	api_begin(&j, x);
	json_str(&j, buf_all(&text));
	api_end(&j);
	buf_release(&text);
	expr_release(&expr);
}

void serve_parse_query(struct exchange *x)
{
	struct json_writer j;
	struct expr expr;

	if (parse_param(x, &expr) < 0)
		return;
	api_begin(&j, x);
	print_json(expr.root, &j);
	api_end(&j);
	expr_release(&expr);
}

/* --- those that run ----------------------------------------------------------------- */

static void put_running(void *ctx, const struct query_running *r)
{
	struct json_writer *j = ctx;

	json_object(j);
	json_key(j, "number");
	json_i64(j, (int64_t)r->number);
	json_key(j, "query");
	json_str(j, slice_cut(r->text, 4096));
	json_key(j, "start");
	json_f64(j, (double)r->start_ms / 1000);
	json_key(j, "end");
	json_f64(j, (double)r->end_ms / 1000);
	json_key(j, "step");
	json_f64(j, (double)r->step_ms / 1000);
	json_key(j, "seconds");
	json_f64(j, r->seconds);
	json_key(j, "samples");
	json_i64(j, (int64_t)r->points);
	json_key(j, "waiting");
	json_bool(j, r->waiting);
	json_end(j);
}

void serve_queries(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct json_writer j;

	api_begin(&j, x);
	json_array(&j);
	engine_running(view->engine, put_running, &j);
	json_end(&j);
	api_end(&j);
}
