/* Text that goes into a page, and the tables around it. */
#include "exporters/html.h"
#include "tests/lib/assert.h"

static const char *escaped(struct buf *b, struct slice text)
{
	buf_clear(b);
	html_slice(b, text);
	buf_putc(b, '\0');
	return b->p;
}

static void what_could_be_markup_is_escaped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_string_equal(escaped(&b, slice_str("<a href=\"x\" title='y'>&amp;</a>")),
			    "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
	assert_string_equal(escaped(&b, slice_str("规上工业 1 > 0")), "规上工业 1 &gt; 0");
	assert_string_equal(escaped(&b, slice_str("")), "");
	assert_string_equal(escaped(&b, slice_str(NULL)), "");
	buf_release(&b);
}

static void what_is_no_text_becomes_a_replacement_character(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_string_equal(escaped(&b, slice_of("a\0b\x1b[1m\tc\n", 10)),
			    "a\uFFFDb\uFFFD[1m\tc\n");
	assert_string_equal(escaped(&b, slice_str("x\xff<\xe5\x9b")), "x\uFFFD&lt;\uFFFD\uFFFD");
	assert_string_equal(escaped(&b, slice_str("\xc0\xbcscript>")), "\uFFFD\uFFFDscript&gt;");
	buf_release(&b);
}

static void a_value_in_a_link_cannot_leave_its_attribute(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	html_link(&b, "unit", "id", "a\"b&c=园/_-.~", "x<y");
	buf_putc(&b, '\0');
	assert_string_equal(b.p, "<a href=\"unit?id=a%22b%26c%3D%E5%9B%AD%2F_-.~\">x&lt;y</a>");
	buf_release(&b);
}

static void name_cell(struct buf *b, const void *ctx, const void *row)
{
	(void)ctx;
	html_text(b, row);
}

static void count_cell(struct buf *b, const void *ctx, const void *row)
{
	const unsigned *count = ctx;

	if (*(const char *)row != 'b')
		buf_printf(b, "%u", *count);
}

static const char *class_of(const void *row)
{
	return *(const char *)row == 'b' ? "late" : NULL;
}

static void a_table_marks_rows_and_puts_a_dash_for_nothing(void **state)
{
	static const struct html_column columns[] = {
		{ "名", "name", .head = true, .cell = name_cell },
		{ "数", NULL, .number = true, .cell = count_cell },
	};
	unsigned count = 0;
	const struct html_table t = { HTML_COLUMNS(columns), class_of, &count };
	const void *rows[] = { "a<", "b" };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	html_table(&b, &t, rows, 2);
	buf_putc(&b, '\0');
	assert_string_equal(
		b.p, "<div class=\"scroll\"><table>\n"
		     "<thead><tr><th scope=\"col\">名<small lang=\"en\">name</small></th>"
		     "<th scope=\"col\" class=\"n\">数</th></tr></thead>\n<tbody>\n"
		     "<tr><th scope=\"row\">a&lt;</th><td class=\"n\">0</td></tr>\n"
		     "<tr class=\"late\"><th scope=\"row\">b</th><td class=\"n\">—</td></tr>\n"
		     "</tbody></table></div>\n");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_be_markup_is_escaped),
		cmocka_unit_test(what_is_no_text_becomes_a_replacement_character),
		cmocka_unit_test(a_value_in_a_link_cannot_leave_its_attribute),
		cmocka_unit_test(a_table_marks_rows_and_puts_a_dash_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
