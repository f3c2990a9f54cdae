/* figure.c - see figure.h. */
#include "storage/figure.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/varint.h"

#include <stdlib.h>

enum { ROOM = FIGURES_MAX + COLUMN_SLACK, ATTRIBUTES_LIMIT = 1 << 20 };

struct source {
	uint64_t sequence;
	int64_t received_ms, released_ms;
};

struct figure_packer {
	struct columns_scratch *scratch;
	int64_t t[ROOM];
	double v[ROOM];
	uint64_t x[5][ROOM]; /* submission, months, flags, kind of known-from, that if written */
	struct source sources[ROOM];
	uint32_t nsources;
	struct buf times, values, attributes, one;
};

/* --- order -------------------------------------------------------------------------- */

int figure_cmp(const struct figure *a, const struct figure *b)
{
	if (a->stamp_ms != b->stamp_ms)
		return a->stamp_ms < b->stamp_ms ? -1 : 1;
	if (a->known_from_ms != b->known_from_ms)
		return a->known_from_ms < b->known_from_ms ? -1 : 1;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static int cmp(const void *a, const void *b)
{
	return figure_cmp(a, b);
}

/* How many from the start rise, or fall (`sign` -1): without equals among them when they fall. */
static size_t ordered(const struct figure *f, size_t n, int sign)
{
	size_t i = 1;

	while (i < n && figure_cmp(&f[i - 1], &f[i]) * sign < (sign > 0))
		i++;
	return i;
}

/* They mostly come in order, or newest first: from a partition, and from memory. */
void figures_sort(struct figure *f, size_t n)
{
	if (n < 2 || ordered(f, n, 1) == n)
		return;
	if (ordered(f, n, -1) < n) {
		qsort(f, n, sizeof(*f), cmp);
		return;
	}
	for (size_t i = 0, k = n - 1; i < k; i++, k--) {
		struct figure x = f[i];

		f[i] = f[k];
		f[k] = x;
	}
}

/* --- packing ------------------------------------------------------------------------- */

struct figure_packer *figure_packer_new(struct err *e)
{
	struct figure_packer *p = mem_zalloc(sizeof(*p));

	if (!p) {
		err_set(e, ERR_MEMORY, "no memory to pack figures");
		return NULL;
	}
	buf_init(&p->times, ATTRIBUTES_LIMIT);
	buf_init(&p->values, ATTRIBUTES_LIMIT);
	buf_init(&p->attributes, ATTRIBUTES_LIMIT);
	buf_init(&p->one, ATTRIBUTES_LIMIT);
	p->scratch = columns_scratch_new(e);
	if (p->scratch)
		return p;
	figure_packer_free(p);
	return NULL;
}

void figure_packer_free(struct figure_packer *p)
{
	if (!p)
		return;
	columns_scratch_free(p->scratch);
	buf_release(&p->times);
	buf_release(&p->values);
	buf_release(&p->attributes);
	buf_release(&p->one);
	mem_free(p);
}

static int by_sequence(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static void collect_sources(struct figure_packer *p, const struct figure *f, size_t n)
{
	uint32_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t released = f[i].known == KNOWN_GIVEN ? 0 : f[i].released_ms;

		p->sources[i] = (struct source){ f[i].sequence, f[i].received_ms, released };
	}
	qsort(p->sources, n, sizeof(*p->sources), by_sequence);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && p->sources[kept - 1].sequence == p->sources[i].sequence) {
			if (p->sources[i].released_ms)
				p->sources[kept - 1].released_ms = p->sources[i].released_ms;
			continue;
		}
		p->sources[kept++] = p->sources[i];
	}
	p->nsources = kept;
}

