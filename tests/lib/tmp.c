/* tmp.c - see tmp.h. */
#include "tests/lib/tmp.h"
#include "tests/lib/assert.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

char *tmp_make(void)
{
	const char *base = getenv("TMPDIR");
	char *path;

	if (asprintf(&path, "%s/parkwatch-test-XXXXXX", base && *base ? base : "/tmp") < 0)
		fail_msg("no memory");
	if (!mkdtemp(path))
		fail_msg("cannot make %s", path);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void tmp_remove(char *path)
{
	if (!path)
		return;
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

const char *tmp_path(const char *dir, const char *name)
{
	static char ring[8][4096];
	static unsigned at;
	char *out = ring[at++ % 8];

	snprintf(out, sizeof(ring[0]), "%s/%s", dir, name);
	return out;
}

void tmp_write(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f)
		fail_msg("cannot write %s", path);
	if (fwrite(data, 1, n, f) != n || fclose(f) != 0)
		fail_msg("cannot write %s", path);
}

char *tmp_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 16, len = 0, got;
	char *p;

	if (!f)
		return NULL;
	p = malloc(cap + 1);
	while (p && (got = fread(p + len, 1, cap - len, f)) > 0) {
		len += got;
		if (len == cap)
			p = realloc(p, (cap *= 2) + 1);
	}
	fclose(f);
	if (p)
		p[len] = '\0';
	if (n)
		*n = len;
	return p;
}

size_t tmp_size(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		fail_msg("there is no %s", path);
	return (size_t)st.st_size;
}

static void set_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void tmp_limit(size_t bytes)
{
	signal(SIGXFSZ, SIG_IGN); /* an error instead */
	set_limit(bytes);
}

void tmp_unlimit(void)
{
	set_limit(RLIM_INFINITY);
}
