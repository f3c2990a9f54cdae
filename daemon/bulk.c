/* bulk.c - see bulk.h. */
#include "daemon/bulk.h"

#include "base/alloc.h"
#include "base/remote_write.h"
#include "base/snappy.h"

#include <pthread.h>
#include <time.h>

enum {
	REQUEST_SAMPLES = 5000,
	REQUEST_BYTES = 4 << 20, /* whichever is reached first */
	UNDER_WAY = 8,
	PILE_ROWS = 100000,
	PILE_BYTES = 32 << 20, /* of rows; whichever is reached first */
	BUSY_WAIT_MS = 100,
	BUSY_TRIES = 3000,
	LOOK_UP_DEADLINE_MS = 600000,
};

/* A request. */
struct slot {
	struct write w;
	struct bulk *b;
	struct buf body;
	bool busy;      /* under the lock */
	bool collected; /* its outcome was looked at */
	uint64_t first_line, last_line;
};

/* Figures of one submission. */
struct pile {
	struct observation *obs; /* each with a reference to its labels */
	uint64_t *line;
	size_t n, cap;
	struct buf text; /* the rows as they came, with the header */
};

enum { RELEASED, DRAFTS, PILES };

struct bulk {
	struct bulk_options o;
	struct bulk_counts counts;

	struct buf texts; /* of the series at hand */
	struct label given[LABELS_MAX];
	struct label l[LABELS_MAX]; /* the same as a set holds them */
	size_t ngiven, n;
	struct labels *labels; /* interned when a figure needs them */
	bool has_series;

	struct buf raw;        /* the request at hand */
	struct rw_sample *run; /* of the series at hand, not in it yet */
	size_t nrun, nraw;
	uint64_t first_line, last_line;

	struct pile piles[PILES];
	struct buf header;
	uint32_t refused; /* rows, not told with a submission yet */

	pthread_mutex_t lock;
	pthread_cond_t finished;
	struct slot slots[UNDER_WAY];
};

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory to import");
}

struct bulk *bulk_new(const struct bulk_options *o, struct err *e)
{
	struct bulk *b = mem_zalloc(sizeof(*b));
	struct rw_sample *run = mem_alloc(REQUEST_SAMPLES * sizeof(*run));

	if (!b || !run) {
		mem_free(b);
		mem_free(run);
		no_memory(e);
		return NULL;
	}
	b->o = *o;
	b->run = run;
	buf_init(&b->texts, 1 << 20);
	buf_init(&b->raw, remote_write_defaults.raw_bytes);
	buf_init(&b->header, 1 << 20);
	for (int i = 0; i < PILES; i++)
		buf_init(&b->piles[i].text, 2 * PILE_BYTES);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->finished, NULL);
	for (int i = 0; i < UNDER_WAY; i++) {
		b->slots[i].b = b;
		b->slots[i].collected = true;
		buf_init(&b->slots[i].body, 2 * remote_write_defaults.raw_bytes);
	}
	return b;
}

static void wait_for_all(struct bulk *b)
{
	pthread_mutex_lock(&b->lock);
	for (int i = 0; i < UNDER_WAY; i++)
		while (b->slots[i].busy)
			pthread_cond_wait(&b->finished, &b->lock);
	pthread_mutex_unlock(&b->lock);
}

static void pile_clear(struct pile *p)
{
	for (size_t i = 0; i < p->n; i++)
		labels_unref(p->obs[i].labels);
	p->n = 0;
	buf_clear(&p->text);
}

void bulk_free(struct bulk *b)
{
	if (!b)
		return;
	wait_for_all(b);
	for (int i = 0; i < PILES; i++) {
		pile_clear(&b->piles[i]);
		mem_free(b->piles[i].obs);
		mem_free(b->piles[i].line);
		buf_release(&b->piles[i].text);
	}
	for (int i = 0; i < UNDER_WAY; i++)
		buf_release(&b->slots[i].body);
	labels_unref(b->labels);
	buf_release(&b->texts);
	buf_release(&b->raw);
	buf_release(&b->header);
	pthread_cond_destroy(&b->finished);
	pthread_mutex_destroy(&b->lock);
	mem_free(b->run);
	mem_free(b);
}

