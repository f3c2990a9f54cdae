/*
 * spool.h - large bytes beside memory: in a temporary file, mapped.
 *
 * A document of 200 MB is bytes that are gone through once or twice. A buffer that may
 * get such (buf_init_large()) keeps up to SPOOL_MEMORY_BYTES in memory and beyond that
 * lies in a file of the data directory that has no name: it goes away with the buffer or
 * the process, and nobody else can cut it short under the mapping. Its bytes are one
 * slice like any other.
 *
 * Room in the file is taken before it is written to, so that a full disk is an error of
 * the append (ERR_FULL) and not a signal; and while less than a reserve would be left on the
 * disk it counts as full, so that no document takes the store's room. Pages that were written or
 * read stay with the process until they are left behind: buffers do so while they grow, who reads a
 * large slice does so by spool_step() or spool_leave().
 *
 * Appending to a large buffer may wait for the disk: not on the loop. Releasing one takes no time.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

enum {
	SPOOL_MEMORY_BYTES = 4 << 20,
	SPOOL_STEP_BYTES = 1 << 20,
	SPOOL_RESERVE_BYTES = 256 << 20, /* what the daemon leaves free on the disk */
};

/* Where such files are made, and how many bytes must stay free there; while no large buffer is in
 * use. NULL (as at first): nowhere, and all buffers stay in memory. The text is copied:
 * ERR_MEMORY. */
int spool_set_folder(const char *folder, uint64_t reserve_bytes, struct err *e);

/* Takes the pages of `s` out of the process' memory where it lies in a spool; they come back, from
 * the system's cache or the disk, when somebody looks. Nothing for other memory. Any thread. */
void spool_leave(struct slice s);

/* Goes through a large slice: cuts the next SPOOL_STEP_BYTES off `rest` into `step` (empty at
 * first), leaves the one before behind. False at the end. */
bool spool_step(struct slice *rest, struct slice *step);

/* --- for buf.c ---------------------------------------------------------------------------- */

struct spool;

bool spool_wanted(size_t bytes);
/* Room for `need` bytes and one more, with the first `n` as they were; *spool NULL: a new one, with
 * a copy of p[0 … n). *cap is how many it has room for, without that one. NULL: *why says which. */
char *spool_grow(struct spool **spool, const char *p, size_t n, size_t need, size_t *cap,
		 enum err_code *why);
void spool_free(struct spool *s); /* may be NULL */

#endif
