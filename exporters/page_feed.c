/*
 * page_feed.c - "/feed?name=": one feed, how it goes and what its last document was.
 */
#include "exporters/page.h"
#include "exporters/page_feeds.h"

#include <inttypes.h>

/* --- facts: a table of two columns --------------------------------------------------- */

static void fact_begin(struct buf *b, const char *zh, const char *en)
{
	buf_printf(b, "<tr><th scope=\"row\">%s<small lang=\"en\">%s</small></th><td>", zh, en);
}

static void fact_end(struct buf *b)
{
	buf_puts(b, "</td></tr>\n");
}

static void fact_text(struct buf *b, const char *zh, const char *en, const char *text)
{
	if (!text || !*text)
		return;
	fact_begin(b, zh, en);
	buf_puts(b, "<div class=\"clip\">");
	html_text(b, text);
	buf_puts(b, "</div>");
	fact_end(b);
}

static void fact_time(struct page *p, const char *zh, const char *en, int64_t ms)
{
	fact_begin(p->b, zh, en);
	if (ms)
		cell_time(p->b, p, ms);
	else
		buf_puts(p->b, HTML_DASH);
	fact_end(p->b);
}

/* "123 (456 in all)". */
static void fact_count(struct buf *b, const char *zh, const char *en, uint64_t n, uint64_t total)
{
	fact_begin(b, zh, en);
	buf_printf(b, "%" PRIu64 " <small>（累计 %" PRIu64 "）</small>", n, total);
	fact_end(b);
}

/* "90 秒", "10 分", "1 小时", "7 天". */
static void put_interval(struct buf *b, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *word;
	} units[] = { { 86400000, "天" }, { 3600000, "小时" }, { 60000, "分" }, { 1000, "秒" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ms % units[i].ms == 0) {
			buf_printf(b, "%" PRId64 " %s", ms / units[i].ms, units[i].word);
			return;
		}
	buf_printf(b, "%" PRId64 " 毫秒", ms);
}

/* --- what it is and how it goes --------------------------------------------------------- */

static void put_progress(struct buf *b, const struct feed_row *f)
{
	if (!f->body_bytes)
		return;
	fact_begin(b, "进度", "progress");
	buf_printf(b,
		   "%.1f %% <small>（%" PRIu64 " / %" PRIu64 " 字节）</small><br>已入库 %" PRIu64
		   " 个数据",
		   100 * (double)f->read_bytes / (double)f->body_bytes, f->read_bytes,
		   f->body_bytes, f->stored_figures);
	fact_end(b);
}

static void put_series(struct buf *b, const struct feed_row *f)
{
	if (!f->series_limit)
		return;
	fact_begin(b, "当日序列", "series today");
	if (f->series >= f->series_limit)
		buf_puts(b, "<span class=\"mark\">");
	buf_printf(b, "%" PRIu64 " <small>（上限 %" PRIu64 "）</small>", f->series,
		   f->series_limit);
	if (f->series >= f->series_limit)
		buf_puts(b, "</span>");
	fact_end(b);
}

static void put_failing(struct page *p, const struct feed_row *f)
{
	struct buf *b = p->b;

	fact_text(b, "错误", "error", f->error);
	if (!f->failing_since_ms)
		return;
	fact_begin(b, "失败", "failing");
	buf_puts(b, "自 ");
	cell_time(b, p, f->failing_since_ms);
	buf_printf(b, " 起，连续 %u 次", f->failures);
	fact_end(b);
}

static void put_health(struct page *p, const struct feed_row *f)
{
	struct buf *b = p->b;
	const struct unit *u = p->c ? catalogue_unit(p->c, slice_str(f->owner)) : NULL;

	buf_puts(b, "<div class=\"scroll\"><table class=\"facts\">\n");
	fact_begin(b, "状况", "health");
	feed_health(p, f);
	fact_end(b);
	fact_begin(b, "步骤", "state");
	feed_state(b, f);
	fact_end(b);
	put_progress(b, f);
	put_failing(p, f);
	fact_text(b, "来源", "source", f->source);
	fact_text(b, "责任单位", "owner", u ? unit_name(u, p->today) : f->owner);
	fact_text(b, "格式", "format", f->format);
	put_series(b, f);
	if (f->every_ms && f->next_ms) {
		fact_begin(b, "间隔", "interval");
		put_interval(b, f->every_ms);
		fact_end(b);
	}
	fact_time(p, "最近一次", "last attempt", f->last_attempt_ms);
	fact_time(p, "最近成功", "last success", f->last_success_ms);
	fact_time(p, "最近更新", "last change", f->last_change_ms);
	if (f->next_ms)
		fact_time(p, "下次", "next", f->next_ms);
	buf_puts(b, "</table></div>\n");
}

