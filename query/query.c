/*
 * query.c - a query from its text to its answer, and the queries that run.
 *
 *     text ─▶ parse ─▶ plan ─▶ wait for a turn ─▶ evaluate ─▶ work rows out ─▶ names, order
 */
#include "query/query.h"

#include "base/alloc.h"
#include "query/answer.h"
#include "query/plan.h"
#include "query/print.h"
#include "query/workers.h"

#include <time.h>
#include <unistd.h>

enum {
	DEFAULT_LOOKBACK_MS = 5 * 60 * 1000,
	DEFAULT_SUBQUERY_STEP_MS = 60 * 1000,
	DEFAULT_TIMEOUT_MS = 2 * 60 * 1000,
	DEFAULT_CONCURRENT = 20,
	DEFAULT_POINTS = 50 * 1000 * 1000,
	FAILURE_BYTES = 8192,
	WORKERS_MAX = 255,
};

struct engine {
	struct engine_options o;
	struct workers *pool;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct query *first; /* newest first */
	uint64_t next_number;
	struct engine_status status;
};

/* --- the engine ------------------------------------------------------------------------------ */

static unsigned other_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 1 ? (n - 1 < WORKERS_MAX ? (unsigned)(n - 1) : WORKERS_MAX) : 0;
}

static void fill_in(struct engine_options *o)
{
	if (o->lookback_ms == 0)
		o->lookback_ms = DEFAULT_LOOKBACK_MS;
	if (o->subquery_step_ms == 0)
		o->subquery_step_ms = DEFAULT_SUBQUERY_STEP_MS;
	if (o->timeout_ms == 0)
		o->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (o->memory_bytes == 0)
		o->memory_bytes = (size_t)1 << 30;
	if (o->max_points == 0)
		o->max_points = DEFAULT_POINTS;
	if (o->workers == 0)
		o->workers = other_processors();
	if (o->workers == ENGINE_NO_WORKERS)
		o->workers = 0;
	if (o->workers > WORKERS_MAX)
		o->workers = WORKERS_MAX;
	if (o->concurrent == 0)
		o->concurrent = DEFAULT_CONCURRENT;
}

struct engine *engine_new(const struct engine_options *o, struct err *e)
{
	struct engine *en = mem_zalloc(sizeof(*en));
	pthread_condattr_t attr;

	if (!en) {
		err_set(e, ERR_MEMORY, "no memory for the query engine");
		return NULL;
	}
	en->o = *o;
	fill_in(&en->o);
	en->pool = workers_new(en->o.workers, e);
	if (!en->pool) {
		mem_free(en);
		return NULL;
	}
	pthread_mutex_init(&en->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&en->turn, &attr);
	pthread_condattr_destroy(&attr);
	return en;
}

void engine_free(struct engine *en)
{
	if (!en)
		return;
	workers_free(en->pool);
	pthread_cond_destroy(&en->turn);
	pthread_mutex_destroy(&en->lock);
	mem_free(en);
}

const struct engine_options *engine_options(const struct engine *en)
{
	return &en->o;
}

void engine_status(struct engine *en, struct engine_status *out)
{
	pthread_mutex_lock(&en->lock);
	*out = en->status;
	pthread_mutex_unlock(&en->lock);
}

void engine_running(struct engine *en, void (*each)(void *ctx, const struct query_running *r),
		    void *ctx)
{
	int64_t now = eval_clock_ns();

	pthread_mutex_lock(&en->lock);
	for (struct query *q = en->first; q; q = q->next) {
		struct query_running r = {
			.number = q->number,
			.text = q->text,
			.start_ms = q->start_ms,
			.end_ms = q->end_ms,
			.step_ms = q->step_ms,
			.seconds = (double)(now - q->begun_ns) / 1e9,
			.points = atomic_load_explicit(&q->points_now, memory_order_relaxed),
			.waiting = q->waiting,
		};
		each(ctx, &r);
	}
	pthread_mutex_unlock(&en->lock);
}

bool engine_cancel(struct engine *en, uint64_t number)
{
	bool found = false;

	pthread_mutex_lock(&en->lock);
	for (struct query *q = en->first; q && !found; q = q->next)
		if (q->number == number) {
			atomic_store(&q->killed, true);
			found = true;
		}
	if (found)
		pthread_cond_broadcast(&en->turn);
	pthread_mutex_unlock(&en->lock);
	return found;
}

