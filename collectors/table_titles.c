/*
 * table_titles.c - what stands in the lines above a header: "地区：上海市", or a period within a
 * line, "2026年10月主要指标". See table_private.h.
 */
#include "collectors/table_private.h"

#include "base/period.h"
#include "collectors/heading.h"

#include <stdio.h>

enum { YEAR_WITHIN_BYTES = 256 }; /* of a line above a table */

enum { KEY_MAX_BYTES = 1024 };

bool table_means(struct table *t, struct slice text, struct slice key)
{
	struct arena_mark mark = arena_mark(t->arena);
	bool same;

	if (text.n == 0 || text.n > KEY_MAX_BYTES)
		return false;
	same = slice_eq(text_key(text, t->arena), key);
	arena_reset(t->arena, mark);
	return same;
}

/* What `label` is followed by, when it names measures: "单位：万元" may stand within a longer line,
 * in brackets behind it, or in two cells; 填报单位：甲河 is none. */
static bool find_measure(const struct row *row, size_t c, const char *label, struct slice *value)
{
	struct slice text = row->cells[c].text, rest = slice_of("", 0);

	if (row->cells[c].repeated)
		return false;
	if (heading_find_label(text, label, value))
		return heading_names_measure(*value);
	if (!heading_cut_colon(text, &text, &rest) || rest.n || !slice_ends(text, label))
		return false;
	while (++c < row->n && (row->cells[c].repeated || !row->cells[c].text.n))
		;
	*value = c < row->n ? row->cells[c].text : slice_of("", 0);
	return value->n && heading_names_measure(*value);
}

static void take_measure(struct table *t, const struct row *row)
{
	struct place *p = &t->places[AXIS_MEASURE];
	struct slice value;

	if (p->axis->where != AXIS_TITLE)
		return;
	for (size_t c = 0; c < row->n; c++) {
		if (!find_measure(row, c, p->axis->text, &value))
			continue;
		p->title = arena_slice(t->arena, value);
		p->title_at = table_place_of_cell(&row->cells[c]);
		p->titled = p->title.p != NULL;
	}
}

bool table_note_measure(struct table *t, const struct row *row, size_t c)
{
	struct slice value;

	if (!table_measure_is_customary(t) || !find_measure(row, c, "单位", &value) ||
	    value.n >= sizeof(t->measure))
		return false;
	snprintf(t->measure, sizeof(t->measure), "%.*s", SLICE_FMT(value));
	t->measure_at = table_place_of_cell(&row->cells[c]);
	return true;
}

bool table_take_titles(struct table *t, const struct row *row, bool strict)
{
	bool found = false;

	for (size_t c = 0; c < row->n; c++) {
		struct slice before = row->cells[c].text, after = slice_of("", 0);
		bool colon = heading_cut_colon(row->cells[c].text, &before, &after);
		size_t value;

		if (!before.n || row->cells[c].repeated || (strict && (!colon || c > 0)))
			continue;
		for (int i = 0; i < AXES; i++) {
			struct place *p = &t->places[i];

			if (p->axis->where != AXIS_TITLE || !table_means(t, before, p->label))
				continue;
			value = c;
			while (!after.n && ++value < row->n)
				if (!row->cells[value].repeated)
					after = row->cells[value].text;
			if (!after.n)
				continue;
			p->title = arena_slice(t->arena, after);
			p->title_at = table_place_of_cell(&row->cells[value]);
			p->titled = p->title.p != NULL;
			found = true;
		}
	}
	if (!strict)
		take_measure(t, row);
	return found;
}

/* Where several stand above a table: a month, a quarter or a half, then a year, then a day, which
 * is most often that of a signature. */
static int period_rank(struct slice text)
{
	struct period p;

	if (period_parse(text, &p, NULL) < 0)
		return 0;
	return p.freq == FREQ_DAY ? 1 : p.freq == FREQ_YEAR ? 2 : 3;
}

