/*
 * yaml_read.c - see yaml_read.h; the reading by tables of fields is in yaml_fill.c.
 *
 * libyaml's parser gives one event after the other, each with its exact place,
 * and a tree is built from them in the caller's arena. (libyaml's own loader
 * makes the same tree, but only hands it over when all is read: nodes and
 * nesting could be limited no earlier than after the damage.)
 *
 * An alias becomes a copy of the named node's head that shares its children, so
 * memory grows with the text only. Whoever walks the tree walks the children
 * once for each alias, though, therefore each alias counts as many nodes as it
 * stands for, and a few lines that stand for billions are refused where the
 * count is passed. A node cannot contain itself: a name counts only once
 * its node has ended.
 */
#include "base/yaml_read.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"

#include <yaml.h>

enum { BODY_MAX = 16 << 20, NODES_MAX = 500000, DEPTH_MAX = 32 };

/* A name given with &. */
struct anchor {
	struct slice name;
	const struct yaml_node *node;
	bool ended;
	size_t nodes; /* that it stands for */
	int height;   /* 0 for a scalar */
};

/* A list or map that has not ended. */
struct frame {
	struct yaml_node *node;
	struct yaml_node **tail;
	struct yaml_node *key; /* read, its value is still to come */
	struct anchor *anchor;
	size_t nodes_before;
	int height;
};

struct build {
	yaml_parser_t parser;
	struct slice body;
	const char *file;
	struct arena *arena;
	struct diags *diags;
	struct map anchors;
	struct frame frames[DEPTH_MAX];
	int depth;
	size_t nodes;
	unsigned documents;
	bool ended;
	struct yaml_node *root;
};

/* All steps return 0, or -1 when the complaint has been made and reading ends. */

static int complain(struct build *b, yaml_mark_t at, const char *text)
{
	diag_add(b->diags, b->file, (unsigned)at.line + 1, (unsigned)at.column + 1, "%s", text);
	return -1;
}

static int no_memory(struct build *b)
{
	diag_add(b->diags, b->file, 0, 0, "no memory to read it (the limit is %zu MiB)",
		 b->arena->limit >> 20);
	return -1;
}

/* --- building the tree ------------------------------------------------------------ */

static int count(struct build *b, yaml_mark_t at, size_t n)
{
	b->nodes += n;
	if (b->nodes > NODES_MAX)
		return complain(b, at,
				"the document has more than 500000 nodes, aliases counted as "
				"what they stand for");
	return 0;
}

static struct yaml_node *new_node(struct build *b, enum yaml_type type, yaml_mark_t at)
{
	struct yaml_node *n = arena_new(b->arena, struct yaml_node);

	if (!n) {
		no_memory(b);
		return NULL;
	}
	n->type = type;
	n->file = b->file;
	n->line = (unsigned)at.line + 1;
	n->column = (unsigned)at.column + 1;
	n->text = slice_str("");
	return n;
}

/* Puts a node where it belongs: the root, a list's next element, a map's next key
 * or that key's value. */
static int attach(struct build *b, struct yaml_node *n, yaml_mark_t at)
{
	struct frame *f;

	if (!b->depth) {
		b->root = n;
		return 0;
	}
	f = &b->frames[b->depth - 1];
	if (f->node->type == YAML_MAP && !f->key) {
		if (n->type != YAML_SCALAR)
			return complain(b, at,
					n->type == YAML_MAP
						? "a key must be a plain text, not a map"
						: "a key must be a plain text, not a list");
		f->key = n;
		return 0;
	}
	n->key = f->key;
	f->key = NULL;
	*f->tail = n;
	f->tail = &n->next;
	f->node->n++;
	return 0;
}

/* A later node of the same name replaces the earlier for what follows. */
static int name_node(struct build *b, const yaml_char_t *name, const struct yaml_node *n,
		     struct anchor **out)
{
	struct anchor *a;

	*out = NULL;
	if (!name)
		return 0;
	a = arena_new(b->arena, struct anchor);
	if (!a)
		return no_memory(b);
	a->name = arena_slice(b->arena, slice_str((const char *)name));
	a->node = n;
	if (!a->name.p || map_put(&b->anchors, a->name, a, NULL) < 0)
		return no_memory(b);
	*out = a;
	return 0;
}

