/*
 * page_findings.c - "/findings": figures that were kept and doubted, with what is asked.
 *
 * Open and answered ones, newest first; the arguments of /api/v1/findings choose. Texts came from
 * documents and people and are escaped like all others.
 */
#include "exporters/findings.h"
#include "exporters/page.h"

enum { ARENA_BYTES = 64 << 20 };

static void id_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	buf_printf(b, "%llu", (unsigned long long)((const struct finding *)row)->id);
}

static void state_cell(struct buf *b, const void *ctx, const void *row)
{
	static const char *const words[FINDING_STATES] = {
		[FINDING_OPEN] = "<span class=\"light red\">■ 待说明</span>",
		[FINDING_ANSWERED] = "<span class=\"light yellow\">▲ 已说明</span>",
		[FINDING_ACCEPTED] = "<span class=\"light green\">● 已认可</span>",
		[FINDING_CORRECTED] = "<span class=\"light green\">● 已更正</span>",
	};

	(void)ctx;
	buf_puts(b, words[((const struct finding *)row)->state]);
}

static void unit_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct finding *f = row;
	const struct page *p = ctx;
	const struct unit *u = p->c ? catalogue_unit(p->c, slice_str(f->unit)) : NULL;

	html_text(b, u ? unit_name(u, p->today) : f->unit);
}

static void indicator_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct finding *f = row;
	const struct page *p = ctx;
	const struct indicator *i =
		p->c ? catalogue_indicator(p->c, slice_str(f->indicator)) : NULL;

	if (i)
		cell_indicator_link(b, i);
	else
		html_text(b, f->indicator);
}

static void period_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	html_text(b, ((const struct finding *)row)->period);
}

static void text_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct finding *f = row;

	(void)ctx;
	html_text(b, f->text_zh);
	buf_puts(b, "<br><small lang=\"en\">");
	html_text(b, f->text);
	buf_puts(b, "</small>");
}

static void history_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct finding *f = row;

	for (size_t i = 0; i < f->nevents; i++) {
		buf_puts(b, "<div class=\"clip\">");
		html_text(b, f->events[i].text);
		buf_puts(b, " <small>");
		html_text(b, f->events[i].by);
		buf_putc(b, ' ');
		cell_time(b, ctx, f->events[i].t_ms);
		buf_puts(b, "</small></div>");
	}
}

static void source_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct finding *f = row;

	html_text(b, f->owner);
	buf_puts(b, "<br><small>");
	html_text(b, f->source);
	buf_putc(b, ' ');
	cell_time(b, ctx, f->opened_ms);
	buf_puts(b, "</small>");
}

static const struct html_column columns[] = {
	{ "编号", "number", .number = true, .cell = id_cell },
	{ "状态", "state", .nowrap = true, .cell = state_cell },
	{ "单位", "unit", .cell = unit_cell },
	{ "指标", "indicator", .cell = indicator_cell },
	{ "报告期", "period", .nowrap = true, .cell = period_cell },
	{ "质疑", "query", .cell = text_cell },
	{ "说明与处理", "answers", .cell = history_cell },
	{ "报送", "reported by", .cell = source_cell },
};

static int put_table(struct page *p, struct arena *a, struct err *e)
{
	const struct html_table t = { HTML_COLUMNS(columns), .ctx = p };
	struct finding_wanted want;
	struct finding *list;
	const void **rows;
	bool more;
	size_t n;

	if (findings_wanted(p->x, &want, e) < 0)
		return -1;
	if (!want.states)
		want.states = 1U << FINDING_OPEN | 1U << FINDING_ANSWERED;
	if (findings_read(p->view, &want, a, &list, &n, &more, e) < 0)
		return -1;
	rows = arena_array(a, n + 1, sizeof(*rows));
	if (!rows)
		return err_set(e, ERR_LIMIT, "no room for a table of %zu findings", n);
	for (size_t i = 0; i < n; i++)
		rows[i] = &list[i];
	page_head(p, "质疑");
	if (n)
		html_table(p->b, &t, rows, n);
	else
		buf_puts(p->b, "<p>没有待处理的质疑。<small lang=\"en\">Nothing is asked."
			       "</small></p>\n");
	if (more)
		buf_printf(p->b,
			   "<p>仅列出最新 %zu 条。<small lang=\"en\">The newest %zu only; "
			   "/api/v1/findings has all.</small></p>\n",
			   n, n);
	page_foot(p);
	return 0;
}

void serve_findings_page(struct exchange *x)
{
	struct err e = { 0 };
	struct arena a;
	struct page p;

	arena_init(&a, ARENA_BYTES);
	page_open(&p, x);
	if (put_table(&p, &a, &e) < 0) {
		if (e.code == ERR_INVALID)
			page_refuse(&p, 400, "参数有误", e.text);
		else
			page_fail(&p, &e);
	}
	page_close(&p);
	arena_release(&a);
}