void bulk_counts(const struct bulk *b, struct bulk_counts *out)
{
	*out = b->counts;
}

/* --- requests under way ------------------------------------------------------------------- */

static void request_done(struct write *w)
{
	struct slot *s = w->ctx;

	pthread_mutex_lock(&s->b->lock);
	s->busy = false;
	pthread_cond_signal(&s->b->finished);
	pthread_mutex_unlock(&s->b->lock);
}

/* Looks at how a request ended. -1: the store failed. */
static int collect(struct slot *s, struct err *e)
{
	struct bulk *b = s->b;

	if (s->collected)
		return 0;
	s->collected = true;
	b->counts.samples += s->w.samples;
	if (s->w.refused)
		b->o.refused(b->o.ctx, s->first_line, s->last_line, s->w.refused, s->w.err.text);
	if (s->w.err.code == ERR_NONE || s->w.err.code == ERR_INVALID)
		return 0;
	*e = s->w.err;
	return -1;
}

/* Any that is free, waiting for one if need be. */
static struct slot *take_slot(struct bulk *b, struct err *e)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&b->lock);
	while (!s) {
		for (int i = 0; i < UNDER_WAY && !s; i++)
			if (!b->slots[i].busy)
				s = &b->slots[i];
		if (!s)
			pthread_cond_wait(&b->finished, &b->lock);
	}
	pthread_mutex_unlock(&b->lock);
	return collect(s, e) < 0 ? NULL : s;
}

static int hand_over(struct bulk *b, struct slot *s, struct err *e)
{
	const struct timespec pause = { .tv_nsec = BUSY_WAIT_MS * 1000000L };

	for (int i = 0;; i++) {
		s->w = (struct write){ .body = buf_all(&s->body),
				       .received_ms = wall_ms(),
				       .done = request_done,
				       .ctx = s };
		s->busy = true;
		s->collected = false;
		if (store_write(b->o.store, &s->w, e) == 0)
			return 0;
		s->busy = false;
		s->collected = true;
		if (e->code != ERR_BUSY || i == BUSY_TRIES)
			return -1;
		nanosleep(&pause, NULL);
	}
}

static void put_run(struct bulk *b)
{
	if (b->nrun)
		rw_put_series(&b->raw, b->l, b->n, b->run, b->nrun);
	b->nraw += b->nrun;
	b->nrun = 0;
}

static int send_request(struct bulk *b, struct err *e)
{
	struct slot *s;

	put_run(b);
	if (!b->nraw)
		return 0;
	s = take_slot(b, e);
	if (!s)
		return -1;
	buf_clear(&s->body);
	if (buf_check(&b->raw, e) < 0 || snappy_encode(buf_all(&b->raw), &s->body, e) < 0)
		return -1;
	s->first_line = b->first_line;
	s->last_line = b->last_line;
	buf_clear(&b->raw);
	b->nraw = 0;
	return hand_over(b, s, e);
}

static int finish_requests(struct bulk *b, struct err *e)
{
	int rc = send_request(b, e);

	wait_for_all(b);
	for (int i = 0; i < UNDER_WAY; i++)
		if (collect(&b->slots[i], e) < 0)
			rc = -1;
	return rc;
}

/* --- series -------------------------------------------------------------------------------- */

static bool is_given(const struct bulk *b, const struct label *l, size_t n)
{
	if (!b->has_series || n != b->ngiven)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(l[i].name, b->given[i].name) ||
		    !slice_eq(l[i].value, b->given[i].value))
			return false;
	return true;
}

