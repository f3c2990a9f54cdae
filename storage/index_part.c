/*
 * index_part.c - see index.h and, for the format, index_part.h.
 *
 * Nothing is unpacked when a part is opened. Each look at it goes through part_bytes(),
 * which keeps to the section and sees to it that the blocks it gives out were checked:
 * a bit a block, set once and for all readers. Two readers may both check a block that
 * is new to them; that costs 10 µs and does no harm.
 *
 * Checksums tell of damage, not of malice or of our own mistakes, so every number that
 * is read is held against its bounds all the same.
 */
#include "storage/index_part.h"
#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/map.h"
#include "storage/index_list.h"

#include <stdio.h>

const char part_magic[8] = { 'p', 'w', 'i', 'n', 'd', 'e', 'x', '\n' };

/* --- hashes ----------------------------------------------------------------------- */

uint64_t index_pair_hash(struct slice name, struct slice value, uint64_t seed)
{
	return hash_seeded(value.p, value.n, hash_seeded(name.p, name.n, seed));
}

uint64_t index_hash(const struct label *l, size_t n, uint64_t seed)
{
	uint64_t h = seed;

	for (size_t i = 0; i < n; i++)
		h = index_hash_add(h, index_pair_hash(l[i].name, l[i].value, seed));
	return h;
}

/* --- checked bytes ------------------------------------------------------------------ */

static size_t blocks_of(size_t bytes)
{
	return (bytes + PART_BLOCK_BYTES - 1) / PART_BLOCK_BYTES;
}

struct index_verified *index_verified_new(size_t blob_bytes, struct err *e)
{
	size_t blocks = blocks_of(blob_bytes);
	struct index_verified *v = mem_zalloc(sizeof(*v) + (blocks + 63) / 64 * sizeof(v->bits[0]));

	if (v)
		v->blocks = blocks;
	else
		err_set(e, ERR_MEMORY, "no memory for the checks of an index part");
	return v;
}

void index_verified_free(struct index_verified *v)
{
	mem_free(v);
}

/* In parentheses: for the analyser it is a macro, too. */
int(part_corrupt)(const struct index_part *p, struct err *e, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(e, ERR_CORRUPT, "index part of series %u to %u: %s", p->first_id, p->last_id,
		       text);
}

static int check_block(const struct index_part *p, uint32_t block, struct err *e)
{
	const uint8_t *blob = (const uint8_t *)p->blob.p;
	uint32_t end = p->sections[PART_CHECKSUMS].at, at = block * PART_BLOCK_BYTES;
	uint32_t n = end - at < PART_BLOCK_BYTES ? end - at : PART_BLOCK_BYTES;

	if (crc32c(0, blob + at, n) == get_le32(blob + end + 4 * (size_t)block))
		return 0;
	return part_corrupt(p, e, "the checksum of block %u of %zu is wrong", block + 1,
			    blocks_of(end));
}

static int verify_blocks(const struct index_part *p, uint32_t first, uint32_t last, struct err *e)
{
	struct index_verified *v = p->verified;

	for (uint32_t b = first; b <= last; b++) {
		if (part_is_verified(v, b))
			continue;
		if (check_block(p, b, e) < 0)
			return -1;
		atomic_fetch_or_explicit(&v->bits[b / 64], 1ull << b % 64, memory_order_relaxed);
	}
	return 0;
}

const uint8_t *part_bytes_checked(const struct index_part *p, enum part_section s, uint32_t at,
				  uint32_t n, struct err *e)
{
	const struct index_section *section = &p->sections[s];
	uint32_t from = section->at + at;

	if (at > section->bytes || n > section->bytes - at) {
		part_corrupt(p, e, "%u bytes at %u are not within section %d", n, at, s);
		return NULL;
	}
	if (p->verified && n &&
	    verify_blocks(p, from / PART_BLOCK_BYTES, (from + n - 1) / PART_BLOCK_BYTES, e) < 0)
		return NULL;
	return (const uint8_t *)p->blob.p + from;
}

const uint8_t *part_bytes_upto(const struct index_part *p, enum part_section s, uint32_t at,
			       uint32_t max, uint32_t *n, struct err *e)
{
	uint32_t bytes = p->sections[s].bytes;

	*n = at >= bytes ? 0 : bytes - at < max ? bytes - at : max;
	return part_bytes(p, s, at, *n, e);
}

