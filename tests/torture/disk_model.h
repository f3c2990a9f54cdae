/*
 * disk_model.h - a folder as its programs see it, and as a disk may have it after a power cut.
 *
 * The model is strict, as far as POSIX allows a file system to be:
 *
 *   bytes    what was written before a sync of the file began is there when that
 *            sync has ended. Each later write may be there or not, on its own; torn:
 *            each sector of 512 bytes on its own, in any of the states it went through.
 *   size     changes of one file's size reach the disk in their order, up to some
 *            point, whatever became of the bytes: a file may have grown by zeros. What
 *            a truncation cut off never comes back behind it.
 *   names    making, renaming and removing a name is durable when its folder was
 *            synced, never by a sync of the file itself. Within a folder the order is
 *            kept; a rename between two folders happens in both or in neither.
 *
 * Apply frames in order, then disk_write_out() as often as wanted. One thread.
 * Errors end the program: a recording that cannot be replayed proves nothing.
 */
#ifndef TESTS_TORTURE_DISK_MODEL_H
#define TESTS_TORTURE_DISK_MODEL_H

#include "tests/torture/record.h"

#include <stdbool.h>
#include <stddef.h>

struct disk;

enum disk_mode {
	DISK_NONE,   /* nothing that was not synced */
	DISK_ALL,    /* everything, synced or not */
	DISK_RANDOM, /* whole writes are there or not */
	DISK_TORN,   /* sectors are */
};

struct disk *disk_new(void);
void disk_free(struct disk *d);

/* What the folder held before the recording began, all of it durable. */
void disk_load(struct disk *d, const char *dir);

/* `data` stays borrowed until disk_free(). Marks are ignored, notes go to stderr once each. */
void disk_apply(struct disk *d, const struct frame *f, const uint8_t *data);

/* Makes the folder `dir` (it must not exist) as a disk may have it. */
void disk_write_out(struct disk *d, enum disk_mode mode, uint64_t seed, const char *dir);

/* Ends the program with a sentence. */
_Noreturn void disk_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *disk_alloc(size_t n); /* zeroed */
void *disk_grow(void *p, size_t n);

#endif
