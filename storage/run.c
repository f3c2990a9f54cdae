/*
 * run.c - layers in files; see layer.h.
 *
 *    0  8  "pwrun" 0 0 1
 *    8  8  number
 *   16  8  the first log file that went into it; the last one has its number
 *   24  4  CRC-32C of the bytes before
 *   28  4  0
 *   32     the segments, each at a multiple of 8
 *          the table of segments
 *   last 16 bytes: bytes of the table 8, CRC of the table and of these 8 bytes 4, 0 4
 *
 * The file is written under another name, made durable and renamed: one that has its name is
 * whole. Runs and log files follow each other without a gap, so one that is missing is noticed.
 */
#include "storage/layer.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/crc32c.h"
#include "storage/disk.h"
#include "storage/keys.h"
#include "storage/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char magic[8] = { 'p', 'w', 'r', 'u', 'n', 0, 0, 1 };

enum { RUN_HEAD = 32, RUN_SEALED = 24, RUN_TAIL = 16, TABLE_LIMIT = 64 << 20 };

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* --- writing ---------------------------------------------------------------------------- */

static int write_all(struct run_writer *w, struct slice a, size_t padding, struct err *e)
{
	static const uint8_t zeros[8];
	struct iovec parts[2] = { { (void *)(uintptr_t)a.p, a.n },
				  { (void *)(uintptr_t)zeros, padding } };
	ssize_t got = pwritev(w->fd, parts, 2, (off_t)w->at);

	if (got != (ssize_t)(a.n + padding))
		return err_sys(e, got < 0 ? errno : ENOSPC, "cannot write %s", w->temporary);
	w->at += a.n + padding;
	return 0;
}

int run_create(struct run_writer *w, const char *dir, uint64_t from, uint64_t number, struct err *e)
{
	uint8_t head[RUN_HEAD] = { 0 };
	char folder[4096];

	*w = (struct run_writer){ .fd = -1, .number = number };
	if (numbered_path(w->path, dir, "runs", number, ".run", e) < 0 ||
	    numbered_path(w->temporary, dir, "runs", number, ".new", e) < 0)
		return -1;
	snprintf(folder, sizeof(folder), "%s/runs", dir);
	if (mkdir(folder, 0700) == 0)
		disk_sync_folder(dir, NULL);
	w->fd = open(w->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd < 0)
		return err_sys(e, errno, "cannot make %s", w->temporary);
	memcpy(head, magic, sizeof(magic));
	put_le64(head + 8, number);
	put_le64(head + 16, from);
	put_le32(head + RUN_SEALED, crc32c(0, head, RUN_SEALED));
	if (write_all(w, slice_of((const char *)head, sizeof(head)), 0, e) == 0)
		return 0;
	run_abandon(w);
	return -1;
}

int run_add(struct run_writer *w, struct slice bytes, const struct segment_entry *s, struct err *e)
{
	if (w->n == w->cap) {
		uint32_t cap = w->cap ? w->cap * 2 : 64;
		struct segment_entry *more = mem_realloc(w->segments, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory for the table of segments");
		w->segments = more;
		w->cap = cap;
	}
	w->segments[w->n++] = *s;
	return write_all(w, bytes, padded(bytes.n) - bytes.n, e);
}

void run_abandon(struct run_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	unlink(w->temporary);
	mem_free(w->segments);
	*w = (struct run_writer){ .fd = -1 };
}

static int finish_file(struct run_writer *w, struct err *e)
{
	uint8_t tail[RUN_TAIL] = { 0 };
	struct buf table;
	int rc;

	buf_init(&table, TABLE_LIMIT);
	segments_write(w->segments, w->n, &table);
	put_le64(tail, table.n);
	put_le32(tail + 8, crc32c(crc32c(0, table.p, table.n), tail, 8));
	rc = buf_check(&table, e);
	if (rc == 0)
		rc = write_all(w, buf_all(&table), 0, e);
	if (rc == 0)
		rc = write_all(w, slice_of((const char *)tail, sizeof(tail)), 0, e);
	if (rc == 0 && fdatasync(w->fd) < 0)
		rc = err_sys(e, errno, "cannot sync %s", w->temporary);
	buf_release(&table);
	return rc;
}

struct layer *run_finish(struct run_writer *w, struct err *e)
{
	char folder[4096];
	struct layer *l = NULL;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(w->path, '/') - w->path), w->path);
	if (finish_file(w, e) < 0)
		goto out;
	if (rename(w->temporary, w->path) < 0) {
		err_sys(e, errno, "cannot name %s", w->path);
		goto out;
	}
	if (disk_sync_folder(folder, e) == 0) {
		*strrchr(folder, '/') = '\0';
		l = run_open(folder, w->number, e);
	}
