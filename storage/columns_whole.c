/*
 * columns_whole.c - see columns_whole.h.
 *
 * Packing: constant and line are seen at once. Else the numbers become multiples of
 * their unit, each block asks which order leaves the least (by the leftovers' average
 * width, which a single outlier does not move), and columns_plan.c lays the window.
 *
 * Unpacking writes the leftovers of a block where its numbers shall be and sums them
 * up in place: the block stays in the nearest cache.
 */
#include "storage/columns_whole.h"

enum {
	HEAD_UNIT = 0x04,
	HEAD_YEAR = 0x08,
	HEAD_ORDER_SHIFT = 4,
	HEAD_MIXED = 0x40,
	HEAD_KNOWN = 0x7f,

	BLOCK_WIDTH = 0x3f,
	BLOCK_PATCHED = 0x40,
	BLOCK_SPARSE = 0x80,

	BLOCKS_MAX = COLUMN_SAMPLES_MAX / BLOCK + 2,
	YEAR_MIN = 3 * WHOLE_YEAR, /* with fewer numbers a year's prediction is not tried */
	YEAR_GAIN = 16,            /* of what the sample costs it must save this part */
	SAMPLED = 32,              /* numbers that choose an order */
};

/* --- what both directions share ------------------------------------------------------ */

/* Numbers in the block that begins at `from`. */
static size_t block_length(size_t n, size_t from, bool year)
{
	size_t most = year && from == 0 ? WHOLE_YEAR : BLOCK;

	return n - from < most ? n - from : most;
}

static size_t block_count(size_t n, bool year)
{
	return year ? 1 + (n - WHOLE_YEAR + BLOCK - 1) / BLOCK : (n + BLOCK - 1) / BLOCK;
}

/* --- packing: units ------------------------------------------------------------------ */

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The largest number that all distances from the first are multiples of. */
static uint64_t unit_of(const uint64_t *x, size_t n)
{
	uint64_t unit = 0;

	for (size_t i = 1; i < n && unit != 1; i++) {
		uint64_t d = x[i] - x[0];

		d = d >> 63 ? 0 - d : d;
		if (unit == 0 || d % unit)
			unit = common_divisor(d, unit);
	}
	return unit > INT64_MAX ? 1 : unit;
}

static void to_units(const uint64_t *x, size_t n, uint64_t unit, uint64_t *y)
{
	if (unit == 1)
		for (size_t i = 0; i < n; i++)
			y[i] = x[i] - x[0];
	else if ((unit & (unit - 1)) == 0)
		for (size_t i = 0; i < n; i++)
			y[i] = (uint64_t)((int64_t)(x[i] - x[0]) >> (width_of(unit) - 1));
	else
		for (size_t i = 0; i < n; i++)
			y[i] = (uint64_t)((int64_t)(x[i] - x[0]) / (int64_t)unit);
}

/* --- packing: leftovers -------------------------------------------------------------- */

static void leftovers(const uint64_t *y, size_t from, size_t n, enum whole_order order,
		      uint64_t *left)
{
	size_t i = 0, free = from > 0 ? 0 : order == ORDER_DELTA ? 1 : order == ORDER_SLOPE ? 2 : 0;

	y += from;
	switch (order) {
	case ORDER_DELTA:
		for (i = free; i < n; i++)
			left[i] = y[i] - y[(ptrdiff_t)i - 1];
		break;
	case ORDER_SLOPE:
		for (i = free; i < n; i++)
			left[i] = y[i] - 2 * y[(ptrdiff_t)i - 1] + y[(ptrdiff_t)i - 2];
		break;
	case ORDER_YEAR:
		for (i = 0; i < n; i++)
			left[i] = y[i] - y[(ptrdiff_t)i - WHOLE_YEAR];
		break;
	default:
		memcpy(left, y, n * sizeof(*left));
	}
	while (free > 0) {
		free--;
		left[free] = free + 1 < n ? left[free + 1] : 0;
	}
}

/* What some of the numbers from `from` to n leave, by order. */
struct sampled {
	uint64_t left[ORDERS][SAMPLED];
	size_t count;
};

static void sample_orders(const uint64_t *y, size_t from, size_t n, bool year, struct sampled *s)
{
	size_t begin = from < 2 ? 2 : from;

	s->count = n - begin < SAMPLED ? n - begin : SAMPLED;
	for (size_t i = 0; i < s->count; i++) {
		const uint64_t *at = y + begin + (n - begin) * i / s->count;

		s->left[ORDER_PLAIN][i] = at[0];
		s->left[ORDER_DELTA][i] = at[0] - at[-1];
		s->left[ORDER_SLOPE][i] = at[0] - 2 * at[-1] + at[-2];
		s->left[ORDER_YEAR][i] = year ? at[0] - at[-WHOLE_YEAR] : 0;
	}
}

