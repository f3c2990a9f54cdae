/*
 * reader_samples.c - plain samples of a series; see reader.h.
 *
 * First the chunks are found in all layers, so that there is room for all that is in them; then
 * they are unpacked behind each other, and what is in memory follows. Mostly each layer lies
 * behind the one before in time, and what is wanted is one stretch of all that. Where one
 * reaches back all is sorted; samples of a later layer count more than those of an earlier one.
 *
 * Series of one sender have the same times, and a segment keeps those once. So the times of one
 * series stay for the next one: as far as the same columns of times lead to them, they are not
 * unpacked again.
 */
#include "storage/reader.h"

#include "base/alloc.h"

#include <stdlib.h>

static int no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory to read a series");
}

static int too_many(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the samples need more than %zu MiB", a->limit >> 20);
}

int reader_prepare(struct reader *r, struct err *e)
{
	if (!r->samples)
		r->samples = reader_cursors(r->layout->samples, r->layout->nsamples, e);
	if (!r->samples)
		return -1;
	if (!r->scratch)
		r->scratch = columns_scratch_new(e);
	return r->scratch ? 0 : -1;
}

/* --- chunks ---------------------------------------------------------------------------- */

static int more_chunks(struct reader *r, struct err *e)
{
	uint32_t cap = r->found.cap ? r->found.cap * 2 : 16;
	struct found_chunk *list = mem_realloc(r->found.list, cap * sizeof(*list));
	const char **of;

	if (!list)
		return no_memory(e);
	r->found.list = list;
	of = mem_realloc(r->times.of, cap * sizeof(*of));
	if (!of)
		return no_memory(e);
	r->times.of = of;
	r->found.cap = cap;
	return 0;
}

static int check_count(const struct chunk *k, struct err *e)
{
	if (k->count > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "a chunk of %u samples is impossible", k->count);
	return 0;
}

static int note_chunk(void *ctx, const struct layer *l, uint32_t segment, const struct chunk *k,
		      struct err *e)
{
	struct reader *r = ctx;

	if (check_count(k, e) < 0)
		return -1;
	if (r->found.n == r->found.cap && more_chunks(r, e) < 0)
		return -1;
	/* On their way from memory until all are found; short ones begin in one line of the cache
	 * and end in the next. */
	__builtin_prefetch(k->values.p);
	__builtin_prefetch(k->values.p + k->values.n);
	r->found.list[r->found.n++] = (struct found_chunk){ *k, l, segment };
	return 0;
}

/* Room for `n` times, with what is there. */
static int times_room(struct reader *r, size_t n, struct err *e)
{
	size_t room = n + n / 4;
	int64_t *more;

	if (n <= r->times.room)
		return 0;
	more = mem_realloc(r->times.t_ms, room * sizeof(*more));
	if (!more)
		return no_memory(e);
	r->times.t_ms = more;
	r->times.room = room;
	return 0;
}

/* Times of `n` chunks behind each other. An address in the map is that of one column as long as
 * the reader is used. */
static int unpack_times(struct reader *r, const struct found_chunk *c, uint32_t n, struct err *e)
{
	uint32_t there = 0, had = r->times.n;
	size_t at = 0;

	while (there < n && there < had && r->times.of[there] == c[there].k.times.p)
		at += c[there++].k.count;
	for (r->times.n = there; r->times.n < n; r->times.n++) {
		const struct found_chunk *x = &c[r->times.n];

		if (times_unpack(x->k.times, x->k.count, r->times.t_ms + at, r->scratch, e) < 0)
			return reader_wrap(x->layer, x->segment, e);
		r->times.of[r->times.n] = x->k.times.p;
		at += x->k.count;
	}
	return 0;
}

static int unpack_values(struct reader *r, const struct found_chunk *c, double *v, struct err *e)
{
	if (chunk_verify(&c->k, e) < 0 ||
	    values_unpack((enum value_encoding)c->k.encoding, c->k.values, c->k.count, v,
			  r->scratch, e) < 0)
		return reader_wrap(c->layer, c->segment, e);
	return 0;
}

/* --- one chunk --------------------------------------------------------------------------- */

int reader_chunk_times(struct reader *r, const struct chunk *k, struct err *e)
{
	if (r->times.n > 0 && r->times.of[0] == k->times.p)
		return 0;
	if (check_count(k, e) < 0 || (r->found.cap == 0 && more_chunks(r, e) < 0) ||
	    times_room(r, k->count + (size_t)COLUMN_SLACK, e) < 0)
		return -1;
	r->times.n = 0;
	if (times_unpack(k->times, k->count, r->times.t_ms, r->scratch, e) < 0)
		return -1;
	r->times.of[0] = k->times.p;
	r->times.n = 1;
	return 0;
}

