/*
 * cut.c - see cut.h.
 *
 * Deleting: everything is packed first, so that partitions are all there is; each that holds
 * something of the series is written anew. A series that has nothing left anywhere loses its
 * place in the index, under the ingest lock, so that a sample that comes now makes a new one.
 *
 * Retention: each plain series has the rule of its family and so a time before which it is cut.
 * A rule by bytes becomes a time too: partitions are added up from the newest on.
 */
#include "storage/cut.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/regex.h"
#include "storage/packing.h"

#include <inttypes.h>
#include <stdlib.h>

/* --- partitions ----------------------------------------------------------------------- */

struct cutting {
	const struct cut *cut;
	uint64_t samples;
};

/* Drops what is to go. */
static void edit(void *ctx, uint32_t series, struct columns_run *r)
{
	struct cutting *x = ctx;
	int64_t from, to;
	size_t kept = 0;

	if (!x->cut->range(x->cut->ctx, series, &from, &to))
		return;
	for (size_t i = 0; i < r->n; i++) {
		if (r->t_ms[i] >= from && r->t_ms[i] <= to)
			continue;
		r->t_ms[kept] = r->t_ms[i];
		r->value[kept++] = r->value[i];
	}
	x->samples += r->n - kept;
	r->n = kept;
}

/* One partition, the i-th of the layout. */
static int cut_one(struct store *s, uint32_t number, const struct cut *c, uint64_t *samples,
		   struct err *e)
{
	struct cutting x = { .cut = c };
	struct view_of_store v;
	uint32_t i = 0;
	int rc = -1;

	if (view_open(s, &v, e) < 0)
		return -1;
	while (i < v.layout->npartitions && v.layout->samples[i]->number != number)
		i++;
	if (i == v.layout->npartitions) {
		view_close(&v);
		return 0;
	}
	rc = partition_replace(s, &v, i, edit, &x, e);
	view_close(&v);
	if (rc == 0)
		*samples += x.samples;
	return rc;
}

int cut_partitions(struct store *s, const struct cut *c,
		   bool (*wanted)(const struct layer *l, const void *ctx), uint64_t *samples,
		   struct err *e)
{
	struct layout *l = store_layout(s);
	int rc = 0;

	for (uint32_t i = 0; i < l->npartitions && rc == 0; i++)
		if (wanted(l->samples[i], c->ctx))
			rc = cut_one(s, l->samples[i]->number, c, samples, e);
	layout_unref(l);
	return rc;
}

/* --- deleting ----------------------------------------------------------------------------- */

struct deletion {
	const uint32_t *ids; /* rising */
	size_t n;
	int64_t from_ms, to_ms;
};

static bool is_among(const struct deletion *d, uint32_t series)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (d->ids[mid] < series)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < d->n && d->ids[lo] == series;
}

static bool deletion_range(const void *ctx, uint32_t series, int64_t *from_ms, int64_t *to_ms)
{
	const struct deletion *d = ctx;

	*from_ms = d->from_ms;
	*to_ms = d->to_ms;
	return is_among(d, series);
}

static bool deletion_wants(const struct layer *l, const void *ctx)
{
	const struct deletion *d = ctx;

	return d->n > 0 && l->nsegments > 0 && l->first_ms <= d->to_ms &&
	       l->last_ms >= d->from_ms && l->first_series <= d->ids[d->n - 1] &&
	       l->last_series >= d->ids[0];
}

/* Whether any layer or generation still has samples of it. */
static int has_samples(struct reader *r, const struct view_of_store *v, uint32_t series,
		       struct arena *a, bool *has, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct columns_run run = { 0 };
	int rc = reader_samples(r, series, INT64_MIN, INT64_MAX, v->last_request, a, &run, e);

	*has = run.n > 0;
	arena_reset(a, mark);
	return rc;
}

struct emptied {
	uint32_t *ids;
	size_t n;
};

static bool is_emptied(void *ctx, uint32_t id)
{
	const struct emptied *x = ctx;
	const struct deletion d = { x->ids, x->n, 0, 0 };

	return is_among(&d, id);
}

