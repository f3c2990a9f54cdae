/*
 * sdmx_ml.c - SDMX-ML data messages: generic and structure-specific, 2.1 and 3.0.
 *
 * From SDMX 2.1 Section 3A and SDMX 3.0 Section 3 (SDMXMessage.xsd, SDMXDataGeneric.xsd,
 * SDMXDataStructureSpecific.xsd, SDMXMessageFooter.xsd); compact messages of 2.0 have the shape of
 * structure-specific ones and are read as such.
 *
 * Observations in their plain form do not go through expat (sdmx_ml_quick.h), which takes three
 * quarters of the time otherwise: the document goes in tag by tag until one opens a series or
 * closes an observation, plain observations that follow are read here and left out of what expat
 * gets, and so on. Places are then counted here, since expat's are of what it got.
 *
 * A table says which element may stand in which; what stands elsewhere is passed over
 * with all that is in it. Elements are known by their local names: the namespace of
 * a structure-specific element is made from the structure's URN and tells nothing more.
 */
#include "collectors/cells.h"
#include "collectors/formats/sdmx_ml_private.h"

enum { FOOTER_BYTES_MAX = 4096, COMPONENT_BYTES_MAX = 64 << 10, FIRST_PIECE = 256 };

#define NAME(text) text, sizeof(text) - 1

static const struct rule {
	enum place in;
	const char *name;
	size_t n;
	enum place place;
} rules[] = {
	{ SERIES, NAME("Obs"), OBS },
	{ OBS, NAME("ObsDimension"), OBS_DIMENSION },
	{ OBS, NAME("ObsValue"), OBS_VALUE },
	{ OBS, NAME("Attributes"), ATTRIBUTES },
	{ OBS, NAME("ObsKey"), KEY },
	{ OBS, NAME("Comp"), COMP },
	{ ATTRIBUTES, NAME("Value"), VALUE },
	{ KEY, NAME("Value"), VALUE },
	{ SET, NAME("Obs"), OBS },
	{ SET, NAME("Series"), SERIES },
	{ SET, NAME("Group"), GROUP },
	{ SET, NAME("Atts"), GROUP },
	{ SET, NAME("Attributes"), ATTRIBUTES },
	{ SET, NAME("Comp"), COMP },
	{ SERIES, NAME("SeriesKey"), KEY },
	{ SERIES, NAME("Attributes"), ATTRIBUTES },
	{ SERIES, NAME("Comp"), COMP },
	{ GROUP, NAME("GroupKey"), KEY },
	{ GROUP, NAME("Attributes"), ATTRIBUTES },
	{ GROUP, NAME("Comp"), COMP },
	{ COMP, NAME("Value"), COMP_VALUE },
	{ COMP_VALUE, NAME("Text"), COMP_TEXT },
	{ MESSAGE, NAME("Header"), HEADER },
	{ MESSAGE, NAME("DataSet"), SET },
	{ MESSAGE, NAME("Footer"), FOOTER },
	{ MESSAGE, NAME("ErrorMessage"), FOOTER_MESSAGE },
	{ HEADER, NAME("DataSetAction"), HEADER_ACTION },
	{ HEADER, NAME("Structure"), STRUCTURE },
	{ STRUCTURE, NAME("Structure"), STRUCTURE_OF },
	{ STRUCTURE, NAME("StructureUsage"), STRUCTURE_OF },
	{ STRUCTURE, NAME("ProvisionAgreement"), STRUCTURE_OF },
	{ STRUCTURE, NAME("ProvisionAgrement"), STRUCTURE_OF }, /* so spelt in 2.1's schema */
	{ STRUCTURE_OF, NAME("Ref"), STRUCTURE_REF },
	{ STRUCTURE_OF, NAME("URN"), STRUCTURE_OF },
	{ FOOTER, NAME("Message"), FOOTER_MESSAGE },
	{ FOOTER_MESSAGE, NAME("Text"), FOOTER_TEXT },
};
/* --- elements ----------------------------------------------------------------------- */

static enum place place_of(const struct ml *m, struct slice name)
{
	enum place in = m->places[m->depth - 1];

	if (in == DOCUMENT)
		return MESSAGE;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].in == in && rules[i].n == name.n &&
		    memcmp(rules[i].name, name.p, name.n) == 0)
			return m->set_refused && in == SET ? NOWHERE : rules[i].place;
	return NOWHERE;
}

static int element_start(struct ml *m, struct slice name, const struct xml_attrs *a, struct err *e)
{
	enum place place;

	m->depth++;
	place = place_of(m, name);
	m->places[m->depth] = place;
	switch (place) {
	case MESSAGE:
		return ml_message_start(m, name, e);
	case STRUCTURE:
		return ml_structure_start(m, a, e);
	case STRUCTURE_REF:
		return ml_structure_ref(m, a, e);
	case SET:
		return ml_data_set_start(m, a, e);
	case GROUP:
	case SERIES:
	case OBS:
		return ml_record_start(m, place, a, e);
	case VALUE:
		return ml_value_start(m, a, e);
	case OBS_DIMENSION:
		return ml_obs_dimension(m, a, e);
	case OBS_VALUE:
		return ml_obs_value(m, a, e);
	case COMP:
		return ml_comp_start(m, a, e);
	case COMP_VALUE:
		ml_comp_value(m);
		return 0;
	case FOOTER_MESSAGE:
		return ml_footer_message(m, a, e);
	case STRUCTURE_OF:
	case HEADER_ACTION:
	case FOOTER_TEXT:
		buf_clear(&m->text);
		return 0;
	default:
		return 0;
	}
}

