/*
 * replay_disk.c - the folder of a recording as it may look after a power cut.
 *
 *   torture-disk --record FILE [--base DIR] [--at N] [--mode none|all|random|torn] [--seed S]
 *                [--out DIR] [--info]
 *
 * The power fails after frame N (all of them without --at). Makes DIR as the disk may
 * have it (disk_model.h says what may be) and prints the marks that come before: what had been
 * acknowledged. --info prints one line with the number of frames and marks instead,
 * and with --at N a line on frame N. The same options make the same folder.
 */
#include "tests/torture/disk_model.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
	const char *record, *base, *out;
	uint64_t at, seed;
	enum disk_mode mode;
	bool info;
};

static const char usage[] = "usage: torture-disk --record FILE [--base DIR] [--at N] "
			    "[--mode none|all|random|torn] [--seed S] [--out DIR] [--info]\n";

static enum disk_mode mode_of(const char *text)
{
	static const char *const names[] = { "none", "all", "random", "torn" };

	for (int i = 0; i < 4; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum disk_mode)i;
	disk_die("--mode is none, all, random or torn, not '%s'", text);
}

static uint64_t number_of(const char *text)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (end == text || *end)
		disk_die("'%s' is not a number", text);
	return v;
}

static struct options parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "record", required_argument, NULL, 'r' },
		{ "base", required_argument, NULL, 'b' },
		{ "at", required_argument, NULL, 'a' },
		{ "mode", required_argument, NULL, 'm' },
		{ "seed", required_argument, NULL, 's' },
		{ "out", required_argument, NULL, 'o' },
		{ "info", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .at = UINT64_MAX, .mode = DISK_NONE };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'r':
			o.record = optarg;
			break;
		case 'b':
			o.base = optarg;
			break;
		case 'a':
			o.at = number_of(optarg);
			break;
		case 'm':
			o.mode = mode_of(optarg);
			break;
		case 's':
			o.seed = number_of(optarg);
			break;
		case 'o':
			o.out = optarg;
			break;
		case 'i':
			o.info = true;
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (!o.record || (!o.out && !o.info)) {
		fputs(usage, stderr);
		exit(2);
	}
	return o;
}

static const uint8_t *map_file(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		disk_die("cannot read %s: %s", path, strerror(errno));
	*n = (size_t)st.st_size;
	if (*n == 0)
		disk_die("%s is empty: nothing was recorded", path);
	p = mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		disk_die("cannot map %s: %s", path, strerror(errno));
	close(fd);
	return p;
}

/* The frame at *pos and its bytes; false at the end. The last one may be cut off when the program
 * was killed. */
static bool next_frame(const uint8_t *p, size_t n, size_t *pos, struct frame *f,
		       const uint8_t **data)
{
	if (n - *pos < sizeof(*f))
		return false;
	memcpy(f, p + *pos, sizeof(*f));
	if (f->magic != FRAME_MAGIC)
		disk_die("no frame at byte %zu of the recording", *pos);
	if (n - *pos - sizeof(*f) < f->len)
		return false;
	*data = p + *pos + sizeof(*f);
	*pos += sizeof(*f) + f->len;
	return true;
}

static const char *kind_name(unsigned kind)
{
	static const char *const names[] = {
		"nothing",    "open",       "write",    "truncate", "allocate", "zero",
		"range sync", "sync begin", "sync end", "close",    "rename",   "exchange",
		"unlink",     "link",       "mkdir",    "symlink",  "mark",     "note",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static void print_info(const struct options *o, const uint8_t *p, size_t n)
{
	uint64_t frames = 0, marks = 0, counts[32] = { 0 };
	const uint8_t *data;
	struct frame f;

	for (size_t pos = 0; next_frame(p, n, &pos, &f, &data);) {
		frames++;
		marks += f.kind == FRAME_MARK;
		counts[f.kind & 31]++;
		if (frames != o->at)
			continue;
		printf("%s handle %u off %llu size %llu", kind_name(f.kind), f.handle,
		       (unsigned long long)f.off, (unsigned long long)f.size);
		printf(f.kind == FRAME_WRITE ? " len %u\n" : " len %u: %.*s\n", f.len, (int)f.len,
		       (const char *)data);
	}
	printf("frames %llu marks %llu", (unsigned long long)frames, (unsigned long long)marks);
	for (unsigned k = 1; k < 32; k++)
		if (counts[k])
			printf(", %s %llu", kind_name(k), (unsigned long long)counts[k]);
	putchar('\n');
}

static void print_mark(const struct frame *f, const uint8_t *data)
{
	fwrite(data, 1, f->len, stdout);
	if (f->len == 0 || data[f->len - 1] != '\n')
		putchar('\n');
}

static void cut(const struct options *o, const uint8_t *p, size_t n)
{
	struct disk *d = disk_new();
	const uint8_t *data;
	uint64_t frames = 0;
	struct frame f;

	if (o->base)
		disk_load(d, o->base);
	for (size_t pos = 0; frames < o->at && next_frame(p, n, &pos, &f, &data); frames++) {
		disk_apply(d, &f, data);
		if (f.kind == FRAME_MARK)
			print_mark(&f, data);
	}
	disk_write_out(d, o->mode, o->seed, o->out);
	disk_free(d);
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	const uint8_t *p;
	size_t n;

	p = map_file(o.record, &n);
	if (o.info)
		print_info(&o, p, n);
	else
		cut(&o, p, n);
	return 0;
}
