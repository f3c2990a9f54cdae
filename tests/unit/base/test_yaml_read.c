/* test_yaml_read.c - YAML into typed fields, and every mistake with its place. */
#include "base/yaml_read.h"
#include "base/alloc.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <float.h>
#include <stdlib.h>

struct fixture {
	struct arena arena;
	struct diags diags;
};

static int set_up(void **state)
{
	static struct fixture f;

	arena_init(&f.arena, 128 << 20);
	diags_init(&f.diags, &f.arena, 100);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->arena);
	return 0;
}

/* Starts again without complaints. */
static struct fixture *fresh(void **state)
{
	tear_down(state);
	set_up(state);
	return *state;
}

static struct yaml_node *parse(struct fixture *f, const char *text)
{
	return yaml_parse(slice_str(text), "a.yaml", &f->arena, &f->diags);
}

static struct yaml_node *parse_good(struct fixture *f, const char *text)
{
	size_t before = f->diags.n;
	struct yaml_node *root = parse(f, text);

	if (!root || f->diags.n != before)
		fail_msg("%s", f->diags.list[before].text);
	return root;
}

/* "a.yaml:3:5: text" of the i-th complaint. */
static const char *said(struct fixture *f, size_t i)
{
	static char line[2048];
	const struct diag *d = &f->diags.list[i];

	if (i >= f->diags.n)
		fail_msg("only %zu complaints", f->diags.n);
	if (d->line)
		snprintf(line, sizeof(line), "%s:%u:%u: %s", d->file, d->line, d->column, d->text);
	else
		snprintf(line, sizeof(line), "%s: %s", d->file, d->text);
	return line;
}

/* --- the tree ------------------------------------------------------------------------ */

static void a_document_becomes_a_tree_with_places(void **state)
{
	struct fixture *f = *state;
	struct yaml_node *root = parse_good(f, "# 园区\n"
					       "name: 高新区\n"
					       "parks: [ \"a\", b ]\n"
					       "more:\n"
					       "  园区:   deep\n");
	const struct yaml_node *n;

	assert_int_equal(root->type, YAML_MAP);
	assert_int_equal(root->n, 3);
	assert_int_equal(root->line, 2);
	assert_int_equal(root->column, 1);
	n = yaml_get(root, "name");
	assert_slice(n->text, "高新区");
	assert_slice(n->key->text, "name");
	assert_int_equal(n->line, 2);
	assert_int_equal(n->column, 7);
	assert_string_equal(n->file, "a.yaml");
	assert_int_equal(n->text.p[n->text.n], '\0');
	n = yaml_get(root, "parks");
	assert_int_equal(n->type, YAML_LIST);
	assert_int_equal(n->n, 2);
	assert_slice(n->child->text, "a");
	assert_true(n->child->quoted);
	assert_false(n->child->next->quoted);
	assert_null(n->child->next->next);
	assert_null(n->child->key);
	/* Columns count characters, not bytes. */
	n = yaml_get(yaml_get(root, "more"), "园区");
	assert_int_equal(n->line, 5);
	assert_int_equal(n->column, 9);
	assert_null(yaml_get(root, "nothing"));
	assert_null(yaml_get(n, "x"));
	assert_null(yaml_get(NULL, "x"));
}

static void an_empty_document_is_an_empty_map(void **state)
{
	static const char *const texts[] = { "", "# only a comment\n", "---\n", "\xef\xbb\xbf",
					     "\n\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml_node *root = parse_good(f, texts[i]);

		assert_int_equal(root->type, YAML_MAP);
		assert_int_equal(root->n, 0);
		assert_int_equal(root->line, 1);
	}
}

static void a_bom_does_not_move_the_columns(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(yaml_get(parse_good(f, "\xef\xbb\xbf"
						"a: b\n"),
				  "a")
				 ->column,
			 4);
}

