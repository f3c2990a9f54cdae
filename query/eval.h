/*
 * eval.h - evaluation, seen from inside query/: what its files share.
 *
 * An expression is evaluated for all steps of a grid at once. A vector is a list of heads (label
 * sets, known before any value is) and a way to work out the values of a row, one double a step,
 * ABSENT where there is none. Rows are worked out when somebody asks, by several workers at
 * once, so that sum(rate(x[5m])) never holds more than a row for each worker:
 *
 *     selector ──▶ rate ──▶ ×8 ──▶ sum by (region)
 *        a row is fetched, rated and multiplied in a worker's scratch, then added to its group
 *
 * eval_node() and all that builds vectors runs on the thread that runs the query, with memory of
 * the query's arena. What computes rows (row_fn) runs on any worker: it takes memory from
 * the worker's scratch only and changes nothing that others see.
 *
 * Names: functions drop the metric name. A head only notes that (`drop_name`); head_labels() and
 * the helpers beside it give the labels as they are to be seen. With delayed name removal
 * (FEATURE_DELAYED_NAME_REMOVAL) the name stays until the end of the query.
 */
#ifndef QUERY_EVAL_H
#define QUERY_EVAL_H

#include "base/arena.h"
#include "query/ast.h"
#include "query/features.h"
#include "query/notes.h"
#include "query/source.h"

#include <math.h>
#include <stdatomic.h>

/* --- values ------------------------------------------------------------------------- */

/* "No value at this step": the staleness mark, which no calculation gives. Test before
 * calculating: what is worked out of it is an ordinary NaN. */
#define ABSENT stale_mark()

static inline bool is_absent(double v)
{
	return is_stale_mark(v);
}

/* Evaluation times: start_ms + k × step_ms for k in [0, n). Of an instant query n is 1. */
struct grid {
	int64_t start_ms, step_ms;
	size_t n;
};

static inline int64_t grid_time(const struct grid *g, size_t k)
{
	return g->start_ms + (int64_t)k * g->step_ms;
}

struct head {
	const struct labels
		*labels; /* in an arena: labels_cmp(), never by pointer or labels_ref() */
	bool drop_name;
	/* Labels are still to be read (heads_read()): `labels` has the metric name, or, when that
	 * is not known either, none or some others. `series` is the source's id. */
	bool unread, unnamed;
	uint32_t series;
};

/* Whether points that are seen at step k count for it, for all steps (what is evaluated once), or
 * not (inside a subquery: its own points do). */
enum step_counting { COUNT_NONE, COUNT_STEP, COUNT_EVERY };

struct worker;
struct vector;
struct selecting;

/* Writes the grid's n values of row i. */
typedef int (*row_fn)(const struct vector *v, size_t i, struct worker *w, double *out,
		      struct err *e);

struct vector {
	size_t n;
	struct head *heads;
	size_t width;         /* steps: the grid's n */
	const double *values; /* n × width, once they are worked out; else NULL */
	row_fn compute;
	const void *ctx; /* compute's own, in the query's arena */
	bool ordered;    /* the order of the rows is part of the answer (sort, topk) */
};

/* Rows of a range vector, for functions over ranges and for an instant query that asks for one. */
struct matrix {
	size_t n;
	struct head *heads;
	/* Where windows end: window k covers (end(k) - range_ms, end(k)]. Ends rise by
	 * ends.step_ms; `fixed`: all are ends.start_ms. */
	struct grid ends;
	bool fixed;
	int64_t range_ms;
	enum range_kind kind; /* anchored and smoothed windows get points outside of them, too:
			       * `lookback_ms` before, smoothed also behind */
	int64_t lookback_ms;
	enum step_counting counting;
	/* matrix_row() for others. All points of row i any window may use, without staleness marks;
	 * in w's scratch. For a statistic whose period is chosen the ends differ from row to row:
	 * then `ends` of `row_ends` (n of the grid, INT64_MIN: none) are set, else NULL. */
	int (*fetch)(const struct matrix *m, size_t i, struct worker *w, struct points *out,
		     const int64_t **row_ends, struct err *e);
	const void *ctx;
};

static inline int64_t matrix_end(const struct matrix *m, const int64_t *row_ends, size_t k)
{
	if (row_ends)
		return row_ends[k];
	return m->fixed ? m->ends.start_ms : grid_time(&m->ends, k);
}

/* The windows of a row in turn: the points of window k are [*lo, *hi). Both only rise as long as
 * ends do; start with zeros. */
