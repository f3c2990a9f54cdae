/*
 * regex_re2.cc - see regex_re2.h. The one file of C++.
 *
 * RE2 is the engine with Prometheus' own syntax and a bound on time and memory, and it
 * speaks C++ only. Everything that may throw stands inside a try.
 */
#include "base/regex_re2.h"

#include <re2/re2.h>

#include <cstdio>
#include <map>
#include <new>
#include <string>
#include <vector>

struct regex_re2 {
	RE2 re;

	regex_re2(const re2::StringPiece &pattern, const RE2::Options &o) : re(pattern, o)
	{
	}
};

static const int64_t MAX_MEM = 8 << 20;

enum regex_re2_result regex_re2_new(const char *p, size_t n, struct regex_re2 **out, char *text,
				    size_t text_bytes)
{
	enum regex_re2_result result;

	*out = nullptr;
	try {
		RE2::Options o;

		o.set_encoding(RE2::Options::EncodingUTF8);
		o.set_dot_nl(true);
		o.set_log_errors(false);
		o.set_max_mem(MAX_MEM);
		*out = new regex_re2(re2::StringPiece(p, n), o);
		if ((*out)->re.ok())
			return REGEX_RE2_OK;
		std::snprintf(text, text_bytes, "%s", (*out)->re.error().c_str());
		result = (*out)->re.error_code() == RE2::ErrorPatternTooLarge ? REGEX_RE2_LARGE
									      : REGEX_RE2_BAD;
	} catch (...) {
		result = REGEX_RE2_MEMORY;
	}
	regex_re2_free(*out);
	*out = nullptr;
	return result;
}

void regex_re2_free(struct regex_re2 *re)
{
	delete re;
}

int regex_re2_match(const struct regex_re2 *re, const char *p, size_t n)
{
	try {
		return re->re.Match(re2::StringPiece(p, n), 0, n, RE2::ANCHOR_BOTH, nullptr, 0);
	} catch (...) {
		return 0;
	}
}

int regex_re2_groups(const struct regex_re2 *re, const char *p, size_t len, const char **start,
		     size_t *bytes, size_t n)
{
	try {
		std::vector<re2::StringPiece> groups(n);

		if (!re->re.Match(re2::StringPiece(p, len), 0, len, RE2::ANCHOR_BOTH, groups.data(),
				  static_cast<int>(n)))
			return 0;
		for (size_t i = 0; i < n; i++) {
			start[i] = groups[i].data();
			bytes[i] = groups[i].size();
		}
		return 1;
	} catch (...) {
		return 0;
	}
}

size_t regex_re2_group_count(const struct regex_re2 *re)
{
	int n = re->re.NumberOfCapturingGroups();

	return n > 0 ? static_cast<size_t>(n) : 0;
}

size_t regex_re2_group_named(const struct regex_re2 *re, const char *name, size_t n)
{
	try {
		const auto &names = re->re.NamedCapturingGroups();
		const auto found = names.find(std::string(name, n));

		return found == names.end() ? 0 : static_cast<size_t>(found->second);
	} catch (...) {
		return 0;
	}
}