static void what_is_not_yaml_is_one_complaint_with_its_place(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "a: b: c\n",
		  "a.yaml:1:5: not YAML: mapping values are not allowed in this context" },
		{ "a:\n  - b\n c: d\n", "a.yaml:3:2: not YAML: did not find expected key, while "
					"parsing a block mapping from "
					"line 1 on" },
		{ "a:\r  - b\r c: d\r", "a.yaml:3:2: not YAML: did not find expected key, while "
					"parsing a block mapping from "
					"line 1 on" },
		{ "a:\n\tb: c\n",
		  "a.yaml:2:1: not YAML: found character that cannot start any token (indent with "
		  "spaces, not with a tab)" },
		{ "a: 'open\n\n",
		  "a.yaml:3:1: not YAML: found unexpected end of stream, while scanning "
		  "a quoted scalar from line 1 on" },
		{ "a: [1, 2\nb: 3\n", "a.yaml:2:2: not YAML: did not find expected ',' or ']'" },
		{ "a: *x\n", "a.yaml:1:4: alias *x: nothing above is named &x" },
		{ "a: &x [ 1, *x ]\n", "a.yaml:1:12: alias *x lies inside what it stands for" },
		{ "a: 1\n---\nb: 2\n",
		  "a.yaml:2:1: a second document begins here; a file has one" },
		{ "? [a, b]\n: c\n", "a.yaml:1:3: a key must be a plain text, not a list" },
		{ "a: \"x\\0y\"\n", "a.yaml:1:4: a NUL character is not allowed in a text" },
		{ "a: b\nc: \xff\n", "a.yaml:2:4: byte 0xff is not UTF-8; save the file as UTF-8" },
		{ "园: 区\n区: \x01\n",
		  "a.yaml:2:4: not YAML: control characters are not allowed" },
		{ "a: %b\n", "a.yaml:1:4: not YAML: found character that cannot start any token" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = fresh(state);

		assert_null(parse(f, cases[i].text));
		assert_int_equal(f->diags.n, 1);
		if (strncmp(said(f, 0), cases[i].said, strlen(cases[i].said)) != 0)
			fail_msg("\"%s\", not \"%s\"", said(f, 0), cases[i].said);
	}
}

/* --- aliases and limits ---------------------------------------------------------------- */

static void aliases_are_followed(void **state)
{
	struct fixture *f = *state;
	struct yaml_node *root = parse_good(f, "base: &b { x: 1, y: [2, 3] }\n"
					       "one: *b\n"
					       "list: [ *b, &t text, *t ]\n"
					       "*t : key\n");
	const struct yaml_node *one = yaml_get(root, "one"), *list = yaml_get(root, "list");

	assert_slice(yaml_get(one, "x")->text, "1");
	assert_slice(yaml_get(one, "y")->child->next->text, "3");
	assert_slice(one->key->text, "one");
	assert_int_equal(list->n, 3);
	assert_slice(yaml_get(list->child, "x")->text, "1");
	assert_slice(list->child->next->next->text, "text");
	assert_slice(yaml_get(root, "text")->text, "key");
	/* A later node takes the name over. */
	root = parse_good(f, "a: &x 1\nb: &x 2\nc: *x\n");
	assert_slice(yaml_get(root, "c")->text, "2");
}

