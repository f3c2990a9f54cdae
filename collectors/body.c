/*
 * body.c - see body.h.
 *
 * Decoding goes over the whole body at once; only when that fails it is done line
 * by line. Line ends can be searched in the undecoded bytes, because no character
 * of GB18030 has a byte below 0x30 but ASCII itself. For the same reason a broken
 * line keeps its commas and quotes when its other bytes are replaced.
 */
#include "collectors/body.h"

#include "base/spool.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char utf8_bom[] = "\xef\xbb\xbf";

/* --- what it is ------------------------------------------------------------------- */

static const struct {
	const char *magic;
	size_t n;
	const char *name;
} binaries[] = {
	{ "PK\x03\x04", 4, "a ZIP archive or an XLSX workbook" },
	{ "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "an XLS workbook or another old Office file" },
	{ "%PDF-", 5, "a PDF file" },
	{ "\x1f\x8b", 2, "gzip data" },
	{ "Rar!", 4, "a RAR archive" },
	{ "7z\xbc\xaf\x27\x1c", 6, "a 7z archive" },
	{ "\x89PNG", 4, "a PNG picture" },
	{ "\xff\xd8\xff", 3, "a JPEG picture" },
};

int body_check(struct slice body, const char *wanted, struct err *e)
{
	struct slice rest = body, step = { 0 };
	const char *nul = NULL;
	unsigned long line = 1;

	if (text_trim(body).n == 0)
		return err_set(e, ERR_INVALID, "the document is empty");
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++)
		if (body.n >= binaries[i].n &&
		    memcmp(body.p, binaries[i].magic, binaries[i].n) == 0)
			return err_set(e, ERR_INVALID, "this is %s, not %s", binaries[i].name,
				       wanted);
	if (text_has_utf16_bom(body))
		return 0;
	while (!nul && spool_step(&rest, &step))
		nul = memchr(step.p, '\0', step.n);
	if (!nul)
		return 0;
	for (const char *p = body.p; (p = memchr(p, '\n', (size_t)(nul - p))) != NULL; p++)
		line++;
	return err_set(e, ERR_INVALID, "this is not text: a NUL byte at byte %zu, line %lu",
		       (size_t)(nul - body.p) + 1, line);
}

static bool starts_nocase(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp(s.p, prefix, n) == 0;
}

/* The text of <title>, on one line; empty when there is none near the beginning. */
static struct slice html_title(struct slice s)
{
	size_t reach = s.n < 65536 ? s.n : 65536, from = 0;

	for (size_t i = 0; i + 7 < reach; i++) {
		if (s.p[i] != '<' || i < from)
			continue;
		if (!from && starts_nocase(slice_skip(s, i), "<title")) {
			const char *close = memchr(s.p + i, '>', reach - i);

			if (!close)
				break;
			from = (size_t)(close - s.p) + 1;
		} else if (from && starts_nocase(slice_skip(s, i), "</title"))
			return text_trim(slice_of(s.p + from, i - from));
	}
	return slice_of("", 0);
}

int body_check_markup(struct slice body, const char *wanted, struct err *e)
{
	static const char *const html[] = { "<!doctype html", "<html",  "<head",  "<body",
					    "<script",        "<title", "<meta",  "<!--",
					    "<div",           "<table", "<center" };
	struct slice s = text_trim(slice_of(body.p, body.n < 4096 ? body.n : 4096)), title;
	char shown[TEXT_SHOWN];

	if (!s.n || s.p[0] != '<')
		return 0;
	for (size_t i = 0; i < sizeof(html) / sizeof(html[0]); i++) {
		if (!starts_nocase(s, html[i]))
			continue;
		title = html_title(body);
		if (!title.n)
			return err_set(e, ERR_INVALID, "this is an HTML page, not %s", wanted);
		return err_set(e, ERR_INVALID, "this is an HTML page, not %s: %s", wanted,
			       text_shown(title, shown));
	}
	if (starts_nocase(s, "<?xml"))
		return err_set(e, ERR_INVALID, "this is XML, not %s", wanted);
	return 0;
}

/* --- UTF-8 from it ------------------------------------------------------------------ */

