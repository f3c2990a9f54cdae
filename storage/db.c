/*
 * db.c - see db.h.
 *
 * What has to be worked around in LMDB 0.9.24:
 *
 *   - mdb_env_set_mapsize() with a live reader reports success and moves the map
 *     under it; when its mmap fails there is no map left. So readers are counted
 *     here, growing waits until there are none, and the address space is tried
 *     first with a mapping of our own.
 *   - A full disk is a short write, which it reports as EIO. So after EIO the disk
 *     is asked: statvfs, RLIMIT_FSIZE, a small probe file (quotas).
 *   - After a failed write the file keeps the pages that no transaction owns; they are
 *     cut off so that the disk has its room back.
 *   - It maps the file without looking at its length: reading past the end is
 *     SIGBUS. A file that is too short is checked against the list of free pages
 *     (pages at the end that were taken and given back in one transaction may never
 *     have been written, that is no damage).
 *   - It maps lock.mdb without room for it on the disk: using a page of it for the first
 *     time is SIGBUS when the disk is full. So the room is taken before.
 *   - What a writer that was killed had committed is not told to who reads next (settle()).
 *   - 0.9.26 to 0.9.31 have races around the robust mutex (ITS#9278, ITS#10095).
 */
#include "storage/db.h"

#include "base/alloc.h"
#include "base/log.h"
#include "storage/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct db {
	MDB_env *env;
	MDB_dbi dbi[DB_TABLES];
	bool has[DB_TABLES];
	enum db_mode mode;
	char *dir;
	uint64_t map_bytes;
	unsigned page_bytes;
	enum db_fault fault; /* the writer's thread only */

	pthread_mutex_t lock; /* the fields below, and map_bytes */
	pthread_cond_t calm;  /* readers became 0, or growing ended */
	unsigned readers;
	bool growing;
};

struct db_txn {
	MDB_txn *t;
	struct db *db;
	bool write;
	atomic_uint refs; /* of one that reads */
};

struct db_cursor {
	MDB_cursor *c; /* NULL: of a table that is not there */
	struct db *db;
};

enum { SPARE_READERS = 16, MIN_MAP_MIB = 1, READER_SLOT_BYTES = 64, LOCK_HEAD_BYTES = 4096 };

static const char *const table_names[DB_TABLES] = { "meta",     "parts",         "partitions",
						    "segments", "fresh",         "submissions",
						    "metadata", "ledger",        "originals",
						    "findings", "finding_cells", "refused" };

const char *db_table_name(enum db_table table)
{
	return table_names[table];
}

bool db_version_usable(int major, int minor, int patch, const char **why)
{
	*why = NULL;
	if (major != 0 || minor != 9)
		*why = "only the 0.9 line of LMDB has been proven with this store";
	else if (patch < 24)
		*why = "LMDB before 0.9.24 is too old";
	else if (patch >= 26 && patch <= 31)
		*why = "LMDB 0.9.26 to 0.9.31 have races in their locking (ITS#10095)";
	return !*why;
}

/* --- errors ------------------------------------------------------------------ */

