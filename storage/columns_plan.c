/*
 * columns_plan.c - how wide a block's leftovers are kept, and which are patched.
 *
 * A window of 2^width numbers is laid over the leftovers; what lies outside is patched at
 * about two bytes each. To find the best window without sorting the block, only
 * what lies far from its middle is collected and sorted: those are the candidates for
 * patches, and every window worth trying ends at one of them.
 */
#include "storage/columns_whole.h"

enum {
	FAR_MAX = BLOCK / 4, /* candidates for patches; with more of them patches do not pay */
	PATCH_BITS = 16,     /* place, and a number below 64 */
	PATCH_SPARE = 6,     /* bits of which its first byte holds beyond the width */
	BASE_BITS = 8,
};

/* What lies below and above the middle by more than `reach`, as distances from it. */
struct outer {
	int64_t low[FAR_MAX + 1], high[FAR_MAX + 1];
	size_t nlow, nhigh;
	int64_t reach;
};

static inline int64_t distance(uint64_t v, uint64_t middle)
{
	return (int64_t)(v - middle);
}

static inline uint64_t magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* The median of five of them: near the middle whatever single ones do. */
static uint64_t middle_of(const uint64_t *left, size_t n)
{
	int64_t v[5];

	for (size_t i = 0; i < 5; i++) {
		int64_t x = (int64_t)left[(n - 1) * i / 4];
		size_t at = i;

		for (; at > 0 && v[at - 1] > x; at--)
			v[at] = v[at - 1];
		v[at] = x;
	}
	return (uint64_t)v[2];
}

/* Sum of the bits of the distances from the middle, in sixteenths of a bit a number. */
unsigned whole_spread(const uint64_t *left, size_t n, size_t step)
{
	uint64_t middle = middle_of(left, n);
	unsigned sum = 0, count = 0;

	for (size_t i = 0; i < n; i += step, count++)
		sum += width_of(magnitude(distance(left[i], middle)));
	return sum * 16 / count;
}

/* --- patches -------------------------------------------------------------------------------- */

static void insert(int64_t *sorted, size_t n, int64_t v)
{
	for (; n > 0 && sorted[n - 1] > v; n--)
		sorted[n] = sorted[n - 1];
	sorted[n] = v;
}

/* False when there are too many. */
static bool collect(const uint64_t *left, size_t n, uint64_t middle, struct outer *o)
{
	uint64_t reach = (uint64_t)o->reach;

	o->nlow = o->nhigh = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t d = distance(left[i], middle);

		if ((uint64_t)d + reach <= 2 * reach)
			continue;
		if (o->nlow + o->nhigh == FAR_MAX)
			return false;
		if (d < 0)
			insert(o->low, o->nlow++, d);
		else
			insert(o->high, o->nhigh++, d);
	}
	return true;
}

/* Patches far outside take more than one byte for their number. */
static size_t patches_bits(size_t count, size_t width_sum, unsigned width)
{
	size_t free = count * (width + PATCH_SPARE);

	return count ? 8 + count * PATCH_BITS + (width_sum > free ? width_sum - free : 0) : 0;
}

/* Tries all windows that leave out `below` of the low ones. */
static void try_windows(const struct outer *o, size_t n, size_t below, size_t below_widths,
			uint64_t middle, struct whole_plan *p)
{
	int64_t from = below < o->nlow ? o->low[below] : -o->reach;
	size_t widths = below_widths;

	for (size_t above = 0; above <= o->nhigh; above++) {
		int64_t to = above < o->nhigh ? o->high[o->nhigh - 1 - above] : o->reach;
		unsigned width = width_of((uint64_t)to - (uint64_t)from);
		size_t bits = n * width + patches_bits(below + above, widths, width);

		if (bits < p->bits && width < 63) {
			p->bits = bits;
			p->width = width;
			p->patches = (unsigned)(below + above);
			p->base = middle + (uint64_t)from;
		}
		widths += width_of(magnitude(to));
	}
}

static void plan_patches(const uint64_t *left, size_t n, struct whole_plan *p)
{
	unsigned spread = (whole_spread(left, n, 1) + 8) / 16;
	uint64_t middle = middle_of(left, n);
	struct outer o;
	size_t widths = 0;

	for (unsigned reach = spread + 1;; reach++) {
		if (reach >= 62 || reach > p->width)
			return;
		o.reach = (int64_t)((UINT64_C(1) << reach) - 1);
		if (collect(left, n, middle, &o))
			break;
	}
	for (size_t below = 0; below <= o.nlow; below++) {
		try_windows(&o, n, below, widths, middle, p);
		if (below < o.nlow)
			widths += width_of(magnitude(o.low[below]));
	}
}

static void plan_dense(const uint64_t *left, size_t n, struct whole_plan *p)
{
	int64_t min = (int64_t)left[0], max = min;

	for (size_t i = 1; i < n; i++) {
		int64_t v = (int64_t)left[i];

		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	*p = (struct whole_plan){ .base = (uint64_t)min };
	p->width = width_of((uint64_t)max - (uint64_t)min);
	if (p->width == 63)
		p->width = 64;
	p->bits = n * p->width;
	if (p->width > 1)
		plan_patches(left, n, p);
}

/* --- zeros left out ----------------------------------------------------------------------------
 */

void whole_plan(const uint64_t *left, size_t n, struct whole_plan *p)
{
	uint64_t kept[BLOCK];
	struct whole_plan q;
	size_t zeros = 0, m = 0;

	plan_dense(left, n, p);
	for (size_t i = 0; i < n; i++)
		zeros += left[i] == 0;
	if (zeros == n || zeros * p->width <= n)
		return;
	for (size_t i = 0; i < n; i++) {
		kept[m] = left[i];
		m += left[i] != 0;
	}
	plan_dense(kept, m, &q);
	q.sparse = true;
	q.bits += (n + 7) / 8 * 8;
	if (q.bits < p->bits)
		*p = q;
}
