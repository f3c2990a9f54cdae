/*
 * xml.c - see xml.h.
 *
 * expat gives a name of a namespace as "URI local" with the separator we choose, a blank,
 * which neither of the two can hold. Its memory functions know nothing of the reader they
 * work for, so the reader whose turn it is stands in a variable of the thread; that is how
 * its memory has a ceiling. A tag has one of its own: expat keeps what is not complete and
 * reads it again with each piece, so one of 400,000 attributes costs the square of its length.
 * For the same reason pieces are not small.
 *
 * XML_StopParser() does not stop at once: an element without content still ends.
 */
#include "base/xml.h"
#include "base/alloc.h"

#include <expat.h>
#include <stdint.h>

enum { STEP_BYTES = 64 << 10 };

struct xml_reader {
	const struct xml_handler *handler;
	XML_Parser expat;
	size_t held;     /* bytes expat has */
	XML_Index given; /* bytes of the document, all of the present piece included */
	XML_Index fed;   /* those that expat has */
	bool starved, refused_memory;
	unsigned depth;
	size_t text_bytes; /* since the last tag */
	bool placeless;
	int stopped; /* what a callback gave: 0, 1 or -1 */
	struct err *e;
};

/* --- expat's memory ------------------------------------------------------------------ */

static _Thread_local struct xml_reader *working;

struct chunk {
	_Alignas(16) size_t n;
	char bytes[];
};

static struct chunk *chunk_of(void *p)
{
	return p ? (struct chunk *)((char *)p - offsetof(struct chunk, bytes)) : NULL;
}

static void *expat_regrow(void *p, size_t n)
{
	struct xml_reader *r = working;
	struct chunk *old = chunk_of(p), *c;
	size_t was = old ? old->n : 0;

	if (n > XML_MEMORY_MAX || r->held - was > XML_MEMORY_MAX - n) {
		r->refused_memory = true;
		return NULL;
	}
	c = mem_realloc(old, sizeof(*c) + n);
	if (!c) {
		r->starved = true;
		return NULL;
	}
	r->held += n - was;
	c->n = n;
	return c->bytes;
}

static void *expat_get(size_t n)
{
	return expat_regrow(NULL, n);
}

static void expat_drop(void *p)
{
	struct chunk *c = chunk_of(p);

	if (c)
		working->held -= c->n;
	mem_free(c);
}

/* --- names ------------------------------------------------------------------------------ */

static struct xml_name name_of(const char *text)
{
	size_t n = strlen(text);
	const char *blank = memrchr(text, ' ', n);

	if (!blank)
		return (struct xml_name){ slice_of(text, n), slice_of("", 0) };
	return (struct xml_name){ slice_of(blank + 1, (size_t)(text + n - blank) - 1),
				  slice_of(text, (size_t)(blank - text)) };
}

bool xml_attr_next(const struct xml_attrs *a, size_t *i, struct xml_name *name, struct slice *value)
{
	if (!a->pairs[*i])
		return false;
	*name = name_of(a->pairs[*i]);
	*value = slice_str(a->pairs[*i + 1]);
	*i += 2;
	return true;
}

bool xml_attr(const struct xml_attrs *a, const char *local, struct slice *value)
{
	struct xml_name name;

	for (size_t i = 0; xml_attr_next(a, &i, &name, value);)
		if (slice_is(name.local, local))
			return true;
	*value = slice_of("", 0);
	return false;
}

/* --- places and complaints ---------------------------------------------------------------- */

void xml_place(const struct xml_reader *r, unsigned *line, unsigned *column)
{
	*line = (unsigned)XML_GetCurrentLineNumber(r->expat);
	*column = (unsigned)XML_GetCurrentColumnNumber(r->expat) + 1;
}

void xml_forget_places(struct xml_reader *r)
{
	r->placeless = true;
}

bool xml_at_piece_end(const struct xml_reader *r)
{
	return XML_GetCurrentByteIndex(r->expat) + XML_GetCurrentByteCount(r->expat) == r->given;
}

size_t xml_offset(const struct xml_reader *r)
{
	XML_Index at = XML_GetCurrentByteIndex(r->expat);

	return at < 0 ? 0 : (size_t)at;
}

static int complain(struct xml_reader *r, enum err_code code, const char *what)
{
	unsigned line, column;

	if (r->placeless)
		return err_set(r->e, code, "%s", what);
	xml_place(r, &line, &column);
	return err_set(r->e, code, "line %u, column %u: %s", line, column, what);
}

/* In our words where expat's are for programmers. */
static const char *sentence(const struct xml_reader *r, enum XML_Error code)
{
	switch (code) {
	case XML_ERROR_NO_ELEMENTS:
		return r->depth ? "the document ends inside an element" : "there is no element";
	case XML_ERROR_UNCLOSED_TOKEN:
	case XML_ERROR_PARTIAL_CHAR:
	case XML_ERROR_UNCLOSED_CDATA_SECTION:
		return "the document ends here, inside a tag, a text or a character";
	case XML_ERROR_INVALID_TOKEN:
		return "this is not well-formed XML in UTF-8";
	case XML_ERROR_TAG_MISMATCH:
		return "this tag closes another element than the one that is open";
	case XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
		return "something stands behind the last element";
	case XML_ERROR_UNKNOWN_ENCODING:
	case XML_ERROR_INCORRECT_ENCODING:
		return "the encoding is none of UTF-8, UTF-16, ISO-8859-1, US-ASCII";
	default:
		return XML_ErrorString(code);
	}
}

