/* test_xlsx.c - workbooks: what a sheet becomes. */
#include "collectors/formats/zip_archive.h"
#include "tests/unit/collectors/workbook.h"

static const char sst[] =
	"<sst xmlns='" MADE_MAIN "'>"
	"<si><t>园区</t></si>"
	"<si><t xml:space='preserve'>  two  words </t></si>"
	"<si><r><rPr><b/></rPr><t>总</t></r><r><t xml:space='preserve'>产 </t></r>"
	"<r><t>值</t></r><rPh sb='0' eb='1'><t>zong</t></rPh><phoneticPr/></si>"
	"<si><t/></si><si/>"
	"<si><t>a_x000D__x000A_b_x005F_x000D__xD83D__xDE00__xD83D_!_x0000_</t></si>"
	"</sst>";

/* --- cells ------------------------------------------------------------------------------- */

static void cells_become_texts(void **state)
{
	struct fixture *f = *state;

	sheet_tells(f, (struct book){ .strings = sst },
		    "<sheetData><row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c>"
		    "<c r=\"B2\" t=\"s\"><v>2</v></c><c r=\"C2\" t=\"n\"><v>12.50</v></c>"
		    "<c r=\"D2\" t=\"b\"><v>1</v></c><c r=\"E2\" t=\"b\"><v>0</v></c>"
		    "<c r=\"F2\" t=\"e\"><v>#DIV/0!</v></c>"
		    "<c r=\"G2\" t=\"str\"><f>1</f><v> a &amp; b </v></c>"
		    "<c r=\"H2\" t=\"inlineStr\"><is><r><t>in </t></r><r><t>line</t></r>"
		    "<rPh><t>no</t></rPh></is></c><c r=\"I2\"><v>-3</v></c></row></sheetData>",
		    "2|园区|总产 值|12.5|TRUE|FALSE|#DIV/0!|a & b|in line|-3\n");
}

static void shared_texts_are_trimmed_and_their_escapes_undone(void **state)
{
	struct fixture *f = *state;

	sheet_tells(
		f, (struct book){ .strings = sst },
		"<sheetData><row><c t='s'><v>1</v></c><c t='s'><v>3</v></c><c t='s'><v>4</v></c>"
		"<c t='s'><v>5</v></c></row></sheetData>",
		"1|two  words|||a\r\nb_x000D_😀_xD83D_!_x0000_\n");
}

static void numbers_have_the_digits_that_were_typed(void **state)
{
	struct fixture *f = *state;

	sheet_tells(f, (struct book){ 0 },
		    "<sheetData><row r='1'><c><v>4.0999999999999996</v></c><c><v>1E-3</v></c>"
		    "<c><v>9007199254740991</v></c><c><v>1.5E+20</v></c><c><v>-0</v></c>"
		    "<c><v>007</v></c><c><v>0.1</v></c><c><v>1234567.8901234567</v></c>"
		    "<c><v>-0.50</v></c><c><v>100</v></c><c><v>.5</v></c></row></sheetData>",
		    "! value 1:11 cell K1 is a number but holds '.5'\n"
		    "1|4.1|0.001|9007199254740991|150000000000000000000|0|7|0.1|1234567.89012346|"
		    "-0.5|100|.5\n");
}

static const char styles[] =
	"<styleSheet xmlns='" MADE_MAIN "'><numFmts count='4'>"
	"<numFmt numFmtId='164' formatCode='yyyy\"年\"m\"月\"'/>"
	"<numFmt numFmtId='165' formatCode='0.0%'/>"
	"<numFmt numFmtId='166' formatCode='yyyy\\-mm\\-dd\\ hh:mm'/>"
	"<numFmt numFmtId='167' formatCode='0.00_ ;[Red]\\-0.00 \"dmy\"'/></numFmts>"
	"<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
	"<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='165'/>"
	"<xf numFmtId='166'/><xf numFmtId='57'/><xf numFmtId='167'/><xf numFmtId='10'/></cellXfs>"
	"<dxfs><dxf><numFmt numFmtId='164' formatCode='0'/></dxf></dxfs></styleSheet>";

