/*
 * wal.h - the write-ahead log: short files of requests, from which plain samples are
 * acknowledged.
 *
 * A log file is NNNNNNNN.log in the folder "log" of the store. Requests are written in
 * the order in which they count; a sync thread (ingest.c) makes groups of them durable. When
 * all samples of a file have been sealed into a run, the file is deleted.
 *
 *    0  8  "pwlog" 0 0 1
 *    8  8  number of the file
 *   16  4  CRC-32C of the bytes before
 *   20  4  0
 *   24  8  bytes that are known to be durable, rewritten after each sync without a sync of its
 *          own (a SIGKILL keeps it; a power cut may leave an earlier one)
 *   32  8  its complement: all bits turned over
 *   40     records, each beginning at a multiple of 8
 *
 * A record:
 *
 *    0  4  CRC-32C of the bytes from 4 to the end
 *    4  4  bytes of the record, without the padding behind
 *    8  8  durable bytes of the file when it was written
 *   16  8  received (milliseconds since 1970)
 *   24  1  kind
 *   25  3  0
 *   28  4  bytes of the list
 *   32     the list, then the body
 *
 * Kind 1, a remote write request: the body is the snappy block as it came; the list are the series
 * that were refused: varints, each the number of a time series in the request less the one
 * before (-1).
 *
 * Kind 2, samples of our own: the list names series, which get the next numbers of this file,
 * from 0: a varint with its bytes, then the labels as in a TimeSeries. The body are samples: a
 * varint with the number of the series less that of the sample before (-1), a varint with the time
 * less the one before (received), both zigzag; the value, 8 bytes.
 *
 * After a crash the end of the file may be torn: what is bad and was never durable is cut.
 * What is bad although it was durable (the head or a later record says so) is an error.
 *
 * One thread at a time for each file.
 */
#ifndef STORAGE_WAL_H
#define STORAGE_WAL_H

#include "base/err.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { WAL_HEAD_BYTES = 40, WAL_RECORD_HEAD = 32, WAL_RECORD_MAX = 64 << 20 };

enum wal_kind { WAL_REQUEST = 1, WAL_SAMPLES = 2 };

struct wal_record {
	enum wal_kind kind;
	int64_t received_ms;
	struct slice list, body;
};

/* --- writing ---------------------------------------------------------------------- */

struct wal {
	int fd;
	uint64_t number;
	uint64_t written;         /* bytes; multiple of 8 */
	_Atomic uint64_t durable; /* set by whoever synced */
	struct wal *next;         /* the owner's */
	bool marked;              /* the sync thread's: log/LAST was told of it */
	uint32_t named;           /* the owner's: series named in it */
	char path[4096];
};

/* Makes a new file and its name durable. */
int wal_create(struct wal *l, const char *dir, uint64_t number, struct err *e);
/* ERR_FULL when the disk is; the file is then as it was. */
int wal_append(struct wal *l, const struct wal_record *r, struct err *e);
/* Makes the first `upto` bytes of the file behind `fd` durable and notes it in the head. Any
 * thread. */
int wal_sync(int fd, uint64_t upto, const char *path, struct err *e);
void wal_close(struct wal *l);

/* --- reading ---------------------------------------------------------------------- */

/* Calls `each` for every good record. *end is where the good part ends, *size the file's. The rest
 * may be cut (wal_cut) when 0 is returned; ERR_CORRUPT names the place of a bad record that had
 * been durable; -1 from `each` ends it. A file shorter than its head has no records. */
int wal_read(const char *path, uint64_t number,
	     int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
	     uint64_t *end, uint64_t *size, struct err *e);
/* A file as long as it is now: it stays readable when it is removed. wal_read() in two steps.
 * ERR_NOT_FOUND. */
struct wal_held {
	int fd;
	uint64_t number, size;
	char mark[16]; /* what its head says of durable bytes */
};
int wal_hold(const char *path, uint64_t number, struct wal_held *h, struct err *e);
int wal_read_held(const struct wal_held *h, const char *path,
		  int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
		  uint64_t *end, struct err *e);
void wal_let_go(const struct wal_held *h);
/* 1: the power went while it was made, or it is being made: its head is not there, and its number
 * is beyond `marked` (log_mark.h), so nothing was acknowledged from it. Where nothing is marked
 * only of a file that is no longer than a head. 0: it is to be read. ERR_CORRUPT: it is shorter
 * than its head although something had been acknowledged. */
int wal_never_begun(const struct wal_held *h, uint64_t marked, const char *path, struct err *e);
/* Makes an empty one of it, durably. */
int wal_begin_anew(const char *path, uint64_t number, struct err *e);
/* The same of bytes in memory; `path` is for sentences. */
int wal_read_bytes(struct slice file, const char *path, uint64_t number,
		   int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
		   uint64_t *end, struct err *e);
/* Cuts a torn end off. */
int wal_cut(const char *path, uint64_t end, struct err *e);

/* Numbers of the files in dir/sub with this ending ("log", ".log"), rising; to be freed with
 * mem_free(). A folder that is not there has none. */
int numbered_files(const char *dir, const char *sub, const char *ending, uint64_t **out, size_t *n,
		   struct err *e);
/* ERR_CORRUPT "the log files 2 to 4 are missing"; `runs`: a run may have been there, too. */
int numbers_missing(bool runs, uint64_t from, uint64_t to, struct err *e);
/* dir/sub/NNNNNNNN.ending */
int numbered_path(char out[4096], const char *dir, const char *sub, uint64_t number,
		  const char *ending, struct err *e);

#endif