/* --- turns -------------------------------------------------------------------------- */

enum { LOOK_AGAIN_NS = 100 * 1000 * 1000 };

static void leave_list(struct engine *en, struct query *q)
{
	struct query **at = &en->first;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
}

/* Into the list, and on when there is room: -1 when time is up or nobody wants it any more. */
static int enter(struct engine *en, struct query *q, struct eval *ev, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&en->lock);
	q->number = ++en->next_number;
	q->next = en->first;
	en->first = q;
	en->status.queries++;
	q->waiting = true;
	en->status.waiting++;
	while (en->status.running >= en->o.concurrent && r == 0) {
		int64_t until = eval_clock_ns() + LOOK_AGAIN_NS;
		struct timespec t = { until / 1000000000, until % 1000000000 };

		pthread_cond_timedwait(&en->turn, &en->lock, &t);
		r = eval_alive(ev, e);
	}
	en->status.waiting--;
	q->waiting = false;
	if (r == 0)
		en->status.running++;
	else
		leave_list(en, q);
	pthread_mutex_unlock(&en->lock);
	return r;
}

static void leave(struct engine *en, struct query *q)
{
	pthread_mutex_lock(&en->lock);
	leave_list(en, q);
	en->status.running--;
	en->status.points += q->stats.points;
	pthread_cond_signal(&en->turn);
	pthread_mutex_unlock(&en->lock);
}

/* --- one query ---------------------------------------------------------------------- */

void query_init(struct query *q, const struct engine *en)
{
	memset(q, 0, sizeof(*q));
	q->timeout_ms = en->o.timeout_ms;
	arena_init(&q->arena, en->o.memory_bytes);
	notes_init(&q->notes);
}

void query_release(struct query *q)
{
	expr_release(&q->expr);
	notes_release(&q->notes);
	arena_release(&q->arena);
}

static int fail(struct query *q, enum query_failure how, const char *text)
{
	static char none[] = "no memory";

	q->failure = how;
	q->error = arena_strdup(&q->arena, text);
	if (!q->error)
		q->error = none;
	return -1;
}

static enum query_failure failure_of(enum err_code code)
{
	switch (code) {
	case ERR_TIMEOUT:
		return QUERY_TIMEOUT;
	case ERR_CANCELLED:
		return QUERY_CANCELLED;
	case ERR_IO:
	case ERR_CORRUPT:
	case ERR_MEMORY:
	case ERR_BUSY:
	case ERR_FULL:
		return QUERY_INTERNAL;
	default:
		return QUERY_EXECUTION;
	}
}

static int make_grid(struct query *q, struct err *e)
{
	q->grid = (struct grid){ .start_ms = q->start_ms, .step_ms = q->step_ms, .n = 1 };
	if (q->step_ms == 0)
		return 0;
	if (q->step_ms < 0 || q->end_ms < q->start_ms)
		return err_set(e, ERR_INVALID, "the end of a range is before its start");
	q->grid.n =
		(size_t)(((uint64_t)q->end_ms - (uint64_t)q->start_ms) / (uint64_t)q->step_ms) + 1;
	return 0;
}

static int read_text(struct engine *en, struct query *q, struct err *e)
{
	struct plan_times t = { q->start_ms, q->end_ms, q->step_ms };

	if (q->step_ms == 0)
		t.end_ms = q->start_ms;
	if (parse(q->text, en->o.features, &q->arena, &q->expr, e) < 0 || make_grid(q, e) < 0)
		return -1;
	if (q->step_ms && q->expr.root->type != VALUE_SCALAR && q->expr.root->type != VALUE_VECTOR)
		return err_set(e, ERR_INVALID,
			       "invalid expression type \"%s\" for range query, must be Scalar or "
			       "instant Vector",
			       value_type_description(q->expr.root->type));
	return plan(&q->expr, &t, e);
}

static int steps_open(struct eval *ev, struct query *q, struct worker *w, struct err *e)
{
	if (!q->count_steps)
		return 0;
	w->step_points = eval_alloc(ev, q->grid.n, sizeof(*w->step_points), e);
	if (!w->step_points)
		return -1;
	memset(w->step_points, 0, q->grid.n * sizeof(*w->step_points));
	return 0;
}

