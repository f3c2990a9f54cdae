/*
 * fuzz_regex.c - a pattern and a text, separated by a zero byte.
 *
 * Our short cuts answer exactly as RE2 does: the same patterns are refused, the same
 * texts match, and what is said of a pattern (its texts, its prefix, the empty text) is
 * true.
 */
#include "base/regex.h"
#include "base/regex_re2.h"
#include "tests/fuzz/fuzz.h"

static void must_agree(const struct regex *re, const struct regex_re2 *re2, struct slice text)
{
	bool match = regex_match(re, text);

	if (utf8_bad_at(text) >= 0)
		return;
	MUST(match == regex_re2_match(re2, text.p, text.n));
	if (match)
		MUST(text.n >= regex_prefix(re).n &&
		     memcmp(text.p, regex_prefix(re).p, regex_prefix(re).n) == 0);
}

/* Texts that are near to what matches. */
static void try_near(const struct regex *re, const struct regex_re2 *re2)
{
	struct slice prefix = regex_prefix(re);
	const struct slice *l;
	char text[REGEX_MAX_BYTES + 1];
	size_t n = regex_literals(re, &l);

	for (size_t i = 0; i < n; i++) {
		MUST(regex_match(re, l[i]));
		MUST(!i || slice_cmp(l[i - 1], l[i]) < 0);
		must_agree(re, re2, l[i]);
	}
	memcpy(text, prefix.p, prefix.n);
	text[prefix.n] = '\n';
	must_agree(re, re2, prefix);
	must_agree(re, re2, slice_of(text, prefix.n + 1));
	must_agree(re, re2, slice_of("", 0));
	MUST(regex_matches_empty(re) == regex_re2_match(re2, "", 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice pattern = slice_of((const char *)data, n), text = slice_of("", 0);
	const char *end = n ? memchr(data, 0, n) : NULL;
	enum regex_re2_result result;
	struct regex_re2 *re2 = NULL;
	struct regex *re;
	struct err e = { 0 };
	char why[128];

	if (end) {
		pattern.n = (size_t)(end - pattern.p);
		text = slice_skip(slice_of((const char *)data, n), pattern.n + 1);
	}
	re = regex_new(pattern, &e);
	if (!re)
		must_say_why(&e);
	if (pattern.n > REGEX_MAX_BYTES || utf8_bad_at(pattern) >= 0) {
		MUST(!re);
		return 0;
	}
	result = regex_re2_new(pattern.p, pattern.n, &re2, why, sizeof(why));
	/* A list of very many texts may be too large for RE2 and is no trouble for us. */
	MUST(result == REGEX_RE2_LARGE || !re == (result != REGEX_RE2_OK));
	if (re && re2) {
		must_agree(re, re2, text);
		try_near(re, re2);
	}
	regex_free(re);
	regex_re2_free(re2);
	return 0;
}
