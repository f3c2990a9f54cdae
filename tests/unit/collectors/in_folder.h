/*
 * in_folder.h - files of the drop folder "in" of a test's feeds.
 */
#ifndef TESTS_UNIT_COLLECTORS_IN_FOLDER_H
#define TESTS_UNIT_COLLECTORS_IN_FOLDER_H

#include "tests/unit/collectors/feeds.h"

#include <fcntl.h>
#include <sys/stat.h>

static inline const char *in(struct feeds *f, const char *name)
{
	return tmp_path(tmp_path(f->dir, "in"), name);
}

static inline bool there(struct feeds *f, const char *name)
{
	struct stat st;

	return lstat(in(f, name), &st) == 0;
}

/* Last written `age_ms` before the clock's now. */
static inline void aged(struct feeds *f, const char *name, int64_t age_ms)
{
	int64_t at = clock_wall(&f->clock) - age_ms;
	struct timespec t[2] = { { at / 1000, (at % 1000) * 1000000 },
				 { at / 1000, (at % 1000) * 1000000 } };

	assert_int_equal(utimensat(AT_FDCWD, in(f, name), t, AT_SYMLINK_NOFOLLOW), 0);
}

static inline void put_aged(struct feeds *f, const char *name, const char *text, int64_t age_ms)
{
	tmp_write(in(f, name), text, strlen(text));
	aged(f, name, age_ms);
}

static inline void put(struct feeds *f, const char *name, const char *text)
{
	put_aged(f, name, text, 10000);
}

#endif