static uint64_t source_of(const struct figure_packer *p, uint64_t sequence)
{
	uint32_t lo = 0, hi = p->nsources;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (p->sources[mid].sequence < sequence)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int64_t minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static void put_sources(struct figure_packer *p)
{
	struct buf *b = &p->attributes;
	struct source before = { 0 };

	varint_add(b, p->nsources);
	for (uint32_t i = 0; i < p->nsources; i++) {
		const struct source *s = &p->sources[i];

		varint_add(b, s->sequence - before.sequence);
		varint_add(b, zigzag(minus(s->received_ms, before.received_ms)));
		varint_add(b,
			   s->released_ms ? 1 + zigzag(minus(s->released_ms, s->received_ms)) : 0);
		before = *s;
	}
}

static bool put_ints(struct figure_packer *p, const uint64_t *x, size_t n)
{
	char *room;
	size_t bytes;

	buf_clear(&p->one);
	room = buf_room(&p->one, ints_bound(n));
	if (!room)
		return false;
	bytes = ints_pack(x, n, (uint8_t *)room, p->scratch);
	varint_add(&p->attributes, bytes);
	buf_put(&p->attributes, room, bytes);
	return true;
}

static bool put_attributes(struct figure_packer *p, const struct figure *f, size_t n)
{
	buf_clear(&p->attributes);
	collect_sources(p, f, n);
	put_sources(p);
	for (size_t i = 0; i < n; i++) {
		p->x[0][i] = source_of(p, f[i].sequence);
		p->x[1][i] = f[i].months;
		p->x[2][i] = f[i].flags;
		p->x[3][i] = f[i].known;
	}
	for (int k = 0; k < 4; k++)
		if (!put_ints(p, p->x[k], n))
			return false;
	for (size_t i = 0; i < n; i++)
		if (f[i].known != KNOWN_RECEIVED)
			varint_add(&p->attributes,
				   zigzag(minus(f[i].known_from_ms, f[i].received_ms)));
	return true;
}

static bool pack_columns(struct figure_packer *p, const struct figure *f, size_t n, struct chunk *c)
{
	enum value_encoding encoding;
	char *times, *values;

	for (size_t i = 0; i < n; i++) {
		p->t[i] = f[i].stamp_ms;
		p->v[i] = f[i].value;
	}
	buf_clear(&p->times);
	buf_clear(&p->values);
	times = buf_room(&p->times, times_bound(n));
	values = buf_room(&p->values, values_bound(n));
	if (!times || !values)
		return false;
	buf_added(&p->times, times_pack(p->t, n, (uint8_t *)times, p->scratch));
	buf_added(&p->values, values_pack(p->v, n, (uint8_t *)values, &encoding, p->scratch));
	c->encoding = (uint8_t)encoding;
	return true;
}

int figures_pack(struct figure_packer *p, uint32_t series, const struct figure *f, size_t n,
		 struct chunk *c, struct err *e)
{
	*c = (struct chunk){ .series = series,
			     .count = (uint32_t)n,
			     .first_ms = f[0].stamp_ms,
			     .last_ms = f[n - 1].stamp_ms };
	if (!put_attributes(p, f, n) || !pack_columns(p, f, n, c))
		return err_set(e, ERR_MEMORY, "no memory to pack figures");
	if (buf_check(&p->attributes, e) < 0)
		return err_wrap(e, "cannot pack figures");
	c->times = buf_all(&p->times);
	c->values = buf_all(&p->values);
	c->attributes = buf_all(&p->attributes);
	return 0;
}

/* --- unpacking ------------------------------------------------------------------------- */

static int bad(struct err *e)
{
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "the attributes of a chunk of figures are damaged");
}

static int take_sources(struct figure_packer *p, struct slice *in, uint32_t count, struct err *e)
{
	struct source before = { 0 };
	uint64_t n, sequence, received, released;

	if (!varint_take(in, &n) || n == 0 || n > count)
		return bad(e);
	for (uint64_t i = 0; i < n; i++) {
		struct source *s = &p->sources[i];

		if (!varint_take(in, &sequence) || !varint_take(in, &received) ||
		    !varint_take(in, &released))
			return bad(e);
		s->sequence = before.sequence + sequence;
		if (i > 0 && s->sequence <= before.sequence)
			return bad(e);
		s->received_ms = plus(before.received_ms, unzigzag(received));
		s->released_ms = released ? plus(s->received_ms, unzigzag(released - 1)) : 0;
		before = *s;
	}
	p->nsources = (uint32_t)n;
	return 0;
}

/* Which figures of a chunk are wanted. */
struct part_of_chunk {
	uint32_t count, from, to;
};

