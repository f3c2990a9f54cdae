/*
 * file.h - a whole file into memory, and back.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { FILE_PIECE_BYTES = 64 << 10 };

/* Appends what is in the file, a piece at a time, until there are more than `most` bytes: the
 * caller looks whether there are. The buffer needs room for two pieces more than that. ERR_IO with
 * the system's words: "cannot be opened: …". Any thread; may wait for the disk. */
int file_read(const char *path, size_t most, struct buf *out, struct err *e);
/* The same of what is left in an open file or pipe, which stays open. Without a limit but the
 * buffer's own `most` is SIZE_MAX. */
int file_read_rest(int fd, size_t most, struct buf *out, struct err *e);

/* All of it, however often write() has to be called; -1 with errno. */
int file_write_all(int fd, struct slice s);

#endif
