/*
 * sdmx_ml_set.c - see sdmx_ml_set.h.
 *
 * Structure-specific messages do not tell keys from attributes. Where no structure is given,
 * the key of a group is what it has in common with every series (or every observation, where
 * there are no series); the rest of it are the attributes it brings. Groups with the same
 * columns in their key are a kind; for each kind a table leads from the texts of the key to its
 * groups, so that as many groups as series cost no more than a look each.
 */
#include "collectors/formats/sdmx_ml_set.h"
#include "base/map.h"
#include "collectors/cells.h"

enum { TEXT_BLOCK = 64 << 10, KINDS_MAX = 32, KEY_BYTES_MAX = 1 << 20 };

static int no_room(const struct ml_set *s, unsigned line, struct err *e)
{
	return err_set(e, ERR_LIMIT,
		       "line %u: the data set needs more than the allowed %zu bytes of memory",
		       line, s->table->arena->limit);
}

void ml_set_start(struct ml_set *s, struct sdmx_table *t, struct slice name, bool explicit_keys,
		  unsigned line, unsigned column)
{
	memset(s, 0, sizeof(*s));
	s->table = t;
	s->name = name;
	s->explicit_keys = explicit_keys;
	s->line = line;
	s->column = column;
	sdmx_table_start(t, name);
}

/* --- gathering --------------------------------------------------------------------------- */

static const char *keep_text(struct ml_set *s, struct slice text)
{
	char *p;

	if (text.n == 0)
		return "";
	if (text.n > s->text_left) {
		size_t room = text.n > TEXT_BLOCK / 4 ? text.n : TEXT_BLOCK;

		p = arena_alloc(s->table->arena, room);
		if (!p)
			return NULL;
		if (room == text.n)
			return memcpy(p, text.p, text.n);
		s->text = p;
		s->text_left = room;
	}
	p = memcpy(s->text, text.p, text.n);
	s->text += text.n;
	s->text_left -= text.n;
	return p;
}

/* Elements of a level name the same columns in the same order, mostly. */
static int column_of(struct ml_set *s, struct ml_open *o, struct slice id, struct err *e)
{
	uint16_t guess = o->guess[o->n];
	struct sdmx_table *t = s->table;
	size_t known = t->n;
	const char *kept;
	int c;

	if (guess < t->n && slice_eq(t->columns[guess].id, id))
		return guess;
	c = sdmx_table_column(t, id, e);
	if (c < 0)
		return err_wrap(e, "line %u, column %u", o->line, o->column);
	o->guess[o->n] = (uint16_t)c;
	if ((size_t)c < known)
		return c;
	kept = keep_text(s, id);
	if (!kept)
		return no_room(s, o->line, e);
	t->columns[c].id.p = kept;
	return c;
}

void ml_set_open(struct ml_set *s, enum ml_level level, unsigned line, unsigned column)
{
	struct ml_open *o = &s->open[level];

	o->n = 0;
	o->line = line;
	o->column = column;
	o->value_line = 0;
}

int ml_set_put(struct ml_set *s, enum ml_level level, struct slice id, struct slice text, bool key,
	       struct err *e)
{
	struct ml_open *o = &s->open[level];
	struct ml_column *column;
	int c;

	if (o->n == SDMX_COLUMNS_MAX)
		return err_set(e, ERR_LIMIT,
			       "line %u, column %u: an element says more than %d things", o->line,
			       o->column, SDMX_COLUMNS_MAX);
	c = column_of(s, o, id, e);
	if (c < 0)
		return -1;
	text = cell_trim(text);
	column = &s->columns[c];
	column->said[level]++;
	column->key |= key;
	if (!column->last.p || !slice_eq(column->last, text)) {
		column->last.p = keep_text(s, text);
		column->last.n = text.n;
		if (!column->last.p)
			return no_room(s, o->line, e);
	}
	o->cells[o->n++] =
		(struct ml_cell){ column->last.p, (uint32_t)text.n, (uint16_t)c, key, false };
	return 0;
}

static struct ml_list *list_of(struct ml_set *s, enum ml_level level)
{
	return level == ML_GROUP ? &s->groups : level == ML_SERIES ? &s->series : &s->obs;
}

int ml_set_close(struct ml_set *s, enum ml_level level, struct err *e)
{
	struct ml_open *o = &s->open[level];
	struct ml_list *list = list_of(s, level);
	size_t bytes = o->n * sizeof(*o->cells);
	struct ml_record *r = arena_alloc(s->table->arena, sizeof(*r) + bytes);

	if (!r)
		return no_room(s, o->line, e);
	*r = (struct ml_record){
		.n = o->n,
		.line = o->line,
		.column = o->column,
		.value_line = o->value_line,
		.value_column = o->value_column,
	};
	memcpy(r->cells, o->cells, bytes);
	if (level == ML_OBS)
		r->series = s->series.last;
	if (list->last)
		list->last->next = r;
	else
		list->first = r;
	list->last = r;
	list->n++;
	return 0;
}

