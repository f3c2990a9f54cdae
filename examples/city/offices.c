/*
 * offices.c - see offices.h.
 *
 * Each document is made anew for each request from the pure figures, with an
 * entity tag, so that a poll of what has not changed costs the poller nothing.
 */
#include "examples/city/offices.h"
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/map.h"
#include "examples/city/figures.h"
#include "loop/http_server.h"
#include "loop/timer.h"

#include <errno.h>
#include <iconv.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DOCUMENT_MAX = 64 << 20, HAND_IN_MS = 5000 };

static const char simulation[] = "模拟数据（SIMULATION），不代表任何真实园区";

struct offices {
	struct loop *loop;
	struct catalogue *catalogue;
	struct http_server *server;
	char *drop_dir, *marker;
	int64_t correct_at_ms;
	atomic_bool corrected;
	struct timer timer;
	atomic_ulong requests;
};

/* --- which figures ------------------------------------------------------------------- */

typedef bool (*wants_fn)(const struct indicator *i);

static bool owned_by(const struct indicator *i, const char *owner)
{
	return i->owner && strcmp(i->owner, owner) == 0;
}

/* The form JJQ201 of Henan's statistics bureau: filled in by the park itself, each quarter. */
static bool by_park(const struct indicator *i)
{
	static const char *const form[] = {
		"units",
		"employees_persons",
		"built_up_area_square_meters",
		"public_green_area_square_meters",
		"standard_factory_area_square_meters",
		"multistorey_factory_area_square_meters",
		"road_length_meters",
		"water_main_length_meters",
	};

	for (size_t k = 0; k < sizeof(form) / sizeof(form[0]); k++)
		if (strcmp(i->code, form[k]) == 0)
			return true;
	return false;
}

static bool by_stat(const struct indicator *i)
{
	return owned_by(i, "stat") && !by_park(i);
}

static bool by_commerce(const struct indicator *i)
{
	return owned_by(i, "commerce");
}

/* Served as one table an indicator. */
static bool by_finance(const struct indicator *i)
{
	return owned_by(i, "finance") && i->freq == FREQ_MONTH;
}

static bool by_others(const struct indicator *i)
{
	return !by_stat(i) && !by_commerce(i) && !by_finance(i) && !by_park(i);
}

static bool by_others_slow(const struct indicator *i)
{
	return by_others(i) && i->freq != FREQ_MONTH;
}

static bool any(const struct indicator *i)
{
	(void)i;
	return true;
}

struct cell {
	const struct unit *unit;
	const struct indicator *indicator;
	struct period period;
	char value[32];
};

/* Calls `each` for every figure of these units and indicators that is in, by indicator, unit,
 * period. */
static void each_figure(struct offices *o, bool parks, wants_fn wants, const struct unit *only,
			void (*each)(void *ctx, const struct cell *c), void *ctx)
{
	const struct catalogue *c = o->catalogue;
	int64_t now = loop_now(o->loop);

	for (size_t n = 0; n < catalogue_indicators(c); n++) {
		const struct indicator *i = catalogue_indicator_at(c, n);

		for (size_t k = 0; wants(i) && k < catalogue_units(c); k++) {
			const struct unit *u = catalogue_unit_at(c, k);
			struct period due = catalogue_last_due(c, i, now);

			if ((u->class == UNIT_PARK) != parks || !indicator_reports(i, u->class) ||
			    (only && u != only))
				continue;
			for (struct period p = figure_first(i, c, now);
			     period_index(p) <= period_index(due); p = indicator_next(i, p)) {
				struct cell cell = { u, i, p, "" };

				if (!figure_is_in(c, u, i, p, now))
					continue;
				figure_text(c, u, i, p,
					    o->corrected && figure_is_corrected(c, u, i, p, now),
					    cell.value);
				each(ctx, &cell);
			}
		}
	}
}

static const char *name_on(const struct cell *c)
{
	return unit_name(c->unit, period_last_day(c->period));
}

/* A year-to-date figure is dated as offices do: 2026年1-10月. */
static const char *period_text(const struct cell *c, char out[PERIOD_TEXT])
{
	if (c->indicator->form == FORM_YTD && c->indicator->freq == FREQ_MONTH) {
		snprintf(out, PERIOD_TEXT, "%d年1-%d月", c->period.year, c->period.last_month);
		return out;
	}
	return period_print_zh(c->period, out);
}

/* --- documents ------------------------------------------------------------------------- */

static void long_row(void *ctx, const struct cell *c)
{
	struct buf *b = ctx;
	char period[PERIOD_TEXT];

	buf_printf(b, "%s,%s(%s),%s,%s\r\n", name_on(c), c->indicator->name, c->indicator->measure,
		   period_text(c, period), c->value);
}

