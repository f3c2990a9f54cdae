/* lex.c - see lex.h. */
#include "query/lex.h"

#include "base/num.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>

/* --- characters ------------------------------------------------------------------------ */

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(int c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(int c)
{
	return is_alpha(c) || is_digit(c);
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int peek(const struct lexer *x, uint32_t ahead)
{
	return x->at + ahead < x->text.n ? (unsigned char)x->text.p[x->at + ahead] : -1;
}

/* --- keywords --------------------------------------------------------------------------- */

struct keyword {
	const char *text;
	enum word word;
	int value; /* operator or aggregate */
};

static const struct keyword keywords[] = {
	{ "and", WORD_AND, OP_AND },
	{ "or", WORD_OR, OP_OR },
	{ "unless", WORD_UNLESS, OP_UNLESS },
	{ "atan2", WORD_ATAN2, OP_ATAN2 },
	{ "sum", WORD_AGGREGATE, AGG_SUM },
	{ "avg", WORD_AGGREGATE, AGG_AVG },
	{ "count", WORD_AGGREGATE, AGG_COUNT },
	{ "min", WORD_AGGREGATE, AGG_MIN },
	{ "max", WORD_AGGREGATE, AGG_MAX },
	{ "group", WORD_AGGREGATE, AGG_GROUP },
	{ "stddev", WORD_AGGREGATE, AGG_STDDEV },
	{ "stdvar", WORD_AGGREGATE, AGG_STDVAR },
	{ "topk", WORD_AGGREGATE, AGG_TOPK },
	{ "bottomk", WORD_AGGREGATE, AGG_BOTTOMK },
	{ "count_values", WORD_AGGREGATE, AGG_COUNT_VALUES },
	{ "quantile", WORD_AGGREGATE, AGG_QUANTILE },
	{ "limitk", WORD_AGGREGATE, AGG_LIMITK },
	{ "limit_ratio", WORD_AGGREGATE, AGG_LIMIT_RATIO },
	{ "offset", WORD_OFFSET, 0 },
	{ "anchored", WORD_ANCHORED, 0 },
	{ "smoothed", WORD_SMOOTHED, 0 },
	{ "by", WORD_BY, 0 },
	{ "without", WORD_WITHOUT, 0 },
	{ "on", WORD_ON, 0 },
	{ "ignoring", WORD_IGNORING, 0 },
	{ "group_left", WORD_GROUP_LEFT, 0 },
	{ "group_right", WORD_GROUP_RIGHT, 0 },
	{ "bool", WORD_BOOL, 0 },
	{ "fill", WORD_FILL, 0 },
	{ "fill_left", WORD_FILL_LEFT, 0 },
	{ "fill_right", WORD_FILL_RIGHT, 0 },
	{ "start", WORD_START, 0 },
	{ "end", WORD_END, 0 },
	{ "step", WORD_STEP, 0 },
	{ "range", WORD_RANGE, 0 },
	{ "min_of", WORD_MIN_OF, 0 },
	{ "max_of", WORD_MAX_OF, 0 },
	{ "inf", WORD_NUMBER, 0 },
	{ "nan", WORD_NUMBER, 0 },
};

static bool same_word(struct slice text, const char *keyword)
{
	size_t n = strlen(keyword);

	if (text.n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != keyword[i])
			return false;
	}
	return true;
}

static void find_keyword(struct token *t)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		const struct keyword *k = &keywords[i];

		if (!same_word(t->text, k->text))
			continue;
		t->word = k->word;
		if (k->word == WORD_AGGREGATE)
			t->aggregate = (enum aggregate_op)k->value;
		else
			t->op = (enum binary_op)k->value;
		return;
	}
}

/* --- tokens -------------------------------------------------------------------------------- */

void lex_init(struct lexer *x, struct slice text)
{
	memset(x, 0, sizeof(*x));
	/* An argument that is missing has no bytes to point at. */
	x->text = text.p ? text : slice_str("");
}

