/*
 * series_quota.h - how many different series a source may bring in a day.
 *
 * A source whose labels change with every document (a request's number, a time) makes new series
 * without end, and each stays in the index. So the series of a source are counted: those it brought
 * since its day began, each once. When there are as many as it may have, further new ones are
 * refused; what it brought today or the day before goes on. A day begins with the first series, and
 * the next 24 hours later, or when the clock was set back by more than a minute.
 *
 * Kept is a hash of 64 bits of each, with this process' seed, so a restart forgets them. Any
 * thread.
 */
#ifndef COLLECTORS_SERIES_QUOTA_H
#define COLLECTORS_SERIES_QUOTA_H

#include "base/err.h"
#include "base/labels.h"

struct series_quota;

enum { SERIES_QUOTA_TEXT = 320 };

/* most 0: any number, and none is counted. */
struct series_quota *series_quota_new(size_t most, struct err *e);
void series_quota_free(struct series_quota *q); /* NULL is nothing */
void series_quota_set(struct series_quota *q, size_t most);
/* The same counts, for what is only tried. */
struct series_quota *series_quota_copy(struct series_quota *q, struct err *e);
/* The source goes on as `to`: what `from` knows, `to` knows, too. What finds no memory is left. */
void series_quota_inherit(struct series_quota *to, struct series_quota *from);

/* What stands for a series; of labels, in the order of a set. */
uint64_t series_quota_key(const struct label *l, size_t n);

/* Begins a day when it is time; true: it did. Who does not ask for each series says then with
 * series_quota_keep() which go on. */
bool series_quota_turn(struct series_quota *q, int64_t now_ms);
/* Begins one in any case: for those that have their day with another. */
void series_quota_begin(struct series_quota *q, int64_t now_ms);
void series_quota_keep(struct series_quota *q, uint64_t key);
/* Whether the series may be stored. Without memory for a new one it may not. */
bool series_quota_admits(struct series_quota *q, uint64_t key);
/* For who asks several, without counting: whether it may, and whether it was brought today or the
 * day before. */
bool series_quota_has_room(struct series_quota *q, uint64_t key);
bool series_quota_knows(struct series_quota *q, uint64_t key);

struct series_count {
	size_t n, most; /* today */
	int64_t since_ms;
};
struct series_count series_quota_count(struct series_quota *q);
/* Whether to write a line to the log: true for the first refusal of a day. */
bool series_quota_is_news(struct series_quota *q);
/* "feed node has brought 500 different series since 2026-11-23T08:00:00.000Z, and may bring 500 in
 * a day (series_limit)"; `option` is what limits it. */
void series_quota_say(struct series_quota *q, const char *who, const char *option,
		      char out[SERIES_QUOTA_TEXT]);

#endif
