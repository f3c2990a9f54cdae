/*
 * load_units.c - the units of a catalogue.
 *
 * First every unit is read and indexed by id, then names are laid out with the
 * days on which they held (two units of one class may not bear one name on one
 * day), then what refers to another unit is resolved: county, succeeds.
 */
#include "catalogue/load.h"

#include "base/text.h"

#include <stdio.h>

enum { ID_MAX_BYTES = 64 };

struct unit_row {
	const char *id, *name, *county, *type, *league;
	const struct yaml_node *names, *counties, *types, *leagues;
	struct yaml_strings aliases, succeeds;
	int class;
	struct date from, to;
};

static const struct yaml_choice classes[] = {
	{ "park", UNIT_PARK },
	{ "pro_park", UNIT_PRO_PARK },
	{ "county", UNIT_COUNTY },
	{ "zone", UNIT_ZONE },
	{ "department", UNIT_DEPARTMENT },
	{ "city", UNIT_CITY },
	{ "conference", UNIT_CONFERENCE },
	{ "project", UNIT_PROJECT },
	{ NULL, 0 },
};

static const struct yaml_field unit_fields[] = {
	{ "id", YAML_STRING, offsetof(struct unit_row, id), .required = true,
	  .help = "never changes; a-z, 0-9, - and _" },
	{ "class", YAML_ENUM, offsetof(struct unit_row, class), .required = true,
	  .choices = classes },
	{ "name", YAML_STRING, offsetof(struct unit_row, name) },
	{ "names", YAML_NODE, offsetof(struct unit_row, names),
	  .help = "[{text, from}], oldest first" },
	{ "aliases", YAML_STRINGS, offsetof(struct unit_row, aliases) },
	{ "county", YAML_STRING, offsetof(struct unit_row, county),
	  .help = "id of a county or zone" },
	{ "counties", YAML_NODE, offsetof(struct unit_row, counties) },
	{ "type", YAML_STRING, offsetof(struct unit_row, type) },
	{ "types", YAML_NODE, offsetof(struct unit_row, types) },
	{ "league", YAML_STRING, offsetof(struct unit_row, league),
	  .help = "whom it is ranked with" },
	{ "leagues", YAML_NODE, offsetof(struct unit_row, leagues) },
	{ "from", YAML_DATE, offsetof(struct unit_row, from), .help = "first day it exists" },
	{ "to", YAML_DATE, offsetof(struct unit_row, to), .help = "last day it exists" },
	{ "succeeds", YAML_STRINGS, offsetof(struct unit_row, succeeds),
	  .help = "ids of units that became part of this one" },
	{ NULL },
};

enum unit_class load_class(const char *name)
{
	for (const struct yaml_choice *c = classes; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return (enum unit_class)c->value;
	}
	return UNIT_CLASSES;
}

/* --- dated texts ----------------------------------------------------------------- */

/* Where one dated text may be given as "name: x" or "names: [{text, from}]". */
struct dated_keys {
	const char *one, *many;
};

static const struct dated_keys name_keys = { "name", "names" };
static const struct dated_keys county_keys = { "county", "counties" };
static const struct dated_keys type_keys = { "type", "types" };
static const struct dated_keys league_keys = { "league", "leagues" };

struct dated_row {
	const char *text;
	struct date from;
};

static const struct yaml_field dated_fields[] = {
	{ "text", YAML_STRING, offsetof(struct dated_row, text), .required = true },
	{ "from", YAML_DATE, offsetof(struct dated_row, from) },
	{ NULL },
};

/* The node of the i-th text, as a place for complaints. */
static const struct yaml_node *dated_at(const struct yaml_node *map, struct dated_keys keys,
					size_t i)
{
	const struct yaml_node *item;

	if (yaml_get(map, keys.one))
		return yaml_get(map, keys.one);
	item = load_item(map, keys.many, i);
	return item->type == YAML_MAP ? load_at(item, "text") : item;
}

