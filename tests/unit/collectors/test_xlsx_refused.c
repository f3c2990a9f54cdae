/* test_xlsx_refused.c - workbooks that are none, that lie, that are damaged or far too large. */
#include "collectors/formats/zip_archive.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/workbook.h"

static void sheet_fails(struct fixture *f, const char *sheet, enum err_code code, const char *why)
{
	const struct book b = { .sheets = { sheet } };

	assert_fails(read_body(f, make(f, &b)), &f->e, code, why);
}

static void other_files_are_named(void **state)
{
	struct fixture *f = *state;
	static const char ole[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
	static const struct {
		const char *bytes;
		size_t n;
		enum err_code code;
		const char *said;
	} cases[] = {
		{ "", 0, ERR_INVALID, "the workbook is empty" },
		{ "a,b\n1,2\n", 8, ERR_INVALID, "this is no XLSX workbook: it begins with 'a,b" },
		{ " <html><table>", 14, ERR_INVALID,
		  "this is a page or XML ('<html><table>'), no XLSX workbook" },
		{ "PK", 2, ERR_INVALID, "the ZIP archive is damaged: " },
		{ "PK\5\6", 22, ERR_INVALID, "this is a ZIP archive but no workbook" },
	};
	struct buf b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[64] = "";

		memcpy(bytes, cases[i].bytes, cases[i].n == 22 ? 4 : cases[i].n);
		assert_fails(read_body(f, slice_of(bytes, cases[i].n)), &f->e, cases[i].code,
			     cases[i].said);
	}
	buf_init(&b, 1000);
	buf_put(&b, ole, 8);
	assert_fails(read_body(f, buf_all(&b)), &f->e, ERR_INVALID, "a compound file of OLE");
	buf_put(&b, "W\0o\0r\0k\0b\0o\0o\0k\0", 16);
	assert_fails(read_body(f, buf_all(&b)), &f->e, ERR_UNSUPPORTED,
		     "this is a workbook of the old format (.xls), not .xlsx");
	buf_put(&b, "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 32);
	assert_fails(read_body(f, buf_all(&b)), &f->e, ERR_REFUSED,
		     "the workbook is protected with a password; save it without one");
	buf_release(&b);
}

static void other_office_files_are_named(void **state)
{
	struct fixture *f = *state;
	static const char relations[] =
		"<Relationships xmlns='" MADE_PACKAGE "'><Relationship Id='a' Type='" MADE_RELATIONS
		"/officeDocument' Target='%s'/></Relationships>";
	char text[500];

	made_zip_text(&f->zip, "mimetype", "application/vnd.oasis.opendocument.spreadsheet");
	made_zip_text(&f->zip, "content.xml", "<a/>");
	assert_fails(read_body(f, made_zip_end(&f->zip)), &f->e, ERR_UNSUPPORTED,
		     "this is an OpenDocument file (.ods); save it as .xlsx");
	made_zip_release(&f->zip);
	made_zip_init(&f->zip);
	snprintf(text, sizeof(text), relations, "xl/workbook.bin");
	made_zip_text(&f->zip, "_rels/.rels", text);
	assert_fails(read_body(f, made_zip_end(&f->zip)), &f->e, ERR_UNSUPPORTED,
		     "this is a binary workbook (.xlsb); save it as .xlsx");
	made_zip_release(&f->zip);
	made_zip_init(&f->zip);
	snprintf(text, sizeof(text), relations, "word/document.xml");
	made_zip_text(&f->zip, "_rels/.rels", text);
	assert_fails(read_body(f, made_zip_end(&f->zip)), &f->e, ERR_UNSUPPORTED,
		     "this is a text document or a presentation, no workbook");
	made_zip_release(&f->zip);
	made_zip_init(&f->zip);
	made_zip_text(&f->zip, "[Content_Types].xml", "<a/>");
	assert_fails(read_body(f, made_zip_end(&f->zip)), &f->e, ERR_INVALID,
		     "this Office file holds no workbook");
}

static void parts_that_lack_are_named(void **state)
{
	struct fixture *f = *state;
	const struct book none = { 0 };
	const struct book odd = { .workbook = "<workbook xmlns='" MADE_MAIN
					      "'><sheets><sheet name='x'/></sheets></workbook>" };
	const struct book other = { .workbook = "<workbook/>" };

	assert_fails(read_body(f, make(f, &none)), &f->e, ERR_NOT_FOUND,
		     "part 'xl/worksheets/sheet1.xml' is not in the archive");
	assert_fails(read_body(f, make(f, &odd)), &f->e, ERR_INVALID, "sheet 'x' has no part");
	assert_fails(read_body(f, make(f, &other)), &f->e, ERR_INVALID,
		     "part 'xl/workbook.xml' is no workbook");
}

static void xml_that_is_none_is_told_with_its_part(void **state)
{
	struct fixture *f = *state;
	const struct book strings = { .strings = "<!DOCTYPE a><a/>" };

	assert_fails(read_body(f, make(f, &strings)), &f->e, ERR_REFUSED,
		     "part 'xl/sharedStrings.xml': line 1, column 12: a DOCTYPE is not accepted");
	sheet_fails(f, "<sheetData><row><c><v>1</c></row></sheetData>", ERR_INVALID,
		    "sheet '表 1', row 1: this tag closes another element");
	sheet_fails(f, "<sheetData><row r='7'><c><v>1</v></c></row>", ERR_INVALID,
		    "part 'xl/worksheets/sheet1.xml', around its rows: ");
	sheet_fails(f, "<?xml version='1.0' encoding='latin-9'?><a/>", ERR_INVALID,
		    "around its rows: the encoding is none of UTF-8");
}

/* --- containers that lie ------------------------------------------------------------------ */

/* Where the n-th header of that kind begins. */
static char *header(struct slice body, const char *mark, int n)
{
	char *p = memmem(body.p, body.n, mark, 4);

	while (p && n--)
		p = memmem(p + 4, (size_t)(body.p + body.n - p) - 4, mark, 4);
	assert_non_null(p);
	return p;
}

static const char one_cell[] = "<sheetData><row><c><v>1</v></c></row></sheetData>";

static void encrypted_and_unknown_parts_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct book b = { .sheets = { one_cell } };
	struct slice body = make(f, &b);

	header(body, "PK\1\2", 3)[8] |= 1;
	header(body, "PK\3\4", 3)[6] |= 1;
	assert_fails(read_body(f, body), &f->e, ERR_REFUSED,
		     "part 'xl/sharedStrings.xml' is encrypted");
	body = make(f, &b);
	header(body, "PK\1\2", 3)[10] = 12;
	header(body, "PK\3\4", 3)[8] = 12;
	assert_fails(read_body(f, body), &f->e, ERR_UNSUPPORTED,
		     "part 'xl/sharedStrings.xml' is packed by method 12");
}

