/*
 * restore.c - store_restore(), see backup.h.
 *
 * The files are copied to DIR/restore.unfinished, compared with the manifest on the way, and
 * checked there. Then they are moved into DIR, and at last restore.unfinished is removed: that is
 * the moment from which on there is a store. (A folder beside DIR could be renamed in one step, but
 * DIR is often a mount point.) Whatever is in DIR besides that folder before is this restore's,
 * since DIR was empty.
 */
#include "storage/backup.h"

#include "storage/disk.h"
#include "storage/draft.h"
#include "storage/lockfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct restore {
	const struct restore_options *o;
	struct draft draft;
	struct manifest manifest; /* of the backup */
	int lock_fd;
	bool made; /* the folder is ours */
};

static void tell(const struct restore_options *o, enum backup_step step)
{
	if (o->step)
		o->step(o->ctx, step);
}

/* --- the backup ---------------------------------------------------------------------------- */

static int read_text(int fd, const char *path, struct buf *out, struct err *e)
{
	for (;;) {
		char *room = buf_room(out, 65536);
		ssize_t n = room ? read(fd, room, 65536) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read %s", path);
		if (n == 0)
			return buf_check(out, e) < 0 ? err_wrap(e, "%s", path) : 0;
		buf_added(out, (size_t)n);
	}
}