static void check_order(struct loader *l, const struct yaml_node *item, struct date last,
			const struct dated_row *row, struct validity valid)
{
	char a[DATE_TEXT], b[DATE_TEXT];

	if (!row->from.year)
		yaml_complain(item, l->d,
			      "needs 'from', the day on which it took the place of the "
			      "entry before it");
	else if (last.year && date_cmp(row->from, last) <= 0)
		yaml_complain(load_at(item, "from"), l->d,
			      "%s is not after %s of the entry before; oldest first",
			      date_print(row->from, a), date_print(last, b));
	if (row->from.year && valid.to.year && date_cmp(row->from, valid.to) > 0)
		yaml_complain(load_at(item, "from"), l->d, "%s is after the unit's last day, %s",
			      date_print(row->from, a), date_print(valid.to, b));
}

static const struct dated_text *read_dated_list(struct loader *l, const struct yaml_node *list,
						struct dated_keys keys, struct validity valid,
						size_t *n)
{
	struct dated_text *out;
	struct date last = { 0 };

	if (list->type != YAML_LIST || list->n == 0) {
		yaml_complain(list, l->d, "'%s' is a list of {text, from}; a single one is '%s'",
			      keys.many, keys.one);
		return NULL;
	}
	out = load_array(l, list->n, sizeof(*out));
	if (!out)
		return NULL;
	for (const struct yaml_node *item = list->child; item; item = item->next) {
		struct dated_row row = { 0 };

		if (item->type != YAML_MAP) {
			yaml_complain(item, l->d, "expected {text: ..., from: 2020-01-01}");
			continue;
		}
		if (yaml_fill(item, dated_fields, &row, &l->scratch, l->d) < 0)
			continue;
		if (*n > 0 || row.from.year)
			check_order(l, item, last, &row, valid);
		last = row.from;
		out[(*n)++] = (struct dated_text){ row.from, load_keep(l, row.text) };
	}
	return out;
}

static const struct dated_text *read_dated(struct loader *l, const struct yaml_node *map,
					   struct dated_keys keys, const char *one,
					   const struct yaml_node *many, struct validity valid,
					   size_t *n)
{
	struct dated_text *out;

	*n = 0;
	if (one && many)
		yaml_complain(many, l->d, "both '%s' and '%s': leave one out", keys.one, keys.many);
	if (many && !one)
		return read_dated_list(l, many, keys, valid, n);
	if (!one)
		return NULL;
	out = load_array(l, 1, sizeof(*out));
	if (!out)
		return NULL;
	if (text_trim(slice_str(one)).n == 0)
		yaml_complain(yaml_get(map, keys.one), l->d, "'%s' is empty", keys.one);
	out->text = load_keep(l, one);
	*n = 1;
	return out;
}

/* --- one unit -------------------------------------------------------------------- */

static bool id_is_good(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= ID_MAX_BYTES && id[n] == '\0';
}

static void index_unit(struct loader *l, const struct yaml_node *map, struct unit *u)
{
	const struct unit *other;
	struct err e = { 0 };
	char shown[TEXT_SHOWN];

	if (!id_is_good(u->id)) {
		yaml_complain(load_at(map, "id"), l->d,
			      "the id %s: 1 to %d of a-z, 0-9, '_' and '-' would be right",
			      text_shown(slice_str(u->id), shown), ID_MAX_BYTES);
		return;
	}
	other = catalogue_unit(l->c, slice_str(u->id));
	if (other && other->class != u->class && u->class != UNIT_CLASSES)
		yaml_complain(load_at(map, "id"), l->d,
			      "'%s' is a %s (%s) and cannot be a %s too: an id is one unit of one "
			      "class",
			      u->id, unit_class_name(other->class),
			      load_place(l, map, other->file, other->line),
			      unit_class_name(u->class));
	else if (other)
		yaml_complain(load_at(map, "id"), l->d, "the id '%s' is taken (%s)", u->id,
			      load_place(l, map, other->file, other->line));
	else if (map_put(&l->c->unit_by_id, slice_str(u->id), u, &e) < 0)
		l->no_memory = true;
}

