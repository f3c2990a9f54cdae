/* damage.c - see damage.h. */
#include "storage/damage.h"

#include "base/alloc.h"
#include "storage/fresh.h"

struct damage *damage_new(struct err *e)
{
	struct damage *d = mem_zalloc(sizeof(*d));

	if (!d)
		err_set(e, ERR_MEMORY, "no memory to note what is damaged");
	else
		atomic_init(&d->refs, 1);
	return d;
}

struct damage *damage_ref(struct damage *d)
{
	if (d)
		atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
	return d;
}

void damage_unref(struct damage *d)
{
	if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
		return;
	mem_free(d->list);
	mem_free(d);
}

struct adding {
	struct damage *d;
	uint64_t figures;
};

static int add_periods(void *ctx, const struct chunk *c, const char *why, struct err *e)
{
	struct adding *x = ctx;
	struct damage *d = x->d;

	(void)why;
	x->figures += c->count;
	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 16;
		struct lost_periods *more = mem_realloc(d->list, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory to note what is damaged");
		d->list = more;
		d->cap = cap;
	}
	d->list[d->n++] = (struct lost_periods){ c->series, c->first_ms, c->last_ms };
	return 0;
}

int damage_add(struct damage *d, struct slice value, uint64_t kept, struct err *e)
{
	struct adding x = { .d = d };

	d->records++;
	if (fresh_record_salvage(value, add_periods, &x, e) < 0)
		return -1;
	d->vague += kept == 0 || x.figures != kept;
	return 0;
}

bool damage_covers(const struct damage *d, uint32_t series, int64_t stamp_ms)
{
	for (size_t i = 0; d && i < d->n; i++)
		if (d->list[i].series == series && d->list[i].first_ms <= stamp_ms &&
		    stamp_ms <= d->list[i].last_ms)
			return true;
	return false;
}
