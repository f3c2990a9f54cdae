/*
 * load_edits.c - what an indicator's figures are held against: other indicators, their own past.
 *
 * Relations go between figures that can be compared: of one frequency, one form and one base
 * unit. They are read when all indicators are known, so that the files' order does not matter.
 */
#include "catalogue/load.h"

#include "base/text.h"

static const struct yaml_choice rules[] = {
	{ "hard", EDIT_HARD }, { "soft", EDIT_SOFT }, { "off", EDIT_OFF }, { NULL, 0 }
};

static const struct yaml_choice reasons[] = { { "classification", BREAK_CLASSIFICATION },
					      { "threshold", BREAK_THRESHOLD },
					      { NULL, 0 } };

/* --- which edits ---------------------------------------------------------------------- */

static void read_rules(struct loader *l, const struct yaml_node *at, struct indicator *i)
{
	static const int defaults[EDITS] = {
		[EDIT_RANGE] = EDIT_HARD,     [EDIT_PART] = EDIT_HARD,
		[EDIT_TOTAL] = EDIT_HARD,     [EDIT_UNIT_SLIP] = EDIT_HARD,
		[EDIT_YTD_FALLS] = EDIT_SOFT, [EDIT_RATIO] = EDIT_SOFT,
		[EDIT_PANEL] = EDIT_SOFT,     [EDIT_GROWTH] = EDIT_SOFT,
	};
	struct yaml_field fields[EDITS + 1] = { 0 };
	int rule[EDITS];

	memcpy(rule, defaults, sizeof(rule));
	for (int k = 0; k < EDITS; k++)
		fields[k] = (struct yaml_field){ edit_name((enum edit)k), YAML_ENUM,
						 (size_t)k * sizeof(int), .choices = rules };
	if (at && at->type != YAML_MAP)
		yaml_complain(at, l->d, "expected {range: hard, panel: off, ...}");
	else if (at)
		yaml_fill(at, fields, rule, &l->scratch, l->d);
	for (int k = 0; k < EDITS; k++)
		i->edits[k] = (uint8_t)rule[k];
}

/* --- breaks ----------------------------------------------------------------------------- */

struct break_row {
	const char *from;
	int reason;
	double factor;
};

static const struct yaml_field break_fields[] = {
	{ "from", YAML_STRING, offsetof(struct break_row, from), .required = true,
	  .help = "first period of the new kind: 2018-01" },
	{ "reason", YAML_ENUM, offsetof(struct break_row, reason), .required = true,
	  .choices = reasons },
	{ "factor", YAML_NUMBER, offsetof(struct break_row, factor), .min = 1e-9, .max = 1e9,
	  .help = "new figure over old one" },
	{ NULL },
};

/* The day from which the new kind holds; false with a complaint. */
static bool break_day(struct loader *l, const struct yaml_node *at, const char *text,
		      const struct series_break *before, struct date *day)
{
	char a[DATE_TEXT], b[DATE_TEXT];
	struct period p;
	struct err e;

	if (period_parse(slice_str(text), &p, &e) < 0) {
		yaml_complain(at, l->d, "%s", e.text);
		return false;
	}
	*day = period_first_day(p);
	if (!before || date_cmp(*day, before->from) > 0)
		return true;
	yaml_complain(at, l->d, "%s is not after %s of the entry before; oldest first",
		      date_print(*day, a), date_print(before->from, b));
	return false;
}

static void read_breaks(struct loader *l, const struct yaml_node *list, struct indicator *i)
{
	struct series_break *out;

	if (!list)
		return;
	if (list->type != YAML_LIST) {
		yaml_complain(list, l->d, "expected a list of {from: 2018-01, reason: threshold}");
		return;
	}
	out = load_array(l, list->n, sizeof(*out));
	i->breaks = out;
	for (const struct yaml_node *at = list->child; out && at; at = at->next) {
		struct break_row row = { 0 };
		struct series_break *b = &out[i->nbreaks];

		if (at->type != YAML_MAP)
			yaml_complain(at, l->d, "expected {from: 2018-01, reason: threshold}");
		else if (yaml_fill(at, break_fields, &row, &l->scratch, l->d) == 0 &&
			 break_day(l, load_at(at, "from"), row.from, i->nbreaks ? b - 1 : NULL,
				   &b->from)) {
			b->reason = (enum break_reason)row.reason;
			b->factor = row.factor;
			i->nbreaks++;
		}
	}
}

void load_edits(struct loader *l, const struct yaml_node *map, const struct edit_row *row,
		struct indicator *i)
{
	read_rules(l, row->edits, i);
	read_breaks(l, row->breaks, i);
	i->level_change = row->level_change;
	if (row->level_change && i->form != FORM_LEVEL)
		yaml_complain(load_at(map, "level_change"), l->d,
			      "'level_change' is for the form 'level'; other figures have seasons");
}

/* --- relations -------------------------------------------------------------------------- */

static const char *form_name(const struct indicator *i)
{
	static const char *const names[] = { [FORM_PERIOD] = "period",
					     [FORM_YTD] = "ytd",
					     [FORM_LEVEL] = "level",
					     [FORM_GROWTH] = "growth" };

	return names[i->form];
}

/* Whether figures of the two can be added and compared; else says why not. */
static bool comparable(struct loader *l, const struct yaml_node *at, const struct indicator *i,
		       const struct indicator *other)
{
	const char *mine = measure_suffix(i->code), *theirs = measure_suffix(other->code);

	if (i == other)
		yaml_complain(at, l->d, "'%s' cannot refer to itself", i->code);
	else if (i->freq != other->freq)
		yaml_complain(at, l->d, "'%s' is for freq %c, '%s' for %c", other->code,
			      (char)other->freq, i->code, (char)i->freq);
	else if (i->form != other->form || i->form == FORM_GROWTH)
		yaml_complain(at, l->d, "'%s' has the form '%s', '%s' '%s'; that cannot be added",
			      other->code, form_name(other), i->code, form_name(i));
	else if (strcmp(mine ? mine : "", theirs ? theirs : "") != 0)
		yaml_complain(at, l->d, "'%s' is in another unit than '%s'", other->code, i->code);
	else
		return true;
	return false;
}

static void mark(struct loader *l, const struct indicator *other)
{
	l->c->indicators[other->index].referred = true;
}

static void read_part_of(struct loader *l, const struct yaml_node *at, const char *code,
			 struct indicator *i)
{
	const struct indicator *whole = load_indicator_ref(l, at, code);

	if (!whole || !comparable(l, at, i, whole))
		return;
	for (const struct indicator *w = whole; w; w = w->part_of) {
		if (w != i)
			continue;
		yaml_complain(at, l->d, "'%s' is itself a part of '%s'", whole->code, i->code);
		return;
	}
	i->part_of = whole;
	mark(l, whole);
}

static void read_sum_of(struct loader *l, const struct yaml_node *map,
			const struct yaml_strings *codes, struct indicator *i)
{
	const struct indicator **list = load_array(l, codes->n, sizeof(*list));

	i->sum_of = list;
	for (size_t k = 0; list && k < codes->n; k++) {
		const struct yaml_node *at = load_item(map, "sum_of", k);
		const struct indicator *part = load_indicator_ref(l, at, codes->list[k]);
		bool twice = false;

		if (!part || !comparable(l, at, i, part))
			continue;
		for (size_t j = 0; j < i->nsum_of; j++)
			twice = twice || list[j] == part;
		if (twice)
			yaml_complain(at, l->d, "'%s' stands here twice", part->code);
		else
			mark(l, list[i->nsum_of++] = part);
	}
	if (codes->n == 1)
		yaml_complain(load_at(map, "sum_of"), l->d,
			      "a sum has two parts or more; for a single one there is 'part_of'");
}

static void read_growth_of(struct loader *l, const struct yaml_node *at, const char *code,
			   struct indicator *i)
{
	const struct indicator *level = load_indicator_ref(l, at, code);

	if (!level)
		return;
	if (i->form != FORM_GROWTH)
		yaml_complain(at, l->d, "'growth_of' is for the form 'growth'");
	else if (level->form == FORM_GROWTH)
		yaml_complain(at, l->d, "'%s' is a growth rate itself", level->code);
	else if (level->freq != i->freq)
		yaml_complain(at, l->d, "'%s' is for freq %c, '%s' for %c", level->code,
			      (char)level->freq, i->code, (char)i->freq);
	else if (strcmp(i->basis, "ytd") == 0 && level->form != FORM_YTD)
		yaml_complain(at, l->d, "'%s' is growth since New Year, but '%s' has the form '%s'",
			      i->code, level->code, form_name(level));
	else
		mark(l, i->growth_of = level);
}

void load_relations(struct loader *l, const struct yaml_node *map, const struct edit_row *row,
		    struct indicator *i)
{
	if (row->part_of)
		read_part_of(l, load_at(map, "part_of"), row->part_of, i);
	if (row->sum_of.n)
		read_sum_of(l, map, &row->sum_of, i);
	if (row->growth_of)
		read_growth_of(l, load_at(map, "growth_of"), row->growth_of, i);
}
