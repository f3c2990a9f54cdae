/*
 * test_sdmx_csv.c - SDMX-CSV to records: labels, delimiters, actions, what is refused.
 */
#include "tests/unit/collectors/sdmx_records.h"

static void version_1_names_its_data_flow_in_each_row(void **state)
{
	(void)state;
	assert_message("\xef\xbb\xbf"
		       "DATAFLOW,FREQ,TIME_PERIOD,OBS_VALUE,OBS_STATUS\r\n"
		       "A:D(1.0),M,2020-01,1.50,A\r\n"
		       "A:D(1.0),M,2020-02,NaN,M\r\n\r\n"
		       "A:E(1.0),M,2020-01,3,\r\n",
		       "= A:D(1.0)\n"
		       "FREQ|TIME_PERIOD|OBS_VALUE|OBS_STATUS\n"
		       "2:25 M|2020-01|1.50|A\n"
		       "3:24 M|2020-02||M\n"
		       "= A:E(1.0)\n"
		       "FREQ|TIME_PERIOD|OBS_VALUE|OBS_STATUS\n"
		       "5:20 M|2020-01|3|\n");
}

static void labels_of_ids_and_names_are_taken_apart(void **state)
{
	(void)state;
	assert_message("DATAFLOW,AREA: Area,TIME_PERIOD: Time,OBS_VALUE: Value,NOTE: Note\n"
		       "A:D(1.0): d,x: East: far,2020,1,see: not here\n"
		       "A:D(1.0): d,y,2021,2,a note: with blanks\n",
		       "= A:D(1.0)\n"
		       "AREA|AREA.name|TIME_PERIOD|TIME_PERIOD.name|OBS_VALUE|NOTE|NOTE.name\n"
		       "2:33 x|East: far|2020||1|see|not here\n"
		       "3:22 y||2021||2|a note: with blanks|\n");
}

static void names_in_columns_of_their_own(void **state)
{
	(void)state;
	assert_message("STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,OBS_KEY,AREA,Area,TIME_PERIOD,"
		       "Time,OBS_VALUE,Value\n"
		       "dataflow,A:D(1.0),d,I,x.2020,x,East,2020,,1,\n",
		       "= A:D(1.0)\n"
		       "AREA|AREA.name|TIME_PERIOD|TIME_PERIOD.name|OBS_VALUE\n"
		       "2:43 x|East|2020||1\n");
}

static void semicolons_come_with_a_decimal_comma(void **state)
{
	(void)state;
	assert_message("STRUCTURE;STRUCTURE_ID;ACTION;TIME_PERIOD;OBS_VALUE;NOTE\n"
		       "dataflow;A:D(1.0);A;2020;-1585,754;1,5\n"
		       "dataflow;A:D(1.0);M;2021;1.5;\n"
		       "dataflow;A:D(1.0);R;2022;1,234,5;\n",
		       "= A:D(1.0)\n"
		       "TIME_PERIOD|OBS_VALUE|NOTE\n"
		       "2:36 2020|-1585.754|1,5\n"
		       "3:26 2021|1.5|\n"
		       "4:26 2022|1,234,5|\n");
	assert_message("STRUCTURE\tSTRUCTURE_ID\tTIME_PERIOD\tOBS_VALUE\n"
		       "dataflow\tA:D(1.0)\t2020\t1,5\n",
		       "= A:D(1.0)\nTIME_PERIOD|OBS_VALUE\n2:24 2020|1,5\n");
}

static void several_values_and_languages_in_a_cell(void **state)
{
	static const char message[] =
		"STRUCTURE[;],STRUCTURE_ID,ACTION,TIME_PERIOD,OBS_VALUE,C[]: "
		"Contact,T[en;fr],N[fr;zh]\n"
		"dataflow,A:D(1.0),I,2020,1,a: Ann;b: Bob,fr:Valeur;en:Value,\n"
		"dataflow,A:D(1.0),I,2021,2,,,\"\"\"fr:un;zh:一\"\";\"\"fr:deux\"\"\"\n";
	const struct sdmx_options french = { .language = "fr" };

	(void)state;
	assert_message(message, "= A:D(1.0)\n"
				"TIME_PERIOD|OBS_VALUE|C|C.name|T|N\n"
				"2:42 2020|1|a; b|Ann; Bob|Value|\n"
				"3:30 2021|2||||一; deux\n");
	assert_message_with(message, &french,
			    "= A:D(1.0)\n"
			    "TIME_PERIOD|OBS_VALUE|C|C.name|T|N\n"
			    "2:42 2020|1|a; b|Ann; Bob|Valeur|\n"
			    "3:30 2021|2||||un; deux\n");
}

