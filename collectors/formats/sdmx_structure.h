/*
 * sdmx_structure.h - what a structure message says: components, their code lists, names.
 *
 * Read from SDMX-ML 2.1 and 3.0 (SDMX 2.1 Section 3A, SDMX 3.0 Section 3: Structure.xsd) and
 * SDMX-JSON structure messages 1.0 and 2.x. Versions of what is referred to do not matter: a
 * reference names an agency and an id. Everything lies in the arena; read-only afterwards, any
 * thread.
 */
#ifndef COLLECTORS_SDMX_STRUCTURE_H
#define COLLECTORS_SDMX_STRUCTURE_H

#include "base/arena.h"
#include "base/err.h"
#include "collectors/formats/sdmx.h"

struct sdmx_name {
	struct slice language, text;
	struct sdmx_name *next;
};

/* Agency and id; for a concept the id is the item's. */
struct sdmx_ref {
	struct slice agency, id;
};

struct sdmx_code {
	struct slice id;
	struct sdmx_name *names;
};

struct sdmx_codelist {
	struct sdmx_ref ref;
	struct sdmx_code *codes; /* sorted by id */
	size_t n, cap;
};

struct sdmx_concept {
	struct sdmx_ref ref;
	struct sdmx_name *names;
	struct sdmx_ref codelist; /* of its core representation; id "" when there is none */
};

enum sdmx_role { SDMX_UNKNOWN, SDMX_DIMENSION, SDMX_MEASURE, SDMX_ATTRIBUTE };

struct sdmx_component {
	struct slice id;
	enum sdmx_role role;
	struct sdmx_ref concept, codelist;
	const struct sdmx_name *names;     /* of the concept */
	const struct sdmx_codelist *codes; /* NULL: not coded, or the list is not in the message */
};

struct sdmx_dsd {
	struct sdmx_ref ref;
	struct sdmx_component *components;
	size_t n, cap;
};

struct sdmx_flow {
	struct sdmx_ref ref, dsd;
};

struct sdmx_structure {
	struct sdmx_codelist *lists; /* sorted, as are concepts */
	struct sdmx_concept *concepts;
	struct sdmx_dsd *dsds;
	struct sdmx_flow *flows;
	size_t nlists, lists_cap, nconcepts, concepts_cap, ndsds, dsds_cap, nflows, flows_cap;
};

/* Room that is enough for a message of SDMX_STRUCTURE_MAX bytes. */
enum { SDMX_STRUCTURE_MAX = 16 << 20, SDMX_STRUCTURE_ARENA = 256 << 20 };

/* ERR_INVALID with its place, ERR_LIMIT, ERR_MEMORY. A message without any structure is
 * ERR_INVALID. `body` may go afterwards. */
int sdmx_structure_read(struct slice body, struct arena *a, struct sdmx_structure *out,
			struct err *e);

/* The definition that a data set named "AGENCY:ID(VERSION)" follows, of a data flow or itself. NULL
 * when the message does not have it. */
const struct sdmx_dsd *sdmx_structure_dsd(const struct sdmx_structure *s, struct slice name);
const struct sdmx_component *sdmx_dsd_component(const struct sdmx_dsd *d, struct slice id);

/* In the language asked for ("zh" takes "zh-CN" too; NULL: "zh"), else English, else the first; ""
 * without any. */
struct slice sdmx_name_in(const struct sdmx_name *names, const char *language);
/* NULL when the list does not have it. */
const struct sdmx_code *sdmx_code_find(const struct sdmx_codelist *l, struct slice id);

/* "AGENCY:ID(VERSION)", the end of a URN, or an id alone. */
struct sdmx_ref sdmx_ref_of(struct slice text);
/* Of a URN what follows "="; the text itself when it is none. */
struct slice sdmx_urn_object(struct slice urn);

#endif