static void emit(struct lexer *x, struct token *t, enum token_kind kind, uint32_t bytes)
{
	t->kind = kind;
	t->at.from = x->at;
	x->at += bytes;
	t->at.to = x->at;
	t->text = slice_of(x->text.p + t->at.from, bytes);
}

static void emit_op(struct lexer *x, struct token *t, enum binary_op op, uint32_t bytes)
{
	emit(x, t, TOKEN_OPERATOR, bytes);
	t->op = op;
}

__attribute__((format(printf, 3, 4))) static void fault(struct lexer *x, struct token *t,
							const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(x->error, sizeof(x->error), fmt, args);
	va_end(args);
	t->kind = TOKEN_ERROR;
	t->at = (struct span){ x->at, x->at };
	t->text = slice_str(x->error);
}

/* Go's %q of the character that starts here, as 'x'. */
static void quote_char(const struct lexer *x, char out[16])
{
	uint32_t n = 1;
	unsigned char c = (unsigned char)x->text.p[x->at];

	if (c == '\'' || c == '\\') {
		snprintf(out, 16, "'\\%c'", c);
		return;
	}
	if (c < ' ' || c == 0x7f) {
		snprintf(out, 16, "'\\x%02x'", c);
		return;
	}
	while (c >= 0xc0 && n < 4 && x->at + n < x->text.n &&
	       ((unsigned char)x->text.p[x->at + n] & 0xc0) == 0x80)
		n++;
	snprintf(out, 16, "'%.*s'", (int)n, x->text.p + x->at);
}

static void skip_blank(struct lexer *x)
{
	for (;;) {
		while (is_space(peek(x, 0)))
			x->at++;
		if (peek(x, 0) != '#')
			return;
		while (x->at < x->text.n && x->text.p[x->at] != '\n')
			x->at++;
	}
}

static void lex_string(struct lexer *x, struct token *t)
{
	char mark = x->text.p[x->at];
	uint32_t n = 1;

	for (;; n++) {
		int c = peek(x, n);

		if (c < 0 || (c == '\n' && mark != '`')) {
			fault(x, t,
			      mark == '`' ? "unterminated raw string"
					  : "unterminated quoted string");
			return;
		}
		if (c == mark)
			break;
		if (c == '\\' && mark != '`' && peek(x, n + 1) >= 0)
			n++;
	}
	emit(x, t, TOKEN_STRING, n + 1);
}

static void lex_word(struct lexer *x, struct token *t, bool colons)
{
	uint32_t n = 0;
	bool colon = false;

	while (is_alnum(peek(x, n)) || (colons && peek(x, n) == ':'))
		colon |= peek(x, n++) == ':';
	emit(x, t, colon ? TOKEN_METRIC : TOKEN_WORD, n);
	t->word = WORD_NONE;
	if (!colon && colons)
		find_keyword(t);
}

/* Digits with single underscores between them. */
static uint32_t digits(const struct lexer *x, uint32_t n, bool hex)
{
	for (;; n++) {
		int c = peek(x, n);
		bool ok =
			is_digit(c) || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));

		if (!ok && !(c == '_' && n > 0 && peek(x, n - 1) != '_'))
			return n;
	}
}

static uint32_t scan_number(const struct lexer *x)
{
	bool hex = peek(x, 0) == '0' && (peek(x, 1) == 'x' || peek(x, 1) == 'X');
	uint32_t n = digits(x, hex ? 2 : 0, hex);

	if (peek(x, n) == '.')
		n = digits(x, n + 1, hex);
	if (!hex && (peek(x, n) == 'e' || peek(x, n) == 'E')) {
		uint32_t exponent = n + 1;

		if (peek(x, exponent) == '+' || peek(x, exponent) == '-')
			exponent++;
		n = digits(x, exponent, false);
	}
	return n;
}

/* 5m, 1h30m: digits and units in turn; 0 when it is none. */
static uint32_t scan_duration(const struct lexer *x)
{
	uint32_t n = 0;

	if (!is_digit(peek(x, 0)))
		return 0;
	while (is_digit(peek(x, n))) {
		while (is_digit(peek(x, n)))
			n++;
		if (peek(x, n) < 0 || !strchr("smhdwy", peek(x, n)))
			return 0;
		n += peek(x, n) == 'm' && peek(x, n + 1) == 's' ? 2 : 1;
	}
	return is_alnum(peek(x, n)) ? 0 : n;
}

