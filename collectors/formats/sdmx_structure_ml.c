/*
 * sdmx_structure_ml.c - structure messages of SDMX-ML 2.1 and 3.0.
 *
 * References are Ref elements in 2.1 and URNs in 3.0; both are read wherever they stand. A
 * dimension without an id of its own (2.1) has that of its concept.
 */
#include "base/xml.h"
#include "collectors/cells.h"
#include "collectors/formats/sdmx_structure_private.h"

enum { TEXT_MAX = 64 << 10 };

/* What a text or a Ref that comes next is for. */
enum target { NOTHING, NAME_TEXT, LIST_REF, CONCEPT_REF, DSD_REF };

struct reader {
	struct sdmx_builder *b;
	struct xml_reader *xml;
	unsigned depth;
	bool in_structures;
	struct slice scheme_agency; /* of the concept scheme that is open */
	struct sdmx_codelist *list;
	struct sdmx_concept *concept;
	struct sdmx_dsd *dsd;
	struct sdmx_component *component;
	struct sdmx_flow *flow;
	unsigned component_depth; /* 0: none is open */
	struct sdmx_name **named; /* whose Name elements, one level below, are taken */
	unsigned named_depth;
	enum target target;
	unsigned target_depth;
	struct slice language;
	struct buf text;
};

static struct sdmx_ref ref_from(const struct xml_attrs *a)
{
	struct sdmx_ref ref;

	xml_attr(a, "agencyID", &ref.agency);
	xml_attr(a, "id", &ref.id);
	return ref;
}

static void name_it(struct reader *r, struct sdmx_name **names)
{
	r->named = names;
	r->named_depth = r->depth;
}

static void expect(struct reader *r, enum target target)
{
	r->target = target;
	r->target_depth = r->depth;
	buf_clear(&r->text);
}

/* --- what is open ------------------------------------------------------------------------- */

static int start_item(struct reader *r, struct slice name, const struct xml_attrs *a)
{
	struct sdmx_ref ref = ref_from(a);

	if (slice_is(name, "Code")) {
		struct sdmx_code *c = r->list ? sdmx_add_code(r->b, r->list, ref.id) : NULL;

		if (c)
			name_it(r, &c->names);
		return c || !r->list ? 0 : -1;
	}
	ref.agency = r->scheme_agency;
	r->concept = sdmx_add_concept(r->b, ref);
	if (!r->concept)
		return -1;
	name_it(r, &r->concept->names);
	return 0;
}

static int start_component(struct reader *r, const struct xml_attrs *a, enum sdmx_role role)
{
	r->component = sdmx_add_component(r->b, r->dsd, ref_from(a).id, role);
	r->component_depth = r->depth;
	return r->component ? 0 : -1;
}

static int start_maintainable(struct reader *r, struct slice name, const struct xml_attrs *a)
{
	struct sdmx_ref ref = ref_from(a);

	r->list = NULL;
	r->concept = NULL;
	r->dsd = NULL;
	r->flow = NULL;
	if (slice_is(name, "Codelist")) {
		r->list = sdmx_add_list(r->b, ref);
		return r->list ? 0 : -1;
	}
	if (slice_is(name, "ConceptScheme"))
		return sdmx_copy(r->b, ref.agency, &r->scheme_agency);
	if (slice_is(name, "DataStructure")) {
		r->dsd = sdmx_add_dsd(r->b, ref);
		return r->dsd ? 0 : -1;
	}
	r->flow = sdmx_add_flow(r->b, ref);
	return r->flow ? 0 : -1;
}

static const struct {
	const char *name;
	enum sdmx_role role;
} components[] = {
	{ "Dimension", SDMX_DIMENSION },
	{ "TimeDimension", SDMX_DIMENSION },
	{ "MeasureDimension", SDMX_DIMENSION },
	{ "PrimaryMeasure", SDMX_MEASURE },
	{ "Measure", SDMX_MEASURE },
	{ "Attribute", SDMX_ATTRIBUTE },
};

static enum sdmx_role role_of(const struct reader *r, struct slice name)
{
	for (size_t i = 0;
	     r->dsd && !r->component_depth && i < sizeof(components) / sizeof(*components); i++)
		if (slice_is(name, components[i].name))
			return components[i].role;
	return SDMX_UNKNOWN;
}

/* --- texts and references --------------------------------------------------------------------- */

