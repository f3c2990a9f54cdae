/*
 * fuzz_yaml.c - any bytes as YAML, then through a table with a field of every kind.
 *
 * A tree keeps its limits and its places; what the table let through is within the
 * table's bounds; a document is refused exactly when something is said of it.
 */
#include "base/yaml_read.h"
#include "tests/fuzz/fuzz.h"

struct all {
	const char *text;
	bool yes;
	int64_t whole, duration, size;
	double number;
	int choice;
	struct date date;
	struct yaml_strings strings;
	const struct yaml_node *node;
};

static const struct yaml_choice choices[] = { { "csv", 1 }, { "json", 2 }, { NULL, 0 } };

#define AT(member) offsetof(struct all, member)
static const struct yaml_field fields[] = {
	{ "text", YAML_STRING, AT(text) },
	{ "yes", YAML_BOOL, AT(yes) },
	{ "whole", YAML_INT, AT(whole), .min = -5, .max = 60 },
	{ "number", YAML_NUMBER, AT(number), .min = 0, .max = 0.5 },
	{ "duration", YAML_DURATION, AT(duration), .min = 1e3, .max = 7 * 86400e3 },
	{ "size", YAML_SIZE, AT(size), .min = 1024, .max = 1073741824 },
	{ "choice", YAML_ENUM, AT(choice), .choices = choices },
	{ "date", YAML_DATE, AT(date) },
	{ "strings", YAML_STRINGS, AT(strings) },
	{ "node", YAML_NODE, AT(node) },
	{ NULL },
};
#undef AT

static size_t nodes;

static void check_text(const struct yaml_node *n)
{
	MUST(n->type == YAML_SCALAR && strlen(n->text.p) == n->text.n);
	MUST(utf8_bad_at(n->text) < 0);
}

static void check_tree(const struct yaml_node *n, int depth)
{
	size_t children = 0;

	MUST(++nodes <= 500000);
	MUST(n->line > 0 && n->column > 0 && strcmp(n->file, "fuzz.yaml") == 0);
	if (n->type == YAML_SCALAR) {
		check_text(n);
		return;
	}
	MUST(depth < 32);
	for (const struct yaml_node *c = n->child; c; c = c->next, children++) {
		if (n->type == YAML_MAP)
			check_text(c->key);
		check_tree(c, depth + 1);
	}
	MUST(children == n->n);
}

static void check_filled(const struct all *got)
{
	MUST(!got->text || utf8_bad_at(slice_str(got->text)) < 0);
	MUST(got->whole >= -5 && got->whole <= 60);
	MUST(got->number >= 0 && got->number <= 0.5);
	MUST(got->duration >= 1000 && got->duration <= 7 * 86400000);
	MUST(got->size >= 1024 && got->size <= 1073741824);
	MUST(got->choice == 1 || got->choice == 2);
	MUST(date_valid(got->date));
	for (size_t i = 0; i < got->strings.n; i++)
		MUST(utf8_bad_at(slice_str(got->strings.list[i])) < 0);
}

static void fill(const struct yaml_node *root, struct arena *a, struct diags *d)
{
	struct all got = { .duration = 1000,
			   .size = 1024,
			   .choice = 1,
			   .date = { .year = 2026, .month = 1, .day = 1 } };
	size_t before = d->n + d->left_out;
	int rc = yaml_fill(root, fields, &got, a, d);

	MUST((rc == 0) == (d->n + d->left_out == before));
	/* Also after a complaint: nothing out of bounds may be in use. */
	check_filled(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct yaml_node *root;
	struct arena a;
	struct diags d;

	arena_init(&a, 64 << 20);
	diags_init(&d, &a, 50);
	root = yaml_parse(slice_of((const char *)data, n), "fuzz.yaml", &a, &d);
	MUST(!root == (d.n > 0));
	if (root) {
		nodes = 0;
		check_tree(root, 0);
		fill(root, &a, &d);
	}
	must_be_complaints(&d);
	arena_release(&a);
	return 0;
}
