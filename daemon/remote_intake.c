/* remote_intake.c - see remote_intake.h. */
#include "daemon/remote_intake.h"
#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"

struct request {
	struct write w;
	struct write_job *job;
	struct remote_intake *in;
	char *source, *address, *sender;
	struct series_quota *own;  /* of the sender; NULL: any number */
	struct series_quota *over; /* which one a series was refused for; NULL: none was */
};

/* The request that this thread has given to the store, which asks on the same thread what its
 * series are. */
static _Thread_local struct request *asking;

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
	series_quota_free(in->quota);
	series_quotas_free(in->senders);
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
	if (in->quota) {
		series_quota_set(in->quota, (size_t)config->remote_write.series_limit);
		series_quotas_set(in->senders, (size_t)config->remote_write.sender_series_limit);
	}
	drop(old_config, old_catalogue);
	if (in->store)
		store_reclassify(in->store);
}

int remote_intake_limit_series(struct remote_intake *in, struct err *e)
{
	const struct remote_write_config *c = &in->config->remote_write;

	in->senders = series_quotas_new((size_t)c->sender_series_limit, e);
	in->quota = in->senders ? series_quota_new((size_t)c->series_limit, e) : NULL;
	return in->quota ? 0 : -1;
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

/* "remote write of 10.0.0.7", and the option that limits it. */
static const char *say_who(const struct request *r, const struct series_quota *q, char out[128])
{
	bool all = q == r->in->quota;

	snprintf(out, 128, "remote write%s%s", all ? "" : " of ", all ? "" : r->sender);
	return all ? "series_limit" : "sender_series_limit";
}

static void refused_for(struct request *r, struct series_quota *q)
{
	char who[128];
	const char *option = say_who(r, q, who);
	struct series_count c;

	r->over = q;
	if (!series_quota_is_news(q))
		return;
	c = series_quota_count(q);
	log_event(LOG_WARN, "new series refused: too many were brought today", log_s("who", who),
		  log_s("address", r->address), log_i("series", (int64_t)c.n),
		  log_i(option, (int64_t)c.most));
}

/* What goes on, whoever brings it now, is nobody's; what is refused for the one takes no room of
 * the other. */
static bool quota_admits(struct remote_intake *in, const struct label *l, size_t n)
{
	struct request *r = asking;
	struct series_quota *over = NULL;
	bool known;
	uint64_t key;

	if (!in->quota || !r)
		return true;
	key = series_quota_key(l, n);
	known = series_quota_knows(in->quota, key);
	if (!known && !series_quota_has_room(r->own, key))
		over = r->own;
	else if (!series_quota_admits(in->quota, key))
		over = in->quota;
	else if (!known && !series_quota_admits(r->own, key)) /* another request has filled it */
		over = r->own;
	if (over) {
		refused_for(r, over);
		return false;
	}
	/* Where all may bring any number, it is still known by this what goes on. */
	if (series_quota_count(r->own).most)
		series_quota_keep(in->quota, key);
	counter_set(C_WRITE_SERIES, (double)series_quota_count(in->quota).n);
	return true;
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
	if (kind.class != SERIES_REFUSED && !quota_admits(in, l, n))
		kind.class = SERIES_REFUSED;
	kind.months = months_of(value_of(l, n, "freq"));
	return kind;
}

/* --- one request ----------------------------------------------------------------------- */

static void request_free(struct request *r)
{
	atomic_fetch_sub(&r->in->under_way, 1);
	mem_free(r->source);
	mem_free(r->address);
	mem_free(r->sender);
	mem_free(r);
}

/* The store has only one sentence for a series it is told to refuse. */
static void say_limit(const struct request *r, struct err *e)
{
	char who[128], said[SERIES_QUOTA_TEXT];
	const char *option = say_who(r, r->over, who);

	series_quota_say(r->over, who, option, said);
	err_set(e, ERR_LIMIT, "new series were refused: %s", said);
}

static void finished(struct write *w)
{
	struct request *r = w->ctx;
	struct write_job *job = r->job;

	job->err = w->err;
	job->samples = w->samples;
	job->refused = w->refused;
	job->series_limit = r->over != NULL;
	if (r->over && w->err.code == ERR_INVALID)
		say_limit(r, &job->err);
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

/* On 0 the request may be gone. A new day is told of all that goes on: the store asks again. */
static int give_to_store(struct request *r, struct err *e)
{
	struct remote_intake *in = r->in;
	int rc;

	if (in->quota) {
		if (series_quota_turn(in->quota, r->w.received_ms)) {
			series_quotas_begin(in->senders, r->w.received_ms);
			store_reclassify(in->store);
		}
		r->own = series_quotas_of(in->senders, slice_str(r->sender));
	}
	asking = r;
	rc = store_write(in->store, &r->w, e);
	asking = NULL;
	return rc;
}

static char *copy_of(struct slice s)
{
	return mem_strndup(s.p ? s.p : "", s.n);
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
	r->address = copy_of(w->origin);
	r->sender = copy_of(w->user.n ? w->user : w->origin);
	r->w = (struct write){ .body = w->body,
			       .received_ms = w->received_ms,
			       .source = r->source,
			       .origin = "/api/v1/write",
			       .address = r->address,
			       .done = finished,
			       .ctx = r };
	if (!r->source || !r->address || !r->sender)
		err_set(&why, ERR_MEMORY, "no memory for a request");
	else if (give_to_store(r, &why) == 0)
		return 0;
	w->samples = r->w.samples;
	w->refused = r->w.refused;
	request_free(r);
	*e = why;
	return -1;
}