/* With the ingest lock: nobody brings samples of them meanwhile. */
static int forget_series(struct store *s, const struct deletion *d, struct err *e)
{
	struct emptied x = { .ids = mem_alloc((d->n + 1) * sizeof(uint32_t)) };
	struct view_of_store v;
	struct reader r;
	struct arena a;
	int rc = x.ids ? view_open(s, &v, e) : err_set(e, ERR_MEMORY, "no memory to delete series");

	if (rc < 0) {
		mem_free(x.ids);
		return -1;
	}
	arena_init(&a, 1 << 30);
	reader_init(&r, v.layout, v.t);
	for (size_t i = 0; i < d->n && rc == 0; i++) {
		bool has = true;

		rc = has_samples(&r, &v, d->ids[i], &a, &has, e);
		if (rc == 0 && !has)
			x.ids[x.n++] = d->ids[i];
	}
	reader_release(&r);
	arena_release(&a);
	view_close(&v);
	if (rc == 0 && x.n > 0) {
		rc = index_rebuild(s, is_emptied, &x, e);
		head_forget(&s->head);
	}
	mem_free(x.ids);
	return rc;
}

static int check_plain(struct view_of_store *v, const uint32_t *ids, size_t n, struct arena *a,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct arena_mark mark = arena_mark(a);
		const struct labels *ls;
		char text[SERIES_TEXT];
		bool statistic;

		if (index_series(&v->index, ids[i], a, &ls, &statistic, e) < 0)
			return -1;
		if (statistic)
			return err_set(e, ERR_INVALID,
				       "%s is a statistic: its figures are kept for ever",
				       series_text(ls, text));
		arena_reset(a, mark);
	}
	return 0;
}

struct delete_wish {
	struct wish w;
	const struct matcher *m;
	size_t nm;
	int64_t from_ms, to_ms;
	uint64_t samples; /* out */
};

static int cut_delete(struct store *s, struct delete_wish *q, struct err *e)
{
	struct deletion d = { .from_ms = q->from_ms, .to_ms = q->to_ms };
	struct cut c = { deletion_range, &d };
	struct view_of_store v;
	struct arena a;
	uint32_t *ids;
	int rc;

	if (view_open(s, &v, e) < 0)
		return -1;
	arena_init(&a, 1 << 30);
	rc = index_select(&v.index, q->m, q->nm, &a, &ids, &d.n, e);
	if (rc == 0)
		rc = check_plain(&v, ids, d.n, &a, e);
	view_close(&v);
	d.ids = ids;
	if (rc == 0 && d.n > 0)
		rc = cut_partitions(s, &c, deletion_wants, &q->samples, e);
	if (rc == 0 && d.n > 0) {
		pthread_mutex_lock(&s->ingest_lock);
		rc = forget_series(s, &d, e);
		pthread_mutex_unlock(&s->ingest_lock);
	}
	arena_release(&a);
	return rc;
}

/* --- retention -------------------------------------------------------------------------------- */

/* For each series id the time before which it is cut; INT64_MIN: never. */
struct cutoffs {
	int64_t *before_ms;
	uint32_t n;
	int64_t latest_ms; /* of all of them */
};

static bool cutoff_range(const void *ctx, uint32_t series, int64_t *from_ms, int64_t *to_ms)
{
	const struct cutoffs *c = ctx;

	if (series >= c->n || c->before_ms[series] == INT64_MIN)
		return false;
	*from_ms = INT64_MIN;
	*to_ms = c->before_ms[series] - 1;
	return true;
}

/* When more than half of its time is over for somebody in it. */
static bool cutoff_wants(const struct layer *l, const void *ctx)
{
	const struct cutoffs *c = ctx;
	int64_t middle =
		l->first_ms + (int64_t)(((uint64_t)l->last_ms - (uint64_t)l->first_ms) / 2);

	if (l->nsegments == 0 || l->first_ms >= c->latest_ms)
		return false;
	for (uint32_t i = 0; i < l->nsegments; i++)
		for (uint64_t id = l->segments[i].first_series; id <= l->segments[i].last_series;
		     id++)
			if (id < c->n && c->before_ms[id] > middle)
				return true;
	return false;
}

