/*
 * api_meta.c - which series, labels and metric families there are
 * (prometheus.io/docs/prometheus/latest/querying/api, "Querying metadata").
 *
 * Without a time the index answers alone. With one, a name or value of a label is kept as soon as
 * one of the series that carry it is found to have something in that time.
 */
#include "exporters/carried.h"
#include "exporters/handlers.h"
#include "exporters/meta.h"
#include "exporters/params.h"
#include "exporters/virtual_values.h"
#include "query/virtual.h"

#include "base/num.h"
#include "base/remote_write.h"

#include <stdlib.h>

enum {
	ARENA_BYTES = 512 << 20,
	TEXTS_TOGETHER = 256,
};

/* --- asking ---------------------------------------------------------------------------------- */

void reply_store_error(struct exchange *x, const struct err *e)
{
	switch (e->code) {
	case ERR_LIMIT:
		reply_api_error(x, 422, "execution", e);
		return;
	case ERR_TIMEOUT:
		reply_api_error(x, 503, "timeout", e);
		return;
	case ERR_CANCELLED:
		reply_api_error(x, 499, "canceled", e);
		return;
	default:
		reply_api_error(x, 500, "internal", e);
	}
}

void meta_close(struct meta *m)
{
	m->view->calendar_close(m->time.calendar);
	snapshot_close(m->v);
	matches_release(&m->matches);
	arena_release(&m->arena);
}

/* `series` alone puts the parameter's name in front of what is wrong with match[]. */
static int read_matches(struct meta *m, bool series, struct err *e)
{
	if (matches_read(m->x, &m->arena, &m->matches, e) == 0 &&
	    matches_check(&m->matches, e) == 0)
		return 0;
	return series ? param_invalid("match[]", e) : -1;
}

static int read_arguments(struct meta *m, bool series, struct err *e)
{
	bool start, end;

	if (series && !exchange_param(m->x, "match[]").p)
		return err_set(e, ERR_INVALID, "no match[] parameter provided");
	m->time.from_ms = INT64_MIN;
	m->time.to_ms = INT64_MAX;
	if (param_limit(m->x, "limit", &m->limit, e) < 0 ||
	    param_time(m->x, "start", &m->time.from_ms, &start, e) < 0 ||
	    param_time(m->x, "end", &m->time.to_ms, &end, e) < 0)
		return -1;
	m->timed = start || end;
	return read_matches(m, series, e);
}

int meta_open(struct meta *m, struct exchange *x, bool series)
{
	const struct exporter_view *view = x->ctx;
	struct err e = { 0 };

	*m = (struct meta){ .x = x, .view = view };
	m->time.calendar = view->calendar_open(view->ctx);
	arena_init(&m->arena, ARENA_BYTES);
	if (read_arguments(m, series, &e) < 0) {
		reply_api_error(x, 400, "bad_data", &e);
		meta_close(m);
		return -1;
	}
	m->v = snapshot_open(view->store, META_SNAPSHOT_MS, &e);
	if (!m->v) {
		reply_store_error(x, &e);
		meta_close(m);
		return -1;
	}
	m->time.v = m->v;
	return 0;
}

/* --- answers ------------------------------------------------------------------------------- */

/* Closes the answer, whose list was cut or not. */
static void end_list(struct json_writer *j, bool truncated)
{
	json_end(j);
	if (truncated) {
		json_key(j, "warnings");
		json_array(j);
		json_cstr(j, "results truncated due to limit");
		json_end(j);
	}
	api_end(j);
}

static void reply_texts(struct meta *m, const struct slice *list, size_t n)
{
	bool truncated = m->limit && n > m->limit;
	struct json_writer j;

	if (truncated)
		n = (size_t)m->limit;
	api_begin(&j, m->x);
	json_array(&j);
	for (size_t i = 0; i < n; i++)
		json_str(&j, list[i]);
	end_list(&j, truncated);
}

/* --- texts of labels ------------------------------------------------------------------------- */

struct texts {
	struct slice *list;
	size_t n;
};

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Names when `name` is empty, else values of that name. */
static int ask_index(struct meta *m, struct slice name, const struct match_set *s,
		     struct texts *out, struct err *e)
{
	const struct matcher *with = s ? s->m : NULL;
	size_t n = s ? s->nm : 0;

	if (name.n == 0)
		return snapshot_label_names(m->v, with, n, &m->arena, &out->list, &out->n, e);
	return snapshot_label_values(m->v, name, with, n, &m->arena, &out->list, &out->n, e);
}

