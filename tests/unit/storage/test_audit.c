/* test_audit.c - nothing that the ledger stands for can be changed unseen. */
#include "base/alloc.h"
#include "storage/digest.h"
#include "storage/fresh.h"
#include "storage/index.h"
#include "storage/keys.h"
#include "storage/layer.h"
#include "storage/walk.h"
#include "tests/lib/starve.h"
#include "tests/unit/storage/books.h"

/* --- records ------------------------------------------------------------------------------ */

enum { RECORDS_MAX = 256, VALUE_MAX = 1 << 20 };

struct held {
	enum db_table table;
	uint8_t key[KEY_MAX_BYTES];
	size_t key_n;
	uint8_t *value;
	size_t n;
};

struct shelf {
	struct held list[RECORDS_MAX];
	size_t n;
};

static void hold_table(struct shelf *x, struct db_txn *t, enum db_table table)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	struct err e;

	assert_ok(db_cursor_open(t, table, &c, &e), &e);
	while (db_move(c, how, &key, &value, &e) == 1) {
		struct held *h = &x->list[x->n++];

		how = DB_NEXT;
		assert_true(x->n < RECORDS_MAX);
		if (table == DB_META && !slice_is(key, "ledger")) {
			x->n--;
			continue;
		}
		h->table = table;
		memcpy(h->key, key.p, h->key_n = key.n);
		h->value = malloc(VALUE_MAX + 16);
		memcpy(h->value, value.p, h->n = value.n);
	}
	db_cursor_close(c);
}

static void shelf_release(struct shelf *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->list[i].value);
}

static void put_sealed(struct db_txn *t, enum db_table table, const uint8_t *key, size_t key_n,
		       const uint8_t *value, size_t n)
{
	uint8_t *copy = malloc(n + 4);
	struct err e;

	memcpy(copy, value, n);
	if (n >= RECORD_CRC_BYTES)
		record_seal(key_slice(key, key_n), copy, n);
	assert_ok(db_put(t, table, key_slice(key, key_n), slice_of((char *)copy, n), &e), &e);
	free(copy);
}

static struct held *pick(struct shelf *x, uint64_t *seed)
{
	return &x->list[random_next(seed) % x->n];
}

/* One of a table; NULL: it is empty. */
static struct held *pick_of(struct shelf *x, enum db_table table, uint64_t *seed)
{
	for (int i = 0; i < 1000; i++) {
		struct held *h = pick(x, seed);

		if (h->table == table)
			return h;
	}
	return NULL;
}

/* Another record of the same table. */
static struct held *pick_other(struct shelf *x, const struct held *h, uint64_t *seed)
{
	for (int i = 0; i < 1000; i++) {
		struct held *o = pick(x, seed);

		if (o != h && o->table == h->table)
			return o;
	}
	return NULL;
}

/* Bytes of the value, behind the checksum, become others. */
static bool alter(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed);
	uint8_t *copy = malloc(h->n);
	size_t flips = 1 + random_next(seed) % 3;

	memcpy(copy, h->value, h->n);
	for (size_t i = 0; i < flips; i++)
		copy[4 + random_next(seed) % (h->n - 4)] ^= (uint8_t)(1 << random_next(seed) % 8);
	if (memcmp(copy, h->value, h->n) == 0) { /* twice the same bit */
		free(copy);
		return false;
	}
	put_sealed(t, h->table, h->key, h->key_n, copy, h->n);
	free(copy);
	return true;
}

static bool alter_unsealed(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed);
	size_t at = random_next(seed) % h->n;
	struct err e;
	int rc;

	h->value[at] ^= 1;
	rc = db_put(t, h->table, key_slice(h->key, h->key_n), slice_of((char *)h->value, h->n), &e);
	h->value[at] ^= 1;
	return rc == 0;
}

static bool drop(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed);
	struct err e;

	return db_del(t, h->table, key_slice(h->key, h->key_n), &e) == 0;
}

static bool swap(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed), *o = pick_other(x, h, seed);

	if (!o || (h->n == o->n && memcmp(h->value + 4, o->value + 4, h->n - 4) == 0))
		return false;
	put_sealed(t, h->table, h->key, h->key_n, o->value, o->n);
	put_sealed(t, o->table, o->key, o->key_n, h->value, h->n);
	return true;
}