static inline void matrix_window(const struct matrix *m, const int64_t *row_ends,
				 const struct points *p, size_t k, size_t *lo, size_t *hi)
{
	int64_t end = matrix_end(m, row_ends, k), start;

	/* No window at this step. The next one is found from here. */
	if (end == INT64_MIN) {
		*hi = *lo;
		return;
	}
	start = end - m->range_ms;
	while (*lo > 0 && p->t_ms[*lo - 1] > start)
		--*lo;
	while (*lo < p->n && p->t_ms[*lo] <= start)
		++*lo;
	if (*hi < *lo)
		*hi = *lo;
	while (*hi > *lo && p->t_ms[*hi - 1] > end)
		--*hi;
	while (*hi < p->n && p->t_ms[*hi] <= end)
		++*hi;
}

struct value {
	enum value_type type;
	const double *scalar; /* one a step */
	struct vector vector;
	struct matrix matrix;
	struct slice string;
};

/* --- the evaluation ------------------------------------------------------------------ */

struct worker {
	struct eval *ev;
	struct arena scratch;         /* whoever takes from it returns to its mark */
	struct source_reader *reader; /* opened when first needed: worker_reader() */
	size_t points;                /* read, not yet told to the evaluation */
	size_t *step_points;          /* seen, by step; NULL unless they are asked for */
	size_t every_points;          /* seen at every step */
	void *kept;                   /* by a function from row to row; mem_free() at the end */
	struct err err;
};

struct eval {
	struct slice text; /* of the query, for positions */
	unsigned features;
	struct arena *arena;
	struct source *source;
	struct notes *notes;
	struct workers *pool;   /* eval_parallel.c */
	struct worker *workers; /* nworkers; the first is the query's own thread */
	unsigned nworkers;

	int64_t lookback_ms;
	bool lookback_given;
	int64_t as_of_ms;                  /* of selectors that do not say; INT64_MAX: now */
	int64_t subquery_step_ms;          /* where none is written */
	int64_t start_ms, end_ms, step_ms; /* of the whole query, for start(), end(), … */
	bool range_query;
	enum step_counting counting; /* of what is built now */

	int64_t deadline_ns;        /* CLOCK_MONOTONIC; 0: none */
	atomic_bool *cancelled;     /* by the client; may be NULL */
	atomic_bool *killed;        /* by somebody else; may be NULL */
	size_t max_points;          /* values held at a time */
	size_t scratch_bytes;       /* ceiling of each worker's scratch */
	atomic_size_t *points;      /* read so far */
	size_t series;              /* selected so far */
	struct selecting *selected; /* selectors that found series: eval_selector.c */
	struct buf *failure; /* the whole sentence of a failure, when longer than struct err */
};

/* Values of `n` at all steps of `g`. */
int eval_node(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
	      struct err *e);
/* The same where check has made sure of the type. */
int eval_vector(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		struct err *e);
/* As eval_vector() for those who do not look at labels, or only at some: heads may be unread, as
 * those of eval_node() and eval_matrix() may be. */
int eval_rows(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
	      struct err *e);
int eval_scalar(struct eval *ev, const struct node *n, const struct grid *g, const double **out,
		struct err *e);
int eval_matrix(struct eval *ev, const struct node *n, const struct grid *g, struct matrix *out,
		struct err *e);

/* By kind of work: eval_selector.c, eval_subquery.c, eval_binary.c, eval_aggregate.c. */
int eval_selector(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		  struct err *e);
/* What of the point that a selector shows is its value. */
enum selector_view {
	SEE_VALUE,
	SEE_TIME,     /* its own time, s: timestamp(x) */
	SEE_RELEASED, /* when the figure was released, s */
	SEE_PERIOD,   /* of the figure: year × 100 + last month */
};
int eval_selector_see(struct eval *ev, const struct node *n, const struct grid *g,
		      enum selector_view what, struct vector *out, struct err *e);
int eval_selector_matrix(struct eval *ev, const struct node *n, const struct grid *g,
			 struct matrix *out, struct err *e);
int eval_subquery(struct eval *ev, const struct node *n, const struct grid *g, struct matrix *out,
		  struct err *e);
int eval_binary(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
		struct err *e);
int eval_aggregate(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		   struct err *e);
/* A call of a function over ranges (functions.h: FN_WINDOW, FN_RANGE); eval_range.c. */
int eval_range_call(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		    struct err *e);
/* Label replacement, sorting, joining with info and the like: functions.h, FN_SPECIAL. */

