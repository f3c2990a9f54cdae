/*
 * drop_files.c - see drop_files.h.
 *
 * A file is complete when two scans at least `settle` apart found the same size
 * and time of change, that time is `settle` old (one that lies in the future, from a
 * machine with a wrong clock, counts by the scans alone), and nobody holds a
 * lock on it.
 *
 * It is read into a buffer of ours rather than mapped: whoever wrote it may cut it short at any
 * time, and a mapping would then end the process.
 *
 * A file leaves in this order: the reasons go to a temporary name, are synced
 * and renamed; then the file itself is renamed, never over another. A crash in between leaves the
 * file where it was: it is read again, equal figures cost nothing, and the reasons are written
 * anew.
 */
#include "collectors/drop_files.h"

#include "base/alloc.h"
#include "base/file.h"
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
	STUCK_REASONS_BYTES = 1 << 10, /* of so many files as are looked at */
	READ_BYTES = 256 << 10,
	TRIES_MAX = 10000, /* NAME, NAME.1, NAME.2 … */
	FILE_NAME_BYTES = 256,
	FORGET_MS = 7 * 86400 * 1000, /* for so long a file may be missing */
};

static const char reasons_suffix[] = ".reasons.txt";
static const char *const places[] = { "accepted", "rejected" };

void drop_folder_init(struct drop_folder *d)
{
	drop_state_init(&d->state, d->path);
	arena_init(&d->arenas[0], SCAN_ARENA_BYTES);
	arena_init(&d->arenas[1], SCAN_ARENA_BYTES);
	map_init(&d->by_name);
}

void drop_folder_release(struct drop_folder *d)
{
	map_release(&d->by_name);
	drop_state_release(&d->state);
	arena_release(&d->arenas[0]);
	arena_release(&d->arenas[1]);
}

/* --- which files count ------------------------------------------------------------- */

