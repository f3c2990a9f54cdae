/* Rows of old workbooks, from records made one by one. */
#include "collectors/formats/xls.h"
#include "tests/lib/biff.h"

#include "rows_seen.h"

#define CELL 0u, 0u, 0u /* row, column, format */

/* Reads what was made and frees it. */
#define assert_rows(m, want)                                                                       \
	do {                                                                                       \
		struct seen s_ = { 0 };                                                            \
		seen_read(&s_, xls_read_stream, biff_stream(m));                                   \
		biff_release(m);                                                                   \
		assert_ok(s_.rc, &s_.e);                                                           \
		assert_string_equal(s_.text, want);                                                \
		seen_release(&s_);                                                                 \
	} while (0)

#define assert_refused(m, code, part)                                                              \
	do {                                                                                       \
		struct seen s_ = { 0 };                                                            \
		seen_read(&s_, xls_read_stream, biff_stream(m));                                   \
		biff_release(m);                                                                   \
		assert_fails(s_.rc, &s_.e, code, part);                                            \
		seen_release(&s_);                                                                 \
	} while (0)

/* --- cells ------------------------------------------------------------------------------ */

static void every_kind_of_cell_is_read(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0x200, "wwhhh", 0, 1, 0, 9, 0);          /* Dimensions */
	biff_value(&m, 0, 0, 0, 4.0999999999999996);             /* Number */
	biff_record(&m, 0x27e, "hhhw", 0, 1, 0, 1234 << 2 | 2);  /* RK: whole */
	biff_record(&m, 0x27e, "hhhw", 0, 2, 0, 12345 << 2 | 3); /* RK: hundredths */
	biff_record(&m, 0x27e, "hhhw", 0, 3, 0, 0x3ff80000);     /* RK: the high half of 1.5 */
	biff_record(&m, 0x27e, "hhhw", 0, 4, 0, 0x3ff80001);     /* RK: its hundredth */
	biff_record(&m, 0x27e, "hhhw", 0, 5, 0, (uint32_t)(-5 * 4) | 2); /* RK: below zero */
	biff_label(&m, 0, 6, " text ");
	biff_record(&m, 0x205, "hhhbb", 0, 7, 0, 1, 0);
	biff_record(&m, 0x205, "hhhbb", 0, 8, 0, 0, 0);
	biff_record(&m, 0x205, "hhhbb", 0, 9, 0, 0x2a, 1);
	biff_record(&m, 0x205, "hhhbb", 0, 10, 0, 0x07, 1);
	biff_record(&m, 0x205, "hhhbb", 0, 11, 0, 0x99, 1);
	biff_record(&m, 0xbd,
		    "hh"
		    "hw"
		    "hw"
		    "h",
		    1, 2, 0, 7 << 2 | 2, 2, 50 << 2 | 3, 3); /* MulRk */
	biff_record(&m, 0x201, "hhh", 2, 0, 0);              /* Blank */
	biff_record(&m, 0xbe, "hhhhh", 2, 1, 0, 0, 2);       /* MulBlank */
	biff_value(&m, 3, 255, 0, 1);
	biff_eof(&m);
	assert_rows(&m,
		    "= T\n"
		    "1: 4.1|1234|123.45|1.5|0.015|-5|text|TRUE|FALSE|#N/A|#DIV/0!|#ERROR\n"
		    "2: ||7|50%\n"
		    "4: |||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||"
		    "||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||"
		    "||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||"
		    "||||||||||||||||||||||||||||||1\n");
}

