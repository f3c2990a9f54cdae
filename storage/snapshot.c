/*
 * snapshot.c - reading: a view, and a deadline.
 *
 * Every call takes the snapshot's lock, so that the writer's thread can take the
 * transaction away between two calls once the time is up; a call that runs long
 * looks at the clock itself. Readers of several threads are counted instead, and lock only while
 * they look something up. What is given out lies in the caller's arena, but for the texts of
 * series' labels.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "storage/extent.h"
#include "storage/metadata.h"
#include "storage/submission.h"
#include "storage/vintage.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	DEFAULT_DEADLINE_MS = 5000,
	LOOK_EVERY = 256,
	LABELS_AT_ONCE = 1 << 15,
	ARENA_BYTES = 256 << 20,
	FOLLOW_TRIES = 20
};

/* Submission to release: looked up once a snapshot. */
struct release_cache {
	uint64_t *sequence; /* 0: empty place */
	int64_t *released_ms;
	size_t n, cap; /* cap: a power of two */
};

struct snapshot {
	struct store *s;
	struct snapshot *next, *prev; /* under snap_lock */

	pthread_mutex_t lock;      /* the rest */
	struct view_of_store view; /* .t NULL: time is up */
	struct reader reader;
	unsigned readers; /* of other threads; they use the view without the lock */
	int64_t end_ns, deadline_ms;
	unsigned records; /* seen since the clock was looked at */
	struct release_cache releases;
	struct arena arena;    /* for one call */
	struct vintage *group; /* vintages of one period */
	size_t group_cap;
};

/* --- opening and closing ------------------------------------------------------------ */

static void drop_transaction(struct snapshot *v)
{
	reader_release(&v->reader);
	view_close(&v->view);
}

static bool take_slot(struct store *s)
{
	bool taken = false;

	pthread_mutex_lock(&s->snap_lock);
	if (s->nsnaps < s->opt.max_snapshots) {
		s->nsnaps++;
		taken = true;
	}
	pthread_mutex_unlock(&s->snap_lock);
	return taken;
}

static void give_slot(struct store *s)
{
	pthread_mutex_lock(&s->snap_lock);
	s->nsnaps--;
	pthread_mutex_unlock(&s->snap_lock);
}

static void put_on_list(struct snapshot *v)
{
	struct store *s = v->s;

	pthread_mutex_lock(&s->snap_lock);
	v->next = s->snaps;
	if (v->next)
		v->next->prev = v;
	s->snaps = v;
	counter_set(C_STORE_READERS, s->nsnaps);
	pthread_mutex_unlock(&s->snap_lock);
}

static void take_off_list(struct snapshot *v)
{
	struct store *s = v->s;

	pthread_mutex_lock(&s->snap_lock);
	if (v->prev)
		v->prev->next = v->next;
	else
		s->snaps = v->next;
	if (v->next)
		v->next->prev = v->prev;
	s->nsnaps--;
	counter_set(C_STORE_READERS, s->nsnaps);
	pthread_mutex_unlock(&s->snap_lock);
}

/* Beside a writer in another process the store may change between the two. */
static int open_view(struct store *s, struct view_of_store *v, struct err *e)
{
	struct err why = { .code = ERR_NONE };

	for (int i = 0; i < FOLLOW_TRIES; i++) {
		if (store_follow(s, &why) == 0 && view_open(s, v, &why) == 0)
			return 0;
		if (why.code != ERR_BUSY)
			break;
	}
	*e = why;
	return -1;
}

struct snapshot *snapshot_open(struct store *s, int64_t deadline_ms, struct err *e)
{
	struct snapshot *v;

