/* log_mark.c - see log_mark.h. */
#include "storage/log_mark.h"

#include "base/counter.h"
#include "base/crc32c.h"
#include "storage/disk.h"
#include "storage/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TEXT_BYTES = 64 };

static int path_of(char out[PATH_BYTES], const char *dir, const char *name, struct err *e)
{
	if (snprintf(out, PATH_BYTES, "%s/log%s", dir, name) >= PATH_BYTES)
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	return 0;
}

static int print_mark(char out[TEXT_BYTES], uint64_t number)
{
	int n = snprintf(out, TEXT_BYTES, "last %" PRIu64 " ", number);

	return n + snprintf(out + n, TEXT_BYTES - (size_t)n, "%08" PRIx32 "\n",
			    crc32c(0, out, (size_t)n));
}

static int write_file(const char *path, uint64_t number, struct err *e)
{
	char text[TEXT_BYTES];
	int n = print_mark(text, number), rc = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, "cannot make %s", path);
	errno = 0;
	if (write(fd, text, (size_t)n) != n)
		rc = err_sys(e, errno ? errno : ENOSPC, "cannot write %s", path);
	else if (fdatasync(fd) < 0)
		rc = err_sys(e, errno, "cannot sync %s", path);
	close(fd);
	return rc;
}

int log_mark_write(const char *dir, uint64_t number, struct err *e)
{
	char folder[PATH_BYTES], temporary[PATH_BYTES], path[PATH_BYTES];

	if (path_of(folder, dir, "", e) < 0 || path_of(temporary, dir, "/LAST.new", e) < 0 ||
	    path_of(path, dir, "/LAST", e) < 0)
		return -1;
	if (write_file(temporary, number, e) < 0) {
		unlink(temporary);
		return -1;
	}
	if (rename(temporary, path) < 0)
		return err_sys(e, errno, "cannot name %s", path);
	return disk_sync_folder(folder, e);
}

int log_mark_remove(const char *dir, struct err *e)
{
	char folder[PATH_BYTES], path[PATH_BYTES];

	if (path_of(folder, dir, "", e) < 0 || path_of(path, dir, "/LAST", e) < 0)
		return -1;
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cannot remove %s", path);
	return disk_sync_folder(folder, e);
}

int log_mark_read(const char *dir, uint64_t *number, struct err *e)
{
	char path[PATH_BYTES], text[TEXT_BYTES] = { 0 }, right[TEXT_BYTES];
	ssize_t got;
	int fd, why;

	*number = 0;
	if (path_of(path, dir, "/LAST", e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cannot read %s", path);
	got = read(fd, text, sizeof(text) - 1);
	why = errno;
	close(fd);
	if (got < 0)
		return err_sys(e, why, "cannot read %s", path);
	if (sscanf(text, "last %" SCNu64, number) == 1 && print_mark(right, *number) == got &&
	    strcmp(text, right) == 0)
		return 0;
	*number = 0;
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "log/LAST, the number of the last log file, is damaged");
}

int log_mark_check(uint64_t number, uint64_t have, struct err *e)
{
	if (number <= have)
		return 0;
	return numbers_missing(false, have + 1, number, e);
}