static int on_scalar(struct build *b, const yaml_event_t *ev)
{
	struct yaml_node *n = new_node(b, YAML_SCALAR, ev->start_mark);
	struct anchor *a;

	if (!n || count(b, ev->start_mark, 1) < 0)
		return -1;
	n->text = arena_slice(b->arena, slice_of((const char *)ev->data.scalar.value,
						 ev->data.scalar.length));
	if (!n->text.p)
		return no_memory(b);
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	/* Only "\0" in double quotes makes one; texts end at it later on. */
	if (memchr(n->text.p, '\0', n->text.n))
		return complain(b, ev->start_mark, "a NUL character is not allowed in a text");
	if (name_node(b, ev->data.scalar.anchor, n, &a) < 0)
		return -1;
	if (a) {
		a->ended = true;
		a->nodes = 1;
	}
	return attach(b, n, ev->start_mark);
}

static int on_start(struct build *b, const yaml_event_t *ev, enum yaml_type type,
		    const yaml_char_t *anchor)
{
	struct yaml_node *n = new_node(b, type, ev->start_mark);
	struct frame *f;

	if (!n || count(b, ev->start_mark, 1) < 0)
		return -1;
	if (b->depth == DEPTH_MAX)
		return complain(b, ev->start_mark, "nested deeper than 32 levels");
	if (attach(b, n, ev->start_mark) < 0)
		return -1;
	f = &b->frames[b->depth++];
	*f = (struct frame){ .node = n, .tail = &n->child, .nodes_before = b->nodes - 1 };
	return name_node(b, anchor, n, &f->anchor);
}

static void raise_height(struct build *b, int height)
{
	struct frame *f = b->depth ? &b->frames[b->depth - 1] : NULL;

	if (f && f->height < height)
		f->height = height;
}

static int on_end(struct build *b)
{
	struct frame *f = &b->frames[--b->depth];

	if (f->anchor) {
		f->anchor->ended = true;
		f->anchor->nodes = b->nodes - f->nodes_before;
		f->anchor->height = f->height + 1;
	}
	raise_height(b, f->height + 1);
	return 0;
}

static int on_alias(struct build *b, const yaml_event_t *ev)
{
	struct slice name = slice_str((const char *)ev->data.alias.anchor);
	const struct anchor *a = map_get(&b->anchors, name);
	struct yaml_node *n;

	if (!a) {
		diag_add(b->diags, b->file, (unsigned)ev->start_mark.line + 1,
			 (unsigned)ev->start_mark.column + 1,
			 "alias *%.*s: nothing above is named &%.*s", SLICE_FMT(name),
			 SLICE_FMT(name));
		return -1;
	}
	if (!a->ended) {
		diag_add(b->diags, b->file, (unsigned)ev->start_mark.line + 1,
			 (unsigned)ev->start_mark.column + 1,
			 "alias *%.*s lies inside what it stands for", SLICE_FMT(name));
		return -1;
	}
	if (count(b, ev->start_mark, a->nodes) < 0)
		return -1;
	if (b->depth + a->height > DEPTH_MAX)
		return complain(b, ev->start_mark, "nested deeper than 32 levels");
	n = new_node(b, a->node->type, ev->start_mark);
	if (!n)
		return -1;
	/* The place stays that of the text itself: there it has to be put right. */
	*n = *a->node;
	n->next = n->key = NULL;
	raise_height(b, a->height);
	return attach(b, n, ev->start_mark);
}

static int on_document(struct build *b, const yaml_event_t *ev)
{
	if (b->documents++)
		return complain(b, ev->start_mark, "a second document begins here; a file has one");
	return 0;
}

static int on_event(struct build *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, ev);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, ev, YAML_LIST, ev->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_start(b, ev, YAML_MAP, ev->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b);
	case YAML_ALIAS_EVENT:
		return on_alias(b, ev);
	case YAML_STREAM_END_EVENT:
		b->ended = true;
		return 0;
	default:
		return 0;
	}
}

/* --- what is not YAML -------------------------------------------------------------- */

/* The line and column, from 0, of a byte. */
static yaml_mark_t place_of(struct slice body, size_t at)
{
	yaml_mark_t m = { 0 };
	size_t start = 0;

	for (size_t i = 0; i < at && i < body.n; i++) {
		if (body.p[i] == '\n') {
			m.line++;
			start = i + 1;
		}
	}
	m.column = text_column(slice_skip(body, start), at - start) - 1;
	return m;
}

