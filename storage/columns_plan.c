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
	SOME = 32,           /* numbers that tell how far the others spread */
	FAR_MAX = BLOCK / 4, /* candidates for patches; with more of them patches do not pay */
	PATCH_BITS = 16,     /* place, and a number below 64 */
	PATCH_SPARE = 6,     /* bits of which its first byte holds beyond the width */
	SPARSE_GAIN = 8,     /* sixteenths of a bit a number */
};

/* What lies below and above the middle by more than `reach`, and the least and the greatest
 * of the others, all as distances from it. */
struct outer {
	int64_t low[FAR_MAX], high[FAR_MAX];
	size_t nlow, nhigh;
	int64_t least, most;
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
	int64_t v[5] = { 0 };

	for (size_t i = 0; i < 5; i++)
		insert_sorted(v, i, (int64_t)left[(n - 1) * i / 4]);
	return (uint64_t)v[2];
}

/* What n numbers cost in bits, twice over: once with the best width and the rest patched,
 * which sees that few are far off, and once each by its own width, which tells finer. */
unsigned whole_cost(const uint64_t *left, size_t n)
{
	uint64_t middle = middle_of(left, n);
	uint8_t of_width[65] = { 0 };
	unsigned sum = 0, beyond = 0, widest, least;
	int64_t low = 0, high = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t d = distance(left[i], middle);
		unsigned width = width_of(magnitude(d));

		of_width[width]++;
		sum += width;
		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	least = (unsigned)n * width_of((uint64_t)high - (uint64_t)low);
	widest = width_of(magnitude(low) | magnitude(high));
	for (unsigned width = widest; width-- > 0;) {
		unsigned cost;

		beyond += of_width[width + 1];
		cost = (unsigned)n * (width + 1) + beyond * PATCH_BITS;
		least = cost < least ? cost : least;
	}
	return least + sum;
}

/* --- patches ------------------------------------------------------------------------- */

/* How many there are; sorted unless there are too many. First their places, without a branch
 * that nobody can foretell, then their order. */
static size_t collect(const uint64_t *left, size_t n, uint64_t middle, struct outer *o)
{
	uint64_t reach = (uint64_t)o->reach;
	uint8_t places[BLOCK];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		places[count] = (uint8_t)i;
		count += left[i] - middle + reach > 2 * reach;
	}
	if (count == 0 || count > FAR_MAX)
		return count;
	o->nlow = o->nhigh = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t d = distance(left[places[i]], middle);

		if (d < 0)
			insert_sorted(o->low, o->nlow++, d);
		else
			insert_sorted(o->high, o->nhigh++, d);
	}
	o->least = o->most = 0; /* the middle is one of them */
	for (size_t i = 0; i < n; i++) {
		uint64_t d = left[i] - middle;
		int64_t in = d + reach > 2 * reach ? 0 : (int64_t)d;

		o->least = in < o->least ? in : o->least;
		o->most = in > o->most ? in : o->most;
	}
	return count;
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
	int64_t from = below < o->nlow ? o->low[below] : o->least;
	size_t widths = below_widths;

	for (size_t above = 0; above <= o->nhigh; above++) {
		int64_t to = above < o->nhigh ? o->high[o->nhigh - 1 - above] : o->most;
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

/* The average width of the distances from the middle, judged by some of them. */
static unsigned usual_width(const uint64_t *left, size_t n, uint64_t middle)
{
	unsigned sum = SOME / 2;

	for (size_t i = 0; i < SOME; i++)
		sum += width_of(magnitude(distance(left[n * i / SOME], middle)));
	return sum / SOME;
}

static void plan_patches(const uint64_t *left, size_t n, struct whole_plan *p)
{
	uint64_t middle = middle_of(left, n);
	unsigned reach = usual_width(left, n, middle) + 1;
	size_t widths = 0, count = FAR_MAX + 1;
	struct outer o;

	for (; count > FAR_MAX && reach < 62 && reach <= p->width; reach++) {
		o.reach = (int64_t)((UINT64_C(1) << reach) - 1);
		count = collect(left, n, middle, &o);
	}
	if (count == 0 || count > FAR_MAX)
		return;
	for (size_t below = 0; below <= o.nlow; below++) {
		try_windows(&o, n, below, widths, middle, p);
		if (below < o.nlow)
			widths += width_of(magnitude(o.low[below]));
	}
}

/* All in one window. */
static void plan_whole(const uint64_t *left, size_t n, struct whole_plan *p)
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
}

/* --- zeros left out ------------------------------------------------------------------ */

static void plan_sparse(const uint64_t *left, size_t n, struct whole_plan *p)
{
	uint64_t kept[BLOCK];
	struct whole_plan q;
	size_t m = 0;

	kept[0] = 0;
	for (size_t i = 0; i < n; i++) {
		kept[m] = left[i];
		m += left[i] != 0;
	}
	plan_whole(kept, m, &q);
	if (q.width > 1)
		plan_patches(kept, m, &q);
	q.sparse = true;
	q.bits += (n + 7) / 8 * 8;
	/* Unpacking them takes longer, so it has to be worth it. */
	if (q.bits + n * SPARSE_GAIN / 16 < p->bits)
		*p = q;
}

void whole_plan(const uint64_t *left, size_t n, bool quick, struct whole_plan *p)
{
	size_t zeros = 0;
	bool sparse;

	plan_whole(left, n, p);
	if (quick)
		return;
	for (size_t i = 0; i < n; i++)
		zeros += left[i] == 0;
	sparse = zeros < n && zeros * p->width > n + n * SPARSE_GAIN / 16;
	/* Where most are zeros it may be cheaper to patch the others; where some are, not. */
	if (p->width > 1 && (!sparse || zeros > n / 2))
		plan_patches(left, n, p);
	if (sparse)
		plan_sparse(left, n, p);
}