/* What follows a number that is none by itself: units, each with digits before it but the first.
 * *n goes on to the character that does not fit. Whether it may be a duration. */
static bool scan_units(const struct lexer *x, uint32_t *n)
{
	do {
		while (is_digit(peek(x, *n)))
			(*n)++;
		if (peek(x, *n) < 0 || !strchr("smhdwy", peek(x, *n)))
			return false;
		*n += peek(x, *n + 1) == 's' ? 2 : 1;
	} while (is_digit(peek(x, *n)));
	if (!is_alnum(peek(x, *n)))
		return true;
	(*n)++;
	return false;
}

static void lex_number(struct lexer *x, struct token *t)
{
	uint32_t n = scan_duration(x);
	char text[64];

	if (n > 0) {
		emit(x, t, TOKEN_DURATION, n);
		return;
	}
	n = scan_number(x);
	if (!is_alnum(peek(x, n)) && peek(x, n - 1) != '_') {
		emit(x, t, TOKEN_NUMBER, n);
		return;
	}
	if (scan_units(x, &n)) { /* the parser says what is wrong with it */
		emit(x, t, TOKEN_DURATION, n);
		return;
	}
	quote(slice_cut(slice_of(x->text.p + x->at, n), 40), text, sizeof(text));
	fault(x, t, "bad number or duration syntax: %s", text);
}

static void lex_braces(struct lexer *x, struct token *t)
{
	int c = peek(x, 0);
	char text[16];

	if (c < 0) {
		fault(x, t, "unexpected end of input inside braces");
	} else if (is_alpha(c)) {
		lex_word(x, t, false);
	} else if (c == ',') {
		emit(x, t, TOKEN_COMMA, 1);
	} else if (c == '"' || c == '\'' || c == '`') {
		lex_string(x, t);
	} else if (c == '=') {
		if (peek(x, 1) == '~')
			emit(x, t, TOKEN_EQ_REGEX, 2);
		else
			emit(x, t, TOKEN_EQ, 1);
	} else if (c == '!' && peek(x, 1) == '~') {
		emit(x, t, TOKEN_NE_REGEX, 2);
	} else if (c == '!' && peek(x, 1) == '=') {
		emit_op(x, t, OP_NE, 2);
	} else if (c == '!') {
		x->at++;
		if (x->at < x->text.n)
			quote_char(x, text);
		else
			snprintf(text, sizeof(text), "'\\uffff'");
		fault(x, t, "unexpected character after '!' inside braces: %s", text);
	} else if (c == '{') {
		fault(x, t, "unexpected left brace '{'");
	} else if (c == '}') {
		emit(x, t, TOKEN_RIGHT_BRACE, 1);
		x->in_braces = false;
	} else {
		quote_char(x, text);
		fault(x, t, "unexpected character inside braces: %s", text);
	}
}

static bool lex_operator(struct lexer *x, struct token *t)
{
	static const struct {
		const char *text;
		enum binary_op op;
	} ops[] = {
		{ "==", OP_EQ },         { "!=", OP_NE },         { ">=", OP_GE }, { "<=", OP_LE },
		{ "</", OP_TRIM_UPPER }, { ">/", OP_TRIM_LOWER }, { ">", OP_GT },  { "<", OP_LT },
		{ "+", OP_ADD },         { "-", OP_SUB },         { "*", OP_MUL }, { "/", OP_DIV },
		{ "%", OP_MOD },         { "^", OP_POW },
	};
	struct slice rest = slice_skip(x->text, x->at);

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (slice_starts(rest, ops[i].text)) {
			emit_op(x, t, ops[i].op, (uint32_t)strlen(ops[i].text));
			return true;
		}
	return false;
}

