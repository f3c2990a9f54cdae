/*
 * record.c - an LD_PRELOAD object that records what a program does to the files of a folder.
 *
 *   LD_PRELOAD=torture-record.so PW_RECORD_DIR=dir PW_RECORD_FILE=file program …
 *
 * Appends to the file, which must lie elsewhere. record.h has the format,
 * `torture-disk` replays it. Seen are the calls below, made by the program and by
 * its shared libraries. Not seen: stores through a shared map (unless msync() is
 * called), what the C library does inside itself (FILE streams: noted), raw
 * system calls, io_uring. So a test compares the folder as it is with the replay
 * of all frames; a difference is a call that was missed.
 *
 * A write is recorded when it has returned, as far as it went. A sync is recorded
 * as its begin and its end: what other threads wrote between the two is not
 * covered by it. A failed sync has no end.
 */
#include "tests/torture/interpose.h"
#include "tests/torture/interpose_open.h"
#include "tests/torture/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- opening ----------------------------------------------------------------- */

static bool exists(int dirfd, const char *path)
{
	int before = errno;
	struct stat st;
	bool is = fstatat(dirfd, path, &st, 0) == 0;

	errno = before;
	return is;
}

static int open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	bool existed;
	int fd;

	if (!rec_on())
		return NEXT(openat)(dirfd, path, flags, mode);
	rec_lock();
	existed = !(flags & O_CREAT) || exists(dirfd, path);
	fd = NEXT(openat)(dirfd, path, flags, mode);
	if (fd >= 0)
		rec_opened(fd, flags, existed);
	rec_unlock();
	return fd;
}

int creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode);
}

/* What open() becomes with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

int __openat_2(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags, 0);
}

int __openat64_2(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags | O_LARGEFILE, 0);
}

static void note_stream(const char *path, const char *mode)
{
	char below[PATH_MAX];

	if (!rec_on() || !strpbrk(mode, "wa+"))
		return;
	rec_lock();
	if (rec_path(AT_FDCWD, path, below))
		rec_note("written through a stream, which is not seen", below);
	rec_unlock();
}

FILE *fopen(const char *path, const char *mode)
{
	note_stream(path, mode);
	return NEXT(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	note_stream(path, mode);
	return NEXT(fopen64)(path, mode);
}

int close(int fd)
{
	int rc;

	if (!rec_wants(fd))
		return NEXT(close)(fd);
	rec_lock();
	rec_closed(fd);
	rc = NEXT(close)(fd);
	rec_unlock();
	return rc;
}

static int duplicated(int from, int to)
{
	if (to >= 0 && (rec_wants(from) || rec_wants(to))) {
		rec_lock();
		rec_duplicated(from, to);
		rec_unlock();
	}
	return to;
}

int dup(int fd)
{
	return duplicated(fd, NEXT(dup)(fd));
}

int dup2(int from, int to)
{
	return duplicated(from, NEXT(dup2)(from, to));
}

int dup3(int from, int to, int flags)
{
	return duplicated(from, NEXT(dup3)(from, to, flags));
}

static bool duplicates(int command)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;
	int rc;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	rc = NEXT(fcntl)(fd, command, arg);
	return duplicates(command) ? duplicated(fd, rc) : rc;
}

int fcntl64(int fd, int command, ...)
{
	va_list args;
	void *arg;
	int rc;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	rc = NEXT(fcntl)(fd, command, arg);
	return duplicates(command) ? duplicated(fd, rc) : rc;
}

/* --- writing ----------------------------------------------------------------- */

/* `n` bytes went to `off`; a descriptor that is synchronous made them durable. The two
 * frames let a replay cut the power between them. */
static void emit_write(int fd, uint64_t off, const void *data, size_t n)
{
	uint32_t handle = rec_handle(fd);

	if (!handle || n == 0)
		return;
	rec_emit((struct frame){ .kind = FRAME_WRITE, .handle = handle, .off = off }, data, n);
	if (rec_is_synchronous(fd))
		rec_emit((struct frame){ .kind = FRAME_RANGE_SYNC,
					 .handle = handle,
					 .off = off,
					 .size = n },
			 NULL, 0);
}

/* As emit_write(), for the first `n` bytes of a vector. */
static void emit_vector(int fd, uint64_t off, const struct iovec *v, int count, size_t n)
{
	uint8_t *all = malloc(n > 0 ? n : 1);
	size_t at = 0;

	if (!all)
		abort();
	for (int i = 0; i < count && at < n; i++) {
		size_t part = v[i].iov_len < n - at ? v[i].iov_len : n - at;

		memcpy(all + at, v[i].iov_base, part);
		at += part;
	}
	emit_write(fd, off, all, n);
	free(all);
}

