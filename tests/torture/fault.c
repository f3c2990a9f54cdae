/*
 * fault.c - an LD_PRELOAD object that makes chosen calls fail.
 *
 *   LD_PRELOAD=torture-fault.so PW_FAULT_DIR=dir PW_FAULT_CALL=fdatasync PW_FAULT_AT=3
 *       PW_FAULT_ERROR=EIO [PW_FAULT_STICKY=1] [PW_FAULT_NAME=text] [PW_FAULT_WHILE=file]
 *       [PW_FAULT_REPORT=file] program …
 *
 * CALL is one or more, with commas, of open, write (with writev), pwrite (with
 * pwritev), fsync, fdatasync, ftruncate, fallocate, rename, unlink, mmap and accept.
 * Counted are the calls on files below the folder whose path has NAME in it (all
 * without NAME; accept: every one), with WHILE only those made while that file exists. The
 * AT-th fails, with STICKY all from it on. ERROR is EIO, ENOSPC, EMFILE,
 * EINTR, EDQUOT, EAGAIN or SHORT (half of the bytes are written and the call says so) or
 * LIE (nothing is done and the call says that it was).
 * A sync that fails is not made; the bytes may or may not reach the disk, like after a
 * true failure.
 *
 * The report holds, from the first call on, "calls N failed N" and how many there were
 * of each kind in CALL: with AT=0 nothing fails and a sweep learns how far to go. Any thread;
 * forked children count for themselves and report nothing.
 */
#include "tests/torture/interpose.h"
#include "tests/torture/interpose_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
	CALL_OPEN,
	CALL_WRITE,
	CALL_PWRITE,
	CALL_FSYNC,
	CALL_FDATASYNC,
	CALL_FTRUNCATE,
	CALL_FALLOCATE,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_MMAP,
	CALL_ACCEPT,
	CALLS,
};

static const char *const call_names[] = {
	"open",      "write",  "pwrite", "fsync", "fdatasync", "ftruncate",
	"fallocate", "rename", "unlink", "mmap",  "accept",
};

/* Beside the numbers of errno. */
enum { SHORT = -1, LIE = -2 };

static const struct {
	const char *name;
	int code;
} errors[] = {
	{ "EIO", EIO },       { "ENOSPC", ENOSPC }, { "EMFILE", EMFILE }, { "EINTR", EINTR },
	{ "EDQUOT", EDQUOT }, { "EAGAIN", EAGAIN }, { "SHORT", SHORT },   { "LIE", LIE },
};

static unsigned wanted; /* a bit for each call */
static char root[PATH_MAX];
static char part[256];
static const char *only_while;
static unsigned long at;
static bool sticky;
static int code;
static int report_fd = -1;
static unsigned long calls, failed, of_kind[CALLS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static _Noreturn void refuse(const char *what, const char *value)
{
	dprintf(2, "torture-fault: %s cannot be '%s'\n", what, value ? value : "");
	_exit(98);
}

static unsigned calls_of(const char *names)
{
	char copy[256], *rest = copy, *name;
	unsigned bits = 0;

	snprintf(copy, sizeof(copy), "%s", names);
	while ((name = strsep(&rest, ","))) {
		int i = 0;

		while (i < CALLS && strcmp(call_names[i], name) != 0)
			i++;
		if (i == CALLS)
			refuse("PW_FAULT_CALL", name);
		bits |= 1u << i;
	}
	return bits;
}

static int code_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].code;
	refuse("PW_FAULT_ERROR", name);
}

static void report(void)
{
	char text[512];
	size_t n = (size_t)snprintf(text, sizeof(text), "calls %lu failed %lu", calls, failed);

	for (int i = 0; i < CALLS; i++)
		if (wanted & 1u << i)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s %lu", call_names[i],
					      of_kind[i]);
	text[n++] = '\n';

	if (report_fd >= 0 && NEXT(pwrite64)(report_fd, text, n, 0) < 0)
		refuse("PW_FAULT_REPORT", "unwritable");
}