static void lex_bracket(struct lexer *x, struct token *t, int c)
{
	if (c == '[') {
		if (x->in_brackets) {
			fault(x, t, "unexpected left bracket '['");
			return;
		}
		emit(x, t, TOKEN_LEFT_BRACKET, 1);
		x->in_brackets = true;
		return;
	}
	if (!x->in_brackets) {
		fault(x, t, "unexpected right bracket ']'");
		return;
	}
	emit(x, t, TOKEN_RIGHT_BRACKET, 1);
	x->in_brackets = false;
}

static void lex_paren(struct lexer *x, struct token *t, int c)
{
	if (c == '(') {
		emit(x, t, TOKEN_LEFT_PAREN, 1);
		x->parens++;
		return;
	}
	if (x->parens == 0) {
		x->at++; /* Prometheus says so when it has read it */
		fault(x, t, "unexpected right parenthesis ')'");
		return;
	}
	emit(x, t, TOKEN_RIGHT_PAREN, 1);
	x->parens--;
}

static void lex_end(struct lexer *x, struct token *t)
{
	if (x->parens)
		fault(x, t, "unclosed left parenthesis");
	else if (x->in_brackets)
		fault(x, t, "unclosed left bracket");
	else
		emit(x, t, TOKEN_EOF, 0);
}

static void lex_sign(struct lexer *x, struct token *t, int c)
{
	char text[16];

	if (c == ',') {
		emit(x, t, TOKEN_COMMA, 1);
	} else if (c == '@') {
		emit(x, t, TOKEN_AT, 1);
	} else if (c == ':' && x->in_brackets) {
		emit(x, t, TOKEN_COLON, 1);
	} else if (c == '=' && peek(x, 1) == '~') {
		quote_char(&(struct lexer){ .text = x->text, .at = x->at + 1 }, text);
		fault(x, t, "unexpected character after '=': %s", text);
	} else if (c == '=') {
		emit(x, t, TOKEN_EQ, 1);
	} else if (c == '!') {
		snprintf(text, sizeof(text), "'\uFFFD'");
		if (peek(x, 1) >= 0)
			quote_char(&(struct lexer){ .text = x->text, .at = x->at + 1 }, text);
		fault(x, t, "unexpected character after '!': %s", text);
	} else if (c == '{') {
		emit(x, t, TOKEN_LEFT_BRACE, 1);
		x->in_braces = true;
	} else {
		quote_char(x, text);
		fault(x, t, "unexpected character: %s", text);
	}
}

void lex_next(struct lexer *x, struct token *t)
{
	int c;

	memset(t, 0, sizeof(*t));
	skip_blank(x);
	c = peek(x, 0);
	if (x->in_braces)
		lex_braces(x, t);
	else if (c < 0)
		lex_end(x, t);
	else if (is_digit(c) || (c == '.' && is_digit(peek(x, 1))))
		lex_number(x, t);
	else if (c == '"' || c == '\'' || c == '`')
		lex_string(x, t);
	else if (is_alpha(c) || (c == ':' && !x->in_brackets))
		lex_word(x, t, true);
	else if (c == '(' || c == ')')
		lex_paren(x, t, c);
	else if (c == '[' || c == ']')
		lex_bracket(x, t, c);
	else if (!lex_operator(x, t))
		lex_sign(x, t, c);
}

/* --- for messages ------------------------------------------------------------------- */

/* All of `text` or, where there is no room, nothing: half a character would be no UTF-8. */
static void append(char *out, size_t room, const char *text)
{
	size_t n = strlen(out), more = strlen(text);

	if (n + more < room)
		memcpy(out + n, text, more + 1);
}

/* Bytes of the character at `i`; 0: no UTF-8. */
static size_t character(struct slice s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= s.n - i && utf8_bad_at(slice_of(s.p + i, n)) < 0 ? n : 0;
}