static void a_formula_says_what_it_last_gave(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0x06, "hhhdhwh", CELL, 2.5, 0, 0, 0);
	biff_record(&m, 0x06, "hhhbbbbbbhhwh", 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xffff, 0, 0, 0);
	biff_record(&m, 0x207, "hbs", 4, 0, "text");
	/* Between a formula and its string: a shared formula, an array. */
	biff_record(&m, 0x06, "hhhbbbbbbhhwh", 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xffff, 0, 0, 0);
	biff_record(&m, 0x4bc, "hhbbbb", 0, 0, 2, 2, 0, 1);
	biff_record(&m, 0x221, "hhbb", 0, 0, 2, 2);
	biff_record(&m, 0x207, "hbu", 2, 1, "ab");
	biff_record(&m, 0x06, "hhhbbbbbbhhwh", 0, 3, 0, 1, 0, 1, 0, 0, 0, 0xffff, 0, 0, 0);
	biff_record(&m, 0x06, "hhhbbbbbbhhwh", 0, 4, 0, 2, 0, 0x17, 0, 0, 0, 0xffff, 0, 0, 0);
	biff_record(&m, 0x06, "hhhbbbbbbhhwh", 0, 5, 0, 3, 0, 0, 0, 0, 0, 0xffff, 0, 0, 0);
	/* One whose string is missing, and a string that belongs to none. */
	biff_record(&m, 0x06, "hhhbbbbbbhhwh", 0, 6, 0, 0, 0, 0, 0, 0, 0, 0xffff, 0, 0, 0);
	biff_value(&m, 0, 7, 0, 8);
	biff_record(&m, 0x207, "hbs", 5, 0, "stray");
	biff_eof(&m);
	assert_rows(&m, "= T\n1: 2.5|text|ab|TRUE|#REF!|||8\n");
}

static void cells_come_in_the_order_of_the_sheet(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_label(&m, 5, 1, "f2");
	biff_label(&m, 2, 1, "c2");
	biff_label(&m, 5, 0, "f1");
	biff_label(&m, 2, 0, "c1");
	biff_label(&m, 2, 1, "c2 again");
	biff_eof(&m);
	assert_rows(&m, "= T\n3: c1|c2 again\n6: f1|f2\n");
}

static void dates_come_by_the_cells_format(void **state)
{
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_record(&m, 0xe0, "hh", 0, 14);
	biff_record(&m, 0xe0, "hh", 0, 164);
	biff_record(&m, 0xe0, "hh", 0, 165);
	biff_record(&m, 0xe0, "hh", 0, 10);
	biff_record(&m, 0x41e, "hhbs", 164, 8, 0, "yyyy\\.mm"); /* behind the Xf that wants it */
	biff_record(&m, 0x41e, "hhbu", 165, 13, 1, "yyyy-m-d h:mm");
	biff_bound(&m, "T", 0, 0);
	biff_eof(&m);
	biff_sheet(&m);
	biff_value(&m, 0, 0, 0, 46326);
	biff_value(&m, 0, 1, 1, 46326);
	biff_value(&m, 0, 2, 2, 46326.354166666664);
	biff_value(&m, 0, 3, 3, 0.123);
	biff_value(&m, 0, 4, 99, 46326); /* no such format */
	biff_value(&m, 0, 5, 0, 60);
	biff_eof(&m);
	assert_rows(&m, "= T\n1: 2026-10-31|2026-10|2026-10-31 08:30:00|12.3%|46326|1900-02-29\n");
}

static void dates_may_count_from_1904(void **state)
{
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_record(&m, 0x22, "h", 1);
	biff_record(&m, 0xe0, "hh", 0, 14);
	biff_bound(&m, "T", 0, 0);
	biff_eof(&m);
	biff_sheet(&m);
	biff_value(&m, 0, 0, 0, 44864);
	biff_eof(&m);
	assert_rows(&m, "= T\n1: 2026-10-31\n");
}

/* --- merged, hidden ---------------------------------------------------------------------- */

