/*
 * json_scan.h - JSON text token by token, for documents of many small values.
 *
 * A tree (json_read.h) spends a node on each number; a cube of statistics is little else. The scan
 * checks the grammar of RFC 8259 as it goes, keeps nothing, and can pass over a value to come back
 * to it later. Members are not compared: keys may come twice. Bytes that are not UTF-8, NUL and
 * half surrogate pairs in strings are refused; at most JSON_SCAN_DEPTH_MAX objects and arrays
 * stand inside each other. Of a text in a spool (base/spool.h) it leaves behind what it has passed.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

enum { JSON_SCAN_DEPTH_MAX = 64 };

enum json_token {
	JSON_TOKEN_END, /* of the document */
	JSON_TOKEN_OBJECT,
	JSON_TOKEN_OBJECT_END,
	JSON_TOKEN_ARRAY,
	JSON_TOKEN_ARRAY_END,
	JSON_TOKEN_KEY,
	JSON_TOKEN_STRING,
	JSON_TOKEN_NUMBER,
	JSON_TOKEN_TRUE,
	JSON_TOKEN_FALSE,
	JSON_TOKEN_NULL,
	JSON_TOKEN_ERROR,
};

struct json_scan {
	const char *p, *end;
	const char *token;   /* where the last token begins */
	struct slice text;   /* of a number, or between the quotes of a string or key */
	bool escaped;        /* the text has escapes: json_scan_text() */
	const char *counted; /* what lies before is counted in line and column */
	const char *left;    /* what lies before is left behind */
	uint32_t line, column;
	unsigned depth;
	uint64_t arrays; /* a bit for each level: an array, not an object */
	enum { JSON_SCAN_VALUE, JSON_SCAN_FIRST, JSON_SCAN_COLON, JSON_SCAN_NEXT } expects;
	struct err *e;
};

/* `body` stays borrowed; a BOM is skipped. -1: ERR_INVALID when it is not UTF-8. */
int json_scan_init(struct json_scan *s, struct slice body, struct err *e);

/* JSON_TOKEN_ERROR with ERR_INVALID or ERR_LIMIT "line 3, column 14: …"; the scan ends there. */
enum json_token json_scan_next(struct json_scan *s);

/* Where the last token begins, from 1; columns count characters. Costs a look at the bytes since
 * the place asked for before. */
void json_scan_place(struct json_scan *s, uint32_t *line, uint32_t *column);

/* Passes over the rest of the value whose first token was the last one. -1: an error. */
int json_scan_skip(struct json_scan *s);

/* The last string or key without its escapes: the text itself, or in `a`. .p is NULL when there is
 * no room. */
struct slice json_scan_text(const struct json_scan *s, struct arena *a);

/* -1 with ERR_INVALID "line 3, column 14: WHAT", at the last token. */
int json_scan_fail(struct json_scan *s, const char *what);

#endif
