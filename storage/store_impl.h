/*
 * store_impl.h - what the files of the store share; nobody else includes it.
 *
 *   ingest*.c   plain samples: find the series, log, put into the head (ingest_impl.h)
 *   sync.c      the sync thread: makes the log durable and acknowledges
 *   writer.c    the writer thread: the only write transaction
 *   packer.c    the packer thread, which lets pack.c work: generation -> run -> partition, fresh
 *               figures -> partition, memory index -> part; and cut.c: deleting, retention
 *   findings.c  what the writer does with doubts and their answers
 *   snapshot.c  reading
 *
 * Locks, in the order in which they may be held together:
 *
 *   original_lock a large original is being written
 *   ingest_lock   head, log file, numbers of requests
 *   index_lock    giving ids to new series
 *   lock          the writer's queue, what store_status() tells, the packer's wishes
 *   layout_lock   the pointer to the layout (held for a few instructions)
 *   sync_lock     what waits for the sync thread
 *   snap_lock     the list of snapshots; before a snapshot's own lock
 */
#ifndef STORAGE_STORE_IMPL_H
#define STORAGE_STORE_IMPL_H

#include "base/map.h"
#include "storage/db.h"
#include "storage/findings.h"
#include "storage/keys.h"
#include "storage/layout.h"
#include "storage/reader.h"
#include "storage/store.h"
#include "storage/wal.h"

#include <pthread.h>

struct decoder; /* ingest_impl.h */

/* What another thread asks of the packer's and waits for; all but serve() under the store's lock.
 */
struct wish {
	int (*serve)(struct store *s, struct wish *w, struct err *e);
	struct wish *next;
	bool over;
	struct err err;
};

struct store {
	struct store_options opt;
	char *dir;
	uint64_t opening; /* numbers them in this process */
	int lock_fd;
	struct db *db;

	/* ingest */
	pthread_mutex_t ingest_lock;
	pthread_cond_t room; /* the sealed generation is gone */
	struct head head;
	struct wal *wal;            /* NULL: there was no room for it yet */
	struct generation *active;  /* the layout's, with a reference of our own */
	bool sealing;               /* the one before is not a run yet */
	uint64_t request;           /* the last that was begun */
	_Atomic uint64_t completed; /* the last that is whole: what snapshots see */
	int64_t disk_looked_ns;
	uint64_t disk_logged;        /* bytes of requests since then */
	bool disk_short, told_short; /* told_short: a request was refused for it */

	pthread_mutex_t original_lock; /* one large original at a time; before all others */
	pthread_mutex_t index_lock;
	_Atomic uint32_t next_series;
	uint8_t *named; /* bit by id: the series' labels are on disk */
	uint32_t named_cap;

	pthread_mutex_t layout_lock;
	struct layout *layout;

	/* sync */
	pthread_mutex_t sync_lock;
	pthread_cond_t sync_wake;
	struct write *sync_head, *sync_tail;
	size_t sync_waiting; /* in that list */
	int64_t sync_due_ns; /* when the patient of them have waited long enough */
	bool sync_urgent;    /* it is not to wait any longer */
	struct wal *ended;   /* log files that are no longer written */
	bool sync_stopping, has_sync;
	pthread_t sync_thread;

	pthread_mutex_t metadata_lock;
	struct map metadata; /* what was written, by family */

	pthread_mutex_t decoders_lock;
	struct decoder *decoders;

	/* writer */
	struct fresh *fresh; /* the layout's; the writer's thread, likewise the record */
	struct fresh_record record;
	struct state state;             /* as committed; the writer's thread, copies under `lock` */
	struct finding_counts findings; /* likewise, without copies */
	pthread_mutex_t lock;
	pthread_cond_t wake; /* for the writer: something waits, or it should stop */
	struct append *first, *last;
	size_t queued_bytes;
	bool stopping;
	bool has_writer;
	bool failed; /* for good */
	bool full;   /* until a commit works again */
	struct err why;
	uint64_t used_bytes;
	struct state shown;         /* for store_status() */
	_Atomic uint64_t published; /* the last submission whose figures are in memory too */
	pthread_t writer;

	/* packer; under `lock` */
	pthread_cond_t pack_wake, pack_done;
	bool pack_stopping, has_packer;
	struct wish *wishes;
	struct retention *retention;
	size_t nretention;
	int64_t retained_ns;
	pthread_t packer;

	/* opened for reading only */
	uint64_t seen;       /* what the folder looked like */
	struct db_txn *held; /* what the layout was read from, until a snapshot has it */

	pthread_mutex_t snap_lock;
	struct snapshot *snaps;
	unsigned nsnaps;
};

int64_t mono_ns(void);

/* --- layout ---------------------------------------------------------------------- */

/* One reference; NULL only when a store opened for reading could not be read. */
struct layout *store_layout(struct store *s);
/* Changes a copy by change() and puts it in place; layout_lock is held meanwhile, so that changes
 * follow each other. -1: nothing changed. */