/* Over another one, which is gone then. */
static bool copy_over(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed), *o = pick_other(x, h, seed);

	if (!o || (h->n == o->n && memcmp(h->value + 4, o->value + 4, h->n - 4) == 0))
		return false;
	put_sealed(t, o->table, o->key, o->key_n, h->value, h->n);
	return true;
}

/* Moved to, or copied under, a key that was not there. */
static bool rekey(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed);
	uint8_t key[KEY_MAX_BYTES];
	struct slice value;
	struct err e;

	if (h->table == DB_META)
		return false;
	memcpy(key, h->key, h->key_n);
	key[h->key_n - 1 - random_next(seed) % 4] += (uint8_t)(1 + random_next(seed) % 3);
	if (db_get(t, h->table, key_slice(key, h->key_n), &value, &e) == 1)
		return false;
	put_sealed(t, h->table, key, h->key_n, h->value, h->n);
	return random_next(seed) % 2 == 0 ||
	       db_del(t, h->table, key_slice(h->key, h->key_n), &e) == 0;
}

static bool cut(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed);
	size_t n = 4 + random_next(seed) % (h->n - 4);

	put_sealed(t, h->table, h->key, h->key_n, h->value, n);
	return true;
}

static bool lengthen(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick(x, seed);
	size_t more = 1 + random_next(seed) % 8;

	memset(h->value + h->n, (int)(random_next(seed) % 2), more);
	put_sealed(t, h->table, h->key, h->key_n, h->value, h->n + more);
	return true;
}

/* The entry's text and its hash fit each other: only the chain tells. */
static bool forge_entry(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick_of(x, DB_LEDGER, seed);
	uint8_t *copy;
	size_t at;

	if (!h)
		return false;
	copy = malloc(h->n);
	memcpy(copy, h->value, h->n);
	at = 40 + random_next(seed) % (h->n - 40);
	copy[at] ^= 1;
	sha256_of(slice_of((char *)copy + 40, h->n - 40), copy + 8);
	put_sealed(t, h->table, h->key, h->key_n, copy, h->n);
	free(copy);
	return true;
}

/* Last entry taken away and the head set back: its submission tells. */
static bool set_back(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	uint64_t entries = 0, keep;
	uint8_t head[LEDGER_HEAD_BYTES] = { 0 };
	struct err e;

	for (size_t i = 0; i < x->n; i++)
		entries += x->list[i].table == DB_LEDGER;
	keep = 1 + random_next(seed) % (entries - 1);
	for (size_t i = 0; i < x->n; i++) {
		struct held *h = &x->list[i];

		if (h->table != DB_LEDGER)
			continue;
		if (get_be64(h->key) == keep)
			memcpy(head + 16, h->value + 8, SHA256_BYTES);
		else if (get_be64(h->key) > keep)
			assert_ok(db_del(t, DB_LEDGER, key_slice(h->key, h->key_n), &e), &e);
	}
	put_le64(head + 8, keep);
	put_sealed(t, DB_META, (const uint8_t *)"ledger", 6, head, sizeof(head));
	return true;
}

/* --- figures that are forged with all checksums around them --------------------------------- */

enum { FIGURES_HELD = 256 };

struct item {
	uint32_t series;
	struct figure f;
};

/* The figures of one record, or of one partition. */
struct pile {
	struct item list[FIGURES_HELD];
	size_t n;
	uint32_t ids[64]; /* names in a record */
	struct labels *names[64];
	bool statistic[64];
	size_t nnames;
	struct figure_packer *packer;
};

static int pile_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		     struct err *e)
{
	struct pile *p = ctx;

	p->ids[p->nnames] = id;
	p->statistic[p->nnames] = statistic;
	p->names[p->nnames++] = labels_intern(l, n, e);
	return 0;
}

static int pile_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	static struct figure f[FIGURES_MAX];
	struct pile *p = ctx;

	assert_ok(figures_unpack(p->packer, c, f, e), e);
	for (uint32_t i = 0; i < c->count; i++)
		p->list[p->n++] = (struct item){ c->series, f[i] };
	return 0;
}

static int by_item(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return figure_cmp(&x->f, &y->f);
}

static bool remove_item(struct pile *p, size_t i)
{
	memmove(&p->list[i], &p->list[i + 1], (--p->n - i) * sizeof(*p->list));
	return true;
}

static bool double_item(struct pile *p, size_t i)
{
	p->list[p->n] = p->list[i];
	p->list[p->n++].f.row++;
	return true;
}

