/*
 * drop_files.c - see drop_files.h.
 *
 * A file is complete when two scans at least `settle` apart found the same size
 * and time of change, that time is `settle` old (one that lies in the future, from a
 * machine with a wrong clock, counts by the scans alone), and nobody holds a
 * lock on it.
 *
 * A file leaves in this order: the reasons go to a temporary name, are synced
 * and renamed; then the file itself is renamed, never over another. A crash in between leaves the
 * file where it was: it is read again, equal figures cost nothing, and the reasons are written
 * anew.
 */
#include "collectors/drop_files.h"

#include "base/alloc.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SCAN_ARENA_BYTES = 32 << 20,
	READ_BYTES = 256 << 10,
	TRIES_MAX = 10000, /* NAME, NAME.1, NAME.2 … */
	FILE_NAME_BYTES = 256,
};

static const char reasons_suffix[] = ".reasons.txt";
static const char *const places[] = { "accepted", "rejected" };

void drop_folder_init(struct drop_folder *d, const char *path, const char *pattern,
		      int64_t settle_ms)
{
	*d = (struct drop_folder){ .path = path, .pattern = pattern, .settle_ms = settle_ms };
	arena_init(&d->arenas[0], SCAN_ARENA_BYTES);
	arena_init(&d->arenas[1], SCAN_ARENA_BYTES);
	map_init(&d->by_name);
}

void drop_folder_release(struct drop_folder *d)
{
	map_release(&d->by_name);
	arena_release(&d->arenas[0]);
	arena_release(&d->arenas[1]);
}

/* --- which files count ------------------------------------------------------------- */

/* What office programs, browsers and copying tools call a file they are not done with. */
bool drop_name_counts(const char *name, const char *pattern)
{
	static const char *const unfinished[] = { ".tmp",        ".part", ".partial",
						  ".crdownload", ".swp",  "~" };
	size_t n = strlen(name);

	if (name[0] == '.' || !strncmp(name, "~$", 2))
		return false;
	for (size_t i = 0; i < sizeof(unfinished) / sizeof(*unfinished); i++) {
		size_t k = strlen(unfinished[i]);

		if (n >= k && !strcasecmp(name + n - k, unfinished[i]))
			return false;
	}
	return !pattern || fnmatch(pattern, name, 0) == 0;
}

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool as_before(const struct stat *st, const struct drop_entry *f)
{
	/* No inode: some network file systems make one up at each look. */
	return S_ISREG(st->st_mode) && st->st_size == f->size && mtime_ns(st) == f->mtime_ns;
}

/* --- scan ---------------------------------------------------------------------------- */

struct scan {
	struct drop_folder *d;
	int64_t now_ms, mono_ms;
	struct arena *a;
	struct map seen; /* the new by_name */
	const struct drop_entry **complete;
	size_t n, cap;
};

static bool is_complete(const struct scan *s, const struct drop_entry *f)
{
	int64_t age = s->now_ms - f->mtime_ns / 1000000;

	return s->mono_ms - f->since_mono_ms >= s->d->settle_ms &&
	       (age < 0 || age >= s->d->settle_ms);
}

static int scan_add(struct scan *s, const char *name, const struct stat *st, struct err *e)
{
	const struct drop_entry *before = map_get(&s->d->by_name, slice_str(name));
	struct drop_entry *f = arena_new(s->a, struct drop_entry);
	bool again = before && as_before(st, before);

	if (!f || !(f->name = arena_strdup(s->a, name)))
		return err_set(e, ERR_MEMORY, "not enough memory for the list of files");
	f->size = st->st_size;
	f->mtime_ns = mtime_ns(st);
	f->since_mono_ms = again ? before->since_mono_ms : s->mono_ms;
	if (map_put(&s->seen, slice_str(f->name), f, e) < 0)
		return -1;
	if (!again || !is_complete(s, f))
		return 0;
	s->complete = arena_grow(s->a, s->complete, s->n, &s->cap, s->n + 1, sizeof(*s->complete));
	if (!s->complete)
		return err_set(e, ERR_MEMORY, "not enough memory for the list of files");
	s->complete[s->n++] = f;
	return 0;
}

