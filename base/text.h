/*
 * text.h - UTF-8, the encodings offices send, and names that mean the same.
 *
 * Pure functions; any thread.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum text_encoding { TEXT_AUTO, TEXT_UTF8, TEXT_GB18030, TEXT_UTF16 };

/* -1 when all is valid UTF-8, else the offset of the first bad byte. Surrogates,
 * overlong forms and code points past U+10FFFF are bad. */
long utf8_bad_at(struct slice s);

/* Whether U+FFFD is in it, which stands for what could not be decoded. */
bool utf8_has_replacement(struct slice s);

/* TEXT_UTF8 when it starts with its BOM or is valid UTF-8 all through, TEXT_UTF16 with the BOM of
 * that, else TEXT_GB18030. */
enum text_encoding text_detect(struct slice body);

bool text_has_utf16_bom(struct slice body);

/* Appends `body` as UTF-8 without BOM. GB18030 covers GBK and GB2312; UTF-16 without a BOM is
 * little-endian. ERR_INVALID
 * names the line and the byte ("line 7, byte 12: 0xff is not GB18030"). */
int text_decode(struct slice body, enum text_encoding from, struct buf *out, struct err *e);

/* Without white space at both ends: ASCII blanks, NBSP, U+3000, zero-width, BOM. */
struct slice text_trim(struct slice s);

/* Full-width ASCII (U+FF01-FF5E) and the ideographic space to their ASCII
 * twins, Unicode minus and dashes between digits left alone. Returns `s` itself
 * when there is nothing to fold; *folded tells. .p is NULL on no memory. */
struct slice text_fold_width(struct slice s, struct arena *a, bool *folded);

/* A key under which names that mean the same meet: NFKC, case folded, without
 * white space and without （）/() as difference. .p is NULL on no memory or bad UTF-8. */
struct slice text_key(struct slice s, struct arena *a);

/* Appends `s` in small or in capital letters, character by character, of any script. */
void text_lower(struct slice s, struct buf *out);
void text_upper(struct slice s, struct buf *out);

/* For error sentences: the beginning of `s` in single quotes, cut at a character
 * (then with "…"); control characters and bytes that are not UTF-8 show as '?'. */
enum { TEXT_SHOWN = 64 };
char *text_shown(struct slice s, char out[TEXT_SHOWN]);

/* Order in which runs of digits count as numbers: "node2" before "node10". As in Prometheus'
 * sort_by_label(), a text is cut into runs of digits and of anything else, and those are compared
 * one by one: "host1" comes before "host-1", whose first run is longer. Numbers that are the same
 * leave it to the bytes. */
int text_natural_cmp(struct slice a, struct slice b);

/* Columns, counting characters rather than bytes, from 1. */
unsigned text_column(struct slice line, size_t byte_offset);

/* Cells that a terminal shows it in: two for a Chinese character, none for an accent of its own. */
unsigned text_width(struct slice s);

/* Bytes of the letter, decimal digit or underscore of any script that `s` begins with; 0: another
 * character, or none. */
size_t text_name_char(struct slice s);

/* Bytes of the character that `s` begins with, its code point in *c; 0: none, or no UTF-8. */
size_t utf8_get(struct slice s, uint32_t *c);

/* Writes a code point that UTF-8 can say; how many bytes it took, at most 4. */
size_t utf8_put(char *out, uint32_t c);

#endif
