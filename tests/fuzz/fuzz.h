/*
 * fuzz.h - what fuzz targets share: claims that must hold, and inputs as files.
 *
 * One thread. A claim that does not hold ends the program, which is how a fuzzer and
 * the replay notice.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/diag.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(claim)                                                                                \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Complaints go to logs and pages: UTF-8 on one line, whatever the input was. */
static inline void must_be_sentence(const char *text)
{
	if (*text && utf8_bad_at(slice_str(text)) < 0) {
		for (const char *p = text; *p; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				goto bad;
		return;
	}
bad:
	fprintf(stderr, "not a sentence for a person: \"%s\"\n", text);
	abort();
}

static inline void must_say_why(const struct err *e)
{
	MUST(e->code > ERR_NONE && e->code <= ERR_UNSUPPORTED);
	must_be_sentence(e->text);
}

static inline void must_be_complaints(const struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		must_be_sentence(d->list[i].text);
		MUST(d->list[i].line > 0 || d->list[i].column == 0);
	}
}

/* Whether two slices lie one within the other. */
static inline bool lies_within(struct slice inner, struct slice outer)
{
	return inner.n <= outer.n && inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n;
}

/* The input as a file in memory that can be opened by its path. */
struct memory_file {
	int fd;
	char name[16]; /* in /proc/self/fd */
	char path[40];
};

static inline void memory_file_write(struct memory_file *f, struct slice body)
{
	if (!f->path[0]) {
		f->fd = memfd_create("fuzz", MFD_CLOEXEC);
		MUST(f->fd >= 0);
		snprintf(f->name, sizeof(f->name), "%d", f->fd);
		snprintf(f->path, sizeof(f->path), "/proc/self/fd/%s", f->name);
	}
	MUST(ftruncate(f->fd, 0) == 0);
	MUST(pwrite(f->fd, body.p, body.n, 0) == (ssize_t)body.n);
}

#endif
