/*
 * interpose_open.h - open(), open64(), openat() and openat64() in front of the C library's.
 *
 * All four end in open_at(), which whoever includes this writes: -1 with errno, like openat(2).
 * Included once, in one file of an LD_PRELOAD object.
 */
#ifndef TESTS_TORTURE_INTERPOSE_OPEN_H
#define TESTS_TORTURE_INTERPOSE_OPEN_H

#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>

static int open_at(int dirfd, const char *path, int flags, mode_t mode);

static mode_t mode_argument(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_argument(flags, args);
	va_end(args);
	return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_argument(flags, args);
	va_end(args);
	return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_argument(flags, args);
	va_end(args);
	return open_at(dirfd, path, flags, mode);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_argument(flags, args);
	va_end(args);
	return open_at(dirfd, path, flags | O_LARGEFILE, mode);
}

#endif
