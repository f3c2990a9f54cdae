/*
 * disk_file.c - see disk_file.h.
 *
 * A sector goes through states: the durable one, then one more with each change
 * that touches it. On the disk is one of them, never a mixture of two, never one
 * without those before it: the page in memory that was written held them all. So
 * a picture is a number for each sector (the last change it has) and one for the size.
 */
#include "tests/torture/disk_file.h"

#include <stdlib.h>
#include <string.h>

uint64_t dice_next(struct dice *d)
{
	/* splitmix64 (Steele, Lea, Flood 2014) */
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

bool dice_yes(struct dice *d, double p)
{
	return (double)(dice_next(d) >> 11) * 0x1p-53 < p;
}

uint64_t dice_below(struct dice *d, uint64_t n)
{
	return n ? dice_next(d) % n : 0;
}

void file_release(struct disk_file *f)
{
	free(f->durable);
	free(f->stamp);
	free(f->changes);
}

static uint64_t sectors_of(uint64_t bytes)
{
	return (bytes + SECTOR - 1) / SECTOR;
}

static void make_room(struct disk_file *f, uint64_t bytes)
{
	uint64_t old = f->room, want = old ? old : 1 << 16;

	while (want < bytes)
		want *= 2;
	if (want == old)
		return;
	f->durable = disk_grow(f->durable, want);
	memset(f->durable + old, 0, want - old);
	f->stamp = disk_grow(f->stamp, want / SECTOR * sizeof(*f->stamp));
	memset(f->stamp + old / SECTOR, 0, (want - old) / SECTOR * sizeof(*f->stamp));
	f->room = want;
}

void file_set(struct disk_file *f, const uint8_t *data, uint64_t n)
{
	make_room(f, n);
	memcpy(f->durable, data, n);
	f->size = f->durable_size = n;
}

static void add(struct disk_file *f, struct change c)
{
	if (f->nchanges == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		f->changes = disk_grow(f->changes, f->cap * sizeof(*f->changes));
	}
	make_room(f, c.off + c.len);
	make_room(f, c.after);
	c.before = f->size;
	f->size = c.after;
	f->changes[f->nchanges++] = c;
}

void file_write(struct disk_file *f, uint64_t seq, uint64_t off, const uint8_t *data, uint64_t n)
{
	uint64_t end = off + n;

	add(f, (struct change){ .seq = seq,
				.off = off,
				.len = n,
				.data = data,
				.after = end > f->size ? end : f->size });
}

/* What lay behind a new, smaller size is zeros from now on, should the file grow again. */
void file_truncate(struct disk_file *f, uint64_t seq, uint64_t size)
{
	uint64_t cut = size < f->size ? f->size - size : 0;

	if (size != f->size)
		add(f, (struct change){ .seq = seq, .off = size, .len = cut, .after = size });
}

void file_extend(struct disk_file *f, uint64_t seq, uint64_t size)
{
	if (size > f->size)
		add(f, (struct change){ .seq = seq, .off = size, .after = size });
}

void file_zero(struct disk_file *f, uint64_t seq, uint64_t off, uint64_t n)
{
	add(f, (struct change){ .seq = seq, .off = off, .len = n, .after = f->size });
}

/* The part of a change that lies in sector `s`. */
static void put_sector(uint8_t *image, const struct change *c, uint64_t s)
{
	uint64_t from = s * SECTOR, to = from + SECTOR;

	if (from < c->off)
		from = c->off;
	if (to > c->off + c->len)
		to = c->off + c->len;
	if (from >= to)
		return;
	if (c->data)
		memcpy(image + from, c->data + (from - c->off), to - from);
	else
		memset(image + from, 0, to - from);
}

/* Brings sectors of the durable picture up to `seq`. */
static void settle(struct disk_file *f, uint64_t first, uint64_t end, uint64_t seq)
{
	for (size_t i = 0; i < f->nchanges && f->changes[i].seq <= seq; i++) {
		const struct change *c = &f->changes[i];
		uint64_t a = c->off / SECTOR, b = sectors_of(c->off + c->len);

		for (uint64_t s = a > first ? a : first; s < b && s < end; s++)
			if (f->stamp[s] < c->seq)
				put_sector(f->durable, c, s);
	}
	for (uint64_t s = first; s < end; s++)
		if (f->stamp[s] < seq)
			f->stamp[s] = seq;
}

/* The size after `seq` is durable, and what truncations up to there cut off is gone. */
static void settle_size(struct disk_file *f, uint64_t seq)
{
	for (size_t i = 0; i < f->nchanges && f->changes[i].seq <= seq; i++) {
		const struct change *c = &f->changes[i];

		if (c->seq <= f->size_seq || c->after == c->before)
			continue;
		if (c->after < c->before)
			settle(f, c->after / SECTOR, f->room / SECTOR, c->seq);
		f->durable_size = c->after;
	}
	if (f->size_seq < seq)
		f->size_seq = seq;
}

void file_sync(struct disk_file *f, uint64_t seq)
{
	size_t n = 0;

	if (seq == 0)
		return;
	settle(f, 0, f->room / SECTOR, seq - 1);
	settle_size(f, seq - 1);
	while (n < f->nchanges && f->changes[n].seq < seq)
		n++;
	if (n > 0)
		memmove(f->changes, f->changes + n, (f->nchanges - n) * sizeof(*f->changes));
	f->nchanges -= n;
}

void file_sync_range(struct disk_file *f, uint64_t off, uint64_t n)
{
	uint64_t last = f->nchanges ? f->changes[f->nchanges - 1].seq : 0;

	if (last == 0)
		return;
	if (off + n > f->durable_size)
		settle_size(f, last);
	settle(f, off / SECTOR, sectors_of(off + n), last);
}

/* --- pictures -------------------------------------------------------------------- */

/* Which states of a sector agree with the size that was chosen: after `low`, up to `high`. */
struct bounds {
	uint64_t low, high;
};

/* How many of the changes of size are there; returns the last of them. */
static uint64_t choose_size(const struct disk_file *f, enum disk_mode mode, double keep,
			    struct dice *d, uint64_t *size)
{
	uint64_t upto = f->size_seq;

	*size = f->durable_size;
	for (size_t i = 0; i < f->nchanges; i++) {
		const struct change *c = &f->changes[i];

		if (c->after == c->before || c->seq <= f->size_seq)
			continue;
		if (mode == DISK_NONE || (mode != DISK_ALL && !dice_yes(d, keep)))
			break;
		*size = c->after;
		upto = c->seq;
	}
	return upto;
}

static struct bounds *bound_sectors(const struct disk_file *f, uint64_t upto)
{
	uint64_t n = f->room / SECTOR;
	struct bounds *b = disk_alloc((n + 1) * sizeof(*b));

	for (uint64_t s = 0; s < n; s++)
		b[s] = (struct bounds){ f->stamp[s], UINT64_MAX };
	for (size_t i = 0; i < f->nchanges; i++) {
		const struct change *c = &f->changes[i];

		if (c->after >= c->before)
			continue;
		for (uint64_t s = c->after / SECTOR; s < n; s++) {
			if (c->seq <= upto && b[s].low < c->seq)
				b[s].low = c->seq;
			else if (c->seq > upto && b[s].high >= c->seq && s >= sectors_of(c->after))
				b[s].high = c->seq - 1;
		}
	}
	return b;
}

/* Sets last[s], the last change that sector s has. */
static void choose_states(const struct disk_file *f, enum disk_mode mode, double keep,
			  struct dice *d, const struct bounds *b, uint64_t *last)
{
	for (size_t i = 0; i < f->nchanges; i++) {
		const struct change *c = &f->changes[i];
		bool whole = mode == DISK_ALL || (mode == DISK_RANDOM && dice_yes(d, keep));

		for (uint64_t s = c->off / SECTOR; s < sectors_of(c->off + c->len); s++) {
			bool there = mode == DISK_TORN ? dice_yes(d, keep) : whole;

			if (there && c->seq > b[s].low && c->seq <= b[s].high)
				last[s] = c->seq;
		}
	}
}

uint8_t *file_picture(const struct disk_file *f, enum disk_mode mode, double keep, struct dice *d,
		      uint64_t *n)
{
	uint64_t sectors = f->room / SECTOR;
	uint64_t upto = choose_size(f, mode, keep, d, n);
	struct bounds *b = bound_sectors(f, upto);
	uint64_t *last = disk_alloc((sectors + 1) * sizeof(*last));
	uint8_t *image = disk_alloc(f->room + 1);

	for (uint64_t s = 0; s < sectors; s++)
		last[s] = b[s].low;
	choose_states(f, mode, keep, d, b, last);
	if (f->room)
		memcpy(image, f->durable, f->room);
	for (size_t i = 0; i < f->nchanges; i++) {
		const struct change *c = &f->changes[i];

		for (uint64_t s = c->off / SECTOR; s < sectors_of(c->off + c->len); s++)
			if (f->stamp[s] < c->seq && c->seq <= last[s])
				put_sector(image, c, s);
	}
	free(b);
	free(last);
	return image;
}