/* "node_*" as a regular expression. */
static struct regex *glob_regex(const char *glob, struct err *e)
{
	struct regex *re = NULL;
	struct buf b;

	buf_init(&b, 1 << 16);
	for (; *glob; glob++) {
		if (*glob == '*')
			buf_puts(&b, ".*");
		else if (strchr("\\.+?()[]{}|^$", *glob))
			buf_printf(&b, "\\%c", *glob);
		else
			buf_putc(&b, *glob);
	}
	if (buf_check(&b, e) == 0)
		re = regex_new(buf_all(&b), e);
	buf_release(&b);
	return re;
}

static int ids_of_rule(struct view_of_store *v, const struct retention *rule, struct arena *a,
		       uint32_t **ids, size_t *n, struct err *e)
{
	struct regex *re = glob_regex(rule->families, e);
	struct matcher m = { .op = MATCH_RE, .name = slice_str(LABEL_NAME), .re = re };
	int rc;

	if (!re)
		return -1;
	rc = index_select(&v->index, &m, 1, a, ids, n, e);
	regex_free(re);
	return rc;
}

/* The time before which the packed samples of these series are too much. */
static int cutoff_of_bytes(struct view_of_store *v, const uint32_t *ids, size_t n, uint64_t bytes,
			   int64_t *before_ms, struct err *e)
{
	const struct deletion among = { ids, n, 0, 0 };
	struct segment_reader r;
	uint64_t sum = 0;
	int rc = 0;

	*before_ms = INT64_MIN;
	segment_reader_init(&r);
	for (uint32_t i = v->layout->npartitions; i > 0 && rc == 0; i--) {
		const struct layer *l = v->layout->samples[i - 1];

		for (uint32_t k = 0; k < l->nsegments && rc == 0; k++) {
			struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };
			struct slice where;
			struct chunk c;

			if (layer_segment(l, v->t, k, &where, e) < 0 ||
			    segment_open(&r, where, e) < 0)
				rc = -1;
			while (rc == 0 && segment_next(&r, &all, &c, e) == 1)
				if (is_among(&among, c.series))
					sum += c.values.n + 16;
		}
		if (rc == 0 && sum > bytes && l->last_ms >= *before_ms) {
			*before_ms = l->last_ms == INT64_MAX ? INT64_MAX : l->last_ms + 1;
			break;
		}
	}
	segment_reader_release(&r);
	return rc;
}

static int apply_rule(struct store *s, struct view_of_store *v, const struct retention *rule,
		      int64_t now_ms, struct cutoffs *c, uint8_t *ruled, struct arena *a,
		      struct err *e)
{
	int64_t before = rule->age_ms ? now_ms - rule->age_ms : INT64_MIN, by_bytes;
	uint32_t *ids;
	size_t n;

	(void)s;
	if (ids_of_rule(v, rule, a, &ids, &n, e) < 0)
		return -1;
	if (rule->bytes) {
		if (cutoff_of_bytes(v, ids, n, rule->bytes, &by_bytes, e) < 0)
			return -1;
		if (by_bytes > before)
			before = by_bytes;
	}
	for (size_t i = 0; i < n; i++) {
		bool statistic = true;
		const struct labels *ls;
		struct arena_mark mark = arena_mark(a);

		if (ids[i] >= c->n || ruled[ids[i]])
			continue;
		ruled[ids[i]] = 1;
		if (index_series(&v->index, ids[i], a, &ls, &statistic, e) < 0)
			return -1;
		arena_reset(a, mark);
		if (!statistic)
			c->before_ms[ids[i]] = before;
	}
	if (before > c->latest_ms)
		c->latest_ms = before;
	return 0;
}