static void read_unit(struct loader *l, const struct yaml_node *map, struct unit *u)
{
	struct unit_row row = { .class = UNIT_CLASSES };

	yaml_fill(map, unit_fields, &row, &l->scratch, l->d);
	u->id = row.id ? load_keep(l, row.id) : "";
	u->class = (enum unit_class)row.class;
	u->file = load_keep_file(l, map->file);
	u->line = map->line;
	u->valid = (struct validity){ row.from, row.to };
	load_check_validity(l, map, u->valid);
	if (!row.name && !row.names)
		yaml_complain(map, l->d, "needs 'name', or 'names' with dates");
	u->names = read_dated(l, map, name_keys, row.name, row.names, u->valid, &u->nnames);
	u->counties =
		read_dated(l, map, county_keys, row.county, row.counties, u->valid, &u->ncounties);
	u->types = read_dated(l, map, type_keys, row.type, row.types, u->valid, &u->ntypes);
	u->leagues =
		read_dated(l, map, league_keys, row.league, row.leagues, u->valid, &u->nleagues);
	u->aliases = load_keep_all(l, &row.aliases, &u->naliases);
	u->succeeds = load_keep_all(l, &row.succeeds, &u->nsucceeds);
	if (row.id)
		index_unit(l, map, u);
}

/* --- names ----------------------------------------------------------------------- */

static void check_shared_name(struct loader *l, const struct yaml_node *at,
			      const struct name *added)
{
	const struct unit *u = &l->c->units[added->owner], *other;
	const struct name *n = names_get(&l->c->unit_names, added->key);
	char since[DATE_TEXT];
	struct date from;

	for (; n; n = n->next) {
		other = &l->c->units[n->owner];
		if (other == u || other->class != u->class || !validity_meets(n->when, added->when))
			continue;
		from = date_cmp(n->when.from, added->when.from) > 0 ? n->when.from
								    : added->when.from;
		yaml_complain(at, l->d,
			      "'%s' is what the %s '%s' is called too (%s)%s%s; dates or another "
			      "name would tell them apart",
			      added->text, unit_class_name(other->class), other->id,
			      load_place(l, at, n->file, n->line), from.year ? ", both from " : "",
			      from.year ? date_print(from, since) : "");
		return;
	}
}

static void add_name(struct loader *l, const struct unit *u, const char *text, struct validity when,
		     const struct yaml_node *at)
{
	struct name n = {
		.text = text, .owner = u->index, .when = when, .file = u->file, .line = at->line
	};
	const struct name *added;
	struct err e = { 0 };

	if (strlen(text) > NAME_MAX_BYTES) {
		yaml_complain(at, l->d, "a name has at most %d bytes", NAME_MAX_BYTES);
		return;
	}
	added = names_add(&l->c->unit_names, &n, &e);
	if (added)
		check_shared_name(l, at, added);
	else if (e.code == ERR_MEMORY)
		l->no_memory = true;
	else
		yaml_complain(at, l->d, "%s", e.text);
}

static struct date day_before(struct date d)
{
	return date_from_days(date_to_days(d) - 1);
}

/* The i-th name holds until the day before the next one. */
static struct validity name_validity(const struct unit *u, size_t i)
{
	struct validity v = u->valid;

	if (u->names[i].from.year)
		v.from = u->names[i].from;
	if (i + 1 < u->nnames && u->names[i + 1].from.year)
		v.to = day_before(u->names[i + 1].from);
	return v;
}

static void add_names(struct loader *l, const struct yaml_node *map, const struct unit *u)
{
	/* The second unit of one id has had its complaint; its names would bring more. */
	if (catalogue_unit(l->c, slice_str(u->id)) != u)
		return;
	for (size_t i = 0; i < u->nnames; i++)
		add_name(l, u, u->names[i].text, name_validity(u, i), dated_at(map, name_keys, i));
	for (size_t i = 0; i < u->naliases; i++)
		add_name(l, u, u->aliases[i], u->valid, load_item(map, "aliases", i));
	add_name(l, u, u->id, (struct validity){ 0 }, load_at(map, "id"));
}

/* --- references ------------------------------------------------------------------ */

const struct unit *load_unit_ref(struct loader *l, const struct yaml_node *at, const char *id)
{
	const struct catalogue *c = l->c;
	const struct unit *u = catalogue_unit(c, slice_str(id));
	struct slice key;
	const struct name *named;
	struct nearest m;
	struct err e;

	if (u)
		return u;
	named = NULL;
	if (name_key(slice_str(id), &l->scratch, &key, &e) == 0)
		named = names_get(&c->unit_names, key);
	else if (e.code == ERR_MEMORY)
		l->no_memory = true;
	if (named) {
		yaml_complain(at, l->d, "'%s' is a name; units are referred to by id: '%s'", id,
			      c->units[named->owner].id);
		return NULL;
	}
	nearest_init(&m, slice_str(id));
	for (size_t i = 0; i < c->nunits; i++)
		nearest_offer(&m, slice_str(c->units[i].id), c->units[i].id);
	yaml_complain(at, l->d, "no unit has the id '%s'%s%s%s", id,
		      m.text ? ", did you mean '" : "", m.text ? m.text : "", m.text ? "'?" : "");
	return NULL;
}

