/*
 * buf.c - see buf.h.
 *
 * The memory behind a buffer is always one byte longer than `cap`: vsnprintf()
 * writes a NUL that is not part of the contents and must not count against the
 * limit.
 */
#include "base/buf.h"
#include "base/alloc.h"
#include "base/spool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

enum { SMALLEST = 256 };

void buf_init(struct buf *b, size_t limit_bytes)
{
	*b = (struct buf){ .limit = limit_bytes };
}

void buf_init_large(struct buf *b, size_t limit_bytes)
{
	*b = (struct buf){ .limit = limit_bytes, .large = true };
}

void buf_release(struct buf *b)
{
	if (b->spool)
		spool_free(b->spool);
	else
		mem_free(b->p);
	*b = (struct buf){ .limit = b->limit, .large = b->large };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = ERR_NONE;
}

static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap > SIZE_MAX / 2 ? need : b->cap * 2;

	if (cap < SMALLEST)
		cap = SMALLEST;
	if (cap < need)
		cap = need;
	return cap < b->limit ? cap : b->limit;
}

static bool grow_in_memory(struct buf *b, size_t need)
{
	size_t cap = next_cap(b, need);
	char *p = cap == SIZE_MAX ? NULL : mem_realloc(b->p, cap + 1);

	if (!p) {
		b->failed = ERR_MEMORY;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

static bool grow_in_file(struct buf *b, size_t need)
{
	bool first = !b->spool;
	size_t cap;
	char *p = spool_grow(&b->spool, b->p, b->n, need, &cap, &b->failed);

	if (!p)
		return false;
	if (first)
		mem_free(b->p);
	b->p = p;
	b->cap = cap < b->limit ? cap : b->limit;
	return true;
}

static bool grow(struct buf *b, size_t need)
{
	if (b->spool || (b->large && spool_wanted(need)))
		return grow_in_file(b, need);
	return grow_in_memory(b, need);
}

char *buf_room(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (n > b->limit || b->n > b->limit - n) {
		b->failed = ERR_LIMIT;
		return NULL;
	}
	if ((!b->p || b->cap - b->n < n) && !grow(b, b->n + n))
		return NULL;
	return b->p + b->n;
}

void buf_added(struct buf *b, size_t n)
{
	b->n += n;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to;

	if (n == 0)
		return;
	to = buf_room(b, n);
	if (!to)
		return;
	memcpy(to, p, n);
	b->n += n;
}

void buf_putc(struct buf *b, char c)
{
	if (!b->failed && b->n < b->cap)
		b->p[b->n++] = c;
	else
		buf_put(b, &c, 1);
}

void buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_slice(struct buf *b, struct slice s)
{
	buf_put(b, s.p, s.n);
}

/* First into what room there is; most often that is enough. */
void buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->p && !b->failed ? b->cap - b->n + 1 : 0;
	va_list args, again;
	int n;

	if (b->failed)
		return;
	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, args);
	if (n < 0)
		b->failed = ERR_LIMIT; /* longer than an int can say */
	else if ((size_t)n < room)
		b->n += (size_t)n;
	else if (buf_room(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

int buf_check(const struct buf *b, struct err *e)
{
	if (!b->failed)
		return 0;
	if (b->failed == ERR_MEMORY)
		return err_set(e, ERR_MEMORY, "no memory for more than %zu bytes", b->n);
	if (b->failed == ERR_FULL)
		return err_set(e, ERR_FULL,
			       "no space left on the disk for a temporary file of more than %zu "
			       "bytes",
			       b->n);
	if (b->failed == ERR_IO)
		return err_set(e, ERR_IO, "a temporary file of more than %zu bytes failed", b->n);
	return err_set(e, ERR_LIMIT, "more than the allowed %zu bytes", b->limit);
}
