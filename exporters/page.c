/*
 * page.c - the frame of every page. See page.h.
 *
 * Plain HTML without script: it is read on office machines whose browsers nobody
 * chose, on telephones, and on paper. Lights say their colour in a word and a shape,
 * since one man in twelve does not see it and most printers have none.
 */
#include "exporters/page.h"

static const char style[] =
	"body{font:15px/1.5 system-ui,\"Noto Sans CJK SC\",\"Microsoft YaHei\",SimSun,sans-serif;"
	"margin:0 auto;padding:0 1rem 2rem;max-width:120rem;color:#1a1a1a;background:#fff}\n"
	"h1{font-size:1.5rem;margin:.8rem 0 .2rem}h2{font-size:1.15rem;margin:1.6rem 0 .4rem}"
	"h3{font-size:1rem;margin:1rem 0 .3rem}p{margin:.3rem 0}a{color:#00558c}\n"
	"nav{padding:.6rem 0;border-bottom:1px solid #ccc}nav a{margin-right:1.2rem}\n"
	".notice{border:2px solid #8a5a00;background:#fff6dd;padding:.5rem .75rem;margin:.8rem 0;"
	"font-weight:600}\n"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}"
	"th,td{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}"
	"thead th{background:#f0f2f4}tbody th{font-weight:600;min-width:8em;position:sticky;"
	"left:0;background:#fff}td.k{white-space:nowrap}"
	"th small{display:block;font-weight:normal;color:#555}\n"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
	".light,.mark{white-space:nowrap;font-weight:600}.green{color:#0b6b3a}.watch{color:#00558c}"
	".yellow{color:#8a5a00}.red,.mark{color:#b00020}\n"
	"tr.late>:first-child{border-left:4px solid #b00020}small{color:#555}\n"
	".sub{color:#555}.clip{max-width:24rem;overflow-wrap:anywhere}"
	"table.facts{width:auto;min-width:min(30rem,100%);max-width:60rem}"
	"ul{margin:.3rem 0;padding-left:1.4rem}\n"
	"@media(max-width:40rem){body{padding:0 .5rem 1rem}th,td{padding:.2rem .35rem}}\n"
	"@media print{@page{size:landscape;margin:12mm}nav{display:none}body{font-size:10px;"
	"padding:0;max-width:none}.scroll{overflow:visible}a{color:inherit;text-decoration:none}"
	"thead{display:table-header-group}tr{break-inside:avoid}"
	"tbody th{position:static}}\n";

void page_open(struct page *p, struct exchange *x)
{
	const struct exporter_view *view = x->ctx;

	*p = (struct page){ .x = x, .view = view, .b = &x->reply };
	p->a = view->assessment(view->ctx);
	if (!p->a)
		return;
	p->c = assessment_catalogue(p->a);
	p->zone = catalogue_zone(p->c);
	p->today = zone_civil(p->zone, p->a->as_of_ms).date;
}

void page_close(struct page *p)
{
	if (p->a)
		assessment_unref(p->a);
	p->a = NULL;
}

static void put_title(struct page *p, const char *heading)
{
	buf_puts(p->b, "<title>");
	if (heading != p->view->title) {
		html_text(p->b, heading);
		buf_puts(p->b, " · ");
	}
	html_text(p->b, p->view->title);
	buf_puts(p->b, "</title>\n");
}

static void put_as_of(struct page *p)
{
	if (!p->a)
		return;
	buf_puts(p->b, "<p class=\"sub\">数据截至 <small lang=\"en\">as of</small> ");
	cell_time(p->b, p, p->a->as_of_ms);
	buf_puts(p->b, "（");
	html_text(p->b, zone_name(p->zone));
	buf_puts(p->b, "）</p>\n");
}

void page_head(struct page *p, const char *heading)
{
	p->x->content_type = "text/html; charset=utf-8";
	buf_puts(p->b,
		 "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
	put_title(p, heading);
	buf_puts(p->b, "<style>\n");
	buf_puts(p->b, style);
	buf_puts(p->b,
		 "</style>\n</head>\n<body>\n<nav><a href=\"./\">总览 "
		 "<small lang=\"en\">overview</small></a><a href=\"feeds\">数据源 "
		 "<small lang=\"en\">feeds</small></a><a href=\"findings\">质疑 "
		 "<small lang=\"en\">findings</small></a><a href=\"metrics\">metrics</a></nav>\n");
	if (p->view->notice) {
		buf_puts(p->b, "<p class=\"notice\" role=\"note\">");
		html_text(p->b, p->view->notice);
		buf_puts(p->b, "</p>\n");
	}
	buf_puts(p->b, "<h1>");
	html_text(p->b, heading);
	buf_puts(p->b, "</h1>\n");
	put_as_of(p);
}

void page_foot(struct page *p)
{
	buf_puts(p->b, "<p class=\"sub\"><small>parkwatch " PARKWATCH_VERSION);
	if (p->a)
		buf_printf(p->b, " · 目录版本 %016llx",
			   (unsigned long long)p->a->catalogue_version);
	buf_puts(p->b, "</small></p>\n</body>\n</html>\n");
}

void page_refuse(struct page *p, unsigned status, const char *heading, const char *why)
{
	buf_clear(p->b);
	p->x->status = status;
	page_head(p, heading);
	buf_puts(p->b, "<p>");
	html_text(p->b, why);
	buf_puts(p->b, "</p>\n<p><a href=\"./\">回到总览</a></p>\n");
	page_foot(p);
}

void page_fail(struct page *p, const struct err *e)
{
	page_refuse(p, 500, "无法生成此页", e->text);
}

void page_nothing_yet(struct page *p)
{
	const char *why = "";

	page_head(p, p->view->title);
	buf_puts(p->b, "<p>尚无评估结果：首次评估完成后即可显示，请稍后刷新本页。"
		       "<small lang=\"en\">Nothing has been worked out yet.</small></p>\n");
	if (!p->view->ready(p->view->ctx, &why)) {
		buf_puts(p->b, "<p>尚未就绪：");
		html_text(p->b, why);
		buf_puts(p->b, "</p>\n");
	}
	buf_puts(p->b, "<p>数据源的情况见<a href=\"feeds\">数据源</a>。</p>\n");
	page_foot(p);
}

void page_section(struct page *p, const char *heading)
{
	buf_puts(p->b, "<section>\n<h2>");
	html_text(p->b, heading);
	buf_puts(p->b, "</h2>\n");
}

void page_section_end(struct page *p)
{
	buf_puts(p->b, "</section>\n");
}
