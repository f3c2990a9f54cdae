/* layout.c - see layout.h. */
#include "storage/layout.h"

#include "base/alloc.h"

/* --- parts -------------------------------------------------------------------------- */

enum { COPIED_BYTES = 16 << 10 };

static int read_part(struct part *p, struct slice blob, struct err *e)
{
	struct index_part head;

	if (blob.n <= COPIED_BYTES) {
		p->copy = mem_alloc(blob.n + 1);
		if (!p->copy)
			return err_set(e, ERR_MEMORY, "no memory for a part of the index");
		memcpy(p->copy, blob.p, blob.n);
		blob = slice_of(p->copy, blob.n);
	}
	p->verified = index_verified_new(blob.n, e);
	if (!p->verified || index_part_open(blob, p->verified, &head, e) < 0)
		return -1;
	p->bytes = blob.n;
	p->first_id = head.first_id;
	p->last_id = head.last_id;
	p->series = head.series;
	return 0;
}

struct part *part_of_blob(uint32_t number, struct slice blob, struct err *e)
{
	struct part *p = mem_zalloc(sizeof(*p));

	if (!p) {
		err_set(e, ERR_MEMORY, "no memory for a part of the index");
		return NULL;
	}
	atomic_init(&p->refs, 1);
	p->number = number;
	if (read_part(p, blob, e) == 0)
		return p;
	part_unref(p);
	return NULL;
}

struct part *part_ref(struct part *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void part_unref(struct part *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	index_verified_free(p->verified);
	mem_free(p->copy);
	mem_free(p);
}

/* --- layouts -------------------------------------------------------------------------- */

struct layout *layout_new(struct err *e)
{
	struct layout *l = mem_zalloc(sizeof(*l));

	if (!l) {
		err_set(e, ERR_MEMORY, "no memory for the store's layout");
		return NULL;
	}
	atomic_init(&l->refs, 1);
	return l;
}

struct layout *layout_ref(struct layout *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

static void release_layers(struct layer **list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		layer_unref(list[i]);
	mem_free(list);
}

void layout_unref(struct layout *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	release_layers(l->samples, l->nsamples);
	release_layers(l->figures, l->nfigures);
	generation_unref(l->sealed);
	generation_unref(l->active);
	fresh_unref(l->frozen);
	fresh_unref(l->fresh);
	damage_unref(l->damage);
	for (uint32_t i = 0; i < l->nparts; i++)
		part_unref(l->parts[i]);
	mem_free(l->parts);
	for (uint32_t i = 0; i < l->nmemories; i++)
		memory_index_unref(l->memories[i]);
	mem_free(l);
}

static struct layer **copy_layers(struct layer *const *list, uint32_t n)
{
	struct layer **out = mem_alloc((n + (size_t)1) * sizeof(struct layer *));

	for (uint32_t i = 0; out && i < n; i++)
		out[i] = layer_ref(list[i]);
	return out;
}

static void copy_rest(struct layout *c, const struct layout *l)
{
	c->epoch = l->epoch;
	c->npartitions = l->npartitions;
	c->sealed = l->sealed ? generation_ref(l->sealed) : NULL;
	c->active = l->active ? generation_ref(l->active) : NULL;
	c->frozen = l->frozen ? fresh_ref(l->frozen) : NULL;
	c->fresh = l->fresh ? fresh_ref(l->fresh) : NULL;
	c->damage = damage_ref(l->damage);
	c->nmemories = l->nmemories;
	for (uint32_t i = 0; i < l->nmemories; i++)
		c->memories[i] = memory_index_ref(l->memories[i]);
}

struct layout *layout_copy(const struct layout *l, struct err *e)
{
	struct layout *c = layout_new(e);

	if (!c)
		return NULL;
	c->samples = copy_layers(l->samples, l->nsamples);
	c->nsamples = c->samples ? l->nsamples : 0;
	c->figures = copy_layers(l->figures, l->nfigures);
	c->nfigures = c->figures ? l->nfigures : 0;
	c->parts = mem_alloc((l->nparts + (size_t)1) * sizeof(struct part *));
	for (uint32_t i = 0; c->parts && i < l->nparts; i++)
		c->parts[c->nparts++] = part_ref(l->parts[i]);
	copy_rest(c, l);
	if (c->samples && c->figures && c->parts)
		return c;
	layout_unref(c);
	err_set(e, ERR_MEMORY, "no memory for the store's layout");
	return NULL;
}

/* Where a layer belongs: partitions of samples before runs, each by order. */
static bool belongs_before(const struct layer *a, const struct layer *b)
{
	if (a->run != b->run)
		return b->run;
	return a->order < b->order;
}

int layout_add_layer(struct layout *l, struct layer *take, struct err *e)
{
	bool samples = take->kind == SEGMENT_SAMPLES;
	struct layer ***list = samples ? &l->samples : &l->figures;
	uint32_t *n = samples ? &l->nsamples : &l->nfigures, at;
	struct layer **more = mem_realloc(*list, (*n + (size_t)1) * sizeof(struct layer *));

	if (!more) {
		layer_unref(take);
		return err_set(e, ERR_MEMORY, "no memory for the store's layout");
	}
	*list = more;
	for (at = *n; at > 0 && belongs_before(take, more[at - 1]); at--)
		more[at] = more[at - 1];
	more[at] = take;
	(*n)++;
	if (samples && !take->run)
		l->npartitions++;
	return 0;
}

static uint32_t drop_from(struct layer **list, uint32_t n,
			  bool (*drop)(const struct layer *x, const void *ctx), const void *ctx)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (drop(list[i], ctx))
			layer_unref(list[i]);
		else
			list[kept++] = list[i];
	}
	return kept;
}

void layout_drop_layers(struct layout *l, bool (*drop)(const struct layer *x, const void *ctx),
			const void *ctx)
{
	l->nsamples = drop_from(l->samples, l->nsamples, drop, ctx);
	l->nfigures = drop_from(l->figures, l->nfigures, drop, ctx);
	l->npartitions = 0;
	while (l->npartitions < l->nsamples && !l->samples[l->npartitions]->run)
		l->npartitions++;
}

int layout_add_part(struct layout *l, struct part *take, struct err *e)
{
	struct part **more = mem_realloc(l->parts, (l->nparts + (size_t)1) * sizeof(struct part *));

	if (!more) {
		part_unref(take);
		return err_set(e, ERR_MEMORY, "no memory for the store's layout");
	}
	l->parts = more;
	l->parts[l->nparts++] = take;
	return 0;
}

void layout_drop_parts(struct layout *l, uint32_t from_number, uint32_t to_number)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->nparts; i++) {
		if (l->parts[i]->number >= from_number && l->parts[i]->number <= to_number)
			part_unref(l->parts[i]);
		else
			l->parts[kept++] = l->parts[i];
	}
	l->nparts = kept;
}

int layout_set_names_aside(struct layout *l, struct err *e)
{
	struct memory_index *more;

	if (l->nmemories != 1 || memory_index_count(l->memories[0]) == 0)
		return 0;
	more = memory_index_new(e);
	if (!more)
		return -1;
	l->memories[l->nmemories++] = more;
	return 0;
}