static enum whole_order best_order(const uint64_t *y, size_t from, size_t n, bool year)
{
	enum whole_order best = ORDER_PLAIN;
	unsigned least = UINT32_MAX;
	struct sampled s;

	year = year && from > 0;
	sample_orders(y, from, from + n, year, &s);
	for (unsigned o = 0; o < (year ? ORDERS : ORDER_YEAR); o++) {
		unsigned cost = whole_cost(s.left[o], s.count);

		if (cost < least) {
			least = cost;
			best = o;
		}
	}
	return best;
}

/* Whether what was twelve numbers ago tells clearly more than the neighbours. */
static bool year_pays(const uint64_t *y, size_t n)
{
	unsigned least = UINT32_MAX;
	struct sampled s;

	if (n < YEAR_MIN)
		return false;
	sample_orders(y, WHOLE_YEAR, n, true, &s);
	for (unsigned o = 0; o < ORDER_YEAR; o++) {
		unsigned cost = whole_cost(s.left[o], s.count);

		least = cost < least ? cost : least;
	}
	return whole_cost(s.left[ORDER_YEAR], s.count) < least - least / YEAR_GAIN;
}

/* --- packing: writing ---------------------------------------------------------------- */

static uint8_t *put_patches(uint8_t *p, const uint64_t *left, size_t n,
			    const struct whole_plan *plan)
{
	uint64_t mask = mask_of(plan->width);
	uint8_t *count = p++;

	*count = 0;
	for (size_t i = 0; i < n; i++)
		if (left[i] - plan->base > mask && !(plan->sparse && left[i] == 0)) {
			++*count;
			*p++ = (uint8_t)i;
		}
	for (unsigned i = 0; i < *count; i++) {
		uint64_t over = left[count[1 + i]] - plan->base;

		p += varint_put(p, zigzag((uint64_t)((int64_t)over >> plan->width)));
	}
	return p;
}

/* The bits of those that are not left out. */
static uint8_t *put_sparse(uint8_t *p, const uint64_t *left, size_t n,
			   const struct whole_plan *plan)
{
	uint64_t kept[BLOCK];
	size_t m = 0;

	memset(p, 0, (n + 7) / 8);
	for (size_t i = 0; i < n; i++) {
		kept[m] = left[i] - plan->base;
		m += left[i] != 0;
		p[i / 8] |= (uint8_t)((left[i] != 0) << (i % 8));
	}
	p += (n + 7) / 8;
	bits_pack_plain(kept, m, plan->width, p);
	return p + bits_bytes(m, plan->width);
}

static uint8_t *put_dense(uint8_t *p, uint64_t *left, size_t n, const struct whole_plan *plan)
{
	uint64_t over[BLOCK];

	for (size_t i = 0; i < n; i++)
		over[i] = left[i] - plan->base;
	bits_pack(over, n, plan->width, p);
	return p + bits_bytes(n, plan->width);
}

static uint8_t *put_block(uint8_t *p, const uint64_t *y, size_t from, size_t n,
			  enum whole_order order, bool quick)
{
	uint64_t left[BLOCK];
	struct whole_plan plan;

	leftovers(y, from, n, order, left);
	whole_plan(left, n, quick, &plan);
	*p++ = (uint8_t)((plan.width == 64 ? BLOCK_WIDTH : plan.width) |
			 (plan.patches ? BLOCK_PATCHED : 0) | (plan.sparse ? BLOCK_SPARSE : 0));
	p += varint_put(p, zigzag(plan.base));
	if (from == 0 && order == ORDER_SLOPE)
		p += varint_put(p, zigzag(y[1]));
	p = plan.sparse ? put_sparse(p, left, n, &plan) : put_dense(p, left, n, &plan);
	return plan.patches ? put_patches(p, left, n, &plan) : p;
}

static uint8_t *put_head(uint8_t *p, unsigned head, uint64_t first, uint64_t unit)
{
	*p++ = (uint8_t)(head | (unit != 1 ? HEAD_UNIT : 0));
	p += varint_put(p, zigzag(first));
	return unit != 1 ? p + varint_put(p, zigzag(unit)) : p;
}

