/*
 * feed_board.c - see feed_board.h.
 *
 * Two arenas in turn: the new copy is made outside the lock, then swapped in.
 */
#include "daemon/feed_board.h"
#include "base/alloc.h"
#include "base/log.h"

#include <pthread.h>
#include <stddef.h>

enum { REFRESH_MS = 2000, BOARD_ARENA_BYTES = 64 << 20 };

struct board_copy {
	struct arena arena;
	struct feed_row *rows;
	size_t n;
};

struct feed_board {
	struct collector *collector;
	struct timer timer;
	pthread_mutex_t lock;
	struct board_copy now;
};

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
		if (copy_text(a, &row->complaints[i].text, s->complaints[i].text) < 0)
			return -1;
		row->ncomplaints++;
	}
	return 0;
}

static int copy_row(struct arena *a, struct feed_row *row, const struct feed_status *s)
{
	*row = (struct feed_row){
		.health = health_name(s->health),
		.last_success_ms = s->last_success_ms,
		.last_change_ms = s->last_change_ms,
		.next_ms = s->next_ms,
		.failing_since_ms = s->failing_since_ms,
		.kept = s->kept,
		.refused = s->refused,
	};
	if (copy_text(a, &row->name, s->name) < 0 || copy_text(a, &row->source, s->source) < 0 ||
	    copy_text(a, &row->owner, s->owner) < 0 || copy_text(a, &row->state, s->state) < 0 ||
	    copy_text(a, &row->error, s->error) < 0)
		return -1;
	return copy_complaints(a, row, s);
}

static int make_copy(const struct collector *c, struct board_copy *out)
{
	size_t n = collector_feeds(c);

	arena_init(&out->arena, BOARD_ARENA_BYTES);
	out->rows = arena_array(&out->arena, n ? n : 1, sizeof(*out->rows));
	out->n = 0;
	if (!out->rows)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct feed_status s;

		collector_status(c, i, &s);
		if (copy_row(&out->arena, &out->rows[i], &s) < 0)
			return -1;
		out->n++;
	}
	return 0;
}

static void refresh(struct timer *t)
{
	struct feed_board *b =
		(struct feed_board *)((char *)t - offsetof(struct feed_board, timer));
	struct board_copy fresh, old;

	timer_start(&b->timer, REFRESH_MS);
	if (make_copy(b->collector, &fresh) < 0) {
		arena_release(&fresh.arena);
		return; /* the older copy stays */
	}
	pthread_mutex_lock(&b->lock);
	old = b->now;
	b->now = fresh;
	pthread_mutex_unlock(&b->lock);
	arena_release(&old.arena);
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
	arena_init(&b->now.arena, BOARD_ARENA_BYTES);
	timer_init(&b->timer, l, refresh);
	timer_start(&b->timer, 0);
	return b;
}

void feed_board_free(struct feed_board *b)
{
	if (!b)
		return;
	timer_release(&b->timer);
	arena_release(&b->now.arena);
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
	for (size_t i = 0; i < r.ncomplaints; i++) {
		to->complaints[i] = r.complaints[i];
		if (copy_text(a, &to->complaints[i].text, r.complaints[i].text) < 0)
			return -1;
	}
	return 0;
}

int feed_board_rows(struct feed_board *b, struct arena *a, struct feed_row **out, size_t *n,
		    struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	*n = b->now.n;
	*out = arena_array(a, *n ? *n : 1, sizeof(**out));
	for (size_t i = 0; *out && rc == 0 && i < *n; i++)
		rc = copy_out(&b->now.rows[i], a, &(*out)[i]);
	pthread_mutex_unlock(&b->lock);
	if (!*out || rc < 0)
		return err_set(e, ERR_LIMIT, "no room for the states of %zu feeds", *n);
	return 0;
}
