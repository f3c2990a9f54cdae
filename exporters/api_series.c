/*
 * api_series.c - which series there are (prometheus.io/docs/prometheus/latest/querying/api,
 * "Finding series by label matchers").
 *
 * A long list is written piece by piece, each over a snapshot of its own.
 */
#include "exporters/handlers.h"
#include "exporters/json_result.h"
#include "exporters/meta.h"

#include "base/log.h"

enum { ARENA_BYTES = 64 << 20 };

static int check_client(const struct meta *m, struct err *e)
{
	return atomic_load_explicit(&m->x->cancelled, memory_order_relaxed)
		       ? err_set(e, ERR_CANCELLED, "the request was given up")
		       : 0;
}

/* Keeps those that are there in that time, up to the limit; *more when there is another one. */
static int keep_present(struct meta *m, struct series_ref *list, size_t *n, bool *more,
			struct err *e)
{
	bool present[PRESENCE_TOGETHER];
	size_t kept = 0;

	for (size_t i = 0; i < *n && !*more; i++) {
		size_t some = *n - i < PRESENCE_TOGETHER ? *n - i : PRESENCE_TOGETHER;

		if (i % PRESENCE_TOGETHER == 0 &&
		    (check_client(m, e) < 0 ||
		     (m->timed && presence_of_all(&m->time, list + i, some, present, e) < 0)))
			return -1;
		if (m->timed && !present[i % PRESENCE_TOGETHER])
			continue;
		*more = m->limit && kept == m->limit;
		if (!*more)
			list[kept++] = list[i];
	}
	*n = kept;
	return 0;
}

/* What is left to be written of a long list: numbers, since the snapshot goes after each piece. */
struct listing {
	const struct exporter_view *view;
	uint32_t *ids;
	size_t n, at;
	bool truncated;
};

static void end_listing(struct exchange *x, bool truncated)
{
	buf_puts(&x->reply,
		 truncated ? "],\"warnings\":[\"results truncated due to limit\"]}" : "]}");
}

/* Series that were deleted meanwhile are left out. */
static int list_some(struct exchange *x, struct listing *l, struct err *e)
{
	struct snapshot *v = snapshot_open(l->view->store, META_SNAPSHOT_MS, e);
	struct arena a;
	int rc = v ? 0 : -1;

	arena_init(&a, ARENA_BYTES);
	for (; rc == 0 && l->at < l->n && x->reply.n < REPLY_PIECE_BYTES; l->at++) {
		struct arena_mark mark = arena_mark(&a);
		struct series_ref s;

		if (snapshot_series(v, l->ids[l->at], &a, &s, e) == 0) {
			buf_putc(&x->reply, ',');
			json_labels(s.labels, &x->reply);
		} else if (e->code != ERR_NOT_FOUND) {
			rc = -1;
		}
		arena_reset(&a, mark);
	}
	arena_release(&a);
	snapshot_close(v);
	return rc;
}

static void list_more(struct exchange *x)
{
	struct listing *l = x->state;
	struct err e = { 0 };

	if (atomic_load(&x->cancelled)) {
		x->more = NULL;
	} else if (list_some(x, l, &e) < 0) {
		log_event(LOG_WARN, "a list of series ends early", log_err(&e));
		exchange_break(x);
		x->more = NULL;
	} else if (l->at == l->n) {
		end_listing(x, l->truncated);
		x->more = NULL;
	}
}

/* The others are for list_more(). */
static int list_rest(struct exchange *x, const struct series_ref *list, size_t n, bool truncated,
		     struct err *e)
{
	struct listing *l = arena_new(&x->arena, struct listing);

	if (l)
		*l = (struct listing){ .view = x->ctx, .n = n, .truncated = truncated };
	if (!l || !(l->ids = arena_array(&x->arena, n, sizeof(*l->ids))))
		return err_set(e, ERR_LIMIT, "%zu series need more than %zu MiB", n,
			       x->arena.limit >> 20);
	for (size_t i = 0; i < n; i++)
		l->ids[i] = list[i].id;
	x->state = l;
	x->held_bytes = x->arena.held;
	x->more = list_more;
	return 0;
}

static int reply_series(struct meta *m, struct err *e)
{
	struct exchange *x = m->x;
	struct series_ref *list;
	bool more = false;
	size_t n, i;

	if (matches_select(&m->matches, m->v, &m->arena, &list, &n, e) < 0 ||
	    keep_present(m, list, &n, &more, e) < 0)
		return -1;
	x->content_type = "application/json";
	buf_puts(&x->reply, "{\"status\":\"success\",\"data\":[");
	for (i = 0; i < n && x->reply.n < REPLY_PIECE_BYTES; i++) {
		if (i)
			buf_putc(&x->reply, ',');
		json_labels(list[i].labels, &x->reply);
	}
	if (i < n)
		return list_rest(x, list + i, n - i, more, e);
	end_listing(x, more);
	return 0;
}

void serve_series(struct exchange *x)
{
	struct err e = { 0 };
	struct meta m;

	if (meta_open(&m, x, true) < 0)
		return;
	if (reply_series(&m, &e) < 0)
		reply_store_error(x, &e);
	meta_close(&m);
}
