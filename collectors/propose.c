/*
 * propose.c - see propose.h.
 */
#include "collectors/propose.h"

#include "base/alloc.h"
#include "collectors/body.h"
#include "collectors/heading.h"
#include "collectors/sample.h"

#include <stdio.h>

enum {
	PLACES_MOST = 6, /* where one axis may stand */
	TRIED_MOST = 64,
	TRIED_ROWS = 2000,
	ARENA_BYTES = 64 << 20,
	IGNORED_MOST = 32,
};

struct places {
	struct axis list[PLACES_MOST];
	size_t n;
};

struct proposing {
	const struct document *doc;
	const struct catalogue *cat;
	struct arena *arena;
	struct samples samples;
	struct sample *sample; /* the table that has most rows with figures */
	struct places places[AXES];
	const char *sheet[1]; /* its name */
	const char **ignored;
	size_t nignored;
	struct proposal *best;
	unsigned tried; /* with this header */
	size_t refused; /* most figures that were refused where none was kept, */
	char why[200];  /* and the first reason */
	bool failed;    /* no memory */
};

/* --- places --------------------------------------------------------------------------- */

static void add_place(struct proposing *x, int axis, struct axis place)
{
	struct places *p = &x->places[axis];

	if (p->n < PLACES_MOST)
		p->list[p->n++] = place;
}

static const char *kept_text(struct proposing *x, struct slice s)
{
	const char *out = arena_strndup(x->arena, s.p, s.n);

	x->failed |= !out;
	return out ? out : "";
}

static bool is_unique(const struct sample *s, size_t column)
{
	for (size_t c = 0; c < s->ncolumns; c++)
		if (c != column && slice_eq(s->headings[c], s->headings[column]))
			return false;
	return true;
}

/* A column by its heading, or by number where that says nothing or could be read as a number. */
static const char *column_name(struct proposing *x, size_t column)
{
	const struct sample *s = x->sample;
	const char *number;

	if (s->headings[column].n && s->headings[column].p[0] != '#' && is_unique(s, column))
		return kept_text(x, s->headings[column]);
	number = arena_printf(x->arena, "#%zu", column + 1);
	x->failed |= !number;
	return number ? number : "";
}

static struct axis by_columns(struct proposing *x, const size_t *columns, size_t n)
{
	const char **names = arena_array(x->arena, n, sizeof(*names));

	x->failed |= !names;
	for (size_t i = 0; names && i < n; i++)
		names[i] = column_name(x, columns[i]);
	return (struct axis){
		.where = AXIS_COLUMN, .columns = names, .ncolumns = names ? n : 0, .join = "-"
	};
}

/* Columns whose cells are such texts; the one that has most of them first. */
static void look_at_columns(struct proposing *x, int axis, unsigned kinds, double least)
{
	/* In quarters: all of them, more than three quarters, … */
	for (int quarter = 4; quarter > 0; quarter--)
		for (size_t c = 0; c < x->sample->ncolumns; c++) {
			double s = 4 * sample_share(x->sample, c, kinds);

			if (s > quarter - 1 && s <= quarter && s >= 4 * least)
				add_place(x, axis, by_columns(x, &c, 1));
		}
}

/* The header as a whole, or one row of a stacked one, where more than this share of it says so. */
static void look_at_header(struct proposing *x, int axis, unsigned kinds, double share)
{
	const struct sample *s = x->sample;

	for (size_t r = 0; r < s->nheader; r++)
		if (sample_row_share(s, s->header + r, kinds) > share)
			add_place(x, axis,
				  (struct axis){ .where = AXIS_HEADER,
						 .row = s->nheader > 1 ? (unsigned)r + 1 : 0 });
}

static bool is_unit(const struct proposing *x, struct slice text)
{
	return catalogue_find_unit_plainly(x->cat, text, UNIT_CLASSES, (struct date){ 0 }, NULL) !=
	       NULL;
}

static unsigned kinds_at(const struct sample *s, size_t row, size_t column)
{
	return column < s->rows[row].n ? s->kinds[row][column] : 0;
}

/* Whether another row of the header says something over figures that must not be left out, and that
 * this one does not say too (as a cell does that is merged over both). */
static bool others_say_more(const struct sample *s, size_t row)
{
	for (size_t r = s->header; r < s->body; r++)
		for (size_t c = 0; c < s->ncolumns; c++)
			if (r != row && sample_has_figures(s, c) &&
			    (kinds_at(s, r, c) & (CELL_ASPECT | CELL_INDICATOR | CELL_PERIOD)) &&
			    !slice_eq(sample_text(s, r, c), sample_text(s, row, c)))
				return true;
	return false;
}

