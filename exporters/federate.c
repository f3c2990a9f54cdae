/*
 * federate.c - /federate: the newest sample of chosen series in the text format
 * (prometheus.io/docs/prometheus/latest/federation).
 *
 * As Prometheus does it, every family is untyped, samples carry their time, series that went stale
 * or have nothing within the lookback are left out (a sample at its far end counts, unlike in a
 * query), and `instance=""` stands where there is no instance, so that the scraping side adds none.
 * A figure that still holds goes out without its stamp: a scraper would refuse one that is weeks
 * old.
 */
#include "exporters/handlers.h"
#include "exporters/expose.h"
#include "exporters/match.h"

#include "base/num.h"
#include "query/query.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SNAPSHOT_MS = 30 * 1000, ARENA_BYTES = 512 << 20, LOOK_EVERY = 64 };

struct federation {
	struct exchange *x;
	const struct exporter_view *view;
	struct snapshot *v;
	const struct calendar *calendar; /* NULL: no memory for it */
	struct arena arena;
	struct matches matches;
	int64_t now_ms, lookback_ms;
	bool utf8; /* names as they are, in quotes; else with underscores */
	struct slice family;
};

/* --- the newest sample ------------------------------------------------------------------- */

struct newest {
	double value;
	int64_t t_ms;
	bool there, timed;
};

static int newest_sample(struct federation *f, const struct series_ref *s, struct newest *out,
			 struct err *e)
{
	struct arena_mark mark = arena_mark(&f->arena);
	struct samples list;

	if (snapshot_samples(f->v, s->id, f->now_ms - f->lookback_ms, f->now_ms, &f->arena, &list,
			     e) < 0)
		return -1;
	if (list.n > 0) {
		out->value = list.value[list.n - 1];
		out->t_ms = list.t_ms[list.n - 1];
		out->there = !is_stale_mark(out->value);
		out->timed = true;
	}
	arena_reset(&f->arena, mark);
	return 0;
}

static int newest_figure(struct federation *f, const struct series_ref *s, struct newest *out,
			 struct err *e)
{
	const struct calendar *c = f->calendar;
	struct vintage last;

	if (snapshot_last_figure(f->v, s->id, f->now_ms, VIEW_LATEST, &last, &out->there, e) < 0)
		return -1;
	if (!out->there)
		return 0;
	out->value = last.value;
	out->there = c ? c->holds_until(c, s->labels, last.stamp_ms) > f->now_ms
		       : last.stamp_ms >= f->now_ms - f->lookback_ms;
	return 0;
}

/* --- writing ------------------------------------------------------------------------------ */

static bool plain_character(unsigned char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
	       (c >= '0' && c <= '9' && !first);
}

static bool plain_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!plain_character((unsigned char)name.p[i], i == 0))
			return false;
	return name.n > 0;
}

static void put_quoted(struct buf *out, struct slice text)
{
	buf_putc(out, '"');
	label_escape(text, out);
	buf_putc(out, '"');
}

/* An underscore for each character that a name could not have before names were UTF-8. */
static void put_name(const struct federation *f, struct slice name)
{
	struct buf *out = &f->x->reply;

	if (f->utf8 && !plain_name(name)) {
		put_quoted(out, name);
		return;
	}
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if ((c & 0xc0) != 0x80)
			buf_putc(out, plain_character(c, i == 0) ? (char)c : '_');
	}
}

static void put_labels(const struct federation *f, const struct labels *ls, bool name_inside)
{
	struct buf *out = &f->x->reply;
	bool instance = false;
	bool comma = name_inside;

	buf_putc(out, '{');
	if (name_inside)
		put_name(f, labels_name(ls));
	for (uint32_t i = 0; i < ls->n; i++) {
		if (slice_is(ls->l[i].name, LABEL_NAME))
			continue;
		instance |= slice_is(ls->l[i].name, "instance");
		if (comma)
			buf_putc(out, ',');
		comma = true;
		put_name(f, ls->l[i].name);
		buf_putc(out, '=');
		put_quoted(out, ls->l[i].value);
	}
	if (!instance)
		buf_puts(out, comma ? ",instance=\"\"" : "instance=\"\"");
	buf_putc(out, '}');
}

static void put_sample(struct federation *f, const struct series_ref *s, const struct newest *at)
{
	struct slice name = labels_name(s->labels);
	bool inside = f->utf8 && !plain_name(name);
	struct buf *out = &f->x->reply;
	char text[NUM_TEXT];

	if (!slice_eq(name, f->family)) {
		f->family = name;
		buf_puts(out, "# TYPE ");
		put_name(f, name);
		buf_puts(out, " untyped\n");
	}
	if (!inside)
		put_name(f, name);
	put_labels(f, s->labels, inside);
	buf_putc(out, ' ');
	num_print_g(at->value == 0 ? 0 : at->value, text); /* -0, too, is 0 in this format */
	buf_puts(out, text);
	if (at->timed)
		buf_printf(out, " %" PRId64, at->t_ms);
	buf_putc(out, '\n');
}

/* --- all ------------------------------------------------------------------------------------ */

/* Families lie together, and series within them stay in the order of labels. */
static int by_name(const void *a, const void *b)
{
	const struct series_ref *x = a, *y = b;
	int c = slice_cmp(labels_name(x->labels), labels_name(y->labels));

	return c ? c : labels_cmp(x->labels, y->labels);
}

static int put_all(struct federation *f, struct err *e)
{
	struct series_ref *list;
	size_t n;

	if (matches_select(&f->matches, f->v, &f->arena, &list, &n, e) < 0)
		return -1;
	if (n > 1)
		qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++) {
		struct newest at = { 0 };

		if (i % LOOK_EVERY == 0 &&
		    atomic_load_explicit(&f->x->cancelled, memory_order_relaxed))
			return err_set(e, ERR_CANCELLED, "the request was given up");
		if (labels_name(list[i].labels).n == 0)
			continue;
		if ((list[i].statistic ? newest_figure : newest_sample)(f, &list[i], &at, e) < 0)
			return -1;
		if (at.there)
			put_sample(f, &list[i], &at);
	}
	return 0;
}

static bool wants_utf8(const struct exchange *x)
{
	struct slice accept = exchange_header(x, "Accept");

	return accept.n && memmem(accept.p, accept.n, "escaping=allow-utf-8", 20);
}

static int federate(struct federation *f, struct err *e)
{
	f->v = snapshot_open(f->view->store, SNAPSHOT_MS, e);
	return f->v ? put_all(f, e) : -1;
}

void serve_federate(struct exchange *x)
{
	struct federation f = { .x = x, .view = x->ctx, .utf8 = wants_utf8(x) };
	struct err e = { 0 };

	f.now_ms = f.view->now(f.view->ctx);
	f.lookback_ms = engine_options(f.view->engine)->lookback_ms;
	f.calendar = f.view->calendar_open(f.view->ctx);
	arena_init(&f.arena, ARENA_BYTES);
	x->content_type = f.utf8 ? EXPOSE_TEXT_TYPE "; escaping=allow-utf-8"
				 : EXPOSE_TEXT_TYPE "; escaping=underscores";
	if (matches_read(x, &f.arena, &f.matches, &e) < 0)
		reply_error(x, 400, &e);
	else if (federate(&f, &e) < 0)
		reply_error(x, e.code == ERR_TIMEOUT ? 503 : 500, &e);
	snapshot_close(f.v);
	f.view->calendar_close(f.calendar);
	matches_release(&f.matches);
	arena_release(&f.arena);
}