static void a_format_makes_a_number_a_date_or_a_share(void **state)
{
	struct fixture *f = *state;

	sheet_tells(
		f, (struct book){ .styles = styles },
		"<sheetData><row r=\"1\"><c r=\"A1\" s=\"1\"><v>46326</v></c>"
		"<c r=\"B1\" s=\"2\"><v>46326</v></c><c r=\"C1\" s=\"3\"><v>0.123</v></c>"
		"<c r=\"D1\" s=\"4\"><v>46326.354166666664</v></c>"
		"<c r=\"E1\" s=\"4\"><v>46326</v></c><c r=\"F1\" s=\"5\"><v>46326</v></c>"
		"<c r=\"G1\" s=\"6\"><v>46326</v></c><c r=\"H1\" s=\"7\"><v>7.0000000000000007E-2"
		"</v></c><c r=\"I1\" s=\"1\"><v>60</v></c><c r=\"J1\" s=\"99\"><v>46326</v></c>"
		"<c r=\"K1\" s=\"1\" t=\"str\"><v>46326</v></c></row></sheetData>",
		"1|2026-10-31|2026-10|12.3%|2026-10-31 08:30:00|2026-10-31|2026-10|46326|7%|"
		"1900-02-29|46326|46326\n");
}

static void dates_may_count_from_1904_or_be_written_out(void **state)
{
	struct fixture *f = *state;

	sheet_tells(
		f,
		(struct book){ .styles = styles,
			       .workbook = "<workbook xmlns='" MADE_MAIN
					   "'><workbookPr date1904='true'/><sheets><sheet "
					   "name='表 1' r:id='s1' xmlns:r='" MADE_RELATIONS
					   "'/></sheets></workbook>" },
		"<sheetData><row><c s='1'><v>44864</v></c><c s='1'><v>0</v></c>"
		"<c s='1' t='d'><v>2026-10-31</v></c><c s='2' t='d'><v>2026-10-31T00:00:00</v></c>"
		"<c s='4' t='d'><v>2026-10-31T08:30:00Z</v></c>"
		"<c s='4' t='d'><v>2026-10-31T00:00:00</v></c><c t='d'><v>soon</v></c></row>"
		"</sheetData>",
		"1|2026-10-31|1904-01-01|2026-10-31|2026-10|2026-10-31 08:30:00|2026-10-31|soon\n");
}

static void a_formula_without_a_value_is_told(void **state)
{
	struct fixture *f = *state;

	sheet_tells(f, (struct book){ 0 },
		    "<sheetData><row r='3'><c r='A3'><v>1</v></c><c r='B3'><f>A3+1</f></c>"
		    "<c r='C3'><f>A3+2</f><v/></c><c r='D3' t='str'><f>\"\"</f><v></v></c>"
		    "<c r='E3'><f>A3+3</f><v>4</v></c></row></sheetData>",
		    "! value 3:2 cell B3 holds a formula without a value; calculate and save the "
		    "workbook\n"
		    "! value 3:3 cell C3 holds a formula without a value; calculate and save the "
		    "workbook\n"
		    "3|1||||4\n");
}

/* --- rows ----------------------------------------------------------------------------------- */

static void gaps_are_empty_and_empty_rows_are_not_given(void **state)
{
	struct fixture *f = *state;

	sheet_tells(f, (struct book){ .strings = sst },
		    "<sheetData><row r=\"2\"><c r=\"B2\"><v>1</v></c><c r=\"E2\"><v>2</v></c>"
		    "<c r=\"F2\" s=\"1\"/></row><row r=\"5\"><c r=\"A5\" s=\"1\"/></row>"
		    "<row r=\"6\"/><row r=\"9\"><c r=\"A9\" t=\"s\"><v>3</v></c></row>"
		    "<row r=\"1048576\"><c r=\"A1048576\"><v>3</v></c></row></sheetData>",
		    "2||1|||2\n1048576|3\n");
}

static void places_that_are_left_out_count_on(void **state)
{
	struct fixture *f = *state;

	sheet_tells(
		f, (struct book){ 0 },
		"<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row r='4'><c r='C4'><v>3</v>"
		"</c><c><v>4</v></c></row><row><c><v>5</v></c></row></sheetData>",
		"1|1|2\n4|||3|4\n5|5\n");
}

