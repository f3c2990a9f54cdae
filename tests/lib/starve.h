/*
 * starve.h - the 1st, 2nd, 3rd … allocation fails, until what is tried has enough.
 *
 *	struct starve s = { .keeps_nothing = true };
 *
 *	while (starve_again(&s)) {
 *		arena_init(&a, STARVED_ARENA);
 *		starve_begin(&s);
 *		rc = jsonstat_read(body, &a, &sink, &e);
 *		starve_end(&s, rc == 0, &e);
 *		arena_release(&a);
 *	}
 *	assert_true(s.failed > 3);
 *
 * A try that did not have enough must say so: its error is ERR_MEMORY or ERR_LIMIT.
 */
#ifndef TESTS_LIB_STARVE_H
#define TESTS_LIB_STARVE_H

#include "base/err.h"

#include <stdbool.h>

/* Of an arena below the size of the blocks that arenas keep for each other: all of it is allocated
 * anew in each try, and given back. */
enum { STARVED_ARENA = 200 << 10 };

struct starve {
	bool one_only;      /* the allocations after the one that fails succeed again */
	bool keeps_nothing; /* what was allocated in a try is freed until the next */
	long failed;        /* tries so far that did not have enough */
	bool enough;        /* the last one had */
	bool begun;
};

/* Whether there is another try. */
bool starve_again(struct starve *s);
/* From here on allocations fail … */
void starve_begin(const struct starve *s);
/* … to here. `e` is looked at when there was not enough. */
void starve_end(struct starve *s, bool enough, const struct err *e);

#endif
