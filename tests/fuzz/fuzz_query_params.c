/*
 * fuzz_query_params.c - any bytes as the arguments of the query API.
 *
 * The first byte picks. What is refused says why; a range that is taken has a positive step, an
 * end not before its start, and 11,001 points at most; a selector that is taken has conditions to
 * ask with; a name that is unescaped once stays valid UTF-8.
 */
#include "exporters/match.h"
#include "exporters/params.h"
#include "tests/fuzz/fuzz.h"

static void must_be_refusal(const struct err *e, const char *parameter)
{
	must_say_why(e);
	MUST(e->code == ERR_INVALID || e->code == ERR_LIMIT || e->code == ERR_MEMORY);
	if (parameter)
		MUST(slice_starts(slice_str(e->text), "invalid parameter \"") ||
		     slice_starts(slice_str(e->text), "exceeded maximum resolution"));
}

static void check_single(const struct exchange *x)
{
	struct err e = { 0 };
	uint64_t limit;
	int64_t ms = 7;
	bool there;

	if (param_time(x, "time", &ms, &there, &e) < 0)
		must_be_refusal(&e, "time");
	else
		MUST(there || ms == 7);
	ms = 7;
	if (param_duration(x, "timeout", &ms, &there, &e) < 0)
		must_be_refusal(&e, "timeout");
	else
		MUST(there || ms == 7);
	if (param_limit(x, "limit", &limit, &e) < 0)
		must_be_refusal(&e, "limit");
}

static void check_range(const struct exchange *x)
{
	struct param_range r;
	struct err e = { 0 };

	if (param_range(x, &r, &e) < 0) {
		must_be_refusal(&e, "range");
		return;
	}
	MUST(r.step_ms > 0 && r.end_ms >= r.start_ms);
	MUST(((uint64_t)r.end_ms - (uint64_t)r.start_ms) / (uint64_t)r.step_ms <= 11000);
}

static void check_matches(const struct exchange *x, struct arena *a)
{
	struct matches m;
	struct err e = { 0 };

	if (matches_read(x, a, &m, &e) < 0) {
		must_be_refusal(&e, NULL);
		return;
	}
	if (matches_check(&m, &e) < 0)
		must_be_refusal(&e, NULL);
	for (size_t i = 0; i < m.n; i++)
		for (size_t k = 0; k < m.sets[i].nm; k++)
			MUST(m.sets[i].m[k].op < MATCH_RE || m.sets[i].m[k].re);
	matches_release(&m);
}

static void check_name(struct slice text, struct arena *a)
{
	struct slice name;

	if (utf8_bad_at(text) >= 0)
		return;
	name = label_unescape(text, a);
	MUST(utf8_bad_at(name) < 0);
	MUST(name.n <= text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct exchange x = { 0 };
	struct http_param *params = NULL;
	struct slice text;
	struct arena a;

	if (n == 0)
		return 0;
	arena_init(&a, 16 << 20);
	text = slice_of((const char *)data + 1, n - 1);
	if (data[0] == 'n')
		check_name(text, &a);
	else if (http_params_parse(text, &a, &params, &x.nparams, NULL) == 0) {
		x.params = params;
		check_single(&x);
		check_range(&x);
		check_matches(&x, &a);
	}
	arena_release(&a);
	return 0;
}
