/*
 * json_scan.c - see json_scan.h.
 */
#include "base/json_scan.h"

#include "base/spool.h"
#include "base/text.h"

int json_scan_init(struct json_scan *s, struct slice body, struct err *e)
{
	long bad = utf8_bad_at(body);

	*s = (struct json_scan){
		.p = body.p,
		.end = body.p + body.n,
		.token = body.p,
		.counted = body.p,
		.left = body.p,
		.line = 1,
		.column = 1,
		.e = e,
	};
	if (slice_starts(body, "\xef\xbb\xbf")) {
		s->p += 3;
		s->counted += 3;
		s->token += 3;
	}
	if (bad < 0)
		return 0;
	s->token = body.p + bad;
	return json_scan_fail(s, "not UTF-8");
}

static void count_up_to_token(struct json_scan *s)
{
	const char *p = s->counted, *feed;

	while (p < s->token && (feed = memchr(p, '\n', (size_t)(s->token - p))) != NULL) {
		s->line++;
		s->column = 1;
		p = feed + 1;
	}
	for (; p < s->token; p++)
		s->column += ((unsigned char)*p & 0xc0) != 0x80;
	s->counted = p;
}

void json_scan_place(struct json_scan *s, uint32_t *line, uint32_t *column)
{
	count_up_to_token(s);
	*line = s->line;
	*column = s->column;
}

/* Counted first, so that nobody goes back to it for a place. */
static void leave_behind(struct json_scan *s)
{
	count_up_to_token(s);
	spool_leave(slice_of(s->left, (size_t)(s->token - s->left)));
	s->left = s->token;
}

int json_scan_fail(struct json_scan *s, const char *what)
{
	uint32_t line, column;

	json_scan_place(s, &line, &column);
	s->p = s->end;
	return err_set(s->e, ERR_INVALID, "line %u, column %u: %s", line, column, what);
}

static enum json_token fail_at(struct json_scan *s, const char *at, const char *what)
{
	s->token = at;
	json_scan_fail(s, what);
	return JSON_TOKEN_ERROR;
}

static enum json_token unexpected(struct json_scan *s)
{
	return fail_at(s, s->p,
		       s->p == s->end ? "the document ends too early"
				      : "this does not belong here in JSON");
}

/* --- tokens ------------------------------------------------------------------------------ */

static void skip_blanks(struct json_scan *s)
{
	const char *p = s->p;

	while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	s->p = p;
}

static int hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i], low = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (low - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* Length of the escape at p, which is a backslash; 0 when it is none. *c: what it says. */
static size_t read_escape(const char *p, const char *end, uint32_t *c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *simple;
	int high, low;

	if (end - p < 2)
		return 0;
	simple = p[1] ? strchr(from, p[1]) : NULL;
	if (simple) {
		*c = (unsigned char)to[simple - from];
		return 2;
	}
	high = p[1] == 'u' ? hex4(p + 2, end) : -1;
	if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	*c = (uint32_t)high;
	if (high < 0xd800 || high > 0xdbff)
		return 6;
	low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, end) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*c = 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
	return 12;
}

/* The string at p, which is its quote. */
static enum json_token read_string(struct json_scan *s, enum json_token kind)
{
	const char *p = s->p + 1;
	uint32_t c;

	s->escaped = false;
	for (; p < s->end && *p != '"'; p++) {
		size_t n;

		if ((unsigned char)*p < ' ')
			return fail_at(s, p, "a control character in a string");
		if (*p != '\\')
			continue;
		n = read_escape(p, s->end, &c);
		if (n == 0)
			return fail_at(s, p, "an escape that says no character");
		s->escaped = true;
		p += n - 1;
	}
	if (p == s->end)
		return fail_at(s, s->token, "the document ends inside this string");
	s->text = slice_of(s->p + 1, (size_t)(p - s->p) - 1);
	s->p = p + 1;
	return kind;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static enum json_token read_number(struct json_scan *s)
{
	const char *p = s->p, *from;

	if (*p == '-')
		p++;
	from = p;
	p = digits(p, s->end);
	if (p == from || (p - from > 1 && *from == '0'))
		return fail_at(s, s->p, "a number must begin with one zero or another digit");
	if (p < s->end && *p == '.') {
		from = ++p;
		p = digits(p, s->end);
		if (p == from)
			return fail_at(s, s->p, "a number lacks digits behind its point");
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = digits(p, s->end);
		if (p == from)
			return fail_at(s, s->p, "a number lacks the digits of its exponent");
	}
	s->text = slice_of(s->p, (size_t)(p - s->p));
	s->p = p;
	return JSON_TOKEN_NUMBER;
}

static enum json_token read_word(struct json_scan *s, const char *word, enum json_token kind)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return unexpected(s);
	s->p += n;
	return kind;
}