static uint64_t file_bytes(const struct db *db)
{
	struct stat st;
	int fd;

	if (mdb_env_get_fd(db->env, &fd) != 0 || fstat(fd, &st) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

static int say_full(struct db *db, struct err *e)
{
	db->fault = DB_FAULT_DISK_FULL;
	return err_set(e, ERR_FULL, "no space left on the disk of %s", db->dir);
}

/* Turns a code of LMDB into an error, and into what the writer should do. */
static int fail(struct db *db, int rc, struct err *e, const char *what)
{
	db->fault = DB_FAULT_OTHER;
	switch (rc) {
	case MDB_MAP_FULL:
		db->fault = DB_FAULT_MAP_FULL;
		return err_set(e, ERR_FULL, "%s: the map of %" PRIu64 " MiB is full", what,
			       db->map_bytes >> 20);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return say_full(db, e);
	case MDB_TXN_FULL:
		return err_set(e, ERR_LIMIT, "%s: too much for one transaction", what);
	case MDB_READERS_FULL:
		return err_set(e, ERR_LIMIT, "%s: all reader slots are taken", what);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case MDB_CURSOR_FULL:
		return err_set(e, ERR_CORRUPT, "%s: data.mdb is damaged: %s", what,
			       mdb_strerror(rc));
	case ENOMEM:
		return err_set(e, ERR_MEMORY, "%s: out of memory", what);
	case EIO:
		if (disk_is_full(db->dir, file_bytes(db)))
			return say_full(db, e);
		break;
	default:
		break;
	}
	db->fault = DB_FAULT_FAILED;
	return err_set(e, ERR_IO, "%s: %s", what, mdb_strerror(rc));
}

/* Reading never decides whether the store may go on writing. */
static int fail_read(struct db *db, int rc, struct err *e, const char *what)
{
	if (rc == MDB_READERS_FULL)
		return err_set(e, ERR_LIMIT, "%s: all reader slots are taken", what);
	if (rc == ENOMEM)
		return err_set(e, ERR_MEMORY, "%s: out of memory", what);
	if (rc == ENOSPC || rc == EDQUOT)
		return err_set(e, ERR_FULL, "%s: no space left on the disk of %s", what, db->dir);
	if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID ||
	    rc == MDB_VERSION_MISMATCH || rc == MDB_CURSOR_FULL || rc == MDB_INCOMPATIBLE)
		return err_set(e, ERR_CORRUPT, "%s: data.mdb is damaged: %s", what,
			       mdb_strerror(rc));
	return err_set(e, ERR_IO, "%s in %s: %s", what, db->dir, mdb_strerror(rc));
}

enum db_fault db_fault(const struct db *db)
{
	return db->fault;
}

/* --- opening ------------------------------------------------------------------ */

static unsigned env_flags(enum db_mode mode)
{
	switch (mode) {
	case DB_READ:
		return MDB_NOTLS | MDB_RDONLY;
	case DB_READ_ALONE:
		return MDB_NOTLS | MDB_RDONLY | MDB_NOLOCK;
	default:
		return MDB_NOTLS;
	}
}

static unsigned reader_slots(const struct db_options *o)
{
	return (o->max_readers ? o->max_readers : 126) + SPARE_READERS;
}

/* Before LMDB opens the file: closing a descriptor of it would drop LMDB's own locks. */
static int reserve_lock_file(const struct db_options *o, struct err *e)
{
	return disk_reserve(o->dir, "lock.mdb",
			    LOCK_HEAD_BYTES + (uint64_t)reader_slots(o) * READER_SLOT_BYTES, e);
}

static int open_env_once(struct db *db, const struct db_options *o, uint64_t map)
{
	unsigned readers = reader_slots(o);
	int rc = mdb_env_create(&db->env);

	if (rc)
		return rc;
	rc = mdb_env_set_maxdbs(db->env, DB_TABLES + 8);
	if (!rc)
		rc = mdb_env_set_maxreaders(db->env, readers);
	if (!rc)
		rc = mdb_env_set_mapsize(db->env, map);
	if (!rc)
		rc = mdb_env_open(db->env, o->dir, env_flags(o->mode), 0600);
	if (rc) {
		mdb_env_close(db->env);
		db->env = NULL;
	}
	return rc;
}

/* A sanitizer or ulimit -v may leave less address space than asked for. */
static int open_env(struct db *db, const struct db_options *o, struct err *e)
{
	uint64_t map = o->map_bytes ? o->map_bytes : UINT64_C(64) << 30;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	MDB_envinfo info;
	int rc, fd;

	if (o->mode == DB_WRITE && reserve_lock_file(o, e) < 0)
		return -1;
	if (map < (uint64_t)MIN_MAP_MIB << 20)
		map = (uint64_t)MIN_MAP_MIB << 20;
	map = (map + page - 1) / page * page;
	while ((rc = open_env_once(db, o, map)) == ENOMEM && map / 2 >= UINT64_C(16) << 20)
		map = map / 2 / page * page;
	if (rc == ENOENT && o->mode != DB_WRITE)
		return err_set(e, ERR_NOT_FOUND, "there is no store in %s", o->dir);
	if (rc)
		return fail_read(db, rc, e, "cannot open the store");
	mdb_env_info(db->env, &info);
	db->map_bytes = info.me_mapsize;
	if (mdb_env_get_fd(db->env, &fd) == 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* Marks, in `is_free` (one byte a page from `first`), the pages that are free. */
static int note_free_pages(struct db *db, uint64_t first, uint64_t n, uint8_t *is_free)
{
	MDB_txn *t;
	MDB_cursor *c;
	MDB_val k, v;
	int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &t);

	if (rc)
		return rc;
	rc = mdb_cursor_open(t, 0, &c); /* table 0 is LMDB's list of free pages */
	if (rc) {
		mdb_txn_abort(t);
		return rc;
	}
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		size_t len = v.mv_size / sizeof(size_t), count;

		memcpy(&count, v.mv_data, len ? sizeof(count) : 0);
		for (size_t i = 1; len && i <= count && i < len; i++) {
			size_t page;

			memcpy(&page, (const char *)v.mv_data + i * sizeof(page), sizeof(page));
			if (page >= first && page - first < n)
				is_free[page - first] = 1;
		}
	}
	mdb_cursor_close(c);
	mdb_txn_abort(t);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int cut_off(uint64_t have, uint64_t want, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
		       "data.mdb is cut off: %" PRIu64 " of %" PRIu64 " bytes are there", have,
		       want);
}

/* Whether all pages that the file lacks are free ones; *rc is LMDB's when that is not known. */
static bool only_free_pages_missing(struct db *db, uint64_t have, uint64_t want, int *rc)
{
	uint64_t first = have / db->page_bytes, n = want / db->page_bytes - first;
	uint8_t *is_free = mem_zalloc(n);
	bool whole = true;

	*rc = is_free ? note_free_pages(db, first, n, is_free) : ENOMEM;
	for (uint64_t i = 0; i < n && *rc == 0; i++)
		whole = whole && is_free[i];
	mem_free(is_free);
	return *rc == 0 && whole;
}

/* The file is made long enough first: reading LMDB's own list must not run past the end. */
static int mend_short_file(struct db *db, uint64_t have, uint64_t want, struct err *e)
{
	int fd, rc = mdb_env_get_fd(db->env, &fd);

	if (!rc && ftruncate(fd, (off_t)want) < 0)
		rc = errno;
	if (!rc && only_free_pages_missing(db, have, want, &rc))
		return 0;
	/* Left as it was found, for whoever looks into it. */
	if (ftruncate(fd, (off_t)have) < 0)
		log_event(LOG_ERROR, "cannot restore the length of data.mdb",
			  log_s("dir", db->dir));
	if (rc == ENOMEM)
		return err_set(e, ERR_MEMORY, "cannot open the store: out of memory");
	return cut_off(have, want, e);
}

static int check_length(struct db *db, struct err *e)
{
	MDB_envinfo info;
	MDB_stat stat;
	uint64_t have = file_bytes(db), want;
	int rc;

	mdb_env_info(db->env, &info);
	mdb_env_stat(db->env, &stat);
	db->page_bytes = stat.ms_psize;
	want = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	if (have >= want)
		return 0;
	if (db->mode == DB_WRITE)
		return mend_short_file(db, have, want, e);
	/* A reader may not touch the file. Beside a writer it is being written right now; alone it
	 * is looked at as it is, and if LMDB's own list lies behind the end, that is SIGBUS. */
	if (db->mode == DB_READ_ALONE && !only_free_pages_missing(db, have, want, &rc))
		return rc == ENOMEM ? err_set(e, ERR_MEMORY, "cannot open the store: out of memory")
				    : cut_off(have, want, e);
	return 0;
}

static int open_tables(struct db *db, bool make, int from, struct err *e)
{
	MDB_txn *t;
	int rc = mdb_txn_begin(db->env, NULL, make ? 0 : MDB_RDONLY, &t);

	if (rc)
		return make ? fail(db, rc, e, "cannot open the store")
			    : fail_read(db, rc, e, "cannot open the store");
	for (int i = from; i < DB_TABLES; i++) {
		rc = mdb_dbi_open(t, table_names[i], make ? MDB_CREATE : 0, &db->dbi[i]);
		if (rc == MDB_NOTFOUND && !make)
			continue;
		if (rc) {
			mdb_txn_abort(t);
			return make ? fail(db, rc, e, "cannot make the store's tables")
				    : fail_read(db, rc, e, "cannot open the store's tables");
		}
		db->has[i] = true;
	}
	rc = mdb_txn_commit(t);
	if (rc)
		return fail(db, rc, e, "cannot open the store");
	return 0;
}

/* A commit is in the file a while before the lock table says so. Who reads begins with what the
 * table says; after a writer was killed in between, and as long as somebody has the table open,
 * that is the transaction before the last. Who begins to write is told that the other one died, and
 * LMDB sets the table right. */
static int settle(struct db *db, struct err *e)
{
	MDB_txn *t;
	int rc = mdb_txn_begin(db->env, NULL, 0, &t);

	if (rc)
		return fail(db, rc, e, "cannot open the store");
	mdb_txn_abort(t);
	return 0;
}

static bool has_from(const struct db *db, int from)
{
	for (int i = from; i < DB_TABLES; i++)
		if (!db->has[i])
			return false;
	return true;
}

int db_add_tables(struct db *db, struct err *e)
{
	return has_from(db, DB_FIRST_ADDED) ? 0 : open_tables(db, true, DB_FIRST_ADDED, e);
}

int db_make_tables(struct db *db, struct err *e)
{
	char parent[4096];

	if (has_from(db, 0))
		return 0;
	if (open_tables(db, true, 0, e) < 0)
		return -1;
	if (disk_sync_folder(db->dir, e) < 0)
		return -1;
	if (snprintf(parent, sizeof(parent), "%s/..", db->dir) < (int)sizeof(parent))
		disk_sync_folder(parent, NULL); /* may be somebody else's and unreadable */
	return 0;
}

struct db *db_open(const struct db_options *o, struct err *e)
{
	int major, minor, patch;
	const char *why;
	pthread_condattr_t attr;
	struct db *db;

	mdb_version(&major, &minor, &patch);
	if (!db_version_usable(major, minor, patch, &why)) {
		err_set(e, ERR_UNSUPPORTED, "LMDB %d.%d.%d: %s", major, minor, patch, why);
		return NULL;
	}
	db = mem_zalloc(sizeof(*db));
	if (!db || !(db->dir = mem_strdup(o->dir))) {
		err_set(e, ERR_MEMORY, "cannot open the store: out of memory");
		mem_free(db);
		return NULL;
	}
	db->mode = o->mode;
	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->calm, &attr);
	pthread_condattr_destroy(&attr);
	if (open_env(db, o, e) < 0 || (o->mode == DB_WRITE && settle(db, e) < 0) ||
	    check_length(db, e) < 0 || open_tables(db, false, 0, e) < 0) {
		db_close(db);
		return NULL;
	}
	if (o->mode != DB_READ_ALONE)
		db_clear_dead_readers(db);
	return db;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	if (db->env)
		mdb_env_close(db->env);
	pthread_cond_destroy(&db->calm);
	pthread_mutex_destroy(&db->lock);
	mem_free(db->dir);
	mem_free(db);
}