static void places_that_cannot_be_are_left_out_and_told(void **state)
{
	struct fixture *f = *state;

	sheet_tells(f, (struct book){ .strings = sst },
		    "<sheetData><row r='2'><c r='B2'><v>1</v></c><c r='A2'><v>2</v></c>"
		    "<c r='B2'><v>3</v></c><c r='C3'><v>4</v></c><c r='XFE2'><v>5</v></c>"
		    "<c r='2D'><v>6</v></c><c r='D2'><v>7</v></c><c r='E2' t='s'><v>6</v></c>"
		    "<c r='F2' t='s'><v>-1</v></c></row>"
		    "<row r='2'><c r='A2'><v>8</v></c></row><row r='1048577'><c><v>9</v></c></row>"
		    "</sheetData>",
		    "! conflict 2:1 cell A2 stands behind a later one; it is left out\n"
		    "! conflict 2:2 cell B2 stands behind a later one; it is left out\n"
		    "! layout 2:0 row 2 has a cell with the place 'C3'; it is left out\n"
		    "! layout 2:0 row 2 has a cell with the place 'XFE2'; it is left out\n"
		    "! layout 2:0 row 2 has a cell with the place '2D'; it is left out\n"
		    "! layout 2:5 cell E2 names shared text '6', of 6 there are\n"
		    "! layout 2:6 cell F2 names shared text '-1', of 6 there are\n"
		    "2||1||7\n"
		    "! layout 2:0 a row with the number '2' comes after row 2; it is left out\n"
		    "! layout 2:0 a row with the number '1048577' comes after row 2; it is left "
		    "out\n");
}

static void merged_cells_repeat_their_text(void **state)
{
	struct fixture *f = *state;

	sheet_tells(f, (struct book){ .strings = sst },
		    "<sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1'><v>2025</v></c>"
		    "<c r='C1'><v>7</v></c><c r='E1'><v>2026</v></c></row>"
		    "<row r='2'><c r='B2'><v>1</v></c><c r='C2'><v>2</v></c></row>"
		    "<row r='3'><c r='A3'/></row>"
		    "<row r='5'><c r='D5'><v>3</v></c></row></sheetData>"
		    "<mergeCells count='4'><mergeCell ref='E1:F1'/><mergeCell ref='A1:A5'/>"
		    "<mergeCell ref='B1:D1'/><mergeCell ref='B4:C6'/><mergeCell ref='B2:A1'/>"
		    "<mergeCell ref='nonsense'/></mergeCells>",
		    "1|园区|2025|*1:2 2025|*1:2 2025|2026|*1:5 2026\n"
		    "2|*1:1 园区|1|2\n"
		    "5|*1:1 园区|||3\n");
}

static void merged_cells_are_found_whatever_stands_before_them(void **state)
{
	struct fixture *f = *state;
	static const char head[] = "<?xml version='1.0'?><x:worksheet xmlns:x='" MADE_MAIN
				   "'><!-- <sheetData> sheetData --><x:sheetData >";
	static const char tail[] = "</x:sheetData ><x:mergeCells><x:mergeCell ref='A1:B1'/>"
				   "</x:mergeCells></x:worksheet>";
	struct book b = { 0 };
	struct buf sheet, want;

	buf_init(&sheet, 8 << 20);
	buf_init(&want, 8 << 20);
	/* The closing tag falls on every place of a piece's end. */
	for (int k = 0; k < 40; k++) {
		buf_clear(&sheet);
		buf_clear(&want);
		buf_puts(&sheet, head);
		buf_puts(&sheet, "<x:row r='1'><x:c><x:v>1</x:v></x:c></x:row>");
		buf_puts(&want, "[表 1]\n1|1|*1:1 1\n");
		while (sheet.n < ZIP_PIECE_BYTES - 30 + (size_t)k)
			buf_putc(&sheet, ' ');
		buf_puts(&sheet, tail);
		buf_putc(&sheet, '\0');
		buf_putc(&want, '\0');
		b.sheets[0] = sheet.p;
		tells(f, &b, want.p);
	}
	buf_release(&sheet);
	buf_release(&want);
}

