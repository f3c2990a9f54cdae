/*
 * page_tables.c - the overview's two tables: units ranked, indicators with targets.
 *
 * Ranks hold within one class and one league, so each gets a table of its own. A
 * unit without a pace is not left out: it stands below the ranked ones with the
 * reason, because silence must not look like absence.
 */
#include "exporters/page.h"

#include <stdlib.h>

/* --- units -------------------------------------------------------------------------- */

struct unit_row {
	const struct unit_summary *s;
	unsigned closed, targets, judged; /* figures: of a closed period, with target, and in */
	struct period newest;             /* latest period of which anything is in */
	int64_t received_ms;              /* last arrival; 0: never */
};

static const struct unit_summary *summary_of(const void *row)
{
	return ((const struct unit_row *)row)->s;
}

static const char *why_unranked(const struct unit_row *r)
{
	if (!r->closed)
		return "不排名：尚无已关账的账期";
	if (!r->targets)
		return "不排名：没有年度目标";
	if (!r->judged)
		return "不排名：评估账期的数字未报";
	return "不排名：缺少计算进度的依据";
}

static void rank_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (summary_of(row)->rank)
		buf_printf(b, "%u", summary_of(row)->rank);
}

static void unit_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_unit_link(b, ctx, summary_of(row)->unit);
}

static void county_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_county(b, ctx, summary_of(row)->unit);
}

static void type_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct page *p = ctx;

	html_text(b, unit_type(summary_of(row)->unit, p->today));
}

static void worst_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (summary_of(row)->worst != LIGHT_NONE)
		cell_light(b, summary_of(row)->worst);
}

#define LIGHT_CELL(name, of, light)                                                                \
	static void name(struct buf *b, const void *ctx, const void *row)                          \
	{                                                                                          \
		(void)ctx;                                                                         \
		buf_printf(b, "%u", of(row)[light]);                                               \
	}

static const unsigned *unit_lights(const void *row)
{
	return summary_of(row)->lights;
}

LIGHT_CELL(unit_green_cell, unit_lights, LIGHT_GREEN)
LIGHT_CELL(unit_watch_cell, unit_lights, LIGHT_WATCH)
LIGHT_CELL(unit_yellow_cell, unit_lights, LIGHT_YELLOW)
LIGHT_CELL(unit_red_cell, unit_lights, LIGHT_RED)
LIGHT_CELL(unit_none_cell, unit_lights, LIGHT_NONE)

static void mean_pace_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct unit_summary *s = summary_of(row);

	(void)ctx;
	if (!s->with_pace)
		return;
	cell_fixed(b, s->mean_pace, 3);
	buf_printf(b, " <small>（%u 项）</small>", s->with_pace);
}

static void newest_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct unit_row *r = row;

	if (!r->received_ms)
		return;
	cell_period(b, r->newest);
	buf_puts(b, "<br><small>");
	cell_time(b, ctx, r->received_ms);
	buf_puts(b, "</small>");
}

static void on_time_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	cell_punctuality(b, &summary_of(row)->punctuality);
}

static void remark_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct unit_row *r = row;

	(void)ctx;
	cell_late(b, r->s->late, r->s->late_hours);
	if (r->s->rank)
		return;
	buf_puts(b, r->s->late ? "；" : "");
	buf_puts(b, why_unranked(r));
}

static const struct html_column unit_columns[] = {
	{ "名次", "rank", .number = true, .cell = rank_cell },
	{ "单位", "unit", .head = true, .cell = unit_cell },
	{ "县区", "county", .cell = county_cell },
	{ "类型", "type", .cell = type_cell },
	{ "最差灯", "worst light", .cell = worst_cell },
	{ "● 绿", "green", .number = true, .cell = unit_green_cell },
	{ "◆ 关注", "watch", .number = true, .cell = unit_watch_cell },
	{ "▲ 黄", "yellow", .number = true, .cell = unit_yellow_cell },
	{ "■ 红", "red", .number = true, .cell = unit_red_cell },
	{ "○ 未评", "no light", .number = true, .cell = unit_none_cell },
	{ "平均进度比", "mean pace", .number = true, .cell = mean_pace_cell },
	{ "最新账期，收到", "newest, received", .nowrap = true, .cell = newest_cell },
	{ "按时报送", "on time", .number = true, .cell = on_time_cell },
	{ "迟报与说明", "late, remarks", .cell = remark_cell },
};