/* --- transactions -------------------------------------------------------------- */

static struct db_txn *txn_new(struct db *db, bool write, struct err *e)
{
	struct db_txn *t = mem_zalloc(sizeof(*t));

	if (!t) {
		err_set(e, ERR_MEMORY, "cannot begin a transaction: out of memory");
		return NULL;
	}
	t->db = db;
	t->write = write;
	atomic_init(&t->refs, 1);
	return t;
}

/* Another process may have grown the map; ours follows when nobody here reads. */
static int begin_read(struct db *db, MDB_txn **out)
{
	int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, out);

	if (rc == MDB_READERS_FULL) {
		db_clear_dead_readers(db);
		rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, out);
	}
	return rc;
}

static void reader_left(struct db *db)
{
	pthread_mutex_lock(&db->lock);
	if (--db->readers == 0)
		pthread_cond_broadcast(&db->calm);
	pthread_mutex_unlock(&db->lock);
}

static int follow_resize(struct db *db, MDB_txn **out)
{
	int rc = MDB_MAP_RESIZED;

	pthread_mutex_lock(&db->lock);
	if (db->readers == 1) { /* ourselves, without a transaction */
		rc = mdb_env_set_mapsize(db->env, 0);
		if (!rc)
			rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, out);
	}
	pthread_mutex_unlock(&db->lock);
	return rc;
}

