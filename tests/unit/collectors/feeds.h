/*
 * feeds.h - what the tests of feeds share: a loop with a clock moved by hand, a collector,
 * and a store of the test's own that can be full, busy, failing or slow.
 *
 * "Now" begins at NOW_MS (documents.h). Nothing sleeps: feeds_tick() moves the clock,
 * feeds_idle() turns the loop until no attempt is under way.
 */
#ifndef TESTS_UNIT_COLLECTORS_FEEDS_H
#define TESTS_UNIT_COLLECTORS_FEEDS_H

#include "base/counter.h"
#include "base/log.h"
#include "collectors/feed_private.h"
#include "tests/unit/collectors/documents.h"

#include <unistd.h>

#define FEEDS_CATALOGUE                                                                            \
	"units:\n"                                                                                 \
	"  - {id: jiahe, class: park, name: 甲河}\n"                                             \
	"  - {id: yishan, class: park, name: 乙山}\n"                                            \
	"releases:\n"                                                                              \
	"  - {id: m, freq: M, working_day: 10, january: false}\n"                                  \
	"indicators:\n"                                                                            \
	"  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: ytd,\n"          \
	"     release: m, min: 0, max: 100000}\n"

enum { FEEDS_PATIENCE_MS = 20000, STORED_MAX = 256 };

struct feeds_portions;

enum store_mood { STORE_GOOD, STORE_REFUSES, STORE_FAILS, STORE_SLOW };

struct stored {
	char text[200]; /* series, stamp, value */
	double value;
};

struct feeds {
	struct documents *docs;
	struct clock clock;
	struct loop *loop;
	struct http_client *client;
	struct collector *c;
	struct arena config_arena;
	bool closed;
	char *dir; /* of the test */
	char state_dir[300];
	struct collector_options options;
	int log[2];
	struct err e;
	/* the store */
	enum store_mood mood;
	struct err mood_err;
	struct emit_request *waiting; /* STORE_SLOW: the one not answered yet */
	struct post post;
	struct emit_request *posted;
	unsigned emits;
	struct stored stored[STORED_MAX];
	size_t nstored;
	char origin[300], source[80], owner[80];
	/* of the last one */
	char reason[240], address[64], original[4096];
	size_t original_bytes;
	uint8_t original_sha256[SHA256_BYTES];
	int64_t received_ms;
	bool hold, trusted;
	struct feeds_portions *portions;
	/* of scrapes, which come on a worker */
	bool samples_busy; /* there is no room for them: emit gets them */
	bool answer_first; /* store_samples returns after the loop has the answer */
	bool kept;         /* `posted` was kept when it came */
	atomic_bool told;  /* the loop has it */
	atomic_uint samples_asked;
};

static inline void feeds_answer(struct emit_request *r, const struct err *e)
{
	struct emitted how = { .submission = 7, .fresh = (uint32_t)r->batch->nobs };

	if (e)
		how = (struct emitted){ .err = *e };
	r->done(r, &how);
}

static inline void feeds_keep(struct feeds *f, const struct batch *b)
{
	struct buf name;

	buf_init(&name, 4096);
	for (size_t i = 0; i < b->nobs + b->nsamples && f->nstored < STORED_MAX; i++) {
		bool obs = i < b->nobs;
		size_t k = obs ? i : i - b->nobs;
		struct stored *s = &f->stored[f->nstored++];

		buf_clear(&name);
		labels_print(obs ? b->obs[k].labels : b->samples[k].labels, &name);
		s->value = obs ? b->obs[k].value : b->samples[k].value;
		snprintf(s->text, sizeof(s->text), "%.*s @%lld", SLICE_FMT(buf_all(&name)),
			 (long long)(obs ? b->obs[k].stamp_ms : b->samples[k].t_ms));
	}
	buf_release(&name);
}

static inline void feeds_posted(struct post *p)
{
	struct feeds *f = (struct feeds *)(void *)((char *)p - offsetof(struct feeds, post));
	struct emit_request *r = f->posted;

	f->posted = NULL;
	if (f->mood == STORE_FAILS) {
		feeds_answer(r, &f->mood_err);
		return;
	}
	if (!f->kept)
		feeds_keep(f, r->batch);
	f->kept = false;
	feeds_answer(r, NULL);
	atomic_store(&f->told, true);
}

