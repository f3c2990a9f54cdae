/*
 * range_row.h - one row for functions over ranges, made by hand: points every 15 s or as given, a
 * matrix, an evaluation with nothing but an arena and notes.
 */
#ifndef TESTS_UNIT_QUERY_RANGE_ROW_H
#define TESTS_UNIT_QUERY_RANGE_ROW_H

#include "base/alloc.h"
#include "base/buf.h"
#include "query/functions_impl.h"
#include "query/parse.h"
#include "tests/lib/assert.h"

enum { ROW_MAX = 4096 };

struct row {
	struct eval ev;
	struct worker w;
	struct notes notes;
	struct buf failure;
	struct matrix m;
	struct grid grid;
	struct head head;
	struct labels *labels;
	struct node call, arg, *args[1];
	struct range_row r;
	struct err e;
	int64_t t[ROW_MAX];
	double v[ROW_MAX], out[ROW_MAX];
};

/* Texts here are of one line. Weak, so that a program that links the real one has no two. */
__attribute__((weak)) void place_of(struct slice text, uint32_t at, unsigned *line,
				    unsigned *column)
{
	(void)text;
	*line = 1;
	*column = at + 1;
}

static inline void row_begin(struct row *f, const char *name)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->w.scratch, 64 << 20);
	notes_init(&f->notes);
	f->ev.text = slice_str("rate(x[1m])");
	f->ev.notes = &f->notes;
	buf_init(&f->failure, 4096);
	f->ev.failure = &f->failure;
	f->labels = labels_make(&f->e, name, NULL);
	assert_non_null(f->labels);
	f->head.labels = f->labels;
	f->args[0] = &f->arg;
	f->arg.at = (struct span){ 5, 10 };
	f->call.kind = NODE_CALL;
	f->call.call.args = f->args;
	f->call.call.nargs = 1;
	f->m.lookback_ms = 300000;
	f->m.range_ms = 60000;
	f->m.ends.n = f->grid.n = 1;
	f->r = (struct range_row){ .ev = &f->ev,
				   .w = &f->w,
				   .call = &f->call,
				   .head = &f->head,
				   .m = &f->m,
				   .grid = &f->grid,
				   .points = { .t_ms = f->t, .v = f->v } };
}

static inline void row_end(struct row *f)
{
	labels_unref(f->labels);
	notes_release(&f->notes);
	buf_release(&f->failure);
	arena_release(&f->w.scratch);
	mem_free(f->w.kept); /* as the engine does when a query ends */
}

static inline void row_add(struct row *f, int64_t t_ms, double v)
{
	f->t[f->r.points.n] = t_ms;
	f->v[f->r.points.n++] = v;
}

/* n windows, from `first` on, `step` apart. */
static inline void row_windows(struct row *f, int64_t first, int64_t step, size_t n)
{
	f->m.ends = (struct grid){ first, step, n };
	f->grid = f->m.ends;
}

/* The value of the one window that ends at `end`. */
static inline double
row_at(struct row *f, int (*fn)(const struct range_row *, double *, struct err *), int64_t end)
{
	row_windows(f, end, 0, 1);
	assert_ok(fn(&f->r, f->out, &f->e), &f->e);
	return f->out[0];
}

#endif