	if (!take_slot(s)) {
		err_set(e, ERR_LIMIT, "%u snapshots are open already", s->opt.max_snapshots);
		return NULL;
	}
	v = mem_zalloc(sizeof(*v));
	if (!v) {
		err_set(e, ERR_MEMORY, "no memory for a snapshot");
		give_slot(s);
		return NULL;
	}
	v->s = s;
	v->deadline_ms = deadline_ms > 0 ? deadline_ms : DEFAULT_DEADLINE_MS;
	if (v->deadline_ms > INT64_C(86400000))
		v->deadline_ms = INT64_C(86400000);
	if (open_view(s, &v->view, e) < 0) {
		mem_free(v);
		give_slot(s);
		return NULL;
	}
	/* What gets its number later is not in this view. */
	v->view.index.max_id = v->view.last_series;
	reader_init(&v->reader, v->view.layout, v->view.t);
	arena_init(&v->arena, ARENA_BYTES);
	v->end_ns = mono_ns() + v->deadline_ms * 1000000;
	pthread_mutex_init(&v->lock, NULL);
	put_on_list(v);
	return v;
}

void snapshot_close(struct snapshot *v)
{
	if (!v)
		return;
	take_off_list(v);
	pthread_mutex_lock(&v->lock);
	drop_transaction(v);
	pthread_mutex_unlock(&v->lock);
	pthread_mutex_destroy(&v->lock);
	mem_free(v->releases.sequence);
	mem_free(v->releases.released_ms);
	mem_free(v->group);
	arena_release(&v->arena);
	mem_free(v);
}

void snapshots_expire(struct store *s, bool all)
{
	int64_t now = mono_ns();

	pthread_mutex_lock(&s->snap_lock);
	for (struct snapshot *v = s->snaps; v; v = v->next) {
		if ((!all && v->end_ns > now) || pthread_mutex_trylock(&v->lock) != 0)
			continue;
		if (v->view.t && v->readers == 0)
			drop_transaction(v);
		pthread_mutex_unlock(&v->lock);
	}
	pthread_mutex_unlock(&s->snap_lock);
}

/* --- one call ------------------------------------------------------------------------- */

static int too_late(const struct snapshot *v, struct err *e)
{
	return err_set(e, ERR_TIMEOUT,
		       "the snapshot was open for longer than its %" PRId64
		       " ms, or the store needed its place",
		       v->deadline_ms);
}

/* Takes the lock, or fails without it. */
static int enter(struct snapshot *v, struct err *e)
{
	pthread_mutex_lock(&v->lock);
	if (v->view.t && v->readers == 0 && mono_ns() >= v->end_ns)
		drop_transaction(v);
	if (v->view.t && mono_ns() < v->end_ns)
		return 0;
	pthread_mutex_unlock(&v->lock);
	return too_late(v, e);
}

static int leave(struct snapshot *v, int rc)
{
	pthread_mutex_unlock(&v->lock);
	return rc;
}

int snapshot_read(struct snapshot *v, int (*read)(struct db_txn *t, void *ctx, struct err *e),
		  void *ctx, struct err *e)
{
	return enter(v, e) < 0 ? -1 : leave(v, read(v->view.t, ctx, e));
}

static int look_at_clock(struct snapshot *v, struct err *e)
{
	if (++v->records % LOOK_EVERY != 0 || mono_ns() < v->end_ns)
		return 0;
	return too_late(v, e);
}

static int too_much(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the result needs more than %zu MiB", a->limit >> 20);
}

/* --- series ----------------------------------------------------------------------------- */

static int by_labels(const void *a, const void *b)
{
	const struct series_ref *x = a, *y = b;

	return labels_cmp(x->labels, y->labels);
}

