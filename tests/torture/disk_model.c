/*
 * disk_model.c - see disk_model.h: handles, names, and writing a picture out.
 *
 * Files and folders are numbered nodes. A folder's entries as the program sees them
 * are in `now`; each change of a name is kept for good in `name_changes`, and a
 * picture is made by playing those that are there, in order, from what was loaded.
 */
#include "tests/torture/disk_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
	char *name;
	uint32_t node;
};

struct entries {
	struct entry *e;
	size_t n, cap;
};

struct node {
	enum { NODE_FILE, NODE_FOLDER, NODE_LINK } kind;
	struct disk_file file;
	char *target;         /* of a symbolic link */
	struct entries now;   /* of a folder */
	struct entries saved; /* as loaded, then scratch for a picture */
};

/* Removes `from` of from_dir, then puts `node` at `to` of to_dir; either may be left out. */
struct name_change {
	uint64_t seq;
	uint32_t from_dir, to_dir; /* 0: none */
	char *from, *to;
	uint32_t node;
	uint32_t back; /* an exchange: what goes to `from` */
	bool durable;
	bool there; /* in the picture being made */
};

struct handle {
	uint32_t pid, handle, node;
};

struct begun {
	uint32_t pid, ticket;
	uint64_t seq;
};

enum { ROOT = 1 };

struct disk {
	struct node **nodes; /* from ROOT */
	uint32_t nnodes;
	struct name_change *changes;
	size_t nchanges, changes_cap;
	struct handle *handles; /* the newest last */
	size_t nhandles, handles_cap;
	struct begun *begun;
	size_t nbegun, begun_cap;
	uint64_t seq;
	char *noted;
};

_Noreturn void disk_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("torture-disk: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(3);
}

void *disk_grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		disk_die("no memory for %zu bytes", n);
	return p;
}

void *disk_alloc(size_t n)
{
	return memset(disk_grow(NULL, n), 0, n);
}

static char *copy(const char *s, size_t n)
{
	char *c = disk_alloc(n + 1);

	memcpy(c, s, n);
	return c;
}

/* Room for one more in an array. */
#define MORE(p, n, cap)                                                                            \
	do {                                                                                       \
		if ((n) == (cap)) {                                                                \
			(cap) = (cap) ? 2 * (cap) : 16;                                            \
			(p) = disk_grow((p), (cap) * sizeof(*(p)));                                \
		}                                                                                  \
	} while (0)

/* --- entries --------------------------------------------------------------------- */

static uint32_t entries_get(const struct entries *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->e[i].name, name) == 0)
			return s->e[i].node;
	return 0;
}

static void entries_remove(struct entries *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->e[i].name, name) == 0) {
			free(s->e[i].name);
			s->e[i] = s->e[--s->n];
			return;
		}
}

static void entries_put(struct entries *s, const char *name, uint32_t node)
{
	entries_remove(s, name);
	MORE(s->e, s->n, s->cap);
	s->e[s->n++] = (struct entry){ copy(name, strlen(name)), node };
}

static void entries_clear(struct entries *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->e[i].name);
	free(s->e);
	*s = (struct entries){ 0 };
}

static void entries_copy(struct entries *to, const struct entries *from)
{
	for (size_t i = 0; i < from->n; i++)
		entries_put(to, from->e[i].name, from->e[i].node);
}

/* --- nodes ------------------------------------------------------------------------ */

static uint32_t node_new(struct disk *d, int kind)
{
	d->nodes = disk_grow(d->nodes, (d->nnodes + 2) * sizeof(struct node *));
	d->nodes[++d->nnodes] = disk_alloc(sizeof(struct node));
	d->nodes[d->nnodes]->kind = kind;
	return d->nnodes;
}

struct disk *disk_new(void)
{
	struct disk *d = disk_alloc(sizeof(*d));

	node_new(d, NODE_FOLDER);
	return d;
}

void disk_free(struct disk *d)
{
	for (uint32_t i = ROOT; i <= d->nnodes; i++) {
		file_release(&d->nodes[i]->file);
		entries_clear(&d->nodes[i]->now);
		entries_clear(&d->nodes[i]->saved);
		free(d->nodes[i]->target);
		free(d->nodes[i]);
	}
	for (size_t i = 0; i < d->nchanges; i++) {
		free(d->changes[i].from);
		free(d->changes[i].to);
	}
	free(d->nodes);
	free(d->changes);
	free(d->handles);
	free(d->begun);
	free(d->noted);
	free(d);
}