/* What names the rows and headings that say 累计, 上年同期 and the like: all of a stacked heading,
 * or the one row of it that does, since the others may say nothing: 规模以上. */
static void add_headed(struct proposing *x, struct axis headed)
{
	const struct sample *s = x->sample;
	bool any = false;

	headed.headed = true;
	for (size_t r = s->header; r < s->body; r++) {
		if (sample_row_share(s, r, CELL_ASPECT) == 0)
			continue;
		headed.row = 0;
		if (!any)
			add_place(x, AXIS_INDICATOR, headed);
		any = true;
		headed.row = (unsigned)(r - s->header) + 1;
		if (s->nheader > 1 && !others_say_more(s, r))
			add_place(x, AXIS_INDICATOR, headed);
	}
}

/* The unit whose name stands within the text, the longest of them. */
static const struct unit *unit_within(const struct proposing *x, struct slice text)
{
	const struct unit *met = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < catalogue_units(x->cat); i++) {
		const struct unit *u = catalogue_unit_at(x->cat, i);

		for (size_t k = 0; k < u->nnames + u->naliases; k++) {
			const char *name =
				k < u->nnames ? u->names[k].text : u->aliases[k - u->nnames];
			size_t n = strlen(name);

			if (n <= longest || !memmem(text.p, text.n, name, n))
				continue;
			longest = n;
			met = u;
		}
	}
	return met;
}

/* "填报单位：甲河", "报告期：2026年10月", "单位：万元" above the header. */
static void look_at_title(struct proposing *x, struct slice label, struct slice value)
{
	struct axis title = { .where = AXIS_TITLE };
	struct period p;

	if (is_unit(x, value)) {
		title.text = kept_text(x, label);
		add_place(x, AXIS_UNIT, title);
	} else if (catalogue_find_indicator_plainly(x->cat, value, NULL, NULL)) {
		title.text = kept_text(x, label);
		add_place(x, AXIS_INDICATOR, title);
	} else if (!heading_is_of_form(label) && period_parse(value, &p, NULL) == 0) {
		title.text = kept_text(x, label);
		add_place(x, AXIS_PERIOD, title);
	} else if (heading_names_measure(value)) {
		title.text = kept_text(x, label);
		add_place(x, AXIS_MEASURE, title);
	}
}

/* "（单位：万元）": the label that the table looks for within lines. What stands there counts,
 * known or not, since figures may not be taken in what the catalogue counts in when the form says
 * another. */
static void look_at_measure(struct proposing *x, struct slice text)
{
	static const char *const labels[] = { "计量单位", "金额单位", "货币单位", "数据单位",
					      "单位" };
	struct axis title = { .where = AXIS_TITLE };
	struct slice value, label, after;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (!heading_find_label(text, labels[i], &value))
			continue;
		/* 填报单位：甲河 */
		if (!heading_names_measure(value) &&
		    (unit_within(x, value) || !heading_cut_colon(text, &label, &after) ||
		     !slice_is(label, labels[i])))
			return;
		title.text = labels[i];
		add_place(x, AXIS_MEASURE, title);
		return;
	}
}

/* "主要指标（万元）", or 万元 by itself at the right. */
static void look_at_bare_measure(struct proposing *x, struct slice text)
{
	struct slice name, inside = text;

	if (x->places[AXIS_MEASURE].n)
		return;
	heading_cut_bracket(text, &name, &inside);
	if (heading_names_measure(inside))
		add_place(x, AXIS_MEASURE,
			  (struct axis){ .where = AXIS_FIXED, .text = kept_text(x, inside) });
}

/* Cuts one of the words off the front or, when `behind`, the end. */
static bool cut_word(struct slice *s, const char *const *words, size_t n, bool behind)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(words[i]);

		if (behind ? !slice_ends(*s, words[i]) : !slice_starts(*s, words[i]))
			continue;
		*s = text_trim(behind ? slice_of(s->p, s->n - k) : slice_skip(*s, k));
		return true;
	}
	return false;
}

static bool cut_unit(const struct proposing *x, struct slice *s)
{
	size_t longest = 0;

	for (size_t i = 0; i < catalogue_units(x->cat); i++) {
		const struct unit *u = catalogue_unit_at(x->cat, i);

		for (size_t k = 0; k < u->nnames + u->naliases; k++) {
			const char *name =
				k < u->nnames ? u->names[k].text : u->aliases[k - u->nnames];

			if (strlen(name) > longest && slice_starts(*s, name))
				longest = strlen(name);
		}
	}
	*s = text_trim(slice_skip(*s, longest));
	return longest > 0;
}

