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
#include "storage/ledger.h"
#include "storage/metadata.h"
#include "storage/submission.h"
#include "storage/vintage_reader.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdlib.h>

enum { DEFAULT_DEADLINE_MS = 5000, LABELS_AT_ONCE = 1 << 15, FOLLOW_TRIES = 20 };

struct snapshot {
	struct store *s;
	struct snapshot *next, *prev; /* under snap_lock */

	pthread_mutex_t lock;         /* the rest */
	struct view_of_store view;    /* .t NULL: time is up */
	struct vintage_reader reader; /* its arena serves all calls */
	unsigned readers;             /* of other threads; they use the view without the lock */
	struct deadline deadline;
};

/* --- opening and closing ------------------------------------------------------------ */

static void drop_transaction(struct snapshot *v)
{
	vintage_reader_release(&v->reader);
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
	int rc = -1;

	for (int i = 0; i < FOLLOW_TRIES && rc < 0; i++) {
		rc = store_follow(s, &why);
		if (rc == 0)
			rc = view_open(s, v, &why);
		if (rc < 0 && why.code != ERR_BUSY)
			break;
	}
	store_let_go(s);
	if (rc < 0)
		*e = why;
	return rc;
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
	v->deadline.ms = deadline_ms > 0 ? deadline_ms : DEFAULT_DEADLINE_MS;
	if (v->deadline.ms > INT64_C(86400000))
		v->deadline.ms = INT64_C(86400000);
	if (open_view(s, &v->view, e) < 0) {
		mem_free(v);
		give_slot(s);
		return NULL;
	}
	/* What gets its number later is not in this view. */
	v->view.index.max_id = v->view.last_series;
	vintage_reader_init(&v->reader, &v->view, &v->deadline, NULL);
	v->deadline.end_ns = mono_ns() + v->deadline.ms * 1000000;
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
	mem_free(v);
}

void snapshots_expire(struct store *s, bool all)
{
	int64_t now = mono_ns();

	pthread_mutex_lock(&s->snap_lock);
	for (struct snapshot *v = s->snaps; v; v = v->next) {
		if ((!all && v->deadline.end_ns > now) || pthread_mutex_trylock(&v->lock) != 0)
			continue;
		if (v->view.t && v->readers == 0)
			drop_transaction(v);
		pthread_mutex_unlock(&v->lock);
	}
	pthread_mutex_unlock(&s->snap_lock);
}

/* --- one call ------------------------------------------------------------------------- */

/* Takes the lock, or fails without it. */
static int enter(struct snapshot *v, struct err *e)
{
	pthread_mutex_lock(&v->lock);
	if (v->view.t && v->readers == 0 && mono_ns() >= v->deadline.end_ns)
		drop_transaction(v);
	if (v->view.t && mono_ns() < v->deadline.end_ns)
		return 0;
	pthread_mutex_unlock(&v->lock);
	return deadline_over(&v->deadline, e);
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

		if (deadline_check(&v->deadline, e) < 0)
			return -1;
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
	return leave(v, view_extent(&v->view, &v->reader.arena, out, e));
}

/* What all reads of one series begin with: that it is there, and its kind. */
static int begin_series(struct snapshot *v, uint32_t id, bool statistic, struct err *e)
{
	struct arena_mark mark = arena_mark(&v->reader.arena);
	const struct labels *ls;
	char text[SERIES_TEXT];
	bool is;
	int rc = 0;

	if (index_series(&v->view.index, id, &v->reader.arena, &ls, &is, e) < 0) {
		if (e && e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "there is no series with id %u", id);
		return -1;
	}
	if (is != statistic)
		rc = err_set(e, ERR_INVALID, "%s is a %s", series_text(ls, text),
			     statistic ? "plain series, it has no figures"
				       : "statistic, it has no plain samples");
	arena_reset(&v->reader.arena, mark);
	return rc;
}

/* --- figures ---------------------------------------------------------------------------------- */

int snapshot_figures(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct view view, struct arena *a, struct vintage **out, size_t *n,
		     struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = begin_series(v, series, true, e);
	if (rc == 0)
		rc = vintage_reader_figures(&v->reader, series, from_ms, to_ms, view, a, out, n, e);
	return leave(v, rc);
}

