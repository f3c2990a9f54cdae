/*
 * samples.c - see samples.h.
 *
 *     line ─▶ known text? ──yes──▶ its labels ─────────────────────────────────────▶ sample
 *                └─no─▶ labels ─▶ rules ─▶ statistic? ours? ─▶ interned, remembered ───┘
 *
 * The series that a scrape writes of itself are its own: a page that says `up` could say of a
 * target that is down that it was up, with stamps of its own even for the time before.
 */
#include "collectors/samples.h"

#include "base/map.h"
#include "base/num.h"
#include "collectors/decode.h"

#include <stdio.h>

enum { REPORTS = 5 };

static const char *const report_names[REPORTS] = {
	"up",
	"scrape_duration_seconds",
	"scrape_samples_scraped",
	"scrape_samples_post_metric_relabeling",
	"scrape_series_added",
};

struct decoding {
	const struct document *doc;
	struct scrape *scrape;
	const char *job, *instance;
	const struct catalogue *cat;
	struct arena *scratch;
	struct batch *batch;
	struct map refused_families; /* that were complained about */
};

/* --- one series ------------------------------------------------------------------------- */

static struct slice value_of(const struct label_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (slice_is(l->l[i].name, name))
			return l->l[i].value;
	return slice_of("", 0);
}

/* A series that the scrape itself writes. */
static bool is_report(const struct decoding *d, const struct label_list *l, struct slice name)
{
	size_t i = 0;

	if (l->n != 3)
		return false;
	while (i < REPORTS && !slice_is(name, report_names[i]))
		i++;
	return i < REPORTS && slice_is(value_of(l, "job"), d->job) &&
	       slice_is(value_of(l, "instance"), d->instance);
}

/* Said once of each family. */
static int refuse_family(struct decoding *d, enum refusal why, struct slice name, unsigned line,
			 struct err *e)
{
	struct batch *b = d->batch;
	char shown[TEXT_SHOWN];

	if (map_get(&d->refused_families, name)) {
		batch_count(b, why, 1);
		return 0;
	}
	batch_complain(
		b, why, line, 1,
		why == REFUSED_SCRAPE
			? "%s of this target is what the scrape itself says"
			: "%s is a statistic of the catalogue and is not taken as a plain metric",
		text_shown(name, shown));
	name = arena_slice(&b->arena, name);
	if (!name.p)
		return err_set(e, ERR_MEMORY, "no memory for names");
	return map_put(&d->refused_families, name, d, e);
}

/* Said once of each page. */
static void refuse_new(struct decoding *d, unsigned line)
{
	struct batch *b = d->batch;
	char who[128], said[SERIES_QUOTA_TEXT];

	if (b->count[REFUSED_SERIES]) {
		batch_count(b, REFUSED_SERIES, 1);
		return;
	}
	snprintf(who, sizeof(who), "feed %s", d->doc->feed);
	series_quota_say(d->doc->quota, who, "series_limit", said);
	batch_complain(b, REFUSED_SERIES, line, 1, "the series is new; %s", said);
}

/* The fault is the line's, unless memory is what is missing. */
static int refuse_line(struct decoding *d, const struct err *why, unsigned line, struct err *e)
{
	if (why->code != ERR_INVALID && why->code != ERR_LIMIT) {
		*e = *why;
		return -1;
	}
	batch_complain(d->batch, why->code == ERR_LIMIT ? REFUSED_LIMIT : REFUSED_LAYOUT, line, 1,
		       "%s", why->text);
	return 0;
}

enum fate { FATE_FAILED = -1, FATE_REFUSED, FATE_DROPPED, FATE_KEPT };

static enum fate refused(int rc)
{
	return rc < 0 ? FATE_FAILED : FATE_REFUSED;
}

/* Samples come by family and from one target: each is much like the one before. */
static const struct labels *last_labels(const struct batch *b)
{
	return b->nsamples ? b->samples[b->nsamples - 1].labels : NULL;
}

static bool quota_admits(const struct decoding *d, const struct labels *ls)
{
	struct series_quota *q = d->doc->quota;

	return !q || series_quota_admits(q, labels_seeded_hash(ls));
}

/* Known series never come to make_series(), so a new day is told of them. */
static void turn_quota(const struct decoding *d)
{
	struct series_quota *q = d->doc->quota;
	const struct scrape_series *at = NULL;
	const struct labels *ls;

	if (!q || !series_quota_turn(q, d->doc->now_ms) || !d->scrape->cache)
		return;
	while ((ls = scrape_cache_series(d->scrape->cache, &at)) != NULL)
		series_quota_keep(q, labels_seeded_hash(ls));
}

