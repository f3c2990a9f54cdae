/*
 * test_records.c - documents that are records: from their bytes to figures.
 */
#include "collectors/feed_layout.h"
#include "tests/unit/collectors/documents.h"

static void a_cube_of_json_stat_becomes_figures(void **state)
{
	static const char cube[] =
		"{\"class\":\"dataset\",\"label\":\"T\",\"id\":[\"park\",\"time\",\"what\"],"
		"\"size\":[2,2,1],\n\"dimension\":{"
		"\"park\":{\"category\":{\"index\":[\"P1\",\"P2\"],"
		"\"label\":{\"P1\":\"甲河\",\"P2\":\"乙山\"}}},"
		"\"time\":{\"category\":{\"index\":[\"2026M09\",\"2026M10\"]}},"
		"\"what\":{\"category\":{\"label\":{\"GO\":\"总产值\"}}}},\n"
		"\"value\":[1.5,null,\"x1\",2],\n\"status\":[\"p\",\":\",null,null]}";
	const struct layout layout = { .unit = COLUMN("park.name"),
				       .indicator = COLUMN("what.name"),
				       .period = COLUMN("time"),
				       .value = COLUMN("value"),
				       .flag = COLUMN("status") };
	struct document doc = { .format = FORMAT_JSONSTAT,
				.layout = &layout,
				.class = UNIT_CLASSES,
				.body = slice_str(cube),
				.now_ms = NOW_MS };
	struct documents *d = *state;

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 1.5e8);
	assert_figure(d, "yishan", "output_yuan", "2026-10", 2e8);
	assert_int_equal(documents_figure(d, "jiahe", "output_yuan", "2026-09")->flags,
			 FIGURE_PROVISIONAL);
	/* What is null is missing, whatever its status says. */
	assert_null(documents_figure(d, "jiahe", "output_yuan", "2026-10"));
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->refused, 1);
	assert_complaint(d, 0, REFUSED_VALUE, 3, 19, "'x1' is not a number");
}

static void an_answer_of_easyquery_becomes_figures(void **state)
{
#define FIGURE(has, text, sj)                                                                      \
	"{\"data\":{\"data\":0.0,\"hasdata\":" has ",\"strdata\":\"" text "\"},"                   \
	"\"wds\":[{\"valuecode\":\"A01\",\"wdcode\":\"zb\"},"                                      \
	"{\"valuecode\":\"410000\",\"wdcode\":\"reg\"},{\"valuecode\":\"" sj                       \
	"\",\"wdcode\":\"sj\"}]}"
	static const char answer[] = "{\"returncode\":200,\"returndata\":{\"datanodes\":[" FIGURE(
		"true", "12",
		"2026B") "," FIGURE("false", "",
				    "2026A") "],\"wdnodes\":["
					     "{\"wdcode\":\"zb\",\"nodes\":[{\"code\":\"A01\","
					     "\"name\":\"到位资金\",\"unit\":"
					     "\"万元\"}]},"
					     "{\"wdcode\":\"reg\",\"nodes\":[{\"code\":\"410000\","
					     "\"name\":\"甲河\"}]},"
					     "{\"wdcode\":\"sj\",\"nodes\":[]}]}}";
	const struct layout layout = { .unit = COLUMN("reg.name"),
				       .indicator = COLUMN("zb.name"),
				       .period = COLUMN("sj"),
				       .value = COLUMN("value"),
				       .measure = COLUMN("unit") };
	struct document doc = { .format = FORMAT_EASYQUERY,
				.layout = &layout,
				.class = UNIT_CLASSES,
				.body = slice_str(answer),
				.now_ms = NOW_MS };
	struct documents *d = *state;

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "funds_yuan", "2026-Q2", 120000);
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->refused, 0);

	doc.body = slice_str("{\"returncode\":501,\"returndata\":\"对不起\"}");
	assert_fails(documents_decode(d, &doc), &d->e, ERR_INVALID,
		     "the server answers 501 instead of figures: 对不起");
}

static const char areas[] =
	"{\"data\":{\"dataStructures\":[{\"id\":\"D\",\"agencyID\":\"A\","
	"\"dataStructureComponents\":{"
	"\"dimensionList\":{\"dimensions\":[{\"id\":\"AREA\",\"localRepresentation\":"
	"{\"enumeration\":\"urn:sdmx:x.Codelist=A:CL_AREA(1.0)\"}}],"
	"\"timeDimension\":{\"id\":\"TIME_PERIOD\"}}}}],\"codelists\":[{\"id\":\"CL_AREA\","
	"\"agencyID\":\"A\",\"codes\":[{\"id\":\"P1\",\"names\":{\"zh\":\"甲河\",\"en\":\"x\"}},"
	"{\"id\":\"P2\",\"names\":{\"zh\":\"乙山\"}}]}]}}";