static void a_billion_laughs_are_refused_by_count(void **state)
{
	struct fixture *f = *state;
	char text[2000];
	size_t n = (size_t)sprintf(text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");

	for (int i = 1; i < 20; i++) {
		n += (size_t)sprintf(text + n, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			n += (size_t)sprintf(text + n, "%s*a%d", k ? ", " : "", i - 1);
		n += (size_t)sprintf(text + n, "]\n");
	}
	assert_null(parse(f, text));
	assert_int_equal(f->diags.n, 1);
	assert_string_equal(said(f, 0), "a.yaml:6:25: the document has more than 500000 nodes, "
					"aliases counted as what they stand for");
	/* Little memory was needed to find that out. */
	assert_true(f->arena.used < 64 << 10);
}

static void the_count_is_exact(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(3000100);
	size_t n = 0;

	assert_non_null(text);
	/* The list and 499,999 elements; then one more. */
	for (int i = 0; i < 499999; i++)
		n += (size_t)sprintf(text + n, "- \n");
	assert_int_equal(parse_good(f, text)->n, 499999);
	sprintf(text + n, "- \n");
	assert_null(parse(f, text));
	assert_has(said(f, 0), "a.yaml:500000:");
	free(text);
}

/* "[[[" + middle + "]]]" */
static size_t nest(char *out, int depth, const char *middle)
{
	memset(out, '[', (size_t)depth);
	return (size_t)sprintf(out + depth, "%s%.*s", middle, depth,
			       "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]") +
	       (size_t)depth;
}

static void depth_is_limited_through_aliases_too(void **state)
{
	struct fixture *f = *state;
	char text[400];
	size_t n;

	nest(text, 32, "");
	parse_good(f, text);
	nest(text, 33, "");
	assert_null(parse(f, text));
	assert_string_equal(said(f, 0), "a.yaml:1:33: nested deeper than 32 levels");

	/* a is 16 deep; with the map and 15 levels around it there are 32. */
	n = (size_t)sprintf(text, "a: &a ");
	n += nest(text + n, 16, "");
	n += (size_t)sprintf(text + n, "\nb: ");
	nest(text + n, 15, "*a");
	assert_non_null(parse(f, text));
	assert_int_equal(f->diags.n, 1);
	nest(text + n, 16, "*a");
	assert_null(parse(f, text));
	assert_string_equal(said(f, 1), "a.yaml:2:20: nested deeper than 32 levels");
}

static void too_long_a_text_is_refused_unread(void **state)
{
	struct fixture *f = *state;
	size_t n = (16 << 20) + 1;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, '#', n);
	assert_null(yaml_parse(slice_of(text, n), "big.yaml", &f->arena, &f->diags));
	assert_string_equal(said(f, 0), "big.yaml: longer than 16 MiB");
	assert_non_null(yaml_parse(slice_of(text, n - 1), "big.yaml", &f->arena, &f->diags));
	assert_int_equal(f->diags.n, 1);
	free(text);
}

static void a_full_arena_is_a_complaint(void **state)
{
	struct fixture *f = *state;
	struct arena small;
	char text[20000];

	arena_init(&small, 16 << 10);
	for (size_t i = 0; i + 4 < sizeof(text); i += 4)
		memcpy(text + i, "- x\n", 4);
	text[sizeof(text) - 4] = '\0';
	assert_null(yaml_parse(slice_str(text), "a.yaml", &small, &f->diags));
	assert_int_equal(f->diags.n, 1);
	assert_has(said(f, 0), "no memory to read it");
	arena_release(&small);
}

/* --- files ------------------------------------------------------------------------------ */

static void files_are_read_or_complained_about(void **state)
{
	struct fixture *f = *state;
	char *dir = tmp_make();
	const char *path = tmp_path(dir, "x.yaml");
	struct yaml_node *root;
	char want[5000];

	assert_null(yaml_load(path, &f->arena, &f->diags));
	snprintf(want, sizeof(want), "%s: cannot be opened: No such file or directory", path);
	assert_string_equal(said(f, 0), want);
	assert_null(yaml_load(dir, &f->arena, &f->diags));
	snprintf(want, sizeof(want), "%s: cannot be read: Is a directory", dir);
	assert_string_equal(said(f, 1), want);
	tmp_write(path, "a: 1\n", 5);
	root = yaml_load(path, &f->arena, &f->diags);
	assert_non_null(root);
	assert_string_equal(root->file, path);
	assert_slice(yaml_get(root, "a")->text, "1");
	tmp_remove(dir);
}

/* --- fields ------------------------------------------------------------------------------ */

enum format { CSV = 1, JSON, PROMETHEUS };

static const struct yaml_choice formats[] = {
	{ "csv", CSV }, { "json", JSON }, { "prometheus", PROMETHEUS }, { NULL, 0 }
};

struct feed {
	const char *id, *url;
	bool enabled;
	int64_t rows, interval_ms, body_bytes;
	double factor;
	int format;
	struct date from;
	struct yaml_strings parks;
	const struct yaml_node *mapping;
};

static const struct yaml_field feed_fields[] = {
	{ "id", YAML_STRING, offsetof(struct feed, id), .required = true },
	{ "url", YAML_STRING, offsetof(struct feed, url) },
	{ "enabled", YAML_BOOL, offsetof(struct feed, enabled) },
	{ "rows", YAML_INT, offsetof(struct feed, rows), .min = 1, .max = 1000000 },
	{ "interval", YAML_DURATION, offsetof(struct feed, interval_ms), .min = 1000,
	  .max = 366 * 86400e3 },
	{ "body", YAML_SIZE, offsetof(struct feed, body_bytes), .min = 1, .max = 1 << 30 },
	{ "factor", YAML_NUMBER, offsetof(struct feed, factor), .min = -1, .max = INFINITY },
	{ "format", YAML_ENUM, offsetof(struct feed, format), .required = true,
	  .choices = formats },
	{ "from", YAML_DATE, offsetof(struct feed, from) },
	{ "parks", YAML_STRINGS, offsetof(struct feed, parks) },
	{ "mapping", YAML_NODE, offsetof(struct feed, mapping) },
	{ NULL }
};

static int fill(struct fixture *f, const char *text, struct feed *out)
{
	struct yaml_node *root = parse_good(f, text);

	return yaml_fill(root, feed_fields, out, &f->arena, &f->diags);
}

static void every_kind_of_field_is_read(void **state)
{
	struct fixture *f = *state;
	struct feed feed = { .url = "default" };

	assert_int_equal(fill(f,
			      "id: 高新区\n"
			      "enabled: yes\n"
			      "rows: 500\n"
			      "interval: 1h30m\n"
			      "body: 64KiB\n"
			      "factor: -0.5\n"
			      "format: prometheus\n"
			      "from: 2026-09-30\n"
			      "parks: [a, \"\", 'c d']\n"
			      "mapping: { unit: 1 }\n",
			      &feed),
			 0);
	assert_int_equal(f->diags.n, 0);
	assert_string_equal(feed.id, "高新区");
	assert_string_equal(feed.url, "default");
	assert_true(feed.enabled);
	assert_int_equal(feed.rows, 500);
	assert_int_equal(feed.interval_ms, 5400000);
	assert_int_equal(feed.body_bytes, 65536);
	assert_f64(feed.factor, -0.5);
	assert_int_equal(feed.format, PROMETHEUS);
	assert_int_equal(date_cmp(feed.from, (struct date){ 2026, 9, 30 }), 0);
	assert_int_equal(feed.parks.n, 3);
	assert_string_equal(feed.parks.list[0], "a");
	assert_string_equal(feed.parks.list[1], "");
	assert_string_equal(feed.parks.list[2], "c d");
	assert_slice(yaml_get(feed.mapping, "unit")->text, "1");
}

static void a_single_text_is_a_list_of_one(void **state)
{
	struct fixture *f = *state;
	struct feed feed = { 0 };

	assert_int_equal(fill(f, "{id: x, format: csv, parks: only}", &feed), 0);
	assert_int_equal(feed.parks.n, 1);
	assert_string_equal(feed.parks.list[0], "only");
	assert_int_equal(fill(f, "{id: x, format: csv, parks: []}", &feed), 0);
	assert_int_equal(feed.parks.n, 0);
}

/* Each line is put behind "id: x" and "format: csv". */
static void every_mistake_has_its_sentence(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{ "intervall: 30s",
		  "3:1: unknown key 'intervall', did you mean 'interval'? one of: body, "
		  "enabled, factor, format, from, id, interval, mapping, parks, rows, url" },
		{ "purpose: 30s",
		  "3:1: unknown key 'purpose', one of: body, enabled, factor, format, "
		  "from, id, interval, mapping, parks, rows, url" },
		{ "ulr: x", "3:1: unknown key 'ulr', did you mean 'url'? one of: " },
		{ "id: y", "3:1: key 'id' is repeated, first at line 1" },
		{ "url: [a]", "3:6: 'url' wants a text, not a list" },
		{ "url:", "3:5: 'url' wants a text, but nothing is there" },
		{ "url: ~", "3:6: 'url' wants a text, but nothing is there" },
		{ "enabled: maybe", "3:10: 'enabled' wants true or false, not 'maybe'" },
		{ "enabled: {a: b}", "3:10: 'enabled' wants true or false, not a map" },
		{ "rows: 12.5", "3:7: 'rows' wants a whole number, not '12.5'" },
		{ "rows: 0", "3:7: 'rows' lies between 1 and 1000000, not '0'" },
		{ "rows: 1000001", "3:7: 'rows' lies between 1 and 1000000, not '1000001'" },
		{ "rows: 99999999999999999999", "3:7: 'rows' wants a whole number, not '999999" },
		{ "interval: soon",
		  "3:11: 'interval' wants a duration such as 30s or 1h30m, not 'soon'" },
		{ "interval: 30",
		  "3:11: 'interval' wants a duration such as 30s or 1h30m, not '30'" },
		{ "interval:",
		  "3:10: 'interval' wants a duration such as 30s or 1h30m, but nothing is "
		  "there" },
		{ "interval: 500ms", "3:11: 'interval' lies between 1s and 366d, not '500ms'" },
		{ "interval: 53w", "3:11: 'interval' lies between 1s and 366d, not '53w'" },
		{ "body: 64KB",
		  "3:7: 'body' wants a size such as 4096, 64KiB or 4MiB, not '64KB'" },
		{ "body: 2GiB", "3:7: 'body' lies between 1 and 1073741824 bytes, not '2GiB'" },
		{ "factor: many", "3:9: 'factor' wants a number, not 'many'" },
		{ "factor: .inf", "3:9: 'factor' wants a number, not '.inf'" },
		{ "factor: 1e999", "3:9: 'factor' wants a number, not '1e999'" },
		{ "factor: -2", "3:9: 'factor' is at least -1, not '-2'" },
		{ "from: 2026-02-30", "3:7: 'from': day 30 does not exist: 2026-02 has 28 days" },
		{ "from: yesterday", "3:7: 'from': 'yesterday' is not a date such as 2026-09-30" },
		{ "from: []", "3:7: 'from' wants a date such as 2026-09-30, not a list" },
		{ "parks: {a: b}", "3:8: 'parks' wants a text or a list of texts, not a map" },
		{ "parks: [a, [b]]", "3:12: 'parks' is a list of texts, a list is none" },
		{ "parks: [a, ~]", "3:12: 'parks' is a list of texts, an empty entry is none" },
		{ "<<: {a: b}", "3:1: unknown key '<<', one of: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed feed = { 0 };
		struct fixture *f = fresh(state);
		char text[200], want[400];

		snprintf(text, sizeof(text), "id: x\nformat: csv\n%s\n", cases[i].line);
		assert_int_equal(fill(f, text, &feed), -1);
		assert_int_equal(f->diags.n, 1);
		snprintf(want, sizeof(want), "a.yaml:%s", cases[i].said);
		if (strncmp(said(f, 0), want, strlen(want)) != 0)
			fail_msg("\"%s\", not \"%s\"", said(f, 0), want);
	}
}

static void choices_are_listed(void **state)
{
	struct fixture *f = *state;
	struct feed feed = { .format = JSON };

	assert_int_equal(fill(f, "id: x\nformat: cvs\n", &feed), -1);
	assert_string_equal(said(f, 0),
			    "a.yaml:2:9: 'format' cannot be 'cvs', did you mean 'csv'? one "
			    "of: csv, json, prometheus");
	assert_int_equal(fill(f, "id: x\nformat: pdf\n", &feed), -1);
	assert_string_equal(said(f, 1), "a.yaml:2:9: 'format' cannot be 'pdf', one of: csv, json, "
					"prometheus");
	assert_int_equal(fill(f, "id: x\nformat: [csv]\n", &feed), -1);
	assert_string_equal(said(f, 2),
			    "a.yaml:2:9: 'format' wants one of: csv, json, prometheus, not a "
			    "list");
	/* What is wrong changes nothing. */
	assert_int_equal(feed.format, JSON);
}

static void missing_keys_are_reported_at_the_map(void **state)
{
	struct fixture *f = *state;
	struct yaml_node *root = parse_good(f, "feeds:\n  - url: x\n");
	const struct yaml_node *first = yaml_get(root, "feeds")->child;
	struct feed feed = { 0 };

	assert_int_equal(yaml_fill(first, feed_fields, &feed, &f->arena, &f->diags), -1);
	assert_int_equal(f->diags.n, 2);
	assert_string_equal(said(f, 0), "a.yaml:2:5: required key 'id' is missing");
	assert_string_equal(said(f, 1), "a.yaml:2:5: required key 'format' is missing");
	assert_string_equal(feed.url, "x");
}

static void what_should_be_a_map_is_said(void **state)
{
	struct fixture *f = *state;
	struct yaml_node *root = parse_good(f, "feed: x\nother:\n");
	struct feed feed = { 0 };

	assert_int_equal(fill(f, "- a\n", &feed), -1);
	assert_string_equal(said(f, 0),
			    "a.yaml:1:1: this wants a map (lines of key: value), not a list");
	assert_int_equal(yaml_fill(yaml_get(root, "feed"), feed_fields, &feed, &f->arena,
				   &f->diags),
			 -1);
	assert_string_equal(said(f, 1),
			    "a.yaml:1:7: 'feed' wants a map (lines of key: value), not 'x'");
	assert_int_equal(yaml_fill(yaml_get(root, "other"), feed_fields, &feed, &f->arena,
				   &f->diags),
			 -1);
	assert_string_equal(
		said(f, 2),
		"a.yaml:2:7: 'other' wants a map (lines of key: value), but nothing is there");
}

static void a_caller_can_complain_at_a_node(void **state)
{
	struct fixture *f = *state;
	struct yaml_node *root = parse_good(f, "a:\n  b: 1\n");

	yaml_complain(yaml_get(yaml_get(root, "a"), "b"), &f->diags, "no unit has the id %d", 1);
	assert_string_equal(said(f, 0), "a.yaml:2:6: no unit has the id 1");
}

/* --- a catalogue with thirty mistakes ----------------------------------------------------- */

static const struct yaml_choice leagues[] = {
	{ "national", 1 }, { "provincial", 2 }, { "municipal", 3 }, { NULL, 0 }
};

struct unit {
	const char *id, *name, *county;
	int league;
	double area;
	int64_t staff;
	struct date from, until;
	struct yaml_strings succeeds;
	int64_t grace_ms;
	bool active;
};

static const struct yaml_field unit_fields[] = {
	{ "id", YAML_STRING, offsetof(struct unit, id), .required = true },
	{ "name", YAML_STRING, offsetof(struct unit, name), .required = true },
	{ "county", YAML_STRING, offsetof(struct unit, county) },
	{ "league", YAML_ENUM, offsetof(struct unit, league), .required = true,
	  .choices = leagues },
	{ "area", YAML_NUMBER, offsetof(struct unit, area), .min = 0, .max = 1e6 },
	{ "staff", YAML_INT, offsetof(struct unit, staff), .min = 0, .max = 1e7 },
	{ "from", YAML_DATE, offsetof(struct unit, from), .required = true },
	{ "until", YAML_DATE, offsetof(struct unit, until) },
	{ "succeeds", YAML_STRINGS, offsetof(struct unit, succeeds) },
	{ "grace", YAML_DURATION, offsetof(struct unit, grace_ms) },
	{ "active", YAML_BOOL, offsetof(struct unit, active) },
	{ NULL }
};

/* The number in a comment is the mistake's. */
static const char broken_catalogue[] = "- id: P01\n"
				       "  name: 高新区\n"
				       "  contry: 甲县\n"     /* 1 unknown key */
				       "  league: nationl\n"  /* 2 near a choice */
				       "  area: 十二\n"       /* 3 no number */
				       "  staff: 1200.5\n"    /* 4 no whole number */
				       "  from: 2010-02-30\n" /* 5 no such day */
				       "- id:\n"              /* 6 nothing there */
				       "  name: [a, b]\n"     /* 7 a list */
				       "  league: 国家级\n"   /* 8 no choice */
				       "  area: -3\n"         /* 9 bounds */
				       "  staff: 1e3\n"       /* 10 no whole number */
				       "  from: 2010/01/01\n" /* 11 no date */
				       "  grace: 3 days\n"    /* 12 no duration */
				       "  active: 1\n"        /* 13 no bool */
				       "- id: P03\n" /* 16 name, 17 league, 18 from are missing */
				       "  id: P04\n" /* 14 repeated */
				       "  succeeds: {P01: P02}\n" /* 15 a map */
				       "- just a text\n"          /* 19 no map */
				       "- id: P05\n"
				       "  name: 经开区\n"
				       "  league: municipal\n"
				       "  from: 2012-01-01\n"
				       "  until: 2012-13-01\n"          /* 20 month */
				       "  succeeds: [P01, {a: b}, ~]\n" /* 21, 22 elements */
				       "  areas: 5\n"                   /* 23 unknown */
				       "  Name: x\n"                    /* 24 unknown */
				       "  staff: 99999999\n"            /* 25 bounds */
				       "  grace: 30m1h\n" /* 26 units the wrong way round */
				       "- id: P06\n"
				       "  name: ~\n"          /* 27 nothing there */
				       "  league: {a: b}\n"   /* 28 a map */
				       "  from: 1850-01-01\n" /* 29 year */
				       "  active: ja\n";      /* 30 no bool */

static void thirty_mistakes_are_reported_at_once(void **state)
{
	static const char *const want[] = {
		"3:3: unknown key 'contry', did you mean 'county'?",
		"4:11: 'league' cannot be 'nationl', did you mean 'national'?",
		"5:9: 'area' wants a number, not '十二'",
		"6:10: 'staff' wants a whole number, not '1200.5'",
		"7:9: 'from': day 30 does not exist: 2010-02 has 28 days",
		"8:6: 'id' wants a text, but nothing is there",
		"9:9: 'name' wants a text, not a list",
		"10:11: 'league' cannot be '国家级', one of: municipal, national, provincial",
		"11:9: 'area' lies between 0 and 1000000, not '-3'",
		"12:10: 'staff' wants a whole number, not '1e3'",
		"13:9: 'from': '2010/01/01' is not a date such as 2026-09-30",
		"14:10: 'grace' wants a duration such as 30s or 1h30m, not '3 days'",
		"15:11: 'active' wants true or false, not '1'",
		"17:3: key 'id' is repeated, first at line 16",
		"18:13: 'succeeds' wants a text or a list of texts, not a map",
		"16:3: required key 'name' is missing",
		"16:3: required key 'league' is missing",
		"16:3: required key 'from' is missing",
		"19:3: this wants a map (lines of key: value), not 'just a text'",
		"24:10: 'until': month 13 does not exist",
		"25:19: 'succeeds' is a list of texts, a map is none",
		"25:27: 'succeeds' is a list of texts, an empty entry is none",
		"26:3: unknown key 'areas', did you mean 'area'?",
		"27:3: unknown key 'Name', did you mean 'name'?",
		"28:10: 'staff' lies between 0 and 10000000, not '99999999'",
		"29:10: 'grace' wants a duration such as 30s or 1h30m, not '30m1h'",
		"31:9: 'name' wants a text, but nothing is there",
		"32:11: 'league' wants one of: municipal, national, provincial, not a map",
		"33:9: 'from': year 1850 is not within 1900-2199",
		"34:11: 'active' wants true or false, not 'ja'",
	};
	struct fixture *f = *state;
	struct yaml_node *root = parse_good(f, broken_catalogue);
	struct err e = { 0 };

	for (const struct yaml_node *n = root->child; n; n = n->next) {
		struct unit u = { 0 };

		assert_int_equal(yaml_fill(n, unit_fields, &u, &f->arena, &f->diags), -1);
	}
	assert_int_equal(f->diags.n, 30);
	assert_int_equal(sizeof(want) / sizeof(want[0]), 30);
	for (size_t i = 0; i < 30; i++) {
		const char *line = said(f, i) + strlen("a.yaml:");

		if (strncmp(line, want[i], strlen(want[i])) != 0)
			fail_msg("%zu: \"%s\", not \"%s\"", i + 1, line, want[i]);
	}
	assert_fails(diags_check(&f->diags, &e), &e, ERR_INVALID, "and 29 more");
}

/* --- durations and sizes ------------------------------------------------------------------- */

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = { { "500ms", 500 },
		     { "30s", 30000 },
		     { "5m", 300000 },
		     { "1h30m", 5400000 },
		     { "2d", 172800000 },
		     { "1w", 604800000 },
		     { "1y", INT64_C(31536000000) },
		     { "1w2d3h4m5s6ms", 788645006 },
		     { "0", 0 },
		     { "0s", 0 },
		     { "90m", 5400000 },
		     { "1s500ms", 1500 } };
	static const char *const bad[] = { "",     "30",    "s",    "1.5h",  "-5s",  "30 s", "5x",
					   "1m1h", "5s5s",  "5min", "1hour", "1h30", "5S",   "m5",
					   "1w1y", "1ms1s", "５m",  "00",    "1h ",  "5ms5" };
	struct err e = { 0 };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_ok(duration_parse(slice_str(good[i].text), &ms, &e), &e);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(duration_parse(slice_str(bad[i]), &ms, &e), &e, ERR_INVALID,
			     "is not a duration such as 30s or 1h30m");
	assert_fails(duration_parse(slice_str("99999999999w"), &ms, &e), &e, ERR_LIMIT,
		     "'99999999999w' is too long a duration");
	assert_fails(duration_parse(slice_str("15250284452w1d9223372036854775807ms"), &ms, &e), &e,
		     ERR_LIMIT, "is too long a duration");
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = { { "4096", 4096 },         { "0", 0 },          { "10B", 10 },
		     { "64KiB", 65536 },       { "4MiB", 4194304 }, { "1GiB", 1073741824 },
		     { "2TiB", 2199023255552 } };
	static const char *const bad[] = { "",   "KiB",    "64KB",  "64kib", "64K",
					   "-1", "1.5MiB", "1 MiB", "1MiB1", "1MiBx" };
	struct err e = { 0 };
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_ok(size_parse(slice_str(good[i].text), &bytes, &e), &e);
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(size_parse(slice_str(bad[i]), &bytes, &e), &e, ERR_INVALID,
			     "is not a size such as 4096, 64KiB or 4MiB");
	assert_fails(size_parse(slice_str("9999999TiB"), &bytes, &e), &e, ERR_LIMIT,
		     "'9999999TiB' is too large a size");
}