static void in_child(void)
{
	report_fd = -1;
}

__attribute__((constructor)) static void start(void)
{
	const char *dir = getenv("PW_FAULT_DIR"), *call = getenv("PW_FAULT_CALL");
	const char *k = getenv("PW_FAULT_AT"), *name = getenv("PW_FAULT_NAME");
	const char *to = getenv("PW_FAULT_REPORT");

	if (!dir || !call)
		return;
	if (!realpath(dir, root))
		refuse("PW_FAULT_DIR", dir);
	code = code_of(getenv("PW_FAULT_ERROR"));
	at = k ? strtoul(k, NULL, 10) : 0;
	sticky = getenv("PW_FAULT_STICKY") != NULL;
	snprintf(part, sizeof(part), "%s", name ? name : "");
	if (to) {
		int fd = NEXT(open)(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		report_fd = fd < 0 ? -1 : NEXT(fcntl)(fd, F_DUPFD_CLOEXEC, 512);
		if (fd >= 0)
			NEXT(close)(fd);
	}
	pthread_atfork(NULL, NULL, in_child);
	unsetenv("LD_PRELOAD");
	only_while = getenv("PW_FAULT_WHILE");
	wanted = calls_of(call);
	report();
}

/* --- which calls count ----------------------------------------------------------- */

static bool below(const char *path)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0') &&
	       strstr(path + n, part);
}

static bool fd_below(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return below(path);
}

/* The folder resolved, the name as it is. */
static bool path_below(int dirfd, const char *path)
{
	char full[PATH_MAX], dir[PATH_MAX], link[64], *slash;

	if (path[0] == '/' || dirfd == AT_FDCWD) {
		snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? "" : "./", path);
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
		ssize_t n = readlink(link, dir, sizeof(dir) - 1);

		if (n < 0)
			return false;
		dir[n] = '\0';
		if (snprintf(full, sizeof(full), "%s/%s", dir, path) >= (int)sizeof(full))
			return false;
	}
	slash = strrchr(full, '/');
	*slash = '\0';
	if (!realpath(*full ? full : "/", dir))
		return false;
	size_t n = strlen(dir);

	snprintf(dir + n, sizeof(dir) - n, "/%s", slash + 1);
	return below(dir);
}

/* Counts a call; true when it has to fail. */
static bool strikes(enum call call)
{
	bool is;

	if (only_while && access(only_while, F_OK) < 0)
		return false;
	pthread_mutex_lock(&lock);
	calls++;
	of_kind[call]++;
	is = sticky ? calls >= at : calls == at;
	is = is && at > 0;
	failed += is;
	report();
	pthread_mutex_unlock(&lock);
	return is;
}

static bool strikes_fd(enum call call, int fd)
{
	int before = errno;
	bool is = (wanted & 1u << call) && fd_below(fd) && strikes(call);

	errno = before;
	return is;
}

static bool strikes_path(enum call call, int dirfd, const char *path)
{
	int before = errno;
	bool is = (wanted & 1u << call) && path_below(dirfd, path) && strikes(call);

	errno = before;
	return is;
}

static int fail(void)
{
	if (code == LIE)
		return 0;
	errno = code > 0 ? code : EIO;
	return -1;
}

/* --- the calls ------------------------------------------------------------------------ */

static int open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	if (strikes_path(CALL_OPEN, dirfd, path) && code != LIE)
		return fail();
	return NEXT(openat)(dirfd, path, flags, mode);
}

/* A write that has to fail: the first half, or nothing. */
static ssize_t fail_write(int fd, const void *data, size_t n, off64_t off)
{
	if (code == LIE)
		return (ssize_t)n;
	if (code != SHORT || n < 2)
		return fail();
	return off < 0 ? NEXT(write)(fd, data, n / 2) : NEXT(pwrite64)(fd, data, n / 2, off);
}

ssize_t write(int fd, const void *data, size_t n)
{
	if (strikes_fd(CALL_WRITE, fd))
		return fail_write(fd, data, n, -1);
	return NEXT(write)(fd, data, n);
}

