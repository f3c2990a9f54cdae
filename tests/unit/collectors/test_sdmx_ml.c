/*
 * test_sdmx_ml.c - SDMX-ML to records: levels, groups, actions, footers, limits.
 */
#include "base/xml.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/sdmx_records.h"

#define STRUCTURE(dimension)                                                                       \
	"<m:Structure structureID='S' dimensionAtObservation='" dimension                          \
	"'><c:Structure><Ref agencyID='A' id='D' version='1.0'/></c:Structure></m:Structure>"
#define HEAD_OF(dimension) "<m:Header>" STRUCTURE(dimension) "</m:Header>\n"
#define SPACES             "xmlns:m='m' xmlns:c='c' xmlns:g='g' xmlns:ss='ss' xmlns:xsi='xsi'"

#define GENERIC_AT(dimension, sets)                                                                \
	"<m:GenericData " SPACES ">" HEAD_OF(dimension) sets "</m:GenericData>"
#define GENERIC(sets) GENERIC_AT("TIME_PERIOD", sets)
#define SPECIFIC_AT(dimension, sets)                                                               \
	"<m:StructureSpecificData " SPACES ">" HEAD_OF(dimension) sets "</"                        \
								       "m:StructureSpecificData>"
#define SPECIFIC(sets) SPECIFIC_AT("TIME_PERIOD", sets)
#define SET(content)   "<m:DataSet ss:structureRef='S'>\n" content "</m:DataSet>"

#define KEY(freq, area)                                                                            \
	"<g:SeriesKey><g:Value id='FREQ' value='" freq "'/><g:Value id='AREA' value='" area        \
	"'/></g:SeriesKey>"
#define OBS(time, value)                                                                           \
	"<g:Obs><g:ObsDimension value='" time "'/><g:ObsValue value='" value "'/></g:Obs>\n"

/* --- generic -------------------------------------------------------------------------------- */

static void series_of_mixed_frequency_give_a_row_each_observation(void **state)
{
	(void)state;
	assert_message(GENERIC(SET(
			       "<g:Series>" KEY("M", "x") OBS("2020-01", "1.5")
				       OBS("2020-02", "2.5") "</g:Series>\n<g:Series>" KEY("A", "y")
					       OBS("2020", "-3") "</g:Series>")),
		       "= A:D(1.0)\n"
		       "FREQ|AREA|TIME_PERIOD|OBS_VALUE\n"
		       "3:138 M|x|2020-01|1.5\n"
		       "4:41 M|x|2020-02|2.5\n"
		       "6:135 A|y|2020|-3\n");
}

static void an_attribute_that_comes_late_has_its_column_in_all_rows(void **state)
{
	(void)state;
	assert_message(
		GENERIC(SET("<g:Series>" KEY("M", "x") OBS(
			"2020-01",
			"1") "<g:Obs><g:ObsDimension value='2020-02'/><g:ObsValue value='2'/>"
			     "<g:Attributes><g:Value id='OBS_STATUS' value='p'/>"
			     "</g:Attributes></g:Obs></g:Series>")),
		"= A:D(1.0)\n"
		"FREQ|AREA|TIME_PERIOD|OBS_VALUE|OBS_STATUS\n"
		"3:138 M|x|2020-01|1|\n"
		"4:1 M|x|2020-02|2|p\n");
}

static void missing_values_are_empty_and_keep_their_status(void **state)
{
	(void)state;
	assert_message(GENERIC(SET("<g:Series>" KEY("M", "x") OBS("2020-01", "NaN") OBS(
			       "2020-02",
			       "") "<g:Obs><g:ObsDimension "
				   "value='2020-03'/><g:Attributes><g:Value id='OBS_STATUS' "
				   "value='M'/></g:Attributes></g:Obs></g:Series>")),
		       "= A:D(1.0)\n"
		       "FREQ|AREA|TIME_PERIOD|OBS_VALUE|OBS_STATUS\n"
		       "3:98 M|x|2020-01||\n"
		       "4:1 M|x|2020-02||\n"
		       "5:1 M|x|2020-03||M\n");
}

