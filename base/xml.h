/*
 * xml.h - XML in, as a stream of elements and texts.
 *
 * Wraps expat. A document goes in by pieces of any size and comes out through a handler;
 * nothing of it is kept. Names are split into local name and namespace (Namespaces in XML
 * 1.0), prefixes never matter. Texts are UTF-8; documents may also be UTF-16, ISO-8859-1 or
 * ASCII.
 *
 * A DOCTYPE is refused wherever it stands, so there are no entities but the five of XML,
 * no default attributes, and nothing is ever loaded from elsewhere. Limits: XML_DEPTH_MAX
 * elements inside each other, XML_ATTRIBUTES_MAX attributes of one element, XML_TAG_MAX bytes
 * (and a piece) of one tag, comment or instruction, XML_TEXT_MAX bytes of text between two
 * tags, XML_MEMORY_MAX bytes for what expat holds (names, open elements, and a tag that is not
 * complete yet).
 *
 * A reader belongs to one thread at a time.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/err.h"
#include "base/slice.h"

enum {
	XML_DEPTH_MAX = 64,
	XML_ATTRIBUTES_MAX = 1024,
	XML_TAG_MAX = 1 << 20,
	XML_TEXT_MAX = 1 << 20,
	XML_MEMORY_MAX = 8 << 20,
};

/* Both texts end with a NUL or a byte that is no part of them; `ns` is "" when there is none. */
struct xml_name {
	struct slice local, ns;
};

struct xml_attrs {
	const char *const *pairs; /* expat's: name, value, …, NULL */
};

/* Each callback gives 0: go on; 1: that is enough, the rest is not read; -1: stop with the error
 * it has set. Slices are valid during the call. Any of them may be NULL. */
struct xml_handler {
	int (*start)(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e);
	int (*end)(void *ctx, struct xml_name name, struct err *e);
	/* A text may come in several pieces; CDATA comes as text. */
	int (*text)(void *ctx, struct slice piece, struct err *e);
	void *ctx;
};

struct xml_reader;

/* NULL with ERR_MEMORY. Borrows `h` until xml_reader_free(). */
struct xml_reader *xml_reader_new(const struct xml_handler *h, struct err *e);
void xml_reader_free(struct xml_reader *r); /* r may be NULL */

/* The next piece; `last` says that the document ends with it. 0: taken; 1: a callback had enough,
 * later pieces are not looked at; -1: ERR_INVALID or ERR_LIMIT with "line 3, column 14: …",
 * ERR_MEMORY, or what a callback has set, as it is. After an error the reader is of no use. */
int xml_parse(struct xml_reader *r, struct slice piece, bool last, struct err *e);

/* During a callback: where its element or text begins, from 1; columns count characters. Asking
 * costs a look at the bytes since the place asked for before. */
void xml_place(const struct xml_reader *r, unsigned *line, unsigned *column);

/* During start() or end(): whether the piece ends with this very tag, so that a caller who gave it
 * up to there knows that nothing is pending and may leave out what it has read itself. */
bool xml_at_piece_end(const struct xml_reader *r);

/* During a callback, or after an error: how many bytes lay before its element, text or mistake. */
size_t xml_offset(const struct xml_reader *r);

/* From here on errors name no place: the caller leaves out parts of the document, so that what
 * expat counts means nothing. */
void xml_forget_places(struct xml_reader *r);

/* The value of the first attribute with that local name, in whatever namespace; false and "" when
 * there is none. */
bool xml_attr(const struct xml_attrs *a, const char *local, struct slice *value);
/* All of them, in the order of the document; *i starts at 0. */
bool xml_attr_next(const struct xml_attrs *a, size_t *i, struct xml_name *name,
		   struct slice *value);

#endif
