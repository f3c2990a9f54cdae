/*
 * load_targets.c - the yearly targets of a catalogue.
 *
 * A target belongs to a level or a flow. Growth has no attainment of its own
 * ("12 % of 10 % reached" means nothing), so its target is set on the level it
 * is the growth of.
 */
#include "catalogue/load.h"

#include "base/text.h"

#include <stdlib.h>

struct target_row {
	const char *unit, *indicator;
	int64_t year;
	const struct yaml_node *value, *split;
	bool linear;
	struct date set_on;
};

static const struct yaml_field target_fields[] = {
	{ "unit", YAML_STRING, offsetof(struct target_row, unit), .required = true },
	{ "indicator", YAML_STRING, offsetof(struct target_row, indicator), .required = true },
	{ "year", YAML_INT, offsetof(struct target_row, year), .required = true,
	  .min = DATE_YEAR_MIN, .max = DATE_YEAR_MAX },
	{ "value", YAML_NODE, offsetof(struct target_row, value), .required = true,
	  .help = "of the whole year, in the indicator's measure" },
	{ "split", YAML_NODE, offsetof(struct target_row, split),
	  .help = "12 values, cumulative to the end of each month" },
	{ "linear", YAML_BOOL, offsetof(struct target_row, linear), .help = "m/12 by month m" },
	{ "set_on", YAML_DATE, offsetof(struct target_row, set_on),
	  .help = "a later one replaces it from then on" },
	{ NULL },
};

/* The level a growth rate belongs to, as far as the codes tell: a code that begins alike. */
static const struct indicator *level_of(const struct catalogue *c, const struct indicator *growth)
{
	size_t n = strlen(growth->code);

	if (!slice_ends(slice_str(growth->code), "_growth_ratio"))
		return NULL;
	n -= strlen("growth_ratio");
	for (size_t i = 0; i < c->nindicators; i++) {
		const char *code = c->indicators[i].code;

		if (c->indicators[i].form != FORM_GROWTH && strncmp(code, growth->code, n) == 0)
			return &c->indicators[i];
	}
	return NULL;
}

static void check_growth(struct loader *l, const struct yaml_node *map, const struct indicator *i)
{
	const struct indicator *level;

	if (i->form != FORM_GROWTH)
		return;
	level = level_of(l->c, i);
	yaml_complain(load_at(map, "indicator"), l->d,
		      "'%s' is a growth rate and cannot have a target; set it on the level%s%s%s",
		      i->code, level ? ", '" : "", level ? level->code : "", level ? "'" : "");
}

static void check_unit(struct loader *l, const struct yaml_node *map, const struct unit *u,
		       const struct indicator *i, int year)
{
	struct validity v = { { year, 1, 1 }, { year, 12, 31 } };

	if (u->class != UNIT_CLASSES && !indicator_reports(i, u->class))
		yaml_complain(load_at(map, "unit"), l->d,
			      "'%s' is a %s, and '%s' is not reported by those (reported_by)",
			      u->id, unit_class_name(u->class), i->code);
	if (year && !validity_meets(v, u->valid))
		yaml_complain(load_at(map, "year"), l->d, "'%s' does not exist in %d", u->id, year);
	if (year && !validity_meets(v, i->valid))
		yaml_complain(load_at(map, "year"), l->d, "'%s' does not exist in %d", i->code,
			      year);
}

/* --- the split ------------------------------------------------------------------- */

static bool read_split_values(struct loader *l, const struct yaml_node *list, struct target *t)
{
	/* What is added up from parts that cannot be negative cannot fall. */
	bool rises = (t->indicator->form == FORM_YTD || t->indicator->form == FORM_PERIOD) &&
		     t->indicator->has_min && t->indicator->min >= 0;
	size_t i = 0;

	for (const struct yaml_node *at = list->child; at; at = at->next, i++) {
		if (!load_amount(l, at, t->indicator->scale, &t->split[i]))
			return false;
		if (rises && i > 0 && t->split[i] < t->split[i - 1])
			yaml_complain(at, l->d,
				      "%.*s is less than the value before; a split is cumulative",
				      SLICE_FMT(at->text));
	}
	return true;
}