static void check_counties(struct loader *l, const struct yaml_node *map, const struct unit *u)
{
	for (size_t i = 0; i < u->ncounties; i++) {
		const struct yaml_node *at = dated_at(map, county_keys, i);
		const struct unit *county = load_unit_ref(l, at, u->counties[i].text);

		if (county && county->class != UNIT_COUNTY && county->class != UNIT_ZONE &&
		    county->class != UNIT_CLASSES)
			yaml_complain(at, l->d,
				      "'%s' is a %s, and would have to be a county or zone",
				      county->id, unit_class_name(county->class));
	}
}

static void check_succeeds(struct loader *l, const struct yaml_node *map, const struct unit *u)
{
	for (size_t i = 0; i < u->nsucceeds; i++) {
		const struct yaml_node *at = load_item(map, "succeeds", i);
		const struct unit *old = load_unit_ref(l, at, u->succeeds[i]);

		if (old && old != u && !old->valid.to.year)
			yaml_complain(at, l->d,
				      "'%s' became part of '%s' but has no last day: give it 'to' "
				      "(%s)",
				      old->id, u->id, load_place(l, at, old->file, old->line));
	}
}

/* A unit is settled when all it succeeds are. What never settles lies on a circle or behind one. */
static bool settle_once(const struct catalogue *c, bool *settled)
{
	bool moved = false;

	for (size_t i = 0; i < c->nunits; i++) {
		bool ready = !settled[i];

		for (size_t k = 0; ready && k < c->units[i].nsucceeds; k++) {
			const struct unit *old =
				catalogue_unit(c, slice_str(c->units[i].succeeds[k]));

			ready = !old || settled[old->index];
		}
		if (ready)
			settled[i] = moved = true;
	}
	return moved;
}

static const struct unit *unsettled_before(const struct catalogue *c, const struct unit *u,
					   const bool *settled)
{
	for (size_t k = 0; k < u->nsucceeds; k++) {
		const struct unit *old = catalogue_unit(c, slice_str(u->succeeds[k]));

		if (old && !settled[old->index])
			return old;
	}
	return u;
}

/* Complains about the circle that `u` lies on or behind, and opens it. */
static void complain_circle(struct loader *l, const struct unit *u, bool *settled)
{
	const struct catalogue *c = l->c;
	char text[400];
	size_t used = 0;
	const struct unit *at;

	for (size_t i = 0; i < c->nunits; i++)
		u = unsettled_before(c, u, settled);
	at = u;
	do {
		if (used < sizeof(text) - ID_MAX_BYTES - 16)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "'%s' succeeds ",
						 at->id);
		at = unsettled_before(c, at, settled);
	} while (at != u);
	settled[u->index] = true;
	yaml_complain(load_at(l->units.list[u->index], "succeeds"), l->d,
		      "a unit cannot come after itself: %s'%s'", text, u->id);
}

static void check_circles(struct loader *l)
{
	bool *settled = arena_array(&l->scratch, l->c->nunits + 1, sizeof(*settled));

	if (!settled) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < l->c->nunits; i++) {
		while (settle_once(l->c, settled))
			;
		if (!settled[i])
			complain_circle(l, &l->c->units[i], settled);
	}
}

/* --- all units ------------------------------------------------------------------- */

void load_units(struct loader *l)
{
	struct catalogue *c = l->c;

	c->units = load_array(l, l->units.n, sizeof(*c->units));
	if (!c->units)
		return;
	c->nunits = l->units.n;
	for (size_t i = 0; i < c->nunits; i++) {
		c->units[i].index = (unsigned)i;
		read_unit(l, l->units.list[i], &c->units[i]);
	}
	for (size_t i = 0; i < c->nunits; i++)
		add_names(l, l->units.list[i], &c->units[i]);
	for (size_t i = 0; i < c->nunits; i++) {
		check_counties(l, l->units.list[i], &c->units[i]);
		check_succeeds(l, l->units.list[i], &c->units[i]);
	}
	check_circles(l);
}
