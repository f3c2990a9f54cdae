/*
 * json_read.h - JSON in, as a tree in an arena.
 *
 * Wraps yajl (SAX). Chosen over jansson because numbers keep the text they were
 * sent as (12.34 must be scaled as decimal text), every node keeps its place,
 * and the tree lives in the document's arena; it also read 59 MB/s where
 * jansson read 8. Limits while parsing: depth 64, the arena's ceiling.
 * Duplicate keys are ERR_INVALID. NUL in strings is refused.
 *
 * A node is 64 bytes, which a million figures of five bytes each are not worth: an
 * array or object of theirs can be kept as its text and gone through value by value.
 */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
	uint32_t line, column; /* where the value begins, from 1 */
	uint32_t n;            /* children */
	uint8_t type;          /* enum json_type */
	bool boolean;
	bool kept;         /* an array or object without nodes: `text` is what stands there */
	struct slice text; /* number as sent, or string unescaped */
	struct slice key;  /* when it is a member */
	struct json_node *child, *next; /* first element or member; next sibling */
};

/* NULL with ERR_INVALID "line 3, column 14: …", ERR_LIMIT or ERR_MEMORY. */
struct json_node *json_parse(struct slice body, struct arena *a, struct err *e);

/* Whether the array or object that is the member `key` of the object `within` (its own key; "" at
 * the top) is kept as text. */
typedef bool (*json_keep_fn)(struct slice within, struct slice key);
/* As json_parse(). Of what is kept all is checked but keys given twice. */
struct json_node *json_parse_keeping(struct slice body, json_keep_fn keep, struct arena *a,
				     struct err *e);

/* As json_parse() of the elements of an array as they stand there, without its brackets, the first
 * byte at this place: an array with them. */
struct json_node *json_parse_elements(struct slice text, uint32_t line, uint32_t column,
				      struct arena *a, struct err *e);

/* Goes through an array or object that was kept. */
struct json_walk {
	struct slice rest;
	uint32_t line, column;
	bool members;
};

struct json_item {
	enum json_type type;
	bool boolean;
	uint32_t line, column;
	struct slice key;  /* a member's */
	struct slice text; /* number as sent, string unescaped, array or object as it stands */
};

void json_walk_init(struct json_walk *w, const struct json_node *kept);
/* 1: *out is the next one. 0: the end. -1: ERR_LIMIT. Strings with escapes are copied into `a`. */
int json_walk_next(struct json_walk *w, struct arena *a, struct json_item *out, struct err *e);

/* NULL when absent or not an object. */
const struct json_node *json_member(const struct json_node *object, struct slice key);
/* Also NULL when it is of another type. */
const struct json_node *json_member_of(const struct json_node *object, const char *key,
				       enum json_type type);
/* RFC 6901 pointer ("/data/0/name", "" is the node itself); NULL when absent. */
const struct json_node *json_pointer(const struct json_node *n, struct slice pointer);

/* One step of a pointer, without its slash: whether it means the member `key`; whether it means an
 * element of an array, and which. */
bool json_step_is(struct slice step, struct slice key);
bool json_step_index(struct slice step, size_t *index);

#endif
