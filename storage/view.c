/*
 * view.c - a layout, the transaction it belongs to, and the series in both.
 *
 * A commit that moves things is seen in LMDB a moment before the layout is put in place,
 * so a reader may get a transaction that is ahead of its layout: it tries again, for the few
 * microseconds between the two. Without memory for that layout it takes longer, and may fail for
 * good.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "storage/walk.h"

#include <sched.h>
#include <stdio.h>

/* --- the layout ------------------------------------------------------------------------ */

struct layout *store_layout(struct store *s)
{
	struct layout *l;

	pthread_mutex_lock(&s->layout_lock);
	l = s->layout ? layout_ref(s->layout) : NULL;
	pthread_mutex_unlock(&s->layout_lock);
	return l;
}

int store_relayout(struct store *s, int (*change)(struct layout *l, void *ctx, struct err *e),
		   void *ctx, struct err *e)
{
	struct layout *next, *before = NULL;
	int rc = -1;

	pthread_mutex_lock(&s->layout_lock);
	next = layout_copy(s->layout, e);
	if (next)
		rc = change(next, ctx, e);
	if (rc == 0) {
		before = s->layout;
		s->layout = next;
	}
	pthread_mutex_unlock(&s->layout_lock);
	layout_unref(rc == 0 ? before : next);
	return rc;
}

