/*
 * fuzz_store_files.c - any bytes as a file that the store keeps beside LMDB: a log file or a run.
 *
 * The first byte's lowest bit picks the kind; with the next one set, heads, records and tables get
 * right checksums first. What of a log was good can be cut off and read again, all of it.
 */
#include "base/crc32c.h"
#include "storage/keys.h"
#include "storage/layer.h"
#include "storage/wal.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };

static char folder[64], log_path[128], run_path[128];

static void remove_folder(void)
{
	char sub[96];

	unlink(log_path);
	unlink(run_path);
	snprintf(sub, sizeof(sub), "%s/runs", folder);
	rmdir(sub);
	rmdir(folder);
}

static void make_folder(void)
{
	const char *wanted = getenv("TMPDIR");
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : wanted ? wanted : "/tmp";
	char sub[96];

	MUST((size_t)snprintf(folder, sizeof(folder), "%s/fuzz-store-XXXXXX", tmp) <
	     sizeof(folder));
	MUST(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/runs", folder);
	MUST(mkdir(sub, 0700) == 0);
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(run_path, sizeof(run_path), "%s/runs/00000001.run", folder);
	atexit(remove_folder);
}

static void write_file(const char *path, struct slice body)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0 && write(fd, body.p, body.n) == (ssize_t)body.n);
	close(fd);
}

/* --- logs ------------------------------------------------------------------------------------- */

static void repair_log(char *p, size_t n)
{
	static const char magic[8] = { 'p', 'w', 'l', 'o', 'g', 0, 0, 1 };
	size_t at = WAL_HEAD_BYTES;

	if (n < WAL_HEAD_BYTES)
		return;
	memcpy(p, magic, sizeof(magic));
	put_le64((uint8_t *)p + 8, 1);
	put_le32((uint8_t *)p + 16, crc32c(0, p, 16));
	while (n - at >= WAL_RECORD_HEAD) {
		uint32_t bytes = get_le32(p + at + 4) % 256;

		if (bytes < WAL_RECORD_HEAD || bytes > n - at)
			return;
		put_le32((uint8_t *)p + at + 4, bytes);
		p[at + 24] = (char)(1 + (p[at + 24] & 1));
		put_le32((uint8_t *)p + at, crc32c(0, p + at + 4, bytes - 4));
		at += (bytes + 7) & ~7u;
		if (at > n)
			return;
	}
}

static int count(void *ctx, const struct wal_record *r, struct err *e)
{
	volatile char last;

	(void)e;
	if (r->body.n > 0)
		last = r->body.p[r->body.n - 1];
	if (r->list.n > 0)
		last = r->list.p[r->list.n - 1];
	(void)last;
	++*(int *)ctx;
	return 0;
}

static void read_log(struct slice body)
{
	int n = 0, again = 0;
	uint64_t end, size;
	struct err e;

	write_file(log_path, body);
	if (wal_read(log_path, 1, count, &n, &end, &size, &e) < 0) {
		must_say_why(&e);
		MUST(e.code == ERR_CORRUPT);
		return;
	}
	MUST(end <= size && size == body.n);
	MUST(wal_cut(log_path, end, &e) == 0);
	MUST(wal_read(log_path, 1, count, &again, &end, &size, &e) == 0);
	MUST(end == size && again == n);
}

/* --- runs --------------------------------------------------------------------------- */

enum { RUN_HEAD = 32, RUN_TAIL = 16 };

static void repair_run(char *p, size_t n)
{
	static const char magic[8] = { 'p', 'w', 'r', 'u', 'n', 0, 0, 1 };
	uint64_t table;

	if (n < RUN_HEAD + RUN_TAIL)
		return;
	memcpy(p, magic, sizeof(magic));
	put_le64((uint8_t *)p + 8, 1);
	put_le32((uint8_t *)p + 24, crc32c(0, p, 24));
	table = get_le64(p + n - RUN_TAIL) % (n - RUN_HEAD - RUN_TAIL + 1);
	put_le64((uint8_t *)p + n - RUN_TAIL, table);
	put_le32((uint8_t *)p + n - RUN_TAIL + 8,
		 crc32c(0, p + n - RUN_TAIL - table, (size_t)table + 8));
}

static void read_segments(const struct layer *l)
{
	struct segment_reader r;

	segment_reader_init(&r);
	for (uint32_t i = 0; i < l->nsegments; i++) {
		struct slice bytes;
		struct err e;

		if (layer_segment(l, NULL, i, &bytes, &e) < 0 || segment_open(&r, bytes, &e) < 0) {
			must_say_why(&e);
			continue;
		}
		MUST(lies_within(bytes, l->map));
		while (r.at.left > 0) {
			uint32_t left = r.at.left;
			struct chunk c;

			if (segment_next(&r, &all, &c, &e) == 1)
				MUST(lies_within(c.values, bytes));
			if (r.at.left == left)
				break;
		}
	}
	segment_reader_release(&r);
}

static void read_run(struct slice body)
{
	struct layer *l;
	struct err e;

	write_file(run_path, body);
	l = run_open(folder, 1, &e);
	if (!l) {
		must_say_why(&e);
		MUST(e.code == ERR_CORRUPT);
		return;
	}
	read_segments(l);
	layer_unref(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice body;
	char *bytes;

	if (n < 1)
		return 0;
	if (!folder[0])
		make_folder();
	bytes = malloc(n > 1 ? n - 1 : 1);
	MUST(bytes);
	memcpy(bytes, data + 1, n - 1);
	body = slice_of(bytes, n - 1);
	if (data[0] & 2) {
		if (data[0] & 1)
			repair_run(bytes, body.n);
		else
			repair_log(bytes, body.n);
	}
	if (data[0] & 1)
		read_run(body);
	else
		read_log(body);
	free(bytes);
	return 0;
}
