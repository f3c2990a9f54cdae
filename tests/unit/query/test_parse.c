/* test_parse.c - what the parser refuses before it costs anything; the language itself is in
 * tests/promql. */
#include "base/buf.h"
#include "tests/unit/query/tree.h"

/* `front`, then `n` times `part`. */
static int read_repeated(struct fixture *f, const char *front, const char *part, int n)
{
	struct buf text;
	int rc;

	buf_init(&text, 1 << 20);
	buf_puts(&text, front);
	for (int i = 0; i < n; i++)
		buf_puts(&text, part);
	rc = read_query(f, buf_all(&text));
	buf_release(&text);
	return rc;
}

static void whatever_opens_is_counted_before_it_is_followed(void **state)
{
	static const struct {
		const char *front, *part;
	} deep[] = {
		{ "", "(" },
		{ "", "abs(" },
		{ "", "-" },
		{ "", "sum by (a) (" },
		{ "", "1 ^ " },
		{ "x[", "(" },
		{ "x[", "-" },
		{ "x[", "1 ^ " },
		{ "x[", "min_of(" },
		{ "x[", "max_of(1," },
		{ "x offset ", "-" },
		{ "x offset ", "(" },
		{ "x offset ", "min_of(" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(deep) / sizeof(deep[0]); i++)
		assert_fails(read_repeated(f, deep[i].front, deep[i].part, 2 * QUERY_DEPTH_MAX),
			     &f->e, ERR_INVALID, "parse error: expression nests deeper than 1000");
}

static void a_chain_is_deep_too(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_repeated(f, "1", "+1", QUERY_DEPTH_MAX - 1), &f->e);
	assert_fails(read_repeated(f, "1", "+1", QUERY_DEPTH_MAX), &f->e, ERR_INVALID,
		     "1:1: parse error: expression nests deeper than 1000");
}

static void the_number_of_parts_and_bytes_has_a_limit(void **state)
{
	struct fixture *f = *state;

	assert_fails(read_repeated(f, "label_join(x, \"a\"", ",\"b\"", QUERY_NODES_MAX), &f->e,
		     ERR_INVALID, "parse error: expression has more than 8192 parts");
	assert_fails(read_repeated(f, "up", " ", QUERY_TEXT_MAX_BYTES), &f->e, ERR_LIMIT,
		     "query of 262146 bytes; at most 262144 are taken");
	assert_ok(read_repeated(f, "up", " ", QUERY_TEXT_MAX_BYTES - 2), &f->e);
}

static void a_query_that_needs_more_memory_than_allowed_says_so(void **state)
{
	struct fixture *f = *state;

	f->arena.limit = 1 << 20;
	assert_fails(read_repeated(f, "label_join(x, \"a\"", ",\"b\"", QUERY_NODES_MAX - 10), &f->e,
		     ERR_LIMIT, "query needs more than 1 MiB of memory");
	assert_int_equal(f->x.nregexes, 0);
}

static void what_is_experimental_says_how_it_is_switched_on(void **state)
{
	static const struct {
		const char *text, *why;
	} off[] = {
		{ "limitk(1, x)", "1:1: parse error: limitk() is experimental and must be enabled "
				  "with --enable-feature=promql-experimental-functions" },
		{ "sort_by_label(x)",
		  "1:1: parse error: function \"sort_by_label\" is not enabled" },
		{ "x[5m] anchored", "1:7: parse error: anchored modifier is experimental and not "
				    "enabled" },
		{ "a + fill(0) b", "1:5: parse error: binop fill modifiers are experimental and "
				   "not enabled" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		assert_fails(parse(slice_str(off[i].text), 0, &f->arena, &f->x, &f->e), &f->e,
			     ERR_INVALID, off[i].why);
		if (i != 2) /* anchored is for some functions only */
			assert_ok(read_query(f, slice_str(off[i].text)), &f->e);
		expr_release(&f->x);
	}
}

static void a_place_counts_lines_and_bytes(void **state)
{
	struct fixture *f = *state;
	unsigned line, column;

	assert_fails(read_query(f, slice_str("up # 园\n  + \"园\"\n")), &f->e, ERR_INVALID,
		     "2:5: parse error: binary expression must contain only scalar and instant");
	assert_fails(read_query(f, slice_str("up\n + rate(\"园\", y)")), &f->e, ERR_INVALID,
		     "2:4: parse error: expected 1 argument(s) in call to \"rate\", got 2");
	place_of(slice_str("园\nb"), 5, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(whatever_opens_is_counted_before_it_is_followed),
		T(a_chain_is_deep_too),
		T(the_number_of_parts_and_bytes_has_a_limit),
		T(a_query_that_needs_more_memory_than_allowed_says_so),
		T(what_is_experimental_says_how_it_is_switched_on),
		T(a_place_counts_lines_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