/* --- the head -------------------------------------------------------------------------- */

/* What each section must hold, as far as the head tells. */
static bool sections_fit(const struct index_part *p)
{
	const struct index_section *s = p->sections;
	uint64_t samples = ((uint64_t)p->series + PART_SAMPLE - 1) / PART_SAMPLE;
	uint64_t blocks = blocks_of(s[PART_CHECKSUMS].at), at = PART_HEAD_BYTES;

	for (int i = 0; i < INDEX_SECTIONS; i++) {
		if (s[i].at % 8 || s[i].at < at)
			return false;
		at = (uint64_t)s[i].at + s[i].bytes;
	}
	return at == p->blob.n && s[PART_RUNS].bytes == (uint64_t)p->runs * PART_RUN_ENTRY &&
	       s[PART_NAMES].bytes == ((uint64_t)p->names + 1) * PART_NAME_ENTRY &&
	       s[PART_VALUES].bytes == (uint64_t)p->values * PART_VALUE_ENTRY &&
	       s[PART_SHAPES].bytes == ((uint64_t)p->shapes + 1) * 4 &&
	       s[PART_SAMPLES].bytes == samples * 4 &&
	       s[PART_HASH].bytes == (uint64_t)p->hash_slots * 4 &&
	       s[PART_CHECKSUMS].bytes == blocks * 4;
}

static bool counts_fit(const struct index_part *p)
{
	return p->series && p->series <= PART_SERIES_MAX && p->first_id &&
	       p->last_id >= p->first_id && p->last_id - p->first_id >= p->series - 1 && p->runs &&
	       p->runs <= p->series && p->hash_slots > p->series;
}

static void read_head(const uint8_t *h, struct index_part *out)
{
	out->first_id = get_le32(h + 20);
	out->last_id = get_le32(h + 24);
	out->series = get_le32(h + 28);
	out->runs = get_le32(h + 32);
	out->names = get_le32(h + 36);
	out->values = get_le32(h + 40);
	out->shapes = get_le32(h + 44);
	out->hash_slots = get_le32(h + 48);
	out->hash_seed = get_le64(h + 56);
	for (int i = 0; i < INDEX_SECTIONS; i++)
		out->sections[i] = (struct index_section){ get_le32(h + 64 + 8 * i),
							   get_le32(h + 68 + 8 * i) };
}

int index_part_open(struct slice blob, struct index_verified *v, struct index_part *out,
		    struct err *e)
{
	const uint8_t *h = (const uint8_t *)blob.p;
	uint32_t head;

	if (blob.n < PART_HEAD_BYTES || memcmp(h, part_magic, sizeof(part_magic)) != 0)
		return err_set(e, ERR_CORRUPT, "not a part of an index (%zu bytes)", blob.n);
	head = get_le32(h + 12);
	if (head < PART_HEAD_BYTES || head % 4 || head > blob.n ||
	    crc32c(0, h, head - 4) != get_le32(h + head - 4))
		return err_set(e, ERR_CORRUPT, "the checksum of an index part's head is wrong");
	if (get_le32(h + 8) != PART_VERSION)
		return err_set(e, ERR_UNSUPPORTED,
			       "an index part has format %u, this program knows up to %d",
			       get_le32(h + 8), PART_VERSION);
	*out = (struct index_part){ .blob = blob, .verified = v };
	read_head(h, out);
	if (get_le32(h + 16) != blob.n)
		return part_corrupt(out, e, "it has %zu bytes, should be %u", blob.n,
				    get_le32(h + 16));
	if (!counts_fit(out) || !sections_fit(out) || (v && v->blocks < blocks_of(blob.n)))
		return part_corrupt(out, e, "its head contradicts itself");
	return 0;
}

/* --- texts, names, values ----------------------------------------------------------------- */

int part_text(const struct index_part *p, uint32_t text, struct slice *out, struct err *e)
{
	uint32_t head, n;
	const uint8_t *start = part_bytes_upto(p, PART_TEXTS, text, VARINT32_MAX_BYTES, &head, e);
	const uint8_t *q = start;

	if (!start)
		return -1;
	if (!varint32_read(&q, start + head, &n) || n > LABEL_VALUE_MAX_BYTES)
		return part_corrupt(p, e, "the text at %u is not one", text);
	q = part_bytes(p, PART_TEXTS, text + (uint32_t)(q - start), n, e);
	if (!q)
		return -1;
	*out = slice_of((const char *)q, n);
	return 0;
}

