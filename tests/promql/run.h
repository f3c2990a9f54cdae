/*
 * run.h - runs a script of the query language (script.h) against the engine in this process.
 *
 * Cases that touch native histograms, custom buckets or start timestamps are skipped: parkwatch
 * has none of them.
 */
#ifndef TESTS_PROMQL_RUN_H
#define TESTS_PROMQL_RUN_H

#include "base/err.h"
#include "base/slice.h"

#include <stdio.h>

struct script_run {
	FILE *out;  /* gets a line of TAP for each eval, and why it failed behind it */
	bool brief; /* those that failed only */
	unsigned number, passed, failed, skipped; /* counted on from script to script */
};

/* `name` is for people. ERR_INVALID: the script cannot be read; nothing was run then. */
int script_run(struct script_run *to, const char *name, struct slice text, struct err *e);

#endif