static void long_csv(struct offices *o, bool parks, wants_fn wants, const struct unit *only,
		     struct buf *b)
{
	buf_printf(b, "报表：园区月度监测表,,,\r\n说明：%s,,,\r\n单位,指标,期间,数值\r\n",
		   simulation);
	each_figure(o, parks, wants, only, long_row, b);
	buf_puts(b, "数据来源：示例市统计局（模拟）,,,\r\n");
}

static void serve_stat(struct offices *o, struct exchange *x)
{
	buf_puts(&x->reply, "\xef\xbb\xbf");
	long_csv(o, true, by_stat, NULL, &x->reply);
	x->content_type = "text/csv; charset=utf-8";
}

static void serve_counties(struct offices *o, struct exchange *x)
{
	long_csv(o, false, any, NULL, &x->reply);
	x->content_type = "text/csv; charset=utf-8";
}

static void json_row(void *ctx, const struct cell *c)
{
	struct json_writer *j = ctx;
	char period[PERIOD_TEXT];

	json_object(j);
	json_key(j, "park");
	json_cstr(j, c->unit->id);
	json_key(j, "code");
	json_cstr(j, c->indicator->code);
	json_key(j, "month");
	json_cstr(j, period_print(c->period, period));
	json_key(j, "value");
	json_cstr(j, c->value);
	json_end(j);
}

static void serve_commerce(struct offices *o, struct exchange *x)
{
	struct json_writer j;

	json_init(&j, &x->reply);
	json_object(&j);
	json_key(&j, "notice");
	json_cstr(&j, simulation);
	json_key(&j, "data");
	json_array(&j);
	each_figure(o, true, by_commerce, NULL, json_row, &j);
	json_end(&j);
	json_end(&j);
	x->content_type = "application/json";
}

/* Appends UTF-8 as GB18030. */
static void put_gb18030(struct slice utf8, struct buf *out)
{
	iconv_t cd = iconv_open("GB18030", "UTF-8");
	char *in = (char *)utf8.p, *to;
	size_t left = utf8.n, room = utf8.n * 2 + 16, had = room;

	to = cd == (iconv_t)-1 ? NULL : buf_room(out, room);
	if (to && iconv(cd, &in, &left, &to, &room) != (size_t)-1)
		buf_added(out, had - room);
	if (cd != (iconv_t)-1)
		iconv_close(cd);
}

static void finance_header(struct buf *b, const struct catalogue *c, const struct indicator *i,
			   int64_t now)
{
	struct period due = catalogue_last_due(c, i, now);
	char text[PERIOD_TEXT];

	buf_printf(b, "指标：%s(%s)\r\n说明：%s\r\n园区", i->name, i->measure, simulation);
	for (struct period p = figure_first(i, c, now); period_index(p) <= period_index(due);
	     p = indicator_next(i, p))
		buf_printf(b, ",%s", period_print_zh(p, text));
	buf_puts(b, "\r\n");
}

/* One indicator: parks down, periods across. */
static void serve_finance(struct offices *o, struct exchange *x)
{
	const struct catalogue *c = o->catalogue;
	struct slice code = slice_skip(x->path, strlen("/finance/"));
	int64_t now = loop_now(o->loop);
	const struct indicator *i;
	struct buf b;

	if (slice_ends(code, ".csv"))
		code.n -= 4;
	i = catalogue_indicator(c, code);
	if (!i || !by_finance(i)) {
		x->status = 404;
		buf_puts(&x->reply, "the finance office has no such indicator\n");
		return;
	}
	buf_init(&b, DOCUMENT_MAX);
	finance_header(&b, c, i, now);
	for (size_t k = 0; k < catalogue_units(c); k++) {
		const struct unit *u = catalogue_unit_at(c, k);
		struct period due = catalogue_last_due(c, i, now);

		if (u->class != UNIT_PARK || u->valid.to.year)
			continue;
		buf_puts(&b, unit_name(u, period_last_day(due)));
		for (struct period p = figure_first(i, c, now);
		     period_index(p) <= period_index(due); p = indicator_next(i, p)) {
			char value[32] = "";

			if (figure_is_in(c, u, i, p, now))
				figure_text(c, u, i, p, false, value);
			buf_printf(&b, ",%s", value);
		}
		buf_puts(&b, "\r\n");
	}
	put_gb18030(buf_all(&b), &x->reply);
	buf_release(&b);
	x->content_type = "text/csv; charset=gb18030";
}

