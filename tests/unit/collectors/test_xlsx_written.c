/* test_xlsx_written.c - workbooks as programs write them: Excel, libxlsxwriter, LibreOffice, WPS.
 */
#include "tests/unit/collectors/workbook.h"
#include "base/sha256.h"
#include "tests/unit/collectors/documents.h"

#include <xlsxwriter.h>

static int read_file(struct fixture *f, const char *path)
{
	size_t n;
	char *bytes = tmp_read(path, &n);
	int result;

	assert_non_null(bytes);
	result = read_body(f, slice_of(bytes, n));
	free(bytes);
	return result;
}

/* The digest is that of the same lines as Python's zipfile and ElementTree give them: number of
 * the row, then '|' and the text of each cell up to the last one that has some. */
static void the_whole_of_a_real_workbook_is_read(void **state)
{
	struct fixture *f = *state;
	const char *path = shared_path("data/bls-laus-states/laucnty18.xlsx");
	static const char first[] = "[laucnty18]\n";
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX];
	size_t rows = 0;

	if (!path)
		skip();
	assert_ok(read_file(f, path), &f->e);
	assert_int_equal(strncmp(f->told.p, first, strlen(first)), 0);
	for (const char *p = f->told.p + strlen(first); *p; p++)
		rows += *p == '\n';
	assert_int_equal(rows, 3225);
	assert_has(f->told.p,
		   "\n1|Labor Force Data by County, 2018 Annual Averages\n3||State|County|");
	assert_has(f->told.p,
		   "\n7|CN0100100000000|01|001|Autauga County, AL|2018||25957|25015|942|3.6\n");
	assert_has(f->told.p, "\n3227|SOURCE:  BLS, LAUS\n3228|April 19, 2019\n");
	sha256_of(slice_str(f->told.p + strlen(first)), digest);
	assert_string_equal(sha256_hex(digest, hex),
			    "956a4a6741d274931ad220301238c1a2f6d5b46ce3649b6075b5b28baeecd92a");
}

static lxw_format *number_format(lxw_workbook *w, const char *code)
{
	lxw_format *format = workbook_add_format(w);

	format_set_num_format(format, code);
	return format;
}

static void write_rich(lxw_workbook *w, lxw_worksheet *s)
{
	lxw_format *bold = workbook_add_format(w);
	char first[] = "规上 ", second[] = "工业";
	lxw_rich_string_tuple plain = { .string = first }, fat = { .string = second };
	lxw_rich_string_tuple *runs[] = { &plain, &fat, NULL };

	format_set_bold(bold);
	fat.format = bold;
	worksheet_write_rich_string(s, 1, 1, runs, NULL);
}

static void write_book(const char *path, int constant_memory)
{
	lxw_workbook_options options = { .constant_memory = (uint8_t)constant_memory };
	lxw_workbook *w = workbook_new_opt(path, &options);
	lxw_worksheet *s = workbook_add_worksheet(w, "园区 & 月"), *hidden;
	lxw_datetime day = { .year = 2026, .month = 10, .day = 31 };
	lxw_datetime moment = { 2026, 10, 31, 8, 30, 0 };
	lxw_row_col_options hide = { .hidden = 1 };

	hidden = workbook_add_worksheet(w, "旧");
	worksheet_write_number(hidden, 0, 0, 1, NULL);
	worksheet_hide(hidden);
	worksheet_set_column_opt(s, 3, 3, 8, NULL, &hide);
	worksheet_merge_range(s, 0, 0, 0, 3, " 高新区 <报表> ", NULL);
	worksheet_write_string(s, 1, 0, "line\n2", NULL);
	write_rich(w, s);
	worksheet_write_number(s, 2, 0, 0.1 + 0.2, NULL);
	worksheet_write_number(s, 2, 1, 0.123, number_format(w, "0.00%"));
	worksheet_write_datetime(s, 2, 2, &day, number_format(w, "yyyy\"年\"m\"月\""));
	worksheet_write_datetime(s, 2, 3, &moment, number_format(w, "yyyy-mm-dd hh:mm:ss"));
	worksheet_set_row_opt(s, 3, 15, NULL, &hide);
	worksheet_write_formula_num(s, 3, 0, "=A3*2", NULL, 0.6);
	worksheet_write_formula_str(s, 3, 1, "=\"x\"", NULL, "结果");
	worksheet_write_boolean(s, 3, 2, 1, NULL);
	worksheet_write_blank(s, 3, 3, NULL);
	assert_int_equal(workbook_close(w), LXW_NO_ERROR);
}

static void what_libxlsxwriter_writes_is_read(void **state)
{
	struct fixture *f = *state;
	char *dir = tmp_make();
	static const char want[] =
		"[园区 & 月]\n"
		"1|高新区 <报表>|*1:1 高新区 <报表>|*1:1 高新区 <报表>|*1:1 高新区 <报表>\n"
		"2|line\n2|规上 工业\n"
		"3|0.3|12.3%|2026-10|2026-10-31 08:30:00\n"
		"4|0.6|结果|TRUE\n"
		"! hidden 4:1 sheet '园区 & 月' has 1 hidden rows with text, the first is row 4; "
		"they are read\n"
		"! hidden 3:4 sheet '园区 & 月' has 1 hidden columns with text, the first is "
		"column "
		"D; they are read\n"
		"! hidden 0:0 sheet '旧' is hidden and not read\n";

	for (int constant_memory = 0; constant_memory < 2; constant_memory++) {
		write_book(tmp_path(dir, "book.xlsx"), constant_memory);
		assert_ok(read_file(f, tmp_path(dir, "book.xlsx")), &f->e);
		assert_string_equal(f->told.p, want);
	}
	tmp_remove(dir);
}

