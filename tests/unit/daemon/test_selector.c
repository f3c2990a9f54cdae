/* test_selector.c - selectors as people write them, and where they are wrong. */
#include "base/alloc.h"
#include "daemon/selector.h"
#include "tests/lib/assert.h"

struct fixture {
	struct arena arena;
	struct selector s;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	arena_init(&f.arena, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	selector_release(&f->s);
	arena_release(&f->arena);
	return 0;
}

static int parse(struct fixture *f, const char *text)
{
	selector_release(&f->s);
	return selector_parse(slice_str(text), &f->arena, &f->s, &f->e);
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

	assert_ok(parse(f, " job:park_output_yuan:sum "), &f->e);
	assert_int_equal(f->s.n, 1);
	assert_matcher(&f->s.m[0], MATCH_EQ, LABEL_NAME, "job:park_output_yuan:sum");
	assert_ok(parse(f, "up{}"), &f->e);
	assert_int_equal(f->s.n, 1);
	assert_ok(parse(f, "{}"), &f->e);
	assert_int_equal(f->s.n, 0);
}

static void every_operator_is_read(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "x{a=\"1\", b != '2',c=~`d.*` , e!~\"f|g\",}"), &f->e);
	assert_int_equal(f->s.n, 5);
	assert_matcher(&f->s.m[1], MATCH_EQ, "a", "1");
	assert_matcher(&f->s.m[2], MATCH_NE, "b", "2");
	assert_matcher(&f->s.m[3], MATCH_RE, "c", "d.*");
	assert_matcher(&f->s.m[4], MATCH_NRE, "e", "f|g");
	assert_true(matcher_holds(&f->s.m[3], slice_str("dx")));
	assert_false(matcher_holds(&f->s.m[4], slice_str("g")));
}

static void quotes_and_escapes_are_undone(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "x{a=\"1\\\"2\\\\3\\n4\",b='\\'\\t\\r',c=`\\n\"`,d=\"园区\"}"), &f->e);
	assert_slice(f->s.m[1].value, "1\"2\\3\n4");
	assert_slice(f->s.m[2].value, "'\t\r");
	assert_slice(f->s.m[3].value, "\\n\"");
	assert_slice(f->s.m[4].value, "园区");
}

static void names_may_stand_in_quotes(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "{\"a name\", 'a label'!=\"x\"}"), &f->e);
	assert_matcher(&f->s.m[0], MATCH_EQ, LABEL_NAME, "a name");
	assert_matcher(&f->s.m[1], MATCH_NE, "a label", "x");
	assert_ok(parse(f, "{__name__=~\"park_.*\"}"), &f->e);
	assert_matcher(&f->s.m[0], MATCH_RE, LABEL_NAME, "park_.*");
	assert_fails(parse(f, "x{\"y\"}"), &f->e, ERR_INVALID, "character 3: a second metric name");
}

static void mistakes_have_their_place(void **state)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "", "character 1: a metric name or '{' was expected here" },
		{ "9x", "character 1: a metric name or '{'" },
		{ "x y", "character 3: text stands behind the selector" },
		{ "x{a=\"1\"}[5m]", "character 9: text stands behind the selector" },
		{ "x{", "character 3: a label name or '}' was expected here" },
		{ "x{a", "character 4: =, !=, =~ or !~ was expected here" },
		{ "x{a==\"1\"}", "character 5: a text in quotes was expected here" },
		{ "x{a=1}", "character 5: a text in quotes" },
		{ "x{园=\"1\"}", "character 3: a label name" },
		{ "x{a=\"园\" b=\"2\"}", "character 9: ',' or '}' was expected here" },
		{ "x{a=\"1}", "character 5: the text that begins here has no end" },
		{ "x{a=\"1\\", "character 5: the text that begins here has no end" },
		{ "x{a=\"\\q\"}", "character 6: only" },
		{ "x{a=~\"(\"}", "character 6: " },
		{ "x{,}", "character 3: a label name" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(parse(f, wrong[i].text), &f->e, ERR_INVALID, wrong[i].why);
	assert_fails(parse(f, "x{a=\"\xff\"}"), &f->e, ERR_INVALID, "byte 6: 0xff is not UTF-8");
}

static void there_is_a_limit_of_conditions(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 1 << 16);
	buf_putc(&text, '{');
	for (int i = 0; i < SELECTOR_MATCHERS_MAX + 1; i++)
		buf_printf(&text, "l%d=~\"a|b\",", i);
	buf_puts(&text, "}");
	assert_fails(selector_parse(buf_all(&text), &f->arena, &f->s, &f->e), &f->e, ERR_INVALID,
		     "more than 64 conditions");
	assert_int_equal(f->s.n, 0);
	buf_release(&text);
}

static void a_printed_series_reads_as_the_same_labels(void **state)
{
	static const struct label odd[] = {
		{ { "__name__", 8 }, { "a name", 6 } },
		{ { "a b", 3 }, { "\"\\\n\t,{}", 7 } },
		{ { "le", 2 }, { "+Inf", 4 } },
	};
	struct fixture *f = *state;
	struct label l[LABELS_MAX];
	struct labels *ls = labels_intern(odd, 3, &f->e);
	struct buf text;
	size_t n;

	assert_non_null(ls);
	buf_init(&text, 1000);
	labels_print(ls, &text);
	assert_ok(series_parse(buf_all(&text), &f->arena, l, &n, &f->e), &f->e);
	assert_int_equal(n, ls->n);
	for (size_t i = 0; i < n; i++)
		assert_true(slice_eq(l[i].name, ls->l[i].name) &&
			    slice_eq(l[i].value, ls->l[i].value));
	buf_release(&text);
	labels_unref(ls);
}

static void a_series_has_a_name_and_equal_signs_only(void **state)
{
	struct fixture *f = *state;
	struct label l[LABELS_MAX];
	size_t n;

	assert_fails(series_parse(slice_str("{a=\"1\"}"), &f->arena, l, &n, &f->e), &f->e,
		     ERR_INVALID, "a series without a metric name");
	assert_fails(series_parse(slice_str("x{a!=\"1\"}"), &f->arena, l, &n, &f->e), &f->e,
		     ERR_INVALID, "a series has labels with = only");
	assert_fails(series_parse(slice_str("x{a=\"1\",a=\"2\"}"), &f->arena, l, &n, &f->e), &f->e,
		     ERR_INVALID, "a");
}

static void a_selector_without_memory_is_an_error_and_no_leak(void **state)
{
	struct fixture *f = *state;
	long k;

	for (k = 0;; k++) {
		struct arena a;
		int rc;

		arena_init(&a, 1 << 16);
		mem_fail_after(k, 1);
		rc = selector_parse(slice_str("x{a=~\"b.*c\",d=\"\\n\"}"), &a, &f->s, &f->e);
		mem_fail_after(-1, 0);
		arena_release(&a);
		if (rc == 0)
			break;
		assert_int_equal(f->s.n, 0);
		assert_true(f->e.code == ERR_MEMORY || f->e.code == ERR_LIMIT);
	}
	assert_true(k > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_alone_is_a_selector, setup, teardown),
		cmocka_unit_test_setup_teardown(every_operator_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(quotes_and_escapes_are_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(names_may_stand_in_quotes, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_have_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(there_is_a_limit_of_conditions, setup, teardown),
		cmocka_unit_test_setup_teardown(a_printed_series_reads_as_the_same_labels, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_series_has_a_name_and_equal_signs_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_selector_without_memory_is_an_error_and_no_leak,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
