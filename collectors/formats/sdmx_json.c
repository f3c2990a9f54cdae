/*
 * sdmx_json.c - SDMX-JSON data messages: 2.x, 1.0, and the layout of 2014 before it.
 *
 * From the field guides of the data message (sdmx-twg/sdmx-json, data-message/docs, tags v1.0,
 * v2.0.0, v2.1.0). The structure is small and read as a tree; the data sets are scanned
 * (base/json_scan.h). Members may come in any order and what comes first often needs what comes
 * later, so parts are passed over and scanned again from the state the scan had there.
 */
#include "base/json_scan.h"
#include "collectors/cells.h"
#include "collectors/formats/sdmx_json_groups.h"

#include <stdio.h>

enum { STRUCTURES_MAX = 64 };

/* A value to come back to: the scan right behind its first token. */
struct found {
	struct json_scan at;
	enum json_token token;
	bool there;
	const char *from, *to;
	uint32_t line, column;
};

struct reader {
	struct sdmx_table *table;
	struct arena *arena;
	struct err *e;
	const char *language;
	struct found structure, sets, errors;
	bool has_structures; /* members of a structure message */
	struct sj_structure *structures;
	size_t nstructures;
	/* of the data set */
	struct sj_structure *now;
	struct sj_groups groups;
	bool groups_by_position; /* slots for all dimensions, those of the data set too */
	struct sj_key series, obs;
	struct sdmx_value *base; /* columns of the series */
	size_t value_column;     /* OBS_VALUE, where the message names no measures */
};

static int no_room(struct reader *r)
{
	return err_set(r->e, ERR_LIMIT,
		       "the message needs more than the allowed %zu bytes of memory",
		       r->arena->limit);
}

/* The first token of a value has just been read: remembers it and passes over. */
static int remember(struct json_scan *s, enum json_token token, struct found *f)
{
	if (f->there)
		return json_scan_fail(s, "this member is given twice");
	f->there = true;
	f->token = token;
	f->from = s->token;
	json_scan_place(s, &f->line, &f->column);
	f->at = *s;
	if (token == JSON_TOKEN_ERROR || json_scan_skip(s) < 0)
		return -1;
	f->to = s->p;
	return 0;
}

/* Each member of the object whose first token was read: 1 with its key in s->text and the first
 * token of its value still to come; 0 at the end. */
static int next_member(struct json_scan *s)
{
	enum json_token t = json_scan_next(s);

	return t == JSON_TOKEN_KEY ? 1 : t == JSON_TOKEN_OBJECT_END ? 0 : -1;
}

/* --- values -------------------------------------------------------------------------------- */

static int value_of(struct reader *r, struct json_scan *s, enum json_token t,
		    const struct sj_component *c, struct sj_value *out);

static void join(struct buf *b, struct slice text)
{
	if (b->n && text.n)
		buf_put(b, "; ", 2);
	buf_slice(b, text);
}

/* "; " between several. 1: one of them was no good. */
static int join_values(struct reader *r, struct json_scan *s, const struct sj_component *c,
		       struct buf *texts, struct buf *names)
{
	enum json_token t;
	int bad = 0;

	while ((t = json_scan_next(s)) != JSON_TOKEN_ARRAY_END) {
		struct sj_value v;
		int rc;

		if (t == JSON_TOKEN_ARRAY)
			return json_scan_fail(s, "a list inside a list of values");
		rc = value_of(r, s, t, c, &v);
		if (rc < 0)
			return -1;
		bad |= rc;
		join(texts, v.code);
		join(names, v.name);
	}
	return bad;
}

static int array_value(struct reader *r, struct json_scan *s, const struct sj_component *c,
		       struct sj_value *out)
{
	struct buf texts, names;
	int rc;

	buf_init(&texts, SDMX_TEXT_MAX);
	buf_init(&names, SDMX_TEXT_MAX);
	rc = join_values(r, s, c, &texts, &names);
	if (rc >= 0 && (buf_check(&texts, r->e) < 0 || buf_check(&names, r->e) < 0))
		rc = err_wrap(r->e, "a list of values");
	if (rc >= 0) {
		out->code = arena_slice(r->arena, buf_all(&texts));
		out->name = arena_slice(r->arena, buf_all(&names));
		if (!out->code.p || !out->name.p)
			rc = no_room(r);
	}
	buf_release(&texts);
	buf_release(&names);
	return rc;
}