/* --- groups -------------------------------------------------------------------------------- */

struct key_set {
	uint64_t bits[SDMX_COLUMNS_MAX / 64];
};

struct kind {
	struct key_set set;
	uint16_t columns[SDMX_COLUMNS_MAX];
	size_t n;
	bool of_obs; /* its key needs what only observations say */
	struct map groups;
};

struct kinds {
	struct kind *k[KINDS_MAX];
	size_t n;
	struct buf key;
	bool of_obs; /* any of them */
};

static bool in_key(const struct ml_set *s, const struct ml_cell *c)
{
	const struct ml_column *column = &s->columns[c->column];
	enum sdmx_role role = s->table->columns[c->column].role;

	if (s->explicit_keys)
		return c->key;
	if (role != SDMX_UNKNOWN)
		return role == SDMX_DIMENSION;
	return (s->series.n && column->said[ML_SERIES] >= s->series.n) ||
	       (s->obs.n && column->said[ML_OBS] >= s->obs.n);
}

static struct kind *kind_of(struct ml_set *s, struct kinds *kinds, const struct ml_record *g,
			    struct err *e)
{
	struct key_set set = { { 0 } };
	struct kind *k;

	for (unsigned i = 0; i < g->n; i++)
		if (in_key(s, &g->cells[i]))
			set.bits[g->cells[i].column / 64] |= UINT64_C(1) << g->cells[i].column % 64;
	for (size_t i = 0; i < kinds->n; i++)
		if (memcmp(&kinds->k[i]->set, &set, sizeof(set)) == 0)
			return kinds->k[i];
	if (kinds->n == KINDS_MAX) {
		err_set(e, ERR_LIMIT, "line %u, column %u: more than %d kinds of groups", g->line,
			g->column, KINDS_MAX);
		return NULL;
	}
	k = arena_new(s->table->arena, struct kind);
	if (!k) {
		no_room(s, g->line, e);
		return NULL;
	}
	k->set = set;
	map_init(&k->groups);
	for (size_t c = 0; c < s->table->n; c++) {
		if (!(set.bits[c / 64] >> c % 64 & 1))
			continue;
		k->columns[k->n++] = (uint16_t)c;
		k->of_obs |= s->columns[c].said[ML_OBS] > 0;
	}
	kinds->of_obs |= k->of_obs;
	kinds->k[kinds->n++] = k;
	return k;
}

/* The key's texts, one behind the other; a control byte, which XML cannot hold, between them. The
 * texts are in the table's values. */
static struct slice key_text(const struct sdmx_table *t, const struct kind *k, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < k->n; i++) {
		buf_slice(out, t->values[k->columns[i]].text);
		buf_putc(out, '\x01');
	}
	return buf_all(out);
}

/* Cells into columns that have nothing yet. */
static void fill(struct sdmx_table *t, const struct ml_cell *cells, unsigned n,
		 const struct ml_record *of, bool over)
{
	for (unsigned i = 0; i < n; i++) {
		const struct ml_cell *c = &cells[i];

		if (t->values[c->column].text.p && !over)
			continue;
		if (c->own_place && of)
			sdmx_table_put(t, c->column, slice_of(c->p, c->n), of->value_line,
				       of->value_column);
		else
			sdmx_table_put(t, c->column, slice_of(c->p, c->n), 0, 0);
	}
}

static int add_group(struct ml_set *s, struct kinds *kinds, struct ml_record *g, struct err *e)
{
	struct kind *k = kind_of(s, kinds, g, e);
	struct slice key;

	if (!k)
		return -1;
	sdmx_table_clear(s->table);
	fill(s->table, g->cells, g->n, g, true);
	key = key_text(s->table, k, &kinds->key);
	if (buf_check(&kinds->key, e) < 0)
		return err_wrap(e, "line %u, column %u: the key of a group", g->line, g->column);
	g->same = map_get(&k->groups, key);
	key.p = keep_text(s, key);
	if (!key.p)
		return no_room(s, g->line, e);
	return map_put(&k->groups, key, g, e);
}

/* What groups say of the series or the observation whose texts are in the table. */
static int fill_groups(struct ml_set *s, struct kinds *kinds, bool of_obs, struct err *e)
{
	for (size_t i = 0; i < kinds->n; i++) {
		struct kind *k = kinds->k[i];
		const struct ml_record *g;

		if (k->of_obs != of_obs)
			continue;
		g = map_get(&k->groups, key_text(s->table, k, &kinds->key));
		if (buf_check(&kinds->key, e) < 0)
			return -1;
		for (; g; g = g->same)
			fill(s->table, g->cells, g->n, g, false);
	}
	return 0;
}

/* --- giving ----------------------------------------------------------------------------------- */

