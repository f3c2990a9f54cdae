/*
 * load_indicators.c - the indicators of a catalogue.
 *
 * The code ends in the base unit of what it measures, so that a family cannot
 * mix units; bounds are written as the office writes figures and kept in the
 * base unit. An indicator without a release rule takes the first of its
 * frequency, or the built-in one.
 */
#include "catalogue/load.h"

#include "base/text.h"

struct indicator_row {
	const char *code, *name, *name_en, *measure, *owner, *release;
	struct yaml_strings aliases, reported_by;
	const struct yaml_node *min, *max;
	int freq, form, basis, direction;
	bool preliminary, unit_slip;
	struct date from, to;
	struct edit_row edits;
};

enum { FORM_UNKNOWN = -1, BASIS_NONE = 0, BASIS_YTD, BASIS_PERIOD };

static const struct yaml_choice forms[] = {
	{ "period", FORM_PERIOD }, { "ytd", FORM_YTD }, { "level", FORM_LEVEL },
	{ "growth", FORM_GROWTH }, { NULL, 0 },
};

static const struct yaml_choice bases[] = { { "ytd", BASIS_YTD },
					    { "period", BASIS_PERIOD },
					    { NULL, 0 } };

static const struct yaml_choice directions[] = {
	{ "up", DIRECTION_UP },
	{ "down", DIRECTION_DOWN },
	{ "zero", DIRECTION_ZERO },
	{ "none", DIRECTION_NONE },
	{ NULL, 0 },
};

#define AT(member) offsetof(struct indicator_row, member)

static const struct yaml_field indicator_fields[] = {
	{ "code", YAML_STRING, AT(code), .required = true,
	  .help = "with its unit: tax_revenue_yuan" },
	{ "name", YAML_STRING, AT(name), .required = true },
	{ "name_en", YAML_STRING, AT(name_en) },
	{ "aliases", YAML_STRINGS, AT(aliases) },
	{ "measure", YAML_STRING, AT(measure), .required = true,
	  .help = "as offices report it: 亿元, %, 亩" },
	{ "freq", YAML_ENUM, AT(freq), .required = true, .choices = load_freqs },
	{ "form", YAML_ENUM, AT(form), .required = true, .choices = forms },
	{ "basis", YAML_ENUM, AT(basis), .choices = bases, .help = "of a growth rate" },
	{ "direction", YAML_ENUM, AT(direction), .choices = directions,
	  .help = "which way is good" },
	{ "owner", YAML_STRING, AT(owner), .help = "id of the department that answers for it" },
	{ "release", YAML_STRING, AT(release), .help = "id of a release rule" },
	{ "min", YAML_NODE, AT(min), .help = "in the measure" },
	{ "max", YAML_NODE, AT(max), .help = "in the measure" },
	{ "preliminary", YAML_BOOL, AT(preliminary),
	  .help = "figures before the period's end are taken" },
	{ "unit_slip", YAML_BOOL, AT(unit_slip), .help = "look for figures 10,000 times off" },
	{ "reported_by", YAML_STRINGS, AT(reported_by), .help = "classes of units; park" },
	{ "part_of", YAML_STRING, AT(edits.part_of), .help = "code of what it is a part of" },
	{ "sum_of", YAML_STRINGS, AT(edits.sum_of), .help = "codes of its parts, all of them" },
	{ "level_change", YAML_NUMBER, AT(edits.level_change), .min = 0.001, .max = 1000,
	  .help = "0.5: a level within ±50 % of the last one" },
	{ "growth_of", YAML_STRING, AT(edits.growth_of), .help = "code of the level it is of" },
	{ "breaks", YAML_NODE, AT(edits.breaks), .help = "where figures stop being comparable" },
	{ "edits", YAML_NODE, AT(edits.edits), .help = "which edits are hard, soft or off" },
	{ "from", YAML_DATE, AT(from) },
	{ "to", YAML_DATE, AT(to) },
	{ NULL },
};

#undef AT

/* --- measure and code ------------------------------------------------------------- */

