/*
 * page_feeds.c - "/feeds": where figures come from, and how that goes.
 *
 * The page an office is sent to when its file was refused: complaints carry the line and
 * column of the document, so that the person who made it finds the place.
 */
#include "exporters/page_feeds.h"

#include "exporters/params.h"

static void name_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_row *f = row;

	(void)ctx;
	html_link(b, "feed", "name", f->name, f->name);
}

/* Shown as text, never as a link: it comes from a file and may be of any scheme. */
static void source_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_row *f = row;

	(void)ctx;
	if (!f->source || !*f->source)
		return;
	buf_puts(b, "<div class=\"clip\">");
	html_text(b, f->source);
	buf_puts(b, "</div>");
}

static void owner_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_row *f = row;
	const struct page *p = ctx;
	const struct unit *u = p->c ? catalogue_unit(p->c, slice_str(f->owner)) : NULL;

	html_text(b, u ? unit_name(u, p->today) : f->owner);
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

void feed_health(const struct page *p, const struct feed_row *f)
{
	struct buf *b = p->b;

	if (is(f->health, "ok"))
		buf_puts(b, "<span class=\"light green\">● 正常</span>");
	else if (is(f->health, "failing"))
		buf_puts(b, "<span class=\"light red\">■ 失败</span>");
	else
		buf_puts(b, "<span class=\"light\">○ 尚未取得</span>");
	if (!f->failing_since_ms)
		return;
	buf_puts(b, "<br><small>自 ");
	cell_time(b, p, f->failing_since_ms);
	buf_puts(b, " 起</small>");
}

static void health_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)b;
	feed_health(ctx, row);
}

void feed_state(struct buf *b, const struct feed_row *f)
{
	static const struct {
		const char *state, *word;
	} words[] = {
		{ "waiting", "等待" },
		{ "fetching", "取数" },
		{ "decoding", "解析" },
		{ "storing", "入库" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is(f->state, words[i].state)) {
			buf_puts(b, words[i].word);
			return;
		}
	}
	html_text(b, f->state);
}

static void state_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	feed_state(b, row);
}

static void success_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_time(b, ctx, ((const struct feed_row *)row)->last_success_ms);
}

static void change_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_time(b, ctx, ((const struct feed_row *)row)->last_change_ms);
}

static void next_cell(struct buf *b, const void *ctx, const void *row)
{
	cell_time(b, ctx, ((const struct feed_row *)row)->next_ms);
}

/* Before the first document there is no count, which is not a count of zero. */
static bool has_document(const struct feed_row *f)
{
	return f->last_change_ms || f->kept || f->refused;
}

static void kept_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_row *f = row;

	(void)ctx;
	if (has_document(f))
		buf_printf(b, "%llu", (unsigned long long)f->kept);
}

static void refused_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_row *f = row;

	(void)ctx;
	if (!has_document(f))
		return;
	buf_puts(b, f->refused ? "<span class=\"mark\">" : "<span>");
	buf_printf(b, "%llu</span>", (unsigned long long)f->refused);
}

static void error_cell(struct buf *b, const void *ctx, const void *row)
{
	const struct feed_row *f = row;

	(void)ctx;
	if (!f->error || !*f->error)
		return;
	buf_puts(b, "<div class=\"clip\">");
	html_text(b, f->error);
	buf_puts(b, "</div>");
}

static const struct html_column feed_columns[] = {
	{ "名称", "name", .head = true, .cell = name_cell },
	{ "来源", "source", .cell = source_cell },
	{ "责任单位", "owner", .cell = owner_cell },
	{ "状况", "health", .cell = health_cell },
	{ "步骤", "state", .cell = state_cell },
	{ "最近成功", "last success", .number = true, .cell = success_cell },
	{ "最近更新", "last change", .number = true, .cell = change_cell },
	{ "下次", "next", .number = true, .cell = next_cell },
	{ "采用", "kept", .number = true, .cell = kept_cell },
	{ "退回", "refused", .number = true, .cell = refused_cell },
	{ "错误", "error", .cell = error_cell },
};

static const char *feed_row_class(const void *row)
{
	return is(((const struct feed_row *)row)->health, "failing") ? "late" : NULL;
}

/* --- complaints --------------------------------------------------------------------- */

static void put_place(struct buf *b, unsigned line, unsigned column, const char *place)
{
	if (!line) {
		buf_puts(b, "整份文件");
		return;
	}
	if (!strchr(place, '!')) {
		buf_printf(b, "第 %u 行", line);
		if (column)
			buf_printf(b, "第 %u 列", column);
	}
	buf_puts(b, " <small>");
	html_text(b, place);
	buf_puts(b, "</small>");
}

