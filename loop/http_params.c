/*
 * http_params.c - see http_params.h.
 *
 * The pieces between "&" are counted first, so that the array is allocated once and
 * a bomb of separators is refused before anything is. Each text is decoded in place
 * into arena memory of its encoded length, which it never exceeds, and then checked.
 */
#include "loop/http_params.h"

#include "base/text.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int check_text(struct slice s, struct err *e)
{
	long bad = utf8_bad_at(s);

	if (bad >= 0)
		return err_set(e, ERR_INVALID, "byte %ld (0x%02x) is not UTF-8", bad + 1,
			       (unsigned char)s.p[bad]);
	if (s.n && memchr(s.p, '\0', s.n))
		return err_set(e, ERR_INVALID, "it holds a NUL byte");
	return 0;
}

static int decode(struct slice raw, bool plus_is_blank, struct arena *a, struct slice *out,
		  struct err *e)
{
	char *to = arena_alloc(a, raw.n + 1);
	size_t n = 0;

	if (!to)
		return err_set(e, ERR_LIMIT, "more than %zu bytes of request", a->limit);
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '%') {
			int hi = i + 1 < raw.n ? hex_digit(raw.p[i + 1]) : -1;
			int lo = i + 2 < raw.n ? hex_digit(raw.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return err_set(e, ERR_INVALID,
					       "the %% at byte %zu lacks its two hex digits",
					       i + 1);
			c = (char)(hi << 4 | lo);
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		to[n++] = c;
	}
	to[n] = '\0';
	*out = slice_of(to, n);
	return check_text(*out, e);
}

/* Takes what is before the next `end` (or all) off the front of *rest. */
static struct slice take_until(struct slice *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct slice piece = slice_of(rest->p, at ? (size_t)(at - rest->p) : rest->n);

	*rest = slice_skip(*rest, piece.n + (at ? 1 : 0));
	return piece;
}

static size_t count_pieces(struct slice query)
{
	size_t n = 0;

	while (query.n) {
		if (take_until(&query, '&').n)
			n++;
	}
	return n;
}

static int parse_piece(struct slice piece, struct arena *a, struct http_param *p, size_t number,
		       struct err *e)
{
	struct slice name = take_until(&piece, '=');
	char shown[TEXT_SHOWN];

	if (decode(name, true, a, &p->name, e) < 0)
		return err_wrap(e, "name of parameter %zu", number);
	if (decode(piece, true, a, &p->value, e) == 0)
		return 0;
	return err_wrap(e, "parameter %s", text_shown(p->name, shown));
}

int http_params_parse(struct slice query, struct arena *a, struct http_param **out, size_t *n,
		      struct err *e)
{
	size_t have = *n, add = count_pieces(query);
	struct http_param *all;

	if (add == 0)
		return 0;
	if (have + add > HTTP_PARAMS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d parameters", HTTP_PARAMS_MAX);
	all = arena_array(a, have + add, sizeof(*all));
	if (!all)
		return err_set(e, ERR_LIMIT, "more than %zu bytes of request", a->limit);
	if (have)
		memcpy(all, *out, have * sizeof(*all));
	for (size_t i = have; i < have + add;) {
		struct slice piece = take_until(&query, '&');

		if (!piece.n)
			continue;
		if (parse_piece(piece, a, &all[i], i + 1, e) < 0)
			return -1;
		i++;
	}
	*out = all;
	*n = have + add;
	return 0;
}

int http_path_decode(struct slice raw, struct arena *a, struct slice *out, struct err *e)
{
	if (decode(raw, false, a, out, e) < 0)
		return err_wrap(e, "path");
	return 0;
}