static int workers_open(struct engine *en, struct eval *ev, struct query *q, struct err *e)
{
	ev->pool = en->pool;
	ev->nworkers = 1 + workers_count(en->pool);
	ev->workers = eval_alloc(ev, ev->nworkers, sizeof(*ev->workers), e);
	if (!ev->workers)
		return -1;
	for (unsigned i = 0; i < ev->nworkers; i++) {
		ev->workers[i].ev = ev;
		arena_init(&ev->workers[i].scratch, ev->scratch_bytes);
	}
	for (unsigned i = 0; i < ev->nworkers; i++)
		if (steps_open(ev, q, &ev->workers[i], e) < 0)
			return -1;
	return 0;
}

/* Into the first worker's, which are the query's from here. */
static void steps_gather(const struct eval *ev, struct query *q)
{
	size_t *all = ev->workers[0].step_points;

	for (unsigned i = 0; i < ev->nworkers; i++)
		for (size_t k = 0; k < q->grid.n; k++) {
			const struct worker *w = &ev->workers[i];

			all[k] += w->every_points + (i > 0 ? w->step_points[k] : 0);
		}
	q->stats.step_points = all;
}

static void workers_close(struct eval *ev)
{
	for (unsigned i = 0; ev->workers && i < ev->nworkers; i++) {
		struct worker *w = &ev->workers[i];

		atomic_fetch_add_explicit(ev->points, w->points, memory_order_relaxed);
		if (w->reader)
			ev->source->f->reader_close(w->reader);
		mem_free(w->kept);
		arena_release(&w->scratch);
	}
}

static void eval_init(struct engine *en, struct query *q, struct buf *failure, struct eval *ev)
{
	*ev = (struct eval){
		.text = q->text,
		.features = en->o.features,
		.arena = &q->arena,
		.source = q->source,
		.notes = &q->notes,
		.lookback_ms = q->lookback_ms > 0 ? q->lookback_ms : en->o.lookback_ms,
		.lookback_given = q->lookback_ms > 0,
		.as_of_ms = q->as_of_ms ? q->as_of_ms : INT64_MAX,
		.subquery_step_ms = en->o.subquery_step_ms,
		.start_ms = q->start_ms,
		.end_ms = q->step_ms ? q->end_ms : q->start_ms,
		.step_ms = q->step_ms,
		.range_query = q->step_ms != 0,
		.counting = q->count_steps ? COUNT_STEP : COUNT_NONE,
		.deadline_ns = q->timeout_ms > 0 ? q->begun_ns + q->timeout_ms * 1000000 : 0,
		.cancelled = q->cancelled,
		.killed = &q->killed,
		.max_points = en->o.max_points,
		.scratch_bytes = en->o.memory_bytes / 4,
		.points = &q->points_now,
		.failure = failure,
	};
	buf_init(failure, FAILURE_BYTES);
}

static void count_failure(struct engine *en, const struct query *q)
{
	pthread_mutex_lock(&en->lock);
	en->status.failed++;
	en->status.timed_out += q->failure == QUERY_TIMEOUT;
	pthread_mutex_unlock(&en->lock);
}

static int run_parsed(struct engine *en, struct query *q, struct err *e)
{
	struct buf failure;
	struct eval ev;
	int64_t begun;
	int r;

	eval_init(en, q, &failure, &ev);
	r = enter(en, q, &ev, e);
	begun = eval_clock_ns();
	q->stats.queue_ns = begun - q->begun_ns - q->stats.parse_ns;
	if (r == 0) {
		r = workers_open(en, &ev, q, e);
		if (r == 0)
			r = answer_make(&ev, q, e);
		if (r == 0 && q->count_steps)
			steps_gather(&ev, q);
		workers_close(&ev);
		q->stats.points = atomic_load(&q->points_now);
		q->stats.series = ev.series;
		leave(en, q);
	}
	q->stats.eval_ns = eval_clock_ns() - begun;
	if (r < 0)
		fail(q, failure_of(e->code),
		     failure.n && e->code == ERR_INVALID ? failure.p : e->text);
	buf_release(&failure);
	return r;
}

int query_run(struct engine *en, struct query *q)
{
	struct err e = { 0 };
	int r;

	q->begun_ns = eval_clock_ns();
	r = read_text(en, q, &e);
	q->stats.parse_ns = eval_clock_ns() - q->begun_ns;
	if (r < 0)
		fail(q, e.code == ERR_MEMORY ? QUERY_INTERNAL : QUERY_BAD_DATA, e.text);
	else
		r = run_parsed(en, q, &e);
	if (r < 0)
		count_failure(en, q);
	return r;
}
