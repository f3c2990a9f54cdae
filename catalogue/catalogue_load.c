/*
 * catalogue_load.c - from YAML files to a catalogue.
 *
 * All files are parsed first and their sections laid end to end, so that a unit
 * in one file may refer to a county in another. Then come the sections in the
 * order of what they need: units, release rules, indicators, targets; holidays
 * and profiles stand for themselves. At the end the complaints are put in the
 * order of files and lines, since they were found section by section.
 */
#include "catalogue/load.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>

enum { CATALOGUE_MAX_BYTES = 512 << 20, SCRATCH_MAX_BYTES = 1 << 30 };

const struct yaml_choice load_freqs[] = {
	{ "M", FREQ_MONTH }, { "Q", FREQ_QUARTER }, { "S", FREQ_HALF },
	{ "A", FREQ_YEAR },  { "D", FREQ_DAY },     { NULL, 0 },
};

/* --- shared helpers -------------------------------------------------------------- */

const char *load_keep(struct loader *l, const char *text)
{
	const char *kept;

	if (!text)
		return NULL;
	kept = arena_strdup(&l->c->arena, text);
	if (!kept)
		l->no_memory = true;
	return kept ? kept : "";
}

void *load_array(struct loader *l, size_t n, size_t size)
{
	void *p = arena_array(&l->c->arena, n ? n : 1, size);

	if (!p)
		l->no_memory = true;
	return p;
}

const char *const *load_keep_all(struct loader *l, const struct yaml_strings *s, size_t *n)
{
	const char **list;

	*n = 0;
	if (s->n == 0)
		return NULL;
	list = load_array(l, s->n, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		list[i] = load_keep(l, s->list[i]);
	*n = s->n;
	return list;
}

const char *load_keep_file(struct loader *l, const char *file)
{
	if (!l->file || strcmp(l->file, file) != 0)
		l->file = load_keep(l, file);
	return l->file;
}

const struct yaml_node *load_at(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *at = yaml_get(map, key);

	return at ? at : map;
}

const struct yaml_node *load_item(const struct yaml_node *map, const char *key, size_t i)
{
	const struct yaml_node *at = load_at(map, key), *item;

	if (at == map || at->type != YAML_LIST)
		return at;
	for (item = at->child; item && i > 0; i--)
		item = item->next;
	return item ? item : at;
}

const char *load_place(struct loader *l, const struct yaml_node *at, const char *file,
		       unsigned line)
{
	const char *text = strcmp(at->file, file) == 0
				   ? arena_printf(&l->scratch, "line %u", line)
				   : arena_printf(&l->scratch, "%s:%u", file, line);

	return text ? text : file;
}

void load_check_validity(struct loader *l, const struct yaml_node *map, struct validity v)
{
	char from[DATE_TEXT], to[DATE_TEXT];

	if (v.from.year && v.to.year && date_cmp(v.to, v.from) < 0)
		yaml_complain(load_at(map, "to"), l->d, "'to' %s is before 'from' %s",
			      date_print(v.to, to), date_print(v.from, from));
}

bool load_amount(struct loader *l, const struct yaml_node *at, struct num_scale s, double *v)
{
	struct err e = { 0 };

	if (at->type != YAML_SCALAR) {
		yaml_complain(at, l->d, "expected a number");
		return false;
	}
	if (num_parse_scaled(text_trim(at->text), s, v, &e) < 0) {
		yaml_complain(at, l->d, "%s", e.text);
		return false;
	}
	return true;
}

/* --- sections -------------------------------------------------------------------- */

struct sections {
	const struct yaml_node *units, *indicators, *releases, *targets, *holidays, *profiles;
};

static const struct yaml_field section_fields[] = {
	{ "units", YAML_NODE, offsetof(struct sections, units),
	  .help = "parks, counties, zones, departments, the city" },
	{ "indicators", YAML_NODE, offsetof(struct sections, indicators),
	  .help = "what is reported" },
	{ "releases", YAML_NODE, offsetof(struct sections, releases), .help = "when it is due" },
	{ "targets", YAML_NODE, offsetof(struct sections, targets),
	  .help = "what a year should bring" },
	{ "holidays", YAML_NODE, offsetof(struct sections, holidays),
	  .help = "days off and worked weekends" },
	{ "profiles", YAML_NODE, offsetof(struct sections, profiles), .help = "seasonal profiles" },
	{ NULL },
};

static void add_rows(struct loader *l, struct rows *r, const struct yaml_node *list,
		     const char *what)
{
	const struct yaml_node **grown;

	if (!list || (list->type == YAML_SCALAR && list->text.n == 0 && !list->quoted))
		return;
	if (list->type != YAML_LIST) {
		yaml_complain(list, l->d, "expected a list, each entry %s", what);
		return;
	}
	for (const struct yaml_node *item = list->child; item; item = item->next) {
		if (item->type != YAML_MAP) {
			yaml_complain(item, l->d, "expected %s: a map of keys and values", what);
			continue;
		}
		grown = arena_grow(&l->scratch, r->list, r->n, &r->cap, r->n + 1,
				   sizeof(struct yaml_node *));
		if (!grown) {
			l->no_memory = true;
			return;
		}
		r->list = grown;
		r->list[r->n++] = item;
	}
}

/* What was read, as a number: keys and values in their order, not comments or layout. */
static uint64_t hash_tree(const struct yaml_node *node, uint64_t seed)
{
	for (; node; node = node->next) {
		unsigned char kind = (unsigned char)node->type;

		if (node->key)
			seed = hash_seeded(node->key->text.p, node->key->text.n, seed);
		seed = hash_seeded(&kind, 1, seed);
		if (node->type == YAML_SCALAR)
			seed = hash_seeded(node->text.p, node->text.n, seed);
		else
			seed = hash_tree(node->child, seed);
	}
	return seed;
}

static void read_file(struct loader *l, const char *path)
{
	struct yaml_node *root = yaml_load(path, &l->scratch, l->d);
	struct sections s = { 0 };

	if (!root)
		return;
	if (root->type != YAML_MAP) {
		yaml_complain(root, l->d,
			      "expected a map with 'units', 'indicators', 'releases', 'targets', "
			      "'holidays' or 'profiles'");
		return;
	}
	yaml_fill(root, section_fields, &s, &l->scratch, l->d);
	l->c->version = hash_tree(root->child, l->c->version);
	add_rows(l, &l->units, s.units, "a unit");
	add_rows(l, &l->indicators, s.indicators, "an indicator");
	add_rows(l, &l->releases, s.releases, "a release rule");
	add_rows(l, &l->targets, s.targets, "a target");
	add_rows(l, &l->holidays, s.holidays, "a year's holidays");
	add_rows(l, &l->profiles, s.profiles, "a profile");
}

static void read_files(struct loader *l, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (strcmp(paths[k], paths[i]) != 0)
			k++;
		if (k < i)
			diag_add(l->d, paths[i], 0, 0, "this file is listed twice");
		else
			read_file(l, paths[i]);
	}
}

