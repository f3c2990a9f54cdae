/*
 * pack.c - the packer's thread moves what is new to where it stays (packer.c says when).
 *
 *   seal     a full generation of samples becomes a run; its log file is deleted
 *   runs     when there are enough of them, all runs become one partition
 *   figures  frozen fresh figures become a partition
 *   index    a frozen memory index becomes a part, together with parts that are not much larger
 *   merge    partitions that lie above each other become one
 *   cut      samples that are deleted or too old are taken out (cut.c)
 *
 * Reading and packing is done here, with a view; what is written to LMDB is handed to the writer's
 * thread in pieces of a few megabytes, so that submissions go in between. The last piece makes
 * the partition exist and moves the layout on, both at the same epoch.
 *
 * What fails (a full disk) is tried again after a while; nothing is lost meanwhile, since the log
 * stays until its run is durable.
 */
#include "storage/store_impl.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "storage/packing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	RUNS_MOST = 48,
	RUN_BYTES_MOST = 128 << 20,
	PACK_SAMPLES = 32000000,
	MERGE_DEPTH = 8, /* more partitions above each other are too many */
	MERGE_MOST = 64,
	MERGE_SMALL = 4000000, /* samples: a partition below is worth merging */
	MEMORY_STEP_MS = 100,  /* between two attempts to get memory for a layout … */
	MEMORY_TRIES = 100,    /* … of which there are so many, or when the store is closed … */
	CLOSING_TRIES = 10,    /* … so many */
};

/* --- seal ---------------------------------------------------------------------------- */

static int put_run(struct layout *l, void *ctx, struct err *e)
{
	struct layer *run = ctx;

	generation_unref(l->sealed);
	l->sealed = NULL;
	return layout_add_layer(l, layer_ref(run), e);
}

static void remove_logs(struct store *s, uint64_t upto)
{
	uint64_t *numbers;
	size_t n;
	struct err e;

	if (numbered_files(s->dir, "log", ".log", &numbers, &n, &e) < 0) {
		log_event(LOG_WARN, "cannot remove log files", log_err(&e));
		return;
	}
	for (size_t i = 0; i < n && numbers[i] <= upto; i++) {
		char path[4096];

		if (numbered_path(path, s->dir, "log", numbers[i], ".log", &e) < 0 ||
		    unlink(path) < 0)
			log_event(LOG_WARN, "cannot remove a log file", log_s("path", path));
	}
	mem_free(numbers);
}

static int seal(struct store *s, struct generation *g, struct err *e)
{
	struct layer *run = generation_to_run(s->dir, g, e);
	int rc;

	if (!run)
		return -1;
	rc = store_relayout(s, put_run, run, e);
	layer_unref(run);
	if (rc < 0)
		return -1;
	remove_logs(s, g->number);
	pthread_mutex_lock(&s->ingest_lock);
	s->sealing = false;
	pthread_cond_broadcast(&s->room);
	pthread_mutex_unlock(&s->ingest_lock);
	return 0;
}

/* --- what ends in a partition ----------------------------------------------------------- */

/* The last task of a partition: its record, what it replaces, the new layout. */
struct finish {
	struct append a;
	struct store *s;
	struct partition_writer *p;
	uint64_t order;
	uint64_t runs_upto;     /* these are in it now; 0: none */
	uint64_t figures_upto;  /* these submissions' figures are; 0: none */
	const uint32_t *merged; /* partitions that go */
	uint32_t nmerged;
	struct layer *layer; /* made before, so that nothing can fail after the commit */
	uint64_t epoch;
};

static int drop_merged(struct finish *f, struct write_task *t, struct err *e)
{
	for (uint32_t i = 0; i < f->nmerged; i++) {
		uint32_t crc;

		if (partition_crc(t->t, f->merged[i], &crc, e) < 0 ||
		    partition_drop(t->t, f->merged[i], e) < 0)
			return -1;
		t->state->digest ^= crc;
		t->state->partitions--;
	}
	return 0;
}