static void damage_is_told_before_a_row_is_given(void **state)
{
	struct fixture *f = *state;
	const struct book b = { .sheets = { one_cell } };
	struct slice body = make(f, &b);

	header(body, "PK\1\2", 5)[16] ^= 1; /* the CRC */
	header(body, "PK\3\4", 5)[14] ^= 1;
	assert_fails(read_body(f, body), &f->e, ERR_INVALID,
		     "part 'xl/worksheets/sheet1.xml', around its rows: damaged after");
	assert_string_equal(f->told.p, "");
	body = make(f, &b);
	header(body, "PK\3\4", 5)[60] ^= 0x55;
	assert_true(read_body(f, body) < 0);
	body = make(f, &b);
	assert_fails(read_body(f, slice_of(body.p, body.n - 1)), &f->e, ERR_INVALID,
		     "the ZIP archive is damaged");
}

static void a_size_that_lies_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct book b = { .sheets = { one_cell } };

	for (int byte = 0; byte < 4; byte++) {
		struct slice body = make(f, &b);

		header(body, "PK\1\2", 5)[24 + byte] ^= 0x15;
		header(body, "PK\3\4", 5)[22 + byte] ^= 0x15;
		assert_ok(read_body(f, body), &f->e);
		assert_string_equal(f->told.p, "[表 1]\n1|1\n");
	}
}