int db_read_begin(struct db *db, struct db_txn **out, struct err *e)
{
	struct db_txn *t = txn_new(db, false, e);
	int rc;

	if (!t)
		return -1;
	pthread_mutex_lock(&db->lock);
	while (db->growing)
		pthread_cond_wait(&db->calm, &db->lock);
	db->readers++;
	pthread_mutex_unlock(&db->lock);

	rc = begin_read(db, &t->t);
	if (rc == MDB_MAP_RESIZED)
		rc = follow_resize(db, &t->t);
	if (rc) {
		reader_left(db);
		mem_free(t);
		if (rc == MDB_MAP_RESIZED)
			return err_set(e, ERR_BUSY,
				       "the store grew; try again when other reads "
				       "have ended");
		return fail_read(db, rc, e, "cannot begin reading");
	}
	*out = t;
	return 0;
}

struct db_txn *db_read_ref(struct db_txn *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void db_read_end(struct db_txn *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	mdb_txn_abort(t->t);
	reader_left(t->db);
	mem_free(t);
}

int db_write_begin(struct db *db, struct db_txn **out, struct err *e)
{
	struct db_txn *t = txn_new(db, true, e);
	int rc;

	db->fault = DB_FAULT_OTHER;
	if (!t)
		return -1;
	rc = mdb_txn_begin(db->env, NULL, 0, &t->t);
	if (rc) {
		mem_free(t);
		return fail(db, rc, e, "cannot begin a transaction");
	}
	db->fault = DB_FAULT_NONE;
	*out = t;
	return 0;
}

/* Cuts off what a failed transaction left behind the last page that is owned. */
static void give_room_back(struct db *db)
{
	MDB_envinfo info;
	uint64_t want;
	int fd;

	if (db->fault != DB_FAULT_DISK_FULL || mdb_env_info(db->env, &info) != 0)
		return;
	want = ((uint64_t)info.me_last_pgno + 1) * db->page_bytes;
	if (mdb_env_get_fd(db->env, &fd) == 0 && file_bytes(db) > want &&
	    ftruncate(fd, (off_t)want) < 0)
		log_event(LOG_WARN, "cannot give room back to the disk", log_s("dir", db->dir));
}

int db_write_commit(struct db_txn *t, struct err *e)
{
	struct db *db = t->db;
	int rc = mdb_txn_commit(t->t);

	mem_free(t);
	if (!rc) {
		db->fault = DB_FAULT_NONE;
		return 0;
	}
	fail(db, rc, e, "cannot commit");
	give_room_back(db);
	return -1;
}

void db_write_abort(struct db_txn *t)
{
	if (!t)
		return;
	mdb_txn_abort(t->t);
	give_room_back(t->db);
	mem_free(t);
}

/* --- growing -------------------------------------------------------------------- */

static bool address_space_for(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, bytes);
	return true;
}

