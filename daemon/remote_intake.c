/* remote_intake.c - see remote_intake.h. */
#include "daemon/remote_intake.h"
#include "base/alloc.h"

struct request {
	struct write w;
	struct write_job *job;
	struct remote_intake *in;
	char *source, *address;
};

void remote_intake_init(struct remote_intake *in)
{
	*in = (struct remote_intake){ .store = NULL };
	pthread_mutex_init(&in->lock, NULL);
	atomic_init(&in->under_way, 0);
}

static void drop(struct config *config, struct catalogue *catalogue)
{
	config_unref(config);
	if (catalogue)
		catalogue_unref(catalogue);
}

void remote_intake_release(struct remote_intake *in)
{
	drop(in->config, in->catalogue);
	pthread_mutex_destroy(&in->lock);
}

void remote_intake_configure(struct remote_intake *in, struct config *config,
			     struct catalogue *catalogue)
{
	struct config *old_config;
	struct catalogue *old_catalogue;

	pthread_mutex_lock(&in->lock);
	old_config = in->config;
	old_catalogue = in->catalogue;
	in->config = config_ref(config);
	in->catalogue = catalogue_ref(catalogue);
	pthread_mutex_unlock(&in->lock);
	drop(old_config, old_catalogue);
	if (in->store)
		store_reclassify(in->store);
}

struct catalogue *remote_intake_catalogue(struct remote_intake *in)
{
	struct catalogue *c;

	pthread_mutex_lock(&in->lock);
	c = in->catalogue ? catalogue_ref(in->catalogue) : NULL;
	pthread_mutex_unlock(&in->lock);
	return c;
}

/* --- what a family is --------------------------------------------------------------- */

/* '*' stands for any run of characters. */
static bool fits(const char *pattern, struct slice name)
{
	const char *star = strchr(pattern, '*');

	if (!star)
		return slice_is(name, pattern);
	if (name.n < (size_t)(star - pattern) ||
	    memcmp(name.p, pattern, (size_t)(star - pattern)) != 0)
		return false;
	name = slice_skip(name, (size_t)(star - pattern));
	for (;; name = slice_skip(name, 1)) {
		if (fits(star + 1, name))
			return true;
		if (!name.n)
			return false;
	}
}

static struct slice value_of(const struct label *l, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(l[i].name, name))
			return l[i].value;
	return slice_of("", 0);
}

/* Months that a value covers, by SDMX's letters; a month when nothing says so. */
static uint8_t months_of(struct slice freq)
{
	static const struct {
		const char *letter;
		uint8_t months;
	} table[] = { { "D", 0 }, { "W", 0 }, { "Q", 3 }, { "S", 6 }, { "A", 12 } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (slice_is(freq, table[i].letter))
			return table[i].months;
	return 1;
}

struct series_kind remote_intake_classify(void *ctx, const struct label *l, size_t n)
{
	struct remote_intake *in = ctx;
	struct series_kind kind = { .class = SERIES_PLAIN };
	struct slice name = value_of(l, n, LABEL_NAME);
	const struct indicator *i;

	pthread_mutex_lock(&in->lock);
	i = in->catalogue ? catalogue_family(in->catalogue, name) : NULL;
	if (i) {
		kind.class = SERIES_REFUSED;
		kind.preliminary = i->preliminary;
	}
	for (size_t k = 0; in->config && k < in->config->remote_write.statistics.n; k++)
		if (fits(in->config->remote_write.statistics.list[k], name))
			kind.class = SERIES_STATISTIC;
	pthread_mutex_unlock(&in->lock);
	kind.months = months_of(value_of(l, n, "freq"));
	return kind;
}

/* --- one request ----------------------------------------------------------------------- */

static void request_free(struct request *r)
{
	atomic_fetch_sub(&r->in->under_way, 1);
	mem_free(r->source);
	mem_free(r->address);
	mem_free(r);
}

static void finished(struct write *w)
{
	struct request *r = w->ctx;
	struct write_job *job = r->job;

	job->err = w->err;
	job->samples = w->samples;
	job->refused = w->refused;
	request_free(r);
	job->done(job);
}

static char *source_of(struct remote_intake *in)
{
	char *text;

	pthread_mutex_lock(&in->lock);
	text = mem_strdup(in->config->remote_write.source);
	pthread_mutex_unlock(&in->lock);
	return text;
}

int remote_intake_write(void *ctx, struct write_job *w, struct err *e)
{
	struct remote_intake *in = ctx;
	struct request *r = mem_zalloc(sizeof(*r));
	struct err why;

	if (!r)
		return err_set(e, ERR_MEMORY, "no memory for a request");
	atomic_fetch_add(&in->under_way, 1);
	r->in = in;
	r->job = w;
	r->source = source_of(in);
	r->address = mem_strndup(w->origin.p ? w->origin.p : "", w->origin.n);
	r->w = (struct write){ .body = w->body,
			       .received_ms = w->received_ms,
			       .source = r->source,
			       .origin = "/api/v1/write",
			       .address = r->address,
			       .done = finished,
			       .ctx = r };
	if (!r->source || !r->address)
		err_set(&why, ERR_MEMORY, "no memory for a request");
	else if (store_write(in->store, &r->w, &why) == 0)
		return 0;
	w->samples = r->w.samples;
	w->refused = r->w.refused;
	request_free(r);
	*e = why;
	return -1;
}
