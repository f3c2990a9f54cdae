/*
 * control.c - programs that keep, or break, the promise to lose nothing they acknowledged.
 *
 *   torture-control write WAY DIR N    hands N numbered records over and acknowledges each
 *   torture-control read WAY DIR       prints the numbers of the records that are whole
 *
 * A power-cut test that finds no loss in the first group below proves something
 * only when it finds losses in the second.
 *
 *   synced          appended to a file, fdatasync, acknowledged
 *   renamed         written to a file of its own, synced, renamed, folder synced, acknowledged
 *   dsync           as synced, through an O_DSYNC descriptor
 *   lmdb            an LMDB transaction with the default flags
 *
 *   unsynced        never synced
 *   early           acknowledged before it is written and synced
 *   rename-only     renamed, but the folder is not synced
 *   size-only       synced, but through a header that counts records before they are written
 *   lmdb-nosync     LMDB with MDB_NOSYNC
 *
 * The acknowledgement is a mark in the recording (record.h).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<lmdb.h>)
#include <lmdb.h>
#define HAVE_LMDB 1
#endif
#endif

/* Longer than a sector, and no multiple of one, so that records can be torn. */
enum { RECORD_BYTES = 1100 };

static const char *folder;

static void die(const char *what)
{
	fprintf(stderr, "torture-control: %s: %s\n", what, strerror(errno));
	exit(3);
}

static void acknowledge(unsigned n)
{
	static void (*mark)(const char *);
	char text[32];

	if (!mark)
		mark = (void (*)(const char *))dlsym(RTLD_DEFAULT, "torture_mark");
	snprintf(text, sizeof(text), "%u", n);
	if (mark)
		mark(text);
}

/* Each byte depends on the number and its place. */
static void fill(uint8_t out[RECORD_BYTES], uint32_t n)
{
	uint32_t x = n * 2654435761u + 1;

	for (int i = 0; i < RECORD_BYTES; i++) {
		x = x * 1664525u + 1013904223u;
		out[i] = (uint8_t)(x >> 24);
	}
	memcpy(out, &n, sizeof(n));
}

static bool is_whole(const uint8_t *record, size_t n)
{
	uint8_t want[RECORD_BYTES];
	uint32_t number;

	if (n != RECORD_BYTES)
		return false;
	memcpy(&number, record, sizeof(number));
	fill(want, number);
	return memcmp(record, want, RECORD_BYTES) == 0;
}

static void show(const uint8_t *record, size_t n)
{
	uint32_t number;

	if (!is_whole(record, n))
		return;
	memcpy(&number, record, sizeof(number));
	printf("%u\n", number);
}

static int open_in(const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static void sync_folder(void)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		die(folder);
	close(fd);
}

static void append(int fd, unsigned n)
{
	uint8_t record[RECORD_BYTES];

	fill(record, n);
	if (write(fd, record, sizeof(record)) != (ssize_t)sizeof(record))
		die("write");
}

/* --- one file ------------------------------------------------------------------- */

static void write_log(const char *way, unsigned count)
{
	bool early = strcmp(way, "early") == 0, syncs = strcmp(way, "unsynced") != 0;
	int dsync = strcmp(way, "dsync") == 0 ? O_DSYNC : 0;
	int fd = open_in("log", O_WRONLY | O_CREAT | O_APPEND | dsync);

	if (fd < 0)
		die("log");
	sync_folder();
	for (unsigned n = 1; n <= count; n++) {
		if (early)
			acknowledge(n);
		append(fd, n);
		if (syncs && !dsync && fdatasync(fd) < 0)
			die("fdatasync");
		if (!early)
			acknowledge(n);
	}
	close(fd);
}

static void read_log(void)
{
	uint8_t record[RECORD_BYTES];
	int fd = open_in("log", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = read(fd, record, sizeof(record))) == (ssize_t)sizeof(record) &&
	       is_whole(record, (size_t)n))
		show(record, (size_t)n);
	close(fd);
}

/* A head with the count, synced before the records that it counts: right on a disk that takes
 * writes in order, and only there. */
static void write_counted(unsigned count)
{
	int fd = open_in("counted", O_RDWR | O_CREAT);
	uint8_t record[RECORD_BYTES];

	if (fd < 0)
		die("counted");
	sync_folder();
	for (uint32_t n = 1; n <= count; n++) {
		if (pwrite(fd, &n, sizeof(n), 0) != (ssize_t)sizeof(n) || fdatasync(fd) < 0)
			die("counted");
		fill(record, n);
		if (pwrite(fd, record, sizeof(record), 512 + (off_t)(n - 1) * RECORD_BYTES) < 0)
			die("counted");
		acknowledge(n);
	}
	close(fd);
}