static int find_cutoffs(struct store *s, int64_t now_ms, struct cutoffs *c, struct err *e)
{
	struct view_of_store v;
	uint8_t *ruled = NULL;
	struct arena a;
	int rc;

	if (view_open(s, &v, e) < 0)
		return -1;
	c->n = v.last_series + 1;
	c->latest_ms = INT64_MIN;
	c->before_ms = mem_alloc(c->n * sizeof(*c->before_ms));
	ruled = mem_zalloc(c->n);
	rc = c->before_ms && ruled ? 0 : err_set(e, ERR_MEMORY, "no memory for retention");
	for (uint32_t i = 0; rc == 0 && i < c->n; i++)
		c->before_ms[i] = INT64_MIN;
	arena_init(&a, 1 << 30);
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->nretention && rc == 0; i++)
		rc = apply_rule(s, &v, &s->retention[i], now_ms, c, ruled, &a, e);
	pthread_mutex_unlock(&s->lock);
	arena_release(&a);
	mem_free(ruled);
	view_close(&v);
	return rc;
}

int cut_retain(struct store *s, int64_t now_ms, struct err *e)
{
	struct cutoffs c = { .n = 0 };
	struct cut cut = { cutoff_range, &c };
	uint64_t samples = 0;
	int rc = find_cutoffs(s, now_ms, &c, e);

	if (rc == 0 && c.latest_ms > INT64_MIN)
		rc = cut_partitions(s, &cut, cutoff_wants, &samples, e);
	mem_free(c.before_ms);
	if (rc == 0 && samples > 0) {
		counter_add(C_STORE_RETIRED, (double)samples);
		log_event(LOG_INFO, "samples went because of their age or size",
			  log_i("samples", (int64_t)samples));
	}
	return rc;
}

/* --- asking for it ------------------------------------------------------------------ */

static int serve_delete(struct store *s, struct wish *w, struct err *e)
{
	return packer_flush(s, e) < 0 ? -1 : cut_delete(s, (struct delete_wish *)w, e);
}

int store_delete(struct store *s, const struct matcher *m, size_t nm, int64_t from_ms,
		 int64_t to_ms, uint64_t *samples, struct err *e)
{
	struct delete_wish q = {
		.w = { .serve = serve_delete }, .m = m, .nm = nm, .from_ms = from_ms, .to_ms = to_ms
	};
	int rc;

	*samples = 0;
	if (nm == 0)
		return err_set(e, ERR_INVALID, "deleting needs at least one matcher");
	rc = packer_wish(s, &q.w, e);
	*samples = q.samples;
	return rc;
}

struct retain_wish {
	struct wish w;
	int64_t now_ms;
};

static int serve_retain(struct store *s, struct wish *w, struct err *e)
{
	return cut_retain(s, ((struct retain_wish *)w)->now_ms, e);
}

int store_retain(struct store *s, int64_t now_ms, struct err *e)
{
	struct retain_wish q = { { .serve = serve_retain }, now_ms };

	return packer_wish(s, &q.w, e);
}

static void free_rules(struct retention *rules, size_t n)
{
	for (size_t i = 0; rules && i < n; i++)
		mem_free((char *)(uintptr_t)rules[i].families);
	mem_free(rules);
}

int store_set_retention(struct store *s, const struct retention *rules, size_t n, struct err *e)
{
	struct retention *copy = mem_zalloc((n + 1) * sizeof(*copy)), *old;
	size_t nold;
	bool whole = copy != NULL;

	for (size_t i = 0; i < n && whole; i++) {
		copy[i] = rules[i];
		copy[i].families = mem_strdup(rules[i].families);
		whole = copy[i].families != NULL;
	}
	if (!whole) {
		free_rules(copy, n);
		return err_set(e, ERR_MEMORY, "no memory for the rules of retention");
	}
	pthread_mutex_lock(&s->lock);
	old = s->retention;
	nold = s->nretention;
	s->retention = copy;
	s->nretention = n;
	s->retained_ns = 0; /* soon */
	pthread_mutex_unlock(&s->lock);
	free_rules(old, nold);
	return 0;
}
