/*
 * query.h - the query engine: PromQL in, values out.
 *
 *     engine_new() once ── query_run() by any thread, many at once ── query_release()
 *
 * query_run() reads the text, selects from the source, evaluates with the engine's workers and
 * leaves the answer in the query's own memory: the source (and the store's snapshot behind it) may
 * be closed as soon as it returns. Limits hold before work where they can.
 *
 * The language is Prometheus 3.14's without native histograms; docs/promql.md lists what differs
 * and what parkwatch adds.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "base/buf.h"
#include "query/eval.h"
#include "query/parse.h"

struct engine;

enum { ENGINE_NO_WORKERS = 0xffff };

struct engine_options {
	unsigned features;        /* enum query_feature */
	int64_t lookback_ms;      /* 0: 5 min */
	int64_t subquery_step_ms; /* 0: 1 min */
	int64_t timeout_ms;       /* of a query that sets none of its own; 0: 2 min */
	size_t memory_bytes;      /* of one query; 0: 1 GiB */
	size_t max_points;        /* values a query may hold at a time; 0: 50 million */
	/* Threads beside those that call query_run(); 0: processors - 1, ENGINE_NO_WORKERS: none.
	 */
	unsigned workers;
	unsigned concurrent; /* queries at once; more wait for their turn; 0: 20 */
};

struct engine *engine_new(const struct engine_options *o, struct err *e);
/* No query may be running. */
void engine_free(struct engine *en);
const struct engine_options *engine_options(const struct engine *en);

/* What a failure is to a client: errorType and status of Prometheus' API. */
enum query_failure {
	QUERY_OK,
	QUERY_BAD_DATA,  /* 400: the text */
	QUERY_EXECUTION, /* 422 */
	QUERY_TIMEOUT,   /* 503 */
	QUERY_CANCELLED, /* 499 */
	QUERY_INTERNAL,  /* 500: the store */
};

struct query_stats {
	int64_t eval_ns, queue_ns, parse_ns; /* wall */
	int64_t inner_ns, sort_ns;           /* of eval_ns */
	size_t points, series;               /* read; selected */
	size_t peak_points;                  /* held at a time */
	size_t *step_points;                 /* with count_steps: seen at each step of the grid */
};

struct query {
	/* in: query_init(), then as wanted; borrowed until query_release() */
	struct slice text;
	int64_t start_ms, end_ms, step_ms; /* step 0: an instant query at start_ms */
	int64_t lookback_ms;               /* 0: the engine's; else figures do not hold either */
	int64_t as_of_ms; /* what was known then is shown, unless a selector says; 0: all that is */
	int64_t timeout_ms;     /* query_init() sets the engine's; 0: none */
	atomic_bool *cancelled; /* may be NULL */
	struct source *source;
	bool count_steps; /* see query_stats */

	/* out, after query_run() */
	enum query_failure failure;
	char *error;      /* the whole sentence; never NULL after a failure */
	struct expr expr; /* parsed and planned */
	struct grid grid; /* steps of the answer */
	/* type VALUE_VECTOR of a range query, too: it has a row for each series. VALUE_MATRIX only
	 * of an instant query: then `rows` is set. Vectors are materialized, without empty rows,
	 * names removed; sorted by labels unless `ordered`. Nothing of it is the source's. */
	struct value value;
	struct query_points { /* of a series */
		const struct labels *labels;
		size_t n;
		const int64_t *t_ms;
		const double *v;
	} * rows;
	size_t nrows;
	struct notes notes;
	struct query_stats stats;

	/* private */
	struct arena arena;
	struct query *next; /* of those running */
	int64_t begun_ns;
	uint64_t number;
	bool waiting;
	atomic_size_t points_now;
	atomic_bool killed;
};

void query_init(struct query *q, const struct engine *en);
/* 0, or -1 with q->failure and q->error. */
int query_run(struct engine *en, struct query *q);
void query_release(struct query *q);

/* Those that run or wait, oldest first, for people to see: each() is called under a lock. */
struct query_running {
	uint64_t number;
	struct slice text;
	int64_t start_ms, end_ms, step_ms;
	double seconds;
	size_t points; /* read so far */
	bool waiting;
};
void engine_running(struct engine *en, void (*each)(void *ctx, const struct query_running *r),
		    void *ctx);
/* Asks query `number` to stop; false: it is not there (any more). */
bool engine_cancel(struct engine *en, uint64_t number);

struct engine_status {
	uint64_t queries, failed, timed_out, points;
	unsigned running, waiting;
};
void engine_status(struct engine *en, struct engine_status *out);

#endif