static void flat_observations_have_their_whole_key(void **state)
{
	(void)state;
	assert_message(
		GENERIC_AT(
			"AllDimensions",
			SET("<g:Obs><g:ObsKey><g:Value id='AREA' value='x'/><g:Value "
			    "id='TIME_PERIOD' value='2020'/></g:ObsKey><g:ObsValue "
			    "value='7'/></g:Obs>\n"
			    "<g:Obs><g:ObsKey><g:Value id='AREA' value='y'/></g:ObsKey><g:ObsValue "
			    "value='8'/></g:Obs>")),
		"= A:D(1.0)\n"
		"AREA|TIME_PERIOD|OBS_VALUE\n"
		"3:99 x|2020|7\n"
		"!4:1 layout: the observation has no value of dimension TIME_PERIOD; it is left "
		"out\n");
}

static void a_cross_section_takes_the_dimension_the_header_names(void **state)
{
	(void)state;
	assert_message(GENERIC_AT("AREA", SET("<g:Series><g:SeriesKey><g:Value id='TIME_PERIOD' "
					      "value='2020'/></g:SeriesKey>" OBS("x", "1")
						      OBS("y", "2") "</g:Series>")),
		       "= A:D(1.0)\n"
		       "TIME_PERIOD|AREA|OBS_VALUE\n"
		       "3:112 2020|x|1\n"
		       "4:35 2020|y|2\n");
}

/* --- structure-specific ------------------------------------------------------------- */

static void attributes_of_all_levels_stand_in_each_row(void **state)
{
	(void)state;
	assert_message(
		SPECIFIC(
			"<m:DataSet ss:structureRef='S' ss:dataScope='x' xsi:type='t' "
			"action='Append' DECIMALS='1' UNIT='set'>"
			"<Group xsi:type='G' AREA='x' UNIT='group' TITLE='of x'/>\n"
			"<Series FREQ='M' AREA='x'><Obs TIME_PERIOD='2020' OBS_VALUE='1'/>\n"
			"<Obs TIME_PERIOD='2021' OBS_VALUE='2' DECIMALS='0'/></Series>\n"
			"<Series FREQ='M' AREA='y' UNIT='series'>"
			"<Obs TIME_PERIOD='2020' OBS_VALUE='3'/></Series>\n"
			"<Series FREQ='M' AREA='z'><Obs TIME_PERIOD='2020'/></Series></m:DataSet>"),
		"= A:D(1.0)\n"
		"DECIMALS|UNIT|AREA|FREQ|TIME_PERIOD|OBS_VALUE|TITLE\n"
		"3:27 1|group|x|M|2020|1|of x\n"
		"4:1 0|group|x|M|2021|2|of x\n"
		"5:41 1|series|y|M|2020|3|\n"
		"6:27 1|set|z|M|2020||\n");
}

static void groups_match_by_what_they_have_in_common_with_series(void **state)
{
	(void)state;
	/* Two kinds of groups, one behind the series; NOTE is no key, though one series says it. */
	assert_message(SPECIFIC(SET(
			       "<Group AREA='x' NOTE='n'/>"
			       "<Series FREQ='M' AREA='x'><Obs TIME_PERIOD='2020' OBS_VALUE='1'/>"
			       "</Series>\n"
			       "<Series FREQ='A' AREA='y' NOTE='own'><Obs TIME_PERIOD='2020' "
			       "OBS_VALUE='2'/></Series>\n"
			       "<Group AREA='y' NOTE='other'/>"
			       "<Group FREQ='A' AREA='y' TITLE='t'/>"
			       "<Group FREQ='M' AREA='y' TITLE='nobody'/>")),
		       "= A:D(1.0)\n"
		       "AREA|NOTE|FREQ|TIME_PERIOD|OBS_VALUE|TITLE\n"
		       "3:53 x|n|M|2020|1|\n"
		       "4:38 y|own|A|2020|2|t\n");
}