/* Columns named to the last of the sheet, rows repeated as empty ones, formulas with aca,
 * attributes that others leave out, shared texts with xml:space. */
static void what_libreoffice_writes_is_read(void **state)
{
	struct fixture *f = *state;
	const struct book b = {
		.strings =
			"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
			"<sst xmlns=\"" MADE_MAIN "\" count=\"2\" uniqueCount=\"2\"><si>"
			"<t xml:space=\"preserve\">月份</t></si><si><r><rPr><sz val=\"10\"/></rPr>"
			"<t xml:space=\"preserve\">增加 </t></r><r><t xml:space=\"preserve\">值</t>"
			"</r></si></sst>",
		.styles = "<styleSheet xmlns=\"" MADE_MAIN "\"><numFmts count=\"2\">"
			  "<numFmt numFmtId=\"164\" formatCode=\"General\"/>"
			  "<numFmt numFmtId=\"165\" formatCode=\"[$-804]yyyy\\-mm\"/></numFmts>"
			  "<cellXfs count=\"2\"><xf numFmtId=\"164\" applyNumberFormat=\"false\"/>"
			  "<xf numFmtId=\"165\"/></cellXfs></styleSheet>",
		.sheets = { "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
			    "<worksheet xmlns=\"" MADE_MAIN "\" xmlns:r=\"" MADE_RELATIONS
			    "\" xmlns:x14=\"urn:x14\"><sheetPr filterMode=\"false\"><pageSetUpPr "
			    "fitToPage=\"false\"/></sheetPr><dimension ref=\"A1:B3\"/><cols>"
			    "<col collapsed=\"false\" customWidth=\"false\" hidden=\"false\" "
			    "outlineLevel=\"0\" max=\"16384\" min=\"1\" style=\"0\" "
			    "width=\"11.53\"/>"
			    "</cols><sheetData><row r=\"1\" customFormat=\"false\" ht=\"12.8\" "
			    "hidden=\"false\"><c r=\"A1\" s=\"0\" t=\"s\"><v>0</v></c>"
			    "<c r=\"B1\" s=\"0\" t=\"s\"><v>1</v></c></row>"
			    "<row r=\"2\" hidden=\"false\"><c r=\"A2\" s=\"1\" "
			    "t=\"n\"><v>46296</v></c>"
			    "<c r=\"B2\" s=\"0\" t=\"n\"><f "
			    "aca=\"false\">1+1.1</f><v>2.1</v></c></row>"
			    "<row r=\"3\"><c r=\"A3\" s=\"0\" t=\"e\"><f "
			    "aca=\"false\">1/0</f><v>#DIV/0!"
			    "</v></c><c r=\"B3\" s=\"0\" t=\"str\"><f "
			    "aca=\"false\">A1</f><v>月份</v></c>"
			    "</row></sheetData><printOptions/><extLst><ext uri=\"{x}\"><x14:c "
			    "r=\"Z9\"/>"
			    "</ext></extLst></worksheet>" },
	};

	tells(f, &b, "[表 1]\n1|月份|增加 值\n2|2026-10|2.1\n3|#DIV/0!|月份\n");
}

/* Reading aids, styles of WPS beside those of the format, cells with a text of their own in
 * several runs, dates by ids that only East Asia knows. */
static void what_wps_writes_is_read(void **state)
{
	struct fixture *f = *state;
	const struct book b = {
		.strings =
			"<sst xmlns=\"" MADE_MAIN "\" count=\"1\" uniqueCount=\"1\"><si><t>指标</t>"
			"<phoneticPr fontId=\"1\" type=\"noConversion\"/></si></sst>",
		.styles = "<styleSheet xmlns=\"" MADE_MAIN "\"><numFmts count=\"1\"><numFmt "
			  "numFmtId=\"176\" formatCode=\"0.00_ ;[Red]\\-0.00\\ "
			  "\"/></numFmts><cellXfs>"
			  "<xf numFmtId=\"0\"><alignment vertical=\"center\"/></xf>"
			  "<xf numFmtId=\"57\"/><xf numFmtId=\"176\"/></cellXfs></styleSheet>",
		.sheets = { "<sheetPr/><dimension ref=\"A1:C2\"/><sheetData><row r=\"1\" "
			    "spans=\"1:3\">"
			    "<c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" s=\"1\"><v>46296</v></c>"
			    "<c r=\"C1\" "
			    "t=\"inlineStr\"><is><r><rPr/><t>万</t></r><r><t>元</t></r></is>"
			    "</c></row><row r=\"2\" spans=\"1:3\"><c r=\"A2\" s=\"2\"><v>"
			    "1234.5600000000002</v></c><c r=\"B2\"/><c r=\"C2\" "
			    "s=\"2\"><v>-1</v></c></row>"
			    "</sheetData><mergeCells count=\"1\"><mergeCell "
			    "ref=\"A2:B2\"/></mergeCells>"
			    "<phoneticPr fontId=\"1\"/>" },
	};

	tells(f, &b, "[表 1]\n1|指标|2026-10|万元\n2|1234.56|*2:1 1234.56|-1\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_whole_of_a_real_workbook_is_read),
		T(what_libxlsxwriter_writes_is_read),
		T(what_libreoffice_writes_is_read),
		T(what_wps_writes_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
