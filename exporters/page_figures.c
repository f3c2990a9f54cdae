/*
 * page_figures.c - "/unit?id=…" and "/indicator?code=…": the figures of one of them.
 *
 * Both show the same columns over the same rows, struct figure; only the first column
 * says who or what. Two periods stand side by side: the newest that is in, and the one
 * that is judged, which is the same for all units. Everything from the judged value on
 * belongs to the judged period.
 */
#include "exporters/page.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
	const struct figure *f;
	const char *league; /* in which the figure was ranked */
};

static const struct figure *figure_of(const void *row)
{
	return ((const struct row *)row)->f;
}

/* What became of the report of one period; REPORT_STATES when it is not among those looked at. */
static enum report_state state_of(const struct page *p, const struct figure *f,
				  struct period period)
{
	const struct indicator_summary *sum = &p->a->indicators[f->indicator->index];

	for (size_t k = sum->nperiods; f->deliveries && k-- > 0;)
		if (period_eq(sum->periods[k].period, period))
			return delivery_state(&sum->periods[k], &f->deliveries[k], p->a->as_of_ms);
	return REPORT_STATES;
}

/* --- cells: who and what ---------------------------------------------------------------- */

static void indicator_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct indicator *i = figure_of(row)->indicator;

	(void)ctx;
	cell_indicator_link(b, i);
	buf_puts(b, " <small>");
	html_text(b, word_form(i->form));
	buf_puts(b, "</small>");
}

static void unit_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_unit_link(b, ctx, figure_of(row)->unit);
}

/* --- cells: the newest figure ------------------------------------------------------------- */

static void period_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (figure_of(row)->has_value)
		cell_period(b, figure_of(row)->period);
}

static void put_flags(struct buf *b, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *word;
	} words[] = {
		{ FIGURE_PROVISIONAL, "初步" }, { FIGURE_REVISED, "修订" },
		{ FIGURE_ESTIMATED, "估计" },   { FIGURE_ZERO, "确认为零" },
		{ FIGURE_SUSPECT, "存疑" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (flags & words[i].flag)
			buf_printf(b, "<br><small>%s</small>", words[i].word);
}

static void value_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	(void)ctx;
	if (!f->has_value)
		return;
	cell_amount(b, f->indicator, f->value);
	put_flags(b, f->flags);
	if (!f->current)
		buf_puts(b, "<br><small class=\"mark\">已过期</small>");
}

static void received_cell(struct buf *b, const void *ctx, const void *row)
{
	if (figure_of(row)->has_value)
		cell_time(b, ctx, figure_of(row)->received_ms);
}

static void vintages_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	(void)ctx;
	if (f->has_value && f->vintages > 1)
		buf_printf(b, "修订 %u 次", f->vintages - 1);
	else if (f->has_value)
		buf_puts(b, "未修订");
}

static void state_cell(struct buf *b, const void *ctx, const void *row)
{
	static const char *const words[REPORT_STATES] = {
		[REPORT_NOT_COLLECTED] = "尚无账期",
		[REPORT_NOT_DUE] = "正常",
		[REPORT_DUE] = "待报",
		[REPORT_LATE] = "迟报",
		[REPORT_RECEIVED] = "已收，待发布",
		[REPORT_RETURNED] = "已退回",
		[REPORT_REJECTED] = "未通过核对",
		[REPORT_CONFIRMED_ZERO] = "正常",
		[REPORT_SUPPRESSED] = "已报，保密",
		[REPORT_RELEASED] = "正常",
	};
	const struct figure *f = figure_of(row);
	bool late = f->state == REPORT_LATE;

	buf_puts(b, late ? "<span class=\"mark\">" : "<span>");
	buf_puts(b, words[f->state]);
	buf_puts(b, "</span>");
	if (late) {
		buf_putc(b, ' ');
		cell_period(b, f->missing);
	}
	if (late && state_of(ctx, f, f->missing) == REPORT_REJECTED)
		buf_puts(b, "<br><small>已报，未通过核对</small>");
	if (!late && !(f->late_hours > 0))
		return;
	buf_puts(b, late ? "<br><small>逾期 " : "<br><small>最近一期晚 ");
	cell_fixed(b, f->late_hours, 1);
	buf_puts(b, " 工作小时</small>");
}

/* --- cells: the judged period -------------------------------------------------------------- */

static void judged_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	cell_period(b, figure_of(row)->judged);
}

static void judged_value_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	if (f->has_judged)
		cell_amount(b, f->indicator, f->judged_value);
	else if (state_of(ctx, f, f->judged) == REPORT_SUPPRESSED)
		buf_puts(b, "<small>保密</small>");
}

