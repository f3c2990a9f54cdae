/*
 * fuzz_json_tree.c - any bytes as JSON, read to a tree.
 *
 * Texts are UTF-8 without NUL, places only move forward, members are found by their
 * keys, and a tree that is written out is read as the same tree. An array or object
 * that is kept as text gives, walked through, what its nodes would have been.
 */
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/num.h"
#include "tests/fuzz/fuzz.h"

enum { WRITABLE_DEPTH = 30 };

static uint32_t line, column;
static int deepest;

static void must_be_text(struct slice s)
{
	MUST(utf8_bad_at(s) < 0);
	MUST(s.n == 0 || !memchr(s.p, '\0', s.n));
}

static void check_tree(const struct json_node *n, int depth)
{
	size_t children = 0;
	struct err e;
	double v;

	MUST(n->line > line || (n->line == line && n->column > column));
	line = n->line;
	column = n->column;
	if (depth > deepest)
		deepest = depth;
	MUST(depth <= 64);
	if (n->type == JSON_STRING)
		must_be_text(n->text);
	if (n->type == JSON_NUMBER && num_parse(n->text, &v, &e) < 0)
		MUST(e.code == ERR_LIMIT);
	for (const struct json_node *c = n->child; c; c = c->next, children++) {
		if (n->type == JSON_OBJECT) {
			must_be_text(c->key);
			MUST(json_member(n, c->key) == c);
		}
		check_tree(c, depth + 1);
	}
	MUST(children == n->n);
	MUST(children == 0 || n->type == JSON_ARRAY || n->type == JSON_OBJECT);
}

/* Numbers as strings: what is compared is the tree, numbers have a target of their own. */
static void write_tree(const struct json_node *n, struct json_writer *j)
{
	switch (n->type) {
	case JSON_NULL:
		json_null(j);
		return;
	case JSON_BOOL:
		json_bool(j, n->boolean);
		return;
	case JSON_NUMBER:
	case JSON_STRING:
		json_str(j, n->text);
		return;
	default:
		break;
	}
	if (n->type == JSON_ARRAY)
		json_array(j);
	else
		json_object(j);
	for (const struct json_node *c = n->child; c; c = c->next) {
		if (n->type == JSON_OBJECT)
			json_key_slice(j, c->key);
		write_tree(c, j);
	}
	json_end(j);
}

static void must_be_same(const struct json_node *a, const struct json_node *b)
{
	const struct json_node *x = a->child, *y = b->child;

	MUST(a->type == b->type || (a->type == JSON_NUMBER && b->type == JSON_STRING));
	MUST(a->n == b->n && a->boolean == b->boolean);
	MUST(slice_eq(a->text, b->text) && slice_eq(a->key, b->key));
	for (; x && y; x = x->next, y = y->next)
		must_be_same(x, y);
	MUST(!x && !y);
}

static void check_written(const struct json_node *root, struct arena *a)
{
	struct json_writer j;
	struct json_node *again;
	struct buf out;
	struct err e;

	buf_init(&out, 1 << 20);
	json_init(&j, &out);
	write_tree(root, &j);
	MUST(buf_check(&out, &e) == 0);
	again = json_parse(buf_all(&out), a, &e);
	MUST(again);
	must_be_same(root, again);
	buf_release(&out);
}

static bool keep_all(struct slice within, struct slice key)
{
	(void)within;
	(void)key;
	return true;
}

static void check_walk(const struct json_node *kept, const struct json_node *nodes, struct arena *a)
{
	const struct json_node *n = nodes->child;
	struct json_walk w;
	struct json_item item;
	struct err e;
	int rc;

	MUST(kept->n == nodes->n && kept->type == nodes->type);
	json_walk_init(&w, kept);
	while ((rc = json_walk_next(&w, a, &item, &e)) > 0) {
		MUST(n && item.type == n->type && item.boolean == n->boolean);
		MUST(item.line == n->line && item.column == n->column);
		MUST(slice_eq(item.key, n->key));
		if (n->type == JSON_NUMBER || n->type == JSON_STRING)
			MUST(slice_eq(item.text, n->text));
		n = n->next;
	}
	MUST(rc < 0 ? e.code == ERR_LIMIT : !n);
}

/* `root` is the tree of the same bytes with all its nodes, or NULL where that was refused. */
static void check_kept(struct slice body, const struct json_node *root, struct arena *a)
{
	const struct json_node *kept, *m, *n;
	struct err e;

	kept = json_parse_keeping(body, keep_all, a, &e);
	if (!kept) {
		MUST(!root || e.code == ERR_LIMIT);
		return;
	}
	if (!root || root->type != JSON_OBJECT)
		return;
	for (m = kept->child, n = root->child; m && n; m = m->next, n = n->next)
		if (m->kept)
			check_walk(m, n, a);
	MUST(!m && !n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json_node *root;
	struct arena a;
	struct err e;

	arena_init(&a, 64 << 20);
	root = json_parse(slice_of((const char *)data, n), &a, &e);
	if (root) {
		line = 1;
		column = 0;
		deepest = 0;
		check_tree(root, 0);
		json_pointer(root, slice_of((const char *)data, n));
		MUST(json_pointer(root, slice_str("")) == root);
		if (deepest <= WRITABLE_DEPTH)
			check_written(root, &a);
	} else {
		must_say_why(&e);
	}
	check_kept(slice_of((const char *)data, n), root, &a);
	arena_release(&a);
	return 0;
}
