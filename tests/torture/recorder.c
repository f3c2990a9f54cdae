/*
 * recorder.c - see recorder.h.
 *
 * A descriptor is known by number, and by the device and inode it had when it was
 * opened: the C library closes some descriptors by calls that cannot be seen, and a
 * number that has become a socket must not be taken for the file.
 */
#include "tests/torture/recorder.h"

#include "tests/torture/interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS_MAX = 1 << 16 };

struct recorded_fd {
	atomic_uint handle;
	dev_t dev;
	ino_t ino;
	bool synchronous;
};

static struct recorded_fd fds[FDS_MAX];
static char root[PATH_MAX];
static size_t root_len;
static int log_fd = -1;
static atomic_bool on;
static uint32_t last_handle, last_ticket;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int saved_errno;

bool rec_on(void)
{
	return atomic_load_explicit(&on, memory_order_relaxed);
}

bool rec_wants(int fd)
{
	return fd >= 0 && fd < FDS_MAX && rec_on() && atomic_load(&fds[fd].handle) != 0;
}

void rec_lock(void)
{
	pthread_mutex_lock(&lock);
}

void rec_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* A recording with a hole proves nothing, so the program does not go on without it. */
static void give_up(const char *why)
{
	dprintf(2, "torture-record: %s: %s\n", why, strerror(errno));
	_exit(99);
}

static void append(struct iovec *v, int n, size_t total)
{
	ssize_t done = NEXT(writev)(log_fd, v, n);

	if (done < 0 || (size_t)done != total)
		give_up("cannot write the recording");
}

void rec_emit(struct frame f, const void *data, size_t n)
{
	struct iovec v[2] = { { &f, sizeof(f) }, { (void *)data, n } };

	saved_errno = errno;
	f.magic = FRAME_MAGIC;
	f.pid = (uint32_t)getpid();
	f.len = (uint32_t)n;
	append(v, n > 0 ? 2 : 1, sizeof(f) + n);
	errno = saved_errno;
}

void rec_note(const char *what, const char *name)
{
	char text[PATH_MAX + 128];
	int n = snprintf(text, sizeof(text), "%s: %s", what, name);

	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	rec_emit((struct frame){ .kind = FRAME_NOTE }, text, (size_t)n);
}

void rec_paths(enum frame_kind kind, const char *first, const char *second)
{
	char text[2 * PATH_MAX];
	size_t n = strlen(first);

	memcpy(text, first, n);
	if (second) {
		text[n++] = '\0';
		memcpy(text + n, second, strlen(second));
		n += strlen(second);
	}
	rec_emit((struct frame){ .kind = (uint16_t)kind }, text, n);
}

uint32_t rec_ticket(void)
{
	return ++last_ticket;
}

uint32_t rec_handle(int fd)
{
	struct stat st;

	if (!rec_wants(fd))
		return 0;
	if (fstat(fd, &st) == 0 && st.st_dev == fds[fd].dev && st.st_ino == fds[fd].ino)
		return fds[fd].handle;
	atomic_store(&fds[fd].handle, 0);
	return 0;
}

bool rec_is_synchronous(int fd)
{
	return fds[fd].synchronous;
}

/* Cuts the root off an absolute path without links. */
static bool below_root(const char *absolute, char out[PATH_MAX])
{
	if (strncmp(absolute, root, root_len) != 0)
		return false;
	if (absolute[root_len] == '\0') {
		out[0] = '\0';
		return true;
	}
	if (absolute[root_len] != '/')
		return false;
	memmove(out, absolute + root_len + 1, strlen(absolute + root_len + 1) + 1);
	return true;
}