/* --- grammar ------------------------------------------------------------------------------- */

static bool in_array(const struct json_scan *s)
{
	return s->arrays >> (s->depth - 1) & 1;
}

static enum json_token open_level(struct json_scan *s, bool array)
{
	if (s->depth == JSON_SCAN_DEPTH_MAX) {
		fail_at(s, s->p, "more than 64 objects and arrays inside each other");
		if (s->e)
			s->e->code = ERR_LIMIT;
		return JSON_TOKEN_ERROR;
	}
	s->arrays = array ? s->arrays | UINT64_C(1) << s->depth
			  : s->arrays & ~(UINT64_C(1) << s->depth);
	s->depth++;
	s->expects = JSON_SCAN_FIRST;
	s->p++;
	return array ? JSON_TOKEN_ARRAY : JSON_TOKEN_OBJECT;
}

static enum json_token close_level(struct json_scan *s)
{
	bool array = in_array(s);

	s->p++;
	s->depth--;
	s->expects = JSON_SCAN_NEXT;
	return array ? JSON_TOKEN_ARRAY_END : JSON_TOKEN_OBJECT_END;
}

static enum json_token read_value(struct json_scan *s)
{
	char c;

	if (s->p == s->end)
		return unexpected(s);
	c = *s->p;
	if (c == '{' || c == '[')
		return open_level(s, c == '[');
	s->expects = JSON_SCAN_NEXT;
	switch (c) {
	case '"':
		return read_string(s, JSON_TOKEN_STRING);
	case 't':
		return read_word(s, "true", JSON_TOKEN_TRUE);
	case 'f':
		return read_word(s, "false", JSON_TOKEN_FALSE);
	case 'n':
		return read_word(s, "null", JSON_TOKEN_NULL);
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return read_number(s);
		return unexpected(s);
	}
}

/* An element, or a key with its colon. */
static enum json_token read_element(struct json_scan *s)
{
	enum json_token t;

	if (in_array(s))
		return read_value(s);
	if (s->p == s->end || *s->p != '"')
		return unexpected(s);
	t = read_string(s, JSON_TOKEN_KEY);
	s->expects = JSON_SCAN_COLON;
	return t;
}

static enum json_token next_element(struct json_scan *s)
{
	if (s->depth == 0)
		return s->p == s->end ? JSON_TOKEN_END : unexpected(s);
	if (s->p == s->end)
		return unexpected(s);
	if (*s->p == (in_array(s) ? ']' : '}'))
		return close_level(s);
	if (s->expects == JSON_SCAN_NEXT) {
		if (*s->p != ',')
			return unexpected(s);
		s->p++;
		skip_blanks(s);
		s->token = s->p;
	}
	return read_element(s);
}

enum json_token json_scan_next(struct json_scan *s)
{
	skip_blanks(s);
	s->token = s->p;
	if (s->token - s->left > SPOOL_STEP_BYTES)
		leave_behind(s);
	switch (s->expects) {
	case JSON_SCAN_VALUE:
		return read_value(s);
	case JSON_SCAN_COLON:
		if (s->p == s->end || *s->p != ':')
			return unexpected(s);
		s->p++;
		skip_blanks(s);
		s->token = s->p;
		return read_value(s);
	default:
		return next_element(s);
	}
}

int json_scan_skip(struct json_scan *s)
{
	unsigned depth;

	if (s->expects != JSON_SCAN_FIRST)
		return 0; /* a plain value is behind us */
	depth = s->depth;
	while (s->depth >= depth)
		if (json_scan_next(s) == JSON_TOKEN_ERROR)
			return -1;
	return 0;
}

struct slice json_scan_text(const struct json_scan *s, struct arena *a)
{
	const char *p = s->text.p, *end = p + s->text.n;
	char *out;
	size_t n = 0;
	uint32_t c = 0;

	if (!s->escaped)
		return s->text;
	out = arena_alloc(a, s->text.n); /* an escape is never shorter than its character */
	if (!out)
		return slice_of(NULL, 0);
	while (p < end) {
		if (*p != '\\') {
			out[n++] = *p++;
			continue;
		}
		p += read_escape(p, end, &c);
		n += utf8_put(out + n, c);
	}
	return slice_of(out, n);
}