static void a_merged_area_repeats_its_text(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_label(&m, 0, 1, "title");
	biff_value(&m, 1, 0, 0, 1);
	biff_value(&m, 1, 3, 0, 2);
	biff_label(&m, 2, 1, "covered");
	biff_label(&m, 2, 3, "d3");
	biff_label(&m, 4, 0, "a5");
	biff_record(&m, 0xe5,
		    "h"
		    "hhhh"
		    "hhhh"
		    "hhhh"
		    "hhhh"
		    "hhhh",
		    5, 0, 2, 1, 2, 1, 2, 0, 0, 0, 1, 2, 3, 4, 4, 1, 9, 3, 2, 0, 0);
	biff_eof(&m);
	assert_rows(&m, "= T\n"
			"1: |title|title@1:2\n"
			"2: 1|title@1:2|title@1:2|2\n"
			"3: 1@2:1|title@1:2|title@1:2|d3\n"
			"5: a5\n");
}

/* What cells held before they were merged nobody sees, as in XLSX. */
static void a_merged_area_with_an_empty_corner_is_empty(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_label(&m, 0, 0, "a1");
	biff_value(&m, 0, 2, 0, 5);
	biff_label(&m, 1, 0, "a2");
	biff_value(&m, 1, 1, 0, 7);
	biff_label(&m, 4, 0, "a5");
	biff_value(&m, 4, 1, 0, 8);
	biff_value(&m, 5, 1, 0, 9);
	/* B1:C2, and B4:B5 whose first row has no cells. */
	biff_record(&m, 0xe5,
		    "h"
		    "hhhh"
		    "hhhh",
		    2, 0, 1, 1, 2, 3, 4, 1, 1);
	biff_eof(&m);
	assert_rows(&m, "= T\n"
			"1: a1\n"
			"2: a2\n"
			"5: a5\n"
			"6: |9\n");
}

static void areas_without_end_are_refused(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	for (int i = 0; i < 70; i++) {
		biff_record(&m, 0xe5, "h", 1000);
		for (int k = 0; k < 1000; k++)
			biff_more(&m, "hhhh", 0, 65535, 0, 255);
	}
	biff_eof(&m);
	assert_refused(&m, ERR_LIMIT, "sheet 'T': more than 65536 merged areas");
}

static void hidden_sheets_are_said_and_not_read(void **state)
{
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_bound(&m, "old", 1, 0);
	biff_bound(&m, "T", 0, 0);
	biff_bound(&m, "secret", 2, 0);
	biff_bound(&m, "chart", 0, 2);
	biff_bound(&m, "module", 2, 6);
	biff_bound(&m, "U", 0, 0);
	biff_eof(&m);
	for (int i = 0; i < 6; i++) {
		biff_sheet(&m);
		biff_value(&m, 0, 0, 0, i);
		biff_eof(&m);
	}
	assert_rows(&m, "!0:0 hidden: sheet 'old' is hidden and not read\n"
			"= T\n1: 1\n"
			"!0:0 hidden: sheet 'secret' is hidden and not read\n"
			"= U\n1: 5\n");
}

static void hidden_rows_and_columns_are_read_and_said(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0x7d, "hhhhhh", 1, 2, 0, 0, 1, 0);
	biff_record(&m, 0x7d, "hhhhhh", 3, 256, 0, 0, 0, 0);
	biff_record(&m, 0x7d, "hhhhhh", 28, 256, 0, 0, 1, 0);
	biff_record(&m, 0x208, "hhhhhhhh", 0, 0, 3, 255, 0, 0, 0x00, 0xf);
	biff_record(&m, 0x208, "hhhhhhhh", 1, 0, 3, 255, 0, 0, 0x20, 0xf);
	biff_record(&m, 0x208, "hhhhhhhh", 2, 0, 3, 255, 0, 0, 0x20, 0xf);
	biff_record(&m, 0x208, "hhhhhhhh", 7, 0, 0, 255, 0, 0, 0x20, 0xf); /* nothing in it */
	biff_value(&m, 0, 0, 0, 1);
	biff_value(&m, 1, 2, 0, 2);
	biff_value(&m, 1, 3, 0, 2);
	biff_value(&m, 2, 0, 0, 3);
	biff_value(&m, 2, 28, 0, 4);
	biff_eof(&m);
	assert_rows(
		&m,
		"= T\n"
		"!2:1 hidden: sheet 'T' has 2 hidden rows with cells, the first is row 2; they "
		"are read\n"
		"!1:3 hidden: sheet 'T' has 2 hidden columns with cells, the first is column C; "
		"they are read\n"
		"1: 1\n2: ||2|2\n3: 3||||||||||||||||||||||||||||4\n");
}