static bool path_of_fd(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

static bool absolute_path(int dirfd, const char *path, char out[PATH_MAX])
{
	char dir[PATH_MAX];

	if (path[0] == '/')
		return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
	if (dirfd == AT_FDCWD ? !getcwd(dir, sizeof(dir)) : !path_of_fd(dirfd, dir))
		return false;
	return snprintf(out, PATH_MAX, "%s/%s", dir, path) < PATH_MAX;
}

/* The folder is resolved, the last component is not: it may not be there any more. */
static bool resolve_folder(char *path, char out[PATH_MAX])
{
	size_t n = strlen(path);
	char *slash;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (!realpath(slash == path ? "/" : path, out))
		return false;
	n = strlen(out);
	return snprintf(out + n, PATH_MAX - n, "/%s", slash + 1) < (int)(PATH_MAX - n);
}

bool rec_path(int dirfd, const char *path, char out[PATH_MAX])
{
	char full[PATH_MAX], real[PATH_MAX];

	saved_errno = errno;
	bool is = absolute_path(dirfd, path, full) && resolve_folder(full, real) &&
		  below_root(real, out);
	errno = saved_errno;
	return is;
}

static uint16_t open_flags(int flags, bool existed, mode_t mode)
{
	uint16_t f = 0;

	if ((flags & O_CREAT) && !existed)
		f |= FRAME_CREATED;
	if (flags & O_TRUNC)
		f |= FRAME_EMPTIED;
	if (S_ISDIR(mode))
		f |= FRAME_FOLDER;
	return f;
}

void rec_opened(int fd, int flags, bool existed)
{
	char full[PATH_MAX], path[PATH_MAX];
	struct stat st;

	if (fd < 0 || fd >= FDS_MAX)
		return;
	saved_errno = errno;
	atomic_store(&fds[fd].handle, 0);
	if (path_of_fd(fd, full) && below_root(full, path) && fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		fds[fd].dev = st.st_dev;
		fds[fd].ino = st.st_ino;
		fds[fd].synchronous = (flags & (O_SYNC | O_DSYNC)) != 0;
		atomic_store(&fds[fd].handle, ++last_handle);
		if ((flags & O_TMPFILE) == O_TMPFILE)
			rec_note("a file without a name is not replayed", path);
		rec_emit((struct frame){ .kind = FRAME_OPEN,
					 .handle = last_handle,
					 .flags = open_flags(flags, existed, st.st_mode) },
			 path, strlen(path));
	}
	errno = saved_errno;
}

void rec_duplicated(int from, int to)
{
	uint32_t handle = rec_handle(from);

	if (to < 0 || to >= FDS_MAX)
		return;
	fds[to].dev = fds[from].dev;
	fds[to].ino = fds[from].ino;
	fds[to].synchronous = fds[from].synchronous;
	atomic_store(&fds[to].handle, handle);
}

/* The handle may live on in a duplicate; the frame only tells a reader what happened. */
void rec_closed(int fd)
{
	uint32_t handle = rec_handle(fd);

	if (handle)
		rec_emit((struct frame){ .kind = FRAME_CLOSE, .handle = handle }, NULL, 0);
	atomic_store(&fds[fd].handle, 0);
}

static void in_child(void)
{
	atomic_store(&on, false);
}

/* Programs that this one starts are not recorded. */
static void forget_environment(void)
{
	unsetenv("LD_PRELOAD");
	unsetenv("PW_RECORD_DIR");
	unsetenv("PW_RECORD_FILE");
}

__attribute__((constructor)) static void start(void)
{
	const char *dir = getenv("PW_RECORD_DIR"), *file = getenv("PW_RECORD_FILE");

	if (!dir || !file)
		return;
	if (!realpath(dir, root))
		give_up("PW_RECORD_DIR");
	root_len = strlen(root);
	log_fd = NEXT(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0)
		give_up("PW_RECORD_FILE");
	/* Out of the way of programs that close or count the low ones. */
	int high = NEXT(fcntl)(log_fd, F_DUPFD_CLOEXEC, 512);
	if (high >= 0) {
		NEXT(close)(log_fd);
		log_fd = high;
	}
	pthread_atfork(NULL, NULL, in_child);
	forget_environment();
	atomic_store(&on, true);
}

/* For programs written for these tests: `text` was acknowledged. Found with dlsym(). */
void torture_mark(const char *text);
void torture_mark(const char *text)
{
	if (!rec_on())
		return;
	rec_lock();
	rec_emit((struct frame){ .kind = FRAME_MARK }, text, strlen(text));
	rec_unlock();
}