int part_name(const struct index_part *p, uint32_t name, struct part_name *out, struct err *e)
{
	const uint8_t *q;

	if (name >= p->names)
		return part_corrupt(p, e, "there is no name %u", name);
	q = part_bytes(p, PART_NAMES, name * PART_NAME_ENTRY, 2 * PART_NAME_ENTRY, e);
	if (!q)
		return -1;
	*out = (struct part_name){ get_le32(q), get_le32(q + 4), get_le32(q + 4 + PART_NAME_ENTRY),
				   get_le32(q + 8) };
	if (out->first_value > out->end_value || out->end_value > p->values)
		return part_corrupt(p, e, "name %u has impossible values", name);
	return 0;
}

int part_value(const struct index_part *p, uint32_t value, struct part_value *out, struct err *e)
{
	const uint8_t *q;

	if (value >= p->values)
		return part_corrupt(p, e, "there is no value %u", value);
	q = part_bytes(p, PART_VALUES, value * PART_VALUE_ENTRY, PART_VALUE_ENTRY, e);
	if (!q)
		return -1;
	*out = (struct part_value){ get_le32(q), get_le32(q + 4) };
	return 0;
}

int part_value_text(const struct index_part *p, uint32_t value, struct slice *out, struct err *e)
{
	struct part_value v = { 0 };

	return part_value(p, value, &v, e) < 0 ? -1 : part_text(p, v.text, out, e);
}