static bool swap_values(struct pile *p, size_t i, size_t k)
{
	double v = p->list[i].f.value;

	p->list[i].f.value = p->list[k].f.value;
	p->list[k].f.value = v;
	return v != p->list[i].f.value;
}

/* A chunk says it once for all figures of a submission. */
static bool change_times(struct pile *p, uint64_t sequence, bool received, int64_t by)
{
	bool changed = false;

	for (size_t i = 0; i < p->n; i++) {
		struct figure *f = &p->list[i].f;

		if (f->sequence != sequence || (!received && f->known == KNOWN_GIVEN))
			continue;
		if (received)
			f->received_ms += by;
		else
			f->released_ms = 900000 + by;
		changed = true;
	}
	return changed;
}

static bool change_known_from(struct figure *f, int64_t by)
{
	f->known_from_ms += by;
	if (f->known == KNOWN_RECEIVED)
		f->known = KNOWN_MOVED;
	return true;
}

static bool change_one(struct pile *p, uint64_t *seed)
{
	size_t i = random_next(seed) % p->n, k = random_next(seed) % p->n;
	struct figure *f = &p->list[i].f;
	int64_t by = (int64_t)(1 + random_next(seed) % 9);
	uint64_t bits;

	switch (random_next(seed) % 13) {
	case 0:
		memcpy(&bits, &f->value, sizeof(bits));
		bits ^= UINT64_C(1) << random_next(seed) % 64;
		memcpy(&f->value, &bits, sizeof(bits));
		return true;
	case 1:
		f->stamp_ms += by;
		return true;
	case 2:
		return change_known_from(f, by);
	case 3:
		f->months ^= (uint8_t)by;
		return true;
	case 4:
		f->flags ^= (uint8_t)by;
		return true;
	case 5:
		f->known = (uint8_t)((f->known + 1) % 3);
		return true;
	case 6:
		f->sequence += (uint64_t)by;
		return true;
	case 7:
		p->list[i].series += (uint32_t)by;
		return true;
	case 8:
		return change_times(p, f->sequence, true, by);
	case 9:
		return change_times(p, f->sequence, false, by);
	case 10:
		return remove_item(p, i);
	case 11:
		return double_item(p, i);
	default:
		return swap_values(p, i, k);
	}
}

static size_t run_of(const struct pile *p, size_t i, struct figure *out)
{
	size_t n = 0;

	while (i + n < p->n && p->list[i + n].series == p->list[i].series) {
		out[n] = p->list[i + n].f;
		n++;
	}
	return n;
}

static void release_pile(struct pile *p)
{
	for (size_t i = 0; i < p->nnames; i++)
		labels_unref(p->names[i]);
	figure_packer_free(p->packer);
	free(p);
}

static struct pile *pile_new(void)
{
	struct pile *p = calloc(1, sizeof(*p));
	struct err e;

	p->packer = figure_packer_new(&e);
	return p;
}

static void put_record(struct db_txn *t, const struct pile *p, uint64_t sequence)
{
	struct figure run[FIGURES_HELD];
	struct fresh_record r;
	struct err e;
	size_t n;

	/* One without anything in it would not be written. */
	assert_ok(fresh_drop(t, sequence - 1, sequence, &e), &e);
	assert_ok(fresh_record_init(&r, &e), &e);
	fresh_record_begin(&r);
	for (size_t i = 0; i < p->nnames; i++)
		fresh_record_name(&r, p->ids[i], p->statistic[i], p->names[i]);
	for (size_t i = 0; i < p->n; i += n) {
		n = run_of(p, i, run);
		assert_ok(fresh_record_add(&r, p->list[i].series, run, n, &e), &e);
	}
	assert_ok(fresh_record_put(&r, t, sequence, &e), &e);
	fresh_record_release(&r);
}

/* Names exchanged, or one that is no statistic any more. */
static bool change_names(struct pile *p, uint64_t *seed)
{
	size_t i = random_next(seed) % p->nnames, k = random_next(seed) % p->nnames;
	struct labels *ls = p->names[i];

	if (random_next(seed) % 2) {
		p->statistic[i] = !p->statistic[i];
		return true;
	}
	p->names[i] = p->names[k];
	p->names[k] = ls;
	return i != k;
}

