/*
 * jsonstat_cube.c - see jsonstat_cube.h.
 *
 * Whatever is allocated here is not more than the document has room for: a size is
 * believed once the categories are as many.
 */
#include "collectors/formats/jsonstat_cube.h"

#include "base/map.h"

#include <stdlib.h>

enum { NO_STATUS = 0 };

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

/* Digits only; false when it is more than `max`. */
static bool whole_number(struct slice s, uint32_t max, uint32_t *v)
{
	uint64_t n = 0;

	if (s.n == 0 || s.n > 10 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*v = (uint32_t)n;
	return n <= max;
}

/* --- categories ------------------------------------------------------------------------ */

static int wrong_count(const struct dimension *d, const struct json_node *at, size_t n,
		       struct err *e)
{
	char shown[TEXT_SHOWN];

	return cube_fault(at, e, "dimension %s has %zu categories, and a size of %u",
			  text_shown(d->id, shown), n, d->size);
}

/* "index": ["T", "M", "F"] */
static int index_array(struct dimension *d, const struct json_node *index, struct err *e)
{
	char shown[TEXT_SHOWN];
	struct category *c = d->categories;

	if (index->n != d->size)
		return wrong_count(d, index, index->n, e);
	for (const struct json_node *n = index->child; n; n = n->next, c++) {
		if (n->type != JSON_STRING && n->type != JSON_NUMBER)
			return cube_fault(
				n, e, "the index of dimension %s holds something else than codes",
				text_shown(d->id, shown));
		c->code = cube_text(n->text, n);
	}
	return 0;
}

/* "index": {"T": 0, "M": 1, "F": 2} */
static int index_object(struct dimension *d, const struct json_node *index, struct err *e)
{
	char shown[TEXT_SHOWN];
	uint32_t at;

	if (index->n != d->size)
		return wrong_count(d, index, index->n, e);
	for (const struct json_node *n = index->child; n; n = n->next) {
		if (n->type != JSON_NUMBER || !whole_number(n->text, d->size - 1, &at))
			return cube_fault(n, e,
					  "the place of %s in its dimension is not one of 0 to %u",
					  text_shown(n->key, shown), d->size - 1);
		if (d->categories[at].code.line)
			return cube_fault(n, e,
					  "two categories of its dimension have the place of %s",
					  text_shown(n->key, shown));
		d->categories[at].code = cube_text(n->key, n);
	}
	return 0;
}

/* Without an index there is one category, and the label says which. */
static int index_missing(struct dimension *d, const struct json_node *labels, struct err *e)
{
	char shown[TEXT_SHOWN];

	text_shown(d->id, shown);
	if (!labels || labels->n != 1)
		return cube_fault(d->node, e, "dimension %s does not say what its categories are",
				  shown);
	if (d->size != 1)
		return wrong_count(d, d->node, 1, e);
	d->categories[0].code = cube_text(labels->child->key, labels->child);
	return 0;
}

/* Labels or units by code, for when they stand in another order than the categories. */
static int map_labels(struct map *by_code, const struct json_node *labels, struct err *e)
{
	for (struct json_node *n = labels->child; n; n = n->next)
		if (map_put(by_code, cell_trim(n->key), n, e) < 0)
			return -1;
	return 0;
}

/* `n` is NULL when the list has nothing for the category. */
typedef void (*give)(struct dimension *d, struct category *c, const struct json_node *n,
		     const struct json_node *list);

static void give_name(struct dimension *d, struct category *c, const struct json_node *n,
		      const struct json_node *list)
{
	d->named = true;
	c->name = n && n->type == JSON_STRING ? cube_text(n->text, n)
					      : cube_text(slice_of("", 0), list);
}

/* {"base": "元", "multiplier": 4, "decimals": 1}; who says it in words has a label only. */
static void give_unit(struct dimension *d, struct category *c, const struct json_node *n,
		      const struct json_node *list)
{
	static const char *const keys[] = { "base", "label", "symbol" };
	const struct json_node *m = json_member_of(n, "multiplier", JSON_NUMBER);

	c->unit = c->multiplier = cube_text(slice_of("", 0), n ? n : list);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !c->unit.text.n; i++) {
		const struct json_node *said = json_member_of(n, keys[i], JSON_STRING);

		if (said)
			c->unit = cube_text(said->text, said);
	}
	if (m && !slice_is(m->text, "0"))
		c->multiplier = cube_text(m->text, m);
	d->measured |= c->unit.text.n > 0;
	d->multiplied |= c->multiplier.text.n > 0;
}

/* Each category gets what the list has under its code; mostly they stand in the same order. */
static int take_list(struct dimension *d, const struct json_node *list, give to, struct err *e)
{
	const struct json_node *next = list->child;
	struct map by_code;
	int rc = 0;

	map_init(&by_code);
	for (uint32_t i = 0; i < d->size && rc == 0 && list->n; i++) {
		struct category *c = &d->categories[i];
		const struct json_node *n = next;

		if (!n || !slice_eq(cell_trim(n->key), c->code.text)) {
			if (!by_code.n)
				rc = map_labels(&by_code, list, e);
			n = map_get(&by_code, c->code.text);
		}
		to(d, c, n, list);
		next = n ? n->next : next;
	}
	map_release(&by_code);
	return rc;
}