static int finish_task(struct append *a, struct write_task *t, struct err *e)
{
	struct finish *f = (struct finish *)a;
	struct partition_writer *p = f->p;

	if (partition_drop_segments(t->t, p->number, p->n, e) < 0)
		return -1;
	if (p->n > 0) {
		if (partition_put(t->t, p->kind, p->number, f->order, p->entries, p->n,
				  &f->layer->crc, e) < 0)
			return -1;
		t->state->digest ^= f->layer->crc;
		t->state->partitions++;
		t->state->next_partition = p->number + 1;
	}
	if (drop_merged(f, t, e) < 0)
		return -1;
	if (f->figures_upto) {
		if (fresh_drop(t->t, t->state->packed_sequence, f->figures_upto, e) < 0)
			return -1;
		t->state->packed_sequence = f->figures_upto;
	}
	if (f->runs_upto)
		t->state->packed_run = f->runs_upto;
	f->epoch = ++t->state->epoch;
	return 0;
}

static bool is_gone(const struct layer *l, const void *ctx)
{
	const struct finish *f = ctx;

	if (l->run)
		return l->number <= f->runs_upto;
	for (uint32_t i = 0; i < f->nmerged; i++)
		if (f->merged[i] == l->number)
			return true;
	return false;
}

static int move_on(struct layout *l, void *ctx, struct err *e)
{
	struct finish *f = ctx;

	l->epoch = f->epoch;
	layout_drop_layers(l, is_gone, f);
	if (f->figures_upto) {
		fresh_unref(l->frozen);
		l->frozen = NULL;
	}
	return f->p->n > 0 ? layout_add_layer(l, layer_ref(f->layer), e) : 0;
}

static bool is_closing(struct store *s)
{
	bool closing;

	pthread_mutex_lock(&s->lock);
	closing = s->pack_stopping;
	pthread_mutex_unlock(&s->lock);
	return closing;
}

/* The transaction is committed; without memory for a layout nothing may be shown any more. When it
 * does not come back the store has failed: what was acknowledged lies in LMDB, runs and log files,
 * and whoever opens it next finds it there. */
static void must_relayout(struct store *s,
			  int (*change)(struct layout *l, void *ctx, struct err *e), void *ctx)
{
	const struct timespec step = { .tv_nsec = MEMORY_STEP_MS * 1000000L };
	struct err e;

	for (int tries = 1; store_relayout(s, change, ctx, &e) < 0; tries++) {
		if (tries == 1)
			log_event(LOG_ERROR, "waiting for memory", log_err(&e));
		if (tries >= MEMORY_TRIES || (tries >= CLOSING_TRIES && is_closing(s))) {
			err_wrap(&e, "what was packed cannot be shown");
			store_note_failed(s, &e);
			return;
		}
		nanosleep(&step, NULL);
	}
}

static void finish_committed(struct append *a)
{
	struct finish *f = (struct finish *)a;

	must_relayout(f->s, move_on, f);
}

static int finish_partition(struct store *s, struct partition_writer *p, struct finish *f,
			    struct err *e)
{
	int rc;

	if (partition_end(p, e) < 0)
		return -1;
	f->s = s;
	f->p = p;
	f->layer = layer_of_segments(p->kind, p->number, f->order, p->entries, p->n, e);
	if (!f->layer)
		return -1;
	f->a.task = finish_task;
	f->a.committed = finish_committed;
	f->a.task_bytes = 1 << 20;
	rc = writer_do(s, &f->a, e);
	layer_unref(f->layer);
	counter_add_for(C_STORE_PACKS, slice_str(rc == 0 ? "ok" : "failed"), 1);
	return rc;
}

