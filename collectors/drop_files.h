/*
 * drop_files.h - a drop folder's files: which are complete, reading one, moving it away.
 *
 * The folder is looked at by name, size and time of change, always by polling: a
 * network share delivers no change events for what another machine writes, so
 * inotify would work on the developer's disk and be silent where it is needed.
 *
 * A folder that cannot be written, or that is to be left as it is, keeps its files: what is
 * known of them is in drop_state.h, and a file that has not changed is not taken again.
 *
 * Everything here waits for the file system and belongs into file jobs; one job
 * at a time touches a `struct drop_folder`.
 */
#ifndef COLLECTORS_DROP_FILES_H
#define COLLECTORS_DROP_FILES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "collectors/drop_state.h"

enum {
	DROP_FILES_MAX = 100,                    /* taken after one scan */
	DROP_ENTRIES_MAX = DROP_STATE_FILES_MAX, /* looked at; what is beyond has to wait */
	/* Clocks of shares tick every 2 s: looks so far apart tell each change by its time. */
	DROP_KEEP_SETTLE_MS = 2000,
	DROP_PATIENCE_MS = 60000, /* an answer of the file system is waited for so long */
};

/* What becomes of a file that was taken. */
enum drop_keep {
	KEEP_AUTO, /* it is moved; where that is not permitted, kept */
	KEEP_ALWAYS,
	KEEP_NEVER,
};

enum drop_place { DROP_ACCEPTED, DROP_REJECTED };

struct drop_entry {
	const char *name;
	int64_t size;
	int64_t mtime_ns, ctime_ns;
	int64_t since_mono_ms; /* when it was first seen like this */
	/* It was taken before like this, and only has to be moved; else NULL. */
	const struct drop_known *known;
	/* It was taken like this and could not be moved, as when somebody on another machine has it
	 * open: it only has to be moved, with these reasons. */
	bool stuck;
	enum drop_place place;
	struct slice reasons;
};

struct drop_folder {
	const char *path, *pattern; /* borrowed; pattern NULL: all */
	int64_t settle_ms;
	enum drop_keep keep;
	const char *state_dir, *feed; /* borrowed; state_dir NULL: nothing can be kept */
	struct drop_state state;
	bool denied; /* a file could not be moved away */
	/* of the last scan */
	bool keeping;                   /* files stay where they are */
	struct err why;                 /* keeping: what is in the way of moving them */
	struct err trouble;             /* some files could not be looked at */
	size_t nfiles, beyond, damaged; /* looked at; not for their number; lines of the state */
	/* memory between two scans, in turn */
	struct arena arenas[2];
	struct map by_name; /* of the last scan, keys in arenas[turn] */
	int turn;
	/* of the last scan, oldest change first */
	const struct drop_entry *ready[DROP_FILES_MAX];
	size_t nready;
};

/* Takes a folder with path, pattern, settle_ms, keep, state_dir and feed filled in, the rest zero.
 */
void drop_folder_init(struct drop_folder *d);
void drop_folder_release(struct drop_folder *d);

/* Looks through the folder and fills `ready`, whose entries live until the next scan. Makes
 * accepted/ and rejected/ where files are moved. -1 when the folder is not there or cannot be read,
 * or can neither be written nor kept. */
int drop_folder_scan(struct drop_folder *d, int64_t now_ms, int64_t mono_ms, struct err *e);

/* Whether a file of this name is looked at at all. */
bool drop_name_counts(const char *name, const char *pattern);

enum drop_took {
	DROP_TAKEN, /* read, and closed: on some shares a file that is open cannot be moved */
	DROP_LATER, /* still being written or locked; e has a code when it could not be read */
	DROP_GONE,
	DROP_REFUSE, /* can never be taken: e says why */
};

enum drop_took drop_file_read(const struct drop_folder *d, const struct drop_entry *f, size_t limit,
			      struct buf *body, struct err *e);

/* In a folder that keeps its files: remembers what came of one; `k` without name and stamp. */
int drop_file_record(struct drop_folder *d, const struct drop_entry *f, struct drop_known *k,
		     struct err *e);

/* Of a file of the last scan that was taken and could not be moved: it is not to be taken again, as
 * long as this process lives and the file stays as it is. */
void drop_file_stuck(struct drop_folder *d, const struct drop_entry *f, enum drop_place place,
		     struct slice reasons);

/* Moves the file to accepted/ or rejected/, under a name that is not taken there, with `reasons`
 * (may be empty) beside it. A file that was replaced since `f` was read is left alone: 0. Sets
 * `denied` when the system does not permit it. */
int drop_file_move(struct drop_folder *d, const struct drop_entry *f, enum drop_place place,
		   struct slice reasons, struct err *e);

#endif
