/*
 * fuzz_xlsx.c - any bytes as a workbook, and any XML as the parts of one.
 *
 * When the input begins with "PK" or anything else, it is the file. When it begins with "XML", what
 * follows is parts, each behind a line "=name=": they are put into an archive, those that every
 * workbook needs are added, and so the XML is reached. A sheet is read twice then: a second time
 * with two blanks behind each "<c" and "<row", so that none is of the plain form and expat
 * reads them all. Both must tell the same.
 *
 * Places lie in a sheet and in their row, texts are UTF-8 and trimmed, complaints are sentences.
 */
#include "collectors/formats/xlsx.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/made_zip.h"

enum {
	CEILING = 32 << 20,
	SENTENCE_ROWS = 3000, /* so many are looked at of each table */
};

/* What was told, so that two readings can be compared. */
struct told {
	uint64_t hash;
	unsigned line; /* of the row before */
	unsigned rows;
};

static void add(struct told *t, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t->hash = (t->hash ^ ((const unsigned char *)p)[i]) * UINT64_C(1099511628211);
}

static int on_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	MUST(!records && utf8_bad_at(name) < 0);
	add(t, name.p, name.n);
	t->line = t->rows = 0;
	return 0;
}

static int on_row(void *ctx, const struct row *r, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	MUST(r->n >= 1 && r->n <= ROW_CELLS_MAX && r->line > t->line && r->line <= XLSX_ROWS_MAX);
	for (size_t i = 0; i < r->n; i++) {
		const struct cell *c = &r->cells[i];

		MUST(c->text.n == 0 || utf8_bad_at(c->text) < 0);
		MUST(slice_eq(text_trim(c->text), c->text));
		MUST(c->repeated ? c->line <= r->line && c->column <= i + 1 && c->text.n
				 : c->line == r->line && c->column == i + 1);
		add(t, c->text.p, c->text.n);
		add(t, &c->line, sizeof(c->line));
		add(t, &c->column, sizeof(c->column));
	}
	t->line = r->line;
	add(t, &r->line, sizeof(r->line));
	return ++t->rows < SENTENCE_ROWS;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	struct told *t = ctx;

	MUST(why < REFUSALS && (line > 0 || column == 0));
	must_be_sentence(text);
	add(t, text, strlen(text));
}

static int read_book(struct slice body, struct told *t)
{
	const struct row_sink sink = { on_table, on_row, on_complaint, t, NULL };
	struct arena a;
	struct err e;
	int result;

	*t = (struct told){ .hash = UINT64_C(14695981039346656037) };
	arena_init(&a, CEILING);
	result = xlsx_read(body, &a, &sink, &e);
	if (result < 0)
		must_say_why(&e);
	arena_release(&a);
	return result;
}

/* --- parts -------------------------------------------------------------------------- */

/* "<c " becomes "<c  ", "<row " becomes "<row  "; with CDATA they may be text, then nothing does.
 */
static void widen(struct slice xml, struct buf *out)
{
	bool text = memmem(xml.p, xml.n, "<![CDATA[", 9) != NULL;

	for (size_t i = 0; i < xml.n; i++) {
		buf_putc(out, xml.p[i]);
		if (text)
			continue;
		if ((i >= 2 && memcmp(xml.p + i - 2, "<c ", 3) == 0) ||
		    (i >= 4 && memcmp(xml.p + i - 4, "<row ", 5) == 0))
			buf_putc(out, ' ');
	}
}

/* Takes the next part off: "=name=\n" and what follows up to the next "\n=". */
static bool next_part(struct slice *rest, char name[40], struct slice *xml)
{
	const char *line = memchr(rest->p, '\n', rest->n), *next;
	size_t n = line ? (size_t)(line - rest->p) : 0;

	if (n < 3 || n > 40 || rest->p[0] != '=')
		return false;
	memcpy(name, rest->p + 1, n - 2);
	name[n - 2] = '\0';
	*xml = slice_skip(*rest, n + 1);
	next = memmem(xml->p, xml->n, "\n=", 2);
	*rest = next ? slice_skip(*xml, (size_t)(next - xml->p) + 1) : slice_skip(*xml, xml->n);
	if (next)
		xml->n = (size_t)(next - xml->p);
	return strlen(name) == n - 2;
}

static void add_default(struct made_zip *z, const char *name, const char *xml, struct slice input)
{
	char line[48];

	snprintf(line, sizeof(line), "=%s=\n", name);
	if (!memmem(input.p, input.n, line, strlen(line)))
		made_zip_add(z, name, slice_str(xml), MADE_STORED);
}

static void make_book(struct slice input, bool widened, struct made_zip *z)
{
	struct slice rest = input, xml;
	struct buf wide;
	char name[40];

	buf_init(&wide, 1 << 20);
	made_package(z, MADE_STORED);
	while (next_part(&rest, name, &xml)) {
		buf_clear(&wide);
		if (widened && slice_starts(slice_str(name), "xl/worksheets/"))
			widen(xml, &wide);
		else
			buf_slice(&wide, xml);
		made_zip_add(z, name, buf_all(&wide), MADE_STORED);
	}
	buf_release(&wide);
	add_default(z, "xl/workbook.xml",
		    "<workbook xmlns='" MADE_MAIN "' xmlns:r='" MADE_RELATIONS "'><sheets>"
		    "<sheet name='a' r:id='s1'/></sheets></workbook>",
		    input);
	add_default(z, "xl/sharedStrings.xml",
		    "<sst xmlns='" MADE_MAIN "'><si><t>x</t></si><si><t>y</t></si></sst>", input);
	add_default(
		z, "xl/styles.xml",
		"<styleSheet xmlns='" MADE_MAIN "'><cellXfs><xf/><xf numFmtId='14'/>"
		"<xf numFmtId='10'/><xf numFmtId='17'/><xf numFmtId='22'/></cellXfs></styleSheet>",
		input);
}

static void read_parts(struct slice input)
{
	struct told told[2];
	int result[2];

	for (int wide = 0; wide < 2; wide++) {
		struct made_zip z;

		made_zip_init(&z);
		make_book(input, wide, &z);
		result[wide] = read_book(made_zip_end(&z), &told[wide]);
		made_zip_release(&z);
	}
	/* Where the XML ends badly one reading may have come a row further. */
	MUST(result[0] == result[1]);
	MUST(result[0] < 0 || told[0].hash == told[1].hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice body = slice_of((const char *)data, n);
	struct told told;

	if (slice_starts(body, "XML\n"))
		read_parts(slice_skip(body, 4));
	else
		read_book(body, &told);
	return 0;
}
