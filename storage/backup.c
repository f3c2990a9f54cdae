/*
 * backup.c - store_backup(), see backup.h.
 *
 *   hold      the log files, then the runs, are opened: what the daemon removes from now on stays
 *             readable until they are closed. Of each log file its length now is noted
 *   copy      data.mdb, out of one transaction that begins after that
 *   copy      what is held
 *   check     the copy, as `parkwatch check store` does
 *   seal      manifest, sync, rename
 *
 * Why all that was acknowledged is in it: samples go from the log to a run, which has its name
 * before the log file is removed, and from there to LMDB, which has committed before the run is
 * removed. Looking in the same order, a file that has gone since is covered by what is looked at
 * later. Figures are in LMDB. What lies in two places (a log file and its run, a run and its
 * partition) is dropped when the store is opened, as after a crash.
 *
 * A log file is copied as long as it was when it was held, although it may have grown since: so no
 * request is in it whose figures are not in the transaction. Its head is kept from the moment
 * before that, as it says how much of the file has been durable, and less than that would be
 * damage.
 *
 * LMDB is read by a child, which a damaged page may end.
 */
#include "storage/backup.h"

#include "base/alloc.h"
#include "storage/disk.h"
#include "storage/draft.h"
#include "storage/lockfile.h"
#include "storage/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READERS = 254, PIPE_PIECE = 256 << 10 };

/* A file of the store that stays readable. */
struct held {
	int fd;
	char name[MANIFEST_NAME];
	uint64_t bytes;
	uint8_t head[WAL_HEAD_BYTES]; /* of a log file */
	bool log;
};

struct backup {
	const struct backup_options *o;
	char to[DRAFT_PATH];
	struct draft draft;
	struct held *held;
	size_t nheld, cap;
	int lock_fd; /* nobody has the store open, nor will */
	/* Nobody ever had, or could write it: LMDB is read without its lock table. */
	bool alone;
	bool has_lock_file;
};

static void tell(const struct backup_options *o, enum backup_step step)
{
	if (o->step)
		o->step(o->ctx, step);
}

static bool is_there(const char *dir, const char *name)
{
	char path[DRAFT_PATH];
	struct stat st;

	return path_join(path, dir, name, NULL) == 0 && lstat(path, &st) == 0;
}

/* --- hold ---------------------------------------------------------------------------------- */

