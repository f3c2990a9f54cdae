/*
 * zip_archive.h - the parts of a ZIP archive, unpacked piece by piece, with limits.
 *
 * Wraps libzip. The archive is bytes in memory that come from outside, so what it says of
 * itself is not believed: what really comes out is counted. Limits: ZIP_ENTRIES_MAX entries;
 * a part unpacks to at most ZIP_PART_BYTES_MAX bytes and, beyond ZIP_RATIO_FREE_BYTES, to at
 * most ZIP_RATIO_MAX times its packed size; all that is read, parts read again included, to
 * ZIP_TOTAL_BYTES_MAX. Stored and deflated parts only; encrypted ones are refused.
 *
 * An archive and its parts belong to one thread at a time.
 */
#ifndef COLLECTORS_ZIP_ARCHIVE_H
#define COLLECTORS_ZIP_ARCHIVE_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

enum {
	ZIP_ENTRIES_MAX = 10000,
	ZIP_RATIO_MAX = 200,
	ZIP_RATIO_FREE_BYTES = 1 << 20,
	ZIP_PART_BYTES_MAX = 1 << 30,
	ZIP_PIECE_BYTES = 64 << 10,
};
#define ZIP_TOTAL_BYTES_MAX ((uint64_t)4 << 30)

struct zip_archive;
struct zip_part;

/* Borrows `body` until zip_archive_close(). NULL with ERR_INVALID, ERR_LIMIT or ERR_MEMORY. */
struct zip_archive *zip_archive_open(struct slice body, struct err *e);
void zip_archive_close(struct zip_archive *z); /* z may be NULL */

/* Upper and lower case of ASCII are the same (ECMA-376 part 2, 6.3.5). */
bool zip_archive_has(const struct zip_archive *z, const char *name);

/* NULL with ERR_NOT_FOUND, ERR_REFUSED (encrypted), ERR_UNSUPPORTED or ERR_MEMORY. */
struct zip_part *zip_part_open(struct zip_archive *z, const char *name, struct err *e);
/* Bytes of the next piece; 0 at the end, when the CRC was right; -1: ERR_INVALID when it is
 * damaged, ERR_LIMIT. */
long zip_part_read(struct zip_part *p, char piece[ZIP_PIECE_BYTES], struct err *e);
/* How many bytes of the archive what was unpacked so far came from, about. */
size_t zip_part_packed(const struct zip_part *p);
void zip_part_close(struct zip_part *p); /* p may be NULL */

#endif
