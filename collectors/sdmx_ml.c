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
#include "base/xml.h"
#include "collectors/sdmx_ml_quick.h"
#include "collectors/sdmx_ml_set.h"

#include <stdio.h>

enum {
	HEADER_STRUCTURES_MAX = 64,
	FOOTER_BYTES_MAX = 4096,
	COMPONENT_BYTES_MAX = 64 << 10,
	FIRST_PIECE = 256
};

enum place {
	NOWHERE,
	DOCUMENT,
	MESSAGE,
	HEADER,
	HEADER_ACTION,
	STRUCTURE,
	STRUCTURE_OF, /* common:Structure, StructureUsage, ProvisionAgreement: a Ref or a URN */
	STRUCTURE_REF,
	SET,
	GROUP,
	SERIES,
	OBS,
	KEY,
	ATTRIBUTES,
	VALUE,
	OBS_DIMENSION,
	OBS_VALUE,
	COMP, /* 3.0: a component with several values */
	COMP_VALUE,
	COMP_TEXT,
	FOOTER,
	FOOTER_MESSAGE,
	FOOTER_TEXT,
};

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

enum kind { GENERIC, SPECIFIC };

/* What the header says of a structure. */
struct used_structure {
	struct slice id;        /* within the message */
	struct slice name;      /* "AGENCY:ID(VERSION)" */
	struct slice dimension; /* at observation; "AllDimensions" */
};

struct ml {
	struct sdmx_table *table;
	struct ml_set *set;
	struct xml_reader *xml;
	struct slice body;
	struct ml_quick *quick; /* NULL: all goes through expat */
	const char *quick_at;   /* the tag that is read without it; NULL: none is */
	size_t left_out;        /* bytes that expat did not get */
	const char *counted;    /* what lies before is counted in line and column */
	unsigned line, column;
	bool at_tag_end; /* the piece that expat got ends with a tag */
	bool told;       /* a callback has failed, and said where */
	enum kind kind;
	enum place places[XML_DEPTH_MAX + 1];
	unsigned depth;
	struct used_structure used[HEADER_STRUCTURES_MAX];
	size_t nused;
	const struct used_structure *now; /* that of the data set */
	struct slice action;              /* of the header, for data sets that say none */
	struct arena_mark before_set;
	bool set_refused, series_open;
	size_t nsets;
	struct buf text; /* of the element that is being read */
	struct slice comp;
	bool comp_began;
	struct buf footer; /* what its messages say */
	struct slice footer_code;
};

/* Of the tag at hand. As long as expat gets all, it counts, in whatever encoding. */
static void place_now(struct ml *m, unsigned *line, unsigned *column)
{
	const char *to = m->quick_at, *feed;

	if (!to && m->left_out == 0) {
		xml_place(m->xml, line, column);
		return;
	}
	if (!to)
		to = m->body.p + m->left_out + xml_offset(m->xml);
	while ((feed = memchr(m->counted, '\n', (size_t)(to - m->counted))) != NULL) {
		m->line++;
		m->column = 1;
		m->counted = feed + 1;
	}
	for (; m->counted < to; m->counted++)
		m->column += ((unsigned char)*m->counted & 0xc0) != 0x80;
	*line = m->line;
	*column = m->column;
}

static int complain_at(struct ml *m, struct err *e, const char *what)
{
	unsigned line, column;

	place_now(m, &line, &column);
	return err_set(e, ERR_INVALID, "line %u, column %u: %s", line, column, what);
}

static int keep(struct ml *m, struct slice text, struct slice *out, struct err *e)
{
	*out = arena_slice(m->table->arena, text);
	return out->p ? 0 : err_set(e, ERR_LIMIT, "no room for the message's header");
}

/* --- the message and its header ------------------------------------------------------------ */

