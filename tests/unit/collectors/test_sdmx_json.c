/*
 * test_sdmx_json.c - SDMX-JSON to records: layouts, indices, groups, what is refused.
 */
#include "tests/lib/starve.h"
#include "tests/unit/collectors/sdmx_records.h"

#define LINK "'links':[{'rel':'dataflow','urn':'urn:sdmx:x=A:D(1.0)'}]"
#define FREQ "{'id':'FREQ','keyPosition':0,'values':[{'id':'M','name':'Monthly'},{'id':'A'}]}"
#define AREA                                                                                       \
	"{'id':'AREA','keyPosition':1,'values':[{'id':'x','name':'X',"                             \
	"'names':{'en':'East','zh':'东'}},{'id':'y','name':'West'}]}"
#define TIME   "{'id':'TIME_PERIOD','values':[{'id':'2020'},{'value':'2021'},'2022']}"
#define STATUS "{'id':'OBS_STATUS','values':[{'id':'A','name':'Normal'},{'id':'M'}]}"

#define V2(structure, sets)                                                                        \
	"{'meta':{},'data':{'structures':[{" LINK "," structure "}],\n'dataSets':[" sets "]}}"
#define SERIES_OF(attributes)                                                                      \
	"'dimensions':{'dataSet':[],'series':[" FREQ "," AREA "],'observation':[" TIME             \
	"]},'attributes':{" attributes "}"

/* With ' for " and read. */
static void assert_json_with(const char *json, const struct sdmx_options *o, const char *want)
{
	struct records r = { .rc = 0 };
	char text[4096];
	size_t n = strlen(json);

	assert_true(n < sizeof(text));
	for (size_t i = 0; i < n; i++)
		text[i] = json[i] == '\'' ? '"' : json[i];
	sdmx_records_read(&r, slice_of(text, n), o);
	if (r.rc < 0)
		buf_printf(&r.text, "-1 %s\n", r.e.text);
	buf_putc(&r.text, '\0');
	assert_string_equal(r.text.p, want);
	records_release(&r);
}

static void assert_json(const char *json, const char *want)
{
	assert_json_with(json, NULL, want);
}

static void series_say_their_dimensions_by_index(void **state)
{
	static const char message[] =
		V2(SERIES_OF("'series':[{'id':'UNIT'}],'observation':[" STATUS "]"),
		   "{'action':'Append','series':{'0:0':{'attributes':['u'],'observations':{\n"
		   "'0':[1.50,0],'1':[null,1],\n'2':['NaN']}},\n"
		   "'1:1':{'observations':{'2':[-3,null]}}}}");
	const struct sdmx_options english = { .language = "en" };

	(void)state;
	assert_json(message, "= A:D(1.0)\n"
			     "FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE|UNIT|OBS_STATUS|"
			     "OBS_STATUS.name\n"
			     "3:1 M|Monthly|x|东|2020|1.50|u|A|Normal\n"
			     "3:14 M|Monthly|x|东|2021||u|M|\n"
			     "4:1 M|Monthly|x|东|2022||u||\n"
			     "5:29 A||y|West|2022|-3|||\n");
	assert_json_with(V2(SERIES_OF(""), "{'series':{'0:0':{'observations':{'0':[1]}}}}"),
			 &english,
			 "= A:D(1.0)\n"
			 "FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE\n"
			 "2:52 M|Monthly|x|East|2020|1\n");
}

static void members_may_come_in_any_order(void **state)
{
	(void)state;
	/* Data before the structure, observations before the attributes, the action last. */
	assert_json("{'data':{'dataSets':[{'series':{'0:1':{'observations':{'1':[7]},"
		    "'attributes':['late']}},'structure':1,'action':'Replace'}],\n"
		    "'structures':[{'dimensions':{}},{" LINK
		    "," SERIES_OF("'series':[{'id':'T'}]") "}]}}",
		    "= A:D(1.0)\n"
		    "FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE|T\n"
		    "1:56 M|Monthly|y|West|2021|7|late\n");
}

