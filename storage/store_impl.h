/*
 * store_impl.h - what the files of the store share; nobody else includes it.
 *
 * Threads: `lock` guards the queue and what store_status() tells; `snap_lock` the
 * list of snapshots. Order: snap_lock before a snapshot's own lock, never
 * together with `lock`. The write transaction and everything it needs belong to the
 * writer's thread.
 */
#ifndef STORAGE_STORE_IMPL_H
#define STORAGE_STORE_IMPL_H

#include "storage/db.h"
#include "storage/keys.h"
#include "storage/series.h"
#include "storage/store.h"

#include <pthread.h>

struct store {
	struct store_options opt;
	char *dir;
	int lock_fd;
	struct db *db;
	struct series_index index;
	struct state state; /* as committed; the writer's thread, copies under `lock` */

	pthread_mutex_t lock;
	pthread_cond_t wake; /* for the writer: something waits, or it should stop */
	struct append *head, *tail;
	size_t queued_bytes;
	bool stopping;
	bool has_writer;
	bool failed; /* for good */
	bool full;   /* until a commit works again */
	struct err why;
	uint64_t used_bytes;
	struct state shown; /* for store_status() */
	pthread_t writer;

	pthread_mutex_t snap_lock;
	struct snapshot *snaps;
	unsigned nsnaps;
};

int64_t mono_ns(void);

/* writer.c */
int writer_start(struct store *s, struct err *e);
/* Writes what waits, ends the thread. */
void writer_stop(struct store *s);
/* Bytes that an append counts for in the queue. */
size_t append_bytes(const struct append *a);

/* snapshot.c: takes the transaction away from all whose time is up, or from all. One that
 * is being read at this moment is left for the next time. */
void snapshots_expire(struct store *s, bool all);
/* Lets `read` look at the snapshot's transaction, with its lock held. */
int snapshot_read(struct snapshot *v, int (*read)(struct db_txn *t, void *ctx, struct err *e),
		  void *ctx, struct err *e);

#endif
