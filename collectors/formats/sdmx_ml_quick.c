/*
 * sdmx_ml_quick.c - see sdmx_ml_quick.h.
 *
 * Plain is: names of ASCII letters, digits, '_', '.', '-'; the prefix that expat has accepted for
 * an observation of the same series, or none; attributes without prefix, in quotes, of printable
 * ASCII without '<' and '&', none twice; nothing but blanks and line feeds between tags.
 */
#include "collectors/formats/sdmx_ml_quick.h"

#include <stdint.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

static bool is_name_start(unsigned char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool is_name_char(unsigned char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool ml_quick_may(struct slice body)
{
	const char *close, *encoding;
	size_t n = body.n < 200 ? body.n : 200;

	if (!body.p || n == 0 || *body.p != '<')
		return false; /* a byte order mark, for example */
	close = memmem(body.p, n, "?>", 2);
	encoding = close ? memmem(body.p, (size_t)(close - body.p), "encoding=", 9) : NULL;
	if (encoding && strncasecmp(encoding + 10, "utf-8", 5) != 0 &&
	    strncasecmp(encoding + 10, "us-ascii", 8) != 0)
		return false;
	return !memchr(body.p, '\r', body.n); /* which may or may not be a line end */
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *read_name(const char *p, const char *end, struct slice *out)
{
	const char *from = p;

	if (p == end || !is_name_start((unsigned char)*p))
		return NULL;
	while (p < end && is_name_char((unsigned char)*p))
		p++;
	*out = slice_of(from, (size_t)(p - from));
	return p;
}

void ml_quick_learn(struct ml_quick *q, const char *tag, const char *end)
{
	const char *close = memchr(tag, '>', (size_t)(end - tag)), *p;
	struct slice name;

	q->prefix.p = NULL;
	if (*tag != '<' || !close || memmem(tag, (size_t)(close - tag), "xmlns", 5))
		return;
	p = read_name(tag + 1, close, &name);
	if (p)
		q->prefix = slice_of(tag + 1, *p == ':' ? name.n + 1 : 0);
}

/* A copy with a NUL, as expat would give it. */
static const char *copy(struct ml_quick *q, struct slice s)
{
	char *out = q->text + q->ntext;

	if (s.n >= sizeof(q->text) - q->ntext)
		return NULL;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	q->ntext += s.n + 1;
	return out;
}

static bool given_before(const struct ml_quick *q, const struct ml_quick_tag *t, struct slice name)
{
	for (unsigned i = 0; i < t->n; i++)
		if (slice_is(name, q->pairs[t->first + 2 * i]))
			return true;
	return false;
}

/* The value behind its '='; NULL when it is not plain. */
static const char *read_value(const char *p, const char *end, struct slice *out)
{
	const char *from = p + 1;
	char quote;

	if (end - p < 2 || (*p != '"' && *p != '\''))
		return NULL;
	quote = *p;
	for (p = from; p < end && *p != quote; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f || *p == '<' || *p == '&')
			return NULL;
	if (p == end)
		return NULL;
	*out = slice_of(from, (size_t)(p - from));
	return p + 1;
}

/* A blank, then name="value". `seen` has a bit for some names given before. */
static const char *read_attribute(struct ml_quick *q, struct ml_quick_tag *t, const char *p,
				  const char *end, uint64_t *seen)
{
	struct slice name, value;
	const char **pair = &q->pairs[t->first + 2 * t->n];
	uint64_t bit;

	p = read_name(p, end, &name);
	if (!p || p == end || *p != '=' || q->nattributes == ML_QUICK_ATTRIBUTES ||
	    slice_starts(name, "xmlns"))
		return NULL;
	bit = UINT64_C(1) << ((name.n * 7 + (unsigned char)name.p[0] * 5 +
			       (unsigned char)name.p[name.n / 2] * 3 +
			       (unsigned char)name.p[name.n - 1]) %
			      64);
	if ((*seen & bit) && given_before(q, t, name))
		return NULL;
	*seen |= bit;
	p = read_value(p + 1, end, &value);
	if (!p)
		return NULL;
	pair[0] = copy(q, name);
	pair[1] = copy(q, value);
	if (!pair[0] || !pair[1])
		return NULL;
	q->nattributes++;
	t->n++;
	return p;
}

static const char *read_start_tag(struct ml_quick *q, struct ml_quick_tag *t, const char *p,
				  const char *end)
{
	const char *from = ++p, *next;
	uint64_t seen = 0;

	if ((size_t)(end - p) < q->prefix.n || memcmp(p, q->prefix.p, q->prefix.n) != 0)
		return NULL;
	p = read_name(p + q->prefix.n, end, &t->local);
	while (p && (next = skip_blanks(p, end)) != p && next < end && *next != '/' && *next != '>')
		p = read_attribute(q, t, next, end, &seen);
	if (!p)
		return NULL;
	t->name = slice_of(from, q->prefix.n + t->local.n);
	q->pairs[t->first + 2 * t->n] = NULL;
	p = skip_blanks(p, end);
	if (p < end && *p == '/') {
		t->empty = true;
		p++;
	}
	return p < end && *p == '>' ? p + 1 : NULL;
}

/* The end tag of the element of that start tag. */
static const char *read_end_tag(const struct ml_quick_tag *start, const char *p, const char *end)
{
	size_t n = start->name.n;

	if ((size_t)(end - p) < n + 3 || memcmp(p + 2, start->name.p, n) != 0 || p[n + 2] != '>')
		return NULL;
	return p + n + 3;
}

const char *ml_quick_read(struct ml_quick *q, const char *p, const char *end)
{
	unsigned open[ML_QUICK_TAGS], depth = 0, pairs = 0;

	q->ntags = q->nattributes = 0;
	q->ntext = 0;
	do {
		struct ml_quick_tag *t = &q->tags[q->ntags];

		p = skip_blanks(p, end);
		if (end - p < 2 || *p != '<' || q->ntags == ML_QUICK_TAGS)
			return NULL;
		*t = (struct ml_quick_tag){ .at = p, .first = pairs };
		if (p[1] == '/') {
			if (depth == 0)
				return NULL;
			p = read_end_tag(&q->tags[open[--depth]], p, end);
		} else {
			p = read_start_tag(q, t, p, end);
			pairs = t->first + 2 * t->n + 1;
			if (!t->empty)
				open[depth++] = q->ntags;
		}
		q->ntags++;
	} while (p && depth > 0);
	return p && slice_is(q->tags[0].local, "Obs") ? p : NULL;
}