static void a_hidden_column_behind_z_has_two_letters(void **state)
{
	struct seen s = { 0 };
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0x7d, "hhhhhh", 26, 255, 0, 0, 1, 0);
	biff_value(&m, 0, 255, 0, 1);
	biff_eof(&m);
	seen_read(&s, xls_read_stream, biff_stream(&m));
	assert_ok(s.rc, &s.e);
	assert_has(s.text, "!1:256 hidden: sheet 'T' has 1 hidden columns with cells, the first is "
			   "column IV; they are read\n");
	seen_release(&s);
	biff_release(&m);
}

static void a_sheet_nobody_wants_more_of_ends(void **state)
{
	struct seen s = { .stop_at = 2 };
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_bound(&m, "T", 0, 0);
	biff_bound(&m, "U", 0, 0);
	biff_eof(&m);
	for (int i = 0; i < 2; i++) {
		biff_sheet(&m);
		for (unsigned r = 0; r < 4; r++)
			biff_value(&m, r, 0, 0, r);
		biff_eof(&m);
	}
	seen_read(&s, xls_read_stream, biff_stream(&m));
	assert_ok(s.rc, &s.e);
	assert_string_equal(s.text, "= T\n1: 0\n2: 1\n= U\n1: 0\n2: 1\n");
	seen_release(&s);
	biff_release(&m);
}

/* --- texts ------------------------------------------------------------------------------- */

/* Globals up to where shared strings begin. */
static void strings_start(struct biff *m, unsigned n)
{
	biff_init(m);
	biff_bof(m, 0x600, 5);
	biff_bound(m, "T", 0, 0);
	biff_record(m, 0xfc, "ww", n, n);
}

static void strings_end(struct biff *m, unsigned n)
{
	biff_eof(m);
	biff_sheet(m);
	for (unsigned i = 0; i < n; i++)
		biff_record(m, 0xfd, "hhhw", 0, i, 0, i);
	biff_eof(m);
}

static void shared_strings_of_every_kind_are_read(void **state)
{
	struct biff m;

	(void)state;
	strings_start(&m, 7);
	biff_more(&m, "hb", 0, 0);                   /* no length */
	biff_more(&m, "hbb", 1, 0, 0xe9);            /* é in one byte */
	biff_more(&m, "hbhh", 2, 1, 0x5317, 0x4eac); /* 北京 */
	biff_more(&m, "hbhh", 2, 1, 0xd840, 0xdc0b); /* U+2000B */
	biff_more(&m,
		  "hbh"
		  "s"
		  "hhhh",
		  4, 8, 2, "rich", 0, 1, 2, 3); /* runs of fonts */
	biff_more(&m,
		  "hbw"
		  "hh"
		  "s",
		  2, 5, 6, 0x4e2d, 0x56fd, "phonet"); /* readings */
	biff_more(&m,
		  "hbhw"
		  "u"
		  "hh"
		  "ss",
		  4, 13, 1, 2, "both", 0, 1, "p", "q");
	strings_end(&m, 7);
	assert_rows(&m, "= T\n1: |é|北京|𠀋|rich|中国|both\n");
}

