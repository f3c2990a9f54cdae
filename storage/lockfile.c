/* lockfile.c - see lockfile.h. */
#include "storage/lockfile.h"

#include "storage/disk.h"
#include "storage/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static int path_in(char out[PATH_BYTES], const char *dir, const char *name, struct err *e)
{
	if (snprintf(out, PATH_BYTES, "%s/%s", dir, name) >= PATH_BYTES)
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	return 0;
}

static long holder_of(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static int note_pid(int fd, const char *path, struct err *e)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0) {
		/* The lock holds without the number; on a full disk reading must still be possible.
		 */
		if (errno == ENOSPC || errno == EDQUOT)
			return 0;
		return err_sys(e, errno, "cannot write %s", path);
	}
	return 0;
}

/* A command that reads holds the lock without its number: then the one that is there may be of a
 * process that is gone. */
static bool is_alive(long pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

static int take(int fd, short kind, const char *dir, struct err *e)
{
	struct flock whole = { .l_type = kind, .l_whence = SEEK_SET };
	long pid;

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return err_sys(e, errno, "cannot lock the store in %s", dir);
	pid = holder_of(fd);
	if (is_alive(pid))
		return err_set(e, ERR_BUSY, "the store in %s is in use by process %ld%s", dir, pid,
			       pid == (long)getpid() ? ", this one" : "");
	return err_set(e, ERR_BUSY, "the store in %s is in use by another process", dir);
}

int lockfile_take(const char *dir, struct err *e)
{
	char path[PATH_BYTES];
	int fd;

	if (path_in(path, dir, "parkwatch.lock", e) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	if (take(fd, F_WRLCK, dir, e) < 0 || note_pid(fd, path, e) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int nobody(struct err *e)
{
	if (e)
		*e = (struct err){ .code = ERR_NONE };
	return -1;
}

static int take_there(const char *dir, bool shared, struct err *e)
{
	char path[PATH_BYTES];
	int fd;

	if (path_in(path, dir, "parkwatch.lock", e) < 0)
		return -1;
	fd = open(path, (shared ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return nobody(e);
	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	if (take(fd, shared ? F_RDLCK : F_WRLCK, dir, e) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int lockfile_share_read_only(const char *dir, struct err *e)
{
	struct err why;
	int fd;

	if (!disk_is_read_only(dir))
		return nobody(e);
	fd = take_there(dir, true, &why);
	if (fd < 0 && why.code == ERR_BUSY)
		return err_set(
			e, ERR_UNSUPPORTED,
			"%s: what is mounted read-only cannot be read beside it, as it could "
			"not tell what it reads",
			why.text);
	if (fd < 0 && e)
		*e = why;
	return fd;
}

int lockfile_take_existing(const char *dir, struct err *e)
{
	return disk_is_read_only(dir) ? lockfile_share_read_only(dir, e)
				      : take_there(dir, false, e);
}

bool lockfile_is_ours(const char *dir)
{
	char path[PATH_BYTES];
	bool ours;
	int fd;

	if (path_in(path, dir, "parkwatch.lock", NULL) < 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	ours = holder_of(fd) == (long)getpid();
	close(fd);
	return ours;
}

void lockfile_release(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* 0 when there is no such file. */
static long size_of(const char *dir, const char *name)
{
	char path[PATH_BYTES];
	struct stat st;

	if (path_in(path, dir, name, NULL) < 0 || stat(path, &st) < 0)
		return 0;
	return (long)st.st_size;
}

static int check_restored(const char *dir, struct err *e)
{
	char path[PATH_BYTES];
	struct stat st;

	if (path_in(path, dir, RESTORE_UNFINISHED, e) < 0)
		return -1;
	if (lstat(path, &st) == 0)
		return err_set(e, ERR_CORRUPT,
			       "restoring a backup to %s was not finished: do it again", dir);
	return 0;
}

int version_check(const char *dir, bool *marked, struct err *e)
{
	char path[PATH_BYTES];
	unsigned version = 0;
	FILE *f;
	int n;

	*marked = false;
	if (check_restored(dir, e) < 0 || path_in(path, dir, "VERSION", e) < 0)
		return -1;
	f = fopen(path, "re");
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return err_sys(e, errno, "cannot read %s", path);
	n = fscanf(f, "parkwatch store, format %9u", &version);
	fclose(f);
	if (n == 1 && version > STORE_FORMAT)
		return err_set(e, ERR_UNSUPPORTED,
			       "the store in %s has format %u, this version of parkwatch reads up "
			       "to %d: use the newer one",
			       dir, version, STORE_FORMAT);
	/* A mark cut short by a power cut is written again. */
	*marked = n == 1;
	if (*marked && size_of(dir, "data.mdb") == 0)
		return err_set(e, ERR_CORRUPT,
			       "%s has been a store, but its data.mdb is missing or empty: restore "
			       "it from a backup, or remove VERSION to begin anew",
			       dir);
	return 0;
}

int version_write(const char *dir, struct err *e)
{
	char path[PATH_BYTES], text[64];
	int n = snprintf(text, sizeof(text), "parkwatch store, format %d\n", STORE_FORMAT);
	int fd, rc = 0;

	if (path_in(path, dir, "VERSION", e) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot write %s", path);
	if (write(fd, text, (size_t)n) != n || fsync(fd) < 0)
		rc = err_sys(e, errno, "cannot write %s", path);
	close(fd);
	return rc < 0 ? rc : disk_sync_folder(dir, e);
}