/* --- the last document --------------------------------------------------------------------- */

static void put_seconds(struct buf *b, const char *zh, const char *en, double seconds)
{
	fact_begin(b, zh, en);
	buf_printf(b, "%.3f 秒", seconds);
	fact_end(b);
}

static void put_document(struct page *p, const struct feed_row *f)
{
	struct buf *b = p->b;

	page_section(p, "最近一份文件 The last document");
	if (!f->document_ms) {
		buf_puts(b, "<p>尚未收到文件。<small lang=\"en\">None has come yet.</small></p>\n");
		page_section_end(p);
		return;
	}
	buf_puts(b, "<div class=\"scroll\"><table class=\"facts\">\n");
	fact_time(p, "处理时间", "decided on", f->document_ms);
	fact_count(b, "字节", "bytes, unpacked", f->bytes, f->bytes_total);
	fact_begin(b, "行数", "rows");
	buf_printf(b, "%" PRIu64, f->rows);
	fact_end(b);
	fact_count(b, "采用", "kept", f->kept, f->kept_total);
	fact_count(b, "退回", "refused", f->refused, f->refused_total);
	fact_begin(b, "其中存疑", "kept, but doubted");
	buf_printf(b, "%" PRIu64, f->suspect);
	fact_end(b);
	fact_begin(b, "新增、修订、未变", "new, revised, unchanged");
	buf_printf(b, "%" PRIu64 "、%" PRIu64 "、%" PRIu64, f->fresh, f->revised, f->unchanged);
	fact_end(b);
	if (f->submission) {
		fact_begin(b, "报送序号", "submission");
		buf_printf(b, "%" PRIu64, f->submission);
		fact_end(b);
	}
	if (f->fetch_seconds > 0)
		put_seconds(b, "取数用时", "fetched in", f->fetch_seconds);
	put_seconds(b, "解析用时", "read in", f->decode_seconds);
	buf_puts(b, "</table></div>\n");
	page_section_end(p);
}

/* --- reasons -------------------------------------------------------------------------------- */

static void reason_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_reason *r = row;

	(void)ctx;
	html_text(b, r->zh);
	buf_puts(b, " <small lang=\"en\">");
	html_text(b, r->reason);
	buf_puts(b, "</small>");
}

static void fate_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	buf_puts(b, ((const struct feed_reason *)row)->kept ? "采用"
							    : "<span class=\"mark\">退回</span>");
}

static void number_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	buf_printf(b, "%" PRIu64, ((const struct feed_reason *)row)->n);
}

static const struct html_column reason_columns[] = {
	{ "原因", "reason", .head = true, .cell = reason_cell },
	{ "处理", "figure", .cell = fate_cell },
	{ "个数", "number", .number = true, .cell = number_cell },
};

static int put_reasons(struct page *p, const struct feed_row *f, struct err *e)
{
	const struct html_table t = { HTML_COLUMNS(reason_columns) };
	const void **rows;

	if (!f->nreasons)
		return 0;
	rows = arena_array(&p->x->arena, f->nreasons, sizeof(*rows));
	if (!rows)
		return err_set(e, ERR_LIMIT, "no room for a table");
	for (size_t i = 0; i < f->nreasons; i++)
		rows[i] = &f->reasons[i];
	page_section(p, "退回与存疑的原因 Why figures were refused or doubted");
	html_table(p->b, &t, rows, f->nreasons);
	page_section_end(p);
	return 0;
}

static void put_complaints(struct page *p, const struct feed_row *f)
{
	uint64_t all = 0;

	if (!f->ncomplaints)
		return;
	for (size_t i = 0; i < f->nreasons; i++)
		all += f->reasons[i].n;
	page_section(p, "问题所在 Where they are");
	feed_complaints(p->b, f);
	if (all > f->ncomplaints)
		buf_printf(p->b,
			   "<p>共 %" PRIu64
			   " 处，以上为前 %zu 条。<small lang=\"en\">The first %zu; "
			   "one may stand for several figures.</small></p>\n",
			   all, f->ncomplaints, f->ncomplaints);
	page_section_end(p);
}