static bool cut_period(struct slice *s)
{
	struct slice found;

	if (!period_find(*s, &found) || found.p != s->p)
		return false;
	*s = text_trim(slice_skip(*s, found.n));
	return true;
}

/* The indicator of "甲子市2026年10月各园区规上工业增加值完成情况（万元）": nothing else may stand
 * in the line, since 民间固定资产投资 is another. `text` becomes its name and measure. */
static const struct indicator *indicator_within(struct proposing *x, struct slice *text,
						struct slice *measure)
{
	static const char *const before[] = { "各",     "全市",     "全县", "全区",   "产业集聚区",
					      "集聚区", "产业园区", "园区", "开发区", "县区",
					      "分",     "的",       "份",   "末",     "主要" };
	static const char *const behind[] = { "情况", "完成", "统计", "一览", "月报",
					      "快报", "进度", "汇总", "表",   "数据" };
	struct slice name = *text, inside = slice_of("", 0);
	const struct indicator *i = catalogue_find_indicator_plainly(x->cat, *text, measure, NULL);
	const char *with;

	if (i)
		return i;
	if (heading_cut_bracket(*text, &name, &inside) && !heading_names_measure(inside) &&
	    !heading_find_label(inside, "单位", &inside))
		return NULL;
	while (name.n && (cut_period(&name) || cut_unit(x, &name) ||
			  cut_word(&name, before, sizeof(before) / sizeof(before[0]), false) ||
			  cut_word(&name, behind, sizeof(behind) / sizeof(behind[0]), true)))
		;
	i = name.n ? catalogue_find_indicator_plainly(x->cat, name, measure, NULL) : NULL;
	if (!i)
		return NULL;
	with = inside.n ? arena_printf(x->arena, "%.*s(%.*s)", SLICE_FMT(name), SLICE_FMT(inside))
			: kept_text(x, name);
	x->failed |= !with;
	*text = slice_str(with ? with : "");
	*measure = inside;
	return i;
}

/* A name that stands by itself, with the measure behind it when it has one. */
static void look_at_named(struct proposing *x, struct slice text)
{
	const struct unit *u = text.n ? unit_within(x, text) : NULL;
	struct slice measure = slice_of("", 0), name = text;
	const struct indicator *i = text.n ? indicator_within(x, &name, &measure) : NULL;
	struct axis fixed = { .where = AXIS_FIXED };

	if (u) {
		fixed.text = u->id;
		add_place(x, AXIS_UNIT, fixed);
	}
	if (!i)
		return;
	fixed.text = measure.n ? kept_text(x, name) : i->code;
	add_place(x, AXIS_INDICATOR, fixed);
	fixed.text = measure.n ? kept_text(x, name) : i->name;
	add_headed(x, fixed);
}

static void look_at_titles(struct proposing *x)
{
	const struct sample *s = x->sample;
	bool in_title = false;

	for (size_t r = 0; r < s->header; r++) {
		/* A row of the header that is left out says nothing by itself. */
		if (r + s->nheader_most >= s->body && sample_is_heading(s, r))
			continue;
		for (size_t c = 0; c < s->rows[r].n; c++) {
			struct slice text = sample_text(s, r, c), label, value, found;

			look_at_measure(x, text);
			look_at_bare_measure(x, text);
			if (heading_cut_colon(text, &label, &value) && label.n)
				look_at_title(x, label, value.n ? value : sample_text(s, r, c + 1));
			look_at_named(x, text);
			in_title |= !heading_is_of_form(text) && period_find(text, &found);
		}
	}
	if (in_title)
		add_place(x, AXIS_PERIOD, (struct axis){ .where = AXIS_IN_TITLE });
}

/* "单位：万元" in the corner of the table itself. */
static void look_at_corner(struct proposing *x)
{
	const struct sample *s = x->sample;
	struct slice value;

	for (size_t r = s->header; r < s->body; r++)
		for (size_t c = 0; c < s->rows[r].n; c++)
			if (!sample_has_figures(s, c) &&
			    heading_find_label(sample_text(s, r, c), "单位", &value) &&
			    heading_names_measure(value))
				add_place(x, AXIS_MEASURE,
					  (struct axis){ .where = AXIS_FIXED,
							 .text = kept_text(x, value) });
}

static void look_at_name(struct proposing *x)
{
	struct period p;

	if (is_unit(x, x->sample->name))
		add_place(x, AXIS_UNIT, (struct axis){ .where = AXIS_TABLE });
	if (period_parse(x->sample->name, &p, NULL) == 0 || period_is_yearless(x->sample->name))
		add_place(x, AXIS_PERIOD, (struct axis){ .where = AXIS_TABLE });
}

