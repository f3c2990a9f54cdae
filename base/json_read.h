/*
 * json_read.h - JSON in, as a tree in an arena.
 *
 * Wraps yajl (SAX). Chosen over jansson because numbers keep the text they were
 * sent as (12.34 must be scaled as decimal text), every node keeps its place,
 * and the tree lives in the document's arena; it also read 59 MB/s where
 * jansson read 8. Limits while parsing: depth 64, the arena's ceiling.
 * Duplicate keys are ERR_INVALID. NUL in strings is refused.
 */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
	enum json_type type;
	uint32_t line, column; /* where the value begins, from 1 */
	bool boolean;
	struct slice text;              /* number as sent, or string unescaped */
	struct slice key;               /* when it is a member */
	struct json_node *child, *next; /* first element or member; next sibling */
	size_t n;                       /* children */
};

/* NULL with ERR_INVALID "line 3, column 14: …", ERR_LIMIT or ERR_MEMORY. */
struct json_node *json_parse(struct slice body, struct arena *a, struct err *e);

/* NULL when absent or not an object. */
const struct json_node *json_member(const struct json_node *object, struct slice key);
/* RFC 6901 pointer ("/data/0/name", "" is the node itself); NULL when absent. */
const struct json_node *json_pointer(const struct json_node *n, struct slice pointer);

#endif
