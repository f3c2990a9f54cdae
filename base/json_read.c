/*
 * json_read.c - see json_read.h.
 *
 * The body is copied into the arena once; strings without escapes and numbers
 * are slices of that copy. yajl says where each token ends, and since between
 * tokens only blanks, commas and colons stand, where it begins is found by
 * skipping those; lines and columns are counted along the way, once over the text.
 *
 * Where yajl 2.1 is too trusting we look ourselves: it does not check its
 * allocations (ours leaves by longjmp when there is no memory; what it
 * allocates lies in an arena of its own, so nothing is left behind), it writes "?"
 * for half a surrogate pair and takes anything for the second half, it takes vertical
 * tabs and form feeds for blanks, and it does not see keys given twice.
 */
#include "base/json_read.h"
#include "base/map.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdio.h>
#include <yajl/yajl_parse.h>

enum {
	DEPTH_MAX = 64,
	FEW_KEYS = 16, /* up to so many, comparing each with each is quicker than a table */
	YAJL_SPARE_BYTES = 64 << 10,
};

/* An object or array that is still open. */
struct level {
	struct json_node *node, *last;
	struct map keys; /* objects with more than FEW_KEYS members */
};

struct reader {
	struct arena *arena;
	struct arena yajl_memory;
	jmp_buf no_memory;
	yajl_handle yajl;
	struct slice text; /* the copy, with a line feed behind */
	size_t at;         /* what lies before is counted in `line` and `column` */
	uint32_t line, column;
	struct json_node *root;
	struct level levels[DEPTH_MAX];
	unsigned depth;
	struct slice key;  /* of the member whose value comes next */
	json_keep_fn keep; /* or NULL */
	unsigned kept;     /* levels down to the one that is kept as text, itself with them; or 0 */
	size_t kept_at;
	struct json_node passing; /* stands for whatever is in there */
	bool around;              /* of an array that the text is only the elements of */
	struct err *e;
	bool told; /* `e` is filled */
};

/* --- yajl's memory ------------------------------------------------------------------ */

/* yajl's sizes are needed again when it grows something. */
struct chunk {
	_Alignas(16) size_t n;
	char bytes[];
};

static void *yajl_get(void *ctx, size_t n)
{
	struct reader *r = ctx;
	struct chunk *c =
		n > SIZE_MAX - sizeof(*c) ? NULL : arena_alloc(&r->yajl_memory, sizeof(*c) + n);

	if (!c)
		longjmp(r->no_memory, 1);
	c->n = n;
	return c->bytes;
}

static void *yajl_regrow(void *ctx, void *p, size_t n)
{
	struct chunk *old = p ? (struct chunk *)((char *)p - offsetof(struct chunk, bytes)) : NULL;
	void *bigger = yajl_get(ctx, n);

	if (old)
		memcpy(bigger, old->bytes, old->n < n ? old->n : n);
	return bigger;
}

static void yajl_drop(void *ctx, void *p)
{
	(void)ctx;
	(void)p; /* with the rest, when the arena goes */
}

/* --- places and complaints ------------------------------------------------------------ */

static void count_up_to(struct reader *r, size_t end)
{
	for (; r->at < end; r->at++) {
		unsigned char c = (unsigned char)r->text.p[r->at];

		if (c == '\n') {
			r->line++;
			r->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			r->column++;
		}
	}
}

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':';
}

/* Moves to the beginning of the token that ends at `end`. */
static void find_token(struct reader *r, size_t end)
{
	size_t p = r->at;

	while (p + 1 < end && is_between(r->text.p[p]))
		p++;
	count_up_to(r, p);
}

/* yajl may stop in front of the blanks before what it does not like. */
static void skip_blanks(struct reader *r)
{
	size_t p = r->at;

	while (p + 1 < r->text.n && is_between(r->text.p[p]) && r->text.p[p] != ',' &&
	       r->text.p[p] != ':')
		p++;
	count_up_to(r, p);
}