static void messages_of_sdmx_get_their_names_from_the_structure_of_the_feed(void **state)
{
	static const char *const messages[] = {
		"DATAFLOW,AREA,TIME_PERIOD,OBS_VALUE\n"
		"A:D(1.0),P1,2026-09,1.5\nA:D(1.0),P2,2026-09,2\n",
		"<m:StructureSpecificData xmlns:m='m' xmlns:c='c' xmlns:ss='s'><m:Header>"
		"<m:Structure structureID='S' dimensionAtObservation='TIME_PERIOD'><c:Structure>"
		"<Ref agencyID='A' id='D' version='1.0'/></c:Structure></m:Structure></m:Header>"
		"<m:DataSet ss:structureRef='S'>"
		"<Series AREA='P1'><Obs TIME_PERIOD='2026-09' OBS_VALUE='1.5'/></Series>"
		"<Series AREA='P2'><Obs TIME_PERIOD='2026-09' OBS_VALUE='2'/></Series>"
		"</m:DataSet></m:StructureSpecificData>",
	};
	const struct layout layout = { .unit = COLUMN("AREA.name"),
				       .indicator = FIXED("output_yuan"),
				       .period = COLUMN("TIME_PERIOD"),
				       .value = COLUMN("OBS_VALUE") };
	struct documents *d = *state;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct document doc = { .format = FORMAT_SDMX,
					.layout = &layout,
					.structure = slice_str(areas),
					.class = UNIT_CLASSES,
					.body = slice_str(messages[i]),
					.now_ms = NOW_MS };

		assert_ok(documents_decode(d, &doc), &d->e);
		assert_figure(d, "jiahe", "output_yuan", "2026-09", 1.5e8);
		assert_figure(d, "yishan", "output_yuan", "2026-09", 2e8);
		assert_int_equal(d->b->nobs, 2);
		doc.structure = slice_str("{");
		assert_fails(documents_decode(d, &doc), &d->e, ERR_INVALID,
			     "the structure message of the feed");
	}
}

/* The layout is read as that of a feed, since it is there that the column is added. */
static void sdmx_says_itself_what_is_kept_secret(void **state)
{
	static const char *const messages[] = {
		"DATAFLOW,AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS,CONF_STATUS\n"
		"A:D(1.0),P1,2026-09,1.5,A,F\nA:D(1.0),P2,2026-09,,M,C\n"
		"A:D(1.0),P1,2026-10,2.5,A,N\n",
		/* An attribute of the series holds for each of its observations. */
		"<m:StructureSpecificData xmlns:m='m' xmlns:c='c' xmlns:ss='s'><m:Header>"
		"<m:Structure structureID='S' dimensionAtObservation='TIME_PERIOD'><c:Structure>"
		"<Ref agencyID='A' id='D' version='1.0'/></c:Structure></m:Structure></m:Header>"
		"<m:DataSet ss:structureRef='S'>"
		"<Series AREA='P1'><Obs TIME_PERIOD='2026-09' OBS_VALUE='1.5'/>"
		"<Obs TIME_PERIOD='2026-10' OBS_VALUE='2.5' OBS_CONF='N'/></Series>"
		"<Series AREA='P2' OBS_CONF='C'><Obs TIME_PERIOD='2026-09'/></Series>"
		"</m:DataSet></m:StructureSpecificData>",
	};
	static const char *const yaml[] = {
		"unit: {column: AREA.name}\nindicator: {is: output_yuan}\nflag: {column: "
		"OBS_STATUS}\n",
		"unit: {column: AREA.name}\nindicator: {is: output_yuan}\n",
	};
	struct documents *d = *state;
	struct arena arena;
	struct diags diags;

	arena_init(&arena, 1 << 20);
	diags_init(&diags, &arena, 10);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct yaml_node *root =
			yaml_parse(slice_str(yaml[i]), "layout.yaml", &arena, &diags);
		struct layout layout;
		struct document doc = { .format = FORMAT_SDMX,
					.layout = &layout,
					.structure = slice_str(areas),
					.class = UNIT_CLASSES,
					.body = slice_str(messages[i]),
					.now_ms = NOW_MS };

		assert_non_null(root);
		assert_ok(feed_layout_read(root, FORMAT_SDMX, &layout, &arena, &diags), &d->e);
		assert_int_equal(diags.n, 0);
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_figure(d, "jiahe", "output_yuan", "2026-09", 1.5e8);
		assert_int_equal(documents_figure(d, "yishan", "output_yuan", "2026-09")->flags,
				 FIGURE_SUPPRESSED);
		assert_int_equal(documents_figure(d, "jiahe", "output_yuan", "2026-10")->flags,
				 FIGURE_SUPPRESSED);
		assert_int_equal(d->b->nobs, 3);
		assert_int_equal(d->b->ncomplaints, 0);
	}
	arena_release(&arena);
}

static void a_status_of_json_stat_keeps_what_has_no_value_secret(void **state)
{
	static const char cube[] =
		"{\"class\":\"dataset\",\"id\":[\"park\",\"time\"],\"size\":[1,3],\"dimension\":{"
		"\"park\":{\"category\":{\"index\":[\"甲河\"]}},"
		"\"time\":{\"category\":{\"index\":[\"2026M08\",\"2026M09\",\"2026M10\"]}}},"
		"\"value\":{\"0\":1.5},\"status\":{\"1\":\"c\",\"2\":\":\"}}";
	const struct layout layout = { .unit = COLUMN("park"),
				       .indicator = FIXED("output_yuan"),
				       .period = COLUMN("time"),
				       .value = COLUMN("value"),
				       .flag = COLUMN("status") };
	struct document doc = { .format = FORMAT_JSONSTAT,
				.layout = &layout,
				.class = UNIT_CLASSES,
				.body = slice_str(cube),
				.now_ms = NOW_MS };
	struct documents *d = *state;

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nobs, 2);
	assert_figure(d, "jiahe", "output_yuan", "2026-08", 1.5e8);
	assert_int_equal(documents_figure(d, "jiahe", "output_yuan", "2026-09")->flags,
			 FIGURE_SUPPRESSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cube_of_json_stat_becomes_figures),
		cmocka_unit_test(an_answer_of_easyquery_becomes_figures),
		cmocka_unit_test(sdmx_says_itself_what_is_kept_secret),
		cmocka_unit_test(a_status_of_json_stat_keeps_what_has_no_value_secret),
		cmocka_unit_test(messages_of_sdmx_get_their_names_from_the_structure_of_the_feed),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