static void groups_of_flat_observations(void **state)
{
	(void)state;
	assert_message(
		SPECIFIC_AT("AllDimensions",
			    SET("<Atts UNIT='u'/><Group AREA='x' TITLE='t'/>\n"
				"<Obs AREA='x' TIME_PERIOD='2020' OBS_VALUE='1'/>\n"
				"<Obs AREA='y' TIME_PERIOD='2020' OBS_VALUE='2' UNIT='v'/>")),
		"= A:D(1.0)\n"
		"UNIT|AREA|TIME_PERIOD|OBS_VALUE|TITLE\n"
		"4:1 u|x|2020|1|t\n"
		"5:1 v|y|2020|2|\n");
}

static void several_values_of_a_component_are_joined(void **state)
{
	(void)state;
	assert_message(SPECIFIC(SET("<Series AREA='x'><Comp id='NOTE'><Value>a</Value> <Value>"
				    "<c:Text xml:lang='en'>b &amp; c</c:Text></Value></Comp>"
				    "<Obs TIME_PERIOD='2020' M1='1' M2='2'/></Series>")),
		       "= A:D(1.0)\n"
		       "AREA|NOTE|TIME_PERIOD|M1|M2|OBS_VALUE\n"
		       "3:113 x|a; b & c|2020|1|2|\n");
}

static void compact_messages_of_2_0_have_the_same_shape(void **state)
{
	(void)state;
	assert_message("<CompactData xmlns:x='x'><x:DataSet><x:Series FREQ='A'>"
		       "<x:Obs TIME_PERIOD='2001' OBS_VALUE='5'/></x:Series></x:DataSet>"
		       "</CompactData>",
		       "= \n"
		       "FREQ|TIME_PERIOD|OBS_VALUE\n"
		       "1:56 A|2001|5\n");
}

/* --- messages ----------------------------------------------------------------------- */

#define ONE_SERIES(freq, area, time, value)                                                        \
	"<g:Series>" KEY(freq, area) OBS(time, value) "</g:Series></m:DataSet>"

static void each_data_set_is_a_table_and_deletions_are_not_taken(void **state)
{
	static const char message[] = "<m:GenericData " SPACES "><m:Header>" STRUCTURE(
		"TIME_PERIOD") "<m:Structure structureID='T' dimensionAtObservation='TIME_PERIOD'>"
			       "<c:StructureUsage><URN>urn:sdmx:x=B:E(2.1)</URN></"
			       "c:StructureUsage></m:Structure>"
			       "</m:Header>\n"
			       "<m:DataSet structureRef='T' action='Replace'>" ONE_SERIES(
				       "A", "x", "2020",
				       "1") "<m:DataSet structureRef='S' "
					    "action='Delete'>" ONE_SERIES(
						    "A", "x", "2020",
						    "1") "<m:DataSet "
							 "structureRef='S' "
							 "action='Burn'/>\n"
							 "<m:DataSet "
							 "structureRef='S'/>"
							 "<m:DataSet "
							 "structureRef='S'"
							 ">" ONE_SERIES("Q", "y", "2020-Q1",
									"2") "</"
									     "m:"
									     "Generi"
									     "cData"
									     ">";

	(void)state;
	assert_message(
		message,
		"= B:E(2.1)\n"
		"FREQ|AREA|TIME_PERIOD|OBS_VALUE\n"
		"2:180 A|x|2020|1\n"
		"!3:24 layout: the data set deletes figures; deletions are not taken\n"
		"!4:24 layout: the data set's action 'Burn' is none of Append, Replace, Merge, "
		"Information, Delete; it is left out\n"
		"!5:1 layout: the data set holds no observations\n"
		"= A:D(1.0)\n"
		"FREQ|AREA|TIME_PERIOD|OBS_VALUE\n"
		"5:195 Q|y|2020-Q1|2\n");
}

static void the_headers_action_counts_where_a_data_set_says_none(void **state)
{
	(void)state;
	assert_message("<m:GenericData " SPACES "><m:Header><m:DataSetAction>Delete"
		       "</m:DataSetAction></m:Header><m:DataSet/></m:GenericData>",
		       "!1:144 layout: the data set deletes figures; deletions are not taken\n");
}

