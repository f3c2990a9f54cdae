/*
 * feed_board.c - see feed_board.h.
 *
 * The new copy is made outside the lock, some hundred feeds at a time because the
 * loop has others to serve, then swapped in. Copies are counted, so a page that is
 * made from one does not keep the loop from showing the next.
 */
#include "daemon/feed_board.h"
#include "base/alloc.h"
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum { REFRESH_MS = 2000, AT_ONCE = 200, BOARD_ARENA_BYTES = 64 << 20 };

struct board_copy {
	atomic_uint refs;
	struct arena arena;
	struct feed_row *rows;
	size_t n, all; /* of `all` so many are copied */
};

struct feed_board {
	struct collector *collector;
	struct timer timer;
	struct board_copy *making; /* NULL: none */
	pthread_mutex_t lock;      /* over `now` */
	struct board_copy *now;    /* NULL before the first */
};

static struct board_copy *copy_new(size_t feeds)
{
	struct board_copy *c = mem_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	atomic_init(&c->refs, 1);
	arena_init(&c->arena, BOARD_ARENA_BYTES);
	c->all = feeds;
	c->rows = arena_array(&c->arena, feeds ? feeds : 1, sizeof(*c->rows));
	return c;
}

static void copy_unref(struct board_copy *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	arena_release(&c->arena);
	mem_free(c);
}

static int copy_text(struct arena *a, const char **to, const char *from)
{
	*to = arena_strdup(a, from ? from : "");
	return *to ? 0 : -1;
}

static const char *health_name(enum feed_health h)
{
	static const char *const names[] = { "new", "ok", "failing" };

	return names[h];
}

static int copy_complaints(struct arena *a, struct feed_row *row, const struct feed_status *s)
{
	row->complaints =
		arena_array(a, s->ncomplaints ? s->ncomplaints : 1, sizeof(*row->complaints));
	if (!row->complaints)
		return -1;
	for (size_t i = 0; i < s->ncomplaints; i++) {
		row->complaints[i].reason = refusal_name(s->complaints[i].why);
		row->complaints[i].line = s->complaints[i].line;
		row->complaints[i].column = s->complaints[i].column;
		if (copy_text(a, &row->complaints[i].text, s->complaints[i].text) < 0 ||
		    copy_text(a, &row->complaints[i].place, s->complaints[i].place) < 0 ||
		    copy_text(a, &row->complaints[i].text_zh, s->complaints[i].text_zh) < 0)
			return -1;
		row->ncomplaints++;
	}
	return 0;
}

static int copy_reasons(struct arena *a, struct feed_row *row, const struct feed_document *d)
{
	size_t n = 0;

	for (int r = 0; r < REFUSALS; r++)
		n += d->count[r] > 0;
	row->reasons = arena_array(a, n ? n : 1, sizeof(*row->reasons));
	if (!row->reasons)
		return -1;
	for (int r = 0; r < REFUSALS; r++)
		if (d->count[r])
			row->reasons[row->nreasons++] = (struct feed_reason){
				.reason = refusal_name((enum refusal)r),
				.zh = refusal_zh((enum refusal)r),
				.kept = refusal_keeps((enum refusal)r),
				.n = d->count[r],
			};
	return 0;
}

static void copy_document(struct feed_row *row, const struct feed_document *d)
{
	row->document_ms = d->at_ms;
	row->bytes = d->bytes;
	row->rows = d->rows;
	row->suspect = d->suspect;
	row->submission = d->submission;
	row->fresh = d->fresh;
	row->revised = d->revised;
	row->unchanged = d->unchanged;
	row->fetch_seconds = d->fetch_seconds;
	row->decode_seconds = d->decode_seconds;
}

static void copy_attempts(struct feed_row *row, const struct feed_status *s)
{
	_Static_assert((int)FEED_ROW_ATTEMPTS == (int)FEED_ATTEMPTS, "all are shown");
	row->nattempts = s->nattempts;
	for (size_t i = 0; i < s->nattempts; i++) {
		row->attempts[i].at_ms = s->attempts[i].at_ms;
		row->attempts[i].seconds = s->attempts[i].seconds;
		row->attempts[i].result = s->attempts[i].result;
		row->attempts[i].bytes = s->attempts[i].bytes;
		row->attempts[i].kept = s->attempts[i].kept;
		row->attempts[i].refused = s->attempts[i].refused;
	}
}