int store_relayout(struct store *s, int (*change)(struct layout *l, void *ctx, struct err *e),
		   void *ctx, struct err *e);

/* A layout with the transaction it belongs to, and the index. */
struct view_of_store {
	struct layout *layout;
	struct db_txn *t;
	struct state state;
	uint64_t last_request, last_sequence;
	uint32_t last_series; /* the highest id that was given */
	struct index_part *parts;
	struct index_set index;
};
int view_open(struct store *s, struct view_of_store *v, struct err *e);
void view_close(struct view_of_store *v);
/* Fills in parts and index from the layout and the transaction. */
int view_open_index(struct view_of_store *v, struct err *e);

/* The series with these labels, which gets an id when it is new; *kind is what it is, not only what
 * was asked for. `v` is opened when it must be and may be used again. */
int store_find_or_add(struct store *s, struct view_of_store *v, const struct label *l, size_t n,
		      bool statistic, uint32_t *id, bool *is_statistic, struct err *e);
/* Whether the series' labels are on disk, in a part or in a record of fresh figures; and that they
 * are now (without memory for that they are written once more). The writer's thread. */
bool store_is_named(struct store *s, uint32_t id);
void store_note_named(struct store *s, uint32_t id);

/* A store opened for reading only looks again when a writer has changed it. */
int store_follow(struct store *s, struct err *e);
/* Of the transaction that store_follow() may have left for a view. */
void store_let_go(struct store *s);

/* Labels as a person writes them, cut to fit. */
enum { SERIES_TEXT = 160 };
char *series_text(const struct labels *ls, char out[SERIES_TEXT]);

/* --- writer.c ------------------------------------------------------------------------- */

struct write_task {
	struct store *s;
	struct db_txn *t;
	struct state *state;             /* to be changed; kept when the transaction is */
	struct finding_counts *findings; /* likewise */
};

int writer_start(struct store *s, struct err *e);
/* Writes what waits, ends the thread. */
void writer_stop(struct store *s);
int writer_push(struct store *s, struct append *a, struct err *e);
/* Runs a->task in a transaction of the writer and a->committed after it; waits for it. */
int writer_do(struct store *s, struct append *a, struct err *e);
/* The writer's thread: freezes the fresh figures when there are enough of them, or whatever there
 * is. */
void writer_freeze(struct store *s, bool all);
/* Bytes that an append counts for in the queue. */
size_t append_bytes(const struct append *a);
void store_note_failed(struct store *s, const struct err *why);
void store_note_full(struct store *s, const struct err *why);
void store_note_room(struct store *s);

/* --- ingest*.c, sync.c ------------------------------------------------------------------ */

int ingest_open(struct store *s, struct err *e);
/* store_write() for samples whose label sets are known; w->body is not looked at. Borrowed for the
 * call. A statistic is refused. */
int ingest_samples(struct store *s, struct write *w, const struct plain_sample *x, size_t n,
		   struct err *e);
/* Reads log files; `marked` as in log/LAST; *any tells whether there was something in them. */
int ingest_replay(struct store *s, const struct wal_held *files, size_t n, uint64_t marked,
		  bool *any, struct err *e);
void ingest_close(struct store *s);
/* A new log file and a new generation; the one before is sealed. With the ingest lock held, and no
 * sealed generation. */
int ingest_rotate(struct store *s, struct err *e);
/* Samples in memory that make a generation full. */
uint64_t ingest_seal_limit(const struct store *s);

int sync_start(struct store *s, struct err *e);
void sync_stop(struct store *s);
/* Queues a request for acknowledging; with the ingest lock held. */
void sync_push(struct store *s, struct write *w);
/* A log file that is not written any more: synced, closed, freed. Likewise. */
void sync_end(struct store *s, struct wal *take);
/* One part of a request has been done. */
void write_part_done(struct write *w, const struct err *why);

/* --- packer.c, pack.c --------------------------------------------------------------- */

int packer_start(struct store *s, struct err *e);
/* Ends after what is being done. */
void packer_stop(struct store *s);
void packer_wake(struct store *s);
/* Has a wish served, and waits. */
int packer_wish(struct store *s, struct wish *w, struct err *e);
/* The packer's thread: packs all there is. */
int packer_flush(struct store *s, struct err *e);
/* One thing that is due, or that can be done (`all`). *did: there may be more. */
int pack_work(struct store *s, bool all, bool *did, struct err *e);

/* --- snapshot.c ----------------------------------------------------------------------------- */

/* Takes the transaction away from all whose time is up, or from all. One that
 * is being read at this moment is left for the next time. */
void snapshots_expire(struct store *s, bool all);
/* Lets `read` look at the snapshot's transaction, with its lock held. */
int snapshot_read(struct snapshot *v, int (*read)(struct db_txn *t, void *ctx, struct err *e),
		  void *ctx, struct err *e);

#endif