static size_t pack_blocks(const uint64_t *x, size_t n, uint8_t *out, struct columns_scratch *s)
{
	uint8_t orders[BLOCKS_MAX] = { 0 }, *p;
	uint64_t unit = unit_of(x, n);
	bool year, mixed = false;
	unsigned head;
	size_t from, len, b;

	to_units(x, n, unit, s->units);
	year = year_pays(s->units, n);
	for (from = 0, b = 0; from < n; from += len, b++) {
		len = block_length(n, from, year);
		orders[b] = best_order(s->units, from, len, year);
		mixed = mixed || orders[b] != orders[0];
	}
	head = WHOLE_BLOCKS | (year ? HEAD_YEAR : 0) |
	       (mixed ? HEAD_MIXED : (unsigned)orders[0] << HEAD_ORDER_SHIFT);
	p = put_head(out, head, x[0], unit);
	if (mixed) {
		memset(p, 0, (b + 3) / 4);
		for (size_t i = 0; i < b; i++)
			p[i / 4] |= (uint8_t)(orders[i] << (i % 4 * 2));
		p += (b + 3) / 4;
	}
	for (from = 0, b = 0; from < n; from += len, b++) {
		len = block_length(n, from, year);
		p = put_block(p, s->units, from, len, orders[b], s->quick);
	}
	return (size_t)(p - out);
}

size_t whole_pack(const uint64_t *x, size_t n, uint8_t *out, struct columns_scratch *s)
{
	uint64_t step = n > 1 ? x[1] - x[0] : 0, other = 0;

	for (size_t i = 1; i < n; i++)
		other |= (x[i] - x[i - 1]) ^ step;
	if (other)
		return pack_blocks(x, n, out, s);
	if (step == 0)
		return (size_t)(put_head(out, WHOLE_CONSTANT, x[0], 1) - out);
	return (size_t)(put_head(out, WHOLE_LINE, x[0], step) - out);
}

/* --- unpacking ----------------------------------------------------------------------- */

static int cut_off(struct err *e)
{
	return err_set(e, ERR_CORRUPT, "it is cut off");
}

static bool get_signed(struct slice *in, uint64_t *v)
{
	if (!varint_take(in, v))
		return false;
	*v = unzigzag(*v);
	return true;
}

static int get_patches(struct slice *in, unsigned width, size_t n, uint64_t *left, struct err *e)
{
	const uint8_t *places;
	uint8_t count;
	uint64_t v;

	if (!get_byte(in, &count) || in->n < count)
		return cut_off(e);
	places = (const uint8_t *)in->p;
	*in = slice_skip(*in, count);
	for (unsigned i = 0; i < count; i++) {
		if (places[i] >= n || (i > 0 && places[i] <= places[i - 1]))
			return err_set(e, ERR_CORRUPT, "a patch lies outside its block");
		if (!get_signed(in, &v))
			return cut_off(e);
		left[places[i]] += v << width;
	}
	return 0;
}

static unsigned count_bits(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(v * UINT64_C(0x0101010101010101) >> 56);
}

/* Bits of the first n <= BLOCK set in `present`. */
static size_t count_present(const uint8_t *present, size_t n)
{
	uint64_t words[BLOCK / 64] = { 0 };

	memcpy(words, present, (n + 7) / 8);
	if (n % 8)
		((uint8_t *)words)[n / 8] &= (uint8_t)((1u << n % 8) - 1);
	return count_bits(words[0]) + count_bits(words[1]);
}

static int get_sparse(struct slice *in, unsigned width, uint64_t base, size_t n, uint64_t *left,
		      struct err *e)
{
	const uint8_t *present = (const uint8_t *)in->p;
	size_t packed;

	if (in->n < (n + 7) / 8)
		return cut_off(e);
	*in = slice_skip(*in, (n + 7) / 8);
	packed = count_present(present, n);
	if (in->n < bits_bytes(packed, width))
		return cut_off(e);
	bits_unpack_sparse(*in, packed, width, base, present, n, left);
	*in = slice_skip(*in, bits_bytes(packed, width));
	return 0;
}

/* The leftovers of one block; *slope is read when it is asked for. */
static int get_block(struct slice *in, size_t n, uint64_t *left, uint64_t *slope, struct err *e)
{
	unsigned width;
	uint64_t base;
	uint8_t head;

	if (!get_byte(in, &head) || !get_signed(in, &base) || (slope && !get_signed(in, slope)))
		return cut_off(e);
	width = head & BLOCK_WIDTH;
	if (width == BLOCK_WIDTH)
		width = 64;
	if (width == 64 && (head & BLOCK_PATCHED))
		return err_set(e, ERR_CORRUPT, "it patches numbers that are whole");
	if (head & BLOCK_SPARSE) {
		if (get_sparse(in, width, base, n, left, e) < 0)
			return -1;
	} else {
		if (in->n < bits_bytes(n, width))
			return cut_off(e);
		bits_unpack(*in, n, width, base, left);
		*in = slice_skip(*in, bits_bytes(n, width));
	}
	return head & BLOCK_PATCHED ? get_patches(in, width, n, left, e) : 0;
}

/* What unpacking keeps from block to block. */
struct whole_reader {
	uint64_t first, unit;
	uint64_t last, step; /* the number before, and how far it was from the one before it */
};

