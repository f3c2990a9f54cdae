/*
 * wal.c - see wal.h.
 *
 * A record is written by one writev(), so that a SIGKILL leaves all of it or a
 * beginning. What a failed write left behind is cut off at once: the next record must not
 * stand behind half of another.
 */
#include "storage/wal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "storage/disk.h"
#include "storage/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char magic[8] = { 'p', 'w', 'l', 'o', 'g', 0, 0, 1 };

enum { DURABLE_AT = 24 };

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* --- files by number ------------------------------------------------------------------ */

int numbered_path(char out[4096], const char *dir, const char *sub, uint64_t number,
		  const char *ending, struct err *e)
{
	if (snprintf(out, 4096, "%s/%s/%08" PRIu64 "%s", dir, sub, number, ending) >= 4096)
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	return 0;
}

static bool number_of(const char *name, const char *ending, uint64_t *number)
{
	char *end;

	if (name[0] < '0' || name[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(name, &end, 10);
	return errno == 0 && strcmp(end, ending) == 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int numbers_missing(bool runs, uint64_t from, uint64_t to, struct err *e)
{
	if (from == to)
		return err_set(e, ERR_CORRUPT, "the %slog file %" PRIu64 " is missing",
			       runs ? "run or " : "", from);
	return err_set(e, ERR_CORRUPT, "the %slog files %" PRIu64 " to %" PRIu64 " are missing",
		       runs ? "runs or " : "", from, to);
}

int numbered_files(const char *dir, const char *sub, const char *ending, uint64_t **out, size_t *n,
		   struct err *e)
{
	char path[4096];
	size_t cap = 0;
	const struct dirent *d;
	DIR *f;

	*out = NULL;
	*n = 0;
	if (snprintf(path, sizeof(path), "%s/%s", dir, sub) >= (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "the path of the store is too long");
	f = opendir(path);
	if (!f)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cannot look into %s", path);
	while ((d = readdir(f))) {
		uint64_t number;

		if (!number_of(d->d_name, ending, &number))
			continue;
		if (*n == cap) {
			uint64_t *more;

			cap = cap ? cap * 2 : 16;
			more = mem_realloc(*out, cap * sizeof(*more));
			if (!more) {
				closedir(f);
				mem_free(*out);
				*out = NULL;
				return err_set(e, ERR_MEMORY, "no memory to look into %s", path);
			}
			*out = more;
		}
		(*out)[(*n)++] = number;
	}
	closedir(f);
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_number);
	return 0;
}

/* --- writing ------------------------------------------------------------------------------ */

static void write_durable(uint8_t *p, uint64_t durable)
{
	put_le64(p, durable);
	put_le64(p + 8, ~durable);
}

static int write_head(int fd, const char *path, uint64_t number, struct err *e)
{
	uint8_t head[WAL_HEAD_BYTES] = { 0 };

	memcpy(head, magic, sizeof(magic));
	put_le64(head + 8, number);
	put_le32(head + 16, crc32c(0, head, 16));
	write_durable(head + DURABLE_AT, WAL_HEAD_BYTES);
	if (write(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		return err_sys(e, errno ? errno : ENOSPC, "cannot write %s", path);
	if (fdatasync(fd) < 0)
		return err_sys(e, errno, "cannot sync %s", path);
	return 0;
}

int wal_create(struct wal *l, const char *dir, uint64_t number, struct err *e)
{
	char folder[4096];

	l->fd = -1;
	l->number = number;
	l->written = 0;
	l->next = NULL;
	l->marked = false;
	l->named = 0;
	atomic_init(&l->durable, 0);
	if (numbered_path(l->path, dir, "log", number, ".log", e) < 0)
		return -1;
	snprintf(folder, sizeof(folder), "%s/log", dir);
	if (mkdir(folder, 0700) == 0)
		disk_sync_folder(dir, NULL);
	errno = 0;
	l->fd = open(l->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd < 0)
		return err_sys(e, errno, "cannot make %s", l->path);
	if (write_head(l->fd, l->path, number, e) < 0 || disk_sync_folder(folder, e) < 0) {
		wal_close(l);
		unlink(l->path);
		return -1;
	}
	l->written = WAL_HEAD_BYTES;
	atomic_store(&l->durable, WAL_HEAD_BYTES);
	return 0;
}

int wal_append(struct wal *l, const struct wal_record *r, struct err *e)
{
	static const uint8_t zeros[8];
	uint8_t head[WAL_RECORD_HEAD] = { 0 };
	size_t n = WAL_RECORD_HEAD + r->list.n + r->body.n, whole = padded(n);
	struct iovec parts[4] = { { head, sizeof(head) },
				  { (void *)(uintptr_t)r->list.p, r->list.n },
				  { (void *)(uintptr_t)r->body.p, r->body.n },
				  { (void *)(uintptr_t)zeros, whole - n } };
	uint32_t crc;
	ssize_t got;

	if (n > WAL_RECORD_MAX)
		return err_set(e, ERR_LIMIT, "a request of %zu bytes is too large", r->body.n);
	put_le32(head + 4, (uint32_t)n);
	put_le64(head + 8, atomic_load(&l->durable));
	put_le64(head + 16, (uint64_t)r->received_ms);
	head[24] = (uint8_t)r->kind;
	put_le32(head + 28, (uint32_t)r->list.n);
	crc = crc32c(0, head + 4, sizeof(head) - 4);
	crc = crc32c(crc, r->list.p, r->list.n);
	put_le32(head, crc32c(crc, r->body.p, r->body.n));
	do
		got = pwritev(l->fd, parts, 4, (off_t)l->written);
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)whole) {
		l->written += whole;
		return 0;
	}
	/* The process's own limit is a lack of room too. */
	err_sys(e, got < 0 && errno != EFBIG ? errno : ENOSPC, "cannot write %s", l->path);
	if (ftruncate(l->fd, (off_t)l->written) < 0)
		log_event(LOG_WARN, "cannot cut a log file back", log_s("path", l->path));
	return -1;
}

int wal_sync(int fd, uint64_t upto, const char *path, struct err *e)
{
	uint8_t mark[16];

	if (fdatasync(fd) < 0)
		return err_sys(e, errno, "cannot sync %s", path);
	write_durable(mark, upto);
	/* Without it a torn end is taken for what it may be; nothing else depends on it. */
	if (pwrite(fd, mark, sizeof(mark), DURABLE_AT) != (ssize_t)sizeof(mark))
		log_event(LOG_DEBUG, "cannot note what is durable", log_s("path", path));
	return 0;
}

void wal_close(struct wal *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* --- reading --------------------------------------------------------------------------------- */

static int bad(struct err *e, const char *path, uint64_t at, const char *why)
{
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "%s, byte %" PRIu64 ": %s", path, at, why);
}

/* The record at `at`; false when there is no good one. */
static bool record_at(struct slice file, uint64_t at, struct wal_record *r, uint64_t *next,
		      uint64_t *durable)
{
	const char *p = file.p + at;
	uint64_t left = file.n - at;
	uint32_t n, list;

	if (left < WAL_RECORD_HEAD)
		return false;
	n = get_le32(p + 4);
	list = get_le32(p + 28);
	if (n < WAL_RECORD_HEAD || n > WAL_RECORD_MAX || n > left || list > n - WAL_RECORD_HEAD ||
	    (p[24] != WAL_REQUEST && p[24] != WAL_SAMPLES))
		return false;
	if (crc32c(0, p + 4, n - 4) != get_le32(p))
		return false;
	*durable = get_le64(p + 8);
	r->kind = (enum wal_kind)(unsigned char)p[24];
	r->received_ms = (int64_t)get_le64(p + 16);
	r->list = slice_of(p + WAL_RECORD_HEAD, list);
	r->body = slice_of(p + WAL_RECORD_HEAD + list, n - WAL_RECORD_HEAD - list);
	*next = at + padded(n);
	if (*next > file.n)
		*next = file.n;
	return true;
}

/* What the head says; 0 when it is damaged. */
static uint64_t read_durable(const char *p)
{
	uint64_t mark = get_le64(p);

	return mark == ~get_le64(p + 8) ? mark : 0;
}

/* How far the file had been durable, by all it still says; `mark`: by its head. */
static uint64_t durable_until(struct slice file, uint64_t bad_at, uint64_t mark)
{
	uint64_t until = mark;

	for (uint64_t at = bad_at + 8; at + WAL_RECORD_HEAD <= file.n; at += 8) {
		struct wal_record r;
		uint64_t next, durable;

		if (!record_at(file, at, &r, &next, &durable))
			continue;
		if (durable > until)
			until = durable;
		at = padded(next) - 8;
	}
	return until;
}

static bool is_head(const char *head, uint64_t number)
{
	return memcmp(head, magic, sizeof(magic)) == 0 && get_le64(head + 8) == number &&
	       get_le32(head + 16) == crc32c(0, head, 16);
}

static int read_all(struct slice file, const char *path, uint64_t number, uint64_t mark,
		    int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
		    uint64_t *end, struct err *e)
{
	*end = WAL_HEAD_BYTES;
	if (!is_head(file.p, number))
		return bad(e, path, 0, "this is no log file, or its head is damaged");
	while (*end < file.n) {
		struct wal_record r;
		uint64_t next, durable;

		if (!record_at(file, *end, &r, &next, &durable)) {
			if (durable_until(file, *end, mark) > *end)
				return bad(e, path, *end,
					   "the record is damaged although it had been durable");
			return 0;
		}
		if (each(ctx, &r, e) < 0)
			return err_wrap(e, "%s, byte %" PRIu64, path, *end);
		*end = next;
	}
	return durable_until(file, file.n, mark) > padded(file.n)
		       ? bad(e, path, file.n, "the file is cut off")
		       : 0;
}

int wal_read_bytes(struct slice file, const char *path, uint64_t number,
		   int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
		   uint64_t *end, struct err *e)
{
	if (file.n < WAL_HEAD_BYTES) {
		*end = 0;
		return 0;
	}
	return read_all(file, path, number, read_durable(file.p + DURABLE_AT), each, ctx, end, e);
}

int wal_hold(const char *path, uint64_t number, struct wal_held *h, struct err *e)
{
	struct stat st;
	int why;

	*h = (struct wal_held){ .number = number };
	h->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (h->fd < 0)
		return err_sys(e, errno, "cannot read %s", path);
	/* Before the length: beside a writer both grow. */
	if (pread(h->fd, h->mark, sizeof(h->mark), DURABLE_AT) < 0 || fstat(h->fd, &st) < 0) {
		why = errno;
		wal_let_go(h);
		return err_sys(e, why, "cannot read %s", path);
	}
	h->size = (uint64_t)st.st_size;
	return 0;
}

void wal_let_go(const struct wal_held *h)
{
	close(h->fd);
}

/* Not mapped: a writer may cut a torn end off, and then that would be SIGBUS. *got: what is still
 * there. */
static int read_bytes(const struct wal_held *h, const char *path, char *to, uint64_t *got,
		      struct err *e)
{
	*got = 0;
	while (*got < h->size) {
		ssize_t n = pread(h->fd, to + *got, h->size - *got, (off_t)*got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read %s", path);
		if (n == 0)
			break;
		*got += (uint64_t)n;
	}
	return 0;
}

int wal_read_held(const struct wal_held *h, const char *path,
		  int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
		  uint64_t *end, struct err *e)
{
	char *bytes;
	uint64_t n;
	int rc;

	*end = 0;
	if (h->size < WAL_HEAD_BYTES)
		return 0;
	bytes = mem_alloc(h->size);
	if (!bytes)
		return err_set(e, ERR_MEMORY, "no memory to read %s", path);
	rc = read_bytes(h, path, bytes, &n, e);
	if (rc == 0 && n >= WAL_HEAD_BYTES)
		rc = read_all(slice_of(bytes, n), path, h->number, read_durable(h->mark), each, ctx,
			      end, e);
	mem_free(bytes);
	return rc;
}

int wal_read(const char *path, uint64_t number,
	     int (*each)(void *ctx, const struct wal_record *r, struct err *e), void *ctx,
	     uint64_t *end, uint64_t *size, struct err *e)
{
	struct wal_held h;
	int rc;

	*end = *size = 0;
	if (wal_hold(path, number, &h, e) < 0)
		return -1;
	*size = h.size;
	rc = wal_read_held(&h, path, each, ctx, end, e);
	wal_let_go(&h);
	return rc;
}

int wal_never_begun(const struct wal_held *h, uint64_t marked, const char *path, struct err *e)
{
	char head[WAL_HEAD_BYTES];
	ssize_t n = pread(h->fd, head, sizeof(head), 0);

	if (n < 0)
		return err_sys(e, errno, "cannot read %s", path);
	if (h->size >= WAL_HEAD_BYTES && (size_t)n == sizeof(head) && is_head(head, h->number))
		return 0;
	if (h->number > marked && (marked || h->size <= WAL_HEAD_BYTES))
		return 1;
	return h->size < WAL_HEAD_BYTES ? bad(e, path, h->size, "the file is cut off") : 0;
}

int wal_begin_anew(const char *path, uint64_t number, struct err *e)
{
	int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC | O_NOFOLLOW), rc;

	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	errno = 0;
	rc = write_head(fd, path, number, e);
	close(fd);
	return rc;
}

int wal_cut(const char *path, uint64_t end, struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), rc = 0;

	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	if (ftruncate(fd, (off_t)end) < 0 || fdatasync(fd) < 0)
		rc = err_sys(e, errno, "cannot cut %s", path);
	close(fd);
	return rc;
}