/* The union of what each set finds. */
static int ask_all(struct meta *m, struct slice name, struct texts *out, struct err *e)
{
	struct texts some;
	size_t cap = 0, kept = 0;

	*out = (struct texts){ 0 };
	if (m->matches.n <= 1)
		return ask_index(m, name, m->matches.n ? &m->matches.sets[0] : NULL, out, e);
	for (size_t i = 0; i < m->matches.n; i++) {
		if (ask_index(m, name, &m->matches.sets[i], &some, e) < 0)
			return -1;
		out->list = arena_grow(&m->arena, out->list, out->n, &cap, out->n + some.n + 1,
				       sizeof(*out->list));
		if (!out->list)
			return err_set(e, ERR_LIMIT, "the answer needs more than %zu MiB",
				       m->arena.limit >> 20);
		if (some.n)
			memcpy(out->list + out->n, some.list, some.n * sizeof(*some.list));
		out->n += some.n;
	}
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(*out->list), by_bytes);
	for (size_t i = 0; i < out->n; i++)
		if (kept == 0 || !slice_eq(out->list[kept - 1], out->list[i]))
			out->list[kept++] = out->list[i];
	out->n = kept;
	return 0;
}

/* Looks at texts [from, to) and moves those that are carried up to the *kept that were before. */
static int keep_some(struct meta *m, struct slice name, struct texts *t, size_t from, size_t to,
		     size_t *kept, struct err *e)
{
	struct arena_mark mark = arena_mark(&m->arena);
	struct matcher *has = arena_array(&m->arena, to - from, sizeof(*has));
	bool *is = arena_array(&m->arena, to - from, sizeof(*is));
	int rc;

	if (!has || !is)
		return err_set(e, ERR_LIMIT, "the request needs more than %zu MiB",
			       m->arena.limit >> 20);
	for (size_t i = from; i < to; i++)
		has[i - from] =
			name.n ? (struct matcher){ MATCH_EQ, name, t->list[i], NULL }
			       : (struct matcher){ MATCH_NE, t->list[i], slice_of("", 0), NULL };
	rc = carried(&m->time, &m->matches, has, to - from, &m->x->cancelled, &m->arena, is, e);
	for (size_t i = from; i < to && rc == 0; i++)
		if (is[i - from])
			t->list[(*kept)++] = t->list[i];
	arena_reset(&m->arena, mark);
	return rc;
}

/* Leaves those that a series carries which is there in that time; one more than the limit is
 * enough. All values together have no more series than there are, so they are looked at at once;
 * names have as many each. */
static int keep_present(struct meta *m, struct slice name, struct texts *t, struct err *e)
{
	size_t kept = 0, most = name.n == 0 ? 1 : t->n;

	if (m->limit && name.n && m->limit < most)
		most = m->limit + TEXTS_TOGETHER;
	for (size_t i = 0; i < t->n && !(m->limit && kept > m->limit); i += most)
		if (keep_some(m, name, t, i, i + most < t->n ? i + most : t->n, &kept, e) < 0)
			return -1;
	t->n = kept;
	return 0;
}

/* __period__, __as_of__ and __release__ are no labels of any series, but drop-downs ask for them.
 */
static void serve_virtual(struct meta *m, struct slice name)
{
	struct series_ref *series;
	struct slice *list;
	struct err e = { 0 };
	size_t nseries, n;

	if (matches_select(&m->matches, m->v, &m->arena, &series, &nseries, &e) < 0 ||
	    virtual_values(m->v, m->time.calendar, name, series, nseries, &m->arena, &list, &n,
			   &e) < 0)
		reply_store_error(m->x, &e);
	else
		reply_texts(m, list, n);
}

static void serve_texts(struct exchange *x, struct slice name)
{
	struct err e = { 0 };
	struct texts t;
	struct meta m;

	if (meta_open(&m, x, false) < 0)
		return;
	if (is_virtual_label(name)) {
		serve_virtual(&m, name);
		meta_close(&m);
		return;
	}
	if (ask_all(&m, name, &t, &e) < 0 || (m.timed && keep_present(&m, name, &t, &e) < 0))
		reply_store_error(x, &e);
	else
		reply_texts(&m, t.list, t.n);
	meta_close(&m);
}

void serve_labels(struct exchange *x)
{
	serve_texts(x, slice_of("", 0));
}

/* The path is /api/v1/label/NAME/values. */
void serve_label_values(struct exchange *x)
{
	struct slice name = slice_skip(x->path, strlen("/api/v1/label/"));
	struct err e = { 0 };

	if (!slice_ends(name, "/values")) {
		x->status = 404;
		buf_puts(&x->reply, "404 page not found\n");
		return;
	}
	name = label_unescape(slice_of(name.p, name.n - strlen("/values")), &x->arena);
	if (name.n == 0) {
		err_set(&e, ERR_INVALID, "invalid label name: \"\"");
		reply_api_error(x, 400, "bad_data", &e);
		return;
	}
	serve_texts(x, name);
}

/* --- metadata ----------------------------------------------------------------------- */

