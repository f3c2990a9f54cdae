/*
 * sdmx_json_structure.c - see sdmx_json_structure.h.
 */
#include "collectors/formats/sdmx_json_structure.h"
#include "collectors/cells.h"

#include <stdlib.h>

static const struct json_node *member(const struct json_node *n, const char *key)
{
	return json_member(n, slice_str(key));
}

static struct slice text_of(const struct json_node *n)
{
	return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) ? n->text : slice_str("");
}

struct slice sj_localised(const struct json_node *object, const char *language)
{
	struct sdmx_name names[16];
	size_t n = 0;

	if (!object || object->type != JSON_OBJECT)
		return slice_str("");
	for (const struct json_node *m = object->child; m && n < 16; m = m->next) {
		if (m->type != JSON_STRING)
			continue;
		names[n] = (struct sdmx_name){ .language = m->key, .text = m->text };
		if (n > 0)
			names[n - 1].next = &names[n];
		n++;
	}
	return sdmx_name_in(n ? names : NULL, language);
}

static struct slice name_of(const struct json_node *n, const char *language)
{
	struct slice name = sj_localised(member(n, "names"), language);

	return name.n ? name : text_of(member(n, "name"));
}

/* --- components -------------------------------------------------------------------------- */

/* { "id": …, "name": … }, { "value": … }, before 1.0 a name alone, or the value itself. */
static struct sj_value value_of(const struct json_node *n, const char *language)
{
	const struct json_node *value = member(n, "value");
	struct sj_value v = { text_of(member(n, "id")), slice_str("") };

	if (n->type != JSON_OBJECT)
		v.code = text_of(n);
	else if (v.code.n)
		v.name = name_of(n, language);
	else if (value)
		v.code =
			value->type == JSON_OBJECT ? sj_localised(value, language) : text_of(value);
	else
		v.code = name_of(n, language);
	v.code = cell_trim(v.code);
	v.name = cell_trim(v.name);
	if (slice_eq(v.code, v.name))
		v.name = slice_str("");
	return v;
}

static int read_component(const struct json_node *n, const char *language, struct arena *a,
			  struct sj_component *c, struct err *e)
{
	const struct json_node *values = member(n, "values"), *position = member(n, "keyPosition"),
			       *fallback = member(n, "default");

	c->id = text_of(member(n, "id"));
	if (c->id.n == 0)
		return err_set(e, ERR_INVALID, "line %u, column %u: a component has no id", n->line,
			       n->column);
	c->position = -1;
	if (position && position->type == JSON_NUMBER)
		c->position = strtol(position->text.p, NULL, 10);
	if (fallback)
		c->fallback = fallback->type == JSON_OBJECT ? sj_localised(fallback, language)
							    : text_of(fallback);
	if (!values || values->type != JSON_ARRAY || values->n == 0)
		return 0;
	c->values = arena_array(a, values->n, sizeof(*c->values));
	if (!c->values)
		return err_set(e, ERR_LIMIT, "no room for the message's structure");
	for (const struct json_node *v = values->child; v; v = v->next) {
		c->values[c->n] = value_of(v, language);
		c->named |= c->values[c->n++].name.n > 0;
	}
	return 0;
}

static int read_list(const struct json_node *n, const char *language, struct arena *a,
		     struct sj_list *l, struct err *e)
{
	if (!n || n->type != JSON_ARRAY || n->n == 0)
		return 0;
	if (n->n > SDMX_COLUMNS_MAX)
		return err_set(e, ERR_LIMIT, "line %u, column %u: more than %d components", n->line,
			       n->column, SDMX_COLUMNS_MAX);
	l->c = arena_array(a, n->n, sizeof(*l->c));
	if (!l->c)
		return err_set(e, ERR_LIMIT, "no room for the message's structure");
	for (n = n->child; n; n = n->next)
		if (read_component(n, language, a, &l->c[l->n++], e) < 0)
			return -1;
	return 0;
}

/* Before 1.0 there were addresses only, as SDMX's web services form them:
 * …/dataflow/AGENCY/ID/VERSION. */
static struct slice name_of_address(struct slice href, struct slice rel, struct arena *a)
{
	const char *at = rel.n ? memmem(href.p, href.n, rel.p, rel.n) : NULL;
	struct slice part[3] = { { 0 } };
	char *name;

