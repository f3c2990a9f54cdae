/*
 * propose_print.c - a proposal as configuration. See propose_private.h.
 */
#include "collectors/propose.h"

/* What does not stand in YAML as it is, or ends a line there: controls, NEL, line and paragraph
 * separators, BOM and the last two of the plane. */
static bool is_escaped(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       (c & ~1u) == 0xfffe;
}

/* Always in quotes: names may hold whatever YAML gives a meaning to. */
static void put_text(struct buf *out, const char *text)
{
	struct slice rest = slice_str(text);

	buf_putc(out, '"');
	while (rest.n) {
		uint32_t c;
		size_t n = utf8_get(rest, &c);

		if (c == '"' || c == '\\')
			buf_putc(out, '\\');
		if (n && is_escaped(c))
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			buf_slice(out, slice_of(rest.p, n ? n : 1));
		rest = slice_skip(rest, n ? n : 1);
	}
	buf_putc(out, '"');
}

static void put_list(struct buf *out, const char *const *list, size_t n)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? ", " : "");
		put_text(out, list[i]);
	}
	buf_putc(out, ']');
}

static void put_axis(struct buf *out, const struct axis *x)
{
	buf_putc(out, '{');
	switch (x->where) {
	case AXIS_FIXED:
		buf_puts(out, "is: ");
		put_text(out, x->text);
		break;
	case AXIS_TITLE:
		buf_puts(out, "title: ");
		put_text(out, x->text);
		break;
	case AXIS_IN_TITLE:
		buf_puts(out, "in_title: true");
		break;
	case AXIS_TABLE:
		buf_puts(out, "sheet: true");
		break;
	case AXIS_HEADER:
		if (x->row)
			buf_printf(out, "header_row: %u", x->row);
		else
			buf_puts(out, "header: true");
		break;
	default:
		buf_puts(out, x->ncolumns > 1 ? "columns: " : "column: ");
		if (x->ncolumns > 1)
			put_list(out, x->columns, x->ncolumns);
		else
			put_text(out, x->columns[0]);
	}
	if (x->headed && x->row)
		buf_printf(out, ", header_row: %u", x->row);
	else if (x->headed)
		buf_puts(out, ", header: true");
	buf_puts(out, "}\n");
}

void proposal_print(const struct proposal *p, unsigned indent, struct buf *out)
{
	const struct layout *l = &p->layout;
	int in = (int)indent;

	/* Whoever hands in CSV today may hand in a workbook next month. */
	buf_printf(out, "%*sformat: %s\n", in, "",
		   format_of(format_of(p->format)->kind == KIND_GRID ? FORMAT_TABLE : p->format)
			   ->name);
	if (p->class == UNIT_CLASSES)
		buf_printf(out, "%*sclass: any\n", in, "");
	buf_printf(out, "%*slayout:\n", in, "");
	for (int i = 0; i < AXES; i++) {
		if (l->axes[i].where == AXIS_NONE)
			continue;
		buf_printf(out, "%*s  %s: ", in, "", axis_names[i]);
		put_axis(out, &l->axes[i]);
	}
	if (l->header_rows > 1)
		buf_printf(out, "%*s  header_rows: %u\n", in, "", l->header_rows);
	if (l->delimiter && l->delimiter != ',') {
		buf_printf(out, "%*s  delimiter: ", in, "");
		buf_puts(out, l->delimiter == '\t' ? "tab\n" : "");
		if (l->delimiter != '\t')
			buf_printf(out, "\"%c\"\n", l->delimiter);
	}
	if (l->nsheets) {
		buf_printf(out, "%*s  sheets: ", in, "");
		put_list(out, l->sheets, l->nsheets);
		buf_putc(out, '\n');
	}
	if (l->nignore) {
		buf_printf(out, "%*s  ignore: ", in, "");
		put_list(out, l->ignore, l->nignore);
		buf_putc(out, '\n');
	}
}