static inline int feeds_emit(void *ctx, struct emit_request *r, struct err *e)
{
	struct feeds *f = ctx;

	f->emits++;
	if (f->mood == STORE_REFUSES) {
		*e = f->mood_err;
		return -1;
	}
	snprintf(f->origin, sizeof(f->origin), "%s", r->origin);
	snprintf(f->source, sizeof(f->source), "%s", r->source);
	snprintf(f->owner, sizeof(f->owner), "%s", r->owner);
	snprintf(f->reason, sizeof(f->reason), "%s", r->reason);
	snprintf(f->address, sizeof(f->address), "%s", r->address);
	f->original_bytes = r->original.n;
	if (r->original.n && r->original.n <= sizeof(f->original))
		memcpy(f->original, r->original.p, r->original.n);
	memcpy(f->original_sha256, r->original_sha256, SHA256_BYTES);
	f->received_ms = r->received_ms;
	f->hold = r->hold;
	f->trusted = r->trusted;
	if (f->mood == STORE_SLOW) {
		assert_null(f->waiting);
		f->waiting = r;
		return 0;
	}
	assert_null(f->posted);
	f->posted = r;
	f->post.call = feeds_posted;
	loop_post(f->loop, &f->post);
	return 0;
}

/* The samples are there for the call only. */
static inline int feeds_store_samples(void *ctx, struct emit_request *r, struct err *e)
{
	struct feeds *f = ctx;

	atomic_fetch_add(&f->samples_asked, 1);
	if (f->samples_busy)
		return err_set(e, ERR_BUSY, "the samples before are not sealed yet");
	if (f->mood == STORE_GOOD) {
		feeds_keep(f, r->batch);
		f->kept = true;
	}
	atomic_store(&f->told, false);
	if (feeds_emit(f, r, e) < 0)
		return -1;
	for (int i = 0; f->answer_first && i < FEEDS_PATIENCE_MS && !atomic_load(&f->told); i++)
		usleep(1000);
	return 0;
}

static inline struct catalogue *feeds_catalogue(void *ctx)
{
	struct feeds *f = ctx;

	return catalogue_ref(f->docs->cat);
}

static inline void feeds_closed(void *ctx)
{
	*(bool *)ctx = true;
}

/* --- portions: the store's answer on the worker that reads ------------------------------- */

struct feeds_portions {
	unsigned fails; /* this one is not taken, with mood_err; 0: none */
	unsigned busy;  /* so many attempts find the store busy */
	bool always_busy;
	atomic_uint asked;
	unsigned stored;
	char origins[20][80];
};

static inline int feeds_store_portion(void *ctx, struct emit_request *r, struct emitted *how,
				      struct err *e)
{
	struct feeds *f = ctx;
	struct feeds_portions *p = f->portions;

	atomic_fetch_add(&p->asked, 1);
	if (p->always_busy || p->busy) {
		p->busy -= p->busy > 0;
		return err_set(e, ERR_BUSY, "the queue is full");
	}
	if (p->stored + 1 == p->fails) {
		*e = f->mood_err;
		return -1;
	}
	if (p->stored < 20)
		snprintf(p->origins[p->stored], sizeof(p->origins[0]), "%.79s",
			 strrchr(r->origin, '/') + 1);
	p->stored++;
	feeds_keep(f, r->batch);
	*how = (struct emitted){ .submission = p->stored, .fresh = (uint32_t)r->batch->nobs };
	return 0;
}

/* `p` NULL: documents go to the store as a whole. */
static inline struct feeds *feeds_open_with(bool with_client, struct feeds_portions *p,
					    size_t portion_figures)
{
	struct feeds *f = calloc(1, sizeof(*f));
	struct collector_options o = { .emit = feeds_emit,
				       .store_samples = feeds_store_samples,
				       .catalogue = feeds_catalogue };
	struct loop_options lo = { 0 };

	assert_non_null(f);
	assert_int_equal(pipe(f->log), 0);
	log_set_fd(f->log[1]);
	f->docs = documents_open(FEEDS_CATALOGUE, NULL);
	f->dir = tmp_make();
	clock_init_manual(&f->clock, NOW_MS);
	lo.clock = &f->clock;
	f->loop = loop_new(&lo, &f->e);
	if (!f->loop)
		fail_msg("%s", f->e.text);
	if (with_client) {
		f->client = http_client_new(f->loop, &(struct http_client_options){ 0 }, &f->e);
		if (!f->client)
			fail_msg("%s", f->e.text);
	}
	f->portions = p;
	o.store_portion = p ? feeds_store_portion : NULL;
	o.portion_figures = portion_figures;
	o.loop = f->loop;
	o.client = f->client;
	o.emit_ctx = o.catalogue_ctx = f;
	o.history = f->docs->history;
	snprintf(f->state_dir, sizeof(f->state_dir), "%s/folders", f->dir);
	o.state_dir = f->state_dir;
	f->options = o;
	f->c = collector_new(&o, &f->e);
	assert_non_null(f->c);
	arena_init(&f->config_arena, 8 << 20);
	return f;
}

