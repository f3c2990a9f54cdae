/*
 * text.c - see text.h.
 *
 * UTF-8 is checked by hand (Unicode 15, table 3-7), eight bytes at a time where it is
 * ASCII and a character at a time where it is Chinese. GB18030 goes through iconv in
 * pieces that fit on the stack, so that a body of any size costs its result only and the
 * result's own limit holds. Keys for names go through utf8proc; its allocating calls are
 * not used.
 */
#include "base/text.h"
#include "base/spool.h"

#include <endian.h>
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <utf8proc.h>

/* --- UTF-8 ---------------------------------------------------------------------- */

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Bytes of the sequence at p (n > 0 are left); 0 when it is not valid; -1 when it is
 * right so far but cut off by the end. */
static int sequence(const unsigned char *p, size_t n)
{
	unsigned char c = p[0], low = 0x80, high = 0xbf;
	int len;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		low = 0xa0; /* else overlong */
	else if (c == 0xed)
		high = 0x9f; /* else a surrogate */
	else if (c == 0xf0)
		low = 0x90; /* else overlong */
	else if (c == 0xf4)
		high = 0x8f; /* else past U+10FFFF */
	for (int i = 1; i < len; i++) {
		if ((size_t)i == n)
			return -1;
		if (p[i] < low || p[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

/* Bytes of ASCII from p on. */
static size_t ascii_run(const unsigned char *p, size_t n)
{
	size_t i = 0;
	uint64_t eight;

	for (; n - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, p + i, sizeof(eight));
		if (eight & 0x8080808080808080u)
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

static uint32_t four_at(const unsigned char *p)
{
	uint32_t four;

	memcpy(&four, p, sizeof(four));
	return le32toh(four);
}

/* One of three bytes whose first allows all that may follow, as nearly all of Chinese are; the
 * fourth may be anything. */
static bool begins_with_plain_three(uint32_t four)
{
	return (four & 0xc0c0f0) == 0x8080e0 && (four & 0xff) != 0xe0 && (four & 0xff) != 0xed;
}

/* How far it is right, to `end` and into the character that stands there. */
static size_t right_until(const unsigned char *p, size_t i, size_t end, size_t n)
{
	while (i < end) {
		int len;

		if (n - i >= 8) {
			uint64_t eight, high;

			memcpy(&eight, p + i, sizeof(eight));
			high = le64toh(eight) & 0x8080808080808080u;
			if (!high) {
				i += 8;
				continue;
			}
			i += (unsigned)__builtin_ctzll(high) / 8;
			while (i < end && n - i >= 4 && begins_with_plain_three(four_at(p + i)))
				i += 3;
			if (i >= end)
				break;
		}
		len = sequence(p + i, n - i);
		if (len <= 0)
			break;
		i += (size_t)len;
	}
	return i;
}

long utf8_bad_at(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		size_t from = i, end = s.n - i < SPOOL_STEP_BYTES ? s.n : i + SPOOL_STEP_BYTES;

		i = right_until(p, i, end, s.n);
		if (i < end)
			return (long)i;
		if (i < s.n)
			spool_leave(slice_of(s.p + from, i - from));
	}
	return -1;
}

static bool has_replacement(struct slice s)
{
	const char *p = s.p, *end = s.p + s.n;

	/* Its first byte is a rare one. */
	for (; p && end - p >= 3; p++) {
		p = memchr(p, 0xef, (size_t)(end - p) - 2);
		if (!p)
			return false;
		if (memcmp(p, "\xef\xbf\xbd", 3) == 0)
			return true;
	}
	return false;
}

/* By steps, of which each has the end of the one before. */
bool utf8_has_replacement(struct slice s)
{
	while (s.n > SPOOL_STEP_BYTES + 2) {
		if (has_replacement(slice_of(s.p, SPOOL_STEP_BYTES + 2)))
			return true;
		spool_leave(slice_of(s.p, SPOOL_STEP_BYTES));
		s = slice_skip(s, SPOOL_STEP_BYTES);
	}
	return has_replacement(s);
}

unsigned text_column(struct slice line, size_t byte_offset)
{
	unsigned column = 1;

	for (size_t i = 0; i < byte_offset && i < line.n; i++)
		column += !is_continuation((unsigned char)line.p[i]);
	return column;
}

unsigned text_width(struct slice s)
{
	unsigned width = 0;

	for (size_t i = 0; i < s.n;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.p + i,
						      (utf8proc_ssize_t)(s.n - i), &c);

		width += n > 0 ? (unsigned)utf8proc_charwidth(c) : 1;
		i += n > 0 ? (size_t)n : 1;
	}
	return width;
}

char *text_shown(struct slice s, char out[TEXT_SHOWN])
{
	static const char more[] = "…";
	/* Both quotes, the dots and the NUL have their places. */
	size_t room = TEXT_SHOWN - 2 - (sizeof(more) - 1) - 1, n = 0, i = 0;

	out[n++] = '\'';
	while (i < s.n) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		int len = sequence(p, s.n - i);
		bool odd = len <= 0 || p[0] < 0x20 || p[0] == 0x7f;

		if (n - 1 + (size_t)(odd ? 1 : len) > room)
			break;
		if (odd)
			out[n++] = '?';
		else
			memcpy(out + n, p, (size_t)len);
		n += odd ? 0 : (size_t)len;
		i += odd ? 1 : (size_t)len;
	}
	if (i < s.n) {
		memcpy(out + n, more, sizeof(more) - 1);
		n += sizeof(more) - 1;
	}
	out[n++] = '\'';
	out[n] = '\0';
	return out;
}

/* --- encodings ------------------------------------------------------------------- */

static const char utf8_bom[] = "\xef\xbb\xbf";
static const char gb18030_bom[] = "\x84\x31\x95\x33";

bool text_has_utf16_bom(struct slice body)
{
	return slice_starts(body, "\xff\xfe") || slice_starts(body, "\xfe\xff");
}

enum text_encoding text_detect(struct slice body)
{
	const unsigned char *p = (const unsigned char *)body.p;
	long bad;

	if (slice_starts(body, utf8_bom))
		return TEXT_UTF8;
	if (text_has_utf16_bom(body))
		return TEXT_UTF16;
	bad = utf8_bad_at(body);
	if (bad < 0)
		return TEXT_UTF8;
	/* A body cut at a limit may end inside a character. That counts as UTF-8 when
	 * some whole character stood before; without one, the bytes are as likely GBK. */
	if (sequence(p + bad, body.n - (size_t)bad) < 0 && ascii_run(p, (size_t)bad) < (size_t)bad)
		return TEXT_UTF8;
	return TEXT_GB18030;
}

/* "line 7, byte 12: 0xff is not GB18030" */
static int bad_byte(struct slice body, size_t at, const char *encoding, bool cut_off, struct err *e)
{
	unsigned long line = 1;
	size_t start = 0;
	const char *p;

	while (start < at && (p = memchr(body.p + start, '\n', at - start)) != NULL) {
		start = (size_t)(p - body.p) + 1;
		line++;
	}
	if (cut_off)
		return err_set(e, ERR_INVALID,
			       "line %lu, byte %zu: the text ends inside a character of %s", line,
			       at - start + 1, encoding);
	return err_set(e, ERR_INVALID, "line %lu, byte %zu: 0x%02x is not %s", line, at - start + 1,
		       (unsigned char)body.p[at], encoding);
}

static int decode_utf8(struct slice body, struct buf *out, struct err *e)
{
	size_t bom = slice_starts(body, utf8_bom) ? sizeof(utf8_bom) - 1 : 0;
	long bad = utf8_bad_at(body);

	if (bad >= 0) {
		const unsigned char *p = (const unsigned char *)body.p + bad;

		return bad_byte(body, (size_t)bad, "UTF-8", sequence(p, body.n - (size_t)bad) < 0,
				e);
	}
	if (body.n > bom)
		buf_slice(out, slice_skip(body, bom));
	return buf_check(out, e);
}

static int decode_pieces(iconv_t cd, const char *encoding, struct slice body, size_t from,
			 struct buf *out, struct err *e)
{
	char piece[16 << 10];
	char *in = (char *)body.p + from;
	size_t left = body.n - from;

	for (;;) {
		char *to = piece;
		size_t room = sizeof(piece);
		size_t rc = iconv(cd, &in, &left, &to, &room);
		int why = errno;

		buf_put(out, piece, sizeof(piece) - room);
		if (buf_check(out, e) < 0)
			return -1;
		if (rc != (size_t)-1)
			return 0;
		if (why != E2BIG)
			return bad_byte(body, body.n - left, encoding, why == EINVAL, e);
	}
}

static int decode_by(const char *encoding, struct slice body, size_t bom, struct buf *out,
		     struct err *e)
{
	iconv_t cd = iconv_open("UTF-8", encoding);
	int rc;

	if (cd == (iconv_t)-1)
		return err_sys(e, errno, "converting from %s", encoding);
	rc = decode_pieces(cd, encoding, body, bom, out, e);
	iconv_close(cd);
	return rc;
}

int text_decode(struct slice body, enum text_encoding from, struct buf *out, struct err *e)
{
	if (from == TEXT_AUTO)
		from = text_detect(body);
	if (from == TEXT_UTF8)
		return decode_utf8(body, out, e);
	if (from == TEXT_UTF16)
		return decode_by(slice_starts(body, "\xfe\xff") ? "UTF-16BE" : "UTF-16LE", body,
				 text_has_utf16_bom(body) ? 2 : 0, out, e);
	return decode_by("GB18030", body,
			 slice_starts(body, gb18030_bom) ? sizeof(gb18030_bom) - 1 : 0, out, e);
}

/* --- blanks and widths ------------------------------------------------------------ */

static bool is_ascii_blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether the three bytes are U+200B-200D, U+2060, U+3000 or U+FEFF. */
static bool is_wide_blank(const unsigned char *p)
{
	switch (p[0]) {
	case 0xe2:
		return (p[1] == 0x80 && p[2] >= 0x8b && p[2] <= 0x8d) ||
		       (p[1] == 0x81 && p[2] == 0xa0);
	case 0xe3:
		return p[1] == 0x80 && p[2] == 0x80;
	case 0xef:
		return p[1] == 0xbb && p[2] == 0xbf;
	default:
		return false;
	}
}

/* Bytes of the blank that `s` begins with, or ends with; 0: none. */
static size_t blank_ahead(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (s.n >= 1 && is_ascii_blank(p[0]))
		return 1;
	if (s.n >= 2 && p[0] == 0xc2 && p[1] == 0xa0)
		return 2;
	return s.n >= 3 && is_wide_blank(p) ? 3 : 0;
}

static size_t blank_behind(struct slice s)
{
	const unsigned char *end;

	if (s.n == 0)
		return 0;
	end = (const unsigned char *)s.p + s.n;
	if (is_ascii_blank(end[-1]))
		return 1;
	if (s.n >= 2 && end[-2] == 0xc2 && end[-1] == 0xa0)
		return 2;
	return s.n >= 3 && is_wide_blank(end - 3) ? 3 : 0;
}

struct slice text_trim(struct slice s)
{
	size_t n;

	while ((n = blank_ahead(s)) != 0)
		s = slice_skip(s, n);
	while ((n = blank_behind(s)) != 0)
		s.n -= n;
	return s;
}

/* The ASCII twin of the full-width character at p, or 0. All have three bytes. */
static char ascii_twin(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned code;

	if (n < 3 || !is_continuation(u[1]) || !is_continuation(u[2]))
		return 0;
	code = (u[0] & 15u) << 12 | (u[1] & 63u) << 6 | (u[2] & 63u);
	if (u[0] == 0xe3 && code == 0x3000)
		return ' ';
	if (u[0] == 0xef && code >= 0xff01 && code <= 0xff5e)
		return (char)(code - 0xfee0);
	return 0;
}

static size_t first_wide(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xf0) == 0xe0 && ascii_twin(s.p + i, s.n - i))
			return i;
	return s.n;
}