static void period_value_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	(void)ctx;
	if (!f->has_period_value)
		return;
	cell_amount(b, f->indicator, f->period_value);
	if (f->period_months > freq_months(f->indicator->freq))
		buf_printf(b, "<br><small>%d 个月合计</small>", f->period_months);
	if (f->implied_revision)
		buf_puts(b, "<br><small class=\"mark\">含追溯修订</small>");
}

static void yoy_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (figure_of(row)->has_growth_yoy)
		cell_change(b, figure_of(row)->growth_yoy);
}

static void ytd_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (figure_of(row)->has_growth_ytd)
		cell_change(b, figure_of(row)->growth_ytd);
}

static void target_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	(void)ctx;
	if (f->target)
		cell_amount(b, f->indicator, f->target->value);
}

static void attainment_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (figure_of(row)->has_attainment)
		cell_percent(b, figure_of(row)->attainment);
}

/* The provincial profile is a stand-in, and is marked as one. */
static void schedule_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);
	bool stand_in = f->schedule_source == SCHEDULE_PROVINCIAL;

	(void)ctx;
	if (!f->has_schedule)
		return;
	cell_percent(b, f->schedule);
	buf_puts(b, stand_in ? "<br><small class=\"mark\">※ " : "<br><small>");
	buf_puts(b, word_schedule(f->schedule_source));
	buf_puts(b, "</small>");
}

static void pace_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	if (figure_of(row)->has_pace)
		cell_fixed(b, figure_of(row)->pace, 3);
}

static void light_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	(void)ctx;
	if (f->target || f->light != LIGHT_NONE)
		cell_light(b, f->light);
}

static void rank_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct figure *f = figure_of(row);

	(void)ctx;
	if (f->rank)
		buf_printf(b, "%u / %u", f->rank, f->ranked);
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct html_column by_indicator = { "指标", "indicator", .head = true,
						 .cell = indicator_cell };
static const struct html_column by_unit = { "单位", "unit", .head = true, .cell = unit_cell };