static int element_end(struct ml *m, struct err *e)
{
	int rc = 0;

	switch (m->places[m->depth]) {
	case OBS:
		rc = ml_set_close(m->set, ML_OBS, e);
		break;
	case SERIES:
		rc = ml_close_series(m, e);
		ml_forget_prefix(m);
		break;
	case GROUP:
		rc = ml_set_close(m->set, ML_GROUP, e);
		break;
	case SET:
		rc = ml_data_set_end(m, e);
		m->set_refused = false;
		ml_forget_prefix(m);
		break;
	case COMP:
		rc = ml_comp_end(m, e);
		break;
	case STRUCTURE_OF:
		rc = ml_structure_urn(m, e);
		buf_clear(&m->text);
		break;
	case HEADER_ACTION:
		rc = ml_header_action(m, e);
		break;
	case FOOTER_TEXT:
		rc = ml_footer_text(m, e);
		break;
	default:
		break;
	}
	m->depth--;
	return rc;
}

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *a, struct err *e)
{
	struct ml *m = ctx;
	int rc = element_start(m, name.local, a, e);

	m->at_tag_end = m->quick && xml_at_piece_end(m->xml);
	m->told = rc < 0;
	return rc;
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct ml *m = ctx;
	int rc = element_end(m, e);

	(void)name;
	m->at_tag_end = m->quick && xml_at_piece_end(m->xml);
	m->told = rc < 0;
	return rc;
}

static int on_text(void *ctx, struct slice piece, struct err *e)
{
	struct ml *m = ctx;

	(void)e;
	switch (m->places[m->depth]) {
	case COMP_VALUE:
		if (cell_trim(piece).n == 0)
			return 0; /* between a value and its texts */
		buf_slice(&m->text, piece);
		return 0;
	case STRUCTURE_OF:
	case HEADER_ACTION:
	case COMP_TEXT:
	case FOOTER_TEXT:
		buf_slice(&m->text, piece);
		return 0;
	default:
		return 0;
	}
}

/* --- the whole ---------------------------------------------------------------------- */

/* What expat would tell of the observation whose tags have been read. */
static int tell_observation(struct ml *m, struct err *e)
{
	for (unsigned i = 0; i < m->quick->ntags; i++) {
		const struct ml_quick_tag *t = &m->quick->tags[i];
		struct xml_attrs a = { &m->quick->pairs[t->first] };

		m->quick_at = t->at;
		if (t->local.n && element_start(m, t->local, &a, e) < 0)
			return -1;
		if ((t->local.n == 0 || t->empty) && element_end(m, e) < 0)
			return -1;
	}
	m->quick_at = NULL;
	return 0;
}

/* Reads plain observations from `p` on; where the rest begins, or NULL. */
static const char *read_plain(struct ml *m, const char *p, struct err *e)
{
	const char *end = m->body.p + m->body.n, *next;
	enum place in = m->places[m->depth];

	if ((in != SERIES && in != SET) || m->set_refused || !m->quick->prefix.p)
		return p;
	while ((next = ml_quick_read(m->quick, p, end)) != NULL) {
		if (m->left_out == 0)
			xml_forget_places(m->xml);
		if (tell_observation(m, e) < 0)
			return NULL;
		m->left_out += (size_t)(next - p);
		p = next;
	}
	return p;
}

/* Expat reads a tag that is not complete again with each piece, so pieces that end within one grow.
 */
static int read_document(struct ml *m, struct err *e)
{
	const char *p = m->body.p, *end = p + m->body.n, *close;
	size_t least = 0;

	while (p < end && m->quick) {
		close = least < (size_t)(end - p)
				? memchr(p + least, '>', (size_t)(end - p) - least)
				: NULL;
		if (!close)
			break;
		m->at_tag_end = false;
		if (xml_parse(m->xml, slice_of(p, (size_t)(close - p) + 1), false, e) < 0)
			return -1;
		p = close + 1;
		least = m->at_tag_end ? 0 : least ? 2 * least : FIRST_PIECE;
		if (m->at_tag_end)
			p = read_plain(m, p, e);
		if (!p)
			return -1;
	}
	return xml_parse(m->xml, slice_of(p, (size_t)(end - p)), true, e);
}

static int read_all(struct ml *m, struct err *e)
{
	const struct xml_handler handler = { on_start, on_end, on_text, m };
	unsigned line, column;
	int rc;

	m->xml = xml_reader_new(&handler, e);
	if (!m->xml)
		return -1;
	rc = read_document(m, e);
	if (rc < 0 && m->left_out && !m->told && !m->quick_at && e->code != ERR_MEMORY) {
		ml_place_now(m, &line, &column);
		err_wrap(e, "line %u, column %u", line, column);
	}
	xml_reader_free(m->xml);
	if (rc < 0)
		return -1;
	if (m->footer.n || m->footer_code.n)
		return ml_footer_said(m, e);
	if (m->nsets == 0)
		return err_set(e, ERR_INVALID, "the message holds no data set");
	return 0;
}

int sdmx_ml_read(struct slice body, struct sdmx_table *t, struct err *e)
{
	struct ml *m = arena_new(t->arena, struct ml);
	int rc;

	if (m)
		m->set = arena_new(t->arena, struct ml_set);
	if (!m || !m->set)
		return err_set(e, ERR_LIMIT, "no room to read the message");
	m->table = t;
	m->body = body;
	m->counted = body.p;
	m->line = m->column = 1;
	if (ml_quick_may(body)) {
		m->quick = arena_new(t->arena, struct ml_quick);
		if (!m->quick)
			return err_set(e, ERR_LIMIT, "no room to read the message");
	}
	m->action = slice_str("");
	m->places[0] = DOCUMENT;
	buf_init(&m->text, COMPONENT_BYTES_MAX);
	buf_init(&m->footer, FOOTER_BYTES_MAX);
	rc = read_all(m, e);
	buf_release(&m->text);
	buf_release(&m->footer);
	return rc;
}
