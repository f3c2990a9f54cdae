/*
 * edits_totals.c - rows of totals: 合计, 总计, 小计. See edits.h.
 *
 * A row of a total is no unit. It says what the figures of its column (one table, indicator and
 * period) add up to:
 *
 *     甲河    10.2          小计 is the sum since the 小计 before,
 *     乙山     3.1          合计 that of all parts above it,
 *     小计    13.3          and where none is above it, of those below:
 *     丙水     5.0
 *     合计    18.3          全市合计 18.3 / 甲河 10.2 / …
 *
 * Columns are walked once, in the order of lines. Where a part is not known (a unit that the
 * catalogue does not have, a cell that is no number, a unit of the table without a figure
 * in this column, or with two) the sum is not known either, and nothing is said. Nor is it where a
 * part may stand in another portion of a large document.
 */
#include "collectors/edits.h"

#include <math.h>
#include <stdlib.h>

enum { TOTALS_MAX = 16 }; /* 合计 in one column */

/* What binary fractions add to a sum that was right on paper. */
static const double binary = 1e-12;

struct cell_of_column {
	const struct indicator *indicator;
	struct figure *f;
	enum column_cell what;
};

/* Where a figure stands in its table, and by which unit. */
struct stand {
	uint64_t place;
	uint32_t series_unit;
	uint16_t table;
};

static uint64_t place_of(const struct figure *f)
{
	return (uint64_t)f->line << 32 | f->column;
}

static int by_column(const void *a, const void *b)
{
	const struct cell_of_column *x = a, *y = b;
	uint64_t px = place_of(x->f), py = place_of(y->f);

	if (x->f->table != y->f->table)
		return x->f->table < y->f->table ? -1 : 1;
	if (x->indicator->index != y->indicator->index)
		return x->indicator->index < y->indicator->index ? -1 : 1;
	if (x->f->index != y->f->index)
		return x->f->index < y->f->index ? -1 : 1;
	return px < py ? -1 : px > py;
}

static bool same_column(const struct cell_of_column *x, const struct cell_of_column *y)
{
	return x->f->table == y->f->table && x->indicator == y->indicator &&
	       x->f->index == y->f->index;
}

static int by_unit(const void *a, const void *b)
{
	const struct stand *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->series_unit != y->series_unit)
		return x->series_unit < y->series_unit ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int by_place(const void *a, const void *b)
{
	const struct stand *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

struct totals {
	struct edits *w;
	struct cell_of_column *cells;
	size_t ncells;
	struct stand *stands; /* the first place of each unit in each table, by place */
	size_t nstands;
	uint32_t round;
};

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document's figures need more memory than it may have");
}

static int collect(struct totals *t, struct err *e)
{
	struct figures *fs = t->w->figures;
	size_t n = 0;

	t->cells = arena_array(fs->arena, fs->n + fs->nentries, sizeof(*t->cells));
	t->stands = arena_array(fs->arena, fs->n + 1, sizeof(*t->stands));
	if (!t->cells || !t->stands)
		return no_room(e);
	for (size_t k = 0; k < fs->n; k++) {
		struct figure *f = &fs->list[k];
		const struct series *s = fs->series[f->series];

		t->cells[t->ncells++] =
			(struct cell_of_column){ s->indicator, f,
						 figure_is_secret(f) ? COLUMN_HOLE : COLUMN_PART };
		t->stands[n++] = (struct stand){ place_of(f), s->unit->index, f->table };
	}
	for (size_t k = 0; k < fs->nentries; k++)
		t->cells[t->ncells++] =
			(struct cell_of_column){ fs->entries[k].indicator, &fs->entries[k].f,
						 fs->entries[k].what };
	qsort(t->cells, t->ncells, sizeof(*t->cells), by_column);
	qsort(t->stands, n, sizeof(*t->stands), by_unit);
	for (size_t k = 0; k < n; k++)
		if (!t->nstands || t->stands[t->nstands - 1].table != t->stands[k].table ||
		    t->stands[t->nstands - 1].series_unit != t->stands[k].series_unit)
			t->stands[t->nstands++] = t->stands[k];
	qsort(t->stands, t->nstands, sizeof(*t->stands), by_place);
	return 0;
}