static void check_suffix(struct loader *l, const struct yaml_node *at, const char *code,
			 const char *measure, const char *base)
{
	const char *suffix = measure_suffix(code);

	if (suffix && strcmp(suffix, base) == 0)
		return;
	if (*base && suffix)
		yaml_complain(at, l->d, "'%s' ends in '_%s', but %s is counted in '_%s'", code,
			      suffix, measure, base);
	else if (*base)
		yaml_complain(at, l->d, "'%s' would have to end in its unit: '%s_%s' for %s", code,
			      code, base, measure);
	else if (suffix)
		yaml_complain(at, l->d, "'%s' ends in the unit '_%s', but %s is a plain count",
			      code, suffix, measure);
}

/* The base unit, or NULL when the measure is not known. */
static const char *read_measure(struct loader *l, const struct yaml_node *map,
				const struct indicator_row *row, struct indicator *i)
{
	const char *base = NULL;
	struct err e = { 0 };

	i->scale = NUM_SCALE_ONE;
	if (!row->measure)
		return NULL;
	if (measure_find(slice_str(row->measure), &i->scale, &base, &e) < 0) {
		if (e.code == ERR_MEMORY)
			l->no_memory = true;
		else
			yaml_complain(yaml_get(map, "measure"), l->d, "%s", e.text);
		return NULL;
	}
	if (row->code && code_is_good(row->code))
		check_suffix(l, yaml_get(map, "code"), row->code, row->measure, base);
	if (row->form == FORM_GROWTH && strcmp(base, "ratio") != 0)
		yaml_complain(yaml_get(map, "measure"), l->d,
			      "a growth rate is in %% or 百分点, not in %s", row->measure);
	return base;
}

/* --- the parts of an indicator ---------------------------------------------------- */

static const char *basis_of(struct loader *l, const struct yaml_node *map,
			    const struct indicator_row *row)
{
	static const char *const of_form[] = {
		[FORM_PERIOD] = "period", [FORM_YTD] = "ytd", [FORM_LEVEL] = "level"
	};

	if (row->form == FORM_UNKNOWN)
		return "";
	if (row->form != FORM_GROWTH) {
		if (row->basis)
			yaml_complain(load_at(map, "basis"), l->d,
				      "'basis' is for growth rates; that of this form is '%s'",
				      of_form[row->form]);
		return of_form[row->form];
	}
	if (!row->basis && !yaml_get(map, "basis"))
		yaml_complain(map, l->d,
			      "a growth rate needs 'basis': ytd (累计) or period (当期)");
	return row->basis == BASIS_PERIOD ? "period" : "ytd";
}

static const struct release_rule *release_of(struct loader *l, const struct yaml_node *map,
					     const struct indicator_row *row)
{
	const struct yaml_node *at = load_at(map, "release");
	struct nearest m;

	if (!row->release) {
		for (size_t k = 0; k < l->nrules; k++) {
			if (l->rules[k]->freq == (enum freq)row->freq)
				return l->rules[k];
		}
		return release_default((enum freq)row->freq);
	}
	nearest_init(&m, slice_str(row->release));
	for (size_t k = 0; k < l->nrules; k++) {
		const struct release_rule *r = l->rules[k];

		nearest_offer(&m, slice_str(r->id), r->id);
		if (strcmp(r->id, row->release) != 0)
			continue;
		if (row->freq && r->freq && r->freq != (enum freq)row->freq)
			yaml_complain(at, l->d, "the rule '%s' is for freq %c, the indicator is %c",
				      r->id, (char)r->freq, (char)row->freq);
		return r;
	}
	yaml_complain(at, l->d, "there is no release rule '%s'%s%s%s", row->release,
		      m.text ? ", did you mean '" : "", m.text ? m.text : "", m.text ? "'?" : "");
	return release_default((enum freq)row->freq);
}

static const char *owner_of(struct loader *l, const struct yaml_node *map, const char *owner)
{
	const struct yaml_node *at = load_at(map, "owner");
	const struct unit *u = owner ? load_unit_ref(l, at, owner) : NULL;

	if (!u)
		return NULL;
	if (u->class != UNIT_DEPARTMENT && u->class != UNIT_CONFERENCE && u->class != UNIT_CITY &&
	    u->class != UNIT_CLASSES)
		yaml_complain(at, l->d,
			      "'%s' is a %s; a department, the conference or the city answers for "
			      "an indicator",
			      u->id, unit_class_name(u->class));
	return u->id;
}

