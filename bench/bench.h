/*
 * bench.h - what the programs here share: clocks, medians, a folder, one line a figure.
 *
 * A figure is one line, "name  value unit  # command", value a median. Times are
 * seconds. CPU is user and system of all threads of the process. Whatever goes
 * wrong ends the program with a sentence: a figure of half a run is no figure.
 * One thread.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/err.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct took {
	double wall, cpu;
};

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static inline void must(int rc, const struct err *e)
{
	if (rc < 0)
		die("%s", e->text);
}

static inline void *must_have(void *p)
{
	if (!p)
		die("no memory");
	return p;
}

/* --- clocks ------------------------------------------------------------------ */

static inline double wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double rusage_cpu(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static inline struct took took_now(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (struct took){ wall_now(), rusage_cpu(&u) };
}

static inline struct took took_since(struct took from)
{
	struct took now = took_now();

	return (struct took){ now.wall - from.wall, now.cpu - from.cpu };
}

/* --- figures ------------------------------------------------------------------- */

enum { RUNS_MAX = 64 };

/* The runs of one figure. */
struct runs {
	double v[RUNS_MAX];
	size_t n;
};

static inline void runs_add(struct runs *r, double v)
{
	if (r->n < RUNS_MAX)
		r->v[r->n++] = v;
}

static inline int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static inline double runs_median(struct runs *r)
{
	qsort(r->v, r->n, sizeof(r->v[0]), by_value);
	if (!r->n)
		return 0;
	return r->n % 2 ? r->v[r->n / 2] : (r->v[r->n / 2 - 1] + r->v[r->n / 2]) / 2;
}

static inline void report(const char *name, double v, const char *unit)
{
	int digits = v >= 100 ? 0 : v >= 10 ? 1 : v >= 1 ? 2 : 3;

	printf("%-44s %12.*f %-20s # build/bench/%s\n", name, digits, v, unit,
	       program_invocation_short_name);
	fflush(stdout);
}

static inline void report_runs(const char *name, struct runs *r, const char *unit)
{
	report(name, runs_median(r), unit);
}

/* "store_fresh_batch" and 100 to "store_fresh_batch_100"; in a static ring of eight. */
__attribute__((format(printf, 1, 2))) static inline const char *name_of(const char *fmt, ...)
{
	static char ring[8][96];
	static unsigned at;
	char *out = ring[at++ % 8];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, sizeof(ring[0]), fmt, ap);
	va_end(ap);
	return out;
}

/* --- a folder ------------------------------------------------------------------- */

static char bench_folder[4096];

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void remove_folder(void)
{
	remove_tree(bench_folder);
}

/* Below $TMPDIR or /tmp, removed when the program ends. */
static inline const char *folder_make(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(bench_folder, sizeof(bench_folder), "%s/parkwatch-bench-XXXXXX",
		 base && *base ? base : "/tmp");
	if (!mkdtemp(bench_folder))
		die("cannot make %s: %s", bench_folder, strerror(errno));
	atexit(remove_folder);
	return bench_folder;
}

/* xorshift: the same in every run. */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif
