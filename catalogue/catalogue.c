/*
 * catalogue.c - holding a catalogue and looking things up in it.
 *
 * What is asked for by people's names goes by keys (names.c). A unit's name may
 * have been borne by two units one after the other, then the date decides. An
 * indicator's name comes with its measure in brackets as often as not
 * ("固定资产投资(万元)"): the whole text is tried first, since some names end in
 * brackets of their own, then what stands before them.
 *
 * catalogue_load.c makes the catalogue; after that nothing changes but `refs`.
 */
#include "catalogue/private.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>

struct catalogue *catalogue_ref(struct catalogue *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void catalogue_unref(struct catalogue *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	map_release(&c->unit_by_id);
	map_release(&c->indicator_by_code);
	names_release(&c->unit_names);
	names_release(&c->indicator_names);
	workdays_free(c->workdays);
	zone_close(c->zone);
	arena_release(&c->arena);
	mem_free(c);
}

uint64_t catalogue_version(const struct catalogue *c)
{
	return c->version;
}

const struct zone *catalogue_zone(const struct catalogue *c)
{
	return c->zone;
}

const struct workdays *catalogue_workdays(const struct catalogue *c)
{
	return c->workdays;
}

struct work_hours catalogue_hours(const struct catalogue *c)
{
	return c->hours;
}

/* --- units ----------------------------------------------------------------------- */

static const char *const class_names[UNIT_CLASSES] = {
	[UNIT_PARK] = "park",
	[UNIT_PRO_PARK] = "pro_park",
	[UNIT_COUNTY] = "county",
	[UNIT_ZONE] = "zone",
	[UNIT_DEPARTMENT] = "department",
	[UNIT_CITY] = "city",
	[UNIT_CONFERENCE] = "conference",
	[UNIT_PROJECT] = "project",
};

const char *unit_class_name(enum unit_class class)
{
	return (unsigned)class < UNIT_CLASSES ? class_names[class] : "unit";
}

bool validity_holds(struct validity v, struct date on)
{
	return (!v.from.year || date_cmp(v.from, on) <= 0) &&
	       (!v.to.year || date_cmp(on, v.to) <= 0);
}

size_t catalogue_units(const struct catalogue *c)
{
	return c->nunits;
}

const struct unit *catalogue_unit_at(const struct catalogue *c, size_t i)
{
	return i < c->nunits ? &c->units[i] : NULL;
}

const struct unit *catalogue_unit(const struct catalogue *c, struct slice id)
{
	return map_get(&c->unit_by_id, id);
}

/* The last entry that has begun; before the first one nothing. */
static const char *dated_on(const struct dated_text *list, size_t n, struct date on)
{
	const char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		if (list[i].from.year && date_cmp(on, list[i].from) < 0)
			break;
		text = list[i].text;
	}
	return text;
}

