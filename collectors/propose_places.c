/*
 * propose_places.c - where each axis may stand. See propose_private.h.
 */
#include "collectors/propose_private.h"

#include "collectors/heading.h"

static void add_place(struct proposing *x, int axis, struct axis place)
{
	struct places *p = &x->places[axis];

	if (p->n < PLACES_MOST)
		p->list[p->n++] = place;
}

const char *propose_text(struct proposing *x, struct slice s)
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
		return propose_text(x, s->headings[column]);
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

/* Whether another row of the header says something over figures that must not be left out, and that
 * this one does not say too (as a cell does that is merged over both). */
static bool others_say_more(const struct sample *s, size_t row)
{
	for (size_t r = s->header; r < s->body; r++)
		for (size_t c = 0; c < s->ncolumns; c++)
			if (r != row && sample_has_figures(s, c) &&
			    (propose_kinds_at(s, r, c) &
			     (CELL_ASPECT | CELL_INDICATOR | CELL_PERIOD)) &&
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

/* The unit with the longest of the names that stand within the text, or begin it; *n: its bytes. */
static const struct unit *longest_unit(const struct proposing *x, struct slice text, bool begins,
				       size_t *n)
{
	const struct unit *met = NULL;

	*n = 0;
	for (size_t i = 0; i < catalogue_units(x->cat); i++) {
		const struct unit *u = catalogue_unit_at(x->cat, i);

		for (size_t k = 0; k < u->nnames + u->naliases; k++) {
			const char *name =
				k < u->nnames ? u->names[k].text : u->aliases[k - u->nnames];
			size_t bytes = strlen(name);

			if (bytes <= *n || !(begins ? slice_starts(text, name)
						    : memmem(text.p, text.n, name, bytes) != NULL))
				continue;
			*n = bytes;
			met = u;
		}
	}
	return met;
}

const struct unit *propose_unit_within(const struct proposing *x, struct slice text)
{
	size_t n;

	return longest_unit(x, text, false, &n);
}

/* "填报单位：甲河", "报告期：2026年10月", "单位：万元" above the header. */
static void look_at_title(struct proposing *x, struct slice label, struct slice value)
{
	struct axis title = { .where = AXIS_TITLE };
	struct period p;

	if (is_unit(x, value)) {
		title.text = propose_text(x, label);
		add_place(x, AXIS_UNIT, title);
	} else if (catalogue_find_indicator_plainly(x->cat, value, NULL, NULL)) {
		title.text = propose_text(x, label);
		add_place(x, AXIS_INDICATOR, title);
	} else if (!heading_is_of_form(label) && period_parse(value, &p, NULL) == 0) {
		title.text = propose_text(x, label);
		add_place(x, AXIS_PERIOD, title);
	} else if (heading_names_measure(value)) {
		title.text = propose_text(x, label);
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
		    (propose_unit_within(x, value) || !heading_cut_colon(text, &label, &after) ||
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
			  (struct axis){ .where = AXIS_FIXED, .text = propose_text(x, inside) });
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
	size_t longest;
	bool any = longest_unit(x, *s, true, &longest) != NULL;

	*s = text_trim(slice_skip(*s, longest));
	return any;
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
			: propose_text(x, name);
	x->failed |= !with;
	*text = slice_str(with ? with : "");
	*measure = inside;
	return i;
}

/* A name that stands by itself, with the measure behind it when it has one. */
static void look_at_named(struct proposing *x, struct slice text)
{
	const struct unit *u = text.n ? propose_unit_within(x, text) : NULL;
	struct slice measure = slice_of("", 0), name = text;
	const struct indicator *i = text.n ? indicator_within(x, &name, &measure) : NULL;
	struct axis fixed = { .where = AXIS_FIXED };

	if (u) {
		fixed.text = u->id;
		add_place(x, AXIS_UNIT, fixed);
	}
	if (!i)
		return;
	fixed.text = measure.n ? propose_text(x, name) : i->code;
	add_place(x, AXIS_INDICATOR, fixed);
	fixed.text = measure.n ? propose_text(x, name) : i->name;
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
							 .text = propose_text(x, value) });
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
bool propose_is_no_value(struct slice heading)
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
	       !says_more(s, c) && !propose_is_no_value(s->headings[c]);
}

/* 数值, 完成额, 本期 and nothing else. */
bool propose_is_value_word(struct proposing *x, struct slice heading)
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
		    (figures == 1 || s->records || propose_is_value_word(x, s->headings[c])))
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

void propose_look(struct proposing *x)
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
