/*
 * load_set.h - the data that remote write is measured with: series, times, values.
 *
 * Two kinds. Devops: hosts with ten series each, four whole gauges 0-100, three
 * counters, two figures with two decimals and one with three (4:3:2:1), at a fixed
 * interval. Parks: monthly figures from 2010-01 on, stamped 00:00 Asia/Shanghai of
 * the month's last day; a third each month values, sums since New Year, and growth
 * on the year before; one point in twenty is later corrected.
 *
 * A value is a function of seed, series and step, never of the clock or of how the
 * data is sent, so a checker can work out afterwards what must be there. Times are
 * milliseconds since 1970 UTC. A set is immutable once made; any thread.
 */
#ifndef BENCH_LOAD_SET_H
#define BENCH_LOAD_SET_H

#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum load_kind { LOAD_DEVOPS, LOAD_PARKS };

enum {
	LOAD_LABELS = 10,      /* of a series at most, the name included */
	LOAD_LABEL_VALUE = 48, /* bytes with the NUL */
	LOAD_SERIES_MAX = 20000000,
	LOAD_MONTHS_A_YEAR = 12,
};

struct load_set {
	const char *name;
	const char *help;
	enum load_kind kind;
	uint32_t series;
	uint32_t group;       /* consecutive series of one host or park; sent over one connection */
	uint32_t steps;       /* samples a series, corrections not counted */
	uint32_t per_message; /* samples a series in one message */
	int64_t interval_ms;  /* devops */
	int64_t first_ms;     /* devops: of step 0 */
	uint64_t seed;
};

struct load_label {
	const char *name;
	char value[LOAD_LABEL_VALUE];
};

struct load_labels {
	struct load_label label[LOAD_LABELS]; /* sorted by name */
	size_t n;
};

/* A copy of the set of that name, ending two minutes ago. ERR_NOT_FOUND lists the names. */
int load_set_find(const char *name, struct load_set *set, struct err *e);
/* The names with what they are, a line each, for --help. */
const char *load_set_help(size_t i); /* NULL after the last */
/* Rounded up to whole groups. ERR_LIMIT beyond LOAD_SERIES_MAX. */
int load_set_resize(struct load_set *set, double series, struct err *e);
/* Puts the last sample of a devops set at `end_ms`; parks stay where they are. */
void load_set_end(struct load_set *set, int64_t end_ms);

int64_t load_time(const struct load_set *set, uint32_t step);
void load_labels(const struct load_set *set, uint32_t series, struct load_labels *out);

/* The values of one series of a devops set, one after the other. */
struct load_walk {
	uint64_t key;
	uint32_t kind;
	double at, pace;
};
void load_walk_start(const struct load_set *set, uint32_t series, struct load_walk *w);
double load_walk_next(struct load_walk *w, uint32_t step); /* steps in order from 0 */

/* As first sent. Any step of any set; a devops set is walked through from its start. */
double load_value(const struct load_set *set, uint32_t series, uint32_t step);
/* Whether the point is corrected later, and to what: always another value. */
bool load_corrected(const struct load_set *set, uint32_t series, uint32_t step, double *revised);

/* Parks report year by year in an order of their own: the k-th year that the park sends. */
uint32_t load_years(const struct load_set *set);
void load_year_order(const struct load_set *set, uint32_t park, uint32_t *order);

#endif
