/*
 * api_feeds.c - "/api/v1/feeds": what the pages of feeds show, for programs.
 */
#include "exporters/handlers.h"

#include "exporters/members.h"
#include "exporters/params.h"

enum { FEEDS_DEFAULT = 1000 };

struct wanted_feeds {
	struct slice name, health;
	uint64_t limit;
};

static void put_seconds(struct json_writer *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void put_progress(struct json_writer *j, const struct feed_row *f)
{
	json_key(j, "progress");
	if (!f->body_bytes) {
		json_null(j);
		return;
	}
	json_object(j);
	put_number(j, "bytes", f->body_bytes);
	put_number(j, "read", f->read_bytes);
	put_number(j, "storedFigures", f->stored_figures);
	json_end(j);
}

static void put_document(struct json_writer *j, const struct feed_row *f)
{
	json_key(j, "document");
	if (!f->document_ms) {
		json_null(j);
		return;
	}
	json_object(j);
	put_time(j, "at", f->document_ms);
	put_number(j, "bytes", f->bytes);
	put_number(j, "rows", f->rows);
	put_number(j, "kept", f->kept);
	put_number(j, "refused", f->refused);
	put_number(j, "suspect", f->suspect);
	put_number(j, "new", f->fresh);
	put_number(j, "revised", f->revised);
	put_number(j, "unchanged", f->unchanged);
	put_number(j, "submission", f->submission);
	put_seconds(j, "fetchSeconds", f->fetch_seconds);
	put_seconds(j, "decodeSeconds", f->decode_seconds);
	json_end(j);
}

static void put_reasons(struct json_writer *j, const struct feed_row *f)
{
	json_key(j, "reasons");
	json_array(j);
	for (size_t i = 0; i < f->nreasons; i++) {
		json_object(j);
		put_text(j, "reason", f->reasons[i].reason);
		put_text(j, "zh", f->reasons[i].zh);
		json_key(j, "kept");
		json_bool(j, f->reasons[i].kept);
		put_number(j, "number", f->reasons[i].n);
		json_end(j);
	}
	json_end(j);
}

static void put_complaints(struct json_writer *j, const struct feed_row *f)
{
	json_key(j, "complaints");
	json_array(j);
	for (size_t i = 0; i < f->ncomplaints; i++) {
		json_object(j);
		put_text(j, "reason", f->complaints[i].reason);
		put_text(j, "place", f->complaints[i].place);
		put_number(j, "line", f->complaints[i].line);
		put_number(j, "column", f->complaints[i].column);
		put_text(j, "text", f->complaints[i].text);
		put_text(j, "textZh", f->complaints[i].text_zh);
		json_end(j);
	}
	json_end(j);
}

static void put_attempts(struct json_writer *j, const struct feed_row *f)
{
	json_key(j, "attempts");
	json_array(j);
	for (size_t i = 0; i < f->nattempts; i++) {
		json_object(j);
		put_time(j, "at", f->attempts[i].at_ms);
		put_seconds(j, "seconds", f->attempts[i].seconds);
		put_text(j, "result", f->attempts[i].result);
		put_number(j, "bytes", f->attempts[i].bytes);
		put_number(j, "kept", f->attempts[i].kept);
		put_number(j, "refused", f->attempts[i].refused);
		json_end(j);
	}
	json_end(j);
}

static void put_feed(struct json_writer *j, const struct feed_row *f)
{
	json_object(j);
	put_text(j, "name", f->name);
	put_text(j, "source", f->source);
	put_text(j, "owner", f->owner);
	put_text(j, "format", f->format);
	put_text(j, "health", f->health);
	put_text(j, "state", f->state);
	put_text(j, "error", f->error);
	put_number(j, "failures", f->failures);
	put_time(j, "failingSince", f->failing_since_ms);
	put_time(j, "lastAttempt", f->last_attempt_ms);
	put_time(j, "lastSuccess", f->last_success_ms);
	put_time(j, "lastChange", f->last_change_ms);
	put_time(j, "next", f->next_ms);
	put_number(j, "bytesTotal", f->bytes_total);
	put_number(j, "keptTotal", f->kept_total);
	put_number(j, "refusedTotal", f->refused_total);
	put_number(j, "series", f->series);
	put_number(j, "seriesLimit", f->series_limit);
	put_progress(j, f);
	put_document(j, f);
	put_reasons(j, f);
	put_complaints(j, f);
	put_attempts(j, f);
	json_end(j);
}

static bool is_wanted(const struct wanted_feeds *w, const struct feed_row *f)
{
	return (!w->name.n || slice_is(w->name, f->name)) &&
	       (!w->health.n || slice_is(w->health, f->health));
}

static int read_wanted(struct exchange *x, struct wanted_feeds *w, struct err *e)
{
	*w = (struct wanted_feeds){ exchange_param(x, "feed"), exchange_param(x, "health"),
				    FEEDS_DEFAULT };
	if (w->health.n && !slice_is(w->health, "ok") && !slice_is(w->health, "failing") &&
	    !slice_is(w->health, "new"))
		return err_set(e, ERR_INVALID,
			       "invalid parameter \"health\": it is ok, failing or new");
	return exchange_param(x, "limit").n ? param_limit(x, "limit", &w->limit, e) : 0;
}

static void put_feeds(struct exchange *x, const struct wanted_feeds *w,
		      const struct feed_row *feeds, size_t n)
{
	struct json_writer j;
	uint64_t written = 0, left_out = 0;

	api_begin(&j, x);
	json_array(&j);
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(w, &feeds[i]))
			continue;
		if (w->limit && written == w->limit) {
			left_out++;
			continue;
		}
		put_feed(&j, &feeds[i]);
		written++;
	}
	json_end(&j);
	if (left_out) {
		json_key(&j, "warnings");
		json_array(&j);
		json_cstr(&j, "results truncated due to limit");
		json_end(&j);
	}
	api_end(&j);
}

void serve_api_feeds(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct wanted_feeds w;
	struct feed_row *feeds;
	struct err e = { 0 };
	bool known;
	size_t n;

	if (read_wanted(x, &w, &e) < 0) {
		reply_api_error(x, 400, "bad_data", &e);
		return;
	}
	if (view->feeds(view->ctx, &x->arena, &feeds, &n, &e) < 0) {
		reply_api_error(x, 500, "internal", &e);
		return;
	}
	known = !w.name.n;
	for (size_t i = 0; i < n && !known; i++)
		known = slice_is(w.name, feeds[i].name);
	if (!known) {
		err_set(&e, ERR_NOT_FOUND, "no feed has this name");
		reply_api_error(x, 404, "not_found", &e);
		return;
	}
	put_feeds(x, &w, feeds, n);
}
