/*
 * regex.c - see regex.h.
 *
 * A pattern is read from left to right as plain characters (an escaped punctuation mark
 * is one), bars, and at the very end `.*` or `.+`; one pair of parentheses around all
 * of it, `^` before and `$` behind are taken off. If that reads to the end, RE2 is not
 * needed. Everything that is not plainly one of these is RE2's: to say that a pattern
 * is something else is always right, only slower.
 */
#include "base/regex.h"
#include "base/alloc.h"
#include "base/regex_re2.h"
#include "base/text.h"

#include <stdlib.h>

enum { WHY_MAX = 100 }; /* bytes of RE2's reason that are passed on */

struct regex {
	enum regex_kind kind;
	bool matches_empty;
	struct regex_re2 *re2; /* REGEX_OTHER only */
	struct slice pattern;
	struct slice prefix;
	size_t n;
	struct slice *literals; /* texts lie in `bytes` */
	char *bytes;            /* unescaped; the prefix lies here, too */
	char text[];            /* the pattern */
};

/* --- characters ------------------------------------------------------------- */

static bool is_special(char c)
{
	return c != '\0' && strchr("\\.+*?()|[]{}^$", c);
}

static bool is_repeat(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

static bool is_ascii_mark(char c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
	       (c >= '[' && c <= '`' && c != '_') || (c >= '{' && c <= '~');
}

/* Takes one plain character (or byte of a longer one) off the front of `s`. */
static bool take_plain(struct slice *s, char *c)
{
	if (s->n == 0)
		return false;
	if (*s->p == '\\') {
		if (s->n < 2 || !is_ascii_mark(s->p[1]))
			return false;
		*c = s->p[1];
		*s = slice_skip(*s, 2);
		return true;
	}
	if (is_special(*s->p))
		return false;
	*c = *s->p;
	*s = slice_skip(*s, 1);
	return true;
}

/* --- what surrounds the whole pattern ----------------------------------------- */

/* Whether the byte at `at` has an odd number of backslashes before it. */
static bool is_escaped(struct slice s, size_t at)
{
	size_t n = 0;

	while (n < at && s.p[at - 1 - n] == '\\')
		n++;
	return n % 2;
}

/* In an alternation `^` binds to the first branch and `$` to the last; as every branch must
 * match the whole text anyway, neither says anything. */
static struct slice without_anchors(struct slice s)
{
	if (s.n && *s.p == '^' && !(s.n > 1 && is_repeat(s.p[1])))
		s = slice_skip(s, 1);
	if (s.n && s.p[s.n - 1] == '$' && !is_escaped(s, s.n - 1))
		s.n--;
	return s;
}

/* `(x)` and `(?:x)` become x. A parenthesis inside x is no plain character and makes the
 * pattern RE2's, so that "(a)|(b)" is not taken for one group. */
static struct slice without_group(struct slice s)
{
	if (s.n < 2 || *s.p != '(' || s.p[s.n - 1] != ')' || is_escaped(s, s.n - 1))
		return s;
	s = slice_of(s.p + 1, s.n - 2);
	if (slice_starts(s, "?:"))
		s = slice_skip(s, 2);
	return s;
}

/* --- lists of texts and prefixes ------------------------------------------------ */

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void sort_unique(struct slice *l, size_t *n)
{
	size_t kept = 1;

	qsort(l, *n, sizeof(*l), by_bytes);
	for (size_t i = 1; i < *n; i++)
		if (!slice_eq(l[i], l[kept - 1]))
			l[kept++] = l[i];
	*n = kept;
}

/* `a|b|c` with plain characters only; fills literals, which has room for all. */
static bool read_literals(struct regex *re, struct slice s)
{
	char *to = re->bytes, c;

	re->n = 0;
	re->literals[0] = slice_of(to, 0);
	for (;;) {
		struct slice *l = &re->literals[re->n];

		if (take_plain(&s, &c)) {
			*to++ = c;
			l->n++;
		} else if (s.n && *s.p == '|') {
			s = slice_skip(s, 1);
			re->literals[++re->n] = slice_of(to, 0);
		} else {
			break;
		}
	}
	re->n++;
	if (s.n)
		return false;
	sort_unique(re->literals, &re->n);
	re->kind = REGEX_LITERALS;
	re->matches_empty = re->literals[0].n == 0;
	return true;
}

/* Plain characters, then `.*` or `.+` and nothing more. */
static bool read_prefix(struct regex *re, struct slice s)
{
	size_t n = 0;
	char c;

	while (take_plain(&s, &c))
		re->bytes[n++] = c;
	if (!slice_is(s, ".*") && !slice_is(s, ".+"))
		return false;
	re->kind = slice_is(s, ".*") ? REGEX_PREFIX : REGEX_LONGER;
	re->prefix = slice_of(re->bytes, n);
	re->matches_empty = n == 0 && re->kind == REGEX_PREFIX;
	return true;
}

/* How all texts begin that a pattern for RE2 matches. A bar may undo what stands before
 * it, and `\Q` turns marks into characters, so a pattern with either has none here. */
static void find_prefix(struct regex *re)
{
	struct slice s = without_anchors(re->pattern);
	size_t n = 0, last = 0;
	char c;

	if (memchr(s.p, '|', s.n) || memmem(s.p, s.n, "\\Q", 2))
		return;
	while (take_plain(&s, &c)) {
		if (((unsigned char)c & 0xc0) != 0x80)
			last = n;
		re->bytes[n++] = c;
	}
	/* `ab*` begins with a, `ab+` with ab. */
	if (n && s.n && is_repeat(*s.p) && *s.p != '+')
		n = last;
	re->prefix = slice_of(re->bytes, n);
}

/* --- RE2 ---------------------------------------------------------------------------- */

static int compile(struct regex *re, struct err *e)
{
	char text[256] = "", shown[TEXT_SHOWN];
	struct slice why;

	text_shown(re->pattern, shown);
	re->kind = REGEX_OTHER;
	switch (regex_re2_new(re->pattern.p, re->pattern.n, &re->re2, text, sizeof(text))) {
	case REGEX_RE2_OK:
		break;
	case REGEX_RE2_BAD:
		/* RE2 quotes the pattern to its end. */
		why = slice_cut(slice_str(text), WHY_MAX);
		return err_set(e, ERR_INVALID, "regular expression %s: %.*s", shown,
			       SLICE_FMT(why));
	case REGEX_RE2_LARGE:
		return err_set(e, ERR_LIMIT, "regular expression %s needs too much memory", shown);
	case REGEX_RE2_MEMORY:
		return err_set(e, ERR_MEMORY, "no memory for a regular expression");
	}
	find_prefix(re);
	re->matches_empty = regex_re2_match(re->re2, "", 0);
	return 0;
}

static int check_pattern(struct slice pattern, struct err *e)
{
	char shown[TEXT_SHOWN];
	long bad;

	if (pattern.n > REGEX_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "regular expression %s has %zu bytes, more than %d",
			       text_shown(pattern, shown), pattern.n, REGEX_MAX_BYTES);
	bad = utf8_bad_at(pattern);
	if (bad >= 0)
		return err_set(e, ERR_INVALID, "regular expression is not UTF-8 at byte %ld",
			       bad + 1);
	return 0;
}

static struct regex *regex_alloc(struct slice pattern)
{
	struct regex *re = mem_zalloc(sizeof(*re) + pattern.n + 1);
	size_t bars = 0;

	if (!re)
		return NULL;
	for (size_t i = 0; i < pattern.n; i++)
		bars += pattern.p[i] == '|';
	if (pattern.n)
		memcpy(re->text, pattern.p, pattern.n);
	re->pattern = slice_of(re->text, pattern.n);
	re->prefix = slice_of(re->text, 0);
	re->bytes = mem_alloc(pattern.n + 1);
	re->literals = mem_alloc((bars + 1) * sizeof(*re->literals));
	if (!re->bytes || !re->literals) {
		regex_free(re);
		return NULL;
	}
	return re;
}

struct regex *regex_new(struct slice pattern, struct err *e)
{
	struct regex *re;
	struct slice inner;

	if (check_pattern(pattern, e) < 0)
		return NULL;
	re = regex_alloc(pattern);
	if (!re) {
		err_set(e, ERR_MEMORY, "no memory for a regular expression");
		return NULL;
	}
	inner = without_group(without_anchors(re->pattern));
	if (read_literals(re, inner))
		return re;
	re->n = 0;
	if (read_prefix(re, inner) || compile(re, e) == 0)
		return re;
	regex_free(re);
	return NULL;
}

void regex_free(struct regex *re)
{
	if (!re)
		return;
	regex_re2_free(re->re2);
	mem_free(re->literals);
	mem_free(re->bytes);
	mem_free(re);
}

/* --- asking ----------------------------------------------------------------------------- */

static bool is_one_of(const struct regex *re, struct slice text)
{
	return bsearch(&text, re->literals, re->n, sizeof(text), by_bytes);
}

static bool begins_so(const struct regex *re, struct slice text)
{
	return text.n >= re->prefix.n && memcmp(text.p, re->prefix.p, re->prefix.n) == 0;
}

bool regex_match(const struct regex *re, struct slice text)
{
	switch (re->kind) {
	case REGEX_LITERALS:
		return is_one_of(re, text);
	case REGEX_PREFIX:
		return begins_so(re, text);
	case REGEX_LONGER:
		return text.n > re->prefix.n && begins_so(re, text);
	case REGEX_OTHER:
		break;
	}
	return begins_so(re, text) && regex_re2_match(re->re2, text.p, text.n);
}

enum regex_kind regex_kind(const struct regex *re)
{
	return re->kind;
}

size_t regex_literals(const struct regex *re, const struct slice **out)
{
	*out = re->literals;
	return re->n;
}

struct slice regex_prefix(const struct regex *re)
{
	return re->prefix;
}

bool regex_matches_empty(const struct regex *re)
{
	return re->matches_empty;
}

struct slice regex_pattern(const struct regex *re)
{
	return re->pattern;
}