/* The series that are found, without labels. *ids: theirs. */
static int select_refs(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		       uint32_t **ids, struct series_ref **out, size_t *n, struct err *e)
{
	bool *statistic;

	if (index_select(&v->view.index, m, nm, a, ids, n, e) < 0)
		return -1;
	*out = arena_array(a, *n, sizeof(**out));
	statistic = arena_array(a, *n, sizeof(*statistic));
	if (!*out || !statistic)
		return too_much(a, e);
	if (index_kinds(&v->view.index, *ids, *n, a, statistic, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct series_ref){ .id = (*ids)[i], .statistic = statistic[i] };
	return 0;
}

/* In pieces, to look at the clock now and then. */
static int read_labels(struct snapshot *v, const uint32_t *ids, size_t n,
		       const struct index_wanted *wanted, struct arena *a,
		       const struct labels **out, struct err *e)
{
	for (size_t at = 0; at < n; at += LABELS_AT_ONCE) {
		size_t some = n - at < LABELS_AT_ONCE ? n - at : LABELS_AT_ONCE;

		if (mono_ns() >= v->end_ns)
			return too_late(v, e);
		if (index_labels(&v->view.index, ids + at, some, wanted, a, out + at, e) < 0)
			return -1;
	}
	return 0;
}

int snapshot_labels(struct snapshot *v, const uint32_t *ids, size_t n, const struct slice *names,
		    size_t nnames, struct arena *a, const struct labels **out, struct err *e)
{
	struct index_wanted wanted = { names, nnames };

	if (enter(v, e) < 0)
		return -1;
	return leave(v, read_labels(v, ids, n, nnames ? &wanted : NULL, a, out, e));
}

static int select_labelled(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
			   struct series_ref **out, size_t *n, struct err *e)
{
	const struct labels **ls;
	uint32_t *ids;

	if (select_refs(v, m, nm, a, &ids, out, n, e) < 0)
		return -1;
	ls = arena_array(a, *n, sizeof(*ls));
	if (!ls)
		return too_much(a, e);
	if (read_labels(v, ids, *n, NULL, a, ls, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		(*out)[i].labels = ls[i];
	return 0;
}

int snapshot_select_by_id(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
			  struct series_ref **out, size_t *n, struct err *e)
{
	uint32_t *ids;

	return enter(v, e) < 0 ? -1 : leave(v, select_refs(v, m, nm, a, &ids, out, n, e));
}

int snapshot_select(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		    struct series_ref **out, size_t *n, struct err *e)
{
	if (enter(v, e) < 0)
		return -1;
	if (leave(v, select_labelled(v, m, nm, a, out, n, e)) < 0)
		return -1;
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_labels);
	return 0;
}

int snapshot_ids(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		 uint32_t **ids, size_t *n, struct err *e)
{
	return enter(v, e) < 0 ? -1 : leave(v, index_select(&v->view.index, m, nm, a, ids, n, e));
}

int snapshot_series(struct snapshot *v, uint32_t id, struct arena *a, struct series_ref *out,
		    struct err *e)
{
	out->id = id;
	return enter(v, e) < 0 ? -1
			       : leave(v, index_series(&v->view.index, id, a, &out->labels,
						       &out->statistic, e));
}

int snapshot_find(struct snapshot *v, const struct labels *labels, struct series_ref *out,
		  struct err *e)
{
	char text[SERIES_TEXT];
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = index_find(&v->view.index, labels->l, labels->n, &out->id, &out->statistic, e);
	leave(v, 0);
	if (rc < 0)
		return -1;
	out->labels = labels;
	if (!out->id)
		return err_set(e, ERR_NOT_FOUND, "there is no series %s",
			       series_text(labels, text));
	return 0;
}

/* Texts may lie in the map: copied. */
static int copy_texts(struct arena *a, struct slice *list, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		list[i] = arena_slice(a, list[i]);
		if (!list[i].p)
			return too_much(a, e);
	}
	return 0;
}

int snapshot_label_names(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
			 struct slice **out, size_t *n, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = index_label_names(&v->view.index, m, nm, a, out, n, e);
	return leave(v, rc < 0 ? -1 : copy_texts(a, *out, *n, e));
}

int snapshot_label_values(struct snapshot *v, struct slice name, const struct matcher *m, size_t nm,
			  struct arena *a, struct slice **out, size_t *n, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = index_label_values(&v->view.index, name, m, nm, a, out, n, e);
	return leave(v, rc < 0 ? -1 : copy_texts(a, *out, *n, e));
}

static int copy_counts(struct arena *a, struct index_count *list, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		list[i].name = arena_slice(a, list[i].name);
		if (!list[i].name.p)
			return too_much(a, e);
	}
	return 0;
}