/* Where the `n` bytes that were just written by position begin, O_APPEND or not. */
static uint64_t before_position(int fd, ssize_t n)
{
	return (uint64_t)(lseek(fd, 0, SEEK_CUR) - n);
}

ssize_t write(int fd, const void *data, size_t n)
{
	ssize_t done;

	if (!rec_wants(fd))
		return NEXT(write)(fd, data, n);
	rec_lock();
	done = NEXT(write)(fd, data, n);
	if (done > 0)
		emit_write(fd, before_position(fd, done), data, (size_t)done);
	rec_unlock();
	return done;
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
	ssize_t done;

	if (!rec_wants(fd))
		return NEXT(writev)(fd, v, count);
	rec_lock();
	done = NEXT(writev)(fd, v, count);
	if (done > 0)
		emit_vector(fd, before_position(fd, done), v, count, (size_t)done);
	rec_unlock();
	return done;
}

/* On Linux pwrite() to a descriptor with O_APPEND appends, whatever the offset. */
static uint64_t pwrite_place(int fd, off64_t off, ssize_t n)
{
	struct stat st;

	if ((NEXT(fcntl)(fd, F_GETFL) & O_APPEND) && fstat(fd, &st) == 0)
		return (uint64_t)(st.st_size - n);
	return (uint64_t)off;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t off)
{
	ssize_t done;

	if (!rec_wants(fd))
		return NEXT(pwrite64)(fd, data, n, off);
	rec_lock();
	done = NEXT(pwrite64)(fd, data, n, off);
	if (done > 0)
		emit_write(fd, pwrite_place(fd, off, done), data, (size_t)done);
	rec_unlock();
	return done;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t off)
{
	return pwrite64(fd, data, n, off);
}

ssize_t pwritev64(int fd, const struct iovec *v, int count, off64_t off)
{
	ssize_t done;

	if (!rec_wants(fd))
		return NEXT(pwritev64)(fd, v, count, off);
	rec_lock();
	done = NEXT(pwritev64)(fd, v, count, off);
	if (done > 0)
		emit_vector(fd, pwrite_place(fd, off, done), v, count, (size_t)done);
	rec_unlock();
	return done;
}

ssize_t pwritev(int fd, const struct iovec *v, int count, off_t off)
{
	return pwritev64(fd, v, count, off);
}

ssize_t pwritev64v2(int fd, const struct iovec *v, int count, off64_t off, int flags)
{
	ssize_t done;

	if (!rec_wants(fd))
		return NEXT(pwritev64v2)(fd, v, count, off, flags);
	rec_lock();
	done = NEXT(pwritev64v2)(fd, v, count, off, flags);
	if (done > 0)
		emit_vector(fd, off < 0 ? before_position(fd, done) : pwrite_place(fd, off, done),
			    v, count, (size_t)done);
	if (done > 0 && (flags & (RWF_SYNC | RWF_DSYNC)))
		rec_note("a write with RWF_DSYNC is taken for one without", "pwritev2");
	rec_unlock();
	return done;
}

ssize_t pwritev2(int fd, const struct iovec *v, int count, off_t off, int flags)
{
	return pwritev64v2(fd, v, count, off, flags);
}

/* --- size -------------------------------------------------------------------- */

static void emit_size(int fd, enum frame_kind kind, off64_t off, off64_t size)
{
	uint32_t handle = rec_handle(fd);

	if (handle)
		rec_emit((struct frame){ .kind = (uint16_t)kind,
					 .handle = handle,
					 .off = (uint64_t)off,
					 .size = (uint64_t)size },
			 NULL, 0);
}

int ftruncate64(int fd, off64_t size)
{
	int rc;

	if (!rec_wants(fd))
		return NEXT(ftruncate64)(fd, size);
	rec_lock();
	rc = NEXT(ftruncate64)(fd, size);
	if (rc == 0)
		emit_size(fd, FRAME_TRUNCATE, size, 0);
	rec_unlock();
	return rc;
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

int truncate64(const char *path, off64_t size)
{
	int fd = open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0), rc;

	if (fd < 0)
		return -1;
	rc = ftruncate64(fd, size);
	close(fd);
	return rc;
}

int truncate(const char *path, off_t size)
{
	return truncate64(path, size);
}

static void emit_allocate(int fd, int mode, off64_t off, off64_t size)
{
	if (mode == 0)
		emit_size(fd, FRAME_ALLOCATE, off + size, 0);
	else if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		emit_size(fd, FRAME_ZERO, off, size);
	else if (mode != FALLOC_FL_KEEP_SIZE)
		rec_note("this kind of fallocate() is not replayed", "fallocate");
}

int fallocate64(int fd, int mode, off64_t off, off64_t size)
{
	int rc;

	if (!rec_wants(fd))
		return NEXT(fallocate64)(fd, mode, off, size);
	rec_lock();
	rc = NEXT(fallocate64)(fd, mode, off, size);
	if (rc == 0)
		emit_allocate(fd, mode, off, size);
	rec_unlock();
	return rc;
}

