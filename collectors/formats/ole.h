/*
 * ole.h - streams of an OLE2 compound file, the container of old Office documents.
 *
 * Reading is libgsf's; this is the only place that knows it and glib. What they would not
 * survive is refused before they see the file, after [MS-CFB] 2.2 (header), 2.3 (FAT) and 2.6
 * (directory):
 *
 *  - glib ends the program when memory is refused, so every size that libgsf takes from the file
 *    is checked: its tables may need no more than the file is long, its small streams exactly
 *    the 4,096 bytes of the standard. What is asked of glib is below 2% of the body, and 64 bytes
 *    and a name for each entry of the directory. Streams go to the caller's arena, which
 *    may refuse.
 *  - libgsf walks the directory by recursion and sorts it by insertion (6.6 MB of entries in a
 *    row ended it for want of stack), so a directory has 4,096 entries at most.
 *  - libgsf forgets, and never frees, what a directory has beside its root: nothing may stand
 * there.
 *  - libgsf complains to glib's log, which prints; its words are dropped, errors come from here.
 *
 * Loops among sectors are libgsf's to notice, and it does. Any thread.
 */
#ifndef COLLECTORS_OLE_H
#define COLLECTORS_OLE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

bool ole_is(struct slice body); /* begins as such a file does */

/* Copies the first of the streams `names` (NULL ends them; upper and lower case are the same) that
 * the root has into `a`. Which one it was, from 1, or 0: it has none of them. -1: ERR_INVALID when
 * the file is damaged or cut off, ERR_LIMIT when the directory is too long or the arena refuses. */
int ole_stream(struct slice body, const char *const *names, struct arena *a, struct slice *out,
	       struct err *e);

#endif