	if (!at)
		return slice_str("");
	href = slice_skip(href, (size_t)(at - href.p) + rel.n);
	for (size_t i = 0; i < 3; i++) {
		const char *slash;

		if (href.n == 0 || *href.p != '/')
			return slice_str("");
		href = slice_skip(href, 1);
		slash = href.n ? memchr(href.p, '/', href.n) : NULL;
		part[i] = slice_of(href.p, slash ? (size_t)(slash - href.p) : href.n);
		href = slice_skip(href, part[i].n);
	}
	name = arena_printf(a, "%.*s:%.*s(%.*s)", SLICE_FMT(part[0]), SLICE_FMT(part[1]),
			    SLICE_FMT(part[2]));
	return slice_str(name);
}

/* That of the data flow or data structure among the links. */
static struct slice structure_name(const struct json_node *n, struct arena *a)
{
	const struct json_node *links = member(n, "links");

	if (links && links->type == JSON_ARRAY)
		for (const struct json_node *l = links->child; l; l = l->next) {
			struct slice urn = text_of(member(l, "urn")),
				     rel = text_of(member(l, "rel"));
			struct slice name = name_of_address(text_of(member(l, "href")), rel, a);

			if (slice_is(rel, "self"))
				continue;
			if (urn.n || name.n)
				return urn.n ? sdmx_urn_object(urn) : name;
		}
	return slice_str("");
}

int sj_structure_read(const struct json_node *n, const char *language, struct arena *a,
		      struct sj_structure *out, struct err *e)
{
	static const char *const levels[SJ_LEVELS] = { "dataSet", "series", "observation",
						       "dimensionGroup" };
	const struct json_node *dimensions = member(n, "dimensions");
	const struct json_node *attributes = member(n, "attributes");

	*out = (struct sj_structure){ .name = structure_name(n, a) };
	if (!dimensions)
		return err_set(e, ERR_INVALID,
			       "line %u, column %u: the structure has no dimensions", n->line,
			       n->column);
	for (int i = 0; i < SJ_LEVELS; i++)
		if (read_list(member(dimensions, levels[i]), language, a, &out->dimensions[i], e) <
			    0 ||
		    read_list(member(attributes, levels[i]), language, a, &out->attributes[i], e) <
			    0)
			return -1;
	return read_list(member(member(n, "measures"), "observation"), language, a, &out->measures,
			 e);
}

/* --- columns -------------------------------------------------------------------------------- */

static int by_position(const void *a, const void *b)
{
	const struct sj_component *x = *(struct sj_component *const *)a,
				  *y = *(struct sj_component *const *)b;
	/* Those without a position, the time as a rule, come last. */
	unsigned long p = (unsigned long)x->position, q = (unsigned long)y->position;

	if (p != q)
		return p < q ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int add_columns(struct sdmx_table *t, struct sj_component **c, size_t n, enum sdmx_role role,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int column = sdmx_table_column(t, c[i]->id, e);

		if (column < 0)
			return err_wrap(e, "the message's structure");
		c[i]->column = (uint16_t)column;
		t->columns[column].named |= c[i]->named;
		t->columns[column].role = role;
	}
	return 0;
}

static size_t gather(struct sj_list *lists, size_t nlists, struct sj_component **out)
{
	size_t n = 0;

	for (size_t l = 0; l < nlists; l++)
		for (size_t i = 0; i < lists[l].n; i++)
			out[n++] = &lists[l].c[i];
	return n;
}

int sj_structure_columns(struct sj_structure *s, struct sdmx_table *t, struct err *e)
{
	struct sj_component **all =
		arena_array(t->arena, SJ_LEVELS * SDMX_COLUMNS_MAX, sizeof(*all));
	size_t n;

	if (!all)
		return err_set(e, ERR_LIMIT, "no room for the message's structure");
	n = gather(s->dimensions, SJ_LEVELS, all);
	qsort(all, n, sizeof(*all), by_position);
	if (add_columns(t, all, n, SDMX_DIMENSION, e) < 0)
		return -1;
	n = gather(&s->measures, 1, all);
	if (add_columns(t, all, n, SDMX_MEASURE, e) < 0)
		return -1;
	if (s->measures.n == 0 && sdmx_table_column(t, slice_str("OBS_VALUE"), e) < 0)
		return -1;
	n = gather(s->attributes, SJ_LEVELS, all);
	return add_columns(t, all, n, SDMX_ATTRIBUTE, e);
}
