/*
 * workers.h - threads that help those who run queries.
 *
 * A thread that has work of many equal parts posts it, works on it itself, and gets help from as
 * many workers as are idle. Nothing waits for a worker: on a busy machine the poster does it all.
 * Work may be posted by several threads at once.
 */
#ifndef QUERY_WORKERS_H
#define QUERY_WORKERS_H

#include "base/err.h"

#include <stddef.h>

struct workers;

/* `n` may be 0: then nobody ever helps. NULL with ERR_MEMORY or ERR_IO. */
struct workers *workers_new(unsigned n, struct err *e);
/* Nothing may be posted any more. */
void workers_free(struct workers *ws);
unsigned workers_count(const struct workers *ws);

/* Calls part(arg, place, i) for each i in [0, parts), then returns. `place` tells those who work
 * at the same time apart: 0 is the caller, it is below 1 + workers_count(). */
void workers_spread(struct workers *ws, size_t parts,
		    void (*part)(void *arg, unsigned place, size_t i), void *arg);

#endif