int snapshot_last_figure(struct snapshot *v, uint32_t series, int64_t at_ms, struct view view,
			 struct vintage *out, bool *found, struct err *e)
{
	int rc;

	*found = false;
	if (enter(v, e) < 0)
		return -1;
	rc = begin_series(v, series, true, e);
	if (rc == 0)
		rc = vintage_reader_last(&v->reader, series, at_ms, view, out, found, e);
	return leave(v, rc);
}

int snapshot_history(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct arena *a, struct vintage **out, size_t *n, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = begin_series(v, series, true, e);
	if (rc == 0)
		rc = vintage_reader_history(&v->reader, series, from_ms, to_ms, a, out, n, e);
	return leave(v, rc);
}

int snapshot_vintages(struct snapshot *v, uint32_t series, int64_t stamp_ms, struct arena *a,
		      struct vintage **out, size_t *n, struct err *e)
{
	return snapshot_history(v, series, stamp_ms, stamp_ms, a, out, n, e);
}

int snapshot_figures_version(struct snapshot *v, struct figures_version *out, struct err *e)
{
	struct ledger_head head;
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = ledger_head_get(v->view.t, &head, e);
	*out = (struct figures_version){ v->s->opening, v->view.last_sequence, head.entries };
	return leave(v, rc < 0 ? -1 : 0);
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
	if (rc == 0 && (reader_samples(&v->reader.reader, series, from_ms, to_ms,
				       v->view.last_request, a, &run, e) < 0 ||
			columns_run_own(&run, a, e) < 0))
		rc = vintage_reader_name(&v->reader, series, e);
	*out = samples_of(&run);
	return leave(v, rc);
}

int snapshot_has_sample(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
			bool *has, struct err *e)
{
	int rc;

	if (enter(v, e) < 0)
		return -1;
	rc = reader_has_sample(&v->reader.reader, series, from_ms, to_ms, v->view.last_request,
			       &v->reader.arena, has, e);
	return leave(v, rc < 0 ? vintage_reader_name(&v->reader, series, e) : 0);
}

/* --- readers of several threads ------------------------------------------------------------ */

struct snapshot_reader {
	struct snapshot *v;
	struct vintage_reader reader;
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
	vintage_reader_init(&r->reader, &v->view, &v->deadline, &v->lock);
	leave(v, 0);
	return r;
}

int snapshot_reader_samples(struct snapshot_reader *r, uint32_t series, int64_t from_ms,
			    int64_t to_ms, struct arena *a, struct samples *out, struct err *e)
{
	struct columns_run run = { 0 };

	if (deadline_check(&r->v->deadline, e) < 0)
		return -1;
	if (reader_samples(&r->reader.reader, series, from_ms, to_ms, r->v->view.last_request, a,
			   &run, e) < 0)
		return err_wrap(e, "series %u", series);
	*out = samples_of(&run);
	return 0;
}

int snapshot_reader_last(struct snapshot_reader *r, const uint32_t *series, size_t n,
			 int64_t from_ms, int64_t to_ms, int64_t *t_ms, double *value,
			 struct err *e)
{
	if (deadline_check(&r->v->deadline, e) < 0)
		return -1;
	return reader_last(&r->reader.reader, series, n, from_ms, to_ms, r->v->view.last_request,
			   t_ms, value, e);
}

int snapshot_reader_figures(struct snapshot_reader *r, uint32_t series, int64_t from_ms,
			    int64_t to_ms, struct view view, struct arena *a, struct vintage **out,
			    size_t *n, struct err *e)
{
	if (deadline_check(&r->v->deadline, e) < 0)
		return -1;
	return vintage_reader_figures(&r->reader, series, from_ms, to_ms, view, a, out, n, e);
}

int snapshot_reader_last_figure(struct snapshot_reader *r, uint32_t series, int64_t at_ms,
				struct view view, struct vintage *out, bool *found, struct err *e)
{
	*found = false;
	if (deadline_check(&r->v->deadline, e) < 0)
		return -1;
	return vintage_reader_last(&r->reader, series, at_ms, view, out, found, e);
}

void snapshot_reader_close(struct snapshot_reader *r)
{
	if (!r)
		return;
	vintage_reader_release(&r->reader);
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

/* --- submissions -------------------------------------------------------------------- */

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
