/*
 * db.h - the LMDB environment: tables, transactions, map growth, reader slots.
 *
 * db.c is the only file that knows LMDB; above it there are tables, keys and
 * bytes. Default durability flags: a commit that returned 0 survives SIGKILL and
 * a power cut. One write transaction at a time, all on one thread; read
 * transactions from any thread, each used by one thread at a time (they may be
 * ended by another one).
 *
 * What a lookup gives points into the map: valid until its transaction ends, in
 * a write transaction until the next change.
 *
 * Errors: ERR_CORRUPT when LMDB finds its own structure damaged, ERR_FULL when
 * the disk or map is full, ERR_IO when the system failed. db_fault() tells a
 * writer what to do about it.
 */
#ifndef STORAGE_DB_H
#define STORAGE_DB_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

struct db;
struct db_txn;
struct db_cursor;

enum db_table {
	DB_META,
	DB_PARTS,      /* of the series index */
	DB_PARTITIONS, /* what was packed, and its segments */
	DB_SEGMENTS,
	DB_FRESH, /* figures not yet packed, by submission */
	DB_SUBMISSIONS,
	DB_METADATA, /* of metric families */
	DB_LEDGER,
	DB_ORIGINALS,
	DB_FINDINGS,
	DB_FINDING_CELLS, /* the same by series and period */
	DB_REFUSED,       /* figures that came and were refused */
	DB_TABLES
};

/* From here on a store that was made before them lacks them: they read as empty. */
#define DB_FIRST_ADDED DB_FINDINGS

enum db_mode {
	DB_WRITE, /* makes the file when missing */
	DB_READ,  /* beside a running writer */
	/* Nobody writes (the caller made sure); changes no file at all. A file that was cut off may
	 * end the process with SIGBUS. */
	DB_READ_ALONE,
};

struct db_options {
	const char *dir;
	enum db_mode mode;
	uint64_t map_bytes;   /* address space; halved until the system agrees */
	unsigned max_readers; /* slots for read transactions of this process; some are added */
};

/* Opens what is there; a new or empty folder has no tables until db_make_tables(). */
struct db *db_open(const struct db_options *o, struct err *e);
/* Makes the tables that are missing, in one transaction, and makes the file's name durable. */
int db_make_tables(struct db *db, struct err *e);
/* Makes those that were added to the format since; another one that is missing stays missing. */
int db_add_tables(struct db *db, struct err *e);
void db_close(struct db *db);

const char *db_table_name(enum db_table table);

/* --- transactions ----------------------------------------------------------- */

/* ERR_LIMIT when all slots are taken, also after dead readers were cleared.
 * Waits while the map grows. */
int db_read_begin(struct db *db, struct db_txn **out, struct err *e);
/* The same transaction once more: it ends with the last db_read_end(). */
struct db_txn *db_read_ref(struct db_txn *t);
void db_read_end(struct db_txn *t);

int db_write_begin(struct db *db, struct db_txn **out, struct err *e);
/* The transaction is gone afterwards either way. */
int db_write_commit(struct db_txn *t, struct err *e);
void db_write_abort(struct db_txn *t);

/* Why the last write call of the writer's thread failed. */
enum db_fault {
	DB_FAULT_NONE,
	DB_FAULT_MAP_FULL,  /* db_grow() and again */
	DB_FAULT_DISK_FULL, /* nothing was written; works again when there is room */
	DB_FAULT_FAILED,    /* a sync or meta write failed: nothing may be acknowledged any more */
	DB_FAULT_OTHER,
};
enum db_fault db_fault(const struct db *db);

/* Doubles the map. No write transaction may be open. -1 with ERR_BUSY when read
 * transactions were still open after `wait_ms`: new ones then go on waiting until
 * it is tried again with success or given up. */
int db_grow(struct db *db, unsigned wait_ms, struct err *e);
void db_grow_give_up(struct db *db);

/* --- data -------------------------------------------------------------------- */

/* 1 found, 0 not there, -1. */
int db_get(struct db_txn *t, enum db_table table, struct slice key, struct slice *value,
	   struct err *e);
int db_put(struct db_txn *t, enum db_table table, struct slice key, struct slice value,
	   struct err *e);
int db_del(struct db_txn *t, enum db_table table, struct slice key, struct err *e);

/* In a read transaction close it before the end; in a write transaction it goes
 * with commit and abort, closing is for the time between. */
int db_cursor_open(struct db_txn *t, enum db_table table, struct db_cursor **out, struct err *e);
void db_cursor_close(struct db_cursor *c);

enum db_move { DB_FIRST, DB_LAST, DB_NEXT, DB_PREV };

/* 1 found, 0 at the end, -1. */
int db_move(struct db_cursor *c, enum db_move how, struct slice *key, struct slice *value,
	    struct err *e);
/* The first record with a key at or behind `want`. */
int db_seek(struct db_cursor *c, struct slice want, struct slice *key, struct slice *value,
	    struct err *e);

/* Records that LMDB believes to be in the table. */
int db_entries(struct db_txn *t, enum db_table table, uint64_t *n, struct err *e);
/* Bytes in pages that hold something. */
int db_used_bytes(struct db_txn *t, uint64_t *bytes, struct err *e);

/* --- care ---------------------------------------------------------------------- */

struct db_info {
	uint64_t map_bytes, file_bytes, disk_free_bytes;
	uint64_t last_txn;
};
void db_info(struct db *db, struct db_info *out);

/* Frees the slots of processes that died. */
void db_clear_dead_readers(struct db *db);

/* Writes a data.mdb of one state of the database to `fd`, front to back: a pipe will do. It takes a
 * read transaction of its own, which begins before the first byte; until it ends the writer cannot
 * use again what it frees. `compact`: without free pages, page by page of the trees; ERR_CORRUPT
 * when they are damaged or some page is nobody's. Else all pages as they are. It starts a thread.
 */
int db_copy(struct db *db, int fd, bool compact, struct err *e);

/* Whether this version of LMDB may be used; the text says why not. */
bool db_version_usable(int major, int minor, int patch, const char **why);

#endif
