/*
 * index_blob.c - the last step of index_build.c: the hash table, the head, the checksums.
 *
 * Everything goes into the blob at its place; the table is then filled there, since doing
 * it again with another seed reads series and texts from the blob as any reader would.
 */
#include "base/crc32c.h"
#include "storage/index_build.h"

enum {
	PROBES_MAX = 1000, /* slots a look-up may take before another seed is tried */
	SEEDS_MAX = 4,
	LOAD_TENTHS = 7,
};

static void write_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* --- the hash table ----------------------------------------------------------------- */

static uint32_t slots_for(uint32_t series)
{
	return (uint32_t)((uint64_t)series * 10 / LOAD_TENTHS + 2);
}

/* False when a series lands too far from where it belongs. */
static bool fill_table(const struct build *b, uint8_t *slots, uint32_t n, uint32_t probes_max)
{
	unsigned bits = part_ordinal_bits(b->series);

	memset(slots, 0, (size_t)n * 4);
	for (uint32_t i = 0; i < b->series; i++) {
		uint32_t slot = part_hash_slot(b->hashes[i], n), probes = 0;

		while (get_le32(slots + (size_t)slot * 4)) {
			slot = slot + 1 == n ? 0 : slot + 1;
			if (++probes > probes_max)
				return false;
		}
		write_u32(slots + (size_t)slot * 4, part_hash_entry(b->hashes[i], i, bits));
	}
	return true;
}

/* All hashes again with another seed, from what was written. */
static int rehash(struct build *b, const struct index_part *p, struct err *e)
{
	struct part_place place = { 0 };
	struct series_ref s;

	for (uint32_t v = 0, name = 0; v < p->values; v++) {
		struct slice text, name_text;
		struct part_name at = { 0 };

		name = build_value(b, v)->name;
		if (part_name(p, name, &at, e) < 0 || part_text(p, at.text, &name_text, e) < 0 ||
		    part_value_text(p, v, &text, e) < 0)
			return -1;
		build_value(b, v)->hash = index_pair_hash(name_text, text, b->seed);
	}
	for (uint32_t i = 0; i < p->series; i++) {
		if (part_series(p, &place, i, &s, e) < 0)
			return -1;
		b->hashes[i] = b->seed;
		for (uint32_t k = 0; k < s.n; k++)
			b->hashes[i] =
				index_hash_add(b->hashes[i], build_value(b, s.l[k].value)->hash);
	}
	return 0;
}

/* Whoever knows the first seed can choose labels that meet in one place; the next seeds
 * nobody knows. What meets under all of them stays where it is and is only slow. */
static int fill_hash(struct build *b, const struct index_part *p, uint8_t *slots, struct err *e)
{
	for (int tries = 1;; tries++) {
		bool last = tries == SEEDS_MAX;

		if (fill_table(b, slots, p->hash_slots, last ? p->hash_slots : PROBES_MAX))
			return 0;
		b->seed = hash_seed() + (uint64_t)tries;
		if (rehash(b, p, e) < 0)
			return -1;
	}
}

/* --- the blob ----------------------------------------------------------------------- */

static size_t section_bytes(const struct build *b, int i, size_t before)
{
	if (i == PART_HASH)
		return (size_t)slots_for(b->series) * 4;
	if (i == PART_CHECKSUMS)
		return (before + PART_BLOCK_BYTES - 1) / PART_BLOCK_BYTES * 4;
	return b->sections[i].n;
}

static size_t round_up(size_t n)
{
	return (n + 7) / 8 * 8;
}

/* Places the sections; returns the size of all. */
static size_t place(const struct build *b, size_t at[INDEX_SECTIONS])
{
	size_t end = PART_HEAD_BYTES;

	for (int i = 0; i < INDEX_SECTIONS; i++) {
		at[i] = round_up(end);
		end = at[i] + section_bytes(b, i, at[i]);
	}
	return end;
}

static void write_head(const struct build *b, const size_t at[INDEX_SECTIONS], size_t all,
		       uint8_t *h)
{
	const uint32_t fields[] = {
		PART_VERSION,
		PART_HEAD_BYTES,
		(uint32_t)all,
		b->first_id,
		b->last_id,
		b->series,
		b->nruns,
		b->nnames,
		b->nvalues,
		b->nshapes,
		slots_for(b->series),
	};

	memcpy(h, part_magic, sizeof(part_magic));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		write_u32(h + 8 + 4 * i, fields[i]);
	write_u32(h + 56, (uint32_t)b->seed);
	write_u32(h + 60, (uint32_t)(b->seed >> 32));
	for (int i = 0; i < INDEX_SECTIONS; i++) {
		write_u32(h + 64 + 8 * i, (uint32_t)at[i]);
		write_u32(h + 68 + 8 * i, (uint32_t)section_bytes(b, i, at[i]));
	}
	write_u32(h + PART_HEAD_BYTES - 4, crc32c(0, h, PART_HEAD_BYTES - 4));
}

static void write_checksums(uint8_t *blob, size_t end)
{
	for (size_t at = 0; at < end; at += PART_BLOCK_BYTES) {
		size_t n = end - at < PART_BLOCK_BYTES ? end - at : PART_BLOCK_BYTES;

		write_u32(blob + end + at / PART_BLOCK_BYTES * 4, crc32c(0, blob + at, n));
	}
}

int build_blob(struct build *b, struct buf *out, struct err *e)
{
	size_t at[INDEX_SECTIONS], all = place(b, at);
	struct index_part p;
	uint8_t *blob;

	if (all > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "an index part of %zu bytes is too large", all);
	blob = (uint8_t *)buf_room(out, all);
	if (!blob)
		return buf_check(out, e);
	memset(blob, 0, PART_HEAD_BYTES);
	for (int i = 0; i < INDEX_SECTIONS; i++) {
		size_t end = i ? at[i - 1] + section_bytes(b, i - 1, at[i - 1]) : PART_HEAD_BYTES;

		memset(blob + end, 0, at[i] - end);
		if (b->sections[i].n)
			memcpy(blob + at[i], b->sections[i].p, b->sections[i].n);
	}
	write_head(b, at, all, blob);
	if (index_part_open(slice_of((char *)blob, all), NULL, &p, e) < 0 ||
	    fill_hash(b, &p, blob + at[PART_HASH], e) < 0)
		return -1;
	write_head(b, at, all, blob);
	write_checksums(blob, at[PART_CHECKSUMS]);
	buf_added(out, all);
	return 0;
}
