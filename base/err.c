/*
 * err.c - see err.h.
 *
 * Everything is formatted into a buffer beside the error first, because an
 * argument may well be the text the error already holds.
 */
#include "base/err.h"
#include "base/slice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#ifdef __clang_analyzer__ /* err.h */
#undef err_set
#undef err_wrap
#undef err_sys
#endif

enum { TEXT_MAX = sizeof(((struct err *)0)->text) - 1 };

/* A sentence is one line whatever it quotes: control bytes become '?'. */
static void keep(struct err *e, const char *text)
{
	struct slice s = slice_cut(slice_str(text), TEXT_MAX);

	for (size_t i = 0; i < s.n; i++)
		e->text[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i];
	e->text[s.n] = '\0';
}

/* One byte more than an error holds, so that keep() sees where a character is cut. */
__attribute__((format(printf, 2, 0))) static void format(char out[TEXT_MAX + 2], const char *fmt,
							 va_list args)
{
	if (vsnprintf(out, TEXT_MAX + 2, fmt, args) < 0)
		snprintf(out, TEXT_MAX + 2, "%s", fmt);
}

/* "head: tail"; a long head gives way, so that at least a third of the room is the tail's. */
static void join(struct err *e, const char *head, const char *tail)
{
	char both[2 * TEXT_MAX + 8];
	size_t tail_n = strlen(tail);
	size_t tail_min = tail_n < TEXT_MAX / 3 ? tail_n : TEXT_MAX / 3;
	struct slice h = slice_cut(slice_str(head), TEXT_MAX - 2 - tail_min);

	snprintf(both, sizeof(both), "%.*s: %s", SLICE_FMT(h), tail);
	keep(e, both);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	char text[TEXT_MAX + 2];
	va_list args;

	if (!e)
		return -1;
	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	e->code = code;
	keep(e, text);
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char text[TEXT_MAX + 2], old[TEXT_MAX + 1];
	va_list args;

	if (!e)
		return -1;
	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	memcpy(old, e->text, sizeof(old));
	old[TEXT_MAX] = '\0';
	join(e, text, old);
	return -1;
}

static enum err_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case ENOMEM:
		return ERR_MEMORY;
	case ENOENT:
		return ERR_NOT_FOUND;
	default:
		return ERR_IO;
	}
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	char text[TEXT_MAX + 2], system_text[128];
	va_list args;

	if (!e)
		return -1;
	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	e->code = code_of_errno(errnum);
	/* GNU's strerror_r: the text may be elsewhere than in the buffer. */
	join(e, text, strerror_r(errnum, system_text, sizeof(system_text)));
	return -1;
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_INVALID] = "invalid",
		[ERR_LIMIT] = "limit",
		[ERR_ORDER] = "order",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_EXISTS] = "exists",
		[ERR_IO] = "io",
		[ERR_FULL] = "full",
		[ERR_CORRUPT] = "corrupt",
		[ERR_TIMEOUT] = "timeout",
		[ERR_CANCELLED] = "cancelled",
		[ERR_REFUSED] = "refused",
		[ERR_NET] = "net",
		[ERR_MEMORY] = "memory",
		[ERR_BUSY] = "busy",
		[ERR_UNSUPPORTED] = "unsupported",
	};

	if ((unsigned)code >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[code];
}