/* Parks and months down, monthly indicators of all other departments across. */
static void departments_row(struct offices *o, const struct unit *u, struct period month,
			    struct buf *b)
{
	const struct catalogue *c = o->catalogue;
	int64_t now = loop_now(o->loop);
	char period[PERIOD_TEXT];

	buf_printf(b, "%s,%s", unit_name(u, period_last_day(month)), period_print(month, period));
	for (size_t n = 0; n < catalogue_indicators(c); n++) {
		const struct indicator *i = catalogue_indicator_at(c, n);
		char value[32] = "";

		if (!by_others(i) || i->freq != FREQ_MONTH || !indicator_reports(i, UNIT_PARK))
			continue;
		if (indicator_collects(i, month) && figure_is_in(c, u, i, month, now))
			figure_text(c, u, i, indicator_period(i, month), false, value);
		buf_printf(b, ",%s", value);
	}
	buf_puts(b, "\r\n");
}

static void serve_departments(struct offices *o, struct exchange *x)
{
	const struct catalogue *c = o->catalogue;
	struct date today = zone_civil(catalogue_zone(c), loop_now(o->loop)).date;
	struct period last = period_add(period_of(FREQ_MONTH, today), -1);
	struct buf *b = &x->reply;

	buf_printf(b, "# %s\n园区,月份", simulation);
	for (size_t n = 0; n < catalogue_indicators(c); n++) {
		const struct indicator *i = catalogue_indicator_at(c, n);

		if (by_others(i) && i->freq == FREQ_MONTH && indicator_reports(i, UNIT_PARK))
			buf_printf(b, ",%s(%s)", i->name, i->measure);
	}
	buf_puts(b, "\n");
	for (size_t k = 0; k < catalogue_units(c); k++) {
		const struct unit *u = catalogue_unit_at(c, k);

		if (u->class != UNIT_PARK)
			continue;
		for (struct period p = period_month(today.year - 4, 1);
		     period_index(p) <= period_index(last); p = period_add(p, 1))
			departments_row(o, u, p, b);
	}
	x->content_type = "text/csv; charset=utf-8";
}

/* Quarterly and annual figures of all other departments, long. */
static void serve_quarterly(struct offices *o, struct exchange *x)
{
	long_csv(o, true, by_others_slow, NULL, &x->reply);
	x->content_type = "text/csv; charset=utf-8";
}

static void serve_metrics(struct offices *o, struct exchange *x)
{
	buf_printf(&x->reply,
		   "# HELP city_offices_simulation All figures of this program are a simulation.\n"
		   "# TYPE city_offices_simulation gauge\ncity_offices_simulation 1\n"
		   "# HELP city_offices_requests_total Documents asked for.\n"
		   "# TYPE city_offices_requests_total counter\ncity_offices_requests_total %lu\n",
		   atomic_load(&o->requests));
	x->content_type = "text/plain; version=0.0.4; charset=utf-8";
}

static void serve(struct exchange *x)
{
	static const struct {
		const char *path;
		void (*serve)(struct offices *o, struct exchange *x);
	} documents[] = {
		{ "/stat/report.csv", serve_stat },
		{ "/counties/report.csv", serve_counties },
		{ "/commerce/figures.json", serve_commerce },
		{ "/departments/report.csv", serve_departments },
		{ "/departments/quarterly.csv", serve_quarterly },
		{ "/metrics", serve_metrics },
	};
	struct offices *o = x->ctx;
	char *tag;

	atomic_fetch_add(&o->requests, 1);
	if (slice_starts(x->path, "/finance/"))
		serve_finance(o, x);
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		if (slice_is(x->path, documents[i].path))
			documents[i].serve(o, x);
	if (x->status != 200)
		return;
	tag = arena_printf(&x->arena, "\"%016llx\"",
			   (unsigned long long)hash_bytes(x->reply.p, x->reply.n));
	if (!tag)
		return;
	exchange_set_header(x, "ETag", tag);
	if (slice_is(exchange_header(x, "If-None-Match"), tag)) {
		x->status = 304;
		buf_clear(&x->reply);
	}
}

/* --- the drop folder -------------------------------------------------------------------- */

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Writes beside, then renames, as a careful sender does. */
static void put_file(const char *dir, const char *name, struct slice body)
{
	char part[1024], path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(part, sizeof(part), "%s/.%s.part", dir, name);
	f = fopen(part, "wb");
	if (!f || fwrite(body.p, 1, body.n, f) != body.n || fclose(f) != 0 ||
	    rename(part, path) != 0)
		log_event(LOG_WARN, "cannot hand in a file", log_s("file", path),
			  log_s("why", strerror(errno)));
}

