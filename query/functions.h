/*
 * functions.h - the functions of the language: one row each.
 *
 * A row says what check needs (types) and how it is evaluated. Signatures and meaning are those of
 * prometheus.io/docs/prometheus/latest/querying/functions (3.14); parkwatch's own have
 * FN_EXTENSION and are in docs/promql.md.
 */
#ifndef QUERY_FUNCTIONS_H
#define QUERY_FUNCTIONS_H

#include "query/eval.h"

enum { FUNCTION_ARGS_MAX = 8 };

enum function_kind {
	FN_MATH,    /* of each value by itself, from `math` */
	FN_WINDOW,  /* of the points in each window, by itself, from `window` */
	FN_RANGE,   /* of all windows of a row at once, from `range` */
	FN_SPECIAL, /* from `special` */
};

enum function_flags {
	FN_EXPERIMENTAL = 1 << 0, /* needs FEATURE_EXPERIMENTAL_FUNCTIONS */
	FN_EXTENSION = 1 << 1,    /* parkwatch's own */
	FN_KEEPS_NAME = 1 << 2,   /* FN_MATH, FN_WINDOW, FN_RANGE: the metric name stays */
	FN_VARIES = 1 << 3,       /* not the same at every step though its arguments are: time() */
};

/* The points of one window: t in (end_ms - range_ms, end_ms], n may be 0. */
struct window {
	const int64_t *t_ms;
	const double *v;
	size_t n;
	int64_t end_ms, range_ms; /* end: shifted by offset and @ */
	int64_t at_ms;            /* the evaluation time, which is not shifted */
	double arg[3];            /* the scalar arguments in their order, of this step */
	size_t nargs;
	double *spare; /* room for n values */
};

/* One row of a function over ranges. */
struct range_row {
	struct eval *ev;
	struct worker *w;
	const struct node *call;
	const struct head *head; /* for messages */
	const struct matrix *m;
	const int64_t *row_ends; /* see struct matrix */
	const struct grid *grid; /* evaluation times */
	struct points points;    /* rising, without staleness marks */
	const double *args[3];   /* scalar arguments: one value a step */
	size_t nargs;
};

struct function {
	const char *name;
	enum value_type result;
	enum value_type args[FUNCTION_ARGS_MAX]; /* the last one may repeat: `variadic` */
	unsigned nargs;
	int variadic; /* 0: exactly nargs; n > 0: the last one is there up to n times, also not at
		       * all; -1: any number of times, also not at all */
	unsigned flags;
	enum function_kind kind;
	/* FN_MATH: the value's argument is the first vector, others are scalars of the step. */
	double (*math)(double v, const double *scalars);
	/* FN_WINDOW: ABSENT for no result. */
	double (*window)(const struct window *win);
	/* FN_RANGE: fills out[grid->n]. */
	int (*range)(const struct range_row *r, double *out, struct err *e);
	int (*special)(struct eval *ev, const struct node *call, const struct grid *g,
		       struct value *out, struct err *e);
	/* Called once for each row of FN_WINDOW and FN_RANGE with points, to warn of what its
	 * name or arguments say, or to refuse them (-1); may be NULL. */
	int (*remark)(const struct range_row *r, struct err *e);
};

/* NULL when there is none. Names are those of the language, case counts. */
const struct function *function_find(struct slice name);
/* All, by name. */
const struct function *functions_all(size_t *n);

/* --- helpers for implementations --------------------------------------------------------- */

static inline void window_move(const struct range_row *r, size_t k, size_t *lo, size_t *hi)
{
	matrix_window(r->m, r->row_ends, &r->points, k, lo, hi);
}
/* For a row whose windows are looked through one by one, which may be thousands of windows with
 * millions of points each: asks now and then whether anybody still waits. */
struct patience {
	struct eval *ev;
	size_t points; /* since it asked */
};

enum { PATIENCE_POINTS = 256 << 10 };

/* The next window has n points to look at. ERR_TIMEOUT, ERR_CANCELLED. */
static inline int patience_ask(struct patience *p, size_t n, struct err *e)
{
	p->points += n + 1;
	if (p->points < PATIENCE_POINTS)
		return 0;
	p->points = 0;
	return eval_alive(p->ev, e);
}

/* "might not be a counter …", told once for a name. */
int remark_counter(const struct range_row *r, struct err *e);

#endif