static int open_file(const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
	struct rlimit limit;
	int fd = open(path, flags);

	if (fd >= 0 || errno != EMFILE || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fd;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return open(path, flags);
}

/* The head first: no more can have been durable then than is there a moment later. */
static int look_at(struct held *h, const char *path, struct err *e)
{
	ssize_t n = h->log ? pread(h->fd, h->head, sizeof(h->head), 0) : 0;
	struct stat st;

	if (n < 0 || fstat(h->fd, &st) < 0)
		return err_sys(e, errno, "cannot read %s", path);
	h->bytes = (uint64_t)st.st_size;
	if (h->log && n < (ssize_t)sizeof(h->head))
		h->bytes = 0; /* it is being made */
	return 0;
}

static struct held *next_held(struct backup *b, struct err *e)
{
	if (b->nheld == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		struct held *more = mem_realloc(b->held, cap * sizeof(*more));

		if (!more) {
			err_set(e, ERR_MEMORY, "no memory to hold the store's files");
			return NULL;
		}
		b->held = more;
		b->cap = cap;
	}
	return &b->held[b->nheld];
}

static int hold(struct backup *b, const char *name, bool log, struct err *e)
{
	struct held *h = next_held(b, e);
	char path[DRAFT_PATH];

	if (!h || path_join(path, b->o->dir, name, e) < 0)
		return -1;
	*h = (struct held){ .log = log, .fd = open_file(path) };
	if (h->fd < 0 && errno == ENOENT)
		return 0;
	if (h->fd < 0)
		return err_sys(e, errno, "cannot read %s", path);
	snprintf(h->name, sizeof(h->name), "%s", name);
	b->nheld++;
	return look_at(h, path, e);
}

static int hold_numbered(struct backup *b, const char *sub, const char *ending, bool log,
			 struct err *e)
{
	uint64_t *numbers;
	size_t n;
	int rc = 0;

	if (numbered_files(b->o->dir, sub, ending, &numbers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		char name[MANIFEST_NAME];

		if (snprintf(name, sizeof(name), "%s/%08" PRIu64 "%s", sub, numbers[i], ending) <
		    (int)sizeof(name))
			rc = hold(b, name, log, e);
	}
	mem_free(numbers);
	return rc;
}

static int hold_all(struct backup *b, struct err *e)
{
	if (hold(b, "VERSION", false, e) < 0 || hold_numbered(b, "log", ".log", true, e) < 0)
		return -1;
	return hold_numbered(b, "runs", ".run", false, e);
}

/* --- data.mdb -------------------------------------------------------------------------------- */

struct reading {
	pid_t child;
	int data, status; /* what it writes: the database; then how it went */
};

static void read_in_child(const struct backup *b, bool compact, int data, int status)
{
	static const int falls[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
	struct db_options o = { .dir = b->o->dir,
				.mode = b->alone ? DB_READ_ALONE : DB_READ,
				.max_readers = READERS };
	struct err e = { .code = ERR_NONE };
	struct db *db;

	for (size_t i = 0; i < sizeof(falls) / sizeof(falls[0]); i++)
		signal(falls[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	db = db_open(&o, &e);
	if (db)
		db_copy(db, data, compact, &e);
	db_close(db);
	if (write(status, &e, sizeof(e)) != (ssize_t)sizeof(e))
		_exit(1);
	_exit(0);
}

static void close_pair(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static int start_reading(struct backup *b, bool compact, struct reading *r, struct err *e)
{
	int data[2], status[2];

	if (pipe2(data, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot read the store");
	if (pipe2(status, O_CLOEXEC) < 0) {
		err_sys(e, errno, "cannot read the store");
		close_pair(data);
		return -1;
	}
	r->child = fork();
	if (r->child < 0) {
		err_sys(e, errno, "cannot read the store");
		close_pair(data);
		close_pair(status);
		return -1;
	}
	if (r->child == 0) {
		/* Locks last until the last who has inherited them ends. */
		lockfile_release(b->lock_fd);
		close(b->draft.mark_fd);
		close(data[0]);
		close(status[0]);
		read_in_child(b, compact, data[1], status[1]);
	}
	close(data[1]);
	close(status[1]);
	r->data = data[0];
	r->status = status[0];
	return 0;
}

/* With the first bytes the transaction has begun: LMDB's lock table now keeps its pages, and a
 * daemon may start. */
static void reading_began(struct backup *b)
{
	if (!b->alone) {
		lockfile_release(b->lock_fd);
		b->lock_fd = -1;
	}
	tell(b->o, BACKUP_READING);
}

static int take_data(struct backup *b, const struct reading *r, struct draft_file *f, struct err *e)
{
	char *room = mem_alloc(PIPE_PIECE);
	int rc = room ? 0 : err_set(e, ERR_MEMORY, "no memory to copy data.mdb");

	while (rc == 0) {
		ssize_t n = read(r->data, room, PIPE_PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_sys(e, errno, "cannot read the store");
		if (n <= 0)
			break;
		if (f->bytes == 0)
			reading_began(b);
		rc = draft_file_write(f, room, (size_t)n, e);
	}
	mem_free(room);
	return rc;
}

/* How the child ended. */
static int end_reading(const struct reading *r, struct err *e)
{
	struct err why;
	ssize_t n;
	int status = 0;

	close(r->data); /* it ends with the next write, if it has not yet */
	do
		n = read(r->status, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(r->status);
	while (waitpid(r->child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return err_set(e, ERR_IO, "the process that reads data.mdb was killed");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_CORRUPT,
			       "reading data.mdb ended with signal %d: it is damaged or cut off",
			       WTERMSIG(status));
	if (n != (ssize_t)sizeof(why))
		return err_set(e, ERR_IO, "the process that reads data.mdb ended early");
	if (why.code == ERR_NONE)
		return 0;
	*e = why;
	return -1;
}

static int copy_once(struct backup *b, struct draft_file *f, bool compact, struct err *e)
{
	struct err why = { .code = ERR_NONE };
	struct reading r = { .child = -1 };
	int rc;

	if (start_reading(b, compact, &r, e) < 0)
		return -1;
	rc = take_data(b, &r, f, e);
	if (end_reading(&r, &why) < 0 && rc == 0) {
		*e = why;
		rc = -1;
	}
	return rc;
}

/* What LMDB cannot walk through it can still copy page by page; the check then says what it is
 * worth. */
static int copy_database(struct backup *b, struct err *e)
{
	struct draft_file f;
	int rc = draft_file_create(&f, &b->draft, "data.mdb", e);

	if (rc == 0) {
		rc = copy_once(b, &f, true, e);
		if (rc < 0 && e->code == ERR_CORRUPT && draft_file_rewind(&f, e) == 0)
			rc = copy_once(b, &f, false, e);
	}
	if (rc == 0)
		rc = draft_file_finish(&f, e);
	draft_file_abandon(&f);
	/* Without lock.mdb LMDB's pages were ours only as long as nobody wrote. */
	if (rc == 0 && b->alone && b->lock_fd < 0 &&
	    (is_there(b->o->dir, "lock.mdb") ||
	     (!b->has_lock_file && is_there(b->o->dir, "parkwatch.lock"))))
		return err_set(e, ERR_BUSY, "the store in %s was opened meanwhile: try again",
			       b->o->dir);
	return rc;
}

/* --- what is held ------------------------------------------------------------------- */

static int copy_held(struct backup *b, const struct held *h, struct err *e)
{
	uint64_t head = h->log && h->bytes >= sizeof(h->head) ? sizeof(h->head) : 0;
	struct draft_file f;
	int rc = draft_file_create(&f, &b->draft, h->name, e);

	if (rc == 0)
		rc = draft_file_write(&f, h->head, head, e);
	if (rc == 0)
		rc = draft_file_copy(&f, h->fd, head, h->bytes, h->name, e);
	if (rc == 0)
		rc = draft_file_finish(&f, e);
	draft_file_abandon(&f);
	return rc;
}

static int copy_files(struct backup *b, struct err *e)
{
	for (size_t i = 0; i < b->nheld; i++)
		if (copy_held(b, &b->held[i], e) < 0)
			return -1;
	return 0;
}

/* --- check and seal ----------------------------------------------------------------- */

/* What the copy knows of itself: it is sound by now. */
static int read_copy(struct backup *b, struct err *e)
{
	struct db_options o = { .dir = b->draft.path, .mode = DB_READ_ALONE };
	struct db *db = db_open(&o, e);
	struct db_txn *t;
	struct slice value;
	struct state state = { 0 };
	int rc = db ? db_read_begin(db, &t, e) : -1;

	if (rc == 0) {
		rc = db_get(t, DB_META, key_state, &value, e);
		if (rc == 1)
			rc = state_read(value, &state, e);
		else if (rc == 0)
			rc = err_set(e, ERR_CORRUPT, "the store's state record is missing");
		db_read_end(t);
	}
	db_close(db);
	if (rc < 0)
		return -1;
	b->draft.manifest.format = STORE_FORMAT;
	b->draft.manifest.epoch = state.epoch;
	b->draft.manifest.sequence = state.sequence;
	return 0;
}

static int rename_new(const char *from, const char *to, struct err *e)
{
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	/* A file system that cannot do that; it was looked for at the beginning. */
	if (rc < 0 && (errno == EINVAL || errno == ENOSYS))
		rc = rename(from, to);
	return rc < 0 ? err_sys(e, errno, "cannot name %s", to) : 0;
}

static int put_in_place(struct backup *b, struct err *e)
{
	char parent[DRAFT_PATH];

	if (path_parent(parent, b->to, e) < 0 || rename_new(b->draft.path, b->to, e) < 0)
		return -1;
	tell(b->o, BACKUP_MOVED);
	return disk_sync_folder(parent, e);
}

/* --- all of it ---------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int look_at_store(struct backup *b, struct err *e)
{
	const char *dir = b->o->dir;
	struct err why = { .code = ERR_NONE };
	bool marked;

	if (disk_folder_open(dir, false, e) < 0)
		return -1;
	b->has_lock_file = is_there(dir, "parkwatch.lock");
	b->lock_fd = lockfile_take_existing(dir, &why);
	if (b->lock_fd < 0 && why.code != ERR_BUSY && why.code != ERR_NONE) {
		*e = why;
		return -1;
	}
	if (why.code == ERR_BUSY && lockfile_is_ours(dir))
		return err_set(e, ERR_BUSY, "the store in %s is open in this very process", dir);
	b->alone = why.code != ERR_BUSY && (!is_there(dir, "lock.mdb") || disk_is_read_only(dir));
	if (version_check(dir, &marked, e) < 0)
		return -1;
	return marked ? 0 : err_set(e, ERR_NOT_FOUND, "there is no store in %s", dir);
}

static int look_at_target(struct backup *b, struct err *e)
{
	char parent[DRAFT_PATH];
	size_t n = strlen(b->o->to);
	struct stat st;

	while (n > 1 && b->o->to[n - 1] == '/')
		n--;
	if (n == 0 || snprintf(b->to, sizeof(b->to), "%.*s", (int)n, b->o->to) >= DRAFT_PATH)
		return err_set(e, ERR_INVALID, "'%s' is no name for a backup", b->o->to);
	if (lstat(b->to, &st) == 0)
		return err_set(e, ERR_EXISTS, "%s is there already: name a folder that is not",
			       b->to);
	if (errno != ENOENT)
		return err_sys(e, errno, "cannot look at %s", b->to);
	if (path_parent(parent, b->to, e) < 0)
		return -1;
	return disk_folder_open(parent, false, e);
}

static int open_draft(struct backup *b, struct err *e)
{
	char path[DRAFT_PATH];

	if (snprintf(path, sizeof(path), "%s.unfinished", b->to) >= DRAFT_PATH)
		return err_set(e, ERR_LIMIT, "the path of the backup is too long");
	if (draft_open(&b->draft, path, b->o->rate, e) < 0)
		return -1;
	b->draft.beside = b->o->dir;
	b->draft.manifest.made_ms = now_ms();
	tell(b->o, BACKUP_BEGUN);
	return 0;
}

static int fill(struct backup *b, struct err *e)
{
	if (hold_all(b, e) < 0)
		return -1;
	tell(b->o, BACKUP_HELD);
	if (copy_database(b, e) < 0)
		return -1;
	tell(b->o, BACKUP_DATABASE);
	if (copy_files(b, e) < 0)
		return -1;
	tell(b->o, BACKUP_COPIED);
	if (draft_check(&b->draft, e) < 0)
		return err_wrap(e, "the store in %s", b->o->dir);
	if (read_copy(b, e) < 0)
		return -1;
	tell(b->o, BACKUP_CHECKED);
	if (draft_finish(&b->draft, e) < 0)
		return -1;
	tell(b->o, BACKUP_SEALED);
	return put_in_place(b, e);
}

static void fill_result(const struct draft *d, struct backup_result *out)
{
	if (out)
		*out = (struct backup_result){ .files = d->manifest.n,
					       .bytes = d->bytes,
					       .made_ms = d->manifest.made_ms,
					       .sequence = d->manifest.sequence };
}

int store_backup(const struct backup_options *o, struct backup_result *out, struct err *e)
{
	struct backup b = { .o = o, .lock_fd = -1, .draft = { .mark_fd = -1 } };
	int rc = -1;

	if (look_at_target(&b, e) == 0 && look_at_store(&b, e) == 0 && open_draft(&b, e) == 0)
		rc = fill(&b, e);
	for (size_t i = 0; i < b.nheld; i++)
		close(b.held[i].fd);
	mem_free(b.held);
	lockfile_release(b.lock_fd);
	if (rc == 0)
		fill_result(&b.draft, out);
	if (rc < 0)
		draft_abandon(&b.draft);
	else
		draft_close(&b.draft);
	return rc;
}