static int copy_row(struct arena *a, struct feed_row *row, const struct feed_status *s)
{
	*row = (struct feed_row){
		.health = health_name(s->health),
		.format = s->format,
		.every_ms = s->every_ms,
		.failures = s->failures,
		.body_bytes = s->body_bytes,
		.read_bytes = s->read_bytes,
		.stored_figures = s->stored_figures,
		.kept_total = s->kept_total,
		.refused_total = s->refused_total,
		.bytes_total = s->bytes_total,
		.series = s->series,
		.series_limit = s->series_limit,
		.last_attempt_ms = s->last_attempt_ms,
		.last_success_ms = s->last_success_ms,
		.last_change_ms = s->last_change_ms,
		.next_ms = s->next_ms,
		.failing_since_ms = s->failing_since_ms,
		.kept = s->document->kept,
		.refused = s->document->refused,
	};
	if (copy_text(a, &row->name, s->name) < 0 || copy_text(a, &row->source, s->source) < 0 ||
	    copy_text(a, &row->owner, s->owner) < 0 || copy_text(a, &row->state, s->state) < 0 ||
	    copy_text(a, &row->error, s->error) < 0)
		return -1;
	copy_document(row, s->document);
	copy_attempts(row, s);
	return copy_reasons(a, row, s->document) < 0 ? -1 : copy_complaints(a, row, s);
}

static int copy_some(const struct collector *c, struct board_copy *out)
{
	if (!out->rows)
		return -1;
	for (int i = 0; i < AT_ONCE && out->n < out->all; i++) {
		struct feed_status s;

		collector_status(c, out->n, &s);
		if (copy_row(&out->arena, &out->rows[out->n], &s) < 0)
			return -1;
		out->n++;
	}
	return 0;
}

static void show(struct feed_board *b, struct board_copy *take)
{
	struct board_copy *old;

	pthread_mutex_lock(&b->lock);
	old = b->now;
	b->now = take;
	pthread_mutex_unlock(&b->lock);
	copy_unref(old);
}

static void drop_making(struct feed_board *b)
{
	copy_unref(b->making);
	b->making = NULL;
}

/* Feeds whose list a reload changes between two pieces: at worst one is missing, or there twice,
 * until the next copy; when their number changes the copy is begun again. */
static void refresh(struct timer *t)
{
	struct feed_board *b =
		(struct feed_board *)((char *)t - offsetof(struct feed_board, timer));
	size_t feeds = collector_feeds(b->collector);

	if (b->making && b->making->all != feeds)
		drop_making(b);
	if (!b->making)
		b->making = copy_new(feeds);
	if (!b->making || copy_some(b->collector, b->making) < 0) {
		drop_making(b); /* the older copy stays */
	} else if (b->making->n < feeds) {
		timer_start(&b->timer, 0);
		return;
	} else {
		show(b, b->making);
		b->making = NULL;
	}
	timer_start(&b->timer, REFRESH_MS);
}

struct feed_board *feed_board_new(struct loop *l, struct collector *c, struct err *e)
{
	struct feed_board *b = mem_zalloc(sizeof(*b));

	if (!b) {
		err_set(e, ERR_MEMORY, "no memory for the feeds' board");
		return NULL;
	}
	b->collector = c;
	pthread_mutex_init(&b->lock, NULL);
	timer_init(&b->timer, l, refresh);
	timer_start(&b->timer, 0);
	return b;
}

void feed_board_free(struct feed_board *b)
{
	if (!b)
		return;
	timer_release(&b->timer);
	drop_making(b);
	copy_unref(b->now);
	pthread_mutex_destroy(&b->lock);
	mem_free(b);
}

static int copy_out(const struct feed_row *from, struct arena *a, struct feed_row *to)
{
	const struct feed_row r = *from;

	*to = r;
	to->complaints = arena_array(a, r.ncomplaints ? r.ncomplaints : 1, sizeof(*r.complaints));
	if (!to->complaints || copy_text(a, &to->name, r.name) < 0 ||
	    copy_text(a, &to->source, r.source) < 0 || copy_text(a, &to->owner, r.owner) < 0 ||
	    copy_text(a, &to->state, r.state) < 0 || copy_text(a, &to->error, r.error) < 0)
		return -1;
	to->reasons = arena_array(a, r.nreasons ? r.nreasons : 1, sizeof(*r.reasons));
	if (!to->reasons)
		return -1;
	if (r.nreasons)
		memcpy(to->reasons, r.reasons, r.nreasons * sizeof(*r.reasons));
	for (size_t i = 0; i < r.ncomplaints; i++) {
		to->complaints[i] = r.complaints[i];
		if (copy_text(a, &to->complaints[i].text, r.complaints[i].text) < 0 ||
		    copy_text(a, &to->complaints[i].place, r.complaints[i].place) < 0 ||
		    copy_text(a, &to->complaints[i].text_zh, r.complaints[i].text_zh) < 0)
			return -1;
	}
	return 0;
}

int feed_board_rows(struct feed_board *b, struct arena *a, struct feed_row **out, size_t *n,
		    struct err *e)
{
	struct board_copy *now;
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	now = b->now;
	if (now)
		atomic_fetch_add(&now->refs, 1);
	pthread_mutex_unlock(&b->lock);
	*n = now ? now->n : 0;
	*out = arena_array(a, *n ? *n : 1, sizeof(**out));
	for (size_t i = 0; *out && rc == 0 && i < *n; i++)
		rc = copy_out(&now->rows[i], a, &(*out)[i]);
	copy_unref(now);
	if (!*out || rc < 0)
		return err_set(e, ERR_LIMIT, "no room for the states of %zu feeds", *n);
	return 0;
}