/* { "en": …, "fr": … } */
static int localised_value(struct reader *r, struct json_scan *s, struct sj_value *out)
{
	struct sdmx_name names[16];
	size_t n = 0;
	int more;

	while ((more = next_member(s)) > 0) {
		struct slice language = json_scan_text(s, r->arena);
		enum json_token t = json_scan_next(s);

		if (t == JSON_TOKEN_ERROR || json_scan_skip(s) < 0)
			return -1;
		if (t != JSON_TOKEN_STRING || n == 16)
			continue;
		names[n] = (struct sdmx_name){ .language = language,
					       .text = json_scan_text(s, r->arena) };
		if (!names[n].text.p || !language.p)
			return no_room(r);
		if (n > 0)
			names[n - 1].next = &names[n];
		n++;
	}
	*out = (struct sj_value){ sdmx_name_in(n ? names : NULL, r->language), slice_str("") };
	return more;
}

static bool index_of(struct slice number, size_t n, size_t *out)
{
	size_t v = 0;

	if (number.n > 9)
		return false;
	for (size_t i = 0; i < number.n; i++) {
		if (number.p[i] < '0' || number.p[i] > '9')
			return false;
		v = v * 10 + (size_t)(number.p[i] - '0');
	}
	*out = v;
	return v < n;
}

static bool complain_index(struct reader *r, struct json_scan *s, const struct sj_component *c)
{
	char shown[TEXT_SHOWN];
	uint32_t line, column;

	json_scan_place(s, &line, &column);
	sdmx_complain(r->table, REFUSED_LAYOUT, line, column,
		      "%.*s has %zu values, none of them has the index %s", SLICE_FMT(c->id), c->n,
		      text_shown(s->text, shown));
	return false;
}

/* What the value that begins with `t` says of the component. 0; 1: an index that does not exist,
 * which was complained about; -1. */
static int value_of(struct reader *r, struct json_scan *s, enum json_token t,
		    const struct sj_component *c, struct sj_value *out)
{
	size_t i;

	*out = (struct sj_value){ slice_str(""), slice_str("") };
	switch (t) {
	case JSON_TOKEN_NUMBER:
		if (!c || c->n == 0) {
			out->code = s->text;
			return 0;
		}
		if (!index_of(s->text, c->n, &i)) {
			complain_index(r, s, c);
			return 1;
		}
		*out = c->values[i];
		return 0;
	case JSON_TOKEN_STRING:
		out->code = json_scan_text(s, r->arena);
		if (!out->code.p)
			return no_room(r);
		out->code = cell_trim(out->code);
		return 0;
	case JSON_TOKEN_NULL:
		if (c && c->fallback.p)
			out->code = c->fallback;
		return 0;
	case JSON_TOKEN_TRUE:
	case JSON_TOKEN_FALSE:
		out->code = slice_str(t == JSON_TOKEN_TRUE ? "true" : "false");
		return 0;
	case JSON_TOKEN_ARRAY:
		return array_value(r, s, c, out);
	case JSON_TOKEN_OBJECT:
		return localised_value(r, s, out);
	default:
		return -1;
	}
}

static void put(struct reader *r, const struct sj_component *c, struct sj_value v)
{
	sdmx_table_put(r->table, c->column, v.code, 0, 0);
	r->table->values[c->column].name = v.name;
}

/* What the index of a key says of a dimension; false: there is no such index. */
static bool put_index(struct reader *r, const struct sj_component *c, int32_t index)
{
	if ((size_t)index >= c->n)
		return false;
	put(r, c, c->values[index]);
	return true;
}

/* Values of an "attributes" array into the columns of `list`. Those of a data set are put twice
 * where it has series and observations of its own. */