struct slice text_fold_width(struct slice s, struct arena *a, bool *folded)
{
	size_t n = first_wide(s), i = n;
	char *out;

	*folded = n < s.n;
	if (!*folded)
		return s;
	out = arena_alloc(a, s.n + 1);
	if (!out)
		return slice_of(NULL, 0);
	memcpy(out, s.p, n);
	while (i < s.n) {
		char twin = ascii_twin(s.p + i, s.n - i);

		out[n++] = twin ? twin : s.p[i];
		i += twin ? 3 : 1;
	}
	out[n] = '\0';
	return slice_of(out, n);
}

/* --- keys --------------------------------------------------------------------------- */

static bool ignored_in_keys(utf8proc_int32_t c)
{
	utf8proc_category_t kind;

	if (c < 0x80)
		return c <= ' ' || c == 0x7f || c == '(' || c == ')';
	kind = utf8proc_category(c);
	return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
	       kind == UTF8PROC_CATEGORY_ZP || kind == UTF8PROC_CATEGORY_CC;
}

static struct slice ascii_key(struct slice s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	if (!out)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!ignored_in_keys(c))
			out[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	out[n] = '\0';
	return slice_of(out, n);
}

/* Decomposes into `points` (room for `room`), drops what does not count, and
 * composes to UTF-8 in place. The number of bytes, or the number of points when
 * they did not fit (as *need), or negative for bad UTF-8. */