static void flat_observations_of_the_layout_of_2014(void **state)
{
	(void)state;
	assert_json("{'header':{},'structure':{'links':[{'rel':'dataflow','href':"
		    "'http://h/service/dataflow/A/D/1.0'}],'dimensions':{'dataSet':[" FREQ
		    "],'series':[],'observation':[" AREA "," TIME "]},'attributes':{'dataSet':["
		    "{'id':'UNIT','values':[{'name':'only one'}]}],'observation':["
		    "{'id':'TITLE','values':[{'name':'a'},{'name':'b'}]}]}},\n"
		    "'dataSets':[{'action':'Information','observations':{'0:0':[1,1],'1:2':[2]}}]}",
		    "= A:D(1.0)\n"
		    "FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE|UNIT|TITLE\n"
		    "2:53 M|Monthly|x|东|2020|1|only one|b\n"
		    "2:65 M|Monthly|y|West|2022|2|only one|\n");
}

static void an_empty_member_for_series_takes_nothing_from_flat_observations(void **state)
{
	(void)state;
	assert_json("{'structure':{" LINK ",'dimensions':{'dataSet':[],'series':[],'observation':["
		    "" AREA "," TIME "]},'attributes':{'dataSet':[{'id':'UNIT'}]}},\n"
		    "'dataSets':[{'attributes':['yuan'],'series':{},'observations':{'0:0':[1]},"
		    "'validFrom':'2020'}]}",
		    "= A:D(1.0)\n"
		    "AREA|AREA.name|TIME_PERIOD|OBS_VALUE|UNIT\n"
		    "2:64 x|东|2020|1|yuan\n");
}

static void several_measures_have_a_column_each(void **state)
{
	(void)state;
	assert_json(V2("'measures':{'observation':[{'id':'M1'},{'id':'M2'}]}," SERIES_OF(
			       "'observation':[" STATUS "]"),
		       "{'series':{'0:0':{'observations':{'0':[1,2,0],'1':[3],'2':[null,4]}}}}"),
		    "= A:D(1.0)\n"
		    "FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|M1|M2|OBS_STATUS|OBS_STATUS.name\n"
		    "2:47 M|Monthly|x|东|2020|1|2|A|Normal\n"
		    "2:64 M|Monthly|x|东|2021|3|||\n"
		    "2:77 M|Monthly|x|东|2022||4||\n");
}

static void attributes_may_be_texts_lists_and_languages(void **state)
{
	(void)state;
	assert_json(
		V2(SERIES_OF("'dataSet':[{'id':'S','default':'by default'}],'observation':["
			     "{'id':'A1'},{'id':'A2','values':[{'id':'p','name':'P'},{'id':'q'}]},"
			     "{'id':'A3','default':'d'}]"),
		   "{'attributes':[null],'series':{'0:0':{'observations':{"
		   "'0':[1,'\\u4e00 \\ud83d\\ude00',[0,1],{'en':'e','zh':'中'}],\n"
		   "'1':[2,true,'direct',null]}}}}"),
		"= A:D(1.0)\n"
		"FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE|S|A1|A2|A2.name|A3\n"
		"2:67 M|Monthly|x|东|2020|1|by default|一 😀|p; q|P|中\n"
		"3:1 M|Monthly|x|东|2021|2|by default|true|direct||d\n");
}

static void groups_have_slots_for_all_dimensions(void **state)
{
	(void)state;
	assert_json(
		V2(SERIES_OF("'dimensionGroup':[{'id':'G1','values':[{'id':'g'}]},{'id':'G2'}],"
			     "'series':[{'id':'G2'}]"),
		   "{'dimensionGroupAttributes':{':0:':[0,'all x'],'1:1:':[null,'A of y'],"
		   "'::2':[0],'0:0':[0]},'series':{\n"
		   "'0:0':{'observations':{'0':[1]}},\n"
		   "'1:0':{'attributes':['own'],'observations':{'0':[2]}},\n"
		   "'1:1':{'observations':{'0':[3],'2':[4]}}}}"),
		"= A:D(1.0)\n"
		"FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE|G2|G1\n"
		"!2:93 layout: the key of a group does not have a slot for each of 3 dimensions; "
		"its attributes are left out\n"
		"3:24 M|Monthly|x|东|2020|1|all x|g\n"
		"4:45 A||x|东|2020|2|own|g\n"
		"5:24 A||y|West|2020|3|A of y|\n"
		"5:32 A||y|West|2022|4|A of y|g\n");
}

