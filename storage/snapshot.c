/*
 * snapshot.c - reading: a transaction, what it knew, and a deadline.
 *
 * Every call takes the snapshot's lock, so that the writer's thread can take the
 * transaction away between two calls once the time is up; a call that runs long
 * looks at the clock itself. All that is given out lies in the caller's arena or in
 * the series index, never in the map.
 *
 * Before a series is read for the first time after it changed, its records are
 * counted and held against its tally (a walk over keys, tens of nanoseconds a record):
 * one that is gone is noticed as well as one that was changed.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "storage/chunk.h"
#include "storage/submission.h"
#include "storage/tally.h"
#include "storage/vintage.h"
#include "storage/walk.h"

#include <inttypes.h>

enum { DEFAULT_DEADLINE_MS = 5000, LOOK_EVERY = 1024 };

/* Submission to release: looked up once a snapshot. */
struct release_cache {
	uint64_t *sequence; /* 0: empty place */
	int64_t *released_ms;
	size_t n, cap; /* cap: a power of two */
};

struct snapshot {
	struct store *s;
	struct snapshot *next, *prev; /* under snap_lock */

	pthread_mutex_t lock; /* the rest */
	struct db_txn *t;     /* NULL: time is up */
	struct walk figures, samples;
	struct state state; /* as of this transaction */
	int64_t end_ns, deadline_ms;
	unsigned records; /* seen since the clock was looked at */
	struct release_cache releases;
	struct vintage *group; /* vintages of one period */
	size_t group_cap;
};

/* --- opening and closing ------------------------------------------------------------ */

static void drop_transaction(struct snapshot *v)
{
	walk_close(&v->figures);
	walk_close(&v->samples);
	db_read_end(v->t);
	v->t = NULL;
}