static void after_ms(struct timespec *ts, unsigned ms)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000;
	}
}

/* With the lock held and no reader. */
static int double_map(struct db *db, struct err *e)
{
	uint64_t want = db->map_bytes * 2;
	int rc;

	if (!address_space_for(want))
		return err_set(e, ERR_FULL,
			       "the map of %" PRIu64 " MiB is full and the system gives no "
			       "address space for a larger one",
			       db->map_bytes >> 20);
	rc = mdb_env_set_mapsize(db->env, want);
	if (rc) {
		fail(db, rc, e, "cannot grow the map");
		/* There may be no map at all now. */
		db->fault = DB_FAULT_FAILED;
		return -1;
	}
	db->map_bytes = want;
	return 0;
}

int db_grow(struct db *db, unsigned wait_ms, struct err *e)
{
	struct timespec until;
	int rc;

	after_ms(&until, wait_ms);
	pthread_mutex_lock(&db->lock);
	db->growing = true;
	while (db->readers > 0)
		if (pthread_cond_timedwait(&db->calm, &db->lock, &until) == ETIMEDOUT)
			break;
	if (db->readers > 0) {
		pthread_mutex_unlock(&db->lock);
		return err_set(e, ERR_BUSY, "%u snapshots are still open", db->readers);
	}
	rc = double_map(db, e);
	db->growing = false;
	pthread_cond_broadcast(&db->calm);
	pthread_mutex_unlock(&db->lock);
	return rc;
}