static uint8_t *read_all(const char *path, uint64_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *p;

	if (!f || fstat(fileno(f), &st) < 0)
		disk_die("cannot read %s: %s", path, strerror(errno));
	*n = (uint64_t)st.st_size;
	p = disk_alloc(*n + 1);
	if (fread(p, 1, *n, f) != *n)
		disk_die("cannot read %s", path);
	fclose(f);
	return p;
}

static void load_folder(struct disk *d, uint32_t folder, const char *dir)
{
	DIR *list = opendir(dir);
	char path[PATH_MAX];
	struct dirent *de;
	struct stat st;

	if (!list)
		disk_die("cannot read %s: %s", dir, strerror(errno));
	while ((de = readdir(list))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (lstat(path, &st) < 0)
			disk_die("cannot look at %s", path);
		uint32_t id = node_new(d, S_ISDIR(st.st_mode) ? NODE_FOLDER : NODE_FILE);

		entries_put(&d->nodes[folder]->now, de->d_name, id);
		if (S_ISDIR(st.st_mode)) {
			load_folder(d, id, path);
		} else if (S_ISREG(st.st_mode)) {
			uint64_t n;
			uint8_t *data = read_all(path, &n);

			file_set(&d->nodes[id]->file, data, n);
			free(data);
		}
	}
	closedir(list);
	entries_copy(&d->nodes[folder]->saved, &d->nodes[folder]->now);
}

void disk_load(struct disk *d, const char *dir)
{
	load_folder(d, ROOT, dir);
}

/* The folder that a path's last name is in, and that name. */
static uint32_t folder_of(const struct disk *d, const char *path, const char **name)
{
	uint32_t at = ROOT;
	const char *slash;

	while ((slash = strchr(path, '/'))) {
		char part[NAME_MAX + 1];

		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		at = entries_get(&d->nodes[at]->now, part);
		if (!at)
			disk_die("the recording names a folder it has not made: %s", path);
		path = slash + 1;
	}
	*name = path;
	return at;
}

static uint32_t lookup(const struct disk *d, const char *path)
{
	const char *name;

	if (!*path)
		return ROOT;
	uint32_t folder = folder_of(d, path, &name);

	return entries_get(&d->nodes[folder]->now, name);
}

/* --- frames ------------------------------------------------------------------------ */

static struct name_change *name_changed(struct disk *d, const char *from, const char *to,
					uint32_t node)
{
	struct name_change c = { .seq = d->seq, .node = node };
	const char *name;

	if (from) {
		c.from_dir = folder_of(d, from, &name);
		c.from = copy(name, strlen(name));
		entries_remove(&d->nodes[c.from_dir]->now, name);
	}
	if (to) {
		c.to_dir = folder_of(d, to, &name);
		c.to = copy(name, strlen(name));
		entries_put(&d->nodes[c.to_dir]->now, name, node);
	}
	MORE(d->changes, d->nchanges, d->changes_cap);
	d->changes[d->nchanges++] = c;
	return &d->changes[d->nchanges - 1];
}

static void on_open(struct disk *d, const struct frame *f, const char *path)
{
	uint32_t node = lookup(d, path);

	if (f->flags & FRAME_CREATED) {
		node = node_new(d, NODE_FILE);
		name_changed(d, NULL, path, node);
	}
	if (!node)
		disk_die("frame %llu opens %s, which the recording has not made (is --base "
			 "missing?)",
			 (unsigned long long)d->seq, path);
	if (f->flags & FRAME_EMPTIED)
		file_truncate(&d->nodes[node]->file, d->seq, 0);
	MORE(d->handles, d->nhandles, d->handles_cap);
	d->handles[d->nhandles++] = (struct handle){ f->pid, f->handle, node };
}

static uint32_t node_of(const struct disk *d, const struct frame *f)
{
	for (size_t i = d->nhandles; i-- > 0;)
		if (d->handles[i].handle == f->handle && d->handles[i].pid == f->pid)
			return d->handles[i].node;
	disk_die("frame %llu is about a file that was not opened", (unsigned long long)d->seq);
}

static void names_durable(struct disk *d, uint32_t folder, uint64_t seq)
{
	for (size_t i = 0; i < d->nchanges && d->changes[i].seq < seq; i++) {
		struct name_change *c = &d->changes[i];

		if (c->durable || (c->from_dir != folder && c->to_dir != folder))
			continue;
		c->durable = true;
		/* What came before it in its other folder has to be there as well. */
		if (c->from_dir && c->from_dir != folder)
			names_durable(d, c->from_dir, c->seq);
		if (c->to_dir && c->to_dir != folder)
			names_durable(d, c->to_dir, c->seq);
	}
}

