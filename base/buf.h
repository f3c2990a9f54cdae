/*
 * buf.h - growing bytes with a stated limit.
 *
 * Appending never needs a check each time: the first failure (limit or memory)
 * is kept in `failed`, later appends do nothing, and buf_check() turns it into
 * an error at the end. A buffer belongs to one thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/slice.h"

struct buf {
	char *p;
	size_t n, cap;
	size_t limit;
	enum err_code failed; /* ERR_NONE, ERR_LIMIT, ERR_MEMORY; of a large one ERR_FULL, ERR_IO */
	bool large;
	struct spool *spool; /* what holds `p`; NULL: memory */
};

void buf_init(struct buf *b, size_t limit_bytes);
/* What is too much for memory goes to a file (spool.h); appending may then wait for the disk. */
void buf_init_large(struct buf *b, size_t limit_bytes);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* empties it, keeps the memory, forgets a failure */

/* Room for `n` more bytes to be written at the returned place; then buf_added(). */
char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_putc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *text);
void buf_slice(struct buf *b, struct slice s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 0, or why an append failed. */
int buf_check(const struct buf *b, struct err *e);

static inline struct slice buf_all(const struct buf *b)
{
	return slice_of(b->p, b->n);
}

#endif