void db_grow_give_up(struct db *db)
{
	pthread_mutex_lock(&db->lock);
	db->growing = false;
	pthread_cond_broadcast(&db->calm);
	pthread_mutex_unlock(&db->lock);
}

/* --- data -------------------------------------------------------------------------- */

static MDB_val val_of(struct slice s)
{
	return (MDB_val){ .mv_size = s.n, .mv_data = (void *)(uintptr_t)s.p };
}

static struct slice slice_from(MDB_val v)
{
	return slice_of(v.mv_data, v.mv_size);
}

int db_get(struct db_txn *t, enum db_table table, struct slice key, struct slice *value,
	   struct err *e)
{
	MDB_val k = val_of(key), v;
	int rc;

	if (!t->db->has[table])
		return 0;
	rc = mdb_get(t->t, t->db->dbi[table], &k, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return fail_read(t->db, rc, e, "cannot read");
	*value = slice_from(v);
	return 1;
}

int db_put(struct db_txn *t, enum db_table table, struct slice key, struct slice value,
	   struct err *e)
{
	MDB_val k = val_of(key), v = val_of(value);
	int rc = mdb_put(t->t, t->db->dbi[table], &k, &v, 0);

	return rc ? fail(t->db, rc, e, "cannot write") : 0;
}

int db_del(struct db_txn *t, enum db_table table, struct slice key, struct err *e)
{
	MDB_val k = val_of(key);
	int rc = mdb_del(t->t, t->db->dbi[table], &k, NULL);

	if (rc == MDB_NOTFOUND)
		return err_set(e, ERR_CORRUPT, "a record that was just read cannot be found");
	return rc ? fail(t->db, rc, e, "cannot delete") : 0;
}

int db_cursor_open(struct db_txn *t, enum db_table table, struct db_cursor **out, struct err *e)
{
	struct db_cursor *c = mem_zalloc(sizeof(*c));
	int rc;

	if (!c)
		return err_set(e, ERR_MEMORY, "cannot open a cursor: out of memory");
	c->db = t->db;
	if (!t->db->has[table] && table < DB_FIRST_ADDED) {
		mem_free(c);
		return err_set(e, ERR_CORRUPT, "the table \"%s\" is missing", table_names[table]);
	}
	rc = t->db->has[table] ? mdb_cursor_open(t->t, t->db->dbi[table], &c->c) : 0;
	if (rc) {
		mem_free(c);
		return fail_read(t->db, rc, e, "cannot open a cursor");
	}
	*out = c;
	return 0;
}

void db_cursor_close(struct db_cursor *c)
{
	if (!c)
		return;
	if (c->c)
		mdb_cursor_close(c->c);
	mem_free(c);
}

static int cursor_get(struct db_cursor *c, MDB_cursor_op op, MDB_val k, struct slice *key,
		      struct slice *value, struct err *e)
{
	MDB_val v;
	int rc = c->c ? mdb_cursor_get(c->c, &k, &v, op) : MDB_NOTFOUND;

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return fail_read(c->db, rc, e, "cannot read");
	*key = slice_from(k);
	*value = slice_from(v);
	return 1;
}

int db_move(struct db_cursor *c, enum db_move how, struct slice *key, struct slice *value,
	    struct err *e)
{
	static const MDB_cursor_op ops[] = { MDB_FIRST, MDB_LAST, MDB_NEXT, MDB_PREV };
	MDB_val k = { 0 };