/* What file managers leave in every folder; theirs that begin with '.' are passed over anyway. */
static bool is_of_file_manager(const char *name)
{
	static const char *const names[] = { "Thumbs.db", "ehthumbs.db", "desktop.ini" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return false;
}

/* What office programs, browsers and copying tools call a file they are not done with. */
bool drop_name_counts(const char *name, const char *pattern)
{
	static const char *const unfinished[] = { ".tmp",      ".part", ".partial", ".crdownload",
						  ".filepart", ".swp",  "~" };
	size_t n = strlen(name);

	if (name[0] == '.' || !strncmp(name, "~$", 2) || is_of_file_manager(name))
		return false;
	for (size_t i = 0; i < sizeof(unfinished) / sizeof(*unfinished); i++) {
		size_t k = strlen(unfinished[i]);

		if (n >= k && !strcasecmp(name + n - k, unfinished[i]))
			return false;
	}
	return !pattern || fnmatch(pattern, name, 0) == 0;
}

static int64_t in_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t mtime_ns(const struct stat *st)
{
	return in_ns(st->st_mtim);
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

static int64_t settle_of(const struct drop_folder *d)
{
	return d->keeping && d->settle_ms < DROP_KEEP_SETTLE_MS ? DROP_KEEP_SETTLE_MS
								: d->settle_ms;
}

static bool is_complete(const struct scan *s, const struct drop_entry *f)
{
	int64_t age = s->now_ms - f->mtime_ns / 1000000, settle = settle_of(s->d);

	return s->mono_ms - f->since_mono_ms >= settle && (age < 0 || age >= settle);
}

/* What is known of the file as it is now, or NULL. */
static const struct drop_known *known_as(struct drop_folder *d, const struct drop_entry *f)
{
	struct drop_known *k = drop_state_find(&d->state, f->name);

	if (!k)
		return NULL;
	k->seen = true;
	k->missing_mono_ms = 0;
	return k->stamp.size == f->size && k->stamp.mtime_ns == f->mtime_ns &&
			       k->stamp.ctime_ns == f->ctime_ns
		       ? k
		       : NULL;
}

/* With as many lines of its reasons as there is room for. */
static void note_stuck(struct arena *a, struct drop_entry *f, enum drop_place place,
		       struct slice reasons)
{
	if (reasons.n > STUCK_REASONS_BYTES)
		for (reasons.n = STUCK_REASONS_BYTES;
		     reasons.n && reasons.p[reasons.n - 1] != '\n';)
			reasons.n--;
	f->stuck = true;
	f->place = place;
	f->reasons.p = arena_strndup(a, reasons.p ? reasons.p : "", reasons.n);
	f->reasons.n = f->reasons.p ? reasons.n : 0;
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
	f->ctime_ns = in_ns(st->st_ctim);
	f->known = known_as(s->d, f);
	f->since_mono_ms = again ? before->since_mono_ms : s->mono_ms;
	if (again && before->stuck && !s->d->keeping)
		note_stuck(s->a, f, before->place, before->reasons);
	if (map_put(&s->seen, slice_str(f->name), f, e) < 0)
		return -1;
	if ((s->d->keeping && f->known) || !again || !is_complete(s, f))
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

	/* What only has to be moved holds nothing up. */
	if (a->stuck != b->stuck)
		return a->stuck - b->stuck;
	if (a->mtime_ns != b->mtime_ns)
		return a->mtime_ns < b->mtime_ns ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* One file that the server says nothing of does not hold up the others. */
static void not_seen(struct scan *s, const char *name, int errnum)
{
	char shown[TEXT_SHOWN];

	if (errnum != ENOENT && s->d->trouble.code == ERR_NONE)
		err_sys(&s->d->trouble, errnum, "file %s of drop folder %s cannot be looked at",
			text_shown(slice_str(name), shown), s->d->path);
}

static int scan_entries(struct scan *s, DIR *dir, struct err *e)
{
	struct dirent *entry;
	struct stat st;

	while (errno = 0, (entry = readdir(dir))) {
		if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
			continue;
		if (!drop_name_counts(entry->d_name, s->d->pattern))
			continue;
		if (s->seen.n >= DROP_ENTRIES_MAX) {
			s->d->beyond++;
			continue;
		}
		/* It may have gone since, or be something else than it was. */
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			not_seen(s, entry->d_name, errno);
			continue;
		}
		if (!S_ISREG(st.st_mode))
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
	err_sys(e, errnum, "drop folder %s%s%s is not writable", d->path, *what ? "/" : "", what);
	errno = errnum;
	return -1;
}

/* Whether files can be moved away; with -1 errno says why not, 0 when it is not the system. */
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
		errno = 0;
		if (!S_ISDIR(st.st_mode))
			return err_set(e, ERR_IO,
				       "drop folder %s: %s is in the way, it is no folder", d->path,
				       places[i]);
		if (faccessat(fd, places[i], W_OK | X_OK, AT_EACCESS) < 0)
			return not_writable(d, places[i], errno, e);
	}
	return 0;
}

static bool is_denied(int errnum)
{
	return errnum == EROFS || errnum == EACCES || errnum == EPERM;
}

/* Whether files are moved or kept. */
static int choose_keeping(struct drop_folder *d, int fd, struct err *e)
{
	d->keeping = d->keep == KEEP_ALWAYS || d->denied;
	if (d->keeping)
		return 0;
	d->why = (struct err){ 0 };
	if (check_writable(d, fd, e) == 0)
		return 0;
	/* A file that could not be moved away would be taken for ever. */
	if (d->keep == KEEP_NEVER || !d->state_dir || !is_denied(errno))
		return err_wrap(e, "no file is taken, for it could not be moved away");
	d->keeping = true;
	d->why = *e;
	*e = (struct err){ 0 };
	return 0;
}

/* A server may show a folder without its files for a while, and where a share is not mounted there
 * is an empty one: what is missing is forgotten only when others have been there for long. */
static int forget_missing(const struct scan *s, struct err *e)
{
	struct drop_state *state = &s->d->state;
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&state->known, &i));) {
		struct drop_known *k = m->value;

		if (!k->seen && (!k->missing_mono_ms || !s->seen.n))
			k->missing_mono_ms = s->mono_ms ? s->mono_ms : 1;
		k->seen = false;
	}
	drop_state_forget_missing(state, s->mono_ms - FORGET_MS);
	return drop_state_tidy(state, e);
}