static void put_complaint(struct buf *b, const struct feed_row *f, size_t i)
{
	const char *zh = f->complaints[i].text_zh;

	buf_puts(b, "<li>");
	put_place(b, f->complaints[i].line, f->complaints[i].column, f->complaints[i].place);
	buf_puts(b, "：");
	if (zh && *zh) {
		html_text(b, zh);
		buf_puts(b, "<br><small lang=\"en\">");
		html_text(b, f->complaints[i].text);
		buf_puts(b, "</small>");
	} else {
		html_text(b, f->complaints[i].text);
	}
	buf_puts(b, " <small>(");
	html_text(b, f->complaints[i].reason);
	buf_puts(b, ")</small></li>\n");
}

void feed_complaints(struct buf *b, const struct feed_row *f)
{
	buf_puts(b, "<ul>\n");
	for (size_t i = 0; i < f->ncomplaints; i++)
		put_complaint(b, f, i);
	buf_puts(b, "</ul>\n");
}

static void put_all_complaints(struct page *p, const struct feed_row *const *feeds, size_t n)
{
	size_t with = 0;

	for (size_t i = 0; i < n; i++)
		with += feeds[i]->ncomplaints > 0;
	if (!with)
		return;
	page_section(p, "最近一份文件中的问题 Complaints about the last document");
	for (size_t i = 0; i < n; i++) {
		if (!feeds[i]->ncomplaints)
			continue;
		buf_puts(p->b, "<h3>");
		html_text(p->b, feeds[i]->name);
		buf_puts(p->b, "</h3>\n");
		feed_complaints(p->b, feeds[i]);
	}
	page_section_end(p);
}

/* --- order and pages of the list --------------------------------------------------------- */

enum { FEEDS_A_PAGE = 200 };

/* What is broken comes first, then what has complaints, then what is well; each as configured. */
static int urgency(const struct feed_row *f)
{
	return is(f->health, "failing") ? 0 : f->refused ? 1 : f->ncomplaints ? 2 : 3;
}

static const struct feed_row **by_urgency(struct page *p, const struct feed_row *feeds, size_t n)
{
	const struct feed_row **out = arena_array(&p->x->arena, n + 1, sizeof(*out));
	size_t at = 0;

	for (int u = 0; out && u <= 3; u++)
		for (size_t i = 0; i < n; i++)
			if (urgency(&feeds[i]) == u)
				out[at++] = &feeds[i];
	return out;
}

static void put_pages(struct page *p, size_t first, size_t shown, size_t n)
{
	if (shown == n)
		return;
	buf_printf(p->b, "<p>第 %zu–%zu 个，共 %zu 个 ", first + 1, first + shown, n);
	if (first)
		buf_printf(p->b, "<a href=\"feeds?from=%zu\">上一页</a> ",
			   first > FEEDS_A_PAGE ? first - FEEDS_A_PAGE : 0);
	if (first + shown < n)
		buf_printf(p->b, "<a href=\"feeds?from=%zu\">下一页</a>", first + shown);
	buf_puts(p->b, "</p>\n");
}

/* --- the page ------------------------------------------------------------------------- */

static void put_list(struct page *p, const struct feed_row *const *feeds, size_t first, size_t n)
{
	const struct html_table t = { HTML_COLUMNS(feed_columns), .row_class = feed_row_class,
				      .ctx = p };
	size_t shown = n - first < FEEDS_A_PAGE ? n - first : FEEDS_A_PAGE;

	put_pages(p, first, shown, n);
	html_table(p->b, &t, (const void *const *)feeds + first, shown);
	put_pages(p, first, shown, n);
	put_all_complaints(p, feeds + first, shown);
}

static int write_feeds(struct page *p, struct err *e)
{
	const struct feed_row **rows;
	struct feed_row *feeds;
	uint64_t first = 0;
	size_t n;

	if (exchange_param(p->x, "from").n && param_limit(p->x, "from", &first, e) < 0) {
		page_refuse(p, 400, "数据源", e->text);
		return 0;
	}
	if (p->view->feeds(p->view->ctx, &p->x->arena, &feeds, &n, e) < 0)
		return -1;
	rows = by_urgency(p, feeds, n);
	if (!rows)
		return err_set(e, ERR_LIMIT, "no room for a table of %zu feeds", n);
	page_head(p, "数据源");
	if (n)
		put_list(p, rows, first < n ? (size_t)first : 0, n);
	else
		buf_puts(p->b, "<p class=\"notice\">没有配置数据源：请在 parkwatch.yaml 的 "
			       "<code>feeds:</code> 下写明地址或投递文件夹。<br><small lang=\"en\">"
			       "No feeds are configured: list them under feeds: in "
			       "parkwatch.yaml.</small></p>\n");
	page_foot(p);
	return 0;
}

void serve_feeds(struct exchange *x)
{
	struct page p;
	struct err e;

	page_open(&p, x);
	if (write_feeds(&p, &e) < 0)
		page_fail(&p, &e);
	page_close(&p);
}