static void node_synced(struct disk *d, uint32_t id, uint64_t seq)
{
	struct node *n = d->nodes[id];

	if (n->kind == NODE_FOLDER)
		names_durable(d, id, seq);
	else
		file_sync(&n->file, seq);
}

static void on_begin(struct disk *d, const struct frame *f)
{
	MORE(d->begun, d->nbegun, d->begun_cap);
	d->begun[d->nbegun++] = (struct begun){ f->pid, f->ticket, d->seq };
}

static uint64_t begin_of(struct disk *d, const struct frame *f)
{
	for (size_t i = d->nbegun; i-- > 0;)
		if (d->begun[i].ticket == f->ticket && d->begun[i].pid == f->pid) {
			uint64_t seq = d->begun[i].seq;

			d->begun[i] = d->begun[--d->nbegun];
			return seq;
		}
	disk_die("frame %llu ends a sync that did not begin", (unsigned long long)d->seq);
}

static void on_end(struct disk *d, const struct frame *f)
{
	uint64_t seq = begin_of(d, f);

	if (f->handle != 0) {
		node_synced(d, node_of(d, f), seq);
		return;
	}
	for (uint32_t id = ROOT; id <= d->nnodes; id++)
		node_synced(d, id, seq);
}

static void on_exchange(struct disk *d, const char *a, const char *b)
{
	uint32_t to_b = lookup(d, a), to_a = lookup(d, b);
	struct name_change *c = name_changed(d, a, b, to_b);

	c->back = to_a;
	entries_put(&d->nodes[c->from_dir]->now, c->from, to_a);
}

static void on_note(struct disk *d, const char *text)
{
	if (d->noted && strstr(d->noted, text))
		return;
	size_t old = d->noted ? strlen(d->noted) : 0;

	d->noted = disk_grow(d->noted, old + strlen(text) + 2);
	snprintf(d->noted + old, strlen(text) + 2, "%s\n", text);
	fprintf(stderr, "torture-disk: note: %s\n", text);
}

static void apply_to_names(struct disk *d, const struct frame *f, const char *a, const char *b)
{
	uint32_t node;

	switch (f->kind) {
	case FRAME_RENAME:
		node = lookup(d, a);
		if (strcmp(a, b) != 0)
			name_changed(d, a, b, node);
		break;
	case FRAME_EXCHANGE:
		on_exchange(d, a, b);
		break;
	case FRAME_UNLINK:
		name_changed(d, a, NULL, 0);
		break;
	case FRAME_LINK:
		name_changed(d, NULL, b, lookup(d, a));
		break;
	case FRAME_MKDIR:
		name_changed(d, NULL, a, node_new(d, NODE_FOLDER));
		break;
	case FRAME_SYMLINK:
		node = node_new(d, NODE_LINK);
		d->nodes[node]->target = copy(b, strlen(b));
		name_changed(d, NULL, a, node);
		break;
	default:
		break;
	}
}

static void apply_to_file(struct disk *d, const struct frame *f, const uint8_t *data)
{
	struct disk_file *file = &d->nodes[node_of(d, f)]->file;

	switch (f->kind) {
	case FRAME_WRITE:
		file_write(file, d->seq, f->off, data, f->len);
		break;
	case FRAME_TRUNCATE:
		file_truncate(file, d->seq, f->off);
		break;
	case FRAME_ALLOCATE:
		file_extend(file, d->seq, f->off);
		break;
	case FRAME_ZERO:
		file_zero(file, d->seq, f->off, f->size);
		break;
	case FRAME_RANGE_SYNC:
		file_sync_range(file, f->off, f->size);
		break;
	default:
		break;
	}
}