static void what_is_hidden_is_told(void **state)
{
	struct fixture *f = *state;
	const struct book b = {
		.workbook = "<workbook xmlns='" MADE_MAIN "' xmlns:r='" MADE_RELATIONS "'><sheets>"
			    "<sheet name='旧' state='hidden' r:id='s1'/>"
			    "<sheet name='x' state='veryHidden' r:id='s2'/>"
			    "<sheet name='新' state='visible' r:id='s3'/></sheets></workbook>",
		.sheets = { "<sheetData/>", "<sheetData/>",
			    "<cols><col min='2' max='3' hidden='1'/><col min='5' max='16384' "
			    "hidden='true'/></cols><sheetData>"
			    "<row r='1'><c r='A1'><v>1</v></c></row>"
			    "<row r='2' hidden='1'><c r='C2'><v>1</v></c><c r='E2'/></row>"
			    "<row r='3' hidden='1'/><row r='4' hidden='true'><c r='B4'><v>1</v></c>"
			    "<c r='C4'><v>1</v></c></row></sheetData>" },
	};

	tells(f, &b,
	      "! hidden 0:0 sheet '旧' is hidden and not read\n"
	      "! hidden 0:0 sheet 'x' is hidden and not read\n"
	      "[新]\n1|1\n2|||1\n4||1|1\n"
	      "! hidden 2:1 sheet '新' has 2 hidden rows with text, the first is row 2; they are "
	      "read\n"
	      "! hidden 2:3 sheet '新' has 2 hidden columns with text, the first is column C; they "
	      "are read\n");
}

static void a_sheet_may_be_left_early(void **state)
{
	struct fixture *f = *state;
	const struct book b = {
		.workbook = "<workbook xmlns='" MADE_MAIN "' xmlns:r='" MADE_RELATIONS "'><sheets>"
			    "<sheet name='b' r:id='s2'/><sheet name='a' r:id='s1'/>"
			    "</sheets></workbook>",
		.sheets = { "<sheetData><row r='1'><c><v>1</v></c></row><row r='2'><c><v>2</v></c>"
			    "</row></sheetData>",
			    "<sheetData><row><c><v>3</v></c></row><row><c><v>4</v></c></row>"
			    "</sheetData>" },
	};

	f->rows_wanted = 1;
	tells(f, &b, "[b]\n1|3\n[a]\n1|1\n");
}

/* --- other writers ------------------------------------------------------------------ */

static void strict_workbooks_with_prefixes_are_read(void **state)
{
	struct fixture *f = *state;
	static const char relations[] =
		"<p:Relationships xmlns:p='" MADE_PACKAGE "'><p:Relationship Id='rId9' Type='"
		"http://purl.oclc.org/ooxml/officeDocument/relationships/%s' Target='%s'/>"
		"</p:Relationships>";
	char text[1000];

	snprintf(text, sizeof(text), relations, "officeDocument", "/book/Main.xml");
	made_zip_text(&f->zip, "_RELS/.rels", text);
	snprintf(text, sizeof(text), relations, "worksheet", "tabs/blatt.xml");
	made_zip_text(&f->zip, "book/_rels/main.xml.rels", text);
	made_zip_text(&f->zip, "book/main.xml",
		      "<x:workbook xmlns:x='http://purl.oclc.org/ooxml/spreadsheetml/main' "
		      "xmlns:q='http://purl.oclc.org/ooxml/officeDocument/relationships'>"
		      "<x:sheets><x:sheet name=' S ' sheetId='1' q:id='rId9'/></x:sheets>"
		      "</x:workbook>");
	made_zip_text(&f->zip, "book/tabs/blatt.xml",
		      "<x:worksheet xmlns:x='http://purl.oclc.org/ooxml/spreadsheetml/main' "
		      "xmlns='urn:other'><x:sheetData><x:row r='1'><c r='A1'><v>0</v></c>"
		      "<x:c r='B1'><x:v>1</x:v><v>2</v></x:c></x:row></x:sheetData></x:worksheet>");
	assert_ok(read_body(f, made_zip_end(&f->zip)), &f->e);
	assert_string_equal(f->told.p, "[S]\n1||1\n");
}

