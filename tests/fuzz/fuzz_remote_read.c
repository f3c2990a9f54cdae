/*
 * fuzz_remote_read.c - any bytes as a request of remote read.
 *
 * What is read keeps the limits, its texts lie in the request and are UTF-8; what is refused says
 * why.
 */
#include "base/remote_read.h"
#include "tests/fuzz/fuzz.h"

static void check_matcher(const struct matcher *m, struct slice raw)
{
	MUST(m->op <= MATCH_NRE && !m->re);
	MUST(m->name.n == 0 || lies_within(m->name, raw));
	MUST(m->value.n == 0 || lies_within(m->value, raw));
	MUST(utf8_bad_at(m->name) < 0 && utf8_bad_at(m->value) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice raw = slice_of((const char *)data, n);
	struct read_request r;
	struct arena a;
	struct err e = { 0 };

	arena_init(&a, 1 << 20);
	if (read_request_parse(raw, &a, &r, &e) < 0) {
		must_say_why(&e);
	} else {
		MUST(r.n <= READ_QUERIES_MAX);
		MUST(r.response <= READ_RESPONSE_NONE);
		for (size_t i = 0; i < r.n; i++) {
			MUST(r.queries[i].nm <= READ_MATCHERS_MAX);
			for (size_t k = 0; k < r.queries[i].nm; k++)
				check_matcher(&r.queries[i].m[k], raw);
		}
	}
	arena_release(&a);
	return 0;
}