static int complain(struct reader *r, enum err_code code, const char *what)
{
	r->told = true;
	err_set(r->e, code, "line %u, column %u: %s", r->line, r->column, what);
	return 0; /* to yajl: stop */
}

/* The arena does not say which of the two it was. */
static int no_memory(struct reader *r, const struct arena *a, size_t n)
{
	r->told = true;
	if (n > a->limit - a->held || a->limit - a->held - n < 64)
		err_set(r->e, ERR_LIMIT,
			"line %u: the document needs more than the allowed %zu bytes of memory",
			r->line, a->limit);
	else
		err_set(r->e, ERR_MEMORY, "line %u: no memory for the document", r->line);
	return 0;
}

/* --- strings ------------------------------------------------------------------------------ */

static unsigned hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v = v << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* What is wrong with the escapes of a string yajl has accepted, or NULL: every \u has its
 * four digits. */
static const char *bad_escape(struct slice raw)
{
	for (size_t i = 0; i + 1 < raw.n; i++) {
		unsigned c;

		if (raw.p[i] != '\\')
			continue;
		if (raw.p[++i] != 'u')
			continue;
		c = hex4(raw.p + i + 1);
		i += 4;
		if (c == 0)
			return "\\u0000 in a string";
		if (c >= 0xdc00 && c <= 0xdfff)
			return "the second half of a surrogate pair without the first";
		if (c < 0xd800 || c > 0xdbff)
			continue;
		if (i + 6 >= raw.n || raw.p[i + 1] != '\\' || raw.p[i + 2] != 'u')
			return "the first half of a surrogate pair without the second";
		c = hex4(raw.p + i + 3);
		if (c < 0xdc00 || c > 0xdfff)
			return "the first half of a surrogate pair without the second";
		i += 6;
	}
	return NULL;
}

/* The string yajl hands over as a slice that stays; the reader stands at its beginning.
 * 0 when it was refused. */
static int keep_string(struct reader *r, const unsigned char *p, size_t n, size_t end,
		       struct slice *out)
{
	struct slice raw = slice_of(r->text.p + r->at, end - r->at);
	const char *bad;

	*out = slice_of((const char *)p, n);
	if (out->p >= r->text.p && out->p < r->text.p + r->text.n)
		return 1;
	bad = bad_escape(raw);
	if (bad)
		return complain(r, ERR_INVALID, bad);
	if (r->kept)
		return 1;
	*out = arena_slice(r->arena, *out);
	return out->p ? 1 : no_memory(r, r->arena, n);
}

/* --- nodes --------------------------------------------------------------------------------- */

/* The reader stands at the value's beginning. */
static struct json_node *add_node(struct reader *r, enum json_type type)
{
	struct level *up = r->depth ? &r->levels[r->depth - 1] : NULL;
	struct json_node *node;

	if (r->kept && up) {
		up->node->n++;
		return &r->passing;
	}
	node = arena_new(r->arena, struct json_node);
	if (!node) {
		no_memory(r, r->arena, sizeof(*node));
		return NULL;
	}
	node->type = type;
	node->line = r->line;
	node->column = r->column;
	if (!up) {
		r->root = node;
		return node;
	}
	if (up->node->type == JSON_OBJECT)
		node->key = r->key;
	if (up->last)
		up->last->next = node;
	else
		up->node->child = node;
	up->last = node;
	up->node->n++;
	return node;
}

/* A node for the token that has just been read, which is now behind us. */
static struct json_node *add_token(struct reader *r, enum json_type type)
{
	size_t end = yajl_get_bytes_consumed(r->yajl);
	struct json_node *node;

	find_token(r, end);
	node = add_node(r, type);
	if (node)
		count_up_to(r, end);
	return node;
}

static int on_null(void *ctx)
{
	return add_token(ctx, JSON_NULL) != NULL;
}

static int on_boolean(void *ctx, int value)
{
	struct json_node *node = add_token(ctx, JSON_BOOL);

	if (node)
		node->boolean = value != 0;
	return node != NULL;
}

