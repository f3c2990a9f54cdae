/*
 * test_records.c - documents that are records: from their bytes to figures.
 */
#include "tests/unit/collectors/documents.h"

static int open_standard(void **state)
{
	*state = documents_open(STANDARD_CATALOGUE, NULL);
	return 0;
}

static int close_standard(void **state)
{
	documents_close(*state);
	return 0;
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cube_of_json_stat_becomes_figures),
		cmocka_unit_test(an_answer_of_easyquery_becomes_figures),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
