/*
 * record.h - the recording of what a program did to the files of one folder.
 *
 * A recording is a row of frames, each a head of 40 bytes (little-endian, as laid
 * out below) and `len` bytes. The order of the frames is the order of what
 * happened, over all threads; a frame is written, in one append, before the call it
 * tells of returns. So another process that has seen the effect of a call (an
 * answer to a request) and appends a mark of its own is behind it.
 *
 * Paths are relative to the recorded folder; "" is the folder itself. A call
 * with two paths has them one after the other, separated by a NUL.
 */
#ifndef TESTS_TORTURE_RECORD_H
#define TESTS_TORTURE_RECORD_H

#include <stdint.h>

enum { FRAME_MAGIC = 0x52575021 }; /* "!PWR" */

enum frame_kind {
	FRAME_OPEN = 1,       /* handle, flags, path */
	FRAME_WRITE = 2,      /* handle, off, bytes */
	FRAME_TRUNCATE = 3,   /* handle, off: the new size */
	FRAME_ALLOCATE = 4,   /* handle, off: the size that it now has at least */
	FRAME_ZERO = 5,       /* handle, off, size: reads as zeros */
	FRAME_RANGE_SYNC = 6, /* handle, off, size: that much is durable (O_DSYNC) */
	FRAME_SYNC_BEGIN = 7, /* handle (0: everything), ticket */
	FRAME_SYNC_END = 8,   /* handle, ticket: what was done before its begin is durable */
	FRAME_CLOSE = 9,      /* handle */
	FRAME_RENAME = 10,    /* two paths */
	FRAME_EXCHANGE = 11,  /* two paths */
	FRAME_UNLINK = 12,    /* path; a folder too */
	FRAME_LINK = 13,      /* existing path, new path */
	FRAME_MKDIR = 14,     /* path */
	FRAME_SYMLINK = 15,   /* path, target */
	FRAME_MARK = 16,      /* a line of the ledger */
	FRAME_NOTE = 17,      /* something the replay does not know, in words */
};

enum frame_flag {
	FRAME_CREATED = 1 << 0, /* the open made the file */
	FRAME_EMPTIED = 1 << 1, /* the open had O_TRUNC */
	FRAME_FOLDER = 1 << 2,
};

struct frame {
	uint32_t magic;
	uint16_t kind, flags;
	uint32_t pid;
	uint32_t handle; /* of this process, from 1; dup() shares it */
	uint64_t off, size;
	uint32_t len; /* of what follows */
	uint32_t ticket;
};

_Static_assert(sizeof(struct frame) == 40, "a frame's head has no gaps");

#endif