static int on_number(void *ctx, const char *p, size_t n)
{
	struct json_node *node = add_token(ctx, JSON_NUMBER);

	if (node)
		node->text = slice_of(p, n);
	return node != NULL;
}

static int on_string(void *ctx, const unsigned char *p, size_t n)
{
	struct reader *r = ctx;
	size_t end = yajl_get_bytes_consumed(r->yajl);
	struct json_node *node;
	struct slice text;

	find_token(r, end);
	if (!keep_string(r, p, n, end, &text))
		return 0;
	node = add_token(r, JSON_STRING);
	if (node)
		node->text = text;
	return node != NULL;
}

/* Whether the array or object that opens as a member here is kept as text. */
static bool is_to_keep(const struct reader *r)
{
	const struct json_node *in = r->depth ? r->levels[r->depth - 1].node : NULL;

	return r->keep && in && in->type == JSON_OBJECT && r->keep(in->key, r->key);
}

static int open_level(struct reader *r, enum json_type type)
{
	struct json_node *node;
	size_t at;

	if (!r->around)
		find_token(r, yajl_get_bytes_consumed(r->yajl));
	if (r->depth == DEPTH_MAX)
		return complain(r, ERR_LIMIT, "more than 64 objects and arrays inside each other");
	at = r->at;
	node = r->around ? add_node(r, type) : add_token(r, type);
	if (!node)
		return 0;
	if (!r->kept && is_to_keep(r)) {
		node->kept = true;
		r->kept = r->depth + 1;
		r->kept_at = at;
	}
	r->levels[r->depth] = (struct level){ .node = node };
	map_init(&r->levels[r->depth].keys);
	r->depth++;
	return 1;
}

static int close_level(struct reader *r)
{
	r->depth--;
	map_release(&r->levels[r->depth].keys);
	if (!r->around)
		count_up_to(r, yajl_get_bytes_consumed(r->yajl));
	if (r->kept == r->depth + 1) {
		r->kept = 0;
		r->levels[r->depth].node->text =
			slice_of(r->text.p + r->kept_at, r->at - r->kept_at);
	}
	return 1;
}

static int on_map_start(void *ctx)
{
	return open_level(ctx, JSON_OBJECT);
}

static int on_array_start(void *ctx)
{
	return open_level(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
	return close_level(ctx);
}

/* --- keys ------------------------------------------------------------------------------------- */

static int no_table(struct reader *r)
{
	return complain(r, ERR_MEMORY, "no memory for the table of keys");
}

/* Enters the members there are so far; any pointer but NULL serves as the value. */
static int start_table(struct reader *r, struct level *l)
{
	for (struct json_node *m = l->node->child; m; m = m->next)
		if (map_put(&l->keys, m->key, m, NULL) < 0)
			return no_table(r);
	return 1;
}

static int check_new(struct reader *r, struct slice key)
{
	struct level *l = &r->levels[r->depth - 1];
	char what[96];
	bool twice;

	if (l->node->n <= FEW_KEYS) {
		twice = json_member(l->node, key) != NULL;
	} else {
		if (l->keys.n == 0 && !start_table(r, l))
			return 0;
		twice = map_get(&l->keys, key) != NULL;
		if (!twice && map_put(&l->keys, key, l->node, NULL) < 0)
			return no_table(r);
	}
	if (!twice)
		return 1;
	snprintf(what, sizeof(what), "key \"%.*s\" is given twice", SLICE_FMT(slice_cut(key, 60)));
	return complain(r, ERR_INVALID, what);
}

static int on_key(void *ctx, const unsigned char *p, size_t n)
{
	struct reader *r = ctx;
	size_t end = yajl_get_bytes_consumed(r->yajl);

	find_token(r, end);
	if (!keep_string(r, p, n, end, &r->key) || (!r->kept && !check_new(r, r->key)))
		return 0;
	count_up_to(r, end);
	return 1;
}

/* --- the whole ---------------------------------------------------------------------- */

/* yajl's sentence without its prefix ("parse error: ") and line feed. */
static void complain_as_yajl(struct reader *r)
{
	char *text = (char *)yajl_get_error(r->yajl, 0, NULL, 0);
	struct slice s = slice_str(text);
	const char *colon = memchr(s.p, ':', s.n);
	char what[160];

	/* The line feed we put behind the text stands inside a string. */
	if (slice_starts(s, "lexical") && r->text.p[r->at] == '"' &&
	    yajl_get_bytes_consumed(r->yajl) + 1 == r->text.n) {
		complain(r, ERR_INVALID, "the document ends too early");
		return;
	}
	if (colon && (size_t)(colon - s.p) + 2 < s.n)
		s = slice_skip(s, (size_t)(colon - s.p) + 2);
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '.'))
		s.n--;
	snprintf(what, sizeof(what), "%.*s", SLICE_FMT(slice_cut(s, sizeof(what) - 1)));
	complain(r, ERR_INVALID, what);
}

