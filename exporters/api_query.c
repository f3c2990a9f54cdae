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

enum { TIMEOUT_MS = 2 * 60 * 1000, SNAPSHOT_SPARE_MS = 1000, FORMAT_BYTES = 4 << 20 };

struct ask {
	struct exchange *x;
	const struct exporter_view *view;
	struct query q;
	uint64_t limit;
	bool stats;
};

static void bad_data(struct exchange *x, const struct err *e)
{
	reply_api_error(x, 400, "bad_data", e);
}

/* --- answers ------------------------------------------------------------------------------- */

static void put_notes(struct buf *out, const char *key, const struct note_list *notes,
		      const char *kind, bool truncated)
{
	struct json_writer j;

	if (notes->n == 0 && !truncated)
		return;
	buf_printf(out, ",\"%s\":", key);
	json_init(&j, out);
	json_array(&j);
	for (size_t i = 0; i < notes->n; i++)
		json_cstr(&j, notes->text[i]);
	if (notes->more) {
		char text[80];

		snprintf(text, sizeof(text), "%zu more %s annotations omitted", notes->more, kind);
		json_cstr(&j, text);
	}
	if (truncated)
		json_cstr(&j, "results truncated due to limit");
	json_end(&j);
}

static void put_seconds(struct buf *out, const char *key, int64_t ns)
{
	buf_printf(out, "\"%s\":%.9f,", key, (double)ns / 1e9);
}

static void put_stats(struct buf *out, const struct query_stats *s)
{
	buf_puts(out, ",\"stats\":{\"timings\":{");
	put_seconds(out, "evalTotalTime", s->eval_ns);
	put_seconds(out, "resultSortTime", 0);
	put_seconds(out, "queryPreparationTime", s->parse_ns);
	put_seconds(out, "innerEvalTime", s->eval_ns);
	put_seconds(out, "execQueueTime", s->queue_ns);
	buf_printf(out, "\"execTotalTime\":%.9f},", (double)(s->eval_ns + s->queue_ns) / 1e9);
	buf_printf(out, "\"samples\":{\"totalQueryableSamples\":%zu,\"peakSamples\":%zu}}",
		   s->points, s->peak_points);
}

static void reply_result(struct ask *a)
{
	struct buf *out = &a->x->reply;
	bool truncated = a->limit && json_result_series(&a->q) > a->limit;

	a->x->content_type = "application/json";
	buf_puts(out, "{\"status\":\"success\",\"data\":");
	json_result(&a->q, a->limit, out);
	if (a->stats)
		put_stats(out, &a->q.stats);
	buf_putc(out, '}');
	put_notes(out, "warnings", &a->q.notes.warnings, "warning", truncated);
	put_notes(out, "infos", &a->q.notes.infos, "info", false);
	buf_putc(out, '}');
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

	a->stats = stats.n > 0;
	a->q.text = exchange_param(x, "query");
	a->q.timeout_ms = TIMEOUT_MS;
	a->q.cancelled = &x->cancelled;
	if (param_limit(x, "limit", &a->limit, e) < 0 ||
	    param_duration(x, "timeout", &timeout, &there, e) < 0)
		return -1;
	if (there && timeout < TIMEOUT_MS)
		a->q.timeout_ms = timeout > 0 ? timeout : 1;
	if (param_duration(x, "lookback_delta", &lookback, &there, e) < 0)
		return -1;
	if (there && lookback > 0)
		a->q.lookback_ms = lookback;
	if (param_time(x, "as_of", &a->q.as_of_ms, &there, e) < 0) /* ours */
		return -1;
	return 0;
}

static void run_over(struct ask *a, const struct calendar *calendar)
{
	struct err e = { 0 };

	a->q.source = source_store_open(a->view->store, calendar,
					a->q.timeout_ms + SNAPSHOT_SPARE_MS, &e);
	if (!a->q.source) {
		bool busy = e.code == ERR_LIMIT || e.code == ERR_BUSY;

		reply_api_error(a->x, busy ? 503 : 500, busy ? "unavailable" : "internal", &e);
		return;
	}
	if (query_run(a->view->engine, &a->q) < 0) {
		source_store_close(a->q.source);
		reply_failure(a);
		return;
	}
	source_store_close(a->q.source);
	reply_result(a);
}

static void run(struct ask *a)
{
	const struct calendar *calendar = a->view->calendar_open(a->view->ctx);

	run_over(a, calendar);
	a->view->calendar_close(calendar);
}

void serve_query(struct exchange *x)
{
	struct ask a = { .x = x, .view = x->ctx };
	struct err e = { 0 };
	bool there;

	query_init(&a.q, a.view->engine);
	a.q.start_ms = a.view->now(a.view->ctx);
	if (param_time(x, "time", &a.q.start_ms, &there, &e) < 0 || read_common(&a, &e) < 0)
		bad_data(x, &e);
	else
		run(&a);
	query_release(&a.q);
}

void serve_query_range(struct exchange *x)
{
	struct ask a = { .x = x, .view = x->ctx };
	struct param_range r;
	struct err e = { 0 };

	query_init(&a.q, a.view->engine);
	if (param_range(x, &r, &e) < 0 || read_common(&a, &e) < 0) {
		bad_data(x, &e);
	} else {
		a.q.start_ms = r.start_ms;
		a.q.end_ms = r.end_ms;
		a.q.step_ms = r.step_ms;
		run(&a);
	}
	query_release(&a.q);
}

/* --- about queries -------------------------------------------------------------------------------
 */

/* Samples come without exemplars: there is never one. The selector is read all the same. */
void serve_query_exemplars(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct json_writer j;
	struct expr expr;
	struct err e = { 0 };

	if (parse(exchange_param(x, "query"), engine_options(view->engine)->features, &x->arena,
		  &expr, &e) < 0) {
		param_invalid("query", &e);
		bad_data(x, &e);
		return;
	}
	expr_release(&expr);
	api_begin(&j, x);
	json_array(&j);
	json_end(&j);
	api_end(&j);
}

static int parse_param(struct exchange *x, struct expr *out)
{
	const struct exporter_view *view = x->ctx;
	struct err e = { 0 };

	if (parse(exchange_param(x, "query"), engine_options(view->engine)->features, &x->arena,
		  out, &e) == 0)
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

/* --- those that run
 * -------------------------------------------------------------------------------- */

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