void quote_next(struct slice s, size_t *at, char out[QUOTED_MAX])
{
	static const char special[] = "\"\\\a\b\f\n\r\t\v", names[] = "\"\\abfnrtv";
	unsigned char c = (unsigned char)s.p[*at];
	size_t n = character(s, *at);
	const char *known = c ? strchr(special, c) : NULL;

	if (known)
		snprintf(out, QUOTED_MAX, "\\%c", names[known - special]);
	else if (c < ' ' || c == 0x7f || n == 0)
		snprintf(out, QUOTED_MAX, "\\x%02x", c);
	else
		snprintf(out, QUOTED_MAX, "%.*s", (int)n, s.p + *at);
	*at += n ? n : 1;
}

void quote(struct slice s, char *out, size_t room)
{
	char one[QUOTED_MAX];

	snprintf(out, room, "\"");
	for (size_t i = 0; i < s.n;) {
		quote_next(s, &i, one);
		append(out, room - 1, one); /* the closing quote has its place */
	}
	append(out, room, "\"");
}

static void describe_word(const struct token *t, char *out, size_t room)
{
	char text[80];

	switch (t->word) {
	case WORD_NONE:
		quote(slice_cut(t->text, 60), text, sizeof(text));
		snprintf(out, room, "identifier %s", text);
		break;
	case WORD_NUMBER:
		snprintf(out, room, "number \"%.*s\"", SLICE_FMT(t->text));
		break;
	case WORD_AND:
	case WORD_OR:
	case WORD_UNLESS:
	case WORD_ATAN2:
		snprintf(out, room, "<op:%.*s>", SLICE_FMT(t->text));
		break;
	case WORD_AGGREGATE:
		snprintf(out, room, "<aggr:%.*s>", SLICE_FMT(t->text));
		break;
	default:
		snprintf(out, room, "<%.*s>", SLICE_FMT(t->text));
	}
}

/* Values longer than ten characters are cut, as Prometheus does. */
static void describe_value(const struct token *t, const char *kind, char *out, size_t room)
{
	char text[64];
	bool cut = t->text.n > 10;

	quote(slice_cut(t->text, 10), text, sizeof(text));
	snprintf(out, room, "%s%s%s", kind, text, cut ? "..." : "");
}

void token_describe(const struct token *t, char *out, size_t room)
{
	switch (t->kind) {
	case TOKEN_EOF:
		snprintf(out, room, "end of input");
		break;
	case TOKEN_WORD:
		describe_word(t, out, room);
		break;
	case TOKEN_METRIC:
		snprintf(out, room, "metric identifier \"%.*s\"",
			 SLICE_FMT(slice_cut(t->text, 60)));
		break;
	case TOKEN_STRING:
		describe_value(t, "string ", out, room);
		break;
	case TOKEN_NUMBER:
		describe_value(t, "number ", out, room);
		break;
	case TOKEN_DURATION:
		describe_value(t, "duration ", out, room);
		break;
	case TOKEN_OPERATOR:
	case TOKEN_EQ_REGEX:
	case TOKEN_NE_REGEX:
		snprintf(out, room, "<op:%.*s>", SLICE_FMT(t->text));
		break;
	default:
		describe_value(t, "", out, room);
	}
}

/* --- values ------------------------------------------------------------------------- */

static int hex_value(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* "what U+0071 'q'" of the character at `at`, as Go's %#U shows it. */
static void bad_escape(struct slice s, size_t at, const char *before, const char *behind,
		       struct err *e)
{
	/* where the text ends its quote is looked at */
	size_t n = at < s.n ? character(s, at) : at == s.n;
	uint32_t c = n ? (unsigned char)s.p[at] & (0xff >> (n > 1 ? n + 1 : 0)) : 0xfffd;

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[at + i] & 0x3f);
	if (at > s.n)
		err_set(e, ERR_INVALID, "escape sequence not terminated");
	else
		err_set(e, ERR_INVALID, "%s U+%04X '%.*s'%s", before, c, (int)n, s.p + at, behind);
}

/* \x41 \u00e9 \U0001f600 \101: `n` digits of a base. */
static bool coded(struct slice s, size_t *at, int base, size_t n, bool bytes, char **to,
		  struct err *e)
{
	uint32_t c = 0;