int part_find_name(const struct index_part *p, struct slice name, uint32_t *out, struct err *e)
{
	uint32_t lo = 0, hi = p->names;

	*out = INDEX_NONE;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct part_name at;
		struct slice text;
		int c;

		if (part_name(p, mid, &at, e) < 0 || part_text(p, at.text, &text, e) < 0)
			return -1;
		c = slice_cmp(text, name);
		if (!c) {
			*out = mid;
			return 0;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

int part_lower_value(const struct index_part *p, uint32_t first, uint32_t end, struct slice value,
		     uint32_t *out, struct err *e)
{
	while (first < end) {
		uint32_t mid = first + (end - first) / 2;
		struct slice text;

		if (part_value_text(p, mid, &text, e) < 0)
			return -1;
		if (slice_cmp(text, value) < 0)
			first = mid + 1;
		else
			end = mid;
	}
	*out = first;
	return 0;
}

/* --- series ----------------------------------------------------------------------------------- */

/* Where the first of the PART_SAMPLE series that `ordinal` is among begins, and all of them end. */
static int open_sample(const struct index_part *p, uint32_t ordinal, struct part_place *out,
		       struct err *e)
{
	uint32_t sample = ordinal / PART_SAMPLE, from, to = p->sections[PART_SERIES].bytes;
	bool last = (uint64_t)(sample + 1) * PART_SAMPLE >= p->series;
	const uint8_t *q = part_bytes(p, PART_SAMPLES, sample * 4, last ? 4 : 8, e);

	if (!q)
		return -1;
	from = get_le32(q);
	if (!last)
		to = get_le32(q + 4);
	if (to < from)
		return part_corrupt(p, e, "series %u of it cannot be read", ordinal);
	q = part_bytes(p, PART_SERIES, from, to - from, e);
	if (!q)
		return -1;
	*out = (struct part_place){ sample * PART_SAMPLE, q, q + (to - from) };
	return 0;
}

/* The bytes of one series: from behind its length on. */
static const uint8_t *series_bytes(const struct index_part *p, struct part_place *at,
				   uint32_t ordinal, const uint8_t **end, struct err *e)
{
	uint32_t n;

	if ((at->p == at->end || at->next > ordinal ||
	     at->next / PART_SAMPLE != ordinal / PART_SAMPLE) &&
	    open_sample(p, ordinal, at, e) < 0)
		return NULL;
	for (;; at->next++, at->p += n) {
		if (!varint32_read(&at->p, at->end, &n) || n > (size_t)(at->end - at->p)) {
			*at = (struct part_place){ 0 };
			part_corrupt(p, e, "series %u of it cannot be read", ordinal);
			return NULL;
		}
		if (at->next < ordinal)
			continue;
		*end = at->p + n;
		at->p = *end;
		at->next++;
		return *end - n;
	}
}

static const uint8_t *shape_bytes(const struct index_part *p, uint32_t shape, const uint8_t **end,
				  struct err *e)
{
	const uint8_t *q;
	uint32_t from, to;

	if (shape >= p->shapes) {
		part_corrupt(p, e, "there is no shape %u", shape);
		return NULL;
	}
	q = part_bytes(p, PART_SHAPES, shape * 4, 8, e);
	if (!q)
		return NULL;
	from = get_le32(q);
	to = get_le32(q + 4);
	if (to < from) {
		part_corrupt(p, e, "shape %u ends before it begins", shape);
		return NULL;
	}
	q = part_bytes(p, PART_SHAPE_NAMES, from, to - from, e);
	*end = q ? q + (to - from) : NULL;
	return q;
}

static int bad_labels(const struct index_part *p, struct err *e)
{
	return part_corrupt(p, e, "the labels of a series cannot be read");
}

/* Names in rising order, as many as there are values, values of those names. */
static int read_labels(const struct index_part *p, const uint8_t *names, const uint8_t *names_end,
		       const uint8_t *values, const uint8_t *end, struct series_ref *out,
		       struct err *e)
{
	uint32_t n = 0, name, rank, first;

	for (; names < names_end; n++) {
		const uint8_t *q;

		if (n == LABELS_MAX || !varint32_read(&names, names_end, &name) ||
		    !varint32_read(&values, end, &rank) || name >= p->names ||
		    (n && name <= out->l[n - 1].name))
			return bad_labels(p, e);
		q = part_bytes(p, PART_NAMES, name * PART_NAME_ENTRY, 2 * PART_NAME_ENTRY, e);
		if (!q)
			return -1;
		first = get_le32(q + 4);
		if (first + (uint64_t)rank >= get_le32(q + 4 + PART_NAME_ENTRY))
			return bad_labels(p, e);
		out->l[n] = (struct label_ref){ name, first + rank };
	}
	out->n = n;
	return values == end ? 0 : bad_labels(p, e);
}

/* The values of a series, and its shape × 2 + (1: a statistic). NULL on error. */
static const uint8_t *series_values(const struct index_part *p, struct part_place *at,
				    uint32_t ordinal, uint32_t *shape, const uint8_t **end,
				    struct err *e)
{
	struct part_place anywhere = { 0 };
	const uint8_t *q;

	if (ordinal >= p->series) {
		part_corrupt(p, e, "there is no series %u", ordinal);
		return NULL;
	}
	q = series_bytes(p, at ? at : &anywhere, ordinal, end, e);
	if (q && !varint32_read(&q, *end, shape)) {
		part_corrupt(p, e, "series %u of it is empty", ordinal);
		return NULL;
	}
	return q;
}

int part_is_statistic(const struct index_part *p, struct part_place *at, uint32_t ordinal, bool *is,
		      struct err *e)
{
	const uint8_t *end;
	uint32_t shape = 0;

	if (!series_values(p, at, ordinal, &shape, &end, e))
		return -1;
	*is = shape & 1;
	return 0;
}

int part_series(const struct index_part *p, struct part_place *at, uint32_t ordinal,
		struct series_ref *out, struct err *e)
{
	const uint8_t *end, *names, *names_end, *q;
	uint32_t shape = 0;

	q = series_values(p, at, ordinal, &shape, &end, e);
	if (!q)
		return -1;
	out->statistic = shape & 1;
	names = shape_bytes(p, shape >> 1, &names_end, e);
	if (!names)
		return -1;
	return read_labels(p, names, names_end, q, end, out, e);
}

static int has_labels(const struct index_part *p, const struct series_ref *s, const struct label *l,
		      size_t n, bool *same, struct err *e)
{
	*same = false;
	if (s->n != n)
		return 0;
	/* Values first: they differ more often. */
	for (size_t i = n; i-- > 0;) {
		struct part_name name;
		struct slice text;

		if (part_value_text(p, s->l[i].value, &text, e) < 0)
			return -1;
		if (!slice_eq(text, l[i].value))
			return 0;
		if (part_name(p, s->l[i].name, &name, e) < 0 ||
		    part_text(p, name.text, &text, e) < 0)
			return -1;
		if (!slice_eq(text, l[i].name))
			return 0;
	}
	*same = true;
	return 0;
}

int part_find(const struct index_part *p, const struct label *l, size_t n, uint64_t hash,
	      uint32_t *ordinal, bool *statistic, struct err *e)
{
	unsigned bits = part_ordinal_bits(p->series);
	uint32_t mask = (uint32_t)((1ull << bits) - 1),
		 want = part_hash_entry(hash, 0, bits) & ~mask;
	uint32_t slot = part_hash_slot(hash, p->hash_slots);

	*ordinal = INDEX_NONE;
	for (uint32_t probes = 0; probes < p->hash_slots; probes++) {
		const uint8_t *q = part_bytes(p, PART_HASH, slot * 4, 4, e);
		struct series_ref s;
		uint32_t entry;
		bool same;

		if (!q)
			return -1;
		entry = get_le32(q);
		if (!entry)
			return 0;
		if ((entry & ~mask) == want) {
			if (part_series(p, NULL, (entry & mask) - 1, &s, e) < 0 ||
			    has_labels(p, &s, l, n, &same, e) < 0)
				return -1;
			if (same) {
				*ordinal = (entry & mask) - 1;
				*statistic = s.statistic;
				return 0;
			}
		}
		slot = slot + 1 == p->hash_slots ? 0 : slot + 1;
	}
	return part_corrupt(p, e, "its hash table is full");
}

/* --- ids ---------------------------------------------------------------------------- */

struct run {
	uint32_t id, ordinal, end; /* ordinals [ordinal, end) */
};

static int read_run(const struct index_part *p, uint32_t i, struct run *out, struct err *e)
{
	bool last = i + 1 == p->runs;
	const uint8_t *q = part_bytes(p, PART_RUNS, i * PART_RUN_ENTRY,
				      last ? PART_RUN_ENTRY : 2 * PART_RUN_ENTRY, e);

	if (!q)
		return -1;
	*out = (struct run){ get_le32(q), get_le32(q + 4),
			     last ? p->series : get_le32(q + 4 + PART_RUN_ENTRY) };
	if (out->end <= out->ordinal || out->end > p->series || out->id < p->first_id ||
	    out->id > p->last_id || p->last_id - out->id < out->end - out->ordinal - 1)
		return part_corrupt(p, e, "run %u of ids cannot be", i);
	return 0;
}

/* The last run that begins at or before `key`, by id or by ordinal; the first if none does. */
static int find_run(const struct index_part *p, uint32_t key, bool by_id, uint32_t *i,
		    struct run *out, struct err *e)
{
	uint32_t lo = 0, hi = p->runs;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (read_run(p, mid, out, e) < 0)
			return -1;
		if ((by_id ? out->id : out->ordinal) <= key)
			lo = mid;
		else
			hi = mid;
	}
	*i = lo;
	return read_run(p, lo, out, e);
}

int part_ordinals_upto(const struct index_part *p, uint32_t id, uint32_t *n, struct err *e)
{
	struct run run;
	uint32_t i;

	if (id >= p->last_id || id < p->first_id) {
		*n = id < p->first_id ? 0 : p->series;
		return 0;
	}
	if (find_run(p, id, true, &i, &run, e) < 0)
		return -1;
	*n = id - run.id >= run.end - run.ordinal ? run.end : run.ordinal + (id - run.id) + 1;
	return 0;
}

int part_ids(const struct index_part *p, uint32_t *ordinals, size_t n, struct err *e)
{
	struct run run;
	uint32_t r;

	if (!n)
		return 0;
	if (find_run(p, ordinals[0], false, &r, &run, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		while (ordinals[i] >= run.end) {
			if (++r >= p->runs)
				return part_corrupt(p, e, "there is no series %u", ordinals[i]);
			if (read_run(p, r, &run, e) < 0)
				return -1;
			if (i && run.id <= ordinals[i - 1])
				return part_corrupt(p, e, "ids do not rise at run %u", r);
		}
		if (ordinals[i] < run.ordinal)
			return part_corrupt(p, e, "series %u has no id", ordinals[i]);
		ordinals[i] = run.id + (ordinals[i] - run.ordinal);
	}
	return 0;
}

int part_find_ids(const struct index_part *p, uint32_t *ids, size_t n, struct err *e)
{
	struct run run;
	uint32_t r;

	if (!n)
		return 0;
	if (find_run(p, ids[0], true, &r, &run, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		while (ids[i] >= run.id && ids[i] - run.id >= run.end - run.ordinal &&
		       r + 1 < p->runs)
			if (read_run(p, ++r, &run, e) < 0)
				return -1;
		if (ids[i] < run.id || ids[i] - run.id >= run.end - run.ordinal)
			return err_set(e, ERR_NOT_FOUND, "there is no series %u", ids[i]);
		ids[i] = run.ordinal + (ids[i] - run.id);
	}
	return 0;
}

/* --- all of it ---------------------------------------------------------------------- */

static int label_texts(const struct index_part *p, const struct series_ref *s, struct label *l,
		       struct err *e)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct part_name name;

		if (part_name(p, s->l[i].name, &name, e) < 0 ||
		    part_text(p, name.text, &l[i].name, e) < 0 ||
		    part_value_text(p, s->l[i].value, &l[i].value, e) < 0)
			return -1;
	}
	return 0;
}

static int verify_series(const struct index_part *p, uint64_t *labels, struct err *e)
{
	struct part_place at = { 0 };
	struct label l[LABELS_MAX];
	struct series_ref s;
	uint32_t found;
	bool statistic;

	for (uint32_t i = 0; i < p->series; i++) {
		if (part_series(p, &at, i, &s, e) < 0 || label_texts(p, &s, l, e) < 0 ||
		    part_find(p, l, s.n, index_hash(l, s.n, p->hash_seed), &found, &statistic, e) <
			    0)
			return -1;
		if (found != i)
			return part_corrupt(p, e, "series %u of it is not found by its labels", i);
		*labels += s.n;
	}
	return 0;
}

static int verify_list(const struct index_part *p, uint32_t at, uint32_t *count, struct err *e)
{
	struct list_walk w;
	struct list l;
	uint32_t ordinal;

	if (list_open(p, at, &l, e) < 0)
		return -1;
	list_walk_init(&w, &l, p->series);
	while (list_next(&w, &ordinal))
		;
	*count = l.count;
	return w.bad ? part_corrupt(p, e, "the list at %u cannot be read", at) : 0;
}

/* Values of one name: sorted, their lists together as long as the name's. */
static int verify_name(const struct index_part *p, uint32_t name, uint64_t *labels, struct err *e)
{
	struct slice text, before = slice_of(NULL, 0);
	struct part_name at;
	struct part_value v;
	uint64_t sum = 0;
	uint32_t count;

	if (part_name(p, name, &at, e) < 0)
		return -1;
	for (uint32_t i = at.first_value; i < at.end_value; i++) {
		if (part_value(p, i, &v, e) < 0 || part_text(p, v.text, &text, e) < 0 ||
		    verify_list(p, v.list, &count, e) < 0)
			return -1;
		if (slice_cmp(before, text) >= 0)
			return part_corrupt(p, e, "values of name %u are not in order", name);
		before = text;
		sum += count;
	}
	if (verify_list(p, at.list, &count, e) < 0)
		return -1;
	if (count != sum)
		return part_corrupt(p, e, "lists of name %u do not add up", name);
	*labels += sum;
	return 0;
}

/* Ids rise from the first to the last, and lead back to where they are. */
static int verify_ids(const struct index_part *p, struct err *e)
{
	uint32_t last = 0, id, upto;

	for (uint32_t i = 0; i < p->series; i++, last = id) {
		id = i;
		if (part_ids(p, &id, 1, e) < 0 || part_ordinals_upto(p, id, &upto, e) < 0)
			return -1;
		if (id <= last || upto != i + 1 || (!i && id != p->first_id))
			return part_corrupt(p, e, "series %u of it has a wrong id", i);
	}
	if (last != p->last_id)
		return part_corrupt(p, e, "its last series is %u", last);
	return 0;
}

int index_part_verify(const struct index_part *p, struct err *e)
{
	uint64_t in_series = 0, in_lists = 0;

	for (uint32_t b = 0; b < blocks_of(p->sections[PART_CHECKSUMS].at); b++)
		if (check_block(p, b, e) < 0)
			return -1;
	if (verify_ids(p, e) < 0 || verify_series(p, &in_series, e) < 0)
		return -1;
	for (uint32_t i = 0; i < p->names; i++)
		if (verify_name(p, i, &in_lists, e) < 0)
			return -1;
	if (in_series != in_lists)
		return part_corrupt(p, e, "%llu labels of series, %llu in lists",
				    (unsigned long long)in_series, (unsigned long long)in_lists);
	return 0;
}