void disk_apply(struct disk *d, const struct frame *f, const uint8_t *data)
{
	char *text = NULL;

	d->seq++;
	switch (f->kind) {
	case FRAME_WRITE:
	case FRAME_TRUNCATE:
	case FRAME_ALLOCATE:
	case FRAME_ZERO:
	case FRAME_RANGE_SYNC:
		apply_to_file(d, f, data);
		return;
	case FRAME_SYNC_BEGIN:
		on_begin(d, f);
		return;
	case FRAME_SYNC_END:
		on_end(d, f);
		return;
	case FRAME_CLOSE:
	case FRAME_MARK:
		return;
	default:
		break;
	}
	text = copy((const char *)data, f->len);
	if (f->kind == FRAME_OPEN)
		on_open(d, f, text);
	else if (f->kind == FRAME_NOTE)
		on_note(d, text);
	else
		apply_to_names(d, f, text, text + (strlen(text) < f->len ? strlen(text) + 1 : 0));
	free(text);
}

/* --- pictures ------------------------------------------------------------------------ */

/* Whether all earlier changes of its folders are there; names keep their order. */
static bool may_be_there(const struct disk *d, size_t i)
{
	const struct name_change *c = &d->changes[i];

	for (size_t k = 0; k < i; k++) {
		const struct name_change *o = &d->changes[k];
		bool shares =
			(o->from_dir && (o->from_dir == c->from_dir || o->from_dir == c->to_dir)) ||
			(o->to_dir && (o->to_dir == c->from_dir || o->to_dir == c->to_dir));

		if (shares && !o->there)
			return false;
	}
	return true;
}

static void choose_names(struct disk *d, enum disk_mode mode, double keep, struct dice *dice)
{
	for (size_t i = 0; i < d->nchanges; i++) {
		struct name_change *c = &d->changes[i];
		bool wanted = mode == DISK_ALL || (mode != DISK_NONE && dice_yes(dice, keep));

		c->there = c->durable || (wanted && may_be_there(d, i));
	}
}

static void play_names(struct disk *d)
{
	for (size_t i = 0; i < d->nchanges; i++) {
		const struct name_change *c = &d->changes[i];

		if (!c->there)
			continue;
		if (c->from_dir)
			entries_remove(&d->nodes[c->from_dir]->saved, c->from);
		if (c->to_dir)
			entries_put(&d->nodes[c->to_dir]->saved, c->to, c->node);
		if (c->back)
			entries_put(&d->nodes[c->from_dir]->saved, c->from, c->back);
	}
}

/* Holes stay holes: a store's file is reserved far beyond what it holds. */
static void write_bytes(const char *path, const uint8_t *p, uint64_t n)
{
	static const uint8_t zeros[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)n) < 0)
		disk_die("cannot write %s: %s", path, strerror(errno));
	for (uint64_t at = 0; at < n; at += sizeof(zeros)) {
		size_t part = n - at < sizeof(zeros) ? (size_t)(n - at) : sizeof(zeros);

		if (memcmp(p + at, zeros, part) != 0 &&
		    pwrite(fd, p + at, part, (off_t)at) != (ssize_t)part)
			disk_die("cannot write %s: %s", path, strerror(errno));
	}
	close(fd);
}

struct picture {
	struct disk *disk;
	enum disk_mode mode;
	double keep;
	struct dice *dice;
};

static void write_folder(const struct picture *p, uint32_t folder, const char *dir);

static void write_node(const struct picture *p, uint32_t id, const char *path)
{
	const struct node *n = p->disk->nodes[id];
	uint64_t size;
	uint8_t *bytes;

	switch (n->kind) {
	case NODE_FOLDER:
		write_folder(p, id, path);
		break;
	case NODE_LINK:
		if (symlink(n->target, path) < 0)
			disk_die("cannot make %s: %s", path, strerror(errno));
		break;
	case NODE_FILE:
		bytes = file_picture(&n->file, p->mode, p->keep, p->dice, &size);
		write_bytes(path, bytes, size);
		free(bytes);
		break;
	}
}

static void write_folder(const struct picture *p, uint32_t folder, const char *dir)
{
	const struct entries *list = &p->disk->nodes[folder]->saved;
	char path[PATH_MAX];

	if (mkdir(dir, 0700) < 0)
		disk_die("cannot make %s: %s", dir, strerror(errno));
	for (size_t i = 0; i < list->n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list->e[i].name);
		write_node(p, list->e[i].node, path);
	}
}

void disk_write_out(struct disk *d, enum disk_mode mode, uint64_t seed, const char *dir)
{
	static const double keeps[] = { 0.1, 0.5, 0.9 };
	struct dice dice = { seed };
	struct picture p = { d, mode, keeps[dice_below(&dice, 3)], &dice };

	choose_names(d, mode, keeps[dice_below(&dice, 3)], &dice);
	play_names(d);
	write_folder(&p, ROOT, dir);
}
