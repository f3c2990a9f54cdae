/*
 * backup.h - a copy of a store, made while it is written, and the way back.
 *
 * A backup is a folder with the files of a store and a MANIFEST (manifest.h). It holds all
 * that was acknowledged before store_backup() was called, and of what came meanwhile a part. Under
 * its name there is a whole and verified backup or none: it is made in NAME.unfinished and
 * renamed. What an interrupted one leaves is removed by the next one to the same name; the store
 * itself is not changed by any of this.
 *
 * Call both from a program without other threads and without the store open: they fork children
 * that read (see check.c, and LMDB must not be opened twice by one process).
 */
#ifndef STORAGE_BACKUP_H
#define STORAGE_BACKUP_H

#include "base/err.h"

#include <stdint.h>

/* What has just been done; told as it happens, for whoever watches. */
enum backup_step {
	BACKUP_BEGUN,    /* the unfinished folder is there */
	BACKUP_HELD,     /* log files and runs cannot go any more */
	BACKUP_READING,  /* the transaction has begun that data.mdb is copied from */
	BACKUP_DATABASE, /* data.mdb is copied */
	BACKUP_COPIED,   /* all files are */
	BACKUP_CHECKED,  /* the copy has been read as `parkwatch check store` does */
	BACKUP_SEALED,   /* durable, manifest written */
	BACKUP_MOVED,    /* has its name; a restore: its files have theirs */
};

struct backup_options {
	const char *dir; /* the store; a daemon may have it open, or nobody */
	const char *to;  /* a folder that does not exist, on a local file system */
	uint64_t rate;   /* bytes a second, at most; 0: no limit */
	void (*step)(void *ctx, enum backup_step step);
	void *ctx;
};

struct backup_result {
	uint64_t files, bytes;
	int64_t made_ms;
	uint64_t sequence; /* of the last submission in it */
};

/* ERR_EXISTS: the folder is there; ERR_BUSY: another backup to it is under way; ERR_FULL;
 * ERR_CORRUPT: the store is damaged, and a backup of it would be, too. `out` may be NULL. */
int store_backup(const struct backup_options *o, struct backup_result *out, struct err *e);

struct restore_options {
	const char *from; /* a backup; it is only read */
	const char *dir;  /* where the store will be: missing or empty; may be a mount point */
	void (*step)(void *ctx, enum backup_step step);
	void *ctx;
};

/* Every file is compared with its checksum in the manifest, the whole checked as `parkwatch check
 * store` does. Until it is done `dir` holds a folder "restore.unfinished", and no store opens
 * there; an interrupted restore is begun anew by the next one. ERR_EXISTS: `dir` holds something;
 * ERR_CORRUPT names the file that is damaged. */
int store_restore(const struct restore_options *o, struct backup_result *out, struct err *e);

#endif
