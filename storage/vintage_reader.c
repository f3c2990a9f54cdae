/* vintage_reader.c - see vintage_reader.h. */
#include "storage/vintage_reader.h"

#include "base/alloc.h"
#include "storage/submission.h"
#include "storage/vintage.h"
#include "storage/walk.h"

#include <inttypes.h>

enum { LOOK_EVERY = 256, ARENA_BYTES = 256 << 20 };

void vintage_reader_init(struct vintage_reader *r, const struct view_of_store *v,
			 const struct deadline *d, pthread_mutex_t *lock)
{
	*r = (struct vintage_reader){ .view = v, .deadline = d };
	reader_init(&r->reader, v->layout, v->t);
	r->reader.lock = lock;
	arena_init(&r->arena, ARENA_BYTES);
}

void vintage_reader_release(struct vintage_reader *r)
{
	reader_release(&r->reader);
	mem_free(r->releases.sequence);
	mem_free(r->releases.released_ms);
	mem_free(r->group);
	arena_release(&r->arena);
	*r = (struct vintage_reader){ 0 };
}

int deadline_over(const struct deadline *d, struct err *e)
{
	return err_set(e, ERR_TIMEOUT,
		       "the snapshot was open for longer than its %" PRId64
		       " ms, or the store needed its place",
		       d->ms);
}

int deadline_check(const struct deadline *d, struct err *e)
{
	return mono_ns() < d->end_ns ? 0 : deadline_over(d, e);
}

static int look_at_clock(struct vintage_reader *r, struct err *e)
{
	return ++r->records % LOOK_EVERY == 0 ? deadline_check(r->deadline, e) : 0;
}

static int too_much(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the result needs more than %zu MiB", a->limit >> 20);
}

int vintage_reader_name(struct vintage_reader *r, uint32_t series, struct err *e)
{
	const struct labels *ls;
	char text[SERIES_TEXT];
	struct err why;

	if (e && e->code != ERR_LIMIT && e->code != ERR_TIMEOUT &&
	    index_series(&r->view->index, series, &r->arena, &ls, NULL, &why) == 0)
		err_wrap(e, "%s", series_text(ls, text));
	return -1;
}

/* --- releases ------------------------------------------------------------------------------ */

static size_t cache_place(const struct release_cache *c, uint64_t sequence)
{
	size_t i = (size_t)(sequence * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (c->cap - 1);

	while (c->sequence[i] != 0 && c->sequence[i] != sequence)
		i = (i + 1) & (c->cap - 1);
	return i;
}

static int cache_grow(struct release_cache *c, struct err *e)
{
	struct release_cache next = { .cap = c->cap ? c->cap * 2 : 64, .n = c->n };

	next.sequence = mem_zalloc(next.cap * sizeof(*next.sequence));
	next.released_ms = mem_alloc(next.cap * sizeof(*next.released_ms));
	if (!next.sequence || !next.released_ms) {
		mem_free(next.sequence);
		mem_free(next.released_ms);
		return err_set(e, ERR_MEMORY, "no memory to look up releases");
	}
	for (size_t i = 0; i < c->cap; i++) {
		size_t to;

		if (c->sequence[i] == 0)
			continue;
		to = cache_place(&next, c->sequence[i]);
		next.sequence[to] = c->sequence[i];
		next.released_ms[to] = c->released_ms[i];
	}
	mem_free(c->sequence);
	mem_free(c->released_ms);
	*c = next;
	return 0;
}

static int released(struct vintage_reader *r, const struct figure *f, int64_t *out, struct err *e)
{
	struct release_cache *c = &r->releases;
	size_t i;
	int rc;

	*out = f->released_ms;
	if (f->released_ms != 0)
		return 0;
	if (f->sequence == 0 || f->sequence > r->view->state.sequence)
		return record_bad(e, DB_SUBMISSIONS, "a figure names one that does not exist");
	if (c->n * 2 >= c->cap && cache_grow(c, e) < 0)
		return -1;
	i = cache_place(c, f->sequence);
	if (c->sequence[i] == 0) {
		if (r->reader.lock)
			pthread_mutex_lock(r->reader.lock);
		rc = submission_released(r->view->t, f->sequence, &c->released_ms[i], e);
		if (r->reader.lock)
			pthread_mutex_unlock(r->reader.lock);
		if (rc == 0)
			return record_bad(e, DB_SUBMISSIONS, "one is missing");
		if (rc < 0)
			return -1;
		c->sequence[i] = f->sequence;
		c->n++;
	}
	*out = c->released_ms[i];
	return 0;
}

/* --- figures ---------------------------------------------------------------------------------- */

static int group_room(struct vintage_reader *r, size_t n, struct err *e)
{
	struct vintage *more;
	size_t cap = r->group_cap ? r->group_cap : 16;

	if (n <= r->group_cap)
		return 0;
	while (cap < n)
		cap *= 2;
	more = mem_realloc(r->group, cap * sizeof(*more));
	if (!more)
		return err_set(e, ERR_MEMORY, "no memory to read vintages");
	r->group = more;
	r->group_cap = cap;
	return 0;
}

/* The vintages of the period where `f` begins, of `n` figures that are left; *count of them. */
static int read_group(struct vintage_reader *r, const struct figure *f, size_t n, size_t *count,
		      struct err *e)
{
	*count = 0;
	while (*count < n && f[*count].stamp_ms == f[0].stamp_ms) {
		const struct figure *x = &f[*count];
		int64_t released_ms;

		if (group_room(r, *count + 1, e) < 0 || released(r, x, &released_ms, e) < 0 ||
		    look_at_clock(r, e) < 0)
			return -1;
		r->group[(*count)++] = vintage_of(x, released_ms);
	}
	return 0;
}

/* Leaves out periods that a damaged record may have said something newer of. */
static void leave_out_damaged(const struct damage *d, uint32_t id, struct figures_run *run)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->n; i++)
		if (!damage_covers(d, id, run->list[i].stamp_ms))
			run->list[kept++] = run->list[i];
	run->n = kept;
}