static void keys_and_indices_that_do_not_exist_cost_their_row(void **state)
{
	(void)state;
	assert_json(
		V2(SERIES_OF("'observation':[" STATUS "]"),
		   "{'series':{'0':{'observations':{'0':[1]}},'0:7':{},'x:0':{},\n"
		   "'0:0':{'observations':{'3':[1],'':[1],'0':[1,2],'1':[1,-1],'2':[9]}}}},\n"
		   "{'action':'Delete','series':{'0:0':{'observations':{'0':[]}}}}"),
		"= A:D(1.0)\n"
		"FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE|OBS_STATUS|OBS_STATUS.name\n"
		"!2:24 layout: the key '0' does not say a value of each of 2 dimensions; it is "
		"left out\n"
		"!2:55 layout: the key '0:7' does not say a value of each of 2 dimensions; it is "
		"left out\n"
		"!2:64 layout: the key 'x:0' does not say a value of each of 2 dimensions; it is "
		"left out\n"
		"!3:24 layout: the key '3' does not say a value of each of 1 dimensions; it is "
		"left out\n"
		"!3:32 layout: the key '' does not say a value of each of 1 dimensions; it is "
		"left out\n"
		"!3:46 layout: OBS_STATUS has 2 values, none of them has the index '2'\n"
		"!3:56 layout: OBS_STATUS has 2 values, none of them has the index '-1'\n"
		"3:65 M|Monthly|x|东|2022|9||\n"
		"!4:1 layout: the data set deletes figures; deletions are not taken\n");
}

static void what_is_no_data_message_is_refused(void **state)
{
	(void)state;
	assert_json("{'data':{'codelists':[]}}",
		    "-1 the message holds structures and no figures\n");
	assert_json("{'a':1}", "-1 the message holds no \"dataSets\"\n");
	assert_json("{'errors':[{'code':413,'title':'Too large'}]}",
		    "-1 no figures, the answer comes later (message 413): Too large\n");
	assert_json("{'errors':['No results']}", "-1 no figures: No results\n");
	assert_json("{'dataSets':[{}]}", "-1 line 1, column 14: the message has no structure\n");
	assert_json("{'structure':{},\n'dataSets':[]}",
		    "-1 the structure that begins in line 1, column 14: line 1, column 1: the "
		    "structure has no dimensions\n");
	assert_json("{'dataSets':{}}", "-1 line 1, column 13: \"dataSets\" is not an array\n");
	assert_json("{'dataSets':[1]}", "-1 line 1, column 14: a data set is not an object\n");
	assert_json("{'dataSets':[],'dataSets':[]}",
		    "-1 line 1, column 27: this member is given twice\n");
	assert_json(V2(SERIES_OF(""), "{'structure':1}"),
		    "-1 line 2, column 26: the message has no structure of this index\n");
	assert_json(V2(SERIES_OF(""), "{'series':{'0:0':{'observations':{'0':1}}}}"),
		    "= A:D(1.0)\nFREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE\n"
		    "-1 line 2, column 51: an observation is not an array\n");
	assert_json("{'dataSets':[", "-1 line 1, column 14: the document ends too early\n");
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
	static const char message[] =
		"{\"structure\":{\"dimensions\":{\"observation\":[{\"id\":\"A\",\"values\":[{"
		"\"id\":"
		"\"x\"}]}]},\"attributes\":{\"dimensionGroup\":[{\"id\":\"G\"}],\"observation\":[{"
		"\"id\":\"L\"}]}},\"dataSets\":[{\"dimensionGroupAttributes\":{\"0\":[\"g\"]},"
		"\"observations\":{\"0\":[1,[\"a\",\"b\"]]}}]}";
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
	assert_true(s.failed > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_say_their_dimensions_by_index),
		cmocka_unit_test(members_may_come_in_any_order),
		cmocka_unit_test(flat_observations_of_the_layout_of_2014),
		cmocka_unit_test(an_empty_member_for_series_takes_nothing_from_flat_observations),
		cmocka_unit_test(several_measures_have_a_column_each),
		cmocka_unit_test(attributes_may_be_texts_lists_and_languages),
		cmocka_unit_test(groups_have_slots_for_all_dimensions),
		cmocka_unit_test(keys_and_indices_that_do_not_exist_cost_their_row),
		cmocka_unit_test(what_is_no_data_message_is_refused),
		cmocka_unit_test(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