int snapshot_cardinality(struct snapshot *v, size_t top, struct arena *a,
			 struct index_cardinality *out, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = index_cardinality(&v->view.index, top, a, out, e);
	if (rc == 0 && (copy_counts(a, out->metrics, out->nmetrics, e) < 0 ||
			copy_counts(a, out->label_values, out->nlabel_values, e) < 0 ||
			copy_counts(a, out->label_bytes, out->nlabel_bytes, e) < 0 ||
			copy_counts(a, out->label_pairs, out->nlabel_pairs, e) < 0))
		rc = -1;
	return leave(v, rc);
}

int snapshot_extent(struct snapshot *v, struct stored_extent *out, struct err *e)
{
	if (enter(v, e) < 0)
		return -1;
	return leave(v, view_extent(&v->view, &v->arena, out, e));
}

/* Puts the series in front of an error about its values. */
static int name_series(struct snapshot *v, uint32_t id, struct err *e)
{
	const struct labels *ls;
	char text[SERIES_TEXT];
	struct err why;

	if (e && e->code != ERR_LIMIT && e->code != ERR_TIMEOUT &&
	    index_series(&v->view.index, id, &v->arena, &ls, NULL, &why) == 0)
		err_wrap(e, "%s", series_text(ls, text));
	return -1;
}

