/*
 * sdmx_ml_parts.c - what the elements of an SDMX-ML message say: header, data sets, footers.
 */
#include "collectors/cells.h"
#include "collectors/formats/sdmx_ml_private.h"

#include <stdio.h>

/* Of the tag at hand. As long as expat gets all, it counts, in whatever encoding. */
void ml_place_now(struct ml *m, unsigned *line, unsigned *column)
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

	ml_place_now(m, &line, &column);
	return err_set(e, ERR_INVALID, "line %u, column %u: %s", line, column, what);
}

static int keep(struct ml *m, struct slice text, struct slice *out, struct err *e)
{
	*out = arena_slice(m->table->arena, text);
	return out->p ? 0 : err_set(e, ERR_LIMIT, "no room for the message's header");
}

/* --- the message and its header ------------------------------------------------------------ */

int ml_message_start(struct ml *m, struct slice name, struct err *e)
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

int ml_structure_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct used_structure *u = &m->used[m->nused];
	struct slice value;

	if (m->nused == ML_STRUCTURES_MAX)
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
int ml_structure_ref(struct ml *m, const struct xml_attrs *a, struct err *e)
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

	*out = cell_trim(buf_all(&m->text));
	if (buf_check(&m->text, e) == 0)
		return 0;
	ml_place_now(m, &line, &column);
	return err_wrap(e, "line %u, column %u: a text", line, column);
}

int ml_structure_urn(struct ml *m, struct err *e)
{
	struct slice urn;

	if (element_text(m, &urn, e) < 0)
		return -1;
	return urn.n ? keep(m, sdmx_urn_object(urn), &m->used[m->nused - 1].name, e) : 0;
}

int ml_header_action(struct ml *m, struct err *e)
{
	struct slice action;

	return element_text(m, &action, e) < 0 ? -1 : keep(m, action, &m->action, e);
}

/* --- data sets ---------------------------------------------------------------------- */

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

int ml_data_set_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct sdmx_table *t = m->table;
	struct slice ref, action, name;
	unsigned line, column;

	ml_place_now(m, &line, &column);
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

int ml_data_set_end(struct ml *m, struct err *e)
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

int ml_close_series(struct ml *m, struct err *e)
{
	if (!m->series_open)
		return 0;
	m->series_open = false;
	return ml_set_close(m->set, ML_SERIES, e);
}

/* What an element declares ends with it. */
void ml_forget_prefix(struct ml *m)
{
	if (m->quick)
		m->quick->prefix.p = NULL;
}

/* Expat has just accepted the start tag of a series or an observation. */
static void learn(struct ml *m, enum place place)
{
	size_t at = m->left_out + xml_offset(m->xml);

	if (place == SERIES)
		ml_forget_prefix(m); /* it may declare the same prefix otherwise */
	else if (place == OBS && at < m->body.n)
		ml_quick_learn(m->quick, m->body.p + at, m->body.p + m->body.n);
}

int ml_record_start(struct ml *m, enum place place, const struct xml_attrs *a, struct err *e)
{
	unsigned line, column;

	if (place == OBS && ml_close_series(m, e) < 0)
		return -1;
	m->series_open = place == SERIES;
	if (m->quick && !m->quick_at)
		learn(m, place);
	ml_place_now(m, &line, &column);
	ml_set_open(m->set, level_of(place), line, column);
	return m->kind == SPECIFIC ? put_attributes(m, level_of(place), a, e) : 0;
}

/* --- values of generic messages ----------------------------------------------------- */

/* The level of the element in which a key or attributes stand. */
static enum ml_level level_above(const struct ml *m, unsigned up)
{
	return level_of(m->places[m->depth - up]);
}

int ml_value_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice id, value;

	if (!xml_attr(a, "id", &id))
		xml_attr(a, "concept", &id); /* 2.0 */
	xml_attr(a, "value", &value);
	return ml_set_put(m->set, level_above(m, 2), id, value, m->places[m->depth - 1] == KEY, e);
}

int ml_obs_dimension(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice id, value;

	if (!xml_attr(a, "id", &id))
		id = m->now ? m->now->dimension : slice_str("TIME_PERIOD");
	xml_attr(a, "value", &value);
	return ml_set_put(m->set, ML_OBS, id, value, true, e);
}

int ml_obs_value(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct ml_open *o = &m->set->open[ML_OBS];
	struct slice id, value;

	if (!xml_attr(a, "id", &id))
		id = slice_str("OBS_VALUE");
	xml_attr(a, "value", &value);
	if (ml_set_put(m->set, ML_OBS, id, value, false, e) < 0)
		return -1;
	ml_place_now(m, &o->value_line, &o->value_column);
	o->cells[o->n - 1].own_place = true;
	return 0;
}

/* --- components with several values (3.0) ------------------------------------------- */

int ml_comp_start(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice id;

	xml_attr(a, "id", &id);
	buf_clear(&m->text);
	m->comp_began = false;
	return keep(m, id, &m->comp, e);
}

void ml_comp_value(struct ml *m)
{
	if (m->comp_began)
		buf_put(&m->text, "; ", 2);
	m->comp_began = true;
}

int ml_comp_end(struct ml *m, struct err *e)
{
	struct slice values;

	if (element_text(m, &values, e) < 0)
		return -1;
	return ml_set_put(m->set, level_above(m, 1), m->comp, values, false, e);
}

/* --- footers ------------------------------------------------------------------------ */

int ml_footer_message(struct ml *m, const struct xml_attrs *a, struct err *e)
{
	struct slice code;

	xml_attr(a, "code", &code);
	return m->footer_code.n ? 0 : keep(m, code, &m->footer_code, e);
}

/* Several texts of one message often repeat each other: those that are in the text already are left
 * out. */
int ml_footer_text(struct ml *m, struct err *e)
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
int ml_footer_said(struct ml *m, struct err *e)
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
