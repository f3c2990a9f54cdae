/*
 * drop_files.h - a drop folder's files: which are complete, reading one, moving it away.
 *
 * The folder is looked at by name, size and time of change, always by polling: a
 * network share delivers no change events for what another machine writes, so
 * inotify would work on the developer's disk and be silent where it is needed.
 *
 * Everything here waits for the file system and belongs into file jobs; one job
 * at a time touches a `struct drop_folder`.
 */
#ifndef COLLECTORS_DROP_FILES_H
#define COLLECTORS_DROP_FILES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

enum {
	DROP_FILES_MAX = 100,     /* taken after one scan */
	DROP_ENTRIES_MAX = 20000, /* remembered; what is beyond has to wait */
};

struct drop_entry {
	const char *name;
	int64_t size;
	int64_t mtime_ns;
	int64_t since_mono_ms; /* when it was first seen like this */
};

struct drop_folder {
	const char *path, *pattern; /* borrowed; pattern NULL: all */
	int64_t settle_ms;
	/* memory between two scans, in turn */
	struct arena arenas[2];
	struct map by_name; /* of the last scan, keys in arenas[turn] */
	int turn;
	/* of the last scan, oldest change first */
	const struct drop_entry *ready[DROP_FILES_MAX];
	size_t nready;
};

void drop_folder_init(struct drop_folder *d, const char *path, const char *pattern,
		      int64_t settle_ms);
void drop_folder_release(struct drop_folder *d);

/* Looks through the folder and fills `ready`, whose entries live until the next scan. Makes
 * accepted/ and rejected/. -1 when the folder is not there, cannot be read or cannot be written. */
int drop_folder_scan(struct drop_folder *d, int64_t now_ms, int64_t mono_ms, struct err *e);

/* Whether a file of this name is looked at at all. */
bool drop_name_counts(const char *name, const char *pattern);

enum drop_took {
	DROP_TAKEN, /* read; *fd holds its lock until closed */
	DROP_LATER, /* still being written or locked; e has a code when it could not be read */
	DROP_GONE,
	DROP_REFUSE, /* can never be taken: e says why */
};

enum drop_took drop_file_read(const struct drop_folder *d, const struct drop_entry *f, size_t limit,
			      int *fd, struct buf *body, struct err *e);

enum drop_place { DROP_ACCEPTED, DROP_REJECTED };

/* Moves the file to accepted/ or rejected/, under a name that is not taken there, with `reasons`
 * (may be empty) beside it. A file that was replaced since `f` was read is left alone: 0. */
int drop_file_move(const struct drop_folder *d, const struct drop_entry *f, enum drop_place place,
		   struct slice reasons, struct err *e);

#endif