/* Year and month in columns of their own. */
static void look_at_year_and_month(struct proposing *x)
{
	const struct sample *s = x->sample;

	for (size_t y = 0; y < s->ncolumns; y++)
		for (size_t m = 0; m < s->ncolumns; m++) {
			size_t both[] = { y, m };

			if (m != y && sample_share(s, y, CELL_YEAR) > 0.9 &&
			    sample_share(s, m, CELL_MONTH) > 0.9 &&
			    sample_share(s, m, CELL_YEAR) == 0)
				add_place(x, AXIS_PERIOD, by_columns(x, both, 2));
		}
}

static void look_at_label_and_heading(struct proposing *x)
{
	struct places labels = x->places[AXIS_INDICATOR];

	for (size_t i = 0; i < labels.n; i++)
		if (labels.list[i].where == AXIS_COLUMN || labels.list[i].where == AXIS_TITLE)
			add_headed(x, labels.list[i]);
}

/* A column that is headed 累计, 同比增长 or 2025年 is no plain value: what it holds the heading
 * says. */
static bool says_more(const struct sample *s, size_t column)
{
	for (size_t r = s->body - s->nheader_most; r < s->body; r++)
		if (column < s->rows[r].n && (s->kinds[r][column] & (CELL_ASPECT | CELL_PERIOD)))
			return true;
	return false;
}

/* Numbers of rows, and figures of something else than the period. */
static bool is_no_value(struct slice heading)
{
	static const char *const words[] = { "代码", "编码", "编号", "序号", "行次",   "位次",
					     "名次", "排名", "排序", "计划", "目标",   "任务",
					     "预计", "预期", "上月", "上期", "上季",   "上年",
					     "去年", "年初", "同期", "环比", "完成率", "进度",
					     "占比", "比重", "增减", "增加", "增长",   "增速" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(heading.p, heading.n, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool may_be_value(const struct sample *s, size_t c)
{
	return sample_has_figures(s, c) && sample_share(s, c, CELL_YEAR) < 0.9 &&
	       !says_more(s, c) && !is_no_value(s->headings[c]);
}

/* 数值, 完成额, 本期 and nothing else. */
static bool is_value_word(struct proposing *x, struct slice heading)
{
	static const char *const words[] = { "数值",      "值",     "数据",       "数",
					     "数量",      "金额",   "指标值",     "观测值",
					     "实际值",    "实际数", "报告期数值", "value",
					     "obs_value", "data",   "figure" };
	struct heading h;

	if (utf8_bad_at(heading) >= 0)
		return false;
	x->failed |= !heading_read(heading, x->arena, &h);
	if (x->failed || h.form != HEADING_ANY || h.year_ago)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(h.name, words[i]))
			return true;
	return !h.name.n && heading.n;
}

/* Of several columns with figures the one that is meant must say so; the only one need not. */
static void look_at_values(struct proposing *x)
{
	const struct sample *s = x->sample;
	size_t figures = 0;

	for (size_t c = 0; c < s->ncolumns; c++)
		figures += may_be_value(s, c) && sample_share(s, c, CELL_MONTH) < 0.9;
	for (size_t c = s->ncolumns; c-- > 0;)
		if (may_be_value(s, c) &&
		    (figures == 1 || s->records || is_value_word(x, s->headings[c])))
			add_place(x, AXIS_VALUE, by_columns(x, &c, 1));
}

static bool is_headed(const struct sample *s, size_t column, const char *const *names, size_t n,
		      const char *ending)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(s->headings[column], names[i]))
			return true;
	return s->records && slice_ends(s->headings[column], ending);
}

/* A column that is headed as one of measures counts though none of them is known here: what is not
 * known is refused then, and not taken in what the catalogue counts in. */
static void look_at_measures(struct proposing *x)
{
	static const char *const names[] = { "计量单位", "单位", "金额单位", "数据单位", "unit" };
	const struct sample *s = x->sample;

	look_at_columns(x, AXIS_MEASURE, CELL_MEASURE, 0.5);
	for (size_t c = 0; c < s->ncolumns && !x->places[AXIS_MEASURE].n; c++)
		if (is_headed(s, c, names, sizeof(names) / sizeof(names[0]), ".unit") &&
		    !sample_has_figures(s, c) && sample_share(s, c, CELL_UNIT) == 0 &&
		    sample_share(s, c, 0) > 0)
			add_place(x, AXIS_MEASURE, by_columns(x, &c, 1));
}