/* What a text not seen before becomes; FATE_KEPT: with a reference to its labels. */
static enum fate make_series(struct decoding *d, const struct prom_sample *s, struct labels **out,
			     struct err *e)
{
	const struct relabel *rules = d->scrape->relabel;
	struct label_list l; /* large: not cleared for each series */
	struct slice name;
	struct err why;
	int kept;

	l.n = s->nlabels;
	memcpy(l.l, s->labels, s->nlabels * sizeof(*s->labels));
	kept = rules ? relabel_apply(rules, &l, d->scratch, &why) : 1;
	if (kept == 0)
		return FATE_DROPPED;
	name = kept > 0 ? value_of(&l, LABEL_NAME) : slice_of("", 0);
	if (kept > 0 && !name.n)
		kept = err_set(&why, ERR_INVALID, "the rules leave no metric name");
	if (kept > 0 && is_report(d, &l, name))
		return refused(refuse_family(d, REFUSED_SCRAPE, name, s->line, e));
	if (kept > 0 && catalogue_family(d->cat, name))
		return refused(refuse_family(d, REFUSED_CATALOGUED, name, s->line, e));
	if (kept > 0)
		*out = labels_intern_like(l.l, l.n, last_labels(d->batch), &why);
	if (kept > 0 && *out && quota_admits(d, *out))
		return FATE_KEPT;
	if (kept > 0 && *out) {
		labels_unref(*out);
		refuse_new(d, s->line);
		return FATE_REFUSED;
	}
	return refused(refuse_line(d, &why, s->line, e));
}

/* --- one sample --------------------------------------------------------------------------- */

/* Then the scrape has failed, but all that it brought is counted, as Prometheus does. */
static bool over_limit(const struct scrape *s)
{
	return s->sample_limit && s->kept > s->sample_limit;
}

static int keep_sample(struct decoding *d, const struct prom_sample *s, struct labels *labels,
		       struct err *e)
{
	d->scrape->kept++;
	if (over_limit(d->scrape)) {
		if (!d->batch->samples_borrowed)
			labels_unref(labels);
		return 0;
	}
	d->batch->rows++;
	return batch_sample(d->batch, (struct plain_sample){ labels, s->t_ms, s->v }, e);
}

static int saw(struct decoding *d, const struct prom_sample *s, struct scrape_text *t,
	       struct err *e)
{
	struct labels *labels = scrape_text_labels(t);

	scrape_cache_saw(d->scrape->cache, t, !s->stamped || d->scrape->track_timestamps);
	return labels ? keep_sample(d, s, labels, e) : 0;
}

static int add_sample(struct decoding *d, const struct prom_sample *s, struct err *e)
{
	struct scrape *sc = d->scrape;
	struct labels *labels = NULL;
	enum fate fate = make_series(d, s, &labels, e);
	struct scrape_text *t;

	if (fate <= FATE_REFUSED)
		return fate == FATE_REFUSED ? 0 : -1;
	sc->added += fate == FATE_KEPT && !(sc->sample_limit && sc->kept >= sc->sample_limit);
	if (!sc->cache)
		return labels ? keep_sample(d, s, labels, e) : 0;
	t = scrape_cache_add(sc->cache, s->text, labels, e);
	labels_unref(labels);
	return t ? saw(d, s, t, e) : -1;
}

static int on_sample(void *ctx, const struct prom_sample *s, struct err *e)
{
	struct decoding *d = ctx;
	struct scrape *sc = d->scrape;
	struct scrape_text *t = s->known;

	sc->scraped++;
	if (!t && sc->cache)
		t = scrape_cache_find(sc->cache, s->text);
	return t ? saw(d, s, t, e) : add_sample(d, s, e);
}

static void *on_line(void *ctx, struct slice line, size_t *n)
{
	const struct decoding *d = ctx;
	struct scrape_text *t = scrape_cache_expect(d->scrape->cache, line);

	if (t)
		*n = scrape_text_bytes(t);
	return t;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	struct decoding *d = ctx;

	batch_complain(d->batch, why, line, column, "%s", text);
}

/* --- a page -------------------------------------------------------------------------------- */

