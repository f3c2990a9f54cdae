/*
 * labels.h - label sets, interned.
 *
 * A label set is sorted by name (bytes), has no name twice and no empty value
 * (in Prometheus' data model an empty label is an absent one). The metric name
 * is the label "__name__". Two equal sets are the same pointer, so comparing is
 * comparing pointers; strings are shared between sets.
 *
 * Sets are immutable and reference-counted; the intern table is process-wide
 * and locked inside, so all functions may be called from any thread.
 * Names and values are valid UTF-8 without NUL (checked here).
 */
#ifndef BASE_LABELS_H
#define BASE_LABELS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdint.h>

#define LABEL_NAME "__name__"

enum {
	LABELS_MAX = 64, /* labels in a set, the metric name among them */
	LABEL_NAME_MAX_BYTES = 256,
	LABEL_VALUE_MAX_BYTES = 2048,
};

struct label {
	struct slice name, value; /* NUL-terminated too when interned */
};

struct labels {
	atomic_uint refs;
	uint32_t n;
	struct label l[];
};

/* Fills `out` with the labels as a set holds them: checked, sorted, without empty values;
 * *n_out is their number. `out` may be `l`. ERR_INVALID (name twice, not UTF-8, NUL), ERR_LIMIT. */
int labels_normalize(const struct label *l, size_t n, struct label out[LABELS_MAX], size_t *n_out,
		     struct err *e);

/* The set of `n` labels in any order, with one reference for the caller.
 * NULL with ERR_INVALID (name twice, not UTF-8, NUL), ERR_LIMIT, ERR_MEMORY. */
struct labels *labels_intern(const struct label *l, size_t n, struct err *e);

/* The same, cheaper where most strings are those of `like`, a set the caller has a reference to;
 * NULL is none. */
struct labels *labels_intern_like(const struct label *l, size_t n, const struct labels *like,
				  struct err *e);

/* As labels_intern(), with metric name `name` and up to 8 pairs of C strings,
 * ended by NULL: labels_make(e, "up", "job", "node", NULL). */
struct labels *labels_make(struct err *e, const char *name, ...) __attribute__((sentinel));

struct labels *labels_ref(struct labels *ls);
void labels_unref(struct labels *ls); /* NULL is nothing */

/* A set that lives in an arena and is in no table, for sets that are made, looked at and
 * dropped by the thousand. `sorted` is as a set holds it: by name, no name twice, no empty
 * value; its texts stay borrowed and need not be NUL-terminated. Never give it to
 * labels_ref() or labels_unref(), and compare with labels_cmp(), not by pointer; everything
 * else works. NULL when the arena is full. */
const struct labels *labels_in_arena(struct arena *a, const struct label *sorted, size_t n);
/* Such a set whose texts are in the arena, too. */
const struct labels *labels_copy(struct arena *a, const struct labels *ls);

/* Over names and values: equal sets have equal ones, in every process. Worked out anew each time.
 */
uint64_t labels_hash(const struct labels *ls);
/* With this process' seed, at hand; of a set in the tables only (not in an arena). */
uint64_t labels_seeded_hash(const struct labels *ls);

/* The value, or an empty slice. */
struct slice labels_get(const struct labels *ls, struct slice name);
struct slice labels_name(const struct labels *ls);

/* Order by name, value, name, value … as Prometheus sorts series. */
int labels_cmp(const struct labels *a, const struct labels *b);

/* Whether a name is of Prometheus' classic alphabet and needs no quotes: [a-zA-Z_][a-zA-Z0-9_]*, of
 * a metric with ':' too. */
bool label_name_is_plain(struct slice name);
bool metric_name_is_plain(struct slice name);

/* Appends name{a="b",c="d"} with Prometheus' escapes (\\ \" \n). */
void labels_print(const struct labels *ls, struct buf *out);

/* Appends a label value with those escapes, without the quotes. */
void label_escape(struct slice value, struct buf *out);

/* How many distinct sets and strings live now. */
void labels_count(size_t *sets, size_t *strings);

#endif
