/* selector.c - see selector.h. */
#include "daemon/selector.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct parser {
	struct slice text;
	const char *p, *end;
	struct arena *arena;
	struct selector *out;
	struct err *e;
};

static int wrong(struct parser *x, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong(struct parser *x, const char *at, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(x->e, ERR_INVALID, "character %u: %s",
		       text_column(x->text, (size_t)(at - x->text.p)), text);
}

/* --- words ----------------------------------------------------------------------------- */

static void skip_blanks(struct parser *x)
{
	while (x->p < x->end && strchr(" \t\r\n", *x->p) && *x->p)
		x->p++;
}

static bool eat(struct parser *x, char c)
{
	skip_blanks(x);
	if (x->p >= x->end || *x->p != c)
		return false;
	x->p++;
	return true;
}

static bool name_start(char c, bool colon)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
}

/* Empty when none begins here. */
static struct slice take_name(struct parser *x, bool colon)
{
	const char *from;

	skip_blanks(x);
	from = x->p;
	if (x->p < x->end && name_start(*x->p, colon))
		while (x->p < x->end &&
		       (name_start(*x->p, colon) || (*x->p >= '0' && *x->p <= '9')))
			x->p++;
	return slice_of(from, (size_t)(x->p - from));
}

static bool at_quote(struct parser *x)
{
	skip_blanks(x);
	return x->p < x->end && (*x->p == '"' || *x->p == '\'' || *x->p == '`');
}

static int unescape(struct parser *x, struct slice raw, struct slice *out)
{
	static const char from[] = "\\\"'nrt", to[] = "\\\"'\n\r\t";
	char *copy = arena_alloc(x->arena, raw.n);
	size_t n = 0;

	if (!copy)
		return err_set(x->e, ERR_LIMIT, "no room for the texts of a selector");
	for (size_t i = 0; i < raw.n; i++) {
		const char *known;

		if (raw.p[i] != '\\') {
			copy[n++] = raw.p[i];
			continue;
		}
		/* take_text() saw that a character follows. */
		known = strchr(from, raw.p[++i]);
		if (!known || !*known)
			return wrong(x, raw.p + i - 1,
				     "only \\\\, \\\", \\', \\n, \\r and \\t are "
				     "known behind a backslash");
		copy[n++] = to[known - from];
	}
	*out = slice_of(copy, n);
	return 0;
}

static int take_text(struct parser *x, struct slice *out)
{
	const char *from = x->p;
	char quote = *x->p++;
	bool escaped = false;

	while (x->p < x->end && *x->p != quote) {
		if (*x->p == '\\' && quote != '`') {
			escaped = true;
			x->p++;
			if (x->p == x->end)
				break;
		}
		x->p++;
	}
	if (x->p >= x->end)
		return wrong(x, from, "the text that begins here has no end");
	*out = slice_of(from + 1, (size_t)(x->p - from) - 1);
	x->p++;
	return escaped ? unescape(x, *out, out) : 0;
}

/* --- conditions --------------------------------------------------------------------------- */

static int take_op(struct parser *x, enum matcher_op *op)
{
	static const struct {
		const char *text;
		enum matcher_op op;
	} ops[] = {
		{ "=~", MATCH_RE }, { "!~", MATCH_NRE }, { "!=", MATCH_NE }, { "=", MATCH_EQ }
	};
	struct slice rest;

	skip_blanks(x);
	rest = slice_of(x->p, (size_t)(x->end - x->p));
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!slice_starts(rest, ops[i].text))
			continue;
		x->p += strlen(ops[i].text);
		*op = ops[i].op;
		return 0;
	}
	return wrong(x, x->p, "=, !=, =~ or !~ was expected here");
}

static int add(struct parser *x, const char *at, struct matcher m)
{
	if (x->out->n == SELECTOR_MATCHERS_MAX)
		return wrong(x, at, "more than %d conditions", SELECTOR_MATCHERS_MAX);
	if (m.op == MATCH_RE || m.op == MATCH_NRE) {
		m.re = regex_new(m.value, x->e);
		if (!m.re)
			return err_wrap(x->e, "character %u",
					text_column(x->text, (size_t)(at - x->text.p)));
	}
	x->out->m[x->out->n++] = m;
	return 0;
}