static bool is_open_metrics(const struct document *d)
{
	struct slice body = text_trim(d->body), type = d->content_type;

	if (type.n && memmem(type.p, type.n, "application/openmetrics-text", 28))
		return true;
	if (type.n && memmem(type.p, type.n, "version=0.0.4", 13))
		return false;
	return slice_is(body, "# EOF") || slice_ends(body, "\n# EOF");
}

static int read_page(struct decoding *d, const struct document *doc, size_t rows_limit,
		     struct err *e)
{
	const struct scrape *s = d->scrape;
	struct label extra[] = { { slice_str("job"), slice_str(doc->feed) },
				 { slice_str("instance"), slice_str(doc->instance) } };
	struct prom_options o = { .open_metrics = is_open_metrics(doc),
				  .honor_labels = s->honor_labels,
				  .ignore_timestamps = s->ignore_timestamps,
				  .now_ms = doc->now_ms,
				  .extra = extra,
				  .nextra = 2,
				  .samples_max = rows_limit };
	struct prom_sink sink = { .sample = on_sample,
				  .complain = on_complaint,
				  .recognise = s->cache ? on_line : NULL,
				  .ctx = d };

	return decode_prom(doc->body, &o, d->scratch, &sink, e);
}

int samples_decode(const struct document *doc, const struct catalogue *cat, size_t rows_limit,
		   struct scrape *s, struct arena *scratch, struct batch *b, struct err *e)
{
	struct scrape plain = { 0 };
	struct decoding d = { .doc = doc,
			      .scrape = s ? s : &plain,
			      .job = doc->feed,
			      .instance = doc->instance,
			      .cat = cat,
			      .scratch = scratch,
			      .batch = b };
	struct scrape_cache *cache = d.scrape->cache;
	int rc;

	map_init(&d.refused_families);
	b->samples_borrowed = cache != NULL;
	if (cache)
		scrape_cache_begin(cache, catalogue_version(cat));
	turn_quota(&d);
	rc = read_page(&d, doc, rows_limit, e);
	if (rc == 0 && over_limit(d.scrape))
		rc = err_set(e, ERR_LIMIT,
			     "%zu samples are left by the rules, more than the sample_limit of %zu",
			     d.scrape->kept, d.scrape->sample_limit);
	if (cache && rc == 0)
		scrape_cache_read(cache);
	map_release(&d.refused_families);
	return rc;
}

/* --- of the scrape itself ----------------------------------------------------------- */

static int report_one(const struct scrape *s, const struct scrape_report *r, const char *name,
		      double v, struct batch *b, struct err *e)
{
	struct labels *ls = labels_make(e, name, "job", r->job, "instance", r->instance, NULL);

	if (!ls)
		return -1;
	if (s->cache) {
		int rc = scrape_cache_saw_series(s->cache, ls, e);

		labels_unref(ls); /* the cache has it */
		if (rc < 0)
			return -1;
	}
	return batch_sample(b, (struct plain_sample){ ls, r->now_ms, v }, e);
}

static int mark_gone(const struct scrape_cache *c, int64_t now_ms, struct batch *b, struct err *e)
{
	const struct scrape_series *at = NULL;
	struct labels *ls;

	while ((ls = scrape_cache_gone(c, &at)) != NULL)
		if (batch_sample(b, (struct plain_sample){ ls, now_ms, stale_mark() }, e) < 0)
			return err_wrap(e, "marks for what has ended");
	return 0;
}

int scrape_report(const struct scrape *s, const struct scrape_report *r, struct batch *b,
		  struct err *e)
{
	const double values[REPORTS] = { r->up, r->seconds, (double)s->scraped, (double)s->kept,
					 (double)s->added };

	b->samples_borrowed = s->cache != NULL;
	if (!r->up) {
		batch_drop_samples(b); /* of a page that was given up nothing is kept */
		if (s->cache)
			scrape_cache_again(s->cache);
	}
	for (size_t i = 0; i < REPORTS; i++)
		if (report_one(s, r, report_names[i], values[i], b, e) < 0)
			return err_wrap(e, "report of the scrape");
	return s->cache ? mark_gone(s->cache, r->now_ms, b, e) : 0;
}

int scrape_end(struct scrape_cache *c, int64_t now_ms, struct batch *b, struct err *e)
{
	b->samples_borrowed = true;
	scrape_cache_again(c);
	return mark_gone(c, now_ms, b, e);
}
