/*
 * Rules of relabelling, as Prometheus documents them: what each action does, and what is said of a
 * rule that cannot be.
 */
#include "collectors/relabel.h"
#include "tests/lib/assert.h"
#include "tests/lib/starve.h"

#include <stdlib.h>

struct fixture {
	struct arena a;
	struct diags d;
	struct relabel_rule *rules;
	size_t n;
	struct err e;
	struct buf text;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.a, 8 << 20);
	diags_init(&f.d, &f.a, 100);
	buf_init(&f.text, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->text);
	arena_release(&f->a);
	return 0;
}

static void read_rules(struct fixture *f, const char *yaml)
{
	struct yaml_node *list = yaml_parse(slice_str(yaml), "city.yaml", &f->a, &f->d);

	assert_non_null(list);
	assert_int_equal(relabel_rules_read(list, &f->a, &f->d, &f->rules, &f->n), 0);
}

/* The labels of m{a="1",B="Äx",c="2"} behind the rules; "dropped"; or the error. */
static const char *relabelled(struct fixture *f, const char *yaml)
{
	static const struct label labels[] = {
		{ { LABEL_NAME, 8 }, { "m", 1 } },
		{ { "a", 1 }, { "1", 1 } },
		{ { "B", 1 }, { "Äx", 3 } },
		{ { "c", 1 }, { "2", 1 } },
	};
	struct label_list l = { .n = 4 };
	struct labels *set;
	struct relabel *r;
	int rc;

	read_rules(f, yaml);
	if (f->d.n)
		fail_msg("%s", f->d.list[0].text);
	r = relabel_new(f->rules, f->n, &f->e);
	assert_non_null(r);
	memcpy(l.l, labels, sizeof(labels));
	rc = relabel_apply(r, &l, &f->a, &f->e);
	relabel_free(r);
	if (rc <= 0)
		return rc < 0 ? f->e.text : "dropped";
	set = labels_intern(l.l, l.n, &f->e);
	assert_non_null(set);
	buf_clear(&f->text);
	labels_print(set, &f->text);
	buf_putc(&f->text, '\0');
	labels_unref(set);
	return f->text.p;
}

#define assert_relabels(rules, want) assert_string_equal(relabelled(*state, rules), want)

static void replace_writes_what_the_expression_took(void **state)
{
	assert_relabels("[]", "m{B=\"Äx\",a=\"1\",c=\"2\"}");
	assert_relabels("[{source_labels: [a, c], target_label: d}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\",d=\"1;2\"}");
	assert_relabels("[{source_labels: [a, none, c], separator: '-', regex: '(.)-(.*)', "
			"target_label: '${1}_$2', replacement: '<$2$1>'}]",
			"m{\"1_-2\"=\"<-21>\",B=\"Äx\",a=\"1\",c=\"2\"}");
	assert_relabels("[{source_labels: [a], regex: '2', target_label: d}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\"}");
	assert_relabels("[{target_label: d, replacement: x}, {target_label: a, replacement: ''}]",
			"m{B=\"Äx\",c=\"2\",d=\"x\"}");
	assert_relabels("[{source_labels: [__name__], regex: '(m)', target_label: __name__, "
			"replacement: '${1}.total'}]",
			"{\"m.total\",B=\"Äx\",a=\"1\",c=\"2\"}");
	/* Each rule sees what the one before has made. */
	assert_relabels("[{source_labels: [a], target_label: d}, {source_labels: [d, d], "
			"target_label: d}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\",d=\"1;1\"}");
}

static void keep_and_drop_decide_about_the_series(void **state)
{
	assert_relabels("[{source_labels: [a], regex: '1|3', action: keep}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\"}");
	assert_relabels("[{source_labels: [a], regex: '2', action: keep}]", "dropped");
	assert_relabels("[{source_labels: [__name__, c], regex: 'm;.', action: drop}]", "dropped");
	assert_relabels("[{source_labels: [none], regex: '.+', action: drop}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\"}");
	assert_relabels("[{source_labels: [a], target_label: c, action: keepequal}]", "dropped");
	assert_relabels("[{source_labels: [a], target_label: c, action: dropequal}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\"}");
	assert_relabels("[{source_labels: [a], target_label: a, action: dropequal}]", "dropped");
}

