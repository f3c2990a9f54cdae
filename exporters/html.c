/*
 * html.c - see html.h.
 */
#include "exporters/html.h"
#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
	case '\r':
		return NULL;
	}
	return c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
}

static void put_valid(struct buf *b, struct slice text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *escape = escape_of((unsigned char)text.p[i]);

		if (!escape)
			continue;
		buf_put(b, text.p + from, i - from);
		buf_puts(b, escape);
		from = i + 1;
	}
	buf_put(b, text.p + from, text.n - from);
}

void html_slice(struct buf *b, struct slice text)
{
	long bad;

	while (text.n && (bad = utf8_bad_at(text)) >= 0) {
		put_valid(b, slice_of(text.p, (size_t)bad));
		buf_puts(b, REPLACEMENT);
		text = slice_skip(text, (size_t)bad + 1);
	}
	if (text.n)
		put_valid(b, text);
}

void html_text(struct buf *b, const char *text)
{
	html_slice(b, slice_str(text));
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

void html_query(struct buf *b, const char *value)
{
	for (; value && *value; value++) {
		if (is_unreserved(*value))
			buf_putc(b, *value);
		else
			buf_printf(b, "%%%02X", (unsigned char)*value);
	}
}

void html_link(struct buf *b, const char *page, const char *param, const char *value,
	       const char *text)
{
	buf_printf(b, "<a href=\"%s?%s=", page, param);
	html_query(b, value);
	buf_puts(b, "\">");
	html_text(b, text);
	buf_puts(b, "</a>");
}

/* --- tables ------------------------------------------------------------------------ */

static void put_heads(struct buf *b, const struct html_table *t)
{
	buf_puts(b, "<thead><tr>");
	for (size_t i = 0; i < t->ncolumns; i++) {
		const struct html_column *c = &t->columns[i];

		buf_puts(b, c->number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
		html_text(b, c->zh);
		if (c->en) {
			buf_puts(b, "<small lang=\"en\">");
			html_text(b, c->en);
			buf_puts(b, "</small>");
		}
		buf_puts(b, "</th>");
	}
	buf_puts(b, "</tr></thead>\n");
}

static const char *class_attribute(const struct html_column *c)
{
	return c->number ? " class=\"n\"" : c->nowrap ? " class=\"k\"" : "";
}

static void put_cell(struct buf *b, const struct html_table *t, size_t i, const void *row)
{
	const struct html_column *c = &t->columns[i];
	const char *tag = c->head ? "th" : "td";
	size_t before;

	buf_printf(b, "<%s%s%s>", tag, c->head ? " scope=\"row\"" : "", class_attribute(c));
	before = b->n;
	c->cell(b, t->ctx, row);
	if (b->n == before)
		buf_puts(b, HTML_DASH);
	buf_printf(b, "</%s>", tag);
}

static void put_row(struct buf *b, const struct html_table *t, const void *row)
{
	const char *class = t->row_class ? t->row_class(row) : NULL;

	if (class)
		buf_printf(b, "<tr class=\"%s\">", class);
	else
		buf_puts(b, "<tr>");
	for (size_t i = 0; i < t->ncolumns; i++)
		put_cell(b, t, i, row);
	buf_puts(b, "</tr>\n");
}

/* The frame around it scrolls by itself, so that a wide table does not push a phone's page. */
void html_table(struct buf *b, const struct html_table *t, const void *const *rows, size_t n)
{
	buf_puts(b, "<div class=\"scroll\"><table>\n");
	put_heads(b, t);
	buf_puts(b, "<tbody>\n");
	for (size_t i = 0; i < n; i++)
		put_row(b, t, rows[i]);
	buf_puts(b, "</tbody></table></div>\n");
}