static void read_split(struct loader *l, const struct yaml_node *list, struct target *t)
{
	const struct yaml_node *last;

	if (t->linear)
		yaml_complain(list, l->d, "both 'split' and 'linear': leave one out");
	if (list->type != YAML_LIST || list->n != 12) {
		yaml_complain(list, l->d,
			      "expected 12 values, cumulative to the end of each month, not %zu",
			      list->type == YAML_LIST ? list->n : (size_t)1);
		return;
	}
	t->has_split = read_split_values(l, list, t);
	last = list->child;
	while (last->next)
		last = last->next;
	if (t->has_split && t->split[11] != t->value)
		yaml_complain(last, l->d, "the split ends at %.*s, not at the year's value",
			      SLICE_FMT(last->text));
}

/* --- one target ------------------------------------------------------------------- */

/* Whether this unit, indicator, year and day have a target already; notes the node if not. */
static bool is_repeated(struct loader *l, struct map *seen, const struct yaml_node *map,
			const struct target *t)
{
	char day[DATE_TEXT] = "";
	const struct yaml_node *first;
	struct err e = { 0 };
	char *key;

	key = arena_printf(&l->scratch, "%s %s %d %s", t->unit->id, t->indicator->code, t->year,
			   t->set_on.year ? date_print(t->set_on, day) : "");
	if (!key) {
		l->no_memory = true;
		return false;
	}
	first = map_get(seen, slice_str(key));
	if (first) {
		yaml_complain(map, l->d,
			      "'%s' has a target for '%s' in %d already (%s); 'set_on' would "
			      "say which replaces which",
			      t->unit->id, t->indicator->code, t->year,
			      load_place(l, map, first->file, first->line));
		return true;
	}
	if (map_put(seen, slice_str(key), (void *)map, &e) < 0)
		l->no_memory = true;
	return false;
}

static bool read_target(struct loader *l, const struct yaml_node *map, struct map *seen,
			struct target *t)
{
	struct target_row row = { 0 };
	const struct unit *u;
	const struct indicator *i;

	yaml_fill(map, target_fields, &row, &l->scratch, l->d);
	u = row.unit ? load_unit_ref(l, load_at(map, "unit"), row.unit) : NULL;
	i = row.indicator ? load_indicator_ref(l, load_at(map, "indicator"), row.indicator) : NULL;
	if (i)
		check_growth(l, map, i);
	if (u && i)
		check_unit(l, map, u, i, (int)row.year);
	if (!u || !i || !row.year || !row.value)
		return false;
	*t = (struct target){
		.unit = u,
		.indicator = i,
		.year = (int)row.year,
		.linear = row.linear,
		.set_on = row.set_on,
		.file = load_keep_file(l, map->file),
		.line = map->line,
	};
	if (is_repeated(l, seen, map, t) || !load_amount(l, row.value, i->scale, &t->value))
		return false;
	if (row.split)
		read_split(l, row.split, t);
	return true;
}

static int target_order(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit->index < y->unit->index ? -1 : 1;
	if (x->indicator != y->indicator)
		return x->indicator->index < y->indicator->index ? -1 : 1;
	if (x->year != y->year)
		return x->year < y->year ? -1 : 1;
	return date_cmp(x->set_on, y->set_on);
}

void load_targets(struct loader *l)
{
	struct catalogue *c = l->c;
	struct map seen;

	c->targets = load_array(l, l->targets.n, sizeof(*c->targets));
	if (!c->targets)
		return;
	map_init(&seen);
	for (size_t i = 0; i < l->targets.n; i++) {
		if (read_target(l, l->targets.list[i], &seen, &c->targets[c->ntargets]))
			c->ntargets++;
	}
	map_release(&seen);
	if (c->ntargets)
		qsort(c->targets, c->ntargets, sizeof(*c->targets), target_order);
}