static int add_name(struct parser *x, const char *at, struct slice name)
{
	for (size_t i = 0; i < x->out->n; i++)
		if (slice_is(x->out->m[i].name, LABEL_NAME))
			return wrong(x, at, "a second metric name");
	return add(x, at, (struct matcher){ MATCH_EQ, slice_str(LABEL_NAME), name, NULL });
}

static int take_condition(struct parser *x)
{
	struct matcher m = { .op = MATCH_EQ };
	bool quoted = at_quote(x);
	const char *at = x->p;

	if (quoted && take_text(x, &m.name) < 0)
		return -1;
	if (!quoted)
		m.name = take_name(x, false);
	if (!quoted && !m.name.n)
		return wrong(x, x->p, "a label name or '}' was expected here");
	skip_blanks(x);
	if (quoted && x->p < x->end && (*x->p == ',' || *x->p == '}'))
		return add_name(x, at, m.name);
	if (take_op(x, &m.op) < 0)
		return -1;
	if (!at_quote(x))
		return wrong(x, x->p, "a text in quotes was expected here");
	at = x->p;
	return take_text(x, &m.value) < 0 ? -1 : add(x, at, m);
}

/* Behind the opening brace. */
static int take_conditions(struct parser *x)
{
	while (!eat(x, '}')) {
		if (take_condition(x) < 0)
			return -1;
		if (eat(x, ','))
			continue;
		if (eat(x, '}'))
			return 0;
		return wrong(x, x->p, "',' or '}' was expected here");
	}
	return 0;
}

static int take_selector(struct parser *x)
{
	struct slice name = take_name(x, true);

	if (name.n && add_name(x, name.p, name) < 0)
		return -1;
	if (eat(x, '{')) {
		if (take_conditions(x) < 0)
			return -1;
	} else if (!name.n) {
		return wrong(x, x->p, "a metric name or '{' was expected here");
	}
	skip_blanks(x);
	return x->p == x->end ? 0 : wrong(x, x->p, "text stands behind the selector");
}

int selector_parse(struct slice text, struct arena *a, struct selector *out, struct err *e)
{
	struct parser x = { .arena = a, .out = out, .e = e };
	long bad;

	out->n = 0;
	if (!text.n)
		text.p = ""; /* not NULL, which no place may be counted from */
	if (text.n > SELECTOR_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "it has %zu bytes, more than %d", text.n,
			       SELECTOR_MAX_BYTES);
	bad = utf8_bad_at(text);
	if (bad >= 0)
		return err_set(e, ERR_INVALID, "byte %ld: 0x%02x is not UTF-8", bad + 1,
			       (unsigned char)text.p[bad]);
	x.text = text;
	x.p = text.p;
	x.end = text.p + text.n;
	if (take_selector(&x) == 0)
		return 0;
	selector_release(out);
	return -1;
}

void selector_release(struct selector *s)
{
	for (size_t i = 0; i < s->n; i++)
		regex_free((struct regex *)s->m[i].re);
	s->n = 0;
}

/* --- a series ------------------------------------------------------------------------------- */

static int series_labels(const struct selector *s, struct label l[LABELS_MAX], size_t *n,
			 struct err *e)
{
	bool named = false;

	for (size_t i = 0; i < s->n; i++) {
		if (s->m[i].op != MATCH_EQ)
			return err_set(e, ERR_INVALID, "a series has labels with = only");
		l[i] = (struct label){ s->m[i].name, s->m[i].value };
	}
	if (labels_normalize(l, s->n, l, n, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		named = named || slice_is(l[i].name, LABEL_NAME);
	return named ? 0 : err_set(e, ERR_INVALID, "a series without a metric name");
}

int series_parse(struct slice text, struct arena *a, struct label l[LABELS_MAX], size_t *n,
		 struct err *e)
{
	struct selector s;
	int rc;

	if (selector_parse(text, a, &s, e) < 0)
		return -1;
	rc = series_labels(&s, l, n, e);
	selector_release(&s);
	return rc;
}
