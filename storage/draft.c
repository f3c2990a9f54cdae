/* draft.c - see draft.h. */
#include "storage/draft.h"

#include "base/alloc.h"
#include "base/crc32c.h"
#include "storage/disk.h"
#include "storage/store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PIECE_BYTES = 256 << 10,
	SYNC_BYTES = 2 << 20,
	BESIDE_MIB = 64, /* several times what a writer wants to see free */
};

/* --- paths ------------------------------------------------------------------------------- */

int path_join(char out[DRAFT_PATH], const char *dir, const char *name, struct err *e)
{
	if (snprintf(out, DRAFT_PATH, "%s/%s", dir, name) >= DRAFT_PATH)
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	return 0;
}

int path_parent(char out[DRAFT_PATH], const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 0;

	if (n >= DRAFT_PATH)
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	snprintf(out, DRAFT_PATH, "%.*s", n, path);
	if (n == 0)
		snprintf(out, DRAFT_PATH, "%s", slash ? "/" : ".");
	return 0;
}

/* --- clearing ------------------------------------------------------------------------------ */

static bool is_among(const char *name, const char *const *list)
{
	for (; list && *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

/* Entries whose names begin with a digit; a folder that keeps others is left. */
static int remove_numbered(const char *path, struct err *e)
{
	DIR *f = opendir(path);
	const struct dirent *d;

	if (!f)
		return err_sys(e, errno, "cannot look into %s", path);
	while ((d = readdir(f)))
		if (d->d_name[0] >= '0' && d->d_name[0] <= '9')
			unlinkat(dirfd(f), d->d_name, 0);
	closedir(f);
	if (rmdir(path) == 0)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return err_set(e, ERR_EXISTS, "%s holds what is no part of a store", path);
	return err_sys(e, errno, "cannot remove %s", path);
}

static int remove_entry(const char *dir, const char *name, struct err *e)
{
	static const char *const files[] = { "data.mdb",       "lock.mdb",    "VERSION",
					     "parkwatch.lock", "space-probe", NULL };
	static const char *const folders[] = { "log", "runs", NULL };
	char path[DRAFT_PATH];

	if (path_join(path, dir, name, e) < 0)
		return -1;
	if (is_among(name, folders))
		return remove_numbered(path, e);
	if (!is_among(name, files))
		return err_set(e, ERR_EXISTS, "%s holds what is no part of a store: %s", dir, name);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot remove %s", path);
	return 0;
}

int store_files_remove(const char *dir, const char *const *also, struct err *e)
{
	DIR *f = opendir(dir);
	const struct dirent *d;
	int rc = 0;

	if (!f)
		return err_sys(e, errno, "cannot look into %s", dir);
	while ((d = readdir(f)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    !is_among(d->d_name, also) && remove_entry(dir, d->d_name, e) < 0)
			rc = -1;
	closedir(f);
	return rc;
}

static bool is_empty(const char *dir)
{
	DIR *f = opendir(dir);
	const struct dirent *d;
	bool empty = f != NULL;

	while (f && empty && (d = readdir(f)))
		empty = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
	if (f)
		closedir(f);
	return empty;
}

/* --- the folder ------------------------------------------------------------------------------ */

static int foreign(const struct draft *d, struct err *e)
{
	return err_set(e, ERR_EXISTS, "%s is in the way, and nothing that parkwatch left there",
		       d->path);
}

/* A file that is not there is only made in a folder that has nothing. */
static int open_mark(struct draft *d, const char *mark, struct err *e)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;

	d->mark_fd = open(mark, flags);
	if (d->mark_fd < 0 && errno == ENOENT) {
		if (!is_empty(d->path))
			return foreign(d, e);
		d->mark_fd = open(mark, flags | O_CREAT, 0600);
	}
	return d->mark_fd < 0 ? err_sys(e, errno, "cannot make %s", mark) : 0;
}

static int lock_mark(const struct draft *d, const char *mark, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[64];
	struct stat held, named;
	ssize_t n;

	if (fcntl(d->mark_fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES
			       ? err_set(e, ERR_BUSY, "another process is filling %s", d->path)
			       : err_sys(e, errno, "cannot lock %s", mark);
	/* Whoever held it before us may have finished and renamed the folder. */
	if (fstat(d->mark_fd, &held) < 0 || stat(mark, &named) < 0 || held.st_ino != named.st_ino ||
	    held.st_dev != named.st_dev)
		return err_set(e, ERR_BUSY, "another process has just filled %s", d->path);
	n = pread(d->mark_fd, text, sizeof(text), 0);
	if (n < 0)
		return err_sys(e, errno, "cannot read %s", mark);
	return n > 0 && !manifest_is_ours(slice_of(text, (size_t)n)) ? foreign(d, e) : 0;
}

static int write_mark(const struct draft *d, struct slice text, struct err *e)
{
	if (ftruncate(d->mark_fd, 0) < 0 ||
	    pwrite(d->mark_fd, text.p, text.n, 0) != (ssize_t)text.n)
		return err_sys(e, errno ? errno : ENOSPC, "cannot write %s/" MANIFEST_FILE,
			       d->path);
	return 0;
}

static int make_folders(const struct draft *d, struct err *e)
{
	static const char *const names[] = { "log", "runs" };
	char path[DRAFT_PATH];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (path_join(path, d->path, names[i], e) < 0)
			return -1;
		if (mkdir(path, 0700) < 0)
			return err_sys(e, errno, "cannot make the folder %s", path);
	}
	return 0;
}

/* The lock is held: what lies there is nobody's any more. */
static int take_over(struct draft *d, struct err *e)
{
	static const char *const mark[] = { MANIFEST_FILE, NULL };

	if (store_files_remove(d->path, mark, e) < 0 ||
	    write_mark(d, slice_str(manifest_unfinished), e) < 0)
		return -1;
	return make_folders(d, e);
}

int draft_open(struct draft *d, const char *path, uint64_t rate, struct err *e)
{
	char mark[DRAFT_PATH];
	struct stat st;

	*d = (struct draft){ .mark_fd = -1, .rate = rate };
	manifest_init(&d->manifest);
	snprintf(d->path, sizeof(d->path), "%s", path);
	if (path_join(mark, path, MANIFEST_FILE, e) < 0)
		return -1;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot make the folder %s", path);
	if (lstat(path, &st) < 0)
		return err_sys(e, errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return foreign(d, e);
	if (open_mark(d, mark, e) < 0)
		return -1;
	if (lock_mark(d, mark, e) == 0 && take_over(d, e) == 0)
		return 0;
	draft_close(d);
	return -1;
}

void draft_close(struct draft *d)
{
	if (d->mark_fd >= 0)
		close(d->mark_fd);
	d->mark_fd = -1;
	manifest_release(&d->manifest);
}

void draft_abandon(struct draft *d)
{
	static const char *const mark[] = { MANIFEST_FILE, NULL };
	char path[DRAFT_PATH];

	if (d->mark_fd < 0)
		return;
	if (store_files_remove(d->path, mark, NULL) == 0 &&
	    path_join(path, d->path, MANIFEST_FILE, NULL) == 0) {
		unlink(path);
		rmdir(d->path);
	}
	draft_close(d);
}

int draft_check(const struct draft *d, struct err *e)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	long faults;

	if (!to)
		return err_set(e, ERR_MEMORY, "no memory to check %s", d->path);
	faults = store_check(d->path, to, e);
	fclose(to);
	if (faults > 0)
		err_set(e, ERR_CORRUPT, "%ld faults, the first one: %.*s", faults,
			(int)strcspn(text, "\n"), text);
	free(text);
	return faults ? -1 : 0;
}

static int sync_folders(const struct draft *d, struct err *e)
{
	char log[DRAFT_PATH], runs[DRAFT_PATH];

	if (path_join(log, d->path, "log", e) < 0 || path_join(runs, d->path, "runs", e) < 0 ||
	    disk_sync_folder(log, e) < 0 || disk_sync_folder(runs, e) < 0)
		return -1;
	return disk_sync_folder(d->path, e);
}

int draft_finish(struct draft *d, struct err *e)
{
	struct buf text;
	int rc;

	buf_init(&text, MANIFEST_BYTES);
	manifest_write(&d->manifest, &text);
	rc = buf_check(&text, e);
	if (rc == 0)
		rc = write_mark(d, buf_all(&text), e);
	if (rc == 0 && fsync(d->mark_fd) < 0)
		rc = err_sys(e, errno, "cannot sync %s/" MANIFEST_FILE, d->path);
	buf_release(&text);
	return rc < 0 ? -1 : sync_folders(d, e);
}

/* --- files -------------------------------------------------------------------------- */

int draft_file_create(struct draft_file *f, struct draft *d, const char *name, struct err *e)
{
	*f = (struct draft_file){ .d = d, .fd = -1 };
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->path, sizeof(f->path), "%s/%s", d->path, name);
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return f->fd < 0 ? err_sys(e, errno, "cannot make %s", f->path) : 0;
}

/* Time that was not used is not saved up. */
static void hold_back(struct draft *d, size_t n)
{
	int64_t now = mono_ns();
	struct timespec until;

	if (!d->rate)
		return;
	if (d->due_ns < now)
		d->due_ns = now;
	d->due_ns += (int64_t)((double)n * 1e9 / (double)d->rate);
	until.tv_sec = d->due_ns / 1000000000;
	until.tv_nsec = d->due_ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static bool takes_the_stores_room(const struct draft *d)
{
	struct stat ours, store;

	return d->beside && stat(d->path, &ours) == 0 && stat(d->beside, &store) == 0 &&
	       ours.st_dev == store.st_dev && disk_free(d->path) < (uint64_t)BESIDE_MIB << 20;
}

static int sync_some(struct draft_file *f, struct err *e)
{
	f->d->unsynced = 0;
	if (takes_the_stores_room(f->d))
		return err_set(e, ERR_FULL,
			       "less than %d MiB are left on the disk of %s, which the store "
			       "itself needs",
			       BESIDE_MIB, f->d->beside);
	/* No fdatasync(), which would have the file system's journal written out each time. */
	if (sync_file_range(f->fd, 0, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) < 0 &&
	    errno != ENOSYS && errno != EINVAL && errno != ESPIPE)
		return err_sys(e, errno, "cannot sync %s", f->path);
	/* Others' pages are worth more than those of a copy. */
	posix_fadvise(f->fd, 0, (off_t)f->bytes, POSIX_FADV_DONTNEED);
	return 0;
}

static int write_piece(struct draft_file *f, const char *p, size_t n, struct err *e)
{
	size_t at = 0;

	hold_back(f->d, n);
	while (at < n) {
		ssize_t k = pwrite(f->fd, p + at, n - at, (off_t)(f->bytes + at));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return err_sys(e, k < 0 ? errno : ENOSPC, "cannot write %s", f->path);
		at += (size_t)k;
	}
	f->crc = crc32c(f->crc, p, n);
	f->bytes += n;
	f->d->bytes += n;
	f->d->unsynced += n;
	return f->d->unsynced < SYNC_BYTES ? 0 : sync_some(f, e);
}

int draft_file_write(struct draft_file *f, const void *p, size_t n, struct err *e)
{
	for (size_t at = 0; at < n; at += PIECE_BYTES) {
		size_t left = n - at;

		if (write_piece(f, (const char *)p + at, left < PIECE_BYTES ? left : PIECE_BYTES,
				e) < 0)
			return -1;
	}
	return 0;
}

int draft_file_copy(struct draft_file *f, int from, uint64_t at, uint64_t end,
		    const char *from_path, struct err *e)
{
	char *room = mem_alloc(PIECE_BYTES);
	int rc = room ? 0 : err_set(e, ERR_MEMORY, "no memory to copy %s", from_path);

	while (rc == 0 && at < end) {
		uint64_t left = end - at;
		ssize_t k = pread(from, room, left < PIECE_BYTES ? left : PIECE_BYTES, (off_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			rc = err_sys(e, errno, "cannot read %s", from_path);
		if (k <= 0)
			break;
		rc = draft_file_write(f, room, (size_t)k, e);
		at += (uint64_t)k;
	}
	mem_free(room);
	return rc;
}

int draft_file_rewind(struct draft_file *f, struct err *e)
{
	if (ftruncate(f->fd, 0) < 0)
		return err_sys(e, errno, "cannot write %s", f->path);
	f->d->bytes -= f->bytes;
	f->bytes = 0;
	f->crc = 0;
	return 0;
}

int draft_file_finish(struct draft_file *f, struct err *e)
{
	if (fsync(f->fd) < 0)
		return err_sys(e, errno, "cannot sync %s", f->path);
	draft_file_abandon(f);
	return manifest_add(&f->d->manifest, f->name, f->bytes, f->crc, e);
}

void draft_file_abandon(struct draft_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