const char *unit_name(const struct unit *u, struct date on)
{
	const char *text = dated_on(u->names, u->nnames, on);

	/* Before its first name a unit is called by it all the same. */
	return text ? text : u->nnames ? u->names[0].text : u->id;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

const char *unit_county(const struct unit *u, struct date on)
{
	return or_empty(dated_on(u->counties, u->ncounties, on));
}

const char *unit_type(const struct unit *u, struct date on)
{
	return or_empty(dated_on(u->types, u->ntypes, on));
}

const char *unit_league(const struct unit *u, struct date on)
{
	return or_empty(dated_on(u->leagues, u->nleagues, on));
}

/* --- finding a unit -------------------------------------------------------------- */

/* What the names under one key come to, for one class. */
struct found {
	const struct unit *any, *other;       /* two different units of the class */
	const struct unit *bears, *bears_too; /* those that bear it on the day */
	const struct unit *elsewhere;         /* of another class */
};

static void found_one(const struct unit **first, const struct unit **second, const struct unit *u)
{
	if (!*first)
		*first = u;
	else if (*first != u && !*second)
		*second = u;
}

static void weigh_names(const struct catalogue *c, const struct name *n, enum unit_class class,
			struct date on, struct found *f)
{
	for (; n; n = n->next) {
		const struct unit *u = &c->units[n->owner];

		if (class != UNIT_CLASSES && u->class != class) {
			f->elsewhere = u;
			continue;
		}
		found_one(&f->any, &f->other, u);
		if (validity_holds(n->when, on))
			found_one(&f->bears, &f->bears_too, u);
	}
}

static const struct unit *found_result(const struct found *f, struct slice text,
				       enum unit_class class, struct date on, struct err *e)
{
	char day[DATE_TEXT], shown[TEXT_SHOWN];

	text_shown(text, shown);
	if (f->any && !f->other)
		return f->any;
	if (f->bears && !f->bears_too)
		return f->bears;
	if (f->bears)
		err_set(e, ERR_INVALID,
			"%s is both %s and %s, and on %s the name of both: use an id", shown,
			f->bears->id, f->bears_too->id, date_print(on, day));
	else if (f->any)
		err_set(e, ERR_INVALID,
			"%s was both %s and %s, and on %s the name of neither: use an id", shown,
			f->any->id, f->other->id, date_print(on, day));
	else
		err_set(e, ERR_NOT_FOUND, "%s is the %s %s, not a %s", shown,
			unit_class_name(f->elsewhere->class), f->elsewhere->id,
			unit_class_name(class));
	return NULL;
}

/* The nearest name is one edit distance for each name of the catalogue. */
enum how { PLAINLY, WITH_NEAREST };

static void not_called(const struct names *t, const char *what, struct slice text, struct slice key,
		       enum how how, struct err *e)
{
	const char *near = how == WITH_NEAREST ? names_nearest(t, key) : NULL;
	char shown[TEXT_SHOWN];

	err_set(e, ERR_NOT_FOUND, "no %s is called %s%s%s%s", what, text_shown(text, shown),
		near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const struct unit *find_unit(const struct catalogue *c, struct slice text,
				    enum unit_class class, struct date on, enum how how,
				    struct err *e)
{
	const struct unit *u;
	struct found f = { 0 };
	struct arena scratch;
	struct slice key;

	text = text_trim(text);
	if (text.n == 0 || text.n > NAME_MAX_BYTES) {
		err_set(e, ERR_NOT_FOUND, "a name of %zu bytes is not that of a unit", text.n);
		return NULL;
	}
	u = catalogue_unit(c, text);
	if (u && (class == UNIT_CLASSES || u->class == class))
		return u;
	arena_init(&scratch, 1 << 20);
	u = NULL;
	if (name_key(text, &scratch, &key, e) == 0) {
		weigh_names(c, names_get(&c->unit_names, key), class, on, &f);
		if (f.any || f.elsewhere)
			u = found_result(&f, text, class, on, e);
		else
			not_called(&c->unit_names, "unit", text, key, how, e);
	}
	arena_release(&scratch);
	return u;
}

const struct unit *catalogue_find_unit(const struct catalogue *c, struct slice text,
				       enum unit_class class, struct date on, struct err *e)
{
	return find_unit(c, text, class, on, WITH_NEAREST, e);
}

const struct unit *catalogue_find_unit_plainly(const struct catalogue *c, struct slice text,
					       enum unit_class class, struct date on, struct err *e)
{
	return find_unit(c, text, class, on, PLAINLY, e);
}

/* --- indicators ------------------------------------------------------------------ */

size_t catalogue_indicators(const struct catalogue *c)
{
	return c->nindicators;
}

const struct indicator *catalogue_indicator_at(const struct catalogue *c, size_t i)
{
	return i < c->nindicators ? &c->indicators[i] : NULL;
}

const struct indicator *catalogue_indicator(const struct catalogue *c, struct slice code)
{
	return map_get(&c->indicator_by_code, code);
}

bool indicator_reports(const struct indicator *i, enum unit_class class)
{
	if (i->nclasses == 0)
		return class == UNIT_PARK;
	for (size_t k = 0; k < i->nclasses; k++) {
		if (i->classes[k] == class)
			return true;
	}
	return false;
}

bool indicator_is_rate(const struct indicator *i)
{
	return slice_ends(slice_str(i->code), "_ratio") || strstr(i->code, "_per_") != NULL;
}

/* *i NULL: no indicator is called so. */
static int by_name(const struct catalogue *c, struct slice text, struct arena *scratch,
		   const struct indicator **i, struct err *e)
{
	const struct name *n;
	struct slice key;

	*i = catalogue_indicator(c, text);
	if (*i)
		return 0;
	if (name_key(text, scratch, &key, e) < 0)
		return -1;
	n = names_get(&c->indicator_names, key);
	*i = n ? &c->indicators[n->owner] : NULL;
	return 0;
}

static const char *const openers[] = { "(", "（", "[", "［", "【", "〔", "〈", "<" };
static const char *const closers[] = { ")", "）", "]", "］", "】", "〕", "〉", ">" };
enum { BRACKETS = sizeof(openers) / sizeof(openers[0]) };

/* Splits "name(measure)" at the last bracket; any opener goes with any closer, since
 * people mix the widths. */
static bool split_bracket(struct slice text, struct slice *name, struct slice *inside)
{
	size_t close = 0;

	for (size_t k = 0; k < BRACKETS && !close; k++) {
		if (slice_ends(text, closers[k]))
			close = strlen(closers[k]);
	}
	if (!close)
		return false;
	for (size_t at = text.n - close; at-- > 0;) {
		for (size_t k = 0; k < BRACKETS; k++) {
			struct slice rest = slice_of(text.p + at, text.n - close - at);

			if (!slice_starts(rest, openers[k]))
				continue;
			*name = text_trim(slice_of(text.p, at));
			*inside = text_trim(slice_skip(rest, strlen(openers[k])));
			return name->n > 0 && inside->n > 0;
		}
	}
	return false;
}

/* "单位:万元" and "计量单位：万元" name a measure too. */
static struct slice without_unit_word(struct slice s)
{
	static const char *const words[] = { "计量单位", "单位" };
	static const char *const colons[] = { ":", "：" };

	for (size_t w = 0; w < 2; w++) {
		for (size_t k = 0; k < 2 && slice_starts(s, words[w]); k++) {
			struct slice rest = text_trim(slice_skip(s, strlen(words[w])));

			if (slice_starts(rest, colons[k]))
				return text_trim(slice_skip(rest, strlen(colons[k])));
		}
	}
	return s;
}

static const struct indicator *find_cut(const struct catalogue *c, struct slice text,
					struct slice *measure, struct arena *scratch, enum how how,
					struct err *e)
{
	struct slice name, inside, key;
	const struct indicator *i = NULL;
	char shown[TEXT_SHOWN];
	struct err why;

	if (split_bracket(text, &name, &inside)) {
		if (by_name(c, name, scratch, &i, e) < 0)
			return NULL;
		inside = without_unit_word(inside);
	}
	if (i && measure_find(inside, NULL, NULL, &why) < 0) {
		if (why.code == ERR_MEMORY) {
			err_set(e, ERR_MEMORY, "%s", why.text);
			return NULL;
		}
		/* 固定资产投资(不含农户) is something else than 固定资产投资. */
		err_set(e, ERR_NOT_FOUND,
			"no indicator is called %s: without the brackets it is %s, but what is in "
			"them is no measure",
			text_shown(text, shown), i->code);
		return NULL;
	}
	if (i) {
		*measure = inside;
		return i;
	}
	if (name_key(text, scratch, &key, e) == 0)
		not_called(&c->indicator_names, "indicator", text, key, how, e);
	return NULL;
}

static const struct indicator *find_indicator(const struct catalogue *c, struct slice text,
					      struct slice *measure, enum how how, struct err *e)
{
	const struct indicator *i;
	struct arena scratch;
	struct slice none;

	if (!measure)
		measure = &none;
	*measure = slice_str("");
	text = text_trim(text);
	if (text.n == 0 || text.n > NAME_MAX_BYTES) {
		err_set(e, ERR_NOT_FOUND, "a name of %zu bytes is not that of an indicator",
			text.n);
		return NULL;
	}
	arena_init(&scratch, 1 << 20);
	if (by_name(c, text, &scratch, &i, e) == 0 && !i)
		i = find_cut(c, text, measure, &scratch, how, e);
	arena_release(&scratch);
	return i;
}

const struct indicator *catalogue_find_indicator(const struct catalogue *c, struct slice text,
						 struct slice *measure, struct err *e)
{
	return find_indicator(c, text, measure, WITH_NEAREST, e);
}

const struct indicator *catalogue_find_indicator_plainly(const struct catalogue *c,
							 struct slice text, struct slice *measure,
							 struct err *e)
{
	return find_indicator(c, text, measure, PLAINLY, e);
}

/* --- targets --------------------------------------------------------------------- */

size_t catalogue_targets(const struct catalogue *c)
{
	return c->ntargets;
}

const struct target *catalogue_target_at(const struct catalogue *c, size_t i)
{
	return i < c->ntargets ? &c->targets[i] : NULL;
}

static int target_cmp(const struct target *t, const struct unit *u, const struct indicator *i,
		      int year)
{
	if (t->unit->index != u->index)
		return t->unit->index < u->index ? -1 : 1;
	if (t->indicator->index != i->index)
		return t->indicator->index < i->index ? -1 : 1;
	return t->year < year ? -1 : t->year > year;
}

/* The targets of one unit, indicator and year stand together, the one set first before. */
const struct target *catalogue_target(const struct catalogue *c, const struct unit *u,
				      const struct indicator *i, int year, struct date as_of)
{
	const struct target *best = NULL;
	size_t low = 0, high = c->ntargets;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (target_cmp(&c->targets[mid], u, i, year) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->ntargets && target_cmp(&c->targets[low], u, i, year) == 0; low++) {
		const struct target *t = &c->targets[low];

		if (!t->set_on.year || date_cmp(t->set_on, as_of) <= 0)
			best = t;
	}
	return best;
}

/* --- series ---------------------------------------------------------------------- */

const struct indicator *catalogue_family(const struct catalogue *c, struct slice metric)
{
	for (int k = 0; k < UNIT_CLASSES; k++) {
		const char *class = unit_class_name((enum unit_class)k);
		const struct indicator *i;
		size_t n;

		/* Asked of every plain sample that is new: nearly all differ here. */
		if (!metric.n || metric.p[0] != *class)
			continue;
		n = strlen(class);
		if (!slice_starts(metric, class) || metric.n <= n || metric.p[n] != '_')
			continue;
		i = catalogue_indicator(c, slice_skip(metric, n + 1));
		if (i)
			return i;
	}
	return NULL;
}

struct labels *catalogue_series(const struct unit *u, const struct indicator *i, struct err *e)
{
	const char *class = unit_class_name(u->class);
	char name[LABEL_NAME_MAX_BYTES], freq[2] = { (char)i->freq, '\0' };

	if (snprintf(name, sizeof(name), "%s_%s", class, i->code) >= (int)sizeof(name)) {
		err_set(e, ERR_LIMIT, "the code %.60s... is too long for a metric's name", i->code);
		return NULL;
	}
	return labels_make(e, name, class, u->id, "freq", freq, "basis", i->basis, (char *)NULL);
}
