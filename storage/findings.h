/*
 * findings.h - the records of findings, and what the writer does with them.
 *
 * docs/storage-format.md has the bytes. The table `findings` has the records by id, `finding_cells`
 * the ids by series and period, and `meta` under "findings" how many there are in each state.
 * The writer's thread, but for the readers at the top.
 */
#ifndef STORAGE_FINDINGS_H
#define STORAGE_FINDINGS_H

#include "base/observation.h"
#include "storage/db.h"
#include "storage/store.h"

enum {
	KEY_FINDING_BYTES = 8,
	KEY_FINDING_CELL_BYTES = 20,
	FINDING_COUNTS_BYTES = 48,
	FINDING_RECORD_MAX = 256 << 10,
};

struct finding_counts {
	uint64_t last; /* id */
	uint64_t of[FINDING_STATES];
};

/* A verified record; texts and events in the arena. ERR_CORRUPT, ERR_LIMIT. */
int finding_read(struct slice key, struct slice value, struct arena *a, struct finding *out,
		 struct err *e);
/* What was opened, as an answer's entry in the ledger seals it: SHA-256 of the record from its
 * series up to the events. */
void finding_opening(struct slice value, uint8_t sha256[SHA256_BYTES]);
void finding_print(const struct finding *f, struct buf *out);
/* 1, 0, -1. `value` may be NULL. */
int finding_get(struct db_txn *t, uint64_t id, struct arena *a, struct finding *out,
		struct slice *value, struct err *e);
int finding_counts_get(struct db_txn *t, struct finding_counts *out, struct err *e);
/* Whether the tables have as many records as the counts say; at opening. */
int findings_check_count(struct db_txn *t, const struct finding_counts *c, struct err *e);
int finding_counts_put(struct db_txn *t, const struct finding_counts *c, struct err *e);
/* Also of records that cannot be read: which finding a key of `finding_cells` is of. */
uint64_t finding_of_cell(struct slice key);
/* The key of `finding_cells` for a finding. */
void finding_cell_key(const struct finding *f, uint8_t key[KEY_FINDING_CELL_BYTES]);

/* --- one append -------------------------------------------------------------------------- */

struct finding_writer {
	struct db_txn *t;
	struct arena *arena; /* scratch */
	struct finding_counts *counts;
	struct append *a; /* its submission has its sequence already */
};

/* An observation as it was written. */
struct finding_cell {
	uint32_t series;
	size_t row;
	int64_t stamp_ms, known_from_ms;
};

/* Of one series, by stamp, then known-from: closes what is corrected, opens what is doubted. */
int findings_settle(struct finding_writer *w, const struct finding_cell *cells, size_t n,
		    struct err *e);
/* An answer or an acceptance, in the ledger too. */
int finding_act(struct db_txn *t, struct finding_counts *counts, const struct finding_act *act,
		struct err *e);
/* The gauges. */
void finding_counts_show(const struct finding_counts *c);

#endif
