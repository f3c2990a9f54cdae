/*
 * spool.c - see spool.h.
 *
 * A spool grows by whole steps of the file, which fallocate() reserves: writing to the mapping
 * then needs no space that is not there. Where a file system cannot make files without a
 * name (O_TMPFILE), one is made and its name taken away at once.
 *
 * All spools are on a list, so that a slice can be asked whether it lies in one: dropping the pages
 * of other memory would lose them.
 *
 * The file goes away with its mapping, and to give back the pages of 200 MB takes the system 25 ms,
 * those of 16 MB two or more. Who frees a buffer may be the loop, so a thread that does nothing
 * else unmaps it.
 */
#include "base/spool.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { GROW_BYTES = 2 << 20 }; /* so much is in memory of what is written */

struct spool {
	int fd;
	char *p;
	size_t bytes; /* of the file and its mapping */
	size_t left;  /* so many from the beginning were left behind while it grew */
	struct spool *prev, *next;
};

static char *folder;
static uint64_t reserve;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct spool *all;

int spool_set_folder(const char *path, uint64_t reserve_bytes, struct err *e)
{
	char *copy = path ? mem_strdup(path) : NULL;

	if (path && !copy)
		return err_set(e, ERR_MEMORY, "no memory for a folder's name");
	mem_free(folder);
	folder = copy;
	reserve = reserve_bytes;
	return 0;
}

bool spool_wanted(size_t bytes)
{
	return folder && bytes > SPOOL_MEMORY_BYTES;
}

/* --- the file ----------------------------------------------------------------------------- */

static int open_named(void)
{
	char name[4096];
	int fd, n = snprintf(name, sizeof(name), "%s/.spool-XXXXXX", folder);

	if (n < 0 || (size_t)n >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static int open_file(void)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = open_named();
	return fd;
}

/* EFBIG: more than the system lets this process write; room that is not there either. */
static enum err_code code_of(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case ENOMEM:
		return ERR_MEMORY;
	default:
		return ERR_IO;
	}
}

static void link_in(struct spool *s)
{
	pthread_mutex_lock(&lock);
	s->next = all;
	if (all)
		all->prev = s;
	all = s;
	pthread_mutex_unlock(&lock);
}

static void take_out(struct spool *s)
{
	pthread_mutex_lock(&lock);
	if (s->next)
		s->next->prev = s->prev;
	if (s->prev)
		s->prev->next = s->next;
	else if (all == s)
		all = s->next;
	s->prev = s->next = NULL;
	pthread_mutex_unlock(&lock);
}

static struct spool *spool_new(enum err_code *why)
{
	struct spool *s = mem_zalloc(sizeof(*s));

	if (!s) {
		*why = ERR_MEMORY;
		return NULL;
	}
	s->fd = open_file();
	if (s->fd < 0) {
		*why = code_of(errno);
		mem_free(s);
		return NULL;
	}
	link_in(s);
	return s;
}

/* How long the mapping is stands at its beginning: nobody reads it any more. */
static void *let_go(void *p)
{
	size_t bytes;

	memcpy(&bytes, p, sizeof(bytes));
	munmap(p, bytes);
	return NULL;
}

/* false: there is no thread for it. Signals are the loop's. */
static bool let_go_aside(char *p, size_t bytes)
{
	pthread_attr_t detached;
	sigset_t every, old;
	pthread_t t;
	int r;

	memcpy(p, &bytes, sizeof(bytes));
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &old);
	r = pthread_create(&t, &detached, let_go, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&detached);
	return r == 0;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	take_out(s);
	close(s->fd);
	if (s->p && !let_go_aside(s->p, s->bytes))
		munmap(s->p, s->bytes);
	mem_free(s);
}

/* Whether the reserve stays free when the file has `more` bytes. */
static bool leaves_reserve(const struct spool *s, size_t more)
{
	struct statvfs disk;

	return fstatvfs(s->fd, &disk) < 0 ||
	       (uint64_t)disk.f_bavail * disk.f_frsize / 2 >= more / 2 + reserve / 2;
}

/* 0, or what the system says against it. */
static int extend(struct spool *s, size_t bytes)
{
	int errnum;
	void *p;

	if (!leaves_reserve(s, bytes - s->bytes))
		return ENOSPC;
	do
		errnum = posix_fallocate(s->fd, (off_t)s->bytes, (off_t)(bytes - s->bytes));
	while (errnum == EINTR);
	if (errnum)
		return errnum;
	/* Looked up meanwhile by spool_leave(). */
	pthread_mutex_lock(&lock);
	p = s->p ? mremap(s->p, s->bytes, bytes, MREMAP_MAYMOVE)
		 : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (p == MAP_FAILED) {
		errnum = errno;
	} else {
		s->p = p;
		s->bytes = bytes;
	}
	pthread_mutex_unlock(&lock);
	return errnum;
}

char *spool_grow(struct spool **spool, const char *p, size_t n, size_t need, size_t *cap,
		 enum err_code *why)
{
	struct spool *s = *spool ? *spool : spool_new(why);
	size_t bytes = (need / GROW_BYTES + 1) * GROW_BYTES;
	int errnum;

	if (!s)
		return NULL;
	errnum = need > SIZE_MAX / 2 ? ENOMEM : extend(s, bytes);
	if (errnum) {
		*why = code_of(errnum);
		if (!*spool)
			spool_free(s);
		return NULL;
	}
	if (!*spool && n)
		memcpy(s->p, p, n);
	*spool = s;
	*cap = bytes - 1;
	spool_leave(slice_of(s->p + s->left, n - s->left));
	s->left = n;
	return s->p;
}

/* --- going through it ----------------------------------------------------------------------- */

void spool_leave(struct slice slice)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)slice.p;

	pthread_mutex_lock(&lock);
	for (struct spool *s = all; s; s = s->next) {
		uintptr_t begin = (uintptr_t)s->p;

		if (!s->p || from < begin || from - begin >= s->bytes)
			continue;
		from -= (from - begin) % page;
		slice.n = (uintptr_t)slice.p + slice.n - from;
		if (slice.n > s->bytes - (from - begin))
			slice.n = s->bytes - (from - begin);
		/* A shared mapping: what was written stays in the file. */
		madvise(s->p + (from - begin), slice.n, MADV_DONTNEED);
		break;
	}
	pthread_mutex_unlock(&lock);
}

bool spool_step(struct slice *rest, struct slice *step)
{
	if (step->n >= SPOOL_STEP_BYTES)
		spool_leave(*step);
	*step = slice_of(rest->p, rest->n < SPOOL_STEP_BYTES ? rest->n : SPOOL_STEP_BYTES);
	*rest = slice_skip(*rest, step->n);
	return step->n > 0;
}