static const char *unit_row_class(const void *row)
{
	return summary_of(row)->late ? "late" : NULL;
}

static int by_group(const struct unit_summary *x, const struct unit_summary *y)
{
	if (x->unit->class != y->unit->class)
		return x->unit->class < y->unit->class ? -1 : 1;
	return strcmp(x->league, y->league);
}

/* Class, league, rank; the unranked behind, as the catalogue has them. */
static int by_group_then_rank(const void *pa, const void *pb)
{
	const struct unit_summary *x = summary_of(*(void *const *)pa);
	const struct unit_summary *y = summary_of(*(void *const *)pb);
	int c = by_group(x, y);

	if (c)
		return c;
	if (x->rank != y->rank)
		return !x->rank ? 1 : !y->rank || x->rank < y->rank ? -1 : 1;
	return x->unit->index < y->unit->index ? -1 : x->unit->index > y->unit->index;
}

static void add_figure(struct unit_row *r, const struct figure *f)
{
	r->closed += f->judged.freq != FREQ_NONE;
	r->targets += f->target != NULL;
	r->judged += f->target && f->has_judged;
	if (!f->has_value)
		return;
	if (!r->received_ms || date_cmp(period_last_day(f->period), period_last_day(r->newest)) > 0)
		r->newest = f->period;
	if (f->received_ms > r->received_ms)
		r->received_ms = f->received_ms;
}

/* The rows of all units, with what explains a missing rank; pointers to them in *out. */
static int make_unit_rows(struct page *p, const void ***out, struct err *e)
{
	const struct assessment *a = p->a;
	struct unit_row *rows = arena_array(&p->x->arena, a->nunits + 1, sizeof(*rows));
	/* Place of a unit's row plus one, by the unit's place in the catalogue. */
	size_t *place = arena_array(&p->x->arena, catalogue_units(p->c) + 1, sizeof(*place));

	*out = arena_array(&p->x->arena, a->nunits + 1, sizeof(**out));
	if (!rows || !place || !*out)
		return err_set(e, ERR_LIMIT, "no room for a table of %zu units", a->nunits);
	for (size_t i = 0; i < a->nunits; i++) {
		rows[i].s = &a->units[i];
		place[a->units[i].unit->index] = i + 1;
		(*out)[i] = &rows[i];
	}
	for (size_t i = 0; i < a->nfigures; i++) {
		const struct figure *f = &a->figures[i];

		if (place[f->unit->index])
			add_figure(&rows[place[f->unit->index] - 1], f);
	}
	return 0;
}

static void put_group(struct page *p, const void *const *rows, size_t n)
{
	const struct html_table t = { HTML_COLUMNS(unit_columns), .row_class = unit_row_class,
				      .ctx = p };

	page_group_heading(p->b, summary_of(rows[0])->unit->class, summary_of(rows[0])->league);
	html_table(p->b, &t, rows, n);
}

int page_unit_ranks(struct page *p, struct err *e)
{
	size_t n = p->a->nunits, start = 0;
	const void **rows;

	if (make_unit_rows(p, &rows, e) < 0)
		return -1;
	qsort(rows, n, sizeof(*rows), by_group_then_rank);
	page_section(p, "单位排名 Units by mean pace");
	buf_puts(p->b, "<p class=\"sub\"><small>进度比 = 完成率 ÷ 应达进度，1 为达到进度；"
		       "单位按各指标进度比的平均值在同类同联盟内排名。</small></p>\n");
	for (size_t i = 1; i <= n; i++) {
		if (i < n && by_group(summary_of(rows[start]), summary_of(rows[i])) == 0)
			continue;
		put_group(p, rows + start, i - start);
		start = i;
	}
	if (n == 0)
		buf_puts(p->b, "<p>没有需要上报的单位。</p>\n");
	page_section_end(p);
	return 0;
}

/* --- indicators ------------------------------------------------------------------------- */

struct indicator_row {
	const struct indicator_summary *s;
	unsigned lights[5];
	bool has_target;
};

static const struct indicator_summary *indicator_of(const void *row)
{
	return ((const struct indicator_row *)row)->s;
}

static void indicator_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	cell_indicator_link(b, indicator_of(row)->indicator);
}

static void closed_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	cell_period(b, indicator_of(row)->closed);
}