static uint32_t next_partition(struct store *s)
{
	uint32_t n;

	pthread_mutex_lock(&s->lock);
	n = s->shown.next_partition;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* --- runs -------------------------------------------------------------------------------- */

static void remove_runs(struct store *s, const struct layout *l)
{
	for (uint32_t i = l->npartitions; i < l->nsamples; i++) {
		struct err e;

		if (run_remove(s->dir, l->samples[i]->number, &e) < 0)
			log_event(LOG_WARN, "cannot remove a run", log_err(&e));
	}
}

static int pack_runs(struct store *s, struct err *e)
{
	struct view_of_store v;
	struct partition_writer *p;
	struct finish f = { .runs_upto = 0 };
	int rc = -1;

	if (view_open(s, &v, e) < 0)
		return -1;
	p = partition_writer_new(s, SEGMENT_SAMPLES, next_partition(s), e);
	if (p && v.layout->nsamples > v.layout->npartitions) {
		f.order = f.runs_upto = v.layout->samples[v.layout->nsamples - 1]->order;
		rc = partition_add_samples(p, &v, v.layout->npartitions,
					   v.layout->nsamples - v.layout->npartitions, e);
		if (rc == 0)
			rc = finish_partition(s, p, &f, e);
		if (rc == 0)
			remove_runs(s, v.layout);
	}
	partition_writer_free(p);
	view_close(&v);
	return rc;
}

static bool runs_are_due(const struct store *s, const struct layout *l)
{
	uint64_t samples = 0, bytes = 0;
	uint64_t limit = s->opt.pack_samples ? s->opt.pack_samples : PACK_SAMPLES;

	for (uint32_t i = l->npartitions; i < l->nsamples; i++) {
		samples += l->samples[i]->samples;
		bytes += l->samples[i]->bytes;
	}
	return samples >= limit || bytes >= RUN_BYTES_MOST ||
	       l->nsamples - l->npartitions >= RUNS_MOST;
}

/* --- figures -------------------------------------------------------------------------------- */

static int pack_figures(struct store *s, struct fresh *frozen, struct err *e)
{
	struct partition_writer *p = partition_writer_new(s, SEGMENT_FIGURES, next_partition(s), e);
	struct finish f = { .figures_upto = frozen->last_sequence };
	int rc = -1;

	if (p) {
		f.order = frozen->last_sequence;
		rc = partition_add_fresh(p, frozen, e);
		if (rc == 0)
			rc = finish_partition(s, p, &f, e);
	}
	partition_writer_free(p);
	return rc;
}

/* --- index ------------------------------------------------------------------------------------ */

struct new_part {
	struct append a;
	struct store *s;
	struct slice blob;
	uint32_t number;
	struct part *part;  /* NULL: no series is left */
	uint32_t drop_from; /* numbers of parts that it replaces: from here to its own */
	uint64_t epoch;
};

static int part_task(struct append *a, struct write_task *t, struct err *e)
{
	struct new_part *x = (struct new_part *)a;
	uint8_t key[KEY_PART_BYTES];

	for (uint32_t i = x->drop_from; i < x->number; i++) {
		struct slice old;
		int rc;

		key_part(key, i);
		rc = db_get(t->t, DB_PARTS, key_slice(key, sizeof(key)), &old, e);
		if (rc < 0 ||
		    (rc == 1 && db_del(t->t, DB_PARTS, key_slice(key, sizeof(key)), e) < 0))
			return -1;
		t->state->parts -= rc == 1;
	}
	t->state->next_part = x->number + 1;
	x->epoch = ++t->state->epoch;
	if (!x->part)
		return 0;
	key_part(key, x->number);
	if (db_put(t->t, DB_PARTS, key_slice(key, sizeof(key)), x->blob, e) < 0)
		return -1;
	t->state->parts++;
	if (x->part->last_id > t->state->series)
		t->state->series = x->part->last_id;
	return 0;
}

static int put_part(struct layout *l, void *ctx, struct err *e)
{
	struct new_part *x = ctx;

	l->epoch = x->epoch;
	memory_index_unref(l->memories[0]);
	l->memories[0] = l->memories[1];
	l->nmemories = 1;
	layout_drop_parts(l, x->drop_from, x->number - 1);
	return x->part ? layout_add_part(l, part_ref(x->part), e) : 0;
}

static void part_committed(struct append *a)
{
	struct new_part *x = (struct new_part *)a;

	must_relayout(x->s, put_part, x);
}

/* Parts behind this one are merged with what is new: they are not much larger than it. */
static uint32_t first_to_merge(const struct layout *l, size_t new_bytes)
{
	size_t sum = new_bytes;
	uint32_t i = l->nparts;

	while (i > 0 && l->parts[i - 1]->bytes <= 2 * sum)
		sum += l->parts[--i]->bytes;
	return i;
}

static int build_index(struct store *s, bool whole, bool (*drop)(void *ctx, uint32_t id), void *ctx,
		       struct err *e)
{
	struct view_of_store v;
	struct index_set from;
	struct new_part x = { .s = s };
	struct buf blob;
	uint32_t keep;
	int rc;

	if (view_open(s, &v, e) < 0)
		return -1;
	keep = whole ? 0 : first_to_merge(v.layout, memory_index_bytes(v.layout->memories[0]) / 8);
	from = (struct index_set){ .parts = v.parts + keep,
				   .nparts = v.layout->nparts - keep,
				   .memories = v.layout->memories,
				   .nmemories = 1,
				   .max_id = UINT32_MAX };
	buf_init(&blob, UINT32_MAX);
	rc = index_part_build(&from, drop, ctx, &blob, e);
	if (rc == 0) {
		pthread_mutex_lock(&s->lock);
		x.number = s->shown.next_part;
		pthread_mutex_unlock(&s->lock);
		x.blob = buf_all(&blob);
		x.drop_from = keep < v.layout->nparts ? v.layout->parts[keep]->number : x.number;
		if (blob.n > 0)
			x.part = part_of_blob(x.number, x.blob, e);
		rc = blob.n == 0 || x.part ? 0 : -1;
	}
	view_close(&v); /* the map may have to grow */
	if (rc == 0) {
		x.a.task = part_task;
		x.a.committed = part_committed;
		x.a.task_bytes = blob.n;
		rc = writer_do(s, &x.a, e);
	}
	part_unref(x.part);
	buf_release(&blob);
	return rc;
}

static int pack_index(struct store *s, struct err *e)
{
	return build_index(s, false, NULL, NULL, e);
}

static int freeze_index(struct layout *l, void *ctx, struct err *e)
{
	(void)ctx;
	if (l->nmemories == 2)
		return 0;
	l->memories[1] = memory_index_new(e);
	l->nmemories = l->memories[1] ? 2 : 1;
	return l->memories[1] ? 0 : -1;
}

int index_rebuild(struct store *s, bool (*drop)(void *ctx, uint32_t id), void *ctx, struct err *e)
{
	int rc;

	pthread_mutex_lock(&s->index_lock);
	rc = store_relayout(s, freeze_index, NULL, e);
	pthread_mutex_unlock(&s->index_lock);
	return rc < 0 ? -1 : build_index(s, true, drop, ctx, e);
}

/* --- merge -------------------------------------------------------------------------- */

int partition_replace(struct store *s, struct view_of_store *v, uint32_t i,
		      void (*edit)(void *ctx, uint32_t series, struct columns_run *r), void *ctx,
		      struct err *e)
{
	const struct layer *l = v->layout->samples[i];
	uint32_t number = l->number;
	struct partition_writer *p = partition_writer_new(s, SEGMENT_SAMPLES, next_partition(s), e);
	struct finish f = { .order = l->order, .merged = &number, .nmerged = 1 };
	int rc = -1;

	if (p) {
		p->edit = edit;
		p->edit_ctx = ctx;
		rc = partition_add_samples(p, v, i, 1, e);
		if (rc == 0)
			rc = finish_partition(s, p, &f, e);
	}
	partition_writer_free(p);
	return rc;
}

/* Small partitions of samples at the end of the order; a merged one must not jump over others. */
static uint32_t small_samples(const struct layout *l)
{
	uint32_t i = l->npartitions;

	while (i > 0 && l->samples[i - 1]->samples < MERGE_SMALL)
		i--;
	return l->npartitions - i;
}

static bool covers(const struct layer *l, uint32_t series)
{
	return l->first_series <= series && series <= l->last_series;
}

static int by_size(const void *a, const void *b)
{
	const struct layer *x = *(struct layer *const *)a, *y = *(struct layer *const *)b;

	return x->samples < y->samples ? -1 : x->samples > y->samples;
}

/* Partitions of figures where the most lie above each other: the small ones of them, up to the
 * first that is much larger than all before. 0: nowhere too many. */
static uint32_t figures_to_merge(const struct layout *l, struct layer *list[MERGE_MOST])
{
	uint32_t deepest = 0, at = 0, n = 0;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < l->nfigures; i++) {
		uint32_t depth = 0;

		for (uint32_t k = 0; k < l->nfigures; k++)
			depth += covers(l->figures[k], l->figures[i]->first_series);
		if (depth > deepest) {
			deepest = depth;
			at = l->figures[i]->first_series;
		}
	}
	if (deepest <= MERGE_DEPTH)
		return 0;
	for (uint32_t i = 0; i < l->nfigures && n < MERGE_MOST; i++)
		if (covers(l->figures[i], at))
			list[n++] = l->figures[i];
	qsort(list, n, sizeof(struct layer *), by_size);
	for (uint32_t i = 0; i < n; i++) {
		if (i >= MERGE_DEPTH / 2 && list[i]->samples > 4 * sum)
			return i;
		sum += list[i]->samples;
	}
	return n;
}