static utf8proc_ssize_t wide_key(struct slice s, utf8proc_int32_t *points, utf8proc_ssize_t room,
				 utf8proc_ssize_t *need)
{
	/* NFKC_Casefold of Unicode: default-ignorable characters go as well. */
	utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
				UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
	utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)s.p,
						(utf8proc_ssize_t)s.n, points, room, how);
	utf8proc_ssize_t kept = 0;

	*need = n;
	if (n < 0 || n > room)
		return n < 0 ? n : 0;
	for (utf8proc_ssize_t i = 0; i < n; i++)
		if (!ignored_in_keys(points[i]))
			points[kept++] = points[i];
	return utf8proc_reencode(points, kept, how);
}

struct slice text_key(struct slice s, struct arena *a)
{
	/* One more for reencode's NUL. */
	utf8proc_int32_t on_stack[129], *points = on_stack;
	utf8proc_ssize_t n, need;

	if (ascii_run((const unsigned char *)s.p, s.n) == s.n)
		return ascii_key(s, a);
	n = wide_key(s, points, 128, &need);
	if (n < 0)
		return slice_of(NULL, 0);
	if (need <= 128)
		return arena_slice(a, slice_of((const char *)points, (size_t)n));
	points = arena_array(a, (size_t)need + 1, sizeof(*points));
	if (!points)
		return slice_of(NULL, 0);
	n = wide_key(s, points, need, &need);
	return n < 0 ? slice_of(NULL, 0) : slice_of((const char *)points, (size_t)n);
}