static int read_figures(struct vintage_reader *r, uint32_t id, int64_t from_ms, int64_t to_ms,
			struct figures_run *run, struct err *e)
{
	*run = (struct figures_run){ 0 };
	if (reader_figures(&r->reader, id, from_ms, to_ms, r->view->last_sequence, &r->arena, run,
			   e) < 0)
		return -1;
	if (r->view->layout->damage)
		leave_out_damaged(r->view->layout->damage, id, run);
	return 0;
}

static int pick_all(struct vintage_reader *r, const struct figures_run *run, struct view view,
		    struct arena *a, struct vintage **out, size_t *n, struct err *e)
{
	size_t count;

	*n = 0;
	*out = NULL;
	if (run->n == 0)
		return 0;
	*out = arena_array(a, run->n, sizeof(**out));
	if (!*out)
		return too_much(a, e);
	for (size_t i = 0; i < run->n; i += count) {
		if (read_group(r, run->list + i, run->n - i, &count, e) < 0)
			return -1;
		*n += vintage_pick(r->group, count, view, &(*out)[*n]);
	}
	return 0;
}

int vintage_reader_figures(struct vintage_reader *r, uint32_t series, int64_t from_ms,
			   int64_t to_ms, struct view view, struct arena *a, struct vintage **out,
			   size_t *n, struct err *e)
{
	struct arena_mark mark = arena_mark(&r->arena);
	struct figures_run run;
	int rc = 0;

	if (read_figures(r, series, from_ms, to_ms, &run, e) < 0 ||
	    pick_all(r, &run, view, a, out, n, e) < 0)
		rc = vintage_reader_name(r, series, e);
	arena_reset(&r->arena, mark);
	return rc;
}

/* Backwards from `at_ms` in steps that grow, since mostly the newest period is what is wanted. */
static int read_last(struct vintage_reader *r, uint32_t id, int64_t at_ms, struct view view,
		     struct vintage *out, bool *found, struct err *e)
{
	const uint64_t first_step = UINT64_C(100) * 86400 * 1000;
	int64_t to = at_ms;
	uint64_t step = first_step;

	for (;;) {
		int64_t from = (uint64_t)to - (uint64_t)INT64_MIN > step
				       ? (int64_t)((uint64_t)to - step)
				       : INT64_MIN;
		struct figures_run run;
		size_t end, begin, count;

		if (read_figures(r, id, from, to, &run, e) < 0)
			return -1;
		for (end = run.n; end > 0 && !*found; end = begin) {
			for (begin = end - 1; begin > 0 && run.list[begin - 1].stamp_ms ==
								   run.list[end - 1].stamp_ms;
			     begin--)
				;
			if (read_group(r, run.list + begin, end - begin, &count, e) < 0)
				return -1;
			*found = vintage_pick(r->group, count, view, out);
		}
		if (*found || from == INT64_MIN)
			return 0;
		to = from - 1;
		step = step > UINT64_MAX / 8 ? UINT64_MAX : step * 8;
	}
}

int vintage_reader_last(struct vintage_reader *r, uint32_t series, int64_t at_ms, struct view view,
			struct vintage *out, bool *found, struct err *e)
{
	struct arena_mark mark = arena_mark(&r->arena);
	int rc = 0;

	*found = false;
	if (read_last(r, series, at_ms, view, out, found, e) < 0)
		rc = vintage_reader_name(r, series, e);
	arena_reset(&r->arena, mark);
	return rc;
}

/* All of a period, numbered, behind the *n that *out has room for. */
static int take_group(struct vintage_reader *r, const struct figures_run *run, size_t from,
		      size_t *n, struct vintage *out, struct err *e)
{
	size_t count;

	if (read_group(r, run->list + from, run->n - from, &count, e) < 0)
		return -1;
	memcpy(out + *n, r->group, count * sizeof(*out));
	vintage_number(out + *n, count);
	*n += count;
	return 0;
}

static int read_vintages(struct vintage_reader *r, uint32_t id, int64_t from_ms, int64_t to_ms,
			 struct arena *a, struct vintage **out, size_t *n, struct err *e)
{
	struct figures_run run;

	*out = NULL;
	*n = 0;
	if (read_figures(r, id, from_ms, to_ms, &run, e) < 0)
		return -1;
	if (run.n == 0)
		return 0;
	*out = arena_array(a, run.n, sizeof(**out));
	if (!*out)
		return too_much(a, e);
	while (*n < run.n)
		if (take_group(r, &run, *n, n, *out, e) < 0)
			return -1;
	return 0;
}

int vintage_reader_history(struct vintage_reader *r, uint32_t series, int64_t from_ms,
			   int64_t to_ms, struct arena *a, struct vintage **out, size_t *n,
			   struct err *e)
{
	struct arena_mark mark = arena_mark(&r->arena);
	int rc = 0;

	if (read_vintages(r, series, from_ms, to_ms, a, out, n, e) < 0)
		rc = vintage_reader_name(r, series, e);
	arena_reset(&r->arena, mark);
	return rc;
}
