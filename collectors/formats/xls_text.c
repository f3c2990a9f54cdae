/*
 * xls_text.c - see xls_text.h.
 *
 * A text is put together as UTF-8 in a scratch of the largest size (65,535 characters), trimmed,
 * and only then copied to the arena.
 */
#include "collectors/formats/xls_text.h"
#include "base/text.h"
#include "collectors/cells.h"

enum { CHARACTERS_MAX = 65535, SCRATCH = 3 * CHARACTERS_MAX + 4 };

enum { HAS_HIGH_BYTES = 1, HAS_PHONETIC = 4, HAS_RUNS = 8, RUN_BYTES = 4 };

enum {
	PAGE_GBK = 936,
	PAGE_GB18030 = 54936,
	PAGE_UTF8 = 65001,
	PAGE_LATIN = 1252,
	PAGE_ANSI = 0x8001, /* the same */
};

struct utf8 {
	char *p;
	size_t n;
	uint32_t high; /* first half of a surrogate pair, or 0 */
	bool damaged;
};

static void put_damage(struct utf8 *t)
{
	t->n += utf8_put(t->p + t->n, 0xfffd);
	t->damaged = true;
}

static void put_unit(struct utf8 *t, uint32_t u)
{
	if (t->high && (u & 0xfc00) == 0xdc00) {
		u = 0x10000 + ((t->high & 0x3ff) << 10) + (u & 0x3ff);
		t->high = 0;
		t->n += utf8_put(t->p + t->n, u);
		return;
	}
	if (t->high)
		put_damage(t);
	t->high = 0;
	if ((u & 0xfc00) == 0xd800)
		t->high = u;
	else if ((u & 0xfc00) == 0xdc00 || u == 0)
		put_damage(t);
	else if (u < 0x80)
		t->p[t->n++] = (char)u;
	else
		t->n += utf8_put(t->p + t->n, u);
}

/* --- UTF-16 ----------------------------------------------------------------------------- */

/* As many of `n` characters as the present record has. */
static size_t take_run(struct xls_parts *p, size_t n, bool high_bytes, struct utf8 *t)
{
	const unsigned char *at = (const unsigned char *)p->part.p;
	size_t have = high_bytes ? p->part.n / 2 : p->part.n;

	if (n > have)
		n = have;
	for (size_t i = 0; i < n; i++)
		put_unit(t, high_bytes ? get_le16(at + 2 * i) : at[i]);
	p->part = slice_skip(p->part, high_bytes ? 2 * n : n);
	return n;
}

static void take_utf16(struct xls_parts *p, size_t n, struct utf8 *t)
{
	unsigned flags = xls_take_8(p), runs = 0;
	uint32_t phonetic = 0;

	if (flags & HAS_RUNS)
		runs = xls_take_16(p);
	if (flags & HAS_PHONETIC)
		phonetic = xls_take_32(p);
	while (n && !p->cut) {
		n -= take_run(p, n, flags & HAS_HIGH_BYTES, t);
		if (n && xls_parts_more(p))
			flags = xls_take_8(p);
	}
	if (t->high)
		put_damage(t);
	xls_skip(p, (size_t)RUN_BYTES * runs);
	xls_skip(p, phonetic);
}

/* --- bytes of a code page --------------------------------------------------------------- */

/* What is wrong in it, and what we have no table for, is damage. */
static void put_bytes(struct slice bytes, bool latin, struct utf8 *t)
{
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];

		if (c < 0x80 || (latin && c >= 0xa0))
			put_unit(t, c);
		else
			put_damage(t);
	}
}

/* 1, 0: it is not in that encoding, -1: no memory. */
static int put_decoded(struct slice bytes, enum text_encoding from, struct utf8 *t, struct err *e)
{
	struct err why = { 0 };
	struct buf out;
	int rc = 0;

	buf_init(&out, SCRATCH);
	if (text_decode(bytes, from, &out, &why) == 0 && buf_check(&out, &why) == 0) {
		if (out.n == 0 || !memchr(out.p, '\0', out.n)) {
			t->n = out.n;
			if (out.n)
				memcpy(t->p, out.p, out.n);
			rc = 1;
		}
	} else if (why.code == ERR_MEMORY) {
		*e = why;
		rc = -1;
	}
	buf_release(&out);
	return rc;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static int take_bytes(struct xls_texts *x, struct xls_parts *p, size_t n, struct utf8 *t,
		      struct err *e)
{
	char *bytes = x->scratch + SCRATCH;
	bool latin = x->code_page == PAGE_LATIN || x->code_page == PAGE_ANSI;
	bool chinese =
		x->code_page == 0 || x->code_page == PAGE_GBK || x->code_page == PAGE_GB18030;
	int rc = 0;

	for (size_t i = 0; i < n && !p->cut; i++)
		bytes[i] = (char)xls_take_8(p);
	if (p->cut)
		return 0;
	if (!is_ascii(slice_of(bytes, n)) && (chinese || x->code_page == PAGE_UTF8))
		rc = put_decoded(slice_of(bytes, n), chinese ? TEXT_GB18030 : TEXT_UTF8, t, e);
	if (rc == 0)
		put_bytes(slice_of(bytes, n), latin, t);
	return rc < 0 ? -1 : 0;
}

/* --- public ------------------------------------------------------------------------------ */

static int no_room(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the texts need more than %zu MiB", a->limit >> 20);
}

int xls_texts_init(struct xls_texts *t, struct arena *a, struct err *e)
{
	*t = (struct xls_texts){ .arena = a };
	t->scratch = arena_alloc(a, SCRATCH + CHARACTERS_MAX);
	return t->scratch ? 0 : no_room(a, e);
}

int xls_take_text(struct xls_texts *x, struct xls_parts *p, unsigned width, struct xls_text *out,
		  struct err *e)
{
	size_t n = width == 1 ? xls_take_8(p) : xls_take_16(p);
	struct utf8 t = { .p = x->scratch };
	struct slice text;

	if (!x->bytes)
		take_utf16(p, n, &t);
	else if (take_bytes(x, p, n, &t, e) < 0)
		return -1;
	if (p->cut)
		return err_set(e, ERR_INVALID,
			       "a text of %zu characters is cut off before byte %zu", n, p->next);
	text = cell_trim(slice_of(t.p, t.n));
	*out = (struct xls_text){ .p = "", .n = (uint32_t)text.n, .damaged = t.damaged };
	if (text.n)
		out->p = arena_strndup(x->arena, text.p, text.n);
	return out->p ? 0 : no_room(x->arena, e);
}
