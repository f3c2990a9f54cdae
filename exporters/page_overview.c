/*
 * page_overview.c - "/": who lags, who is late, what is being judged.
 *
 *   counts · alerts · units ranked · indicators with targets · feeds
 *
 * What can fail (alerts, feeds) is fetched before the first line is written.
 */
#include "exporters/page.h"

struct overview {
	struct page p;
	struct alert *alerts; /* references of ours */
	size_t nalerts;
	struct feed_row *feeds;
	size_t nfeeds;
};

/* --- counts ------------------------------------------------------------------------- */

/* "2026年10月（18 项）、2026年三季度（9 项）": how many indicators are judged by which period. */
static int put_judged_periods(struct page *p, struct err *e)
{
	const struct assessment *a = p->a;
	struct period *seen = arena_array(&p->x->arena, a->nindicators + 1, sizeof(*seen));
	unsigned *count = arena_array(&p->x->arena, a->nindicators + 1, sizeof(*count));
	size_t n = 0;

	if (!seen || !count)
		return err_set(e, ERR_LIMIT, "no room for the periods of %zu indicators",
			       a->nindicators);
	for (size_t i = 0; i < a->nindicators; i++) {
		struct period closed = a->indicators[i].closed;
		size_t k = 0;

		if (closed.freq == FREQ_NONE)
			continue;
		while (k < n && !period_eq(seen[k], closed))
			k++;
		seen[k] = closed;
		count[k]++;
		n += k == n;
	}
	buf_puts(p->b, "<p>评估账期 <small lang=\"en\">judged</small> ");
	for (size_t k = 0; k < n; k++) {
		buf_puts(p->b, k ? "、" : "");
		cell_period(p->b, seen[k]);
		buf_printf(p->b, "（%u 项指标）", count[k]);
	}
	buf_puts(p->b, n ? "</p>\n" : "尚无已关账的账期</p>\n");
	return 0;
}

static size_t count_alerts(const struct overview *o, enum alert_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < o->nalerts; i++)
		n += o->alerts[i].state == state;
	return n;
}

static size_t count_values(const struct assessment *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nfigures; i++)
		n += a->figures[i].has_value;
	return n;
}

static void put_counts(struct overview *o)
{
	const struct assessment *a = o->p.a;
	unsigned late = 0;

	for (size_t i = 0; i < a->nunits; i++)
		late += a->units[i].late;
	buf_printf(o->p.b,
		   "<p>单位 %zu 个 · 应报数字 %zu 项，已有 %zu 项 · 迟报 %u 项 · 告警 %zu 条"
		   "（待定 %zu 条）<br><small lang=\"en\">%zu units · %zu of %zu figures in · %u "
		   "late · %zu alerts firing, %zu pending</small></p>\n",
		   a->nunits, a->nfigures, count_values(a), late, count_alerts(o, ALERT_FIRING),
		   count_alerts(o, ALERT_PENDING), a->nunits, count_values(a), a->nfigures, late,
		   count_alerts(o, ALERT_FIRING), count_alerts(o, ALERT_PENDING));
}

/* What to do next, where there is nothing to look at. */
static void put_advice(struct overview *o)
{
	struct page *p = &o->p;

	if (catalogue_units(p->c) == 0 || catalogue_indicators(p->c) == 0)
		buf_puts(p->b,
			 "<p class=\"notice\">目录为空：请在 parkwatch.yaml 的 "
			 "<code>catalogue:</code> "
			 "下列出单位、指标、目标的文件，写法见 docs/catalogue.md。"
			 "<br><small lang=\"en\">The catalogue is empty: list its files under "
			 "catalogue: in parkwatch.yaml.</small></p>\n");
	else if (count_values(p->a) == 0)
		buf_puts(p->b,
			 "<p class=\"notice\">还没有收到任何数字：请在 parkwatch.yaml 的 "
			 "<code>feeds:</code> 下配置数据源，或到<a href=\"feeds\">数据源</a>"
			 "查看原因。<br><small lang=\"en\">No figure has come in yet: configure "
			 "feeds: in parkwatch.yaml, or see the feeds page.</small></p>\n");
}

/* --- alerts -------------------------------------------------------------------------- */

static void alert_state_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct alert *a = row;

	(void)ctx;
	buf_puts(b, a->state == ALERT_FIRING ? "<span class=\"light red\">■ 告警中</span>"
					     : "<span class=\"light watch\">◇ 待定</span>");
}

static void alert_unit_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct alert *a = row;
	const struct page *p = ctx;
	struct slice feed = labels_get(a->labels, slice_str("feed"));

	for (int class = 0; class < UNIT_CLASSES; class ++) {
		struct slice id = labels_get(a->labels, slice_str(unit_class_name(class)));
		const struct unit *u = id.n ? catalogue_unit(p->c, id) : NULL;

		if (u) {
			cell_unit_link(b, p, u);
			return;
		}
		if (id.n) {
			html_slice(b, id);
			return;
		}
	}
	if (!feed.n)
		return;
	buf_puts(b, "<a href=\"feeds\">数据源</a> ");
	html_slice(b, feed);
}