static void scan_take(struct scan *s)
{
	struct drop_folder *d = s->d;

	d->nfiles = s->seen.n;
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
	struct err tidy;
	int rc;

	d->nready = d->beyond = d->damaged = 0;
	d->trouble = (struct err){ 0 };
	if (!dir)
		return err_sys(e, errno, "drop folder %s", d->path);
	s.a = &d->arenas[!d->turn];
	arena_release(s.a);
	arena_init(s.a, SCAN_ARENA_BYTES);
	map_init(&s.seen);
	rc = choose_keeping(d, dirfd(dir), e);
	if (rc == 0 && d->state_dir)
		rc = drop_state_open(&d->state, d->state_dir, d->feed, &d->damaged, e);
	if (rc == 0)
		rc = scan_entries(&s, dir, e);
	closedir(dir);
	if (rc == 0 && forget_missing(&s, &tidy) < 0 && d->trouble.code == ERR_NONE)
		d->trouble = tidy;
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

/* How a server says that another machine has the file open for itself. */
static bool is_shared_out(int errnum)
{
	return errnum == EBUSY || errnum == ETXTBSY || errnum == EAGAIN;
}

/* A file that stays may be permitted later without a change of its own. */
static enum drop_took cannot_open(const struct drop_folder *d, const struct drop_entry *f,
				  int errnum, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (errnum == ENOENT)
		return DROP_GONE;
	if (errnum == ELOOP || is_shared_out(errnum))
		return DROP_LATER; /* ELOOP: a link has taken its place; links are not followed */
	err_sys(e, errnum, "file %s cannot be read", text_shown(slice_str(f->name), shown));
	return !d->keeping && (errnum == EACCES || errnum == EPERM) ? DROP_REFUSE : DROP_LATER;
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

	buf_init_large(body, most);
	while (body->n < most && got != 0) {
		size_t step = most - body->n < READ_BYTES ? most - body->n : READ_BYTES;
		char *room = buf_room(body, step);

		if (!room) {
			buf_check(body, e);
			return DROP_LATER;
		}
		got = read(fd, room, step);
		if (got < 0 && errno != EINTR) {
			if (!is_shared_out(errno))
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
			      struct buf *body, struct err *e)
{
	int dir = open_folder(d, e), fd;
	enum drop_took took;

	buf_init(body, 0);
	if (dir < 0)
		return DROP_LATER;
	e->code = ERR_NONE;
	/* O_NONBLOCK: a pipe that has taken the file's place must not hold us. */
	fd = openat(dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	took = fd < 0 ? cannot_open(d, f, errno, e) : read_open(fd, f, limit, body, e);
	if (fd >= 0)
		close(fd);
	close(dir);
	if (took != DROP_TAKEN)
		buf_release(body);
	return took;
}

/* --- keeping it where it is ---------------------------------------------------------------- */

int drop_file_record(struct drop_folder *d, const struct drop_entry *f, struct drop_known *k,
		     struct err *e)
{
	k->name = f->name;
	k->stamp = (struct drop_stamp){ f->size, f->mtime_ns, f->ctime_ns };
	return drop_state_put(&d->state, k, e);
}

/* --- when it cannot be moved yet ----------------------------------------------------------- */

void drop_file_stuck(struct drop_folder *d, const struct drop_entry *f, enum drop_place place,
		     struct slice reasons)
{
	struct drop_entry *own = map_get(&d->by_name, slice_str(f->name));

	if (own && !own->stuck)
		note_stuck(&d->arenas[d->turn], own, place, reasons);
}

/* --- moving it away ------------------------------------------------------------------------ */

struct move {
	const struct drop_folder *d;
	const struct drop_entry *f;
	int from, to; /* folders */
	const char *place;
	struct slice reasons;
	int *errnum; /* why it failed, when the system said so */
};

static int move_failed(const struct move *m, int errnum, const char *what, struct err *e)
{
	*m->errnum = errnum;
	return err_sys(e, errnum, "%s %s/%s", what, m->d->path, m->place);
}

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

/* Under the temporary name; a reader of the folder never sees half of it. */
static int reasons_write(const struct move *m, const char *tmp, struct err *e)
{
	int fd = openat(m->to, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	int failed = 0;

	if (fd < 0)
		return move_failed(m, errno, "reasons in", e);
	if (file_write_all(fd, m->reasons) < 0 || fsync(fd) < 0)
		failed = errno;
	if (close(fd) < 0 && !failed)
		failed = errno;
	if (!failed)
		return 0;
	unlinkat(m->to, tmp, 0);
	return move_failed(m, failed, "reasons in", e);
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
		return move_failed(m, errno, "reasons in", e);
	if (rename_aside(m->from, m->f->name, m->to, name) < 0) {
		int errnum = errno;

		/* Back to the temporary name: another may be free. */
		if (m->reasons.n)
			renameat(m->to, reasons, m->to, tmp);
		if (errnum == EEXIST)
			return 1;
		if (errnum == ENOENT)
			return 0; /* somebody took it away meanwhile */
		move_failed(m, errnum, "cannot be moved to", e);
		return err_wrap(e, "file %s", m->f->name);
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

int drop_file_move(struct drop_folder *d, const struct drop_entry *f, enum drop_place place,
		   struct slice reasons, struct err *e)
{
	int rc = -1, errnum = 0;
	struct move m = { .d = d,
			  .f = f,
			  .to = -1,
			  .place = places[place],
			  .reasons = reasons,
			  .errnum = &errnum };

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
	if (rc < 0 && is_denied(errnum) && d->keep == KEEP_AUTO && d->state_dir) {
		d->denied = true;
		d->keeping = true;
		d->why = *e;
	}
	if (m.to >= 0)
		close(m.to);
	close(m.from);
	return rc;
}