/* Whether a tab stands before or at this place on its line: the usual reason for
 * "found character that cannot start any token". */
static bool tab_before(struct slice body, yaml_mark_t at)
{
	const char *p = body.p, *end = body.p + body.n;

	for (size_t line = 0; line < at.line && p; line++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p)
			p++;
	}
	for (size_t i = 0; p && p < end && i <= at.column && (*p == ' ' || *p == '\t'); i++)
		if (*p++ == '\t')
			return true;
	return false;
}

static int parse_error(struct build *b)
{
	const yaml_parser_t *p = &b->parser;
	yaml_mark_t at = p->problem_mark;
	const char *problem = p->problem ? p->problem : "it cannot be read";
	const char *hint = "";

	if (p->error == YAML_MEMORY_ERROR)
		return no_memory(b);
	if (p->error == YAML_READER_ERROR)
		at = place_of(b->body, p->problem_offset);
	else if (tab_before(b->body, at))
		hint = " (indent with spaces, not with a tab)";
	if (p->context && p->context_mark.line != at.line)
		diag_add(b->diags, b->file, (unsigned)at.line + 1, (unsigned)at.column + 1,
			 "not YAML: %s, %s from line %zu on%s", problem, p->context,
			 p->context_mark.line + 1, hint);
	else
		diag_add(b->diags, b->file, (unsigned)at.line + 1, (unsigned)at.column + 1,
			 "not YAML: %s%s", problem, hint);
	return -1;
}

static int read_events(struct build *b)
{
	yaml_event_t ev;
	int rc;

	while (!b->ended) {
		if (!yaml_parser_parse(&b->parser, &ev))
			return parse_error(b);
		rc = on_event(b, &ev);
		yaml_event_delete(&ev);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* Size and encoding, before libyaml sees any of it. */
static int check_body(struct build *b)
{
	long bad;

	if (b->body.n > BODY_MAX) {
		diag_add(b->diags, b->file, 0, 0, "longer than %d MiB", BODY_MAX >> 20);
		return -1;
	}
	bad = utf8_bad_at(b->body);
	if (bad >= 0) {
		yaml_mark_t at = place_of(b->body, (size_t)bad);

		diag_add(b->diags, b->file, (unsigned)at.line + 1, (unsigned)at.column + 1,
			 "byte 0x%02x is not UTF-8; save the file as UTF-8",
			 (unsigned char)b->body.p[bad]);
		return -1;
	}
	if (slice_starts(b->body, "\xef\xbb\xbf"))
		b->body = slice_skip(b->body, 3);
	return 0;
}

struct yaml_node *yaml_parse(struct slice body, const char *file, struct arena *a, struct diags *d)
{
	struct build *b = arena_new(a, struct build);
	const char *name = arena_strdup(a, file);
	struct yaml_node *root = NULL;

	if (!b || !name) {
		diag_add(d, file, 0, 0, "no memory to read it (the limit is %zu MiB)",
			 a->limit >> 20);
		return NULL;
	}
	b->body = body;
	b->file = name;
	b->arena = a;
	b->diags = d;
	if (check_body(b) < 0)
		return NULL;
	if (!yaml_parser_initialize(&b->parser)) {
		no_memory(b);
		return NULL;
	}
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, (const unsigned char *)b->body.p, b->body.n);
	map_init(&b->anchors);
	if (read_events(b) == 0) {
		root = b->root;
		/* No document, or nothing in it: an empty plain scalar. */
		if (!root || (root->type == YAML_SCALAR && !root->quoted && !root->text.n))
			root = new_node(b, YAML_MAP, (yaml_mark_t){ 0 });
	}
	map_release(&b->anchors);
	yaml_parser_delete(&b->parser);
	return root;
}

/* --- files ------------------------------------------------------------------------- */

struct yaml_node *yaml_load(const char *path, struct arena *a, struct diags *d)
{
	struct yaml_node *root = NULL;
	struct err e = { 0 };
	struct buf body;

	/* Room for one reading more than allowed: yaml_parse() says what is too long. */
	buf_init(&body, BODY_MAX + 2 * FILE_PIECE_BYTES);
	if (file_read(path, BODY_MAX, &body, &e) < 0)
		diag_add(d, path, 0, 0, "%s", e.text);
	else
		root = yaml_parse(buf_all(&body), path, a, d);
	buf_release(&body);
	return root;
}