static int message_start(struct ml *m, struct slice name, struct err *e)
{
	static const char *const generic[] = { "GenericData", "GenericTimeSeriesData" };
	static const char *const specific[] = { "StructureSpecificData",
						"StructureSpecificTimeSeriesData", "CompactData" };
	char what[160], shown[TEXT_SHOWN];

	for (size_t i = 0; i < sizeof(generic) / sizeof(*generic); i++)
		if (slice_is(name, generic[i]))
			return 0;
	m->kind = SPECIFIC;
	for (size_t i = 0; i < sizeof(specific) / sizeof(*specific); i++)
		if (slice_is(name, specific[i]))
			return 0;
	if (slice_is(name, "Structure"))
		return complain_at(m, e, "the message holds structures and no figures");
	if (slice_is(name, "Error"))
		return 0; /* its messages are like those of a footer */
	snprintf(what, sizeof(what), "%s is no data message of SDMX-ML 2.1 or 3.0",
		 text_shown(name, shown));
	return complain_at(m, e, what);
}

static int structure_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct used_structure *u = &m->used[m->nused];
	struct slice value;

	if (m->nused == HEADER_STRUCTURES_MAX)
		return complain_at(m, e, "the header names more than 64 structures");
	*u = (struct used_structure){ .name = slice_str("") };
	xml_attr(a, "structureID", &value);
	if (keep(m, value, &u->id, e) < 0)
		return -1;
	xml_attr(a, "dimensionAtObservation", &value);
	m->nused++;
	return keep(m, value.n ? value : slice_str("TIME_PERIOD"), &u->dimension, e);
}

/* 2.1: the parts of the name are attributes. */
static int structure_ref(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice agency, id, version;
	char *name;

	xml_attr(a, "agencyID", &agency);
	xml_attr(a, "id", &id);
	if (!xml_attr(a, "version", &version))
		version = slice_str("1.0"); /* the schema's default */
	name = arena_printf(m->table->arena, "%.*s:%.*s(%.*s)", SLICE_FMT(agency), SLICE_FMT(id),
			    SLICE_FMT(version));
	if (!name)
		return err_set(e, ERR_LIMIT, "no room for the message's header");
	m->used[m->nused - 1].name = slice_str(name);
	return 0;
}

/* The text of the element that ends. */
static int element_text(struct ml *m, struct slice *out, struct err *e)
{
	unsigned line, column;

	*out = text_trim(buf_all(&m->text));
	if (buf_check(&m->text, e) == 0)
		return 0;
	place_now(m, &line, &column);
	return err_wrap(e, "line %u, column %u: a text", line, column);
}

static int structure_urn(struct ml *m, struct err *e)
{
	struct slice urn;

	if (element_text(m, &urn, e) < 0)
		return -1;
	return urn.n ? keep(m, sdmx_urn_object(urn), &m->used[m->nused - 1].name, e) : 0;
}

static int header_action(struct ml *m, struct err *e)
{
	struct slice action;

	return element_text(m, &action, e) < 0 ? -1 : keep(m, action, &m->action, e);
}

/* --- data sets ---------------------------------------------------------------------------------
 */

static const struct used_structure *structure_used(const struct ml *m, struct slice ref)
{
	for (size_t i = 0; i < m->nused; i++)
		if (slice_eq(m->used[i].id, ref))
			return &m->used[i];
	return m->nused == 1 ? &m->used[0] : NULL;
}

/* What the schemas themselves let a data set say of itself. */
static bool is_about_set(struct slice name)
{
	static const char *const about[] = {
		"structureRef",
		"action",
		"setID",
		"dataScope",
		"reportingBeginDate",
		"reportingEndDate",
		"validFromDate",
		"validToDate",
		"publicationYear",
		"publicationPeriod",
		"dataflowID",
		"dataflowAgencyID",
		"keyFamilyURI",
		"datasetID",
	};

	for (size_t i = 0; i < sizeof(about) / sizeof(*about); i++)
		if (slice_is(name, about[i]))
			return true;
	return false;
}

/* Attributes of a structure-specific element; those with a namespace are about the message. */
static int put_attributes(struct ml *m, enum ml_level level, const struct xml_attrs *a,
			  struct err *e)
{
	struct xml_name name;
	struct slice value;

