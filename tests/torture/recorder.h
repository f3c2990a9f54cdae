/*
 * recorder.h - which descriptors are recorded, and writing frames; used by record.c.
 *
 * Everything but rec_wants() is called between rec_lock() and rec_unlock(): the
 * call and its frame are one step, so the order of frames is the order of effects.
 * In a forked child nothing is recorded.
 */
#ifndef TESTS_TORTURE_RECORDER_H
#define TESTS_TORTURE_RECORDER_H

#include "tests/torture/record.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether calls are recorded at all. */
bool rec_on(void);
/* Whether `fd` may be of the recorded folder; cheap, for the path of all other calls. */
bool rec_wants(int fd);

void rec_lock(void);
void rec_unlock(void); /* errno stays */

/* The handle, or 0 when the descriptor is another file by now (closed behind our back). */
uint32_t rec_handle(int fd);
bool rec_is_synchronous(int fd); /* O_SYNC or O_DSYNC */

/* The path below the recorded folder; false when it lies elsewhere. The last component is not
 * followed. */
bool rec_path(int dirfd, const char *path, char out[PATH_MAX]);

/* A descriptor was opened; records it when it is of the folder. `existed`: before. */
void rec_opened(int fd, int flags, bool existed);
void rec_duplicated(int from, int to);
void rec_closed(int fd);

void rec_emit(struct frame f, const void *data, size_t n);
void rec_note(const char *what, const char *name);
void rec_paths(enum frame_kind kind, const char *first, const char *second);

/* A number for a sync that begins. */
uint32_t rec_ticket(void);

#endif
