/*
 * index_part.h - how a part of the index looks, and reading it piece by piece.
 *
 * FORMAT, version 1. Integers are little-endian; "varint" is LEB128: seven bits a byte,
 * lowest first, the top bit set in all but the last, at most five bytes. Series are
 * numbered from 0 by rising id ("ordinal"); names of labels from 0 in byte order; values
 * from 0, first those of name 0 in byte order, then those of name 1, and so on.
 *
 * Head, 160 bytes at offset 0:
 *
 *	  0  8  "pwindex\n"
 *	  8  u32 version, 1
 *	 12  u32 bytes of the head, 160
 *	 16  u32 bytes of the whole part
 *	 20  u32 id of the first series
 *	 24  u32 id of the last series
 *	 28  u32 number of series, at least 1
 *	 32  u32 number of runs
 *	 36  u32 number of names
 *	 40  u32 number of values
 *	 44  u32 number of shapes
 *	 48  u32 slots of the hash table
 *	 52  u32 0
 *	 56  u64 seed of the hash table
 *	 64  eleven sections, each u32 offset in the part, u32 bytes; in the order below
 *	152  u32 0
 *	156  u32 CRC-32C of bytes 0 to 155
 *
 * A newer version keeps the first 16 bytes and a CRC in the last four of its head.
 * Sections follow the head in this order, each at a multiple of eight, zeros between:
 *
 *	 0 runs     per run of ids without a gap: u32 first id, u32 first ordinal
 *	 1 names    per name, and once more behind the last: u32 text, u32 first value, u32 list
 *	            of the series that have the label. (Behind the last: 0, number of values, 0.)
 *	 2 values   per value: u32 text, u32 list of the series that have it
 *	 3 shapes   per shape, and once more behind the last: u32 offset in section 4
 *	 4 shape names   per shape: varint per label of a series of this shape: its name
 *	 5 samples  per 16 series: u32 offset in section 6 of the first of them
 *	 6 series   per series: varint bytes that follow; varint shape × 2 + (1: a statistic); then
 *	            per label a varint: its value less the first value of its name
 *	 7 hash     slots of u32, see below
 *	 8 lists    lists of ordinals, see below; "list" is an offset in here
 *	 9 texts    varint bytes, then the bytes, UTF-8; "text" is an offset in here
 *	10 checksums  u32 CRC-32C of each 64 KiB of the part before this section (the last
 *	            block is as short as it is)
 *
 * A list is a varint, count × 4 + kind; then
 *
 *	kind 0, steps: varint first ordinal, varint step (at least 1)
 *	kind 1, gaps: varint bytes that follow; varint first ordinal, then per further one a
 *	        varint: its distance from the one before, less 1
 *	kind 2, bits: varint first word, varint bytes that follow; bit i of byte k says whether
 *	        ordinal first word × 64 + 8 × k + i is in the list
 *
 * Hash table: XXH3 (64 bits) of a set of labels is made of pairs. p = XXH3(value, seed =
 * XXH3(name, seed)); from h = seed, for each label in order of names, h = (h xor p) ×
 * 0x9e3779b97f4a7c15 mod 2^64, h = h xor (h >> 32). A series begins to look at slot (h >> 32) ×
 * slots >> 32 and goes on to the next one (behind the last comes the first) until it finds a
 * slot that is 0. Otherwise the lower B bits of a slot are its ordinal + 1, where B is the
 * number of bits needed to write the number of series, and the others are the upper
 * bits of the lower half of h. The seed is 1 unless that makes a probe too long.
 */
#ifndef STORAGE_INDEX_PART_H
#define STORAGE_INDEX_PART_H

#include "base/little_endian.h"
#include "base/varint.h"
#include "storage/index.h"

enum {
	PART_VERSION = 1,
	PART_HEAD_BYTES = 160,
	PART_BLOCK_BYTES = 1 << 16,
	PART_SAMPLE = 16, /* series */
	PART_SERIES_MAX = 1 << 28,
};

enum part_section {
	PART_RUNS,
	PART_NAMES,
	PART_VALUES,
	PART_SHAPES,
	PART_SHAPE_NAMES,
	PART_SAMPLES,
	PART_SERIES,
	PART_HASH,
	PART_LISTS,
	PART_TEXTS,
	PART_CHECKSUMS,
};

enum { PART_NAME_ENTRY = 12, PART_VALUE_ENTRY = 8, PART_RUN_ENTRY = 8, PART_PAIR = 8 };

#define INDEX_NONE UINT32_MAX

extern const char part_magic[8];

/* --- hashes ------------------------------------------------------------------------------ */

uint64_t index_pair_hash(struct slice name, struct slice value, uint64_t seed);

