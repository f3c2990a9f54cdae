/*
 * source.h - where a query's series come from, seen from the engine.
 *
 * The engine knows no store. It asks a source, which is a consistent view: source_store.c makes
 * one of a snapshot, tests have one in memory. select() and period_stamp() are called by the thread
 * that runs the query; points() by its workers, each with a reader of its own.
 *
 * Times are milliseconds since 1970 UTC, values doubles kept bit for bit: a staleness mark is the
 * NaN with the bits STALE_BITS and comes among the points like any other.
 */
#ifndef QUERY_SOURCE_H
#define QUERY_SOURCE_H

#include "base/matcher.h"
#include "base/num.h"

#include <stdint.h>

struct source;
struct source_reader;

/* Of statistics: which period is shown (docs/promql.md, virtual labels). */
enum period_choice {
	PERIOD_ANY,    /* those in the time asked for */
	PERIOD_FIXED,  /* __period__="2026-10" */
	PERIOD_LATEST, /* __period__="latest", "latest-12": of the evaluation time */
};

/* What a selector wants. Matchers are without the virtual labels. */
struct selection {
	const struct matcher *m;
	size_t nm;
	int64_t from_ms, to_ms; /* points of interest, both ends included */
	bool instant;           /* only the last point at or before a time counts: the last figure
				 * of a statistic before from_ms comes too */
	bool extras;            /* released_ms and period are wanted */

	bool is_virtual;  /* has a virtual label: plain series are then an error */
	int64_t as_of_ms; /* INT64_MAX: whatever is now */
	unsigned release; /* 0: the latest */
	enum period_choice period;
	struct slice period_text; /* PERIOD_FIXED, as written */
	int back;                 /* periods before the latest */
	bool no_hold;             /* an explicit lookback was given: figures hold no longer */
};

struct source_series {
	const struct labels *labels; /* sorted; in the arena. NULL: labels() reads them */
	uint32_t id;                 /* the source's own */
	uint32_t family;             /* of a statistic, the source's own, small: for series with one
					period_stamp() */
	bool statistic;
};

/* Points of one series, rising in time. Arrays lie in the arena or with the reader, are only read,
 * and stay until the reader is asked again. */
struct points {
	size_t n;
	const int64_t *t_ms;
	const double *v;
	bool numbers;               /* certainly none is a NaN */
	const int64_t *until_ms;    /* of a statistic that holds: seen until before then. NULL: the
				     * engine's lookback counts */
	const int64_t *released_ms; /* with `extras`; NULL for plain series */
	const int32_t *period; /* with `extras`: year × 100 + last month; NULL for plain series */
};

struct source_vtable {
	/* By the matchers alone. In an order that suits the source: rows are asked for in it. */
	int (*select)(struct source *s, const struct selection *sel, struct arena *a,
		      struct source_series **out, size_t *n, struct err *e);
	/* Labels of `n` series for which select() has none, by id, which rise (not strictly); in
	 * the arena. With `names` (nnames of them, sorted, none twice) only those of these names.
	 * NULL: select() always has them. */
	int (*labels)(struct source *s, const uint32_t *ids, size_t n, const struct slice *names,
		      size_t nnames, struct arena *a, const struct labels **out, struct err *e);
	/* One for each worker; ERR_LIMIT. Closed before the source is. */
	struct source_reader *(*reader_open)(struct source *s, struct err *e);
	void (*reader_close)(struct source_reader *r);
	/* Of a series in [from, to], best asked in the order of select(). */
	int (*points)(struct source_reader *r, const struct selection *sel,
		      const struct source_series *series, int64_t from_ms, int64_t to_ms,
		      struct arena *a, struct points *out, struct err *e);
	/* Of each of `n` plain series, some of select()'s in their order, the last point in [from,
	 * to]: its time, INT64_MIN where there is none, and value. */
	int (*last)(struct source_reader *r, const struct source_series *series, size_t n,
		    int64_t from_ms, int64_t to_ms, struct arena *a, int64_t *t_ms, double *v,
		    struct err *e);
	/* With PERIOD_FIXED or PERIOD_LATEST: the stamp of the period that is meant at `t_ms`;
	 * INT64_MIN: there is none (yet). The same for all series of a family. */
	int (*period_stamp)(struct source *s, const struct selection *sel,
			    const struct source_series *series, int64_t t_ms, int64_t *stamp_ms,
			    struct err *e);
	/* What __as_of__ says; ERR_INVALID. */
	int (*as_of)(struct source *s, struct slice text, int64_t *ms, struct err *e);
};

struct source {
	const struct source_vtable *f;
};

#endif