static void names_are_mapped_dropped_and_kept(void **state)
{
	assert_relabels("[{regex: '([ac])', replacement: 'x_$1', action: labelmap}]",
			"m{B=\"Äx\",a=\"1\",c=\"2\",x_a=\"1\",x_c=\"2\"}");
	assert_relabels("[{regex: '[a-z]', action: labeldrop}]", "m{B=\"Äx\"}");
	assert_relabels("[{regex: '[a-z]|__name__', action: labelkeep}]", "m{a=\"1\",c=\"2\"}");
	assert_relabels("[{regex: '[a-z]', action: labelkeep}]", "{a=\"1\",c=\"2\"}");
}

static void letters_change_their_case(void **state)
{
	assert_relabels("[{source_labels: [B], target_label: B, action: lowercase}, "
			"{source_labels: [B], target_label: a, action: uppercase}]",
			"m{B=\"äx\",a=\"ÄX\",c=\"2\"}");
}

/* md5("a;b") and md5("10.0.0.1:9100"), their last eight bytes by 1000. */
static void hashmod_is_prometheus_own(void **state)
{
	assert_relabels("[{target_label: a, replacement: a}, {target_label: c, replacement: b}, "
			"{source_labels: [a, c], target_label: d, modulus: 1000, action: hashmod}, "
			"{regex: 'B|a|c', action: labeldrop}]",
			"m{d=\"74\"}");
	assert_relabels("[{target_label: a, replacement: '10.0.0.1:9100'}, {source_labels: [a], "
			"target_label: d, modulus: 1000, action: hashmod}, "
			"{regex: 'B|a|c', action: labeldrop}]",
			"m{d=\"645\"}");
}

static void limits_are_errors_of_the_series(void **state)
{
	struct fixture *f = *state;
	char yaml[8192] = "[";

	for (int i = 0; i < LABELS_MAX; i++)
		sprintf(yaml + strlen(yaml), "{target_label: l%d, replacement: x},", i);
	strcat(yaml, "]");
	assert_relabels(yaml, "the rules make more than 64 labels");
	assert_int_equal(f->e.code, ERR_LIMIT);
	/* Each rule doubles it. */
	strcpy(yaml, "[");
	for (int i = 0; i < 40; i++)
		strcat(yaml, "{source_labels: [a, a, a, a], target_label: a},");
	strcat(yaml, "]");
	assert_relabels(yaml, "a rule makes too long a text");
}

static void assert_said(struct fixture *f, const char *yaml, unsigned column, const char *text)
{
	f->d.n = 0;
	read_rules(f, yaml);
	assert_int_equal(f->d.n, 1);
	assert_string_equal(f->d.list[0].text, text);
	assert_int_equal(f->d.list[0].column, column);
}

static void a_rule_that_cannot_be_is_said(void **state)
{
	struct fixture *f = *state;

	assert_said(f, "{}", 1, "'metric_relabel_configs' is a list of at most 200 rules");
	assert_said(f, "[x]", 2, "a rule is a map of keys such as 'source_labels' and 'action'");
	assert_said(f, "[{source_labels: [a]}]", 2, "action replace needs 'target_label'");
	assert_said(f, "[{target_label: ''}]", 17, "action replace needs 'target_label'");
	assert_said(f, "[{source_labels: [a], target_label: b, action: hashmod}]", 2,
		    "action hashmod needs 'modulus'");
	assert_said(f, "[{regex: a, target_label: b, action: labeldrop}]", 27,
		    "action labeldrop has no 'target_label'");
	assert_said(f, "[{source_labels: [a], target_label: b, regex: x, action: keepequal}]", 47,
		    "action keepequal has no 'regex'");
	assert_said(f, "[{regex: '(', action: drop}]", 10, "missing ): (");
}

static void without_memory_it_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct starve s = { .one_only = true };

	read_rules(f, "[{source_labels: [a, c], target_label: d}, {regex: a, action: labeldrop}]");
	while (starve_again(&s)) {
		struct label_list l = { .l = { { { "a", 1 }, { "1", 1 } } }, .n = 1 };
		struct relabel *r;
		int rc;

		starve_begin(&s);
		r = relabel_new(f->rules, f->n, &f->e);
		rc = r ? relabel_apply(r, &l, &f->a, &f->e) : -1;
		starve_end(&s, rc == 1, &f->e);
		relabel_free(r);
	}
	assert_true(s.failed > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(replace_writes_what_the_expression_took),
		T(keep_and_drop_decide_about_the_series),
		T(names_are_mapped_dropped_and_kept),
		T(letters_change_their_case),
		T(hashmod_is_prometheus_own),
		T(limits_are_errors_of_the_series),
		T(a_rule_that_cannot_be_is_said),
		T(without_memory_it_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
