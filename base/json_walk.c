/*
 * json_walk.c - through an array or object that json_read.c kept as its text.
 *
 * yajl has been over that text: every token is whole, the escapes are sound, and
 * commas and colons stand where they must. So the ends of tokens are all that is
 * looked for, and lines and columns counted as json_read.c does.
 */
#include "base/json_read.h"
#include "base/text.h"

static void count(struct json_walk *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)w->rest.p[i];

		if (c == '\n') {
			w->line++;
			w->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			w->column++;
		}
	}
	w->rest = slice_skip(w->rest, n);
}

static void skip_between(struct json_walk *w)
{
	size_t n = 0;

	while (n < w->rest.n &&
	       (w->rest.p[n] == ' ' || w->rest.p[n] == ',' || w->rest.p[n] == ':' ||
		w->rest.p[n] == '\n' || w->rest.p[n] == '\t' || w->rest.p[n] == '\r'))
		n++;
	count(w, n);
}

/* --- the ends of tokens ------------------------------------------------------------- */

/* Bytes of the string that begins here, its quotes with it. */
static size_t string_bytes(struct slice s)
{
	size_t n = 1;

	while (s.p[n] != '"')
		n += s.p[n] == '\\' ? 2 : 1;
	return n + 1;
}

static size_t container_bytes(struct slice s)
{
	size_t n = 0, depth = 0;

	do {
		char c = s.p[n];

		if (c == '"') {
			n += string_bytes(slice_skip(s, n));
			continue;
		}
		if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
		n++;
	} while (depth);
	return n;
}

/* A number, true, false or null. */
static size_t word_bytes(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != ',' && s.p[n] != ']' && s.p[n] != '}' &&
	       (unsigned char)s.p[n] > ' ')
		n++;
	return n;
}

/* --- strings ------------------------------------------------------------------------ */

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return v;
}

/* The character of an escape whose letter is at `*p`, which moves behind it. */
static uint32_t escaped(const char **p)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	char c = *(*p)++;
	const char *letter = strchr(letters, c);
	uint32_t high;

	if (letter)
		return (unsigned char)means[letter - letters];
	if (c != 'u')
		return (unsigned char)c;
	high = hex4(*p);
	*p += 4;
	if (high < 0xd800 || high > 0xdbff)
		return high;
	*p += 6; /* \uXXXX: the other half */
	return 0x10000 + ((high - 0xd800) << 10 | (hex4(*p - 4) - 0xdc00));
}

/* What stands between the quotes. */
static int unescape(struct slice raw, struct arena *a, struct slice *out, struct err *e)
{
	char *copy, *to;

	*out = raw;
	if (!memchr(raw.p, '\\', raw.n))
		return 0;
	/* No escape is shorter than what it stands for. */
	copy = to = arena_alloc(a, raw.n);
	if (!copy)
		return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
	for (const char *p = raw.p; p < raw.p + raw.n;) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		to += utf8_put(to, escaped(&p));
	}
	*out = slice_of(copy, (size_t)(to - copy));
	return 0;
}

/* --- one by one ------------------------------------------------------------------------- */

void json_walk_init(struct json_walk *w, const struct json_node *kept)
{
	*w = (struct json_walk){ .rest = slice_skip(kept->text, 1),
				 .line = kept->line,
				 .column = kept->column + 1,
				 .members = kept->type == JSON_OBJECT };
}

static int take_string(struct json_walk *w, struct arena *a, struct slice *out, struct err *e)
{
	size_t n = string_bytes(w->rest);
	int rc = unescape(slice_of(w->rest.p + 1, n - 2), a, out, e);

	count(w, n);
	return rc;
}

static void take_word(struct json_walk *w, struct json_item *out)
{
	out->text = slice_of(w->rest.p, word_bytes(w->rest));
	out->boolean = out->text.p[0] == 't';
	out->type = out->text.p[0] == 'n'                   ? JSON_NULL
		    : out->boolean || out->text.p[0] == 'f' ? JSON_BOOL
							    : JSON_NUMBER;
	/* Plain ASCII on one line. */
	w->column += (uint32_t)out->text.n;
	w->rest = slice_skip(w->rest, out->text.n);
}

int json_walk_next(struct json_walk *w, struct arena *a, struct json_item *out, struct err *e)
{
	char c;

	skip_between(w);
	if (w->rest.p[0] == (w->members ? '}' : ']'))
		return 0;
	out->key = slice_of("", 0);
	if (w->members) {
		if (take_string(w, a, &out->key, e) < 0)
			return -1;
		skip_between(w);
	}
	out->line = w->line;
	out->column = w->column;
	out->boolean = false;
	c = w->rest.p[0];
	if (c == '"') {
		out->type = JSON_STRING;
		return take_string(w, a, &out->text, e) < 0 ? -1 : 1;
	}
	if (c == '[' || c == '{') {
		out->type = c == '[' ? JSON_ARRAY : JSON_OBJECT;
		out->text = slice_of(w->rest.p, container_bytes(w->rest));
		count(w, out->text.n);
		return 1;
	}
	take_word(w, out);
	return 1;
}
