/* regex_replace.c - see regex_replace.h. */
#include "base/regex_replace.h"

#include "base/alloc.h"
#include "base/regex.h"
#include "base/regex_re2.h"
#include "base/text.h"

enum { GROUPS_MAX = 100 };

struct regex_replace {
	struct regex_re2 *re2;
	size_t groups; /* with that of the whole */
};

struct regex_replace *regex_replace_new(struct slice pattern, struct err *e)
{
	struct regex_replace *re;
	char text[160];

	if (pattern.n > REGEX_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "regular expression of %zu bytes; at most %d are taken",
			pattern.n, REGEX_MAX_BYTES);
		return NULL;
	}
	if (utf8_bad_at(pattern) >= 0) {
		err_set(e, ERR_INVALID, "regular expression is not UTF-8");
		return NULL;
	}
	re = mem_zalloc(sizeof(*re));
	if (!re) {
		err_set(e, ERR_MEMORY, "no memory for a regular expression");
		return NULL;
	}
	switch (regex_re2_new(pattern.p, pattern.n, &re->re2, text, sizeof(text))) {
	case REGEX_RE2_OK:
		re->groups = regex_re2_group_count(re->re2) + 1;
		if (re->groups <= GROUPS_MAX)
			return re;
		err_set(e, ERR_LIMIT, "regular expression has more than %d groups", GROUPS_MAX - 1);
		break;
	case REGEX_RE2_BAD:
		err_set(e, ERR_INVALID, "%s", text);
		break;
	case REGEX_RE2_LARGE:
		err_set(e, ERR_LIMIT, "regular expression is too large");
		break;
	case REGEX_RE2_MEMORY:
		err_set(e, ERR_MEMORY, "no memory for a regular expression");
		break;
	}
	regex_replace_free(re);
	return NULL;
}

void regex_replace_free(struct regex_replace *re)
{
	if (!re)
		return;
	regex_re2_free(re->re2);
	mem_free(re);
}

/* The name behind a dollar; *n is how many bytes it takes with its braces. Empty: none. */
static struct slice name_at(struct slice s, size_t *n)
{
	bool braces = s.n > 0 && s.p[0] == '{';
	size_t from = braces ? 1 : 0, to = from, step;

	while (to < s.n && (step = text_name_char(slice_skip(s, to))) > 0)
		to += step;
	*n = to;
	if (braces) {
		if (to == s.n || s.p[to] != '}')
			return slice_of("", 0);
		*n = to + 1;
	}
	return slice_of(s.p + from, to - from);
}

enum { NO_GROUP = GROUPS_MAX };

/* A number without zeros in front is that of a group, everything else a name. */
static size_t group_of(const struct regex_replace *re, struct slice name)
{
	size_t v = 0, named;

	for (size_t i = 0; i < name.n; i++) {
		bool digit = name.p[i] >= '0' && name.p[i] <= '9';

		if (!digit || v >= 100000000 || (name.p[0] == '0' && name.n > 1)) {
			named = regex_re2_group_named(re->re2, name.p, name.n);
			return named ? named : NO_GROUP;
		}
		v = v * 10 + (size_t)(name.p[i] - '0');
	}
	return v;
}

static void expand(const struct regex_replace *re, struct slice template, const char **start,
		   const size_t *bytes, struct buf *out)
{
	while (template.n > 0) {
		struct slice name;
		size_t n = 0, group;

		if (template.p[0] != '$') {
			buf_putc(out, template.p[0]);
			template = slice_skip(template, 1);
			continue;
		}
		template = slice_skip(template, 1);
		if (template.n > 0 && template.p[0] == '$') {
			buf_putc(out, '$');
			template = slice_skip(template, 1);
			continue;
		}
		name = name_at(template, &n);
		if (name.n == 0) {
			buf_putc(out, '$');
			continue;
		}
		template = slice_skip(template, n);
		group = group_of(re, name);
		if (group < re->groups && start[group])
			buf_put(out, start[group], bytes[group]);
	}
}

bool regex_replace_text(const struct regex_replace *re, struct slice text, struct slice template,
			struct buf *out)
{
	const char *start[GROUPS_MAX];
	size_t bytes[GROUPS_MAX];

	if (!regex_re2_groups(re->re2, text.p, text.n, start, bytes, re->groups))
		return false;
	expand(re, template, start, bytes, out);
	return true;
}