static int take_ints(struct figure_packer *p, struct slice *in, struct part_of_chunk c, uint64_t *x,
		     uint64_t below, struct err *e)
{
	uint64_t bytes;

	if (!varint_take(in, &bytes) || bytes > in->n)
		return bad(e);
	if (ints_unpack(slice_of(in->p, bytes), c.count, c.from, c.to, x, p->scratch, e) < 0)
		return -1;
	*in = slice_skip(*in, bytes);
	for (uint32_t i = c.from; i < c.to; i++)
		if (x[i] >= below)
			return bad(e);
	return 0;
}

/* Of each figure its kind, and how far a known-from that is written is from its received: all are
 * looked at, since they stand one after the other. */
static int take_known(struct figure_packer *p, struct slice *in, struct part_of_chunk c,
		      struct err *e)
{
	uint64_t *kind = p->x[3], *known = p->x[4];
	struct slice column = *in;
	uint64_t bytes;

	if (varint_take(&column, &bytes) && bytes <= column.n &&
	    ints_are_zero(slice_of(column.p, bytes))) {
		*in = slice_skip(column, bytes);
		memset(kind + c.from, 0, (c.to - c.from) * sizeof(*kind));
		return 0;
	}
	if (take_ints(p, in, (struct part_of_chunk){ c.count, 0, c.count }, kind, KNOWN_GIVEN + 1,
		      e) < 0)
		return -1;
	for (uint32_t i = 0; i < c.count; i++)
		if (kind[i] != KNOWN_RECEIVED && !varint_take(in, &known[i]))
			return bad(e);
	return 0;
}

int figures_unpack_attributes(struct figure_packer *p, const struct chunk *c, uint32_t from,
			      uint32_t to, struct err *e)
{
	struct part_of_chunk part = { c->count, from, to };
	struct slice in = c->attributes;

	if (c->count > FIGURES_MAX)
		return bad(e);
	if (take_sources(p, &in, c->count, e) < 0 ||
	    take_ints(p, &in, part, p->x[0], p->nsources, e) < 0 ||
	    take_ints(p, &in, part, p->x[1], 256, e) < 0 ||
	    take_ints(p, &in, part, p->x[2], 256, e) < 0 || take_known(p, &in, part, e) < 0)
		return -1;
	return in.n == 0 ? 0 : bad(e);
}

int figures_unpack_times(struct figure_packer *p, const struct chunk *c, int64_t *t, struct err *e)
{
	return c->count > FIGURES_MAX ? bad(e) : times_unpack(c->times, c->count, t, p->scratch, e);
}

static void put_figure(const struct figure_packer *p, uint32_t i, int64_t stamp_ms,
		       struct figure *f)
{
	const struct source *s = &p->sources[p->x[0][i]];

	*f = (struct figure){ .stamp_ms = stamp_ms,
			      .known_from_ms = s->received_ms,
			      .sequence = s->sequence,
			      .received_ms = s->received_ms,
			      .released_ms = s->released_ms,
			      .value = p->v[i],
			      .row = i,
			      .months = (uint8_t)p->x[1][i],
			      .flags = (uint8_t)p->x[2][i],
			      .known = (uint8_t)p->x[3][i] };
	if (f->known == KNOWN_RECEIVED)
		return;
	f->known_from_ms = plus(s->received_ms, unzigzag(p->x[4][i]));
	if (f->known == KNOWN_GIVEN)
		f->released_ms = f->known_from_ms;
}

int figures_unpack_part(struct figure_packer *p, const struct chunk *c, const int64_t *t,
			uint32_t from, uint32_t to, struct figure *out, struct err *e)
{
	if (values_unpack_range((enum value_encoding)c->encoding, c->values, c->count, from, to,
				p->v, p->scratch, e) < 0)
		return -1;
	for (uint32_t i = from; i < to; i++)
		put_figure(p, i, t[i], &out[i - from]);
	return 0;
}

int figures_unpack(struct figure_packer *p, const struct chunk *c, struct figure *out,
		   struct err *e)
{
	if (figures_unpack_times(p, c, p->t, e) < 0 ||
	    figures_unpack_attributes(p, c, 0, c->count, e) < 0)
		return -1;
	return figures_unpack_part(p, c, p->t, 0, c->count, out, e);
}