static void read_bounds(struct loader *l, const struct yaml_node *map,
			const struct indicator_row *row, struct indicator *i)
{
	if (row->min)
		i->has_min = load_amount(l, row->min, i->scale, &i->min);
	if (row->max)
		i->has_max = load_amount(l, row->max, i->scale, &i->max);
	if (i->has_min && i->has_max && i->max < i->min)
		yaml_complain(load_at(map, "max"), l->d, "'max' is below 'min'");
}

static void read_classes(struct loader *l, const struct yaml_node *map,
			 const struct indicator_row *row, struct indicator *i)
{
	enum unit_class *list;

	if (row->reported_by.n == 0)
		return;
	list = load_array(l, row->reported_by.n, sizeof(*list));
	if (!list)
		return;
	for (size_t k = 0; k < row->reported_by.n; k++) {
		const char *name = row->reported_by.list[k];
		enum unit_class class = load_class(name);
		struct nearest m;

		if (class != UNIT_CLASSES) {
			list[i->nclasses++] = class;
			continue;
		}
		nearest_init(&m, slice_str(name));
		for (int n = 0; n < UNIT_CLASSES; n++)
			nearest_offer(&m, slice_str(unit_class_name(n)), unit_class_name(n));
		yaml_complain(load_item(map, "reported_by", k), l->d,
			      "'%s' is no class of units%s%s%s", name,
			      m.text ? ", did you mean '" : "", m.text ? m.text : "",
			      m.text ? "'?" : "");
	}
	i->classes = list;
}

/* --- one indicator ---------------------------------------------------------------- */

static void index_indicator(struct loader *l, const struct yaml_node *map, struct indicator *i)
{
	const struct yaml_node *at = load_at(map, "code");
	const struct indicator *other;
	struct err e = { 0 };
	char shown[TEXT_SHOWN], why[300];

	if (!code_is_good(i->code)) {
		yaml_complain(at, l->d,
			      "the code %s: up to %d of a-z, 0-9 and '_', a letter first, would be "
			      "right",
			      text_shown(slice_str(i->code), shown), CODE_MAX_BYTES);
		return;
	}
	if (code_is_reserved(i->code, why, sizeof(why)))
		yaml_complain(at, l->d, "%s", why);
	other = catalogue_indicator(l->c, slice_str(i->code));
	if (other)
		yaml_complain(at, l->d, "the code '%s' is taken (%s)", i->code,
			      load_place(l, at, other->file, other->line));
	else if (map_put(&l->c->indicator_by_code, slice_str(i->code), i, &e) < 0)
		l->no_memory = true;
}

/* A slip of the unit happens where one quantity is written in several measures. */
static bool slips(const struct indicator *i, const char *base)
{
	return i->form != FORM_GROWTH && base && *base && strcmp(base, "ratio") != 0;
}

static void read_indicator(struct loader *l, const struct yaml_node *map, struct indicator *i,
			   struct edit_row *edits)
{
	struct indicator_row row = { .form = FORM_UNKNOWN };
	const char *base;

	yaml_fill(map, indicator_fields, &row, &l->scratch, l->d);
	*edits = row.edits;
	i->code = row.code ? load_keep(l, row.code) : "";
	i->name = row.name ? load_keep(l, row.name) : "";
	i->name_en = load_keep(l, row.name_en ? row.name_en : "");
	i->aliases = load_keep_all(l, &row.aliases, &i->naliases);
	i->measure = row.measure ? load_keep(l, row.measure) : "";
	i->freq = (enum freq)row.freq;
	i->form = row.form == FORM_UNKNOWN ? FORM_PERIOD : (enum figure_form)row.form;
	i->direction = (enum direction)row.direction;
	i->preliminary = row.preliminary;
	i->valid = (struct validity){ row.from, row.to };
	i->file = load_keep_file(l, map->file);
	i->line = map->line;
	load_check_validity(l, map, i->valid);
	base = read_measure(l, map, &row, i);
	i->unit_slip = yaml_get(map, "unit_slip") ? row.unit_slip : slips(i, base);
	i->basis = basis_of(l, map, &row);
	i->release = release_of(l, map, &row);
	i->owner = owner_of(l, map, row.owner);
	if (base)
		read_bounds(l, map, &row, i);
	read_classes(l, map, &row, i);
	load_edits(l, map, edits, i);
	if (row.code)
		index_indicator(l, map, i);
}