int reader_chunk_values(struct reader *r, const struct chunk *k, struct err *e)
{
	if (!r->values)
		r->values = mem_alloc((COLUMN_SAMPLES_MAX + COLUMN_SLACK) * sizeof(*r->values));
	if (!r->values)
		return no_memory(e);
	if (chunk_verify(k, e) < 0)
		return -1;
	return values_unpack((enum value_encoding)k->encoding, k->values, k->count, r->values,
			     r->scratch, e);
}

/* --- all that is wanted ------------------------------------------------------------------ */

struct gather {
	struct reader *r;
	uint32_t from_layer, nlayers;
	const struct generation *memory[2];
	uint64_t last_request;
	struct arena *a;
	int64_t from_ms, to_ms;
};

/* Leaves what lies in the range of samples that rise. */
static void cut_range(struct columns_run *r, int64_t from_ms, int64_t to_ms)
{
	size_t from = first_at(r->t_ms, r->n, from_ms);
	size_t to = to_ms == INT64_MAX ? r->n : first_at(r->t_ms, r->n, to_ms + 1);

	r->t_ms += from;
	r->value += from;
	r->cap -= from;
	r->n = to > from ? to - from : 0;
}

static bool any_nan(const double *v, size_t n)
{
	unsigned any = 0;

	for (size_t i = 0; i < n; i++)
		any |= v[i] != v[i];
	return any;
}

struct place {
	int64_t t_ms;
	double value;
	size_t at;
};

static int by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

int columns_run_sort(struct columns_run *r, struct err *e)
{
	size_t kept = 0;
	struct place *p = mem_alloc((r->n + 1) * sizeof(*p));

	if (!p)
		return no_memory(e);
	for (size_t i = 0; i < r->n; i++)
		p[i] = (struct place){ r->t_ms[i], r->value[i], i };
	qsort(p, r->n, sizeof(*p), by_time);
	for (size_t i = 0; i < r->n; i++) {
		if (i + 1 < r->n && p[i + 1].t_ms == p[i].t_ms)
			continue;
		r->t_ms[kept] = p[i].t_ms;
		r->value[kept++] = p[i].value;
	}
	r->n = kept;
	mem_free(p);
	return 0;
}

int columns_run_own(struct columns_run *r, struct arena *a, struct err *e)
{
	int64_t *t = arena_alloc(a, r->n * sizeof(*t));

	if (!t)
		return too_many(a, e);
	if (r->n)
		memcpy(t, r->t_ms, r->n * sizeof(*t));
	r->t_ms = t;
	r->cap = r->n;
	return 0;
}

static int find_chunks(const struct gather *g, uint32_t series, struct err *e)
{
	struct segment_want w = { series, series, g->from_ms, g->to_ms };
	struct reader *r = g->r;

	r->found.n = 0;
	for (uint32_t i = g->from_layer; i < g->from_layer + g->nlayers; i++)
		if (reader_walk(r, &r->samples[i], &w, note_chunk, r, e) < 0)
			return -1;
	return 0;
}

/* Room for what may be there: both arrays count against the arena's ceiling. */
static int make_room(const struct gather *g, uint32_t series, struct columns_run *out,
		     struct err *e)
{
	size_t n = COLUMN_SLACK;

	for (uint32_t i = 0; i < g->r->found.n; i++)
		n += g->r->found.list[i].k.count;
	for (int i = 0; i < 2; i++)
		n += g->memory[i] ? generation_count(g->memory[i], series) : 0;
	if (n > (g->a->limit - g->a->used) / (sizeof(int64_t) + sizeof(double)))
		return too_many(g->a, e);
	if (times_room(g->r, n, e) < 0)
		return -1;
	out->t_ms = g->r->times.t_ms;
	out->value = arena_alloc(g->a, n * sizeof(*out->value));
	out->cap = n;
	return out->value ? 0 : too_many(g->a, e);
}

/* All that was found behind each other, cut nowhere. */
static int put_all(const struct gather *g, uint32_t series, struct columns_run *out, bool *rising,
		   struct err *e)
{
	const struct found_chunk *c = g->r->found.list;
	size_t packed;