/* Of SDMX and JSON-stat; without it figures would come out thousands of times too small. */
static void look_at_multiplier(struct proposing *x)
{
	static const char *const names[] = { "UNIT_MULT" };

	for (size_t c = 0; c < x->sample->ncolumns; c++)
		if (is_headed(x->sample, c, names, 1, ".multiplier"))
			add_place(x, AXIS_MULTIPLIER, by_columns(x, &c, 1));
}

static void look(struct proposing *x)
{
	look_at_columns(x, AXIS_UNIT, CELL_UNIT, 0.5);
	look_at_header(x, AXIS_UNIT, CELL_UNIT, 0.4);
	look_at_columns(x, AXIS_INDICATOR, CELL_INDICATOR, 0.25);
	look_at_header(x, AXIS_INDICATOR, CELL_INDICATOR, 0);
	if (x->sample->nheader > 1)
		add_place(x, AXIS_INDICATOR, (struct axis){ .where = AXIS_HEADER });
	look_at_year_and_month(x);
	look_at_columns(x, AXIS_PERIOD, CELL_PERIOD, 0.9);
	look_at_header(x, AXIS_PERIOD, CELL_PERIOD, 0.4);
	/* What a row says goes before what the whole says. */
	look_at_measures(x);
	look_at_multiplier(x);
	look_at_corner(x);
	look_at_titles(x);
	look_at_label_and_heading(x);
	look_at_name(x);
	look_at_values(x);
	look_at_columns(x, AXIS_FLAG, CELL_FLAG, 0.9);
}

/* --- trying ---------------------------------------------------------------------------- */

static bool spreads(const struct axis *a)
{
	return a->where == AXIS_HEADER || a->headed;
}

static bool row_has(const struct sample *s, size_t row, unsigned kind)
{
	for (size_t c = 0; c < s->ncolumns; c++)
		if (sample_has_figures(s, c) && (kinds_at(s, row, c) & kind))
			return true;
	return false;
}

/* Whether the axis reads this row of the header, by itself or joined with the others. */
static bool reads_row(const struct axis *a, const struct sample *s, size_t row)
{
	return spreads(a) && (!a->row || a->row == row - s->header + 1);
}

/* Whether what this cell of the header says is lost, when only the row of the indicator counts. */
static bool is_lost(const struct sample *s, size_t row, size_t c, size_t indicator)
{
	struct slice text = sample_text(s, row, c);

	if (!text.n || slice_eq(text, sample_text(s, indicator, c)))
		return false;
	/* 规模以上 over the names says nothing that matters. */
	return row > indicator || is_no_value(text) ||
	       (kinds_at(s, row, c) & (CELL_ASPECT | CELL_MEASURE | CELL_PERIOD | CELL_UNIT));
}

/* Whether a row of a stacked header that says something over figures is read by no axis; 累计 and
 * 万元 only that of the indicator can read. */
static bool leaves_out(const struct proposing *x, const struct layout *l)
{
	const struct sample *s = x->sample;
	const struct axis *i = &l->indicator;

	for (size_t r = s->header; r < s->body && s->nheader > 1; r++) {
		size_t of = spreads(i) && i->row ? s->header + i->row - 1 : s->header;

		if (reads_row(i, s, r))
			continue;
		if (row_has(s, r, CELL_ASPECT | CELL_MEASURE))
			return true;
		if (reads_row(&l->unit, s, r) || reads_row(&l->period, s, r))
			continue;
		for (size_t c = 0; c < s->ncolumns; c++)
			if (sample_has_figures(s, c) && is_lost(s, r, c, of))
				return true;
	}
	return false;
}

/* Whether the axes can stand together. */
static bool is_possible(const struct layout *l)
{
	size_t n = 0;

	for (int i = 0; i < AXIS_VALUE; i++) {
		n += spreads(&l->axes[i]);
		for (int k = 0; k < i; k++)
			if (spreads(&l->axes[i]) && spreads(&l->axes[k]) &&
			    (!l->axes[i].row || l->axes[i].row == l->axes[k].row))
				return false;
	}
	return (n == 0) == (l->value.where == AXIS_COLUMN);
}

/* A refused figure is one that was found at least. */
static double worth(size_t kept, size_t refused)
{
	return (double)kept - 0.25 * (double)refused;
}

static void note_refused(struct proposing *x, const struct batch *b)
{
	size_t k = 0;

	while (k < b->ncomplaints && refusal_keeps(b->complaints[k].why))
		k++;
	if (k == b->ncomplaints)
		return;
	x->refused = b->refused;
	snprintf(x->why, sizeof(x->why), "line %u: %s", b->complaints[k].line,
		 b->complaints[k].text);
}

