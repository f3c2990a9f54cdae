/*
 * api_help.h - requests to the API over the small city's store, for the tests of exporters/.
 *
 * The store holds, up to NOW_MS: requests_total{job,instance} of four series every 15 s for ten
 * minutes, `old` with one sample an hour ago, `gone` that went stale a minute ago, and the
 * statistic park_output_yuan{park} of two parks with three months each.
 */
#ifndef TESTS_UNIT_EXPORTERS_API_HELP_H
#define TESTS_UNIT_EXPORTERS_API_HELP_H

#include "query/query.h"
#include "query/source.h"
#include "tests/unit/exporters/face.h"
#include "tests/unit/storage/help.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };
#define DAY     INT64_C(86400000)
#define OCTOBER (NOW_MS - 23 * DAY) /* the stamps are a day's, which is all that matters here */

static inline struct labels *api_labels(const char *name, const char *l1, const char *v1,
					const char *l2, const char *v2)
{
	struct err e = { 0 };
	struct labels *ls = labels_make(&e, name, l1, v1, l2, v2, NULL);

	assert_non_null(ls);
	return ls;
}

/* Takes the labels. */
static inline void api_sample(struct face *f, struct labels *ls, int64_t t_ms, double v)
{
	struct plain_sample x = { .labels = ls, .t_ms = t_ms, .value = v };
	struct append a = { .submission = { .received_ms = NOW_MS }, .samples = &x, .nsamples = 1 };

	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	labels_unref(ls);
}

static inline void api_figure(struct face *f, const char *park, int64_t stamp_ms, double v)
{
	struct labels *ls = api_labels("park_output_yuan", "park", park, "freq", "M");

	assert_ok(put_figure(f->s, ls, stamp_ms, v, stamp_ms + 5 * DAY, stamp_ms + 5 * DAY, NULL,
			     &f->e),
		  &f->e);
	labels_unref(ls);
}

static inline void api_fill(struct face *f)
{
	static const char *const series[][2] = {
		{ "api", "h1" }, { "api", "h2" }, { "web", "h1" }, { "web", "h3" }
	};
	uint64_t bits = STALE_BITS;
	double stale;

	memcpy(&stale, &bits, sizeof(stale));
	for (int i = 0; i < 4; i++)
		for (int k = 0; k <= 40; k++)
			api_sample(f,
				   api_labels("requests_total", "job", series[i][0], "instance",
					      series[i][1]),
				   NOW_MS - (40 - k) * 15000, i * 100 + k);
	api_sample(f, api_labels("old", "job", "cron", "was", "here"), NOW_MS - HOUR, 1);
	api_sample(f, api_labels("gone", "job", "api", "q", "a\"b\\c"), NOW_MS - 2 * MINUTE, 1);
	api_sample(f, api_labels("gone", "job", "api", "q", "a\"b\\c"), NOW_MS - MINUTE, stale);
	for (int month = 2; month >= 0; month--) {
		api_figure(f, "p1", OCTOBER - month * 31 * DAY, 100 - month);
		api_figure(f, "p2", OCTOBER - month * 31 * DAY, 200 - month);
	}
}

/* Figures hold for forty days. */
static inline int64_t api_holds(const struct calendar *c, const struct labels *ls, int64_t stamp_ms)
{
	assert_true(slice_is(labels_name(ls), "park_output_yuan"));
	assert_ptr_equal(c->holds_until, api_holds);
	return stamp_ms + 40 * DAY;
}

static const struct calendar api_calendar = { .holds_until = api_holds };
static bool api_has_calendar;
static int api_calendars; /* open ones */

static inline const struct calendar *api_calendar_open(void *ctx)
{
	(void)ctx;
	api_calendars++;
	return api_has_calendar ? &api_calendar : NULL;
}

static inline void api_calendar_close(const struct calendar *c)
{
	assert_ptr_equal(c, api_has_calendar ? &api_calendar : NULL);
	api_calendars--;
}

static inline int api_setup(void **state)
{
	struct engine_options o = { .workers = ENGINE_NO_WORKERS };
	struct face *f;

	if (face_setup(state) != 0)
		return -1;
	f = *state;
	f->view.engine = engine_new(&o, &f->e);
	assert_non_null(f->view.engine);
	f->view.admin_api = true;
	f->view.calendar_open = api_calendar_open;
	f->view.calendar_close = api_calendar_close;
	api_has_calendar = false;
	return 0;
}

static inline int api_setup_filled(void **state)
{
	if (api_setup(state) != 0)
		return -1;
	api_fill(*state);
	return 0;
}

static inline int api_teardown(void **state)
{
	struct face *f = *state;

	engine_free(f->view.engine);
	assert_int_equal(api_calendars, 0);
	return face_teardown(state);
}

enum { API_PIECE = 256 << 10, API_PIECE_SPARE = 1000 };
static unsigned api_pieces; /* of the last reply */

/* All pieces of a reply as one, NUL-terminated. */
static inline void api_collect(struct face *f)
{
	struct exchange *x = &f->r.x;
	struct buf all;

	buf_init(&all, 64 << 20);
	for (api_pieces = 1;; api_pieces++) {
		assert_ok(buf_check(&x->reply, &f->e), &f->e);
		assert_true(x->reply.n < API_PIECE + API_PIECE_SPARE);
		buf_slice(&all, buf_all(&x->reply));
		if (!x->more)
			break;
		buf_clear(&x->reply);
		x->more(x);
	}
	buf_putc(&all, '\0');
	buf_release(&x->reply);
	x->reply = all;
}

/* For a path and what stands behind its "?": the first piece of a reply. */
static inline void api_start(struct face *f, void (*serve)(struct exchange *x), const char *path,
			     const char *params)
{
	struct http_param *list = NULL;
	size_t n = 0;

	face_forget(f);
	memset(&f->r, 0, sizeof(f->r));
	f->r.x.private = &f->r;
	f->r.x.ctx = &f->view;
	f->r.x.status = 200;
	f->r.x.path = slice_str(path);
	f->r.x.content_type = "text/plain; charset=utf-8";
	arena_init(&f->r.x.arena, 16 << 20);
	buf_init(&f->r.x.reply, 16 << 20);
	f->exchanged = true;
	assert_ok(http_params_parse(slice_str(params), &f->r.x.arena, &list, &n, &f->e), &f->e);
	f->r.x.params = list;
	f->r.x.nparams = n;
	serve(&f->r.x);
}

/* As face_get(). */
static inline const char *api_ask(struct face *f, void (*serve)(struct exchange *x),
				  const char *path, const char *params)
{
	api_start(f, serve, path, params);
	api_collect(f);
	return f->r.x.reply.p;
}

#define assert_data(f, serve, params, data)                                                        \
	do {                                                                                       \
		const char *reply_ = api_ask(f, serve, "", params);                                \
		assert_string_equal(reply_, "{\"status\":\"success\",\"data\":" data "}");         \
		assert_int_equal((f)->r.x.status, 200);                                            \
		assert_string_equal((f)->r.x.content_type, "application/json");                    \
	} while (0)

/* The sentence as it stands in JSON. */
#define assert_refused(f, serve, params, want_status, type, sentence)                              \
	do {                                                                                       \
		const char *reply_ = api_ask(f, serve, "", params);                                \
		assert_string_equal(reply_, "{\"status\":\"error\",\"errorType\":\"" type          \
					    "\",\"error\":\"" sentence "\"}");                     \
		assert_int_equal((f)->r.x.status, want_status);                                    \
	} while (0)

#endif
