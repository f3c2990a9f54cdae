/*
 * sdmx_json_structure.h - what an SDMX-JSON data message says of its components.
 *
 * 1.0 and the layout before it have one "structure", 2.x a list of "structures"; components and
 * their values are described alike. "values" are what the indices of the data mean.
 */
#ifndef COLLECTORS_SDMX_JSON_STRUCTURE_H
#define COLLECTORS_SDMX_JSON_STRUCTURE_H

#include "base/json_read.h"
#include "collectors/formats/sdmx_table.h"

enum sj_level { SJ_SET, SJ_SERIES, SJ_OBS, SJ_GROUP, SJ_LEVELS };

struct sj_value {
	struct slice code, name; /* name "" when there is none or it is the code */
};

struct sj_component {
	struct slice id;
	struct sj_value *values;
	size_t n;
	long position; /* in keys; -1: not said */
	bool named;
	struct slice fallback; /* "default" of an attribute; .p NULL */
	uint16_t column;       /* of the table */
};

struct sj_list {
	struct sj_component *c;
	size_t n;
};

struct sj_structure {
	struct slice name; /* "AGENCY:ID(VERSION)" or "" */
	struct sj_list dimensions[SJ_LEVELS], attributes[SJ_LEVELS], measures;
};

int sj_structure_read(const struct json_node *n, const char *language, struct arena *a,
		      struct sj_structure *out, struct err *e);

/* Columns of the table: dimensions by their position in keys, measures, attributes. */
int sj_structure_columns(struct sj_structure *s, struct sdmx_table *t, struct err *e);

/* Of { "en": …, "fr": … } the text in the language asked for. */
struct slice sj_localised(const struct json_node *object, const char *language);

#endif