/* --- natural order ------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes the run of digits, or of anything else, off the front of `s`. */
static struct slice take_run(struct slice *s)
{
	struct slice run = slice_of(s->p, 0);

	while (run.n < s->n && is_digit(s->p[run.n]) == is_digit(s->p[0]))
		run.n++;
	*s = slice_skip(*s, run.n);
	return run;
}

/* Of any number of digits. */
static int cmp_numbers(struct slice a, struct slice b)
{
	while (a.n && *a.p == '0')
		a = slice_skip(a, 1);
	while (b.n && *b.p == '0')
		b = slice_skip(b, 1);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return slice_cmp(a, b);
}

int text_natural_cmp(struct slice a, struct slice b)
{
	struct slice s = a, t = b;

	while (s.n && t.n) {
		bool numbers = is_digit(*s.p) && is_digit(*t.p);
		struct slice x = take_run(&s), y = take_run(&t);
		int c = numbers ? cmp_numbers(x, y) : slice_cmp(x, y);

		if (c)
			return c;
	}
	if (s.n || t.n)
		return s.n ? 1 : -1;
	return slice_cmp(a, b);
}

size_t utf8_get(struct slice s, uint32_t *c)
{
	utf8proc_int32_t found;
	utf8proc_ssize_t n =
		utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &found);

	*c = n > 0 ? (uint32_t)found : 0;
	return n > 0 ? (size_t)n : 0;
}

static void put_changed(struct slice s, utf8proc_int32_t (*change)(utf8proc_int32_t),
			struct buf *out)
{
	while (s.n > 0) {
		uint32_t c;
		size_t n = utf8_get(s, &c);
		char bytes[4];

		if (n > 0)
			buf_put(out, bytes, utf8_put(bytes, (uint32_t)change((utf8proc_int32_t)c)));
		else
			buf_putc(out, *s.p);
		s = slice_skip(s, n > 0 ? n : 1);
	}
}

void text_lower(struct slice s, struct buf *out)
{
	put_changed(s, utf8proc_tolower, out);
}

void text_upper(struct slice s, struct buf *out)
{
	put_changed(s, utf8proc_toupper, out);
}

size_t text_name_char(struct slice s)
{
	uint32_t c;
	size_t n = utf8_get(s, &c);
	utf8proc_category_t kind;

	if (n == 0)
		return 0;
	kind = utf8proc_category((utf8proc_int32_t)c);
	if ((kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO) ||
	    kind == UTF8PROC_CATEGORY_ND || c == '_')
		return n;
	return 0;
}

size_t utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}
