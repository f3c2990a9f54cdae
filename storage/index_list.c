/*
 * index_list.c - see index_list.h.
 *
 * What a label's series are is nearly always one of three things: every one in a
 * stretch, or every hundredth (hosts that are scraped in turn); a few; or a large share
 * of all. Each has its form, and the writer takes the shortest.
 */
#include "storage/index_list.h"

/* --- sets -------------------------------------------------------------------------- */

void bits_range(uint64_t *bits, uint32_t lo, uint32_t hi, bool in)
{
	while (lo < hi) {
		uint32_t in_word = 64 - lo % 64, n = hi - lo < in_word ? hi - lo : in_word;
		uint64_t mask = (n == 64 ? ~0ull : (1ull << n) - 1) << lo % 64;

		if (in)
			bits[lo / 64] |= mask;
		else
			bits[lo / 64] &= ~mask;
		lo += n;
	}
}

uint32_t bits_count(const uint64_t *bits, uint32_t n)
{
	uint32_t count = 0;

	for (size_t w = 0; w < bits_words(n); w++)
		count += (uint32_t)__builtin_popcountll(bits[w]);
	return count;
}

uint32_t bits_list(const uint64_t *bits, uint32_t n, uint32_t *out)
{
	uint32_t count = 0;

	for (size_t w = 0; w < bits_words(n); w++)
		for (uint64_t left = bits[w]; left; left &= left - 1)
			out[count++] = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left);
	return count;
}

/* --- reading ------------------------------------------------------------------------- */

enum { HEAD_MAX = 3 * VARINT32_MAX_BYTES };

int list_open(const struct index_part *p, uint32_t at, struct list *out, struct err *e)
{
	uint32_t n, tag;
	const uint8_t *start = part_bytes_upto(p, PART_LISTS, at, HEAD_MAX, &n, e), *q = start;

	if (!start)
		return -1;
	*out = (struct list){ .step = 1 };
	if (!varint32_read(&q, start + n, &tag))
		goto bad;
	out->kind = tag & 3;
	out->count = tag >> 2;
	if (out->kind > LIST_BITS || !out->count || out->count > p->series)
		goto bad;
	if (out->kind != LIST_GAPS && !varint32_read(&q, start + n, &out->first))
		goto bad;
	if (!varint32_read(&q, start + n, out->kind == LIST_STEPS ? &out->step : &out->bytes))
		goto bad;
	if (out->kind == LIST_STEPS) {
		if (!out->step ||
		    (uint64_t)out->first + (uint64_t)(out->count - 1) * out->step >= p->series)
			goto bad;
		return 0;
	}
	if (out->kind == LIST_BITS &&
	    (uint64_t)out->first * 8 + out->bytes > ((uint64_t)p->series + 7) / 8)
		goto bad;
	out->p = part_bytes(p, PART_LISTS, at + (uint32_t)(q - start), out->bytes, e);
	return out->p ? 0 : -1;
bad:
	return part_corrupt(p, e, "the list at %u is not one", at);
}

void list_walk_init(struct list_walk *w, const struct list *l, uint32_t series)
{
	*w = (struct list_walk){ .l = l, .left = l->count, .limit = series };
	w->p = l->p;
	w->end = l->p ? l->p + l->bytes : NULL;
	w->at = l->kind == LIST_BITS ? l->first * 64 : l->first;
}

/* Up to eight bytes as a word. */
static uint64_t load_word(const uint8_t *p, const uint8_t *end)
{
	uint64_t word = 0;

	if (end - p >= 8)
		return get_le64(p);
	for (unsigned i = 0; p + i < end; i++)
		word |= (uint64_t)p[i] << 8 * i;
	return word;
}

static bool next_bit(struct list_walk *w, uint32_t *ordinal)
{
	while (!w->word) {
		if (w->p >= w->end)
			return false;
		w->word = load_word(w->p, w->end);
		w->at = w->l->first * 64 + (uint32_t)(w->p - w->l->p) * 8;
		w->p += w->end - w->p < 8 ? w->end - w->p : 8;
	}
	*ordinal = w->at + (uint32_t)__builtin_ctzll(w->word);
	w->word &= w->word - 1;
	return *ordinal < w->limit;
}

static bool next_gap(struct list_walk *w, uint32_t *ordinal)
{
	uint32_t gap;

	if (!varint32_read(&w->p, w->end, &gap))
		return false;
	if (w->left == w->l->count)
		w->at = gap;
	else if (__builtin_add_overflow(w->at + 1, gap, &w->at))
		return false;
	*ordinal = w->at;
	return w->at < w->limit;
}