static bool forge_fresh(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick_of(x, DB_FRESH, seed);
	struct pile *p;
	struct err e;
	bool changed;

	if (!h)
		return false;
	p = pile_new();
	assert_ok(fresh_record_read(slice_of((char *)h->value, h->n),
				    &(struct fresh_visitor){ pile_name, pile_chunk, p }, &e),
		  &e);
	if (p->n == 0 || (p->nnames && random_next(seed) % 4 == 0))
		changed = p->nnames && change_names(p, seed);
	else
		changed = change_one(p, seed);
	qsort(p->list, p->n, sizeof(*p->list), by_item);
	if (changed)
		put_record(t, p, get_be64(h->key));
	release_pile(p);
	return changed;
}

static void pile_partition(struct db_txn *t, const struct layer *l, struct pile *p)
{
	static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };
	struct segment_reader r;
	struct chunk c;
	struct slice bytes;
	struct err e;

	segment_reader_init(&r);
	for (uint32_t i = 0; i < l->nsegments; i++) {
		assert_ok(layer_segment(l, t, i, &bytes, &e), &e);
		assert_ok(segment_open(&r, bytes, &e), &e);
		while (segment_next(&r, &all, &c, &e) == 1)
			pile_chunk(p, &c, &e);
	}
	segment_reader_release(&r);
}

static void put_state(struct db_txn *t, uint32_t digest)
{
	uint8_t bytes[STATE_BYTES];
	struct state state;
	struct slice value;
	struct err e;

	assert_int_equal(db_get(t, DB_META, key_state, &value, &e), 1);
	assert_ok(state_read(value, &state, &e), &e);
	state.digest ^= digest;
	state_write(&state, bytes);
	assert_ok(db_put(t, DB_META, key_state, key_slice(bytes, sizeof(bytes)), &e), &e);
}

/* In one segment, with all that says so. */
static void put_partition(struct db_txn *t, const struct layer *l, const struct pile *p,
			  void (*spoil)(struct segment_entry *entry, uint64_t *seed),
			  uint64_t *seed)
{
	struct segment_writer *w;
	struct segment_entry entry;
	struct figure run[FIGURES_HELD];
	struct slice bytes;
	struct chunk c;
	struct err e;
	uint32_t crc;
	size_t n;

	w = segment_writer_new(&e);
	segment_begin(w, SEGMENT_FIGURES);
	for (size_t i = 0; i < p->n; i += n) {
		n = run_of(p, i, run);
		assert_ok(figures_pack(p->packer, p->list[i].series, run, n, &c, &e), &e);
		assert_int_equal(segment_add(w, &c, &e), 1);
	}
	assert_ok(partition_drop(t, l->number, &e), &e);
	assert_ok(segment_finish(w, &bytes, &entry, &e), &e);
	assert_ok(partition_put_segment(t, l->number, 0, bytes, &e), &e);
	if (spoil)
		spoil(&entry, seed);
	assert_ok(partition_put(t, SEGMENT_FIGURES, l->number, l->order, &entry, 1, &crc, &e), &e);
	put_state(t, crc ^ l->crc);
	segment_writer_free(w);
}

/* What is shown only to who asks for all times, or all series. */
static void spoil_entry(struct segment_entry *entry, uint64_t *seed)
{
	switch (random_next(seed) % 4) {
	case 0:
		entry->first_ms += 1 + (int64_t)(random_next(seed) % 50);
		break;
	case 1:
		entry->last_ms -= 1 + (int64_t)(random_next(seed) % 50);
		break;
	case 2:
		entry->samples++;
		break;
	default:
		entry->last_series++;
	}
}

static bool forge_packed(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct layer **list;
	uint32_t n;
	struct err e;
	bool changed = false;

	(void)x;
	assert_ok(partitions_load(t, &list, &n, &e), &e);
	if (n > 0) {
		const struct layer *l = list[random_next(seed) % n];
		struct pile *p = pile_new();
		bool table = random_next(seed) % 4 == 0;

		pile_partition(t, l, p);
		changed = table || change_one(p, seed);
		qsort(p->list, p->n, sizeof(*p->list), by_item);
		changed = changed && p->n > 0 &&
			  p->list[0].f.stamp_ms != p->list[p->n - 1].f.stamp_ms;
		if (changed)
			put_partition(t, l, p, table ? spoil_entry : NULL, seed);
		release_pile(p);
	}
	for (uint32_t i = 0; i < n; i++)
		layer_unref(list[i]);
	mem_free(list);
	return changed;
}