/* Cuts the next line off `rest`, its end with it. */
static struct slice next_line(struct slice *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	size_t n = end ? (size_t)(end - rest->p) + 1 : rest->n;
	struct slice line = slice_of(rest->p, n);

	*rest = slice_skip(*rest, n);
	return line;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* In a body that is not valid UTF-8: is it UTF-8 all the same, with a few broken lines? A line
 * of GBK is hardly ever valid UTF-8, while lines of UTF-8 often pass as GBK and come out as
 * other characters; so valid lines speak for UTF-8, and the majority decides. */
static enum text_encoding guess_broken(struct slice body)
{
	size_t valid = 0, broken = 0;

	if (slice_starts(body, utf8_bom))
		return TEXT_UTF8;
	while (body.n) {
		struct slice line = next_line(&body);

		if (utf8_bad_at(line) >= 0)
			broken++;
		else if (!is_ascii(line))
			valid++;
	}
	return valid > broken ? TEXT_UTF8 : TEXT_GB18030;
}

static void put_replaced(struct slice line, struct buf *out)
{
	for (size_t i = 0; i < line.n; i++) {
		if ((unsigned char)line.p[i] < 0x80)
			buf_putc(out, line.p[i]);
		else
			buf_puts(out, "\xef\xbf\xbd");
	}
}

/* text_decode() saw a single line: "line 1, byte 12: …". */
static void complain_line(struct batch *b, unsigned line, const struct err *why)
{
	const char *text = why->text;
	unsigned byte = 0;

	if (strncmp(text, "line 1, ", 8) == 0)
		text += 8;
	if (sscanf(text, "byte %8u", &byte) != 1)
		byte = 0;
	batch_complain(b, REFUSED_ENCODING, line, byte, "line %u, %s; the line is left out", line,
		       text);
}

static int decode_lines(struct slice body, enum text_encoding from, struct buf *out,
			struct batch *b, size_t *broken, struct err *e)
{
	for (unsigned line = 1; body.n; line++) {
		struct slice s = next_line(&body);
		struct err why;

		if (is_ascii(s))
			buf_slice(out, s);
		else {
			size_t before = out->n;

			if (text_decode(s, from, out, &why) < 0) {
				if (why.code != ERR_INVALID) {
					if (e)
						*e = why;
					return -1;
				}
				out->n = before;
				put_replaced(s, out);
				complain_line(b, line, &why);
				++*broken;
			}
		}
		if (buf_check(out, e) < 0)
			return -1;
	}
	return 0;
}

/* A large text step by step, each to the end of a line. Only of encodings in which that is a byte
 * of its own. */
static int decode_whole(struct slice body, enum text_encoding from, struct buf *out, struct err *e)
{
	while (body.n > SPOOL_STEP_BYTES) {
		const char *end =
			memchr(body.p + SPOOL_STEP_BYTES - 1, '\n', body.n - SPOOL_STEP_BYTES + 1);
		struct slice step = slice_of(body.p, end ? (size_t)(end - body.p) + 1 : body.n);

		if (text_decode(step, from, out, e) < 0)
			return -1;
		spool_leave(step);
		body = slice_skip(body, step.n);
	}
	return body.n ? text_decode(body, from, out, e) : 0;
}

int body_decode(struct slice body, enum text_encoding from, struct buf *room, struct slice *text,
		struct batch *b, size_t *broken, struct err *e)
{
	struct err why = { .code = ERR_NONE };
	int rc;

	*broken = 0;
	if (from != TEXT_GB18030 && utf8_bad_at(body) < 0) {
		*text = slice_skip(body, slice_starts(body, utf8_bom) ? sizeof(utf8_bom) - 1 : 0);
		return 0;
	}
	if (from == TEXT_AUTO)
		from = text_has_utf16_bom(body) ? TEXT_UTF16 : guess_broken(body);
	/* Where a mistake is said by its line, that must count from the beginning. */
	rc = from != TEXT_UTF16 && b ? decode_whole(body, from, room, &why)
				     : text_decode(body, from, room, &why);
	/* Its line ends are not those of bytes. */
	if (rc < 0 && from == TEXT_UTF16)
		b = NULL;
	if (rc < 0 && (!b || why.code != ERR_INVALID)) {
		if (e)
			*e = why;
		return -1;
	}
	if (rc < 0) {
		buf_clear(room);
		rc = decode_lines(body, from, room, b, broken, e);
	}
	*text = buf_all(room);
	return rc;
}
