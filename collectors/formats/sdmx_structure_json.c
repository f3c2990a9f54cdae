/*
 * sdmx_structure_json.c - structure messages of SDMX-JSON 1.0 and 2.x.
 *
 * From the structure message's field guide (sdmx-twg/sdmx-json, structure-message/docs). References
 * are URNs.
 */
#include "base/json_read.h"
#include "collectors/formats/sdmx_structure_private.h"

static struct slice text_of(const struct json_node *object, const char *key)
{
	const struct json_node *n = json_member(object, slice_str(key));

	return n && n->type == JSON_STRING ? n->text : slice_str("");
}

static const struct json_node *first_of(const struct json_node *object, const char *key)
{
	const struct json_node *n = json_member(object, slice_str(key));

	return n && n->type == JSON_ARRAY ? n->child : NULL;
}

static struct sdmx_ref ref_from(const struct json_node *object)
{
	return (struct sdmx_ref){ text_of(object, "agencyID"), text_of(object, "id") };
}

static int add_names(struct sdmx_builder *b, const struct json_node *object,
		     struct sdmx_name **names)
{
	const struct json_node *n = json_member(object, slice_str("names"));
	struct slice plain = text_of(object, "name");

	for (n = n && n->type == JSON_OBJECT ? n->child : NULL; n; n = n->next)
		if (n->type == JSON_STRING && sdmx_add_name(b, names, n->key, n->text) < 0)
			return -1;
	return *names || !plain.n ? 0 : sdmx_add_name(b, names, slice_str(""), plain);
}

static int add_list(struct sdmx_builder *b, const struct json_node *n)
{
	struct sdmx_codelist *l = sdmx_add_list(b, ref_from(n));

	if (!l)
		return -1;
	for (n = first_of(n, "codes"); n; n = n->next) {
		struct sdmx_code *c = sdmx_add_code(b, l, text_of(n, "id"));

		if (!c || add_names(b, n, &c->names) < 0)
			return -1;
	}
	return 0;
}

/* The code list of a "localRepresentation" or "coreRepresentation". */
static int add_enumeration(struct sdmx_builder *b, const struct json_node *n, const char *key,
			   struct sdmx_ref *out)
{
	struct slice urn = text_of(json_member(n, slice_str(key)), "enumeration");

	return urn.n ? sdmx_copy_ref(b, sdmx_ref_of(urn), out) : 0;
}

static int add_scheme(struct sdmx_builder *b, const struct json_node *n)
{
	struct sdmx_ref ref = ref_from(n);

	for (n = first_of(n, "concepts"); n; n = n->next) {
		struct sdmx_concept *c;

		ref.id = text_of(n, "id");
		c = sdmx_add_concept(b, ref);
		if (!c || add_names(b, n, &c->names) < 0 ||
		    add_enumeration(b, n, "coreRepresentation", &c->codelist) < 0)
			return -1;
	}
	return 0;
}

static int add_component(struct sdmx_builder *b, struct sdmx_dsd *d, const struct json_node *n,
			 enum sdmx_role role)
{
	struct sdmx_ref concept = sdmx_ref_of(text_of(n, "conceptIdentity"));
	struct slice id = text_of(n, "id");
	struct sdmx_component *c = sdmx_add_component(b, d, id.n ? id : concept.id, role);

	if (!c || sdmx_copy_ref(b, concept, &c->concept) < 0)
		return -1;
	return add_enumeration(b, n, "localRepresentation", &c->codelist);
}

static int add_dsd(struct sdmx_builder *b, const struct json_node *n)
{
	static const struct {
		const char *list, *members;
		enum sdmx_role role;
	} kinds[] = {
		{ "dimensionList", "dimensions", SDMX_DIMENSION },
		{ "dimensionList", "measureDimensions", SDMX_DIMENSION },
		{ "dimensionList", "timeDimensions", SDMX_DIMENSION },
		{ "dimensionList", "timeDimension", SDMX_DIMENSION },
		{ "measureList", "primaryMeasure", SDMX_MEASURE },
		{ "measureList", "measures", SDMX_MEASURE },
		{ "attributeList", "attributes", SDMX_ATTRIBUTE },
	};
	const struct json_node *all = json_member(n, slice_str("dataStructureComponents"));
	struct sdmx_dsd *d = sdmx_add_dsd(b, ref_from(n));

	for (size_t i = 0; d && i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct json_node *list = json_member(all, slice_str(kinds[i].list));
		const struct json_node *m = json_member(list, slice_str(kinds[i].members));
		bool many = m && m->type == JSON_ARRAY;

		for (m = many ? m->child : m; m; m = many ? m->next : NULL)
			if (add_component(b, d, m, kinds[i].role) < 0)
				return -1;
	}
	return d ? 0 : -1;
}

static int add_flow(struct sdmx_builder *b, const struct json_node *n)
{
	struct sdmx_flow *f = sdmx_add_flow(b, ref_from(n));

	return f ? sdmx_copy_ref(b, sdmx_ref_of(text_of(n, "structure")), &f->dsd) : -1;
}

int sdmx_structure_json(struct slice body, struct sdmx_builder *b)
{
	static const struct {
		const char *key;
		int (*add)(struct sdmx_builder *b, const struct json_node *n);
	} parts[] = {
		{ "codelists", add_list },
		{ "conceptSchemes", add_scheme },
		{ "dataStructures", add_dsd },
		{ "dataflows", add_flow },
	};
	const struct json_node *root = json_parse(body, b->arena, b->e), *data;

	if (!root)
		return -1;
	data = json_member(root, slice_str("data"));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		for (const struct json_node *n = first_of(data ? data : root, parts[i].key); n;
		     n = n->next)
			if (parts[i].add(b, n) < 0)
				return -1;
	return 0;
}