/* Blanks, comments and CDATA wherever XML allows them: the cells read without expat stop there. */
static void any_xml_of_the_same_meaning_is_read_the_same(void **state)
{
	struct fixture *f = *state;
	static const char want[] = "[表 1]\n1|1|2|3\n2|4\n";
	static const char *const sheets[] = {
		"<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\"><v>2</v></c>"
		"<c r=\"C1\"><v>3</v></c></row><row r=\"2\"><c "
		"r=\"A2\"><v>4</v></c></row></sheetData>",
		"<sheetData>\n <row r=\"1\">\n  <c r=\"A1\">\n<v>1</v>\n</c>\n  <c "
		"r=\"B1\"><v>2</v></c>"
		"\r\n<c\tr=\"C1\"><v>3</v></c>\n </row>\n<row r=\"2\">\n<c><v>4</v></c></row>\n"
		"</sheetData>",
		"<sheetData><row r='1' note='>'><c r=\"A1\"><v><![CDATA[1]]></v></c><!-- <c "
		"r=\"D1\"><v>"
		"9</v></c> --><c r=\"B1\"><v>&#50;</v></c><!-- </c> --><c r=\"C1\" a='>'><v>3</v>"
		"</c ></row><!-- <row r='7'><c><v>8</v></c></row> --><row r=\"2\"><c><v>4</v></c>"
		"</row></sheetData>",
		"<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\" "
		"t=\"str\"><v><![CDATA[2</c>"
		"]]></v></c><c r=\"C1\"><v>3</v></c></row><row "
		"r=\"2\"><c><v>4</v></c></row></sheetData>",
		"<sheetData><row r=\"1\"><c r=\"A1\"><f>表1!A1*2</f><v>1</v></c><c r=\"B1\"><f "
		"t=\"shared\" ref=\"B1:B2\" si=\"0\">A1</f><v>2</v></c><c r=\"C1\"><f t=\"shared\" "
		"si=\"0\"/><v>3</v></c></row><row r=\"2\"><c r=\"A2\"><f aca=\"false\">1&gt;0</f>"
		"<v>4</v></c></row></sheetData>",
		"<sheetData><row r='1' spans='1:3' s='4' customFormat='1' ht='12.75' "
		"customHeight='1'>"
		"<c r='A1'><v>1</v></c><c r='B1'><v>2</v></c><c r='C1'><v>3</v></c></row> <row "
		"r='2' "
		"spans='1:3' s='4' customFormat='1' ht='12.75' customHeight='1'><c "
		"r='A2'><v>4</v></c>"
		"</row></sheetData>",
		"<sheetData><row r='1'><c r='A1'><v>1</v></c><c r='B1'><v>2</v></c><c "
		"r='C1'><v>3</v></c>"
		"</row><row r='2' x='&gt;'><c r='A2'><v>4</v></c></row></sheetData>",
	};
	struct book b = { 0 };

	for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]); i++) {
		b.sheets[0] = sheets[i];
		tells(f, &b, i == 3 ? "[表 1]\n1|1|2</c>|3\n2|4\n" : want);
	}
}

/* Three cells a row: one of the plain form, one that is not, and one that is not at every second
 * row; the ends of the pieces move over all of them. */
static void where_pieces_end_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct book b = { 0 };
	struct buf sheet, want;

	buf_init(&sheet, 8 << 20);
	buf_init(&want, 8 << 20);
	for (int k = 0; k < 120; k++) {
		buf_clear(&sheet);
		buf_clear(&want);
		buf_printf(&sheet, "<!--%*s--><sheetData>", k, "");
		buf_puts(&want, "[表 1]\n");
		for (int r = 1; r < 1200; r++) {
			buf_printf(
				&sheet,
				"<row r=\"%d\" spans=\"1:3\"><c r=\"A%d\" s=\"7\"><v>%d.5</v></c>"
				"<c r=\"B%d\"><v><![CDATA[1]]></v></c><c r=\"C%d\"%s><v>%d</v></c>"
				"</row>%s",
				r, r, r, r, r, r % 2 ? "" : " cm=\"1\"", r % 7,
				r % 5 ? "" : "<!-- </row><row r=\"1\"> -->");
			buf_printf(&want, "%d|%d.5|1|%d\n", r, r, r % 7);
		}
		buf_puts(&sheet, "</sheetData>");
		buf_putc(&sheet, '\0');
		buf_putc(&want, '\0');
		b.sheets[0] = sheet.p;
		tells_once(f, &b, want.p);
	}
	buf_release(&sheet);
	buf_release(&want);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(cells_become_texts),
		T(shared_texts_are_trimmed_and_their_escapes_undone),
		T(numbers_have_the_digits_that_were_typed),
		T(a_format_makes_a_number_a_date_or_a_share),
		T(dates_may_count_from_1904_or_be_written_out),
		T(a_formula_without_a_value_is_told),
		T(gaps_are_empty_and_empty_rows_are_not_given),
		T(places_that_are_left_out_count_on),
		T(places_that_cannot_be_are_left_out_and_told),
		T(merged_cells_repeat_their_text),
		T(merged_cells_are_found_whatever_stands_before_them),
		T(what_is_hidden_is_told),
		T(a_sheet_may_be_left_early),
		T(strict_workbooks_with_prefixes_are_read),
		T(any_xml_of_the_same_meaning_is_read_the_same),
		T(where_pieces_end_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
