/*
 * audit.h - proving that the ledger is whole, and handing it out.
 *
 * What is proven: each entry has the hash it says and names the one before; the last
 * one is the head; each submission has exactly one entry that says the same as its record,
 * and was released or returned as entries say; the figures that are kept are, each bit
 * of them and of their series' labels, those that the entries stand for; each original is
 * the one that its hash stands for. Somebody who can write the store can also make a new
 * chain from the beginning: that shows when a head that was written down earlier (a
 * bulletin, an export) is no longer in the chain.
 *
 * Plain samples and what can be made anew from the rest are store_check()'s.
 */
#ifndef STORAGE_AUDIT_H
#define STORAGE_AUDIT_H

#include "storage/apart.h"
#include "storage/store.h"

struct audit_sum {
	uint64_t entries, submissions, figures, originals;
	uint64_t faults;
	struct ledger_head head;
};

/* Reads all of it; one apart_fault() line for each fault. `wanted` (NULL: none): a hash that must
 * be one of the chain's. -1 with ERR_CORRUPT: it cannot be read on, which is a fault that is not
 * counted. */
int audit_walk(struct db_txn *t, const uint8_t *wanted, FILE *pipe, struct audit_sum *out,
	       struct err *e);

/* `parkwatch audit verify`: prints faults, then the head and "N entries, N faults" to `to`. Returns
 * the faults, -1 when it cannot be done. From a program without threads, see apart.h. */
long store_audit(const char *dir, const uint8_t *wanted, FILE *to, struct err *e);

/* `parkwatch audit export`: writes originals, chain, the catalogue's files and instructions into a
 * new folder `folder`. What cannot be handed out is told as a fault and left out. Returns the
 * faults, -1 when it cannot be done. */
struct audit_export {
	const char *folder;
	char *const *catalogue;
	size_t ncatalogue;
};
long store_audit_export(const char *dir, const struct audit_export *x, FILE *to, struct err *e);

/* The page of instructions that goes with it. */
extern const char audit_readme[];

#endif