static int take_dimension(struct cube *q, struct dimension *d, struct err *e)
{
	const struct json_node *category = json_member_of(d->node, "category", JSON_OBJECT);
	const struct json_node *index = json_member(category, slice_str("index"));
	const struct json_node *labels = json_member_of(category, "label", JSON_OBJECT);
	const struct json_node *units = json_member_of(category, "unit", JSON_OBJECT);
	int rc;

	/* More than the document has room for; also bounds what is allocated here. */
	if (index && index->n != d->size)
		return wrong_count(d, index, index->n, e);
	d->categories = arena_array(q->arena, index ? d->size : 1, sizeof(*d->categories));
	if (!d->categories)
		return no_memory(e);
	if (!index)
		rc = index_missing(d, labels, e);
	else if (index->type == JSON_OBJECT)
		rc = index_object(d, index, e);
	else if (index->type == JSON_ARRAY)
		rc = index_array(d, index, e);
	else
		rc = cube_fault(index, e, "an index is neither an array nor an object");
	if (rc == 0 && labels)
		rc = take_list(d, labels, give_name, e);
	if (rc == 0 && units)
		rc = take_list(d, units, give_unit, e);
	return rc;
}
/* --- dimensions ------------------------------------------------------------------------- */

/* 2.0 has `id` and `size` beside `dimension`, 1.x within. */
static const struct json_node *shape(const struct cube *q, const char *key)
{
	const struct json_node *n = json_member_of(q->node, key, JSON_ARRAY);

	return n ? n
		 : json_member_of(json_member(q->node, slice_str("dimension")), key, JSON_ARRAY);
}

static int add_dimension(struct cube *q, const struct json_node *id, const struct json_node *size,
			 struct err *e)
{
	struct dimension *d = &q->dimensions[q->ndimensions];
	char shown[TEXT_SHOWN];
	uint64_t cells;

	if (id->type != JSON_STRING)
		return cube_fault(id, e, "the id of a dimension is not text");
	text_shown(id->text, shown);
	*d = (struct dimension){ .id = id->text };
	for (size_t i = 0; i < q->ndimensions; i++)
		if (slice_eq(q->dimensions[i].id, d->id))
			return cube_fault(id, e, "dimension %s is named twice", shown);
	if (size->type != JSON_NUMBER || !whole_number(size->text, JSONSTAT_CELLS_MAX, &d->size))
		return cube_fault(size, e, "the size of dimension %s is not a number from 0 to %d",
				  shown, JSONSTAT_CELLS_MAX);
	cells = (uint64_t)q->cells * d->size;
	if (cells > JSONSTAT_CELLS_MAX)
		return err_set(e, ERR_LIMIT,
			       "line %u, column %u: the sizes of the dimensions make more than %d "
			       "figures",
			       size->line, size->column, JSONSTAT_CELLS_MAX);
	q->cells = (uint32_t)cells;
	d->node = json_member(json_member(q->node, slice_str("dimension")), d->id);
	if (!d->node || d->node->type != JSON_OBJECT)
		return cube_fault(id, e, "dimension %s is not described", shown);
	q->ndimensions++;
	return take_dimension(q, d, e);
}

static int take_dimensions(struct cube *q, struct err *e)
{
	const struct json_node *id = shape(q, "id"), *size = shape(q, "size"), *n, *s;

	if (!id || !size)
		return cube_fault(q->node, e, "there is no \"%s\" of the dimensions",
				  id ? "size" : "id");
	if (id->n != size->n)
		return cube_fault(size, e, "there are %u ids of dimensions and %u sizes", id->n,
				  size->n);
	if (id->n == 0 || id->n > JSONSTAT_DIMENSIONS_MAX)
		return err_set(e, id->n ? ERR_LIMIT : ERR_INVALID,
			       "line %u, column %u: %u dimensions; from 1 to %d can be read",
			       id->line, id->column, id->n, JSONSTAT_DIMENSIONS_MAX);
	q->cells = 1;
	for (n = id->child, s = size->child; n; n = n->next, s = s->next)
		if (add_dimension(q, n, s, e) < 0)
			return -1;
	return 0;
}
/* --- statuses ------------------------------------------------------------------------------ */

/* Few are different, and neighbours mostly the same. */
static int find_status(struct cube *q, const struct json_item *item, uint32_t *status,
		       struct err *e)
{
	struct slice text = cell_trim(item->text);

