/*
 * postings.h - which series have a label: name and value to ascending ids.
 *
 * Series are added with rising ids only, so a list is sorted by itself and a
 * reader who knows ids up to N takes its beginning. Texts are borrowed from
 * interned label sets that the owner keeps. Locking is the owner's (series.h).
 */
#ifndef STORAGE_POSTINGS_H
#define STORAGE_POSTINGS_H

#include "base/labels.h"
#include "base/map.h"

struct id_list {
	uint32_t *ids;
	uint32_t n, cap;
};

struct posting_value {
	struct slice value;
	struct id_list list;
};

struct posting_name {
	struct slice name;
	struct map values;   /* to struct posting_value */
	struct id_list list; /* series that have the label at all */
};

struct postings {
	struct map names; /* to struct posting_name */
};

void postings_init(struct postings *p);
void postings_release(struct postings *p);

/* `id` is higher than all before. On failure nothing of it is left. */
int postings_add(struct postings *p, uint32_t id, const struct labels *ls, struct err *e);
/* Takes back the last one added. */
void postings_remove_last(struct postings *p, uint32_t id, const struct labels *ls);

/* NULL when no series has it. */
const struct posting_name *postings_name(const struct postings *p, struct slice name);
const struct id_list *postings_list(const struct postings *p, struct slice name,
				    struct slice value);

/* How many of the list's ids are <= max. */
uint32_t id_list_upto(const struct id_list *l, uint32_t max);

#endif
