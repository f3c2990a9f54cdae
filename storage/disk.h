/*
 * disk.h - what the store asks the file system below it.
 *
 * Any thread.
 */
#ifndef STORAGE_DISK_H
#define STORAGE_DISK_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* NULL when a store may lie on a file system with this statfs() type, else its name. */
const char *disk_refused_filesystem(long type);

/* Whether a store may lie there; makes the folder (mode 0700) when `make`.
 * ERR_UNSUPPORTED: a network file system. */
int disk_folder_open(const char *dir, bool make, struct err *e);

/* Makes the name of a new file in the folder survive a power cut. */
int disk_sync_folder(const char *dir, struct err *e);

/* Takes room on the disk for the first `bytes` of a file in the folder, which is made when
 * missing and keeps its length. ERR_FULL when there is none; a file system that cannot
 * promise room is no error. */
int disk_reserve(const char *dir, const char *name, uint64_t bytes, struct err *e);

/* Whether the file system is mounted so there; false when the system does not say. */
bool disk_is_read_only(const char *dir);

/* Removes a file of at most `bytes` bytes; false when it is longer or cannot be removed. */
bool disk_remove_small(const char *dir, const char *name, uint64_t bytes);

/* Bytes that this process may still take; 0 when the system does not say. */
uint64_t disk_free(const char *dir);

/* Whether a failed write can be put down to a lack of room: the disk, a quota or the
 * process's limit for a file of `file_bytes`. Writes and removes a small probe file. */
bool disk_is_full(const char *dir, uint64_t file_bytes);

#endif
