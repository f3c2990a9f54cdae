/*
 * release_dates.h - reading a release list: periods with the times at which each is due.
 * Private to catalogue/.
 *
 * The list stands in the catalogue file (`dates:`) or in a CSV file of its own (`dates_file:`):
 *
 *     period,date,time
 *     2026-09,2026-10-18
 *     2026-10,2026-11-15,10:00
 *
 * A line of headings may be first; empty lines and lines that begin with '#' do not count; time
 * may be missing. Nothing is quoted. At most 1 MiB and 10,000 periods.
 */
#ifndef CATALOGUE_RELEASE_DATES_H
#define CATALOGUE_RELEASE_DATES_H

#include "catalogue/catalogue.h"

enum { RELEASE_DATES_MAX = 10000, RELEASE_FILE_MAX_BYTES = 1 << 20 };

/* Where something was read. */
struct place {
	const char *file;
	unsigned line, column;
};

struct release_entry {
	struct release_date at;
	struct place place;
};

struct release_dates {
	enum freq freq; /* that periods must have */
	int minute;     /* of the day, where none is given */
	struct arena *arena;
	struct diags *d;
	struct release_entry *list;
	size_t n, cap;
	bool full, no_memory;
};

/* "17:00" as minutes of the day; -1 when it is no time. */
int minute_of(struct slice text);

/* One entry: "2026-10" with "2026-11-15" or "2026-11-15T10:00"; `time` may be "". */
void release_dates_add(struct release_dates *r, struct slice period, struct slice when,
		       struct slice time, struct place place);
/* All lines of a CSV file; `file` is borrowed as long as the list. */
void release_dates_read_csv(struct release_dates *r, struct slice body, const char *file);
/* Sorts by period and checks that none is there twice, none is due before it has ended, and due
 * times rise. */
void release_dates_check(struct release_dates *r);

#endif