int fallocate(int fd, int mode, off_t off, off_t size)
{
	return fallocate64(fd, mode, off, size);
}

int posix_fallocate64(int fd, off64_t off, off64_t size)
{
	int rc;

	if (!rec_wants(fd))
		return NEXT(posix_fallocate64)(fd, off, size);
	rec_lock();
	rc = NEXT(posix_fallocate64)(fd, off, size);
	if (rc == 0)
		emit_allocate(fd, 0, off, size);
	rec_unlock();
	return rc;
}

int posix_fallocate(int fd, off_t off, off_t size)
{
	return posix_fallocate64(fd, off, size);
}

/* --- making durable ------------------------------------------------------------ */

static void emit_sync(enum frame_kind kind, uint32_t handle, uint32_t ticket)
{
	rec_emit((struct frame){ .kind = (uint16_t)kind, .handle = handle, .ticket = ticket }, NULL,
		 0);
}

/* Other threads go on while the disk works. */
static int synced(int fd, int (*sync_file)(int))
{
	uint32_t handle, ticket;
	int rc;

	rec_lock();
	handle = rec_handle(fd);
	ticket = rec_ticket();
	if (handle)
		emit_sync(FRAME_SYNC_BEGIN, handle, ticket);
	rec_unlock();
	rc = sync_file(fd);
	if (rc == 0 && handle) {
		rec_lock();
		emit_sync(FRAME_SYNC_END, handle, ticket);
		rec_unlock();
	}
	return rc;
}

int fsync(int fd)
{
	return rec_wants(fd) ? synced(fd, NEXT(fsync)) : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
	return rec_wants(fd) ? synced(fd, NEXT(fdatasync)) : NEXT(fdatasync)(fd);
}

static uint32_t all_begins(void)
{
	uint32_t ticket;

	rec_lock();
	ticket = rec_ticket();
	emit_sync(FRAME_SYNC_BEGIN, 0, ticket);
	rec_unlock();
	return ticket;
}

static void all_ends(uint32_t ticket)
{
	rec_lock();
	emit_sync(FRAME_SYNC_END, 0, ticket);
	rec_unlock();
}

int syncfs(int fd)
{
	uint32_t ticket;
	int rc;

	if (!rec_wants(fd))
		return NEXT(syncfs)(fd);
	ticket = all_begins();
	rc = NEXT(syncfs)(fd);
	if (rc == 0)
		all_ends(ticket);
	return rc;
}

void sync(void)
{
	uint32_t ticket;

	if (!rec_on()) {
		NEXT(sync)();
		return;
	}
	ticket = all_begins();
	NEXT(sync)();
	all_ends(ticket);
}

/* It starts writing; nothing is promised by it. */
int sync_file_range(int fd, off64_t off, off64_t size, unsigned flags)
{
	return NEXT(sync_file_range)(fd, off, size, flags);
}

/* --- maps ---------------------------------------------------------------------- */

enum { MAPS_MAX = 32 };

static struct shared_map {
	uint8_t *start;
	size_t len;
	uint32_t handle;
	uint64_t off;
} maps[MAPS_MAX];

static void map_remember(struct shared_map m)
{
	static unsigned next;

	maps[next++ % MAPS_MAX] = m;
	rec_note("mapped for writing, seen only at msync()", "mmap");
}

void *mmap64(void *want, size_t len, int prot, int flags, int fd, off64_t off)
{
	void *p = NEXT(mmap64)(want, len, prot, flags, fd, off);

	if (p == MAP_FAILED || !(prot & PROT_WRITE) || !(flags & MAP_SHARED) || !rec_wants(fd))
		return p;
	rec_lock();
	map_remember((struct shared_map){
		.start = p, .len = len, .handle = rec_handle(fd), .off = (uint64_t)off });
	rec_unlock();
	return p;
}

void *mmap(void *want, size_t len, int prot, int flags, int fd, off_t off)
{
	return mmap64(want, len, prot, flags, fd, off);
}

/* The handle of the map that `p` lies in, its bytes written to the recording; 0: none. */
static uint32_t emit_mapped(uint8_t *p, size_t len)
{
	for (int i = 0; i < MAPS_MAX; i++) {
		const struct shared_map *m = &maps[i];

		if (!m->handle || p < m->start || p >= m->start + m->len)
			continue;
		if (len > (size_t)(m->start + m->len - p))
			len = (size_t)(m->start + m->len - p);
		rec_emit((struct frame){ .kind = FRAME_WRITE,
					 .handle = m->handle,
					 .off = m->off + (uint64_t)(p - m->start) },
			 p, len);
		return m->handle;
	}
	return 0;
}