	return cursor_get(c, ops[how], k, key, value, e);
}

int db_seek(struct db_cursor *c, struct slice want, struct slice *key, struct slice *value,
	    struct err *e)
{
	return cursor_get(c, MDB_SET_RANGE, val_of(want), key, value, e);
}

int db_entries(struct db_txn *t, enum db_table table, uint64_t *n, struct err *e)
{
	MDB_stat stat = { 0 };
	int rc = 0;

	if (t->db->has[table])
		rc = mdb_stat(t->t, t->db->dbi[table], &stat);
	if (rc)
		return fail_read(t->db, rc, e, "cannot read");
	*n = stat.ms_entries;
	return 0;
}

int db_used_bytes(struct db_txn *t, uint64_t *bytes, struct err *e)
{
	uint64_t pages = 2; /* the two meta pages */

	for (int i = 0; i < DB_TABLES; i++) {
		MDB_stat s;
		int rc = t->db->has[i] ? mdb_stat(t->t, t->db->dbi[i], &s) : MDB_NOTFOUND;

		if (rc == MDB_NOTFOUND)
			continue;
		if (rc)
			return fail_read(t->db, rc, e, "cannot read");
		pages += s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages;
	}
	*bytes = pages * t->db->page_bytes;
	return 0;
}

/* --- care ---------------------------------------------------------------------------- */

void db_info(struct db *db, struct db_info *out)
{
	MDB_envinfo info;

	*out = (struct db_info){ 0 };
	pthread_mutex_lock(&db->lock);
	out->map_bytes = db->map_bytes;
	/* Under the lock: growing unmaps the meta pages that this looks at. */
	if (mdb_env_info(db->env, &info) == 0)
		out->last_txn = info.me_last_txnid;
	pthread_mutex_unlock(&db->lock);
	out->file_bytes = file_bytes(db);
	out->disk_free_bytes = disk_free(db->dir);
}

int db_copy(struct db *db, int fd, bool compact, struct err *e)
{
	int rc = mdb_env_copyfd2(db->env, fd, compact ? MDB_CP_COMPACT : 0);

	return rc ? fail_read(db, rc, e, "cannot copy data.mdb") : 0;
}

void db_clear_dead_readers(struct db *db)
{
	int dead = 0;
	int rc = mdb_reader_check(db->env, &dead);

	if (rc)
		log_event(LOG_WARN, "cannot check for dead readers", log_s("dir", db->dir),
			  log_s("err", mdb_strerror(rc)));
	else if (dead > 0)
		log_event(LOG_INFO, "freed reader slots of processes that died",
			  log_i("slots", dead));
}
