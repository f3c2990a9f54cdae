/* test_selector.c - selectors and series alone, as people write them, and where they are wrong. */
#include "tests/lib/starve.h"
#include "tests/unit/query/tree.h"

/* NULL when it is refused. */
static const struct node_selector *selector;

static int read_selector(struct fixture *f, const char *text)
{
	int rc;

	expr_release(&f->x);
	rc = parse_selector(slice_str(text), &f->arena, &f->x, &f->e);
	selector = rc == 0 ? &f->x.root->selector : NULL;
	return rc;
}

static void assert_matcher(const struct matcher *m, enum matcher_op op, const char *name,
			   const char *value)
{
	assert_int_equal(m->op, op);
	assert_slice(m->name, name);
	assert_slice(m->value, value);
	assert_true((m->re != NULL) == (op == MATCH_RE || op == MATCH_NRE));
}

static void a_name_alone_is_a_selector(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_selector(f, " job:park_output_yuan:sum "), &f->e);
	assert_int_equal(selector->nm, 1);
	assert_matcher(&selector->m[0], MATCH_EQ, LABEL_NAME, "job:park_output_yuan:sum");
	assert_ok(read_selector(f, "sum{}"), &f->e);
	assert_int_equal(selector->nm, 1);
	assert_ok(read_selector(f, "{}"), &f->e);
	assert_int_equal(selector->nm, 0);
}

static void every_operator_is_read(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_selector(f, "x{a=\"1\", b != '2',c=~`d.*` , e!~\"f|g\",}"), &f->e);
	assert_int_equal(selector->nm, 5);
	assert_matcher(&selector->m[0], MATCH_EQ, "a", "1");
	assert_matcher(&selector->m[1], MATCH_NE, "b", "2");
	assert_matcher(&selector->m[2], MATCH_RE, "c", "d.*");
	assert_matcher(&selector->m[3], MATCH_NRE, "e", "f|g");
	assert_matcher(&selector->m[4], MATCH_EQ, LABEL_NAME, "x");
	assert_true(matcher_holds(&selector->m[2], slice_str("dx")));
	assert_false(matcher_holds(&selector->m[3], slice_str("g")));
}

static void quotes_and_escapes_are_undone(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_selector(f, "x{a=\"1\\\"2\\\\3\\n4\",b='\\'\\t\\r',c=`\\n\"`,d=\"园区\","
				   "e=\"\\u56ed\"}"),
		  &f->e);
	assert_slice(selector->m[0].value, "1\"2\\3\n4");
	assert_slice(selector->m[1].value, "'\t\r");
	assert_slice(selector->m[2].value, "\\n\"");
	assert_slice(selector->m[3].value, "园区");
	assert_slice(selector->m[4].value, "园");
}

static void names_may_stand_in_quotes(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_selector(f, "{\"a name\", 'a label'!=\"x\"}"), &f->e);
	assert_slice(selector->name, "a name");
	assert_matcher(&selector->m[0], MATCH_NE, "a label", "x");
	assert_matcher(&selector->m[1], MATCH_EQ, LABEL_NAME, "a name");
	assert_ok(read_selector(f, "{__name__=~\"park_.*\"}"), &f->e);
	assert_matcher(&selector->m[0], MATCH_RE, LABEL_NAME, "park_.*");
	assert_fails(read_selector(f, "x{\"y\"}"), &f->e, ERR_INVALID,
		     "1:3: parse error: metric name must not be set twice: \"x\" or \"y\"");
}

static void mistakes_have_their_place(void **state)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "", "1:1: parse error: unexpected end of input" },
		{ "9x", "1:1: parse error: bad number or duration syntax: \"9\"" },
		{ "inf", "1:1: parse error: unexpected number \"inf\"" },
		{ "x y", "1:3: parse error: unexpected identifier \"y\"" },
		{ "x{a=\"1\"}[5m]", "1:9: parse error: unexpected \"[\"" },
		{ "x offset 5m", "1:3: parse error: unexpected <offset>" },
		{ "x{", "1:3: parse error: unexpected end of input inside braces" },
		{ "x{a==\"1\"}", "1:5: parse error: unexpected \"=\" in label matching, "
				 "expected string" },
		{ "x{a=1}", "1:5: parse error: unexpected character inside braces: '1'" },
		{ "x{园=\"1\"}", "1:3: parse error: unexpected character inside braces: '园'" },
		{ "x{a=\"园\" b=\"2\"}", "1:11: parse error: unexpected identifier \"b\" in label "
					 "matching, expected \",\" or \"}\"" },
		{ "x{a=\"1}", "1:5: parse error: unterminated quoted string" },
		{ "x{\na=\"\\q\"}", "2:3: parse error: unknown escape sequence U+0071 'q'" },
		{ "x{a=~\"(\"}", "1:3: parse error: error parsing regexp" },
		{ "x{,}", "1:3: parse error: unexpected \",\" in label matching, expected "
			  "identifier or \"}\"" },
		{ "x{a=\"\xff\"}", "1:6: parse error: text is not UTF-8" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(read_selector(f, wrong[i].text), &f->e, ERR_INVALID, wrong[i].why);
}