static int take_ref(struct reader *r, struct sdmx_ref ref)
{
	struct sdmx_component *c = r->component_depth ? r->component : NULL;

	switch (r->target) {
	case LIST_REF:
		if (c)
			return sdmx_copy_ref(r->b, ref, &c->codelist);
		return r->concept ? sdmx_copy_ref(r->b, ref, &r->concept->codelist) : 0;
	case CONCEPT_REF:
		if (!c)
			return 0;
		if (sdmx_copy_ref(r->b, ref, &c->concept) < 0)
			return -1;
		if (c->id.n == 0)
			c->id = c->concept.id;
		return 0;
	case DSD_REF:
		return r->flow ? sdmx_copy_ref(r->b, ref, &r->flow->dsd) : 0;
	default:
		return 0;
	}
}

static int start_text(struct reader *r, struct slice name, const struct xml_attrs *a)
{
	if (slice_is(name, "Name") && r->named && r->depth == r->named_depth + 1) {
		struct slice language;

		expect(r, NAME_TEXT);
		xml_attr(a, "lang", &language);
		return sdmx_copy(r->b, language, &r->language);
	}
	if (slice_is(name, "Enumeration"))
		expect(r, LIST_REF);
	else if (slice_is(name, "ConceptIdentity"))
		expect(r, CONCEPT_REF);
	else if (slice_is(name, "Structure") && r->flow)
		expect(r, DSD_REF);
	else if (slice_is(name, "Ref") && r->target != NOTHING && r->target != NAME_TEXT)
		return take_ref(r, ref_from(a));
	return 0;
}

static int end_text(struct reader *r)
{
	struct slice text = cell_trim(buf_all(&r->text));
	enum target target = r->target;
	int rc;

	if (buf_check(&r->text, r->b->e) < 0)
		return err_wrap(r->b->e, "a text of the structure");
	if (target == NAME_TEXT)
		rc = text.n ? sdmx_add_name(r->b, r->named, r->language, text) : 0;
	else
		rc = text.n ? take_ref(r, sdmx_ref_of(text)) : 0;
	r->target = NOTHING;
	return rc;
}

/* --- elements ----------------------------------------------------------------------- */

static bool is_maintainable(struct slice name)
{
	return slice_is(name, "Codelist") || slice_is(name, "ConceptScheme") ||
	       slice_is(name, "DataStructure") || slice_is(name, "Dataflow");
}

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *a, struct err *e)
{
	struct reader *r = ctx;
	enum sdmx_role role;

	(void)e;
	r->depth++;
	if (slice_is(name.local, "Structures") && r->depth == 2)
		r->in_structures = true;
	if (!r->in_structures)
		return 0;
	role = role_of(r, name.local);
	if (role != SDMX_UNKNOWN)
		return start_component(r, a, role);
	if (r->depth == 4 && is_maintainable(name.local))
		return start_maintainable(r, name.local, a);
	if (slice_is(name.local, "Code") || slice_is(name.local, "Concept"))
		return r->depth == 5 ? start_item(r, name.local, a) : 0;
	return start_text(r, name.local, a);
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct reader *r = ctx;
	int rc = 0;

	(void)name;
	(void)e;
	if (r->target != NOTHING && r->depth == r->target_depth)
		rc = end_text(r);
	if (r->depth == r->component_depth)
		r->component_depth = 0;
	if (r->named && r->depth == r->named_depth)
		r->named = NULL;
	if (r->depth == 2)
		r->in_structures = false;
	r->depth--;
	return rc;
}

static int on_text(void *ctx, struct slice piece, struct err *e)
{
	struct reader *r = ctx;

	(void)e;
	if (r->target != NOTHING)
		buf_slice(&r->text, piece);
	return 0;
}

int sdmx_structure_ml(struct slice body, struct sdmx_builder *b)
{
	struct reader r = { .b = b, .scheme_agency = slice_str("") };
	const struct xml_handler handler = { on_start, on_end, on_text, &r };
	int rc = -1;

	buf_init(&r.text, TEXT_MAX);
	r.xml = xml_reader_new(&handler, b->e);
	if (r.xml)
		rc = xml_parse(r.xml, body, true, b->e);
	xml_reader_free(r.xml);
	buf_release(&r.text);
	return rc < 0 ? -1 : 0;
}