static void bombs_are_refused(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	buf_puts(&b, "<sheetData>");
	while (b.n < 4 << 20)
		buf_puts(&b, "                                        ");
	buf_puts(&b, "</sheetData>");
	buf_putc(&b, '\0');
	make(f, &(struct book){ 0 });
	made_zip_release(&f->zip);
	made_zip_init(&f->zip);
	made_package(&f->zip, MADE_DEFLATED);
	made_zip_add(&f->zip, "xl/workbook.xml", buf_all(&b), MADE_DEFLATED);
	assert_fails(read_body(f, made_zip_end(&f->zip)), &f->e, ERR_LIMIT,
		     "unpack to more than 200 times as many: refused as a bomb");
	buf_release(&b);
}

static void too_many_entries_are_refused_unread(void **state)
{
	struct fixture *f = *state;
	char name[16];
	struct slice body;

	made_package(&f->zip, MADE_DEFLATED);
	for (int i = 0; i < ZIP_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		made_zip_add(&f->zip, name, slice_of("", 0), MADE_STORED);
	}
	body = made_zip_end(&f->zip);
	assert_fails(read_body(f, body), &f->e, ERR_LIMIT,
		     "the ZIP archive has 10002 entries, more than 10000");
}

/* --- sheets that are far too large ---------------------------------------------------------- */

static void gaps_and_merged_cells_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	f->rows_wanted = -1;
	buf_init(&b, 64 << 20);
	buf_puts(&b, "<sheetData>");
	for (int r = 1; r <= 2100; r++)
		buf_printf(&b, "<row r=\"%d\"><c r=\"XFD%d\"><v>1</v></c></row>", r, r);
	buf_puts(&b, "</sheetData>");
	buf_putc(&b, '\0');
	f->silent = true;
	sheet_fails(f, b.p, ERR_LIMIT,
		    "row 2049: more than 33554432 cells are only gaps, or repeat");
	buf_clear(&b);
	buf_puts(&b, "<sheetData>");
	for (int r = 1; r <= 2100; r++)
		buf_printf(&b, "<row r=\"%d\"><c r=\"A%d\"><v>1</v></c></row>", r, r);
	buf_puts(&b, "</sheetData><mergeCells><mergeCell ref=\"B1:XFD1048576\"/>"
		     "<mergeCell ref=\"A1:XFD1048576\"/></mergeCells>");
	buf_putc(&b, '\0');
	sheet_fails(f, b.p, ERR_LIMIT, "row 1025: more than 33554432 cells are only gaps");
	buf_release(&b);
}

/* Each row looks at all regions that lie over it. */
static void merged_regions_that_cover_nothing_are_counted_as_gaps(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	buf_puts(&b, "<sheetData>");
	for (int r = 1; r <= 6000; r++)
		buf_printf(&b, "<row r=\"%d\"><c r=\"A%d\"><v>1</v></c></row>", r, r);
	buf_puts(&b, "</sheetData><mergeCells>");
	for (int r = 1; r <= 6000; r++)
		buf_puts(&b, "<mergeCell ref=\"C1:D6000\"/>");
	buf_puts(&b, "</mergeCells>");
	buf_putc(&b, '\0');
	f->silent = true;
	sheet_fails(f, b.p, ERR_LIMIT, "row 5593: more than 33554432 cells are only gaps");
	buf_release(&b);
}

static void a_text_is_at_most_a_mebibyte(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	buf_puts(&b, "<sheetData><row><c t='inlineStr'><is>");
	for (int i = 0; i < 150000; i++)
		buf_printf(&b, "<r><t>%d </t></r>", i * 7919);
	buf_puts(&b, "</is></c></row></sheetData>");
	buf_putc(&b, '\0');
	sheet_fails(f, b.p, ERR_LIMIT, "sheet '表 1', row 1: a text is longer than 1024 KiB");
	buf_release(&b);
}