static void a_footer_behind_figures_is_told(void **state)
{
	(void)state;
	assert_message(SPECIFIC(SET("<Series A='x'><Obs TIME_PERIOD='1' "
				    "OBS_VALUE='2'/></Series>") "<Footer><Message "
								"code='510'><c:Text>cut\noff</"
								"c:Text><c:Text>"
								"cut\noff</c:Text><c:Text>here</"
								"c:Text></Message></Footer>"),
		       "= A:D(1.0)\n"
		       "A|TIME_PERIOD|OBS_VALUE\n"
		       "3:15 x|1|2\n"
		       "!1:1 layout: the source adds message 510: cut off here\n");
}

static void what_holds_no_figures_is_refused_with_its_reason(void **state)
{
	(void)state;
	assert_no_message("<m:GenericData " SPACES "><Footer><Message code='413'><c:Text>Too large."
			  "</c:Text></Message></Footer></m:GenericData>",
			  ERR_INVALID,
			  "no figures, the answer comes later (message 413): Too large.");
	assert_no_message("<m:Error " SPACES "><m:ErrorMessage code='100'><c:Text>No results found"
			  "</c:Text></m:ErrorMessage></m:Error>",
			  ERR_INVALID, "no figures (message 100): No results found");
	assert_no_message("<m:Structure " SPACES "/>", ERR_INVALID,
			  "line 1, column 1: the message holds structures and no figures");
	assert_no_message("<m:GenericData " SPACES "/>", ERR_INVALID,
			  "the message holds no data set");
	assert_no_message("\n <html/>", ERR_INVALID,
			  "line 2, column 2: 'html' is no data message of SDMX-ML 2.1 or 3.0");
	assert_no_message(" \n", ERR_INVALID, "the document is empty");
}

static void rows_before_a_mistake_of_a_later_set_stay_good(void **state)
{
	struct records r = { .rc = 0 };

	(void)state;
	sdmx_records_read(&r,
			  slice_str(SPECIFIC(
				  SET("<Series A='x'><Obs TIME_PERIOD='1' OBS_VALUE='2'/></Series>")
					  SET("<Series A='x'><Obs></Series>"))),
			  NULL);
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, "line 4, column 22: this tag closes another element than the "
				      "one that is open");
	assert_int_equal(r.rows, 1);
	records_release(&r);
}

static void a_sink_that_has_enough_of_a_table_still_gets_the_next(void **state)
{
	struct records r = { .stop_after = 1 };

	(void)state;
	sdmx_records_read(&r,
			  slice_str(SPECIFIC(
				  SET("<Obs A='1' OBS_VALUE='2'/><Obs A='2' OBS_VALUE='2'/>")
					  SET("<Obs B='3' OBS_VALUE='4'/>"))),
			  NULL);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.tables, 2);
	assert_int_equal(r.rows, 2);
	records_release(&r);
}

/* --- plain observations ----------------------------------------------------------------------- */

/* A carriage return somewhere, and all goes through expat. */
static void assert_reads_as_expat_does(const char *message)
{
	struct records quick = { .rc = 0 }, slow = { .rc = 0 };
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_printf(&b, "%s\r", message);
	sdmx_records_read(&quick, slice_str(message), NULL);
	sdmx_records_read(&slow, buf_all(&b), NULL);
	assert_int_equal(quick.rc, slow.rc);
	if (quick.rc < 0)
		assert_string_equal(quick.e.text, slow.e.text);
	assert_string_equal(quick.text.p, slow.text.p);
	records_release(&quick);
	records_release(&slow);
	buf_release(&b);
}

#define PLAIN "<Obs TIME_PERIOD='1' OBS_VALUE='2'/>\n"
#define PREFIXED_SERIES                                                                            \
	"</Series><Series xmlns:q='q'><q:Obs TIME_PERIOD='3'/><q:Obs TIME_PERIOD='4'/></Series>"