static const struct html_column columns[] = {
	{ "最新期", "newest period", .nowrap = true, .cell = period_cell },
	{ "最新值", "newest value", .number = true, .cell = value_cell },
	{ "评估账期", "judged period", .nowrap = true, .cell = judged_cell },
	{ "评估值", "judged value", .number = true, .cell = judged_value_cell },
	{ "当期值", "of the period", .number = true, .cell = period_value_cell },
	{ "同比", "year on year", .number = true, .cell = yoy_cell },
	{ "累计同比", "year to date", .number = true, .cell = ytd_cell },
	{ "年度目标", "year's target", .number = true, .cell = target_cell },
	{ "完成率", "attainment", .number = true, .cell = attainment_cell },
	{ "应达进度", "schedule", .number = true, .cell = schedule_cell },
	{ "进度比", "pace", .number = true, .cell = pace_cell },
	{ "灯", "light", .cell = light_cell },
	{ "名次", "rank", .number = true, .cell = rank_cell },
	{ "收到", "received", .number = true, .cell = received_cell },
	{ "修订", "revisions", .nowrap = true, .cell = vintages_cell },
	{ "报送", "report", .nowrap = true, .cell = state_cell },
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const char *figure_row_class(const void *row)
{
	return figure_of(row)->state == REPORT_LATE ? "late" : NULL;
}

static void put_figures(struct page *p, const struct html_column *first, const void *const *rows,
			size_t n)
{
	struct html_column all[1 + COLUMNS];
	const struct html_table t = { all, 1 + COLUMNS, .row_class = figure_row_class, .ctx = p };

	all[0] = *first;
	memcpy(all + 1, columns, sizeof(columns));
	html_table(p->b, &t, rows, n);
}

static void put_legend(struct page *p)
{
	buf_puts(p->b,
		 "<p class=\"sub\"><small>应达进度的依据：分解＝目标自带的分月计划；本单位历年、"
		 "同类＝往年各月占全年的比重；※ 全省参考＝缺少历史时借用的全省比重，仅供参考；"
		 "线性＝目标规定按月均摊。— "
		 "表示没有数字，不是零；保密表示已报而不予公布。</small></p>\n");
}

/* Rows of the figures that are about `u` or `i` (the other is NULL); pointers to them in *out. */
static int select_rows(struct page *p, const struct unit *u, const struct indicator *i,
		       const void ***out, size_t *n, struct err *e)
{
	const struct assessment *a = p->a;
	size_t most = (u ? a->nindicators : a->nunits) + 1;
	struct row *rows = arena_array(&p->x->arena, most, sizeof(*rows));

	*out = arena_array(&p->x->arena, most, sizeof(**out));
	*n = 0;
	if (!rows || !*out)
		return err_set(e, ERR_LIMIT, "no room for a table of %zu figures", most);
	for (size_t k = 0; k < a->nfigures && *n < most; k++) {
		const struct figure *f = &a->figures[k];
		struct date on =
			f->judged.freq != FREQ_NONE ? period_last_day(f->judged) : p->today;

		if ((u && f->unit != u) || (i && f->indicator != i))
			continue;
		rows[*n] = (struct row){ .f = f, .league = unit_league(f->unit, on) };
		(*out)[*n] = &rows[*n];
		(*n)++;
	}
	return 0;
}

/* --- one unit ----------------------------------------------------------------------- */

static const struct unit_summary *summary_of(const struct assessment *a, const struct unit *u)
{
	for (size_t i = 0; i < a->nunits; i++)
		if (a->units[i].unit == u)
			return &a->units[i];
	return NULL;
}

static void put_unit_facts(struct page *p, const struct unit *u)
{
	buf_puts(p->b, "<p>");
	html_text(p->b, word_class(u->class));
	if (*unit_type(u, p->today)) {
		buf_puts(p->b, " · ");
		html_text(p->b, unit_type(u, p->today));
	}
	if (*unit_league(u, p->today)) {
		buf_puts(p->b, " · ");
		html_text(p->b, unit_league(u, p->today));
	}
	if (*unit_county(u, p->today)) {
		buf_puts(p->b, " · ");
		cell_county(p->b, p, u);
	}
	buf_puts(p->b, " · <code>");
	html_text(p->b, u->id);
	buf_puts(p->b, "</code></p>\n");
}

static void put_unit_standing(struct page *p, const struct unit_summary *s)
{
	buf_puts(p->b, "<p>平均进度比 ");
	if (s->with_pace)
		cell_fixed(p->b, s->mean_pace, 3);
	else
		buf_puts(p->b, HTML_DASH);
	if (s->rank)
		buf_printf(p->b, "，名次 %u / %u", s->rank, s->ranked);
	buf_puts(p->b, " · ");
	for (enum light l = LIGHT_GREEN; l <= LIGHT_RED; l++) {
		cell_light(p->b, l);
		buf_printf(p->b, " %u ", s->lights[l]);
	}
	if (s->late) {
		buf_puts(p->b, "· ");
		cell_late(p->b, s->late, s->late_hours);
	}
	if (s->punctuality.due) {
		buf_puts(p->b, " · 按时报送 ");
		cell_punctuality(p->b, &s->punctuality);
	}
	buf_puts(p->b, "</p>\n");
}

static int write_unit(struct page *p, const struct unit *u, struct err *e)
{
	const struct unit_summary *s = summary_of(p->a, u);
	const void **rows;
	size_t n;

	if (select_rows(p, u, NULL, &rows, &n, e) < 0)
		return -1;
	page_head(p, unit_name(u, p->today));
	put_unit_facts(p, u);
	if (s)
		put_unit_standing(p, s);
	if (n) {
		put_figures(p, &by_indicator, rows, n);
		put_legend(p);
	} else {
		buf_puts(p->b, "<p>这个单位没有需要上报的指标。</p>\n");
	}
	page_foot(p);
	return 0;
}

/* --- one indicator ------------------------------------------------------------------ */

static int by_group(const struct row *x, const struct row *y)
{
	if (x->f->unit->class != y->f->unit->class)
		return x->f->unit->class < y->f->unit->class ? -1 : 1;
	return strcmp(x->league, y->league);
}

/* Class, league, rank; the unranked behind, as the catalogue has them. */
static int by_group_then_rank(const void *pa, const void *pb)
{
	const struct row *x = *(void *const *)pa, *y = *(void *const *)pb;
	unsigned rx = x->f->rank, ry = y->f->rank;
	int c = by_group(x, y);

	if (c)
		return c;
	if (rx != ry)
		return !rx ? 1 : !ry || rx < ry ? -1 : 1;
	return x->f->unit->index < y->f->unit->index ? -1 : x->f->unit->index > y->f->unit->index;
}

static void put_groups(struct page *p, const void *const *rows, size_t n)
{
	size_t start = 0;

	for (size_t i = 1; i <= n; i++) {
		const struct row *first = rows[start];

		if (i < n && by_group(first, rows[i]) == 0)
			continue;
		page_group_heading(p->b, first->f->unit->class, first->league);
		put_figures(p, &by_unit, rows + start, i - start);
		start = i;
	}
}

static const char *direction_word(enum direction d)
{
	static const char *const words[] = { "不排名", "越高越好", "越低越好", "应为零" };

	return words[d];
}

static void put_owner_punctuality(struct page *p, const struct unit *owner)
{
	const struct owner_summary *o = assessment_owner(p->a, owner);

	if (!o || !o->punctuality.due)
		return;
	buf_puts(p->b, "，所负责的报表按时报送 ");
	cell_punctuality(p->b, &o->punctuality);
}

static void put_indicator_facts(struct page *p, const struct indicator *i)
{
	const struct unit *owner = i->owner ? catalogue_unit(p->c, slice_str(i->owner)) : NULL;

	buf_puts(p->b, "<p>");
	if (i->name_en) {
		buf_puts(p->b, "<span lang=\"en\">");
		html_text(p->b, i->name_en);
		buf_puts(p->b, "</span> · ");
	}
	html_text(p->b, i->measure);
	buf_printf(p->b, " · %s报 · %s · %s", word_freq(i->freq), word_form(i->form),
		   direction_word(i->direction));
	if (i->owner) {
		buf_puts(p->b, " · 责任部门 ");
		html_text(p->b, owner ? unit_name(owner, p->today) : i->owner);
		put_owner_punctuality(p, owner);
	}
	buf_puts(p->b, " · <code>");
	html_text(p->b, i->code);
	buf_puts(p->b, "</code></p>\n");
}

static void put_closing(struct page *p, const struct indicator *i)
{
	for (size_t k = 0; k < p->a->nindicators; k++) {
		const struct indicator_summary *s = &p->a->indicators[k];

		if (s->indicator != i)
			continue;
		if (s->closed.freq == FREQ_NONE) {
			buf_puts(p->b, "<p>尚无已关账的账期</p>\n");
			return;
		}
		buf_puts(p->b, "<p>评估账期 ");
		cell_period(p->b, s->closed);
		buf_printf(p->b, "，已报 %u / 应报 %u，", s->reporting, s->expected);
		cell_time(p->b, p, s->closed_ms);
		buf_puts(p->b, " 关账</p>\n");
		return;
	}
}

static int write_indicator(struct page *p, const struct indicator *i, struct err *e)
{
	const void **rows;
	size_t n;

	if (select_rows(p, NULL, i, &rows, &n, e) < 0)
		return -1;
	qsort(rows, n, sizeof(*rows), by_group_then_rank);
	page_head(p, i->name);
	put_indicator_facts(p, i);
	put_closing(p, i);
	put_groups(p, rows, n);
	if (n)
		put_legend(p);
	else
		buf_puts(p->b, "<p>没有单位上报这个指标。</p>\n");
	page_foot(p);
	return 0;
}

/* --- the two pages ------------------------------------------------------------------ */

/* The parameter, or a page that says what is missing: then .p is NULL. */
static struct slice wanted(struct page *p, const char *name, const char *heading)
{
	struct slice value = exchange_param(p->x, name);
	char why[64];

	if (value.n)
		return value;
	snprintf(why, sizeof(why), "地址中缺少参数 %s", name);
	page_refuse(p, 400, heading, why);
	return slice_of(NULL, 0);
}

static void not_found(struct page *p, const char *heading, struct slice wanted_text)
{
	char shown[TEXT_SHOWN], why[TEXT_SHOWN + 64];

	snprintf(why, sizeof(why), "目录中没有 %s", text_shown(wanted_text, shown));
	page_refuse(p, 404, heading, why);
}

static void serve_one_unit(struct page *p)
{
	struct slice id = wanted(p, "id", "单位");
	const struct unit *u;
	struct err e;

	if (!id.p)
		return;
	u = catalogue_unit(p->c, id);
	if (!u)
		not_found(p, "没有这个单位", id);
	else if (write_unit(p, u, &e) < 0)
		page_fail(p, &e);
}

static void serve_one_indicator(struct page *p)
{
	struct slice code = wanted(p, "code", "指标");
	const struct indicator *i;
	struct err e;

	if (!code.p)
		return;
	i = catalogue_indicator(p->c, code);
	if (!i)
		not_found(p, "没有这个指标", code);
	else if (write_indicator(p, i, &e) < 0)
		page_fail(p, &e);
}

static void serve(struct exchange *x, void (*one)(struct page *p))
{
	struct page p;

	page_open(&p, x);
	if (p.a) {
		one(&p);
	} else {
		x->status = 503;
		page_nothing_yet(&p);
	}
	page_close(&p);
}

void serve_unit(struct exchange *x)
{
	serve(x, serve_one_unit);
}

void serve_indicator(struct exchange *x)
{
	serve(x, serve_one_indicator);
}
