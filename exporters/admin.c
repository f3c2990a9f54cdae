/*
 * admin.c - what an administrator asks of the store
 * (prometheus.io/docs/prometheus/latest/querying/api, "TSDB Admin APIs").
 *
 * All of /admin/tsdb, and accepting the answer to a finding, is off unless the configuration has it
 * on: a proxy before the loopback listener may let everybody in.
 */
#include "exporters/findings.h"
#include "exporters/match.h"
#include "exporters/params.h"

enum { ARENA_BYTES = 16 << 20 };

/* A page that somebody looks at on this host could send such requests, too: browsers then say
 * which. */
static bool is_from_a_page(struct exchange *x)
{
	if (exchange_header(x, "Origin").n == 0)
		return false;
	reply_api_text(x, 403, "unavailable", "admin APIs are not for web pages");
	return true;
}

static bool is_off(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;

	if (!view->admin_api)
		reply_api_text(x, 500, "unavailable", "admin APIs disabled");
	return !view->admin_api;
}

void serve_flush(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct err e;

	if (is_from_a_page(x))
		return;
	if (store_flush(view->store, &e) == 0)
		x->status = 204;
	else
		reply_error(x, e.code == ERR_FULL ? 507 : 503, &e);
}

/* The user that the server has let in; without users what the request says. */
static const char *name_of(struct exchange *x)
{
	struct slice by = x->user.n ? x->user : exchange_param(x, "by");

	return arena_strndup(&x->arena, by.n ? by.p : "", by.n);
}

void serve_finding_accept(struct exchange *x)
{
	const char *by;

	if (is_off(x) || is_from_a_page(x))
		return;
	by = name_of(x);
	if (by)
		findings_accept(x, by);
	else
		reply_api_text(x, 503, "unavailable", "no memory for this request");
}

/* One selector after the other, as Prometheus does: what went before an error is gone. */
static void delete_all(struct exchange *x, const struct matches *m, int64_t from_ms, int64_t to_ms)
{
	const struct exporter_view *view = x->ctx;
	struct err e = { 0 };
	uint64_t samples;

	for (size_t i = 0; i < m->n; i++) {
		if (store_delete(view->store, m->sets[i].m, m->sets[i].nm, from_ms, to_ms, &samples,
				 &e) == 0)
			continue;
		if (e.code == ERR_INVALID)
			reply_api_error(x, 400, "bad_data", &e);
		else
			reply_api_error(x, 500, "internal", &e);
		return;
	}
	x->status = 204;
	x->content_type = NULL;
}

static int read_deletion(struct exchange *x, struct arena *a, struct matches *m, int64_t *from_ms,
			 int64_t *to_ms, struct err *e)
{
	bool there;

	if (!exchange_param(x, "match[]").p)
		return err_set(e, ERR_INVALID, "no match[] parameter provided");
	if (param_time(x, "start", from_ms, &there, e) < 0 ||
	    param_time(x, "end", to_ms, &there, e) < 0)
		return -1;
	if (matches_read(x, a, m, e) < 0)
		return param_invalid("match[]", e);
	for (size_t i = 0; i < m->n; i++)
		if (m->sets[i].is_virtual)
			return err_set(
				e, ERR_INVALID,
				"__period__, __as_of__ and __release__ choose figures, which are "
				"never deleted");
	return matches_check(m, e);
}

void serve_delete_series(struct exchange *x)
{
	int64_t from_ms = INT64_MIN, to_ms = INT64_MAX;
	struct matches m = { 0 };
	struct err e = { 0 };
	struct arena a;

	if (is_off(x) || is_from_a_page(x))
		return;
	arena_init(&a, ARENA_BYTES);
	if (read_deletion(x, &a, &m, &from_ms, &to_ms, &e) < 0)
		reply_api_error(x, 400, "bad_data", &e);
	else
		delete_all(x, &m, from_ms, to_ms);
	matches_release(&m);
	arena_release(&a);
}

/* What is deleted is gone at once; there are no tombstones to clean. */
void serve_clean_tombstones(struct exchange *x)
{
	if (is_off(x))
		return;
	x->status = 204;
	x->content_type = NULL;
}

/* A backup reads the store in children of its own, for which it needs a process without threads. */
void serve_tsdb_snapshot(struct exchange *x)
{
	if (is_off(x))
		return;
	reply_api_text(x, 500, "unavailable",
		       "snapshots are made beside the running daemon, by parkwatch backup "
		       "--data-dir DIR --to FOLDER");
}