static int merge(struct store *s, enum segment_kind kind, const uint32_t *numbers, uint32_t n,
		 uint64_t order, struct err *e)
{
	struct view_of_store v;
	struct partition_writer *p;
	struct finish f = { .order = order, .merged = numbers, .nmerged = n };
	int rc = -1;

	if (view_open(s, &v, e) < 0)
		return -1;
	p = partition_writer_new(s, kind, next_partition(s), e);
	if (p) {
		rc = kind == SEGMENT_SAMPLES
			     ? partition_add_samples(p, &v, v.layout->npartitions - n, n, e)
			     : partition_add_figures(p, &v, numbers, n, e);
		if (rc == 0)
			rc = finish_partition(s, p, &f, e);
	}
	partition_writer_free(p);
	view_close(&v);
	return rc;
}

static int merge_what_is_due(struct store *s, struct layout *l, bool *did, struct err *e)
{
	uint32_t numbers[MERGE_MOST], n = small_samples(l);
	struct layer *layers[MERGE_MOST];
	uint64_t order;

	*did = true;
	if (n >= MERGE_DEPTH) {
		if (n > MERGE_MOST)
			n = MERGE_MOST;
		for (uint32_t i = 0; i < n; i++)
			numbers[i] = l->samples[l->npartitions - n + i]->number;
		order = l->samples[l->npartitions - 1]->order;
		return merge(s, SEGMENT_SAMPLES, numbers, n, order, e);
	}
	n = figures_to_merge(l, layers);
	if (n > 0) {
		order = 0;
		for (uint32_t i = 0; i < n; i++) {
			numbers[i] = layers[i]->number;
			if (layers[i]->order > order)
				order = layers[i]->order;
		}
		return merge(s, SEGMENT_FIGURES, numbers, n, order, e);
	}
	*did = false;
	return 0;
}

