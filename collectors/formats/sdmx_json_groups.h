/*
 * sdmx_json_groups.h - attributes of partial keys (SDMX-JSON 2.x, "dimensionGroupAttributes").
 *
 * A key such as ":0::" has a slot for each dimension; an empty one takes any value. Keys with
 * the same empty slots are a kind, with a table from the indices that are left to what the
 * group says.
 */
#ifndef COLLECTORS_SDMX_JSON_GROUPS_H
#define COLLECTORS_SDMX_JSON_GROUPS_H

#include "base/map.h"
#include "collectors/formats/sdmx_json_structure.h"

enum { SJ_KINDS_MAX = 32, SJ_ANY = -1 };

/* One per dimension: an index, or SJ_ANY. */
struct sj_key {
	int32_t at[SDMX_COLUMNS_MAX];
	size_t n;
};

struct sj_group_value {
	struct sj_group_value *next;
	struct slice text, name;
	uint16_t column;
};

struct sj_kind {
	uint16_t slots[SDMX_COLUMNS_MAX];
	size_t n;
	struct map groups;
};

struct sj_groups {
	struct sj_kind *kinds[SJ_KINDS_MAX];
	size_t n;
};

void sj_groups_release(struct sj_groups *g);
/* `values` lie in the arena. ERR_LIMIT. */
int sj_groups_add(struct sj_groups *g, const struct sj_key *key, struct sj_group_value *values,
		  struct arena *a, struct err *e);
/* Puts what the groups of `key` say into columns that have nothing yet. */
void sj_groups_fill(const struct sj_groups *g, const struct sj_key *key, struct sdmx_table *t);

/* "0:3:1", or with empty slots when `any`. false: it is none. */
bool sj_key_read(struct slice text, bool any, struct sj_key *out);

#endif