static void plain_observations_are_read_as_expat_reads_them(void **state)
{
	static const char *const middles[] = {
		"<Obs TIME_PERIOD=\"2\" OBS_VALUE='3'  />",
		"<Obs\n\tTIME_PERIOD = '2' OBS_VALUE='3'/>",
		"<Obs TIME_PERIOD='2' N='a>b&lt;&#233;'/>",
		"<Obs TIME_PERIOD='2' N='\xe4\xb8\x80\tb'/>",
		"<Obs TIME_PERIOD='2' N='a\nb\tc'/>",
		"<Obs TIME_PERIOD='2' N='\xff'/>",
		"<Obs TIME_PERIOD='2' TIME_PERIOD='3'/>",
		"<Obs TIME_PERIOD='2' TIME_PERIOX='3' TIME_PERIOD='3'/>",
		"<Obs TIME_PERIOD='2'OBS_VALUE='3'/>",
		"<Obs TIME_PERIOD='2' OBS_VALUE='<'/>",
		"<Obs TIME_PERIOD='2' ss:x='3' OBS_VALUE='1'/>",
		"<Obs TIME_PERIOD='2' q:x='3' OBS_VALUE='1'/>",
		"<Obs xmlns='other' TIME_PERIOD='2' OBS_VALUE='1'/>",
		"<q:Obs xmlns:q='other' TIME_PERIOD='2'/><q:Obs TIME_PERIOD='3'/>",
		"<q:Obs TIME_PERIOD='2'/>",
		"<!-- <Obs TIME_PERIOD='9'/> --><Obs TIME_PERIOD='2'/>",
		"<![CDATA[<Obs TIME_PERIOD='9'/>]]><Obs TIME_PERIOD='2'/>",
		"<?pi <Obs TIME_PERIOD='9'/>?><Obs TIME_PERIOD='2'/>",
		"text > text <Obs TIME_PERIOD='2'/>",
		"text ]]> text <Obs TIME_PERIOD='2'/>",
		"<Obs TIME_PERIOD='2'></Obs><Obs TIME_PERIOD='3'> </Obs>",
		"<Obs TIME_PERIOD='2'>text</Obs>",
		"<Obs TIME_PERIOD='2'><a b='c'/><Comp id='N'><Value>1</Value></Comp></Obs>",
		"<Obs TIME_PERIOD='2'><a></b></Obs>",
		"<Obs TIME_PERIOD='2'></Obx>",
		"</Obs>",
		"<Obs TIME_PERIOD='2'",
		"<Obs TIME_PERIOD='2'><Comp id='N'></Comp></Obs>",
		"<Obs/>",
		"<Obs />",
		"<Obs/ >",
		"<Obsx TIME_PERIOD='2'/>",
		("</Series><Series A='y'><Obs TIME_PERIOD='2'/>" PLAIN),
		"</Series><a><Obs TIME_PERIOD='2'/></a><Series>",
		("</Series></m:DataSet><m:DataSet action='Delete'><Series>" PLAIN PLAIN),
		(PREFIXED_SERIES "<Series><q:Obs TIME_PERIOD='5'/>"),
		(PREFIXED_SERIES "<q:Obs TIME_PERIOD='5'/><Series>"),
		"<Obs TIME_PERIOD='2' 1='2'/>",
		"<Obs TIME_PERIOD='2' xmlnsx='2'/>",
		"<Obs TIME_PERIOD=\"2\" N='\"'/>",
		"<Obs TIME_PERIOD='2' N='\x7f'/>",
		"<Obs TIME_PERIOD='2' N='\x01'/>",
	};
	char message[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(middles) / sizeof(*middles); i++) {
		snprintf(message, sizeof(message),
			 SPECIFIC(SET("<Series A='x'>" PLAIN PLAIN "%s" PLAIN PLAIN "</Series>")),
			 middles[i]);
		assert_reads_as_expat_does(message);
		snprintf(message, sizeof(message),
			 SPECIFIC_AT("AllDimensions", SET(PLAIN PLAIN "%s" PLAIN PLAIN)),
			 middles[i]);
		assert_reads_as_expat_does(message);
	}
}