static int read_series(struct fixture *f, const char *text, struct label l[LABELS_MAX], size_t *n)
{
	return parse_series(slice_str(text), &f->arena, l, n, &f->e);
}

static void a_printed_series_reads_as_the_same_labels(void **state)
{
	static const struct label odd[][3] = {
		{ { { "__name__", 8 }, { "a name", 6 } },
		  { { "a b", 3 }, { "\"\\\n\t,{}", 7 } },
		  { { "le", 2 }, { "+Inf", 4 } } },
		/* words of the language, as names */
		{ { { "__name__", 8 }, { "nan", 3 } },
		  { { "by", 2 }, { "#", 1 } },
		  { { "inf", 3 }, { "\r", 1 } } },
		{ { { "_", 1 }, { "'", 1 } },
		  { { "__name__", 8 }, { ":", 1 } },
		  { { "a:b", 3 }, { "`", 1 } } },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		const struct labels *ls = labels_in_arena(&f->arena, odd[i], 3);
		struct label l[LABELS_MAX];
		struct buf text;
		size_t n;

		assert_non_null(ls);
		buf_init(&text, 1000);
		labels_print(ls, &text);
		assert_ok(parse_series(buf_all(&text), &f->arena, l, &n, &f->e), &f->e);
		assert_int_equal(n, 3);
		for (size_t k = 0; k < n; k++)
			assert_true(slice_eq(l[k].name, odd[i][k].name) &&
				    slice_eq(l[k].value, odd[i][k].value));
		buf_release(&text);
	}
}

static void a_series_has_a_name_and_equal_signs_only(void **state)
{
	struct fixture *f = *state;
	struct label l[LABELS_MAX];
	size_t n;

	assert_ok(read_series(f, "x{b=\"\",a=\"1\"}", l, &n), &f->e);
	assert_int_equal(n, 2);
	assert_slice(l[1].name, "a");
	assert_fails(read_series(f, "{a=\"1\"}", l, &n), &f->e, ERR_INVALID,
		     "a series without a metric name");
	assert_fails(read_series(f, "x{a!=\"1\"}", l, &n), &f->e, ERR_INVALID,
		     "a series has labels with = only");
	assert_fails(read_series(f, "x{a=\"1\",a=\"2\"}", l, &n), &f->e, ERR_INVALID,
		     "label 'a' is given twice");
	assert_fails(read_series(f, "x{a=\"1\"", l, &n), &f->e, ERR_INVALID,
		     "1:8: parse error: unexpected end of input inside braces");
}

static void the_longest_series_is_read_and_one_label_more_is_not(void **state)
{
	struct fixture *f = *state;
	struct label l[LABELS_MAX];
	struct buf text;
	size_t n;

	buf_init(&text, SERIES_TEXT_MAX_BYTES);
	buf_puts(&text, "x{");
	for (int i = 1; i < LABELS_MAX; i++) {
		buf_printf(&text, "l%d=\"", i);
		for (int k = 0; k < LABEL_VALUE_MAX_BYTES; k++)
			buf_puts(&text, "\\\\");
		buf_puts(&text, "\",");
	}
	assert_true(buf_all(&text).n > QUERY_TEXT_MAX_BYTES - (8 << 10));
	buf_puts(&text, "}");
	assert_ok(parse_series(buf_all(&text), &f->arena, l, &n, &f->e), &f->e);
	assert_int_equal(n, LABELS_MAX);
	text.n--;
	buf_puts(&text, "more=\"\"}");
	assert_fails(parse_series(buf_all(&text), &f->arena, l, &n, &f->e), &f->e, ERR_LIMIT,
		     "more than 64 labels");
	buf_release(&text);
}

static void a_selector_without_memory_is_an_error_and_no_leak(void **state)
{
	struct fixture *f = *state;
	struct starve s = { 0 };

	while (starve_again(&s)) {
		struct arena a;
		int rc;

		arena_init(&a, 1 << 16);
		starve_begin(&s);
		rc = parse_selector(slice_str("x{a=~\"b.*c\",d=\"\\n\"}"), &a, &f->x, &f->e);
		starve_end(&s, rc == 0, &f->e);
		if (rc == 0)
			expr_release(&f->x);
		else
			assert_int_equal(f->x.nregexes, 0);
		arena_release(&a);
	}
	assert_true(s.failed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_alone_is_a_selector, setup, teardown),
		cmocka_unit_test_setup_teardown(every_operator_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(quotes_and_escapes_are_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(names_may_stand_in_quotes, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_have_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(a_printed_series_reads_as_the_same_labels, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_series_has_a_name_and_equal_signs_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			the_longest_series_is_read_and_one_label_more_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(a_selector_without_memory_is_an_error_and_no_leak,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