static int copy_labels(struct bulk *b, const struct label *l, size_t n, struct err *e)
{
	const char *p;

	buf_clear(&b->texts);
	for (size_t i = 0; i < n; i++) {
		buf_slice(&b->texts, l[i].name);
		buf_slice(&b->texts, l[i].value);
	}
	if (buf_check(&b->texts, e) < 0)
		return -1;
	p = b->texts.p;
	for (size_t i = 0; i < n; i++) {
		b->given[i].name = slice_of(p, l[i].name.n);
		b->given[i].value = slice_of(p + l[i].name.n, l[i].value.n);
		p += l[i].name.n + l[i].value.n;
	}
	b->ngiven = n;
	return 0;
}

int bulk_series(struct bulk *b, const struct label *l, size_t n, struct err *e)
{
	if (is_given(b, l, n))
		return 0;
	put_run(b);
	labels_unref(b->labels);
	b->labels = NULL;
	b->has_series = false;
	if (n > LABELS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d labels", LABELS_MAX);
	if (copy_labels(b, l, n, e) < 0 || labels_normalize(b->given, n, b->l, &b->n, e) < 0)
		return -1;
	b->has_series = true;
	return 0;
}

int bulk_sample(struct bulk *b, int64_t t_ms, double value, uint64_t line, struct err *e)
{
	if (b->nraw + b->nrun == 0)
		b->first_line = line;
	b->last_line = line;
	b->run[b->nrun++] = (struct rw_sample){ t_ms, value };
	if (b->nraw + b->nrun < REQUEST_SAMPLES && b->raw.n < REQUEST_BYTES)
		return 0;
	return send_request(b, e);
}

/* --- figures --------------------------------------------------------------------------------- */

static void answered(struct append *a)
{
	struct bulk *b = a->ctx;

	/* Borrowed: no request is under way while figures are written. */
	pthread_mutex_lock(&b->lock);
	b->slots[0].busy = false;
	pthread_cond_signal(&b->finished);
	pthread_mutex_unlock(&b->lock);
}

static int append_and_wait(struct bulk *b, struct append *a, struct err *e)
{
	a->done = answered;
	a->ctx = b;
	b->slots[0].busy = true;
	if (store_append(b->o.store, a, e) < 0) {
		b->slots[0].busy = false;
		return -1;
	}
	wait_for_all(b);
	if (a->err.code == ERR_NONE)
		return 0;
	*e = a->err;
	return -1;
}

/* Leaves out the figures of series that are plain, so that the others can be kept. */
static int drop_plain(struct bulk *b, struct pile *p, struct snapshot *v, struct err *e)
{
	struct labels *asked = NULL;
	bool plain = false;
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct series_ref s = { .statistic = true };

		if (p->obs[i].labels != asked) {
			asked = p->obs[i].labels;
			if (snapshot_find(v, asked, &s, e) < 0 && e->code != ERR_NOT_FOUND)
				return -1;
			plain = !s.statistic;
		}
		if (plain) {
			b->o.refused(b->o.ctx, p->line[i], p->line[i], 1,
				     "the series is plain and cannot take a figure: export, delete "
				     "and import it");
			b->refused++;
			labels_unref(p->obs[i].labels);
			asked = NULL; /* its memory may be another set's next */
			continue;
		}
		p->line[kept] = p->line[i];
		p->obs[kept++] = p->obs[i];
	}
	p->n = kept;
	return 0;
}

static int check_kinds(struct bulk *b, struct pile *p, struct err *e)
{
	struct snapshot *v = snapshot_open(b->o.store, LOOK_UP_DEADLINE_MS, e);
	int rc = v ? drop_plain(b, p, v, e) : -1;

	snapshot_close(v);
	return rc;
}