out:
	run_abandon(w);
	return l;
}

int run_remove(const char *dir, uint64_t number, struct err *e)
{
	char path[4096];

	if (numbered_path(path, dir, "runs", number, ".run", e) < 0)
		return -1;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot remove %s", path);
	return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

static int bad(struct err *e, const char *why)
{
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "%s", why);
}

static int place_segments(struct layer *l, size_t end, struct err *e)
{
	uint64_t at = RUN_HEAD;

	l->offsets = mem_alloc((l->nsegments + (size_t)1) * sizeof(*l->offsets));
	if (!l->offsets)
		return err_set(e, ERR_MEMORY, "no memory for a run");
	for (uint32_t i = 0; i < l->nsegments; i++) {
		l->offsets[i] = at;
		at += padded(l->segments[i].bytes);
	}
	return at == end ? 0 : bad(e, "its segments do not fill it");
}

static int read_run(struct layer *l, struct err *e)
{
	const char *p = l->map.p, *tail = p + l->map.n - RUN_TAIL;
	uint64_t table;

	if (memcmp(p, magic, sizeof(magic)) != 0 || get_le64(p + 8) != l->number ||
	    get_le32(p + RUN_SEALED) != crc32c(0, p, RUN_SEALED))
		return bad(e, "this is no run, or its head is damaged");
	l->from = get_le64(p + 16);
	table = get_le64(tail);
	if (table > l->map.n - RUN_HEAD - RUN_TAIL ||
	    get_le32(tail + 8) != crc32c(0, tail - table, table + 8))
		return bad(e, "its table of segments is damaged");
	if (segments_read(l, slice_of(tail - table, table), e) < 0)
		return -1;
	return place_segments(l, (size_t)(tail - p) - table, e);
}

static int map_run(struct layer *l, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
	struct stat st;
	void *map;

	if (fd < 0)
		return err_sys(e, errno, "cannot read %s", path);
	if (fstat(fd, &st) < 0)
		rc = err_sys(e, errno, "cannot read %s", path);
	else if (st.st_size < RUN_HEAD + RUN_TAIL)
		rc = bad(e, "the file is cut off");
	if (rc == 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			rc = err_sys(e, errno, "cannot read %s", path);
		else
			l->map = slice_of(map, (size_t)st.st_size);
	}
	close(fd);
	return rc;
}

struct layer *run_open(const char *dir, uint64_t number, struct err *e)
{
	struct layer *l = mem_zalloc(sizeof(*l));
	char path[4096];

	if (!l) {
		err_set(e, ERR_MEMORY, "no memory for a run");
		return NULL;
	}
	atomic_init(&l->refs, 1);
	l->kind = SEGMENT_SAMPLES;
	l->run = true;
	l->number = (uint32_t)number;
	l->order = number;
	if (numbered_path(path, dir, "runs", number, ".run", e) < 0 || map_run(l, path, e) < 0 ||
	    read_run(l, e) < 0) {
		err_wrap(e, "run %llu", (unsigned long long)number);
		layer_unref(l);
		return NULL;
	}
	return l;
}
