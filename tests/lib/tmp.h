/*
 * tmp.h - a folder of its own for a test, removed with everything in it.
 */
#ifndef TESTS_LIB_TMP_H
#define TESTS_LIB_TMP_H

#include <stddef.h>

/* Makes a folder below $TMPDIR or /tmp; fails the test when it cannot. Free with tmp_remove(). */
char *tmp_make(void);
void tmp_remove(char *path); /* and frees the text; NULL is nothing */

/* path + "/" + name in a static ring of eight buffers. */
const char *tmp_path(const char *dir, const char *name);
void tmp_write(const char *path, const void *data, size_t n);
/* The whole file, NUL-terminated, to be freed with free(); NULL when absent. */
char *tmp_read(const char *path, size_t *n);
/* Bytes of a file, which must be there. */
size_t tmp_size(const char *path);

/* No file can be written beyond that many bytes, until tmp_unlimit(): a full disk in small. */
void tmp_limit(size_t bytes);
void tmp_unlimit(void);

#endif