/* --- memory --------------------------------------------------------------------------------- */

/* Large enough that the arena needs several blocks. */
static void long_document(char *text, size_t room)
{
	size_t n = 0;

	for (int i = 0; n < room - 200; i++)
		n += (size_t)sprintf(
			text + n,
			"- &p%d {id: P%d, name: 园区%d, league: national, from: 2010-01-01, "
			"succeeds: [a, b]}\n- *p%d\n",
			i, i, i, i);
}

static bool read_all_units(const char *text)
{
	struct arena a;
	struct diags d;
	struct yaml_node *root;
	struct err e = { 0 };
	bool ok;

	arena_init(&a, 64 << 20);
	diags_init(&d, &a, 100);
	root = yaml_parse(slice_str(text), "a.yaml", &a, &d);
	for (struct yaml_node *n = root ? root->child : NULL; n; n = n->next) {
		struct unit u = { 0 };

		yaml_fill(n, unit_fields, &u, &a, &d);
	}
	ok = diags_check(&d, &e) == 0;
	/* Nothing to complain about means that all was read. */
	assert_true(!ok || root);
	if (!ok)
		assert_has(e.text, "no memory");
	arena_release(&a);
	return ok;
}

static void reading_survives_every_failed_allocation(void **state)
{
	static char text[100000];
	bool done = false;
	long k = 0;

	(void)state;
	long_document(text, sizeof(text));
	for (; !done && k < 1000; k++) {
		mem_fail_after(k, 1);
		done = read_all_units(text);
		mem_fail_after(-1, 0);
	}
	assert_true(done);
	assert_true(k > 3);
}