/* Each with a number, so that they do not pack like a bomb. */
static void put_numbered(struct buf *b, int n, const char *before, const char *behind)
{
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s%d%s", before, i, behind);
}

static void elements_of_many_attributes_or_far_down_are_refused(void **state)
{
	static const struct {
		const char *before, *after;
	} tags[] = {
		{ "<sheetData><row><c", "/></row></sheetData>" },
		{ "<sheetData><row r='1'", "/></sheetData>" },
		{ "<mergeCells><mergeCell", "/></mergeCells>" },
		{ "<cols><col", "/></cols>" },
	};
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		buf_clear(&b);
		buf_puts(&b, tags[i].before);
		put_numbered(&b, 400000, " k", "='1'");
		buf_puts(&b, tags[i].after);
		buf_putc(&b, '\0');
		sheet_fails(f, b.p, ERR_LIMIT, "a tag that is too long");
	}
	buf_clear(&b);
	buf_puts(&b, "<sheetData><row><c><v>");
	put_numbered(&b, 1000000, "<v", ">");
	buf_puts(&b, "</sheetData>");
	buf_putc(&b, '\0');
	sheet_fails(f, b.p, ERR_LIMIT, "more than 64 elements inside each other");
	buf_release(&b);
}

static void the_ceiling_of_the_arena_holds(void **state)
{
	struct fixture *f = *state;
	struct book book = { 0 };
	struct buf b;

	buf_init(&b, 64 << 20);
	buf_puts(&b, "<sst xmlns='" MADE_MAIN "'>");
	for (int i = 0; i < 100000; i++)
		buf_printf(&b, "<si><t>text number %d of many</t></si>", i * 7919);
	buf_puts(&b, "</sst>");
	buf_putc(&b, '\0');
	book.strings = b.p;
	f->ceiling = 2 << 20;
	assert_fails(read_body(f, make(f, &book)), &f->e, ERR_LIMIT,
		     "part 'xl/sharedStrings.xml': the workbook needs more than the allowed 2 MiB");
	buf_release(&b);
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	struct fixture *f = *state;
	const struct book b = {
		.strings = "<sst xmlns='" MADE_MAIN "'><si><t>x</t></si></sst>",
		.styles = "<styleSheet xmlns='" MADE_MAIN "'><cellXfs><xf/></cellXfs></styleSheet>",
		.sheets = { "<cols><col min='1' max='1' hidden='1'/></cols><sheetData><row><c "
			    "t='s'>"
			    "<v>0</v></c><c><v>1</v></c></row><row><c "
			    "t='inlineStr'><is><t>y</t></is>"
			    "</c></row></sheetData><mergeCells><mergeCell "
			    "ref='B1:B2'/></mergeCells>" },
	};
	struct slice body = make(f, &b);
	struct starve s = { .keeps_nothing = true };

	buf_room(&f->told, 4096);
	f->ceiling = 1 << 20; /* blocks that arenas keep would not be allocated */
	while (starve_again(&s)) {
		int rc;

		starve_begin(&s);
		rc = read_body(f, body);
		starve_end(&s, rc == 0, &f->e);
	}
	assert_string_equal(f->told.p,
			    "[表 1]\n1|x|1\n2|y|*1:2 1\n"
			    "! hidden 1:1 sheet '表 1' has 1 hidden columns with text, the "
			    "first is column A; they are read\n");
	assert_true(s.failed > 19);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(other_files_are_named),
		T(other_office_files_are_named),
		T(parts_that_lack_are_named),
		T(xml_that_is_none_is_told_with_its_part),
		T(encrypted_and_unknown_parts_are_refused),
		T(damage_is_told_before_a_row_is_given),
		T(a_size_that_lies_changes_nothing),
		T(bombs_are_refused),
		T(too_many_entries_are_refused_unread),
		T(gaps_and_merged_cells_are_bounded),
		T(merged_regions_that_cover_nothing_are_counted_as_gaps),
		T(a_text_is_at_most_a_mebibyte),
		T(elements_of_many_attributes_or_far_down_are_refused),
		T(the_ceiling_of_the_arena_holds),
		T(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