/* A bracket that is not in the text. */
static yajl_status feed_around(struct reader *r, const char *bracket)
{
	yajl_status status;

	r->around = true;
	status = yajl_parse(r->yajl, (const unsigned char *)bracket, 1);
	r->around = false;
	return status;
}

static yajl_status feed(struct reader *r, bool elements)
{
	yajl_status status = elements ? feed_around(r, "[") : yajl_status_ok;

	if (status == yajl_status_ok)
		status = yajl_parse(r->yajl, (const unsigned char *)r->text.p, r->text.n);
	return status;
}

static int run(struct reader *r, bool elements)
{
	static const yajl_callbacks callbacks = {
		.yajl_null = on_null,
		.yajl_boolean = on_boolean,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_map_start,
		.yajl_map_key = on_key,
		.yajl_end_map = on_end,
		.yajl_start_array = on_array_start,
		.yajl_end_array = on_end,
	};
	yajl_alloc_funcs memory = { yajl_get, yajl_regrow, yajl_drop, r };
	yajl_status status;

	if (setjmp(r->no_memory)) {
		no_memory(r, &r->yajl_memory, r->text.n);
		return -1;
	}
	r->yajl = yajl_alloc(&callbacks, &memory, r);
	yajl_config(r->yajl, yajl_dont_validate_strings, 1); /* it was, as a whole */
	status = feed(r, elements);
	if (status == yajl_status_error) {
		find_token(r, yajl_get_bytes_consumed(r->yajl));
		skip_blanks(r);
		complain_as_yajl(r);
	} else if (status == yajl_status_ok &&
		   ((elements && feed_around(r, "]") != yajl_status_ok) ||
		    yajl_complete_parse(r->yajl) != yajl_status_ok)) {
		find_token(r, r->text.n);
		complain(r, ERR_INVALID,
			 r->root ? "the document ends too early" : "the document is empty");
	}
	return r->told ? -1 : 0;
}

/* Where the first vertical tab or form feed is, or -1. */
static long odd_blank_at(struct slice body)
{
	const char *tab = body.n ? memchr(body.p, '\v', body.n) : NULL;
	const char *feed = body.n ? memchr(body.p, '\f', body.n) : NULL;

	if (!tab || (feed && feed < tab))
		tab = feed;
	return tab ? tab - body.p : -1;
}

/* The body's copy without BOM, and a line feed behind, so that a number at the very end
 * is a complete token. */
static int copy_text(struct reader *r, struct slice body)
{
	char *copy;
	long bad;

	if (slice_starts(body, "\xef\xbb\xbf"))
		body = slice_skip(body, 3);
	r->text = body;
	bad = utf8_bad_at(body);
	if (bad >= 0) {
		count_up_to(r, (size_t)bad);
		complain(r, ERR_INVALID, "not UTF-8");
		return -1;
	}
	bad = odd_blank_at(body);
	if (bad >= 0) {
		count_up_to(r, (size_t)bad);
		complain(r, ERR_INVALID, "a control character that is no blank in JSON");
		return -1;
	}
	copy = body.n == SIZE_MAX ? NULL : arena_alloc(r->arena, body.n + 1);
	if (!copy) {
		no_memory(r, r->arena, body.n);
		return -1;
	}
	if (body.n)
		memcpy(copy, body.p, body.n);
	copy[body.n] = '\n';
	r->text = slice_of(copy, body.n + 1);
	return 0;
}