static const char *alert_word(const char *rule)
{
	static const struct {
		const char *rule, *word;
	} words[] = {
		{ "ParkLagging", "进度滞后" },
		{ "ReportLate", "迟报" },
		{ "FeedDown", "数据源中断" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].rule, rule) == 0)
			return words[i].word;
	return rule;
}

static void alert_what_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct alert *a = row;
	const struct page *p = ctx;
	struct slice code = labels_get(a->labels, slice_str("indicator"));
	const struct indicator *i = code.n ? catalogue_indicator(p->c, code) : NULL;

	html_text(b, alert_word(a->rule));
	if (code.n)
		buf_puts(b, "：");
	if (i)
		cell_indicator_link(b, i);
	else
		html_slice(b, code);
}

static void alert_since_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_time(b, ctx, ((const struct alert *)row)->active_ms);
}

static void alert_summary_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	html_text(b, ((const struct alert *)row)->summary);
}

static const struct html_column alert_columns[] = {
	{ "状态", "state", .cell = alert_state_cell },
	{ "单位", "unit", .head = true, .cell = alert_unit_cell },
	{ "事项", "what", .cell = alert_what_cell },
	{ "起始", "since", .number = true, .cell = alert_since_cell },
	{ "摘要", "summary", .cell = alert_summary_cell },
};

static int put_alerts(struct overview *o, struct err *e)
{
	static const enum alert_state order[] = { ALERT_FIRING, ALERT_PENDING };
	struct page *p = &o->p;
	const void **rows = arena_array(&p->x->arena, o->nalerts + 1, sizeof(*rows));
	struct html_table t = { HTML_COLUMNS(alert_columns), .ctx = p };
	size_t n = 0;

	if (!rows)
		return err_set(e, ERR_LIMIT, "no room for %zu alerts", o->nalerts);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < o->nalerts; i++)
			if (o->alerts[i].state == order[k])
				rows[n++] = &o->alerts[i];
	page_section(p, "告警 Alerts");
	if (n)
		html_table(p->b, &t, rows, n);
	else
		buf_puts(p->b, "<p>没有告警。</p>\n");
	page_section_end(p);
	return 0;
}

/* --- feeds ---------------------------------------------------------------------------- */

static bool feed_fails(const struct feed_row *f)
{
	return strcmp(f->health, "failing") == 0;
}

static void put_feeds(struct overview *o)
{
	struct page *p = &o->p;
	size_t failing = 0;

	for (size_t i = 0; i < o->nfeeds; i++)
		failing += feed_fails(&o->feeds[i]);
	page_section(p, "数据源 Feeds");
	buf_printf(p->b, "<p>共 %zu 个，失败 %zu 个。<a href=\"feeds\">详情</a></p>\n", o->nfeeds,
		   failing);
	if (failing)
		buf_puts(p->b, "<ul>\n");
	for (size_t i = 0; i < o->nfeeds; i++) {
		if (!feed_fails(&o->feeds[i]))
			continue;
		buf_puts(p->b, "<li><span class=\"mark\">");
		html_text(p->b, o->feeds[i].name);
		buf_puts(p->b, "</span>：");
		html_text(p->b, o->feeds[i].error);
		buf_puts(p->b, "</li>\n");
	}
	if (failing)
		buf_puts(p->b, "</ul>\n");
	page_section_end(p);
}

/* --- the page ---------------------------------------------------------------------------- */

static int write_overview(struct overview *o, struct err *e)
{
	struct page *p = &o->p;

	page_head(p, p->view->title);
	if (put_judged_periods(p, e) < 0)
		return -1;
	put_counts(o);
	put_advice(o);
	if (page_unit_ranks(p, e) < 0 || put_alerts(o, e) < 0 || page_indicator_matrix(p, e) < 0)
		return -1;
	put_feeds(o);
	page_foot(p);
	return 0;
}

static int overview(struct overview *o, struct err *e)
{
	const struct exporter_view *view = o->p.view;
	struct arena *a = &o->p.x->arena;
	int rc;

	if (view->feeds(view->ctx, a, &o->feeds, &o->nfeeds, e) < 0 ||
	    alerts_list(view->alerts, false, a, &o->alerts, &o->nalerts, e) < 0)
		return -1;
	rc = write_overview(o, e);
	alerts_list_release(o->alerts, o->nalerts);
	return rc;
}

void serve_overview(struct exchange *x)
{
	struct overview o = { 0 };
	struct err e;

	page_open(&o.p, x);
	if (!o.p.a)
		page_nothing_yet(&o.p);
	else if (overview(&o, &e) < 0)
		page_fail(&o.p, &e);
	page_close(&o.p);
}
