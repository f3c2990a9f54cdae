/*
 * sdmx_structure_private.h - how the two readers of structure messages build one.
 *
 * Lists grow in the arena; what they hold keeps no pointer into the message.
 */
#ifndef COLLECTORS_SDMX_STRUCTURE_PRIVATE_H
#define COLLECTORS_SDMX_STRUCTURE_PRIVATE_H

#include "collectors/formats/sdmx_structure.h"

struct sdmx_builder {
	struct sdmx_structure *out;
	struct arena *arena;
	struct err *e;
};

/* Each gives NULL (or -1) with ERR_LIMIT. References and texts are copied; what is returned is good
 * until the next of its sort is added. */
struct sdmx_codelist *sdmx_add_list(struct sdmx_builder *b, struct sdmx_ref ref);
struct sdmx_code *sdmx_add_code(struct sdmx_builder *b, struct sdmx_codelist *l, struct slice id);
struct sdmx_concept *sdmx_add_concept(struct sdmx_builder *b, struct sdmx_ref ref);
struct sdmx_dsd *sdmx_add_dsd(struct sdmx_builder *b, struct sdmx_ref ref);
struct sdmx_component *sdmx_add_component(struct sdmx_builder *b, struct sdmx_dsd *d,
					  struct slice id, enum sdmx_role role);
struct sdmx_flow *sdmx_add_flow(struct sdmx_builder *b, struct sdmx_ref ref);
int sdmx_add_name(struct sdmx_builder *b, struct sdmx_name **names, struct slice language,
		  struct slice text);
int sdmx_copy(struct sdmx_builder *b, struct slice text, struct slice *out);
int sdmx_copy_ref(struct sdmx_builder *b, struct sdmx_ref ref, struct sdmx_ref *out);

int sdmx_structure_ml(struct slice body, struct sdmx_builder *b);
int sdmx_structure_json(struct slice body, struct sdmx_builder *b);

#endif