	for (size_t i = 0; i < n; i++, (*at)++) {
		int d = *at < s.n ? hex_value(s.p[*at]) : 99;

		if (d >= base) {
			bad_escape(s, *at, "illegal character", " in escape sequence", e);
			return false;
		}
		c = c * (uint32_t)base + (uint32_t)d;
	}
	if (bytes ? c > 255 : c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		err_set(e, ERR_INVALID, "escape sequence is an invalid Unicode code point");
		return false;
	}
	if (bytes)
		*(*to)++ = (char)c;
	else
		*to += utf8_put(*to, c);
	return true;
}

static bool escape(struct slice s, size_t *at, char mark, char **to, struct err *e)
{
	static const char from[] = "abfnrtv\\", into[] = "\a\b\f\n\r\t\v\\";
	char c = *at < s.n ? s.p[*at] : 0;
	const char *known = c ? strchr(from, c) : NULL;

	if (known || c == mark) {
		*(*to)++ = known ? into[known - from] : c;
		(*at)++;
		return true;
	}
	if (c >= '0' && c <= '7')
		return coded(s, at, 8, 3, true, to, e);
	if (c != 'x' && c != 'u' && c != 'U') {
		bad_escape(s, *at, "unknown escape sequence", "", e);
		return false;
	}
	(*at)++;
	return coded(s, at, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8, c == 'x', to, e);
}

int string_unquote(struct slice quoted, struct arena *a, struct slice *out, struct err *e)
{
	char mark = quoted.p[0], *text, *to;
	struct slice s = slice_of(quoted.p + 1, quoted.n - 2);
	size_t i = 0;

	text = to = arena_alloc(a, s.n + 1);
	if (!text)
		return err_set(e, ERR_LIMIT, "no room for a text of %zu bytes", s.n);
	while (i < s.n) {
		if (s.p[i] != '\\' || mark == '`') {
			*to++ = s.p[i++];
			continue;
		}
		i++;
		if (!escape(s, &i, mark, &to, e))
			return -1;
	}
	*to = '\0';
	*out = slice_of(text, (size_t)(to - text));
	return 0;
}

int number_parse(struct slice text, double *v, struct err *e)
{
	char plain[512], *end;
	size_t n = 0;
	bool octal = text.n > 1 && text.p[0] == '0';

	if (text.n >= sizeof(plain))
		return err_set(e, ERR_LIMIT, "number of %zu characters", text.n);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '_')
			continue;
		octal &= text.p[i] >= '0' && text.p[i] <= '7';
		plain[n++] = text.p[i];
	}
	plain[n] = '\0';
	if (same_word(slice_of(plain, n), "inf")) {
		*v = INFINITY;
		return 0;
	}
	if (same_word(slice_of(plain, n), "nan")) {
		*v = NAN;
		return 0;
	}
	if (octal || (n > 2 && (plain[1] == 'x' || plain[1] == 'X'))) {
		/* As Go: whole numbers of 63 bits; 010 is 8, and what is larger is read as decimal.
		 */
		unsigned long long whole = strtoull(plain, &end, octal ? 8 : 16);

		if (!*end && whole <= INT64_MAX) {
			*v = (double)whole;
			return 0;
		}
		if (!octal)
			return err_set(e, ERR_INVALID, "error parsing number: \"%s\"", plain);
	}
	if (n && plain[n - 1] == '.')
		plain[--n] = '\0';
	if (plain[0] == '.') {
		memmove(plain + 1, plain, n + 1);
		plain[0] = '0';
		n++;
	}
	for (size_t i = 0; i + 1 < n; i++) /* "1.e5" */
		if (plain[i] == '.' && !is_digit(plain[i + 1])) {
			memmove(plain + i, plain + i + 1, n - i);
			n--;
		}
	if (num_parse(slice_of(plain, n), v, e) < 0) {
		if (e && e->code == ERR_LIMIT) { /* as Go: infinite, and an error */
			return err_set(
				e, ERR_INVALID,
				"error parsing number: strconv.ParseFloat: parsing \"%s\": value "
				"out of range",
				plain);
		}
		return err_set(e, ERR_INVALID, "error parsing number: \"%s\"", plain);
	}
	return 0;
}