	if (unpack_times(g->r, c, g->r->found.n, e) < 0)
		return -1;
	for (uint32_t i = 0; i < g->r->found.n; out->n += c[i++].k.count) {
		if (unpack_values(g->r, &c[i], out->value + out->n, e) < 0)
			return -1;
		if (i > 0 && c[i].k.first_ms <= c[i - 1].k.last_ms)
			*rising = false;
		if (out->numbers &&
		    !values_are_numbers((enum value_encoding)c[i].k.encoding, c[i].k.values))
			out->numbers = !any_nan(out->value + out->n, c[i].k.count);
	}
	packed = out->n;
	for (int i = 0; i < 2; i++)
		if (g->memory[i] && generation_read(g->memory[i], series, g->last_request, g->a,
						    out, rising, e) < 0)
			return -1;
	out->numbers = out->numbers && !any_nan(out->value + packed, out->n - packed);
	return 0;
}

static int gather(const struct gather *g, uint32_t series, struct columns_run *out, struct err *e)
{
	bool rising = true;

	*out = (struct columns_run){ .numbers = true };
	if (g->from_ms > g->to_ms)
		return 0;
	if (reader_prepare(g->r, e) < 0 || find_chunks(g, series, e) < 0 ||
	    make_room(g, series, out, e) < 0 || put_all(g, series, out, &rising, e) < 0)
		return -1;
	if (!rising && (columns_run_own(out, g->a, e) < 0 || columns_run_sort(out, e) < 0))
		return -1;
	cut_range(out, g->from_ms, g->to_ms);
	return 0;
}

int reader_layer_samples(struct reader *r, uint32_t from_layer, uint32_t nlayers, uint32_t series,
			 struct arena *a, struct columns_run *out, struct err *e)
{
	struct gather g = {
		.r = r,
		.from_layer = from_layer,
		.nlayers = nlayers,
		.a = a,
		.from_ms = INT64_MIN,
		.to_ms = INT64_MAX,
	};

	return gather(&g, series, out, e);
}

int reader_samples(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms,
		   uint64_t last_request, struct arena *a, struct columns_run *out, struct err *e)
{
	struct gather g = {
		.r = r,
		.nlayers = r->layout->nsamples,
		.memory = { r->layout->sealed, r->layout->active },
		.last_request = last_request,
		.a = a,
		.from_ms = from_ms,
		.to_ms = to_ms,
	};

	return gather(&g, series, out, e);
}

/* --- whether there is a sample --------------------------------------------------------------- */

struct probe {
	struct reader *r;
	int64_t from_ms, to_ms;
	bool has;
};

/* Mostly the ends of a chunk tell; its times are looked at when the range lies between them. */
static int probe_chunk(void *ctx, const struct layer *l, uint32_t segment, const struct chunk *k,
		       struct err *e)
{
	struct probe *p = ctx;
	struct reader *r = p->r;
	size_t at;

	(void)l;
	(void)segment;
	if (p->has)
		return 0;
	if (chunk_verify(k, e) < 0)
		return -1;
	if ((k->first_ms >= p->from_ms && k->first_ms <= p->to_ms) ||
	    (k->last_ms >= p->from_ms && k->last_ms <= p->to_ms)) {
		p->has = true;
		return 0;
	}
	if (reader_chunk_times(r, k, e) < 0)
		return -1;
	at = first_at(r->times.t_ms, k->count, p->from_ms);
	p->has = at < k->count && r->times.t_ms[at] <= p->to_ms;
	return 0;
}

static int probe_head(struct probe *p, const struct generation *m, uint32_t series,
		      uint64_t last_request, struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct columns_run run = { 0 };
	bool rising = true;

	if (p->has || !m || !generation_count(m, series))
		return 0;
	if (generation_read(m, series, last_request, a, &run, &rising, e) < 0)
		return -1;
	for (size_t i = 0; i < run.n && !p->has; i++)
		p->has = run.t_ms[i] >= p->from_ms && run.t_ms[i] <= p->to_ms;
	arena_reset(a, mark);
	return 0;
}

int reader_has_sample(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms,
		      uint64_t last_request, struct arena *scratch, bool *has, struct err *e)
{
	struct segment_want w = { series, series, from_ms, to_ms };
	struct probe p = { r, from_ms, to_ms, false };

	*has = false;
	if (from_ms > to_ms)
		return 0;
	if (reader_prepare(r, e) < 0 ||
	    probe_head(&p, r->layout->active, series, last_request, scratch, e) < 0 ||
	    probe_head(&p, r->layout->sealed, series, last_request, scratch, e) < 0)
		return -1;
	for (uint32_t i = r->layout->nsamples; i-- > 0 && !p.has;)
		if (reader_walk(r, &r->samples[i], &w, probe_chunk, &p, e) < 0)
			return -1;
	*has = p.has;
	return 0;
}