/* Whether the layout will never be as new as LMDB is. */
static int check_failed(struct store *s, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	if (s->failed)
		rc = err_set(e, ERR_IO, "the store failed: %s", s->why.text);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* --- views ------------------------------------------------------------------------------- */

static int read_state(struct view_of_store *v, struct err *e)
{
	struct slice value;
	int rc = db_get(v->t, DB_META, key_state, &value, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	return state_read(value, &v->state, e);
}

static int begin(struct store *s, struct view_of_store *v, struct err *e)
{
	if (!s->held)
		return db_read_begin(s->db, &v->t, e);
	v->t = db_read_ref(s->held);
	return 0;
}

/* A record of a part is its CRC-less blob: the index has checksums of its own. */
static int open_part(struct view_of_store *v, uint32_t i, struct err *e)
{
	const struct part *p = v->layout->parts[i];
	uint8_t key[KEY_PART_BYTES];
	struct slice blob;
	int rc;

	key_part(key, p->number);
	rc = db_get(v->t, DB_PARTS, key_slice(key, sizeof(key)), &blob, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || blob.n != p->bytes)
		return record_bad(e, DB_PARTS, "a part of the index is missing");
	if (p->copy)
		blob = slice_of(p->copy, blob.n);
	return index_part_open(blob, p->verified, &v->parts[i], e);
}

int view_open_index(struct view_of_store *v, struct err *e)
{
	const struct layout *l = v->layout;

	v->parts = mem_alloc((l->nparts + (size_t)1) * sizeof(*v->parts));
	if (!v->parts)
		return err_set(e, ERR_MEMORY, "no memory to read the index");
	for (uint32_t i = 0; i < l->nparts; i++)
		if (open_part(v, i, e) < 0)
			return -1;
	v->index = (struct index_set){ .parts = v->parts,
				       .nparts = l->nparts,
				       .memories = l->memories,
				       .nmemories = l->nmemories,
				       .max_id = UINT32_MAX };
	return 0;
}

int view_open(struct store *s, struct view_of_store *v, struct err *e)
{
	*v = (struct view_of_store){ 0 };
	for (;;) {
		pthread_mutex_lock(&s->layout_lock);
		if (!s->layout) {
			pthread_mutex_unlock(&s->layout_lock);
			return err_set(e, ERR_BUSY, "the store could not be read");
		}
		v->layout = layout_ref(s->layout);
		v->last_request = atomic_load_explicit(&s->completed, memory_order_acquire);
		v->last_sequence = atomic_load_explicit(&s->published, memory_order_acquire);
		v->last_series = s->next_series - 1;
		pthread_mutex_unlock(&s->layout_lock);
		if (begin(s, v, e) < 0 || read_state(v, e) < 0)
			break;
		if (v->state.epoch == v->layout->epoch) {
			if (v->state.sequence < v->last_sequence)
				v->last_sequence = v->state.sequence;
			if (view_open_index(v, e) < 0)
				break;
			return 0;
		}
		view_close(v);
		/* Another process moves it: store_follow() has to look again. */
		if (s->opt.read_only)
			return err_set(e, ERR_BUSY, "the store changes while it is read");
		if (check_failed(s, e) < 0)
			return -1;
		sched_yield();
	}
	view_close(v);
	return -1;
}

void view_close(struct view_of_store *v)
{
	db_read_end(v->t);
	layout_unref(v->layout);
	mem_free(v->parts);
	*v = (struct view_of_store){ 0 };
}

/* --- series ------------------------------------------------------------------------- */

static int add_series(struct store *s, struct view_of_store *v, const struct label *l, size_t n,
		      bool statistic, uint32_t *id, struct err *e)
{
	struct memory_index *m = v->layout->memories[v->layout->nmemories - 1];

	if (s->next_series == UINT32_MAX)
		return err_set(e, ERR_LIMIT, "the store holds as many series as it can");
	if (memory_index_add(m, s->next_series, l, n, statistic, e) < 0)
		return -1;
	*id = s->next_series++;
	return 0;
}

/* With the index lock: whether the view is as new as the layout. */
static bool is_current(struct store *s, const struct view_of_store *v)
{
	bool same;

	pthread_mutex_lock(&s->layout_lock);
	same = v->layout == s->layout;
	pthread_mutex_unlock(&s->layout_lock);
	return same;
}

static int find_or_add(struct store *s, struct view_of_store *v, const struct label *l, size_t n,
		       bool statistic, uint32_t *id, bool *is_statistic, struct err *e)
{
	if (v->layout && !is_current(s, v))
		view_close(v);
	if (!v->layout && view_open(s, v, e) < 0)
		return -1;
	if (index_find(&v->index, l, n, id, is_statistic, e) < 0)
		return -1;
	if (*id)
		return 0;
	*is_statistic = statistic;
	return add_series(s, v, l, n, statistic, id, e);
}

int store_find_or_add(struct store *s, struct view_of_store *v, const struct label *l, size_t n,
		      bool statistic, uint32_t *id, bool *is_statistic, struct err *e)
{
	int rc;

	pthread_mutex_lock(&s->index_lock);
	rc = find_or_add(s, v, l, n, statistic, id, is_statistic, e);
	pthread_mutex_unlock(&s->index_lock);
	return rc;
}

static bool in_part(struct store *s, uint32_t id)
{
	struct layout *l = store_layout(s);
	bool in = l->nparts > 0 && id <= l->parts[l->nparts - 1]->last_id;

	layout_unref(l);
	return in;
}

bool store_is_named(struct store *s, uint32_t id)
{
	if (id / 8 < s->named_cap && s->named[id / 8] >> id % 8 & 1)
		return true;
	return in_part(s, id);
}

void store_note_named(struct store *s, uint32_t id)
{
	if (id / 8 >= s->named_cap) {
		uint32_t cap = s->named_cap ? s->named_cap : 512;
		uint8_t *more;

		while (cap <= id / 8)
			cap *= 2;
		more = mem_realloc(s->named, cap);
		if (!more)
			return;
		memset(more + s->named_cap, 0, cap - s->named_cap);
		s->named = more;
		s->named_cap = cap;
	}
	s->named[id / 8] |= (uint8_t)(1 << id % 8);
}

char *series_text(const struct labels *ls, char out[SERIES_TEXT])
{
	struct buf b;

	buf_init(&b, 1 << 18);
	labels_print(ls, &b);
	if (buf_check(&b, NULL) == 0)
		snprintf(out, SERIES_TEXT, "%.*s", (int)b.n, b.p);
	else
		snprintf(out, SERIES_TEXT, "a series");
	buf_release(&b);
	return out;
}
