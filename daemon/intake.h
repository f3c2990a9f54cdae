/*
 * intake.h - from the collector to the store and back.
 *
 * The collector emits a batch on the loop; the store answers on its writer
 * thread; the answer is posted to the loop. Also gives the edits what is
 * stored, out of one snapshot for each document.
 */
#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

#include "collectors/feed.h"
#include "loop/loop.h"
#include "storage/store.h"

#include <stdatomic.h>

struct intake {
	struct loop *loop;
	struct store *store;
	/* On the loop, after figures were stored, or what was refused was put on record. */
	void (*stored)(void *ctx);
	void *ctx;
	atomic_size_t under_way; /* appends that the store has */
};

/* collector_options.emit, with the intake as ctx. */
int intake_emit(void *ctx, struct emit_request *r, struct err *e);
/* collector_options.store_portion, the same. The store answers also while the daemon ends. */
int intake_store_portion(void *ctx, struct emit_request *r, struct emitted *how, struct err *e);
/* collector_options.store_samples, the same. */
int intake_store_samples(void *ctx, struct emit_request *r, struct err *e);
/* What is stored, for the edits. */
struct history intake_history(struct intake *in);

/* Stores plain samples of our own (alert states); takes over the arena and the labels' references.
 * Not waited for; a failure is logged. */
struct own_samples {
	struct arena arena;
	struct plain_sample *list;
	size_t n;
};
void intake_own(struct intake *in, struct own_samples *take);

#endif