static void sum_delta(struct whole_reader *r, size_t n, uint64_t *x)
{
	uint64_t last = r->last;

	for (size_t i = 0; i < n; i++)
		x[i] = last += x[i];
	r->last = last;
}

static void sum_slope(struct whole_reader *r, size_t n, uint64_t *x)
{
	uint64_t last = r->last, step = r->step;

	for (size_t i = 0; i < n; i++) {
		step += x[i];
		x[i] = last += step;
	}
	r->last = last;
}

static void sum_up(struct whole_reader *r, enum whole_order order, size_t n, uint64_t *x)
{
	if (r->unit != 1)
		for (size_t i = 0; i < n; i++)
			x[i] *= r->unit;
	switch (order) {
	case ORDER_DELTA:
		sum_delta(r, n, x);
		break;
	case ORDER_SLOPE:
		sum_slope(r, n, x);
		break;
	case ORDER_YEAR:
		for (size_t i = 0; i < n; i++)
			x[i] += x[(ptrdiff_t)i - WHOLE_YEAR];
		break;
	default:
		for (size_t i = 0; i < n; i++)
			x[i] += r->first;
	}
}

/* In the first block the first leftovers only say where the sums begin, so that they lead
 * to the first number, and for a line to the second. */
static void begin_sums(struct whole_reader *r, enum whole_order order, uint64_t slope, uint64_t *x)
{
	if (order == ORDER_DELTA) {
		x[0] = 0;
		r->last = r->first;
	} else if (order == ORDER_SLOPE) {
		x[0] = 0;
		x[1] = slope;
		r->last = r->first;
		r->step = 0;
	}
}

static int unpack_blocks(struct slice *in, unsigned head, struct whole_reader *r, size_t n,
			 uint64_t *x, struct err *e)
{
	bool year = head & HEAD_YEAR, mixed = head & HEAD_MIXED;
	const uint8_t *orders = (const uint8_t *)in->p;
	size_t len;

	if (year && n <= WHOLE_YEAR)
		return err_set(e, ERR_CORRUPT, "it has no room for a year");
	if (mixed) {
		size_t bytes = (block_count(n, year) + 3) / 4;

		if (in->n < bytes)
			return cut_off(e);
		*in = slice_skip(*in, bytes);
	}
	for (size_t from = 0, b = 0; from < n; from += len, b++) {
		unsigned order =
			mixed ? orders[b / 4] >> (b % 4 * 2) & 3 : head >> HEAD_ORDER_SHIFT & 3;
		uint64_t slope = 0;

		len = block_length(n, from, year);
		if (from == 0 && (order == ORDER_YEAR || (order == ORDER_SLOPE && len < 2)))
			return err_set(e, ERR_CORRUPT, "its first block has nothing before it");
		if (get_block(in, len, x + from, from == 0 && order == ORDER_SLOPE ? &slope : NULL,
			      e) < 0)
			return -1;
		if (from == 0)
			begin_sums(r, order, slope, x);
		else if (order == ORDER_DELTA || order == ORDER_SLOPE)
			r->last = x[from - 1];
		if (from > 1 && order == ORDER_SLOPE)
			r->step = x[from - 1] - x[from - 2];
		sum_up(r, order, len, x + from);
		if (from == 0)
			x[0] = r->first;
	}
	return 0;
}

static void fill_line(uint64_t *x, size_t n, uint64_t first, uint64_t step)
{
	u64x2 two = { first, first + step }, steps = { 2 * step, 2 * step };

	for (size_t i = 0; i < n; i += 2, two += steps)
		memcpy(x + i, &two, sizeof(two));
}

int whole_unpack_range(struct slice *in, size_t n, size_t from, size_t to, uint64_t *x,
		       struct err *e)
{
	struct whole_reader r = { .unit = 1 };
	uint8_t head;

	if (n < 1 || n > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "%zu elements are not one to %d", n,
			       COLUMN_SAMPLES_MAX);
	if (!get_byte(in, &head) || !get_signed(in, &r.first) ||
	    ((head & HEAD_UNIT) && !get_signed(in, &r.unit)))
		return cut_off(e);
	if ((head & ~HEAD_KNOWN) || (head & WHOLE_KIND_MASK) == WHOLE_RESERVED)
		return err_set(e, ERR_CORRUPT, "its kind is unknown");
	if ((head & WHOLE_KIND_MASK) == WHOLE_BLOCKS)
		return unpack_blocks(in, head, &r, n, x, e);
	if ((head & WHOLE_KIND_MASK) == WHOLE_CONSTANT)
		r.unit = 0;
	fill_line(x + from, to - from, r.first + from * r.unit, r.unit);
	return 0;
}

int whole_unpack(struct slice *in, size_t n, uint64_t *x, struct err *e)
{
	return whole_unpack_range(in, n, 0, n, x, e);
}