/* The list goes with `x`, the proposal stays. */
static void keep_sheets(struct proposing *x)
{
	struct layout *l = &x->best->layout;
	const char **list = l->nsheets ? arena_array(x->arena, 1, sizeof(*list)) : NULL;

	x->failed |= l->nsheets && !list;
	if (list)
		list[0] = x->sheet[0];
	l->sheets = list;
	l->nsheets = list ? 1 : 0;
}

static int try_layout(struct proposing *x, const struct layout *l, struct err *e)
{
	struct document d = *x->doc;
	struct batch *b = batch_new(ARENA_BYTES, e);
	struct proposal *best = x->best;
	struct err why;

	if (!b)
		return -1;
	d.layout = l;
	d.format = x->samples.format;
	d.rows_limit = TRIED_ROWS;
	document_decode(&d, x->cat, NULL, b, &why);
	best->tried++;
	x->tried++;
	if (b->nobs > 0 &&
	    (best->kept == 0 || worth(b->nobs, b->refused) > worth(best->kept, best->refused))) {
		best->kept = b->nobs;
		best->refused = b->refused;
		best->layout = *l;
		keep_sheets(x);
	}
	if (!best->kept && b->refused > x->refused)
		note_refused(x, b);
	batch_free(b);
	return 0;
}

/* Headings over figures that name nothing: 序号, 位次. */
static void find_ignored(struct proposing *x)
{
	const struct sample *s = x->sample;

	x->nignored = 0;
	x->ignored = arena_array(x->arena, IGNORED_MOST, sizeof(*x->ignored));
	x->failed |= !x->ignored;
	for (size_t c = 0; c < s->ncolumns && x->ignored && x->nignored < IGNORED_MOST; c++) {
		unsigned kinds = 0;

		for (size_t r = s->header; r < s->body; r++)
			if (c < s->rows[r].n)
				kinds |= s->kinds[r][c];
		if (!s->headings[c].n || !sample_has_figures(s, c) ||
		    (kinds & (CELL_INDICATOR | CELL_UNIT | CELL_PERIOD | CELL_ASPECT)))
			continue;
		x->ignored[x->nignored++] = kept_text(x, s->headings[c]);
	}
}

static struct axis place_at(const struct places *p, size_t k)
{
	return k < p->n ? p->list[k] : (struct axis){ .where = AXIS_NONE };
}

/* Of one indicator that a title names a column 房地产开发投资 may be another. */
static bool value_may_be_of(struct proposing *x, const struct layout *l)
{
	const char *name = l->value.ncolumns ? l->value.columns[0] : "";

	return l->indicator.where == AXIS_COLUMN || x->sample->records || name[0] == '#' ||
	       is_value_word(x, slice_str(name));
}

static int try_values(struct proposing *x, struct layout *l, struct err *e)
{
	bool spread = spreads(&l->unit) || spreads(&l->indicator) || spreads(&l->period);
	size_t n = spread ? 1 : x->places[AXIS_VALUE].n;

	l->ignore = spread ? x->ignored : NULL;
	l->nignore = spread ? x->nignored : 0;
	for (size_t v = 0; v < n && x->tried < TRIED_MOST; v++) {
		l->value = spread ? (struct axis){ 0 } : place_at(&x->places[AXIS_VALUE], v);
		if (is_possible(l) && (spread ? !leaves_out(x, l) : value_may_be_of(x, l)) &&
		    try_layout(x, l, e) < 0)
			return -1;
	}
	return 0;
}

static bool names_other_unit(const struct proposing *x, const struct sample *s, const char *id)
{
	for (size_t r = 0; r < s->body; r++)
		for (size_t c = 0; c < s->rows[r].n; c++) {
			const struct unit *u = unit_within(x, sample_text(s, r, c));

			if (u && strcmp(u->id, id) != 0)
				return true;
		}
	return false;
}

static bool says_measure(const struct sample *s)
{
	struct slice value, name;

	for (size_t r = 0; r < s->body - s->nheader_most; r++)
		for (size_t c = 0; c < s->rows[r].n; c++) {
			struct slice text = sample_text(s, r, c), inside = text;

			heading_cut_bracket(text, &name, &inside);
			if (heading_names_measure(inside) ||
			    (heading_find_label(text, "单位", &value) &&
			     heading_names_measure(value)))
				return true;
		}
	return false;
}

/* What is fixed after the title of one sheet need not hold for the others: 万元 here, 亿元 there.
 */