static void a_string_goes_on_in_the_next_record(void **state)
{
	struct biff m;

	(void)state;
	strings_start(&m, 5);
	biff_more(&m, "hbs", 6, 0, "one");
	biff_record(&m, 0x3c, "bs", 0, "two");
	/* The rest has two bytes a character, then one again. */
	biff_more(&m, "hbs", 6, 0, "a");
	biff_record(&m, 0x3c, "bhh", 1, 0x5317, 0x4eac);
	biff_record(&m, 0x3c, "bs", 0, "bcd");
	/* All characters in the next record. */
	biff_more(&m, "hb", 3, 0);
	biff_record(&m, 0x3c, "bs", 0, "xyz");
	/* A pair of surrogates, torn; runs and readings that go on without a byte of their own. */
	biff_more(&m, "hbhwh", 2, 13, 1, 4, 0xd840);
	biff_record(&m, 0x3c, "bh", 1, 0xdc0b);
	biff_record(&m, 0x3c, "h", 1);
	biff_record(&m, 0x3c, "hs", 2, "ph");
	biff_record(&m, 0x3c, "s", "on");
	/* A string that ends with its record: the next begins without such a byte. */
	biff_record(&m, 0x3c, "hbs", 3, 0, "end");
	strings_end(&m, 5);
	assert_rows(&m, "= T\n1: onetwo|a北京bcd|xyz|𠀋|end\n");
}

static void half_a_character_is_complained_of(void **state)
{
	struct biff m;

	(void)state;
	strings_start(&m, 4);
	biff_more(&m, "hbhh", 2, 1, 0xd840, 'x');
	biff_more(&m, "hbhh", 2, 1, 'y', 0xdc0b);
	biff_more(&m, "hbh", 1, 1, 0xd840);
	biff_more(&m, "hbbb", 2, 0, 'z', 0);
	strings_end(&m, 4);
	assert_rows(&m, "= T\n"
			"!1:1 encoding: '\uFFFDx' has bytes that are no characters\n"
			"!1:2 encoding: 'y\uFFFD' has bytes that are no characters\n"
			"!1:3 encoding: '\uFFFD' has bytes that are no characters\n"
			"!1:4 encoding: 'z\uFFFD' has bytes that are no characters\n"
			"1: \uFFFDx|y\uFFFD|\uFFFD|z\uFFFD\n");
}

static void a_string_that_is_not_there_is_complained_of(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0xfd, "hhhw", 0, 0, 0, 6);
	biff_value(&m, 0, 1, 0, 1);
	biff_eof(&m);
	assert_rows(&m, "= T\n"
			"!1:1 value: the cell has shared string 7, and there are 0\n"
			"1: |1\n");
}

static void strings_that_cannot_be_there_are_refused(void **state)
{
	struct biff m;

	(void)state;
	strings_start(&m, 4);
	biff_more(&m, "hbs", 3, 0, "abc");
	strings_end(&m, 0);
	assert_refused(&m, ERR_INVALID, "4 shared strings in 6 bytes");
	strings_start(&m, 2);
	biff_more(&m, "hbs", 3, 0, "abc");
	biff_more(&m, "hbs", 9, 0, "abc");
	strings_end(&m, 0);
	assert_refused(&m, ERR_INVALID, "shared string 2: a text of 9 characters is cut off");
}

/* A workbook of Excel 5 that says `page` (0: nothing). */
static void make_older(struct biff *m, unsigned page)
{
	biff_init(m);
	biff_bof(m, 0x500, 5);
	if (page)
		biff_record(m, 0x42, "h", page);
	biff_record(m, 0x85, "wbbbs", 0, 0, 0, 2, "\xb1\xed");
	m->bound[m->nbound++] = m->record + 4;
	biff_eof(m);
	biff_number(m->p + m->bound[m->nsheets++], m->n, 4);
	biff_bof(m, 0x500, 0x10);
	biff_record(m, 0x204, "hhhhs", 0, 0, 0, 4, "\xb1\xb1\xbe\xa9");
	biff_record(m, 0x204, "hhhhs", 0, 1, 0, 5, "plain");
	biff_record(m, 0xd6, "hhhhsbbb", 0, 2, 0, 4, "rich", 1, 0, 1);
	biff_eof(m);
}

