/*
 * match.h - match[] of a request, and whether a series has anything in a time.
 *
 * One thread; everything lives in the arena given, but for the regular expressions.
 */
#ifndef EXPORTERS_MATCH_H
#define EXPORTERS_MATCH_H

#include "loop/http_server.h"
#include "query/calendar.h"
#include "query/parse.h"
#include "storage/store.h"

struct match_set {
	struct expr expr;
	const struct matcher *m; /* without the virtual labels, which no series has */
	size_t nm;
	bool is_virtual; /* there were some */
};

struct matches {
	struct match_set *sets; /* a series counts when it meets one of them */
	size_t n;
};

/* All values of `match[]`. ERR_INVALID with the parser's sentence; then there is nothing to
 * release. */
int matches_read(const struct exchange *x, struct arena *a, struct matches *out, struct err *e);
/* As the API wants it, not federation: `match[] must contain at least one non-empty matcher`. */
int matches_check(const struct matches *m, struct err *e);
void matches_release(struct matches *m);

/* All series that meet one of the sets, each once, by labels in order. `{}` selects none. */
int matches_select(const struct matches *m, struct snapshot *v, struct arena *a,
		   struct series_ref **out, size_t *n, struct err *e);

/* A time to look into. */
struct presence {
	struct snapshot *v;
	const struct calendar *calendar; /* may be NULL: figures are then not held */
	int64_t from_ms, to_ms;          /* both ends included */
};

/* Whether a plain series has a sample in that time, or a figure of a statistic was shown in it:
 * the last one until its end is stamped in it or held until after its beginning. */
int presence_of(const struct presence *p, const struct series_ref *s, bool *present, struct err *e);

/* The same of up to PRESENCE_TOGETHER series, looked at by id, which is far faster than any other
 * order. */
enum { PRESENCE_TOGETHER = 4096 };
int presence_of_all(const struct presence *p, const struct series_ref *s, size_t n, bool *present,
		    struct err *e);

/* The value of a label name in a URL: `U__` and escapes become what they stand for; what is no
 * such escape stays as it is. */
struct slice label_unescape(struct slice name, struct arena *a);

#endif
