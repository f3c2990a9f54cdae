/*
 * read.c - /api/v1/read: samples for another Prometheus
 * (prometheus.io/docs/prometheus/latest/querying/remote_read_api).
 *
 * The response type is the first of the client's list. SAMPLES is one block of snappy:
 * ReadResponse { 1: QueryResult* }, QueryResult { 1: TimeSeries* }. STREAMED_XOR_CHUNKS is frames
 * of read_frames.h, made while they are sent: each piece has a snapshot of its own, so that a slow
 * client holds none, and a long answer is no more in memory than one series.
 *
 * Samples come as they are kept, staleness marks among them; of statistics the newest values, at
 * their stamps. Errors are one line of text, as Prometheus' are here.
 */
#include "exporters/handlers.h"

#include "base/log.h"
#include "base/protobuf.h"
#include "base/read_frames.h"
#include "base/remote_read.h"
#include "base/remote_write.h"
#include "base/snappy.h"

enum {
	SNAPSHOT_MS = 30 * 1000,
	BODY_BYTES = 1 << 20,
	ARENA_BYTES = 256 << 20,
	ANSWER_BYTES = 256 << 20,
	SAMPLES_MAX = 10 * 1000 * 1000,
	LOOK_EVERY = 64,
};

/* How far an answer in chunks has come. */
struct place {
	size_t queries;            /* begun */
	struct series_ref *series; /* that the last of them found */
	size_t nseries, i;         /* i: begun */
	struct rw_sample *samples; /* of the last of them, not written yet */
	size_t nsamples;
	struct arena_mark request, query; /* the arena without what comes after them */
};

/* In the exchange's arena. */
struct reading {
	struct exchange *x;
	struct snapshot *v;
	struct arena arena;
	struct buf raw; /* the request */
	struct read_request request;
	struct regex **regexes;
	size_t nregexes;
	struct buf result; /* SAMPLES: of one query */
	struct buf answer; /* SAMPLES: of all, plain */
	size_t samples;
	struct place at; /* STREAMED_XOR_CHUNKS */
};

static void reading_release(struct reading *r)
{
	for (size_t i = 0; i < r->nregexes; i++)
		regex_free(r->regexes[i]);
	snapshot_close(r->v);
	buf_release(&r->raw);
	buf_release(&r->result);
	buf_release(&r->answer);
	arena_release(&r->arena);
}

/* --- one series ------------------------------------------------------------------------------ */

static int read_samples(struct reading *r, uint32_t id, const struct read_query *q,
			struct rw_sample **out, size_t *n, struct err *e)
{
	struct samples list;

	if (snapshot_samples(r->v, id, q->from_ms, q->to_ms, &r->arena, &list, e) < 0)
		return -1;
	*n = list.n;
	*out = arena_array(&r->arena, list.n + 1, sizeof(**out));
	for (size_t i = 0; *out && i < list.n; i++)
		(*out)[i] = (struct rw_sample){ list.t_ms[i], list.value[i] };
	return 0;
}

static int read_figures(struct reading *r, uint32_t id, const struct read_query *q,
			struct rw_sample **out, size_t *n, struct err *e)
{
	struct vintage *list;

	if (snapshot_figures(r->v, id, q->from_ms, q->to_ms, VIEW_LATEST, &r->arena, &list, n, e) <
	    0)
		return -1;
	*out = arena_array(&r->arena, *n + 1, sizeof(**out));
	for (size_t i = 0; *out && i < *n; i++)
		(*out)[i] = (struct rw_sample){ list[i].stamp_ms, list[i].value };
	return 0;
}

static int read_series(struct reading *r, const struct series_ref *s, const struct read_query *q,
		       struct rw_sample **list, size_t *n, struct err *e)
{
	if ((s->statistic ? read_figures : read_samples)(r, s->id, q, list, n, e) < 0)
		return -1;
	return *list ? 0
		     : err_set(e, ERR_LIMIT, "the samples need more than %zu MiB",
			       r->arena.limit >> 20);
}

/* As in Prometheus a query without matchers finds nothing. */
static int find(struct reading *r, const struct read_query *q, struct series_ref **list, size_t *n,
		struct err *e)
{
	*n = 0;
	return q->nm == 0 ? 0 : snapshot_select(r->v, q->m, q->nm, &r->arena, list, n, e);
}