static int by_age(const void *pa, const void *pb)
{
	const struct drop_entry *a = *(const struct drop_entry *const *)pa;
	const struct drop_entry *b = *(const struct drop_entry *const *)pb;

	if (a->mtime_ns != b->mtime_ns)
		return a->mtime_ns < b->mtime_ns ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int scan_entries(struct scan *s, DIR *dir, struct err *e)
{
	struct dirent *entry;
	struct stat st;

	while (errno = 0, (entry = readdir(dir))) {
		if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
			continue;
		if (!drop_name_counts(entry->d_name, s->d->pattern) ||
		    s->seen.n >= DROP_ENTRIES_MAX)
			continue;
		/* It may have gone since, or be something else than it was. */
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (scan_add(s, entry->d_name, &st, e) < 0)
			return -1;
	}
	if (errno)
		return err_sys(e, errno, "drop folder %s cannot be read", s->d->path);
	return 0;
}

static int not_writable(const struct drop_folder *d, const char *what, int errnum, struct err *e)
{
	return err_sys(e, errnum,
		       "drop folder %s%s%s is not writable, so no file is taken (it could not be "
		       "moved away)",
		       d->path, *what ? "/" : "", what);
}

/* A file that could not be moved away would be taken for ever, so nothing is taken. */
static int check_writable(const struct drop_folder *d, int fd, struct err *e)
{
	struct stat st;

	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return not_writable(d, "", errno, e);
	for (int i = 0; i < 2; i++) {
		if (mkdirat(fd, places[i], 0777) < 0 && errno != EEXIST)
			return not_writable(d, places[i], errno, e);
		if (fstatat(fd, places[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return not_writable(d, places[i], errno, e);
		if (!S_ISDIR(st.st_mode))
			return err_set(e, ERR_IO,
				       "drop folder %s: %s is in the way, it is no folder", d->path,
				       places[i]);
		if (faccessat(fd, places[i], W_OK | X_OK, AT_EACCESS) < 0)
			return not_writable(d, places[i], errno, e);
	}
	return 0;
}

static void scan_take(struct scan *s)
{
	struct drop_folder *d = s->d;

	if (s->n)
		qsort(s->complete, s->n, sizeof(*s->complete), by_age);
	d->nready = s->n < DROP_FILES_MAX ? s->n : DROP_FILES_MAX;
	for (size_t i = 0; i < d->nready; i++)
		d->ready[i] = s->complete[i];
	map_release(&d->by_name);
	d->by_name = s->seen;
	d->turn = !d->turn;
}

int drop_folder_scan(struct drop_folder *d, int64_t now_ms, int64_t mono_ms, struct err *e)
{
	struct scan s = { .d = d, .now_ms = now_ms, .mono_ms = mono_ms };
	DIR *dir = opendir(d->path);
	int rc;

	d->nready = 0;
	if (!dir)
		return err_sys(e, errno, "drop folder %s", d->path);
	s.a = &d->arenas[!d->turn];
	arena_release(s.a);
	arena_init(s.a, SCAN_ARENA_BYTES);
	map_init(&s.seen);
	rc = check_writable(d, dirfd(dir), e);
	if (rc == 0)
		rc = scan_entries(&s, dir, e);
	closedir(dir);
	if (rc < 0)
		map_release(&s.seen);
	else
		scan_take(&s);
	return rc;
}

/* --- reading one -------------------------------------------------------------------------- */

static int open_folder(const struct drop_folder *d, struct err *e)
{
	int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err_sys(e, errno, "drop folder %s", d->path);
	return fd;
}

static enum drop_took cannot_open(const struct drop_entry *f, int errnum, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (errnum == ENOENT)
		return DROP_GONE;
	if (errnum == ELOOP)
		return DROP_LATER; /* a link has taken its place; links are not followed */
	err_sys(e, errnum, "file %s cannot be read", text_shown(slice_str(f->name), shown));
	return errnum == EACCES || errnum == EPERM ? DROP_REFUSE : DROP_LATER;
}

/* Another program is at work on it. Where a file system knows no locks (or, as NFS, wants the
 * file open for writing) size and time have to do. */
static bool is_locked(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static enum drop_took read_all(int fd, const struct drop_entry *f, struct buf *body, struct err *e)
{
	size_t most = (size_t)f->size + 1; /* one more shows that it grew */
	struct stat st;
	ssize_t got = 1;

	buf_init(body, most);
	while (body->n < most && got != 0) {
		size_t step = most - body->n < READ_BYTES ? most - body->n : READ_BYTES;
		char *room = buf_room(body, step);

		if (!room) {
			buf_check(body, e);
			return DROP_LATER;
		}
		got = read(fd, room, step);
		if (got < 0 && errno != EINTR) {
			err_sys(e, errno, "reading %s", f->name);
			return DROP_LATER;
		}
		if (got > 0)
			buf_added(body, (size_t)got);
	}
	if (fstat(fd, &st) < 0 || !as_before(&st, f) || (int64_t)body->n != f->size)
		return DROP_LATER;
	return DROP_TAKEN;
}

static enum drop_took read_open(int fd, const struct drop_entry *f, size_t limit, struct buf *body,
				struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !as_before(&st, f) || is_locked(fd))
		return DROP_LATER;
	if (f->size == 0) {
		err_set(e, ERR_INVALID, "the file is empty");
		return DROP_REFUSE;
	}
	if ((uint64_t)f->size > limit) {
		err_set(e, ERR_LIMIT, "the file has %lld bytes, more than the %zu of body_limit",
			(long long)f->size, limit);
		return DROP_REFUSE;
	}
	return read_all(fd, f, body, e);
}

enum drop_took drop_file_read(const struct drop_folder *d, const struct drop_entry *f, size_t limit,
			      int *fd, struct buf *body, struct err *e)
{
	int dir = open_folder(d, e);
	enum drop_took took;

	*fd = -1;
	buf_init(body, 0);
	if (dir < 0)
		return DROP_LATER;
	e->code = ERR_NONE;
	/* O_NONBLOCK: a pipe that has taken the file's place must not hold us. */
	*fd = openat(dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		took = cannot_open(f, errno, e);
	else
		took = read_open(*fd, f, limit, body, e);
	close(dir);
	if (took != DROP_TAKEN) {
		buf_release(body);
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
	return took;
}

/* --- moving it away ------------------------------------------------------------------------ */

struct move {
	const struct drop_folder *d;
	const struct drop_entry *f;
	int from, to; /* folders */
	const char *place;
	struct slice reasons;
};

/* NAME, NAME.1, NAME.2 …, cut so that the reasons' name fits a file system, too. */
static void candidate(const struct move *m, int k, char name[FILE_NAME_BYTES],
		      char reasons[FILE_NAME_BYTES])
{
	char number[16] = "";
	struct slice stem;

	if (k)
		snprintf(number, sizeof(number), ".%d", k);
	/* A name that is as long as it may be keeps it as long as nothing is added. */
	stem = slice_cut(slice_str(m->f->name), FILE_NAME_BYTES - 1 - strlen(number));
	snprintf(name, FILE_NAME_BYTES, "%.*s%s", SLICE_FMT(stem), number);
	stem = slice_cut(slice_str(m->f->name),
			 FILE_NAME_BYTES - sizeof(reasons_suffix) - strlen(number));
	snprintf(reasons, FILE_NAME_BYTES, "%.*s%s%s", SLICE_FMT(stem), number, reasons_suffix);
}

static bool exists(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static int write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t put = write(fd, s.p, s.n);

		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0)
			s = slice_skip(s, (size_t)put);
	}
	return 0;
}

/* Under the temporary name; a reader of the folder never sees half of it. */
static int reasons_write(const struct move *m, const char *tmp, struct err *e)
{
	int fd = openat(m->to, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	int failed = 0;

	if (fd < 0)
		return err_sys(e, errno, "reasons in %s/%s", m->d->path, m->place);
	if (write_all(fd, m->reasons) < 0 || fsync(fd) < 0)
		failed = errno;
	if (close(fd) < 0 && !failed)
		failed = errno;
	if (!failed)
		return 0;
	unlinkat(m->to, tmp, 0);
	return err_sys(e, failed, "reasons in %s/%s", m->d->path, m->place);
}

/* Never over another file. File systems without RENAME_NOREPLACE (some network shares) get a look
 * first; nobody else is expected to put files there. */
static int rename_aside(int from, const char *a, int to, const char *b)
{
	if (renameat2(from, a, to, b, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	if (exists(to, b)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from, a, to, b);
}

static bool is_as_read(int dir, const char *name, const struct drop_entry *f)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && as_before(&st, f);
}

/* 1: this name is taken. 0: done. */
static int move_as(const struct move *m, int k, const char *tmp, struct err *e)
{
	char name[FILE_NAME_BYTES], reasons[FILE_NAME_BYTES];

	candidate(m, k, name, reasons);
	/* Reasons without their file are left from a move that did not end; with reasons of
	 * our own they are replaced, without they would be taken for this file's. */
	if (exists(m->to, name) || (!m->reasons.n && exists(m->to, reasons)))
		return 1;
	if (m->reasons.n && renameat(m->to, tmp, m->to, reasons) < 0)
		return err_sys(e, errno, "reasons in %s/%s", m->d->path, m->place);
	if (rename_aside(m->from, m->f->name, m->to, name) < 0) {
		int errnum = errno;

		/* Back to the temporary name: another may be free. */
		if (m->reasons.n)
			renameat(m->to, reasons, m->to, tmp);
		if (errnum == EEXIST)
			return 1;
		if (errnum == ENOENT)
			return 0; /* somebody took it away meanwhile */
		return err_sys(e, errnum, "file %s cannot be moved to %s/%s", m->f->name,
			       m->d->path, m->place);
	}
	/* A newer file came under the name in the last moment: it has not been read. */
	if (!is_as_read(m->to, name, m->f))
		rename_aside(m->to, name, m->from, m->f->name);
	return 0;
}

static int move_into(const struct move *m, struct err *e)
{
	struct slice stem = slice_cut(slice_str(m->f->name), FILE_NAME_BYTES - sizeof("..tmp"));
	char tmp[FILE_NAME_BYTES];
	int rc = 1;

	/* The file's name is in it: two feeds may share a folder, each with its pattern. */
	snprintf(tmp, sizeof(tmp), ".%.*s.tmp", SLICE_FMT(stem));

	if (m->reasons.n && reasons_write(m, tmp, e) < 0)
		return -1;
	for (int k = 0; rc == 1 && k < TRIES_MAX; k++)
		rc = move_as(m, k, tmp, e);
	if (m->reasons.n)
		unlinkat(m->to, tmp, 0);
	if (rc == 1)
		return err_set(e, ERR_LIMIT, "%s/%s has %d files of the name %s already",
			       m->d->path, m->place, TRIES_MAX, m->f->name);
	return rc;
}

int drop_file_move(const struct drop_folder *d, const struct drop_entry *f, enum drop_place place,
		   struct slice reasons, struct err *e)
{
	struct move m = { .d = d, .f = f, .to = -1, .place = places[place], .reasons = reasons };
	int rc = -1;

	m.from = open_folder(d, e);
	if (m.from < 0)
		return -1;
	/* O_NOFOLLOW: a link would let who may write here move files anywhere. */
	m.to = openat(m.from, m.place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m.to < 0)
		err_sys(e, errno, "drop folder %s/%s", d->path, m.place);
	else if (!is_as_read(m.from, f->name, f))
		rc = 0; /* replaced or taken away; what is there now is looked at later */
	else
		rc = move_into(&m, e);
	if (m.to >= 0)
		close(m.to);
	close(m.from);
	return rc;
}