	for (size_t i = 0; xml_attr_next(a, &i, &name, &value);) {
		if (name.ns.n || (level == ML_SET && is_about_set(name.local)))
			continue;
		if (ml_set_put(m->set, level, name.local, value,
			       level == ML_OBS && m->now && slice_eq(name.local, m->now->dimension),
			       e) < 0)
			return -1;
	}
	return 0;
}

static int set_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct sdmx_table *t = m->table;
	struct slice ref, action, name;
	unsigned line, column;

	place_now(m, &line, &column);
	if (m->nsets++ == SDMX_SETS_MAX)
		return complain_at(m, e, "more than 1000 data sets");
	m->before_set = arena_mark(t->arena);
	xml_attr(a, "structureRef", &ref);
	if (!xml_attr(a, "action", &action))
		action = m->action;
	m->set_refused = sdmx_set_refused(t, action, line, column);
	if (m->set_refused)
		return 0;
	m->now = structure_used(m, ref);
	if (keep(m, m->now && m->now->name.n ? m->now->name : ref, &name, e) < 0)
		return -1;
	ml_set_start(m->set, t, name, m->kind == GENERIC, line, column);
	ml_set_open(m->set, ML_SET, line, column);
	return m->kind == SPECIFIC ? put_attributes(m, ML_SET, a, e) : 0;
}

static int set_end(struct ml *m, struct err *e)
{
	if (m->set_refused)
		return 0;
	if (ml_set_finish(m->set, e) < 0)
		return -1;
	sdmx_table_start(m->table, slice_str("")); /* its columns go away */
	arena_reset(m->table->arena, m->before_set);
	return 0;
}

static enum ml_level level_of(enum place p)
{
	return p == OBS ? ML_OBS : p == SERIES ? ML_SERIES : p == GROUP ? ML_GROUP : ML_SET;
}

static int close_series(struct ml *m, struct err *e)
{
	if (!m->series_open)
		return 0;
	m->series_open = false;
	return ml_set_close(m->set, ML_SERIES, e);
}

/* Expat has just accepted the start tag of a series or an observation. */
static void learn(struct ml *m, enum place place)
{
	size_t at = m->left_out + xml_offset(m->xml);

	if (place == SERIES)
		m->quick->prefix.p = NULL; /* its own element may declare it */
	else if (place == OBS && at < m->body.n)
		ml_quick_learn(m->quick, m->body.p + at, m->body.p + m->body.n);
}

static int record_start(struct ml *m, enum place place, const struct xml_attrs *a, struct err *e)
{
	unsigned line, column;

	if (place == OBS && close_series(m, e) < 0)
		return -1;
	m->series_open = place == SERIES;
	if (m->quick && !m->quick_at)
		learn(m, place);
	place_now(m, &line, &column);
	ml_set_open(m->set, level_of(place), line, column);
	return m->kind == SPECIFIC ? put_attributes(m, level_of(place), a, e) : 0;
}

/* --- values of generic messages ------------------------------------------------------------------
 */

/* The level of the element in which a key or attributes stand. */
static enum ml_level level_above(const struct ml *m, unsigned up)
{
	return level_of(m->places[m->depth - up]);
}

static int value_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice id, value;

	if (!xml_attr(a, "id", &id))
		xml_attr(a, "concept", &id); /* 2.0 */
	xml_attr(a, "value", &value);
	return ml_set_put(m->set, level_above(m, 2), id, value, m->places[m->depth - 1] == KEY, e);
}

static int obs_dimension(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice id, value;

	if (!xml_attr(a, "id", &id))
		id = m->now ? m->now->dimension : slice_str("TIME_PERIOD");
	xml_attr(a, "value", &value);
	return ml_set_put(m->set, ML_OBS, id, value, true, e);
}

static int obs_value(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct ml_open *o = &m->set->open[ML_OBS];
	struct slice id, value;

	if (!xml_attr(a, "id", &id))
		id = slice_str("OBS_VALUE");
	xml_attr(a, "value", &value);
	if (ml_set_put(m->set, ML_OBS, id, value, false, e) < 0)
		return -1;
	place_now(m, &o->value_line, &o->value_column);
	o->cells[o->n - 1].own_place = true;
	return 0;
}