static void places_go_on_behind_plain_observations(void **state)
{
	(void)state;
	assert_no_message(SPECIFIC(SET("<Series A='x'>\n" PLAIN PLAIN PLAIN "<Obs A='1' A='2'/>"
				       "</Series>")),
			  ERR_INVALID, "line 7, column 12: duplicate attribute");
	assert_no_message(SPECIFIC(SET("<Series A='x'>\n" PLAIN PLAIN PLAIN "<Obs a:b='1'/>"
				       "</Series>")),
			  ERR_INVALID, "line 7, column 1: unbound prefix");
	assert_message(SPECIFIC(SET("<Series A='x'>\n" PLAIN PLAIN
				    "<Obs TIME_PERIOD='\xe4\xb8\x80'/> "
				    "<Obs OBS_VALUE='1'/></Series>")),
		       "= A:D(1.0)\n"
		       "A|TIME_PERIOD|OBS_VALUE\n"
		       "4:1 x|1|2\n"
		       "5:1 x|1|2\n"
		       "6:1 x|\xe4\xb8\x80|\n"
		       "!6:24 layout: the observation has no value of dimension TIME_PERIOD; it is "
		       "left out\n");
}

/* --- limits ------------------------------------------------------------------------- */

static void a_doctype_is_refused(void **state)
{
	(void)state;
	assert_no_message("<!DOCTYPE a [<!ENTITY b \"c\">]><m:GenericData " SPACES "/>",
			  ERR_REFUSED,
			  "line 1, column 13: a DOCTYPE is not accepted, since it can define "
			  "entities");
}

static void write_many(struct buf *b, const char *before, const char *each, int n,
		       const char *after)
{
	buf_init(b, 64 << 20);
	buf_puts(b, before);
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s%d='1' ", each, i);
	buf_puts(b, after);
}

static void assert_refuses_body(struct buf *b, enum err_code code, const char *want)
{
	struct records r = { .rc = 0 };

	sdmx_records_read(&r, buf_all(b), NULL);
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, want);
	assert_int_equal(r.e.code, code);
	records_release(&r);
	buf_release(b);
}

static void more_than_256_columns_are_refused(void **state)
{
	struct buf b;

	(void)state;
	write_many(&b, "<m:StructureSpecificData " SPACES "><m:DataSet><Obs ", "A", 257,
		   "/></m:DataSet></m:StructureSpecificData>");
	assert_refuses_body(&b, ERR_LIMIT,
			    "line 1, column 103: an element says more than 256 things");
	write_many(&b, "<m:StructureSpecificData " SPACES "><m:DataSet><Series S='1'><Obs ", "A",
		   256, "/></Series></m:DataSet></m:StructureSpecificData>");
	assert_refuses_body(
		&b, ERR_LIMIT,
		"line 1, column 117: more than 256 dimensions, measures and attributes");
}

static void four_hundred_thousand_attributes_are_refused(void **state)
{
	struct buf b;

	(void)state;
	write_many(&b, "<m:StructureSpecificData " SPACES "><m:DataSet><Obs ", "A", 400000,
		   "/></m:DataSet></m:StructureSpecificData>");
	assert_refuses_body(
		&b, ERR_LIMIT,
		"line 1, column 103: a tag that is too long, or too many different names");
	write_many(&b, "<m:StructureSpecificData " SPACES "><m:DataSet><Obs K='>' ", "A", 400000,
		   "/></m:DataSet></m:StructureSpecificData>");
	assert_refuses_body(
		&b, ERR_LIMIT,
		"line 1, column 103: a tag that is too long, or too many different names");
}

