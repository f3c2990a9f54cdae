/*
 * draft.h - a folder that is being filled with the files of a store, until it may be used.
 *
 * A backup and a restore both make one. It holds a MANIFEST that says "unfinished" and is
 * locked (an open file description lock: gone with the process). So what an interrupted one left is
 * told from one that is being made by another process, and from a folder that is somebody's: the
 * first is cleared and used again, the others are refused. Nothing but files
 * of a store is ever removed.
 *
 * Writing is held back to a rate, and synchronised every few megabytes: a heap of
 * unwritten pages would make others, who wait for their own sync, wait for it too.
 *
 * One thread.
 */
#ifndef STORAGE_DRAFT_H
#define STORAGE_DRAFT_H

#include "storage/manifest.h"

enum { DRAFT_PATH = 4096 };

struct draft {
	char path[DRAFT_PATH];
	int mark_fd; /* MANIFEST, locked */
	struct manifest manifest;
	uint64_t rate;      /* bytes a second; 0: no limit */
	uint64_t bytes;     /* written so far */
	const char *beside; /* a store whose disk must keep some room; NULL: none. Borrowed */

	/* private */
	int64_t due_ns;
	uint64_t unsynced;
};

/* Makes it or takes over an abandoned one, empty. ERR_BUSY: another process is at it; ERR_EXISTS:
 * it holds what is no part of a store. */
int draft_open(struct draft *d, const char *path, uint64_t rate, struct err *e);
/* Removes it with all that was written. */
void draft_abandon(struct draft *d);
/* store_check() of it; the error names the first fault. */
int draft_check(const struct draft *d, struct err *e);
/* Writes the manifest; all of it is durable then. The folder may be renamed before draft_close().
 */
int draft_finish(struct draft *d, struct err *e);
/* The folder stays. */
void draft_close(struct draft *d);

/* One file of it. */
struct draft_file {
	struct draft *d;
	int fd;
	char name[MANIFEST_NAME], path[DRAFT_PATH + MANIFEST_NAME];
	uint64_t bytes;
	uint32_t crc;
};

int draft_file_create(struct draft_file *f, struct draft *d, const char *name, struct err *e);
/* ERR_FULL: no room, or the store's disk would be left without. */
int draft_file_write(struct draft_file *f, const void *p, size_t n, struct err *e);
/* Bytes [at, end) of `from`, fewer when it ends before; `from_path` is for the error. */
int draft_file_copy(struct draft_file *f, int from, uint64_t at, uint64_t end,
		    const char *from_path, struct err *e);
/* Begins anew. */
int draft_file_rewind(struct draft_file *f, struct err *e);
/* Durable, and in the manifest. */
int draft_file_finish(struct draft_file *f, struct err *e);
void draft_file_abandon(struct draft_file *f); /* nothing after draft_file_finish() */

/* Removes all files of a store, and of a draft but its MANIFEST, from a folder. ERR_EXISTS names
 * what is none of them and was left; of those in `also` (NULL at the end, or NULL) nothing is said.
 */
int store_files_remove(const char *dir, const char *const *also, struct err *e);

/* dir/name, in a buffer of DRAFT_PATH. */
int path_join(char out[DRAFT_PATH], const char *dir, const char *name, struct err *e);
/* The folder above. */
int path_parent(char out[DRAFT_PATH], const char *path, struct err *e);

#endif