/* --- components with several values (3.0)
 * --------------------------------------------------------- */

static int comp_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice id;

	xml_attr(a, "id", &id);
	buf_clear(&m->text);
	m->comp_began = false;
	return keep(m, id, &m->comp, e);
}

static void comp_value(struct ml *m)
{
	if (m->comp_began)
		buf_put(&m->text, "; ", 2);
	m->comp_began = true;
}

static int comp_end(struct ml *m, struct err *e)
{
	struct slice values;

	if (element_text(m, &values, e) < 0)
		return -1;
	return ml_set_put(m->set, level_above(m, 1), m->comp, values, false, e);
}

/* --- footers
 * --------------------------------------------------------------------------------------- */

static int footer_message(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice code;

	xml_attr(a, "code", &code);
	return m->footer_code.n ? 0 : keep(m, code, &m->footer_code, e);
}

/* Several texts of one message often repeat each other: those that are in the text already are left
 * out. */
static int footer_text(struct ml *m, struct err *e)
{
	struct slice all = buf_all(&m->footer), text;

	if (element_text(m, &text, e) < 0)
		return -1;
	if (text.n == 0 || (all.n && memmem(all.p, all.n, text.p, text.n)))
		return 0;
	if (all.n)
		buf_putc(&m->footer, ' ');
	buf_slice(&m->footer, text);
	return 0;
}

/* A footer behind figures says that they are not all; without figures it is the answer. */
static int footer_said(struct ml *m, struct err *e)
{
	struct slice code = m->footer_code, text;
	const char *later = slice_is(code, "413") ? ", the answer comes later" : "";
	char shown[161];

	if (buf_check(&m->footer, e) < 0)
		return err_wrap(e, "the message's footer");
	text = slice_cut(buf_all(&m->footer), sizeof(shown) - 1);
	snprintf(shown, sizeof(shown), "%.*s", SLICE_FMT(text));
	if (m->table->tables == 0)
		return err_set(e, ERR_INVALID, "no figures%s (message %.*s): %s", later,
			       SLICE_FMT(slice_cut(code, 16)), shown);
	sdmx_complain(m->table, REFUSED_LAYOUT, 1, 1, "the source adds message %.*s: %s",
		      SLICE_FMT(slice_cut(code, 16)), shown);
	return 0;
}

/* --- elements
 * -------------------------------------------------------------------------------------- */

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
		return message_start(m, name, e);
	case STRUCTURE:
		return structure_start(m, a, e);
	case STRUCTURE_REF:
		return structure_ref(m, a, e);
	case SET:
		return set_start(m, a, e);
	case GROUP:
	case SERIES:
	case OBS:
		return record_start(m, place, a, e);
	case VALUE:
		return value_start(m, a, e);
	case OBS_DIMENSION:
		return obs_dimension(m, a, e);
	case OBS_VALUE:
		return obs_value(m, a, e);
	case COMP:
		return comp_start(m, a, e);
	case COMP_VALUE:
		comp_value(m);
		return 0;
	case FOOTER_MESSAGE:
		return footer_message(m, a, e);
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
		rc = close_series(m, e);
		break;
	case GROUP:
		rc = ml_set_close(m->set, ML_GROUP, e);
		break;
	case SET:
		rc = set_end(m, e);
		m->set_refused = false;
		break;
	case COMP:
		rc = comp_end(m, e);
		break;
	case STRUCTURE_OF:
		rc = structure_urn(m, e);
		buf_clear(&m->text);
		break;
	case HEADER_ACTION:
		rc = header_action(m, e);
		break;
	case FOOTER_TEXT:
		rc = footer_text(m, e);
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
		if (text_trim(piece).n == 0)
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

/* --- the whole
 * -------------------------------------------------------------------------------------- */

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
		place_now(m, &line, &column);
		err_wrap(e, "line %u, column %u", line, column);
	}
	xml_reader_free(m->xml);
	if (rc < 0)
		return -1;
	if (m->footer.n || m->footer_code.n)
		return footer_said(m, e);
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