static int put_attributes(struct reader *r, const struct found *f, const struct sj_list *list)
{
	struct json_scan s = f->at;
	enum json_token t;

	if (!f->there || f->token != JSON_TOKEN_ARRAY)
		return 0;
	for (size_t i = 0; (t = json_scan_next(&s)) != JSON_TOKEN_ARRAY_END; i++) {
		struct sj_value v;
		int rc = value_of(r, &s, t, i < list->n ? &list->c[i] : NULL, &v);

		if (rc < 0)
			return -1;
		if (rc == 0 && i < list->n && v.code.n)
			put(r, &list->c[i], v);
	}
	return 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

static int group_values(struct reader *r, struct json_scan *s, struct sj_group_value **out)
{
	const struct sj_list *list = &r->now->attributes[SJ_GROUP];
	enum json_token t = json_scan_next(s);

	*out = NULL;
	if (t != JSON_TOKEN_ARRAY)
		return t == JSON_TOKEN_ERROR ? -1 : json_scan_skip(s);
	for (size_t i = 0; (t = json_scan_next(s)) != JSON_TOKEN_ARRAY_END; i++) {
		struct sj_group_value *g;
		struct sj_value v;
		int rc = value_of(r, s, t, i < list->n ? &list->c[i] : NULL, &v);

		if (rc < 0)
			return -1;
		if (rc > 0 || i >= list->n || v.code.n == 0)
			continue;
		g = arena_new(r->arena, struct sj_group_value);
		if (!g)
			return no_room(r);
		*g = (struct sj_group_value){ *out, v.code, v.name, list->c[i].column };
		*out = g;
	}
	return 0;
}

static int read_groups(struct reader *r, struct found *f)
{
	const struct sj_list *d = r->now->dimensions;
	size_t below = d[SJ_SERIES].n + d[SJ_OBS].n, all = below + d[SJ_SET].n;
	int more = 0;

	r->groups_by_position = false;
	if (!f->there || f->token != JSON_TOKEN_OBJECT)
		return 0;
	while ((more = next_member(&f->at)) > 0) {
		struct sj_group_value *values;
		struct sj_key key;
		bool good = sj_key_read(f->at.text, true, &key) && (key.n == below || key.n == all);
		uint32_t line, column;

		json_scan_place(&f->at, &line, &column);
		if (group_values(r, &f->at, &values) < 0)
			return -1;
		if (!good) {
			sdmx_complain(r->table, REFUSED_LAYOUT, line, column,
				      "the key of a group does not have a slot for each of %zu "
				      "dimensions; its attributes are left out",
				      all);
			continue;
		}
		r->groups_by_position = key.n != below;
		if (values && sj_groups_add(&r->groups, &key, values, r->arena, r->e) < 0)
			return -1;
	}
	return more;
}

/* The indices of all dimensions as groups count them. */
static void fill_groups(struct reader *r)
{
	const struct sj_list *d = r->now->dimensions;
	const struct sj_key *from[] = { [SJ_SERIES] = &r->series, [SJ_OBS] = &r->obs };
	struct sj_key key;

	key.n = 0;
	if (r->groups_by_position)
		memset(key.at, 0, sizeof(key.at));
	for (int level = SJ_SERIES; level <= SJ_OBS; level++)
		for (size_t i = 0; i < d[level].n; i++) {
			long at = r->groups_by_position ? d[level].c[i].position : (long)key.n;

			key.n++;
			if (at >= 0 && at < SDMX_COLUMNS_MAX)
				key.at[at] = from[level]->at[i];
		}
	sj_groups_fill(&r->groups, &key, r->table);
}

/* --- observations --------------------------------------------------------------------------- */

/* A key into the columns of its dimensions; complains when it is none. */
static bool put_key(struct reader *r, struct json_scan *s, enum sj_level level, struct sj_key *key)
{
	const struct sj_list *d = &r->now->dimensions[level];
	bool good = d->n == 0 ? true : sj_key_read(s->text, false, key) && key->n == d->n;
	char shown[TEXT_SHOWN];
	uint32_t line, column;

	for (size_t i = 0; good && i < d->n; i++)
		good = put_index(r, &d->c[i], key->at[i]);
	if (good)
		return true;
	json_scan_place(s, &line, &column);
	sdmx_complain(r->table, REFUSED_LAYOUT, line, column,
		      "the key %s does not say a value of each of %zu dimensions; it is left out",
		      text_shown(s->text, shown), d->n);
	return false;
}

static const struct sj_component *component_at(const struct reader *r, size_t i)
{
	size_t measures = r->now->measures.n;

	if (i < measures)
		return &r->now->measures.c[i];
	i -= measures ? measures : 1;
	return i < r->now->attributes[SJ_OBS].n ? &r->now->attributes[SJ_OBS].c[i] : NULL;
}

/* The measures, then the attributes. 1: one of them cannot be; -1. */
static int put_observation(struct reader *r, struct json_scan *s)
{
	bool one_measure = r->now->measures.n == 0;
	enum json_token t;
	int bad = 0;

	for (size_t i = 0; (t = json_scan_next(s)) != JSON_TOKEN_ARRAY_END; i++) {
		bool value = one_measure && i == 0;
		const struct sj_component *c = value ? NULL : component_at(r, i);
		uint32_t line = 0, column = 0;
		struct sj_value v;
		int rc;

		if (value || i < r->now->measures.n)
			json_scan_place(s, &line, &column);
		rc = value_of(r, s, t, c, &v);
		if (rc < 0)
			return -1;
		bad |= rc;
		if (value) {
			sdmx_table_put(r->table, r->value_column, v.code, line, column);
		} else if (c && rc == 0 && (v.code.n || line)) {
			put(r, c, v);
			r->table->values[c->column].line = line;
			r->table->values[c->column].column = column;
		}
	}
	return bad;
}

/* Attributes that are not said have their default. */
static void put_fallbacks(struct reader *r)
{
	for (int level = 0; level < SJ_LEVELS; level++)
		for (size_t i = 0; i < r->now->attributes[level].n; i++) {
			const struct sj_component *c = &r->now->attributes[level].c[i];

			if (c->fallback.p && !r->table->values[c->column].text.p)
				put(r, c, (struct sj_value){ c->fallback, slice_str("") });
		}
}

static int read_observation(struct reader *r, struct json_scan *s)
{
	struct sdmx_table *t = r->table;
	uint32_t line, column;
	bool good;
	int rc;

	memcpy(t->values, r->base, t->n * sizeof(*t->values));
	json_scan_place(s, &line, &column);
	good = put_key(r, s, SJ_OBS, &r->obs);
	if (json_scan_next(s) != JSON_TOKEN_ARRAY)
		return json_scan_fail(s, "an observation is not an array");
	if (!good)
		return json_scan_skip(s);
	rc = put_observation(r, s);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (r->groups.n)
		fill_groups(r);
	put_fallbacks(r);
	return sdmx_table_row(t, line, column, r->e);
}

static int read_observations(struct reader *r, struct found *f)
{
	struct json_scan *s = &f->at;
	struct arena_mark mark = arena_mark(r->arena);
	int more;

	if (!f->there)
		return 0;
	if (f->token != JSON_TOKEN_OBJECT)
		return json_scan_fail(s, "\"observations\" is not an object");
	memcpy(r->base, r->table->values, r->table->n * sizeof(*r->base));
	while ((more = next_member(s)) > 0) {
		if (read_observation(r, s) < 0)
			return -1;
		arena_reset(r->arena, mark);
	}
	return more;
}

static int read_series(struct reader *r, struct json_scan *s)
{
	struct found attributes = { .there = false }, observations = { .there = false };
	bool good = put_key(r, s, SJ_SERIES, &r->series);
	int more;

	if (json_scan_next(s) != JSON_TOKEN_OBJECT)
		return json_scan_fail(s, "a series is not an object");
	if (!good)
		return json_scan_skip(s);
	while ((more = next_member(s)) > 0) {
		struct slice key = s->text;
		enum json_token t = json_scan_next(s);
		struct found *f = slice_is(key, "attributes")     ? &attributes
				  : slice_is(key, "observations") ? &observations
								  : NULL;

		if (f ? remember(s, t, f) < 0 : t == JSON_TOKEN_ERROR || json_scan_skip(s) < 0)
			return -1;
	}
	if (more < 0 || put_attributes(r, &attributes, &r->now->attributes[SJ_SERIES]) < 0)
		return -1;
	return read_observations(r, &observations);
}

static int read_all_series(struct reader *r, struct found *f)
{
	struct json_scan *s = &f->at;
	size_t bytes = r->table->n * sizeof(*r->base);
	struct sdmx_value *above = arena_array(r->arena, SDMX_COLUMNS_MAX, sizeof(*above));
	struct arena_mark mark = arena_mark(r->arena);
	int more;

	if (!f->there)
		return 0;
	if (!above)
		return no_room(r);
	if (f->token != JSON_TOKEN_OBJECT)
		return json_scan_fail(s, "\"series\" is not an object");
	memcpy(above, r->table->values, bytes);
	while ((more = next_member(s)) > 0) {
		memcpy(r->table->values, above, bytes);
		if (read_series(r, s) < 0)
			return -1;
		arena_reset(r->arena, mark);
	}
	return more;
}

/* --- data sets -------------------------------------------------------------------------------- */

struct set {
	struct slice action;
	size_t structure;
	struct found series, observations, attributes, groups;
	uint32_t line, column;
};

static int read_set_members(struct reader *r, struct json_scan *s, struct set *set)
{
	static const struct {
		const char *key;
		size_t at;
	} parts[] = {
		{ "series", offsetof(struct set, series) },
		{ "observations", offsetof(struct set, observations) },
		{ "attributes", offsetof(struct set, attributes) },
		{ "dimensionGroupAttributes", offsetof(struct set, groups) },
	};
	int more;

	json_scan_place(s, &set->line, &set->column);
	while ((more = next_member(s)) > 0) {
		struct slice key = s->text;
		enum json_token t = json_scan_next(s);
		struct found *f = NULL;

		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (slice_is(key, parts[i].key))
				f = (struct found *)((char *)set + parts[i].at);
		if (f && t != JSON_TOKEN_NULL ? remember(s, t, f) < 0
					      : t == JSON_TOKEN_ERROR || json_scan_skip(s) < 0)
			return -1;
		if (slice_is(key, "action") && t == JSON_TOKEN_STRING)
			set->action = json_scan_text(s, r->arena);
		if (slice_is(key, "structure") && t == JSON_TOKEN_NUMBER &&
		    !index_of(s->text, r->nstructures, &set->structure))
			return json_scan_fail(s, "the message has no structure of this index");
	}
	return more;
}

/* What holds for all observations: dimensions with one value, attributes. A message may leave out
 * the array of attributes when there is one value of each. */
static int put_set(struct reader *r, struct set *set)
{
	const struct sj_list *d = &r->now->dimensions[SJ_SET], *a = &r->now->attributes[SJ_SET];

	sdmx_table_clear(r->table);
	for (size_t i = 0; i < d->n; i++)
		if (!put_index(r, &d->c[i], 0))
			return err_set(r->e, ERR_INVALID,
				       "line %u, column %u: dimension %.*s of the data set has no "
				       "value",
				       set->line, set->column,
				       SLICE_FMT(slice_cut(d->c[i].id, SDMX_ID_MAX)));
	for (size_t i = 0; !set->attributes.there && i < a->n; i++)
		if (a->c[i].n == 1)
			put_index(r, &a->c[i], 0);
	return put_attributes(r, &set->attributes, a);
}

static int open_set(struct reader *r, struct set *set)
{
	struct sdmx_table *t = r->table;
	int value = 0;

	r->now = &r->structures[set->structure];
	sdmx_table_start(t, r->now->name);
	if (sj_structure_columns(r->now, t, r->e) < 0 || sdmx_table_complete(t, r->e) < 0)
		return -1;
	if (r->now->measures.n == 0)
		value = sdmx_table_column(t, slice_str("OBS_VALUE"), r->e);
	if (value < 0)
		return -1;
	r->value_column = (size_t)value;
	return sdmx_table_open(t, r->now->name, set->line, set->column, r->e);
}

static int read_set(struct reader *r, struct json_scan *s)
{
	struct set *set = arena_new(r->arena, struct set);
	int rc;

	if (!set)
		return no_room(r);
	set->action = slice_str("");
	if (read_set_members(r, s, set) < 0)
		return -1;
	if (!set->action.p)
		return no_room(r);
	if (sdmx_set_refused(r->table, set->action, set->line, set->column))
		return 0;
	if (r->nstructures == 0)
		return err_set(r->e, ERR_INVALID,
			       "line %u, column %u: the message has no structure", set->line,
			       set->column);
	if (open_set(r, set) < 0 || put_set(r, set) < 0)
		return -1;
	rc = read_groups(r, &set->groups);
	if (rc == 0)
		rc = read_all_series(r, &set->series);
	if (rc == 0 && set->observations.there) {
		rc = set->series.there ? put_set(r, set) : 0;
		if (rc == 0)
			rc = read_observations(r, &set->observations);
	}
	sj_groups_release(&r->groups);
	return rc;
}

static int read_sets(struct reader *r)
{
	struct json_scan *s = &r->sets.at;
	enum json_token t;

	if (r->sets.token != JSON_TOKEN_ARRAY)
		return json_scan_fail(s, "\"dataSets\" is not an array");
	while ((t = json_scan_next(s)) == JSON_TOKEN_OBJECT)
		if (read_set(r, s) < 0)
			return -1;
	if (t == JSON_TOKEN_ERROR)
		return -1;
	return t == JSON_TOKEN_ARRAY_END ? 0 : json_scan_fail(s, "a data set is not an object");
}

/* --- the message -------------------------------------------------------------------- */

static int read_structures(struct reader *r)
{
	const struct json_node *n;
	bool many;

	if (!r->structure.there)
		return 0;
	n = json_parse(slice_of(r->structure.from, (size_t)(r->structure.to - r->structure.from)),
		       r->arena, r->e);
	if (!n)
		return err_wrap(r->e, "the structure that begins in line %u, column %u",
				r->structure.line, r->structure.column);
	many = n->type == JSON_ARRAY;
	if (many && n->n > STRUCTURES_MAX)
		return err_set(r->e, ERR_LIMIT, "more than %d structures", STRUCTURES_MAX);
	r->structures = arena_array(r->arena, many ? n->n + 1 : 1, sizeof(*r->structures));
	if (!r->structures)
		return no_room(r);
	for (n = many ? n->child : n; n; n = many ? n->next : NULL)
		if (sj_structure_read(n, r->language, r->arena, &r->structures[r->nstructures++],
				      r->e) < 0)
			return err_wrap(r->e, "the structure that begins in line %u, column %u",
					r->structure.line, r->structure.column);
	return 0;
}

static bool of_structure_message(struct slice key)
{
	static const char *const parts[] = { "dataStructures", "codelists", "conceptSchemes",
					     "dataflows", "agencySchemes" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (slice_is(key, parts[i]))
			return true;
	return false;
}

static int read_members(struct reader *r, struct json_scan *s, bool inner)
{
	int more;

	while ((more = next_member(s)) > 0) {
		struct slice key = s->text;
		enum json_token t = json_scan_next(s);
		struct found *f = NULL;

		if (slice_is(key, "structure") || slice_is(key, "structures"))
			f = &r->structure;
		else if (slice_is(key, "dataSets"))
			f = &r->sets;
		else if (slice_is(key, "errors") && t == JSON_TOKEN_ARRAY)
			f = &r->errors;
		r->has_structures |= of_structure_message(key);
		if (!inner && slice_is(key, "data") && t == JSON_TOKEN_OBJECT) {
			if (read_members(r, s, true) < 0)
				return -1;
		} else if (f ? remember(s, t, f) < 0
			     : t == JSON_TOKEN_ERROR || json_scan_skip(s) < 0) {
			return -1;
		}
	}
	return more;
}

/* "errors": [ { "code": 150, "title": … } ], before 1.0 a list of texts. */
static int error_said(struct reader *r)
{
	struct json_node *n =
		json_parse(slice_of(r->errors.from, (size_t)(r->errors.to - r->errors.from)),
			   r->arena, r->e);
	const struct json_node *code, *title, *detail;
	char shown[160];

	if (!n)
		return -1;
	n = n->child;
	code = json_member(n, slice_str("code"));
	title = json_member(n, slice_str("title"));
	detail = json_member(n, slice_str("detail"));
	if (!title || title->type != JSON_STRING)
		title = detail && detail->type == JSON_STRING ? detail : n;
	snprintf(shown, sizeof(shown), "%.*s",
		 SLICE_FMT(slice_cut(title->text, sizeof(shown) - 1)));
	if (code && code->type == JSON_NUMBER)
		return err_set(r->e, ERR_INVALID, "no figures%s (message %.*s): %s",
			       slice_is(code->text, "413") ? ", the answer comes later" : "",
			       SLICE_FMT(slice_cut(code->text, 16)), shown);
	return err_set(r->e, ERR_INVALID, "no figures: %s", shown);
}

static int read_message(struct reader *r, struct slice body)
{
	struct json_scan s;

	if (json_scan_init(&s, body, r->e) < 0)
		return -1;
	if (json_scan_next(&s) != JSON_TOKEN_OBJECT)
		return json_scan_fail(&s, "the message is not an object");
	if (read_members(r, &s, false) < 0 || json_scan_next(&s) != JSON_TOKEN_END)
		return -1;
	if (!r->sets.there && r->errors.there && r->errors.to - r->errors.from > 2)
		return error_said(r);
	if (!r->sets.there)
		return err_set(r->e, ERR_INVALID,
			       r->has_structures ? "the message holds structures and no figures"
						 : "the message holds no \"dataSets\"");
	if (read_structures(r) < 0)
		return -1;
	return read_sets(r);
}

int sdmx_json_read(struct slice body, struct sdmx_table *t, struct err *e)
{
	struct reader *r = arena_new(t->arena, struct reader);
	int rc;

	if (r)
		r->base = arena_array(t->arena, SDMX_COLUMNS_MAX, sizeof(*r->base));
	if (!r || !r->base)
		return err_set(e, ERR_LIMIT, "no room to read the message");
	r->table = t;
	r->arena = t->arena;
	r->e = e;
	r->language = t->options->language;
	rc = read_message(r, body);
	sj_groups_release(&r->groups);
	return rc;
}