static void depth_and_long_texts_are_limited(void **state)
{
	struct records r = { .rc = 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_puts(&b, "<m:GenericData " SPACES ">");
	for (int i = 0; i < 64; i++)
		buf_puts(&b, "<a>");
	assert_refuses_body(&b, ERR_LIMIT,
			    "line 1, column 271: more than 64 elements inside each other");
	buf_puts(&b, "<m:StructureSpecificData " SPACES "><m:DataSet><Obs OBS_VALUE='1' NOTE='");
	for (int i = 0; i < SDMX_TEXT_MAX + 1; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "'/><Obs OBS_VALUE='2'/></m:DataSet></m:StructureSpecificData>");
	sdmx_records_read(&r, buf_all(&b), NULL);
	assert_int_equal(r.rc, 0);
	assert_has(r.text.p, "!1:103 limit: NOTE has a text of 32769 bytes, more than 32768; the "
			     "observation is left out\n");
	assert_int_equal(r.rows, 1);
	records_release(&r);
	buf_release(&b);
}

static void many_groups_cost_a_look_each(void **state)
{
	enum { N = 20000 };
	struct records r = { .rc = 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 64 << 20);
	buf_puts(&b, "<m:StructureSpecificData " SPACES "><m:DataSet>");
	for (int i = 0; i < N; i++)
		buf_printf(&b, "<Group A='%d' T='t%d'/>", i, i);
	for (int i = 0; i < N; i++)
		buf_printf(&b, "<Series A='%d' F='M'><Obs TIME_PERIOD='1' OBS_VALUE='1'/></Series>",
			   i);
	buf_puts(&b, "</m:DataSet></m:StructureSpecificData>");
	sdmx_records_read(&r, buf_all(&b), NULL);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.rows, N);
	assert_has(r.text.p, "|t19999\n");
	records_release(&r);
	buf_release(&b);
}

static int ignore_row(void *ctx, const struct row *row, struct err *e)
{
	(void)ctx;
	(void)row;
	(void)e;
	return 1;
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	static const char message[] = SPECIFIC(
		SET("<Group A='x' T='t'/><Series A='x'><Comp id='N'><Value>v</Value></Comp>"
		    "<Obs TIME_PERIOD='1' OBS_VALUE='2'/></Series>") "<Footer><Message "
								     "code='1'><c:Text>t</c:Text></"
								     "Message></Footer>");
	struct row_sink sink = { .row = ignore_row };
	struct starve s = { .keeps_nothing = true };
	struct arena a;
	struct err e;

	(void)state;
	while (starve_again(&s)) {
		int rc;

		arena_init(&a, STARVED_ARENA);
		starve_begin(&s);
		rc = sdmx_read(slice_str(message), &a, NULL, &sink, &e);
		starve_end(&s, rc == 0, &e);
		arena_release(&a);
	}
	assert_true(s.failed > 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_of_mixed_frequency_give_a_row_each_observation),
		cmocka_unit_test(an_attribute_that_comes_late_has_its_column_in_all_rows),
		cmocka_unit_test(missing_values_are_empty_and_keep_their_status),
		cmocka_unit_test(flat_observations_have_their_whole_key),
		cmocka_unit_test(a_cross_section_takes_the_dimension_the_header_names),
		cmocka_unit_test(attributes_of_all_levels_stand_in_each_row),
		cmocka_unit_test(groups_match_by_what_they_have_in_common_with_series),
		cmocka_unit_test(groups_of_flat_observations),
		cmocka_unit_test(several_values_of_a_component_are_joined),
		cmocka_unit_test(compact_messages_of_2_0_have_the_same_shape),
		cmocka_unit_test(each_data_set_is_a_table_and_deletions_are_not_taken),
		cmocka_unit_test(the_headers_action_counts_where_a_data_set_says_none),
		cmocka_unit_test(a_footer_behind_figures_is_told),
		cmocka_unit_test(what_holds_no_figures_is_refused_with_its_reason),
		cmocka_unit_test(rows_before_a_mistake_of_a_later_set_stay_good),
		cmocka_unit_test(a_sink_that_has_enough_of_a_table_still_gets_the_next),
		cmocka_unit_test(plain_observations_are_read_as_expat_reads_them),
		cmocka_unit_test(places_go_on_behind_plain_observations),
		cmocka_unit_test(a_doctype_is_refused),
		cmocka_unit_test(more_than_256_columns_are_refused),
		cmocka_unit_test(four_hundred_thousand_attributes_are_refused),
		cmocka_unit_test(depth_and_long_texts_are_limited),
		cmocka_unit_test(many_groups_cost_a_look_each),
		cmocka_unit_test(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