static void choose_sheet(struct proposing *x, struct layout *l)
{
	bool other = false;

	l->sheets = NULL;
	l->nsheets = 0;
	for (size_t i = 0; i < x->samples.n; i++) {
		const struct sample *s = &x->samples.list[i];

		if (s == x->sample || s->body >= s->n)
			continue;
		other |= l->indicator.where == AXIS_FIXED || l->measure.where == AXIS_FIXED ||
			 (l->measure.where == AXIS_NONE && says_measure(s)) ||
			 (l->unit.where == AXIS_FIXED && names_other_unit(x, s, l->unit.text));
	}
	if (!other || x->sample->records || !x->sample->name.n)
		return;
	l->sheets = x->sheet;
	l->nsheets = 1;
}

static int try_all(struct proposing *x, struct err *e)
{
	const struct places *u = &x->places[AXIS_UNIT], *i = &x->places[AXIS_INDICATOR],
			    *p = &x->places[AXIS_PERIOD];
	struct layout l = { .header_rows = x->sample->nheader ? (unsigned)x->sample->nheader : 1,
			    .delimiter =
				    x->samples.format == FORMAT_CSV ? x->samples.delimiter : '\0' };

	l.measure = place_at(&x->places[AXIS_MEASURE], 0);
	l.flag = place_at(&x->places[AXIS_FLAG], 0);
	l.multiplier = place_at(&x->places[AXIS_MULTIPLIER], 0);
	for (size_t a = 0; a < u->n; a++)
		for (size_t b = 0; b < i->n; b++)
			for (size_t c = 0; c < p->n; c++) {
				l.unit = u->list[a];
				l.indicator = i->list[b];
				l.period = p->list[c];
				choose_sheet(x, &l);
				if (try_values(x, &l, e) < 0)
					return -1;
			}
	return 0;
}

/* --- the document ------------------------------------------------------------------------ */

static void choose_sample(struct proposing *x)
{
	for (size_t i = 0; i < x->samples.n; i++) {
		struct sample *s = &x->samples.list[i];

		if (!x->sample || s->end - s->body > x->sample->end - x->sample->body)
			x->sample = s;
	}
}

static int nothing_found(const struct proposing *x, struct err *e)
{
	for (int i = 0; i < AXIS_VALUE; i++)
		if (!x->places[i].n)
			return err_set(e, ERR_NOT_FOUND,
				       i == AXIS_UNIT ? "no cell, title or sheet is a unit of the "
							"catalogue"
				       : i == AXIS_INDICATOR
					       ? "no row, column or heading is an indicator of "
						 "the catalogue"
					       : "no cell, title or sheet is a period such as "
						 "2026年10月");
	return err_set(e, ERR_NOT_FOUND, "%u layouts were tried, and none gave a figure%s%s",
		       x->best->tried, x->why[0] ? "; under the nearest: " : "", x->why);
}

/* Two tables beside each other look like one whose rows have two units each. */
static int check_beside(struct proposing *x, struct err *e)
{
	const struct sample *s = x->sample;
	char shown[TEXT_SHOWN];

	for (size_t c = 0; c < s->ncolumns; c++)
		for (size_t k = 0; k < c; k++)
			if (s->headings[c].n && slice_eq(s->headings[k], s->headings[c]) &&
			    sample_share(s, k, CELL_UNIT) > 0.5 &&
			    sample_share(s, c, CELL_UNIT) > 0.5)
				return err_set(e, ERR_NOT_FOUND,
					       "columns %zu and %zu are both headed %s: two tables "
					       "stand beside each other, of which no layout can "
					       "make one; put one below the other",
					       k + 1, c + 1, text_shown(s->headings[c], shown));
	return 0;
}

/* All that is possible with a header of so many rows. */
static int try_header(struct proposing *x, size_t n, struct err *e)
{
	bool csv = x->samples.format == FORMAT_CSV;

	if (sample_set_header(x->sample, n, csv, x->arena, e) < 0)
		return -1;
	if (check_beside(x, e) < 0)
		return -1;
	memset(x->places, 0, sizeof(x->places));
	x->tried = 0;
	look(x);
	find_ignored(x);
	if (x->failed)
		return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
	return try_all(x, e);
}

/* The one class all units have under the best layout is not known here: all are taken. */
int propose(const struct document *d, const struct catalogue *cat, struct arena *a,
	    struct proposal *out, struct err *e)
{
	struct proposing x = { .doc = d, .cat = cat, .arena = a, .best = out };
	struct slice text = d->body;
	struct buf room;
	size_t broken;
	int rc = 0;