/* A full disk has room for what lies within a file already, such as LMDB's meta pages. */
static bool has_room(int fd, off64_t off, size_t n)
{
	struct stat st;
	int before = errno;
	bool is = code == ENOSPC && fstat(fd, &st) == 0 && off + (off64_t)n <= st.st_size;

	errno = before;
	return is;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t off)
{
	if (!has_room(fd, off, n) && strikes_fd(CALL_PWRITE, fd))
		return fail_write(fd, data, n, off);
	return NEXT(pwrite64)(fd, data, n, off);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t off)
{
	return pwrite64(fd, data, n, off);
}

/* A short one ends within the first piece. */
static ssize_t fail_vector(int fd, const struct iovec *v, int count, off64_t off)
{
	size_t all = 0;

	for (int i = 0; i < count; i++)
		all += v[i].iov_len;
	return code == LIE ? (ssize_t)all : fail_write(fd, v[0].iov_base, v[0].iov_len, off);
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
	if (count > 0 && strikes_fd(CALL_WRITE, fd))
		return fail_vector(fd, v, count, -1);
	return NEXT(writev)(fd, v, count);
}

ssize_t pwritev64(int fd, const struct iovec *v, int count, off64_t off)
{
	size_t all = 0;

	for (int i = 0; i < count; i++)
		all += v[i].iov_len;
	if (count > 0 && !has_room(fd, off, all) && strikes_fd(CALL_PWRITE, fd))
		return fail_vector(fd, v, count, off);
	return NEXT(pwritev64)(fd, v, count, off);
}

ssize_t pwritev(int fd, const struct iovec *v, int count, off_t off)
{
	return pwritev64(fd, v, count, off);
}

int fsync(int fd)
{
	return strikes_fd(CALL_FSYNC, fd) ? fail() : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
	return strikes_fd(CALL_FDATASYNC, fd) ? fail() : NEXT(fdatasync)(fd);
}

int ftruncate64(int fd, off64_t size)
{
	return strikes_fd(CALL_FTRUNCATE, fd) ? fail() : NEXT(ftruncate64)(fd, size);
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

int fallocate64(int fd, int mode, off64_t off, off64_t size)
{
	return strikes_fd(CALL_FALLOCATE, fd) ? fail() : NEXT(fallocate64)(fd, mode, off, size);
}

int fallocate(int fd, int mode, off_t off, off_t size)
{
	return fallocate64(fd, mode, off, size);
}

int posix_fallocate64(int fd, off64_t off, off64_t size)
{
	if (strikes_fd(CALL_FALLOCATE, fd))
		return fail() < 0 ? errno : 0;
	return NEXT(posix_fallocate64)(fd, off, size);
}

int posix_fallocate(int fd, off_t off, off_t size)
{
	return posix_fallocate64(fd, off, size);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (strikes_path(CALL_RENAME, to_dir, to))
		return fail();
	return NEXT(renameat2)(from_dir, from, to_dir, to, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return renameat2(from_dir, from, to_dir, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	if (strikes_path(CALL_UNLINK, dirfd, path))
		return fail();
	return NEXT(unlinkat)(dirfd, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

void *mmap64(void *want, size_t len, int prot, int flags, int fd, off64_t off)
{
	if (fd >= 0 && strikes_fd(CALL_MMAP, fd)) {
		errno = code == EIO || code < 0 ? ENOMEM : code;
		return MAP_FAILED;
	}
	return NEXT(mmap64)(want, len, prot, flags, fd, off);
}

void *mmap(void *want, size_t len, int prot, int flags, int fd, off_t off)
{
	return mmap64(want, len, prot, flags, fd, off);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
	if ((wanted & 1u << CALL_ACCEPT) && strikes(CALL_ACCEPT) && code != LIE)
		return fail();
	return NEXT(accept4)(fd, address, len, flags);
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict len)
{
	return accept4(fd, address, len, 0);
}