/* A part of the index, as good as any, in which a series has other labels. */
static bool forge_part(struct db_txn *t, struct shelf *x, uint64_t *seed)
{
	struct held *h = pick_of(x, DB_PARTS, seed);
	struct memory_index *memory, *const *memories = &memory;
	struct index_part part;
	struct index_set set = { .parts = &part, .nparts = 1, .max_id = UINT32_MAX };
	struct index_set forged = { .nmemories = 1, .max_id = UINT32_MAX };
	struct arena a;
	struct buf out;
	struct err e;
	uint32_t victim;

	if (!h)
		return false;
	memory = memory_index_new(&e);
	forged.memories = memories;
	arena_init(&a, 1 << 20);
	assert_ok(index_part_open(slice_of((char *)h->value, h->n), NULL, &part, &e), &e);
	victim = part.first_id + (uint32_t)(random_next(seed) % (part.last_id - part.first_id + 1));
	for (uint32_t id = part.first_id; id <= part.last_id; id++) {
		struct label l[LABELS_MAX];
		const struct labels *ls;
		bool statistic;

		if (index_series(&set, id, &a, &ls, &statistic, &e) < 0)
			continue;
		memcpy(l, ls->l, ls->n * sizeof(*l));
		if (id == victim && random_next(seed) % 2)
			statistic = false;
		else if (id == victim)
			l[ls->n - 1].value = slice_str("elsewhere");
		assert_ok(memory_index_add(memory, id, l, ls->n, statistic, &e), &e);
	}
	buf_init(&out, 1 << 24);
	assert_ok(index_part_build(&forged, NULL, NULL, &out, &e), &e);
	assert_ok(db_put(t, DB_PARTS, key_slice(h->key, h->key_n), buf_all(&out), &e), &e);
	buf_release(&out);
	memory_index_unref(memory);
	arena_release(&a);
	return true;
}

/* --- noticed ------------------------------------------------------------------------------ */

static bool noticed(struct db_txn *t, FILE *to)
{
	struct audit_sum sum;
	struct err e = { 0 };

	if (audit_walk(t, NULL, to, &sum, &e) < 0) {
		assert_int_equal(e.code, ERR_CORRUPT);
		return true;
	}
	return sum.faults > 0;
}

/* What a reader would not look at is no place to hide anything in. */
static void hold_all(struct shelf *x, struct db_txn *t)
{
	static const enum db_table tables[] = { DB_PARTS,     DB_PARTITIONS,  DB_SEGMENTS,
						DB_FRESH,     DB_SUBMISSIONS, DB_LEDGER,
						DB_ORIGINALS, DB_META };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		hold_table(x, t, tables[i]);
}

typedef bool change(struct db_txn *t, struct shelf *x, uint64_t *seed);

static const struct way {
	const char *name;
	change *change;
} ways[] = { { "alter", alter },       { "alter, unsealed", alter_unsealed },
	     { "drop", drop },         { "swap", swap },
	     { "copy", copy_over },    { "move", rekey },
	     { "cut", cut },           { "lengthen", lengthen },
	     { "forge", forge_entry }, { "set back", set_back },
	     { "fresh", forge_fresh }, { "packed", forge_packed },
	     { "part", forge_part } };

/* Of the three stores below; with PARKWATCH_LONG 10,140 changes in all. */
enum { WAYS = sizeof(ways) / sizeof(*ways), ROUNDS = 60, LONG_ROUNDS = 260 };

/* Each way as often, on a store that is closed; *done[way]: how often there was something to
 * change. */
static void manipulate(struct fixture *f, unsigned done[WAYS])
{
	struct shelf *x = calloc(1, sizeof(*x));
	FILE *to = fopen("/dev/null", "w");
	int rounds = getenv("PARKWATCH_LONG") ? LONG_ROUNDS : ROUNDS;
	uint64_t seed = 20261125;
	struct db_txn *t;
	struct db *db;

	db = db_open(&(struct db_options){ .dir = f->dir, .mode = DB_WRITE }, &f->e);
	assert_ok(db_read_begin(db, &t, &f->e), &f->e);
	assert_false(noticed(t, to));
	hold_all(x, t);
	db_read_end(t);
	for (int i = 0; i < WAYS * rounds; i++) {
		const struct way *way = &ways[i % WAYS];
		uint64_t at = seed;

		assert_ok(db_write_begin(db, &t, &f->e), &f->e);
		if (way->change(t, x, &seed)) {
			done[i % WAYS]++;
			if (!noticed(t, to))
				fail_msg("unnoticed: \"%s\" with seed %llu", way->name,
					 (unsigned long long)at);
		}
		db_write_abort(t);
	}
	fclose(to);
	db_close(db);
	shelf_release(x);
	free(x);
}