static void read_counted(void)
{
	uint8_t record[RECORD_BYTES];
	int fd = open_in("counted", O_RDONLY);
	uint32_t count = 0;
	ssize_t n;

	if (fd < 0)
		return;
	if (pread(fd, &count, sizeof(count), 0) != (ssize_t)sizeof(count))
		count = 0;
	for (uint32_t i = 0; i < count; i++) {
		n = pread(fd, record, sizeof(record), 512 + (off_t)i * RECORD_BYTES);
		show(record, n > 0 ? (size_t)n : 0);
	}
	close(fd);
}

/* --- a file a record -------------------------------------------------------------- */

static void write_renamed(bool syncs_folder, unsigned count)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/new", folder);
	for (unsigned n = 1; n <= count; n++) {
		int fd = open_in("new", O_WRONLY | O_CREAT | O_TRUNC);

		if (fd < 0)
			die(from);
		append(fd, n);
		if (fdatasync(fd) < 0 || close(fd) < 0)
			die(from);
		snprintf(to, sizeof(to), "%s/%u.record", folder, n);
		if (rename(from, to) < 0)
			die(to);
		if (syncs_folder)
			sync_folder();
		acknowledge(n);
	}
}

static void read_renamed(void)
{
	uint8_t record[RECORD_BYTES];
	char name[32];

	for (unsigned n = 1; n <= 10000; n++) {
		snprintf(name, sizeof(name), "%u.record", n);
		int fd = open_in(name, O_RDONLY);

		if (fd < 0)
			continue;
		ssize_t got = read(fd, record, sizeof(record));

		show(record, got > 0 ? (size_t)got : 0);
		close(fd);
	}
}

/* --- LMDB ----------------------------------------------------------------------- */

#ifdef HAVE_LMDB
static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "torture-control: %s: %s\n", what, mdb_strerror(rc));
	exit(4);
}

static MDB_env *open_lmdb(unsigned flags)
{
	MDB_env *env;

	must(mdb_env_create(&env), "create");
	must(mdb_env_set_mapsize(env, 64u << 20), "map size");
	must(mdb_env_open(env, folder, flags, 0600), "open");
	return env;
}

static void write_lmdb(unsigned flags, unsigned count)
{
	MDB_env *env = open_lmdb(flags);
	uint8_t record[RECORD_BYTES];

	sync_folder();
	for (uint32_t n = 1; n <= count; n++) {
		MDB_txn *t;
		MDB_dbi table;
		MDB_val key = { sizeof(n), &n }, value = { sizeof(record), record };

		fill(record, n);
		must(mdb_txn_begin(env, NULL, 0, &t), "begin");
		must(mdb_dbi_open(t, NULL, 0, &table), "table");
		must(mdb_put(t, table, &key, &value, 0), "put");
		must(mdb_txn_commit(t), "commit");
		acknowledge(n);
	}
	mdb_env_close(env);
}

static void read_lmdb(void)
{
	MDB_env *env = open_lmdb(MDB_RDONLY | MDB_NOLOCK);
	MDB_val key, value;
	MDB_cursor *c;
	MDB_dbi table;
	MDB_txn *t;

	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &t), "begin");
	must(mdb_dbi_open(t, NULL, 0, &table), "table");
	must(mdb_cursor_open(t, table, &c), "cursor");
	while (mdb_cursor_get(c, &key, &value, MDB_NEXT) == 0)
		show(value.mv_data, value.mv_size);
	mdb_cursor_close(c);
	mdb_txn_abort(t);
	mdb_env_close(env);
}
#endif

/* --- the command line --------------------------------------------------------------- */

static void write_way(const char *way, unsigned n)
{
	if (strcmp(way, "renamed") == 0 || strcmp(way, "rename-only") == 0)
		write_renamed(strcmp(way, "renamed") == 0, n);
	else if (strcmp(way, "size-only") == 0)
		write_counted(n);
#ifdef HAVE_LMDB
	else if (strcmp(way, "lmdb") == 0 || strcmp(way, "lmdb-nosync") == 0)
		write_lmdb(strcmp(way, "lmdb") == 0 ? 0 : MDB_NOSYNC, n);
#endif
	else
		write_log(way, n);
}

static void read_way(const char *way)
{
	if (strncmp(way, "rename", 6) == 0)
		read_renamed();
	else if (strcmp(way, "size-only") == 0)
		read_counted();
#ifdef HAVE_LMDB
	else if (strncmp(way, "lmdb", 4) == 0)
		read_lmdb();
#endif
	else
		read_log();
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "write") == 0) {
		folder = argv[3];
		write_way(argv[2], (unsigned)strtoul(argv[4], NULL, 10));
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "read") == 0) {
		folder = argv[3];
		read_way(argv[2]);
		return 0;
	}
	fputs("usage: torture-control write WAY DIR N | read WAY DIR\n", stderr);
	return 2;
}