static bool given_up(const struct reading *r)
{
	return atomic_load_explicit(&r->x->cancelled, memory_order_relaxed);
}

static int open_snapshot(struct reading *r, struct err *e)
{
	const struct exporter_view *view = r->x->ctx;

	r->v = snapshot_open(view->store, SNAPSHOT_MS, e);
	return r->v ? 0 : -1;
}

static void close_snapshot(struct reading *r)
{
	snapshot_close(r->v);
	r->v = NULL;
}

/* --- samples -------------------------------------------------------------------------------- */

static int put_series(struct reading *r, const struct series_ref *s, const struct read_query *q,
		      struct err *e)
{
	struct arena_mark mark = arena_mark(&r->arena);
	struct rw_sample *list = NULL;
	size_t n = 0;

	if (read_series(r, s, q, &list, &n, e) < 0)
		return -1;
	r->samples += n;
	if (r->samples > SAMPLES_MAX)
		return err_set(e, ERR_LIMIT, "exceeded sample limit (%d)", SAMPLES_MAX);
	if (n)
		rw_put_series(&r->result, s->labels->l, s->labels->n, list, n);
	arena_reset(&r->arena, mark);
	return buf_check(&r->result, e);
}

static int put_all(struct reading *r, const struct read_query *q, struct err *e)
{
	struct series_ref *list;
	size_t n;

	if (find(r, q, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (i % LOOK_EVERY == 0 && given_up(r))
			return err_set(e, ERR_CANCELLED, "the request was given up");
		if (put_series(r, &list[i], q, e) < 0)
			return -1;
	}
	return 0;
}

static int put_result(struct reading *r, const struct read_query *q, struct err *e)
{
	struct arena_mark mark = arena_mark(&r->arena);
	uint8_t *p;

	buf_clear(&r->result);
	if (put_all(r, q, e) < 0)
		return -1;
	p = (uint8_t *)buf_room(&r->answer, pb_bytes_size(0) + 10);
	if (p)
		buf_added(&r->answer, (size_t)(pb_put_header(p, 1, r->result.n) - p));
	buf_slice(&r->answer, buf_all(&r->result));
	arena_reset(&r->arena, mark);
	return buf_check(&r->answer, e);
}

static int answer_samples(struct reading *r, struct err *e)
{
	if (open_snapshot(r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->request.n; i++)
		if (put_result(r, &r->request.queries[i], e) < 0)
			return -1;
	if (snappy_encode(buf_all(&r->answer), &r->x->reply, e) < 0)
		return -1;
	r->x->content_type = "application/x-protobuf";
	exchange_set_header(r->x, "Content-Encoding", "snappy");
	return 0;
}

/* --- chunks ---------------------------------------------------------------------------------- */

/* Labels must outlive this piece's snapshot. */
static int begin_query(struct reading *r, struct err *e)
{
	struct place *at = &r->at;

	arena_reset(&r->arena, at->request);
	at->i = 0;
	if (find(r, &r->request.queries[at->queries++], &at->series, &at->nseries, e) < 0)
		return -1;
	for (size_t i = 0; i < at->nseries; i++) {
		at->series[i].labels = labels_copy(&r->arena, at->series[i].labels);
		if (!at->series[i].labels)
			return err_set(e, ERR_LIMIT, "the series need more than %zu MiB",
				       r->arena.limit >> 20);
	}
	at->query = arena_mark(&r->arena);
	return 0;
}

/* One that was deleted since it was found has no samples. */
static int begin_series(struct reading *r, struct err *e)
{
	struct place *at = &r->at;
	const struct read_query *q = &r->request.queries[at->queries - 1];

	arena_reset(&r->arena, at->query);
	if (read_series(r, &at->series[at->i++], q, &at->samples, &at->nsamples, e) == 0)
		return 0;
	at->nsamples = 0;
	return e->code == ERR_NOT_FOUND ? 0 : -1;
}

/* To the next samples to be written; *last: there are no more. */
static int advance(struct reading *r, bool *last, struct err *e)
{
	struct place *at = &r->at;

	*last = false;
	while (at->nsamples == 0 && !*last) {
		int rc = 0;

		if (given_up(r))
			return err_set(e, ERR_CANCELLED, "the request was given up");
		if (at->i < at->nseries)
			rc = begin_series(r, e);
		else if (at->queries < r->request.n)
			rc = begin_query(r, e);
		else
			*last = true;
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int put_frame(struct reading *r, struct err *e)
{
	struct place *at = &r->at;
	const struct labels *ls = at->series[at->i - 1].labels;
	size_t n = read_put_frame(&r->x->reply, at->queries - 1, ls->l, ls->n, at->samples,
				  at->nsamples);

	at->samples += n;
	at->nsamples -= n;
	return buf_check(&r->x->reply, e);
}

static int put_piece(struct reading *r, bool *last, struct err *e)
{
	int rc = open_snapshot(r, e);

	while (rc == 0 && r->x->reply.n < REPLY_PIECE_BYTES) {
		rc = advance(r, last, e);
		if (rc < 0 || *last)
			break;
		rc = put_frame(r, e);
	}
	close_snapshot(r);
	return rc;
}

/* The next piece; what goes wrong now can only end the connection. */
static void answer_more(struct exchange *x)
{
	struct reading *r = x->state;
	struct err e = { 0 };
	bool last = true;

	if (!given_up(r) && put_piece(r, &last, &e) < 0) {
		if (e.code != ERR_CANCELLED)
			log_event(LOG_WARN, "an answer to remote read ends early", log_err(&e));
		exchange_break(x);
		last = true;
	}
	if (!last)
		return;
	x->more = NULL;
	reading_release(r);
}

static int answer_chunks(struct reading *r, struct err *e)
{
	struct exchange *x = r->x;
	bool last = false;

	r->at.request = arena_mark(&r->arena);
	if (put_piece(r, &last, e) < 0)
		return -1;
	x->content_type = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
	x->state = r;
	x->held_bytes = r->arena.held;
	x->more = last ? NULL : answer_more;
	return 0;
}

/* --- the request ----------------------------------------------------------------------------- */

static int make_regexes(struct reading *r, const struct read_query *q, struct err *e)
{
	for (size_t i = 0; i < q->nm; i++) {
		struct matcher *m = &q->m[i];

		if (m->op != MATCH_RE && m->op != MATCH_NRE)
			continue;
		m->re = regex_new(m->value, e);
		if (!m->re)
			return -1;
		r->regexes[r->nregexes++] = (struct regex *)(uintptr_t)m->re;
	}
	return 0;
}

static int read_request(struct reading *r, struct err *e)
{
	struct read_request *q = &r->request;
	size_t matchers = 0;

	if (snappy_decode(r->x->body, BODY_BYTES, &r->raw, e) < 0 ||
	    read_request_parse(buf_all(&r->raw), &r->arena, q, e) < 0)
		return -1;
	if (q->response == READ_RESPONSE_NONE)
		return err_set(e, ERR_INVALID,
			       "server does not support any of the requested response types; "
			       "supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]");
	for (size_t i = 0; i < q->n; i++)
		matchers += q->queries[i].nm;
	r->regexes = arena_array(&r->arena, matchers + 1, sizeof(struct regex *));
	if (!r->regexes)
		return err_set(e, ERR_LIMIT, "the request needs more than %zu MiB",
			       r->arena.limit >> 20);
	for (size_t i = 0; i < q->n; i++)
		if (make_regexes(r, &q->queries[i], e) < 0)
			return -1;
	return 0;
}

void serve_read(struct exchange *x)
{
	struct reading *r = arena_new(&x->arena, struct reading);
	struct err e = { 0 };

	if (!r) {
		err_set(&e, ERR_MEMORY, "no memory for this request");
		reply_error(x, 503, &e);
		return;
	}
	r->x = x;
	arena_init(&r->arena, ARENA_BYTES);
	buf_init(&r->raw, BODY_BYTES);
	buf_init(&r->result, ANSWER_BYTES);
	buf_init(&r->answer, ANSWER_BYTES);
	if (read_request(r, &e) < 0)
		reply_error(x, 400, &e);
	else if ((r->request.response == READ_SAMPLES ? answer_samples : answer_chunks)(r, &e) < 0)
		reply_error(x, e.code == ERR_LIMIT ? 400 : e.code == ERR_TIMEOUT ? 503 : 500, &e);
	if (!x->more)
		reading_release(r);
}