/* --- what is due -------------------------------------------------------------------- */

/* Whether what is to be sealed or packed has series that no part knows: their names are in the log
 * files and records that go then. It happens when the memory index was being packed already. */
static bool names_are_due(const struct layout *l)
{
	uint32_t last = l->nparts ? l->parts[l->nparts - 1]->last_id : 0;

	/* A series that only a damaged record named has no name to be written. */
	if (l->nmemories != 1 || memory_index_count(l->memories[0]) == 0)
		return false;
	return (l->sealed && l->sealed->top_series > last) ||
	       (l->frozen && atomic_load(&l->frozen->top_series) > last);
}

static int begin_memory(struct layout *l, void *ctx, struct err *e)
{
	(void)ctx;
	return layout_set_names_aside(l, e);
}

static int pack_names(struct store *s, struct err *e)
{
	int rc;

	pthread_mutex_lock(&s->index_lock);
	rc = store_relayout(s, begin_memory, NULL, e);
	pthread_mutex_unlock(&s->index_lock);
	return rc < 0 ? -1 : pack_index(s, e);
}

int pack_work(struct store *s, bool all, bool *did, struct err *e)
{
	struct layout *l = store_layout(s);
	int rc = 0;

	*did = true;
	if (l->nmemories == 2) {
		rc = pack_index(s, e);
	} else if (names_are_due(l)) {
		rc = pack_names(s, e);
	} else if (l->sealed) {
		rc = seal(s, l->sealed, e);
		counter_add_for(C_STORE_SEALS, slice_str(rc == 0 ? "ok" : "failed"), 1);
	} else if (l->frozen) {
		rc = pack_figures(s, l->frozen, e);
	} else if (l->nsamples > l->npartitions && (all || runs_are_due(s, l))) {
		rc = pack_runs(s, e);
	} else {
		rc = merge_what_is_due(s, l, did, e);
	}
	layout_unref(l);
	return rc;
}
