/*
 * drop_state.h - what became of the files of a folder that stay where they are.
 *
 * A folder that cannot be written keeps its files, so that what was taken is remembered here:
 * for each name the file's size and times, its bytes' SHA-256, and what came of it. The memory
 * is a text file in the data directory. Each line has a checksum of its own and is
 * synced before the next file is taken; the whole is written anew, under another name and
 * renamed, when half of its lines are out of date. A last line without its end is a
 * crash's and is cut; a line that is damaged costs that line, whose file is read again.
 *
 *     b1a5c3d2 folder 1 /mnt/share
 *     09ab…    file accepted SIZE MTIME_NS CTIME_NS SHA256 SUBMISSION TAKEN_MS NAME REASON
 *     77c0…    gone NAME
 *
 * The number in front is the CRC-32C of the line behind it. In names and reasons '%', blanks and
 * control characters stand as %XX.
 *
 * Everything waits for the disk and belongs into file jobs; one at a time touches a
 * `struct drop_state`.
 */
#ifndef COLLECTORS_DROP_STATE_H
#define COLLECTORS_DROP_STATE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/sha256.h"

enum {
	DROP_STATE_FILES_MAX = 20000,
	DROP_STATE_BYTES_MAX = 64 << 20,
};

enum drop_result { RESULT_ACCEPTED, RESULT_PARTLY, RESULT_REJECTED };

/* Equal: the file has not changed. No inode: some network file systems make one up. */
struct drop_stamp {
	int64_t size, mtime_ns, ctime_ns;
};

struct drop_known {
	const char *name, *reason; /* reason: of what was refused, else "" */
	struct drop_stamp stamp;
	uint8_t sha256[SHA256_BYTES]; /* zeroes: it was not read */
	enum drop_result result;
	uint64_t submission;
	int64_t taken_ms;
	int64_t missing_mono_ms; /* when it was first missed in this process; 0: it is there */
	bool seen;               /* by the scan under way */
};

struct drop_state {
	char *path; /* owned; NULL: it was never opened */
	const char *folder;
	struct map known; /* name -> struct drop_known, owned */
	int fd;           /* for adding lines; -1: there is no file yet */
	size_t lines;
	bool unwritten; /* the file is to be written anew */
};

void drop_state_init(struct drop_state *s, const char *folder);
void drop_state_release(struct drop_state *s);

/* Reads what is known, unless that was done and the file is still the same one. `dir` is
 * made when something is written. Of another folder than `folder` nothing is known. *damaged: lines
 * that were lost. ERR_UNSUPPORTED of a later version, ERR_IO …: nothing is known and nothing may be
 * taken. */
int drop_state_open(struct drop_state *s, const char *dir, const char *feed, size_t *damaged,
		    struct err *e);

struct drop_known *drop_state_find(const struct drop_state *s, const char *name);
/* One that was accepted as a whole and has these bytes, or NULL. */
const struct drop_known *drop_state_same(const struct drop_state *s,
					 const uint8_t sha256[SHA256_BYTES]);
/* Remembers a copy in place of what was known of the name; durable when 0. Otherwise it is known
 * for now, and written with the next. ERR_LIMIT: too many files. */
int drop_state_put(struct drop_state *s, const struct drop_known *k, struct err *e);
int drop_state_forget(struct drop_state *s, const char *name, struct err *e);
/* Those that have been missing since before then. */
void drop_state_forget_missing(struct drop_state *s, int64_t before_mono_ms);
/* Writes what could not be written before, and tidies. */
int drop_state_tidy(struct drop_state *s, struct err *e);

/* For drop_state_file.c and tests: the file's text. Reading adds to what is known; returns how
 * many lines are damaged, or -1 with ERR_UNSUPPORTED or ERR_MEMORY. */
int64_t drop_state_parse(struct drop_state *s, struct slice text, struct err *e);
void drop_state_print(const struct drop_state *s, struct buf *out);
void drop_state_print_file(const struct drop_known *k, struct buf *out);
void drop_state_print_gone(const char *name, struct buf *out);
int drop_state_remember(struct drop_state *s, const struct drop_known *k, struct err *e);
void drop_state_drop(struct drop_state *s, const char *name);
void drop_state_clear(struct drop_state *s);

#endif