int msync(void *p, size_t len, int flags)
{
	uint32_t handle, ticket;
	int rc;

	if (!rec_on() || !(flags & MS_SYNC))
		return NEXT(msync)(p, len, flags);
	rec_lock();
	handle = emit_mapped(p, len);
	ticket = rec_ticket();
	if (handle)
		emit_sync(FRAME_SYNC_BEGIN, handle, ticket);
	rec_unlock();
	rc = NEXT(msync)(p, len, flags);
	if (rc == 0 && handle) {
		rec_lock();
		emit_sync(FRAME_SYNC_END, handle, ticket);
		rec_unlock();
	}
	return rc;
}

/* --- names --------------------------------------------------------------------- */

/* A name that comes in from elsewhere has bytes that were never seen. */
static void emit_rename(bool from_is, bool to_is, const char *from, const char *to, unsigned flags)
{
	if (from_is && to_is)
		rec_paths(flags & RENAME_EXCHANGE ? FRAME_EXCHANGE : FRAME_RENAME, from, to);
	else if (from_is)
		rec_paths(FRAME_UNLINK, from, NULL);
	else if (to_is)
		rec_note("moved in from elsewhere, not replayed", to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	char a[PATH_MAX] = "", b[PATH_MAX] = "";
	bool from_is, to_is;
	int rc;

	if (!rec_on())
		return NEXT(renameat2)(from_dir, from, to_dir, to, flags);
	rec_lock();
	from_is = rec_path(from_dir, from, a);
	to_is = rec_path(to_dir, to, b);
	rc = NEXT(renameat2)(from_dir, from, to_dir, to, flags);
	if (rc == 0)
		emit_rename(from_is, to_is, a, b, flags);
	rec_unlock();
	return rc;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return renameat2(from_dir, from, to_dir, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* One path and the call that changes it. */
static int named(int dirfd, const char *path, enum frame_kind kind,
		 int (*act)(int, const char *, unsigned), unsigned arg)
{
	char below[PATH_MAX];
	bool is;
	int rc;

	if (!rec_on())
		return act(dirfd, path, arg);
	rec_lock();
	is = rec_path(dirfd, path, below);
	rc = act(dirfd, path, arg);
	if (rc == 0 && is)
		rec_paths(kind, below, NULL);
	rec_unlock();
	return rc;
}

static int do_unlink(int dirfd, const char *path, unsigned flags)
{
	return NEXT(unlinkat)(dirfd, path, (int)flags);
}

static int do_mkdir(int dirfd, const char *path, unsigned mode)
{
	return NEXT(mkdirat)(dirfd, path, mode);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return named(dirfd, path, FRAME_UNLINK, do_unlink, (unsigned)flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
	struct stat st;
	bool folder = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);

	return unlinkat(AT_FDCWD, path, folder ? AT_REMOVEDIR : 0);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return named(dirfd, path, FRAME_MKDIR, do_mkdir, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	char a[PATH_MAX], b[PATH_MAX];
	bool from_is, to_is;
	int rc;

	if (!rec_on())
		return NEXT(linkat)(from_dir, from, to_dir, to, flags);
	rec_lock();
	from_is = rec_path(from_dir, from, a);
	to_is = rec_path(to_dir, to, b);
	rc = NEXT(linkat)(from_dir, from, to_dir, to, flags);
	if (rc == 0 && from_is && to_is)
		rec_paths(FRAME_LINK, a, b);
	else if (rc == 0 && to_is)
		rec_note("linked from elsewhere, not replayed", b);
	rec_unlock();
	return rc;
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *target, int dirfd, const char *path)
{
	char below[PATH_MAX];
	int rc;

	if (!rec_on())
		return NEXT(symlinkat)(target, dirfd, path);
	rec_lock();
	rc = NEXT(symlinkat)(target, dirfd, path);
	if (rc == 0 && rec_path(dirfd, path, below))
		rec_paths(FRAME_SYMLINK, below, target);
	rec_unlock();
	return rc;
}

int symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

/* --- ways of writing that are not replayed ----------------------------------- */

static void note_copy(int fd, const char *call)
{
	if (!rec_wants(fd))
		return;
	rec_lock();
	if (rec_handle(fd))
		rec_note("bytes copied by the kernel are not replayed", call);
	rec_unlock();
}

ssize_t sendfile64(int to, int from, off64_t *off, size_t n)
{
	note_copy(to, "sendfile");
	return NEXT(sendfile64)(to, from, off, n);
}

ssize_t sendfile(int to, int from, off_t *off, size_t n)
{
	note_copy(to, "sendfile");
	return NEXT(sendfile)(to, from, off, n);
}

ssize_t copy_file_range(int from, off64_t *from_off, int to, off64_t *to_off, size_t n,
			unsigned flags)
{
	note_copy(to, "copy_file_range");
	return NEXT(copy_file_range)(from, from_off, to, to_off, n, flags);
}