static struct json_node *parse(struct reader *r, struct slice body, bool elements)
{
	int result = copy_text(r, body);

	if (result < 0)
		return NULL;
	/* Twice the longest token, and once more because growing copies. */
	arena_init(&r->yajl_memory,
		   body.n > SIZE_MAX / 16 ? SIZE_MAX : 8 * body.n + YAJL_SPARE_BYTES);
	result = run(r, elements);
	while (r->depth)
		map_release(&r->levels[--r->depth].keys);
	arena_release(&r->yajl_memory);
	return result < 0 ? NULL : r->root;
}

struct json_node *json_parse(struct slice body, struct arena *a, struct err *e)
{
	return json_parse_keeping(body, NULL, a, e);
}

struct json_node *json_parse_keeping(struct slice body, json_keep_fn keep, struct arena *a,
				     struct err *e)
{
	struct reader r = { .arena = a, .line = 1, .column = 1, .keep = keep, .e = e };

	return parse(&r, body, false);
}

struct json_node *json_parse_elements(struct slice text, uint32_t line, uint32_t column,
				      struct arena *a, struct err *e)
{
	struct reader r = { .arena = a, .line = line, .column = column, .e = e };

	return parse(&r, text, true);
}

/* --- looking things up -------------------------------------------------------------- */

const struct json_node *json_member(const struct json_node *object, struct slice key)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = object->child; m; m = m->next)
		if (slice_eq(m->key, key))
			return m;
	return NULL;
}

const struct json_node *json_member_of(const struct json_node *object, const char *key,
				       enum json_type type)
{
	const struct json_node *m = json_member(object, slice_str(key));

	return m && m->type == type ? m : NULL;
}

/* ~1 is '/', ~0 is '~'. */
bool json_step_is(struct slice step, struct slice key)
{
	size_t k = 0;

	for (size_t i = 0; i < step.n; i++, k++) {
		char c = step.p[i];

		if (c == '~') {
			if (++i == step.n || (step.p[i] != '0' && step.p[i] != '1'))
				return false;
			c = step.p[i] == '0' ? '~' : '/';
		}
		if (k == key.n || key.p[k] != c)
			return false;
	}
	return k == key.n;
}

bool json_step_index(struct slice step, size_t *index)
{
	*index = 0;
	if (step.n == 0 || step.n > 15 || (step.n > 1 && step.p[0] == '0'))
		return false;
	for (size_t i = 0; i < step.n; i++) {
		if (step.p[i] < '0' || step.p[i] > '9')
			return false;
		*index = *index * 10 + (size_t)(step.p[i] - '0');
	}
	return true;
}

static const struct json_node *element(const struct json_node *array, struct slice part)
{
	const struct json_node *x = array->child;
	size_t index;

	if (!json_step_index(part, &index) || index >= array->n)
		return NULL;
	while (index--)
		x = x->next;
	return x;
}

static const struct json_node *step(const struct json_node *n, struct slice part)
{
	if (n->type == JSON_ARRAY)
		return element(n, part);
	if (n->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = n->child; m; m = m->next)
		if (json_step_is(part, m->key))
			return m;
	return NULL;
}

const struct json_node *json_pointer(const struct json_node *n, struct slice pointer)
{
	while (n && pointer.n) {
		const char *slash;
		size_t len;

		if (*pointer.p != '/')
			return NULL;
		pointer = slice_skip(pointer, 1);
		slash = pointer.n ? memchr(pointer.p, '/', pointer.n) : NULL;
		len = slash ? (size_t)(slash - pointer.p) : pointer.n;
		n = step(n, slice_of(pointer.p, len));
		pointer = slice_skip(pointer, len);
	}
	return n;
}
