/*
 * xlsx_strings.c - shared texts, rich texts, escapes (ECMA-376 part 1, 18.4).
 *
 * A text of a workbook may consist of runs that look different, and may carry reading aids
 * for its characters (<rPh>), which are no part of it. Characters that XML cannot hold are
 * written as _xHHHH_, a unit of UTF-16 (22.9.2.19); an underscore that would begin such an
 * escape is one itself: _x005F_.
 */
#include "base/text.h"
#include "collectors/formats/xlsx_private.h"

enum {
	PAGE_TEXTS = 4096,
	BLOCK_BYTES = 64 << 10,
	ESCAPE_BYTES = 7,
};

/* --- escapes -------------------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The unit of the escape that `s` begins with, or -1. */
static long escape_at(struct slice s)
{
	long unit = 0;

	if (s.n < ESCAPE_BYTES || s.p[0] != '_' || s.p[1] != 'x' || s.p[6] != '_')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex(s.p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* The character that `s` begins with as an escape or a pair of them; how long that is. 0: there is
 * none, or it stands for what no text can hold. */
static size_t escaped_char(struct slice s, uint32_t *c)
{
	long unit = escape_at(s), low;

	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return 0;
	*c = (uint32_t)unit;
	if (unit < 0xd800 || unit > 0xdbff)
		return ESCAPE_BYTES;
	low = escape_at(slice_skip(s, ESCAPE_BYTES));
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*c = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
	return 2 * ESCAPE_BYTES;
}

/* In place, since what an escape stands for is shorter. */
static void unescape(struct buf *b)
{
	char *to = b->n ? memchr(b->p, '_', b->n) : NULL;
	size_t at = to ? (size_t)(to - b->p) : b->n;

	if (!to)
		return;
	while (at < b->n) {
		uint32_t c = 0;
		size_t n = escaped_char(slice_of(b->p + at, b->n - at), &c);

		if (n)
			to += utf8_put(to, c);
		else
			*to++ = b->p[at];
		at += n ? n : 1;
	}
	b->n = (size_t)(to - b->p);
}

/* --- rich text ------------------------------------------------------------------------- */

void xlsx_rich_init(struct xlsx_rich *r)
{
	*r = (struct xlsx_rich){ 0 };
	buf_init(&r->text, XLSX_TEXT_BYTES_MAX);
}

void xlsx_rich_release(struct xlsx_rich *r)
{
	buf_release(&r->text);
}

void xlsx_rich_clear(struct xlsx_rich *r)
{
	buf_clear(&r->text);
	r->phonetic = 0;
	r->taking = false;
}

void xlsx_rich_start(struct xlsx_rich *r, struct slice local)
{
	if (slice_is(local, "t"))
		r->taking = r->phonetic == 0;
	else if (slice_is(local, "rPh"))
		r->phonetic++;
}

void xlsx_rich_end(struct xlsx_rich *r, struct slice local)
{
	r->taking = false;
	if (slice_is(local, "rPh") && r->phonetic)
		r->phonetic--;
}

void xlsx_rich_text(struct xlsx_rich *r, struct slice piece)
{
	if (r->taking)
		buf_slice(&r->text, piece);
}

int xlsx_rich_take(struct xlsx_rich *r, struct slice *out, struct err *e)
{
	if (r->text.failed == ERR_LIMIT)
		return err_set(e, ERR_LIMIT, "a text is longer than %d KiB",
			       XLSX_TEXT_BYTES_MAX >> 10);
	if (buf_check(&r->text, e) < 0)
		return -1;
	unescape(&r->text);
	*out = r->text.n ? text_trim(buf_all(&r->text)) : slice_of("", 0);
	return 0;
}

/* --- shared texts ----------------------------------------------------------------------- */

struct reading {
	struct xlsx *x;
	struct xlsx_rich rich;
	bool inside; /* an <si> */
};

/* Room for n bytes; long texts have a block of their own. */
static char *room_for(struct xlsx *x, size_t n)
{
	struct xlsx_strings *s = &x->strings;
	char *p;

	if (n > BLOCK_BYTES / 8)
		return arena_alloc(x->a, n);
	if (n > s->left) {
		s->room = arena_alloc(x->a, BLOCK_BYTES);
		s->left = s->room ? BLOCK_BYTES : 0;
	}
	if (n > s->left)
		return NULL;
	p = s->room;
	s->room += n;
	s->left -= n;
	return p;
}

static int add_page(struct xlsx *x, struct err *e)
{
	struct xlsx_strings *s = &x->strings;
	void *grown = arena_grow(x->a, s->pages, s->npages, &s->pages_cap, s->npages + 1,
				 sizeof(*s->pages));

	if (grown) {
		s->pages = grown;
		s->pages[s->npages] = arena_alloc(x->a, PAGE_TEXTS * sizeof(char *));
	}
	if (!grown || !s->pages[s->npages])
		return xlsx_no_room(x, "its shared texts", e);
	s->npages++;
	return 0;
}

static int add_text(struct xlsx *x, struct slice text, struct err *e)
{
	struct xlsx_strings *s = &x->strings;
	char *p;

	if (s->n == XLSX_STRINGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d shared texts", XLSX_STRINGS_MAX);
	if (s->n == s->npages * PAGE_TEXTS && add_page(x, e) < 0)
		return -1;
	p = room_for(x, text.n + 1);
	if (!p)
		return xlsx_no_room(x, "its shared texts", e);
	memcpy(p, text.p, text.n);
	p[text.n] = '\0';
	s->pages[s->n / PAGE_TEXTS][s->n % PAGE_TEXTS] = p;
	s->n++;
	return 0;
}

struct slice xlsx_string(const struct xlsx *x, size_t i)
{
	return slice_str(x->strings.pages[i / PAGE_TEXTS][i % PAGE_TEXTS]);
}

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e)
{
	struct reading *r = ctx;

	(void)attrs;
	(void)e;
	if (!xlsx_is_main(name.ns))
		return 0;
	if (slice_is(name.local, "si")) {
		r->inside = true;
		xlsx_rich_clear(&r->rich);
	} else if (r->inside) {
		xlsx_rich_start(&r->rich, name.local);
	}
	return 0;
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct reading *r = ctx;
	struct slice text;

	if (!r->inside || !xlsx_is_main(name.ns))
		return 0;
	xlsx_rich_end(&r->rich, name.local);
	if (!slice_is(name.local, "si"))
		return 0;
	r->inside = false;
	if (xlsx_rich_take(&r->rich, &text, e) < 0)
		return -1;
	return add_text(r->x, text, e);
}

static int on_text(void *ctx, struct slice piece, struct err *e)
{
	struct reading *r = ctx;

	(void)e;
	xlsx_rich_text(&r->rich, piece);
	return 0;
}

int xlsx_strings_read(struct xlsx *x, struct err *e)
{
	struct reading r = { .x = x };
	const struct xml_handler h = { on_start, on_end, on_text, &r };
	int result;

	if (!x->strings_part)
		return 0;
	xlsx_rich_init(&r.rich);
	result = xlsx_parse(x, x->strings_part, &h, e);
	xlsx_rich_release(&r.rich);
	return result;
}