static void rows_that_cannot_be_taken_are_told_one_by_one(void **state)
{
	(void)state;
	assert_message(
		"STRUCTURE,STRUCTURE_ID,ACTION,AREA,TIME_PERIOD,OBS_VALUE\n"
		"dataflow,A:D(1.0),D,x,2020,-\n"
		"dataflow,A:D(1.0),i,x,2020,1\n"
		"thing,A:D(1.0),I,x,2020,1\n"
		"dataflow,A:D(1.0),I,x,2020,1,2\n"
		"dataflow,A:D(1.0),I,x,2020\n"
		"dataflow,A:D(1.0),I,x,,1\n"
		"dataflow,A:D(1.0),I,\"x\"y,2020,1\n"
		"DataFlow,A:D(1.0),,x,2020,#N/A\n",
		"!2:19 layout: the row deletes figures; deletions are not taken\n"
		"!3:19 layout: the action 'i' is none of I, A, R, M, D; the row is left out\n"
		"!4:1 layout: 'thing' is none of dataflow, datastructure, dataprovision; the row "
		"is "
		"left out\n"
		"!5:1 layout: the row has 7 cells, the header 6; the row is left out\n"
		"!6:1 layout: the row has 5 cells, the header 6; the row is left out\n"
		"= A:D(1.0)\n"
		"AREA|TIME_PERIOD|OBS_VALUE\n"
		"!7:1 layout: the observation has no value of dimension TIME_PERIOD; it is left "
		"out\n"
		"!8:24 layout: text stands behind the closing quote\n"
		"9:22 x|2020|\n");
}

static void headers_that_cannot_be_are_refused(void **state)
{
	(void)state;
	assert_no_message("FREQ,OBS_VALUE\nA,1\n", ERR_INVALID,
			  "line 1, column 1: the header begins neither with DATAFLOW nor with "
			  "STRUCTURE, so this is no SDMX-CSV");
	assert_no_message("STRUCTURE,ACTION,OBS_VALUE\n", ERR_INVALID,
			  "line 1: the header has no column STRUCTURE_ID");
	assert_no_message("DATAFLOW\nx\n", ERR_INVALID,
			  "line 1: the header names no dimension, measure or attribute");
	assert_no_message("DATAFLOW,A,,B\n", ERR_INVALID,
			  "line 1, column 12: a column has no heading");
	assert_no_message("DATAFLOW,A,B,A\nx,1,2,3\n", ERR_INVALID,
			  "line 1: two columns are called A");
	assert_no_message("DATAFLOW,\"A\n", ERR_INVALID,
			  "line 1, column 10: the quote that opens here is never closed");
}

static void a_header_alone_gives_nothing(void **state)
{
	(void)state;
	assert_message("DATAFLOW,A,OBS_VALUE\n", "");
}

static void limits_hold(void **state)
{
	struct records r = { .rc = 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_puts(&b, "DATAFLOW");
	for (int i = 0; i < 257; i++)
		buf_printf(&b, ",A%d", i);
	buf_puts(&b, "\nx");
	for (int i = 0; i < 257; i++)
		buf_puts(&b, ",1");
	sdmx_records_read(&r, buf_all(&b), NULL);
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, "line 1: more than 256 dimensions, measures and attributes");
	records_release(&r);
	buf_clear(&b);
	buf_puts(&b, "DATAFLOW,A\n");
	for (int i = 0; i < SDMX_SETS_MAX + 1; i++)
		buf_printf(&b, "A:D%d(1.0),1\n", i);
	sdmx_records_read(&r, buf_all(&b), NULL);
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, "line 1: more than 1000 data sets");
	assert_int_equal(r.tables, SDMX_SETS_MAX);
	records_release(&r);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_names_its_data_flow_in_each_row),
		cmocka_unit_test(labels_of_ids_and_names_are_taken_apart),
		cmocka_unit_test(names_in_columns_of_their_own),
		cmocka_unit_test(semicolons_come_with_a_decimal_comma),
		cmocka_unit_test(several_values_and_languages_in_a_cell),
		cmocka_unit_test(rows_that_cannot_be_taken_are_told_one_by_one),
		cmocka_unit_test(headers_that_cannot_be_are_refused),
		cmocka_unit_test(a_header_alone_gives_nothing),
		cmocka_unit_test(limits_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