static void texts_of_older_workbooks_are_bytes_of_a_code_page(void **state)
{
	struct biff m;

	(void)state;
	make_older(&m, 936);
	assert_rows(&m, "= 表\n1: 北京|plain|rich\n");
	make_older(&m, 0);
	assert_rows(&m, "= 表\n1: 北京|plain|rich\n");
	make_older(&m, 1252);
	assert_rows(&m, "= ±í\n1: ±±¾©|plain|rich\n");
	make_older(&m, 950);
	assert_rows(&m, "= \uFFFD\uFFFD\n"
			"!1:1 encoding: '\uFFFD\uFFFD\uFFFD\uFFFD' has bytes that are no "
			"characters\n"
			"1: \uFFFD\uFFFD\uFFFD\uFFFD|plain|rich\n");
}

static void an_empty_text_may_end_early(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0x204, "hhhh", 0, 0, 0, 0);
	biff_value(&m, 0, 1, 0, 1);
	biff_eof(&m);
	assert_rows(&m, "= T\n1: |1\n");
	biff_simple(&m);
	biff_record(&m, 0x204, "hhhh", 0, 0, 0, 1);
	biff_eof(&m);
	assert_refused(&m, ERR_INVALID, "a text of 1 characters is cut off");
}

static void a_sheet_without_globals_is_a_workbook_of_one(void **state)
{
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0, 0x10);
	biff_record(&m, 0x204, "hhhhs", 0, 0, 0, 4, "\xb1\xb1\xbe\xa9");
	biff_record(&m, 0x203, "hhhd", 0, 1, 0, 1.5);
	biff_eof(&m);
	assert_rows(&m, "= \n1: 北京|1.5\n");
}

/* --- damage ------------------------------------------------------------------------------ */

static void a_password_is_refused(void **state)
{
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_record(&m, 0x2f, "hhh", 1, 1, 1);
	assert_refused(&m, ERR_REFUSED,
		       "the XLS workbook: protected with a password; save it without one");
}

static void records_that_are_too_long_or_too_short_are_refused(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_record(&m, 0x203, "hhh", CELL);
	biff_eof(&m);
	assert_refused(&m, ERR_INVALID, "the record 0x203 has 6 bytes and needs 14");

	biff_simple(&m);
	biff_record(&m, 0x203, "hh", 0, 0);
	biff_eof(&m);
	assert_refused(&m, ERR_INVALID, "the record 0x203 has 4 bytes and needs 6");

	biff_simple(&m);
	biff_record(&m, 0x5555, "");
	biff_number(m.p + m.record + 2, 8225, 2);
	for (int i = 0; i < 2057; i++)
		biff_number(m.p + m.n, 0, 4), m.n += 4;
	assert_refused(&m, ERR_INVALID, "a record of 8225 bytes, more than the 8224 one can have");

	biff_simple(&m);
	biff_record(&m, 0x203, "hhh", CELL);
	biff_number(m.p + m.record + 2, 14, 2);
	assert_refused(&m, ERR_INVALID, "needs 14 bytes of 6");

	biff_simple(&m);
	biff_record(&m, 0x203, "hhhd", 0, 256, 0, 1.0);
	biff_eof(&m);
	assert_refused(&m, ERR_INVALID, "a cell in column 257, 256 is the last one");
}

static void a_sheet_that_does_not_end_is_refused(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_value(&m, 0, 0, 0, 1);
	assert_refused(&m, ERR_INVALID, "sheet 'T': cut off at byte");
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	assert_refused(&m, ERR_INVALID, "the XLS workbook: cut off at byte 20, before its sheets");
}

static void a_chart_within_a_sheet_is_passed_over(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_value(&m, 0, 0, 0, 1);
	biff_bof(&m, 0x600, 0x20);
	biff_value(&m, 0, 1, 0, 99);
	biff_eof(&m);
	biff_value(&m, 0, 2, 0, 3);
	biff_eof(&m);
	assert_rows(&m, "= T\n1: 1||3\n");
	biff_simple(&m);
	for (int i = 0; i < 8; i++)
		biff_bof(&m, 0x600, 0x20);
	assert_refused(&m, ERR_INVALID, "more than 8 parts within each other");
}

