/*
 * lockfile.h - one process at a time, and a mark that a folder holds a store.
 *
 * LMDB lets several processes write in turn; our index in memory does not. So the
 * writer holds a lock on `parkwatch.lock` (an open file description lock: gone
 * with the process, also after SIGKILL, and it keeps the same process from opening
 * the folder twice, which LMDB cannot bear).
 *
 * `VERSION` is written once the store has been made. When it is there but the
 * data is not, somebody lost a file, and a new empty store would hide that.
 */
#ifndef STORAGE_LOCKFILE_H
#define STORAGE_LOCKFILE_H

#include "base/err.h"

#include <stdbool.h>

/* The descriptor that holds the lock, or -1: ERR_BUSY names the process that has it. */
int lockfile_take(const char *dir, struct err *e);
/* Without making the file: -1 with ERR_NONE when it is not there, so nobody can hold it. Where the
 * file system is mounted read-only as below. */
int lockfile_take_existing(const char *dir, struct err *e);
/* For who reads: where the file system is mounted read-only, LMDB is read without its lock table,
 * so nobody may write meanwhile (from another mount). Others may read. -1 with ERR_NONE where it is
 * not mounted so, or there is no file; ERR_UNSUPPORTED when there is a writer. */
int lockfile_share_read_only(const char *dir, struct err *e);
void lockfile_release(int fd); /* -1 is nothing */
/* Whether the process that has the lock (ERR_BUSY) is this one. */
bool lockfile_is_ours(const char *dir);

/* As long as a folder of this name is in it, a store is being restored (backup.h). */
#define RESTORE_UNFINISHED "restore.unfinished"

/* ERR_CORRUPT: a store was here and its data is gone, or it was not restored to the end;
 * ERR_UNSUPPORTED: it is newer. *marked tells whether the mark is there. */
int version_check(const char *dir, bool *marked, struct err *e);
int version_write(const char *dir, struct err *e);

#endif