static inline struct feeds *feeds_open(bool with_client)
{
	return feeds_open_with(with_client, NULL, 0);
}

static inline bool feeds_is_closed(void *ctx)
{
	return *(bool *)ctx;
}

static inline void feeds_shut(struct feeds *f)
{
	if (!f->c)
		return;
	collector_close(f->c, feeds_closed, &f->closed);
	f->c = NULL;
}

static inline void feeds_close(struct feeds *f)
{
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	if (f->client)
		http_client_free(f->client);
	loop_free(f->loop);
	arena_release(&f->config_arena);
	log_set_fd(2);
	close(f->log[0]);
	close(f->log[1]);
	tmp_remove(f->dir);
	documents_close(f->docs);
	free(f);
}

/* The list under `feeds:`; paths are relative to the test's folder. */
static inline void feeds_apply(struct feeds *f, const char *yaml)
{
	struct feed_config *list;
	struct yaml_node *root;
	struct diags d;
	size_t n;

	arena_release(&f->config_arena); /* feeds keep copies: what was read may go */
	arena_init(&f->config_arena, 8 << 20);
	diags_init(&d, &f->config_arena, 20);
	root = yaml_parse(slice_str(yaml), "feeds.yaml", &f->config_arena, &d);
	if (!root || feed_configs_read(root, f->dir, &f->config_arena, &d, &list, &n) < 0) {
		diags_print(&d, stderr);
		fail_msg("the configuration is wrong");
	}
	assert_ok(collector_apply(f->c, list, n, &f->e), &f->e);
}

static inline bool feeds_all_waiting(void *ctx)
{
	struct feeds *f = ctx;
	struct feed_status s;

	for (size_t i = 0; i < collector_feeds(f->c); i++) {
		collector_status(f->c, i, &s);
		if (strcmp(s.state, "waiting") != 0)
			return false;
	}
	return f->c->nleaving == 0;
}

static inline void feeds_idle(struct feeds *f)
{
	if (!loop_settle(f->loop, feeds_all_waiting, f, FEEDS_PATIENCE_MS))
		fail_msg("an attempt does not end");
}

/* Time goes on; what becomes due runs to its end. */
static inline void feeds_tick(struct feeds *f, int64_t ms)
{
	loop_advance(f->loop, ms);
	feeds_idle(f);
}

/* An attempt of this feed now. */
static inline void feeds_poll(struct feeds *f, const char *name)
{
	assert_ok(collector_poll(f->c, name, &f->e), &f->e);
	feeds_idle(f);
}

static inline struct feed_status feeds_status(struct feeds *f, const char *name)
{
	struct feed_status s = { 0 };

	for (size_t i = 0; i < collector_feeds(f->c); i++) {
		collector_status(f->c, i, &s);
		if (!strcmp(s.name, name))
			return s;
	}
	fail_msg("no feed %s", name);
	return s;
}

static inline double feeds_counter(enum counter_id id, const char *label)
{
	return counter_get_for(id, slice_str(label));
}

/* What was handed to the store last came with exactly these bytes. */
static inline void feeds_assert_original(struct feeds *f, struct slice want)
{
	uint8_t sha256[SHA256_BYTES];

	sha256_of(want, sha256);
	assert_true(slice_eq(slice_of(f->original, f->original_bytes), want));
	assert_memory_equal(f->original_sha256, sha256, SHA256_BYTES);
}

/* How many log lines so far contain the text; reads them away. */
static inline unsigned feeds_logged(struct feeds *f, const char *part)
{
	char line[65536];
	unsigned n = 0;
	ssize_t got;

	log_event(LOG_INFO, "end of log", log_i("n", 0)); /* so that read() never waits */
	got = read(f->log[0], line, sizeof(line) - 1);
	assert_true(got > 0 && got < (ssize_t)sizeof(line) - 1);
	line[got] = '\0';
	for (const char *p = line; (p = strstr(p, part)); p++)
		n++;
	return n;
}

#endif
