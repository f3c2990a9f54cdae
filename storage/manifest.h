/*
 * manifest.h - the page that lies in a backup: what belongs to it, and the checksum of each file.
 *
 * A text, so that a person can read it:
 *
 *	parkwatch backup, format 1
 *	made 1790000000000
 *	store 2
 *	epoch 17
 *	sequence 4012
 *	file 22 0a1b2c3d VERSION
 *	file 409600 4d5e6f70 data.mdb
 *	file 1464 00000000 log/00000007.log
 *	end 89abcdef
 *
 * made: milliseconds since 1970; store: the store's format; epoch and sequence: those of the
 * store's state record. Of each file its bytes and the CRC-32C of them; names are none but those
 * of a store's files, so that nothing in a manifest leads out of its folder. "end" has the CRC-32C
 *of all lines before it.
 *
 * While the folder is being made there is one line that says so instead.
 *
 * Pure functions, any thread.
 */
#ifndef STORAGE_MANIFEST_H
#define STORAGE_MANIFEST_H

#include "base/buf.h"

#include <stdint.h>

enum {
	MANIFEST_FORMAT = 1,
	MANIFEST_NAME = 32,
	MANIFEST_FILES = 100000,  /* at most */
	MANIFEST_BYTES = 8 << 20, /* likewise */
};

#define MANIFEST_FILE "MANIFEST"

struct manifest_file {
	char name[MANIFEST_NAME]; /* "data.mdb", "log/00000007.log" */
	uint64_t bytes;
	uint32_t crc;
};

struct manifest {
	int64_t made_ms;
	uint32_t format; /* of the store */
	uint64_t epoch, sequence;
	struct manifest_file *files;
	size_t n, cap;
};

extern const char manifest_unfinished[];

/* Whether a text is a manifest's beginning, finished or not. */
bool manifest_is_ours(struct slice text);
/* Whether a file of this name may be listed. */
bool manifest_names(const char *name);

void manifest_init(struct manifest *m);
void manifest_release(struct manifest *m);
int manifest_add(struct manifest *m, const char *name, uint64_t bytes, uint32_t crc, struct err *e);
void manifest_write(const struct manifest *m, struct buf *out);
/* ERR_CORRUPT with the line where it is wrong, ERR_UNSUPPORTED: a newer one. Release it either way.
 */
int manifest_read(struct manifest *m, struct slice text, struct err *e);

#endif