static inline uint64_t index_hash_add(uint64_t h, uint64_t pair)
{
	h = (h ^ pair) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

uint64_t index_hash(const struct label *l, size_t n, uint64_t seed);

static inline uint32_t part_hash_slot(uint64_t h, uint32_t slots)
{
	return (uint32_t)((h >> 32) * slots >> 32);
}

static inline unsigned part_ordinal_bits(uint32_t series)
{
	return 32 - (unsigned)__builtin_clz(series | 1);
}

static inline uint32_t part_hash_entry(uint64_t h, uint32_t ordinal, unsigned bits)
{
	return ((uint32_t)h & ~(uint32_t)((1ull << bits) - 1)) | (ordinal + 1);
}

/* --- reading ------------------------------------------------------------------------------ */

struct index_verified {
	size_t blocks;
	_Atomic uint64_t bits[];
};

static inline bool part_is_verified(const struct index_verified *v, uint32_t block)
{
	/* The bytes do not change, so the order of looking at bit and bytes does not matter. */
	return atomic_load_explicit(&v->bits[block / 64], memory_order_relaxed) >> block % 64 & 1;
}

const uint8_t *part_bytes_checked(const struct index_part *p, enum part_section s, uint32_t at,
				  uint32_t n, struct err *e);

/* n bytes at `at` of a section, verified; NULL with ERR_CORRUPT. Reading a series takes
 * fifty of these, so the usual case (one block, verified before) is inline. */
static inline const uint8_t *part_bytes(const struct index_part *p, enum part_section s,
					uint32_t at, uint32_t n, struct err *e)
{
	const struct index_section *section = &p->sections[s];
	uint32_t from = section->at + at, first = from / PART_BLOCK_BYTES;

	if (p->verified && at < section->bytes && n && n <= section->bytes - at &&
	    (from + n - 1) / PART_BLOCK_BYTES == first && part_is_verified(p->verified, first))
		return (const uint8_t *)p->blob.p + from;
	return part_bytes_checked(p, s, at, n, e);
}

/* The same up to the end of the section, at most `max` bytes; *n says how many. */
const uint8_t *part_bytes_upto(const struct index_part *p, enum part_section s, uint32_t at,
			       uint32_t max, uint32_t *n, struct err *e);

/* "index part of series 1 to 900: " and the sentence; ERR_CORRUPT. */
int part_corrupt(const struct index_part *p, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* as in err.h */
#define part_corrupt(...) (part_corrupt(__VA_ARGS__), -1)
#endif

int part_text(const struct index_part *p, uint32_t text, struct slice *out, struct err *e);

struct part_name {
	uint32_t text, first_value, end_value, list;
};
int part_name(const struct index_part *p, uint32_t name, struct part_name *out, struct err *e);

struct part_value {
	uint32_t text, list;
};
int part_value(const struct index_part *p, uint32_t value, struct part_value *out, struct err *e);
int part_value_text(const struct index_part *p, uint32_t value, struct slice *out, struct err *e);

/* INDEX_NONE when there is none. */
int part_find_name(const struct index_part *p, struct slice name, uint32_t *out, struct err *e);
/* The first value of [first, end) that is not below `value`. */
int part_lower_value(const struct index_part *p, uint32_t first, uint32_t end, struct slice value,
		     uint32_t *out, struct err *e);

/* One label of a series: number of its name and of its value. */
struct label_ref {
	uint32_t name, value;
};

struct series_ref {
	bool statistic;
	uint32_t n;
	struct label_ref l[LABELS_MAX];
};
/* Where a reader of series stands; zeroed to begin with. */
struct part_place {
	uint32_t next; /* ordinal of the series at p */
	const uint8_t *p, *end;
};
/* Series in rising order cost less with a place, which moves along; NULL: it is a single one. */
int part_series(const struct index_part *p, struct part_place *at, uint32_t ordinal,
		struct series_ref *out, struct err *e);
int part_is_statistic(const struct index_part *p, struct part_place *at, uint32_t ordinal, bool *is,
		      struct err *e);

/* INDEX_NONE when there is none. */
int part_find(const struct index_part *p, const struct label *l, size_t n, uint64_t hash,
	      uint32_t *ordinal, bool *statistic, struct err *e);

/* How many series have an id up to and with this one. */
int part_ordinals_upto(const struct index_part *p, uint32_t id, uint32_t *n, struct err *e);

/* The id of each of `n` rising ordinals, in place. */
int part_ids(const struct index_part *p, uint32_t *ordinals, size_t n, struct err *e);
/* The ordinal of each of `n` rising ids, in place. ERR_NOT_FOUND. */
int part_find_ids(const struct index_part *p, uint32_t *ids, size_t n, struct err *e);

#endif