/* What all reads of one series begin with: that it is there, and its kind. */
static int begin_series(struct snapshot *v, uint32_t id, bool statistic, struct err *e)
{
	struct arena_mark mark = arena_mark(&v->arena);
	const struct labels *ls;
	char text[SERIES_TEXT];
	bool is;
	int rc = 0;

	if (index_series(&v->view.index, id, &v->arena, &ls, &is, e) < 0) {
		if (e && e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "there is no series with id %u", id);
		return -1;
	}
	if (is != statistic)
		rc = err_set(e, ERR_INVALID, "%s is a %s", series_text(ls, text),
			     statistic ? "plain series, it has no figures"
				       : "statistic, it has no plain samples");
	arena_reset(&v->arena, mark);
	return rc;
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

static int released(struct snapshot *v, const struct figure *f, int64_t *out, struct err *e)
{
	struct release_cache *c = &v->releases;
	size_t i;
	int rc;

	*out = f->released_ms;
	if (f->released_ms != 0)
		return 0;
	if (f->sequence == 0 || f->sequence > v->view.state.sequence)
		return record_bad(e, DB_SUBMISSIONS, "a figure names one that does not exist");
	if (c->n * 2 >= c->cap && cache_grow(c, e) < 0)
		return -1;
	i = cache_place(c, f->sequence);
	if (c->sequence[i] == 0) {
		rc = submission_released(v->view.t, f->sequence, &c->released_ms[i], e);
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

static int group_room(struct snapshot *v, size_t n, struct err *e)
{
	struct vintage *more;
	size_t cap = v->group_cap ? v->group_cap : 16;

	if (n <= v->group_cap)
		return 0;
	while (cap < n)
		cap *= 2;
	more = mem_realloc(v->group, cap * sizeof(*more));
	if (!more)
		return err_set(e, ERR_MEMORY, "no memory to read vintages");
	v->group = more;
	v->group_cap = cap;
	return 0;
}

/* The vintages of the period where `f` begins, of `n` figures that are left; *count of them. */
static int read_group(struct snapshot *v, const struct figure *f, size_t n, size_t *count,
		      struct err *e)
{
	*count = 0;
	while (*count < n && f[*count].stamp_ms == f[0].stamp_ms) {
		const struct figure *x = &f[*count];
		int64_t released_ms;

		if (group_room(v, *count + 1, e) < 0 || released(v, x, &released_ms, e) < 0 ||
		    look_at_clock(v, e) < 0)
			return -1;
		v->group[(*count)++] = vintage_of(x, released_ms);
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

static int read_figures(struct snapshot *v, uint32_t id, int64_t from_ms, int64_t to_ms,
			struct figures_run *run, struct err *e)
{
	*run = (struct figures_run){ 0 };
	if (reader_figures(&v->reader, id, from_ms, to_ms, v->view.last_sequence, &v->arena, run,
			   e) < 0)
		return -1;
	if (v->view.layout->damage)
		leave_out_damaged(v->view.layout->damage, id, run);
	return 0;
}

static int pick_all(struct snapshot *v, const struct figures_run *run, struct view view,
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
		if (read_group(v, run->list + i, run->n - i, &count, e) < 0)
			return -1;
		*n += vintage_pick(v->group, count, view, &(*out)[*n]);
	}
	return 0;
}

int snapshot_figures(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct view view, struct arena *a, struct vintage **out, size_t *n,
		     struct err *e)
{
	struct arena_mark mark;
	struct figures_run run;
	int rc;

	if (enter(v, e) < 0)
		return -1;
	mark = arena_mark(&v->arena);
	rc = begin_series(v, series, true, e);
	if (rc == 0 && (read_figures(v, series, from_ms, to_ms, &run, e) < 0 ||
			pick_all(v, &run, view, a, out, n, e) < 0))
		rc = name_series(v, series, e);
	arena_reset(&v->arena, mark);
	return leave(v, rc);
}

/* Backwards from `at_ms` in steps that grow, since mostly the newest period is what is wanted. */
static int read_last(struct snapshot *v, uint32_t id, int64_t at_ms, struct view view,
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

		if (read_figures(v, id, from, to, &run, e) < 0)
			return -1;
		for (end = run.n; end > 0 && !*found; end = begin) {
			for (begin = end - 1; begin > 0 && run.list[begin - 1].stamp_ms ==
								   run.list[end - 1].stamp_ms;
			     begin--)
				;
			if (read_group(v, run.list + begin, end - begin, &count, e) < 0)
				return -1;
			*found = vintage_pick(v->group, count, view, out);
		}
		if (*found || from == INT64_MIN)
			return 0;
		to = from - 1;
		step = step > UINT64_MAX / 8 ? UINT64_MAX : step * 8;
	}
}

int snapshot_last_figure(struct snapshot *v, uint32_t series, int64_t at_ms, struct view view,
			 struct vintage *out, bool *found, struct err *e)
{
	struct arena_mark mark;
	int rc;

	*found = false;
	if (enter(v, e) < 0)
		return -1;
	mark = arena_mark(&v->arena);
	rc = begin_series(v, series, true, e);
	if (rc == 0 && read_last(v, series, at_ms, view, out, found, e) < 0)
		rc = name_series(v, series, e);
	arena_reset(&v->arena, mark);
	return leave(v, rc);
}

/* All of a period, numbered, behind the *n that *out has room for. */
static int take_group(struct snapshot *v, const struct figures_run *run, size_t from, size_t *n,
		      struct vintage *out, struct err *e)
{
	size_t count;

	if (read_group(v, run->list + from, run->n - from, &count, e) < 0)
		return -1;
	memcpy(out + *n, v->group, count * sizeof(*out));
	vintage_number(out + *n, count);
	*n += count;
	return 0;
}

static int read_vintages(struct snapshot *v, uint32_t id, int64_t from_ms, int64_t to_ms,
			 struct arena *a, struct vintage **out, size_t *n, struct err *e)
{
	struct figures_run run;

	*out = NULL;
	*n = 0;
	if (read_figures(v, id, from_ms, to_ms, &run, e) < 0)
		return -1;
	if (run.n == 0)
		return 0;
	*out = arena_array(a, run.n, sizeof(**out));
	if (!*out)
		return too_much(a, e);
	while (*n < run.n)
		if (take_group(v, &run, *n, n, *out, e) < 0)
			return -1;
	return 0;
}

int snapshot_history(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct arena *a, struct vintage **out, size_t *n, struct err *e)
{
	struct arena_mark mark;
	int rc;

	if (enter(v, e) < 0)
		return -1;
	mark = arena_mark(&v->arena);
	rc = begin_series(v, series, true, e);
	if (rc == 0 && read_vintages(v, series, from_ms, to_ms, a, out, n, e) < 0)
		rc = name_series(v, series, e);
	arena_reset(&v->arena, mark);
	return leave(v, rc);
}

int snapshot_vintages(struct snapshot *v, uint32_t series, int64_t stamp_ms, struct arena *a,
		      struct vintage **out, size_t *n, struct err *e)
{
	return snapshot_history(v, series, stamp_ms, stamp_ms, a, out, n, e);
}

/* --- samples ------------------------------------------------------------------------------ */

static struct samples samples_of(const struct columns_run *r)
{
	return (struct samples){ r->t_ms, r->value, r->n, r->numbers };
}

int snapshot_samples(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct arena *a, struct samples *out, struct err *e)
{
	struct columns_run run = { 0 };
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = begin_series(v, series, false, e);
	if (rc == 0 && (reader_samples(&v->reader, series, from_ms, to_ms, v->view.last_request, a,
				       &run, e) < 0 ||
			columns_run_own(&run, a, e) < 0))
		rc = name_series(v, series, e);
	*out = samples_of(&run);
	return leave(v, rc);
}

int snapshot_has_sample(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
			bool *has, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = reader_has_sample(&v->reader, series, from_ms, to_ms, v->view.last_request, &v->arena,
			       has, e);
	return leave(v, rc < 0 ? name_series(v, series, e) : 0);
}

struct snapshot_reader {
	struct snapshot *v;
	struct reader reader;
};

struct snapshot_reader *snapshot_reader_open(struct snapshot *v, struct err *e)
{
	struct snapshot_reader *r = mem_zalloc(sizeof(*r));

	if (!r) {
		err_set(e, ERR_MEMORY, "no memory to read series");
		return NULL;
	}
	if (enter(v, e) < 0) {
		mem_free(r);
		return NULL;
	}
	r->v = v;
	v->readers++;
	reader_init(&r->reader, v->view.layout, v->view.t);
	r->reader.lock = &v->lock;
	leave(v, 0);
	return r;
}

int snapshot_reader_samples(struct snapshot_reader *r, uint32_t series, int64_t from_ms,
			    int64_t to_ms, struct arena *a, struct samples *out, struct err *e)
{
	struct columns_run run = { 0 };

	if (mono_ns() >= r->v->end_ns)
		return too_late(r->v, e);
	if (reader_samples(&r->reader, series, from_ms, to_ms, r->v->view.last_request, a, &run,
			   e) < 0)
		return err_wrap(e, "series %u", series);
	*out = samples_of(&run);
	return 0;
}

int snapshot_reader_last(struct snapshot_reader *r, const uint32_t *series, size_t n,
			 int64_t from_ms, int64_t to_ms, int64_t *t_ms, double *value,
			 struct err *e)
{
	if (mono_ns() >= r->v->end_ns)
		return too_late(r->v, e);
	return reader_last(&r->reader, series, n, from_ms, to_ms, r->v->view.last_request, t_ms,
			   value, e);
}

void snapshot_reader_close(struct snapshot_reader *r)
{
	if (!r)
		return;
	reader_release(&r->reader);
	pthread_mutex_lock(&r->v->lock);
	r->v->readers--;
	pthread_mutex_unlock(&r->v->lock);
	mem_free(r);
}

/* --- metadata ----------------------------------------------------------------------------- */

int snapshot_metadata(struct snapshot *v, struct arena *a, struct family_metadata **out, size_t *n,
		      struct err *e)
{
	return enter(v, e) < 0 ? -1 : leave(v, metadata_read(v->view.t, a, out, n, e));
}

/* --- submissions ---------------------------------------------------------------------------------
 */

int snapshot_submission(struct snapshot *v, uint64_t sequence, struct arena *a,
			struct submission *out, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	if (sequence == 0 || sequence > v->view.state.sequence) {
		leave(v, 0);
		return err_set(e, ERR_NOT_FOUND, "there is no submission %" PRIu64, sequence);
	}
	rc = submission_get(v->view.t, sequence, a, out, e);
	if (rc == 0)
		rc = record_bad(e, DB_SUBMISSIONS, "one is missing");
	return leave(v, rc < 0 ? -1 : 0);
}