bool list_next(struct list_walk *w, uint32_t *ordinal)
{
	bool good = true;

	if (!w->left)
		return false;
	switch (w->l->kind) {
	case LIST_STEPS:
		*ordinal = w->at;
		w->at += w->l->step;
		break;
	case LIST_GAPS:
		good = next_gap(w, ordinal);
		break;
	case LIST_BITS:
		good = next_bit(w, ordinal);
		break;
	}
	w->left--;
	w->bad = !good;
	if (!good)
		w->left = 0;
	return good;
}

static bool apply_steps(const struct list *l, uint64_t *bits, bool in)
{
	uint32_t o = l->first;

	if (l->step == 1) {
		bits_range(bits, o, o + l->count, in);
		return true;
	}
	for (uint32_t i = 0; i < l->count; i++, o += l->step) {
		if (in)
			bits_add(bits, o);
		else
			bits_drop(bits, o);
	}
	return true;
}

/* list_next() with what it need not ask each time taken out: three quarters of the time of
 * a selection go here. */
static bool apply_gaps(const struct list *l, uint32_t series, uint64_t *bits, bool in)
{
	const uint8_t *p = l->p, *end = l->p + l->bytes;
	uint64_t o = UINT64_MAX; /* so that + 1 + first is first */

	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t gap;

		if (!varint32_read(&p, end, &gap))
			return false;
		o += 1 + (uint64_t)gap;
		if (o >= series)
			return false;
		if (in)
			bits_add(bits, (uint32_t)o);
		else
			bits_drop(bits, (uint32_t)o);
	}
	return true;
}

static bool apply_bits(const struct list *l, uint32_t series, uint64_t *bits, bool in)
{
	const uint8_t *end = l->p + l->bytes;
	uint64_t *to = bits + l->first;

	for (const uint8_t *p = l->p; p < end; p += end - p < 8 ? end - p : 8, to++) {
		uint64_t word = load_word(p, end);

		if (in)
			*to |= word;
		else
			*to &= ~word;
	}
	/* The last word may not say more than there are series. */
	return !(series % 64) || !(bits[series / 64] >> series % 64);
}

int list_apply(const struct index_part *p, const struct list *l, uint64_t *bits, bool in,
	       struct err *e)
{
	bool good = false;

	switch (l->kind) {
	case LIST_STEPS:
		good = apply_steps(l, bits, in);
		break;
	case LIST_GAPS:
		good = apply_gaps(l, p->series, bits, in);
		break;
	case LIST_BITS:
		good = apply_bits(l, p->series, bits, in);
		break;
	}
	return good ? 0 : part_corrupt(p, e, "a list names series that are not there");
}

/* --- writing ---------------------------------------------------------------------------- */

/* 0 when distances differ. */
static uint32_t common_step(const uint32_t *o, uint32_t n)
{
	uint32_t step = n > 1 ? o[1] - o[0] : 1;

	for (uint32_t i = 2; i < n; i++)
		if (o[i] - o[i - 1] != step)
			return 0;
	return step;
}

static uint32_t gaps_bytes(const uint32_t *o, uint32_t n)
{
	uint32_t bytes = varint_bytes(o[0]);

	for (uint32_t i = 1; i < n; i++)
		bytes += varint_bytes(o[i] - o[i - 1] - 1);
	return bytes;
}

static void write_gaps(struct buf *out, const uint32_t *o, uint32_t n, uint32_t bytes)
{
	uint8_t *p;

	varint_add(out, n << 2 | LIST_GAPS);
	varint_add(out, bytes);
	p = (uint8_t *)buf_room(out, bytes);
	if (!p)
		return;
	p += varint_put(p, o[0]);
	for (uint32_t i = 1; i < n; i++)
		p += varint_put(p, o[i] - o[i - 1] - 1);
	buf_added(out, bytes);
}

static void write_bits(struct buf *out, const uint32_t *o, uint32_t n, uint32_t bytes)
{
	uint32_t first = o[0] / 64 * 64;
	uint8_t *p;

	varint_add(out, n << 2 | LIST_BITS);
	varint_add(out, first / 64);
	varint_add(out, bytes);
	p = (uint8_t *)buf_room(out, bytes);
	if (!p)
		return;
	memset(p, 0, bytes);
	for (uint32_t i = 0; i < n; i++)
		p[(o[i] - first) / 8] |= (uint8_t)(1 << o[i] % 8);
	buf_added(out, bytes);
}

void list_write(struct buf *out, const uint32_t *ordinals, uint32_t n)
{
	uint32_t step = common_step(ordinals, n), gaps, bits;

	if (step) {
		varint_add(out, n << 2 | LIST_STEPS);
		varint_add(out, ordinals[0]);
		varint_add(out, step);
		return;
	}
	gaps = gaps_bytes(ordinals, n);
	bits = (ordinals[n - 1] - ordinals[0] / 64 * 64) / 8 + 1;
	if (gaps < bits)
		write_gaps(out, ordinals, n, gaps);
	else
		write_bits(out, ordinals, n, bits);
}