static const char too_long[] = "a tag that is too long, or too many different names";

static int failed(struct xml_reader *r)
{
	enum XML_Error code = XML_GetErrorCode(r->expat);

	if (r->starved)
		return err_set(r->e, ERR_MEMORY, "no memory to read XML");
	if (r->refused_memory || code == XML_ERROR_NO_MEMORY)
		return complain(r, ERR_LIMIT, too_long);
	return complain(r, ERR_INVALID, sentence(r, code));
}

/* --- what expat tells ------------------------------------------------------------------------ */

static void stop_if(struct xml_reader *r, int result)
{
	if (result == 0)
		return;
	r->stopped = result;
	XML_StopParser(r->expat, XML_FALSE);
}

static int check_start(struct xml_reader *r, const char **pairs)
{
	size_t n = 0;

	r->text_bytes = 0;
	if (r->depth == XML_DEPTH_MAX)
		return complain(r, ERR_LIMIT, "more than 64 elements inside each other");
	r->depth++;
	while (pairs[n])
		n += 2;
	if (n / 2 > XML_ATTRIBUTES_MAX)
		return complain(r, ERR_LIMIT, "an element has more than 1024 attributes");
	return 0;
}

static void XMLCALL on_start(void *ctx, const char *name, const char **pairs)
{
	struct xml_reader *r = ctx;
	struct xml_attrs attrs = { (const char *const *)pairs };
	int result;

	if (r->stopped)
		return;
	result = check_start(r, pairs);
	if (result == 0 && r->handler->start)
		result = r->handler->start(r->handler->ctx, name_of(name), &attrs, r->e);
	stop_if(r, result);
}

static void XMLCALL on_end(void *ctx, const char *name)
{
	struct xml_reader *r = ctx;

	if (r->stopped)
		return;
	r->depth--;
	r->text_bytes = 0;
	if (r->handler->end)
		stop_if(r, r->handler->end(r->handler->ctx, name_of(name), r->e));
}

static void XMLCALL on_text(void *ctx, const char *p, int n)
{
	struct xml_reader *r = ctx;

	if (r->stopped)
		return;
	r->text_bytes += (size_t)n;
	if (r->text_bytes > XML_TEXT_MAX)
		stop_if(r, complain(r, ERR_LIMIT, "a text is longer than 1 MiB"));
	else if (r->handler->text)
		stop_if(r, r->handler->text(r->handler->ctx, slice_of(p, (size_t)n), r->e));
}

static void XMLCALL on_doctype(void *ctx, const char *name, const char *system, const char *public,
			       int has_subset)
{
	struct xml_reader *r = ctx;

	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	if (!r->stopped)
		stop_if(r, complain(r, ERR_REFUSED,
				    "a DOCTYPE is not accepted, since it can define entities"));
}

/* --- a reader ----------------------------------------------------------------------- */

struct xml_reader *xml_reader_new(const struct xml_handler *h, struct err *e)
{
	static const XML_Memory_Handling_Suite memory = { expat_get, expat_regrow, expat_drop };
	struct xml_reader *r = mem_zalloc(sizeof(*r)), *before = working;

	if (r) {
		r->handler = h;
		working = r;
		r->expat = XML_ParserCreate_MM(NULL, &memory, " ");
		working = before;
	}
	if (!r || !r->expat) {
		mem_free(r);
		err_set(e, ERR_MEMORY, "no memory to read XML");
		return NULL;
	}
	XML_SetUserData(r->expat, r);
	XML_SetElementHandler(r->expat, on_start, on_end);
	XML_SetCharacterDataHandler(r->expat, on_text);
	XML_SetStartDoctypeDeclHandler(r->expat, on_doctype);
	return r;
}

void xml_reader_free(struct xml_reader *r)
{
	struct xml_reader *before = working;

	if (!r)
		return;
	working = r;
	XML_ParserFree(r->expat);
	working = before;
	mem_free(r);
}

static int parse_step(struct xml_reader *r, struct slice piece, bool last)
{
	struct xml_reader *before = working;
	enum XML_Status status;
	XML_Index at;

	working = r;
	status = XML_Parse(r->expat, piece.p, (int)piece.n, last);
	working = before;
	r->fed += (XML_Index)piece.n;
	if (r->stopped)
		return r->stopped;
	if (status == XML_STATUS_ERROR)
		return failed(r);
	/* Where it stands: at the end, or where something begins that is not complete. Newer ones
	 * wait for more of that before they look again, and say -1 meanwhile. */
	at = XML_GetCurrentByteIndex(r->expat);
	if (at >= 0 && r->fed - at > XML_TAG_MAX)
		return complain(r, ERR_LIMIT, too_long);
	return 0;
}

int xml_parse(struct xml_reader *r, struct slice piece, bool last, struct err *e)
{
	int result = r->stopped;

	r->e = e;
	r->given += (XML_Index)piece.n;
	while (result == 0 && piece.n > STEP_BYTES) {
		result = parse_step(r, slice_of(piece.p, STEP_BYTES), false);
		piece = slice_skip(piece, STEP_BYTES);
	}
	return result ? result : parse_step(r, piece, last);
}