/* Values of row i, v->width of them: those there are, or worked out in w's scratch (then they go
 * with the caller's mark). NULL on error. */
const double *vector_row(const struct vector *v, size_t i, struct worker *w, struct err *e);
/* Points of row i as the matrix' own fetch() gives them; they are counted. */
int matrix_row(const struct matrix *m, size_t i, struct worker *w, struct points *out,
	       const int64_t **row_ends, struct err *e);
/* n points were seen at step k. */
static inline void count_step(struct worker *w, enum step_counting counting, size_t k, size_t n)
{
	if (counting == COUNT_STEP)
		w->step_points[k] += n;
	else if (counting == COUNT_EVERY)
		w->every_points += n;
}
/* Works all rows out, in parallel, into the query's arena. Rows without any value are dropped when
 * `drop_empty`. Nothing to do when that was done. */
int vector_materialize(struct eval *ev, struct vector *v, bool drop_empty, struct err *e);
/* An empty vector, or one with room for n heads and values (ABSENT) to be filled in. */
int vector_new(struct eval *ev, size_t n, size_t width, struct vector *out, double **values,
	       struct err *e);

/* `v`, with names to be dropped. Where dropping makes label sets equal, rows that never share a
 * step become one and others are an error: "vector cannot contain metrics with the same
 * labelset". */
int vector_drop_names(struct eval *ev, struct vector *v, struct err *e);
/* The same check after labels were changed (label_replace). */
int vector_merge_equal(struct eval *ev, struct vector *v, struct err *e);

/* --- labels ---------------------------------------------------------------------------- */

/* Reads the labels of heads that are unread: all, or, with `names` (nnames of them, sorted, none
 * twice), those of these names; then they stay unread. */
int heads_read(struct eval *ev, struct head *heads, size_t n, const struct slice *names,
	       size_t nnames, struct err *e);
/* Sees to it that each has its metric name. */
int heads_name(struct eval *ev, struct head *heads, size_t n, struct err *e);

/* As they are to be seen: without the name when it was dropped (and removal is not delayed); a set
 * made anew lives in `a`. NULL when the arena is full. With type-and-unit labels, __type__ and
 * __unit__ go with the name. */
const struct labels *head_labels(const struct eval *ev, const struct head *h, struct arena *a);
/* Whether label `name` of the head is hidden because it was dropped. */
bool head_hides(const struct eval *ev, const struct head *h, struct slice name);
/* The value seen; empty when absent or hidden. */
struct slice head_label(const struct eval *ev, const struct head *h, struct slice name);
/* Metric name for messages, dropped or not. */
struct slice head_name(const struct head *h);
/* Appends {__name__="up", job="node"}, as Prometheus' messages have label sets. */
void label_set_print(const struct labels *ls, struct buf *out);

/* --- work ------------------------------------------------------------------------------- */

/* Calls part() for disjoint runs [from, to) of [0, n), by all workers. The cut depends on n and
 * the number of workers only, so that sums come out the same each time: `part_index` counts
 * runs from 0, eval_parts() says how many there will be. The first failure stops the others. */
typedef int (*part_fn)(void *arg, struct worker *w, size_t part_index, size_t from, size_t to,
		       struct err *e);
int eval_spread(struct eval *ev, size_t n, part_fn part, void *arg, struct err *e);
size_t eval_parts(const struct eval *ev, size_t n);

/* The reader of a worker; NULL on error. */
struct source_reader *worker_reader(struct worker *w, struct err *e);

int64_t eval_clock_ns(void); /* CLOCK_MONOTONIC */
/* ERR_TIMEOUT, ERR_CANCELLED: asked once a row by whoever loops over rows. */
int eval_alive(struct eval *ev, struct err *e);
/* Memory of the query's arena; NULL with ERR_LIMIT in the words of the limit. */
void *eval_alloc(struct eval *ev, size_t n, size_t size, struct err *e);
/* The error of eval_alloc() for those who use the arena themselves. */
int eval_full(struct eval *ev, struct err *e);
/* The error of whoever would hold more than ev->max_points values. */
int eval_too_many(struct eval *ev, struct err *e);
/* The same of a worker's scratch. */
void *scratch_alloc(struct worker *w, size_t n, size_t size, struct err *e);

/* An execution error, of any length (struct err holds its beginning). -1. */
int eval_fail(struct eval *ev, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Warnings and infos that point at `n`; text without "PromQL warning: ". Any thread; equal ones
 * are kept once. */
void eval_warn(struct eval *ev, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void eval_info(struct eval *ev, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
