/*
 * audit_figures.h - all figures of a store as a reader is shown them, for the audit.
 *
 * Over one transaction, without a store: the layout is put together from the tables. What is
 * damaged is told and left out, so that the rest can be looked at. One thread.
 */
#ifndef STORAGE_AUDIT_FIGURES_H
#define STORAGE_AUDIT_FIGURES_H

#include "storage/store_impl.h"

#include <stdio.h>

/* Where faults go. */
struct audit_teller {
	FILE *pipe;
	uint64_t *faults;
};
void audit_tell(const struct audit_teller *to, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct audit_figures {
	struct audit_teller tell;
	struct view_of_store view; /* transaction and state are the caller's */
	struct reader reader;
	struct arena arena; /* for one series */
};

/* Reads parts, partitions and fresh figures. What is told already: what of them is damaged or
 * missing, labels that the index has otherwise, tables of segments that do not say what the
 * segments hold. */
int audit_figures_open(struct audit_figures *x, struct db_txn *t, const struct state *state,
		       struct audit_teller tell, struct err *e);
void audit_figures_close(struct audit_figures *x);

/* Every figure of every statistic, in the order of digest.h. What cannot be read is told if
 * `telling`. */
int audit_figures_walk(struct audit_figures *x, bool telling,
		       void (*each)(void *ctx, uint32_t series, const struct labels *ls,
				    const struct figure *f),
		       void *ctx, struct err *e);

#endif