	*out = (struct proposal){ .class = UNIT_CLASSES };
	buf_init(&room, d->body.n < SIZE_MAX / 4 ? d->body.n * 3 + 16 : SIZE_MAX);
	if (format_of(format_told(d->format, d->body))->as_text)
		rc = body_decode(d->body, d->encoding, &room, &text, NULL, &broken, e);
	if (rc == 0)
		rc = samples_read(d, text, cat, a, &x.samples, e);
	if (rc == 0) {
		out->format = x.samples.format;
		choose_sample(&x);
		x.sheet[0] = x.sample ? kept_text(&x, x.sample->name) : "";
	}
	if (rc == 0 && !x.sample)
		rc = err_set(e, ERR_NOT_FOUND, "the document has no rows");
	/* A row of the header too few may be the one that says 上年同期. */
	for (size_t n = rc == 0 ? x.sample->nheader_most : 0; rc == 0 && !out->kept; n--) {
		rc = try_header(&x, n, e);
		if (n <= 1)
			break;
	}
	if (rc == 0 && !out->kept)
		rc = nothing_found(&x, e);
	buf_release(&room);
	return rc;
}

/* --- as configuration -------------------------------------------------------------------- */

/* What does not stand in YAML as it is, or ends a line there: controls, NEL, line and paragraph
 * separators, BOM and the last two of the plane. */
static bool is_escaped(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       (c & ~1u) == 0xfffe;
}

/* Always in quotes: names may hold whatever YAML gives a meaning to. */
static void put_text(struct buf *out, const char *text)
{
	struct slice rest = slice_str(text);

	buf_putc(out, '"');
	while (rest.n) {
		uint32_t c;
		size_t n = utf8_get(rest, &c);

		if (c == '"' || c == '\\')
			buf_putc(out, '\\');
		if (n && is_escaped(c))
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			buf_slice(out, slice_of(rest.p, n ? n : 1));
		rest = slice_skip(rest, n ? n : 1);
	}
	buf_putc(out, '"');
}

static void put_list(struct buf *out, const char *const *list, size_t n)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? ", " : "");
		put_text(out, list[i]);
	}
	buf_putc(out, ']');
}

static void put_axis(struct buf *out, const struct axis *x)
{
	buf_putc(out, '{');
	switch (x->where) {
	case AXIS_FIXED:
		buf_puts(out, "is: ");
		put_text(out, x->text);
		break;
	case AXIS_TITLE:
		buf_puts(out, "title: ");
		put_text(out, x->text);
		break;
	case AXIS_IN_TITLE:
		buf_puts(out, "in_title: true");
		break;
	case AXIS_TABLE:
		buf_puts(out, "sheet: true");
		break;
	case AXIS_HEADER:
		if (x->row)
			buf_printf(out, "header_row: %u", x->row);
		else
			buf_puts(out, "header: true");
		break;
	default:
		buf_puts(out, x->ncolumns > 1 ? "columns: " : "column: ");
		if (x->ncolumns > 1)
			put_list(out, x->columns, x->ncolumns);
		else
			put_text(out, x->columns[0]);
	}
	if (x->headed && x->row)
		buf_printf(out, ", header_row: %u", x->row);
	else if (x->headed)
		buf_puts(out, ", header: true");
	buf_puts(out, "}\n");
}

void proposal_print(const struct proposal *p, unsigned indent, struct buf *out)
{
	const struct layout *l = &p->layout;
	int in = (int)indent;

	/* Whoever hands in CSV today may hand in a workbook next month. */
	buf_printf(out, "%*sformat: %s\n", in, "",
		   format_of(format_of(p->format)->kind == KIND_GRID ? FORMAT_TABLE : p->format)
			   ->name);
	if (p->class == UNIT_CLASSES)
		buf_printf(out, "%*sclass: any\n", in, "");
	buf_printf(out, "%*slayout:\n", in, "");
	for (int i = 0; i < AXES; i++) {
		if (l->axes[i].where == AXIS_NONE)
			continue;
		buf_printf(out, "%*s  %s: ", in, "", axis_names[i]);
		put_axis(out, &l->axes[i]);
	}
	if (l->header_rows > 1)
		buf_printf(out, "%*s  header_rows: %u\n", in, "", l->header_rows);
	if (l->delimiter && l->delimiter != ',') {
		buf_printf(out, "%*s  delimiter: ", in, "");
		buf_puts(out, l->delimiter == '\t' ? "tab\n" : "");
		if (l->delimiter != '\t')
			buf_printf(out, "\"%c\"\n", l->delimiter);
	}
	if (l->nsheets) {
		buf_printf(out, "%*s  sheets: ", in, "");
		put_list(out, l->sheets, l->nsheets);
		buf_putc(out, '\n');
	}
	if (l->nignore) {
		buf_printf(out, "%*s  ignore: ", in, "");
		put_list(out, l->ignore, l->nignore);
		buf_putc(out, '\n');
	}
}