static int read_state(struct snapshot *v, struct err *e)
{
	struct slice value;
	int rc = db_get(v->t, DB_META, key_state, &value, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	return state_read(value, &v->state, e);
}

/* Beside a running daemon the series grow under us. */
static int follow_index(struct snapshot *v, struct err *e)
{
	if (!v->s->opt.read_only)
		return 0;
	return series_index_load(&v->s->index, v->t, v->state.series, e);
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
	if (db_read_begin(s->db, &v->t, e) < 0 || read_state(v, e) < 0 || follow_index(v, e) < 0) {
		db_read_end(v->t);
		mem_free(v);
		give_slot(s);
		return NULL;
	}
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
	mem_free(v);
}

void snapshots_expire(struct store *s, bool all)
{
	int64_t now = mono_ns();

	pthread_mutex_lock(&s->snap_lock);
	for (struct snapshot *v = s->snaps; v; v = v->next) {
		if ((!all && v->end_ns > now) || pthread_mutex_trylock(&v->lock) != 0)
			continue;
		if (v->t)
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
	if (v->t && mono_ns() >= v->end_ns)
		drop_transaction(v);
	if (v->t)
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
	return enter(v, e) < 0 ? -1 : leave(v, read(v->t, ctx, e));
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

static struct series_ref ref_of(const struct series *s)
{
	return (struct series_ref){ .id = s->id, .statistic = s->statistic, .labels = s->labels };
}

static int select_refs(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		       struct series_ref **out, size_t *n, struct err *e)
{
	const struct series **found;

	if (series_select(&v->s->index, v->state.series, m, nm, a, &found, n, e) < 0)
		return -1;
	*out = arena_array(a, *n, sizeof(**out));
	if (!*out && *n > 0)
		return too_much(a, e);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = ref_of(found[i]);
	return 0;
}

int snapshot_select(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		    struct series_ref **out, size_t *n, struct err *e)
{
	return enter(v, e) < 0 ? -1 : leave(v, select_refs(v, m, nm, a, out, n, e));
}

int snapshot_find(struct snapshot *v, const struct labels *labels, struct series_ref *out,
		  struct err *e)
{
	const struct series *s;
	char text[SERIES_TEXT];

	if (enter(v, e) < 0)
		return -1;
	s = series_by_labels(&v->s->index, labels, v->state.series);
	leave(v, 0);
	if (!s)
		return err_set(e, ERR_NOT_FOUND, "there is no series %s",
			       series_text(labels, text));
	*out = ref_of(s);
	return 0;
}

int snapshot_label_names(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
			 struct slice **out, size_t *n, struct err *e)
{
	if (enter(v, e) < 0)
		return -1;
	return leave(v, series_label_names(&v->s->index, v->state.series, m, nm, a, out, n, e));
}

int snapshot_label_values(struct snapshot *v, struct slice name, const struct matcher *m, size_t nm,
			  struct arena *a, struct slice **out, size_t *n, struct err *e)
{
	if (enter(v, e) < 0)
		return -1;
	return leave(v,
		     series_label_values(&v->s->index, v->state.series, name, m, nm, a, out, n, e));
}

/* Puts the series in front of an error about its records. */
static int name_series(const struct series *s, struct err *e)
{
	char text[SERIES_TEXT];

	return err_wrap(e, "%s", series_text(s->labels, text));
}

static int open_walk(struct snapshot *v, bool statistic, struct err *e)
{
	struct walk *w = statistic ? &v->figures : &v->samples;

	if (w->cursor)
		return 0;
	return statistic ? walk_open(w, v->t, DB_FIGURES, KEY_FIGURE_BYTES, e)
			 : walk_open(w, v->t, DB_SAMPLES, KEY_CHUNK_BYTES, e);
}

/* All records that the tally counted are there. */
static int check_presence(struct snapshot *v, struct series *s, const struct tally *y,
			  struct err *e)
{
	struct walk *w = s->statistic ? &v->figures : &v->samples;
	uint64_t token = (y->records & UINT32_MAX) << 32 | y->digest, records;
	uint8_t key[KEY_MAX_BYTES] = { 0 };
	uint32_t digest;

	if (atomic_load_explicit(&s->present, memory_order_relaxed) == token)
		return 0;
	key_series(key, s->id);
	if (walk_presence(w, key_slice(key, w->key_bytes), KEY_SERIES_BYTES, &records, &digest, e) <
	    0)
		return -1;
	if (records == y->records && digest == y->digest) {
		atomic_store_explicit(&s->present, token, memory_order_relaxed);
		return 0;
	}
	record_bad(e, w->table, "the series is not whole");
	return err_wrap(e, "%" PRIu64 " of %" PRIu64 " records are there", records, y->records);
}

/* What all reads of one series begin with: its kind, its tally, a walk. */
static int begin_series(struct snapshot *v, uint32_t id, bool statistic, struct tally *y,
			struct series **s, struct err *e)
{
	char text[SERIES_TEXT];
	int rc;

	*s = series_by_id(&v->s->index, id, v->state.series);
	if (!*s)
		return err_set(e, ERR_NOT_FOUND, "there is no series with id %u", id);
	if ((*s)->statistic != statistic)
		return err_set(e, ERR_INVALID, "%s is a %s", series_text((*s)->labels, text),
			       statistic ? "plain series, it has no figures"
					 : "statistic, it has no plain samples");
	rc = tally_get(v->t, id, y, e);
	if (rc == 0)
		rc = record_bad(e, DB_TALLIES, "the one of a series is missing");
	if (rc < 0 || open_walk(v, statistic, e) < 0 || check_presence(v, *s, y, e) < 0)
		return name_series(*s, e);
	return 0;
}

static bool of_series(const struct record *r, uint32_t id)
{
	return r->there && get_be32(r->key.p) == id;
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
	if (f->key.sequence == 0 || f->key.sequence > v->state.sequence)
		return record_bad(e, DB_FIGURES, "it names a submission that does not exist");
	if (c->n * 2 >= c->cap && cache_grow(c, e) < 0)
		return -1;
	i = cache_place(c, f->key.sequence);
	if (c->sequence[i] == 0) {
		rc = submission_released(v->t, f->key.sequence, &c->released_ms[i], e);
		if (rc == 0)
			return record_bad(e, DB_SUBMISSIONS, "one is missing");
		if (rc < 0)
			return -1;
		c->sequence[i] = f->key.sequence;
		c->n++;
	}
	*out = c->released_ms[i];
	return 0;
}

/* --- figures ---------------------------------------------------------------------------------- */

static int group_add(struct snapshot *v, size_t *n, struct err *e)
{
	struct figure f;
	int64_t released_ms;

	if (*n == v->group_cap) {
		size_t cap = v->group_cap ? v->group_cap * 2 : 16;
		struct vintage *more = mem_realloc(v->group, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory to read vintages");
		v->group = more;
		v->group_cap = cap;
	}
	if (figure_read(v->figures.at.key, v->figures.at.value, &f, e) < 0 ||
	    released(v, &f, &released_ms, e) < 0)
		return -1;
	v->group[(*n)++] = vintage_of(&f, released_ms);
	return look_at_clock(v, e);
}

/* Collects the vintages of the period where the walk is, forwards. */
static int read_group(struct snapshot *v, uint32_t id, size_t *n, struct err *e)
{
	struct walk *w = &v->figures;
	int64_t stamp = get_be_time(w->at.key.p + 4);

	*n = 0;
	while (of_series(&w->at, id) && get_be_time(w->at.key.p + 4) == stamp)
		if (group_add(v, n, e) < 0 || walk_next(w, e) < 0)
			return -1;
	return 0;
}

static int seek_stamp(struct snapshot *v, uint32_t id, int64_t stamp_ms, struct err *e)
{
	struct figure_key k = { .series = id, .stamp_ms = stamp_ms, .known_from_ms = INT64_MIN };
	uint8_t key[KEY_FIGURE_BYTES];

	key_figure(key, &k);
	return walk_seek(&v->figures, key_slice(key, sizeof(key)), e);
}

struct figures_out {
	struct arena *a;
	struct vintage *list;
	size_t n, cap;
};

static int figures_add(struct figures_out *o, const struct vintage *x, struct err *e)
{
	if (o->n == o->cap) {
		o->list = arena_grow(o->a, o->list, o->n, &o->cap, o->n + 1, sizeof(*o->list));
		if (!o->list)
			return too_much(o->a, e);
	}
	o->list[o->n++] = *x;
	return 0;
}

static bool outside(const struct tally *y, int64_t from_ms, int64_t to_ms)
{
	return y->records == 0 || from_ms > to_ms || to_ms < y->first_ms || from_ms > y->last_ms;
}

static int read_figures(struct snapshot *v, uint32_t id, const struct tally *y, int64_t from_ms,
			int64_t to_ms, struct view view, struct figures_out *o, struct err *e)
{
	struct walk *w = &v->figures;

	if (outside(y, from_ms, to_ms))
		return 0;
	if (seek_stamp(v, id, from_ms, e) < 0)
		return -1;
	while (of_series(&w->at, id) && get_be_time(w->at.key.p + 4) <= to_ms) {
		struct vintage x;
		size_t n;

		if (read_group(v, id, &n, e) < 0)
			return -1;
		if (vintage_pick(v->group, n, view, &x) && figures_add(o, &x, e) < 0)
			return -1;
	}
	return 0;
}

int snapshot_figures(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct view view, struct arena *a, struct vintage **out, size_t *n,
		     struct err *e)
{
	struct figures_out o = { .a = a };
	struct series *s = NULL;
	struct tally y;

	if (enter(v, e) < 0)
		return -1;
	if (begin_series(v, series, true, &y, &s, e) < 0)
		return leave(v, -1);
	if (read_figures(v, series, &y, from_ms, to_ms, view, &o, e) < 0)
		return leave(v, name_series(s, e));
	*out = o.list;
	*n = o.n;
	return leave(v, 0);
}

static void reverse(struct vintage *x, size_t n)
{
	for (size_t i = 0; i + i + 1 < n; i++) {
		struct vintage keep = x[i];

		x[i] = x[n - 1 - i];
		x[n - 1 - i] = keep;
	}
}

/* Collects the vintages of the period where the walk is, backwards. */
static int read_group_back(struct snapshot *v, uint32_t id, size_t *n, struct err *e)
{
	struct walk *w = &v->figures;
	int64_t stamp = get_be_time(w->at.key.p + 4);

	*n = 0;
	while (of_series(&w->at, id) && get_be_time(w->at.key.p + 4) == stamp)
		if (group_add(v, n, e) < 0 || walk_prev(w, e) < 0)
			return -1;
	reverse(v->group, *n);
	return 0;
}

static int read_last(struct snapshot *v, uint32_t id, const struct tally *y, int64_t at_ms,
		     struct view view, struct vintage *out, bool *found, struct err *e)
{
	struct figure_key k = { .series = id,
				.stamp_ms = at_ms,
				.known_from_ms = INT64_MAX,
				.sequence = UINT64_MAX,
				.row = UINT32_MAX };
	struct walk *w = &v->figures;
	uint8_t key[KEY_FIGURE_BYTES];

	*found = false;
	if (y->records == 0 || at_ms < y->first_ms)
		return 0;
	key_figure(key, &k);
	if (walk_seek(w, key_slice(key, sizeof(key)), e) < 0)
		return -1;
	/* There is one at or before `at`, and past the last it is the last. */
	if (!of_series(&w->before, id) ||
	    (at_ms >= y->last_ms && get_be_time(w->before.key.p + 4) != y->last_ms))
		return record_bad(e, DB_FIGURES, "the last figure is missing");
	if (walk_prev(w, e) < 0)
		return -1;
	while (!*found && of_series(&w->at, id)) {
		size_t n;

		if (read_group_back(v, id, &n, e) < 0)
			return -1;
		*found = vintage_pick(v->group, n, view, out);
	}
	return 0;
}

int snapshot_last_figure(struct snapshot *v, uint32_t series, int64_t at_ms, struct view view,
			 struct vintage *out, bool *found, struct err *e)
{
	struct series *s = NULL;
	struct tally y;

	*found = false;
	if (enter(v, e) < 0)
		return -1;
	if (begin_series(v, series, true, &y, &s, e) < 0)
		return leave(v, -1);
	if (read_last(v, series, &y, at_ms, view, out, found, e) < 0)
		return leave(v, name_series(s, e));
	return leave(v, 0);
}

static int read_vintages(struct snapshot *v, uint32_t id, const struct tally *y, int64_t stamp_ms,
			 struct arena *a, struct vintage **out, size_t *n, struct err *e)
{
	*out = NULL;
	*n = 0;
	if (outside(y, stamp_ms, stamp_ms))
		return 0;
	if (seek_stamp(v, id, stamp_ms, e) < 0)
		return -1;
	if (!of_series(&v->figures.at, id) || get_be_time(v->figures.at.key.p + 4) != stamp_ms) {
		if (stamp_ms == y->first_ms || stamp_ms == y->last_ms)
			return record_bad(e, DB_FIGURES, "a period is missing");
		return 0;
	}
	if (read_group(v, id, n, e) < 0)
		return -1;
	*out = arena_array(a, *n, sizeof(**out));
	if (!*out)
		return too_much(a, e);
	memcpy(*out, v->group, *n * sizeof(**out));
	vintage_number(*out, *n);
	return 0;
}

int snapshot_vintages(struct snapshot *v, uint32_t series, int64_t stamp_ms, struct arena *a,
		      struct vintage **out, size_t *n, struct err *e)
{
	struct series *s = NULL;
	struct tally y;

	if (enter(v, e) < 0)
		return -1;
	if (begin_series(v, series, true, &y, &s, e) < 0)
		return leave(v, -1);
	if (read_vintages(v, series, &y, stamp_ms, a, out, n, e) < 0)
		return leave(v, name_series(s, e));
	return leave(v, 0);
}

/* --- samples -------------------------------------------------------------------------------------
 */

struct samples_out {
	struct arena *a;
	struct sample *list;
	size_t n, cap;
	int64_t from_ms, to_ms;
	int64_t reached_ms; /* last time of the chunk before */
	bool any;
};

/* Unpacks behind what is there, then drops what lies outside. */
static int add_chunk(struct samples_out *o, const struct record *r, struct err *e)
{
	struct chunk_info info;
	struct sample *run;
	size_t kept = 0;

	if (chunk_info(r->key, r->value, &info, e) < 0)
		return -1;
	if (o->any && info.first_ms <= o->reached_ms)
		return record_bad(e, DB_SAMPLES, "two chunks overlap");
	o->any = true;
	o->reached_ms = info.last_ms;
	if (info.last_ms < o->from_ms)
		return 0;
	if (o->cap - o->n < info.count) {
		o->list = arena_grow(o->a, o->list, o->n, &o->cap, o->n + info.count,
				     sizeof(*o->list));
		if (!o->list)
			return too_much(o->a, e);
	}
	run = o->list + o->n;
	if (chunk_unpack(&info, r->value, run, e) < 0)
		return -1;
	for (uint32_t i = 0; i < info.count; i++)
		if (run[i].t_ms >= o->from_ms && run[i].t_ms <= o->to_ms)
			run[kept++] = run[i];
	o->n += kept;
	return 0;
}

static int read_samples(struct snapshot *v, uint32_t id, const struct tally *y,
			struct samples_out *o, struct err *e)
{
	struct walk *w = &v->samples;
	uint8_t key[KEY_CHUNK_BYTES];

	if (outside(y, o->from_ms, o->to_ms))
		return 0;
	key_chunk(key, id, o->from_ms);
	if (walk_seek(w, key_slice(key, sizeof(key)), e) < 0)
		return -1;
	/* The chunk before may reach into the range. */
	if (of_series(&w->before, id) && walk_prev(w, e) < 0)
		return -1;
	while (of_series(&w->at, id) && get_be_time(w->at.key.p + 4) <= o->to_ms)
		if (add_chunk(o, &w->at, e) < 0 || look_at_clock(v, e) < 0 || walk_next(w, e) < 0)
			return -1;
	return 0;
}

int snapshot_samples(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct arena *a, struct sample **out, size_t *n, struct err *e)
{
	struct samples_out o = { .a = a, .from_ms = from_ms, .to_ms = to_ms };
	struct series *s = NULL;
	struct tally y;

	if (enter(v, e) < 0)
		return -1;
	if (begin_series(v, series, false, &y, &s, e) < 0)
		return leave(v, -1);
	if (read_samples(v, series, &y, &o, e) < 0)
		return leave(v, name_series(s, e));
	*out = o.list;
	*n = o.n;
	return leave(v, 0);
}

/* --- submissions ---------------------------------------------------------------------------------
 */

int snapshot_submission(struct snapshot *v, uint64_t sequence, struct arena *a,
			struct submission *out, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	if (sequence == 0 || sequence > v->state.sequence) {
		leave(v, 0);
		return err_set(e, ERR_NOT_FOUND, "there is no submission %" PRIu64, sequence);
	}
	rc = submission_get(v->t, sequence, a, out, e);
	if (rc == 0)
		rc = record_bad(e, DB_SUBMISSIONS, "one is missing");
	return leave(v, rc < 0 ? -1 : 0);
}