static void closed_at_cell(struct buf *b, const void *ctx, const void *row)
{
	if (indicator_of(row)->closed.freq != FREQ_NONE)
		cell_time(b, ctx, indicator_of(row)->closed_ms);
}

static void reported_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct indicator_summary *s = indicator_of(row);

	(void)ctx;
	if (s->closed.freq != FREQ_NONE)
		buf_printf(b, "%u / %u", s->reporting, s->expected);
}

static const unsigned *indicator_lights(const void *row)
{
	return ((const struct indicator_row *)row)->lights;
}

LIGHT_CELL(indicator_green_cell, indicator_lights, LIGHT_GREEN)
LIGHT_CELL(indicator_watch_cell, indicator_lights, LIGHT_WATCH)
LIGHT_CELL(indicator_yellow_cell, indicator_lights, LIGHT_YELLOW)
LIGHT_CELL(indicator_red_cell, indicator_lights, LIGHT_RED)
LIGHT_CELL(indicator_none_cell, indicator_lights, LIGHT_NONE)

static const struct html_column indicator_columns[] = {
	{ "指标", "indicator", .head = true, .cell = indicator_cell },
	{ "评估账期", "closed period", .nowrap = true, .cell = closed_cell },
	{ "关账时间", "closed at", .number = true, .cell = closed_at_cell },
	{ "已报/应报", "in/expected", .number = true, .cell = reported_cell },
	{ "● 绿", "green", .number = true, .cell = indicator_green_cell },
	{ "◆ 关注", "watch", .number = true, .cell = indicator_watch_cell },
	{ "▲ 黄", "yellow", .number = true, .cell = indicator_yellow_cell },
	{ "■ 红", "red", .number = true, .cell = indicator_red_cell },
	{ "○ 未评", "no light", .number = true, .cell = indicator_none_cell },
};

static struct indicator_row *make_indicator_rows(struct page *p, struct err *e)
{
	const struct assessment *a = p->a;
	/* By place in the catalogue, which is that of the summaries, too. */
	struct indicator_row *rows =
		arena_array(&p->x->arena, catalogue_indicators(p->c) + 1, sizeof(*rows));

	if (!rows) {
		err_set(e, ERR_LIMIT, "no room for a table of %zu indicators", a->nindicators);
		return NULL;
	}
	for (size_t i = 0; i < a->nindicators; i++)
		rows[a->indicators[i].indicator->index].s = &a->indicators[i];
	/* Not the figures' targets: those are only known once a period is closed. */
	for (size_t i = 0; i < catalogue_targets(p->c); i++)
		rows[catalogue_target_at(p->c, i)->indicator->index].has_target = true;
	for (size_t i = 0; i < a->nfigures; i++) {
		const struct figure *f = &a->figures[i];

		if (!f->target && f->light == LIGHT_NONE)
			continue;
		rows[f->indicator->index].lights[f->light]++;
		rows[f->indicator->index].has_target = true;
	}
	return rows;
}

static void put_others(struct page *p, const struct indicator_row *rows, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (!rows[i].s || rows[i].has_target)
			continue;
		buf_puts(p->b, any ? "、"
				   : "<p>没有目标的指标 <small lang=\"en\">without targets"
				     "</small>：");
		cell_indicator_link(p->b, rows[i].s->indicator);
		any = true;
	}
	if (any)
		buf_puts(p->b, "</p>\n");
}

int page_indicator_matrix(struct page *p, struct err *e)
{
	const struct html_table t = { HTML_COLUMNS(indicator_columns), .ctx = p };
	struct indicator_row *all = make_indicator_rows(p, e);
	size_t count = catalogue_indicators(p->c), n = 0;
	const void **rows = arena_array(&p->x->arena, count + 1, sizeof(*rows));

	if (!all)
		return -1;
	if (!rows)
		return err_set(e, ERR_LIMIT, "no room for a table of %zu indicators", count);
	for (size_t i = 0; i < count; i++)
		if (all[i].s && all[i].has_target)
			rows[n++] = &all[i];
	page_section(p, "有目标的指标 Indicators with targets");
	if (n)
		html_table(p->b, &t, rows, n);
	else
		buf_puts(p->b,
			 "<p>没有设定目标：目标写在目录文件的 <code>targets:</code> 下。</p>\n");
	put_others(p, all, count);
	page_section_end(p);
	return 0;
}
