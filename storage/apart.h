/*
 * apart.h - reading a store that may be damaged, in a process of its own.
 *
 * LMDB believes its page headers; a damaged one may end the process that reads it. So
 * a child reads and tells line by line through a pipe, and its sudden end is a fault
 * like any other. The child is forked, hence: from a program without other threads.
 *
 * Nothing in the store's folder is written, not even a lock file, unless a writer is
 * running: then its lock table is used, like any reader does.
 */
#ifndef STORAGE_APART_H
#define STORAGE_APART_H

#include "storage/db.h"

#include <stdio.h>

/* In the child: one line for a person, which counts as a fault or does not. */
void apart_fault(FILE *pipe, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void apart_say(FILE *pipe, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ERR_CORRUPT is told as one more fault; another error is that of apart_read(). */
typedef int apart_work(struct db_txn *t, void *ctx, FILE *pipe, struct err *e);

/* Runs `work` over one read transaction of the store in `dir` and prints its lines to `to`.
 * The number of faults, -1 when the store cannot be opened or the work could not be done. */
long apart_read(const char *dir, apart_work *work, void *ctx, FILE *to, struct err *e);

#endif