static void hand_in(struct offices *o, const struct unit *u, struct period quarter)
{
	char name[256], done[1024], period[PERIOD_TEXT];
	struct buf text, body;
	bool gbk = figure_part(o->catalogue, u) == PART_GBK;

	snprintf(name, sizeof(name), "JJQ201_%s_%s.csv", u->id, period_print(quarter, period));
	snprintf(done, sizeof(done), "%s/accepted/%s", o->drop_dir, name);
	if (exists(done))
		return;
	snprintf(done, sizeof(done), "%s/%s", o->drop_dir, name);
	if (exists(done))
		return;
	buf_init(&text, DOCUMENT_MAX);
	buf_init(&body, DOCUMENT_MAX);
	long_csv(o, true, by_park, u, &text);
	if (gbk) {
		put_gb18030(buf_all(&text), &body);
		/* A row that was cut in the middle of a character by some transport. */
		buf_puts(&body, "\xd4\xb0\xff,\xb5,2026,1\r\n");
	} else {
		buf_slice(&body, buf_all(&text));
	}
	if (!text.failed && !body.failed && text.n)
		put_file(o->drop_dir, name, buf_all(&body));
	buf_release(&text);
	buf_release(&body);
}

static void hand_in_all(struct offices *o)
{
	const struct catalogue *c = o->catalogue;
	int64_t now = loop_now(o->loop);
	struct period due = { FREQ_NONE, 0, 0, 0, 0 };

	if (!o->drop_dir)
		return;
	for (size_t n = 0; n < catalogue_indicators(c); n++) {
		const struct indicator *i = catalogue_indicator_at(c, n);

		if (by_park(i) && i->freq == FREQ_QUARTER)
			due = catalogue_last_due(c, i, now);
	}
	if (!due.freq)
		return;
	for (size_t k = 0; k < catalogue_units(c); k++) {
		const struct unit *u = catalogue_unit_at(c, k);

		if (u->class == UNIT_PARK && !u->valid.to.year)
			hand_in(o, u, due);
	}
}

static void on_timer(struct timer *t)
{
	struct offices *o = (struct offices *)((char *)t - offsetof(struct offices, timer));

	hand_in_all(o);
	if (!o->corrected && loop_now(o->loop) >= o->correct_at_ms) {
		FILE *f = o->marker ? fopen(o->marker, "w") : NULL;

		if (f)
			fclose(f);
		o->corrected = true;
		log_event(LOG_INFO, "a park corrects its investment of the newest month",
			  log_s("notice", simulation));
	}
	timer_start(&o->timer, HAND_IN_MS);
}

/* --- open and close ------------------------------------------------------------------------ */

struct offices *offices_open(const struct offices_options *opt, struct err *e)
{
	static const char *const paths[] = { "/stat/*",        "/counties/*", "/commerce/*",
					     "/departments/*", "/finance/*",  "/metrics" };
	enum { PATHS = sizeof(paths) / sizeof(paths[0]) };
	struct http_route routes[PATHS];
	struct http_server_options so = { .host = opt->host, .port = opt->port };
	struct offices *o = mem_zalloc(sizeof(*o));
	char marker[1024];

	if (!o) {
		err_set(e, ERR_MEMORY, "no memory for the offices");
		return NULL;
	}
	o->loop = opt->loop;
	o->catalogue = opt->catalogue;
	o->correct_at_ms = loop_now(o->loop) + opt->correct_after_ms;
	o->drop_dir = opt->drop_dir ? mem_strdup(opt->drop_dir) : NULL;
	if (opt->state_dir) {
		snprintf(marker, sizeof(marker), "%s/corrected", opt->state_dir);
		o->marker = mem_strdup(marker);
		o->corrected = exists(marker);
	}
	for (size_t i = 0; i < PATHS; i++)
		routes[i] = (struct http_route){ .method = "GET",
						 .path = paths[i],
						 .where = HTTP_IN_JOB,
						 .class = JOB_QUERY,
						 .serve = serve,
						 .ctx = o };
	timer_init(&o->timer, o->loop, on_timer);
	timer_start(&o->timer, 0);
	o->server = http_server_open(o->loop, &so, routes, PATHS, e);
	if (!o->server) {
		offices_close(o);
		return NULL;
	}
	return o;
}

void offices_close(struct offices *o)
{
	if (!o)
		return;
	if (o->server)
		http_server_close(o->server);
	timer_release(&o->timer);
	mem_free(o->drop_dir);
	mem_free(o->marker);
	mem_free(o);
}

int offices_port(const struct offices *o)
{
	return http_server_port(o->server);
}