static void sheets_must_lie_in_the_stream_each_at_its_own_place(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_eof(&m);
	biff_number(m.p + m.bound[0], m.n, 4);
	assert_refused(&m, ERR_INVALID, "sheet 'T' should begin at byte");

	biff_simple(&m);
	biff_eof(&m);
	biff_number(m.p + m.bound[0], 20, 4); /* an Xf */
	assert_refused(&m, ERR_INVALID, "sheet 'T': damaged: no sheet begins at byte 20");

	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_bound(&m, "A", 0, 0);
	biff_bound(&m, "B", 0, 0);
	assert_refused(&m, ERR_INVALID, "sheet 'B' begins at byte 0, where another does");

	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	for (unsigned i = 0; i < 256; i++) {
		biff_bound(&m, "A", 0, 0);
		biff_number(m.p + m.bound[i], i, 4);
	}
	assert_refused(&m, ERR_LIMIT, "more than 255 sheets");

	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	biff_eof(&m);
	assert_refused(&m, ERR_INVALID, "it lists no sheets");
}

/* 255 sheets that begin in records of the first and have its end: 4 MiB would be read 255 times. */
static void sheets_that_lie_in_each_other_are_refused(void **state)
{
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x600, 5);
	for (unsigned i = 0; i < 255; i++)
		biff_bound(&m, "A", 0, 0);
	biff_eof(&m);
	for (unsigned i = 0; i < 255; i++) {
		if (i > 0)
			biff_record(&m, 0x5555, ""); /* holds the next BOF */
		biff_number(m.p + m.bound[i], m.n, 4);
		if (i > 0)
			biff_more(&m, "hhhh", 0x809, 4, 0x600, 0x10);
		else
			biff_record(&m, 0x809, "hh", 0x600, 0x10);
	}
	while (m.n < BIFF_BYTES - 100)
		biff_record(&m, 0x27e, "hhhw", 0, 0, 0, 6);
	biff_eof(&m);
	assert_refused(&m, ERR_INVALID, "sheet 'A': damaged: it lies within another sheet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_cell_is_read),
		cmocka_unit_test(a_formula_says_what_it_last_gave),
		cmocka_unit_test(cells_come_in_the_order_of_the_sheet),
		cmocka_unit_test(dates_come_by_the_cells_format),
		cmocka_unit_test(dates_may_count_from_1904),
		cmocka_unit_test(a_merged_area_repeats_its_text),
		cmocka_unit_test(a_merged_area_with_an_empty_corner_is_empty),
		cmocka_unit_test(areas_without_end_are_refused),
		cmocka_unit_test(hidden_sheets_are_said_and_not_read),
		cmocka_unit_test(hidden_rows_and_columns_are_read_and_said),
		cmocka_unit_test(a_hidden_column_behind_z_has_two_letters),
		cmocka_unit_test(a_sheet_nobody_wants_more_of_ends),
		cmocka_unit_test(shared_strings_of_every_kind_are_read),
		cmocka_unit_test(a_string_goes_on_in_the_next_record),
		cmocka_unit_test(half_a_character_is_complained_of),
		cmocka_unit_test(a_string_that_is_not_there_is_complained_of),
		cmocka_unit_test(strings_that_cannot_be_there_are_refused),
		cmocka_unit_test(texts_of_older_workbooks_are_bytes_of_a_code_page),
		cmocka_unit_test(an_empty_text_may_end_early),
		cmocka_unit_test(a_sheet_without_globals_is_a_workbook_of_one),
		cmocka_unit_test(a_password_is_refused),
		cmocka_unit_test(records_that_are_too_long_or_too_short_are_refused),
		cmocka_unit_test(a_sheet_that_does_not_end_is_refused),
		cmocka_unit_test(a_chart_within_a_sheet_is_passed_over),
		cmocka_unit_test(sheets_that_lie_in_each_other_are_refused),
		cmocka_unit_test(sheets_must_lie_in_the_stream_each_at_its_own_place),
	};

	return cmocka_run_group_tests_name("xls", tests, NULL, NULL);
}