static const char *const type_names[] = {
	[RW_UNKNOWN] = "unknown",
	[RW_COUNTER] = "counter",
	[RW_GAUGE] = "gauge",
	[RW_HISTOGRAM] = "histogram",
	[RW_GAUGE_HISTOGRAM] = "gaugehistogram",
	[RW_SUMMARY] = "summary",
	[RW_INFO] = "info",
	[RW_STATE_SET] = "stateset",
};

static int by_family(const void *a, const void *b)
{
	const struct family_metadata *x = a, *y = b;
	int c = slice_cmp(x->family, y->family);

	if (c == 0)
		c = (x->type > y->type) - (x->type < y->type);
	if (c == 0)
		c = slice_cmp(x->help, y->help);
	return c ? c : slice_cmp(x->unit, y->unit);
}

/* What senders told, and the families of figures, of which each unit has a series. */
static int add_figures(const struct assessment *as, struct arena *a, struct family_metadata **out,
		       size_t *n, struct err *e)
{
	size_t cap = *n;

	*out = arena_grow(a, *out, *n, &cap, *n + as->nfigures + 1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_LIMIT, "the answer needs more than %zu MiB", a->limit >> 20);
	for (size_t i = 0; i < as->nfigures; i++) {
		const struct indicator *of = as->figures[i].indicator;
		struct slice family = labels_name(as->figures[i].labels);

		if (*n && slice_eq((*out)[*n - 1].family, family))
			continue;
		(*out)[(*n)++] = (struct family_metadata){
			.family = family,
			.help = slice_str(
				arena_printf(a, "%s (reported in %s)", of->name, of->measure)),
			.type = RW_GAUGE,
		};
	}
	return 0;
}

/* Without those that say the same, of a list in order. */
static size_t once(struct family_metadata *list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || by_family(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	return kept;
}

static int all_metadata(const struct exporter_view *view, const struct assessment *as,
			struct arena *a, struct family_metadata **out, size_t *n, struct err *e)
{
	struct snapshot *v = snapshot_open(view->store, META_SNAPSHOT_MS, e);
	int rc;

	if (!v)
		return -1;
	rc = snapshot_metadata(v, a, out, n, e);
	snapshot_close(v);
	if (rc == 0 && as)
		rc = add_figures(as, a, out, n, e);
	if (rc < 0)
		return -1;
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_family);
	*n = once(*out, *n);
	return 0;
}

static void put_metadata(struct json_writer *j, const struct family_metadata *f)
{
	bool known = f->type >= 0 && (size_t)f->type < sizeof(type_names) / sizeof(type_names[0]);

	json_object(j);
	json_key(j, "type");
	json_cstr(j, type_names[known ? f->type : RW_UNKNOWN]);
	json_key(j, "help");
	json_str(j, f->help);
	json_key(j, "unit");
	json_str(j, f->unit);
	json_end(j);
}

struct metadata_limits {
	int64_t families; /* negative: any; 0 is none */
	int64_t each;     /* 0 and less: any */
	struct slice metric;
};

static void put_families(struct json_writer *j, const struct family_metadata *f, size_t n,
			 const struct metadata_limits *l)
{
	int64_t written = 0;

	json_object(j);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && slice_eq(f[next].family, f[i].family); next++)
			;
		if (l->metric.n && !slice_eq(l->metric, f[i].family))
			continue;
		if (l->families >= 0 && written++ >= l->families)
			break;
		json_key_slice(j, f[i].family);
		json_array(j);
		for (size_t k = i; k < next && (l->each <= 0 || (int64_t)(k - i) < l->each); k++)
			put_metadata(j, &f[k]);
		json_end(j);
	}
	json_end(j);
}

/* Here the limits have a sentence of their own, and 0 is a limit. */
static int read_number(const struct exchange *x, const char *name, int64_t *v, struct err *e)
{
	struct slice text = exchange_param(x, name);

	if (text.n && num_parse_i64(text, v, NULL) < 0)
		return err_set(e, ERR_INVALID, "%s must be a number", name);
	return 0;
}

void serve_metadata(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct metadata_limits l = { .families = -1, .metric = exchange_param(x, "metric") };
	struct family_metadata *f;
	struct assessment *as;
	struct json_writer j;
	struct err e = { 0 };
	size_t n;

	if (read_number(x, "limit", &l.families, &e) < 0 ||
	    read_number(x, "limit_per_metric", &l.each, &e) < 0) {
		reply_api_error(x, 400, "bad_data", &e);
		return;
	}
	as = view->assessment(view->ctx);
	if (all_metadata(view, as, &x->arena, &f, &n, &e) < 0) {
		reply_store_error(x, &e);
	} else {
		api_begin(&j, x);
		put_families(&j, f, n, &l);
		api_end(&j);
	}
	if (as)
		assessment_unref(as);
}