static void loading_survives_every_failed_allocation(void **state)
{
	char *dir = tmp_make();
	const char *path = tmp_path(dir, "x.yaml");
	struct yaml_node *root = NULL;
	long k = 0;

	(void)state;
	tmp_write(path, "a: &x [1, 2]\nb: *x\n", 19);
	for (; !root && k < 100; k++) {
		struct arena a;
		struct diags d;

		arena_init(&a, 1 << 20);
		diags_init(&d, &a, 10);
		mem_fail_after(k, 1);
		root = yaml_load(path, &a, &d);
		mem_fail_after(-1, 0);
		assert_true(root || d.n + d.left_out > 0);
		arena_release(&a);
	}
	assert_non_null(root);
	assert_true(k > 2);
	tmp_remove(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_document_becomes_a_tree_with_places),
		TEST(an_empty_document_is_an_empty_map),
		TEST(a_bom_does_not_move_the_columns),
		TEST(what_is_not_yaml_is_one_complaint_with_its_place),
		TEST(aliases_are_followed),
		TEST(a_billion_laughs_are_refused_by_count),
		TEST(the_count_is_exact),
		TEST(depth_is_limited_through_aliases_too),
		TEST(too_long_a_text_is_refused_unread),
		TEST(a_full_arena_is_a_complaint),
		TEST(files_are_read_or_complained_about),
		TEST(every_kind_of_field_is_read),
		TEST(a_single_text_is_a_list_of_one),
		TEST(every_mistake_has_its_sentence),
		TEST(choices_are_listed),
		TEST(missing_keys_are_reported_at_the_map),
		TEST(what_should_be_a_map_is_said),
		TEST(a_caller_can_complain_at_a_node),
		TEST(thirty_mistakes_are_reported_at_once),
		TEST(durations_are_read),
		TEST(sizes_are_read),
		TEST(reading_survives_every_failed_allocation),
		TEST(loading_survives_every_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
