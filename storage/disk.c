/* disk.c - see disk.h. */
#include "storage/disk.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

const char *disk_refused_filesystem(long type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} remote[] = {
		{ 0x6969, "NFS" },        { 0xff534d42, "CIFS" }, { 0x517b, "SMB" },
		{ 0xfe534d42, "SMB2" },   { 0x01021997, "9p" },   { 0x73757245, "Coda" },
		{ 0x5346414f, "AFS" },    { 0x6b414653, "AFS" },  { 0x00c36400, "Ceph" },
		{ 0x0bd00bd0, "Lustre" }, { 0x47504653, "GPFS" }, { 0x564c, "NCP" },
		{ 0x7461636f, "OCFS2" },  { 0x01161970, "GFS2" }, { 0x0bad1dea, "Panasas" },
	};

	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if ((uint32_t)type == remote[i].type)
			return remote[i].name;
	return NULL;
}

int disk_folder_open(const char *dir, bool make, struct err *e)
{
	struct statfs fs;
	struct stat st;
	const char *name;

	if (make && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot make the folder %s", dir);
	if (stat(dir, &st) < 0)
		return err_sys(e, errno, "cannot look at %s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is not a folder", dir);
	if (statfs(dir, &fs) < 0)
		return err_sys(e, errno, "cannot look at the file system of %s", dir);
	name = disk_refused_filesystem((long)fs.f_type);
	if (name)
		return err_set(e, ERR_UNSUPPORTED,
			       "%s lies on %s: memory maps and locks are not kept coherent there, "
			       "use a local file system",
			       dir, name);
	if (make && (st.st_mode & 077))
		log_event(LOG_WARN, "others may look into the store's folder", log_s("dir", dir),
			  log_i("mode", st.st_mode & 0777));
	return 0;
}

/* LMDB syncs its file, but not the folder that names it. */
int disk_sync_folder(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", dir);
	if (fsync(fd) < 0) {
		err_sys(e, errno, "cannot sync %s", dir);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int disk_reserve(const char *dir, const char *name, uint64_t bytes, struct err *e)
{
	char path[4096];
	int fd, rc;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	do
		rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) < 0 ? errno : 0;
	while (rc == EINTR);
	close(fd);
	if (rc == ENOSPC || rc == EDQUOT)
		return err_set(e, ERR_FULL, "no space left: %s needs %u KiB", path,
			       (unsigned)(bytes >> 10));
	return 0;
}

bool disk_is_read_only(const char *dir)
{
	struct statvfs st;

	return statvfs(dir, &st) == 0 && (st.f_flag & ST_RDONLY);
}

bool disk_remove_small(const char *dir, const char *name, uint64_t bytes)
{
	char path[4096];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
	       lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= bytes &&
	       unlink(path) == 0;
}

uint64_t disk_free(const char *dir)
{
	struct statvfs v;

	if (statvfs(dir, &v) < 0)
		return 0;
	return (uint64_t)v.f_bavail * v.f_frsize;
}

/* Whether the system takes 256 KiB more, which statvfs does not know under a quota. */
static bool probe_finds_room(const char *dir)
{
	static const char zeros[1 << 16];
	char path[4096];
	bool room = true;
	int fd;

	if (snprintf(path, sizeof(path), "%s/space-probe", dir) >= (int)sizeof(path))
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno != ENOSPC && errno != EDQUOT;
	for (int i = 0; i < 4 && room; i++)
		room = pwrite(fd, zeros, sizeof(zeros), i * (off_t)sizeof(zeros)) ==
		       (ssize_t)sizeof(zeros);
	if (room && fdatasync(fd) < 0)
		room = errno != ENOSPC && errno != EDQUOT;
	close(fd);
	unlink(path);
	return room;
}

bool disk_is_full(const char *dir, uint64_t file_bytes)
{
	const uint64_t mib = 1 << 20;
	struct rlimit limit;

	if (disk_free(dir) < mib)
		return true;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    file_bytes + mib > limit.rlim_cur)
		return true;
	return !probe_finds_room(dir);
}