static int read_manifest(struct restore *r, struct err *e)
{
	char path[DRAFT_PATH];
	struct buf text;
	int fd, rc;

	if (path_join(path, r->o->from, MANIFEST_FILE, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_NOT_FOUND, "%s is no backup: it has no " MANIFEST_FILE,
			       r->o->from);
	if (fd < 0)
		return err_sys(e, errno, "cannot read %s", path);
	buf_init(&text, MANIFEST_BYTES);
	rc = read_text(fd, path, &text, e);
	close(fd);
	if (rc == 0 && manifest_read(&r->manifest, buf_all(&text), e) < 0)
		rc = err_wrap(e, "%s", r->o->from);
	buf_release(&text);
	return rc;
}

/* --- the place ------------------------------------------------------------------------------- */

/* A mounted file system has a lost+found; a lock file says nothing when nobody holds it. */
static const char *const harmless[] = { RESTORE_UNFINISHED, "lost+found", "parkwatch.lock", NULL };

static bool is_harmless(const char *name)
{
	for (const char *const *h = harmless; *h; h++)
		if (strcmp(name, *h) == 0)
			return true;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What a restore before this one left may be there, and be cleared. */
static int check_place(const struct restore *r, struct err *e)
{
	const char *dir = r->o->dir;
	char path[DRAFT_PATH];
	const struct dirent *d;
	struct stat st;
	int rc = 0;
	DIR *f;

	if (path_join(path, dir, RESTORE_UNFINISHED, e) < 0)
		return -1;
	if (lstat(path, &st) == 0)
		return 0;
	f = opendir(dir);
	if (!f)
		return err_sys(e, errno, "cannot look into %s", dir);
	while (rc == 0 && (d = readdir(f)))
		if (!is_harmless(d->d_name))
			rc = err_set(e, ERR_EXISTS,
				     "%s is not empty, it holds %s: name a folder that is missing "
				     "or empty",
				     dir, d->d_name);
	closedir(f);
	return rc;
}

static int make_place(struct restore *r, struct err *e)
{
	char parent[DRAFT_PATH];

	if (mkdir(r->o->dir, 0700) < 0)
		return errno == EEXIST ? 0 : err_sys(e, errno, "cannot make %s", r->o->dir);
	r->made = true;
	if (path_parent(parent, r->o->dir, e) < 0)
		return -1;
	disk_sync_folder(parent, NULL); /* may be somebody else's and unreadable */
	return 0;
}

/* Once more with the lock: a store may have begun there. */
static int take_place(struct restore *r, struct err *e)
{
	char path[DRAFT_PATH];

	if (make_place(r, e) < 0 || disk_folder_open(r->o->dir, false, e) < 0 ||
	    check_place(r, e) < 0)
		return -1;
	r->lock_fd = lockfile_take(r->o->dir, e);
	if (r->lock_fd < 0 || check_place(r, e) < 0 ||
	    path_join(path, r->o->dir, RESTORE_UNFINISHED, e) < 0 ||
	    draft_open(&r->draft, path, 0, e) < 0)
		return -1;
	tell(r->o, BACKUP_BEGUN);
	return store_files_remove(r->o->dir, harmless, e);
}

/* As it was found. */
static void give_place_back(struct restore *r)
{
	char path[DRAFT_PATH];

	draft_abandon(&r->draft);
	if (r->made && path_join(path, r->o->dir, "parkwatch.lock", NULL) == 0) {
		unlink(path);
		rmdir(r->o->dir);
	}
}

/* --- copying ------------------------------------------------------------------------ */

static int damaged(const char *path, struct err *e, const char *why)
{
	return err_set(e, ERR_CORRUPT, "%s is damaged: %s", path, why);
}

static int copy_open_file(struct restore *r, const struct manifest_file *m, int fd,
			  const char *path, struct err *e)
{
	struct draft_file f;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != m->bytes)
		return damaged(path, e, "its length is not that in the manifest");
	rc = draft_file_create(&f, &r->draft, m->name, e);
	if (rc == 0)
		rc = draft_file_copy(&f, fd, 0, m->bytes, path, e);
	if (rc == 0 && (f.bytes != m->bytes || f.crc != m->crc))
		rc = damaged(path, e, "its checksum is not that in the manifest");
	if (rc == 0)
		rc = draft_file_finish(&f, e);
	draft_file_abandon(&f);
	return rc;
}

static int copy_file(struct restore *r, const struct manifest_file *m, struct err *e)
{
	char path[DRAFT_PATH];
	int fd, rc;

	if (path_join(path, r->o->from, m->name, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_CORRUPT, "%s is missing", path);
	if (fd < 0)
		return err_sys(e, errno, "cannot read %s", path);
	rc = copy_open_file(r, m, fd, path, e);
	close(fd);
	return rc;
}

static int fill(struct restore *r, struct err *e)
{
	for (size_t i = 0; i < r->manifest.n; i++)
		if (copy_file(r, &r->manifest.files[i], e) < 0)
			return -1;
	tell(r->o, BACKUP_COPIED);
	if (draft_check(&r->draft, e) < 0)
		return err_wrap(e, "the backup in %s", r->o->from);
	tell(r->o, BACKUP_CHECKED);
	if (draft_finish(&r->draft, e) < 0)
		return -1;
	tell(r->o, BACKUP_SEALED);
	return 0;
}

/* --- moving ------------------------------------------------------------------------- */

static int move_files(const struct restore *r, struct err *e)
{
	static const char *const names[] = { "runs", "log", "data.mdb", "VERSION" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char from[DRAFT_PATH], to[DRAFT_PATH];

		if (path_join(from, r->draft.path, names[i], e) < 0 ||
		    path_join(to, r->o->dir, names[i], e) < 0)
			return -1;
		if (rename(from, to) < 0)
			return err_sys(e, errno, "cannot name %s", to);
	}
	if (disk_sync_folder(r->o->dir, e) < 0)
		return -1;
	tell(r->o, BACKUP_MOVED);
	return 0;
}

static int end_draft(const struct restore *r, struct err *e)
{
	char mark[DRAFT_PATH];

	if (path_join(mark, r->draft.path, MANIFEST_FILE, e) < 0)
		return -1;
	if (unlink(mark) < 0 || rmdir(r->draft.path) < 0)
		return err_sys(e, errno, "cannot remove %s", r->draft.path);
	return disk_sync_folder(r->o->dir, e);
}

static int put_in_place(const struct restore *r, struct err *e)
{
	if (move_files(r, e) == 0 && end_draft(r, e) == 0)
		return 0;
	return err_wrap(e, "restoring to %s must be done again", r->o->dir);
}

/* --- all of it ---------------------------------------------------------------------- */

int store_restore(const struct restore_options *o, struct backup_result *out, struct err *e)
{
	struct restore r = { .o = o, .lock_fd = -1, .draft = { .mark_fd = -1 } };
	int rc = read_manifest(&r, e);

	if (rc == 0) {
		rc = take_place(&r, e) < 0 ? -1 : fill(&r, e);
		if (rc < 0)
			give_place_back(&r);
	}
	if (rc == 0)
		rc = put_in_place(&r, e);
	if (rc == 0 && out)
		*out = (struct backup_result){ .files = r.manifest.n,
					       .bytes = r.draft.bytes,
					       .made_ms = r.manifest.made_ms,
					       .sequence = r.manifest.sequence };
	draft_close(&r.draft);
	lockfile_release(r.lock_fd);
	manifest_release(&r.manifest);
	return rc;
}
