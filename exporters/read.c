/*
 * read.c - /api/v1/read: samples for another Prometheus
 * (prometheus.io/docs/prometheus/latest/querying/remote_read_api).
 *
 * The response type is the first of the client's list. SAMPLES is one block of snappy:
 * ReadResponse { 1: QueryResult* }, QueryResult { 1: TimeSeries* }. STREAMED_XOR_CHUNKS is frames
 * of read_frames.h. Samples come as they are kept, staleness marks among them; of statistics
 * the newest values, at their stamps. Errors are one line of text, as Prometheus' are here.
 */
#include "exporters/handlers.h"

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

struct reading {
	struct exchange *x;
	struct snapshot *v;
	struct arena arena;
	struct buf raw; /* the request */
	struct read_request request;
	size_t query;      /* the one that is answered */
	struct buf result; /* SAMPLES: of one query */
	struct buf answer; /* SAMPLES: of all, plain */
	struct regex **regexes;
	size_t nregexes, samples;
};

/* --- one query ------------------------------------------------------------------------------ */

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

/* As in Prometheus the limit of samples is for this response type only. */
static int put_samples(struct reading *r, const struct labels *ls, const struct rw_sample *list,
		       size_t n, struct err *e)
{
	r->samples += n;
	if (r->samples > SAMPLES_MAX)
		return err_set(e, ERR_LIMIT, "exceeded sample limit (%d)", SAMPLES_MAX);
	if (n)
		rw_put_series(&r->result, ls->l, ls->n, list, n);
	return buf_check(&r->result, e);
}

static int put_frames(struct reading *r, const struct labels *ls, const struct rw_sample *list,
		      size_t n, struct err *e)
{
	read_put_frames(&r->x->reply, r->query, ls->l, ls->n, list, n);
	return buf_check(&r->x->reply, e);
}

static int put_series(struct reading *r, const struct series_ref *s, const struct read_query *q,
		      struct err *e)
{
	struct arena_mark mark = arena_mark(&r->arena);
	struct rw_sample *list = NULL;
	size_t n = 0;

	if ((s->statistic ? read_figures : read_samples)(r, s->id, q, &list, &n, e) < 0)
		return -1;
	if (!list)
		return err_set(e, ERR_LIMIT, "the samples need more than %zu MiB",
			       r->arena.limit >> 20);
	if ((r->request.response == READ_SAMPLES ? put_samples : put_frames)(r, s->labels, list, n,
									     e) < 0)
		return -1;
	arena_reset(&r->arena, mark);
	return 0;
}

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

/* As in Prometheus a query without matchers finds nothing. */
static int find(struct reading *r, const struct read_query *q, struct err *e)
{
	struct series_ref *list;
	size_t n;

	if (q->nm == 0)
		return 0;
	if (snapshot_select(r->v, q->m, q->nm, &r->arena, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (i % LOOK_EVERY == 0 &&
		    atomic_load_explicit(&r->x->cancelled, memory_order_relaxed))
			return err_set(e, ERR_CANCELLED, "the request was given up");
		if (put_series(r, &list[i], q, e) < 0)
			return -1;
	}
	return 0;
}

static int put_result(struct reading *r, const struct read_query *q, struct err *e)
{
	uint8_t *p;

	buf_clear(&r->result);
	if (find(r, q, e) < 0)
		return -1;
	p = (uint8_t *)buf_room(&r->answer, pb_bytes_size(0) + 10);
	if (p)
		buf_added(&r->answer, (size_t)(pb_put_header(p, 1, r->result.n) - p));
	buf_slice(&r->answer, buf_all(&r->result));
	return buf_check(&r->answer, e);
}

/* --- the request ----------------------------------------------------------------------------- */

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

static int answer_all(struct reading *r,
		      int (*each)(struct reading *r, const struct read_query *q, struct err *e),
		      struct err *e)
{
	const struct exporter_view *view = r->x->ctx;
	struct arena_mark mark = arena_mark(&r->arena);

	r->v = snapshot_open(view->store, SNAPSHOT_MS, e);
	if (!r->v)
		return -1;
	for (r->query = 0; r->query < r->request.n; r->query++) {
		if (each(r, &r->request.queries[r->query], e) < 0)
			return -1;
		arena_reset(&r->arena, mark);
	}
	return 0;
}

static int answer(struct reading *r, struct err *e)
{
	struct exchange *x = r->x;

	if (r->request.response == READ_STREAMED_XOR_CHUNKS) {
		x->content_type =
			"application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
		return answer_all(r, find, e);
	}
	if (answer_all(r, put_result, e) < 0 ||
	    snappy_encode(buf_all(&r->answer), &x->reply, e) < 0)
		return -1;
	x->content_type = "application/x-protobuf";
	exchange_set_header(x, "Content-Encoding", "snappy");
	return 0;
}

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

void serve_read(struct exchange *x)
{
	struct reading r = { .x = x };
	struct err e = { 0 };

	arena_init(&r.arena, ARENA_BYTES);
	buf_init(&r.raw, BODY_BYTES);
	buf_init(&r.result, ANSWER_BYTES);
	buf_init(&r.answer, ANSWER_BYTES);
	if (read_request(&r, &e) < 0)
		reply_error(x, 400, &e);
	else if (answer(&r, &e) < 0)
		reply_error(x, e.code == ERR_LIMIT ? 400 : e.code == ERR_TIMEOUT ? 503 : 500, &e);
	reading_release(&r);
}