static int hand_in(struct bulk *b, struct pile *p, bool draft, struct err *e)
{
	int64_t now = wall_ms();
	struct append a = { .submission = { .source = b->o.source,
					    .owner = b->o.owner,
					    .origin = b->o.origin,
					    .received_ms = now,
					    .released_ms = draft ? 0 : now,
					    .trusted = b->o.trusted,
					    .body = buf_all(&p->text) },
			    .obs = p->obs,
			    .nobs = p->n };

	if (p->n == 0)
		return 0;
	if (check_kinds(b, p, e) < 0)
		return -1;
	if (p->n == 0) {
		pile_clear(p);
		return 0;
	}
	a.nobs = p->n;
	a.submission.refused = b->refused;
	if (append_and_wait(b, &a, e) < 0)
		return -1;
	b->counts.fresh += a.fresh;
	b->counts.revised += a.revised;
	b->counts.unchanged += a.unchanged;
	b->counts.drafts += draft ? a.fresh + a.revised : 0;
	b->counts.submissions++;
	b->refused = 0;
	pile_clear(p);
	return 0;
}

static int hand_in_piles(struct bulk *b, struct err *e)
{
	if (b->piles[RELEASED].n + b->piles[DRAFTS].n == 0)
		return 0;
	if (finish_requests(b, e) < 0)
		return -1;
	return hand_in(b, &b->piles[RELEASED], false, e) < 0 ||
			       hand_in(b, &b->piles[DRAFTS], true, e) < 0
		       ? -1
		       : 0;
}

static int pile_room(struct pile *p, struct err *e)
{
	size_t cap = p->cap ? p->cap * 2 : 1024;
	struct observation *obs;
	uint64_t *line;

	if (p->n < p->cap)
		return 0;
	obs = mem_realloc(p->obs, cap * sizeof(*obs));
	if (!obs)
		return no_memory(e);
	p->obs = obs;
	line = mem_realloc(p->line, cap * sizeof(*line));
	if (!line)
		return no_memory(e);
	p->line = line;
	p->cap = cap;
	return 0;
}

static bool same_period(const struct observation *a, const struct observation *b)
{
	return a->labels == b->labels && a->stamp_ms == b->stamp_ms;
}

/* Where a figure was released only after its correction was, nobody ever saw it as the newest. It
 * must not become that by being known later. */
static void keep_order(struct pile *p)
{
	const struct observation *last = &p->obs[p->n - 1];

	for (size_t i = p->n - 1; i > 0 && same_period(&p->obs[i - 1], last); i--)
		if (last->known_from_ms && p->obs[i - 1].known_from_ms > last->known_from_ms)
			p->obs[i - 1].known_from_ms = last->known_from_ms;
}

int bulk_header(struct bulk *b, struct slice line, struct err *e)
{
	buf_clear(&b->header);
	buf_slice(&b->header, line);
	buf_putc(&b->header, '\n');
	return buf_check(&b->header, e);
}

void bulk_note_refused(struct bulk *b)
{
	b->refused += b->refused < UINT32_MAX;
}

static bool is_full(const struct pile *p, const struct observation *next)
{
	return (p->n >= PILE_ROWS || p->text.n >= PILE_BYTES) &&
	       !same_period(&p->obs[p->n - 1], next);
}

static int keep_row(struct bulk *b, struct pile *p, struct slice text, struct err *e)
{
	if (!p->text.n)
		buf_slice(&p->text, buf_all(&b->header));
	buf_slice(&p->text, text);
	buf_putc(&p->text, '\n');
	return buf_check(&p->text, e);
}

int bulk_figure(struct bulk *b, const struct observation *o, bool draft, struct slice text,
		uint64_t line, struct err *e)
{
	struct pile *p = &b->piles[draft ? DRAFTS : RELEASED];
	struct observation mine = *o;

	if (!b->labels)
		b->labels = labels_intern(b->l, b->n, e);
	if (!b->labels)
		return -1;
	mine.labels = b->labels;
	if (is_full(p, &mine) && hand_in_piles(b, e) < 0)
		return -1;
	if (pile_room(p, e) < 0 || keep_row(b, p, text, e) < 0)
		return -1;
	mine.labels = labels_ref(b->labels);
	p->line[p->n] = line;
	p->obs[p->n++] = mine;
	keep_order(p);
	return 0;
}

int bulk_finish(struct bulk *b, struct err *e)
{
	return finish_requests(b, e) < 0 || hand_in_piles(b, e) < 0 ? -1 : 0;
}
