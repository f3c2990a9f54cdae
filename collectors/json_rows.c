/*
 * json_rows.c - see json_rows.h.
 *
 *     follow ─▶ step ─▶ into_member, into_element ─▶ follow … ─▶ read_array ─▶ give_piece ─▶ take
 *
 * What is not on the way is passed over by the scan, which also says what is wrong with it.
 */
#include "collectors/json_rows.h"

#include "base/json_scan.h"
#include "base/spool.h"
#include "base/text.h"

enum { PIECE_BYTES = 128 << 10 };

struct following {
	const struct json_rows *rows;
	struct slice body;
	struct json_scan s;
	bool looks; /* only whether all is there */
	struct err *e;
};

/* Rows that follow each other, from the first token of the first. */
struct piece {
	const char *from;
	uint32_t line, column;
};

static int follow(struct following *f, enum json_token t, const char *pointer);

/* --- rows ------------------------------------------------------------------------------------- */

static int give_piece(struct following *f, struct piece *p, const char *to)
{
	const struct json_rows *rows = f->rows;
	struct slice text = slice_of(p->from, (size_t)(to - p->from));
	struct arena_mark mark = arena_mark(rows->arena);
	const struct json_node *some;
	int rc = -1;

	if (rows->read_bytes)
		*rows->read_bytes = (size_t)(p->from - f->body.p);
	some = json_parse_elements(text, p->line, p->column, rows->arena, f->e);
	if (some)
		rc = rows->take(rows->ctx, some, f->e);
	arena_reset(rows->arena, mark);
	spool_leave(text);
	p->from = NULL;
	return rc;
}

static int read_array(struct following *f)
{
	struct json_scan *s = &f->s;
	struct piece p = { 0 };
	const char *end = NULL;
	enum json_token t;

	while ((t = json_scan_next(s)) != JSON_TOKEN_ARRAY_END) {
		if (t == JSON_TOKEN_ERROR)
			return -1;
		if (!p.from && !f->looks) {
			p.from = s->token;
			json_scan_place(s, &p.line, &p.column);
		}
		if (json_scan_skip(s) < 0)
			return -1;
		end = s->p;
		if (p.from && end - p.from >= PIECE_BYTES && give_piece(f, &p, end) < 0)
			return -1;
	}
	return p.from ? give_piece(f, &p, end) : 0;
}

static int not_an_array(struct following *f)
{
	uint32_t line, column;
	char shown[TEXT_SHOWN];

	json_scan_place(&f->s, &line, &column);
	return err_set(f->e, ERR_INVALID, "line %u, column %u: the rows at %s are not an array",
		       line, column, text_shown(slice_str(f->rows->pointer), shown));
}

/* --- the way there ---------------------------------------------------------------------------- */

static int nothing_there(struct following *f)
{
	char shown[TEXT_SHOWN];

	return err_set(f->e, ERR_INVALID, "the document has nothing at %s, where the rows are",
		       text_shown(slice_str(f->rows->pointer), shown));
}

/* 1: the key just read is the step; 0, -1. */
static int is_step(struct following *f, struct slice step, bool literally)
{
	struct arena_mark mark = arena_mark(f->rows->arena);
	struct slice key = json_scan_text(&f->s, f->rows->arena);
	int is = literally ? slice_eq(step, key) : json_step_is(step, key);

	if (!key.p)
		return err_set(f->e, ERR_LIMIT, "no memory for the document's keys");
	arena_reset(f->rows->arena, mark);
	return is;
}

static int into_member(struct following *f, struct slice step, bool literally, const char *rest)
{
	struct json_scan *s = &f->s;
	enum json_token t;
	bool found = false;

	while ((t = json_scan_next(s)) == JSON_TOKEN_KEY) {
		int is = is_step(f, step, literally);

		if (is > 0 && found)
			return json_scan_fail(s, "a key is given twice");
		if (is < 0 || (t = json_scan_next(s)) == JSON_TOKEN_ERROR)
			return -1;
		if (is ? follow(f, t, rest) < 0 : json_scan_skip(s) < 0)
			return -1;
		found |= is > 0;
	}
	if (t == JSON_TOKEN_ERROR)
		return -1;
	return found ? 0 : nothing_there(f);
}

static int into_element(struct following *f, struct slice step, const char *rest)
{
	size_t index, i = 0;
	bool is_index = json_step_index(step, &index);
	enum json_token t;

	for (; (t = json_scan_next(&f->s)) != JSON_TOKEN_ARRAY_END; i++) {
		if (t == JSON_TOKEN_ERROR)
			return -1;
		if (is_index && i == index ? follow(f, t, rest) < 0 : json_scan_skip(&f->s) < 0)
			return -1;
	}
	return is_index && index < i ? 0 : nothing_there(f);
}

static int into_each(struct following *f, const char *rest)
{
	enum json_token t;

	while ((t = json_scan_next(&f->s)) != JSON_TOKEN_ARRAY_END)
		if (t == JSON_TOKEN_ERROR || follow(f, t, rest) < 0)
			return -1;
	return 0;
}

/* The first token of a value has just been read; it or what is in it is where the pointer goes on.
 * null is what some servers send for no rows. */
static int follow(struct following *f, enum json_token t, const char *pointer)
{
	bool each = pointer[0] == '/' && pointer[1] == '*' && (!pointer[2] || pointer[2] == '/');
	bool literally = pointer[0] && pointer[0] != '/';
	struct slice step = slice_str(literally ? pointer : pointer + (*pointer != '\0'));

	if (each || !*pointer) {
		if (t == JSON_TOKEN_NULL)
			return 0;
		if (t != JSON_TOKEN_ARRAY)
			return t == JSON_TOKEN_ERROR ? -1 : not_an_array(f);
		return each ? into_each(f, pointer + 2) : read_array(f);
	}
	if (!literally)
		step.n = strcspn(step.p, "/");
	if (t == JSON_TOKEN_OBJECT)
		return into_member(f, step, literally, step.p + step.n);
	if (t == JSON_TOKEN_ARRAY && !literally)
		return into_element(f, step, step.p + step.n);
	return t == JSON_TOKEN_ERROR ? -1 : nothing_there(f);
}

static int go_through(struct following *f, bool looks)
{
	f->looks = looks;
	if (json_scan_init(&f->s, f->body, f->e) < 0 ||
	    follow(f, json_scan_next(&f->s), f->rows->pointer) < 0)
		return -1;
	return json_scan_next(&f->s) == JSON_TOKEN_END ? 0 : -1;
}

int json_rows_read(struct slice body, const struct json_rows *rows, struct err *e)
{
	struct following f = { .rows = rows, .body = body, .e = e };

	return go_through(&f, true) < 0 || go_through(&f, false) < 0 ? -1 : 0;
}
