/*
 * key.h - rows that belong together by some of their labels: groups of an aggregate, partners of a
 * binary operation.
 *
 * A key is the values of the listed labels, or of all labels but the listed ones and the metric
 * name. Labels are taken as they are seen (eval.h: a dropped name is none). Keys are compared by
 * hash and then value by value; no label set is made for a row.
 *
 * Everything lives in the query's arena and borrows the heads. Built by the thread that runs the
 * query, then only read, by any worker. -1 or NULL: the arena is full (ERR_LIMIT).
 */
#ifndef QUERY_KEY_H
#define QUERY_KEY_H

#include "query/eval.h"

struct key_spec {
	const struct slice *names; /* sorted, none twice: key_spec_init() */
	size_t n;
	bool listed;    /* by, on; else without, ignoring */
	bool with_name; /* not listed: the metric name counts like any label */
};

int key_spec_init(struct eval *ev, const struct slice *names, size_t n, bool listed,
		  struct key_spec *out, struct err *e);

/* The label set of a row's key, in the query's arena. NULL on error. */
const struct labels *key_labels(struct eval *ev, const struct key_spec *s, const struct head *h,
				struct err *e);

/* Rows by key. Keys count from 0 in the order in which they are first seen. */
struct keys {
	const struct key_spec *spec;
	size_t n, room;
	struct key {
		uint64_t hash;
		const struct head *head; /* one that has it */
	} * key;
	uint32_t *slots; /* key + 1 */
	size_t mask;
};

int keys_init(struct eval *ev, const struct key_spec *spec, size_t rows, struct keys *out,
	      struct err *e);
enum { KEY_NONE = UINT32_MAX };
/* The number of the row's key: KEY_NONE when it is not there; keys_add() puts it there, and may be
 * called as often as keys_init() was told. */
uint32_t keys_find(const struct eval *ev, const struct keys *k, const struct head *h);
uint32_t keys_add(const struct eval *ev, struct keys *k, const struct head *h);

/* Rows in the order of their keys: those of key i are row[start[i]] … row[start[i + 1]] - 1. */
struct by_key {
	uint32_t *key; /* of each row */
	uint32_t *row;
	uint32_t *start; /* keys + 1 */
};
int keys_sort(struct eval *ev, struct keys *k, const struct head *heads, size_t n,
	      struct by_key *out, struct err *e);

#endif