/* --- names ----------------------------------------------------------------------- */

static void add_name(struct loader *l, const struct indicator *i, const char *text,
		     const struct yaml_node *at)
{
	struct name n = {
		.text = text, .owner = i->index, .when = i->valid, .file = i->file, .line = at->line
	};
	const struct name *added, *other;
	struct err e = { 0 };

	if (strlen(text) > NAME_MAX_BYTES) {
		yaml_complain(at, l->d, "a name has at most %d bytes", NAME_MAX_BYTES);
		return;
	}
	added = names_add(&l->c->indicator_names, &n, &e);
	if (!added && e.code == ERR_MEMORY)
		l->no_memory = true;
	else if (!added)
		yaml_complain(at, l->d, "%s", e.text);
	if (!added)
		return;
	/* No date comes with a heading in a table, so dates cannot tell two indicators apart. */
	other = names_get(&l->c->indicator_names, added->key);
	while (other && other->owner == i->index)
		other = other->next;
	if (other)
		yaml_complain(at, l->d,
			      "'%s' is what '%s' is called too (%s); figures under that name "
			      "could be either",
			      text, l->c->indicators[other->owner].code,
			      load_place(l, at, other->file, other->line));
}

static void add_names(struct loader *l, const struct yaml_node *map, const struct indicator *i)
{
	if (catalogue_indicator(l->c, slice_str(i->code)) != i)
		return;
	add_name(l, i, i->code, load_at(map, "code"));
	if (*i->name)
		add_name(l, i, i->name, load_at(map, "name"));
	for (size_t k = 0; k < i->naliases; k++)
		add_name(l, i, i->aliases[k], load_item(map, "aliases", k));
}

const struct indicator *load_indicator_ref(struct loader *l, const struct yaml_node *at,
					   const char *code)
{
	const struct catalogue *c = l->c;
	const struct indicator *i = catalogue_indicator(c, slice_str(code));
	struct slice key;
	const struct name *named;
	struct nearest m;
	struct err e;

	if (i)
		return i;
	named = NULL;
	if (name_key(slice_str(code), &l->scratch, &key, &e) == 0)
		named = names_get(&c->indicator_names, key);
	else if (e.code == ERR_MEMORY)
		l->no_memory = true;
	if (named) {
		yaml_complain(at, l->d, "'%s' is a name; indicators are referred to by code: '%s'",
			      code, c->indicators[named->owner].code);
		return NULL;
	}
	nearest_init(&m, slice_str(code));
	for (size_t k = 0; k < c->nindicators; k++)
		nearest_offer(&m, slice_str(c->indicators[k].code), c->indicators[k].code);
	yaml_complain(at, l->d, "no indicator has the code '%s'%s%s%s", code,
		      m.text ? ", did you mean '" : "", m.text ? m.text : "", m.text ? "'?" : "");
	return NULL;
}

void load_indicators(struct loader *l)
{
	struct catalogue *c = l->c;
	struct edit_row *edits = arena_array(&l->scratch, l->indicators.n + 1, sizeof(*edits));

	c->indicators = load_array(l, l->indicators.n, sizeof(*c->indicators));
	if (!edits)
		l->no_memory = true;
	if (!c->indicators || !l->rules || !edits)
		return;
	c->nindicators = l->indicators.n;
	for (size_t i = 0; i < c->nindicators; i++) {
		c->indicators[i].index = (unsigned)i;
		read_indicator(l, l->indicators.list[i], &c->indicators[i], &edits[i]);
	}
	for (size_t i = 0; i < c->nindicators; i++)
		add_names(l, l->indicators.list[i], &c->indicators[i]);
	for (size_t i = 0; i < c->nindicators; i++)
		load_relations(l, l->indicators.list[i], &edits[i], &c->indicators[i]);
}