/* --- the order of complaints ------------------------------------------------------- */

struct paths {
	const char *const *list;
	size_t n;
};

static size_t place_of(const struct paths *p, const char *file)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->list[i], file) != 0)
		i++;
	return i;
}

static int diag_cmp(const void *a, const void *b, void *paths)
{
	const struct diag *x = a, *y = b;
	size_t i = place_of(paths, x->file), j = place_of(paths, y->file);

	if (i != j)
		return i < j ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* --- the whole ------------------------------------------------------------------- */

static struct catalogue *catalogue_new(const struct catalogue_options *o)
{
	struct catalogue *c = mem_zalloc(sizeof(*c));

	if (!c) {
		zone_close(o->zone);
		return NULL;
	}
	atomic_init(&c->refs, 1);
	arena_init(&c->arena, CATALOGUE_MAX_BYTES);
	map_init(&c->unit_by_id);
	map_init(&c->indicator_by_code);
	names_init(&c->unit_names, &c->arena);
	names_init(&c->indicator_names, &c->arena);
	c->zone = o->zone;
	c->hours = o->hours;
	if (c->hours.end_minute <= c->hours.start_minute)
		c->hours = (struct work_hours){ 9 * 60, 17 * 60 };
	c->workdays = workdays_new();
	if (!c->workdays) {
		catalogue_unref(c);
		return NULL;
	}
	return c;
}

/* Time zone and office hours decide when something is late, so they are part of the version. */
static void start_version(struct catalogue *c)
{
	const char *zone = zone_name(c->zone);
	int hours[2] = { c->hours.start_minute, c->hours.end_minute };

	c->version = hash_seeded(hours, sizeof(hours), hash_bytes(zone, strlen(zone)));
}

struct catalogue *catalogue_load(const char *const *paths, size_t n,
				 const struct catalogue_options *o, struct diags *d)
{
	struct paths order = { paths, n };
	size_t before = d->n, missed = d->left_out;
	struct loader l = { .c = catalogue_new(o), .d = d };

	if (!l.c) {
		diag_add(d, "", 0, 0, "no memory for a catalogue");
		return NULL;
	}
	arena_init(&l.scratch, SCRATCH_MAX_BYTES);
	start_version(l.c);
	read_files(&l, paths, n);
	load_units(&l);
	load_releases(&l);
	load_indicators(&l);
	load_targets(&l);
	load_holidays(&l);
	load_profiles(&l);
	if (l.no_memory)
		diag_add(d, n ? paths[0] : "", 0, 0, "no memory for the catalogue");
	arena_release(&l.scratch);
	if (d->n == before && d->left_out == missed)
		return l.c;
	qsort_r(d->list + before, d->n - before, sizeof(*d->list), diag_cmp, &order);
	catalogue_unref(l.c);
	return NULL;
}