/* A failure must not close it twice. */
static void put_away(struct fixture *f)
{
	store_close(f->s);
	f->s = NULL;
}

static void assert_all_done(const unsigned done[WAYS], const char *but1, const char *but2)
{
	for (int i = 0; i < WAYS; i++) {
		bool none = (but1 && strcmp(ways[i].name, but1) == 0) ||
			    (but2 && strcmp(ways[i].name, but2) == 0);

		if (none ? done[i] > 0 : done[i] < 10)
			fail_msg("\"%s\" was done %u times", ways[i].name, done[i]);
	}
}

static void nothing_that_is_fresh_can_be_changed_unseen(void **state)
{
	struct fixture *f = *state;
	unsigned done[WAYS] = { 0 };

	keep_books(f->s);
	put_away(f);
	manipulate(f, done);
	assert_all_done(done, "packed", "part");
	f->s = must_open(f->dir);
}

static void nothing_that_is_packed_can_be_changed_unseen(void **state)
{
	struct fixture *f = *state;
	unsigned done[WAYS] = { 0 };

	keep_books(f->s);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	put_away(f);
	manipulate(f, done);
	assert_all_done(done, "fresh", NULL);
	f->s = must_open(f->dir);
}

/* Two partitions, and figures of old and new series on top. */
static void nothing_that_is_mixed_can_be_changed_unseen(void **state)
{
	struct fixture *f = *state;
	struct labels *east = series_named("output", "east"),
		      *north = series_named("output", "north"),
		      *south = series_named("staff", "south");
	unsigned done[WAYS] = { 0 };

	keep_books(f->s);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	assert_ok(hand_in(f->s, east, 9, 70, 9000, 9000, "more", NULL, &f->e), &f->e);
	assert_ok(hand_in(f->s, north, 4, 7, 9100, 0, NULL, NULL, &f->e), &f->e);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	assert_ok(store_release(f->s, 11, 9150, &f->e), &f->e);
	assert_ok(hand_in(f->s, east, 12, 80, 9200, 0, "most", NULL, &f->e), &f->e);
	assert_ok(hand_in(f->s, south, 6, 5, 9300, 9300, NULL, NULL, &f->e), &f->e);
	assert_ok(hand_in(f->s, north, 5, 8, 9400, 9400, NULL, NULL, &f->e), &f->e);
	put_away(f);
	manipulate(f, done);
	assert_all_done(done, NULL, NULL);
	f->s = must_open(f->dir);
	labels_unref(east);
	labels_unref(north);
	labels_unref(south);
}

/* Two partitions, a part, and fresh figures; -1 and the sum's faults are what they would be. */
static void an_audit_without_memory_says_so(void **state)
{
	struct fixture *f = *state;
	struct labels *east = series_named("output", "east"),
		      *north = series_named("output", "north");
	FILE *to = fopen("/dev/null", "w");
	struct db_txn *t;
	struct db *db;
	struct starve s = { 0 };

	assert_ok(hand_in(f->s, east, 9, 70, 9000, 9000, "more", NULL, &f->e), &f->e);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	assert_ok(hand_in(f->s, north, 4, 7, 9100, 0, "less", NULL, &f->e), &f->e);
	put_away(f);
	db = db_open(&(struct db_options){ .dir = f->dir, .mode = DB_READ }, &f->e);
	assert_ok(db_read_begin(db, &t, &f->e), &f->e);
	while (starve_again(&s)) {
		struct audit_sum sum;
		int rc;

		s.one_only = s.failed % 2 == 0;
		starve_begin(&s);
		rc = audit_walk(t, NULL, to, &sum, &f->e);
		starve_end(&s, rc == 0, &f->e);
		if (rc == 0)
			assert_true(sum.faults == 0);
	}
	assert_true(s.failed > 19);
	db_read_end(t);
	db_close(db);
	fclose(to);
	labels_unref(east);
	labels_unref(north);
	f->s = must_open(f->dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(nothing_that_is_fresh_can_be_changed_unseen),
		STORE_TEST(nothing_that_is_packed_can_be_changed_unseen),
		STORE_TEST(nothing_that_is_mixed_can_be_changed_unseen),
		STORE_TEST(an_audit_without_memory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