/* Columns that only the data set or groups name go behind the others. */
static int order_columns(struct ml_set *s, uint16_t place[SDMX_COLUMNS_MAX])
{
	struct sdmx_table *t = s->table;
	struct sdmx_column *sorted = arena_array(t->arena, SDMX_COLUMNS_MAX, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -1;
	for (int above = 0; above < 2; above++)
		for (size_t c = 0; c < t->n; c++) {
			const size_t *said = s->columns[c].said;

			if ((said[ML_SERIES] + said[ML_OBS] == 0 && !s->columns[c].key) != above)
				continue;
			place[c] = (uint16_t)n;
			sorted[n++] = t->columns[c];
		}
	memcpy(t->columns, sorted, n * sizeof(*sorted));
	return 0;
}

static void move_cells(struct ml_cell *cells, unsigned n, const uint16_t place[SDMX_COLUMNS_MAX])
{
	for (unsigned i = 0; i < n; i++)
		cells[i].column = place[cells[i].column];
}

static int move_columns(struct ml_set *s)
{
	struct ml_list *lists[] = { &s->groups, &s->series, &s->obs };
	struct ml_column moved[SDMX_COLUMNS_MAX];
	uint16_t place[SDMX_COLUMNS_MAX];

	if (order_columns(s, place) < 0)
		return -1;
	for (size_t c = 0; c < s->table->n; c++)
		moved[place[c]] = s->columns[c];
	memcpy(s->columns, moved, s->table->n * sizeof(*moved));
	move_cells(s->open[ML_SET].cells, s->open[ML_SET].n, place);
	for (size_t i = 0; i < 3; i++)
		for (struct ml_record *r = lists[i]->first; r; r = r->next)
			move_cells(r->cells, r->n, place);
	return 0;
}

static int give_rows(struct ml_set *s, struct kinds *kinds, struct err *e)
{
	struct sdmx_table *t = s->table;
	size_t bytes = t->n * sizeof(*t->values);
	struct sdmx_value *base = arena_array(t->arena, SDMX_COLUMNS_MAX, sizeof(*base));
	const struct ml_open *set = &s->open[ML_SET];
	const struct ml_record *series = NULL;
	bool fresh = true;

	if (!base)
		return no_room(s, s->line, e);
	for (const struct ml_record *r = s->obs.first; r && t->wanted; r = r->next) {
		if (fresh || r->series != series) {
			fresh = false;
			series = r->series;
			sdmx_table_clear(t);
			if (series)
				fill(t, series->cells, series->n, series, true);
			if (fill_groups(s, kinds, false, e) < 0)
				return -1;
			if (!kinds->of_obs)
				fill(t, set->cells, set->n, NULL, false);
			memcpy(base, t->values, bytes);
		}
		memcpy(t->values, base, bytes);
		fill(t, r->cells, r->n, r, true);
		if (kinds->of_obs) {
			if (fill_groups(s, kinds, true, e) < 0)
				return -1;
			fill(t, set->cells, set->n, NULL, false);
		}
		if (sdmx_table_row(t, r->line, r->column, e) < 0)
			return -1;
	}
	return 0;
}

/* When all values are missing, no observation may have named their column. */
static int add_value(struct sdmx_table *t, struct err *e)
{
	for (size_t c = 0; c < t->n; c++)
		if (t->columns[c].role == SDMX_MEASURE)
			return 0;
	return sdmx_table_column(t, slice_str("OBS_VALUE"), e) < 0 ? -1 : 0;
}

static int give_all(struct ml_set *s, struct kinds *kinds, struct err *e)
{
	struct sdmx_table *t = s->table;

	for (size_t c = 0; c < t->n; c++)
		if (s->columns[c].key && t->columns[c].role == SDMX_UNKNOWN)
			t->columns[c].role = SDMX_DIMENSION;
	if (sdmx_table_complete(t, e) < 0 || add_value(t, e) < 0)
		return err_wrap(e, "line %u, column %u", s->line, s->column);
	if (move_columns(s) < 0)
		return no_room(s, s->line, e);
	for (struct ml_record *g = s->groups.first; g; g = g->next)
		if (add_group(s, kinds, g, e) < 0)
			return -1;
	if (sdmx_table_open(t, s->name, s->line, s->column, e) < 0)
		return -1;
	return give_rows(s, kinds, e);
}

int ml_set_finish(struct ml_set *s, struct err *e)
{
	struct kinds kinds = { .n = 0 };
	int rc;

	if (s->obs.n == 0) {
		sdmx_complain(s->table, REFUSED_LAYOUT, s->line, s->column,
			      "the data set holds no observations");
		return 0;
	}
	buf_init(&kinds.key, KEY_BYTES_MAX);
	rc = give_all(s, &kinds, e);
	buf_release(&kinds.key);
	for (size_t i = 0; i < kinds.n; i++)
		map_release(&kinds.k[i]->groups);
	return rc;
}