/* Units that first stand in the table before this place. */
static size_t units_before(const struct totals *t, uint16_t table, uint64_t place)
{
	size_t low = 0, high = t->nstands;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct stand *s = &t->stands[mid];

		if (s->table < table || (s->table == table && s->place < place))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Whether from..to has each part once, of at least so many units. */
static bool parts_known(struct totals *t, size_t from, size_t to, size_t units)
{
	size_t n = 0;

	t->round++;
	for (size_t k = from; k < to; k++) {
		struct series *s;

		if (t->cells[k].what == COLUMN_HOLE)
			return false;
		if (t->cells[k].what != COLUMN_PART)
			continue;
		s = t->w->figures->series[t->cells[k].f->series];
		if (s->round == t->round)
			return false;
		s->round = t->round;
		n++;
	}
	return n > 0 && n >= units;
}

struct sum {
	double value, slack, size;
	struct figure *first; /* that is not refused yet */
	size_t n;
};

static struct sum add_up(const struct totals *t, size_t from, size_t to)
{
	struct sum sum = { 0 };

	for (size_t k = from; k < to; k++) {
		struct figure *f = t->cells[k].f;

		if (t->cells[k].what != COLUMN_PART)
			continue;
		sum.value += f->value;
		sum.slack += f->half;
		sum.size += fabs(f->value);
		if (!sum.first && !f->doomed)
			sum.first = f;
		sum.n++;
	}
	return sum;
}

static bool comes_to(const struct sum *sum, const struct figure *total)
{
	return fabs(sum->value - total->value) <=
	       sum->slack + total->half + binary * (sum->size + fabs(total->value));
}

static void say_total(struct edits *w, const struct cell_of_column *total, struct figure *first,
		      double sum, size_t n, enum edit_rule rule)
{
	const struct series *s = w->figures->series[first->series];
	char stated[NUM_TEXT], added[NUM_TEXT], a[MEASURED_TEXT], b[MEASURED_TEXT];
	char period[PERIOD_TEXT];
	const struct indicator *i = total->indicator;
	struct period p = period_from_index(i->freq, total->f->index);
	bool sub = total->what == COLUMN_SUBTOTAL;
	struct failure x = { .edit = EDIT_TOTAL, .f = first, .series = s, .bound = NAN };

	num_print(total->f->value, stated);
	num_print(sum, added);
	failure_en(&x, "%s %s: the %s is %s, but the %zu figures %s add up to %s", i->code,
		   period_print(p, period), sub ? "subtotal" : "total", stated, n,
		   place_of(total->f) < place_of(first) ? "below it" : "above it", added);
	failure_zh(&x, "%.90s %s：%s为 %s，%zu 个分项之和为 %s，两者不等，该列数据请一并核对",
		   i->name, period_print_zh(period_of_index(i, total->f->index), period),
		   sub ? "小计" : "合计", measured(i, total->f->value, a), n, measured(i, sum, b));
	/* The sentence stands where the total does. */
	failure_decide_at(w, &x, rule, total->f);
}

static void hold(struct totals *t, const struct cell_of_column *total, size_t from, size_t to)
{
	enum edit_rule rule = (enum edit_rule)total->indicator->edits[EDIT_TOTAL];
	struct sum sum = add_up(t, from, to);

	if (comes_to(&sum, total->f) || !sum.first)
		return;
	say_total(t->w, total, sum.first, sum.value, sum.n, rule);
	for (size_t k = from; k < to; k++)
		if (t->cells[k].what == COLUMN_PART && t->cells[k].f != sum.first)
			failure_share(t->w, t->cells[k].f, EDIT_TOTAL, rule);
}

/* The column from its begin; the last subtotal and the last total of any kind are followed by
 * `section` and `since`. */
struct column {
	size_t begin, end, section, since;
};

static bool any_part(const struct totals *t, size_t from, size_t to)
{
	for (size_t k = from; k < to; k++)
		if (t->cells[k].what == COLUMN_PART || t->cells[k].what == COLUMN_HOLE)
			return true;
	return false;
}

static void hold_cell(struct totals *t, const struct column *c, size_t at)
{
	const struct cell_of_column *total = &t->cells[at];
	size_t from = total->what == COLUMN_SUBTOTAL ? c->section : c->begin, to = at;
	uint64_t low = from > c->begin ? place_of(t->cells[from - 1].f) : 0;
	size_t upto = units_before(t, total->f->table, place_of(total->f));
	size_t units = upto - units_before(t, total->f->table, low);
	struct sum since = add_up(t, c->since, at);

	/* Offices close each section with 合计 too. */
	if (c->since > c->begin && since.n && comes_to(&since, total->f))
		return;
	/* What stands in another portion of the document is not here to be added up. */
	if (from == c->begin && total->f->table == t->w->figures->table_before)
		return;
	if (total->what == COLUMN_TOTAL && !any_part(t, from, to)) {
		if (total->f->table == t->w->figures->table_after)
			return;
		from = at + 1;
		to = c->end;
		units = units_before(t, total->f->table, UINT64_MAX) - upto;
	}
	if (parts_known(t, from, to, units))
		hold(t, total, from, to);
}

static void walk_column(struct totals *t, size_t begin, size_t end)
{
	const struct indicator *i = t->cells[begin].indicator;
	struct column c = { begin, end, begin, begin };
	size_t looked = 0;

	/* Rates of several units have no sum. */
	if (!edit_is_on(i, EDIT_TOTAL) || i->form == FORM_GROWTH || indicator_is_rate(i))
		return;
	for (size_t k = begin; k < end; k++) {
		if (t->cells[k].what != COLUMN_TOTAL && t->cells[k].what != COLUMN_SUBTOTAL)
			continue;
		/* Each looks at the whole column; more of them are nobody's report. */
		if (t->cells[k].what == COLUMN_TOTAL && ++looked > TOTALS_MAX)
			return;
		hold_cell(t, &c, k);
		c.since = k + 1;
		if (t->cells[k].what == COLUMN_SUBTOTAL)
			c.section = k + 1;
	}
}

int edits_totals(struct edits *w, struct err *e)
{
	struct totals t = { .w = w };

	if (!w->figures->ntotals)
		return 0;
	if (collect(&t, e) < 0)
		return -1;
	for (size_t k = 0, end; k < t.ncells; k = end) {
		for (end = k + 1; end < t.ncells && same_column(&t.cells[k], &t.cells[end]); end++)
			;
		walk_column(&t, k, end);
	}
	return 0;
}