/* --- attempts ------------------------------------------------------------------------------ */

struct attempt_row {
	const struct feed_row *f;
	size_t i;
};

static void at_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct attempt_row *r = row;

	cell_time(b, ctx, r->f->attempts[r->i].at_ms);
}

static void result_cell(struct buf *b, const void *ctx, const void *row)
{
	static const struct {
		const char *result, *words;
	} words[] = {
		{ "changed", "<span class=\"light green\">● 有更新</span>" },
		{ "unchanged", "<span class=\"light\">○ 无变化</span>" },
		{ "refused", "<span class=\"light red\">■ 退回</span>" },
		{ "failed", "<span class=\"light red\">■ 失败</span>" },
	};
	const struct attempt_row *r = row;

	(void)ctx;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(r->f->attempts[r->i].result, words[i].result) == 0)
			buf_puts(b, words[i].words);
}

static void took_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct attempt_row *r = row;

	(void)ctx;
	buf_printf(b, "%.2f 秒", r->f->attempts[r->i].seconds);
}

static void put_brought(struct buf *b, const struct attempt_row *r, uint64_t n)
{
	if (r->f->attempts[r->i].bytes)
		buf_printf(b, "%" PRIu64, n);
}

static void bytes_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct attempt_row *r = row;

	(void)ctx;
	put_brought(b, r, r->f->attempts[r->i].bytes);
}

static void kept_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct attempt_row *r = row;

	(void)ctx;
	put_brought(b, r, r->f->attempts[r->i].kept);
}

static void refused_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct attempt_row *r = row;

	(void)ctx;
	put_brought(b, r, r->f->attempts[r->i].refused);
}

static const struct html_column attempt_columns[] = {
	{ "开始", "began", .nowrap = true, .cell = at_cell },
	{ "结果", "result", .cell = result_cell },
	{ "用时", "took", .number = true, .cell = took_cell },
	{ "字节", "bytes", .number = true, .cell = bytes_cell },
	{ "采用", "kept", .number = true, .cell = kept_cell },
	{ "退回", "refused", .number = true, .cell = refused_cell },
};

static void put_attempts(struct page *p, const struct feed_row *f)
{
	const struct html_table t = { HTML_COLUMNS(attempt_columns), .ctx = p };
	struct attempt_row list[FEED_ROW_ATTEMPTS];
	const void *rows[FEED_ROW_ATTEMPTS];

	if (!f->nattempts)
		return;
	for (size_t i = 0; i < f->nattempts; i++) {
		list[i] = (struct attempt_row){ f, i };
		rows[i] = &list[i];
	}
	page_section(p, "最近几次 The last attempts");
	html_table(p->b, &t, rows, f->nattempts);
	page_section_end(p);
}

/* --- the page ------------------------------------------------------------------------------- */

static int write_feed(struct page *p, const struct feed_row *f, struct err *e)
{
	page_head(p, f->name);
	put_health(p, f);
	put_document(p, f);
	if (put_reasons(p, f, e) < 0)
		return -1;
	put_complaints(p, f);
	put_attempts(p, f);
	buf_puts(p->b,
		 "<p><a href=\"feeds\">全部数据源 <small lang=\"en\">all feeds</small></a></p>\n");
	page_foot(p);
	return 0;
}

static void serve_one(struct page *p)
{
	struct slice name = exchange_param(p->x, "name");
	struct feed_row *feeds;
	struct err e;
	size_t n;

	if (!name.n) {
		page_refuse(p, 400, "数据源", "地址中缺少参数 name");
		return;
	}
	if (p->view->feeds(p->view->ctx, &p->x->arena, &feeds, &n, &e) < 0) {
		page_fail(p, &e);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (slice_is(name, feeds[i].name)) {
			if (write_feed(p, &feeds[i], &e) < 0)
				page_fail(p, &e);
			return;
		}
	page_refuse(p, 404, "没有这个数据源", "没有配置这个名称的数据源");
}

void serve_feed(struct exchange *x)
{
	struct page p;

	page_open(&p, x);
	serve_one(&p);
	page_close(&p);
}