static bool find_period(struct table *t, const struct row *row, struct slice *found,
			struct fact_place *at)
{
	struct slice one;
	int best = 0;
	bool folded, labelled = false, dated;

	for (size_t c = 0; c < row->n; c++) {
		struct slice text = text_fold_width(row->cells[c].text, t->arena, &folded);

		if (!text.p || !text.n)
			continue;
		/* The label may have a cell of its own. */
		dated = labelled && period_find(text, &one);
		labelled = heading_is_of_form(text);
		if (dated || labelled || !period_find(text, &one) || period_rank(one) <= best)
			continue;
		best = period_rank(one);
		*found = one;
		*at = table_place_of_cell(&row->cells[c]);
	}
	return best > 0;
}

/* A day is that of a signature, which may be of the next year. */
static int year_within(struct slice text)
{
	struct slice found;
	struct period p;

	if (!period_find(text, &found) || heading_is_of_form(text) ||
	    period_parse(found, &p, NULL) < 0 || p.freq == FREQ_DAY)
		return 0;
	return p.year;
}

void table_note_year(struct table *t, struct slice text)
{
	bool folded;
	int year;

	text = text_fold_width(slice_cut(text, YEAR_WITHIN_BYTES), t->arena, &folded);
	year = text.p ? year_within(text) : 0;
	if (year)
		t->year = !t->year || t->year == year ? year : YEARS;
}

int table_complete_period(struct table *t, struct slice *text, struct err *e)
{
	struct period p;
	char with[64];
	char *out;

	if (t->year <= 0 || !period_is_yearless(*text))
		return 0;
	snprintf(with, sizeof(with), "%d年%.*s", t->year, SLICE_FMT(*text));
	if (period_parse(slice_str(with), &p, NULL) < 0)
		return 0;
	out = arena_strdup(t->arena, with);
	if (!out)
		return table_no_room(e);
	*text = slice_str(out);
	return 0;
}

void table_set_period(struct table *t, struct slice text, struct fact_place at)
{
	struct place *p = &t->places[AXIS_PERIOD];

	p->title = arena_slice(t->arena, text);
	p->title_at = at;
	p->titled = p->title.p != NULL;
}

/* Whether it may stand for the period there is: a day is that of a signature. */
static bool may_follow(const struct table *t, struct slice text)
{
	struct period now, other;

	return period_parse(t->places[AXIS_PERIOD].title, &now, NULL) == 0 &&
	       period_parse(text, &other, NULL) == 0 && now.freq == other.freq;
}

void table_take_period(struct table *t, const struct row *row)
{
	struct place *p = &t->places[AXIS_PERIOD];
	struct fact_place at;
	struct slice found;

	if (!find_period(t, row, &found, &at) || (p->old && !may_follow(t, found)) ||
	    (p->titled && !p->old && period_rank(found) <= period_rank(p->title)))
		return;
	table_set_period(t, found, at);
	p->old = false;
}

void table_note_period(struct table *t, const struct row *row)
{
	struct slice found;
	struct fact_place at;

	if (table_has_value(t, row)) {
		t->noted[0] = '\0';
		return;
	}
	if (table_filled_cells(row) != 1 || table_might_be_title(row) ||
	    !find_period(t, row, &found, &at) || !may_follow(t, found))
		return;
	snprintf(t->noted, sizeof(t->noted), "%.*s", SLICE_FMT(found));
	t->noted_at = at;
}

void table_renew_period(struct table *t, const struct row *row)
{
	struct place *p = &t->places[AXIS_PERIOD];

	p->old = true;
	table_take_period(t, row);
	if (p->old && t->noted[0])
		table_set_period(t, slice_str(t->noted), t->noted_at);
	t->noted[0] = '\0';
}

bool table_might_be_title(const struct row *row)
{
	struct slice s = row->n ? row->cells[0].text : slice_of("", 0);

	return s.n && (memchr(s.p, ':', s.n) || memmem(s.p, s.n, "：", 3));
}
