/*
 * head.h - plain samples in memory, as they came, until they are packed.
 *
 * A generation is what came between two seals: for each series a chain of blocks
 * in the order of arrival, each sample with the number of the request that brought
 * it. Chains are only added to, so readers need no lock: they take the samples whose
 * request had been completed when they began, and sort them if they came out of
 * order (of two samples for one time the later one counts). A sealed generation no longer
 * changes; whoever reads it holds a reference.
 *
 * The key table finds a series by the bytes of its labels as a sender writes them, by a
 * 128-bit hash that is random in each process, without looking into them; and by the address
 * of an interned label set. Senders
 * repeat their order, so each key remembers which one followed it.
 *
 * All functions that change something: one thread at a time (the ingest lock).
 */
#ifndef STORAGE_HEAD_H
#define STORAGE_HEAD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/labels.h"
#include "storage/chunked.h"

#include <stdatomic.h>

enum { HEAD_BLOCK = 12 }; /* samples; a block is 256 bytes */

struct head_block {
	_Atomic(struct head_block *) next;
	struct head_sample {
		int64_t t_ms;
		double value;
	} samples[HEAD_BLOCK];
	uint32_t request[HEAD_BLOCK]; /* less the generation's first */
};

struct head_chain {
	_Atomic(struct head_block *) first;
	_Atomic uint32_t n;
};

/* What came between two seals. */
struct generation {
	atomic_uint refs;
	uint64_t
		number; /* from 1; also that of its log file, the last one when there are several */
	uint64_t from;  /* the first of them */
	uint64_t first_request; /* requests from here on are in it */
	struct chunked chains;  /* struct head_chain by series id */
	struct head_slab *slabs;
	size_t slab_used;
	uint64_t samples;
	uint32_t top_series; /* chains exist up to here */
	uint32_t series;     /* that have a chain */
	size_t bytes;
};

struct generation *generation_new(uint64_t number, uint64_t first_request, struct err *e);
struct generation *generation_ref(struct generation *g);
void generation_unref(struct generation *g);

/* --- reading: any thread --------------------------------------------------------- */

/* Times and values. */
struct columns_run {
	int64_t *t_ms;
	double *value;
	size_t n, cap;
	bool numbers; /* reader.h: no value is a NaN */
};

/* Samples of a series that requests up to `last_request` brought, in the order of arrival; arrays
 * are grown in the arena, what is there stays in front. *rising: in time, strictly, behind each
 * other. */
int generation_read(const struct generation *g, uint32_t series, uint64_t last_request,
		    struct arena *a, struct columns_run *out, bool *rising, struct err *e);
/* The last in time of them that lies in [from, to]; of two for one time the one that came later.
 * False: there is none, nothing is written. */
bool generation_last(const struct generation *g, uint32_t series, uint64_t last_request,
		     int64_t from_ms, int64_t to_ms, int64_t *t_ms, double *value);
/* How many there are of the series, of whatever request. */
uint32_t generation_count(const struct generation *g, uint32_t series);

/* --- writing: under the ingest lock ------------------------------------------------ */

struct head_hash {
	uint64_t low, high;
};
struct head_hash head_hash(struct slice labels);
/* Of an interned label set, by its address: the slot must hold a reference as long as there is the
 * key. */
struct head_hash head_hash_own(const struct labels *labels);

struct head_key {
	struct head_hash hash;
	uint32_t slot;
	uint32_t next; /* key that followed last time */
};

/* What the writer keeps of one series. */
struct head_slot {
	uint32_t series;
	uint8_t class;  /* enum series_class */
	uint8_t months; /* of a statistic */
	bool preliminary;
	struct labels *labels; /* of a statistic and of samples of our own: one reference */
	uint32_t n;            /* in the chain */
	uint32_t name_number;  /* in the log file `named_in`, which names the series; 0: in none */
	uint64_t named_in;
	uint64_t generation;
	struct head_block *tail;
	struct head_chain *chain;
	int64_t last_ms;
};

struct head {
	struct head_key *keys;
	uint32_t nkeys, cap;
	uint32_t *table; /* key + 1 */
	uint32_t table_cap;
	struct head_slot *slots;
	uint32_t nslots, slots_cap;
	uint32_t *slot_of; /* slot + 1 by series */
	uint32_t slot_of_cap;
};

void head_init(struct head *h);
void head_release(struct head *h);

/* The key with this hash, `after` (UINT32_MAX: none) being the one before it in the request.
 * UINT32_MAX when it was never seen. */
uint32_t head_find(struct head *h, struct head_hash hash, uint32_t after);
/* A new key for a series; its slot is made or found. *key is its number. */
int head_add(struct head *h, struct head_hash hash, uint32_t after, uint32_t series, uint32_t *key,
	     struct err *e);
/* Forgets all keys and slots (series may have been deleted, or too many are no longer used). */
void head_forget(struct head *h);

/* Whether (t, v) repeats the last one that this generation has of the series. */
bool head_repeats(const struct generation *g, const struct head_slot *s, int64_t t_ms,
		  double value);
/* Puts one at the end. *came_late: not behind the last one in time. -1: no memory, nothing changed.
 */
int head_append(struct generation *g, struct head_slot *s, int64_t t_ms, double value,
		uint64_t request);

#endif
