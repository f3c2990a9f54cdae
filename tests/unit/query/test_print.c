/* test_print.c - queries on one line, over several, and as JSON. */
#include "base/json_read.h"
#include "query/print.h"
#include "tests/unit/query/tree.h"

static struct buf shown;

static int print_setup(void **state)
{
	buf_init(&shown, 1 << 20);
	return setup(state);
}

static int print_teardown(void **state)
{
	buf_release(&shown);
	return teardown(state);
}

static const struct node *must_read(struct fixture *f, struct slice text)
{
	buf_clear(&shown);
	if (read_query(f, text) < 0)
		fail_msg("%.*s: %s", SLICE_FMT(text), f->e.text);
	return f->x.root;
}

static struct slice printed(struct fixture *f, struct slice text)
{
	print_expr(must_read(f, text), &shown);
	return arena_slice(&f->arena, buf_all(&shown));
}

static void a_query_is_printed_in_its_usual_form_and_reads_back(void **state)
{
	static const struct {
		const char *text, *line;
	} queries[] = {
		{ "sum  by( a,'b c') (x{a='1', b!~`2`,})",
		  "sum by (a, \"b c\") (x{a=\"1\",b!~\"2\"})" },
		{ "sum(x) without()", "sum without () (x)" },
		{ "inf^2^Inf", "Inf ^ 2 ^ +Inf" },
		{ "sum(x) by ()", "sum(x)" },
		{ "quantile(0.5,x)by(a)", "quantile by (a) (0.5, x)" },
		{ "{'a b',c=''}", "{\"a b\",c=\"\"}" },
		{ "{__name__=~'x.*'}", "{__name__=~\"x.*\"}" },
		{ "{'up'}", "up" },
		{ "x[90m]offset 1h30m@1.5", "x[1h30m] @ 1.500 offset 1h30m" },
		{ "x[5m:] @ end() offset -5m", "x[5m:] @ end() offset -5m" },
		{ "x[5m:step()*2]", "x[5m:step() * 2]" },
		{ "x[min_of(1m, range())] smoothed", NULL },
		{ "x offset 0s", "x" },
		{ "-(x)^-2", "-(x) ^ -2" },
		{ "- - 1", "1" },
		{ "a+on()b", "a + on () b" },
		{ "a + ignoring() b", "a + b" },
		{ "a*ignoring()group_left b", "a * ignoring () group_left () b" },
		{ "a>=bool on(c)group_right(d)fill(1)b",
		  "a >= bool on (c) group_right (d) fill (1) b" },
		{ "a + fill_left(0) fill_right(-0) b", "a + fill_left (0) fill_right (-0) b" },
		{ "a + fill_left(NaN) fill_right(NaN) b", "a + fill (NaN) b" },
		{ "a unless b or c", "a unless b or c" },
		{ "'\\xff\\'\"\\n'", "\"\\xff'\\\"\\n\"" },
		{ "inf", "+Inf" },
		{ "1e-7", NULL },
		{ "5m", "5m" },
		{ "count_values('版', x)", "count_values(\"版\", x)" },
		{ "sum", "sum" },
		{ "on:x", "on:x" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct slice line = printed(f, slice_str(queries[i].text));

		if (queries[i].line)
			assert_slice(line, queries[i].line);
		if (!slice_eq(printed(f, line), line))
			fail_msg("%s: prints as %.*s, which does not", queries[i].text,
				 SLICE_FMT(line));
	}
}

static void assert_pretty(struct fixture *f, const char *text, const char *want)
{
	print_pretty(must_read(f, slice_str(text)), &shown);
	assert_slice(buf_all(&shown), want);
}

#define LONG_A "a_metric_with_a_very_long_name_of_fifty_characters_aa"
#define LONG_B "a_metric_with_a_very_long_name_of_fifty_characters_bb"

static void what_is_longer_than_a_line_is_broken_at_operators_and_brackets(void **state)
{
	struct fixture *f = *state;

	assert_pretty(f, "sum(rate(x[5m]))/2", "sum(rate(x[5m])) / 2");
	assert_pretty(f, LONG_A " + on (a) " LONG_B, "  " LONG_A "\n+ on (a)\n  " LONG_B);
	assert_pretty(f, "topk(3, -(" LONG_A " + " LONG_B "))",
		      "topk(\n"
		      "  3,\n"
		      "  -(\n"
		      "      " LONG_A "\n"
		      "    +\n"
		      "      " LONG_B "\n"
		      "  )\n"
		      ")");
	assert_pretty(f, "max_over_time((" LONG_A " * " LONG_B ")[5m:1m] offset 1d)",
		      "max_over_time(\n"
		      "  (\n"
		      "      " LONG_A "\n"
		      "    *\n"
		      "      " LONG_B "\n"
		      "  )[5m:1m] offset 1d\n"
		      ")");
	/* a hundred characters are still a line */
	assert_pretty(f, LONG_A "+a_metric_whose_sum_is_just_a_line_long_xxxxx",
		      LONG_A " + a_metric_whose_sum_is_just_a_line_long_xxxxx");
	assert_pretty(f, LONG_A "+a_metric_whose_sum_is_just_a_line_long_xxxxxx",
		      "  " LONG_A "\n+\n  a_metric_whose_sum_is_just_a_line_long_xxxxxx");
}

static void assert_json(struct fixture *f, const char *text, const char *want)
{
	struct json_writer j;

	json_init(&j, &shown);
	print_json(must_read(f, slice_str(text)), &j);
	if (!strstr((buf_putc(&shown, '\0'), shown.p), want))
		fail_msg("%s\nlacks\n%s", shown.p, want);
	assert_non_null(json_parse(slice_str(shown.p), &f->arena, &f->e));
}

#define SELECTOR(name)                                                                             \
	"{\"type\":\"vectorSelector\",\"name\":\"" name "\",\"matchers\":[{\"name\":\"__name__\"," \
	"\"type\":\"=\",\"value\":\"" name "\"}],\"offset\":0,\"timestamp\":null,"                 \
	"\"startOrEnd\":null,\"anchored\":false,\"smoothed\":false}"

static void a_tree_is_json_as_prometheus_page_reads_it(void **state)
{
	struct fixture *f = *state;

	assert_json(f, "-x", "{\"type\":\"unaryExpr\",\"op\":\"-\",\"expr\":" SELECTOR("x") "}");
	assert_json(f, "sum by (a) (x)",
		    "{\"type\":\"aggregation\",\"op\":\"sum\",\"expr\":" SELECTOR(
			    "x") ",\"param\":null,\"grouping\":[\"a\"],\"without\":false}");
	assert_json(
		f, "a > bool on(c) group_left(d) b",
		"\"matching\":{\"card\":\"many-to-one\",\"labels\":[\"c\"],\"on\":true,"
		"\"include\":[\"d\"],\"fillValues\":{\"lhs\":null,\"rhs\":null}},\"bool\":true}");
	assert_json(f, "a + fill(NaN) b", "\"fillValues\":{\"lhs\":\"NaN\",\"rhs\":\"NaN\"}");
	assert_json(f, "1 + 2", "\"matching\":null");
	assert_json(f, "x[5m] @ 1.5 offset 1h",
		    "\"offset\":3600000,\"timestamp\":1500,\"startOrEnd\":null,\"anchored\":false,"
		    "\"smoothed\":false,\"range\":300000}");
	assert_json(f, "(x[1h:5m] @ start())",
		    "\"range\":3600000,\"step\":300000,\"offset\":0,\"timestamp\":null,"
		    "\"startOrEnd\":\"start\"}}");
	assert_json(f, "round(x)",
		    "{\"type\":\"call\",\"func\":{\"name\":\"round\",\"argTypes\":[\"vector\","
		    "\"scalar\"],\"variadic\":1,\"returnType\":\"vector\"},\"args\":[" SELECTOR(
			    "x") "]}");
	assert_json(f, "Inf", "{\"type\":\"numberLiteral\",\"val\":\"+Inf\"}");
	assert_json(f, "'\\xff'", "{\"type\":\"stringLiteral\",\"val\":\"\xef\xbf\xbd\"}");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, print_setup, print_teardown)
	const struct CMUnitTest tests[] = {
		T(a_query_is_printed_in_its_usual_form_and_reads_back),
		T(what_is_longer_than_a_line_is_broken_at_operators_and_brackets),
		T(a_tree_is_json_as_prometheus_page_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
