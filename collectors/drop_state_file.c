/*
 * drop_state_file.c - the file of a drop_state.h: read, added to, written anew.
 */
#include "collectors/drop_state.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Out-of-date lines that are suffered beside those that count. */
enum { STALE_LINES = 1000, PATH_BYTES = 4096 };

void drop_state_release(struct drop_state *s)
{
	drop_state_clear(s);
	map_release(&s->known);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->path);
	drop_state_init(s, s->folder);
}

/* --- reading -------------------------------------------------------------------------------- */

static int name_file(struct drop_state *s, const char *dir, const char *feed, struct err *e)
{
	size_t room = strlen(dir) + strlen(feed) + sizeof("/.folder");

	if (s->path)
		return 0;
	s->path = mem_alloc(room);
	if (!s->path)
		return err_set(e, ERR_MEMORY, "not enough memory for a file's name");
	snprintf(s->path, room, "%s/%s.folder", dir, feed);
	return 0;
}

/* Whoever takes the file away wants everything read again. */
static bool is_open(const struct drop_state *s)
{
	struct stat here, there;

	return s->fd >= 0 && fstat(s->fd, &here) == 0 && stat(s->path, &there) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static int read_lines(struct drop_state *s, size_t *damaged, struct err *e)
{
	struct buf text;
	int64_t lost = -1;

	buf_init(&text, DROP_STATE_BYTES_MAX + 2 * FILE_PIECE_BYTES);
	if (file_read(s->path, DROP_STATE_BYTES_MAX, &text, e) == 0)
		lost = text.n > DROP_STATE_BYTES_MAX ? 1 : drop_state_parse(s, buf_all(&text), e);
	s->unwritten |= text.n > DROP_STATE_BYTES_MAX;
	buf_release(&text);
	*damaged = lost > 0 ? (size_t)lost : 0;
	return lost < 0 ? -1 : 0;
}

int drop_state_open(struct drop_state *s, const char *dir, const char *feed, size_t *damaged,
		    struct err *e)
{
	*damaged = 0;
	if (name_file(s, dir, feed, e) < 0)
		return -1;
	/* Also when nothing could be written so far: what is known is known. */
	if (is_open(s) || (s->fd < 0 && s->unwritten))
		return 0;
	if (s->fd >= 0)
		close(s->fd);
	drop_state_clear(s);
	s->unwritten = false;
	s->fd = open(s->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0 && errno == ENOENT)
		return 0;
	if (s->fd < 0)
		return err_sys(e, errno, "%s cannot be opened", s->path);
	if (read_lines(s, damaged, e) == 0)
		return 0;
	drop_state_clear(s);
	close(s->fd);
	s->fd = -1;
	s->unwritten = false;
	return err_wrap(e, "%s", s->path);
}

/* --- writing -------------------------------------------------------------------------------- */

static int open_folder_of(const char *path)
{
	char dir[PATH_BYTES];

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -1;
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The new file, open for adding lines; -1: errno says why. */
static int write_file(int dir, const char *path, const char *tmp, struct slice text)
{
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	int errnum;

	if (fd < 0)
		return -1;
	if (file_write_all(fd, text) == 0 && fsync(fd) == 0 && rename(tmp, path) == 0 &&
	    fsync(dir) == 0)
		return fd;
	errnum = errno;
	unlink(tmp);
	close(fd);
	errno = errnum;
	return -1;
}

static int replace_file(const char *path, struct slice text, struct err *e)
{
	int dir = open_folder_of(path), fd;
	char tmp[PATH_BYTES];

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	fd = dir < 0 ? -1 : write_file(dir, path, tmp, text);
	if (fd < 0)
		err_sys(e, errno, "%s cannot be written", path);
	if (dir >= 0)
		close(dir);
	return fd;
}

static int write_anew(struct drop_state *s, struct err *e)
{
	struct buf text;
	int fd = -1;

	s->unwritten = true;
	buf_init(&text, DROP_STATE_BYTES_MAX);
	drop_state_print(s, &text);
	if (buf_check(&text, e) == 0)
		fd = replace_file(s->path, buf_all(&text), e);
	buf_release(&text);
	if (fd < 0)
		return -1;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = fd;
	s->lines = s->known.n;
	s->unwritten = false;
	return 0;
}

/* A line that was written in part would spoil the next: the file is then written anew. */
static int add_line(struct drop_state *s, const struct buf *line, struct err *e)
{
	if (buf_check(line, e) < 0) {
		s->unwritten = true;
		return -1;
	}
	if (s->fd < 0 || s->unwritten)
		return write_anew(s, e);
	if (file_write_all(s->fd, buf_all(line)) < 0 || fdatasync(s->fd) < 0) {
		s->unwritten = true;
		return err_sys(e, errno, "%s cannot be written", s->path);
	}
	s->lines++;
	return 0;
}

int drop_state_put(struct drop_state *s, const struct drop_known *k, struct err *e)
{
	struct buf line;
	int rc;

	if (drop_state_remember(s, k, e) < 0)
		return -1;
	buf_init(&line, 16 << 10);
	drop_state_print_file(k, &line);
	rc = add_line(s, &line, e);
	buf_release(&line);
	return rc;
}

int drop_state_forget(struct drop_state *s, const char *name, struct err *e)
{
	struct buf line;
	int rc;

	buf_init(&line, 16 << 10);
	drop_state_print_gone(name, &line);
	drop_state_drop(s, name);
	rc = add_line(s, &line, e);
	buf_release(&line);
	return rc;
}

int drop_state_tidy(struct drop_state *s, struct err *e)
{
	if (s->unwritten || s->lines > 2 * s->known.n + STALE_LINES)
		return write_anew(s, e);
	return 0;
}