	*status = NO_STATUS;
	if (item->type == JSON_NULL || text.n == 0)
		return 0;
	if (item->type != JSON_STRING && item->type != JSON_NUMBER)
		return cube_fault(item, e, "a status is neither text nor null");
	for (size_t i = q->nstatuses; i-- > 1;)
		if (slice_eq(q->statuses[i], text)) {
			*status = (uint32_t)i;
			return 0;
		}
	if (q->nstatuses == STATUSES_MAX)
		return err_set(e, ERR_LIMIT, "line %u, column %u: more than %d different statuses",
			       item->line, item->column, STATUSES_MAX - 1);
	q->statuses[q->nstatuses] = text;
	*status = (uint32_t)q->nstatuses++;
	return 0;
}

static int add_mark(struct cube *q, uint32_t cell, const struct json_item *item, struct err *e)
{
	uint32_t status;
	struct mark *m;

	if (find_status(q, item, &status, e) < 0)
		return -1;
	if (status == NO_STATUS)
		return 0;
	m = arena_grow(q->arena, q->marks, q->nmarks, &q->marks_cap, q->nmarks + 1, sizeof(*m));
	if (!m)
		return no_memory(e);
	q->marks = m;
	q->marks[q->nmarks++] = (struct mark){ cell, status };
	return 0;
}

static int by_cell(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return x->cell < y->cell ? -1 : x->cell > y->cell;
}

static int sort_marks(struct cube *q, const struct json_node *at, struct err *e)
{
	qsort(q->marks, q->nmarks, sizeof(*q->marks), by_cell);
	for (size_t i = 1; i < q->nmarks; i++)
		if (q->marks[i].cell == q->marks[i - 1].cell)
			return cube_fault(at, e, "figure %u has two statuses", q->marks[i].cell);
	return 0;
}

int cube_wrong_total(const struct cube *q, const struct json_node *at, const char *what,
		     struct err *e)
{
	return cube_fault(at, e, "there are %u %s, and the sizes of the dimensions make %u", at->n,
			  what, q->cells);
}

int cube_cell(const struct cube *q, const struct json_item *item, uint32_t *cell, struct err *e)
{
	char shown[TEXT_SHOWN];

	if (whole_number(item->key, UINT32_MAX, cell) && *cell < q->cells)
		return 0;
	return cube_fault(item, e, "there is no figure %s: the sizes of the dimensions make %u",
			  text_shown(item->key, shown), q->cells);
}

/* "status": "e", ["e"], ["e", null, …] or {"17": "e"} */
static int take_statuses(struct cube *q, struct err *e)
{
	const struct json_node *n = json_member(q->node, slice_str("status"));
	struct json_item item = { 0 };
	struct json_walk walk;
	uint32_t cell = 0;
	bool rises = true;
	int rc;

	q->nstatuses = 1;
	if (!n || n->type == JSON_NULL)
		return 0;
	if (!n->kept) {
		item = (struct json_item){ n->type, false, n->line, n->column, n->key, n->text };
		return find_status(q, &item, &q->of_all, e);
	}
	if (n->type == JSON_ARRAY && n->n > 1 && n->n != q->cells)
		return cube_wrong_total(q, n, "statuses", e);
	json_walk_init(&walk, n);
	while ((rc = json_walk_next(&walk, q->arena, &item, e)) > 0) {
		if (n->type == JSON_ARRAY && n->n == 1)
			return find_status(q, &item, &q->of_all, e);
		if (n->type == JSON_OBJECT && cube_cell(q, &item, &cell, e) < 0)
			return -1;
		rises = rises && (q->nmarks == 0 || q->marks[q->nmarks - 1].cell < cell);
		if (add_mark(q, cell, &item, e) < 0)
			return -1;
		cell += n->type == JSON_ARRAY;
	}
	return rc < 0 || rises ? rc : sort_marks(q, n, e);
}

static uint32_t status_of(struct cube *q, uint32_t cell)
{
	struct mark key = { cell, 0 }, *found = NULL;

	if (!q->nmarks)
		return q->of_all;
	/* Mostly they are asked for in their order. */
	if (q->next_mark < q->nmarks && q->marks[q->next_mark].cell == cell)
		return q->marks[q->next_mark++].status;
	if (q->next_mark < q->nmarks && q->marks[q->next_mark].cell > cell &&
	    (q->next_mark == 0 || q->marks[q->next_mark - 1].cell < cell))
		return NO_STATUS;
	found = bsearch(&key, q->marks, q->nmarks, sizeof(key), by_cell);
	if (!found)
		return NO_STATUS;
	q->next_mark = (size_t)(found - q->marks) + 1;
	return found->status;
}
struct slice cube_status(struct cube *q, uint32_t cell)
{
	return q->statuses[status_of(q, cell)];
}

int cube_read(struct cube *q, const struct json_node *node, struct arena *a, struct err *e)
{
	*q = (struct cube){ .arena = a, .node = node, .statuses = { slice_of("", 0) } };
	return take_dimensions(q, e) < 0 || take_statuses(q, e) < 0 ? -1 : 0;
}
