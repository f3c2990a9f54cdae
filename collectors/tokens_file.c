/* tokens_file.c - see tokens_file.h. */
#include "collectors/tokens_file.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, LOOK_EVERY_MS = 1000 };

/* --- reading ------------------------------------------------------------------------------ */

static int check_file(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_REFUSED, "%s is not a file", path);
	if (st.st_mode & 077)
		return err_set(e, ERR_REFUSED,
			       "%s may be read by others than its owner: chmod 600 it", path);
	return 0;
}

struct tokens *tokens_load(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct tokens *t = NULL;
	struct buf text;

	if (fd < 0 && errno == ENOENT)
		return tokens_new(e);
	if (fd < 0) {
		err_sys(e, errno, "cannot read %s", path);
		return NULL;
	}
	buf_init(&text, TOKENS_FILE_MAX + FILE_PIECE_BYTES);
	if (check_file(fd, path, e) == 0) {
		if (file_read_rest(fd, SIZE_MAX, &text, e) == 0)
			t = tokens_parse(buf_all(&text), e);
		if (!t)
			err_wrap(e, "%s", path);
	}
	buf_release(&text);
	close(fd);
	return t;
}

/* --- writing ------------------------------------------------------------------------------ */

/* Root writes for the daemon: the file is to be the user's whose folder it lies in. */
static int give_away(int fd, int folder)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	return fstat(folder, &st) < 0 ? -1 : fchown(fd, st.st_uid, st.st_gid);
}

static int write_beside(const char *beside, int folder, struct slice text, struct err *e)
{
	int fd, rc = -1;

	unlink(beside); /* what a crash left: the folder's lock is ours */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot write %s", beside);
	if (file_write_all(fd, text) < 0 || give_away(fd, folder) < 0 || fsync(fd) < 0)
		err_sys(e, errno, "cannot write %s", beside);
	else
		rc = 0;
	close(fd);
	return rc;
}

static int save(const char *path, int folder, const struct tokens *t, struct err *e)
{
	char beside[PATH_BYTES];
	struct buf text;
	int rc = -1;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return err_set(e, ERR_LIMIT, "the path %.80s… is too long", path);
	buf_init(&text, TOKENS_FILE_MAX);
	tokens_print(t, &text);
	if (buf_check(&text, e) < 0)
		err_wrap(e, "the file of tokens would be too large");
	else
		rc = write_beside(beside, folder, buf_all(&text), e);
	buf_release(&text);
	if (rc == 0 && (rename(beside, path) < 0 || fsync(folder) < 0))
		rc = err_sys(e, errno, "cannot write %s", path);
	if (rc < 0)
		unlink(beside);
	return rc;
}

/* The folder, locked until it is closed. */
static int lock_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_BYTES];
	int fd;

	if (snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + 1) : 2,
		     slash ? path : "./") >= (int)sizeof(dir))
		return err_set(e, ERR_LIMIT, "the path %.80s… is too long", path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot open the folder %s", dir);
	if (flock(fd, LOCK_EX) == 0)
		return fd;
	err_sys(e, errno, "cannot lock the folder %s", dir);
	close(fd);
	return -1;
}

int tokens_change(const char *path, int (*change)(void *ctx, struct tokens *t, struct err *e),
		  void *ctx, struct err *e)
{
	int folder = lock_folder(path, e), rc = -1;
	struct tokens *t;

	if (folder < 0)
		return -1;
	t = tokens_load(path, e);
	if (t && change(ctx, t, e) == 0)
		rc = save(path, folder, t, e);
	tokens_unref(t);
	close(folder);
	return rc;
}

/* --- the daemon's view ---------------------------------------------------------------------- */

int token_book_init(struct token_book *b, const char *path, struct err *e)
{
	*b = (struct token_book){ .path = mem_strdup(path) };
	pthread_mutex_init(&b->lock, NULL);
	return b->path ? 0 : err_set(e, ERR_MEMORY, "no memory for the tokens");
}

void token_book_release(struct token_book *b)
{
	if (!b->path)
		return;
	tokens_unref(b->now);
	mem_free(b->path);
	pthread_mutex_destroy(&b->lock);
	*b = (struct token_book){ .path = NULL };
}

int token_book_reload(struct token_book *b, const char *path, struct err *e)
{
	char *copy = mem_strdup(path);

	if (!copy)
		return err_set(e, ERR_MEMORY, "no memory for the tokens");
	pthread_mutex_lock(&b->lock);
	mem_free(b->path);
	b->path = copy;
	b->looked_ms = 0;
	pthread_mutex_unlock(&b->lock);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void read_anew(struct token_book *b)
{
	struct tokens *t = tokens_load(b->path, &b->why);

	if (t)
		log_event(LOG_INFO, "tokens read", log_s("file", b->path),
			  log_i("tokens", (int64_t)t->n));
	else
		log_event(LOG_ERROR, "nobody can hand in figures", log_err(&b->why));
	tokens_unref(b->now);
	b->now = t;
}

/* Stamped before it is read: what changes meanwhile is seen with the next look. */
static void look(struct token_book *b, bool anyway)
{
	struct stat st;
	bool there = stat(b->path, &st) == 0;

	if (!anyway && there == b->there && (!there || same_file(&st, &b->seen)))
		return;
	b->there = there;
	b->seen = there ? st : (struct stat){ 0 };
	read_anew(b);
}

struct tokens *token_book_get(struct token_book *b, int64_t mono_ms, struct err *e)
{
	struct tokens *t = NULL;

	pthread_mutex_lock(&b->lock);
	if (!b->looked_ms || mono_ms - b->looked_ms >= LOOK_EVERY_MS) {
		look(b, !b->looked_ms);
		b->looked_ms = mono_ms ? mono_ms : 1;
	}
	if (b->now)
		t = tokens_ref(b->now);
	else
		*e = b->why;
	pthread_mutex_unlock(&b->lock);
	return t;
}
