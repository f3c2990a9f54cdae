/*
 * xlsx_plain.c - cells and rows of the commonest form, read without expat.
 *
 *     <c r="B3" s="23" t="s"><v>1200</v></c>
 *     <c r="B4" s="23"><f>SUM(B1:B3)</f><v>2400.5</v></c>
 *
 * Nearly all of a large sheet is cells like this one, and expat, which must be ready for
 * anything, takes most of the time that reading it costs. So where expat has nothing pending
 * and a cell may come next (xml_at_piece_end() after a row's tag or a cell's), those that are
 * exactly of this form are taken out of the window and expat never sees them; at the first
 * byte of any other form it goes on. What is taken out is whole elements and blanks between
 * them, so the rest is as well-formed as the whole was. So is the end of a row together with
 * the beginning of the next: to expat several rows are one.
 *
 * The form: attributes r, s, t in any order, each once, of letters and digits; nothing, or one
 * <v> of printable ASCII without markup and without '_', which might begin an escape; before
 * that perhaps an <f>. The attributes of <f> and <row> come in the order in which they are
 * always written; of a row those that only say how it looks, and its number.
 */
#include "base/text.h"
#include "collectors/formats/xlsx_sheet.h"

struct plain {
	struct slice ref, style, type, value;
	const char *p, *end; /* what is still to be looked at */
};

static bool skip(struct plain *c, const char *what, size_t n)
{
	if ((size_t)(c->end - c->p) < n || memcmp(c->p, what, n) != 0)
		return false;
	c->p += n;
	return true;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_value(char c)
{
	return c >= ' ' && c <= '~' && c != '<' && c != '&' && c != '>' && c != '_';
}

/* ' r="B3"'; false: it is of another form, or not complete. */
static bool attribute(struct plain *c)
{
	struct slice *to;
	const char *from;

	if (c->end - c->p < 5 || c->p[2] != '=' || c->p[3] != '"')
		return false;
	to = c->p[1] == 'r' ? &c->ref : c->p[1] == 's' ? &c->style : &c->type;
	if (to->p || (to == &c->type && c->p[1] != 't'))
		return false;
	from = c->p += 4;
	while (c->p < c->end && is_word(*c->p))
		c->p++;
	*to = slice_of(from, (size_t)(c->p - from));
	return skip(c, "\"", 1);
}

/* An attribute with that beginning, or nothing. */
static bool option(struct plain *c, const char *name, size_t n)
{
	if (!skip(c, name, n))
		return true;
	while (c->p < c->end && (is_word(*c->p) || *c->p == ':' || *c->p == '.'))
		c->p++;
	return skip(c, "\"", 1);
}

/* The text of an <f> means nothing here, but must be well-formed: names of sheets are often
 * Chinese. U+FFFE and U+FFFF are no characters of XML. */
static bool formula_text(struct plain *c)
{
	const char *from = c->p;
	unsigned char high = 0;
	struct slice text;

	while (c->p < c->end && *c->p != '<' && *c->p != '&' && *c->p != '>' &&
	       ((unsigned char)*c->p >= ' ' || *c->p == '\n'))
		high |= (unsigned char)*c->p++;
	text = slice_of(from, (size_t)(c->p - from));
	return high < 0x80 || (utf8_bad_at(text) < 0 && !memmem(text.p, text.n, "\xef\xbf", 2));
}

/* An <f> and that a value follows, or nothing. */
static bool formula(struct plain *c)
{
	if (!skip(c, "<f", 2))
		return true;
	if (!option(c, " t=\"", 4) || !option(c, " ref=\"", 6) || !option(c, " si=\"", 5) ||
	    !option(c, " aca=\"", 6))
		return false;
	if (!skip(c, "/>", 2) && !(skip(c, ">", 1) && formula_text(c) && skip(c, "</f>", 4)))
		return false;
	return (size_t)(c->end - c->p) >= 3 && memcmp(c->p, "<v>", 3) == 0;
}

static bool value(struct plain *c)
{
	const char *from;

	if (!skip(c, "<v>", 3))
		return true;
	from = c->p;
	while (c->p < c->end && is_value(*c->p))
		c->p++;
	c->value = slice_of(from, (size_t)(c->p - from));
	return c->value.n && *from != ' ' && c->p[-1] != ' ' && skip(c, "</v>", 4);
}

/* The cell that `s` begins with; how long it is, 0 when it is of another form or not complete. */
static size_t plain_cell(struct slice s, struct plain *c)
{
	*c = (struct plain){ .p = s.p, .end = s.p + s.n };
	if (!skip(c, "<c", 2))
		return 0;
	while (c->p < c->end && *c->p == ' ')
		if (!attribute(c))
			return 0;
	if (!skip(c, "/>", 2) && !(skip(c, ">", 1) && formula(c) && value(c) && skip(c, "</c>", 4)))
		return 0;
	return (size_t)(c->p - s.p);
}

static size_t blanks(struct slice s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\n' || s.p[n] == '\r' || s.p[n] == '\t'))
		n++;
	return n;
}

/* '</row><row r="4" spans="1:9">' that `s` begins with: how long it is, or 0. The prefix of the
 * last attribute is the one that Excel always declares for it. */
static size_t next_row(struct slice s, struct slice *number)
{
	struct plain c = { .p = s.p, .end = s.p + s.n };

	if (!skip(&c, "</row>", 6))
		return 0;
	c.p += blanks(slice_of(c.p, (size_t)(c.end - c.p)));
	if (!skip(&c, "<row r=\"", 8))
		return 0;
	*number = slice_of(c.p, 0);
	while (c.p < c.end && *c.p >= '0' && *c.p <= '9')
		c.p++;
	number->n = (size_t)(c.p - number->p);
	if (!number->n || !skip(&c, "\"", 1) || !option(&c, " spans=\"", 8) ||
	    !option(&c, " s=\"", 4) || !option(&c, " customFormat=\"", 15) ||
	    !option(&c, " ht=\"", 5) || !option(&c, " customHeight=\"", 15) ||
	    !option(&c, " x14ac:dyDescent=\"", 18) || !skip(&c, ">", 1))
		return 0;
	return (size_t)(c.p - s.p);
}

static int take_row(struct xlsx_sheet *s, struct slice number, struct err *e)
{
	int result = xlsx_end_row(s, e);

	if (result == 0)
		xlsx_begin_row(s, number, false);
	return result;
}

static int take_cell(struct xlsx_sheet *s, const struct plain *c, struct err *e)
{
	int result = 0;

	xlsx_begin_cell(s, c->ref, c->type, c->style);
	if (s->in_cell && c->value.n)
		result = xlsx_put_value(s, c->value, e);
	s->in_cell = false;
	return result;
}

int xlsx_take_plain(struct xlsx_sheet *s, struct err *e)
{
	struct xlsx_stream *in = &s->stream;
	struct slice rest, number;
	struct plain c;
	int result = 0;
	size_t n;

	while (result == 0 && s->in_row) {
		in->at += blanks(slice_of(in->bytes + in->at, in->n - in->at));
		rest = slice_of(in->bytes + in->at, in->n - in->at);
		if ((n = plain_cell(rest, &c)) > 0)
			result = take_cell(s, &c, e);
		else if ((n = next_row(rest, &number)) > 0)
			result = take_row(s, number, e);
		else
			break;
		in->at += n;
	}
	return result;
}
